GRANT SELECT ON billing.customer, billing.account, billing.account_head, billing.account_phase, billing_report.account_phase
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
-- in bulk, by COPY or INSERT … SELECT; the login of a customer only by add_customer()
GRANT INSERT (org_id, name, kind), UPDATE (name, kind) ON billing.customer TO billing_clerk;
GRANT INSERT (org_id, customer_id, account_no, address, opened_on), UPDATE (address) ON billing.account TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_customer(text, text, text, name), billing.add_account(text, text, bigint, date, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._account_of(text, text, text) TO billing_clerk;
GRANT SELECT ON billing.bill_cycle TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.add_cycle(text, text, text, integer, integer, integer), billing.set_cycle(text, text[]) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._period_end(date, smallint, smallint, smallint) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
