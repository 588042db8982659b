GRANT SELECT ON billing.identity_checker TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_identity_checker(text, text, bytea, text[]), billing.end_identity_checker(text) TO billing_admin;
GRANT EXECUTE ON FUNCTION billing.identify_by(text), billing.identify_session(text), billing.logout(text)
	TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.set_login(text, bigint, text, text, interval) TO billing_admin, billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.login(text, text, text), billing.change_password(text, text, text) TO billing_login;
GRANT EXECUTE ON FUNCTION billing._begin_login(text), billing._end_login(text, text, bigint), billing._change_password(text, text, text, bigint) TO billing_login;
