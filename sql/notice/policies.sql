ALTER TABLE billing.notice_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.notice_rule FORCE ROW LEVEL SECURITY;
-- what an org lays down holds for all below it
CREATE POLICY notice_rule_select_granted ON billing.notice_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY notice_rule_insert_granted ON billing.notice_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id));
CREATE POLICY notice_rule_update_granted ON billing.notice_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));

ALTER TABLE billing.notice_template ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.notice_template FORCE ROW LEVEL SECURITY;
CREATE POLICY notice_template_select_granted ON billing.notice_template FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
-- a customer reads the words of what he was sent
CREATE POLICY notice_template_select_own ON billing.notice_template FOR SELECT TO billing_customer
	USING (EXISTS (SELECT FROM billing.notice n WHERE n.template_id = notice_template.template_id));
CREATE POLICY notice_template_insert_granted ON billing.notice_template FOR INSERT TO billing_owner
	WITH CHECK (set_by = billing.actor() AND billing.can_do('approve', 'bill', org_id));

ALTER TABLE billing.notice ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.notice FORCE ROW LEVEL SECURITY;
-- said has the customer's name and what he owes
CREATE POLICY notice_select_granted ON billing.notice FOR SELECT TO billing_owner, billing_clerk, billing_analyst, billing_auditor
	USING (billing.can_read(org_id, 'account') AND billing.can_read(org_id, 'bill') AND billing.can_read(org_id, 'customer'));
CREATE POLICY notice_select_own ON billing.notice FOR SELECT TO billing_customer USING (billing.is_own(account_id));
-- who moves an account to another org moves all of its notices
CREATE POLICY notice_select_owner ON billing.notice FOR SELECT TO billing_owner USING (billing.can_write(org_id, 'account'));
CREATE POLICY notice_update_moved ON billing.notice FOR UPDATE TO billing_owner USING (billing.can_write(org_id, 'account')) WITH CHECK (billing.can_write(org_id, 'account'));
-- whoever makes a bill, or approves it, has it told
CREATE POLICY notice_insert_granted ON billing.notice FOR INSERT TO billing_owner
	WITH CHECK (queued_by = billing.actor() AND state = 'queued'
		AND (billing.can_do('run', 'bill', org_id) OR billing.can_write(org_id, 'bill') OR billing.can_do('approve', 'bill', org_id) OR billing.can_do('approve', 'account', org_id)));
-- senders; clerks who queue again; whoever takes the money for which a notice waits
CREATE POLICY notice_update_granted ON billing.notice FOR UPDATE TO billing_owner
	USING (billing.can_do('run', 'customer', org_id) OR billing.can_do('run', 'bill', org_id) OR billing.can_write(org_id, 'bill') OR billing.can_write(org_id, 'money'))
	WITH CHECK (billing.can_do('run', 'customer', org_id) OR billing.can_do('run', 'bill', org_id) OR billing.can_write(org_id, 'bill') OR billing.can_write(org_id, 'money'));

ALTER TABLE billing.disconnection_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.disconnection_rule FORCE ROW LEVEL SECURITY;
CREATE POLICY disconnection_rule_select_granted ON billing.disconnection_rule FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'account'));
CREATE POLICY disconnection_rule_insert_granted ON billing.disconnection_rule FOR INSERT TO billing_owner WITH CHECK (billing.can_do('approve', 'bill', org_id));
CREATE POLICY disconnection_rule_update_granted ON billing.disconnection_rule FOR UPDATE TO billing_owner
	USING (billing.can_do('approve', 'bill', org_id)) WITH CHECK (billing.can_do('approve', 'bill', org_id));

-- arrears that are paid end the request to disconnect, by the hand of whoever takes the money or runs the bills
CREATE POLICY supply_request_update_paid ON billing.supply_request FOR UPDATE TO billing_owner
	USING (kind = 'disconnection' AND (billing.can_write(org_id, 'money') OR billing.can_do('run', 'bill', org_id)))
	WITH CHECK (kind = 'disconnection' AND state = 'withdrawn' AND (billing.can_write(org_id, 'money') OR billing.can_do('run', 'bill', org_id)));
CREATE POLICY supply_request_event_insert_paid ON billing.supply_request_event FOR INSERT TO billing_owner
	WITH CHECK (actor = billing.actor() AND to_state = 'withdrawn' AND (billing.can_write(org_id, 'money') OR billing.can_do('run', 'bill', org_id)));
