-- Readings of registers: every finding, a second person, exchanges, roll-overs, estimates; what stays, and who sees it.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_rita LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_max LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_otto LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1, billing.add_org('S2', 'Station 2', 'station', 'C') AS s2 \gset
SELECT billing.add_staff('S1', 'R', 'Rita', 'meter reader', 'tap_rita') AS r, billing.add_staff('S1', 'M', 'Max', 'manager', 'tap_max') AS m,
	billing.add_staff('S2', 'O', 'Otto', 'meter reader', 'tap_otto') AS o \gset
SELECT billing.grant_post('R', 'S1') AS g, billing.grant_post('M', 'S1') AS h, billing.grant_post('O', 'S2') AS i \gset
SELECT billing.add_plan('shop', 'Shops', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS p \gset
SELECT billing.add_customer('S1', 'x') AS cu \gset
SELECT billing.add_account('S1', a, :cu, '2026-01-01'), billing.set_plan(a, 'shop', '2026-01-01') FROM unnest('{A,B,D,E}'::text[]) a;
SELECT billing.set_usage_from('register', '{A,B,D,E}') AS u \gset

SELECT plan(66);

CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message	text;
	detail	text;
	hint	text;
BEGIN
	EXECUTE 'SELECT billing.' || call;
	RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' ', SQLSTATE, message, CASE WHEN detail = '' THEN 'without detail' END, CASE WHEN hint = '' THEN 'without hint' END);
END $$;

SET SESSION AUTHORIZATION tap_rita;
SELECT is(billing.record_register('A', '2026-01-01', 'total', 99000, 'opening', digits => 5, multiplier => 10), 'valid', 'an opening reading');
SELECT is(billing.record_register('A', '2026-02-01', 'total', 99500), 'valid', 'the next one');
SELECT is(billing.record_register('A', '2026-02-01', 'total', 99500), 'superseded', 'the same again has no effect');
SELECT throws_ok($$SELECT billing.record_register('A', '2026-03-01', 'total', 100000)$$, 'UB121', NULL, 'more digits than it has');
SELECT throws_ok($$SELECT billing.record_register('A', '2026-03-01', 'total', -1)$$, 'UB121', NULL, 'below zero');
SELECT throws_ok($$SELECT billing.record_register('A', '2026-03-01', 'total', 99900, multiplier => 20)$$, 'UB121', NULL, 'another multiplier without an opening');
SELECT throws_ok($$SELECT billing.record_register('A', '2026-03-01', 'nonsense', 1)$$, '22023', 'there is no register "nonsense"', 'a register that is none');
SELECT is(billing.record_register('A', '2026-03-01', 'total', 20), 'valid', 'it rolled over');
SELECT is(billing.record_register('A', '2026-04-01', 'total', 5000), 'pending', 'ten times what is usual waits');
SELECT is(billing.record_register('A', '2026-05-01', 'total', 1000), 'valid', 'what waits does not count for the next one');
SELECT is(billing.record_register('A', '2026-02-01', 'total', 99800), 'pending', 'a large change of what is valid waits');
SELECT throws_ok($$SELECT billing.approve_reading('A', '2026-04-01', 'approve', 'r')$$, 'P0002', NULL, 'a reader does not approve');
SELECT throws_ok($$SELECT billing.register_usage('A', '[2026-01-01,2026-04-01)')$$, 'UB122', 'a register was not read', 'what waits is not there');
SET SESSION AUTHORIZATION tap_max;
SELECT is(billing.approve_reading('A', '2026-02-01', 'reject', 'misread'), 1, 'a second person rejects');
SELECT is(billing.approve_reading('A', '2026-04-01', 'reject', 'misread'), 1, 'and the other');
SET SESSION AUTHORIZATION tap_rita;
SELECT is(billing.record_register('A', '2026-04-01', 'total', 510), 'valid', 'read again');
-- (99500 - 99000 + (100000 + 20 - 99500) + 490) * 10
SELECT is((SELECT sum(kwh) FROM billing.registers(billing.register_usage('A', '[2026-01-01,2026-04-01)'))), 15100::numeric, 'differences times the multiplier, over the roll-over');

-- a worked exercise on changing meters (public exam banks): 10000/100 and 10/5 make 200; the span in two segments, each by its own multiplier
SELECT billing.record_register('B', '2026-01-01', 'total', 100, 'opening', multiplier => 200, digits => 6), billing.record_register('B', '2026-01-21', 'total', 150, 'closing'),
	billing.record_register('B', '2026-01-21', 'total', 0, 'opening', multiplier => 300, digits => 6), billing.record_register('B', '2026-02-01', 'total', 30);
SELECT results_eq($$SELECT from_on, until_on, kwh FROM billing.registers(billing.register_usage('B', '[2026-01-01,2026-02-01)'))$$,
	$$VALUES (date '2026-01-01', date '2026-01-21', 10000::numeric), ('2026-01-21', '2026-02-01', 9000)$$, 'an exchange makes two segments');

-- time of use: the periods bill, the total checks them
SELECT billing.record_register('D', '2026-01-01', r, 0, 'opening', digits => 6) FROM unnest('{total,peak,flat,valley,demand}'::text[]) r;
SELECT is((SELECT string_agg(r.state, ',' ORDER BY r.row_no) FROM billing.record_registers('S1', '[{"account_no": "D", "read_on": "2026-02-01", "register": "peak", "value": 300},
	{"account_no": "D", "read_on": "2026-02-01", "register": "flat", "value": "250.5"}, {"account_no": "D", "read_on": "2026-02-01", "register": "valley", "value": 100},
	{"account_no": "D", "read_on": "2026-02-01", "register": "total", "value": 850.9}, {"account_no": "D", "read_on": "2026-02-01", "register": "demand", "value": 4.25}]') r),
	'pending,pending,pending,pending', 'periods that do not add up to the total wait, all of them');
SELECT is((SELECT count(*) FROM billing.record_registers('S1', '[{"account_no": "D", "read_on": "2026-02-01", "register": "total", "value": 650.9}]') r), 0::bigint, 'the total read again is within the tolerance of what waits');
SET SESSION AUTHORIZATION tap_max;
SELECT is(billing.approve_reading('D', '2026-02-01', 'approve', 'the total was misread'), 3, 'what waits is approved together');
SET SESSION AUTHORIZATION tap_rita;
SELECT is(billing.jsonb(billing.register_usage('D', '[2026-01-01,2026-02-01)')) #> '{main}', '{"demands": [{"kw": "4.25"}], "registers": [
	{"channel": "import", "from": "2026-01-01", "until": "2026-02-01", "period": "flat", "kwh": "250.5"}, {"channel": "import", "from": "2026-01-01", "until": "2026-02-01", "period": "peak", "kwh": "300"},
	{"channel": "import", "from": "2026-01-01", "until": "2026-02-01", "period": "valley", "kwh": "100"}]}'::jsonb, 'periods and the recorded demand');

-- estimates
SELECT is(billing.estimate_register('D', '2026-03-01'), 5, 'what was not read is estimated');
SELECT is((SELECT bool_and(estimated) FROM billing.registers(billing.register_usage('D', '[2026-02-01,2026-03-01)'))), true, 'and flagged');
SELECT is(billing.record_register('D', '2026-04-01', 'peak', 400), 'pending', 'a reading below an estimate waits');
SELECT throws_ok($$SELECT billing.estimate_register('E', '2026-03-01')$$, 'UB122', NULL, 'nothing to estimate by');

-- in bulk
SELECT lives_ok($$INSERT INTO billing.register_reading (account_id, register, read_on, kind, org_id, value)
	SELECT a.account_id, 'total', v.d, v.k, a.org_id, v.x FROM billing.account a, (VALUES (date '2026-01-01', 'opening', 5), ('2026-02-01', 'regular', 105), ('2026-03-01', 'regular', 95)) v(d, k, x)
	 WHERE a.account_no = 'E'$$, 'a clerk inserts');
SELECT throws_ok($$INSERT INTO billing.register_reading (account_id, register, read_on, org_id, value, state) SELECT account_id, 'total', '2026-04-01', org_id, 1, 'valid' FROM billing.account WHERE account_no = 'E'$$,
	'42501', NULL, 'but nothing that is judged already');
SELECT results_eq($$SELECT * FROM billing.check_registers('S1')$$, $$VALUES ('pending'::text, 'fell back'::text, 1::bigint), ('valid', '', 2)$$, 'and has it judged');

-- a meter that is hung and exchanged brings its readings; its day is the tariff's: 17:00 in UTC is the next one
RESET SESSION AUTHORIZATION;
SELECT billing.add_account('S1', 'G', :cu, '2026-01-01') AS acc, billing.set_plan('G', 'shop', '2026-01-01'), billing.set_usage_from('register', '{G}'),
	billing.add_meter_type('TAP', 'Maker', 'X', 1, 220, 5, 60, '2', '{"total": {"digits": 4, "decimals": 1}}') AS type, billing.add_meter('S1', 'T1', 'TAP') AS t1, billing.add_meter('S1', 'T2', 'TAP') AS t2 \gset
SELECT billing.add_service_point('G') \gset
SELECT lives_ok($$SELECT billing.install_meter('G', 'T1', '2025-12-31 17:00+00', '{"total": 9900}', own_factor => 10)$$, 'a meter is hung');
SELECT is(billing.record_register('G', '2026-02-01', 'total', 40), 'valid', 'its digits tell a roll-over');
SELECT lives_ok($$SELECT billing.exchange_meter('G', 'T2', '2026-02-10 02:00+00', '{"total": 90}', '{"total": 5}', rolled_over => '{total}')$$, 'it is exchanged');
SELECT billing.record_register('G', '2026-03-01', 'total', 605) AS march \gset
SELECT results_eq($$SELECT from_on, until_on, kwh FROM billing.registers(billing.register_usage('G', '[2026-01-01,2026-03-01)'))$$,
	$$VALUES (date '2026-01-01', date '2026-02-01', 1400::numeric), ('2026-02-01', '2026-02-10', 500), ('2026-02-10', '2026-03-01', 600)$$, 'each meter by its own multiplier');
SET SESSION AUTHORIZATION tap_rita;

-- what cannot be entered says why, and what would be right
SELECT is(pg_temp.refused(v.call), v.said, v.call) FROM (VALUES
	($$record_register('A', '2026-12-01', 'total', 'NaN')$$, '22023 a register shows at most 12 digits before the point and 6 behind it'),
	($$record_register('A', '2026-12-01', 'total', NULL)$$, '22023 a register shows at most 12 digits before the point and 6 behind it'),
	($$record_register('A', '2026-12-01', 'total', 1e12)$$, '22023 a register shows at most 12 digits before the point and 6 behind it'),
	($$record_register('A', '2026-12-01', 'total', 0.0000001)$$, '22023 a register shows at most 12 digits before the point and 6 behind it'),
	($$record_register('A', '2026-12-01', 'totl', 1)$$, '22023 there is no register "totl"'),
	($$record_register('A', '2026-12-01', NULL, 1)$$, '22023 there is no register ""'),
	($$record_register('A', 'infinity', 'total', 1)$$, '22023 a reading counts for the beginning of a day'),
	($$record_register('A', NULL, 'total', 1)$$, '22023 a reading counts for the beginning of a day'),
	($$record_register('A', '2026-12-01', 'total', 1, 'guess')$$, '22023 there is no such kind of reading'),
	($$record_register('A', '2026-12-01', 'total', 1, part => '')$$, '22023 a part has a name of 1 to 63 characters'),
	($$record_register('A', '2026-12-01', 'total', 1, digits => 13)$$, '22023 digits are 1 to 12'),
	($$record_register('A', '2026-12-01', 'total', 1, multiplier => 0)$$, '22023 a multiplier is a number above zero'),
	($$record_register('A', '2026-12-01', 'total', 1, multiplier => 'NaN')$$, '22023 a multiplier is a number above zero'),
	($$record_registers('S1', '{"account_no": "A"}')$$, '22023 readings are a list of objects'),
	($$record_registers('S1', '7')$$, '22023 readings are a list of objects'),
	($$record_registers('S1', '[7, null, [], {}]')$$, 'taken')) v(call, said);

-- under the chain of batches
SELECT is(billing.close_readings('S1'), (SELECT count(*) FROM billing.register_reading WHERE state IN ('valid', 'rejected', 'superseded')) + (SELECT count(*) FROM billing.register_reading WHERE decided_at IS NOT NULL),
	'what was entered is put into a batch, with what second persons decided');
SELECT is(billing.close_readings('S1'), 0::bigint, 'once');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'of which nothing is wrong');
SELECT is(billing.record_register('G', '2026-04-01', 'total', 1205), 'valid', 'one more');
SELECT is(billing.close_readings('S1'), 1::bigint, 'what came since');
SELECT is((SELECT format('%s %s %s', format, taken, state) FROM billing_report.batch ORDER BY batch_id DESC LIMIT 1), 'hand 1 landed', 'is another batch');
RESET SESSION AUTHORIZATION;
CREATE TEMPORARY TABLE forged (kind text, found boolean);
CREATE FUNCTION pg_temp.forge(kind text, change text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n	bigint;
	hit	boolean;
BEGIN
	BEGIN
		SET LOCAL session_replication_role = replica;
		EXECUTE change;
		GET DIAGNOSTICS n = ROW_COUNT;
		SELECT n = 1 AND count(*) > 0 INTO hit FROM billing.verify_batches();
		RAISE EXCEPTION 'undo' USING ERRCODE = 'ZZ999';
	EXCEPTION WHEN SQLSTATE 'ZZ999' THEN
		NULL;
	END;
	INSERT INTO forged VALUES (kind, hit);
END $$;
-- readings that nothing was decided about, and one that was; each change to each
SELECT pg_temp.forge(v.kind, format('UPDATE billing.register_reading SET %s WHERE entry_no = %s', v.change, r.entry_no))
  FROM (SELECT entry_no FROM billing.register_reading WHERE batch_id IS NOT NULL AND finding IS NULL ORDER BY entry_no LIMIT 4) r,
	   (VALUES ('value', 'value = value + 1'), ('multiplier', 'multiplier = multiplier * 2'), ('digits', 'digits = coalesce(digits, 7) + 1'), ('day', 'read_on = read_on + 1'), ('register', $$register = 'export'$$),
		('account', 'account_id = account_id + 1000'), ('estimated', 'estimated = NOT estimated'), ('author', $$author = 'staff:99'$$), ('entered', $$entered_at = entered_at - interval '1 day'$$),
		('kind', $$kind = 'check'$$), ('rejected', $$state = 'rejected'$$), ('superseded', $$state = 'superseded'$$), ('batch', 'batch_id = NULL'), ('unfounded', $$finding = 'high'$$)) v(kind, change) \g /dev/null
SELECT pg_temp.forge(v.kind, format('UPDATE billing.register_reading SET %s WHERE entry_no = %s', v.change, (SELECT min(entry_no) FROM billing.register_reading WHERE decision_batch_id IS NOT NULL)))
  FROM (VALUES ('decided by', $$approved_by = 'staff:98'$$), ('decided at', $$decided_at = decided_at + interval '1 hour'$$), ('reason', $$reason = reason || '!'$$), ('decision', 'decision_batch_id = NULL')) v(kind, change) \g /dev/null
SELECT pg_temp.forge('approved', $$UPDATE billing.register_reading SET state = 'valid', batch_id = 1 WHERE entry_no = (SELECT min(entry_no) FROM billing.register_reading WHERE state = 'pending')$$);
SELECT pg_temp.forge('gone', 'DELETE FROM billing.register_reading WHERE entry_no = (SELECT min(entry_no) FROM billing.register_reading WHERE batch_id IS NOT NULL)');
SELECT pg_temp.forge('put in', $$INSERT INTO billing.register_reading (account_id, register, read_on, org_id, value, state, batch_id) SELECT 1, 'total', '2027-01-01', org_id, 1, 'valid', 1 FROM billing.account WHERE account_id = 1$$);
SELECT pg_temp.forge('listed', $$UPDATE billing.batch_manifest SET leaves[1] = sha256(leaves[1]) WHERE batch_id = 1$$);
SELECT is((SELECT count(*) FROM forged), 64::bigint, 'sixty-four forgeries');
SELECT is_empty('SELECT kind, count(*) FROM forged WHERE found IS NOT TRUE GROUP BY 1', 'are found');
SELECT throws_ok($$UPDATE billing.register_reading SET batch_id = NULL WHERE batch_id IS NOT NULL$$, '23001', NULL, 'a batch has what it has');
SET SESSION AUTHORIZATION tap_rita;
-- what stays
SELECT throws_ok($$UPDATE billing.register_reading SET value = 1$$, '42501', NULL, 'a clerk changes none');
RESET SESSION AUTHORIZATION;
SELECT throws_ok($$UPDATE billing.register_reading SET value = value + 1$$, '23001', NULL, 'nobody does');
SELECT throws_ok($$DELETE FROM billing.register_reading$$, '23001', NULL, 'or removes one');
-- the other tenant
SET SESSION AUTHORIZATION tap_otto;
SELECT is((SELECT count(*) FROM billing.register_reading), 0::bigint, 'another station sees none');
SELECT throws_ok($$SELECT billing.record_register('A', '2026-06-01', 'total', 1)$$, 'P0002', 'account A does not exist, or not for you', 'and enters none');
RESET SESSION AUTHORIZATION;

-- a run asks for the registers of many accounts at once; each has its own, and one that lacks something stands alone
SELECT billing.add_org('S3', 'Station 3', 'station', 'C') AS s3 \gset
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "h", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "2"}]}') AS p \gset
SELECT count(billing.add_account('S3', 'N' || n, :cu, '2026-01-01')) FROM generate_series(1, 700) n \gset
SELECT count(*) FROM billing.set_plans('S3', 'shop', '2026-01-01') \gset
CREATE TEMPORARY TABLE many AS SELECT substr(a.account_no, 2)::bigint AS n, a.account_id, a.org_id FROM billing.account a WHERE a.account_no ~ '^N[0-9]+$';
UPDATE billing.account_head h SET usage_from = CASE m.n WHEN 444 THEN 'formed' ELSE 'register' END FROM many m WHERE m.account_id = h.account_id AND m.n % 10 <> 0;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT m.account_id, m.org_id, billing.profile('2026-01-01 00:00+08'::timestamptz, '1 day', array_fill(1000 * m.n, ARRAY[31]), time_zone => 'Asia/Shanghai') FROM many m WHERE m.n % 10 = 0;
INSERT INTO billing.register_reading (account_id, org_id, register, read_on, kind, value, digits, multiplier, state)
SELECT m.account_id, m.org_id, 'total', v.day, v.kind, CASE v.kind WHEN 'opening' THEN 0 ELSE m.n END, 6, 1, 'valid'
  FROM many m, (VALUES ('2026-01-01'::date, 'opening'), ('2026-02-01', 'regular')) v(day, kind) WHERE m.n % 10 <> 0 AND NOT (m.n = 333 AND v.kind = 'regular');
SELECT billing.set_plan('N555', 'home', '2026-01-11') \gset
SELECT billing._start_run('S3', '2026-02-01', 1000) AS run \gset
SELECT billing._run_chunk(:run) \gset
SELECT is((SELECT count(*) FROM billing.bill b JOIN many m USING (account_id) WHERE b.total = CASE WHEN m.n % 10 = 0 THEN 31 * m.n ELSE m.n END), 697::bigint, 'each of many is billed by what its own registers or profiles say');
SELECT is((SELECT count(*) FROM billing.bill b JOIN many m USING (account_id)), 697::bigint, 'and nothing else');
SELECT results_eq($$SELECT m.n, x.until_on, x.sqlstate, x.detail FROM billing.run_exception x JOIN many m USING (account_id) ORDER BY m.n$$,
	$$VALUES (333::bigint, '2026-02-01'::date, 'UB122', 'Missing: total of part main on 2026-02-01.'), (444, '2026-02-01', 'UB123', NULL),
			 (555, '2026-01-11', 'UB122', 'Missing: total of part main on 2026-01-11.')$$, 'one that was not read, was not formed, or was not read where its plan changes, stands alone');
SELECT finish();
ROLLBACK;
