-- Orders, so that values can be sorted, told apart and indexed; and what else is asked of profiles.
SET search_path = public, billing;
SET datestyle = ISO;
SET timezone = 'Asia/Shanghai';

CREATE FUNCTION p(wh bigint[], start text DEFAULT '2026-01-01 00:00+08', unit text DEFAULT 'Wh', slot interval DEFAULT '6 hours', quality text[] DEFAULT NULL)
RETURNS profile LANGUAGE sql AS $$ SELECT profile(start::timestamptz, slot, wh, unit, 'Asia/Shanghai', quality) $$;

-- ---- the order of profiles: start, slots, slot, unit, values, qualities; scale does not count ----
CREATE TABLE ordered (n int, profile profile);
INSERT INTO ordered VALUES
	(1, p('{9}', '2025-12-31 00:00+08')), (2, p('{9}')), (3, p('{-5,9}')), (4, p('{1,2}')), (5, p('{1,3}')), (6, p('{1,3}', quality => '{estimated}')),
	(7, p('{1000,2000}')), (7, p('{1,2}', unit => 'kWh')), (8, p('{2,1}', unit => 'kWh')), (9, p('{1,2}', unit => 'varh')), (10, p('{1,2}', slot => '12 hours')), (11, p('{0,0,0}'));
SELECT array_agg(n ORDER BY profile, n) FROM ordered;
-- each pair: the operators agree with each other and with =
SELECT count(*) FILTER (WHERE (a.profile < b.profile) <> (a.n < b.n)) AS lt, count(*) FILTER (WHERE (a.profile <= b.profile) <> (a.n <= b.n)) AS le,
	   count(*) FILTER (WHERE (a.profile = b.profile) <> (a.n = b.n)) AS eq, count(*) FILTER (WHERE (a.profile >= b.profile) <> (a.n >= b.n)) AS ge,
	   count(*) FILTER (WHERE (a.profile > b.profile) <> (a.n > b.n)) AS gt, count(*) FILTER (WHERE profile_cmp(a.profile, b.profile) <> sign(a.n - b.n)) AS cmp
  FROM ordered a, ordered b;
SELECT count(DISTINCT profile), count(*) FROM ordered;
CREATE UNIQUE INDEX ON ordered (profile);
DELETE FROM ordered WHERE ctid = (SELECT max(ctid) FROM ordered WHERE n = 7);
CREATE UNIQUE INDEX ordered_profile ON ordered (profile);
INSERT INTO ordered VALUES (12, p('{1,2}', unit => 'kWh'));
SET enable_seqscan = off; SET enable_bitmapscan = off;
SELECT array_agg(n) FROM ordered WHERE profile > p('{1,3}') AND profile <= p('{1,2}', unit => 'varh');
RESET enable_seqscan; RESET enable_bitmapscan;

-- ---- the other types: any order, as long as equal is equal ----
SELECT count(DISTINCT v::usage) AS usages FROM unnest('{"{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 1}]}}",
	"{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": \"1.0\"}]}}", "{\"main\": {\"registers\": [{\"channel\": \"import\", \"kwh\": 2}]}}"}'::text[]) v;
CREATE TABLE distinct_values AS
SELECT n, t, format('{"prices": {"p": [{"from": "2026-01-01", "price": %s}]}}', n % 3)::market AS m,
	   format('{"counters": {"t": {"year": 2026, "kwh": %s}}}', n % 3)::carry AS c,
	   rate(t, usage(registers => '[{"channel": "import", "kwh": 1}]'), '[2026-01-01,2026-02-01)') AS b
  FROM generate_series(1, 9) n, LATERAL (SELECT format('{"name": "t", "currency": "CNY", "time_zone": "UTC", "charges": [{"code": "e", "price": %s}]}', n % 3)::tariff) l(t);
SELECT count(DISTINCT t) AS tariffs, count(DISTINCT m) AS markets, count(DISTINCT c) AS carries, count(DISTINCT b) AS bills FROM distinct_values;
SELECT count(*) FILTER (WHERE ((x.t < y.t)::int + (x.t > y.t)::int + (x.t = y.t)::int) <> 1 OR (x.t <= y.t) <> (x.t < y.t OR x.t = y.t) OR (x.t >= y.t) <> (y.t <= x.t)) AS tariff,
	   count(*) FILTER (WHERE ((x.m < y.m)::int + (x.m > y.m)::int + (x.m = y.m)::int) <> 1 OR market_cmp(x.m, y.m) <> -market_cmp(y.m, x.m)) AS market,
	   count(*) FILTER (WHERE ((x.c < y.c)::int + (x.c > y.c)::int + (x.c = y.c)::int) <> 1 OR carry_cmp(x.c, y.c) <> -carry_cmp(y.c, x.c)) AS carry,
	   count(*) FILTER (WHERE ((x.b < y.b)::int + (x.b > y.b)::int + (x.b = y.b)::int) <> 1 OR charges_cmp(x.b, y.b) <> -charges_cmp(y.b, x.b)) AS charges
  FROM distinct_values x, distinct_values y;
CREATE UNIQUE INDEX ON distinct_values (t);
DELETE FROM distinct_values WHERE n > 3;
CREATE UNIQUE INDEX ON distinct_values (t, m, c, b);

-- ---- apparent energy: 3-4-5; half up at the finer scale; the worse quality ----
SELECT unit(a), array_agg(s.value ORDER BY s.at) AS vah, array_agg(s.quality ORDER BY s.at) AS quality
  FROM apparent(p('{3000,-5000,1,null,7,0}', slot => '1 hour', quality => '{estimated}'), p('{4000,12000,1,5,null,0}', unit => 'varh', slot => '1 hour')) a, slots(a) s GROUP BY a;
SELECT energy_wh(apparent(p('{1}'), p('{1}', unit => 'varh'))) AS whole, energy_wh(apparent(p('{1}'), p('{1}', unit => 'varh') * 1.001)) AS thousandths,
	   energy_wh(apparent(p('{2}'), p('{1}', unit => 'varh'))) AS sqrt5, energy_wh(apparent(p('{6}'), p('{2}', unit => 'varh'))) AS sqrt40;
SELECT unit(apparent(p('{3}', unit => 'W'), p('{4}', unit => 'var')));
SELECT apparent(p('{9223372036854775807}'), p('{1}', unit => 'varh'));
SELECT apparent(p('{9223372036854775807}'), p('{9223372036854775807}', unit => 'varh'));
SELECT apparent(p('{1}', unit => 'varh'), p('{1}'));
SELECT apparent(p('{1,2}'), p('{1}', unit => 'varh'));
SELECT apparent(p('{1,2}'), p('{1,2}', unit => 'varh', slot => '1 hour'));

-- ---- minus ----
SELECT array_agg(value) FROM slots(-p('{5,-7,null,0}'));
SELECT energy_wh(p('{5,7}') + -p('{5,7}'));
SELECT -p('{-9223372036854775808}');

-- ---- value_at ----
SELECT m AS moment, value_at(p('{10,20,null,40,50}'), m::timestamptz)
  FROM unnest('{2025-12-31 23:59:59+08,2026-01-01 00:00+08,2026-01-01 05:59:59.999+08,2026-01-01 06:00+08,2026-01-01 12:00+08,2026-01-01 23:00+08,2026-01-02 05:59+08,2026-01-02 06:00+08,infinity,-infinity}'::text[]) m;
SELECT value_at(profile('1999-12-31 23:58Z', '1 minute', '{1,2,3}'::int[]), '1999-12-31 23:59:30Z'), value_at(p('{2305}', unit => 'V') * 0.1, '2026-01-01 03:00+08');

-- ---- daily ----
SELECT * FROM daily(p('{1000,2000,null,4000,null,null,null,null,500}', '2026-01-01 00:00+08', quality => '{actual,estimated,missing,actual,missing,missing,missing,missing,corrected}'));
-- days of 23 and 25 hours are the zone's, and a day may begin in its middle
SELECT * FROM daily(profile('2026-03-28 12:00+01', '1 hour', array_fill(1000, ARRAY[12 + 23 + 3]), time_zone => 'Europe/Berlin'));
SELECT * FROM daily(profile('2026-10-25 00:00+02', '1 hour', array_fill(1000, ARRAY[25]), 'varh', 'Europe/Berlin'));
SELECT * FROM daily(p('{230}', unit => 'V'));

-- ---- decimal readings ----
CREATE TABLE decimals AS SELECT timestamptz '2026-01-01 00:00+08' + n * interval '15 minutes' AS at, n * 0.25 AS kwh, n AS wh FROM generate_series(0, 95) n;
SELECT energy_kwh(profile_agg(at, kwh, '15 minutes')) AS kwh, energy_kwh(profile_agg(at, wh, '15 minutes')) AS of_integers,
	   energy_kwh(profile_agg(at, wh::bigint, '15 minutes')) AS of_bigints, unit(profile_agg(at, kwh, '15 minutes', 'estimated', 'Asia/Shanghai', 'Mvarh')),
	   profile_agg(at, kwh, '15 minutes', NULL, 'Asia/Shanghai') = profile_agg(at, (kwh * 1000)::bigint, '15 minutes', NULL, 'Asia/Shanghai') AS same
  FROM decimals;
-- 10^-9 kWh, half up, away from zero
SELECT array_agg(s.value ORDER BY s.at) FROM (SELECT profile_agg(at, kwh, '1 hour') AS p
  FROM (VALUES (timestamptz '2026-01-01 00:00+08', 0.0000000005), ('2026-01-01 01:00+08', -0.0000000005), ('2026-01-01 02:00+08', 0.00000000049999999999999999999), ('2026-01-01 03:00+08', NULL),
			   ('2026-01-01 04:00+08', 123456789.123456789)) v(at, kwh)) r, slots(r.p) s;
SELECT profile_agg(at, kwh, '1 hour') FROM (VALUES (timestamptz '2026-01-01 00:00+08', 1e10)) v(at, kwh);
SELECT profile_agg(at, kwh, '1 hour') FROM (VALUES (timestamptz '2026-01-01 00:00+08', numeric 'NaN')) v(at, kwh);
SELECT profile_agg(at, kwh, '1 hour', NULL, NULL, 'kWh') IS NULL FROM (VALUES (NULL::timestamptz, NULL::numeric)) v(at, kwh);
-- the same in parallel
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2;
ALTER TABLE decimals SET (parallel_workers = 2);
SELECT energy_kwh(profile_agg(at, kwh, '15 minutes')) FROM decimals;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET max_parallel_workers_per_gather;

DROP TABLE ordered, distinct_values, decimals;
DROP FUNCTION p;
