GRANT SELECT ON billing.late_policy, billing.late_change, billing_report.late_work TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_late_policy(text, text, text, integer), billing._settle_chunk(text, bigint, integer), billing.settle_account(text, text, text),
	billing.correct_plan(text, text, date, jsonb, text), billing.request_correction(text, date, text),
	billing.correct_outdated(text, date, text), billing.correct_register(text, date, text, numeric, text, text) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.settle_late(text, integer, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._late_policy(bigint, date) TO billing_clerk, billing_analyst, billing_auditor;
