GRANT SELECT ON billing.anchor TO billing_admin, billing_clerk, billing_auditor;
GRANT SELECT ON billing.period_close TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.anchor_heads(text), billing.close_period(text, date, boolean) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing._anchor_json(billing.anchor), billing.export_anchors(text), billing.export_chains(text, bigint)
	TO billing_admin, billing_clerk, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.bill_proof(text, date, integer), billing._anchor_proof(bigint, bigint) TO billing_clerk, billing_auditor, billing_customer;
