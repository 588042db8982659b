CREATE TRIGGER anchor_refuse_change BEFORE UPDATE OR DELETE ON billing.anchor
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER anchor_refuse_truncate BEFORE TRUNCATE ON billing.anchor
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER period_close_refuse_change BEFORE UPDATE OR DELETE ON billing.period_close
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER period_close_refuse_truncate BEFORE TRUNCATE ON billing.period_close
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
