-- What changes inside the billed span, what is finer than a step, and what nobody bills.
SET search_path = public, billing;
\set VERBOSITY terse

CREATE FUNCTION bill(tariff jsonb, registers jsonb, during daterange DEFAULT '[2026-01-01,2026-02-01)', carry jsonb DEFAULT NULL, terms jsonb DEFAULT '{}')
RETURNS TABLE (line text, quantity numeric, price numeric, amount numeric) LANGUAGE sql AS $$
	SELECT concat_ws(' ', code, period, tier, to_char(from_on, 'MM-DD') || '…' || to_char(until_on - 1, 'MM-DD')), trim_scale(l.quantity), l.price, trim_scale(l.amount)
	  FROM lines(rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai"}' || bill.tariff),
		usage(registers => registers), during, terms, carry => bill.carry::carry)) l
$$;
\set halves '[{"channel": "import", "kwh": 100, "until": "2026-01-11", "from": "2026-01-01"}, {"channel": "import", "kwh": 200, "from": "2026-01-11", "until": "2026-02-01"}]'

-- a percentage by season: each part of the span has its own, also where a component says so
SELECT * FROM bill('{"seasons": {"cold": {"from": "12-01", "until": "01-11"}, "mild": "else"}, "charges": [
	{"code": "energy", "price": 1}, {"code": "levy", "percent": {"cold": 10, "mild": 20}}]}', :'halves');
SELECT * FROM bill('{"seasons": {"cold": {"from": "12-01", "until": "01-11"}, "mild": "else"}, "components": {"rate": {"cold": 10, "mild": 20}}, "charges": [
	{"code": "energy", "price": 1}, {"code": "levy", "percent": {"component": "rate"}}]}', :'halves');
-- a minimum that rises on the 11th: ten days at 310, twenty-one at 620, as by the month
SELECT per, b.* FROM unnest('{period,month}'::text[]) per, bill(jsonb_build_object('charges', jsonb_build_array('{"code": "energy", "price": 0}'::jsonb,
	jsonb_build_object('code', 'least', 'per', per, 'minimum', '{"versions": [{"price": 310}, {"from": "2026-01-11", "price": 620}]}'::jsonb))), :'halves') b;
-- a pay-out whose price changes pays the last one, and leaves the other lines in one piece
SELECT * FROM bill('{"banks": {"kept": {"unit": "kWh"}}, "charges": [{"code": "energy", "net": "month", "bank": "kept", "price": 1}, {"code": "service", "fixed": "month", "price": 4},
	{"code": "settled", "pay_out": "kept", "price": {"versions": [{"price": "0.2"}, {"from": "2026-01-11", "price": "0.3"}]}}]}',
	:'halves'::jsonb || '{"channel": "export", "kwh": 350}');

-- whole kWh, but half a kWh was kept: the limit of 690 stays 690
SELECT * FROM bill('{"rounding": {"quantity": 0}, "banks": {"kept": {"unit": "kWh"}}, "charges": [
	{"code": "tier", "net": "month", "bank": "kept", "per": "month", "steps": [{"to": 690, "price": "0.2"}, {"price": "0.09"}]}]}',
	'[{"channel": "import", "kwh": 1320}]', carry => '{"banks": [{"name": "kept", "from": "2025-12-01", "amount": "0.5"}]}');
-- energy finer than 10^-6 kWh, divided over periods by steps
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [
	{"code": "tier", "net": "month", "per": "month", "steps": [{"to": 400, "price": {"peak": "0.5", "valley": "0.3"}}, {"to": 500}, {"price": {"peak": "0.6", "valley": "0.4"}}]}]}',
	'[{"channel": "import", "period": "peak", "kwh": "300"}, {"channel": "import", "period": "valley", "kwh": "50"},
	  {"channel": "export", "period": "peak", "kwh": "0.0000003"}, {"channel": "export", "period": "valley", "kwh": "0.0000009"}]');

-- thirty days, and 300 kWh in 28 days of 30: limits that decimals can say divide energy as it is; 100 kWh in 28 days of 30 do not
SELECT to_char(upper(during) - 1, 'DD') AS days, "to", b.* FROM (VALUES ('[2026-04-01,2026-05-01)'::daterange, 425.2), ('[2026-02-01,2026-03-01)', 300), ('[2026-02-01,2026-03-01)', 100)) v(during, "to"),
	LATERAL bill(jsonb_build_object('charges', jsonb_build_array(jsonb_build_object('code', 'tier', 'net', 'month', 'per', 'month', 'month', 'thirty',
		'steps', jsonb_build_array(jsonb_build_object('to', "to", 'price', 1), '{"price": 2}'::jsonb)))),
	'[{"channel": "import", "kwh": "500"}, {"channel": "export", "kwh": "0.0000001"}]', during) b;

-- a tier year that begins on the 23rd: who is served since the 11th has the month that ends it; without periods one count has the charge's name
SELECT b.line, quantity, carry(charges) FROM rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "year_start": "12-23",
	"charges": [{"code": "tier", "per": "year", "prorate": "months", "split": "counters", "steps": [{"to": 1200, "price": 1}, {"price": 2}]}]}'),
	usage(registers => '[{"channel": "import", "kwh": 150}]'), '[2025-12-11,2025-12-23)', '{"service_from": "2025-12-11"}') charges, lines(charges) b;
-- import as it is and as it is netted share a counter: the first counts, and the other's step goes by that
SELECT * FROM bill('{"charges": [{"code": "net", "per": "period", "net": "month", "counter": "one", "steps": [{"to": 200, "price": 1}, {"price": 2}]},
	{"code": "all", "per": "period", "mode": "volume", "counter": "one", "steps": [{"to": 200, "price": 1}, {"price": 2}]}]}', :'halves'::jsonb || '{"channel": "export", "kwh": 150}');

-- what moves into a period comes with its own day, whatever moved out of it, and two may change places
SELECT carry(charges) FROM rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "periods": {"flat": "else", "peak": [{"from": "08:00", "to": "12:00"}], "valley": [{"from": "00:00", "to": "06:00"}]},
	"banks": {"kept": {"unit": "kWh", "moves": [{"months": [1], "from": "peak", "to": "flat"}, {"months": [1], "from": "valley", "to": "peak"}]},
	          "left": {"unit": "kWh", "moves": [{"months": [1], "from": "peak", "to": "flat"}, {"months": [1], "from": "flat", "to": "peak"}]}},
	"charges": [{"code": "a", "net": "month", "bank": "kept", "price": 1}, {"code": "b", "net": "month", "bank": "left", "price": 1}]}'),
	usage(registers => '[{"channel": "import", "period": "flat", "kwh": 0}, {"channel": "import", "period": "peak", "kwh": 0}, {"channel": "import", "period": "valley", "kwh": 0}]'), '[2026-01-01,2026-02-01)', carry => '{"banks": [
	{"name": "kept", "period": "peak", "from": "2025-11-01", "amount": 1}, {"name": "kept", "period": "valley", "from": "2025-08-01", "amount": 2},
	{"name": "left", "period": "flat", "from": "2025-12-01", "amount": 3}, {"name": "left", "period": "peak", "from": "2025-06-01", "amount": 4}]}') charges;

-- netted by the slot: a line over both periods has the whole kWh that the lines by period have, on either side of the change
SELECT code, period, from_on, quantity
  FROM lines(rate('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"quantity": 0},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [
		{"code": "energy", "net": "slot", "price": {"versions": [{"price": {"peak": "0.5", "valley": "0.3"}}, {"from": "2026-01-02", "price": {"peak": "0.6", "valley": "0.4"}}]}},
		{"code": "levy", "net": "slot", "price": {"versions": [{"price": "0.01"}, {"from": "2026-01-02", "price": "0.02"}]}}]}',
	(SELECT usage(import => profile_agg(at, CASE WHEN extract(hour FROM at AT TIME ZONE 'Asia/Shanghai') BETWEEN 8 AND 21 THEN 100 ELSE 40 END +
				CASE WHEN at < '2026-01-02 00:00+08' THEN 0 ELSE 3 END, '1 hour', 'actual', 'Asia/Shanghai'))
	   FROM generate_series('2026-01-01 00:00+08'::timestamptz, '2026-01-02 23:00+08', '1 hour') at), '[2026-01-01,2026-01-03)'));

-- a register across the day on which a charge begins or ends, printed by its parts, and where no line is made
SELECT * FROM bill('{"components": {"grid": "0.1", "purchase": "0.2"}, "charges": [{"code": "energy", "price": "0.9", "of_which": {"grid": "0.1"}, "rest": "purchase", "lines": "component", "from": "2026-01-31"}]}',
	'[{"channel": "import", "kwh": 350}]');
SELECT * FROM bill('{"components": {"grid": {"versions": [{"price": "0.1"}, {"from": "2026-01-31", "price": "0.2"}]}, "purchase": "0.2"}, "charges": [{"code": "energy", "price": "0.9", "of_which": {"grid": {"component": "grid"}}, "rest": "purchase", "lines": "component"}]}',
	'[{"channel": "import", "kwh": 350}]');
SELECT * FROM bill('{"charges": [{"code": "energy", "price": 1}, {"code": "count", "per": "month", "steps": [{}], "until": "2026-01-15"}]}', '[{"channel": "import", "kwh": 350}]');

-- steps that do not hold look at no meter
SELECT * FROM bill('{"charges": [{"code": "energy", "price": 1}, {"code": "farm", "channel": "export", "when": {"class": "farm"}, "per": "month", "steps": [{"price": 1}]}]}',
	:'halves'::jsonb || '{"channel": "export", "kwh": 7, "from": "2026-01-01", "until": "2027-01-01"}', terms => '{"class": "home"}');
-- nor does energy, by period, by the hour or the first of it: not at a period it does not know, not at a gap
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "energy", "price": 1},
	{"code": "farm", "price": {"peak": 2, "valley": 1}, "when": {"class": "farm"}}, {"code": "spot", "price": {"series": "spot"}, "when": {"class": "farm"}},
	{"code": "sold", "channel": "export", "first": {"kwh": 9, "per": "month"}, "price": 1, "when": {"class": "farm"}}]}',
	'[{"channel": "import", "period": "another", "kwh": 9}, {"channel": "export", "kwh": 7, "from": "2026-01-01", "until": "2027-01-01"}]', terms => '{"class": "home"}');
-- where it holds, a register of a period it does not know is an error; one of another span is not looked at
SELECT to_char(lower(during), 'MM') AS month, b.* FROM unnest('{"[2026-01-01,2026-02-01)", "[2026-02-01,2026-03-01)"}'::daterange[]) WITH ORDINALITY d(during, n),
	LATERAL (SELECT string_agg(concat_ws(' ', code, period, trim_scale(quantity)), ', ' ORDER BY line) AS lines, message, detail
	           FROM try_rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"quantity": 0},
	"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "energy", "price": {"peak": 2, "valley": 1}}, {"code": "levy", "price": 1}]}'),
	usage(registers => '[{"channel": "import", "period": "another", "kwh": 9, "from": "2026-01-01", "until": "2026-02-01"},
	{"channel": "import", "period": "peak", "kwh": "5.4", "from": "2026-02-01", "until": "2026-03-01"},
	{"channel": "import", "period": "valley", "kwh": "6.4", "from": "2026-02-01", "until": "2026-03-01"}]'), during) t LEFT JOIN lines(t.charges) ON true GROUP BY 2, 3) b ORDER BY n;
-- by the hour or in the order of time, export that is not there is zero, and so is import where what is missing is
SELECT name, sqlstate, code, tier, quantity, amount FROM (VALUES ('export', '{}'::jsonb, 'export'), ('import', '{"missing": "zero"}', 'import'), ('neither', '{}', 'import')) v(name, more, channel),
	LATERAL try_rate(tariff(jsonb_build_object('name', 'Pieces', 'currency', 'CNY', 'time_zone', 'Asia/Shanghai', 'periods', '{"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}'::jsonb,
		'charges', jsonb_build_array(jsonb_build_object('code', 'spot', 'channel', channel, 'price', '{"series": "spot"}'::jsonb),
			jsonb_build_object('code', 'tier', 'channel', channel, 'per', 'month', 'split', 'chronological', 'steps', '[{"to": 9, "price": {"peak": 2, "valley": 1}}, {"price": 3}]'::jsonb))) || more),
		usage(generation => profile('2026-01-01 00:00+08', '1 hour', array_fill(1000::bigint, ARRAY[24]), time_zone => 'Asia/Shanghai')), '[2026-01-01,2026-01-02)',
		market => market(series => price_series('spot', '2026-01-01 00:00+08', '1 hour', array_fill(0.40, ARRAY[24])))) t LEFT JOIN lines(t.charges) l ON true ORDER BY name, line;
-- export that was measured, and import that was not
SELECT * FROM bill('{"charges": [{"code": "energy", "net": "month", "price": 1}]}', '[{"channel": "export", "kwh": 350}]');
SELECT * FROM bill('{"charges": [{"code": "sold", "channel": "export", "net": "month", "price": 1, "sign": "credit"}]}', '[{"channel": "export", "kwh": 350}]');
SELECT * FROM bill('{"missing": "zero", "charges": [{"code": "sold", "channel": "export", "net": "month", "price": 1, "sign": "credit"}]}', '[{"channel": "export", "kwh": 350}]');
-- a share, or what it leaves, that nobody bills
SELECT * FROM bill('{"parts": {"light": {"of": "main", "share": "0.3"}}, "charges": [{"code": "energy", "price": 1}]}', :'halves');
SELECT * FROM bill('{"parts": {"light": {"of": "main", "share": "0.3"}}, "charges": [{"code": "energy", "part": "light", "price": 1}]}', :'halves');

-- ten thirtieths each of 0.05, 0.10 and 0.165 are 0.105 in all: a tie, whatever the mode makes of it
SELECT mode, string_agg(trim_scale(amount)::text, ' + ' ORDER BY line) AS lines, sum(amount)
  FROM unnest('{half_up,half_down,half_even,up,down}'::text[]) WITH ORDINALITY m(mode, n), LATERAL bill(jsonb_build_object('charges', jsonb_build_array(jsonb_build_object(
	'code', 'rent', 'fixed', 'month', 'proration', 'thirty', 'rounding', jsonb_build_object('group', 2, 'mode', mode),
	'price', '{"versions": [{"price": "0.05"}, {"from": "2026-01-11", "price": "0.10"}, {"from": "2026-01-21", "price": "0.165"}]}'::jsonb))), '[]', '[2026-01-01,2026-01-31)')
 GROUP BY n, mode ORDER BY n;
-- so is half of 0.10 / 3 + 0.04 / 3 + 0.07 / 3
SELECT * FROM bill('{"rounding": {"line": 2}, "charges": [
	{"code": "rent", "fixed": "month", "proration": "thirty", "price": {"versions": [{"price": "0.10"}, {"from": "2026-01-11", "price": "0.04"}, {"from": "2026-01-21", "price": "0.07"}]}},
	{"code": "levy", "percent": 50, "on": "exact"}]}', '[]', '[2026-01-01,2026-01-31)');
-- a minimum that holds for seven days and for one: eight thirtieths are 0.2667 of a month, not 0.2333 and 0.0333
SELECT * FROM bill('{"rounding": {"fraction": 4}, "charges": [
	{"code": "least", "minimum": 257, "per": "month", "proration": "thirty", "when": {"class": "home"}}]}', '[]', '[2026-01-01,2026-01-11)',
	terms => '{"class": [{"from": "2026-01-01", "value": "home"}, {"from": "2026-01-08", "value": "shop"}, {"from": "2026-01-10", "value": "home"}]}');
-- a demand weighted by period, of the two highest days: a recorded demand of another period is not left out in silence
SELECT message, detail FROM try_rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "periods": {"day": [{"from": "08:00", "to": "22:00"}], "night": "else"}, "charges": [
	{"code": "demand", "price": 1, "demand": {"weights": {"day": 1, "night": "0.5"}, "highest": {"mean_of": 2, "on": "days"}}}, {"code": "energy", "price": 1}]}'),
	usage(import => profile('2026-01-01 00:00+08', '1 hour', array_fill(1000::bigint, ARRAY[24]), time_zone => 'Asia/Shanghai'), demands => '[{"kw": 9, "period": "peak"}]'), '[2026-01-01,2026-01-02)');

-- two quarters in a row, by day, are not the highest of the whole beside them; nor is a window of one slot
SELECT code, quantity FROM lines(rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "periods": {"day": [{"from": "08:00", "to": "22:00"}], "night": "else"}, "charges": [
	{"code": "whole", "demand": {}, "price": 1}, {"code": "slot", "demand": {"sliding": true, "periods": ["day"]}, "price": 1},
	{"code": "half_hour", "demand": {"sliding": true, "minutes": 30, "periods": ["day"]}, "price": 1}, {"code": "energy", "price": {"day": 1, "night": 1}}]}'),
	usage(import => profile('2026-01-01 00:00+08', '15 minutes', array_fill(9000::bigint, ARRAY[32]) || array_fill(1000::bigint, ARRAY[30]) || '{2500, 4500}' || array_fill(1000::bigint, ARRAY[32]),
		time_zone => 'Asia/Shanghai')), '[2026-01-01,2026-01-02)')) WHERE unit = 'kW';

-- a sum of days goes with nothing that is of one demand, and no meter records it
SELECT c.* FROM (VALUES ('"highest": {"sum_of": "months"}', ''), ('"highest": {"sum_of": "days", "mean_of": 3}', ''), ('"highest": {"sum_of": "days"}', '"proration": "thirty", '),
	('"highest": {"sum_of": "days"}, "ratchet": {"share": "0.5", "months": 3}', '')) v(demand, more),
	LATERAL tariff_check(format('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "charges": [{"code": "demand", "price": 1, %s"demand": {%s}}]}', more, demand)::json) c;
SELECT * FROM bill('{"charges": [{"code": "energy", "price": 0}, {"code": "demand", "price": 1, "demand": {"highest": {"sum_of": "days"}}}]}', :'halves');

-- the demand of a net of nothing but export, in a period that does not occur, is zero and no error
SELECT code, quantity FROM lines(rate(tariff('{"name": "Pieces", "currency": "CNY", "time_zone": "Asia/Shanghai", "missing": "zero", "periods": {"never": [{"event": "none"}], "rest": "else"}, "charges": [
	{"code": "demand", "net": "slot", "demand": {"periods": ["never"], "highest": {"mean_of": 3, "on": "days"}}, "price": 1}]}'),
	usage(export => profile('2026-01-01 00:00+08', '1 hour', array_fill(1000::bigint, ARRAY[24]), time_zone => 'Asia/Shanghai')), '[2026-01-01,2026-01-02)', market => '{"events": {"none": []}}'));

DROP FUNCTION public.bill;
