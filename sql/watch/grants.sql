GRANT SELECT ON billing.upkeep, billing.alert_rule, billing.alert, billing_report.metric TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.health(), billing.metrics(), billing.take_alert(bigint) TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.record_upkeep(text, boolean, jsonb), billing.check_chains(), billing.check_alerts(),
	billing.set_alert_rule(text, text, interval, text, text, text, numeric, text, boolean) TO billing_admin;

/*
 * After all grants: what others than the owner may write straight into has a
 * trail, a row for each statement and org.
 */
DO $do$
DECLARE
	t	record;
BEGIN
	FOR t IN SELECT c.oid::regclass AS name, c.relname, v.event
			   FROM pg_class c CROSS JOIN (VALUES ('INSERT'), ('UPDATE')) v(event)
			  WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind = 'r'
				AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname ~ '^billing_' AND r.rolname <> 'billing_owner' AND has_any_column_privilege(r.oid, c.oid, v.event))
			  ORDER BY c.relname, v.event
	LOOP
		EXECUTE format('CREATE TRIGGER %I AFTER %s ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT WHEN (current_user <> ''billing_owner'') '
			'EXECUTE FUNCTION billing._audit_rows(''counted'')', t.relname || '_audit_' || lower(t.event), t.event, t.name);
	END LOOP;
END $do$;
