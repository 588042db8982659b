ALTER TABLE billing.identity_checker ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.identity_checker FORCE ROW LEVEL SECURITY;
CREATE POLICY identity_checker_select_granted ON billing.identity_checker FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
-- whoever brings an assertion is nobody yet
CREATE POLICY identity_checker_select_owner ON billing.identity_checker FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY identity_checker_insert_granted ON billing.identity_checker FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY identity_checker_update_granted ON billing.identity_checker FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));

-- Nobody reads or writes these but the functions of this module, which ask for the right themselves: who logs in is nobody yet.
ALTER TABLE billing.credential ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.credential FORCE ROW LEVEL SECURITY;
CREATE POLICY credential_select_owner ON billing.credential FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY credential_insert_owner ON billing.credential FOR INSERT
	TO billing_owner WITH CHECK (true);
CREATE POLICY credential_update_owner ON billing.credential FOR UPDATE
	TO billing_owner USING (true) WITH CHECK (true);
CREATE POLICY credential_delete_owner ON billing.credential FOR DELETE
	TO billing_owner USING (true);
ALTER TABLE billing.login_session ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.login_session FORCE ROW LEVEL SECURITY;
CREATE POLICY login_session_select_owner ON billing.login_session FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY login_session_insert_owner ON billing.login_session FOR INSERT
	TO billing_owner WITH CHECK (true);
CREATE POLICY login_session_update_owner ON billing.login_session FOR UPDATE
	TO billing_owner USING (true) WITH CHECK (true);
CREATE POLICY login_session_delete_owner ON billing.login_session FOR DELETE
	TO billing_owner USING (true);
