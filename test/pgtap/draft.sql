-- Bills that no run makes: entered, edited, approved by another, issued, reversed;
-- and the worked cases of claims, to the cent.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_wang LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_org('T', 'Other station', 'station', 'C') \gset
SELECT billing.add_staff('S', 'A', 'Ann', 'billing clerk', 'tap_ann') AS a, billing.add_staff('S', 'B', 'Ben', 'manager', 'tap_ben') AS b, billing.add_staff('T', 'C', 'Cid', 'billing clerk', 'tap_cid') AS c \gset
SELECT billing.grant_post('A', 'S') AS g, billing.grant_post('B', 'S') AS h, billing.grant_post('C', 'T') AS i \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "per": "year", "steps": [{"to": "40", "price": "0.5"}, {"price": "0.6"}]}]}') AS p1,
	billing.add_plan('feed_in', 'Feed in', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "feed_in", "channel": "export", "sign": "credit", "price": "0.4153"}]}') AS p2,
	billing.add_plan('site', 'Building sites', '2026-01-01', '{"name": "z", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"terms": {"capacity_kva": {}}, "charges": [{"code": "energy", "price": "0.8"}, {"code": "capacity", "capacity": "capacity_kva", "price": "30"}]}') AS p3 \gset
SELECT billing.add_customer('S', 'Wang', 'person', 'tap_wang') AS customer \gset
SELECT count(billing.add_account('S', n, :customer, '2026-01-01')) FROM unnest('{1,2,3}'::text[]) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n, 'home', '2026-01-01') FROM unnest('{1,2,3}'::text[]) n) q \gset
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT a.account_id, a.org_id, c, billing.profile(m, '1 day', array_fill(1000::bigint, ARRAY[extract(day FROM m + interval '1 month' - interval '1 day')::integer]))
  FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-03-01', interval '1 month') m, unnest('{import,export}'::text[]) c;
CREATE FUNCTION public.run(until_on date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('S', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	RETURN billing._finish_run(run);
END $$;
-- state, and the message of an error
CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT plan(81);

-- ---- formulas, with the worked cases ----
SELECT is(billing.meter_error_kwh(900000, -10), 50000::numeric, 'a meter 10 % slow: 1,000,000 were used, half of the rest is billed');
SELECT is(billing.meter_error_kwh(1100, 10), -50::numeric, 'a fast one: half is given back');
SELECT is(billing.meter_error_kwh(900000, -10, 1), 100000::numeric, 'or all of it, where a rule says so');
SELECT is(billing.meter_error_kwh(1, -100), NULL, 'one that stands still has no error, it has stopped');
SELECT is(billing.multiplier_kwh(1000, 300/5, 600/5), 1000::numeric, '600/5 taken for 300/5: as much again');
SELECT is(billing.multiplier_kwh(1000, 600/5, 400/5), -333::numeric, '400/5 taken for 600/5: a third too much');
SELECT is(billing.wiring_kwh(1000, 3), 2000::numeric, 'one of three currents reversed: correction 200 %');
SELECT is(billing.wiring_kwh(11000, 3 / (1 + 1 + 0.75)), 1000::numeric, 'one of three transformers 400/5 instead of 300/5');
SELECT is(billing.average_kwh(3000, 30, 10), 1000::numeric, 'a meter that stopped for ten days');
SELECT is(billing.average_kwh(3000, 30, 10, 200), 800::numeric, 'less what it had counted');
SELECT is(billing.theft_kwh(2, 180, 6), 2160::numeric, 'a hot plate of 2 kW in a home');
SELECT is(billing.power_factor_amount(12600, 5, 9.5), 540.00, 'kvarh that were missed: 0.71, not 0.80');

-- ---- entering ----
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[]', 'x')$$), 'UB312 a bill has lines', 'lines there are');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amuont": 1}]', 'x')$$), 'UB312 a line has no field "amuont"', 'of known fields');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"amount": 1}]', 'x')$$), 'UB312 a line has a code', 'with a code');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "quantity": 3, "price": "0.335", "amount": "1.00"}]', 'x')$$), 'UB312 line "a" does not add up', 'that add up');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": "1.005"}]', 'x')$$), 'UB312 line "a" has no amount in whole cents', 'in cents');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "quantity": "NaN", "price": 1}]', 'x')$$), 'UB312 field "quantity" is no number', 'numbers are numbers');
SELECT is(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'x', 6)$$), 'UB312 the lines do not come to the total', 'and come to the total given');
SELECT is(said($$billing.draft_bill('1', 'normal', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'x')$$), '22023 no bill of this kind is entered by hand', 'of a kind for it');
SELECT matches(said($$billing.draft_bill('1', 'credit', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'x')$$), '^23514', 'a credit is below zero');
SELECT matches(said($$billing.draft_bill('1', 'sundry', '2026-02-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'x')$$), '^2', 'a bill has days');
SET SESSION AUTHORIZATION tap_cid;
SELECT matches(said($$billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'x')$$), '^P0002', 'strangers enter nothing');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01',
	'[{"code": "test_fee", "quantity": 1, "unit": "piece", "price": 120, "tags": ["service"], "tax_class": "6"}, {"code": "seal", "quantity": 3, "price": "2.5"}, {"code": "vat", "quantity": "127.5", "unit": "%", "price": 6, "included": true}]',
	'meter test asked for by the customer', 127.50), 1, 'a bill of services');
SELECT results_eq($$SELECT code, quantity, unit, price, amount, counted, tags, tax_class FROM billing_report.bill_draft_line WHERE account_no = '1' ORDER BY line$$,
	$$VALUES ('test_fee', 1::numeric, 'piece', 120::numeric, 120.00, true, '{service}'::text[], '6'), ('seal', 3, NULL, 2.5, 7.50, true, '{}', NULL), ('vat', 127.5, '%', 6, 7.22, false, '{}', NULL)$$,
	'its lines, with a tax inside');

-- ---- editing, comparing, discarding ----
SELECT is(billing.edit_draft('1', 1, '[{"code": "test_fee", "amount": 100}]', control_total => 100), 2, 'edited: version 2');
SELECT is(billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "a", "amount": 5}]', 'by mistake'), 2, 'the next');
SELECT billing.discard_draft('1', 2) \gset
SELECT is(said($$billing.edit_draft('1', 2, '[{"code": "a", "amount": 6}]')$$), 'UB313 draft 2 of account 1 is discarded already', 'what is discarded is not edited');
SELECT is(said($$billing.issue_draft('1', 2)$$), 'UB313 draft 2 of account 1 is discarded already', 'nor issued');

-- ---- four eyes ----
SELECT is(said($$billing.issue_draft('1', 1)$$), 'UB603 draft 1 of account 1 needs the approval of a second person', 'nobody issues alone');
SELECT billing.submit_draft('1', 1) AS approval \gset
SELECT is(said(format('billing.approve(%s)', :approval)), format('P0002 approval %s does not exist, or not for you', :approval), 'nor approves without the right');
SET SESSION AUTHORIZATION tap_ben;
SELECT is(billing.approve(:approval), 'draft 1 of account 1', 'another approves');
SELECT matches(said($$billing.issue_draft('1', 1)$$), '^P0002', 'who approves does not issue');
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.edit_draft('1', 1, '[{"code": "test_fee", "amount": 1000}]') \gset
SELECT is(said($$billing.issue_draft('1', 1)$$), 'UB603 draft 1 of account 1 needs the approval of a second person', 'what was approved is not what is there now');
SELECT billing.withdraw_approval(:approval) \gset
SELECT billing.edit_draft('1', 1, '[{"code": "test_fee", "amount": 100}]') \gset
SELECT billing.submit_draft('1', 1) AS approval \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:approval) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(billing.issue_draft('1', 1), 1::bigint, 'issued, the first link of its account');
SELECT is(said($$billing.issue_draft('1', 1)$$), 'UB313 draft 1 of account 1 is issued already', 'once');
SELECT is((SELECT format('%s %s %s %s', kind, revision, total, reason) FROM billing_report.bill), 'sundry 2 100.00 meter test asked for by the customer', 'as it was approved');
SET SESSION AUTHORIZATION tap_wang;
SELECT is((SELECT count(*) FROM billing_report.bill), 1::bigint, 'the customer sees the bill');
SELECT is(said('count(*) FROM billing.bill_draft'), '42501 permission denied for table bill_draft', 'and no draft');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.bill_draft SET total = 5 WHERE draft_no = 1$$, '23001', NULL, 'an issued draft stays, also for its owner');
SELECT throws_ok($$DELETE FROM billing.bill_draft$$, '23001', NULL, 'and none is removed');
-- from here on without a second person up to 100,000
SELECT billing.set_approval_rule('C', 'manual_bill', 100000) \gset

-- ---- the next bill of one account ----
SELECT is(billing.draft_next_bill('2'), 1, 'what the run would make');
SELECT is(billing.draft_next_bill('3'), 1, 'also of another');
SELECT is(public.run('2026-02-01'), 'Run 1: 3 bills, 0 exceptions.', 'the run makes it anyway');
SELECT results_eq($$SELECT code, quantity, amount, billed_quantity, billed_amount, difference FROM billing.compare_draft('2', 1)$$,
	$$VALUES ('energy', 31.000, 15.50, 31.000, 15.50, 0.00), ('energy', 0.000, 0.00, 0.000, 0.00, 0.00)$$, 'and it is the same, line by line');
SELECT is(said($$billing.issue_draft('2', 1)$$), 'UB313 the account was billed since the draft was made', 'but not twice');
SELECT billing.discard_draft('2', 1) \gset
-- nor as what is not known any more
SELECT billing.draft_next_bill('3') AS d \gset
RESET SESSION AUTHORIZATION;
UPDATE billing.reading SET profile = billing.scale(profile, 2) WHERE account_id = 3 AND from_on = '2026-02-01' AND channel = 'import';
SELECT is(said(format('billing.issue_draft(%L, %s)', '3', :d)), 'UB313 what the draft rests on has changed since it was made', 'a reading came since');
SELECT billing.discard_draft('3', :d), billing.draft_next_bill('3') AS d \gset
SELECT billing.set_plan('3', 'site', '2026-02-01', '{"capacity_kva": 1}') \gset
SELECT is(said(format('billing.issue_draft(%L, %s)', '3', :d)), 'UB313 what the draft rests on has changed since it was made', 'or the plan is another one');
SELECT billing.discard_draft('3', :d), billing.set_plan('3', 'home', '2026-02-01') \gset
UPDATE billing.reading SET profile = billing.scale(profile, 0.5) WHERE account_id = 3 AND from_on = '2026-02-01' AND channel = 'import';
SELECT billing.draft_next_bill('2', '2026-02-11') AS d \gset
SELECT is((SELECT format('%s %s %s', from_on, until_on, total) FROM billing.bill_draft WHERE account_id = 2 AND draft_no = :d), '2026-02-01 2026-02-11 5.10', 'ten days, across the tier');
SELECT isnt(billing.issue_draft('2', :d), NULL, 'are issued');
SELECT is(public.run('2026-03-01'), 'Run 2: 3 bills, 0 exceptions.', 'the run goes on from there');
SELECT results_eq($$SELECT from_on, until_on, revision::integer, total FROM billing_report.bill WHERE account_no = '2' ORDER BY 1$$,
	$$VALUES (date '2026-01-01', date '2026-02-01', 1, 15.50), ('2026-02-01', '2026-02-11', 1, 5.10), ('2026-02-11', '2026-03-01', 1, 10.80)$$, 'with the year''s tiers counted through');

-- ---- purchase, temporary supply, credit ----
SELECT billing.draft_rated_bill('1', 'purchase', 'feed_in', '2026-01-01', '2026-02-01', 'surplus of January') AS d \gset
SELECT billing.issue_draft('1', :d) AS seq \gset
SELECT is((SELECT format('%s %s', kind, total) FROM billing.bill WHERE account_id = 1 AND seq = :seq), 'purchase -12.87', 'what the roof delivered is paid');
SELECT is((SELECT format('%s %s %s', debit, credit, amount) FROM billing.transfer WHERE account_id = 1 AND bill_seq = :seq), 'billed receivable 12.87', 'to the customer');
SELECT is(said($$billing.draft_rated_bill('1', 'purchase', 'feed_in', '2026-01-21', '2026-02-11', 'x')$$), 'UB301 account 1 has a bill of this kind for these days already', 'each day once');
SELECT billing.draft_rated_bill('3', 'temporary', 'site', '2026-03-01', '2026-04-01', 'a site for a month', '{"capacity_kva": 20}', '[{"channel": "import", "kwh": "1500"}]') AS d \gset
SELECT billing.issue_draft('3', :d) AS seq \gset
SELECT is((SELECT format('%s %s', kind, total) FROM billing.bill WHERE account_id = 3 AND seq = :seq), 'temporary 1800.00', 'a temporary supply: 1,500 kWh and 20 kVA');
SELECT billing.draft_bill('3', 'credit', '2026-02-01', '2026-03-01', '[{"code": "goodwill", "amount": "-8.00"}]', 'outage of 11 February') AS d \gset
SELECT billing.issue_draft('3', :d) AS seq \gset
SELECT is((SELECT format('%s %s', kind, total) FROM billing.bill WHERE account_id = 3 AND seq = :seq), 'credit -8.00', 'a credit');
SELECT isnt(billing.reverse_bill('3', :seq, 'was another street'), NULL, 'is reversed');
SELECT is((SELECT reversed FROM billing_report.bill WHERE account_no = '3' AND kind = 'credit'), true, 'and says so');
SELECT throws_ok(format('SELECT billing.reverse_bill(%L, %s, %L)', '3', :seq, 'x'), 'P0002', NULL, 'once');
SELECT throws_ok($$SELECT billing.reverse_bill('3', 1, 'x')$$, 'UB303', NULL, 'the bill of a period is voided instead');

-- ---- claims ----
SELECT billing.draft_meter_claim('1', 'error', '2026-01-01', '2026-03-01', '{"recorded_kwh": 900000, "error_percent": -10}', '[{"code": "energy", "price": "0.5"}]', 'test report 17') AS d \gset
SELECT results_eq(format($$SELECT quantity, amount FROM billing_report.bill_draft_line WHERE account_no = '1' AND draft_no = %s$$, :d), $$VALUES (50000::numeric, 25000.00)$$, 'a slow meter: 50,000 kWh');
SELECT is((SELECT explanation FROM billing_report.bill_draft WHERE account_no = '1' AND draft_no = :d), 'recorded 900000 kWh at an error of -10 %: 50000 kWh for 0.5 of the time', 'it says how');
SELECT billing.draft_meter_claim('1', 'multiplier', '2026-01-01', '2026-03-01', '{"used": 1, "correct": 3}', '[{"code": "energy", "price": "0.5"}]', 'x') AS d \gset
SELECT results_eq(format($$SELECT quantity, amount FROM billing_report.bill_draft_line WHERE account_no = '1' AND draft_no = %s$$, :d), $$VALUES (118::numeric, 59.00)$$, 'of the bills of these days, 59 kWh');
SELECT is(said($$billing.draft_meter_claim('1', 'multiplier', '2026-01-02', '2026-01-05', '{"used": 1, "correct": 3}', '[{"code": "energy", "price": "0.5"}]', 'x')$$), 'UB315 no bill of these days has energy of this charge', 'where there are such');
SELECT is(said($$billing.draft_meter_claim('1', 'error', '2026-01-01', '2026-03-01', '{"error_percent": "much"}', '[{"code": "energy", "price": "0.5"}]', 'x')$$), 'UB315 the claim needs a number "error_percent"', 'numbers are needed');
SELECT is(said($$billing.draft_meter_claim('1', 'error', '2026-01-01', '2026-03-01', '{"error_percent": 0}', '[{"code": "energy", "price": "0.5"}]', 'x')$$), 'UB315 the claim comes to nothing', 'that come to something');
SELECT billing.draft_theft_claim('1', '2026-07-01', 2, 'lighting', '[{"code": "energy", "price": "0.30"}]', 'hot plate before the meter') AS d \gset
SELECT results_eq(format($$SELECT from_on, until_on, total FROM billing_report.bill_draft WHERE account_no = '1' AND draft_no = %s$$, :d), $$VALUES (date '2026-01-02', date '2026-07-01', 2592.00)$$, 'theft at home: 648 and three times as much, 180 days back');
SELECT billing.draft_theft_claim('1', '2026-07-01', 2, 'power', '[{"code": "energy", "price": "0.40"}]', 'phase B') AS d \gset
SELECT results_eq(format($$SELECT code, amount FROM billing_report.bill_draft_line WHERE account_no = '1' AND draft_no = %s ORDER BY line$$, :d), $$VALUES ('energy', 1728.00), ('theft_penalty', 5184.00)$$, 'by a workshop');
SELECT is(said($$billing.draft_theft_claim('1', '2026-07-01', 'NaN', 'power', '[{"code": "energy", "price": "0.40"}]', 'x')$$), 'UB315 theft is of so many kW of power or lighting, at most 24 hours a day', 'what is no number of kW is none');
-- 1,590.083 is billed as 1,590.08, and twice as much is 3,180.17
SELECT billing.draft_penalty('1', 'price_class', NULL, '2026-07-01', '{"kwh": "3700", "price": "0.92975216", "price_paid": "0.5"}', 'a shop on a home''s line') AS d \gset
SELECT results_eq(format($$SELECT amount FROM billing_report.bill_draft_line WHERE account_no = '1' AND draft_no = %s ORDER BY line$$, :d), $$VALUES (1590.08), (3180.17)$$, 'a penalty is a multiple of what was not rounded');
SELECT is((SELECT from_on FROM billing_report.bill_draft WHERE account_no = '1' AND draft_no = :d), date '2026-04-01', 'of three months, where its beginning is not known');
SELECT billing.draft_penalty('1', 'sealed_equipment', '2026-06-11', '2026-07-01', '{"kva": 1000, "price": "15"}', 'seal broken') AS d \gset
SELECT results_eq(format($$SELECT amount FROM billing_report.bill_draft_line WHERE account_no = '1' AND draft_no = %s ORDER BY line$$, :d), $$VALUES (10000.00), (20000.00)$$, 'sealed equipment: 20/30 of its capacity charge, and twice that');
SELECT billing.set_claim_rule('C', 'excess_per_kw', 60, 'provincial code') \gset
SELECT billing.draft_penalty('1', 'excess_capacity', NULL, '2026-07-01', '{"kva": 10}', 'x') AS d \gset
SELECT is((SELECT total FROM billing_report.bill_draft WHERE account_no = '1' AND draft_no = :d), 600.00, 'an org''s own rule');
SELECT throws_ok($$SELECT billing.set_claim_rule('C', 'thumb', 1)$$, '23514', NULL, 'of a name that is known');

-- ---- the end ----
UPDATE billing.account_head SET stops_on = '2026-03-11' WHERE account_id = 2;
INSERT INTO billing.transfer SELECT h.account_id, h.seq + 1, h.org_id, h.org_id, 'cash', 'deposit', 20, now(), 'x', NULL, NULL, '\x00' FROM billing.account_head h WHERE h.account_id = 2;
UPDATE billing.transfer t SET account_id = account_id WHERE false;
UPDATE billing.account_head h SET seq = seq + 1, link = '\x00' WHERE h.account_id = 2;
SELECT throws_ok($$SELECT billing.settle_deposit('2')$$, 'UB314', NULL, 'a deposit waits for the final bill');
SELECT is(public.run('2026-04-01'), 'Run 3: 3 bills, 0 exceptions.', 'which the run makes');
SELECT is((SELECT format('%s %s', until_on, total) FROM billing_report.bill WHERE account_no = '2' AND final), '2026-03-11 6.00', 'up to the last day');
SELECT is(billing.settle_deposit('2'), 17.40, 'then it goes against what is owed');
SELECT is(billing.settle_deposit('2'), 17.40, 'once');
SELECT is_empty($$SELECT * FROM billing.verify() WHERE account_no <> '2'$$, 'every chain holds');
SELECT finish();
ROLLBACK;
