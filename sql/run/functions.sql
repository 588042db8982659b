/*
 * The usage of an account that is not billed by its profiles alone.  What is
 * missing is a value, so that it becomes an exception of its account.
 */
CREATE FUNCTION billing._stored_usages(accounts bigint[], sources text[], from_days date[], until_days date[])
RETURNS TABLE (place bigint, usage billing.usage, digest bytea, sqlstate text, message text, detail text, hint text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH asked AS MATERIALIZED (
		SELECT s.*, row_number() OVER (PARTITION BY s.source ORDER BY s.n) AS place
		  FROM unnest(_stored_usages.accounts, _stored_usages.sources, _stored_usages.from_days, _stored_usages.until_days) WITH ORDINALITY s(account_id, source, from_on, until_on, n)),
	list AS MATERIALIZED (
		SELECT a.source, array_agg(a.account_id ORDER BY a.n) AS accounts, array_agg(a.from_on ORDER BY a.n) AS from_days, array_agg(a.until_on ORDER BY a.n) AS until_days
		  FROM asked a GROUP BY a.source),
	found AS (
		SELECT l.source, q.place, q.usage, q.digest, q.missing, NULL::text AS sqlstate, NULL::text AS message, NULL::text AS detail, NULL::text AS hint
		  FROM list l CROSS JOIN LATERAL billing._register_usages(l.accounts, l.from_days, l.until_days) q WHERE l.source = 'register'
		UNION ALL
		SELECT l.source, q.place, q.usage, q.digest, NULL, q.sqlstate, q.message, q.detail, q.hint
		  FROM list l CROSS JOIN LATERAL billing._formed_usages(l.accounts, l.from_days, l.until_days) q WHERE l.source = 'formed'),
	judged AS (
		SELECT a.n, f.*, a.source = 'register' AND (f.missing IS NOT NULL OR f.usage IS NULL) AS lacks FROM asked a LEFT JOIN found f ON f.source = a.source AND f.place = a.place)
	SELECT j.n, coalesce(j.usage, billing.usage()), j.digest, CASE WHEN j.lacks THEN 'UB122' ELSE j.sqlstate END,
		   CASE WHEN j.lacks THEN 'a register was not read' ELSE j.message END,
		   CASE WHEN NOT j.lacks THEN j.detail WHEN j.missing IS NOT NULL THEN format('Missing: %s.', j.missing) ELSE 'There is no reading at all.' END,
		   CASE WHEN j.lacks THEN 'record_register() enters it, estimate_register() estimates it.' ELSE j.hint END
	  FROM judged j ORDER BY j.n;
END $$;
COMMENT ON FUNCTION billing._stored_usages(bigint[], text[], date[], date[]) IS
'of each of these spans of accounts, in their order: the usage of one that is billed by registers or by what was formed, or what is missing of it';

CREATE FUNCTION billing._stored_usage(account_id bigint, usage_from text, from_on date, until_on date, OUT usage billing.usage, OUT digest bytea,
									  OUT sqlstate text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	SELECT q.usage, q.digest, q.sqlstate, q.message, q.detail, q.hint INTO usage, digest, sqlstate, message, detail, hint
	  FROM billing._stored_usages(ARRAY[_stored_usage.account_id], ARRAY[_stored_usage.usage_from], ARRAY[_stored_usage.from_on], ARRAY[_stored_usage.until_on]) q;
END $$;
COMMENT ON FUNCTION billing._stored_usage(bigint, text, date, date) IS 'the same of one span';

-- asked once a plan version and span by each chunk of a run
CREATE FUNCTION billing._bill_market(plan_id bigint, version_from_on date, from_on date, until_on date)
RETURNS billing.market
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT m.market FROM billing.plan_market k JOIN billing.market_value m ON m.digest = k.digest
					  WHERE k.plan_id = v.plan_id AND k.from_on = v.from_on AND k.month_on = date_trunc('month', _bill_market.from_on::timestamp)::date
						AND k.months = CASE WHEN _bill_market.until_on <= date_trunc('month', _bill_market.from_on::timestamp) + interval '1 month' THEN 1
											WHEN _bill_market.until_on <= date_trunc('month', _bill_market.from_on::timestamp) + interval '2 months' THEN 2 END
					  ORDER BY k.as_of DESC LIMIT 1),
				   billing._market(v.tariff, v.asked, v.calendar_id, _bill_market.from_on, _bill_market.until_on))
	  FROM billing.plan_version v WHERE v.plan_id = _bill_market.plan_id AND v.from_on = _bill_market.version_from_on;
END;
COMMENT ON FUNCTION billing._bill_market(bigint, date, date, date) IS 'what a version of a plan asks of the market for the days of a bill: as the run has prepared it, or made now';

CREATE FUNCTION billing._bill_safely(run_id bigint, org_id bigint, until_on date, first_account bigint, last_account bigint,
									 OUT billed integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- An error that is no value of try_rate() takes the statement with it: halve the range until the culprit is alone.
DECLARE
	part	record;
	due		record;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	BEGIN
		SELECT r.billed, r.failed INTO billed, failed
		  FROM billing._bill_accounts(_bill_safely.run_id, _bill_safely.org_id, _bill_safely.until_on, _bill_safely.first_account, _bill_safely.last_account) r;
		RETURN;
	EXCEPTION
		-- these are of the run, not of an account
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	SELECT count(*) AS accounts, min(h.account_id) AS first, max(h.account_id) AS last,
		   percentile_disc(0.5) WITHIN GROUP (ORDER BY h.account_id) AS middle, min(h.billed_to) AS from_on INTO due
	  FROM billing.account_head h
	 WHERE h.org_id = _bill_safely.org_id AND h.account_id BETWEEN _bill_safely.first_account AND _bill_safely.last_account
	   AND billing._is_due(h, _bill_safely.until_on)
	   AND NOT EXISTS (SELECT FROM billing.run_exception x WHERE x.account_id = h.account_id AND x.run_id = _bill_safely.run_id);
	billed := 0;
	failed := 0;
	IF due.accounts = 1 THEN
		INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)
		VALUES (due.first, _bill_safely.run_id, _bill_safely.org_id, due.from_on, _bill_safely.until_on, code, message, nullif(detail, ''), nullif(hint, ''));
		failed := 1;
	ELSIF due.accounts > 1 THEN
		FOR part IN SELECT q.* FROM (VALUES (due.first, due.middle), (due.middle + 1, due.last)) v(first, last),
							LATERAL billing._bill_safely(_bill_safely.run_id, _bill_safely.org_id, _bill_safely.until_on, v.first, v.last) q
		LOOP
			billed := billed + part.billed;
			failed := failed + part.failed;
		END LOOP;
	END IF;
END $$;
COMMENT ON FUNCTION billing._bill_safely(bigint, bigint, date, bigint, bigint) IS 'bills a range; who cannot be billed stands alone as an exception in the end';

-- Whoever works on a run holds this lock shared, so that others see that somebody does.
CREATE FUNCTION billing._run_key(run_id bigint)
RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- the number as text at once: with || of another type it would not be immutable, and be planned at each call
	SELECT hashtextextended('billing.run ' || _run_key.run_id::text, 0);
END;
COMMENT ON FUNCTION billing._run_key(bigint) IS 'the advisory lock of a run';

CREATE FUNCTION billing._run_sessions(run_id bigint)
RETURNS bigint
LANGUAGE sql VOLATILE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT count(*) FROM pg_locks l
	 WHERE l.locktype = 'advisory' AND l.objsubid = 1 AND l.granted AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
	   AND (l.classid::bigint << 32 | l.objid::bigint) = billing._run_key(_run_sessions.run_id);
END;
COMMENT ON FUNCTION billing._run_sessions(bigint) IS 'how many sessions and background workers work on a run at this moment';

CREATE FUNCTION billing._rehearse_chunk(run_id bigint, chunk_no integer, org_id bigint, until_on date, first_account bigint, last_account bigint,
										OUT billed integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Billed as a run does it, looked at, and rolled back: it cannot say anything else than the run will.
DECLARE
	part	record;
	found	billing.run_exception[];
	totals	billing.run_total[];
BEGIN
	billed := 0;
	BEGIN
		LOOP
			SELECT q.billed, q.failed INTO part
			  FROM billing._bill_safely(_rehearse_chunk.run_id, _rehearse_chunk.org_id, _rehearse_chunk.until_on, _rehearse_chunk.first_account, _rehearse_chunk.last_account) q;
			billed := billed + part.billed;
			EXIT WHEN part.billed + part.failed = 0;
		END LOOP;
		SELECT array_agg(x) INTO found FROM billing.run_exception x
		 WHERE x.run_id = _rehearse_chunk.run_id AND x.account_id BETWEEN _rehearse_chunk.first_account AND _rehearse_chunk.last_account;
		SELECT found || array_agg(ROW (h.account_id, _rehearse_chunk.run_id, h.org_id, h.billed_to, _rehearse_chunk.until_on, '55P03', 'somebody works on the account',
									   NULL, 'A run that is not dry waits for it.', clock_timestamp())::billing.run_exception) INTO found
		  FROM billing.account_head h
		 WHERE h.org_id = _rehearse_chunk.org_id AND h.account_id BETWEEN _rehearse_chunk.first_account AND _rehearse_chunk.last_account
		   AND billing._is_due(h, _rehearse_chunk.until_on)
		   AND NOT EXISTS (SELECT FROM billing.run_exception x WHERE x.account_id = h.account_id AND x.run_id = _rehearse_chunk.run_id);
		SELECT array_agg(ROW (_rehearse_chunk.run_id, _rehearse_chunk.chunk_no, q.currency, _rehearse_chunk.org_id, q.bills, q.total)::billing.run_total) INTO totals
		  FROM (SELECT billing.currency(b.charges) AS currency, count(*)::integer AS bills, sum(b.total)::numeric(20,2) AS total FROM billing.bill b
				 WHERE b.run_id = _rehearse_chunk.run_id AND b.account_id BETWEEN _rehearse_chunk.first_account AND _rehearse_chunk.last_account
				 GROUP BY 1) q;
		RAISE EXCEPTION 'all of this is undone' USING ERRCODE = 'ZZ000';
	EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
		NULL;
	END;
	INSERT INTO billing.run_exception SELECT u.* FROM unnest(found) u;
	INSERT INTO billing.run_total SELECT u.* FROM unnest(totals) u;
	failed := coalesce(cardinality(found), 0);
END $$;
COMMENT ON FUNCTION billing._rehearse_chunk(bigint, integer, bigint, date, bigint, bigint) IS
'a chunk of a dry run: what its bills would come to, and which accounts could not be billed; stores no bill';

CREATE FUNCTION billing._check_run_right(allowed boolean)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF allowed IS NOT TRUE THEN
		RAISE EXCEPTION 'this needs the right to run bill at the run''s org' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_run_right(boolean) IS 'raises where a run''s right is not there, or not any more';

CREATE FUNCTION billing._run_chunk(run_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- a chunk is small beside its tables: always by their keys, whatever the statistics say
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
-- planned once a session; a chunk's rows wait in memory
SET plan_cache_mode = force_generic_plan
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
-- Definer: bills and money are written by runs only, for who may run bills at the chunk's org.
DECLARE
	chunk	record;
	part	record;
	n		integer := 0;
	waiting	boolean := false;
	allowed	boolean;
BEGIN
	-- at each chunk anew: a right may have gone since the run began
	SELECT billing.can_do('run', 'bill', r.org_id) INTO allowed FROM billing.bill_run r WHERE r.run_id = _run_chunk.run_id;
	IF NOT FOUND AND billing._works_for(_run_chunk.run_id) THEN
		RETURN NULL;	-- who asked for it has rolled back
	END IF;
	PERFORM billing._check_run_right(allowed);
	PERFORM pg_advisory_xact_lock_shared(billing._run_key(_run_chunk.run_id));
	SELECT c.run_id, c.chunk_no, c.org_id, c.first_account, c.last_account, c.attempts, c.billed, c.failed, r.from_on, r.until_on, r.kind, r.forecast_id, clock_timestamp() AS began_at INTO chunk
	  FROM billing.run_chunk c JOIN billing.bill_run r ON r.run_id = c.run_id
	 WHERE c.run_id = _run_chunk.run_id AND c.done_at IS NULL AND r.finished_at IS NULL
	 ORDER BY c.attempts, c.chunk_no LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	-- of a plan that came since the run began
	PERFORM billing._prepare_markets(greatest(q.from_on, (chunk.until_on - interval '6 months')::date), chunk.until_on, q.mid_month, true)
	   FROM (SELECT min(h.billed_to) AS from_on, bool_or(h.cycle_day <> 1) AS mid_month FROM billing.account_head h
			  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account AND h.billed_to < least(chunk.until_on, h.stops_on)) q
	  WHERE chunk.kind NOT IN ('detection', 'forecast')
		AND EXISTS (SELECT FROM billing.plan_version v WHERE v.asked IS NOT NULL AND v.market IS NULL
					   AND NOT EXISTS (SELECT FROM billing.plan_market k WHERE k.plan_id = v.plan_id AND k.from_on = v.from_on));
	IF chunk.kind = 'detection' THEN
		SELECT q.hits, q.failed INTO part
		  FROM billing._detect_accounts(chunk.run_id, chunk.org_id, chunk.from_on, chunk.until_on, chunk.first_account, chunk.last_account) q;
		chunk.billed := part.hits;
		chunk.failed := part.failed;
		n := part.hits + part.failed;
	ELSIF chunk.kind = 'forecast' THEN
		SELECT q.foreseen, q.failed INTO part FROM billing._forecast_chunk(chunk.forecast_id, chunk.chunk_no, chunk.run_id) q;
		chunk.billed := part.foreseen;
		chunk.failed := part.failed;
		n := part.foreseen + part.failed;
	ELSIF chunk.kind = 'dry run' THEN
		SELECT q.billed, q.failed INTO part
		  FROM billing._rehearse_chunk(chunk.run_id, chunk.chunk_no, chunk.org_id, chunk.until_on, chunk.first_account, chunk.last_account) q;
		chunk.billed := part.billed;
		chunk.failed := part.failed;
		n := part.billed + part.failed;
	ELSE
		IF chunk.attempts >= 2 THEN
			-- others were busy with some of these accounts twice: wait for the first of them, holding no other, so that nobody waits for us in turn
			PERFORM FROM billing.account_head h
			  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account AND billing._is_due(h, chunk.until_on)
				AND NOT EXISTS (SELECT FROM billing.run_exception x WHERE x.account_id = h.account_id AND x.run_id = chunk.run_id)
			  ORDER BY h.account_id LIMIT 1 FOR NO KEY UPDATE OF h;
		END IF;
		LOOP
			SELECT q.billed, q.failed INTO part FROM billing._bill_safely(chunk.run_id, chunk.org_id, chunk.until_on, chunk.first_account, chunk.last_account) q;
			n := n + part.billed + part.failed;
			chunk.billed := chunk.billed + part.billed;
			chunk.failed := chunk.failed + part.failed;
			-- months behind, or busy with somebody else?
			SELECT EXISTS (SELECT FROM billing.account_head h
							WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account AND billing._is_due(h, chunk.until_on)
							  AND NOT EXISTS (SELECT FROM billing.run_exception x WHERE x.account_id = h.account_id AND x.run_id = chunk.run_id)) INTO waiting;
			EXIT WHEN NOT waiting OR part.billed + part.failed = 0;
		END LOOP;
		PERFORM billing._tell_of_bills(chunk.org_id, chunk.first_account, chunk.last_account, chunk.run_id);
	END IF;
	UPDATE billing.run_chunk c SET attempts = c.attempts + 1, billed = chunk.billed, failed = chunk.failed, began_at = chunk.began_at,
		   done_at = CASE WHEN NOT waiting THEN clock_timestamp() END
	 WHERE c.run_id = chunk.run_id AND c.chunk_no = chunk.chunk_no;
	-- the policies hide the row from whom the right was taken meanwhile
	PERFORM billing._check_run_right(FOUND);
	RETURN n;
END $$;
COMMENT ON FUNCTION billing._run_chunk(bigint) IS 'does one chunk of a run that nobody else has; returns how many accounts it settled; null: none is left';

CREATE FUNCTION billing._start_run(org_no text, until_on date, chunk_size integer, kind text DEFAULT 'bill', workers integer DEFAULT 0)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes down the run and its chunks, for who may run bills there.
DECLARE
	at_org	bigint := billing._org_of(_start_run.org_no, 'run', 'bill');
	run		bigint;
BEGIN
	IF NOT isfinite(_start_run.until_on) OR _start_run.chunk_size NOT BETWEEN 1 AND 100000 THEN
		RAISE EXCEPTION 'a run ends on a day, and a chunk has 1 to 100000 accounts' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- what plans ask of the market; accounts further behind make theirs as they come
	PERFORM billing._prepare_markets(greatest(q.from_on, (_start_run.until_on - interval '6 months')::date), _start_run.until_on, q.mid_month)
	   FROM (SELECT min(h.billed_to) AS from_on, bool_or(h.cycle_day <> 1 OR h.cycle_months > 1) AS mid_month FROM billing.account_head h
			  WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing._is_due(h, _start_run.until_on)) q
	  WHERE EXISTS (SELECT FROM billing.plan_version v WHERE v.asked IS NOT NULL AND v.market IS NULL);
	IF _start_run.kind = 'bill' THEN
		-- who comes second takes part in the first one's run
		PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_run %s %s', at_org, _start_run.until_on - date '2000-01-01'), 0));
		UPDATE billing.bill_run r SET workers = greatest(r.workers, _start_run.workers), failed_at = NULL, sqlstate = NULL, message = NULL, detail = NULL, hint = NULL
		 WHERE r.org_id = at_org AND r.until_on = _start_run.until_on AND r.finished_at IS NULL AND r.kind = 'bill' RETURNING r.run_id INTO run;
		IF FOUND THEN
			RETURN run;
		END IF;
	END IF;
	INSERT INTO billing.bill_run AS r (org_id, until_on, kind, workers) VALUES (at_org, _start_run.until_on, _start_run.kind, _start_run.workers)
	RETURNING r.run_id INTO run;
	INSERT INTO billing.run_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, row_number() OVER (ORDER BY q.org_id, n), q.org_id, q.accounts[n], q.accounts[least(n + _start_run.chunk_size - 1, cardinality(q.accounts))],
		   least(_start_run.chunk_size, cardinality(q.accounts) - n + 1)
	  FROM (SELECT h.org_id, array_agg(h.account_id ORDER BY h.account_id) AS accounts
			  FROM billing.account_head h
			 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND billing._is_due(h, _start_run.until_on)
			 GROUP BY h.org_id) q
	 CROSS JOIN LATERAL generate_series(1, cardinality(q.accounts), _start_run.chunk_size) n;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_run(text, date, integer, text, integer) IS 'the open run of an org up to a day, or a new one cut into chunks';

CREATE FUNCTION billing._start_retry(run_id bigint, account_nos text[], sqlstate text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: as _start_run().
DECLARE
	first	billing.bill_run := billing._run_of(_start_retry.run_id, 'run');
	again	bigint;
BEGIN
	IF first.kind IN ('detection', 'forecast') THEN
		RAISE EXCEPTION 'run % made no bills', first.run_id USING ERRCODE = 'invalid_parameter_value',
			HINT = CASE first.kind WHEN 'detection' THEN 'run_detection() looks at its days again.' ELSE 'run_forecast() makes the next version.' END;
	END IF;
	INSERT INTO billing.bill_run AS r (org_id, until_on, kind) VALUES (first.org_id, first.until_on, 'retry') RETURNING r.run_id INTO again;
	INSERT INTO billing.run_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT again, row_number() OVER (ORDER BY x.account_id), x.org_id, x.account_id, x.account_id, 1
	  FROM billing.run_exception x JOIN billing.account a ON a.account_id = x.account_id JOIN billing.account_head h ON h.account_id = x.account_id
	 WHERE x.run_id = first.run_id AND h.billed_to <= x.from_on
	   AND (_start_retry.account_nos IS NULL OR a.account_no = ANY (_start_retry.account_nos)) AND (_start_retry.sqlstate IS NULL OR x.sqlstate = _start_retry.sqlstate);
	RETURN again;
END $$;
COMMENT ON FUNCTION billing._start_retry(bigint, text[], text) IS 'a run of those that another run could not bill and nobody did since: all, or those of these numbers or with this code';

CREATE FUNCTION billing._run_of(run_id bigint, action text)
RETURNS billing.bill_run
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run	billing.bill_run;
BEGIN
	SELECT r.* INTO run FROM billing.bill_run r WHERE r.run_id = _run_of.run_id AND billing.can_do(_run_of.action, 'bill', r.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('run %s', _run_of.run_id));
	END IF;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._run_of(bigint, text) IS 'a run where the actor has the right';

CREATE FUNCTION billing._take_up_run(run_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: clears a run's error, for who may run bills there.
DECLARE
	run	billing.bill_run := billing._run_of(_take_up_run.run_id, 'run');
BEGIN
	IF run.finished_at IS NOT NULL THEN
		RAISE EXCEPTION 'run % is at its end', run.run_id
			USING ERRCODE = 'UB501', DETAIL = CASE WHEN run.cancelled_by IS NOT NULL THEN format('It was cancelled by %s.', run.cancelled_by) ELSE 'It is finished.' END,
				  HINT = 'run_bills() bills what is left, retry_bills() what could not be billed.';
	END IF;
	UPDATE billing.bill_run r SET failed_at = NULL, sqlstate = NULL, message = NULL, detail = NULL, hint = NULL
	 WHERE r.run_id = run.run_id AND r.failed_at IS NOT NULL;
	RETURN run.run_id;
END $$;
COMMENT ON FUNCTION billing._take_up_run(bigint) IS 'an open run, to go on with';

CREATE FUNCTION billing._fail_run(run_id bigint, code text, said text, more text, advice text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	UPDATE billing.bill_run r SET failed_at = clock_timestamp(), sqlstate = _fail_run.code, message = _fail_run.said, detail = _fail_run.more, hint = _fail_run.advice
	 WHERE r.run_id = _fail_run.run_id AND r.finished_at IS NULL;
END;
COMMENT ON FUNCTION billing._fail_run(bigint, text, text, text, text) IS 'writes down a background worker''s error; only workers call it, as the owner';

CREATE FUNCTION billing._raise_failure(run_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run	record;
BEGIN
	SELECT r.sqlstate, r.message, coalesce(r.detail, '') AS detail, coalesce(r.hint, '') AS hint INTO run
	  FROM billing.bill_run r WHERE r.run_id = _raise_failure.run_id AND r.failed_at IS NOT NULL;
	IF FOUND THEN
		RAISE EXCEPTION 'a worker of run % failed: %', _raise_failure.run_id, run.message USING ERRCODE = run.sqlstate, DETAIL = run.detail, HINT = run.hint;
	END IF;
END $$;
COMMENT ON FUNCTION billing._raise_failure(bigint) IS 'raises what a background worker of the run met';

CREATE FUNCTION billing._finish_run(run_id bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: closes the run when its last chunk is done.
DECLARE
	run	record;
BEGIN
	SELECT count(*) FILTER (WHERE c.done_at IS NULL) AS waiting, coalesce(sum(c.billed), 0) AS billed, coalesce(sum(c.failed), 0) AS failed INTO run
	  FROM billing.run_chunk c WHERE c.run_id = _finish_run.run_id;
	IF run.waiting = 0 THEN
		UPDATE billing.bill_run r SET finished_at = clock_timestamp() WHERE r.run_id = _finish_run.run_id AND r.finished_at IS NULL;
		PERFORM billing._fold_sums(ARRAY(SELECT DISTINCT c.org_id FROM billing.run_chunk c WHERE c.run_id = _finish_run.run_id));
	END IF;
	RETURN (
		SELECT format('%s %s: %s %s, %s exceptions%s.', CASE r.kind WHEN 'dry run' THEN 'Dry run' WHEN 'detection' THEN 'Detection' WHEN 'forecast' THEN 'Forecast' ELSE 'Run' END, r.run_id, run.billed,
					  CASE r.kind WHEN 'detection' THEN 'new anomalies' WHEN 'forecast' THEN 'accounts foreseen' ELSE 'bills' END, run.failed,
					  CASE WHEN r.kind = 'dry run' THEN coalesce(t.said, '') || '; nothing is stored' ELSE '' END
					  || CASE WHEN r.cancelled_by IS NOT NULL THEN '; cancelled' WHEN run.waiting > 0 THEN format('; %s chunks are with other sessions', run.waiting) ELSE '' END)
		  FROM billing.bill_run r
		 CROSS JOIN LATERAL (SELECT string_agg(format('; %s %s', q.currency, q.total), '' ORDER BY q.currency) AS said
							   FROM (SELECT t.currency, sum(t.total) AS total FROM billing.run_total t WHERE t.run_id = r.run_id GROUP BY t.currency) q) t
		 WHERE r.run_id = _finish_run.run_id);
END $$;
COMMENT ON FUNCTION billing._finish_run(bigint) IS 'closes a run of which nothing is left, and says what it did';

-- Drivers only call and commit; all else is pinned functions (a SET clause would forbid COMMIT).
CREATE PROCEDURE billing._work(run_id bigint, workers integer, INOUT result text)
LANGUAGE plpgsql
AS $$
DECLARE
	settled		integer;
	conflicts	integer := 0;
BEGIN
	IF workers > 0 THEN
		PERFORM billing._start_workers(run_id, workers, true);
		-- with a COMMIT now and then: a snapshot kept for hours would keep the dead rows of the whole database
		WHILE billing._workers_busy() LOOP
			COMMIT;
		END LOOP;
		COMMIT;
		PERFORM billing._raise_failure(run_id);
	ELSE
		LOOP
			BEGIN
				settled := billing._run_chunk(run_id);
				conflicts := 0;
			EXCEPTION WHEN deadlock_detected OR serialization_failure THEN
				conflicts := conflicts + 1;
				IF conflicts = 10 THEN
					RAISE;
				END IF;
				settled := 0;
			END;
			COMMIT;
			EXIT WHEN settled IS NULL;
		END LOOP;
	END IF;
	result := billing._finish_run(run_id);
END $$;
COMMENT ON PROCEDURE billing._work(bigint, integer, text) IS 'does what is left of a run, or has it done by background workers and waits for them';

CREATE FUNCTION billing._check_no_transaction()
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a bill run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL it outside BEGIN and COMMIT, and not from a function; or start_bills(), which leaves the run to a background worker.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_no_transaction() IS 'raises where the client has begun a transaction';

CREATE PROCEDURE billing.run_bills(org_no text, until_on date, chunk_size integer DEFAULT 2000, workers integer DEFAULT 0, dry_run boolean DEFAULT false,
								   INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run	bigint;
BEGIN
	PERFORM billing._given('run_bills', org_no, until_on, chunk_size, workers, dry_run);
	PERFORM billing._check_no_transaction();
	run := billing._start_run(org_no, until_on, chunk_size, CASE WHEN dry_run THEN 'dry run' ELSE 'bill' END);
	COMMIT;
	CALL billing._work(run, workers, result);
END $$;
COMMENT ON PROCEDURE billing.run_bills(text, date, integer, integer, boolean, text) IS
'bills every account of an org, and of all below it, month by month up to a day, in chunks that commit; what cannot be billed is kept '
'in run_exception with its reason. Stopped or killed, the same call goes on where it was; called in several sessions, they share the work; '
'workers: so many background workers do it, and the call waits for them; dry_run: bills nothing, and says what would come of it';

CREATE PROCEDURE billing.resume_run(run_id bigint, workers integer DEFAULT 0, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
BEGIN
	PERFORM billing._given('resume_run', run_id, workers);
	PERFORM billing._check_no_transaction(), billing._take_up_run(run_id);
	COMMIT;
	CALL billing._work(run_id, workers, result);
END $$;
COMMENT ON PROCEDURE billing.resume_run(bigint, integer, text) IS 'goes on with a run that nobody works on any more, or takes part in it';

CREATE PROCEDURE billing.retry_bills(run_id bigint, account_nos text[] DEFAULT NULL, sqlstate text DEFAULT NULL, workers integer DEFAULT 0,
									 INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	again	bigint;
BEGIN
	PERFORM billing._given('retry_bills', run_id, workers);
	PERFORM billing._check_no_transaction();
	again := billing._start_retry(run_id, account_nos, sqlstate);
	COMMIT;
	CALL billing._work(again, workers, result);
END $$;
COMMENT ON PROCEDURE billing.retry_bills(bigint, text[], text, integer, text) IS
'tries accounts again that a run could not bill: all of them, those of these numbers, or those with this code; a run of its own';

CREATE FUNCTION billing.start_bills(org_no text, until_on date, chunk_size integer DEFAULT 2000, workers integer DEFAULT 1, dry_run boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	run	bigint := billing._start_run(org_no, until_on, chunk_size, CASE WHEN dry_run THEN 'dry run' ELSE 'bill' END, workers);
BEGIN
	PERFORM billing._given('start_bills', org_no, until_on, chunk_size, workers, dry_run);
	PERFORM billing._start_workers(run, workers, false);
	RETURN run;
END $$;
COMMENT ON FUNCTION billing.start_bills(text, date, integer, integer, boolean) IS
'leaves a bill run to background workers, which begin as soon as the caller''s transaction is committed and act in his name; returns run_id. '
'Where the server has no place for them the run waits: for a launcher (billing.worker_databases), or for whoever calls resume_run()';

CREATE FUNCTION billing.cancel_run(run_id bigint)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: ends a run, for who may run bills there.
DECLARE
	run	billing.bill_run := billing._run_of(cancel_run.run_id, 'run');
BEGIN
	PERFORM billing._given('cancel_run', run_id);
	UPDATE billing.bill_run r SET finished_at = clock_timestamp(), cancelled_by = billing.actor()
	 WHERE r.run_id = run.run_id AND r.finished_at IS NULL;
	IF FOUND THEN
		PERFORM billing._audit(run.org_id, 'cancel_run', format('run %s', run.run_id), jsonb_build_object('until_on', run.until_on));
	END IF;
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION billing.cancel_run(bigint) IS
'ends a run: chunks that somebody is at are still done, the others are left; bills that were made stay; false: it was at its end';

CREATE FUNCTION billing.progress_bar(run_id bigint DEFAULT NULL, width integer DEFAULT 40)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	cells	integer := least(greatest(progress_bar.width, 1), 200);
	p		record;
	done	bigint;
BEGIN
	SELECT q.* INTO p FROM billing.stat_progress q WHERE progress_bar.run_id IS NULL OR q.run_id = progress_bar.run_id ORDER BY q.run_id DESC LIMIT 1;
	-- of a thousand; of nothing all is done
	done := coalesce(1000 * p.accounts_done / nullif(p.accounts_total, 0), 1000);
	RETURN format('run %s %s%s %s %%  %s, %s bills, %s exceptions%s%s', p.run_id, repeat('█', (cells * done / 1000)::integer),
		repeat('░', cells - (cells * done / 1000)::integer), lpad((done / 10)::text, 3), p.phase, coalesce(p.bills, 0), coalesce(p.exceptions, 0),
		', ' || round(p.accounts_per_second) || ' accounts a second', ', ' || p.remaining || ' left');
END $$;
COMMENT ON FUNCTION billing.progress_bar(bigint, integer) IS 'how far a run is, or the latest, as a bar; for psql''s \watch';
