CREATE VIEW billing_report.bill_draft WITH (security_invoker = true) AS
SELECT a.account_no, d.draft_no, d.version, d.kind, d.from_on, d.until_on, d.state, d.total, billing.currency(d.charges) AS currency, d.reason,
	   array_to_string(d.explanation, E'\n') AS explanation, d.made_by, d.made_at, d.edited_by, d.edited_at, d.ended_by, d.ended_at, d.bill_seq
  FROM billing.bill_draft d JOIN billing.account a ON a.account_id = d.account_id;
COMMENT ON VIEW billing_report.bill_draft IS 'drafts of bills, what has become of them, and how their lines came about';

CREATE VIEW billing_report.bill_draft_line WITH (security_invoker = true) AS
SELECT a.account_no, d.draft_no, d.kind AS draft_kind, l.*
  FROM billing.bill_draft d JOIN billing.account a ON a.account_id = d.account_id
 CROSS JOIN LATERAL billing.lines(d.charges) l;
COMMENT ON VIEW billing_report.bill_draft_line IS 'the lines of the drafts';
