-- Edits by persons, with a second one for large changes.
CREATE FUNCTION billing._change_kwh(before billing.profile, after billing.profile)
RETURNS numeric
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- slot by slot: what goes from one hour to another is a change too
	SELECT CASE WHEN billing.unit(_change_kwh.before) IN ('Wh', 'varh', 'VAh')
				THEN (SELECT trim_scale(coalesce(sum(abs(coalesce(a.value, 0) - coalesce(b.value, 0))), 0) / 1000)
						FROM billing.slots(_change_kwh.before) b FULL JOIN billing.slots(_change_kwh.after) a ON a.at = b.at) END;
END;
COMMENT ON FUNCTION billing._change_kwh(billing.profile, billing.profile) IS 'how much energy differs, slot by slot; null for levels';

CREATE FUNCTION billing._before_action(account_id bigint, action_id bigint)
RETURNS billing.profile
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	action	billing.validation_action;
	there	record;
	before	billing.profile;
BEGIN
	SELECT c.* INTO action FROM billing.validation_action c WHERE c.account_id = _before_action.account_id AND c.action_id = _before_action.action_id;
	SELECT r.until_on, r.digest, r.profile INTO there FROM billing.reading r
	 WHERE r.account_id = action.account_id AND r.from_on = action.from_on AND r.part = action.part AND r.channel = action.channel;
	IF there.digest IS DISTINCT FROM action.digest_after THEN
		RAISE EXCEPTION 'the readings have changed since action %', _before_action.action_id
			USING ERRCODE = 'UB602', HINT = 'Take back what came later first, or edit them.';
	END IF;
	-- nothing came later, so what was kept since is what it replaced; the other days are as they are
	SELECT billing.concat_agg(q.profile) INTO before
	  FROM (SELECT s.profile FROM billing.reading_superseded s
			 WHERE s.account_id = action.account_id AND s.part = action.part AND s.channel = action.channel AND s.replaced_at >= action.at
			   AND s.from_on >= action.from_on AND s.until_on <= there.until_on
			UNION ALL
			SELECT billing.slice(there.profile, daterange(d.day, d.day + 1))
			  FROM (SELECT action.from_on + n AS day FROM generate_series(0, there.until_on - action.from_on - 1) n) d
			 WHERE NOT EXISTS (SELECT FROM billing.reading_superseded s
								WHERE s.account_id = action.account_id AND s.part = action.part AND s.channel = action.channel AND s.replaced_at >= action.at
								  AND s.from_on <= d.day AND s.until_on > d.day AND s.from_on >= action.from_on)) q;
	IF billing.digest(before) IS DISTINCT FROM action.digest_before THEN
		RAISE EXCEPTION 'what was there before action % is not kept', _before_action.action_id USING ERRCODE = 'UB602', HINT = 'Edit the readings.';
	END IF;
	RETURN before;
END $$;
COMMENT ON FUNCTION billing._before_action(bigint, bigint) IS 'a row of readings as it was before the last action on it, from what is kept of it';

-- Rows that touch the span: what they are together, and what becomes of them.
CREATE FUNCTION billing._edited(edit billing.reading_edit, OUT billed boolean, OUT digest bytea, OUT before billing.profile, OUT after billing.profile)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	billed_to	date;
BEGIN
	SELECT h.billed_to INTO billed_to FROM billing.account_head h WHERE h.account_id = edit.account_id FOR NO KEY UPDATE;
	SELECT sha256(string_agg(r.digest, ''::bytea ORDER BY r.from_on)), billing.concat_agg(r.profile) INTO digest, before
	  FROM billing.reading r
	 WHERE r.account_id = edit.account_id AND r.part = edit.part AND r.channel = edit.channel
	   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.until_at::date + 2
	   AND billing.start_at(r.profile) < edit.until_at AND billing.until_at(r.profile) > edit.from_at;
	IF before IS NULL OR billing.start_at(before) > edit.from_at OR billing.until_at(before) < edit.until_at THEN
		RAISE EXCEPTION 'there are no readings of all of this time'
			USING ERRCODE = 'UB103', DETAIL = CASE WHEN before IS NULL THEN 'There are none.' ELSE format('There are: %s.', billing.during(before)) END,
				  HINT = 'What has not come at all is recorded, not edited.';
	END IF;
	after := CASE edit.kind WHEN 'values' THEN billing.edit(before, edit.from_at, edit."values", edit.quality, edit.unit)
							WHEN 'quality' THEN billing.set_quality(before, edit.from_at, edit.until_at, edit.quality)
							ELSE billing._before_action(edit.account_id, edit.undoes) END;
	billed := coalesce(billing.slice(before, daterange(NULL, billed_to)) OPERATOR(billing.<>) billing.slice(after, daterange(NULL, billed_to)), false);
END $$;
COMMENT ON FUNCTION billing._edited(billing.reading_edit) IS
'the readings that an edit is about, as they are and as it makes them, with the account''s head locked; billed: it changes days that are billed';

CREATE FUNCTION billing._apply_edit(edit billing.reading_edit, after billing.profile, approved_by text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	n	integer;
BEGIN
	WITH version AS MATERIALIZED (
		SELECT r.account_id, r.from_on, r.part, r.channel, r.digest AS digest_before, r.profile AS before, q.profile
		  FROM billing.reading r
		 CROSS JOIN LATERAL (SELECT billing.slice(_apply_edit.after, billing.start_at(r.profile), billing.until_at(r.profile)) AS profile OFFSET 0) q
		 WHERE r.account_id = edit.account_id AND r.part = edit.part AND r.channel = edit.channel
		   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.until_at::date + 2
		   AND billing.start_at(r.profile) < edit.until_at AND billing.until_at(r.profile) > edit.from_at
		   AND billing.digest(q.profile) <> r.digest),
	written AS (
		UPDATE billing.reading r SET profile = v.profile FROM version v
		 WHERE r.account_id = v.account_id AND r.from_on = v.from_on AND r.part = v.part AND r.channel = v.channel
		RETURNING r.account_id, r.from_on, r.until_on, r.part, r.channel, r.org_id, r.digest, v.digest_before, v.profile, v.before,
			billing._kwh(v.profile) - billing._kwh(v.before) AS change_kwh),
	settled AS (
		-- taken back, it is what was there, and not validated by that
		UPDATE billing.validation_result o SET digest = CASE WHEN edit.kind = 'undo' THEN ''::bytea ELSE w.digest END FROM written w
		 WHERE o.account_id = w.account_id AND o.from_on = w.from_on AND o.part = w.part AND o.channel = w.channel AND o.digest = w.digest_before),
	late AS (
		-- days that are billed already, each by itself so that it can be settled with its bill
		SELECT w.account_id, w.part, w.channel, w.org_id, d.day, billing._kwh(billing.slice(w.profile, daterange(d.day, d.day + 1)))
					- coalesce(billing._kwh(billing.slice(w.before, daterange(d.day, d.day + 1))), 0) AS change_kwh
		  FROM written w
		  JOIN billing.account_head h ON h.account_id = w.account_id AND h.billed_to > w.from_on
		 CROSS JOIN LATERAL (SELECT w.from_on + n AS day FROM generate_series(0, least(w.until_on, h.billed_to) - w.from_on - 1) n) d
		 WHERE billing.slice(w.profile, daterange(d.day, d.day + 1)) OPERATOR(billing.<>) billing.slice(w.before, daterange(d.day, d.day + 1))),
	told AS (
		INSERT INTO billing.late_reading (account_id, part, channel, from_on, until_on, org_id, change_kwh)
		SELECT l.account_id, l.part, l.channel, min(l.day), max(l.day) + 1, l.org_id, coalesce(sum(l.change_kwh), 0)
		  FROM (SELECT l.*, l.day - (row_number() OVER (ORDER BY l.day))::integer AS island FROM late l) l
		 GROUP BY l.account_id, l.part, l.channel, l.org_id, l.island)
	INSERT INTO billing.validation_action (account_id, org_id, part, channel, from_on, kind, edit_id, spans, reason, author, approved_by, change_kwh, digest_before, digest_after)
	SELECT w.account_id, w.org_id, w.part, w.channel, w.from_on, CASE WHEN edit.kind = 'undo' THEN 'undo' ELSE 'edit' END, edit.edit_id,
		   jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('from', edit.from_at, 'until', edit.until_at, 'quality', edit.quality, 'undoes', edit.undoes))), edit.reason, edit.author, _apply_edit.approved_by,
		   w.change_kwh, w.digest_before, w.digest
	  FROM written w;
	GET DIAGNOSTICS n = ROW_COUNT;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing._apply_edit(billing.reading_edit, billing.profile, text) IS 'writes what an edit makes of the readings, and who did it; returns how many rows';

CREATE FUNCTION billing._edit_subject(edit billing.reading_edit)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('edit %s of readings of account %s', edit.edit_id, a.account_no) FROM billing.account a WHERE a.account_id = edit.account_id;
END;
COMMENT ON FUNCTION billing._edit_subject(billing.reading_edit) IS 'as what an edit waits for a second person';

CREATE FUNCTION billing._propose_edit(account_no text, edit billing.reading_edit)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id	bigint := billing._account_of(_propose_edit.account_no, 'write', 'reading');
	made		record;
	rules		jsonb;
	small		boolean;
BEGIN
	edit.account_id := found_id;
	SELECT a.org_id INTO edit.org_id FROM billing.account a WHERE a.account_id = found_id;
	edit.edit_id := nextval('billing.reading_edit_edit_id_seq');
	edit.author := billing.actor();
	edit.proposed_at := clock_timestamp();
	edit.note := '';
	IF coalesce(edit.reason, '') = '' THEN
		RAISE EXCEPTION 'an edit has a reason' USING ERRCODE = 'invalid_parameter_value', HINT = 'Say what is known better, and from where.';
	END IF;
	IF NOT coalesce(isfinite(edit.from_at) AND isfinite(edit.until_at) AND edit.from_at < edit.until_at, false) THEN
		RAISE EXCEPTION 'an edit is of some time' USING ERRCODE = 'invalid_parameter_value', HINT = 'From a moment on, up to a later one.';
	END IF;
	made := billing._edited(edit);
	edit.digest_before := made.digest;
	edit.change_kwh := billing._change_kwh(made.before, made.after);
	rules := billing._rules_of('editing', edit.org_id, (SELECT p.plan_id FROM billing.account_plan p
		WHERE p.account_id = found_id AND p.from_on <= edit.from_at::date ORDER BY p.from_on DESC LIMIT 1), edit.part, edit.channel, edit.from_at::date);
	-- what is billed is never one person's
	small := NOT made.billed AND edit.change_kwh <= greatest(coalesce((rules ->> 'kwh')::numeric, 10), coalesce((rules ->> 'percent')::numeric, 10) / 100 * billing._kwh(made.before));
	edit.state := CASE WHEN small THEN 'applied' ELSE 'pending' END;
	INSERT INTO billing.reading_edit OVERRIDING SYSTEM VALUE SELECT edit.*;
	IF small THEN
		PERFORM billing._apply_edit(edit, made.after, NULL);
	ELSE
		PERFORM billing._ask_approval('reading_edit', edit.org_id, billing._edit_subject(edit), to_jsonb(edit) - '{org_id,state,digest_before,decided_by,decided_at,note}'::text[],
			NULL, edit.account_id);
	END IF;
	PERFORM billing._audit(edit.org_id, 'edit_reading', format('account %s', _propose_edit.account_no),
		jsonb_build_object('edit_id', edit.edit_id, 'part', edit.part, 'channel', edit.channel, 'from', edit.from_at, 'until', edit.until_at, 'quality', edit.quality,
						   'change_kwh', edit.change_kwh, 'state', edit.state, 'reason', edit.reason));
	RETURN edit.edit_id;
END $$;
COMMENT ON FUNCTION billing._propose_edit(text, billing.reading_edit) IS 'writes an edit down, and carries it out if one person alone may';

CREATE FUNCTION billing.edit_reading(account_no text, from_at timestamptz, "values" numeric[], reason text, channel text DEFAULT 'import', part text DEFAULT 'main',
									 unit text DEFAULT NULL, quality text DEFAULT 'corrected')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
-- Definer: another version of readings, for who may write them.
DECLARE
	found_id	bigint := billing._account_of(edit_reading.account_no, 'write', 'reading');
	edit		billing.reading_edit;
	slot		interval;
BEGIN
	edit.kind := 'values';
	edit.part := part;
	edit.channel := channel;
	edit.from_at := from_at;
	edit."values" := "values";
	edit.unit := unit;
	edit.quality := quality;
	edit.reason := reason;
	-- how long a slot is, and so where the last one ends, the row says that has the first
	SELECT billing.slot(r.profile) INTO slot FROM billing.reading r
	 WHERE r.account_id = found_id AND r.part = edit.part AND r.channel = edit.channel
	   AND r.from_on > edit.from_at::date - 33 AND r.from_on < edit.from_at::date + 2
	   AND billing.start_at(r.profile) <= edit.from_at AND billing.until_at(r.profile) > edit.from_at LIMIT 1;
	IF slot IS NULL THEN
		RAISE EXCEPTION 'there are no readings of all of this time' USING ERRCODE = 'UB103', DETAIL = 'There are none.',
			HINT = 'What has not come at all is recorded, not edited.';
	END IF;
	edit.until_at := edit.from_at + slot * coalesce(cardinality("values"), 0);
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.edit_reading(text, timestamptz, numeric[], text, text, text, text, text) IS
'other values for readings of an account from a moment on, one a slot, null for missing, in the plain unit (Wh) or the one named; they are corrected, unless another '
'quality is named. A change larger than set_editing_rules() allows, or of days that are billed, waits for decide_edit() by another person; of billed days it is left in late_reading '
'for whoever corrects bills. Returns edit_id';

CREATE FUNCTION billing.mark_reading(account_no text, from_at timestamptz, until_at timestamptz, quality text, reason text, channel text DEFAULT 'import', part text DEFAULT 'main')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
-- Definer: as edit_reading().
DECLARE
	edit	billing.reading_edit;
BEGIN
	edit.kind := 'quality';
	edit.part := part;
	edit.channel := channel;
	edit.from_at := from_at;
	edit.until_at := until_at;
	edit.quality := quality;
	edit.reason := reason;
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.mark_reading(text, timestamptz, timestamptz, text, text, text, text) IS
'the quality of a span of an account''s readings: corrected confirms what validation suspected, missing rejects it, so that estimate_readings() fills it; otherwise as edit_reading()';

CREATE FUNCTION billing.undo_action(account_no text, action_id bigint, reason text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as edit_reading().
DECLARE
	account	bigint := billing._account_of(undo_action.account_no, 'write', 'reading');
	edit	billing.reading_edit;
BEGIN
	SELECT c.action_id, c.part, c.channel, billing.start_at(r.profile), billing.until_at(r.profile)
	  INTO edit.undoes, edit.part, edit.channel, edit.from_at, edit.until_at
	  FROM billing.validation_action c
	  LEFT JOIN billing.reading r ON r.account_id = c.account_id AND r.from_on = c.from_on AND r.part = c.part AND r.channel = c.channel
	 WHERE c.account_id = account AND c.action_id = undo_action.action_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('action %s', undo_action.action_id));
	END IF;
	edit.kind := 'undo';
	edit.reason := undo_action.reason;
	RETURN billing._propose_edit(account_no, edit);
END $$;
COMMENT ON FUNCTION billing.undo_action(text, bigint, text) IS
'readings as they were before the last action on them (billing_report.validation_action), as another version; a large change waits for a second person, as an edit. They are not validated then';

CREATE FUNCTION billing._decide_edit(detail jsonb, approved boolean, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	edit	billing.reading_edit;
	made	record;
BEGIN
	SELECT e.* INTO edit FROM billing.reading_edit e
	 WHERE e.account_id = (_decide_edit.detail ->> 'account_id')::bigint AND e.edit_id = (_decide_edit.detail ->> 'edit_id')::bigint;
	PERFORM billing._check_second_person(edit.author, format('edit %s', edit.edit_id));
	IF approved THEN
		made := billing._edited(edit);
		IF made.digest <> edit.digest_before THEN
			RAISE EXCEPTION 'the readings are not those that edit % was meant for', edit.edit_id
				USING ERRCODE = 'UB602', DETAIL = 'They have changed since.', HINT = 'Refuse it, and let it be proposed anew.';
		END IF;
		PERFORM billing._apply_edit(edit, made.after, billing.actor());
	END IF;
	UPDATE billing.reading_edit e
	   SET state = CASE WHEN approved THEN 'applied' ELSE 'refused' END, decided_by = billing.actor(), decided_at = clock_timestamp(), note = coalesce(_decide_edit.reason, '')
	 WHERE e.account_id = edit.account_id AND e.edit_id = edit.edit_id
	RETURNING e.state INTO edit.state;
	PERFORM billing._audit(edit.org_id, 'decide_edit', format('edit %s', edit.edit_id), jsonb_build_object('state', edit.state, 'note', _decide_edit.reason));
END $$;
COMMENT ON FUNCTION billing._decide_edit(jsonb, boolean, text) IS 'an edit that waited is applied, or refused';

CREATE FUNCTION billing.decide_edit(edit_id bigint, approve boolean, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: carries out what another person has asked for, for who may approve readings there.
DECLARE
	edit	billing.reading_edit;
BEGIN
	PERFORM billing._given('decide_edit', edit_id, approve, note);
	SELECT e.* INTO edit FROM billing.reading_edit e WHERE e.edit_id = decide_edit.edit_id
	   AND (billing.can_do('approve', 'reading', e.org_id) OR billing.is_assigned(e.account_id, 'approve', 'reading'));
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('edit %s', decide_edit.edit_id));
	END IF;
	-- the head first, as everywhere; then the edit as it is now
	PERFORM FROM billing.account_head h WHERE h.account_id = edit.account_id FOR NO KEY UPDATE;
	SELECT e.* INTO edit FROM billing.reading_edit e WHERE e.account_id = edit.account_id AND e.edit_id = decide_edit.edit_id;
	IF edit.state <> 'pending' THEN
		RAISE EXCEPTION 'edit % is decided already', decide_edit.edit_id
			USING ERRCODE = 'UB602', DETAIL = format('It is %s.', edit.state), HINT = 'Another change is another edit.';
	END IF;
	PERFORM billing._decide_pending('reading_edit', edit.org_id, billing._edit_subject(edit), CASE WHEN approve THEN 'approved' ELSE 'declined' END, decide_edit.note);
	RETURN CASE WHEN approve THEN 'applied' ELSE 'refused' END;
END $$;
COMMENT ON FUNCTION billing.decide_edit(bigint, boolean, text) IS
'approves or refuses a large edit of readings: by who may approve readings there and has not proposed it (UB603); returns its state';
