CREATE VIEW billing_report.bill WITH (security_invoker = true) AS
SELECT a.account_no, o.org_no, b.from_on, b.until_on, b.revision, b.kind, b.total, billing.currency(b.charges) AS currency,
	   b.issued_at, b.issued_by, b.reason, r.seq IS NOT NULL AS reversed,
	   b.kind = 'normal' AND coalesce(b.until_on = h.stops_on, false) AS final,
	   EXISTS (SELECT FROM billing.lines(b.charges) l WHERE l.estimated) AS estimated,
	   (SELECT min(s.revision) FROM billing.bill s
		 WHERE s.account_id = b.account_id AND s.from_on = b.from_on AND s.until_on = b.until_on AND s.seq > b.seq AND s.kind IN ('normal', 'correction')
		   AND b.kind IN ('normal', 'correction')
		   AND NOT EXISTS (SELECT FROM billing.bill n WHERE n.account_id = s.account_id AND n.from_on = s.from_on AND n.reverses_seq = s.seq)) AS settled_by,
	   b.account_id, b.seq AS bill_id
  FROM billing.bill b
  LEFT JOIN billing.bill r ON r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq
  JOIN billing.account a ON a.account_id = b.account_id
  LEFT JOIN billing.account_head h ON h.account_id = b.account_id
  LEFT JOIN billing.org o ON o.org_id = b.issued_org_id;
COMMENT ON VIEW billing_report.bill IS
'bills with their numbers in words; org_no: who issued it, where the reader may see that org; final: the last one of the account; estimated: rests on readings '
'that are not actual; settled_by: the later revision that says what its days come to now; account_id with bill_id, the number of its link in the chain, '
'is what explain_bill() takes';

CREATE VIEW billing_report.bill_line WITH (security_invoker = true) AS
SELECT a.account_no, b.from_on AS billed_from_on, b.revision, b.kind AS bill_kind, l.*
  FROM billing.bill b
  JOIN billing.account a ON a.account_id = b.account_id
 CROSS JOIN LATERAL billing.lines(b.charges) l;
COMMENT ON VIEW billing_report.bill_line IS 'the lines of the bills; of a reversal those of the bill it reverses';

CREATE VIEW billing_report.transfer WITH (security_invoker = true) AS
SELECT a.account_no, o.org_no, t.seq, t.debit, t.credit, t.amount, t.posted_at, t.posted_by, t.value_on, t.key, t.bill_seq
  FROM billing.transfer t
  JOIN billing.account a ON a.account_id = t.account_id
  LEFT JOIN billing.org o ON o.org_id = t.issued_org_id;
COMMENT ON VIEW billing_report.transfer IS
'the ledger: money from one book to another, with the value date of payments; org_no: whose account it was then, where the reader may see that org';

CREATE VIEW billing_report.bill_period WITH (security_invoker = true) AS
SELECT a.account_no, p.from_on, p.until_on, p.state, p.bills, p.total, p.currency
  FROM billing.account a
 CROSS JOIN LATERAL (
	-- what bills have made of the time so far
	SELECT b.from_on, b.until_on, CASE WHEN bool_or(b.kind = 'normal' AND r.seq IS NULL) THEN 'billed' ELSE 'voided' END AS state,
		   count(*) FILTER (WHERE b.kind <> 'reversal' AND r.seq IS NULL)::integer AS bills, sum(b.total)::numeric(20,2) AS total,
		   max(billing.currency(b.charges)) AS currency
	  FROM billing.bill b
	  LEFT JOIN billing.bill r ON r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq
	 WHERE b.account_id = a.account_id
	 GROUP BY b.from_on, b.until_on
	-- what is charged for some days beside it makes no period of them
	HAVING bool_or(b.kind = 'normal')
	UNION ALL
	-- and the one that is open
	SELECT h.billed_to AS from_on, least(billing._period_end(h.billed_to, h.cycle_day, h.cycle_months, h.cycle_first), h.stops_on,
							  (SELECT min(c.c) FROM unnest(h.plan_changes) c(c) WHERE c.c > h.billed_to)) AS until_on,
		   'open'::text AS state, 0 AS bills, NULL::numeric AS total, h.currency
	  FROM billing.account_head h WHERE h.account_id = a.account_id AND (h.stops_on IS NULL OR h.billed_to < h.stops_on)) p;
COMMENT ON VIEW billing_report.bill_period IS
'the periods of each account 账期: those billed with how many bills stand and what they come to, corrections included, those voided, and the open one';
