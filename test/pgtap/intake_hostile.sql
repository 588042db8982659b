-- Files as they should not be: each lands, with its rejects kept and the rest in;
-- nothing twice, and never an internal error.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'Station', 'station') \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', 'N' || n, :customer, '2026-01-01')) FROM generate_series(1, 3) n \gset
SELECT billing.set_mapping('long', 'csv', '{"meter": "m", "time": "t", "time_zone": "Europe/Berlin", "slot_minutes": 60, "value": "v", "unit": "kWh"}') \gset
SELECT billing.set_mapping('wide', 'csv', '{"header": false, "meter": 1, "time": 2, "time_format": "YYYY-MM-DD", "time_zone": "Europe/Berlin", "columns": {"first": 3, "count": 4}, "unit": "kWh"}') \gset
SELECT billing.set_mapping('json', 'json', '{"meter": "m", "time": "t", "time_zone": "Europe/Berlin", "slot_minutes": 60, "value": "v", "unit": "kWh"}') \gset

CREATE TEMPORARY TABLE outcome (name text, format text, state text, message text, taken bigint, unchanged bigint, rejected bigint, batch_id bigint);
CREATE FUNCTION pg_temp.try(name text, format text, document bytea, mapping text DEFAULT '') RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	b	bigint;
	l	record;
BEGIN
	b := billing.receive(name, document, format, 'S', mapping => mapping);
	SELECT * INTO l FROM billing.land(b);
	INSERT INTO outcome VALUES (name, format, '00000', NULL, l.taken, l.unchanged, l.rejected, b);
EXCEPTION WHEN OTHERS THEN
	INSERT INTO outcome VALUES (name, format, SQLSTATE, SQLERRM);
END $$;
CREATE FUNCTION pg_temp.day(d date, n integer, quality text DEFAULT 'A') RETURNS text LANGUAGE sql AS
$$ SELECT format(E'300,%s,%s,%s,%s,%s,%s,,,20260801000000\n', to_char(d, 'YYYYMMDD'), n, n, n, n, quality) $$;

SELECT plan(35);

-- of every format
SELECT pg_temp.try(v.name || ' as ' || f.format || f.mapping, f.format, v.document, f.mapping)
  FROM (VALUES ('empty', ''::bytea), ('a newline', '\x0a'), ('a mark only', '\xefbbbf'), ('zeros', decode(repeat('00', 3000), 'hex')),
		('UTF-16', '\xfffe31003000300000'::bytea), ('GBK', '\x31302cc4cfb7c72cb9a9b5e70a4e312cd5fdcff20a'::bytea),
		('noise', (SELECT string_agg(sha256(n::text::bytea), ''::bytea) FROM generate_series(1, 200) n)),
		('a million columns', convert_to(repeat(',', 1000000), 'UTF8')), ('a million columns of ones', convert_to(repeat('1,', 1000000) || E'\nN1,2026-01-01,1,1,1,1\n', 'UTF8')),
		('two megabytes in a line', convert_to(repeat('x', 2000000), 'UTF8')), ('open quotes', convert_to(repeat('"', 99999), 'UTF8')),
		('deep', convert_to(repeat('[{"a":', 20000), 'UTF8')), ('tags', convert_to(repeat('<a>', 50000), 'UTF8')), ('segments', convert_to(repeat('UNH+1''', 5000), 'UTF8')),
		('NULs in a line', convert_to('100,NEM12,202601010000,M,R', 'UTF8') || '\x00000a'::bytea)) v(name, document),
	   (VALUES ('nem12', ''), ('nem13', ''), ('csv', 'long'), ('csv', 'wide'), ('json', 'json'), ('espi', ''), ('mscons', ''), ('payments', ''), ('staff', ''), ('invoices', ''), ('receipts', '')) f(format, mapping) \g /dev/null
SELECT is_empty($$SELECT name, state, message FROM outcome WHERE state <> '00000'$$, 'every file lands');
SELECT is((SELECT sum(taken) FROM outcome), 1::numeric, 'one line among them is good');
SELECT is_empty($$SELECT name FROM outcome WHERE rejected = 0 AND taken = 0 AND name !~ '^(empty|a newline|a mark|open quotes|two megabytes|a million)' AND name !~ 'payments|staff|invoices|receipts'$$, 'and what is no reading says so');
SELECT is_empty($$SELECT * FROM billing.batch_reject WHERE sqlstate ~ '^XX' OR message = ''$$, 'each with a reason that is one');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'the chain is whole');

-- cut anywhere
CREATE TEMPORARY TABLE whole AS SELECT convert_to(E'100,NEM12,202601010000,M,R\n200,N1,E1,1,E1,N1,M1,kWh,360,\n' || (SELECT string_agg(pg_temp.day(date '2026-02-01' + n, n), '' ORDER BY n) FROM generate_series(0, 9) n) || E'900\n', 'UTF8') AS document;
TRUNCATE outcome;
SELECT pg_temp.try('cut at ' || n, 'nem12', substring(document FOR n)) FROM whole, generate_series(1, length(document), 13) n \g /dev/null
SELECT is_empty($$SELECT name, state, message FROM outcome WHERE state <> '00000'$$, 'a file cut anywhere lands');
SELECT is_empty($$SELECT name FROM outcome WHERE rejected = 0$$, 'and is known to be cut');
SELECT pg_temp.try('whole', 'nem12', document) FROM whole \g /dev/null
SELECT is((SELECT sum(taken) FROM outcome), 10::numeric, 'each day came once');
SELECT is((SELECT rejected FROM outcome WHERE name = 'whole'), 0::bigint, 'the whole file has nothing wrong');
SELECT is((SELECT billing.energy_kwh(profile) FROM billing.reading WHERE from_on = '2026-02-01'), 180.000, 'and all is in');

-- twice, and contradicting itself
SELECT pg_temp.try('twice', 'nem12', convert_to(E'100,NEM12,202601010000,M,R\n200,N2,E1,1,E1,N1,M1,kWh,360,\n' || pg_temp.day('2026-03-01', 1) || pg_temp.day('2026-03-01', 1) || pg_temp.day('2026-03-01', 2)
	|| E'200,N2,E1,1,E1,N1,M1,kWh,360,\n' || pg_temp.day('2026-03-01', 3) || pg_temp.day('2026-03-02', 1) || '900', 'UTF8')) \g /dev/null
SELECT results_eq($$SELECT taken, rejected FROM outcome WHERE name = 'twice'$$, 'VALUES (2::bigint, 3::bigint)', 'of records that contradict each other the first counts');
SELECT is((SELECT count(*) FROM billing.batch_reject WHERE batch_id = (SELECT batch_id FROM outcome WHERE name = 'twice') AND message ~ 'line 3'), 3::bigint, 'the others name its line');
-- two meters of the file that are one account's
SELECT pg_temp.try('two', 'csv', convert_to(E'm,t,v\nN3,2026-05-01 00:00,1\nN3,2026-05-01 00:00,2\nN3,2026-05-01 01:00,3', 'UTF8'), 'long') \g /dev/null
SELECT results_eq($$SELECT taken, rejected FROM outcome WHERE name = 'two'$$, 'VALUES (1::bigint, 1::bigint)', 'so it is slot by slot');

-- days of 23 and 25 hours
SELECT pg_temp.try('spring', 'csv', convert_to(E'm,t,v\n' || string_agg(format(E'N3,2026-03-29 %s:00,1\n', lpad(h::text, 2, '0')), '' ORDER BY h), 'UTF8'), 'long') FROM generate_series(0, 23) h \g /dev/null
SELECT results_eq($$SELECT taken, rejected FROM outcome WHERE name = 'spring'$$, 'VALUES (1::bigint, 1::bigint)', 'the hour that is left out is refused');
SELECT results_eq($$SELECT billing.slot_count(profile), billing.energy_kwh(profile) FROM billing.reading WHERE from_on = '2026-03-29'$$, 'VALUES (23, 23.000)', 'a day of 23 hours');
SELECT pg_temp.try('autumn', 'csv', convert_to(E'm,t,v\n' || string_agg(format(E'N3,2026-10-25 %s:00,1\n', lpad(h::text, 2, '0')), '' ORDER BY n), 'UTF8'), 'long') FROM unnest('{0,1,2,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23}'::integer[]) WITH ORDINALITY h(h, n) \g /dev/null
SELECT results_eq($$SELECT billing.slot_count(profile), billing.energy_kwh(profile) FROM billing.reading WHERE from_on = '2026-10-25'$$, 'VALUES (25, 25.000)', 'and one of 25');

-- a year, in no order at all
SELECT pg_temp.try('year', 'nem12', convert_to(E'100,NEM12,202601010000,M,R\n200,N1,E1,1,E1,N1,M1,kWh,360,\n' || string_agg(pg_temp.day(date '2025-01-01' + n, n % 7), '' ORDER BY md5(n::text)) || '900', 'UTF8')) FROM generate_series(0, 364) n \g /dev/null
SELECT results_eq($$SELECT taken, rejected FROM outcome WHERE name = 'year'$$, 'VALUES (365::bigint, 0::bigint)', 'a year out of order comes in');
SELECT results_eq($$SELECT count(*), min(until_on - from_on), max(until_on - from_on) FROM billing.reading WHERE account_id = 1 AND from_on < '2026-01-01'$$, 'VALUES (12::bigint, 28, 31)', 'as its months');

-- slots of another length
SELECT pg_temp.try('hours', 'csv', convert_to(E'm,t,v\nN1,2025-06-01 00:00,1', 'UTF8'), 'long') \g /dev/null
SELECT is((SELECT sqlstate FROM billing.batch_reject WHERE batch_id = (SELECT batch_id FROM outcome WHERE name = 'hours')), 'UB101', 'a part of a day with other slots, or of another zone, is refused');
SELECT pg_temp.try('halves', 'nem12', convert_to(E'100,NEM12,202601010000,M,R\n200,N1,E1,1,E1,N1,M1,kWh,720,\n300,20250602,9,9,A,,,20260901000000\n900', 'UTF8')) \g /dev/null
SELECT results_eq($$SELECT from_on, until_on, billing.slot(profile) FROM billing.reading WHERE account_id = 1 AND from_on BETWEEN '2025-06-01' AND '2025-06-30' ORDER BY 1$$,
	$$VALUES ('2025-06-01'::date, '2025-06-02'::date, interval '6 hours'), ('2025-06-02', '2025-06-03', '12 hours'), ('2025-06-03', '2025-07-01', '6 hours')$$, 'a whole day replaces a day');

-- a time zone by another name
SELECT billing.set_mapping('shanghai', 'csv', '{"meter": "m", "time": "t", "time_zone": "Asia/Shanghai", "slot_minutes": 360, "value": "v", "unit": "kWh"}'),
	billing.set_mapping('east8', 'nem12', '{"time_zone": "+08:00"}'), billing.set_mapping('east9', 'nem12', '{"time_zone": "+09:00"}'), billing.set_mapping('berlin', 'csv', '{"meter": "m", "time": "t", "time_zone": "Europe/Berlin", "slot_minutes": 360, "value": "v", "unit": "kWh"}'),
	billing.set_mapping('east1', 'nem12', '{"time_zone": "+01:00"}') \g /dev/null
CREATE FUNCTION pg_temp.zoned(mapping text, document text) RETURNS text LANGUAGE sql AS $$
	SELECT format('%s %s %s', l.taken, l.unchanged, l.rejected)
	  FROM billing.receive('zoned', convert_to(document, 'UTF8'), CASE WHEN mapping ~ 'east' THEN 'nem12' ELSE 'csv' END, 'S', mapping => mapping) b, billing.land(b) l $$;
CREATE FUNCTION pg_temp.quarters(day date, days integer, kwh integer) RETURNS text LANGUAGE sql AS $$
	SELECT E'm,t,v\n' || string_agg(format(E'N2,%s,%s\n', to_char(day + n * interval '6 hours', 'YYYY-MM-DD HH24:MI'), kwh), '' ORDER BY n) FROM generate_series(0, days * 4 - 1) n $$;
CREATE FUNCTION pg_temp.nem_quarters(day date, days integer, kwh integer) RETURNS text LANGUAGE sql AS $$
	SELECT E'100,NEM12,202601010000,M,R\n200,N2,E1,1,E1,N1,M1,kWh,360,\n' || string_agg(format(E'300,%s,%s,%s,%s,%s,A,,,20270901000000\n', to_char(day + n, 'YYYYMMDD'), kwh, kwh, kwh, kwh), '' ORDER BY n) || '900'
	  FROM generate_series(0, days - 1) n $$;
SELECT is(pg_temp.zoned('shanghai', pg_temp.quarters('2024-05-01', 10, 1)), '10 0 0', 'days of Asia/Shanghai');
SELECT is(pg_temp.zoned('east8', pg_temp.nem_quarters('2024-05-10', 3, 2)), '3 0 0', 'then days of +08:00: one of them again, two new');
SELECT results_eq($$SELECT from_on, until_on, billing.time_zone(profile), billing.energy_kwh(profile) FROM billing.reading WHERE account_id = 2 AND from_on BETWEEN '2024-01-01' AND '2024-12-31'$$,
	$$VALUES ('2024-05-01'::date, '2024-05-13'::date, 'Asia/Shanghai', 60.000)$$, 'are one row of one zone');
SELECT is(pg_temp.zoned('east9', pg_temp.nem_quarters('2024-05-11', 1, 3)), '0 0 1', 'another offset is refused');
SELECT is((SELECT concat_ws('; ', detail, hint) FROM billing.batch_reject ORDER BY batch_id DESC LIMIT 1),
	'It has slots of 360 minutes in zone +09:00; there: 360 minutes in zone Asia/Shanghai.; Let the mapping name the time zone of the readings; edit or record those that were read by another.', 'and says what does not go together');
SELECT is(pg_temp.zoned('berlin', pg_temp.quarters('2023-03-24', 1, 1)), '1 0 0', 'a day in winter');
SELECT is(pg_temp.zoned('east1', pg_temp.nem_quarters('2023-03-24', 2, 2)), '2 0 0', 'in winter +01:00 is Europe/Berlin');
SELECT is(pg_temp.zoned('berlin', pg_temp.quarters('2023-03-27', 1, 1)), '1 0 0', 'a day in summer');
SELECT is(pg_temp.zoned('east1', pg_temp.nem_quarters('2023-03-27', 1, 2)), '0 0 1', 'and in summer it is not');
SELECT is(billing.record_profile('N2', billing.profile('2024-06-01 00:00+08', '6 hours', '{1,1,1,1}'::bigint[], time_zone => '+08:00')), '[2024-06-01,2024-06-02)', 'recorded by hand');
SELECT is((SELECT billing.time_zone(profile) FROM billing.reading WHERE account_id = 2 AND from_on = '2024-06-01'), 'Asia/Shanghai', 'it is the same');

SELECT is_empty('SELECT * FROM billing.verify_batches()', 'and all of it is whole');
SELECT is_empty($$SELECT account_id, part, channel, d FROM (SELECT r.*, r.from_on + n AS d FROM billing.reading r, generate_series(0, r.until_on - r.from_on - 1) n) q GROUP BY 1, 2, 3, 4 HAVING count(*) > 1$$, 'no day is there twice');
SELECT throws_ok($$SELECT billing.set_mapping('x', 'csv', '{"meter": "m"}')$$, '22023', NULL, 'a mapping that cannot be read by is refused at once');
SELECT throws_ok($$SELECT billing.set_mapping('x', 'nem12', '{}', '{"E2": "imports"}')$$, '22023', 'channel "E2" of the mapping means nothing', 'and channels that mean nothing');
SELECT finish();
ROLLBACK;
