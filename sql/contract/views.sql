CREATE VIEW billing_report.contract WITH (security_invoker = true) AS
SELECT a.account_no, c.contract_no, v.version, v.state, lower(v.valid_during) AS from_on, upper(v.valid_during) AS until_on, p.plan_code,
	   v.terms::text AS terms, v.other_terms::text AS other_terms, v.late_fee_rate, c.renewal, c.renewal_months, c.terminated_on,
	   v.signed_on, encode(v.signature_digest, 'hex') AS signature_digest
  FROM billing.contract c
  JOIN billing.contract_version v ON v.account_id = c.account_id AND v.contract_no = c.contract_no
  JOIN billing.account a ON a.account_id = c.account_id
  JOIN billing.plan p ON p.plan_id = v.plan_id;
COMMENT ON VIEW billing_report.contract IS 'contracts with all their versions';
