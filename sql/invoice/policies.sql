ALTER TABLE billing.e_invoice ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.e_invoice FORCE ROW LEVEL SECURITY;
CREATE POLICY e_invoice_select_granted ON billing.e_invoice FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY e_invoice_select_own ON billing.e_invoice FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY e_invoice_insert_granted ON billing.e_invoice FOR INSERT TO billing_owner
	WITH CHECK (state = 'asked' AND asked_by = billing.actor() AND billing.can_write(org_id, 'bill'));
CREATE POLICY e_invoice_update_granted ON billing.e_invoice FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'bill')) WITH CHECK (billing.can_write(org_id, 'bill'));
