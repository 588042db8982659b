GRANT SELECT ON billing.loss_table TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.forming_rule, billing.formed_usage, billing.formed_line TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.collective, billing.collective_member, billing_report.collective_bill, billing_report.formed_usage TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.split_kwh(numeric, numeric[], numeric) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.add_loss_table(text, jsonb), billing.add_forming_rule(text, text, date, jsonb, text, text, text),
	billing.end_forming_rule(text, integer, date), billing.form_usage(text, date, date), billing.add_collective(text, text, text),
	billing.join_collective(text, text, date, date) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.explain_usage(text, daterange) TO billing_clerk, billing_analyst, billing_auditor;
-- verify() asks for it
GRANT EXECUTE ON FUNCTION billing._formed_digest(bigint, date, date, billing.usage) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
