CREATE VIEW billing_report.cutover WITH (security_invoker = true) AS
SELECT c.cutover_no, o.org_no, c.from_on, c.source, c.state, i.staged, i.posted, r.rejected, c.made_by, c.made_at, c.decided_by, c.decided_at, c.note
  FROM billing.cutover c
  LEFT JOIN billing.org o ON o.org_id = c.org_id
  LEFT JOIN LATERAL (SELECT count(*) FILTER (WHERE t.state = 'staged') AS staged, count(*) FILTER (WHERE t.state = 'posted') AS posted
					   FROM billing.cutover_item t WHERE t.cutover_id = c.cutover_id) i ON true
  LEFT JOIN LATERAL (SELECT count(*) AS rejected FROM billing.cutover_reject j WHERE j.cutover_id = c.cutover_id) r ON true;
COMMENT ON VIEW billing_report.cutover IS 'imports from an old system, and how far each is';

CREATE VIEW billing_report.cutover_reject WITH (security_invoker = true) AS
SELECT c.cutover_no, r.row_no, r.account_no, r.sqlstate, r.message, r.detail, r.hint, r.raw
  FROM billing.cutover_reject r JOIN billing.cutover c ON c.cutover_id = r.cutover_id;
COMMENT ON VIEW billing_report.cutover_reject IS 'rows of imports that were not taken, and why';

CREATE VIEW billing_report.dispute WITH (security_invoker = true) AS
SELECT a.account_no, d.dispute_no, d.opened_on, d.amount, d.about, d.reference, d.closed_on, d.outcome, d.opened_by, d.closed_by
  FROM billing.dispute d JOIN billing.account a ON a.account_id = d.account_id;
COMMENT ON VIEW billing_report.dispute IS 'disputed amounts, open and closed';
