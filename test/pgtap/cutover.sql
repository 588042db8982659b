-- cutover: what accounts bring from an old system, whole or not at all, balanced, posted by a second person, once.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_own LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'billing clerk', 'tap_ann') AS a \gset
SELECT billing.add_staff('S1', 'B', 'Ben', 'manager', 'tap_ben') AS b \gset
SELECT billing.add_staff('S2', 'C', 'Cid', 'manager', 'tap_cid') AS cc \gset
SELECT billing.grant_post(v, 'S1') FROM unnest('{A,B}'::text[]) v \g /dev/null
SELECT billing.grant_post('C', 'S2') \g /dev/null
SELECT billing.grant_access('A', 'S1', '{money,bill}', '{approve}') \g /dev/null
SELECT billing.add_plan('home', 'Homes', '2020-01-01', '{"name": "h", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [
	{"code": "tier", "per": "year", "steps": [{"to": "1000", "price": "0.5"}, {"price": "1"}]}]}') AS p \gset
SELECT billing.add_customer('S1', 'Own', 'person', 'tap_own') AS own, billing.add_customer('S2', 'Other') AS other \gset
SELECT billing.add_account('S1', n::text, :own, '2015-05-01') FROM generate_series(1, 6) n \g /dev/null
SELECT billing.add_account('S2', '9', :other, '2015-05-01') \g /dev/null
SELECT billing.add_account('S1', '7', :own, '2026-06-01') \g /dev/null
SELECT billing.set_plan(n::text, 'home', '2015-05-01') FROM generate_series(1, 6) n \g /dev/null
SELECT billing.record_profile('1', billing.profile('2026-04-01 00:00+00', interval '1 hour', array_fill(1000::bigint, '{720}'))) \g /dev/null
-- meters: M4 hangs at account 4 since 2020, M3 is hung at account 3 on the day of the cut-over
INSERT INTO billing.meter_type (type_code, maker, model, phases, voltage_v, basic_current_a, max_current_a, accuracy) VALUES ('t', 'm', 'm', 1, 220, 5, 60, '1');
INSERT INTO billing.meter_type_register (meter_type_id, register, digits, decimals, unit) SELECT meter_type_id, 'total', 5, 2, 'kWh' FROM billing.meter_type;
INSERT INTO billing.meter (org_id, meter_no, meter_type_id) SELECT :s1, m, meter_type_id FROM billing.meter_type, unnest('{M3,M4}'::text[]) m;
INSERT INTO billing.service_point (account_id, org_id, placed_on, from_on) SELECT account_id, org_id, '2015-05-01', '2015-05-01' FROM billing.account WHERE account_no IN ('3', '4');
INSERT INTO billing.meter_install (account_id, from_at, meter_id, org_id, meter_no, meter_type_id, ct_primary, ct_secondary)
SELECT a.account_id, v.at, m.meter_id, a.org_id, m.meter_no, m.meter_type_id, 40, 1
  FROM (VALUES ('3', 'M3', '2026-04-01 00:00+00'::timestamptz), ('4', 'M4', '2020-01-01 00:00+00')) v(account_no, meter_no, at)
  JOIN billing.account a USING (account_no) JOIN billing.meter m USING (meter_no);
INSERT INTO billing.meter_install_register (account_id, from_at, meter_id, register, org_id, start_value)
SELECT account_id, from_at, meter_id, 'total', org_id, 100 FROM billing.meter_install;

SELECT plan(72);

-- ---- a row, read strictly ----
CREATE FUNCTION pg_temp.said(raw jsonb) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM billing._cutover_row(raw, '2026-04-01');
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
SELECT is(pg_temp.said(v.raw::jsonb), v.said, v.raw)
  FROM (VALUES
	('{"account_no": "1", "receivable": "12.30"}', 'taken'), ('{"account_no": "1", "receivable": -12.3, "advance": 0}', 'taken'),
	('{"account_no": "1", "year_kwh.tier": "830.5", "demand_kw.demand.2026-02": "31", "register.total": "5120", "meter_no": "M1"}', 'taken'),
	('[]', '22023 a row is an object'), ('{"account_no": "1", "recievable": "12.30"}', '22023 unknown field "recievable"'),
	('{"account_no": "1", "receivable": "NaN"}', '22023 field "receivable" is no amount in whole cents'), ('{"account_no": "1", "receivable": "Infinity"}', '22023 field "receivable" is no amount in whole cents'),
	('{"account_no": "1", "receivable": "1,200.00"}', '22023 field "receivable" is no amount in whole cents'), ('{"account_no": "1", "receivable": "1e3"}', '22023 field "receivable" is no amount in whole cents'),
	('{"account_no": "1", "receivable": "12.345"}', '22023 field "receivable" is no amount in whole cents'), ('{"account_no": "1", "receivable": "9999999999999999"}', '22023 field "receivable" is no amount in whole cents'),
	('{"account_no": "1", "receivable": {"a": 1}}', '22023 field "receivable" is no amount in whole cents'),
	('{"account_no": "1", "advance": "-1"}', '22023 an advance or deposit is not below zero'), ('{"account_no": "1", "currency": "yuan"}', '22023 field "currency" is no currency'),
	('{"account_no": "1", "carry": {"counters": {"tier": {"year": 2026, "kwh": "-1"}}}}', 'UB205 the carry is not valid at $.counters.tier.kwh'),
	('{"account_no": "1", "carry": "{\"demand\": [{\"name\": \"d\", \"month\": \"2026-04\", \"kw\": 1}]}"}', 'UB205 the carry is of a time after the cut-over'),
	('{"account_no": "1", "carry": {}, "year_kwh.tier": "1"}', '22023 the carry is given twice'),
	('{"account_no": "1", "registers": [{"register": "total", "value": "NaN"}]}', '22023 a register reading has register, value, and perhaps part and meter_no'),
	('{"account_no": "1", "registers": [{"register": "total", "value": "1"}], "register.total": "2"}', '22023 a register is given twice'),
	('{"account_no": "1", "disputes": [{"amount": "5", "about": "x", "opened_on": "2026-05-01"}]}', '22023 a dispute has an amount above zero, what it is about, and a day before the cut-over'),
	('{"account_no": "1", "disputes": [{"amount": "0", "about": "x", "opened_on": "2026-03-01"}]}', '22023 a dispute has an amount above zero, what it is about, and a day before the cut-over')
	) v(raw, said);

-- ---- CSV ----
SELECT results_eq($$SELECT * FROM billing._csv_rows(E'a,b\r\n"x, y","say ""hi"""\n\n1,\n"two\nlines",z', ',')$$,
	$$VALUES (1::bigint, '{a,b}'::text[]), (2, ARRAY['x, y', 'say "hi"']), (4, '{1,""}'), (5, ARRAY[E'two\nlines', 'z'])$$, 'quotes, empty lines and fields, line ends of all kinds');
SELECT throws_ok(format('SELECT * FROM billing._csv_rows(%L, %L)', d, ','), '22P02', NULL, 'no CSV: ' || d) FROM unnest(ARRAY['a,"b', 'a,b"c', '"a"b,c']) d;
SELECT throws_ok($$SELECT * FROM billing._csv_rows('a', 'x')$$, '22023', NULL, 'nor separated by a letter');

-- ---- the import ----
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.cutover_import('S2', 'x', '2026-04-01', '[]')$$, 'P0002', NULL, 'not for another station');
SELECT throws_ok($$SELECT billing.cutover_import('S1', 'x', '2026-04-01', '{}')$$, '22023', NULL, 'rows are a list');
SELECT throws_ok($$SELECT billing.cutover_import('S1', 'x', 'infinity', '[]')$$, '22023', NULL, 'a cut-over has a day');
SELECT throws_ok($$SELECT billing.cutover_import('S1', 'x', '2026-04-01', '[]', '{"balance": 1}')$$, '22023', NULL, 'control totals are of known items');
SELECT throws_ok($$SELECT billing.cutover_import('S1', 'x', '2026-04-01', '[]', '{"receivable": "NaN"}')$$, '22023', NULL, 'and numbers');
CREATE TEMPORARY TABLE old (items jsonb, control jsonb);
INSERT INTO old VALUES ('[
	{"account_no": "1", "receivable": "120.50", "advance": "30", "deposit": "200", "currency": "CNY", "year_kwh.tier": "900", "demand_kw.demand.2026-03": "31.5",
	 "disputes": [{"opened_on": "2026-02-03", "amount": "20.50", "about": "estimated in January", "reference": "bill 2026-01"}]},
	{"account_no": "2", "receivable": "-15.00", "register.total": "777.7"},
	{"account_no": "3", "deposit": "500", "meter_no": "M3", "register.total": "100"},
	{"account_no": "4", "registers": [{"meter_no": "M4", "register": "total", "value": "51234.5"}]},
	{"account_no": "5", "receivable": "NaN"},
	{"account_no": "6", "receivable": "1"}, {"account_no": "6", "receivable": "2"},
	{"account_no": "7", "receivable": "3"},
	{"account_no": "9", "receivable": "4"},
	{"account_no": "404", "receivable": "5"},
	{"receivable": "6"},
	{"account_no": "1", "registers": [{"register": "total", "value": "1", "meter_no": "M1"}]},
	"row"]', '{"accounts": 4, "receivable": "105.50", "advance": "30", "deposit": "700", "year_kwh": 900, "disputed": "20.50"}');
SELECT isnt(billing.cutover_import('S1', 'first', '2026-04-01', items, control), NULL, 'an import of all sorts') FROM old;
SELECT results_eq($$SELECT row_no, account_no, sqlstate, message FROM billing_report.cutover_reject WHERE cutover_no = 'first' ORDER BY 1$$,
	$$VALUES (1, '1', 'UB322', 'account 1 has 2 rows'), (5, '5', '22023', 'field "receivable" is no amount in whole cents'),
		(6, '6', 'UB322', 'account 6 has 2 rows'), (7, '6', 'UB322', 'account 6 has 2 rows'), (8, '7', 'UB321', 'account 7 has begun here'),
		(9, '9', 'P0002', 'account 9 does not exist, or not for you'), (10, '404', 'P0002', 'account 404 does not exist, or not for you'),
		(11, NULL, '22004', 'the row has no account_no'), (12, '1', 'UB322', 'account 1 has 2 rows'), (13, NULL, '22023', 'a row is an object')$$, 'each reject has its reason');
SELECT is((SELECT count(DISTINCT raw) FROM billing_report.cutover_reject), 10::bigint, 'and what came');
SELECT throws_ok($$SELECT billing.approve_cutover('first')$$, 'UB603', NULL, 'who brought it in does not approve it');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.approve_cutover('first')$$, 'UB323', 'cut-over first does not balance', 'nor does anybody one that does not balance');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT throws_ok($$SELECT billing.approve_cutover('first')$$, 'P0002', NULL, 'nor is it there for another station');
SELECT is((SELECT count(*) FROM billing.cutover) + (SELECT count(*) FROM billing.cutover_item) + (SELECT count(*) FROM billing.cutover_reject), 0::bigint, 'which sees none of it');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ann;
UPDATE old SET items = (SELECT jsonb_agg(v ORDER BY n) FROM jsonb_array_elements(items) WITH ORDINALITY e(v, n) WHERE n <= 4);
SELECT throws_ok($$SELECT billing.cutover_import('S1', 'first', '2026-04-01', items, control) FROM old$$, 'UB302', NULL, 'something else needs another number');
SELECT isnt(billing.cutover_import('S1', 'second', '2026-04-01', items, control), NULL, 'which is taken') FROM old;
SELECT is((SELECT array_agg(message ORDER BY row_no) FROM billing_report.cutover_reject WHERE cutover_no = 'second'),
	'{account 2 is in another cut-over,account 3 is in another cut-over,account 4 is in another cut-over}', 'but for accounts that came with the first');
SELECT lives_ok($$SELECT billing.withdraw_cutover(n, 'rows were missing') FROM unnest('{first,second}'::text[]) n$$, 'both are withdrawn');
SELECT throws_ok($$SELECT billing.withdraw_cutover('first', 'again')$$, 'UB324', NULL, 'once');
SELECT billing.cutover_import('S1', 'third', '2026-04-01', items, control) AS third FROM old \gset
SELECT is(billing.cutover_import('S1', 'third', '2026-04-01', items, control), :third::bigint, 'the same again is the same') FROM old;
SELECT results_eq($$SELECT item, accounts, amount, control, difference FROM billing.cutover_report('third')$$,
	$$VALUES ('accounts', 4::bigint, 4::numeric, 4::numeric, 0::numeric), ('receivable', 2, 105.50, 105.50, 0.00), ('advance', 1, 30.00, 30, 0), ('deposit', 2, 700.00, 700, 0),
		('disputed', 1, 20.50, 20.50, 0), ('year_kwh', 1, 900, 900, 0), ('registers', 3, 3, NULL, NULL)$$, 'it balances');
SELECT is((SELECT count(*) FROM billing.transfer), 0::bigint, 'and nothing is posted yet');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT results_eq($$SELECT * FROM billing.approve_cutover('third')$$, $$VALUES (4::bigint, 0::bigint)$$, 'the second person posts it');
SELECT throws_ok($$SELECT billing.approve_cutover('third')$$, 'UB324', NULL, 'once');
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT a.account_no, r.read_on, r.kind, r.value, r.multiplier, r.state, r.source FROM billing.register_reading r JOIN billing.account a USING (account_id) ORDER BY 1, 2$$,
	$$VALUES ('2', '2026-04-01'::date, 'opening', 777.7, 1::numeric, 'valid', 'cut-over third'), ('3', '2026-04-01', 'opening', 100, 40, 'valid', 'meter M3'),
			 ('4', '2020-01-01', 'opening', 100, 40, 'valid', 'meter M4'), ('4', '2026-04-01', 'regular', 51234.5, 40, 'valid', 'cut-over third')$$,
	'last readings, with what is known of the meter; that of one hung that day is there');
SELECT is((SELECT p.problem FROM billing._cutover_register_problems(ARRAY[a.account_id], ARRAY[v.registers::jsonb], '2026-04-01') p), v.problem, coalesce(v.problem, 'no problem'))
  FROM (VALUES ('3', '[{"register": "total", "value": "100"}]', NULL), ('3', '[{"register": "total", "value": "101"}]', 'the register is 100 that day, not 101'),
			   ('4', '[{"register": "total", "value": "100000"}]', '100000 does not fit 5 digits'), ('4', '[{"register": "total", "value": "51234.5", "meter_no": "M3"}]', 'meter M3 does not hang at part "main"'),
			   ('4', '[{"register": "peak", "value": "1"}]', 'there is no register "peak"'), ('5', '[{"register": "tootal", "value": "1"}]', 'there is no register "tootal"'),
			   ('5', '[{"register": "total", "value": "1", "meter_no": "M9"}]', 'meter M9 does not hang at part "main"')) v(account_no, registers, problem)
  JOIN billing.account a USING (account_no);
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT results_eq($$SELECT a.account_no, t.seq, t.debit, t.credit, t.amount FROM billing.transfer t JOIN billing.account a USING (account_id) ORDER BY 1, 2$$,
	$$VALUES ('1', 1::bigint, 'receivable', 'opening', 120.50), ('1', 2, 'opening', 'advance', 30.00), ('1', 3, 'opening', 'deposit', 200.00),
			 ('2', 1, 'opening', 'receivable', 15.00), ('3', 1, 'opening', 'deposit', 500.00)$$, 'book by book, from book opening');
SELECT is((SELECT array_agg(balance || ' ' || billed_to ORDER BY account_id) FROM billing.account_head WHERE account_id IN (SELECT account_id FROM billing.account WHERE account_no <= '4')),
	'{"120.50 2026-04-01","-15.00 2026-04-01","0.00 2026-04-01","0.00 2026-04-01"}', 'balances, and billed from the day on');
SELECT is((SELECT jsonb_build_array(billing.jsonb(h.carry), h.currency) FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = '1'),
	'[{"counters": {"tier": {"year": 2026, "kwh": "900"}}, "demand": [{"name": "demand", "month": "2026-03", "kw": "31.5"}]}, "CNY"]', 'the carry is there for the first bill');
SELECT is_empty('SELECT * FROM billing.verify()', 'the chains are whole');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_own;
SELECT results_eq('SELECT account_no, amount, about FROM billing_report.dispute', $$VALUES ('1', 20.50, 'estimated in January')$$, 'the customer sees his dispute');
SELECT throws_ok('SELECT * FROM billing.cutover_item', '42501', NULL, 'and no import');
RESET SESSION AUTHORIZATION;

SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.cutover_import_csv('S1', 'csv', '2026-04-01', 'account,receivable')$$, '22023', NULL, 'a CSV names account_no');
SELECT billing.cutover_import_csv('S1', 'csv', '2026-04-01', E'\ufeffaccount_no;receivable;year_kwh.tier\n5;7.00;12\n6;8;\n7;1\n', delimiter => ';') \g /dev/null
SELECT is((SELECT array_agg(amount) FROM billing.cutover_report('csv')), '{2,15.00,0.00,0.00,0,12,0}', 'lines of a CSV are rows');
SELECT is((SELECT array_agg(row_no || ' ' || message) FROM billing_report.cutover_reject WHERE cutover_no = 'csv'), '{"3 a row is an object"}', 'one of another width is a reject');
SELECT billing.withdraw_cutover('csv', 'a trial') \g /dev/null
RESET SESSION AUTHORIZATION;

-- ---- the first bill goes on where the old system was, also after it was voided ----
SET LOCAL SESSION AUTHORIZATION tap_ann;
CREATE FUNCTION pg_temp.run(until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE run bigint := billing._start_run('S1', until_on, 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT pg_temp.run('2026-05-01') \g /dev/null
SELECT billing.void_bill('1', '2026-04-01', 'wrong') \g /dev/null
SELECT pg_temp.run('2026-05-01') \g /dev/null
SELECT is((SELECT array_agg(kind || ' ' || total ORDER BY seq) FROM billing_report.bill JOIN billing.bill b USING (from_on, revision, kind, total) WHERE account_no = '1'),
	'{"normal 670.00","reversal -670.00","normal 670.00"}', '100 kWh of the first tier were left, in every revision');
SELECT is((SELECT balance FROM billing.account_head h JOIN billing.account a USING (account_id) WHERE a.account_no = '1'), 790.50, 'on top of what was owed');
SELECT billing.cutover_import('S1', 'late', '2026-04-01', '[{"account_no": "1", "receivable": "1"}, {"account_no": "5", "receivable": "7"}, {"account_no": "6", "receivable": "8"}]',
	'{"accounts": 2, "receivable": 15, "advance": 0, "deposit": 0}') \g /dev/null
SELECT is((SELECT message FROM billing_report.cutover_reject WHERE cutover_no = 'late'), 'account 1 has begun here', 'what is billed has no opening any more');
-- begun between check and approval
SELECT billing.post_payment('5', 1, 'counter') \g /dev/null
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.approve_cutover('late')$$, 'UB323', '1 accounts of cut-over late have begun here since it was checked', 'who has begun in between stops it');
SELECT results_eq($$SELECT * FROM billing.approve_cutover('late', 'account 5 is cleared by hand')$$, $$VALUES (1::bigint, 1::bigint)$$, 'or stays out, for a reason');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is(billing.close_dispute('1', 1, 'meter read, bill stands')::text, '', 'a dispute is closed');
SELECT throws_ok($$SELECT billing.close_dispute('1', 1, 'again')$$, 'P0002', NULL, 'once');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;
