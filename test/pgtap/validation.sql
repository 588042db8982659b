-- validation: rules of orgs and which of them hold, runs that validate and estimate,
-- edits by persons, what has not come; and bills, which are never made of what is missing.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_mia LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_max LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_eve LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_own LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('T1', 'Team 1', 'team', 'S1') AS t1 \gset
SELECT billing.add_org('D', 'Other company', 'company') AS d \gset
SELECT billing.add_staff('S1', 'M', 'Mia', 'meter reader', 'tap_mia') AS mia, billing.add_staff('S1', 'X', 'Max', 'manager', 'tap_max') AS max,
	billing.add_staff('D', 'E', 'Eve', 'meter reader', 'tap_eve') AS eve \gset
SELECT billing.grant_post('M', 'S1'), billing.grant_post('X', 'S1'), billing.grant_post('E', 'D'), billing.grant_access('X', 'S1', '{reading}', '{write}'),
	billing.grant_access('E', 'D', '{reading}', '{approve}') \g /dev/null
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "h", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "0.5"}]}') AS home \gset
SELECT billing.add_plan('shop', 'Shops', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS shop \gset
SELECT billing.add_customer('S1', 'One', 'person', 'tap_own') AS one, billing.add_customer('D', 'Two') AS two \gset

-- a month of half-hours: a working day's shape, weekends lower; what happens to it by meter
CREATE FUNCTION pg_temp.month(meter integer, month date DEFAULT '2026-03-01') RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile(month::timestamp AT TIME ZONE 'UTC', '30 min', array_agg(CASE
		WHEN meter = 1 AND i = 340 THEN 9000 WHEN meter <= 2 AND i = 500 THEN -40
		WHEN meter <= 2 AND (i BETWEEN 600 AND 603 OR i BETWEEN 800 AND 871) THEN NULL
		WHEN extract(isodow FROM month + i / 48) > 5 THEN 90 + i * 7 % 11 WHEN i % 48 BETWEEN 16 AND 40 THEN 800 + i * 13 % 97 ELSE 110 + i * 5 % 13 END
		ORDER BY i)::int[], time_zone => 'UTC') FROM generate_series(0, (month + interval '1 month')::date - month - 1) d, generate_series(d * 48, d * 48 + 47) i $$;
SELECT billing.add_account(CASE n WHEN 6 THEN 'D' WHEN 5 THEN 'T1' ELSE 'S1' END, 'A' || n, CASE n WHEN 6 THEN :two ELSE :one END, '2026-02-01') FROM generate_series(1, 6) n \g /dev/null
SELECT billing.set_plan('A' || n, 'home', '2026-02-01') FROM generate_series(1, 6) n \g /dev/null
SELECT billing.record_profile('A' || n, pg_temp.month(9, '2026-02-01')), billing.record_profile('A' || n, pg_temp.month(n)) FROM generate_series(1, 6) n WHERE n <> 3 \g /dev/null
-- A3 comes day by day
SELECT billing.record_profile('A3', billing.slice(pg_temp.month(1), daterange(d::date, d::date + 1))) FROM generate_series(timestamp '2026-03-01', '2026-03-31', '1 day') d \g /dev/null
CREATE TEMPORARY TABLE received AS SELECT r.account_id, r.from_on, r.digest, r.profile FROM billing.reading r;
GRANT SELECT ON received TO PUBLIC;

-- a run in one transaction, as the procedures do it in many
CREATE FUNCTION pg_temp.run(stage text, org_no text, from_on date, until_on date, again boolean DEFAULT false, chunk integer DEFAULT 2) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_validation(stage, org_no, from_on, until_on, again, chunk);
BEGIN
	WHILE billing._validation_chunk(run) IS NOT NULL LOOP
	END LOOP;
	RETURN regexp_replace(billing._finish_validation(run), '^Run \d+: ', '');
END $$;
CREATE FUNCTION pg_temp.bill(org_no text, until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run(org_no, until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP
	END LOOP;
	RETURN regexp_replace(billing._finish_run(run), '^Run \d+: ', '');
END $$;
CREATE FUNCTION pg_temp.now(account_no text, on_day date DEFAULT '2026-03-01') RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.concat_agg(r.profile) FROM billing.reading r JOIN billing.account a USING (account_id) WHERE a.account_no = $1 AND r.from_on >= on_day $$;

SELECT plan(167);

-- ---- rules ----

SELECT is((SELECT jsonb_agg(r ORDER BY r ->> 'rule', r ->> 'name') FROM jsonb_array_elements(billing._rules_of('validation', :s1, NULL, 'main', 'import', '2026-03-01')) r),
	(SELECT jsonb_agg(r ORDER BY r ->> 'rule', r ->> 'name') FROM jsonb_array_elements(billing.validation_rules()) r), 'without rules those of the engine hold');
SELECT lives_ok(format('SELECT * FROM billing.validation_check(%L)', (SELECT json_agg(rule) FROM billing.validation_presets() WHERE rule IS NOT NULL)), 'every preset');
SELECT is_empty($$SELECT c.* FROM billing.validation_presets() p, billing.validation_check(json_build_array(p.rule)) c WHERE p.rule IS NOT NULL$$, 'is a rule');
SELECT is_empty($$SELECT * FROM billing.validation_presets() p WHERE p.name <> coalesce(p.rule ->> 'name', p.rule ->> 'rule')$$, 'of its own name');

CREATE FUNCTION pg_temp.rule(org bigint, name text, plan bigint DEFAULT NULL, channel text DEFAULT 'import', on_day date DEFAULT '2026-03-01', part text DEFAULT 'main')
RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT (r ->> 'kw') || coalesce(r ->> 'minutes', '') FROM jsonb_array_elements(billing._rules_of('validation', org, plan, part, channel, on_day)) r
					  WHERE coalesce(r ->> 'name', r ->> 'rule') = $2), 'none') $$;
SELECT billing.set_validation_rule('C', '{"rule": "capacity", "kw": 100}', '2026-01-01'), billing.set_validation_rule('C', '{"rule": "capacity", "kw": 90}', '2026-02-01'),
	billing.set_validation_rule('S1', '{"rule": "capacity", "kw": 50}', '2026-03-01'),
	billing.set_validation_rule('S1', '{"rule": "capacity", "kw": 40}', '2026-03-01', plan_code => 'shop'),
	billing.set_validation_rule('S1', '{"rule": "capacity", "kw": 30}', '2026-03-01', channel => 'export'),
	billing.set_validation_rule('S1', '{"rule": "capacity", "kw": 20}', '2026-03-01', part => 'pv'),
	billing.set_validation_rule('C', '{"rule": "capacity", "kw": 10}', '2026-03-01', plan_code => 'shop', channel => 'export', part => 'pv'),
	billing.set_validation_rule('T1', NULL, '2026-04-01', name => 'capacity'), billing.set_validation_rule('D', '{"rule": "capacity", "kw": 7}', '2026-01-01') \g /dev/null
SELECT is(pg_temp.rule(:c, 'capacity', on_day => '2025-12-31'), 'none', 'not before its day');
SELECT is(pg_temp.rule(:c, 'capacity', on_day => '2026-01-31'), '100', 'from its day on');
SELECT is(pg_temp.rule(:c, 'capacity', on_day => '2026-02-01'), '90', 'until the next');
SELECT is(pg_temp.rule(:s1, 'capacity', on_day => '2026-02-28'), '90', 'the org above lays it down');
SELECT is(pg_temp.rule(:s1, 'capacity'), '50', 'the nearest org wins');
SELECT is(pg_temp.rule(:t1, 'capacity'), '50', 'also two levels down');
SELECT is(pg_temp.rule(:s1, 'capacity', :shop), '40', 'in it the narrowest: a plan');
SELECT is(pg_temp.rule(:s1, 'capacity', NULL, 'export'), '30', 'a channel');
SELECT is(pg_temp.rule(:s1, 'capacity', NULL, 'export', part => 'pv'), '20', 'a part before a channel');
SELECT is(pg_temp.rule(:s1, 'capacity', :shop, 'export', part => 'pv'), '40', 'a plan before both, and the nearest org before all');
SELECT is(pg_temp.rule(:t1, 'capacity', on_day => '2026-04-01'), 'none', 'taken away');
SELECT is(pg_temp.rule(:d, 'capacity'), '7', 'another company has its own');
SET SESSION AUTHORIZATION tap_mia;
SELECT is((SELECT count(*) FROM billing.org WHERE org_no = 'C'), 0::bigint, 'who works at a station does not see the company');
SELECT is((SELECT array_agg(DISTINCT (rule ->> 'kw')::int ORDER BY (rule ->> 'kw')::int) FROM billing.validation_rule WHERE name = 'capacity' AND rule IS NOT NULL), '{10,20,30,40,50,90,100}', 'and may read them, and nobody else''s');
SELECT is((SELECT string_agg(coalesce(org_no, '-') || ' ' || rule, '; ') FROM billing.validation_rules_of('A1', '2026-02-28') WHERE name = 'capacity'),
	'- {"kw": 90, "rule": "capacity"}', 'but goes by its rules');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "gap"}', '2026-03-01')$$, 'P0002', NULL, 'a meter reader sets no rules');
SELECT throws_ok($$INSERT INTO billing.validation_rule (org_id, stage, name, from_on, rule) VALUES (2, 'validation', 'x', '2026-01-01', '{}')$$, '42501', NULL, 'by no way');
SET SESSION AUTHORIZATION tap_max;
SELECT throws_ok($$SELECT billing.set_validation_rule('C', '{"rule": "gap"}', '2026-03-01')$$, 'P0002', NULL, 'a manager none above him');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "capacity", "kva": 3}', '2026-03-01')$$, 'UB106', NULL, 'what is no rule is refused');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '[]', '2026-03-01')$$, 'UB106', NULL, 'a list is none');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', NULL, '2026-03-01')$$, '22023', NULL, 'nothing, of no name');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "gap"}', 'infinity')$$, '23514', NULL, 'never');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "gap"}', NULL)$$, '22023', NULL, 'no day');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "gap"}', '2026-03-01', plan_code => 'none')$$, 'P0002', NULL, 'no such plan');
SELECT throws_ok($$SELECT billing.set_validation_rule('S1', '{"rule": "gap"}', '2026-03-01', channel => 'x')$$, '23514', NULL, 'no such channel');
SELECT throws_ok($$SELECT billing.install_validation_rules('S1', 'x', '2026-03-01')$$, '22023', NULL, 'no such preset');
SELECT throws_ok($$SELECT billing.set_estimation_rules('S1', '{"day": 3}', '2026-03-01')$$, 'UB106', NULL, 'no such member');
SELECT throws_ok($$SELECT billing.set_estimation_rules('S1', NULL, '2026-03-01')$$, '22023', NULL, 'no rules');
SELECT throws_ok($$SELECT billing.set_editing_rules('S1', 'NaN', 3, '2026-03-01')$$, '22023', NULL, 'no number');
SELECT throws_ok($$SELECT billing.set_editing_rules('S1', 3, NULL, '2026-03-01')$$, '22023', NULL, 'nothing');
SELECT is(billing.install_validation_rules('T1', 'solar', '2026-03-01'), 8, 'a preset is so many rules');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.rule(:t1, 'spike', NULL, 'generation'), 'none', 'which take away what does not fit');

-- ---- validation ----

SET SESSION AUTHORIZATION tap_eve;
SELECT throws_ok($$SELECT billing._start_validation('validation', 'S1', '2026-03-01', '2026-04-01', false, 2)$$, 'P0002', NULL, 'not at others'' orgs');
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok($$CALL billing.validate_readings('S1', '2026-03-01', '2026-04-01')$$, '25001', NULL, 'not in a transaction');
SELECT throws_ok($$SELECT billing._start_validation('validation', 'S1', '2026-03-01', '2026-03-01', false, 2)$$, '22023', NULL, 'no day');
SELECT throws_ok($$SELECT billing._start_validation('validation', 'S1', '-infinity', 'infinity', false, 2)$$, '22023', NULL, 'for ever');
SELECT throws_ok($$SELECT billing._start_validation('validation', 'S1', '2026-03-01', '2026-04-01', false, 0)$$, '22023', NULL, 'no chunks');
SELECT is(pg_temp.run('validation', 'S1', '2026-03-01', '2026-04-01'), '7440 readings in 5 profiles, 13 findings, 4 rows changed, 0 exceptions.', 'a run over a station and its team');
SELECT is(billing.digest(pg_temp.now('A1')), billing.digest(billing.validated(p.profile, history => h.profile)), 'each is what the engine says')
  FROM received p, received h WHERE p.account_id = 1 AND p.from_on = '2026-03-01' AND h.account_id = 1 AND h.from_on = '2026-02-01';
SELECT is(billing.digest(pg_temp.now('A3')), billing.digest(billing.validated(pg_temp.month(1))), 'day by day, it is as if it had come at once');
SELECT is((SELECT count(*) FROM billing.reading WHERE account_id = 3), 31::bigint, 'and stays in its rows');
SELECT is((SELECT string_agg(format('%s %s %s', rule, verdict, slots), ', ' ORDER BY finding_no) FROM billing_report.validation_finding WHERE account_no = 'A1'),
	'high spike rejected 1, spike suspected 1, negative rejected 1, gap missing 4, gap missing 72', 'findings say what became of the values');
SELECT is((SELECT string_agg(format('%s %s %s', from_on, change_kwh, author), ', ') FROM billing_report.validation_action WHERE account_no = 'A2'),
	'2026-03-01 0.040 staff:' || :mia, 'and the action who did it, and what it changed');
SELECT is((SELECT count(*) FROM billing.validation_action c JOIN billing.reading r USING (account_id, from_on, part, channel) WHERE c.digest_after <> r.digest), 0::bigint,
	'an action ends in what is there');
SELECT is((SELECT count(*) FROM billing.validation_result v JOIN billing.reading r USING (account_id, from_on, part, channel) WHERE v.digest = r.digest), 35::bigint, 'all of it is validated');
SELECT is(pg_temp.run('validation', 'S1', '2026-03-01', '2026-04-01'), '0 readings in 0 profiles, 0 findings, 0 rows changed, 0 exceptions.', 'once');
SELECT is(pg_temp.run('validation', 'S1', '2026-03-01', '2026-04-01', true), '7440 readings in 5 profiles, 11 findings, 0 rows changed, 0 exceptions.', 'again finds the gaps, and changes nothing more');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.run('validation', 'D', '2026-03-01', '2026-04-01'), '1488 readings in 1 profile, 0 findings, 0 rows changed, 0 exceptions.', 'the others, by themselves');
SELECT billing.set_validation_rule('S1', '{"rule": "capacity", "name": "tiny", "kw": "1.7", "severity": "notice"}', '2026-01-01') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'S1', '2026-03-01', '2026-04-01'), '7440 readings in 5 profiles, .* 0 rows changed', 'other rules: once more');
SELECT is((SELECT count(DISTINCT rule_set_id) FROM billing.validation_result WHERE account_id <= 4), 1::bigint, 'rules are written down once');
SELECT throws_ok($$UPDATE billing.validation_rule_set SET rules = '[]'$$, '42501', NULL, 'and stay');
SELECT throws_ok($$DELETE FROM billing.validation_finding$$, '42501', NULL, 'as findings do');

-- ---- never on missing data ----

RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.bill('S1', '2026-03-01'), '4 bills, 1 exceptions.', 'February is whole, but for who has none');
SELECT is(pg_temp.bill('S1', '2026-04-01'), '2 bills, 3 exceptions.', 'March is billed where nothing is missing');
SELECT is((SELECT string_agg(format('%s %s', account_no, sqlstate), ', ' ORDER BY account_no) FROM billing_report.run_exception WHERE run_id = (SELECT max(run_id) FROM billing.bill_run)),
	'A1 UB103, A2 UB103, A3 UB105', 'gaps are exceptions');

-- ---- estimation ----

SET SESSION AUTHORIZATION tap_mia;
SELECT is((SELECT count(*) FROM billing_report.missing_read WHERE account_no = 'A1' AND slots IS NOT NULL), 4::bigint, 'what is missing is to be read');
SELECT is((SELECT string_agg(format('%s %s %s', from_on, until_on = current_date, age_days = current_date - date '2026-04-01'), ', ') FROM billing_report.missing_read
	WHERE account_no = 'A4' AND slots IS NULL), '2026-04-01 t t', 'and what has not come at all, with its age');
CREATE TEMPORARY TABLE validated AS SELECT account_no, pg_temp.now(account_no) AS profile FROM billing.account;
SELECT is(pg_temp.run('estimation', 'S1', '2026-03-01', '2026-04-01'), '4464 readings in 3 profiles, 0 spans left missing, 8 rows changed, 0 exceptions.', 'what is missing is estimated');
SELECT is(billing.digest(pg_temp.now('A1')), billing.digest(billing.estimate(v.profile, history => h.profile)), 'as the engine does it')
  FROM validated v, received h WHERE v.account_no = 'A1' AND h.account_id = 1 AND h.from_on = '2026-02-01';
SELECT is(billing.digest(pg_temp.now('A3')), billing.digest(billing.estimate(v.profile)), 'also day by day') FROM validated v WHERE v.account_no = 'A3';
SELECT is((SELECT string_agg(format('%s %s %s', method, slots, like_days), ', ' ORDER BY from_at) FROM billing_report.estimated_span WHERE account_no = 'A2'),
	'linear 1 , linear 4 , like days 16 10, like days 48 10, like days 8 10', 'each span says how');
SELECT is(pg_temp.run('estimation', 'S1', '2026-03-01', '2026-04-01'), '0 readings in 0 profiles, 0 spans left missing, 0 rows changed, 0 exceptions.', 'once');
SELECT is(pg_temp.run('validation', 'S1', '2026-03-01', '2026-04-01'), '0 readings in 0 profiles, 0 findings, 0 rows changed, 0 exceptions.', 'estimates are not questioned');
SELECT is((SELECT format('%s %s %s %s', expected, actual, estimated, missing) FROM billing_report.meter_completeness WHERE account_no = 'A1' AND month = '2026-03-01'), '1488 1410 78 0', 'they are counted');
SELECT is((SELECT format('%s %s %s %s', accounts, read_accounts, whole_accounts, percent) FROM billing_report.reading_rate WHERE org_no = 'S1' AND month = '2026-02-01'), '4 3 3 75.00', 'the reading rate');
SELECT is((SELECT sum(expected) || ' ' || sum(actual) FROM billing.hourly_readings('S1', '2026-03-17', '2026-03-18')), '192 144', 'hour by hour');
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.bill('S1', '2026-04-01'), '2 bills, 1 exceptions.', 'now they are billed');
SELECT is((SELECT string_agg(format('%s %s', account_no, estimated), ', ' ORDER BY account_no) FROM billing_report.bill_line WHERE billed_from_on = '2026-03-01'),
	'A1 t, A2 t, A4 f, A5 f', 'their lines say that they rest on estimates');
SELECT is((SELECT count(*) FROM billing.verify()), 0::bigint, 'and the chain has the readings that were billed');

-- what is not validated is not estimated, nor made anything of
SELECT billing.record_profile('A4', billing.set_quality(pg_temp.month(4, '2026-04-01'), '2026-04-03 00:00+00', '2026-04-04 00:00+00', 'missing')) \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT lives_ok($$SELECT pg_temp.run('estimation', 'S1', '2026-04-01', '2026-05-01')$$, 'estimated is');
SELECT is_empty($$SELECT * FROM billing_report.estimated_span WHERE account_no = 'A4' AND from_at >= '2026-04-01'$$, 'what is validated');

-- ---- days that are billed stay ----

RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.bill('S1', '2026-03-15'), '0 bills, 1 exceptions.', 'nothing more is due');
SELECT is((SELECT billed_to FROM billing.account_head WHERE account_id = 5), '2026-04-01'::date, 'A5 is billed');
SELECT billing.set_validation_rule('S1', '{"rule": "capacity", "name": "small", "kw": "1.75"}', '2026-01-01', plan_code => 'home') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'T1', '2026-03-01', '2026-04-01'), '1488 readings in 1 profile, [1-9]\d* findings, 0 rows changed', 'a rule that would reject what is billed');
SELECT is((SELECT array_agg(DISTINCT verdict) FROM billing_report.validation_finding WHERE account_no = 'A5' AND rule = 'small'), '{billed}', 'only says so');

-- ---- persons ----

SELECT is(billing.digest(pg_temp.now('A4', '2026-04-01')), (SELECT digest FROM billing.reading WHERE account_id = 4 AND from_on = '2026-04-01'), 'one row');
SELECT matches(pg_temp.run('validation', 'S1', '2026-04-01', '2026-05-01'), '1 row changed', 'April is validated');
SELECT lives_ok($$SELECT billing.edit_reading('A4', '2026-04-08 02:00+00', '{0.118, null}', 'photo of the meter', unit => 'kWh')$$, 'a small edit');
SELECT is((SELECT format('%s %s', value, quality) FROM billing.slots(pg_temp.now('A4', '2026-04-01')) WHERE at = '2026-04-08 02:00+00'), '118 corrected', 'is done');
SELECT is((SELECT state FROM billing_report.reading_edit WHERE account_no = 'A4' ORDER BY edit_id DESC LIMIT 1), 'applied', 'at once');
SELECT is((SELECT count(*) FROM billing.validation_result v JOIN billing.reading r USING (account_id, from_on, part, channel) WHERE v.account_id = 4 AND v.from_on = '2026-04-01' AND v.digest = r.digest), 1::bigint, 'and validated as it is');
SELECT billing.edit_reading('A4', '2026-04-09 02:00+00', '{80000}', 'a guess') AS large \gset
SELECT is((SELECT format('%s %s', state, change_kwh) FROM billing_report.reading_edit WHERE edit_id = :large), format('pending %s', trim_scale(80 - value / 1000)), 'a large one waits')
  FROM billing.slots(pg_temp.now('A4', '2026-04-01')) WHERE at = '2026-04-09 02:00+00';
SELECT isnt((SELECT value FROM billing.slots(pg_temp.now('A4', '2026-04-01')) WHERE at = '2026-04-09 02:00+00'), 80000::numeric, 'and changes nothing');
SELECT throws_ok(format('SELECT billing.decide_edit(%s, true)', :large), 'P0002', NULL, 'who may not approve does not');
RESET SESSION AUTHORIZATION;
SELECT billing.grant_access('M', 'S1', '{reading}', '{approve}') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok(format('SELECT billing.decide_edit(%s, true)', :large), 'UB603', NULL, 'nor who has proposed it');
SELECT throws_ok(format('UPDATE billing.reading_edit SET state = ''applied'' WHERE edit_id = %s', :large), '42501', NULL, 'by no way');
SET SESSION AUTHORIZATION tap_eve;
SELECT throws_ok(format('SELECT billing.decide_edit(%s, true)', :large), 'P0002', NULL, 'nor somebody elsewhere');
SET SESSION AUTHORIZATION tap_max;
SELECT is(billing.decide_edit(:large, true, 'called the customer'), 'applied', 'a second person does');
SELECT is((SELECT format('%s %s', value, quality) FROM billing.slots(pg_temp.now('A4', '2026-04-01')) WHERE at = '2026-04-09 02:00+00'), '80000 corrected', 'then it holds');
SELECT is((SELECT format('%s %s', author, approved_by) FROM billing_report.validation_action WHERE account_no = 'A4' ORDER BY action_id DESC LIMIT 1), format('staff:%s staff:%s', :mia, :max), 'with both names');
SELECT throws_ok(format('SELECT billing.decide_edit(%s, false)', :large), 'UB602', NULL, 'once');
SELECT billing.edit_reading('A4', '2026-04-09 02:00+00', '{800000}', 'another guess') AS large \gset
SELECT billing.mark_reading('A4', '2026-04-20 02:00+00', '2026-04-20 03:00+00', 'corrected', 'as it should be') AS small \gset
RESET SESSION AUTHORIZATION;
SELECT billing.grant_access('M', 'S1', '{reading}', '{approve}') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok(format('SELECT billing.decide_edit(%s, true)', :large), 'UB602', NULL, 'not on other readings than it was meant for');
SELECT is(billing.decide_edit(:large, false, 'no'), 'refused', 'but it can be refused');
SELECT billing.edit_reading('A5', '2026-03-08 02:00+00', '{1}', 'late') AS late \gset
SELECT is((SELECT state FROM billing_report.reading_edit WHERE edit_id = :late), 'pending', 'billed days are never one person''s');
SET SESSION AUTHORIZATION tap_max;
SELECT is(billing.decide_edit(:late, true, 'sorry'), 'applied', 'but of two');
SELECT is((SELECT format('%s %s %s', from_on, until_on, state) FROM billing.late_reading WHERE account_id = 5), '2026-03-08 2026-03-09 open', 'and left to who corrects bills');
SELECT is((SELECT count(*) FROM billing.verify('A5')), 0::bigint, 'the bill still has what it was made of');
SET SESSION AUTHORIZATION tap_mia;

-- ---- originals are kept, and anything can be taken back ----

SELECT is(billing.digest(billing.overlay(r.profile, s.p)), r.digest, 'what was replaced is kept, day by day')
  FROM received r, (SELECT billing.concat_agg(s.profile) AS p FROM (SELECT DISTINCT ON (s.from_on) s.profile FROM billing.reading_superseded s WHERE s.account_id = 1 AND s.from_on < '2026-04-01' ORDER BY s.from_on, s.superseded_id) s) s
 WHERE r.account_id = 1 AND r.from_on = '2026-03-01';
SELECT action_id AS edited FROM billing_report.validation_action WHERE account_no = 'A4' AND kind = 'edit' ORDER BY action_id DESC LIMIT 1 \gset
SELECT digest_before AS before FROM billing_report.validation_action WHERE action_id = :edited \gset
SELECT throws_ok($$SELECT billing.undo_action('A4', (SELECT min(action_id) FROM billing.validation_action WHERE account_id = 4 AND from_on = '2026-04-01'), 'x')$$, 'UB602', NULL, 'only the last is taken back');
SELECT throws_ok($$SELECT billing.undo_action('A4', 1, 'x')$$, 'P0002', NULL, 'of this account');
SELECT throws_ok(format('SELECT billing.undo_action(%L, %s, NULL)', 'A4', :edited), '22023', NULL, 'with a reason');
SELECT lives_ok(format('SELECT billing.undo_action(%L, %s, %L)', 'A4', :edited, 'was right before'), 'an edit is taken back');
SELECT is((SELECT encode(digest, 'hex') FROM billing.reading WHERE account_id = 4 AND from_on = '2026-04-01'), :'before', 'it is as before');
SELECT is((SELECT kind || ' ' || reason FROM billing_report.validation_action WHERE account_no = 'A4' ORDER BY action_id DESC LIMIT 1), 'undo was right before', 'by another version');
SELECT action_id AS large FROM billing_report.validation_action WHERE account_no = 'A4' AND kind = 'undo' \gset
SELECT lives_ok(format('SELECT billing.undo_action(%L, %s, %L)', 'A4', :large, 'no, it was not'), 'which can be taken back too');
RESET SESSION AUTHORIZATION;
SELECT billing.set_editing_rules('S1', 0, 0, '2026-03-01') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT billing.undo_action('A3', max(action_id), 'estimates are not wanted') AS estimate FROM billing_report.validation_action WHERE account_no = 'A3' AND kind = 'estimation' AND from_on < '2026-04-01' \gset
SELECT is((SELECT format('%s %s', kind, state) FROM billing_report.reading_edit WHERE edit_id = :estimate), 'undo pending', 'a large one waits, as an edit does');
SET SESSION AUTHORIZATION tap_max;
SELECT is(billing.decide_edit(:estimate, true), 'applied', 'for a second person');
SELECT is((SELECT billing.missing_count(profile) FROM billing.reading r JOIN billing.validation_action c USING (account_id, from_on) WHERE c.edit_id = :estimate), 8, 'what was estimated is missing again');
SELECT is((SELECT count(*) FROM billing.reading r LEFT JOIN billing.validation_result v USING (account_id, from_on, part, channel) WHERE r.account_id = 3 AND v.digest IS DISTINCT FROM r.digest), 1::bigint, 'and not validated');
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-30 23:30+00', '{1,2}', 'over the end')$$, 'UB103', NULL, 'days that have not come');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2027-04-30 23:30+00', '{1,2}', 'never')$$, 'UB103', NULL, 'days far away');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:10+00', '{1}', 'between')$$, NULL, NULL, 'a moment within a slot');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:00+00', '{NaN}', 'x')$$, NULL, NULL, 'no number');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:00+00', '{}', 'x')$$, '22023', NULL, 'no values');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:00+00', NULL, 'x')$$, '22023', NULL, 'nothing');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:00+00', '{1}', '')$$, '22023', NULL, 'no reason');
SELECT throws_ok($$SELECT billing.edit_reading('A4', 'infinity', '{1}', 'x')$$, NULL, NULL, 'never');
SELECT throws_ok($$SELECT billing.edit_reading('A4', '2026-04-20 02:00+00', array_fill(1::numeric, '{1000000}'), 'x')$$, NULL, NULL, 'a million');
SELECT throws_ok($$SELECT billing.mark_reading('A4', '2026-04-20 02:00+00', '2026-04-20 03:00+00', 'good', 'x')$$, NULL, NULL, 'no such quality');
SELECT throws_ok($$SELECT billing.mark_reading('A4', '2026-04-20 02:00+00', 'infinity', 'corrected', 'x')$$, '22023', NULL, 'for ever');
SELECT throws_ok($$SELECT billing.edit_reading('A6', '2026-03-20 02:00+00', '{1}', 'x')$$, 'P0002', NULL, 'another''s account');

-- ---- holidays are those of the plan ----

RESET SESSION AUTHORIZATION;
SELECT billing.add_calendar('cn', 'China') \g /dev/null
SELECT billing.add_calendar_days('cn', '{2026-06-10}'), billing.add_calendar_days('cn', '{2026-06-13}', 'workday') \g /dev/null
SELECT billing.add_plan('days', 'Days', '2026-01-01', '{"name": "d", "currency": "CNY", "time_zone": "UTC", "charges": [{"code": "e", "price": "1"}]}', calendar_code => 'cn') AS days \gset
SELECT billing.set_plan('A6', 'days', '2026-06-01') \g /dev/null
SELECT billing.record_profile('A6', billing.set_quality(pg_temp.month(9, '2026-06-01'), '2026-06-10 00:00+00', '2026-06-11 00:00+00', 'missing')) \g /dev/null
SELECT matches(pg_temp.run('validation', 'D', '2026-06-01', '2026-07-01'), ' 1 finding,', 'a day is missing');
SELECT matches(pg_temp.run('estimation', 'D', '2026-06-01', '2026-07-01'), ' 1 row changed', 'and estimated');
SELECT cmp_ok((SELECT energy_kwh FROM billing_report.estimated_span WHERE account_no = 'A6'), '<', 6::numeric, 'a holiday is estimated of rest days');

-- ---- scaled to the registers ----

SELECT billing.set_validation_rule('S1', NULL, '2026-07-01', plan_code => 'home', name => 'small') \g /dev/null
SELECT billing.record_profile('A4', billing.set_quality(pg_temp.month(9, '2026-07-01'), '2026-07-10 12:00+00', '2026-07-12 00:00+00', 'missing')) \g /dev/null
SELECT is(billing.record_register('A4', v.on_day, 'total', v.value, digits => 5), 'valid', 'the register was read') FROM (VALUES (date '2026-07-01', 99900), ('2026-07-09', 99962.5), ('2026-07-14', 37.5),
	('2026-08-01', 37.5 + billing.energy_kwh(billing.slice(pg_temp.month(9, '2026-07-01'), daterange('2026-07-14', NULL))))) v(on_day, value);
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'S1', '2026-07-01', '2026-08-01'), ' 1 profile, [1-9]', 'sums that do not agree are found');
SELECT is((SELECT string_agg(format('%s %s %s', f.from_at::date, f.measured, f.bound), ', ' ORDER BY f.from_at) FROM billing_report.validation_finding f
	WHERE f.account_no = 'A4' AND f.rule = 'sum' AND f.from_at >= '2026-07-01'),
	format('2026-07-01 %s 62.5', trim_scale(billing.energy_kwh(billing.slice(pg_temp.month(9, '2026-07-01'), daterange(NULL, '2026-07-09'))))), 'where they do not, and only there');
SELECT matches(pg_temp.run('estimation', 'S1', '2026-07-01', '2026-08-01'), ' 1 row changed', 'what is missing is estimated');
SELECT is((SELECT sum(energy_kwh) FROM billing.daily(pg_temp.now('A4', '2026-07-01')) WHERE day >= '2026-07-09' AND day < '2026-07-14'), 75::numeric, 'to what the register says between its readings');
SELECT is((SELECT count(DISTINCT register) FROM billing_report.estimated_span WHERE account_no = 'A4' AND from_at >= '2026-07-01'), 1::bigint, 'which is written down');
RESET SESSION AUTHORIZATION;

-- ---- a spike is not held against its month ----

SELECT billing.record_profile('A3', billing.edit(pg_temp.month(9, '2026-07-01'), '2026-07-08 02:00+00', '{90000}', 'actual')) \g /dev/null
SELECT is(billing.record_register('A3', v.on_day, 'total', v.value, digits => 5), 'valid', 'its register is right')
  FROM (VALUES (date '2026-07-01', 100), ('2026-08-01', 100 + billing.energy_kwh(pg_temp.month(9, '2026-07-01')))) v(on_day, value);
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'S1', '2026-07-01', '2026-08-01'), ' 1 profile, .* 1 row changed', 'a month with a spike');
SELECT is((SELECT string_agg(format('%s %s', f.rule, f.verdict), ', ' ORDER BY f.rule) FROM billing_report.validation_finding f WHERE f.account_no = 'A3' AND f.from_at >= '2026-07-01' AND f.severity <> 'notice'),
	'capacity rejected, high spike rejected, spike suspected', 'the spike is found, and not the sum that it spoils');
SELECT is((SELECT string_agg(format('%s %s', q.quality, q.slots), ', ' ORDER BY q.quality) FROM billing.qualities(pg_temp.now('A3', '2026-07-01')) q), 'actual 1487, missing 1', 'one slot is rejected, none of the others doubted');
SELECT matches(pg_temp.run('estimation', 'S1', '2026-07-01', '2026-08-01'), ' 1 row changed', 'it is estimated');
SELECT is(billing.energy_kwh(pg_temp.now('A3', '2026-07-01')), billing.energy_kwh(pg_temp.month(9, '2026-07-01')), 'and the month is what the register says');
SELECT matches(pg_temp.run('validation', 'S1', '2026-07-01', '2026-08-01', true), ' 0 rows changed', 'once more');
SELECT is_empty($$SELECT f.* FROM billing_report.validation_finding f WHERE f.account_no = 'A3' AND f.severity <> 'notice' AND f.run_id = (SELECT max(run_id) FROM billing.validation_run)$$,
	'nothing is wrong any more');
RESET SESSION AUTHORIZATION;

-- ---- silence that the register contradicts ----

SELECT billing.record_profile('A4', billing.set_quality(billing.edit(pg_temp.month(9, '2026-08-01'), '2026-08-05 06:00+00', array_fill(0::numeric, '{24}'), 'actual'),
	'2026-08-06 10:00+00', '2026-08-06 11:00+00', 'missing')) \g /dev/null
SELECT is(billing.record_register('A4', '2026-08-10', 'total', r.value + billing.energy_kwh(billing.slice(pg_temp.month(9, '2026-08-01'), daterange(NULL, '2026-08-10'))), digits => 5),
	'valid', 'the register went on') FROM billing.register_reading r WHERE r.account_id = 4 AND r.read_on = '2026-08-01';
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'S1', '2026-08-01', '2026-09-01'), ' 0 rows changed', 'half a day of nothing is nothing to be noticed');
SELECT matches(pg_temp.run('estimation', 'S1', '2026-08-01', '2026-09-01'), ' 0 spans left missing, 2 rows changed', 'until the register says that there was something');
SELECT is((SELECT string_agg(format('%s %s', from_at, slots), ', ' ORDER BY from_at) FROM billing_report.estimated_span WHERE account_no = 'A4' AND from_at >= '2026-08-01'),
	'2026-08-05 06:00:00+00 24, 2026-08-06 10:00:00+00 2', 'then it is estimated, along with the gap');
SELECT is((SELECT sum(energy_kwh) FROM billing.daily(pg_temp.now('A4', '2026-08-01')) WHERE day < '2026-08-10'),
	billing.energy_kwh(billing.slice(pg_temp.month(9, '2026-08-01'), daterange(NULL, '2026-08-10'))), 'to what the register says');
SELECT cmp_ok(abs(n.value - t.value) / t.value, '<', 0.1, 'and the gap does not carry it all') FROM billing.slots(pg_temp.now('A4', '2026-08-01')) n, billing.slots(pg_temp.month(9, '2026-08-01')) t
 WHERE n.at = '2026-08-06 10:00+00' AND t.at = n.at;
SELECT is((SELECT reason FROM billing_report.validation_action WHERE account_no = 'A4' ORDER BY action_id DESC LIMIT 1), 'silence that the register contradicts', 'which is written down');
RESET SESSION AUTHORIZATION;

-- ---- who is billed by registers need not have profiles ----

SELECT billing.set_usage_from('register', '{A2}') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT is((SELECT count(*) FROM billing_report.missing_read WHERE account_no = 'A2' AND slots IS NULL AND from_on > '2026-06-15'), 0::bigint, 'nothing is missing of them');
SELECT is((SELECT accounts FROM billing_report.reading_rate WHERE org_no = 'S1' AND month = '2026-02-01'), 3::bigint, 'nor are they counted');
RESET SESSION AUTHORIZATION;

-- ---- use where there should be none ----

SELECT billing.open_supply_request('vacancy', 'A4', '2026-07-30') AS vacancy \gset
SELECT billing.step_supply_request(:vacancy, 'submit') \g /dev/null
SET SESSION AUTHORIZATION tap_max;
SELECT billing.step_supply_request(:vacancy, 'approve') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT billing.step_supply_request(:vacancy, 'complete') \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT is((SELECT format('%s %s %s %s', account_no, phase, from_on, energy_kwh) FROM billing_report.inactive_use WHERE from_on < '2026-08-01'),
	format('A4 vacant 2026-07-30 %s', billing.energy_kwh(billing.slice(pg_temp.month(9, '2026-07-01'), daterange('2026-07-30', NULL)))), 'use while nobody should be there');
RESET SESSION AUTHORIZATION;

SELECT is_empty('SELECT * FROM billing_report.reactive_alone', 'no reactive energy');
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT 4, :s1, 'reactive_import', billing.profile('2026-07-29 00:00+00', '30 min', array_fill(7, '{96}'), unit => 'varh', time_zone => 'UTC');
SELECT is_empty('SELECT * FROM billing_report.reactive_alone', 'beside active energy');
INSERT INTO billing.reading (account_id, org_id, profile) SELECT 4, :s1, billing.profile('2026-09-01 00:00+00', '30 min', array_fill(0, '{24}') || array_fill(50, '{24}'), time_zone => 'UTC');
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT 4, :s1, 'reactive_import', billing.profile('2026-09-01 00:00+00', '30 min', array_fill(7, '{48}'), unit => 'varh', time_zone => 'UTC');
SELECT is((SELECT format('%s %s %s %s', account_no, from_on, slots, trim_scale(reactive_kvarh)) FROM billing_report.reactive_alone), 'A4 2026-09-01 24 0.168', 'without it');

-- ---- one bad apple ----

RESET SESSION AUTHORIZATION;
INSERT INTO billing.reading (account_id, org_id, profile) SELECT 1, :s1, billing.slice(pg_temp.month(9, '2026-05-01'), '2026-05-01 00:00+00', '2026-05-03 12:00+00');
INSERT INTO billing.reading (account_id, org_id, profile) SELECT 1, :s1, billing.slice(pg_temp.month(9, '2026-05-01'), '2026-05-03 00:00+00', '2026-05-05 00:00+00');
SELECT billing.record_profile('A2', pg_temp.month(9, '2026-05-01')) \g /dev/null
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('validation', 'S1', '2026-05-01', '2026-06-01'), '^1488 readings in 1 profile, .* 1 exception.$', 'readings that overlap hold up nobody');
SELECT is((SELECT format('%s %s', account_no, hint IS NOT NULL) FROM billing_report.validation_exception), 'A1 t', 'and stand by themselves');

-- ---- who sees what ----

SET SESSION AUTHORIZATION tap_eve;
SELECT is((SELECT count(*) FROM billing.validation_finding WHERE account_id <> 6) + (SELECT count(*) FROM billing.validation_action WHERE account_id <> 6) + (SELECT count(*) FROM billing.reading_edit)
	+ (SELECT count(*) FROM billing.validation_run WHERE org_id <> :d) + (SELECT count(*) FROM billing.validation_exception) + (SELECT count(*) FROM billing_report.missing_read WHERE account_no <> 'A6'), 0::bigint, 'another company sees nothing of it');
SET SESSION AUTHORIZATION tap_own;
SELECT cmp_ok((SELECT count(*) FROM billing_report.validation_action), '>', 0::bigint, 'a customer sees what was done to his readings');
SELECT throws_ok('SELECT * FROM billing.reading_edit', '42501', NULL, 'but not who wanted what');
RESET SESSION AUTHORIZATION;
SELECT lives_ok($$SELECT billing.transfer_account('A2', 'D', 'new border')$$, 'an account moves with all of it');
SELECT is((SELECT count(*) FROM billing.validation_finding WHERE account_id = 2 AND org_id = :d) > 0, true, 'to who has it now');
SELECT throws_ok($$UPDATE billing.validation_action SET reason = 'x'$$, '23001', NULL, 'actions stay as they are');
SELECT * FROM finish();
ROLLBACK;
