-- Rights rest on these too: every session is told.
CREATE TRIGGER access_group_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.access_group
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.access_group ENABLE ALWAYS TRIGGER access_group_access_changed;
CREATE TRIGGER group_staff_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.group_staff
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.group_staff ENABLE ALWAYS TRIGGER group_staff_access_changed;
CREATE TRIGGER group_group_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.group_group
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.group_group ENABLE ALWAYS TRIGGER group_group_access_changed;
CREATE TRIGGER group_grant_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.group_grant
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.group_grant ENABLE ALWAYS TRIGGER group_grant_access_changed;
CREATE TRIGGER duty_rule_access_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON billing.duty_rule
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.duty_rule ENABLE ALWAYS TRIGGER duty_rule_access_changed;
