ALTER TABLE billing.seal_key ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.seal_key FORCE ROW LEVEL SECURITY;
-- who may write customers at a station makes keys under those of its company, and the first ones there
CREATE POLICY seal_key_select_granted ON billing.seal_key FOR SELECT
	TO billing_owner USING (billing.can_inherit(org_id, 'customer'));
CREATE POLICY seal_key_insert_granted ON billing.seal_key FOR INSERT
	TO billing_owner WITH CHECK (billing.can_inherit(org_id, 'customer'));
CREATE POLICY seal_key_update_granted ON billing.seal_key FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'personal') OR billing.can_do('approve', 'personal', org_id))
	WITH CHECK (billing.can_write(org_id, 'personal') OR billing.can_do('approve', 'personal', org_id));
-- of a key the auditor sees that it is there, when it was made and destroyed
CREATE POLICY seal_key_select_audited ON billing.seal_key FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'audit'));
