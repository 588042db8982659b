ALTER TABLE billing.bill_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill_run FORCE ROW LEVEL SECURITY;
CREATE POLICY bill_run_select_granted ON billing.bill_run FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY bill_run_insert_granted ON billing.bill_run FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
CREATE POLICY bill_run_update_granted ON billing.bill_run FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id)) WITH CHECK (billing.can_do('run', 'bill', org_id));
-- a background worker writes down its error also when who asked has lost the right
CREATE POLICY bill_run_select_worker ON billing.bill_run FOR SELECT TO billing_owner USING (billing._works_for(run_id));
CREATE POLICY bill_run_update_worker ON billing.bill_run FOR UPDATE TO billing_owner
	USING (billing._works_for(run_id)) WITH CHECK (billing._works_for(run_id));

ALTER TABLE billing.run_chunk ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.run_chunk FORCE ROW LEVEL SECURITY;
CREATE POLICY run_chunk_select_granted ON billing.run_chunk FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY run_chunk_insert_granted ON billing.run_chunk FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
CREATE POLICY run_chunk_update_granted ON billing.run_chunk FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id)) WITH CHECK (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.run_exception ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.run_exception FORCE ROW LEVEL SECURITY;
CREATE POLICY run_exception_select_granted ON billing.run_exception FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY run_exception_select_owner ON billing.run_exception FOR SELECT TO billing_owner USING (billing.can_read(org_id, 'account'));
CREATE POLICY run_exception_insert_granted ON billing.run_exception FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.run_total ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.run_total FORCE ROW LEVEL SECURITY;
CREATE POLICY run_total_select_granted ON billing.run_total FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY run_total_insert_granted ON billing.run_total FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
