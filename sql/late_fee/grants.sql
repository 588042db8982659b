GRANT SELECT ON billing.late_fee_rule TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.late_fees(text, date) TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_late_fee_rule(text, text, date, numeric, numeric, numeric, integer, integer), billing.charge_late_fee(text, date),
	billing.request_late_fee_waiver(text, bigint, text, numeric), billing.waive_late_fee(text, bigint, text, numeric),
	billing._late_fee_chunk(text, date, bigint, integer) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.charge_late_fees(text, date, integer, text) TO billing_clerk;
