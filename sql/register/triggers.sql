CREATE TRIGGER register_reading_refuse_change BEFORE UPDATE OR DELETE ON billing.register_reading
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_register_change();
CREATE TRIGGER register_reading_refuse_truncate BEFORE TRUNCATE ON billing.register_reading
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER org_inherit_limits AFTER INSERT ON billing.org
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._inherit_limits();
-- after the supply's own checks, whose names come first
CREATE TRIGGER meter_install_register_readings_insert AFTER INSERT ON billing.meter_install_register
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._install_readings();
CREATE TRIGGER meter_install_register_readings_update AFTER UPDATE ON billing.meter_install_register
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._install_readings();
CREATE TRIGGER meter_install_readings AFTER UPDATE ON billing.meter_install
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._install_readings();
