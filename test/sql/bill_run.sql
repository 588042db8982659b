-- a bill run writes rows without statements: what a DBA has put on the tables has its effect all the same, and the
-- bills are those of rate().
--
--	C company	S station: accounts 1 to 300, of which every tenth has two readings, every seventh pays nothing
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT billing.create_roles() <> '' AS roles;
SELECT billing.install() <> '' AS store;
SELECT billing.add_org('C', 'Company', 'company') > 0 AS made;
SELECT billing.add_org('S', 'Station', 'station', 'C') > 0 AS made;
CREATE ROLE regress_runner LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('C', 'A1', 'Runner', 'manager', 'regress_runner') > 0 AS made;
SELECT billing.grant_access('A1', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "Homes", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.50"}, {"code": "tier", "per": "year", "steps": [{"to": "100"}, {"add": "0.10"}]}]}') > 0 AS made;
SELECT billing.add_customer('S', 'Home', 'person') AS home \gset
SELECT count(billing.add_account('S', n::text, :home, '2026-01-01')) AS accounts FROM generate_series(1, 300) n;
SELECT count(*) AS plans FROM (SELECT billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 300) n) q;
CREATE FUNCTION month(from_at timestamptz, days integer, each bigint) RETURNS billing.profile LANGUAGE sql AS
$$ SELECT billing.profile(from_at, interval '1 hour', array_fill(each, ARRAY[24 * days]), time_zone => 'Asia/Shanghai') $$;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, month(m.at, m.days, CASE WHEN a.account_no::integer % 7 = 0 THEN 0 ELSE 1000 + a.account_no::integer END)
  FROM billing.account a, (VALUES ('2026-01-01 00:00+08'::timestamptz, 31), ('2026-02-01 00:00+08', 28), ('2026-03-01 00:00+08', 10), ('2026-03-11 00:00+08', 21),
								  ('2026-04-01 00:00+08', 30), ('2026-05-01 00:00+08', 31)) m(at, days);
INSERT INTO billing.reading (account_id, org_id, channel, profile)
SELECT a.account_id, a.org_id, 'export', month('2026-01-01 00:00+08', 31, 1) FROM billing.account a WHERE a.account_no::integer % 10 = 0;
CREATE VIEW rated AS
SELECT b.account_id, b.from_on, b.charges::text = billing.rate(v.tariff, billing._usage_of(b.account_id, daterange(b.from_on, b.until_on)), daterange(b.from_on, b.until_on), '{}', NULL,
		 (SELECT billing.carry(p.charges) FROM billing.bill p WHERE p.account_id = b.account_id AND p.until_on = b.from_on))::text AS same,
	   b.usage_digest = billing._usage_digest_at(b.account_id, b.from_on, b.until_on, b.seq) AS same_readings
  FROM billing.bill b, billing.plan_version v;

-- ---- two months behind, in chunks that are no multiple of what is written at once ----
\c - regress_runner
CALL billing.run_bills('C', '2026-03-01', 290);
\c - postgres
SELECT from_on, count(*), sum(total), bool_and(same) AS same, bool_and(same_readings) AS same_readings FROM billing.bill JOIN rated USING (account_id, from_on) GROUP BY 1 ORDER BY 1;
SELECT count(*) AS transfers, sum(amount) AS amount FROM billing.transfer;
SELECT count(*) AS heads, sum(balance) AS balance, min(billed_to), max(seq), min(seq) FROM billing.account_head;
SELECT * FROM billing.verify();
SELECT * FROM billing.check_sums();

-- ---- a column with a default, and a trigger, on each table that is written ----
ALTER TABLE billing.bill ADD COLUMN batch text;
ALTER TABLE billing.bill ALTER batch SET DEFAULT 'March';
CREATE TABLE written (what text, how text, account_id bigint);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS
$$ BEGIN INSERT INTO public.written VALUES (TG_TABLE_NAME, TG_OP, NEW.account_id); RETURN NULL; END $$;
CREATE TRIGGER note_transfer AFTER INSERT ON billing.transfer FOR EACH ROW EXECUTE FUNCTION note();
CREATE TRIGGER note_head AFTER UPDATE ON billing.account_head FOR EACH ROW EXECUTE FUNCTION note();
\c - regress_runner
CALL billing.run_bills('C', '2026-04-01');
\c - postgres
SELECT what, how, count(DISTINCT account_id) FROM written GROUP BY 1, 2 ORDER BY 1, 2;
SELECT from_on, batch, count(*), sum(total), bool_and(same) AS same, bool_and(same_readings) AS same_readings FROM billing.bill JOIN rated USING (account_id, from_on) GROUP BY 1, 2 ORDER BY 1;
SELECT * FROM billing.verify();
SELECT * FROM billing.check_sums();

-- ---- indexes and constraints of somebody's own ----
DROP TRIGGER note_transfer ON billing.transfer;
DROP TRIGGER note_head ON billing.account_head;
ALTER TABLE billing.bill DROP COLUMN batch;
CREATE INDEX own_head_idx ON billing.account_head (billed_to);
CREATE UNIQUE INDEX own_bill_idx ON billing.bill (link);
ALTER TABLE billing.bill ADD CONSTRAINT own_limit CHECK (total < 440 OR from_on < '2026-04-01');
\c - regress_runner
CALL billing.run_bills('C', '2026-05-01', 77);
SELECT sqlstate, message, count(*) FROM billing_report.run_exception GROUP BY 1, 2;
\c - postgres
ALTER TABLE billing.bill DROP CONSTRAINT own_limit;
\c - regress_runner
CALL billing.run_bills('C', '2026-05-01');
\c - postgres
SELECT from_on, count(*), sum(total), bool_and(same) AS same, bool_and(same_readings) AS same_readings FROM billing.bill JOIN rated USING (account_id, from_on) GROUP BY 1 ORDER BY 1;
SET enable_seqscan = off;
SELECT count(*) AS by_index FROM billing.account_head WHERE billed_to = '2026-05-01';
SELECT * FROM billing.verify();
SELECT * FROM billing.check_sums();

-- ---- without the right to read what is billed there is no run ----
SELECT billing.revoke_access('A1', 'C', '{reading}');
\c - regress_runner
CALL billing.run_bills('C', '2026-06-01');

\c - postgres
SET client_min_messages = error;
DROP VIEW rated;
ALTER EVENT TRIGGER billing_guard_start DISABLE;
ALTER EVENT TRIGGER billing_guard_end DISABLE;
DROP EVENT TRIGGER billing_guard_start;
DROP EVENT TRIGGER billing_guard_end;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
DROP FUNCTION month, note;
DROP TABLE written;
DROP ROLE regress_runner;
