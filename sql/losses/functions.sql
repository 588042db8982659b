-- What went into the grid and was not sold.
CREATE FUNCTION billing.area_losses(org_no text, during daterange, time_zone text DEFAULT NULL)
RETURNS TABLE (area_no text, name text, supplied_kwh numeric, sold_kwh numeric, loss_kwh numeric, loss_percent numeric, points bigint, points_unread bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: reads what the caller may read of areas, points and readings, and nothing else.
DECLARE
	at_org	bigint := billing._org_of(area_losses.org_no, 'read', 'supply');
	zone	text := coalesce(area_losses.time_zone, current_setting('TimeZone'));
	begin_at	timestamptz;
	end_at		timestamptz;
BEGIN
	IF coalesce(isempty(area_losses.during), true) OR NOT coalesce(isfinite(lower(area_losses.during)) AND isfinite(upper(area_losses.during)), false)
	   OR upper(area_losses.during) - lower(area_losses.during) > 1500 THEN
		RAISE EXCEPTION 'losses are those of a span of days' USING ERRCODE = 'invalid_parameter_value', HINT = 'A span has at most 1500 days.';
	END IF;
	begin_at := lower(area_losses.during)::timestamp AT TIME ZONE zone;
	end_at := upper(area_losses.during)::timestamp AT TIME ZONE zone;
	RETURN QUERY
	WITH area AS MATERIALIZED (
		SELECT a.area_id, a.area_no, a.name FROM billing.transformer_area a
		 WHERE a.org_id = ANY (billing._orgs_below(at_org)) AND billing.can_read(a.org_id, 'supply')),
	gone_in AS (
		-- from the first moment to the last without a hole, over exchanges of the meter; else it is not known
		SELECT q.area_id, CASE WHEN sum(q.read_at - q.since_at) = end_at - begin_at THEN sum(billing.register_kwh(q.since_value, q.value, q.digits::integer, q.multiplier)) END AS kwh
		  FROM (SELECT g.area_id, r.read_at, r.value, t.digits, g.multiplier, lag(r.value) OVER w AS since_value, lag(r.read_at) OVER w AS since_at
				  FROM area a JOIN billing.gateway_meter g ON g.area_id = a.area_id
				  JOIN billing.gateway_reading r ON r.meter_id = g.meter_id AND r.from_at = g.from_at AND r.register = 'total' AND r.read_at BETWEEN begin_at AND end_at
				  JOIN billing.meter_type_register t ON t.meter_type_id = g.meter_type_id AND t.register = r.register
				WINDOW w AS (PARTITION BY g.meter_id, g.from_at ORDER BY r.read_at)) q
		 WHERE q.since_at IS NOT NULL GROUP BY q.area_id),
	point AS MATERIALIZED (
		-- each point for the days it hung there
		SELECT q.area_id, q.account_id, q.part, h.usage_from, q.days
		  FROM (SELECT p.area_id, p.account_id, p.part, daterange(p.placed_on, p.until_on) * area_losses.during AS days FROM area a JOIN billing.service_point p ON p.area_id = a.area_id
				 WHERE p.purpose = 'billing'
				UNION ALL
				SELECT l.area_id, l.account_id, l.part, daterange(l.from_on, l.until_on) * area_losses.during FROM area a JOIN billing.service_point_place l ON l.area_id = a.area_id
				  JOIN billing.service_point p ON p.account_id = l.account_id AND p.part = l.part AND p.purpose = 'billing') q
		  JOIN billing.account_head h ON h.account_id = q.account_id
		 WHERE NOT isempty(q.days)),
	used AS (
		SELECT p.area_id, p.account_id, p.part, p.days, u.kwh, coalesce(u.read_days, 0) < upper(p.days) - lower(p.days) AS unread
		  FROM point p LEFT JOIN LATERAL (
			SELECT sum(CASE r.channel WHEN 'import' THEN 1 ELSE -1 END * billing.energy_kwh(CASE WHEN billing.days(r.profile) <@ p.days THEN r.profile ELSE billing.slice(r.profile, billing.days(r.profile) * p.days) END)) AS kwh,
				   sum(least(r.until_on, upper(p.days)) - greatest(r.from_on, lower(p.days))) FILTER (WHERE r.channel = 'import') AS read_days
			  FROM billing.reading r
			 WHERE r.account_id = p.account_id AND r.part = p.part AND r.channel IN ('import', 'export')
			   AND r.from_on > lower(p.days) - 31 AND r.from_on < upper(p.days) AND r.until_on > lower(p.days)) u ON true
		 WHERE p.usage_from <> 'register'
		UNION ALL
		SELECT p.area_id, p.account_id, p.part, p.days, k.kwh, q.missing IS NOT NULL OR k.kwh IS NULL
		  FROM point p
		 CROSS JOIN LATERAL billing._register_usage(p.account_id, lower(p.days), upper(p.days)) q
		  LEFT JOIN LATERAL (SELECT sum(CASE x.channel WHEN 'import' THEN x.kwh ELSE -x.kwh END) AS kwh FROM billing.registers(q.usage) x
							  WHERE x.part = p.part AND x.channel IN ('import', 'export')) k ON true
		 WHERE p.usage_from = 'register'),
	sold AS (
		SELECT u.area_id, sum(u.kwh) AS kwh, count(*) AS points, count(*) FILTER (WHERE u.unread) AS unread FROM used u GROUP BY u.area_id)
	SELECT a.area_no, a.name, g.kwh, coalesce(s.kwh, 0), g.kwh - coalesce(s.kwh, 0), round(100 * (g.kwh - coalesce(s.kwh, 0)) / nullif(g.kwh, 0), 2), coalesce(s.points, 0), coalesce(s.unread, 0)
	  FROM area a LEFT JOIN gone_in g ON g.area_id = a.area_id LEFT JOIN sold s ON s.area_id = a.area_id
	 WHERE g.kwh IS NOT NULL OR s.points IS NOT NULL
	 ORDER BY a.area_no;
END $$;
COMMENT ON FUNCTION billing.area_losses(text, daterange, text) IS
'losses of transformer areas 台区线损 of an org and those below it: what the gateway meter counted from the first moment of the days to the last (null: it was '
'not read then), less what the points took while they hung there, by profiles or registers, export taken off; points_unread: how many were not read for all '
'their days, so that their part shows as loss. The moments are those of time_zone, else of the session''s';
