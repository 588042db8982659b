CREATE VIEW billing_report.bill WITH (security_invoker = true) AS
SELECT a.account_no, o.org_no, b.from_on, b.until_on, b.revision, b.kind, b.total, billing.currency(b.charges) AS currency,
	   b.issued_at, b.issued_by, b.reason,
	   b.kind = 'normal' AND EXISTS (SELECT FROM billing.bill r WHERE r.account_id = b.account_id AND r.from_on = b.from_on
									  AND r.revision = b.revision AND r.kind = 'reversal') AS reversed
  FROM billing.bill b
  JOIN billing.account a ON a.account_id = b.account_id
  LEFT JOIN billing.org o ON o.org_id = b.issued_org_id;
COMMENT ON VIEW billing_report.bill IS 'bills with their numbers in words; org_no: who issued it, where the reader may see that org';

CREATE VIEW billing_report.bill_line WITH (security_invoker = true) AS
SELECT a.account_no, b.from_on AS billed_from_on, b.revision, b.kind AS bill_kind, l.*
  FROM billing.bill b
  JOIN billing.account a ON a.account_id = b.account_id
 CROSS JOIN LATERAL billing.lines(b.charges) l;
COMMENT ON VIEW billing_report.bill_line IS 'the lines of the bills; of a reversal those of the bill it reverses';
