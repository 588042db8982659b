-- What waits as it is (readings in doubt, edits, contracts, requests, imports) waits as requests for
-- an approval: one list, the same rules, expiry and errors, and approve() carries it out.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_eve LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('C', 'A', 'Ann', 'x', 'tap_ann') AS a, billing.add_staff('C', 'B', 'Ben', 'x', 'tap_ben') AS b,
	billing.add_staff('C', 'E', 'Eve', 'x', 'tap_eve') AS e, billing.add_staff('S2', 'D', 'Cid', 'x', 'tap_cid') AS d \gset
SELECT sum(billing.grant_access(s, 'C', '{org,customer,account,reading,plan,bill,money,supply}', '{read,write,approve,run}')) AS g FROM unnest('{A,B,E}'::text[]) s \gset
SELECT billing.grant_access('D', 'S2', '{org,customer,account,reading,plan,bill,money,supply}', '{read,write,approve,run}') AS g \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "XTS", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS p \gset
SELECT billing.add_customer('S1', 'x') AS cu \gset
SELECT billing.add_account('S1', '1', :cu, '2026-01-01') AS one, billing.add_account('S1', '2', :cu, '2026-01-01') AS two \gset
SELECT billing.set_plan('1', 'home', '2026-01-01') \gset
SELECT billing.record_profile('1', billing.profile('2026-01-01 00:00+00', '1 day', array_fill(10000::bigint, ARRAY[31]))) AS days \gset
SELECT set_config('search_path', 'public', true) \gset
CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT plan(30);

SET SESSION AUTHORIZATION tap_ann;
SELECT billing.draft_contract('1', 'K', '[2026-06-01,2027-06-01)', 'home') AS contract \gset
SELECT billing.edit_reading('1', '2026-01-02 00:00+00', '{90000}', 'seen on site') AS edit \gset
SELECT string_agg(billing.record_register('1', d::date, 'total', v, digits => 6), ' ') AS r FROM (VALUES ('2026-01-01', 1000), ('2026-02-01', 1300), ('2026-03-01', 9000)) q(d, v) \gset r_
SELECT billing.open_supply_request('close', '1', '2026-12-01') AS request \gset
SELECT billing.step_supply_request(:request, 'submit') AS state \gset
SELECT billing.cutover_import('S1', 'X', '2026-01-01', '[{"account_no": "2", "receivable": "10.00", "currency": "XTS"}]', '{"accounts": 1, "receivable": 10, "advance": 0, "deposit": 0}') AS import \gset
SELECT set_eq($$SELECT act, subject, state, for_me, at_once FROM billing_report.approval$$, format($$VALUES
	('contract', 'version 1 of contract K of account 1', 'open', false, true), ('reading_edit', 'edit %s of readings of account 1', 'open', false, true),
	('register_reading', 'register total (main) of account 1 on 2026-03-01, entry 3', 'open', false, true), ('supply_request', 'request %s', 'open', false, true),
	('cutover', 'cut-over X', 'open', false, true)$$, :edit, :request), 'all that waits is in one list');
SELECT approval_id AS contract_a FROM billing_report.approval WHERE act = 'contract' \gset
SELECT approval_id AS edit_a FROM billing_report.approval WHERE act = 'reading_edit' \gset
SELECT approval_id AS reading_a FROM billing_report.approval WHERE act = 'register_reading' \gset
SELECT approval_id AS request_a FROM billing_report.approval WHERE act = 'supply_request' \gset
SELECT approval_id AS cutover_a FROM billing_report.approval WHERE act = 'cutover' \gset
SELECT is((SELECT string_agg(DISTINCT said(format('billing.approve(%s)', a)), ' ') FROM unnest(ARRAY[:contract_a, :edit_a, :reading_a, :request_a, :cutover_a]) a WHERE said(format('billing.approve(%s)', a)) <> format('UB603 approval %s needs a second person', a)), NULL, 'nobody approves what he has entered himself');
SELECT is(said('billing.approve_contract(''1'', ''K'')'), format('UB603 approval %s needs a second person', :contract_a), 'by its own command neither');
SELECT is(said(format('billing.withdraw_approval(%s)', :reading_a)), 'UB405 register total (main) of account 1 on 2026-03-01, entry 3 waits as long as it is there', 'it waits as long as it is there');
SELECT is(said(format('billing.ask_again(%s)', :reading_a)), format('UB405 approval %s has not expired', :reading_a), 'what is open is not asked again');
SET SESSION AUTHORIZATION tap_cid;
SELECT is_empty('SELECT * FROM billing_report.approval', 'another station sees nothing of it');
SELECT is(said(format('billing.approve(%s)', :contract_a)) || said(format('billing.ask_again(%s)', :contract_a)),
	format('P0002 approval %1$s does not exist, or not for youP0002 approval %1$s does not exist, or not for you', :contract_a), 'and decides nothing');

-- what nobody has decided in time is asked for anew
RESET SESSION AUTHORIZATION;
SET session_replication_role = replica;
UPDATE billing.approval SET asked_at = asked_at - interval '8 days', expires_at = expires_at - interval '8 days' WHERE approval_id IN (:contract_a, :reading_a);
RESET session_replication_role;
SET SESSION AUTHORIZATION tap_ben;
SELECT is((SELECT string_agg(state, ' ') FROM billing_report.approval WHERE approval_id IN (:contract_a, :reading_a)), 'expired expired', 'after seven days it has expired');
SELECT is(said('billing.approve_contract(''1'', ''K'')'), format('UB405 approval %s is not open', :contract_a), 'a draft that has waited for too long is not approved');
SELECT is(said('billing.approve_reading(''1'', ''2026-03-01'', ''approve'', ''read twice'')'), format('UB405 approval %s is not open', :reading_a), 'nor a reading');
SELECT billing.ask_again(:reading_a) AS reading_b \gset
SELECT is(said(format('billing.approve(%s, ''read twice'')', :reading_b)), format('UB603 approval %s needs a second person', :reading_b), 'who asks again does not approve');
SET SESSION AUTHORIZATION tap_eve;
SELECT billing.ask_again(:contract_a) AS contract_b \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('billing.approve(%s)', :contract_b)), 'UB603 contract K needs a second person', 'nor who has drafted it, whoever asks again');
SELECT is(said(format('billing.approve(%s)', :reading_b)), 'UB603 a reading needs a second person', 'nor who has read it');
SELECT is((SELECT state FROM billing_report.contract), 'draft', 'and nothing has happened');

-- approve() carries it out
SET SESSION AUTHORIZATION tap_eve;
SELECT is(said(format('billing.approve(%s, ''read twice'')', :reading_b)), 'register total (main) of account 1 on 2026-03-01, entry 3', 'another approves the reading');
SELECT is((SELECT format('%s %s %s', state, approved_by, reason) FROM billing_report.register_reading WHERE entry_no = 3), format('valid staff:%s read twice', :e), 'which counts');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:contract_b), billing.approve(:edit_a, 'seen'), billing.approve(:request_a, 'fine'), billing.approve(:cutover_a) \gset
SELECT is((SELECT state FROM billing_report.contract), 'approved', 'the contract can be signed');
SELECT is((SELECT format('%s %s %s', state, decided_by, note) FROM billing_report.reading_edit), format('applied staff:%s seen', :b), 'the edit is made');
SELECT is((SELECT state FROM billing_report.supply_request), 'approved', 'the request goes on');
SELECT is((SELECT format('%s %s', state, posted) FROM billing_report.cutover), 'approved 1', 'the import is posted');
SELECT is((SELECT string_agg(DISTINCT format('%s %s', state, used_by = asked_by), ' ') FROM billing_report.approval WHERE act <> 'register_reading' AND state <> 'expired'), 'used t', 'each is done as it was asked');
SELECT is(said(format('billing.approve(%s)', :edit_a)), format('UB405 approval %s is not open', :edit_a), 'once');

-- declined, laid aside, settled by what came later
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.edit_reading('1', '2026-01-03 00:00+00', '{90000}', 'seen on site') AS edit \gset
SELECT is(billing.record_register('1', '2026-04-01', 'total', 30000, digits => 6), 'pending', 'another in doubt');
SELECT billing.draft_contract('1', 'L', '[2026-06-01,2027-06-01)', 'home') AS contract \gset
SELECT billing.withdraw_contract_draft('1', 'L') \gset
SELECT billing.record_register('1', '2026-04-01', 'total', 10500, digits => 6) AS r \gset
SELECT is((SELECT string_agg(format('%s %s', act, state), ', ' ORDER BY approval_id) FROM billing_report.approval WHERE state IN ('open', 'withdrawn')),
	'reading_edit open, register_reading withdrawn, contract withdrawn' || CASE :'r' WHEN 'pending' THEN ', register_reading open' ELSE '' END, 'nothing is left of what waits no more');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.decline(approval_id, 'no') FROM billing_report.approval WHERE act = 'reading_edit' AND state = 'open' \gset
SELECT is((SELECT format('%s %s', state, note) FROM billing_report.reading_edit WHERE edit_id = :edit), 'refused no', 'a declined edit is refused');

-- the rules of organisations, also for these
RESET SESSION AUTHORIZATION;
SELECT billing.set_approval_rule('C', 'contract', valid_for => '1 hour', two_steps => true) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.draft_contract('1', 'M', '[2026-06-01,2027-06-01)', 'home') AS contract \gset
SELECT is((SELECT expires_at - asked_at FROM billing_report.approval WHERE subject LIKE '%contract M%'), '1 hour', 'a rule says for how long');
SET SESSION AUTHORIZATION tap_ben;
SELECT is(said('billing.approve_contract(''1'', ''M'')'), 'UB407 this needs a second step of identification', 'and that one step does not suffice');

-- it moves with its account
RESET SESSION AUTHORIZATION;
SELECT billing.transfer_account('1', 'S2', 'new border') \gset t_
SET SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT for_me FROM billing_report.approval WHERE subject LIKE '%contract M%'), true, 'it waits where its account is');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify()', 'and the chain is whole');
SELECT billing.post_payment('2', 50, 'p') \gset t_
SELECT billing.request_refund('2', 1, 'k', 'x') AS refund \gset
SELECT throws_ok(format('UPDATE billing.approval SET state = ''used'', decided_by = billing.actor(), decided_at = now(), used_by = asked_by, used_at = now() WHERE approval_id = %s', :refund),
	'23001', NULL, 'no other act is done by its approval alone');
SELECT * FROM finish();
ROLLBACK;
