GRANT SELECT ON billing.access_grant, billing.stand_in, billing.audit TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.grant_access(text, text, text[], text[], timestamptz, timestamptz),
	billing.revoke_access(text, text, text[], text[]), billing.grant_post(text, text) TO billing_admin;
GRANT EXECUTE ON FUNCTION billing._post_rights(text) TO billing_admin;
GRANT EXECUTE ON FUNCTION billing._not_found(text) TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
