-- Functions are executable by everybody unless it is said otherwise; so it is, for all that billing_owner makes.
DO $do$
DECLARE
	routine	regprocedure;
BEGIN
	FOR routine IN SELECT p.oid::regprocedure FROM pg_proc p
					WHERE p.pronamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND p.proowner = 'billing_owner'::regrole
	LOOP
		EXECUTE format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', routine);
	END LOOP;
END $do$;
GRANT USAGE ON SCHEMA billing_report TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.store TO billing_admin, billing_auditor;
