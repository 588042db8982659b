CREATE TRIGGER access_grant_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.access_grant
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.access_grant ENABLE ALWAYS TRIGGER access_grant_access_changed;

CREATE TRIGGER stand_in_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.stand_in
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.stand_in ENABLE ALWAYS TRIGGER stand_in_access_changed;

CREATE TRIGGER audit_refuse_change BEFORE UPDATE OR DELETE ON billing.audit
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER audit_refuse_truncate BEFORE TRUNCATE ON billing.audit
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
