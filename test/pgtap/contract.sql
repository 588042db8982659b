-- contract: drafted, approved by a second person, signed, amended, renewed, ended; every
-- state against every step; what it means for the bill; nobody changes what was agreed.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('S1', 'Station 1', 'station') AS s1, billing.add_org('S2', 'Station 2', 'station') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'account clerk', 'tap_ann') AS a, billing.add_staff('S1', 'B', 'Ben', 'manager', 'tap_ben') AS b,
	billing.add_staff('S2', 'C', 'Cid', 'account clerk', 'tap_cid') AS cc \gset
SELECT billing.grant_post('A', 'S1') AS g, billing.grant_post('B', 'S1') AS h, billing.grant_post('C', 'S2') AS i \gset
SELECT billing.add_plan('shop', 'Shops', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"terms": {"capacity_kva": {}}, "charges": [{"code": "e", "price": "1"}, {"code": "c", "capacity": "capacity_kva", "price": "30"}]}') AS p \gset
SELECT billing.add_customer('S1', 'x') AS cu \gset
SELECT billing.add_account('S1', '1', :cu, '2026-01-01') AS acc \gset
INSERT INTO billing.reading (account_id, org_id, profile) SELECT account_id, org_id, billing.profile(m, '1 hour', array_fill(12000::bigint, ARRAY[24 * d])) FROM billing.account,
	(VALUES ('2026-01-01 00:00+00'::timestamptz, 31), ('2026-02-01 00:00+00', 28)) v(m, d);

SELECT plan(40);

-- ---- every state, every step ----
CREATE TEMPORARY TABLE found (state text, step text, result text, hinted boolean);
CREATE FUNCTION pg_temp.take(step text, number text, no text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('SET SESSION AUTHORIZATION %I', CASE WHEN step IN ('approve', 'terminate') THEN 'tap_ben' ELSE 'tap_ann' END);
	CASE step
		WHEN 'draft' THEN PERFORM billing.draft_contract(number, no, '[2026-01-01,2027-01-01)', 'shop', '{"capacity_kva": 10}');
		WHEN 'amend' THEN PERFORM billing.amend_contract(number, no, '2026-07-01', terms => '{"capacity_kva": 20}');
		WHEN 'withdraw' THEN PERFORM billing.withdraw_contract_draft(number, no);
		WHEN 'approve' THEN PERFORM billing.approve_contract(number, no);
		WHEN 'sign' THEN PERFORM billing.sign_contract(number, no, '2025-12-20', sha256('paper'));
		WHEN 'terminate' THEN PERFORM billing.terminate_contract(number, no, '2026-09-01', 'gone');
	END CASE;
	SET SESSION AUTHORIZATION DEFAULT;
	RETURN (SELECT v.state || CASE WHEN c.terminated_on IS NOT NULL THEN ' terminated' ELSE '' END FROM billing.contract_version v JOIN billing.contract c USING (account_id, contract_no)
			 WHERE v.contract_no = no ORDER BY v.version DESC LIMIT 1);
END $$;
DO $$
DECLARE
	p		record;
	step	text;
	got		text;
	hint	text;
	n		integer := 0;
BEGIN
	FOR p IN SELECT * FROM (VALUES ('none', '{}'::text[]), ('draft', '{draft}'), ('approved', '{draft,approve}'), ('withdrawn', '{draft,withdraw}'),
		('signed', '{draft,approve,sign}'), ('amended', '{draft,approve,sign,amend}'), ('terminated', '{draft,approve,sign,terminate}')) v(state, steps)
	LOOP
		n := n + 1;
		PERFORM billing.add_account('S1', 'E' || n, 1, '2026-01-01');
		FOREACH step IN ARRAY p.steps LOOP
			PERFORM pg_temp.take(step, 'E' || n, 'C' || n);
		END LOOP;
		FOREACH step IN ARRAY '{draft,amend,withdraw,approve,sign,terminate}'::text[] LOOP
			hint := 'none';
			BEGIN
				got := pg_temp.take(step, 'E' || n, 'C' || n);
				RAISE EXCEPTION USING ERRCODE = 'ZZ999', MESSAGE = got;	-- undone
			EXCEPTION
				WHEN SQLSTATE 'ZZ999' THEN got := sqlerrm;
				WHEN OTHERS THEN
					got := sqlstate;
					GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
			END;
			SET SESSION AUTHORIZATION DEFAULT;
			INSERT INTO found VALUES (p.state, step, got, hint <> '');
		END LOOP;
	END LOOP;
END $$;
SELECT bag_eq($$SELECT state, step, result FROM found$$, $$VALUES
	('none', 'draft', 'draft'), ('none', 'amend', 'P0002'), ('none', 'withdraw', 'P0002'), ('none', 'approve', 'P0002'), ('none', 'sign', 'P0002'), ('none', 'terminate', 'P0002'),
	('draft', 'draft', 'UB607'), ('draft', 'amend', 'UB607'), ('draft', 'withdraw', 'withdrawn'), ('draft', 'approve', 'approved'), ('draft', 'sign', 'UB607'), ('draft', 'terminate', 'UB607'),
	('approved', 'draft', 'UB607'), ('approved', 'amend', 'UB607'), ('approved', 'withdraw', 'withdrawn'), ('approved', 'approve', 'UB607'), ('approved', 'sign', 'signed'), ('approved', 'terminate', 'UB607'),
	('withdrawn', 'draft', 'UB607'), ('withdrawn', 'amend', 'UB607'), ('withdrawn', 'withdraw', 'UB607'), ('withdrawn', 'approve', 'UB607'), ('withdrawn', 'sign', 'UB607'), ('withdrawn', 'terminate', 'UB607'),
	('signed', 'draft', 'UB607'), ('signed', 'amend', 'draft'), ('signed', 'withdraw', 'UB607'), ('signed', 'approve', 'UB607'), ('signed', 'sign', 'UB607'), ('signed', 'terminate', 'signed terminated'),
	('amended', 'draft', 'UB607'), ('amended', 'amend', 'UB607'), ('amended', 'withdraw', 'withdrawn'), ('amended', 'approve', 'approved'), ('amended', 'sign', 'UB607'), ('amended', 'terminate', 'draft terminated'),
	('terminated', 'draft', 'UB607'), ('terminated', 'amend', 'UB607'), ('terminated', 'withdraw', 'UB607'), ('terminated', 'approve', 'UB607'), ('terminated', 'sign', 'UB607'), ('terminated', 'terminate', 'UB607')$$,
	'each step in each state');
SELECT is_empty($$SELECT * FROM found WHERE NOT hinted$$, 'refused with a hint');

-- ---- what was agreed stays ----
SELECT throws_ok($$UPDATE billing.contract_version SET terms = '{"capacity_kva": 1}' WHERE state = 'signed'$$, 'UB607', NULL, 'terms stay');
SELECT throws_ok($$UPDATE billing.contract_version SET terms = '{"capacity_kva": 1}' WHERE state = 'draft'$$, 'UB607', NULL, 'of a draft too: withdrawn and drafted anew');
SELECT throws_ok($$UPDATE billing.contract_version SET state = 'draft' WHERE state = 'signed'$$, 'UB607', NULL, 'no way back');
SELECT throws_ok($$DELETE FROM billing.contract_version$$, 'UB607', NULL, 'nothing is removed');
SELECT throws_ok($$INSERT INTO billing.contract_version (account_id, contract_no, version, org_id, state, valid_during, plan_id) VALUES (1, 'x', 1, 1, 'signed', '[2026-01-01,)', 1)$$, 'UB607', NULL, 'none begins signed');

-- ---- a second person, the account's terms, the bill ----
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is(billing.draft_contract('1', '2026-001', '[2026-01-01,2026-03-16)', 'shop', '{"capacity_kva": 10}', '{"power_factor": 0.9}', 0.001, 12), 1, 'drafted');
SELECT throws_ok($$SELECT billing.approve_contract('1', '2026-001')$$, 'P0002', NULL, 'without the right to approve, as if there were nothing');
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT throws_ok($$SELECT billing.sign_contract('1', '2026-001', '2025-12-20', sha256('x'))$$, 'P0002', NULL, 'nor does who approves write');
SELECT is(billing.approve_contract('1', '2026-001'), 1, 'approved');
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.sign_contract('1', '2026-001', '2025-12-20', 'short')$$, '23514', NULL, 'a digest is whole');
SELECT is(billing.sign_contract('1', '2026-001', '2025-12-20', sha256('x')), 1, 'signed');
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT from_on, terms FROM billing.account_plan WHERE account_id = (SELECT account_id FROM billing.account WHERE account_no = '1')$$,
	$$VALUES ('2026-01-01'::date, '{"capacity_kva": 10}'::jsonb)$$, 'and are the account''s terms');
-- both rights in one hand do not help
SELECT billing.draft_contract('1', 'mine', '[2026-05-01,2027-01-01)', 'shop') AS v \gset
SELECT throws_ok($$SELECT billing.approve_contract('1', 'mine')$$, 'UB603', NULL, 'who drafted does not approve');
SELECT throws_ok($$UPDATE billing.contract_version SET state = 'approved', approved_by = drafted_by WHERE contract_no = 'mine'$$, '23514', NULL, 'not by hand either');
SELECT billing.withdraw_contract_draft('1', 'mine') \g /dev/null
-- an amendment in mid-month: the bill is cut there
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is(billing.amend_contract('1', '2026-001', '2026-02-15', terms => '{"capacity_kva": 20}'), 2, 'amended');
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT is(billing.approve_contract('1', '2026-001'), 2, 'approved');
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT is(billing.sign_contract('1', '2026-001', '2026-02-01', sha256('y')), 2, 'signed');
RESET SESSION AUTHORIZATION;
SELECT billing._start_run('S1', '2026-03-01', 100) AS run \gset
SELECT billing._run_chunk(:run) \g /dev/null
SELECT results_eq($$SELECT billed_from_on, amount FROM billing_report.bill_line WHERE account_no = '1' AND code = 'c' ORDER BY 1$$,
	$$VALUES ('2026-01-01'::date, 300.00), ('2026-02-01', 150.00), ('2026-02-15', 300.00)$$, 'two bills in the month of the change: half of 10 and half of 20 kVA');
-- too late
SELECT billing.amend_contract('1', '2026-001', '2026-02-20', terms => '{"capacity_kva": 5}') AS v \gset
SET LOCAL SESSION AUTHORIZATION tap_ben;
SELECT billing.approve_contract('1', '2026-001') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.sign_contract('1', '2026-001', '2026-03-01', sha256('z'))$$, 'UB301', NULL, 'not from a day that is billed');
SELECT billing.withdraw_contract_draft('1', '2026-001') \g /dev/null
SELECT throws_ok($$SELECT billing.amend_contract('1', '2026-001', '2026-02-15')$$, 'UB607', NULL, 'two versions of one day');
SELECT throws_ok($$SELECT billing.amend_contract('1', '2026-001', '2026-04-01')$$, 'UB607', NULL, 'an amendment after the end');
SELECT throws_ok($$SELECT billing.amend_contract('1', '2026-001', '2026-03-16')$$, '22023', NULL, 'a renewal without an end');
SELECT throws_ok($$SELECT billing.draft_contract('1', 'a b', '[2026-05-01,2027-01-01)', 'shop')$$, '23514', NULL, 'a number with a blank');
SELECT throws_ok($$SELECT billing.draft_contract('1', 'ab', 'empty', 'shop')$$, '23514', NULL, 'an empty term');
SELECT throws_ok($$SELECT billing.draft_contract('1', 'ab', '(,2027-01-01)', 'shop')$$, '23514', NULL, 'a term without a beginning');
SELECT throws_ok($$SELECT billing.draft_contract('1', 'ab', '[2026-05-01,)', 'shop', '[]')$$, '23514', NULL, 'terms that are none');

-- ---- term ----
SELECT is(billing.contract_ends_on(:acc, '2026-001', '2026-02-01'), '2026-03-16', 'the end, before it');
SELECT is(billing.contract_ends_on(:acc, '2026-001', '2026-03-16'), '2027-03-16', 'on it another twelve months');
SELECT is(billing.contract_ends_on(:acc, '2026-001', '2029-03-15'), '2029-03-16', 'years later');
SELECT is(billing.contract_ends_on(:acc, '2026-001', '2029-03-16'), '2030-03-16', 'and so on');
SELECT is_empty($$SELECT * FROM billing.ending_contracts('S1', '2026-02-13') WHERE contract_no = '2026-001'$$, 'not within 31 days');
SELECT results_eq($$SELECT days_left, renewal FROM billing.ending_contracts('S1', '2026-02-14') WHERE contract_no = '2026-001'$$, $$VALUES (30, 'automatic')$$, 'ends within 30 days');
SELECT results_eq($$SELECT capacity_kva, peak_kw, over_capacity FROM billing.contract_compliance('S1', '[2026-01-01,2026-02-01)') WHERE account_no = '1'$$,
	$$VALUES (10::numeric, 12::numeric, true)$$, 'more used than agreed');
SELECT results_eq($$SELECT capacity_kva, over_capacity FROM billing.contract_compliance('S1', '[2026-02-15,2026-03-01)') WHERE account_no = '1'$$,
	$$VALUES (20::numeric, false)$$, 'not after the amendment');
RESET SESSION AUTHORIZATION;

-- ---- the other station ----
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.contract) + (SELECT count(*) FROM billing.contract_version) + (SELECT count(*) FROM billing.ending_contracts('S1', '2026-02-14'))
	+ (SELECT count(*) FROM billing.contract_compliance('S1', '[2026-01-01,2026-02-01)')), 0::bigint, 'sees nothing');
SELECT throws_ok($$SELECT billing.amend_contract('1', '2026-001', '2026-03-01')$$, 'P0002', NULL, 'and is told nothing');
RESET SESSION AUTHORIZATION;
SELECT billing.transfer_account('1', 'S2', 'border') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.contract_version), 4::bigint, 'an account moves with its contracts');
RESET SESSION AUTHORIZATION;
SELECT throws_ok('TRUNCATE billing.contract_version', '23001', NULL, 'not to be emptied');
SELECT finish();
ROLLBACK;
