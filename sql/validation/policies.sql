ALTER TABLE billing.validation_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it, and who works there may read it
CREATE POLICY validation_rule_select_inherited ON billing.validation_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'reading'));
CREATE POLICY validation_rule_insert_granted ON billing.validation_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id));
CREATE POLICY validation_rule_update_granted ON billing.validation_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'reading', org_id)) WITH CHECK (billing.can_do('approve', 'reading', org_id));

ALTER TABLE billing.validation_rule_set ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_rule_set FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_rule_set_select_granted ON billing.validation_rule_set FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_rule_set_insert_granted ON billing.validation_rule_set FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.validation_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_run FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_run_select_granted ON billing.validation_run FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_run_insert_granted ON billing.validation_run FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));
CREATE POLICY validation_run_update_granted ON billing.validation_run FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'reading')) WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.validation_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_chunk_select_granted ON billing.validation_chunk FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_chunk_insert_granted ON billing.validation_chunk FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));
CREATE POLICY validation_chunk_update_granted ON billing.validation_chunk FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'reading')) WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.validation_exception ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_exception FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_exception_select_granted ON billing.validation_exception FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_exception_insert_granted ON billing.validation_exception FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.validation_result ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_result FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_result_select_granted ON billing.validation_result FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_result_insert_granted ON billing.validation_result FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));
CREATE POLICY validation_result_update_granted ON billing.validation_result FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id))
	WITH CHECK (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id));

ALTER TABLE billing.validation_finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_finding FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_finding_select_granted ON billing.validation_finding FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_finding_select_own ON billing.validation_finding FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY validation_finding_insert_granted ON billing.validation_finding FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'reading'));

ALTER TABLE billing.validation_action ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.validation_action FORCE ROW LEVEL SECURITY;
CREATE POLICY validation_action_select_granted ON billing.validation_action FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY validation_action_select_own ON billing.validation_action FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY validation_action_insert_granted ON billing.validation_action FOR INSERT TO billing_owner
	WITH CHECK ((author = billing.actor() AND billing.can_write(org_id, 'reading')) OR (approved_by = billing.actor() AND billing.can_do('approve', 'reading', org_id)));

ALTER TABLE billing.reading_edit ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.reading_edit FORCE ROW LEVEL SECURITY;
CREATE POLICY reading_edit_select_granted ON billing.reading_edit FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY reading_edit_insert_own ON billing.reading_edit FOR INSERT TO billing_owner
	WITH CHECK (author = billing.actor() AND billing.can_write(org_id, 'reading'));
CREATE POLICY reading_edit_update_another ON billing.reading_edit FOR UPDATE TO billing_owner
	USING (state = 'pending' AND billing.can_do('approve', 'reading', org_id)) WITH CHECK (decided_by = billing.actor() AND billing.can_do('approve', 'reading', org_id));

-- other versions of readings are the store's own functions' to write, for who may write or approve readings there
CREATE POLICY reading_update_version ON billing.reading FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id))
	WITH CHECK (billing.can_write(org_id, 'reading') OR billing.can_do('approve', 'reading', org_id));
-- and what they replace is kept, also by who only approves
CREATE POLICY reading_superseded_insert_approved ON billing.reading_superseded FOR INSERT
	TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id) AND replaced_by = billing.actor());
CREATE POLICY reading_piece_insert_approved ON billing.reading_piece FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id));
CREATE POLICY reading_piece_update_approved ON billing.reading_piece FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'reading', org_id)) WITH CHECK (billing.can_do('approve', 'reading', org_id));
CREATE POLICY late_reading_insert_approved ON billing.late_reading FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'reading', org_id));
