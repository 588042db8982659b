-- Every list of a tariff has a bound that is known when it is checked, and so has what a bill may ask for.
SET search_path = public, billing;
\set VERBOSITY terse

-- n times a text in which % is the number
CREATE FUNCTION many(item text, n bigint, separator text DEFAULT ', ') RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(replace(item, '%', i::text), separator ORDER BY i) FROM generate_series(1, n) i
$$;
CREATE FUNCTION problems(json text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN (SELECT string_agg(concat_ws(' | ', path, problem, hint), '; ') FROM (SELECT * FROM tariff_check(
		('{"name": "Bounds", "currency": "CNY", "time_zone": "Asia/Shanghai", ' || json || '}')::json) LIMIT 2) c);
EXCEPTION WHEN others THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END
$$;

-- as many as there may be, then one more
SELECT what, bound, problems(format(json, many(item, bound))) AS as_many, problems(format(json, many(item, bound + 1))) AS one_more
  FROM (VALUES
	('charges', 200, '"charges": [%s]', '{"code": "c%", "price": 1}'),
	('tags of a charge', 16, '"charges": [{"code": "c", "price": 1, "tags": [%s]}]', '"t%"'),
	('names of a selection', 64, '"charges": [{"code": "c", "price": 1}, {"code": "p", "percent": 1, "of": [%s]}]', '"c"'),
	('seasons', 11, '"seasons": {%s, "rest": "else"}, "charges": [{"code": "c", "price": 1}]', '"s%": {"months": [%]}'),
	('periods', 31, '"periods": {%s, "rest": "else"}, "charges": [{"code": "c", "price": 1}]', '"p%": [{"event": "e%"}]'),
	('schedules', 7, '"schedules": {%s}, "charges": [{"code": "c", "price": 1}]', '"s%": {"day": [{"from": "08:00", "to": "22:00"}], "night": "else"}'),
	('windows of all periods', 510, '"periods": {"day": [%s], "night": "else"}, "charges": [{"code": "c", "price": 1}]', '{"event": "e%"}'),
	('steps', 63, '"charges": [{"code": "c", "per": "month", "steps": [%s, {"price": 1}]}]', '{"to": %, "price": 1}'),
	('steps of a demand', 63, '"charges": [{"code": "c", "demand": {}, "steps": [%s, {"price": 1}]}]', '{"to": %, "price": 1}'),
	('allowances', 64, '"charges": [{"code": "c", "per": "month", "steps": [{"to": 1, "price": 1}, {"price": 2}], "allowance": [%s]}]', '{"when": {"a": true}, "kwh": 1, "to": "each"}'),
	('components', 64, '"components": {%s}, "charges": [{"code": "c", "price": 1}]', '"c%": "0.1"'),
		('parts', 14, '"parts": {%s}, "charges": [{"code": "c", "price": 1}]', '"p%": {"of": "main", "share": "0.01"}'),
	('terms', 64, '"terms": {%s}, "charges": [{"code": "c", "price": 1}]', '"t%": {"default": 1}'),
	('tests of a condition', 64, '"charges": [{"code": "c", "price": 1, "when": {%s}}]', '"t%": 1'),
	('banks', 16, '"banks": {%s}, "charges": [{"code": "c", "price": 1}]', '"b%": {"unit": "money"}'),
	('tables of power factors', 64, '"power_factor_tables": {%s}, "charges": [{"code": "c", "price": 1}]', '"t%": {"best": 0, "at": "0.9", "rise": [{"to": "0.5", "by": 1}]}'),
	('ratchets', 12, '"charges": [{"code": "c", "demand": {"ratchet": [%s]}, "price": 1}]', '{"share": "0.5", "months": %}')
) v(what, bound, json, item);
SELECT n AS versions, problems(format('"charges": [{"code": "c", "price": {"versions": [%s]}}]',
	(SELECT string_agg(format('{"from": "%s", "price": 1}', to_char(date '2000-01-01' + i, 'YYYY-MM-DD')), ', ' ORDER BY i) FROM generate_series(1, n) i))) FROM unnest('{1200,1201}'::int[]) n;

-- forms nest as deep as a document may, 24 levels; and none goes in a circle
SELECT n AS levels, problems(format('"charges": [{"code": "c", "price": %s1%s}]', repeat('{"base": ', n), repeat(', "plus": 1}', n))) FROM unnest('{21,22}'::int[]) n;
SELECT problems(json) FROM (VALUES
	('"components": {"a": {"component": "b"}, "b": {"component": "a"}}, "charges": [{"code": "c", "price": {"component": "a"}}]'),
	('"parts": {"a": {"of": "b", "share": "0.5"}, "b": {"of": "a", "share": "0.5"}}, "charges": [{"code": "c", "part": "a", "price": 1}]'),
	('"charges": [{"code": "a", "per": "month", "unit": "kWh/kW", "of": "b", "steps": [{"price": 1}]}, {"code": "b", "demand": {}, "price": 1}]'),
	('"charges": [{"code": "a", "percent": 1, "of": ["b"]}, {"code": "b", "percent": 1, "of": ["a"]}]'),
	('"banks": {"k": {"unit": "kWh", "moves": [{"months": [1], "from": "a", "to": "b"}, {"months": [1], "from": "b", "to": "a"}]}}, "periods": {"a": [{"from": "00:00", "to": "12:00"}], "b": "else"},
	  "charges": [{"code": "c", "net": "month", "bank": "k", "price": {"a": 1, "b": 2}}]')) v(json);

-- What a bill may ask for: parts, channels and schedules; steps of a term; changes inside the span; lines; days.
CREATE FUNCTION outcome(json text, during daterange, usage usage DEFAULT usage(), terms jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce(sqlstate || ' ' || concat_ws(' | ', message, detail, hint), (SELECT count(*) || ' lines' FROM lines(charges)))
	  FROM try_rate(tariff(format('{"name": "Bounds", "currency": "CNY", "time_zone": "Asia/Shanghai", "missing": "zero", %s}', json)), usage, during, terms)
$$;
CREATE FUNCTION dated(first date, n int) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_agg(jsonb_build_object('from', to_char(first + i, 'YYYY-MM-DD'), 'value', i % 7 + 1)) FROM generate_series(0, n - 1) i
$$;
\set two '{"day": [{"from": "08:00", "to": "22:00"}], "night": "else"}'
SELECT total, outcome(format('"periods": %s, "schedules": {%s}, "charges": [%s%s]', :'two', many('"s%": ' || :'two', 7),
	(SELECT string_agg(format('{"code": "%1$s%2$s", "channel": "%1$s", %3$s "price": {"day": 1, "night": 1}}', channel, i, '"schedule": "s' || nullif(i, 0) || '",'), ', ')
	   FROM unnest('{import,export,generation,reactive_import,reactive_export,apparent}'::text[]) channel, generate_series(0, 7) i),
	CASE WHEN total THEN ', {"code": "total", "price": 1}' END), '[2026-01-01,2026-02-01)') FROM unnest('{f,t}'::bool[]) total;
SELECT n AS steps, outcome('"charges": [{"code": "c", "capacity": "kva", "price": 1}]', '[2026-01-01,2026-02-01)', terms => jsonb_build_object('kva', dated('2025-12-31', n)))
  FROM unnest('{366,367}'::int[]) n;
SELECT n AS changes, outcome(format('"charges": [{"code": "c", "fixed": "day", "price": {"versions": [{"price": 1}, %s]}}]',
	(SELECT string_agg(format('{"from": "%s", "price": %s}', to_char(date '2026-01-01' + i, 'YYYY-MM-DD'), i % 7), ', ' ORDER BY i) FROM generate_series(1, n) i)), '[2026-01-01,2028-01-01)')
  FROM unnest('{399,400}'::int[]) n;
SELECT n AS charges, outcome(format('"charges": [%s]', many('{"code": "c%", "capacity": "kva", "price": 1}', n)), '[2026-01-01,2026-02-01)', terms => jsonb_build_object('kva', dated('2026-01-01', 31)))
  FROM unnest('{132,133}'::int[]) n;
SELECT n AS days, outcome('"charges": [{"code": "c", "fixed": "day", "price": 1}]', daterange(date '2026-01-01', date '2026-01-01' + n)) FROM unnest('{1500,1501}'::int[]) n;

DROP FUNCTION public.many, public.problems, public.outcome, public.dated;
