-- Background workers for bill runs: C, since SQL cannot start processes.
CREATE FUNCTION billing._start_workers(run_id bigint, workers integer, waits boolean)
RETURNS integer
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_start_workers';
COMMENT ON FUNCTION billing._start_workers(bigint, integer, boolean) IS
'starts background workers that do a run''s chunks in the name of who calls; they wait for his transaction, or he for them; returns how many';
REVOKE ALL ON FUNCTION billing._start_workers(bigint, integer, boolean) FROM PUBLIC;

CREATE FUNCTION billing._workers_busy()
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_workers_busy';
COMMENT ON FUNCTION billing._workers_busy() IS 'waits a second at most: is one of the workers that the session waits for still at work?';
REVOKE ALL ON FUNCTION billing._workers_busy() FROM PUBLIC;

CREATE FUNCTION billing._works_for(run_id bigint)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_works_for';
COMMENT ON FUNCTION billing._works_for(bigint) IS 'is this process a background worker of this run?';
REVOKE ALL ON FUNCTION billing._works_for(bigint) FROM PUBLIC;
