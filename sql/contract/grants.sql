GRANT SELECT ON billing.contract, billing.contract_version, billing_report.contract TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.contract_ends_on(bigint, text, date) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.ending_contracts(text, date), billing.contract_compliance(text, daterange), billing._orgs_below(bigint)
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.draft_contract(text, text, daterange, text, jsonb, jsonb, numeric, integer, integer),
	billing.amend_contract(text, text, date, text, jsonb, jsonb, numeric, date), billing.withdraw_contract_draft(text, text), billing.approve_contract(text, text),
	billing.sign_contract(text, text, date, bytea), billing.terminate_contract(text, text, date, text) TO billing_clerk;
