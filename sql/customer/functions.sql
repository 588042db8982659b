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
	 WHERE a.account_no = _account_of.account_no AND billing.can_do(_account_of.action, _account_of.kind, a.org_id);
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
