-- The week after the month: the county by day, and the feeders with the highest peaks; feeders add up to the county.
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off
SELECT d.day AS "日期 day", to_char(d.energy_kwh, '99,999,990') AS "电量 kWh", to_char(l.energy_kwh, '99,999,990') AS "下限 lower", to_char(u.energy_kwh, '99,999,990') AS "上限 upper"
  FROM billing.load_forecast f, billing.daily(f.forecast) d, billing.daily(f.lower) l, billing.daily(f.upper) u
 WHERE f.level = 'org' AND l.day = d.day AND u.day = d.day ORDER BY d.day;
SELECT feeder_no AS "线路 feeder", to_char(energy_kwh, '99,999,990') AS "电量 kWh", to_char(peak_kw, '999,990') AS "最大负荷 peak kW"
  FROM billing_report.load_forecast WHERE level = 'feeder' AND feeder_no IS NOT NULL ORDER BY peak_kw DESC LIMIT 5;
\pset format unaligned
\pset tuples_only on
SELECT format('  the feeders add up to the county: %s',
	CASE WHEN (SELECT forecast FROM billing.load_forecast WHERE level = 'org') = (SELECT billing.sum(forecast) FROM billing.load_forecast WHERE level = 'feeder') THEN 'yes' ELSE 'no' END);
