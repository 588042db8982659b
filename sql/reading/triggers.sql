CREATE TRIGGER reading_keep_replaced AFTER UPDATE ON billing.reading
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._keep_replaced();
-- by hand: the store's own functions, which replace and fold, say themselves what is late
CREATE TRIGGER reading_note_inserted AFTER INSERT ON billing.reading
	FOR EACH ROW WHEN (current_user <> 'billing_owner') EXECUTE FUNCTION billing._note_inserted();
CREATE TRIGGER reading_superseded_refuse_change BEFORE UPDATE OR DELETE ON billing.reading_superseded
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER reading_superseded_refuse_truncate BEFORE TRUNCATE ON billing.reading_superseded
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
