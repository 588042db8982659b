CREATE TRIGGER upkeep_refuse_change BEFORE UPDATE OR DELETE ON billing.upkeep
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER upkeep_refuse_truncate BEFORE TRUNCATE ON billing.upkeep
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

-- What has no author of its own, and is changed by commands that say it nowhere else.
CREATE TRIGGER calendar_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.calendar
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER price_component_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.price_component
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER price_series_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.price_series
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER loss_table_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.loss_table
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER meter_type_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.meter_type
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER register_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.register
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
CREATE TRIGGER plan_class_audit_all AFTER INSERT OR UPDATE OR DELETE ON billing.plan_class
	FOR EACH STATEMENT EXECUTE FUNCTION billing._audit_rows('said');
