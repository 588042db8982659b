-- What the detectors find in a county, beside the faults that were put there (test/bench/detection).
\set QUIET on
\pset footer off
CREATE TABLE fault (account_no text, point_code text, channel text, kind text, from_at timestamptz, until_at timestamptz, slots integer, true_wh bigint, delivered_wh bigint);
\copy fault FROM PROGRAM 'cat "$FAULTS"' (FORMAT csv, HEADER)
SELECT format('CALL billing.run_detection(%L, %L, %L)', 'C', m::date, (m + interval '1 month')::date)
  FROM generate_series('2026-01-01'::timestamp, '2026-01-01'::timestamp + make_interval(months => :months - 1), '1 month') m \g /dev/null
\timing on
SELECT format('CALL billing.run_detection(%L, %L, %L)', 'C', m::date, (m + interval '1 month')::date)
  FROM generate_series('2026-01-01'::timestamp, '2026-01-01'::timestamp + make_interval(months => :months - 1), '1 month') m \gexec
\timing off
-- of lasting faults only those that begin within the months looked at, which all do; late files have come
CREATE VIEW hit AS
SELECT n.anomaly_id, n.account_no, n.kind, f.kind AS fault
  FROM billing_report.anomaly n
  LEFT JOIN fault f ON f.account_no = n.account_no AND f.from_at < n.until_on + interval '1 day' AND f.until_at > n.from_on - interval '1 day'
 WHERE n.account_no IS NOT NULL;
SELECT f.kind AS fault, count(*) AS faults, count(*) FILTER (WHERE h.kinds IS NOT NULL) AS found,
	   round(count(*) FILTER (WHERE h.kinds IS NOT NULL)::numeric / count(*), 2) AS recall, array_to_string(array_agg(DISTINCT h.first) FILTER (WHERE h.first IS NOT NULL), ', ') AS by
  FROM fault f
  LEFT JOIN LATERAL (SELECT array_agg(DISTINCT n.kind) AS kinds, string_agg(DISTINCT n.kind, ' ') AS first FROM billing_report.anomaly n
					  WHERE n.account_no = f.account_no AND f.from_at < n.until_on + interval '1 day' AND f.until_at > n.from_on - interval '1 day' HAVING count(*) > 0) h ON true
 WHERE f.kind NOT IN ('late', 'repeated', 'no capacity', 'no plan', 'unknown voltage')
 GROUP BY f.kind ORDER BY f.kind;
SELECT h.kind AS detector, count(DISTINCT h.anomaly_id) AS told, count(DISTINCT h.anomaly_id) FILTER (WHERE h.fault IS NOT NULL) AS right,
	   round(count(DISTINCT h.anomaly_id) FILTER (WHERE h.fault IS NOT NULL)::numeric / count(DISTINCT h.anomaly_id), 2) AS precision,
	   array_to_string(array_agg(DISTINCT h.fault) FILTER (WHERE h.fault IS NOT NULL), ', ') AS faults
  FROM hit h GROUP BY h.kind ORDER BY h.kind;
