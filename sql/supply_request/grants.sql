GRANT SELECT ON billing.supply_request, billing_report.supply_request
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.supply_request_event, billing.supply_request_document, billing.supply_request_install, billing_report.supply_request_event, billing_report.vacant_supply
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.supply_request_kinds(), billing.supply_request_steps()
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.open_supply_request(text, text, date, bigint, text, jsonb, text, text, text, text),
	billing.change_supply_request(bigint, date, text, jsonb, text, text, text), billing.attach_document(bigint, text, text, bytea),
	billing.step_supply_request(bigint, text, text), billing.record_move_reading(text, date, numeric) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.install_for_request(bigint, text, timestamptz, jsonb, text, jsonb, text[], text, text, text, integer, text) TO billing_clerk;
