CREATE TRIGGER anomaly_refuse_delete BEFORE DELETE ON billing.anomaly
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER anomaly_refuse_truncate BEFORE TRUNCATE ON billing.anomaly
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
