-- Rows that come by COPY are files: received, landed and kept as they came; the inbox itself keeps nothing.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'Station', 'station') \gset
SELECT billing.add_org('T', 'Station', 'station') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', 'N' || n, :customer, '2026-01-01')) FROM generate_series(1, 3) n \gset
SELECT billing.set_mapping('rows', 'csv', '{"meter": "m", "time": "t", "time_zone": "+08:00", "slot_minutes": 360, "value": "v", "unit": "kWh"}') \gset
CREATE ROLE inbox_clerk IN ROLE billing_clerk;
CREATE ROLE inbox_reader IN ROLE billing_clerk;
SELECT billing.add_staff('S', 'K', 'Clerk', 'meter reader', 'inbox_clerk') \gset
SELECT billing.add_staff('S', 'R', 'Reader', 'analyst', 'inbox_reader') \gset
SELECT billing.grant_access('K', 'S', '{org,account,reading}', '{read,write}') \gset
SELECT billing.grant_access('R', 'S', '{org,account,reading}', '{read}') \gset
SELECT plan(16);

SET LOCAL SESSION AUTHORIZATION inbox_clerk;
SELECT billing.open_inbox('inbox', 'rows', 'csv', 'S', 'head-end', 'rows') \gset

-- in any order, two meters, two days, one moment twice, one that is not known, one that is no number, an empty line
COPY inbox FROM STDIN (DELIMITER E'\x01');
m,t,v
N1,2026-01-02 00:00,5
N2,2026-01-01 18:00,2.5
N1,2026-01-01 00:00,1
N1,2026-01-01 12:00,3
N9,2026-01-01 00:00,1
N2,2026-01-01 12:00,1.5

N1,2026-01-01 06:00,2
N1,2026-01-01 06:00,2
N1,2026-01-01 18:00,x
\.
SELECT is((SELECT count(*) FROM inbox), 0::bigint, 'an inbox keeps no row');
SELECT results_eq('SELECT taken, rejected, file_name, source FROM billing.batch', $$VALUES (3::bigint, 3::bigint, 'rows', 'head-end')$$, 'what one COPY brings is one batch, and landed');
SELECT results_eq('SELECT account_id, from_on, billing.energy_kwh(profile), billing.missing_count(profile) FROM billing.reading ORDER BY 1, 2',
	$$VALUES (1::bigint, '2026-01-01'::date, 11.000, 1), (2, '2026-01-01', 4.000, 0)$$, 'its rows are profiles of days, in their order');
SELECT results_eq('SELECT line, sqlstate FROM billing.batch_reject ORDER BY 1', $$VALUES (6::bigint, 'P0002'), (10, 'UB107'), (11, 'UB107')$$, 'and each bad row a reject of its own');
SELECT is(convert_from(content, 'UTF8'), E'm,t,v\nN1,2026-01-02 00:00,5\nN2,2026-01-01 18:00,2.5\nN1,2026-01-01 00:00,1\nN1,2026-01-01 12:00,3\nN9,2026-01-01 00:00,1\n'
	'N2,2026-01-01 12:00,1.5\n\nN1,2026-01-01 06:00,2\nN1,2026-01-01 06:00,2\nN1,2026-01-01 18:00,x\n', 'the file is the lines as they came') FROM billing.batch;
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'the batch finds its own');

-- the same again, something else, nothing
COPY inbox FROM STDIN (DELIMITER E'\x01');
m,t,v
N3,2026-01-01 00:00,7
\.
COPY inbox FROM STDIN (DELIMITER E'\x01');
m,t,v
N3,2026-01-01 00:00,7
\.
COPY inbox FROM STDIN (DELIMITER E'\x01');
\.
SELECT is((SELECT count(*) FROM billing.batch), 2::bigint, 'the same rows again are the same batch, no rows are none');
INSERT INTO inbox VALUES ('m,t,v'), ('N3,2026-01-02 00:00,8'), (NULL), ('"N3",2026-01-02 06:00,"9"');
SELECT is((SELECT sum(billing.energy_kwh(profile)) FROM billing.reading WHERE account_id = 3), 24.000, 'INSERT does as COPY does');
SELECT lives_ok($$INSERT INTO inbox SELECT 'm,t,v' UNION ALL SELECT format('N2,%s,1', to_char(timestamp '2026-01-02' + n * interval '6 hours', 'YYYY-MM-DD HH24:MI'))
	FROM generate_series(0, 3999) n$$, 'thousands of rows');
SELECT is((SELECT sum(billing.slot_count(profile)) FROM billing.reading WHERE account_id = 2), 4002::bigint, 'of years');

-- what fails leaves nothing, and nothing for the next
SELECT throws_ok($$INSERT INTO inbox SELECT CASE WHEN n < 3 THEN 'N1,2026-02-01 00:00,1' ELSE (1 / (n - 3))::text END FROM generate_series(1, 4) n$$, '22012');
INSERT INTO inbox VALUES ('m,t,v'), ('N3,2026-01-03 00:00,1');
SELECT is((SELECT content FROM billing.batch ORDER BY batch_id DESC LIMIT 1), 'm,t,v
N3,2026-01-03 00:00,1
'::bytea, 'a failed statement is forgotten');
CREATE TEMPORARY TABLE other (line text);
SELECT throws_ok($$SELECT billing.open_inbox('other', 'rows', 'csv', 'S', 'head-end', 'rows')$$, '42P07');

-- rights are those of receive() and land()
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION inbox_reader;
SELECT billing.open_inbox('reader_inbox', 'rows', 'csv', 'S', 'head-end', 'rows') \gset
SELECT throws_ok($$INSERT INTO reader_inbox VALUES ('m,t,v'), ('N1,2026-03-01 00:00,1')$$, 'P0002');
RESET SESSION AUTHORIZATION;
SET LOCAL SESSION AUTHORIZATION inbox_clerk;
SELECT billing.open_inbox('far_inbox', 'rows', 'csv', 'T', 'head-end', 'rows') \gset
SELECT throws_ok($$INSERT INTO far_inbox VALUES ('m,t,v'), ('N1,2026-03-01 00:00,1')$$, 'P0002');
RESET SESSION AUTHORIZATION;
CREATE TABLE pg_temp.wrong (n integer);
CREATE TRIGGER takes BEFORE INSERT ON pg_temp.wrong FOR EACH ROW EXECUTE FUNCTION billing._take_line();
SELECT throws_ok($$INSERT INTO pg_temp.wrong VALUES (1)$$, '55000');

SELECT * FROM finish();
ROLLBACK;
