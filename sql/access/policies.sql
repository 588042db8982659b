ALTER TABLE billing.access_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.access_grant FORCE ROW LEVEL SECURITY;
CREATE POLICY access_grant_select_granted ON billing.access_grant FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
-- what a person may elsewhere counts too where he is given a password, and ends with his post
CREATE POLICY access_grant_select_owner ON billing.access_grant FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY access_grant_insert_granted ON billing.access_grant FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY access_grant_update_granted ON billing.access_grant FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY access_grant_delete_granted ON billing.access_grant FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org')
		OR EXISTS (SELECT FROM billing.staff s WHERE s.staff_id = access_grant.staff_id AND billing.can_write(s.org_id, 'org')));

ALTER TABLE billing.stand_in ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.stand_in FORCE ROW LEVEL SECURITY;
CREATE POLICY stand_in_select_granted ON billing.stand_in FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY stand_in_select_owner ON billing.stand_in FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY stand_in_insert_granted ON billing.stand_in FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY stand_in_update_granted ON billing.stand_in FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
-- it ends with the post of either
CREATE POLICY stand_in_delete_granted ON billing.stand_in FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org')
		OR EXISTS (SELECT FROM billing.staff s WHERE s.staff_id IN (stand_in.staff_id, stand_in.for_staff_id) AND billing.can_write(s.org_id, 'org')));

-- what was done is written down for everybody who may do it, and read by few
ALTER TABLE billing.audit ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.audit FORCE ROW LEVEL SECURITY;
CREATE POLICY audit_select_granted ON billing.audit FOR SELECT
	TO billing_owner, billing_admin, billing_auditor USING (billing.can_read(org_id, 'audit'));
CREATE POLICY audit_insert_own ON billing.audit FOR INSERT
	TO billing_owner WITH CHECK (actor = billing.actor() AND actor <> 'nobody' AND session_role = session_user);
