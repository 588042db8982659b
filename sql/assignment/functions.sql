CREATE FUNCTION billing.assign_accounts(staff_no text, account_nos text[], until timestamptz DEFAULT NULL, kinds text[] DEFAULT '{account}', actions text[] DEFAULT '{read}',
	from_at timestamptz DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: gives staff that the caller administers rights on accounts whose org he administers, and only such as he holds there.
DECLARE
	person	bigint;
	counted	integer;
BEGIN
	SELECT s.staff_id INTO person FROM billing.staff s
	 WHERE s.staff_no = assign_accounts.staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', assign_accounts.staff_no));
	END IF;
	PERFORM billing._refuse_self(billing._is_actor(person));
	IF NOT (assign_accounts.kinds <@ '{account,reading,supply}' AND assign_accounts.actions <@ '{read,write,approve}') THEN
		RAISE EXCEPTION 'of single accounts only readings, supplies and the accounts themselves are assigned, to be read, written or approved'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'Bills and money are in the sums of an organisation, too.',
				  HINT = 'grant_access() lets a person do that for an organisation.';
	END IF;
	WITH chosen AS MATERIALIZED (
		SELECT a.account_id, a.org_id FROM billing.account a
		 WHERE a.account_no = ANY (assign_accounts.account_nos) AND billing.can_write(a.org_id, 'org')
		   AND billing.can_read(a.org_id, 'bill') AND billing.can_read(a.org_id, 'reading') AND billing.can_read(a.org_id, 'money')
		   AND NOT EXISTS (SELECT FROM unnest(assign_accounts.kinds) k, unnest(assign_accounts.actions) n WHERE NOT billing._can_grant(n, k, a.org_id))),
	written AS (
		INSERT INTO billing.account_grant AS g (account_id, staff_id, org_id, kind, action, valid_during)
		SELECT DISTINCT c.account_id, person, c.org_id, k, n, billing._valid_from(NULL, assign_accounts.from_at, assign_accounts.until)
		  FROM chosen c, unnest(assign_accounts.kinds) k, unnest(assign_accounts.actions) n
		 ORDER BY c.account_id
		    ON CONFLICT ON CONSTRAINT account_grant_pkey DO UPDATE
		   SET valid_during = billing._valid_from(g.valid_during, assign_accounts.from_at, assign_accounts.until), granted_by = excluded.granted_by
		RETURNING g.account_id)
	SELECT count(DISTINCT w.account_id) INTO counted FROM written w;
	PERFORM billing._audit(o.org_id, 'assign_accounts', format('staff %s', assign_accounts.staff_no),
		jsonb_build_object('account_nos', assign_accounts.account_nos, 'until', assign_accounts.until, 'from', assign_accounts.from_at, 'kinds', assign_accounts.kinds, 'actions', assign_accounts.actions))
	   FROM (SELECT DISTINCT a.org_id FROM billing.account a
			  WHERE a.account_no = ANY (assign_accounts.account_nos) AND billing.can_write(a.org_id, 'org')) o;
	RETURN counted;
END $$;
COMMENT ON FUNCTION billing.assign_accounts(text, text[], timestamptz, text[], text[], timestamptz) IS
'lets a member of staff read of these accounts what their customers read, wherever he works, from a moment on (from_at; else now) until another or for good; with actions {write}, {approve} also do to them what '
'commands do to one account of these kinds (account, reading, supply), such as record_register(). To read by himself his login needs billing_customer. '
'Only accounts whose org one administers, where one holds what one gives; others are passed over; returns how many';

CREATE FUNCTION billing.unassign_accounts(staff_no text, account_nos text[] DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as assign_accounts().
DECLARE
	gone	integer;
BEGIN
	PERFORM billing._given('unassign_accounts', staff_no);
	WITH taken AS (
		DELETE FROM billing.account_grant g USING billing.staff s, billing.account a
		 WHERE s.staff_id = g.staff_id AND s.staff_no = unassign_accounts.staff_no AND a.account_id = g.account_id
		   AND (unassign_accounts.account_nos IS NULL OR a.account_no = ANY (unassign_accounts.account_nos))
		RETURNING g.org_id, a.account_no), told AS (
		SELECT t.org_id, array_agg(DISTINCT t.account_no ORDER BY t.account_no) AS account_nos, count(DISTINCT t.account_no) AS n FROM taken t GROUP BY t.org_id)
	SELECT coalesce(sum(t.n), 0) INTO gone
	  FROM told t CROSS JOIN LATERAL (SELECT billing._audit(t.org_id, 'unassign_accounts', format('staff %s', unassign_accounts.staff_no),
		jsonb_build_object('account_nos', t.account_nos))) w;
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.unassign_accounts(text, text[]) IS 'takes assigned accounts back, these or all, at once, in every session; returns how many';

CREATE FUNCTION billing._end_assignments()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: whoever may give a person another post takes the accounts of the old one away.
BEGIN
	DELETE FROM billing.account_grant g WHERE g.staff_id = NEW.staff_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._end_assignments() IS 'trigger: with another post or org, and with leaving, assigned accounts are gone';

CREATE FUNCTION billing._by_account(expression text)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT nullif(regexp_replace(regexp_replace(_by_account.expression,
			'billing\.can_(read|write)\((\w+\.)?org_id, (''\w+''::text)\)', 'billing.is_assigned(account_id, ''\1'', \3)', 'g'),
			'billing\.can_do\((''\w+''::text), (''\w+''::text), (\w+\.)?org_id\)', 'billing.is_assigned(account_id, \1, \2)', 'g'), _by_account.expression);
END;
COMMENT ON FUNCTION billing._by_account(text) IS 'a policy''s expression with rights on the account in place of rights at its org; null where it asks for none';
