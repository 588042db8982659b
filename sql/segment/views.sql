CREATE VIEW billing_report.segment_member WITH (security_invoker = true) AS
SELECT s.code, s.name, s.kind, m.segment, a.account_no, m.measure, m.from_on, m.until_on, m.account_id
  FROM billing.segment_member m
  JOIN billing.segmentation s ON s.segmentation_id = m.segmentation_id
  JOIN billing.account a ON a.account_id = m.account_id;
COMMENT ON VIEW billing_report.segment_member IS 'who is, or was, in which segment, since when, and by which measure';
