-- What the chains, the balances and the usage behind the bills say of themselves.
CREATE FUNCTION billing.verify(account_no text DEFAULT NULL, with_readings boolean DEFAULT true)
RETURNS TABLE (account_no text, seq bigint, problem text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH mine AS MATERIALIZED (
		SELECT a.account_id, a.account_no, a.org_id FROM billing.account a
		 WHERE verify.account_no IS NULL OR a.account_no = verify.account_no),
	event AS (
		SELECT b.account_id, b.seq, b.link, b.org_id, billing._bill_content(b) AS content, 0::numeric AS owed
		  FROM billing.bill b JOIN mine USING (account_id)
		UNION ALL
		SELECT t.account_id, t.seq, t.link, t.org_id, billing._transfer_content(t),
			   CASE 'receivable' WHEN t.debit THEN t.amount WHEN t.credit THEN -t.amount ELSE 0 END
		  FROM billing.transfer t JOIN mine USING (account_id)),
	link AS (
		SELECT e.account_id, e.seq, e.org_id, e.link, e.content,
			   lag(e.seq, 1, 0::bigint) OVER w AS seq_before, lag(e.link, 1, ''::bytea) OVER w AS link_before
		  FROM event e WINDOW w AS (PARTITION BY e.account_id ORDER BY e.seq, e.link)),
	finding AS (
		-- each link by itself, and to the one before
		SELECT l.account_id, l.seq, 'a link is missing before this one' AS problem FROM link l WHERE l.seq > l.seq_before + 1
		UNION ALL
		SELECT l.account_id, l.seq, 'two links have this number' AS problem FROM link l WHERE l.seq <= l.seq_before
		UNION ALL
		SELECT l.account_id, l.seq, 'the link does not follow from its content and the link before' AS problem
		  FROM link l WHERE l.link <> sha256(l.link_before || l.content)
		UNION ALL
		SELECT l.account_id, l.seq, 'the row belongs to another org than its account' AS problem
		  FROM link l JOIN mine m USING (account_id) WHERE l.org_id <> m.org_id
		UNION ALL
		-- the end of each chain, also of an empty one
		SELECT m.account_id, coalesce(s.seq, 0::bigint), p.problem
		  FROM mine m
		  LEFT JOIN billing.account_head h USING (account_id)
		  LEFT JOIN (SELECT e.account_id, max(e.seq) AS seq, sum(e.owed) AS owed FROM event e GROUP BY e.account_id) s USING (account_id)
		  LEFT JOIN link l ON l.account_id = m.account_id AND l.seq = s.seq
		 CROSS JOIN LATERAL (
			SELECT 'the account has no head' AS problem WHERE h.account_id IS NULL
			UNION ALL
			SELECT 'the chain does not end where the head says' AS problem WHERE h.seq <> coalesce(s.seq, 0::bigint) OR h.link <> coalesce(l.link, ''::bytea)
			UNION ALL
			SELECT 'the balance is not the sum of the transfers' AS problem WHERE h.balance <> coalesce(s.owed, 0::numeric)) p
		UNION ALL
		-- and what the bills rest on
		SELECT b.account_id, b.seq, 'the readings are not those that were billed' AS problem FROM billing.bill b JOIN mine USING (account_id)
		 WHERE verify.with_readings AND b.kind = 'normal' AND b.usage_digest IS DISTINCT FROM billing._usage_digest_at(b.account_id, b.from_on, b.until_on, b.seq)
		   -- as earlier releases made it, of the rows as they lay
		   AND b.usage_digest IS DISTINCT FROM billing._usage_digest(b.account_id, b.from_on, b.until_on)
		   AND NOT EXISTS (SELECT FROM billing._register_usage(b.account_id, b.from_on, b.until_on, b.seq) q WHERE q.digest = b.usage_digest)
		   AND NOT EXISTS (SELECT FROM billing.formed_usage u WHERE u.account_id = b.account_id AND u.from_on = b.from_on AND u.until_on = b.until_on
							  AND u.digest = b.usage_digest AND u.digest = billing._formed_digest(u.account_id, u.from_on, u.until_on, u.usage)))
	SELECT m.account_no, f.seq, f.problem FROM finding f JOIN mine m USING (account_id) ORDER BY m.account_no, f.seq, f.problem;
END;
COMMENT ON FUNCTION billing.verify(text, boolean) IS
'checks every link of the chains of one account, or of all that the actor may read: what was changed, removed, put in or cut off, '
'balances, and, unless told otherwise, the readings behind the bills; no row: nothing is wrong. What a superuser forged from end to end it cannot see';
