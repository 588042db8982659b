-- What the rules find in the month, beside what is known to be wrong.
SET SESSION AUTHORIZATION county_readings;
CREATE TEMP TABLE finding AS
SELECT a.account_no, v.rule, v.severity, v.from_at, v.until_at, v.slots
  FROM billing.reading r JOIN billing.account a USING (account_id) CROSS JOIN LATERAL billing.validate(r.profile) v
 WHERE r.channel = 'import' AND v.severity <> 'unchecked';
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off
SELECT rule, severity, count(*) AS findings, count(DISTINCT account_no) AS accounts, sum(slots) AS slots FROM finding GROUP BY 1, 2 ORDER BY 2, 3 DESC;
SELECT l.kind, count(DISTINCT (l.account_no)) AS labels, count(DISTINCT l.account_no) FILTER (WHERE f.rule IS NOT NULL) AS found, string_agg(DISTINCT f.rule, ', ' ORDER BY f.rule) AS by
  FROM county.label l LEFT JOIN finding f ON f.account_no = l.account_no AND tstzrange(f.from_at, f.until_at) && tstzrange(l.from_at, l.until_at)
 WHERE l.slots > 0 GROUP BY 1 ORDER BY 1;
