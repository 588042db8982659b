-- What every member of the extension owes: a comment, stated labels, a pinned
-- path, no more privileges than meant.  Each check lists its offenders.
BEGIN;
CREATE TEMPORARY VIEW member AS
SELECT classid, objid
  FROM pg_depend
 WHERE refclassid = 'pg_extension'::regclass AND deptype = 'e'
   AND refobjid = (SELECT oid FROM pg_extension WHERE extname = 'billing');

CREATE TEMPORARY VIEW member_function AS
SELECT p.*, p.oid::regprocedure::text AS signature, l.lanname
  FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
 WHERE EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid);

SELECT plan(15);

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE obj_description(oid, 'pg_proc') IS NULL ORDER BY 1
$$, 'every function has a comment');

SELECT is_empty($$
	SELECT t.typname FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	 WHERE t.typelem = 0 AND obj_description(t.oid, 'pg_type') IS NULL
	   AND NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = t.typrelid AND obj_description(c.oid, 'pg_class') IS NOT NULL)
	 ORDER BY 1
$$, 'every type has a comment');

SELECT is_empty($$
	SELECT o.oid::regoperator::text FROM pg_operator o
	  JOIN member m ON m.classid = 'pg_operator'::regclass AND m.objid = o.oid
	 WHERE obj_description(o.oid, 'pg_operator') IS NULL ORDER BY 1
$$, 'every operator has a comment');

SELECT is_empty($$
	SELECT signature FROM member_function WHERE pronamespace <> 'billing'::regnamespace
$$, 'every function is in the schema billing');

SELECT is_empty($$
	SELECT c.oid::regclass::text FROM pg_class c
	  JOIN member m ON m.classid = 'pg_class'::regclass AND m.objid = c.oid
	 WHERE c.relkind NOT IN ('c', 'i')
$$, 'no table, view or sequence is a member');

SELECT is_empty($$
	SELECT signature FROM member_function WHERE prosecdef ORDER BY 1
$$, 'no member runs as its owner');

SELECT is_empty($$
	SELECT signature FROM member_function WHERE proleakproof ORDER BY 1
$$, 'no member claims to be leakproof');

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
	   AND NOT coalesce(proconfig @> '{"search_path=pg_catalog, pg_temp"}', false)
	 ORDER BY 1
$$, 'every function in SQL or PL/pgSQL pins its path');

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE lanname = 'c' AND prosrc !~ '^billing_[a-z0-9_]+$' ORDER BY 1
$$, 'every entry point in C is named billing_…');

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE proname LIKE '\_%' AND prokind <> 'a'
	   -- the planner puts it into the caller's own query in place of rate(); the parts of a chart run as who draws it
	   AND proname <> '_rate_import' AND proname NOT LIKE '\_chart\_%'
	   AND EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) a
					WHERE a.grantee = 0 AND a.privilege_type = 'EXECUTE')
	 ORDER BY 1
$$, 'no internal function is executable by PUBLIC');

-- Aggregates, their support functions and what writes may differ; a type's functions may not.
SELECT is_empty($$
	SELECT p.signature FROM member_function p
	 WHERE p.provolatile = 'v' AND p.proname NOT IN ('install', 'create_roles', 'identify', 'issue_token')
	   AND p.proname !~ '^_(run_store|drop_store_code|grant_members|access_changed|sum_bills|sum_transfers|guard_drop|take_line|taken_lines|seal|open|make_key|rewrap_key|identify_by|bind_actor|spend_login|backend_name|start_workers|workers_busy|bill_accounts)$'
	   AND p.prokind = 'f' ORDER BY 1
$$, 'only what changes something is volatile');

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE proparallel <> 's' AND provolatile <> 'v' ORDER BY 1
$$, 'everything that changes nothing is parallel safe');

SELECT is_empty($$
	SELECT signature FROM member_function
	 WHERE prorettype = 'internal'::regtype AND NOT 'internal'::regtype = ANY (proargtypes) ORDER BY 1
$$, 'nobody can make a value of type internal');

SELECT is_empty($$
	SELECT p.signature FROM pg_aggregate a JOIN member_function p ON p.oid = a.aggfnoid
	-- but those that are the order: of a chain, of periods with their carry
	 WHERE a.aggcombinefn = 0 AND a.aggkind = 'n' AND p.proname NOT IN ('_chain_end', 'rate_fold') ORDER BY 1
$$, 'every aggregate has a combine function');

SELECT is_empty($$
	SELECT t.typname FROM pg_type t JOIN member m ON m.classid = 'pg_type'::regclass AND m.objid = t.oid
	 WHERE t.typtype = 'b' AND t.typelem = 0 AND (t.typsend = 0 OR t.typreceive = 0) ORDER BY 1
$$, 'every base type has a binary form');

SELECT finish();
ROLLBACK;
