-- Rating alone, without writing the bills: every account once more.
WITH rated AS MATERIALIZED (
	SELECT count(r.charges) AS bills, sum(a.readings) AS readings
	  FROM county.account a
	  JOIN county.tariff t ON t.code = a.tariff
	 CROSS JOIN LATERAL billing.try_rate(t.tariff, a.usage, '[2026-01-01,2026-02-01)', a.terms) r)
SELECT format('  rating alone, nothing written: %s ms, %s million readings a second, %s µs a bill',
			  round(ms), round(readings / ms / 1000, 1), round(1000 * ms / bills, 1))
  FROM rated CROSS JOIN LATERAL (SELECT (1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()))::numeric
									AS ms WHERE rated.bills > 0) t;
