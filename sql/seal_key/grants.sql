GRANT SELECT (key_id, org_id, customer_id, kind, wrapped_by, master, made_at, made_by, retired_at, destroyed_at, destroyed_by) ON billing.seal_key
	TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing._blinds(text, text) TO billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.rewrap_keys(), billing.rotate_keys(text), billing.destroy_keys(text, text), billing._end_rotation(text)
	TO billing_admin, billing_clerk;
