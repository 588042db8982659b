CREATE VIEW billing_report.staff_right WITH (security_invoker = true) AS
WITH RECURSIVE member (staff_id, group_id) AS (
	SELECT m.staff_id, m.group_id FROM billing.group_staff m WHERE m.valid_during @> now()
	UNION
	SELECT s.staff_id, g.group_id FROM billing.access_group g JOIN billing.staff s ON s.post = g.post AND g.org_id = ANY (billing._orgs_above(s.org_id))
	UNION
	SELECT m.staff_id, g.group_id FROM member m JOIN billing.group_group g ON g.member_id = m.group_id WHERE g.valid_during @> now()
), held (staff_id, org_id, kind, action, valid_during, via) AS (
	SELECT g.staff_id, g.org_id, g.kind, g.action, g.valid_during, NULL::text
	  FROM billing.access_grant g WHERE g.valid_during @> now()
	UNION ALL
	-- what a post may, each who holds it may at his own org
	SELECT m.staff_id, CASE WHEN x.post IS NOT NULL AND g.org_id = ANY (billing._orgs_above(s.org_id)) THEN s.org_id ELSE g.org_id END,
		   g.kind, g.action, g.valid_during, x.group_no
	  FROM member m JOIN billing.access_group x ON x.group_id = m.group_id JOIN billing.staff s ON s.staff_id = m.staff_id
	  JOIN billing.group_grant g ON g.group_id = m.group_id AND g.valid_during @> now()
	 WHERE x.post IS NULL OR g.org_id = ANY (billing._orgs_above(s.org_id)) OR s.org_id = ANY (billing._orgs_above(g.org_id))), holder (staff_id, for_staff_id) AS (
	SELECT s.staff_id, s.staff_id FROM billing.staff s
	UNION ALL
	SELECT i.staff_id, i.for_staff_id FROM billing.stand_in i JOIN billing.staff s ON s.staff_id = i.for_staff_id AND s.valid_during @> now() WHERE i.valid_during @> now())
SELECT s.staff_no, s.name, o.org_no, h.kind, h.action, h.via AS group_no,
	   (SELECT upper(v) FROM unnest(h.valid_during) v WHERE v @> now()) AS until_at,
	   (SELECT a.staff_no FROM billing.staff a WHERE a.staff_id = w.for_staff_id AND a.staff_id <> s.staff_id) AS stands_in_for
  FROM held h
  JOIN holder w ON w.for_staff_id = h.staff_id
  JOIN billing.staff s ON s.staff_id = w.staff_id AND s.valid_during @> now()
  JOIN billing.org o ON o.org_id = h.org_id;
COMMENT ON VIEW billing_report.staff_right IS
'who may do what where, now, by which group (none: granted to the person), for whom he stands in; where duties are separate, who may write may not approve all the same';
