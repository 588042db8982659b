-- Meters and instrument transformers: their stock, states, tests and faults.
CREATE FUNCTION billing.add_meter_type(type_code text, maker text, model text, phases integer, voltage_v integer, basic_current_a numeric, max_current_a numeric,
	accuracy text, registers jsonb, reactive_accuracy text DEFAULT NULL, pulses_per_kwh integer DEFAULT NULL, verify_months integer DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: types are everybody's, so who writes them may do so everywhere.
DECLARE
	made	bigint;
BEGIN
	PERFORM billing._check_everywhere('write', 'supply');
	IF jsonb_typeof(add_meter_type.registers) IS DISTINCT FROM 'object' OR add_meter_type.registers = '{}' THEN
		RAISE EXCEPTION 'a meter type has registers'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"total": {"digits": 6, "decimals": 2, "unit": "kWh"}}.';
	END IF;
	INSERT INTO billing.meter_type AS t (type_code, maker, model, phases, voltage_v, basic_current_a, max_current_a, accuracy, reactive_accuracy, pulses_per_kwh, verify_months)
	VALUES (add_meter_type.type_code, add_meter_type.maker, add_meter_type.model, add_meter_type.phases::smallint, add_meter_type.voltage_v, add_meter_type.basic_current_a,
			add_meter_type.max_current_a, add_meter_type.accuracy, add_meter_type.reactive_accuracy, add_meter_type.pulses_per_kwh, add_meter_type.verify_months)
	RETURNING t.meter_type_id INTO made;
	INSERT INTO billing.meter_type_register (meter_type_id, register, digits, decimals, unit)
	SELECT made, e.key, (e.value ->> 'digits')::smallint, coalesce((e.value ->> 'decimals')::smallint, 0::smallint), coalesce(e.value ->> 'unit', 'kWh')
	  FROM jsonb_each(add_meter_type.registers) e;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_meter_type(text, text, text, integer, integer, numeric, numeric, text, jsonb, text, integer, integer) IS
'a type of meters with its registers, as {"total": {"digits": 6, "decimals": 2, "unit": "kWh"}}; verify_months: so long a verification holds; '
'needs write on supply everywhere; returns meter_type_id';

CREATE FUNCTION billing.add_meter(org_no text, meter_no text, type_code text, verified_on date DEFAULT NULL, due_on date DEFAULT NULL,
	made_on date DEFAULT NULL, seals text[] DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	at_org	bigint := billing._org_of(add_meter.org_no, 'write', 'supply');
	type	record;
	made	bigint;
BEGIN
	SELECT t.meter_type_id, t.verify_months INTO type FROM billing.meter_type t WHERE t.type_code = add_meter.type_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('meter type %s', add_meter.type_code));
	END IF;
	INSERT INTO billing.meter AS m (org_id, meter_no, meter_type_id, made_on, verified_on, due_on, seals)
	VALUES (at_org, add_meter.meter_no, type.meter_type_id, add_meter.made_on, add_meter.verified_on,
			coalesce(add_meter.due_on, (add_meter.verified_on + make_interval(months => type.verify_months))::date), coalesce(add_meter.seals, '{}'))
	RETURNING m.meter_id INTO made;
	PERFORM billing._audit(at_org, 'add_meter', format('meter %s', add_meter.meter_no), jsonb_build_object('type_code', add_meter.type_code));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_meter(text, text, text, date, date, date, text[]) IS
'a meter into the stock of an org; due_on is by default as long after verified_on as its type says; returns meter_id';

CREATE FUNCTION billing.add_instrument_transformer(org_no text, transformer_no text, kind text, rated_primary numeric, rated_secondary numeric, accuracy text,
	maker text DEFAULT '', model text DEFAULT '', verified_on date DEFAULT NULL, due_on date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	at_org	bigint := billing._org_of(add_instrument_transformer.org_no, 'write', 'supply');
	made	bigint;
BEGIN
	INSERT INTO billing.instrument_transformer AS t (org_id, transformer_no, kind, maker, model, rated_primary, rated_secondary, accuracy, verified_on, due_on)
	VALUES (at_org, add_instrument_transformer.transformer_no, add_instrument_transformer.kind, add_instrument_transformer.maker, add_instrument_transformer.model,
			add_instrument_transformer.rated_primary, add_instrument_transformer.rated_secondary, add_instrument_transformer.accuracy,
			add_instrument_transformer.verified_on, add_instrument_transformer.due_on)
	RETURNING t.transformer_id INTO made;
	PERFORM billing._audit(at_org, 'add_instrument_transformer', format('instrument transformer %s', add_instrument_transformer.transformer_no),
		jsonb_build_object('kind', add_instrument_transformer.kind));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_instrument_transformer(text, text, text, numeric, numeric, text, text, text, date, date) IS
'a current (ct) or voltage (pt) transformer 互感器 into the stock of an org, with its ratio as 400 and 5, or 10000 and 100; returns transformer_id';

CREATE FUNCTION billing._meter_of(meter_no text, action text)
RETURNS billing.meter
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	meter	billing.meter;
BEGIN
	SELECT m.* INTO meter FROM billing.meter m
	 WHERE m.meter_no = _meter_of.meter_no AND (_meter_of.action = 'any' OR billing.can_do(_meter_of.action, 'supply', m.org_id)) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('meter %s', _meter_of.meter_no));
	END IF;
	RETURN meter;
END $$;
COMMENT ON FUNCTION billing._meter_of(text, text) IS 'the meter of this number, locked, where the actor has the right; any: where the policies show it to him';

CREATE FUNCTION billing._transformer_of(transformer_no text, action text)
RETURNS billing.instrument_transformer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	transformer	billing.instrument_transformer;
BEGIN
	SELECT t.* INTO transformer FROM billing.instrument_transformer t
	 WHERE t.transformer_no = _transformer_of.transformer_no AND (_transformer_of.action = 'any' OR billing.can_do(_transformer_of.action, 'supply', t.org_id)) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('instrument transformer %s', _transformer_of.transformer_no));
	END IF;
	RETURN transformer;
END $$;
COMMENT ON FUNCTION billing._transformer_of(text, text) IS 'the instrument transformer of this number, locked, where the actor has the right, or any';

CREATE FUNCTION billing._step_of(what text, state text, step text, org_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	record;
BEGIN
	SELECT s.to_state, s.action INTO rule FROM billing.equipment_steps() s WHERE s.from_state = _step_of.state AND s.step = _step_of.step;
	IF NOT FOUND THEN
		RAISE EXCEPTION '% is %: it cannot take the step "%"', _step_of.what, _step_of.state, _step_of.step
			USING ERRCODE = 'UB701', HINT = billing._possible_steps(_step_of.state);
	ELSIF _step_of.step IN ('install', 'remove', 'pass') THEN
		RAISE EXCEPTION 'the step "%" is not taken by itself', _step_of.step
			USING ERRCODE = 'UB701', HINT = CASE WHEN _step_of.step = 'pass' THEN 'record_meter_test(), pass_transformer() take it.' ELSE 'install_meter(), exchange_meter() and remove_meter() take it.' END;
	ELSIF NOT billing.can_do(rule.action, 'supply', _step_of.org_id) THEN
		RAISE EXCEPTION 'the step "%" needs the right to % supply', _step_of.step, rule.action
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	RETURN rule.to_state;
END $$;
COMMENT ON FUNCTION billing._step_of(text, text, text, bigint) IS 'the state to which a step leads, where it is possible and the actor has the right';

CREATE FUNCTION billing.step_meter(meter_no text, step text, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who has the right that the step needs.
DECLARE
	meter	billing.meter := billing._meter_of(step_meter.meter_no, 'read');
	becomes	text := billing._step_of(format('meter %s', meter.meter_no), meter.state, step_meter.step, meter.org_id);
BEGIN
	PERFORM billing._given('step_meter', meter_no, step, note);
	UPDATE billing.meter m SET state = becomes WHERE m.meter_id = meter.meter_id;
	INSERT INTO billing.equipment_event (org_id, meter_id, step, from_state, to_state, note)
	VALUES (meter.org_id, meter.meter_id, step_meter.step, meter.state, becomes, step_meter.note);
	PERFORM billing._audit(meter.org_id, 'step_meter', format('meter %s', meter.meter_no), jsonb_build_object('step', step_meter.step, 'note', step_meter.note));
	RETURN becomes;
END $$;
COMMENT ON FUNCTION billing.step_meter(text, text, text) IS
'takes a meter one step on in its life: test, repair, scrap (needs approve on supply); which is possible when is in equipment_steps(); returns the new state';

CREATE FUNCTION billing.step_transformer(transformer_no text, step text, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	transformer	billing.instrument_transformer := billing._transformer_of(step_transformer.transformer_no, 'read');
	becomes	text := billing._step_of(format('instrument transformer %s', transformer.transformer_no), transformer.state, step_transformer.step, transformer.org_id);
BEGIN
	PERFORM billing._given('step_transformer', transformer_no, step, note);
	UPDATE billing.instrument_transformer t SET state = becomes WHERE t.transformer_id = transformer.transformer_id;
	INSERT INTO billing.equipment_event (org_id, transformer_id, step, from_state, to_state, note)
	VALUES (transformer.org_id, transformer.transformer_id, step_transformer.step, transformer.state, becomes, step_transformer.note);
	PERFORM billing._audit(transformer.org_id, 'step_transformer', format('instrument transformer %s', transformer.transformer_no),
		jsonb_build_object('step', step_transformer.step, 'note', step_transformer.note));
	RETURN becomes;
END $$;
COMMENT ON FUNCTION billing.step_transformer(text, text, text) IS 'takes an instrument transformer one step on in its life, as step_meter()';

CREATE FUNCTION billing.pass_transformer(transformer_no text, verified_on date, due_on date, certificate_no text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	transformer	billing.instrument_transformer := billing._transformer_of(pass_transformer.transformer_no, 'write');
BEGIN
	IF transformer.state IS DISTINCT FROM 'in_test' OR NOT coalesce(isfinite(pass_transformer.verified_on), false) THEN
		RAISE EXCEPTION 'instrument transformer % is %, not in_test', transformer.transformer_no, transformer.state
			USING ERRCODE = 'UB701', HINT = billing._possible_steps(transformer.state);
	END IF;
	UPDATE billing.instrument_transformer t SET state = 'in_stock', verified_on = pass_transformer.verified_on, due_on = pass_transformer.due_on
	 WHERE t.transformer_id = transformer.transformer_id;
	INSERT INTO billing.equipment_event (org_id, transformer_id, step, from_state, to_state, note)
	VALUES (transformer.org_id, transformer.transformer_id, 'pass', 'in_test', 'in_stock', coalesce(pass_transformer.certificate_no, ''));
	PERFORM billing._audit(transformer.org_id, 'pass_transformer', format('instrument transformer %s', transformer.transformer_no),
		jsonb_build_object('verified_on', pass_transformer.verified_on, 'certificate_no', pass_transformer.certificate_no));
END $$;
COMMENT ON FUNCTION billing.pass_transformer(text, date, date, text) IS 'an instrument transformer in test has passed: it goes to stock, verified until due_on';

CREATE FUNCTION billing.move_meters(meter_nos text[], org_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply where the meters are and where they go.
DECLARE
	to_org	bigint := billing._org_of(move_meters.org_no, 'write', 'supply');
	missing	text;
	stuck	record;
	moved	bigint;
BEGIN
	PERFORM billing._given('move_meters', meter_nos, org_no);
	SELECT n INTO missing FROM unnest(move_meters.meter_nos) n
	 WHERE NOT EXISTS (SELECT FROM billing.meter m WHERE m.meter_no = n AND billing.can_write(m.org_id, 'supply')) LIMIT 1;
	IF FOUND THEN
		PERFORM billing._not_found(format('meter %s', missing));
	END IF;
	PERFORM FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) ORDER BY m.meter_id FOR NO KEY UPDATE;
	SELECT m.meter_no, m.state INTO stuck FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) AND m.state IN ('installed', 'scrapped') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'meter % is %', stuck.meter_no, stuck.state USING ERRCODE = 'UB701', HINT = 'An installed meter goes with its account: transfer_account().';
	END IF;
	PERFORM billing._audit(o, 'move_meters', format('%s meters', cardinality(move_meters.meter_nos)), jsonb_build_object('org_no', move_meters.org_no, 'meter_nos', move_meters.meter_nos))
	   FROM (SELECT DISTINCT m.org_id AS o FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) UNION SELECT to_org) q;
	UPDATE billing.meter m SET org_id = to_org WHERE m.meter_no = ANY (move_meters.meter_nos);
	GET DIAGNOSTICS moved = ROW_COUNT;
	RETURN moved;
END $$;
COMMENT ON FUNCTION billing.move_meters(text[], text) IS 'gives meters to the stock of another org 调拨; returns how many';

CREATE FUNCTION billing.seal_meter(meter_no text, seals text[])
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	meter	billing.meter := billing._meter_of(seal_meter.meter_no, 'write');
BEGIN
	PERFORM billing._given('seal_meter', meter_no, seals);
	UPDATE billing.meter m SET seals = seal_meter.seals WHERE m.meter_id = meter.meter_id;
	PERFORM billing._audit(meter.org_id, 'seal_meter', format('meter %s', meter.meter_no), jsonb_build_object('seals', seal_meter.seals, 'were', meter.seals));
END $$;
COMMENT ON FUNCTION billing.seal_meter(text, text[]) IS 'the numbers of the seals that are on a meter now; the ones before are in the audit trail';

CREATE FUNCTION billing.record_meter_test(meter_no text, kind text, tested_on date, limit_percent numeric, points jsonb, defect text DEFAULT '',
	valid_until date DEFAULT NULL, certificate_no text DEFAULT '')
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	meter	billing.meter := billing._meter_of(record_meter_test.meter_no, 'write');
	row		billing.meter_test;
	holds	integer;
BEGIN
	IF jsonb_typeof(record_meter_test.points) IS DISTINCT FROM 'array' OR EXISTS (SELECT FROM jsonb_array_elements(record_meter_test.points) p
			WHERE jsonb_typeof(p) <> 'object' OR NOT (p ? 'load' AND p ? 'error')) THEN
		RAISE EXCEPTION 'the points of a test are a list'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as [{"load": 100, "power_factor": 1, "error": 0.12}, …]: load and error in percent.';
	END IF;
	IF meter.state = 'scrapped' THEN
		RAISE EXCEPTION 'meter % is scrapped', meter.meter_no USING ERRCODE = 'UB701', HINT = billing._possible_steps(meter.state);
	END IF;
	SELECT array_agg((p ->> 'load')::numeric ORDER BY n), array_agg(coalesce((p ->> 'power_factor')::numeric, 1) ORDER BY n), array_agg((p ->> 'error')::numeric ORDER BY n),
		   coalesce(bool_and(abs((p ->> 'error')::numeric) <= record_meter_test.limit_percent), false)
	  INTO row.loads, row.power_factors, row.errors_percent, row.passed
	  FROM jsonb_array_elements(record_meter_test.points) WITH ORDINALITY q(p, n);
	row.passed := row.passed AND coalesce(record_meter_test.defect, '') = '';
	SELECT t.verify_months INTO holds FROM billing.meter_type t WHERE t.meter_type_id = meter.meter_type_id;
	IF row.passed AND record_meter_test.kind IN ('initial', 'periodic', 'after_repair') THEN
		row.valid_until := coalesce(record_meter_test.valid_until, (record_meter_test.tested_on + make_interval(months => holds))::date);
	END IF;
	INSERT INTO billing.meter_test (meter_id, test_no, org_id, kind, tested_on, limit_percent, loads, power_factors, errors_percent, passed, valid_until, certificate_no, note)
	SELECT meter.meter_id, 1 + count(t.test_no), meter.org_id, record_meter_test.kind, record_meter_test.tested_on, record_meter_test.limit_percent, row.loads, row.power_factors,
		   row.errors_percent, row.passed, row.valid_until, coalesce(record_meter_test.certificate_no, ''), coalesce(record_meter_test.defect, '')
	  FROM billing.meter_test t WHERE t.meter_id = meter.meter_id;
	IF row.passed AND record_meter_test.kind IN ('initial', 'periodic', 'after_repair') THEN
		UPDATE billing.meter m SET verified_on = record_meter_test.tested_on, due_on = row.valid_until,
			   state = CASE m.state WHEN 'in_test' THEN 'in_stock' ELSE m.state END
		 WHERE m.meter_id = meter.meter_id;
		IF meter.state = 'in_test' THEN
			INSERT INTO billing.equipment_event (org_id, meter_id, step, from_state, to_state, note)
			VALUES (meter.org_id, meter.meter_id, 'pass', 'in_test', 'in_stock', coalesce(record_meter_test.certificate_no, ''));
		END IF;
	END IF;
	PERFORM billing._audit(meter.org_id, 'record_meter_test', format('meter %s', meter.meter_no),
		jsonb_build_object('kind', record_meter_test.kind, 'tested_on', record_meter_test.tested_on, 'passed', row.passed));
	RETURN row.passed;
END $$;
COMMENT ON FUNCTION billing.record_meter_test(text, text, date, numeric, jsonb, text, date, text) IS
'keeps a test of a meter: initial, periodic, after_repair (verifications: who passes one is verified anew, and goes from test to stock), '
'on_request, field, after_fault; points is [{"load": 100, "power_factor": 1, "error": 0.12}, …], load and error in percent; it has passed when no '
'error is beyond limit_percent and no defect is named; returns whether';

CREATE FUNCTION billing.meters_due(org_no text, until_on date)
RETURNS TABLE (meter_no text, type_code text, account_no text, address text, part text, verified_on date, due_on date, days_overdue integer)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT m.meter_no, t.type_code, a.account_no, a.address, i.part, m.verified_on, m.due_on, (current_date - m.due_on)
	  FROM billing.meter m
	  JOIN billing.meter_type t ON t.meter_type_id = m.meter_type_id
	  LEFT JOIN billing.meter_install i ON i.meter_id = m.meter_id AND i.until_at IS NULL
	  LEFT JOIN billing.account a ON a.account_id = i.account_id
	 WHERE m.state = 'installed' AND m.due_on <= meters_due.until_on AND m.org_id = ANY ((SELECT billing._orgs_below((SELECT o.org_id FROM billing.org o WHERE o.org_no = meters_due.org_no)))::bigint[])
	 ORDER BY m.due_on, m.meter_no;
END $$;
COMMENT ON FUNCTION billing.meters_due(text, date) IS
'worklist of an org and those below it: installed meters whose verification runs out up to a day 周期轮换, the longest overdue first';

-- ---- faults ----

CREATE FUNCTION billing._guard_fault()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- it goes with its meter to another org
	IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - 'org_id' = to_jsonb(NEW) - 'org_id' OR (OLD.closed_at IS NULL
	   AND to_jsonb(OLD) - '{remedy,note,closed_by,closed_at}'::text[] = to_jsonb(NEW) - '{remedy,note,closed_by,closed_at}'::text[])) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a fault that was reported is closed once, else it stays as it is'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'close_fault() closes it; what comes after is a new one.';
END $$;
COMMENT ON FUNCTION billing._guard_fault() IS 'trigger: a fault is reported, then closed';

CREATE FUNCTION billing.report_fault(equipment text, number text, kind text, description text DEFAULT '', due_on date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the equipment's org.
DECLARE
	fault	billing.equipment_fault;
BEGIN
	CASE report_fault.equipment
		WHEN 'meter' THEN
			SELECT m.meter_id, m.org_id INTO fault.meter_id, fault.org_id FROM billing._meter_of(coalesce(report_fault.number, ''), 'write') m;
		WHEN 'transformer' THEN
			SELECT t.transformer_id, t.org_id INTO fault.transformer_id, fault.org_id FROM billing._transformer_of(coalesce(report_fault.number, ''), 'write') t;
		WHEN 'area' THEN
			SELECT a.area_id, a.org_id INTO fault.area_id, fault.org_id FROM billing._area_of(coalesce(report_fault.number, ''), 'write') a;
		WHEN 'feeder' THEN
			SELECT f.feeder_id, f.org_id INTO fault.feeder_id, fault.org_id FROM billing._feeder_of(coalesce(report_fault.number, ''), 'write') f;
		ELSE
			RAISE EXCEPTION 'there is no equipment "%"', report_fault.equipment
				USING ERRCODE = 'invalid_parameter_value', HINT = 'It is a meter, transformer, area or feeder.';
	END CASE;
	INSERT INTO billing.equipment_fault AS f (org_id, meter_id, transformer_id, area_id, feeder_id, kind, description, due_on)
	VALUES (fault.org_id, fault.meter_id, fault.transformer_id, fault.area_id, fault.feeder_id, report_fault.kind, coalesce(report_fault.description, ''), report_fault.due_on)
	RETURNING f.fault_id INTO fault.fault_id;
	PERFORM billing._audit(fault.org_id, 'report_fault', format('%s %s', report_fault.equipment, report_fault.number), jsonb_build_object('kind', report_fault.kind));
	RETURN fault.fault_id;
END $$;
COMMENT ON FUNCTION billing.report_fault(text, text, text, text, date) IS
'something is wrong with a meter, transformer, area or feeder of this number: stopped, wrong, display, burnt, seal, wiring, communication, outage, other; '
'due_on: by when it is to be seen to; returns fault_id';

CREATE FUNCTION billing.close_fault(fault_id bigint, remedy text, note text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as report_fault().
DECLARE
	fault	billing.equipment_fault;
BEGIN
	PERFORM billing._given('close_fault', fault_id, remedy, note);
	SELECT f.* INTO fault FROM billing.equipment_fault f WHERE f.fault_id = close_fault.fault_id AND billing.can_write(f.org_id, 'supply') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('fault %s', close_fault.fault_id));
	ELSIF fault.closed_at IS NOT NULL THEN
		RAISE EXCEPTION 'fault % is closed', fault.fault_id USING ERRCODE = 'UB701', DETAIL = format('As %s, by %s.', fault.remedy, fault.closed_by);
	END IF;
	UPDATE billing.equipment_fault f SET remedy = close_fault.remedy, note = close_fault.note, closed_by = billing.actor(), closed_at = clock_timestamp()
	 WHERE f.fault_id = fault.fault_id;
	PERFORM billing._audit(fault.org_id, 'close_fault', format('fault %s', fault.fault_id), jsonb_build_object('remedy', close_fault.remedy, 'note', close_fault.note));
END $$;
COMMENT ON FUNCTION billing.close_fault(bigint, text, text) IS 'a fault was seen to: repaired, exchanged, no_fault, scrapped; the exchange of a meter closes its faults by itself';
