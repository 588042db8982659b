-- Rating alone, without writing the bills: every account whose usage is one profile, once more.
SET SESSION AUTHORIZATION county_billing;
CREATE TEMP TABLE one AS
SELECT v.tariff, v.market, p.terms, r.profile, q.slots
  FROM billing.reading r
  JOIN billing.account_plan p USING (account_id)
  JOIN billing.plan_version v USING (plan_id)
 CROSS JOIN LATERAL (SELECT sum(slots) AS slots FROM billing.qualities(r.profile)) q
 WHERE r.channel = 'import' AND NOT EXISTS (SELECT FROM billing.reading o WHERE o.account_id = r.account_id AND o.channel <> 'import');
ANALYZE one;
WITH rated AS MATERIALIZED (
	SELECT count(r.charges) AS bills, sum(o.slots) AS readings
	  FROM one o CROSS JOIN LATERAL billing.try_rate(o.tariff, billing.usage(import => o.profile), '[2026-01-01,2026-02-01)', o.terms, o.market) r)
SELECT format('  rating alone, nothing written: %s ms, %s million readings a second, %s µs a bill',
			  round(ms), round(readings / ms / 1000, 1), round(1000 * ms / bills, 1))
  FROM rated CROSS JOIN LATERAL (SELECT (1000 * extract(epoch FROM clock_timestamp() - statement_timestamp()))::numeric
									AS ms WHERE rated.bills > 0) t;
