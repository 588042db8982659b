ALTER TABLE billing.bill_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill_run FORCE ROW LEVEL SECURITY;
CREATE POLICY bill_run_select_granted ON billing.bill_run FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY bill_run_insert_granted ON billing.bill_run FOR INSERT TO billing_owner WITH CHECK (billing.can_do('run', 'bill', org_id));
CREATE POLICY bill_run_update_granted ON billing.bill_run FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'bill', org_id)) WITH CHECK (billing.can_do('run', 'bill', org_id));

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
