/*
 * What a segment's bills would be.  Accounts with load profiles are rated set by
 * set: the year of an account is one usage, rated period by period as it was
 * billed.  The others go the way of simulate().  Both give the same, which
 * test/pgtap/decision.sql proves.  Each account is a subquery of its own, which
 * PostgreSQL 15 does not give to workers: several sessions share a large segment.
 */
CREATE FUNCTION billing._trial_versions(during daterange, plan_code text, version_from_on date, tariff billing.tariff,
	OUT plan_ids bigint[], OUT calendar_ids bigint[], OUT spans daterange[], OUT tariffs billing.tariff[], OUT markets billing.market[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- what is tried is for every account (no plan_id); a tariff that is no plan has the calendar of the plan that it replaces
	WITH version AS (
		SELECT v.plan_id, v.from_on, lead(v.from_on) OVER (PARTITION BY v.plan_id ORDER BY v.from_on) AS until_on, v.tariff, v.market, v.asked, v.calendar_id
		  FROM billing.plan_version v),
	tried AS (
		SELECT v.plan_id, NULL::bigint AS calendar_id, daterange(v.from_on, v.until_on) AS span, v.tariff, v.market, v.asked, v.calendar_id AS calendar
		  FROM version v WHERE _trial_versions.plan_code IS NULL AND _trial_versions.tariff IS NULL
		 UNION ALL
		SELECT NULL::bigint AS plan_id, NULL::bigint AS calendar_id, daterange(CASE WHEN _trial_versions.version_from_on IS NULL THEN v.from_on END, CASE WHEN _trial_versions.version_from_on IS NULL THEN v.until_on END) AS span,
			   v.tariff, v.market, v.asked, v.calendar_id AS calendar
		  FROM version v JOIN billing.plan p ON p.plan_id = v.plan_id
		 WHERE p.plan_code = _trial_versions.plan_code AND (_trial_versions.version_from_on IS NULL OR v.from_on = _trial_versions.version_from_on)
		 UNION ALL
		SELECT NULL::bigint AS plan_id, coalesce(c.calendar_id, 0) AS calendar_id, daterange(NULL::date, NULL::date) AS span, _trial_versions.tariff, NULL::billing.market AS market,
			   billing.market_asked(_trial_versions.tariff) AS asked, c.calendar_id AS calendar
		  FROM (SELECT DISTINCT v.calendar_id FROM billing.plan_version v) c WHERE _trial_versions.tariff IS NOT NULL)
	SELECT array_agg(t.plan_id), array_agg(t.calendar_id), array_agg(t.span), array_agg(t.tariff),
		   array_agg(coalesce(t.market, CASE WHEN t.asked IS NOT NULL THEN billing._market(t.tariff, t.asked, t.calendar, lower(_trial_versions.during * t.span), upper(_trial_versions.during)) END))
	  FROM tried t WHERE t.span && _trial_versions.during;
END;
COMMENT ON FUNCTION billing._trial_versions(daterange, text, date, billing.tariff) IS
'the versions by which days are rated on trial, each with its market of all these days: of the accounts'' own plans, of a plan, of a version of one whenever it held, or a tariff';

CREATE FUNCTION billing._trial_usages(account_ids bigint[], account_terms jsonb[], during daterange)
RETURNS TABLE (account_id bigint, terms jsonb, usage_from text, before numeric, currency text, periods daterange[], usage billing.usage, carry billing.carry)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT a.account_id, x.terms, coalesce(h.usage_from, 'reading'), b.before, b.currency, b.periods, u.usage, o.carry
	  FROM billing.account a
	  JOIN unnest(_trial_usages.account_ids, _trial_usages.account_terms) x(account_id, terms) ON x.account_id = a.account_id
	  LEFT JOIN billing.account_head h ON h.account_id = a.account_id
	 CROSS JOIN LATERAL (
		SELECT sum(b.total) AS before, max(billing.currency(b.charges)) AS currency, array_agg(daterange(b.from_on, b.until_on) ORDER BY b.from_on) FILTER (WHERE b.kind = 'normal') AS periods
		  FROM billing.bill b
		 WHERE b.account_id = a.account_id AND b.from_on >= lower(_trial_usages.during) AND b.from_on < upper(_trial_usages.during) AND b.until_on <= upper(_trial_usages.during)
		   AND b.kind IN ('normal', 'correction')
		   AND (NOT coalesce(h.voided, true) OR NOT EXISTS (SELECT FROM billing.bill n WHERE n.account_id = b.account_id AND n.from_on = b.from_on AND n.reverses_seq = b.seq))) b
	 CROSS JOIN LATERAL (SELECT lower(b.periods[1]) AS from_on, upper(b.periods[cardinality(b.periods)]) AS until_on) s
	 -- on one of its own, since a join would make it once a version
	 CROSS JOIN LATERAL (
		-- most have one channel, which needs not be looked for among all of them
		SELECT CASE WHEN bool_and(r.part = 'main' AND r.channel = 'import') THEN billing.usage(import => billing.concat_agg(r.profile) FILTER (WHERE r.part = 'main' AND r.channel = 'import')) ELSE billing._usage_of(a.account_id, daterange(s.from_on, s.until_on)) END AS usage
		  FROM billing.reading r
		 WHERE r.account_id = a.account_id AND r.from_on > s.from_on - 31 AND r.from_on < s.until_on AND r.until_on > s.from_on OFFSET 0) u
	 CROSS JOIN LATERAL (
		SELECT (SELECT billing._opening_carry(f) FROM billing.bill f
				 WHERE f.account_id = a.account_id AND f.from_on = s.from_on AND f.kind = 'normal' ORDER BY f.revision DESC LIMIT 1) AS carry OFFSET 0) o
	 -- whose bills and readings the caller may see
	 WHERE (billing.is_own(a.account_id) OR (billing.can_read(a.org_id, 'bill') AND billing.can_read(a.org_id, 'reading')));
END;
COMMENT ON FUNCTION billing._trial_usages(bigint[], jsonb[], daterange) IS
'what these accounts were billed within some days, for which periods, and what they are rated from: usage from their load profiles, and what the bills before have left';

CREATE FUNCTION billing._rate_versions(for_account_id bigint, account_terms jsonb, billed daterange[], usage billing.usage, carry billing.carry, plan_ids bigint[], calendar_ids bigint[], spans daterange[],
									   tariffs billing.tariff[], markets billing.market[])
RETURNS TABLE (account_id bigint, rated billing.rated)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT _rate_versions.for_account_id, billing.rate_fold(v.tariff, _rate_versions.usage, v.periods, v.terms, v.market, _rate_versions.carry ORDER BY v.from_on)
	  FROM (SELECT greatest(p.from_on, lower(t.span)) AS from_on, coalesce(p.terms, '{}') || coalesce(_rate_versions.account_terms, '{}') AS terms, t.tariff, t.market,
				   ARRAY(SELECT d FROM unnest(_rate_versions.billed) d WHERE lower(d) >= p.from_on AND (p.until_on IS NULL OR lower(d) < p.until_on) AND lower(d) <@ t.span ORDER BY d) AS periods
			  FROM (SELECT q.plan_id, q.terms, q.from_on, lead(q.from_on) OVER (ORDER BY q.from_on) AS until_on FROM billing.account_plan q WHERE q.account_id = _rate_versions.for_account_id) p
			  JOIN unnest(_rate_versions.plan_ids, _rate_versions.calendar_ids, _rate_versions.spans, _rate_versions.tariffs, _rate_versions.markets) t(plan_id, calendar_id, span, tariff, market)
				ON (t.plan_id IS NULL OR t.plan_id = p.plan_id)
			   AND (t.calendar_id IS NULL
					OR t.calendar_id = coalesce((SELECT n.calendar_id FROM billing.plan_version n WHERE n.plan_id = p.plan_id AND n.from_on <= lower(_rate_versions.billed[1]) ORDER BY n.from_on DESC LIMIT 1), 0))) v
	 WHERE cardinality(v.periods) > 0;
END;
COMMENT ON FUNCTION billing._rate_versions(bigint, jsonb, daterange[], billing.usage, billing.carry, bigint[], bigint[], daterange[], billing.tariff[], billing.market[]) IS
'what the periods of an account come to by versions on trial';

CREATE FUNCTION billing._check_trial(during daterange, plan_code text, version_from_on date, tariff billing.tariff, terms jsonb)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _check_trial.during IS NULL OR isempty(_check_trial.during) OR lower_inf(_check_trial.during) OR upper_inf(_check_trial.during)
		OR NOT isfinite(lower(_check_trial.during)) OR NOT isfinite(upper(_check_trial.during)) OR upper(_check_trial.during) - lower(_check_trial.during) > 3660 THEN
		RAISE EXCEPTION 'a trial is of 1 to 3660 days' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', _check_trial.during),
			HINT = 'Give a span such as daterange(''2026-01-01'', ''2027-01-01'').';
	END IF;
	IF _check_trial.plan_code IS NOT NULL AND _check_trial.tariff IS NOT NULL THEN
		RAISE EXCEPTION 'a trial is by a plan or by a tariff' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF jsonb_typeof(_check_trial.terms) <> 'object' THEN
		RAISE EXCEPTION 'terms are an object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF _check_trial.plan_code IS NOT NULL AND NOT EXISTS (
		SELECT FROM billing.plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id
		 WHERE p.plan_code = _check_trial.plan_code AND (_check_trial.version_from_on IS NULL OR v.from_on = _check_trial.version_from_on)) THEN
		PERFORM billing._not_found(format('plan %s%s', _check_trial.plan_code, ' from ' || to_char(_check_trial.version_from_on, 'YYYY-MM-DD')));
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_trial(daterange, text, date, billing.tariff, jsonb) IS 'raises where it cannot be tried what bills of some days would be';

CREATE FUNCTION billing._trial_result(account_id bigint, account_terms jsonb, during daterange, plan_code text, single billing.tariff, usage_from text, currency text, billed daterange[], rated billing.rated)
RETURNS TABLE (bills integer, after numeric, totals numeric[], sqlstate text, message text, detail text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 1
BEGIN ATOMIC
	SELECT q.bills, CASE WHEN e.sqlstate IS NULL THEN q.total END, q.totals, e.sqlstate,
		   CASE e.sqlstate WHEN 'P0002' THEN 'no bill lies within these days' WHEN '22004' THEN 'there is no tariff' WHEN 'UB308' THEN 'the currency is not that of the bills before' ELSE q.message END,
		   CASE e.sqlstate WHEN '22004' THEN 'No version holds on all of these days.' WHEN 'UB308' THEN format('They are in %s, these in %s.', _trial_result.currency, q.currency) ELSE q.detail END
	  FROM (SELECT) one
	  -- without profiles: by registers, by formed usage, by what the bill was made of then
	  LEFT JOIN LATERAL (
		SELECT count(s.charges)::integer AS bills, sum(billing.total(s.charges)) AS total, array_agg(billing.total(s.charges) ORDER BY s.from_on) AS totals, max(billing.currency(s.charges)) AS currency,
			   max(s.sqlstate) AS sqlstate, max(s.message) AS message
		  -- asked for first, so that the others are not simulated in vain
		  FROM (SELECT _trial_result.account_id WHERE _trial_result.billed IS NOT NULL AND (_trial_result.usage_from <> 'reading' OR (_trial_result.rated).sqlstate LIKE 'UB1%') OFFSET 0) o
		 CROSS JOIN LATERAL billing._simulate_account(o.account_id, _trial_result.during, CASE WHEN _trial_result.single IS NULL THEN _trial_result.plan_code END, _trial_result.account_terms, _trial_result.single) s
		 WHERE s.billed IS NOT NULL HAVING count(*) > 0) s ON true
	 CROSS JOIN LATERAL (
		SELECT coalesce(s.bills, (_trial_result.rated).bills, 0) AS bills, CASE WHEN s.bills IS NULL THEN (_trial_result.rated).total ELSE s.total END AS total,
			   CASE WHEN s.bills IS NULL THEN (_trial_result.rated).totals ELSE s.totals END AS totals, CASE WHEN s.bills IS NULL THEN (_trial_result.rated).currency ELSE s.currency END AS currency,
			   CASE WHEN s.bills IS NULL THEN (_trial_result.rated).sqlstate ELSE s.sqlstate END AS sqlstate, CASE WHEN s.bills IS NULL THEN (_trial_result.rated).message ELSE s.message END AS message,
			   CASE WHEN s.bills IS NULL THEN (_trial_result.rated).detail END AS detail OFFSET 0) q
	 CROSS JOIN LATERAL (
		SELECT CASE WHEN _trial_result.billed IS NULL THEN 'P0002' WHEN q.sqlstate IS NOT NULL THEN q.sqlstate WHEN cardinality(_trial_result.billed) <> q.bills THEN '22004'
					WHEN q.currency <> _trial_result.currency THEN 'UB308' END AS sqlstate) e;
END;
COMMENT ON FUNCTION billing._trial_result(bigint, jsonb, daterange, text, billing.tariff, text, text, daterange[], billing.rated) IS
'what an account''s periods come to on trial, where they are not rated from load profiles as simulate() does; or why that cannot be said';

CREATE FUNCTION billing._rate_accounts(account_ids bigint[], account_terms jsonb[], during daterange, plan_code text, version_from_on date, tariff billing.tariff)
RETURNS TABLE (account_id bigint, bills integer, currency text, before numeric, after numeric, periods daterange[], totals numeric[], sqlstate text, message text, detail text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	v		record;
	single	billing.tariff := _rate_accounts.tariff;
BEGIN
	SELECT t.* INTO v FROM billing._trial_versions(_rate_accounts.during, _rate_accounts.plan_code, _rate_accounts.version_from_on, _rate_accounts.tariff) t;
	IF _rate_accounts.version_from_on IS NOT NULL THEN
		single := v.tariffs[1];
	END IF;
	RETURN QUERY
	SELECT u.account_id, q.bills, u.currency, u.before, q.after, u.periods, q.totals, q.sqlstate, q.message, q.detail
	  FROM billing._trial_usages(_rate_accounts.account_ids, _rate_accounts.account_terms, _rate_accounts.during) u
	 CROSS JOIN LATERAL billing._rate_versions(u.account_id, u.terms, u.periods, u.usage, u.carry, v.plan_ids, v.calendar_ids, v.spans, v.tariffs, v.markets) r
	 CROSS JOIN LATERAL billing._trial_result(u.account_id, u.terms, _rate_accounts.during, _rate_accounts.plan_code, single, u.usage_from, u.currency, u.periods, r.rated) q;
END $$;
COMMENT ON FUNCTION billing._rate_accounts(bigint[], jsonb[], daterange, text, date, billing.tariff) IS
'what accounts were billed for periods within some days, corrections included, and what these periods come to on trial; accounts that cannot be rated say why';

CREATE FUNCTION billing._try_accounts(account_ids bigint[], during daterange, plan_codes text[], tariffs billing.tariff[], terms jsonb)
RETURNS TABLE (place bigint, account_id bigint, before numeric, after numeric, sqlstate text, message text)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
	SELECT t.place, t.account_id, t.before, t.after, t.sqlstate, t.message
	  -- readings and bills are read once, of so many accounts that they have room in memory, and kept for all that is tried
	  FROM generate_series(1, cardinality(_try_accounts.account_ids), 1000) first
	 CROSS JOIN LATERAL (
		WITH kept AS MATERIALIZED (
			SELECT u.* FROM (SELECT _try_accounts.account_ids[first:first + 999] AS ids) i
			 CROSS JOIN LATERAL billing._trial_usages(i.ids, array_fill(_try_accounts.terms, ARRAY[cardinality(i.ids)]), _try_accounts.during) u)
		SELECT c.place, e.* FROM unnest(_try_accounts.plan_codes, _try_accounts.tariffs) WITH ORDINALITY c(plan_code, tariff, place)
		 CROSS JOIN LATERAL billing._trial_versions(_try_accounts.during, c.plan_code, NULL, c.tariff) v
		 CROSS JOIN LATERAL (
			SELECT k.account_id, k.before, q.after, q.sqlstate, q.message
			  FROM kept k
			 CROSS JOIN LATERAL billing._rate_versions(k.account_id, k.terms, k.periods, k.usage, k.carry, v.plan_ids, v.calendar_ids, v.spans, v.tariffs, v.markets) r
			 CROSS JOIN LATERAL billing._trial_result(k.account_id, k.terms, _try_accounts.during, c.plan_code, c.tariff, k.usage_from, k.currency, k.periods, r.rated) q
			 -- the accounts within what is tried, so that its versions are looked for once
			 OFFSET 0) e) t;
END;
COMMENT ON FUNCTION billing._try_accounts(bigint[], daterange, text[], billing.tariff[], jsonb) IS
'what the billed periods of accounts come to by each of some plans or tariffs, which share what is read';

CREATE FUNCTION billing._trial_accounts(criteria jsonb, during daterange)
RETURNS bigint[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(array_agg(w.account_id ORDER BY w.account_id), '{}') FROM billing.accounts_where(_trial_accounts.criteria, upper(_trial_accounts.during) - 1) w;
END;
COMMENT ON FUNCTION billing._trial_accounts(jsonb, daterange) IS 'whose bills are tried: who meets the criteria on the last of the days';

CREATE FUNCTION billing.rate_segment(criteria jsonb, during daterange, plan_code text DEFAULT NULL, version_from_on date DEFAULT NULL, tariff billing.tariff DEFAULT NULL, terms jsonb DEFAULT NULL)
RETURNS TABLE (account_id bigint, account_no text, org_no text, class text, own_plan_code text, bills integer, currency text, before numeric, after numeric, difference numeric, percent numeric,
			   periods daterange[], totals numeric[], sqlstate text, message text, detail text)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	ids		bigint[];
BEGIN
	PERFORM billing._check_trial(rate_segment.during, rate_segment.plan_code, rate_segment.version_from_on, rate_segment.tariff, rate_segment.terms);
	ids := billing._trial_accounts(rate_segment.criteria, rate_segment.during);
	RETURN QUERY
	SELECT r.account_id, a.account_no, o.org_no, coalesce(p.class, 'other'), p.plan_code, r.bills, r.currency, r.before, r.after, r.after - r.before, round(100 * (r.after - r.before) / nullif(r.before, 0), 2),
		   r.periods, r.totals, r.sqlstate, r.message, r.detail
	  FROM billing._rate_accounts(ids, array_fill(rate_segment.terms, ARRAY[cardinality(ids)]), rate_segment.during, rate_segment.plan_code, rate_segment.version_from_on, rate_segment.tariff) r
	  JOIN billing.account a ON a.account_id = r.account_id
	  LEFT JOIN billing.org o ON o.org_id = a.org_id
	  LEFT JOIN LATERAL (
		SELECT n.plan_code, c.class FROM billing.account_plan q JOIN billing.plan n ON n.plan_id = q.plan_id LEFT JOIN billing.plan_class c ON c.plan_id = q.plan_id
		 WHERE q.account_id = r.account_id AND q.from_on < upper(rate_segment.during) ORDER BY q.from_on DESC LIMIT 1) p ON true
	 ORDER BY r.account_id;
END $$;
COMMENT ON FUNCTION billing.rate_segment(jsonb, daterange, text, date, billing.tariff, jsonb) IS
'what the bills of all accounts that meet some criteria would be: by a plan, by a version of it whenever it held, by a tariff that is none, on other terms (added to the account''s own); '
'account by account the billed periods within some days, each with the carry of the one before, beside what was billed. Nothing is written: it runs in read-only transactions and on '
'a standby. Accounts that cannot be rated stand there with the reason';

CREATE FUNCTION billing._is_one_currency(currencies text[])
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF cardinality(_is_one_currency.currencies) > 1 THEN
		RAISE EXCEPTION 'amounts in several currencies are not added' USING ERRCODE = 'UB308',
			DETAIL = format('Bills of these accounts are in %s.', array_to_string(_is_one_currency.currencies, ', ')),
			HINT = 'Ask of the accounts of one, such as by {"org": …} or {"plan": …}; rate_segment() gives account by account, with its currency.';
	END IF;
	RETURN true;
END $$;
COMMENT ON FUNCTION billing._is_one_currency(text[]) IS 'true; raises UB308 where amounts that are to be added are in different currencies';

CREATE FUNCTION billing.segment_effect(criteria jsonb, during daterange, plan_code text DEFAULT NULL, version_from_on date DEFAULT NULL, tariff billing.tariff DEFAULT NULL, terms jsonb DEFAULT NULL)
RETURNS TABLE (class text, accounts bigint, refused bigint, currency text, before numeric, after numeric, difference numeric, percent numeric, winners bigint, losers bigint, unchanged bigint,
			   largest_fall numeric, largest_rise numeric, largest_rise_percent numeric)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	-- class null: all of them
	SELECT r.class, count(*), count(r.sqlstate), max(r.currency) FILTER (WHERE r.sqlstate IS NULL), sum(r.before) FILTER (WHERE r.sqlstate IS NULL), sum(r.after), sum(r.difference),
		   round(100 * sum(r.difference) / nullif(sum(r.before) FILTER (WHERE r.sqlstate IS NULL), 0), 2), count(*) FILTER (WHERE r.difference < 0), count(*) FILTER (WHERE r.difference > 0),
		   count(*) FILTER (WHERE r.difference = 0), -least(min(r.difference), 0), greatest(max(r.difference), 0), greatest(max(r.percent), 0)
	  FROM billing.rate_segment(segment_effect.criteria, segment_effect.during, segment_effect.plan_code, segment_effect.version_from_on, segment_effect.tariff, segment_effect.terms) r
	 GROUP BY GROUPING SETS ((r.class), ()) HAVING billing._is_one_currency(array_agg(DISTINCT r.currency) FILTER (WHERE r.sqlstate IS NULL)) ORDER BY r.class NULLS LAST;
END;
COMMENT ON FUNCTION billing.segment_effect(jsonb, daterange, text, date, billing.tariff, jsonb) IS
'the same by class of customers, the last row for all: revenue before and after, who wins (pays less), who loses, and how far at most; before and after are of the accounts that could be rated. '
'Of several currencies it is refused (UB308)';
