-- Bills as text: names in two languages, columns that align, amounts in words.
\pset format unaligned
\pset tuples_only on

-- A two-part customer of Hubei: 10,000 kWh in four periods, demand 30 kW, power factor -0.15 %.
\getenv here PG_ABS_SRCDIR
\set tariff `cat :'here'/../contrib/tariffs/cn-hubei-2026-01-two-part.json`
SELECT '{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "tariff": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
	"charges": [{"code": "energy_10kv", "tags": ["energy"]},
	{"code": "demand_low"}, {"code": "power_factor"}, {"code": "vat"}], "periods": ["sharp", "peak", "flat", "valley"], "lines": [
	{"code": "energy_10kv", "period": "sharp", "quantity": "1000", "unit": "kWh", "price": "1.049999", "amount": "1050.00"},
	{"code": "energy_10kv", "period": "peak", "quantity": "2500", "unit": "kWh", "price": "0.848961", "amount": "2122.40"},
	{"code": "energy_10kv", "period": "flat", "quantity": "4000", "unit": "kWh", "price": "0.651886", "amount": "2607.54", "estimated": true},
	{"code": "energy_10kv", "period": "valley", "quantity": "2500", "unit": "kWh", "price": "0.432924", "amount": "1082.31"},
	{"code": "demand_low", "quantity": "30.000", "unit": "kW", "price": "42.0", "amount": "1260.00"},
	{"code": "power_factor", "quantity": "7670.25", "unit": "%", "price": "-0.15", "amount": "-11.51"},
	{"code": "vat", "kind": "included", "quantity": "8110.74", "unit": "%", "price": "13", "amount": "933.09"},
	{"kind": "rounding", "amount": "-0.74"}]}' AS charges
\gset
SELECT billing.print_bill(:'charges'::billing.charges, :'tariff'::billing.tariff, 'zh', '4200000101 青禾精密轴承有限公司');
SELECT billing.print_bill(:'charges'::billing.charges, :'tariff'::billing.tariff);

-- Components, tiers and dated pieces name themselves; what a tariff does not name keeps its code.
\set shanghai `cat :'here'/../contrib/tariffs/cn-shanghai-06-two-part.json`
SELECT l.name, l.unit, l.rule FROM (VALUES ('zh'), ('en')) v(language), billing.named_lines('{"currency": "CNY", "from": "2026-06-01", "until": "2026-07-01",
	"charges": [{"code": "energy"}, {"code": "other"}], "components": [{"name": "funds"}, {"name": "unknown"}], "periods": ["peak"],
	"lines": [{"code": "energy", "component": "funds", "period": "peak", "unit": "kWh", "amount": "1"},
	{"code": "energy", "component": "unknown", "kind": "of_which", "amount": "1"},
	{"code": "other", "tier": 2, "from": "2026-06-01", "until": "2026-06-16", "unit": "month", "amount": "1"}]}',
	:'shanghai'::billing.tariff, language) l;

-- Null in, nothing out.
SELECT billing.print_bill(NULL, :'tariff'::billing.tariff);
SELECT billing.print_bill(:'charges'::billing.charges, NULL);

-- ---- amounts have the currency's decimals, and more where one of them needs them ----
SELECT billing.print_bill(billing.rate(t, billing.usage(registers => '[{"channel": "import", "kwh": "84.8"}]'), '[2026-01-01,2026-02-01)'), t, 'en')
  FROM (VALUES (1, '{}'::jsonb, 'JPY', '27'), (2, '{"rounding": {"line": 0}}', 'JPY', '27'), (3, '{}', 'KWD', '0.0025'), (4, '{}', 'KWD', '0.00251')) v(n, rounding, currency, price),
	   LATERAL (SELECT (rounding || jsonb_build_object('name', 'Amounts in ' || currency, 'currency', currency, 'time_zone', 'Asia/Tokyo', 'charges',
		jsonb_build_array(jsonb_build_object('code', 'energy', 'price', price), '{"code": "base", "fixed": "period", "price": "100"}'::jsonb)))::billing.tariff) t(t)
 ORDER BY n;
