-- Validation of a range of accounts, and what it shares with estimation.
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
