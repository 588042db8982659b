-- A market value that was not brought up to date is an error, not last month's price or a year of weekdays.
SET search_path = public, billing;
SET datestyle = ISO;
\set VERBOSITY terse

CREATE FUNCTION fresh(tariff jsonb, during daterange, market market) RETURNS text LANGUAGE sql AS $$
	SELECT coalesce((SELECT string_agg(concat_ws(' ', l.code, l.period, l.from_on, trim_scale(l.quantity), l.price, l.amount), ', ' ORDER BY l.line)
					   FROM lines(r.charges) l), r.sqlstate || ' ' || r.message || coalesce(' | ' || r.detail, ''))
	  FROM try_rate(tariff('{"name": "t", "currency": "CNY", "time_zone": "Asia/Shanghai"}' || tariff),
		usage(import => profile(lower(during)::timestamp AT TIME ZONE 'Asia/Shanghai', '1 day',
			array_fill(1000, ARRAY[upper(during) - lower(during)]), time_zone => 'Asia/Shanghai')), during, market => market) r
$$;

-- ---- prices for the month only ----
SELECT during, fresh('{"charges": [{"code": "e", "price": {"published": "p", "for": "month"}}]}', during,
		market(prices => published('p', '{2026-01-01,2026-01-11,2026-03-01}', '{1,2,3}')))
  FROM unnest('{"[2025-12-31,2026-01-02)","[2026-01-01,2026-02-01)","[2026-01-20,2026-02-02)","[2026-02-01,2026-03-01)",
				"[2026-02-28,2026-03-02)","[2026-03-01,2026-04-01)","[2027-03-01,2027-03-02)"}'::daterange[]) during;
-- inside other forms; without "for" the last price goes on
SELECT fresh(jsonb_build_object('components', jsonb_build_object('purchase', price), 'charges', '[{"code": "e", "price": {"components": ["purchase"]}},
		{"code": "f", "per": "month", "steps": [{"price": {"base": {"component": "purchase"}, "times": 2}}]}]'::jsonb), '[2026-02-01,2026-02-03)',
		market(prices => published('p', '{2026-01-01}', '{1}')))
  FROM unnest('{"{\"published\": \"p\"}", "{\"published\": \"p\", \"for\": \"month\"}"}'::jsonb[]) price;
-- a charge that does not hold does not ask
SELECT fresh('{"charges": [{"code": "e", "price": "1"}, {"code": "p", "until": "2026-02-01", "price": {"published": "p", "for": "month"}}]}',
		'[2026-01-31,2026-02-03)', market(prices => published('p', '{2026-01-01}', '{1}')));
SELECT path, problem, hint FROM tariff_check('{"name": "t", "currency": "CNY", "time_zone": "UTC",
	"charges": [{"code": "e", "price": {"published": "p", "for": "year"}}]}');

-- ---- holidays ----
SELECT holidays, during, fresh('{"periods": {"rest": [{"days": "holiday"}], "work": "else"},
		"charges": [{"code": "e", "price": {"rest": 1, "work": 2}}]}', during, market(calendar => calendar(holidays, '{2027-01-03}')))
  FROM unnest('{"[2025-12-30,2026-01-03)","[2026-12-30,2027-01-03)"}'::daterange[]) during,
	   (VALUES ('{}'::date[]), ('{2026-01-01}'), ('{2025-05-01,2026-01-01,2026-10-01}'), ('{2025-10-01,2027-01-01}')) v(holidays);
-- a tariff that never says holiday takes no notice
SELECT fresh('{"charges": [{"code": "e", "price": 1}]}', '[2030-01-01,2030-01-02)', market(calendar => calendar('{2026-01-01}')));

DROP FUNCTION fresh;
