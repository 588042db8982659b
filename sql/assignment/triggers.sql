CREATE TRIGGER account_grant_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.account_grant
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.account_grant ENABLE ALWAYS TRIGGER account_grant_access_changed;
CREATE TRIGGER staff_end_assignments AFTER UPDATE ON billing.staff
	FOR EACH ROW WHEN (OLD.post IS DISTINCT FROM NEW.post OR OLD.org_id IS DISTINCT FROM NEW.org_id OR upper(NEW.valid_during) <= now())
	EXECUTE FUNCTION billing._end_assignments();
