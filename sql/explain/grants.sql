GRANT EXECUTE ON FUNCTION billing.explain_bill(bigint, bigint, integer), billing.bill_explanation(bigint, bigint, integer), billing._opening_carry(billing.bill), billing._bill_usage(billing.bill),
	billing._bill_inputs(billing.bill), billing._bill_readings(billing.bill),
	billing._bill_days(daterange, billing.tariff, billing.market, text, text[], text[], billing.profile[]),
	billing._day_origin(billing.bill, text, text, date), billing._explain_formed(billing.bill, integer, text, text, text),
	billing._explain_registers(billing.bill, billing.usage, integer, text, text, text),
	billing._explain_slots(daterange, billing.tariff, billing.market, text, text[], text[], billing.profile[], integer, text, text, text, daterange)
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.simulate(daterange, text[], text, text, text, jsonb, billing.tariff),
	billing._simulate_account(bigint, daterange, text, jsonb, billing.tariff), billing._piece_of(bigint, date, date), billing._usage_of(bigint, daterange),
	billing._orgs_below(bigint), billing._org_of(text, text, text), billing._market(billing.tariff, jsonb, bigint, date, date),
	billing._market_days(bigint, date, date), billing._market_events(bigint, jsonb, timestamptz, timestamptz),
	billing._market_prices(jsonb, date, date), billing._market_series(jsonb, timestamptz, timestamptz)
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.plan_class TO billing_customer;
GRANT SELECT (account_id, from_on, state, carry) ON billing.cutover_item TO billing_customer;
