CREATE VIEW billing_report.account_phase WITH (security_invoker = true) AS
SELECT a.account_no, p.phase, p.from_on, lead(p.from_on) OVER (PARTITION BY p.account_id ORDER BY p.request_id) AS until_on, p.request_id
  FROM billing.account_phase p JOIN billing.account a ON a.account_id = p.account_id;
COMMENT ON VIEW billing_report.account_phase IS 'what each account has been, from when until when, and by which request';
