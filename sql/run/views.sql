CREATE VIEW billing.stat_progress WITH (security_invoker = true) AS
SELECT r.run_id, o.org_no, r.until_on, r.requested_by,
	   CASE WHEN r.cancelled_by IS NOT NULL THEN 'cancelled' WHEN r.finished_at IS NOT NULL THEN 'finished' WHEN s.sessions > 0 THEN CASE r.kind WHEN 'detection' THEN 'detecting' WHEN 'forecast' THEN 'foreseeing' ELSE 'billing' END
			WHEN r.failed_at IS NOT NULL THEN 'failed' ELSE 'waiting' END AS phase,
	   coalesce(c.done, 0) AS accounts_done, coalesce(c.total, 0) AS accounts_total, c.billed AS bills, c.failed AS exceptions,
	   round(q.rate, 1) AS accounts_per_second,
	   CASE WHEN r.finished_at IS NULL AND q.rate > 0 THEN date_trunc('second', make_interval(secs => ((c.total - c.done) / q.rate)::double precision)) END AS remaining,
	   r.kind, coalesce(c.chunks_done, 0) AS chunks_done, coalesce(c.chunks, 0) AS chunks_total, s.sessions, r.message
  FROM billing.bill_run r
  LEFT JOIN billing.org o ON o.org_id = r.org_id
  LEFT JOIN (SELECT h.run_id, count(*) AS chunks, count(h.done_at) AS chunks_done, sum(h.accounts) AS total,
					sum(h.accounts) FILTER (WHERE h.done_at IS NOT NULL) AS done, sum(h.billed) AS billed, sum(h.failed) AS failed,
					range_agg(tstzrange(h.began_at, h.done_at)) FILTER (WHERE h.done_at > h.began_at) AS worked, sum(extract(epoch FROM h.done_at - h.began_at)) AS busy
			   FROM billing.run_chunk h GROUP BY h.run_id) c ON c.run_id = r.run_id
 CROSS JOIN LATERAL (SELECT CASE WHEN r.finished_at IS NULL THEN billing._run_sessions(r.run_id) ELSE 0 END AS sessions) s
 -- while it runs, by the work of a session; then by the time in which anybody worked on it: breaks do not count
 CROSS JOIN LATERAL (SELECT CASE WHEN r.finished_at IS NULL THEN c.done / nullif(c.busy, 0) * greatest(s.sessions, 1)
								 ELSE c.done / nullif((SELECT extract(epoch FROM sum(upper(w) - lower(w))) FROM unnest(c.worked) w), 0) END AS rate) q;
COMMENT ON VIEW billing.stat_progress IS
'how far each run is, as of its last commit, at what rate, and how long it will take. phase: waiting (nobody works on it now), billing, detecting or foreseeing, failed '
'(message says why; resume_run() goes on), cancelled, finished; sessions: how many work on it now';

CREATE VIEW billing_report.run_exception WITH (security_invoker = true) AS
SELECT x.run_id, a.account_no, x.from_on, x.until_on, x.sqlstate, x.message, x.detail, x.hint, x.at
  FROM billing.run_exception x JOIN billing.account a ON a.account_id = x.account_id;
COMMENT ON VIEW billing_report.run_exception IS 'accounts that a run could not bill, and why';

CREATE VIEW billing_report.open_exception WITH (security_invoker = true) AS
SELECT x.run_id, a.account_no, o.org_no, x.from_on, x.until_on, x.sqlstate, x.message, x.detail, x.hint, x.at
  FROM (SELECT DISTINCT ON (e.account_id) e.* FROM billing.run_exception e JOIN billing.bill_run r ON r.run_id = e.run_id
		 WHERE r.kind NOT IN ('dry run', 'detection', 'forecast') ORDER BY e.account_id, e.run_id DESC) x
  JOIN billing.account a ON a.account_id = x.account_id
  JOIN billing.account_head h ON h.account_id = x.account_id AND h.billed_to <= x.from_on
  LEFT JOIN billing.org o ON o.org_id = x.org_id;
COMMENT ON VIEW billing_report.open_exception IS 'the queue: accounts that the last run could not bill and that are not billed since, and why; retry_bills() tries them again';

CREATE VIEW billing_report.exception_reason WITH (security_invoker = true) AS
SELECT x.run_id, x.sqlstate, x.reason, count(*) AS accounts, min(x.account_no) AS first_account_no, min(x.hint) AS hint
  FROM (SELECT e.run_id, e.sqlstate, e.account_no, e.hint, regexp_replace(e.message, '"[^"]*"', '"…"', 'g') AS reason FROM billing_report.run_exception e) x
 GROUP BY x.run_id, x.sqlstate, x.reason;
COMMENT ON VIEW billing_report.exception_reason IS 'why accounts were not billed, and how many of each: messages without the names in them';

CREATE VIEW billing_report.run_total WITH (security_invoker = true) AS
SELECT t.run_id, o.org_no, t.currency, sum(t.bills) AS bills, sum(t.total)::numeric(20,2) AS total
  FROM billing.run_total t LEFT JOIN billing.org o ON o.org_id = t.org_id
 GROUP BY t.run_id, o.org_no, t.currency;
COMMENT ON VIEW billing_report.run_total IS 'what the bills of a dry run would come to, by org and currency';
