/*
 * The store's functions see the money of whoever may read the account, and ask
 * for the right that each needs; everybody else by the kind.
 */
ALTER TABLE billing.bill ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill FORCE ROW LEVEL SECURITY;
CREATE POLICY bill_select_granted ON billing.bill FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY bill_select_own ON billing.bill FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY bill_select_owner ON billing.bill FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY bill_insert_granted ON billing.bill FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'bill') OR billing.can_do('approve', 'bill', org_id));
CREATE POLICY bill_update_org ON billing.bill FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.transfer ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.transfer FORCE ROW LEVEL SECURITY;
CREATE POLICY transfer_select_granted ON billing.transfer FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY transfer_select_own ON billing.transfer FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY transfer_select_owner ON billing.transfer FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY transfer_insert_granted ON billing.transfer FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'money') OR (bill_seq IS NOT NULL AND (billing.can_write(org_id, 'bill') OR billing.can_do('approve', 'bill', org_id)))
		-- what another person has prepared
		OR ('opening' IN (debit, credit) AND billing.can_do('approve', 'money', org_id)));
CREATE POLICY transfer_update_org ON billing.transfer FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));
