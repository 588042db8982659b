/*
 * A plain CREATE SCHEMA: where someone else has made a schema of this name,
 * with whatever they put into it, the installation fails.
 */
CREATE SCHEMA billing;
COMMENT ON SCHEMA billing IS 'energy profiles, tariffs and exact, explained bills';
GRANT USAGE ON SCHEMA billing TO PUBLIC;

CREATE FUNCTION billing.version()
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_version';
COMMENT ON FUNCTION billing.version() IS 'release of the loaded library';
