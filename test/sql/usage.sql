-- usage: what the meters say of one span, in parts.
SET search_path = billing, pg_catalog, public;
SET TimeZone = 'Asia/Shanghai';
SET DateStyle = 'ISO, YMD';
\pset null '(null)'

CREATE TEMP TABLE shape AS SELECT
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "values": [1000, 2000, 3000, 4500]}'::profile AS wh,
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "unit": "varh", "values": [10, 20, 30, 40]}'::profile AS varh,
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "unit": "VAh", "values": [1, 2, 3, 4]}'::profile AS vah,
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "unit": "W", "values": [1, 2, 3, 4]}'::profile AS w;

-- ---- building ----

SELECT usage();
SELECT usage(import => wh, reactive_q1 => varh, apparent => vah) FROM shape;
SELECT usage('shop', wh, wh, wh, varh, varh, varh, varh, varh, varh, vah) = usage('shop', import => wh, export => wh,
	generation => wh, reactive_import => varh, reactive_export => varh, reactive_q1 => varh, reactive_q2 => varh,
	reactive_q3 => varh, reactive_q4 => varh, apparent => vah) AS "in this order" FROM shape;

SELECT usage(registers => '[
	{"channel": "import", "from": "2026-01-01", "until": "2026-02-01", "period": "peak", "kwh": "120.5"},
	{"from": "2026-01-01", "until": "2026-02-01", "period": "valley", "kwh": 80},
	{"channel": "export", "from": "2026-01-01T00:00+08:00", "until": "2026-01-15 10:30:00+08", "kwh": 1e2},
	{"channel": "reactive_q1", "kvarh": "12.25"},
	{"channel": "reactive_q4", "kwh": "1"},
	{"channel": "apparent", "kvah": "99.000"}]', demand_kw => 81.50,
	demands => '[{"kw": "70", "period": "peak", "at": "2026-01-07T10:15+08:00"}]') AS u \gset
SELECT :'u'::usage;
SELECT * FROM registers(:'u');
SELECT * FROM recorded_demands(:'u');
SELECT * FROM parts(:'u');

-- Readings become energy, exactly; a register of five digits may roll over once.
SELECT part, channel, period, kwh FROM registers(usage('shop', registers => '[
	{"start": "99950.5", "end": "120.2", "digits": 5, "multiplier": "200"},
	{"period": "peak", "start": 1000, "end": 1250.5},
	{"period": "valley", "start": "0.1", "end": "0.4", "multiplier": "1.155"}]'));

-- An energy finer than 10^-9 is rounded there.
SELECT kwh FROM registers(usage(registers => jsonb_build_array(jsonb_build_object('kwh', 1::numeric / 3))));
SELECT kw FROM recorded_demands(usage(demand_kw => 2::numeric / 3));

-- Names are whatever people call their things.
SELECT * FROM parts(usage('一号车间', demand_kw => 1));

-- ---- text, jsonb, binary ----

SELECT (:'u'::usage)::jsonb::usage = :'u'::usage AS "by jsonb", (:'u'::usage)::text::usage = :'u'::usage AS "by text";
SELECT jsonb_pretty(usage(export => wh, registers => '[{"kwh": "5"}]')::jsonb) FROM shape;
CREATE TEMP TABLE sent (u usage);
INSERT INTO sent SELECT usage(import => wh) || :'u' || usage('b', demand_kw => 3) FROM shape;
SELECT length(usage_send(u)) FROM sent;

-- The binary form, there and back; other versions and cut ends are refused.
SELECT current_setting('data_directory') || '/usage.bin' AS file \gset
COPY sent TO :'file' (FORMAT binary);
CREATE TEMP TABLE received (LIKE sent);
COPY received FROM :'file' (FORMAT binary);
SELECT r.u = s.u AS same FROM received r, sent s;
\set VERBOSITY terse
\set SHOW_CONTEXT never
SELECT lo_from_bytea(0, set_byte(pg_read_binary_file(:'file'), 25, 9)) AS damaged \gset
SELECT lo_export(:damaged, :'file');
COPY received FROM :'file' (FORMAT binary);
SELECT lo_put(:damaged, 25, '\x01');
SELECT lo_put(:damaged, 27, '\x03');
SELECT lo_export(:damaged, :'file');
COPY received FROM :'file' (FORMAT binary);
SELECT lo_unlink(:damaged);
\set VERBOSITY default
\set SHOW_CONTEXT errors

-- Stored in every way a row can store it.
CREATE TEMP TABLE kept (how text, u usage);
ALTER TABLE kept ALTER u SET STORAGE external;
INSERT INTO kept SELECT 'short', u FROM sent;
INSERT INTO kept SELECT 'out of line', usage(registers => (SELECT jsonb_agg(jsonb_build_object('period', 'p' || n, 'kwh', n))
	FROM generate_series(1, 1000) n));
ALTER TABLE kept ALTER u SET STORAGE main;
INSERT INTO kept SELECT 'compressed', u FROM kept WHERE how = 'out of line';
SELECT how, pg_column_size(u) < 200 AS small, (SELECT count(*) FROM registers(u)) AS registers,
	(SELECT sum(kwh) FROM registers(u)) AS kwh, u::text::usage = u AS same FROM kept ORDER BY how;
SELECT count(*) AS different FROM (SELECT DISTINCT u FROM kept) all_of_them;
SELECT u.u = k.u AS same FROM kept k JOIN sent u ON u.u = k.u;

-- ---- merging ----

SELECT usage('b', demand_kw => 2) || usage('a', demand_kw => 1) || usage('b', registers => '[{"kwh": 3}]');
SELECT usage(import => wh) || usage(reactive_import => varh) = usage(import => wh, reactive_import => varh) AS "one part" FROM shape;
SELECT usage(registers => '[{"from": "2026-01-15", "until": "2026-02-01", "kwh": 2}]') ||
	usage(registers => '[{"from": "2026-01-01", "until": "2026-01-15", "kwh": 1}]');
SELECT u || NULL AS nothing FROM sent;
WITH each AS (SELECT usage('p' || n % 4, registers => jsonb_build_array(jsonb_build_object('period', 'q' || n, 'kwh', n))) AS u, n
	FROM generate_series(1, 40) n)
SELECT usage_agg(u ORDER BY n) = usage_agg(u ORDER BY -n) AS "any order", (SELECT sum(kwh) FROM registers(usage_agg(u))) FROM each;
SELECT usage_agg(NULL::usage);

SELECT usage(import => wh) || usage(import => wh) FROM shape;
SELECT usage(registers => '[{"from": "2026-01-01", "until": "2026-02-01", "kwh": 1}]') ||
	usage(registers => '[{"from": "2026-01-31", "until": "2026-03-01", "kwh": 1}]');
SELECT usage(registers => '[{"period": "peak", "kwh": 1}]') ||
	usage(registers => '[{"period": "peak", "from": "2026-01-31", "until": "2026-03-01", "kwh": 1}]');
SELECT usage(registers => '[{"from": "2026-01-01T00:00Z", "until": "2026-02-01T00:00Z", "kwh": 1}]') ||
	usage(registers => '[{"from": "2026-03-01", "until": "2026-04-01", "kwh": 1}]');
SELECT usage(demands => '[{"kw": 1, "at": "2026-01-01T00:00Z"}, {"kw": 2, "at": "2026-01-01T08:00+08:00"}]');
SELECT usage(demands => '[{"kva": 1, "at": "2026-01-01T00:00Z"}]') || usage(demands => '[{"kva": 2, "at": "2026-01-01T08:00+08:00"}]');

-- A demand is in kW or in kVA, and of one moment there may be one of each.
SELECT usage(demand_kva => 90.50, demand_kw => 81, demands => '[{"kva": 88, "at": "2026-01-07T10:15+08:00"}, {"kw": 99, "at": "2026-01-07T02:15Z"}]') AS u \gset
SELECT :'u';
SELECT period, at, kw, kva FROM recorded_demands(:'u');
SELECT usage(demand_kva => 90.5) || usage(demand_kw => 81, demands => '[{"kw": 99, "at": "2026-01-07T02:15Z"}, {"kva": 88, "at": "2026-01-07T02:15Z"}]') = :'u' AS "in any order",
	usage_send(:'u') = usage_send((:'u')::text::usage) AS "through text";
SELECT usage_agg(usage('part ' || n)) FROM generate_series(1, 17) n;

-- ---- taking apart ----

SELECT channel, profile FROM channels((SELECT u FROM sent));
SELECT channel_profile(u, 'main', 'import') = wh AS same, channel_profile(u, 'main', 'export') AS absent,
	channel_profile(u, 'none', 'import') AS nowhere FROM sent, shape;
SELECT channel_profile(usage(), 'main', 'imports');

-- ---- units ----

SELECT usage(import => w) FROM shape;
SELECT usage(export => varh) FROM shape;
SELECT usage(reactive_q3 => wh) FROM shape;
SELECT usage(apparent => varh) FROM shape;
SELECT usage(registers => '[{"channel": "import", "kvarh": 1}]');

-- ---- registers by their readings ----

SELECT register_kwh(1000, 1250.5), register_kwh(1000, 1250.5, multiplier => 200),
	register_kwh(99950.5, 120.2, 5, 200), register_kwh(999.99, 0, 3), register_kwh(7, 7, 5), register_kwh(NULL, 7),
	register_kwh(0.000000000001, 0.000000000003, multiplier => 0.5);
SELECT register_kwh(1250, 1000);
SELECT register_kwh(125000, 1000, 5);
SELECT register_kwh(1, 2, 0);
SELECT register_kwh(1, 2, 2147483647);
SELECT register_kwh(-1, 2);
SELECT register_kwh(1, 2, multiplier => 0);
SELECT register_kwh('NaN', 2);
SELECT register_kwh(1, 'Infinity');
SELECT register_kwh(0, 1e37, multiplier => 1e10);
SELECT register_kwh(0, 1e100);

-- ---- a register divided at a date by a standard profile ----

SELECT s.* FROM shape, split_register(100, '2026-01-01', '2026-01-03', '2026-01-02', wh) s;
SELECT s.* FROM shape, split_register(0.0000004, '2026-01-01', '2026-01-03', '2026-01-02 12:00', w) s;
SELECT split_register(100, '2026-01-01', '2026-01-04', '2026-01-02', wh) FROM shape;
SELECT split_register(100, '2025-12-31', '2026-01-03', '2026-01-02', wh) FROM shape;
SELECT split_register(100, '2026-01-01', '2026-01-03', '2026-01-02',
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "values": [1000, null, 3000, 4500]}');
SELECT split_register(100, '2026-01-01', '2026-01-03', '2026-01-02 11:00', wh) FROM shape;
SELECT split_register(100, '2026-01-01', '2026-01-03', '2026-01-03', wh) FROM shape;
SELECT split_register(100, '2026-01-03', '2026-01-01', '2026-01-02', wh) FROM shape;
SELECT split_register(-100, '2026-01-01', '2026-01-03', '2026-01-02', wh) FROM shape;
SELECT split_register('NaN', '2026-01-01', '2026-01-03', '2026-01-02', wh) FROM shape;
SELECT split_register(1, '-infinity', 'infinity', '2026-01-02', wh) FROM shape;
SELECT split_register(1, '2026-01-01 00:00:30', '2026-01-03', '2026-01-02', wh) FROM shape;
SELECT split_register(1, '2026-01-01', '2026-01-03', '2026-01-02',
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "unit": "V", "values": [230, 230, 230, 230]}');
SELECT split_register(1, '2026-01-01', '2026-01-03', '2026-01-02',
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "values": [0, 0, 0, 0]}');
SELECT split_register(1, '2026-01-01', '2026-01-03', '2026-01-02',
	'{"start": "2026-01-01T00:00+08:00", "slot_minutes": 720, "values": [5, -1, 0, 0]}');

-- ---- bad input ----

SELECT usage(part => NULL);
SELECT usage('', demand_kw => 1);
SELECT usage(repeat('x', 64), demand_kw => 1);
SELECT usage(E'a\nb', demand_kw => 1);
SELECT usage(demand_kw => 'NaN');
SELECT usage(demand_kw => '-Infinity');
SELECT usage(demand_kw => -1);
SELECT usage(demand_kw => 1e30);
SELECT usage(demand_kw => 1e60);
SELECT usage(registers => '{}');
SELECT usage(registers => '[null]');
SELECT usage(registers => '[{"kwh": 1, "tariff": 3}]');
SELECT usage(registers => '[{"kwh": "NaN"}]');
SELECT usage(registers => '[{"kwh": 1}, {"period": "peak", "kwh": "-1"}]');
SELECT usage(registers => '[{"kwh": 1e400}]');
SELECT usage(registers => '[{"channel": "imported", "kwh": 1}]');
SELECT usage(registers => '[{"kwh": 1, "from": "2026-01-01"}]');
SELECT usage(registers => '[{"kwh": 1, "from": "2026-01-01", "until": "2026-01-01"}]');
SELECT usage(registers => '[{"kwh": 1, "from": "2026-01-01T00:00", "until": "2026-01-02T00:00"}]');
SELECT usage(registers => '[{"kwh": 1, "from": "2026-13-01", "until": "2027-01-01"}]');
SELECT usage(registers => '[{"start": 10, "end": 9}]');
SELECT usage(registers => '[{"start": 10, "end": 9, "digits": 1}]');
SELECT usage(registers => '[{"start": 10}]');
SELECT usage(registers => '[{"start": 1, "end": 2, "kwh": 1}]');
SELECT usage(registers => (SELECT jsonb_agg(jsonb_build_object('kwh', 1, 'period', 'p' || n)) FROM generate_series(1, 4097) n));
SELECT usage(demands => '[{"kw": 1, "at": "2026-01-01"}]');
SELECT usage(demands => '[{"kw": 1, "kva": 1}]');
SELECT usage(demands => '[{"period": "peak"}]');
SELECT usage(demands => '[{"kva": -1}]');
SELECT usage(demand_kva => -1);
SELECT usage(demand_kva => 1e30);
SELECT ''::usage;
SELECT '[]'::usage;
SELECT '{"main": {"import": 7}}'::usage;
SELECT '{"main": {"imports": {}}}'::usage;
SELECT '{"main": {}, "main": {}}'::usage;
SELECT '{"main": {"import": {"start": "2026-01-01T00:00Z", "slot_minutes": 7, "values": [1]}}}'::usage;
SELECT '{"main": {"reactive_q2": {"start": "2026-01-01T00:00Z", "slot_minutes": 60, "values": [1]}}}'::usage;
SELECT repeat('[', 100000)::usage;

-- ---- codes that programs branch on ----

\set VERBOSITY sqlstate
SELECT usage(import => wh) || usage(import => wh) FROM shape;
SELECT usage(registers => '[{"kwh": 1}, {"kwh": 1}]');
SELECT usage(registers => '[{"from": "2026-01-01T00:00Z", "until": "2026-02-01T00:00Z", "kwh": 1},
	{"from": "2026-03-01", "until": "2026-04-01", "kwh": 1}]');
SELECT split_register(100, '2026-01-01', '2026-01-04', '2026-01-02', wh) FROM shape;
SELECT usage(export => varh) FROM shape;
SELECT register_kwh(1250, 1000);
SELECT usage(registers => '[{"kwh": "NaN"}]');
SELECT usage(registers => '[{"kwh": -1}]');
SELECT usage(demand_kw => 1e30);
SELECT usage_agg(usage('part ' || n)) FROM generate_series(1, 17) n;
\set VERBOSITY default

DROP TABLE received;
DROP TABLE shape, sent, kept;

-- A register whose readings were estimated says so, keeps it in every form, and flags the lines that it touches.
SELECT usage(registers => '[{"kwh": 5, "estimated": true}, {"channel": "export", "kwh": 7, "estimated": false}]') AS estimated \gset
SELECT :'estimated'::usage;
SELECT jsonb(:'estimated'::usage)::usage = :'estimated'::usage AS same, :'estimated'::usage = usage(registers => '[{"kwh": 5}, {"channel": "export", "kwh": 7}]') AS as_if_read;
SELECT channel, kwh, estimated FROM registers(:'estimated'::usage || usage('other', registers => '[{"kwh": 1}]'));
SELECT usage(registers => '[{"kwh": 5, "estimated": "yes"}]');
SELECT l.estimated FROM rate('{"name": "x", "currency": "CNY", "time_zone": "UTC", "charges": [{"code": "a", "price": "1"}]}', usage(registers => '[{"kwh": 5, "estimated": true}]'), '[2026-01-01,2026-02-01)') c, lines(c) l;

-- A portion of a profile has exactly its energy, each slot in proportion.
SELECT portion(p, 0.001) AS part, p - portion(p, 0.001) AS rest, energy_kwh(portion(p, 0.0100005)) AS more FROM profile('2026-01-01 00:00+00', '6 hours', '{1,2,3,null}'::bigint[]) p;
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{0,0}'::bigint[]), 0);
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{0,0}'::bigint[]), 1);
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{5,-1}'::bigint[]), 0.001);
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{5}'::bigint[]), -0.001);
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{230}'::bigint[], 'V'), 1);
SELECT portion(profile('2026-01-01 00:00+00', '6 hours', '{9000000000000000000}'::bigint[]), 1);
