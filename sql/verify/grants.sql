GRANT EXECUTE ON FUNCTION billing.verify(text, boolean), billing._verify(text, boolean), billing._verify_range(bigint, bigint, boolean)
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.verify_batches(text) TO billing_clerk, billing_analyst, billing_auditor;
