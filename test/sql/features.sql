-- features of a customer's readings, and what customers usually use
SET search_path = public, billing;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SELECT cardinality(usage_feature_names()) AS features, (usage_feature_names())[1:3] AS first;
-- households of 60 days of half-hours; every fifth is metered to a third from day 40 on
CREATE TABLE home AS
SELECT c, c % 5 = 0 AS stolen, profile('2026-03-02 00:00+08', '30 min', array_agg(
		((60 + c + CASE WHEN i % 48 BETWEEN 34 AND 43 THEN 400 WHEN i % 48 > 13 THEN 150 ELSE 0 END + (hashint4(c * 100000 + i) & 127))
		 / CASE WHEN c % 5 = 0 AND i >= 40 * 48 THEN 3 ELSE 1 END)::bigint ORDER BY i), time_zone => 'Asia/Shanghai') AS p
  FROM generate_series(1, 40) c, generate_series(0, 60 * 48 - 1) i GROUP BY c;
CREATE TABLE usual AS SELECT usage_reference(p) AS r FROM home;
SELECT r ->> 'customers' AS customers, r ->> 'from' AS first, jsonb_array_length(r -> 'day') AS days, jsonb_array_length(r -> 'shape') AS slots,
	   round((r -> 'shape' -> 3)::numeric, 1) AS night, round((r -> 'shape' -> 40)::numeric, 1) AS evening FROM usual;
-- the same in any order, and by workers
SELECT usage_reference(p ORDER BY c DESC) = (SELECT r FROM usual) AS any_order FROM home;
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT usage_reference(p) = (SELECT r FROM usual) AS by_workers FROM home;
RESET max_parallel_workers_per_gather;

-- what a feature says, by name
CREATE FUNCTION feature(f double precision[], name text) RETURNS numeric IMMUTABLE LANGUAGE sql
RETURN round(f[array_position(usage_feature_names(), name)]::numeric, 2);
SELECT c, feature(f, 'mean_kwh_log') AS mean_kwh_log, feature(f, 'level_at') AS at, feature(f, 'level_size') AS size, feature(f, 'relative_size') AS relative,
	   feature(f, 'shape_last_usual') AS shape, feature(f, 'year_on_year') AS year_on_year
  FROM home, usual, usage_features(p, r) f WHERE c IN (4, 5) ORDER BY c;
-- slots finer than half-hours are added up; in local time, whatever the zone of the session
SELECT usage_features(resample(resample(p, '15 min'), '30 min'), r) = usage_features(resample(p, '15 min'), r) AS quarters FROM home, usual WHERE c = 7;
-- a model of them tells the stolen ones
WITH feature AS MATERIALIZED (SELECT c, stolen, usage_features(p, r) AS f FROM home, usual),
model AS MATERIALIZED (SELECT train_forest(stolen, f, jsonb_build_object('trees', 50, 'features', usage_feature_names())) AS forest FROM feature WHERE c <= 30)
SELECT stolen, count(*), min(score(forest, f)) > 0.5 AS lowest, max(score(forest, f)) > 0.5 AS highest FROM feature, model WHERE c > 30 GROUP BY stolen ORDER BY stolen;

-- daily readings have no shape, one day hardly anything, nothing missing ones; they are no errors
SELECT feature(f, 'level_t') IS NOT NULL AS level, feature(f, 'night_mean') AS night, feature(f, 'equal_run_h') AS equal
  FROM usage_features(profile('2026-03-02 00:00+00', '1 day', ARRAY[5000, 6000, NULL, 7000, 6500, 100, 200, 300, 100, 200, 100]::bigint[], time_zone => 'UTC')) f;
SELECT feature(f, 'mean_kwh_log') AS mean_kwh_log, feature(f, 'level_t') AS level, feature(f, 'zero_share') AS zeros FROM usage_features(profile('2026-03-02 00:00+00', '1 h', array_fill(500, ARRAY[24])::bigint[])) f;
SELECT feature(f, 'mean_kwh_log') AS mean_kwh_log, feature(f, 'missing_last') AS missing FROM usage_features(profile('2026-03-02 00:00+00', '1 h', array_fill(NULL::bigint, ARRAY[72]))) f;
SELECT feature(f, 'mean_kwh_log') AS mean_kwh_log, feature(f, 'zero_share') AS zeros FROM usage_features(profile('2026-03-02 00:00+00', '1 h', array_fill(0, ARRAY[72])::bigint[])) f;
SELECT usage_features(NULL) IS NULL AS nothing, usage_reference(NULL) IS NULL AS nobody;
SELECT usage_reference(profile('2026-03-02 00:00+00', '1 h', array_fill(0, ARRAY[72])::bigint[])) IS NULL AS nobody_uses;

-- errors
SELECT usage_features(p, '{}') FROM home LIMIT 1;
SELECT usage_features(p, '[1]') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-13-01"}') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-03-01", "day": [1, "x"]}') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-03-01", "day": [1], "shape": [[1]]}') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-03-01", "day": [1e999], "shape": [1]}') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-03-01", "day": [-1], "shape": [1]}') FROM home LIMIT 1;
SELECT usage_features(p, '{"from": "2026-03-01", "day": [1], "shape": [1, 2]}') FROM home LIMIT 1;
SELECT usage_reference(CASE WHEN c = 3 THEN resample(p, '1 h') ELSE p END ORDER BY c) FROM home;
SELECT usage_features(profile('2026-03-02', '1 h', ARRAY[20]::bigint[], 'degC')) IS NULL;
SELECT usage_features(profile('2000-01-01 00:00+00', '1 day', array_fill(5, ARRAY[5000])::bigint[], time_zone => 'UTC')) IS NULL;
DROP TABLE home, usual;
DROP FUNCTION feature;
