-- Estimation of a range of accounts.
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

/*
 * Days of which nothing came at all: whole local days, as long and in the same
 * unit as what is there around them.
 */
CREATE FUNCTION billing._missing_days(profile billing.profile, during daterange)
RETURNS billing.profile
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing.profile(b.from_at, b.slot, array_fill(NULL::bigint, ARRAY[(extract(epoch FROM b.until_at - b.from_at) / extract(epoch FROM b.slot))::integer]),
						   unit => billing.unit(_missing_days.profile), time_zone => b.zone)
	  FROM (SELECT billing._midnight(lower(_missing_days.during), z.zone) AS from_at, billing._midnight(upper(_missing_days.during), z.zone) AS until_at,
				   z.zone, billing.slot(_missing_days.profile) AS slot
			  FROM (SELECT billing.time_zone(_missing_days.profile) AS zone) z) b;
END;
COMMENT ON FUNCTION billing._missing_days(billing.profile, daterange) IS 'a profile like another, of some days, with nothing in it';

CREATE FUNCTION billing._days_without(accounts bigint[], from_on date, until_on date)
RETURNS TABLE (account_id bigint, org_id bigint, part text, channel text, from_on date, until_on date)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH span AS (
		SELECT h.account_id, h.org_id, h.usage_from, greatest(h.billed_to, a.opened_on, _days_without.from_on) AS from_on,
			   least(_days_without.until_on, current_date, h.stops_on) AS until_on
		  FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
		 -- who is billed by registers need not have profiles
		 WHERE h.account_id = ANY (_days_without.accounts) AND h.usage_from <> 'register'),
	met AS (
		-- of each channel that there was, or, of the main part, that there will be: rows side by side
		SELECT s.account_id, s.org_id, s.from_on AS span_from, s.until_on AS span_until, r.part, r.channel, r.until_on AS from_on,
			   lead(r.from_on, 1, s.until_on) OVER w AS until_on, row_number() OVER w = 1 AS is_first, r.from_on AS row_from, billing.time_zone(r.profile) AS zone
		  FROM span s
		  JOIN billing.reading r ON r.account_id = s.account_id AND r.from_on > s.from_on - 93 AND r.from_on < s.until_on + 62
		 WHERE s.from_on < s.until_on
		WINDOW w AS (PARTITION BY s.account_id, r.part, r.channel ORDER BY r.from_on)),
	gap AS (
		SELECT m.account_id, m.org_id, m.part, m.channel, m.zone, greatest(m.from_on, m.span_from) AS from_on, least(m.until_on, m.span_until) AS until_on
		  FROM met m
		UNION ALL
		SELECT m.account_id, m.org_id, m.part, m.channel, m.zone, m.span_from, least(m.row_from, m.span_until)
		  FROM met m WHERE m.is_first AND m.part = 'main' AND m.channel = 'import' AND m.row_from > m.span_from),
	day AS (
		SELECT g.account_id, g.org_id, g.part, g.channel, g.from_on + n AS day
		  FROM gap g CROSS JOIN LATERAL generate_series(0, g.until_on - g.from_on - 1) n
		 WHERE g.until_on > g.from_on
		   -- where points and meters are known, while there is one
		   AND (NOT EXISTS (SELECT FROM billing.service_point p WHERE p.account_id = g.account_id AND p.part = g.part)
				OR EXISTS (SELECT FROM billing.service_point p WHERE p.account_id = g.account_id AND p.part = g.part
							  AND p.from_on <= g.from_on + n AND coalesce(p.until_on > g.from_on + n, true)))
		   AND (NOT EXISTS (SELECT FROM billing.meter_install i WHERE i.account_id = g.account_id AND i.part = g.part AND i.role = 'main')
				OR EXISTS (SELECT FROM billing.meter_install i WHERE i.account_id = g.account_id AND i.part = g.part AND i.role = 'main'
							  AND i.from_at < billing._midnight(g.from_on + n + 1, g.zone) AND coalesce(i.until_at > billing._midnight(g.from_on + n, g.zone), true)))
		   -- and not while nothing should flow: what is known then a person says
		   AND coalesce((SELECT q.phase FROM billing.account_phase q WHERE q.account_id = g.account_id AND q.from_on <= g.from_on + n
						  ORDER BY q.request_id DESC LIMIT 1), 'active') NOT IN ('suspended', 'vacated', 'closed')),
	island AS (
		SELECT d.*, d.day - (row_number() OVER (PARTITION BY d.account_id, d.part, d.channel, date_trunc('month', d.day::timestamp) ORDER BY d.day))::integer AS island
		  FROM day d)
	SELECT i.account_id, i.org_id, i.part, i.channel, min(i.day), max(i.day) + 1
	  FROM island i GROUP BY i.account_id, i.org_id, i.part, i.channel, date_trunc('month', i.day::timestamp), i.island;
END;
COMMENT ON FUNCTION billing._days_without(bigint[], date, date) IS
'days of accounts, not billed yet and before today, of which nothing came: between readings, after the last, and before the first of the main import; while the point was '
'in service and a meter hung there, where these are known; a month at a time';

CREATE FUNCTION billing._put_missing_days(accounts bigint[], from_on date, until_on date)
RETURNS billing.reading[]
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	WITH gap AS MATERIALIZED (
		SELECT d.* FROM billing._days_without(_put_missing_days.accounts, _put_missing_days.from_on, _put_missing_days.until_on) d),
	-- like the validated row before, or else the one behind
	found AS MATERIALIZED (
		SELECT g.*, n.rule_set_id, n.run_id, billing._missing_days(n.profile, daterange(g.from_on, g.until_on)) AS profile
		  FROM gap g
		 CROSS JOIN LATERAL (
			SELECT r.profile, v.rule_set_id, v.run_id
			  FROM billing.reading r
			  JOIN billing.validation_result v ON v.account_id = r.account_id AND v.from_on = r.from_on AND v.part = r.part AND v.channel = r.channel AND v.digest = r.digest
			 WHERE r.account_id = g.account_id AND r.part = g.part AND r.channel = g.channel AND r.from_on > g.from_on - 93 AND r.from_on < g.until_on + 62
			 ORDER BY r.from_on > g.from_on, abs(r.from_on - g.from_on) LIMIT 1) n),
	put AS (
		-- as of the day itself: whatever is delivered is later
		INSERT INTO billing.reading AS r (account_id, part, channel, org_id, source, profile, version_at)
		SELECT f.account_id, f.part, f.channel, f.org_id, 'estimation', f.profile, billing.start_at(f.profile) FROM found f
		RETURNING r.*),
	settled AS (
		INSERT INTO billing.validation_result AS o (account_id, from_on, part, channel, org_id, digest, rule_set_id, run_id, findings)
		SELECT f.account_id, f.from_on, f.part, f.channel, f.org_id, billing.digest(f.profile), f.rule_set_id, f.run_id, 0 FROM found f
		    ON CONFLICT ON CONSTRAINT validation_result_pkey DO UPDATE SET digest = excluded.digest, rule_set_id = excluded.rule_set_id,
			   run_id = excluded.run_id, findings = excluded.findings)
	SELECT array_agg(p.*::billing.reading) FROM put p;
END;
COMMENT ON FUNCTION billing._put_missing_days(bigint[], date, date) IS
'rows of readings with nothing in them for the days of accounts of which nothing came, where what is around them was validated: for estimation to fill';

CREATE FUNCTION billing._estimate_range(run_id bigint, org_id bigint, from_on date, until_on date, again boolean, first_account bigint, last_account bigint,
										OUT accounts integer, OUT profiles integer, OUT readings bigint, OUT findings integer, OUT changed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Lock; give the days that did not come a row; one statement fills what is missing and writes down how.
DECLARE
	locked	bigint[];
	made	billing.reading[];
BEGIN
	SELECT array_agg(q.account_id) INTO locked
	  FROM (SELECT h.account_id FROM billing.account_head h
			 WHERE h.org_id = _estimate_range.org_id AND h.account_id BETWEEN _estimate_range.first_account AND _estimate_range.last_account
			   AND NOT EXISTS (SELECT FROM billing.validation_exception x WHERE x.account_id = h.account_id AND x.run_id = _estimate_range.run_id)
			 ORDER BY h.account_id
			   FOR NO KEY UPDATE OF h SKIP LOCKED) q;
	made := billing._put_missing_days(locked, _estimate_range.from_on, _estimate_range.until_on);
	WITH held AS MATERIALIZED (
		SELECT h.account_id, h.org_id, h.billed_to FROM billing.account_head h WHERE h.account_id = ANY (locked) ORDER BY h.account_id),
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
	-- what could not be estimated has not come, as before
	DELETE FROM billing.reading r USING unnest(made) m
	 WHERE r.account_id = m.account_id AND r.from_on = m.from_on AND r.part = m.part AND r.channel = m.channel AND r.digest = m.digest;
END $$;
COMMENT ON FUNCTION billing._estimate_range(bigint, bigint, date, date, boolean, bigint, bigint) IS
'estimates what is missing in the validated readings of a range of accounts, by the rules that hold for each, and writes down how';
