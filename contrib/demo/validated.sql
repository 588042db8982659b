-- What the rules found, what became of it, and how that compares with what is known to be wrong.
SET SESSION AUTHORIZATION county_readings;
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off
\pset null ''
SELECT f.rule AS "规则 rule", f.verdict AS "结论 verdict", count(*) AS "次数 findings", count(DISTINCT f.account_no) AS "户 accounts", sum(f.slots) AS "时段 slots"
  FROM billing_report.validation_finding f GROUP BY 1, 2 ORDER BY 2, 3 DESC;
SELECT e.method AS "估算 estimated by", count(*) AS "次数 spans", sum(e.slots) AS "时段 slots", round(sum(e.energy_kwh)) AS kwh
  FROM billing_report.estimated_span e GROUP BY 1 ORDER BY 2 DESC;
-- late files stand in for themselves, and a day that came twice was refused when it came
SELECT l.kind AS "实有 what was wrong", count(*) AS "户 accounts", count(f.by) AS "找到 found",
	   array_to_string(ARRAY(SELECT DISTINCT unnest(string_to_array(string_agg(f.by, ','), ',')) ORDER BY 1), ', ') AS "由 by",
	   round(sum(l.true_wh) / 1000.0) AS "实际 true kWh", round(sum(e.kwh)) AS "估算 estimated"
  FROM county.label l
 CROSS JOIN LATERAL (
	SELECT string_agg(q.rule, ',') AS by FROM (
		SELECT f.rule FROM billing_report.validation_finding f
		 WHERE f.account_no = l.account_no AND f.channel = 'import' AND tstzrange(f.from_at, f.until_at) && tstzrange(l.from_at, l.until_at)
		 UNION
		-- days of which nothing came are no finding: estimation gave them a row of their own
		SELECT 'no reading' FROM billing.reading r JOIN billing.account a USING (account_id)
		 WHERE a.account_no = l.account_no AND r.channel = 'import' AND r.source = 'estimation' AND billing.during(r.profile) && tstzrange(l.from_at, l.until_at)) q) f
 CROSS JOIN LATERAL (SELECT sum(e.energy_kwh) AS kwh FROM billing_report.estimated_span e
					  WHERE e.account_no = l.account_no AND e.channel = 'import' AND tstzrange(e.from_at, e.until_at) && tstzrange(l.from_at, l.until_at)) e
 WHERE l.slots > 0 AND l.kind NOT IN ('late', 'repeated') GROUP BY 1 ORDER BY 3 DESC, 1;
