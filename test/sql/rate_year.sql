-- Bounds by the year: counted in the carry from bill to bill, due when the count ends.
SET search_path = public, billing;
\set VERBOSITY terse

CREATE FUNCTION bill(bound jsonb, kwh numeric, during daterange, carry carry DEFAULT NULL, terms jsonb DEFAULT '{}', head jsonb DEFAULT '{}')
RETURNS charges LANGUAGE sql AS $$
	SELECT rate(tariff('{"name": "Year", "currency": "EUR", "time_zone": "UTC", "rounding": {"line": 2}}' || head || jsonb_build_object('charges',
		jsonb_build_array('{"code": "energy", "price": "0.25"}'::jsonb, '{"code": "bound", "per": "year"}'::jsonb || bound,
			'{"code": "vat", "percent": 20, "of": ["bound"]}'::jsonb))),
		usage(registers => jsonb_build_array(jsonb_build_object('channel', 'import', 'kwh', kwh))), during, terms, carry => carry)
$$;
CREATE FUNCTION shown(charges charges)
RETURNS text LANGUAGE sql AS $$
	SELECT concat(string_agg(concat_ws(' ', code, amount, from_on, until_on), ', ' ORDER BY line), ' | ', total(charges), ' | ', carry(charges)::jsonb -> 'banks')
	  FROM lines(charges)
$$;

-- twelve bills of 40 kWh: 120.00 of 150; the difference in December, with its tax
WITH RECURSIVE year (month, charges) AS (
	SELECT 1, bill('{"minimum": 150}', 40, '[2026-01-01,2026-02-01)')
	UNION ALL
	SELECT month + 1, bill('{"minimum": 150}', 40, daterange(make_date(2026, month + 1, 1), (make_date(2026, month + 1, 1) + interval '1 month')::date), carry(charges))
	  FROM year WHERE month < 12)
SELECT month, shown(charges) FROM year WHERE month IN (1, 6, 11, 12) ORDER BY month;

-- a maximum is given back, at the end of the year as well
SELECT shown(bill('{"maximum": 100}', 200, '[2026-03-01,2026-04-01)', '{"banks": [{"name": "bound", "from": "2026-01-01", "amount": 90}]}'));
SELECT shown(bill('{"maximum": 100}', 200, '[2026-12-01,2027-01-01)', '{"banks": [{"name": "bound", "from": "2026-01-01", "amount": 90}]}'));

-- a bill across the end of the year settles the old one and begins the new one; a register must be divided there
SELECT shown(bill('{"minimum": 365}', 310, '[2026-12-16,2027-01-16)', '{"banks": [{"name": "bound", "from": "2026-01-01", "amount": 90}]}', head => '{"split": "days"}'));
SELECT shown(bill('{"minimum": 365}', 310, '[2026-12-16,2027-01-16)'));
-- the tariff's own year; a leap day in it
SELECT shown(bill('{"minimum": 366}', 100, '[2028-06-01,2028-07-01)', '{"banks": [{"name": "bound", "from": "2028-06-01", "amount": 0}]}', head => '{"year_start": "07-01"}'));
SELECT shown(bill('{"minimum": 366}', 100, '[2028-06-01,2028-07-01)', '{"banks": [{"name": "bound", "from": "2028-05-31", "amount": 0}]}', head => '{"year_start": "07-01"}'));

-- other entries stay, also of the same name with a period; a new version of the tariff goes on with the counter
SELECT shown(bill('{"minimum": 150, "counter": "year"}', 40, '[2026-03-01,2026-04-01)',
	'{"banks": [{"name": "bound", "from": "2026-01-01", "amount": 7}, {"name": "year", "from": "2026-02-01", "amount": 20}, {"name": "year", "period": "x", "from": "2026-02-01", "amount": 1}]}'));
-- with what rounding of the total hands on, and a bank of money
SELECT shown(rate(tariff('{"name": "Year", "currency": "EUR", "time_zone": "UTC", "rounding": {"line": 2, "total": {"places": 0, "carry": true}},
	"banks": {"sun": {"unit": "money", "usable": "next"}}, "charges": [{"code": "energy", "price": "0.333"},
	{"code": "feed_in", "channel": "export", "sign": "credit", "price": "0.1", "bank": "sun"}, {"code": "sun", "use": "sun"},
	{"code": "bound", "minimum": 100, "of": ["energy"], "per": "year"}]}'),
	usage(registers => '[{"channel": "import", "kwh": 50}, {"channel": "export", "kwh": 30}]'), '[2026-03-01,2026-04-01)',
	carry => '{"banks": [{"name": "sun", "from": "2026-02-01", "amount": 2}, {"name": "bound", "from": "2026-01-01", "amount": 10}, {"name": "rounding", "from": "2026-02-01", "amount": "0.3"}]}'));

-- the final bill, and what can be wrong with it
SELECT shown(bill('{"minimum": 365}', 40, '[2026-03-01,2026-03-11)', '{"banks": [{"name": "bound", "from": "2026-01-01", "amount": 9}]}', '{"service_until": "2026-03-11"}'));
SELECT bill('{"minimum": 365}', 40, '[2026-03-01,2026-03-11)', terms => '{"service_until": "soon"}');
SELECT bill('{"minimum": {"term": "least"}}', 40, '[2026-12-01,2027-01-01)');
SELECT bill('{"minimum": 365}', 40, '[2026-03-01,2026-03-11)', '{"banks": [{"name": "bound", "from": "2026-03-05", "amount": 9}]}');

-- what a tariff may not say
SELECT * FROM tariff_check('{"name": "Year", "currency": "EUR", "time_zone": "UTC", "banks": {"kept": {"unit": "money"}}, "charges": [
	{"code": "e", "price": 1}, {"code": "c", "channel": "export", "sign": "credit", "price": 1, "bank": "kept"}, {"code": "u", "use": "kept"},
	{"code": "a", "minimum": 1, "per": "season"}, {"code": "b", "minimum": 1, "per": "year", "proration": "year"},
	{"code": "d", "minimum": 1, "per": "year", "counter": "kept"}, {"code": "f", "maximum": 1, "per": "year", "counter": "b"},
	{"code": "g", "minimum": 1, "per": "month", "counter": "g"}, {"code": "h", "maximum": 1, "per": "year", "counter": "rounding"}]}');

-- why
SELECT code, measured, how, exact, amount FROM explain_charges(tariff('{"name": "Year", "currency": "EUR", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [
	{"code": "energy", "price": "0.25"}, {"code": "least", "minimum": 365, "of": ["energy"], "per": "year"}, {"code": "month", "maximum": "5.5", "of": ["energy"]}]}'),
	usage(registers => '[{"channel": "import", "kwh": 40}]'), '[2026-12-01,2027-01-01)', carry => '{"banks": [{"name": "least", "from": "2026-11-30", "amount": 0}]}');

-- of URDB records: what is due by the year
SELECT c -> 'code' AS code, c - 'code' AS charge
  FROM jsonb_array_elements(jsonb(tariff_from_urdb('{"name": "r", "energyratestructure": [[{"rate": 0.1}]], "annualmincharge": 120,
	"mincharge": 0.2, "minchargeunits": "$/day", "fixedchargefirstmeter": 60, "fixedchargeunits": "$/year"}')) -> 'charges') c
 WHERE c ->> 'code' ~ '^(fixed|minimum)';
SELECT c -> 'code' AS code, c - 'code' AS charge
  FROM jsonb_array_elements(jsonb(tariff_from_urdb('{"name": "r", "energyratestructure": [[{"rate": 0.1}]], "mincharge": 120, "minchargeunits": "$/year"}')) -> 'charges') c WHERE c ->> 'code' ~ '^minimum';
SELECT shown(charges) FROM rate_months(tariff_from_urdb('{"name": "r", "energyratestructure": [[{"rate": 0.1}]], "mincharge": 120, "minchargeunits": "$/year"}'),
	usage(registers => '[{"channel": "import", "from": "2026-11-01", "until": "2026-12-01", "kwh": 50}, {"channel": "import", "from": "2026-12-01", "until": "2027-01-01", "kwh": 60}]'),
	'2026-11-01', 2, carry => '{"banks": [{"name": "minimum", "from": "2026-01-01", "amount": "80"}]}');

DROP FUNCTION public.bill, public.shown;
