-- What the chains, the balances and the usage behind the bills say of themselves.

/*
 * A chain is added up by an aggregate, account by account, so that memory stays
 * what one account needs.  Only those that do not come to where their head says
 * are looked at link by link.
 */
CREATE FUNCTION billing._verify_range(first_account bigint, last_account bigint, with_readings boolean)
RETURNS TABLE (account_no text, seq bigint, problem text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE COST 1000000 ROWS 10
-- compiling it takes as long as verifying 300,000 links
SET jit = off
BEGIN ATOMIC
	WITH broken AS MATERIALIZED (
		SELECT a.account_id, a.account_no, a.org_id, h.account_id IS NOT NULL AS has_head, h.seq, h.link, h.balance, c.owed
		  FROM billing.account a
		  LEFT JOIN billing.account_head h USING (account_id)
		 CROSS JOIN LATERAL (
			SELECT count(*) AS links, billing._chain_end(e.seq, e.link, e.content ORDER BY e.seq, e.link) AS link,
				   coalesce(sum(e.owed), 0::numeric) AS owed, coalesce(bool_and(e.org_id = a.org_id), true) AS is_at_home
			  FROM (SELECT b.seq, b.link, b.org_id, billing._bill_content(b) AS content, NULL::numeric AS owed
					  FROM billing.bill b WHERE b.account_id = a.account_id
					UNION ALL
					SELECT t.seq, t.link, t.org_id, billing._transfer_content(t),
						   CASE 'receivable' WHEN t.debit THEN t.amount WHEN t.credit THEN -t.amount END
					  FROM billing.transfer t WHERE t.account_id = a.account_id) e) c
		 WHERE a.account_id >= _verify_range.first_account AND a.account_id <= _verify_range.last_account
		   AND (h.seq = c.links AND h.link = c.link AND h.balance = c.owed AND c.is_at_home) IS NOT TRUE),
	link AS MATERIALIZED (
		SELECT k.account_id, k.account_no, e.seq, e.link, e.content, e.org_id <> k.org_id AS is_elsewhere,
			   lag(e.seq, 1, 0::bigint) OVER w AS seq_before, lag(e.link, 1, ''::bytea) OVER w AS link_before
		  FROM broken k
		 CROSS JOIN LATERAL (
			SELECT b.seq, b.link, b.org_id, billing._bill_content(b) AS content FROM billing.bill b WHERE b.account_id = k.account_id
			UNION ALL
			SELECT t.seq, t.link, t.org_id, billing._transfer_content(t) FROM billing.transfer t WHERE t.account_id = k.account_id) e
		WINDOW w AS (PARTITION BY k.account_id ORDER BY e.seq, e.link))
	-- each link by itself, and to the one before
	SELECT l.account_no, l.seq, p.problem
	  FROM link l
	 CROSS JOIN LATERAL (
		SELECT 'a link is missing before this one' AS problem WHERE l.seq > l.seq_before + 1
		UNION ALL
		SELECT 'two links have this number' AS problem WHERE l.seq <= l.seq_before
		UNION ALL
		SELECT 'the link does not follow from its content and the link before' AS problem WHERE l.link <> sha256(l.link_before || l.content)
		UNION ALL
		SELECT 'the row belongs to another org than its account' AS problem WHERE l.is_elsewhere) p
	UNION ALL
	-- the end of each chain, also of an empty one
	SELECT k.account_no, coalesce(s.seq, 0::bigint), p.problem
	  FROM broken k
	  LEFT JOIN LATERAL (SELECT l.seq, l.link FROM link l WHERE l.account_id = k.account_id ORDER BY l.seq DESC, l.link DESC LIMIT 1) s ON true
	 CROSS JOIN LATERAL (
		SELECT 'the account has no head' AS problem WHERE NOT k.has_head
		UNION ALL
		SELECT 'the chain does not end where the head says' AS problem WHERE k.seq <> coalesce(s.seq, 0::bigint) OR k.link <> coalesce(s.link, ''::bytea)
		UNION ALL
		SELECT 'the balance is not the sum of the transfers' AS problem WHERE k.balance <> k.owed) p
	UNION ALL
	-- and what the bills rest on
	SELECT a.account_no, b.seq, 'the readings are not those that were billed' AS problem FROM billing.bill b JOIN billing.account a USING (account_id)
	 WHERE _verify_range.with_readings AND b.account_id >= _verify_range.first_account AND b.account_id <= _verify_range.last_account
	   AND b.kind IN ('normal', 'correction')
	   -- most lie as they were billed, and are digested in passing; CASE: the other ways are asked only then
	   AND CASE WHEN b.usage_digest = (SELECT sha256(string_agg(billing.digest(r.profile), ''::bytea ORDER BY r.part, r.channel, r.from_on)) FROM billing.reading r
										WHERE r.account_id = b.account_id AND r.from_on > b.from_on - 31 AND r.from_on < b.until_on AND r.until_on > b.from_on) THEN false
				ELSE b.usage_digest IS DISTINCT FROM billing._usage_digest_at(b.account_id, b.from_on, b.until_on, b.seq)
					 AND NOT EXISTS (SELECT FROM billing._register_usage(b.account_id, b.from_on, b.until_on, b.seq) q WHERE q.digest = b.usage_digest)
					 AND NOT EXISTS (SELECT FROM billing.formed_usage u WHERE u.account_id = b.account_id AND u.from_on = b.from_on AND u.until_on = b.until_on
										AND u.digest = b.usage_digest AND u.digest = billing._formed_digest(u.account_id, u.from_on, u.until_on, u.usage)) END;
END;
COMMENT ON FUNCTION billing._verify_range(bigint, bigint, boolean) IS 'what is wrong with the chains of a range of accounts, and with the readings behind their bills';

CREATE FUNCTION billing._verify(account text, with_readings boolean)
RETURNS TABLE (account_no text, seq bigint, problem text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	first	bigint;
	last	bigint;
	e		bigint[];
BEGIN
	SELECT min(a.account_id), max(a.account_id) INTO first, last FROM billing.account a
	 WHERE _verify.account IS NULL OR a.account_no = _verify.account;
	IF last - first < 1000 THEN
		RETURN QUERY SELECT v.* FROM billing._verify_range(first, last, _verify.with_readings) v ORDER BY 1, 2, 3;
		RETURN;
	END IF;
	-- in parts, which the planner gives to parallel workers as far as it may have them
	SELECT array_agg(first + (last + 1 - first) * n / 8 ORDER BY n) INTO e FROM generate_series(0, 8) n;
	RETURN QUERY
		SELECT v.* FROM billing._verify_range(e[1], e[2] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[2], e[3] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[3], e[4] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[4], e[5] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[5], e[6] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[6], e[7] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[7], e[8] - 1, _verify.with_readings) v UNION ALL
		SELECT v.* FROM billing._verify_range(e[8], e[9] - 1, _verify.with_readings) v
		 ORDER BY 1, 2, 3;
END $$;
COMMENT ON FUNCTION billing._verify(text, boolean) IS 'what is wrong with the chains of an account, or of all';

CREATE FUNCTION billing.verify(account_no text DEFAULT NULL, with_readings boolean DEFAULT true)
RETURNS TABLE (account_no text, seq bigint, problem text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT v.account_no, v.seq, v.problem FROM billing._verify(verify.account_no, verify.with_readings) v;
END;
COMMENT ON FUNCTION billing.verify(text, boolean) IS
'checks every link of the chains of one account, or of all that the actor may read: what was changed, removed, put in or cut off, '
'balances, and, unless told otherwise, the readings behind the bills; no row: nothing is wrong. What a superuser forged from end to end it cannot see';
