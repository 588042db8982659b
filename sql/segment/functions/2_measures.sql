-- ---- measures ----

CREATE FUNCTION billing._revenue_measures(orgs bigint[], during daterange, bounds numeric[])
RETURNS TABLE (account_id bigint, org_id bigint, segment text, measure numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	WITH billed AS (
		SELECT b.account_id, b.org_id, max(billing.currency(b.charges)) AS currency, sum(b.total) AS amount FROM billing.bill b
		 WHERE b.org_id = ANY (_revenue_measures.orgs) AND b.from_on >= lower(_revenue_measures.during) AND b.from_on < upper(_revenue_measures.during)
		 GROUP BY b.account_id, b.org_id),
	ranked AS (
		SELECT b.*, sum(greatest(b.amount, 0)) OVER (PARTITION BY b.currency ORDER BY b.amount DESC, b.account_id ROWS UNBOUNDED PRECEDING) - greatest(b.amount, 0) AS above,
			   sum(greatest(b.amount, 0)) OVER (PARTITION BY b.currency) AS whole FROM billed b)
	-- what those above it have not reached yet
	SELECT r.account_id, r.org_id, CASE WHEN r.amount <= 0 OR r.above >= _revenue_measures.bounds[2] * r.whole THEN 'C' WHEN r.above >= _revenue_measures.bounds[1] * r.whole THEN 'B' ELSE 'A' END,
		   r.amount FROM ranked r;
END;
COMMENT ON FUNCTION billing._revenue_measures(bigint[], daterange, numeric[]) IS 'ABC: the largest accounts that make up the first share of what was billed, those up to the second, the others; of each currency by itself';

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
