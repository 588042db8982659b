CREATE FUNCTION billing._note_late(account_id bigint, part text, channel text, days daterange, kwh numeric)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- New days, where there was nothing: those that are billed already are late, and bills of them were made of nothing.
DECLARE
	head	record;
	said	daterange;
BEGIN
	SELECT h.org_id, h.seq, h.billed_to, a.opened_on,
		   CASE WHEN h.voided THEN greatest(h.billed_to, (SELECT max(b.until_on) FROM billing.bill b WHERE b.account_id = h.account_id)) ELSE h.billed_to END AS known_to INTO head
	  FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
	 WHERE h.account_id = _note_late.account_id FOR NO KEY UPDATE OF h;
	said := _note_late.days * daterange(head.opened_on, greatest(head.known_to, head.opened_on));
	IF isempty(said) THEN
		RETURN;
	END IF;
	INSERT INTO billing.reading_superseded (account_id, part, channel, from_on, until_on, org_id, after_seq)
	VALUES (_note_late.account_id, _note_late.part, _note_late.channel, lower(said), upper(said), head.org_id, head.seq);
	IF lower(said) < head.billed_to THEN
		INSERT INTO billing.late_reading (account_id, part, channel, from_on, until_on, org_id, change_kwh)
		VALUES (_note_late.account_id, _note_late.part, _note_late.channel, lower(said), least(upper(said), head.billed_to), head.org_id, _note_late.kwh);
	END IF;
END $$;
COMMENT ON FUNCTION billing._note_late(bigint, text, text, daterange, numeric) IS 'lists days of new readings that are billed already as late';

CREATE FUNCTION billing._note_inserted()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: what a clerk inserts or copies is listed where it is late, and waits for a run that has the account.
BEGIN
	PERFORM billing._note_late(NEW.account_id, NEW.part, NEW.channel, daterange(NEW.from_on, NEW.until_on), billing.energy_kwh(NEW.profile));
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._note_inserted() IS 'trigger: readings that come as rows may be late, too';

CREATE FUNCTION billing.record_profile(account_no text, profile billing.profile, channel text DEFAULT 'import', part text DEFAULT 'main',
									   source text DEFAULT '')
RETURNS daterange
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: finds the account by its number for a meter reader who may write readings there.
DECLARE
	found_id	bigint := billing._account_of(record_profile.account_no, 'write', 'reading');
	account		record;
	days		daterange := billing.days(record_profile.profile);
	there		daterange;
	stored		bytea;
BEGIN
	PERFORM billing._given('record_profile', account_no, profile, channel, part, source);
	SELECT h.account_id, h.org_id, h.billed_to INTO account FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', record_profile.account_no));
	END IF;
	SELECT daterange(r.from_on, r.until_on) INTO there FROM billing.reading r
	 WHERE r.account_id = account.account_id AND r.part = record_profile.part AND r.channel = record_profile.channel
	   AND r.from_on > lower(days) - 31 AND r.from_on < upper(days) AND r.until_on > lower(days) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'account % has readings of these days already', record_profile.account_no
			USING ERRCODE = 'UB102', DETAIL = format('Recorded: %s; now: %s.', there, days), HINT = 'Deliver each day once.';
	END IF;
	INSERT INTO billing.reading (account_id, part, channel, org_id, source, profile)
	VALUES (account.account_id, record_profile.part, record_profile.channel, account.org_id, record_profile.source,
			billing._in_zone_of(record_profile.profile, coalesce(billing._zone_there(account.account_id, record_profile.part, record_profile.channel, lower(days)), billing.time_zone(record_profile.profile))))
	RETURNING reading.digest INTO stored;
	PERFORM billing._note_late(account.account_id, record_profile.part, record_profile.channel, days, billing.energy_kwh(record_profile.profile));
	-- the row says from where it came; by whom, only this does
	PERFORM billing._audit(account.org_id, 'record_profile', format('account %s', record_profile.account_no),
		jsonb_build_object('part', record_profile.part, 'channel', record_profile.channel, 'days', days, 'source', record_profile.source, 'digest', encode(stored, 'hex')));
	RETURN days;
END $$;
COMMENT ON FUNCTION billing.record_profile(text, billing.profile, text, text, text) IS
'keeps a load profile of an account, of a channel (import, export, generation, reactive_import, reactive_export) of a part; returns its days; each day comes once (UB102)';

CREATE FUNCTION billing._lock_heads(accounts bigint[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM FROM billing.account_head h WHERE h.account_id = ANY (_lock_heads.accounts) ORDER BY h.account_id FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION billing._lock_heads(bigint[]) IS 'locks the heads of accounts in their order, before anything of theirs is read that is to be changed';

CREATE FUNCTION billing._zone_there(account_id bigint, part text, channel text, on_day date)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- of the last row before, or else of the first one behind
	SELECT coalesce(
		(SELECT billing.time_zone(r.profile) FROM billing.reading r
		  WHERE r.account_id = _zone_there.account_id AND r.part = _zone_there.part AND r.channel = _zone_there.channel
			AND r.from_on <= _zone_there.on_day AND r.from_on > _zone_there.on_day - 400 ORDER BY r.from_on DESC LIMIT 1),
		(SELECT billing.time_zone(r.profile) FROM billing.reading r
		  WHERE r.account_id = _zone_there.account_id AND r.part = _zone_there.part AND r.channel = _zone_there.channel
			AND r.from_on > _zone_there.on_day AND r.from_on < _zone_there.on_day + 400 ORDER BY r.from_on LIMIT 1));
END;
COMMENT ON FUNCTION billing._zone_there(bigint, text, text, date) IS 'the time zone of the readings that are there about a day; null where there are none';

CREATE FUNCTION billing._in_zone_of(profile billing.profile, zone text)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN billing._local_day(billing.start_at(_in_zone_of.profile), _in_zone_of.zone) = lower(billing.days(_in_zone_of.profile))
				 AND billing._local_day(billing.until_at(_in_zone_of.profile) - interval '1 microsecond', _in_zone_of.zone) = upper(billing.days(_in_zone_of.profile)) - 1
				THEN billing.in_zone(_in_zone_of.profile, _in_zone_of.zone) ELSE _in_zone_of.profile END;
END;
COMMENT ON FUNCTION billing._in_zone_of(billing.profile, text) IS
'a profile of a day with the name of another time zone that means the same on that day, as +08:00 and Asia/Shanghai; or as it is';

CREATE FUNCTION billing._put_days(batch_id bigint, received_at timestamptz, source text, days billing._landed_day[], forced boolean DEFAULT false, reason text DEFAULT '',
	OUT taken bigint, OUT unchanged bigint, OUT refused billing._landed_day[], OUT leaves billing._leaf[])
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
-- days are looked up by their keys, whatever the statistics say
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
#variable_conflict use_column
-- The caller has locked the heads.  Set by set: what is there, what becomes of it, what goes, what comes.
DECLARE
	old		billing.reading[];
	merged	billing._merged_day[];
BEGIN
	-- what comes has one zone; where it is only another name for that of what is there, it gets that name
	IF EXISTS (SELECT FROM (SELECT d.account_id, d.part, d.channel, max(d.day) AS last, min(billing.time_zone(d.profile) COLLATE "C") AS zone
							  FROM unnest(_put_days.days) d GROUP BY d.account_id, d.part, d.channel) g
				WHERE billing._zone_there(g.account_id, g.part, g.channel, g.last) <> g.zone) THEN
		_put_days.days := ARRAY(
			SELECT ROW (d.line, d.account_id, d.part, d.channel, d.day, d.version_at,
						billing._in_zone_of(d.profile, coalesce(billing._zone_there(d.account_id, d.part, d.channel, d.day), billing.time_zone(d.profile))))::billing._landed_day
			  FROM unnest(_put_days.days) d);
	END IF;
	SELECT array_agg(r) INTO old
	  FROM (SELECT d.account_id, d.part, d.channel, min(d.day) AS first, max(d.day) AS last, array_agg(d.day) AS days
			  FROM unnest(_put_days.days) d GROUP BY d.account_id, d.part, d.channel) g
	  JOIN billing.reading r ON r.account_id = g.account_id AND r.part = g.part AND r.channel = g.channel
		AND r.from_on > g.first - 31 AND r.from_on <= g.last AND r.until_on > g.first
	 WHERE EXISTS (SELECT FROM unnest(g.days) x WHERE x >= r.from_on AND x < r.until_on);
	IF old IS NOT NULL THEN
		WITH there AS (
			SELECT o.account_id, o.part, o.channel, x.day, billing.slice(o.profile, daterange(x.day, x.day + 1)) AS profile, o.received_at, o.source,
				   CASE WHEN p.account_id IS NULL THEN o.batch_id ELSE p.batches[width_bucket(x.day, p.days)] END AS batch_id,
				   CASE WHEN p.account_id IS NULL THEN coalesce(o.version_at, o.received_at) ELSE p.versions[width_bucket(x.day, p.days)] END AS version_at
			  FROM unnest(old) o
			  LEFT JOIN billing.reading_piece p ON p.account_id = o.account_id AND p.from_on = o.from_on AND p.part = o.part AND p.channel = o.channel
			 CROSS JOIN LATERAL (SELECT o.from_on + n AS day FROM generate_series(0, o.until_on - o.from_on - 1) n) x),
		come AS (
			SELECT d.*, coalesce(d.version_at, _put_days.received_at) AS version FROM unnest(_put_days.days) d),
		met AS (
			SELECT coalesce(t.account_id, c.account_id) AS account_id, coalesce(t.part, c.part) AS part, coalesce(t.channel, c.channel) AS channel, coalesce(t.day, c.day) AS day,
				   t.profile AS was, t.batch_id AS was_batch, t.version_at AS was_version, t.received_at AS was_received, t.source AS was_source,
				   c.line, c.version_at AS said_at, c.version, c.profile AS now,
				   -- can be laid over each other; or else the new day stands for itself, whole
				   CASE WHEN t.day IS NULL OR c.day IS NULL THEN NULL
						WHEN billing.time_zone(t.profile) <> billing.time_zone(c.profile) THEN 'refused'
						WHEN billing.slot(t.profile) = billing.slot(c.profile) THEN CASE WHEN _put_days.forced THEN 'forced' ELSE 'merged' END
						WHEN c.version >= t.version_at AND billing.missing_count(c.profile) = 0
							AND billing.start_at(c.profile) <= billing.start_at(t.profile) AND billing.until_at(c.profile) >= billing.until_at(t.profile) THEN 'whole'
						ELSE 'refused' END AS how
			  FROM there t FULL JOIN come c ON c.account_id = t.account_id AND c.part = t.part AND c.channel = t.channel AND c.day = t.day),
		made AS (
			SELECT m.*, CASE WHEN m.was IS NULL OR m.how = 'whole' THEN m.now
							 WHEN m.now IS NULL OR m.how = 'refused' THEN m.was
							 WHEN m.how = 'forced' THEN billing.overlay(m.was, m.now)
							 -- the same files give the same day in any order
							 WHEN m.version >= m.was_version THEN billing.merge(m.was, m.now)
							 ELSE billing.merge(m.now, m.was) END AS profile
			  FROM met m),
		told AS MATERIALIZED (
			SELECT m.*, CASE WHEN m.was IS NULL THEN true WHEN m.now IS NULL OR m.how = 'refused' THEN false ELSE m.profile OPERATOR(billing.<>) m.was END AS changed
			  FROM made m)
		SELECT array_agg(ROW (t.account_id, t.part, t.channel, t.day, t.profile,
							  CASE WHEN t.changed THEN _put_days.batch_id ELSE t.was_batch END,
							  CASE WHEN t.how = 'refused' THEN t.was_version ELSE greatest(t.version, t.was_version) END,
							  CASE WHEN t.changed THEN _put_days.received_at ELSE t.was_received END,
							  CASE WHEN t.changed THEN _put_days.source ELSE t.was_source END,
							  t.changed, t.was, t.was_batch, t.was_version)::billing._merged_day),
			   array_agg(ROW (t.line, t.account_id, t.part, t.channel, t.day, t.said_at, t.now)::billing._landed_day) FILTER (WHERE t.how = 'refused')
		  INTO merged, refused FROM told t;

		-- what is replaced is kept, and what is late written down, before it goes
		WITH changed AS MATERIALIZED (
			SELECT m.*, h.org_id, h.seq, m.day >= a.opened_on AND m.day < e.until_on AS billed
			  FROM unnest(merged) m
			  JOIN billing.account_head h ON h.account_id = m.account_id
			  JOIN billing.account a ON a.account_id = m.account_id
			 -- a voided bill stays, and so does what it was made of
			 CROSS JOIN LATERAL (SELECT CASE WHEN h.voided THEN greatest(h.billed_to, (SELECT max(b.until_on) FROM billing.bill b WHERE b.account_id = h.account_id)) ELSE h.billed_to END AS until_on) e
			 WHERE m.changed AND (m.was IS NOT NULL OR m.day < e.until_on)),
		piece AS (
			SELECT c.*, c.day - (row_number() OVER (PARTITION BY c.account_id, c.part, c.channel, c.billed, date_trunc('month', c.day::timestamp),
					c.was IS NULL, billing.slot(c.was), billing.time_zone(c.was), c.was_batch, c.was_version ORDER BY c.day))::integer AS island
			  FROM changed c WHERE c.was IS NOT NULL OR c.billed)
		INSERT INTO billing.reading_superseded (account_id, part, channel, from_on, until_on, org_id, batch_id, version_at, after_seq, replaced_by_batch, reason, profile)
		SELECT p.account_id, p.part, p.channel, min(p.day), max(p.day) + 1, p.org_id, p.was_batch, p.was_version, p.seq, _put_days.batch_id, _put_days.reason,
			   billing.concat_agg(p.was)
		  FROM piece p
		 GROUP BY p.account_id, p.part, p.channel, p.org_id, p.seq, p.billed, date_trunc('month', p.day::timestamp),
			   p.was IS NULL, billing.slot(p.was), billing.time_zone(p.was), p.was_batch, p.was_version, p.island;
		DELETE FROM billing.reading r USING unnest(old) o
		 WHERE r.account_id = o.account_id AND r.from_on = o.from_on AND r.part = o.part AND r.channel = o.channel;
	END IF;

	IF EXISTS (SELECT FROM (SELECT d.account_id, min(d.day) AS first FROM unnest(_put_days.days) d GROUP BY d.account_id) g
				 JOIN billing.account_head h ON h.account_id = g.account_id AND (h.billed_to > g.first OR h.voided)) THEN
		WITH changed AS (
			SELECT m.account_id, m.part, m.channel, m.day, m.profile, m.was, h.org_id, h.seq, m.day < h.billed_to AS billed
			  FROM (SELECT n.account_id, n.part, n.channel, n.day, n.profile, n.was FROM unnest(merged) n WHERE n.changed
					UNION ALL
					SELECT d.account_id, d.part, d.channel, d.day, d.profile, NULL FROM unnest(_put_days.days) d WHERE old IS NULL) m
			  JOIN billing.account_head h ON h.account_id = m.account_id AND (h.billed_to > m.day OR h.voided)
			  JOIN billing.account a ON a.account_id = m.account_id AND a.opened_on <= m.day
			 WHERE m.day < CASE WHEN h.voided THEN greatest(h.billed_to, (SELECT max(b.until_on) FROM billing.bill b WHERE b.account_id = h.account_id)) ELSE h.billed_to END),
		late AS MATERIALIZED (
			SELECT c.*, c.day - (row_number() OVER (PARTITION BY c.account_id, c.part, c.channel, c.billed ORDER BY c.day))::integer AS island FROM changed c),
		nothing AS (
			-- of days that were billed without any, where the rows above were not told
			INSERT INTO billing.reading_superseded (account_id, part, channel, from_on, until_on, org_id, after_seq, replaced_by_batch, reason)
			SELECT l.account_id, l.part, l.channel, min(l.day), max(l.day) + 1, l.org_id, l.seq, _put_days.batch_id, _put_days.reason
			  FROM late l WHERE old IS NULL GROUP BY l.account_id, l.part, l.channel, l.org_id, l.seq, l.billed, l.island, date_trunc('month', l.day::timestamp))
		INSERT INTO billing.late_reading (account_id, part, channel, from_on, until_on, org_id, batch_id, change_kwh)
		SELECT l.account_id, l.part, l.channel, min(l.day), max(l.day) + 1, l.org_id, _put_days.batch_id,
			   sum(billing.energy_kwh(l.profile)) - coalesce(sum(billing.energy_kwh(l.was)), 0)
		  FROM late l WHERE l.billed GROUP BY l.account_id, l.part, l.channel, l.org_id, l.island;
	END IF;

	WITH given AS (
		SELECT m.account_id, m.part, m.channel, m.day, m.profile, m.batch_id, m.version_at, m.received_at, m.source FROM unnest(merged) m
		UNION ALL
		-- where nothing was there it comes as it is
		SELECT d.account_id, d.part, d.channel, d.day, d.profile, _put_days.batch_id, coalesce(d.version_at, _put_days.received_at), _put_days.received_at, _put_days.source
		  FROM unnest(_put_days.days) d WHERE old IS NULL),
	day AS (
		SELECT g.*, billing.slot(g.profile) AS slot, billing.time_zone(g.profile) AS zone, date_trunc('month', g.day::timestamp) AS month FROM given g),
	island AS (
		SELECT d.*, d.day - (row_number() OVER w)::integer AS island,
			   lag(d.batch_id) OVER w IS DISTINCT FROM d.batch_id OR lag(d.version_at) OVER w IS DISTINCT FROM d.version_at
				OR lag(d.day) OVER w IS DISTINCT FROM d.day - 1 AS begins
		  FROM day d WINDOW w AS (PARTITION BY d.account_id, d.part, d.channel, d.month, d.slot, d.zone ORDER BY d.day)),
	span AS MATERIALIZED (
		SELECT i.account_id, i.part, i.channel, min(i.day) AS from_on, billing.concat_agg(i.profile) AS profile,
			   max(i.received_at) AS received_at, max(i.version_at) AS version_at, max(i.batch_id) AS batch_id,
			   CASE WHEN min(i.source) = max(i.source) THEN max(i.source) ELSE '' END AS source,
			   count(*) FILTER (WHERE i.begins) > 1 AS mixed,
			   bool_and(i.batch_id IS NOT DISTINCT FROM _put_days.batch_id) AND _put_days.batch_id IS NOT NULL AS all_ours,
			   CASE WHEN count(*) FILTER (WHERE i.begins) > 1 THEN array_agg(i.day ORDER BY i.day) FILTER (WHERE i.begins) END AS days,
			   CASE WHEN count(*) FILTER (WHERE i.begins) > 1 THEN array_agg(i.batch_id ORDER BY i.day) FILTER (WHERE i.begins) END AS batches,
			   CASE WHEN count(*) FILTER (WHERE i.begins) > 1 THEN array_agg(i.version_at ORDER BY i.day) FILTER (WHERE i.begins) END AS versions
		  FROM island i GROUP BY i.account_id, i.part, i.channel, i.month, i.slot, i.zone, i.island),
	put AS (
		INSERT INTO billing.reading (account_id, part, channel, org_id, received_at, source, profile, batch_id, version_at)
		SELECT s.account_id, s.part, s.channel, h.org_id, s.received_at, s.source, s.profile, s.batch_id, nullif(s.version_at, s.received_at)
		  FROM span s JOIN billing.account_head h ON h.account_id = s.account_id
		RETURNING account_id, part, channel, from_on, until_on, digest, batch_id),
	pieced AS (
		INSERT INTO billing.reading_piece (account_id, part, channel, from_on, org_id, days, batches, versions)
		SELECT s.account_id, s.part, s.channel, s.from_on, h.org_id, s.days, s.batches, s.versions
		  FROM span s JOIN billing.account_head h ON h.account_id = s.account_id WHERE s.mixed),
	leaf AS (
		SELECT p.account_id, p.part, p.channel, p.from_on, p.until_on, p.digest
		  FROM put p
		 WHERE p.batch_id = _put_days.batch_id
		   AND (p.account_id, p.part, p.channel, p.from_on) NOT IN (SELECT s.account_id, s.part, s.channel, s.from_on FROM span s WHERE s.mixed AND NOT s.all_ours)
		UNION ALL
		-- of rows of several batches what is of this one
		SELECT q.account_id, q.part, q.channel, min(q.day), max(q.day) + 1, billing.digest(billing.slice(q.profile, daterange(min(q.day), max(q.day) + 1)))
		  FROM (SELECT s.account_id, s.part, s.channel, s.from_on, s.profile, s.from_on + n AS day,
					   n - row_number() OVER (PARTITION BY s.account_id, s.part, s.channel, s.from_on ORDER BY n) AS run
				  FROM span s
				 CROSS JOIN LATERAL generate_series(0, upper(billing.days(s.profile)) - s.from_on - 1) n
				 WHERE s.mixed AND NOT s.all_ours AND s.batches[width_bucket(s.from_on + n, s.days)] = _put_days.batch_id) q
		 GROUP BY q.account_id, q.part, q.channel, q.from_on, q.profile, q.run)
	SELECT coalesce(array_agg(ROW (l.account_id, l.part, l.channel, l.from_on, l.until_on,
			billing._reading_leaf(l.account_id, l.part, l.channel, l.from_on, l.until_on, l.digest), NULL)::billing._leaf), '{}')
	  INTO leaves FROM leaf l;
	taken := CASE WHEN old IS NULL THEN cardinality(_put_days.days) ELSE (SELECT count(*) FROM unnest(merged) m WHERE m.changed) END;
	refused := coalesce(refused, '{}');
	unchanged := cardinality(_put_days.days) - taken - cardinality(refused);
END $$;
COMMENT ON FUNCTION billing._put_days(bigint, timestamptz, text, billing._landed_day[], boolean, text) IS
'stores days of readings, each once and of energy, of accounts whose heads are locked. What is there stays unless the new is as good: slot by slot the better '
'quality counts, of one quality the later version; forced: the new counts. What is replaced goes to reading_superseded, billed days to late_reading; days of a month '
'that follow each other are one row. Returns how many days changed, how many said nothing new, those that do not fit what is there, and the leaves of the batch';

CREATE FUNCTION billing._readings_at(account_id bigint, from_on date, until_on date, seq bigint)
RETURNS TABLE (part text, channel text, profile billing.profile)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 3
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	-- mostly nothing was replaced since
	IF (SELECT count(*) FROM billing.reading_superseded s
		 WHERE s.account_id = _readings_at.account_id AND s.after_seq >= _readings_at.seq AND s.from_on > _readings_at.from_on - 31 AND s.from_on < _readings_at.until_on) = 0 THEN
		RETURN QUERY
		SELECT r.part, r.channel, billing.slice(r.profile, daterange(_readings_at.from_on, _readings_at.until_on)) FROM billing.reading r
		 WHERE r.account_id = _readings_at.account_id AND r.from_on > _readings_at.from_on - 31 AND r.from_on < _readings_at.until_on AND r.until_on > _readings_at.from_on;
		RETURN;
	END IF;
	RETURN QUERY
	WITH gone AS MATERIALIZED (
		-- of each day what was replaced first since
		SELECT DISTINCT ON (s.part, s.channel, x.day) s.part, s.channel, x.day, billing.slice(s.profile, daterange(x.day, x.day + 1)) AS profile
		  FROM billing.reading_superseded s
		 CROSS JOIN LATERAL (SELECT s.from_on + n AS day FROM generate_series(0, s.until_on - s.from_on - 1) n) x
		 WHERE s.account_id = _readings_at.account_id AND s.after_seq >= _readings_at.seq
		   AND s.from_on > _readings_at.from_on - 31 AND s.from_on < _readings_at.until_on
		   AND x.day >= _readings_at.from_on AND x.day < _readings_at.until_on
		 ORDER BY s.part, s.channel, x.day, s.superseded_id),
	there AS (
		SELECT r.part, r.channel, r.from_on, r.until_on, r.profile,
			   EXISTS (SELECT FROM gone g WHERE g.part = r.part AND g.channel = r.channel AND g.day >= r.from_on AND g.day < r.until_on) AS touched
		  FROM billing.reading r
		 WHERE r.account_id = _readings_at.account_id AND r.from_on > _readings_at.from_on - 31 AND r.from_on < _readings_at.until_on
		   AND r.until_on > _readings_at.from_on)
	SELECT t.part, t.channel, billing.slice(t.profile, daterange(_readings_at.from_on, _readings_at.until_on)) FROM there t WHERE NOT t.touched
	UNION ALL
	SELECT t.part, t.channel, billing.slice(t.profile, daterange(t.from_on + n, t.from_on + n + 1))
	  FROM there t CROSS JOIN LATERAL generate_series(0, t.until_on - t.from_on - 1) n
	 WHERE t.touched AND t.from_on + n >= _readings_at.from_on AND t.from_on + n < _readings_at.until_on
	   AND NOT EXISTS (SELECT FROM gone g WHERE g.part = t.part AND g.channel = t.channel AND g.day = t.from_on + n)
	UNION ALL
	SELECT g.part, g.channel, g.profile FROM gone g WHERE g.profile IS NOT NULL;
END $$;
COMMENT ON FUNCTION billing._readings_at(bigint, date, date, bigint) IS
'the readings of an account for these days as they were when a link of this number came: what was replaced since is taken from reading_superseded';

CREATE FUNCTION billing._usage_digest_at(account_id bigint, from_on date, until_on date, seq bigint)
RETURNS bytea
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
	SELECT sha256(string_agg(q.digest, ''::bytea ORDER BY q.part COLLATE "C", q.channel COLLATE "C", q.start_at))
	  FROM (SELECT p.part, p.channel, min(billing.start_at(p.profile)) AS start_at, billing.digest(billing.concat_agg(p.profile)) AS digest
			  FROM billing._readings_at(_usage_digest_at.account_id, _usage_digest_at.from_on, _usage_digest_at.until_on, _usage_digest_at.seq) p
			 GROUP BY p.part, p.channel, billing.slot(p.profile), billing.unit(p.profile), billing.time_zone(p.profile)) q);
END $$;
COMMENT ON FUNCTION billing._usage_digest_at(bigint, date, date, bigint) IS
'SHA-256 over the digests of an account''s readings of these days as of a link: the same for days and for the month they are folded into';

CREATE FUNCTION billing._usage_of(account_id bigint, during daterange)
RETURNS billing.usage
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN (
	SELECT billing.usage_agg(billing.usage(part => p.part, import => p.import, export => p.export, generation => p.generation,
				reactive_import => p.reactive_import, reactive_export => p.reactive_export))
	  FROM (SELECT r.part,
				   billing.concat_agg(billing.slice(r.profile, _usage_of.during)) FILTER (WHERE r.channel = 'import') AS import,
				   billing.concat_agg(billing.slice(r.profile, _usage_of.during)) FILTER (WHERE r.channel = 'export') AS export,
				   billing.concat_agg(billing.slice(r.profile, _usage_of.during)) FILTER (WHERE r.channel = 'generation') AS generation,
				   billing.concat_agg(billing.slice(r.profile, _usage_of.during)) FILTER (WHERE r.channel = 'reactive_import') AS reactive_import,
				   billing.concat_agg(billing.slice(r.profile, _usage_of.during)) FILTER (WHERE r.channel = 'reactive_export') AS reactive_export
			  FROM billing.reading r
			 WHERE r.account_id = _usage_of.account_id AND r.from_on > lower(_usage_of.during) - 31 AND r.from_on < upper(_usage_of.during) AND r.until_on > lower(_usage_of.during)
			 GROUP BY r.part) p);
END $$;
COMMENT ON FUNCTION billing._usage_of(bigint, daterange) IS 'all that the readings say of an account for these days';

CREATE FUNCTION billing._keep_replaced()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM FROM old_rows o JOIN new_rows n ON n.account_id = o.account_id AND n.from_on = o.from_on AND n.part = o.part AND n.channel = o.channel
	  WHERE n.digest <> o.digest LIMIT 1;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	WITH day AS MATERIALIZED (
		SELECT o.account_id, o.part, o.channel, o.from_on, o.org_id, x.day, billing.slice(o.profile, daterange(x.day, x.day + 1)) AS was,
			   billing.slice(o.profile, daterange(x.day, x.day + 1)) OPERATOR(billing.<>) billing.slice(n.profile, daterange(x.day, x.day + 1)) AS changed,
			   CASE WHEN p.account_id IS NULL THEN o.batch_id ELSE p.batches[width_bucket(x.day, p.days)] END AS batch_id,
			   CASE WHEN p.account_id IS NULL THEN coalesce(o.version_at, o.received_at) ELSE p.versions[width_bucket(x.day, p.days)] END AS version_at
		  FROM old_rows o
		  JOIN new_rows n ON n.account_id = o.account_id AND n.from_on = o.from_on AND n.part = o.part AND n.channel = o.channel AND n.digest <> o.digest
		  LEFT JOIN billing.reading_piece p ON p.account_id = o.account_id AND p.from_on = o.from_on AND p.part = o.part AND p.channel = o.channel
		 CROSS JOIN LATERAL (SELECT o.from_on + i AS day FROM generate_series(0, o.until_on - o.from_on - 1) i) x),
	island AS (
		SELECT d.*, d.day - (row_number() OVER (PARTITION BY d.account_id, d.part, d.channel, d.from_on, d.changed, d.batch_id, d.version_at,
				date_trunc('month', d.day::timestamp) ORDER BY d.day))::integer AS island FROM day d),
	kept AS (
		INSERT INTO billing.reading_superseded (account_id, part, channel, from_on, until_on, org_id, batch_id, version_at, after_seq, profile)
		SELECT i.account_id, i.part, i.channel, min(i.day), max(i.day) + 1, i.org_id, i.batch_id, i.version_at, h.seq, billing.concat_agg(i.was)
		  FROM island i JOIN billing.account_head h ON h.account_id = i.account_id
		 WHERE i.changed GROUP BY i.account_id, i.part, i.channel, i.from_on, i.org_id, i.batch_id, i.version_at, h.seq, date_trunc('month', i.day::timestamp), i.island),
	-- days that were changed are no batch's any more, but as of when they were
	own AS (
		SELECT d.account_id, d.part, d.channel, d.from_on, d.org_id, d.day, d.version_at, CASE WHEN NOT d.changed THEN d.batch_id END AS batch_id FROM day d),
	begun AS (
		SELECT o.*, row_number() OVER w = 1 OR lag(o.batch_id) OVER w IS DISTINCT FROM o.batch_id OR lag(o.version_at) OVER w IS DISTINCT FROM o.version_at AS begins
		  FROM own o WINDOW w AS (PARTITION BY o.account_id, o.part, o.channel, o.from_on ORDER BY o.day)),
	piece AS (
		SELECT b.account_id, b.part, b.channel, b.from_on, b.org_id, array_agg(b.day ORDER BY b.day) AS days, array_agg(b.batch_id ORDER BY b.day) AS batches,
			   array_agg(b.version_at ORDER BY b.day) AS versions
		  FROM begun b WHERE b.begins GROUP BY b.account_id, b.part, b.channel, b.from_on, b.org_id)
	INSERT INTO billing.reading_piece AS t (account_id, part, channel, from_on, org_id, days, batches, versions)
	SELECT p.account_id, p.part, p.channel, p.from_on, p.org_id, p.days, p.batches, p.versions FROM piece p
	ON CONFLICT ON CONSTRAINT reading_piece_pkey DO UPDATE SET days = excluded.days, batches = excluded.batches, versions = excluded.versions;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._keep_replaced() IS 'trigger: readings that are changed in place, by validation, estimation or an edit, are kept as they were';
