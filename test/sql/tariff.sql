-- tariff: a JSON document, checked whole, canonical at output.
SET client_min_messages = warning;

-- A tariff as a clerk writes it: comes back sorted, decimals as shortest texts, nothing lost.
SELECT '{"name": {"zh": "居民分时", "en": "Residential"}, "currency": "CNY", "time_zone": "Asia/Shanghai",
 "notes": "free text, 1.50", "rounding": {"line": 2, "quantity": 0},
 "periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"},
 "charges": [{"code": "energy", "price": {"peak": 0.5680, "valley": "0.288"}},
	{"code": "tier", "per": "year", "steps": [{"to": 2760}, {"to": 4800, "add": 5e-2}, {"add": "0.30"}]}]}'::billing.tariff AS tariff \gset
SELECT :'tariff' AS tariff;
SELECT :'tariff'::billing.tariff::text = :'tariff' AS text_round_trips,
	   billing.jsonb(:'tariff'::billing.tariff)::billing.tariff OPERATOR(billing.=) :'tariff'::billing.tariff AS jsonb_round_trips,
	   :'tariff'::billing.tariff::jsonb = :'tariff'::jsonb AS jsonb_is_the_text,
	   billing.tariff_send(:'tariff') = convert_to(:'tariff', 'UTF8') AS binary_is_the_text,
	   billing.digest(:'tariff'::billing.tariff) = sha256(convert_to(:'tariff', 'UTF8')) AS digest_is_of_the_text;

-- Nothing is wrong with it.
SELECT count(*) FROM billing.tariff_check(:'tariff');

-- The same tariff, however it is written: order of members, decimals, blanks, escapes.
CREATE FUNCTION pg_temp.t(price text, more text DEFAULT '') RETURNS text LANGUAGE sql AS $$
	SELECT format('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [{"code": "e", "price": %s}]%s}', price, more)
$$;
SELECT count(*) AS spellings, (SELECT count(*) FROM (SELECT DISTINCT spelling::billing.tariff FROM unnest(array_agg(spelling)) spelling) d) AS tariffs,
	   count(DISTINCT billing.digest(t)) AS digests,
	   count(DISTINCT billing.tariff_hash(t)) AS hashes, count(DISTINCT billing.tariff_hash_extended(t, 7)) AS more_hashes
  FROM (SELECT spelling, spelling::billing.tariff AS t FROM (VALUES
	(pg_temp.t('0.5')), (pg_temp.t('0.50')), (pg_temp.t('"0.5"')), (pg_temp.t('5e-1')), (pg_temp.t('"0.50000000000000000"')),
	('{"charges":[{"price":"0.5","code":"\u0065"}],"time_zone":"UTC","currency":"EUR","name":"t"}')) v(spelling)) s;
SELECT a OPERATOR(billing.=) b AS eq, a OPERATOR(billing.<>) b AS ne
  FROM (VALUES (pg_temp.t('1')::billing.tariff, pg_temp.t('1.0')::billing.tariff), (pg_temp.t('1')::billing.tariff, pg_temp.t('2')::billing.tariff)) v(a, b);
-- a number inside free text is text: not touched
SELECT pg_temp.t('1', ', "notes": [1.50, {"a": 2e1}]')::billing.tariff;

-- Each bad tariff with its problems.
CREATE FUNCTION pg_temp.check(members text) RETURNS TABLE (path text, problem text) LANGUAGE sql AS $$
	SELECT path, problem FROM billing.tariff_check((CASE WHEN members LIKE '{%' THEN members
		ELSE '{"name": "t", "currency": "EUR", "time_zone": "UTC", ' || members
			|| CASE WHEN members LIKE '%"charges"%' THEN '}' ELSE ', "charges": [{"code": "e", "price": 1}]}' END END)::json)
$$;
\pset format unaligned
SELECT members, path, problem FROM (VALUES
	(1, '{}'),
	(2, '{"name": "t", "currency": "euro", "time_zone": "Nowhere/Land", "charges": []}'),
	(3, '{"name": "t", "currency": "EUR", "time_zone": "UTC+8", "charges": [{"code": "e", "price": 1}]}'),
	(4, '"price": 1'),
	(5, '"valid": {"from": "2026-02-30"}'),
	(6, '"seasons": {"summer": {"months": [7, 8]}}'),
	(7, '"seasons": {"summer": {"months": [7, 13]}, "rest": "else"}'),
	(8, '"periods": {"peak": [{"from": "8:00", "to": "22:00"}], "valley": "else"}'),
	(9, '"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": [{"from": "21:00", "to": "08:00"}]}'),
	(10, '"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": [{"from": "23:00", "to": "08:00"}]}'),
	(11, '"periods": {"peak": [{"season": "summer"}], "valley": "else"}'),
	(12, '"parts": {"light": {"of": "main", "share": "1.5"}}'),
	(13, '"terms": {"class": {"one_of": "home"}}'),
	(14, '"rounding": {"line": {"places": 2, "step": 1}, "mode": "up_up", "colour": 1}'),
	(15, '"charges": [{"code": "e"}]'),
	(16, '"charges": [{"code": "e", "price": "0.538 CNY"}, {"code": "e", "price": 1}]'),
	(17, '"charges": [{"code": "e", "price": {"peak": 1}}]'),
	(18, '"charges": [{"code": "e", "price": {"component": "fund"}}]'),
	(19, '"charges": [{"code": "e", "price": {"versions": [{"from": "2026-02-01", "price": 1}, {"from": "2026-01-01", "price": 1}]}}]'),
	(20, '"charges": [{"code": "e", "price": 1, "lines": "component"}]'),
	(21, '"charges": [{"code": "e", "lines": "component"}]'),
	(22, '"charges": [{"code": "t", "steps": [{"to": 10}, {"to": 5}]}]'),
	(23, '"charges": [{"code": "d", "price": 1, "demand": {"overrun": "none", "ratchet": 1}}]'),
	(24, '"charges": [{"code": "c", "price": 1, "capacity": "kva", "proration": "weekly"}]'),
	(25, '"charges": [{"code": "f", "price": 1, "fixed": "week"}]'),
	(26, '"charges": [{"code": "v", "percent": 13, "of": ["energy"]}]'),
	(27, '"charges": [{"code": "p", "power_factor": {"standard": "0.95"}}]'),
	(28, '"charges": [{"code": "e", "price": 1, "percent": 1}]'),
	(29, '"charges": [{"code": "e", "price": 1, "when": {"usage.money": 1}}]'),
	(30, '"charges": [{"code": "e\u0001", "price": 1}]'),
	(31, format('"charges": [{"code": "%s", "price": 1}]', repeat('x', 64))),
	(32, format('"%s": 1', repeat('电', 40)))) v(n, members), pg_temp.check(members)
 ORDER BY n, path COLLATE "C", problem COLLATE "C";
\pset format aligned
-- a word of advice with each
SELECT * FROM billing.tariff_check('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charge": [], "charges": [{"code": "e", "price": {"versions": 1}}]}');
SELECT * FROM billing.tariff_check('[1]');
SELECT * FROM billing.tariff_check(NULL);

-- At input the first problem is the error; the others are counted.
\set VERBOSITY verbose
\set SHOW_CONTEXT never
CREATE FUNCTION pg_temp.refused(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	RETURN 'accepted: ' || input::billing.tariff::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
SELECT left(input, 60) AS input, pg_temp.refused(input) FROM (VALUES
	(''), ('null'), ('[]'), ('{'), ('{"name": "a", "name": "b"}'), ('{}'),
	(pg_temp.t('"x"')),
	(pg_temp.t('1', ', "color": 1, "colour": 2')),
	(replace(pg_temp.t('1'), 'UTC', 'Mars/Olympus')),
	(replace(pg_temp.t('1'), 'UTC', 'UTC+8')),
	(replace(pg_temp.t('1'), 'UTC', '+25:00')),
	(pg_temp.t('1', ', "notes": "' || repeat('电', 10) || '\u0000"')),
	(repeat('[', 1000) || repeat(']', 1000))) v(input);
\pset format aligned
\set VERBOSITY default

-- Zones: names, aliases and fixed offsets; the text stays as written.
SELECT replace(pg_temp.t('1'), 'UTC', zone)::billing.tariff::jsonb ->> 'time_zone' AS zone
  FROM (VALUES ('Asia/Shanghai'), ('asia/shanghai'), ('PRC'), ('+08:00'), ('-03:30'), ('Z'), ('Etc/GMT-8')) v(zone);

-- Bounds: 200 charges, 64 steps, 1200 versions; one more of each is refused.
SELECT what, n, (SELECT string_agg(path || ': ' || problem, '; ') FROM billing.tariff_check(document)) AS problems
  FROM (SELECT 'charges' AS what, n, format('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [%s]}',
			(SELECT string_agg(format('{"code": "c%s", "price": 1}', i), ',') FROM generate_series(1, n) i))::json
		  FROM (VALUES (200), (201)) v(n)
		UNION ALL
		SELECT 'steps', n, format('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [{"code": "t", "per": "month", "steps": [%s]}]}',
			(SELECT string_agg(format('{"to": %s, "price": 1}', i), ',') FROM generate_series(1, n) i))::json
		  FROM (VALUES (64), (65)) v(n)
		UNION ALL
		SELECT 'versions', n, pg_temp.t(format('{"versions": [%s]}',
			(SELECT string_agg(format('{"from": "%s", "price": %s}', to_char(date '2000-01-01' + i, 'YYYY-MM-DD'), i), ',') FROM generate_series(1, n) i)))::json
		  FROM (VALUES (1200), (1201)) v(n)
		UNION ALL
		SELECT 'depth', n, pg_temp.t(repeat('{"base": ', n) || '1' || repeat(', "times": 1}', n))::json
		  FROM (VALUES (21), (22)) v(n)) c(what, n, document)
 ORDER BY what, n;

-- The binary form passes the same checks.
CREATE TEMPORARY TABLE sent (t billing.tariff);
INSERT INTO sent SELECT t::billing.tariff FROM (VALUES (:'tariff'), (pg_temp.t('2')), (NULL)) v(t);
CREATE TEMPORARY TABLE arrived (t billing.tariff);
COPY sent TO PROGRAM 'cat >billing_sent' (FORMAT binary);
COPY arrived FROM PROGRAM 'cat billing_sent && rm billing_sent' (FORMAT binary);
SELECT count(*), (SELECT count(*) FROM (SELECT t::text FROM sent EXCEPT ALL SELECT t::text FROM arrived) d) AS different FROM arrived;

-- Stored in every way, long or short; grouped and joined by hash.
CREATE TEMPORARY TABLE stored (id integer, p billing.tariff, e billing.tariff, x billing.tariff, m billing.tariff);
ALTER TABLE stored ALTER p SET STORAGE PLAIN, ALTER e SET STORAGE EXTENDED, ALTER x SET STORAGE EXTERNAL, ALTER m SET STORAGE MAIN;
INSERT INTO stored SELECT n, t, t, t, t
  FROM (SELECT n, pg_temp.t(n::text, ', "notes": "' || repeat('x', n * 100) || '"')::billing.tariff AS t FROM generate_series(1, 60) n) v;
SELECT count(*) AS rows, bool_and(p OPERATOR(billing.=) e AND e OPERATOR(billing.=) x AND x OPERATOR(billing.=) m) AS equal,
	   bool_and(billing.digest(p) = billing.digest(x)) AS same_digests FROM stored;
SELECT count(*) FROM stored a JOIN stored b ON a.e OPERATOR(billing.=) b.x;
SELECT count(*) FROM (SELECT e FROM stored UNION SELECT x FROM stored) u;
SELECT count(*) FROM (SELECT e FROM stored GROUP BY e) g;

-- A domain over it.
CREATE DOMAIN pg_temp.signed_tariff AS billing.tariff CHECK (billing.jsonb(VALUE) ? 'source');
SELECT pg_temp.t('1', ', "source": "me"')::pg_temp.signed_tariff IS NOT NULL AS signed;
SELECT pg_temp.t('1')::pg_temp.signed_tariff;

-- Nulls stay null.
SELECT NULL::billing.tariff, billing.jsonb(NULL::billing.tariff), billing.tariff(NULL), billing.digest(NULL::billing.tariff),
	   NULL::billing.tariff OPERATOR(billing.=) NULL::billing.tariff;

-- Tariffs are put in some order, the same every time.
SELECT count(DISTINCT t) FROM sent;
