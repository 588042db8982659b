-- What changes after it was billed.  The measure of every correction is a twin:
-- an account that had the right readings from the first day.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_org('T', 'Other station', 'station', 'C') \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_mia LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S', 'A', 'Ann', 'billing clerk', 'tap_ann') AS a, billing.add_staff('S', 'B', 'Ben', 'manager', 'tap_ben') AS b,
	billing.add_staff('T', 'C', 'Cid', 'manager', 'tap_cid') AS c, billing.add_staff('S', 'M', 'Mia', 'meter reader', 'tap_mia') AS m \gset
SELECT billing.grant_post('A', 'S') AS g, billing.grant_post('B', 'S') AS h, billing.grant_post('C', 'T') AS i, billing.grant_post('M', 'S') AS k \gset
-- tiers by the year, a demand charge with a ratchet, a tax inside: what one month leaves, the next ones feel
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "60", "price": "0.5"}, {"to": "100", "price": "0.6"}, {"price": "0.9"}]},
				{"code": "funds", "price": "0.03333333"}, {"code": "vat", "percent": "13", "included": true}]}') \gset
SELECT billing.add_plan('dear', 'Dear', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "60", "price": "0.7"}, {"price": "0.8"}]}]}') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
CREATE FUNCTION pg_temp.account(number text, january bigint) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	made	bigint := billing.add_account('S', number, 1, '2026-01-01');
BEGIN
	PERFORM billing.set_plan(number, 'home', '2026-01-01');
	INSERT INTO billing.reading (account_id, org_id, profile)
	SELECT made, (SELECT org_id FROM billing.account WHERE account_id = made), billing.profile(m, '1 day', array_fill(CASE WHEN m < '2026-02-01' THEN january ELSE 1000 END, ARRAY[d.days]), quality => CASE WHEN number = 'est' AND m = '2026-04-01' THEN array_fill('estimated'::text, ARRAY[d.days]) END)
	  FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-05-01', interval '1 month') m CROSS JOIN LATERAL (SELECT extract(day FROM m + interval '1 month' - interval '1 day')::integer AS days) d;
END $$;
CREATE FUNCTION pg_temp.run(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('C', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;
-- other readings for days from a file that comes late
GRANT ALL ON SCHEMA public TO PUBLIC;
CREATE FUNCTION public.late(number text, from_on date, days integer, wh bigint) RETURNS void LANGUAGE sql SECURITY DEFINER AS $$
	SELECT billing._lock_heads(ARRAY[a.account_id]) FROM billing.account a WHERE a.account_no = number;
	SELECT billing._put_days(NULL, now(), 'late', (SELECT array_agg(ROW (1, a.account_id, 'main', 'import', d, NULL,
			billing.profile(d::timestamp AT TIME ZONE 'UTC', '1 day', ARRAY[wh]))::billing._landed_day)
		FROM billing.account a, (SELECT from_on + n FROM generate_series(0, days - 1) n) x(d) WHERE a.account_no = number), true) IS NULL;
$$;
ALTER FUNCTION public.late OWNER TO billing_owner;
CREATE FUNCTION pg_temp.settle() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	after	bigint := 0;
	done	record;
	said	text := '';
BEGIN
	LOOP
		SELECT c.* INTO done FROM billing._settle_chunk('C', after, 3) c;
		EXIT WHEN done.last IS NULL;
		after := done.last;
		said := said || format('%s/%s/%s ', done.corrected, done.left_open, done.failed);
	END LOOP;
	RETURN said;
END $$;
-- what each period of an account comes to, by line
CREATE FUNCTION pg_temp.lines(number text) RETURNS TABLE (from_on date, code text, tier integer, quantity numeric, amount numeric) LANGUAGE sql AS $$
	SELECT date_trunc('month', b.from_on::timestamp)::date, l.code, l.tier, sum(l.quantity * s.sign), sum(l.amount * s.sign)
	  FROM billing.bill b JOIN billing.account a USING (account_id) CROSS JOIN LATERAL (SELECT CASE b.kind WHEN 'reversal' THEN -1 ELSE 1 END AS sign) s
	 CROSS JOIN LATERAL billing.lines(b.charges) l
	 WHERE a.account_no = number GROUP BY 1, 2, 3 HAVING sum(l.amount * s.sign) <> 0 ORDER BY 1, 2, 3
$$;
CREATE FUNCTION pg_temp.head(number text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', h.billed_to, h.balance, h.carry) FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = number
$$;
SELECT count(*) FROM (SELECT pg_temp.account(n, 1000) FROM unnest('{delta,rebill,refuse,old,plan,again,est}'::text[]) n) q \gset
-- the twins: January with ten days of 3 kWh, and May's plan
SELECT pg_temp.account('twin', 1000) \gset
SELECT public.late('twin', '2026-01-11', 10, 3000) \gset
SELECT pg_temp.account('plan_twin', 1000) \gset
SELECT billing.set_plan('plan_twin', 'dear', '2026-02-11') \gset

SELECT plan(105);
SELECT is(pg_temp.run('2026-05-01'), 'Run 1: 37 bills, 0 exceptions.', 'everybody is billed up to May; whose plan changes, in pieces');
SELECT is_empty('SELECT * FROM billing.late_reading', 'what came before the bills was not late');

-- ---- policies ----
SELECT throws_ok($$SELECT billing.set_late_policy('C', 'ignore')$$, '22023', NULL, 'there is no policy to ignore');
SELECT throws_ok($$SELECT billing.set_late_policy('C', 'delta', 'none')$$, 'P0002', NULL, 'nor one for a plan that is not there');
SELECT is((billing._late_policy(1, '2026-01-11')).policy, 'delta', 'where nothing is laid down it is delta');
SELECT billing.set_late_policy('C', 'rebill') \gset
SELECT is((billing._late_policy(1, '2026-01-11')).policy, 'rebill', 'what the company lays down holds at the station');
SELECT billing.set_late_policy('C', 'refuse', 'home') \gset
SELECT is((billing._late_policy(1, '2026-01-11')).policy, 'refuse', 'the narrower row counts');
SELECT billing.set_late_policy('S', 'delta') \gset
SELECT is((billing._late_policy(1, '2026-01-11')).policy, 'delta', 'before it the nearer org');

-- ---- delta ----
SELECT public.late('delta', '2026-01-11', 10, 3000) \gset
SELECT results_eq($$SELECT cause, from_on, until_on, change_kwh, state FROM billing_report.late_work WHERE account_no = 'delta'$$,
	$$VALUES ('reading', date '2026-01-11', date '2026-01-21', 20.000, 'open')$$, 'late readings are on the list');
SELECT is(pg_temp.settle(), '4/0/0 ', 'four months follow from one');
SELECT results_eq($$SELECT from_on, until_on, kind, revision::integer, total FROM billing_report.bill WHERE account_no = 'delta' AND kind <> 'normal' ORDER BY 1$$,
	$$VALUES (date '2026-01-01', date '2026-02-01', 'correction', 2, 10.67), ('2026-02-01', '2026-03-01', 'correction', 2, 1.90),
			 ('2026-03-01', '2026-04-01', 'correction', 2, 3.10), ('2026-04-01', '2026-05-01', 'correction', 2, 3.00)$$,
	'each a correction in its own period');
SELECT results_eq($$SELECT * FROM pg_temp.lines('delta')$$, $$SELECT * FROM pg_temp.lines('twin')$$, 'line by line it comes to what it would have been');
SELECT is(pg_temp.head('delta'), pg_temp.head('twin'), 'balance and carry too');
SELECT results_eq($$SELECT state, note FROM billing_report.late_work WHERE account_no = 'delta'$$, $$VALUES ('settled', NULL::text)$$, 'the list says so');
SELECT is(pg_temp.settle(), '', 'and is done');
SELECT is_empty($$SELECT * FROM billing.verify('delta')$$, 'the chain holds, and every bill rests on its readings');
-- a second change of the same days
SELECT public.late('delta', '2026-01-11', 5, 1000) \gset
SELECT public.late('again', '2026-01-16', 5, 3000) \gset
SELECT is(pg_temp.settle(), '8/0/0 ', 'a correction is corrected');
SELECT results_eq($$SELECT * FROM pg_temp.lines('delta')$$, $$SELECT * FROM pg_temp.lines('again')$$, 'two ways to one end');
SELECT is(pg_temp.head('delta'), pg_temp.head('again'), 'with one balance');
-- back again
SELECT public.late('again', '2026-01-16', 5, 1000) \gset
SELECT is(pg_temp.settle(), '4/0/0 ', 'and back');
SELECT is((SELECT sum(total) FROM billing_report.bill WHERE account_no = 'again' AND kind = 'correction'), 0.00, 'what was corrected and came back comes to nothing');

-- ---- rebill ----
SELECT billing.set_late_policy('S', 'rebill', 'home') \gset
SELECT public.late('rebill', '2026-01-11', 10, 3000) \gset
SELECT is(pg_temp.settle(), '4/0/0 ', 'the same by reversal');
SELECT results_eq($$SELECT from_on, kind, revision::integer, seq > reverses_seq FROM billing.bill WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'rebill') AND seq > 8 ORDER BY seq$$,
	$$VALUES (date '2026-04-01', 'reversal', 1, true), ('2026-03-01', 'reversal', 1, true), ('2026-02-01', 'reversal', 1, true), ('2026-01-01', 'reversal', 1, true),
			 ('2026-01-01', 'normal', 2, NULL), ('2026-02-01', 'normal', 2, NULL), ('2026-03-01', 'normal', 2, NULL), ('2026-04-01', 'normal', 2, NULL)$$,
	'the last is reversed first, and made anew last');
SELECT results_eq($$SELECT * FROM pg_temp.lines('rebill')$$, $$SELECT * FROM pg_temp.lines('twin')$$, 'it comes to the same');
SELECT is(pg_temp.head('rebill'), pg_temp.head('twin'), 'balance and carry too');
SELECT is(pg_temp.settle(), '', 'and is done');
-- April alone: what is before it stays
SELECT public.late('rebill', '2026-04-11', 1, 5000) \gset
SELECT is(pg_temp.settle(), '1/0/0 ', 'a change in April is of April');

-- ---- refuse, and a person ----
SELECT billing.set_late_policy('S', 'refuse', 'home') \gset
SELECT public.late('refuse', '2026-01-11', 10, 3000) \gset
SELECT is(pg_temp.settle(), '0/1/0 ', 'refused is left to a person');
SELECT results_eq($$SELECT state, note FROM billing_report.late_work WHERE account_no = 'refuse'$$, $$VALUES ('left', 'left to a person by policy')$$, 'never dropped');
SELECT is(billing.settle_account('refuse', 'delta'), 18.67, 'who may settle it');
SELECT is(pg_temp.head('refuse'), pg_temp.head('twin'), 'to the same end');
SELECT billing.set_late_policy('S', 'delta', 'home', 2) \gset
SELECT public.late('old', '2026-01-11', 10, 3000) \gset
SELECT public.late('old', '2026-04-11', 1, 3000) \gset
SELECT is(pg_temp.settle(), '1/1/0 ', 'longer than two months before the last bill is left, the rest is not');
SELECT billing.set_late_policy('S', 'delta', 'home') \gset

-- ---- plans ----
SELECT throws_ok($$SELECT billing.correct_plan('plan', 'dear', '2026-05-11', '{}', 'x')$$, 'UB311', NULL, 'what is not billed is not corrected');
SELECT billing.correct_plan('plan', 'dear', '2026-02-11', '{}', 'applied for in January') \gset
SELECT is(pg_temp.settle(), '3/0/0 ', 'another plan from a billed day on');
SELECT results_eq($$SELECT * FROM pg_temp.lines('plan')$$, $$SELECT * FROM pg_temp.lines('plan_twin')$$, 'comes to what it would have been, in pieces');
SELECT is(pg_temp.head('plan'), pg_temp.head('plan_twin'), 'with the carry of both plans');

-- ---- by whom ----
SELECT public.late('refuse', '2026-02-11', 2, 2000) \gset
SET SESSION AUTHORIZATION tap_cid;
SELECT throws_ok($$SELECT * FROM billing._settle_chunk('C', 0, 10)$$, 'P0002', NULL, 'nobody settles where he runs no bills');
SELECT throws_ok($$SELECT billing.settle_account('refuse', 'delta')$$, 'P0002', NULL, 'nor decides for strangers');
SELECT throws_ok($$SELECT billing.set_late_policy('S', 'refuse')$$, 'P0002', NULL, 'nor lays anything down for them');
SELECT throws_ok($$SELECT billing.correct_plan('refuse', 'dear', '2026-01-11', '{}', 'x')$$, 'P0002', NULL, 'nor gives them plans');
SELECT is_empty('SELECT * FROM billing_report.late_work', 'nor sees what is late there');
SELECT isnt_empty('SELECT * FROM billing.late_policy', 'what the company lays down he does see');
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok($$SELECT * FROM billing._settle_chunk('S', 0, 10)$$, 'P0002', NULL, 'a meter reader settles nothing');
SELECT throws_ok($$SELECT billing.request_correction('refuse', '2026-01-11', 'x')$$, 'P0002', NULL, 'nor asks for it');
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT a.account_id, a.org_id, 'export', billing.profile('2026-02-01 00:00+00', '1 day', '{500}'::bigint[]) FROM billing.account a WHERE a.account_no = 'refuse';
SELECT is((SELECT count(*) FROM billing.late_reading WHERE channel = 'export'), 1::bigint, 'but what she copies in is listed where it is late');
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.settle_account('refuse', 'delta')$$, 'P0002', NULL, 'a clerk does not decide');
SELECT results_eq($$SELECT corrected, left_open, failed FROM billing._settle_chunk('S', 0, 10)$$, $$VALUES (3::bigint, 0::bigint, 0::bigint)$$, 'she settles by what is laid down');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.set_late_policy('S', 'rebill', 'home') \gset
SELECT billing.correct_plan('refuse', 'dear', '2026-04-11', '{}', 'letter of 3 May') \gset
SELECT is(billing.settle_account('refuse', 'rebill'), -2.67, 'the manager decides');
SELECT billing.set_late_policy('S', 'delta', 'home') \gset
RESET SESSION AUTHORIZATION;
SELECT is((SELECT issued_by FROM billing.bill WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'refuse') ORDER BY seq DESC LIMIT 1),
	(SELECT format('staff:%s', staff_id) FROM billing.staff WHERE staff_no = 'B'), 'and the bills have his name');

-- ---- registers ----
SELECT billing.add_account('S', 'reg', :customer, '2026-01-01') \gset
SELECT billing.set_plan('reg', 'home', '2026-01-01'), billing.set_usage_from('register', '{reg}') \gset
SELECT billing.record_register('reg', '2026-01-01', 'total', 1000, digits => 6, multiplier => 1) AS a, billing.record_register('reg', '2026-02-01', 'total', 1050) AS b,
	billing.record_register('reg', '2026-03-01', 'total', 1110) AS c, billing.record_register('reg', '2026-04-01', 'total', 1140) AS d \gset
SELECT is(pg_temp.run('2026-04-01'), 'Run 2: 3 bills, 0 exceptions.', 'an account that is billed by its register');
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok($$SELECT billing.correct_register('reg', '2026-02-01', 'total', 1111, 'photo')$$, 'UB121', NULL, 'a register does not fall back');
SELECT throws_ok($$SELECT billing.correct_register('reg', '2026-02-02', 'total', 1080, 'photo')$$, 'P0002', NULL, 'nor is a reading corrected that is not there');
SELECT is(billing.correct_register('reg', '2026-02-01', 'total', 1080, 'photo'), 'asked', 'another value is asked for');
SELECT is(billing.correct_register('reg', '2026-02-01', 'total', 1080, 'photo'), 'asked', 'and again');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(approval_id) FROM billing_report.approval WHERE for_me \gset
SET SESSION AUTHORIZATION tap_mia;
SELECT is(billing.correct_register('reg', '2026-02-01', 'total', 1080, 'photo'), 'corrected', 'approved, it is corrected');
SELECT is(billing.correct_register('reg', '2026-02-01', 'total', 1080, 'photo'), 'unchanged', 'once');
RESET SESSION AUTHORIZATION;
SELECT is_empty($$SELECT * FROM billing.verify('reg')$$, 'the bills were made of what was valid then');
SELECT is(pg_temp.settle(), '2/0/0 ', 'two bills follow');
SELECT results_eq($$SELECT from_on, total FROM billing_report.bill WHERE account_no = 'reg' AND kind = 'correction' ORDER BY 1$$,
	$$VALUES (date '2026-01-01', 18.00), ('2026-02-01', -18.00)$$, 'what January has more February has less');
SELECT is_empty($$SELECT * FROM billing.verify('reg')$$, 'and what is valid now');

-- ---- asked for ----
SELECT throws_ok($$SELECT billing.request_correction('est', '2026-05-01', 'x')$$, 'UB311', NULL, 'nobody asks about what is not billed');
SELECT billing.request_correction('est', '2026-02-01', 'the customer says so') \gset
SELECT is(pg_temp.settle(), '0/0/0 ', 'and where nothing is wrong nothing is issued');
SELECT results_eq($$SELECT state, note FROM billing_report.late_work WHERE account_no = 'est'$$, $$VALUES ('settled', 'the bills say the same')$$, 'the list says so');

-- ---- estimated, then settled ----
SELECT is((SELECT count(*) FROM billing_report.bill WHERE estimated), 1::bigint, 'a bill that rests on an estimate says so');
SELECT public.late('est', '2026-04-01', 30, 1000) \gset
SELECT is(pg_temp.settle(), '1/0/0 ', 'the readings come and say the same');
SELECT results_eq($$SELECT kind, total, estimated, settled_by::integer FROM billing_report.bill WHERE account_no = 'est' AND from_on = '2026-04-01' ORDER BY revision$$,
	$$VALUES ('normal', 25.00, true, 2), ('correction', 0.00, false, NULL)$$, 'it is settled, by nothing');

-- ---- rows that come by hand ----
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT account_id, org_id, 'export', billing.profile('2026-01-11 00:00+00', '1 day', '{500,500}'::bigint[]) FROM billing.account WHERE account_no = 'old';
SELECT billing.record_profile('old', billing.profile('2026-04-30 00:00+00', '1 day', '{500,500}'::bigint[]), 'generation') \gset
SELECT results_eq($$SELECT from_on, until_on, change_kwh FROM billing_report.late_work WHERE account_no = 'old' AND state = 'open' ORDER BY 1$$,
	$$VALUES (date '2026-01-11', date '2026-01-13', 1.000), ('2026-04-30', '2026-05-01', 1.000)$$, 'readings of billed days are late by whatever way they come');
SELECT is_empty($$SELECT * FROM billing.verify('old')$$, 'and the bills were made of what was there');
SELECT is(pg_temp.settle(), '4/0/0 ', 'what was left before of the same days comes along: an account is rated by all that is known');

-- ---- voiding, and the run ----
SELECT throws_ok($$SELECT billing.void_bill('delta', '2026-01-01', 'x')$$, 'UB303', NULL, 'the last first, corrected or not');
CREATE TEMPORARY TABLE said AS SELECT * FROM pg_temp.lines('delta');
SELECT billing.void_bill('delta', '2026-04-01', 'x') \gset
SELECT is((SELECT count(*) FROM billing_report.bill WHERE account_no = 'delta' AND from_on = '2026-04-01' AND kind = 'reversal'), 3::bigint, 'a bill is voided with its corrections');
SELECT is(pg_temp.run('2026-05-01'), 'Run 3: 1 bills, 1 exceptions.', 'the run makes it again');
SELECT results_eq($$SELECT * FROM pg_temp.lines('delta')$$, 'SELECT * FROM said', 'with the corrected carry, so to the same');
-- ---- prices ----
SELECT billing.add_plan('home', 'Homes', '2026-04-01', '{"name": "x2", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "60", "price": "0.5"}, {"to": "100", "price": "0.6"}, {"price": "0.8"}]},
				{"code": "funds", "price": "0.03333333"}, {"code": "vat", "percent": "13", "included": true}]}', late => true) \gset
SELECT is(billing.correct_outdated('S', '2026-01-01', 'notice of 2 May'), 7, 'a notice that reaches back lists whom it concerns');
SELECT is(billing.correct_outdated('S', '2026-01-01', 'notice of 2 May'), 0, 'once');
SELECT is(pg_temp.settle(), '3/0/0 3/0/0 1/0/0 ', 'each is corrected by one month');
SELECT is_empty($$SELECT * FROM billing.outdated_bills('S', '2026-01-01')$$, 'and none is outdated any more');
SELECT results_eq($$SELECT code, quantity, price, amount FROM billing_report.bill_line l JOIN billing_report.bill b USING (account_no, revision)
	 WHERE account_no = 'twin' AND billed_from_on = '2026-04-01' AND b.from_on = '2026-04-01' AND bill_kind = 'correction' ORDER BY line$$,
	$$VALUES ('energy', -30::numeric, 0.9, -27.00), ('energy', 30, 0.8, 24.00), ('vat', -3, 13, -0.34)$$, 'what went and what came are lines of their own');

-- ---- by four eyes, where the organisation says so ----
SELECT billing.set_approval_rule('C', 'bill_correction', 0) \gset
SELECT billing.draft_bill('twin', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": "10.00"}]', 'x') AS d \gset
SELECT billing.set_approval_rule('C', 'manual_bill', 100) \gset
SELECT billing.issue_draft('twin', :d) AS hand \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'x')$$, 'UB603', NULL, 'who may approve bills does not void one alone');
SELECT throws_ok(format($$SELECT billing.reverse_bill('twin', %s, 'x')$$, :hand), 'UB603', NULL, 'nor reverses one');
SELECT throws_ok($$SELECT billing.settle_account('twin', 'rebill', 'x')$$, 'UB603', NULL, 'nor has one made anew');
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.request_correction('twin', '2026-04-01', 'x')$$, 'UB603', NULL, 'nor does a clerk have one rated again');
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'wrong meter')$$, 'P0002', NULL, 'voiding is not hers');
SELECT throws_ok($$SELECT billing.request_bill_correction('twin', 'void_bill', '2031-04-01', 'x')$$, 'P0002', NULL, 'of a bill that there is');
SELECT throws_ok($$SELECT billing.request_bill_correction('twin', 'reverse_bill', '0', 'x')$$, 'P0002', NULL, 'by its number');
SELECT throws_ok($$SELECT billing.request_bill_correction('twin', 'void_bill', 'yesterday', 'x')$$, '22023', NULL, 'on a day');
SELECT throws_ok($$SELECT billing.request_bill_correction('twin', 'drop_bill', '2026-04-01', 'x')$$, '22023', NULL, 'by a command that there is');
SELECT billing.request_bill_correction('twin', 'void_bill', '2026-04-01', 'wrong meter') AS asked, billing.request_bill_correction('twin', 'reverse_bill', :hand::text, 'twice') AS twice,
	billing.request_bill_correction('twin', 'request_correction', '2026-02-01', 'asked for') AS again \gset
SELECT is((SELECT amount FROM billing_report.approval WHERE approval_id = :asked), (SELECT sum(total) FROM billing_report.bill WHERE account_no = 'twin' AND from_on = '2026-04-01'), 'with the amount that is at stake');
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'wrong meter')$$, 'P0002', NULL, 'not before another has approved');
SET SESSION AUTHORIZATION tap_cid;
SELECT throws_ok(format('SELECT billing.approve(%s)', :asked), 'P0002', NULL, 'another station approves nothing');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:asked), billing.approve(:twice), billing.approve(:again) \gset
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'wrong meter')$$, 'UB603', NULL, 'who approves does not do it');
SET SESSION AUTHORIZATION tap_mia;
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'wrong meter')$$, 'P0002', NULL, 'nor who may not write bills');
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'another reason')$$, 'UB603', NULL, 'just what was approved is done');
SELECT isnt(billing.void_bill('twin', '2026-04-01', 'wrong meter'), NULL, 'a clerk voids the bill, as another has approved');
SELECT throws_ok($$SELECT billing.void_bill('twin', '2026-04-01', 'wrong meter')$$, 'P0002', NULL, 'once');
SELECT isnt(billing.reverse_bill('twin', :hand, 'twice'), NULL, 'and reverses the other');
SELECT lives_ok($$SELECT billing.request_correction('twin', '2026-02-01', 'asked for')$$, 'and lists what is to be rated again');
SELECT throws_ok($$SELECT billing.request_bill_correction('twin', 'correct_plan', '2026-02-11 dear', 'x')$$, '22023', NULL, 'a plan has terms, if none');
SELECT billing.request_bill_correction('twin', 'correct_plan', '2026-02-11 dear {}', 'was a shop') AS shop, billing.request_bill_correction('twin', 'correct_plan', '2026-02-12 dear {}', 'was a shop') AS day_later \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.correct_plan('twin', 'dear', '2026-02-11', '{}', 'was a shop')$$, 'UB603', NULL, 'nor does who may approve the account give billed days another plan alone');
SELECT billing.approve(:day_later) \gset
SELECT throws_ok($$SELECT billing.correct_plan('twin', 'dear', '2026-02-12', '{}', 'was a shop')$$, 'UB603', NULL, 'or by his own word');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$SELECT billing.correct_plan('twin', 'dear', '2026-02-12', '{"capacity_kva": 5}', 'was a shop')$$, 'UB603', NULL, 'by other terms');
SELECT lives_ok($$SELECT billing.correct_plan('twin', 'dear', '2026-02-12', '{}', 'was a shop')$$, 'as another has approved it is done');
-- an approval lets who may only write bills do nothing else, also where no rule asks for one any more
SELECT billing.draft_bill('twin', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": "11.00"}]', 'x') AS d \gset
SELECT billing.issue_draft('twin', :d) AS hand \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.request_bill_correction('twin', 'reverse_bill', :hand::text, 'one reason') AS asked \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:asked) \gset
RESET SESSION AUTHORIZATION;
DELETE FROM billing.approval_rule WHERE act = 'bill_correction';
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format($$SELECT billing.reverse_bill('twin', %s, 'another')$$, :hand), 'P0002', NULL, 'without a rule it is for who may approve bills');
SET SESSION AUTHORIZATION tap_ben;
SELECT isnt(billing.reverse_bill('twin', :hand, 'another'), NULL, 'who does it alone');
RESET SESSION AUTHORIZATION;

SELECT is_empty('SELECT * FROM billing.verify()', 'and every chain holds');
SELECT finish();
ROLLBACK;
