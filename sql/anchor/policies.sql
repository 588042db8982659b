-- of an anchor the whole is for auditors; the store's functions give others what leads from an account to it
ALTER TABLE billing.anchor ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.anchor FORCE ROW LEVEL SECURITY;
CREATE POLICY anchor_select_granted ON billing.anchor FOR SELECT
	TO billing_admin, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'audit'));
CREATE POLICY anchor_select_owner ON billing.anchor FOR SELECT
	TO billing_owner USING (billing.actor() <> 'nobody');
CREATE POLICY anchor_insert_granted ON billing.anchor FOR INSERT
	TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id) AND anchored_by = billing.actor());

ALTER TABLE billing.period_close ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.period_close FORCE ROW LEVEL SECURITY;
CREATE POLICY period_close_select_granted ON billing.period_close FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY period_close_insert_granted ON billing.period_close FOR INSERT
	TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id) AND closed_by = billing.actor());
