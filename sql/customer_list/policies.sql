ALTER TABLE billing.customer_list ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_list FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_list_select_granted ON billing.customer_list FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_list_insert_own ON billing.customer_list FOR INSERT
	TO billing_owner WITH CHECK (imported_by = billing.actor() AND billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_list_reject ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_list_reject FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_list_reject_select_granted ON billing.customer_list_reject FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_list_reject_insert_granted ON billing.customer_list_reject FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'customer'));
