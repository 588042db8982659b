CREATE FUNCTION billing.add_register(register text, channel text, period text DEFAULT '', measures text DEFAULT 'energy')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: names are everybody's, so who writes them may write plans everywhere.
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.register (register, measures, channel, period)
	VALUES (add_register.register, add_register.measures, CASE WHEN add_register.measures = 'energy' THEN add_register.channel END, add_register.period);
END $$;
COMMENT ON FUNCTION billing.add_register(text, text, text, text) IS
'a further name of a register: what it measures (energy, demand), of which channel, in which period of the tariffs; needs write on plan everywhere';

CREATE FUNCTION billing.set_register_limit(org_no text, plan_code text DEFAULT NULL, high_ratio numeric DEFAULT 3, low_ratio numeric DEFAULT 0.1,
	least_kwh numeric DEFAULT 100, most_kwh numeric DEFAULT NULL, sum_ratio numeric DEFAULT 0.005, sum_least numeric DEFAULT 1)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes limits for an org and all below it, for who may approve readings there.
DECLARE
	at_org	bigint := billing._org_of(set_register_limit.org_no, 'approve', 'reading');
	plan	bigint;
BEGIN
	IF set_register_limit.plan_code IS NOT NULL THEN
		SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = set_register_limit.plan_code;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('plan %s', set_register_limit.plan_code));
		END IF;
	END IF;
	-- for each org by itself: who works below does not see the orgs above
	INSERT INTO billing.register_limit AS l (org_id, plan_id, high_ratio, low_ratio, least_kwh, most_kwh, sum_ratio, sum_least)
	SELECT o, plan, set_register_limit.high_ratio, set_register_limit.low_ratio, set_register_limit.least_kwh, set_register_limit.most_kwh,
		   set_register_limit.sum_ratio, set_register_limit.sum_least
	  FROM unnest(billing._orgs_below(at_org)) o
	    ON CONFLICT ON CONSTRAINT register_limit_class_key DO UPDATE SET high_ratio = excluded.high_ratio, low_ratio = excluded.low_ratio,
		   least_kwh = excluded.least_kwh, most_kwh = excluded.most_kwh, sum_ratio = excluded.sum_ratio, sum_least = excluded.sum_least;
	PERFORM billing._audit(at_org, 'set_register_limit', format('org %s', set_register_limit.org_no),
		jsonb_strip_nulls(jsonb_build_object('plan_code', set_register_limit.plan_code, 'high_ratio', set_register_limit.high_ratio, 'low_ratio', set_register_limit.low_ratio,
			'least_kwh', set_register_limit.least_kwh, 'most_kwh', set_register_limit.most_kwh, 'sum_ratio', set_register_limit.sum_ratio, 'sum_least', set_register_limit.sum_least)));
END $$;
COMMENT ON FUNCTION billing.set_register_limit(text, text, numeric, numeric, numeric, numeric, numeric, numeric) IS
'from where on readings of registers wait for a second person, at an org and all below it, for accounts of a plan or all others; needs approve on reading';

CREATE FUNCTION billing._inherit_limits()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a new org begins with the limits of the one above.
BEGIN
	INSERT INTO billing.register_limit (org_id, plan_id, high_ratio, low_ratio, least_kwh, most_kwh, sum_ratio, sum_least)
	SELECT n.org_id, l.plan_id, l.high_ratio, l.low_ratio, l.least_kwh, l.most_kwh, l.sum_ratio, l.sum_least
	  FROM new_rows n JOIN billing.register_limit l ON l.org_id = n.parent_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._inherit_limits() IS 'a new org has the limits of its parent';

CREATE FUNCTION billing._refuse_register_change()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND (OLD.account_id, OLD.part, OLD.register, OLD.read_on, OLD.kind, OLD.entry_no, OLD.value, OLD.estimated, OLD.source, OLD.author, OLD.entered_at)
		= (NEW.account_id, NEW.part, NEW.register, NEW.read_on, NEW.kind, NEW.entry_no, NEW.value, NEW.estimated, NEW.source, NEW.author, NEW.entered_at)
		AND (OLD.batch_id IS NULL OR (OLD.batch_id, OLD.digits, OLD.multiplier) IS NOT DISTINCT FROM (NEW.batch_id, NEW.digits, NEW.multiplier))
		AND (OLD.decision_batch_id IS NULL OR OLD.decision_batch_id = NEW.decision_batch_id)
		AND (OLD.state IN ('entered', 'pending') OR NEW.state IN (OLD.state, 'superseded')) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'readings of registers stay as they were entered'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'record_register() enters it again.';
END $$;
COMMENT ON FUNCTION billing._refuse_register_change() IS 'trigger: of a reading only what was decided about it changes';

-- What the tree of a batch says of a reading of a register, and of what a second person decided about it.
CREATE FUNCTION billing._register_leaf(r billing.register_reading)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('register', r.account_id, r.part, r.register, r.read_on, r.kind, r.entry_no, r.value, r.digits, r.multiplier, r.estimated, r.read_at,
		r.source, r.author, r.entered_at);
END;
COMMENT ON FUNCTION billing._register_leaf(billing.register_reading) IS 'what the tree of a batch says of a reading of a register';

CREATE FUNCTION billing._decision_leaf(r billing.register_reading)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('decision', r.account_id, r.entry_no, r.state = 'rejected', r.approved_by, r.decided_at, r.reason);
END;
COMMENT ON FUNCTION billing._decision_leaf(billing.register_reading) IS 'what the tree of a batch says of a decision about a reading of a register';

CREATE FUNCTION billing._leaves_of(batch_id bigint)
RETURNS billing._leaf[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(ROW (r.account_id, r.part, r.register, r.read_on, r.read_on, l.leaf, l.entry_no)::billing._leaf), '{}')
	  FROM billing.register_reading r
	 CROSS JOIN LATERAL (SELECT billing._register_leaf(r) AS leaf, r.entry_no WHERE r.batch_id = _leaves_of.batch_id
						  UNION ALL
						 SELECT billing._decision_leaf(r), -r.entry_no WHERE r.decision_batch_id = _leaves_of.batch_id) l
	 WHERE r.batch_id = _leaves_of.batch_id OR r.decision_batch_id = _leaves_of.batch_id;
END;
COMMENT ON FUNCTION billing._leaves_of(bigint) IS 'the leaves of a batch that are readings of registers and decisions about them';

CREATE FUNCTION billing.set_usage_from(usage_from text, account_nos text[], cycle_day integer DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: the head is written for who may write the accounts.
DECLARE
	wanted	bigint[];
	missing	text;
	changed	integer;
BEGIN
	IF set_usage_from.usage_from IS NULL OR set_usage_from.usage_from NOT IN ('reading', 'register', 'formed') THEN
		RAISE EXCEPTION 'usage comes from reading, register or formed' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT array_agg(a.account_id ORDER BY a.account_id) INTO wanted FROM billing.account a
	 WHERE a.account_no = ANY (set_usage_from.account_nos) AND billing.can_write(a.org_id, 'account');
	SELECT n INTO missing FROM unnest(set_usage_from.account_nos) n
	 WHERE NOT EXISTS (SELECT FROM billing.account a WHERE a.account_no = n AND a.account_id = ANY (wanted)) ORDER BY n LIMIT 1;
	IF FOUND THEN
		PERFORM billing._not_found(format('account %s', missing));
	END IF;
	PERFORM FROM billing.account_head h WHERE h.account_id = ANY (wanted) ORDER BY h.account_id FOR NO KEY UPDATE;
	UPDATE billing.account_head h SET usage_from = set_usage_from.usage_from, cycle_day = coalesce(set_usage_from.cycle_day, h.cycle_day)
	 WHERE h.account_id = ANY (wanted);
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(a.org_id, 'set_usage_from', format('account %s', a.account_no),
						   jsonb_strip_nulls(jsonb_build_object('usage_from', set_usage_from.usage_from, 'cycle_day', set_usage_from.cycle_day)))
	   FROM billing.account a WHERE a.account_id = ANY (wanted) ORDER BY a.account_id;
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.set_usage_from(text, text[], integer) IS
'what these accounts are billed by from their next bill on: reading (load profiles), register, or formed (see form_usage()); cycle_day: '
'the day of the month, 1 to 28, on which they are read and their bills begin; returns how many';

/*
 * The checks.  What is entered is judged with what is valid around it, all of
 * these accounts at once; what is not found wrong or large becomes valid.
 */
CREATE FUNCTION billing._judge_registers(accounts bigint[])
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- what is entered is joined with itself, and nobody can know how much it is; tables are asked by key, in LATERAL
SET enable_nestloop = off
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	judged	integer;
BEGIN
	WITH fresh AS MATERIALIZED (
		SELECT r.account_id, r.part, r.register, r.read_on, r.kind, r.place, r.entry_no, r.org_id, r.value, r.digits, r.multiplier, r.estimated,
			   max(r.entry_no) OVER (PARTITION BY r.account_id, r.part, r.register, r.read_on, r.place) AS last_entry_no,
			   o.entry_no AS old_no, o.value AS old_value, o.estimated AS old_estimated, o.multiplier AS old_multiplier,
			   -- what was billed stays: nothing within a bill's days, nothing new at their edges
			   h.usage_from <> 'reading' AND r.place < 3 AND EXISTS (
					SELECT FROM billing.bill b
					 WHERE b.account_id = r.account_id AND b.kind = 'normal' AND b.from_on <= r.read_on AND b.until_on >= r.read_on
					   AND ((b.from_on < r.read_on AND b.until_on > r.read_on) OR o.value <> r.value)
					   AND NOT EXISTS (SELECT FROM billing.bill v WHERE v.account_id = b.account_id AND v.from_on = b.from_on
																	  AND v.revision = b.revision AND v.kind = 'reversal')) AS billed
		  FROM billing.register_reading r
		 CROSS JOIN LATERAL (SELECT a.usage_from FROM billing.account_head a WHERE a.account_id = r.account_id OFFSET 0) h
		  LEFT JOIN LATERAL (SELECT v.entry_no, v.value, v.estimated, v.multiplier FROM billing.register_reading v
							  WHERE v.account_id = r.account_id AND v.read_on = r.read_on AND v.part = r.part AND v.register = r.register
								AND v.place = r.place AND v.state = 'valid' OFFSET 0) o ON true
		 WHERE r.account_id = ANY (_judge_registers.accounts) AND r.state = 'entered'),
	class AS MATERIALIZED (
		SELECT q.account_id, coalesce(l.high_ratio, 3) AS high_ratio, coalesce(l.low_ratio, 0.1) AS low_ratio, coalesce(l.least_kwh, 100) AS least_kwh,
			   l.most_kwh, coalesce(l.sum_ratio, 0.005) AS sum_ratio, coalesce(l.sum_least, 1) AS sum_least, q.first_on
		  FROM (SELECT f.account_id, f.org_id, min(f.read_on) AS first_on, max(f.read_on) AS last_on FROM fresh f GROUP BY f.account_id, f.org_id) q
		  LEFT JOIN LATERAL (SELECT p.plan_id FROM billing.account_plan p
							  WHERE p.account_id = q.account_id AND p.from_on <= q.last_on ORDER BY p.from_on DESC LIMIT 1) p ON true
		  LEFT JOIN LATERAL (SELECT m.* FROM billing.register_limit m WHERE m.org_id = q.org_id AND (m.plan_id = p.plan_id OR m.plan_id IS NULL)
							  ORDER BY m.plan_id IS NULL LIMIT 1) l ON true),
	chain AS (
		SELECT v.account_id, v.part, v.register, v.read_on, v.place, v.value, v.digits, v.multiplier, v.estimated, NULL::bigint AS entry_no
		  FROM class c
		 CROSS JOIN LATERAL (SELECT o.* FROM billing.register_reading o
							  WHERE o.account_id = c.account_id AND o.read_on >= c.first_on - 400 AND o.state = 'valid' AND o.place < 3 OFFSET 0) v
		 WHERE NOT EXISTS (SELECT FROM fresh f WHERE f.account_id = v.account_id AND f.part = v.part AND f.register = v.register
												 AND f.read_on = v.read_on AND f.place = v.place AND NOT f.billed)
		UNION ALL
		SELECT f.account_id, f.part, f.register, f.read_on, f.place, f.value, f.digits, f.multiplier, f.estimated, f.entry_no
		  FROM fresh f
		 WHERE f.place < 3 AND f.entry_no = f.last_entry_no AND NOT f.billed AND f.value >= 0),
	known AS (
		SELECT c.*, g.measures, g.channel, g.period,
			   count(c.multiplier) OVER w AS multipliers, count(c.digits) OVER w AS digit_counts
		  FROM chain c JOIN billing.register g ON g.register = c.register
		WINDOW w AS (PARTITION BY c.account_id, c.part, c.register ORDER BY c.read_on, c.place)),
	-- digits and multiplier are those of the reading before where the row has none
	held AS (
		SELECT k.account_id, k.part, k.register, k.read_on, k.place, k.value, k.estimated, k.entry_no, k.measures, k.channel, k.period,
			   CASE WHEN k.digit_counts = 0 THEN b.digits ELSE max(k.digits) OVER (PARTITION BY k.account_id, k.part, k.register, k.digit_counts) END AS digits,
			   CASE WHEN k.multipliers = 0 THEN coalesce(b.multiplier, 1) ELSE max(k.multiplier) OVER (PARTITION BY k.account_id, k.part, k.register, k.multipliers) END AS multiplier
		  FROM known k
		  -- older than the history that is looked at
		  LEFT JOIN LATERAL (SELECT v.digits, v.multiplier FROM billing.register_reading v
							  WHERE v.account_id = k.account_id AND v.part = k.part AND v.register = k.register AND v.state = 'valid' AND v.place < 3
								AND v.read_on < k.read_on AND (k.multipliers = 0 OR k.digit_counts = 0)
							  ORDER BY v.read_on DESC, v.place DESC LIMIT 1) b ON true),
	stepped AS (
		SELECT e.*, lag(e.multiplier) OVER w AS since_multiplier, lag(e.value) OVER w AS since_value, lag(e.read_on) OVER w AS since_on, lag(e.estimated) OVER w AS since_estimated,
			   lead(e.value) OVER w AS next_value, lead(e.place) OVER w AS next_place, lead(e.entry_no) OVER w AS next_entry_no
		  FROM held e
		WINDOW w AS (PARTITION BY e.account_id, e.part, e.register ORDER BY e.read_on, e.place)),
	measured AS (
		SELECT s.*, s.read_on - s.since_on AS days,
			   CASE WHEN s.place = 2 OR s.measures = 'demand' THEN NULL
					WHEN s.value >= s.since_value THEN (s.value - s.since_value) * s.multiplier
					-- once around, where that is at most half of what the register can show
					WHEN s.value + 10::numeric ^ s.digits - s.since_value <= 10::numeric ^ s.digits / 2
					THEN (s.value + 10::numeric ^ s.digits - s.since_value) * s.multiplier END AS kwh
		  FROM stepped s),
	weighed AS MATERIALIZED (
		SELECT m.*, c.high_ratio, c.low_ratio, c.least_kwh, c.most_kwh, c.sum_ratio, c.sum_least,
			   sum(m.kwh) OVER w / nullif(sum(m.days) FILTER (WHERE m.kwh IS NOT NULL) OVER w, 0) AS usual,
			   sum(m.kwh) FILTER (WHERE m.period <> '') OVER d AS periods_kwh, max(m.kwh) FILTER (WHERE m.period = '') OVER d AS total_kwh,
			   min(m.since_on) OVER d = max(m.since_on) OVER d AS same_days
		  FROM measured m JOIN class c ON c.account_id = m.account_id
		WINDOW w AS (PARTITION BY m.account_id, m.part, m.register ORDER BY m.read_on, m.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
			   d AS (PARTITION BY m.account_id, m.part, m.channel, m.read_on, m.place)),
	verdict AS MATERIALIZED (
		SELECT f.account_id, f.read_on, f.part, f.register, f.entry_no, coalesce(w.digits, f.digits) AS digits, coalesce(w.multiplier, f.multiplier, 1) AS multiplier,
			   CASE WHEN f.entry_no < f.last_entry_no THEN 'again'
					WHEN f.billed THEN 'billed'
					WHEN f.value < 0 OR f.value >= 10::numeric ^ coalesce(w.digits, f.digits) THEN 'digits'
					WHEN f.old_value = f.value AND f.old_multiplier = coalesce(w.multiplier, 1) AND (f.estimated OR NOT f.old_estimated) THEN 'again'
					WHEN w.place <> 2 AND w.multiplier <> w.since_multiplier THEN 'multiplier'
					WHEN f.place = 3 OR w.measures = 'demand' THEN ''
					WHEN w.next_entry_no IS NULL AND w.next_place <> 2 AND w.next_value < w.value
						 AND coalesce(w.next_value + 10::numeric ^ w.digits - w.value > 10::numeric ^ w.digits / 10, true) THEN 'order'
					WHEN w.place <> 2 AND w.value < w.since_value AND w.since_estimated THEN 'below estimate'
					WHEN w.place <> 2 AND w.value < w.since_value
						 AND coalesce(w.kwh > CASE WHEN w.usual IS NULL THEN 10::numeric ^ w.digits / 10 * w.multiplier
												   ELSE greatest(w.high_ratio * w.usual * w.days, w.least_kwh) END, true) THEN 'fell back'
					WHEN NOT f.old_estimated AND abs(f.value - f.old_value) * w.multiplier > w.least_kwh THEN 'changed'
					WHEN w.kwh > w.least_kwh AND w.kwh > w.high_ratio * w.usual * w.days OR w.kwh > w.most_kwh THEN 'high'
					WHEN w.usual * w.days > w.least_kwh AND w.kwh < w.low_ratio * w.usual * w.days THEN 'low'
					WHEN w.same_days AND abs(w.periods_kwh - w.total_kwh) > greatest(w.sum_ratio * w.total_kwh, w.sum_least * w.multiplier)
						 AND (w.periods_kwh > w.total_kwh OR NOT EXISTS (
							-- some period of the beginning is not read yet
							SELECT FROM billing.register_reading b JOIN billing.register g ON g.register = b.register
							 WHERE b.account_id = w.account_id AND b.read_on = w.since_on AND b.part = w.part AND b.state = 'valid' AND g.channel = w.channel AND g.period <> ''
							   AND NOT EXISTS (SELECT FROM billing.register_reading e WHERE e.account_id = w.account_id AND e.read_on = w.read_on
												AND e.part = w.part AND e.register = b.register AND e.state IN ('valid', 'entered')))) THEN 'sum'
					WHEN w.place <> 2 AND w.value < w.since_value THEN 'rolled over'
					ELSE '' END AS finding,
			   w.kwh, w.days, w.usual, w.since_value, w.since_multiplier, w.since_on, w.next_value, w.periods_kwh, w.total_kwh, f.value, f.old_value
		  -- a full join cannot be done row by row, as the planner would, who takes these for few; rows without f are nobody's below
		  FROM fresh f FULL JOIN weighed w ON w.account_id = f.account_id AND w.entry_no = f.entry_no)
	UPDATE billing.register_reading t
	   SET digits = v.digits, multiplier = v.multiplier, finding = v.finding,
		   state = CASE WHEN v.finding IN ('billed', 'digits', 'multiplier') THEN 'rejected' WHEN v.finding = 'again' THEN 'superseded'
						WHEN v.finding IN ('', 'rolled over') THEN 'entered' ELSE 'pending' END,
		   detail = CASE v.finding
						WHEN 'digits' THEN format('%s does not fit %s digits', trim_scale(v.value), coalesce(v.digits::text, 'any number of'))
						WHEN 'multiplier' THEN format('the multiplier is %s', trim_scale(v.since_multiplier))
						WHEN 'order' THEN format('a later reading is %s', trim_scale(v.next_value))
						WHEN 'fell back' THEN format('%s on %s', trim_scale(v.since_value), to_char(v.since_on, 'YYYY-MM-DD'))
						WHEN 'below estimate' THEN format('estimated %s on %s', trim_scale(v.since_value), to_char(v.since_on, 'YYYY-MM-DD'))
						WHEN 'changed' THEN format('it was %s', trim_scale(v.old_value))
						WHEN 'high' THEN format('%s kWh in %s days, usual are %s a day', trim_scale(v.kwh), v.days, coalesce(round(v.usual, 3)::text, 'unknown'))
						WHEN 'low' THEN format('%s kWh in %s days, usual are %s a day', trim_scale(v.kwh), v.days, round(v.usual, 3))
						WHEN 'sum' THEN format('the periods have %s kWh, the total %s', trim_scale(v.periods_kwh), trim_scale(v.total_kwh))
						WHEN 'rolled over' THEN format('%s kWh since %s', trim_scale(v.kwh), to_char(v.since_on, 'YYYY-MM-DD')) END
	  FROM verdict v
	 WHERE t.account_id = ANY (_judge_registers.accounts) AND t.state = 'entered'
	   AND t.account_id = v.account_id AND t.read_on = v.read_on AND t.part = v.part AND t.register = v.register AND t.entry_no = v.entry_no;
	GET DIAGNOSTICS judged = ROW_COUNT;
	PERFORM billing._accept_registers(_judge_registers.accounts);
	PERFORM billing._ask_for_readings(_judge_registers.accounts);
	RETURN judged;
END $$;
COMMENT ON FUNCTION billing._judge_registers(bigint[]) IS 'judges what is entered for these accounts, whose heads the caller holds; returns how many readings';

CREATE FUNCTION billing._accept_registers(accounts bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- the one before first, since one at a time is valid; an earlier doubt is settled with it
	UPDATE billing.register_reading o
	   SET state = 'superseded', superseded_after = CASE o.state WHEN 'valid' THEN (SELECT h.seq FROM billing.account_head h WHERE h.account_id = o.account_id) END
	  FROM billing.register_reading n
	 WHERE n.account_id = ANY (_accept_registers.accounts) AND n.state = 'entered' AND n.finding IS NOT NULL
	   AND o.account_id = n.account_id AND o.read_on = n.read_on AND o.part = n.part AND o.register = n.register AND o.place = n.place
	   AND (o.state = 'valid' OR o.state = 'pending' AND o.entry_no < n.entry_no);
	UPDATE billing.register_reading n
	   SET state = 'valid', finding = nullif(n.finding, ''), valid_after = (SELECT h.seq FROM billing.account_head h WHERE h.account_id = n.account_id)
	 WHERE n.account_id = ANY (_accept_registers.accounts) AND n.state = 'entered' AND n.finding IS NOT NULL;
END $$;
COMMENT ON FUNCTION billing._accept_registers(bigint[]) IS 'what was judged and is not in doubt becomes valid, in the place of what was';

/*
 * What a meter showed when it was hung and when it was removed are readings too.
 * Their day is that of the account's tariff; nothing but the start of a new
 * register goes unjudged.
 */
CREATE FUNCTION billing._install_readings()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: readings come with the meter, for who may install it.
DECLARE
	ended	bigint[];
BEGIN
	WITH fresh AS (
		-- with its plan: a join of two lists by account would be made in a nested loop, since nobody knows how long they are
		SELECT DISTINCT i.account_id, i.part, i.from_at, i.meter_id, i.until_at, i.meter_no, i.meter_type_id, i.multiplier, i.org_id,
			   (SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = i.account_id ORDER BY p.from_on LIMIT 1) AS plan_id
		  FROM new_rows n JOIN billing.meter_install i ON i.account_id = n.account_id AND i.part = n.part AND i.from_at = n.from_at AND i.meter_id = n.meter_id
		 WHERE i.role = 'main'),
	zone AS (
		-- without a plan yet: that of the last one made, since a company has one zone
		SELECT q.plan_id, coalesce((SELECT v.tariff::jsonb ->> 'time_zone' FROM billing.plan_version v
									 WHERE v.plan_id = coalesce(q.plan_id, (SELECT max(l.plan_id) FROM billing.plan l)) ORDER BY v.from_on LIMIT 1), 'UTC') AS name
		  FROM (SELECT DISTINCT f.plan_id FROM fresh f) q),
	moved AS (
		SELECT f.account_id, f.part, r.register, (m.at AT TIME ZONE z.name)::date AS read_on, m.kind, f.org_id, m.value, t.digits, f.multiplier, m.at, f.meter_no
		  FROM fresh f
		  JOIN zone z ON z.plan_id IS NOT DISTINCT FROM f.plan_id
		  JOIN billing.meter_install_register r ON r.account_id = f.account_id AND r.part = f.part AND r.from_at = f.from_at AND r.meter_id = f.meter_id
		  JOIN billing.register g ON g.register = r.register
		  JOIN billing.meter_type_register t ON t.meter_type_id = f.meter_type_id AND t.register = r.register
		 CROSS JOIN LATERAL (VALUES ('opening', r.start_value, f.from_at), ('closing', r.end_value, f.until_at)) m(kind, value, at)
		 WHERE m.value IS NOT NULL AND m.at IS NOT NULL)
	INSERT INTO billing.register_reading (account_id, part, register, read_on, kind, org_id, value, digits, multiplier, state, source, read_at, valid_after)
	SELECT m.account_id, m.part, m.register, m.read_on, m.kind, m.org_id, m.value, m.digits, m.multiplier, CASE m.kind WHEN 'opening' THEN 'valid' ELSE 'entered' END,
		   format('meter %s', m.meter_no), m.at,
		   CASE m.kind WHEN 'opening' THEN (SELECT h.seq FROM billing.account_head h WHERE h.account_id = m.account_id) END
	  FROM moved m
	 WHERE NOT EXISTS (SELECT FROM billing.register_reading o WHERE o.account_id = m.account_id AND o.read_on = m.read_on AND o.part = m.part
																AND o.register = m.register AND o.kind = m.kind AND (o.state = 'valid' OR o.read_at = m.at));
	SELECT array_agg(DISTINCT n.account_id ORDER BY n.account_id) INTO ended FROM new_rows n
	  JOIN billing.register_reading r ON r.account_id = n.account_id AND r.state = 'entered' AND r.kind = 'closing';
	IF ended IS NOT NULL THEN
		PERFORM FROM billing.account_head h WHERE h.account_id = ANY (ended) ORDER BY h.account_id FOR NO KEY UPDATE;
		PERFORM billing._judge_registers(ended);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._install_readings() IS 'trigger: a meter''s start and end are readings, opening and closing, with its digits and multiplier';

CREATE FUNCTION billing._check_entry(read_on date, register text, value numeric, kind text, part text, digits integer, multiplier numeric)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	wrong	record;
BEGIN
	SELECT c.* INTO wrong FROM (VALUES
		(EXISTS (SELECT FROM billing.register g WHERE g.register = _check_entry.register), format('there is no register "%s"', _check_entry.register),
			'billing.register has their names; add_register() adds one.'),
		(isfinite(_check_entry.read_on), 'a reading counts for the beginning of a day', 'Give read_on.'),
		(_check_entry.value BETWEEN -999999999999 AND 999999999999 AND _check_entry.value = round(_check_entry.value, 6), 'a register shows at most 12 digits before the point and 6 behind it',
			'Give it as the meter shows it, before the multiplier.'),
		(_check_entry.kind IN ('regular', 'opening', 'closing', 'check', 'special'), 'there is no such kind of reading', 'Kinds: regular, special, opening, closing, check.'),
		(length(_check_entry.part) BETWEEN 1 AND 63, 'a part has a name of 1 to 63 characters', 'The first is main.'),
		(coalesce(_check_entry.digits, 1) BETWEEN 1 AND 12, 'digits are 1 to 12', 'Those before the point.'),
		(coalesce(_check_entry.multiplier, 1) > 0 AND coalesce(_check_entry.multiplier, 1) <= 999999999999, 'a multiplier is a number above zero', 'That of the current transformer times that of the voltage transformer.'))
		c(good, message, hint) WHERE c.good IS NOT TRUE LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '%', wrong.message
			USING ERRCODE = 'invalid_parameter_value', HINT = wrong.hint,
				  DETAIL = format('Register %s of part %s on %s: %s, kind %s.', coalesce(_check_entry.register, 'null'), coalesce(left(_check_entry.part, 63), 'null'), coalesce(_check_entry.read_on::text, 'null'),
					coalesce(_check_entry.value::text, 'null'), coalesce(_check_entry.kind, 'null'));
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_entry(date, text, numeric, text, text, integer, numeric) IS 'says what is wrong with a reading of a register before it is entered';

CREATE FUNCTION billing.record_register(account_no text, read_on date, register text, value numeric, kind text DEFAULT 'regular', part text DEFAULT 'main',
	source text DEFAULT '', digits integer DEFAULT NULL, multiplier numeric DEFAULT NULL, read_at timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: what is entered is judged, for who may write readings there.
DECLARE
	account	bigint := billing._account_of(record_register.account_no, 'write', 'reading');
	entry	record;
BEGIN
	PERFORM billing._check_entry(read_on, register, value, kind, part, digits, multiplier);
	PERFORM FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	INSERT INTO billing.register_reading AS r (account_id, part, register, read_on, kind, org_id, value, digits, multiplier, source, read_at)
	SELECT a.account_id, record_register.part, record_register.register, record_register.read_on, record_register.kind, a.org_id, record_register.value,
		   record_register.digits, record_register.multiplier, record_register.source, record_register.read_at
	  FROM billing.account a WHERE a.account_id = account
	RETURNING r.entry_no INTO entry;
	PERFORM billing._judge_registers(ARRAY[account]);
	SELECT r.state, r.finding, r.detail INTO entry FROM billing.register_reading r
	 WHERE r.account_id = account AND r.read_on = record_register.read_on AND r.part = record_register.part
	   AND r.register = record_register.register AND r.entry_no = entry.entry_no;
	IF entry.state = 'rejected' AND entry.finding = 'billed' THEN
		RAISE EXCEPTION 'account % is billed by other readings of % already', record_register.account_no, record_register.read_on
			USING ERRCODE = 'UB301', HINT = 'The next reading settles the difference; or void_bill(), and enter it again.';
	ELSIF entry.state = 'rejected' AND entry.finding = 'multiplier' THEN
		RAISE EXCEPTION 'a multiplier changes with an opening reading only'
			USING ERRCODE = 'UB121', DETAIL = entry.detail, HINT = 'First the closing reading of the day with the old one, then the opening one with the new.';
	ELSIF entry.state = 'rejected' THEN
		RAISE EXCEPTION 'the register cannot show %', record_register.value
			USING ERRCODE = 'UB121', DETAIL = entry.detail, HINT = 'Read it again; digits are those before the point.';
	END IF;
	RETURN entry.state;
END $$;
COMMENT ON FUNCTION billing.record_register(text, date, text, numeric, text, text, text, integer, numeric, timestamptz) IS
'enters what a register shows at the beginning of a day, before the multiplier; kind: regular, special, opening, closing, check; digits and multiplier are those of '
'the installed meter, else as given, else as of the reading before; returns valid, or pending where a second person has to approve it, or superseded where the same was there';

CREATE FUNCTION billing.check_registers(org_no text)
RETURNS TABLE (state text, finding text, readings bigint)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: judges what came in bulk, for who may write readings there.
DECLARE
	at_org	bigint := billing._org_of(check_registers.org_no, 'write', 'reading');
	waiting	bigint[];
	entries	bigint[];
	n		integer;
BEGIN
	PERFORM billing._given('check_registers', org_no);
	SELECT array_agg(DISTINCT r.account_id ORDER BY r.account_id), array_agg(r.entry_no) INTO waiting, entries FROM billing.register_reading r
	 WHERE r.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND r.state = 'entered';
	PERFORM FROM billing.account_head h WHERE h.account_id = ANY (waiting) ORDER BY h.account_id FOR NO KEY UPDATE;
	-- some at a time, so that their history stays in memory
	FOR n IN SELECT generate_series(1, coalesce(cardinality(waiting), 0), 1000) LOOP
		PERFORM billing._judge_registers(waiting[n:n + 999]);
	END LOOP;
	IF entries IS NOT NULL THEN
		PERFORM billing._audit(at_org, 'check_registers', format('org %s', check_registers.org_no), jsonb_build_object('readings', cardinality(entries)));
	END IF;
	RETURN QUERY
	SELECT r.state, coalesce(r.finding, ''), count(*) FROM billing.register_reading r
	 WHERE r.account_id = ANY (waiting) AND r.entry_no IN (SELECT unnest(entries)) GROUP BY r.state, coalesce(r.finding, '') ORDER BY 1, 2;
END $$;
COMMENT ON FUNCTION billing.check_registers(text) IS
'judges the readings that were inserted into billing.register_reading for accounts of an org and of all below it; returns how many are valid, pending, rejected, and why';

CREATE FUNCTION billing.record_registers(org_no text, readings jsonb, source text DEFAULT '')
RETURNS TABLE (row_no bigint, account_no text, read_on text, register text, state text, finding text, detail text)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: as record_register(), many at once; a bad row stops none of the others.
DECLARE
	at_org	bigint := billing._org_of(record_registers.org_no, 'write', 'reading');
	rows	jsonb;
	waiting	bigint[];
	n		integer;
BEGIN
	PERFORM billing._given('record_registers', org_no, readings, source);
	IF jsonb_typeof(record_registers.readings) <> 'array' THEN
		RAISE EXCEPTION 'readings are a list of objects'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('This is of type %s.', jsonb_typeof(record_registers.readings)),
				  HINT = 'Such as [{"account_no": "0551001", "read_on": "2026-03-01", "register": "total", "value": "4711.5"}].';
	END IF;
	SELECT jsonb_agg(jsonb_build_object('row_no', q.row_no, 'account_id', q.account_id, 'org_id', q.org_id, 'account_no', q.account_no, 'read_on', q.read_on,
			'register', q.register, 'value', q.value, 'kind', q.kind, 'part', q.part, 'digits', q.digits, 'multiplier', q.multiplier, 'entry_no',
			CASE WHEN q.problem IS NULL THEN nextval('billing.register_reading_entry_no_seq') END, 'problem', q.problem)), array_agg(DISTINCT q.account_id ORDER BY q.account_id)
	  INTO rows, waiting
	  FROM (
		SELECT j.ordinality AS row_no, a.account_id, a.org_id, v.*,
			   CASE WHEN v.account_no IS NULL OR a.account_id IS NULL THEN 'no such account at this org, or not for you'
					WHEN v.read_on IS NULL OR v.read_on !~ '^[12]\d{3}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$'
						 OR extract(month FROM (substr(v.read_on, 1, 8) || '01')::date + (substr(v.read_on, 9)::integer - 1)) <> substr(v.read_on, 6, 2)::integer
						 THEN 'no such day'
					WHEN g.register IS NULL THEN 'no such register'
					WHEN v.value IS NULL OR v.value !~ '^\d{1,12}(\.\d{1,6})?$' THEN 'not a reading'
					WHEN v.kind NOT IN ('regular', 'opening', 'closing', 'check', 'special') THEN 'no such kind'
					WHEN length(v.part) NOT BETWEEN 1 AND 63 THEN 'no such part'
					WHEN v.digits !~ '^([1-9]|1[0-2])$' THEN 'digits are 1 to 12'
					WHEN v.multiplier !~ '^\d{1,12}(\.\d{1,6})?$' OR v.multiplier ~ '^[0.]*$' THEN 'not a multiplier' END AS problem
		  FROM jsonb_array_elements(record_registers.readings) WITH ORDINALITY j
		 CROSS JOIN LATERAL (SELECT j.value ->> 'account_no' AS account_no, j.value ->> 'read_on' AS read_on, j.value ->> 'register' AS register,
									j.value ->> 'value' AS value, coalesce(j.value ->> 'kind', 'regular') AS kind, coalesce(j.value ->> 'part', 'main') AS part,
									j.value ->> 'digits' AS digits, j.value ->> 'multiplier' AS multiplier) v
		  LEFT JOIN billing.account a ON a.account_no = v.account_no AND a.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing.can_write(a.org_id, 'reading')
		  LEFT JOIN billing.register g ON g.register = v.register) q;
	PERFORM FROM billing.account_head h WHERE h.account_id = ANY (waiting) ORDER BY h.account_id FOR NO KEY UPDATE;
	INSERT INTO billing.register_reading (account_id, part, register, read_on, kind, entry_no, org_id, value, digits, multiplier, source)
	OVERRIDING SYSTEM VALUE
	SELECT x.account_id, x.part, x.register, x.read_on::date, x.kind, x.entry_no, x.org_id, x.value::numeric, x.digits::smallint, x.multiplier::numeric,
		   record_registers.source
	  -- as text, since only the good rows can be more
	  FROM jsonb_to_recordset(rows) x(account_id bigint, part text, register text, read_on text, kind text, entry_no bigint, org_id bigint, value text,
									  digits text, multiplier text)
	 WHERE x.entry_no IS NOT NULL;
	FOR n IN SELECT generate_series(1, coalesce(cardinality(waiting), 0), 1000) LOOP
		PERFORM billing._judge_registers(array_remove(waiting[n:n + 999], NULL));
	END LOOP;
	RETURN QUERY
	SELECT x.row_no, x.account_no, x.read_on, x.register, coalesce(r.state, 'refused'), coalesce(r.finding, ''), coalesce(x.problem, r.detail)
	  FROM jsonb_to_recordset(rows) x(row_no bigint, account_id bigint, account_no text, read_on text, register text, part text, entry_no bigint, problem text)
	  LEFT JOIN billing.register_reading r ON x.entry_no IS NOT NULL AND r.account_id = x.account_id AND r.entry_no = x.entry_no AND r.read_on = CASE WHEN x.entry_no IS NOT NULL THEN x.read_on::date END
	 WHERE r.state IS DISTINCT FROM 'valid' ORDER BY x.row_no;
END $$;
COMMENT ON FUNCTION billing.record_registers(text, jsonb, text) IS
'enters the rows of a file: [{"account_no", "read_on", "register", "value", "kind", "part", "digits", "multiplier"}, ...], as record_register() each; '
'returns those that are not valid: refused as they are, rejected, pending, or superseded since the same was there';

CREATE FUNCTION billing._reading_subject(r billing.register_reading)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('register %s (%s) of account %s on %s, entry %s', r.register, r.part, a.account_no, to_char(r.read_on, 'YYYY-MM-DD'), r.entry_no)
	  FROM billing.account a WHERE a.account_id = r.account_id;
END;
COMMENT ON FUNCTION billing._reading_subject(billing.register_reading) IS 'as what a reading waits for a second person';

CREATE FUNCTION billing._ask_for_readings(accounts bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- a later entry, or what was decided before it, has settled it
	UPDATE billing.approval a SET state = 'withdrawn'
	  FROM billing.register_reading r
	 WHERE a.account_id = ANY (_ask_for_readings.accounts) AND a.act = 'register_reading' AND a.state = 'open'
	   AND r.account_id = a.account_id AND r.read_on = (a.detail ->> 'read_on')::date AND r.entry_no = (a.detail ->> 'entry_no')::bigint AND r.state <> 'pending';
	PERFORM billing._ask_approval('register_reading', r.org_id, billing._reading_subject(r),
			jsonb_build_object('account_id', r.account_id, 'read_on', r.read_on, 'part', r.part, 'register', r.register, 'entry_no', r.entry_no, 'value', r.value,
				'finding', r.finding, 'detail', r.detail, 'author', r.author), NULL, r.account_id)
	   FROM billing.register_reading r
	  WHERE r.account_id = ANY (_ask_for_readings.accounts) AND r.state = 'pending'
		AND r.org_id IN (SELECT h.org_id FROM billing.account_head h WHERE h.account_id = ANY (_ask_for_readings.accounts))
		AND NOT EXISTS (SELECT FROM billing.approval a WHERE a.account_id = r.account_id AND a.act = 'register_reading' AND a.state = 'open'
							AND (a.detail ->> 'entry_no')::bigint = r.entry_no);
END $$;
COMMENT ON FUNCTION billing._ask_for_readings(bigint[]) IS 'what waits of the readings of these accounts is asked for, and what waits no more is not';

CREATE FUNCTION billing._decide_reading(detail jsonb, approved boolean, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	reading	billing.register_reading;
BEGIN
	PERFORM billing._check_second_person(_decide_reading.detail ->> 'author', 'a reading');
	UPDATE billing.register_reading r
	   SET state = CASE WHEN approved THEN 'entered' ELSE 'rejected' END, approved_by = billing.actor(), decided_at = now(), reason = coalesce(_decide_reading.reason, '')
	 WHERE r.account_id = (_decide_reading.detail ->> 'account_id')::bigint AND r.read_on = (_decide_reading.detail ->> 'read_on')::date
	   AND r.part = _decide_reading.detail ->> 'part' AND r.register = _decide_reading.detail ->> 'register'
	   AND r.entry_no = (_decide_reading.detail ->> 'entry_no')::bigint AND r.state = 'pending'
	RETURNING r.* INTO reading;
	-- it keeps its finding, and so becomes valid without being judged again
	PERFORM billing._accept_registers(ARRAY[reading.account_id]);
	-- what waits after it was judged by what came before: once more
	UPDATE billing.register_reading r SET state = 'entered', finding = NULL, detail = NULL
	 WHERE r.account_id = reading.account_id AND r.read_on > reading.read_on AND r.state = 'pending';
	PERFORM billing._judge_registers(ARRAY[reading.account_id]);
	PERFORM billing._audit(reading.org_id, 'approve_reading', billing._reading_subject(reading),
		jsonb_build_object('verdict', CASE WHEN approved THEN 'approve' ELSE 'reject' END, 'reason', _decide_reading.reason));
END $$;
COMMENT ON FUNCTION billing._decide_reading(jsonb, boolean, text) IS 'a reading that waited counts, or is rejected; those after it are judged anew';

CREATE FUNCTION billing.approve_reading(account_no text, read_on date, verdict text, reason text, register text DEFAULT NULL, part text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: decides what waits, for who may approve readings there and did not enter it.
DECLARE
	account	bigint := billing._account_of(approve_reading.account_no, 'approve', 'reading');
	waiting	billing.register_reading;
	decided	integer := 0;
BEGIN
	IF approve_reading.verdict IS NULL OR approve_reading.verdict NOT IN ('approve', 'reject') OR approve_reading.reason IS NULL THEN
		RAISE EXCEPTION 'a verdict is approve or reject, with a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	FOR waiting IN SELECT r.* FROM billing.register_reading r
		 WHERE r.account_id = account AND r.read_on = approve_reading.read_on AND r.state = 'pending'
		   AND r.register = coalesce(approve_reading.register, r.register) AND r.part = coalesce(approve_reading.part, r.part) ORDER BY r.entry_no
	LOOP
		PERFORM billing._decide_pending('register_reading', waiting.org_id, billing._reading_subject(waiting),
			CASE approve_reading.verdict WHEN 'approve' THEN 'approved' ELSE 'declined' END, approve_reading.reason);
		decided := decided + 1;
	END LOOP;
	IF decided = 0 THEN
		PERFORM billing._not_found(format('a pending reading of account %s on %s', approve_reading.account_no, approve_reading.read_on));
	END IF;
	RETURN decided;
END $$;
COMMENT ON FUNCTION billing.approve_reading(text, date, text, text, text, text) IS
'approves or rejects, with a reason, what waits of an account''s readings of a day: all registers, or one; needs approve on reading, and another than who entered it; returns how many';

/*
 * Which registers of these accounts hang somewhere and have no reading of the
 * day, with their last reading before it.
 */
CREATE FUNCTION billing._registers_due(accounts bigint[], read_on date)
RETURNS TABLE (account_id bigint, part text, register text, last_on date, last_value numeric, digits smallint, multiplier numeric)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT q.account_id, q.part, q.register, q.read_on, q.value, q.digits, q.multiplier
	  FROM (SELECT DISTINCT ON (r.account_id, r.part, r.register) r.account_id, r.part, r.register, r.read_on, r.place, r.value, r.digits, r.multiplier
			  FROM billing.register_reading r
			 WHERE r.account_id = ANY (_registers_due.accounts) AND r.state = 'valid' AND r.place < 3 AND r.read_on <= _registers_due.read_on
			 ORDER BY r.account_id, r.part, r.register, r.read_on DESC, r.place DESC) q
	 WHERE q.place <> 1 AND q.read_on < _registers_due.read_on;
END;
COMMENT ON FUNCTION billing._registers_due(bigint[], date) IS 'registers that hang there and were not read on a day, with their last reading';

CREATE FUNCTION billing.missing_registers(org_no text, read_on date)
RETURNS TABLE (account_no text, part text, register text, last_on date, last_value numeric, waiting boolean)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at_org	bigint := billing._org_of(missing_registers.org_no, 'read', 'reading');
BEGIN
	RETURN QUERY
	SELECT a.account_no, d.part, d.register, d.last_on, d.last_value,
		   EXISTS (SELECT FROM billing.register_reading p WHERE p.account_id = d.account_id AND p.read_on = missing_registers.read_on
					  AND p.part = d.part AND p.register = d.register AND p.state IN ('entered', 'pending'))
	  FROM billing._registers_due((SELECT array_agg(h.account_id) FROM billing.account h WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[])), missing_registers.read_on) d
	  JOIN billing.account a ON a.account_id = d.account_id
	 ORDER BY 1, 2, 3;
END $$;
COMMENT ON FUNCTION billing.missing_registers(text, date) IS
'the list of visits still to make: registers of an org''s accounts, and of all below it, without a valid reading of the day; waiting: one is there and not judged, or not approved';

/*
 * For a visit that failed.  Between two readings an estimate lies on the line
 * between them; after the last one the register goes on as it did before.
 */
CREATE FUNCTION billing._estimate_registers(accounts bigint[], read_on date, part text, register text, method text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	made	integer;
BEGIN
	INSERT INTO billing.register_reading (account_id, part, register, read_on, org_id, value, digits, multiplier, estimated, source, reason)
	SELECT d.account_id, d.part, d.register, _estimate_registers.read_on, a.org_id,
		   CASE WHEN g.measures = 'demand' THEN d.last_value
				-- modulo what the register can show
				ELSE mod(trunc(d.last_value + coalesce(n.rate, h.rate) * (_estimate_registers.read_on - d.last_on), 2), 10::numeric ^ coalesce(d.digits, 12)) END,
		   d.digits, d.multiplier, true, 'estimate', CASE WHEN n.rate IS NOT NULL THEN 'between' ELSE _estimate_registers.method END
	  FROM billing._registers_due(_estimate_registers.accounts, _estimate_registers.read_on) d
	  JOIN billing.register g ON g.register = d.register
	  JOIN billing.account a ON a.account_id = d.account_id
	  LEFT JOIN LATERAL (SELECT CASE WHEN b.place = 2 OR b.value < d.last_value THEN NULL ELSE (b.value - d.last_value) / (b.read_on - d.last_on) END AS rate
						   FROM billing.register_reading b
						  WHERE b.account_id = d.account_id AND b.part = d.part AND b.register = d.register AND b.state = 'valid' AND b.place < 3
							AND b.read_on > _estimate_registers.read_on ORDER BY b.read_on, b.place LIMIT 1) n ON true
	 CROSS JOIN LATERAL (SELECT CASE _estimate_registers.method WHEN 'previous' THEN (array_agg(s.used / s.days ORDER BY s.read_on DESC) FILTER (WHERE s.days > 0))[1]
									 ELSE sum(s.used) / nullif(sum(s.days), 0) END AS rate
						   FROM (SELECT r.read_on, r.read_on - lag(r.read_on) OVER w AS days, r.estimated OR lag(r.estimated) OVER w AS estimated,
										CASE WHEN r.place <> 2 THEN billing.register_kwh(lag(r.value) OVER w, r.value, r.digits::integer, r.multiplier) / d.multiplier END AS used
								   FROM billing.register_reading r
								  WHERE r.account_id = d.account_id AND r.part = d.part AND r.register = d.register AND r.state = 'valid' AND r.place < 3
									AND r.read_on > d.last_on - 400 AND r.read_on <= d.last_on
								 WINDOW w AS (ORDER BY r.read_on, r.place)) s
						  WHERE s.used IS NOT NULL AND NOT s.estimated) h
	 WHERE d.part = coalesce(_estimate_registers.part, d.part) AND d.register = coalesce(_estimate_registers.register, d.register)
	   AND (g.measures = 'demand' OR coalesce(n.rate, h.rate) IS NOT NULL);
	GET DIAGNOSTICS made = ROW_COUNT;
	PERFORM billing._judge_registers(_estimate_registers.accounts);
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._estimate_registers(bigint[], date, text, text, text) IS 'estimates what is not read on a day, as far as there is something to estimate it by; returns how many';

CREATE FUNCTION billing.estimate_register(account_no text, read_on date, method text DEFAULT 'average', register text DEFAULT NULL, part text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: enters estimates, for who may write readings there.
DECLARE
	account	bigint := billing._account_of(estimate_register.account_no, 'write', 'reading');
	at_org	bigint;
	made	integer;
BEGIN
	IF estimate_register.method IS NULL OR estimate_register.method NOT IN ('average', 'previous') THEN
		RAISE EXCEPTION 'an estimate is by average or previous' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT h.org_id INTO at_org FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	made := billing._estimate_registers(ARRAY[account], estimate_register.read_on, estimate_register.part, estimate_register.register, estimate_register.method);
	IF made = 0 THEN
		RAISE EXCEPTION 'nothing of account % can be estimated for %', estimate_register.account_no, estimate_register.read_on
			USING ERRCODE = 'UB122', DETAIL = 'Either all is read, or no two readings before say how fast the registers go.',
				  HINT = 'record_register() enters what is known.';
	END IF;
	PERFORM billing._audit(at_org, 'estimate_register', format('account %s', estimate_register.account_no),
		jsonb_strip_nulls(jsonb_build_object('read_on', estimate_register.read_on, 'method', estimate_register.method, 'register', estimate_register.register, 'part', estimate_register.part)));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.estimate_register(text, date, text, text, text) IS
'estimates the registers that were not read on a day, flagged: on the line between two readings, after the last one by its own history, average of up to 400 days or '
'previous (as in the span before); the next real reading settles the difference; returns how many';

CREATE FUNCTION billing.estimate_registers(org_no text, read_on date, method text DEFAULT 'average')
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as estimate_register().
DECLARE
	at_org	bigint := billing._org_of(estimate_registers.org_no, 'write', 'reading');
	waiting	bigint[];
	made	integer := 0;
	n		integer;
BEGIN
	PERFORM billing._given('estimate_registers', org_no, read_on, method);
	IF estimate_registers.method NOT IN ('average', 'previous') THEN
		RAISE EXCEPTION 'an estimate is by average or previous' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- those that are billed by registers up to this day, and not yet
	SELECT array_agg(q.account_id) INTO waiting
	  FROM (SELECT h.account_id FROM billing.account_head h
			 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND h.usage_from <> 'reading' AND h.billed_to < estimate_registers.read_on
			 ORDER BY h.account_id FOR NO KEY UPDATE) q;
	FOR n IN SELECT generate_series(1, coalesce(cardinality(waiting), 0), 1000) LOOP
		made := made + billing._estimate_registers(waiting[n:n + 999], estimate_registers.read_on, NULL, NULL, estimate_registers.method);
	END LOOP;
	PERFORM billing._audit(at_org, 'estimate_registers', format('org %s', estimate_registers.org_no),
		jsonb_build_object('read_on', estimate_registers.read_on, 'method', estimate_registers.method, 'readings', made));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.estimate_registers(text, date, text) IS
'estimate_register() for all accounts of an org, and of all below it, that are billed by registers and were not read on the day; returns how many readings';

/*
 * What the registers say of a span: differences of consecutive readings, each
 * times its multiplier, over exchanges and roll-overs.  A reading stands at both
 * ends of the span, unless the meter was hung or removed within it.  Of many
 * spans at once, by windows and groups and no joins among them, so that a plan
 * made without statistics is as good as another.
 */
CREATE FUNCTION billing._register_usages(accounts bigint[], from_days date[], until_days date[], seq bigint DEFAULT 9223372036854775807)
RETURNS TABLE (place bigint, usage billing.usage, digest bytea, missing text)
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
	WITH there AS (
		-- valid, or valid as of that link
		SELECT s.n, s.from_on, s.until_on, v.part, v.register, v.read_on, v.place, v.value, v.digits, v.multiplier, v.estimated, g.measures, g.channel, g.period,
			   min(v.place) OVER (PARTITION BY s.n, v.part, v.register, v.read_on) AS first_place
		  FROM unnest(_register_usages.accounts, _register_usages.from_days, _register_usages.until_days) WITH ORDINALITY s(account_id, from_on, until_on, n)
		  JOIN billing.register_reading v ON v.account_id = s.account_id AND v.place < 3 AND v.read_on <= s.until_on
		   AND (v.state = 'valid' OR v.superseded_after >= _register_usages.seq) AND coalesce(v.valid_after, -1) < _register_usages.seq
		  JOIN billing.register g ON g.register = v.register),
	r AS (
		SELECT q.*, lag(q.value) OVER w AS since_value, lag(q.read_on) OVER w AS since_on, lag(q.place) OVER w AS since_place, lag(q.estimated) OVER w AS since_estimated,
			   lead(q.read_on) OVER w IS NULL AS is_last
		  FROM there q
		 -- at the end the first reading of the day closes the span
		 WHERE NOT (q.read_on = q.until_on AND (q.place = 2 OR q.place = 1 AND q.first_place = 0))
		WINDOW w AS (PARTITION BY q.n, q.part, q.register ORDER BY q.read_on, q.place)),
	step AS (
		-- a reading, and with it the segment that it closes
		SELECT r.*, r.since_on >= r.from_on AND r.place <> 2 AND r.measures = 'energy' AS counts,
			   CASE WHEN r.is_last AND r.place <> 1 AND r.read_on < r.until_on THEN r.until_on
					WHEN r.place <> 2 AND r.read_on > r.from_on AND r.measures = 'energy' AND (r.since_on IS NULL OR r.since_on < r.from_on) THEN r.from_on
					WHEN r.place <> 2 AND r.since_place = 1 AND r.since_on >= r.from_on AND r.measures = 'energy' THEN r.since_on END AS lacks_on
		  FROM r),
	segment AS (
		SELECT q.*, range_agg(daterange(q.since_on, q.read_until)) FILTER (WHERE q.period <> '') OVER (PARTITION BY q.n, q.part, q.channel) AS in_periods
		  FROM (SELECT s.n, s.part, s.channel, s.period, s.since_on, max(greatest(s.read_on, s.since_on + 1)) AS read_until,
					   sum(billing.register_kwh(s.since_value, s.value, s.digits::integer, s.multiplier)) AS kwh, bool_or(s.estimated OR s.since_estimated) AS estimated
				  FROM step s WHERE s.counts GROUP BY s.n, s.part, s.channel, s.period, s.since_on) q),
	part AS (
		SELECT q.n, q.part, jsonb_agg(q.register ORDER BY q.channel, q.period, q.since_on) FILTER (WHERE q.register IS NOT NULL) AS registers,
			   jsonb_agg(q.demand ORDER BY q.period) FILTER (WHERE q.demand IS NOT NULL) AS demands
		  FROM (SELECT s.n, s.part, s.channel, s.period, s.since_on,
					   jsonb_strip_nulls(jsonb_build_object('channel', s.channel, 'period', nullif(s.period, ''), 'from', s.since_on, 'until', s.read_until,
						'kwh', s.kwh, 'estimated', nullif(s.estimated, false))) AS register, NULL::jsonb AS demand
				  FROM segment s
				 -- the total only checks the periods where these were read too
				 WHERE s.period <> '' OR s.in_periods IS NULL OR NOT s.in_periods && daterange(s.since_on, s.read_until)
				UNION ALL
				SELECT s.n, s.part, NULL, s.period, NULL, NULL, jsonb_strip_nulls(jsonb_build_object('period', nullif(s.period, ''), 'kw', max(s.value * s.multiplier)))
				  FROM step s WHERE s.measures = 'demand' AND s.read_on > s.from_on AND s.place <> 2 GROUP BY s.n, s.part, s.period) q
		 GROUP BY q.n, q.part),
	piece AS (
		SELECT p.n, billing.usage_agg(billing.usage(part => p.part, registers => p.registers, demands => p.demands)) AS usage, NULL::bytea AS digest, NULL::text AS missing
		  FROM part p GROUP BY p.n
		UNION ALL
		SELECT s.n, NULL, sha256(string_agg(billing._content('register', s.part, s.register, s.read_on, s.place, s.value, s.digits, s.multiplier, s.estimated), ''::bytea
									 ORDER BY s.part, s.register, s.read_on, s.place) FILTER (WHERE s.read_on >= s.from_on)),
			   (array_agg(format('%s of part %s on %s', s.register, s.part, to_char(s.lacks_on, 'YYYY-MM-DD')) ORDER BY s.lacks_on, s.part, s.register)
				FILTER (WHERE s.lacks_on IS NOT NULL))[1]
		  FROM step s GROUP BY s.n)
	SELECT p.n, (array_agg(p.usage) FILTER (WHERE p.usage IS NOT NULL))[1], (array_agg(p.digest) FILTER (WHERE p.digest IS NOT NULL))[1], max(p.missing)
	  FROM piece p GROUP BY p.n;
END $$;
COMMENT ON FUNCTION billing._register_usages(bigint[], date[], date[], bigint) IS
'of each of these spans of accounts, by its place among them: what the registers say, now or as of a link of the chain, the digest of the readings it is made of, and the first reading '
'that is missing; no row where there is no reading';

CREATE FUNCTION billing._register_usage(account_id bigint, from_on date, until_on date, seq bigint DEFAULT 9223372036854775807,
										OUT usage billing.usage, OUT digest bytea, OUT missing text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT q.usage, q.digest, q.missing INTO usage, digest, missing
	  FROM billing._register_usages(ARRAY[_register_usage.account_id], ARRAY[_register_usage.from_on], ARRAY[_register_usage.until_on], _register_usage.seq) q;
END $$;
COMMENT ON FUNCTION billing._register_usage(bigint, date, date, bigint) IS 'the same of one span';

CREATE FUNCTION billing.register_usage(account_no text, during daterange)
RETURNS billing.usage
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	account	bigint := billing._account_of(register_usage.account_no, 'read', 'reading');
	found	record;
BEGIN
	SELECT q.usage, q.missing INTO found FROM billing._register_usage(account, lower(register_usage.during), upper(register_usage.during)) q;
	IF found.missing IS NOT NULL THEN
		RAISE EXCEPTION 'a register was not read'
			USING ERRCODE = 'UB122', DETAIL = format('Missing: %s.', found.missing), HINT = 'record_register() enters it, estimate_register() estimates it.';
	END IF;
	RETURN found.usage;
END $$;
COMMENT ON FUNCTION billing.register_usage(text, daterange) IS
'what an account''s registers say of a span of days, from reading to reading, over exchanges and roll-overs; an error where a reading is missing';
