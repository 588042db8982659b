ALTER TABLE billing.batch ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.batch FORCE ROW LEVEL SECURITY;
CREATE POLICY batch_select_granted ON billing.batch FOR SELECT
	TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, kind));
CREATE POLICY batch_insert_granted ON billing.batch FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, kind) AND received_by = billing.actor() AND landed_at IS NULL);
CREATE POLICY batch_update_granted ON billing.batch FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, kind)) WITH CHECK (billing.can_write(org_id, kind));

ALTER TABLE billing.batch_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.batch_head FORCE ROW LEVEL SECURITY;
CREATE POLICY batch_head_select_granted ON billing.batch_head FOR SELECT
	TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, kind));
CREATE POLICY batch_head_insert_granted ON billing.batch_head FOR INSERT
	TO billing_owner WITH CHECK (seq = 0 AND billing.can_write(org_id, kind));
CREATE POLICY batch_head_update_granted ON billing.batch_head FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, kind)) WITH CHECK (billing.can_write(org_id, kind));

ALTER TABLE billing.batch_manifest ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.batch_manifest FORCE ROW LEVEL SECURITY;
CREATE POLICY batch_manifest_select_granted ON billing.batch_manifest FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY batch_manifest_insert_granted ON billing.batch_manifest FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.batch_reject ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.batch_reject FORCE ROW LEVEL SECURITY;
CREATE POLICY batch_reject_select_granted ON billing.batch_reject FOR SELECT
	TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, kind));
CREATE POLICY batch_reject_insert_granted ON billing.batch_reject FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, kind));
