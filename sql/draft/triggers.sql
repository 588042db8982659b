CREATE TRIGGER bill_draft_guard BEFORE UPDATE OR DELETE ON billing.bill_draft
	FOR EACH ROW EXECUTE FUNCTION billing._guard_draft();
CREATE TRIGGER bill_draft_refuse_truncate BEFORE TRUNCATE ON billing.bill_draft
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
