GRANT SELECT ON billing.customer_contact, billing.customer_identity, billing.customer_bank_account TO billing_clerk, billing_auditor, billing_customer;
GRANT SELECT ON billing.customer_duplicate, billing.customer_merge TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.likely_duplicates(text, text, text, text, text, bigint), billing.duplicate_customers(text, integer) TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.register_customer(text, text, text, text, text, text, text, text, date, boolean),
	billing.add_contact(bigint, text, text, date, text[]), billing.end_contact(bigint, integer, date), billing.add_identity(bigint, text, text),
	billing.decide_duplicate(bigint, bigint), billing.merge_customers(bigint, bigint, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_bank_account(bigint, text, text, date), billing.end_bank_account(bigint, integer, date),
	billing.erase_customer(bigint, text), billing._reseal_chunk(text, bigint, integer) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.reseal(text, integer) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.open_contact(bigint, integer, text), billing.open_identity(bigint, integer, text),
	billing.open_bank_account(bigint, integer, text) TO billing_clerk, billing_auditor, billing_customer;
