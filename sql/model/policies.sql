-- what an account's readings look like is for those who may read them; customers are not told how they are judged
ALTER TABLE billing.model ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.model FORCE ROW LEVEL SECURITY;
CREATE POLICY model_select_granted ON billing.model FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY model_insert_granted ON billing.model FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'reading'));

ALTER TABLE billing.model_label ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.model_label FORCE ROW LEVEL SECURITY;
CREATE POLICY model_label_select_granted ON billing.model_label FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY model_label_insert_granted ON billing.model_label FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY model_label_update_granted ON billing.model_label FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.model_version ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.model_version FORCE ROW LEVEL SECURITY;
CREATE POLICY model_version_select_granted ON billing.model_version FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY model_version_insert_granted ON billing.model_version FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'reading'));

ALTER TABLE billing.model_backtest ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.model_backtest FORCE ROW LEVEL SECURITY;
CREATE POLICY model_backtest_select_granted ON billing.model_backtest FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor
	USING (EXISTS (SELECT FROM billing.model_version v WHERE v.model_id = model_backtest.model_id AND v.version = model_backtest.version));
CREATE POLICY model_backtest_insert_granted ON billing.model_backtest FOR INSERT TO billing_owner
	WITH CHECK (EXISTS (SELECT FROM billing.model_version v WHERE v.model_id = model_backtest.model_id AND v.version = model_backtest.version));
