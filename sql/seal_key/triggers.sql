CREATE TRIGGER seal_key_refuse_delete BEFORE DELETE ON billing.seal_key
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER seal_key_refuse_truncate BEFORE TRUNCATE ON billing.seal_key
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
