-- Rules: those of an org for all below it, and which of them hold for an account.
CREATE FUNCTION billing.validation_presets()
RETURNS TABLE (preset text, channel text, name text, rule jsonb)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT 'home' AS preset, NULL::text AS channel, coalesce(r.value ->> 'name', r.value ->> 'rule') AS name, r.value AS rule FROM jsonb_array_elements(billing.validation_rules()) r
	UNION ALL
	SELECT v.preset, v.channel, v.name, v.rule::jsonb FROM (VALUES
		-- shops, offices: closed days and seasons are large changes in themselves
		('business', NULL, 'high_low', '{"rule": "high_low", "low": "0.4", "high": "2.5"}'),
		('business', NULL, 'spike', '{"rule": "spike", "over": "2.5", "least_kw": 3}'),
		('business', NULL, 'high spike', '{"rule": "spike", "name": "high spike", "over": "5", "least_kw": 3, "severity": "reject"}'),
		('business', NULL, 'repeated', '{"rule": "repeated", "slots": 12}'),
		('business', NULL, 'zero', '{"rule": "zero", "minutes": 4320}'),
		-- factories: machines start at once and run level; what they used a year ago says more than last month
		('industry', NULL, 'high_low', '{"rule": "high_low", "low": "0.3", "high": "3"}'),
		('industry', NULL, 'year', '{"rule": "high_low", "name": "year", "against": "year", "low": "0.4", "high": "2", "severity": "notice"}'),
		('industry', NULL, 'spike', '{"rule": "spike", "over": "4", "least_kw": 50, "severity": "notice"}'),
		('industry', NULL, 'high spike', '{"rule": "spike", "name": "high spike", "over": "9", "least_kw": 50, "severity": "suspect"}'),
		('industry', NULL, 'repeated', '{"rule": "repeated", "slots": 24}'),
		('industry', NULL, 'zero', '{"rule": "zero", "minutes": 10080}'),
		-- what the sun gives is nothing at night, and twice as much tomorrow
		('solar', 'export', 'high_low', NULL), ('solar', 'generation', 'high_low', NULL),
		('solar', 'export', 'spike', NULL), ('solar', 'generation', 'spike', NULL),
		('solar', 'export', 'catch_up', NULL), ('solar', 'generation', 'catch_up', NULL),
		('solar', 'export', 'zero', '{"rule": "zero", "minutes": 4320}'), ('solar', 'generation', 'zero', '{"rule": "zero", "minutes": 2880, "severity": "suspect"}')) v(preset, channel, name, rule);
END;
COMMENT ON FUNCTION billing.validation_presets() IS
'rules to start from: home (what holds where nothing is laid down), business, industry, solar; those that are null take a rule away';

CREATE FUNCTION billing._rules_at(stage text, org_id bigint, plan_id bigint, part text, channel text, on_day date)
RETURNS TABLE (name text, rule jsonb, org_id bigint, plan_id bigint, part text, channel text, from_on date, place bigint)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- of each scope what holds that day, the nearest org first, in it the narrowest scope
	SELECT r.name, r.rule, r.org_id, r.plan_id, r.part, r.channel, r.from_on,
		   row_number() OVER (PARTITION BY r.name ORDER BY array_position(o.orgs, r.org_id), r.plan_id IS NULL, r.part IS NULL, r.channel IS NULL, r.from_on DESC)
	  FROM (SELECT billing._orgs_over(_rules_at.org_id) AS orgs) o
	  JOIN billing.validation_rule r ON r.org_id = ANY (o.orgs)
	 WHERE r.stage = _rules_at.stage AND r.from_on <= _rules_at.on_day
	   AND (r.plan_id IS NULL OR r.plan_id = _rules_at.plan_id) AND (r.part IS NULL OR r.part = _rules_at.part)
	   AND (r.channel IS NULL OR r.channel = _rules_at.channel);
END;
COMMENT ON FUNCTION billing._rules_at(text, bigint, bigint, text, text, date) IS 'what is laid down for such readings of an org, of each name that of place 1 holds';

CREATE FUNCTION billing._rules_of(stage text, org_id bigint, plan_id bigint, part text, channel text, on_day date)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _rules_of.stage = 'validation' THEN (
		-- rules by name, over those of the engine
		SELECT coalesce(jsonb_agg(q.rule ORDER BY q.n, q.name), '[]') FROM (
			SELECT coalesce(b.name, r.name) AS name, b.n, CASE WHEN r.name IS NULL THEN b.rule ELSE r.rule END AS rule
			  FROM (SELECT coalesce(e.value ->> 'name', e.value ->> 'rule') AS name, e.value AS rule, e.n
					  FROM jsonb_array_elements(billing.validation_rules()) WITH ORDINALITY e(value, n)) b
			  FULL JOIN (SELECT a.name, a.rule FROM billing._rules_at(_rules_of.stage, _rules_of.org_id, _rules_of.plan_id, _rules_of.part, _rules_of.channel, _rules_of.on_day) a
						  WHERE a.place = 1) r ON r.name = b.name) q
		 WHERE q.rule IS NOT NULL)
	ELSE (
		-- members of objects, the nearest over the others
		SELECT coalesce(jsonb_object_agg(q.key, q.value), '{}') FROM (
			SELECT DISTINCT ON (m.key) m.key, m.value
			  FROM billing._rules_at(_rules_of.stage, _rules_of.org_id, _rules_of.plan_id, _rules_of.part, _rules_of.channel, _rules_of.on_day) a,
				   jsonb_each(a.rule) m
			 ORDER BY m.key, a.place) q)
	END;
END;
COMMENT ON FUNCTION billing._rules_of(text, bigint, bigint, text, text, date) IS 'the rules of a stage as the engine takes them, from all that is laid down for such readings';

CREATE FUNCTION billing.validation_rules_of(account_no text, on_day date DEFAULT current_date, channel text DEFAULT 'import', part text DEFAULT 'main')
RETURNS TABLE (stage text, name text, rule text, org_no text, plan_code text, from_on date)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH asked AS (
		SELECT a.org_id, (SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = a.account_id AND p.from_on <= validation_rules_of.on_day ORDER BY p.from_on DESC LIMIT 1) AS plan_id
		  FROM billing.account a WHERE a.account_no = validation_rules_of.account_no),
	laid AS (
		SELECT s.stage, r.* FROM asked a, (VALUES ('validation'), ('estimation'), ('editing')) s(stage),
			   billing._rules_at(s.stage, a.org_id, a.plan_id, validation_rules_of.part, validation_rules_of.channel, validation_rules_of.on_day) r)
	SELECT q.stage, q.name, q.rule, q.org_no, q.plan_code, q.from_on FROM (
		SELECT l.stage, l.name, l.rule::text AS rule, o.org_no, p.plan_code, l.from_on, l.place FROM laid l
		  LEFT JOIN billing.org o ON o.org_id = l.org_id LEFT JOIN billing.plan p ON p.plan_id = l.plan_id
		 WHERE l.place = 1 OR l.stage <> 'validation'
		UNION ALL
		SELECT 'validation' AS stage, coalesce(e.value ->> 'name', e.value ->> 'rule') AS name, e.value::text AS rule, NULL AS org_no, NULL AS plan_code, NULL AS from_on, 1 AS place
		  FROM asked, jsonb_array_elements(billing.validation_rules()) e
		 WHERE NOT EXISTS (SELECT FROM laid l WHERE l.stage = 'validation' AND l.name = coalesce(e.value ->> 'name', e.value ->> 'rule'))) q
	 ORDER BY q.stage DESC, q.name, q.place;
END;
COMMENT ON FUNCTION billing.validation_rules_of(text, date, text, text) IS
'which rules hold for an account''s readings on a day, and who laid them down; without org_no: the engine, or an org that the reader does not see. A rule that is null is taken away there';

CREATE FUNCTION billing._set_rule(org_no text, stage text, name text, rule jsonb, from_on date, plan_code text, part text, channel text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint := billing._org_of(_set_rule.org_no, 'approve', 'reading');
	plan	bigint;
	made	bigint;
BEGIN
	IF _set_rule.from_on IS NULL THEN
		RAISE EXCEPTION 'a rule holds from a day on' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give from_on.';
	END IF;
	IF _set_rule.plan_code IS NOT NULL THEN
		SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = _set_rule.plan_code;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('plan %s', _set_rule.plan_code));
		END IF;
	END IF;
	INSERT INTO billing.validation_rule AS r (org_id, stage, plan_id, part, channel, name, from_on, rule)
	VALUES (at_org, _set_rule.stage, plan, _set_rule.part, _set_rule.channel, _set_rule.name, _set_rule.from_on, _set_rule.rule)
	    ON CONFLICT ON CONSTRAINT validation_rule_scope_key DO UPDATE SET rule = excluded.rule, set_by = excluded.set_by, set_at = excluded.set_at
	RETURNING r.rule_id INTO made;
	PERFORM billing._audit(at_org, 'set_validation_rule', format('%s %s', _set_rule.stage, _set_rule.name),
		jsonb_build_object('rule', _set_rule.rule, 'from_on', _set_rule.from_on, 'plan_code', _set_rule.plan_code, 'part', _set_rule.part, 'channel', _set_rule.channel));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._set_rule(text, text, text, jsonb, date, text, text, text) IS 'writes down one rule of an org, for who may approve readings there';

CREATE FUNCTION billing._refuse_rules(problem record)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'rules: %', problem.problem
		USING ERRCODE = 'UB106', DETAIL = format('At %s.', problem.path), HINT = coalesce(nullif(problem.hint, ''), 'The rules are in the document on validation.');
END $$;
COMMENT ON FUNCTION billing._refuse_rules(record) IS 'raises the first problem of rules';

CREATE FUNCTION billing.set_validation_rule(org_no text, rule jsonb, from_on date, plan_code text DEFAULT NULL, channel text DEFAULT NULL, part text DEFAULT NULL,
											name text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: rules are written by what checks them, for who may approve readings there.
DECLARE
	problem	record;
	called	text := coalesce(rule ->> 'name', rule ->> 'rule');
BEGIN
	IF rule IS NULL OR rule = 'null' THEN
		IF set_validation_rule.name IS NULL THEN
			RAISE EXCEPTION 'there is neither a rule nor the name of one'
				USING ERRCODE = 'invalid_parameter_value', HINT = 'Without a rule, name says which does not hold from then on.';
		END IF;
		rule := NULL;
	ELSE
		SELECT c.path, c.problem, c.hint INTO problem FROM billing.validation_check(json_build_array(rule)) c LIMIT 1;
		IF FOUND THEN
			PERFORM billing._refuse_rules(problem);
		END IF;
		IF set_validation_rule.name <> called THEN
			RAISE EXCEPTION 'the rule has another name' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('In the rule: %s.', called), HINT = 'Leave out one of them.';
		END IF;
	END IF;
	RETURN billing._set_rule(org_no, 'validation', coalesce(set_validation_rule.name, called), rule, from_on, plan_code, part, channel);
END $$;
COMMENT ON FUNCTION billing.set_validation_rule(text, jsonb, date, text, text, text, text) IS
'a rule of validation of an org and all below it from a day on, for all readings or those of a plan, channel, part; the nearest org''s rule of a '
'name holds, in it the narrowest; a null rule takes the one of that name away. Needs approve on reading';

CREATE FUNCTION billing.set_estimation_rules(org_no text, rules jsonb, from_on date, plan_code text DEFAULT NULL, channel text DEFAULT NULL, part text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as set_validation_rule().
DECLARE
	problem	record;
BEGIN
	IF rules IS NULL THEN
		RAISE EXCEPTION 'there are no rules' USING ERRCODE = 'invalid_parameter_value', HINT = 'estimation_rules() has all their members.';
	END IF;
	SELECT c.path, c.problem, c.hint INTO problem FROM billing.estimation_check(rules::json) c LIMIT 1;
	IF FOUND THEN
		PERFORM billing._refuse_rules(problem);
	END IF;
	RETURN billing._set_rule(org_no, 'estimation', 'estimation', rules, from_on, plan_code, part, channel);
END $$;
COMMENT ON FUNCTION billing.set_estimation_rules(text, jsonb, date, text, text, text) IS
'how readings of an org and all below it are estimated from a day on, for all or for those of a plan, channel, part; of each member the nearest org''s '
'value holds, in it the narrowest. Needs approve on reading';

CREATE FUNCTION billing.set_editing_rules(org_no text, kwh numeric, percent numeric, from_on date, plan_code text DEFAULT NULL, channel text DEFAULT NULL,
										  part text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as set_validation_rule().
BEGIN
	IF NOT coalesce(kwh >= 0 AND kwh < 1e15 AND percent BETWEEN 0 AND 100, false) THEN
		RAISE EXCEPTION 'limits of editing are kWh and percent from 0 on' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as 10 and 10.';
	END IF;
	RETURN billing._set_rule(org_no, 'editing', 'editing', jsonb_build_object('kwh', kwh, 'percent', percent), from_on, plan_code, part, channel);
END $$;
COMMENT ON FUNCTION billing.set_editing_rules(text, numeric, numeric, date, text, text, text) IS
'how much one person alone may change of an org''s readings: so many kWh or, if that is more, so many percent of the days'' energy; without it 10 and 10';

CREATE FUNCTION billing.install_validation_rules(org_no text, preset text, from_on date, plan_code text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as set_validation_rule().
DECLARE
	r	record;
	n	integer := 0;
BEGIN
	FOR r IN SELECT p.channel, p.name, p.rule FROM billing.validation_presets() p WHERE p.preset = install_validation_rules.preset ORDER BY p.channel, p.name LOOP
		PERFORM billing._set_rule(org_no, 'validation', r.name, r.rule, from_on, plan_code, NULL, r.channel);
		n := n + 1;
	END LOOP;
	IF n = 0 THEN
		RAISE EXCEPTION 'there is no preset "%"', preset
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = format('Presets: %s.', (SELECT string_agg(DISTINCT p.preset, ', ') FROM billing.validation_presets() p));
	END IF;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing.install_validation_rules(text, text, date, text) IS
'sets the rules of a preset (validation_presets()) for an org and all below it, for all accounts or those of a plan; returns how many';

CREATE FUNCTION billing._rule_set_of(stage text, org_id bigint, plan_id bigint, part text, channel text, on_day date, OUT rule_set_id bigint, OUT rules jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	sum	bytea;
BEGIN
	rules := billing._rules_of(_rule_set_of.stage, _rule_set_of.org_id, _rule_set_of.plan_id, _rule_set_of.part, _rule_set_of.channel, _rule_set_of.on_day);
	sum := sha256(convert_to(_rule_set_of.stage || rules::text, 'UTF8'));
	SELECT s.rule_set_id INTO rule_set_id FROM billing.validation_rule_set s WHERE s.org_id = _rule_set_of.org_id AND s.digest = sum;
	IF NOT FOUND THEN
		INSERT INTO billing.validation_rule_set AS s (org_id, digest, rules) VALUES (_rule_set_of.org_id, sum, rules)
			ON CONFLICT ON CONSTRAINT validation_rule_set_digest_key DO NOTHING RETURNING s.rule_set_id INTO rule_set_id;
		IF rule_set_id IS NULL THEN
			SELECT s.rule_set_id INTO rule_set_id FROM billing.validation_rule_set s WHERE s.org_id = _rule_set_of.org_id AND s.digest = sum;
		END IF;
	END IF;
END $$;
COMMENT ON FUNCTION billing._rule_set_of(text, bigint, bigint, text, text, date) IS 'the rules for such readings, written down once';
