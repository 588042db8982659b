-- Readings that came as days become rows of a month; what was said of them goes along.
CREATE FUNCTION billing._fold_accounts(accounts bigint[], from_on date, until_on date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
AS $$
#variable_conflict use_column
-- Rows of a month that follow each other become one; which days are whose goes along.
DECLARE
	old		billing.reading[];
	pieces	billing.reading_piece[];
BEGIN
	PERFORM billing._lock_heads(_fold_accounts.accounts);
	SELECT array_agg(q.row) INTO old
	  FROM (SELECT r AS row, count(*) OVER (PARTITION BY r.account_id, r.part, r.channel, date_trunc('month', r.from_on::timestamp), billing.slot(r.profile), billing.time_zone(r.profile)) AS rows
			  FROM unnest(_fold_accounts.accounts) a
			  JOIN billing.reading r ON r.account_id = a AND r.from_on >= _fold_accounts.from_on AND r.from_on < _fold_accounts.until_on
			 WHERE date_trunc('month', r.from_on::timestamp) = date_trunc('month', (r.until_on - 1)::timestamp)
			   AND (date_trunc('month', r.from_on::timestamp) + interval '1 month')::date <= _fold_accounts.until_on) q
	 WHERE q.rows > 1;
	IF old IS NULL THEN
		RETURN 0;
	END IF;
	SELECT array_agg(p) INTO pieces FROM unnest(old) o
	  JOIN billing.reading_piece p ON p.account_id = o.account_id AND p.from_on = o.from_on AND p.part = o.part AND p.channel = o.channel;
	DELETE FROM billing.reading r USING unnest(old) o
	 WHERE r.account_id = o.account_id AND r.from_on = o.from_on AND r.part = o.part AND r.channel = o.channel;
	WITH begun AS (
		SELECT o.*, k.slot, k.zone, k.month, lag(o.until_on) OVER w IS DISTINCT FROM o.from_on AS begins
		  FROM unnest(old) o
		 CROSS JOIN LATERAL (SELECT billing.slot(o.profile) AS slot, billing.time_zone(o.profile) AS zone, date_trunc('month', o.from_on::timestamp) AS month) k
		WINDOW w AS (PARTITION BY o.account_id, o.part, o.channel, k.month, k.slot, k.zone ORDER BY o.from_on)),
	island AS MATERIALIZED (
		SELECT b.*, count(*) FILTER (WHERE b.begins) OVER (PARTITION BY b.account_id, b.part, b.channel, b.month, b.slot, b.zone ORDER BY b.from_on) AS island FROM begun b),
	piece AS (
		SELECT i.account_id, i.part, i.channel, i.month, i.slot, i.zone, i.island, coalesce(u.day, i.from_on) AS day,
			   CASE WHEN u.day IS NULL THEN i.batch_id ELSE u.batch END AS batch, coalesce(u.version, i.version_at, i.received_at) AS version
		  FROM island i
		  LEFT JOIN unnest(pieces) p ON p.account_id = i.account_id AND p.from_on = i.from_on AND p.part = i.part AND p.channel = i.channel
		  LEFT JOIN LATERAL unnest(p.days, p.batches, p.versions) u(day, batch, version) ON true),
	own AS (
		SELECT p.*, row_number() OVER w = 1 OR lag(p.batch) OVER w IS DISTINCT FROM p.batch OR lag(p.version) OVER w <> p.version AS begins
		  FROM piece p WINDOW w AS (PARTITION BY p.account_id, p.part, p.channel, p.month, p.slot, p.zone, p.island ORDER BY p.day)),
	listed AS (
		SELECT o.account_id, o.part, o.channel, min(o.day) AS from_on, array_agg(o.day ORDER BY o.day) AS days, array_agg(o.batch ORDER BY o.day) AS batches,
			   array_agg(o.version ORDER BY o.day) AS versions
		  FROM own o WHERE o.begins GROUP BY o.account_id, o.part, o.channel, o.month, o.slot, o.zone, o.island),
	span AS MATERIALIZED (
		SELECT i.account_id, i.part, i.channel, min(i.from_on) AS from_on, min(i.org_id) AS org_id, max(i.received_at) AS received_at,
			   CASE WHEN min(i.source) = max(i.source) THEN max(i.source) ELSE '' END AS source, billing.concat_agg(i.profile) AS profile,
			   array_agg(i.digest ORDER BY i.from_on) AS digests, array_agg(i.from_on ORDER BY i.from_on) AS parts
		  FROM island i GROUP BY i.account_id, i.part, i.channel, i.month, i.slot, i.zone, i.island),
	put AS (
		INSERT INTO billing.reading (account_id, part, channel, org_id, received_at, source, profile, batch_id, version_at)
		SELECT s.account_id, s.part, s.channel, s.org_id, s.received_at, s.source, s.profile,
			   CASE WHEN cardinality(l.days) = 1 THEN l.batches[1] ELSE (SELECT max(b) FROM unnest(l.batches) b) END,
			   nullif((SELECT max(v) FROM unnest(l.versions) v), s.received_at)
		  FROM span s JOIN listed l ON l.account_id = s.account_id AND l.part = s.part AND l.channel = s.channel AND l.from_on = s.from_on
		RETURNING account_id, part, channel, from_on, digest),
	pieced AS (
		INSERT INTO billing.reading_piece (account_id, part, channel, from_on, org_id, days, batches, versions)
		SELECT l.account_id, l.part, l.channel, l.from_on, s.org_id, l.days, l.batches, l.versions
		  FROM listed l JOIN span s ON s.account_id = l.account_id AND s.part = l.part AND s.channel = l.channel AND s.from_on = l.from_on
		 WHERE cardinality(l.days) > 1)
	-- a month of days that were all validated is validated
	UPDATE billing.validation_result v SET digest = p.digest
	  FROM put p JOIN span s ON s.account_id = p.account_id AND s.part = p.part AND s.channel = p.channel AND s.from_on = p.from_on
	 WHERE v.account_id = p.account_id AND v.part = p.part AND v.channel = p.channel AND v.from_on = p.from_on AND v.digest = s.digests[1]
	   AND (SELECT count(*) FROM unnest(s.parts, s.digests) u(from_on, digest)
			  JOIN billing.validation_result o ON o.account_id = p.account_id AND o.part = p.part AND o.channel = p.channel
			   AND o.from_on = u.from_on AND o.digest = u.digest AND o.rule_set_id = v.rule_set_id) = cardinality(s.parts);
	RETURN cardinality(old);
END $$;
COMMENT ON FUNCTION billing._fold_accounts(bigint[], date, date) IS 'folds the readings of accounts, of months that have ended, into rows of a month; returns how many rows it took';

CREATE FUNCTION billing._fold_chunk(org_no text, from_on date, until_on date, after bigint, OUT last bigint, OUT folded bigint)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
-- Definer: readings change their rows, not what they say, for who may write them there.
DECLARE
	at_org	bigint := billing._org_of(_fold_chunk.org_no, 'write', 'reading');
	chunk	bigint[];
BEGIN
	SELECT array_agg(q.account_id ORDER BY q.account_id) INTO chunk
	  FROM (SELECT h.account_id FROM billing.account_head h
			 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND h.account_id > _fold_chunk.after AND billing.can_write(h.org_id, 'reading')
			 ORDER BY h.account_id LIMIT 1000) q;
	last := chunk[cardinality(chunk)];
	folded := CASE WHEN last IS NULL THEN 0 ELSE billing._fold_accounts(chunk, _fold_chunk.from_on, _fold_chunk.until_on) END;
END $$;
COMMENT ON FUNCTION billing._fold_chunk(text, date, date, bigint) IS 'folds the readings of the next thousand accounts; last is null after the last';

CREATE PROCEDURE billing.fold_readings(org_no text, until_on date, from_on date DEFAULT NULL, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	after	bigint := 0;
	done	record;
	folded	bigint := 0;
BEGIN
	PERFORM billing._given('fold_readings', org_no, until_on);
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'folding commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.fold_readings(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	LOOP
		SELECT c.last, c.folded INTO done FROM billing._fold_chunk(org_no, coalesce(from_on, until_on - 100), until_on, after) c;
		COMMIT;
		EXIT WHEN done.last IS NULL;
		after := done.last;
		folded := folded + done.folded;
	END LOOP;
	result := format('%s rows folded into months.', folded);
END $$;
COMMENT ON PROCEDURE billing.fold_readings(text, date, date, text) IS
'makes one row of the readings of a month that came as days, for the accounts of an org and below it, of months that end by until_on (and begin from from_on, '
'otherwise of the last hundred days), in chunks that commit; what the readings say, which batch brought which day, bills and chains stay as they are';
