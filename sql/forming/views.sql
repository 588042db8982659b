CREATE VIEW billing_report.formed_usage WITH (security_invoker = true) AS
SELECT a.account_no, u.from_on, u.until_on, u.revision, u.state, u.sqlstate, u.message, u.detail, u.hint, u.made_at, u.made_by
  FROM billing.formed_usage u JOIN billing.account a ON a.account_id = u.account_id;
COMMENT ON VIEW billing_report.formed_usage IS 'what was formed when, what could not be and why, and what changed after it was billed (late); the steps: billing.explain_usage()';

CREATE VIEW billing_report.collective_bill WITH (security_invoker = true) AS
SELECT c.collective_no, c.name, b.from_on, b.until_on, a.account_no, b.revision, b.kind, b.total, billing.currency(b.charges) AS currency,
	   (sum(b.total) OVER (PARTITION BY c.collective_id, b.from_on))::numeric(20,2) AS collective_total
  FROM billing.collective c
  JOIN billing.collective_member m ON m.collective_id = c.collective_id
  JOIN billing.bill b ON b.account_id = m.account_id AND b.from_on >= m.from_on AND (m.until_on IS NULL OR b.from_on < m.until_on)
  JOIN billing.account a ON a.account_id = b.account_id;
COMMENT ON VIEW billing_report.collective_bill IS 'the bills of accounts that are on one statement, and what they come to together; reversals count against what they reverse';
