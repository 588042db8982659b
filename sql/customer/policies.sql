ALTER TABLE billing.customer ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_select_granted ON billing.customer FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'customer'));
-- the owner too: the store's functions open for a customer what is his
CREATE POLICY customer_select_own ON billing.customer FOR SELECT
	TO billing_customer, billing_owner USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_insert_granted ON billing.customer FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY customer_update_granted ON billing.customer FOR UPDATE
	TO billing_owner, billing_clerk USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.account ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account FORCE ROW LEVEL SECURITY;
CREATE POLICY account_select_granted ON billing.account FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY account_select_own ON billing.account FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY account_insert_granted ON billing.account FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'account')
		-- a customer the writer may read: a key alone would also take a stranger's
		AND EXISTS (SELECT FROM billing.customer c WHERE c.customer_id = account.customer_id));
CREATE POLICY account_update_granted ON billing.account FOR UPDATE
	TO billing_owner, billing_clerk USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));

-- read for the balance by who may read money; written by the store only
ALTER TABLE billing.account_head ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_head FORCE ROW LEVEL SECURITY;
CREATE POLICY account_head_select_granted ON billing.account_head FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
-- the store's own functions lock it for whoever may read the account; each asks for the right that it needs
CREATE POLICY account_head_select_owner ON billing.account_head FOR SELECT
	TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY account_head_select_own ON billing.account_head FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
-- a head comes with its account, and by nobody's hand
CREATE POLICY account_head_insert_new ON billing.account_head FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'account') AND seq = 0);
CREATE POLICY account_head_update_owner ON billing.account_head FOR UPDATE
	TO billing_owner USING (billing.can_read(org_id, 'account')) WITH CHECK (billing.can_read(org_id, 'account'));

ALTER TABLE billing.account_phase ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_phase FORCE ROW LEVEL SECURITY;
CREATE POLICY account_phase_select_granted ON billing.account_phase FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY account_phase_select_own ON billing.account_phase FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY account_phase_insert_granted ON billing.account_phase FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.bill_cycle ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill_cycle FORCE ROW LEVEL SECURITY;
-- cycles of an org are for all below it
CREATE POLICY bill_cycle_select_granted ON billing.bill_cycle FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY bill_cycle_insert_granted ON billing.bill_cycle FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
