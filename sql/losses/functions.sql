/*
 * What went into the grid and was not sold.  A loss is said only where every
 * reading that it rests on is there; what is not is named, so that nobody takes
 * a reading that was forgotten for energy that was lost.
 */
CREATE FUNCTION billing._loss_org(org_no text, during daterange)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint := billing._org_of(_loss_org.org_no, 'read', 'supply');
BEGIN
	IF coalesce(isempty(_loss_org.during), true) OR NOT coalesce(isfinite(lower(_loss_org.during)) AND isfinite(upper(_loss_org.during)), false)
	   OR upper(_loss_org.during) - lower(_loss_org.during) > 1500 THEN
		RAISE EXCEPTION 'losses are those of a span of days' USING ERRCODE = 'invalid_parameter_value', HINT = 'A span has at most 1500 days.';
	END IF;
	-- what cannot be seen would be lost
	IF NOT (billing.can_read(at_org, 'account') AND billing.can_read(at_org, 'reading')) THEN
		RAISE EXCEPTION 'losses are for who sees all that was sold'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()), HINT = 'It needs read on supply, account and reading at the org.';
	END IF;
	RETURN at_org;
END $$;
COMMENT ON FUNCTION billing._loss_org(text, daterange) IS 'the org whose losses are asked for, by who may see all of them';

CREATE FUNCTION billing._supplied(areas bigint[], feeders bigint[], days daterange[], zone text)
RETURNS TABLE (place bigint, kwh numeric, missing text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH place AS MATERIALIZED (
		SELECT p.n, p.area_id, p.feeder_id, p.days, lower(p.days)::timestamp AT TIME ZONE _supplied.zone AS begin_at, upper(p.days)::timestamp AT TIME ZONE _supplied.zone AS end_at
		  FROM unnest(_supplied.areas, _supplied.feeders, _supplied.days) WITH ORDINALITY p(area_id, feeder_id, days, n)),
	meter AS (
		SELECT p.n, p.begin_at, p.end_at, g.* FROM place p JOIN billing.gateway_meter g ON g.area_id = p.area_id WHERE g.from_at < p.end_at AND (g.until_at IS NULL OR g.until_at > p.begin_at)
		UNION ALL
		SELECT p.n, p.begin_at, p.end_at, g.* FROM place p JOIN billing.gateway_meter g ON g.feeder_id = p.feeder_id WHERE g.from_at < p.end_at AND (g.until_at IS NULL OR g.until_at > p.begin_at)),
	step AS (
		SELECT m.n, e.channel, m.begin_at, m.end_at, r.read_at, r.value, t.digits, m.multiplier, lag(r.value) OVER w AS since_value, lag(r.read_at) OVER w AS since_at
		  FROM meter m
		  JOIN billing.gateway_reading r ON r.meter_id = m.meter_id AND r.from_at = m.from_at AND r.read_at BETWEEN m.begin_at AND m.end_at
		  JOIN billing.register e ON e.register = r.register AND e.measures = 'energy' AND e.channel IN ('import', 'export') AND e.period = ''
		  JOIN billing.meter_type_register t ON t.meter_type_id = m.meter_type_id AND t.register = r.register
		WINDOW w AS (PARTITION BY m.n, m.meter_id, m.from_at, r.register ORDER BY r.read_at)),
	way AS (
		-- from the first moment to the last without a hole, over exchanges of the meter; else it is not known
		SELECT s.n, s.channel, coalesce(sum(s.read_at - s.since_at), '0') = s.end_at - s.begin_at AS whole,
			   sum(billing.register_kwh(s.since_value, s.value, s.digits::integer, s.multiplier)) FILTER (WHERE s.since_at IS NOT NULL) AS kwh
		  FROM step s GROUP BY s.n, s.channel, s.begin_at, s.end_at)
	SELECT p.n, CASE WHEN i.whole AND e.whole IS NOT FALSE THEN i.kwh - coalesce(e.kwh, 0) END,
		   CASE WHEN i.whole AND e.whole IS NOT FALSE THEN NULL
				ELSE coalesce((SELECT 'area ' || a.area_no FROM billing.transformer_area a WHERE a.area_id = p.area_id), (SELECT 'feeder ' || f.feeder_no FROM billing.feeder f WHERE f.feeder_id = p.feeder_id))
					|| CASE WHEN EXISTS (SELECT FROM meter m WHERE m.n = p.n)
							THEN format(': its gateway meter was not read at the beginning of %s and of %s', to_char(lower(p.days), 'YYYY-MM-DD'), to_char(upper(p.days), 'YYYY-MM-DD'))
							ELSE ': no gateway meter' END END
	  FROM place p
	  LEFT JOIN way i ON i.n = p.n AND i.channel = 'import'
	  LEFT JOIN way e ON e.n = p.n AND e.channel = 'export';
END $$;
COMMENT ON FUNCTION billing._supplied(bigint[], bigint[], daterange[], text) IS
'of areas and feeders, by their places: what the gateway meters counted from the first moment of the days to the last, what went back taken off, or why it is not known';

CREATE FUNCTION billing._sold(areas bigint[], feeders bigint[], days daterange[])
RETURNS TABLE (place bigint, kwh numeric, points bigint, missing text[])
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	read	record;
BEGIN
	-- those that are billed by registers are asked at once
	SELECT array_agg(q.account_id) AS accounts, array_agg(lower(q.during)) AS from_days, array_agg(upper(q.during)) AS until_days INTO read
	  FROM (SELECT DISTINCT p.account_id, p.during FROM billing._loss_points(_sold.areas, _sold.feeders, _sold.days) p WHERE p.usage_from = 'register') q;
	RETURN QUERY
	WITH point AS MATERIALIZED (
		SELECT p.* FROM billing._loss_points(_sold.areas, _sold.feeders, _sold.days) p),
	register AS MATERIALIZED (
		SELECT read.accounts[q.place] AS account_id, daterange(read.from_days[q.place], read.until_days[q.place]) AS days, q.usage, q.missing
		  FROM billing._register_usages(read.accounts, read.from_days, read.until_days) q),
	used AS (
		SELECT p.place, p.account_id, p.part, u.kwh,
			   CASE WHEN coalesce(u.read_days, 0) < upper(p.during) - lower(p.during) THEN format('part %s: %s of %s days were not read', p.part, upper(p.during) - lower(p.during) - coalesce(u.read_days, 0), upper(p.during) - lower(p.during))
					WHEN u.slots > 0 THEN format('part %s: %s slots are missing', p.part, u.slots) END AS missing
		  FROM point p
		  LEFT JOIN LATERAL (
			SELECT sum(CASE q.channel WHEN 'import' THEN 1 ELSE -1 END * billing.energy_kwh(q.profile)) AS kwh, sum(billing.missing_count(q.profile)) AS slots,
				   sum(upper(q.days) - lower(q.days)) FILTER (WHERE q.channel = 'import') AS read_days
			  FROM (SELECT r.channel, d.days, CASE WHEN billing.days(r.profile) <@ p.during THEN r.profile ELSE billing.slice(r.profile, d.days) END AS profile
					  FROM billing.reading r
					 CROSS JOIN LATERAL (SELECT daterange(r.from_on, r.until_on) * p.during AS days) d
					 WHERE r.account_id = p.account_id AND r.part = p.part AND r.channel IN ('import', 'export')
					   AND r.from_on > lower(p.during) - 31 AND r.from_on < upper(p.during) AND r.until_on > lower(p.during)) q) u ON true
		 WHERE p.usage_from = 'reading'
		UNION ALL
		SELECT p.place, p.account_id, p.part, k.kwh, CASE WHEN r.missing IS NOT NULL THEN r.missing || ' was not read' WHEN k.kwh IS NULL THEN format('part %s: no register was read', p.part) END
		  FROM point p
		  LEFT JOIN register r ON r.account_id = p.account_id AND r.days = p.during
		  LEFT JOIN LATERAL (SELECT sum(CASE x.channel WHEN 'import' THEN x.kwh ELSE -x.kwh END) AS kwh FROM billing.registers(r.usage) x
							  WHERE x.part = p.part AND x.channel IN ('import', 'export')) k ON true
		 WHERE p.usage_from = 'register'
		UNION ALL
		-- as it was formed: meters behind it taken off, agreed quantities and losses put on; spans that lie in these days
		SELECT p.place, p.account_id, p.part, f.kwh,
			   CASE WHEN coalesce(f.formed_days, 0) < upper(p.during) - lower(p.during) THEN format('part %s: usage is formed for %s of %s days', p.part, coalesce(f.formed_days, 0), upper(p.during) - lower(p.during)) END
		  FROM point p
		  LEFT JOIN LATERAL (
			SELECT sum(u.kwh) AS kwh, sum(u.until_on - u.from_on) AS formed_days
			  FROM (SELECT DISTINCT ON (v.from_on) v.from_on, v.until_on, (
						SELECT coalesce(sum(CASE l.channel WHEN 'import' THEN l.kwh ELSE -l.kwh END), 0) FROM billing.formed_line l
						 WHERE l.account_id = v.account_id AND l.from_on = v.from_on AND l.revision = v.revision AND l.channel IN ('import', 'export')
						   -- a part without a point of its own is with the main one
						   AND (l.part = p.part OR p.part = 'main' AND NOT EXISTS (SELECT FROM billing.service_point o WHERE o.account_id = l.account_id AND o.part = l.part))) AS kwh
					  FROM billing.formed_usage v
					 WHERE v.account_id = p.account_id AND v.from_on >= lower(p.during) AND v.until_on <= upper(p.during) AND v.state <> 'superseded' AND v.usage IS NOT NULL
					 ORDER BY v.from_on, v.revision DESC) u) f ON true
		 WHERE p.usage_from = 'formed')
	SELECT u.place, sum(u.kwh), count(*), array_agg(format('account %s: %s', a.account_no, u.missing) ORDER BY a.account_no, u.part) FILTER (WHERE u.missing IS NOT NULL)
	  FROM used u JOIN billing.account a ON a.account_id = u.account_id GROUP BY u.place;
END $$;
COMMENT ON FUNCTION billing._sold(bigint[], bigint[], daterange[]) IS
'of areas and feeders, by their places: what their points took while they hung there, what they fed in taken off, how many they are, and which of them were not read';

CREATE FUNCTION billing._loss_points(areas bigint[], feeders bigint[], days daterange[])
RETURNS TABLE (place bigint, account_id bigint, part text, usage_from text, during daterange)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH place AS MATERIALIZED (
		SELECT p.* FROM unnest(_loss_points.areas, _loss_points.feeders, _loss_points.days) WITH ORDINALITY p(area_id, feeder_id, days, n))
	SELECT q.n, q.account_id, q.part, h.usage_from, q.days
	  FROM (SELECT p.n, s.account_id, s.part, daterange(s.placed_on, s.until_on) * p.days AS days
			  FROM place p JOIN billing.service_point s ON s.area_id = p.area_id WHERE s.purpose = 'billing'
			UNION ALL
			SELECT p.n, s.account_id, s.part, daterange(s.placed_on, s.until_on) * p.days
			  FROM place p JOIN billing.service_point s ON s.feeder_id = p.feeder_id WHERE s.purpose = 'billing'
			UNION ALL
			SELECT p.n, l.account_id, l.part, daterange(l.from_on, l.until_on) * p.days
			  FROM place p JOIN billing.service_point_place l ON l.area_id = p.area_id OR l.feeder_id = p.feeder_id
			  JOIN billing.service_point s ON s.account_id = l.account_id AND s.part = l.part AND s.purpose = 'billing') q
	  JOIN billing.account_head h ON h.account_id = q.account_id
	 WHERE NOT isempty(q.days);
END $$;
COMMENT ON FUNCTION billing._loss_points(bigint[], bigint[], daterange[]) IS 'the points of areas and feeders, each for the days it hung there';

CREATE FUNCTION billing.area_losses(org_no text, during daterange, time_zone text DEFAULT NULL)
RETURNS TABLE (area_no text, name text, supplied_kwh numeric, sold_kwh numeric, loss_kwh numeric, loss_percent numeric, points bigint, missing text[])
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
-- Definer: reads what the caller may read of areas, points and readings, and nothing else.
DECLARE
	at_org	bigint := billing._loss_org(area_losses.org_no, area_losses.during);
	areas	bigint[];
	none	bigint[];
	days	daterange[];
BEGIN
	SELECT array_agg(a.area_id), array_agg(NULL::bigint), array_agg(area_losses.during) INTO areas, none, days
	  FROM billing.transformer_area a WHERE a.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing.can_read(a.org_id, 'supply');
	RETURN QUERY
	SELECT a.area_no, a.name, g.kwh, s.kwh, q.loss_kwh, round(100 * q.loss_kwh / nullif(g.kwh, 0), 2), coalesce(s.points, 0), nullif(array_remove(g.missing || s.missing, NULL), '{}')
	  FROM billing._supplied(areas, none, days, coalesce(area_losses.time_zone, current_setting('TimeZone'))) g
	  JOIN billing.transformer_area a ON a.area_id = areas[g.place]
	  LEFT JOIN billing._sold(areas, none, days) s ON s.place = g.place
	 CROSS JOIN LATERAL (SELECT CASE WHEN s.missing IS NULL THEN g.kwh - coalesce(s.kwh, 0) END AS loss_kwh) q
	 WHERE g.kwh IS NOT NULL OR s.points IS NOT NULL
	 ORDER BY a.area_no;
END $$;
COMMENT ON FUNCTION billing.area_losses(text, daterange, text) IS
'losses of transformer areas 台区线损 of an org and those below it: what the gateway meter counted from the first moment of the days to the last, less what the points took while they '
'hung there: by profiles, by registers, or as it was formed; what is fed in is taken off. missing names each reading that is not there: then there is no loss, rather than a wrong one. '
'The moments are those of time_zone, else of the session''s';

CREATE FUNCTION billing.feeder_losses(org_no text, during daterange, time_zone text DEFAULT NULL)
RETURNS TABLE (station_no text, feeder_no text, name text, supplied_kwh numeric, delivered_kwh numeric, sold_kwh numeric, line_loss_kwh numeric, line_loss_percent numeric,
	loss_kwh numeric, loss_percent numeric, areas bigint, points bigint, missing text[])
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $$
#variable_conflict use_column
-- Definer: reads what the caller may read of feeders, areas, points and readings, and nothing else.
DECLARE
	at_org	bigint := billing._loss_org(feeder_losses.org_no, feeder_losses.during);
	lines	bigint[];
	area_ids bigint[];
	feeder_ids bigint[];
	days	daterange[];
BEGIN
	-- each feeder, with the points on it, and each area for the days it hung on one
	SELECT array_agg(q.feeder_id), array_agg(q.area_id), array_agg(CASE WHEN q.area_id IS NULL THEN q.feeder_id END), array_agg(q.days) INTO lines, area_ids, feeder_ids, days
	  FROM (SELECT f.feeder_id, NULL::bigint AS area_id, feeder_losses.during AS days FROM billing.feeder f
			 WHERE f.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing.can_read(f.org_id, 'supply')
			UNION ALL
			SELECT f.feeder_id, a.area_id, a.days
			  FROM billing.feeder f
			  JOIN (SELECT a.feeder_id, a.area_id, daterange(a.placed_on, a.closed_on) * feeder_losses.during AS days FROM billing.transformer_area a
					UNION ALL
					SELECT l.feeder_id, l.area_id, daterange(l.from_on, l.until_on) * feeder_losses.during FROM billing.area_place l) a ON a.feeder_id = f.feeder_id
			 WHERE f.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing.can_read(f.org_id, 'supply') AND NOT isempty(a.days)) q;
	RETURN QUERY
	WITH place AS MATERIALIZED (
		SELECT lines[g.place] AS feeder_id, area_ids[g.place] AS area_id, g.kwh AS supplied, g.missing AS unsupplied, s.kwh AS sold, coalesce(s.points, 0) AS points, s.missing AS unsold, a.kind
		  FROM billing._supplied(area_ids, feeder_ids, days, coalesce(feeder_losses.time_zone, current_setting('TimeZone'))) g
		  LEFT JOIN billing._sold(area_ids, feeder_ids, days) s ON s.place = g.place
		  LEFT JOIN billing.transformer_area a ON a.area_id = area_ids[g.place]),
	part AS (
		-- what the line delivered: by the gateway meters of the areas; of a transformer of one customer, which has none, and of points on the line what was sold
		SELECT p.*, CASE WHEN p.area_id IS NULL THEN CASE WHEN p.unsold IS NULL THEN coalesce(p.sold, 0) END
						 WHEN p.supplied IS NOT NULL THEN p.supplied
						 WHEN p.kind = 'dedicated' AND p.unsold IS NULL THEN coalesce(p.sold, 0) END AS delivered
		  FROM place p),
	line AS (
		SELECT p.feeder_id, max(p.supplied) FILTER (WHERE p.area_id IS NULL) AS supplied, CASE WHEN bool_and(p.delivered IS NOT NULL) THEN sum(p.delivered) END AS delivered,
			   coalesce(sum(p.sold), 0) AS sold, bool_and(p.unsold IS NULL) AS all_sold, count(p.area_id) AS areas, sum(p.points)::bigint AS points,
			   array_agg(p.unsupplied ORDER BY p.area_id NULLS FIRST) FILTER (WHERE p.unsupplied IS NOT NULL AND (p.area_id IS NULL OR p.delivered IS NULL)) AS unsupplied
		  FROM part p GROUP BY p.feeder_id)
	SELECT t.station_no, f.feeder_no, f.name, l.supplied, l.delivered, l.sold, l.supplied - l.delivered, round(100 * (l.supplied - l.delivered) / nullif(l.supplied, 0), 2),
		   q.loss_kwh, round(100 * q.loss_kwh / nullif(l.supplied, 0), 2), l.areas, l.points,
		   nullif(coalesce(l.unsupplied, '{}') || ARRAY(SELECT m FROM part p CROSS JOIN LATERAL unnest(p.unsold) m WHERE p.feeder_id = l.feeder_id ORDER BY m), '{}')
	  FROM line l
	  JOIN billing.feeder f ON f.feeder_id = l.feeder_id
	  JOIN billing.station t ON t.station_id = f.station_id
	 CROSS JOIN LATERAL (SELECT CASE WHEN l.all_sold THEN l.supplied - l.sold END AS loss_kwh) q
	 WHERE l.supplied IS NOT NULL OR l.areas > 0 OR l.points > 0
	 ORDER BY t.station_no, f.feeder_no;
END $$;
COMMENT ON FUNCTION billing.feeder_losses(text, daterange, text) IS
'losses of feeders 线路线损 of an org and those below it: what the gateway meter of the feeder counted, what the line delivered to areas and points (the difference is the loss of the line), '
'and what was sold in all (the difference is that of line and areas together); missing as in area_losses()';

CREATE FUNCTION billing.station_losses(org_no text, during daterange, time_zone text DEFAULT NULL)
RETURNS TABLE (station_no text, name text, feeders bigint, supplied_kwh numeric, delivered_kwh numeric, sold_kwh numeric, line_loss_kwh numeric, line_loss_percent numeric,
	loss_kwh numeric, loss_percent numeric, missing text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT q.station_no, t.name, q.feeders, q.supplied, q.delivered, q.sold, q.supplied - q.delivered, round(100 * (q.supplied - q.delivered) / nullif(q.supplied, 0), 2),
		   q.loss, round(100 * q.loss / nullif(q.supplied, 0), 2), q.missing
	  -- a sum only where each feeder has one
	  FROM (SELECT f.station_no, count(*) AS feeders, CASE WHEN bool_and(f.supplied_kwh IS NOT NULL) THEN sum(f.supplied_kwh) END AS supplied,
				   CASE WHEN bool_and(f.delivered_kwh IS NOT NULL) THEN sum(f.delivered_kwh) END AS delivered, sum(f.sold_kwh) AS sold,
				   CASE WHEN bool_and(f.loss_kwh IS NOT NULL) THEN sum(f.loss_kwh) END AS loss,
				   (SELECT array_agg(m ORDER BY m) FROM unnest(string_to_array(string_agg(array_to_string(f.missing, E'\n'), E'\n'), E'\n')) m) AS missing
			  FROM billing.feeder_losses(station_losses.org_no, station_losses.during, station_losses.time_zone) f GROUP BY f.station_no) q
	  JOIN billing.station t ON t.station_no = q.station_no
	 ORDER BY q.station_no;
END;
COMMENT ON FUNCTION billing.station_losses(text, daterange, text) IS 'feeder_losses() together by substation, as the feeders hang now';
