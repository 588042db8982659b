CREATE TRIGGER bill_sum_bills AFTER INSERT ON billing.bill
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._sum_bills();
CREATE TRIGGER transfer_sum_transfers AFTER INSERT ON billing.transfer
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._sum_transfers();
CREATE TRIGGER account_sum_moves AFTER UPDATE ON billing.account
	REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._sum_moves();
CREATE TRIGGER plan_version_class_plans AFTER INSERT ON billing.plan_version
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._class_plans();
CREATE TRIGGER org_inherit_due_rules AFTER INSERT ON billing.org
	REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION billing._inherit_due_rules();
-- a store of before has bills and no sums
DO $do$
BEGIN
	IF EXISTS (SELECT FROM billing.transfer) AND NOT EXISTS (SELECT FROM billing.transfer_sum) THEN
		PERFORM billing._rebuild_sums();
	END IF;
	INSERT INTO billing.plan_class (plan_id, class)
	SELECT DISTINCT ON (v.plan_id) v.plan_id, billing.jsonb(v.tariff) #>> '{notes,class}' FROM billing.plan_version v
	 WHERE billing.jsonb(v.tariff) #>> '{notes,class}' ~ '^[a-z][a-z0-9_]{0,31}$' ORDER BY v.plan_id, v.from_on
	    ON CONFLICT ON CONSTRAINT plan_class_pkey DO NOTHING;
END $do$;
