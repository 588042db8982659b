GRANT SELECT ON billing.bill, billing.transfer, billing_report.bill, billing_report.bill_line, billing_report.transfer, billing_report.bill_period
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.post_payment(text, numeric, text, date), billing.void_bill(text, date, text), billing.request_bill_correction(text, text, text, text),
	billing.transfer_account(text, text, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._bill_content(billing.bill), billing._transfer_content(billing.transfer), billing.bill_market(text, date, integer),
	billing.bill_document(text, date, integer)
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.outdated_bills(text, date) TO billing_clerk, billing_analyst, billing_auditor;
