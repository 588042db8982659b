-- The trail: whatever a command writes is on record with its actor, in the same transaction.
-- Generated from the catalogue, so that new commands are asked, too: each that an
-- application's role may call, and that writes, directly or by what it calls, says so by
-- _audit(), or writes only rows that name their author themselves or whose table says it.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE TEMPORARY TABLE routine AS
SELECT p.oid, p.proname, p.prosecdef, p.prosrc || coalesce(pg_get_function_sqlbody(p.oid), '') AS body,
	   EXISTS (SELECT FROM aclexplode(p.proacl) a WHERE a.grantee <> to_regrole('billing_owner')) AS granted
  FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace AND p.proowner = to_regrole('billing_owner') AND p.prorettype <> 'trigger'::regtype;
CREATE TEMPORARY TABLE calls AS
SELECT DISTINCT r.oid AS caller, c.oid AS called FROM routine r CROSS JOIN LATERAL regexp_matches(r.body, 'billing\.(\w+) ?\(', 'g') m(name) JOIN routine c ON c.proname = m.name[1] WHERE c.oid <> r.oid;
-- what C writes under another name is named here
INSERT INTO calls SELECT r.oid, c.oid FROM routine r JOIN routine c ON (r.proname, c.proname) IN (('start_bills', '_start_run'));
CREATE TEMPORARY TABLE writes AS
SELECT DISTINCT r.oid, m.name[2] AS target FROM routine r CROSS JOIN LATERAL regexp_matches(r.body, '(INSERT INTO|UPDATE|DELETE FROM) (?:ONLY )?billing\.(\w+)', 'g') m(name);
CREATE TEMPORARY TABLE reached AS
WITH RECURSIVE reached (command, oid) AS (
	SELECT r.oid, r.oid FROM routine r WHERE r.granted AND r.proname NOT LIKE '\_%'
	UNION
	SELECT d.command, c.called FROM reached d JOIN calls c ON c.caller = d.oid)
SELECT d.command, d.oid FROM reached d;
-- tables whose rows name who wrote them, by default or by a trigger
CREATE TEMPORARY TABLE on_record AS
SELECT c.relname::text AS target FROM pg_class c WHERE c.relnamespace = 'billing'::regnamespace
   AND (EXISTS (SELECT FROM pg_attrdef d WHERE d.adrelid = c.oid AND pg_get_expr(d.adbin, d.adrelid) = 'billing.actor()')
	 OR EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND t.tgfoid = to_regproc('billing._audit_rows') AND t.tgqual IS NULL))
UNION ALL VALUES ('bill'), ('transfer');		-- posted by, in the chain

SELECT plan(3);
SELECT cmp_ok((SELECT count(DISTINCT d.command) FROM reached d JOIN writes USING (oid)), '>', 150::bigint, 'so many commands write');
SELECT is_empty($$
	SELECT r.proname, string_agg(DISTINCT w.target, ' ') FROM reached d JOIN routine r ON r.oid = d.command JOIN writes w ON w.oid = d.oid
	 WHERE NOT EXISTS (SELECT FROM reached a JOIN routine f ON f.oid = a.oid WHERE a.command = d.command AND f.proname = '_audit')
	   -- the caller's own session; and what is the same in another form: sums of bills, days of readings as months
	   AND r.proname NOT IN ('logout', 'fold_sums', 'fold_readings')
	 GROUP BY 1 HAVING NOT bool_or(w.target IN (SELECT target FROM on_record)) ORDER BY 1$$, 'what a command writes is on record');
-- the author of the trail is C's, and of every such column; a client that says another is refused
SELECT is_empty($$SELECT a.attrelid::regclass, a.attname FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
	 WHERE pg_get_expr(d.adbin, d.adrelid) = 'billing.actor()' AND NOT a.attnotnull$$, 'an author is never left out');
SELECT * FROM finish();
ROLLBACK;
