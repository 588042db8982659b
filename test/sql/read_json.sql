-- read_json: objects in a list, one behind the other, one a line.
SET search_path = public, billing;
SET TimeZone = 'Asia/Shanghai';

SELECT line, meter, channel, profile, rejected, content
  FROM read_json('[
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T00:00+08:00", "kwh": 1.25, "q": "ok"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T01:00+08:00", "kwh": "2.50", "q": "est"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T03:00+08:00", "kwh": null, "q": "ok"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T01:00+08:00", "kwh": 2.5, "q": "est"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T02:00+08:00", "kwh": [3], "q": "ok"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T02:00+08:00", "kwh": true, "q": "ok"},
	{"meter": "A1", "obis": {"code": "1.8.0"}, "at": "2026-01-01T02:00+08:00", "kwh": "many", "q": "ok"},
	{"meter": "A1", "at": "2026-01-01T02:00+08:00", "kwh": 1, "q": "bad"},
	{"at": "2026-01-01T02:00+08:00", "kwh": 1, "q": "ok"},
	{"meter": "A1", "meter": "A2", "at": "2026-01-01T02:00+08:00"},
	{"meter": 17, "at": "2026-01-01T02:00+08:00", "kwh": 1e-3, "q": "ok"}
]', '{"meter": "meter", "channel": "obis.code", "time": "at", "time_zone": "Asia/Shanghai", "slot_minutes": 60, "value": "kwh", "unit": "kWh",
	  "quality": "q", "qualities": {"ok": "actual", "est": "estimated"}}');

-- One a line; a line that is cut costs itself.
SELECT line, meter, profile, rejected, content
  FROM read_json(E'{"m":"A","t":1767225600,"v":5}\n{"m":"A","t":1767226500,"v\n{"m":"A","t":1767227400,"v":7}\nnonsense\n{"m":"A","t":1767228300,"v":8}{"m":"B","t":1767228300,"v":8}\n{"m":"B","t":17672283',
	'{"meter": "m", "time": "t", "time_format": "EPOCH", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh"}');

-- A day as a list, registers, several channels.
SELECT line, meter, day, profile, rejected
  FROM read_json('{"id": "M1", "day": "2026-01-01", "load": [1, 2.5, null, 4]} {"id": "M1", "day": "2026-01-02", "load": [1, 2, 3, 4, 5]}
	{"id": "M1", "day": "2026-01-03", "load": 7} {"id": "M1", "day": "2026-01-04", "load": [1, "x"]} {"id": "M1", "day": "2026-01-05", "load": [1, 2]}',
	'{"meter": "id", "time": "day", "time_zone": "Asia/Shanghai", "columns": {"first": "load", "count": 4}, "unit": "kWh"}');
SELECT line, meter, channel, read_at, reading, unit, rejected
  FROM read_json('[{"id": "M1", "at": "2026-01-01 00:00", "import": 123.40, "export": 0}]',
	'{"meter": "id", "time": "at", "time_zone": "Asia/Shanghai", "register": true, "unit": "kWh",
	  "values": [{"column": "import", "channel": "1.8.0"}, {"column": "export", "channel": "2.8.0"}]}');

-- The file as a whole; mappings for columns.
SELECT line, rejected FROM read_json('', '{"meter": "m", "time": "t", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh"}');
SELECT line, rejected, length(content) FROM read_json('{"m": "' || repeat('x', 2000000), '{"meter": "m", "time": "t", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh"}');
SELECT line, left(rejected, 60) FROM read_json(repeat('{"m":', 100) || repeat('}', 100), '{"meter": "m", "time": "t", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh"}');
SELECT count(*) FROM read_json(NULL::bytea, '{}');
SELECT * FROM read_json('', '{"meter": 1, "time": "t", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh"}');
SELECT * FROM read_json('', '{"meter": "m", "time": "t", "time_zone": "UTC", "slot_minutes": 15, "value": "v", "unit": "Wh", "delimiter": ";"}');
