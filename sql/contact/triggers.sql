CREATE TRIGGER customer_merge_refuse_change BEFORE UPDATE OR DELETE ON billing.customer_merge
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER customer_merge_refuse_truncate BEFORE TRUNCATE ON billing.customer_merge
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
