-- Loads foreseen and kept: levels that add up, weather and holidays, what came beside it; plans of supply, their approval, overloads; who may.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'Asia/Shanghai';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_emma LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_otto LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_boss LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_rita LOGIN IN ROLE billing_analyst;
CREATE ROLE tap_cust LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'County', 'company') AS c, billing.add_org('S', 'Station', 'station', 'C') AS s, billing.add_org('T', 'Other', 'station', 'C') AS t,
	billing.add_staff('C', 'E', 'Emma', 'planner', 'tap_emma') AS e, billing.add_staff('T', 'O', 'Otto', 'clerk', 'tap_otto') AS o, billing.add_staff('C', 'B', 'Boss', 'head', 'tap_boss') AS b,
	billing.grant_access('E', 'C', '{org,supply,account,reading}', '{read,write}') AS g1, billing.grant_access('O', 'T', '{org,supply,account,reading}', '{read,write}') AS g2,
	billing.grant_access('B', 'C', '{org,supply}', '{read,approve}') AS g3,
	billing.add_staff('C', 'R', 'Rita', 'analyst', 'tap_rita') AS r, billing.grant_access('R', 'C', '{reading}', '{read}') AS g4 \gset
SELECT billing.add_plan(p, p, '2025-01-01', '{"name": "s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') FROM unnest('{home,shop}'::text[]) p \g /dev/null
SELECT billing.add_customer('S', 'x') AS cu \gset
SELECT billing.add_account('S', 'A' || n, :cu, '2025-01-01'), billing.set_plan('A' || n, CASE WHEN n % 2 = 0 THEN 'home' ELSE 'shop' END, '2025-01-01') FROM generate_series(1, 5) n \g /dev/null
SELECT billing.add_station('C', 'B1', 'East', 110000), billing.add_feeder('C', 'L1', 'Line 1', 10000, 'B1', '2020-01-01'), billing.add_feeder('C', 'L2', 'Line 2', 10000, 'B1', '2020-01-01'),
	billing.add_transformer_area('C', 'T1', 'Area 1', 1, 'L1', '2020-01-01') \g /dev/null
SELECT billing.add_service_point('A1', area_no => 'T1'), billing.add_service_point('A2', area_no => 'T1'), billing.add_service_point('A3', feeder_no => 'L1'), billing.add_service_point('A4', feeder_no => 'L2') \g /dev/null

-- 84 days of hours, each account its own shape of day and week, and some noise; A5 hangs nowhere and feeds in what it has too much
CREATE FUNCTION pg_temp.wh(n integer, i integer) RETURNS bigint IMMUTABLE LANGUAGE sql AS $$
	SELECT (200 * n + 40 * ((i + 3 * n) % 24) + CASE WHEN i / 24 % 7 IN (5, 6) THEN 150 ELSE 0 END + abs(hashint4(i * 7 + n)) % (30 * n))::bigint $$;
-- (what A4's head-end sends names its offset, not its zone)
SELECT billing.record_profile('A' || n, billing.profile(d, '1 hour', ARRAY(SELECT pg_temp.wh(n, k * 672 + i) FROM generate_series(0, 671) i), time_zone => CASE n WHEN 4 THEN '+08:00' ELSE 'Asia/Shanghai' END))
  FROM generate_series(1, 5) n, generate_series(0, 2) k, LATERAL (SELECT timestamptz '2026-01-05 00:00+08' + k * interval '28 days' AS d) q \g /dev/null
SELECT billing.record_profile('A5', billing.profile(timestamptz '2026-01-05 00:00+08' + k * interval '28 days', '1 hour', ARRAY(SELECT CASE WHEN i % 24 BETWEEN 10 AND 14 THEN 3000 ELSE 0 END FROM generate_series(0, 671) i)::bigint[],
	time_zone => 'Asia/Shanghai'), 'export') FROM generate_series(0, 2) k \g /dev/null

SELECT plan(46);
CREATE TEMPORARY VIEW foreseen AS
SELECT run_id, level, feeder_id, forecast, lower, upper FROM billing.load_forecast
UNION ALL SELECT run_id, 'account', feeder_id, forecast, lower, upper FROM billing.account_forecast;

-- ---- forecasts ----
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06', accounts => true) AS run \gset
RESET SESSION AUTHORIZATION;
SELECT results_eq(format('SELECT level, count(*)::integer FROM foreseen WHERE run_id = %s GROUP BY level ORDER BY level', :run),
	$$VALUES ('account', 5), ('feeder', 3), ('org', 1), ('plan', 2)$$, 'the org, its feeders with what hangs nowhere, its plans, its accounts');
SELECT is_empty(format($$
	WITH s AS (SELECT f.level, f.feeder_id, s.at, sum(s.value) AS wh FROM foreseen f, billing.slots(f.forecast) s WHERE f.run_id = %s GROUP BY 1, 2, 3)
	SELECT at FROM (SELECT at, sum(wh) FILTER (WHERE level = 'org') AS org, sum(wh) FILTER (WHERE level = 'feeder') AS feeder, sum(wh) FILTER (WHERE level = 'plan') AS plan,
						   sum(wh) FILTER (WHERE level = 'account') AS account FROM s GROUP BY at) q
	 WHERE (org = feeder AND org = plan AND org = account) IS NOT TRUE$$, :run), 'each level adds up to the org in every slot, exactly');
SELECT is_empty(format($$
	SELECT f.feeder_id, s.at FROM foreseen f, billing.slots(f.forecast) s WHERE f.run_id = %s AND f.level IN ('feeder', 'account') GROUP BY 1, 2
	HAVING sum(CASE f.level WHEN 'feeder' THEN s.value ELSE -s.value END) <> 0$$, :run), 'accounts add up to their feeder');
SELECT results_eq(format($$SELECT DISTINCT billing.start_at(forecast), billing.until_at(forecast), billing.time_zone(forecast) FROM foreseen WHERE run_id = %s$$, :run),
	$$VALUES (timestamptz '2026-03-30 00:00+08', timestamptz '2026-04-06 00:00+08', 'Asia/Shanghai')$$, 'of whole local days');
SELECT ok((SELECT bool_or(s.value < 0) FROM foreseen f, billing.slots(f.forecast) s WHERE f.run_id = :run AND f.level = 'feeder' AND f.feeder_id IS NULL), 'a net load may be below zero');
SELECT ok((SELECT bool_and(billing.energy_wh(lower) <= billing.energy_wh(forecast) AND billing.energy_wh(forecast) <= billing.energy_wh(upper)) FROM foreseen WHERE run_id = :run), 'within its bounds');
SELECT is((SELECT count(*)::integer FROM billing.audit WHERE act = 'make_forecast'), 1, 'on record');

-- what came
SELECT billing.record_profile('A' || n, billing.profile('2026-03-30 00:00+08', '1 hour', ARRAY(SELECT pg_temp.wh(n, 2016 + i) FROM generate_series(0, 71) i), time_zone => 'Asia/Shanghai')) FROM generate_series(1, 5) n \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT results_eq(format($$SELECT level, feeder_no, plan_code, slots::integer, abs(bias_percent) < 5 AND wape_percent < 6 AND inside_percent > 50 FROM billing.forecast_errors(%s) WHERE feeder_no IS NOT NULL OR plan_code IS NOT NULL$$, :run),
	$$VALUES ('feeder', 'L1', NULL, 72, true), ('feeder', 'L2', NULL, 72, true), ('plan', NULL, 'home', 72, true), ('plan', NULL, 'shop', 72, false)$$, 'near to what came; the plan of who fed in no more is off');
SELECT is((SELECT actual_kwh FROM billing.forecast_errors(:run, '2026-03-31') WHERE feeder_no = 'L2'),
	(SELECT round(sum(pg_temp.wh(4, 2016 + i)) / 1000.0, 3) FROM generate_series(0, 23) i), 'of the days that are asked for');
SELECT results_eq(format($$SELECT account_no, slots::integer, abs(bias_percent) < 8 FROM billing.forecast_errors(%s, accounts => true) WHERE level = 'account' AND account_no <> 'A5'$$, :run),
	$$SELECT 'A' || n, 72, true FROM generate_series(1, 4) n$$, 'of each account');
SELECT is_empty(format($$SELECT * FROM billing.forecast_errors(%s, '2026-01-01')$$, :run), 'of no day before it');
SELECT is((SELECT count(*)::integer FROM billing_report.load_forecast WHERE run_id = :run AND level = 'feeder' AND org_no = 'C'), 3, 'reported');
SET LOCAL SESSION AUTHORIZATION tap_rita;
SELECT is((SELECT count(*)::integer FROM billing_report.load_forecast WHERE run_id = :run), 6, 'to who may read readings');
RESET SESSION AUTHORIZATION;

-- weather and holidays: colder days ahead need more, where cold days needed more
SELECT billing.add_calendar('cal', 'Calendar') \g /dev/null
SELECT billing.add_account('S', 'W', :cu, '2025-01-01'), billing.set_plan('W', 'home', '2025-01-01'), billing.add_service_point('W', feeder_no => 'L2') \g /dev/null
CREATE TEMPORARY TABLE cold AS SELECT d, 15 - abs(hashint4(d)) % 15 AS t FROM generate_series(0, 83) d;
GRANT SELECT ON cold TO PUBLIC;
SELECT billing.record_profile('W', billing.profile(timestamptz '2026-01-05 00:00+08' + k * interval '28 days', '1 hour',
	ARRAY(SELECT (100000 + 20000 * (18 - t))::bigint FROM cold, generate_series(0, 23) WHERE d / 28 = k ORDER BY d), time_zone => 'Asia/Shanghai')) FROM generate_series(0, 2) k \g /dev/null
SET LOCAL track_functions = 'all';
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT billing.make_forecast('C', '2026-03-30', '2026-04-02') AS mild \gset
SELECT is((SELECT calls FROM pg_stat_xact_user_functions WHERE funcname = '_common_zone'), 1::bigint, 'what all accounts have in common is looked up once, not for each reading');
SELECT is(billing.record_temperature('C', billing.profile('2026-01-05 00:00+08', '1 hour', ARRAY(SELECT t FROM cold, generate_series(0, 23) ORDER BY d) || array_fill(0, '{72}'), 'degC', 'Asia/Shanghai'), 'mast'), 87,
	'temperatures, a day a row');
SELECT billing.make_forecast('C', '2026-03-30', '2026-04-02', calendar_code => 'cal') AS frost \gset
SELECT ok((SELECT with_temperature FROM billing.load_forecast_run WHERE run_id = :frost) AND NOT (SELECT with_temperature FROM billing.load_forecast_run WHERE run_id = :mild), 'known where it reaches the end');
SELECT ok((SELECT max(energy_kwh) FILTER (WHERE run_id = :frost) > 1.2 * max(energy_kwh) FILTER (WHERE run_id = :mild) FROM billing_report.load_forecast WHERE level = 'org' AND run_id IN (:frost, :mild)), 'frost needs more');
SELECT is(billing.record_temperature('C', billing.profile('2026-03-30 00:00+08', '1 hour', array_fill(16, '{24}'), 'degC', 'Asia/Shanghai'), 'forecast'), 1, 'what is recorded later');
SELECT is((SELECT source FROM billing.temperature_day WHERE day = '2026-03-30'), 'forecast', 'replaces');

-- refused
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-03-30')$$, '22023', NULL, 'no day');
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06', weeks => 0)$$, '22023', NULL, 'no history');
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06', weeks => 2147483647)$$, '22023', NULL, 'more history than there are days');
SELECT throws_ok($$SELECT billing.make_forecast('C', '2025-03-30', '2025-04-06')$$, 'UB103', NULL, 'nothing was read');
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06', calendar_code => 'none')$$, 'P0002', NULL, 'no such calendar');
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06', options => '{"method": "guess"}')$$, '22023', NULL, 'no such method');
SELECT throws_ok($$SELECT billing.record_temperature('C', billing.profile('2026-03-30 00:00+08', '1 hour', ARRAY[1]::bigint[], time_zone => 'Asia/Shanghai'))$$, '22023', NULL, 'no temperature');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('DELETE FROM billing.load_forecast WHERE run_id = %s', :run), '23001', NULL, 'a forecast stays');

-- ---- plans of supply ----
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT billing.set_feeder_capacity('L2', '2026-01-01', 1000) \g /dev/null
SELECT billing.make_supply_plan('C', '2026-04-01', 3) AS plan \gset
SELECT is_empty(format($$SELECT feeder_id, month FROM billing.supply_plan_line WHERE supply_plan_id = %s GROUP BY 1, 2
	HAVING sum(CASE level WHEN 'feeder' THEN energy_kwh ELSE -energy_kwh END) <> 0$$, :plan), 'areas and what hangs on the line add up to it');
SELECT results_eq(format($$SELECT level, feeder_no, area_no, month, capacity_kw, overload FROM billing_report.supply_plan WHERE supply_plan_id = %s AND month = '2026-04-01' AND feeder_no IS NOT NULL ORDER BY feeder_no, level DESC$$, :plan),
	$$VALUES ('feeder', 'L1', NULL, date '2026-04-01', NULL::numeric, false), ('direct', 'L1', NULL, '2026-04-01', NULL, false), ('area', 'L1', 'T1', '2026-04-01', 0.9, true),
			 ('feeder', 'L2', NULL, '2026-04-01', 1000, false), ('direct', 'L2', NULL, '2026-04-01', NULL, false)$$, 'beside what they may carry');
SELECT throws_ok(format('SELECT billing.adopt_supply_plan(%s)', :plan), 'UB603', NULL, 'not without a second person');
SELECT billing.submit_supply_plan(:plan) AS request \gset
SELECT throws_ok(format('SELECT billing.approve(%s)', :request), NULL, NULL, 'not oneself');
SET LOCAL SESSION AUTHORIZATION tap_boss;
SELECT is(billing.approve(:request), format('supply plan %s', :plan), 'another approves');
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT lives_ok(format('SELECT billing.adopt_supply_plan(%s)', :plan), 'adopted');
SELECT is((SELECT adopted_by FROM billing.supply_plan WHERE supply_plan_id = :plan), billing.actor(), 'by whom is written down');
SELECT throws_ok(format('SELECT billing.withdraw_supply_plan(%s)', :plan), 'UB707', NULL, 'what is adopted is not withdrawn');
SELECT billing.make_supply_plan('C', '2026-04-01', 3, note => 'again') AS next \gset
SELECT is((SELECT version FROM billing.supply_plan WHERE supply_plan_id = :next), 2, 'the next version');
SELECT billing.submit_supply_plan(:next) AS request \gset
SET LOCAL SESSION AUTHORIZATION tap_boss;
SELECT billing.approve(:request) \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT billing.adopt_supply_plan(:next) \g /dev/null
SELECT is((SELECT string_agg(state, ',' ORDER BY version) FROM billing.supply_plan), 'superseded,adopted', 'supersedes it');
SELECT is((SELECT count(*)::integer FROM billing.supply_plan_actual(:next, '2026-04-20')), 0, 'no month has ended');
SELECT results_eq(format($$SELECT DISTINCT month, actual_kwh IS NULL FROM billing.supply_plan_actual(%s, '2026-05-01') ORDER BY 1, 2$$, :next), $$VALUES (date '2026-04-01', false)$$, 'plan against actual');
SELECT is((SELECT actual_kwh FROM billing.supply_plan_actual(:next, '2026-05-01') WHERE feeder_no = 'L2' AND level = 'feeder'), (SELECT round(sum(pg_temp.wh(4, 2016 + i)) / 1000.0, 3) FROM generate_series(48, 71) i),
	'of what was read in the month');
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('UPDATE billing.supply_plan SET months = 5 WHERE supply_plan_id = %s', :next), 'UB707', NULL, 'a plan is not changed');
SELECT throws_ok(format('UPDATE billing.supply_plan_line SET energy_kwh = 0 WHERE supply_plan_id = %s', :next), '23001', NULL, 'nor its lines');
SELECT ok((SELECT value FROM billing.metrics() WHERE name = 'billing_supply_overloads') >= 0, 'overloads are counted, so that alerts can call somebody');

-- ---- rights ----
SET LOCAL SESSION AUTHORIZATION tap_otto;
SELECT throws_ok($$SELECT billing.make_forecast('C', '2026-03-30', '2026-04-06')$$, 'P0002', NULL, 'another''s org is not there');
SELECT is((SELECT count(*)::integer FROM billing.load_forecast) + (SELECT count(*)::integer FROM billing.account_forecast) + (SELECT count(*)::integer FROM billing.supply_plan), 0, 'nor what was foreseen and planned of it');
SET LOCAL SESSION AUTHORIZATION tap_boss;
SELECT throws_ok($$SELECT billing.make_supply_plan('C', '2026-04-01')$$, 'P0002', NULL, 'who may not write plans nothing');
RESET SESSION AUTHORIZATION;
SELECT finish();
ROLLBACK;
