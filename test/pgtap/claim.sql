-- Claims that are rated by the tariff.  The measure of each is a twin: an account
-- whose meter was right from the first day.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_org('T', 'Other station', 'station', 'C') \gset
SELECT billing.add_staff('S', 'A', 'Ann', 'billing clerk', 'tap_ann') AS a, billing.add_staff('T', 'C', 'Cid', 'billing clerk', 'tap_cid') AS c \gset
SELECT billing.grant_post('A', 'S') AS g, billing.grant_post('C', 'T') AS i \gset
SELECT billing.set_approval_rule('C', 'manual_bill', 100000000) \gset
-- periods of the day, tiers by the year, a share of the highest demand of months before: what one month leaves, the next ones feel
SELECT billing.add_plan('works', 'Works', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"periods": {"valley": [{"from": "00:00", "to": "12:00"}], "peak": "else"},
	"charges": [{"code": "energy", "price": {"peak": "0.9", "valley": "0.4"}},
				{"code": "tier", "per": "year", "steps": [{"to": "200"}, {"to": "400", "add": "0.05"}, {"add": "0.3"}]},
				{"code": "demand", "demand": {"ratchet": {"share": "0.8", "months": 2}}, "price": "30"},
				{"code": "vat", "percent": "13", "included": true}]}') AS p1,
	billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS p2,
	billing.add_plan('periods', 'By period', '2026-01-01', '{"name": "z", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"periods": {"valley": [{"from": "00:00", "to": "12:00"}], "peak": "else"}, "charges": [{"code": "energy", "price": {"peak": "0.75", "valley": "0.25"}}]}') AS p3 \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
-- half days of so many Wh, month by month
CREATE FUNCTION pg_temp.account(number text, plan text, factor numeric[], night bigint DEFAULT 1000, day bigint DEFAULT 3000) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	made	bigint := billing.add_account('S', number, 1, '2026-01-01');
BEGIN
	PERFORM billing.set_plan(number, plan, '2026-01-01');
	INSERT INTO billing.reading (account_id, org_id, profile)
	SELECT made, (SELECT org_id FROM billing.account WHERE account_id = made),
		   billing.profile(m, '12 hours', (SELECT array_agg((CASE n % 2 WHEN 1 THEN night ELSE day END * factor[extract(month FROM m)])::bigint ORDER BY n)
											 FROM generate_series(1, 2 * extract(day FROM m + interval '1 month' - interval '1 day')::integer) n))
	  FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-04-01', interval '1 month') m;
END $$;
CREATE FUNCTION public.run(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('C', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;
CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- what an account has to pay for
CREATE FUNCTION public.lines(number text) RETURNS TABLE (code text, period text, tier integer, price numeric, quantity numeric, amount numeric) LANGUAGE sql AS $$
	SELECT l.code, l.period, l.tier, l.price, sum(l.quantity), sum(l.amount) FROM billing_report.bill_line l WHERE l.account_no = number GROUP BY 1, 2, 3, 4 HAVING sum(l.amount) <> 0 ORDER BY 1, 2, 3, 4
$$;
SELECT pg_temp.account('double', 'works', '{1,1,1,1}'), pg_temp.account('double_twin', 'works', '{1,2,2,1}'),
	pg_temp.account('wiring', 'works', '{1,1,1,1}'), pg_temp.account('wiring_twin', 'works', '{1,3,1,1}'),
	pg_temp.account('fast', 'works', '{1,1,1,1}'),
	pg_temp.account('dead', 'works', '{1,0,1,1}'), pg_temp.account('dead_twin', 'works', '{1,1,1,1}', 2000, 2000),
	pg_temp.account('part', 'flat', '{1,1,1,1}') \gset
-- the worked case of the slow meter, and one whose periods are registers
SELECT billing.add_account('S', 'slow', :customer, '2026-01-01'), billing.add_account('S', 'tou', :customer, '2026-01-01') \gset
SELECT billing.set_plan('slow', 'flat', '2026-01-01'), billing.set_plan('tou', 'periods', '2026-01-01'), billing.set_usage_from('register', '{slow,tou}') \gset
SELECT count(billing.record_register('slow', d, 'total', v, digits => 7, multiplier => 1)) FROM (VALUES (date '2026-01-01', 0), ('2026-02-01', 900000), ('2026-03-01', 1800000), ('2026-04-01', 2700000), ('2026-05-01', 3600000)) r(d, v) \gset
SELECT count(billing.record_register('tou', d, r, v * f, digits => 7, multiplier => 10))
  FROM (VALUES (date '2026-01-01', 0), ('2026-02-01', 100), ('2026-03-01', 200), ('2026-04-01', 300), ('2026-05-01', 400)) r(d, v), (VALUES ('peak', 1), ('valley', 2)) p(r, f) \gset

SELECT plan(30);
SELECT is(public.run('2026-05-01'), 'Run 1: 40 bills, 0 exceptions.', 'everybody is billed up to May');
SET SESSION AUTHORIZATION tap_ann;

-- ---- a wrong multiplier ----
SELECT billing.draft_rated_claim('double', 'multiplier', '2026-02-01', '2026-04-01', '{"used": 40, "correct": 80}', 'ratio 400/5 taken for 200/5') AS d \gset
SELECT is((SELECT explanation FROM billing_report.bill_draft WHERE account_no = 'double' AND draft_no = :d),
	E'recorded 112 kWh by multiplier 40 instead of 80: 112 kWh\n2026-02-01 to 2026-03-01: 99.90\nrecorded 124 kWh by multiplier 40 instead of 80: 124 kWh\n2026-03-01 to 2026-04-01: 158.80\n2026-04-01 to 2026-05-01: 14.50', 'it says how, period by period');
SELECT isnt(billing.issue_draft('double', :d), NULL, 'issued');
SELECT results_eq($$SELECT * FROM public.lines('double')$$, $$SELECT * FROM public.lines('double_twin')$$, 'by periods, tiers and demand it comes to what a right meter would have cost, in April too, which follows from March');
SELECT is(said($$billing.draft_rated_claim('double', 'multiplier', '2026-02-01', '2026-04-01', '{"used": 40, "correct": 40}', 'x')$$), 'UB315 the claim comes to nothing', 'a claim is of something');
SELECT is(said($$billing.draft_rated_claim('double', 'multiplier', '2026-02-01', '2026-04-01', '{"used": 0, "correct": 40}', 'x')$$), 'UB315 the claim comes to nothing', 'no multiplier is zero');

-- ---- wiring: one of three currents reversed ----
SELECT billing.draft_rated_claim('wiring', 'wiring', '2026-02-01', '2026-03-01', '{"coefficient": 3}', 'phase B reversed') AS d \gset
SELECT isnt(billing.issue_draft('wiring', :d), NULL, 'a correction of 200 %, by periods of the day');
SELECT results_eq($$SELECT * FROM public.lines('wiring')$$, $$SELECT * FROM public.lines('wiring_twin')$$, 'as a right meter');

-- ---- error: half ----
SELECT billing.draft_rated_claim('slow', 'error', '2026-01-01', '2026-02-01', '{"error_percent": -10}', 'test report 17') AS d \gset
SELECT results_eq(format($$SELECT code, quantity, amount FROM billing_report.bill_draft_line WHERE account_no = 'slow' AND draft_no = %s$$, :d), $$VALUES ('energy', 50000::numeric, 25000.00)$$,
	'900,000 kWh by a meter 10 % slow: 50,000 kWh are billed');
-- 11 % too fast: half of it given back is 5 % of what was recorded, but for whole kWh
SELECT billing.draft_rated_claim('fast', 'error', '2026-01-01', '2026-03-01', '{"error_percent": "11.1111111111"}', 'test report 18') AS d \gset
SELECT results_eq(format($$SELECT sum(quantity) FROM billing_report.bill_draft_line WHERE account_no = 'fast' AND draft_no = %s AND code = 'energy'$$, :d), $$VALUES (-12::numeric)$$, 'a refund');
SELECT is((SELECT total < 0 FROM billing_report.bill_draft WHERE account_no = 'fast' AND draft_no = :d), true, 'is below zero');

-- ---- stopped ----
SELECT billing.draft_rated_claim('dead', 'stopped', '2026-02-01', '2026-03-01', '{"normal_kwh": 124, "normal_days": 31}', 'burnt in the storm of 31 January') AS d \gset
SELECT isnt(billing.issue_draft('dead', :d), NULL, 'a meter that stood still');
SELECT results_eq($$SELECT code, period, quantity FROM public.lines('dead') WHERE code = 'energy'$$, $$VALUES ('energy', 'peak', 3 * 92 + 56::numeric), ('energy', 'valley', 1 * 92 + 56)$$, 'is billed evenly over the hours, since nobody knows them');
SELECT is(said($$billing.draft_rated_claim('dead', 'stopped', '2026-02-01', '2026-03-01', '{"normal_kwh": 124}', 'x')$$), 'UB315 the claim needs a number "normal_days"', 'numbers are needed');

-- ---- registers ----
SELECT billing.draft_rated_claim('tou', 'multiplier', '2026-02-01', '2026-04-01', '{"used": 10, "correct": 15}', 'x') AS d \gset
SELECT results_eq(format($$SELECT code, period, quantity, amount FROM billing_report.bill_draft_line WHERE account_no = 'tou' AND draft_no = %s ORDER BY line$$, :d),
	$$VALUES ('energy', 'peak', 1000::numeric, 750.00), ('energy', 'valley', 2000, 500.00)$$, 'each register by what it recorded');
SELECT is(said($$billing.draft_rated_claim('tou', 'wiring', '2026-02-02', '2026-04-01', '{"coefficient": 3}', 'x')$$), 'UB315 the claim begins or ends between two readings of a register', 'whose days are those between readings');
-- 1,000 and 2,000 kWh: 333.33 of a third more are whole kWh
SELECT billing.draft_rated_claim('tou', 'wiring', '2026-02-01', '2026-03-01', '{"coefficient": "1.1111"}', 'x') AS d \gset
SELECT results_eq(format($$SELECT period, quantity FROM billing_report.bill_draft_line WHERE account_no = 'tou' AND draft_no = %s ORDER BY line$$, :d), $$VALUES ('peak', 111::numeric), ('valley', 222)$$, 'in whole kWh that add up');

-- ---- part of a period ----
SELECT billing.draft_rated_claim('part', 'wiring', '2026-01-11', '2026-02-06', '{"coefficient": 2}', 'x') AS d \gset
SELECT results_eq(format($$SELECT quantity, amount FROM billing_report.bill_draft_line WHERE account_no = 'part' AND draft_no = %s$$, :d), $$VALUES (104::numeric, 52.00)$$, 'load profiles tell its days');

-- ---- refused ----
SELECT is(said($$billing.draft_rated_claim('part', 'wiring', '2026-04-11', '2026-05-11', '{"coefficient": 2}', 'x')$$), 'UB315 not all of these days are billed', 'days that are not billed');
SELECT is(said($$billing.draft_rated_claim('part', 'wiring', '2026-02-01', '2026-02-01', '{"coefficient": 2}', 'x')$$), 'UB315 not all of these days are billed', 'no days at all');
SELECT is(said($$billing.draft_rated_claim('part', 'rust', '2026-02-01', '2026-03-01', '{"coefficient": 2}', 'x')$$), '22023 there is no such fault of a meter', 'other faults');
SELECT is(said($$billing.draft_rated_claim('part', 'wiring', '2026-02-01', '2026-03-01', '{"coefficient": 2}', 'x', 'shed')$$), 'UB315 the claim comes to nothing', 'a part that is not there');
RESET SESSION AUTHORIZATION;
SELECT billing.request_correction('part', '2026-02-01', 'x') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.draft_rated_claim('part', 'wiring', '2026-02-01', '2026-03-01', '{"coefficient": 2}', 'x')$$), 'UB315 account part has changes that its bills do not say yet', 'before what is late is settled');
SET SESSION AUTHORIZATION tap_cid;
SELECT matches(said($$billing.draft_rated_claim('double', 'wiring', '2026-02-01', '2026-03-01', '{"coefficient": 2}', 'x')$$), '^P0002', 'by strangers');
RESET SESSION AUTHORIZATION;

-- ---- what claims are reckoned with ----
SELECT is_empty($$SELECT name FROM billing.claim_defaults() WHERE source !~ '^供电营业规则 \(1996\) (80|10[023])( \([1-6]\))?$'$$, 'each default names its article');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.draft_penalty('double', 'unpermitted_source', NULL, '2026-04-01', '{"kva": 20}', 'x')$$), 'UB315 nobody has laid down what this claim is reckoned with', 'what has no source has no default');
RESET SESSION AUTHORIZATION;
SELECT billing.set_claim_rule('C', 'unpermitted_source_per_kw', 500, 'contract, article 12') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.draft_penalty('double', 'unpermitted_source', NULL, '2026-04-01', '{"kva": 20}', 'generator on the line') AS d \gset
SELECT is((SELECT total FROM billing_report.bill_draft WHERE account_no = 'double' AND draft_no = :d), 10000.00, 'once it is laid down');
SELECT billing.draft_penalty('double', 'tampering', NULL, '2026-04-01', '{"home": true}', 'seal broken') AS d \gset
SELECT is((SELECT total FROM billing_report.bill_draft WHERE account_no = 'double' AND draft_no = :d), 500.00, 'tampering at home');
SELECT billing.draft_penalty('double', 'excess_capacity', '2026-03-12', '2026-04-01', '{"kva": 100, "price": "30"}', 'a second transformer') AS d \gset
SELECT results_eq(format($$SELECT amount FROM billing_report.bill_draft_line WHERE account_no = 'double' AND draft_no = %s ORDER BY line$$, :d), $$VALUES (2000.00), (6000.00)$$, 'excess under a two-part price: 20/30 of its capacity charge, and three times that');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify()', 'every chain holds');
SELECT finish();
ROLLBACK;
