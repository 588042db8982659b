-- what an account is and does is for those who may read its bills; customers are not told how they are judged
ALTER TABLE billing.account_industry ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_industry FORCE ROW LEVEL SECURITY;
CREATE POLICY account_industry_select_granted ON billing.account_industry FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY account_industry_select_own ON billing.account_industry FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY account_industry_insert_granted ON billing.account_industry FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY account_industry_update_granted ON billing.account_industry FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));

ALTER TABLE billing.segmentation ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.segmentation FORCE ROW LEVEL SECURITY;
CREATE POLICY segmentation_select_granted ON billing.segmentation FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY segmentation_insert_granted ON billing.segmentation FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'bill'));
CREATE POLICY segmentation_update_granted ON billing.segmentation FOR UPDATE
	TO billing_owner USING (billing.can_read(org_id, 'bill')) WITH CHECK (billing.can_read(org_id, 'bill'));

ALTER TABLE billing.segment_member ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.segment_member FORCE ROW LEVEL SECURITY;
CREATE POLICY segment_member_select_granted ON billing.segment_member FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY segment_member_insert_granted ON billing.segment_member FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'bill'));
CREATE POLICY segment_member_update_granted ON billing.segment_member FOR UPDATE
	TO billing_owner USING (billing.can_read(org_id, 'bill')) WITH CHECK (billing.can_read(org_id, 'bill'));
CREATE POLICY segment_member_delete_granted ON billing.segment_member FOR DELETE TO billing_owner USING (billing.can_read(org_id, 'bill'));
