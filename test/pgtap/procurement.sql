-- What energy costs beside what it brings: by hand, slot by slot; no margin where a price is missing; and what others charge.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S1', 'Station', 'station', 'C'), billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "shop"},
	"charges": [{"code": "energy", "price": "0.6"}, {"code": "funds", "price": "0.05"}]}') \gset
SELECT billing.add_customer('S1', 'x') AS customer \gset
SELECT billing.add_account('S1', 'A', :customer, '2026-01-01'), billing.add_account('S1', 'B', :customer, '2026-01-01'), billing.add_account('S1', 'R', :customer, '2026-01-01') \gset
SELECT count(*) FROM (SELECT billing.set_plan(v, 'flat', '2026-01-01') FROM unnest('{A,B,R}'::text[]) v) q \gset
-- A: 10 kWh each hour of the day from 8 to 20, B: 2 kWh each hour, in quarters of it; R: 620 kWh by register in January
SELECT count(*) FROM (SELECT billing.record_profile('A', billing.profile(m AT TIME ZONE 'Asia/Shanghai', '1 hour', ARRAY(SELECT CASE WHEN h % 24 BETWEEN 8 AND 19 THEN 10000 ELSE 0 END::bigint
	FROM generate_series(0, 24 * ((m + interval '1 month')::date - m::date) - 1) h), time_zone => 'Asia/Shanghai')) FROM generate_series('2026-01-01'::timestamp, '2026-02-01', interval '1 month') m) q \gset
SELECT count(*) FROM (SELECT billing.record_profile('B', billing.profile(m AT TIME ZONE 'Asia/Shanghai', '15 minutes', array_fill(500::bigint, ARRAY[96 * ((m + interval '1 month')::date - m::date)]),
	time_zone => 'Asia/Shanghai')) FROM generate_series('2026-01-01'::timestamp, '2026-02-01', interval '1 month') m) q \gset
SELECT billing.set_usage_from('register', '{R}') \gset
SELECT count(*) FROM (SELECT billing.record_register('R', d::date, 'total', v) FROM (VALUES ('2026-01-01', 0), ('2026-02-01', 620), ('2026-03-01', 620)) v(d, v)) q \gset
CREATE FUNCTION pg_temp.run(org text, until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run(org, until_on, 5);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT pg_temp.run('C', '2026-03-01') \gset
-- spot: 0.5 by day (8 to 20), 0.2 by night; the whole of January, of February but its last day
SELECT billing.add_series('spot', 'Spot', 60) \gset
SELECT billing.publish_prices('spot', '2026-01-01 00:00+08', ARRAY(SELECT CASE WHEN h % 24 BETWEEN 8 AND 19 THEN 0.5 ELSE 0.2 END FROM generate_series(0, 24 * (31 + 27) - 1) h)) \gset
SELECT billing.add_purchase_contract('C', 'base', 'Plant <1>', 'annual'), billing.add_purchase_contract('C', 'green', 'Wind', 'green', 'load') \gset
SELECT billing.set_purchase_month('base', '2026-01-01', 999, 9), billing.set_purchase_month('base', '2026-01-01', 1488, 0.35), billing.set_purchase_month('green', '2026-01-01', 520.8, 0.4) \gset
CREATE ROLE procurement_analyst LOGIN IN ROLE billing_analyst;
CREATE ROLE procurement_other LOGIN IN ROLE billing_analyst;
SELECT billing.add_staff('C', 'K1', 'x', 'analyst', 'procurement_analyst'), billing.grant_post('K1', 'C'), billing.add_staff('S2', 'K2', 'x', 'analyst', 'procurement_other'), billing.grant_post('K2', 'S2') \gset
CREATE FUNCTION pg_temp.asked(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said	text;
BEGIN
	EXECUTE query INTO said;
	RETURN said;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.asked(text) TO PUBLIC;
CREATE TEMPORARY TABLE margin AS SELECT * FROM billing.purchase_against_sales('C', '[2026-01-01,2026-03-01)', 'spot');

SELECT plan(35);
-- January by hand: A 31 * 120 = 3720, B 31 * 48 = 1488, metered 5208; R 620
SELECT results_eq($$SELECT sold_kwh, sales, metered_kwh, unmetered_kwh FROM margin WHERE month_on = '2026-01-01'$$, $$VALUES (5828.000, 3788.20, 5208.000, 620.000)$$, 'what was sold, and what of it is metered by intervals');
SELECT results_eq($$SELECT contract_kwh, contract_cost FROM margin WHERE month_on = '2026-01-01'$$, $$VALUES (2008.800, 729.12)$$, 'contracts, by their last revision: 1488 * 0.35 + 520.8 * 0.4');
-- flat 2 kWh an hour; green a tenth of the load: by day 12 - 2 - 1.2 = 8.8, by night 2 - 2 - 0.2 = -0.2 are left
SELECT results_eq($$SELECT spot_kwh, spot_cost FROM margin WHERE month_on = '2026-01-01'$$, $$SELECT round(31 * 12 * (8.8 - 0.2), 3), round(31 * 12 * (8.8 * 0.5 - 0.2 * 0.2), 2)$$, 'the rest at the price of its hour, what is too much is sold at it');
SELECT results_eq($$SELECT unmetered_cost, cost, margin FROM margin WHERE month_on = '2026-01-01'$$, $$SELECT round(620 * 0.35, 2), round(729.12 + 31 * 12 * 4.36 + 217, 2), 3788.20 - round(729.12 + 31 * 12 * 4.36 + 217, 2)$$,
	'what is not metered by intervals at the mean price; and the margin');
SELECT is((SELECT purchase_price FROM margin WHERE month_on = '2026-01-01'), round((729.12 + 31 * 12 * 4.36 + 217) / 5828, 6), 'the purchase price');
SELECT results_eq($$SELECT cost, margin, unpriced_slots > 0, sold_kwh > 0 FROM margin WHERE month_on = '2026-02-01'$$, $$VALUES (NULL::numeric, NULL::numeric, true, true)$$, 'a month with a price missing has no margin');
SELECT results_eq($$SELECT month_on, margin FROM billing.purchase_against_sales('C', '[2026-01-01,2026-02-01)')$$, $$VALUES (date '2026-01-01', NULL::numeric)$$, 'nor has one without a series');
SELECT is((SELECT sum(sales) FROM margin), (SELECT sum(total) FROM billing.bill), 'sales are what was billed');
SELECT results_eq($$SELECT code, kind, kwh, cost, kwh_percent FROM billing.contract_mix('C', '[2026-01-01,2026-02-01)')$$, $$VALUES ('base', 'annual', 1488::numeric, 520.80, 74.07), ('green', 'green', 520.8, 208.32, 25.93)$$, 'the mix of contracts');
SELECT is_empty($$SELECT * FROM billing.contract_mix('S1', '[2026-01-01,2026-02-01)')$$, 'is of the org that bought');
SELECT results_eq($$SELECT class, plan_code, amount, passed_on_amount, margin = amount - passed_on_amount - purchase_cost FROM billing.product_margin('C', '[2026-01-01,2026-02-01)', 'spot', '{funds}')$$,
	$$VALUES ('shop', 'flat', 3788.20, 291.40, true)$$, 'a product''s margin, less what is only passed on');
SELECT results_eq($$SELECT purchase_cost, margin FROM billing.product_margin('C', '[2026-01-01,2026-03-01)', 'spot')$$, $$VALUES (NULL::numeric, NULL::numeric)$$, 'and none where a month has none');
SELECT throws_ok($$SELECT * FROM billing.purchase_against_sales('C', '[2026-01-02,2026-02-01)')$$, '22023', NULL, 'by whole months');
SELECT throws_ok($$SELECT * FROM billing.purchase_against_sales('C', '[2026-01-01,2026-02-01)', 'nosuch')$$, 'P0002', NULL, 'at prices that there are');
SELECT throws_ok($$SELECT billing.set_purchase_month('base', '2026-01-02', 1, 1)$$, '23514', NULL, 'a month begins with its first day');
SELECT throws_ok($$UPDATE billing.purchase_month SET kwh = 0$$, '23001', NULL, 'what was agreed stays');

-- by component
CREATE TEMPORARY TABLE part AS SELECT * FROM billing.component_margin('C', '[2026-01-01,2026-03-01)', 'spot', '{"funds": ["funds"], "tax": ["vat"]}', '{funds}');
SELECT results_eq($$SELECT component, codes, sales, cost, margin FROM part WHERE month_on = '2026-01-01'$$,
	$$SELECT v.component, v.codes, v.sales, v.cost, v.sales - v.cost FROM margin m CROSS JOIN LATERAL (VALUES ('energy', '{energy}'::text[], 3496.80, m.cost), ('funds', '{funds}', 291.40, 291.40), (NULL, NULL, 3788.20, m.cost + 291.40)) v(component, codes, sales, cost)
	   WHERE m.month_on = '2026-01-01'$$, 'energy, by hand: 5828 * 0.6 beside what was bought; funds: 5828 * 0.05, passed on; and both');
SELECT is((SELECT count(*) FROM part p JOIN margin m USING (month_on) WHERE p.component IS NULL AND p.sales = m.sales AND p.margin IS NOT DISTINCT FROM m.margin - 291.40 * (p.cost / p.cost)), 2::bigint,
	'the whole is what was billed, and what is left of it less what is passed on; where a price is missing nothing');
SELECT is_empty($$SELECT month_on FROM part GROUP BY month_on HAVING sum(sales) FILTER (WHERE component IS NOT NULL) <> sum(sales) FILTER (WHERE component IS NULL)
	OR sum(margin) FILTER (WHERE component IS NOT NULL) <> sum(margin) FILTER (WHERE component IS NULL)$$, 'the parts add up');
SELECT is((SELECT sum(margin) FROM part WHERE component IS NULL AND month_on = '2026-01-01'), (SELECT sum(margin) FROM billing.product_margin('C', '[2026-01-01,2026-02-01)', 'spot', '{funds}')), 'to the margin of the plans');
SELECT results_eq($$SELECT currency, component, sales, cost FROM billing.component_margin('C', '[2025-12-01,2026-01-01)', 'spot', '{}')$$, $$VALUES (NULL::text, 'energy', 0.00, 0.00), (NULL, NULL, 0.00, 0.00)$$, 'a month in which nothing was sold');
SELECT throws_ok($$SELECT * FROM billing.component_margin('C', '[2026-01-01,2026-02-01)', 'spot', '{"a": ["x"], "b": ["x"]}')$$, '22023', 'charge "x" is in two components', 'a charge is of one component');
SELECT throws_ok($$SELECT * FROM billing.component_margin('C', '[2026-01-01,2026-02-01)', 'spot', '{"a": [{}]}')$$, '22023', 'components are lists of the codes of charges by name', 'by its code');
SELECT throws_ok($$SELECT * FROM billing.component_margin('C', '[2026-01-01,2026-02-01)', 'spot', NULL)$$, '22023', 'components are lists of the codes of charges by name', 'which is given');
SELECT throws_ok($$SELECT * FROM billing.component_margin('C', '[2026-01-01,2026-02-01)', 'spot', '{"a": []}', '{b}')$$, '22023', 'there is no component "b"', 'what is passed on is a component');

-- others
SELECT results_eq($$SELECT class, own_price, seller, note FROM billing.compare_market_prices('C', '[2026-01-01,2026-02-01)')$$,
	$$VALUES ('shop', 0.65, NULL::text, 'no price of another seller is recorded for this class and these days')$$, 'without others'' prices it says so');
SELECT billing.record_market_price('C', 'Other Co', 'fixed', '[2026-01-01,2027-01-01)', 0.7, 'CNY', 'their web site') \gset
SELECT billing.record_market_price('C', 'Other Co', 'fixed', '[2026-01-01,2027-01-01)', 0.624, 'CNY', 'their web site, corrected') \gset
SELECT results_eq($$SELECT seller, price_per_kwh, difference_percent, note FROM billing.compare_market_prices('C', '[2026-01-01,2026-02-01)')$$, $$VALUES ('Other Co', 0.624, -4.00, NULL::text)$$, 'beside the last that was recorded');
SELECT results_eq($$SELECT note FROM billing.compare_market_prices('S2', '[2026-01-01,2026-02-01)')$$, $$VALUES ('nothing was billed in these months')$$, 'nothing billed, nothing compared');

-- who may know
SET LOCAL SESSION AUTHORIZATION procurement_analyst;
SELECT is(pg_temp.asked('SELECT margin IS NOT NULL FROM billing.purchase_against_sales(''C'', ''[2026-01-01,2026-02-01)'', ''spot'')'), 'true', 'an analyst of the company');
SET LOCAL SESSION AUTHORIZATION procurement_other;
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.purchase_against_sales(''C'', ''[2026-01-01,2026-02-01)'')'), 'P0002', 'none of another');
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.purchase_contract'), '0', 'who does not see what it buys either');
RESET SESSION AUTHORIZATION;

-- another currency
SELECT billing.add_org('S3', 'Station', 'station', 'C'), billing.add_plan('dollars', 'Other money', '2026-01-01', '{"name": "y", "currency": "USD", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}'),
	billing.add_account('S3', 'D', :customer, '2026-01-01'), billing.set_plan('D', 'dollars', '2026-01-01'), billing.set_usage_from('register', '{D}'),
	billing.record_register('D', '2026-01-01', 'total', 0), billing.record_register('D', '2026-02-01', 'total', 100) \gset
SELECT pg_temp.run('C', '2026-02-01') \gset
SELECT throws_ok(format('SELECT * FROM billing.%s', f), 'UB308', 'sales in several currencies are not compared with what was bought', f) FROM unnest(ARRAY[$$purchase_against_sales('C', '[2026-01-01,2026-03-01)', 'spot')$$,
	$$component_margin('C', '[2026-01-01,2026-03-01)', 'spot', '{}')$$]) f;
SELECT results_eq($$SELECT currency, sales FROM billing.purchase_against_sales('S3', '[2026-01-01,2026-02-01)', 'spot')$$, $$VALUES ('USD', 50.00)$$, 'one that sells in one says in which');
SELECT billing.void_bill('D', '2026-01-01', 'x') \gset
SELECT results_eq($$SELECT currency, sales, margin FROM billing.purchase_against_sales('C', '[2026-01-01,2026-02-01)', 'spot')$$, $$SELECT 'CNY', sales, margin FROM margin WHERE month_on = '2026-01-01'$$, 'a bill that was taken back is none');
SELECT * FROM finish();
ROLLBACK;
