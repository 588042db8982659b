GRANT EXECUTE ON FUNCTION billing.add_org(text, text, text, text), billing.move_org(text, text),
	billing.add_staff(text, text, text, text, name), billing.change_staff(text, text, text, text), billing.end_staff(text, timestamptz) TO billing_admin;
