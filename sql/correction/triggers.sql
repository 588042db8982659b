CREATE TRIGGER formed_usage_note_late AFTER INSERT ON billing.formed_usage
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._note_formed();
