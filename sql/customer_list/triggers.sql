CREATE TRIGGER customer_list_refuse_change BEFORE UPDATE OR DELETE ON billing.customer_list
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER customer_list_refuse_truncate BEFORE TRUNCATE ON billing.customer_list
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER customer_list_reject_refuse_change BEFORE UPDATE OR DELETE ON billing.customer_list_reject
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER customer_list_reject_refuse_truncate BEFORE TRUNCATE ON billing.customer_list_reject
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
