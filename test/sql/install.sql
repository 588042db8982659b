-- install: the extension, its release, and the store it makes.
SELECT billing.version() = extversion AS library_fits_script
  FROM pg_catalog.pg_extension WHERE extname = 'billing';

SELECT billing.install();

-- A second time is no error.
SELECT billing.install();

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
DROP EXTENSION billing;
CREATE ROLE regress_billing_nobody;
GRANT CREATE ON DATABASE billing_planted TO regress_billing_nobody;
SET ROLE regress_billing_nobody;
CREATE EXTENSION billing;
RESET ROLE;
CREATE EXTENSION billing;
SET ROLE regress_billing_nobody;
SELECT billing.version() IS NOT NULL AS allowed;
SELECT billing.install();
RESET ROLE;

-- A misspelt setting is refused.
SET billing.no_such_setting = 1;

\c billing_regress
DROP DATABASE billing_planted;
DROP ROLE regress_billing_nobody;
