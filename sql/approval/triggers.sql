CREATE TRIGGER approval_guard BEFORE INSERT OR UPDATE OR DELETE ON billing.approval
	FOR EACH ROW EXECUTE FUNCTION billing._guard_approval();
CREATE TRIGGER approval_refuse_truncate BEFORE TRUNCATE ON billing.approval
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
