CREATE TRIGGER audit_check_risky_act BEFORE INSERT ON billing.audit
	FOR EACH ROW EXECUTE FUNCTION billing._check_risky_act();
