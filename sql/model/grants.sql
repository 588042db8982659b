GRANT SELECT ON billing.model, billing.model_label, billing.model_version, billing.model_backtest, billing_report.model_version
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.label_account(text, text, boolean, date, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.add_model(text, text, text), billing.train_model(text, date, integer, jsonb) TO billing_clerk, billing_analyst;
GRANT EXECUTE ON FUNCTION billing.score_accounts(text, text, date, integer), billing.explain_score(text, text, date, integer), billing._model_of(text),
	billing._model_version_of(text, integer), billing._usage_profile(bigint, daterange), billing._usage_profiles(bigint[], daterange), billing._months_before(date, integer),
	billing._grid_slots(billing.profile), billing._model_reference(bigint[], daterange), billing._model_scores(billing.model_version, bigint[], date)
	TO billing_clerk, billing_analyst, billing_auditor;
