-- Rights rest on these tables; ALWAYS, so that a session that replays changes tells it too.
CREATE TRIGGER org_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.org
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.org ENABLE ALWAYS TRIGGER org_access_changed;
CREATE TRIGGER staff_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.staff
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.staff ENABLE ALWAYS TRIGGER staff_access_changed;
