/*
 * Forecasts of many accounts as runs, which the run module drives: the org, its
 * feeders and plans are foreseen when a run begins, the accounts of each feeder
 * are a chunk, since they add up to it.
 */
CREATE FUNCTION billing._forecast_chunk(forecast_id bigint, line_no integer, run_id bigint, OUT foreseen integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	made	record;
BEGIN
	SELECT q.foreseen, q.failed INTO made FROM billing._forecast_feeder(_forecast_chunk.forecast_id, _forecast_chunk.line_no, true) q;
	INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)
	SELECT x.account_id, _forecast_chunk.run_id, x.org_id, f.from_on, f.until_on, x.sqlstate, x.message, x.detail, x.hint
	  FROM jsonb_to_recordset(made.failed) x(account_id bigint, org_id bigint, sqlstate text, message text, detail text, hint text)
	  JOIN billing.load_forecast_run f ON f.run_id = _forecast_chunk.forecast_id;
	foreseen := made.foreseen;
	failed := jsonb_array_length(made.failed);
END $$;
COMMENT ON FUNCTION billing._forecast_chunk(bigint, integer, bigint) IS 'a chunk of a run of kind forecast: how many accounts of a feeder are foreseen, and how many could not be';

CREATE FUNCTION billing._start_forecast(org_no text, from_on date, until_on date, weeks integer, slot interval, calendar_code text, options jsonb, workers integer DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes down the run and its chunks, for who may run bills there and foresee.
DECLARE
	at_org	bigint := billing._org_of(_start_forecast.org_no, 'run', 'bill');
	made	bigint;
	run		bigint;
BEGIN
	-- who comes second takes part in the first one's run
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_forecast %s', at_org), 0));
	SELECT r.run_id INTO run FROM billing.bill_run r JOIN billing.load_forecast_run f ON f.run_id = r.forecast_id
	 WHERE r.org_id = at_org AND r.kind = 'forecast' AND r.finished_at IS NULL AND f.from_on = _start_forecast.from_on AND f.until_on = _start_forecast.until_on
	   AND f.from_on - f.history_from = 7::bigint * _start_forecast.weeks AND f.slot = _start_forecast.slot AND f.options = coalesce(_start_forecast.options, '{}')
	   AND f.calendar_code IS NOT DISTINCT FROM _start_forecast.calendar_code;
	IF FOUND THEN
		UPDATE billing.bill_run r SET workers = greatest(r.workers, _start_forecast.workers), failed_at = NULL, sqlstate = NULL, message = NULL, detail = NULL, hint = NULL WHERE r.run_id = run;
		RETURN run;
	END IF;
	made := billing.make_forecast(_start_forecast.org_no, _start_forecast.from_on, _start_forecast.until_on, _start_forecast.weeks, _start_forecast.slot, false,
				_start_forecast.calendar_code, _start_forecast.options);
	INSERT INTO billing.bill_run AS r (org_id, until_on, kind, forecast_id, workers) VALUES (at_org, _start_forecast.until_on, 'forecast', made, _start_forecast.workers)
	RETURNING r.run_id INTO run;
	INSERT INTO billing.run_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, f.line_no, at_org, q.first, q.last, q.accounts
	  FROM billing.load_forecast f
	 CROSS JOIN LATERAL (SELECT min(a) AS first, max(a) AS last, count(*) AS accounts FROM billing._feeder_accounts(at_org, f.feeder_id) a) q
	 WHERE f.run_id = made AND f.level = 'feeder' AND q.accounts > 0;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_forecast(text, date, date, integer, interval, text, jsonb, integer) IS
'the open run of a forecast of an org over these days, or a new one: the org, its feeders and plans are foreseen at once, the accounts of each feeder are a chunk';

CREATE PROCEDURE billing.run_forecast(org_no text, from_on date, until_on date, weeks integer DEFAULT 12, slot interval DEFAULT '1 hour', calendar_code text DEFAULT NULL,
									  options jsonb DEFAULT NULL, workers integer DEFAULT 0, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run	bigint;
BEGIN
	PERFORM billing._given('run_forecast', org_no, from_on, until_on, weeks, slot, workers), billing._check_no_transaction();
	run := billing._start_forecast(org_no, from_on, until_on, weeks, slot, calendar_code, options);
	COMMIT;
	CALL billing._work(run, workers, result);
END $$;
COMMENT ON PROCEDURE billing.run_forecast(text, date, date, integer, interval, text, jsonb, integer, text) IS
'make_forecast() with the accounts, in chunks that commit, as run_bills() does: first the org, its feeders and plans, then the accounts feeder by feeder; stopped or killed, the same call goes on where it was, '
'several sessions share the work, workers do it in the background, stat_progress says how far it is, and who cannot be foreseen is in run_exception; needs also run on bill';
