CREATE TRIGGER reading_keep_replaced AFTER UPDATE ON billing.reading
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._keep_replaced();
CREATE TRIGGER reading_superseded_refuse_change BEFORE UPDATE OR DELETE ON billing.reading_superseded
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER reading_superseded_refuse_truncate BEFORE TRUNCATE ON billing.reading_superseded
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
