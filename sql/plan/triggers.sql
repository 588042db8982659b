CREATE TRIGGER plan_version_refuse_change BEFORE UPDATE OR DELETE ON billing.plan_version
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER plan_version_refuse_truncate BEFORE TRUNCATE ON billing.plan_version
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER account_plan_begin AFTER INSERT ON billing.account_plan
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._begin_plans();
