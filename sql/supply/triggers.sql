CREATE TRIGGER meter_guard BEFORE INSERT OR DELETE ON billing.meter
	FOR EACH ROW EXECUTE FUNCTION billing._guard_equipment();
-- the steps that installing and removing take are theirs to check
CREATE TRIGGER meter_guard_change BEFORE UPDATE ON billing.meter
	FOR EACH ROW WHEN (NOT (OLD.meter_no = NEW.meter_no AND OLD.meter_id = NEW.meter_id AND OLD.meter_type_id = NEW.meter_type_id
		AND OLD.made_on IS NOT DISTINCT FROM NEW.made_on
		AND (OLD.state = NEW.state OR (OLD.state = 'in_stock' AND NEW.state = 'installed') OR (OLD.state = 'installed' AND NEW.state = 'removed'))))
	EXECUTE FUNCTION billing._guard_equipment();
CREATE TRIGGER meter_refuse_truncate BEFORE TRUNCATE ON billing.meter
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER instrument_transformer_guard BEFORE INSERT OR UPDATE OR DELETE ON billing.instrument_transformer
	FOR EACH ROW EXECUTE FUNCTION billing._guard_equipment();
CREATE TRIGGER instrument_transformer_refuse_truncate BEFORE TRUNCATE ON billing.instrument_transformer
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER equipment_event_refuse_change BEFORE UPDATE OR DELETE ON billing.equipment_event
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER equipment_event_refuse_truncate BEFORE TRUNCATE ON billing.equipment_event
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER meter_test_refuse_change BEFORE UPDATE OR DELETE ON billing.meter_test
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER meter_test_refuse_truncate BEFORE TRUNCATE ON billing.meter_test
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER feeder_place_refuse_change BEFORE UPDATE OR DELETE ON billing.feeder_place
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER area_place_refuse_change BEFORE UPDATE OR DELETE ON billing.area_place
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER service_point_place_refuse_change BEFORE UPDATE OR DELETE ON billing.service_point_place
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER gateway_reading_refuse_change BEFORE UPDATE OR DELETE ON billing.gateway_reading
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();

CREATE TRIGGER service_point_guard BEFORE UPDATE OR DELETE ON billing.service_point
	FOR EACH ROW EXECUTE FUNCTION billing._guard_service_point();
CREATE TRIGGER meter_install_guard BEFORE UPDATE OR DELETE ON billing.meter_install
	FOR EACH ROW EXECUTE FUNCTION billing._guard_install();
CREATE TRIGGER meter_install_refuse_truncate BEFORE TRUNCATE ON billing.meter_install
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER meter_install_begin AFTER INSERT ON billing.meter_install
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._begin_installs();
CREATE TRIGGER meter_install_end AFTER UPDATE ON billing.meter_install
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._end_installs();
CREATE TRIGGER meter_install_register_guard BEFORE UPDATE OR DELETE ON billing.meter_install_register
	FOR EACH ROW EXECUTE FUNCTION billing._guard_install();
CREATE TRIGGER meter_install_register_check_insert AFTER INSERT ON billing.meter_install_register
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._check_install_registers();
CREATE TRIGGER meter_install_register_check_update AFTER UPDATE ON billing.meter_install_register
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._check_install_registers();
CREATE TRIGGER gateway_meter_guard BEFORE UPDATE OR DELETE ON billing.gateway_meter
	FOR EACH ROW EXECUTE FUNCTION billing._guard_install();
CREATE TRIGGER gateway_meter_begin AFTER INSERT ON billing.gateway_meter
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._begin_installs();
CREATE TRIGGER gateway_meter_end AFTER UPDATE ON billing.gateway_meter
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._end_installs();
CREATE TRIGGER transformer_install_guard BEFORE UPDATE OR DELETE ON billing.transformer_install
	FOR EACH ROW EXECUTE FUNCTION billing._guard_install();
CREATE TRIGGER account_move_equipment AFTER UPDATE OF org_id ON billing.account
	FOR EACH ROW WHEN (OLD.org_id <> NEW.org_id) EXECUTE FUNCTION billing._move_equipment();
CREATE TRIGGER gateway_reading_check AFTER INSERT ON billing.gateway_reading
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._check_gateway_readings();
CREATE TRIGGER equipment_fault_guard BEFORE UPDATE OR DELETE ON billing.equipment_fault
	FOR EACH ROW EXECUTE FUNCTION billing._guard_fault();
