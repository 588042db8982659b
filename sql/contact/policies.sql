ALTER TABLE billing.customer_contact ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_contact FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_contact_select_granted ON billing.customer_contact FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_contact_select_own ON billing.customer_contact FOR SELECT
	TO billing_customer, billing_owner USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_contact_insert_granted ON billing.customer_contact FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY customer_contact_update_granted ON billing.customer_contact FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_identity ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_identity FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_identity_select_granted ON billing.customer_identity FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_identity_select_own ON billing.customer_identity FOR SELECT
	TO billing_customer, billing_owner USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_identity_insert_granted ON billing.customer_identity FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));

CREATE POLICY customer_identity_update_granted ON billing.customer_identity FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));

ALTER TABLE billing.customer_bank_account ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.customer_bank_account FORCE ROW LEVEL SECURITY;
CREATE POLICY customer_bank_account_select_granted ON billing.customer_bank_account FOR SELECT
	TO billing_owner, billing_clerk, billing_auditor USING (billing.can_read(org_id, 'customer'));
CREATE POLICY customer_bank_account_select_own ON billing.customer_bank_account FOR SELECT
	TO billing_customer, billing_owner USING (customer_id = billing.actor_customer_id());
CREATE POLICY customer_bank_account_insert_granted ON billing.customer_bank_account FOR INSERT TO billing_owner
	WITH CHECK (billing.can_write(org_id, 'customer'));
CREATE POLICY customer_bank_account_update_granted ON billing.customer_bank_account FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'customer')) WITH CHECK (billing.can_write(org_id, 'customer'));

-- plain text: for what seals it, and nobody else
ALTER TABLE billing.unsealed_value ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.unsealed_value FORCE ROW LEVEL SECURITY;
CREATE POLICY unsealed_value_select_granted ON billing.unsealed_value FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'personal'));
CREATE POLICY unsealed_value_delete_granted ON billing.unsealed_value FOR DELETE
	TO billing_owner USING (billing.can_write(org_id, 'personal') OR billing.can_do('approve', 'personal', org_id));

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
