-- outliers: what stands out by the meter's own measure, and lasting changes of its level.
SET search_path = public, billing;
SET timezone = 'Asia/Shanghai';
\set VERBOSITY terse
-- a shop for sixty days in half-hours; each fault in its own place
CREATE TABLE shop AS
SELECT i, CASE WHEN i % 48 BETWEEN 18 AND 39 THEN 2000 ELSE 300 END + hashint4(i)::bigint % 100 + 100 AS good
  FROM generate_series(0, 60 * 48 - 1) i;
CREATE TABLE meter AS
SELECT profile('2026-03-01 00:00+08', '30 min', array_agg(good ORDER BY i), time_zone => 'Asia/Shanghai') AS good,
	   profile('2026-03-01 00:00+08', '30 min', array_agg(CASE WHEN i = 500 THEN 30000 WHEN i = 900 THEN -7 WHEN i BETWEEN 1200 AND 1219 THEN 0
				WHEN i = 1220 THEN 12000 WHEN i BETWEEN 1500 AND 1511 THEN 77 WHEN i BETWEEN 2000 AND 2029 THEN 0 WHEN i = 2500 THEN NULL
				ELSE good END ORDER BY i), time_zone => 'Asia/Shanghai') AS faulty,
	   profile('2026-03-01 00:00+08', '30 min', array_agg(CASE WHEN i >= 40 * 48 THEN good / 3 ELSE good END ORDER BY i), time_zone => 'Asia/Shanghai') AS low
  FROM shop;
SELECT count(*) AS nothing FROM meter, outliers(good);
SELECT kind, from_at, slots, round(value) AS value, round(expected) AS expected, round(score::numeric, 2) AS score FROM meter, outliers(faulty);
SELECT kind, count(*) FROM meter, outliers(faulty, least_score => 0.99) GROUP BY kind ORDER BY kind;
-- a day of it, judged beside its history; what lies outside is not told
SELECT kind, from_at FROM meter, outliers(slice(faulty, '2026-03-11 00:00+08', '2026-03-12 00:00+08'), faulty);
-- in kWh, coarser, the same stand out
SELECT kind, from_at, value FROM meter, outliers(profile('2026-03-01 00:00+08', '30 min', ARRAY(SELECT CASE WHEN i = 500 THEN 40 ELSE 1 + i % 3 END FROM shop ORDER BY i), unit => 'kWh', time_zone => 'Asia/Shanghai'));

-- features, by their names
SELECT n.name, round(f.features[n.i]::numeric, 2) AS feature
  FROM meter, outlier_features(faulty) f, unnest(outlier_feature_names()) WITH ORDINALITY n(name, i) WHERE f.value = 30000 ORDER BY n.i;
SELECT count(*) > 10 AS more_than_faults, bool_and(cardinality(features) = 12) AS all_twelve FROM meter, outlier_features(faulty);
-- trees that learnt that lumps after zeros are good here
CREATE TABLE model AS
SELECT train_forest(f.value = 30000 OR f.value < 0, f.features, '{"trees": 20, "calibrate": false, "leaf": 1}') AS forest FROM meter, outlier_features(faulty) f;
SELECT kind, from_at FROM meter, model, outliers(faulty, forest => forest);

-- from the forty-first day on a third
SELECT on_date, round(factor::numeric, 2) AS factor, round(score::numeric, 2) AS score, days_before, days_after FROM meter, level_shift(low);
SELECT score < 0.5 AS none FROM meter, level_shift(good);
SELECT on_date, round(factor::numeric, 2) AS factor FROM meter, level_shift(slice(low, '2026-04-01 00:00+08', '2026-04-30 00:00+08'), low);
SELECT s.* FROM meter, level_shift(slice(good, '2026-03-01 00:00+08', '2026-03-14 00:00+08')) s;

-- nothing, one reading, only zeros, only missing, daily readings
SELECT count(*) FROM outliers(NULL);
SELECT level_shift(NULL);
SELECT count(*) FROM outliers(profile('2026-03-01 00:00+08', '30 min', '{5}'::integer[]));
SELECT kind, slots FROM outliers(profile('2026-03-01 00:00Z', '30 min', array_fill(0, ARRAY[96])));
SELECT kind, slots FROM outliers(profile('2026-03-01 00:00Z', '30 min', ARRAY(SELECT CASE WHEN i < 60 THEN 1 + i % 7 ELSE 0 END FROM generate_series(0, 95) i)));
SELECT count(*) FROM outliers(profile('2026-03-01 00:00Z', '30 min', array_fill(NULL::integer, ARRAY[96])));
SELECT on_date, round(factor::numeric, 2) AS factor
  FROM level_shift(profile('2026-03-01 00:00Z', '1 day', ARRAY(SELECT CASE WHEN i < 20 THEN 9000 ELSE 3000 END + i % 4 * 100 FROM generate_series(0, 39) i)));

-- errors
SELECT count(*) FROM meter, outliers(good, NULL, (SELECT train_forest(i % 2 = 0, ARRAY[good]) FROM shop));
SELECT count(*) FROM meter, outliers(good, resample(good, '1 hour'));
DROP TABLE shop, meter, model;
