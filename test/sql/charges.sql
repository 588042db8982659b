-- charges: the lines of a bill and its closing carry.
SET client_min_messages = warning;
SET DateStyle = ISO;

-- January: 350 kWh at the peak, 150 in the valley, 140 of them in the second tier; 13 % tax is inside.
SELECT '{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01",
  "tariff": "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
  "charges": [{"code": "energy", "tax_class": "goods", "tags": ["energy", "residential"]},
			  {"code": "tier", "tax_class": "goods", "tags": ["energy"]}, {"code": "unused"}, {"code": "vat"}],
  "periods": ["peak", "valley"],
  "components": [{"name": "funds", "tags": ["funds"]}],
  "lines": [
	{"charge": 0, "code": "energy", "period": "peak", "quantity": "350", "unit": "kWh", "price": "0.5680", "amount": "198.80"},
	{"charge": 0, "code": "energy", "period": "valley", "quantity": "150", "unit": "kWh", "price": "0.288", "amount": "43.20",
	 "estimated": true, "from": "2026-01-01", "until": "2026-01-16"},
	{"charge": 0, "code": "energy", "kind": "of_which", "component": "funds", "quantity": "500", "unit": "kWh", "price": "0.02", "amount": "10.00"},
	{"code": "tier", "tier": 2, "quantity": "140", "unit": "kWh", "price": "0.05", "amount": "7.00"},
	{"charge": 3, "code": "vat", "kind": "included", "quantity": "249.00", "unit": "%", "price": "13", "amount": "28.65"},
	{"kind": "rounding", "amount": "-0.003"}],
  "estimated": true,
  "carry": {"counters": {"tier": {"year": 2026, "kwh": "500"}}}}'::billing.charges AS january \gset

SELECT billing.total(:'january');
SELECT line, code, period, component AS comp, tier, quantity, unit, price, amount, counted, kind, estimated AS est
  FROM billing.lines(:'january');
SELECT line, from_on, until_on, tags, tax_class, rule FROM billing.lines(:'january');
SELECT billing.total(:'january') = sum(amount) FILTER (WHERE counted) AS lines_add_up FROM billing.lines(:'january');

-- By code or tag, each line once; what does not count is no part of it.
SELECT billing.amount(:'january', 'energy') AS energy, billing.amount(:'january', 'residential') AS residential,
	   billing.amount(:'january', 'residential', 'energy', 'tier') AS all_three, billing.amount(:'january', 'rounding') AS rounding,
	   billing.amount(:'january', 'funds', 'vat') AS inside, billing.amount(:'january', 'nothing') AS nothing,
	   billing.amount(:'january', VARIADIC '{}') AS none;
SELECT billing.amount(:'january', 'energy', NULL);

-- What it was made from and what it leaves.
SELECT billing.during(:'january'::billing.charges), billing.currency(:'january'), billing.tariff_digest(:'january'),
	   billing.market_digest(:'january') IS NULL AS no_market;
SELECT billing.carry(:'january'::billing.charges), billing.carry('{"currency": "CNY", "from": "2026-01-01", "until": "2026-01-02", "lines": []}'::billing.charges);

-- Text, jsonb and bytes give back the same bill.
\pset format unaligned
SELECT :'january' AS text;
\pset format aligned
SELECT :'january'::billing.charges::text = :'january' AS text_round_trips,
	   billing.digest(:'january'::billing.charges::jsonb::text::billing.charges) = billing.digest(:'january'::billing.charges) AS jsonb_round_trips,
	   billing.digest(:'january'::billing.charges) = sha256(billing.charges_send(:'january')) AS digest_is_sha256;

-- Names that appear twice, numbers beyond 64 bits, decimals that are all zeros.
SELECT '{"currency": "XTS", "from": "2000-02-28", "until": "2000-02-29",
  "charges": [{"code": "a", "tags": ["x"]}, {"code": "a", "tags": ["y"]}], "periods": ["p", "p"],
  "components": [{"name": "c"}, {"name": "c", "tags": ["z"]}],
  "lines": [{"charge": 1, "code": "a", "period": 1, "component": 1, "amount": "170141183460469231731687303715884105727", "counted": false},
			{"code": "a", "period": "p", "component": "c", "quantity": "0.000", "price": "-0", "amount": "-9223372036854775808.5"}]}'
	   ::billing.charges AS odd \gset
\pset format unaligned
SELECT :'odd' AS text, :'odd'::billing.charges::text = :'odd' AS round_trips, billing.total(:'odd');
SELECT billing.total('{"currency": "CNY", "from": "2026-01-01", "until": "2026-01-02", "lines": [
  {"kind": "rounding", "amount": "170141183460469231731687303715884105727"}, {"kind": "rounding", "amount": "1"}]}');

-- Refused.
CREATE FUNCTION pg_temp.refused(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	RETURN 'accepted: ' || input::billing.charges::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
SELECT input, pg_temp.refused(input) FROM (VALUES
	(''), ('[]'), ('{}'),
	('{"currency": "cny", "from": "2026-01-01", "until": "2026-02-01", "lines": []}'),
	('{"currency": "CNY", "from": "2026-02-01", "until": "2026-02-01", "lines": []}'),
	('{"currency": "CNY", "from": "2026-02-30", "until": "2026-03-01", "lines": []}'),
	('{"currency": "CNY", "from": "2026-01-01", "lines": []}'),
	('{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01"}'),
	('{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "lines": [], "total": 1}'),
	('{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "lines": [], "tariff": "00"}')) v(input);
SELECT line, pg_temp.refused('{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "charges": [{"code": "a"}], "lines": [' || line || ']}')
  FROM (VALUES ('1'), ('{"amount": 1}'), ('{"charge": 0}'), ('{"charge": 1, "amount": 1}'), ('{"charge": 0, "code": "b", "amount": 1}'),
	('{"code": "b", "amount": 1}'), ('{"charge": 0, "amount": "NaN"}'), ('{"charge": 0, "amount": "1e2"}'), ('{"charge": 0, "amount": 1e40}'),
	('{"charge": 0, "amount": "0.00000000000000000000000000001"}'), ('{"charge": 0, "amount": 1, "period": "p"}'), ('{"charge": 0, "amount": 1, "period": 0}'),
	('{"charge": 0, "amount": 1, "tier": 0}'), ('{"charge": 0, "amount": 1, "tier": 256}'), ('{"charge": 0, "amount": 1, "unit": "MWh"}'),
	('{"charge": 0, "amount": 1, "kind": "tax"}'), ('{"charge": 0, "amount": 1, "kind": "included", "counted": true}'),
	('{"charge": 0, "amount": 1, "kind": "rounding"}'), ('{"charge": 0, "amount": 1, "from": "2026-01-01"}'), ('{"charge": 0, "amount": 1, "colour": "red"}'),
	('{"charge": 0, "amount": 1, "estimated": 1}')) v(line);
SELECT pg_temp.refused('{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "lines": [], "carry": {"bank": []}}');
SELECT pg_temp.refused(jsonb_build_object('currency', 'CNY', 'from', '2026-01-01', 'until', '2026-02-01', 'lines',
	jsonb_agg(jsonb_build_object('kind', 'rounding', 'amount', i)))::text) FROM generate_series(1, 4097) i;
\pset format aligned

-- The binary form is checked as hard: bytes too few, bytes that mean nothing.
CREATE TEMPORARY TABLE arrived (charges billing.charges);
CREATE FUNCTION pg_temp.receive(sent bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message bytea := '\x5047434f50590aff0d0a0000000000000000000001'::bytea || int4send(length(sent)) || sent || '\xffff'::bytea;
	printf text := (SELECT string_agg(concat('\', b / 64, b / 8 % 8, b % 8), '' ORDER BY i)
					  FROM (SELECT i, get_byte(message, i) AS b FROM generate_series(0, length(message) - 1) i) bytes);
BEGIN
	DELETE FROM arrived;
	EXECUTE format('COPY arrived FROM PROGRAM %L (FORMAT binary)', 'printf ''' || printf || '''');
	RETURN (SELECT concat_ws(' ', billing.total(charges), charges) FROM arrived);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;
SELECT pg_temp.receive(billing.charges_send(:'january')) = '248.997 ' || :'january' AS received;
SELECT pg_temp.receive(substr(billing.charges_send(:'january'), 1, n)) AS answer, count(*)
  FROM (VALUES (0), (1), (85), (86), (100), (200), (300), (400), (length(billing.charges_send(:'january')) - 1)) v(n) GROUP BY 1 ORDER BY 1;
SELECT pg_temp.receive(set_byte(billing.charges_send(:'january'), n, 255)) AS answer, count(*)
  FROM (VALUES (0), (1), (3), (7), (11), (12), (15), (80), (81), (82), (86), (87), (88)) v(n) GROUP BY 1 ORDER BY 1;
DROP TABLE arrived;

-- sum: the same tariff keeps its order and its digest; the price stays where all agree; the carry goes.
CREATE TEMPORARY TABLE bill (id int, charges billing.charges);
INSERT INTO bill SELECT i, replace(replace(replace(:'january', '"350"', format('"%s"', 350 + i)), '"198.80"', format('"%s"', 198.80 + i)),
								   '"0.05"', CASE WHEN i = 3 THEN '"0.06"' ELSE '"0.05"' END)::billing.charges
  FROM generate_series(1, 3) i;
SELECT billing.sum(charges) AS three FROM bill \gset
SELECT line, code, period, component AS comp, tier, quantity, unit, price, amount, counted, kind, estimated AS est, from_on, rule
  FROM billing.lines(:'three');
SELECT billing.total(:'three') = (SELECT sum(billing.total(charges)) FROM bill) AS totals_agree,
	   billing.amount(:'three', 'energy') = (SELECT sum(billing.amount(charges, 'energy')) FROM bill) AS amounts_agree,
	   billing.carry(:'three'::billing.charges) AS carry, billing.tariff_digest(:'three') = billing.tariff_digest(:'january') AS same_tariff;

-- Several tariffs: by name; an energy charge of other tags is another line, so that tags still add up.
INSERT INTO bill SELECT 10 + i, replace(replace(replace(:'january', '"residential"', format('"class %s"', i % 2)),
	'00112233', '0011223' || i), '2026-02-01', '2026-03-01')::billing.charges FROM generate_series(4, 7) i;
SELECT billing.sum(charges) AS mixed FROM bill \gset
SELECT line, code, period, component AS comp, tier, quantity, price, amount, kind, tags, rule FROM billing.lines(:'mixed');
SELECT billing.during(:'mixed'::billing.charges), billing.tariff_digest(:'mixed') IS NULL AS no_tariff,
	   billing.total(:'mixed') = (SELECT sum(billing.total(charges)) FROM bill) AS totals_agree,
	   billing.amount(:'mixed', 'class 1') = (SELECT sum(billing.amount(charges, 'class 1')) FROM bill) AS amounts_agree;

-- Whatever the order, the plan, the stages: one result.
SELECT billing.sum(charges ORDER BY id DESC)::text = :'mixed' AS backwards,
	   billing.sum(charges ORDER BY id % 3, id)::text = :'mixed' AS shuffled FROM bill;
SELECT billing.sum(part)::text = :'mixed' AS sum_of_sums FROM (SELECT billing.sum(charges) AS part FROM bill GROUP BY id % 3) s;
CREATE TABLE many_bills AS SELECT i AS id, replace(replace(:'january', '"350"', format('"%s"', i)),
	'"residential"', format('"class %s"', i % 100))::billing.charges AS charges FROM generate_series(1, 3000) i;
ANALYZE many_bills;
SET max_parallel_workers_per_gather = 0;
SELECT billing.digest(billing.sum(charges)) AS serial, billing.total(billing.sum(charges)) AS total FROM many_bills \gset
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
EXPLAIN (COSTS OFF) SELECT billing.sum(charges) FROM many_bills;
SELECT billing.digest(billing.sum(charges)) = :'serial' AS parallel_agrees, :total = 3000 * 248.997 AS total_agrees FROM many_bills;
SELECT count(*) AS groups, sum(billing.total(sum)) = :total AS adds_up
  FROM (SELECT billing.sum(charges) FROM many_bills GROUP BY id % 7) s;
RESET ALL;
SET client_min_messages = warning;
DROP TABLE many_bills;

-- Windows may ask for the state again and again.
SELECT id, billing.total(billing.sum(charges) OVER (ORDER BY id)) FROM bill ORDER BY id LIMIT 3;

-- Nothing to add, nulls, one null among bills, two currencies, more than one value can hold.
SELECT billing.sum(charges) IS NULL AS of_nothing FROM bill WHERE false;
SELECT billing.sum(NULL::billing.charges) IS NULL AS of_null FROM bill;
SELECT billing.sum(CASE WHEN id <= 3 THEN charges END)::text = :'three' AS nulls_are_passed_over FROM bill;
SELECT billing.sum(c) FROM (VALUES (:'january'::billing.charges), (:'odd')) v(c);
SELECT billing.sum(c) FROM (VALUES (:'odd'::billing.charges), (:'january')) v(c);
SELECT billing.sum(jsonb_build_object('currency', 'CNY', 'from', '2026-01-01', 'until', '2026-02-01',
	'charges', jsonb_build_array(jsonb_build_object('code', 'c' || i)),
	'lines', jsonb_build_array(jsonb_build_object('charge', 0, 'amount', i)))::text::billing.charges) FROM generate_series(1, 300) i;

-- Equality is of bytes.
SELECT count(DISTINCT charges::text) AS texts, (SELECT count(*) FROM (SELECT charges FROM bill GROUP BY charges) g) AS groups FROM bill;
SELECT a.id, b.id FROM bill a JOIN bill b ON a.charges OPERATOR(billing.=) b.charges AND a.id < 3 ORDER BY 1;
SELECT count(*) FROM bill WHERE charges OPERATOR(billing.<>) :'january';

-- Stored any way, it is the same value.
CREATE TEMPORARY TABLE stored (how text, charges billing.charges);
ALTER TABLE stored ALTER charges SET STORAGE external;
INSERT INTO stored SELECT 'long', billing.sum(c) FROM generate_series(1, 200) i,
	LATERAL (SELECT jsonb_build_object('currency', 'CNY', 'from', '2026-01-01', 'until', '2026-02-01',
		'charges', jsonb_build_array(jsonb_build_object('code', 'charge number ' || i)),
		'lines', jsonb_build_array(jsonb_build_object('charge', 0, 'amount', i)))::text::billing.charges) v(c);
SELECT length(billing.charges_send(charges)) > 8000 AS long, billing.total(charges),
	   charges::text::billing.charges OPERATOR(billing.=) charges AS round_trips, (SELECT count(*) FROM billing.lines(charges)) AS lines FROM stored;
DROP TABLE stored, bill;
