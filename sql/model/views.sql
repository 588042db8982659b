CREATE VIEW billing_report.model_version WITH (security_invoker = true) AS
SELECT m.code, m.name, v.version, v.grade, v.until_on, v.months, v.options::text AS options, v.rows, v.positive, encode(v.training_digest, 'hex') AS training_digest,
	   avg(b.auc) AS auc, avg(b.average_precision) AS average_precision, avg(b.map_100) AS map_100, v.trained_by, v.trained_at
  FROM billing.model_version v
  JOIN billing.model m ON m.model_id = v.model_id
  LEFT JOIN billing.model_backtest b ON b.model_id = v.model_id AND b.version = v.version
 GROUP BY m.model_id, v.model_id, v.version;
COMMENT ON VIEW billing_report.model_version IS 'models by version: from what each was trained, and the means of its back-test over the folds';
