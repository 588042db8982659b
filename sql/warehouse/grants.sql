GRANT SELECT ON billing_report.dim_org, billing_report.dim_account, billing_report.dim_tariff, billing_report.dim_day,
	billing_report.fact_usage, billing_report.fact_charge, billing_report.fact_payment TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.indicators(text, date, text[]) TO billing_clerk, billing_analyst, billing_auditor;
