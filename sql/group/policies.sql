-- Administrators and auditors read; the store's own functions look at all of it, since what a group holds
-- beyond the caller's orgs counts too when somebody is to be put into it.
ALTER TABLE billing.access_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.access_group FORCE ROW LEVEL SECURITY;
CREATE POLICY access_group_select_granted ON billing.access_group FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY access_group_select_owner ON billing.access_group FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY access_group_insert_granted ON billing.access_group FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY access_group_update_granted ON billing.access_group FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY access_group_delete_granted ON billing.access_group FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org'));

ALTER TABLE billing.group_staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.group_staff FORCE ROW LEVEL SECURITY;
CREATE POLICY group_staff_select_granted ON billing.group_staff FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY group_staff_select_owner ON billing.group_staff FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY group_staff_insert_granted ON billing.group_staff FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY group_staff_update_granted ON billing.group_staff FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
-- what another org has put somebody into ends with his post, too
CREATE POLICY group_staff_delete_granted ON billing.group_staff FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org')
		OR EXISTS (SELECT FROM billing.staff s WHERE s.staff_id = group_staff.staff_id AND billing.can_write(s.org_id, 'org')));

ALTER TABLE billing.group_group ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.group_group FORCE ROW LEVEL SECURITY;
CREATE POLICY group_group_select_granted ON billing.group_group FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY group_group_select_owner ON billing.group_group FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY group_group_insert_granted ON billing.group_group FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY group_group_update_granted ON billing.group_group FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY group_group_delete_granted ON billing.group_group FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org'));

ALTER TABLE billing.group_grant ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.group_grant FORCE ROW LEVEL SECURITY;
CREATE POLICY group_grant_select_granted ON billing.group_grant FOR SELECT
	TO billing_admin, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY group_grant_select_owner ON billing.group_grant FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY group_grant_insert_granted ON billing.group_grant FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY group_grant_update_granted ON billing.group_grant FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY group_grant_delete_granted ON billing.group_grant FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org'));

ALTER TABLE billing.duty_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.duty_rule FORCE ROW LEVEL SECURITY;
CREATE POLICY duty_rule_select_granted ON billing.duty_rule FOR SELECT
	TO billing_owner, billing_admin, billing_auditor USING (billing.can_inherit(org_id, 'org'));
CREATE POLICY duty_rule_insert_granted ON billing.duty_rule FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY duty_rule_delete_granted ON billing.duty_rule FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org'));
