-- Netting and banks: what a tariff may say, what a carry may bring, what comes back.
SET search_path = public, billing;
\set VERBOSITY terse

CREATE FUNCTION problems(banks jsonb, charges jsonb)
RETURNS TABLE (path text, problem text, hint text) LANGUAGE sql AS $$
	SELECT * FROM tariff_check(jsonb_build_object('name', 'Export', 'currency', 'CNY', 'time_zone', 'Asia/Shanghai',
		'periods', '{"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}'::jsonb,
		'schedules', '{"day": {"any": "else"}}'::jsonb, 'banks', banks, 'charges', charges)::text::json)
$$;

-- banks
SELECT * FROM problems('{"a": {}, "b": {"unit": "MWh"}, "rounding": {"unit": "money"}, "c": {"unit": "kWh", "usable": "next"},
	"d": {"unit": "money", "moves": []}, "e": {"unit": "money", "months": 0}, "f": {"unit": "kWh", "moves": [{"from": "peak"}]}, "g": 1}',
	'[{"code": "x", "price": 1}]');
-- netting
SELECT * FROM problems('{}', '[{"code": "a", "net": "day", "price": 1}, {"code": "b", "net": "slot", "channel": "generation", "price": 1},
	{"code": "c", "net": "slot", "fixed": "month", "price": 1}, {"code": "d", "net": "month", "demand": {}, "price": 1},
	{"code": "e", "net": "month", "price": {"series": "spot"}},
	{"code": "f", "net": "month", "per": "month", "steps": [{"price": {"peak": 1, "valley": 2}}], "split": "chronological"}]');
-- what feeds a bank, what empties it
SELECT * FROM problems('{"kept": {"unit": "kWh", "moves": [{"months": [1], "from": "any"}]}, "credit": {"unit": "money"}, "other": {"unit": "money"}}',
	'[{"code": "a", "net": "slot", "bank": "kept", "price": 1}, {"code": "b", "fixed": "month", "bank": "kept", "price": 1},
	{"code": "c", "net": "month", "bank": "kept", "schedule": "day", "price": 1}, {"code": "d", "channel": "export", "bank": "credit", "price": 1},
	{"code": "e", "use": "kept"}, {"code": "f", "pay_out": "kept"}, {"code": "g", "pay_out": "credit", "bank": "credit", "true_up": 13},
	{"code": "h", "use": "other"}, {"code": "i", "use": "none"}]');
SELECT * FROM problems('{"kept": {"unit": "kWh"}}', '[{"code": "p", "pay_out": "kept", "price": 1}, {"code": "a", "net": "month", "bank": "kept", "price": 1}]');

CREATE FUNCTION bill(charges jsonb, carry jsonb DEFAULT NULL, during daterange DEFAULT '[2026-01-01,2026-02-01)',
	banks jsonb DEFAULT '{"kept": {"unit": "kWh", "months": 3}, "credit": {"unit": "money", "usable": "next"}}', parts jsonb DEFAULT '{}')
RETURNS TABLE (lines text, total numeric, carry jsonb) LANGUAGE sql AS $$
	SELECT (SELECT string_agg(concat_ws(' ', code, l.period, trim_scale(quantity), price, trim_scale(amount), nullif(kind, 'charge')), ', ' ORDER BY line) FROM lines(c) l),
	       trim_scale(total(c)), billing.carry(c)::jsonb
	  FROM rate(tariff(jsonb_build_object('name', 'Export', 'currency', 'CNY', 'time_zone', 'Asia/Shanghai',
		'periods', '{"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}'::jsonb, 'banks', banks, 'parts', parts, 'charges', charges)),
		usage(registers => '[{"channel": "import", "period": "peak", "kwh": 100}, {"channel": "import", "period": "valley", "kwh": 80},
		                     {"channel": "export", "period": "peak", "kwh": 150.5}, {"channel": "export", "period": "valley", "kwh": 10}]'),
		during, carry => bill.carry::carry) c
$$;
\set kept '[{"code": "e", "net": "month", "bank": "kept", "price": {"peak": "0.5", "valley": "0.3"}}]'

-- each period by itself; the oldest goes first, what is too old is gone, other entries stay
SELECT * FROM bill(:'kept');
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "valley", "from": "2025-10-01", "amount": 1000},
	{"name": "kept", "period": "valley", "from": "2025-11-01", "amount": 30}, {"name": "kept", "period": "valley", "from": "2025-12-01", "amount": "60.25"},
	{"name": "elsewhere", "from": "2020-01-01", "amount": -7}]}');
-- without an expiry one entry is enough
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "peak", "from": "2025-10-01", "amount": 1}, {"name": "kept", "period": "peak", "from": "2025-11-01", "amount": 2}]}',
	banks => '{"kept": {"unit": "kWh"}}');
-- moves
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "peak", "from": "2025-12-01", "amount": 90}]}',
	banks => '{"kept": {"unit": "kWh", "moves": [{"months": [1], "from": "peak", "to": "valley"}]}}');
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "peak", "from": "2025-12-01", "amount": 90}]}',
	banks => '{"kept": {"unit": "kWh", "moves": [{"months": [1], "from": "peak"}]}}');
-- two periods change places: each entry moves once, by the first move that names its period
SELECT * FROM bill('[{"code": "e", "net": "month", "bank": "kept", "price": "0.5", "channel": "import"}]', '{"banks": [{"name": "kept", "period": "peak", "from": "2025-11-01", "amount": 90},
	{"name": "kept", "period": "valley", "from": "2025-12-01", "amount": 7}]}',
	banks => '{"kept": {"unit": "kWh", "moves": [{"months": [1], "from": "peak", "to": "valley"}, {"months": [1, 2], "from": "valley", "to": "peak"}, {"months": [1], "from": "peak"}]}}');
-- what holds on no day of the bill is left out: it nets nothing, keeps nothing, asks for no slots
SELECT * FROM bill('[{"code": "e", "net": "month", "bank": "kept", "price": 1, "until": "2026-01-01"}, {"code": "s", "net": "slot", "price": 1, "from": "2026-02-01"},
	{"code": "t", "net": "month", "bank": "kept", "per": "year", "steps": [{"price": 1}], "months": [2]}, {"code": "plain", "price": 1}]',
	'{"banks": [{"name": "kept", "period": "peak", "from": "2025-12-01", "amount": 90}]}');
-- money: never more than it is for, never more than there is, not of this bill; rounding down; its minimum stays
\set money '[{"code": "e", "price": "0.4567"}, {"code": "s", "channel": "export", "sign": "credit", "price": "0.3", "bank": "credit", "tags": ["sun"]}, {"code": "vat", "percent": 10, "of": ["e", "sun"]}, {"code": "u", "use": "credit", "of": ["e"], "rounding": {"line": 1}}, {"code": "m", "minimum": 50}]'
SELECT * FROM bill(:'money');
SELECT * FROM bill(:'money', '{"banks": [{"name": "credit", "from": "2025-12-01", "amount": "20.5678"}]}');
SELECT * FROM bill(:'money', '{"banks": [{"name": "credit", "from": "2025-12-01", "amount": 1000}]}');
-- prices below zero: the customer owes, and nothing is kept
SELECT * FROM bill('[{"code": "s", "channel": "export", "sign": "credit", "price": "-0.1", "bank": "credit"}, {"code": "e", "price": 0}, {"code": "u", "use": "credit"}]');
-- a true-up in another month; one that pays into a bank of money; half of the money
SELECT * FROM bill('[{"code": "e", "net": "month", "bank": "kept", "price": "0.5"}, {"code": "t", "pay_out": "kept", "true_up": 12, "price": 1}]');
SELECT * FROM bill('[{"code": "e", "net": "month", "bank": "kept", "price": "0.5"}, {"code": "t", "pay_out": "kept", "true_up": 1, "price": "0.2", "bank": "credit"}, {"code": "u", "use": "credit"}]',
	'{"banks": [{"name": "credit", "from": "2025-12-01", "amount": 3}]}');
SELECT * FROM bill('[{"code": "e", "price": 0}, {"code": "s", "channel": "export", "sign": "credit", "price": "0.3", "bank": "credit"}, {"code": "t", "pay_out": "credit", "price": "0.5"}]');

-- the month of a true-up by contract
CREATE FUNCTION true_up(terms jsonb) RETURNS TABLE (line text, quantity numeric, amount numeric) LANGUAGE sql AS $$
	SELECT code, trim_scale(quantity), trim_scale(amount)
	  FROM lines(rate('{"name": "Export", "currency": "CNY", "time_zone": "Asia/Shanghai", "banks": {"kept": {"unit": "kWh"}}, "terms": {"month": {"default": 12}}, "charges": [
		{"code": "e", "net": "month", "bank": "kept", "price": 1}, {"code": "t", "pay_out": "kept", "true_up": {"term": "month"}, "price": "0.5"}]}',
		usage(registers => '[{"channel": "import", "kwh": 10}, {"channel": "export", "kwh": 30}]'), '[2026-01-01,2026-02-01)', terms))
$$;
SELECT * FROM true_up('{}');
SELECT * FROM true_up('{"month": 1}');
SELECT * FROM true_up('{"month": [{"from": "2025-12-01", "value": 12}, {"from": "2026-01-01", "value": "1"}]}');
SELECT * FROM true_up('{"month": 13}');
SELECT * FROM true_up('{"month": 0}');
SELECT * FROM true_up('{"month": 1.5}');
SELECT * FROM true_up('{"month": "May"}');
SELECT * FROM problems('{"kept": {"unit": "kWh"}}', '[{"code": "a", "net": "month", "bank": "kept", "price": 1},
	{"code": "b", "pay_out": "kept", "price": 1, "true_up": {}}, {"code": "c", "pay_out": "kept", "price": 1, "true_up": {"term": 5}},
	{"code": "d", "pay_out": "kept", "price": 1, "true_up": {"term": "month", "of": 1}}]');

-- bill after bill of one tariff
SELECT n, trim_scale(total(c)) AS total, (SELECT trim_scale(sum(amount)) FROM lines(c) WHERE counted) AS counted, (SELECT string_agg(kind, ' ' ORDER BY line) FROM lines(c)) AS kinds
  FROM generate_series(0, 3) n,
       rate('{"name": "Export", "currency": "CNY", "time_zone": "Asia/Shanghai", "banks": {"credit": {"unit": "money", "usable": "next"}}, "charges": [
		{"code": "e", "price": 1}, {"code": "s", "channel": "export", "sign": "credit", "price": "0.3", "bank": "credit"}, {"code": "u", "use": "credit"}]}',
		usage(registers => jsonb_build_array('{"channel": "import", "kwh": 100}'::jsonb, jsonb_build_object('channel', 'export', 'kwh', n))),
		'[2026-01-01,2026-02-01)', carry => '{"banks": [{"name": "credit", "from": "2025-12-01", "amount": 10}]}') c;

-- a carry that does not fit
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "flat", "from": "2025-12-01", "amount": 1}]}');
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "from": "2025-12-01", "amount": 1}]}');
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "peak", "from": "2026-02-01", "amount": 1}]}');
SELECT * FROM bill(:'kept', '{"banks": [{"name": "kept", "period": "peak", "from": "2025-12-01", "amount": -1}]}');
SELECT * FROM bill(:'money', '{"banks": [{"name": "credit", "period": "peak", "from": "2025-12-01", "amount": 1}]}');
-- what cannot be netted
SELECT * FROM bill('[{"code": "e", "net": "slot", "price": 1}]');
SELECT * FROM bill('[{"code": "e", "net": "month", "price": 1}, {"code": "l", "part": "light", "price": 1}]', parts => '{"light": {"of": "main", "share": "0.1"}}');

-- slots: of unequal length, by the hour, a signed profile alone, an hour across a change of period
CREATE FUNCTION slots(net text, import jsonb, export jsonb, periods jsonb DEFAULT '{"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}')
RETURNS TABLE (lines text) LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', code, l.period, trim_scale(quantity)), ', ' ORDER BY line)
	  FROM lines(rate(tariff(jsonb_build_object('name', 'Export', 'currency', 'CNY', 'time_zone', 'Asia/Shanghai', 'periods', periods, 'charges',
		jsonb_build_array(jsonb_build_object('code', 'in', 'net', net, 'price', '{"peak": 1, "valley": 1}'::jsonb),
						  jsonb_build_object('code', 'out', 'net', net, 'channel', 'export', 'price', '{"peak": 1, "valley": 1}'::jsonb),
						  jsonb_build_object('code', 'kw', 'net', net, 'demand', '{}'::jsonb, 'price', 1)))),
		usage(import => profile(import), export => profile(export)), '[2026-01-01,2026-01-02)')) l
$$;
CREATE FUNCTION every(minutes int, VARIADIC wh int[]) RETURNS jsonb LANGUAGE sql AS $$
	SELECT jsonb_build_object('start', '2026-01-01T00:00+08:00', 'slot_minutes', minutes, 'unit', 'Wh', 'time_zone', 'Asia/Shanghai',
		'values', (SELECT jsonb_agg(wh[1 + n % cardinality(wh)] ORDER BY n) FROM generate_series(0, 1440 / minutes - 1) n))
$$;
SELECT * FROM slots('slot', every(30, 500, 700), every(30, 900, 100));
SELECT * FROM slots('hour', every(30, 500, 700), every(30, 900, 100));
SELECT * FROM slots('hour', every(30, 500, 700), every(15, 900, 100));
SELECT * FROM slots('slot', every(30, 500, 700), every(15, 900, 100));
SELECT * FROM slots('slot', every(30, 500, -700), NULL);
-- what a plant takes for itself is taken off what it gives
SELECT * FROM slots('slot', every(30, 500, 700), every(30, 900, -100));
SELECT * FROM slots('hour', NULL, every(30, 500, 700));
SELECT * FROM slots('hour', every(30, 500), every(30, 400), '{"peak": [{"from": "08:30", "to": "22:00"}], "valley": "else"}');
SELECT * FROM slots('hour', every(120, 500), NULL);

DROP FUNCTION public.problems, public.bill, public.true_up, public.slots, public.every;
