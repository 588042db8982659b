/*
 * Loads are foreseen from what meters read by slots, level by level: the org by
 * its own history, feeders and price plans by theirs, then changed so that each
 * level adds up to the one above in every slot.
 */
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
	since		date;
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
	since := make_forecast.from_on - 7 * make_forecast.weeks;
	days := daterange(make_forecast.from_on, make_forecast.until_on);
	weather := billing._temperature(at_org, since, make_forecast.until_on);
	-- null where no holiday is known: nothing could be learned
	holidays := billing._holidays(make_forecast.calendar_code, since, make_forecast.until_on);
	INSERT INTO billing.load_forecast_run (org_id, history_from, from_on, until_on, slot, options, calendar_code, with_temperature)
	VALUES (at_org, since, make_forecast.from_on, make_forecast.until_on, make_forecast.slot, coalesce(make_forecast.options, '{}'), make_forecast.calendar_code,
			weather IS NOT NULL)
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
		lines := lines + coalesce((SELECT sum(q.foreseen) FROM billing.load_forecast f CROSS JOIN LATERAL billing._forecast_feeder(made, f.line_no, false) q
									WHERE f.run_id = made AND f.level = 'feeder'), 0);
	END IF;
	PERFORM billing._audit(at_org, 'make_forecast', format('load forecast %s', made),
		jsonb_build_object('from', make_forecast.from_on, 'until', make_forecast.until_on, 'lines', lines));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.make_forecast(text, date, date, integer, interval, boolean, text, jsonb) IS
'foresees the load of an org and all below it, of each of its feeders and each price plan, and of each account where asked, from the weeks before, with the holidays of a calendar and the temperatures '
'that are recorded until the end; keeps it and returns its number; needs write on supply, read on account and reading';

CREATE FUNCTION billing._feeder_accounts(org_id bigint, feeder_id bigint)
RETURNS SETOF bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT a.account_id FROM billing.account a
	 WHERE a.org_id = ANY ((SELECT billing._orgs_below(_feeder_accounts.org_id))::bigint[])
	   AND (_feeder_accounts.feeder_id IS NULL OR a.account_id IN (SELECT s.account_id FROM billing.service_point s LEFT JOIN billing.transformer_area t ON t.area_id = s.area_id
																	WHERE coalesce(s.feeder_id, t.feeder_id) = _feeder_accounts.feeder_id))
	   AND billing._account_feeder(a.account_id) IS NOT DISTINCT FROM _feeder_accounts.feeder_id;
END;
COMMENT ON FUNCTION billing._feeder_accounts(bigint, bigint) IS 'accounts of an org, and of all below it, that hang on a feeder now; null: on none';

CREATE FUNCTION billing._forecast_feeder(forecast_id bigint, line_no integer, excepting boolean, OUT foreseen integer, OUT failed jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- by the numbers of the accounts, whatever a run has set
SET plan_cache_mode = force_custom_plan
SET enable_seqscan = on
SET enable_hashjoin = on
AS $$
#variable_conflict use_column
DECLARE
	made	billing.load_forecast_run;
	line	billing.load_forecast;
	days	daterange;
	load	record;
	f		record;
	rows	billing.account_forecast[] := '{}';
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	SELECT r.* INTO made FROM billing.load_forecast_run r WHERE r.run_id = _forecast_feeder.forecast_id;
	-- who cannot see it either may not go on
	PERFORM billing._check_outlook(made.org_id);
	SELECT l.* INTO STRICT line FROM billing.load_forecast l WHERE l.run_id = made.run_id AND l.line_no = _forecast_feeder.line_no;
	days := daterange(made.from_on, made.until_on);
	failed := '[]';
	FOR load IN SELECT l.account_id, l.org_id, l.load
				  FROM billing._account_loads(made.org_id, made.history_from, made.from_on, made.slot, ARRAY(SELECT billing._feeder_accounts(made.org_id, line.feeder_id))) l
				 ORDER BY l.account_id LOOP
		BEGIN
			-- the weather and the holidays are in the feeder's
			SELECT billing.slice(q.forecast, days) AS forecast, billing.slice(q.lower, days) AS lower, billing.slice(q.upper, days) AS upper, q.kind, q.weights INTO f
			  FROM billing.forecast(load.load, billing._midnight(billing.time_zone(load.load), made.until_on), made.options) q;
			rows := rows || ROW (load.account_id, made.run_id, load.org_id, line.feeder_id, f.forecast, f.lower, f.upper, f.kind, f.weights)::billing.account_forecast;
		EXCEPTION
			-- these are of the run, not of an account
			WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
				RAISE;
			WHEN OTHERS THEN
				IF NOT _forecast_feeder.excepting THEN
					RAISE;
				END IF;
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
				failed := failed || jsonb_build_object('account_id', load.account_id, 'org_id', load.org_id, 'sqlstate', code, 'message', message, 'detail', nullif(detail, ''), 'hint', nullif(hint, ''));
		END;
	END LOOP;
	foreseen := cardinality(rows);
	IF foreseen = 0 THEN
		RETURN;
	END IF;
	INSERT INTO billing.account_forecast (account_id, run_id, org_id, feeder_id, forecast, lower, upper, kind, weights)
	SELECT r.account_id, r.run_id, r.org_id, r.feeder_id, p.profile, billing._moved(r.lower, r.forecast, p.profile), billing._moved(r.upper, r.forecast, p.profile), r.kind, r.weights
	  FROM unnest(rows) WITH ORDINALITY r(account_id, run_id, org_id, feeder_id, forecast, lower, upper, kind, weights, n)
	  JOIN unnest(billing.apportion(line.forecast, ARRAY(SELECT q.forecast FROM unnest(rows) WITH ORDINALITY q(account_id, run_id, org_id, feeder_id, forecast, lower, upper, kind, weights, n) ORDER BY q.n)))
		   WITH ORDINALITY p(profile, n) ON p.n = r.n;
END $$;
COMMENT ON FUNCTION billing._forecast_feeder(bigint, integer, boolean) IS
'foresees the accounts of a line of a forecast, the feeder''s, and adds them up to it; excepting: who cannot be foreseen is left out and told of in failed, else the error is raised';

CREATE FUNCTION billing.forecast_errors(run_id bigint, until_on date DEFAULT NULL, accounts boolean DEFAULT false)
RETURNS TABLE (level text, feeder_no text, plan_code text, account_no text, during daterange, slots bigint, forecast_kwh numeric, actual_kwh numeric, bias_percent numeric, wape_percent numeric, inside_percent numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, pg_temp
SET jit = off
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
	IF ending <= run.from_on THEN
		RETURN;
	END IF;
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
