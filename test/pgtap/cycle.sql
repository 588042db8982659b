-- Cycles: where periods end, and that a run bills whole ones.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'Station', 'station') \gset
SELECT billing.add_plan('home', 'Homes', '2025-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "100", "price": "0.5"}, {"price": "0.6"}]}]}') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', n, :customer, '2026-01-01')) FROM unnest('{two,even,mid,none,ends}'::text[]) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n, 'home', '2026-01-01') FROM unnest('{two,even,mid,none,ends}'::text[]) n) q \gset
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000::bigint, ARRAY[extract(day FROM m + interval '1 month' - interval '1 day')::integer]))
  FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-06-01', interval '1 month') m;
CREATE FUNCTION pg_temp.run(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('S', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;
SET LOCAL TimeZone = 'UTC';

SELECT plan(16);

-- the end of a period is after each of its days, and the same for all of them
SELECT is_empty($$
	SELECT d.day, c.day, m.months, f.first FROM generate_series(date '2023-12-20', '2026-03-05', interval '1 day') d(day),
		(VALUES (1), (2), (15), (28)) c(day), (VALUES (1), (2), (3), (4), (6), (12)) m(months), (VALUES (1), (2), (6), (12)) f(first),
		LATERAL (SELECT billing._period_end(d.day::date, c.day::smallint, m.months::smallint, f.first::smallint) AS ends) e
	 WHERE e.ends <= d.day::date OR extract(day FROM e.ends) <> c.day OR (extract(month FROM e.ends)::integer - f.first + 12) % m.months <> 0
		OR (e.ends - make_interval(months => m.months))::date > d.day::date$$, 'each day is in the one period that ends after it');
SELECT is(billing._period_end('2026-01-01', 1::smallint, 2::smallint, 1::smallint), '2026-03-01', 'January and February');
SELECT is(billing._period_end('2026-01-01', 1::smallint, 2::smallint, 2::smallint), '2026-02-01', 'or December and January');

SELECT throws_ok($$SELECT billing.add_cycle('S', 'x', 'x', 29)$$, '22023', NULL, 'no cycle begins on a day that some month lacks');
SELECT throws_ok($$SELECT billing.add_cycle('S', 'x', 'x', 1, 5)$$, '22023', NULL, 'nor has five months');
SELECT throws_ok($$SELECT billing.add_cycle('T', 'x', 'x')$$, 'P0002', NULL, 'nor is it of an org that is not there');
SELECT billing.add_cycle('S', 'odd', '单月抄表', 1, 2, 1) \gset
SELECT billing.add_cycle('S', 'even', '双月抄表', 1, 2, 2) \gset
SELECT billing.add_cycle('S', 'mid', '15 日抄表', 15) \gset
SELECT throws_ok($$UPDATE billing.bill_cycle SET months = 3$$, '23001', NULL, 'a cycle stays as it is');
SELECT is((SELECT sum(n) FROM (VALUES (billing.set_cycle('odd', '{two,ends}')), (billing.set_cycle('even', '{even}')), (billing.set_cycle('mid', '{mid}'))) v(n)), 4::bigint,
	'accounts go into cycles');
SELECT throws_ok($$SELECT billing.set_cycle('odd', '{two,nobody}')$$, 'P0002', NULL, 'but not those that are not there');
UPDATE billing.account_head SET stops_on = '2026-04-11' WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'ends');

SELECT is(pg_temp.run('2026-02-01'), 'Run 1: 3 bills, 0 exceptions.', 'a run up to February: not of those that are read in March');
SELECT is(pg_temp.run('2026-02-10'), 'Run 2: 1 bills, 0 exceptions.', 'in the middle of a period only who has no cycle');
SELECT is(pg_temp.run('2026-05-01'), 'Run 3: 11 bills, 0 exceptions.', 'and up to May');
SELECT results_eq($$SELECT account_no, from_on, until_on FROM billing_report.bill_period WHERE state = 'billed' ORDER BY 1, 2$$,
	$$VALUES ('ends', date '2026-01-01', date '2026-03-01'), ('ends', '2026-03-01', '2026-04-11'),
			 ('even', '2026-01-01', '2026-02-01'), ('even', '2026-02-01', '2026-04-01'),
			 ('mid', '2026-01-01', '2026-01-15'), ('mid', '2026-01-15', '2026-02-15'), ('mid', '2026-02-15', '2026-03-15'), ('mid', '2026-03-15', '2026-04-15'),
			 ('none', '2026-01-01', '2026-02-01'), ('none', '2026-02-01', '2026-02-10'), ('none', '2026-02-10', '2026-03-01'), ('none', '2026-03-01', '2026-04-01'), ('none', '2026-04-01', '2026-05-01'),
			 ('two', '2026-01-01', '2026-03-01'), ('two', '2026-03-01', '2026-05-01')$$, 'everybody has the periods of his cycle');
SELECT results_eq($$SELECT account_no, from_on, until_on, bills FROM billing_report.bill_period WHERE state = 'open' ORDER BY 1, 2$$,
	$$VALUES ('even', date '2026-04-01', date '2026-06-01', 0), ('mid', '2026-04-15', '2026-05-15', 0), ('none', '2026-05-01', '2026-06-01', 0), ('two', '2026-05-01', '2026-07-01', 0)$$,
	'and the open one');
-- the year's tiers do not ask how long a period is: 59 kWh and 61, 20 of them above 100
SELECT results_eq($$SELECT from_on, total FROM billing_report.bill WHERE account_no = 'two' ORDER BY 1$$,
	$$VALUES (date '2026-01-01', 29.50), ('2026-03-01', 32.50)$$, 'a bill of two months counts the year''s tiers through');
SELECT is_empty('SELECT * FROM billing.verify()', 'all of it chained');
SELECT finish();
ROLLBACK;
