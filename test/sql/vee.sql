-- vee: validation, estimation, editing of readings.
SET search_path = public, billing;
SET TimeZone = 'Asia/Shanghai';
SET intervalstyle = 'postgres';

-- Four weeks of half-hours from Sunday 1 March: 200 Wh, at noon 400, on Saturdays and Sundays 100 and 300.
CREATE FUNCTION pg_temp.month(changes jsonb DEFAULT '{}') RETURNS profile LANGUAGE sql AS $$
	SELECT profile('2026-03-01 00:00+08', '30 min', array_agg(CASE WHEN changes ? i::text THEN (changes ->> i::text)::bigint
		ELSE CASE WHEN i / 48 % 7 IN (0, 6) THEN 100 ELSE 200 END + CASE WHEN i % 48 = 24 THEN 200 ELSE i % 3 END END
		ORDER BY i), time_zone => 'Asia/Shanghai') FROM generate_series(0, 28 * 48 - 1) i $$;
CREATE FUNCTION pg_temp.changed(first int, last int, wh bigint) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_object_agg(i, wh) FROM generate_series(first, last) i $$;

-- Nothing is wrong with it; what needs history or registers says so.
SELECT rule, severity, slots, detail FROM validate(pg_temp.month());

-- One fault of each kind, by the rules that hold where none are given.
SELECT v.* FROM validate(pg_temp.month(
	pg_temp.changed(100, 100, 5000) || pg_temp.changed(150, 150, 1500) || pg_temp.changed(200, 201, -3)
	|| pg_temp.changed(300, 311, 222) || pg_temp.changed(400, 450, 0) || pg_temp.changed(451, 451, 9000)
	|| pg_temp.changed(600, 605, NULL) || pg_temp.changed(700, 760, 0))) v WHERE severity <> 'unchecked';

-- The others; limits are borders: exactly 0.8 kW may flow.
SELECT v.* FROM validate(pg_temp.month('{"50": 401, "60": 400, "70": 99}'),
	'[{"rule": "capacity", "kw": "0.8"}, {"rule": "range", "name": "plausible", "least": 100, "most": "400.5", "severity": "notice"},
	  {"rule": "step", "kw": 0.5}, {"rule": "span", "from": "2026-02-28", "until": "2026-03-28T12:00+08:00"},
	  {"rule": "channel", "unit": "varh", "slot_minutes": 15, "time_zone": "Asia/Tokyo"},
	  {"rule": "channel", "unit": "Wh", "slot_minutes": 30, "time_zone": "Asia/Shanghai"}]') v WHERE rule <> 'step' OR slots > 1;

-- With its history: the month before used a third, and half a year ago is not there.
WITH h AS (SELECT profile('2026-02-01 00:00+08', '30 min', array_fill(70, ARRAY[28 * 48]), time_zone => 'Asia/Shanghai') AS history)
SELECT v.* FROM h, validate(pg_temp.month(), '[{"rule": "high_low"}, {"rule": "high_low", "against": "year"},
	{"rule": "peak", "over": "4.7"}, {"rule": "peak", "over": 4.8}]', history) v;
-- A meter that is known to repeat itself for long is not suspected for less.
SELECT count(*) FROM validate(pg_temp.month(pg_temp.changed(300, 311, 222)), '[{"rule": "repeated"}]',
	profile('2026-02-01 00:00+08', '30 min', array_fill(70, ARRAY[20]), time_zone => 'Asia/Shanghai'));

-- The sum of the readings against the register: 0.5 % apart and no more.
SELECT energy_kwh(pg_temp.month());
SELECT v.rule, v.severity, from_at, until_at, measured, bound, unit, detail FROM validate(pg_temp.month(), '[{"rule": "sum"}]', registers =>
	'[{"from": "2026-03-01", "until": "2026-03-15", "kwh": 118.7},
	  {"from": "2026-03-15", "until": "2026-03-22", "start": "99990.5", "end": "50.4", "digits": 5},
	  {"from": "2026-03-22T00:00+08:00", "until": "2026-03-29T00:10+08:00", "kwh": 60}]') v;
SELECT v.rule, v.severity, from_at, until_at, measured, bound, unit, detail FROM validate(pg_temp.month(), '[{"rule": "sum"}]', registers =>
	'[{"from": "2026-03-01", "until": "2026-03-15", "kwh": 118}, {"from": "2026-03-15", "until": "2026-03-22", "kwh": "59.69"},
	  {"from": "2026-03-22", "until": "2026-03-30", "kwh": 60}]') v;

-- What was decided is not questioned again.
SELECT quality, count(*) FROM (VALUES ('actual'), ('suspect'), ('corrected'), ('substituted'), ('estimated')) q(quality),
	validate(set_quality(pg_temp.month('{"100": -5}'), '2026-03-01 00:00+08', 'infinity', quality), '[{"rule": "negative"}]')
 GROUP BY 1 ORDER BY 1;

-- Clocks go back on 25 October in London: an hour that was copied, one that is empty, one that is right.
SELECT n, v.* FROM (VALUES (1, '{500,510,520,530,520,530,540}'::int[]), (2, '{500,510,520,530,0,0,540}'), (3, '{500,510,520,530,525,535,540}'),
	(4, '{500,510,0,0,0,0,540}')) c(n, wh),
	validate(profile('2026-10-24 23:00+00', '30 min', wh, time_zone => 'Europe/London'), '[{"rule": "clock_change"}]') v;

-- Levels have no spikes, but a range.
SELECT v.* FROM validate(profile('2026-03-01 00:00+08', '1 hour', '{230,231,180.5,233}'::numeric[], 'V', 'Asia/Shanghai'),
	'[{"rule": "spike"}, {"rule": "range", "least": 200, "most": 250}, {"rule": "negative"}]') v;

-- validated(): rejected is missing, suspect is suspect, a notice changes nothing.
SELECT (qualities(validated(pg_temp.month(pg_temp.changed(100, 100, 5000) || pg_temp.changed(300, 311, 222) || pg_temp.changed(600, 601, NULL))))).*;
SELECT validated(pg_temp.month()) = pg_temp.month() AS unchanged;

-- Estimation: two hours by a line, more from like days, and what has no like days stays missing.
SELECT e.from_at, slots, method, energy_kwh, cardinality(like_days) AS days, like_days[1:2] AS first, reason
  FROM estimation(pg_temp.month(pg_temp.changed(100, 103, NULL) || pg_temp.changed(200, 204, NULL) || pg_temp.changed(670, 700, NULL))) e;
SELECT s.* FROM slots(slice(estimate(pg_temp.month(pg_temp.changed(100, 103, NULL))), '2026-03-03 01:30+08', '2026-03-03 04:30+08')) s;
-- 14 and 15 March are a weekend; worked in exchange, and with 16 March a holiday, they are like other days.
SELECT from_at, slots, like_days FROM estimation(pg_temp.month(pg_temp.changed(670, 760, NULL)), '{"days": 4}',
	market => '{"calendar": {"holidays": ["2026-03-16"], "workdays": ["2026-03-15"]}}'::jsonb::market);
SELECT from_at, slots, like_days FROM estimation(pg_temp.month(pg_temp.changed(670, 760, NULL)), '{"days": 3, "day_type": "weekday"}');
SELECT from_at, slots, method, reason FROM estimation(pg_temp.month(pg_temp.changed(670, 760, NULL)), '{"within_days": 5}');

-- At the ends there is one neighbour; alone there is none.
SELECT n, e.* FROM (VALUES (1, '{null,null,300,310}'::int[]), (2, '{300,310,null}'), (3, '{null,null}'), (4, '{300,null,301}'), (5, '{-300,null,-301}')) c(n, wh),
	estimation(profile('2026-03-01 00:00+08', '30 min', wh, time_zone => 'Asia/Shanghai')) e;

-- Scaled to the register, every watt-hour of it: by largest remainder, of equal ones the earlier.
SELECT s.value, s.quality FROM slots(estimate(profile('2026-03-01 00:00+08', '30 min', '{100,null,null,null,100}'::int[], time_zone => 'Asia/Shanghai'),
	registers => '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": "0.601"}]')) s;
-- A finer register makes finer slots; the profile of whole kWh keeps its others.
SELECT s.value, s.quality FROM slots(estimate(profile('2026-03-01 00:00+08', '30 min', '{1,null,null,1}'::int[], 'kWh', 'Asia/Shanghai'),
	registers => '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:00+08:00", "kwh": "4.0000001"}]')) s;
-- Each span by itself, also where a reading divides a gap.
SELECT e.from_at, slots, method, energy_kwh, unscaled_kwh, register_during, reason FROM estimation(
	pg_temp.month(pg_temp.changed(670, 760, NULL) || pg_temp.changed(100, 101, NULL)), registers =>
	'[{"from": "2026-03-01", "until": "2026-03-15", "kwh": "119.2"}, {"from": "2026-03-15", "until": "2026-03-29", "kwh": "118.75"}]') e;
SELECT energy_kwh(estimate(p, registers => r)), energy_kwh(slice(estimate(p, registers => r), daterange('2026-03-01', '2026-03-15')))
  FROM (SELECT pg_temp.month(pg_temp.changed(670, 760, NULL) || pg_temp.changed(100, 101, NULL)),
	'[{"from": "2026-03-01", "until": "2026-03-15", "kwh": "119.2"}, {"from": "2026-03-15", "until": "2026-03-29", "kwh": "118.75"}]'::jsonb) x(p, r);

-- What stands in the way of scaling is said.
SELECT n, method, energy_kwh, register_during, reason FROM (VALUES
	(1, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:40+08:00", "kwh": 1}]'::jsonb, '{}'::jsonb),
	(2, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-02T00:00+08:00", "kwh": 1}]', '{}'),
	(3, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": 0.199}]', '{}'),
	(4, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": 0.199}]', '{"tolerance_kwh": "0.001"}'),
	(5, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": 0.5}]', '{"linear_minutes": 30}'),
	(6, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": 0.5}]', '{"linear_minutes": 30, "even": true}'),
	(7, '[{"from": "2026-03-01T00:00+08:00", "until": "2026-03-01T02:30+08:00", "kwh": 0.5}]', '{"scale": false}')) c(n, registers, rules),
	estimation(profile('2026-03-01 00:00+08', '30 min', '{100,null,null,null,100}'::int[], time_zone => 'Asia/Shanghai'), rules, registers => registers) e
 ORDER BY n;

-- History fills what the profile has not, and never what was rejected.
SELECT method, like_days FROM estimation(slice(pg_temp.month(pg_temp.changed(670, 700, NULL)), daterange('2026-03-14', '2026-03-17')), '{"days": 2, "least_days": 2}',
	pg_temp.month());
SELECT missing_count(validated(pg_temp.month('{"100": -1}'), NULL, pg_temp.month()));

-- Editing.
SELECT s.* FROM slots(slice(edit(pg_temp.month(), '2026-03-02 00:00+08', '{1.5,null,0.0001}', unit => 'kWh'), '2026-03-01 23:30+08', '2026-03-02 02:00+08')) s;
SELECT (qualities(edit(pg_temp.month(), '2026-03-02 00:00+08', '{150,160}', 'substituted'))).*;
SELECT (qualities(set_quality(pg_temp.month('{"3": null}'), '2026-03-01 00:00+08', '2026-03-02 00:00+08', 'suspect'))).*;
SELECT energy_wh(set_quality(pg_temp.month(), '-infinity', '2026-03-28 23:30+08', 'missing'));
SELECT s.* FROM slots(overlay(profile('2026-03-01 00:00+08', '30 min', '{1,2,null,4}'::int[], time_zone => 'Asia/Shanghai'),
	profile('2026-03-01 01:00+08', '30 min', '{30,null,50,60}'::int[], time_zone => 'Asia/Shanghai', quality => '{corrected}'))) s;
SELECT missing_count(overlay(slice(pg_temp.month(), daterange('2026-03-10', '2026-03-11')), slice(pg_temp.month(), daterange('2026-03-01', '2026-03-02'))));

-- Completeness, and what is missing, of a span that is larger than the profile.
SELECT c.* FROM (SELECT pg_temp.month(pg_temp.changed(100, 103, NULL)) AS p) x, completeness(p) c
UNION ALL SELECT c.* FROM (SELECT estimate(pg_temp.month(pg_temp.changed(100, 103, NULL))) AS p) x, completeness(p, tstzrange('2026-02-28 00:00+08', '2026-03-30 00:00+08')) c;
SELECT m.* FROM missing_reads(pg_temp.month(pg_temp.changed(0, 3, NULL) || pg_temp.changed(100, 100, NULL)), tstzrange('2026-02-28 00:00+08', '2026-03-30 00:00+08')) m;
SELECT m.* FROM missing_reads(pg_temp.month(), tstzrange('2026-04-01 00:00+08', '2026-04-02 00:00+08')) m;
SELECT m.* FROM missing_reads(pg_temp.month(), tstzrange('2026-02-01 00:00+08', '2026-02-02 00:00+08')) m;
SELECT m.* FROM missing_reads(NULL, tstzrange('2026-04-01 00:00+08', '2026-04-02 00:00+08')) m;
SELECT m.* FROM missing_reads(pg_temp.month()) m;
-- The hour that comes twice is two rows.
SELECT h.* FROM hourly_completeness(profile('2026-10-24 23:30+00', '30 min', '{500,510,null,530,0,0,540}'::int[], time_zone => 'Europe/London')) h;

-- Rules are refused by path, all at once by the checks.
SELECT * FROM validation_check('[{"rule": "capacity", "kv": 2.2}, {"rule": "stap"}, 3, {"rule": "range"}, {},
	{"rule": "zero", "minutes": "x", "severity": "bad"}, {"rule": "high_low", "low": 3}, {"rule": "spike", "over": -1, "days": 0, "name": ""},
	{"rule": "span"}, {"rule": "span", "from": "2026-02-30"}, {"rule": "channel"}, {"rule": "channel", "unit": "kWh"}, {"rule": "quality", "qualities": ["good"]}]');
SELECT * FROM estimation_check('{"fill": ["actual"], "days": 99, "foo": 1, "scale": "yes", "average": "mode"}');
SELECT * FROM estimation_check('{"fill": ["actual"]}');
SELECT * FROM estimation_check('{"days": 2, "least_days": 3}');
SELECT * FROM validation_check('{"rule": "gap", "rule": "gap"}');
SELECT * FROM validation_check(json_build_object('rule', 'gap'));
SELECT count(*) FROM validation_check(validation_rules()::json);
SELECT count(*) FROM estimation_check(estimation_rules()::json);
SELECT estimate(p) = estimate(p, estimation_rules()) AS same FROM (SELECT pg_temp.month(pg_temp.changed(670, 760, NULL)) AS p) x;
\set VERBOSITY sqlstate
SELECT estimate(pg_temp.month(), '[]');
\set VERBOSITY default
SELECT count(*) FROM validate(pg_temp.month(), '[{"rule": "capacity", "kv": 2.2}]');
SELECT estimate(pg_temp.month(), '[]');
SELECT estimate(pg_temp.month(), '{"days": 1.5}');

-- Arguments that do not go together.
SELECT count(*) FROM validate(pg_temp.month(), history => resample(pg_temp.month(), '1 hour'));
SELECT count(*) FROM validate(pg_temp.month(), history => in_zone(pg_temp.month(), 'Asia/Tokyo'));
SELECT count(*) FROM validate(pg_temp.month(), history => profile('2026-02-01 00:00+08', '30 min', '{1}'::int[], 'varh', 'Asia/Shanghai'));
SELECT count(*) FROM validate(pg_temp.month(), history => profile('1500-02-01 00:00+08', '30 min', '{1}'::int[], time_zone => 'Asia/Shanghai'));
SELECT estimate(pg_temp.month(), registers => '[{"kwh": 5}]');
SELECT estimate(pg_temp.month(), registers => '[{"from": "2026-03-01", "until": "2026-03-02", "kwh": 5, "period": "peak"}]');
SELECT estimate(pg_temp.month(), registers => '[{"from": "2026-03-01", "until": "2026-03-02", "kvarh": 5, "channel": "reactive_import"}]');
SELECT estimate(pg_temp.month(), registers => '[{"from": "2026-03-01", "until": "2026-03-03", "kwh": 5}, {"from": "2026-03-02", "until": "2026-03-04", "kwh": 5}]');
SELECT estimate(pg_temp.month('{"5": null}'), registers => '[{"from": "2026-03-01", "until": "2026-03-02", "kwh": "900000000000000000"}]');
SELECT edit(pg_temp.month(), '2026-03-01 00:10+08', '{1}');
SELECT edit(pg_temp.month(), '2026-02-28 00:00+08', '{1}');
SELECT edit(pg_temp.month(), '2026-03-28 23:30+08', '{1,2}');
SELECT edit(pg_temp.month(), '2026-03-01 00:00+08', '{1}', 'missing');
SELECT edit(pg_temp.month(), '2026-03-01 00:00+08', '{1}', unit => 'kvarh');
SELECT edit(pg_temp.month(), '2026-03-01 00:00+08', '{NaN}');
SELECT edit(pg_temp.month(), '2026-03-01 00:00+08', '{{1},{2}}');
SELECT edit(pg_temp.month(), '2026-03-01 00:00+08', '{}');
SELECT set_quality(pg_temp.month(), '2026-03-01 00:00+08', '2026-03-30 00:00+08', 'suspect');
SELECT set_quality(pg_temp.month(), '2026-03-01 00:00+08', '2026-03-20 00:00+08', 'good');
SELECT overlay(pg_temp.month(), resample(pg_temp.month(), '15 min'));
SELECT completeness(pg_temp.month(), tstzrange('2026-03-01 00:10+08', '2026-03-02 00:00+08'));
SELECT completeness(pg_temp.month(), tstzrange('2026-03-01 00:00+08', NULL));
SELECT completeness(pg_temp.month(), tstzrange('2026-03-01 00:00+08', '2026-03-02 00:00+08', '[]'));

-- Nulls.
SELECT estimate(NULL) IS NULL, validated(NULL) IS NULL, edit(pg_temp.month(), NULL, '{1}') IS NULL, (SELECT count(*) FROM validate(NULL)), completeness(NULL) IS NULL;

-- The rules of a row are those of the row, also where they change from row to row.
SELECT n, (SELECT count(*) FROM validate(pg_temp.month('{"100": -5}'), rules) WHERE severity = 'reject')
  FROM (VALUES (1, '[{"rule": "negative"}]'::jsonb), (2, '[]'), (3, NULL), (4, '[{"rule": "negative", "severity": "notice"}]'), (5, '[{"rule": "negative"}]')) r(n, rules) ORDER BY n;
