CREATE VIEW billing_report.register_reading WITH (security_invoker = true) AS
SELECT a.account_no, r.part, r.register, r.read_on, r.kind, r.value, r.multiplier, r.digits::integer AS digits, r.estimated, r.state, r.finding, r.detail,
	   r.source, r.author, r.entered_at, r.approved_by, r.decided_at, r.reason, r.entry_no
  FROM billing.register_reading r JOIN billing.account a ON a.account_id = r.account_id;
COMMENT ON VIEW billing_report.register_reading IS 'readings of registers, all entries with what was found and who decided; state pending: the list of those that wait';
