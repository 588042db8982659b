-- Files that were received become readings, payments and staff.
CREATE FUNCTION billing.set_mapping(name text, format text, mapping jsonb DEFAULT '{}', channels jsonb DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: mappings serve every org, so who sets one may write readings everywhere.
DECLARE
	before	jsonb;
	wrong	record;
BEGIN
	PERFORM billing._given('set_mapping', name, format, mapping, channels);
	PERFORM billing._check_everywhere('write', 'reading');
	SELECT c.key, c.value INTO wrong FROM jsonb_each(CASE jsonb_typeof(set_mapping.channels) WHEN 'object' THEN set_mapping.channels ELSE '{"": 0}' END) c
	 WHERE c.value <> 'null' AND (jsonb_typeof(c.value) <> 'string'
		OR c.value #>> '{}' !~ '^([^/[:cntrl:]]{1,64}/)?[a-z][a-z0-9_]{0,31}$'
		OR regexp_replace(c.value #>> '{}', '^.*/', '') NOT IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export')
		   AND NOT EXISTS (SELECT FROM billing.register g WHERE g.register = regexp_replace(c.value #>> '{}', '^.*/', ''))) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'channel "%" of the mapping means nothing', wrong.key
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is given as %s.', wrong.value),
				  HINT = 'Give import, export, generation, reactive_import, reactive_export or a register, with a part in front such as "lighting/import", or null to leave it out.';
	END IF;
	-- what the readers make of it is said now and not with the first file
	IF set_mapping.format = 'csv' THEN
		PERFORM FROM billing.read_csv(''::text, set_mapping.mapping - 'encoding');
	ELSIF set_mapping.format = 'json' THEN
		PERFORM FROM billing.read_json(''::text, set_mapping.mapping - 'encoding');
	ELSIF set_mapping.format IN ('payments', 'staff', 'invoices', 'receipts') THEN
		PERFORM FROM billing._read_fields(set_mapping.format, '', set_mapping.mapping);
	END IF;
	SELECT jsonb_build_object('format', m.format, 'mapping', m.mapping, 'channels', m.channels) INTO before
	  FROM billing.csv_mapping m WHERE m.name = set_mapping.name FOR UPDATE;
	INSERT INTO billing.csv_mapping AS m (name, format, mapping, channels)
	VALUES (set_mapping.name, set_mapping.format, set_mapping.mapping, set_mapping.channels)
	ON CONFLICT ON CONSTRAINT csv_mapping_pkey DO UPDATE SET format = excluded.format, mapping = excluded.mapping, channels = excluded.channels,
		set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(coalesce((SELECT min(o.org_id) FROM billing.org o), 0), 'set_mapping', format('mapping %s', set_mapping.name), jsonb_build_object('before', before));
END $$;
COMMENT ON FUNCTION billing.set_mapping(text, text, jsonb, jsonb) IS
'names how files of a sender are read: format is that of receive(); mapping what its reader is told (for csv, json, payments and staff '
'the columns; time_zone and default_unit for the others; encoding for files that are not UTF-8); channels what the file''s channels '
'are, such as {"1.8.0": "import", "E2": "lighting/import", "Q1": null}. Needs write on reading everywhere. Batches keep how they were read';

-- What a file says of days becomes what they are of in the store; the rest is rejected.
CREATE FUNCTION billing._match_readings(b billing.batch, content bytea, OUT days billing._landed_day[], OUT registers jsonb)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	zone	text := coalesce(b.read_as #>> '{mapping,time_zone}', CASE WHEN b.format LIKE 'nem1_' THEN '+10:00' WHEN b.format = 'mscons' THEN 'Europe/Berlin' ELSE 'UTC' END);
BEGIN
	WITH raw AS MATERIALIZED (
		-- what a register shows counts for the beginning of a day: in its last hour that is the next
		SELECT r.*, coalesce(r.day, billing._local_day(r.read_at + interval '1 hour', zone)) AS on_day FROM billing._read_batch(b.format, _match_readings.content, b.read_as -> 'mapping') r),
	said AS MATERIALIZED (
		SELECT DISTINCT r.meter, r.channel FROM raw r WHERE r.rejected IS NULL),
	channel AS MATERIALIZED (
		SELECT n.channel, c.part, c.as_channel, c.known
		  FROM (SELECT DISTINCT r.channel FROM said r) n
		 CROSS JOIN LATERAL billing._channel_of(b.format, n.channel, b.read_as -> 'channels') c),
	name AS MATERIALIZED (
		SELECT DISTINCT r.meter FROM said r),
	-- the number of a point, of a meter installed there, of the account; the first that there is
	place AS (
		SELECT n.meter, 1 AS rank, p.account_id, p.part, p.org_id, p.from_on, coalesce(p.until_on, 'infinity') AS until_on
		  FROM name n JOIN billing.service_point p ON p.point_code = n.meter
		UNION ALL
		SELECT n.meter, 2, i.account_id, i.part, i.org_id, billing._local_day(i.from_at, zone),
			   coalesce(billing._local_day(i.until_at - interval '1 microsecond', zone) + 1, 'infinity')
		  FROM name n JOIN billing.meter_install i ON i.meter_no = n.meter AND i.role = 'main'
		UNION ALL
		SELECT n.meter, 3, a.account_id, 'main', a.org_id, '-infinity', 'infinity'
		  FROM name n JOIN billing.account a ON a.account_no = n.meter),
	meter AS MATERIALIZED (
		-- on a day of two the later
		SELECT p.meter, p.account_id, p.part, p.from_on, least(p.until_on, lead(p.from_on) OVER (PARTITION BY p.meter ORDER BY p.from_on, p.until_on)) AS until_on
		  FROM (SELECT q.*, min(q.rank) OVER (PARTITION BY q.meter) AS first FROM place q WHERE billing.can_write(q.org_id, 'reading')) p
		 WHERE p.rank = p.first),
	-- a code is found for each record, words only for those that have one
	judged AS MATERIALIZED (
		SELECT r.line, r.meter, r.channel, r.unit, r.rejected, r.content, r.day, r.on_day, r.reading, r.version_at, r.profile, m.account_id, coalesce(c.part, m.part) AS part, c.as_channel,
			   CASE WHEN r.rejected IS NOT NULL THEN 'UB107'
					WHEN NOT c.known THEN 'UB108'
					WHEN m.account_id IS NULL THEN 'P0002'
					WHEN r.profile IS NULL AND r.unit NOT IN ('kWh', 'kvarh', 'kVAh', 'kW') THEN 'UB104'
					WHEN r.profile IS NULL THEN NULL
					WHEN c.as_channel NOT IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export') THEN 'UB108'
					WHEN billing.unit(r.profile) <> CASE WHEN c.as_channel LIKE 'reactive%' THEN 'varh' ELSE 'Wh' END THEN 'UB104' END AS sqlstate
		  FROM raw r
		  LEFT JOIN channel c ON c.channel IS NOT DISTINCT FROM r.channel AND r.rejected IS NULL
		  LEFT JOIN meter m ON m.meter = r.meter AND r.on_day >= m.from_on AND r.on_day < m.until_on AND r.rejected IS NULL
		 WHERE r.rejected IS NOT NULL OR c.as_channel IS NOT NULL OR NOT c.known),
	-- two meters or channels of the file that are one in the store: the first stays
	twice AS MATERIALIZED (
		SELECT j.account_id, j.day, j.part, j.as_channel FROM judged j WHERE j.sqlstate IS NULL AND j.profile IS NOT NULL
		 GROUP BY j.account_id, j.day, j.part, j.as_channel HAVING count(*) > 1),
	doubled AS MATERIALIZED (
		SELECT j.*, row_number() OVER (PARTITION BY j.account_id, j.day, j.part, j.as_channel ORDER BY j.line) AS nth
		  FROM judged j JOIN twice d USING (account_id, day, part, as_channel) WHERE j.sqlstate IS NULL AND j.profile IS NOT NULL),
	bad AS MATERIALIZED (
		SELECT j.line, j.meter, j.channel, j.as_channel, j.on_day, j.unit, j.rejected, j.content, j.sqlstate FROM judged j WHERE j.sqlstate IS NOT NULL
		UNION ALL
		SELECT d.line, d.meter, d.channel, d.as_channel, d.on_day, d.unit, d.rejected, d.content, 'UB102' FROM doubled d WHERE d.nth > 1),
	refused AS (
		INSERT INTO billing.batch_reject (batch_id, reject_no, org_id, kind, line, sqlstate, message, detail, hint, content)
		SELECT b.batch_id, row_number() OVER (ORDER BY p.line), b.org_id, b.kind, p.line, f.sqlstate, f.message, f.detail, f.hint, coalesce(p.content, t.content)
		  FROM bad p
		  JOIN LATERAL (VALUES
			('UB107', p.rejected, NULL, 'Correct the record and send it again.'),
			('UB108', format('channel "%s" is not mapped', p.channel), format('Of meter %s.', p.meter), 'Name it in the channels of a mapping; null leaves it out.'),
			('P0002', format('meter %s does not exist, or not for you', p.meter), format('On %s.', to_char(p.on_day, 'YYYY-MM-DD')), 'Enter it, then land the batch again.'),
			('UB104', format('channel %s of meter %s is in another unit', p.as_channel, p.meter), format('It is in %s.', p.unit), 'Name what it is in the channels of a mapping.'),
			('UB102', 'the file has another channel for these days of the account', NULL, NULL)) f(sqlstate, message, detail, hint)
			ON f.sqlstate = p.sqlstate
		  LEFT JOIN billing._lines_of(b.format, _match_readings.content, ARRAY(SELECT q.line FROM bad q WHERE q.content IS NULL)) t ON t.line = p.line)
	SELECT array_agg(ROW (p.line, p.account_id, p.part, p.as_channel, p.day, p.version_at, p.profile)::billing._landed_day),
		   (SELECT jsonb_agg(jsonb_build_object('line', j.line, 'account_id', j.account_id, 'account_no', (SELECT a.account_no FROM billing.account a WHERE a.account_id = j.account_id),
				'part', j.part, 'register', CASE j.as_channel WHEN 'import' THEN 'total' ELSE j.as_channel END, 'read_on', to_char(j.on_day, 'YYYY-MM-DD'),
				'value', j.reading::text) ORDER BY j.line) FROM judged j WHERE j.sqlstate IS NULL AND j.profile IS NULL)
	  INTO days, registers
	  FROM (SELECT j.line, j.account_id, j.part, j.as_channel, j.day, j.version_at, j.profile FROM judged j
			 WHERE j.sqlstate IS NULL AND j.profile IS NOT NULL AND (j.account_id, j.day, j.part, j.as_channel) NOT IN (SELECT d.account_id, d.day, d.part, d.as_channel FROM twice d)
			UNION ALL
			SELECT d.line, d.account_id, d.part, d.as_channel, d.day, d.version_at, d.profile FROM doubled d WHERE d.nth = 1) p;
EXCEPTION
	-- these are of the moment, or of the store, and not of the file
	WHEN query_canceled OR admin_shutdown OR insufficient_resources OR serialization_failure OR deadlock_detected OR internal_error
		OR syntax_error_or_access_rule_violation THEN
		RAISE;
	WHEN OTHERS THEN
		DECLARE
			code	text;
			message	text;
			detail	text;
			hint	text;
		BEGIN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
			PERFORM billing._reject(b.batch_id, 0, code, message, detail, hint, NULL);
		END;
END $$;
COMMENT ON FUNCTION billing._match_readings(billing.batch, bytea) IS
'reads a file and finds the account, part and channel of each day, or the register of each reading; what cannot be read or placed becomes a reject, a file that cannot be read at all one of line 0';

CREATE FUNCTION billing._land_readings(b billing.batch, content bytea, OUT taken bigint, OUT unchanged bigint, OUT leaves billing._leaf[])
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	days	billing._landed_day[];
	registers jsonb;
	judged	record;
	last	bigint;
BEGIN
	SELECT m.days, m.registers INTO days, registers FROM billing._match_readings(b, _land_readings.content) m;
	PERFORM billing._lock_heads(ARRAY(SELECT d.account_id FROM unnest(days) d UNION SELECT (r ->> 'account_id')::bigint FROM jsonb_array_elements(registers) r));
	SELECT p.taken, p.unchanged, p.leaves INTO taken, unchanged, leaves FROM billing._put_safely(b, days) p;
	IF registers IS NULL THEN
		RETURN;
	END IF;
	taken := taken + jsonb_array_length(registers);
	last := nextval('billing.register_reading_entry_no_seq');
	FOR judged IN SELECT q.* FROM billing.org o CROSS JOIN LATERAL billing.record_registers(o.org_no, registers, coalesce(nullif(b.source, ''), b.file_name)) q WHERE o.org_id = b.org_id
	LOOP
		CONTINUE WHEN judged.state = 'pending';
		taken := taken - 1;
		IF judged.state = 'superseded' THEN
			unchanged := unchanged + 1;
		ELSE
			PERFORM billing._reject(b.batch_id, t.line, CASE WHEN judged.state = 'rejected' THEN 'UB121' ELSE 'UB107' END,
				format('the reading %s of register %s is not taken', r.value ->> 'value', r.value ->> 'register'), concat_ws(': ', nullif(judged.finding, ''), judged.detail),
				'Correct the record and send it again.', t.content)
			   FROM jsonb_array_elements(registers) WITH ORDINALITY r(value, n)
			   LEFT JOIN billing._lines_of(b.format, _land_readings.content, ARRAY[(r.value ->> 'line')::bigint]) t ON true
			  WHERE r.n = judged.row_no;
		END IF;
	END LOOP;
	-- what it entered is this batch's; what waits for a second person once that has decided, by close_readings()
	UPDATE billing.register_reading r SET batch_id = b.batch_id
	 WHERE r.account_id IN (SELECT (j ->> 'account_id')::bigint FROM jsonb_array_elements(registers) j) AND r.entry_no > last
	   AND r.source = coalesce(nullif(b.source, ''), b.file_name) AND r.state IN ('valid', 'rejected', 'superseded') AND r.batch_id IS NULL;
	leaves := leaves || billing._leaves_of(b.batch_id);
END $$;
COMMENT ON FUNCTION billing._land_readings(billing.batch, bytea) IS 'what a file of readings brings into the store';

CREATE FUNCTION billing._put_safely(b billing.batch, days billing._landed_day[], OUT taken bigint, OUT unchanged bigint, OUT leaves billing._leaf[])
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- An error takes the statement with it: halve the accounts until the culprit is alone.
DECLARE
	part	record;
	middle	bigint;
	last	bigint;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	taken := 0;
	unchanged := 0;
	leaves := '{}';
	IF coalesce(cardinality(_put_safely.days), 0) = 0 THEN
		RETURN;
	END IF;
	BEGIN
		SELECT p.* INTO part FROM billing._put_days(b.batch_id, coalesce((SELECT o.received_at FROM billing.batch o WHERE o.batch_id = b.again_of), b.received_at),
			b.source, _put_safely.days) p;
		-- all at once: a whole file may be refused
		INSERT INTO billing.batch_reject (batch_id, reject_no, org_id, kind, line, sqlstate, message, detail, hint)
		SELECT b.batch_id, q.last_no + row_number() OVER (ORDER BY r.line), b.org_id, b.kind, r.line, 'UB101',
			   format('the day %s has slots or a time zone that do not go with those that are there', to_char(r.day, 'YYYY-MM-DD')),
			   format('It has slots of %s minutes in zone %s; there: %s minutes in zone %s.', extract(epoch FROM billing.slot(r.profile))::integer / 60, billing.time_zone(r.profile),
				extract(epoch FROM billing.slot(t.profile))::integer / 60, billing.time_zone(t.profile)),
			   CASE WHEN billing.time_zone(r.profile) <> billing.time_zone(t.profile) THEN 'Let the mapping name the time zone of the readings; edit or record those that were read by another.'
					ELSE 'Deliver whole days when the length of slots changes.' END
		  FROM unnest(part.refused) r
		  LEFT JOIN LATERAL (SELECT o.profile FROM billing.reading o WHERE o.account_id = r.account_id AND o.part = r.part AND o.channel = r.channel
								AND o.from_on <= r.day AND o.from_on > r.day - 31 AND o.until_on > r.day LIMIT 1) t ON true
		 CROSS JOIN (SELECT coalesce(max(o.reject_no), 0) AS last_no FROM billing.batch_reject o WHERE o.batch_id = b.batch_id) q;
		taken := part.taken;
		unchanged := part.unchanged;
		leaves := part.leaves;
		RETURN;
	EXCEPTION
		WHEN insufficient_privilege THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		-- of the moment, or of the store, and of no account
		WHEN query_canceled OR admin_shutdown OR insufficient_resources OR serialization_failure OR deadlock_detected OR internal_error
			OR syntax_error_or_access_rule_violation THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY q.account_id), max(q.account_id) INTO middle, last
	  FROM (SELECT DISTINCT d.account_id FROM unnest(_put_safely.days) d) q;
	IF middle = last THEN
		PERFORM billing._reject(b.batch_id, d.line, code, message, detail, hint, NULL) FROM unnest(_put_safely.days) d;
		RETURN;
	END IF;
	FOR part IN SELECT p.* FROM (VALUES (true), (false)) side(lower)
				 CROSS JOIN LATERAL billing._put_safely(b, ARRAY(SELECT d FROM unnest(_put_safely.days) d WHERE (d.account_id <= middle) = side.lower)) p
	LOOP
		taken := taken + part.taken;
		unchanged := unchanged + part.unchanged;
		leaves := leaves || part.leaves;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._put_safely(billing.batch, billing._landed_day[]) IS 'stores days; the account that cannot take its own stands alone as rejects in the end';

CREATE FUNCTION billing._land_payments(b billing.batch, content bytea, OUT taken bigint, OUT unchanged bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- Each payment is an account's own, by post_payment(); all heads are locked first, in their order.
DECLARE
	told	jsonb := b.read_as -> 'mapping';
	rows	jsonb[];
	row		jsonb;
	amount	numeric;
	new		boolean;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	taken := 0;
	unchanged := 0;
	BEGIN
		SELECT array_agg(to_jsonb(r) ORDER BY r.line) INTO rows FROM billing._read_fields(b.format, _land_payments.content, told) r;
	EXCEPTION WHEN data_exception OR feature_not_supported OR undefined_object THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
		PERFORM billing._reject(b.batch_id, 0, code, message, detail, hint, NULL);
		RETURN;
	END;
	PERFORM billing._lock_heads(ARRAY(SELECT a.account_id FROM unnest(rows) r JOIN billing.account a ON a.account_no = r #>> '{fields,account_no}'));
	FOREACH row IN ARRAY coalesce(rows, '{}')
	LOOP
		IF row ->> 'rejected' IS NOT NULL THEN
			PERFORM billing._reject(b.batch_id, (row ->> 'line')::bigint, 'UB107', row ->> 'rejected', NULL, 'Correct the record and send it again.', row ->> 'content');
			CONTINUE;
		END IF;
		BEGIN
			amount := billing._amount_of(row #>> '{fields,amount}', told);
			IF row #>> '{fields,key}' IS NULL OR row #>> '{fields,account_no}' IS NULL THEN
				RAISE EXCEPTION 'a payment has an account and a key' USING ERRCODE = 'UB107', HINT = 'Correct the record and send it again.';
			END IF;
			IF (row #>> '{fields,day}') !~ '^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$' THEN
				RAISE EXCEPTION 'day "%" is none', row #>> '{fields,day}' USING ERRCODE = 'UB107', HINT = 'Days are written 2026-01-31 or 20260131.';
			END IF;
			SELECT count(*) = 0 INTO new FROM billing.transfer t JOIN billing.account a ON a.account_id = t.account_id
			 WHERE a.account_no = row #>> '{fields,account_no}' AND t.key = row #>> '{fields,key}';
			PERFORM billing.post_payment(row #>> '{fields,account_no}', amount, row #>> '{fields,key}', (row #>> '{fields,day}')::date);
			taken := taken + new::integer;
			unchanged := unchanged + (NOT new)::integer;
		EXCEPTION
			WHEN query_canceled OR admin_shutdown OR insufficient_resources OR serialization_failure OR deadlock_detected OR internal_error THEN
				RAISE;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
				PERFORM billing._reject(b.batch_id, (row ->> 'line')::bigint, code, message, detail, hint, row ->> 'content');
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._land_payments(billing.batch, bytea) IS 'posts the payments of a file, each by its own key; a row that cannot be posted is rejected by itself';

CREATE FUNCTION billing._amount_of(written text, mapping jsonb)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	text	text := translate(replace(_amount_of.written, coalesce(_amount_of.mapping ->> 'group_mark', ''), ''), coalesce(_amount_of.mapping ->> 'decimal_mark', '.'), '.');
BEGIN
	IF text ~ '^[+-]?[0-9]{1,15}([.][0-9]{1,6})?$' THEN
		RETURN text::numeric;
	END IF;
	RAISE EXCEPTION 'amount "%" is no number', _amount_of.written USING ERRCODE = 'UB107', HINT = 'Correct the record and send it again.';
END $$;
COMMENT ON FUNCTION billing._amount_of(text, jsonb) IS 'an amount of money as a file writes it';

CREATE FUNCTION billing._land_staff(b billing.batch, content bytea, OUT taken bigint, OUT unchanged bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- Who is on the list and not here appears, who is other than here changes, who has a day of leaving leaves then.
DECLARE
	told	jsonb := b.read_as -> 'mapping';
	row		record;
	person	record;
	changed	boolean;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	taken := 0;
	unchanged := 0;
	-- one list at a time: persons are not in the order of anything
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.land_staff', 0));
	FOR row IN SELECT r.line, r.rejected, r.content, f.* FROM billing._read_fields(b.format, _land_staff.content, told) r
				CROSS JOIN LATERAL jsonb_to_record(coalesce(r.fields, '{}')) f(staff_no text, name text, post text, org_no text, login_role text, left_on text)
	LOOP
		IF row.rejected IS NOT NULL THEN
			PERFORM billing._reject(b.batch_id, row.line, 'UB107', row.rejected, NULL, 'Correct the record and send it again.', row.content);
			CONTINUE;
		END IF;
		BEGIN
			IF row.staff_no IS NULL OR row.left_on !~ '^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$' THEN
				RAISE EXCEPTION 'a person has a number, and a day of leaving written 2026-01-31 or none' USING ERRCODE = 'UB107', HINT = 'Correct the record and send it again.';
			END IF;
			SELECT s.name, s.post, o.org_no, s.valid_during @> now() AS here, upper(s.valid_during) AS leaves_at INTO person
			  FROM billing.staff s JOIN billing.org o ON o.org_id = s.org_id WHERE s.staff_no = row.staff_no;
			changed := false;
			IF row.left_on::date <= current_date THEN
				IF person.here THEN
					PERFORM billing.end_staff(row.staff_no);
					changed := true;
				END IF;
			ELSE
				IF person.here IS NULL THEN
					PERFORM billing.add_staff(coalesce(row.org_no, (SELECT o.org_no FROM billing.org o WHERE o.org_id = b.org_id)), row.staff_no, row.name, row.post, row.login_role);
					changed := true;
				ELSE
					changed := billing.change_staff(row.staff_no, coalesce(row.name, person.name), coalesce(row.post, person.post), row.org_no);
				END IF;
				-- known beforehand: rights end on that day, whether a list comes then or not
				IF row.left_on IS NOT NULL AND row.left_on::date::timestamptz IS DISTINCT FROM person.leaves_at THEN
					PERFORM billing.end_staff(row.staff_no, row.left_on::date::timestamptz);
					changed := true;
				END IF;
			END IF;
			taken := taken + changed::integer;
			unchanged := unchanged + (NOT changed)::integer;
		EXCEPTION
			WHEN query_canceled OR admin_shutdown OR insufficient_resources OR serialization_failure OR deadlock_detected OR internal_error THEN
				RAISE;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
				PERFORM billing._reject(b.batch_id, row.line, code, message, detail, hint, row.content);
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._land_staff(billing.batch, bytea) IS 'brings a list of staff up to date; a row that cannot be is rejected by itself';

CREATE FUNCTION billing._land_replies(b billing.batch, content bytea, OUT taken bigint, OUT unchanged bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	row		record;
	new		boolean;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	taken := 0;
	unchanged := 0;
	-- in the order of what they answer, so that two files do not wait for each other
	FOR row IN SELECT r.* FROM billing._read_fields(b.format, _land_replies.content, b.read_as -> 'mapping') r
				ORDER BY coalesce(r.fields ->> 'invoice_id', r.fields ->> 'message_id'), r.line
	LOOP
		IF row.rejected IS NOT NULL THEN
			PERFORM billing._reject(b.batch_id, row.line, 'UB107', row.rejected, NULL, 'Correct the record and send it again.', row.content);
			CONTINUE;
		END IF;
		BEGIN
			IF b.format = 'invoices' THEN
				new := billing._take_invoice(b, row.fields);
			ELSE
				new := billing._take_receipt(row.fields);
			END IF;
			taken := taken + new::integer;
			unchanged := unchanged + (NOT new)::integer;
		EXCEPTION
			WHEN query_canceled OR admin_shutdown OR insufficient_resources OR serialization_failure OR deadlock_detected OR internal_error THEN
				RAISE;
			WHEN OTHERS THEN
				GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
				PERFORM billing._reject(b.batch_id, row.line, code, message, detail, hint, row.content);
		END;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._land_replies(billing.batch, bytea) IS 'takes the answers of a file: of the tax platform about invoices, of relays about notices; one that cannot be taken is rejected by itself';

CREATE FUNCTION billing._close_batch(b billing.batch, taken bigint, unchanged bigint, leaves billing._leaf[])
RETURNS billing.batch
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	head	billing.batch_head;
	row		billing.batch := b;
	listed	billing.batch_manifest;
BEGIN
	SELECT array_agg(l.account_id ORDER BY l.place), array_agg(l.part ORDER BY l.place), array_agg(l.channel ORDER BY l.place),
		   array_agg(l.from_on ORDER BY l.place), array_agg(l.until_on ORDER BY l.place), array_agg(l.leaf ORDER BY l.place),
		   CASE WHEN count(l.entry_no) > 0 THEN array_agg(l.entry_no ORDER BY l.place) END
	  INTO listed.accounts, listed.parts, listed.channels, listed.from_days, listed.until_days, listed.leaves, listed.entries
	  FROM (SELECT u.*, row_number() OVER (ORDER BY u.account_id, u.part COLLATE "C", u.channel COLLATE "C", u.from_on, u.entry_no, u.leaf) AS place
			  FROM unnest(_close_batch.leaves) u) l;
	row.taken := _close_batch.taken;
	row.unchanged := _close_batch.unchanged;
	row.rejected := (SELECT count(*) FROM billing.batch_reject r WHERE r.batch_id = b.batch_id);
	row.root := billing._merkle_root(coalesce(listed.leaves, '{}'));
	row.landed_at := now();
	row.landed_by := billing.actor();
	IF listed.leaves IS NOT NULL THEN
		INSERT INTO billing.batch_manifest (batch_id, org_id, accounts, parts, channels, from_days, until_days, leaves, entries)
		VALUES (b.batch_id, b.org_id, listed.accounts, listed.parts, listed.channels, listed.from_days, listed.until_days, listed.leaves, listed.entries);
	END IF;
	PERFORM billing._audit(b.org_id, 'land', format('batch %s', b.batch_id),
		jsonb_build_object('taken', row.taken, 'unchanged', row.unchanged, 'rejected', row.rejected, 'root', encode(row.root, 'hex')));
	-- the last lock, and the same for all who land here
	INSERT INTO billing.batch_head (org_id, kind) VALUES (b.org_id, b.kind) ON CONFLICT DO NOTHING;
	SELECT h.* INTO head FROM billing.batch_head h WHERE h.org_id = b.org_id AND h.kind = b.kind FOR NO KEY UPDATE;
	row.seq := head.seq + 1;
	row.link := sha256(head.link || billing._batch_content(row));
	UPDATE billing.batch_head h SET seq = row.seq, link = row.link WHERE h.org_id = b.org_id AND h.kind = b.kind;
	UPDATE billing.batch t SET landed_at = row.landed_at, landed_by = row.landed_by, read_as = row.read_as, taken = row.taken, unchanged = row.unchanged,
		rejected = row.rejected, seq = row.seq, root = row.root, link = row.link
	 WHERE t.batch_id = b.batch_id;
	RETURN row;
END $$;
COMMENT ON FUNCTION billing._close_batch(billing.batch, bigint, bigint, billing._leaf[]) IS 'writes down what a batch stored, and links it to the batch before';

CREATE FUNCTION billing.close_readings(org_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: a batch of what was entered by hand, for who may write readings there.
DECLARE
	at_org	bigint := billing._org_of(close_readings.org_no, 'write', 'reading');
	orgs	bigint[] := billing._orgs_below(at_org);
	b		billing.batch;
	leaves	billing._leaf[];
BEGIN
	PERFORM billing._given('close_readings', org_no);
	PERFORM billing._lock_heads(ARRAY(SELECT DISTINCT r.account_id FROM billing.register_reading r
									   WHERE r.org_id = ANY (orgs) AND (r.batch_id IS NULL OR r.decided_at IS NOT NULL AND r.decision_batch_id IS NULL)));
	-- what was judged: while a reading waits for a second person its digits and multiplier may still be found
	PERFORM FROM billing.register_reading r
	  WHERE r.org_id = ANY (orgs) AND (r.batch_id IS NULL OR r.decided_at IS NOT NULL AND r.decision_batch_id IS NULL) AND r.state IN ('valid', 'rejected', 'superseded') LIMIT 1;
	IF NOT FOUND THEN
		RETURN 0;
	END IF;
	INSERT INTO billing.batch AS n (org_id, format, file_name, digest, content)
	VALUES (at_org, 'hand', format('entered until %s', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI')), sha256(''), '') RETURNING n.* INTO b;
	UPDATE billing.register_reading r
	   SET batch_id = coalesce(r.batch_id, b.batch_id), decision_batch_id = CASE WHEN r.decided_at IS NOT NULL THEN coalesce(r.decision_batch_id, b.batch_id) END
	 WHERE r.org_id = ANY (orgs) AND (r.batch_id IS NULL OR r.decided_at IS NOT NULL AND r.decision_batch_id IS NULL) AND r.state IN ('valid', 'rejected', 'superseded');
	leaves := billing._leaves_of(b.batch_id);
	PERFORM billing._close_batch(b, cardinality(leaves), 0, leaves);
	RETURN cardinality(leaves);
END $$;
COMMENT ON FUNCTION billing.close_readings(text) IS
'puts the readings of registers of an org, and of all below it, that came by no file, and what second persons decided since, into a batch of their own: the chain of batches has them from then on. '
'For every evening; returns how many';

CREATE FUNCTION billing.land(batch_id bigint, OUT taken bigint, OUT unchanged bigint, OUT rejected bigint)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- a batch is small beside the readings: always by their keys, whatever the statistics say
SET enable_seqscan = off
SET jit = off
SET work_mem = '64MB'
-- plans that are made for one content hold copies of it
SET plan_cache_mode = force_generic_plan
AS $$
-- Definer: readings, payments, staff and replies as a file says, each for who may write it at its own org.
DECLARE
	b		billing.batch;
	done	record;
	bytes	bytea;
BEGIN
	PERFORM billing._given('land', batch_id);
	-- everything of a batch is one transaction; who comes second finds it done
	SELECT t.* INTO b FROM billing.batch t WHERE t.batch_id = land.batch_id AND billing.can_write(t.org_id, t.kind) FOR NO KEY UPDATE;
	IF NOT FOUND OR b.format = 'hand' THEN
		PERFORM billing._not_found(format('batch %s', land.batch_id));
	END IF;
	IF b.landed_at IS NULL THEN
		bytes := CASE WHEN b.again_of IS NULL THEN b.content ELSE (SELECT o.content FROM billing.batch o WHERE o.batch_id = b.again_of) END;
		-- a generated column is not carried by a row that is made over
		b.content := '';
		b.read_as := coalesce((SELECT jsonb_build_object('mapping', m.mapping, 'channels', m.channels) FROM billing.csv_mapping m
								WHERE m.name = b.mapping AND m.format = b.format), '{"mapping": {}, "channels": {}}');
		CASE b.format
			WHEN 'payments' THEN
				SELECT p.taken, p.unchanged, '{}'::billing._leaf[] AS leaves INTO done FROM billing._land_payments(b, bytes) p;
			WHEN 'staff' THEN
				SELECT p.taken, p.unchanged, '{}'::billing._leaf[] AS leaves INTO done FROM billing._land_staff(b, bytes) p;
			WHEN 'invoices', 'receipts' THEN
				SELECT p.taken, p.unchanged, '{}'::billing._leaf[] AS leaves INTO done FROM billing._land_replies(b, bytes) p;
			ELSE
				SELECT p.taken, p.unchanged, p.leaves INTO done FROM billing._land_readings(b, bytes) p;
		END CASE;
		b := billing._close_batch(b, done.taken, done.unchanged, done.leaves);
	END IF;
	taken := b.taken;
	unchanged := b.unchanged;
	rejected := b.rejected;
END $$;
COMMENT ON FUNCTION billing.land(bigint) IS
'brings what a received file says into the store, all of it or, after a crash, nothing: days of readings, payments, staff, replies; returns how many '
'were taken, how many said nothing new, and how many records are in batch_reject with the reason. A landed batch stays as it is';

CREATE FUNCTION billing.land_again(batch_id bigint, mapping text DEFAULT NULL, OUT new_batch_id bigint, OUT taken bigint, OUT unchanged bigint, OUT rejected bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: a new batch with the content of one that the caller may land.
DECLARE
	b	billing.batch;
BEGIN
	SELECT t.* INTO b FROM billing.batch t WHERE t.batch_id = land_again.batch_id AND billing.can_write(t.org_id, t.kind) FOR KEY SHARE;
	IF NOT FOUND OR b.landed_at IS NULL OR b.format = 'hand' THEN
		PERFORM billing._not_found(format('a landed batch %s', land_again.batch_id));
	END IF;
	IF land_again.mapping IS NOT NULL AND NOT EXISTS (SELECT FROM billing.csv_mapping m WHERE m.name = land_again.mapping AND m.format = b.format) THEN
		RAISE EXCEPTION 'there is no mapping "%" of format %', land_again.mapping, b.format
			USING ERRCODE = 'no_data_found', HINT = 'set_mapping() makes it; billing.csv_mapping has those there are.';
	END IF;
	INSERT INTO billing.batch AS n (org_id, format, file_name, source, mapping, digest, again_of, content)
	VALUES (b.org_id, b.format, b.file_name, b.source, coalesce(land_again.mapping, b.mapping), b.digest, coalesce(b.again_of, b.batch_id), '')
	RETURNING n.batch_id INTO new_batch_id;
	SELECT l.taken, l.unchanged, l.rejected INTO taken, unchanged, rejected FROM billing.land(new_batch_id) l;
END $$;
COMMENT ON FUNCTION billing.land_again(bigint, text) IS
'reads a landed file once more, as a batch of its own: after an account, a meter or a mapping was entered that its rejects lacked; what it '
'brought before is unchanged, and what came later is not undone, since it counts as of when it was first received';

CREATE FUNCTION billing._next_batch(org_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: locks a batch that the caller may land.
DECLARE
	found	bigint;
	orgs	bigint[];
BEGIN
	SELECT billing._orgs_below(o.org_id) INTO orgs FROM billing.org o WHERE o.org_no = _next_batch.org_no;
	SELECT b.batch_id INTO found FROM billing.batch b
	 WHERE b.org_id = ANY (orgs) AND b.landed_at IS NULL AND billing.can_write(b.org_id, b.kind)
	 ORDER BY b.batch_id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED;
	RETURN found;
END $$;
COMMENT ON FUNCTION billing._next_batch(text) IS 'the first batch of an org, and of those below it, that waits to be landed and that nobody else has';

CREATE PROCEDURE billing.land_batches(org_no text, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	batch	bigint;
	done	record;
	batches	integer := 0;
	taken	bigint := 0;
	rejected bigint := 0;
BEGIN
	PERFORM billing._given('land_batches', org_no);
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'landing commits batch by batch, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.land_batches(...) outside BEGIN and COMMIT, and not from a function; land() does one batch.';
	END IF;
	LOOP
		batch := billing._next_batch(org_no);
		EXIT WHEN batch IS NULL;
		SELECT l.taken, l.rejected INTO done FROM billing.land(batch) l;
		COMMIT;
		batches := batches + 1;
		taken := taken + done.taken;
		rejected := rejected + done.rejected;
	END LOOP;
	result := format('%s batches landed: %s taken, %s rejected.', batches, taken, rejected);
END $$;
COMMENT ON PROCEDURE billing.land_batches(text, text) IS
'lands what an org, and those below it, have received, a batch a transaction, in the order of reception; called in several sessions, they share the work';
