-- carry: what earlier bills leave for later ones.
SET client_min_messages = warning;
SET DateStyle = ISO;

-- Written by hand, it comes back in one form: sorted, decimals without trailing zeros.
SELECT '{"banks": [{"name": "export", "period": "peak", "from": "2026-01-01", "amount": 12.250},
				   {"name": "export", "from": "2025-12-01", "amount": "-1"}],
		 "demand": [{"name": "demand", "month": "2026-02", "kw": "120"},
					{"name": "demand", "month": "2026-01", "kw": 1.234e2}],
		 "counters": {"tier": {"year": 2026, "kwh": "2700.0"}, "slab": {"month": "2026-03", "kwh": 12.5},
					  "block": {"from": "2026-06-01", "kwh": "9"}, "tier/peak": {"year": 2026, "kwh": "0.000000001"}}}'
	   ::billing.carry AS carry \gset
SELECT :'carry' AS carry;
SELECT :'carry'::billing.carry::text = :'carry' AS text_round_trips,
	   billing.jsonb(:'carry'::billing.carry)::billing.carry OPERATOR(billing.=) :'carry'::billing.carry AS jsonb_round_trips,
	   :'carry'::billing.carry::jsonb = :'carry'::jsonb AS jsonb_is_the_text;

-- As rows.
SELECT * FROM billing.counters(:'carry');
SELECT * FROM billing.demands(:'carry');
SELECT * FROM billing.banks(:'carry');
SELECT count(*) FROM billing.banks('{}');

-- Nothing is a carry too, and there is one of it; nulls stay null.
SELECT '{}'::billing.carry, '{"counters": {}, "demand": [], "banks": []}'::billing.carry,
	   billing.carry_send('{}');
SELECT billing.carry(NULL::jsonb), (SELECT count(*) FROM billing.counters(NULL));

-- Each kind of entry alone.
SELECT '{"counters": {"tier": {"year": 2026, "kwh": "1"}}}'::billing.carry;
SELECT '{"demand": [{"name": "d", "month": "2026-01", "kw": "1"}]}'::billing.carry;
SELECT '{"counters": {"a": {"year": 1, "kwh": "1"}, "b": {"year": 4998, "kwh": 2}},
		 "banks": [{"name": "b", "from": "2026-01-01", "amount": "1"}]}'::billing.carry;

-- Equality, grouping and hashing are by content.
SELECT count(*) AS rows, count(DISTINCT carry::text) AS texts
  FROM (SELECT carry FROM (VALUES ('{"counters": {"a": {"year": 2026, "kwh": "1.0"}}}'::billing.carry),
								  ('{"counters": {"a": {"year": 2026, "kwh": 1}}}'),
								  ('{"counters": {"a": {"year": 2027, "kwh": 1}}}')) v(carry)
		 GROUP BY carry) d;
SELECT a OPERATOR(billing.=) b AS eq, a OPERATOR(billing.<>) b AS ne,
	   billing.carry_hash(a) = billing.carry_hash(b) AS hash,
	   billing.carry_hash_extended(a, 7) = billing.carry_hash_extended(b, 7) AS hash_extended
  FROM (VALUES ('{"demand": []}'::billing.carry, '{}'::billing.carry)) v(a, b);

-- What is refused, and how it is said.
CREATE FUNCTION pg_temp.refused(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	RETURN 'accepted: ' || input::billing.carry::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
SELECT input, pg_temp.refused(input) FROM (VALUES
	(''), ('null'), ('[]'), ('{'), ('{} x'), ('{"a": 1}'),
	('{"counters": []}'),
	('{"counters": {"": {"year": 2026, "kwh": 1}}}'),
	('{"counters": {"tier": 5}}'),
	('{"counters": {"tier": {"kwh": 1}}}'),
	('{"counters": {"tier": {"year": 2026}}}'),
	('{"counters": {"tier": {"year": 2026, "month": "2026-01", "kwh": 1}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": 1, "kWh": 1}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": 1}, "tier": {"year": 2025, "kwh": 1}}}'),
	('{"counters": {"tier": {"year": 0, "kwh": 1}}}'),
	('{"counters": {"tier": {"year": 4999, "kwh": 1}}}'),
	('{"counters": {"tier": {"year": 2026.5, "kwh": 1}}}'),
	('{"counters": {"tier": {"month": "2026-13", "kwh": 1}}}'),
	('{"counters": {"tier": {"month": "2026-1", "kwh": 1}}}'),
	('{"counters": {"tier": {"from": "2026-02-30", "kwh": 1}}}'),
	('{"counters": {"tier": {"from": 20260201, "kwh": 1}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": "NaN"}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": "1e3"}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": 1e30}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": "0.0000000001"}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": "9223372036854775808"}}}'),
	('{"counters": {"tier": {"year": 2026, "kwh": null}}}'),
	('{"demand": {}}'),
	('{"demand": [1]}'),
	('{"demand": [{"name": "d", "month": "2026-01"}]}'),
	('{"demand": [{"month": "2026-01", "kw": 1}]}'),
	('{"demand": [{"name": "d", "month": "2026-01", "kw": "-0.001"}]}'),
	('{"demand": [{"name": "d\u0001", "month": "2026-01", "kw": 1}]}'),
	('{"demand": [{"name": "d", "month": "2026-01", "kw": 1}, {"name": "d", "month": "2026-01", "kw": 2}]}'),
	('{"banks": [{"name": "b", "period": 5, "from": "2026-01-01", "amount": 1}]}'),
	('{"banks": [{"name": "b", "amount": 1}]}'),
	('{"banks": [{"name": "b", "from": "2026-01-01", "amount": 1}, {"name": "b", "period": "", "from": "2026-01-01", "amount": 1}]}'),
	(format('{"demand": [{"name": "%s", "month": "2026-01", "kw": 1}]}', repeat('d', 64)))) v(input);

\pset format aligned

-- Bounded.
SELECT pg_temp.refused(jsonb_build_object('demand', jsonb_agg(
	jsonb_build_object('name', 'd' || i, 'month', '2026-01', 'kw', i)))::text)
  FROM generate_series(1, 513) i;
SELECT length(billing.carry_send(jsonb_build_object('demand', jsonb_agg(
	jsonb_build_object('name', 'd' || i, 'month', '2026-01', 'kw', i)))::billing.carry)) AS bytes
  FROM generate_series(1, 512) i;

-- The binary form passes the same checks: a bill's carry, then bytes that are none.
CREATE TEMPORARY TABLE arrived (carry billing.carry);
CREATE FUNCTION pg_temp.receive(sent bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message bytea := '\x5047434f50590aff0d0a0000000000000000000001'::bytea || int4send(length(sent)) || sent || '\xffff'::bytea;
	printf text := (SELECT string_agg(concat('\', b / 64, b / 8 % 8, b % 8), '' ORDER BY i)
					  FROM (SELECT i, get_byte(message, i) AS b FROM generate_series(0, length(message) - 1) i) bytes);
BEGIN
	DELETE FROM arrived;
	EXECUTE format('COPY arrived FROM PROGRAM %L (FORMAT binary)', 'printf ''' || printf || '''');
	RETURN carry::text FROM arrived;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT pg_temp.receive(billing.carry_send(:'carry')) = :'carry' AS received;
SELECT what, pg_temp.receive(sent) FROM (VALUES
	('nothing', ''::bytea),
	('version 2', '\x0200000000000000'),
	('a reserved flag', '\x0101000000000000'),
	('more than is there', '\x0100ffff00000000'),
	('one byte too few', '\x01000000000000'),
	('one byte too many', '\x010000000000000000'),
	('a counter of the year 2000', '\x0100010001610000000000000200000000'),
	('the same from 2 January', '\x0100010001610001000000000200000000'),
	('an unknown kind', '\x0100010001610300000000000200000000'),
	('1.0 with its zero', '\x0100010001610000000000011400000000'),
	('a name of no UTF-8', '\x0100010001ff0000000000000200000000')) v(what, sent);
DROP TABLE arrived;
