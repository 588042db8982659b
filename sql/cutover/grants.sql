GRANT SELECT ON billing.cutover, billing.cutover_item, billing.cutover_reject, billing_report.cutover, billing_report.cutover_reject
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.dispute, billing_report.dispute TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.cutover_import(text, text, date, jsonb, jsonb, text), billing.cutover_import_csv(text, text, date, text, jsonb, text, text),
	billing._csv_rows(text, text), billing.withdraw_cutover(text, text), billing.approve_cutover(text, text),
	billing.open_dispute(text, numeric, text, text), billing.close_dispute(text, integer, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.cutover_report(text), billing._cutover_of(text, text), billing._cutover_sums(bigint)
	TO billing_clerk, billing_analyst, billing_auditor;
