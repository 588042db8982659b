CREATE FUNCTION billing.assign_accounts(staff_no text, account_nos text[], until timestamptz DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: lets staff that the caller administers read accounts whose org he administers and may read himself.
DECLARE
	person	bigint;
	counted	integer;
BEGIN
	SELECT s.staff_id INTO person FROM billing.staff s
	 WHERE s.staff_no = assign_accounts.staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', assign_accounts.staff_no));
	END IF;
	PERFORM billing._refuse_self(format('staff:%s', person) = billing.actor());
	INSERT INTO billing.account_grant (account_id, staff_id, org_id, valid_during)
	SELECT a.account_id, person, a.org_id, tstzrange(now(), assign_accounts.until) FROM billing.account a
	 WHERE a.account_no = ANY (assign_accounts.account_nos) AND billing.can_write(a.org_id, 'org')
	   AND billing.can_read(a.org_id, 'bill') AND billing.can_read(a.org_id, 'reading') AND billing.can_read(a.org_id, 'money')
	 ORDER BY a.account_id
	    ON CONFLICT ON CONSTRAINT account_grant_pkey DO UPDATE SET valid_during = excluded.valid_during, granted_by = excluded.granted_by;
	GET DIAGNOSTICS counted = ROW_COUNT;
	PERFORM billing._audit(o.org_id, 'assign_accounts', format('staff %s', assign_accounts.staff_no),
		jsonb_build_object('account_nos', assign_accounts.account_nos, 'until', assign_accounts.until))
	   FROM (SELECT DISTINCT a.org_id FROM billing.account a
			  WHERE a.account_no = ANY (assign_accounts.account_nos) AND billing.can_write(a.org_id, 'org')) o;
	RETURN counted;
END $$;
COMMENT ON FUNCTION billing.assign_accounts(text, text[], timestamptz) IS
'lets a member of staff read of these accounts what their customers read, wherever he works, until a moment or for good; his login needs billing_customer '
'for it; only accounts that one may read oneself and whose org one administers, others are passed over; returns how many';

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
		SELECT t.org_id, array_agg(t.account_no ORDER BY t.account_no) AS account_nos, count(*) AS n FROM taken t GROUP BY t.org_id)
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
