-- Lists of customers: in at once, each line judged by itself, in the list, and beside what is there; the same list twice; other orgs; nothing personal outside the seals.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'account clerk', 'tap_ann') AS a, billing.add_staff('S2', 'C', 'Cid', 'account clerk', 'tap_cid') AS cc \gset
SELECT billing.grant_post('A', 'S1') AS g, billing.grant_post('C', 'S2') AS h \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS p \gset
CREATE FUNCTION pg_temp.file(text) RETURNS bytea LANGUAGE sql AS $$ SELECT convert_to(E'account_no,name,opened_on,kind,identity_kind,identity_number,mobile,address,plan_code,org_no,different\n' || $1, 'UTF8') $$;

SELECT plan(22);
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.register_customer('S1', '王芳', mobile => '13900000001') AS fang, billing.register_customer('S1', '李强', 'person', 'resident', '11010519491231002X') AS qiang \gset
SELECT billing.add_account('S1', 'OLD', :fang, '2025-01-01') AS old \gset
SELECT pg_temp.file($$A1,张伟,2026-01-01,,resident,440524188001010014,138-0013-8000,文三路120号1-501,home,,
A2,张 伟,20260101,person,resident,440524188001010014,,文三路120号1-502,home,,
A3,刘洋,2026-01-01,,,,13700000001,,,,
A4,刘洋,2026-01-01,,,,+86 137-0000-0001,,,,
A5,杭州某某有限公司,2026-01-01,firm,,,,,,,
A6,李强,2026-02-01,person,resident,１１０１０５１９４９１２３１００２ｘ,,,,,
A7,李刚,2026-02-01,person,resident,11010519491231002X,,,,,
A8,王芳,2026-02-01,,,,13900000001,,,,
A9,王芳,2026-02-01,,,,13900000001,,,,yes
OLD,王芳,2026-02-01,,,,,,,,
OLD,王芳,2026-02-01,,,,,,,,
B1,,2026-01-01,,,,,,,,
B2,张三,2026-02-30,,,,,,,,
B3,张三,2026-01-01,,resident,110105194912310021,,,,,
B4,张三,2026-01-01,,,123,,,,,
B5,张三,2026-01-01,,,,,,none,,
B6,张三,2026-01-01,,,,,,,S2,
B 7,张三,2026-01-01,,,,,,,,
A1,张三,2026-01-01,,,,,,,,
A10,赵六,2026-01-01,,resident,440524188001010014,,,,,
B8,"张三
$$) AS list \gset
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.import_customers(%L, %L, %L)', 'S1', 'list.csv', :'list'), 'VALUES (7::bigint, 1::bigint, 13::bigint)', 'seven accounts are taken, one is there, thirteen lines are not right');
SELECT results_eq('SELECT account_no, sqlstate, message FROM billing.customer_list_reject ORDER BY line', $$VALUES
	('A7', 'UB601', 'this number is another customer''s'), ('A8', 'UB601', 'this customer is likely there already'), ('OLD', 'UB107', 'the list has this account twice'),
	('B1', 'UB107', 'a customer has a name of at most 200 characters'), ('B2', 'UB107', 'opened_on is a day, written 2026-01-31'), ('B3', 'UB107', 'this is no number of its kind'),
	('B4', 'UB107', 'a number has its kind'), ('B5', 'UB107', 'plan none does not exist'), ('B6', 'UB107', 'org S2 does not exist, or not for you'),
	('B 7', 'UB107', 'an account has a number of at most 32 letters and digits'), ('A1', 'UB107', 'the list has this account twice'), ('A10', 'UB601', 'this number is in the list with another name'),
	(NULL, 'UB107', (SELECT message FROM billing.customer_list_reject ORDER BY line DESC LIMIT 1))$$, 'each with its reason');
SELECT is((SELECT detail FROM billing.customer_list_reject WHERE account_no = 'A8'), format('Customer %s: name, telephone (80).', :fang), 'who is likely the same');
SELECT is((SELECT count(DISTINCT customer_id) FROM billing.account WHERE account_no IN ('A1', 'A2')), 1::bigint, 'two accounts of one paper are one customer''s, however the name is spaced');
SELECT is((SELECT count(DISTINCT customer_id) FROM billing.account WHERE account_no IN ('A3', 'A4')), 1::bigint, 'and of one name and telephone');
SELECT is((SELECT customer_id FROM billing.account WHERE account_no = 'A6'), :qiang::bigint, 'a paper that is known: the customer that is there');
SELECT isnt((SELECT customer_id FROM billing.account WHERE account_no = 'A9'), :fang::bigint, 'said to be different: another');
SELECT is((SELECT count(*) FROM billing.duplicate_customers('S1') WHERE :fang IN (customer_id, other_id)), 1::bigint, 'and listed');
SELECT is((SELECT kind FROM billing.customer JOIN billing.account USING (customer_id) WHERE account_no = 'A5'), 'firm', 'a firm');
SELECT results_eq($$SELECT a.account_no, l.from_on, p.plan_code FROM billing.account a JOIN billing.account_plan l USING (account_id) JOIN billing.plan p USING (plan_id) ORDER BY 1$$,
	$$VALUES ('A1', '2026-01-01'::date, 'home'), ('A2', '2026-01-01', 'home')$$, 'with their plan, ready to be billed');
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.import_customers(%L, %L, %L)', 'S1', 'again.csv', :'list'), 'VALUES (7::bigint, 1::bigint, 13::bigint)', 'the same file again says the same');
SELECT is((SELECT count(*) FROM billing.customer_list), 1::bigint, 'and does nothing');
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.import_customers(%L, %L, %L, source => %L)', 'S1', 'next.csv', pg_temp.file('A1,张伟,2026-01-01,,,,,,,,' || E'\n' || 'A1X,张伟,2026-01-01,,,,13800138000,,,,'), 'old system'),
	'VALUES (0::bigint, 1::bigint, 1::bigint)', 'what is there is unchanged, and who is likely there is rejected also beside an earlier list');
SELECT throws_ok($$SELECT billing.import_customers('S2', 'x.csv', 'x')$$, 'P0002', NULL, 'not for another org');
SELECT throws_ok($$SELECT billing.import_customers('S1', 'x.csv', 'account_no', '{"colums": {}}')$$, '22023', NULL, 'a mapping with a slip');
SELECT is((SELECT rejected FROM billing.import_customers('S1', 'y.csv', 'number,name')), 1::bigint, 'a file without its columns is one reject');
SELECT results_eq(format('SELECT taken FROM billing.import_customers(%L, %L, %L, %L)', 'S1', 'gb.csv', convert(convert_to(E'户号;户名;开户\nG1;孙小美;2026-01-01\n', 'UTF8'), 'UTF8', 'GB18030'),
	'{"encoding": "GB18030", "delimiter": ";", "columns": {"account_no": "户号", "name": "户名", "opened_on": "开户"}}'), 'VALUES (1::bigint)', 'columns by name, in another encoding');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.customer_list) + (SELECT count(*) FROM billing.customer_list_reject), 0::bigint, 'another station sees neither list nor rejects');
SELECT throws_ok(format('SELECT billing.import_customers(%L, %L, %L)', 'S2', 'z.csv', pg_temp.file('A1,吴九,2026-01-01,,,,,,,,')), '23505', 'an account of this list is there already, and not for you', 'nor takes its accounts');
RESET SESSION AUTHORIZATION;
SELECT throws_ok('UPDATE billing.customer_list SET taken = 0', '23001', NULL, 'a list stays as it is');
SELECT is_empty($$SELECT r FROM billing.customer_list_reject r WHERE r::text ~ '4405241880|13800138000|1390000'$$, 'what is personal is not in the rejects');
SELECT is((SELECT count(*) FROM billing.customer_identity i JOIN billing.customer c USING (customer_id) WHERE c.name = '张伟' AND i.number IS NOT NULL), 1::bigint, 'but sealed where it belongs');
SELECT finish();
ROLLBACK;
