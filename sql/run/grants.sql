GRANT SELECT ON billing.bill_run, billing.run_chunk, billing.run_exception, billing.run_total, billing.stat_progress,
	billing_report.run_exception, billing_report.open_exception, billing_report.exception_reason, billing_report.run_total
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing._run_key(bigint), billing._run_sessions(bigint), billing.progress_bar(bigint, integer)
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing._start_run(text, date, integer, text, integer), billing._start_retry(bigint, text[], text), billing._take_up_run(bigint),
	billing._run_chunk(bigint), billing._finish_run(bigint), billing._raise_failure(bigint), billing._check_no_transaction(),
	billing.start_bills(text, date, integer, integer, boolean), billing.cancel_run(bigint) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing._work(bigint, integer, text), billing.run_bills(text, date, integer, integer, boolean, text),
	billing.resume_run(bigint, integer, text), billing.retry_bills(bigint, text[], text, integer, text) TO billing_clerk;
