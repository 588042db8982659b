ALTER TABLE billing.cutover ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.cutover FORCE ROW LEVEL SECURITY;
CREATE POLICY cutover_select_granted ON billing.cutover FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
-- the store's functions ask for the right that each needs
CREATE POLICY cutover_select_owner ON billing.cutover FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY cutover_insert_granted ON billing.cutover FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'money'));
CREATE POLICY cutover_update_granted ON billing.cutover FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'money') OR billing.can_do('approve', 'money', org_id))
	WITH CHECK (billing.can_write(org_id, 'money') OR billing.can_do('approve', 'money', org_id));

ALTER TABLE billing.cutover_item ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.cutover_item FORCE ROW LEVEL SECURITY;
CREATE POLICY cutover_item_select_granted ON billing.cutover_item FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY cutover_item_select_owner ON billing.cutover_item FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY cutover_item_insert_granted ON billing.cutover_item FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'money'));
CREATE POLICY cutover_item_update_granted ON billing.cutover_item FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'money') OR billing.can_do('approve', 'money', org_id))
	WITH CHECK (billing.can_write(org_id, 'money') OR billing.can_do('approve', 'money', org_id));

ALTER TABLE billing.cutover_reject ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.cutover_reject FORCE ROW LEVEL SECURITY;
CREATE POLICY cutover_reject_select_granted ON billing.cutover_reject FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY cutover_reject_insert_granted ON billing.cutover_reject FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'money') OR billing.can_do('approve', 'money', org_id));

ALTER TABLE billing.dispute ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.dispute FORCE ROW LEVEL SECURITY;
CREATE POLICY dispute_select_granted ON billing.dispute FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY dispute_select_own ON billing.dispute FOR SELECT TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY dispute_select_owner ON billing.dispute FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY dispute_insert_granted ON billing.dispute FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'money') OR (cutover_id IS NOT NULL AND billing.can_do('approve', 'money', org_id)));
CREATE POLICY dispute_update_granted ON billing.dispute FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'money')) WITH CHECK (billing.can_write(org_id, 'money'));

-- last readings, which another has brought in
CREATE POLICY register_reading_insert_cutover ON billing.register_reading FOR INSERT TO billing_owner
	WITH CHECK (source LIKE 'cut-over %' AND author <> billing.actor() AND approved_by = billing.actor() AND billing.can_do('approve', 'money', org_id));
