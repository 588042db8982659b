GRANT SELECT ON billing.reading TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
-- in bulk, as COPY or INSERT … SELECT
GRANT INSERT (account_id, part, channel, org_id, source, profile) ON billing.reading TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.record_profile(text, billing.profile, text, text, text) TO billing_clerk;
GRANT SELECT ON billing.reading_piece, billing.late_reading TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.reading_superseded TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
-- verify() asks for them
GRANT EXECUTE ON FUNCTION billing._usage_digest_at(bigint, date, date, bigint),
	billing._readings_at(bigint, date, date, bigint) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
