CREATE VIEW billing_report.campaign_account WITH (security_invoker = true) AS
SELECT c.code, c.name, p.plan_code, a.account_no, o.plan_code AS own_plan_code, m.before, m.after, m.before - m.after AS saving, m.state, m.note, m.changed_by, m.changed_at, m.account_id
  FROM billing.campaign_account m
  JOIN billing.campaign c ON c.campaign_id = m.campaign_id
  JOIN billing.plan p ON p.plan_id = c.plan_id
  JOIN billing.plan o ON o.plan_id = m.plan_id
  JOIN billing.account a ON a.account_id = m.account_id;
COMMENT ON VIEW billing_report.campaign_account IS 'whom campaigns are for: what each would have saved over the basis, and what was answered';
