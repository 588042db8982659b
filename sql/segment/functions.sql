-- ---- industries ----

CREATE FUNCTION billing.industry_sections()
RETURNS TABLE (section text, zh text, en text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
BEGIN ATOMIC
	SELECT * FROM (VALUES
		('A', '农、林、牧、渔业', 'Agriculture, forestry, animal husbandry and fishery'),
		('B', '采矿业', 'Mining'),
		('C', '制造业', 'Manufacturing'),
		('D', '电力、热力、燃气及水生产和供应业', 'Electricity, heat, gas and water'),
		('E', '建筑业', 'Construction'),
		('F', '批发和零售业', 'Wholesale and retail trade'),
		('G', '交通运输、仓储和邮政业', 'Transport, storage and post'),
		('H', '住宿和餐饮业', 'Accommodation and catering'),
		('I', '信息传输、软件和信息技术服务业', 'Information transmission, software and IT services'),
		('J', '金融业', 'Finance'),
		('K', '房地产业', 'Real estate'),
		('L', '租赁和商务服务业', 'Leasing and business services'),
		('M', '科学研究和技术服务业', 'Scientific research and technical services'),
		('N', '水利、环境和公共设施管理业', 'Water conservancy, environment and public facilities'),
		('O', '居民服务、修理和其他服务业', 'Services to households, repair and other services'),
		('P', '教育', 'Education'),
		('Q', '卫生和社会工作', 'Health and social work'),
		('R', '文化、体育和娱乐业', 'Culture, sports and entertainment'),
		('S', '公共管理、社会保障和社会组织', 'Public administration, social security and organisations'),
		('T', '国际组织', 'International organisations')) v(section, zh, en);
END;
COMMENT ON FUNCTION billing.industry_sections() IS 'the sections of 国民经济行业分类, GB/T 4754-2017';

CREATE FUNCTION billing.set_industry(account_no text, industry text, from_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes for accounts that the caller may write.
DECLARE
	account	bigint := billing._account_of(set_industry.account_no, 'write', 'account');
	at_org	bigint;
BEGIN
	PERFORM billing._given('set_industry', account_no, industry, from_on);
	SELECT a.org_id INTO at_org FROM billing.account a WHERE a.account_id = account FOR KEY SHARE;
	INSERT INTO billing.account_industry (account_id, from_on, org_id, industry) VALUES (account, set_industry.from_on, at_org, set_industry.industry)
	    ON CONFLICT ON CONSTRAINT account_industry_pkey DO UPDATE SET industry = excluded.industry, set_by = excluded.set_by;
	PERFORM billing._audit(at_org, 'set_industry', format('account %s', set_industry.account_no), jsonb_build_object('industry', set_industry.industry, 'from_on', set_industry.from_on));
END $$;
COMMENT ON FUNCTION billing.set_industry(text, text, date) IS
'the branch of industry 国民经济行业 of an account from a day on: a section and, as far as known, division, group, class (C, C26, C2611); needs write on account';

-- ---- measures ----

CREATE FUNCTION billing._revenue_measures(orgs bigint[], during daterange, bounds numeric[])
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH billed AS (
		SELECT b.account_id, b.org_id, sum(b.total) AS amount FROM billing.bill b
		 WHERE b.org_id = ANY (_revenue_measures.orgs) AND b.from_on >= lower(_revenue_measures.during) AND b.from_on < upper(_revenue_measures.during)
		 GROUP BY b.account_id, b.org_id),
	ranked AS (
		SELECT b.*, sum(greatest(b.amount, 0)) OVER (ORDER BY b.amount DESC, b.account_id ROWS UNBOUNDED PRECEDING) - greatest(b.amount, 0) AS above,
			   sum(greatest(b.amount, 0)) OVER () AS whole FROM billed b)
	-- what those above it have not reached yet
	SELECT r.account_id, r.org_id, CASE WHEN r.amount <= 0 OR r.above >= _revenue_measures.bounds[2] * r.whole THEN 'C' WHEN r.above >= _revenue_measures.bounds[1] * r.whole THEN 'B' ELSE 'A' END,
		   r.amount FROM ranked r;
END;
COMMENT ON FUNCTION billing._revenue_measures(bigint[], daterange, numeric[]) IS 'ABC: the largest accounts that make up the first share of what was billed, those up to the second, the others';

CREATE FUNCTION billing._load_factor_measures(orgs bigint[], during daterange, bounds numeric[])
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	-- mean load over highest, whatever the length of the slots of each row
	WITH load AS (
		SELECT r.account_id, r.org_id, sum(billing.energy_kwh(r.profile)) * 3600
				/ nullif(sum((billing.slot_count(r.profile) - billing.missing_count(r.profile)) * extract(epoch FROM billing.slot(r.profile))), 0)
				/ nullif(max(billing.peak_kw(r.profile)), 0) AS factor
		  FROM billing.reading r
		 WHERE r.org_id = ANY (_load_factor_measures.orgs) AND r.part = 'main' AND r.channel = 'import'
		   AND r.from_on >= lower(_load_factor_measures.during) AND r.until_on <= upper(_load_factor_measures.during) AND billing.unit(r.profile) = 'Wh'
		 GROUP BY r.account_id, r.org_id)
	SELECT l.account_id, l.org_id, CASE WHEN l.factor < _load_factor_measures.bounds[1] THEN 'low' WHEN l.factor < _load_factor_measures.bounds[2] THEN 'medium' ELSE 'high' END,
		   round(l.factor, 6) FROM load l WHERE l.factor IS NOT NULL;
END;
COMMENT ON FUNCTION billing._load_factor_measures(bigint[], daterange, numeric[]) IS 'load factors of accounts with load profiles, over whole rows of readings within some days';

CREATE FUNCTION billing._late_share(account_id bigint, during daterange)
RETURNS numeric
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
	WITH voided AS (
		SELECT b.seq, b.reverses_seq FROM billing.bill b WHERE b.account_id = _late_share.account_id AND b.kind = 'reversal'),
	entry AS (
		-- what was owed more or less, by the day as of which it counts; a bill that was voided is nothing at all
		SELECT coalesce(t.value_on, billing._sum_day(t.posted_at)) AS day, t.seq, t.bill_seq, CASE WHEN t.debit = 'receivable' THEN t.amount ELSE -t.amount END AS amount
		  FROM billing.transfer t
		 WHERE t.account_id = _late_share.account_id AND 'receivable' IN (t.debit, t.credit)
		   AND NOT EXISTS (SELECT FROM voided v WHERE t.bill_seq IN (v.seq, v.reverses_seq))),
	due AS (
		SELECT b.seq, b.total, billing._due_on(b.org_id, t.class, billing._sum_day(b.issued_at)) AS due_on
		  FROM billing.bill b
		  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = billing.tariff_digest(b.charges)
		 WHERE b.account_id = _late_share.account_id AND b.total > 0 AND b.kind <> 'reversal' AND NOT EXISTS (SELECT FROM voided v WHERE v.reverses_seq = b.seq))
	SELECT sum(greatest(0, least(d.total, q.owed - q.newer))) / sum(d.total)
	  FROM due d
	 CROSS JOIN LATERAL (
		-- of what is owed on the day the oldest is settled first, so what is open of a bill is what newer debts do not explain
		SELECT coalesce(sum(e.amount), 0) AS owed, coalesce(sum(e.amount) FILTER (WHERE e.amount > 0 AND e.seq > d.seq AND e.bill_seq IS DISTINCT FROM d.seq), 0) AS newer
		  FROM entry e WHERE e.day <= d.due_on) q
	 WHERE d.due_on >= lower(_late_share.during) AND d.due_on < upper(_late_share.during));
END $$;
COMMENT ON FUNCTION billing._late_share(bigint, daterange) IS 'of what fell due in some days, the share that was still open at the end of its due day; null: nothing fell due';

CREATE FUNCTION billing._arrears_measures(orgs bigint[], during daterange, bounds numeric[])
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT a.account_id, a.org_id, CASE WHEN s.share < _arrears_measures.bounds[1] THEN 'low' WHEN s.share < _arrears_measures.bounds[2] THEN 'medium' ELSE 'high' END, round(s.share, 6)
	  FROM billing.account a CROSS JOIN LATERAL (SELECT billing._late_share(a.account_id, _arrears_measures.during) AS share) s
	 WHERE a.org_id = ANY (_arrears_measures.orgs) AND s.share IS NOT NULL;
END;
COMMENT ON FUNCTION billing._arrears_measures(bigint[], daterange, numeric[]) IS 'arrears risk of accounts: the share of what fell due in some days that was not paid by then';

CREATE FUNCTION billing._industry_measures(orgs bigint[], during daterange)
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT DISTINCT ON (i.account_id) i.account_id, i.org_id, left(i.industry, 1), NULL::numeric
	  FROM billing.account_industry i WHERE i.org_id = ANY (_industry_measures.orgs) AND i.from_on < upper(_industry_measures.during)
	 ORDER BY i.account_id, i.from_on DESC;
END;
COMMENT ON FUNCTION billing._industry_measures(bigint[], daterange) IS 'the sections of industry of accounts at the end of some days';

CREATE FUNCTION billing._model_measures(orgs bigint[], until_on date, rule jsonb, bounds numeric[])
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT s.account_id, s.org_id, CASE WHEN m.measure < _model_measures.bounds[1] THEN 'low' WHEN m.measure < _model_measures.bounds[2] THEN 'medium' ELSE 'high' END, m.measure
	  FROM billing._model_version_of(_model_measures.rule ->> 'model', (_model_measures.rule ->> 'version')::integer) v
	 CROSS JOIN LATERAL billing._model_scores(v, _model_measures.orgs, _model_measures.until_on) s
	 -- of a model without labels its rank
	 CROSS JOIN LATERAL (SELECT round(coalesce(s.probability, s.score)::numeric, 6) AS measure) m
	 WHERE m.measure <> 'NaN';
END;
COMMENT ON FUNCTION billing._model_measures(bigint[], date, jsonb, numeric[]) IS 'what a model says of accounts by their readings before a day';

CREATE FUNCTION billing._day_shapes(orgs bigint[], during daterange)
RETURNS TABLE (account_id bigint, org_id bigint, shape double precision[])
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	-- of several lengths of slots the one with most readings
	SELECT DISTINCT ON (q.account_id) q.account_id, q.org_id, q.shape
	  FROM (SELECT r.account_id, r.org_id, billing.slot(r.profile) AS slot, sum(r.until_on - r.from_on) AS days, billing.day_shape(billing.concat_agg(r.profile)) AS shape
			  FROM billing.reading r
			 WHERE r.org_id = ANY (_day_shapes.orgs) AND r.part = 'main' AND r.channel = 'import'
			   AND r.from_on >= lower(_day_shapes.during) AND r.until_on <= upper(_day_shapes.during) AND billing.unit(r.profile) = 'Wh'
			 GROUP BY r.account_id, r.org_id, billing.slot(r.profile)) q
	 WHERE q.shape IS NOT NULL
	 ORDER BY q.account_id, q.days DESC, q.slot;
END;
COMMENT ON FUNCTION billing._day_shapes(bigint[], daterange) IS 'the course of the day of accounts with load profiles, over whole rows of readings within some days';

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
	 WHERE a.org_id = ANY (billing._orgs_below(at_org));
	changed := billing._put_members(s, put_segments.from_on, coalesce(members.accounts, '{}'), coalesce(members.orgs, '{}'), coalesce(members.segments, '{}'), coalesce(members.measures, '{}'));
	UPDATE billing.segmentation t SET refreshed_to = put_segments.from_on, refreshed_at = now() WHERE t.segmentation_id = s.segmentation_id;
	PERFORM billing._audit(at_org, 'put_segments', format('segmentation %s', s.code),
		jsonb_build_object('from_on', put_segments.from_on, 'accounts', coalesce(cardinality(members.accounts), 0), 'changed', changed));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.put_segments(text, date, bigint[], text[], numeric[]) IS
'who is in which segment of a listed segmentation, or one by a model, from a day on: SELECT put_segments(''risk'', day, array_agg(account_id), array_agg(segment), array_agg(measure)); '
'who is not named is in none any more; returns how many accounts came or changed';

-- ---- who is where ----

CREATE FUNCTION billing.segment_accounts(code text, on_day date DEFAULT current_date)
RETURNS TABLE (account_id bigint, segment text, measure numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	s		billing.segmentation := billing._segmentation_of(segment_accounts.code);
	wanted	text := nullif(split_part(segment_accounts.code, ':', 2), '');
BEGIN
	RETURN QUERY
	SELECT m.account_id, m.segment, m.measure FROM billing.segment_member m
	 WHERE m.segmentation_id = s.segmentation_id AND (wanted IS NULL OR m.segment = wanted)
	   AND m.from_on <= segment_accounts.on_day AND (m.until_on IS NULL OR m.until_on > segment_accounts.on_day);
END $$;
COMMENT ON FUNCTION billing.segment_accounts(text, date) IS
'the accounts of a segmentation (''abc''), or of one of its segments (''abc:A''), on a day; as far as the caller may read their bills: a filter for any query';

CREATE FUNCTION billing.accounts_where(criteria jsonb, on_day date DEFAULT current_date)
RETURNS TABLE (account_id bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	c		jsonb := accounts_where.criteria;
	member	text;
	nos		text[];
	ids		bigint[];
	orgs	bigint[];
	members	bigint[];
BEGIN
	IF jsonb_typeof(c) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'criteria are an object' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"org": "S1", "class": "residential", "segment": "abc:A"}.';
	END IF;
	SELECT k.key INTO member FROM jsonb_each(c) k
	 WHERE jsonb_typeof(k.value) IS DISTINCT FROM CASE WHEN k.key IN ('accounts', 'account_ids') THEN 'array' WHEN k.key IN ('org', 'class', 'plan', 'segment', 'industry') THEN 'string' END
	 ORDER BY k.key LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'criterion "%" is not known, or not of this kind', left(member, 64)
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Lists: accounts (numbers), account_ids. Texts: org, class, plan, segment, industry.';
	END IF;
	IF EXISTS (SELECT FROM jsonb_array_elements_text(c -> 'account_ids') e WHERE e !~ '^[0-9]{1,18}$') THEN
		RAISE EXCEPTION 'account_ids are whole numbers' USING ERRCODE = 'invalid_parameter_value', HINT = 'Numbers that customers know go into "accounts".';
	END IF;
	nos := CASE WHEN c ? 'accounts' THEN ARRAY(SELECT jsonb_array_elements_text(c -> 'accounts')) END;
	ids := CASE WHEN c ? 'account_ids' THEN ARRAY(SELECT e::bigint FROM jsonb_array_elements_text(c -> 'account_ids') e) END;
	orgs := CASE WHEN c ? 'org' THEN billing._orgs_below(billing._org_of(c ->> 'org', 'read', 'account')) END;
	members := CASE WHEN c ? 'segment' THEN ARRAY(SELECT s.account_id FROM billing.segment_accounts(c ->> 'segment', accounts_where.on_day) s) END;
	RETURN QUERY
	SELECT a.account_id
	  FROM billing.account a
	  LEFT JOIN LATERAL (
		SELECT p.plan_code, coalesce(k.class, 'other') AS class FROM billing.account_plan q JOIN billing.plan p ON p.plan_id = q.plan_id LEFT JOIN billing.plan_class k ON k.plan_id = q.plan_id
		 WHERE q.account_id = a.account_id AND q.from_on <= accounts_where.on_day ORDER BY q.from_on DESC LIMIT 1) p ON c ?| '{class,plan}'
	  LEFT JOIN LATERAL (
		SELECT i.industry FROM billing.account_industry i WHERE i.account_id = a.account_id AND i.from_on <= accounts_where.on_day ORDER BY i.from_on DESC LIMIT 1) i ON c ? 'industry'
	 WHERE (nos IS NULL OR a.account_no = ANY (nos)) AND (ids IS NULL OR a.account_id = ANY (ids)) AND (orgs IS NULL OR a.org_id = ANY (orgs))
	   AND (members IS NULL OR a.account_id = ANY (members))
	   AND (NOT c ? 'class' OR p.class = c ->> 'class') AND (NOT c ? 'plan' OR p.plan_code = c ->> 'plan')
	   AND (NOT c ? 'industry' OR starts_with(i.industry, c ->> 'industry'));
END $$;
COMMENT ON FUNCTION billing.accounts_where(jsonb, date) IS
'the accounts that meet all of some criteria on a day, as far as the caller may see them: {"org": "S1"} (and those below), "class", "plan", "segment" (''abc:A''), "industry" (''C26''), '
'"accounts" (a list of numbers), "account_ids"; {}: all';

-- ---- what segments bring ----

CREATE FUNCTION billing.segment_revenue(code text, during daterange, on_day date DEFAULT current_date)
RETURNS TABLE (month_on date, segment text, currency text, accounts bigint, kwh numeric, amount numeric, price_per_kwh numeric, share_percent numeric,
			   month_on_month_percent numeric, year_on_year_percent numeric, kwh_month_on_month_percent numeric, kwh_year_on_year_percent numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 100
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
BEGIN
	IF isempty(segment_revenue.during) OR lower_inf(segment_revenue.during) OR upper_inf(segment_revenue.during) OR NOT isfinite(lower(segment_revenue.during))
		OR NOT isfinite(upper(segment_revenue.during)) OR segment_revenue.during IS NULL OR upper(segment_revenue.during) - lower(segment_revenue.during) > 3660 THEN
		RAISE EXCEPTION 'revenue is of 1 to 3660 days' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give a span such as daterange(''2026-01-01'', ''2027-01-01'').';
	END IF;
	RETURN QUERY
	WITH billed AS MATERIALIZED (
		-- with the year before, for the comparison
		SELECT billing._month_of(b.from_on) AS month_on, s.segment, billing.currency(b.charges) AS currency, billing._sign(b.kind) AS sign, b.account_id, b.charges
		  FROM billing.segment_accounts(segment_revenue.code, segment_revenue.on_day) s
		  JOIN billing.bill b ON b.account_id = s.account_id
		 WHERE b.from_on >= (date_trunc('month', lower(segment_revenue.during)::timestamp) - interval '1 year')::date AND b.from_on < upper(segment_revenue.during)),
	made AS MATERIALIZED (
		-- added up by tariff first, since that is cheap
		SELECT b.month_on, b.segment, b.currency, b.sign, billing.sum(b.charges) AS charges FROM billed b
		 GROUP BY b.month_on, b.segment, b.currency, b.sign, billing.tariff_digest(b.charges)),
	month AS (
		SELECT m.month_on, m.segment, m.currency, (SELECT count(DISTINCT b.account_id) FROM billed b WHERE (b.month_on, b.segment, b.currency) = (m.month_on, m.segment, m.currency)) AS accounts,
			   coalesce(sum(m.sign * (SELECT sum(c.kwh) FROM billing._code_sums(m.charges) c WHERE c.is_energy)), 0) AS kwh, sum(m.sign * billing.total(m.charges)) AS amount
		  FROM made m GROUP BY m.month_on, m.segment, m.currency)
	SELECT m.month_on, m.segment, m.currency, m.accounts, m.kwh, m.amount, round(m.amount / nullif(m.kwh, 0), 6),
		   round(100 * m.amount / nullif(sum(m.amount) OVER (PARTITION BY m.month_on, m.currency), 0), 2),
		   round(100 * (m.amount - p.amount) / nullif(p.amount, 0), 2), round(100 * (m.amount - y.amount) / nullif(y.amount, 0), 2),
		   round(100 * (m.kwh - p.kwh) / nullif(p.kwh, 0), 2), round(100 * (m.kwh - y.kwh) / nullif(y.kwh, 0), 2)
	  FROM month m
	  LEFT JOIN month p ON p.segment = m.segment AND p.currency = m.currency AND p.month_on = (m.month_on - interval '1 month')::date
	  LEFT JOIN month y ON y.segment = m.segment AND y.currency = m.currency AND y.month_on = (m.month_on - interval '1 year')::date
	 WHERE m.month_on >= date_trunc('month', lower(segment_revenue.during)::timestamp)::date
	 ORDER BY m.month_on, m.segment, m.currency;
END $$;
COMMENT ON FUNCTION billing.segment_revenue(text, daterange, date) IS
'what the accounts that are in the segments on a day were billed, month by month: energy, revenue, average price, share, and both beside the month before 环比 and the same month of the '
'year before 同比. By industry, by customer (ABC, load factor, arrears), by any segmentation';
