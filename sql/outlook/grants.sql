GRANT SELECT ON billing.temperature_day, billing.load_forecast_run, billing.load_forecast, billing.account_forecast, billing.feeder_capacity, billing.supply_plan, billing.supply_plan_line,
	billing_report.load_forecast, billing_report.account_forecast, billing_report.supply_plan TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.account_forecast, billing_report.account_forecast TO billing_customer;
GRANT EXECUTE ON FUNCTION billing.record_temperature(text, billing.profile, text), billing.make_forecast(text, date, date, integer, interval, boolean, text, jsonb),
	billing.set_feeder_capacity(text, date, numeric), billing.make_supply_plan(text, date, integer, integer, numeric, text), billing.submit_supply_plan(bigint),
	billing.adopt_supply_plan(bigint), billing.withdraw_supply_plan(bigint) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.forecast_errors(bigint, date, boolean), billing.supply_plan_actual(bigint, date) TO billing_clerk, billing_analyst, billing_auditor;
