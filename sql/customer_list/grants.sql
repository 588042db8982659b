GRANT SELECT ON billing.customer_list, billing.customer_list_reject TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.import_customers(text, text, bytea, jsonb, text) TO billing_clerk;
