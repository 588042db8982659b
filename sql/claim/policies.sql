ALTER TABLE billing.claim_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.claim_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it
CREATE POLICY claim_rule_select_granted ON billing.claim_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY claim_rule_insert_granted ON billing.claim_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id));
CREATE POLICY claim_rule_update_granted ON billing.claim_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));
