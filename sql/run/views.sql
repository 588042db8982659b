CREATE VIEW billing.stat_progress WITH (security_invoker = true) AS
SELECT r.run_id, o.org_no, r.until_on, r.requested_by, CASE WHEN r.finished_at IS NULL THEN 'billing' ELSE 'finished' END AS phase,
	   coalesce(c.done, 0) AS accounts_done, coalesce(c.total, 0) AS accounts_total, c.billed AS bills, c.failed AS exceptions,
	   round(c.done / nullif(extract(epoch FROM c.last_at - r.requested_at), 0), 1) AS accounts_per_second,
	   CASE WHEN r.finished_at IS NULL AND c.done > 0 THEN date_trunc('second', (c.last_at - r.requested_at) * ((c.total - c.done)::double precision / c.done)) END AS remaining
  FROM billing.bill_run r
  LEFT JOIN billing.org o ON o.org_id = r.org_id
  LEFT JOIN (SELECT h.run_id, sum(h.accounts) AS total, sum(h.accounts) FILTER (WHERE h.done_at IS NOT NULL) AS done,
					sum(h.billed) AS billed, sum(h.failed) AS failed, max(h.done_at) AS last_at
			   FROM billing.run_chunk h GROUP BY h.run_id) c ON c.run_id = r.run_id;
COMMENT ON VIEW billing.stat_progress IS 'how far each run is, as of its last commit, at what rate, and how long it will take';

CREATE VIEW billing_report.run_exception WITH (security_invoker = true) AS
SELECT x.run_id, a.account_no, x.from_on, x.until_on, x.sqlstate, x.message, x.detail, x.hint, x.at
  FROM billing.run_exception x JOIN billing.account a ON a.account_id = x.account_id;
COMMENT ON VIEW billing_report.run_exception IS 'accounts that a run could not bill, and why';
