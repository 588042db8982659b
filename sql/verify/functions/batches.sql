-- What the chain of batches says of the readings.
CREATE FUNCTION billing.verify_batches(org_no text DEFAULT NULL)
RETURNS TABLE (org_no text, batch_id bigint, account_no text, part text, channel text, from_on date, until_on date, problem text)
LANGUAGE sql STABLE PARALLEL SAFE
-- a large query that is soon done
SET jit = off
BEGIN ATOMIC
	WITH mine AS MATERIALIZED (
		SELECT o.org_id, o.org_no FROM billing.org o WHERE verify_batches.org_no IS NULL OR o.org_no = verify_batches.org_no),
	link AS (
		SELECT b.batch_id, b.org_id, b.kind, b.seq, b.link, billing._batch_content(b) AS content,
			   lag(b.seq, 1, 0::bigint) OVER w AS seq_before, lag(b.link, 1, ''::bytea) OVER w AS link_before
		  FROM billing.batch b JOIN mine USING (org_id)
		 WHERE b.landed_at IS NOT NULL
		WINDOW w AS (PARTITION BY b.org_id, b.kind ORDER BY b.seq, b.batch_id)),
	-- what each batch says it stored, of the accounts that the caller may see
	said AS (
		SELECT m.batch_id, m.org_id, u.account_id, u.part, u.channel, u.from_on, u.until_on, u.leaf, coalesce(u.entry_no, 0::bigint) AS entry_no
		  FROM billing.batch_manifest m JOIN mine USING (org_id)
		 CROSS JOIN LATERAL unnest(m.accounts, m.parts, m.channels, m.from_days, m.until_days, m.leaves, m.entries) u(account_id, part, channel, from_on, until_on, leaf, entry_no)
		  JOIN billing.account a ON a.account_id = u.account_id),
	-- and what of it is there, now or superseded, piece by piece
	piece AS (
		SELECT r.batch_id, r.account_id, r.part, r.channel, r.from_on, r.until_on, r.profile
		  FROM billing.reading r
		 WHERE r.batch_id IS NOT NULL
		   AND NOT EXISTS (SELECT FROM billing.reading_piece p WHERE p.account_id = r.account_id AND p.from_on = r.from_on AND p.part = r.part AND p.channel = r.channel)
		UNION ALL
		SELECT p.batches[i], r.account_id, r.part, r.channel, p.days[i], coalesce(p.days[i + 1], r.until_on),
			   billing.slice(r.profile, daterange(p.days[i], coalesce(p.days[i + 1], r.until_on)))
		  FROM billing.reading_piece p
		  JOIN billing.reading r ON r.account_id = p.account_id AND r.from_on = p.from_on AND r.part = p.part AND r.channel = p.channel
		 CROSS JOIN LATERAL generate_subscripts(p.days, 1) i
		 WHERE p.batches[i] IS NOT NULL
		UNION ALL
		SELECT s.batch_id, s.account_id, s.part, s.channel, s.from_on, s.until_on, s.profile
		  FROM billing.reading_superseded s WHERE s.batch_id IS NOT NULL AND s.profile IS NOT NULL),
	begun AS (
		SELECT p.*, k.slot, k.zone, k.month, lag(p.until_on) OVER w IS DISTINCT FROM p.from_on AS begins
		  FROM piece p JOIN billing.batch b USING (batch_id) JOIN mine m ON m.org_id = b.org_id
		 CROSS JOIN LATERAL (SELECT billing.slot(p.profile) AS slot, billing.time_zone(p.profile) AS zone, date_trunc('month', p.from_on::timestamp) AS month) k
		WINDOW w AS (PARTITION BY p.batch_id, p.account_id, p.part, p.channel, k.month, k.slot, k.zone ORDER BY p.from_on)),
	numbered AS (
		SELECT g.*, count(*) FILTER (WHERE g.begins) OVER (PARTITION BY g.batch_id, g.account_id, g.part, g.channel, g.month, g.slot, g.zone ORDER BY g.from_on) AS island
		  FROM begun g),
	found AS (
		SELECT n.batch_id, n.account_id, n.part, n.channel, min(n.from_on) AS from_on, max(n.until_on) AS until_on,
			   billing._reading_leaf(n.account_id, n.part, n.channel, min(n.from_on), max(n.until_on), billing.digest(billing.concat_agg(n.profile))) AS leaf, 0::bigint AS entry_no
		  FROM numbered n GROUP BY n.batch_id, n.account_id, n.part, n.channel, n.month, n.slot, n.zone, n.island
		UNION ALL
		SELECT r.batch_id, r.account_id, r.part, r.register, r.read_on, r.read_on, billing._register_leaf(r), r.entry_no
		  FROM billing.register_reading r JOIN billing.batch b ON b.batch_id = r.batch_id JOIN mine m ON m.org_id = b.org_id
		UNION ALL
		SELECT r.decision_batch_id, r.account_id, r.part, r.register, r.read_on, r.read_on, billing._decision_leaf(r), -r.entry_no
		  FROM billing.register_reading r JOIN billing.batch b ON b.batch_id = r.decision_batch_id JOIN mine m ON m.org_id = b.org_id),
	finding AS (
		SELECT l.org_id, l.batch_id, NULL::bigint AS account_id, NULL::text AS part, NULL::text AS channel, NULL::date AS from_on, NULL::date AS until_on, v.problem
		  FROM link l
		 CROSS JOIN LATERAL (
			SELECT 'a batch is missing before this one' AS problem WHERE l.seq > l.seq_before + 1
			UNION ALL
			SELECT 'two batches have this number' AS problem WHERE l.seq <= l.seq_before
			UNION ALL
			SELECT 'the link does not follow from what the batch says and the link before' AS problem WHERE l.link <> sha256(l.link_before || l.content)) v
		UNION ALL
		SELECT h.org_id, e.batch_id, NULL AS account_id, NULL AS part, NULL AS channel, NULL AS from_on, NULL AS until_on, 'the chain does not end where its head says' AS problem
		  FROM billing.batch_head h JOIN mine USING (org_id)
		  LEFT JOIN LATERAL (SELECT l.batch_id, l.seq, l.link FROM link l WHERE l.org_id = h.org_id AND l.kind = h.kind ORDER BY l.seq DESC LIMIT 1) e ON true
		 WHERE h.seq <> coalesce(e.seq, 0::bigint) OR h.link <> coalesce(e.link, ''::bytea)
		UNION ALL
		SELECT DISTINCT l.org_id, l.batch_id, NULL::bigint AS account_id, NULL AS part, NULL AS channel, NULL::date AS from_on, NULL::date AS until_on, 'the chain has no head' AS problem FROM link l
		 WHERE NOT EXISTS (SELECT FROM billing.batch_head h WHERE h.org_id = l.org_id AND h.kind = l.kind)
		UNION ALL
		SELECT b.org_id, b.batch_id, NULL AS account_id, NULL AS part, NULL AS channel, NULL AS from_on, NULL AS until_on, 'the content is not what was received' AS problem
		  FROM billing.batch b JOIN mine USING (org_id) WHERE b.again_of IS NULL AND b.digest <> sha256(b.content)
		UNION ALL
		SELECT b.org_id, b.batch_id, NULL AS account_id, NULL AS part, NULL AS channel, NULL AS from_on, NULL AS until_on, 'the list of what it stored is not the one that was linked' AS problem
		  FROM billing.batch b JOIN mine USING (org_id)
		  LEFT JOIN billing.batch_manifest m USING (batch_id)
		 WHERE b.landed_at IS NOT NULL AND b.root <> billing._merkle_root(coalesce(m.leaves, '{}'::bytea[]))
		UNION ALL
		SELECT b.org_id, batch_id, account_id, part, channel, from_on, coalesce(s.until_on, f.until_on),
			   CASE WHEN f.leaf IS NULL THEN CASE entry_no WHEN 0 THEN 'days that the batch brought are gone' ELSE 'a reading of a register that the batch has is gone' END
					WHEN s.leaf IS NULL THEN CASE entry_no WHEN 0 THEN 'days were put in that the batch did not bring' ELSE 'a reading of a register was put in that the batch does not have' END
					WHEN entry_no = 0 THEN 'the readings are not those that the batch brought'
					ELSE 'the reading of a register is not the one that the batch has' END
		  FROM said s FULL JOIN found f USING (batch_id, account_id, part, channel, from_on, entry_no)
		  JOIN billing.batch b USING (batch_id)
		 WHERE s.leaf IS DISTINCT FROM f.leaf
		UNION ALL
		-- what became of a reading follows from what was found and decided
		SELECT a.org_id, r.batch_id, r.account_id, r.part, r.register, r.read_on, r.read_on, 'the state of a reading of a register does not follow from what was found and decided' AS problem
		  FROM billing.register_reading r JOIN billing.account a ON a.account_id = r.account_id JOIN mine m ON m.org_id = a.org_id
		 WHERE r.batch_id IS NOT NULL
		   AND CASE r.state
				WHEN 'valid' THEN r.finding IN ('billed', 'digits', 'multiplier', 'again')
					OR r.finding IN ('order', 'fell back', 'below estimate', 'changed', 'high', 'low', 'sum') AND r.decision_batch_id IS NULL AND r.decided_at IS NULL
				WHEN 'rejected' THEN r.decided_at IS NULL AND r.finding NOT IN ('billed', 'digits', 'multiplier') OR r.finding IS NULL
				WHEN 'superseded' THEN r.finding IS DISTINCT FROM 'again'
					AND NOT EXISTS (SELECT FROM billing.register_reading n WHERE n.account_id = r.account_id AND n.read_on = r.read_on AND n.part = r.part
									   AND n.register = r.register AND n.place = r.place AND n.entry_no > r.entry_no
									   AND n.state IN ('valid', 'superseded') AND n.finding IS DISTINCT FROM 'again')
				ELSE r.state <> 'pending' END)
	SELECT m.org_no, f.batch_id, a.account_no, f.part, f.channel, f.from_on, f.until_on, f.problem
	  FROM finding f JOIN mine m USING (org_id) LEFT JOIN billing.account a ON a.account_id = f.account_id
	 ORDER BY m.org_no, f.batch_id, a.account_no, f.from_on, f.problem;
END;
COMMENT ON FUNCTION billing.verify_batches(text) IS
'checks the chain of batches of one org, or of all that the actor may read, and that the readings each brought, and those of registers, are there unchanged, now or as '
'superseded: what was changed, removed, put in or cut off, and where; no row: nothing is wrong. Accounts that the actor may not see are passed over';
