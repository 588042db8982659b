CREATE FUNCTION billing.add_plan(plan_code text, name text, from_on date, tariff billing.tariff, market billing.market DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: plans are everybody's, so who writes them may do so everywhere.
DECLARE
	plan	bigint;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.plan AS p (plan_code, name) VALUES (add_plan.plan_code, add_plan.name)
	    ON CONFLICT ON CONSTRAINT plan_plan_code_key DO UPDATE SET name = excluded.name
	RETURNING p.plan_id INTO plan;
	INSERT INTO billing.plan_version (plan_id, from_on, tariff, market)
	VALUES (plan, add_plan.from_on, add_plan.tariff, add_plan.market);
	RETURN plan;
END $$;
COMMENT ON FUNCTION billing.add_plan(text, text, date, billing.tariff, billing.market) IS
'a price plan, or its next version, from a day on; needs write on plan everywhere; returns plan_id';

CREATE FUNCTION billing.set_plan(account_no text, plan_code text, from_on date, terms jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes what the caller may write of the account.
DECLARE
	found_id	bigint := billing._account_of(set_plan.account_no, 'write', 'account');
	account		record;
	plan		bigint;
BEGIN
	-- against a run, which holds the head while it bills
	SELECT h.account_id, h.org_id, h.billed_to INTO account FROM billing.account_head h
	 WHERE h.account_id = found_id FOR KEY SHARE;
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
