GRANT SELECT ON billing.bill_sum, billing.charge_sum, billing.receivable_sum, billing.transfer_sum, billing.plan_class, billing.due_rule, billing.sum_setting,
	billing_report.tariff_plan, billing_report.revenue, billing_report.revenue_by_code, billing_report.revenue_trend, billing_report.collection,
	billing_report.arrears, billing_report.cash, billing_report.org_below TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.check_sums(), billing._made_charge_sums(), billing._made_receivable_sums(), billing._made_transfer_sums(),
	billing._code_sums(billing.charges), billing._sign(text), billing._days_of_supply(billing.bill), billing._month_of(date), billing._sum_day(timestamptz),
	billing._due_on(bigint, text, date) TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON PROCEDURE billing.fold_sums(text, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.rebuild_sums(text), billing.set_due_days(text, integer, date, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.set_plan_class(text, text) TO billing_admin, billing_clerk;
GRANT EXECUTE ON FUNCTION billing._check_everywhere(text, text) TO billing_clerk, billing_analyst, billing_auditor;
