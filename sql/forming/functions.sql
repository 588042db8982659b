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
	other_id bigint, other_part text, basis text, account_id bigint DEFAULT NULL)
RETURNS billing.formed_line
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT ROW (_formed_line.account_id, NULL::date, NULL::integer, NULL::integer, NULL::bigint, _formed_line.kind, _formed_line.rule_no, _formed_line.part, _formed_line.channel,
		_formed_line.period, _formed_line.kwh, _formed_line.estimated, _formed_line.other_id, _formed_line.other_part, _formed_line.basis, _formed_line.profile)::billing.formed_line;
END;
COMMENT ON FUNCTION billing._formed_line(text, integer, text, text, text, numeric, boolean, billing.profile, bigint, text, text, bigint) IS 'a step of forming, before it has its place';

-- ---- what is there before any other account counts ----

CREATE FUNCTION billing._gross_lines(accounts bigint[], from_days date[], until_days date[])
RETURNS TABLE (place bigint, line billing.formed_line)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
-- planned once; by keys, whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH span AS MATERIALIZED (
		SELECT s.* FROM unnest(_gross_lines.accounts, _gross_lines.from_days, _gross_lines.until_days) WITH ORDINALITY s(account_id, from_on, until_on, n)),
	read AS MATERIALIZED (
		SELECT q.place AS n, _gross_lines.accounts[q.place] AS account_id, q.usage, q.missing
		  FROM billing._register_usages(_gross_lines.accounts, _gross_lines.from_days, _gross_lines.until_days) q),
	line AS (
		-- asked for only where there are any, since the question costs more than the answer
		SELECT s.n, 1 AS kind, c.part || ' ' || c.channel AS name,
			   billing._formed_line('measured', NULL, c.part, c.channel, '', billing.energy_kwh(c.profile),
				EXISTS (SELECT FROM billing.qualities(c.profile) k WHERE k.quality <> 'actual'), c.profile, NULL, NULL, 'profile', s.account_id) AS line
		  FROM span s CROSS JOIN LATERAL billing.channels(billing._usage_of(s.account_id, daterange(s.from_on, s.until_on))) c
		 WHERE EXISTS (SELECT FROM billing.reading r WHERE r.account_id = s.account_id AND r.from_on > s.from_on - 31 AND r.from_on < s.until_on AND r.until_on > s.from_on)
		UNION ALL
		SELECT q.n, 2, r.part || ' ' || r.channel || ' ' || coalesce(r.period, ''),
			   billing._formed_line('measured', NULL, r.part, r.channel, coalesce(r.period, ''), sum(r.kwh), bool_or(r.estimated), NULL, NULL, NULL, 'registers', q.account_id)
		  FROM read q CROSS JOIN LATERAL billing.registers(q.usage) r WHERE q.missing IS NULL GROUP BY q.n, q.account_id, r.part, r.channel, r.period
		UNION ALL
		SELECT q.n, 3, d.part || ' ' || coalesce(d.period, ''),
			   billing._formed_line('measured', NULL, d.part, 'demand', coalesce(d.period, ''), d.kw, false, NULL, NULL, NULL, 'recorded demand', q.account_id)
		  FROM read q CROSS JOIN LATERAL billing.recorded_demands(q.usage) d WHERE q.missing IS NULL
		UNION ALL
		-- an error for whoever needs it
		SELECT q.n, 0, '', billing._formed_line('missing', NULL, 'main', '', '', 0, false, NULL, NULL, NULL, q.missing, q.account_id) FROM read q WHERE q.missing IS NOT NULL
		UNION ALL
		SELECT u.n, 4, to_char(u.rule_no, '0000000000'),
			   billing._formed_line('unmetered', u.rule_no, u.part, 'import', u.period, round(u.exact / u.step_kwh) * u.step_kwh, false, NULL, NULL, NULL,
				CASE WHEN u.kw IS NULL THEN format('%s kWh a month, %s months', trim_scale(u.kwh), trim_scale(round(u.months, 6)))
					 ELSE format('%s kW, %s hours', trim_scale(u.kw), trim_scale(u.lit)) END, u.account_id)
		  FROM (SELECT s.n, r.*, m.months, h.lit, CASE WHEN r.kw IS NULL THEN r.kwh * m.months ELSE r.kw * h.lit END AS exact
				  FROM span s
				  JOIN billing.forming_rule r ON r.account_id = s.account_id AND r.kind = 'unmetered' AND r.from_on < s.until_on AND (r.until_on IS NULL OR r.until_on > s.from_on)
				 CROSS JOIN LATERAL (SELECT greatest(r.from_on, s.from_on) AS a, least(coalesce(r.until_on, s.until_on), s.until_on) AS z) d
				 CROSS JOIN LATERAL (SELECT billing._months(d.a, d.z) AS months) m
				 CROSS JOIN LATERAL (SELECT sum(r.hours[CASE WHEN cardinality(r.hours) = 1 THEN 1 ELSE extract(month FROM d.a + i)::integer END]) AS lit
									   FROM generate_series(0, d.z - d.a - 1) i) h) u)
	SELECT l.n, l.line FROM line l ORDER BY l.n, l.kind, l.name;
END $$;
COMMENT ON FUNCTION billing._gross_lines(bigint[], date[], date[]) IS
'what the own meters and agreements of accounts say of these spans, by their places, as first steps of forming; kind missing: a register that was not read';

CREATE FUNCTION billing._gross_of(gross billing.formed_line[], account_id bigint)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	lines	billing.formed_line[] := ARRAY(SELECT l FROM unnest(_gross_of.gross) l WHERE l.account_id = _gross_of.account_id);
BEGIN
	IF lines[1].kind = 'missing' THEN
		RAISE EXCEPTION 'a register was not read'
			USING ERRCODE = 'UB122', DETAIL = format('Missing%s: %s.', billing._of_account(_gross_of.account_id), lines[1].basis),
				  HINT = 'record_register() enters it, estimate_register() estimates it.';
	END IF;
	RETURN lines;
END $$;
COMMENT ON FUNCTION billing._gross_of(billing.formed_line[], bigint) IS 'the first steps of one account, of those of several; an error where a reading is missing';

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

-- ---- all steps of an account ----

CREATE FUNCTION billing._form_lines(account_id bigint, from_on date, until_on date, gross billing.formed_line[], received billing.formed_line[])
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	lines	billing.formed_line[] := billing._gross_of(_form_lines.gross, _form_lines.account_id) || _form_lines.received;
	rule	billing.forming_rule;
	done	text[] := '{}';
	of_set	record;
	bad		record;
BEGIN
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
			lines := billing._deduct(lines, rule, _form_lines.gross);
		ELSIF rule.kind = 'fixed_quantity' THEN
			FOR of_set IN SELECT s.shaped FROM billing._formed_sets(lines, rule.part) s WHERE s.channel = 'import' LOOP
				lines := billing._spread(lines, rule, 'import', of_set.shaped,
					round(rule.kwh * billing._months(greatest(rule.from_on, _form_lines.from_on), least(coalesce(rule.until_on, _form_lines.until_on), _form_lines.until_on)) / rule.step_kwh) * rule.step_kwh,
					-1, format('%s kWh a month', trim_scale(rule.kwh)));
			END LOOP;
		ELSIF NOT rule.kind || ' ' || rule.part = ANY (done) THEN
			lines := billing._divide(lines, _form_lines.account_id, rule.part, rule.kind, _form_lines.from_on, _form_lines.until_on, _form_lines.gross);
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
COMMENT ON FUNCTION billing._form_lines(bigint, date, date, billing.formed_line[], billing.formed_line[]) IS
'all steps by which the usage of an account for a span is formed, of what its own meters and those behind say, and of what others gave';

CREATE FUNCTION billing._received(given billing.formed_line[], giver bigint, account_id bigint)
RETURNS billing.formed_line[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(billing._formed_line('received', l.rule_no, l.other_part, l.channel, l.period, -l.kwh, l.estimated, billing.negate(l.profile), _received.giver, l.part, l.kind) ORDER BY o)
	  FROM unnest(_received.given) WITH ORDINALITY AS l(account_id, from_on, revision, line_no, org_id, kind, rule_no, part, channel, period, kwh, estimated, other_id, other_part, basis, profile, o)
	 WHERE l.other_id = _received.account_id AND l.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share');
END;
COMMENT ON FUNCTION billing._received(billing.formed_line[], bigint, bigint) IS 'of the steps of one who gives what another gets, as his';

CREATE FUNCTION billing._givers(account_id bigint, from_on date, until_on date)
RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT ARRAY(SELECT DISTINCT r.account_id FROM billing.forming_rule r
				  WHERE r.other_id = _givers.account_id AND r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
					AND r.from_on < _givers.until_on AND (r.until_on IS NULL OR r.until_on > _givers.from_on) ORDER BY 1);
END;
COMMENT ON FUNCTION billing._givers(bigint, date, date) IS 'who gives to an account in a span';

CREATE FUNCTION billing._form_alone(account_id bigint, from_on date, until_on date, depth integer DEFAULT 0)
RETURNS billing.formed_line[]
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	metered		bigint[];
	received	billing.formed_line[];
	giver		bigint;
BEGIN
	IF _form_alone.depth > 32 THEN
		RAISE EXCEPTION 'accounts give to each other in a circle' USING ERRCODE = 'UB126', HINT = 'end_forming_rule() breaks it.';
	END IF;
	FOREACH giver IN ARRAY billing._givers(_form_alone.account_id, _form_alone.from_on, _form_alone.until_on) LOOP
		received := received || billing._received(billing._form_alone(giver, _form_alone.from_on, _form_alone.until_on, _form_alone.depth + 1), giver, _form_alone.account_id);
	END LOOP;
	metered := _form_alone.account_id || ARRAY(SELECT DISTINCT r.other_id FROM billing.forming_rule r
												WHERE r.account_id = _form_alone.account_id AND r.kind IN ('deduct', 'loss_share')
												  AND r.from_on < _form_alone.until_on AND (r.until_on IS NULL OR r.until_on > _form_alone.from_on));
	RETURN billing._form_lines(_form_alone.account_id, _form_alone.from_on, _form_alone.until_on,
		ARRAY(SELECT g.line FROM billing._gross_lines(metered, array_fill(_form_alone.from_on, ARRAY[cardinality(metered)]), array_fill(_form_alone.until_on, ARRAY[cardinality(metered)])) g),
		received);
END $$;
COMMENT ON FUNCTION billing._form_alone(bigint, date, date, integer) IS
'the steps of an account for a span that is not its own, or of one that is billed by what has changed since: for who gets something of it';

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
			   (SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('period', nullif(d.period, ''), 'kw', d.kw)) ORDER BY d.period)
				  FROM (SELECT l.period, sum(l.kwh) AS kw FROM unnest(_lines_usage.lines) l WHERE l.part = c.part AND l.channel = 'demand' GROUP BY l.period) d
				 WHERE d.kw > 0) AS demands,
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

CREATE FUNCTION billing._forming_inputs(accounts bigint[], from_days date[], until_days date[])
RETURNS TABLE (place bigint, inputs bytea)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
-- planned once; by keys, whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH RECURSIVE reach AS (
		-- an account, and whoever gives to it, directly or by others
		SELECT s.n, s.account_id, s.from_on, s.until_on, 0 AS depth
		  FROM unnest(_forming_inputs.accounts, _forming_inputs.from_days, _forming_inputs.until_days) WITH ORDINALITY s(account_id, from_on, until_on, n)
		UNION
		SELECT r.n, g.account_id, r.from_on, r.until_on, r.depth + 1
		  FROM reach r JOIN billing.forming_rule g ON g.other_id = r.account_id AND g.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
		   AND g.from_on < r.until_on AND (g.until_on IS NULL OR g.until_on > r.from_on)
		 WHERE r.depth <= 32),
	member AS MATERIALIZED (
		SELECT DISTINCT r.account_id, r.from_on, r.until_on FROM reach r),
	rule AS MATERIALIZED (
		SELECT m.account_id, m.from_on, m.until_on, r.rule_no, r.kind, r.other_id, r.table_code, r.kva, (to_jsonb(r) - '{org_id,made_by,made_at}'::text[])::text AS said
		  FROM member m JOIN billing.forming_rule r ON r.account_id = m.account_id AND r.from_on < m.until_on AND (r.until_on IS NULL OR r.until_on > m.from_on)),
	-- whose own meters count
	metered AS MATERIALIZED (
		SELECT q.*, row_number() OVER (ORDER BY q.account_id, q.from_on, q.until_on) AS n
		  FROM (SELECT m.* FROM member m UNION SELECT r.other_id, r.from_on, r.until_on FROM rule r WHERE r.kind IN ('deduct', 'loss_share')) q),
	gross AS MATERIALIZED (
		-- as of now, after every link: the same for days and for the month that they are folded into
		SELECT m.account_id, m.from_on, m.until_on, sha256(
			   coalesce(CASE WHEN EXISTS (SELECT FROM billing.reading r WHERE r.account_id = m.account_id AND r.from_on > m.from_on - 31 AND r.from_on < m.until_on AND r.until_on > m.from_on)
							 THEN billing._usage_digest_at(m.account_id, m.from_on, m.until_on, 9223372036854775807) END, ''::bytea)
			|| coalesce(q.digest, ''::bytea)
			|| coalesce((SELECT sha256(convert_to(string_agg((to_jsonb(r) - '{org_id,made_by,made_at}'::text[])::text, '' ORDER BY r.rule_no), 'UTF8')) FROM billing.forming_rule r
						  WHERE r.account_id = m.account_id AND r.kind = 'unmetered' AND r.from_on < m.until_on AND (r.until_on IS NULL OR r.until_on > m.from_on)), ''::bytea)) AS digest
		  FROM metered m
		  LEFT JOIN billing._register_usages((SELECT array_agg(a.account_id ORDER BY a.n) FROM metered a), (SELECT array_agg(a.from_on ORDER BY a.n) FROM metered a),
				(SELECT array_agg(a.until_on ORDER BY a.n) FROM metered a)) q ON q.place = m.n),
	said AS MATERIALIZED (
		-- of each what its own meters say, its rules, their tables, and the meters behind
		SELECT q.account_id, q.from_on, q.until_on, sha256(string_agg(q.digest, ''::bytea ORDER BY q.kind, q.name, q.digest)) AS digest
		  FROM (SELECT m.account_id, m.from_on, m.until_on, 1 AS kind, 0::bigint AS name, g.digest FROM member m JOIN gross g USING (account_id, from_on, until_on)
				UNION ALL
				SELECT r.account_id, r.from_on, r.until_on, 2, r.rule_no, sha256(convert_to(r.said, 'UTF8')) FROM rule r
				UNION ALL
				SELECT r.account_id, r.from_on, r.until_on, 3, r.rule_no, sha256(convert_to(to_jsonb(t)::text, 'UTF8'))
				  FROM rule r JOIN billing.loss_table t ON t.table_code = r.table_code AND t.kva = r.kva
				UNION ALL
				SELECT DISTINCT r.account_id, r.from_on, r.until_on, 4, r.other_id, g.digest
				  FROM rule r JOIN gross g ON g.account_id = r.other_id AND g.from_on = r.from_on AND g.until_on = r.until_on WHERE r.kind IN ('deduct', 'loss_share')) q
		 GROUP BY q.account_id, q.from_on, q.until_on)
	SELECT r.n, CASE WHEN max(r.depth) <= 32 THEN sha256(string_agg(s.digest, ''::bytea ORDER BY r.account_id)) END
	  FROM (SELECT q.n, q.account_id, q.from_on, q.until_on, max(q.depth) AS depth FROM reach q GROUP BY q.n, q.account_id, q.from_on, q.until_on) r
	  JOIN said s USING (account_id, from_on, until_on)
	 GROUP BY r.n;
END $$;
COMMENT ON FUNCTION billing._forming_inputs(bigint[], date[], date[]) IS
'of these spans, by their places: SHA-256 of all readings, rules and tables that their forming depends on, also of other accounts; null: accounts give to each other in a circle';

CREATE FUNCTION billing._formed_digest(account_id bigint, from_on date, until_on date, usage billing.usage)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('formed', _formed_digest.account_id, _formed_digest.from_on, _formed_digest.until_on, _formed_digest.usage);
END;
COMMENT ON FUNCTION billing._formed_digest(bigint, date, date, billing.usage) IS 'what a bill''s link says of the usage it was made of';

-- ---- the stage ----

CREATE FUNCTION billing._try_form(span billing._forming_span, gross billing.formed_line[], received billing.formed_line[], alone bigint[],
								  OUT formed billing.formed_usage, OUT lines billing.formed_line[])
LANGUAGE plpgsql STABLE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	giver	bigint;
BEGIN
	formed.account_id := span.account_id;
	formed.from_on := span.from_on;
	formed.until_on := span.until_on;
	formed.org_id := span.org_id;
	formed.revision := span.next_revision;
	formed.state := CASE WHEN span.billed THEN 'late' ELSE 'current' END;
	formed.inputs := coalesce(span.inputs, ''::bytea);
	formed.made_at := now();
	formed.made_by := billing.actor();
	BEGIN
		IF span.inputs IS NULL THEN
			RAISE EXCEPTION 'accounts give to each other in a circle' USING ERRCODE = 'UB126', HINT = 'end_forming_rule() breaks it.';
		END IF;
		FOREACH giver IN ARRAY coalesce(_try_form.alone, '{}') LOOP
			received := received || billing._received(billing._form_alone(giver, span.from_on, span.until_on), giver, span.account_id);
		END LOOP;
		lines := billing._form_lines(span.account_id, span.from_on, span.until_on, _try_form.gross, received);
		formed.usage := billing._lines_usage(lines);
	EXCEPTION
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS formed.sqlstate = RETURNED_SQLSTATE, formed.message = MESSAGE_TEXT, formed.detail = PG_EXCEPTION_DETAIL, formed.hint = PG_EXCEPTION_HINT;
			formed.detail := nullif(formed.detail, '');
			formed.hint := nullif(formed.hint, '');
			lines := NULL;
	END;
	formed.digest := billing._formed_digest(span.account_id, span.from_on, span.until_on, formed.usage);
END $$;
COMMENT ON FUNCTION billing._try_form(billing._forming_span, billing.formed_line[], billing.formed_line[], bigint[]) IS
'the usage of a span with its steps, or why it cannot be formed; alone: who gives, and is not formed with these days';

CREATE FUNCTION billing._forming_spans(accounts bigint[], from_days date[], until_days date[])
RETURNS SETOF billing._forming_span
LANGUAGE plpgsql STABLE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- planned once; by keys, whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
	asked	integer := cardinality(_forming_spans.accounts);
BEGIN
	-- with them those who give, in the same days
	SELECT _forming_spans.accounts || array_agg(g.account_id), _forming_spans.from_days || array_agg(g.from_on), _forming_spans.until_days || array_agg(g.until_on)
	  INTO accounts, from_days, until_days
	  FROM (SELECT DISTINCT r.account_id, s.from_on, s.until_on
			  FROM unnest(_forming_spans.accounts, _forming_spans.from_days, _forming_spans.until_days) s(account_id, from_on, until_on)
			  JOIN billing.forming_rule r ON r.other_id = s.account_id AND r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
			   AND r.from_on < s.until_on AND (r.until_on IS NULL OR r.until_on > s.from_on)) g;
	RETURN QUERY
	SELECT s.account_id, s.from_on, s.until_on, h.org_id, s.n > asked, h.billed_to >= s.until_on, u.revision, u.digest,
		   coalesce((SELECT max(o.revision) FROM billing.formed_usage o WHERE o.account_id = s.account_id AND o.from_on = s.from_on), 0) + 1, i.inputs,
		   -- what could not be formed may have lacked a right only
		   coalesce(u.inputs = i.inputs AND u.until_on = s.until_on AND u.sqlstate IS NULL, false)
	  FROM unnest(accounts, from_days, until_days) WITH ORDINALITY s(account_id, from_on, until_on, n)
	  JOIN billing._forming_inputs(accounts, from_days, until_days) i ON i.place = s.n
	  JOIN billing.account_head h ON h.account_id = s.account_id
	  -- LIMIT: looked up one by one, also where the table was empty when this was planned
	  LEFT JOIN LATERAL (SELECT o.* FROM billing.formed_usage o WHERE o.account_id = s.account_id AND o.from_on = s.from_on AND o.state = 'current' LIMIT 1) u ON true;
END $$;
COMMENT ON FUNCTION billing._forming_spans(bigint[], date[], date[]) IS 'these spans, and those of whoever gives in them: what they depend on now, and whether what was formed is still that';

CREATE FUNCTION billing._form_spans(accounts bigint[], from_days date[], until_days date[])
RETURNS jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- planned once; by keys, whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
	formed	billing.formed_usage[];
	lines	billing.formed_line[];
	counted	jsonb;
BEGIN
	WITH span AS MATERIALIZED (
		SELECT s AS span, s.account_id, s.from_on, s.until_on, s.gives, s.fresh, s.revision
		  FROM billing._forming_spans(_form_spans.accounts, _form_spans.from_days, _form_spans.until_days) s),
	-- where nothing has changed, nothing is done
	changed AS MATERIALIZED (
		SELECT s.span, s.account_id, s.from_on, s.until_on FROM span s WHERE NOT s.gives AND NOT s.fresh),
	uses AS MATERIALIZED (
		-- its own meters, and those behind
		SELECT c.account_id, c.from_on, c.until_on, c.account_id AS metered_id FROM changed c
		UNION
		SELECT c.account_id, c.from_on, c.until_on, r.other_id FROM changed c
		  JOIN billing.forming_rule r ON r.account_id = c.account_id AND r.kind IN ('deduct', 'loss_share') AND r.from_on < c.until_on AND (r.until_on IS NULL OR r.until_on > c.from_on)),
	metered AS MATERIALIZED (
		SELECT q.*, row_number() OVER (ORDER BY q.metered_id, q.from_on, q.until_on) AS n FROM (SELECT DISTINCT u.metered_id, u.from_on, u.until_on FROM uses u) q),
	measured AS MATERIALIZED (
		SELECT m.metered_id, m.from_on, m.until_on, g.line
		  FROM metered m
		  JOIN billing._gross_lines((SELECT array_agg(a.metered_id ORDER BY a.n) FROM metered a), (SELECT array_agg(a.from_on ORDER BY a.n) FROM metered a),
				(SELECT array_agg(a.until_on ORDER BY a.n) FROM metered a)) WITH ORDINALITY g(place, line, o) ON g.place = m.n
		 ORDER BY g.o),
	gross AS MATERIALIZED (
		SELECT u.account_id, u.from_on, u.until_on, array_agg(m.line) AS lines FROM uses u JOIN measured m USING (metered_id, from_on, until_on) GROUP BY u.account_id, u.from_on, u.until_on),
	given AS MATERIALIZED (
		SELECT q.account_id, q.from_on, q.until_on, array_agg(q.giver ORDER BY q.giver) FILTER (WHERE q.revision IS NULL) AS alone,
			   array_agg(billing._formed_line('received', l.rule_no, l.other_part, l.channel, l.period, -l.kwh, l.estimated, billing.negate(l.profile), q.giver, l.part, l.kind)
						 ORDER BY q.giver, l.line_no) FILTER (WHERE l.account_id IS NOT NULL) AS lines
		  FROM (SELECT DISTINCT c.account_id, c.from_on, c.until_on, r.account_id AS giver, g.revision
				  FROM changed c
				  JOIN billing.forming_rule r ON r.other_id = c.account_id AND r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share')
				   AND r.from_on < c.until_on AND (r.until_on IS NULL OR r.until_on > c.from_on)
				  LEFT JOIN span g ON g.gives AND g.fresh AND g.account_id = r.account_id AND g.from_on = c.from_on AND g.until_on = c.until_on) q
		  LEFT JOIN LATERAL (SELECT o.* FROM billing.formed_line o WHERE o.account_id = q.giver AND o.from_on = q.from_on AND o.revision = q.revision
							    AND o.other_id = q.account_id AND o.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share') OFFSET 0) l ON true
		 GROUP BY q.account_id, q.from_on, q.until_on),
	tried AS MATERIALIZED (
		SELECT f.formed, f.lines, c.span
		  FROM changed c
		  LEFT JOIN gross g USING (account_id, from_on, until_on)
		  LEFT JOIN given v USING (account_id, from_on, until_on)
		 CROSS JOIN LATERAL billing._try_form(c.span, g.lines, v.lines, v.alone) f),
	kept AS MATERIALIZED (
		-- of what is billed only what would be otherwise now, each once
		SELECT t.*, NOT ((t.span).billed AND ((t.span).digest = (t.formed).digest OR EXISTS (
				SELECT FROM billing.formed_usage u WHERE u.account_id = (t.span).account_id AND u.from_on = (t.span).from_on AND u.state = 'late' AND u.inputs = (t.span).inputs))) AS new
		  FROM tried t)
	SELECT (SELECT array_agg(k.formed) FROM kept k WHERE k.new),
		   (SELECT array_agg(ROW ((k.formed).account_id, (k.formed).from_on, (k.formed).revision, l.o, (k.formed).org_id, l.kind, l.rule_no, l.part, l.channel, l.period, l.kwh,
								  l.estimated, l.other_id, l.other_part, l.basis, l.profile)::billing.formed_line)
			  FROM kept k CROSS JOIN LATERAL unnest(k.lines) WITH ORDINALITY AS l(account_id, from_on, revision, line_no, org_id, kind, rule_no, part, channel, period, kwh,
																				 estimated, other_id, other_part, basis, profile, o) WHERE k.new),
		   (SELECT jsonb_object_agg(q.outcome, q.spans) FROM (
				SELECT o.outcome, count(*) AS spans
				  FROM (SELECT CASE WHEN NOT k.new THEN 'unchanged' WHEN (k.span).billed THEN 'late' WHEN (k.formed).sqlstate IS NOT NULL THEN 'failed'
									WHEN (k.span).revision IS NOT NULL THEN 'formed anew' ELSE 'formed' END AS outcome
						  FROM kept k
						UNION ALL
						SELECT 'unchanged' FROM span s WHERE NOT s.gives AND s.fresh) o
				 GROUP BY o.outcome) q)
	  INTO formed, lines, counted;

	IF counted ?| '{formed anew,failed}' THEN
		UPDATE billing.formed_usage u SET state = 'superseded' FROM unnest(formed) f
		 WHERE f.state = 'current' AND u.account_id = f.account_id AND u.from_on = f.from_on AND u.state = 'current';
	END IF;
	INSERT INTO billing.formed_usage SELECT f.* FROM unnest(formed) f;
	INSERT INTO billing.formed_line SELECT l.* FROM unnest(lines) l;
	RETURN counted;
END $$;
COMMENT ON FUNCTION billing._form_spans(bigint[], date[], date[]) IS
'forms the usage of spans of which none gets anything of another, all at once, and keeps it with its steps; how many came out how';

CREATE FUNCTION billing._next_span(account_id bigint, from_on date, until_on date)
RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- as a bill run cuts it
	RETURN (
	SELECT least(_next_span.until_on, h.stops_on, billing._period_end(_next_span.from_on, h.cycle_day, h.cycle_months, h.cycle_first),
				 (SELECT min(c.c) FROM unnest(h.plan_changes) c(c) WHERE c.c > _next_span.from_on),
				 (SELECT min(a.from_on) FROM billing.account_plan a WHERE a.account_id = h.account_id AND a.from_on > _next_span.from_on),
				 (SELECT min(v.from_on) FROM billing.plan_version v WHERE v.from_on > _next_span.from_on AND v.plan_id = (
					SELECT a.plan_id FROM billing.account_plan a WHERE a.account_id = h.account_id AND a.from_on <= _next_span.from_on ORDER BY a.from_on DESC LIMIT 1)))
	  FROM billing.account_head h WHERE h.account_id = _next_span.account_id);
END $$;
COMMENT ON FUNCTION billing._next_span(bigint, date, date) IS 'where the bill of an account that begins on a day ends';

CREATE FUNCTION billing.form_usage(org_no text, until_on date, back_to date DEFAULT NULL)
RETURNS TABLE (outcome text, spans bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- planned once a session, not once a chunk
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
-- Definer: forms usage for who may run bills there, of what that actor may read.
DECLARE
	at_org	bigint := billing._org_of(form_usage.org_no, 'run', 'bill');
	wanted	bigint[];
	chunk	record;
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
	-- who gives comes before who gets; of one depth nobody gets from another, and a chunk of them is formed at once
	FOR chunk IN
		WITH RECURSIVE step AS (
			SELECT a.account_id, 0 AS depth FROM unnest(wanted) a(account_id)
			UNION
			SELECT r.other_id, s.depth + 1 FROM step s JOIN billing.forming_rule r ON r.account_id = s.account_id
			 WHERE r.kind IN ('loss_share', 'fixed_quantity', 'fixed_ratio', 'share') AND r.other_id IS NOT NULL AND s.depth < 33),
		level AS MATERIALIZED (
			SELECT s.account_id, max(s.depth) AS depth FROM step s GROUP BY s.account_id),
		head AS MATERIALIZED (
			SELECT l.account_id, l.depth, h.billed_to, least(form_usage.until_on, h.stops_on) AS ends_on
			  FROM level l JOIN billing.account_head h ON h.account_id = l.account_id WHERE l.account_id = ANY (wanted)),
		span AS (
			SELECT h.account_id, h.depth, h.ends_on, h.billed_to AS from_on, billing._next_span(h.account_id, h.billed_to, form_usage.until_on) AS until_on
			  FROM head h WHERE h.billed_to < h.ends_on
			UNION ALL
			SELECT s.account_id, s.depth, s.ends_on, s.until_on, billing._next_span(s.account_id, s.until_on, form_usage.until_on)
			  FROM span s WHERE s.until_on < s.ends_on),
		every AS (
			SELECT s.account_id, s.depth, s.from_on, s.until_on FROM span s
			UNION ALL
			SELECT h.account_id, h.depth, u.from_on, u.until_on FROM head h JOIN billing.formed_usage u ON u.account_id = h.account_id
			 WHERE u.state = 'current' AND u.until_on <= h.billed_to AND u.until_on > form_usage.back_to)
		SELECT array_agg(q.account_id) AS accounts, array_agg(q.from_on) AS from_days, array_agg(q.until_on) AS until_days
		  FROM (SELECT e.*, (row_number() OVER (PARTITION BY e.depth ORDER BY e.account_id, e.from_on) - 1) / 500 AS part FROM every e) q
		 GROUP BY q.depth, q.part ORDER BY q.depth, q.part
	LOOP
		SELECT jsonb_object_agg(c.key, c.n) INTO counted
		  FROM (SELECT o.key, sum(o.value::bigint) AS n
				  FROM (SELECT * FROM jsonb_each_text(counted)
						UNION ALL
						SELECT * FROM jsonb_each_text(billing._form_spans(chunk.accounts, chunk.from_days, chunk.until_days))) o
				 GROUP BY o.key) c;
	END LOOP;
	counted := coalesce(counted, '{}');
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
	ELSIF sqlstate IS NULL AND found_inputs IS DISTINCT FROM (SELECT i.inputs FROM billing._forming_inputs(ARRAY[_formed_usage.account_id], ARRAY[_formed_usage.from_on], ARRAY[_formed_usage.until_on]) i) THEN
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
