-- Steps of forming, and the first of them: what an account's own meters and agreements say.
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
SET jit = off
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
