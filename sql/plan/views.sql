CREATE VIEW billing_report.plan_version WITH (security_invoker = true) AS
SELECT p.plan_code, p.name, v.from_on, lead(v.from_on) OVER (PARTITION BY p.plan_id ORDER BY v.from_on) AS until_on, v.name AS version_name, v.source,
	   c.calendar_code, v.asked, v.market IS NOT NULL AS own_market, v.made_by, v.digest
  FROM billing.plan p
  JOIN billing.plan_version v ON v.plan_id = p.plan_id
  LEFT JOIN billing.calendar c ON c.calendar_id = v.calendar_id;
COMMENT ON VIEW billing_report.plan_version IS 'price plans with their versions: from when until when, by which notice, which market facts they ask for';
