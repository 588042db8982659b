-- Notices: what is wanted, in which words, queued once, sent with proof; supply is stopped only after them.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_sam LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_eli LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_rob LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_wang LOGIN IN ROLE billing_customer;
CREATE ROLE tap_li LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', '城关供电公司', 'company') \gset
SELECT billing.add_org('S', 'Station', 'station', 'C') \gset
SELECT billing.add_org('T', 'Other station', 'station', 'C') \gset
SELECT billing.add_org('X', 'Other company', 'company') \gset
SELECT billing.add_staff('C', 'A', 'Ann', 'billing clerk', 'tap_ann'), billing.add_staff('C', 'B', 'Ben', 'manager', 'tap_ben'),
	billing.add_staff('X', 'D', 'Cid', 'manager', 'tap_cid'), billing.add_staff('C', 'M', 'Mail', 'sender', 'tap_sam'), billing.add_staff('C', 'E', 'Eli', 'equipment clerk', 'tap_eli'),
	billing.add_staff('C', 'R', 'Rob', 'meter reader', 'tap_rob') \gset
SELECT billing.grant_post('A', 'C'), billing.grant_post('B', 'C'), billing.grant_post('E', 'C'), billing.grant_post('R', 'C'), billing.grant_post('D', 'X'), billing.grant_access('A', 'C', '{account}', '{write}'),
	billing.grant_access('D', 'X', '{bill,customer}', '{run,write}'),
	billing.grant_access('M', 'C', '{org,account,customer,bill,personal}', '{read}'), billing.grant_access('M', 'C', '{customer}', '{run}') \gset
SELECT billing.add_plan('home', '居民', '2020-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "notes": {"class": "residential"}, "charges": [{"code": "energy", "price": "0.5"}]}'),
	billing.add_plan('shop', 'Shops', '2020-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "notes": {"class": "commercial"}, "charges": [{"code": "energy", "price": "0.8"}]}') \gset
SELECT billing.register_customer('C', '王芳', email => 'wang@example.com') AS wang, billing.register_customer('C', '李{account_no}', email => 'li@example.com') AS li, billing.add_customer('X', 'Zhao') AS zhao \gset
UPDATE billing.customer SET login_role = 'tap_wang' WHERE customer_id = :wang;
UPDATE billing.customer SET login_role = 'tap_li' WHERE customer_id = :li;
UPDATE billing.customer_contact SET consent = '{bill,dunning}', consent_at = now();
SELECT count(billing.add_account(CASE n WHEN 9 THEN 'X' WHEN 10 THEN 'T' ELSE 'S' END, n::text, CASE n WHEN 1 THEN :wang WHEN 9 THEN :zhao ELSE :li END, '2020-01-01', 'Street ' || n)) FROM generate_series(1, 12) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, CASE WHEN n IN (2, 10) THEN 'shop' ELSE 'home' END, '2020-01-01') FROM generate_series(1, 12) n) q \gset
SELECT billing.set_due_days('C', 10, '2020-01-01'), billing.set_due_days('X', 10, '2020-01-01'), billing.rebuild_sums('UTC') \gset
ALTER TABLE billing.bill DISABLE TRIGGER bill_refuse_change;
-- a bill that was issued so many days ago
CREATE FUNCTION public.bill(account_no text, ago integer, amount numeric) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	made	billing.bill;
	number	bigint;
BEGIN
	SELECT a.account_id INTO made.account_id FROM billing.account a WHERE a.account_no = bill.account_no;
	made.from_on := current_date - ago - 30;
	made.until_on := current_date - ago;
	made.kind := 'normal';
	made.total := amount;
	made.charges := (jsonb_build_object('currency', 'CNY', 'from', made.from_on, 'until', made.until_on, 'charges', '[{"code": "energy"}]'::jsonb,
		'lines', jsonb_build_array(jsonb_build_object('charge', 0, 'amount', round(amount, 2)::text)),
		'tariff', (SELECT encode(v.digest, 'hex') FROM billing.account_plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id WHERE p.account_id = made.account_id)))::text::billing.charges;
	number := billing._issue_bill(made);
	UPDATE billing.bill b SET issued_at = (current_date - ago) + time '00:00' WHERE b.account_id = made.account_id AND b.seq = number;
	RETURN number;
END $$;
CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- time goes by for what was sent: a test cannot wait
CREATE FUNCTION public.earlier(kind text, ago interval) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	ALTER TABLE billing.notice DISABLE TRIGGER notice_guard;
	UPDATE billing.notice n SET sent_at = n.sent_at - ago WHERE n.kind = earlier.kind AND n.sent_at IS NOT NULL;
	ALTER TABLE billing.notice ENABLE TRIGGER notice_guard;
END $$;

SELECT * FROM no_plan();

-- ---- rules and words ----
SELECT bill('1', 0, 100) AS first \gset
SELECT is_empty('SELECT FROM billing.notice', 'nobody is told of what nobody wants told');
SET SESSION AUTHORIZATION tap_ben;
SELECT count(*) FROM (SELECT billing.set_notice_rule('C', k, '2020-01-01', 'email', days => d) FROM (VALUES ('bill_ready', 0), ('due_soon', 3), ('overdue', 5), ('disconnection', 0), ('price_change', 0)) v(k, d)) q \gset
SELECT billing.set_notice_rule('S', 'bill_ready', '2020-01-01', NULL, 'commercial') \gset
SELECT matches(said($$billing.set_notice_rule('C', 'gossip', '2020-01-01', 'email')$$), '^22023 there is no kind', 'kinds are known');
SELECT matches(said($$billing.set_notice_rule('C', 'overdue', '2020-01-01', 'pigeon')$$), '^23514', 'channels, too');
SELECT is(said($$billing.set_notice_rule('C', 'overdue', '2020-01-01', 'email', 'comercial')$$), '22023 no plan is of class "comercial"', 'and classes');
SELECT is(said($$billing.set_disconnection_rule('C', 'comercial', '2020-01-01')$$), '22023 no plan is of class "comercial"', 'of those who are disconnected, too');
SELECT matches(said($$billing.set_notice_rule('C', 'overdue', 'infinity', 'email')$$), '^23514', 'and days');
SELECT matches(said($$billing.set_notice_rule('X', 'overdue', '2020-01-01', 'email')$$), '^P0002', 'another company''s rules are not his');
SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', '{org}：{from_on}账单', E'{customer}您好：\n户号{account_no}本期电费{total}元，请于{due_on}前缴纳。') AS words \gset
SELECT count(*) FROM (SELECT billing.set_notice_template('C', k, 'email', 'zh', k, '{customer} {open} {overdue}') FROM unnest('{overdue,disconnection_reminder}'::text[]) k) q \gset
SELECT billing.set_notice_template('C', 'disconnection', 'email', 'zh', 'stop', '{customer} {open} {stops_on}') \gset
SELECT billing.set_notice_template('C', 'price_change', 'email', 'zh', '{plan}', '{from_on}') \gset
SELECT throws_ok($$SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', 'x', 'pay {stops_on}')$$, '22023', 'nothing can stand for "{stops_on}"', 'a placeholder that the kind has not');
SELECT throws_ok($$SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', 'x', '{total}} {')$$, '22023', 'a brace is not closed, or not opened', 'braces go in pairs');
SELECT throws_ok($$SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', 'x', '{{total}}')$$, '22023', NULL, 'and not in each other');
SELECT throws_ok($$SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', E'x\nBcc: all@example.com', 'y')$$, '23514', NULL, 'a subject is one line');
SELECT is(billing._filled('a{x}b{y}c', '{"x": "{y}", "y": "1"}'), 'a{y}b1c', 'what is put in is not read again');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.notice_template SET body = 'x'$$, '23001', NULL, 'words that were sent stay');

-- ---- queued with what they tell of, once ----
SELECT bill('3', 0, 30) AS third, bill('2', 0, 20) AS second, bill('10', 0, 40) AS tenth \gset
SELECT results_eq($$SELECT account_no, kind, about, channel, state FROM billing_report.notice ORDER BY 1$$,
	format($$VALUES ('10', 'bill_ready', '%s', 'email', 'queued'), ('3', 'bill_ready', '%s', 'email', 'queued')$$, :tenth, :third), 'with the bill; not where the nearer org does not want it for the class');
SELECT bill('4', 8, 50) AS soon, bill('5', 20, 60) AS late, bill('6', 60, 70) AS stale, bill('6', 0, 5) AS fresh, bill('7', 60, 80) \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT results_eq($$SELECT queued, withdrawn FROM billing.queue_notices('C')$$, $$VALUES (6::bigint, 0::bigint)$$, 'due soon, overdue twice and once, disconnection twice');
SELECT results_eq($$SELECT queued, withdrawn FROM billing.queue_notices('C')$$, $$VALUES (0::bigint, 0::bigint)$$, 'the same again queues nothing');
SELECT results_eq($$SELECT account_no, kind FROM billing_report.notice WHERE kind <> 'bill_ready' ORDER BY 1, 2$$,
	$$VALUES ('4', 'due_soon'), ('5', 'overdue'), ('6', 'disconnection'), ('6', 'overdue'), ('7', 'disconnection'), ('7', 'overdue')$$, 'each what its days say');
SELECT matches(said($$billing.queue_notices('C', current_date + 1)$$), '^22023', 'not for a day to come');
SELECT matches(said($$billing.queue_notices('X')$$), '^P0002', 'nor for strangers');
SELECT billing.post_payment('7', 80, 'p') \gset
SELECT is((SELECT array_agg(DISTINCT state) FROM billing_report.notice WHERE account_no = '7' AND kind <> 'bill_ready'), '{withdrawn}', 'a payment withdraws them');
SELECT is(billing.queue_notice('3', 'reply_wanted', '请回复', 'post'), billing.queue_notice('3', 'reply_wanted', '请回复', 'post'), 'one by hand, once');
SELECT matches(said($$billing.queue_notice('3', 'overdue', '999', 'email')$$), '^P0002', 'about a bill that is there');
SELECT matches(said($$billing.queue_notice('3', 'reply_wanted', 'y', 'post', at => 'infinity')$$), '^23514', 'at a moment');
SELECT matches(said($$billing.queue_notice('9', 'reply_wanted', 'x', 'post')$$), '^P0002', 'to an account that is one''s own');
SELECT is(billing.queue_price_change('C', 'home', '2020-01-01'), 9::bigint, 'all that have the plan');
SELECT is(billing.queue_price_change('C', 'home', '2020-01-01'), 0::bigint, 'once');
SELECT matches(said($$billing.queue_price_change('C', 'home', '2021-01-01')$$), '^P0002', 'of a version that there is');

-- ---- senders ----
SELECT matches(said($$(SELECT count(*) FROM billing.take_notices('email'))$$), '^0', 'who may not send has nothing to send');
SET SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.take_notices('email', 100)), 0::bigint, 'nor has another company''s sender');
SELECT is_empty('SELECT FROM billing.notice', 'who sees none of it');
SET SESSION AUTHORIZATION tap_rob;
SELECT is_empty('SELECT FROM billing.notice', 'nor does who may read accounts, and neither bills nor customers');
SET SESSION AUTHORIZATION tap_sam;
SELECT matches(said($$(SELECT count(*) FROM billing.take_notices('email', 0))$$), '^22023', 'some at least');
CREATE TEMPORARY TABLE taken ON COMMIT DROP AS SELECT * FROM billing.take_notices('email', 100);
SELECT is((SELECT subject || '|' || body || '|' || address FROM taken WHERE account_no = '3' AND kind = 'bill_ready'),
	format(E'Station：%s账单|李{account_no}您好：\n户号3本期电费30.00元，请于%s前缴纳。|li@example.com', current_date - 30, current_date + 10), 'the words, in Chinese, with the values of now, and the address');
SELECT is((SELECT body FROM taken WHERE account_no = '6' AND kind = 'overdue'), '李{account_no} 70.00 70.00', 'what is open of the bill, and overdue of all');
SELECT is((SELECT body FROM taken WHERE account_no = '6' AND kind = 'disconnection'), format('李{account_no} 70.00 %s', current_date + 7), 'and from when supply may be stopped');
SELECT is((SELECT count(*) FROM billing.take_notices('email', 100)), 0::bigint, 'what is taken nobody else gets');
SELECT results_eq($$SELECT account_no, reason FROM billing_report.notice WHERE state = 'failed'$$, $$VALUES ('4', 'there is no template for due_soon by email in zh')$$, 'what has no words fails with the reason');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM billing.audit WHERE act = 'open_sealed'), (SELECT count(*) FROM taken), 'each address that was opened is written down');
SET SESSION AUTHORIZATION tap_sam;
SELECT is(billing.notice_sent(t.notice_id, t.message_id), true, 'sent') FROM taken t WHERE account_no = '3' AND kind = 'bill_ready';
SELECT is(billing.notice_sent(t.notice_id, t.message_id), false, 'which is known then') FROM taken t WHERE account_no = '3' AND kind = 'bill_ready';
SELECT is(billing.notice_failed(t.notice_id, 'too late'), 'sent', 'and stays so') FROM taken t WHERE account_no = '3' AND kind = 'bill_ready';
SELECT throws_ok(format($$SELECT billing.notice_sent(%s, 'forged')$$, t.notice_id), 'UB609', NULL, 'with the message that was given') FROM taken t WHERE account_no = '10' AND kind = 'bill_ready';
SELECT is(billing.notice_failed(t.notice_id, '451 later'), 'queued', 'a relay that is away: later') FROM taken t WHERE account_no = '10' AND kind = 'bill_ready';
SELECT is((SELECT count(*) FROM billing.take_notices('email', 100)), 0::bigint, 'but not at once');
SELECT is(billing.notice_failed(t.notice_id, '550 no such user', true), 'refused', 'a refusal is final') FROM taken t WHERE account_no = '5' AND kind = 'overdue';
SELECT throws_ok($$SELECT billing.notice_sent(999999, 'x')$$, 'P0002', NULL, 'a notice that is not there');
RESET SESSION AUTHORIZATION;
UPDATE billing.notice SET next_at = now() - interval '1 hour' WHERE account_id = 10;
SET SESSION AUTHORIZATION tap_sam;
SELECT is((SELECT message_id FROM billing.take_notices('email', 100)), (SELECT message_id FROM taken WHERE account_no = '10' AND kind = 'bill_ready'), 'what a sender died with is given again, as the same message');
-- one with which every sender dies
RESET SESSION AUTHORIZATION;
SAVEPOINT dying;
UPDATE billing.notice SET attempts = 11, next_at = now() - interval '1 hour' WHERE state = 'taken' AND account_id = 10;
SET SESSION AUTHORIZATION tap_sam;
SELECT is((SELECT count(*) FROM billing.take_notices('email', 100)), 1::bigint, 'given for the twelfth time');
RESET SESSION AUTHORIZATION;
UPDATE billing.notice SET attempts = 5000 WHERE state = 'taken' AND account_id = 10;
SET SESSION AUTHORIZATION tap_sam;
SAVEPOINT said;
SELECT is(billing.notice_failed(t.notice_id, 'x'), 'failed', 'however often it was taken, it can be said that it failed') FROM taken t WHERE account_no = '10' AND kind = 'bill_ready';
ROLLBACK TO said;
RESET SESSION AUTHORIZATION;
UPDATE billing.notice SET attempts = 12, next_at = now() - interval '1 hour' WHERE state = 'taken' AND account_id = 10;
SET SESSION AUTHORIZATION tap_sam;
SELECT is((SELECT count(*) FROM billing.take_notices('email', 100)), 0::bigint, 'and no more');
SELECT is((SELECT reason FROM billing_report.notice WHERE account_no = '10' AND kind = 'bill_ready'), 'taken 12 times, and no sender said how it went', 'with the reason');
ROLLBACK TO dying;
SET SESSION AUTHORIZATION tap_ann;
SELECT is((SELECT count(*) FROM (SELECT billing.requeue_notice(notice_id) FROM billing_report.notice WHERE state = 'refused') q), 1::bigint, 'what was refused goes again by a clerk''s hand');
SELECT throws_ok($$SELECT billing.requeue_notice(notice_id) FROM billing_report.notice WHERE state = 'sent'$$, 'UB609', NULL, 'what was sent does not');
SELECT results_eq($$SELECT subject, is_as_sent FROM billing.notice n CROSS JOIN LATERAL billing.notice_text(n.notice_id) WHERE n.kind = 'bill_ready' AND n.account_id = 3$$,
	format($$VALUES ('Station：%s账单', true)$$, current_date - 30), 'the proof: its words and digest');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.notice SET said = '{}' WHERE state = 'sent'$$, '23001', NULL, 'which nobody changes');
SELECT throws_ok($$UPDATE billing.notice SET state = 'queued' WHERE state = 'sent'$$, '23001', NULL, 'or undoes');
SELECT throws_ok($$DELETE FROM billing.notice$$, '23001', NULL, 'or removes');
-- consent, and an address that ends
UPDATE billing.customer_contact SET consent = '{bill}' WHERE customer_id = :li;
SELECT bill('8', 30, 10) AS eighth \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT queued FROM billing.queue_notices('C') \gset
SET SESSION AUTHORIZATION tap_sam;
SELECT count(*) FROM billing.take_notices('email', 100) \gset
SELECT results_eq($$SELECT kind, state, reason FROM billing_report.notice WHERE account_no = '8' AND kind = 'overdue'$$, $$VALUES ('overdue', 'failed', 'the customer has no contact that email may use for this')$$,
	'nobody is dunned where he did not agree to be');
-- customers
SET SESSION AUTHORIZATION tap_li;
SELECT is((SELECT count(*) FROM billing_report.notice WHERE account_no = '3' AND state = 'sent'), 1::bigint, 'a customer sees his own');
SELECT is((SELECT is_as_sent FROM billing.notice n CROSS JOIN LATERAL billing.notice_text(n.notice_id) WHERE n.state = 'sent'), true, 'and what it said');
SET SESSION AUTHORIZATION tap_wang;
SELECT is((SELECT count(*) FROM billing.notice), 1::bigint, 'and no other''s');

-- ---- stopping supply ----
RESET SESSION AUTHORIZATION;
SELECT count(billing.add_service_point(n::text)) FROM unnest('{6,7,11}'::integer[]) n \gset
SELECT count(billing.add_service_point('6', 'pump')) \gset
CREATE FUNCTION public.points() RETURNS text LANGUAGE sql AS $$SELECT string_agg(concat_ws(' ', p.part, p.state, p.disconnected_for), ', ' ORDER BY p.part) FROM billing.service_point p WHERE p.account_id = 6$$;
-- the function by which supply is cut for other causes is no way around
SET SESSION AUTHORIZATION tap_eli;
SELECT throws_ok($$SELECT billing.disconnect_service_point('6', 'arrears', 'owes')$$, 'UB608', 'supply is not cut for arrears by hand', 'arrears go by a request');
SELECT throws_ok($$SELECT billing.disconnect_service_point('6', 'owes', 'x')$$, '22023', NULL, 'a cause that there is');
SELECT throws_ok($$SELECT billing.disconnect_service_point('6', 'order', ' ')$$, '22023', NULL, 'with words');
SELECT throws_ok($$SELECT billing.disconnect_service_point('6', 'order', 'fire brigade')$$, 'UB603', 'service point main of account 6 needs the approval of a second person', 'who owes is not cut by one person');
SELECT lives_ok($$SELECT billing.disconnect_service_point('11', 'customer', 'rebuilds')$$, 'who owes nothing is');
SELECT throws_ok($$SELECT billing.disconnect_service_point('11', 'customer', 'rebuilds')$$, 'UB705', NULL, 'once');
SELECT billing.request_disconnection('6', 'order', 'fire brigade', 'pump') AS cut \gset
SELECT throws_ok(format('SELECT billing.approve(%s)', :cut), 'P0002', NULL, 'who asks does not approve');
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.approve(:cut) \gset
SET SESSION AUTHORIZATION tap_eli;
SELECT throws_ok($$SELECT billing.disconnect_service_point('6', 'order', 'something else', 'pump')$$, 'UB603', NULL, 'just what was approved');
SELECT lives_ok($$SELECT billing.disconnect_service_point('6', 'order', 'fire brigade', 'pump')$$, 'is done');
SELECT lives_ok($$SELECT billing.disconnect_service_point('7', 'danger', 'a line is down'), billing.reconnect_service_point('7', 'repaired')$$, 'what cannot wait does not wait');
SET SESSION AUTHORIZATION tap_cid;
SELECT throws_ok($$SELECT billing.disconnect_service_point('7', 'danger', 'x')$$, 'P0002', NULL, 'not by strangers');
SELECT throws_ok($$SELECT billing.request_disconnection('7', 'order', 'x')$$, 'P0002', NULL, 'who do not ask for it either');
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.open_supply_request('disconnection', '5', current_date + 7)$$, 'UB608', 'account 5 cannot be disconnected for arrears on ' || (current_date + 7), 'arrears of ten days');
SELECT throws_ok($$SELECT billing.open_supply_request('disconnection', '1', current_date + 7)$$, 'UB608', NULL, 'a bill that is not due');
SELECT throws_ok($$SELECT billing.open_supply_request('disconnection', '7', current_date + 7)$$, 'UB608', NULL, 'a bill that is paid');
SELECT throws_ok($$SELECT billing.open_supply_request('disconnection', '6', current_date + 7)$$, 'UB608', NULL, 'a notice that was taken is not one that was sent');
SET SESSION AUTHORIZATION tap_sam;
SELECT billing.notice_sent(t.notice_id, t.message_id) FROM taken t WHERE account_no = '6' AND kind = 'disconnection' \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok($$SELECT billing.open_supply_request('disconnection', '6', current_date + 6)$$, 'UB608', NULL, 'seven days after it');
SELECT billing.open_supply_request('disconnection', '6', current_date + 7) AS early \gset
SELECT billing.step_supply_request(:early, 'submit') \gset
SELECT is(billing.step_supply_request(:early, 'withdraw', 'later'), 'withdrawn', 'asked for ahead, and left');
RESET SESSION AUTHORIZATION;
SELECT earlier('disconnection', '7 days') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.open_supply_request('disconnection', '6', current_date) AS stop \gset
SELECT billing.step_supply_request(:stop, 'submit') \gset
SET SESSION AUTHORIZATION tap_ben;
SELECT is(billing.step_supply_request(:stop, 'approve'), 'approved', 'the days are over');
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format($$SELECT billing.step_supply_request(%s, 'complete')$$, :stop), 'UB608', NULL, 'but the second warning was not sent');
SET SESSION AUTHORIZATION tap_sam;
SELECT is(billing.notice_sent(t.notice_id, t.message_id), true, 'it is queued with the approval') FROM billing.take_notices('email', 100) t WHERE t.kind = 'disconnection_reminder';
SET SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format($$SELECT billing.step_supply_request(%s, 'complete')$$, :stop), 'UB608', NULL, 'half an hour before');
RESET SESSION AUTHORIZATION;
SELECT earlier('disconnection_reminder', '31 minutes') \gset
SAVEPOINT paid;
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.post_payment('6', 75, 'in time') \gset
SELECT is((SELECT state FROM billing_report.supply_request WHERE request_id = :stop), 'withdrawn', 'a payment in time ends it');
ROLLBACK TO paid;
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.step_supply_request(:stop, 'complete') \gset
SELECT is((SELECT phase FROM billing.account_phase WHERE account_id = 6 ORDER BY request_id DESC LIMIT 1), 'disconnected', 'supply is stopped');
SELECT is(points(), 'main disconnected arrears, pump disconnected order', 'at its points');
SET SESSION AUTHORIZATION tap_eli;
SELECT throws_ok($$SELECT billing.reconnect_service_point('6', 'asks nicely')$$, 'UB608', NULL, 'and not given back by hand');
SELECT throws_ok($$SELECT billing.reconnect_service_point('6', 'order lifted', 'pump')$$, 'UB608', NULL, 'at none of them');
SET SESSION AUTHORIZATION tap_ann;
SELECT is_empty($$SELECT * FROM billing.reconnections('C')$$, 'nothing is open while it owes');
SELECT billing.post_payment('6', 75, 'paid') \gset
SELECT results_eq($$SELECT account_no, due_at - paid_at FROM billing.reconnections('C')$$, $$VALUES ('6', interval '24 hours')$$, 'paid: supply is back within a day');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT state FROM billing.health() WHERE check_name = 'reconnections'), 'ok', 'which is not over yet');
ALTER TABLE billing.transfer DISABLE TRIGGER transfer_refuse_change;
UPDATE billing.transfer SET posted_at = posted_at - interval '25 hours' WHERE account_id = 6;
SELECT is((SELECT state FROM billing.health() WHERE check_name = 'reconnections'), 'critical', 'then somebody is called');
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.open_supply_request('reconnection', '6', current_date) AS back \gset
SELECT count(*) FROM (SELECT billing.step_supply_request(:back, s) FROM unnest('{submit,approve,complete}'::text[]) s) q \gset
SELECT is_empty($$SELECT * FROM billing.reconnections('C')$$, 'until it is done');
SELECT is(points(), 'main active, pump disconnected order', 'supply is back where it was cut for arrears');
SET SESSION AUTHORIZATION tap_eli;
SELECT lives_ok($$SELECT billing.reconnect_service_point('6', 'order lifted', 'pump')$$, 'the other point follows when its cause is gone');
SET SESSION AUTHORIZATION tap_cid;
SELECT throws_ok($$SELECT * FROM billing.reconnections('C')$$, 'P0002', NULL, 'strangers see nothing of it');

-- what a place, a class and a contract ask
RESET SESSION AUTHORIZATION;
SELECT billing.set_disconnection_rule('C', NULL, '2020-01-01', 30, 3, 60, 48, 'provincial code'), billing.set_disconnection_rule('S', 'residential', '2020-01-01', 30, 7, NULL, 24),
	billing.set_disconnection_rule('S', 'residential', current_date + 10, 30, 10, NULL, 24) \gset
SELECT is((billing._disconnection_rule(10, current_date)).notice_days, 3, 'the company''s');
SELECT is((billing._disconnection_rule(6, current_date)).notice_days, 7, 'the nearer org''s, of the class');
SELECT is((billing._disconnection_rule(6, current_date + 10)).notice_days, 10, 'another one later');
ALTER TABLE billing.contract DISABLE TRIGGER USER;
ALTER TABLE billing.contract_version DISABLE TRIGGER USER;
INSERT INTO billing.contract (account_id, contract_no, org_id) SELECT account_id, 'K', org_id FROM billing.account WHERE account_no IN ('6', '10');
INSERT INTO billing.contract_version (account_id, contract_no, version, org_id, state, valid_during, plan_id, other_terms, drafted_by, approved_by, signed_on, signature_digest, signed_by)
SELECT c.account_id, 'K', 1, c.org_id, 'signed', daterange('2020-01-01', '2099-01-01'), 1, format('{"disconnection_notice_days": %s}', CASE c.account_id WHEN 6 THEN 14 ELSE 1 END)::jsonb, 'a', 'b', '2020-01-01', sha256(''), 'c'
  FROM billing.contract c;
SELECT is((billing._disconnection_rule(6, current_date)).notice_days, 14, 'a contract gives more');
SELECT is((billing._disconnection_rule(10, current_date)).notice_days, 3, 'and never less');
SELECT throws_ok($$SELECT billing.set_disconnection_rule('C', NULL, '2020-01-01', notice_days => -1)$$, '23514', NULL, 'days are days');

-- an account that moves, by somebody who sees no notice
RESET SESSION AUTHORIZATION;
SELECT billing.grant_access('R', 'C', '{account}', '{write}') AS writes, count(*) AS notices FROM billing.notice WHERE account_id = 3 \gset
SELECT is(:notices > 0, true, 'with notices');
SET SESSION AUTHORIZATION tap_rob;
SELECT billing.transfer_account('3', 'T', 'border moved') \gset
RESET SESSION AUTHORIZATION;
SELECT is((SELECT array_agg(DISTINCT o.org_no || ' ' || (SELECT count(*) FROM billing.notice m WHERE m.account_id = 3)) FROM billing.notice n JOIN billing.org o USING (org_id) WHERE n.account_id = 3),
	ARRAY['T ' || :notices], 'takes them all along');

SELECT finish();
ROLLBACK;
