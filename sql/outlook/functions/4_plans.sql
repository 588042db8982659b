-- Plans of supply, made by month of the energies of months: drafted in versions, approved, adopted, held against what came.
CREATE FUNCTION billing._guard_supply_plan()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		billing.supply_plan := OLD;
BEGIN
	IF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) IN (('draft', 'adopted'), ('draft', 'withdrawn'), ('adopted', 'superseded')) THEN
		was.state := NEW.state;
		IF NEW.state = 'adopted' THEN
			was.adopted_by := billing.actor();
			was.adopted_at := NEW.adopted_at;
		END IF;
		IF NEW OPERATOR(pg_catalog.*=) was THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'a plan of supply is not changed so'
		USING ERRCODE = 'UB707', DETAIL = format('Plan %s is %s.', OLD.supply_plan_id, OLD.state), HINT = 'Make a new version.';
END $$;
COMMENT ON FUNCTION billing._guard_supply_plan() IS 'trigger: a plan is adopted, withdrawn or superseded, and else stays as it was made';

CREATE FUNCTION billing.set_feeder_capacity(feeder_no text, from_on date, capacity_kw numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the capacity of a feeder for who may write what concerns its supply.
DECLARE
	line	billing.feeder;
BEGIN
	PERFORM billing._given('set_feeder_capacity', set_feeder_capacity.feeder_no, set_feeder_capacity.from_on, set_feeder_capacity.capacity_kw);
	SELECT f.* INTO line FROM billing.feeder f WHERE f.feeder_no = set_feeder_capacity.feeder_no AND billing.can_write(f.org_id, 'supply');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('feeder %s', set_feeder_capacity.feeder_no));
	END IF;
	INSERT INTO billing.feeder_capacity (feeder_id, from_on, org_id, capacity_kw) VALUES (line.feeder_id, set_feeder_capacity.from_on, line.org_id, set_feeder_capacity.capacity_kw)
	    ON CONFLICT ON CONSTRAINT feeder_capacity_pkey DO UPDATE SET capacity_kw = excluded.capacity_kw, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(line.org_id, 'set_feeder_capacity', format('feeder %s from %s', set_feeder_capacity.feeder_no, set_feeder_capacity.from_on),
		jsonb_build_object('kw', set_feeder_capacity.capacity_kw));
END $$;
COMMENT ON FUNCTION billing.set_feeder_capacity(text, date, numeric) IS 'says what a line may carry from a day on; needs write on supply';

CREATE FUNCTION billing._month_energies(org_id bigint, from_on date, until_on date)
RETURNS TABLE (feeder_id bigint, level text, area_id bigint, month date, hours integer, kwh numeric, peak_kw numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH point AS MATERIALIZED (
		SELECT s.account_id, s.part, s.area_id, coalesce(s.feeder_id, t.feeder_id) AS feeder_id
		  FROM billing.service_point s LEFT JOIN billing.transformer_area t ON t.area_id = s.area_id
		 WHERE s.org_id = ANY ((SELECT billing._orgs_below(_month_energies.org_id))::bigint[]) AND s.purpose = 'billing'),
	month AS (
		SELECT m::date AS month, daterange(m::date, (m + interval '1 month')::date) * daterange(_month_energies.from_on, _month_energies.until_on) AS days
		  FROM generate_series(date_trunc('month', _month_energies.from_on::timestamp), _month_energies.until_on - 1, interval '1 month') m),
	-- materialized: looked up once, not for each reading
	zone AS MATERIALIZED (SELECT billing._common_zone(_month_energies.org_id, _month_energies.from_on, _month_energies.until_on) AS name),
	load AS MATERIALIZED (
		SELECT p.feeder_id, p.area_id, m.month,
			   billing.sum(billing.resample(CASE r.channel WHEN 'import' THEN d.profile ELSE billing.negate(d.profile) END, '1 hour')) AS load
		  FROM point p
		  JOIN billing.reading r ON r.account_id = p.account_id AND r.part = p.part AND r.channel IN ('import', 'export')
		   AND r.from_on > _month_energies.from_on - 31 AND r.from_on < _month_energies.until_on AND r.until_on > _month_energies.from_on
		  JOIN month m ON m.days && daterange(r.from_on, r.until_on)
		 CROSS JOIN zone z
		 CROSS JOIN LATERAL (SELECT billing._in_zone(billing.slice(r.profile, m.days), z.name) AS profile) d
		 GROUP BY p.feeder_id, p.area_id, m.month),
	part AS (
		SELECT l.feeder_id, CASE WHEN l.area_id IS NULL THEN 'direct' ELSE 'area' END AS level, l.area_id, l.month, l.load FROM load l
		UNION ALL
		SELECT l.feeder_id, 'feeder' AS level, NULL AS area_id, l.month, billing.sum(l.load) FROM load l GROUP BY l.feeder_id, l.month)
	SELECT p.feeder_id, p.level, p.area_id, p.month, billing.slot_count(p.load) - billing.missing_count(p.load), billing.energy_kwh(p.load), billing.peak_kw(p.load)
	  FROM part p;
END;
COMMENT ON FUNCTION billing._month_energies(bigint, date, date) IS
'by month what was read by slots on each feeder, in each of its areas, and on the line itself (direct): the hours that were read, their energy, and the highest of them';

CREATE FUNCTION billing.make_supply_plan(org_no text, from_month date, months integer DEFAULT 12, history_months integer DEFAULT 36, power_factor numeric DEFAULT 0.9, note text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: as make_forecast().
DECLARE
	at_org	bigint := billing._outlook_org(make_supply_plan.org_no);
	first	date := date_trunc('month', make_supply_plan.from_month::timestamp)::date;
	since	date;
	made	bigint;
	lines	integer;
BEGIN
	PERFORM billing._given('make_supply_plan', make_supply_plan.org_no, make_supply_plan.from_month, make_supply_plan.months, make_supply_plan.history_months, make_supply_plan.power_factor, make_supply_plan.note);
	IF make_supply_plan.history_months NOT BETWEEN 1 AND 120 OR make_supply_plan.months NOT BETWEEN 1 AND 36 OR first <> make_supply_plan.from_month OR NOT isfinite(first) THEN
		RAISE EXCEPTION 'a plan of supply is of 1 to 36 months, from the first of a month on, after 1 to 120 months' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	since := first - make_interval(months => make_supply_plan.history_months);
	-- two who plan at once have two versions
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.supply_plan %s %s', at_org, first), 0));
	INSERT INTO billing.supply_plan AS p (org_id, from_month, months, version, history_from, power_factor, note)
	SELECT at_org, first, make_supply_plan.months, coalesce(max(o.version), 0) + 1, since, make_supply_plan.power_factor, make_supply_plan.note
	  FROM billing.supply_plan o WHERE o.org_id = at_org AND o.from_month = first
	RETURNING p.supply_plan_id INTO made;

	WITH energy AS MATERIALIZED (
		SELECT * FROM billing._month_energies(at_org, since, first)),
	place AS (
		-- a series of months without holes, from the first that was read; by the mean of their hours, since months are not alike, and not all are read whole
		SELECT q.feeder_id, q.level, q.area_id, array_agg((e.kwh / e.hours)::double precision ORDER BY m) AS kw, max(q.peak_ratio) AS peak_ratio
		  FROM (SELECT e.feeder_id, e.level, e.area_id, min(e.month) AS begin,
					   -- the highest hour over the mean hour, in the last three months with energy
					   max(e.peak_kw / nullif(e.kwh, 0) * e.hours) FILTER (WHERE e.month >= first - interval '3 months' AND e.kwh > 0) AS peak_ratio
				  FROM energy e WHERE e.hours > 0 GROUP BY e.feeder_id, e.level, e.area_id) q
		 CROSS JOIN LATERAL generate_series(q.begin::timestamp, first - interval '1 month', interval '1 month') m
		  LEFT JOIN energy e ON e.level = q.level AND e.feeder_id IS NOT DISTINCT FROM q.feeder_id AND e.area_id IS NOT DISTINCT FROM q.area_id AND e.month = m::date AND e.hours > 0
		 GROUP BY q.feeder_id, q.level, q.area_id),
	foreseen AS MATERIALIZED (
		SELECT p.feeder_id, p.level, p.area_id, m.month, round(p.peak_ratio * f.value::numeric, 3) AS peak_kw,
			   round(f.value::numeric * m.hours, 3) AS kwh, round(f.lower::numeric * m.hours, 3) AS lower, round(f.upper::numeric * m.hours, 3) AS upper
		  FROM place p
		 CROSS JOIN LATERAL billing.forecast(p.kw, 12, make_supply_plan.months) f
		 CROSS JOIN LATERAL (SELECT (first + make_interval(months => f.step - 1))::date AS month,
									24 * ((first + make_interval(months => f.step))::date - (first + make_interval(months => f.step - 1))::date) AS hours) m),
	share AS (
		SELECT f.*, l.kwh - sum(f.kwh) OVER w AS lacking, sum(abs(f.kwh)) OVER w AS size, sum(abs(f.kwh)) OVER u AS upto, row_number() OVER u AS n, count(*) OVER w AS parts
		  FROM foreseen f
		  JOIN foreseen l ON l.level = 'feeder' AND l.feeder_id IS NOT DISTINCT FROM f.feeder_id AND l.month = f.month
		 WHERE f.level <> 'feeder'
		WINDOW w AS (PARTITION BY f.feeder_id, f.month), u AS (PARTITION BY f.feeder_id, f.month ORDER BY f.area_id)),
	whole AS (
		SELECT f.feeder_id, f.level, f.area_id, f.month, f.peak_kw, f.lower, f.upper, f.kwh, f.kwh AS energy FROM foreseen f WHERE f.level = 'feeder'
		UNION ALL
		-- the parts of a line add up to it: differences of the rounded running sum of their shares, as apportion() has them
		SELECT s.feeder_id, s.level, s.area_id, s.month, s.peak_kw, s.lower, s.upper, s.kwh,
			   s.kwh + CASE WHEN s.size = 0 THEN round(s.lacking * s.n / s.parts, 3) - round(s.lacking * (s.n - 1) / s.parts, 3)
							ELSE round(s.lacking * s.upto / s.size, 3) - round(s.lacking * (s.upto - abs(s.kwh)) / s.size, 3) END
		  FROM share s)
	INSERT INTO billing.supply_plan_line (supply_plan_id, line_no, org_id, feeder_id, area_id, level, month, energy_kwh, lower_kwh, upper_kwh, peak_kw, capacity_kw)
	SELECT made, row_number() OVER (ORDER BY w.feeder_id, array_position('{feeder,area,direct}'::text[], w.level), w.area_id, w.month), at_org, w.feeder_id, w.area_id,
		   w.level, w.month, w.energy, w.lower + (w.energy - w.kwh), w.upper + (w.energy - w.kwh),
		   w.peak_kw,
		   CASE w.level
				WHEN 'feeder' THEN coalesce((SELECT c.capacity_kw FROM billing.feeder_capacity c WHERE c.feeder_id = w.feeder_id AND c.from_on <= w.month ORDER BY c.from_on DESC LIMIT 1),
					-- its transformers say nothing of what hangs on the line itself
					(SELECT round(sum(t.rating_kva) * make_supply_plan.power_factor, 3) FROM billing.transformer_area t
					  WHERE t.feeder_id = w.feeder_id AND (t.closed_on IS NULL OR t.closed_on > w.month)
						AND NOT EXISTS (SELECT FROM place p WHERE p.level = 'direct' AND p.feeder_id = w.feeder_id)))
				WHEN 'area' THEN (SELECT round(t.rating_kva * make_supply_plan.power_factor, 3) FROM billing.transformer_area t WHERE t.area_id = w.area_id) END
	  FROM whole w;
	GET DIAGNOSTICS lines = ROW_COUNT;
	IF lines = 0 THEN
		RAISE EXCEPTION 'nothing was read by slots that could be planned' USING ERRCODE = 'UB103',
			DETAIL = format('Org %s, from %s to %s.', make_supply_plan.org_no, since, first), HINT = 'Bring in readings, or say more months.';
	END IF;
	PERFORM billing._audit(at_org, 'make_supply_plan', format('supply plan %s', made), jsonb_build_object('from', first, 'months', make_supply_plan.months, 'lines', lines));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.make_supply_plan(text, date, integer, integer, numeric, text) IS
'drafts the next version of a plan of supply of an org and all below it: by month the energy and the peak of each feeder, of its areas and of what hangs on the line itself, beside what they may carry; '
'needs write on supply, read on account and reading';

CREATE FUNCTION billing._supply_plan_of(supply_plan_id bigint)
RETURNS billing.supply_plan
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan	billing.supply_plan;
BEGIN
	SELECT p.* INTO plan FROM billing.supply_plan p WHERE p.supply_plan_id = _supply_plan_of.supply_plan_id AND billing.can_write(p.org_id, 'supply') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('supply plan %s', _supply_plan_of.supply_plan_id));
	END IF;
	IF plan.state <> 'draft' THEN
		RAISE EXCEPTION 'supply plan % is no draft', plan.supply_plan_id USING ERRCODE = 'UB707', DETAIL = format('It is %s.', plan.state), HINT = 'Make a new version.';
	END IF;
	RETURN plan;
END $$;
COMMENT ON FUNCTION billing._supply_plan_of(bigint) IS 'a draft that the actor may write, locked';

CREATE FUNCTION billing._supply_plan_detail(plan billing.supply_plan)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('from', ($1).from_month, 'months', ($1).months, 'version', ($1).version, 'lines', count(*),
		'kwh', sum(l.energy_kwh) FILTER (WHERE l.level = 'feeder'), 'overloads', count(*) FILTER (WHERE l.load_percent > 100))
	  FROM billing.supply_plan_line l WHERE l.supply_plan_id = ($1).supply_plan_id;
END;
COMMENT ON FUNCTION billing._supply_plan_detail(billing.supply_plan) IS 'what is approved of a plan, whose lines do not change';

CREATE FUNCTION billing.submit_supply_plan(supply_plan_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks for the approval of a draft that the caller may write.
DECLARE
	plan	billing.supply_plan := billing._supply_plan_of(submit_supply_plan.supply_plan_id);
BEGIN
	PERFORM billing._given('submit_supply_plan', submit_supply_plan.supply_plan_id);
	RETURN billing._ask_approval('supply_plan', plan.org_id, format('supply plan %s', plan.supply_plan_id), billing._supply_plan_detail(plan));
END $$;
COMMENT ON FUNCTION billing.submit_supply_plan(bigint) IS 'asks for the approval of a drafted plan of supply; returns the number of the request; needs write on supply';

CREATE FUNCTION billing.adopt_supply_plan(supply_plan_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as submit_supply_plan().
DECLARE
	plan	billing.supply_plan := billing._supply_plan_of(adopt_supply_plan.supply_plan_id);
BEGIN
	PERFORM billing._given('adopt_supply_plan', adopt_supply_plan.supply_plan_id);
	PERFORM billing._take_approval('supply_plan', plan.org_id, format('supply plan %s', plan.supply_plan_id), billing._supply_plan_detail(plan));
	UPDATE billing.supply_plan p SET state = 'superseded' WHERE p.org_id = plan.org_id AND p.from_month = plan.from_month AND p.state = 'adopted';
	UPDATE billing.supply_plan p SET state = 'adopted', adopted_by = billing.actor(), adopted_at = now() WHERE p.supply_plan_id = plan.supply_plan_id;
	PERFORM billing._audit(plan.org_id, 'adopt_supply_plan', format('supply plan %s', plan.supply_plan_id), '{}');
END $$;
COMMENT ON FUNCTION billing.adopt_supply_plan(bigint) IS
'makes an approved draft the plan of supply; the adopted version of the same months is superseded; needs write on supply and the approval of a second person';

CREATE FUNCTION billing.withdraw_supply_plan(supply_plan_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as submit_supply_plan().
DECLARE
	plan	billing.supply_plan := billing._supply_plan_of(withdraw_supply_plan.supply_plan_id);
BEGIN
	PERFORM billing._given('withdraw_supply_plan', withdraw_supply_plan.supply_plan_id);
	UPDATE billing.supply_plan p SET state = 'withdrawn' WHERE p.supply_plan_id = plan.supply_plan_id;
	PERFORM billing._audit(plan.org_id, 'withdraw_supply_plan', format('supply plan %s', plan.supply_plan_id), '{}');
END $$;
COMMENT ON FUNCTION billing.withdraw_supply_plan(bigint) IS 'takes a draft back; needs write on supply';

CREATE FUNCTION billing.supply_plan_actual(supply_plan_id bigint, until_on date)
RETURNS TABLE (feeder_no text, area_no text, level text, month date, plan_kwh numeric, actual_kwh numeric, difference_percent numeric, plan_peak_kw numeric, actual_peak_kw numeric, capacity_kw numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: sums loads of an org for who sees all of them.
DECLARE
	plan	billing.supply_plan;
	ending	date;
BEGIN
	SELECT p.* INTO plan FROM billing.supply_plan p WHERE p.supply_plan_id = supply_plan_actual.supply_plan_id
	   AND billing.can_read(p.org_id, 'supply') AND billing.can_read(p.org_id, 'account') AND billing.can_read(p.org_id, 'reading');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('supply plan %s', supply_plan_actual.supply_plan_id));
	END IF;
	-- whole months only
	ending := least(date_trunc('month', supply_plan_actual.until_on::timestamp), plan.from_month + make_interval(months => plan.months))::date;
	IF ending <= plan.from_month THEN
		RETURN;
	END IF;
	RETURN QUERY
	SELECT f.feeder_no, a.area_no, l.level, l.month, l.energy_kwh, round(e.kwh, 3), round(100 * (e.kwh - l.energy_kwh) / nullif(l.energy_kwh, 0), 2), l.peak_kw, round(e.peak_kw, 3), l.capacity_kw
	  FROM billing.supply_plan_line l
	  LEFT JOIN billing._month_energies(plan.org_id, plan.from_month, ending) e
		ON e.level = l.level AND e.feeder_id IS NOT DISTINCT FROM l.feeder_id AND e.area_id IS NOT DISTINCT FROM l.area_id AND e.month = l.month
	  LEFT JOIN billing.feeder f ON f.feeder_id = l.feeder_id
	  LEFT JOIN billing.transformer_area a ON a.area_id = l.area_id
	 WHERE l.supply_plan_id = plan.supply_plan_id AND l.month < ending
	 ORDER BY l.line_no;
END $$;
COMMENT ON FUNCTION billing.supply_plan_actual(bigint, date) IS 'a plan of supply beside what was read, for its months that have ended before a day';
