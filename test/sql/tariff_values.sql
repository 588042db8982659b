-- Values that make no sense, texts that are numbers, and what is said of each mistake.
SET search_path = public, billing;
\set SHOW_CONTEXT never

CREATE FUNCTION checked(charges jsonb, more jsonb DEFAULT '{}') RETURNS TABLE (path text, problem text, hint text) LANGUAGE sql AS $$
	SELECT * FROM tariff_check(('{"name": "Values", "currency": "CNY", "time_zone": "Asia/Shanghai"}' || more || jsonb_build_object('charges', charges))::json) $$;
CREATE FUNCTION billed(charges jsonb, terms jsonb, more jsonb DEFAULT '{}') RETURNS TABLE (code text, quantity numeric, amount numeric) LANGUAGE sql AS $$
	SELECT code, trim_scale(quantity), trim_scale(amount)
	  FROM lines(rate(tariff('{"name": "Values", "currency": "CNY", "time_zone": "Asia/Shanghai"}' || more || jsonb_build_object('charges', charges)),
		usage(registers => '[{"channel": "import", "kwh": 100}, {"channel": "reactive_import", "kvarh": 10}]', demand_kw => 10), '[2026-01-01,2026-02-01)', terms)) $$;

-- below zero, found when the tariff is checked
SELECT c.* FROM (VALUES
	(1, '{"demand": {"share": -1}, "price": 1}'), (2, '{"demand": {"ratchet": {"share": "-0.8", "months": 11}}, "price": 1}'),
	(3, '{"demand": {"at_least": -5}, "price": 1}'), (4, '{"demand": {"at_least": {"share": "-0.4", "of": "kva"}}, "price": 1}'),
	(5, '{"demand": {}, "price": 1, "discount": {"kwh_per": "kva", "at_least": -1, "times": "-0.9"}}'),
	(6, '{"per": "month", "steps": [{"price": 1}], "allowance": [{"kwh": -1}]}'), (7, '{"price": 1, "first": {"kwh": -15, "per": "month"}}'),
	(8, '{"price": 1, "from": "2026-02-01", "until": "2026-01-01"}'), (9, '{"price": {"series": "s", "at_least": 2, "at_most": 1}}'),
	(10, '{"capacity": "kva", "price": 1}'), (11, '{"percent": -100, "included": true}'),
	(12, '{"percent": {"versions": [{"price": 5}, {"from": "2026-02-01", "price": -120}]}, "included": true}'),
	(13, '{"demand": {"weights": {"peak": 1}}, "price": 1}'), (14, '{"price": null}')) v(n, charge),
	LATERAL checked(jsonb_build_array('{"code": "x"}'::jsonb || charge::jsonb), CASE n WHEN 10 THEN '{"terms": {"kva": {"default": "-5"}}}'::jsonb ELSE '{}' END) c ORDER BY n, path;
SELECT * FROM checked('[{"code": "x", "price": {"a": null, "b": true}}]', '{"periods": {"a": [{"to": "12:00"}], "b": "else"}}');
-- a demand charge that comes after the tiers that go by it; a term of that name is no mistake
\set tiers '[{"code": "t", "per": "month", "unit": "kWh/kW", "of": "d", "steps": [{"to": 5, "price": 1}, {"price": 2}]}, {"code": "d", "demand": {}, "price": 1}]'
SELECT * FROM checked(:'tiers');
SELECT * FROM checked(:'tiers', '{"terms": {"d": {}}}');

-- below zero, known only from the terms
SELECT * FROM billed('[{"code": "e", "price": 0}, {"code": "x", "capacity": "kva", "price": 1}]', '{"kva": -1}');
SELECT * FROM billed('[{"code": "e", "price": 0}, {"code": "x", "fixed": "month", "times": "meters", "price": 1}]', '{"meters": "-2"}');
SELECT * FROM billed('[{"code": "x", "demand": {"contract": "kw"}, "price": 1}]', '{"kw": -1}');
SELECT * FROM billed('[{"code": "x", "demand": {"at_least": {"share": "0.4", "of": "kva"}}, "price": 1}]', '{"kva": -1}');
SELECT * FROM billed(:'tiers', '{"d": -1}', '{"terms": {"d": {}}}');
SELECT * FROM billed('[{"code": "x", "demand": {}, "price": 1, "discount": {"kwh_per": "kva", "at_least": 1, "times": "0.9"}}]', '{"kva": -1}');
-- a price agreed may be below zero
SELECT * FROM billed('[{"code": "x", "price": {"term": "p"}}]', '{"p": "-0.5"}');

-- texts that are numbers are the same by value; others by their letters
SELECT w, t, (SELECT count(*) = 1 FROM billed(jsonb_build_array(jsonb_build_object('code', 'x', 'price', 1, 'when', jsonb_build_object('cap', w))), jsonb_build_object('cap', t))) AS holds
  FROM (VALUES ('320'::jsonb, '"320.0"'::jsonb), ('"320"', '"320.0"'), ('"320"', '320'), ('["1", "320.00"]', '"320"'), ('"0320"', '320'), ('"a"', '"a"'), ('"a"', '"A"'),
			   ('true', 'true'), ('true', '"true"'), ('1', 'true'), ('"320 "', '"320"')) v(w, t);
SELECT * FROM billed('[{"code": "x", "price": 1}, {"code": "pf", "power_factor": {"standard": "0.9"}, "of": ["x"]}]', '{}');
SELECT * FROM billed('[{"code": "x", "price": 1}, {"code": "pf", "power_factor": {"standard": {"term": "s"}}, "of": ["x"]}]', '{"s": "0.9"}');

-- no usage is no success
SELECT try.* FROM (VALUES (1, true, true, true), (2, true, false, true), (3, false, true, true), (4, true, true, false), (5, false, false, false)) v(n, t, u, d),
	LATERAL try_rate(CASE WHEN t THEN '{"name": "Values", "currency": "CNY", "time_zone": "Asia/Shanghai", "charges": [{"code": "x", "fixed": "month", "price": 1}]}'::tariff END,
		CASE WHEN u THEN usage() END, CASE WHEN d THEN daterange('2026-01-01', '2026-02-01') END) r,
	LATERAL (SELECT n, total(r.charges) AS total, r.sqlstate, r.message, r.hint) try ORDER BY n;

-- what is said of a market
SELECT '{"calendar": {"holiday": ["2026-01-01"]}}'::market;
SELECT '{"events": {"heat": [{"from": "2026-01-01", "until": "2026-01-02", "to": 1}]}}'::market;
SELECT '{"prices": {"p": [{"from": "2026-01-01", "price": 1, "until": 1}]}}'::market;
SELECT '{"series": {"s": {"from": "2026-01-01T00:00Z", "slot_minutes": 60, "values": [1], "unit": 1}}}'::market;
SELECT '{"zones": {"Z": [{"offset": 1, "name": 1}]}}'::market;
SELECT '{"price": {}}'::market;
SELECT '{"prices": {"p": [{"from": "2026-01-02", "price": 1}, {"from": "2026-01-01", "price": 1}]}}'::market;

-- what a bank pays out by period: by the periods in which it keeps, and only energy
SELECT c.* FROM (VALUES
	(1, '{"code": "t", "pay_out": "kept", "price": {"day": 1, "night": 2}, "schedule": "other"}'),
	(2, '{"code": "t", "pay_out": "money", "price": {"peak": 1, "valley": 2}}'),
	(3, '{"code": "t", "fixed": "month", "price": {"peak": 1, "valley": 2}}'),
	(4, '{"code": "t", "power_factor": {"standard": "0.90", "mode": "nearest"}, "of": ["e"]}')) v(n, charge),
	LATERAL checked(jsonb_build_array('{"code": "e", "net": "month", "bank": "kept", "price": 1}'::jsonb,
		'{"code": "f", "channel": "export", "sign": "credit", "bank": "money", "price": 1}'::jsonb, charge::jsonb),
	'{"periods": {"peak": [{"from": "08:00", "to": "22:00"}], "valley": "else"}, "schedules": {"other": {"day": [{"to": "12:00"}], "night": "else"}},
	  "banks": {"kept": {"unit": "kWh"}, "money": {"unit": "money"}}}') c ORDER BY n, path;
SELECT * FROM billed('[{"code": "e", "part": "whole", "price": 1}, {"code": "x", "power_factor": {"standard": "0.90"}, "part": "main", "of": ["e"]}]', '{}',
	'{"parts": {"lighting": {"of": "main", "share": "0.1"}}}');
-- an allowance granted inside a year
SELECT c.* FROM (VALUES
	(1, '{"per": "month", "steps": [{"price": 1}], "allowance": [{"kwh": 1, "since": "s"}]}'),
	(2, '{"per": "year", "steps": [{"price": 1}], "allowance": [{"kwh": 1, "per": "year", "since": "s"}]}'),
	(3, '{"per": "year", "steps": [{"price": 1}], "allowance": [{"kwh": 1, "until": "s"}]}')) v(n, charge),
	LATERAL checked(jsonb_build_array('{"code": "t"}'::jsonb || charge::jsonb)) c ORDER BY n, path;
SELECT since, until, b.quantity AS "first step" FROM (VALUES ('2025-03-09', NULL), ('2026-01-01', NULL), ('2026-06-30', NULL), ('2026-12-31', NULL), ('2027-01-01', NULL),
	('2026-06-30', '2026-07-01'), ('2026-06-30', '2026-07-02'), ('2025-06-30', '2026-01-01'), ('2026-06-30', '2026-06-05'), ('2026-02-01', '2030-01-01')) v(since, until),
	LATERAL billed('[{"code": "t", "per": "year", "prorate": "months", "steps": [{"to": 2, "price": 1}, {"price": 2}], "allowance": [{"kwh": 1, "since": "since", "until": "until"}]}]',
		jsonb_build_object('service_from', '2026-02-15', 'since', since, 'until', coalesce(until, '2100-01-01'))) WITH ORDINALITY b(code, quantity, amount, n) WHERE b.n = 1;
SELECT * FROM billed('[{"code": "t", "per": "year", "steps": [{"to": 2, "price": 1}, {"price": 2}], "allowance": [{"kwh": 1, "since": "since"}]}]', '{"since": "July"}');
DROP FUNCTION checked, billed;
