CREATE TRIGGER account_move_notices AFTER UPDATE OF org_id ON billing.account
	FOR EACH ROW WHEN (OLD.org_id <> NEW.org_id) EXECUTE FUNCTION billing._move_notices();
CREATE TRIGGER notice_guard BEFORE UPDATE OR DELETE ON billing.notice
	FOR EACH ROW EXECUTE FUNCTION billing._guard_notice();
CREATE TRIGGER notice_refuse_truncate BEFORE TRUNCATE ON billing.notice
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER notice_template_refuse_change BEFORE UPDATE OR DELETE ON billing.notice_template
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER notice_template_refuse_truncate BEFORE TRUNCATE ON billing.notice_template
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_request_guard_opening AFTER INSERT ON billing.supply_request
	FOR EACH ROW WHEN (NEW.kind = 'disconnection') EXECUTE FUNCTION billing._guard_disconnection();
CREATE TRIGGER supply_request_guard_step AFTER UPDATE OF state ON billing.supply_request
	FOR EACH ROW WHEN (NEW.kind = 'disconnection' AND NEW.state IN ('approved', 'completed')) EXECUTE FUNCTION billing._guard_disconnection();
