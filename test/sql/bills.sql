-- bills: accounts, plans and readings; a run with its exceptions; payments, voiding, the chain; moving an account.
--
--	C  company		S1 station: accounts 1001 to 1006		S2 station: account 2001
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT billing.create_roles() <> '' AS roles;
SELECT billing.install() <> '' AS store;
CREATE ROLE regress_boss LOGIN IN ROLE billing_admin, billing_clerk;
CREATE ROLE regress_bob LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_dora LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_home LOGIN IN ROLE billing_customer;
SELECT billing.add_org('C', 'Company', 'company') > 0 AS made;
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') > 0 AS made;
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') > 0 AS made;
SELECT billing.add_staff('C', 'A1', 'Boss', 'manager', 'regress_boss') > 0 AS made;
SELECT billing.grant_access('A1', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');
\c - regress_boss
SELECT count(billing.add_staff(v.org_no, v.staff_no, v.staff_no, v.post, v.role)) AS staff FROM (VALUES
	('S1', 'B1', 'billing clerk', 'regress_bob'), ('S2', 'D1', 'billing clerk', 'regress_dora')) v(org_no, staff_no, post, role);
SELECT billing.grant_post('B1', 'S1'), billing.grant_post('D1', 'S2');

-- 0.50 a kWh, from the 101st of the year on 0.10 more; and one that does not round to the cent
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "Homes", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.50"}, {"code": "tier", "per": "year", "steps": [{"to": "100"}, {"add": "0.10"}]}]}') > 0 AS made;
SELECT billing.add_plan('exact', 'Not rounded', '2026-01-01', '{"name": "Exact", "currency": "CNY", "time_zone": "Asia/Shanghai",
	"charges": [{"code": "energy", "price": "0.12345"}]}') > 0 AS made;
SELECT billing.add_customer('S1', 'Home', 'person', 'regress_home') AS home \gset
SELECT billing.add_customer('S2', 'Firm', 'firm') AS firm \gset
SELECT count(billing.add_account('S1', n::text, :home, '2026-01-01')) AS accounts FROM generate_series(1001, 1006) n;
SELECT billing.add_account('S2', '2001', :firm, '2026-01-01') > 0 AS made;
SELECT count(*) AS plans FROM (SELECT billing.set_plan(n, CASE n WHEN '1005' THEN 'exact' ELSE 'home' END, '2026-01-01') FROM unnest('{1001,1002,1003,1005,1006,2001}'::text[]) n) q;

-- 24 kWh a day each: January 744 kWh, February 672
CREATE FUNCTION pg_temp.month(from_at timestamptz, days integer) RETURNS billing.profile LANGUAGE sql AS
$$ SELECT billing.profile(from_at, interval '1 hour', array_fill(1000::bigint, ARRAY[24 * days]), time_zone => 'Asia/Shanghai') $$;
SELECT billing.record_profile(n, pg_temp.month('2026-01-01 00:00+08', 31)) FROM unnest('{1001,1004,1005,2001}'::text[]) n;
-- 1002 in two pieces, 1003 not at all, 1006 twice the same day (in bulk nobody looks)
SELECT billing.record_profile('1002', pg_temp.month('2026-01-01 00:00+08', 10)), billing.record_profile('1002', pg_temp.month('2026-01-11 00:00+08', 21));
SELECT billing.record_profile('1002', pg_temp.month('2026-01-20 00:00+08', 1));
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT account_id, org_id, p FROM billing.account, (VALUES (pg_temp.month('2026-01-01 00:00+08', 31)), (pg_temp.month('2026-01-20 00:00+08', 1))) v(p) WHERE account_no = '1006';

-- ---- the run ----
\c - regress_bob
BEGIN;
CALL billing.run_bills('S1', '2026-02-01');
ROLLBACK;
CALL billing.run_bills('C', '2026-02-01');
CALL billing.run_bills('S1', '2026-02-01', 2);
SELECT account_no, from_on, until_on, sqlstate, message, detail, hint FROM billing_report.run_exception ORDER BY 1;
SELECT account_no, from_on, until_on, revision, kind, total, currency, issued_by ~ '^staff:' AS staff, reversed FROM billing_report.bill ORDER BY 1;
SELECT account_no, line, code, tier, quantity, price, amount FROM billing_report.bill_line ORDER BY 1, 2;
SELECT a.account_no, t.debit, t.credit, t.amount, h.balance FROM billing.transfer t JOIN billing.account_head h USING (account_id) JOIN billing.account a USING (account_id) ORDER BY 1;
SELECT org_no, phase, accounts_done, accounts_total, bills, exceptions FROM billing.stat_progress;
SELECT * FROM billing.verify();

-- Again: nothing is billed twice; who could not be billed is tried again, and what was missing may have come.
\c - regress_boss
CREATE FUNCTION pg_temp.month(from_at timestamptz, days integer) RETURNS billing.profile LANGUAGE sql AS
$$ SELECT billing.profile(from_at, interval '1 hour', array_fill(1000::bigint, ARRAY[24 * days]), time_zone => 'Asia/Shanghai') $$;
SELECT billing.record_profile('1003', pg_temp.month('2026-01-01 00:00+08', 31));
SELECT billing.set_plan('1004', 'home', '2026-01-01');
CALL billing.run_bills('C', '2026-02-01');
SELECT account_no, sqlstate FROM billing_report.run_exception WHERE run_id = (SELECT max(run_id) FROM billing.bill_run) ORDER BY 1;
SELECT count(*) AS bills, count(DISTINCT account_id) AS accounts, sum(total) AS total FROM billing.bill;

-- Two months at once: the yearly tier goes on where January left it.  From the 15th on another plan: a bill up to that day, and the rest by the other.
SELECT billing.set_plan('1002', 'exact', '2026-02-15');
SELECT billing.record_profile(n, pg_temp.month('2026-02-01 00:00+08', 28)) FROM unnest('{1001,1002}'::text[]) n;
SELECT billing.record_profile('1001', pg_temp.month('2026-03-01 00:00+08', 31));
CALL billing.run_bills('S1', '2026-04-01');
SELECT account_no, from_on, until_on, total FROM billing_report.bill WHERE account_no IN ('1001', '1002') ORDER BY 1, 2;
SELECT account_no, from_on, sqlstate, message, detail FROM billing_report.run_exception WHERE run_id = (SELECT max(run_id) FROM billing.bill_run) AND account_no <= '1002' ORDER BY 1;
SELECT account_no, code, tier, quantity, amount FROM billing_report.bill_line WHERE account_no = '1001' AND billed_from_on = '2026-02-01' ORDER BY line;

-- ---- money ----
SELECT billing.post_payment('1001', 400, 'bank 1');
SELECT billing.post_payment('1001', 400, 'bank 1');
SELECT billing.post_payment('1001', 300, 'bank 1');
SELECT billing.post_payment('1001', 0.005, 'bank 2');
SELECT billing.post_payment('1001', 'NaN', 'bank 2');
SELECT billing.post_payment('1001', -1, 'bank 2');

-- ---- voiding: the last first; then the run makes a new revision ----
SELECT billing.void_bill('1001', '2026-02-01', 'wrong multiplier');
SELECT billing.void_bill('1001', '2026-03-01', 'wrong multiplier');
SELECT billing.void_bill('1001', '2026-03-01', 'wrong multiplier');
SELECT billing.void_bill('1001', '2026-02-01', 'wrong multiplier');
SELECT billed_to, balance FROM billing.account_head JOIN billing.account USING (account_id) WHERE account_no = '1001';
CALL billing.run_bills('S1', '2026-04-01');
SELECT from_on, revision, kind, total, reason, reversed FROM billing_report.bill WHERE account_no = '1001' ORDER BY from_on, revision, kind;
SELECT balance FROM billing.account_head JOIN billing.account USING (account_id) WHERE account_no = '1001';
SELECT * FROM billing.verify();

-- ---- what nobody does ----
SELECT billing.set_plan('1001', 'exact', '2026-01-01');
UPDATE billing.bill SET total = 0;
DELETE FROM billing.transfer;
INSERT INTO billing.transfer VALUES (1, 99, 1, 1, 'cash', 'receivable', 1, now(), 'me', NULL, NULL, '');
SELECT billing._bill_accounts(1, 2, '2027-01-01', 1, 100);
\c - postgres
UPDATE billing.bill SET total = 0;
DELETE FROM billing.transfer;
TRUNCATE billing.bill;
DROP TABLE billing.transfer CASCADE;
\set VERBOSITY terse
DROP EXTENSION billing CASCADE;
DROP SCHEMA billing CASCADE;
DROP OWNED BY billing_owner CASCADE;
DROP EXTENSION billing;
\set VERBOSITY default
SELECT count(*) AS bills FROM billing.bill;

-- What a superuser does behind the triggers, the chain shows, and where.
CREATE FUNCTION pg_temp.forge(what text, statement text) RETURNS TABLE (forgery text, account_no text, seq bigint, problem text) LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL session_replication_role = replica;
	BEGIN
		EXECUTE statement;
		RETURN QUERY SELECT what, v.* FROM billing.verify() v;
		RAISE EXCEPTION 'undo';
	EXCEPTION WHEN raise_exception THEN
		NULL;
	END;
END $$;
CREATE FUNCTION pg_temp.of(text) RETURNS bigint LANGUAGE sql AS 'SELECT account_id FROM billing.account WHERE account_no = $1';
SELECT f.* FROM (VALUES
	(1, 'amount of a bill', $$UPDATE billing.bill SET total = total + 1 WHERE account_id = pg_temp.of('1001') AND seq = 1$$),
	(2, 'day of a bill', $$UPDATE billing.bill SET until_on = until_on - 1 WHERE account_id = pg_temp.of('1001') AND seq = 1$$),
	(3, 'line of a bill', $$UPDATE billing.bill b SET charges = o.charges FROM billing.bill o WHERE b.account_id = pg_temp.of('1001') AND b.seq = 1 AND o.account_id = b.account_id AND o.seq = 3$$),
	(4, 'amount of a transfer', $$UPDATE billing.transfer SET amount = 1 WHERE account_id = pg_temp.of('1001') AND seq = 2$$),
	(5, 'who posted', $$UPDATE billing.transfer SET posted_by = 'staff:7' WHERE account_id = pg_temp.of('1001') AND seq = 2$$),
	(6, 'a transfer less', $$DELETE FROM billing.transfer WHERE account_id = pg_temp.of('1001') AND seq = 2$$),
	(7, 'one put in', $$INSERT INTO billing.transfer SELECT t.account_id, 99, t.org_id, t.issued_org_id, t.debit, t.credit, t.amount, t.posted_at, t.posted_by, NULL, NULL, t.link FROM billing.transfer t WHERE t.account_id = pg_temp.of('2001')$$),
	(8, 'two exchanged', $$UPDATE billing.transfer SET seq = 1000 WHERE account_id = pg_temp.of('1001') AND seq = 2; UPDATE billing.transfer SET seq = 2 WHERE account_id = pg_temp.of('1001') AND seq = 4;
		UPDATE billing.transfer SET seq = 4 WHERE account_id = pg_temp.of('1001') AND seq = 1000$$),
	(9, 'the tail cut off', $$WITH b AS (DELETE FROM billing.bill WHERE account_id = pg_temp.of('2001')) DELETE FROM billing.transfer WHERE account_id = pg_temp.of('2001')$$),
	(10, 'the balance', $$UPDATE billing.account_head SET balance = 0 WHERE account_id = pg_temp.of('2001')$$),
	(11, 'the head', $$DELETE FROM billing.account_head WHERE account_id = pg_temp.of('2001')$$),
	(12, 'a row given to another org', $$UPDATE billing.bill SET org_id = 1 WHERE account_id = pg_temp.of('2001')$$),
	(13, 'a reading', $$UPDATE billing.reading SET profile = billing.scale(profile, 0.5) WHERE account_id = pg_temp.of('2001')$$),
	(14, 'nothing', 'SELECT 1')) v(place, what, statement), pg_temp.forge(v.what, v.statement) f ORDER BY v.place, f.account_no, f.seq, f.problem;
-- and settings do not make a difference
SET DateStyle = 'German, DMY'; SET TimeZone = 'America/Lima'; SET extra_float_digits = 0; SET client_encoding = 'LATIN1'; SET lc_monetary = 'C'; SET bytea_output = 'escape';
SELECT * FROM billing.verify();
RESET ALL;

-- ---- who sees what, before and after an account moves ----
\c - regress_dora
SELECT (SELECT count(*) FROM billing.account) AS accounts, (SELECT count(*) FROM billing.bill) AS bills, (SELECT count(*) FROM billing.reading) AS readings,
	   (SELECT count(*) FROM billing.transfer) AS transfers, (SELECT count(*) FROM billing.customer) AS customers;
SELECT billing.transfer_account('1001', 'S2', 'mine now');
\c - regress_bob
SELECT billing.transfer_account('1001', 'S2', 'yours now');
SELECT count(*) AS bills, sum(total) AS total FROM billing.bill b JOIN billing.account a USING (account_id) WHERE account_no = '1001';
\c - regress_boss
SELECT billing.transfer_account('1001', 'S2', 'new border of the stations');
SELECT * FROM billing.verify();
\c - regress_bob
SELECT (SELECT count(*) FROM billing.account WHERE account_no = '1001') AS accounts, (SELECT count(*) FROM billing_report.bill WHERE account_no = '1001') AS bills;
SELECT billing.post_payment('1001', 1, 'late');
\c - regress_dora
SELECT (SELECT count(*) FROM billing.account) AS accounts, (SELECT count(*) FROM billing.bill) AS bills, (SELECT count(*) FROM billing.reading) AS readings,
	   (SELECT count(*) FROM billing.transfer) AS transfers, (SELECT count(*) FROM billing.customer) AS customers;
SELECT from_on, revision, kind, org_no, total FROM billing_report.bill WHERE account_no = '1001' ORDER BY 1, 2, 3;
SELECT billing.post_payment('1001', 100, 'counter 7');
SELECT * FROM billing.verify('1001');

-- A customer: his own, at whatever station, and nothing else.
\c - regress_home
SELECT billing.actor() ~ '^customer:' AS customer, (SELECT count(*) FROM billing.account) AS accounts, (SELECT count(*) FROM billing.bill) AS bills,
	   (SELECT count(*) FROM billing.customer) AS customers;
SELECT account_no, sum(total) AS total FROM billing_report.bill GROUP BY 1 ORDER BY 1;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM billing.bill;
RESET enable_seqscan;
SELECT billing.post_payment('1001', 100, 'home');
SELECT * FROM billing.run_exception;
SELECT count(*) FROM billing.verify();

-- What does not exist and what is another's: the same words; keys tell nothing.
\c - regress_bob
\setenv PGDATABASE :DBNAME
SELECT billing.record_profile('2001', billing.profile('2026-03-01 00:00+00', interval '1 day', '{1}'::bigint[]));
SELECT billing.record_profile('9999', billing.profile('2026-03-01 00:00+00', interval '1 day', '{1}'::bigint[]));
SELECT account_id AS mine, org_id AS my_org FROM billing.account WHERE account_no = '1002' \gset
\c - postgres
SELECT account_id AS other, org_id AS other_org, customer_id AS other_customer FROM billing.account WHERE account_no = '2001' \gset
\c - regress_bob
\! psql -XAtqU regress_boss -c "SELECT billing.grant_access('B1', 'S1', '{reading}', '{write}')"
-- into another's account as another org, as one's own org, and into one that does not exist
CREATE FUNCTION pg_temp.said(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE detail text;
BEGIN
	EXECUTE statement;
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(' | ', SQLSTATE, SQLERRM, regexp_replace(detail, '[0-9]+', 'N', 'g'));
END $$;
SELECT w.way, pg_temp.said(format('INSERT INTO billing.reading (account_id, org_id, profile) VALUES (%s, %s, billing.profile(''2026-03-01 00:00+00'', interval ''1 day'', ''{1}''::bigint[]))', w.account, w.org))
  FROM (VALUES (1, 'another''s, as his org', :other, :other_org), (2, 'another''s, as mine', :other, :my_org), (3, 'none, as mine', 999999, :my_org), (4, 'none, as none', 999999, 888888)) w(place, way, account, org) ORDER BY w.place;
SELECT w.way, pg_temp.said(format('INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) VALUES (%s, %s, %L, ''2026-01-01'')', :my_org, w.customer, '7' || w.place))
  FROM (VALUES (1, 'another''s customer', :other_customer), (2, 'none', 999999)) w(place, way, customer) ORDER BY w.place;

-- The code made anew over a filled store: rows, chains and eyes are as before.
\c - postgres
SET client_min_messages = error;
UPDATE billing.store SET digest = '';
SELECT billing.install();
SELECT count(*) FROM billing.verify();
\c - regress_home
SELECT count(*) AS bills FROM billing.bill;
\c - postgres
SET client_min_messages = error;
ALTER EVENT TRIGGER billing_guard_start DISABLE;
ALTER EVENT TRIGGER billing_guard_end DISABLE;
DROP EVENT TRIGGER billing_guard_start;
DROP EVENT TRIGGER billing_guard_end;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
DROP ROLE regress_boss, regress_bob, regress_dora, regress_home;
