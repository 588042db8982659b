GRANT SELECT ON billing.account_grant TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.assign_accounts(text, text[], timestamptz), billing.unassign_accounts(text, text[]) TO billing_admin;
