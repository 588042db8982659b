CREATE TRIGGER register_reading_refuse_change BEFORE UPDATE OR DELETE ON billing.register_reading
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_register_change();
CREATE TRIGGER register_reading_refuse_truncate BEFORE TRUNCATE ON billing.register_reading
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER org_inherit_limits AFTER INSERT ON billing.org
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._inherit_limits();
