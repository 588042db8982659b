CREATE VIEW billing_report.batch WITH (security_invoker = true) AS
SELECT b.batch_id, o.org_no, b.format, b.file_name, b.source, b.mapping, encode(b.digest, 'hex') AS sha256, b.again_of,
	   CASE WHEN b.landed_at IS NULL THEN 'received' ELSE 'landed' END AS state,
	   b.received_at, b.received_by, b.landed_at, b.landed_by, b.taken, b.unchanged, b.rejected
  FROM billing.batch b LEFT JOIN billing.org o ON o.org_id = b.org_id;
COMMENT ON VIEW billing_report.batch IS 'files received, and what became of them; org_no where the reader may see that org';

CREATE VIEW billing_report.batch_reject WITH (security_invoker = true) AS
SELECT r.batch_id, b.file_name, r.line, r.sqlstate, r.message, r.detail, r.hint, r.content
  FROM billing.batch_reject r JOIN billing.batch b ON b.batch_id = r.batch_id;
COMMENT ON VIEW billing_report.batch_reject IS 'records of files that were not taken: where, why, and their text';
