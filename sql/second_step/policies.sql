ALTER TABLE billing.second_step_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.second_step_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it, who may read it there
CREATE POLICY second_step_rule_select_granted ON billing.second_step_rule FOR SELECT
	TO billing_admin, billing_clerk, billing_auditor USING (billing.can_inherit(org_id, 'org'));
-- the store's own functions go by the rules for whoever acts
CREATE POLICY second_step_rule_select_owner ON billing.second_step_rule FOR SELECT
	TO billing_owner USING (true);
CREATE POLICY second_step_rule_insert_granted ON billing.second_step_rule FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY second_step_rule_update_granted ON billing.second_step_rule FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'org')) WITH CHECK (billing.can_write(org_id, 'org'));
CREATE POLICY second_step_rule_delete_granted ON billing.second_step_rule FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'org'));

-- how often one has done something is counted for who may not read the trail
CREATE POLICY audit_select_own ON billing.audit FOR SELECT
	TO billing_owner USING (actor = billing.actor() AND actor <> 'nobody');
