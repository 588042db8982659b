-- Bills as text: lines with their names in a language, a page for a terminal.

-- East Asian wide characters take two columns of a terminal.
CREATE FUNCTION billing.display_width(value text)
RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT length(value) + length(regexp_replace(value,
		'[^\u1100-\u115F\u2E80-\u303E\u3041-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF00-\uFF60\uFFE0-\uFFE6]',
		'', 'g'));
END;
COMMENT ON FUNCTION billing.display_width(text) IS 'columns that the text takes in a terminal';

CREATE FUNCTION billing.pad(value text, width integer, to_right boolean DEFAULT false)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN to_right THEN blank || coalesce(value, '') ELSE coalesce(value, '') || blank END
	  FROM repeat(' ', width - billing.display_width(coalesce(value, ''))) blank;
END;
COMMENT ON FUNCTION billing.pad(text, integer, boolean)
	IS 'the text filled up with blanks to a width in columns; longer text stays whole';

CREATE FUNCTION billing.grouped(value numeric)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT regexp_replace(split_part(value::text, '.', 1), '(\d)(?=(\d{3})+$)', '\1,', 'g')
		|| CASE WHEN scale(value) > 0 THEN '.' || split_part(value::text, '.', 2) ELSE '' END;
END;
COMMENT ON FUNCTION billing.grouped(numeric) IS 'the number with commas between thousands, all its decimals kept';

-- A name is a text, or one text a language; English, then any, where the language is missing.
CREATE FUNCTION billing.in_language(name jsonb, language text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE jsonb_typeof(name)
		WHEN 'string' THEN name #>> '{}'
		WHEN 'object' THEN coalesce(name ->> language, name ->> left(language, 2), name ->> 'en', (SELECT min(value) FROM jsonb_each_text(name)))
	END;
END;
COMMENT ON FUNCTION billing.in_language(jsonb, text) IS 'the text of a name in a language';

-- The words that a bill prints, and the usual names of periods and units; others stay as they are.
CREATE FUNCTION billing.word(word text, language text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT CASE WHEN language LIKE 'zh%' THEN v.zh ELSE v.en END
		FROM (VALUES
			('bill', '电费账单', 'Electricity bill'),
			('account', '用电户', 'Account'),
			('tariff', '电价', 'Tariff'),
			('billed', '计费期', 'Billed'),
			('until', '至', 'to'),
			('item', '项目', 'Item'),
			('quantity', '数量', 'Quantity'),
			('unit', '单位', 'Unit'),
			('price', '单价', 'Price'),
			('amount', '金额', 'Amount'),
			('rule', '依据', 'Rule'),
			('of which', '其中', 'incl.'),
			('kept', '结存', 'kept'),
			('step', '第 %s 档', 'tier %s'),
			('rounding', '尾差', 'Rounding'),
			('total', '合计', 'Total'),
			('in words', '大写', 'In words'),
			('in brackets', '括号内金额已含在以上各行，不计入合计。', 'Amounts in brackets are contained in the lines above.'),
			('estimated', '* 含估算电量。', '* rests on estimated readings.'),
			('sharp', '尖峰', 'sharp'),
			('peak', '高峰', 'peak'),
			('shoulder', '次高峰', 'shoulder'),
			('flat', '平段', 'flat'),
			('valley', '低谷', 'valley'),
			('deep_valley', '深谷', 'deep valley'),
			('off_peak', '非高峰', 'off-peak'),
			('day', '天', 'day'),
			('month', '月', 'month'),
			('piece', '个', 'piece'),
			('year', '年', 'year')) v(key, zh, en)
		WHERE v.key = word), word);
END;
COMMENT ON FUNCTION billing.word(text, text) IS 'a word of the printed bill, in Chinese (zh…) or English';

-- ---- the bill ----

CREATE FUNCTION billing.named_lines(charges billing.charges, tariff billing.tariff, language text DEFAULT 'en')
RETURNS TABLE (line integer, name text, quantity numeric, unit text, price numeric, amount numeric, counted boolean,
			   kind text, estimated boolean, rule text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH document AS MATERIALIZED (SELECT tariff::jsonb AS json)
	SELECT l.line,
		   CASE WHEN l.kind IN ('of_which', 'kept') THEN billing.word(replace(l.kind, '_', ' '), language) || ' ' ELSE '' END
			|| concat_ws(CASE WHEN language LIKE 'zh%' THEN ' ' ELSE ', ' END,
				coalesce(component.name, charge.name, billing.word(l.code, language)),
				billing.word(l.period, language),
				CASE WHEN l.tier IS NOT NULL THEN format(billing.word('step', language), l.tier) END,
				to_char(l.from_on, 'MM-DD') || '…' || to_char(l.until_on - 1, 'MM-DD')),
		   l.quantity, billing.word(l.unit, language), l.price, l.amount, l.counted, l.kind, l.estimated,
		   concat_ws(' ', l.rule, nullif(l.code, l.rule))
	  FROM document
	 CROSS JOIN billing.lines(charges) l
	  LEFT JOIN LATERAL (SELECT billing.in_language(c -> 'name', language) AS name
						   FROM jsonb_array_elements(document.json -> 'charges') c
						  WHERE c ->> 'code' = l.code) charge ON true
	  LEFT JOIN LATERAL (SELECT coalesce(billing.in_language(
								CASE jsonb_typeof(c) WHEN 'object' THEN c -> 'name' END, language), l.component) AS name
						   FROM (SELECT document.json -> 'components' -> l.component AS c) v
						  WHERE l.component IS NOT NULL) component ON true
	 ORDER BY l.line;
END;
COMMENT ON FUNCTION billing.named_lines(billing.charges, billing.tariff, text)
	IS 'the lines of a bill under the names that its tariff gives them in a language, with the rule each comes from';

CREATE FUNCTION billing.print_bill(charges billing.charges, tariff billing.tariff, language text DEFAULT 'en',
	account text DEFAULT NULL)
RETURNS SETOF text
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	currency text := billing.currency(charges);
	total numeric := billing.total(charges);
	places int := billing.minor_unit(currency);	-- of all amounts: at least the currency's, more where one has more
	cells text[];				-- of one row: name, quantity, unit, price, amount, rule
	page text[] := ARRAY[ARRAY[billing.word('item', language), billing.word('quantity', language),
		billing.word('unit', language), billing.word('price', language),
		billing.word('amount', language) || ' ' || currency, billing.word('rule', language)]];
	widths int[];
	ruler text;
	brackets boolean := false;
	stars boolean := false;
	l record;
	i int;
BEGIN
	IF charges IS NULL OR tariff IS NULL THEN
		RETURN;
	END IF;
	places := greatest(places, scale(trim_scale(total)), (SELECT max(scale(trim_scale(amount))) FROM billing.lines(charges)));
	FOR l IN SELECT * FROM billing.named_lines(charges, tariff, language) LOOP
		cells := ARRAY[l.name || CASE WHEN l.estimated THEN ' *' ELSE '' END,
			-- what a percentage is taken of is money
			coalesce(billing.grouped(CASE WHEN l.unit = '%' THEN round(l.quantity, greatest(scale(l.quantity), billing.minor_unit(currency)))
				ELSE l.quantity END), ''), coalesce(l.unit, ''), coalesce(billing.grouped(l.price), ''),
			CASE WHEN l.counted THEN billing.grouped(round(l.amount, places)) || ' ' ELSE '(' || billing.grouped(round(l.amount, places)) || ')' END,
			coalesce(l.rule, '')];
		page := page || cells;
		brackets := brackets OR NOT l.counted;
		stars := stars OR l.estimated;
	END LOOP;
	page := page || ARRAY[billing.word('total', language), '', '', '', billing.grouped(round(total, places)) || ' ', ''];

	FOR i IN 1 .. 6 LOOP
		widths[i] := (SELECT max(billing.display_width(page[r][i])) FROM generate_subscripts(page, 1) r);
	END LOOP;
	ruler := repeat('─', greatest((SELECT sum(w) + 10 FROM unnest(widths) w)::int, 72));

	RETURN NEXT ruler;
	RETURN NEXT billing.word('bill', language) || coalesce('    ' || account, '');
	RETURN NEXT billing.word('tariff', language) || '  ' || billing.in_language(tariff::jsonb -> 'name', language);
	RETURN NEXT billing.word('billed', language) || '  ' || to_char(lower(billing.during(charges)), 'YYYY-MM-DD')
		|| ' ' || billing.word('until', language) || ' ' || to_char(upper(billing.during(charges)) - 1, 'YYYY-MM-DD');
	RETURN NEXT ruler;
	FOR i IN 1 .. array_length(page, 1) LOOP
		IF i = array_length(page, 1) THEN
			RETURN NEXT ruler;
		END IF;
		RETURN NEXT rtrim(billing.pad(page[i][1], widths[1]) || '  ' || billing.pad(page[i][2], widths[2], true)
			|| '  ' || billing.pad(page[i][3], widths[3]) || '  ' || billing.pad(page[i][4], widths[4], true)
			|| '  ' || billing.pad(page[i][5], widths[5], true) || '  ' || page[i][6]);
		IF i = 1 THEN
			RETURN NEXT ruler;
		END IF;
	END LOOP;
	IF scale(trim_scale(total)) <= billing.minor_unit(currency) THEN
		RETURN NEXT billing.word('in words', language) || '  '
			|| billing.amount_in_words(total, CASE WHEN language LIKE 'zh%' THEN 'zh' ELSE 'en' END, currency);
	END IF;
	RETURN NEXT ruler;
	IF brackets THEN
		RETURN NEXT billing.word('in brackets', language);
	END IF;
	IF stars THEN
		RETURN NEXT billing.word('estimated', language);
	END IF;
END;
$$;
COMMENT ON FUNCTION billing.print_bill(billing.charges, billing.tariff, text, text)
	IS 'the bill as a page for a terminal, in Chinese (zh…) or English, one row a printed line';
