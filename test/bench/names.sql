-- Names a second, each function over the same 200,000 names in one session, one
-- core, against what plain SQL does of the same: psql -f test/bench/names.sql
\set QUIET on
\set ON_ERROR_STOP on
SET max_parallel_workers_per_gather = 0;
SET jit = off;
SET client_min_messages = warning;

-- half Han, the rest Latin with and without accents, some of full width; the same each time
CREATE TEMPORARY TABLE name AS
SELECT CASE n % 8
	WHEN 0 THEN (ARRAY['Anna', 'Jörg', 'Zoë', 'Nguyễn Văn'])[n / 8 % 4 + 1] || ' ' || (ARRAY['Müller', 'Đức', 'Straße', 'Łukasz'])[n / 32 % 4 + 1] || n
	WHEN 1 THEN 'Acme Power & Light, Ltd. ' || n
	WHEN 2 THEN 'ＺＨＡＮＧ　' || n
	WHEN 3 THEN 'Zhang Wei ' || n
	ELSE (ARRAY['张', '王', '李', '赵', '陈', '单', '解', '长'])[n / 8 % 8 + 1] || chr(x'4E00'::int + n % 20000) || chr(x'4E00'::int + n * 7 % 19997)
	END AS name
  FROM generate_series(1, 200000) n;
CREATE TEMPORARY TABLE took (what text, call text, round int, seconds float8);
INSERT INTO took (what, call) VALUES
	('name_key', 'billing.name_key(name)'),
	('pinyin_key', 'billing.pinyin_key(name)'),
	('address_key', 'billing.address_key(name)'),
	('number_key', 'billing.number_key(name)'),
	('lower, translate: ASCII punctuation only', $$lower(translate(name, ' ,.&-', ''))$$),
	('the same after normalize(NFKC)', $$lower(translate(normalize(name, NFKC), ' ,.&-', ''))$$),
	('regexp_replace over normalize(NFKC), as name_key', $$lower(regexp_replace(normalize(name, NFKC), '[^[:alnum:]]+', '', 'g'))$$);

DO $$
DECLARE
	t record;
	began timestamptz;
	n bigint;
BEGIN
	FOR r IN 0 .. 5 LOOP		-- the first round is not counted
		FOR t IN SELECT * FROM took WHERE round IS NULL LOOP
			began := clock_timestamp();
			EXECUTE format('SELECT count(%s) FROM name', t.call) INTO n;
			INSERT INTO took SELECT t.what, t.call, r, extract(epoch FROM clock_timestamp() - began) WHERE r > 0;
		END LOOP;
	END LOOP;
END $$;
SELECT what, round((200000 / percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) / 1e6)::numeric, 2) AS million_names_a_second,
	   round((percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds) / 200000 * 1e9)::numeric) AS ns_a_name
  FROM took WHERE round > 0 GROUP BY what ORDER BY 3;
\c -
SET client_min_messages = warning;
\timing on
\echo the first pinyin key of a session, which opens the table of readings:
SELECT billing.pinyin_key('张伟');
