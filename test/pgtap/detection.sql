-- Anomalies: each detector hits what it is for, and a good account has nothing; the same case once; evidence again; rights, outcomes, probabilities.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'Asia/Shanghai';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S1', 'Station', 'station'), billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS p \gset
SELECT billing.add_plan('tiers', 'Tiers', '2026-01-01', '{"name": "t", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS p2 \gset
SELECT billing.add_customer('S1', 'x') AS customer, billing.add_customer('S2', 'z') AS other \gset
CREATE TEMPORARY TABLE acc (no text, plan text DEFAULT 'flat', address text DEFAULT '');
INSERT INTO acc (no) SELECT unnest('{GOOD,GOOD2,GOOD3,GAP,SPIKE,NEG,LUMP,STUCK,PAUSE,ZERO,LATE,SHIFT,PHASE,UP,NIGHT,FACTOR,OVER,CHECK,VACANT,SOLAR,FRONT,LEAK,GONE,BLANK}'::text[]);
INSERT INTO acc VALUES ('TIER1', 'tiers', 'Nanjing Road 5'), ('TIER2', 'tiers', 'Nanjing  Road 5'), ('TIER3', 'flat', 'Nanjing Road 5');
SELECT count(*) FROM (SELECT billing.add_account('S1', no, :customer, '2026-01-01', address => address), billing.set_plan(no, plan, '2026-01-01', CASE no WHEN 'OVER' THEN '{"contract_kw": "5"}' ELSE '{}' END::jsonb) FROM acc) q \gset
-- a stranger in the same house
SELECT billing.add_customer('S1', 'y') AS stranger \gset
SELECT billing.add_account('S1', 'TIER4', :stranger, '2026-01-01', address => 'Nanjing Road 5'), billing.set_plan('TIER4', 'tiers', '2026-01-01') \gset
SELECT billing.add_account('S2', 'Z', :other, '2026-01-01'), billing.set_plan('Z', 'flat', '2026-01-01') \gset
-- a shop in half-hours, and what happens to it: hour of the day h, days since 1 January d
CREATE FUNCTION pg_temp.wh(no text, d integer, s integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE
		WHEN no = 'GAP' AND d BETWEEN 100 AND 105 THEN NULL
		WHEN no = 'BLANK' AND d >= 90 THEN NULL
		WHEN no = 'SPIKE' AND d = 100 AND s = 20 THEN 60000
		WHEN no = 'NEG' AND d = 101 AND s = 20 THEN -500
		WHEN no = 'LUMP' AND d = 102 AND s BETWEEN 0 AND 19 THEN 0 WHEN no = 'LUMP' AND d = 102 AND s = 20 THEN 25000
		WHEN no = 'STUCK' AND d = 103 AND s BETWEEN 10 AND 40 THEN 777
		WHEN no = 'PAUSE' AND d IN (104, 105) THEN 0
		WHEN no = 'ZERO' AND d >= 85 THEN 0
		WHEN no = 'VACANT' THEN 0
		WHEN no = 'SOLAR' AND s BETWEEN 14 AND 36 THEN 0
		WHEN no = 'OVER' AND d = 110 AND s IN (20, 21, 22, 23) THEN 4000
		WHEN no = 'NIGHT' AND d >= 90 AND s < 12 THEN g + 900
		WHEN no IN ('SHIFT', 'Z') AND d >= 100 THEN g * 4 / 10
		WHEN no = 'PHASE' AND d >= 100 THEN g * 2 / 3
		WHEN no = 'UP' AND d >= 90 THEN g * 4
		ELSE g END
	  FROM (SELECT CASE WHEN s BETWEEN 18 AND 39 THEN 1500 ELSE 300 END + abs(hashint4(hashtext(no) + d * 48 + s)::bigint) % 100 AS g) q $$;
CREATE FUNCTION pg_temp.month(no text, month date, factor numeric DEFAULT 1) RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile(month::timestamp AT TIME ZONE 'Asia/Shanghai', '30 min', ARRAY(SELECT (pg_temp.wh(no, d::date - date '2026-01-01', s) * factor)::bigint
		FROM generate_series(month::timestamp, month + interval '1 month' - interval '1 day', '1 day') d, generate_series(0, 47) s ORDER BY d, s), time_zone => 'Asia/Shanghai') $$;
SELECT count(*) FROM (SELECT billing.record_profile(no, pg_temp.month(no, m::date)) FROM (SELECT no FROM acc UNION ALL VALUES ('Z')) a, generate_series('2026-01-01'::timestamp, '2026-04-01', interval '1 month') m
	 WHERE no <> 'GONE' OR m < '2026-04-01') q \gset
SELECT count(*) FROM (SELECT billing.record_profile(no, pg_temp.month('q' || no, m::date, CASE WHEN no = 'FACTOR' AND m >= '2026-04-01' THEN 1.5 ELSE 0.2 END), 'reactive_import')
	FROM unnest('{FACTOR,GOOD}'::text[]) no, generate_series('2026-01-01'::timestamp, '2026-04-01', interval '1 month') m) q \gset
-- a check meter that counts 5 % more; a register that fell back, one that rolled over; an account that goes on after its end
SELECT billing.add_service_point('CHECK'), billing.add_service_point('CHECK', 'ctl', purpose => 'check') \gset
SELECT billing.record_profile('CHECK', pg_temp.month('CHECK', '2026-04-01', 1.05), part => 'ctl') \gset
-- meters behind others: as much as the one in front counts, and twice as much
SELECT billing.add_forming_rule('FRONT', 'deduct', '2026-01-01', other_account_no => 'GOOD'), billing.add_forming_rule('LEAK', 'deduct', '2026-01-01', other_account_no => 'TIER2'),
	billing.add_forming_rule('LEAK', 'deduct', '2026-01-01', other_account_no => 'TIER3') \gset
UPDATE billing.account_head h SET stops_on = '2026-04-11' FROM billing.account a WHERE a.account_id = h.account_id AND a.account_no = 'LATE';
SELECT billing.record_register('GOOD2', '2026-03-01', 'total', 99000, digits => 5), billing.record_register('GOOD2', '2026-04-01', 'total', 99900, digits => 5), billing.record_register('GOOD2', '2026-04-15', 'total', 300, digits => 5),
	billing.record_register('GOOD3', '2026-03-01', 'total', 5000, digits => 6), billing.record_register('GOOD3', '2026-04-01', 'total', 5900, digits => 6), billing.record_register('GOOD3', '2026-04-15', 'total', 5500, digits => 6) \gset
CREATE FUNCTION pg_temp.detect(org text, from_on date, until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_detection(org, from_on, until_on, 100);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;

SELECT plan(69);
SELECT matches(pg_temp.detect('S1', '2026-04-01', '2026-05-01'), '^Detection \d+: \d+ new anomalies, 0 exceptions\.$', 'a run says what it found');
CREATE TEMPORARY VIEW found AS SELECT account_no, string_agg(kind, ',' ORDER BY kind) AS kinds FROM billing_report.anomaly WHERE state <> 'closed' GROUP BY account_no;
GRANT SELECT ON found TO PUBLIC;
CREATE FUNCTION pg_temp.kinds(no text) RETURNS text LANGUAGE sql AS $$ SELECT coalesce((SELECT kinds FROM found WHERE account_no = no), '') $$;
SELECT is(pg_temp.kinds(v.no), v.kinds, v.why) FROM (VALUES
	('GOOD', '', 'a good account has nothing'),
	('VACANT', '', 'nor one that never used anything'),
	('SOLAR', '', 'nor one whose days have always had zeros'),
	('GAP', 'gap', 'days that did not come'),
	('GONE', 'gap', 'a month that did not come'),
	('BLANK', 'gap', 'or came with no reading in it'),
	('SPIKE', 'spike', 'a spike'),
	('NEG', 'negative', 'a reading below zero'),
	('LUMP', 'catch_up', 'zeros and their lump'),
	('STUCK', 'stuck', 'a stuck run'),
	('PAUSE', 'zero_run', 'two days of nothing'),
	('LATE', 'inactive_use', 'use after the end'),
	('PHASE', 'phase_fault', 'two thirds: a phase'),
	('NIGHT', 'night_base', 'more at night'),
	('FACTOR', 'power_factor', 'a power factor that fell'),
	('OVER', 'over_contract', 'more than was agreed'),
	('CHECK', 'main_sub', 'a check meter that disagrees'),
	('FRONT', '', 'a meter with no less behind it'),
	('LEAK', 'main_sub', 'one with more behind it than it counts'),
	('TIER1', 'tier_splitting', 'two accounts of one plan at one address, at the first of them'),
	('TIER2', '', 'and not at the second'),
	('TIER3', '', 'nor at one of another plan'),
	('TIER4', '', 'nor at somebody else''s'),
	('GOOD2', 'rollover', 'a register that rolled over'),
	('GOOD3', 'reversal', 'one that fell back')) v(no, kinds, why);
SELECT ok(pg_temp.kinds('ZERO') LIKE '%zero_use%', 'nothing for a month');
SELECT ok(pg_temp.kinds('SHIFT') LIKE '%level_shift%', 'a level that changed');
SELECT ok(pg_temp.kinds('UP') LIKE 'jump_own,jump_peers%', 'four times as much, which the others have not');
SELECT is((SELECT evidence ->> 'on_date' || ' ' || from_on || ' ' || until_on FROM billing_report.anomaly WHERE account_no = 'SHIFT' AND kind = 'level_shift'), '2026-04-11 2026-04-11 2026-05-01', 'dated');
SELECT ok((SELECT kwh BETWEEN 500 AND 700 FROM billing_report.anomaly WHERE account_no = 'SHIFT' AND kind = 'level_shift'), 'with the energy that is lacking: 20 days of about 49 kWh, six tenths of them');
SELECT is((SELECT action FROM billing_report.anomaly WHERE account_no = 'GAP'), $$CALL billing.estimate_readings('S1', '2026-04-01', '2026-05-01')$$, 'and the call that would see to it');
SELECT ok((SELECT count(*) = 2 AND bool_and(kwh BETWEEN 1200 AND 1400) FROM billing_report.anomaly WHERE account_no IN ('GONE', 'BLANK')), 'of a month that did not come the energy of 30 days as before, some 43 kWh each');
SELECT is((SELECT count(*) FROM billing_report.anomaly WHERE org_no = 'S2'), 0::bigint, 'another org was not looked at');

SELECT is((SELECT evidence -> 'accounts' #>> '{0,account}' || ' ' || (evidence #>> '{accounts,0,same}') || ' ' || measured FROM billing_report.anomaly WHERE account_no = 'TIER1'), 'TIER2 customer 2', 'who holds them, and why that is thought');

SELECT results_eq($$SELECT measured BETWEEN 0.49 AND 0.51, kwh BETWEEN 900 AND 1300, evidence -> 'behind' FROM billing_report.anomaly WHERE account_no = 'LEAK'$$, $$VALUES (true, true, '["TIER2", "TIER3"]'::jsonb)$$,
	'half of what is behind it passes it by');

-- again: the same cases, once
SELECT matches(pg_temp.detect('S1', '2026-04-01', '2026-05-01'), ': 0 new anomalies', 'the same again finds nothing new');
SELECT is((SELECT array_agg(DISTINCT seen) FROM billing_report.anomaly), '{2}', 'but sees all of it');
SELECT is((SELECT count(*) FROM billing_report.anomaly a CROSS JOIN LATERAL billing.anomaly_evidence(a.anomaly_id) e WHERE e.score = a.score), (SELECT count(*) FROM billing_report.anomaly),
	'the evidence of each, looked at again, has the same score');
UPDATE billing.reading r SET profile = pg_temp.month('GOOD', '2026-04-01') FROM billing.account a WHERE a.account_id = r.account_id AND a.account_no = 'GAP' AND r.from_on = '2026-04-01';
SELECT is((SELECT max(e.score) FROM billing_report.anomaly a CROSS JOIN LATERAL billing.anomaly_evidence(a.anomaly_id) e WHERE a.account_no = 'GAP'), 0::double precision, 'what came meanwhile is seen');

-- chunks do not matter
CREATE TEMPORARY TABLE before AS SELECT account_no, kind, part, score, kwh, evidence FROM billing_report.anomaly WHERE account_no <> 'GAP';
DO $$ DECLARE run bigint := billing._start_detection('S1', '2026-04-01', '2026-05-01', 3); BEGIN WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP; PERFORM billing._finish_run(run); END $$;
SELECT ok((SELECT count(*) FROM billing.run_chunk WHERE run_id = (SELECT max(run_id) FROM billing.bill_run)) > 7, 'chunks of three');
SELECT is_empty($$(TABLE before EXCEPT SELECT account_no, kind, part, score, kwh, evidence FROM billing_report.anomaly) UNION ALL (SELECT account_no, kind, part, score, kwh, evidence FROM billing_report.anomaly WHERE account_no <> 'GAP' EXCEPT TABLE before)$$,
	'find the same as one of a hundred');
-- who cannot be looked at is alone with it
ALTER TABLE billing.anomaly ADD CONSTRAINT test_fails CHECK (looked_until <> '2026-04-30' OR kind <> 'spike');
SELECT matches(pg_temp.detect('S1', '2026-04-01', '2026-04-30'), ': \d+ new anomalies, 1 exceptions\.$', 'one account fails, the others are looked at');
SELECT is((SELECT string_agg(a.account_no || ' ' || x.sqlstate, ',') FROM billing.run_exception x JOIN billing.account a USING (account_id)), 'SPIKE 23514', 'which one');
ALTER TABLE billing.anomaly DROP CONSTRAINT test_fails;

-- outcomes teach
SELECT throws_ok($$SELECT billing.assign_anomaly(anomaly_id, 'staff 7', 'infinity') FROM billing_report.anomaly WHERE account_no = 'SPIKE'$$, '22023', 'an anomaly is to be seen to until a day', 'a day there is');
SELECT billing.assign_anomaly(anomaly_id, 'staff 7', '2026-06-01'), billing.work_on_anomaly(anomaly_id, 'on site') FROM billing_report.anomaly WHERE account_no = 'SPIKE' \gset
SELECT is((SELECT state || ' ' || owner || ' ' || due_on FROM billing_report.anomaly WHERE account_no = 'SPIKE'), 'in_work staff 7 2026-06-01', 'somebody sees to it');
SELECT billing.close_anomaly(anomaly_id, 'false_alarm', 'a welding machine') FROM billing_report.anomaly WHERE account_no = 'SPIKE' \gset
SELECT throws_ok(format('SELECT billing.close_anomaly(%s, %L)', (SELECT anomaly_id FROM billing_report.anomaly WHERE account_no = 'SPIKE'), 'theft'), '55000', NULL, 'what is closed stays closed');
SELECT ok(billing._anomaly_probability('spike', 1) < 0.95 AND billing._anomaly_probability('stuck', 1) = 1, 'the next of this kind is less likely, others are not');
SELECT results_eq($$SELECT kind, judged, confirmed, hit_rate FROM billing_report.detector_hits$$, $$VALUES ('spike', 1::bigint, 0::bigint, 0.0000)$$, 'hit rates by outcome');
SELECT matches(pg_temp.detect('S1', '2026-04-01', '2026-05-01'), ': 0 new anomalies', 'what was judged does not come again');
-- switched off
SELECT billing.set_detector('S1', 'stuck', false) \gset
SELECT billing.close_anomaly(anomaly_id, 'meter_fault') FROM billing_report.anomaly WHERE account_no = 'STUCK' \gset
SELECT throws_ok($$SELECT billing.set_detector('S1', 'no')$$, '22023', 'there is no detector "no"', 'detectors have names');

-- areas: one that loses too much, one as it should, one whose reading is missing
SELECT billing.add_station('S2', 'B1', 'East', 110000), billing.add_feeder('S2', 'L1', 'Line 1', 10000, 'B1', '2020-01-01') \gset
SELECT billing.add_account('S2', 'H' || n, :other, '2026-04-01'), billing.set_plan('H' || n, 'flat', '2026-04-01'), billing.add_transformer_area('S2', 'T' || n, 'Area', 400, 'L1', '2020-01-01'),
	billing.add_service_point('H' || n, area_no => 'T' || n), billing.record_profile('H' || n, billing.profile('2026-04-01 00:00+08', '1 day', array_fill(10000::bigint, '{30}'), time_zone => 'Asia/Shanghai'))
  FROM generate_series(1, 3) n \g /dev/null
SELECT billing.add_meter_type('G', 'x', 'g', 3, 380, 1.5, 6, '0.5S', '{"total": {"digits": 6, "decimals": 2, "unit": "kWh"}}', verify_months => 96) AS t \gset
SELECT billing.add_meter('S2', 'GT' || n, 'G', verified_on => '2025-12-01'), billing.install_gateway_meter('GT' || n, '2026-04-01 00:00+08', '{"total": 0}', area_no => 'T' || n) FROM generate_series(1, 3) n \g /dev/null
SELECT billing.record_gateway_reading('GT1', '2026-05-01 00:00+08', '{"total": 400}'), billing.record_gateway_reading('GT2', '2026-05-01 00:00+08', '{"total": 310}') \gset
DO $$ DECLARE run bigint := billing._start_run('S2', '2026-05-01', 100); BEGIN WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP; PERFORM billing._finish_run(run); END $$;
SELECT ok(pg_temp.detect('S2', '2026-04-01', '2026-05-01') LIKE 'Detection%', 'a run looks at areas too');
SELECT results_eq($$SELECT area_no, kind, kwh, amount, currency, measured, action FROM billing_report.anomaly WHERE area_no IS NOT NULL$$,
	$$VALUES ('T1', 'area_balance', 60.000, 30.00, 'CNY', 25.00, 'SELECT * FROM billing.area_losses(''S2'', ''[2026-04-01,2026-05-01)'')')$$, 'the one that loses 25 %, with what is beyond the limit, at what its accounts pay');
SELECT pg_temp.detect('S2', '2026-04-01', '2026-05-01') AS again \gset
SELECT is((SELECT seen FROM billing_report.anomaly WHERE area_no = 'T1'), 2, 'once');
SELECT is((SELECT (e.evidence ->> 'loss_percent')::numeric FROM billing_report.anomaly a CROSS JOIN LATERAL billing.anomaly_evidence(a.anomaly_id) e WHERE a.area_no = 'T1'), 25.00, 'and its balance again');
SET LOCAL TimeZone = 'America/Lima';
SELECT is((SELECT (e.evidence ->> 'loss_percent')::numeric FROM billing_report.anomaly a CROSS JOIN LATERAL billing.anomaly_evidence(a.anomaly_id) e WHERE a.area_no = 'T1'), 25.00, 'whoever asks, wherever he is');
SET LOCAL TimeZone = 'Asia/Shanghai';

-- theft: outcomes are labels of the model, and what the model suspects is on the list
SELECT billing.add_model('S1', 'theft', 'Theft') \gset
SELECT billing.close_anomaly(anomaly_id, 'theft') FROM billing_report.anomaly WHERE account_no = 'SHIFT' AND kind = 'level_shift' \gset
SELECT results_eq($$SELECT a.account_no, l.label FROM billing.model_label l JOIN billing.account a USING (account_id)$$, $$VALUES ('SHIFT', true)$$, 'a confirmed theft is a label');
SELECT count(billing.label_account('theft', no, no IN ('PHASE', 'UP', 'NIGHT', 'ZERO', 'SPIKE', 'STUCK', 'PAUSE', 'NEG', 'LUMP', 'OVER'), '2026-05-01', 'test'))
  FROM unnest('{PHASE,UP,NIGHT,ZERO,SPIKE,STUCK,PAUSE,NEG,LUMP,OVER,GOOD,GOOD2,GOOD3,GAP,LATE,FACTOR,CHECK,SOLAR,TIER1,TIER2,TIER3}'::text[]) no \g /dev/null
SELECT billing.train_model('theft', '2026-05-01', 3, '{"trees": 30, "share": 1}') AS version \gset
SELECT pg_temp.detect('S1', '2026-04-01', '2026-05-01') \gset
SELECT ok((SELECT count(*) > 5 FROM billing_report.anomaly WHERE kind = 'suspected_theft'), 'a trained model suspects some');
SELECT is((SELECT count(*) FROM billing_report.anomaly n WHERE n.kind = 'suspected_theft' AND n.probability >= 0.5), (SELECT count(*) FROM billing.score_accounts('theft', 'S1', '2026-05-01') WHERE grade = 'trained' AND probability >= 0.5),
	'what a trained model suspects is on the list');
SELECT ok(s.from_on BETWEEN p.from_on - 1 AND p.from_on + 1 AND s.kwh BETWEEN 0.8 * p.kwh AND 1.2 * p.kwh, 'from the day on which the level fell, with the energy that is lacking since: ' || s.from_on || ' ' || s.kwh)
  FROM billing_report.anomaly s JOIN billing_report.anomaly p ON p.account_no = s.account_no WHERE s.account_no = 'PHASE' AND s.kind = 'suspected_theft' AND p.kind = 'phase_fault';
SELECT is((SELECT count(*) FROM billing_report.anomaly n CROSS JOIN LATERAL billing.anomaly_evidence(n.anomaly_id) e WHERE n.kind = 'suspected_theft' AND e.score = n.score AND e.kwh IS NOT DISTINCT FROM n.kwh AND e.evidence ? 'reasons'),
	(SELECT count(*) FROM billing_report.anomaly n WHERE n.kind = 'suspected_theft'), 'and the model says why');

-- what every hit has
SELECT set_eq($$SELECT kind FROM billing_report.anomaly$$, $$SELECT kind FROM billing.detectors()$$, 'each detector has found something here');
SELECT is_empty($$SELECT anomaly_id, kind FROM billing_report.anomaly WHERE NOT (probability > 0 AND probability <= 1 AND evidence <> '{}' AND (due_on >= current_date - 1 OR state = 'closed') AND until_on > from_on)$$,
	'each hit has a probability, evidence, its days and a day until which it is to be seen to');
SELECT is_empty($$SELECT kind, action FROM billing_report.anomaly WHERE action !~ '^(SELECT|CALL) ' OR action ~ '[{][a-z_]+[}]' OR NOT EXISTS (
	SELECT FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace AND p.proname = substring(action FROM 'billing[.]([a-z_]+)[(]'))$$, 'and the call of a function that there is, with nothing left to be put in but by who makes it');
SELECT is_empty($$SELECT kind FROM billing_report.anomaly WHERE kwh IS NULL AND kind NOT IN ('power_factor', 'over_contract', 'tier_splitting', 'rollover', 'reversal', 'suspected_theft')$$, 'what takes energy says how much');

-- rights
CREATE ROLE detect_clerk LOGIN IN ROLE billing_clerk;
CREATE ROLE detect_other LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S1', 'K1', 'x', 'c', 'detect_clerk'), billing.add_staff('S2', 'K2', 'x', 'c', 'detect_other'), billing.grant_access('K1', 'S1', '{account,reading}', '{read}'), billing.grant_access('K2', 'S2', '{account,reading}', '{read,write}') \gset
SELECT max(anomaly_id) AS one FROM billing_report.anomaly WHERE state <> 'closed' AND org_no = 'S1' \gset
SET LOCAL SESSION AUTHORIZATION detect_clerk;
SELECT ok((SELECT count(*) > 10 FROM billing_report.anomaly), 'who reads readings reads the list');
SELECT throws_ok(format('SELECT billing.close_anomaly(%s, %L)', :one, 'theft'), 'P0002', NULL, 'but closes nothing without write');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION detect_other;
SELECT is((SELECT count(*) FROM billing_report.anomaly WHERE org_no = 'S1'), 0::bigint, 'another org''s clerk sees nothing');
SELECT throws_ok(format('SELECT * FROM billing.anomaly_evidence(%s)', :one), NULL, NULL, 'nor its evidence');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;
