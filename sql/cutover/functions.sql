-- ---- one row, read strictly: any doubt is an error, and the row a reject ----

CREATE FUNCTION billing._cutover_money(raw jsonb, field text)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given	text := raw ->> field;
BEGIN
	IF coalesce(given, '') = '' THEN
		RETURN 0;
	END IF;
	IF given !~ '^-?[0-9]{1,15}(\.[0-9]+)?$' OR given::numeric <> round(given::numeric, 2) THEN
		RAISE EXCEPTION 'field "%" is no amount in whole cents', field
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It says %s.', left(given, 80)), HINT = 'Write it as 123.45, without signs of thousands.';
	END IF;
	RETURN given::numeric;
END $$;
COMMENT ON FUNCTION billing._cutover_money(jsonb, text) IS 'an amount of a row; none is 0';

-- the carry as JSON, or flat: year_kwh.COUNTER, demand_kw.NAME.YYYY-MM
CREATE FUNCTION billing._cutover_carry(raw jsonb, from_on date)
RETURNS billing.carry
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	given	jsonb := CASE jsonb_typeof(raw -> 'carry') WHEN 'string' THEN nullif(raw ->> 'carry', '')::jsonb WHEN 'null' THEN NULL ELSE raw -> 'carry' END;
	flat	jsonb;
	made	billing.carry;
	late	text;
BEGIN
	SELECT jsonb_strip_nulls(jsonb_build_object(
			'counters', jsonb_object_agg(substr(f.key, 10), jsonb_build_object('year', extract(year FROM _cutover_carry.from_on - 1), 'kwh', f.value)) FILTER (WHERE f.key LIKE 'year\_kwh.%'),
			'demand', jsonb_agg(jsonb_build_object('name', split_part(f.key, '.', 2), 'month', split_part(f.key, '.', 3), 'kw', f.value)) FILTER (WHERE f.key LIKE 'demand\_kw.%')))
	  INTO flat
	  FROM jsonb_each_text(raw) f WHERE coalesce(f.value, '') <> '' AND f.key ~ '^(year_kwh\..|demand_kw\..)';
	IF given IS NOT NULL AND flat <> '{}' THEN
		RAISE EXCEPTION 'the carry is given twice' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give "carry", or fields year_kwh.… and demand_kw.….';
	END IF;
	given := coalesce(given, nullif(flat, '{}'));
	IF given IS NULL THEN
		RETURN NULL;
	END IF;
	made := billing.carry(given);
	SELECT q.what INTO late
	  FROM (SELECT format('demand "%s" of %s', d.name, to_char(d.month, 'YYYY-MM')) AS what FROM billing.demands(made) d WHERE d.month >= _cutover_carry.from_on
			UNION ALL
			SELECT format('counter "%s" from %s', c.name, c.from_on) FROM billing.counters(made) c WHERE c.from_on > _cutover_carry.from_on
			UNION ALL
			SELECT format('bank "%s" from %s', b.name, b.from_on) FROM billing.banks(made) b WHERE b.from_on > _cutover_carry.from_on) q LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the carry is of a time after the cut-over' USING ERRCODE = 'UB205', DETAIL = format('It has %s.', late);
	END IF;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._cutover_carry(jsonb, date) IS 'what a row hands on to the first bill; null: nothing';

-- a list of objects, or flat for the main point: register.NAME, with meter_no
CREATE FUNCTION billing._cutover_registers(raw jsonb)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	list	jsonb := CASE jsonb_typeof(raw -> 'registers') WHEN 'string' THEN nullif(raw ->> 'registers', '')::jsonb WHEN 'null' THEN NULL ELSE raw -> 'registers' END;
	flat	jsonb;
	item	jsonb;
BEGIN
	SELECT jsonb_agg(jsonb_build_object('part', coalesce(nullif(raw ->> 'part', ''), 'main'), 'register', substr(f.key, 10), 'value', f.value)
				|| CASE WHEN coalesce(raw ->> 'meter_no', '') <> '' THEN jsonb_build_object('meter_no', raw ->> 'meter_no') ELSE '{}' END ORDER BY f.key) INTO flat
	  FROM jsonb_each_text(raw) f WHERE coalesce(f.value, '') <> '' AND f.key LIKE 'register.%';
	list := coalesce(list, '[]') || coalesce(flat, '[]');
	IF jsonb_typeof(list) <> 'array' OR jsonb_array_length(list) > 200 THEN
		RAISE EXCEPTION 'the registers are no list of at most 200' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	FOR item IN SELECT l.value FROM jsonb_array_elements(list) l
	LOOP
		IF jsonb_typeof(item) <> 'object' OR item - '{part,register,value,meter_no}'::text[] <> '{}' OR coalesce(item ->> 'register', '') !~ '^[a-z][a-z0-9_]{0,31}$'
			OR coalesce(item ->> 'value', '') !~ '^[0-9]{1,12}(\.[0-9]{1,6})?$' OR coalesce(item ->> 'part', 'main') !~ '^[0-9A-Za-z_.-]{1,32}$' THEN
			RAISE EXCEPTION 'a register reading has register, value, and perhaps part and meter_no' USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('Given: %s.', left(item::text, 200)), HINT = 'The value is what the meter shows, at most 12 digits before and 6 after the point.';
		END IF;
	END LOOP;
	IF (SELECT count(DISTINCT (coalesce(l.value ->> 'part', 'main'), l.value ->> 'register')) FROM jsonb_array_elements(list) l) < jsonb_array_length(list) THEN
		RAISE EXCEPTION 'a register is given twice' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN list;
END $$;
COMMENT ON FUNCTION billing._cutover_registers(jsonb) IS 'the last readings of a row, each checked';

CREATE FUNCTION billing._cutover_disputes(raw jsonb, from_on date)
RETURNS jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	list	jsonb := CASE jsonb_typeof(raw -> 'disputes') WHEN 'string' THEN nullif(raw ->> 'disputes', '')::jsonb WHEN 'null' THEN NULL ELSE raw -> 'disputes' END;
	item	jsonb;
BEGIN
	list := coalesce(list, '[]');
	IF jsonb_typeof(list) <> 'array' OR jsonb_array_length(list) > 200 THEN
		RAISE EXCEPTION 'the disputes are no list of at most 200' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	FOR item IN SELECT l.value FROM jsonb_array_elements(list) l
	LOOP
		IF jsonb_typeof(item) <> 'object' OR item - '{opened_on,amount,about,reference}'::text[] <> '{}' OR billing._cutover_money(item, 'amount') <= 0
			OR length(coalesce(item ->> 'about', '')) NOT BETWEEN 1 AND 2000 OR length(item ->> 'reference') > 200
			OR coalesce(item ->> 'opened_on', '') !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' OR (item ->> 'opened_on')::date > from_on THEN
			RAISE EXCEPTION 'a dispute has an amount above zero, what it is about, and a day before the cut-over' USING ERRCODE = 'invalid_parameter_value',
				DETAIL = format('Given: %s.', left(item::text, 200)), HINT = 'Fields: opened_on, amount, about, reference.';
		END IF;
	END LOOP;
	RETURN list;
END $$;
COMMENT ON FUNCTION billing._cutover_disputes(jsonb, date) IS 'the open disputes of a row, each checked';

CREATE FUNCTION billing._cutover_row(raw jsonb, from_on date)
RETURNS billing.cutover_item
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	item	billing.cutover_item;
	unknown	text;
BEGIN
	IF jsonb_typeof(raw) <> 'object' THEN
		RAISE EXCEPTION 'a row is an object' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('It is %s.', jsonb_typeof(raw));
	END IF;
	-- a misspelt column must not be a balance of zero
	SELECT f.key INTO unknown FROM jsonb_object_keys(raw) f(key)
	 WHERE f.key <> ALL ('{account_no,currency,receivable,advance,deposit,carry,registers,disputes,part,meter_no}')
	   AND f.key !~ '^(year_kwh\..{1,63}|demand_kw\.[^.]{1,63}\.[0-9]{4}-[0-9]{2}|register\.[a-z][a-z0-9_]{0,31})$' LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'unknown field "%"', left(unknown, 80) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Fields: account_no, currency, receivable, advance, deposit, carry, registers, disputes; flat: year_kwh.COUNTER, demand_kw.NAME.YYYY-MM, meter_no, register.NAME.';
	END IF;
	item.from_on := from_on;
	item.currency := nullif(raw ->> 'currency', '');
	IF item.currency !~ '^[A-Z]{3}$' THEN
		RAISE EXCEPTION 'field "currency" is no currency' USING ERRCODE = 'invalid_parameter_value', HINT = 'Its three letters of ISO 4217, such as CNY.';
	END IF;
	item.receivable := billing._cutover_money(raw, 'receivable');
	item.advance := billing._cutover_money(raw, 'advance');
	item.deposit := billing._cutover_money(raw, 'deposit');
	IF item.advance < 0 OR item.deposit < 0 THEN
		RAISE EXCEPTION 'an advance or deposit is not below zero' USING ERRCODE = 'invalid_parameter_value', HINT = 'What the customer owes is a receivable.';
	END IF;
	item.carry := billing._cutover_carry(raw, from_on);
	item.registers := billing._cutover_registers(raw);
	item.disputes := billing._cutover_disputes(raw, from_on);
	RETURN item;
END $$;
COMMENT ON FUNCTION billing._cutover_row(jsonb, date) IS 'a row of an import as an item, or an error that says what is wrong with it';

-- ---- the import ----

-- all accounts at once: asked one by one, each would be planned anew
CREATE FUNCTION billing._cutover_readings(accounts bigint[], registers jsonb[], from_on date)
RETURNS TABLE (account_id bigint, part text, register text, value numeric, meter_no text, kind text, digits smallint, multiplier numeric, at_point text, there numeric)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 1000
BEGIN ATOMIC
	SELECT g.account_id, g.part, g.register, g.value, g.meter_no, CASE WHEN m.meter_no IS NULL THEN 'opening' ELSE 'regular' END, t.digits, coalesce(m.multiplier, 1), m.meter_no, o.value
	  FROM (SELECT i.account_id, coalesce(v.value ->> 'part', 'main') AS part, v.value ->> 'register' AS register, (v.value ->> 'value')::numeric AS value, v.value ->> 'meter_no' AS meter_no
			  FROM ROWS FROM (unnest(_cutover_readings.accounts), unnest(_cutover_readings.registers)) i(account_id, registers)
			 CROSS JOIN LATERAL jsonb_array_elements(i.registers) v) g
	  LEFT JOIN LATERAL (SELECT n.meter_no, n.meter_type_id, n.multiplier FROM billing.meter_install n
						  WHERE n.account_id = g.account_id AND n.part = g.part AND n.until_at IS NULL AND n.role = 'main') m ON true
	  LEFT JOIN billing.meter_type_register t ON t.meter_type_id = m.meter_type_id AND t.register = g.register
	  -- of a meter that was hung on that very day, or read before the import
	  LEFT JOIN LATERAL (SELECT e.value FROM billing.register_reading e
						  WHERE e.account_id = g.account_id AND e.read_on = _cutover_readings.from_on AND e.part = g.part AND e.register = g.register
							AND e.kind IN ('regular', 'special', 'opening') AND e.state = 'valid' ORDER BY e.place DESC LIMIT 1) o ON true;
END;
COMMENT ON FUNCTION billing._cutover_readings(bigint[], jsonb[], date) IS 'last readings of an import beside the meters that hang there';

CREATE FUNCTION billing._cutover_register_problems(accounts bigint[], registers jsonb[], from_on date)
RETURNS TABLE (account_id bigint, problem text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	SELECT r.account_id, min(CASE WHEN r.meter_no <> coalesce(r.at_point, '') THEN format('meter %s does not hang at part "%s"', r.meter_no, r.part)
				WHEN k.register IS NULL OR (r.at_point IS NOT NULL AND r.digits IS NULL) THEN format('there is no register "%s"', r.register)
				WHEN r.value >= 10::numeric ^ r.digits THEN format('%s does not fit %s digits', r.value, r.digits)
				ELSE format('the register is %s that day, not %s', trim_scale(r.there), r.value) END)
	  FROM billing._cutover_readings(_cutover_register_problems.accounts, _cutover_register_problems.registers, _cutover_register_problems.from_on) r
	  LEFT JOIN billing.register k ON k.register = r.register
	 WHERE r.meter_no <> coalesce(r.at_point, '') OR k.register IS NULL OR (r.at_point IS NOT NULL AND r.digits IS NULL)
		OR r.value >= 10::numeric ^ r.digits OR r.there <> r.value
	 GROUP BY r.account_id;
END;
COMMENT ON FUNCTION billing._cutover_register_problems(bigint[], jsonb[], date) IS 'why a last reading cannot be that of the meter, of the accounts where one cannot';

CREATE FUNCTION billing._cutover_try(raw jsonb, from_on date, OUT item billing.cutover_item, OUT code text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	item := billing._cutover_row(_cutover_try.raw, _cutover_try.from_on);
EXCEPTION
	WHEN query_canceled OR insufficient_resources THEN
		RAISE;
	WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
END $$;
COMMENT ON FUNCTION billing._cutover_try(jsonb, date) IS 'a row of an import as an item, or what is wrong with it';

CREATE FUNCTION billing.cutover_import(org_no text, cutover_no text, from_on date, items jsonb, control jsonb DEFAULT '{}', source text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: stages openings of the accounts where the caller may write money.
DECLARE
	at_org	bigint := billing._org_of(cutover_import.org_no, 'write', 'money');
	orgs	bigint[] := billing._orgs_below(at_org);
	given	bytea;
	made	bigint;
	there	billing.cutover;
	unknown	text;
BEGIN
	PERFORM billing._given('cutover_import', org_no, cutover_no, from_on, items, control, source);
	IF jsonb_typeof(cutover_import.items) <> 'array' OR jsonb_typeof(cutover_import.control) <> 'object' OR NOT isfinite(cutover_import.from_on)
		OR cutover_import.from_on NOT BETWEEN '1950-01-01' AND '2200-01-01' THEN
		RAISE EXCEPTION 'an import has a day, a list of rows, and control totals by item' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT c.key INTO unknown FROM jsonb_each_text(cutover_import.control) c
	 WHERE c.key NOT IN ('accounts', 'receivable', 'advance', 'deposit', 'disputed', 'year_kwh', 'registers') OR coalesce(c.value, '') !~ '^-?[0-9]{1,18}(\.[0-9]+)?$' LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'control total "%" is none', left(unknown, 80) USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Numbers for accounts, receivable, advance, deposit, disputed, year_kwh, registers.';
	END IF;
	given := sha256(convert_to(format('%s %s %s %s', at_org, cutover_import.from_on - date '2000-01-01', cutover_import.control, cutover_import.items), 'UTF8'));
	INSERT INTO billing.cutover AS c (org_id, cutover_no, from_on, source, control, digest)
	VALUES (at_org, cutover_import.cutover_no, cutover_import.from_on, cutover_import.source, cutover_import.control, given)
	    ON CONFLICT ON CONSTRAINT cutover_cutover_no_key DO NOTHING
	RETURNING c.cutover_id INTO made;
	IF made IS NULL THEN
		SELECT c.* INTO there FROM billing.cutover c WHERE c.cutover_no = cutover_import.cutover_no;
		IF NOT FOUND OR there.digest <> given THEN
			RAISE EXCEPTION 'cut-over "%" holds something else', cutover_import.cutover_no
				USING ERRCODE = 'UB302', HINT = 'The same again has no effect; something else has another number. withdraw_cutover() takes one back that is not approved.';
		END IF;
		RETURN there.cutover_id;
	END IF;

	-- what is wrong with whole rows, the first finding of each; what is left is staged
	WITH read AS MATERIALIZED (
		SELECT e.place::integer AS row_no, left(CASE WHEN jsonb_typeof(e.value) = 'object' THEN e.value ->> 'account_no' END, 80) AS account_no, t.item, t.code, t.message, t.detail, t.hint
		  FROM jsonb_array_elements(cutover_import.items) WITH ORDINALITY e(value, place)
		 CROSS JOIN LATERAL billing._cutover_try(e.value, cutover_import.from_on) t),
	row AS MATERIALIZED (
		SELECT t.row_no, t.account_no, t.code AS bad_code, t.message AS bad_message, t.detail AS bad_detail, t.hint AS bad_hint, (t.item).from_on, (t.item).currency, (t.item).receivable,
			   (t.item).advance, (t.item).deposit, (t.item).carry, (t.item).registers, (t.item).disputes, a.account_id AS found_id, a.org_id AS found_org,
			   h.seq, h.billed_to, h.currency AS head_currency, count(*) FILTER (WHERE t.code IS NULL) OVER (PARTITION BY t.account_no) AS times
		  FROM read t
		  LEFT JOIN billing.account a ON a.account_no = t.account_no AND a.org_id = ANY (orgs) AND billing.can_do('write', 'money', a.org_id)
		  LEFT JOIN billing.account_head h ON h.account_id = a.account_id),
	problem AS MATERIALIZED (
		SELECT p.account_id, p.problem
		  FROM (SELECT array_agg(r.found_id) AS accounts, array_agg(r.registers) AS registers FROM row r WHERE r.registers <> '[]' AND r.found_id IS NOT NULL) q
		 CROSS JOIN LATERAL billing._cutover_register_problems(q.accounts, q.registers, cutover_import.from_on) p),
	judged AS MATERIALIZED (
		SELECT r.*, f.*
		  FROM row r
		  LEFT JOIN problem g ON g.account_id = r.found_id AND r.registers <> '[]'
		  LEFT JOIN LATERAL (
			SELECT f.* FROM (VALUES
				(0, r.bad_code IS NOT NULL, r.bad_code, r.bad_message, nullif(r.bad_detail, ''), nullif(r.bad_hint, '')),
				(1, r.account_no IS NULL, '22004', 'the row has no account_no', NULL, NULL),
				(2, r.found_id IS NULL, 'P0002', format('account %s does not exist, or not for you', r.account_no), NULL, 'Accounts are entered before what they bring.'),
				(3, r.times > 1, 'UB322', format('account %s has %s rows', r.account_no, r.times), NULL, 'Which one counts is for the old system to say: give one.'),
				(4, r.seq > 0 OR r.billed_to > r.from_on, 'UB321', format('account %s has begun here', r.account_no),
					CASE WHEN r.seq > 0 THEN format('It has %s bills and transfers.', r.seq) ELSE format('It is billed, or opened, on %s.', to_char(r.billed_to, 'YYYY-MM-DD')) END,
					'Openings come before the first bill; later corrections are postings.'),
				(5, r.head_currency <> r.currency, 'UB308', 'the currency is not that of the account', NULL, NULL),
				(6, EXISTS (SELECT FROM billing.cutover_item o WHERE o.account_id = r.found_id AND o.state IN ('staged', 'posted')), 'UB322',
					format('account %s is in another cut-over', r.account_no), NULL, 'withdraw_cutover() takes one back that is not approved.'),
				(7, g.problem IS NOT NULL, 'UB322', g.problem, NULL, 'Meters are installed before their readings come.')
				) f(rank, holds, code, message, detail, hint)
			 WHERE f.holds ORDER BY f.rank LIMIT 1) f ON true),
	staged AS (
		INSERT INTO billing.cutover_item AS i (account_id, cutover_id, org_id, row_no, from_on, currency, receivable, advance, deposit, carry, registers, disputes)
		SELECT j.found_id, made, j.found_org, j.row_no, j.from_on, j.currency, j.receivable, j.advance, j.deposit, j.carry, j.registers, j.disputes
		  FROM judged j WHERE j.code IS NULL ORDER BY j.found_id
			-- another session's import came first
		    ON CONFLICT DO NOTHING
		RETURNING i.row_no)
	INSERT INTO billing.cutover_reject (cutover_id, row_no, org_id, account_no, sqlstate, message, detail, hint, raw)
	SELECT made, j.row_no, at_org, j.account_no, coalesce(j.code, 'UB322'), coalesce(j.message, format('account %s is in another cut-over', j.account_no)), j.detail, j.hint,
		   cutover_import.items -> (j.row_no - 1)
	  FROM judged j LEFT JOIN staged s ON s.row_no = j.row_no WHERE s.row_no IS NULL;
	PERFORM billing._audit(at_org, 'cutover_import', format('cut-over %s', cutover_import.cutover_no),
		jsonb_build_object('from_on', cutover_import.from_on, 'rows', jsonb_array_length(cutover_import.items), 'control', cutover_import.control, 'source', cutover_import.source));
	PERFORM billing._ask_approval('cutover', at_org, format('cut-over %s', cutover_import.cutover_no),
		jsonb_build_object('cutover_no', cutover_import.cutover_no, 'from_on', cutover_import.from_on, 'made_by', billing.actor()));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.cutover_import(text, text, date, jsonb, jsonb, text) IS
'takes what accounts bring from an old system, a row each: receivable, advance, deposit, carry (kWh of the tier year, demands, banks), registers, disputes; '
'each row whole or not at all, rejects kept with their reason; control: what the old system says the sums are. Nothing is posted before approve_cutover(). '
'The same again has no effect. Needs write on money; returns cutover_id';

CREATE FUNCTION billing._csv_rows(document text, delimiter text)
RETURNS TABLE (row_no bigint, fields text[])
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plain	text;
	covered	bigint;
BEGIN
	IF delimiter NOT IN (',', ';', E'\t', '|') THEN
		RAISE EXCEPTION 'columns are separated by a comma, semicolon, tab or bar' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	plain := format(E'("(?:[^"]|"")*"|[^"%s\r\n]*)([%s]|\r\n|\n|\r|$)', delimiter, delimiter);
	SELECT sum(length(m[1]) + length(m[2])) INTO covered FROM regexp_matches(document, plain, 'g') m;
	IF covered IS DISTINCT FROM length(document)::bigint THEN
		RAISE EXCEPTION 'the file is no CSV: a quote is not closed, or stands inside a field'
			USING ERRCODE = 'invalid_text_representation', HINT = 'Quotes go round a whole field; one inside is written twice.';
	END IF;
	RETURN QUERY
	SELECT q.line, array_agg(q.field ORDER BY q.place)
	  FROM (SELECT m.place, 1 + count(*) FILTER (WHERE m.match[2] <> delimiter) OVER (ORDER BY m.place ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS line,
				   CASE WHEN m.match[1] LIKE '"%' THEN replace(substr(m.match[1], 2, length(m.match[1]) - 2), '""', '"') ELSE m.match[1] END AS field
			  FROM regexp_matches(document, plain, 'g') WITH ORDINALITY m(match, place)) q
	 GROUP BY q.line
	HAVING array_agg(q.field ORDER BY q.place) <> '{""}'
	 ORDER BY q.line;
END $$;
COMMENT ON FUNCTION billing._csv_rows(text, text) IS 'the lines of a CSV text as lists of fields; empty lines are left out';

CREATE FUNCTION billing.cutover_import_csv(org_no text, cutover_no text, from_on date, document text, control jsonb DEFAULT '{}', source text DEFAULT '', delimiter text DEFAULT ',')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	header	text[];
	list	jsonb;
BEGIN
	PERFORM billing._given('cutover_import_csv', org_no, cutover_no, from_on, document, control, source, delimiter);
	SELECT array_agg(btrim(h.name) ORDER BY h.place) INTO header
	  FROM (SELECT r.fields FROM billing._csv_rows(ltrim(cutover_import_csv.document, E'\ufeff'), cutover_import_csv.delimiter) r ORDER BY r.row_no LIMIT 1) f,
		   unnest(f.fields) WITH ORDINALITY h(name, place);
	IF header IS NULL OR NOT 'account_no' = ANY (header) OR (SELECT count(DISTINCT h) FROM unnest(header) h) < cardinality(header) THEN
		RAISE EXCEPTION 'the first line names the columns, each once, account_no among them' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- a line of another width is a row that says so, and is rejected as one
	SELECT coalesce(jsonb_agg(CASE WHEN cardinality(r.fields) = cardinality(header) THEN jsonb_object(header, r.fields) ELSE to_jsonb(r.fields) END ORDER BY r.row_no), '[]') INTO list
	  FROM (SELECT f.row_no, f.fields, row_number() OVER (ORDER BY f.row_no) AS place
			  FROM billing._csv_rows(ltrim(cutover_import_csv.document, E'\ufeff'), cutover_import_csv.delimiter) f) r
	 WHERE r.place > 1;
	RETURN billing.cutover_import(cutover_import_csv.org_no, cutover_import_csv.cutover_no, cutover_import_csv.from_on, list, cutover_import_csv.control, cutover_import_csv.source);
END $$;
COMMENT ON FUNCTION billing.cutover_import_csv(text, text, date, text, jsonb, text, text) IS
'cutover_import() of a CSV text; the first line names the columns: account_no, receivable, advance, deposit, currency, year_kwh.COUNTER, demand_kw.NAME.YYYY-MM, '
'meter_no, register.NAME; carry, registers and disputes as JSON; returns cutover_id';

CREATE FUNCTION billing._cutover_of(cutover_no text, action text)
RETURNS billing.cutover
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	import	billing.cutover;
BEGIN
	SELECT c.* INTO import FROM billing.cutover c
	 WHERE c.cutover_no = _cutover_of.cutover_no AND billing.can_do(_cutover_of.action, 'money', c.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('cut-over %s', _cutover_of.cutover_no));
	END IF;
	RETURN import;
END $$;
COMMENT ON FUNCTION billing._cutover_of(text, text) IS 'the import of this number where the actor has the right on money';

CREATE FUNCTION billing._cutover_sums(cutover_id bigint)
RETURNS TABLE (item text, accounts bigint, amount numeric, control numeric, difference numeric)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH item AS MATERIALIZED (
		SELECT i.receivable, i.advance, i.deposit,
			   (SELECT sum((d.value ->> 'amount')::numeric) FROM jsonb_array_elements(i.disputes) d) AS disputed,
			   (SELECT sum(c.kwh) FROM billing.counters(i.carry) c WHERE c.kind = 'year') AS year_kwh, jsonb_array_length(i.registers) AS registers
		  FROM billing.cutover_item i WHERE i.cutover_id = _cutover_sums.cutover_id AND i.state IN ('staged', 'posted')),
	sums AS (
		SELECT 1 AS place, 'accounts'::text AS item, count(*) AS accounts, count(*)::numeric AS amount FROM item i
		UNION ALL SELECT 2, 'receivable'::text AS text, count(*) FILTER (WHERE i.receivable <> 0), coalesce(sum(i.receivable), 0) FROM item i
		UNION ALL SELECT 3, 'advance'::text AS text, count(*) FILTER (WHERE i.advance <> 0), coalesce(sum(i.advance), 0) FROM item i
		UNION ALL SELECT 4, 'deposit'::text AS text, count(*) FILTER (WHERE i.deposit <> 0), coalesce(sum(i.deposit), 0) FROM item i
		UNION ALL SELECT 5, 'disputed'::text AS text, count(i.disputed), coalesce(sum(i.disputed), 0) FROM item i
		UNION ALL SELECT 6, 'year_kwh'::text AS text, count(i.year_kwh), coalesce(sum(i.year_kwh), 0) FROM item i
		UNION ALL SELECT 7, 'registers'::text AS text, count(*) FILTER (WHERE i.registers > 0), coalesce(sum(i.registers), 0)::numeric FROM item i)
	SELECT s.item, s.accounts, s.amount, q.control, s.amount - q.control
	  FROM sums s CROSS JOIN LATERAL (SELECT (c.control ->> s.item)::numeric AS control FROM billing.cutover c WHERE c.cutover_id = _cutover_sums.cutover_id) q
	 ORDER BY s.place;
END;
COMMENT ON FUNCTION billing._cutover_sums(bigint) IS 'what the items of an import come to, beside its control totals';

CREATE FUNCTION billing.cutover_report(cutover_no text)
RETURNS TABLE (item text, accounts bigint, amount numeric, control numeric, difference numeric)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT * FROM billing._cutover_sums((billing._cutover_of(cutover_report.cutover_no, 'read')).cutover_id);
END $$;
COMMENT ON FUNCTION billing.cutover_report(text) IS
'what an import comes to, item by item, what the old system says, and the difference; rejected rows are not in it: billing_report.cutover_reject lists them';

CREATE FUNCTION billing.withdraw_cutover(cutover_no text, note text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: takes an import back that is not approved, for who may write money there.
DECLARE
	import	billing.cutover := billing._cutover_of(withdraw_cutover.cutover_no, 'write');
BEGIN
	PERFORM billing._given('withdraw_cutover', cutover_no, note);
	PERFORM billing._lock_pending('cutover', import.org_id, format('cut-over %s', import.cutover_no));
	UPDATE billing.cutover c SET state = 'withdrawn', decided_at = now(), decided_by = billing.actor(), note = withdraw_cutover.note
	 WHERE c.cutover_id = import.cutover_id AND c.state = 'checked';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'cut-over % is not waiting', withdraw_cutover.cutover_no USING ERRCODE = 'UB324', HINT = 'What is approved is posted, and corrected by postings.';
	END IF;
	UPDATE billing.cutover_item i SET state = 'withdrawn' WHERE i.cutover_id = import.cutover_id;
	PERFORM billing._lay_aside('cutover', import.org_id, format('cut-over %s', import.cutover_no));
	PERFORM billing._audit(import.org_id, 'withdraw_cutover', format('cut-over %s', withdraw_cutover.cutover_no), jsonb_build_object('note', withdraw_cutover.note));
END $$;
COMMENT ON FUNCTION billing.withdraw_cutover(text, text) IS 'takes an import back that is not approved: its accounts may come with another; it stays on record';

CREATE FUNCTION billing._post_openings(cutover_id bigint, book text)
RETURNS void
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	-- one transfer of each account that has something in this book, linked behind the last
	WITH due AS MATERIALIZED (
		SELECT h.account_id, h.org_id, h.seq + 1 AS seq, h.link AS link_before, c.cutover_no, q.amount,
			   CASE WHEN _post_openings.book = 'receivable' AND q.amount > 0 THEN 'receivable' WHEN q.amount < 0 OR _post_openings.book <> 'receivable' THEN 'opening' END AS debit,
			   CASE WHEN _post_openings.book = 'receivable' AND q.amount > 0 THEN 'opening' ELSE _post_openings.book END AS credit
		  FROM billing.cutover_item i
		  JOIN billing.cutover c ON c.cutover_id = i.cutover_id
		  JOIN billing.account_head h ON h.account_id = i.account_id
		 CROSS JOIN LATERAL (SELECT CASE _post_openings.book WHEN 'receivable' THEN i.receivable WHEN 'advance' THEN i.advance ELSE i.deposit END AS amount) q
		 WHERE i.cutover_id = _post_openings.cutover_id AND i.state = 'staged' AND q.amount <> 0),
	row AS MATERIALIZED (
		SELECT d.*, sha256(d.link_before || billing._content('transfer', d.account_id, d.seq, d.org_id, d.debit, d.credit, abs(d.amount), now(), billing.actor(), NULL::bigint,
					format('cut-over %s %s', d.cutover_no, _post_openings.book))) AS link
		  FROM due d),
	posted AS (
		INSERT INTO billing.transfer (account_id, seq, org_id, issued_org_id, debit, credit, amount, posted_at, posted_by, key, link)
		SELECT r.account_id, r.seq, r.org_id, r.org_id, r.debit, r.credit, abs(r.amount), now(), billing.actor(), format('cut-over %s %s', r.cutover_no, _post_openings.book), r.link
		  FROM row r)
	UPDATE billing.account_head h SET seq = r.seq, link = r.link, balance = h.balance + CASE WHEN 'receivable' IN (r.debit, r.credit) THEN r.amount ELSE 0 END
	  FROM row r WHERE h.account_id = r.account_id;
END;
COMMENT ON FUNCTION billing._post_openings(bigint, text) IS 'posts what the accounts of an import have in one book, from book opening, into their chains';

CREATE FUNCTION billing._decide_cutover(detail jsonb, approved boolean, accept_differences text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	import	billing.cutover;
	sums	record;
	odd		bigint[];
	posted	bigint;
	refused	bigint;
BEGIN
	SELECT c.* INTO STRICT import FROM billing.cutover c WHERE c.cutover_no = detail ->> 'cutover_no' FOR NO KEY UPDATE;
	PERFORM billing._check_second_person(import.made_by, format('cut-over %s', import.cutover_no));
	IF NOT approved THEN
		UPDATE billing.cutover c SET state = 'withdrawn', decided_at = now(), decided_by = billing.actor(), note = accept_differences WHERE c.cutover_id = import.cutover_id;
		UPDATE billing.cutover_item i SET state = 'withdrawn' WHERE i.cutover_id = import.cutover_id;
		RETURN;
	END IF;
	SELECT string_agg(format('%s: %s here, %s there', s.item, trim_scale(s.amount), coalesce(trim_scale(s.control)::text, 'no total')), '; ') AS list INTO sums
	  FROM billing._cutover_sums(import.cutover_id) s
	 WHERE s.difference <> 0 OR (s.control IS NULL AND s.item IN ('accounts', 'receivable', 'advance', 'deposit'));
	IF sums.list IS NOT NULL AND coalesce(accept_differences, '') = '' THEN
		RAISE EXCEPTION 'cut-over % does not balance', import.cutover_no
			USING ERRCODE = 'UB323', DETAIL = format('%s.', sums.list),
				  HINT = 'cutover_report() and billing_report.cutover_reject show it. Withdraw it and import it whole, or accept the differences with a reason.';
	END IF;
	-- as everybody locks: the heads in ascending order; then nobody bills or posts until this is done
	PERFORM FROM billing.account_head h
	  WHERE h.account_id IN (SELECT i.account_id FROM billing.cutover_item i WHERE i.cutover_id = import.cutover_id AND i.state = 'staged')
	  ORDER BY h.account_id FOR NO KEY UPDATE;
	SELECT coalesce(array_agg(p.account_id), '{}') INTO odd
	  FROM (SELECT array_agg(i.account_id) AS accounts, array_agg(i.registers) AS registers FROM billing.cutover_item i
			 WHERE i.cutover_id = import.cutover_id AND i.state = 'staged' AND i.registers <> '[]') q
	 CROSS JOIN LATERAL billing._cutover_register_problems(q.accounts, q.registers, import.from_on) p;
	WITH late AS (
		UPDATE billing.cutover_item i SET state = 'refused'
		 WHERE i.cutover_id = import.cutover_id AND i.state = 'staged'
		   AND (NOT EXISTS (SELECT FROM billing.account_head h
							 WHERE h.account_id = i.account_id AND h.seq = 0 AND h.billed_to <= i.from_on AND billing.can_do('approve', 'money', h.org_id))
				OR i.account_id = ANY (odd))
		RETURNING i.row_no, i.account_id, i.receivable, i.advance, i.deposit)
	INSERT INTO billing.cutover_reject (cutover_id, row_no, org_id, account_no, sqlstate, message, hint, raw)
	SELECT import.cutover_id, l.row_no, import.org_id, a.account_no, 'UB321', format('account %s has begun here, or is another than when it was checked', a.account_no),
		   'Its opening was prepared and not posted; later corrections are postings.',
		   jsonb_build_object('receivable', l.receivable, 'advance', l.advance, 'deposit', l.deposit)
	  FROM late l LEFT JOIN billing.account a ON a.account_id = l.account_id;
	GET DIAGNOSTICS refused = ROW_COUNT;
	IF refused > 0 AND coalesce(accept_differences, '') = '' THEN
		RAISE EXCEPTION '% accounts of cut-over % have begun here since it was checked', refused, import.cutover_no
			USING ERRCODE = 'UB323', HINT = 'Withdraw it and import the others, or accept the differences with a reason: those accounts then stay out.';
	END IF;
	PERFORM billing._post_openings(import.cutover_id, 'receivable');
	PERFORM billing._post_openings(import.cutover_id, 'advance');
	PERFORM billing._post_openings(import.cutover_id, 'deposit');
	UPDATE billing.account_head h SET billed_to = i.from_on, carry = i.carry, currency = coalesce(h.currency, i.currency)
	  FROM billing.cutover_item i WHERE i.cutover_id = import.cutover_id AND i.state = 'staged' AND h.account_id = i.account_id;
	INSERT INTO billing.register_reading (account_id, part, register, read_on, kind, org_id, value, digits, multiplier, state, source, author, approved_by, decided_at)
	SELECT r.account_id, r.part, r.register, import.from_on, r.kind, i.org_id, r.value, r.digits, r.multiplier, 'valid', format('cut-over %s', import.cutover_no),
		   import.made_by, billing.actor(), now()
	  FROM (SELECT array_agg(i.account_id) AS accounts, array_agg(i.registers) AS registers FROM billing.cutover_item i
			 WHERE i.cutover_id = import.cutover_id AND i.state = 'staged' AND i.registers <> '[]') q
	 CROSS JOIN LATERAL billing._cutover_readings(q.accounts, q.registers, import.from_on) r
	  JOIN billing.cutover_item i ON i.account_id = r.account_id AND i.cutover_id = import.cutover_id
	 WHERE r.there IS NULL;
	INSERT INTO billing.dispute (account_id, dispute_no, org_id, opened_on, amount, about, reference, cutover_id)
	SELECT i.account_id, coalesce((SELECT max(o.dispute_no) FROM billing.dispute o WHERE o.account_id = i.account_id), 0) + d.place, i.org_id,
		   (d.value ->> 'opened_on')::date, (d.value ->> 'amount')::numeric, d.value ->> 'about', d.value ->> 'reference', import.cutover_id
	  FROM billing.cutover_item i CROSS JOIN LATERAL jsonb_array_elements(i.disputes) WITH ORDINALITY d(value, place)
	 WHERE i.cutover_id = import.cutover_id AND i.state = 'staged';
	UPDATE billing.cutover_item i SET state = 'posted' WHERE i.cutover_id = import.cutover_id AND i.state = 'staged';
	GET DIAGNOSTICS posted = ROW_COUNT;
	UPDATE billing.cutover c SET state = 'approved', decided_at = now(), decided_by = billing.actor(), note = nullif(accept_differences, '')
	 WHERE c.cutover_id = import.cutover_id;
	PERFORM billing._audit(import.org_id, 'approve_cutover', format('cut-over %s', import.cutover_no),
		jsonb_build_object('posted', posted, 'refused', refused, 'differences', sums.list, 'accepted', accept_differences));
END $$;
COMMENT ON FUNCTION billing._decide_cutover(jsonb, boolean, text) IS 'an import is posted; one that does not balance with a reason only; or it is laid aside';

CREATE FUNCTION billing.approve_cutover(cutover_no text, accept_differences text DEFAULT NULL)
RETURNS TABLE (posted bigint, refused bigint)
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: posts what another has prepared, for who may approve money at every account's org.
DECLARE
	import	billing.cutover := billing._cutover_of(coalesce(approve_cutover.cutover_no, ''), 'approve');
BEGIN
	PERFORM billing._lock_pending('cutover', import.org_id, format('cut-over %s', import.cutover_no));
	-- two who approve at once: the second finds it done
	SELECT c.* INTO import FROM billing.cutover c WHERE c.cutover_id = import.cutover_id FOR NO KEY UPDATE;
	IF import.state <> 'checked' THEN
		RAISE EXCEPTION 'cut-over % is % already', import.cutover_no, import.state USING ERRCODE = 'UB324', DETAIL = format('By %s.', import.decided_by);
	END IF;
	PERFORM billing._decide_pending('cutover', import.org_id, format('cut-over %s', import.cutover_no), 'approved', nullif(approve_cutover.accept_differences, ''));
	SELECT count(*) FILTER (WHERE i.state = 'posted'), count(*) FILTER (WHERE i.state = 'refused') INTO posted, refused
	  FROM billing.cutover_item i WHERE i.cutover_id = import.cutover_id;
	RETURN NEXT;
END $$;
COMMENT ON FUNCTION billing.approve_cutover(text, text) IS
'posts an import that another person has brought in, and that balances with its control totals; or, with a reason, one that does not: each account''s books from book '
'opening, its carry, its last readings, its open disputes; it is billed from the day of the cut-over on. Needs approve on money; returns how many accounts were posted, and how many not any more';

-- ---- disputes ----

CREATE FUNCTION billing.open_dispute(account_no text, amount numeric, about text, reference text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: one row, for who may write money there.
DECLARE
	account	bigint := billing._account_of(coalesce(open_dispute.account_no, ''), 'write', 'money');
	made	integer;
BEGIN
	IF open_dispute.amount IS NULL OR open_dispute.amount <= 0 OR open_dispute.amount <> round(open_dispute.amount, 2) OR open_dispute.amount >= 1e15 THEN
		RAISE EXCEPTION 'a dispute is about a positive amount in whole cents' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM billing.account_head h WHERE h.account_id = account FOR NO KEY UPDATE;
	INSERT INTO billing.dispute AS d (account_id, dispute_no, org_id, opened_on, amount, about, reference)
	SELECT a.account_id, coalesce((SELECT max(o.dispute_no) FROM billing.dispute o WHERE o.account_id = a.account_id), 0) + 1, a.org_id, current_date,
		   open_dispute.amount, open_dispute.about, open_dispute.reference
	  FROM billing.account a WHERE a.account_id = account
	RETURNING d.dispute_no INTO made;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.open_dispute(text, numeric, text, text) IS 'a customer disputes an amount; the balance stays as it is; needs write on money; returns its number';

CREATE FUNCTION billing.close_dispute(account_no text, dispute_no integer, outcome text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: one row, for who may write money there.
DECLARE
	account	bigint := billing._account_of(close_dispute.account_no, 'write', 'money');
	org		bigint;
BEGIN
	PERFORM billing._given('close_dispute', account_no, dispute_no, outcome);
	UPDATE billing.dispute d SET closed_on = greatest(current_date, d.opened_on), outcome = close_dispute.outcome, closed_by = billing.actor()
	 WHERE d.account_id = account AND d.dispute_no = close_dispute.dispute_no AND d.closed_on IS NULL
	RETURNING d.org_id INTO org;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('an open dispute %s of account %s', close_dispute.dispute_no, close_dispute.account_no));
	END IF;
	PERFORM billing._audit(org, 'close_dispute', format('account %s', close_dispute.account_no),
		jsonb_build_object('dispute_no', close_dispute.dispute_no, 'outcome', close_dispute.outcome));
END $$;
COMMENT ON FUNCTION billing.close_dispute(text, integer, text) IS 'ends a dispute with its outcome; needs write on money';
