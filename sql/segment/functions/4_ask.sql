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
