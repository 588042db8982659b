ALTER TABLE billing.customer_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_contact_select_granted ON billing.customer_contact FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_contact_select_own ON billing.customer_contact FOR SELECT
	TO billing_customer USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_contact_insert_granted ON billing.customer_contact FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY customer_contact_update_granted ON billing.customer_contact FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_identity FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_identity_select_granted ON billing.customer_identity FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_identity_select_own ON billing.customer_identity FOR SELECT
	TO billing_customer USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_identity_insert_granted ON billing.customer_identity FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_duplicate ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_duplicate FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_duplicate_select_granted ON billing.customer_duplicate FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_duplicate_insert_granted ON billing.customer_duplicate FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY customer_duplicate_update_granted ON billing.customer_duplicate FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'customer'))
	WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_merge ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_merge FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_merge_select_granted ON billing.customer_merge FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_merge_insert_own ON billing.customer_merge FOR INSERT TO billing_owner
	WITH CHECK (merged_by = billing.actor() AND billing.can_write(org_id, 'customer'));
