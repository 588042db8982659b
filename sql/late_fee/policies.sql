ALTER TABLE billing.late_fee_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.late_fee_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it
CREATE POLICY late_fee_rule_select_granted ON billing.late_fee_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY late_fee_rule_insert_granted ON billing.late_fee_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id));
CREATE POLICY late_fee_rule_update_granted ON billing.late_fee_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));
