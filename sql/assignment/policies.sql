ALTER TABLE billing.account_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_grant FORCE ROW LEVEL SECURITY;
CREATE POLICY account_grant_select_granted ON billing.account_grant FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
-- what another org has assigned ends with the person's post, too
CREATE POLICY account_grant_select_owner ON billing.account_grant FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY account_grant_insert_granted ON billing.account_grant FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY account_grant_update_granted ON billing.account_grant FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY account_grant_delete_granted ON billing.account_grant FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org')
		OR EXISTS (SELECT FROM billing.staff s WHERE s.staff_id = account_grant.staff_id AND billing.can_write(s.org_id, 'org')));
