-- What the kinds of rules do to the steps: first one quantity, taken from or put onto what a part has of a channel.
CREATE FUNCTION billing._spread(lines billing.formed_line[], rule billing.forming_rule, channel text, shaped boolean, quantity numeric, sign integer, basis text)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	whole	billing.profile;
	piece	billing.profile;
	made	billing.formed_line[];
BEGIN
	IF _spread.shaped THEN
		SELECT billing.sum(l.profile) INTO whole FROM unnest(_spread.lines) l WHERE l.part = rule.part AND l.channel = _spread.channel AND l.profile IS NOT NULL;
		-- an idle transformer loses as much in every slot
		piece := billing.portion(CASE WHEN billing.energy_kwh(whole) = 0 AND _spread.quantity > 0
			THEN billing.profile(billing.start_at(whole), billing.slot(whole), array_fill(1::bigint, ARRAY[billing.slot_count(whole)]), billing.unit(whole), billing.time_zone(whole))
			ELSE whole END, _spread.quantity);
		made := ARRAY[billing._formed_line(rule.kind, rule.rule_no, rule.part, _spread.channel, '', _spread.sign * _spread.quantity,
			EXISTS (SELECT FROM billing.qualities(piece) k WHERE k.quality <> 'actual'), CASE WHEN _spread.sign < 0 THEN billing.negate(piece) ELSE piece END,
			rule.other_id, rule.other_part, _spread.basis)];
	ELSE
		WITH cell AS (
			SELECT l.period, greatest(sum(l.kwh), 0) AS kwh, bool_or(l.estimated) AS estimated FROM unnest(_spread.lines) l
			 WHERE l.part = rule.part AND l.channel = _spread.channel AND l.profile IS NULL AND (rule.period = '' OR l.period = rule.period OR _spread.channel <> 'import')
			 GROUP BY l.period),
		share AS (
			SELECT array_agg(c.period ORDER BY c.period) AS periods, array_agg(c.estimated ORDER BY c.period) AS estimated,
				   billing.split_kwh(_spread.quantity, CASE WHEN sum(c.kwh) > 0 THEN array_agg(c.kwh ORDER BY c.period) ELSE array_agg(1::numeric ORDER BY c.period) END,
									 rule.step_kwh) AS amounts
			  FROM cell c)
		SELECT array_agg(billing._formed_line(rule.kind, rule.rule_no, rule.part, _spread.channel, s.period, _spread.sign * s.kwh, s.estimated, NULL,
											  rule.other_id, rule.other_part, _spread.basis) ORDER BY s.period) INTO made
		  FROM share, unnest(share.periods, share.estimated, share.amounts) s(period, estimated, kwh);
		IF made IS NULL THEN
			RAISE EXCEPTION 'a rule has no energy to work on'
				USING ERRCODE = 'UB126', DETAIL = format('Rule %s%s: part %s has no %s%s.', rule.rule_no, billing._of_account(rule.account_id), rule.part, _spread.channel,
					CASE WHEN rule.period = '' THEN '' ELSE format(' in period %s', rule.period) END), HINT = 'Correct the part or the period of the rule.';
		END IF;
	END IF;
	-- what goes to another part of the account itself arrives there
	IF _spread.sign < 0 AND rule.other_id IS NULL THEN
		made := made || (SELECT array_agg(billing._formed_line(l.kind, l.rule_no, rule.other_part, l.channel, l.period, -l.kwh, l.estimated, billing.negate(l.profile), NULL, rule.part, l.basis))
						   FROM unnest(made) l);
	END IF;
	RETURN _spread.lines || made;
END $$;
COMMENT ON FUNCTION billing._spread(billing.formed_line[], billing.forming_rule, text, boolean, numeric, integer, text) IS
'adds the steps that put a quantity onto a part, or take it from there, in proportion to what is there';

-- what parts have of their channels so far; shaped: as profiles
CREATE FUNCTION billing._formed_sets(lines billing.formed_line[], part text)
RETURNS TABLE (channel text, shaped boolean, kwh numeric)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 2
BEGIN ATOMIC
	SELECT l.channel, l.profile IS NOT NULL, sum(l.kwh) FROM unnest(_formed_sets.lines) l
	 WHERE l.part = _formed_sets.part AND l.channel <> 'demand' GROUP BY 1, 2 ORDER BY 1, 2;
END;
COMMENT ON FUNCTION billing._formed_sets(billing.formed_line[], text) IS 'what a part has of each channel, by registers and by profile';

-- ---- the kinds of rules ----

CREATE FUNCTION billing._add_loss(lines billing.formed_line[], rule billing.forming_rule, from_on date, until_on date)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	hours		numeric := 24 * (_add_loss.until_on - _add_loss.from_on);
	months		numeric := billing._months(_add_loss.from_on, _add_loss.until_on);
	of_set		record;
	squares		numeric;
	active		numeric;
	reactive	numeric := 0;
	basis		text;
BEGIN
	FOR of_set IN SELECT a.shaped, a.kwh, coalesce(r.kwh, 0) AS kvarh, r.kwh IS NOT NULL AS has_reactive
					FROM billing._formed_sets(_add_loss.lines, rule.part) a
					LEFT JOIN billing._formed_sets(_add_loss.lines, rule.part) r ON r.channel = 'reactive_import' AND r.shaped = a.shaped
				   WHERE a.channel = 'import' LOOP
		squares := of_set.kwh * of_set.kwh + of_set.kvarh * of_set.kvarh;
		IF rule.kind = 'line_loss' THEN
			active := CASE WHEN rule.ratio IS NOT NULL THEN of_set.kwh * rule.ratio ELSE rule.factor * rule.ohm * squares / (rule.kv * rule.kv * hours * 1000) END;
			basis := CASE WHEN rule.ratio IS NOT NULL THEN format('%s of %s kWh', trim_scale(rule.ratio), trim_scale(of_set.kwh))
						  ELSE format('%s ohm at %s kV, %s hours', trim_scale(rule.ohm), trim_scale(rule.kv), hours) END;
		ELSIF rule.table_code IS NOT NULL THEN
			SELECT t.loss_kwh * months, t.loss_kvarh * months, format('table %s, %s kVA from %s kWh, %s months', t.table_code, trim_scale(t.kva), trim_scale(t.kwh_from), trim_scale(round(months, 6)))
			  INTO active, reactive, basis
			  FROM billing.loss_table t
			 WHERE t.table_code = rule.table_code AND t.kva = rule.kva AND t.kwh_from <= of_set.kwh / months ORDER BY t.kwh_from DESC LIMIT 1;
			IF NOT FOUND THEN
				RAISE EXCEPTION 'the table of losses has nothing for this transformer'
					USING ERRCODE = 'UB126', DETAIL = format('Table %s, %s kVA, %s kWh a month.', rule.table_code, trim_scale(rule.kva), trim_scale(round(of_set.kwh / months, 3))),
						  HINT = 'add_loss_table() completes it.';
			END IF;
		ELSE
			active := rule.iron_kw * hours + rule.factor * rule.copper_kw * squares / (rule.kva * rule.kva * hours);
			reactive := coalesce(rule.no_load_percent, 0) / 100 * rule.kva * hours + rule.factor * coalesce(rule.impedance_percent, 0) / 100 * squares / (rule.kva * hours);
			basis := format('%s kVA: iron %s kW, copper %s kW, %s hours', trim_scale(rule.kva), trim_scale(rule.iron_kw), trim_scale(rule.copper_kw), hours);
		END IF;
		lines := billing._spread(lines, rule, 'import', of_set.shaped, round(active / rule.step_kwh) * rule.step_kwh, 1, basis);
		IF of_set.has_reactive AND round(reactive / rule.step_kwh) > 0 THEN
			lines := billing._spread(lines, rule, 'reactive_import', of_set.shaped, round(reactive / rule.step_kwh) * rule.step_kwh, 1, basis);
		END IF;
	END LOOP;
	RETURN lines;
END $$;
COMMENT ON FUNCTION billing._add_loss(billing.formed_line[], billing.forming_rule, date, date) IS 'adds the losses of a transformer or a line to the part that pays them';

CREATE FUNCTION billing._deduct(lines billing.formed_line[], rule billing.forming_rule, gross billing.formed_line[])
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	behind	billing.formed_line[] := billing._gross_of(_deduct.gross, rule.other_id);
	made	billing.formed_line[];
BEGIN
	PERFORM FROM unnest(behind) l WHERE l.part = rule.other_part AND l.channel = 'import';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'nothing is known of the meter that is deducted'
			USING ERRCODE = 'UB122', DETAIL = format('Rule %s%s deducts part %s%s.', rule.rule_no, billing._of_account(rule.account_id), rule.other_part, billing._of_account(rule.other_id)),
				  HINT = 'Its readings are needed, or are not for you.';
	END IF;
	WITH have AS (
		SELECT s.channel, s.shaped, NOT EXISTS (SELECT FROM unnest(_deduct.lines) l WHERE l.part = rule.part AND l.channel = s.channel AND l.profile IS NULL AND l.period <> '') AS in_one
		  FROM billing._formed_sets(_deduct.lines, rule.part) s),
	sub AS (
		SELECT l.channel, l.profile IS NOT NULL AS shaped, CASE WHEN h.in_one THEN '' ELSE l.period END AS period, sum(l.kwh) AS kwh, bool_or(l.estimated) AS estimated,
			   billing.sum(l.profile) AS profile
		  FROM unnest(behind) l JOIN have h ON h.channel = l.channel AND h.shaped = (l.profile IS NOT NULL)
		 WHERE l.part = rule.other_part GROUP BY 1, 2, 3)
	SELECT array_agg(billing._formed_line('deduct', rule.rule_no, rule.part, s.channel, s.period, -s.kwh, s.estimated, billing.negate(s.profile), rule.other_id, rule.other_part, NULL)
					 ORDER BY s.channel, s.shaped, s.period)
	  INTO made FROM sub s;
	IF EXISTS (SELECT FROM billing._formed_sets(_deduct.lines, rule.part) h
				WHERE h.channel = 'import' AND NOT EXISTS (SELECT FROM unnest(made) m WHERE m.channel = 'import' AND (m.profile IS NOT NULL) = h.shaped))
		OR EXISTS (SELECT FROM unnest(made) m WHERE m.profile IS NULL
					AND NOT EXISTS (SELECT FROM unnest(_deduct.lines) l WHERE l.part = rule.part AND l.channel = m.channel AND l.profile IS NULL AND l.period = m.period)) THEN
		RAISE EXCEPTION 'the meter that is deducted does not measure as the main one does'
			USING ERRCODE = 'UB124', DETAIL = format('Rule %s%s: one has profiles and the other registers, or they have other periods.', rule.rule_no, billing._of_account(rule.account_id)),
				  HINT = 'Read both by slots, or both by the same registers.';
	END IF;
	RETURN _deduct.lines || made;
END $$;
COMMENT ON FUNCTION billing._deduct(billing.formed_line[], billing.forming_rule, billing.formed_line[]) IS 'takes off what the meter of another account behind this one has measured';

-- what several rules of one kind divide among them, each set of a part by itself
CREATE FUNCTION billing._divide(lines billing.formed_line[], account_id bigint, part text, kind text, from_on date, until_on date, gross billing.formed_line[])
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	before	billing.formed_line[] := _divide.lines;
	pool	billing.formed_line[];
	made	billing.formed_line[];
	rules	billing.forming_rule[];
	of_set	record;
	weights	numeric[];
	amounts	numeric[];
	step	numeric;
	n		integer;
BEGIN
	-- what the account keeps itself comes last
	SELECT array_agg(r ORDER BY r.other_id IS NULL AND r.other_part IS NULL, r.rule_no), max(r.step_kwh) INTO rules, step
	  FROM billing.forming_rule r
	 WHERE r.account_id = _divide.account_id AND r.part = _divide.part AND r.kind = _divide.kind
	   AND r.from_on < _divide.until_on AND (r.until_on IS NULL OR r.until_on > _divide.from_on);
	-- of losses only these are divided, by the energy of each
	SELECT array_agg(l) INTO pool FROM unnest(before) l WHERE l.part = _divide.part AND (_divide.kind <> 'loss_share' OR l.kind IN ('transformer_loss', 'line_loss'));
	FOR of_set IN SELECT s.channel, s.shaped, s.kwh FROM billing._formed_sets(pool, _divide.part) s
				   WHERE s.kwh > 0 AND (s.channel = 'import' OR _divide.kind <> 'fixed_ratio')
				  UNION ALL
				  -- joint accounts have the demand of their meter together, as they have its energy
				  SELECT 'demand', false, sum(l.kwh) FROM unnest(pool) l WHERE _divide.kind = 'share' AND l.part = _divide.part AND l.channel = 'demand' HAVING sum(l.kwh) > 0 LOOP
		weights := CASE _divide.kind
			WHEN 'share' THEN (SELECT array_agg(r.weight ORDER BY o) FROM unnest(rules) WITH ORDINALITY AS r(account_id, rule_no, org_id, kind, part, from_on, until_on, other_id, other_part,
				ratio, weight, kwh, kw, hours, period, step_kwh, table_code, kva, iron_kw, copper_kw, no_load_percent, impedance_percent, ohm, kv, factor, made_by, made_at, o))
			WHEN 'fixed_ratio' THEN (SELECT array_agg(r.ratio ORDER BY r.rule_no) || (1 - sum(r.ratio)) FROM unnest(rules) r)
			ELSE (SELECT array_agg(greatest(e.kwh, 0) ORDER BY r.rule_no) FROM unnest(rules) r
				   CROSS JOIN LATERAL (SELECT coalesce(sum(l.kwh), 0) AS kwh FROM unnest(billing._gross_of(_divide.gross, r.other_id)) l
										WHERE l.part = r.other_part AND l.channel = 'import' AND (l.profile IS NOT NULL) = of_set.shaped) e)
				|| (SELECT greatest(coalesce(sum(l.kwh), 0), 0) FROM unnest(before) l
					 WHERE l.part = _divide.part AND l.channel = 'import' AND (l.profile IS NOT NULL) = of_set.shaped AND l.kind NOT IN ('transformer_loss', 'line_loss')) END;
		IF EXISTS (SELECT FROM unnest(weights) w WHERE w < 0) OR (SELECT sum(w) FROM unnest(weights) w) = 0 THEN
			RAISE EXCEPTION 'shares do not divide the whole'
				USING ERRCODE = 'UB126', DETAIL = format('%s of part %s%s: ratios are above 1 together, or no weight is above zero.', _divide.kind, _divide.part, billing._of_account(_divide.account_id)),
					  HINT = 'Ratios are at most 1 together.';
		END IF;
		IF of_set.channel = 'demand' THEN
			-- kW are not in steps of kWh
			step := 0.000001;
			rules := ARRAY(SELECT jsonb_populate_record(r, '{"step_kwh": 0.000001}') FROM unnest(rules) r);
		END IF;
		amounts := billing.split_kwh(of_set.kwh, weights, step);
		FOR n IN 1 .. cardinality(rules) LOOP
			CONTINUE WHEN amounts[n] = 0 OR ((rules[n]).other_id IS NULL AND (rules[n]).other_part IS NULL);
			made := billing._spread(pool, rules[n], of_set.channel, of_set.shaped, amounts[n], -1,
				format('%s of %s', CASE _divide.kind WHEN 'fixed_ratio' THEN trim_scale((rules[n]).ratio)::text
					ELSE trim_scale(weights[n]) || '/' || trim_scale((SELECT sum(w) FROM unnest(weights) w)) END, trim_scale(of_set.kwh)));
			lines := lines || made[coalesce(cardinality(pool), 0) + 1:];
			pool := made;
		END LOOP;
	END LOOP;
	RETURN lines;
END $$;
COMMENT ON FUNCTION billing._divide(billing.formed_line[], bigint, text, text, date, date, billing.formed_line[]) IS 'joint accounts by their weights, fixed ratios, losses by energy: each in whole steps by largest remainder';
