ALTER TABLE billing.account_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY account_plan_select_granted ON billing.account_plan FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY account_plan_select_own ON billing.account_plan FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY account_plan_insert_granted ON billing.account_plan FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY account_plan_update_granted ON billing.account_plan FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));
