-- a customer sees no org, but may ask: views name it
GRANT SELECT ON billing.org TO billing_customer;
GRANT SELECT ON billing.org, billing.staff TO billing_admin, billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.add_org(text, text, text, text), billing.move_org(text, text),
	billing.add_staff(text, text, text, text, name), billing.change_staff(text, text, text, text), billing.end_staff(text) TO billing_admin;
