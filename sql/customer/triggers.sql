-- A login that begins or ends changes who somebody is; other columns do not.
CREATE TRIGGER customer_access_changed AFTER UPDATE OF login_role, valid_during OR DELETE OR TRUNCATE ON billing.customer
	FOR EACH STATEMENT EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.customer ENABLE ALWAYS TRIGGER customer_access_changed;
CREATE TRIGGER customer_access_begins AFTER INSERT ON billing.customer
	FOR EACH ROW WHEN (NEW.login_role IS NOT NULL) EXECUTE FUNCTION billing._access_changed();
ALTER TABLE billing.customer ENABLE ALWAYS TRIGGER customer_access_begins;

CREATE TRIGGER account_make_heads AFTER INSERT ON billing.account
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._make_heads();

CREATE TRIGGER account_phase_refuse_change BEFORE UPDATE OR DELETE ON billing.account_phase
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_all_but_org();
CREATE TRIGGER account_phase_refuse_truncate BEFORE TRUNCATE ON billing.account_phase
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();

CREATE TRIGGER bill_cycle_refuse_change BEFORE UPDATE OR DELETE ON billing.bill_cycle
	FOR EACH ROW EXECUTE FUNCTION billing._refuse_change();
CREATE TRIGGER bill_cycle_refuse_truncate BEFORE TRUNCATE ON billing.bill_cycle
	FOR EACH STATEMENT EXECUTE FUNCTION billing._refuse_change();
