-- One call for a cycle.  It commits as it goes, so this test does, too.
SET client_min_messages = error;
SET TimeZone = 'UTC';
SELECT billing.create_roles() <> '' AS roles, billing.install() AS store \g /dev/null
CREATE ROLE tap_night LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_clerk LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_staff('C', 'N', 'Night', 'job', 'tap_night'), billing.add_staff('C', 'K', 'Clerk', 'billing clerk', 'tap_clerk') \gset
SELECT billing.grant_access('N', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write}'), billing.grant_access('N', 'C', '{bill}', '{run}'), billing.grant_post('K', 'C') \gset
SELECT billing.add_plan('home', 'Homes', '2020-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('C', 'x') AS customer \gset
SELECT count(billing.add_account('S', n::text, :customer, '2026-01-01')) FROM generate_series(1, 5) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 5) n) q \gset
SELECT billing.set_mapping('days', 'csv', '{"time_zone": "UTC", "slot_minutes": 1440, "meter": "meter", "time": "time", "value": "kwh", "unit": "kWh"}') \gset
SELECT billing.set_notice_rule('C', 'bill_ready', '2020-01-01', 'email') \gset
-- four accounts by a file, one not at all
SELECT billing.receive('jan.csv', convert_to(E'meter,time,kwh\n' || string_agg(format(E'%s,%s 00:00,%s\n', n, d::date, n), '' ORDER BY n, d), 'UTF8'), 'csv', 'S', mapping => 'days')
  FROM generate_series(1, 4) n, generate_series('2026-01-01'::timestamp, '2026-01-31', '1 day') d \gset

SELECT * FROM no_plan();
SET SESSION AUTHORIZATION tap_night;
CALL billing.run_cycle('C', '2026-02-01') \gset
SELECT matches(:'result'::text, E'^read: 1 batches landed: 124 taken, 0 rejected.\nvalidate: Run 1: .*\nbill: Run 1: 4 bills, 1 exceptions.\nnotices: 0 queued, 0 withdrawn.$', 'each step says what it did');
SELECT results_eq($$SELECT account_no, total FROM billing_report.bill ORDER BY 1$$, $$SELECT n::text, (n * 15.5)::numeric(20,2) FROM generate_series(1, 4) n$$, 'what was read is billed');
SELECT is((SELECT count(*) FROM billing_report.notice WHERE kind = 'bill_ready' AND state = 'queued'), 4::bigint, 'and told');
SELECT is((SELECT array_agg(account_no) FROM billing_report.open_exception), '{5}', 'what could not be billed is in the queue');
CALL billing.run_cycle('C', '2026-02-01') \gset
SELECT is((SELECT count(*) FROM billing_report.bill), 4::bigint, 'again: no bill twice');
SELECT is((SELECT count(*) FROM billing_report.notice), 4::bigint, 'and no notice');
CALL billing.run_cycle('C', '2026-02-01', estimate => true) \gset
SELECT matches(:'result'::text, E'\nestimate: Run', 'what is missing is estimated, if asked');
SELECT throws_ok($$CALL billing.run_cycle('C', '2026-02-01')$$, '25001', NULL, 'outside of a transaction');
SELECT throws_ok($$SELECT billing._cycle_days('C', 'infinity')$$, '22023', NULL, 'of a day that there is');
SELECT throws_ok($$CALL billing.run_cycle('C', NULL)$$, '22004', NULL, 'up to a day');

-- a billing clerk, who enters no readings
RESET SESSION AUTHORIZATION;
SELECT billing.receive('feb.csv', convert_to(E'meter,time,kwh\n5,2026-01-01 00:00,1\n', 'UTF8'), 'csv', 'S', mapping => 'days') \gset
SELECT billing.record_profile('5', billing.profile('2026-01-01 00:00+00', '1 day', array_fill(2000::bigint, '{31}'))) \gset
SELECT count(*) AS runs FROM billing.validation_run \gset
SET SESSION AUTHORIZATION tap_clerk;
CALL billing.run_cycle('C', '2026-02-01') \gset
SELECT matches(:'result'::text, E'^read: 0 batches landed: 0 taken, 0 rejected. 1 file left to those who may land.\nvalidate: left to those who may write readings.\nbill: Run [0-9]+: 1 bills, 0 exceptions.\nnotices: 0 queued, 0 withdrawn.$',
	'bills what is there, and says what is left to others');
SELECT is((SELECT total FROM billing_report.bill WHERE account_no = '5'), 31.00, 'the account that had no readings before');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM billing.validation_run), :runs::bigint, 'no reading was touched');
SET SESSION AUTHORIZATION tap_clerk;
\set ON_ERROR_STOP off
CALL billing.run_cycle('C', '2026-02-01', estimate => true) \gset
SELECT is(:'LAST_ERROR_SQLSTATE'::text, '42501', 'who may not write readings does not estimate them');
CALL billing.run_cycle('nowhere', '2026-02-01') \gset
SELECT is(:'LAST_ERROR_SQLSTATE'::text, 'P0002', 'an org that is not there');
\set ON_ERROR_STOP on
RESET SESSION AUTHORIZATION;
SELECT finish();
DROP OWNED BY tap_night, tap_clerk;
DROP ROLE tap_night, tap_clerk;
