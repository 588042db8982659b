/*
 * Late fees: what they come to day by day, charging them, charging the difference.
 * As data of org, class and contract: rate by class and in the new year ("days"),
 * by the nearest org with its grace and rounding ("nearer and later rules"), by
 * contract ("the contract"); minimum and half cents ("money"); corrections of any
 * past period ("what is corrected afterwards").  Days of notice: notice.sql.  Tier
 * years, ratchets and banks of corrected periods: refold.sql.
 */
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_eve LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_wang LOGIN IN ROLE billing_customer;
CREATE ROLE tap_li LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_org('T', 'Other station', 'station', 'C') \gset
SELECT billing.add_org('X', 'Other company', 'company') \gset
SELECT billing.add_staff('S', 'A', 'Ann', 'billing clerk', 'tap_ann'), billing.add_staff('C', 'B', 'Ben', 'manager', 'tap_ben'),
	billing.add_staff('X', 'D', 'Cid', 'manager', 'tap_cid'), billing.add_staff('S', 'E', 'Eve', 'meter reader', 'tap_eve') \gset
SELECT billing.grant_post('A', 'S'), billing.grant_post('B', 'C'), billing.grant_post('D', 'X'), billing.grant_post('E', 'S') \gset
SELECT billing.add_plan('home', 'Homes', '2020-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "notes": {"class": "residential"}, "charges": [{"code": "energy", "price": "0.5"}]}'),
	billing.add_plan('shop', 'Shops', '2020-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "notes": {"class": "commercial"}, "charges": [{"code": "energy", "price": "0.8"}]}') \gset
SELECT billing.add_customer('S', 'Wang', 'person', 'tap_wang') AS wang, billing.add_customer('S', 'Li', 'person', 'tap_li') AS li, billing.add_customer('X', 'Zhao') AS zhao \gset
SELECT count(billing.add_account(CASE n WHEN 9 THEN 'X' WHEN 10 THEN 'T' ELSE 'S' END, n::text, CASE n WHEN 1 THEN :wang WHEN 9 THEN :zhao ELSE :li END, '2020-01-01')) FROM generate_series(1, 20) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, CASE WHEN n IN (2, 10) THEN 'shop' ELSE 'home' END, '2020-01-01') FROM generate_series(1, 20) n) q \gset
SELECT billing.set_due_days('C', 10, '2020-01-01'), billing.set_due_days('X', 10, '2020-01-01') \gset
-- what a period came to, by the plan of the account; issued on a day of the past
ALTER TABLE billing.bill DISABLE TRIGGER bill_refuse_change;
CREATE FUNCTION public.bill(account_no text, day date, amount numeric, kind text DEFAULT 'normal', of_day date DEFAULT NULL) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	made	billing.bill;
	number	bigint;
BEGIN
	SELECT a.account_id INTO made.account_id FROM billing.account a WHERE a.account_no = bill.account_no;
	made.from_on := coalesce(of_day, day) - 30;
	made.until_on := coalesce(of_day, day);
	made.kind := kind;
	made.total := amount;
	made.reason := 'x';
	made.charges := (jsonb_build_object('currency', 'CNY', 'from', made.from_on, 'until', made.until_on, 'charges', '[{"code": "energy"}]'::jsonb,
		'lines', jsonb_build_array(jsonb_build_object('charge', 0, 'amount', round(amount, 2)::text)),
		'tariff', (SELECT encode(v.digest, 'hex') FROM billing.account_plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id WHERE p.account_id = made.account_id)))::text::billing.charges;
	number := billing._issue_bill(made);
	UPDATE billing.bill b SET issued_at = day + time '04:00' WHERE b.account_id = made.account_id AND b.seq = number;
	RETURN number;
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
CREATE FUNCTION public.fee(account_no text, on_day date) RETURNS numeric LANGUAGE sql AS $$SELECT sum(f.fee) FROM billing.late_fees($1, $2) f$$;

SELECT * FROM no_plan();

-- ---- what is laid down ----
SELECT bill('1', '2024-01-05', 1000) AS first \gset
SELECT is(fee('1', '2024-01-18'), NULL, 'without a rule nothing is charged');
SELECT billing.set_late_fee_rule('C', 'residential', '2020-01-01', 0.001, minimum => 1), billing.set_late_fee_rule('C', NULL, '2020-01-01', 0.002, 0.003, 1) \gset
SELECT matches(said($$billing.set_late_fee_rule('C', NULL, '2020-01-01', 1.5)$$), '^23514', 'a rate is a part');
SELECT is(said($$billing.set_late_fee_rule('C', 'residental', '2020-01-01', 0.001)$$), '22023 no plan is of class "residental"', 'a class that no plan is of is refused, as it would never be charged');
SELECT is(said($$billing.set_late_fee_rule('C', '', '2020-01-01', 0.001)$$), '22023 no plan is of class ""', 'nor is there one without a name');
SELECT is(said($$billing.set_due_days('C', 10, '2020-01-01', 'residental')$$), '22023 no plan is of class "residental"', 'days to pay in are of a class that there is');
SELECT is(said($$billing.set_due_days('C', 10, '2019-01-01', 'other')$$), '', 'other: plans that nobody gave a class');
SELECT matches(said($$billing.set_late_fee_rule('C', NULL, '2020-01-01', 'NaN')$$), '^23514|^22', 'and a number');
SELECT matches(said($$billing.set_late_fee_rule('C', NULL, '2020-01-01', 0.001, minimum => 0.5, decimals => 0)$$), '^23514', 'a minimum is rounded as fees are');
SELECT is(said($$billing.set_late_fee_rule('C', NULL, NULL, 0.001)$$), '22004 set_late_fee_rule() was given a null for argument "from_on"', 'a rule begins on a day');
SELECT matches(said($$billing.set_late_fee_rule('C', NULL, 'infinity', 0.001)$$), '^23514', 'which there is');

-- ---- days ----
SELECT billing.post_payment('1', 1000, 'p1', '2024-01-18') \gset
SELECT results_eq($$SELECT bill_id, bill_from_on, due_on, from_on, until_on, days, open, rate, exact, fee FROM billing.late_fees('1', '2024-02-10')$$,
	$$VALUES (1::bigint, date '2023-12-06', date '2024-01-15', date '2024-01-16', date '2024-01-19', 3, 1000.00, 0.001, 3.0, 3.00)$$, 'due on the 15th, paid on the 18th: three days');
SELECT is(fee('1', '2024-01-15'), NULL, 'none on the due day');
SELECT is(fee('1', '2024-01-16'), 1.00, 'one day');
SELECT is(fee('1', '2024-01-17'), 2.00, 'two');
SELECT bill('2', '2023-12-05', 1000) \gset
SELECT results_eq($$SELECT from_on, until_on, days, rate, fee FROM billing.late_fees('2', '2024-01-10')$$,
	$$VALUES (date '2023-12-16', date '2024-01-01', 16, 0.002, 32.00), ('2024-01-01', '2024-01-11', 10, 0.003, 30.00)$$, 'another rate from the new year on');
SELECT is(fee('2', '2023-12-31'), 32.00, 'not before');
SELECT bill('10', '2023-12-28', 1000) \gset
SELECT results_eq($$SELECT due_on, days, rate FROM billing.late_fees('10', '2024-01-10')$$, $$VALUES (date '2024-01-07', 3, 0.002)$$, 'what falls due in the new year was not carried into it');

-- ---- money ----
SELECT bill('3', '2024-01-05', 1000) \gset
SELECT billing.post_payment('3', 400, 'p1', '2024-01-17'), billing.post_payment('3', 600, 'p2', '2024-01-20') \gset
SELECT results_eq($$SELECT days, open, exact, fee FROM billing.late_fees('3', '2024-03-01')$$, $$VALUES (2, 1000.00, 2.0, 2.00), (3, 600.00, 1.8, 1.80)$$, 'what is paid in part bears a fee for the rest');
SELECT bill('4', '2024-01-05', 100), bill('4', '2024-02-05', 200) \gset
SELECT billing.post_payment('4', 150, 'p1', '2024-02-20') \gset
SELECT results_eq($$SELECT bill_id, days, open, fee FROM billing.late_fees('4', '2024-02-22')$$,
	$$VALUES (1::bigint, 36, 100.00, 3.60), (3, 5, 200.00, 1.00), (3, 2, 150.00, 0.30)$$, 'the oldest debt is settled first');
SELECT bill('5', '2024-01-05', 10) \gset
SELECT billing.post_payment('5', 4, 'p1', '2024-01-16'), billing.post_payment('5', 6, 'p2', '2024-01-18') \gset
SELECT results_eq($$SELECT open, exact, fee FROM billing.late_fees('5', '2024-03-01')$$, $$VALUES (10.00, 0.01, 1.00), (6.00, 0.012, 0.00)$$, 'the minimum is of the bill');
SELECT bill('11', '2024-01-05', 1015) \gset
SELECT is(fee('11', '2024-01-16'), 1.02, 'half a cent goes up');
SELECT bill('12', '2024-01-05', 100), billing.post_payment('12', 100, 'early', '2023-11-01') \gset
SELECT is(fee('12', '2024-03-01'), NULL, 'money ahead of the bill');

SELECT billing.set_plan_class('home', 'residential') \gset
SELECT bill('12', '2024-04-05', 500, 'sundry') AS hand \gset
UPDATE billing.bill SET charges = '{"currency": "CNY", "from": "2024-03-06", "until": "2024-04-05", "charges": [{"code": "a"}], "lines": [{"charge": 0, "amount": "500.00"}]}' WHERE seq = :hand AND kind = 'sundry';
SELECT is((SELECT rate FROM billing.late_fees('12', '2024-04-20')), 0.001, 'a bill that no tariff made is of the class of the account''s plan');

-- ---- nearer and later rules ----
SELECT billing.set_late_fee_rule('S', NULL, '2024-06-01', 0.0007, minimum => 2, decimals => 0, grace_days => 2) \gset
SELECT bill('13', '2024-06-05', 1000), bill('10', '2024-06-05', 2000) \gset
SELECT results_eq($$SELECT from_on, days, rate, exact, fee FROM billing.late_fees('13', '2024-06-22')$$, $$VALUES (date '2024-06-18', 5, 0.0007, 3.5, 4::numeric(20,2))$$, 'the nearest org''s rule, its days of grace, its rounding');
SELECT is(fee('13', '2024-06-17'), NULL, 'no fee within them');
SELECT is(fee('1', '2024-07-01'), 3.00, 'bills of before have the rule of before');
SELECT is((SELECT f.rate FROM billing.late_fees('10', '2024-06-22') f WHERE f.bill_id > 1), 0.002, 'other stations have the company''s');

-- ---- the contract ----
SELECT bill('7', '2024-01-05', 1000), bill('7', '2024-03-05', 1000) \gset
INSERT INTO billing.contract (account_id, contract_no, org_id) SELECT account_id, 'K', org_id FROM billing.account WHERE account_no = '7';
ALTER TABLE billing.contract_version DISABLE TRIGGER USER;
ALTER TABLE billing.contract DISABLE TRIGGER USER;
INSERT INTO billing.contract_version (account_id, contract_no, version, org_id, state, valid_during, plan_id, late_fee_rate, drafted_by, approved_by, signed_on, signature_digest, signed_by)
SELECT c.account_id, 'K', v.n, c.org_id, v.state, daterange(v.from_on, '2026-01-01'), 1, v.rate, 'a', 'b', v.signed_on, v.digest, v.signed_by
  FROM billing.contract c, (VALUES (1, 'signed', date '2024-02-01', 0.0005, date '2024-01-20', sha256(''), 'c'), (2, 'withdrawn', '2024-02-01', 0.01, NULL, NULL, NULL)) v(n, state, from_on, rate, signed_on, digest, signed_by);
SELECT results_eq($$SELECT due_on, rate, fee FROM billing.late_fees('7', '2024-03-25')$$, $$VALUES (date '2024-01-15', 0.001, 70.00), ('2024-03-15', 0.0005, 5.00)$$, 'the contract''s rate, for bills issued while it holds');
UPDATE billing.contract SET terminated_on = '2024-03-01';
SELECT is((SELECT sum(fee) FROM billing.late_fees('7', '2024-03-25')), 80.00, 'and not after it has ended');

-- ---- disputes ----
SELECT bill('8', '2024-01-05', 1000) \gset
INSERT INTO billing.dispute (account_id, dispute_no, org_id, opened_on, amount, about, closed_on, outcome, closed_by)
SELECT account_id, 1, org_id, '2024-01-18', 300, 'x', '2024-01-20', 'x', 'x' FROM billing.account WHERE account_no = '8';
SELECT results_eq($$SELECT from_on, days, open FROM billing.late_fees('8', '2024-01-25')$$, $$VALUES (date '2024-01-16', 3, 1000.00), ('2024-01-19', 2, 700.00), ('2024-01-21', 5, 1000.00)$$,
	'what is disputed bears none while it is, in its own row');

-- ---- charging ----
SET SESSION AUTHORIZATION tap_ann;
SELECT is(billing.charge_late_fee('1', '2024-01-17'), 2.00, 'charged up to a day');
SELECT is(billing.charge_late_fee('1', '2024-01-17'), 0::numeric, 'once');
SELECT is(billing.charge_late_fee('1'), 1.00, 'and what has come since');
SELECT is(billing.charge_late_fee('1', '2024-01-16'), 0::numeric, 'an earlier day gives nothing back');
SELECT results_eq($$SELECT bill_kind, code, amount, tags FROM billing_report.bill_line WHERE account_no = '1' AND bill_kind = 'late_fee' ORDER BY revision$$,
	$$VALUES ('late_fee', 'late_fee', 2.00, '{bill-1}'::text[]), ('late_fee', 'late_fee', 1.00, '{bill-1}')$$, 'as bills of their own kind, by the bill that was late');
SELECT results_eq($$SELECT from_on, reason FROM billing_report.bill WHERE account_no = '1' AND kind = 'late_fee' ORDER BY from_on$$,
	$$VALUES (date '2024-01-16', E'late fee up to 2024-01-17\nbill 1: 2.00'), ('2024-01-18', format(E'late fee up to %s\nbill 1: 3.00 less 2.00 charged before', billing._sum_day(now())))$$, 'with how they came about');
SELECT is((SELECT h.balance FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = '1'), 3.00, 'which are owed');
SELECT is((SELECT sum(amount) FROM billing_report.revenue_by_code WHERE code = 'late_fee'), 3.00, 'and reported by their code');
SELECT is(fee('1', billing._sum_day(now()) + 400), 3.00, 'fees bear no fee');
SELECT is((SELECT state FROM billing_report.bill_period WHERE account_no = '1' AND from_on = '2024-01-16'), NULL, 'they make no period');
SELECT is(said($$billing.charge_late_fee('1', billing._sum_day(now()) + 1)$$), '22023 no late fee is charged for days to come', 'not ahead');
SELECT is(said($$billing.charge_late_fee('1', 'infinity')$$), '22023 late fees are of a day', 'not for ever');
SELECT is(said($$sum(fee) FROM billing.late_fees('1', '-infinity')$$), '22023 late fees are of a day', 'nor asked for');
SELECT is(said($$billing.charge_late_fee(NULL)$$), '22004 charge_late_fee() was given a null for argument "account_no"', 'of an account');
SELECT matches(said($$fee FROM billing.late_fees(NULL)$$), '^P0002', 'that there is');

-- ---- what is corrected afterwards ----
SELECT is(billing.charge_late_fee('3', '2024-03-01'), 3.80, 'charged');
SELECT billing.post_payment('3', 1000, 'found', '2024-01-16') \gset
SELECT is(billing.charge_late_fee('3', '2024-03-01'), -2.80, 'a payment with an earlier value date: a credit');
SELECT is(billing.charge_late_fee('3', '2024-03-01'), 0::numeric, 'once');
RESET SESSION AUTHORIZATION;
SELECT bill('6', '2024-01-05', 1000) \gset
SELECT is(billing.charge_late_fee('6', '2024-01-25'), 10.00, 'ten days');
SELECT bill('6', '2024-01-30', -400, 'correction', '2024-01-05') \gset
SELECT is(billing.charge_late_fee('6', '2024-01-25'), -4.00, 'a bill that was lowered was always lower');
SELECT bill('6', '2024-02-05', 100, 'correction', '2024-01-05') \gset
SELECT results_eq($$SELECT due_on, days, open FROM billing.late_fees('6', '2024-02-20')$$, $$VALUES (date '2024-01-15', 36, 600.00), ('2024-02-15', 5, 100.00)$$, 'what a correction adds is due by its own day');
SELECT bill('6', '2024-02-06', -100, 'correction', '2024-01-05') \gset
SELECT results_eq($$SELECT due_on, days, open FROM billing.late_fees('6', '2024-02-20')$$, $$VALUES (date '2024-01-15', 36, 600.00)$$, 'and what the next takes away it never was');
SELECT sum(billing._reverse_bill(b, 'x')) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no = '6' AND b.kind IN ('normal', 'correction') \gset reversed_
SELECT is(billing.charge_late_fee('6', '2024-01-25'), -6.00, 'reversed, nothing is left of it');
SELECT is((SELECT sum(b.total) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no = '6'), 0.00, 'in all');
SELECT billing.reverse_bill('1', (SELECT min(b.seq) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no = '1' AND b.kind = 'late_fee'), 'by mistake') \gset
SELECT is(billing.charge_late_fee('1'), 2.00, 'a fee that was reversed was not charged');

-- ---- many ----
SELECT bill('14', '2024-01-05', 1000) \gset
SELECT account_id AS bad FROM billing.account WHERE account_no = '14' \gset
CREATE FUNCTION public.bad() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'broken'; END$$;
CREATE TRIGGER bad BEFORE INSERT ON billing.bill FOR EACH ROW WHEN (NEW.account_id = :bad) EXECUTE FUNCTION public.bad();
SELECT account_id - 1 AS before FROM billing.account WHERE account_no = '13' \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT results_eq(format($$SELECT accounts, failed FROM billing._late_fee_chunk('S', '2024-07-01', %s, 100)$$, :before), $$VALUES (1::bigint, 1::bigint)$$, 'one that fails stands alone');
SELECT results_eq(format($$SELECT accounts, failed FROM billing._late_fee_chunk('S', '2024-07-01', %s, 100)$$, :before), $$VALUES (0::bigint, 1::bigint)$$, 'charged again: nothing new');
SELECT throws_ok($$CALL billing.charge_late_fees('S')$$, '25001', NULL, 'all of an org, outside of a transaction');
SELECT throws_ok($$CALL billing.charge_late_fees('S', NULL, 0)$$, '22023', NULL, 'in chunks that have accounts');
RESET SESSION AUTHORIZATION;
-- more bills than lines of one
SELECT count(bill('15', date '2021-01-05' + n, 10)) FROM generate_series(1, 150) n \gset
SELECT is(billing.charge_late_fee('15', '2024-01-01'), 0.001 * (SELECT sum(10 * (date '2024-01-01' - date '2021-01-15' - n)) FROM generate_series(1, 150) n), 'of many bills');
SELECT is((SELECT count(*) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no = '15' AND b.kind = 'late_fee'), 2::bigint, 'in two');
SELECT is(billing.charge_late_fee('15', '2024-01-01'), 0::numeric, 'once');

-- ---- against counting day by day ----
SELECT setseed(0.25) \gset
SELECT count(bill(a::text, date '2022-12-03' + 31 * n, 50 + round((random() * 300)::numeric, 2))) FROM generate_series(16, 20) a, generate_series(1, 14) n \gset
SELECT count(billing.post_payment(a::text, 1 + round((random() * 400)::numeric, 2), 'r' || n, date '2023-01-01' + (random() * 450)::integer)) FROM generate_series(16, 20) a, generate_series(1, 10) n \gset
SELECT is_empty($$
	WITH entry AS (
		SELECT a.account_no, b.seq, (b.issued_at)::date AS day, b.total AS amount FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no::integer > 15
		UNION ALL
		SELECT a.account_no, t.seq, t.value_on, -t.amount FROM billing.transfer t JOIN billing.account a USING (account_id) WHERE a.account_no::integer > 15 AND t.bill_seq IS NULL),
	counted AS (
		SELECT b.account_no, b.seq, sum(0.001 * greatest(0, least(b.amount, q.owed - q.newer))) AS exact
		  FROM entry b CROSS JOIN generate_series(b.day + 11, date '2024-04-01', '1 day') d
		 CROSS JOIN LATERAL (SELECT sum(e.amount) AS owed, coalesce(sum(e.amount) FILTER (WHERE e.amount > 0 AND e.seq > b.seq), 0) AS newer
							   FROM entry e WHERE e.account_no = b.account_no AND e.day < d) q
		 WHERE b.amount > 0 GROUP BY 1, 2),
	said AS (
		SELECT a.n::text AS account_no, f.bill_id AS seq, sum(f.exact) AS exact, sum(f.fee) AS fee FROM generate_series(16, 20) a(n) CROSS JOIN LATERAL billing.late_fees(a.n::text, '2024-04-01') f GROUP BY 1, 2)
	SELECT * FROM counted c FULL JOIN said s USING (account_no, seq)
	 WHERE coalesce(c.exact, 0) <> coalesce(s.exact, 0) OR (s.fee IS NOT NULL AND s.fee <> greatest(1, round(c.exact, 2)))
$$, 'each cent is that of counting day by day');
SELECT cmp_ok((SELECT count(*) FROM generate_series(16, 20) a(n) CROSS JOIN LATERAL billing.late_fees(a.n::text, '2024-04-01') f), '>', 50::bigint, 'of many spans');

-- ---- waiving ----
SELECT billing.add_account('S', '21', :li, '2020-01-01') AS made, billing.set_plan('21', 'home', '2020-01-01') \gset
SELECT bill('21', '2024-01-05', 1000) AS owed \gset
SELECT billing.post_payment('21', 100000, 'all', '2024-02-14') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.charge_late_fee('21', '2024-02-20') AS charged \gset
SELECT is(fee.amount, 30.00, 'the fee of the bill') FROM (SELECT sum(f.fee) AS amount FROM billing.late_fees('21', '2024-02-20') f WHERE f.bill_id = :owed) fee;
SELECT matches(said(format($$billing.waive_late_fee('21', %s, 'bank holiday')$$, :owed)), '^UB603', 'a fee is not given up by one person');
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, 'bank holiday', 31)$$, :owed)), '^UB316', 'nor more than was charged');
SELECT matches(said($$billing.request_late_fee_waiver('21', 99999, 'x')$$), '^UB316', 'nor of a bill without one');
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, ' ')$$, :owed)), '^22023', 'nor without a reason');
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, 'x', 'NaN')$$, :owed)), '^22023', 'nor what is no amount');
SELECT billing.request_late_fee_waiver('21', :owed, 'bank holiday', 12) AS asked \gset
SELECT matches(said(format('billing.approve(%s)', :asked)), '^(UB603|P0002)', 'nobody approves what he asks for');
SET SESSION AUTHORIZATION tap_eve;
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, 'x')$$, :owed)), '^(P0002|42501)', 'it needs the right to write money');
SET SESSION AUTHORIZATION tap_cid;
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, 'x')$$, :owed)), '^P0002', 'another company finds nothing');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:asked) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT matches(said(format($$billing.waive_late_fee('21', %s, 'bank holiday', 13)$$, :owed)), '^UB603', 'just what was approved is waived');
SELECT billing.waive_late_fee('21', :owed, 'bank holiday', 12) AS waiver \gset
SELECT results_eq($$SELECT code, amount, tags FROM billing_report.bill_line WHERE account_no = '21' AND code = 'late_fee_waiver'$$, format($$VALUES ('late_fee_waiver', -12.00, '{bill-%s}'::text[])$$, :owed), 'by a bill that takes it back');
SELECT is((SELECT reason FROM billing_report.bill WHERE account_no = '21' AND bill_id = :waiver), format(E'late fee waived: bank holiday\nbill %s: 12.00 of 30.00', :owed), 'which says why');
SELECT is(billing.charge_late_fee('21', '2024-02-21'), 0::numeric, 'it does not come back');
SELECT matches(said(format($$billing.waive_late_fee('21', %s, 'bank holiday', 12)$$, :owed)), '^UB603', 'an approval is used once');
SELECT matches(said(format($$billing.request_late_fee_waiver('21', %s, 'x', 19)$$, :owed)), '^UB316', 'what is left is less');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM billing.audit WHERE act = 'waive_late_fee'), 1::bigint, 'it is on record');
SELECT bill('21', '2024-03-01', -400, 'correction', '2024-01-05') \gset
SELECT billing.charge_late_fee('21', '2024-03-01') \gset
SELECT is((SELECT sum(l.amount) FROM billing_report.bill_line l WHERE l.account_no = '21' AND l.bill_kind = 'late_fee' AND l.tags = ARRAY['bill-' || :owed]),
	(SELECT sum(fee) - 12 FROM billing.late_fees('21', '2024-03-01') WHERE bill_id = :owed), 'of a bill that was lowered since, what is owed less what was waived');
SELECT billing.set_approval_rule('C', 'late_fee_waiver', 5) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT cmp_ok(billing.waive_late_fee('21', :owed, 'small', 1), '>', :waiver::bigint, 'a small one as the rules let one person do');
RESET SESSION AUTHORIZATION;
SELECT billing.reverse_bill('21', :waiver, 'not so') \gset
SELECT is(billing.charge_late_fee('21', '2024-03-01'), 0::numeric, 'a waiver that is reversed is charged by its reversal');
SELECT is((SELECT sum(b.total) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no = '21' AND b.issued_at = now()),
	(SELECT sum(fee) - 1 FROM billing.late_fees('21', '2024-03-01') WHERE bill_id = :owed), 'once');

-- ---- who ----
SELECT cmp_ok((SELECT count(*) FROM billing.audit WHERE act IN ('charge_late_fee', 'set_late_fee_rule')), '>=', 12::bigint, 'all of it is on record');
SET SESSION AUTHORIZATION tap_ann;
SELECT matches(said($$billing.set_late_fee_rule('C', NULL, '2024-01-01', 0)$$), '^P0002|^42501', 'a station lays down nothing for the company');
SET SESSION AUTHORIZATION tap_eve;
SELECT matches(said($$billing.charge_late_fee('8', '2024-01-25')$$), '^P0002|^42501', 'without the right to run bills none is charged');
SELECT matches(said($$fee FROM billing.late_fees('8')$$), '^P0002|^42501', 'nor seen without that to money');
SELECT matches(said($$billing.set_late_fee_rule('S', NULL, '2024-01-01', 0)$$), '^P0002|^42501', 'nor laid down');
SELECT matches(said($$last FROM billing._late_fee_chunk('S', '2024-01-25', 0, 10)$$), '^P0002|^42501', 'nor by many');
SET SESSION AUTHORIZATION tap_cid;
SELECT matches(said($$fee FROM billing.late_fees('8')$$), '^P0002', 'another company sees nothing');
SELECT matches(said($$billing.charge_late_fee('8', '2024-01-25')$$), '^P0002', 'and charges nothing');
SELECT is_empty('SELECT FROM billing.late_fee_rule', 'nor reads its rules');
SELECT is(said($$billing.set_late_fee_rule('X', NULL, '2024-01-01', 0.001)$$), '', 'it has its own');
SET SESSION AUTHORIZATION tap_wang;
SELECT results_eq($$SELECT sum(total), count(*) FROM billing_report.bill WHERE kind = 'late_fee' AND NOT reversed$$, $$VALUES (3.00, 2::bigint)$$, 'a customer sees what he was charged');
SELECT matches(said($$fee FROM billing.late_fees('1')$$), '^42501', 'and asks for no more');
SET SESSION AUTHORIZATION tap_li;
SELECT is_empty($$SELECT FROM billing_report.bill WHERE kind = 'late_fee' AND account_no = '1'$$, 'another one does not');
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
