CREATE FUNCTION billing.split_kwh(kwh numeric, weights numeric[], step_kwh numeric DEFAULT 0.000001)
RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- whole steps by largest remainder; what is less than a step goes to the largest weight
	RETURN (
	SELECT array_agg(trim_scale((q.whole + CASE WHEN q.place <= q.steps - q.given THEN 1 ELSE 0 END) * split_kwh.step_kwh
								+ CASE WHEN q.heaviest = 1 THEN split_kwh.kwh - q.steps * split_kwh.step_kwh ELSE 0 END) ORDER BY q.i)
	  FROM (SELECT p.i, p.whole, p.steps, sum(p.whole) OVER () AS given, row_number() OVER (ORDER BY p.rest DESC, p.i) AS place,
				   row_number() OVER (ORDER BY p.weight DESC, p.i) AS heaviest
			  FROM (SELECT w.i, w.weight, n.steps, div(n.steps * w.weight, n.weight) AS whole, mod(n.steps * w.weight, n.weight) AS rest
					  FROM unnest(split_kwh.weights) WITH ORDINALITY w(weight, i),
						   (SELECT div(split_kwh.kwh, split_kwh.step_kwh) AS steps, nullif(sum(a.weight), 0) AS weight FROM unnest(split_kwh.weights) a(weight)) n) p) q);
END $$;
COMMENT ON FUNCTION billing.split_kwh(numeric, numeric[], numeric) IS
'an energy divided by weights, in whole steps by largest remainder, so that the shares add up to it exactly';

CREATE FUNCTION billing._refuse_formed_change()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.state IN ('current', NEW.state) AND NEW.state IN (OLD.state, 'superseded') THEN
		OLD.org_id := NEW.org_id;
		OLD.state := NEW.state;
		-- byte by byte: not every type has an order
		IF NEW OPERATOR(pg_catalog.*=) OLD THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'formed usage stays as it is'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'form_usage() forms it anew where something has changed.';
END $$;
COMMENT ON FUNCTION billing._refuse_formed_change() IS 'trigger: formed usage is superseded, not changed';

CREATE FUNCTION billing._months(from_on date, until_on date)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- whole months, and thirtieths of what is left
	RETURN (
	SELECT m.n + (_months.until_on - (_months.from_on + make_interval(months => m.n))::date) / 30.0
	  FROM (SELECT max(g.n) AS n FROM generate_series(0, (_months.until_on - _months.from_on) / 28) g(n)
			 WHERE (_months.from_on + make_interval(months => g.n))::date <= _months.until_on) m);
END $$;
COMMENT ON FUNCTION billing._months(date, date) IS 'how many months a span has: whole ones, and thirtieths of the rest';

CREATE FUNCTION billing._formed_line(kind text, rule_no integer, part text, channel text, period text, kwh numeric, estimated boolean, profile billing.profile,
	other_id bigint, other_part text, basis text)
RETURNS billing.formed_line
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT ROW (NULL::bigint, NULL::date, NULL::integer, NULL::integer, NULL::bigint, _formed_line.kind, _formed_line.rule_no, _formed_line.part, _formed_line.channel,
		_formed_line.period, _formed_line.kwh, _formed_line.estimated, _formed_line.other_id, _formed_line.other_part, _formed_line.basis, _formed_line.profile)::billing.formed_line;
END;
COMMENT ON FUNCTION billing._formed_line(text, integer, text, text, text, numeric, boolean, billing.profile, bigint, text, text) IS 'a step of forming, before it has its place';

-- ---- what is there before any other account counts ----

CREATE FUNCTION billing._gross(account_id bigint, from_on date, until_on date)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	shaped	billing.usage;
	read	record;
	lines	billing.formed_line[];
BEGIN
	-- asked for only where there are any, since the question costs more than the answer
	IF EXISTS (SELECT FROM billing.reading r WHERE r.account_id = _gross.account_id AND r.from_on > _gross.from_on - 31 AND r.from_on < _gross.until_on AND r.until_on > _gross.from_on) THEN
		shaped := billing._usage_of(_gross.account_id, daterange(_gross.from_on, _gross.until_on));
	END IF;
	SELECT q.usage, q.missing INTO read FROM billing._register_usage(_gross.account_id, _gross.from_on, _gross.until_on) q;
	IF read.missing IS NOT NULL THEN
		RAISE EXCEPTION 'a register was not read'
			USING ERRCODE = 'UB122', DETAIL = format('Missing%s: %s.', billing._of_account(_gross.account_id), read.missing),
				  HINT = 'record_register() enters it, estimate_register() estimates it.';
	END IF;
	SELECT array_agg(q.line ORDER BY q.place, q.name) INTO lines
	  FROM (SELECT 1 AS place, c.part || ' ' || c.channel AS name,
				   billing._formed_line('measured', NULL, c.part, c.channel, '', billing.energy_kwh(c.profile),
					EXISTS (SELECT FROM billing.qualities(c.profile) k WHERE k.quality <> 'actual'), c.profile, NULL, NULL, 'profile') AS line
			  FROM billing.channels(shaped) c
			UNION ALL
			SELECT 2, r.part || ' ' || r.channel || ' ' || coalesce(r.period, ''),
				   billing._formed_line('measured', NULL, r.part, r.channel, coalesce(r.period, ''), sum(r.kwh), bool_or(r.estimated), NULL, NULL, NULL, 'registers')
			  FROM billing.registers(read.usage) r GROUP BY r.part, r.channel, r.period
			UNION ALL
			SELECT 3, d.part || ' ' || coalesce(d.period, ''),
				   billing._formed_line('measured', NULL, d.part, 'demand', coalesce(d.period, ''), d.kw, false, NULL, NULL, NULL, 'recorded demand')
			  FROM billing.recorded_demands(read.usage) d
			UNION ALL
			SELECT 4, to_char(u.rule_no, '0000000000'),
				   billing._formed_line('unmetered', u.rule_no, u.part, 'import', u.period, round(u.exact / u.step_kwh) * u.step_kwh, false, NULL, NULL, NULL,
					CASE WHEN u.kw IS NULL THEN format('%s kWh a month, %s months', trim_scale(u.kwh), trim_scale(round(u.months, 6)))
						 ELSE format('%s kW, %s hours', trim_scale(u.kw), trim_scale(u.lit)) END)
			  FROM (SELECT r.*, m.months, h.lit, CASE WHEN r.kw IS NULL THEN r.kwh * m.months ELSE r.kw * h.lit END AS exact
					  FROM billing.forming_rule r
					 CROSS JOIN LATERAL (SELECT greatest(r.from_on, _gross.from_on) AS a, least(coalesce(r.until_on, _gross.until_on), _gross.until_on) AS z) s
					 CROSS JOIN LATERAL (SELECT billing._months(s.a, s.z) AS months) m
					 CROSS JOIN LATERAL (SELECT sum(r.hours[CASE WHEN cardinality(r.hours) = 1 THEN 1 ELSE extract(month FROM s.a + d)::integer END]) AS lit
										   FROM generate_series(0, s.z - s.a - 1) d) h
					 WHERE r.account_id = _gross.account_id AND r.kind = 'unmetered' AND r.from_on < _gross.until_on
					   AND (r.until_on IS NULL OR r.until_on > _gross.from_on)) u) q;
	RETURN lines;
END $$;
COMMENT ON FUNCTION billing._gross(bigint, date, date) IS 'what an account''s own meters and agreements say of a span, as first steps of forming';

CREATE FUNCTION billing._of_account(account_id bigint)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT ' of account ' || a.account_no FROM billing.account a WHERE a.account_id = _of_account.account_id), '');
END;
COMMENT ON FUNCTION billing._of_account(bigint) IS 'the account''s number for a message, where the actor may read it';

-- ---- one quantity, taken from or put onto what a part has of a channel ----

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

CREATE FUNCTION billing._deduct(lines billing.formed_line[], rule billing.forming_rule, from_on date, until_on date)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	behind	billing.formed_line[] := billing._gross(rule.other_id, _deduct.from_on, _deduct.until_on);
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
COMMENT ON FUNCTION billing._deduct(billing.formed_line[], billing.forming_rule, date, date) IS 'takes off what the meter of another account behind this one has measured';

-- what several rules of one kind divide among them, each set of a part by itself
CREATE FUNCTION billing._divide(lines billing.formed_line[], account_id bigint, part text, kind text, from_on date, until_on date)
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
				   WHERE s.kwh > 0 AND (s.channel = 'import' OR _divide.kind <> 'fixed_ratio') LOOP
		weights := CASE _divide.kind
			WHEN 'share' THEN (SELECT array_agg(r.weight ORDER BY o) FROM unnest(rules) WITH ORDINALITY AS r(account_id, rule_no, org_id, kind, part, from_on, until_on, other_id, other_part,
				ratio, weight, kwh, kw, hours, period, step_kwh, table_code, kva, iron_kw, copper_kw, no_load_percent, impedance_percent, ohm, kv, factor, made_by, made_at, o))
			WHEN 'fixed_ratio' THEN (SELECT array_agg(r.ratio ORDER BY r.rule_no) || (1 - sum(r.ratio)) FROM unnest(rules) r)
			ELSE (SELECT array_agg(greatest(e.kwh, 0) ORDER BY r.rule_no) FROM unnest(rules) r
				   CROSS JOIN LATERAL (SELECT coalesce(sum(l.kwh), 0) AS kwh FROM unnest(billing._gross(r.other_id, _divide.from_on, _divide.until_on)) l
										WHERE l.part = r.other_part AND l.channel = 'import' AND (l.profile IS NOT NULL) = of_set.shaped) e)
				|| (SELECT greatest(coalesce(sum(l.kwh), 0), 0) FROM unnest(before) l
					 WHERE l.part = _divide.part AND l.channel = 'import' AND (l.profile IS NOT NULL) = of_set.shaped AND l.kind NOT IN ('transformer_loss', 'line_loss')) END;
		IF EXISTS (SELECT FROM unnest(weights) w WHERE w < 0) OR (SELECT sum(w) FROM unnest(weights) w) = 0 THEN
			RAISE EXCEPTION 'shares do not divide the whole'
				USING ERRCODE = 'UB126', DETAIL = format('%s of part %s%s: ratios are above 1 together, or no weight is above zero.', _divide.kind, _divide.part, billing._of_account(_divide.account_id)),
					  HINT = 'Ratios are at most 1 together.';
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
COMMENT ON FUNCTION billing._divide(billing.formed_line[], bigint, text, text, date, date) IS 'joint accounts by their weights, fixed ratios, losses by energy: each in whole steps by largest remainder';

-- ---- all steps of an account ----

CREATE FUNCTION billing._form_lines(account_id bigint, from_on date, until_on date, depth integer)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lines	billing.formed_line[] := billing._gross(_form_lines.account_id, _form_lines.from_on, _form_lines.until_on);
	giver	record;
	given	billing.formed_line[];
	rule	billing.forming_rule;
	done	text[] := '{}';
	of_set	record;
	bad		record;
BEGIN
	IF _form_lines.depth > 32 THEN
		RAISE EXCEPTION 'accounts give to each other in a circle' USING ERRCODE = 'UB126', HINT = 'end_forming_rule() breaks it.';
	END IF;
	FOR giver IN SELECT DISTINCT r.account_id FROM billing.forming_rule r
				  WHERE r.other_id = _form_lines.account_id AND r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
					AND r.from_on < _form_lines.until_on AND (r.until_on IS NULL OR r.until_on > _form_lines.from_on) ORDER BY 1 LOOP
		-- who gives was formed before; anew where its days are others, or it is billed by what has changed since
		SELECT array_agg(l ORDER BY l.line_no) INTO given
		  FROM billing.formed_usage u JOIN billing.formed_line l ON l.account_id = u.account_id AND l.from_on = u.from_on AND l.revision = u.revision
		 WHERE u.account_id = giver.account_id AND u.from_on = _form_lines.from_on AND u.until_on = _form_lines.until_on AND u.state = 'current' AND u.usage IS NOT NULL
		   AND u.inputs = billing._forming_inputs(u.account_id, u.from_on, u.until_on, _form_lines.depth + 1);
		IF given IS NULL THEN
			given := billing._form_lines(giver.account_id, _form_lines.from_on, _form_lines.until_on, _form_lines.depth + 1);
		END IF;
		lines := lines || (SELECT array_agg(billing._formed_line('received', l.rule_no, l.other_part, l.channel, l.period, -l.kwh, l.estimated, billing.negate(l.profile), giver.account_id, l.part, l.kind)
											ORDER BY l.line_no)
							 FROM unnest(given) l
							WHERE l.other_id = _form_lines.account_id AND l.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share'));
	END LOOP;
	FOR rule IN SELECT r.* FROM billing.forming_rule r
				 WHERE r.account_id = _form_lines.account_id AND r.kind <> 'unmetered' AND r.from_on < _form_lines.until_on AND (r.until_on IS NULL OR r.until_on > _form_lines.from_on)
				 ORDER BY array_position('{transformer_loss,line_loss,deduct,loss_share,fixed_quantity,fixed_ratio,share}', r.kind), r.rule_no LOOP
		IF rule.kind <> 'fixed_quantity' AND (rule.from_on > _form_lines.from_on OR rule.until_on < _form_lines.until_on) THEN
			RAISE EXCEPTION 'a rule changes within the days to be billed'
				USING ERRCODE = 'UB126', DETAIL = format('Rule %s%s is there from %s%s.', rule.rule_no, billing._of_account(rule.account_id), to_char(rule.from_on, 'YYYY-MM-DD'),
					coalesce(to_char(rule.until_on, '" to "YYYY-MM-DD'), '')), HINT = 'Let it begin and end where bills do.';
		END IF;
		IF rule.kind IN ('transformer_loss', 'line_loss') THEN
			lines := billing._add_loss(lines, rule, _form_lines.from_on, _form_lines.until_on);
		ELSIF rule.kind = 'deduct' THEN
			lines := billing._deduct(lines, rule, _form_lines.from_on, _form_lines.until_on);
		ELSIF rule.kind = 'fixed_quantity' THEN
			FOR of_set IN SELECT s.shaped FROM billing._formed_sets(lines, rule.part) s WHERE s.channel = 'import' LOOP
				lines := billing._spread(lines, rule, 'import', of_set.shaped,
					round(rule.kwh * billing._months(greatest(rule.from_on, _form_lines.from_on), least(coalesce(rule.until_on, _form_lines.until_on), _form_lines.until_on)) / rule.step_kwh) * rule.step_kwh,
					-1, format('%s kWh a month', trim_scale(rule.kwh)));
			END LOOP;
		ELSIF NOT rule.kind || ' ' || rule.part = ANY (done) THEN
			lines := billing._divide(lines, _form_lines.account_id, rule.part, rule.kind, _form_lines.from_on, _form_lines.until_on);
			done := done || (rule.kind || ' ' || rule.part);
		END IF;
		-- after each kind nothing may be below zero: that is a case for a work order, not for a bill
		SELECT q.part, q.channel, q.period, q.kwh INTO bad
		  FROM (SELECT l.part, l.channel, l.period, sum(l.kwh) AS kwh, billing.sum(l.profile) AS profile FROM unnest(lines) l WHERE l.channel <> 'demand'
				 GROUP BY l.part, l.channel, l.period, l.profile IS NOT NULL) q
		 WHERE rule.kind IN ('deduct', 'fixed_quantity') AND (q.kwh < 0 OR billing.energy_wh(billing.negative(q.profile)) > 0) LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'less than nothing would be left'
				USING ERRCODE = 'UB125', DETAIL = format('After rule %s%s, part %s, %s%s: %s kWh in all.', rule.rule_no, billing._of_account(rule.account_id), bad.part, bad.channel,
					CASE WHEN bad.period = '' THEN '' ELSE ' ' || bad.period END, trim_scale(bad.kwh)),
					HINT = 'Have the meters and their multipliers checked; a reading is wrong, or energy goes another way than the rules say.';
		END IF;
	END LOOP;
	RETURN lines;
END $$;
COMMENT ON FUNCTION billing._form_lines(bigint, date, date, integer) IS 'all steps by which the usage of an account for a span is formed';

CREATE FUNCTION billing._lines_usage(lines billing.formed_line[])
RETURNS billing.usage
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
	WITH cell AS (
		SELECT l.part, l.channel, l.period, l.profile IS NOT NULL AS shaped, sum(l.kwh) AS kwh, bool_or(l.estimated) AS estimated, billing.sum(l.profile) AS profile
		  FROM unnest(_lines_usage.lines) l WHERE l.channel <> 'demand' GROUP BY 1, 2, 3, 4),
	part AS (
		SELECT c.part, jsonb_agg(jsonb_strip_nulls(jsonb_build_object('channel', c.channel, 'period', nullif(c.period, ''), 'kwh', c.kwh, 'estimated', nullif(c.estimated, false)))
								 ORDER BY c.channel, c.period) FILTER (WHERE NOT c.shaped) AS registers,
			   (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('period', nullif(d.period, ''), 'kw', d.kwh)) ORDER BY d.period)
				  FROM unnest(_lines_usage.lines) d WHERE d.part = c.part AND d.channel = 'demand') AS demands,
			   (array_agg(c.profile) FILTER (WHERE c.shaped AND c.channel = 'import'))[1] AS import,
			   (array_agg(c.profile) FILTER (WHERE c.shaped AND c.channel = 'export'))[1] AS export,
			   (array_agg(c.profile) FILTER (WHERE c.shaped AND c.channel = 'generation'))[1] AS generation,
			   (array_agg(c.profile) FILTER (WHERE c.shaped AND c.channel = 'reactive_import'))[1] AS reactive_import,
			   (array_agg(c.profile) FILTER (WHERE c.shaped AND c.channel = 'reactive_export'))[1] AS reactive_export
		  FROM cell c GROUP BY c.part)
	SELECT coalesce(billing.usage_agg(billing.usage(part => p.part, import => p.import, export => p.export, generation => p.generation, reactive_import => p.reactive_import,
			reactive_export => p.reactive_export, registers => p.registers, demands => p.demands)), billing.usage()) FROM part p);
END $$;
COMMENT ON FUNCTION billing._lines_usage(billing.formed_line[]) IS 'what the steps add up to';

CREATE FUNCTION billing._forming_inputs(account_id bigint, from_on date, until_on date, depth integer)
RETURNS bytea
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _forming_inputs.depth > 32 THEN
		RAISE EXCEPTION 'accounts give to each other in a circle' USING ERRCODE = 'UB126', HINT = 'end_forming_rule() breaks it.';
	END IF;
	RETURN (
		WITH rule AS (
			SELECT r.* FROM billing.forming_rule r
			 WHERE r.account_id = _forming_inputs.account_id AND r.from_on < _forming_inputs.until_on AND (r.until_on IS NULL OR r.until_on > _forming_inputs.from_on)),
		other AS (
			-- whose own meters count, and who gives
			SELECT r.other_id AS account_id, 1 AS how FROM rule r WHERE r.kind IN ('deduct', 'loss_share')
			UNION
			SELECT g.account_id, 2 FROM billing.forming_rule g
			 WHERE g.other_id = _forming_inputs.account_id AND g.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
			   AND g.from_on < _forming_inputs.until_on AND (g.until_on IS NULL OR g.until_on > _forming_inputs.from_on))
		SELECT sha256(billing._gross_digest(_forming_inputs.account_id, _forming_inputs.from_on, _forming_inputs.until_on)
			|| coalesce((SELECT sha256(convert_to(string_agg((to_jsonb(r) - '{org_id,made_by,made_at}'::text[])::text, '' ORDER BY r.rule_no), 'UTF8')) FROM rule r), ''::bytea)
			|| coalesce((SELECT sha256(convert_to(string_agg(to_jsonb(t)::text, '' ORDER BY t.table_code, t.kva, t.kwh_from), 'UTF8')) FROM billing.loss_table t
						  WHERE (t.table_code, t.kva) IN (SELECT r.table_code, r.kva FROM rule r)), ''::bytea)
			|| coalesce((SELECT string_agg(CASE o.how WHEN 1 THEN billing._gross_digest(o.account_id, _forming_inputs.from_on, _forming_inputs.until_on)
										   ELSE billing._forming_inputs(o.account_id, _forming_inputs.from_on, _forming_inputs.until_on, _forming_inputs.depth + 1) END, ''::bytea
										   ORDER BY o.account_id, o.how) FROM other o), ''::bytea)));
END $$;
COMMENT ON FUNCTION billing._forming_inputs(bigint, date, date, integer) IS 'SHA-256 of all that the forming of a span depends on';

CREATE FUNCTION billing._gross_digest(account_id bigint, from_on date, until_on date)
RETURNS bytea
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- as of now, after every link: the same for days and for the month that they are folded into
	RETURN (
	SELECT sha256(coalesce(CASE WHEN EXISTS (SELECT FROM billing.reading r WHERE r.account_id = _gross_digest.account_id AND r.from_on > _gross_digest.from_on - 31
																			 AND r.from_on < _gross_digest.until_on AND r.until_on > _gross_digest.from_on)
						   THEN billing._usage_digest_at(_gross_digest.account_id, _gross_digest.from_on, _gross_digest.until_on, '9223372036854775807'::bigint) END, ''::bytea)
		|| coalesce((SELECT q.digest FROM billing._register_usage(_gross_digest.account_id, _gross_digest.from_on, _gross_digest.until_on) q), ''::bytea)
		|| coalesce((SELECT sha256(convert_to(string_agg((to_jsonb(r) - '{org_id,made_by,made_at}'::text[])::text, '' ORDER BY r.rule_no), 'UTF8')) FROM billing.forming_rule r
					  WHERE r.account_id = _gross_digest.account_id AND r.kind = 'unmetered' AND r.from_on < _gross_digest.until_on
						AND (r.until_on IS NULL OR r.until_on > _gross_digest.from_on)), ''::bytea)));
END $$;
COMMENT ON FUNCTION billing._gross_digest(bigint, date, date) IS 'SHA-256 of the readings and agreements of an account for a span';

CREATE FUNCTION billing._formed_digest(account_id bigint, from_on date, until_on date, usage billing.usage)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('formed', _formed_digest.account_id, _formed_digest.from_on, _formed_digest.until_on, _formed_digest.usage);
END;
COMMENT ON FUNCTION billing._formed_digest(bigint, date, date, billing.usage) IS 'what a bill''s link says of the usage it was made of';

-- ---- the stage ----

CREATE FUNCTION billing._form_account(account_id bigint, from_on date, until_on date)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	head	record;
	before	record;
	row		billing.formed_usage;
	lines	billing.formed_line[];
BEGIN
	SELECT h.org_id, h.billed_to INTO head FROM billing.account_head h WHERE h.account_id = _form_account.account_id;
	SELECT u.revision, u.until_on, u.inputs, u.sqlstate, u.digest INTO before FROM billing.formed_usage u
	 WHERE u.account_id = _form_account.account_id AND u.from_on = _form_account.from_on AND u.state = 'current';
	row.account_id := _form_account.account_id;
	row.from_on := _form_account.from_on;
	row.until_on := _form_account.until_on;
	row.org_id := head.org_id;
	row.state := CASE WHEN head.billed_to >= _form_account.until_on THEN 'late' ELSE 'current' END;
	row.made_at := now();
	row.made_by := billing.actor();
	BEGIN
		row.inputs := billing._forming_inputs(_form_account.account_id, _form_account.from_on, _form_account.until_on, 0);
		-- what could not be formed may have lacked a right only
		IF before.inputs = row.inputs AND before.until_on = _form_account.until_on AND before.sqlstate IS NULL THEN
			RETURN 'unchanged';
		END IF;
		lines := billing._form_lines(_form_account.account_id, _form_account.from_on, _form_account.until_on, 0);
		row.usage := billing._lines_usage(lines);
	EXCEPTION
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS row.sqlstate = RETURNED_SQLSTATE, row.message = MESSAGE_TEXT, row.detail = PG_EXCEPTION_DETAIL, row.hint = PG_EXCEPTION_HINT;
			row.detail := nullif(row.detail, '');
			row.hint := nullif(row.hint, '');
			row.inputs := coalesce(row.inputs, ''::bytea);
			row.usage := NULL;
			lines := NULL;
	END;
	row.digest := billing._formed_digest(row.account_id, row.from_on, row.until_on, row.usage);
	IF row.state = 'late' AND (before.digest = row.digest OR EXISTS (
			SELECT FROM billing.formed_usage u WHERE u.account_id = row.account_id AND u.from_on = row.from_on AND u.state = 'late' AND u.inputs = row.inputs)) THEN
		RETURN 'unchanged';
	END IF;
	IF row.state = 'current' THEN
		UPDATE billing.formed_usage u SET state = 'superseded' WHERE u.account_id = row.account_id AND u.from_on = row.from_on AND u.state = 'current';
	END IF;
	row.revision := coalesce((SELECT max(u.revision) FROM billing.formed_usage u WHERE u.account_id = row.account_id AND u.from_on = row.from_on), 0) + 1;
	INSERT INTO billing.formed_usage SELECT row.*;
	INSERT INTO billing.formed_line (account_id, from_on, revision, line_no, org_id, kind, rule_no, part, channel, period, kwh, estimated, other_id, other_part, basis, profile)
	SELECT row.account_id, row.from_on, row.revision, l.o, row.org_id, l.kind, l.rule_no, l.part, l.channel, l.period, l.kwh, l.estimated, l.other_id, l.other_part, l.basis, l.profile
	  FROM unnest(lines) WITH ORDINALITY AS l(account_id, from_on, revision, line_no, org_id, kind, rule_no, part, channel, period, kwh, estimated, other_id, other_part, basis, profile, o);
	RETURN CASE WHEN row.state = 'late' THEN 'late' WHEN row.sqlstate IS NOT NULL THEN 'failed' WHEN before.revision IS NOT NULL THEN 'formed anew' ELSE 'formed' END;
END $$;
COMMENT ON FUNCTION billing._form_account(bigint, date, date) IS 'forms the usage of one account for one span, and keeps it with its steps; says what came of it';

CREATE FUNCTION billing._next_span(account_id bigint, from_on date, until_on date)
RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- as a bill run cuts it
	RETURN (
	SELECT (billing._piece_of(h.account_id, _next_span.from_on,
			least(_next_span.until_on, h.stops_on, billing._period_end(_next_span.from_on, h.cycle_day, h.cycle_months, h.cycle_first),
				  (SELECT min(c.c) FROM unnest(h.plan_changes) c(c) WHERE c.c > _next_span.from_on)))).ends_on
	  FROM billing.account_head h WHERE h.account_id = _next_span.account_id);
END $$;
COMMENT ON FUNCTION billing._next_span(bigint, date, date) IS 'where the bill of an account that begins on a day ends';

CREATE FUNCTION billing.form_usage(org_no text, until_on date, back_to date DEFAULT NULL)
RETURNS TABLE (outcome text, spans bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- planned once a session, not once an account
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
-- Definer: forms usage for who may run bills there, of what that actor may read.
DECLARE
	at_org	bigint := billing._org_of(form_usage.org_no, 'run', 'bill');
	wanted	bigint[];
	item	record;
	span	date;
	ends	date;
	said	text;
	counted	jsonb := '{}';
BEGIN
	IF form_usage.until_on IS NULL OR NOT isfinite(form_usage.until_on) THEN
		RAISE EXCEPTION 'usage is formed up to a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT array_agg(q.account_id) INTO wanted
	  FROM (SELECT h.account_id FROM billing.account_head h
			 WHERE h.org_id = ANY (billing._orgs_below(at_org)) AND h.usage_from = 'formed'
			   AND (h.billed_to < least(form_usage.until_on, h.stops_on) OR form_usage.back_to IS NOT NULL)
			 ORDER BY h.account_id FOR NO KEY UPDATE) q;
	-- who gives comes before who gets
	FOR item IN
		WITH RECURSIVE step AS (
			SELECT a.account_id, 0 AS depth FROM unnest(wanted) a(account_id)
			UNION
			SELECT r.other_id, s.depth + 1 FROM step s JOIN billing.forming_rule r ON r.account_id = s.account_id
			 WHERE r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share') AND r.other_id IS NOT NULL AND s.depth < 33)
		SELECT s.account_id, max(s.depth) AS depth, h.billed_to, h.stops_on
		  FROM step s JOIN billing.account_head h ON h.account_id = s.account_id
		 WHERE s.account_id = ANY (wanted) GROUP BY s.account_id, h.billed_to, h.stops_on ORDER BY 2, 1
	LOOP
		span := item.billed_to;
		WHILE span < least(form_usage.until_on, item.stops_on) LOOP
			ends := billing._next_span(item.account_id, span, form_usage.until_on);
			said := billing._form_account(item.account_id, span, ends);
			counted := counted || jsonb_build_object(said, coalesce((counted ->> said)::bigint, 0) + 1);
			span := ends;
		END LOOP;
		FOR span, ends IN SELECT u.from_on, u.until_on FROM billing.formed_usage u
						   WHERE u.account_id = item.account_id AND u.state = 'current' AND u.until_on <= item.billed_to AND u.until_on > form_usage.back_to ORDER BY 1 LOOP
			said := billing._form_account(item.account_id, span, ends);
			counted := counted || jsonb_build_object(said, coalesce((counted ->> said)::bigint, 0) + 1);
		END LOOP;
	END LOOP;
	PERFORM billing._audit(at_org, 'form_usage', format('org %s', form_usage.org_no), jsonb_build_object('until_on', form_usage.until_on, 'outcome', counted));
	RETURN QUERY SELECT c.key, c.value::bigint FROM jsonb_each_text(counted) c ORDER BY 1;
END $$;
COMMENT ON FUNCTION billing.form_usage(text, date, date) IS
'forms the usage of the accounts of an org, and of all below it, that are billed by formed usage, span by span up to a day, who gives before who gets; what has not changed stays, '
'what is billed stays too and the change is kept as late, for spans that end after back_to; needs run on bill; returns how many spans were formed, formed anew, unchanged, late or failed';

CREATE FUNCTION billing._formed_usage(account_id bigint, from_on date, until_on date, OUT usage billing.usage, OUT digest bytea,
									  OUT sqlstate text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_inputs	bytea;
BEGIN
	SELECT u.usage, u.digest, u.sqlstate, u.message, u.detail, u.hint, u.inputs INTO usage, digest, sqlstate, message, detail, hint, found_inputs
	  FROM billing.formed_usage u
	 WHERE u.account_id = _formed_usage.account_id AND u.from_on = _formed_usage.from_on AND u.until_on = _formed_usage.until_on AND u.state = 'current';
	IF NOT FOUND THEN
		sqlstate := 'UB123';
		message := 'the usage of these days is not formed';
		hint := 'form_usage() forms it, before the run.';
	ELSIF sqlstate IS NULL AND found_inputs <> billing._forming_inputs(_formed_usage.account_id, _formed_usage.from_on, _formed_usage.until_on, 0) THEN
		sqlstate := 'UB123';
		message := 'readings or rules have changed since the usage was formed';
		hint := 'form_usage() forms it anew.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._formed_usage(bigint, date, date) IS 'the formed usage of a span, or why there is none to bill';

CREATE FUNCTION billing.explain_usage(account_no text, during daterange DEFAULT NULL)
RETURNS TABLE (from_on date, until_on date, line integer, kind text, rule_no integer, part text, channel text, period text, kwh numeric, total_kwh numeric, estimated boolean,
	other_account_no text, other_part text, basis text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	account	bigint := billing._account_of(explain_usage.account_no, 'read', 'reading');
BEGIN
	RETURN QUERY
	SELECT u.from_on, u.until_on, l.line_no, l.kind, l.rule_no, l.part, l.channel, l.period, trim_scale(l.kwh),
		   trim_scale(sum(l.kwh) OVER (PARTITION BY u.from_on, l.part, l.channel, l.period, l.profile IS NOT NULL ORDER BY l.line_no)), l.estimated,
		   o.account_no, l.other_part, l.basis
	  FROM billing.formed_usage u
	  JOIN billing.formed_line l ON l.account_id = u.account_id AND l.from_on = u.from_on AND l.revision = u.revision
	  LEFT JOIN billing.account o ON o.account_id = l.other_id
	 WHERE u.account_id = account AND u.state = 'current'
	   AND (explain_usage.during IS NULL OR (u.from_on < upper(explain_usage.during) AND u.until_on > lower(explain_usage.during)))
	 ORDER BY u.from_on, l.line_no;
END $$;
COMMENT ON FUNCTION billing.explain_usage(text, daterange) IS
'the steps by which an account''s usage was formed; total_kwh is what the steps so far add up to, the last one of each part, channel and period is the usage that is billed';

-- ---- rules, tables, statements ----

CREATE FUNCTION billing.add_loss_table(table_code text, steps jsonb)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: tables are everybody's, so who writes them may write plans everywhere.
DECLARE
	n	integer;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.loss_table AS t (table_code, kva, kwh_from, loss_kwh, loss_kvarh)
	SELECT add_loss_table.table_code, s.kva, s.kwh_from, s.loss_kwh, coalesce(s.loss_kvarh, 0)
	  FROM jsonb_to_recordset(add_loss_table.steps) s(kva numeric, kwh_from numeric, loss_kwh numeric, loss_kvarh numeric)
	    ON CONFLICT ON CONSTRAINT loss_table_pkey DO UPDATE SET loss_kwh = excluded.loss_kwh, loss_kvarh = excluded.loss_kvarh;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing.add_loss_table(text, jsonb) IS
'a table of transformer losses, or more of it: [{"kva", "kwh_from", "loss_kwh", "loss_kvarh"}, ...], of a month; needs write on plan everywhere; returns how many steps';

CREATE FUNCTION billing.add_forming_rule(account_no text, kind text, from_on date, settings jsonb DEFAULT '{}', part text DEFAULT 'main',
	other_account_no text DEFAULT NULL, other_part text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes a rule for who may write both accounts.
DECLARE
	account	bigint := billing._account_of(add_forming_rule.account_no, 'write', 'account');
	other	bigint := CASE WHEN add_forming_rule.other_account_no IS NOT NULL THEN billing._account_of(add_forming_rule.other_account_no, 'write', 'account') END;
	gives	boolean := add_forming_rule.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share');
	unknown	text;
	head	record;
	rule	billing.forming_rule;
BEGIN
	SELECT k INTO unknown FROM jsonb_object_keys(add_forming_rule.settings) k
	 WHERE k <> ALL ('{ratio,weight,kwh,kw,hours,period,step_kwh,table_code,kva,iron_kw,copper_kw,no_load_percent,impedance_percent,ohm,kv,factor,until_on}'::text[]) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'unknown setting "%"', unknown USING ERRCODE = 'invalid_parameter_value', HINT = 'The columns of billing.forming_rule are the settings.';
	END IF;
	-- one after the other: two that are made at once could close a circle
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.forming_rule', 0));
	PERFORM FROM billing.account_head h WHERE h.account_id IN (account, other) ORDER BY h.account_id FOR NO KEY UPDATE;
	FOR head IN SELECT h.billed_to, h.usage_from FROM billing.account_head h WHERE h.account_id = account OR (h.account_id = other AND gives) LOOP
		IF add_forming_rule.from_on < head.billed_to THEN
			RAISE EXCEPTION 'these days are billed already'
				USING ERRCODE = 'UB301', DETAIL = format('An account of the rule is billed up to %s.', to_char(head.billed_to, 'YYYY-MM-DD')), HINT = 'Let the rule begin there.';
		END IF;
	END LOOP;
	rule := jsonb_populate_record(NULL::billing.forming_rule, add_forming_rule.settings);
	rule.account_id := account;
	rule.kind := add_forming_rule.kind;
	rule.part := add_forming_rule.part;
	rule.from_on := add_forming_rule.from_on;
	rule.other_id := other;
	rule.other_part := coalesce(add_forming_rule.other_part, CASE WHEN other IS NOT NULL THEN 'main' END);
	rule.period := coalesce(rule.period, '');
	rule.step_kwh := coalesce(rule.step_kwh, 0.000001);
	rule.factor := coalesce(rule.factor, 1);
	rule.made_by := billing.actor();
	rule.made_at := now();
	rule.rule_no := coalesce((SELECT max(r.rule_no) FROM billing.forming_rule r WHERE r.account_id = account), 0) + 1;
	SELECT h.org_id INTO rule.org_id FROM billing.account_head h WHERE h.account_id = account;
	IF other IS NOT NULL AND EXISTS (
		WITH RECURSIVE reached AS (
			SELECT other AS account_id
			UNION
			SELECT r.other_id FROM reached q JOIN billing.forming_rule r ON r.account_id = q.account_id
			 WHERE r.other_id IS NOT NULL AND (r.kind = 'deduct') <> gives
			   AND (r.until_on IS NULL OR r.until_on > rule.from_on) AND (rule.until_on IS NULL OR r.from_on < rule.until_on))
		SELECT FROM reached q WHERE q.account_id = account) THEN
		RAISE EXCEPTION 'the rule would close a circle'
			USING ERRCODE = 'UB126', DETAIL = format('Account %s already %s account %s, directly or by others.', add_forming_rule.other_account_no,
				CASE WHEN gives THEN 'gives to' ELSE 'has its meter in front of that of' END, add_forming_rule.account_no),
				HINT = 'Deduct the meters behind, and give in one direction.';
	END IF;
	INSERT INTO billing.forming_rule SELECT rule.*;
	UPDATE billing.account_head h SET usage_from = 'formed' WHERE h.usage_from <> 'formed' AND (h.account_id = account OR (h.account_id = other AND gives));
	PERFORM billing._audit(a.org_id, 'add_forming_rule', format('account %s', a.account_no), jsonb_strip_nulls(jsonb_build_object('of', add_forming_rule.account_no, 'rule_no', rule.rule_no,
			'kind', rule.kind, 'from_on', rule.from_on, 'part', rule.part, 'other_account_no', add_forming_rule.other_account_no, 'other_part', rule.other_part, 'settings', add_forming_rule.settings)))
	   FROM billing.account a WHERE a.account_id IN (account, other) ORDER BY a.account_id;
	RETURN rule.rule_no;
END $$;
COMMENT ON FUNCTION billing.add_forming_rule(text, text, date, jsonb, text, text, text) IS
'what is done to the energy of a part of an account from a day on: unmetered, transformer_loss, line_loss, deduct, loss_share, fixed_quantity, fixed_ratio, share; settings are columns of '
'forming_rule; the account, and who gets from it, are billed by formed usage from then on; a circle is refused; needs write on both accounts; returns rule_no';

CREATE FUNCTION billing.end_forming_rule(account_no text, rule_no integer, until_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_forming_rule().
DECLARE
	account	bigint := billing._account_of(end_forming_rule.account_no, 'write', 'account');
	rule	record;
BEGIN
	SELECT r.other_id, r.kind, r.org_id, r.until_on INTO rule FROM billing.forming_rule r WHERE r.account_id = account AND r.rule_no = end_forming_rule.rule_no;
	IF NOT FOUND OR rule.until_on IS NOT NULL THEN
		PERFORM billing._not_found(format('an open rule %s of account %s', end_forming_rule.rule_no, end_forming_rule.account_no));
	END IF;
	PERFORM FROM billing.account_head h WHERE h.account_id IN (account, rule.other_id) ORDER BY h.account_id FOR NO KEY UPDATE;
	IF EXISTS (SELECT FROM billing.account_head h WHERE (h.account_id = account OR (h.account_id = rule.other_id AND rule.kind <> 'deduct')) AND h.billed_to > end_forming_rule.until_on) THEN
		RAISE EXCEPTION 'these days are billed already' USING ERRCODE = 'UB301', HINT = 'A rule ends where bills do, and not before the last one.';
	END IF;
	UPDATE billing.forming_rule r SET until_on = end_forming_rule.until_on WHERE r.account_id = account AND r.rule_no = end_forming_rule.rule_no;
	PERFORM billing._audit(rule.org_id, 'end_forming_rule', format('account %s', end_forming_rule.account_no),
		jsonb_build_object('rule_no', end_forming_rule.rule_no, 'until_on', end_forming_rule.until_on));
END $$;
COMMENT ON FUNCTION billing.end_forming_rule(text, integer, date) IS 'a rule does not count any more from a day on that is not billed yet';

CREATE FUNCTION billing.add_collective(org_no text, collective_no text, name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_account().
DECLARE
	at_org	bigint := billing._org_of(add_collective.org_no, 'write', 'account');
	made	bigint;
BEGIN
	INSERT INTO billing.collective AS c (org_id, collective_no, name) VALUES (at_org, add_collective.collective_no, add_collective.name) RETURNING c.collective_id INTO made;
	PERFORM billing._audit(at_org, 'add_collective', format('collective %s', add_collective.collective_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_collective(text, text, text) IS 'a statement that several accounts have together; returns collective_id';

CREATE FUNCTION billing.join_collective(collective_no text, account_no text, from_on date, until_on date DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write the account and the statement's org.
DECLARE
	account	bigint := billing._account_of(join_collective.account_no, 'write', 'account');
	at_org	bigint;
	wanted	bigint;
BEGIN
	SELECT c.collective_id INTO wanted FROM billing.collective c WHERE c.collective_no = join_collective.collective_no AND billing.can_write(c.org_id, 'account');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('collective %s', join_collective.collective_no));
	END IF;
	SELECT h.org_id INTO at_org FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	-- one at a time: the one before ends
	UPDATE billing.collective_member m SET until_on = join_collective.from_on
	 WHERE m.account_id = account AND m.from_on < join_collective.from_on AND (m.until_on IS NULL OR m.until_on > join_collective.from_on);
	INSERT INTO billing.collective_member (account_id, from_on, org_id, collective_id, until_on)
	VALUES (account, join_collective.from_on, at_org, wanted, join_collective.until_on)
	    ON CONFLICT ON CONSTRAINT collective_member_pkey DO UPDATE SET collective_id = excluded.collective_id, until_on = excluded.until_on;
	PERFORM billing._audit(at_org, 'join_collective', format('account %s', join_collective.account_no),
		jsonb_build_object('collective_no', join_collective.collective_no, 'from_on', join_collective.from_on, 'until_on', join_collective.until_on));
END $$;
COMMENT ON FUNCTION billing.join_collective(text, text, date, date) IS 'bills of an account that begin on or after a day are on this statement, not on the one before';
