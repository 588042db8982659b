GRANT SELECT ON billing.e_invoice, billing_report.e_invoice TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing_report.missing_red_invoice TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.ask_invoice(text, bigint), billing.ask_red_invoices(text) TO billing_clerk;
