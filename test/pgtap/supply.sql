-- The life of meters and instrument transformers: every move that is not a step
-- is refused, to the owner of the tables too; and each meter is where its
-- installations say.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('S', 'S', 'station') \gset
SELECT billing.add_meter_type('T', 'm', 'm', 1, 220, 5, 60, '2', '{"total": {"digits": 5, "decimals": 1}}') \gset

CREATE TEMPORARY TABLE state (state text PRIMARY KEY, way text[]);
INSERT INTO state VALUES ('in_stock', '{}'), ('installed', '{installed}'), ('removed', '{installed,removed}'), ('in_test', '{in_test}'),
	('in_repair', '{in_test,in_repair}'), ('scrapped', '{scrapped}');

-- one asset for each pair of states, brought to the first by steps, then tried
CREATE FUNCTION pg_temp.tried(kind text, number text, way text[], target text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	stop	text;
BEGIN
	FOREACH stop IN ARRAY way LOOP
		EXECUTE format('UPDATE billing.%I SET state = %L WHERE %I = %L', kind, stop, CASE kind WHEN 'meter' THEN 'meter_no' ELSE 'transformer_no' END, number);
	END LOOP;
	EXECUTE format('UPDATE billing.%I SET state = %L WHERE %I = %L', kind, target, CASE kind WHEN 'meter' THEN 'meter_no' ELSE 'transformer_no' END, number);
	RETURN 'done';
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMPORARY TABLE pair AS
SELECT k.kind, f.state AS from_state, t.state AS to_state, f.way, format('%s-%s-%s', left(k.kind, 1), f.state, t.state) AS number
  FROM state f, state t, (VALUES ('meter'), ('instrument_transformer')) k(kind) WHERE f.state <> t.state;
SELECT count(billing.add_meter('S', number, 'T')) FROM pair WHERE kind = 'meter' \gset
SELECT count(billing.add_instrument_transformer('S', number, 'ct', 100, 5, '0.5')) FROM pair WHERE kind <> 'meter' \gset

SELECT plan(14);
SELECT is_empty($$SELECT kind, from_state, to_state, said FROM (SELECT p.*, pg_temp.tried(p.kind, p.number, p.way, p.to_state) AS said FROM pair p) q
	WHERE said <> CASE WHEN EXISTS (SELECT FROM billing.equipment_steps() s WHERE s.from_state = q.from_state AND s.to_state = q.to_state) THEN 'done' ELSE 'UB701' END$$,
	'a meter or transformer goes by its steps only');
SELECT is_empty($$SELECT s.* FROM billing.equipment_steps() s WHERE s.from_state = 'scrapped'$$, 'a scrapped one stays scrapped');
SELECT is_empty($$SELECT state FROM state WHERE state NOT IN (SELECT from_state FROM billing.equipment_steps() UNION SELECT to_state FROM billing.equipment_steps())$$,
	'and every state is on some way');

-- a random life of a few meters at a few points: whatever is refused, the places and the states agree
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT count(billing.add_account('S', n::text, :customer, '2026-01-01')) FROM generate_series(1, 3) n \gset
SELECT count(*) FROM (SELECT billing.add_service_point(n::text) FROM generate_series(1, 3) n) q \gset
SELECT count(billing.add_meter('S', 'R' || n, 'T')) FROM generate_series(1, 4) n \gset
CREATE TEMPORARY TABLE outcome (act text, state text, message text);
DO $do$
DECLARE
	act		text;
	at		timestamptz := '2026-01-02';
	account	text;
	meter	text;
BEGIN
	PERFORM setseed(0.42);
	FOR i IN 1 .. 300 LOOP
		at := at + interval '1 hour' * (floor(random() * 30) - 3);
		account := 1 + floor(random() * 3);
		meter := 'R' || 1 + floor(random() * 4);
		act := (ARRAY['install', 'check', 'exchange', 'remove', 'test'])[1 + floor(random() * 5)];
		BEGIN
			CASE act
				WHEN 'install' THEN PERFORM billing.install_meter(account, meter, at, '{"total": 1}');
				WHEN 'check' THEN PERFORM billing.install_meter(account, meter, at, '{"total": 1}', role => 'check');
				WHEN 'exchange' THEN PERFORM billing.exchange_meter(account, meter, at, '{"total": 2}', '{"total": 1}');
				WHEN 'remove' THEN PERFORM billing.remove_meter(account, at, '{"total": 2}', role => CASE WHEN random() < 0.5 THEN 'main' ELSE 'check' END);
				ELSE PERFORM billing.step_meter(meter, 'test'), billing.record_meter_test(meter, 'periodic', at::date, 2, '[{"load": 100, "error": 0}]');
			END CASE;
			INSERT INTO outcome VALUES (act, '00000');
		EXCEPTION WHEN OTHERS THEN
			INSERT INTO outcome VALUES (act, SQLSTATE, SQLERRM);
		END;
	END LOOP;
END $do$;
SELECT cmp_ok((SELECT count(*) FROM outcome WHERE state = '00000'), '>', 60::bigint, 'a life of many steps');
SELECT is_empty($$SELECT act, state, message, count(*) FROM outcome WHERE state NOT IN ('00000', 'UB701', 'UB702', 'P0002') GROUP BY 1, 2, 3$$, 'each refusal says why');
SELECT is_empty($$SELECT a.meter_no, a.from_at, b.from_at FROM billing.meter_install a JOIN billing.meter_install b ON b.meter_id = a.meter_id AND b.from_at > a.from_at
	WHERE tstzrange(a.from_at, a.until_at) && tstzrange(b.from_at, b.until_at)$$, 'no meter is at two places');
SELECT is_empty($$SELECT a.account_id, a.from_at, b.from_at FROM billing.meter_install a JOIN billing.meter_install b ON b.account_id = a.account_id AND b.part = a.part AND b.from_at > a.from_at
	WHERE a.role = 'main' AND b.role = 'main' AND tstzrange(a.from_at, a.until_at) && tstzrange(b.from_at, b.until_at)$$, 'no point has two main meters');
SELECT is_empty($$SELECT m.meter_no, m.state FROM billing.meter m WHERE m.meter_no ~ '^R' AND (m.state = 'installed') <> EXISTS (SELECT FROM billing.meter_install i WHERE i.meter_id = m.meter_id AND i.until_at IS NULL)$$,
	'a meter is installed where an installation is open');
-- what was wrong with a meter ends with its exchange
SELECT billing.add_account('S', '9', :customer, '2026-01-01') AS nine \gset
SELECT count(billing.add_meter('S', n, 'T')) FROM unnest('{F1,F2}'::text[]) n \gset
SELECT billing.add_service_point('9') \gset
SELECT billing.install_meter('9', 'F1', '2026-01-02', '{"total": 1}') \gset
SELECT billing.report_fault('meter', 'F1', 'stopped') \gset
SELECT billing.exchange_meter('9', 'F2', '2026-01-05', '{"total": 1}', '{"total": 0}') \gset
SELECT results_eq($$SELECT f.remedy, f.note FROM billing.equipment_fault f$$, $$VALUES ('exchanged', 'by meter F2')$$, 'the exchange of a meter closes its faults');
-- numbers that are none
SELECT throws_ok($$SELECT billing.install_meter('9', 'F1', '2026-02-01', '{"total": "NaN"}', role => 'check')$$, 'UB701');
SELECT throws_ok($$SELECT billing.exchange_meter('9', 'R1', '2026-02-01', '{"total": "NaN"}', '{"total": 1}')$$, 'UB703');
SELECT throws_ok($$INSERT INTO billing.meter_install (account_id, from_at, meter_id, org_id, meter_no, meter_type_id, role, own_factor)
	SELECT i.account_id, '2026-02-01', m.meter_id, i.org_id, m.meter_no, m.meter_type_id, 'check', 'NaN' FROM billing.meter_install i, billing.meter m WHERE i.meter_no = 'F2' AND m.state = 'in_stock' LIMIT 1$$, '23514');
SELECT throws_ok($$INSERT INTO billing.meter_install (account_id, from_at, meter_id, org_id, meter_no, meter_type_id, role, ct_primary, ct_secondary)
	SELECT i.account_id, '2026-02-01', m.meter_id, i.org_id, m.meter_no, m.meter_type_id, 'check', 100, 3 FROM billing.meter_install i, billing.meter m WHERE i.meter_no = 'F2' AND m.state = 'in_stock' LIMIT 1$$, '23514');
SELECT throws_ok($$SELECT billing.add_instrument_transformer('S', 'NAN', 'ct', 'NaN', 5, '0.5')$$, '23514');
SELECT * FROM finish();
ROLLBACK;
