GRANT SELECT ON billing.account_industry, billing.segmentation, billing.segment_member, billing_report.segment_member TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.account_industry TO billing_customer;
GRANT EXECUTE ON FUNCTION billing.set_industry(text, text, date) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_segmentation(text, text, text, text, jsonb), billing.refresh_segments(text, date, integer, boolean),
	billing.put_segments(text, date, bigint[], text[], numeric[]) TO billing_clerk, billing_analyst;
GRANT EXECUTE ON FUNCTION billing.segment_accounts(text, date), billing._segmentation_of(text), billing.segment_revenue(text, daterange, date), billing.industry_sections()
	TO billing_clerk, billing_analyst, billing_auditor;
-- a customer may ask what of his is to be rated otherwise; of segments he sees none
GRANT EXECUTE ON FUNCTION billing.accounts_where(jsonb, date) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
