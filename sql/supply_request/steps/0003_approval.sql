-- Requests wait for a second person as requests for an approval; those that wait already are asked for now, by who took the last step.
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('supply_request', 'account', 'a request that begins, changes or ends a supply', '_decide_request');
ALTER TABLE billing.supply_request NO FORCE ROW LEVEL SECURITY;
ALTER TABLE billing.supply_request_event NO FORCE ROW LEVEL SECURITY;
INSERT INTO billing.approval (org_id, act, kind, subject, detail, asked_by, expires_at, account_id)
SELECT r.org_id, 'supply_request', 'account', format('request %s', r.request_id), to_jsonb(r) - 'org_id',
	   (SELECT e.actor FROM billing.supply_request_event e WHERE e.account_id = r.account_id AND e.request_id = r.request_id ORDER BY e.event_no DESC LIMIT 1),
	   now() + interval '7 days', CASE WHEN r.kind <> 'new_supply' THEN r.account_id END
  FROM billing.supply_request r
 WHERE r.state = CASE WHEN r.kind IN ('new_supply', 'capacity_change') THEN 'surveyed' ELSE 'submitted' END
   AND (r.kind NOT IN ('move_out', 'move_in', 'reconnection') OR r.plan_id IS NOT NULL OR r.terms IS NOT NULL);
