GRANT SELECT ON billing.customer_contact, billing.customer_identity TO billing_clerk, billing_auditor, billing_customer;
GRANT SELECT ON billing.customer_duplicate, billing.customer_merge TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.likely_duplicates(text, text, text, text, text, bigint), billing.duplicate_customers(text, integer) TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.register_customer(text, text, text, text, text, text, text, text, date, boolean),
	billing.add_contact(bigint, text, text, date, text[]), billing.end_contact(bigint, integer, date), billing.add_identity(bigint, text, text),
	billing.decide_duplicate(bigint, bigint), billing.merge_customers(bigint, bigint, text) TO billing_clerk;
