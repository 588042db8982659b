-- access: the tree of organisations, staff, grants, identity; then every way round them.
--
--	C  company		S1 station, T1 team below it		S2 station
SET client_min_messages = warning;
SELECT billing.create_roles() IS NOT NULL AS roles;
SELECT billing.install() <> '' AS store;
CREATE ROLE regress_anna LOGIN IN ROLE billing_admin;
CREATE ROLE regress_bob LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_carl LOGIN IN ROLE billing_analyst;
CREATE ROLE regress_pool LOGIN IN ROLE billing_clerk, billing_customer;
CREATE ROLE regress_plain LOGIN;

SELECT billing.add_org('C', 'Company', 'company') > 0 AS made;
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') > 0 AS made;
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') > 0 AS made;
SELECT billing.add_org('T1', 'Team 1', 'team', 'S1') > 0 AS made;
SELECT count(billing.add_staff(v.org_no, v.staff_no, v.name, v.post, v.role)) AS staff FROM (VALUES
	('C', 'A1', 'Anna', 'administrator', 'regress_anna'), ('S1', 'B1', 'Bob', 'billing clerk', 'regress_bob'),
	('C', 'C1', 'Carl', 'analyst', 'regress_carl'), ('S2', 'D1', 'Dora', 'billing clerk', NULL)) v(org_no, staff_no, name, post, role);
SELECT billing.grant_access('A1', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');

-- Anna administers; what she grants is what she holds, and never to herself.
\c - regress_anna
SELECT billing.actor() ~ '^staff:' AS staff, count(*) AS orgs FROM billing.org;
SELECT billing.grant_post('B1', 'S1'), billing.grant_post('C1', 'C'), billing.grant_post('D1', 'S2');
SELECT billing.grant_access('A1', 'C', '{bill}', '{read}');
SELECT billing.grant_access('B1', 'C', '{bill}', '{fly}');
SELECT billing.add_org('T9', 'No such parent', 'team', 'NONE');

-- An org is not put under itself.
SELECT billing.move_org('S1', 'T1');

-- Bob sees his station and what is below it, and changes nothing.
\c - regress_bob
SELECT org_no, name FROM billing.org ORDER BY 1;
SELECT staff_no FROM billing.staff ORDER BY 1;
SELECT billing.add_org('T2', 'Team 2', 'team', 'S1');
UPDATE billing.org SET name = 'mine';
INSERT INTO billing.access_grant (staff_id, org_id, kind, action) VALUES (1, 1, 'org', 'read');
SELECT * FROM billing.access_grant;
SELECT * FROM billing.audit;
TRUNCATE billing.audit;

-- Nobody gets nothing: no identity, no rows.
\c - regress_pool
SELECT billing.actor(), (SELECT count(*) FROM billing.org) AS orgs, (SELECT count(*) FROM billing.staff) AS staff;
\c - regress_plain
SELECT * FROM billing.org;
SELECT billing.can_read(1, 'org');

-- ---- identity is not to be had by asking ----
-- Before the library is loaded the server does not know the settings, and takes anything; then it forgets it.
\c - regress_plain
SET billing.actor = 'staff:1';
SET billing.token_key_file = '/dev/null';
SELECT billing.actor();
\c - regress_bob
SELECT billing.actor() <> '' AS loaded;
SET billing.actor = 'staff:1';
SET billing.token_key_file = '/dev/null';
SELECT set_config('billing.actor', 'staff:1', true);
RESET billing.actor;
SHOW billing.actor;
SHOW billing.token_key_file;
SET ROLE billing_owner;
SET ROLE billing_clerk;
SELECT org_no FROM billing.org ORDER BY 1;
RESET ROLE;
CREATE FUNCTION pg_temp.other() RETURNS bigint LANGUAGE sql SET billing.actor = 'staff:1' AS 'SELECT count(*) FROM billing.org';

-- Not even with the right to SET it, nor by the role's own settings: only identify() does.
\c - postgres
GRANT SET ON PARAMETER billing.actor TO regress_bob;
ALTER ROLE regress_bob SET billing.actor = 'staff:1';
SET billing.actor = 'staff:1';
\c - regress_bob
SET billing.actor = 'staff:1';
SELECT count(*) AS orgs FROM billing.org;
\c - postgres
REVOKE SET ON PARAMETER billing.actor FROM regress_bob;
ALTER ROLE regress_bob RESET ALL;

-- ---- tokens, for applications that share a login ----
SELECT billing.issue_token('staff', 1);
COPY (SELECT 'old 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f') TO PROGRAM 'cat >regress_open.key';
COPY (VALUES ('# newest first'), ('k2 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f'), ('old 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'))
	TO PROGRAM 'umask 077; cat >regress_token.key';
COPY (VALUES ('k3 zz')) TO PROGRAM 'umask 077; cat >regress_broken.key';
COPY (VALUES (1)) TO PROGRAM 'cat >/dev/null; chmod 644 regress_open.key';
ALTER SYSTEM SET billing.token_key_file = 'regress_open.key';
SELECT pg_reload_conf();
\c -
SELECT billing.issue_token('staff', 1);
ALTER SYSTEM SET billing.token_key_file = 'regress_broken.key';
SELECT pg_reload_conf();
\c -
SELECT billing.issue_token('staff', 1);
ALTER SYSTEM SET billing.token_key_file = 'regress_token.key';
SELECT pg_reload_conf();
\c -
SELECT billing.issue_token('robot', 1);
SELECT billing.issue_token('staff', 1, 61);
SELECT staff_id AS bob FROM billing.staff WHERE staff_no = 'B1' \gset
SELECT staff_id AS dora FROM billing.staff WHERE staff_no = 'D1' \gset
SELECT billing.issue_token('staff', :bob) AS bob_token, billing.issue_token('staff', :dora) AS dora_token,
	   billing.issue_token('staff', 999999) AS stranger_token, billing.issue_token('staff', :bob, 1) AS short_token \gset
SELECT :'bob_token' ~ '^b1\.k2\.staff\.[0-9]+\.[0-9]{10}\.[0-9a-f]{16}\.[0-9a-f]{64}$' AS form;

\c - regress_pool
SELECT billing.issue_token('staff', 1);
BEGIN;
SELECT billing.identify(:'bob_token') = billing.actor() AS bound;
SELECT org_no FROM billing.org ORDER BY 1;
-- once in a transaction; the same again is no harm
SELECT billing.identify(:'bob_token') = billing.actor() AS again;
SAVEPOINT s;
SELECT billing.identify(:'dora_token');
ROLLBACK TO s;
COMMIT;
-- it ended with the transaction
SELECT billing.actor(), count(*) AS orgs FROM billing.org;
-- and with the savepoint
BEGIN;
SAVEPOINT s;
SELECT billing.identify(:'dora_token') <> '' AS bound;
SELECT org_no FROM billing.org ORDER BY 1;
ROLLBACK TO s;
SELECT billing.actor(), count(*) AS orgs FROM billing.org;
SELECT billing.identify(:'bob_token') <> '' AS bound;
SELECT org_no FROM billing.org ORDER BY 1;
-- RESET ALL and SET ROLE change nothing about it
RESET ALL;
SELECT count(*) AS orgs FROM billing.org;
SET LOCAL ROLE billing_clerk;
SELECT count(*) AS orgs FROM billing.org;
ROLLBACK;
-- a cursor opened before goes by who is bound when it is read, and by nobody after
BEGIN;
DECLARE c CURSOR FOR SELECT org_no FROM billing.org ORDER BY org_id;
FETCH 1 FROM c;
ROLLBACK;
BEGIN;
DECLARE c NO SCROLL CURSOR FOR SELECT org_no FROM billing.org;
SAVEPOINT s;
SELECT billing.identify(:'bob_token') <> '' AS bound;
FETCH 1 FROM c;
ROLLBACK TO s;
FETCH ALL FROM c;
ROLLBACK;

-- In a statement of its own the identity is gone at once.
SELECT billing.identify(:'bob_token') <> '' AS bound;

-- Each byte of a token counts; an expired one, a stranger's, a longer one, another database's.
CREATE FUNCTION pg_temp.refused(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM billing.identify(token);
	RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT DISTINCT pg_temp.refused(overlay(:'bob_token' PLACING CASE substr(:'bob_token', i, 1) WHEN '3' THEN '4' ELSE '3' END FROM i FOR 1))
  FROM generate_series(1, length(:'bob_token')) i;
SELECT DISTINCT pg_temp.refused(left(:'bob_token', n)) FROM generate_series(0, length(:'bob_token') - 1) n;
SELECT pg_temp.refused(:'bob_token' || '0'), pg_temp.refused(repeat('b1.', 100)), pg_temp.refused(:'stranger_token');
SELECT pg_sleep(1.1);
SELECT pg_temp.refused(:'short_token');
\c postgres postgres
CREATE DATABASE billing_other_tokens;
\c billing_other_tokens
CREATE EXTENSION billing;
BEGIN;
SELECT billing.identify(:'bob_token');
ROLLBACK;
\c billing_regress
DROP DATABASE billing_other_tokens;

-- ---- plans outlive actors, rows do not ----
\c - regress_pool
SET plan_cache_mode = force_generic_plan;
SET enable_seqscan = off;
PREPARE orgs AS SELECT string_agg(org_no, ' ' ORDER BY org_no) AS orgs FROM billing.org WHERE org_id > 0;
CREATE FUNCTION pg_temp.orgs() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT string_agg(org_no, ' ' ORDER BY org_no) FROM billing.org); END $$;
BEGIN; SELECT billing.identify(:'bob_token') <> '' AS bob; EXECUTE orgs; SELECT pg_temp.orgs(); COMMIT;
BEGIN; SELECT billing.identify(:'dora_token') <> '' AS dora; EXECUTE orgs; SELECT pg_temp.orgs(); COMMIT;
EXECUTE orgs;
SELECT pg_temp.orgs();
-- also in parallel workers, which inherit the identity
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_seqscan = on; SET enable_indexscan = off;
SET enable_bitmapscan = off; SET force_parallel_mode = regress;
BEGIN; SELECT billing.identify(:'bob_token') <> '' AS bob; SELECT pg_temp.orgs(), (SELECT count(*) FROM billing.org) AS orgs; COMMIT;
SELECT count(*) AS orgs FROM billing.org;

-- Who sees every org has no check in his plan; it goes with him, at the end of his transaction and of his savepoint.
\c - postgres
SELECT billing.issue_token('staff', staff_id) AS carl_token FROM billing.staff WHERE staff_no = 'C1' \gset
SELECT billing.issue_token('staff', :dora) AS dora_token \gset
\c - regress_pool
PREPARE orgs AS SELECT string_agg(org_no, ' ' ORDER BY org_no) AS orgs FROM billing.org;
CREATE FUNCTION pg_temp.orgs() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT string_agg(org_no, ' ' ORDER BY org_no) FROM billing.org); END $$;
BEGIN;
SAVEPOINT s;
SELECT billing.identify(:'carl_token') <> '' AS carl;
EXPLAIN (COSTS OFF) EXECUTE orgs;
EXECUTE orgs;
SELECT pg_temp.orgs();
ROLLBACK TO s;
EXECUTE orgs;
SELECT pg_temp.orgs();
SELECT billing.identify(:'carl_token') <> '' AS carl;
EXECUTE orgs;
SELECT pg_temp.orgs();
COMMIT;
EXECUTE orgs;
SELECT pg_temp.orgs();
BEGIN; SELECT billing.identify(:'dora_token') <> '' AS dora; EXECUTE orgs; SELECT pg_temp.orgs(); COMMIT;
-- a superuser's session can become others without a new login: nothing is dropped there
\c - postgres
SET SESSION AUTHORIZATION regress_carl;
EXPLAIN (COSTS OFF) SELECT * FROM billing.org;
RESET SESSION AUTHORIZATION;

-- Carl sees every org, so his plan asks nothing; a revoke reaches it, from another session.
\c - regress_carl
PREPARE orgs AS SELECT string_agg(org_no, ' ' ORDER BY org_no) AS orgs FROM billing.org;
EXPLAIN (COSTS OFF) EXECUTE orgs;
EXECUTE orgs;
\setenv PGDATABASE :DBNAME
\! psql -XAtqU regress_anna -c "SELECT billing.revoke_access('C1', 'C')"
EXECUTE orgs;
EXPLAIN (COSTS OFF) EXECUTE orgs;
\! psql -XAtqU regress_anna -c "SELECT billing.grant_access('C1', 'S1', '{org}', '{read}')"
EXECUTE orgs;
-- The revoke of a transaction that rolled back never was; an old snapshot gives no old right.
\! psql -XAtqU regress_anna -c "BEGIN" -c "SELECT billing.revoke_access('C1', 'S1')" -c "ROLLBACK"
EXECUTE orgs;
BEGIN ISOLATION LEVEL REPEATABLE READ;
EXECUTE orgs;
\! psql -XAtqU regress_anna -c "SELECT billing.revoke_access('C1', 'S1')"
EXECUTE orgs;
COMMIT;
-- Within a transaction a function's plan without the check may already be chosen: then the statement is refused.
\! psql -XAtqU regress_anna -c "SELECT billing.grant_access('C1', 'C', '{org}', '{read}')"
CREATE FUNCTION pg_temp.orgs() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT string_agg(org_no, ' ' ORDER BY org_no) FROM billing.org); END $$;
BEGIN;
SELECT pg_temp.orgs();
\! psql -XAtqU regress_anna -c "SELECT billing.revoke_access('C1', 'C')"
SELECT pg_temp.orgs();
ROLLBACK;
SELECT pg_temp.orgs();

-- Rights end by themselves: with their span, and with the person's.
\! psql -XAtqU regress_anna -c "SELECT billing.grant_access('C1', 'C', '{org}', '{read}', now() + interval '0.3 s')"
EXECUTE orgs;
SELECT pg_sleep(0.4);
EXECUTE orgs;
\c - regress_bob
SELECT count(*) AS orgs FROM billing.org;
\! psql -XAtqU regress_anna -c "SELECT billing.end_staff('B1')"
SELECT billing.actor(), count(*) AS orgs FROM billing.org;

-- ---- leaks ----
\c - regress_anna
SELECT billing.grant_access('C1', 'S2', '{org}', '{read}') > 0 AS granted;
\c - regress_carl
CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT count(*) FROM billing.org WHERE pg_temp.leak(name);
CREATE OPERATOR pg_temp.= (FUNCTION = pg_catalog.texteq, LEFTARG = text, RIGHTARG = text);
SET search_path = pg_temp, billing;
CREATE FUNCTION pg_temp.can_read(bigint, text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
SELECT count(*) FROM org;
RESET search_path;
CREATE TEMPORARY VIEW mine AS SELECT * FROM billing.org;
SELECT org_no FROM mine;
COPY billing.org (org_no) TO STDOUT;
COPY billing.org FROM STDIN;
\.
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT * FROM billing.org WHERE 1 / (org_id - 1) > 5;
SELECT count(*) FROM pg_stats WHERE schemaname = 'billing';
CREATE TEMPORARY TABLE probe (org_id bigint REFERENCES billing.org);
SET row_security = off;
SELECT * FROM billing.org;

-- The owner is held by the policies too, and even he does not change what was written down.
\c - postgres
SET SESSION AUTHORIZATION billing_owner;
SELECT count(*) FROM billing.org;
UPDATE billing.audit SET act = 'nothing';
TRUNCATE billing.audit;
INSERT INTO billing.audit (org_id, act, subject) VALUES (1, 'forged', 'x');
RESET SESSION AUTHORIZATION;
INSERT INTO billing.audit (org_id, act, subject, actor) VALUES (1, 'by a superuser', 'x', 'staff:1');
DELETE FROM billing.audit;

-- What holds business data is not dropped by accident (no data yet: the store goes).
SELECT actor ~ '^(role:postgres|staff:[0-9]+)$' AS actor, act, subject FROM billing.audit WHERE subject !~ '^x' ORDER BY audit_id LIMIT 8;
ALTER SYSTEM RESET billing.token_key_file;
SELECT pg_reload_conf();
COPY (VALUES (1)) TO PROGRAM 'cat >/dev/null; rm -f regress_open.key regress_token.key regress_broken.key';
SET client_min_messages = error;
DROP EVENT TRIGGER billing_guard_start;
DROP EVENT TRIGGER billing_guard_end;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
DROP ROLE regress_anna, regress_bob, regress_carl, regress_pool, regress_plain;
