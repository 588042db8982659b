-- What a batch's link is made of, and a leaf of its tree.
CREATE FUNCTION billing._batch_content(b billing.batch)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('batch', b.org_id, b.seq, b.batch_id, b.format, b.file_name, b.source, b.mapping, b.digest, b.again_of,
		b.received_at, b.received_by, b.landed_at, b.landed_by, b.read_as::text, b.taken, b.unchanged, b.rejected, b.root);
END;
COMMENT ON FUNCTION billing._batch_content(billing.batch) IS 'what the chain says of a batch';

CREATE FUNCTION billing._reading_leaf(account_id bigint, part text, channel text, from_on date, until_on date, digest bytea)
RETURNS bytea
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing._content('reading', _reading_leaf.account_id, _reading_leaf.part, _reading_leaf.channel, _reading_leaf.from_on,
		_reading_leaf.until_on, _reading_leaf.digest);
END;
COMMENT ON FUNCTION billing._reading_leaf(bigint, text, text, date, date, bytea) IS 'what the tree of a batch says of days of readings';

CREATE FUNCTION billing.receive(file_name text, content bytea, format text, org_no text, source text DEFAULT '', mapping text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- plans that are made for one content hold copies of it
SET plan_cache_mode = force_generic_plan
AS $$
-- Definer: keeps a file for an org, for who may write there what such a file brings.
DECLARE
	at_org	bigint;
	made	bigint;
	hash	bytea := sha256(receive.content);
BEGIN
	PERFORM billing._given('receive', file_name, content, format, org_no, source, mapping);
	IF receive.format NOT IN ('csv', 'json', 'nem12', 'nem13', 'espi', 'mscons', 'payments', 'staff', 'invoices', 'receipts') THEN
		RAISE EXCEPTION 'there is no format "%"', receive.format
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Formats: csv, json, nem12, nem13, espi, mscons, payments, staff, invoices, receipts.';
	END IF;
	IF length(receive.file_name) NOT BETWEEN 1 AND 300 OR length(receive.source) > 100 THEN
		RAISE EXCEPTION 'a file has a name of 1 to 300 characters, and a source of at most 100'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('They have %s and %s.', length(receive.file_name), length(receive.source)),
				  HINT = 'Give the name without its folder.';
	END IF;
	at_org := billing._org_of(receive.org_no, 'write', CASE receive.format WHEN 'payments' THEN 'money' WHEN 'staff' THEN 'org' WHEN 'invoices' THEN 'bill' WHEN 'receipts' THEN 'bill' ELSE 'reading' END);
	IF receive.mapping <> '' THEN
		PERFORM FROM billing.csv_mapping m WHERE m.name = receive.mapping AND m.format = receive.format;
		IF NOT FOUND THEN
			RAISE EXCEPTION 'there is no mapping "%" of format %', receive.mapping, receive.format
				USING ERRCODE = 'no_data_found', HINT = 'set_mapping() makes it; billing.csv_mapping has those there are.';
		END IF;
	ELSIF receive.format IN ('csv', 'json') THEN
		RAISE EXCEPTION 'files of format % are read by a mapping', receive.format
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Name it: receive(..., mapping => ''name''); set_mapping() makes it.';
	END IF;
	-- a second look, for two that come at once
	FOR i IN 1 .. 2 LOOP
		SELECT b.batch_id INTO made FROM billing.batch b
		 WHERE b.org_id = at_org AND b.digest = hash AND b.format = receive.format AND b.mapping = receive.mapping AND b.again_of IS NULL;
		IF FOUND THEN
			RETURN made;
		END IF;
		INSERT INTO billing.batch AS b (org_id, format, file_name, source, mapping, digest, content)
		VALUES (at_org, receive.format, receive.file_name, receive.source, receive.mapping, hash, receive.content)
		ON CONFLICT DO NOTHING RETURNING b.batch_id INTO made;
		EXIT WHEN made IS NOT NULL;
	END LOOP;
	PERFORM billing._audit(at_org, 'receive', format('batch %s', made),
		jsonb_build_object('file_name', receive.file_name, 'format', receive.format, 'source', receive.source, 'digest', encode(hash, 'hex')));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.receive(text, bytea, text, text, text, text) IS
'keeps a file as it came in for an org, to be landed: format csv, json, nem12, nem13, espi, mscons, payments, staff, invoices (what the tax platform answers) or receipts (of notices), mapping the name of '
'how it is read. The same bytes again, in the same format, change nothing and give the same batch; needs write on reading (payments: '
'money, staff: org, invoices and receipts: bill) there; returns batch_id';

CREATE FUNCTION billing._channel_of(format text, channel text, channels jsonb, OUT part text, OUT as_channel text, OUT known boolean)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	-- a mapping first; then the words themselves, OBIS codes of total energy, NEM12's first channel, Green Button's directions
	SELECT CASE WHEN m.text LIKE '%/%' THEN split_part(m.text, '/', 1) END,
		   CASE WHEN m.text LIKE '%/%' THEN split_part(m.text, '/', 2) ELSE m.text END,
		   coalesce(_channel_of.channels ? coalesce(_channel_of.channel, ''), false) OR m.text IS NOT NULL
	  FROM (SELECT CASE
			WHEN _channel_of.channels ? coalesce(_channel_of.channel, '') THEN _channel_of.channels ->> coalesce(_channel_of.channel, '')
			WHEN coalesce(_channel_of.channel, '') = '' THEN 'import'
			WHEN lower(_channel_of.channel) IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export') THEN lower(_channel_of.channel)
			WHEN _channel_of.format = 'nem12' AND _channel_of.channel ~ '^E1?$' THEN 'import'
			WHEN _channel_of.format = 'nem12' AND _channel_of.channel ~ '^B1?$' THEN 'export'
			WHEN _channel_of.format = 'espi' AND _channel_of.channel ~ ' (import|export)$' THEN substring(_channel_of.channel FROM '[a-z]+$')
			WHEN _channel_of.channel ~ '^([0-9]+-[0-9]+:)?1\.(8|9|29)(\.0)?$' THEN 'import'
			WHEN _channel_of.channel ~ '^([0-9]+-[0-9]+:)?2\.(8|9|29)(\.0)?$' THEN 'export'
			WHEN _channel_of.channel ~ '^([0-9]+-[0-9]+:)?3\.(8|9|29)(\.0)?$' THEN 'reactive_import'
			WHEN _channel_of.channel ~ '^([0-9]+-[0-9]+:)?4\.(8|9|29)(\.0)?$' THEN 'reactive_export' END AS text) m;
END;
COMMENT ON FUNCTION billing._channel_of(text, text, jsonb) IS
'what a file''s channel is in the store: its part, where one is named, and its name; null: left out; not known: neither mapped nor plain';

CREATE FUNCTION billing._mscons_time(content bytea)
RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- UNB+UNOC:3+sender+receiver+YYMMDD:HHMM, in UTC as EDI@Energy has it; the element separator is what follows UNB
	head	text := substring(encode(substring(_mscons_time.content FOR 400), 'escape') FROM 'UNB[^0-9A-Za-z].*');
	stamp	text := split_part(head, substring(head FROM 4 FOR 1), 5);
BEGIN
	RETURN CASE WHEN stamp ~ '^[0-9]{6}:[0-9]{4}$' THEN
		make_timestamptz(2000 + left(stamp, 2)::integer, substr(stamp, 3, 2)::integer, substr(stamp, 5, 2)::integer,
			substr(stamp, 8, 2)::integer, substr(stamp, 10, 2)::integer, 0, 'UTC') END;
EXCEPTION WHEN datetime_field_overflow OR invalid_parameter_value THEN
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._mscons_time(bytea) IS 'when an MSCONS file was made, as its UNB says; null where it does not';

CREATE FUNCTION billing._in_utf8(document bytea, mapping jsonb)
RETURNS bytea
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _in_utf8.mapping ? 'encoding' THEN convert(_in_utf8.document, _in_utf8.mapping ->> 'encoding', 'UTF8') ELSE _in_utf8.document END;
END;
COMMENT ON FUNCTION billing._in_utf8(bytea, jsonb) IS 'a file in UTF-8, where its mapping says what it is in';

CREATE FUNCTION billing._read_batch(format text, document bytea, mapping jsonb)
RETURNS TABLE (line bigint, meter text, channel text, day date, profile billing.profile, version_at timestamptz,
	read_at timestamptz, reading numeric, unit text, rejected text, content text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- put into the query that asks, of which only the branch of the format runs: the rows are not carried from one place to another
	SELECT n.line, n.nmi, n.suffix, n.day, n.profile, coalesce(n.updated_at, n.loaded_at), n.read_at, n.reading, n.unit, n.rejected, n.content
	  FROM billing.read_nem12(billing._in_utf8(_read_batch.document, _read_batch.mapping), _read_batch.mapping ->> 'default_unit', coalesce(_read_batch.mapping ->> 'time_zone', '+10:00')) n
	 WHERE _read_batch.format = 'nem12'
	UNION ALL
	SELECT r.line, r.meter, r.channel, r.day, r.profile, NULL::timestamptz, r.read_at, r.reading, r.unit, r.rejected, r.content
	  FROM billing.read_csv(billing._in_utf8(_read_batch.document, _read_batch.mapping), _read_batch.mapping - 'encoding') r
	 WHERE _read_batch.format = 'csv'
	UNION ALL
	SELECT r.line, r.meter, r.channel, r.day, r.profile, NULL::timestamptz, r.read_at, r.reading, r.unit, r.rejected, r.content
	  FROM billing.read_json(billing._in_utf8(_read_batch.document, _read_batch.mapping), _read_batch.mapping - 'encoding') r
	 WHERE _read_batch.format = 'json'
	UNION ALL
	SELECT r.line, r.meter, r.channel, r.day, r.profile, NULL::timestamptz, r.read_at, r.reading, r.unit, r.rejected, r.content
	  FROM billing.read_espi(billing._in_utf8(_read_batch.document, _read_batch.mapping), _read_batch.mapping ->> 'time_zone') r
	 WHERE _read_batch.format = 'espi'
	UNION ALL
	SELECT r.line, r.meter, r.channel, r.day, r.profile, (SELECT billing._mscons_time(billing._in_utf8(_read_batch.document, _read_batch.mapping))), r.read_at, r.reading, r.unit, r.rejected, r.content
	  FROM billing.read_mscons(billing._in_utf8(_read_batch.document, _read_batch.mapping), coalesce(_read_batch.mapping ->> 'time_zone', 'Europe/Berlin'), _read_batch.mapping ->> 'default_unit') r
	 WHERE _read_batch.format = 'mscons'
	UNION ALL
	SELECT n.line, n.nmi, n.suffix, NULL::date, NULL::billing.profile, coalesce(n.updated_at, n.loaded_at), v.at, v.reading, n.unit, n.rejected, n.content
	  FROM billing.read_nem13(billing._in_utf8(_read_batch.document, _read_batch.mapping), _read_batch.mapping ->> 'default_unit', coalesce(_read_batch.mapping ->> 'time_zone', '+10:00')) n
	 CROSS JOIN LATERAL (VALUES (n.previous_at, n.previous_reading), (n.current_at, n.current_reading)) v(at, reading)
	 WHERE _read_batch.format = 'nem13' AND (n.rejected IS NULL OR v.at IS NOT DISTINCT FROM n.current_at);
END;
COMMENT ON FUNCTION billing._read_batch(text, bytea, jsonb) IS 'the rows of a file of readings, whatever its format';

CREATE FUNCTION billing._reject(batch_id bigint, line bigint, sqlstate text, message text, detail text, hint text, content text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO billing.batch_reject (batch_id, reject_no, org_id, kind, line, sqlstate, message, detail, hint, content)
	-- the last by its key: a maximum would go through all of them while there are no statistics
	SELECT b.batch_id, coalesce((SELECT r.reject_no FROM billing.batch_reject r WHERE r.batch_id = b.batch_id ORDER BY r.reject_no DESC LIMIT 1), 0) + 1,
		   b.org_id, b.kind, _reject.line, _reject.sqlstate, _reject.message, nullif(_reject.detail, ''), nullif(_reject.hint, ''), _reject.content
	  FROM billing.batch b WHERE b.batch_id = _reject.batch_id;
END;
COMMENT ON FUNCTION billing._reject(bigint, bigint, text, text, text, text, text) IS 'keeps a record that was not taken, with the reason';

CREATE FUNCTION billing._lines_of(format text, document bytea, lines bigint[])
RETURNS TABLE (line bigint, content text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	whole	text;
BEGIN
	IF cardinality(_lines_of.lines) = 0 THEN
		RETURN;
	END IF;
	BEGIN
		whole := convert_from(_lines_of.document, 'UTF8');
	EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
		whole := encode(_lines_of.document, 'escape');
	END;
	RETURN QUERY SELECT t.line, left(rtrim(t.content, E'\r'), 8000)
	  FROM unnest(string_to_array(whole, CASE _lines_of.format WHEN 'mscons' THEN '''' ELSE E'\n' END)) WITH ORDINALITY t(content, line)
	 WHERE t.line IN (SELECT unnest(_lines_of.lines));
END $$;
COMMENT ON FUNCTION billing._lines_of(text, bytea, bigint[]) IS 'the text of some lines of a file (of MSCONS: segments)';

CREATE FUNCTION billing._local_day(at timestamptz, zone text)
RETURNS date
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- the server takes '+08:00' for eight hours west
	SELECT CASE WHEN _local_day.zone ~ '^[+-]' THEN ((_local_day.at AT TIME ZONE 'UTC') + _local_day.zone::interval)::date
				ELSE (_local_day.at AT TIME ZONE _local_day.zone)::date END;
END;
COMMENT ON FUNCTION billing._local_day(timestamptz, text) IS 'the day of a moment in a time zone by name, or at an offset';

CREATE FUNCTION billing._midnight(day date, zone text)
RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _midnight.zone ~ '^[+-]' THEN (_midnight.day::timestamp AT TIME ZONE 'UTC') - _midnight.zone::interval
				ELSE _midnight.day::timestamp AT TIME ZONE _midnight.zone END;
END;
COMMENT ON FUNCTION billing._midnight(date, text) IS 'when a day begins in a time zone by name, or at an offset';

CREATE FUNCTION billing._read_fields(format text, document bytea, mapping jsonb)
RETURNS TABLE (line bigint, fields jsonb, rejected text, content text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	-- a field with a star has to be there
	known	text[] := CASE _read_fields.format WHEN 'payments' THEN '{account_no*,amount*,key*,day}'
		WHEN 'invoices' THEN '{invoice_id*,state*,number,code,issued_on,net,tax,total,url,pdf_digest,reason}'
		WHEN 'receipts' THEN '{message_id*,state*,reason}'
		WHEN 'customers' THEN '{account_no*,name*,opened_on*,kind,identity_kind,identity_number,mobile,email,address,plan_code,org_no,different}'
		ELSE '{staff_no*,name,post,org_no,login_role,left_on}' END;
	bytes	bytea := CASE WHEN _read_fields.mapping ? 'encoding' THEN convert(_read_fields.document, _read_fields.mapping ->> 'encoding', 'UTF8') ELSE _read_fields.document END;
	mark	text := coalesce(_read_fields.mapping ->> 'delimiter', ',');
	skip	integer := coalesce((_read_fields.mapping ->> 'skip')::integer, 0);
	titled	boolean := coalesce((_read_fields.mapping ->> 'header')::boolean, true);
	columns	jsonb := coalesce(_read_fields.mapping -> 'columns', '{}');
	wrong	text;
	head	record;
	at		jsonb;
BEGIN
	SELECT k INTO wrong FROM jsonb_object_keys(_read_fields.mapping) k WHERE k NOT IN ('encoding', 'delimiter', 'skip', 'header', 'columns', 'decimal_mark', 'group_mark') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'mapping: unknown field "%"', wrong
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Fields: encoding, delimiter, skip, header, columns, decimal_mark, group_mark.';
	END IF;
	SELECT k INTO wrong FROM jsonb_object_keys(columns) k WHERE NOT k = ANY (known) AND NOT k || '*' = ANY (known) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'mapping: a file of % has no field "%"', _read_fields.format, wrong
			USING ERRCODE = 'invalid_parameter_value', DETAIL = 'At $.columns.', HINT = format('Fields: %s.', translate(array_to_string(known, ', '), '*', ''));
	END IF;
	SELECT c.line, c.cells, c.rejected, c.content INTO head FROM billing.read_cells(bytes, mark) c WHERE c.line > skip ORDER BY c.line LIMIT 1;
	IF NOT FOUND THEN
		RETURN;
	END IF;
	IF titled AND head.rejected IS NOT NULL THEN
		RETURN QUERY SELECT head.line, NULL::jsonb, head.rejected, head.content;
		RETURN;
	END IF;
	-- where each field stands: by the name of its column, or its number
	SELECT jsonb_object_agg(f.name, f.place), min(f.name) FILTER (WHERE f.needed AND f.place IS NULL) INTO at, wrong
	  FROM (SELECT rtrim(k, '*') AS name, k LIKE '%*' AS needed,
				   CASE WHEN jsonb_typeof(columns -> rtrim(k, '*')) = 'number' THEN (columns ->> rtrim(k, '*'))::integer
						WHEN titled THEN array_position(head.cells, coalesce(columns ->> rtrim(k, '*'), rtrim(k, '*'))) END AS place
			  FROM unnest(known) k) f;
	IF wrong IS NOT NULL THEN
		RETURN QUERY SELECT head.line, NULL::jsonb, format('the file has no column "%s"', coalesce(columns ->> wrong, wrong)), left(array_to_string(head.cells, mark), 8000);
		RETURN;
	END IF;
	RETURN QUERY
	SELECT c.line, CASE WHEN c.rejected IS NULL THEN (SELECT jsonb_object_agg(p.key, nullif(c.cells[p.value::integer], '')) FROM jsonb_each_text(at) p WHERE p.value IS NOT NULL) END,
		   c.rejected, coalesce(c.content, left(array_to_string(c.cells, mark), 8000))
	  FROM billing.read_cells(bytes, mark) c WHERE c.line > skip AND NOT (titled AND c.line = head.line)
	 ORDER BY c.line;
END $$;
COMMENT ON FUNCTION billing._read_fields(text, bytea, jsonb) IS 'the lines of a file of payments, staff, replies or customers with their fields by name';

CREATE FUNCTION billing._refuse_landed()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND OLD.landed_at IS NULL AND NEW.landed_at IS NOT NULL THEN
		-- landing says what it made of the file, and changes nothing of what came; batch_refuse_content looks after the content, unread
		IF (NEW.batch_id, NEW.org_id, NEW.format, NEW.file_name, NEW.source, NEW.mapping, NEW.digest, NEW.received_at, NEW.received_by)
			= (OLD.batch_id, OLD.org_id, OLD.format, OLD.file_name, OLD.source, OLD.mapping, OLD.digest, OLD.received_at, OLD.received_by)
			AND NEW.again_of IS NOT DISTINCT FROM OLD.again_of THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'rows of billing.% stay as they are', TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP),
			  HINT = 'land_again() reads a landed file once more; a correction is a new delivery.';
END $$;
COMMENT ON FUNCTION billing._refuse_landed() IS 'trigger of batches: received, then landed once, and nothing else';
