-- plans and what they ask of the market: rows in revisions, markets made of them,
-- a month without its price, versions and plans that change within a month, many accounts at once.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_admin, billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('C', 'A', 'Ann', 'manager', 'tap_ann') AS a \gset
SELECT billing.add_staff('S1', 'B', 'Ben', 'account clerk', 'tap_ben') AS b \gset
SELECT billing.grant_access('A', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write,approve,run}') \g /dev/null
SELECT billing.grant_post('B', 'S1') \g /dev/null

SELECT plan(67);

-- ---- what a tariff asks for ----
CREATE FUNCTION pg_temp.tariff(rules jsonb) RETURNS billing.tariff LANGUAGE sql AS
$$ SELECT billing.tariff('{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}}' || rules) $$;
SELECT is(billing.market_asked(pg_temp.tariff('{"charges": [{"code": "a", "price": "1"}], "notes": {"published": "not this"}}')), NULL, 'a plain tariff asks for nothing');
SELECT is(billing.market_asked(pg_temp.tariff('{"components": {"p": {"price": {"published": "one"}}}, "periods": {"critical": [{"event": "heat"}], "peak": [{"days": ["mon", "holiday"]}], "flat": "else"},
	"charges": [{"code": "a", "price": {"published": "two", "for": "month"}}, {"code": "b", "price": {"series": "spot"}}]}')),
	'{"calendar": true, "events": ["heat"], "prices": ["one", "two"], "series": ["spot"]}', 'names anywhere in it are found, each once');
SELECT is((SELECT count(*) FROM billing.published_tariffs() t WHERE (t.market IS NOT NULL) <> (billing.market_asked(t.tariff) IS NOT NULL)), 0::bigint,
	'the library''s tariffs ask where, and only where, a market goes with them');

-- ---- rows ----
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.add_calendar('CN', 'China')$$, '42501', NULL, 'who may not write plans everywhere makes no calendar');
SELECT throws_ok($$SELECT billing.publish_component('fund', '2026-01-01', 1)$$, '42501', NULL, 'and publishes nothing');
SELECT throws_ok($$INSERT INTO billing.component_price (component_id, from_on, revision, price) VALUES (1, '2026-01-01', 1, 0)$$, '42501', NULL, 'nor past the commands');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is(billing.add_calendar_from_library('CN'), 108, 'holidays of three years from the library');
SELECT is(billing.add_calendar_from_library('CN'), 0, 'and nothing new the second time');
SELECT is((SELECT string_agg(kind || ' ' || n, ', ' ORDER BY kind) FROM (SELECT kind, count(*) AS n FROM billing_report.calendar_day
	WHERE calendar_code = 'CN' AND extract(year FROM day) = 2026 GROUP BY kind) q), 'holiday 33, workday 6', 'as many as the notice of 2026 has');
SELECT is_empty($$SELECT day FROM billing.published_holidays() WHERE kind = 'workday' AND extract(isodow FROM day) < 6$$, 'what is worked in exchange is a weekend day');
SELECT is(billing.add_calendar_days('CN', '{2026-01-02}', 'ordinary', NULL, 'corrected'), 1, 'a day is an ordinary one after all');
SELECT is((SELECT array_agg(kind ORDER BY revision) FROM billing.calendar_day WHERE day = '2026-01-02'), '{holiday,ordinary}', 'what it was before is kept');
SELECT throws_ok($$SELECT billing.add_calendar_days('CN', '{infinity}')$$, '23514', NULL, 'a day is finite');
SELECT throws_ok($$SELECT billing.add_calendar_days('CN', '{2026-01-01}', 'strike')$$, '23514', NULL, 'and of a known kind');
SELECT throws_ok($$SELECT billing.add_calendar_days('XX', '{2026-01-01}')$$, 'P0002', 'there is no calendar "XX"', 'in a calendar that is there');
SELECT billing.add_calendar('CN', '中国', '{heat}') AS cn, billing.add_series('spot', 'Spot', 60) AS spot, billing.add_component('fund', 'Fund') AS fund,
	   billing.add_component('levy', 'Levy', 'next') AS levy \gset
SELECT throws_ok($$SELECT billing.add_event('CN', 'haet', '2026-01-20 18:00+08', '2026-01-20 22:00+08')$$, 'P0002', NULL, 'an event that the calendar does not keep is not called');
SELECT is(ARRAY[billing.add_event('CN', 'heat', '2026-01-20 18:00+08', '2026-01-20 22:00+08'), billing.add_event('CN', 'heat', '2026-01-20 20:00+08', '2026-01-20 23:00+08'),
	billing.add_event('CN', 'heat', '2026-01-20 18:00+08', '2026-01-20 22:00+08')], '{1,2,1}', 'events have numbers, and a repeated call the same');
SELECT throws_ok($$SELECT billing.publish_component('fund', '2026-01-15', 0.05)$$, '22023', NULL, 'a monthly price is for a month');
SELECT throws_ok($$SELECT billing.publish_component('fund', 'infinity', 0.05)$$, '22023', NULL, 'a finite one');
SELECT throws_ok($$SELECT billing.publish_component('fund', '2026-01-01', 'NaN')$$, '22023', NULL, 'and a number');
SELECT is(ARRAY[billing.publish_component('fund', '2026-01-01', 0.05), billing.publish_component('fund', '2026-01-01', 0.050), billing.publish_component('fund', '2026-01-01', 0.06),
	billing.publish_component('levy', '2025-06-15', 0.01), billing.publish_component('levy', '2026-01-11', 0.02)], '{1,1,2,1,1}', 'another price is a revision, the same is not');
SELECT throws_ok($$SELECT billing.publish_prices('spot', '2026-01-01 00:07+08', '{0.3}')$$, '22023', NULL, 'prices of a series begin with a slot');
SELECT throws_ok($$SELECT billing.publish_prices('spot', '2026-01-01 00:00+08', '{0.3,NaN}')$$, '23514', NULL, 'and are numbers');
SELECT billing.publish_prices('spot', '2026-01-01 00:00+08', array_fill(0.3, '{744}')), billing.publish_prices('spot', '2026-01-02 00:00+08', '{0.4,null,0.5}') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT throws_ok(format('UPDATE billing.%I SET made_by = made_by', t), '23001', NULL, t || ' is never changed')
  FROM unnest('{calendar_day,calendar_event,component_price,series_price}'::text[]) t;
SELECT throws_ok($$DELETE FROM billing.market_value; TRUNCATE billing.market_value CASCADE$$, '23001', NULL, 'nor is what bills were made of');

-- ---- the market of a plan ----
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.add_plan('asks', 'Asks', '2026-01-01', pg_temp.tariff('{"periods": {"critical": [{"event": "heat"}], "rest": [{"days": "holiday"}], "flat": "else"}, "charges": [
	{"code": "energy", "price": {"critical": "2", "rest": "0.1", "flat": "0.5"}}, {"code": "spot", "price": {"series": "spot"}},
	{"code": "fund", "price": {"published": "fund"}}, {"code": "levy", "price": {"published": "levy"}}]}'), version_name => 'notice 7', calendar_code => 'CN') AS asks \gset
CREATE FUNCTION pg_temp.market(during daterange) RETURNS jsonb LANGUAGE sql AS $$ SELECT billing.jsonb(billing.market_of('asks', during)) $$;
SELECT is(pg_temp.market('[2026-01-01,2026-02-01)') - 'series' - 'calendar', '{"events": {"heat": [{"from": "2026-01-20T10:00Z", "until": "2026-01-20T15:00Z"}]},
	"prices": {"fund": [{"from": "2026-01-01", "price": "0.06"}], "levy": [{"from": "2025-06-15", "price": "0.01"}, {"from": "2026-01-11", "price": "0.02"}]}}',
	'events that meet are one; the last revision holds, and what holds since before');
SELECT is((SELECT s -> 'from' || jsonb_path_query_array(s, '$.values[23 to 27]') || to_jsonb(jsonb_array_length(s -> 'values'))
			 FROM (SELECT pg_temp.market('[2026-01-01,2026-02-01)') #> '{series,spot}' AS s) q),
	'["2025-12-31T16:00:00Z", "0.3", "0.4", null, "0.5", "0.3", 744]', 'of two prices of a slot the later publication');
SELECT ok(NOT pg_temp.market('[2026-01-01,2026-02-01)') #> '{calendar,holidays}' @> '"2026-01-02"' AND pg_temp.market('[2026-01-01,2026-02-01)') #> '{calendar,holidays}' @> '"2026-10-01"',
	'holidays of the whole year, without what is none any more');
SELECT is(pg_temp.market('[2027-02-01,2027-03-01)'), '{"events": {"heat": []}, "prices": {"levy": [{"from": "2026-01-11", "price": "0.02"}]}}', 'what is not known yet is left out');
SELECT is(pg_temp.market('[2026-01-01,2026-03-01)') #> '{prices,fund}', NULL, 'and so is a monthly price where one of the months has none');
SELECT throws_ok(format('SELECT billing.market_of(''asks'', %L)', d), '22023', NULL, 'no market of ' || d) FROM unnest('{"empty","(,2026-01-01)","[2026-01-01,infinity)"}'::text[]) d;

-- ---- many accounts at once, and bills ----
SELECT billing.add_customer('S1', 'Home') AS home \gset
SELECT billing.add_account(CASE WHEN n <= 3 THEN 'S1' ELSE 'S2' END, n::text, :home, '2026-01-01') FROM generate_series(1, 4) n \g /dev/null
SELECT billing.add_plan('flat', 'Flat', '2025-01-01', pg_temp.tariff('{"charges": [{"code": "energy", "price": "1"}, {"code": "meter", "fixed": "month", "price": "31"}]}')) AS flat \gset
SELECT is(billing.set_plans('C', 'flat', '2026-01-01', terms => '{"k": 1}'), ROW (4, '{}'::text[]), 'a plan for all');
SELECT is(billing.set_plans('S1', 'asks', '2026-01-01', replaces => 'flat', account_nos => '{1,2}'), ROW (2, '{}'::text[]), 'another for two of them');
SELECT is((SELECT array_agg(DISTINCT terms) FROM billing.account_plan), ARRAY['{"k": 1}'::jsonb], 'which keep their terms');
CREATE FUNCTION pg_temp.run(until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE run bigint := billing._start_run('C', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT billing.record_profile(n::text, billing.profile(m.at, interval '1 hour', array_fill(1000::bigint, ARRAY[hours]), time_zone => 'Asia/Shanghai'))
  FROM generate_series(1, 4) n, (VALUES ('2026-01-01 00:00+08'::timestamptz, 744), ('2026-02-01 00:00+08', 672)) m(at, hours) \g /dev/null
SELECT pg_temp.run('2026-02-01') \g /dev/null
-- 744 hours: 5 critical, 48 of the two days that are still holidays (1 and 3 January); one slot without a spot price
SELECT is((SELECT array_agg(account_no || ' ' || sqlstate || ' ' || message ORDER BY account_no) FROM billing_report.run_exception),
	'{"1 UB203 series \"spot\" has no price at 2026-01-02T01:00+08:00","2 UB203 series \"spot\" has no price at 2026-01-02T01:00+08:00"}', 'a price that is missing makes no bill');
SELECT is((SELECT DISTINCT hint FROM billing_report.run_exception), 'publish_component(), publish_prices() and add_calendar_days() publish it, add_plan() names the calendar; the next run bills the account.', 'and the hint says who adds it');
SELECT billing.publish_prices('spot', '2026-01-02 01:00+08', '{0.3}') \g /dev/null
SELECT pg_temp.run('2026-02-01') \g /dev/null
SELECT results_eq($$SELECT code, period, quantity, amount FROM billing_report.bill_line WHERE account_no = '1' ORDER BY line$$,
	$$VALUES ('energy', 'flat', 691.000, 345.50), ('energy', 'critical', 5.000, 10.00), ('energy', 'rest', 48.000, 4.80),
			 ('spot', NULL, 744.000, 223.50), ('fund', NULL, 744.000, 44.64), ('levy', NULL, 240.000, 2.40), ('levy', NULL, 504.000, 10.08)$$, 'the next run bills by what is published now');
SELECT is(billing.market_digest(v.tariff, '[2026-01-01,2026-02-01)', billing.bill_market('1', '2026-01-01')), billing.market_digest(b.charges), 'the market that it was made of is kept, and found')
  FROM billing.bill b JOIN billing.account a USING (account_id), billing.plan_version v WHERE a.account_no = '1' AND b.from_on = '2026-01-01' AND v.plan_id = :asks;
SELECT is(billing.market_digest(billing.rate(v.tariff, billing.usage(import => r.profile), '[2026-01-01,2026-02-01)', '{}', billing.bill_market('1', '2026-01-01'))), billing.market_digest(b.charges), 'so that it can be made again')
  FROM billing.bill b JOIN billing.account a USING (account_id) JOIN billing.reading r USING (account_id), billing.plan_version v
 WHERE a.account_no = '1' AND b.from_on = '2026-01-01' AND r.from_on = b.from_on AND v.plan_id = :asks;
SELECT throws_ok($$SELECT billing.bill_market('1', '2025-01-01')$$, 'P0002', NULL, 'no market of a bill that is not there');
-- February: no fund; a new version of the flat plan on the 11th, and another plan for account 3 on the 21st
SELECT billing.add_plan('flat', 'Flat', '2026-02-11', pg_temp.tariff('{"charges": [{"code": "energy", "price": "2"}, {"code": "meter", "fixed": "month", "price": "28"}]}'), version_name => 'dearer') \g /dev/null
SELECT billing.set_plan('3', 'asks', '2026-02-21') \g /dev/null
SELECT is((SELECT array_agg(from_on || ' ' || coalesce(until_on::text, '…') || coalesce(' ' || version_name, '') ORDER BY from_on) FROM billing_report.plan_version WHERE plan_code = 'flat'),
	'{"2025-01-01 2026-02-11","2026-02-11 … dearer"}', 'versions end where the next begins');
SELECT pg_temp.run('2026-03-01') \g /dev/null
SELECT results_eq($$SELECT account_no, from_on, until_on, total FROM billing_report.bill WHERE from_on >= '2026-02-01' ORDER BY 1, 2$$,
	$$VALUES ('3', '2026-02-01'::date, '2026-02-11'::date, 240.00 + 11.07), ('3', '2026-02-11', '2026-02-21', 480.00 + 10.00),
			 ('4', '2026-02-01', '2026-02-11', 240.00 + 11.07), ('4', '2026-02-11', '2026-03-01', 864.00 + 18.00)$$, 'a bill ends where version or plan changes, and shares what is by the month by days');
SELECT is((SELECT array_agg(DISTINCT account_no || ' ' || from_on || ' ' || message ORDER BY account_no || ' ' || from_on || ' ' || message) FROM billing_report.run_exception WHERE from_on >= '2026-02-01'),
	'{"1 2026-02-01 the market value has no series \"spot\"","2 2026-02-01 the market value has no series \"spot\"","3 2026-02-21 the market value has no series \"spot\""}', 'the month that was not published waits');
SELECT is(billing.set_plans('C', 'flat', '2026-02-21'), ROW (3, '{4}'::text[]), 'who is billed past the day keeps his plan');
SELECT throws_ok($$SELECT billing.set_plans('C', 'flat', '2026-04-01', account_nos => '{1,99}')$$, 'P0002', 'account 99 does not exist, or not for you', 'numbers that are not there');
SELECT pg_temp.run('2026-03-01') \g /dev/null
SELECT is((SELECT array_agg(from_on || ' ' || total ORDER BY from_on) FROM billing_report.bill WHERE account_no = '3' AND from_on >= '2026-02-11'),
	'{"2026-02-11 490.00","2026-02-21 392.00"}', 'and the rest is billed by the plan that goes on');
-- an account that is read on the 16th: its bills span two months, and need the prices of both
SELECT billing.add_component('tax', 'Tax') AS tax, billing.add_plan('taxed', 'Taxed', '2026-01-01', pg_temp.tariff('{"charges": [{"code": "tax", "price": {"published": "tax"}}]}')) AS taxed \gset
SELECT billing.publish_component('tax', '2026-01-01', 0.1) \g /dev/null
SELECT billing.add_account('S1', '16', :home, '2026-01-16') AS a16, billing.set_plan('16', 'taxed', '2026-01-16') \g /dev/null
RESET SESSION AUTHORIZATION;
UPDATE billing.account_head SET cycle_day = 16 WHERE billed_to = '2026-01-16';
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.record_profile('16', billing.profile('2026-01-16 00:00+08', interval '1 day', array_fill(1000::bigint, '{31}'), time_zone => 'Asia/Shanghai')) \g /dev/null
SELECT pg_temp.run('2026-02-16') \g /dev/null
SELECT is((SELECT message FROM billing_report.run_exception WHERE account_no = '16'), 'the market value has no price "tax"', 'January''s price is not taken for February');
SELECT billing.publish_component('tax', '2026-02-01', 0.2) \g /dev/null
SELECT pg_temp.run('2026-02-16') \g /dev/null
SELECT is((SELECT array_agg(quantity || ' ' || amount ORDER BY line) FROM billing_report.bill_line WHERE account_no = '16'), '{"16.000 1.60","15.000 3.00"}', 'each month has its own');
SELECT results_eq($$SELECT DISTINCT k.months FROM billing.plan_market k JOIN billing.plan p USING (plan_id) WHERE p.plan_code = 'taxed' ORDER BY 1$$, '{1,2}'::smallint[], 'a market of both was prepared');
-- ---- what comes late ----
SELECT is_empty($$SELECT * FROM billing.outdated_bills('C', '2026-01-01')$$, 'every bill is what plans and prices say now');
SELECT throws_ok($$SELECT billing.add_plan('flat', 'Flat', '2026-02-20', pg_temp.tariff('{"charges": [{"code": "energy", "price": "3"}]}'))$$, 'UB301',
	'days from 2026-02-20 on are billed by this plan already', 'a version that reaches into billed days is refused');
SELECT lives_ok($$SELECT billing.add_plan('asks', 'Asks', '2026-02-10', pg_temp.tariff('{"charges": [{"code": "energy", "price": "3"}]}'))$$, 'one from a day on that is billed by other plans only is not');
SELECT throws_ok($$INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, '2026-01-15', org_id, (SELECT plan_id FROM billing.plan WHERE plan_code = 'asks')
	FROM billing.account WHERE account_no = '4'$$, 'UB301', 'account 4 is billed up to 2026-03-01 already', 'nor can a plan be put into billed days past set_plan()');
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, '2026-03-11', org_id, (SELECT plan_id FROM billing.plan WHERE plan_code = 'asks')
  FROM billing.account WHERE account_no IN ('3', '4');
SELECT is((SELECT array_agg(plan_changes[cardinality(plan_changes)]) FROM billing.account_head JOIN billing.account USING (account_id) WHERE account_no IN ('3', '4')),
	'{2026-03-11,2026-03-11}', 'plans that come in bulk are in the heads, too');
SELECT billing.add_plan('flat', 'Flat', '2026-02-20', pg_temp.tariff('{"charges": [{"code": "energy", "price": "3"}]}'), late => true) \g /dev/null
SELECT results_eq($$SELECT account_no, from_on, until_on, plan_code, what FROM billing.outdated_bills('C', '2026-01-01')$$,
	$$VALUES ('3', '2026-02-11'::date, '2026-02-21'::date, 'flat', 'tariff'), ('3', '2026-02-21', '2026-03-01', 'flat', 'tariff'), ('4', '2026-02-11', '2026-03-01', 'flat', 'tariff')$$,
	'said to be late it is taken, and its bills are listed');
SELECT billing.publish_component('fund', '2026-01-01', 0.07) \g /dev/null
SELECT results_eq($$SELECT account_no, from_on, what FROM billing.outdated_bills('C', '2026-01-01') WHERE what = 'market'$$,
	$$VALUES ('1', '2026-01-01'::date, 'market'), ('2', '2026-01-01', 'market')$$, 'and so are those of a price that was corrected after the bill');
SELECT is_empty($$SELECT * FROM billing.outdated_bills('C', '2026-03-01') $$, 'of the days asked for');
-- a plan that comes while a run is under way
SELECT billing.add_account('S1', 'M', :home, '2026-03-01'), billing.record_profile('M', billing.profile('2026-03-01 00:00+08', interval '1 hour', array_fill(1000::bigint, '{744}'), time_zone => 'Asia/Shanghai')) \g /dev/null
SELECT billing.publish_component('fund', '2026-03-01', 0.05), billing._start_run('C', '2026-04-01', 10) AS run \gset
SELECT billing.add_plan('new', 'New', '2026-03-01', pg_temp.tariff('{"charges": [{"code": "fund", "price": {"published": "fund"}}]}')), billing.set_plan('M', 'new', '2026-03-01') \g /dev/null
SELECT is(billing._run_chunk(:run) > 0, true, 'the run bills by it');
SELECT is(billing.jsonb(billing.bill_market('M', '2026-03-01')) #>> '{prices,fund,0,price}', '0.05', 'and its market is kept like those that were there before');
SELECT is((SELECT amount FROM billing_report.bill_line WHERE account_no = 'M'), 37.20, 'of which the bill was made');
RESET SESSION AUTHORIZATION;
SELECT billing.grant_access('B', 'C', '{plan}', '{write}') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.add_plan('flat', 'Flat', '2027-01-01', pg_temp.tariff('{"charges": [{"code": "energy", "price": "3"}]}'))$$, '42501', NULL, 'who cannot see all accounts does not go on with a plan unless he says late');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is_empty('SELECT * FROM billing.verify()', 'the chains are whole');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;
