ALTER TABLE billing.register_limit ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.register_limit FORCE ROW LEVEL SECURITY;
CREATE POLICY register_limit_select_granted ON billing.register_limit FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
-- a new org takes those of the one above, by who may add it there
CREATE POLICY register_limit_select_inherited ON billing.register_limit FOR SELECT TO billing_owner USING (billing.can_write(org_id, 'org'));
CREATE POLICY register_limit_insert_granted ON billing.register_limit FOR INSERT
	TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id) OR billing.can_write(org_id, 'org'));
CREATE POLICY register_limit_update_granted ON billing.register_limit FOR UPDATE
	TO billing_owner USING (billing.can_do('approve', 'reading', org_id)) WITH CHECK (billing.can_do('approve', 'reading', org_id));

ALTER TABLE billing.register_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.register_reading FORCE ROW LEVEL SECURITY;
CREATE POLICY register_reading_select_granted ON billing.register_reading FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY register_reading_select_own ON billing.register_reading FOR SELECT
	TO billing_customer USING (billing.is_own(account_id) AND state = 'valid');
CREATE POLICY register_reading_select_owner ON billing.register_reading FOR SELECT
	TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY register_reading_insert_granted ON billing.register_reading FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'reading') AND author = billing.actor());
-- with a meter that is hung, removed, or goes on with another account
CREATE POLICY register_reading_insert_installed ON billing.register_reading FOR INSERT
	TO billing_owner WITH CHECK (kind IN ('opening', 'closing') AND (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account')));
CREATE POLICY register_reading_update_granted ON billing.register_reading FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id)
							OR billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id)
				OR billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
