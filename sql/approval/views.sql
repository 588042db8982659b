CREATE VIEW billing_report.approval WITH (security_invoker = true) AS
SELECT a.approval_id, o.org_no, a.act, a.subject, a.amount, a.detail::text AS detail,
	   CASE WHEN a.state IN ('open', 'approved') AND a.expires_at <= now() THEN 'expired' ELSE a.state END AS state,
	   a.asked_by, a.asked_at, a.expires_at, a.decided_by, a.decided_at, a.reason, a.used_by, a.used_at,
	   a.state = 'open' AND a.expires_at > now() AND a.asked_by <> billing.actor()
	   AND coalesce(billing.can_do('approve', a.kind, a.org_id) OR billing.is_assigned(a.account_id, 'approve', a.kind), false) AS for_me,
	   n.carried_out_by IS NOT NULL AS at_once
  FROM billing.approval a
  JOIN billing.approval_act n ON n.act = a.act
  LEFT JOIN billing.org o ON o.org_id = a.org_id;
COMMENT ON VIEW billing_report.approval IS 'what waits for a second person and what became of it; for_me: the reader may decide it; at_once: it is carried out as it is approved';
