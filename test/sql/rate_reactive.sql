-- Limits in kvarh for each kWh of the same part.
SET search_path = public, billing;
\set VERBOSITY terse

CREATE FUNCTION reactive(charges jsonb, usage usage, during daterange DEFAULT '[2026-01-01,2026-02-01)', more jsonb DEFAULT '{}') RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(concat_ws(' ', l.code, 'tier ' || l.tier, trim_scale(l.quantity), l.unit, trim_scale(l.amount)), ', ' ORDER BY l.line)
					   FROM lines(r.charges) l), r.sqlstate || ' ' || r.message)
	  FROM try_rate(('{"name": "t", "currency": "EUR", "time_zone": "Europe/Paris"}' || more || jsonb_build_object('charges', charges))::tariff, usage, during) r
$$;
CREATE FUNCTION regs(import numeric, reactive numeric, part text DEFAULT 'main') RETURNS usage LANGUAGE sql AS $$
	SELECT usage(part, registers => (SELECT jsonb_agg(jsonb_build_object('channel', c, 'kwh', v)) FROM (VALUES ('import', import), ('reactive_import', reactive)) r(c, v) WHERE v IS NOT NULL))
$$;
\set tan '[{"code": "q", "channel": "reactive_import", "per": "month", "unit": "kvarh/kWh", "steps": [{"to": "0.4"}, {"to": "0.75", "price": "0.02"}, {"price": "0.05"}]}]'

-- below, at, between, above; nothing taken: all is above; by volume
SELECT import, kvarh, reactive(:'tan', regs(import, kvarh)) FROM (VALUES (1000, 399.999), (1000, 400), (1000, 750), (1000, 1000.5), (0, 10), (333.333, 200), (NULL, 5)) v(import, kvarh);
SELECT reactive(jsonb_set(:'tan', '{0,mode}', '"volume"'), regs(1000, 800)), reactive(jsonb_set(:'tan', '{0,per}', '"period"'), regs(1000, 800), '[2026-01-10,2026-01-12)');
-- profiles; a change of price inside the span: energy climbs in the order of time, the limit is the span's
SELECT reactive('[{"code": "q", "channel": "reactive_import", "per": "period", "unit": "kvarh/kWh",
		"steps": [{"to": "0.5", "price": "0.01"}, {"price": {"versions": [{"price": "0.05"}, {"from": "2026-01-03", "price": "0.06"}]}}]}]',
	usage(import => profile('2026-01-01 00:00+01', '1 day', '{1000,1000,1000,1000}'::int[], time_zone => 'Europe/Paris'),
		  reactive_import => profile('2026-01-01 00:00+01', '1 day', '{1500,1000,1000,1000}'::int[], 'varh', 'Europe/Paris')), '[2026-01-01,2026-01-05)');
-- each part by its own import, the whole by all; the import as it is billed, in whole kWh
SELECT reactive(jsonb_build_array(:'tan'::jsonb -> 0, jsonb_build_object('part', 'shop', 'code', 'shop') || ((:'tan'::jsonb -> 0) - 'code'), jsonb_build_object('part', 'whole', 'code', 'whole') || ((:'tan'::jsonb -> 0) - 'code')),
	regs(1000, 500) || regs(10, 500, 'shop'));
SELECT reactive(:'tan', regs(1000.4, 500), more => '{"rounding": {"quantity": 0}}');
-- a step in kvarh before one by share lies inside it
SELECT reactive('[{"code": "q", "channel": "reactive_import", "per": "month", "steps": [{"to": "100", "price": 0}, {"to": "0.4", "unit": "kvarh/kWh", "price": 1}, {"price": 2}]}]', regs(import, 300))
  FROM unnest('{200,500}'::numeric[]) import;

SELECT path, problem, hint FROM tariff_check('{"name": "t", "currency": "EUR", "time_zone": "UTC", "seasons": {"s": {"months": [7]}, "w": "else"}, "charges": [
	{"code": "a", "per": "month", "unit": "kvarh/kWh", "steps": [{"price": 1}]},
	{"code": "b", "per": "year", "channel": "reactive_import", "unit": "kvarh/kWh", "steps": [{"price": 1}]},
	{"code": "c", "per": "month", "month": "each", "channel": "reactive_q1", "unit": "kvarh/kWh", "steps": [{"price": 1}]},
	{"code": "d", "per": "month", "channel": "reactive_import", "unit": "kvarh/kWh", "steps": {"s": [{"to": 1}, {"price": 1}], "w": [{"price": 1}]}},
	{"code": "e", "per": "month", "channel": "reactive_import", "unit": "kvarh/kWh", "steps": [{"to": "0.5", "price": 1}, {"to": "0.4", "price": 1}, {"price": 2}]}]}');
SELECT reactive('[{"code": "e", "price": 1}, {"code": "l", "part": "lighting", "price": 1}, {"code": "q", "channel": "reactive_import", "per": "month", "unit": "kvarh/kWh", "steps": [{"to": "0.4"}, {"price": 1}]}]',
	regs(100, 50), more => '{"parts": {"lighting": {"of": "main", "share": "0.5"}}}');

DROP FUNCTION reactive, regs;
