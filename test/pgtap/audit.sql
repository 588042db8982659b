/*
 * The trail: every direct write into any table by anybody who may leaves a row, in the
 * same transaction, with the actor that the server knows; what came in bulk is found
 * by its hashes.  (trail.sql asks every command.)
 */
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_kim LOGIN IN ROLE billing_clerk, billing_admin, billing_analyst, billing_auditor;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS org \gset
SELECT billing.add_staff('C', 'K', 'Kim', 'manager', 'tap_kim') AS kim \gset
SELECT billing.grant_access('K', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply,personal}', '{read,write,approve,run}') AS rights \gset
SELECT plan(26);

-- ---- straight into tables ----

CREATE TEMPORARY TABLE open_table AS
SELECT c.oid::regclass AS name, c.relname, v.event, r.rolname
  FROM pg_class c CROSS JOIN (VALUES ('INSERT'), ('UPDATE'), ('DELETE')) v(event) CROSS JOIN pg_roles r
 WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind IN ('r', 'p') AND r.rolname ~ '^billing_' AND r.rolname <> 'billing_owner'
   AND CASE v.event WHEN 'DELETE' THEN has_table_privilege(r.oid, c.oid, 'DELETE') ELSE has_any_column_privilege(r.oid, c.oid, v.event) END;
SELECT is((SELECT string_agg(DISTINCT event, ' ' ORDER BY event) FROM open_table), 'INSERT UPDATE', 'nobody deletes from a table');
CREATE TEMPORARY TABLE trail (relname text, event text, rolname text, said text);
GRANT ALL ON trail TO PUBLIC;

/*
 * Into each of them, as each role that may, with what checks the row itself out of the
 * way: its constraints, its other triggers, its policies.  All of it is undone.
 */
DO $do$
DECLARE
	t		record;
	c		record;
	first	bigint;
	wrote	text;
BEGIN
	FOR t IN SELECT * FROM open_table ORDER BY relname, event, rolname LOOP
		BEGIN
			FOR c IN SELECT k.conname, k.conrelid::regclass AS of FROM pg_constraint k WHERE k.contype IN ('f', 'c', 'x', 'p', 'u') AND (k.conrelid = t.name OR k.confrelid = t.name)
				ORDER BY k.contype <> 'f' LOOP
				EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS %I CASCADE', c.of, c.conname);
			END LOOP;
			FOR c IN SELECT i.indexrelid::regclass AS of FROM pg_index i WHERE i.indrelid = t.name AND i.indisunique LOOP
				EXECUTE format('DROP INDEX %s', c.of);
			END LOOP;
			FOR c IN SELECT a.attname FROM pg_attribute a WHERE a.attrelid = t.name AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND a.attidentity = '' LOOP
				EXECUTE format('ALTER TABLE %s ALTER %I DROP NOT NULL', t.name, c.attname);
			END LOOP;
			FOR c IN SELECT g.tgname FROM pg_trigger g JOIN pg_proc p ON p.oid = g.tgfoid WHERE g.tgrelid = t.name AND NOT g.tgisinternal AND p.proname <> '_audit_rows' LOOP
				EXECUTE format('ALTER TABLE %s DISABLE TRIGGER %I', t.name, c.tgname);
			END LOOP;
			EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', t.name);
			EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY', t.name);
			EXECUTE format('INSERT INTO %s (org_id) VALUES (1)', t.name);
			first := (SELECT max(a.audit_id) FROM billing.audit a);
			EXECUTE 'SET LOCAL SESSION AUTHORIZATION tap_kim';
			IF t.event = 'INSERT' THEN
				EXECUTE format('INSERT INTO %s (org_id) VALUES (1), (1)', t.name);
			ELSE
				-- a column that the role may change, to what it is
				SELECT a.attname INTO c FROM pg_attribute a WHERE a.attrelid = t.name AND a.attnum > 0 AND has_column_privilege(t.rolname, t.name, a.attnum, 'UPDATE') ORDER BY a.attnum LIMIT 1;
				EXECUTE format('UPDATE %s SET %I = %I', t.name, c.attname, c.attname);
			END IF;
			EXECUTE 'RESET SESSION AUTHORIZATION';
			wrote := (SELECT string_agg(format('%s %s %s %s', a.actor, a.act, a.subject, a.detail ->> 'rows'), '; ') FROM billing.audit a WHERE a.audit_id > first AND a.org_id = 1);
			RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
		EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
			INSERT INTO trail VALUES (t.relname, t.event, t.rolname, wrote);
		END;
	END LOOP;
END $do$;
SELECT is((SELECT count(*) FROM trail), (SELECT count(*) FROM open_table), 'each was written into');
SELECT cmp_ok((SELECT count(*) FROM trail), '>=', 17::bigint, 'they are so many');
SELECT is_empty(format($$SELECT * FROM trail WHERE said IS DISTINCT FROM format('staff:%s %%s rows %%s %%s', lower(event), relname, CASE event WHEN 'INSERT' THEN 2 ELSE 1 END)$$, :kim),
	'and each has a row of the trail: who, what, how many rows of which org');

-- ---- readings in bulk ----

SELECT billing.add_customer('C', 'x') AS customer \gset
SELECT count(billing.add_account('C', n, :customer, '2026-01-01')) FROM unnest('{A,B}'::text[]) n \gset
SET LOCAL SESSION AUTHORIZATION tap_kim;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(1000::bigint, ARRAY[28])) FROM billing.account a;
RESET SESSION AUTHORIZATION;
SELECT is(a.detail, jsonb_build_object('rows', 2, 'root', encode(billing._merkle_root(l.leaves), 'hex')), 'readings in bulk: how many, and the root of the tree over them')
  FROM billing.audit a, (SELECT array_agg(billing._reading_leaf(r.account_id, r.part, r.channel, r.from_on, r.until_on, r.digest) ORDER BY r.account_id) AS leaves FROM billing.reading r) l
 WHERE a.act = 'insert rows' AND a.subject = 'reading';
SET LOCAL SESSION AUTHORIZATION tap_kim;
SELECT billing.record_profile('A', billing.profile('2026-03-01 00:00+00', '1 day', array_fill(1000::bigint, ARRAY[28]))) AS days \gset
SELECT is(a.detail ->> 'digest', encode(r.digest, 'hex'), 'by hand: the digest that the row has') FROM billing.audit a, billing.reading r WHERE a.act = 'record_profile' AND r.from_on = '2026-03-01';
SELECT billing.set_usage_from('register', '{B}') AS changed \gset
INSERT INTO billing.register_reading (account_id, org_id, register, read_on, kind, value, digits, multiplier)
SELECT account_id, org_id, 'total', '2026-01-01', 'opening', 5, 5, 1 FROM billing.account WHERE account_no = 'B';
SELECT is(a.detail, jsonb_build_object('rows', 1, 'from', r.entry_no, 'to', r.entry_no), 'readings of registers: from which entry to which') FROM billing.audit a, billing.register_reading r
 WHERE a.subject = 'register_reading';
SELECT is((SELECT r.author FROM billing.register_reading r), format('staff:%s', :kim), 'each of which has its author');
SELECT count(*) AS judged FROM billing.check_registers('C') \gset
SELECT is((SELECT a.detail ->> 'readings' FROM billing.audit a WHERE a.act = 'check_registers'), '1', 'judging them is an act');

-- as files: the trail has the file and what it brought, by the hashes of the chain of batches
SELECT billing.receive('f', convert_to(E'100,NEM12,202601010000,M,R\n200,A,E1,1,E1,N1,MA,kWh,1440,\n300,20260401,5,A,,,20260402000000,\n900', 'UTF8'), 'nem12', 'C') AS batch \gset
SELECT taken FROM billing.land(:batch) \gset
SELECT is(:taken::bigint, 1::bigint, 'a file lands');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT a.detail ->> 'digest' FROM billing.audit a WHERE a.act = 'receive'), encode(b.digest, 'hex'), 'received: the hash of its bytes') FROM billing.batch b WHERE b.batch_id = :batch;
SELECT is((SELECT a.detail ->> 'root' FROM billing.audit a WHERE a.act = 'land'), encode(b.root, 'hex'), 'landed: the root over what it stored') FROM billing.batch b WHERE b.batch_id = :batch;
SELECT is(b.root, billing._merkle_root(m.leaves), 'which its manifest leads to') FROM billing.batch b JOIN billing.batch_manifest m USING (batch_id) WHERE b.batch_id = :batch;
SELECT ok((SELECT r.batch_id = :batch AND r.from_on = ANY (m.from_days) FROM billing.reading r, billing.batch_manifest m WHERE m.batch_id = :batch AND r.from_on = '2026-04-01'),
	'and from there to each row');
SET LOCAL SESSION AUTHORIZATION tap_kim;
SELECT billing.close_readings('C') AS closed \gset
SELECT is((SELECT count(*) FROM billing.audit a JOIN billing.batch b ON a.subject = format('batch %s', b.batch_id) WHERE b.format = 'hand' AND a.act = 'land' AND a.detail ->> 'root' = encode(b.root, 'hex')),
	1::bigint, 'so with what was entered by hand, from close_readings() on');

-- ---- nobody writes it, nobody changes it ----

SELECT throws_ok($$INSERT INTO billing.audit (org_id, actor, act, subject) VALUES (1, 'staff:99', 'x', 'x')$$, '42501', NULL, 'nobody writes a row of his own');
SELECT throws_ok($$SELECT billing._audit(1, 'x', 'x')$$, '42501', NULL, 'nor calls what does');
SELECT throws_ok($$SET billing.actor = 'staff:99'$$, '42501', NULL, 'nor says who he is');
SELECT throws_ok($$SELECT set_config('billing.actor', 'staff:99', true)$$, '42501', NULL, 'in any way');
SELECT throws_ok($$UPDATE billing.audit SET actor = 'x'$$, '42501', NULL, 'nobody changes one');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.audit SET actor = 'x'$$, '23001', NULL, 'nor the owner');
SELECT throws_ok($$DELETE FROM billing.audit$$, '23001', NULL, 'or removes one');
SELECT throws_ok($$TRUNCATE billing.audit$$, '23001', NULL, 'or all');
SELECT count(*) AS before FROM billing.audit \gset
SET LOCAL SESSION AUTHORIZATION tap_kim;
SAVEPOINT undone;
UPDATE billing.account SET address = 'elsewhere';
SELECT is((SELECT count(*) FROM billing.audit), :before::bigint + 1, 'the trail is of the same transaction');
ROLLBACK TO undone;
SELECT is((SELECT count(*) FROM billing.audit), :before::bigint, 'and undone with it');
RESET SESSION AUTHORIZATION;


/*
 * What reads personal data as the owner is hidden from pgaudit: it writes a row of the
 * trail itself, or shows nothing of it.  Reviewed with every change to it.
 */
SELECT bag_eq($$
	WITH RECURSIVE fn AS MATERIALIZED (
		SELECT p.proname::text, bool_or(p.prosecdef) AS definer, string_agg(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), ' ') AS body
		  FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace GROUP BY 1),
	call AS MATERIALIZED (
		SELECT DISTINCT f.proname AS caller, m[1] AS callee FROM fn f CROSS JOIN LATERAL regexp_matches(f.body, 'billing\.([a-z_]+)\(', 'g') m),
	reach AS (
		SELECT f.proname AS command, f.proname AS calls FROM fn f WHERE f.definer
		UNION
		SELECT r.command, c.callee FROM reach r JOIN call c ON c.caller = r.calls)
	SELECT r.command FROM reach r JOIN fn f ON f.proname = r.calls GROUP BY 1
	HAVING bool_or(f.body ~ '(FROM|JOIN) billing\.customer_(contact|identity|bank_account)\M') AND NOT bool_or(f.body ~ 'billing\._audit\(')$$,
	-- takes values along under new keys, and returns how far it came
	ARRAY['_reseal_chunk'], 'what reads what is personal as the owner leaves a row of the trail, but for these');
SELECT * FROM finish();
ROLLBACK;
