CREATE TRIGGER bill_refuse_change BEFORE UPDATE OR DELETE ON billing.bill
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER bill_refuse_truncate BEFORE TRUNCATE ON billing.bill
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER transfer_refuse_change BEFORE UPDATE OR DELETE ON billing.transfer
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER transfer_refuse_truncate BEFORE TRUNCATE ON billing.transfer
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
