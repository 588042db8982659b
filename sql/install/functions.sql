/*
 * The store: billing.install() runs what the modules of the store say, as
 * ordinary objects of the caller, not as members of the extension.
 */
CREATE FUNCTION billing._store_code()
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$ SELECT $store$
@STORE@
$store$ $function$;
COMMENT ON FUNCTION billing._store_code() IS 'SQL that makes the store';
REVOKE ALL ON FUNCTION billing._store_code() FROM PUBLIC;

CREATE FUNCTION billing.install()
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
	code	text := billing._store_code();
BEGIN
	IF code ~ '^\s*$' THEN
		RETURN 'The store of this release is empty: nothing to make.';
	END IF;
	EXECUTE code;
	RETURN 'The store is made.';
END
$function$;
COMMENT ON FUNCTION billing.install()
	IS 'makes the store, or brings it up to date; says what it did';
REVOKE ALL ON FUNCTION billing.install() FROM PUBLIC;
