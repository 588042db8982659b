-- The grid and the assets: an org's. In bulk clerks write only below what they may read: a key alone would also take a stranger's.
ALTER TABLE billing.station ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.station FORCE ROW LEVEL SECURITY;
CREATE POLICY station_select_granted ON billing.station FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY station_insert_granted ON billing.station FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY station_update_granted ON billing.station FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.feeder ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.feeder FORCE ROW LEVEL SECURITY;
CREATE POLICY feeder_select_granted ON billing.feeder FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY feeder_insert_granted ON billing.feeder FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply')
		AND EXISTS (SELECT FROM billing.station p WHERE p.station_id = feeder.station_id));
CREATE POLICY feeder_update_granted ON billing.feeder FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.transformer_area ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.transformer_area FORCE ROW LEVEL SECURITY;
CREATE POLICY transformer_area_select_granted ON billing.transformer_area FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY transformer_area_insert_granted ON billing.transformer_area FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply')
		AND EXISTS (SELECT FROM billing.feeder p WHERE p.feeder_id = transformer_area.feeder_id));
CREATE POLICY transformer_area_update_granted ON billing.transformer_area FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.feeder_place ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.feeder_place FORCE ROW LEVEL SECURITY;
CREATE POLICY feeder_place_select_granted ON billing.feeder_place FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY feeder_place_insert_granted ON billing.feeder_place FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.area_place ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.area_place FORCE ROW LEVEL SECURITY;
CREATE POLICY area_place_select_granted ON billing.area_place FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY area_place_insert_granted ON billing.area_place FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.meter ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.meter FORCE ROW LEVEL SECURITY;
CREATE POLICY meter_select_granted ON billing.meter FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
-- whoever moves an account, or makes the next one of it, moves what is installed there
CREATE POLICY meter_select_moved ON billing.meter FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'account'));
CREATE POLICY meter_insert_granted ON billing.meter FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY meter_update_granted ON billing.meter FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account') OR billing.can_do('approve', 'supply', org_id))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account') OR billing.can_do('approve', 'supply', org_id));

ALTER TABLE billing.instrument_transformer ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.instrument_transformer FORCE ROW LEVEL SECURITY;
CREATE POLICY instrument_transformer_select_granted ON billing.instrument_transformer FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY instrument_transformer_select_moved ON billing.instrument_transformer FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'account'));
CREATE POLICY instrument_transformer_insert_granted ON billing.instrument_transformer FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY instrument_transformer_update_granted ON billing.instrument_transformer FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account') OR billing.can_do('approve', 'supply', org_id))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account') OR billing.can_do('approve', 'supply', org_id));

ALTER TABLE billing.equipment_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.equipment_event FORCE ROW LEVEL SECURITY;
CREATE POLICY equipment_event_select_granted ON billing.equipment_event FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY equipment_event_insert_own ON billing.equipment_event FOR INSERT TO billing_owner
	WITH CHECK (actor = billing.actor() AND (billing.can_write(org_id, 'supply') OR billing.can_do('approve', 'supply', org_id)));

ALTER TABLE billing.meter_test ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.meter_test FORCE ROW LEVEL SECURITY;
CREATE POLICY meter_test_select_granted ON billing.meter_test FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY meter_test_insert_own ON billing.meter_test FOR INSERT
	TO billing_owner WITH CHECK (recorded_by = billing.actor() AND billing.can_write(org_id, 'supply'));

ALTER TABLE billing.gateway_meter ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.gateway_meter FORCE ROW LEVEL SECURITY;
CREATE POLICY gateway_meter_select_granted ON billing.gateway_meter FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY gateway_meter_insert_granted ON billing.gateway_meter FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply')
		AND (area_id IS NULL OR EXISTS (SELECT FROM billing.transformer_area p WHERE p.area_id = gateway_meter.area_id))
		AND (feeder_id IS NULL OR EXISTS (SELECT FROM billing.feeder p WHERE p.feeder_id = gateway_meter.feeder_id)));
CREATE POLICY gateway_meter_update_granted ON billing.gateway_meter FOR UPDATE
	TO billing_owner USING (billing.can_write(org_id, 'supply')) WITH CHECK (billing.can_write(org_id, 'supply'));

ALTER TABLE billing.gateway_reading ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.gateway_reading FORCE ROW LEVEL SECURITY;
CREATE POLICY gateway_reading_select_granted ON billing.gateway_reading FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY gateway_reading_insert_granted ON billing.gateway_reading FOR INSERT
	TO billing_owner, billing_clerk WITH CHECK (billing.can_write(org_id, 'supply'));

-- What hangs at an account is read with it.  It is written by who may write supply, or the account where a request goes on with it.
ALTER TABLE billing.service_point ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.service_point FORCE ROW LEVEL SECURITY;
CREATE POLICY service_point_select_granted ON billing.service_point FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY service_point_select_own ON billing.service_point FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY service_point_select_owner ON billing.service_point FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'supply'));
CREATE POLICY service_point_insert_granted ON billing.service_point FOR INSERT
	TO billing_clerk WITH CHECK (billing.can_write(org_id, 'supply')
		AND (area_id IS NULL OR EXISTS (SELECT FROM billing.transformer_area p WHERE p.area_id = service_point.area_id))
		AND (feeder_id IS NULL OR EXISTS (SELECT FROM billing.feeder p WHERE p.feeder_id = service_point.feeder_id)));
CREATE POLICY service_point_insert_owner ON billing.service_point FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
CREATE POLICY service_point_update_owner ON billing.service_point FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));

ALTER TABLE billing.service_point_place ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.service_point_place FORCE ROW LEVEL SECURITY;
CREATE POLICY service_point_place_select_granted ON billing.service_point_place FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY service_point_place_select_own ON billing.service_point_place FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY service_point_place_insert_owner ON billing.service_point_place FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));

ALTER TABLE billing.meter_install ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.meter_install FORCE ROW LEVEL SECURITY;
CREATE POLICY meter_install_select_granted ON billing.meter_install FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY meter_install_select_own ON billing.meter_install FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY meter_install_select_owner ON billing.meter_install FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'supply'));
-- what goes on elsewhere is said by the commands that let it
CREATE POLICY meter_install_insert_granted ON billing.meter_install FOR INSERT
	TO billing_clerk WITH CHECK (billing.can_write(org_id, 'supply') AND (ended_by IS NULL OR ended_by IN ('remove', 'exchange')));
CREATE POLICY meter_install_insert_owner ON billing.meter_install FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
CREATE POLICY meter_install_update_owner ON billing.meter_install FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));

ALTER TABLE billing.meter_install_register ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.meter_install_register FORCE ROW LEVEL SECURITY;
CREATE POLICY meter_install_register_select_granted ON billing.meter_install_register FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY meter_install_register_select_own ON billing.meter_install_register FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY meter_install_register_select_owner ON billing.meter_install_register FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'supply'));
CREATE POLICY meter_install_register_insert_granted ON billing.meter_install_register FOR INSERT
	TO billing_clerk WITH CHECK (billing.can_write(org_id, 'supply'));
CREATE POLICY meter_install_register_insert_owner ON billing.meter_install_register FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
CREATE POLICY meter_install_register_update_owner ON billing.meter_install_register FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));

ALTER TABLE billing.transformer_install ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.transformer_install FORCE ROW LEVEL SECURITY;
CREATE POLICY transformer_install_select_granted ON billing.transformer_install FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'account'));
CREATE POLICY transformer_install_select_own ON billing.transformer_install FOR SELECT
	TO billing_customer USING (billing.is_own(account_id));
CREATE POLICY transformer_install_select_owner ON billing.transformer_install FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'supply'));
CREATE POLICY transformer_install_insert_owner ON billing.transformer_install FOR INSERT
	TO billing_owner WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
CREATE POLICY transformer_install_update_owner ON billing.transformer_install FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));

ALTER TABLE billing.equipment_fault ENABLE ROW LEVEL SECURITY;
ALTER TABLE billing.equipment_fault FORCE ROW LEVEL SECURITY;
CREATE POLICY equipment_fault_select_granted ON billing.equipment_fault FOR SELECT
	TO billing_owner, billing_clerk, billing_analyst, billing_auditor USING (billing.can_read(org_id, 'supply'));
CREATE POLICY equipment_fault_insert_own ON billing.equipment_fault FOR INSERT
	TO billing_owner WITH CHECK (reported_by = billing.actor() AND billing.can_write(org_id, 'supply'));
CREATE POLICY equipment_fault_select_moved ON billing.equipment_fault FOR SELECT
	TO billing_owner USING (billing.can_write(org_id, 'account'));
CREATE POLICY equipment_fault_update_granted ON billing.equipment_fault FOR UPDATE TO billing_owner
	USING (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'))
	WITH CHECK (billing.can_write(org_id, 'supply') OR billing.can_write(org_id, 'account'));
