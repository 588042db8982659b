GRANT SELECT ON billing.claim_rule TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_claim_rule(text, text, numeric, text), billing.draft_meter_claim(text, text, date, date, jsonb, jsonb, text),
	billing.draft_rated_claim(text, text, date, date, jsonb, text, text),
	billing.draft_theft_claim(text, date, numeric, text, jsonb, text, date, numeric), billing.draft_penalty(text, text, date, date, jsonb, text),
	billing.draft_power_factor_claim(text, date, date, numeric, numeric, numeric, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.claim_defaults(), billing.meter_error_kwh(numeric, numeric, numeric), billing.multiplier_kwh(numeric, numeric, numeric),
	billing.wiring_kwh(numeric, numeric), billing.average_kwh(numeric, integer, integer, numeric), billing.theft_kwh(numeric, integer, numeric),
	billing.power_factor_amount(numeric, numeric, numeric) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
