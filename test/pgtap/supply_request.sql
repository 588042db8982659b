-- supply_request: what happens to a supply.  Every step in every state of every
-- kind, against the rules written down here anew; then what completion means for
-- the account, and who may do what.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_dan LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_old LOGIN IN ROLE billing_customer;
CREATE ROLE tap_new LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'account clerk', 'tap_ann') AS a \gset
SELECT billing.add_staff('S1', 'B', 'Ben', 'manager', 'tap_ben') AS b \gset
SELECT billing.add_staff('S2', 'C', 'Cid', 'account clerk', 'tap_cid') AS cc \gset
SELECT billing.add_staff('S1', 'D', 'Dan', 'account clerk', 'tap_dan') AS d \gset
SELECT billing.grant_post(v, 'S1') FROM unnest('{A,B,D}'::text[]) v \g /dev/null
SELECT billing.grant_post('C', 'S2') \g /dev/null
SELECT billing.grant_access('D', 'S1', '{reading,account}', '{write,approve}') \g /dev/null
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "h", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "0.5"}]}') AS p \gset
SELECT billing.add_plan('shop', 'Shops', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS p2 \gset
SELECT billing.add_customer('S1', 'Old', 'person', 'tap_old') AS old \gset
SELECT billing.add_customer('S1', 'New', 'person', 'tap_new') AS new \gset
SELECT billing.add_customer('S2', 'Other') AS other \gset

SELECT plan(45);

-- ---- every state, every step ----

-- the rules, written by hand: S where the kind is surveyed, - where it is not
CREATE TEMPORARY TABLE rule (step text, from_state text, to_state text, surveyed text);
INSERT INTO rule VALUES
	('submit', 'draft', 'submitted', ''), ('survey', 'submitted', 'surveyed', 'S'), ('approve', 'submitted', 'approved', '-'), ('approve', 'surveyed', 'approved', 'S'),
	('install', 'approved', 'installed', 'S'), ('complete', 'approved', 'completed', '-'), ('complete', 'installed', 'completed', 'S'),
	('return', 'submitted', 'draft', ''), ('return', 'surveyed', 'draft', 'S'), ('reject', 'submitted', 'rejected', ''), ('reject', 'surveyed', 'rejected', 'S'),
	('withdraw', 'draft', 'withdrawn', ''), ('withdraw', 'submitted', 'withdrawn', ''), ('withdraw', 'surveyed', 'withdrawn', 'S'),
	('withdraw', 'approved', 'withdrawn', ''), ('withdraw', 'installed', 'withdrawn', 'S');
CREATE TEMPORARY TABLE found (kind text, state text, step text, result text, hinted boolean);
CREATE TEMPORARY TABLE path (state text, surveyed text, steps text[]);
INSERT INTO path VALUES ('draft', '', '{}'), ('submitted', '', '{submit}'), ('surveyed', 'S', '{submit,survey}'),
	('approved', '-', '{submit,approve}'), ('approved', 'S', '{submit,survey,approve}'), ('installed', 'S', '{submit,survey,approve,install}'),
	('completed', '-', '{submit,approve,complete}'), ('completed', 'S', '{submit,survey,approve,install,complete}'),
	('rejected', '', '{submit,reject}'), ('withdrawn', '', '{withdraw}');

-- one account in the phase that a kind needs, and a request of that kind
CREATE FUNCTION pg_temp.request_of(kind text, number text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	request	bigint;
	earlier	text := CASE kind WHEN 'resumption' THEN 'suspension' WHEN 'move_in' THEN 'move_out' END;
BEGIN
	IF kind <> 'new_supply' THEN
		PERFORM billing.add_account('S1', number, 1, '2026-01-01', 'Street');
		PERFORM billing.set_plan(number, 'home', '2026-01-01');
	END IF;
	IF earlier IS NOT NULL THEN
		request := billing.open_supply_request(earlier, number, '2026-02-01', terms => CASE WHEN earlier = 'suspension' THEN '{"capacity_kva": 0}'::jsonb END);
		PERFORM pg_temp.walk(request, '{submit,approve,complete}');
	END IF;
	request := billing.open_supply_request(kind, number, '2026-03-01', CASE WHEN kind IN ('new_supply', 'transfer', 'move_in') THEN 2 END,
		CASE WHEN kind IN ('new_supply', 'price_class_change') THEN 'shop' END, CASE WHEN kind IN ('capacity_change', 'suspension') THEN '{"capacity_kva": 5}'::jsonb END,
		CASE WHEN kind IN ('transfer', 'move_in') THEN number || 'n' END, CASE WHEN kind = 'new_supply' THEN 'S1' END, CASE WHEN kind = 'new_supply' THEN 'Street' END);
	PERFORM billing.attach_document(request, 'form.pdf', 'application/pdf', sha256('x'));
	RETURN request;
END $$;
-- Ann prepares, Ben approves
CREATE FUNCTION pg_temp.walk(request bigint, steps text[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	step	text;
	state	text := 'draft';
BEGIN
	FOREACH step IN ARRAY steps LOOP
		PERFORM set_config('role', 'none', true);
		EXECUTE format('SET SESSION AUTHORIZATION %I', CASE WHEN step IN ('approve', 'return', 'reject') THEN 'tap_ben' ELSE 'tap_ann' END);
		state := billing.step_supply_request(request, step, 'because');
	END LOOP;
	SET SESSION AUTHORIZATION DEFAULT;
	RETURN state;
END $$;
DO $$
DECLARE
	p		record;
	step	text;
	request	bigint;
	n		integer := 0;
	got		text;
	hint	text;
BEGIN
	FOR p IN SELECT k.kind, q.state, q.steps FROM billing.supply_request_kinds() k JOIN path q ON q.surveyed IN ('', CASE WHEN k.kind IN ('new_supply', 'capacity_change') THEN 'S' ELSE '-' END)
				-- what arrears allow is tested in notice
				WHERE k.kind NOT IN ('disconnection', 'reconnection') LOOP
		n := n + 1;
		SET SESSION AUTHORIZATION DEFAULT;
		request := pg_temp.request_of(p.kind, 'T' || n);
		PERFORM pg_temp.walk(request, p.steps);
		FOREACH step IN ARRAY '{submit,survey,approve,install,complete,return,reject,withdraw,fly}'::text[] LOOP
			hint := 'none';
			BEGIN
				got := pg_temp.walk(request, ARRAY[step]);
				RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = got;	-- undone
			EXCEPTION
				WHEN SQLSTATE 'ZZ999' THEN got := sqlerrm;
				WHEN OTHERS THEN
					got := sqlstate;
					GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
			END;
			SET SESSION AUTHORIZATION DEFAULT;
			INSERT INTO found VALUES (p.kind, p.state, step, got, hint <> '');
		END LOOP;
	END LOOP;
END $$;
SELECT is((SELECT count(*) FROM found), 10 * 6 * 9 + 2 * 2 * 9::bigint, 'every state of every kind has seen every step');
SELECT is_empty($$
	SELECT f.* FROM found f LEFT JOIN rule r ON r.step = f.step AND r.from_state = f.state
	   AND r.surveyed IN ('', CASE WHEN f.kind IN ('new_supply', 'capacity_change') THEN 'S' ELSE '-' END)
	 WHERE f.result <> coalesce(r.to_state, 'UB602')
$$, 'and each does what the rules say, and is refused where they say nothing');
SELECT is_empty($$SELECT * FROM found WHERE NOT hinted$$, 'with a hint');
SELECT is((SELECT count(*) FROM billing.supply_request_steps()), 10 * 8 + 2 * 14::bigint, 'there are no other rules');

-- nobody goes round the steps, not even by hand
SELECT throws_ok($$UPDATE billing.supply_request SET state = 'completed' WHERE state = 'draft'$$, 'UB602', NULL, 'a state is not set by hand');
SELECT throws_ok($$UPDATE billing.supply_request SET effective_on = '2020-01-01' WHERE state = 'approved'$$, 'UB602', NULL, 'nor what was approved');
SELECT throws_ok($$DELETE FROM billing.supply_request$$, 'UB602', NULL, 'nor is a request removed');
SELECT throws_ok($$INSERT INTO billing.supply_request (account_id, org_id, kind, state, customer_id, effective_on) VALUES (1, 1, 'close', 'approved', 1, '2026-01-01')$$, 'UB602', NULL, 'or begun in the middle');
SELECT throws_ok($$UPDATE billing.supply_request_event SET actor = 'staff:9'$$, '23001', NULL, 'events stay');
SELECT throws_ok($$DELETE FROM billing.account_phase$$, '23001', NULL, 'phases too');

-- ---- second person, rights ----
SELECT pg_temp.request_of('capacity_change', '5001') AS r \gset
SELECT pg_temp.walk(:r, '{submit,survey}') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'approve'), '42501', NULL, 'an account clerk does not approve');
-- Dan may, but has changed it himself
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT is(billing.step_supply_request(:r, 'return', 'wrong day'), 'draft', 'sent back with a reason');
SET LOCAL SESSION AUTHORIZATION tap_dan;
SELECT lives_ok(format('SELECT billing.change_supply_request(%s, %L)', :r, '2026-03-16'), 'changed');
SELECT is(billing.step_supply_request(:r, 'submit') || billing.step_supply_request(:r, 'survey'), 'submittedsurveyed', 'and submitted');
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'approve'), 'UB603', NULL, 'who prepared does not approve');
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT is(billing.step_supply_request(:r, 'approve'), 'approved', 'somebody else does');
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'install'), '42501', NULL, 'and does not do the work');
SELECT throws_ok(format('SELECT billing.change_supply_request(%s, %L)', :r, '2026-03-17'), 'P0002', NULL, 'nor change it');
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format('SELECT billing.change_supply_request(%s, %L)', :r, '2026-03-17'), 'UB602', NULL, 'what is approved stays');
SELECT throws_ok(format('SELECT billing.open_supply_request(%L, %L, %L)', 'close', '5001', '2026-05-01'), 'UB604', NULL, 'one open request an account');
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'withdraw'), 'UB605', NULL, 'withdrawing needs a reason');
RESET SESSION AUTHORIZATION;

-- ---- the other station ----
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.supply_request) + (SELECT count(*) FROM billing.supply_request_event) + (SELECT count(*) FROM billing.supply_request_document)
	+ (SELECT count(*) FROM billing.account_phase) + (SELECT count(*) FROM billing_report.vacant_supply), 0::bigint, 'sees nothing of it');
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'complete'), 'P0002', NULL, 'a request of others is as one that is not');
SELECT throws_ok('SELECT billing.step_supply_request(999999, ''complete'')', 'P0002', NULL, 'like that');
SELECT throws_ok(format('SELECT billing.attach_document(%s, %L, %L, sha256(%L))', :r, 'x', 'a/b', 'x'), 'P0002', NULL, 'no papers either');
SELECT throws_ok($$SELECT billing.open_supply_request('close', '5001', '2026-05-01')$$, 'P0002', NULL, 'nor a request for their account');
SELECT throws_ok($$INSERT INTO billing.supply_request_event (account_id, request_id, event_no, org_id, step, to_state) VALUES (1, 1, 99, 2, 'x', 'y')$$, '42501', NULL, 'no row by hand');
RESET SESSION AUTHORIZATION;

-- ---- what it means ----
SELECT pg_temp.walk(:r, '{install,complete}') \g /dev/null
SELECT results_eq($$SELECT from_on, terms FROM billing.account_plan JOIN billing.account USING (account_id) WHERE account_no = '5001' ORDER BY 1$$,
	$$VALUES ('2026-01-01'::date, '{}'::jsonb), ('2026-03-16', '{"capacity_kva": 5}')$$, 'terms change on the day');
SELECT results_eq($$SELECT plan_changes, stops_on FROM billing.account_head JOIN billing.account USING (account_id) WHERE account_no = '5001'$$,
	$$VALUES ('{2026-03-16}'::date[], NULL::date)$$, 'and a bill will end there');
SELECT pg_temp.request_of('suspension', '5002') AS r \gset
SELECT pg_temp.walk(:r, '{submit,approve,complete}') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.open_supply_request('suspension', '5002', '2026-05-01')$$, 'UB606', NULL, 'what is suspended is not suspended');
SELECT throws_ok($$SELECT billing.open_supply_request('resumption', '5002', '2026-02-01')$$, 'UB606', NULL, 'nor resumed before');
SELECT billing.open_supply_request('resumption', '5002', '2026-05-01') AS r \gset
RESET SESSION AUTHORIZATION;
SELECT pg_temp.walk(:r, '{submit,approve,complete}') \g /dev/null
SELECT results_eq($$SELECT from_on, terms FROM billing.account_plan JOIN billing.account USING (account_id) WHERE account_no = '5002' ORDER BY 1$$,
	$$VALUES ('2026-01-01'::date, '{}'::jsonb), ('2026-03-01', '{"capacity_kva": 5}'), ('2026-05-01', '{}')$$, 'resumption gives back what was before');
SELECT is((SELECT string_agg(phase, ' ' ORDER BY from_on) FROM billing_report.account_phase WHERE account_no = '5002'), 'suspended active', 'phases are on record');

-- transfer: the old account ends, another begins, and its customer sees only that
SELECT pg_temp.request_of('transfer', '5003') AS r \gset
SELECT pg_temp.walk(:r, '{submit,approve,complete}') \g /dev/null
SELECT results_eq($$SELECT a.account_no, c.name, a.opened_on, h.stops_on, a.address FROM billing.account a JOIN billing.customer c USING (customer_id)
	JOIN billing.account_head h USING (account_id) WHERE a.account_no ~ '^5003' ORDER BY 1$$,
	$$VALUES ('5003', 'Old', '2026-01-01'::date, '2026-03-01'::date, 'Street'), ('5003n', 'New', '2026-03-01', NULL, 'Street')$$, 'a transfer is an end and a beginning');
SELECT is((SELECT p.plan_code FROM billing.account_plan JOIN billing.account USING (account_id) JOIN billing.plan p USING (plan_id) WHERE account_no = '5003n'), 'home', 'by the plan as before');
SET LOCAL SESSION AUTHORIZATION tap_new;
SELECT is_empty($$SELECT account_no FROM billing.account WHERE account_no ~ '^5003$'$$, 'who comes does not see the account of who went');
SELECT is((SELECT count(*) FROM billing.supply_request WHERE customer_id <> billing.actor_customer_id()), 0::bigint, 'nor their requests');
RESET SESSION AUTHORIZATION;

-- out, vacant, in, once
SELECT pg_temp.request_of('move_in', '5004') AS r \gset
SELECT is((SELECT count(*) FROM billing_report.vacant_supply WHERE account_no = '5004'), 1::bigint, 'vacant after a move out');
-- a move is a clerk's alone, unless price or terms are to be others
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.change_supply_request(:r, plan_code => 'shop'), billing.step_supply_request(:r, 'submit') \g /dev/null
SELECT throws_ok(format('SELECT billing.step_supply_request(%s, %L)', :r, 'approve'), '42501', NULL, 'another price needs approval');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.walk(:r, '{approve,complete}') \g /dev/null
SELECT is((SELECT count(*) FROM billing_report.vacant_supply WHERE account_no = '5004'), 0::bigint, 'not after a move in');
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format('SELECT billing.open_supply_request(%L, %L, %L, %s, new_account_no => %L)', 'move_in', '5004', '2026-04-01', :new, '5004m'), 'UB606', NULL, 'nobody else moves in there');
RESET SESSION AUTHORIZATION;

-- the account's requests move with it
SELECT billing.transfer_account('5002', 'S2', 'border') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT results_eq($$SELECT (SELECT count(*) FROM billing.supply_request), (SELECT count(*) FROM billing.supply_request_event), (SELECT count(*) FROM billing.account_phase)$$,
	$$VALUES (2::bigint, 8::bigint, 2::bigint)$$, 'an account moves with its requests');
RESET SESSION AUTHORIZATION;
-- hostile arguments
SELECT throws_ok($$SELECT billing.open_supply_request('fly', '5001', '2026-05-01')$$, '22023', NULL, 'no such kind');
SELECT throws_ok($$SELECT billing.open_supply_request('close', '5001', 'infinity')$$, '22023', NULL, 'no such day');
SELECT throws_ok($$SELECT billing.open_supply_request('close', '5001', '2026-05-01', 1)$$, '22023', NULL, 'a customer where none belongs');
SELECT finish();
ROLLBACK;
