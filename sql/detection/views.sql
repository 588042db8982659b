CREATE VIEW billing_report.anomaly WITH (security_invoker = true) AS
SELECT n.anomaly_id, o.org_no, a.account_no, t.area_no, n.part, n.kind, n.state, n.probability, n.score, n.from_on, n.until_on, n.kwh, n.amount, n.currency, n.measured, n.bound, n.unit, n.evidence, n.action,
	   n.owner, n.due_on, n.state <> 'closed' AND n.due_on < billing._sum_day(now()) AS overdue, n.seen, n.found_at, n.seen_at, n.outcome, n.note, n.closed_by, n.closed_at
  FROM billing.anomaly n
  LEFT JOIN billing.org o ON o.org_id = n.org_id
  LEFT JOIN billing.account a ON a.account_id = n.account_id
  LEFT JOIN billing.transformer_area t ON t.area_id = n.area_id;
COMMENT ON VIEW billing_report.anomaly IS 'the work list: what looks wrong, how likely it is, what it is worth, the call that would see to it, who is to and until when, and what it was';

CREATE VIEW billing_report.anomaly_count WITH (security_invoker = true) AS
SELECT n.org_no, n.kind, count(*) AS open, count(*) FILTER (WHERE n.overdue) AS overdue, count(*) FILTER (WHERE n.owner IS NULL) AS without_owner,
	   count(*) FILTER (WHERE n.found_at > now() - interval '7 days') AS of_last_week, count(*) FILTER (WHERE n.found_at <= now() - interval '30 days') AS older_than_month,
	   sum(n.kwh) AS kwh, sum(n.amount) AS amount
  FROM billing_report.anomaly n WHERE n.state <> 'closed' GROUP BY n.org_no, n.kind;
COMMENT ON VIEW billing_report.anomaly_count IS 'open anomalies by org and kind: how many, how old, how many past their day, what they are worth';

CREATE VIEW billing_report.detector_hits WITH (security_invoker = true) AS
SELECT n.org_no, n.kind, count(*) AS judged, count(*) FILTER (WHERE n.outcome NOT IN ('changed_use', 'vacant', 'false_alarm')) AS confirmed,
	   round(count(*) FILTER (WHERE n.outcome NOT IN ('changed_use', 'vacant', 'false_alarm'))::numeric / count(*), 4) AS hit_rate, count(*) FILTER (WHERE n.outcome = 'theft') AS theft,
	   avg(n.score) AS mean_score
  FROM billing_report.anomaly n WHERE n.state = 'closed' AND n.outcome <> 'unresolved' GROUP BY n.org_no, n.kind;
COMMENT ON VIEW billing_report.detector_hits IS 'what became of closed anomalies by org and kind: of those that were judged, how many were right';
