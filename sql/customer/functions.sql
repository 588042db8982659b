CREATE FUNCTION billing.add_customer(org_no text, name text, kind text DEFAULT 'person', login_role name DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: the login role is not for clerks to write freely, only with a new customer.
DECLARE
	at_org	bigint := billing._org_of(add_customer.org_no, 'write', 'customer');
	made	bigint := nextval('billing.customer_customer_id_seq');
BEGIN
	INSERT INTO billing.customer (customer_id, org_id, name, kind, login_role) OVERRIDING SYSTEM VALUE
	VALUES (made, at_org, add_customer.name, add_customer.kind, add_customer.login_role);
	PERFORM billing._audit(at_org, 'add_customer', format('customer %s', made), jsonb_build_object('login_role', add_customer.login_role));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_customer(text, text, text, name) IS
'a person or firm whose record an org keeps; login_role: the database role of a customer who logs in; returns customer_id';

CREATE FUNCTION billing.add_account(org_no text, account_no text, customer_id bigint, opened_on date, address text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_customer(); the customer must be one the caller may read.
DECLARE
	at_org	bigint := billing._org_of(add_account.org_no, 'write', 'account');
	made	bigint := nextval('billing.account_account_id_seq');
BEGIN
	PERFORM FROM billing.customer c
	  WHERE c.customer_id = add_account.customer_id AND billing.can_read(c.org_id, 'customer');
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('customer %s', add_account.customer_id));
	END IF;
	INSERT INTO billing.account (account_id, org_id, customer_id, account_no, opened_on, address) OVERRIDING SYSTEM VALUE
	VALUES (made, at_org, add_account.customer_id, add_account.account_no, add_account.opened_on, add_account.address);
	PERFORM billing._audit(at_org, 'add_account', format('account %s', add_account.account_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_account(text, text, bigint, date, text) IS
'an account of a customer at an org, billed from opened_on; returns account_id';

CREATE FUNCTION billing._account_of(account_no text, action text, kind text)
RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	account	bigint;
BEGIN
	SELECT a.account_id INTO account FROM billing.account a
	 WHERE a.account_no = _account_of.account_no
	   AND (billing.can_do(_account_of.action, _account_of.kind, a.org_id) OR billing.is_assigned(a.account_id, _account_of.action, _account_of.kind));
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', _account_of.account_no));
	END IF;
	RETURN account;
END $$;
COMMENT ON FUNCTION billing._account_of(text, text, text) IS
'the account of this number where the actor has the right; called first, by itself: within a query over rows that nobody may see it would never run';

CREATE FUNCTION billing._make_heads()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: nobody writes heads but by what the store does.
BEGIN
	INSERT INTO billing.account_head (account_id, org_id, billed_to)
	SELECT n.account_id, n.org_id, n.opened_on FROM new_rows n;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._make_heads() IS 'a new account has its head, however it came';

CREATE FUNCTION billing._phase_of(account_id bigint, OUT phase text, OUT from_on date, OUT request_id bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- one request is open at a time, so their numbers are in the order of what they did
	SELECT coalesce(p.phase, 'active'), coalesce(p.from_on, a.opened_on), p.request_id
	  FROM billing.account a LEFT JOIN billing.account_phase p ON p.account_id = a.account_id
	 WHERE a.account_id = _phase_of.account_id ORDER BY p.request_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION billing._phase_of(bigint) IS 'the last phase of an account, and since when';

CREATE FUNCTION billing._period_end(from_on date, cycle_day smallint, cycle_months smallint, cycle_first smallint)
RETURNS date
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- not STRICT, so that it becomes part of the statements that ask it
BEGIN ATOMIC
	-- counted in months since the year 0, as if the period began on the first of one
	SELECT CASE WHEN _period_end.cycle_months = 1
				THEN (date_trunc('month', (_period_end.from_on - _period_end.cycle_day + 1)::timestamp) + interval '1 month')::date + _period_end.cycle_day - 1
				ELSE (date_trunc('month', (_period_end.from_on - _period_end.cycle_day + 1)::timestamp) + interval '1 month'
					  * (_period_end.cycle_months - (extract(month FROM _period_end.from_on - _period_end.cycle_day + 1)::integer - _period_end.cycle_first + 12)
						 % _period_end.cycle_months))::date + _period_end.cycle_day - 1 END;
END;
COMMENT ON FUNCTION billing._period_end(date, smallint, smallint, smallint) IS 'where the period of a cycle ends that has this day in it: the next period''s first day';

CREATE FUNCTION billing._is_due(head billing.account_head, until_on date)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- in a cycle whole periods only, or the last that the account has; outside of one up to the day of the run
	SELECT (head).billed_to < least(_is_due.until_on, (head).stops_on)
		AND ((head).cycle_id IS NULL OR (head).stops_on <= _is_due.until_on
			 OR billing._period_end((head).billed_to, (head).cycle_day, (head).cycle_months, (head).cycle_first) <= _is_due.until_on);
END;
COMMENT ON FUNCTION billing._is_due(billing.account_head, date) IS 'has an account a bill to be made by a run up to this day?';

CREATE FUNCTION billing.add_cycle(org_no text, cycle_code text, name text, cycle_day integer DEFAULT 1, months integer DEFAULT 1, first_month integer DEFAULT 1)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a cycle of an org, for who may write accounts there.
DECLARE
	at_org	bigint := billing._org_of(add_cycle.org_no, 'write', 'account');
	made	bigint;
BEGIN
	PERFORM billing._given('add_cycle', org_no, cycle_code, name, cycle_day, months, first_month);
	IF add_cycle.cycle_day NOT BETWEEN 1 AND 28 OR add_cycle.months NOT IN (1, 2, 3, 4, 6, 12) OR add_cycle.first_month NOT BETWEEN 1 AND 12 THEN
		RAISE EXCEPTION 'a cycle begins on a day from 1 to 28, and has 1, 2, 3, 4, 6 or 12 months' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	INSERT INTO billing.bill_cycle AS c (org_id, cycle_code, name, cycle_day, months, first_month)
	VALUES (at_org, add_cycle.cycle_code, add_cycle.name, add_cycle.cycle_day, add_cycle.months, add_cycle.first_month)
	RETURNING c.cycle_id INTO made;
	PERFORM billing._audit(at_org, 'add_cycle', format('cycle %s', add_cycle.cycle_code),
		jsonb_build_object('cycle_day', add_cycle.cycle_day, 'months', add_cycle.months, 'first_month', add_cycle.first_month));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_cycle(text, text, text, integer, integer, integer) IS
'a cycle of an org: its periods begin on this day of the month and have so many months; first_month: one in which a period begins; returns cycle_id';

CREATE FUNCTION billing.set_cycle(cycle_code text, account_nos text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: the head is written for who may write the accounts.
DECLARE
	cycle	billing.bill_cycle;
	wanted	bigint[];
	missing	text;
	changed	integer;
BEGIN
	PERFORM billing._given('set_cycle', cycle_code, account_nos);
	SELECT c.* INTO cycle FROM billing.bill_cycle c WHERE c.cycle_code = set_cycle.cycle_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('cycle %s', set_cycle.cycle_code));
	END IF;
	SELECT array_agg(a.account_id ORDER BY a.account_id) INTO wanted FROM billing.account a
	 WHERE a.account_no = ANY (set_cycle.account_nos) AND billing.can_write(a.org_id, 'account');
	SELECT n INTO missing FROM unnest(set_cycle.account_nos) n
	 WHERE NOT EXISTS (SELECT FROM billing.account a WHERE a.account_no = n AND a.account_id = ANY (wanted)) ORDER BY n LIMIT 1;
	IF FOUND THEN
		PERFORM billing._not_found(format('account %s', missing));
	END IF;
	-- against runs, in ascending order as everybody locks
	PERFORM FROM billing.account_head h WHERE h.account_id = ANY (wanted) ORDER BY h.account_id FOR NO KEY UPDATE;
	UPDATE billing.account_head h SET cycle_id = cycle.cycle_id, cycle_day = cycle.cycle_day, cycle_months = cycle.months, cycle_first = cycle.first_month
	 WHERE h.account_id = ANY (wanted);
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(a.org_id, 'set_cycle', format('account %s', a.account_no), jsonb_build_object('cycle_code', set_cycle.cycle_code))
	   FROM billing.account a WHERE a.account_id = ANY (wanted) ORDER BY a.account_id;
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.set_cycle(text, text[]) IS
'puts accounts into a cycle: from where each is billed to it gets a bill up to the next period''s beginning, and whole periods from there; returns how many';
