ALTER TABLE billing.supply_request ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_request FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_request_select_granted ON billing.supply_request FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
-- the customer who asked, not whoever has the account later
CREATE POLICY supply_request_select_own ON billing.supply_request FOR SELECT
	TO billing_customer USING (customer_id = billing.actor_customer_id());
CREATE POLICY supply_request_insert_granted ON billing.supply_request FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'account'));
CREATE POLICY supply_request_update_granted ON billing.supply_request FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'account') OR billing.can_do('approve', 'account', org_id))
	WITH CHECK (billing.can_write(org_id, 'account') OR billing.can_do('approve', 'account', org_id));
-- who hangs a meter for it locks it
CREATE POLICY supply_request_update_installed ON billing.supply_request FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.supply_request_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_request_event FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_request_event_select_granted ON billing.supply_request_event FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY supply_request_event_insert_own ON billing.supply_request_event FOR INSERT TO billing_owner
	WITH CHECK (actor = billing.actor() AND (billing.can_write(org_id, 'account') OR billing.can_do('approve', 'account', org_id)));

ALTER TABLE billing.supply_request_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_request_document FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_request_document_select_granted ON billing.supply_request_document FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY supply_request_document_insert_own ON billing.supply_request_document FOR INSERT TO billing_owner
	WITH CHECK (attached_by = billing.actor() AND billing.can_write(org_id, 'account'));

ALTER TABLE billing.supply_request_install ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_request_install FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_request_install_select_granted ON billing.supply_request_install FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY supply_request_install_insert_granted ON billing.supply_request_install FOR INSERT
	TO billing_owner WITH CHECK (installed_by = billing.actor() AND billing.can_write(org_id, 'supply'));
CREATE POLICY supply_request_install_update_granted ON billing.supply_request_install FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply')) WITH CHECK (installed_by = billing.actor() AND billing.can_write(org_id, 'supply'));
