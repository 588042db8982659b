-- market: dated facts that many tariffs share.
SET client_min_messages = warning;
SET timezone = 'America/New_York';

-- From its parts.
SELECT billing.market(
	calendar => billing.calendar('{2026-10-01, 2026-10-02, NULL}', '{2026-10-10}'),
	events => '{"critical": [{"from": "2026-07-01T14:00+08:00", "until": "2026-07-01T18:00+08:00"}, {"from": "2026-07-05", "until": "2026-07-06"}]}',
	prices => billing.published('purchase', '{2026-02-01, 2026-01-01}', '{0.40, 0.38447}') || billing.published('loss', '{2026-01-01}', '{1e-3}'),
	series => billing.price_series('spot', '2026-01-01 00:00+08', '1 hour', '{0.12, NULL, -0.5}'),
	zones => '{"Asia/Shanghai": [{"offset": 480}]}') AS market \gset
SELECT :'market' AS market;
SELECT :'market'::billing.market::text = :'market' AS text_round_trips,
	   billing.jsonb(:'market'::billing.market)::billing.market OPERATOR(billing.=) :'market'::billing.market AS jsonb_round_trips,
	   billing.market_send(:'market') = convert_to(:'market', 'UTF8') AS binary_is_the_text,
	   billing.digest(:'market'::billing.market) = sha256(convert_to(:'market', 'UTF8')) AS digest_is_of_the_text;

-- Every part may be missing; nothing at all is a market too.
SELECT billing.market(), '{}'::billing.market, billing.market(calendar => '{}'), billing.market(prices => '{}', series => '{}');
SELECT billing.calendar('{}'), billing.calendar(NULL), billing.published('p', '{}', '{}'), billing.published(NULL, '{}', '{}');
SELECT billing.price_series('s', '2026-03-29 00:30+00', '15 minutes', '{}');

-- The same facts, differently written.
SELECT (SELECT count(*) FROM (SELECT DISTINCT unnest(array_agg(m))) d) AS markets, count(DISTINCT billing.digest(m)) AS digests, count(DISTINCT billing.market_hash(m)) AS hashes,
	   count(DISTINCT billing.market_hash_extended(m, 1)) AS more_hashes
  FROM (VALUES ('{"prices": {"p": [{"from": "2026-01-01", "price": 0.50}], "q": []}}'::billing.market),
			   ('{"prices": {"q": [], "p": [{"price": "0.5", "from": "2026-01-01"}]}}')) v(m);
SELECT a OPERATOR(billing.=) b AS eq, a OPERATOR(billing.<>) b AS ne FROM (VALUES ('{}'::billing.market, '{"prices": {}}'::billing.market)) v(a, b);

-- What is refused, and how it is said.
CREATE FUNCTION pg_temp.refused(input text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	hint text;
	detail text;
BEGIN
	RETURN 'accepted: ' || input::billing.market::text;
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT, detail = PG_EXCEPTION_DETAIL;
	RETURN concat_ws(E'\n', SQLSTATE || ' ' || SQLERRM, nullif(detail, ''), nullif(hint, ''));
END
$$;
\pset format unaligned
SELECT input, pg_temp.refused(input) FROM (VALUES
	(''), ('[]'), ('{"holiday": []}'),
	('{"calendar": {"holidays": "2026-10-01"}}'),
	('{"calendar": {"holidays": ["2026-02-29"]}}'),
	('{"calendar": {"holidays": ["2026-10-01"], "workdays": ["2026-10-01"]}}'),
	('{"events": {"e": [{"from": "2026-07-01T14:00", "until": "2026-07-01T18:00"}]}}'),
	('{"events": {"e": [{"from": "2026-07-02", "until": "2026-07-01"}]}}'),
	('{"events": {"e": [{"from": "2026-07-01T14:00Z", "until": "2026-07-01T14:00Z"}]}}'),
	('{"prices": {"p": [{"from": "2026-01-01"}]}}'),
	('{"prices": {"p": [{"from": "2026-02-01", "price": 1}, {"from": "2026-01-01", "price": 1}]}}'),
	('{"prices": {"p": [{"from": "2026-01-01", "price": "0.12345678901"}]}}'),
	('{"prices": {"p": [{"from": "infinity", "price": 1}]}}'),
	('{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 60}}}'),
	('{"series": {"s": {"from": "2026-01-01", "slot_minutes": 60, "values": []}}}'),
	('{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 50, "values": []}}}'),
	('{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 60, "values": ["NaN"]}}}'),
	('{"zones": {"Z": []}}'),
	('{"zones": {"Z": [{"offset": 2000}]}}'),
	('{"zones": {"Z": [{"offset": 60}, {"offset": 120}]}}')) v(input);
SELECT what, pg_temp.refused(said) FROM (VALUES
	('numeric infinity', jsonb_build_object('prices', billing.published('p', '{2026-01-01}', '{infinity}'))::text),
	('infinite date', jsonb_build_object('prices', billing.published('p', '{infinity}', '{1}'))::text),
	('a date more than prices', jsonb_build_object('prices', billing.published('p', '{2026-01-01, 2026-02-01}', '{1}'))::text),
	('a slot of a minute and a half', jsonb_build_object('series', billing.price_series('s', '2026-01-01 00:00+00', '90 seconds', '{1}'))::text),
	('a start within a minute', jsonb_build_object('series', billing.price_series('s', '2026-01-01 00:00:30+00', '15 minutes', '{1}'))::text),
	('no such slot', jsonb_build_object('series', billing.price_series('s', '2026-01-01 00:00+00', '-1 hour', '{1}'))::text),
	('a name of 64 bytes', format('{"prices": {"%s": []}}', repeat('p', 64)))) v(what, said);
\pset format aligned
\set SHOW_CONTEXT never
SELECT billing.market(calendar => '[]');
SELECT billing.market(prices => billing.published('p', '{2026-01-01, 2026-02-01}', '{1}'));
SELECT billing.market(series => billing.price_series('s', 'infinity', '1 hour', '{1}'));

-- The session's clock and language do not matter.
SELECT billing.price_series('s', '2026-01-01 00:00+08', '1 hour', '{1}');
SET timezone = 'Asia/Kathmandu';
SET datestyle = 'German, DMY';
SELECT billing.price_series('s', '2026-01-01 00:00+08', '1 hour', '{1}'), billing.calendar('{2026-10-01}'), billing.published('p', '{2026-10-01}', '{0.5}');
RESET timezone;
RESET datestyle;

-- Nulls stay null.
SELECT NULL::billing.market, billing.jsonb(NULL::billing.market), billing.market_of(NULL), billing.digest(NULL::billing.market);

-- A year of quarter-hours fits and is found again.
SELECT length(billing.market_send(m)) AS bytes, jsonb_array_length(billing.jsonb(m) -> 'series' -> 's' -> 'values') AS values
  FROM (SELECT billing.market(series => billing.price_series('s', '2026-01-01 00:00+00', '15 minutes',
			(SELECT array_agg((i % 97) / 1000.0) FROM generate_series(1, 35040) i))) AS m) v;
