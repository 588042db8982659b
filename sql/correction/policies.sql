ALTER TABLE billing.late_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.late_policy FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it
CREATE POLICY late_policy_select_granted ON billing.late_policy FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY late_policy_insert_granted ON billing.late_policy FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id));
CREATE POLICY late_policy_update_granted ON billing.late_policy FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));

ALTER TABLE billing.late_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.late_change FORCE ROW LEVEL SECURITY;
CREATE POLICY late_change_select_granted ON billing.late_change FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY late_change_select_owner ON billing.late_change FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
-- by whom it was found: a person who asks, who approves a plan, who forms usage
CREATE POLICY late_change_insert_granted ON billing.late_change FOR INSERT TO billing_owner WITH CHECK (CASE cause
	WHEN 'plan' THEN billing.can_do('approve', 'account', org_id) WHEN 'formed' THEN billing.can_write(org_id, 'reading') OR billing.can_do('run', 'bill', org_id)
	WHEN 'register' THEN billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id)
	WHEN 'price' THEN billing.can_do('approve', 'bill', org_id) ELSE billing.can_write(org_id, 'bill') END);
CREATE POLICY late_change_update_granted ON billing.late_change FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id) OR billing.can_do('approve', 'bill', org_id))
	WITH CHECK (billing.can_do('run', 'bill', org_id) OR billing.can_do('approve', 'bill', org_id));
CREATE POLICY late_reading_update_approved ON billing.late_reading FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id) OR billing.can_do('approve', 'bill', org_id))
	WITH CHECK (billing.can_do('run', 'bill', org_id) OR billing.can_do('approve', 'bill', org_id));
-- another plan for billed days
CREATE POLICY account_plan_insert_corrected ON billing.account_plan FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'account', org_id));
CREATE POLICY account_plan_update_corrected ON billing.account_plan FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'account', org_id)) WITH CHECK (billing.can_do('approve', 'account', org_id));
