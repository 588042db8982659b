ALTER TABLE billing.approval_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.approval_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it, who may read it there
CREATE POLICY approval_rule_select_granted ON billing.approval_rule FOR SELECT
	TO billing_admin, billing_clerk, billing_auditor USING (billing.can_inherit(org_id, 'org'));
-- the store's own functions go by the rules for whoever acts
CREATE POLICY approval_rule_select_owner ON billing.approval_rule FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY approval_rule_insert_granted ON billing.approval_rule FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY approval_rule_update_granted ON billing.approval_rule FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));

ALTER TABLE billing.approval ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.approval FORCE ROW LEVEL SECURITY;
CREATE POLICY approval_select_granted ON billing.approval FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor
	USING (billing.can_read(org_id, kind) OR billing.is_assigned(account_id, 'read', kind) OR billing.is_assigned(account_id, 'approve', kind));
-- what is entered for an account may wait as another kind than its writer reads
CREATE POLICY approval_select_owner ON billing.approval FOR SELECT TO billing_owner
	USING (billing.can_read(org_id, kind) OR billing.can_do('approve', kind, org_id) OR account_id IS NOT NULL AND billing.can_read(org_id, 'account'));
CREATE POLICY approval_insert_own ON billing.approval FOR INSERT TO billing_owner
	WITH CHECK (asked_by = billing.actor() AND asked_by <> 'nobody'
				AND (billing.can_read(org_id, kind) OR account_id IS NOT NULL AND billing.can_read(org_id, 'account')));
CREATE POLICY approval_update_owner ON billing.approval FOR UPDATE TO billing_owner
	USING (billing.can_read(org_id, kind) OR billing.can_do('approve', kind, org_id) OR account_id IS NOT NULL AND billing.can_read(org_id, 'account'))
	WITH CHECK (billing.can_read(org_id, kind) OR billing.can_do('approve', kind, org_id) OR account_id IS NOT NULL AND billing.can_read(org_id, 'account'));
