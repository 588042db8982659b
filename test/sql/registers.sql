-- registers: bills made of readings of registers and of formed usage, through runs; a published bill; an exchange of meters; estimates that are settled; an account that moves.
\getenv srcdir PG_ABS_SRCDIR
SET client_min_messages = warning;
SET DateStyle = ISO;
\cd :srcdir
\set SHOW_CONTEXT never
SELECT billing.create_roles() <> '' AS roles;
SELECT billing.install() <> '' AS store;
SELECT billing.add_org('C', 'Company', 'company') > 0 AS made, billing.add_org('S1', 'Station 1', 'station', 'C') > 0 AS made, billing.add_org('S2', 'Station 2', 'station', 'C') > 0 AS made;
SELECT billing.add_customer('S1', 'Works', 'firm') AS customer \gset

-- The published bill of a two-part customer read on the 24th, whose capacity is reduced on 30 July: 23,798.32.
\set golden `cat golden/cn_capacity_reduction.json`
SELECT billing.add_plan('two', 'Two-part', '2020-07-24', (:'golden'::jsonb -> 'tariff')::text::billing.tariff) > 0 AS made;
SELECT billing.add_account('S1', 'W1', :customer, '2020-07-24') > 0 AS made;
SELECT billing.set_plan('W1', 'two', '2020-07-24', :'golden'::jsonb -> 'terms');
SELECT billing.set_usage_from('register', '{W1}', cycle_day => 24);
SELECT * FROM billing.record_registers('S1', '[
	{"account_no": "W1", "register": "total", "read_on": "2020-07-24", "value": 8000, "kind": "opening", "multiplier": 100, "digits": 6},
	{"account_no": "W1", "register": "reactive_import", "read_on": "2020-07-24", "value": 5000, "kind": "opening", "multiplier": 100, "digits": 6},
	{"account_no": "W1", "register": "total", "read_on": "2020-07-30", "value": 8200, "kind": "special"},
	{"account_no": "W1", "register": "reactive_import", "read_on": "2020-07-30", "value": 5120, "kind": "special"},
	{"account_no": "W1", "register": "total", "read_on": "2020-08-24", "value": 8500},
	{"account_no": "W1", "register": "reactive_import", "read_on": "2020-08-24", "value": 5320}]');
CALL billing.run_bills('C', '2020-08-24');
SELECT from_on, until_on, total, total = (:'golden'::jsonb #>> '{expect,total}')::numeric AS as_published FROM billing_report.bill;
SELECT code, quantity, amount FROM billing_report.bill_line ORDER BY line;

-- A month estimated, and settled by the next: 620 in January; 1,620 up to April, and of that 560 estimated for February.
SELECT billing.add_plan('plain', 'Plain', '2026-01-01', '{"name": "Plain", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "1"}]}') > 0 AS made;
SELECT count(billing.add_account('S1', a, :customer, '2026-01-01')) AS made FROM unnest('{E,F,F1,F2}'::text[]) a;
SELECT count(*) AS planned FROM unnest('{E,F,F1,F2}'::text[]) a, LATERAL (SELECT billing.set_plan(a, 'plain', '2026-01-01')) p;
SELECT billing.set_usage_from('register', '{E}');
SELECT billing.record_register('E', '2026-01-01', 'total', 0, 'opening', digits => 5), billing.record_register('E', '2026-02-01', 'total', 620), billing.estimate_register('E', '2026-03-01', 'previous'),
	billing.record_register('E', '2026-04-01', 'total', 1620);
CALL billing.run_bills('S1', '2026-04-01');
SELECT from_on, until_on, total FROM billing_report.bill WHERE account_no = 'E' ORDER BY from_on;
SELECT billed_from_on, quantity, estimated FROM billing_report.bill_line WHERE account_no = 'E' ORDER BY 1;
-- billed readings stay; the others give way; what a voided bill was made of is kept too
SELECT billing.record_register('E', '2026-03-01', 'total', 1000);
SELECT billing.record_register('E', '2026-05-01', 'total', 2100), billing.record_register('E', '2026-05-01', 'total', 2150);
SELECT value, state FROM billing_report.register_reading WHERE account_no = 'E' AND read_on = '2026-05-01' ORDER BY entry_no;
-- a bill that was made of an estimate is voided, and made of what was read after all
SELECT billing.void_bill('E', '2026-03-01', 'read after all') > 0 AS voided, billing.void_bill('E', '2026-02-01', 'read after all') > 0 AS voided;
SELECT billing.record_register('E', '2026-03-01', 'total', 1000);
CALL billing.run_bills('S1', '2026-05-01');
SELECT from_on, revision, kind, total FROM billing_report.bill WHERE account_no = 'E' ORDER BY from_on, revision, kind;

-- Formed: two accounts share what a third has measured; billed only when it is formed, and as it is.
SELECT billing.record_register('F', '2026-01-01', 'total', 0, 'opening', digits => 6), billing.record_register('F', '2026-02-01', 'total', 100), billing.record_register('F', '2026-03-01', 'total', 201);
SELECT billing.add_forming_rule('F', 'share', '2026-01-01', '{"weight": 2, "step_kwh": 1}', other_account_no => 'F1') AS rule, billing.add_forming_rule('F', 'share', '2026-01-01', '{"weight": 1, "step_kwh": 1}', other_account_no => 'F2') AS rule;
CALL billing.run_bills('S1', '2026-03-01');
SELECT account_no, sqlstate, message FROM billing_report.run_exception WHERE account_no LIKE 'F%' ORDER BY run_id, account_no;
SELECT * FROM billing.form_usage('S1', '2026-03-01');
SELECT billing.record_register('F', '2026-03-01', 'total', 211);
CALL billing.run_bills('S1', '2026-03-01');
SELECT account_no, from_on, sqlstate, message FROM billing_report.run_exception WHERE run_id = (SELECT max(run_id) FROM billing.bill_run) ORDER BY account_no;
SELECT * FROM billing.form_usage('S1', '2026-03-01');
CALL billing.run_bills('S1', '2026-03-01');
SELECT account_no, from_on, total FROM billing_report.bill WHERE account_no LIKE 'F%' ORDER BY 1, 2;

-- All of it goes with an account that moves, and the chain is whole.
SELECT billing.transfer_account(a, 'S2', 'new border') FROM unnest('{E,F1}'::text[]) a;
SELECT o.org_no, (SELECT count(*) FROM billing.register_reading r WHERE r.org_id = o.org_id) AS readings, (SELECT count(*) FROM billing.formed_usage r WHERE r.org_id = o.org_id) AS formed,
	(SELECT count(*) FROM billing.formed_line r WHERE r.org_id = o.org_id) AS lines FROM billing.org o ORDER BY 1;
SELECT * FROM billing.verify();
-- what a superuser changes behind it is seen
SET session_replication_role = replica;
UPDATE billing.register_reading SET value = value + 1 WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'W1') AND read_on = '2020-08-24' AND register = 'total';
UPDATE billing.formed_usage SET usage = '{}' WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'F2') AND from_on = '2026-01-01';
RESET session_replication_role;
SELECT * FROM billing.verify();

ALTER EVENT TRIGGER billing_guard_start DISABLE;
ALTER EVENT TRIGGER billing_guard_end DISABLE;
DROP EVENT TRIGGER billing_guard_start;
DROP EVENT TRIGGER billing_guard_end;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
