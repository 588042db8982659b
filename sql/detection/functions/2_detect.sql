/*
 * The detectors: each looks at some days of one account, and the 92 before, and says what
 * it saw.  _detect() asks all of them about a chunk of accounts in one statement.  Nothing is
 * written here, so that the evidence of an anomaly is looked at again by the same code.
 */
CREATE FUNCTION billing._looked_at(account_id bigint, part text, channel text, during daterange)
RETURNS billing.profile
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing.concat_agg(CASE WHEN daterange(r.from_on, r.until_on) <@ _looked_at.during THEN r.profile ELSE billing.slice(r.profile, _looked_at.during * daterange(r.from_on, r.until_on)) END)
	  FROM billing.reading r
	 WHERE r.account_id = _looked_at.account_id AND r.part = _looked_at.part AND r.channel = _looked_at.channel
	   AND r.from_on > lower(_looked_at.during) - 31 AND r.from_on < upper(_looked_at.during) AND r.until_on > lower(_looked_at.during);
END;
COMMENT ON FUNCTION billing._looked_at(bigint, text, text, daterange) IS 'the readings of a channel on some days, in one profile';

CREATE FUNCTION billing._detect_outliers(profile billing.profile, history billing.profile, rules jsonb)
RETURNS TABLE (kind text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
BEGIN ATOMIC
	SELECT q.kind, (min(q.from_at) AT TIME ZONE billing.time_zone(_detect_outliers.profile))::date, ((max(q.until_at) - interval '1 second') AT TIME ZONE billing.time_zone(_detect_outliers.profile))::date + 1,
		   max(q.score), round((sum((q.expected - q.value) * q.slots) / 1000)::numeric, 3), count(*)::numeric, NULL::numeric, 'times'::text,
		   jsonb_build_object('spans', (array_agg(jsonb_build_object('from_at', q.from_at, 'until_at', q.until_at, 'value', round(q.value::numeric, 3), 'expected', round(q.expected::numeric, 3),
				'score', round(q.score::numeric, 4)) ORDER BY q.score DESC, q.from_at))[:20])
	  FROM billing.outliers(_detect_outliers.profile, _detect_outliers.history) q
	 WHERE q.score >= (_detect_outliers.rules #>> ARRAY[q.kind, 'least'])::double precision
	 GROUP BY q.kind;
END;
COMMENT ON FUNCTION billing._detect_outliers(billing.profile, billing.profile, jsonb) IS 'spikes, negative readings, lumps, stuck and zero runs: one row a kind, with its spans';

CREATE FUNCTION billing._detect_shift(profile billing.profile, history billing.profile, during daterange, rules jsonb)
RETURNS TABLE (kind text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	-- a fraction of a phase, a current transformer or a meter of three, lost or found again
	SELECT q.kind, s.on_date, upper(_detect_shift.during), s.score,
		   round((billing.energy_kwh(billing.slice(_detect_shift.profile, daterange(s.on_date, upper(_detect_shift.during)))) * (1 / s.factor - 1)::numeric), 3),
		   round(s.factor::numeric, 4), (_detect_shift.rules #>> ARRAY[q.kind, 'bound'])::numeric, 'factor'::text,
		   jsonb_build_object('on_date', s.on_date, 'factor', round(s.factor::numeric, 4), 'days_before', s.days_before, 'days_after', s.days_after, 'fraction', q.fraction)
	  FROM billing.level_shift(_detect_shift.profile, _detect_shift.history) s
	 CROSS JOIN LATERAL (
		SELECT CASE WHEN f.off <= (_detect_shift.rules #>> '{phase_fault,bound}')::double precision THEN 'phase_fault' ELSE 'level_shift' END AS kind, f.near,
			   CASE WHEN f.off <= (_detect_shift.rules #>> '{phase_fault,bound}')::double precision THEN f.name END AS fraction
		  FROM (SELECT v.name, v.near, abs(ln(s.factor / v.near)) AS off FROM (VALUES ('1/3', 1 / 3.0::double precision), ('1/2', 0.5), ('2/3', 2 / 3.0), ('3/2', 1.5), ('2', 2), ('3', 3)) v(name, near)) f
		 ORDER BY f.off LIMIT 1) q
	 WHERE s.factor > 1e-3 AND s.on_date > lower(_detect_shift.during) AND s.on_date < upper(_detect_shift.during)
	   AND s.score >= (_detect_shift.rules #>> ARRAY[q.kind, 'least'])::double precision;
END;
COMMENT ON FUNCTION billing._detect_shift(billing.profile, billing.profile, daterange, jsonb) IS 'a lasting change of level within the days; with a factor near a fraction of phases it is a phase_fault';

CREATE FUNCTION billing._usual_kwh(history billing.profile, days integer)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT round(billing.energy_kwh(_usual_kwh.history) / nullif(q.slots - billing.missing_count(_usual_kwh.history), 0) * q.slots / (upper(q.span) - lower(q.span)) * _usual_kwh.days, 3)
	  FROM (SELECT billing.slot_count(_usual_kwh.history) AS slots, billing.days(_usual_kwh.history) AS span) q;
END;
COMMENT ON FUNCTION billing._usual_kwh(billing.profile, integer) IS 'what some days would take at as much a day as before';

CREATE FUNCTION billing._detect_gap(account_id bigint, profile billing.profile, during daterange, rules jsonb)
RETURNS TABLE (kind text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT 'gap'::text, lower(w.days), upper(w.days), billing._exceeds(q.share::double precision, (_detect_gap.rules #>> '{gap,bound}')::double precision),
		   round(billing.energy_kwh(_detect_gap.profile) * q.share / nullif(1 - q.share, 0), 3), round(q.share, 4), (_detect_gap.rules #>> '{gap,bound}')::numeric, 'share'::text,
		   jsonb_build_object('expected', c.expected, 'missing', c.missing)
	  FROM billing.account_head h
	 CROSS JOIN LATERAL (SELECT _detect_gap.during * daterange((SELECT a.opened_on FROM billing.account a WHERE a.account_id = h.account_id), h.stops_on) AS days) w
	 CROSS JOIN LATERAL billing.completeness(_detect_gap.profile, tstzrange(lower(w.days)::timestamp AT TIME ZONE billing.time_zone(_detect_gap.profile), upper(w.days)::timestamp AT TIME ZONE billing.time_zone(_detect_gap.profile))) c
	 CROSS JOIN LATERAL (SELECT c.missing::numeric / nullif(c.expected, 0) AS share) q
	 WHERE h.account_id = _detect_gap.account_id AND NOT isempty(w.days)
	   AND billing._exceeds(q.share::double precision, (_detect_gap.rules #>> '{gap,bound}')::double precision) >= (_detect_gap.rules #>> '{gap,least}')::double precision;
END;
COMMENT ON FUNCTION billing._detect_gap(bigint, billing.profile, daterange, jsonb) IS 'the share of slots that did not come, while the account was to be read';

CREATE FUNCTION billing._detect_use(account_id bigint, profile billing.profile, history billing.profile, during daterange, rules jsonb)
RETURNS TABLE (kind text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 3
BEGIN ATOMIC
	WITH day AS MATERIALIZED (
		SELECT d.day, d.energy_kwh FROM billing.daily(_detect_use.profile) d WHERE d.quality <> 'missing'),
	now AS (
		SELECT count(*) AS days, coalesce(sum(d.energy_kwh), 0) AS kwh, min(d.day) AS first, max(d.day) + 1 AS until_on, max(d.day) FILTER (WHERE d.energy_kwh > 0) AS last_used FROM day d),
	before AS (
		SELECT count(*) AS days, coalesce(sum(d.energy_kwh), 0) AS kwh, count(*) FILTER (WHERE d.energy_kwh = 0) AS zero FROM billing.daily(_detect_use.history) d WHERE d.quality <> 'missing'),
	mean AS (
		SELECT n.*, b.days AS before_days, b.zero, n.kwh / nullif(n.days, 0) AS a_day, b.kwh / nullif(b.days, 0) AS before_a_day FROM now n CROSS JOIN before b),
	supplied AS (
		SELECT least(h.stops_on, (SELECT min(s.until_on) FROM billing.service_point s WHERE s.account_id = h.account_id AND s.part = 'main' AND s.state = 'ended')) AS stops_on,
			   EXISTS (SELECT FROM billing.service_point s WHERE s.account_id = h.account_id AND s.part = 'main' AND s.state = 'disconnected') AS disconnected
		  FROM billing.account_head h WHERE h.account_id = _detect_use.account_id),
	night AS (
		-- the mean from 1 to 5 o'clock, in kW
		SELECT m.a_day * (SELECT sum(x) FROM unnest((billing.day_shape(_detect_use.profile, 24))[2:5]) x)::numeric / 4 AS kw,
			   m.before_a_day * (SELECT sum(x) FROM unnest((billing.day_shape(_detect_use.history, 24))[2:5]) x)::numeric / 4 AS before_kw
		  FROM mean m),
	found AS (
		SELECT 'zero_use' AS kind, coalesce(m.last_used + 1, m.first) AS from_on, m.until_on, CASE WHEN m.until_on - coalesce(m.last_used + 1, m.first) >= (rules #>> '{zero_use,bound}')::numeric
				-- how seldom it was zero before
				THEN 1 - (m.zero + 1)::double precision / (m.before_days + 2) END AS score,
			   m.before_a_day * (m.until_on - coalesce(m.last_used + 1, m.first)) AS kwh, (m.until_on - coalesce(m.last_used + 1, m.first))::numeric AS measured, 'days' AS unit,
			   jsonb_build_object('kwh_a_day_before', round(m.before_a_day, 3), 'zero_days_before', m.zero, 'days_before', m.before_days) AS evidence
		  FROM mean m, supplied s WHERE m.before_a_day > 0 AND s.stops_on IS NULL AND NOT s.disconnected
		UNION ALL
		SELECT 'inactive_use' AS kind, q.from_on, q.until_on, billing._exceeds(q.kwh::double precision, (rules #>> '{inactive_use,bound}')::double precision), q.kwh, q.kwh, 'kWh' AS unit,
			   jsonb_build_object('stops_on', s.stops_on, 'disconnected', s.disconnected)
		  FROM supplied s
		 CROSS JOIN LATERAL (SELECT sum(d.energy_kwh) AS kwh, min(d.day) AS from_on, max(d.day) + 1 AS until_on FROM day d WHERE (s.disconnected OR d.day >= s.stops_on) AND d.energy_kwh > 0) q
		 WHERE q.kwh > 0
		UNION ALL
		SELECT v.kind, m.first, m.until_on, billing._exceeds(exp(abs(ln(v.ratio)))::double precision - 1, (rules #>> ARRAY[v.kind, 'bound'])::double precision - 1), (v.usual - m.a_day) * m.days, round(v.ratio, 4), 'times' AS unit,
			   jsonb_build_object('kwh_a_day', round(m.a_day, 3), 'kwh_a_day_before', round(m.before_a_day, 3), 'ratio_of_others', rules -> 'others')
		  FROM mean m
		 CROSS JOIN LATERAL (VALUES ('jump_own', m.a_day / nullif(m.before_a_day, 0), m.before_a_day),
									('jump_peers', m.a_day / nullif(m.before_a_day * (rules ->> 'others')::numeric, 0), m.before_a_day * (rules ->> 'others')::numeric)) v(kind, ratio, usual)
		 WHERE m.days >= 14 AND m.before_days >= 14 AND v.ratio > 0 AND abs(m.a_day - v.usual) >= 1
		UNION ALL
		SELECT 'night_base' AS kind, m.first, m.until_on, billing._exceeds(n.kw::double precision / n.before_kw::double precision - 1, (rules #>> '{night_base,bound}')::double precision - 1), (n.before_kw - n.kw) * 4 * m.days,
			   round(n.kw / n.before_kw, 4), 'times' AS unit, jsonb_build_object('night_kw', round(n.kw, 4), 'night_kw_before', round(n.before_kw, 4))
		  FROM mean m, night n WHERE n.before_kw > 0 AND n.kw - n.before_kw >= 0.1 AND m.days >= 14 AND m.before_days >= 14)
	SELECT f.kind, f.from_on, f.until_on, f.score, round(f.kwh, 3), f.measured, (_detect_use.rules #>> ARRAY[f.kind, 'bound'])::numeric, f.unit, f.evidence
	  FROM found f WHERE f.score >= (_detect_use.rules #>> ARRAY[f.kind, 'least'])::double precision AND f.until_on > f.from_on;
END;
COMMENT ON FUNCTION billing._detect_use(bigint, billing.profile, billing.profile, daterange, jsonb) IS 'how much was used: nothing, where nothing should be, otherwise than before or than others, at night';

CREATE FUNCTION billing._detect_power(account_id bigint, profile billing.profile, history billing.profile, during daterange, rules jsonb)
RETURNS TABLE (kind text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	WITH factor AS (
		SELECT w.now, q.p / nullif(sqrt(q.p * q.p + q.q * q.q), 0) AS pf
		  FROM (VALUES (true, _detect_power.during, _detect_power.profile), (false, daterange(lower(_detect_power.during) - 92, lower(_detect_power.during)), _detect_power.history)) w(now, days, active)
		 CROSS JOIN LATERAL (SELECT billing.energy_kwh(w.active) AS p, billing.energy_kwh(billing._looked_at(_detect_power.account_id, 'main', 'reactive_import', w.days)) AS q) q),
	agreed AS (
		SELECT max(CASE WHEN t.value ~ '^[0-9]{1,12}([.][0-9]{1,6})?$' THEN t.value::numeric END) AS kw
		  FROM (SELECT p.terms FROM billing.account_plan p WHERE p.account_id = _detect_power.account_id AND p.from_on < upper(_detect_power.during) ORDER BY p.from_on DESC LIMIT 1) p
		 CROSS JOIN LATERAL (SELECT coalesce(p.terms ->> 'contract_kw', p.terms ->> 'capacity_kva') AS value) t)
	SELECT 'power_factor'::text, lower(_detect_power.during), upper(_detect_power.during), s.score, NULL::numeric, round(n.pf, 4), (_detect_power.rules #>> '{power_factor,bound}')::numeric, 'PF'::text,
		   jsonb_build_object('power_factor', round(n.pf, 4), 'before', round(b.pf, 4))
	  FROM factor n JOIN factor b ON n.now AND NOT b.now
	 -- a drop by 0.05 scores one half
	 CROSS JOIN LATERAL (SELECT billing._exceeds((b.pf - n.pf)::double precision, 0.05) AS score) s
	 WHERE n.pf < (_detect_power.rules #>> '{power_factor,bound}')::numeric AND s.score >= (_detect_power.rules #>> '{power_factor,least}')::double precision
	UNION ALL
	SELECT 'over_contract' AS kind, lower(_detect_power.during), upper(_detect_power.during), s.score, NULL AS kwh, round(p.kw / a.kw, 4), (_detect_power.rules #>> '{over_contract,bound}')::numeric, 'times' AS unit, jsonb_build_object('peak_kw', p.kw, 'agreed', a.kw)
	  FROM agreed a
	 CROSS JOIN LATERAL (SELECT billing.peak_kw(_detect_power.profile) AS kw) p
	 CROSS JOIN LATERAL (SELECT CASE WHEN p.kw > a.kw THEN billing._exceeds(p.kw::double precision, a.kw::double precision * (_detect_power.rules #>> '{over_contract,bound}')::double precision) ELSE 0 END AS score) s
	 WHERE a.kw > 0 AND s.score >= (_detect_power.rules #>> '{over_contract,least}')::double precision;
END;
COMMENT ON FUNCTION billing._detect_power(bigint, billing.profile, billing.profile, daterange, jsonb) IS 'the power factor, and the highest demand beside what was agreed';

CREATE FUNCTION billing._same_holder(one bigint, other bigint)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _same_holder.one = _same_holder.other THEN 'customer'
		WHEN EXISTS (SELECT FROM billing.customer_identity i JOIN billing.customer_identity j ON j.number_index = i.number_index WHERE i.customer_id = _same_holder.one AND j.customer_id = _same_holder.other) THEN 'identity'
		WHEN EXISTS (SELECT FROM billing.customer_bank_account i JOIN billing.customer_bank_account j ON j.number_index = i.number_index WHERE i.customer_id = _same_holder.one AND j.customer_id = _same_holder.other) THEN 'bank account'
		WHEN EXISTS (SELECT FROM billing.customer_contact i JOIN billing.customer_contact j ON j.value_index = i.value_index WHERE i.customer_id = _same_holder.one AND j.customer_id = _same_holder.other AND i.kind <> 'post') THEN 'contact'
		END;
END;
COMMENT ON FUNCTION billing._same_holder(bigint, bigint) IS 'by what two customers seem to be one: the same customer, paper, bank account, telephone or e-mail address, compared by their blind indexes; null: by nothing';

CREATE FUNCTION billing._detect_records(account_id bigint, during daterange, rules jsonb)
RETURNS TABLE (kind text, part text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	-- what the checks of registers said, of entries that are not rejected; an estimate of energy is theirs to make
	SELECT CASE r.finding WHEN 'rolled over' THEN 'rollover' ELSE 'reversal' END, r.part, r.read_on, r.read_on + 1, max(CASE WHEN r.finding = 'rolled over' THEN 0.3 ELSE 0.9 END)::double precision, NULL::numeric,
		   min(r.value), NULL::numeric, min(r.register), jsonb_build_object('registers', jsonb_agg(jsonb_build_object('register', r.register, 'value', r.value, 'state', r.state, 'detail', r.detail) ORDER BY r.register))
	  FROM billing.register_reading r
	 WHERE r.account_id = _detect_records.account_id AND r.read_on >= lower(_detect_records.during) AND r.read_on <= upper(_detect_records.during)
	   AND r.finding IN ('rolled over', 'fell back') AND r.state IN ('entered', 'pending', 'valid')
	 GROUP BY 1, r.part, r.read_on
	UNION ALL
	-- accounts of one holder, whom an address alone does not make: many live in one house; the first of them has it
	SELECT 'tier_splitting' AS kind, 'main' AS part, lower(_detect_records.during), upper(_detect_records.during), 1 - 1.0::double precision / q.n, NULL AS kwh, q.n, (_detect_records.rules #>> '{tier_splitting,bound}')::numeric, 'accounts' AS unit,
		   jsonb_build_object('accounts', q.accounts)
	  FROM billing.account a JOIN billing.account_head ah ON ah.account_id = a.account_id AND ah.stops_on IS NULL
	 CROSS JOIN LATERAL (
		SELECT count(*)::numeric + 1 AS n, min(o.account_id) AS first, jsonb_agg(jsonb_build_object('account', o.account_no, 'same', l.same, 'opened_on', o.opened_on) ORDER BY o.account_id) AS accounts
		  FROM billing.account o JOIN billing.account_head h ON h.account_id = o.account_id AND h.stops_on IS NULL
		 CROSS JOIN LATERAL (SELECT billing._same_holder(a.customer_id, o.customer_id) AS same) l
		 WHERE o.address_key = a.address_key AND o.org_id = a.org_id AND o.account_id <> a.account_id AND l.same IS NOT NULL
		   AND (billing._plan_on(o.account_id, lower(_detect_records.during))).plan_id IS NOT DISTINCT FROM (billing._plan_on(a.account_id, lower(_detect_records.during))).plan_id) q
	 WHERE a.account_id = _detect_records.account_id AND a.address_key <> '' AND q.n > (_detect_records.rules #>> '{tier_splitting,bound}')::numeric AND q.first > a.account_id
	UNION ALL
	SELECT 'main_sub' AS kind, s.part, lower(_detect_records.during), upper(_detect_records.during), billing._exceeds(q.share::double precision, (_detect_records.rules #>> '{main_sub,bound}')::double precision), c.kwh - m.kwh, round(q.share, 4),
		   (_detect_records.rules #>> '{main_sub,bound}')::numeric, 'share' AS unit, jsonb_build_object('kwh', m.kwh, 'check_kwh', c.kwh)
	  FROM billing.service_point s
	 CROSS JOIN LATERAL (SELECT billing._looked_at(s.account_id, 'main', 'import', _detect_records.during) AS profile) p
	 CROSS JOIN LATERAL (SELECT billing._looked_at(s.account_id, s.part, 'import', _detect_records.during) AS profile) o
	 CROSS JOIN LATERAL (SELECT billing.energy_kwh(p.profile) AS kwh) m
	 CROSS JOIN LATERAL (SELECT billing.energy_kwh(o.profile) AS kwh) c
	 CROSS JOIN LATERAL (SELECT abs(c.kwh - m.kwh) / nullif(c.kwh, 0) AS share) q
	 WHERE s.account_id = _detect_records.account_id AND s.purpose = 'check' AND billing.missing_count(p.profile) = 0 AND billing.missing_count(o.profile) = 0
	   AND billing.during(p.profile) = billing.during(o.profile) AND q.share > 0
	UNION ALL
	-- the meters behind one, which forming takes off it, together count more than it does
	SELECT 'main_sub' AS kind, r.part, lower(_detect_records.during), upper(_detect_records.during), billing._exceeds(q.share::double precision, (_detect_records.rules #>> '{main_sub,bound}')::double precision), b.kwh - m.kwh, round(q.share, 4),
		   (_detect_records.rules #>> '{main_sub,bound}')::numeric, 'share' AS unit, jsonb_build_object('kwh', m.kwh, 'behind_kwh', b.kwh, 'behind', b.accounts)
	  FROM (SELECT f.part, array_agg(f.other_id ORDER BY f.rule_no) AS others, array_agg(f.other_part ORDER BY f.rule_no) AS parts
			  FROM billing.forming_rule f
			 WHERE f.account_id = _detect_records.account_id AND f.kind = 'deduct' AND f.from_on < upper(_detect_records.during) AND (f.until_on IS NULL OR f.until_on > lower(_detect_records.during))
			 GROUP BY f.part
			-- a meter that was behind it for some of the days only is no balance of them
			HAVING max(f.from_on) <= lower(_detect_records.during) AND coalesce(min(f.until_on) >= upper(_detect_records.during), true)) r
	 CROSS JOIN LATERAL (SELECT billing._looked_at(_detect_records.account_id, r.part, 'import', _detect_records.during) AS profile) p
	 CROSS JOIN LATERAL (SELECT billing.energy_kwh(p.profile) AS kwh) m
	 CROSS JOIN LATERAL (
		SELECT sum(billing.energy_kwh(o.profile)) AS kwh, jsonb_agg(a.account_no ORDER BY v.n) AS accounts,
			   bool_and(coalesce(billing.missing_count(o.profile) = 0 AND billing.during(o.profile) = billing.during(p.profile), false)) AS whole
		  FROM unnest(r.others, r.parts) WITH ORDINALITY v(account_id, part, n)
		  LEFT JOIN billing.account a ON a.account_id = v.account_id
		 CROSS JOIN LATERAL (SELECT billing._looked_at(v.account_id, v.part, 'import', _detect_records.during) AS profile) o) b
	 CROSS JOIN LATERAL (SELECT (b.kwh - m.kwh) / nullif(b.kwh, 0) AS share) q
	 WHERE b.whole AND billing.missing_count(p.profile) = 0 AND q.share > 0;
END;
COMMENT ON FUNCTION billing._detect_records(bigint, daterange, jsonb) IS
'what records say of an account: registers that rolled over or fell back, several accounts at its address, its check meter, the meters behind it';

CREATE FUNCTION billing._detect_points(org_id bigint, first_account bigint, last_account bigint, during daterange)
RETURNS TABLE (account_id bigint, part text, profile billing.profile, history billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	SELECT r.account_id, r.part,
		   billing.concat_agg(CASE WHEN daterange(r.from_on, r.until_on) <@ s.days THEN r.profile ELSE billing.slice(r.profile, s.days * daterange(r.from_on, r.until_on)) END) FILTER (WHERE s.now),
		   billing.concat_agg(CASE WHEN daterange(r.from_on, r.until_on) <@ s.days THEN r.profile ELSE billing.slice(r.profile, s.days * daterange(r.from_on, r.until_on)) END) FILTER (WHERE NOT s.now)
	  FROM (VALUES (true, _detect_points.during), (false, daterange(lower(_detect_points.during) - 92, lower(_detect_points.during)))) s(now, days)
	  JOIN billing.reading r ON daterange(r.from_on, r.until_on) && s.days
	 WHERE r.account_id >= _detect_points.first_account AND r.account_id <= _detect_points.last_account AND r.org_id = _detect_points.org_id AND r.channel = 'import'
	   AND r.from_on > lower(_detect_points.during) - 92 - 31 AND r.from_on < upper(_detect_points.during)
	 GROUP BY r.account_id, r.part;
END;
COMMENT ON FUNCTION billing._detect_points(bigint, bigint, bigint, daterange) IS 'the readings of each point of a chunk of accounts: of the days looked at, and of the 92 before';

CREATE FUNCTION billing._detect(org_id bigint, first_account bigint, last_account bigint, during daterange, rules jsonb)
RETURNS TABLE (account_id bigint, kind text, part text, from_on date, until_on date, score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	WITH account AS MATERIALIZED (
		SELECT h.account_id, h.stops_on, _detect.rules || jsonb_build_object('others', coalesce(_detect.rules -> 'peers' -> (billing._plan_on(h.account_id, lower(_detect.during))).plan_id::text, _detect.rules #> '{peers,all}')) AS rules
		  FROM billing.account_head h
		 WHERE h.account_id >= _detect.first_account AND h.account_id <= _detect.last_account AND h.org_id = _detect.org_id),
	point AS MATERIALIZED (SELECT p.*, a.stops_on, a.rules FROM billing._detect_points(_detect.org_id, _detect.first_account, _detect.last_account, _detect.during) p JOIN account a ON a.account_id = p.account_id),
	told AS (
		SELECT p.account_id, q.kind, p.part, q.from_on, q.until_on, q.score, coalesce(q.kwh, billing._usual_kwh(p.history, q.until_on - q.from_on)) AS kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM point p CROSS JOIN LATERAL billing._detect_gap(p.account_id, p.profile, _detect.during, p.rules) q WHERE p.profile IS NOT NULL
		UNION ALL
		SELECT p.account_id, 'gap' AS kind, p.part, lower(_detect.during) AS from_on, upper(_detect.during) AS until_on, 0.99 AS score,
			   billing._usual_kwh(p.history, upper(_detect.during) - lower(_detect.during)) AS kwh, 1 AS measured, (p.rules #>> '{gap,bound}')::numeric AS bound, 'share' AS unit,
			   jsonb_build_object('last_reading', billing.until_at(p.history)) AS evidence
		  FROM point p WHERE p.profile IS NULL AND (p.stops_on IS NULL OR p.stops_on >= upper(_detect.during))
		UNION ALL
		SELECT p.account_id, q.kind, p.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM point p CROSS JOIN LATERAL billing._detect_outliers(p.profile, p.history, p.rules) q WHERE p.profile IS NOT NULL
		UNION ALL
		SELECT p.account_id, q.kind, p.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM point p CROSS JOIN LATERAL billing._detect_shift(p.profile, p.history, _detect.during, p.rules) q WHERE p.profile IS NOT NULL
		UNION ALL
		SELECT p.account_id, q.kind, p.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM point p CROSS JOIN LATERAL billing._detect_use(p.account_id, p.profile, p.history, _detect.during, p.rules) q WHERE p.profile IS NOT NULL AND p.part = 'main'
		UNION ALL
		SELECT p.account_id, q.kind, p.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM point p CROSS JOIN LATERAL billing._detect_power(p.account_id, p.profile, p.history, _detect.during, p.rules) q WHERE p.profile IS NOT NULL AND p.part = 'main'
		UNION ALL
		SELECT a.account_id, q.kind, q.part, q.from_on, q.until_on, q.score, q.kwh, q.measured, q.bound, q.unit, q.evidence
		  FROM account a CROSS JOIN LATERAL billing._detect_records(a.account_id, _detect.during, a.rules) q)
	SELECT t.account_id, t.kind, t.part, t.from_on, t.until_on, t.score, t.kwh, t.measured, t.bound, t.unit, t.evidence
	  FROM told t WHERE t.score >= (_detect.rules #>> ARRAY[t.kind, 'least'])::double precision;
END;
COMMENT ON FUNCTION billing._detect(bigint, bigint, bigint, daterange, jsonb) IS 'all that the detectors see of a chunk of accounts on some days, by the rules given; a kind without a rule is off';
