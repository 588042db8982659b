GRANT SELECT ON billing.csv_mapping TO billing_admin, billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.batch, billing.batch_head, billing.batch_reject, billing_report.batch, billing_report.batch_reject
	TO billing_admin, billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.batch_manifest TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.receive(text, bytea, text, text, text, text) TO billing_admin, billing_clerk;
GRANT EXECUTE ON FUNCTION billing._batch_content(billing.batch), billing._reading_leaf(bigint, text, text, date, date, bytea), billing._channel_of(text, text, jsonb)
	TO billing_clerk, billing_analyst, billing_auditor;
