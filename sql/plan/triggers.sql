CREATE TRIGGER plan_version_refuse_change BEFORE UPDATE OR DELETE ON billing.plan_version
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER plan_version_refuse_truncate BEFORE TRUNCATE ON billing.plan_version
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
