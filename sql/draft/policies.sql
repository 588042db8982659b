ALTER TABLE billing.bill_draft ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill_draft FORCE ROW LEVEL SECURITY;
-- a customer sees bills, not drafts
CREATE POLICY bill_draft_select_granted ON billing.bill_draft FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY bill_draft_insert_granted ON billing.bill_draft FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'bill'));
CREATE POLICY bill_draft_update_granted ON billing.bill_draft FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'bill')) WITH CHECK (billing.can_write(org_id, 'bill'));
