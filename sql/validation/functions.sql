-- ---- rules ----

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

-- ---- runs ----

CREATE FUNCTION billing._holidays(plan_id bigint, from_on date, until_on date)
RETURNS billing.market
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- of the days around too, as far as their years are known
	SELECT coalesce(n.market, billing.market(calendar => coalesce(billing._market_days(n.calendar_id, _holidays.from_on - 62, _holidays.until_on + 62),
																  billing._market_days(n.calendar_id, _holidays.from_on, _holidays.until_on))))
	  FROM billing.plan_version n
	 WHERE n.plan_id = _holidays.plan_id AND n.from_on < _holidays.until_on ORDER BY n.from_on DESC LIMIT 1;
END;
COMMENT ON FUNCTION billing._holidays(bigint, date, date) IS 'a market with the holidays that a plan means, for like days; null without a plan';

CREATE FUNCTION billing._register_spans(account_id bigint, part text, channel text, from_on date, until_on date)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- between two valid readings that follow each other, none of them estimated; the total, or where none is read the sum of the periods
	WITH r AS (
		SELECT q.register, g.period, q.read_on, q.place, q.value, q.digits, q.multiplier, q.estimated, lag(q.value) OVER w AS since_value,
			   lag(q.read_on) OVER w AS since_on, lag(q.estimated) OVER w AS since_estimated
		  FROM billing.register_reading q JOIN billing.register g ON g.register = q.register
		 WHERE q.account_id = _register_spans.account_id AND q.part = _register_spans.part AND g.channel = _register_spans.channel AND g.measures = 'energy'
		   AND q.state = 'valid' AND q.place < 3 AND q.read_on >= _register_spans.from_on AND q.read_on <= _register_spans.until_on
		WINDOW w AS (PARTITION BY q.register ORDER BY q.read_on, q.place)),
	step AS (
		SELECT r.register, r.period, r.since_on, r.read_on, sum(billing.register_kwh(r.since_value, r.value, r.digits::integer, coalesce(r.multiplier, 1))) AS kwh
		  FROM r WHERE r.place <> 2 AND r.since_on < r.read_on AND NOT (r.estimated OR r.since_estimated)
		 GROUP BY r.register, r.period, r.since_on, r.read_on),
	span AS (
		SELECT s.since_on, s.read_on, sum(s.kwh) AS kwh FROM step s
		 WHERE s.period = '' OR NOT EXISTS (SELECT FROM step t WHERE t.period = '' AND t.since_on < s.read_on AND t.read_on > s.since_on)
		 GROUP BY s.since_on, s.read_on)
	-- of periods that were not read on the same days nothing is known of the whole
	SELECT jsonb_agg(jsonb_build_object('channel', _register_spans.channel, 'from', s.since_on, 'until', s.read_on,
			CASE WHEN _register_spans.channel LIKE 'reactive%' THEN 'kvarh' ELSE 'kwh' END, s.kwh) ORDER BY s.since_on)
	  FROM span s WHERE NOT EXISTS (SELECT FROM span o WHERE o.since_on < s.read_on AND o.read_on > s.since_on AND (o.since_on, o.read_on) <> (s.since_on, s.read_on));
END;
COMMENT ON FUNCTION billing._register_spans(bigint, text, text, date, date) IS
'energies between readings of the registers of a channel, as the engine takes them; null where there are none';

CREATE FUNCTION billing._kwh(profile billing.profile)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN billing.unit(_kwh.profile) IN ('Wh', 'varh', 'VAh') THEN billing.energy_kwh(_kwh.profile) END;
END;
COMMENT ON FUNCTION billing._kwh(billing.profile) IS 'energy of a profile; null for levels, which are not summed';

CREATE FUNCTION billing._version_of(profile billing.profile, by billing.profile, billed_to date)
RETURNS billing.profile
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- the slots of the one, with the values of the other from the first day on that is not billed
	SELECT CASE WHEN d.from_on >= _version_of.billed_to THEN n.profile
				ELSE billing.concat(billing.slice(_version_of.profile, daterange(d.from_on, _version_of.billed_to)),
									billing.slice(n.profile, daterange(_version_of.billed_to, d.until_on))) END
	  FROM (SELECT lower(billing.days(_version_of.profile)) AS from_on, upper(billing.days(_version_of.profile)) AS until_on) d,
		   (SELECT billing.slice(_version_of.by, billing.start_at(_version_of.profile), billing.until_at(_version_of.profile)) AS profile) n;
END;
COMMENT ON FUNCTION billing._version_of(billing.profile, billing.profile, date) IS
'what becomes of a row of readings that was worked on along with others: days that are billed stay as they are';

CREATE FUNCTION billing._without_silence(profile billing.profile, history billing.profile, spans jsonb)
RETURNS billing.profile
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	silence	record;
	heard	billing.profile := profile;
BEGIN
	-- where a register has so much more than was read, it was not the gap alone: hours of nothing, or of the same again and again, did not come either
	FOR silence IN
		SELECT v.from_at, v.until_at FROM billing.validate(profile, '[{"rule": "zero", "minutes": 360}, {"rule": "repeated"}]', history) v
		 WHERE v.severity <> 'unchecked'
		   AND EXISTS (SELECT FROM jsonb_array_elements(spans) x
						WHERE (x.value ->> 'kwh')::numeric > 2 * (x.value ->> 'unscaled_kwh')::numeric
						  -- a step of the register is no silence: the sun, too, makes hours of nothing
						  AND (x.value ->> 'kwh')::numeric - (x.value ->> 'unscaled_kwh')::numeric > 1
						  AND (x.value ->> 'register')::tstzrange && tstzrange(v.from_at, v.until_at))
	LOOP
		heard := billing.set_quality(heard, silence.from_at, silence.until_at, 'missing');
	END LOOP;
	RETURN CASE WHEN heard OPERATOR(billing.<>) profile THEN heard END;
END $$;
COMMENT ON FUNCTION billing._without_silence(billing.profile, billing.profile, jsonb) IS
'a profile without the silence that a register contradicts, after its gaps were to be scaled to more than twice what they should be; null where there is none';

CREATE FUNCTION billing._validate_range(run_id bigint, org_id bigint, from_on date, until_on date, again boolean, first_account bigint, last_account bigint,
										OUT accounts integer, OUT profiles integer, OUT readings bigint, OUT findings integer, OUT changed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- One statement looks at the readings of a range of accounts: lock, check, mark, write down.
BEGIN
	WITH held AS MATERIALIZED (
		SELECT h.account_id, h.org_id, h.billed_to FROM billing.account_head h
		 WHERE h.org_id = _validate_range.org_id AND h.account_id BETWEEN _validate_range.first_account AND _validate_range.last_account
		   AND NOT EXISTS (SELECT FROM billing.validation_exception x WHERE x.account_id = h.account_id AND x.run_id = _validate_range.run_id)
		 ORDER BY h.account_id
		   FOR NO KEY UPDATE OF h SKIP LOCKED),
	-- rows of one channel that go together are looked at as one
	met AS MATERIALIZED (
		SELECT d.account_id, d.org_id, d.billed_to, p.plan_id, r.*
		  FROM held d
		  LEFT JOIN LATERAL (SELECT a.plan_id FROM billing.account_plan a
							  WHERE a.account_id = d.account_id AND a.from_on < _validate_range.until_on ORDER BY a.from_on DESC LIMIT 1) p ON true
		 CROSS JOIN LATERAL (
			SELECT r.part, r.channel, billing.unit(r.profile) AS unit, billing.slot(r.profile) AS slot, billing.time_zone(r.profile) AS zone,
				   min(r.from_on) AS from_on, max(r.until_on) AS until_on,
				   CASE WHEN count(*) = 1 THEN (array_agg(r.profile))[1] ELSE billing.concat_agg(r.profile) END AS profile,
				   CASE WHEN bool_and(coalesce(v.digest = r.digest, false)) AND min(v.rule_set_id) = max(v.rule_set_id) THEN min(v.rule_set_id) END AS done_by,
				   bool_and(coalesce(v.digest = r.digest AND v.run_id = _validate_range.run_id, false)) AS done_now
			  FROM billing.reading r
			  LEFT JOIN billing.validation_result v ON v.account_id = r.account_id AND v.from_on = r.from_on AND v.part = r.part AND v.channel = r.channel
			 WHERE r.account_id = d.account_id AND r.from_on > _validate_range.from_on - 31 AND r.from_on < _validate_range.until_on AND r.until_on > _validate_range.from_on
			 GROUP BY 1, 2, 3, 4, 5) r),
	ruled AS MATERIALIZED (
		SELECT q.plan_id, q.part, q.channel, s.rule_set_id, s.rules, s.rules @> '[{"against": "year"}]' AS year, v.market,
			   ARRAY(SELECT coalesce(e.value ->> 'name', 'gap') FROM jsonb_array_elements(s.rules) e WHERE e.value ->> 'rule' = 'gap') AS gaps
		  FROM (SELECT DISTINCT m.plan_id, m.part, m.channel FROM met m) q
		 CROSS JOIN LATERAL billing._rule_set_of('validation', _validate_range.org_id, q.plan_id, q.part, q.channel, _validate_range.from_on) s
		 CROSS JOIN LATERAL (SELECT billing._holidays(q.plan_id, _validate_range.from_on, _validate_range.until_on) AS market) v),
	judged AS MATERIALIZED (
		SELECT m.account_id, m.org_id, m.billed_to, m.part, m.channel, m.unit, m.slot, m.zone, m.from_on, m.until_on, c.rule_set_id,
			   billing.slot_count(m.profile) AS slots, f.findings, coalesce(f.number, 0) AS number,
			   -- most have nothing that changes them
			   CASE WHEN f.changes THEN billing.validated(m.profile, c.rules, h.profile, g.registers, c.market) END AS marked
		  -- by rules, which are compiled once for all that share them
		  FROM ruled c
		  JOIN met m ON m.plan_id IS NOT DISTINCT FROM c.plan_id AND m.part = c.part AND m.channel = c.channel
		 CROSS JOIN LATERAL (
			SELECT CASE WHEN count(*) = 1 THEN (array_agg(r.profile))[1] ELSE billing.concat_agg(r.profile) END AS profile
			  FROM billing.reading r
			 WHERE r.account_id = m.account_id AND r.part = m.part AND r.channel = m.channel
			   AND (r.from_on > m.from_on - greatest(31, m.until_on - m.from_on) - 31 AND r.until_on > m.from_on - greatest(31, m.until_on - m.from_on) AND r.from_on < m.until_on + 4
					OR c.year AND r.from_on > m.from_on - 364 - 31 AND r.from_on < m.until_on - 364 AND r.until_on > m.from_on - 364)
			   AND (r.from_on >= _validate_range.until_on OR r.until_on <= _validate_range.from_on)
			   AND billing.unit(r.profile) = m.unit AND billing.slot(r.profile) = m.slot AND billing.time_zone(r.profile) = m.zone) h
		 CROSS JOIN LATERAL (
			-- most have no registers beside their profiles
			SELECT CASE WHEN EXISTS (SELECT FROM billing.register_reading q WHERE q.account_id = m.account_id AND q.read_on >= m.from_on - 62 AND q.read_on <= m.until_on + 62)
						THEN billing._register_spans(m.account_id, m.part, m.channel, m.from_on - 62, m.until_on + 62) END AS registers) g
		 CROSS JOIN LATERAL (
			-- the moment from which nothing is billed, where some of it is
			SELECT CASE WHEN m.billed_to >= m.until_on THEN 'infinity' WHEN m.billed_to > m.from_on
						THEN billing.start_at(billing.slice(m.profile, daterange(m.billed_to, m.until_on))) ELSE '-infinity' END AS billed_until) b
		 CROSS JOIN LATERAL (
			SELECT array_agg(ROW(m.account_id, _validate_range.run_id, 0, m.org_id, m.part, m.channel, v.rule, v.severity,
							CASE WHEN v.severity = 'notice' THEN 'noticed'
								 WHEN v.rule = ANY (c.gaps) THEN 'missing'
								 WHEN v.from_at < b.billed_until THEN 'billed'
								 WHEN v.severity = 'reject' THEN 'rejected' ELSE 'suspected' END,
							v.from_at, v.until_at, v.slots, v.measured, v.bound, v.unit, v.detail)::billing.validation_finding) AS findings,
				   count(*)::integer AS number, bool_or(v.severity <> 'notice' AND v.until_at > b.billed_until AND NOT v.rule = ANY (c.gaps)) AS changes
			  FROM billing.validate(m.profile, c.rules, h.profile, g.registers, c.market) v WHERE v.severity <> 'unchecked' OFFSET 0) f
		 WHERE CASE WHEN _validate_range.again THEN NOT m.done_now ELSE m.done_by IS DISTINCT FROM c.rule_set_id END),
	version AS MATERIALIZED (
		SELECT j.account_id, j.part, j.channel, r.from_on, r.digest AS digest_before, r.profile AS before, q.profile, j.rule_set_id,
			   (SELECT jsonb_agg(jsonb_build_object('rule', f.rule, 'severity', f.severity, 'from', f.from_at, 'until', f.until_at) ORDER BY f.from_at, f.rule)
				  FROM unnest(j.findings) f
				 WHERE f.verdict IN ('rejected', 'suspected', 'billed') AND f.from_at < billing.until_at(r.profile) AND f.until_at > billing.start_at(r.profile)) AS spans
		  FROM judged j
		 CROSS JOIN LATERAL (SELECT r.from_on, r.digest, r.profile FROM billing.reading r
							  WHERE r.account_id = j.account_id AND r.part = j.part AND r.channel = j.channel AND r.from_on >= j.from_on AND r.until_on <= j.until_on
								AND r.until_on > j.billed_to
								AND billing.unit(r.profile) = j.unit AND billing.slot(r.profile) = j.slot AND billing.time_zone(r.profile) = j.zone) r
		 CROSS JOIN LATERAL (SELECT billing._version_of(r.profile, j.marked, j.billed_to) AS profile OFFSET 0) q
		 WHERE j.marked IS NOT NULL AND billing.digest(q.profile) <> r.digest),
	written AS (
		UPDATE billing.reading r SET profile = v.profile FROM version v
		 -- not where somebody was quicker
		 WHERE r.account_id = v.account_id AND r.from_on = v.from_on AND r.part = v.part AND r.channel = v.channel AND r.digest = v.digest_before
		RETURNING r.account_id, r.from_on, r.part, r.channel, r.org_id, r.digest, v.digest_before, v.rule_set_id, v.spans,
			billing._kwh(v.profile) - billing._kwh(v.before) AS change_kwh),
	acted AS (
		INSERT INTO billing.validation_action (account_id, org_id, part, channel, from_on, kind, run_id, rule_set_id, spans, change_kwh, digest_before, digest_after)
		SELECT w.account_id, w.org_id, w.part, w.channel, w.from_on, 'validation', _validate_range.run_id, w.rule_set_id, coalesce(w.spans, '[]'), w.change_kwh, w.digest_before, w.digest
		  FROM written w ORDER BY w.account_id, w.from_on, w.part, w.channel),
	noted AS (
		INSERT INTO billing.validation_finding (account_id, run_id, finding_no, org_id, part, channel, rule, severity, verdict, from_at, until_at, slots, measured, bound, unit, detail)
		SELECT f.account_id, f.run_id, row_number() OVER (PARTITION BY f.account_id ORDER BY f.part, f.channel, f.from_at, f.rule), f.org_id, f.part, f.channel,
			   f.rule, f.severity, f.verdict, f.from_at, f.until_at, f.slots, f.measured, f.bound, f.unit, f.detail
		  FROM judged j CROSS JOIN LATERAL unnest(j.findings) f),
	settled AS (
		INSERT INTO billing.validation_result AS o (account_id, from_on, part, channel, org_id, digest, rule_set_id, run_id, findings)
		SELECT j.account_id, r.from_on, j.part, j.channel, j.org_id, coalesce(w.digest, r.digest), j.rule_set_id, _validate_range.run_id,
			   (SELECT count(*) FROM unnest(j.findings) f WHERE f.from_at < billing.until_at(r.profile) AND f.until_at > billing.start_at(r.profile))
		  FROM judged j
		 CROSS JOIN LATERAL (SELECT r.from_on, r.digest, r.profile FROM billing.reading r
							  WHERE r.account_id = j.account_id AND r.part = j.part AND r.channel = j.channel AND r.from_on >= j.from_on AND r.until_on <= j.until_on
								AND billing.unit(r.profile) = j.unit AND billing.slot(r.profile) = j.slot AND billing.time_zone(r.profile) = j.zone) r
		  LEFT JOIN written w ON w.account_id = j.account_id AND w.from_on = r.from_on AND w.part = j.part AND w.channel = j.channel
		    ON CONFLICT ON CONSTRAINT validation_result_pkey DO UPDATE SET digest = excluded.digest, rule_set_id = excluded.rule_set_id,
			   run_id = excluded.run_id, findings = excluded.findings)
	SELECT (SELECT count(*) FROM held), count(*), coalesce(sum(j.slots), 0), coalesce(sum(j.number), 0), (SELECT count(*) FROM written)
	  INTO accounts, profiles, readings, findings, changed FROM judged j;
END $$;
COMMENT ON FUNCTION billing._validate_range(bigint, bigint, date, date, boolean, bigint, bigint) IS
'validates the readings of a range of accounts by the rules that hold for each, marks what they reject or suspect, and writes down what they found';

CREATE FUNCTION billing._estimate_range(run_id bigint, org_id bigint, from_on date, until_on date, again boolean, first_account bigint, last_account bigint,
										OUT accounts integer, OUT profiles integer, OUT readings bigint, OUT findings integer, OUT changed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- One statement fills what is missing in the readings of a range of accounts: lock, estimate, write down.
BEGIN
	WITH held AS MATERIALIZED (
		SELECT h.account_id, h.org_id, h.billed_to FROM billing.account_head h
		 WHERE h.org_id = _estimate_range.org_id AND h.account_id BETWEEN _estimate_range.first_account AND _estimate_range.last_account
		   AND NOT EXISTS (SELECT FROM billing.validation_exception x WHERE x.account_id = h.account_id AND x.run_id = _estimate_range.run_id)
		 ORDER BY h.account_id
		   FOR NO KEY UPDATE OF h SKIP LOCKED),
	met AS MATERIALIZED (
		SELECT d.account_id, d.org_id, d.billed_to, p.plan_id, r.*
		  FROM held d
		  LEFT JOIN LATERAL (SELECT a.plan_id FROM billing.account_plan a
							  WHERE a.account_id = d.account_id AND a.from_on < _estimate_range.until_on ORDER BY a.from_on DESC LIMIT 1) p ON true
		 CROSS JOIN LATERAL (
			SELECT r.part, r.channel, billing.unit(r.profile) AS unit, billing.slot(r.profile) AS slot, billing.time_zone(r.profile) AS zone,
				   min(r.from_on) AS from_on, max(r.until_on) AS until_on, billing.concat_agg(r.profile) AS profile
			  FROM billing.reading r
			  LEFT JOIN billing.validation_result v ON v.account_id = r.account_id AND v.from_on = r.from_on AND v.part = r.part AND v.channel = r.channel
			 WHERE r.account_id = d.account_id AND r.from_on > _estimate_range.from_on - 31 AND r.from_on < _estimate_range.until_on
			   AND r.until_on > greatest(_estimate_range.from_on, d.billed_to)
			 GROUP BY 1, 2, 3, 4, 5
			-- estimates are made of what was validated, and so is what they are put into
			HAVING bool_and(coalesce(v.digest = r.digest, false))
			   AND (bool_or(billing.missing_count(r.profile) > 0)
					OR _estimate_range.again AND bool_or(EXISTS (SELECT FROM billing.qualities(r.profile) q WHERE q.quality = 'estimated')))) r),
	ruled AS MATERIALIZED (
		SELECT q.plan_id, q.part, q.channel, s.rule_set_id, v.market, coalesce((s.rules ->> 'within_days')::integer, 62) AS within,
			   CASE WHEN _estimate_range.again THEN s.rules || '{"fill": ["missing", "estimated"]}' ELSE s.rules END AS rules
		  FROM (SELECT DISTINCT m.plan_id, m.part, m.channel FROM met m) q
		 CROSS JOIN LATERAL billing._rule_set_of('estimation', _estimate_range.org_id, q.plan_id, q.part, q.channel, _estimate_range.from_on) s
		 CROSS JOIN LATERAL (SELECT billing._holidays(q.plan_id, _estimate_range.from_on, _estimate_range.until_on) AS market) v),
	filled AS MATERIALIZED (
		SELECT m.account_id, m.org_id, m.billed_to, m.part, m.channel, m.unit, m.slot, m.zone, m.from_on, m.until_on, c.rule_set_id,
			   billing.slot_count(m.profile) AS slots, CASE WHEN t.better THEN f.profile ELSE e.profile END AS profile, CASE WHEN t.better THEN t.spans ELSE s.spans END AS spans,
			   CASE WHEN t.better THEN t.undone ELSE s.undone END AS undone, CASE WHEN t.better THEN 'silence that the register contradicts' ELSE '' END AS reason
		  FROM ruled c
		  JOIN met m ON m.plan_id IS NOT DISTINCT FROM c.plan_id AND m.part = c.part AND m.channel = c.channel
		 CROSS JOIN LATERAL (
			SELECT billing.concat_agg(r.profile) AS profile FROM billing.reading r
			 WHERE r.account_id = m.account_id AND r.part = m.part AND r.channel = m.channel
			   AND r.from_on > m.from_on - c.within - 31 AND r.until_on > m.from_on - c.within AND r.from_on < m.until_on + c.within
			   AND (r.from_on >= m.until_on OR r.until_on <= m.from_on)
			   AND billing.unit(r.profile) = m.unit AND billing.slot(r.profile) = m.slot AND billing.time_zone(r.profile) = m.zone) h
		 CROSS JOIN LATERAL (
			-- most have no registers beside their profiles
			SELECT CASE WHEN EXISTS (SELECT FROM billing.register_reading q WHERE q.account_id = m.account_id AND q.read_on >= m.from_on - 62 AND q.read_on <= m.until_on + 62)
						THEN billing._register_spans(m.account_id, m.part, m.channel, m.from_on - 62, m.until_on + 62) END AS registers) g
		 CROSS JOIN LATERAL (SELECT billing.estimate(m.profile, c.rules, h.profile, g.registers, c.market) AS profile OFFSET 0) e
		 CROSS JOIN LATERAL (
			SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('from', x.from_at, 'until', x.until_at, 'slots', x.slots, 'method', x.method, 'kwh', x.energy_kwh,
						'unscaled_kwh', x.unscaled_kwh, 'days', x.like_days, 'register', x.register_during, 'reason', x.reason)) ORDER BY x.from_at) AS spans,
				   count(*) FILTER (WHERE x.method = 'none') AS undone
			  FROM billing.estimation(m.profile, c.rules, h.profile, g.registers, c.market) x) s
		 CROSS JOIN LATERAL (SELECT CASE WHEN g.registers IS NOT NULL THEN billing._without_silence(m.profile, h.profile, s.spans) END AS profile OFFSET 0) w
		 CROSS JOIN LATERAL (SELECT billing.estimate(w.profile, c.rules, h.profile, g.registers, c.market) AS profile OFFSET 0) f
		 CROSS JOIN LATERAL (
			SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('from', x.from_at, 'until', x.until_at, 'slots', x.slots, 'method', x.method, 'kwh', x.energy_kwh,
						'unscaled_kwh', x.unscaled_kwh, 'days', x.like_days, 'register', x.register_during, 'reason', x.reason)) ORDER BY x.from_at) AS spans,
				   count(*) FILTER (WHERE x.method = 'none') AS undone,
				   -- silence that cannot be estimated is left as it was read
				   count(*) > 0 AND count(*) FILTER (WHERE x.method = 'none') <= s.undone AS better
			  FROM billing.estimation(w.profile, c.rules, h.profile, g.registers, c.market) x) t),
	version AS MATERIALIZED (
		SELECT j.account_id, j.part, j.channel, r.from_on, r.digest AS digest_before, r.profile AS before, q.profile, j.rule_set_id, j.reason,
			   (SELECT jsonb_agg(x.value ORDER BY x.n) FROM jsonb_array_elements(j.spans) WITH ORDINALITY x(value, n)
				 WHERE (x.value ->> 'from')::timestamptz < billing.until_at(r.profile) AND (x.value ->> 'until')::timestamptz > billing.start_at(r.profile)) AS spans
		  FROM filled j
		 CROSS JOIN LATERAL (SELECT r.from_on, r.digest, r.profile FROM billing.reading r
							  WHERE r.account_id = j.account_id AND r.part = j.part AND r.channel = j.channel AND r.from_on >= j.from_on AND r.until_on <= j.until_on
								AND r.until_on > j.billed_to
								AND billing.unit(r.profile) = j.unit AND billing.slot(r.profile) = j.slot AND billing.time_zone(r.profile) = j.zone) r
		 CROSS JOIN LATERAL (SELECT billing._version_of(r.profile, j.profile, j.billed_to) AS profile OFFSET 0) q
		 WHERE billing.digest(q.profile) <> r.digest),
	written AS (
		UPDATE billing.reading r SET profile = v.profile FROM version v
		 WHERE r.account_id = v.account_id AND r.from_on = v.from_on AND r.part = v.part AND r.channel = v.channel AND r.digest = v.digest_before
		RETURNING r.account_id, r.from_on, r.part, r.channel, r.org_id, r.digest, v.digest_before, v.rule_set_id, v.spans, v.reason,
			billing._kwh(v.profile) - billing._kwh(v.before) AS change_kwh),
	acted AS (
		INSERT INTO billing.validation_action (account_id, org_id, part, channel, from_on, kind, run_id, rule_set_id, spans, reason, change_kwh, digest_before, digest_after)
		SELECT w.account_id, w.org_id, w.part, w.channel, w.from_on, 'estimation', _estimate_range.run_id, w.rule_set_id, coalesce(w.spans, '[]'), w.reason, w.change_kwh, w.digest_before, w.digest
		  FROM written w ORDER BY w.account_id, w.from_on, w.part, w.channel),
	settled AS (
		-- validated as it was: estimates are not questioned again
		UPDATE billing.validation_result o SET digest = w.digest FROM written w
		 WHERE o.account_id = w.account_id AND o.from_on = w.from_on AND o.part = w.part AND o.channel = w.channel AND o.digest = w.digest_before)
	SELECT (SELECT count(*) FROM held), count(*), coalesce(sum(f.slots), 0), coalesce(sum(f.undone), 0), (SELECT count(*) FROM written)
	  INTO accounts, profiles, readings, findings, changed FROM filled f;
END $$;
COMMENT ON FUNCTION billing._estimate_range(bigint, bigint, date, date, boolean, bigint, bigint) IS
'estimates what is missing in the validated readings of a range of accounts, by the rules that hold for each, and writes down how';

CREATE FUNCTION billing._work_safely(stage text, run_id bigint, org_id bigint, from_on date, until_on date, again boolean, first_account bigint, last_account bigint,
									 OUT accounts integer, OUT profiles integer, OUT readings bigint, OUT findings integer, OUT changed integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- An error of one account takes the statement with it: halve the range until the culprit is alone.
DECLARE
	part	record;
	due		record;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	failed := 0;
	BEGIN
		IF _work_safely.stage = 'validation' THEN
			SELECT r.accounts, r.profiles, r.readings, r.findings, r.changed INTO accounts, profiles, readings, findings, changed
			  FROM billing._validate_range(_work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on, _work_safely.again,
										   _work_safely.first_account, _work_safely.last_account) r;
		ELSE
			SELECT r.accounts, r.profiles, r.readings, r.findings, r.changed INTO accounts, profiles, readings, findings, changed
			  FROM billing._estimate_range(_work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on, _work_safely.again,
										   _work_safely.first_account, _work_safely.last_account) r;
		END IF;
		RETURN;
	EXCEPTION
		-- these are of the run, not of an account
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	SELECT count(*) AS accounts, min(h.account_id) AS first, max(h.account_id) AS last, percentile_disc(0.5) WITHIN GROUP (ORDER BY h.account_id) AS middle INTO due
	  FROM billing.account_head h
	 WHERE h.org_id = _work_safely.org_id AND h.account_id BETWEEN _work_safely.first_account AND _work_safely.last_account
	   AND NOT EXISTS (SELECT FROM billing.validation_exception x WHERE x.account_id = h.account_id AND x.run_id = _work_safely.run_id);
	accounts := 0;
	profiles := 0;
	readings := 0;
	findings := 0;
	changed := 0;
	IF due.accounts = 1 THEN
		INSERT INTO billing.validation_exception (account_id, run_id, org_id, sqlstate, message, detail, hint)
		VALUES (due.first, _work_safely.run_id, _work_safely.org_id, code, message, nullif(detail, ''), nullif(hint, ''));
		accounts := 1;
		failed := 1;
	ELSIF due.accounts > 1 THEN
		FOR part IN SELECT q.* FROM (VALUES (due.first, due.middle), (due.middle + 1, due.last)) v(first, last),
							LATERAL billing._work_safely(_work_safely.stage, _work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on,
														 _work_safely.again, v.first, v.last) q
		LOOP
			accounts := accounts + part.accounts;
			profiles := profiles + part.profiles;
			readings := readings + part.readings;
			findings := findings + part.findings;
			changed := changed + part.changed;
			failed := failed + part.failed;
		END LOOP;
	END IF;
END $$;
COMMENT ON FUNCTION billing._work_safely(text, bigint, bigint, date, date, boolean, bigint, bigint) IS
'validates or estimates a range; whose readings cannot be worked on stands alone as an exception in the end';

CREATE FUNCTION billing._validation_chunk(run_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- a chunk is small beside its tables: always by their keys, whatever the statistics say
SET enable_mergejoin = off
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
-- Definer: other versions of readings, and what is written down of them, for who may write readings at the chunk's org.
DECLARE
	chunk	record;
	done	record;
BEGIN
	SELECT c.run_id, c.chunk_no, c.org_id, c.first_account, c.last_account, c.accounts, c.attempts, r.stage, r.from_on, r.until_on, r.again INTO chunk
	  FROM billing.validation_chunk c JOIN billing.validation_run r ON r.run_id = c.run_id
	 WHERE c.run_id = _validation_chunk.run_id AND c.done_at IS NULL
	 ORDER BY c.attempts, c.chunk_no LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	-- at each chunk anew: a right may have gone since the run began
	IF NOT (billing.can_write(chunk.org_id, 'reading') AND billing.can_read(chunk.org_id, 'account')) THEN
		RAISE EXCEPTION 'this needs the rights to write reading and to read account at the run''s org'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF chunk.attempts >= 2 THEN
		-- others were busy with some of these accounts twice: now wait for them
		PERFORM FROM billing.account_head h
		  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account ORDER BY h.account_id FOR NO KEY UPDATE;
	END IF;
	SELECT q.accounts, q.profiles, q.readings, q.findings, q.changed, q.failed INTO done
	  FROM billing._work_safely(chunk.stage, chunk.run_id, chunk.org_id, chunk.from_on, chunk.until_on, chunk.again, chunk.first_account, chunk.last_account) q;
	UPDATE billing.validation_chunk c
	   SET attempts = c.attempts + 1, profiles = c.profiles + done.profiles, readings = c.readings + done.readings, findings = c.findings + done.findings,
		   changed = c.changed + done.changed, failed = c.failed + done.failed,
		   -- passed over were those that somebody else works on; an account that has moved away is its new org's
		   done_at = CASE WHEN chunk.attempts >= 2 OR done.accounts + c.failed >= (
				SELECT count(*) FROM billing.account_head h WHERE h.org_id = c.org_id AND h.account_id BETWEEN c.first_account AND c.last_account) THEN clock_timestamp() END
	 WHERE c.run_id = chunk.run_id AND c.chunk_no = chunk.chunk_no;
	RETURN done.profiles + done.failed;
END $$;
COMMENT ON FUNCTION billing._validation_chunk(bigint) IS 'does one chunk of a run that nobody else has; returns how many profiles it settled; null: none is left';

CREATE FUNCTION billing._start_validation(stage text, org_no text, from_on date, until_on date, again boolean, chunk_size integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes down the run and its chunks, for who may write readings there.
DECLARE
	at_org	bigint := billing._org_of(_start_validation.org_no, 'write', 'reading');
	run		bigint;
BEGIN
	IF NOT billing.can_read(at_org, 'account') THEN
		RAISE EXCEPTION 'this needs the right to read account too' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF NOT isfinite(_start_validation.from_on) OR NOT isfinite(_start_validation.until_on) OR _start_validation.until_on <= _start_validation.from_on
	   OR _start_validation.until_on - _start_validation.from_on > 366 THEN
		RAISE EXCEPTION 'a run is of some days, at most a year' USING ERRCODE = 'invalid_parameter_value', HINT = 'The day until which it goes comes after the first.';
	END IF;
	IF _start_validation.chunk_size NOT BETWEEN 1 AND 100000 THEN
		RAISE EXCEPTION 'a chunk has 1 to 100000 accounts' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- who comes second takes part in the first one's run
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_validation %s %s %s %s', _start_validation.stage, at_org,
		_start_validation.from_on - date '2000-01-01', _start_validation.until_on - date '2000-01-01'), 0));
	SELECT r.run_id INTO run FROM billing.validation_run r
	 WHERE r.org_id = at_org AND r.stage = _start_validation.stage AND r.from_on = _start_validation.from_on AND r.until_on = _start_validation.until_on
	   AND r.finished_at IS NULL;
	IF FOUND THEN
		RETURN run;
	END IF;
	INSERT INTO billing.validation_run AS r (org_id, stage, from_on, until_on, again)
	VALUES (at_org, _start_validation.stage, _start_validation.from_on, _start_validation.until_on, _start_validation.again) RETURNING r.run_id INTO run;
	INSERT INTO billing.validation_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, row_number() OVER (ORDER BY q.org_id, q.part), q.org_id, min(q.account_id), max(q.account_id), count(*)
	  FROM (SELECT h.org_id, h.account_id, (row_number() OVER (PARTITION BY h.org_id ORDER BY h.account_id) - 1) / _start_validation.chunk_size AS part
			  FROM billing.account_head h
			 WHERE h.org_id = ANY (billing._orgs_below(at_org))) q
	 GROUP BY q.org_id, q.part;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_validation(text, text, date, date, boolean, integer) IS 'the open run of an org over these days, or a new one cut into chunks';

CREATE FUNCTION billing._finish_validation(run_id bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: closes the run when its last chunk is done.
DECLARE
	run	record;
BEGIN
	SELECT r.stage, count(*) FILTER (WHERE c.run_id IS NOT NULL AND c.done_at IS NULL) AS waiting, coalesce(sum(c.profiles), 0) AS profiles, coalesce(sum(c.readings), 0) AS readings,
		   coalesce(sum(c.findings), 0) AS findings, coalesce(sum(c.changed), 0) AS changed, coalesce(sum(c.failed), 0) AS failed INTO run
	  FROM billing.validation_run r LEFT JOIN billing.validation_chunk c ON c.run_id = r.run_id WHERE r.run_id = _finish_validation.run_id GROUP BY r.run_id;
	IF run.waiting = 0 THEN
		UPDATE billing.validation_run r SET finished_at = clock_timestamp() WHERE r.run_id = _finish_validation.run_id AND r.finished_at IS NULL;
	END IF;
	RETURN format(CASE run.stage WHEN 'validation' THEN 'Run %s: %s readings in %s profiles, %s findings, %s rows changed, %s exceptions%s.'
								 ELSE 'Run %s: %s readings in %s profiles, %s spans left missing, %s rows changed, %s exceptions%s.' END,
		_finish_validation.run_id, run.readings, run.profiles, run.findings, run.changed, run.failed,
		CASE WHEN run.waiting > 0 THEN format('; %s chunks are with other sessions', run.waiting) ELSE '' END);
END $$;
COMMENT ON FUNCTION billing._finish_validation(bigint) IS 'closes a run of which nothing is left, and says what it did';

-- The drivers only call and commit, as run_bills().
CREATE PROCEDURE billing.validate_readings(org_no text, from_on date, until_on date, again boolean DEFAULT false, chunk_size integer DEFAULT 1000,
										   INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run		bigint;
	settled	integer;
BEGIN
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.validate_readings(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	run := billing._start_validation('validation', org_no, from_on, until_on, again, chunk_size);
	COMMIT;
	LOOP
		settled := billing._validation_chunk(run);
		COMMIT;
		EXIT WHEN settled IS NULL;
	END LOOP;
	result := billing._finish_validation(run);
END $$;
COMMENT ON PROCEDURE billing.validate_readings(text, date, date, boolean, integer, text) IS
'checks the readings of an org, and of all below it, that touch these days, by the rules that hold for each, in chunks that commit: what they reject is '
'missing from then on, what they suspect is marked; days that are billed stay. What was validated as it is, by the same rules, is passed over, unless again. '
'Stopped or killed, the same call goes on where it was; called in several sessions, they share the work';

CREATE PROCEDURE billing.estimate_readings(org_no text, from_on date, until_on date, again boolean DEFAULT false, chunk_size integer DEFAULT 1000,
										   INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run		bigint;
	settled	integer;
BEGIN
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.estimate_readings(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	run := billing._start_validation('estimation', org_no, from_on, until_on, again, chunk_size);
	COMMIT;
	LOOP
		settled := billing._validation_chunk(run);
		COMMIT;
		EXIT WHEN settled IS NULL;
	END LOOP;
	result := billing._finish_validation(run);
END $$;
COMMENT ON PROCEDURE billing.estimate_readings(text, date, date, boolean, integer, text) IS
'estimates what is missing in readings of an org, and of all below it, that touch these days and were validated: by a line, or like days on both sides, '
'scaled to the register; each estimate with its method in validation_action. With again also what was estimated before, as when a register was read later';

-- ---- editing ----

CREATE FUNCTION billing._change_kwh(before billing.profile, after billing.profile)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- slot by slot: what goes from one hour to another is a change too
	SELECT CASE WHEN billing.unit(_change_kwh.before) IN ('Wh', 'varh', 'VAh')
				THEN (SELECT trim_scale(coalesce(sum(abs(coalesce(a.value, 0) - coalesce(b.value, 0))), 0) / 1000)
						FROM billing.slots(_change_kwh.before) b FULL JOIN billing.slots(_change_kwh.after) a ON a.at = b.at) END;
END;
COMMENT ON FUNCTION billing._change_kwh(billing.profile, billing.profile) IS 'how much energy differs, slot by slot; null for levels';

CREATE FUNCTION billing._before_action(account_id bigint, action_id bigint)
RETURNS billing.profile
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	action	billing.validation_action;
	there	record;
	before	billing.profile;
BEGIN
	SELECT c.* INTO action FROM billing.validation_action c WHERE c.account_id = _before_action.account_id AND c.action_id = _before_action.action_id;
	SELECT r.until_on, r.digest, r.profile INTO there FROM billing.reading r
	 WHERE r.account_id = action.account_id AND r.from_on = action.from_on AND r.part = action.part AND r.channel = action.channel;
	IF there.digest IS DISTINCT FROM action.digest_after THEN
		RAISE EXCEPTION 'the readings have changed since action %', _before_action.action_id
			USING ERRCODE = 'UB602', HINT = 'Take back what came later first, or edit them.';
	END IF;
	-- nothing came later, so what was kept since is what it replaced; the other days are as they are
	SELECT billing.concat_agg(q.profile) INTO before
	  FROM (SELECT s.profile FROM billing.reading_superseded s
			 WHERE s.account_id = action.account_id AND s.part = action.part AND s.channel = action.channel AND s.replaced_at >= action.at
			   AND s.from_on >= action.from_on AND s.until_on <= there.until_on
			UNION ALL
			SELECT billing.slice(there.profile, daterange(d.day, d.day + 1))
			  FROM (SELECT action.from_on + n AS day FROM generate_series(0, there.until_on - action.from_on - 1) n) d
			 WHERE NOT EXISTS (SELECT FROM billing.reading_superseded s
								WHERE s.account_id = action.account_id AND s.part = action.part AND s.channel = action.channel AND s.replaced_at >= action.at
								  AND s.from_on <= d.day AND s.until_on > d.day AND s.from_on >= action.from_on)) q;
	IF billing.digest(before) IS DISTINCT FROM action.digest_before THEN
		RAISE EXCEPTION 'what was there before action % is not kept', _before_action.action_id USING ERRCODE = 'UB602', HINT = 'Edit the readings.';
	END IF;
	RETURN before;
END $$;
COMMENT ON FUNCTION billing._before_action(bigint, bigint) IS 'a row of readings as it was before the last action on it, from what is kept of it';

-- Rows that touch the span: what they are together, and what becomes of them.
CREATE FUNCTION billing._edited(edit billing.reading_edit, OUT billed boolean, OUT digest bytea, OUT before billing.profile, OUT after billing.profile)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	billed_to	date;
BEGIN
	SELECT h.billed_to INTO billed_to FROM billing.account_head h WHERE h.account_id = edit.account_id FOR NO KEY UPDATE;
	SELECT sha256(string_agg(r.digest, ''::bytea ORDER BY r.from_on)), billing.concat_agg(r.profile) INTO digest, before
	  FROM billing.reading r
	 WHERE r.account_id = edit.account_id AND r.part = edit.part AND r.channel = edit.channel
	   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.until_at::date + 2
	   AND billing.start_at(r.profile) < edit.until_at AND billing.until_at(r.profile) > edit.from_at;
	IF before IS NULL OR billing.start_at(before) > edit.from_at OR billing.until_at(before) < edit.until_at THEN
		RAISE EXCEPTION 'there are no readings of all of this time'
			USING ERRCODE = 'UB103', DETAIL = CASE WHEN before IS NULL THEN 'There are none.' ELSE format('There are: %s.', billing.during(before)) END,
				  HINT = 'What has not come at all is recorded, not edited.';
	END IF;
	after := CASE edit.kind WHEN 'values' THEN billing.edit(before, edit.from_at, edit."values", edit.quality, edit.unit)
							WHEN 'quality' THEN billing.set_quality(before, edit.from_at, edit.until_at, edit.quality)
							ELSE billing._before_action(edit.account_id, edit.undoes) END;
	billed := coalesce(billing.slice(before, daterange(NULL, billed_to)) OPERATOR(billing.<>) billing.slice(after, daterange(NULL, billed_to)), false);
END $$;
COMMENT ON FUNCTION billing._edited(billing.reading_edit) IS
'the readings that an edit is about, as they are and as it makes them, with the account''s head locked; billed: it changes days that are billed';

CREATE FUNCTION billing._apply_edit(edit billing.reading_edit, after billing.profile, approved_by text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	n	integer;
BEGIN
	WITH version AS MATERIALIZED (
		SELECT r.account_id, r.from_on, r.part, r.channel, r.digest AS digest_before, r.profile AS before, q.profile
		  FROM billing.reading r
		 CROSS JOIN LATERAL (SELECT billing.slice(_apply_edit.after, billing.start_at(r.profile), billing.until_at(r.profile)) AS profile OFFSET 0) q
		 WHERE r.account_id = edit.account_id AND r.part = edit.part AND r.channel = edit.channel
		   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.until_at::date + 2
		   AND billing.start_at(r.profile) < edit.until_at AND billing.until_at(r.profile) > edit.from_at
		   AND billing.digest(q.profile) <> r.digest),
	written AS (
		UPDATE billing.reading r SET profile = v.profile FROM version v
		 WHERE r.account_id = v.account_id AND r.from_on = v.from_on AND r.part = v.part AND r.channel = v.channel
		RETURNING r.account_id, r.from_on, r.until_on, r.part, r.channel, r.org_id, r.digest, v.digest_before, v.profile, v.before,
			billing._kwh(v.profile) - billing._kwh(v.before) AS change_kwh),
	settled AS (
		-- taken back, it is what was there, and not validated by that
		UPDATE billing.validation_result o SET digest = CASE WHEN edit.kind = 'undo' THEN ''::bytea ELSE w.digest END FROM written w
		 WHERE o.account_id = w.account_id AND o.from_on = w.from_on AND o.part = w.part AND o.channel = w.channel AND o.digest = w.digest_before),
	late AS (
		-- days that are billed already, each by itself so that it can be settled with its bill
		SELECT w.account_id, w.part, w.channel, w.org_id, d.day, billing._kwh(billing.slice(w.profile, daterange(d.day, d.day + 1)))
					- coalesce(billing._kwh(billing.slice(w.before, daterange(d.day, d.day + 1))), 0) AS change_kwh
		  FROM written w
		  JOIN billing.account_head h ON h.account_id = w.account_id AND h.billed_to > w.from_on
		 CROSS JOIN LATERAL (SELECT w.from_on + n AS day FROM generate_series(0, least(w.until_on, h.billed_to) - w.from_on - 1) n) d
		 WHERE billing.slice(w.profile, daterange(d.day, d.day + 1)) OPERATOR(billing.<>) billing.slice(w.before, daterange(d.day, d.day + 1))),
	told AS (
		INSERT INTO billing.late_reading (account_id, part, channel, from_on, until_on, org_id, change_kwh)
		SELECT l.account_id, l.part, l.channel, min(l.day), max(l.day) + 1, l.org_id, coalesce(sum(l.change_kwh), 0)
		  FROM (SELECT l.*, l.day - (row_number() OVER (ORDER BY l.day))::integer AS island FROM late l) l
		 GROUP BY l.account_id, l.part, l.channel, l.org_id, l.island)
	INSERT INTO billing.validation_action (account_id, org_id, part, channel, from_on, kind, edit_id, spans, reason, author, approved_by, change_kwh, digest_before, digest_after)
	SELECT w.account_id, w.org_id, w.part, w.channel, w.from_on, CASE WHEN edit.kind = 'undo' THEN 'undo' ELSE 'edit' END, edit.edit_id,
		   jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('from', edit.from_at, 'until', edit.until_at, 'quality', edit.quality, 'undoes', edit.undoes))), edit.reason, edit.author, _apply_edit.approved_by,
		   w.change_kwh, w.digest_before, w.digest
	  FROM written w;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing._apply_edit(billing.reading_edit, billing.profile, text) IS 'writes what an edit makes of the readings, and who did it; returns how many rows';

CREATE FUNCTION billing._propose_edit(account_no text, edit billing.reading_edit)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id	bigint := billing._account_of(_propose_edit.account_no, 'write', 'reading');
	made		record;
	rules		jsonb;
	small		boolean;
BEGIN
	edit.account_id := found_id;
	SELECT a.org_id INTO edit.org_id FROM billing.account a WHERE a.account_id = found_id;
	edit.edit_id := nextval('billing.reading_edit_edit_id_seq');
	edit.author := billing.actor();
	edit.proposed_at := clock_timestamp();
	edit.note := '';
	IF coalesce(edit.reason, '') = '' THEN
		RAISE EXCEPTION 'an edit has a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'Say what is known better, and from where.';
	END IF;
	IF NOT coalesce(isfinite(edit.from_at) AND isfinite(edit.until_at) AND edit.from_at < edit.until_at, false) THEN
		RAISE EXCEPTION 'an edit is of some time' USING ERRCODE = 'invalid_parameter_value', HINT = 'From a moment on, up to a later one.';
	END IF;
	made := billing._edited(edit);
	edit.digest_before := made.digest;
	edit.change_kwh := billing._change_kwh(made.before, made.after);
	rules := billing._rules_of('editing', edit.org_id, (SELECT p.plan_id FROM billing.account_plan p
		WHERE p.account_id = found_id AND p.from_on <= edit.from_at::date ORDER BY p.from_on DESC LIMIT 1), edit.part, edit.channel, edit.from_at::date);
	-- what is billed is never one person's
	small := NOT made.billed AND edit.change_kwh <= greatest(coalesce((rules ->> 'kwh')::numeric, 10), coalesce((rules ->> 'percent')::numeric, 10) / 100 * billing._kwh(made.before));
	edit.state := CASE WHEN small THEN 'applied' ELSE 'pending' END;
	INSERT INTO billing.reading_edit OVERRIDING SYSTEM VALUE SELECT edit.*;
	IF small THEN
		PERFORM billing._apply_edit(edit, made.after, NULL);
	END IF;
	PERFORM billing._audit(edit.org_id, 'edit_reading', format('account %s', _propose_edit.account_no),
		jsonb_build_object('edit_id', edit.edit_id, 'part', edit.part, 'channel', edit.channel, 'from', edit.from_at, 'until', edit.until_at, 'quality', edit.quality,
						   'change_kwh', edit.change_kwh, 'state', edit.state, 'reason', edit.reason));
	RETURN edit.edit_id;
END $$;
COMMENT ON FUNCTION billing._propose_edit(text, billing.reading_edit) IS 'writes an edit down, and carries it out if one person alone may';

CREATE FUNCTION billing.edit_reading(account_no text, from_at timestamptz, "values" numeric[], reason text, channel text DEFAULT 'import', part text DEFAULT 'main',
									 unit text DEFAULT NULL, quality text DEFAULT 'corrected')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
-- Definer: another version of readings, for who may write them.
DECLARE
	found_id	bigint := billing._account_of(edit_reading.account_no, 'write', 'reading');
	edit		billing.reading_edit;
	slot		interval;
BEGIN
	edit.kind := 'values';
	edit.part := part;
	edit.channel := channel;
	edit.from_at := from_at;
	edit."values" := "values";
	edit.unit := unit;
	edit.quality := quality;
	edit.reason := reason;
	-- how long a slot is, and so where the last one ends, the row says that has the first
	SELECT billing.slot(r.profile) INTO slot FROM billing.reading r
	 WHERE r.account_id = found_id AND r.part = edit.part AND r.channel = edit.channel
	   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.from_at::date + 2
	   AND billing.start_at(r.profile) <= edit.from_at AND billing.until_at(r.profile) > edit.from_at LIMIT 1;
	IF slot IS NULL THEN
		RAISE EXCEPTION 'there are no readings of all of this time' USING ERRCODE = 'UB103', DETAIL = 'There are none.',
			HINT = 'What has not come at all is recorded, not edited.';
	END IF;
	edit.until_at := edit.from_at + slot * coalesce(cardinality("values"), 0);
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.edit_reading(text, timestamptz, numeric[], text, text, text, text, text) IS
'other values for readings of an account from a moment on, one a slot, null for missing, in the plain unit (Wh) or the one named; they are corrected, unless another '
'quality is named. A change larger than set_editing_rules() allows, or of days that are billed, waits for decide_edit() by another person; of billed days it is left in late_reading '
'for whoever corrects bills. Returns edit_id';

CREATE FUNCTION billing.mark_reading(account_no text, from_at timestamptz, until_at timestamptz, quality text, reason text, channel text DEFAULT 'import', part text DEFAULT 'main')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
-- Definer: as edit_reading().
DECLARE
	edit	billing.reading_edit;
BEGIN
	edit.kind := 'quality';
	edit.part := part;
	edit.channel := channel;
	edit.from_at := from_at;
	edit.until_at := until_at;
	edit.quality := quality;
	edit.reason := reason;
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.mark_reading(text, timestamptz, timestamptz, text, text, text, text) IS
'the quality of a span of an account''s readings: corrected confirms what validation suspected, missing rejects it, so that estimate_readings() fills it; otherwise as edit_reading()';

CREATE FUNCTION billing.undo_action(account_no text, action_id bigint, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as edit_reading().
DECLARE
	account	bigint := billing._account_of(undo_action.account_no, 'write', 'reading');
	edit	billing.reading_edit;
BEGIN
	SELECT c.action_id, c.part, c.channel, billing.start_at(r.profile), billing.until_at(r.profile)
	  INTO edit.undoes, edit.part, edit.channel, edit.from_at, edit.until_at
	  FROM billing.validation_action c
	  LEFT JOIN billing.reading r ON r.account_id = c.account_id AND r.from_on = c.from_on AND r.part = c.part AND r.channel = c.channel
	 WHERE c.account_id = account AND c.action_id = undo_action.action_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('action %s', undo_action.action_id));
	END IF;
	edit.kind := 'undo';
	edit.reason := undo_action.reason;
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.undo_action(text, bigint, text) IS
'readings as they were before the last action on them (billing_report.validation_action), as another version; a large change waits for a second person, as an edit. They are not validated then';

CREATE FUNCTION billing.decide_edit(edit_id bigint, approve boolean, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: carries out what another person has asked for, for who may approve readings there.
DECLARE
	edit	billing.reading_edit;
	made	record;
BEGIN
	SELECT e.* INTO edit FROM billing.reading_edit e WHERE e.edit_id = decide_edit.edit_id AND billing.can_do('approve', 'reading', e.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('edit %s', decide_edit.edit_id));
	END IF;
	-- the head first, as everywhere; then the edit as it is now
	PERFORM FROM billing.account_head h WHERE h.account_id = edit.account_id FOR NO KEY UPDATE;
	SELECT e.* INTO edit FROM billing.reading_edit e WHERE e.account_id = edit.account_id AND e.edit_id = decide_edit.edit_id;
	IF edit.state <> 'pending' THEN
		RAISE EXCEPTION 'edit % is decided already', decide_edit.edit_id
			USING ERRCODE = 'UB602', DETAIL = format('It is %s.', edit.state), HINT = 'Another change is another edit.';
	END IF;
	IF edit.author = billing.actor() THEN
		RAISE EXCEPTION 'a second person is needed' USING ERRCODE = 'UB603', DETAIL = 'You have proposed this edit.', HINT = 'Somebody else approves or refuses it.';
	END IF;
	IF approve THEN
		made := billing._edited(edit);
		IF made.digest <> edit.digest_before THEN
			RAISE EXCEPTION 'the readings are not those that edit % was meant for', decide_edit.edit_id
				USING ERRCODE = 'UB602', DETAIL = 'They have changed since.', HINT = 'Refuse it, and let it be proposed anew.';
		END IF;
		PERFORM billing._apply_edit(edit, made.after, billing.actor());
	END IF;
	UPDATE billing.reading_edit e
	   SET state = CASE WHEN approve THEN 'applied' ELSE 'refused' END, decided_by = billing.actor(), decided_at = clock_timestamp(), note = decide_edit.note
	 WHERE e.account_id = edit.account_id AND e.edit_id = edit.edit_id
	RETURNING e.state INTO edit.state;
	PERFORM billing._audit(edit.org_id, 'decide_edit', format('edit %s', edit.edit_id), jsonb_build_object('state', edit.state, 'note', decide_edit.note));
	RETURN edit.state;
END $$;
COMMENT ON FUNCTION billing.decide_edit(bigint, boolean, text) IS
'approves or refuses a large edit of readings: by who may approve readings there and has not proposed it (UB603); returns its state';

CREATE FUNCTION billing._unbilled(account_id bigint, OUT from_on date, OUT until_on date, OUT stops_on date, OUT usage_from text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: of the head, which is for who may read money, only the days, for who may read readings there.
BEGIN
	SELECT h.billed_to, least(current_date, h.stops_on), h.stops_on, h.usage_from INTO from_on, until_on, stops_on, usage_from
	  FROM billing.account_head h WHERE h.account_id = _unbilled.account_id AND billing.can_read(h.org_id, 'reading');
END $$;
COMMENT ON FUNCTION billing._unbilled(bigint) IS 'the days of an account, up to yesterday, that are not billed yet, the day from which it is not billed any more, and what it is billed by';

CREATE FUNCTION billing.hourly_readings(org_no text, from_on date, until_on date)
RETURNS TABLE (at timestamptz, expected bigint, actual bigint, estimated bigint, suspect bigint, missing bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.at, sum(c.expected)::bigint, sum(c.actual)::bigint, sum(c.estimated)::bigint, sum(c.suspect)::bigint, sum(c.missing)::bigint
	  FROM billing.org o
	  JOIN billing.reading r ON r.org_id = o.org_id AND r.from_on > hourly_readings.from_on - 31 AND r.from_on < hourly_readings.until_on AND r.until_on > hourly_readings.from_on
	 CROSS JOIN LATERAL billing.hourly_completeness(billing.slice(r.profile, daterange(hourly_readings.from_on, hourly_readings.until_on))) c
	 WHERE o.org_no = hourly_readings.org_no
	 GROUP BY c.at ORDER BY c.at;
END;
COMMENT ON FUNCTION billing.hourly_readings(text, date, date) IS 'which hours of some days came in, of the readings of an org (without those below it): all its meters together';
