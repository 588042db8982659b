-- Separation of duties, as data: a refund, a price, a write-off, a large change of a reading.
-- Each is entered by one and approved by another; by the rules small ones need nobody; who
-- enters does not approve, who approves does not do it, and nothing else is done than what was
-- approved.  Every way by which money leaves the books, or a price comes in, is among them.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_adm LOGIN IN ROLE billing_admin;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S', 'Station', 'station', 'C') AS s \gset
SELECT billing.add_staff('C', 'A', 'Ann', 'clerk', 'tap_ann') AS a, billing.add_staff('C', 'B', 'Ben', 'manager', 'tap_ben') AS b, billing.add_staff('C', 'D', 'Dan', 'administrator', 'tap_adm') AS d \gset
-- both may both: it is not for want of a right that one cannot do it alone
SELECT billing.grant_access('A', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write,approve,run}') AS g,
	billing.grant_access('B', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write,approve,run}') AS h, billing.grant_post('D', 'C') AS i \gset
SELECT billing.add_customer('S', 'x') AS cu \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "XTS", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS plan,
	billing.add_account('S', '1', :cu, '2026-01-01') AS one \gset
SELECT billing.set_plan('1', 'home', '2026-01-01') \gset
SELECT billing.add_component('fee', 'Fee', 'next') AS fee, billing.publish_component('fee', '2026-01-01', 1) AS r \gset
CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;

SELECT plan(45);

-- ---- refund ----
SELECT billing.post_payment('1', 100, 'paid') AS p \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.post_refund('1', 30, 'r1', 'paid twice')$$), 'UB603 account 1, r1 needs the approval of a second person', 'no refund without a second person');
SELECT is(said($$billing.request_refund('1', 100.01, 'r1', 'x')$$), 'UB316 account 1 has not in credit 100.01', 'no more than there is');
SELECT is(said($$billing.request_refund('1', 30.001, 'r1', 'x')$$), '22023 this is a positive amount in whole cents', 'in cents');
SELECT is(said($$billing.request_refund('1', 'NaN', 'r1', 'x')$$), '22023 this is a positive amount in whole cents', 'a number');
SELECT is(said($$billing.request_refund('1', -1, 'r1', 'x')$$), '22023 this is a positive amount in whole cents', 'above nothing');
SELECT is(said($$billing.request_refund('1', 30, 'r1', ' ')$$), '22023 this has a key, and a reason', 'with a reason');
SELECT is(said($$billing.request_refund('9', 30, 'r1', 'x')$$), 'P0002 account 9 does not exist, or not for you', 'of an account that is there');
SELECT billing.request_refund('1', 30, 'r1', 'paid twice') AS refund \gset
SELECT is(said(format('billing.approve(%s)', :refund)), format('UB603 approval %s needs a second person', :refund), 'who enters does not approve');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:refund) \gset
SELECT is(said($$billing.post_refund('1', 30, 'r1', 'paid twice')$$), 'UB603 who approves does not do it', 'who approves does not do it');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.post_refund('1', 31, 'r1', 'paid twice')$$), 'UB603 account 1, r1 needs the approval of a second person', 'not another amount');
SELECT is(said($$billing.post_refund('1', 30, 'r1', 'paid three times')$$), 'UB603 account 1, r1 needs the approval of a second person', 'nor another reason');
SELECT billing.post_refund('1', 30, 'r1', 'paid twice') AS posted \gset
SELECT is(said($$billing.post_refund('1', 30, 'r1', 'paid twice')$$), :'posted', 'once: the same key is the same posting');
SELECT is(said($$billing.post_refund('1', 29, 'r1', 'paid twice')$$), 'UB302 key "r1" has posted something else', 'and no other');
SELECT is((SELECT (debit, credit, amount)::text FROM billing.transfer WHERE key = 'r1'), '(receivable,cash,30.00)', 'cash has gone');
SELECT is((SELECT balance FROM billing.account_head), -70.00, 'and the account has less');

-- ---- write-off ----
RESET SESSION AUTHORIZATION;
SELECT billing.post_refund('1', 70, 'r0', 'x') FROM (SELECT billing.set_approval_rule('C', 'refund', 1000)) q \gset
SELECT billing.record_profile('1', billing.profile('2026-01-01 00:00+00', '1 day', array_fill(10000::bigint, ARRAY[31]))) AS days \gset
SELECT set_config('search_path', 'public', true) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.draft_bill('1', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "fee", "quantity": "1", "price": "50", "amount": "50.00"}]', 'a fee') AS draft \gset
SELECT is(said($$billing.issue_draft('1', 1)$$), 'UB603 draft 1 of account 1 needs the approval of a second person', 'a bill by hand needs one, too');
SELECT billing.submit_draft('1', :draft) AS manual \gset
SELECT is(said(format('billing.approve(%s)', :manual)), format('UB603 approval %s needs a second person', :manual), 'another than its author');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:manual) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.issue_draft('1', :draft) AS b \gset
SELECT is(said($$billing.post_write_off('1', 20, 'w1', 'gone')$$), 'UB603 account 1, w1 needs the approval of a second person', 'no debt is given up by one person');
SELECT is(said($$billing.request_write_off('1', 50.01, 'w1', 'gone')$$), 'UB316 account 1 does not owe 50.01', 'and none that there is not');
SELECT billing.request_write_off('1', 20, 'w1', 'gone') AS debt \gset
SELECT is(said(format('billing.approve(%s)', :debt)), format('UB603 approval %s needs a second person', :debt), 'who enters does not approve');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:debt) \gset
SELECT is(said($$billing.post_write_off('1', 20, 'w1', 'gone')$$), 'UB603 who approves does not do it', 'who approves does not do it');
SET SESSION AUTHORIZATION tap_ann;
SELECT matches(said($$billing.post_write_off('1', 20, 'w1', 'gone')$$), '^\d+$', 'done');
SELECT is((SELECT (debit, credit, amount)::text FROM billing.transfer WHERE key = 'w1'), '(written_off,receivable,20.00)', 'in a book of its own');
SELECT is((SELECT balance FROM billing.account_head), 30.00, 'and the account owes less');
RESET SESSION AUTHORIZATION;
SELECT billing.set_approval_rule('S', 'write_off', 5) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT matches(said($$billing.post_write_off('1', 5, 'w2', 'a rest')$$), '^\d+$', 'by the rule small debts need nobody');
SELECT is(said($$billing.post_write_off('1', 5.01, 'w3', 'a rest')$$), 'UB603 account 1, w3 needs the approval of a second person', 'and larger ones do');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify()', 'the chain is whole, the balance right');
SELECT is_empty('SELECT * FROM billing.check_sums()', 'and so are the sums');

-- ---- price ----
SET SESSION AUTHORIZATION tap_ann;
\set dear '\'{"name": "x", "currency": "XTS", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.6"}]}\''
\set dearer '\'{"name": "x", "currency": "XTS", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.7"}]}\''
SELECT is(said($$billing.publish_component('fee', '2026-02-01', 2)$$), '1', 'without a rule prices need nobody');
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.set_approval_rule('C', 'price') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('billing.add_plan(''home'', ''Homes'', ''2026-06-01'', %L)', :dear)), 'UB603 plan home from 2026-06-01 needs the approval of a second person', 'with one a plan does');
SELECT is(said($$billing.publish_component('fee', '2026-03-01', 3)$$), 'UB603 component fee from 2026-03-01 needs the approval of a second person', 'and a published price');
SELECT is(said($$billing.publish_market('{"prices": {"fee": [{"from": "2026-03-01", "price": "3"}]}}')$$), 'UB603 component fee from 2026-03-01 needs the approval of a second person', 'by whichever way it comes');
SELECT billing.request_plan('home', 'Homes', '2026-06-01', :dear) AS plan, billing.request_component('fee', '2026-03-01', 3) AS component \gset
SELECT is(said(format('billing.approve(%s)', :plan)), format('UB603 approval %s needs a second person', :plan), 'who enters a price does not approve it');
SET SESSION AUTHORIZATION tap_ben;
SELECT is((SELECT detail::jsonb #>> '{tariff,charges,0,price}' FROM billing_report.approval WHERE approval_id = :plan), '0.6', 'who approves sees the price');
SELECT billing.approve(:plan), billing.approve(:component) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said(format('billing.add_plan(''home'', ''Homes'', ''2026-06-01'', %L)', :dearer)), 'UB603 plan home from 2026-06-01 needs the approval of a second person', 'and no other comes in');
SELECT matches(said(format('billing.add_plan(''home'', ''Homes'', ''2026-06-01'', %L)', :dear)), '^\d+$', 'the one that was approved does');
SELECT is(said($$billing.publish_component('fee', '2026-03-01', 3)$$), '1', 'and the published one');
RESET SESSION AUTHORIZATION;
SELECT billing.add_series('spot', 'Spot', 60) AS series \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.publish_prices('spot', '2026-03-01 00:00+00', '{1,2,NULL}')$$), 'UB603 series spot from 2026-03-01 00:00:00 needs the approval of a second person', 'nor prices slot by slot');
SELECT billing.request_prices('spot', '2026-03-01 00:00+00', '{1,2,NULL}') AS spot \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:spot) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said($$billing.publish_prices('spot', '2026-03-01 00:00+00', '{1,3,NULL}')$$), 'UB603 series spot from 2026-03-01 00:00:00 needs the approval of a second person', 'not others than were approved');
SELECT is(said($$billing.publish_prices('spot', '2026-03-01 00:00+00', '{1.0,2.00,NULL}')$$), '1', 'just these');
SELECT is(said($$billing.publish_prices('spot', '2026-03-01 00:00+00', '{1,2,NULL}')$$), '1', 'once: the same again is the same publication');

-- ---- a large change of a reading ----
SELECT billing.edit_reading('1', '2026-01-05 00:00+00', '{9000000}', 'misread') AS edit \gset
SELECT is((SELECT state FROM billing.reading_edit WHERE edit_id = :edit), 'pending', 'a large change of a reading waits');
SELECT is(said(format('billing.decide_edit(%s, true)', :edit)), format('UB603 approval %s needs a second person', (SELECT approval_id FROM billing.approval WHERE act = 'reading_edit')), 'who enters it does not approve it');
SET SESSION AUTHORIZATION tap_ben;
SELECT is(said(format('billing.decide_edit(%s, true)', :edit)), 'applied', 'another does');
RESET SESSION AUTHORIZATION;
-- every way by which a clerk takes money off what a customer owes, or out of the till
SELECT bag_eq($$SELECT p.proname::text FROM pg_proc p WHERE p.pronamespace = 'billing'::regnamespace AND p.prosrc ~ 'INSERT INTO billing.transfer\M' AND p.proname <> '_store_code'$$,
	ARRAY['post_payment', '_issue_bills', '_post_refund', 'settle_deposit'], 'what posts transfers is of this list: reviewed with every change to it');
SELECT * FROM finish();
ROLLBACK;
