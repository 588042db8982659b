-- install: the extension, its release, and the store it makes.
SELECT billing.create_roles() <> '' AS roles;
SELECT billing.version() = extversion AS library_fits_script
  FROM pg_catalog.pg_extension WHERE extname = 'billing';

-- Without the roles there is nobody to own the store.
ALTER ROLE billing_owner RENAME TO regress_billing_owner;
SELECT billing.install();
ALTER ROLE regress_billing_owner RENAME TO billing_owner;
SELECT billing.install();

-- A second time changes nothing, and nor does asking for the roles again.
CREATE TEMPORARY TABLE before AS SELECT * FROM billing._store_objects();
SELECT billing.create_roles();
SELECT billing.install();
SELECT count(*) FROM (TABLE before EXCEPT SELECT * FROM billing._store_objects()) q;

-- Another build of the same release makes the code anew; tables, users' own objects and grants stay.
SET client_min_messages = warning;
CREATE INDEX org_name_idx ON billing.org (name);
ALTER TABLE billing.org ADD COLUMN regress_note text;
CREATE VIEW billing.regress_mine AS SELECT org_no FROM billing.org;
GRANT SELECT ON billing.org TO pg_monitor;
UPDATE billing.store SET digest = '', release = '0.0';
SELECT billing.install();
SELECT count(*) AS gone FROM (SELECT kind, identity FROM before EXCEPT SELECT kind, identity FROM billing._store_objects()) q;
SELECT b.kind, count(*) FROM before b JOIN billing._store_objects() o USING (kind, identity)
 WHERE b.object <> o.object AND b.kind IN ('table', 'sequence') GROUP BY 1;
SELECT to_regclass('billing.org_name_idx'), has_table_privilege('pg_monitor', 'billing.org', 'SELECT'), count(regress_note) FROM billing.org;
-- A user's view of one of ours in the way is named.
CREATE VIEW billing.regress_above AS SELECT billing._orgs_above(1);
UPDATE billing.store SET digest = '';
SELECT billing.install();
DROP VIEW billing.regress_above, billing.regress_mine;
SELECT billing.install();

-- What is there already is nobody's to adopt: the store is not made beside it.
CREATE DATABASE billing_stray;
\c billing_stray
CREATE EXTENSION billing;
CREATE TABLE billing.org ();
SELECT billing.install();
\c billing_regress
DROP DATABASE billing_stray;

-- The extension is whole, or not there: no part of it can go alone.
DROP FUNCTION billing.version();

-- A schema made by someone else beforehand is not adopted.
CREATE DATABASE billing_planted;
\c billing_planted
CREATE SCHEMA billing;
CREATE EXTENSION billing;
SELECT count(*) AS objects FROM pg_catalog.pg_proc WHERE pronamespace = 'billing'::regnamespace;
DROP SCHEMA billing;

-- Look-alikes first in the path are not called, neither at installation nor later.
CREATE FUNCTION public.impostor(text, text) RETURNS boolean LANGUAGE plpgsql
	AS $$ BEGIN RAISE EXCEPTION 'an impostor was called'; END $$;
CREATE OPERATOR public.~ (FUNCTION = public.impostor, LEFTARG = text, RIGHTARG = text);
CREATE OPERATOR public.= (FUNCTION = public.impostor, LEFTARG = text, RIGHTARG = text);
SET search_path = public, pg_catalog;
CREATE EXTENSION billing;
SELECT billing.install();
RESET search_path;

-- Only a superuser makes the extension; anybody may ask for the release, not for the store.
SET client_min_messages = error;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
RESET client_min_messages;
CREATE ROLE regress_billing_nobody;
GRANT CREATE ON DATABASE billing_planted TO regress_billing_nobody;
SET ROLE regress_billing_nobody;
CREATE EXTENSION billing;
RESET ROLE;
CREATE EXTENSION billing;
SET ROLE regress_billing_nobody;
SELECT billing.version() IS NOT NULL AS allowed;
SELECT billing.install();
SELECT billing.create_roles();
RESET ROLE;
GRANT EXECUTE ON FUNCTION billing.install() TO regress_billing_nobody;
SET ROLE regress_billing_nobody;
SELECT billing.install();
RESET ROLE;

-- A misspelt setting is refused.
SET billing.no_such_setting = 1;

\c billing_regress
DROP DATABASE billing_planted;
DROP ROLE regress_billing_nobody;
SET client_min_messages = error;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
