-- What must not pass for a whole: registers of a part of the span, demands that are left out, counts of another span.
SET search_path = public, billing;

CREATE FUNCTION bill(tariff jsonb, usage usage, carry jsonb DEFAULT NULL, terms jsonb DEFAULT '{}', market jsonb DEFAULT NULL,
					 during daterange DEFAULT '[2026-01-01,2026-02-01)')
RETURNS TABLE (line text, quantity numeric, price numeric, amount numeric, estimated boolean) LANGUAGE sql AS $$
	SELECT concat_ws(' ', code, period, tier), trim_scale(l.quantity), l.price, trim_scale(l.amount), l.estimated
	  FROM lines(rate(tariff('{"name": "Complete", "currency": "CNY", "time_zone": "Asia/Shanghai"}' || bill.tariff),
		usage, during, terms, bill.market::market, bill.carry::carry)) l
$$;
CREATE FUNCTION metered(registers jsonb) RETURNS usage LANGUAGE sql AS $$ SELECT usage(registers => registers) $$;
\set periods '"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}'
\set flat '{' :periods ', "charges": [{"code": "e", "price": 1}]}'
\set two '{' :periods ', "charges": [{"code": "e", "price": {"peak": 2, "valley": 1}}]}'
\set SHOW_CONTEXT never

-- two days are not January; where the tariff allows it, the line is an estimate
SELECT * FROM bill('{"charges": [{"code": "e", "price": 1}]}', metered('[{"channel": "import", "kwh": 5, "from": "2026-01-30", "until": "2026-02-01"}]'));
SELECT * FROM bill('{"missing": "zero", "charges": [{"code": "e", "price": 1}]}', metered('[{"channel": "import", "kwh": 5, "from": "2026-01-30", "until": "2026-02-01"}]'));
-- a hole between two readings
SELECT * FROM bill('{"charges": [{"code": "e", "price": 1}]}', metered('[{"channel": "import", "kwh": 5, "from": "2026-01-01", "until": "2026-01-10"},
	{"channel": "import", "kwh": 5, "from": "2026-01-11", "until": "2026-02-01"}]'));
-- peak without valley, whether the charge asks for periods or not
SELECT * FROM bill(:'two', metered('[{"channel": "import", "kwh": 5, "period": "peak"}]'));
SELECT * FROM bill(:'flat', metered('[{"channel": "import", "kwh": 5, "period": "peak"}]'));
SELECT * FROM bill(:'flat', metered('[{"channel": "import", "kwh": 5, "period": "peak"}, {"channel": "import", "kwh": 7, "period": "valley",
	"from": "2026-01-01", "until": "2026-01-20"}]'));
SELECT * FROM bill(:'flat', metered('[{"channel": "import", "kwh": 5, "period": "peak"}, {"channel": "import", "kwh": 7, "period": "valley"}]'));
-- a total is whole by itself; periods of which the tariff knows nothing are asked for days only
SELECT * FROM bill(:'flat', metered('[{"channel": "import", "kwh": 5}]'));
SELECT * FROM bill(:'flat', metered('[{"channel": "import", "kwh": 5, "period": "T1"}]'));
-- a period that does not occur needs no register: no heat before the 20th
SELECT * FROM bill('{"periods": {"heat": [{"event": "heat", "from": "10:00", "to": "12:00"}], "rest": "else"}, "charges": [{"code": "e", "price": {"heat": 2, "rest": 1}}]}',
	metered('[{"channel": "import", "kwh": 5, "period": "heat", "from": "2026-01-20", "until": "2026-01-21"}, {"channel": "import", "kwh": 7, "period": "rest"}]'),
	market => '{"events": {"heat": [{"from": "2026-01-20", "until": "2026-01-21"}]}}');
SELECT * FROM bill('{"periods": {"heat": [{"event": "heat", "from": "10:00", "to": "12:00"}], "rest": "else"}, "charges": [{"code": "e", "price": {"heat": 2, "rest": 1}}]}',
	metered('[{"channel": "import", "kwh": 5, "period": "heat", "from": "2026-01-20", "until": "2026-01-21"}, {"channel": "import", "kwh": 7, "period": "rest"}]'),
	market => '{"events": {"heat": [{"from": "2026-01-20", "until": "2026-01-22"}]}}');
-- the hour that the clock leaves out is no period of that day
SELECT * FROM bill('{"time_zone": "America/New_York", "periods": {"gone": [{"from": "02:00", "to": "03:00"}], "rest": "else"}, "charges": [{"code": "e", "price": {"gone": 2, "rest": 1}}]}',
	metered('[{"channel": "import", "kwh": 7, "period": "rest"}]'), during => '[2026-03-08,2026-03-09)');
SELECT * FROM bill('{"time_zone": "America/New_York", "periods": {"gone": [{"from": "02:00", "to": "03:00"}], "rest": "else"}, "charges": [{"code": "e", "price": {"gone": 2, "rest": 1}}]}',
	metered('[{"channel": "import", "kwh": 7, "period": "rest"}]'), during => '[2026-03-08,2026-03-10)');

-- the demand of the whole: of recorded ones each part's highest, added
SELECT * FROM bill('{"charges": [{"code": "d", "part": "whole", "demand": {}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "at": "2026-01-03T10:00+08:00"}, {"kw": 40, "at": "2026-01-04T10:00+08:00"}]') || usage('annex', demand_kw => 30));
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "d", "part": "whole", "demand": {"periods": "each"}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "period": "peak"}, {"kw": 10, "period": "valley"}]') || usage('annex', demands => '[{"kw": 30, "period": "peak"}]'));
SELECT * FROM bill('{"charges": [{"code": "d", "part": "whole", "demand": {}, "price": 1}]}',
	usage(demand_kw => 50) || usage('annex', registers => '[{"channel": "import", "kwh": 9}]'));
-- profiles of several parts, slot by slot: 1 + 3, 2 + 0.5, 4 + 1 kWh of an hour; another scale, another length
CREATE FUNCTION hours(wh bigint[], slot interval DEFAULT '1 hour') RETURNS profile LANGUAGE sql AS $$
	SELECT profile('2026-01-01 00:00+08', slot, wh, time_zone => 'Asia/Shanghai') $$;
\set day '[2026-01-01,2026-01-02)'
SELECT * FROM bill('{"charges": [{"code": "d", "part": "whole", "demand": {}, "price": 1, "proration": "period"},
	{"code": "two_hours", "part": "whole", "demand": {"minutes": 120, "sliding": true}, "price": 1, "proration": "period"},
	{"code": "spot", "part": "whole", "price": {"series": "s"}},
	{"code": "tier", "part": "whole", "per": "month", "split": "chronological", "steps": [{"to": 6, "price": 1}, {"price": 2}]}]}',
	usage(import => hours('{1000, 2000, 4000}' || array_fill(0::bigint, '{21}'))) ||
	usage('annex', import => hours('{3000, 500, 1000}' || array_fill(0::bigint, '{21}')) * 1.0), during => :'day',
	market => market(series => price_series('s', '2026-01-01 00:00+08', '1 hour', array_fill(0.5, '{1}') || array_fill(0.1, '{23}')))::jsonb);
SELECT * FROM bill('{"charges": [{"code": "d", "part": "whole", "demand": {}, "price": 1}]}',
	usage(import => hours(array_fill(1000::bigint, '{24}'))) || usage('annex', import => hours(array_fill(1000::bigint, '{48}'), '30 minutes')), during => :'day');
SELECT * FROM bill('{"charges": [{"code": "d", "part": "whole", "demand": {}, "price": 1}]}',
	usage(import => hours(array_fill(1000::bigint, '{24}'))) || usage('annex', registers => '[{"channel": "import", "kwh": 9}]'), during => :'day');
-- several parts together are not netted by slot
SELECT * FROM bill('{"charges": [{"code": "e", "part": "whole", "net": "slot", "price": 1}]}',
	usage(import => hours(array_fill(1000::bigint, '{24}'))) || usage('annex', import => hours(array_fill(1000::bigint, '{24}'))), during => :'day');

-- a recorded demand of a period that the tariff does not have
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "d", "demand": {"periods": "each"}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "period": "peek"}, {"kw": 10, "period": "valley"}]'));
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "d", "demand": {"weights": {"peak": 1, "valley": "0.5"}}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "period": "peek"}, {"kw": 10, "period": "valley"}]'));
-- one whose moment lies in another bill is not looked at; nor does a demand without periods look at them
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "d", "demand": {"periods": "each"}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "period": "peek", "at": "2026-02-01T10:00+08:00"}, {"kw": 10, "period": "valley"}]'));
SELECT * FROM bill('{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "charges": [{"code": "d", "demand": {}, "price": 1}]}',
	usage(demands => '[{"kw": 50, "period": "peek"}, {"kw": 10}]'));

-- counters count from 0 on
SELECT carry('{"counters": {"t": {"year": 2026, "kwh": -5}}}');
-- a count of the same name by another span, and whether it meets this one
SELECT * FROM bill('{"charges": [{"code": "t", "per": "year", "steps": [{"to": 100, "price": 1}, {"price": 2}]}]}', metered('[{"channel": "import", "kwh": 50}]'),
	'{"counters": {"t": {"month": "2026-01", "kwh": 90}}}');
SELECT * FROM bill('{"charges": [{"code": "t", "per": "year", "steps": [{"to": 100, "price": 1}, {"price": 2}]}]}', metered('[{"channel": "import", "kwh": 50}]'),
	'{"counters": {"t": {"month": "2025-12", "kwh": 90}}}');
SELECT * FROM bill('{"year_start": "12-01", "charges": [{"code": "t", "per": "year", "steps": [{"to": 100, "price": 1}, {"price": 2}]}]}', metered('[{"channel": "import", "kwh": 50}]'),
	'{"counters": {"t": {"month": "2025-12", "kwh": 90}}}');
SELECT * FROM bill('{"charges": [{"code": "t", "per": "month", "month": "each", "steps": [{"to": 100, "price": 1}, {"price": 2}]}]}', metered('[{"channel": "import", "kwh": 50}]'),
	'{"counters": {"t": {"year": 2026, "kwh": 90}}}');
SELECT * FROM bill('{"charges": [{"code": "t", "per": "month", "month": "each", "steps": [{"to": 100, "price": 1}, {"price": 2}]}]}', metered('[{"channel": "import", "kwh": 50}]'),
	'{"counters": {"t": {"from": "2025-11-01", "kwh": 90}}}');

DROP FUNCTION public.bill;
DROP FUNCTION metered;
DROP FUNCTION hours;
