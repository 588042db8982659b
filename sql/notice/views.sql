CREATE VIEW billing_report.notice WITH (security_invoker = true) AS
SELECT n.notice_id, a.account_no, o.org_no, n.kind, n.about, n.channel, n.locale, n.state, n.next_at, n.attempts, n.queued_at, n.sent_at, n.answered_at, n.message_id, n.reason
  FROM billing.notice n
  JOIN billing.account a ON a.account_id = n.account_id
  LEFT JOIN billing.org o ON o.org_id = n.org_id;
COMMENT ON VIEW billing_report.notice IS 'what customers were told, or will be; notice_text() has the words';

CREATE VIEW billing_report.notice_count WITH (security_invoker = true) AS
SELECT o.org_no, n.kind, n.channel, n.state, count(*) AS notices, min(n.queued_at) AS first_at, max(n.reason) AS last_reason
  FROM billing.notice n
  LEFT JOIN billing.org o ON o.org_id = n.org_id
 GROUP BY o.org_no, n.kind, n.channel, n.state;
COMMENT ON VIEW billing_report.notice_count IS 'how many notices are in which state, by org, kind and channel';
