-- Days of which nothing came: estimated where there is something to estimate them by, in a
-- place of their own, never over what was received; and what comes later counts.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'America/New_York';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_mia LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S1', 'Station 1', 'station', 'C') \g /dev/null
SELECT billing.add_staff('S1', 'M', 'Mia', 'meter reader', 'tap_mia'), billing.grant_post('M', 'S1') \g /dev/null
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "h", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "0.5"}]}') \g /dev/null
SELECT billing.add_customer('S1', 'One') AS one \gset
SELECT billing.add_account('S1', 'A' || n, :one, '2026-03-01'), billing.set_plan('A' || n, 'home', '2026-03-01') FROM generate_series(1, 12) n \g /dev/null
-- days of six hours: working days and the others
CREATE FUNCTION pg_temp.days(from_on date, until_on date, zone text DEFAULT 'Asia/Shanghai') RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile(from_on::timestamp AT TIME ZONE 'Asia/Shanghai', '6 hours', array_agg(CASE WHEN extract(isodow FROM from_on + d) > 5 THEN 1000 + 10 * q + d % 5 ELSE 2000 + 100 * q + d % 7 END ORDER BY d, q)::bigint[], time_zone => zone)
	  FROM generate_series(0, until_on - from_on - 1) d, generate_series(0, 3) q $$;
CREATE FUNCTION pg_temp.put(account_no text, from_on date, until_on date, channel text DEFAULT 'import') RETURNS void LANGUAGE sql AS $$
	SELECT billing.record_profile(account_no, pg_temp.days(greatest(from_on, m::date), least(until_on, (m + interval '1 month')::date)), channel)
	  FROM generate_series(date_trunc('month', from_on::timestamp), until_on - 1, interval '1 month') m $$;
CREATE FUNCTION pg_temp.run(stage text, from_on date, until_on date, again boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_validation(stage, 'S1', from_on, until_on, again, 5);
BEGIN
	WHILE billing._validation_chunk(run) IS NOT NULL LOOP
	END LOOP;
	RETURN regexp_replace(billing._finish_validation(run), '^Run \d+: ', '');
END $$;
CREATE FUNCTION pg_temp.bill(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('S1', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP
	END LOOP;
	RETURN regexp_replace(billing._finish_run(run), '^Run \d+: ', '');
END $$;
-- an account's days by quality
CREATE FUNCTION pg_temp.told(account_no text, channel text DEFAULT 'import') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(format('%s-%s %s', to_char(q.first, 'MMDD'), to_char(q.last, 'MMDD'), q.quality), ', ' ORDER BY q.first)
	  FROM (SELECT min(p.day) AS first, max(p.day) AS last, p.quality
			  FROM (SELECT d.day, d.quality, d.day - (row_number() OVER (PARTITION BY d.quality ORDER BY d.day))::integer AS island
					  FROM (SELECT r.from_on + n AS day, (SELECT max(v.quality) FROM billing.qualities(billing.slice(r.profile, daterange(r.from_on + n, r.from_on + n + 1))) v) AS quality
							  FROM billing.reading r JOIN billing.account a USING (account_id) CROSS JOIN generate_series(0, 30) n
							 WHERE a.account_no = told.account_no AND r.channel = told.channel AND r.from_on + n < r.until_on) d) p
			 GROUP BY p.quality, p.island) q $$;

-- between readings, with a register at both ends; a month and more; after the last; all of them
SELECT pg_temp.put('A1', '2026-03-01', '2026-04-10'), pg_temp.put('A1', '2026-04-15', '2026-06-01'),
	pg_temp.put('A2', '2026-03-01', '2026-03-25'), pg_temp.put('A2', '2026-05-03', '2026-06-01'),
	pg_temp.put('A3', '2026-03-01', '2026-04-21'),
	pg_temp.put('A4', '2026-04-05', '2026-05-01') \g /dev/null
SELECT billing.record_register('A1', '2026-04-01', 'total', 1000), billing.record_register('A1', '2026-05-01', 'total', 1300) \g /dev/null
-- too few days to make any of; not validated; a meter that did not hang there; a suspended supply; no service point any more
SELECT pg_temp.put('A5', '2026-04-01', '2026-04-03'), pg_temp.put('A7', '2026-03-01', '2026-04-10'), pg_temp.put('A7', '2026-04-20', '2026-05-01'),
	pg_temp.put('A8', '2026-03-01', '2026-04-10'), pg_temp.put('A8', '2026-04-20', '2026-05-01'), pg_temp.put('A9', '2026-03-01', '2026-04-10') \g /dev/null
SELECT billing.add_meter_type('TAP', 'Maker', 'X', 1, 220, 5, 60, '2', '{"total": {"digits": 6, "decimals": 1}}'), billing.add_meter('S1', 'M1', 'TAP'), billing.add_meter('S1', 'M2', 'TAP') \g /dev/null
SELECT billing.add_service_point('A7') \g /dev/null
SELECT billing.install_meter('A7', 'M1', '2026-03-01 00:00+08', '{"total": 0}'), billing.remove_meter('A7', '2026-04-13 10:00+08', '{"total": 300}'),
	billing.install_meter('A7', 'M2', '2026-04-16 23:00+08', '{"total": 0}') \g /dev/null
INSERT INTO billing.account_phase (account_id, request_id, from_on, org_id, phase) SELECT account_id, 900 + n, on_day, org_id, phase
  FROM billing.account, (VALUES (1, date '2026-04-12', 'suspended'), (2, '2026-04-15', 'active')) v(n, on_day, phase) WHERE account_no = 'A8';
INSERT INTO billing.service_point (account_id, part, org_id, point_code, placed_on, from_on, until_on, state) SELECT account_id, 'main', org_id, 'P9', '2026-03-01', '2026-03-01', '2026-04-14', 'ended' FROM billing.account WHERE account_no = 'A9';
-- what a roof feeds in began late and went on; who is read by hand
SELECT pg_temp.put('A10', '2026-03-01', '2026-05-01'), pg_temp.put('A10', '2026-03-20', '2026-04-20', 'export'), billing.set_usage_from('register', '{A11}'), pg_temp.put('A11', '2026-03-01', '2026-04-01') \g /dev/null
CREATE TEMPORARY TABLE received AS SELECT r.account_id, r.part, r.channel, r.from_on + n AS day, billing.digest(billing.slice(r.profile, daterange(r.from_on + n, r.from_on + n + 1))) AS digest
  FROM billing.reading r CROSS JOIN generate_series(0, 30) n WHERE r.from_on + n < r.until_on;

GRANT SELECT ON received TO PUBLIC;

SELECT plan(40);
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('estimation', '2026-04-01', '2026-05-01'), '^0 readings in 0 profiles', 'beside what is not validated nothing is estimated');
SELECT matches(pg_temp.run('validation', '2026-03-01', '2026-06-01'), ' 0 exceptions', 'all is validated');
RESET SESSION AUTHORIZATION;
-- which these are not
SELECT pg_temp.put('A6', '2026-03-01', '2026-04-10'), pg_temp.put('A6', '2026-04-15', '2026-05-01') \g /dev/null
INSERT INTO received SELECT r.account_id, r.part, r.channel, r.from_on + n, billing.digest(billing.slice(r.profile, daterange(r.from_on + n, r.from_on + n + 1)))
  FROM billing.reading r CROSS JOIN generate_series(0, 30) n WHERE r.account_id = 6 AND r.from_on + n < r.until_on;
SELECT is((SELECT string_agg(format('%s-%s', to_char(from_on, 'MMDD'), to_char(until_on, 'MMDD')), ', ' ORDER BY from_on) FROM billing_report.missing_read WHERE account_no = 'A1' AND from_on < '2026-06-01'), '0410-0415', 'a gap of days is to be read');
SELECT matches(pg_temp.bill('2026-04-01'), '^\d+ bills, \d+ exceptions', 'March is billed');
SELECT is((SELECT string_agg(format('%s %s', a.account_no, x.sqlstate), ', ' ORDER BY x.account_id) FROM billing.run_exception x JOIN billing.account a USING (account_id) WHERE a.account_no IN ('A1', 'A2', 'A4', 'A5', 'A12')),
	'A2 UB103, A4 UB105, A5 UB105, A12 UB105', 'but not where days are missing');
SET SESSION AUTHORIZATION tap_mia;
SELECT matches(pg_temp.run('estimation', '2026-03-01', '2026-05-01'), ' 0 exceptions', 'what did not come is estimated');
SELECT is(pg_temp.told('A1'), '0301-0409 actual, 0410-0414 estimated, 0415-0531 actual', 'between readings');
SELECT is((SELECT sum(energy_kwh) FROM billing_report.estimated_span WHERE account_no = 'A1'),
	300 - (SELECT sum(billing.energy_kwh(billing.slice(r.profile, daterange('2026-04-01', '2026-05-01')))) FROM billing.reading r WHERE r.account_id = 1 AND r.from_on BETWEEN '2026-04-01' AND '2026-04-30' AND r.from_on <> '2026-04-10'),
	'to what the register says of the month');
SELECT is((SELECT string_agg(format('%s %s %s', method, like_days, slots), ', ' ORDER BY from_at) FROM billing_report.estimated_span WHERE account_no = 'A1'),
	'like days 10 4, like days 10 4, like days 10 4, like days 10 4, like days 10 4', 'each day by ten like days on both sides');
SELECT is((SELECT string_agg(DISTINCT format('%s %s %s %s', kind, author, run_id IS NOT NULL, change_kwh > 0), ', ') FROM billing_report.validation_action WHERE account_no = 'A1' AND kind = 'estimation'),
	(SELECT format('estimation staff:%s t t', staff_id) FROM billing.staff WHERE staff_no = 'M'), 'which is written down, with its author');
SELECT is(pg_temp.told('A2'), '0301-0324 actual, 0325-0430 estimated, 0503-0531 actual', 'more than a month, as far as was asked');
SELECT is(pg_temp.told('A3'), '0301-0420 actual, 0421-0430 estimated', 'after the last one');
SELECT is(pg_temp.told('A4'), '0301-0404 estimated, 0405-0430 actual', 'before the first, since the account is open');
SELECT is(pg_temp.told('A5'), '0401-0402 actual', 'two days are too few to make a month of: no row is left');
SELECT is(pg_temp.told('A6'), '0301-0409 actual, 0415-0430 actual', 'what is not validated is a basis of nothing');
SELECT is(pg_temp.told('A7'), '0301-0409 actual, 0410-0413 estimated, 0416-0419 estimated, 0420-0430 actual', 'while a meter hung there');
SELECT is(pg_temp.told('A8'), '0301-0409 actual, 0410-0411 estimated, 0415-0419 estimated, 0420-0430 actual', 'not while the supply was suspended');
SELECT is(pg_temp.told('A9'), '0301-0409 actual, 0410-0413 estimated', 'not behind the end of its service point');
SELECT is(pg_temp.told('A10', 'export'), '0320-0419 actual, 0420-0430 estimated', 'of another channel what is behind its first day');
SELECT is(pg_temp.told('A11'), '0301-0331 actual', 'not of who is read by hand');
SELECT is(pg_temp.told('A12'), NULL, 'and nothing of nothing');
SELECT is_empty($$SELECT c.* FROM received c LEFT JOIN billing.reading r ON r.account_id = c.account_id AND r.part = c.part AND r.channel = c.channel AND r.from_on <= c.day AND r.until_on > c.day
	WHERE c.digest IS DISTINCT FROM billing.digest(billing.slice(r.profile, daterange(c.day, c.day + 1)))$$, 'what was received is as it was');
SELECT is_empty($$SELECT * FROM billing_report.missing_read WHERE account_no IN ('A1', 'A2', 'A3', 'A4') AND from_on < '2026-05-01'$$, 'nothing of that is to be read any more');
SELECT matches(pg_temp.run('estimation', '2026-03-01', '2026-05-01'), ' 0 rows changed', 'and once is enough');

-- billed, with the flag
RESET SESSION AUTHORIZATION;
SELECT is(pg_temp.bill('2026-04-01') ~ 'bills', true, 'March once more');
SELECT matches(pg_temp.bill('2026-05-01'), 'bills', 'and April');
SELECT is((SELECT string_agg(format('%s %s %s', account_no, to_char(billed_from_on, 'MM'), estimated), ', ' ORDER BY account_no, billed_from_on) FROM billing_report.bill_line WHERE account_no IN ('A1', 'A2', 'A4', 'A7')),
	'A1 03 f, A1 04 t, A2 03 t, A2 04 t, A4 03 t, A4 04 t, A7 03 f', 'the lines say where they rest on estimates; where days are missing there is none');
SELECT is_empty('SELECT * FROM billing.verify()', 'the chain has the readings that were billed');

-- what comes later
SELECT billing.set_mapping('csv', 'csv', '{"meter": "m", "time": "t", "time_zone": "Asia/Shanghai", "slot_minutes": 360, "value": "v", "unit": "kWh"}') \g /dev/null
CREATE FUNCTION pg_temp.deliver(account_no text, from_on date, days integer) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', l.taken, l.unchanged, l.rejected)
	  FROM (SELECT E'm,t,v\n' || string_agg(format(E'%s,%s,3\n', account_no, to_char(from_on + n * interval '6 hours', 'YYYY-MM-DD HH24:MI')), '' ORDER BY n) AS text FROM generate_series(0, days * 4 - 1) n) d,
		   billing.receive('late', convert_to(d.text, 'UTF8'), 'csv', 'S1', mapping => 'csv') b, billing.land(b) l $$;
SET SESSION AUTHORIZATION tap_mia;
SELECT is(pg_temp.deliver('A3', '2026-04-21', 3), '3 0 0', 'days that were estimated come after all');
SELECT is(pg_temp.told('A3'), '0301-0423 actual, 0424-0430 estimated', 'and count');
SELECT is((SELECT string_agg(format('%s-%s %s %s', to_char(from_on, 'MMDD'), to_char(until_on, 'MMDD'), change_kwh, state), ', ') FROM billing.late_reading WHERE account_id = 3),
	(SELECT format('0421-0424 %s open', 36 - sum(energy_kwh)) FROM billing_report.estimated_span WHERE account_no = 'A3' AND from_at < '2026-04-24 00:00+08'), 'for who corrects the bill');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify()', 'which was made of the estimates');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'the batch has what it brought');
SET SESSION AUTHORIZATION tap_mia;
SELECT is(pg_temp.deliver('A5', '2026-04-03', 5), '5 0 0', 'days that could not be estimated come');
SELECT is(billing.record_profile('A6', pg_temp.days('2026-04-10', '2026-04-13')), '[2026-04-10,2026-04-13)', 'or are recorded by hand');
-- taken back, nothing is there again, and nothing is billed on it
SELECT billing.undo_action('A9', max(action_id), 'the point had gone') AS undo FROM billing_report.validation_action WHERE account_no = 'A9' AND kind = 'estimation' \gset
SELECT is((SELECT state FROM billing_report.reading_edit WHERE edit_id = :undo), 'pending', 'an estimate of days is taken back by two');
RESET SESSION AUTHORIZATION;
SELECT is(billing.decide_edit(:undo, true), 'applied', 'this is');
SELECT is(pg_temp.told('A9'), '0301-0409 actual, 0410-0413 missing', 'then nothing has come again');
SELECT matches(pg_temp.run('estimation', '2026-04-01', '2026-05-01'), ' 0 exceptions', 'a later run');
SELECT is((SELECT string_agg(format('%s %s', from_on, until_on), ', ' ORDER BY from_on) FROM billing.reading WHERE account_id = 2 AND from_on >= '2026-03-20'),
	'2026-03-25 2026-04-01, 2026-04-01 2026-05-01, 2026-05-03 2026-06-01', 'rows are of a month');
SELECT * FROM finish();
ROLLBACK;
