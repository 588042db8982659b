ALTER TABLE billing.reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.reading FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_select_granted ON billing.reading FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY reading_select_own ON billing.reading FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY reading_insert_granted ON billing.reading FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'reading'));
