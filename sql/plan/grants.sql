GRANT SELECT ON billing.plan, billing.plan_version, billing.plan_market, billing_report.plan_version TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.account_plan TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT INSERT (account_id, from_on, org_id, plan_id, terms) ON billing.account_plan TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_plan(text, text, date, billing.tariff, billing.market, text, text, text, boolean), billing.add_plan_from_library(text, date, text),
	billing.request_plan(text, text, date, billing.tariff, billing.market, text, text, text, boolean)
	TO billing_admin, billing_clerk;
GRANT EXECUTE ON FUNCTION billing.set_plan(text, text, date, jsonb), billing.set_plans(text, text, date, text, text[], jsonb) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.market_of(text, daterange) TO billing_admin, billing_clerk, billing_analyst, billing_auditor;
