CREATE VIEW billing_report.late_work WITH (security_invoker = true) AS
SELECT a.account_no, w.cause, w.from_on, w.until_on, w.change_kwh::numeric(20,3) AS change_kwh, w.state, w.reason, w.note, w.at, w.decided_at, w.decided_by
  FROM (SELECT l.account_id, 'reading'::text AS cause, l.from_on, l.until_on, l.change_kwh, l.state, ''::text AS reason, l.note, l.at, l.decided_at, l.decided_by
		  FROM billing.late_reading l
		UNION ALL
		SELECT c.account_id, c.cause, c.from_on, c.until_on, NULL::numeric AS change_kwh, c.state, c.reason, c.note, c.at, c.decided_at, c.decided_by
		  FROM billing.late_change c) w
  JOIN billing.account a ON a.account_id = w.account_id;
COMMENT ON VIEW billing_report.late_work IS
'all that has changed of days that were billed: by what cause, what has become of it (open, settled, left), and why it was left or could not be settled';
