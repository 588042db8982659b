-- Segments: who is where, since when, by which measure; clusters that any order of rows gives; and who may know.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S1', 'Station', 'station'), billing.add_org('S2', 'Station', 'station') \gset
SELECT billing.add_plan('flat', 'Flat', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "notes": {"class": "shop"}, "charges": [{"code": "energy", "price": "0.5"}]}') \gset
SELECT billing.add_customer('S1', 'x', 'person', 'segment_customer') AS customer, billing.add_customer('S2', 'z') AS other \gset
SELECT count(*) FROM (SELECT billing.add_account('S1', 'A' || n, :customer, '2026-01-01') FROM generate_series(1, 6) n) q \gset
SELECT billing.add_account('S2', 'Z', :other, '2026-01-01') \gset
SELECT count(*) FROM (SELECT billing.set_plan(v, 'flat', '2026-01-01') FROM unnest('{A1,A2,A3,A4,A5,A6,Z}'::text[]) v) q \gset
-- A1 is large and even; A2, A3 use in the day; A4, A5 at night; A6 hardly anything
CREATE FUNCTION pg_temp.load(no text, month timestamp) RETURNS billing.profile LANGUAGE sql AS $$
	SELECT billing.profile(month AT TIME ZONE 'Asia/Shanghai', '1 hour', ARRAY(SELECT (CASE no WHEN 'A1' THEN 20000 WHEN 'A2' THEN 200 + 2000 * (h BETWEEN 8 AND 17)::integer
		WHEN 'A3' THEN 150 + 1500 * (h BETWEEN 9 AND 18)::integer WHEN 'A4' THEN 200 + 2500 * (h < 6)::integer WHEN 'A5' THEN 100 + 1200 * (h < 7)::integer ELSE 10 END)::bigint
		FROM generate_series(month, month + interval '1 month' - interval '1 hour', '1 hour') t CROSS JOIN LATERAL (SELECT extract(hour FROM t)::integer AS h) x), time_zone => 'Asia/Shanghai') $$;
SELECT count(*) FROM (SELECT billing.record_profile(a, pg_temp.load(a, m)) FROM generate_series('2026-01-01'::timestamp, '2026-03-01', interval '1 month') m, unnest('{A1,A2,A3,A4,A5,A6,Z}'::text[]) a) q \gset
CREATE FUNCTION pg_temp.run(org text, until_on date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	run	bigint := billing._start_run(org, until_on, 5);
BEGIN
	WHILE billing._run_chunk(run) IS NOT NULL LOOP END LOOP;
	PERFORM billing._finish_run(run);
END $$;
SELECT pg_temp.run('S1', '2026-04-01'), pg_temp.run('S2', '2026-04-01') \gset
CREATE ROLE segment_customer LOGIN IN ROLE billing_customer;
CREATE ROLE segment_analyst LOGIN IN ROLE billing_analyst;
CREATE ROLE segment_other LOGIN IN ROLE billing_analyst;
CREATE ROLE segment_reader LOGIN IN ROLE billing_clerk;
SELECT billing.add_staff('S1', 'K1', 'x', 'analyst', 'segment_analyst'), billing.grant_post('K1', 'S1'), billing.add_staff('S2', 'K2', 'x', 'analyst', 'segment_other'), billing.grant_post('K2', 'S2'),
	billing.add_staff('S1', 'K3', 'x', 'meter reader', 'segment_reader'), billing.grant_post('K3', 'S1') \gset
CREATE FUNCTION pg_temp.asked(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	said	text;
BEGIN
	EXECUTE query INTO said;
	RETURN said;
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
GRANT EXECUTE ON FUNCTION pg_temp.asked(text) TO PUBLIC;
CREATE FUNCTION pg_temp.members(code text, day date) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(a.account_no || ' ' || s.segment, ', ' ORDER BY a.account_no) FROM billing.segment_accounts(code, day) s JOIN billing.account a USING (account_id) $$;
GRANT EXECUTE ON FUNCTION pg_temp.members(text, date) TO PUBLIC;

SELECT plan(45);
-- the engine, on anybody's rows
SELECT is((SELECT sum(x) FROM unnest(billing.day_shape(pg_temp.load('A2', '2026-01-01'))) x)::numeric(12, 9), 1.0, 'the parts of a day are one together');
SELECT is((SELECT array_agg(round(x::numeric, 6)) FROM unnest(billing.day_shape(pg_temp.load('A2', '2026-01-01'), 2)) WITH ORDINALITY u(x, n)), ARRAY[0.419355, 0.580645], 'and each has its share');
SELECT is(billing.day_shape(billing.profile('2026-01-01 00:00+08', '1 hour', '{1,2,3}'::bigint[], time_zone => 'Asia/Shanghai')), NULL, 'no whole day, no shape');
SELECT is(billing.day_shape(billing.profile('2026-01-01 00:00+08', '1 day', '{1,2,3}'::bigint[], time_zone => 'Asia/Shanghai')), NULL, 'nor of slots longer than an hour');
SELECT is(billing.day_shape(billing.profile('2026-01-01 00:00+08', '1 hour', array_fill(0::bigint, '{24}'), time_zone => 'Asia/Shanghai')), NULL, 'nor of nothing');
SELECT throws_ok($$SELECT billing.day_shape(pg_temp.load('A2', '2026-01-01'), 7)$$, '22023', 'a day cannot be divided into 7 parts', 'parts must divide the day');
CREATE TEMPORARY TABLE point AS SELECT n, ARRAY[(n % 3) * 10 + (n * 7919 % 100) / 100.0, (n % 3) * 5 + (n * 104729 % 100) / 100.0]::double precision[] AS at FROM generate_series(1, 90) n;
SELECT billing.cluster_centers(array_agg(at), 3, 5) AS centers FROM point \gset
SELECT is((SELECT billing.cluster_centers(array_agg(at ORDER BY md5(n::text)), 3, 5)::text FROM point), :'centers', 'the same centres from rows in any order');
SELECT results_eq(format($$SELECT count(DISTINCT c.cluster), count(DISTINCT (c.cluster, n %% 3)) FROM point CROSS JOIN LATERAL billing.nearest_cluster(%L, at) c$$, :'centers'), $$VALUES (3::bigint, 3::bigint)$$, 'what lies together is one cluster');
SELECT is((SELECT count(*) FROM unnest(billing.cluster_centers((SELECT array_agg(at) FROM point), 3, 5, 'medoids')) WITH ORDINALITY u(x, n) WHERE n % 2 = 1 AND x NOT IN (SELECT at[1] FROM point)), 0::bigint, 'medoids are rows');
SELECT is((SELECT distance FROM billing.nearest_cluster('{{0,0},{3,4}}', '{0,4}')), 3::double precision, 'the distance to the nearest');
SELECT throws_ok($$SELECT billing.cluster_centers('{{1,2},{1,2},{1,2}}', 2)$$, '22023', 'there are fewer different rows than clusters', 'two clusters need two different rows');
SELECT throws_ok($$SELECT billing.cluster_centers('{1,2}', 2)$$, '22023', NULL, 'rows are rows');
SELECT throws_ok($$SELECT billing.cluster_centers('{{1,NaN},{2,3}}', 2)$$, '22003', NULL, 'of numbers');
SELECT throws_ok($$SELECT billing.cluster_centers('{{1,NULL},{2,3}}', 2)$$, '22004', NULL, 'all of them');
SELECT throws_ok($$SELECT billing.cluster_centers('{{1,2},{2,3}}', 65)$$, '22023', NULL, 'not too many clusters');
SELECT throws_ok($$SELECT billing.cluster_centers('{{1,2},{2,3}}', 2, 1, 'magic')$$, '22023', NULL, 'by a method that there is');
SELECT throws_ok($$SELECT * FROM billing.nearest_cluster('{{1,2}}', '{1}')$$, '22023', NULL, 'a row as long as a centre');

-- ABC
SELECT billing.add_segmentation('S1', 'abc', 'By revenue', 'revenue'), billing.refresh_segments('abc', '2026-04-01') AS came \gset
SELECT is(pg_temp.members('abc', '2026-04-01'), 'A1 A, A2 B, A3 B, A4 B, A5 C, A6 C', 'ABC: the first 80 %, up to 95 %, the rest');
SELECT is(pg_temp.members('abc:A', '2026-04-01'), 'A1 A', 'one of the segments');
SELECT is(pg_temp.members('abc', '2026-03-31'), NULL, 'and before that day nobody');
SELECT is((SELECT sum(measure) FROM billing.segment_accounts('abc', '2026-04-01')), (SELECT sum(b.total) FROM billing.bill b JOIN billing.account a USING (account_id) WHERE a.account_no <> 'Z'), 'measured by what was billed');
SELECT is(billing.refresh_segments('abc', '2026-04-01'), 6::bigint, 'again for the same day: as for the first time');
SELECT is(billing.refresh_segments('abc', '2026-05-01', 2), 0::bigint, 'a month later nobody has moved');
SELECT throws_ok($$SELECT billing.refresh_segments('abc', '2026-03-01')$$, '55000', NULL, 'not for an earlier day') FROM billing.refresh_segments('abc', '2026-06-01', 1);
SELECT is(pg_temp.members('abc', '2026-06-01'), NULL, 'without bills in May there is nobody in June');
SELECT is(pg_temp.members('abc:A', '2026-05-31'), 'A1 A', 'and what was, was');

-- load factor, arrears, industry, shape
SELECT billing.add_segmentation('S1', 'lf', 'By load factor', 'load_factor', '{"bounds": ["0.45", "0.9"]}'), billing.refresh_segments('lf', '2026-04-01') AS came \gset
SELECT is(pg_temp.members('lf', '2026-04-01'), 'A1 high, A2 medium, A3 medium, A4 low, A5 low, A6 high', 'by load factor');
SELECT is((SELECT round(measure, 4) FROM billing.segment_accounts('lf', '2026-04-01') s JOIN billing.account a USING (account_id) WHERE account_no = 'A4'), round((200 * 24 + 2500 * 6) / 24.0 / 2700, 4), 'which is mean over highest load');
UPDATE billing.due_rule SET due_days = 0;
SELECT billing.set_due_days('S1', 0, '2020-01-01') \gset
SELECT billing.post_payment('A1', (SELECT sum(total) FROM billing.bill JOIN billing.account USING (account_id) WHERE account_no = 'A1'), 'p', billing._sum_day(now())) \gset
SELECT billing.post_payment('A2', (SELECT total * 1.5 FROM billing.bill JOIN billing.account USING (account_id) WHERE account_no = 'A2' AND from_on = '2026-01-01')::numeric(20, 2), 'p', billing._sum_day(now())) \gset
SELECT billing.add_segmentation('S1', 'late', 'By payment', 'arrears'), billing.refresh_segments('late', billing._sum_day(now()) + 1) AS came \gset
SELECT is(pg_temp.members('late', billing._sum_day(now()) + 1), 'A1 low, A2 high, A3 high, A4 high, A5 high, A6 high', 'by what was not paid when it was due');
SELECT is((SELECT measure FROM billing.segment_accounts('late', billing._sum_day(now()) + 1) JOIN billing.account USING (account_id) WHERE account_no = 'A2'),
	(SELECT round(1 - (max(total) FILTER (WHERE from_on = '2026-01-01') * 1.5) / sum(total), 6) FROM billing.bill JOIN billing.account USING (account_id) WHERE account_no = 'A2'), 'the oldest bills are paid first');
SELECT billing.set_industry('A1', 'C2611', '2026-01-01'), billing.set_industry('A2', 'F52', '2026-01-01'), billing.set_industry('A1', 'C3011', '2026-06-01') \gset
SELECT billing.add_segmentation('S1', 'trade', 'By industry', 'industry'), billing.refresh_segments('trade', '2026-04-01') AS came \gset
SELECT is(pg_temp.members('trade', '2026-04-01'), 'A1 C, A2 F', 'by section of industry');
SELECT billing.add_segmentation('S1', 'day', 'By the day', 'shape', '{"clusters": 3}'), billing.refresh_segments('day', '2026-04-01') AS came \gset
SELECT results_eq($$SELECT count(DISTINCT segment), count(*) FILTER (WHERE segment = (SELECT segment FROM billing_report.segment_member WHERE code = 'day' AND account_no = 'A2')) FROM billing_report.segment_member WHERE code = 'day'
	AND account_no IN ('A1', 'A2', 'A3', 'A4', 'A5', 'A6')$$, $$VALUES (3::bigint, 2::bigint)$$, 'by the course of the day: even, by day, by night');
SELECT billing.add_segmentation('S1', 'risk', 'By a model', 'model') \gset
SELECT is(billing.put_segments('risk', '2026-04-01', (SELECT array_agg(account_id ORDER BY account_no) FROM billing.account WHERE account_no IN ('A1', 'A2', 'Z')), '{high,low,high}', '{0.9,0.1,0.8}'), 2::bigint,
	'what a model says, of the org''s own accounts');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'x', 'x', 'revenue', '{"bounds": ["0.9", "0.8"]}')$$, '22023', NULL, 'bounds rise');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'x', 'x', 'colour')$$, '22023', 'there is no segmentation by "colour"', 'by something that there is');
SELECT throws_ok($$SELECT billing.add_segmentation('S1', 'x', 'x', 'shape', '{"bounds": []}')$$, '22023', 'a segmentation by shape has no "bounds"', 'with a rule of its kind');

-- filters and reports
SELECT is((SELECT string_agg(account_no, ',' ORDER BY account_no) FROM billing.accounts_where('{"org": "S1", "segment": "abc:C", "class": "shop"}', '2026-05-01') JOIN billing.account USING (account_id)), 'A5,A6', 'a segment is a filter');
SELECT is((SELECT string_agg(account_no, ',') FROM billing.accounts_where('{"industry": "C26"}', '2026-05-01') JOIN billing.account USING (account_id)), 'A1', 'an industry is one');
SELECT results_eq($$SELECT sum(amount), sum(kwh), max(share_percent) FILTER (WHERE segment = 'A' AND month_on = '2026-01-01') > 80, bool_or(month_on_month_percent IS NOT NULL) FROM billing.segment_revenue('abc', '[2026-01-01,2026-04-01)', '2026-04-01')$$,
	$$SELECT sum(r.amount), sum(r.kwh), true, true FROM billing_report.revenue r WHERE org_no = 'S1'$$, 'segments add up to the revenue');

-- who may know
SET LOCAL SESSION AUTHORIZATION segment_analyst;
SELECT is(pg_temp.members('abc:A', '2026-04-01'), 'A1 A', 'an analyst of the station');
SET LOCAL SESSION AUTHORIZATION segment_other;
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.segment_accounts(''abc'', ''2026-04-01'')'), 'P0002', 'none of another');
SELECT is(pg_temp.asked('SELECT billing.put_segments(''risk'', ''2026-05-01'', ''{}'', ''{}'')'), 'P0002', 'who changes nothing there either');
SET LOCAL SESSION AUTHORIZATION segment_reader;
SELECT is(pg_temp.asked('SELECT billing.add_segmentation(''S1'', ''mine'', ''x'', ''revenue'')'), 'P0002', 'who reads no bills makes no segments of them');
SET LOCAL SESSION AUTHORIZATION segment_customer;
SELECT is(pg_temp.asked('SELECT count(*) FROM billing.segment_member'), '42501', 'a customer is not told how he is judged');
RESET SESSION AUTHORIZATION;
-- another currency: large in its own money, however small beside the other
SELECT billing.add_plan('dollars', 'Other money', '2026-01-01', '{"name": "y", "currency": "USD", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}'), billing.add_org('S3', 'Station', 'station', 'S1'), billing.add_account('S3', 'D', :customer, '2026-01-01'), billing.set_plan('D', 'dollars', '2026-01-01'), billing.set_usage_from('register', '{D}'),
	billing.record_register('D', '2026-01-01', 'total', 0), billing.record_register('D', '2026-02-01', 'total', 100) \gset
SELECT pg_temp.run('S3', '2026-04-01'), billing.add_segmentation('S1', 'abc2', 'By revenue', 'revenue'), billing.refresh_segments('abc2', '2026-04-01') \gset
SELECT is(pg_temp.members('abc2', '2026-04-01'), 'A1 A, A2 B, A3 B, A4 B, A5 C, A6 C, D A', 'ABC of each currency by itself');
SELECT * FROM finish();
ROLLBACK;
