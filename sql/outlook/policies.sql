ALTER TABLE billing.temperature_day ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.temperature_day FORCE ROW LEVEL SECURITY;
-- the weather of an org is that of all below it
CREATE POLICY temperature_day_select_inherited ON billing.temperature_day FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_inherit(org_id, 'supply'));
CREATE POLICY temperature_day_insert_granted ON billing.temperature_day FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY temperature_day_update_granted ON billing.temperature_day FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.load_forecast_run ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.load_forecast_run FORCE ROW LEVEL SECURITY;
CREATE POLICY load_forecast_run_select_granted ON billing.load_forecast_run FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY load_forecast_run_insert_granted ON billing.load_forecast_run FOR INSERT TO billing_owner
	WITH CHECK (made_by = billing.actor() AND billing.can_write(org_id, 'supply'));

ALTER TABLE billing.load_forecast ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.load_forecast FORCE ROW LEVEL SECURITY;
CREATE POLICY load_forecast_select_granted ON billing.load_forecast FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY load_forecast_insert_granted ON billing.load_forecast FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.account_forecast ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.account_forecast FORCE ROW LEVEL SECURITY;
CREATE POLICY account_forecast_select_granted ON billing.account_forecast FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'reading'));
CREATE POLICY account_forecast_select_own ON billing.account_forecast FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY account_forecast_insert_granted ON billing.account_forecast FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.feeder_capacity ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.feeder_capacity FORCE ROW LEVEL SECURITY;
CREATE POLICY feeder_capacity_select_granted ON billing.feeder_capacity FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY feeder_capacity_insert_granted ON billing.feeder_capacity FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY feeder_capacity_update_granted ON billing.feeder_capacity FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.supply_plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_plan FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_plan_select_granted ON billing.supply_plan FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY supply_plan_insert_granted ON billing.supply_plan FOR INSERT TO billing_owner
	WITH CHECK (made_by = billing.actor() AND billing.can_write(org_id, 'supply'));
CREATE POLICY supply_plan_update_granted ON billing.supply_plan FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.supply_plan_line ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_plan_line FORCE ROW LEVEL SECURITY;
CREATE POLICY supply_plan_line_select_granted ON billing.supply_plan_line FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY supply_plan_line_insert_granted ON billing.supply_plan_line FOR INSERT TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));
