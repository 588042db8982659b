-- ---- segmentations ----

CREATE FUNCTION billing._segment_bounds(kind text, rule jsonb)
RETURNS numeric[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given	jsonb := coalesce(_segment_bounds.rule -> 'bounds', CASE _segment_bounds.kind WHEN 'revenue' THEN '["0.80", "0.95"]'::jsonb WHEN 'load_factor' THEN '["0.30", "0.60"]' WHEN 'model' THEN '["0.50", "0.90"]' ELSE '["0.05", "0.25"]' END);
	bounds	numeric[];
BEGIN
	IF jsonb_typeof(given) = 'array' AND NOT EXISTS (SELECT FROM jsonb_array_elements_text(given) e WHERE e !~ '^[01](\.[0-9]{1,9})?$') THEN
		bounds := ARRAY(SELECT e::numeric FROM jsonb_array_elements_text(given) WITH ORDINALITY x(e, n) ORDER BY n);
	END IF;
	IF bounds IS NULL OR cardinality(bounds) <> 2 OR NOT (bounds[1] > 0 AND bounds[1] < bounds[2] AND bounds[2] <= 1) THEN
		RAISE EXCEPTION 'the bounds of a segmentation are two rising shares' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', left(given::text, 200)),
			HINT = 'Such as {"bounds": ["0.80", "0.95"]}.';
	END IF;
	RETURN bounds;
END $$;
COMMENT ON FUNCTION billing._segment_bounds(text, jsonb) IS 'the bounds that a rule names, or the usual ones';

CREATE FUNCTION billing._check_segment_rule(kind text, rule jsonb)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	known	text[] := CASE WHEN _check_segment_rule.kind IN ('revenue', 'load_factor', 'arrears') THEN '{bounds}' WHEN _check_segment_rule.kind = 'shape' THEN '{clusters,seed,method}'
					  WHEN _check_segment_rule.kind = 'model' THEN '{bounds,model,version}' WHEN _check_segment_rule.kind = 'industry' THEN '{}' END::text[];
	member	text;
BEGIN
	IF _check_segment_rule.kind IS NULL OR _check_segment_rule.kind NOT IN ('revenue', 'load_factor', 'arrears', 'industry', 'shape', 'model', 'listed') THEN
		RAISE EXCEPTION 'there is no segmentation by "%"', left(coalesce(_check_segment_rule.kind, ''), 64)
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds: revenue, load_factor, arrears, industry, shape, model, listed.';
	END IF;
	IF jsonb_typeof(_check_segment_rule.rule) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'the rule of a segmentation is an object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT k INTO member FROM jsonb_object_keys(_check_segment_rule.rule) k WHERE NOT k = ANY (known) ORDER BY k LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'a segmentation by % has no "%"', _check_segment_rule.kind, left(member, 64)
			USING ERRCODE = 'invalid_parameter_value', HINT = format('Its rule may have: %s.', coalesce(nullif(array_to_string(known, ', '), ''), 'nothing'));
	END IF;
	IF 'bounds' = ANY (known) THEN
		PERFORM billing._segment_bounds(_check_segment_rule.kind, _check_segment_rule.rule);
	END IF;
	IF _check_segment_rule.kind = 'model' AND _check_segment_rule.rule <> '{}'
		AND (jsonb_typeof(_check_segment_rule.rule -> 'model') IS DISTINCT FROM 'string' OR coalesce(_check_segment_rule.rule ->> 'version', '1') !~ '^[0-9]{1,9}$') THEN
		RAISE EXCEPTION 'a segmentation by a model names it' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Such as {"model": "theft", "version": 2, "bounds": ["0.50", "0.90"]}: without a version by the latest; without any rule put_segments() fills it.';
	END IF;
	IF _check_segment_rule.kind = 'shape' AND (coalesce(_check_segment_rule.rule ->> 'clusters', '4') !~ '^[0-9]{1,2}$' OR coalesce(_check_segment_rule.rule ->> 'seed', '1') !~ '^[0-9]{1,18}$'
			OR coalesce(_check_segment_rule.rule ->> 'method', 'means') NOT IN ('means', 'medoids') OR coalesce(_check_segment_rule.rule ->> 'clusters', '4')::integer NOT BETWEEN 2 AND 64) THEN
		RAISE EXCEPTION 'these clusters cannot be made' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"clusters": 4, "seed": 1, "method": "means"}: 2 to 64 clusters, means or medoids.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_segment_rule(text, jsonb) IS 'raises where a rule is none of its kind';

CREATE FUNCTION billing._check_segment_rights(org_no text, kind text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint := billing._org_of(_check_segment_rights.org_no, 'read', 'bill');
BEGIN
	-- what it is made of, since its members tell of that
	PERFORM billing._org_of(_check_segment_rights.org_no, 'read', 'account');
	PERFORM billing._org_of(_check_segment_rights.org_no, 'read', 'reading') WHERE _check_segment_rights.kind IN ('load_factor', 'shape', 'model');
	PERFORM billing._org_of(_check_segment_rights.org_no, 'read', 'money') WHERE _check_segment_rights.kind = 'arrears';
	RETURN at_org;
END $$;
COMMENT ON FUNCTION billing._check_segment_rights(text, text) IS 'the org of a segmentation, where the actor may read what it is made of';

CREATE FUNCTION billing._segmentation_of(code text)
RETURNS billing.segmentation
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	segmentation	billing.segmentation;
BEGIN
	SELECT s.* INTO segmentation FROM billing.segmentation s WHERE s.code = split_part(_segmentation_of.code, ':', 1);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('segmentation %s', split_part(_segmentation_of.code, ':', 1)));
	END IF;
	RETURN segmentation;
END $$;
COMMENT ON FUNCTION billing._segmentation_of(text) IS 'a segmentation by its code, with or without a segment';

CREATE FUNCTION billing.add_segmentation(org_no text, code text, name text, kind text, rule jsonb DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: who may read what a segmentation is made of may keep one.
DECLARE
	at_org	bigint := billing._check_segment_rights(add_segmentation.org_no, add_segmentation.kind);
	made	bigint;
BEGIN
	PERFORM billing._check_segment_rule(add_segmentation.kind, add_segmentation.rule);
	PERFORM billing._model_of(add_segmentation.rule ->> 'model') WHERE add_segmentation.kind = 'model' AND add_segmentation.rule ? 'model';
	INSERT INTO billing.segmentation (org_id, code, name, kind, rule) VALUES (at_org, add_segmentation.code, add_segmentation.name, add_segmentation.kind, add_segmentation.rule)
	RETURNING segmentation_id INTO made;
	PERFORM billing._audit(at_org, 'add_segmentation', format('segmentation %s', add_segmentation.code), jsonb_build_object('kind', add_segmentation.kind, 'rule', add_segmentation.rule));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_segmentation(text, text, text, text, jsonb) IS
'a way to divide the accounts of an org and those below it: by revenue (A, B, C; {"bounds": ["0.80", "0.95"]}), load_factor or arrears (low, medium, high), industry, shape of the day '
'({"clusters": 4, "seed": 1, "method": "means"}), by a model (low, medium, high; {"model": "theft", "version": 2, "bounds": ["0.50", "0.90"]}), or listed; refresh_segments() or put_segments() fill it; needs read on bill and account, and on reading or money where it is made of them';

CREATE FUNCTION billing._put_members(segmentation billing.segmentation, from_on date, account_ids bigint[], org_ids bigint[], segments text[], measures numeric[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed	bigint;
BEGIN
	PERFORM FROM billing.segmentation s WHERE s.segmentation_id = segmentation.segmentation_id FOR NO KEY UPDATE;
	IF EXISTS (SELECT FROM billing.segment_member m WHERE m.segmentation_id = segmentation.segmentation_id AND m.from_on > _put_members.from_on) THEN
		RAISE EXCEPTION 'segmentation % has been refreshed for a later day', segmentation.code
			USING ERRCODE = 'object_not_in_prerequisite_state', HINT = 'What was said of a day stays; refresh it for that day or a later one.';
	END IF;
	-- again for the same day: as if it were for the first time
	DELETE FROM billing.segment_member m WHERE m.segmentation_id = segmentation.segmentation_id AND m.from_on = _put_members.from_on;
	UPDATE billing.segment_member m SET until_on = NULL WHERE m.segmentation_id = segmentation.segmentation_id AND m.until_on = _put_members.from_on;
	UPDATE billing.segment_member m SET until_on = _put_members.from_on
	 WHERE m.segmentation_id = segmentation.segmentation_id AND m.until_on IS NULL
	   AND NOT EXISTS (SELECT FROM unnest(_put_members.account_ids, _put_members.segments) n(account_id, segment) WHERE n.account_id = m.account_id AND n.segment = m.segment);
	UPDATE billing.segment_member m SET measure = n.measure
	  FROM unnest(_put_members.account_ids, _put_members.measures) n(account_id, measure)
	 WHERE m.segmentation_id = segmentation.segmentation_id AND m.until_on IS NULL AND n.account_id = m.account_id AND n.measure IS DISTINCT FROM m.measure;
	INSERT INTO billing.segment_member (account_id, segmentation_id, from_on, org_id, segment, measure)
	SELECT n.account_id, segmentation.segmentation_id, _put_members.from_on, n.org_id, n.segment, n.measure
	  FROM unnest(_put_members.account_ids, _put_members.org_ids, _put_members.segments, _put_members.measures) n(account_id, org_id, segment, measure)
	 WHERE NOT EXISTS (SELECT FROM billing.segment_member m WHERE m.account_id = n.account_id AND m.segmentation_id = segmentation.segmentation_id AND m.until_on IS NULL)
	 ORDER BY n.account_id;
	GET DIAGNOSTICS changed = ROW_COUNT;
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing._put_members(billing.segmentation, date, bigint[], bigint[], text[], numeric[]) IS
'who is in which segment from a day on: who stays keeps his row, others'' end there; returns how many came or changed';

CREATE FUNCTION billing.refresh_segments(code text, until_on date, months integer DEFAULT 12, train boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: writes who is where, for who may read what it is made of.
DECLARE
	s		billing.segmentation := billing._segmentation_of(refresh_segments.code);
	at_org	bigint := billing._check_segment_rights((SELECT o.org_no FROM billing.org o WHERE o.org_id = s.org_id), s.kind);
	orgs	bigint[] := billing._orgs_below(at_org);
	during	daterange;
	members	record;
	changed	bigint;
BEGIN
	IF NOT coalesce(isfinite(refresh_segments.until_on) AND refresh_segments.months BETWEEN 1 AND 120, false) THEN
		RAISE EXCEPTION 'segments are made of 1 to 120 months before a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF s.kind = 'listed' OR s.kind = 'model' AND NOT s.rule ? 'model' THEN
		RAISE EXCEPTION 'segmentation % is filled by put_segments()', s.code USING ERRCODE = 'invalid_parameter_value';
	END IF;
	during := daterange((refresh_segments.until_on - make_interval(months => refresh_segments.months))::date, refresh_segments.until_on);
	IF s.kind = 'shape' AND (s.centers IS NULL OR refresh_segments.train) THEN
		s.centers := billing.cluster_centers(array_agg(d.shape), coalesce(s.rule ->> 'clusters', '4')::integer, coalesce(s.rule ->> 'seed', '1')::bigint, coalesce(s.rule ->> 'method', 'means'))
			FROM billing._day_shapes(orgs, during) d;
	END IF;
	IF s.kind = 'shape' AND s.centers IS NULL THEN
		RAISE EXCEPTION 'no account of segmentation % has whole days of readings from % on', s.code, to_char(lower(during), 'YYYY-MM-DD') USING ERRCODE = 'no_data_found';
	END IF;
	SELECT array_agg(q.account_id ORDER BY q.account_id) AS accounts, array_agg(q.org_id ORDER BY q.account_id) AS orgs, array_agg(q.segment ORDER BY q.account_id) AS segments,
		   array_agg(q.measure ORDER BY q.account_id) AS measures INTO members
	  FROM (SELECT m.* FROM billing._revenue_measures(orgs, during, billing._segment_bounds(s.kind, s.rule)) m WHERE s.kind = 'revenue'
			 UNION ALL
			SELECT m.* FROM billing._load_factor_measures(orgs, during, billing._segment_bounds(s.kind, s.rule)) m WHERE s.kind = 'load_factor'
			 UNION ALL
			SELECT m.* FROM billing._arrears_measures(orgs, during, billing._segment_bounds(s.kind, s.rule)) m WHERE s.kind = 'arrears'
			 UNION ALL
			SELECT m.* FROM billing._industry_measures(orgs, during) m WHERE s.kind = 'industry'
			 UNION ALL
			SELECT m.* FROM billing._model_measures(orgs, refresh_segments.until_on, s.rule, billing._segment_bounds(s.kind, s.rule)) m WHERE s.kind = 'model'
			 UNION ALL
			SELECT d.account_id, d.org_id, n.cluster::text, round(n.distance::numeric, 6) FROM billing._day_shapes(orgs, during) d CROSS JOIN LATERAL billing.nearest_cluster(s.centers, d.shape) n
			 WHERE s.kind = 'shape') q;
	changed := billing._put_members(s, refresh_segments.until_on, coalesce(members.accounts, '{}'), coalesce(members.orgs, '{}'), coalesce(members.segments, '{}'), coalesce(members.measures, '{}'));
	UPDATE billing.segmentation t SET centers = s.centers, refreshed_to = refresh_segments.until_on, refreshed_at = now() WHERE t.segmentation_id = s.segmentation_id;
	PERFORM billing._audit(at_org, 'refresh_segments', format('segmentation %s', s.code),
		jsonb_build_object('until_on', refresh_segments.until_on, 'months', refresh_segments.months, 'accounts', coalesce(cardinality(members.accounts), 0), 'changed', changed));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.refresh_segments(text, date, integer, boolean) IS
'puts the accounts of a segmentation into its segments from a day on, by the bills, payments or readings of the months before (of a model, of those that it looks at); clusters keep their centres, unless they are to be '
'trained anew; returns how many accounts came or changed';

CREATE FUNCTION billing.put_segments(code text, from_on date, account_ids bigint[], segments text[], measures numeric[] DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as refresh_segments().
DECLARE
	s		billing.segmentation := billing._segmentation_of(put_segments.code);
	at_org	bigint := billing._check_segment_rights((SELECT o.org_no FROM billing.org o WHERE o.org_id = s.org_id), s.kind);
	members	record;
	changed	bigint;
BEGIN
	IF s.kind NOT IN ('model', 'listed') OR s.kind = 'model' AND s.rule ? 'model' THEN
		RAISE EXCEPTION 'segmentation % is filled by refresh_segments()', s.code USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF cardinality(put_segments.account_ids) <> cardinality(put_segments.segments) OR cardinality(put_segments.account_ids) <> cardinality(put_segments.measures)
		OR put_segments.account_ids IS NULL OR put_segments.segments IS NULL OR NOT coalesce(isfinite(put_segments.from_on), false) THEN
		RAISE EXCEPTION 'each account has its segment, from a day on' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give lists of the same length.';
	END IF;
	-- accounts of the segmentation's orgs; others, and those that do not exist, are passed over
	SELECT array_agg(a.account_id ORDER BY a.account_id) AS accounts, array_agg(a.org_id ORDER BY a.account_id) AS orgs, array_agg(n.segment ORDER BY a.account_id) AS segments,
		   array_agg(n.measure ORDER BY a.account_id) AS measures INTO members
	  FROM (SELECT DISTINCT ON (u.account_id) u.* FROM unnest(put_segments.account_ids, put_segments.segments, put_segments.measures) u(account_id, segment, measure)
			 WHERE u.segment IS NOT NULL ORDER BY u.account_id, u.segment) n
	  JOIN billing.account a ON a.account_id = n.account_id
	 WHERE a.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]);
	changed := billing._put_members(s, put_segments.from_on, coalesce(members.accounts, '{}'), coalesce(members.orgs, '{}'), coalesce(members.segments, '{}'), coalesce(members.measures, '{}'));
	UPDATE billing.segmentation t SET refreshed_to = put_segments.from_on, refreshed_at = now() WHERE t.segmentation_id = s.segmentation_id;
	PERFORM billing._audit(at_org, 'put_segments', format('segmentation %s', s.code),
		jsonb_build_object('from_on', put_segments.from_on, 'accounts', coalesce(cardinality(members.accounts), 0), 'changed', changed));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.put_segments(text, date, bigint[], text[], numeric[]) IS
'who is in which segment of a listed segmentation, or one by a model, from a day on: SELECT put_segments(''risk'', day, array_agg(account_id), array_agg(segment), array_agg(measure)); '
'who is not named is in none any more; returns how many accounts came or changed';
