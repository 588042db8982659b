GRANT SELECT ON billing.account_grant TO billing_admin, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.assign_accounts(text, text[], timestamptz, text[], text[], timestamptz), billing.unassign_accounts(text, text[]) TO billing_admin;

-- What the store's own functions may do to an account by a right at its org, they may by a right on the account:
-- made of their policies, so that no table is forgotten.
DO $do$
DECLARE
	policy	record;
BEGIN
	FOR policy IN
		SELECT left(p.polname, 54) || '_assigned' AS name, c.oid::regclass AS at, v.command,
			   billing._by_account(pg_get_expr(p.polqual, p.polrelid)) AS qual, billing._by_account(pg_get_expr(p.polwithcheck, p.polrelid)) AS with_check
		  FROM pg_policy p
		  JOIN pg_class c ON c.oid = p.polrelid AND c.relnamespace = 'billing'::regnamespace
		  JOIN (VALUES ('r', 'SELECT'), ('a', 'INSERT'), ('w', 'UPDATE'), ('d', 'DELETE')) v(polcmd, command) ON v.polcmd = p.polcmd::text
		 WHERE to_regrole('billing_owner') = ANY (p.polroles) AND EXISTS (SELECT FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attname = 'account_id')
	LOOP
		CONTINUE WHEN policy.qual IS NULL AND policy.with_check IS NULL;
		EXECUTE format('CREATE POLICY %I ON %s FOR %s TO billing_owner', policy.name, policy.at, policy.command)
			|| coalesce(' USING (' || policy.qual || ')', '') || coalesce(' WITH CHECK (' || policy.with_check || ')', '');
	END LOOP;
END $do$;
