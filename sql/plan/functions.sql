CREATE FUNCTION billing._plan_detail(plan_code text, name text, from_on date, tariff billing.tariff, market billing.market, version_name text, source text,
									 calendar_code text, late boolean)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('plan_code', _plan_detail.plan_code, 'name', _plan_detail.name, 'from_on', _plan_detail.from_on, 'tariff', billing.jsonb(_plan_detail.tariff),
		'market', billing.jsonb(_plan_detail.market), 'version_name', _plan_detail.version_name, 'source', _plan_detail.source, 'calendar_code', _plan_detail.calendar_code,
		'late', _plan_detail.late);
END;
COMMENT ON FUNCTION billing._plan_detail(text, text, date, billing.tariff, billing.market, text, text, text, boolean) IS 'what exactly is approved of a version of a plan';

CREATE FUNCTION billing.request_plan(plan_code text, name text, from_on date, tariff billing.tariff, market billing.market DEFAULT NULL,
									 version_name text DEFAULT NULL, source text DEFAULT NULL, calendar_code text DEFAULT NULL, late boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write prices.
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	RETURN billing._ask_approval('price', billing._price_org(), format('plan %s from %s', left(request_plan.plan_code, 64), request_plan.from_on),
		billing._plan_detail(request_plan.plan_code, request_plan.name, request_plan.from_on, request_plan.tariff, request_plan.market, request_plan.version_name,
			request_plan.source, request_plan.calendar_code, request_plan.late));
END $$;
COMMENT ON FUNCTION billing.request_plan(text, text, date, billing.tariff, billing.market, text, text, text, boolean) IS
'asks for the approval of a version of a plan as add_plan() takes it, where a rule wants a second person for prices (set_approval_rule(…, ''price'')); returns approval_id';

CREATE FUNCTION billing.add_plan(plan_code text, name text, from_on date, tariff billing.tariff, market billing.market DEFAULT NULL,
								 version_name text DEFAULT NULL, source text DEFAULT NULL, calendar_code text DEFAULT NULL, late boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: plans are everybody's, so who writes them may do so everywhere.
DECLARE
	plan		bigint;
	calendar	bigint;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	PERFORM billing._take_approval('price', billing._price_org(), format('plan %s from %s', left(add_plan.plan_code, 64), add_plan.from_on),
		billing._plan_detail(add_plan.plan_code, add_plan.name, add_plan.from_on, add_plan.tariff, add_plan.market, add_plan.version_name, add_plan.source,
			add_plan.calendar_code, add_plan.late));
	IF add_plan.calendar_code IS NOT NULL THEN
		calendar := billing._calendar_of(add_plan.calendar_code);
	END IF;
	-- a zone that the server does not know is found here, not by the run
	PERFORM add_plan.from_on::timestamp AT TIME ZONE (billing.jsonb(add_plan.tariff) ->> 'time_zone');
	INSERT INTO billing.plan AS p (plan_code, name) VALUES (add_plan.plan_code, add_plan.name)
	    ON CONFLICT ON CONSTRAINT plan_plan_code_key DO UPDATE SET name = excluded.name
	RETURNING p.plan_id INTO plan;
	IF NOT add_plan.late THEN
		PERFORM billing._check_unbilled(plan, add_plan.from_on);
	END IF;
	INSERT INTO billing.plan_version (plan_id, from_on, tariff, market, name, source, calendar_id)
	VALUES (plan, add_plan.from_on, add_plan.tariff, add_plan.market, add_plan.version_name, add_plan.source, calendar);
	PERFORM billing._audit(coalesce((SELECT min(o.org_id) FROM billing.org o), 0), 'add_plan', format('plan %s', add_plan.plan_code),
		jsonb_build_object('from_on', add_plan.from_on, 'version_name', add_plan.version_name, 'source', add_plan.source, 'late', add_plan.late,
			'digest', encode(billing.digest(add_plan.tariff), 'hex')));
	RETURN plan;
END $$;
COMMENT ON FUNCTION billing.add_plan(text, text, date, billing.tariff, billing.market, text, text, text, boolean) IS
'a price plan, or its next version, from a day on that is not billed by it yet; late: also from one that is, for outdated_bills() to list; market: facts of its own; '
'without, they are taken month by month from published prices, series, and the calendar of this code; needs write on plan everywhere, and, where a rule wants it, a second person (request_plan()); returns plan_id';

CREATE FUNCTION billing._check_unbilled(plan_id bigint, from_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	billed	record;
BEGIN
	PERFORM FROM billing.plan_version v WHERE v.plan_id = _check_unbilled.plan_id;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF NOT billing.can_everywhere('read', 'account') THEN
		RAISE EXCEPTION 'it is not for you to see who is billed by this plan'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()),
				  HINT = 'The next version of a plan is added by who may read every account; or say late => true, and outdated_bills() lists the bills that are outdated.';
	END IF;
	SELECT count(*) AS accounts, max(q.billed_to) AS billed_to INTO billed
	  FROM (SELECT h.billed_to, a.from_on, lead(a.from_on) OVER (PARTITION BY a.account_id ORDER BY a.from_on) AS until_on, a.plan_id
			  FROM billing.account_head h JOIN billing.account c USING (account_id) JOIN billing.account_plan a USING (account_id)
			 WHERE h.billed_to > greatest(_check_unbilled.from_on, c.opened_on)) q
	 WHERE q.plan_id = _check_unbilled.plan_id AND q.from_on < q.billed_to
	   AND greatest(q.from_on, _check_unbilled.from_on) < least(q.until_on, q.billed_to,
		   (SELECT min(v.from_on) FROM billing.plan_version v WHERE v.plan_id = _check_unbilled.plan_id AND v.from_on > _check_unbilled.from_on));
	IF billed.accounts > 0 THEN
		RAISE EXCEPTION 'days from % on are billed by this plan already', to_char(_check_unbilled.from_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB301', DETAIL = format('It is the plan of %s accounts, the furthest billed up to %s.', billed.accounts, to_char(billed.billed_to, 'YYYY-MM-DD')),
				  HINT = 'Let the version begin there; or, if the notice does reach back, say late => true: outdated_bills() lists what is to be corrected.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_unbilled(bigint, date) IS 'raises where a new version of a plan would reach into days that are billed by it';

CREATE FUNCTION billing.add_plan_from_library(code text, from_on date, plan_code text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_plan().
DECLARE
	published	record;
	region		text;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	SELECT t.* INTO published FROM billing.published_tariffs() t WHERE t.code = add_plan_from_library.code;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the library has no tariff "%"', left(coalesce(add_plan_from_library.code, ''), 64)
			USING ERRCODE = 'no_data_found', HINT = 'SELECT code FROM billing.published_tariffs() lists them.';
	END IF;
	IF published.market IS NOT NULL THEN
		IF billing.jsonb(published.market) ? 'calendar' THEN
			region := published.region;
			PERFORM billing.add_calendar(region, region);
		END IF;
		PERFORM billing.publish_market(published.market, region, published.source);
	END IF;
	RETURN billing.add_plan(coalesce(add_plan_from_library.plan_code, published.code), billing.in_language(published.name, 'zh'), add_plan_from_library.from_on,
		published.tariff, NULL, published.code, published.source, region);
END $$;
COMMENT ON FUNCTION billing.add_plan_from_library(text, date, text) IS
'a plan, or its next version, from a tariff of published_tariffs(), with the prices and holidays that go with it as rows; needs write on plan everywhere; returns plan_id';

CREATE FUNCTION billing._prepare_markets(from_on date, until_on date, mid_month boolean, only_new boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	seen	bigint;
BEGIN
	-- first how far the rows had come, then the rows: a change in between is looked at again
	SELECT c.changes INTO seen FROM billing.market_change c;
	WITH made AS MATERIALIZED (
		SELECT v.plan_id, v.from_on, m.at::date AS month_on, n.months, billing._market(v.tariff, v.asked, v.calendar_id, m.at::date, e.until_at::date) AS market
		  FROM billing.plan_version v
		 CROSS JOIN generate_series(date_trunc('month', _prepare_markets.from_on::timestamp), _prepare_markets.until_on::timestamp - interval '1 day', interval '1 month') m(at)
		  JOIN (VALUES (1::smallint), (2::smallint)) n(months) ON n.months = 1 OR _prepare_markets.mid_month
		 CROSS JOIN LATERAL (SELECT m.at + n.months * interval '1 month' AS until_at) e
		 WHERE v.asked IS NOT NULL AND v.market IS NULL AND v.from_on < e.until_at
		   AND NOT EXISTS (SELECT FROM billing.plan_version l WHERE l.plan_id = v.plan_id AND l.from_on > v.from_on AND l.from_on <= m.at)
		   AND NOT EXISTS (SELECT FROM billing.plan_market k WHERE k.plan_id = v.plan_id AND k.from_on = v.from_on AND k.month_on = m.at AND k.months = n.months
							AND (k.as_of >= seen OR _prepare_markets.only_new))),
	kept AS (
		INSERT INTO billing.market_value (market) SELECT DISTINCT m.market FROM made m ORDER BY m.market
		    ON CONFLICT ON CONSTRAINT market_value_pkey DO NOTHING)
	INSERT INTO billing.plan_market AS k (plan_id, from_on, month_on, months, digest, as_of)
	SELECT m.plan_id, m.from_on, m.month_on, m.months, billing.digest(m.market), seen FROM made m ORDER BY m.plan_id, m.from_on, m.month_on, m.months
	    ON CONFLICT ON CONSTRAINT plan_market_pkey DO UPDATE SET as_of = excluded.as_of WHERE k.as_of < excluded.as_of;
END $$;
COMMENT ON FUNCTION billing._prepare_markets(date, date, boolean, boolean) IS
'the markets of these months for every plan that asks for one, made anew where rows have changed since: once a run, not once a bill; mid_month: also of each with the next, for bills that '
'span both; only_new: of versions that have none at all yet, so that within a run no price changes';

CREATE FUNCTION billing._piece_of(account_id bigint, from_on date, until_on date, OUT ends_on date, OUT plan_id bigint, OUT plan_from_on date, OUT terms jsonb,
								  OUT version_from_on date, OUT tariff billing.tariff, OUT market billing.market, OUT asked jsonb, OUT calendar_id bigint)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT a.plan_id, a.terms, a.from_on INTO plan_id, terms, plan_from_on FROM billing.account_plan a
	 WHERE a.account_id = _piece_of.account_id AND a.from_on <= _piece_of.from_on ORDER BY a.from_on DESC LIMIT 1;
	SELECT n.tariff, n.market, n.from_on, n.asked, n.calendar_id INTO tariff, market, version_from_on, asked, calendar_id FROM billing.plan_version n
	 WHERE n.plan_id = _piece_of.plan_id AND n.from_on <= _piece_of.from_on ORDER BY n.from_on DESC LIMIT 1;
	ends_on := least(_piece_of.until_on,
		(SELECT min(a.from_on) FROM billing.account_plan a WHERE a.account_id = _piece_of.account_id AND a.from_on > _piece_of.from_on),
		(SELECT min(n.from_on) FROM billing.plan_version n WHERE n.plan_id = _piece_of.plan_id AND n.from_on > _piece_of.from_on));
END $$;
COMMENT ON FUNCTION billing._piece_of(bigint, date, date) IS
'of days within which plan, terms or version change, those before the first change, and what they are billed by';

CREATE FUNCTION billing._begin_plans()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: heads of accounts whose plans the caller has written.
DECLARE
	billed	record;
BEGIN
	-- against a run, which holds the head while it bills; who has had no plan cannot be billed, and need not be locked
	PERFORM FROM billing.account_head h
	  WHERE h.account_id IN (SELECT n.account_id FROM new_rows n JOIN billing.account_plan a ON a.account_id = n.account_id AND a.from_on <> n.from_on
							  UNION SELECT n.account_id FROM new_rows n JOIN billing.account_head g ON g.account_id = n.account_id AND g.billed_to > n.from_on)
	  ORDER BY h.account_id FOR NO KEY UPDATE;
	-- what holds in days that are billed
	SELECT c.account_no, h.billed_to INTO billed
	  FROM new_rows n JOIN billing.account c ON c.account_id = n.account_id JOIN billing.account_head h ON h.account_id = n.account_id
	 WHERE h.billed_to > greatest(n.from_on, c.opened_on) AND n.reason IS NULL
	   AND NOT EXISTS (SELECT FROM billing.account_plan a WHERE a.account_id = n.account_id AND a.from_on > n.from_on AND a.from_on <= c.opened_on)
	 ORDER BY n.account_id LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'account % is billed up to % already', billed.account_no, billed.billed_to
			USING ERRCODE = 'UB301', HINT = 'A plan can change from that day on; what is billed is corrected, not changed.';
	END IF;
	-- in the head, since a run that began before does not see the new plan, but reads the head as it is when it locks it
	UPDATE billing.account_head h
	   SET plan_changes = ARRAY(SELECT DISTINCT c FROM unnest(h.plan_changes || q.days) c WHERE c >= h.billed_to ORDER BY c)
	  FROM (SELECT n.account_id, array_agg(n.from_on) AS days FROM new_rows n
			 WHERE EXISTS (SELECT FROM billing.account_plan a WHERE a.account_id = n.account_id AND a.from_on < n.from_on) GROUP BY n.account_id) q
	 WHERE h.account_id = q.account_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._begin_plans() IS 'trigger: a plan begins on a day that is not billed, and where another goes before, the head says that it changes there';

CREATE FUNCTION billing.set_plan(account_no text, plan_code text, from_on date, terms jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes what the caller may write of the account.
DECLARE
	found_id	bigint := billing._account_of(set_plan.account_no, 'write', 'account');
	account		record;
	plan		bigint;
BEGIN
	PERFORM billing._given('set_plan', account_no, plan_code, from_on, terms);
	-- against a run, which holds the head while it bills
	SELECT h.account_id, h.org_id, h.billed_to INTO account FROM billing.account_head h
	 WHERE h.account_id = found_id FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', set_plan.account_no));
	END IF;
	SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = set_plan.plan_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s', set_plan.plan_code));
	END IF;
	IF set_plan.from_on < account.billed_to THEN
		RAISE EXCEPTION 'account % is billed up to % already', set_plan.account_no, account.billed_to
			USING ERRCODE = 'UB301', HINT = 'A plan can change from that day on; what is billed is corrected, not changed.';
	END IF;
	INSERT INTO billing.account_plan AS a (account_id, from_on, org_id, plan_id, terms)
	VALUES (account.account_id, set_plan.from_on, account.org_id, plan, set_plan.terms)
	    ON CONFLICT ON CONSTRAINT account_plan_pkey DO UPDATE SET plan_id = excluded.plan_id, terms = excluded.terms;
	PERFORM billing._audit(account.org_id, 'set_plan', format('account %s', set_plan.account_no),
		jsonb_build_object('plan_code', set_plan.plan_code, 'from_on', set_plan.from_on, 'terms', set_plan.terms));
END $$;
COMMENT ON FUNCTION billing.set_plan(text, text, date, jsonb) IS
'by which plan, and on which terms, an account is billed from a day on that is not billed yet';

CREATE FUNCTION billing.set_plans(org_no text, plan_code text, from_on date, replaces text DEFAULT NULL, account_nos text[] DEFAULT NULL,
								  terms jsonb DEFAULT NULL, OUT assigned integer, OUT refused text[])
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: as set_plan(), for the accounts of an org and all below it, where the caller may write accounts.
DECLARE
	at_org	bigint := billing._org_of(set_plans.org_no, 'write', 'account');
	orgs	bigint[] := billing._orgs_below(at_org);
	plan	bigint;
	before	bigint;
	chosen	bigint[];
	due		bigint[];
BEGIN
	SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = set_plans.plan_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s', set_plans.plan_code));
	END IF;
	IF set_plans.replaces IS NOT NULL THEN
		SELECT p.plan_id INTO before FROM billing.plan p WHERE p.plan_code = set_plans.replaces;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('plan %s', set_plans.replaces));
		END IF;
	END IF;
	IF NOT coalesce(isfinite(set_plans.from_on), false) OR (set_plans.terms IS NOT NULL AND jsonb_typeof(set_plans.terms) <> 'object') THEN
		RAISE EXCEPTION 'a plan holds from a day on, and terms are an object' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF EXISTS (SELECT FROM unnest(set_plans.account_nos) n(account_no)
				WHERE NOT EXISTS (SELECT FROM billing.account a WHERE a.account_no = n.account_no AND a.org_id = ANY (orgs))) THEN
		PERFORM billing._not_found(format('account %s', (SELECT n.account_no FROM unnest(set_plans.account_nos) n(account_no)
			WHERE NOT EXISTS (SELECT FROM billing.account a WHERE a.account_no = n.account_no AND a.org_id = ANY (orgs)) LIMIT 1)));
	END IF;
	SELECT array_agg(a.account_id) INTO chosen
	  FROM billing.account a
	  LEFT JOIN LATERAL (SELECT l.plan_id FROM billing.account_plan l
						  WHERE l.account_id = a.account_id AND l.from_on <= set_plans.from_on ORDER BY l.from_on DESC LIMIT 1) p ON true
	 WHERE a.org_id = ANY (orgs) AND (set_plans.account_nos IS NULL OR a.account_no = ANY (set_plans.account_nos))
	   AND (before IS NULL OR p.plan_id = before);
	-- against runs, in ascending order as everybody locks; who is billed past the day keeps his plan
	WITH locked AS MATERIALIZED (
		SELECT h.account_id, h.billed_to FROM billing.account_head h
		 WHERE h.account_id = ANY (chosen) ORDER BY h.account_id FOR NO KEY UPDATE)
	SELECT array_agg(l.account_id ORDER BY l.account_id) FILTER (WHERE l.billed_to <= set_plans.from_on),
		   coalesce(array_agg(a.account_no ORDER BY a.account_no) FILTER (WHERE l.billed_to > set_plans.from_on), '{}')
	  INTO due, refused
	  FROM locked l JOIN billing.account a ON a.account_id = l.account_id;
	INSERT INTO billing.account_plan AS n (account_id, from_on, org_id, plan_id, terms)
	SELECT a.account_id, set_plans.from_on, a.org_id, plan, coalesce(set_plans.terms, p.terms, '{}')
	  FROM billing.account a
	  LEFT JOIN LATERAL (SELECT l.terms FROM billing.account_plan l
						  WHERE l.account_id = a.account_id AND l.from_on <= set_plans.from_on ORDER BY l.from_on DESC LIMIT 1) p ON true
	 WHERE a.account_id = ANY (due)
	    ON CONFLICT ON CONSTRAINT account_plan_pkey DO UPDATE SET plan_id = excluded.plan_id, terms = excluded.terms;
	GET DIAGNOSTICS assigned = ROW_COUNT;
	PERFORM billing._audit(at_org, 'set_plans', format('org %s', set_plans.org_no),
		jsonb_build_object('plan_code', set_plans.plan_code, 'from_on', set_plans.from_on, 'replaces', set_plans.replaces, 'terms', set_plans.terms,
			'named', cardinality(set_plans.account_nos), 'assigned', assigned, 'refused', cardinality(refused)));
END $$;
COMMENT ON FUNCTION billing.set_plans(text, text, date, text, text[], jsonb) IS
'gives many accounts a plan from a day on: those of an org and all below it, of them only those that have the plan replaces by then, or have these '
'numbers; terms: null keeps those of each; returns how many were assigned, and the numbers of those billed past the day, which stay as they are';

CREATE FUNCTION billing.market_of(plan_code text, during daterange)
RETURNS billing.market
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	version	record;
BEGIN
	IF isempty(market_of.during) OR lower_inf(market_of.during) OR upper_inf(market_of.during)
		OR NOT isfinite(lower(market_of.during)) OR NOT isfinite(upper(market_of.during)) OR upper(market_of.during) - lower(market_of.during) > 1500
		OR lower(market_of.during) NOT BETWEEN '1900-01-01' AND '2200-01-01' THEN
		RAISE EXCEPTION 'the span is one of 1 to 1500 days' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', market_of.during);
	END IF;
	SELECT v.tariff, v.market, v.asked, v.calendar_id INTO version FROM billing.plan p JOIN billing.plan_version v ON v.plan_id = p.plan_id
	 WHERE p.plan_code = market_of.plan_code AND v.from_on <= lower(market_of.during) ORDER BY v.from_on DESC LIMIT 1;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s on %s', market_of.plan_code, lower(market_of.during)));
	END IF;
	RETURN coalesce(version.market, billing._market(version.tariff, version.asked, version.calendar_id, lower(market_of.during), upper(market_of.during)));
END $$;
COMMENT ON FUNCTION billing.market_of(text, daterange) IS
'the market that a plan''s tariff asks for over a span, made of calendars, published prices and series as they are now; what is missing is left out, and rating says so';
