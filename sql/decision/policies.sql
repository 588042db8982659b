-- who may read the bills of an org may keep what they would be
ALTER TABLE billing.what_if ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.what_if FORCE ROW LEVEL SECURITY;
CREATE POLICY what_if_select_granted ON billing.what_if FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY what_if_insert_own ON billing.what_if FOR INSERT TO billing_owner WITH CHECK (made_by = billing.actor() AND billing.can_read(org_id, 'bill'));

-- what is bought, and what others charge, is the company's business
ALTER TABLE billing.purchase_contract ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.purchase_contract FORCE ROW LEVEL SECURITY;
CREATE POLICY purchase_contract_select_granted ON billing.purchase_contract FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY purchase_contract_insert_granted ON billing.purchase_contract FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'money'));
-- locked by who sets a month of it
CREATE POLICY purchase_contract_update_granted ON billing.purchase_contract FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'money')) WITH CHECK (billing.can_write(org_id, 'money'));
ALTER TABLE billing.purchase_month ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.purchase_month FORCE ROW LEVEL SECURITY;
CREATE POLICY purchase_month_select_granted ON billing.purchase_month FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY purchase_month_insert_granted ON billing.purchase_month FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'money'));
ALTER TABLE billing.market_price ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.market_price FORCE ROW LEVEL SECURITY;
CREATE POLICY market_price_select_granted ON billing.market_price FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY market_price_insert_own ON billing.market_price FOR INSERT TO billing_owner WITH CHECK (made_by = billing.actor() AND billing.can_read(org_id, 'bill'));

ALTER TABLE billing.campaign ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.campaign FORCE ROW LEVEL SECURITY;
CREATE POLICY campaign_select_granted ON billing.campaign FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY campaign_insert_granted ON billing.campaign FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'customer'));
ALTER TABLE billing.campaign_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.campaign_account FORCE ROW LEVEL SECURITY;
CREATE POLICY campaign_account_select_granted ON billing.campaign_account FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY campaign_account_insert_granted ON billing.campaign_account FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY campaign_account_update_granted ON billing.campaign_account FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));
