-- Electronic invoices and receipts: asked for, answered by files, each answer once, amounts those of the bill.
BEGIN;
SET LOCAL client_min_messages = error;
SET LOCAL TimeZone = 'UTC';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_eve LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_wang LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C'), billing.add_org('X', 'Other company', 'company') \gset
SELECT billing.add_staff('C', 'A', 'Ann', 'billing clerk', 'tap_ann'), billing.add_staff('C', 'B', 'Ben', 'manager', 'tap_ben'),
	billing.add_staff('X', 'D', 'Cid', 'billing clerk', 'tap_cid'), billing.add_staff('S', 'E', 'Eve', 'meter reader', 'tap_eve') \gset
SELECT billing.grant_post('A', 'C'), billing.grant_post('B', 'C'), billing.grant_post('D', 'X'), billing.grant_post('E', 'S') \gset
SELECT billing.add_plan('home', '居民', '2020-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('C', '王芳', 'person', 'tap_wang') AS wang, billing.add_customer('C', '李明') AS li \gset
SELECT count(billing.add_account('S', n::text, CASE n WHEN 1 THEN :wang ELSE :li END, '2026-01-01')) FROM generate_series(1, 4) n \gset
SELECT count(*) FROM (SELECT billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 4) n) q \gset
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(7290::bigint, '{31}')) FROM billing.account a;
SELECT billing._start_run('C', '2026-02-01', 100) AS run \gset
SELECT billing._run_chunk(:run) \gset
SELECT billing._finish_run(:run) \gset
CREATE FUNCTION public.reply(name text, rows text, format text DEFAULT 'invoices') RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', l.taken, l.unchanged, l.rejected) FROM billing.land(billing.receive(name, convert_to(CASE format
		WHEN 'invoices' THEN E'invoice_id,state,number,issued_on,net,tax,total,url,pdf_digest,reason\n' ELSE E'message_id,state,reason\n' END || rows, 'UTF8'), format, 'C')) l
$$;
CREATE FUNCTION public.why(said text DEFAULT NULL) RETURNS text LANGUAGE sql AS
$$SELECT string_agg(r.sqlstate || ' ' || r.message || coalesce(' ' || r.detail, ''), E'\n' ORDER BY r.line) FROM billing.batch_reject r WHERE r.batch_id = (SELECT max(b.batch_id) FROM billing.batch b)$$;

SELECT * FROM no_plan();
SELECT results_eq('SELECT DISTINCT total FROM billing.bill', 'VALUES (113.00)', '226 kWh');
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.ask_invoice('1', 1) AS one, billing.ask_invoice('2', 1) AS two, billing.ask_invoice('3', 1) AS three \gset
SELECT is(billing.ask_invoice('1', 1), :one::bigint, 'the same request');
SELECT throws_ok($$SELECT billing.ask_invoice('1', 99)$$, 'P0002', NULL, 'a bill that is not there');
SELECT throws_ok($$SELECT billing.ask_invoice(NULL, 1)$$, '22004', NULL, 'nothing');
SELECT results_eq(format('SELECT bill_no, customer, colour, amount, state FROM billing_report.e_invoice WHERE invoice_id = %s', :one), $$VALUES ('1-1', '王芳', 'blue', 113.00, 'asked')$$, 'what the tax platform is told');

-- answers
SELECT is(reply('a.csv', format(E'%s,issued,25312000000012345678,2026-02-03,100.00,13.00,113.00,https://tax.example/1,%s,\n%s,refused,,,,,,,,title is wrong\n', :one, repeat('0a', 32), :two)), '2 0 0', 'issued, and refused');
SELECT results_eq('SELECT state, number, issued_on, net, tax, url, pdf_digest, reason FROM billing_report.e_invoice ORDER BY invoice_id LIMIT 2',
	format($$VALUES ('issued', '25312000000012345678', date '2026-02-03', 100.00, 13.00, 'https://tax.example/1', '%s', NULL), ('refused', NULL, NULL, NULL, NULL, NULL, NULL, 'title is wrong')$$, repeat('0a', 32)), 'as it says');
SELECT is(reply('again.csv', format(E'%s,issued,25312000000012345678,2026-02-03,100.00,13.00,113.00,https://tax.example/1,%s,\n%s,refused,,,,,,,,title is wrong\n', :one, repeat('0a', 32), :two)), '2 0 0', 'the same file is the same batch');
SELECT is((SELECT count(*) FROM billing.batch), 1::bigint, 'received once');
SELECT is(reply('later.csv', format(E'%s,refused,,,,,,,,title is wrong\n%s,issued,25312000000012345678,2026-02-03,100.00,13.00,113.00,,,\n', :two, :one)), '0 2 0', 'the same rows in another file change nothing');
SELECT is(reply('wrong.csv', format(E'%1$s,issued,1,2026-02-03,100.00,13.00,112.99,,,\n%1$s,issued,1,2026-02-03,100.00,12.00,113.00,,,\n%1$s,issued,1,2026-02-30,100.00,13.00,113.00,,,\n%1$s,issued,,2026-02-03,100.00,13.00,113.00,,,\n%1$s,lost,,,,,,,,\n'
	'%1$s,issued,25312000000012345678,2026-02-03,100.00,13.00,113.00,,,\n%1$s,issued,2,2026-02-03,100.00,13.00,113.00,javascript:1,,\n%1$s,issued,2,2026-02-03,1e2,13.00,113.00,,,\n%1$s,issued,2,2026-02-03,100,13.00,113.00,,zz,\n'
	'%2$s,issued,3,2026-02-03,100.00,13.00,113.00,,,\n%2$s,refused,,,,,,,,x\n777,issued,3,2026-02-03,100.00,13.00,113.00,,,\nnone,issued,3,2026-02-03,100.00,13.00,113.00,,,\n', :three, :one)), '0 0 13', 'what is not right is kept with the reason');
SELECT is((SELECT array_agg(r.sqlstate ORDER BY r.line) FROM billing.batch_reject r), '{UB342,UB342,22008,UB107,UB107,UB342,23514,UB107,UB107,UB342,UB342,P0002,P0002}', 'which says what');
SELECT matches(why(), 'UB342 the amounts of invoice 3 are not those of its bill It says 100.00 and tax 13.00, in all 112.99; the bill says 113.00.', 'with the amounts');
SELECT is((SELECT state FROM billing_report.e_invoice WHERE invoice_id = :three), 'asked', 'and nothing of it holds');
SELECT isnt(billing.ask_invoice('2', 1), :two::bigint, 'after a refusal it is asked for anew');
SELECT is(reply('after_all.csv', format(E'%s,issued,25312000000012345690,2026-02-03,100.00,13.00,113.00,,,\n', :two)), '0 0 1', 'the first one does not come back then');
SELECT is(why(), format('UB342 the bill of invoice %s was asked for anew A bill has one invoice that stands.', :two), 'and it is said why');

-- a bill that is voided
SET SESSION AUTHORIZATION tap_ben;
SELECT billing.void_bill('1', '2026-01-01', 'x'), billing.void_bill('3', '2026-01-01', 'x') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT results_eq('SELECT account_no, number, amount FROM billing_report.missing_red_invoice', $$VALUES ('1', '25312000000012345678', 113.00)$$, 'its invoice needs a red one');
SELECT throws_ok($$SELECT billing.ask_invoice('3', 1)$$, 'UB341', NULL, 'nothing is asked for any more');
SELECT results_eq($$SELECT asked, withdrawn FROM billing.ask_red_invoices('C')$$, 'VALUES (1::bigint, 1::bigint)', 'it is asked for; what was not issued is withdrawn');
SELECT results_eq($$SELECT asked, withdrawn FROM billing.ask_red_invoices('C')$$, 'VALUES (0::bigint, 0::bigint)', 'once');
SELECT invoice_id AS red FROM billing_report.e_invoice WHERE colour = 'red' \gset
SELECT is((SELECT takes_back || ' ' || amount FROM billing_report.e_invoice WHERE colour = 'red'), '25312000000012345678 -113.00', 'with the number of the other');
SELECT is(reply('red.csv', format(E'%s,issued,25312000000099,2026-02-09,-100.00,-13.00,-113.00,,,\n%s,issued,25312000000100,2026-02-09,100.00,13.00,113.00,,,\n', :red, :three)), '2 0 0', 'issued; and one that came too late for the withdrawal');
SELECT results_eq('SELECT account_no FROM billing_report.missing_red_invoice', $$VALUES ('3')$$, 'which now needs one, too');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.e_invoice SET number = '1' WHERE state = 'issued'$$, '23001', NULL, 'what was issued stays');
SELECT throws_ok($$UPDATE billing.e_invoice SET amount = 1 WHERE state = 'refused'$$, '23001', NULL, 'what was asked, too');
SELECT throws_ok($$DELETE FROM billing.e_invoice$$, '23001', NULL, 'and nothing goes');

-- receipts
SELECT billing.set_notice_template('C', 'reply_wanted', 'hand', 'zh', '', '{matter}') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT billing.queue_notice('1', 'reply_wanted', 'x', 'hand') AS notice \gset
RESET SESSION AUTHORIZATION;
SELECT message_id FROM billing.take_notices('hand') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(reply('early.csv', :'message_id' || E',delivered,\n', 'receipts'), '0 0 1', 'nothing was sent yet');
RESET SESSION AUTHORIZATION;
SELECT billing.notice_sent(:notice, :'message_id') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is(reply('r1.csv', :'message_id' || E',delivered,\nnobody,delivered,\n' || :'message_id' || E',eaten,\n', 'receipts'), '1 0 2', 'delivered; unknown; unheard of');
SELECT is(reply('r2.csv', :'message_id' || E',delivered,again\n', 'receipts'), '0 1 0', 'once');
SELECT is(reply('r3.csv', :'message_id' || E',refused,mailbox full\n', 'receipts'), '1 0 0', 'a refusal after it counts');
SELECT is(reply('r4.csv', :'message_id' || E',delivered,late\n', 'receipts'), '0 1 0', 'and nothing after that');
SELECT is((SELECT state || ' ' || reason FROM billing_report.notice WHERE notice_id = :notice), 'refused mailbox full', 'kept with the reason');

-- who may not
SET SESSION AUTHORIZATION tap_eve;
SELECT throws_ok($$SELECT reply('e.csv', '1,refused,,,,,,,,x')$$, 'P0002', NULL, 'a meter reader answers no invoices');
SELECT is_empty('SELECT FROM billing.batch', 'nor sees what came');
SELECT throws_ok($$SELECT billing.ask_invoice('1', 1)$$, 'P0002', NULL, 'nor asks for one');
SET SESSION AUTHORIZATION tap_cid;
SELECT is_empty('SELECT FROM billing_report.e_invoice', 'another company sees none');
SELECT is((SELECT format('%s %s %s', l.taken, l.unchanged, l.rejected) FROM billing.land(billing.receive('x.csv', convert_to(E'invoice_id,state,reason\n1,refused,x\n', 'UTF8'), 'invoices', 'X')) l), '0 0 1', 'nor answers them');
SET SESSION AUTHORIZATION tap_wang;
SELECT results_eq('SELECT DISTINCT account_no FROM billing_report.e_invoice', $$VALUES ('1')$$, 'a customer sees his own');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'the chain of what came is whole');
SELECT finish();
ROLLBACK;
