CREATE TRIGGER formed_line_refuse_change BEFORE UPDATE OR DELETE ON billing.formed_line
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER formed_line_refuse_truncate BEFORE TRUNCATE ON billing.formed_line
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER formed_usage_refuse_change BEFORE UPDATE OR DELETE ON billing.formed_usage
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_formed_change();
CREATE TRIGGER formed_usage_refuse_truncate BEFORE TRUNCATE ON billing.formed_usage
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
