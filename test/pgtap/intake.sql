-- Files land once and whole: replays change nothing, versions come in any order,
-- what was replaced is kept, bills know what they were made of, and whatever is
-- forged behind the triggers is found.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'Station', 'station') \gset
SELECT billing.add_org('T', 'Station', 'station') \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "+10:00", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', 'N' || n, :customer, '2026-01-01')) FROM generate_series(1, 3) n \gset
SELECT count(*) FROM (SELECT billing.set_plan('N' || n, 'home', '2026-01-01') FROM generate_series(1, 3) n) q \gset

-- a NEM12 file of six-hour slots: accounts, days, a value, a quality, a version
CREATE FUNCTION pg_temp.nem12(accounts integer[], from_on date, days integer, value text, quality text, version timestamp) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to(E'100,NEM12,202601010000,M,R\n' || string_agg(format(E'200,N%s,E1,1,E1,N1,M%s,kWh,360,\n', a, a) ||
		(SELECT string_agg(format(E'300,%s,%s,%s,,,%s,\n', to_char(from_on + d, 'YYYYMMDD'), concat_ws(',', value, value, value, value), quality, to_char(version, 'YYYYMMDDHH24MISS')), '' ORDER BY d)
		   FROM generate_series(0, days - 1) d), '' ORDER BY a) || '900', 'UTF8') FROM unnest(accounts) a $$;
CREATE FUNCTION pg_temp.bring(document bytea, name text DEFAULT 'f') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	batch bigint := billing.receive(name, document, 'nem12', 'S');
BEGIN
	PERFORM billing.land(batch);
	RETURN batch;
END $$;
CREATE FUNCTION pg_temp.value(account integer, at timestamptz) RETURNS numeric LANGUAGE sql AS $$
	SELECT billing.value_at(r.profile, at) FROM billing.reading r JOIN billing.account a USING (account_id)
	 WHERE a.account_no = 'N' || account AND r.part = 'main' AND r.channel = 'import' AND billing.during(r.profile) @> at $$;

SELECT plan(66);

-- once
SELECT pg_temp.bring(pg_temp.nem12('{1,2,9}', '2026-01-01', 31, '1', 'A', '2026-02-01')) AS first \gset
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.batch WHERE batch_id = %s', :first), 'VALUES (62::bigint, 0::bigint, 31::bigint)', 'a file lands: what is known is taken, the rest rejected');
SELECT results_eq('SELECT account_id, from_on, until_on FROM billing.reading ORDER BY 1', $$VALUES (1::bigint, '2026-01-01'::date, '2026-02-01'::date), (2, '2026-01-01', '2026-02-01')$$, 'a month of days is one row');
SELECT is(billing.receive('other name', pg_temp.nem12('{1,2,9}', '2026-01-01', 31, '1', 'A', '2026-02-01'), 'nem12', 'S'), :first::bigint, 'the same bytes again are the same batch');
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :first), 'VALUES (62::bigint, 0::bigint, 31::bigint)', 'which has landed');
SELECT isnt(billing.receive('f', pg_temp.nem12('{1,2,9}', '2026-01-01', 31, '1', 'A', '2026-02-01'), 'nem12', 'T'), :first::bigint, 'another org has a batch of its own');
SELECT is((SELECT DISTINCT left(content, 20) FROM billing.batch_reject WHERE content LIKE '%20260102%'), '300,20260102,1,1,1,1', 'a reject has its text');
SELECT is(sha256(content), digest, 'the file is kept as it came') FROM billing.batch WHERE batch_id = :first;

-- entered since
SELECT billing.add_account('S', 'N9', :customer, '2026-01-01') \gset
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.land_again(%s)', :first), 'VALUES (31::bigint, 62::bigint, 0::bigint)', 'landing again takes what is known now, and leaves the rest');

-- versions
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-01-10', 2, '3', 'A', '2026-02-03')) AS third \gset
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-01-10', 3, '2', 'A', '2026-02-02')) AS second \gset
SELECT is(pg_temp.value(1, '2026-01-10 00:00+10'), 3000::numeric, 'an older version that comes later replaces nothing');
SELECT is(pg_temp.value(1, '2026-01-12 00:00+10'), 2000::numeric, 'but what is older still');
SELECT is(pg_temp.value(1, '2026-01-13 00:00+10'), 1000::numeric, 'of its own days');
SELECT results_eq(format('SELECT taken, unchanged FROM billing.batch WHERE batch_id = %s', :second), 'VALUES (1::bigint, 2::bigint)', 'and says so');
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-01-10', 1, '8', 'E52', '2026-02-05')) \gset
SELECT is(pg_temp.value(1, '2026-01-10 00:00+10'), 3000::numeric, 'an estimate does not replace what was measured');
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-01-10', 1, '8', 'N', '2026-02-06')) \gset
SELECT is(pg_temp.value(1, '2026-01-10 00:00+10'), 3000::numeric, 'nothing does not replace something');
SELECT pg_temp.bring(pg_temp.nem12('{3}', '2026-01-01', 31, '5', 'E52', '2026-02-06')) \gset
SELECT pg_temp.bring(pg_temp.nem12('{3}', '2026-01-05', 1, '4', 'A', '2026-02-01')) \gset
SELECT is(pg_temp.value(3, '2026-01-05 00:00+10'), 4000::numeric, 'what was measured replaces an estimate');
SELECT is((SELECT sum(until_on - from_on) FROM billing.reading_superseded), 4::bigint, 'what was replaced is kept, by days');
SELECT is(billing.energy_kwh(profile), 8.000, 'as it was') FROM billing.reading_superseded WHERE replaced_by_batch = :third AND from_on = '2026-01-10' AND until_on = '2026-01-12';
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and every batch finds its own');

-- billed
DO $$
DECLARE
	run	bigint := billing._start_run('S', date '2026-02-01', 10);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT is((SELECT sum(total) FROM billing.bill), (31 * 4 + 2 * 8 + 4 + 31 * 4 + 30 * 20 + 16) * 0.5, 'all of it is billed');
SELECT is_empty('SELECT * FROM billing.late_reading', 'nothing was late');
SELECT pg_temp.bring(pg_temp.nem12('{1,3}', '2026-01-31', 2, '7', 'A', '2026-03-01')) \gset
SELECT results_eq('SELECT account_id, from_on, until_on, change_kwh, state FROM billing.late_reading ORDER BY 1', $$VALUES (1::bigint, '2026-01-31'::date, '2026-02-01'::date, 24.000, 'open'), (3, '2026-01-31', '2026-02-01', 8.000, 'open')$$,
	'a change of billed days is written down, with what it is');
SELECT is_empty('SELECT * FROM billing.verify()', 'the bills are still those of what was there then');
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-01-31', 1, '6', 'A', '2026-03-02')) \gset
SELECT is_empty('SELECT * FROM billing.verify()', 'also after a second change');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and the batches whole');
DO $$
DECLARE
	run	bigint;
BEGIN
	PERFORM billing.void_bill('N1', '2026-01-01', 'x');
	run := billing._start_run('S', date '2026-02-01', 10);
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT is((SELECT total FROM billing.bill b WHERE account_id = 1 AND revision = 2), (30 * 4 + 2 * 8 + 4 + 24) * 0.5, 'a new bill is of what is there now');
SELECT is_empty('SELECT * FROM billing.verify()', 'and both are verified');

-- the same files in any order
CREATE TEMPORARY TABLE file AS SELECT n, pg_temp.nem12(ARRAY(SELECT a FROM generate_series(1, 3) a WHERE random() < 0.6 OR a = 1 + n % 3), date '2026-04-20' + floor(random() * 20)::integer, 1 + floor(random() * 9)::integer,
	(1 + floor(random() * 99))::text, 'A', timestamp '2026-06-01' + n * interval '1 hour') AS document FROM (SELECT n, setseed(0.3) FROM generate_series(1, 24) n) q;
CREATE FUNCTION pg_temp.landed_in(ordered text) RETURNS bytea LANGUAGE plpgsql AS $$
DECLARE
	result	bytea;
	f		record;
	wrong	bigint;
BEGIN
	BEGIN
		FOR f IN EXECUTE 'SELECT document, n FROM file ORDER BY ' || ordered LOOP
			PERFORM pg_temp.bring(f.document, f.n::text);
		END LOOP;
		SELECT sha256(string_agg(billing.digest(d.profile), '' ORDER BY d.account_id, d.start)) INTO result
		  FROM (SELECT r.account_id, billing.slice(r.profile, daterange(r.from_on + n, r.from_on + n + 1)) AS profile, r.from_on + n AS start
				  FROM billing.reading r, generate_series(0, r.until_on - r.from_on - 1) n WHERE r.from_on > '2026-04-01') d;
		wrong := (SELECT count(*) FROM billing.verify_batches()) + (SELECT count(*) FROM billing.verify());
		RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
		RETURN CASE WHEN wrong = 0 THEN result END;
	END;
END $$;
CREATE TEMPORARY TABLE landed AS SELECT pg_temp.landed_in(o) AS digest FROM unnest(ARRAY['n', 'n DESC', 'n % 5, n', 'md5(n::text)', 'sha256(document)']) o;
SELECT is((SELECT count(DISTINCT digest) FROM landed WHERE digest IS NOT NULL), 1::bigint, 'the same files in any order give the same days');
SELECT is((SELECT count(*) FROM landed WHERE digest IS NULL), 0::bigint, 'and every batch is whole each time');

-- days into months
CREATE TEMPORARY TABLE before_fold AS SELECT billing._usage_digest_at(a.account_id, m::date, (m + interval '1 month')::date, 1000000) AS digest, count(*) AS rows
  FROM billing.account a CROSS JOIN generate_series('2026-01-01'::timestamp, '2026-07-01', interval '1 month') m
  LEFT JOIN billing.reading r ON r.account_id = a.account_id AND r.from_on >= m AND r.from_on < m + interval '1 month' GROUP BY a.account_id, m;
SELECT pg_temp.bring(pg_temp.nem12('{1,2}', date '2026-07-01' + n, 1, n::text, 'A', timestamp '2026-08-01' + n * interval '1 hour'), 'day ' || n) FROM generate_series(0, 30) n \g /dev/null
CREATE TEMPORARY TABLE days AS SELECT a.account_id, billing._usage_digest_at(a.account_id, '2026-07-01', '2026-08-01', 1000000) AS digest FROM billing.account a;
SELECT is((SELECT count(*) FROM billing.reading WHERE from_on >= '2026-07-01'), 62::bigint, 'days come one by one');
SELECT is((SELECT folded FROM billing._fold_chunk('S', '2026-07-01', '2026-07-31', 0)), 0::bigint, 'a month that has not ended is left');
SELECT is((SELECT folded FROM billing._fold_chunk('S', '2026-01-01', '2026-08-01', 0)), 62::bigint, 'and folded when it has');
SELECT is((SELECT folded FROM billing._fold_chunk('S', '2026-01-01', '2026-08-01', 0)), 0::bigint, 'once');
SELECT results_eq($$SELECT from_on, until_on FROM billing.reading WHERE from_on >= '2026-07-01'$$, $$VALUES ('2026-07-01'::date, '2026-08-01'::date), ('2026-07-01', '2026-08-01')$$, 'into a row each');
SELECT results_eq($$SELECT a.account_id, billing._usage_digest_at(a.account_id, '2026-07-01', '2026-08-01', 1000000) FROM billing.account a$$, 'TABLE days', 'which says what the days said, by its digest');
SELECT is_empty('SELECT * FROM billing.verify()', 'bills are verified as before');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and each batch finds its day');
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-07-10', 1, '99', 'A', '2026-08-01 05:00')) \gset
SELECT is(pg_temp.value(1, '2026-07-10 00:00+10'), 9000::numeric, 'a day keeps its own version in the month');
SELECT pg_temp.bring(pg_temp.nem12('{1}', '2026-07-10', 1, '98', 'A', '2026-08-01 10:00')) \gset
SELECT is(pg_temp.value(1, '2026-07-10 00:00+10'), 98000::numeric, 'so that what is newer than it replaces it');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and all is whole');

-- changed in place, by who validates or edits
UPDATE billing.reading SET profile = billing.edit(profile, '2026-07-20 00:00+10', '{5}', 'corrected') WHERE account_id = 2 AND from_on = '2026-07-01';
SELECT is(billing.value_at(profile, '2026-07-20 00:00+10'), 19000::numeric, 'an edit keeps what was there') FROM billing.reading_superseded WHERE account_id = 2 AND from_on = '2026-07-20';
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and the batch finds it');
SELECT pg_temp.bring(pg_temp.nem12('{2}', '2026-07-20', 1, '97', 'A', '2026-09-01')) \gset
SELECT is(pg_temp.value(2, '2026-07-20 00:00+10') || '/' || pg_temp.value(2, '2026-07-20 06:00+10'), '5/97000', 'what a person corrected stays, the rest follows the meter');

-- payments and staff
SELECT billing.receive('bank', convert_to(E'account_no,amount,key,day\nN1,12.50,k1,2026-02-01\nN9,x,k2,\nX,1,k3,\nN2,7,k4,20260202\nN2,7,k4,20260202', 'UTF8'), 'payments', 'S') AS bank \gset
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :bank), 'VALUES (2::bigint, 1::bigint, 2::bigint)', 'payments are posted, each once; others rejected');
SELECT results_eq(format('SELECT line, sqlstate, content FROM billing.batch_reject WHERE batch_id = %s ORDER BY 1', :bank), $$VALUES (3::bigint, 'UB107', 'N9,x,k2,'), (4, 'P0002', 'X,1,k3,')$$, 'with place, reason and text');
SELECT results_eq($$SELECT account_no, amount, key, value_on FROM billing_report.transfer WHERE key IS NOT NULL ORDER BY 1$$, $$VALUES ('N1', 12.50, 'k1', '2026-02-01'::date), ('N2', 7.00, 'k4', '2026-02-02')$$,
	'the ledger has the day as of which the money is there');
SELECT throws_ok($$SELECT billing.post_payment('N1', 12.50, 'k1', '2026-02-03')$$, 'UB302', NULL, 'the same payment has one such day');
SELECT lives_ok($$SELECT billing.post_payment('N1', 12.50, 'k1')$$, 'or none is said');
SELECT throws_ok($$SELECT billing.post_payment('N1', 1, 'k5', 'infinity')$$, '22023', NULL, 'which is a day');
SELECT throws_ok($$SELECT billing.post_payment('N1', 1, NULL)$$, '22023', NULL, 'and a payment has a key');
SELECT throws_ok($$SELECT billing.post_payment('N1', NULL, 'k5')$$, '22023', NULL, 'and an amount');
SELECT throws_ok($$SELECT billing.post_payment(NULL, 1, 'k5')$$, 'P0002', NULL, 'and an account');
SELECT throws_ok($$SELECT billing.receive(repeat('a', 301), 'x', 'nem12', 'S')$$, '22023', 'a file has a name of 1 to 300 characters, and a source of at most 100', 'names of files have a bound');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'nem12', 'S', source => repeat('s', 101))$$, '22023', NULL, 'and so have their sources');
SELECT billing.receive('hr', convert_to(E'no,who,does,where,left\nP1,Ann,analyst,S,\nP2,Bob,clerk,S,2020-01-01\nP3,Cy,clerk,nowhere,', 'UTF8'), 'staff', 'S', mapping => 'hr') AS hr
  FROM billing.set_mapping('hr', 'staff', '{"columns": {"staff_no": "no", "name": "who", "post": "does", "org_no": "where", "left_on": 5}}') \gset
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :hr), 'VALUES (1::bigint, 1::bigint, 1::bigint)', 'so does a list of staff');

-- what registers show
SELECT billing.receive('registers', convert_to(E'device,when,1.8.0,1.8.1\nN1,2026-07-31 23:59,1234.5,30\nN2,2026-08-01 00:01,17,3\nN8,2026-08-01 00:01,17,3', 'UTF8'), 'csv', 'S', mapping => 'registers') AS registers
  FROM billing.set_mapping('registers', 'csv', '{"meter": "device", "time": "when", "time_zone": "+10:00", "register": true, "unit": "kWh",
	"values": [{"column": "1.8.0", "channel": "1.8.0"}, {"column": "1.8.1", "channel": "high"}]}', '{"high": "peak"}') \gset
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :registers), 'VALUES (4::bigint, 0::bigint, 2::bigint)', 'register readings come by files too');
SELECT results_eq('SELECT account_id, register, read_on, value FROM billing.register_reading ORDER BY 1, 2', $$VALUES (1::bigint, 'peak', '2026-08-01'::date, 30.0), (1, 'total', '2026-08-01', 1234.5), (2, 'peak', '2026-08-01', 3.0), (2, 'total', '2026-08-01', 17.0)$$,
	'for the beginning of a day, the last minutes for that of the next');
SELECT results_eq('SELECT DISTINCT batch_id FROM billing.register_reading', format('VALUES (%s::bigint)', :registers), 'in the tree of their batch');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'which is whole');
SELECT results_eq(format('SELECT taken, unchanged, rejected FROM billing.land_again(%s)', :registers), 'VALUES (0::bigint, 4::bigint, 2::bigint)', 'and once');

-- a point's number, a meter's, and the day on which it hangs there
INSERT INTO billing.service_point (account_id, part, org_id, point_code, placed_on, from_on) SELECT account_id, 'pv', org_id, 'N3', '2026-09-01', '2026-09-01' FROM billing.account WHERE account_no = 'N2';
SELECT pg_temp.bring(pg_temp.nem12('{3}', '2026-08-31', 2, '1', 'A', '2026-10-01')) AS points \gset
SELECT results_eq($$SELECT account_id, part, from_on, until_on FROM billing.reading WHERE from_on >= '2026-08-31'$$, $$VALUES (2::bigint, 'pv', '2026-09-01'::date, '2026-09-02'::date)$$, 'a point''s number counts before an account''s, from its first day on');

-- forged
SELECT pg_temp.bring(document, n::text) FROM file ORDER BY n % 5, n \g /dev/null
CREATE TEMPORARY TABLE forged (kind text, found boolean);
CREATE FUNCTION pg_temp.forge(kind text, seed integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	hit		boolean;
	target	bigint := (SELECT batch_id FROM billing.batch WHERE landed_at IS NOT NULL ORDER BY md5(batch_id::text || seed) LIMIT 1);
	n		bigint;
BEGIN
	BEGIN
		SET LOCAL session_replication_role = replica;
		EXECUTE CASE kind
			WHEN 'a value' THEN 'UPDATE billing.reading SET profile = billing.edit(profile, billing.start_at(profile), ARRAY[coalesce(billing.value_at(profile, billing.start_at(profile)), 0) + 1]) WHERE ctid = (SELECT ctid FROM billing.reading ORDER BY md5(account_id::text || from_on::text || $2) LIMIT 1)'
			WHEN 'a quality' THEN 'UPDATE billing.reading SET profile = billing.set_quality(profile, ''-infinity'', ''infinity'', ''suspect'') WHERE ctid = (SELECT ctid FROM billing.reading ORDER BY md5(account_id::text || from_on::text || $2) LIMIT 1)'
			WHEN 'gone' THEN 'DELETE FROM billing.reading WHERE ctid = (SELECT ctid FROM billing.reading ORDER BY md5(account_id::text || from_on::text || $2) LIMIT 1)'
			WHEN 'put in' THEN 'INSERT INTO billing.reading (account_id, org_id, batch_id, profile) VALUES (2, 1, $1, billing.profile(timestamptz ''2025-01-01 00:00+10'' + $2 * interval ''1 day'', ''6 hours'', ''{1,2,3,4}''::bigint[], time_zone => ''+10:00''))'
			WHEN 'superseded' THEN 'UPDATE billing.reading_superseded SET profile = profile OPERATOR(billing.*) 2 WHERE ctid = (SELECT ctid FROM billing.reading_superseded WHERE profile IS NOT NULL ORDER BY md5(superseded_id::text || $2) LIMIT 1)'
			WHEN 'superseded gone' THEN 'DELETE FROM billing.reading_superseded WHERE ctid = (SELECT ctid FROM billing.reading_superseded WHERE profile IS NOT NULL ORDER BY md5(superseded_id::text || $2) LIMIT 1)'
			WHEN 'pieces' THEN 'DELETE FROM billing.reading_piece WHERE ctid = (SELECT ctid FROM billing.reading_piece WHERE batches[1] <> batches[cardinality(batches)] ORDER BY md5(account_id::text || from_on::text || $2) LIMIT 1)'
			WHEN 'content' THEN 'UPDATE billing.batch SET content = content || ''x'' WHERE batch_id = (SELECT coalesce(again_of, batch_id) FROM billing.batch WHERE batch_id = $1)'
			WHEN 'file name' THEN 'UPDATE billing.batch SET file_name = ''x'' WHERE batch_id = $1'
			WHEN 'author' THEN 'UPDATE billing.batch SET landed_by = ''x'' WHERE batch_id = $1'
			WHEN 'batch gone' THEN 'DELETE FROM billing.batch WHERE batch_id = $1'
			WHEN 'cut' THEN 'DELETE FROM billing.batch WHERE seq >= (SELECT seq FROM billing.batch WHERE batch_id = $1)'
			WHEN 'a register' THEN 'UPDATE billing.register_reading SET value = value + 1 WHERE ctid = (SELECT ctid FROM billing.register_reading ORDER BY md5(entry_no::text || $2) LIMIT 1)'
			WHEN 'manifest' THEN 'UPDATE billing.batch_manifest SET leaves[1] = sha256(leaves[1]) WHERE batch_id = (SELECT batch_id FROM billing.batch_manifest ORDER BY md5(batch_id::text || $2) LIMIT 1)'
			WHEN 'head' THEN 'UPDATE billing.batch_head SET link = sha256(link)' END
			USING target, seed;
		GET DIAGNOSTICS n = ROW_COUNT;
		SELECT n > 0 AND count(*) > 0 INTO hit FROM billing.verify_batches();
		RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
		NULL;
	END;
	INSERT INTO forged VALUES (kind, hit);
END $$;
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'nothing is wrong with what landed');
SELECT pg_temp.forge(k, n) FROM unnest('{a value,a quality,gone,put in,superseded,superseded gone,pieces,content,file name,author,batch gone,cut,a register,manifest,head}'::text[]) k, generate_series(1, 5) n \g /dev/null
SELECT is_empty('SELECT kind, count(*) FROM forged WHERE NOT found GROUP BY 1', 'each of seventy-five forgeries is found');
SELECT throws_ok(format('UPDATE billing.batch SET file_name = ''x'' WHERE batch_id = %s', :first), '23001', NULL, 'a batch stays as it is');
SELECT throws_ok('DELETE FROM billing.batch_reject', '23001', NULL, 'and so do its rejects');
SELECT throws_ok('UPDATE billing.reading_superseded SET reason = ''x''', '23001', NULL, 'and what was replaced');
SELECT throws_ok($$SELECT billing.receive('f', 'x', 'xlsx', 'S')$$, '22023', 'there is no format "xlsx"', 'an unknown format is refused');
SELECT finish();
ROLLBACK;
