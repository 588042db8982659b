GRANT SELECT ON billing.bill_run, billing.run_chunk, billing.run_exception, billing.stat_progress, billing_report.run_exception
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing._start_run(text, date, integer), billing._run_chunk(bigint), billing._finish_run(bigint) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.run_bills(text, date, integer, text) TO billing_clerk;
