-- profile: a day of a household, by hand.
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = ISO;
SET IntervalStyle = postgres;
SET search_path = billing, public;

-- An hour of quarter-hours: 100, 200, 300 and 400 Wh make 1 kWh; 400 Wh in a quarter of an hour are 1.6 kW.
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 200, 300, 400]);
SELECT energy_wh(p), energy_kwh(p), load_factor(p) FROM (SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 200, 300, 400])) v(p);
SELECT * FROM peak(profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 200, 300, 400]));

-- The zone says where days begin. Without one it is UTC, whatever the session's zone is.
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[1], time_zone => 'Asia/Shanghai');
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[1], time_zone => '+08:00');
SET TimeZone = 'America/New_York';
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[1]);
SET TimeZone = 'Asia/Shanghai';

-- Decimals of kWh are exact down to 10^-9 and rounded half up there; null is a missing slot.
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[0.25, 0.5, NULL, 1]::numeric[]);
SELECT energy_kwh(profile('2026-01-01 00:00+08', '15 min', ARRAY[0.0000000015, -0.0000000015, 0.0000000014]));
SELECT at, value FROM slots(profile('2026-01-01 00:00+08', '15 min', ARRAY[0.0000000015, -0.0000000015, 0.0000000014]));

-- Units with prefixes; levels have no energy.
SELECT u, unit(p), energy_kwh(p)
  FROM unnest('{Wh,kWh,MWh,varh,kvarh,GWh,TWh}'::text[]) u, profile('2026-01-01 00:00+08', '15 min', ARRAY[7]::bigint[], u) p;
SELECT unit(p), energy_kwh(p) FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[230, 231], 'V') p;
SELECT slots, min, max, mean, sum FROM statistics(profile('2026-01-01 00:00+08', '15 min', ARRAY[230.1, 231.2, 229.9], 'V'));

-- Accessors.
SELECT start_at(p), until_at(p), during(p), slot(p), slot_count(p), missing_count(p), unit(p), time_zone(p)
  FROM profile('2026-01-01 00:00+08', '30 min', ARRAY[1, NULL, 3]::bigint[], 'kvarh', 'Asia/Shanghai') p;

-- Rows out, gaps, qualities.
SELECT * FROM slots(profile('2026-01-01 00:00+08', '1 h', ARRAY[1500, NULL, -30], quality => '{estimated}'));
SELECT * FROM gaps(profile('2026-01-01 00:00+08', '1 h', ARRAY[NULL, NULL, 1, NULL, 2, 3, NULL]::int[]));
SELECT * FROM qualities(profile('2026-01-01 00:00+08', '1 h', ARRAY[1, NULL, 3, 4], quality => '{actual,actual,suspect,estimated}'));
SELECT * FROM statistics(profile('2026-01-01 00:00+08', '1 h', ARRAY[0, NULL, 4, 2], quality => '{actual,actual,suspect,estimated}'));
SELECT profile('2026-01-01 00:00+08', '1 h', ARRAY[1, NULL, 3, 4], quality => '{actual,actual,suspect,estimated}');

-- Peaks by block and by sliding window: the two highest slots lie in different half-hours.
SELECT kind, (r).* FROM (
	SELECT 'block', peak(p, '30 min') FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 500, 600, 100]) p
	UNION ALL
	SELECT 'sliding', peak(p, '30 min', true) FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 500, 600, 100]) p) v(kind, r);
SELECT peak_kw(p), peak_kw(p, '1 h'), sliding_peak_kw(p, '45 min')
  FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 500, 600, 100]) p;
-- Windows with a missing slot do not count.
SELECT peak_kw(p, '30 min') FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[900, NULL, 1, 2]) p;
SELECT peak_kw(p, '1 h') IS NULL AS none_is_whole FROM profile('2026-01-01 00:00+08', '15 min', ARRAY[900, NULL, 1, 2]) p;

-- Reckoning.
\set a 'profile(''2026-01-01 00:00+08'', ''15 min'', ARRAY[100, -50, NULL, 7]::int[])'
\set b 'profile(''2026-01-01 00:00+08'', ''15 min'', ARRAY[0.001, 0.0005, 1, 7])'
SELECT :a + :b;
SELECT :a - :b;
SELECT positive(:a);
SELECT negative(:a);
SELECT :a * 0.5;
SELECT scale(:a, 1000);
SELECT scale(:a, 0.0000333333333333);
SELECT (:a - negative(:a)) IS NOT NULL AND :a = positive(:a) - negative(:a) AS parts_make_the_whole;

-- Pieces that follow each other, in any order; what lies between is missing.
SELECT profile('2026-01-01 01:00+08', '15 min', ARRAY[5, 6]) || profile('2026-01-01 00:00+08', '15 min', ARRAY[1, 2]);
SELECT profile('2026-01-01 00:00+08', '15 min', ARRAY[5, 6]) || profile('2026-01-01 00:15+08', '15 min', ARRAY[1, 2]);

-- Slices.
SELECT slice(:a, '2026-01-01 00:15+08', '2026-01-01 00:30+08');
SELECT slice(:a, '-infinity', 'infinity') = :a AS whole;
SELECT slice(:a, '2026-01-02 00:00+08', '2026-01-03 00:00+08') IS NULL AS none;
SELECT slice(:a, '2026-01-01 00:10+08', '2026-01-01 00:30+08');
SELECT slot_count(slice(p, daterange('2026-01-02', '2026-01-03'))), start_at(slice(p, daterange('2026-01-02', NULL)))
  FROM profile('2026-01-01 00:00+08', '1 h', array_fill(1, ARRAY[72]), time_zone => 'Asia/Shanghai') p;

-- Other slots: energy is kept.
SELECT resample(profile('2026-01-01 00:00+08', '15 min', ARRAY[100, 200, 300, 401]), '1 h');
SELECT resample(profile('2026-01-01 00:00+08', '1 h', ARRAY[1001]), '15 min');
SELECT resample(profile('2026-01-01 00:00+08', '1 h', ARRAY[100]), '20 min');
SELECT resample(profile('2026-01-01 00:00+08', '10 min', ARRAY[10, 20, 30]), '15 min');
SELECT resample(profile('2026-01-01 00:00+08', '15 min', ARRAY[230, 231, 231, 231], 'V'), '1 h');
SELECT resample(profile('2026-01-01 00:00+08', '15 min', ARRAY[1, NULL, 3, 4, 1, 1, 1, 1]), '1 h');
SELECT resample(profile('2026-01-01 00:00+08', '15 min', ARRAY[1, 2, 3]), '1 h');

-- Equal is what says the same, however it was made.
SELECT profile('2026-01-01 00:00+08', '1 h', ARRAY[1000]) = profile('2026-01-01 00:00+08', '1 h', ARRAY[1]::numeric[]) AS scale,
	   profile('2026-01-01 00:00+08', '1 h', ARRAY[1]) = profile('2025-12-31 16:00+00', '1 h', ARRAY[1], time_zone => 'Asia/Shanghai') AS zone,
	   profile('2026-01-01 00:00+08', '1 h', ARRAY[1]) = profile('2026-01-01 00:00+08', '1 h', ARRAY[1], quality => '{estimated}') AS quality,
	   profile('2026-01-01 00:00+08', '1 h', ARRAY[1]) <> profile('2026-01-01 00:00+08', '1 h', ARRAY[1], 'varh') AS unit;
SELECT count(*), count(DISTINCT billing.digest(p)) FROM (SELECT p FROM (VALUES
	(profile('2026-01-01 00:00+08', '1 h', ARRAY[1000, NULL])),
	(profile('2026-01-01 00:00+08', '1 h', ARRAY[1.000000, NULL])),
	(profile('2026-01-01 00:00+08', '1 h', ARRAY[1000, NULL], time_zone => '+08:00'))) v(p) GROUP BY p) g;
SELECT hash(p) = hash(q) AND hash_extended(p, 7) = hash_extended(q, 7) AS same_hash
  FROM profile('2026-01-01 00:00+08', '1 h', ARRAY[1000]) p, profile('2026-01-01 00:00+08', '1 h', ARRAY[1.0]) q;
SELECT digest(profile('2026-01-01 00:00Z', '1 h', ARRAY[1000, 2000]));

-- Days of 23, 24 and 25 hours.
SELECT d, slot_count(p), (storage(p)).blocks, time_zone(p)
  FROM (VALUES ('2026-03-28', 4 * 71), ('2026-10-24', 4 * 73), ('2026-06-01', 4 * 72)) v(d, n),
	   profile(d::timestamp AT TIME ZONE 'Europe/London', '15 min', array_fill(10, ARRAY[n]), time_zone => 'Europe/London') p;
SELECT slot_count(slice(p, daterange('2026-03-29', '2026-03-30'))) AS of_23_hours
  FROM profile('2026-03-28 00:00Z', '15 min', array_fill(10, ARRAY[400]), time_zone => 'Europe/London') p;

-- A day of zeros takes three bytes; the type travels as text, jsonb and binary.
SELECT bytes - 20 AS block_bytes, blocks, max_width FROM storage(profile('2026-01-01 00:00Z', '15 min', array_fill(0, ARRAY[96])));
SELECT :a::text::profile = :a AS text, :a::jsonb::profile = :a AS jsonb;
SELECT jsonb_pretty(:a::jsonb);
CREATE TEMP TABLE p AS
	SELECT i, profile('2026-02-01 00:00+08', '15 min', (SELECT array_agg(CASE WHEN s % 100 > i THEN (s * 7919 * i) % 1000 END) FROM generate_series(1, 96 * 28) s), time_zone => 'Asia/Shanghai') p
	  FROM generate_series(0, 20) i;
SELECT bool_and(p::text::profile::text = p::text) AS text, bool_and(profile(jsonb(p)) = p) AS jsonb, sum(energy_wh(p)) FROM p;

-- Input may be plainer than output.
SELECT '{"start": "2026-01-01T00:00+08:00", "slot_minutes": 15, "unit": "kWh", "values": [0.25, "0.5", null, 1e0]}'::profile;
SELECT '{"start": "2026-07-01 00:00", "slot_minutes": 30, "time_zone": "Europe/London", "values": [1]}'::profile;

-- Views, arrays and domains of it, and however a value is stored.
CREATE TEMP TABLE stored (a profile, b profile, c profile);
ALTER TABLE stored ALTER a SET STORAGE plain, ALTER b SET STORAGE external, ALTER c SET STORAGE extended;
INSERT INTO stored SELECT p, p, p FROM p;
SELECT bool_and(a = b AND b = c AND energy_wh(a) = energy_wh(b) AND digest(a) = digest(c)) FROM stored;
CREATE DOMAIN pg_temp.import AS profile CHECK (missing_count(VALUE) = 0);
SELECT energy_wh((:b)::pg_temp.import);
SELECT (:a)::pg_temp.import;
