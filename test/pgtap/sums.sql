-- The sums are what the bills, transfers and balances come to, whatever happens.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('S1', 'Station', 'station', 'C') \gset
SELECT billing.add_org('S2', 'Station', 'station', 'C') \gset
SELECT billing.add_plan('home', 'Homes', '2025-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "notes": {"class": "residential"},
	"charges": [{"code": "energy", "tags": ["energy"], "price": "0.5"}, {"code": "funds", "price": "0.03"}]}') \gset
SELECT billing.add_plan('shop', 'Shops', '2025-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 3, "total": 2},
	"charges": [{"code": "energy", "price": "0.7777"}, {"code": "base", "fixed": "month", "price": "12"}]}') \gset
SELECT billing.add_plan('sun', 'Roofs', '2025-01-01', '{"name": "z", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "tags": ["energy"], "price": "0.5"}, {"code": "feed", "fixed": "month", "price": "-14"}]}') \gset
SELECT billing.set_plan_class('shop', 'commercial'), billing.set_plan_class('sun', 'residential') \gset
SELECT billing.add_customer('C', 'x') AS customer \gset
SELECT count(billing.add_account(CASE WHEN n % 3 = 0 THEN 'S2' ELSE 'S1' END, n::text, :customer, CASE WHEN n = 7 THEN date '2026-01-16' ELSE '2026-01-01' END)) FROM generate_series(1, 12) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, CASE WHEN n % 2 = 0 THEN 'shop' WHEN n > 8 THEN 'sun' ELSE 'home' END, CASE WHEN n = 7 THEN date '2026-01-16' ELSE '2026-01-01' END) FROM generate_series(1, 12) n) q \gset
SELECT billing.set_plan('5', 'shop', '2026-02-11') \gset
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000 * a.account_id + 123, ARRAY[(m + interval '1 month')::date - m::date]))
  FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-06-01', interval '1 month') m;
CREATE FUNCTION pg_temp.run(until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	-- the driver commits, which a test cannot: its parts
	run	bigint := billing._start_run('C', until_on, 5);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
CREATE FUNCTION pg_temp.wrong() RETURNS SETOF text LANGUAGE sql AS
$$SELECT format('%s %s %s %s: %s, not %s', sums, org_no, month_on, about, kept, made) FROM billing.check_sums()$$;

SELECT plan(36);

SELECT pg_temp.run('2026-03-01') \gset
SELECT results_eq($$SELECT c.chunk_no, o.org_no, f.account_no, l.account_no, c.accounts FROM billing.run_chunk c JOIN billing.org o USING (org_id)
	  JOIN billing.account f ON f.account_id = c.first_account JOIN billing.account l ON l.account_id = c.last_account ORDER BY 1$$,
	$$VALUES (1, 'S1', '1', '7', 5), (2, 'S1', '8', '11', 3), (3, 'S2', '3', '12', 4)$$, 'chunks of five, of one org each');
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after a run');
SELECT cmp_ok((SELECT count(*) FROM billing_report.bill), '=', 25::bigint, 'of so many bills');
SELECT results_eq($$SELECT sum(bills)::bigint, sum(amount), sum(kwh) FROM billing_report.revenue$$,
	$$SELECT count(*), sum(b.total), (SELECT sum(l.quantity) FROM billing_report.bill_line l WHERE l.code = 'energy') FROM billing_report.bill b$$, 'revenue is that of the bills');
SELECT results_eq($$SELECT sum(amount) FROM billing_report.revenue_by_code$$, $$SELECT sum(total) FROM billing_report.bill$$, 'the codes add up to it');
SELECT results_eq($$SELECT class, sum(customers) FROM billing_report.revenue WHERE month_on = '2026-02-01' GROUP BY 1 ORDER BY 1$$,
	$$VALUES ('commercial', 6.6), ('residential', 5.4)$$, 'customers by days of supply: one has changed his plan on the 11th of 28 days');

-- less than is owed, more, of several months, and ahead of any bill
SELECT count(billing.post_payment(n::text, n * 9.37, 'a')) FROM generate_series(1, 12) n \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after payments');
SELECT billing.post_payment('1', 1000, 'b') \gset
SELECT pg_temp.run('2026-04-01') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after money that is ahead of the bills, and bills that take it');
SELECT is((SELECT sum(charged - settled) FROM billing.receivable_sum), (SELECT sum(balance) FROM billing.account_head), 'what is open is what the accounts owe');
SELECT is((SELECT sum(settled) FROM billing.receivable_sum), (SELECT sum(amount) FROM billing_report.cash WHERE debit = 'cash'), 'and what is settled is what was paid');

SELECT billing.void_bill('1', '2026-03-01', 'x') \gset
SELECT billing.void_bill('3', '2026-03-01', 'x') \gset
SELECT billing.void_bill('3', '2026-02-01', 'x') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after bills were voided');
SELECT pg_temp.run('2026-04-01') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'and made again');
SELECT results_eq($$SELECT sum(bills)::bigint, sum(amount) FROM billing_report.revenue$$, $$SELECT count(*), sum(total) FROM billing_report.bill WHERE kind = 'normal' AND NOT reversed$$,
	'a bill that was voided counts for nothing');

SELECT billing.transfer_account('2', 'S2', 'x') \gset
SELECT billing.transfer_account('3', 'S1', 'x') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after accounts have moved');
SELECT results_eq($$SELECT o.org_no, sum(s.charged - s.settled) FROM billing.receivable_sum s JOIN billing.org o USING (org_id) GROUP BY 1 ORDER BY 1$$,
	$$SELECT o.org_no, sum(h.balance) FROM billing.account_head h JOIN billing.org o USING (org_id) GROUP BY 1 ORDER BY 1$$, 'each org has what its accounts owe');

SELECT count(*) AS before FROM (SELECT 1 FROM billing.bill_sum UNION ALL SELECT 1 FROM billing.charge_sum UNION ALL SELECT 1 FROM billing.receivable_sum UNION ALL SELECT 1 FROM billing.transfer_sum) q \gset
CALL billing.fold_sums('C') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after folding');
SELECT cmp_ok((SELECT count(*) FROM (SELECT 1 FROM billing.bill_sum UNION ALL SELECT 1 FROM billing.charge_sum UNION ALL SELECT 1 FROM billing.receivable_sum UNION ALL SELECT 1 FROM billing.transfer_sum) q),
	'<', :before::bigint, 'which leaves fewer rows');
SELECT is_empty($$SELECT org_id, month_on, tariff_digest, currency, code FROM billing.charge_sum GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1$$, 'one of each key');

-- money goes back, and a deposit is taken against what is owed: several links of an account by one statement
CREATE FUNCTION pg_temp.post(no text, amounts numeric[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	head	billing.account_head;
	row		billing.transfer;
	rows	billing.transfer[] := '{}';
	amount	numeric;
BEGIN
	SELECT h.* INTO STRICT head FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = no FOR NO KEY UPDATE OF h;
	FOREACH amount IN ARRAY amounts LOOP
		row := ROW (head.account_id, head.seq + 1, head.org_id, head.org_id, CASE WHEN amount > 0 THEN 'receivable' ELSE 'deposit' END,
			CASE WHEN amount > 0 THEN 'cash' ELSE 'receivable' END, abs(amount), now(), 'x', NULL, NULL, NULL, NULL);
		row.link := sha256(head.link || billing._transfer_content(row));
		head.seq := row.seq;
		head.link := row.link;
		rows := rows || row;
		head.balance := head.balance + amount;
	END LOOP;
	INSERT INTO billing.transfer SELECT r.* FROM unnest(rows) r;
	UPDATE billing.account_head h SET seq = head.seq, link = head.link, balance = head.balance WHERE h.account_id = head.account_id;
END $$;
CREATE FUNCTION pg_temp.issue(no text, n integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	head	billing.account_head;
	bill	billing.bill;
	bills	billing.bill[] := '{}';
	row		billing.transfer;
	rows	billing.transfer[] := '{}';
BEGIN
	SELECT h.* INTO STRICT head FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = no FOR NO KEY UPDATE OF h;
	SELECT b.* INTO STRICT bill FROM billing.bill b WHERE b.account_id = head.account_id AND b.total <> 0 ORDER BY b.seq DESC LIMIT 1;
	SELECT max(b.revision) INTO bill.revision FROM billing.bill b WHERE b.account_id = head.account_id AND b.from_on = bill.from_on;
	bill.kind := 'sundry';
	bill.reason := 'x';
	bill.org_id := head.org_id;
	bill.total := billing.total(bill.charges);
	bill.reverses_seq := NULL;
	FOR i IN 1 .. n LOOP
		bill.revision := bill.revision + 1;
		bill.seq := head.seq + 1;
		bill.link := sha256(head.link || billing._bill_content(bill));
		row := billing._bill_transfer(bill);
		head.seq := row.seq;
		head.link := row.link;
		head.balance := head.balance + bill.total;
		bills := bills || bill;
		rows := rows || row;
	END LOOP;
	INSERT INTO billing.bill SELECT b.* FROM unnest(bills) b;
	INSERT INTO billing.transfer SELECT r.* FROM unnest(rows) r;
	UPDATE billing.account_head h SET seq = head.seq, link = head.link, balance = head.balance WHERE h.account_id = head.account_id;
END $$;
SELECT cmp_ok((SELECT count(*) FROM billing_report.bill WHERE total < 0), '>', 2::bigint, 'some bills are credits');
SELECT pg_temp.post('4', ARRAY[12.34, -30, 5, -0.01]), pg_temp.post('9', ARRAY[-1000, 700, 400.5]), pg_temp.post('11', ARRAY[250, -250]) \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after several transfers at once');
SELECT pg_temp.issue('4', 3), pg_temp.issue('9', 2), pg_temp.issue('12', 1) \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after several bills at once');

-- five hundred things at random
SELECT setseed(0.3) \gset
CREATE FUNCTION pg_temp.anything() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	no	text := 1 + floor(random() * 12);
BEGIN
	CASE floor(random() * 10)
		WHEN 0, 1, 2 THEN PERFORM billing.post_payment(no, round((random() * 40)::numeric, 2) + 0.01, gen_random_uuid()::text);
		WHEN 3, 4 THEN
			BEGIN
				PERFORM billing.void_bill(no, (SELECT max(b.from_on) FROM billing_report.bill b WHERE b.account_no = no AND NOT b.reversed AND b.kind = 'normal'), 'x');
			EXCEPTION WHEN SQLSTATE 'UB303' OR no_data_found OR unique_violation THEN NULL;
			END;
		WHEN 5 THEN PERFORM billing.transfer_account(no, CASE WHEN random() < 0.5 THEN 'S1' ELSE 'S2' END, 'x');
		WHEN 6 THEN PERFORM pg_temp.post(no, ARRAY(SELECT (1 + floor(random() * 3000))::numeric * (CASE WHEN random() < 0.5 THEN -1 ELSE 1 END) / 100 FROM generate_series(1, 1 + floor(random() * 3)::integer)));
		WHEN 7 THEN
			BEGIN
				PERFORM pg_temp.issue(no, 1 + floor(random() * 2)::integer);
			EXCEPTION WHEN no_data_found THEN NULL;
			END;
		WHEN 8 THEN PERFORM pg_temp.run('2026-01-01'::date + (31 * (1 + floor(random() * 5)))::integer);
		ELSE
			IF random() < 0.2 THEN PERFORM billing._fold_sums(ARRAY(SELECT org_id FROM billing.org)); END IF;
	END CASE;
END $$;
SELECT count(*) FROM (SELECT pg_temp.anything() FROM generate_series(1, 500) n) q \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'after five hundred payments, reversals, moves and runs');
SELECT is_empty('SELECT * FROM billing.verify()', 'of accounts that are whole');

-- what is wrong is found, and made right
SAVEPOINT forged;
UPDATE billing.charge_sum SET amount = amount + 0.01 WHERE ctid = (SELECT max(ctid) FROM billing.charge_sum);
DELETE FROM billing.receivable_sum WHERE ctid = (SELECT min(ctid) FROM billing.receivable_sum WHERE charged <> settled);
SELECT bag_eq($$SELECT DISTINCT sums FROM billing.check_sums()$$, ARRAY['charge_sum', 'receivable_sum'], 'a sum that is not the bills'' is found');
SELECT billing.rebuild_sums('Asia/Shanghai') \gset
SELECT is_empty('SELECT * FROM pg_temp.wrong()', 'and rebuilt');

SELECT throws_ok($$SELECT billing.rebuild_sums('Nowhere')$$, '22023', NULL, 'a zone that the server does not know is refused');
-- what reporting tools add up themselves
SELECT results_eq($$SELECT org_id, date_trunc('month', day_on)::date, tariff_key, sum(days)::bigint, sum(kwh), sum(amount) FROM billing_report.fact_usage GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$,
	$$SELECT org_id, month_on, encode(tariff_digest, 'hex'), sum(days)::bigint, sum(kwh), sum(amount) FROM billing.bill_sum GROUP BY 1, 2, 3 ORDER BY 1, 2, 3$$, 'facts of usage add up to the sums');
SELECT results_eq($$SELECT org_id, code, sum(amount) FROM billing_report.fact_charge GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2$$,
	$$SELECT org_id, code, sum(amount) FROM billing.charge_sum GROUP BY 1, 2 HAVING sum(amount) <> 0 ORDER BY 1, 2$$, 'facts of charges, too');
SELECT is((SELECT sum(amount) FROM billing_report.fact_payment),
	(SELECT sum(CASE WHEN debit = 'cash' THEN amount ELSE -amount END) FROM billing_report.cash WHERE 'cash' IN (debit, credit)), 'and those of payments to the cash book');
SELECT is_empty($$SELECT FROM billing_report.fact_usage f LEFT JOIN billing_report.dim_account USING (account_id) LEFT JOIN billing_report.dim_org o ON o.org_id = f.org_id
	LEFT JOIN billing_report.dim_day USING (day_on) LEFT JOIN billing_report.dim_tariff t USING (tariff_key) WHERE account_no IS NULL OR o.org_no IS NULL OR month_on IS NULL OR (t.plan_code IS NULL AND days <> 0)$$,
	'each fact has its dimensions');
SELECT results_eq($$SELECT code, value FROM billing.indicators('C', '2026-02-14') WHERE code IN ('energy_sold', 'revenue', 'average_price')$$,
	$$SELECT v.code, v.value FROM (SELECT sum(kwh) AS kwh, sum(amount) AS amount FROM billing_report.revenue WHERE month_on = '2026-02-01') r
	  CROSS JOIN LATERAL (VALUES ('energy_sold', r.kwh), ('revenue', r.amount), ('average_price', round(r.amount / r.kwh, 6))) v(code, value)$$, 'indicators of a month are those of the reports');
-- a fee that was taken back says nothing of the period's bill
DO $$
DECLARE
	fee	billing.bill;
BEGIN
	SELECT b.* INTO fee FROM billing.bill b WHERE b.from_on = '2026-03-01' AND b.kind = 'normal' ORDER BY b.account_id LIMIT 1;
	fee.kind := 'sundry';
	fee.revision := NULL;
	fee.reason := 'x';
	fee.seq := billing._issue_bill(fee);
	PERFORM billing._reverse_bill(b, 'x') FROM billing.bill b WHERE b.account_id = fee.account_id AND b.seq = fee.seq;
END $$;
SELECT results_eq($$SELECT value FROM billing.indicators('C', '2026-03-01', '{correctness_rate}')$$,
	$$SELECT round(100 - 100.0 * count(*) FILTER (WHERE reversed) / count(*), 2) FROM billing_report.bill WHERE from_on = '2026-03-01' AND kind = 'normal'$$,
	'how many bills were right');
SELECT throws_ok($$SELECT billing._issue_bills(ARRAY[b, b]) FROM billing.bill b LIMIT 1$$, 'XX000', '2 bills are of 1 accounts', 'of an account one bill at a time');
SELECT throws_ok($$SELECT * FROM billing.indicators('nowhere', '2026-03-01')$$, 'P0002', NULL, 'indicators of an organisation that is not there');

-- who reads little of it finds the payments by org, and the bills, too
SELECT count(billing.add_org('T' || n, 'Station', 'station', 'C')) FROM generate_series(1, 9) n \gset
CREATE ROLE sums_reader LOGIN IN ROLE billing_analyst;
SELECT billing.add_staff('S2', 'R', 'x', 'analyst', 'sums_reader'), billing.grant_access('R', 'S2', '{bill,money,account}', '{read}') \gset
CREATE FUNCTION pg_temp.plan_has(query text, index text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line	text;
	has		boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		has := has OR line ~ index;
	END LOOP;
	RETURN has;
END $$;
SET LOCAL enable_seqscan = off;
SET LOCAL SESSION AUTHORIZATION sums_reader;
SELECT ok(pg_temp.plan_has('SELECT sum(amount) FROM billing_report.fact_payment', 'transfer_org_id_idx'), 'payments of an org by an index');
SELECT ok(pg_temp.plan_has('SELECT sum(total) FROM billing.bill', 'bill_org_id_idx'), 'bills of an org by an index');
RESET SESSION AUTHORIZATION;

SELECT finish();
ROLLBACK;
