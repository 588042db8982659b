CREATE TRIGGER validation_rule_set_refuse_change BEFORE UPDATE OR DELETE ON billing.validation_rule_set
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER validation_rule_set_refuse_truncate BEFORE TRUNCATE ON billing.validation_rule_set
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER validation_finding_refuse_change BEFORE UPDATE OR DELETE ON billing.validation_finding
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER validation_finding_refuse_truncate BEFORE TRUNCATE ON billing.validation_finding
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER validation_action_refuse_change BEFORE UPDATE OR DELETE ON billing.validation_action
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER validation_action_refuse_truncate BEFORE TRUNCATE ON billing.validation_action
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
