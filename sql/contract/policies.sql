ALTER TABLE billing.contract ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.contract FORCE ROW LEVEL SECURITY;
CREATE POLICY contract_select_granted ON billing.contract FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY contract_select_own ON billing.contract FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY contract_insert_granted ON billing.contract FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY contract_update_granted ON billing.contract FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'account', org_id)) WITH CHECK (billing.can_do('approve', 'account', org_id));

ALTER TABLE billing.contract_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.contract_version FORCE ROW LEVEL SECURITY;
CREATE POLICY contract_version_select_granted ON billing.contract_version FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY contract_version_select_own ON billing.contract_version FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY contract_version_insert_own ON billing.contract_version FOR INSERT
	TO billing_owner WITH CHECK (drafted_by = billing.actor() AND billing.can_write(org_id, 'account'));
CREATE POLICY contract_version_update_granted ON billing.contract_version FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'account') OR billing.can_do('approve', 'account', org_id))
	WITH CHECK (billing.can_write(org_id, 'account') OR billing.can_do('approve', 'account', org_id));
