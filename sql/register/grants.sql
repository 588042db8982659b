GRANT SELECT ON billing.register TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.register_limit TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.register_reading, billing_report.register_reading TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
-- in bulk, by COPY or INSERT … SELECT; check_registers() judges it
GRANT INSERT (account_id, part, register, read_on, kind, org_id, value, digits, multiplier, read_at, source) ON billing.register_reading TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_register(text, text, text, text), billing.set_register_limit(text, text, numeric, numeric, numeric, numeric, numeric, numeric),
	billing.set_usage_from(text, text[], integer), billing.record_register(text, date, text, numeric, text, text, text, integer, numeric, timestamptz),
	billing.record_registers(text, jsonb, text), billing.check_registers(text), billing.approve_reading(text, date, text, text, text, text),
	billing.estimate_register(text, date, text, text, text), billing.estimate_registers(text, date, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.register_usage(text, daterange), billing._register_usage(bigint, date, date, bigint), billing._register_usages(bigint[], date[], date[], bigint), billing.missing_registers(text, date),
	billing._registers_due(bigint[], date) TO billing_clerk, billing_analyst, billing_auditor;
-- verify() asks for it
GRANT EXECUTE ON FUNCTION billing._register_usage(bigint, date, date, bigint), billing._register_usages(bigint[], date[], date[], bigint) TO billing_customer;
-- verify_batches() asks for them
GRANT EXECUTE ON FUNCTION billing._register_leaf(billing.register_reading), billing._decision_leaf(billing.register_reading) TO billing_clerk, billing_analyst, billing_auditor;
