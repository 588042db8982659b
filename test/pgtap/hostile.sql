-- Every function with nothing, and with the edges of every type: an error with a
-- code of its own or an answer, never a crash, never an internal error.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL statement_timeout = '60s';

-- The edges, as literals of their types.  Values of our own types are small and real.
CREATE TEMPORARY TABLE edge (type regtype, literal text);
INSERT INTO edge SELECT v.type::regtype, v.literal FROM (VALUES
	('bigint', '0'), ('bigint', '9223372036854775807'), ('bigint', '-9223372036854775808'),
	('integer', '0'), ('integer', '2147483647'), ('integer', '-2147483648'),
	('numeric', 'NaN'), ('numeric', 'Infinity'), ('numeric', '-Infinity'), ('numeric', '0'), ('numeric', '-0.000000001'),
	('numeric', '99999999999999999999999999999999999999999999'), ('numeric', '1e-30'),
	('text', ''), ('text', 'main'), ('text', E'\u4e00\u0001x'), ('text', repeat('x', 70000)), ('text', '''"$$;'),
	('boolean', 'true'), ('date', 'infinity'), ('date', '-infinity'), ('date', '4713-01-01 BC'), ('date', '5874897-12-31'), ('date', '2026-01-01'),
	('timestamptz', 'infinity'), ('timestamptz', '-infinity'), ('timestamptz', '4713-01-01 BC'), ('timestamptz', '294276-12-31'),
	('timestamptz', '2026-01-01 00:00:01+00'), ('timestamptz', '2026-01-01 00:00+00'),
	('interval', '0'), ('interval', '-15 minutes'), ('interval', '1 month'), ('interval', '15 minutes'), ('interval', '178000000 years'), ('interval', '7 minutes'),
	('daterange', 'empty'), ('daterange', '(,)'), ('daterange', '[2026-01-01,2026-02-01)'), ('daterange', '[5874000-01-01,5874897-01-01)'),
	('jsonb', 'null'), ('jsonb', '[]'), ('jsonb', '{}'), ('jsonb', '{"a": 1e400}'), ('jsonb', '"x"'), ('jsonb', '[{"kwh": "1"}]'),
	('json', 'null'), ('json', '{}'), ('json', '[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]'),
	('bigint[]', '{}'), ('bigint[]', '{NULL}'), ('bigint[]', '{{1,2},{3,4}}'), ('bigint[]', '{9223372036854775807,-9223372036854775808}'),
	('integer[]', '{}'), ('integer[]', '{1,NULL}'), ('numeric[]', '{NaN}'), ('numeric[]', '{1,NULL,2.5}'), ('text[]', '{}'), ('text[]', '{actual,NULL}'),
	('tstzrange', 'empty'), ('tstzrange', '(,)'), ('tstzrange', '[-infinity,infinity)'), ('tstzrange', '[2026-01-01 00:00+00,2026-01-02 00:00+00)'),
	('date[]', '{infinity}'), ('date[]', '{2026-01-01,NULL}'),
	('bytea', ''), ('bytea', '\x00'),
	('billing.profile', '{"start": "2026-01-01T00:00Z", "slot_minutes": 60, "unit": "Wh", "values": [1, null, -3]}'),
	('billing.profile', '{"start": "4997-12-31T00:00Z", "slot_minutes": 1440, "unit": "W", "values": [9223372036854775807]}'),
	('billing.usage', '{"main": {"registers": [{"kwh": "1"}]}}'), ('billing.usage', '{}'),
	('billing.tariff', '{"name": "x", "currency": "XTS", "time_zone": "UTC", "charges": [{"code": "a", "price": "1"}]}'),
	('billing.market', '{}'), ('billing.carry', '{}'), ('billing.carry', '{"counters": {"a": {"year": 2026, "kwh": "1"}}}'),
	('billing.charges', '{"currency": "XTS", "from": "2026-01-01", "until": "2026-02-01", "charges": [], "lines": []}')
) v(type, literal);

CREATE TEMPORARY TABLE outcome (signature text, call text, state text, message text);

CREATE FUNCTION pg_temp.try(signature text, call text)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
	-- the row as a whole, so that no call is left out as not needed
	EXECUTE 'SELECT count(q.*) FROM (SELECT ' || call || ') q';
	INSERT INTO outcome VALUES (signature, call, '00000');
EXCEPTION WHEN OTHERS THEN
	INSERT INTO outcome VALUES (signature, call, SQLSTATE, SQLERRM);
END $$;

-- One argument at an edge, the others null; one at an edge, the others at their first; all null.
CREATE TEMPORARY TABLE callable AS
SELECT p.oid, p.oid::regprocedure::text AS signature, p.oid::regproc::text AS name, p.proargtypes::regtype[] AS types
  FROM pg_proc p JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
  JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'billing'
 WHERE p.prokind = 'f' AND p.prorettype NOT IN ('internal'::regtype, 'cstring'::regtype)
   AND NOT p.proargtypes::oid[] && ARRAY['internal'::regtype, 'cstring'::regtype]::oid[]
   -- what begins with an underscore is nobody's to call: it is given what others have checked
   AND p.provolatile <> 'v' AND p.proname NOT LIKE '\_%';

DO $do$
BEGIN
PERFORM pg_temp.try(c.signature, c.name || '(' || (
	SELECT string_agg(CASE WHEN i = pick.i THEN quote_literal(e.literal) || '::' || e.type
		WHEN fill.how = 'null' THEN 'NULL::' || format_type(c.types[i], NULL)
		ELSE coalesce((SELECT quote_literal(f.literal) || '::' || f.type FROM edge f WHERE f.type = c.types[i] ORDER BY f.ctid DESC LIMIT 1),
					  'NULL::' || format_type(c.types[i], NULL)) END, ', ' ORDER BY i)
	  FROM generate_subscripts(c.types, 1) i) || ')')
  FROM callable c
 CROSS JOIN LATERAL generate_subscripts(c.types, 1) pick(i)
  JOIN edge e ON e.type = c.types[pick.i]
 CROSS JOIN (VALUES ('null'), ('plain')) fill(how)
 WHERE array_length(c.types, 1) > 0;
PERFORM pg_temp.try(signature, name || '(' || coalesce((SELECT string_agg('NULL::' || format_type(t, NULL), ', ') FROM unnest(types) t), '') || ')')
  FROM callable;
END $do$;

-- Depth: whatever reads nested text stops by itself.
DO $do$ BEGIN
PERFORM pg_temp.try(t.type, format('(repeat(%L, 1000000))::%s', o.open, t.type))
  FROM unnest('{billing.tariff,billing.market,billing.usage,billing.carry,billing.charges,billing.profile}'::text[]) t(type), unnest('{"[","{\"a\":","{\"charges\":["}'::text[]) o(open);
END $do$;

-- Memory: what errors leave behind does not grow with them.
CREATE FUNCTION pg_temp.fail(times integer)
RETURNS bigint
LANGUAGE plpgsql AS $$
BEGIN
	FOR n IN 1 .. times LOOP
		BEGIN
			PERFORM '{"name": "x", "charges": [{"code": "a", "price": "none"}]}'::billing.tariff;
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		BEGIN
			PERFORM billing.profile('2026-01-01 00:00+00', '7 minutes', '{1}'::bigint[]);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		BEGIN
			PERFORM billing.can_do('fly', 'bill', n);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
		BEGIN
			PERFORM billing.identify('b1.' || n);
		EXCEPTION WHEN OTHERS THEN NULL;
		END;
	END LOOP;
	RETURN (SELECT sum(used_bytes) FROM pg_backend_memory_contexts);
END $$;
SELECT pg_temp.fail(1000) AS before \gset

SELECT plan(5);
SELECT cmp_ok((SELECT count(DISTINCT signature) FROM outcome WHERE signature LIKE 'billing.%' AND state ~ '^(UB|22P02)' AND call LIKE '(repeat(%'), '>=', 6::bigint, 'depth without end is refused by every type');
SELECT cmp_ok(pg_temp.fail(10000), '<', (:before + 600000)::bigint, 'of forty thousand errors in one transaction none leaves more than fifteen bytes');
SELECT is_empty($$SELECT signature, left(call, 300), state, message FROM outcome WHERE state LIKE 'XX%' AND state <> 'XX001'$$,
	'no call ends in an internal error');
SELECT is_empty($$SELECT signature, left(call, 300), state, message FROM outcome WHERE state IN ('XX001', '57014')$$,
	'no call finds damage in whole values, or takes for ever');
SELECT cmp_ok((SELECT count(DISTINCT signature) FROM outcome), '>', 100::bigint, 'and these were the functions of the extension');
SELECT * FROM finish();
ROLLBACK;
