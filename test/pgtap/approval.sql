-- approval: asked by one, approved by another, done once; every state against every
-- step; rules by org and amount; expiry; nobody changes what was asked and decided.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_adm LOGIN IN ROLE billing_admin;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'billing clerk', 'tap_ann') AS a, billing.add_staff('S1', 'B', 'Ben', 'manager', 'tap_ben') AS b,
	billing.add_staff('S2', 'C', 'Cid', 'manager', 'tap_cid') AS cid, billing.add_staff('C', 'D', 'Dan', 'administrator', 'tap_adm') AS d \gset
SELECT billing.grant_post('A', 'S1') AS g, billing.grant_post('B', 'S1') AS h, billing.grant_post('C', 'S2') AS i, billing.grant_post('D', 'C') AS j \gset

-- a command that needs a second person, as modules have them
CREATE FUNCTION public.ask(org bigint, amount numeric, why text DEFAULT 'x') RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
	'SELECT billing._ask_approval(''refund'', $1, ''account 7'', jsonb_build_object(''why'', $3), $2)';
CREATE FUNCTION public.refund(org bigint, amount numeric, why text DEFAULT 'x') RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
	'SELECT billing._take_approval(''refund'', $1, ''account 7'', jsonb_build_object(''why'', $3), $2)';
ALTER FUNCTION public.ask OWNER TO billing_owner;
ALTER FUNCTION public.refund OWNER TO billing_owner;

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

SELECT plan(36);

SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('refund(%s, 100)', :s1)), 'UB603 account 7 needs the approval of a second person', 'nothing is done that nobody has approved');
SELECT ask(:s1, 100) AS one \gset
SELECT is(ask(:s1, 100), :one::bigint, 'the same asked again is the same request');
SELECT is(said(format('ask(%s, 101)', :s1)), 'UB405 something else is asked for account 7', 'something else is not');
SELECT matches(said(format('ask(%s, 100)', :s2)), '^42501', 'nobody asks at an org where he reads nothing');
SELECT is(said(format('billing.approve(%s)', :one)), format('P0002 approval %s does not exist, or not for you', :one), 'who may not approve does not');
SELECT is((SELECT (state, for_me)::text FROM billing_report.approval), '(open,f)', 'it is seen as open');
SELECT is(said(format('refund(%s, 100)', :s1)), 'UB603 account 7 needs the approval of a second person', 'open is not approved');

-- a request is changed by nobody's hand
SELECT throws_ok('UPDATE billing.approval SET state = ''approved''', '42501', NULL, 'a clerk writes no states');
RESET SESSION AUTHORIZATION;
SELECT throws_ok('UPDATE billing.approval SET amount = 1', '23001', NULL, 'not even a superuser changes what was asked');
SELECT throws_ok('UPDATE billing.approval SET state = ''used'', used_by = billing.actor(), used_at = now()', '23001', NULL, 'or uses what is not approved');
SELECT throws_ok('UPDATE billing.approval SET state = ''approved'', decided_by = ''staff:2'', decided_at = now()', '23001', NULL, 'or decides in the name of others');
SELECT throws_ok('DELETE FROM billing.approval', '23001', NULL, 'or removes it');
SELECT throws_ok('TRUNCATE billing.approval', '23001', NULL, 'or all of them');

-- the second person
SET SESSION AUTHORIZATION tap_cid;
SELECT is(said(format('billing.approve(%s)', :one)), format('P0002 approval %s does not exist, or not for you', :one), 'a manager of another station knows nothing of it');
SELECT is_empty('SELECT * FROM billing_report.approval', 'and sees nothing');
SET SESSION AUTHORIZATION tap_ben;
SELECT is((SELECT (state, for_me)::text FROM billing_report.approval), '(open,t)', 'the manager sees what waits for him');
SELECT is(said(format('billing.decline(%s, '''')', :one)), '22023 who declines gives a reason', 'declining takes a reason');
SELECT is(billing.approve(:one, 'seen the paper'), 'account 7', 'approved');
SELECT is(said(format('billing.approve(%s)', :one)), format('UB405 approval %s is not open', :one), 'once');
SELECT is(said(format('refund(%s, 100)', :s1)), 'UB603 who approves does not do it', 'who approves does not do it');
SELECT is(said(format('billing.withdraw_approval(%s)', :one)), format('P0002 approval %s does not exist, or not for you', :one), 'nobody withdraws what others have asked');

SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('refund(%s, 100, ''y'')', :s1)), 'UB603 account 7 needs the approval of a second person', 'only just what was approved');
SELECT is(said(format('refund(%s, 99)', :s1)), 'UB603 account 7 needs the approval of a second person', 'not even less');
SELECT is(said(format('refund(%s, 100)', :s1)), :one::text, 'is done');
SELECT is(said(format('refund(%s, 100)', :s1)), 'UB603 account 7 needs the approval of a second person', 'once');
SELECT is(said(format('billing.withdraw_approval(%s)', :one)), format('UB405 approval %s is not open', :one), 'what is done is not withdrawn');

-- who asks does not approve, whatever else he may
SET SESSION AUTHORIZATION tap_ben;
SELECT ask(:s1, 100) AS two \gset
SELECT is(said(format('billing.approve(%s)', :two)), format('UB603 approval %s needs a second person', :two), 'nobody approves what he has asked');
SELECT is(said(format('billing.withdraw_approval(%s)', :two)), 'account 7', 'but takes it back');

-- rules: by org and amount, the nearest counts
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.set_approval_rule('C', 'refund', 50, '1 hour') \gset
SELECT billing.set_approval_rule('S2', 'refund', 500, '1 hour') \gset
SELECT is(said('billing.set_approval_rule(''C'', ''flying'')'), '22023 there is no act of this name', 'an act that is none');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.set_approval_rule(''S1'', ''refund'', 1000000)'), '42501 permission denied for function set_approval_rule', 'clerks make no rules');
SELECT is(said(format('refund(%s, 50)', :s1)), 'null', 'small amounts need nobody');
SELECT is(said(format('refund(%s, -50.01)', :s1)), 'UB603 account 7 needs the approval of a second person', 'others do, in either direction');

-- what was not used in time has expired
SELECT ask(:s1, 70) AS three \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:three) \gset
RESET SESSION AUTHORIZATION;
SET session_replication_role = replica;
UPDATE billing.approval SET asked_at = asked_at - interval '2 hours', expires_at = expires_at - interval '2 hours' WHERE approval_id = :three;
RESET session_replication_role;
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('refund(%s, 70)', :s1)), 'UB603 account 7 needs the approval of a second person', 'an expired approval is none');
SELECT isnt(ask(:s1, 71), :three::bigint, 'and makes room for the next');
SELECT is((SELECT string_agg(state, ' ' ORDER BY approval_id) FROM billing_report.approval), 'used withdrawn expired open', 'what became of each');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(act, ' ' ORDER BY audit_id) FROM billing.audit WHERE subject LIKE 'approval%'),
	'ask_approval approved used_approval ask_approval withdraw_approval ask_approval approved ask_approval', 'all of it is written down');
SELECT * FROM finish();
ROLLBACK;
