-- what was foreseen stays as it was, or there is nothing to compare
CREATE TRIGGER load_forecast_refuse_change BEFORE UPDATE OR DELETE ON billing.load_forecast
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER load_forecast_refuse_truncate BEFORE TRUNCATE ON billing.load_forecast
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
-- that of an account has its org by the account's key, which may change
CREATE TRIGGER account_forecast_refuse_delete BEFORE DELETE ON billing.account_forecast
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER account_forecast_refuse_truncate BEFORE TRUNCATE ON billing.account_forecast
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER load_forecast_run_refuse_change BEFORE UPDATE OR DELETE ON billing.load_forecast_run
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER load_forecast_run_refuse_truncate BEFORE TRUNCATE ON billing.load_forecast_run
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_plan_line_refuse_change BEFORE UPDATE OR DELETE ON billing.supply_plan_line
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_plan_line_refuse_truncate BEFORE TRUNCATE ON billing.supply_plan_line
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_plan_guard BEFORE UPDATE OR DELETE ON billing.supply_plan
	FOR EACH ROW EXECUTE FUNCTION billing._guard_supply_plan();
CREATE TRIGGER supply_plan_refuse_truncate BEFORE TRUNCATE ON billing.supply_plan
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
