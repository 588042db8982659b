-- The stage: all steps of an account, what they depend on, and many accounts at once.
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
SET jit = off
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
SET jit = off
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
SET jit = off
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
			 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND h.usage_from = 'formed'
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

CREATE FUNCTION billing._formed_usages(accounts bigint[], from_days date[], until_days date[])
RETURNS TABLE (place bigint, usage billing.usage, digest bytea, sqlstate text, message text, detail text, hint text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
-- planned once; by keys, whatever the statistics say
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH found AS MATERIALIZED (
		SELECT s.n, s.account_id, s.from_on, s.until_on, u.revision IS NOT NULL AS is_formed, u.usage, u.digest, u.sqlstate, u.message, u.detail, u.hint, u.inputs,
			   -- what could be formed, and so depends on what it was formed of
			   sum(CASE WHEN u.revision IS NOT NULL AND u.sqlstate IS NULL THEN 1 ELSE 0 END) OVER (ORDER BY s.n) AS usable
		  FROM unnest(_formed_usages.accounts, _formed_usages.from_days, _formed_usages.until_days) WITH ORDINALITY s(account_id, from_on, until_on, n)
		  LEFT JOIN billing.formed_usage u ON u.account_id = s.account_id AND u.from_on = s.from_on AND u.until_on = s.until_on AND u.state = 'current'),
	input AS MATERIALIZED (
		SELECT i.place, i.inputs
		  FROM (SELECT array_agg(f.account_id ORDER BY f.n) AS accounts, array_agg(f.from_on ORDER BY f.n) AS from_days, array_agg(f.until_on ORDER BY f.n) AS until_days
				  FROM found f WHERE f.is_formed AND f.sqlstate IS NULL) q
		 CROSS JOIN LATERAL billing._forming_inputs(q.accounts, q.from_days, q.until_days) i),
	judged AS (
		SELECT f.*, CASE WHEN NOT f.is_formed THEN 'missing' WHEN f.sqlstate IS NULL AND f.inputs IS DISTINCT FROM i.inputs THEN 'changed' END AS lacks
		  FROM found f LEFT JOIN input i ON i.place = f.usable AND f.is_formed AND f.sqlstate IS NULL)
	SELECT j.n, j.usage, j.digest, CASE WHEN j.lacks IS NULL THEN j.sqlstate ELSE 'UB123' END,
		   CASE j.lacks WHEN 'missing' THEN 'the usage of these days is not formed' WHEN 'changed' THEN 'readings or rules have changed since the usage was formed' ELSE j.message END,
		   j.detail, CASE j.lacks WHEN 'missing' THEN 'form_usage() forms it, before the run.' WHEN 'changed' THEN 'form_usage() forms it anew.' ELSE j.hint END
	  FROM judged j;
END $$;
COMMENT ON FUNCTION billing._formed_usages(bigint[], date[], date[]) IS 'of each of these spans of accounts, by its place among them: the formed usage, or why there is none to bill';

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
