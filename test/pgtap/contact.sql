-- contact: customers who are entered twice, however they are written; contacts with
-- consent; merging.  Each org by itself.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station') AS s1, billing.add_org('S2', 'Station 2', 'station') AS s2 \gset
SELECT billing.add_staff('S1', 'A', 'Ann', 'account clerk', 'tap_ann') AS a, billing.add_staff('S2', 'C', 'Cid', 'account clerk', 'tap_cid') AS cc \gset
SELECT billing.grant_post('A', 'S1') AS g, billing.grant_post('C', 'S2') AS h \gset
SELECT plan(25);
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.register_customer('S1', '张伟', 'person', 'resident', '11010519491231002X', '138-0013-8000', NULL, '浙江省杭州市西湖区文三路一百二十号3幢2单元501室', '2026-01-01') AS wei \gset
SELECT is((SELECT count(*) FROM billing.customer_contact WHERE customer_id = :wei), 2::bigint, 'a customer with telephone and address');

-- every way to be written again
SELECT throws_ok($$SELECT billing.register_customer('S1', 'Zhang Wei', 'person', 'resident', '１１０１０５１９４９１２３１００２ｘ', different => true)$$, 'UB601', NULL, 'the same number is the same person, whatever is said');
SELECT throws_ok($$SELECT billing.register_customer('S1', '張偉', mobile => '+86 13800138000')$$, 'UB601', NULL, 'name as said and telephone');
SELECT throws_ok($$SELECT billing.register_customer('S1', 'ＺＨＡＮＧ　Wei', address => '杭州市西湖区文三路120-3-2-501', mobile => '13800138000')$$, 'UB601', NULL, 'and address');
SELECT results_eq($$SELECT score, reasons FROM billing.likely_duplicates('张伟', NULL, NULL, NULL, '杭州市西湖区文三路120-3-2-501')$$,
	$$VALUES (70, '{name,address}'::text[])$$, 'reasons and score');
SELECT is_empty($$SELECT * FROM billing.likely_duplicates('Zhang Wei')$$, 'a name as said is no reason by itself');
SELECT billing.register_customer('S1', '张伟', mobile => '13900139000') AS namesake \gset
SELECT is((SELECT count(*) FROM billing.customer_duplicate), 0::bigint, 'nor is a common name');
SELECT billing.register_customer('S1', '張偉', mobile => '13800138000', different => true) AS twin \gset
SELECT results_eq($$SELECT other_id, score, state FROM billing.customer_duplicate ORDER BY 1$$, format('VALUES (%s::bigint, 65, ''open'')', :wei), 'who says different has it written down');
SELECT results_eq($$SELECT customer_id, other_id, score FROM billing.duplicate_customers('S1')$$, format('VALUES (%s::bigint, %s::bigint, 65)', :wei, :twin), 'the list of pairs');
SELECT throws_ok($$SELECT billing.register_customer('S1', '李', 'person', 'resident', '110105194912310021')$$, '23514', NULL, 'a number with a wrong check digit');
SELECT throws_ok($$SELECT billing.register_customer('S1', ' -- ')$$, '22023', NULL, 'no name');
SELECT throws_ok(format('SELECT billing.register_customer(%L, %L)', 'S1', repeat('张', 201)), '23514', NULL, 'a name of 201 characters');
SELECT throws_ok(format('SELECT billing.add_identity(%s, %L, %L)', :twin, 'resident', '11010519491231002x'), 'UB601', NULL, 'one number is one customer''s');

-- contacts
SELECT is(billing.add_contact(:wei, 'email', 'wei@example.org', '2026-02-01', '{bill,outage}'), 3, 'a third contact');
SELECT throws_ok(format('SELECT billing.add_contact(%s, %L, %L, %L, %L)', :wei, 'email', 'x', '2026-02-01', '{everything}'), '23514', NULL, 'consent to what is known');
SELECT lives_ok(format('SELECT billing.end_contact(%s, 1, %L)', :wei, '2026-03-01'), 'ended');
SELECT is((SELECT valid_during FROM billing.customer_contact WHERE customer_id = :wei AND contact_no = 1), '[2026-01-01,2026-03-01)'::daterange, 'and still on record');
SELECT throws_ok(format('SELECT billing.end_contact(%s, 9, %L)', :wei, '2026-03-01'), 'P0002', NULL, 'no such contact');

-- merging
SELECT billing.add_account('S1', 'T1', :twin, '2026-01-01') AS t1 \gset
SELECT is(billing.merge_customers(:wei, :twin, 'same person'), '{T1}'::text[], 'merged with its account');
SELECT results_eq(format('SELECT a.customer_id, c.merged_into, upper(c.valid_during) <= now() FROM billing.account a, billing.customer c WHERE a.account_no = %L AND c.customer_id = %s', 'T1', :twin),
	format('VALUES (%s::bigint, %s::bigint, true)', :wei, :wei), 'the account is the other''s, the record stays');
SELECT is_empty($$SELECT * FROM billing.duplicate_customers('S1')$$, 'no pair any more');
SELECT throws_ok(format('SELECT billing.merge_customers(%s, %s, %L)', :twin, :namesake, 'x'), 'UB601', NULL, 'nobody goes into what is gone');
RESET SESSION AUTHORIZATION;
SELECT throws_ok('UPDATE billing.customer_merge SET reason = ''other''', '23001', NULL, 'history stays');

-- another org sees none of it, and is told of none
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT is((SELECT count(*) FROM billing.customer_contact) + (SELECT count(*) FROM billing.customer_identity) + (SELECT count(*) FROM billing.customer_duplicate)
	+ (SELECT count(*) FROM billing.customer_merge), 0::bigint, 'another org sees nothing');
SELECT lives_ok($$SELECT billing.register_customer('S2', '张伟', mobile => '13800138000')$$, 'and may have the same customer itself');
SELECT finish();
ROLLBACK;
