GRANT SELECT ON billing.validation_rule, billing.validation_rule_set, billing.validation_run, billing.validation_chunk, billing.validation_exception,
	billing.validation_result, billing.reading_edit TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.validation_finding, billing.validation_action TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.validation_presets(), billing._rules_at(text, bigint, bigint, text, text, date),
	billing.validation_rules_of(text, date, text, text) TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_validation_rule(text, jsonb, date, text, text, text, text), billing.set_estimation_rules(text, jsonb, date, text, text, text),
	billing.set_editing_rules(text, numeric, numeric, date, text, text, text), billing.install_validation_rules(text, text, date, text),
	billing._start_validation(text, text, date, date, boolean, integer), billing._validation_chunk(bigint), billing._finish_validation(bigint),
	billing.edit_reading(text, timestamptz, numeric[], text, text, text, text, text), billing.mark_reading(text, timestamptz, timestamptz, text, text, text, text),
	billing.undo_action(text, bigint, text), billing.decide_edit(bigint, boolean, text) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.validate_readings(text, date, date, boolean, integer, text), billing.estimate_readings(text, date, date, boolean, integer, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._unbilled(bigint), billing._kwh(billing.profile), billing.hourly_readings(text, date, date) TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.stat_validation, billing_report.validation_exception, billing_report.validation_finding, billing_report.validation_action,
	billing_report.estimated_span, billing_report.reading_edit, billing_report.meter_completeness, billing_report.reading_rate,
	billing_report.hourly_completeness, billing_report.missing_read, billing_report.inactive_use,
	billing_report.reactive_alone TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing_report.validation_finding, billing_report.validation_action, billing_report.estimated_span TO billing_customer;
