GRANT SELECT ON billing.notice_kind TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.notice_rule, billing.disconnection_rule, billing_report.notice_count TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.notice_template, billing.notice, billing_report.notice TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing._filled(text, jsonb), billing.notice_text(bigint) TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT EXECUTE ON FUNCTION billing.reconnections(text) TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_notice_rule(text, text, date, text, text, integer, text), billing.set_notice_template(text, text, text, text, text, text),
	billing.set_disconnection_rule(text, text, date, integer, integer, integer, integer, text), billing.queue_notices(text, date), billing.queue_price_change(text, text, date),
	billing.queue_notice(text, text, text, text, text, timestamptz), billing.requeue_notice(bigint, text), billing.take_notices(text, integer, interval), billing.notice_sent(bigint, text),
	billing.notice_failed(bigint, text, boolean) TO billing_clerk;
