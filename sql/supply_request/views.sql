CREATE VIEW billing_report.supply_request WITH (security_invoker = true) AS
SELECT r.request_id, r.kind, r.state, coalesce(a.account_no, r.made_account_no) AS account_no, c.name AS customer, r.effective_on,
	   CASE WHEN r.kind <> 'new_supply' THEN r.made_account_no END AS new_account_no, p.plan_code, r.terms::text AS terms, r.address, r.reason,
	   r.requested_by, r.requested_at
  FROM billing.supply_request r
  LEFT JOIN billing.account a ON a.account_id = r.account_id
  LEFT JOIN billing.customer c ON c.customer_id = r.customer_id
  LEFT JOIN billing.plan p ON p.plan_id = r.plan_id;
COMMENT ON VIEW billing_report.supply_request IS 'requests with their numbers in words';

CREATE VIEW billing_report.supply_request_event WITH (security_invoker = true) AS
SELECT e.request_id, e.event_no, e.step, e.from_state, e.to_state, e.actor, s.name AS staff, e.at, e.note
  FROM billing.supply_request_event e
  LEFT JOIN billing.staff s ON e.actor = 'staff:' || s.staff_id;
COMMENT ON VIEW billing_report.supply_request_event IS 'the steps of the requests, who took them and when';

CREATE VIEW billing_report.vacant_supply WITH (security_invoker = true) AS
SELECT a.account_no, a.address, p.phase, p.from_on AS since_on
  FROM billing.account a
  JOIN LATERAL (SELECT q.phase, q.from_on FROM billing.account_phase q WHERE q.account_id = a.account_id ORDER BY q.request_id DESC LIMIT 1) p
	ON p.phase IN ('vacated', 'vacant');
COMMENT ON VIEW billing_report.vacant_supply IS 'supplies that nobody uses: the customer has moved out and none has come, or is away; what is used there nonetheless is to be looked into';
