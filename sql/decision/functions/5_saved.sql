-- ---- trials that are kept ----

CREATE FUNCTION billing._what_if_result(criteria jsonb, during daterange, plan_code text, version_from_on date, tariff billing.tariff, terms jsonb,
	OUT accounts bigint, OUT refused bigint, OUT before numeric, OUT after numeric, OUT winners bigint, OUT losers bigint, OUT by_class jsonb, OUT result_digest bytea)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH rated AS MATERIALIZED (
		SELECT r.* FROM billing.rate_segment(_what_if_result.criteria, _what_if_result.during, _what_if_result.plan_code, _what_if_result.version_from_on, _what_if_result.tariff, _what_if_result.terms) r),
	class AS (
		SELECT r.class, count(*) AS accounts, sum(r.before) FILTER (WHERE r.sqlstate IS NULL) AS before, sum(r.after) AS after FROM rated r GROUP BY r.class)
	SELECT count(*), count(r.sqlstate), sum(r.before) FILTER (WHERE r.sqlstate IS NULL), sum(r.after), count(*) FILTER (WHERE r.difference < 0), count(*) FILTER (WHERE r.difference > 0),
		   (SELECT coalesce(jsonb_object_agg(c.class, jsonb_build_object('accounts', c.accounts, 'before', c.before, 'after', c.after)), '{}') FROM class c),
		   sha256(convert_to(coalesce(string_agg(concat_ws(' ', r.account_id, r.before, coalesce(r.after::text, '-'), r.sqlstate), E'\n' ORDER BY r.account_id), ''), 'UTF8'))
	  FROM rated r HAVING billing._is_one_currency(array_agg(DISTINCT r.currency) FILTER (WHERE r.sqlstate IS NULL));
END;
COMMENT ON FUNCTION billing._what_if_result(jsonb, daterange, text, date, billing.tariff, jsonb) IS 'the result of a trial in one row';

CREATE FUNCTION billing.save_what_if(org_no text, name text, criteria jsonb, during daterange, plan_code text DEFAULT NULL, version_from_on date DEFAULT NULL,
									 tariff billing.tariff DEFAULT NULL, terms jsonb DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: keeps what the caller could have asked for himself.
DECLARE
	at_org	bigint := billing._org_of(save_what_if.org_no, 'read', 'bill');
	made	bigint;
BEGIN
	PERFORM billing._org_of(save_what_if.org_no, 'read', 'reading');
	IF jsonb_typeof(save_what_if.criteria) IS DISTINCT FROM 'object' OR coalesce(save_what_if.criteria ->> 'org', save_what_if.org_no) <> save_what_if.org_no THEN
		RAISE EXCEPTION 'what is kept at org % is about its accounts', save_what_if.org_no USING ERRCODE = 'invalid_parameter_value', HINT = 'The criteria are an object, without another "org".';
	END IF;
	INSERT INTO billing.what_if (org_id, name, criteria, during, plan_code, version_from_on, tariff, terms, accounts, refused, before, after, winners, losers, by_class, result_digest)
	SELECT at_org, save_what_if.name, q.criteria, save_what_if.during, save_what_if.plan_code, save_what_if.version_from_on, save_what_if.tariff, save_what_if.terms,
		   r.accounts, r.refused, r.before, r.after, r.winners, r.losers, r.by_class, r.result_digest
	  FROM (SELECT save_what_if.criteria || jsonb_build_object('org', save_what_if.org_no) AS criteria) q
	 CROSS JOIN LATERAL billing._what_if_result(q.criteria, save_what_if.during, save_what_if.plan_code, save_what_if.version_from_on, save_what_if.tariff, save_what_if.terms) r
	RETURNING what_if_id INTO made;
	PERFORM billing._audit(at_org, 'save_what_if', format('what-if %s', made), jsonb_build_object('name', save_what_if.name));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.save_what_if(text, text, jsonb, daterange, text, date, billing.tariff, jsonb) IS
'rates as rate_segment() does the accounts of an org and those below it that meet some criteria, and keeps question and result; needs read on bill and reading; returns what_if_id';

CREATE FUNCTION billing.repeat_what_if(what_if_id bigint)
RETURNS TABLE (name text, same boolean, accounts bigint, refused bigint, before numeric, after numeric, winners bigint, losers bigint, by_class jsonb)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	kept	billing.what_if;
BEGIN
	SELECT w.* INTO kept FROM billing.what_if w WHERE w.what_if_id = repeat_what_if.what_if_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('what-if %s', repeat_what_if.what_if_id));
	END IF;
	RETURN QUERY
	SELECT kept.name, r.result_digest = kept.result_digest, r.accounts, r.refused, r.before, r.after, r.winners, r.losers, r.by_class
	  FROM billing._what_if_result(kept.criteria, kept.during, kept.plan_code, kept.version_from_on, kept.tariff, kept.terms) r;
END $$;
COMMENT ON FUNCTION billing.repeat_what_if(bigint) IS 'a kept trial once more, without a trace: what comes of it now, and whether that is the same for every account';

-- ---- campaigns ----

CREATE FUNCTION billing._campaign_of(code text, action text)
RETURNS billing.campaign
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	campaign	billing.campaign;
BEGIN
	SELECT c.* INTO campaign FROM billing.campaign c WHERE c.code = _campaign_of.code AND billing.can_do(_campaign_of.action, CASE _campaign_of.action WHEN 'read' THEN 'bill' ELSE 'customer' END, c.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('campaign %s', _campaign_of.code));
	END IF;
	RETURN campaign;
END $$;
COMMENT ON FUNCTION billing._campaign_of(text, text) IS 'a campaign by its code, where the actor has the right';

CREATE FUNCTION billing.add_campaign(org_no text, code text, name text, plan_code text, criteria jsonb, basis daterange, least_saving numeric)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: lists accounts whose bills and readings the caller may read, for who may write customers there.
DECLARE
	at_org	bigint := billing._org_of(add_campaign.org_no, 'write', 'customer');
	made	bigint;
	counted	integer;
BEGIN
	PERFORM billing._given('add_campaign', org_no, code, name, plan_code, criteria, basis, least_saving);
	PERFORM billing._org_of(add_campaign.org_no, 'read', k) FROM unnest('{account,bill,reading}'::text[]) k;
	IF jsonb_typeof(add_campaign.criteria) <> 'object' OR coalesce(add_campaign.criteria ->> 'org', add_campaign.org_no) <> add_campaign.org_no OR NOT coalesce(add_campaign.least_saving >= 0, false) THEN
		RAISE EXCEPTION 'a campaign of org % is for accounts of it that save something', add_campaign.org_no
			USING ERRCODE = 'invalid_parameter_value', HINT = 'The criteria are an object, without another "org"; the least saving is not below zero.';
	END IF;
	PERFORM billing._check_trial(add_campaign.basis, add_campaign.plan_code, NULL, NULL, NULL);
	INSERT INTO billing.campaign (org_id, code, name, plan_id, criteria, basis, least_saving)
	SELECT at_org, add_campaign.code, add_campaign.name, p.plan_id, add_campaign.criteria || jsonb_build_object('org', add_campaign.org_no), add_campaign.basis, add_campaign.least_saving
	  FROM billing.plan p WHERE p.plan_code = add_campaign.plan_code
	RETURNING campaign_id INTO made;
	INSERT INTO billing.campaign_account (account_id, campaign_id, org_id, plan_id, before, after)
	SELECT r.account_id, made, a.org_id, p.plan_id, r.before, r.after
	  FROM billing.rate_segment(add_campaign.criteria || jsonb_build_object('org', add_campaign.org_no), add_campaign.basis, add_campaign.plan_code) r
	  JOIN billing.account a ON a.account_id = r.account_id
	  JOIN billing.plan p ON p.plan_code = r.own_plan_code
	 WHERE r.before - r.after >= add_campaign.least_saving AND r.after < r.before AND p.plan_code <> add_campaign.plan_code
	 ORDER BY r.account_id;
	GET DIAGNOSTICS counted = ROW_COUNT;
	PERFORM billing._audit(at_org, 'add_campaign', format('campaign %s', add_campaign.code), jsonb_build_object('plan_code', add_campaign.plan_code, 'accounts', counted));
	RETURN counted;
END $$;
COMMENT ON FUNCTION billing.add_campaign(text, text, text, text, jsonb, daterange, numeric) IS
'an offer of a plan to the accounts of an org and those below it that meet some criteria and would have paid so much less by it over the days of the basis; needs write on customer, and read on '
'account, bill and reading; returns how many accounts are listed';

CREATE FUNCTION billing.answer_campaign(code text, account_no text, state text, note text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes what a customer has said, for who may write customers there.
DECLARE
	campaign	billing.campaign := billing._campaign_of(answer_campaign.code, 'write');
	at_org		bigint;
BEGIN
	UPDATE billing.campaign_account c SET state = answer_campaign.state, note = answer_campaign.note, changed_by = billing.actor(), changed_at = now()
	  FROM billing.account a WHERE a.account_no = answer_campaign.account_no AND c.account_id = a.account_id AND c.campaign_id = campaign.campaign_id
	RETURNING c.org_id INTO at_org;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s in campaign %s', answer_campaign.account_no, answer_campaign.code));
	END IF;
	PERFORM billing._audit(at_org, 'answer_campaign', format('account %s', answer_campaign.account_no), jsonb_build_object('campaign', answer_campaign.code, 'state', answer_campaign.state));
END $$;
COMMENT ON FUNCTION billing.answer_campaign(text, text, text, text) IS 'what came of an offer: contacted, accepted or declined; needs write on customer';

CREATE FUNCTION billing.campaign_outcome(code text, until_on date DEFAULT current_date)
RETURNS TABLE (state text, accounts bigint, expected_saving numeric, changed bigint, billed numeric, otherwise numeric, saving numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 4
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
#variable_conflict use_column
DECLARE
	c	billing.campaign := billing._campaign_of(campaign_outcome.code, 'read');
BEGIN
	RETURN QUERY
	WITH listed AS MATERIALIZED (
		-- since when it has the plan of the campaign, after it was listed
		SELECT m.account_id, m.state, m.before - m.after AS expected, p.plan_code,
			   (SELECT min(q.from_on) FROM billing.account_plan q WHERE q.account_id = m.account_id AND q.plan_id = c.plan_id AND q.from_on >= upper(c.basis) AND q.from_on < campaign_outcome.until_on) AS since
		  FROM billing.campaign_account m JOIN billing.plan p ON p.plan_id = m.plan_id WHERE m.campaign_id = c.campaign_id),
	measured AS (
		SELECT r.account_id, r.before, r.after
		  FROM (SELECT l.plan_code, l.since, array_agg(l.account_id ORDER BY l.account_id) AS ids FROM listed l WHERE l.since IS NOT NULL GROUP BY l.plan_code, l.since) g
		 CROSS JOIN LATERAL billing._rate_accounts(g.ids, NULL, daterange(g.since, campaign_outcome.until_on), g.plan_code, NULL, NULL) r
		 WHERE r.sqlstate IS NULL)
	SELECT l.state, count(*), sum(l.expected), count(l.since), sum(m.before), sum(m.after), sum(m.after - m.before)
	  FROM listed l LEFT JOIN measured m ON m.account_id = l.account_id GROUP BY l.state ORDER BY l.state;
END $$;
COMMENT ON FUNCTION billing.campaign_outcome(text, date) IS
'what came of a campaign by a day, by answer: accounts and what they were to save over the basis; how many have the plan since, what they were billed by it, what these bills would have been by '
'the plan before, and so what they have saved';
