-- ---- what a bill was made of ----

CREATE FUNCTION billing._opening_carry(b billing.bill)
RETURNS billing.carry
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- of the bill before it in the chain, as it stood then; or what came from an old system
	SELECT coalesce((SELECT billing.carry(p.charges) FROM billing.bill p
					  WHERE p.account_id = (b).account_id AND p.until_on = (b).from_on AND p.kind IN ('normal', 'correction') AND p.seq < (b).seq
						AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = p.account_id AND r.from_on = p.from_on AND r.reverses_seq = p.seq AND r.seq < (b).seq)
					  ORDER BY p.seq DESC LIMIT 1),
		(SELECT i.carry FROM billing.cutover_item i WHERE i.account_id = (b).account_id AND i.from_on = (b).from_on AND i.state = 'posted'));
END;
COMMENT ON FUNCTION billing._opening_carry(billing.bill) IS 'what earlier bills had left when a bill was made';

CREATE FUNCTION billing._bill_readings(b billing.bill, OUT parts text[], OUT channels text[], OUT profiles billing.profile[])
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT array_agg(r.part), array_agg(r.channel), array_agg(r.profile) INTO parts, channels, profiles
	  FROM billing._readings_at(b.account_id, b.from_on, b.until_on, b.seq) r;
END $$;
COMMENT ON FUNCTION billing._bill_readings(billing.bill) IS 'the profiles that a bill was made of, as they were then';

CREATE FUNCTION billing._bill_usage(b billing.bill, OUT source text, OUT usage billing.usage, OUT parts text[], OUT channels text[], OUT profiles billing.profile[])
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- told by the digest that the bill has of it, since an account may be billed by something else now
	SELECT 'formed', u.usage INTO source, usage FROM billing.formed_usage u
	 WHERE u.account_id = b.account_id AND u.from_on = b.from_on AND u.until_on = b.until_on AND u.digest = b.usage_digest LIMIT 1;
	IF source IS NULL AND EXISTS (SELECT FROM billing.register_reading r WHERE r.account_id = b.account_id) THEN
		SELECT 'register', q.usage INTO source, usage FROM billing._register_usage(b.account_id, b.from_on, b.until_on, b.seq) q WHERE q.digest = b.usage_digest;
	END IF;
	IF source IS NULL THEN
		source := 'reading';
		SELECT r.parts, r.channels, r.profiles INTO parts, channels, profiles FROM billing._bill_readings(b) r;
		SELECT billing.usage_agg(billing.usage(part => p.part, import => p.import, export => p.export, generation => p.generation,
					reactive_import => p.reactive_import, reactive_export => p.reactive_export)) INTO usage
		  FROM (SELECT r.part,
					   billing.concat_agg(r.profile) FILTER (WHERE r.channel = 'import') AS import,
					   billing.concat_agg(r.profile) FILTER (WHERE r.channel = 'export') AS export,
					   billing.concat_agg(r.profile) FILTER (WHERE r.channel = 'generation') AS generation,
					   billing.concat_agg(r.profile) FILTER (WHERE r.channel = 'reactive_import') AS reactive_import,
					   billing.concat_agg(r.profile) FILTER (WHERE r.channel = 'reactive_export') AS reactive_export
				  FROM unnest(parts, channels, profiles) r(part, channel, profile) GROUP BY r.part) p;
		usage := coalesce(usage, billing.usage());
	END IF;
END $$;
COMMENT ON FUNCTION billing._bill_usage(billing.bill) IS 'the usage that a bill was made of, from readings, registers or forming as they were then';

CREATE FUNCTION billing._bill_inputs(b billing.bill, OUT plan_code text, OUT version_from_on date, OUT tariff billing.tariff, OUT market billing.market, OUT terms jsonb,
									 OUT carry billing.carry, OUT source text, OUT usage billing.usage, OUT parts text[], OUT channels text[], OUT profiles billing.profile[])
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
	plan	record;
	asked	boolean;
BEGIN
	SELECT a.plan_id, a.terms INTO plan FROM billing.account_plan a WHERE a.account_id = b.account_id AND a.from_on <= b.from_on ORDER BY a.from_on DESC LIMIT 1;
	terms := coalesce(plan.terms, '{}');
	-- by the digest that the bill has of it: of the account's plan where several have the same
	SELECT p.plan_code, v.from_on, v.tariff, v.market, v.asked IS NOT NULL INTO plan_code, version_from_on, tariff, market, asked
	  FROM billing.plan_version v JOIN billing.plan p ON p.plan_id = v.plan_id
	 WHERE v.digest = billing.tariff_digest(b.charges) ORDER BY v.plan_id = plan.plan_id DESC, v.from_on DESC LIMIT 1;
	IF asked AND market IS NULL THEN
		market := billing.bill_market((SELECT a.account_no FROM billing.account a WHERE a.account_id = b.account_id), b.from_on, b.revision);
	END IF;
	carry := billing._opening_carry(b);
	SELECT u.source, u.usage, u.parts, u.channels, u.profiles INTO source, usage, parts, channels, profiles FROM billing._bill_usage(b) u;
END $$;
COMMENT ON FUNCTION billing._bill_inputs(billing.bill) IS 'all that a bill of a period was rated from';

-- ---- why a bill is what it is ----

/*
 * The usage behind the lines of energy, one function for each source.  Each gets
 * the line's number with the part and the channel that it is for, and numbers
 * its rows below {1, line, 2}, the line's quantity.
 */
CREATE FUNCTION billing._explain_formed(b billing.bill, line integer, line_part text, line_channel text, line_period text)
RETURNS TABLE (path integer[], level text, days daterange, quantity numeric, note text, detail jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT ARRAY[1, _explain_formed.line, 2, l.line_no], 'step'::text, daterange(u.from_on, u.until_on), trim_scale(l.kwh), concat_ws(', ', l.kind, 'period ' || nullif(l.period, ''), l.basis),
		   jsonb_strip_nulls(jsonb_build_object('part', l.part, 'channel', l.channel, 'rule_no', l.rule_no, 'other_account_no', o.account_no, 'estimated', nullif(l.estimated, false)))
	  FROM billing.formed_usage u
	  JOIN billing.formed_line l ON l.account_id = u.account_id AND l.from_on = u.from_on AND l.revision = u.revision
	  LEFT JOIN billing.account o ON o.account_id = l.other_id
	 WHERE u.account_id = (b).account_id AND u.from_on = (b).from_on AND u.digest = (b).usage_digest
	   AND _explain_formed.line_part IN (l.part, 'whole') AND l.channel = _explain_formed.line_channel
	   AND (_explain_formed.line_period IS NULL OR l.period IN ('', _explain_formed.line_period));
END;
COMMENT ON FUNCTION billing._explain_formed(billing.bill, integer, text, text, text) IS 'the steps by which the energy of a line was formed';

CREATE FUNCTION billing._explain_registers(b billing.bill, usage billing.usage, line integer, line_part text, line_channel text, line_period text)
RETURNS TABLE (path integer[], level text, days daterange, quantity numeric, note text, detail jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	WITH said AS MATERIALIZED (
		SELECT r.*, row_number() OVER (ORDER BY r.part, r.period, r.from_on)::integer AS n FROM billing.registers(_explain_registers.usage) r
		 WHERE _explain_registers.line_part IN (r.part, 'whole') AND r.channel = _explain_registers.line_channel
		   AND (r.period IS NULL OR _explain_registers.line_period IS NULL OR r.period = _explain_registers.line_period))
	SELECT ARRAY[1, _explain_registers.line, 2, s.n] AS path, 'register'::text AS level, daterange(s.from_on, s.until_on) AS days, s.kwh AS quantity,
		   concat_ws(', ', s.channel || ' of ' || s.part, 'period ' || s.period) AS note, jsonb_strip_nulls(jsonb_build_object('estimated', nullif(s.estimated, false))) AS detail
	  FROM said s
	 UNION ALL
	SELECT ARRAY[1, _explain_registers.line, 2, s.n, row_number() OVER (PARTITION BY s.n ORDER BY v.read_on, v.place)::integer] AS path, 'reading'::text AS level, daterange(v.read_on, v.read_on, '[]') AS days,
		   NULL::numeric AS quantity, format('%s shows %s%s', v.register, trim_scale(v.value), ' × ' || trim_scale(v.multiplier)::text) AS note,
		   jsonb_strip_nulls(jsonb_build_object('kind', v.kind, 'author', v.author, 'approved_by', v.approved_by, 'source', nullif(v.source, ''), 'estimated', nullif(v.estimated, false), 'state', v.state)) AS detail
	  FROM said s
	  JOIN billing.register g ON g.channel = s.channel AND g.period = coalesce(s.period, '')
	  JOIN billing.register_reading v ON v.account_id = (b).account_id AND v.part = s.part AND v.register = g.register AND v.read_on BETWEEN s.from_on AND s.until_on AND v.place < 3
	   AND (v.state = 'valid' OR v.superseded_after >= (b).seq) AND coalesce(v.valid_after, -1) < (b).seq;
END;
COMMENT ON FUNCTION billing._explain_registers(billing.bill, billing.usage, integer, text, text, text) IS 'the registers that a line counts, each with its readings as they were then';

CREATE FUNCTION billing._explain_slots(during daterange, tariff billing.tariff, market billing.market, schedule text, parts text[], channels text[], profiles billing.profile[],
									   line integer, line_part text, line_channel text, line_period text, line_days daterange)
RETURNS TABLE (path integer[], level text, days daterange, quantity numeric, note text, detail jsonb)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zone	text := billing.jsonb(_explain_slots.tariff) ->> 'time_zone';
BEGIN
	RETURN QUERY
	WITH s AS (
		SELECT r.part, dense_rank() OVER (ORDER BY r.part, billing.slot(r.profile))::integer AS n, t.at, trim_scale(t.value * 0.001) AS kwh, t.quality, t.at AT TIME ZONE zone AS local
		  FROM unnest(_explain_slots.parts, _explain_slots.channels, _explain_slots.profiles) r(part, channel, profile)
		 CROSS JOIN LATERAL billing.slots(r.profile) t
		 WHERE r.channel = _explain_slots.line_channel AND _explain_slots.line_part IN (r.part, 'whole')
		   AND (_explain_slots.line_period IS NULL
				OR billing.period_at(_explain_slots.tariff, t.at, _explain_slots.during, _explain_slots.market, _explain_slots.schedule) = _explain_slots.line_period))
	SELECT ARRAY[1, _explain_slots.line, 2, s.n, row_number() OVER (PARTITION BY s.n ORDER BY s.at)::integer], 'slot'::text, daterange(s.local::date, s.local::date, '[]'), s.kwh,
		   format('%s of %s, %s', _explain_slots.line_channel, s.part, to_char(s.local, 'YYYY-MM-DD HH24:MI')), jsonb_strip_nulls(jsonb_build_object('at', s.at, 'quality', nullif(s.quality, 'actual')))
	  FROM s WHERE s.local::date <@ _explain_slots.line_days;
END $$;
COMMENT ON FUNCTION billing._explain_slots(daterange, billing.tariff, billing.market, text, text[], text[], billing.profile[], integer, text, text, text, daterange) IS
'the slots that make up the energy of a line';

CREATE FUNCTION billing._bill_days(during daterange, tariff billing.tariff, market billing.market, schedule text, parts text[], channels text[], profiles billing.profile[])
RETURNS TABLE (part text, channel text, slot interval, day date, period text, kwh numeric, slots integer, not_actual integer)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	zone	text := billing.jsonb(_bill_days.tariff) ->> 'time_zone';
BEGIN
	RETURN QUERY
	SELECT r.part, r.channel, billing.slot(r.profile), q.day, q.period, trim_scale(q.value * 0.001), q.slots, q.not_actual
	  FROM unnest(_bill_days.parts, _bill_days.channels, _bill_days.profiles) r(part, channel, profile)
	 CROSS JOIN LATERAL (
		SELECT (t.at AT TIME ZONE zone)::date AS day, billing.period_at(_bill_days.tariff, t.at, _bill_days.during, _bill_days.market, _bill_days.schedule) AS period,
			   sum(t.value) AS value, count(*)::integer AS slots, (count(*) FILTER (WHERE t.quality IS DISTINCT FROM 'actual'))::integer AS not_actual
		  FROM billing.slots(r.profile) t GROUP BY 1, 2) q;
END $$;
COMMENT ON FUNCTION billing._bill_days(daterange, billing.tariff, billing.market, text, text[], text[], billing.profile[]) IS
'the energy of each day of some profiles, by period of one of the tariff''s schedules';

CREATE FUNCTION billing._day_origin(b billing.bill, part text, channel text, day date)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	origin	jsonb;
BEGIN
	-- as it was then, where it was replaced since
	SELECT jsonb_build_object('batch_id', s.batch_id, 'version_at', s.version_at, 'replaced_at', s.replaced_at, 'reason', nullif(s.reason, '')) INTO origin FROM billing.reading_superseded s
	 WHERE s.account_id = b.account_id AND s.part = _day_origin.part AND s.channel = _day_origin.channel AND s.from_on > _day_origin.day - 31 AND s.from_on <= _day_origin.day
	   AND s.until_on > _day_origin.day AND s.after_seq >= b.seq ORDER BY s.superseded_id LIMIT 1;
	IF NOT FOUND THEN
		SELECT jsonb_build_object('batch_id', r.batch_id, 'version_at', coalesce(r.version_at, r.received_at), 'source', nullif(r.source, '')) INTO origin FROM billing.reading r
		 WHERE r.account_id = b.account_id AND r.part = _day_origin.part AND r.channel = _day_origin.channel AND r.from_on > _day_origin.day - 31 AND r.from_on <= _day_origin.day
		   AND r.until_on > _day_origin.day LIMIT 1;
	END IF;
	RETURN jsonb_strip_nulls(origin);
END $$;
COMMENT ON FUNCTION billing._day_origin(billing.bill, text, text, date) IS 'where the readings of a day came from that a bill was made of, and when they were replaced';

CREATE FUNCTION billing.explain_bill(account_id bigint, bill_id bigint, line integer DEFAULT NULL)
RETURNS TABLE (path integer[], level text, code text, days daterange, quantity numeric, unit text, price numeric, amount numeric, note text, detail jsonb)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET jit = off
-- planned once a session: planning takes as long as explaining
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
	bill	billing.bill;
	made	billing.bill;
	input	record;
	rated	record;
	state	text;
	same	boolean := false;
	sign	integer := 1;
BEGIN
	SELECT b.* INTO bill FROM billing.bill b WHERE b.account_id = explain_bill.account_id AND b.seq = explain_bill.bill_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('bill %s of account %s', explain_bill.bill_id, explain_bill.account_id));
	END IF;
	made := bill;
	IF bill.kind = 'reversal' THEN
		sign := -1;
		SELECT b.* INTO made FROM billing.bill b WHERE b.account_id = bill.account_id AND b.from_on = bill.from_on AND b.seq = bill.reverses_seq;
	END IF;
	IF made.kind = 'normal' THEN
		IF NOT billing.is_own(bill.account_id) AND NOT billing.can_read(bill.org_id, 'reading') THEN
			RAISE EXCEPTION 'this needs the right to read reading at the account''s org' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
		END IF;
		SELECT i.* INTO input FROM billing._bill_inputs(made) i;
		SELECT r.* INTO rated FROM billing.try_rate(input.tariff, input.usage, daterange(made.from_on, made.until_on), input.terms, input.market, input.carry) r;
		same := coalesce(rated.charges OPERATOR(billing.=) made.charges, false);
		state := CASE WHEN same THEN 'rated again it is the same, to the byte'
					  WHEN input.tariff IS NULL THEN 'its tariff is no version of a plan: only its lines can be shown'
					  WHEN rated.sqlstate IS NOT NULL THEN format('it cannot be rated again: %s', rated.message)
					  WHEN input.source = 'reading' AND made.usage_digest IS DISTINCT FROM billing._usage_digest_at(made.account_id, made.from_on, made.until_on, made.seq) THEN format('it cannot be shown from what it was made: the readings of these days are others; they come to %s', billing.total(rated.charges))
					  ELSE format('rated again by the terms and plans of now it comes to %s', billing.total(rated.charges)) END;
	ELSE
		state := format('a bill of kind %s: its lines were given, not rated', made.kind);
		SELECT NULL::text AS plan_code, NULL::date AS version_from_on, NULL::billing.tariff AS tariff, NULL::billing.market AS market, NULL::jsonb AS terms, NULL::billing.carry AS carry,
			   NULL::text AS source, NULL::billing.usage AS usage, NULL::text[] AS parts, NULL::text[] AS channels, NULL::billing.profile[] AS profiles INTO input;
	END IF;
	path := ARRAY[1];
	level := 'bill';
	days := daterange(bill.from_on, bill.until_on);
	amount := bill.total;
	note := state;
	detail := jsonb_strip_nulls(jsonb_build_object('bill_id', bill.seq, 'kind', bill.kind, 'revision', bill.revision, 'reverses', bill.reverses_seq, 'reason', bill.reason, 'currency', billing.currency(bill.charges),
		'issued_at', bill.issued_at, 'issued_by', bill.issued_by, 'same', same, 'plan_code', input.plan_code, 'version_from', input.version_from_on, 'terms', nullif(input.terms, '{}'),
		'tariff', encode(billing.tariff_digest(bill.charges), 'hex'), 'market', encode(billing.market_digest(bill.charges), 'hex'), 'usage', encode(bill.usage_digest, 'hex'),
		'usage_from', input.source, 'carry', nullif(billing.jsonb(input.carry), '{}'), 'leaves', nullif(billing.jsonb(billing.carry(bill.charges)), '{}')));
	RETURN NEXT;
	RETURN QUERY
	WITH reason AS MATERIALIZED (
		SELECT e.* FROM billing.explain_charges(input.tariff, input.usage, daterange(made.from_on, made.until_on), input.terms, input.market, input.carry) e WHERE same),
	said AS MATERIALIZED (
		SELECT l.*, coalesce(e.days, daterange(coalesce(l.from_on, bill.from_on), coalesce(l.until_on, bill.until_on))) AS line_days, e.measured, e.how, e.exact, e.rounding, e.rule AS charge
		  FROM billing.lines(bill.charges) l LEFT JOIN reason e ON e.line = l.line
		 WHERE explain_bill.line IS NULL OR l.line = explain_bill.line),
	-- lines of energy, with the part that is metered: one that the tariff makes is a share of it
	energy AS MATERIALIZED (
		SELECT q.*, coalesce(billing.jsonb(input.tariff) #>> ARRAY['parts', q.named, 'of'], q.named) AS part
		  FROM (SELECT s.line, s.code, s.unit, s.period, s.line_days, coalesce(s.charge ->> 'schedule', '') AS schedule, coalesce(s.charge ->> 'channel', 'import') AS channel, coalesce(s.charge ->> 'part', 'main') AS named
				  FROM said s WHERE s.charge IS NOT NULL AND s.unit IN ('kWh', 'kvarh', 'kVAh')) q),
	metered AS MATERIALIZED (
		SELECT k.schedule, b.* FROM (SELECT DISTINCT e.schedule FROM energy e WHERE input.source = 'reading' AND explain_bill.line IS NULL) k
		 CROSS JOIN LATERAL billing._bill_days(daterange(made.from_on, made.until_on), input.tariff, input.market, k.schedule, input.parts, input.channels, input.profiles) b),
	day AS MATERIALIZED (
		SELECT e.line, e.code, e.unit, d.part, d.channel, d.slot, d.day, sum(d.kwh) AS kwh, sum(d.slots) AS slots, sum(d.not_actual) AS not_actual,
			   dense_rank() OVER (PARTITION BY e.line ORDER BY d.part, d.channel, d.slot)::integer AS n
		  FROM metered d
		  JOIN energy e ON e.schedule = d.schedule AND e.channel = d.channel AND e.part IN (d.part, 'whole') AND (e.period IS NULL OR e.period = d.period) AND d.day <@ e.line_days
		 GROUP BY e.line, e.code, e.unit, d.part, d.channel, d.slot, d.day),
	origin AS MATERIALIZED (
		SELECT d.part, d.channel, d.day, billing._day_origin(made, d.part, d.channel, d.day) AS origin FROM day d GROUP BY d.part, d.channel, d.day)
	SELECT q.* FROM (
		-- what counts is a line; what is part of other lines, or kept, stands beside
		SELECT ARRAY[1, s.line] AS path, CASE WHEN s.counted THEN 'line' ELSE s.kind END AS level, coalesce(s.code, 'rounding') AS code, s.line_days AS days, sign * s.quantity AS quantity, s.unit AS unit,
			   s.price AS price, sign * s.amount AS amount, concat_ws(', ', 'period ' || s.period, 'tier ' || s.tier, 'component ' || s.component, CASE WHEN s.estimated THEN 'rests on estimates' END) AS note,
			   jsonb_strip_nulls(jsonb_build_object('period', s.period, 'tier', s.tier, 'component', s.component, 'tags', CASE WHEN s.tags <> '{}' THEN to_jsonb(s.tags) END, 'tax_class', s.tax_class,
					'estimated', nullif(s.estimated, false), 'kind', nullif(s.kind, 'charge'))) AS detail
		  FROM said s
		 UNION ALL
		SELECT ARRAY[1, s.line, 1], 'rule', s.code, s.line_days, NULL, NULL, s.price, s.exact, concat_ws('; ', s.how, s.rounding), s.charge FROM said s WHERE s.charge IS NOT NULL
		 UNION ALL
		SELECT ARRAY[1, s.line, 2], 'quantity', s.code, s.line_days, s.quantity, s.unit, NULL, NULL, s.measured, NULL FROM said s WHERE s.charge IS NOT NULL AND s.quantity IS NOT NULL
		 UNION ALL
		SELECT ARRAY[1, d.line, 2, d.n], 'reading', d.code, daterange(min(d.day), max(d.day), '[]'), sum(d.kwh), d.unit, NULL, NULL,
			   format('%s of %s: %s slots of %s minutes', d.channel, d.part, sum(d.slots), extract(epoch FROM d.slot)::integer / 60), jsonb_strip_nulls(jsonb_build_object('not_actual', nullif(sum(d.not_actual), 0)))
		  FROM day d GROUP BY d.line, d.n, d.code, d.unit, d.channel, d.part, d.slot
		 UNION ALL
		SELECT ARRAY[1, d.line, 2, d.n, d.day - made.from_on + 1], 'day', d.code, daterange(d.day, d.day, '[]'), d.kwh, d.unit, NULL, NULL, format('%s slots', d.slots),
			   o.origin || jsonb_strip_nulls(jsonb_build_object('not_actual', nullif(d.not_actual, 0)))
		  FROM day d JOIN origin o ON o.part = d.part AND o.channel = d.channel AND o.day = d.day
		 UNION ALL
		SELECT u.path, u.level, e.code, u.days, u.quantity, e.unit, NULL, NULL, u.note, u.detail
		  FROM energy e
		 CROSS JOIN LATERAL (
			SELECT f.* FROM billing._explain_formed(made, e.line, e.part, e.channel, e.period) f WHERE input.source = 'formed'
			 UNION ALL
			SELECT r.* FROM billing._explain_registers(made, input.usage, e.line, e.part, e.channel, e.period) r WHERE input.source = 'register'
			 UNION ALL
			SELECT s.* FROM billing._explain_slots(daterange(made.from_on, made.until_on), input.tariff, input.market, e.schedule, input.parts, input.channels, input.profiles, e.line, e.part, e.channel, e.period, e.line_days) s
			 WHERE input.source = 'reading' AND explain_bill.line IS NOT NULL) u) q
	 ORDER BY q.path;
END $$;
COMMENT ON FUNCTION billing.explain_bill(bigint, bigint, integer) IS
'why a bill is what it is, as a tree: the bill, its lines (the amounts of level line add up to it), of each the rule and how it makes the amount, what was measured, and the '
'readings, registers or steps of forming behind it, day by day; of one line slot by slot. bill_id is the number of the bill''s link in the account''s chain. The bill is rated again from '
'the readings, the tariff, the market and the carry as they were then: the note of level bill says whether the very same charges come of it';

CREATE FUNCTION billing.bill_explanation(account_id bigint, bill_id bigint, line integer DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- rows of a tree in their order; whoever shows it nests them by their path
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('path', e.path, 'level', e.level, 'code', e.code, 'from', lower(e.days), 'until', upper(e.days), 'quantity', e.quantity::text, 'unit', e.unit,
			'price', e.price::text, 'amount', e.amount::text, 'note', nullif(e.note, ''), 'detail', nullif(e.detail, '{}'))) ORDER BY e.path)
	  FROM billing.explain_bill(bill_explanation.account_id, bill_explanation.bill_id, bill_explanation.line) e;
END;
COMMENT ON FUNCTION billing.bill_explanation(bigint, bigint, integer) IS 'explain_bill() as one JSON list, for consoles: decimals are strings';

-- ---- what a bill would be ----

CREATE FUNCTION billing._simulate_account(account_id bigint, during daterange, plan_code text, terms jsonb, tariff billing.tariff)
RETURNS TABLE (from_on date, until_on date, billed numeric, charges billing.charges, sqlstate text, message text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 12
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	part	record;
	used	record;
	input	record;
	rated	record;
	carry	billing.carry;
	first	boolean := true;
BEGIN
	FOR part IN
		-- what stands of the bills, then what of the days is not billed yet, in periods of the account
		WITH RECURSIVE stands AS (
			SELECT b AS bill, b.from_on, b.until_on FROM billing.bill b
			 WHERE b.account_id = _simulate_account.account_id AND b.kind = 'normal' AND b.from_on >= lower(_simulate_account.during) AND b.until_on <= upper(_simulate_account.during)
			   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq)),
		head AS (
			SELECT h.* FROM billing.account_head h WHERE h.account_id = _simulate_account.account_id),
		ahead AS (
			SELECT greatest(h.billed_to, lower(_simulate_account.during)) AS from_on, billing._period_end(greatest(h.billed_to, lower(_simulate_account.during)), h.cycle_day, h.cycle_months, h.cycle_first) AS until_on
			  FROM head h
			 UNION ALL
			SELECT a.until_on, billing._period_end(a.until_on, h.cycle_day, h.cycle_months, h.cycle_first) FROM ahead a CROSS JOIN head h WHERE a.until_on < upper(_simulate_account.during))
		SELECT s.bill, s.from_on, s.until_on, NULL::text AS usage_from, NULL::billing.carry AS carry FROM stands s
		 UNION ALL
		SELECT NULL::billing.bill, a.from_on, least(a.until_on, upper(_simulate_account.during)), h.usage_from, h.carry FROM ahead a CROSS JOIN head h WHERE a.from_on < upper(_simulate_account.during)
		 ORDER BY 2
	LOOP
		from_on := part.from_on;
		until_on := part.until_on;
		-- what it is rated by: the days' own, but for what is to be tried
		IF (part.bill).seq IS NOT NULL THEN
			SELECT i.terms, i.tariff, i.market, i.usage, i.carry INTO input FROM billing._bill_inputs(part.bill) i;
			SELECT sum(c.total) INTO billed FROM billing.bill c
			 WHERE c.account_id = _simulate_account.account_id AND c.from_on = part.from_on AND c.until_on = part.until_on AND c.kind IN ('normal', 'correction')
			   AND NOT EXISTS (SELECT FROM billing.bill r WHERE r.account_id = c.account_id AND r.from_on = c.from_on AND r.reverses_seq = c.seq);
		ELSE
			billed := NULL;
			SELECT p.terms, p.tariff, coalesce(p.market, CASE WHEN p.asked IS NOT NULL THEN billing._market(p.tariff, p.asked, p.calendar_id, part.from_on, part.until_on) END) AS market,
				   NULL::billing.usage AS usage, part.carry AS carry INTO input
			  FROM billing._piece_of(_simulate_account.account_id, part.from_on, part.until_on) p;
			IF part.usage_from = 'reading' THEN
				SELECT coalesce(billing._usage_of(_simulate_account.account_id, daterange(part.from_on, part.until_on)), billing.usage()) AS usage INTO used;
			ELSIF part.usage_from = 'register' THEN
				SELECT CASE WHEN q.missing IS NULL THEN q.usage END AS usage INTO used FROM billing._register_usage(_simulate_account.account_id, part.from_on, part.until_on) q;
			ELSE
				SELECT (SELECT u.usage FROM billing.formed_usage u WHERE u.account_id = _simulate_account.account_id AND u.from_on = part.from_on AND u.until_on = part.until_on
																   AND u.state = 'current') AS usage INTO used;
			END IF;
			input.usage := used.usage;
		END IF;
		IF _simulate_account.tariff IS NOT NULL THEN
			input.tariff := _simulate_account.tariff;
			input.market := CASE WHEN billing.market_asked(input.tariff) IS NOT NULL THEN
				billing._market(input.tariff, billing.market_asked(input.tariff),
					(SELECT v.calendar_id FROM billing._piece_of(_simulate_account.account_id, part.from_on, part.until_on) v), part.from_on, part.until_on) END;
		ELSIF _simulate_account.plan_code IS NOT NULL THEN
			SELECT v.tariff, coalesce(v.market, CASE WHEN v.asked IS NOT NULL THEN billing._market(v.tariff, v.asked, v.calendar_id, part.from_on, part.until_on) END) AS market INTO used
			  FROM billing.plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id WHERE p.plan_code = _simulate_account.plan_code AND v.from_on <= part.from_on ORDER BY v.from_on DESC LIMIT 1;
			input.tariff := used.tariff;
			input.market := used.market;
		END IF;
		-- each period goes on from what the one before has left in this simulation
		IF first THEN
			carry := input.carry;
		END IF;
		first := false;
		SELECT r.* INTO rated FROM billing.try_rate(input.tariff, input.usage, daterange(part.from_on, part.until_on), coalesce(input.terms, '{}') || coalesce(_simulate_account.terms, '{}'), input.market, carry) r;
		charges := rated.charges;
		sqlstate := rated.sqlstate;
		message := rated.message;
		RETURN NEXT;
		EXIT WHEN sqlstate IS NOT NULL;
		carry := billing.carry(charges);
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._simulate_account(bigint, daterange, text, jsonb, billing.tariff) IS
'what the periods of an account come to under another plan, terms or tariff, each with the carry of the one before; ends with the first that cannot be rated';

CREATE FUNCTION billing.simulate(during daterange, account_nos text[] DEFAULT NULL, org_no text DEFAULT NULL, class text DEFAULT NULL, plan_code text DEFAULT NULL,
								 terms jsonb DEFAULT NULL, tariff billing.tariff DEFAULT NULL)
RETURNS TABLE (account_no text, from_on date, until_on date, billed numeric, simulated numeric, difference numeric, charges billing.charges, sqlstate text, message text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	orgs	bigint[];
BEGIN
	IF isempty(simulate.during) OR lower_inf(simulate.during) OR upper_inf(simulate.during) OR NOT isfinite(lower(simulate.during)) OR NOT isfinite(upper(simulate.during))
		OR upper(simulate.during) - lower(simulate.during) > 3660 THEN
		RAISE EXCEPTION 'a simulation is of 1 to 3660 days' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', simulate.during),
			HINT = 'Give a span such as daterange(''2026-01-01'', ''2027-01-01'').';
	END IF;
	IF simulate.account_nos IS NULL AND simulate.org_no IS NULL AND simulate.class IS NULL THEN
		RAISE EXCEPTION 'it is not said whose bills are to be simulated' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give account_nos, org_no, class, or several of them.';
	END IF;
	IF simulate.plan_code IS NOT NULL AND simulate.tariff IS NOT NULL THEN
		RAISE EXCEPTION 'a simulation is by a plan or by a tariff' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF simulate.terms IS NOT NULL AND jsonb_typeof(simulate.terms) <> 'object' THEN
		RAISE EXCEPTION 'terms are an object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF simulate.plan_code IS NOT NULL AND NOT EXISTS (SELECT FROM billing.plan p WHERE p.plan_code = simulate.plan_code) THEN
		PERFORM billing._not_found(format('plan %s', simulate.plan_code));
	END IF;
	IF simulate.org_no IS NOT NULL THEN
		orgs := billing._orgs_below(billing._org_of(simulate.org_no, 'read', 'bill'));
	END IF;
	RETURN QUERY
	SELECT a.account_no, s.from_on, s.until_on, s.billed, billing.total(s.charges), billing.total(s.charges) - s.billed, s.charges, s.sqlstate, s.message
	  FROM billing.account a
	 CROSS JOIN LATERAL billing._simulate_account(a.account_id, simulate.during, simulate.plan_code, simulate.terms, simulate.tariff) s
	 WHERE (simulate.account_nos IS NULL OR a.account_no = ANY (simulate.account_nos))
	   AND (orgs IS NULL OR a.org_id = ANY (orgs))
	   -- whose bills and readings the caller may see
	   AND (billing.is_own(a.account_id) OR (billing.can_read(a.org_id, 'bill') AND billing.can_read(a.org_id, 'reading')))
	   AND (simulate.class IS NULL OR simulate.class = (SELECT coalesce(c.class, 'other') FROM billing.account_plan p LEFT JOIN billing.plan_class c ON c.plan_id = p.plan_id
														 WHERE p.account_id = a.account_id AND p.from_on < upper(simulate.during) ORDER BY p.from_on DESC LIMIT 1))
	 ORDER BY a.account_no, s.from_on;
END $$;
COMMENT ON FUNCTION billing.simulate(daterange, text[], text, text, text, jsonb, billing.tariff) IS
'what bills would be under another plan, tariff or terms (added to the account''s own), beside what was billed, corrections included: of accounts, of an org and those below it, of a class; period by '
'period, each with what the one before leaves in the simulation. Days that are not billed yet are rated by what is known of them. Nothing is written: it runs in read-only transactions and on a standby. '
'Of an account that cannot be rated the row says why, and later periods are left out';
