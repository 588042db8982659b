-- sealed: what is personal is sealed, shown by its mask, found by its blind index,
-- opened by who may and written down, bound to its row, rotated and erased.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_boss LOGIN IN ROLE billing_clerk, billing_admin;
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_cid LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_wei LOGIN IN ROLE billing_customer;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('D', 'Another', 'company') AS d \gset
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('C', 'B', 'Boss', 'manager', 'tap_boss') AS b, billing.add_staff('S1', 'A', 'Ann', 'account clerk', 'tap_ann') AS a,
	billing.add_staff('S1', 'K', 'Cid', 'account clerk', 'tap_cid') AS k \gset
SELECT billing.grant_access('B', 'C', '{org,customer,personal,audit}', '{read,write,approve}') AS g1, billing.grant_post('A', 'S1') AS g2, billing.grant_access('A', 'S1', '{personal}', '{read}') AS g4,
	billing.grant_access('K', 'S1', '{customer,account}', '{read,write}') AS g3 \gset
SELECT plan(53);

-- masks: by kind
SELECT results_eq($$SELECT kind, billing._mask_of(value, kind) FROM (VALUES (1, 'mobile', '13812345678'), (2, 'resident', '11010519491231002X'), (3, 'phone', '5551234'),
	(4, 'email', 'wei@example.org'), (5, 'post', '杭州市西湖区文三路120号'), (6, 'wechat', 'wei_zhang'), (7, 'bank', '6222021234567890123'), (8, 'other', 'AB1'), (9, 'other', '1234')) v(n, kind, value) ORDER BY n$$,
	$$VALUES ('mobile', '138****5678'), ('resident', '110***********002X'), ('phone', '55***34'), ('email', 'w***@example.org'), ('post', '杭州市西***'),
	('wechat', 'w***'), ('bank', '622************0123'), ('other', '***'), ('other', '1**4')$$, 'masks');

SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.register_customer('S1', '张伟', 'person', 'resident', '11010519491231002X', '13812345678', 'wei@example.org', from_on => '2026-01-01') AS wei \gset
SELECT billing.register_customer('S1', '李娜', 'person', mobile => '13912345678', from_on => '2026-01-01') AS li \gset
SELECT is(billing.add_bank_account(:wei, 'ICBC', '6222 0212 3456 7890 123', '2026-01-01'), 1, 'a bank account');
SELECT throws_ok(format('SELECT billing.add_bank_account(%s, %L, %L, %L)', :wei, 'ICBC', '12', '2026-01-01'), '23514', 'this is no number of a bank account', 'not any text');
SELECT throws_ok(format('SELECT billing.add_contact(%s, %L, %L, %L)', :wei, 'email', E'a\nb', '2026-01-01'), '23514', 'a contact has 1 to 500 characters, and no control characters', 'and no contact with a line break');

-- what lies there is cipher text; what is shown are masks
SELECT results_eq(format($$SELECT kind, billing.mask(value) FROM billing.customer_contact WHERE customer_id = %s ORDER BY contact_no$$, :wei),
	$$VALUES ('mobile', '138****5678'), ('email', 'w***@example.org')$$, 'the clerk sees masks');
SELECT is((SELECT count(*) FROM billing.customer_contact k, billing.customer_identity i, billing.customer_bank_account b
	WHERE position(convert_to('13812345678', 'UTF8') IN billing.sealed_send(k.value)) + position(convert_to('12345678', 'UTF8') IN billing.sealed_send(k.value)) > 0
	   OR position('13812345678' IN k::text || i::text || b::text) > 0), 0::bigint, 'the plain text is not in the rows');
SELECT is((SELECT count(DISTINCT k.value::text) FROM billing.customer_contact k), 3::bigint, 'each of its own nonce');
SELECT throws_ok('SELECT value = value FROM billing.customer_contact', '42883', NULL, 'there is no equality');
SELECT throws_ok('SELECT value FROM billing.customer_contact ORDER BY value', '42883', NULL, 'and no order');
SELECT throws_ok($$SELECT '00'::billing.sealed$$, 'XX001', NULL, 'bytes that are none');
SELECT throws_ok($$SELECT 'xyz'::billing.sealed$$, '22P02', NULL, 'text that is none');
SELECT is((SELECT k.value::text::billing.sealed::text = k.value::text FROM billing.customer_contact k LIMIT 1), true, 'its text is read back');

-- found by its blind index, however it is written
SELECT results_eq($$SELECT customer_id, reasons FROM billing.likely_duplicates('x', '１１０１０５１９４９１２３１００２ｘ')$$, format($$VALUES (%s::bigint, '{identity number}'::text[])$$, :wei), 'by the number');
SELECT results_eq($$SELECT customer_id FROM billing.likely_duplicates('x', mobile => '+86 138-1234-5678')$$, format('VALUES (%s::bigint)', :wei), 'by the telephone');
SELECT is_empty($$SELECT * FROM billing.likely_duplicates('x', mobile => '13812345679')$$, 'and not by another');
SELECT isnt((SELECT value_index FROM billing.customer_contact WHERE customer_id = :wei AND contact_no = 1), q.other, 'one number in two columns has two indexes')
  FROM (SELECT number_index AS other FROM billing.customer_identity WHERE customer_id = :wei) q;

-- opened by who may, for a reason, and written down
SELECT is(billing.open_contact(:wei, 1, 'calls about the outage'), '13812345678', 'opened');
SELECT is(billing.open_identity(:wei, 1, 'checks the paper'), '11010519491231002X', 'the number, too');
SELECT is(billing.open_bank_account(:wei, 1, 'refund'), '6222 0212 3456 7890 123', 'and the bank account, as it was entered');
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :wei, ' '), '22023', 'an opening has a reason', 'not without a reason');
SELECT throws_ok(format('SELECT billing.open_contact(%s, 9, %L)', :wei, 'r'), 'P0002', NULL, 'not what is not there');
SET LOCAL SESSION AUTHORIZATION tap_cid;
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :wei, 'curious'), '42501', 'opening this needs the right to read what is personal', 'who may read customers sees masks only');
SELECT is((SELECT billing.mask(number) FROM billing.customer_identity WHERE customer_id = :wei), '110***********002X', 'these');
SELECT throws_ok($$SELECT billing._open(value, ''::bytea) FROM billing.customer_contact$$, '42501', NULL, 'there is no other way: _open()');
SELECT throws_ok($$SELECT wrapped FROM billing.seal_key$$, '42501', NULL, 'no key');
SET LOCAL SESSION AUTHORIZATION tap_boss;
SELECT results_eq($$SELECT actor, subject, detail ->> 'reason' FROM billing.audit WHERE act = 'open_sealed' ORDER BY audit_id$$,
	format($$VALUES ('staff:%1$s', 'customer_contact 1 of customer %2$s', 'calls about the outage'), ('staff:%1$s', 'customer_identity 1 of customer %2$s', 'checks the paper'),
	('staff:%1$s', 'customer_bank_account 1 of customer %2$s', 'refund')$$, :a, :wei), 'each opening is in the trail, with who and why');
SELECT is_empty($$SELECT * FROM billing.audit WHERE detail::text || subject ~ '13812345678|31002X|6222'$$, 'without what was opened');
SELECT results_eq('SELECT kind, count(*) FROM billing.seal_key GROUP BY 1 ORDER BY 1', $$VALUES ('company', 1::bigint), ('customer', 2), ('index', 1)$$, 'the auditor sees which keys there are');

-- a customer opens what is his, and nothing else
RESET SESSION AUTHORIZATION;
UPDATE billing.customer SET login_role = 'tap_wei' WHERE customer_id = :wei;
SET LOCAL SESSION AUTHORIZATION tap_wei;
SELECT is(billing.open_contact(:wei, 1, 'my own'), '13812345678', 'a customer opens his own');
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :li, 'hers'), 'P0002', NULL, 'and no other''s');

-- bound to its row: moved elsewhere it does not open
RESET SESSION AUTHORIZATION;
SAVEPOINT moved;
SET LOCAL session_replication_role = replica;
UPDATE billing.customer_contact SET value = (SELECT value FROM billing.customer_contact WHERE customer_id = :wei AND contact_no = 1) WHERE customer_id = :li;
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :li, 'r'), 'UB411', 'the sealed value cannot be opened', 'another customer''s value');
UPDATE billing.customer_contact SET value = (SELECT value FROM billing.customer_contact WHERE customer_id = :wei AND contact_no = 1) WHERE customer_id = :wei AND contact_no = 2;
SELECT throws_ok(format('SELECT billing.open_contact(%s, 2, %L)', :wei, 'r'), 'UB411', NULL, 'another row''s');
UPDATE billing.seal_key SET wrapped = (SELECT wrapped FROM billing.seal_key WHERE customer_id = :li) WHERE customer_id = :wei;
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :wei, 'r'), 'UB411', NULL, 'another customer''s key');
ROLLBACK TO moved;

-- statistics know nothing of it
ANALYZE billing.customer_contact, billing.customer_identity;
SELECT is_empty($$SELECT tablename, attname FROM pg_stats WHERE attname IN ('value', 'number') AND schemaname = 'billing'
	AND tablename IN ('customer_contact', 'customer_identity') AND (most_common_vals IS NOT NULL OR histogram_bounds IS NOT NULL)$$, 'no values of a sealed column in the statistics');

-- read-only: shut
SELECT throws_ok(format('DO $do$ BEGIN SET LOCAL transaction_read_only = on; PERFORM billing.open_contact(%s, 1, %L); END $do$', :wei, 'r'), '25006', NULL, 'nothing opens where nothing is written');

-- rotation: new keys, everything taken along, old ones destroyed
SELECT throws_ok($$SELECT billing.rotate_keys('S1')$$, '22023', 'keys are a company''s', 'not a station''s');
CREATE TEMPORARY TABLE before AS SELECT customer_id, contact_no, value::text AS value, value_index, billing.seal_key_id(value) AS key_id FROM billing.customer_contact;
SET LOCAL SESSION AUTHORIZATION tap_boss;
SELECT lives_ok($$SELECT billing.rotate_keys('C')$$, 'rotated');
SELECT results_eq($$SELECT customer_id FROM billing.likely_duplicates('x', mobile => '13812345678')$$, format('VALUES (%s::bigint)', :wei), 'meanwhile it is found by the old index');
SELECT is(billing._reseal_chunk('C', 0, 1), :wei::bigint, 'one customer');
SELECT is(billing._end_rotation('C'), 0, 'the old keys stay while one is left');
SELECT is(billing._reseal_chunk('C', :wei, 100), :li::bigint, 'the others');
SELECT is(billing._reseal_chunk('C', 0, 100), NULL, 'and then none');
SELECT is(billing._end_rotation('C'), 2, 'the company''s old keys are destroyed');
RESET SESSION AUTHORIZATION;
SELECT is_empty($$SELECT k.customer_id FROM billing.customer_contact k JOIN before b USING (customer_id, contact_no)
	WHERE k.value::text = b.value OR k.value_index = b.value_index OR billing.seal_key_id(k.value) = b.key_id$$, 'every value is new');
SELECT is(billing.open_contact(:wei, 1, 'after'), '13812345678', 'and opens');
SELECT results_eq($$SELECT customer_id FROM billing.likely_duplicates('x', mobile => '13812345678')$$, format('VALUES (%s::bigint)', :wei), 'and is found');

-- erased
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT throws_ok(format('SELECT billing.erase_customer(%s, %L)', :wei, 'asked for it'), '42501', NULL, 'not by a clerk');
SET LOCAL SESSION AUTHORIZATION tap_boss;
CREATE TEMPORARY TABLE kept AS SELECT value FROM billing.customer_contact WHERE customer_id = :wei AND contact_no = 1;
SELECT billing.erase_customer(:wei, 'asked for it') \gset
RESET SESSION AUTHORIZATION;
UPDATE billing.customer_contact SET value = (SELECT value FROM kept) WHERE customer_id = :wei AND contact_no = 1;
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :wei, 'r'), 'UB411', NULL, 'also a copy of the row does not open any more');

-- a master key is lost: the company's keys are destroyed, and what is entered anew is under new ones
SELECT isnt(billing.destroy_keys('C', 'the master key is lost'), 0, 'keys of the company are destroyed');
SELECT throws_ok(format('SELECT billing.open_contact(%s, 1, %L)', :li, 'r'), 'UB411', 'the sealed value cannot be opened', 'nothing of before opens');
SELECT is_empty($$SELECT key_id FROM billing.seal_key WHERE destroyed_at IS NULL$$, 'no key is left, of no customer');
SET LOCAL SESSION AUTHORIZATION tap_ann;
SELECT billing.add_contact(:li, 'mobile', '13912345678', '2026-02-01') AS again \gset
SELECT is(billing.open_contact(:li, :again, 'entered anew'), '13912345678', 'what is entered anew opens');
SELECT results_eq($$SELECT customer_id FROM billing.likely_duplicates('x', mobile => '13912345678')$$, format('VALUES (%s::bigint)', :li), 'and is found');
RESET SESSION AUTHORIZATION;
SELECT * FROM finish();
ROLLBACK;
