ALTER TABLE billing.forming_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.forming_rule FORCE ROW LEVEL SECURITY;
CREATE POLICY forming_rule_select_granted ON billing.forming_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY forming_rule_select_own ON billing.forming_rule FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY forming_rule_insert_granted ON billing.forming_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY forming_rule_update_granted ON billing.forming_rule FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.formed_usage ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.formed_usage FORCE ROW LEVEL SECURITY;
CREATE POLICY formed_usage_select_granted ON billing.formed_usage FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY formed_usage_select_own ON billing.formed_usage FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY formed_usage_select_owner ON billing.formed_usage FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY formed_usage_insert_run ON billing.formed_usage FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
CREATE POLICY formed_usage_update_run ON billing.formed_usage FOR UPDATE
	TO billing_owner USING (billing.can_do('run', 'bill', org_id)) WITH CHECK (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.formed_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.formed_line FORCE ROW LEVEL SECURITY;
CREATE POLICY formed_line_select_granted ON billing.formed_line FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY formed_line_select_own ON billing.formed_line FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY formed_line_select_owner ON billing.formed_line FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY formed_line_insert_run ON billing.formed_line FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.collective ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.collective FORCE ROW LEVEL SECURITY;
CREATE POLICY collective_select_granted ON billing.collective FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY collective_insert_granted ON billing.collective FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.collective_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.collective_member FORCE ROW LEVEL SECURITY;
CREATE POLICY collective_member_select_granted ON billing.collective_member FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY collective_member_insert_granted ON billing.collective_member FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY collective_member_update_granted ON billing.collective_member FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));
