GRANT SELECT ON billing.bill_draft, billing_report.bill_draft, billing_report.bill_draft_line TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.draft_bill(text, text, date, date, jsonb, text, numeric), billing.draft_next_bill(text, date),
	billing.draft_rated_bill(text, text, text, date, date, text, jsonb, jsonb), billing.edit_draft(text, integer, jsonb, text, numeric), billing.discard_draft(text, integer),
	billing.submit_draft(text, integer), billing.issue_draft(text, integer), billing.reverse_bill(text, bigint, text), billing.settle_deposit(text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.compare_draft(text, integer) TO billing_clerk, billing_analyst, billing_auditor;
