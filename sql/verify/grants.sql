GRANT EXECUTE ON FUNCTION billing.verify(text, boolean) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
