-- profile: what is refused, and how it is said.
SET TimeZone = 'UTC';
SET DateStyle = ISO;
SET search_path = billing, public;
\set SHOW_CONTEXT never

-- One line for each refusal: its code, what it says, and whether there is advice.
CREATE FUNCTION pg_temp.refusals(statements text[]) RETURNS TABLE (statement text, code text, message text, hint text)
LANGUAGE plpgsql AS $$
DECLARE
	advice	text;
	ignored	text;
BEGIN
	FOREACH statement IN ARRAY statements LOOP
		BEGIN
			EXECUTE 'SELECT ' || statement INTO ignored;
			code := '-----';
			message := 'accepted: ' || left(ignored, 150);
			hint := NULL;
		EXCEPTION WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
		END;
		RETURN NEXT;
	END LOOP;
END $$;

-- Starts, slots, arrays.
SELECT code, statement, message, hint IS NOT NULL AS advice FROM pg_temp.refusals(ARRAY[
	$s$profile('infinity', '15 min', ARRAY[1])$s$,
	$s$profile('-infinity', '15 min', ARRAY[1])$s$,
	$s$profile('4713-01-01 BC', '15 min', ARRAY[1])$s$,
	$s$profile('294276-12-31 23:00', '15 min', ARRAY[1])$s$,
	$s$profile('4990-01-01', '1 day', array_fill(1, ARRAY[9999]))$s$,
	$s$profile('2026-01-01 00:00:01', '15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01 00:00:00.000001', '15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01 00:07', '15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', '0', ARRAY[1])$s$,
	$s$profile('2026-01-01', '-15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', '1 month', ARRAY[1])$s$,
	$s$profile('2026-01-01', '1 month -30 days 15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', '7 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', '15.5 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', '2 days', ARRAY[1])$s$,
	$s$profile('2026-01-01', '178000000 years', ARRAY[1])$s$,
	$s$profile('2026-01-01', '2147483647 days', ARRAY[1])$s$,
	$s$profile('2026-01-01', '1 day', ARRAY[1])$s$,
	$s$profile('2026-01-01', '15 min', '{}'::bigint[])$s$,
	$s$profile('2026-01-01', '15 min', '{}'::integer[])$s$,
	$s$profile('2026-01-01', '15 min', '{}'::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', '{{1,2},{3,4}}'::bigint[])$s$,
	$s$profile('2026-01-01', '15 min', '[5:6]={1,2}'::bigint[])$s$,
	$s$profile('2026-01-01', '15 min', '{null,null}'::bigint[])$s$,
	$s$profile('2026-01-01', '1 min', array_fill(1, ARRAY[4194305]))$s$,
	$s$profile('2026-01-01', '1 day', array_fill(1, ARRAY[65536]))$s$,
	$s$profile(NULL, '15 min', ARRAY[1])$s$,
	$s$profile('2026-01-01', NULL, ARRAY[1])$s$,
	$s$profile('2026-01-01', '15 min', NULL::bigint[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], NULL)$s$]);

-- Values.
SELECT code, statement, message, hint IS NOT NULL AS advice FROM pg_temp.refusals(ARRAY[
	$s$profile('2026-01-01', '15 min', ARRAY['NaN']::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY['Infinity']::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY['-Infinity']::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1e15, 1e-9]::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1e9, 1e-9]::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1e200]::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1e-16000]::numeric[])$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[9223372036854775807, -9223372036854775808])$s$,
	$s$energy_kwh(profile('2026-01-01', '15 min', ARRAY[9223372036854775807, 9223372036854775807], 'GWh'))$s$,
	$s$(statistics(profile('2026-01-01', '15 min', ARRAY[9223372036854775807, 9223372036854775807], 'GWh'))).mean$s$,
	$s$peak_kw(profile('2026-01-01', '15 min', ARRAY[9223372036854775807, 9223372036854775807], 'GWh'), '30 min')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[9223372036854775807], 'TWh')$s$,
	$s$negative(profile('2026-01-01', '15 min', ARRAY[-9223372036854775808]))$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[9223372036854775807]) + profile('2026-01-01', '15 min', ARRAY[1])$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[9223372036854775807]), 2)$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[1]), 'NaN')$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[1]), 'Infinity')$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[1]), 1e38)$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[1]), 1e-29)$s$,
	$s$scale(profile('2026-01-01', '15 min', ARRAY[1]), 1e-20)$s$]);

-- Units, zones, qualities.
SELECT code, statement, message, hint IS NOT NULL AS advice FROM pg_temp.refusals(ARRAY[
	$s$profile('2026-01-01', '15 min', ARRAY[1], 'kwh')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], '')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], 'nWh')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1.5], 'nWh')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], repeat('k', 1000000))$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => 'Mars/Olympus')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => 'UTC+8')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '<x>-8')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '../../etc/passwd')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '/etc/localtime')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '+16:00')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '+08:60')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => '+8')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => repeat('A', 64))$s$,
	$s$profile('1850-01-01', '15 min', ARRAY[1], time_zone => 'Asia/Shanghai')$s$,
	$s$profile('2026-01-01', '1 h', ARRAY[1], time_zone => 'Asia/Kolkata')$s$,
	$s$profile('2026-03-01', '1 day', array_fill(1, ARRAY[31]), time_zone => 'Europe/London')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => 'asia/shanghai')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => 'Etc/GMT-8')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], time_zone => 'Z')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{good}')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{actual,actual}')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{}')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{{actual}}')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{missing}')$s$,
	$s$profile('2026-01-01', '15 min', ARRAY[1], quality => '{null}')$s$]);

-- Functions.
SELECT code, replace(statement, '{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1,2,3,4]}', '...') AS statement, message, hint IS NOT NULL AS advice
  FROM pg_temp.refusals((SELECT array_agg(replace(s, '$p', $p$'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1,2,3,4]}'::profile$p$)) FROM unnest(ARRAY[
	'resample($p, ''7 min'')', 'resample($p, ''0'')', 'resample($p, ''1 month'')', 'resample($p, ''2 h'')',
	'resample($p, ''1 min'')',
	'peak_kw($p, ''20 min'')', 'peak_kw($p, ''5 min'')', 'peak_kw($p, ''2 days'')', 'peak_kw($p, ''75 min'')',
	'sliding_peak_kw($p, ''45 min'')', 'sliding_peak_kw($p, ''20 min'')', 'peak_kw($p, ''-15 min'')',
	'peak_kw(profile(''2026-01-01'', ''15 min'', ARRAY[1], ''V''))',
	'slice($p, ''2026-01-01 00:00:30Z'', ''infinity'')', 'slice($p, ''infinity'', ''-infinity'')',
	'slice($p, ''294276-12-31'', ''infinity'')', 'slice($p, ''4713-01-01 BC'', ''2026-01-01 00:30'')',
	'slice($p, ''empty''::daterange)', 'slice($p, ''(,)''::daterange)', 'slice($p, ''[-infinity,infinity]''::daterange)',
	'slice($p, ''[5874897-01-01,5874897-12-31)''::daterange)',
	'in_zone($p, ''Asia/Tokyo'')', 'in_zone($p, ''Nowhere'')', 'in_zone(resample($p, ''1 h''), ''Asia/Kolkata'')',
	'$p + profile(''2026-01-01'', ''15 min'', ARRAY[1])', '$p + in_zone($p, ''+08:00'')',
	'$p || profile(''2026-01-01 02:00'', ''1 h'', ARRAY[1])',
	'$p || profile(''2026-01-01 02:00'', ''15 min'', ARRAY[1], ''varh'')',
	'profile(''2026-01-01 00:00'', ''1 min'', ARRAY[1]) || profile(''2046-01-01 00:00'', ''1 min'', ARRAY[1])',
	'concat($p, NULL)', 'scale($p, NULL)', 'energy_kwh(NULL)', '(peak(NULL)).kw', 'peak_kw($p, NULL)']) s));

-- Text.
SELECT code, statement, message, hint IS NOT NULL AS advice FROM pg_temp.refusals((SELECT array_agg(quote_literal(s) || '::profile') FROM unnest(ARRAY[
	'', '{}', '[]', 'null', '17', '{"start": "2026-01-01T00:00Z"}', '{"start": "2026-01-01T00:00Z", "slot_minutes": 15}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": []}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": {}}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": "15", "values": [1]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 7, "values": [1]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 1e99, "values": [1]}',
	'{"start": "2026-01-01T00:00", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-01-01T00:00 Asia/Tokyo", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-02-30T00:00Z", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-01-01T00:00:30Z", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-01-01", "slot_minutes": 15, "time_zone": "Asia/Tokyo", "values": [1]}',
	'{"start": "0001-01-01T00:00Z", "slot_minutes": 15, "values": [1]}',
	'{"start": "4999-01-01T00:00Z", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-03-29T01:30", "time_zone": "Europe/London", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-01-01T00:00Z", "time_zone": "Nowhere", "slot_minutes": 15, "values": [1]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": ["x"]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [[1]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [true]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [NaN]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1e30]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1e99999]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [9223372036854775807]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [9223372036854775808]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "unit": "kwh"}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "unit": 5}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "scale": 10}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "scale": -7}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "scale": 0.5}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "colour": "red"}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "values": [2]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "quality": "good"}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1], "quality": "missing"}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [null], "quality": "missing"}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, null], "quality": [["actual", 2]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": [["actual", 1]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": [["actual", 3]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": [["actual", -1], ["actual", 3]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": [["actual"]]}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": {}}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1, 2], "quality": []}',
	'{"start": "2026-01-01T00:00Z", "slot_minutes": 15, "values": [1]} x']) s));

-- A whole error, as it is shown.
SELECT profile('2026-03-01 00:00Z', '1 day', array_fill(1, ARRAY[31]), time_zone => 'Europe/London');

-- Binary: whatever byte is cut off or changed, the answer is an error or a profile that can be used.
CREATE TEMP TABLE received (p profile);
CREATE FUNCTION pg_temp.received(bytes bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	file	text := current_setting('data_directory') || '/profile_edges.bin';
BEGIN
	TRUNCATE received;
	-- the binary forms of a bytea and of a profile with the same bytes are the same file
	EXECUTE format('COPY (SELECT %L::bytea) TO %L BINARY', bytes, file);
	EXECUTE format('COPY received FROM %L BINARY', file);
	RETURN (SELECT 'received' FROM received WHERE p::text::profile = p AND (statistics(p)).slots = slot_count(p) AND profile_send(p) IS NOT NULL);
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE;
END $$;
CREATE TEMP TABLE sent AS SELECT profile_send(p) AS bytes FROM (VALUES
	(profile('2026-03-28 22:00', '15 min', ARRAY[1, NULL, 3, 500, 7, 8, 9, 10, 11], 'Wh', 'Europe/London')),
	(profile('2026-01-01 00:00', '1 h', ARRAY[1, 1000000000000, 3, 4], quality => '{actual,estimated,actual,suspect}'))) v(p);
SELECT octet_length(bytes), pg_temp.received(bytes) FROM sent;
SELECT count(*) AS same FROM received, sent WHERE profile_send(p) = bytes;
SELECT pg_temp.received(substring(bytes FOR n)), count(*) FROM sent, generate_series(0, octet_length(bytes) - 1) n GROUP BY 1 ORDER BY 1;
SELECT pg_temp.received(bytes || '\x00') FROM sent;
SELECT outcome, count(*) > 0 AS some FROM (
	SELECT pg_temp.received(set_byte(bytes, i, (get_byte(bytes, i) + change) & 255)) AS outcome
	  FROM sent, generate_series(0, octet_length(bytes) - 1) i, unnest('{1, 2, 32, 64, 128, 255}'::int[]) change) v
 GROUP BY outcome ORDER BY outcome;

-- The largest one: 2^22 minutes; a long one at a coarse slot.
SELECT slot_count(p), energy_wh(p), time_zone(p) FROM profile('2020-01-01', '1 min', array_fill(1, ARRAY[4194304]), time_zone => 'Europe/London') p;
SELECT slot_count(p), until_at(p), energy_kwh(p) FROM profile('2020-01-01', '1 day', array_fill(1, ARRAY[65535])) p;

-- Slots of every length that divides the day keep their energy.
SELECT count(*) AS lengths, bool_and(energy_wh(p) = 2880 / s AND p::text::profile = p AND energy_wh(resample(p, '1 min')) = energy_wh(p)
	AND resample(resample(p, '1 min'), slot(p)) = p) AS kept
  FROM generate_series(1, 1440) s, profile('2026-01-31', make_interval(mins => s), array_fill(1, ARRAY[2880 / s])) p WHERE 1440 % s = 0;

-- Strict where null means nothing, unless arguments may be left out: no function of ours crashes on it.
SELECT count(*) FILTER (WHERE NOT proisstrict) AS not_strict
  FROM pg_catalog.pg_proc
 WHERE pronamespace = 'billing'::regnamespace AND prokind = 'f' AND proargtypes[0] = 'billing.profile'::regtype AND prolang = (SELECT oid FROM pg_language WHERE lanname = 'c') AND proname NOT LIKE 'peak%' AND proname <> 'sliding_peak_kw' AND pronargdefaults = 0;
