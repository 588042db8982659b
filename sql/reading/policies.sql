ALTER TABLE billing.reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.reading FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_select_granted ON billing.reading FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY reading_select_own ON billing.reading FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY reading_insert_granted ON billing.reading FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'reading'));
-- a later delivery replaces, and days are folded, by the store's functions only
CREATE POLICY reading_delete_granted ON billing.reading FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.reading_piece ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.reading_piece FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_piece_select_granted ON billing.reading_piece FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY reading_piece_insert_granted ON billing.reading_piece FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id));
CREATE POLICY reading_piece_update_granted ON billing.reading_piece FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id))
	WITH CHECK (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id));

ALTER TABLE billing.reading_superseded ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.reading_superseded FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_superseded_select_granted ON billing.reading_superseded FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY reading_superseded_select_own ON billing.reading_superseded FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY reading_superseded_insert_granted ON billing.reading_superseded FOR INSERT
	TO billing_owner WITH CHECK (replaced_by = billing.actor() AND (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id)));

ALTER TABLE billing.late_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.late_reading FORCE ROW LEVEL SECURITY;
CREATE POLICY late_reading_select_granted ON billing.late_reading FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY late_reading_insert_granted ON billing.late_reading FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));
CREATE POLICY late_reading_update_granted ON billing.late_reading FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'bill')) WITH CHECK (billing.can_write(org_id, 'bill'));
