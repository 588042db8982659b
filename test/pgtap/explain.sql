-- A bill explained: from its total down to slots and readings, to the cent, and by whom.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S1', 'Station', 'station') \gset
SELECT billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_plan('tou', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
	"charges": [{"code": "energy", "tags": ["energy"], "price": {"peak": "0.568", "valley": "0.288"}},
				{"code": "tier", "per": "year", "steps": [{"to": "1200"}, {"to": "2400", "add": "0.05"}, {"add": "0.30"}]},
				{"code": "base", "fixed": "month", "price": "3"}]}') \gset
SELECT billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('S1', 'x', 'person', 'explain_customer') AS customer \gset
SELECT billing.add_customer('S1', 'z', 'person', 'explain_stranger') AS stranger \gset
SELECT billing.add_account('S1', 'A', :customer, '2026-01-01') AS a, billing.add_account('S1', 'R', :stranger, '2026-01-01') AS r \gset
SELECT billing.set_plan('A', 'tou', '2026-01-01'), billing.set_plan('R', 'flat', '2026-01-01') \gset
SELECT count(*) FROM (SELECT billing.record_profile('A', billing.profile(m AT TIME ZONE 'Asia/Shanghai', '15 minutes',
	ARRAY(SELECT (300 + (n * 7919) % 400)::bigint FROM generate_series(1, 96 * ((m + interval '1 month')::date - m::date)) n), time_zone => 'Asia/Shanghai'))
  FROM generate_series('2026-01-01'::timestamp, '2026-03-01', interval '1 month') m) q \gset
SELECT billing.set_usage_from('register', '{R}') \gset
SELECT count(*) FROM (SELECT billing.record_register('R', d::date, 'total', v) FROM (VALUES ('2026-01-01', 100.5), ('2026-02-01', 350.75), ('2026-03-01', 600)) v(d, v)) q \gset
CREATE FUNCTION pg_temp.run(until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run('S1', until_on, 5);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT pg_temp.run('2026-03-01') \gset
-- who asks: the customer, a stranger, a clerk of the station, a clerk of another
CREATE ROLE explain_customer LOGIN IN ROLE billing_customer;
CREATE ROLE explain_stranger LOGIN IN ROLE billing_customer;
CREATE ROLE explain_clerk LOGIN IN ROLE billing_clerk;
CREATE ROLE explain_other LOGIN IN ROLE billing_clerk;
CREATE ROLE explain_reader LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S1', 'M1', 'x', 'meter reader', 'explain_reader'), billing.grant_post('M1', 'S1') \gset
SELECT billing.add_staff('S1', 'K1', 'x', 'billing clerk', 'explain_clerk'), billing.grant_post('K1', 'S1'), billing.add_staff('S2', 'K2', 'x', 'billing clerk', 'explain_other'), billing.grant_post('K2', 'S2') \gset
CREATE TEMPORARY VIEW e AS SELECT * FROM billing.explain_bill((SELECT account_id FROM billing.account WHERE account_no = 'A'), 3);
GRANT SELECT ON e TO PUBLIC;
-- what the query says, or why it does not
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

SELECT plan(26);
SELECT results_eq($$SELECT detail ->> 'same', amount FROM e WHERE level = 'bill'$$, $$SELECT 'true', total FROM billing.bill WHERE seq = 3 AND account_id = (SELECT account_id FROM billing.account WHERE account_no = 'A')$$,
	'a bill rated again is the same');
SELECT is((SELECT sum(amount) FROM e WHERE level = 'line'), (SELECT amount FROM e WHERE level = 'bill'), 'its lines add up to it');
SELECT is_empty($$SELECT l.path FROM e l JOIN e r ON r.level = 'rule' AND r.path[2] = l.path[2] WHERE l.level = 'line' AND round(r.amount, 2) <> l.amount$$, 'each is the amount of its rule, rounded');
SELECT is_empty($$SELECT q.path FROM e q WHERE q.level = 'quantity' AND q.code = 'energy' AND q.quantity <> (SELECT sum(r.quantity) FROM e r WHERE r.level = 'reading' AND r.path[2] = q.path[2])$$,
	'the readings behind a line of energy add up to its quantity');
SELECT is_empty($$SELECT r.path FROM e r WHERE r.level = 'reading' AND r.quantity <> (SELECT sum(d.quantity) FROM e d WHERE d.level = 'day' AND d.path[:4] = r.path)$$, 'and the days to the readings');
SELECT is((SELECT count(*) FROM e WHERE level = 'day' AND code = 'energy'), 56::bigint, 'of all days, peak and valley');
SELECT results_eq($$SELECT count(*), sum(quantity), min(note), max(note) FROM billing.explain_bill((SELECT account_id FROM billing.account WHERE account_no = 'A'), 3, 1) WHERE level = 'slot'$$,
	$$SELECT 28 * 56::bigint, quantity, 'import of main, 2026-02-01 08:00', 'import of main, 2026-02-28 21:45' FROM e WHERE path = '{1,1,2}'$$, 'of one line slot by slot');
SELECT is((SELECT count(*) FROM jsonb_array_elements(billing.bill_explanation((SELECT account_id FROM billing.account WHERE account_no = 'A'), 3))), (SELECT count(*) FROM e), 'the same as JSON');
SELECT results_eq($$SELECT level, quantity, note FROM billing.explain_bill((SELECT account_id FROM billing.account WHERE account_no = 'R'), 1) WHERE path[4] = 1 ORDER BY path$$,
	$$VALUES ('register', 250.25, 'import of main'), ('reading', NULL, 'total shows 100.5 × 1'), ('reading', NULL, 'total shows 350.75 × 1')$$, 'of registers, with what they showed');

-- what the readings were when the bill was made
SET LOCAL SESSION AUTHORIZATION explain_reader;
SELECT billing.edit_reading('A', '2026-02-03 10:00+08', '{5,6}', 'a test', unit => 'kWh') AS edit \gset
RESET SESSION AUTHORIZATION;
SELECT billing.decide_edit(:edit, true, 'seen') \gset
SELECT billing.post_payment('A', 1, 'x') \gset
SELECT results_eq($$SELECT detail ->> 'same', amount FROM e WHERE level = 'bill'$$, $$SELECT 'true', 784.13$$, 'a bill is explained by the readings that it was made of');
SELECT results_eq($$SELECT DISTINCT lower(days) FROM e WHERE detail ? 'replaced_at'$$, $$VALUES (date '2026-02-03')$$, 'and it says which were replaced since');

-- what is not the same is said
SAVEPOINT other;
UPDATE billing.account_plan SET terms = '{"x": 1}', plan_id = (SELECT plan_id FROM billing.plan WHERE plan_code = 'flat') WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = 'A');
SELECT isnt((SELECT detail ->> 'same' FROM e WHERE level = 'bill'), NULL, 'the state is said, whatever the account has now');
ROLLBACK TO other;
SET LOCAL session_replication_role = replica;
UPDATE billing.reading SET profile = billing.profile('2026-02-01 00:00+08', '15 minutes', array_fill(1::bigint, '{2688}'), time_zone => 'Asia/Shanghai') WHERE from_on = '2026-02-01';
RESET session_replication_role;
SELECT matches((SELECT note FROM e WHERE level = 'bill'), '^it cannot be shown from what it was made: the readings of these days are others; they come to ', 'readings that were forged are no explanation');
SELECT is((SELECT count(*) FROM e WHERE level = 'rule'), 0::bigint, 'and nothing is made up');
SELECT is((SELECT sum(amount) FROM e WHERE level = 'line'), 784.13, 'but its lines');
ROLLBACK TO other;

-- a reversal
SELECT billing.void_bill('R', '2026-02-01', 'x') AS reversal \gset
SELECT results_eq(format($$SELECT amount, detail ->> 'same' FROM billing.explain_bill((SELECT account_id FROM billing.account WHERE account_no = 'R'), %s) WHERE level IN ('bill', 'line') ORDER BY path$$, :reversal),
	$$VALUES (-124.63, 'true'), (-124.63, NULL)$$, 'a reversal is what it takes away');

-- simulation
SELECT is_empty($$SELECT * FROM billing.simulate('[2026-01-01,2026-03-01)', '{A}') WHERE difference <> 0 AND from_on <> '2026-02-01'$$, 'what nothing is changed of is the same');
SELECT results_eq($$SELECT from_on, billed IS NULL, simulated FROM billing.simulate('[2026-01-01,2026-04-01)', '{A}', plan_code => 'flat')$$,
	$$VALUES (date '2026-01-01', false, 743.47), ('2026-02-01', false, 671.75), ('2026-03-01', true, 743.47)$$, 'another plan, also of days that are not billed yet');
SELECT is((SELECT sum(simulated) FROM billing.simulate('[2026-01-01,2026-02-01)', org_no => 'S1', class => 'other',
	tariff => '{"name": "z", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "1"}]}')), 1737.19, 'a tariff that is no plan, for an org and a class');
SELECT throws_ok($$SELECT * FROM billing.simulate('(,)', '{A}')$$, '22023', NULL, 'a span without end is refused');

-- rights
SELECT account_id AS a FROM billing.account WHERE account_no = 'A' \gset
SET LOCAL SESSION AUTHORIZATION explain_customer;
SELECT is(pg_temp.asked('SELECT sum(amount) FROM e WHERE level = ''line'''), '784.13', 'a customer may have his own bill explained');
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.simulate(''[2026-01-01,2026-03-01)'', ''{A,R}'', plan_code => ''flat'')'), '2', 'and simulate it, and no other');
SET LOCAL SESSION AUTHORIZATION explain_stranger;
SELECT is(pg_temp.asked(format('SELECT count(*) FROM billing.explain_bill(%s, 3)', :a)), 'P0002', 'another customer may not');
SET LOCAL SESSION AUTHORIZATION explain_clerk;
SELECT is(pg_temp.asked(format('SELECT sum(amount) FROM billing.explain_bill(%s, 3) WHERE level = ''line''', :a)), '784.13', 'a clerk of the station may');
SET LOCAL SESSION AUTHORIZATION explain_other;
SELECT is(pg_temp.asked(format('SELECT count(*) FROM billing.explain_bill(%s, 3)', :a)), 'P0002', 'a clerk of another may not');
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.simulate(''[2026-01-01,2026-03-01)'', ''{A}'')'), '0', 'nor simulate');
RESET SESSION AUTHORIZATION;
SELECT finish();
ROLLBACK;
