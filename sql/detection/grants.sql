GRANT SELECT ON billing.detector_rule, billing.anomaly, billing_report.anomaly, billing_report.anomaly_count, billing_report.detector_hits TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.detectors(), billing.anomaly_evidence(bigint) TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.set_detector(text, text, boolean, double precision, numeric), billing.assign_anomaly(bigint, text, date), billing.work_on_anomaly(bigint, text),
	billing.close_anomaly(bigint, text, text), billing._start_detection(text, date, date, integer) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.run_detection(text, date, date, integer, integer, text) TO billing_clerk;
