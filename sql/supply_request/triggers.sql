CREATE TRIGGER supply_request_guard BEFORE INSERT OR UPDATE OR DELETE ON billing.supply_request
	FOR EACH ROW EXECUTE FUNCTION billing._guard_supply_request();
CREATE TRIGGER supply_request_refuse_truncate BEFORE TRUNCATE ON billing.supply_request
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_request_event_refuse_change BEFORE UPDATE OR DELETE ON billing.supply_request_event
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER supply_request_event_refuse_truncate BEFORE TRUNCATE ON billing.supply_request_event
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER supply_request_document_refuse_change BEFORE UPDATE OR DELETE ON billing.supply_request_document
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER supply_request_document_refuse_truncate BEFORE TRUNCATE ON billing.supply_request_document
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER account_move_requests AFTER UPDATE OF org_id ON billing.account
	FOR EACH ROW WHEN (OLD.org_id <> NEW.org_id) EXECUTE FUNCTION billing._move_requests();
