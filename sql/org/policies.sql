ALTER TABLE billing.org ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.org FORCE ROW LEVEL SECURITY;
CREATE POLICY org_select_granted ON billing.org FOR SELECT
	TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'org'));
-- the first org of all is added where none is: by whom _check_everywhere() lets
CREATE POLICY org_insert_granted ON billing.org FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(parent_id, 'org') OR (parent_id IS NULL AND billing.can_everywhere('write', 'org')));
CREATE POLICY org_update_granted ON billing.org FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(parent_id, 'org'));

ALTER TABLE billing.staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.staff FORCE ROW LEVEL SECURITY;
CREATE POLICY staff_select_granted ON billing.staff FOR SELECT
	TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'org'));
CREATE POLICY staff_insert_granted ON billing.staff FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY staff_update_granted ON billing.staff FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
