CREATE TRIGGER model_version_refuse_change BEFORE UPDATE OR DELETE ON billing.model_version
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER model_version_refuse_truncate BEFORE TRUNCATE ON billing.model_version
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER model_backtest_refuse_change BEFORE UPDATE OR DELETE ON billing.model_backtest
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER model_backtest_refuse_truncate BEFORE TRUNCATE ON billing.model_backtest
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
