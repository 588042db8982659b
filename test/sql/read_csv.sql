-- read_csv: long, wide and register tables by a mapping.
SET search_path = public, billing;
SET TimeZone = 'Europe/Berlin';

-- A German export: semicolons, decimal comma, local time; the hour that is not there, one that comes again.
SELECT line, meter, day, profile, rejected, content FROM read_csv('Zählpunkt;Zeit;kWh;Status
DE001;30.03.2025 00:00;1,500;W
DE001;30.03.2025 01:00;"2,5";W
DE001;30.03.2025 03:00;0,25;E
DE001;30.03.2025 02:00;0,25;E
DE001;30.03.2025 03:00;0,250;E
DE001;30.03.2025 03:00;0,5;W
DE001;30.03.2025 04:00;0,25;X
DE001;30.03.2025 05:00;;W
DE001;30.03.2025 06:00;1e-3;W
DE002;"30.03.2025 06:00;1;W
DE002;30.03.2025 07:00;1.000,25;W
Summe;;5,0;',
	'{"delimiter": ";", "decimal_mark": ",", "group_mark": ".", "meter": "Zählpunkt", "time": "Zeit", "time_format": "DD.MM.YYYY HH24:MI",
	  "time_zone": "Europe/Berlin", "slot_minutes": 60, "value": "kWh", "unit": "kWh", "quality": "Status",
	  "qualities": {"W": "actual", "E": "estimated"}}');

-- Each slot of the days on which clocks change, named by start and by end: what goes in comes out.
CREATE TEMPORARY TABLE wanted AS
SELECT day, ends, profile_agg(at, n, '15 minutes', 'actual', 'Europe/Berlin') AS profile,
	   E'meter,time,wh\n' || string_agg(format('M,%s,%s', to_char(at + ends * interval '15 minutes', 'YYYY-MM-DD HH24:MI'), n), E'\n' ORDER BY at) AS document
  FROM (VALUES (date '2025-03-30', 92), ('2025-10-26', 100), ('2025-06-01', 96)) d(day, slots),
	   generate_series(0, 1) ends,
	   LATERAL (SELECT n, day::timestamptz + n * interval '15 minutes' AS at FROM generate_series(0, slots - 1) n) s
 GROUP BY 1, 2;
SELECT w.day, w.ends, slot_count(r.profile), r.profile OPERATOR(billing.=) w.profile AS same, rejected
  FROM wanted w, read_csv(document, jsonb_build_object('meter', 'meter', 'time', 'time', 'time_zone', 'Europe/Berlin', 'slot_minutes', 15,
													   'value', 'wh', 'unit', 'Wh', 'time_is', CASE ends WHEN 1 THEN 'end' ELSE 'start' END)) r
 ORDER BY 1, 2;
-- The same with offsets, in any order.
SELECT w.day, r.profile OPERATOR(billing.=) w.profile AS same, rejected
  FROM wanted w,
	   LATERAL (SELECT E'meter,time,wh\n' || string_agg(format('M,%s,%s', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), value), E'\n' ORDER BY value::integer % 7, at) AS document
				  FROM slots(profile)) d,
	   read_csv(d.document, '{"meter": "meter", "time": "time", "time_zone": "Europe/Berlin", "slot_minutes": 15, "value": "wh", "unit": "Wh"}') r
 WHERE ends = 0 ORDER BY 1;

-- A day a line: slots as time goes by, and hours of the clock.
SELECT line, meter, slot_count(profile), energy_kwh(profile), missing_count(profile), rejected
  FROM read_csv(E'meter,day,' || (SELECT string_agg('h' || i, ',') FROM generate_series(1, 25) i) || E'\nA,2025-10-26,' || (SELECT string_agg('1', ',') FROM generate_series(1, 25))
	|| E'\nA,2025-10-27,' || (SELECT string_agg('1', ',') FROM generate_series(1, 24)) || E',\nA,2025-10-28,' || (SELECT string_agg('1', ',') FROM generate_series(1, 25)),
	'{"meter": "meter", "time": "day", "time_zone": "Europe/Berlin", "slot_minutes": 60, "columns": {"first": "h1", "count": 25}, "unit": "kWh"}') ORDER BY line;
SELECT line, slots.*, rejected
  FROM read_csv(E'meter,day,' || (SELECT string_agg('h' || i, ',') FROM generate_series(0, 23) i) || E'\nA,2025-10-26,' || (SELECT string_agg(i::text, ',') FROM generate_series(0, 23) i)
	|| E'\nA,2025-03-30,0,1,,' || (SELECT string_agg(i::text, ',') FROM generate_series(3, 23) i),
	'{"meter": "meter", "time": "day", "time_zone": "Europe/Berlin", "columns": {"first": "h0", "count": 24, "wall_clock": true}, "unit": "Wh"}') c, slots(profile)
 WHERE at::time BETWEEN '00:30' AND '04:00' ORDER BY at;

-- Registers, two a line; several channels of one slot.
SELECT line, meter, channel, read_at, reading, unit, quality, rejected
  FROM read_csv(E'device|when|import|export\nD1|2025-01-31 23:59|1234.50|0.0\nD2|2025-02-01|99.9|\nD1|2025-01-31 23:59|1234.5|1',
	'{"delimiter": "|", "meter": "device", "time": "when", "time_zone": "+01:00", "register": true, "unit": "MWh",
	  "values": [{"column": "import", "channel": "1.8.0"}, {"column": "export", "channel": "2.8.0", "unit": "kWh"}]}');
SELECT line, meter, channel, profile, rejected
  FROM read_csv(E't,kwh,kvarh,v\n1740837600,1.5,0.25,230.1\n1740838500,2,0.5,x\n1740839400,2,0.75,229',
	'{"meter_is": "main", "time": "t", "time_format": "EPOCH", "time_zone": "UTC", "slot_minutes": 15,
	  "values": [{"column": "kwh", "channel": "import", "unit": "kWh"}, {"column": "kvarh", "channel": "reactive", "unit": "kvarh"}, {"column": "v", "channel": "voltage", "unit": "V"}]}');

-- Bytes: UTF-8 with and without its mark; GBK by convert(); another encoding taken for UTF-8 costs its lines only.
SELECT line, meter, energy_kwh(profile), rejected, content
  FROM read_csv(convert_to(E'\ufeff户号,时间,电量\n张三,2025-01-01 00:00,1\n', 'UTF8') || '\xd5c5c8fd2c323032352d30312d30312030303a30302c310a'::bytea,
	'{"meter": "户号", "time": "时间", "time_zone": "Asia/Shanghai", "slot_minutes": 60, "value": "电量", "unit": "kWh"}') ORDER BY line;
SELECT line, meter, energy_kwh(profile), rejected
  FROM read_csv(convert(convert_to(E'户号,时间,电量\n张三,2025-01-01 00:00,1\n', 'GBK'), 'GBK', 'UTF8'),
	'{"meter": "户号", "time": "时间", "time_zone": "Asia/Shanghai", "slot_minutes": 60, "value": "电量", "unit": "kWh"}');

-- The file as a whole; a mapping that is none.
SELECT line, rejected, content FROM read_csv(E'meter,time\nA,2025-01-01', '{"meter": "meter", "time": "time", "time_zone": "UTC", "slot_minutes": 60, "value": "kwh", "unit": "kWh"}');
SELECT line, rejected, content FROM read_csv('', '{"meter": "meter", "time": "time", "time_zone": "UTC", "slot_minutes": 60, "value": "kwh", "unit": "kWh"}');
SELECT line, rejected, length(content) FROM read_csv(E'm,t,v\nA,2025-01-01' || repeat(',1', 1000000) || E'\nA,2025-01-01,1',
	'{"meter": "m", "time": "t", "time_zone": "UTC", "slot_minutes": 60, "value": "v", "unit": "kWh"}');
SELECT count(*) FROM read_csv(NULL::text, '{}');
SELECT * FROM read_csv('', '{"meter": "meter", "time": "time", "slot_minutes": 60, "value": "kwh", "unit": "kWh"}');
SELECT * FROM read_csv('', '{"meter": "meter", "time": "time", "time_zone": "Mars/Olympus", "slot_minutes": 60, "value": "kwh", "unit": "kWh"}');
SELECT * FROM read_csv('', '{"meter": "meter", "time": "time", "time_zone": "UTC", "slot_minutes": 60, "value": "kwh", "unit": "kWh", "colour": 1}');
SELECT * FROM read_csv('', '[]');
