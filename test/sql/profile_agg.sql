-- profile_agg, concat_agg, sum: readings, pieces and meters into profiles.
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = ISO;
SET search_path = billing, public;

-- Readings in any order; a moment without one is missing, and so is a null.
SELECT profile_agg(at::timestamptz, wh, '15 min')
  FROM (VALUES ('2026-01-01 00:30+08', 3), ('2026-01-01 00:00+08', 1), ('2026-01-01 01:00+08', 5), ('2026-01-01 00:15+08', NULL)) v(at, wh);
SELECT profile_agg(at::timestamptz, wh, '15 min', quality)
  FROM (VALUES ('2026-01-01 00:30+08', 3, 'estimated'), ('2026-01-01 00:00+08', 1, 'actual')) v(at, wh, quality);
SELECT profile_agg(at::timestamptz, wh, '15 min', NULL, 'Asia/Shanghai')
  FROM (VALUES ('2026-01-01 00:30+08', 3), ('2026-01-01 00:00+08', 1)) v(at, wh);
SELECT profile_agg(at::timestamptz, wh, '15 min', NULL, '+08:00', 'kvarh')
  FROM (VALUES ('2026-01-01 00:30+08', 3), ('2026-01-01 00:15+08', 1)) v(at, wh);

-- Nothing makes nothing; the empty row of an outer join is nothing too.
SELECT profile_agg(at, wh, '15 min') IS NULL AS nothing FROM (VALUES (NULL::timestamptz, NULL::bigint)) v(at, wh);
SELECT profile_agg(now(), 1, '15 min') IS NULL AS nothing WHERE false;

-- Refused: a moment twice, off the grid, not on a minute, without an end; mixed slots, zones, units.
SELECT profile_agg(at::timestamptz, 1, '15 min') FROM (VALUES ('2026-01-01 00:00+08'), ('2026-01-01 00:15+08'), ('2026-01-01 00:00+08')) v(at);
SELECT profile_agg(at::timestamptz, 1, '15 min') FROM (VALUES ('2026-01-01 00:00+08'), ('2026-01-01 00:20+08')) v(at);
SELECT profile_agg(at::timestamptz, 1, '15 min') FROM (VALUES ('2026-01-01 00:05+08'), ('2026-01-01 00:20+08')) v(at);
SELECT profile_agg(at::timestamptz, 1, '15 min') FROM (VALUES ('2026-01-01 00:00:30+08')) v(at);
SELECT profile_agg(at::timestamptz, 1, '15 min') FROM (VALUES ('infinity')) v(at);
SELECT profile_agg(at::timestamptz, 1, '1 min') FROM (VALUES ('2026-01-01 00:00+08'), ('2046-01-01 00:00+08')) v(at);
SELECT profile_agg(NULL, 1, '15 min');
SELECT profile_agg(now(), 1, NULL);
SELECT profile_agg('2026-01-01'::timestamptz + s::interval, 1, s::interval) FROM (VALUES ('15 min'), ('30 min')) v(s);
SELECT profile_agg('2026-01-01'::timestamptz + i * '15 min'::interval, 1, '15 min', NULL, z) FROM (VALUES (0, '+08:00'), (1, NULL)) v(i, z);
SELECT profile_agg('2026-01-01'::timestamptz + i * '15 min'::interval, 1, '15 min', NULL, z) FROM (VALUES (0, '+08:00'), (1, 'Asia/Shanghai')) v(i, z);
SELECT profile_agg('2026-01-01'::timestamptz + i * '15 min'::interval, 1, '15 min', NULL, NULL, u) FROM (VALUES (0, 'Wh'), (1, 'kWh')) v(i, u);
SELECT profile_agg('2026-01-01'::timestamptz, 1, '15 min', 'good');

-- The load of a feeder: spans may differ. A slot that a meter misses makes the sum suspect.
SELECT billing.sum(p) FROM (VALUES
	(profile('2026-01-01 00:00+08', '1 h', ARRAY[1, 2, NULL, NULL])),
	(profile('2026-01-01 01:00+08', '1 h', ARRAY[10.5, 1.5, NULL], 'Wh')),
	(profile('2026-01-01 06:00+08', '1 h', ARRAY[7], quality => '{estimated}'))) v(p);
SELECT billing.sum(p) FROM (VALUES (profile('2026-01-01 00:00+08', '1 h', ARRAY[1])), (profile('2026-01-01 00:00+08', '30 min', ARRAY[1]))) v(p);
SELECT billing.sum(p) FROM (VALUES (profile('2026-01-01 00:00+08', '1 h', ARRAY[1])), (profile('2026-01-01 00:00+08', '1 h', ARRAY[1], 'W'))) v(p);
SELECT billing.sum(p) FROM (VALUES (profile('2026-01-01 00:00+08', '1 h', ARRAY[1])), (profile('2026-01-01 00:00+08', '1 h', ARRAY[1], time_zone => '+08:00'))) v(p);
SELECT billing.sum(p) FROM (VALUES (profile('2026-01-01 00:00+08', '1 h', ARRAY[9223372036854775807])), (profile('2026-01-01 00:00+08', '1 h', ARRAY[1]))) v(p);
SELECT billing.sum(p) IS NULL AS nothing FROM (VALUES (NULL::profile)) v(p);

-- Days into a month, in any order.
SELECT slot_count(p), missing_count(p), energy_wh(p), time_zone(p) FROM (
	SELECT concat_agg(profile('2026-01-01 00:00+08'::timestamptz + d * '1 day'::interval, '15 min', array_fill(d, ARRAY[96]), time_zone => 'Asia/Shanghai') ORDER BY d % 7)
	  FROM generate_series(0, 30) d WHERE d <> 4) v(p);
SELECT concat_agg(p) FROM (VALUES (profile('2026-01-01 00:00+08', '1 h', ARRAY[1, 2])), (profile('2026-01-01 01:00+08', '1 h', ARRAY[1]))) v(p);

-- The plan must not change the answer.
CREATE TABLE profile_readings AS
	SELECT m, at, (m * 7919 + extract(epoch FROM at)::bigint / 900 * 104729) % 1000 AS wh
	  FROM generate_series(1, 60) m, generate_series('2026-01-01 00:00+08'::timestamptz, '2026-01-04 23:45+08', '15 min') at;
ANALYZE profile_readings;
CREATE TABLE profile_serial AS
	SELECT m, profile_agg(at, wh, '15 min', 'actual', 'Asia/Shanghai') p FROM profile_readings GROUP BY m;
SELECT count(*), sum(energy_wh(p)) = (SELECT sum(wh) FROM profile_readings) AS agrees FROM profile_serial;
SELECT billing.sum(p) AS load, concat_agg(day) AS days
  INTO TEMP profile_serial_sum
  FROM profile_serial, slice(p, daterange('2026-01-01', '2026-01-01'::date + 1)) day WHERE m = 1;
SELECT digest(billing.sum(p)) AS serial FROM profile_serial \gset
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
ALTER TABLE profile_serial SET (parallel_workers = 2);
ALTER TABLE profile_readings SET (parallel_workers = 2);
EXPLAIN (COSTS OFF) SELECT digest(billing.sum(p)) FROM profile_serial;
SELECT digest(billing.sum(p)) = :'serial' AS agrees FROM profile_serial;
SET enable_sort = off;
EXPLAIN (COSTS OFF) SELECT m, profile_agg(at, wh, '15 min', 'actual', 'Asia/Shanghai') p FROM profile_readings GROUP BY m;
SELECT count(*), bool_and(a.p = b.p) AS agrees
  FROM (SELECT m, profile_agg(at, wh, '15 min', 'actual', 'Asia/Shanghai') p FROM profile_readings GROUP BY m) a JOIN profile_serial b USING (m);
SELECT concat_agg(slice(p, daterange('2026-01-01', '2026-01-01'::date + 1))) IS NOT NULL AS alone FROM profile_serial WHERE m = 1;
SELECT digest(concat_agg(q)) = (SELECT digest(p) FROM profile_serial WHERE m = 5) AS agrees
  FROM profile_serial, LATERAL (SELECT slice(p, daterange('2026-01-01'::date + d, '2026-01-01'::date + d + 1)) q FROM generate_series(0, 3) d) v WHERE m = 5;

-- As a window aggregate, the state goes on after each result.
SELECT i, energy_wh(profile_agg('2026-01-01 00:00+08'::timestamptz + i * '1 h'::interval, i, '1 h') OVER w),
	   energy_wh(billing.sum(profile('2026-01-01 00:00+08'::timestamptz + i * '1 h'::interval, '1 h', ARRAY[i])) OVER w)
  FROM generate_series(1, 4) i WINDOW w AS (ORDER BY i);
DROP TABLE profile_readings, profile_serial;
