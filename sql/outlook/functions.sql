/*
 * Loads are foreseen from what meters read by slots, level by level: the org by
 * its own history, feeders and price plans by theirs, then changed so that each
 * level adds up to the one above in every slot.  Plans of supply are made by
 * month of the energies of months.
 */
CREATE FUNCTION billing._outlook_org(org_no text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint := billing._org_of(_outlook_org.org_no, 'write', 'supply');
BEGIN
	-- what cannot be seen would be missing in every sum
	IF NOT (billing.can_read(at_org, 'account') AND billing.can_read(at_org, 'reading')) THEN
		RAISE EXCEPTION 'loads are foreseen by who sees all of them'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()), HINT = 'It needs write on supply, read on account and reading at the org.';
	END IF;
	RETURN at_org;
END $$;
COMMENT ON FUNCTION billing._outlook_org(text) IS 'the org for which the actor may foresee and plan';

-- ---- weather ----

CREATE FUNCTION billing.record_temperature(org_no text, profile billing.profile, source text DEFAULT '')
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes temperatures of an org for who may write what concerns its supply.
DECLARE
	at_org	bigint := billing._org_of(record_temperature.org_no, 'write', 'supply');
	days	integer;
BEGIN
	PERFORM billing._given('record_temperature', record_temperature.org_no, record_temperature.profile, record_temperature.source);
	IF billing.unit(record_temperature.profile) <> 'degC' OR upper(billing.days(record_temperature.profile)) - lower(billing.days(record_temperature.profile)) > 1500 THEN
		RAISE EXCEPTION 'temperatures are a profile in degC of at most 1500 days' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('This one is in %s.', billing.unit(record_temperature.profile));
	END IF;
	INSERT INTO billing.temperature_day (org_id, day, profile, source)
	SELECT at_org, d, billing.slice(record_temperature.profile, daterange(d, d + 1)), record_temperature.source
	  FROM generate_series(0, upper(billing.days(record_temperature.profile)) - lower(billing.days(record_temperature.profile)) - 1) i
	 CROSS JOIN LATERAL (SELECT lower(billing.days(record_temperature.profile)) + i AS d) q
	    ON CONFLICT ON CONSTRAINT temperature_day_pkey DO UPDATE
	   SET profile = excluded.profile, source = excluded.source, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at;
	GET DIAGNOSTICS days = ROW_COUNT;
	PERFORM billing._audit(at_org, 'record_temperature', format('temperature from %s', lower(billing.days(record_temperature.profile))),
		jsonb_build_object('days', days, 'source', record_temperature.source));
	RETURN days;
END $$;
COMMENT ON FUNCTION billing.record_temperature(text, billing.profile, text) IS
'records temperatures of an org, for all below it, too: measured ones, and those of the weather forecast, which measured ones replace later; returns how many days; needs write on supply';

CREATE FUNCTION billing._temperature(org_id bigint, from_on date, until_on date)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- the nearest org that has all of the days ahead; days before them may be missing
	SELECT billing.concat_agg(t.profile ORDER BY t.day)
	  FROM unnest(billing._orgs_over(_temperature.org_id)) WITH ORDINALITY o(org_id, distance)
	  JOIN billing.temperature_day t ON t.org_id = o.org_id AND t.day >= _temperature.from_on AND t.day < _temperature.until_on
	 GROUP BY o.org_id, o.distance
	HAVING max(t.day) = _temperature.until_on - 1
	 ORDER BY o.distance LIMIT 1;
END;
COMMENT ON FUNCTION billing._temperature(bigint, date, date) IS 'temperatures of an org, or of the nearest above it that has them until the end; null: none has';

CREATE FUNCTION billing._holidays(calendar_code text, from_on date, until_on date)
RETURNS date[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(q.day ORDER BY q.day)
	  FROM (SELECT DISTINCT ON (d.day) d.day, d.kind FROM billing.calendar c JOIN billing.calendar_day d ON d.calendar_id = c.calendar_id
			 WHERE c.calendar_code = _holidays.calendar_code AND d.day >= _holidays.from_on AND d.day < _holidays.until_on
			 ORDER BY d.day, d.revision DESC) q
	 WHERE q.kind = 'holiday';
END;
COMMENT ON FUNCTION billing._holidays(text, date, date) IS 'holidays of a calendar as they are known now; null: none';

-- ---- loads ----

CREATE FUNCTION billing._common_zone(org_id bigint, from_on date, until_on date)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT mode() WITHIN GROUP (ORDER BY billing.time_zone(r.profile))
	  FROM billing.reading r
	 WHERE r.org_id = ANY (billing._orgs_below(_common_zone.org_id)) AND r.channel IN ('import', 'export') AND r.from_on < _common_zone.until_on AND r.until_on > _common_zone.from_on;
END;
COMMENT ON FUNCTION billing._common_zone(bigint, date, date) IS
'the zone of most readings of an org and those below it: meters and head-ends name the same hours by zone or by offset';

CREATE FUNCTION billing._in_zone(profile billing.profile, zone text)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE billing.time_zone(_in_zone.profile) WHEN _in_zone.zone THEN _in_zone.profile ELSE billing.in_zone(_in_zone.profile, _in_zone.zone) END;
END;
COMMENT ON FUNCTION billing._in_zone(billing.profile, text) IS 'the profile by this zone, most of which have it already';

CREATE FUNCTION billing._account_loads(org_id bigint, from_on date, until_on date, slot interval)
RETURNS TABLE (account_id bigint, org_id bigint, feeder_id bigint, plan_id bigint, load billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
	SELECT a.account_id, a.org_id, l.feeder_id,
		   (SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = a.account_id AND p.from_on < _account_loads.until_on ORDER BY p.from_on DESC LIMIT 1),
		   l.load
	  FROM billing.account a
	 CROSS JOIN (SELECT billing._common_zone(_account_loads.org_id, _account_loads.from_on, _account_loads.until_on) AS name) z
	 CROSS JOIN LATERAL (
		SELECT max(coalesce(s.feeder_id, t.feeder_id)) AS feeder_id,
			   -- what is fed in is taken off
			   billing.sum(billing.resample(CASE r.channel WHEN 'import' THEN d.profile ELSE billing.negate(d.profile) END, _account_loads.slot)) AS load
		  FROM billing.reading r
		 CROSS JOIN LATERAL (SELECT billing._in_zone(billing.slice(r.profile, daterange(_account_loads.from_on, _account_loads.until_on)), z.name) AS profile) d
		  LEFT JOIN billing.service_point s ON s.account_id = r.account_id AND s.part = r.part
		  LEFT JOIN billing.transformer_area t ON t.area_id = s.area_id
		 WHERE r.account_id = a.account_id AND r.channel IN ('import', 'export') AND coalesce(s.purpose, 'billing') = 'billing'
		   AND r.from_on > _account_loads.from_on - 31 AND r.from_on < _account_loads.until_on AND r.until_on > _account_loads.from_on) l
	 WHERE a.org_id = ANY (billing._orgs_below(_account_loads.org_id)) AND l.load IS NOT NULL;
END;
COMMENT ON FUNCTION billing._account_loads(bigint, date, date, interval) IS
'what the accounts of an org and those below it took by slots within [from_on, until_on), with the feeder on which they hang now and their plan';

CREATE FUNCTION billing._place_loads(org_id bigint, from_on date, until_on date, slot interval)
RETURNS TABLE (level text, feeder_id bigint, plan_id bigint, load billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	WITH part AS MATERIALIZED (
		SELECT l.feeder_id, l.plan_id, billing.sum(l.load) AS load
		  FROM billing._account_loads(_place_loads.org_id, _place_loads.from_on, _place_loads.until_on, _place_loads.slot) l GROUP BY 1, 2)
	SELECT CASE grouping(p.feeder_id, p.plan_id) WHEN 3 THEN 'org' WHEN 1 THEN 'feeder' ELSE 'plan' END, p.feeder_id, p.plan_id, billing.sum(p.load)
	  FROM part p GROUP BY GROUPING SETS ((), (p.feeder_id), (p.plan_id))
	-- of nobody there is no sum
	HAVING billing.sum(p.load) IS NOT NULL;
END;
COMMENT ON FUNCTION billing._place_loads(bigint, date, date, interval) IS 'the load of an org, of each of its feeders and of each price plan within [from_on, until_on)';

CREATE FUNCTION billing._midnight(time_zone text, day date)
RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- a profile's offset is ISO's, east of Greenwich above zero; AT TIME ZONE takes it for POSIX's
	SELECT CASE WHEN _midnight.time_zone ~ '^[+-][0-9]{2}:[0-9]{2}$' THEN _midnight.day::timestamp AT TIME ZONE 'UTC' - _midnight.time_zone::interval
				ELSE _midnight.day::timestamp AT TIME ZONE _midnight.time_zone END;
END;
COMMENT ON FUNCTION billing._midnight(text, date) IS 'the begin of a day in a profile''s zone';

-- ---- forecasts ----

CREATE FUNCTION billing._moved(bound billing.profile, was billing.profile, becomes billing.profile)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing.add(_moved.bound, billing.subtract(_moved.becomes, _moved.was));
END;
COMMENT ON FUNCTION billing._moved(billing.profile, billing.profile, billing.profile) IS 'a bound, moved as far as the forecast was';

CREATE FUNCTION billing.make_forecast(org_no text, from_on date, until_on date, weeks integer DEFAULT 12, slot interval DEFAULT '1 hour', accounts boolean DEFAULT false,
	calendar_code text DEFAULT NULL, options jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: reads the loads of an org for who sees all of them, and keeps what is foreseen.
DECLARE
	at_org		bigint := billing._outlook_org(make_forecast.org_no);
	since		date := make_forecast.from_on - 7 * make_forecast.weeks;
	days		daterange;
	weather		billing.profile;
	holidays	date[];
	made		bigint;
	lines		integer;
	line		record;
BEGIN
	PERFORM billing._given('make_forecast', make_forecast.org_no, make_forecast.from_on, make_forecast.until_on, make_forecast.weeks, make_forecast.slot, make_forecast.accounts);
	IF make_forecast.weeks NOT BETWEEN 1 AND 160 OR NOT isfinite(make_forecast.from_on) OR NOT isfinite(make_forecast.until_on)
	   OR make_forecast.until_on - make_forecast.from_on NOT BETWEEN 1 AND 400 THEN
		RAISE EXCEPTION 'a forecast is of 1 to 400 days after 1 to 160 weeks' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('From %s until %s after %s weeks.', make_forecast.from_on, make_forecast.until_on, make_forecast.weeks);
	END IF;
	IF make_forecast.calendar_code IS NOT NULL AND NOT EXISTS (SELECT FROM billing.calendar c WHERE c.calendar_code = make_forecast.calendar_code) THEN
		PERFORM billing._not_found(format('calendar %s', make_forecast.calendar_code));
	END IF;
	days := daterange(make_forecast.from_on, make_forecast.until_on);
	weather := billing._temperature(at_org, since, make_forecast.until_on);
	-- null where no holiday is known: nothing could be learned
	holidays := billing._holidays(make_forecast.calendar_code, since, make_forecast.until_on);
	INSERT INTO billing.load_forecast_run (org_id, history_from, from_on, until_on, slot, options, calendar_code, with_temperature, time_zone)
	VALUES (at_org, since, make_forecast.from_on, make_forecast.until_on, make_forecast.slot, coalesce(make_forecast.options, '{}'), make_forecast.calendar_code,
			weather IS NOT NULL, current_setting('TimeZone'))
	RETURNING run_id INTO made;

	WITH foreseen AS MATERIALIZED (
		SELECT l.level, l.feeder_id, l.plan_id, billing.slice(f.forecast, days) AS forecast, billing.slice(f.lower, days) AS lower, billing.slice(f.upper, days) AS upper,
			   f.kind, f.weights, row_number() OVER (PARTITION BY l.level ORDER BY l.feeder_id, l.plan_id) AS n
		  FROM billing._place_loads(at_org, since, make_forecast.from_on, make_forecast.slot) l
		 CROSS JOIN LATERAL (SELECT billing._midnight(billing.time_zone(l.load), make_forecast.until_on) AS until_at) u
		 CROSS JOIN LATERAL billing.forecast(l.load, u.until_at, make_forecast.options, weather, holidays) f),
	part AS (
		SELECT p.level, q.n, q.profile
		  FROM foreseen w
		  JOIN (SELECT f.level, array_agg(f.forecast ORDER BY f.n) AS profiles FROM foreseen f WHERE f.level <> 'org' GROUP BY f.level) p ON w.level = 'org'
		 CROSS JOIN LATERAL unnest(billing.apportion(w.forecast, p.profiles)) WITH ORDINALITY q(profile, n))
	INSERT INTO billing.load_forecast (run_id, line_no, level, org_id, feeder_id, plan_id, forecast, lower, upper, kind, weights)
	SELECT made, row_number() OVER (ORDER BY array_position('{org,feeder,plan}'::text[], f.level), f.n), f.level, at_org, f.feeder_id, f.plan_id,
		   coalesce(p.profile, f.forecast), coalesce(billing._moved(f.lower, f.forecast, p.profile), f.lower), coalesce(billing._moved(f.upper, f.forecast, p.profile), f.upper),
		   f.kind, f.weights
	  FROM foreseen f LEFT JOIN part p ON p.level = f.level AND p.n = f.n;
	GET DIAGNOSTICS lines = ROW_COUNT;
	IF lines = 0 THEN
		RAISE EXCEPTION 'nothing was read by slots that could be foreseen' USING ERRCODE = 'UB103',
			DETAIL = format('Org %s, from %s to %s.', make_forecast.org_no, since, make_forecast.from_on), HINT = 'Bring in readings, or say more weeks.';
	END IF;
	IF make_forecast.accounts THEN
		lines := lines + billing._forecast_accounts(made);
	END IF;
	PERFORM billing._audit(at_org, 'make_forecast', format('load forecast %s', made),
		jsonb_build_object('from', make_forecast.from_on, 'until', make_forecast.until_on, 'lines', lines));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.make_forecast(text, date, date, integer, interval, boolean, text, jsonb) IS
'foresees the load of an org and all below it, of each of its feeders and each price plan, and of each account where asked, from the weeks before, with the holidays of a calendar and the temperatures '
'that are recorded until the end; keeps it and returns its number; needs write on supply, read on account and reading';

CREATE FUNCTION billing._forecast_accounts(run_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	run		billing.load_forecast_run;
	days	daterange;
	added	integer;
BEGIN
	SELECT r.* INTO STRICT run FROM billing.load_forecast_run r WHERE r.run_id = _forecast_accounts.run_id;
	days := daterange(run.from_on, run.until_on);
	WITH foreseen AS MATERIALIZED (
		SELECT l.account_id, l.org_id, l.feeder_id, billing.slice(f.forecast, days) AS forecast, billing.slice(f.lower, days) AS lower, billing.slice(f.upper, days) AS upper,
			   f.kind, f.weights, row_number() OVER (PARTITION BY l.feeder_id ORDER BY l.account_id) AS n
		  FROM billing._account_loads(run.org_id, run.history_from, run.from_on, run.slot) l
		 CROSS JOIN LATERAL (SELECT billing._midnight(billing.time_zone(l.load), run.until_on) AS until_at) u
		 -- the weather and the holidays are in the feeder's
		 CROSS JOIN LATERAL billing.forecast(l.load, u.until_at, run.options) f),
	part AS (
		SELECT w.feeder_id, q.n, q.profile
		  FROM (SELECT f.feeder_id, array_agg(f.forecast ORDER BY f.n) AS profiles FROM foreseen f GROUP BY f.feeder_id) p
		  JOIN billing.load_forecast w ON w.run_id = run.run_id AND w.level = 'feeder' AND w.feeder_id IS NOT DISTINCT FROM p.feeder_id
		 CROSS JOIN LATERAL unnest(billing.apportion(w.forecast, p.profiles)) WITH ORDINALITY q(profile, n))
	INSERT INTO billing.account_forecast (account_id, run_id, org_id, feeder_id, forecast, lower, upper, kind, weights)
	SELECT f.account_id, run.run_id, f.org_id, f.feeder_id, p.profile, billing._moved(f.lower, f.forecast, p.profile), billing._moved(f.upper, f.forecast, p.profile), f.kind, f.weights
	  FROM foreseen f JOIN part p ON p.feeder_id IS NOT DISTINCT FROM f.feeder_id AND p.n = f.n;
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN added;
END $$;
COMMENT ON FUNCTION billing._forecast_accounts(bigint) IS 'foresees the accounts of a forecast, each added up to its feeder; returns how many';

CREATE FUNCTION billing.forecast_errors(run_id bigint, until_on date DEFAULT NULL, accounts boolean DEFAULT false)
RETURNS TABLE (level text, feeder_no text, plan_code text, account_no text, during daterange, slots bigint, forecast_kwh numeric, actual_kwh numeric, bias_percent numeric, wape_percent numeric, inside_percent numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: sums loads of an org for who sees all of them.
DECLARE
	run		billing.load_forecast_run;
	ending	date;
BEGIN
	SELECT r.* INTO run FROM billing.load_forecast_run r WHERE r.run_id = forecast_errors.run_id
	   AND billing.can_read(r.org_id, 'supply') AND billing.can_read(r.org_id, 'account') AND billing.can_read(r.org_id, 'reading');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('load forecast %s', forecast_errors.run_id));
	END IF;
	ending := least(forecast_errors.until_on, run.until_on);
	RETURN QUERY
	WITH line AS (
		SELECT f.line_no, f.level, f.feeder_id, f.plan_id, NULL::bigint AS account_id, f.forecast, f.lower, f.upper, a.load
		  FROM billing.load_forecast f
		  JOIN billing._place_loads(run.org_id, run.from_on, ending, run.slot) a
			ON a.level = f.level AND a.feeder_id IS NOT DISTINCT FROM f.feeder_id AND a.plan_id IS NOT DISTINCT FROM f.plan_id
		 WHERE f.run_id = run.run_id
		UNION ALL
		SELECT NULL, 'account', f.feeder_id, NULL, f.account_id, f.forecast, f.lower, f.upper, a.load
		  FROM billing.account_forecast f
		  JOIN billing._account_loads(run.org_id, run.from_on, ending, run.slot) a ON a.account_id = f.account_id
		 WHERE f.run_id = run.run_id AND forecast_errors.accounts)
	SELECT f.level, d.feeder_no, p.plan_code, c.account_no, daterange(run.from_on, ending), q.slots, q.forecast, q.actual,
		   round(100 * (q.forecast - q.actual) / nullif(q.actual, 0), 2), round(100 * q.apart / nullif(q.size, 0), 2), round(100.0 * q.inside / nullif(q.bounded, 0), 1)
	  FROM line f
	 CROSS JOIN LATERAL (
		SELECT count(*) AS slots, round(sum(s.value) / 1000, 3) AS forecast, round(sum(c.value) / 1000, 3) AS actual, sum(abs(s.value - c.value)) AS apart, sum(abs(c.value)) AS size,
			   count(*) FILTER (WHERE c.value BETWEEN l.value AND u.value) AS inside, count(l.value) AS bounded
		  FROM billing.slots(f.forecast) s
		  JOIN billing.slots(f.load) c ON c.at = s.at AND c.value IS NOT NULL
		  LEFT JOIN billing.slots(f.lower) l ON l.at = s.at
		  LEFT JOIN billing.slots(f.upper) u ON u.at = s.at) q
	  LEFT JOIN billing.feeder d ON d.feeder_id = f.feeder_id
	  LEFT JOIN billing.plan p ON p.plan_id = f.plan_id
	  LEFT JOIN billing.account c ON c.account_id = f.account_id
	 ORDER BY f.line_no, f.account_id;
END $$;
COMMENT ON FUNCTION billing.forecast_errors(bigint, date, boolean) IS
'a forecast beside what came since, also of its accounts where asked: energies, by how much too high (bias), the mean error of a slot in percent of the mean load (WAPE), and the share of slots within the interval';

-- ---- plans of supply ----

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
		 WHERE s.org_id = ANY (billing._orgs_below(_month_energies.org_id)) AND s.purpose = 'billing'),
	month AS (
		SELECT m::date AS month, daterange(m::date, (m + interval '1 month')::date) * daterange(_month_energies.from_on, _month_energies.until_on) AS days
		  FROM generate_series(date_trunc('month', _month_energies.from_on::timestamp), _month_energies.until_on - 1, interval '1 month') m),
	load AS MATERIALIZED (
		SELECT p.feeder_id, p.area_id, m.month,
			   billing.sum(billing.resample(CASE r.channel WHEN 'import' THEN d.profile ELSE billing.negate(d.profile) END, '1 hour')) AS load
		  FROM point p
		  JOIN billing.reading r ON r.account_id = p.account_id AND r.part = p.part AND r.channel IN ('import', 'export')
		   AND r.from_on > _month_energies.from_on - 31 AND r.from_on < _month_energies.until_on AND r.until_on > _month_energies.from_on
		  JOIN month m ON m.days && daterange(r.from_on, r.until_on)
		 CROSS JOIN (SELECT billing._common_zone(_month_energies.org_id, _month_energies.from_on, _month_energies.until_on) AS name) z
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
	IF make_supply_plan.history_months NOT BETWEEN 1 AND 120 OR make_supply_plan.months NOT BETWEEN 1 AND 36 OR first <> make_supply_plan.from_month THEN
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
