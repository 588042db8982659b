-- rate: (tariff, usage, span, terms, market, carry) -> charges with their closing carry.
SET client_min_messages = warning;
SET timezone = 'America/New_York';
\set SHOW_CONTEXT never

-- A household: peak and valley, yearly tiers on top.  2700 kWh of the year are used; 60 kWh are left in the first step.
SELECT '{"name": "residential", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2, "quantity": 0},
 "periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
 "charges": [{"code": "energy", "price": {"peak": "0.568", "valley": "0.288"}},
	{"code": "tier", "per": "year", "steps": [{"to": 2760}, {"to": 4800, "add": "0.05"}, {"add": "0.30"}]}]}'::billing.tariff AS home \gset
SELECT billing.usage(registers => '[{"channel": "import", "period": "peak", "kwh": 200}, {"channel": "import", "period": "valley", "kwh": 150}]') AS two \gset
SELECT billing.rate(:'home', :'two', '[2026-06-01,2026-07-01)', carry => '{"counters": {"tier": {"year": 2026, "kwh": 2700}}}') AS charges \gset
SELECT line, code, period, tier, quantity, unit, price, amount FROM billing.lines(:'charges') ORDER BY line;
SELECT billing.total(c), billing.carry(c), billing.currency(c), billing.during(c) FROM (VALUES (:'charges'::billing.charges)) v(c);

-- The same from a profile: 500 Wh an hour in peak, 1 kWh in valley; 30 days of 14 and 10 hours.
SELECT billing.profile('2026-06-01 00:00+08'::timestamptz, interval '1 hour',
	(SELECT array_agg(CASE WHEN i % 24 BETWEEN 8 AND 21 THEN 500 ELSE 1000 END ORDER BY i) FROM generate_series(0, 719) i), 'Wh', 'Asia/Shanghai') AS profile \gset
SELECT line, code, period, tier, quantity, price, amount
  FROM billing.lines(billing.rate(:'home', billing.usage(import => :'profile'), '[2026-06-01,2026-07-01)')) ORDER BY line;

-- A usage of one profile is not built; the bill is the same.
CREATE TEMPORARY TABLE one (t billing.tariff, p billing.profile, d daterange);
INSERT INTO one VALUES (:'home', :'profile', '[2026-06-01,2026-07-01)');
EXPLAIN (COSTS OFF, VERBOSE) SELECT billing.rate(t, billing.usage(import => p), d) FROM one;
EXPLAIN (COSTS OFF, VERBOSE) SELECT billing.rate(t, billing.usage('shop', import => p), d) FROM one;
EXPLAIN (COSTS OFF, VERBOSE) SELECT billing.rate(t, billing.usage(import => p, export => p), d) FROM one;
SELECT billing.rate(:'home', billing.usage(import => p), '[2026-06-01,2026-07-01)')::text = billing.rate(:'home', u, '[2026-06-01,2026-07-01)')::text AS same
  FROM (SELECT p, billing.usage(import => p) AS u FROM (VALUES (:'profile'::billing.profile)) v(p) OFFSET 0) s;
-- ... also where the profile is null
SELECT a.sqlstate, a.message, b.sqlstate, b.message
  FROM (VALUES (NULL::billing.profile)) v(p), LATERAL (SELECT billing.usage(import => p) AS u OFFSET 0) s,
	   billing.try_rate(:'home', billing.usage(import => p), '[2026-06-01,2026-07-01)') a,
	   billing.try_rate(:'home', u, '[2026-06-01,2026-07-01)') b;

-- A factory: demand, capacity and power factor, with what the contract says.
SELECT '{"name": "two-part", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
 "terms": {"mode": {"one_of": ["demand", "capacity"]}},
 "charges": [{"code": "energy", "price": "0.6"},
	{"code": "demand", "when": {"mode": "demand"}, "demand": {"minutes": 15}, "price": "42"},
	{"code": "capacity", "when": {"mode": "capacity"}, "capacity": "capacity_kva", "price": "26.3"},
	{"code": "power_factor", "when": {"capacity_kva": {"at_least": 100}}, "power_factor": {"standard": "0.90"}, "of": ["energy", "demand", "capacity"]},
	{"code": "vat", "percent": "13", "included": true}]}'::billing.tariff AS factory \gset
SELECT billing.usage(registers => '[{"channel": "import", "kwh": 80000}, {"channel": "reactive_import", "kwh": 60000}]', demand_kw => 250) AS big \gset
SELECT mode, code, quantity, unit, price, amount, kind FROM (VALUES ('demand'), ('capacity')) v(mode),
	   billing.lines(billing.rate(:'factory', :'big', '[2026-06-01,2026-07-01)', jsonb_build_object('mode', mode, 'capacity_kva', 630))) ORDER BY mode DESC, line;

-- Month after month, each with the carry of the one before, adds up to the year.
SELECT billing.usage(import => billing.profile('2026-01-01 00:00+08'::timestamptz, interval '1 day',
	(SELECT array_agg(10000 + i % 7 * 100 ORDER BY i) FROM generate_series(0, 364) i), 'Wh', 'Asia/Shanghai')) AS year_usage \gset
SELECT '{"name": "t", "currency": "CNY", "time_zone": "Asia/Shanghai", "charges": [{"code": "tier", "per": "year",
	"steps": [{"to": 2760, "price": "0.5"}, {"to": 3000, "price": "0.6"}, {"price": "0.9"}]}]}'::billing.tariff AS tiers \gset
SELECT during, billing.total(charges), billing.carry(charges) FROM billing.rate_months(:'tiers', :'year_usage', '2026-01-01', 12);
SELECT sum(billing.total(charges)) = billing.total(billing.rate(:'tiers', :'year_usage', '[2026-01-01,2027-01-01)')) AS months_are_the_year
  FROM billing.rate_months(:'tiers', :'year_usage', '2026-01-01', 12);
-- from the 31st on
SELECT during FROM billing.rate_months(:'tiers', :'year_usage', '2026-01-31', 3);
SELECT count(*) FROM billing.rate_months(:'tiers', :'year_usage', NULL, 3);
SELECT count(*) FROM billing.rate_months(NULL, :'year_usage', '2026-01-31', 3);
SELECT count(*) FROM billing.rate_months(:'tiers', :'year_usage', '2026-01-31', NULL);

-- What is refused: rate() raises it, try_rate() returns it, in the same words.
CREATE FUNCTION pg_temp.raised(t billing.tariff, u billing.usage, during daterange, terms jsonb, m billing.market, c billing.carry) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
	detail text;
	hint text;
BEGIN
	RETURN ARRAY[NULL, billing.total(billing.rate(t, u, during, terms, m, c))::text];
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN ARRAY[SQLSTATE, SQLERRM, nullif(detail, ''), nullif(hint, '')];
END
$$;
CREATE TEMPORARY TABLE bad (n serial, what text, t billing.tariff, u billing.usage, during daterange, terms jsonb DEFAULT '{}', m billing.market, c billing.carry);
CREATE FUNCTION pg_temp.t(members text) RETURNS billing.tariff LANGUAGE sql AS $$
	SELECT ('{"name": "t", "currency": "EUR", "time_zone": "UTC", ' || members || '}')::billing.tariff
$$;
CREATE FUNCTION pg_temp.r(registers text DEFAULT '[{"channel": "import", "kwh": 100}]') RETURNS billing.usage LANGUAGE sql AS $$
	SELECT billing.usage(registers => registers::jsonb)
$$;
INSERT INTO bad (what, t, u, during) VALUES
	('good', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('an empty span', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), 'empty'),
	('no end', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,)'),
	('no start', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '(,2026-01-01)'),
	('all of time', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '(,)'),
	('until infinity', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,infinity)'),
	('from infinity', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[-infinity,2026-01-01)'),
	('the last days there are', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[5874897-12-01,5874897-12-31)'),
	('the first days there are', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[4713-01-01 BC,4713-02-01 BC)'),
	('the last years of the calendar', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[4995-12-01,4995-12-31)'),
	('beyond it', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[4999-12-01,4999-12-31)'),
	('1500 days', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), daterange('2026-01-01', date '2026-01-01' + 1500)),
	('1501 days', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), daterange('2026-01-01', date '2026-01-01' + 1501)),
	('inclusive bounds are made exclusive', pg_temp.t('"charges": [{"code": "f", "fixed": "day", "price": 1}, {"code": "e", "price": 0}]'), pg_temp.r(), '[2026-01-01,2026-01-01]'),
	('before it is valid', pg_temp.t('"valid": {"from": "2026-01-02"}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('after it was', pg_temp.t('"valid": {"until": "2026-01-31"}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no version', pg_temp.t('"charges": [{"code": "e", "price": {"versions": [{"from": "2026-01-02", "price": 1}]}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no calendar', pg_temp.t('"periods": {"a": [{"days": "holiday"}], "b": "else"}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no events', pg_temp.t('"periods": {"a": [{"event": "hot"}], "b": "else"}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no published price', pg_temp.t('"charges": [{"code": "e", "price": {"published": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no series', pg_temp.t('"charges": [{"code": "e", "price": {"series": "s"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no term', pg_temp.t('"charges": [{"code": "e", "price": {"term": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('no usage', pg_temp.t('"charges": [{"code": "d", "price": 1, "demand": {}}]'), billing.usage(), '[2026-01-01,2026-02-01)'),
	('no reactive energy', pg_temp.t('"charges": [{"code": "e", "price": 1}, {"code": "pf", "power_factor": {"standard": "0.85"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('a part that nothing bills', pg_temp.t('"charges": [{"code": "e", "part": "shop", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('a period that is not there', pg_temp.t('"charges": [{"code": "e", "price": {"a": 1, "b": 2}}], "periods": {"a": [{"to": "12:00"}], "b": "else"}'),
		pg_temp.r('[{"channel": "import", "period": "c", "kwh": 1}]'), '[2026-01-01,2026-02-01)'),
	('a register beyond the span', pg_temp.t('"charges": [{"code": "e", "price": 1}]'),
		pg_temp.r('[{"channel": "import", "from": "2025-12-15", "until": "2026-02-01", "kwh": 1}]'), '[2026-01-01,2026-02-01)'),
	('days that no register covers', pg_temp.t('"charges": [{"code": "e", "price": {"versions": [{"price": 1}, {"from": "2026-01-10", "price": 2}]}}]'),
		pg_temp.r('[{"channel": "import", "from": "2026-01-01", "until": "2026-01-10", "kwh": 1}]'), '[2026-01-01,2026-02-01)'),
	('a register across a change of price', pg_temp.t('"charges": [{"code": "e", "price": {"versions": [{"price": 1}, {"from": "2026-01-10", "price": 2}]}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('beyond the last tier', pg_temp.t('"charges": [{"code": "t", "per": "month", "steps": [{"to": 99, "price": 1}]}]'), pg_temp.r(), '[2026-01-01,2026-02-01)'),
	('too large a number', pg_temp.t('"charges": [{"code": "e", "price": 999999999999999999}, {"code": "p", "percent": 999999999999999999}]'),
		pg_temp.r('[{"channel": "import", "kwh": 999999999}]'), '[2026-01-01,2026-02-01)'),
	('more counts than a carry keeps', pg_temp.t((SELECT '"charges": [' || string_agg(format('{"code": "t%s", "per": "year", "steps": [{"price": 1}]}', i), ',') || ']' FROM generate_series(1, 65) i)),
		pg_temp.r(), '[2026-01-01,2026-02-01)');
INSERT INTO bad (what, t, u, during, terms, m, c) VALUES
	('terms of another kind', pg_temp.t('"charges": [{"code": "e", "price": {"term": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '[1]', NULL, NULL),
	('a term that is no number', pg_temp.t('"charges": [{"code": "e", "price": {"term": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{"p": "cheap"}', NULL, NULL),
	('a term out of range', pg_temp.t('"charges": [{"code": "e", "price": {"term": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{"p": 1e30}', NULL, NULL),
	('a term that is not allowed', pg_temp.t('"terms": {"p": {"one_of": ["a"]}}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{"p": "b"}', NULL, NULL),
	('a term that begins too late', pg_temp.t('"charges": [{"code": "e", "price": {"term": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{"p": [{"from": "2026-01-02", "value": 1}]}', NULL, NULL),
	('terms nobody asks for', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{"p": [1]}', NULL, NULL),
	('null terms', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', NULL, NULL, NULL),
	('a price not yet published', pg_temp.t('"charges": [{"code": "e", "price": {"published": "p"}}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{}', '{"prices": {"p": [{"from": "2026-01-02", "price": 1}]}}', NULL),
	('a series without a value', pg_temp.t('"charges": [{"code": "e", "price": {"series": "s"}}]'),
		billing.usage(import => billing.profile('2026-01-01 00:00+00'::timestamptz, interval '1 hour', array_fill(100, '{24}'), 'Wh', 'UTC')), '[2026-01-01,2026-01-02)', '{}',
		'{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 60, "values": [1, 2, null]}}}', NULL),
	('registers have no slots for a series', pg_temp.t('"charges": [{"code": "e", "price": {"series": "s"}}]'), pg_temp.r(), '[2026-01-01,2026-01-02)', '{}',
		'{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 60, "values": [1]}}}', NULL),
	('a calendar is enough', pg_temp.t('"periods": {"a": [{"days": "holiday"}], "b": "else"}, "charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{}', '{"calendar": {}}', NULL),
	('a zone of the market', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r('[{"channel": "import", "from": "2026-01-01T00:00+05:00", "until": "2026-02-01T00:00+05:00", "kwh": 7}]'),
		'[2026-01-01,2026-02-01)', '{}', '{"zones": {"UTC": [{"offset": 300}]}}', NULL),
	('a register that begins at another midnight', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r('[{"channel": "import", "from": "2026-01-01T00:00+05:00", "until": "2026-02-01T00:00+05:00", "kwh": 7}]'),
		'[2026-01-01,2026-02-01)', '{}', NULL, NULL),
	('a carry of another tariff', pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)', '{}', NULL, '{"counters": {"x": {"year": 2026, "kwh": 1}}}');
\pset format unaligned
SELECT what, concat_ws(E'\n', sqlstate || ' ' || message, detail, hint, billing.total(charges)) AS tried,
	   CASE WHEN (sqlstate, coalesce(message, billing.total(charges)::text), detail, hint) IS DISTINCT FROM (raised[1], raised[2], raised[3], raised[4]) THEN raised::text END AS but_raised
  FROM bad, LATERAL (SELECT (billing.try_rate(t, u, during, terms, m, c)).*) tried, LATERAL (SELECT pg_temp.raised(t, u, during, terms, m, c) AS raised) r
 ORDER BY n;
\pset format aligned

-- Nulls: no tariff, no usage, no span: nothing, and no error.
SELECT billing.rate(NULL, :'two', '[2026-06-01,2026-07-01)') IS NULL AND billing.rate(:'home', NULL, '[2026-06-01,2026-07-01)') IS NULL
   AND billing.rate(:'home', :'two', NULL) IS NULL AS nothing;
SELECT * FROM billing.try_rate(NULL, :'two', '[2026-06-01,2026-07-01)');
SELECT billing.total(billing.rate(:'home', :'two', '[2026-06-01,2026-07-01)', NULL, NULL, NULL));

-- rate_months() refuses what cannot be walked.
SELECT billing.rate_months(:'tiers', :'year_usage', '2026-01-01', 0);
SELECT billing.rate_months(:'tiers', :'year_usage', '2026-01-01', 1201);
SELECT billing.rate_months(:'tiers', :'year_usage', 'infinity', 1);
SELECT billing.rate_months(:'tiers', :'year_usage', '5874897-12-31', 1200);
SELECT billing.rate_months(:'tiers', :'year_usage', '4713-01-01 BC', 1);
SELECT billing.rate_months(:'tiers', pg_temp.r(), '2026-01-01', 2);
SELECT billing.rate_months(:'tiers', :'year_usage', '2026-06-01', 12);

-- A variable is no constant, though the expression stays: three tariffs, three spans, three markets in one loop.
DO $$
DECLARE
	t billing.tariff;
	m billing.market;
	totals numeric[];
BEGIN
	FOR i IN 1..3 LOOP
		t := format('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [{"code": "f", "fixed": "day", "price": %s}, {"code": "p", "fixed": "period", "price": {"published": "p"}}]}', i);
		m := format('{"prices": {"p": [{"from": "2026-01-01", "price": %s}]}}', i * 100);
		totals := totals || billing.total(billing.rate(t, billing.usage(), daterange('2026-01-01', date '2026-01-01' + i), market => m));
	END LOOP;
	IF totals <> '{101, 204, 309}' THEN
		RAISE EXCEPTION 'totals are %', totals;
	END IF;
END
$$;

-- More tariffs than a query keeps, coming in turns; some of them toasted.
CREATE TEMPORARY TABLE many AS
SELECT n, pg_temp.t(format('"notes": "%s", "charges": [{"code": "e", "price": %s}]', repeat(md5(n::text), CASE WHEN n % 3 = 0 THEN 1000 ELSE 1 END), n)) AS t
  FROM generate_series(1, 70) n;
SELECT count(*) AS bills, sum(billing.total(billing.rate(t, pg_temp.r(), '[2026-01-01,2026-02-01)')) - 100 * n) AS apart
  FROM (SELECT n, t FROM many CROSS JOIN generate_series(1, 3) k ORDER BY k, n) v;

-- A prepared statement with a plan for all parameters.
SET plan_cache_mode = force_generic_plan;
PREPARE bill(billing.tariff, billing.usage, daterange) AS SELECT billing.total(billing.rate($1, $2, $3));
EXECUTE bill(pg_temp.t('"charges": [{"code": "e", "price": 1}]'), pg_temp.r(), '[2026-01-01,2026-02-01)');
EXECUTE bill(pg_temp.t('"charges": [{"code": "e", "price": 2}]'), pg_temp.r(), '[2026-01-01,2026-02-01)');
EXECUTE bill(pg_temp.t('"charges": [{"code": "e", "fixed": "day", "price": 3}]'), billing.usage(), '[2026-01-01,2026-01-03)');
RESET plan_cache_mode;
DEALLOCATE bill;

-- Stored in every way, and as domains.
CREATE DOMAIN pg_temp.my_tariff AS billing.tariff;
CREATE DOMAIN pg_temp.my_usage AS billing.usage;
CREATE TEMPORARY TABLE stored (t pg_temp.my_tariff, u pg_temp.my_usage, x billing.usage, p billing.usage);
ALTER TABLE stored ALTER x SET STORAGE EXTERNAL, ALTER p SET STORAGE PLAIN, ALTER t SET STORAGE EXTERNAL;
INSERT INTO stored SELECT t, u, u, u FROM (SELECT pg_temp.t(format('"notes": "%s", "charges": [{"code": "e", "price": 1}]', repeat('x', 9000))) AS t,
	billing.usage(import => billing.profile('2026-01-01 00:00+00'::timestamptz, interval '15 minutes', (SELECT array_agg(i * 7 % 1000) FROM generate_series(1, 96 * 31) i), 'Wh', 'UTC')) AS u) v;
SELECT billing.total(billing.rate(t, u, '[2026-01-01,2026-02-01)')), billing.total(billing.rate(t, x, '[2026-01-01,2026-02-01)')),
	   billing.total(billing.rate(t, p, '[2026-01-01,2026-02-01)')) FROM stored;
