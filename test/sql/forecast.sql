-- forecast: what comes after a series, told from earlier origins.
SET search_path = public, billing;
SET TimeZone = 'UTC';
\set VERBOSITY terse

-- A shape that comes again every week is foreseen as it was, with an interval of nothing.
CREATE TABLE series AS
SELECT array_agg((100 + 10 * (i % 6) + 7 * (i / 6 % 7))::double precision ORDER BY i) AS y FROM generate_series(0, 6 * 7 * 10 - 1) i;
SELECT step, round(value::numeric, 6) AS value, round(lower::numeric, 6) AS lower, round(upper::numeric, 6) AS upper
  FROM series, forecast(y, 6, 8, '{"cycle": 42}');
SELECT bool_and(abs(value - y[step]) < 1e-6) AS exact, count(*) FROM series, forecast(y, 6, 84, '{"cycle": 42}');
SELECT method, round(mase::numeric, 3) AS mase, round(mae::numeric, 2) AS mae, origins, steps
  FROM series, forecast_backtest(y, 6, 42, '{"cycle": 42, "origins": 3}');

-- Months of years: kind periods.
SELECT step, round(value::numeric, 3) AS value
  FROM forecast(ARRAY(SELECT (ARRAY[9, 8, 7, 6, 5, 4, 4, 5, 6, 7, 8, 9])[1 + i % 12]::float8 FROM generate_series(0, 59) i), 12, 12);
-- A history shorter than two cycles has no back-test and no interval, but a forecast.
SELECT * FROM forecast('{1,2,3,4,1,2,3,4}', 4, 4);
-- Zeros, one value, gaps, values below zero.
SELECT sum(abs(value)) FROM forecast(array_fill(0::float8, ARRAY[500]), 24, 48);
SELECT min(value), max(value) FROM forecast('{5}', 24, 48);
SELECT min(round(value)), max(round(value)), count(lower) FROM forecast(ARRAY(SELECT CASE WHEN i % 3 > 0 THEN -7::float8 END FROM generate_series(1, 500) i), 24, 48);
SELECT count(*) FROM forecast(NULL, 24, 48);

-- Every method by its name.
SELECT m AS method, round(sum(f.value)::numeric, 1) AS sum
  FROM series, unnest(ARRAY['naive_season', 'naive_cycle', 'mean', 'median', 'smoothed_median', 'profile_level', 'ridge', 'ridge_lags', 'lags', 'holt_winters',
							'index_level', 'theta', 'median_ridge', 'smoothed_ridge', 'median_of_four', 'weighted']) WITH ORDINALITY AS u(m, i),
	   forecast(y, 6, 42, jsonb_build_object('cycle', 42, 'method', m)) f GROUP BY m, i ORDER BY i;

-- A profile: by local time, whole watt-hours, over the change of the clocks.
CREATE TABLE home AS
SELECT profile('2026-01-05 00:00 Europe/London', '30 min', array_agg((400 + CASE WHEN i % 48 BETWEEN 35 AND 44 THEN 300 ELSE 0 END + (i * 7919 % 211))::bigint ORDER BY i),
			   'Wh', 'Europe/London') AS load FROM generate_series(0, 48 * 7 * 11 - 1) i;
SELECT kind, origins, start_at(forecast), until_at(forecast), slot_count(forecast), energy_kwh(lower) < energy_kwh(forecast) AND energy_kwh(forecast) < energy_kwh(upper) AS inside
  FROM home, forecast(load, interval '7 days');
SELECT q.quality, q.slots, unit(forecast), time_zone(forecast) FROM home, forecast(load, timestamptz '2026-03-30 00:00+00'), qualities(forecast) q;
-- evenings stay evenings by the clock on the wall
SELECT to_char(at AT TIME ZONE 'Europe/London', 'YYYY-MM-DD HH24:MI') AS local, value FROM home, forecast(load, interval '7 days', '{"method": "median"}'), slots(forecast)
 WHERE (at AT TIME ZONE 'Europe/London')::time BETWEEN '17:00' AND '17:30' AND at > '2026-03-28' ORDER BY at;
SELECT until_at(forecast) FROM home, forecast(load, interval '1 month 1 day 30 min');
-- in the autumn the hour that comes twice is foreseen twice
SELECT slot_count(forecast), bool_and(s.value = 500) FROM
	forecast(profile('2026-10-05 00:00 Europe/London', '60 min', array_fill(500::bigint, ARRAY[24 * 14]), 'Wh', 'Europe/London'), interval '7 days'), slots(forecast) s GROUP BY 1;
SELECT method, origins, steps, mase < 2 AS plausible FROM home, forecast_backtest(load, '7 days') WHERE method IN ('naive_cycle', 'weighted');

-- Cold weather and holidays.
CREATE TABLE town AS
SELECT profile('2026-01-05 00:00+00', '60 min', array_agg(round((5000 + 200 * (18 - t)) * CASE WHEN d % 20 = 5 THEN 0.7 ELSE 1 END)::bigint ORDER BY i) FILTER (WHERE i < 1680), 'Wh', 'UTC') AS load,
	   profile('2026-01-05 00:00+00', '60 min', array_agg(round(t, 1) ORDER BY i), 'degC', 'UTC') AS temperature
  FROM (SELECT i, i / 24 AS d, CASE WHEN i < 1680 THEN 8 + 6 * (i * 37 % 101) / 101.0 * (CASE WHEN i / 24 % 5 < 2 THEN 1 ELSE -1 END) ELSE 0 END::numeric AS t
		  FROM generate_series(0, 1680 + 167) i) q;
SELECT day, round(plain.energy_kwh) AS plain, round(cold.energy_kwh) AS cold, round(holiday.energy_kwh) AS holiday
  FROM town, LATERAL (SELECT day, energy_kwh FROM forecast(load, interval '7 days', '{"method": "ridge"}') f, daily(f.forecast)) plain
	   JOIN LATERAL (SELECT day, energy_kwh FROM forecast(load, interval '7 days', '{"method": "ridge"}', temperature) f, daily(f.forecast)) cold USING (day)
	   JOIN LATERAL (SELECT day, energy_kwh FROM forecast(load, interval '7 days', '{"method": "ridge"}', temperature,
			ARRAY(SELECT date '2026-01-05' + d FROM generate_series(5, 65, 20) d) || date '2026-03-18') f, daily(f.forecast)) holiday USING (day) ORDER BY day;

-- Parts that add up, slot by slot.
CREATE TABLE parts AS
SELECT profile('2026-01-01 00:00+00', '60 min', ARRAY[100, 7, NULL, -5]::bigint[], 'Wh', 'UTC') AS total,
	   ARRAY[profile('2026-01-01 00:00+00', '60 min', ARRAY[10, 1, 1, 3]::bigint[], 'Wh', 'UTC'),
			 profile('2026-01-01 00:00+00', '60 min', ARRAY[20, 1, 1, -3]::bigint[], 'Wh', 'UTC'),
			 profile('2026-01-01 00:00+00', '60 min', ARRAY[30, 1, 1, 0]::bigint[], 'Wh', 'UTC')] AS parts;
SELECT p.ordinality AS part, array_agg(s.value ORDER BY s.at) FROM parts, unnest(apportion(total, parts)) WITH ORDINALITY p(profile), slots(p.profile) s GROUP BY 1 ORDER BY 1;

-- The plan does not change the answer.
CREATE TABLE many AS SELECT n, profile('2026-01-05 00:00+00', '60 min', array_agg((100 + i % 24 * 10 + (i * n * 7919) % 97)::bigint ORDER BY i), 'Wh', 'UTC') AS load
  FROM generate_series(1, 12) n, generate_series(0, 24 * 7 * 6 - 1) i GROUP BY n;
CREATE TABLE serial AS SELECT n, digest(forecast) AS d, digest(lower) AS l, weights FROM many, forecast(load, interval '7 days');
SET max_parallel_workers_per_gather = 2;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SELECT count(*), bool_and(digest(forecast) = d AND digest(lower) = l AND f.weights = s.weights) AS agrees FROM many, forecast(load, interval '7 days') f, serial s WHERE s.n = many.n;
RESET max_parallel_workers_per_gather;

-- Refused, in words.
\set VERBOSITY default
SELECT forecast('{1,2}', 0, 1);
SELECT forecast('{1,2}', 24, 0);
SELECT forecast('{1,2}', 24, 100000);
SELECT forecast('{1,2}', 24, 1, '{"cycle": 25}');
SELECT forecast('{}', 24, 1);
SELECT forecast('{NULL,NULL}', 24, 1);
SELECT forecast('{1,Infinity}', 24, 1);
SELECT forecast('{{1,2},{3,4}}', 24, 1);
SELECT forecast('{1,2}', 24, 1, '[]');
SELECT forecast('{1,2}', 24, 1, '{"method": "guess"}');
SELECT forecast('{1,2}', 24, 1, '{"kind": 3}');
SELECT forecast('{1,2}', 24, 1, '{"coverage": 1}');
SELECT forecast('{1,2}', 24, 1, '{"origins": 0}');
SELECT forecast('{1,2}', 24, 1, '{"horizons": 2}');
SELECT forecast('{1,2}', 24, 1, NULL, '{20}');
SELECT forecast('{1,2}', 24, 1, NULL, '{20,20,500}');
SELECT forecast('{1,2}', 24, 1, NULL, NULL, '{true}');
SELECT forecast(load, timestamptz '2026-01-01 00:00+00') FROM home;
SELECT forecast(load, timestamptz '2026-03-23 00:10+00') FROM home;
SELECT forecast(load, interval '-1 day') FROM home;
SELECT forecast(load, interval '50 years') FROM home;
SELECT forecast(load, interval '7 days', '{"cycle": 2}') FROM home;
SELECT forecast(load, interval '7 days', NULL, load) FROM home;
SELECT forecast(load, interval '14 days', NULL, temperature) FROM town;
SELECT forecast(profile('2026-01-01 00:00+00', '60 min', ARRAY[NULL, NULL]::bigint[], 'Wh', 'UTC'), interval '1 day');
SELECT apportion(total, ARRAY[]::profile[]) FROM parts;
SELECT apportion(total, ARRAY[NULL]::profile[]) FROM parts;
SELECT apportion(total, ARRAY[load]) FROM parts, home;
DROP TABLE series, home, town, parts, many, serial;
