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
