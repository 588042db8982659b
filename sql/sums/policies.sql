/*
 * Written by triggers only, as the owner, for whoever writes the bill or the
 * payment; folded by who may run bills.
 */
ALTER TABLE billing.bill_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.bill_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY bill_sum_select_granted ON billing.bill_sum FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY bill_sum_insert_owner ON billing.bill_sum FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'account'));
CREATE POLICY bill_sum_delete_granted ON billing.bill_sum FOR DELETE TO billing_owner USING (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.charge_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.charge_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY charge_sum_select_granted ON billing.charge_sum FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
CREATE POLICY charge_sum_insert_owner ON billing.charge_sum FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'account'));
CREATE POLICY charge_sum_delete_granted ON billing.charge_sum FOR DELETE TO billing_owner USING (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.receivable_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.receivable_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY receivable_sum_select_granted ON billing.receivable_sum FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY receivable_sum_select_owner ON billing.receivable_sum FOR SELECT TO billing_owner USING (billing.can_do('run', 'bill', org_id));
CREATE POLICY receivable_sum_insert_owner ON billing.receivable_sum FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'account'));
CREATE POLICY receivable_sum_delete_granted ON billing.receivable_sum FOR DELETE TO billing_owner USING (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.transfer_sum ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.transfer_sum FORCE ROW LEVEL SECURITY;
CREATE POLICY transfer_sum_select_granted ON billing.transfer_sum FOR SELECT
	TO billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'money'));
CREATE POLICY transfer_sum_select_owner ON billing.transfer_sum FOR SELECT TO billing_owner USING (billing.can_do('run', 'bill', org_id));
CREATE POLICY transfer_sum_insert_owner ON billing.transfer_sum FOR INSERT TO billing_owner WITH CHECK (billing.can_read(org_id, 'account'));
CREATE POLICY transfer_sum_delete_granted ON billing.transfer_sum FOR DELETE TO billing_owner USING (billing.can_do('run', 'bill', org_id));

ALTER TABLE billing.due_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.due_rule FORCE ROW LEVEL SECURITY;
CREATE POLICY due_rule_select_granted ON billing.due_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'bill'));
-- a new org takes those of the one above, by who may add it there
CREATE POLICY due_rule_select_inherited ON billing.due_rule FOR SELECT TO billing_owner USING (billing.can_write(org_id, 'org'));
CREATE POLICY due_rule_insert_granted ON billing.due_rule FOR INSERT
	TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id) OR billing.can_write(org_id, 'org'));
CREATE POLICY due_rule_update_granted ON billing.due_rule FOR UPDATE
	TO billing_owner USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));
