-- Runs: chunks that commit, what cannot be worked on, the procedures.
CREATE FUNCTION billing._work_safely(stage text, run_id bigint, org_id bigint, from_on date, until_on date, again boolean, first_account bigint, last_account bigint,
									 OUT accounts integer, OUT profiles integer, OUT readings bigint, OUT findings integer, OUT changed integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- An error of one account takes the statement with it: halve the range until the culprit is alone.
DECLARE
	part	record;
	due		record;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	failed := 0;
	BEGIN
		IF _work_safely.stage = 'validation' THEN
			SELECT r.accounts, r.profiles, r.readings, r.findings, r.changed INTO accounts, profiles, readings, findings, changed
			  FROM billing._validate_range(_work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on, _work_safely.again,
										   _work_safely.first_account, _work_safely.last_account) r;
		ELSE
			SELECT r.accounts, r.profiles, r.readings, r.findings, r.changed INTO accounts, profiles, readings, findings, changed
			  FROM billing._estimate_range(_work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on, _work_safely.again,
										   _work_safely.first_account, _work_safely.last_account) r;
		END IF;
		RETURN;
	EXCEPTION
		-- these are of the run, not of an account
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	SELECT count(*) AS accounts, min(h.account_id) AS first, max(h.account_id) AS last, percentile_disc(0.5) WITHIN GROUP (ORDER BY h.account_id) AS middle INTO due
	  FROM billing.account_head h
	 WHERE h.org_id = _work_safely.org_id AND h.account_id BETWEEN _work_safely.first_account AND _work_safely.last_account
	   AND NOT EXISTS (SELECT FROM billing.validation_exception x WHERE x.account_id = h.account_id AND x.run_id = _work_safely.run_id);
	accounts := 0;
	profiles := 0;
	readings := 0;
	findings := 0;
	changed := 0;
	IF due.accounts = 1 THEN
		INSERT INTO billing.validation_exception (account_id, run_id, org_id, sqlstate, message, detail, hint)
		VALUES (due.first, _work_safely.run_id, _work_safely.org_id, code, message, nullif(detail, ''), nullif(hint, ''));
		accounts := 1;
		failed := 1;
	ELSIF due.accounts > 1 THEN
		FOR part IN SELECT q.* FROM (VALUES (due.first, due.middle), (due.middle + 1, due.last)) v(first, last),
							LATERAL billing._work_safely(_work_safely.stage, _work_safely.run_id, _work_safely.org_id, _work_safely.from_on, _work_safely.until_on,
														 _work_safely.again, v.first, v.last) q
		LOOP
			accounts := accounts + part.accounts;
			profiles := profiles + part.profiles;
			readings := readings + part.readings;
			findings := findings + part.findings;
			changed := changed + part.changed;
			failed := failed + part.failed;
		END LOOP;
	END IF;
END $$;
COMMENT ON FUNCTION billing._work_safely(text, bigint, bigint, date, date, boolean, bigint, bigint) IS
'validates or estimates a range; whose readings cannot be worked on stands alone as an exception in the end';

CREATE FUNCTION billing._validation_chunk(run_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
-- a chunk is small beside its tables: always by their keys, whatever the statistics say
SET enable_mergejoin = off
SET enable_seqscan = off
SET jit = off
SET plan_cache_mode = force_generic_plan
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
-- Definer: other versions of readings, and what is written down of them, for who may write readings at the chunk's org.
DECLARE
	chunk	record;
	done	record;
BEGIN
	SELECT c.run_id, c.chunk_no, c.org_id, c.first_account, c.last_account, c.accounts, c.attempts, r.stage, r.from_on, r.until_on, r.again INTO chunk
	  FROM billing.validation_chunk c JOIN billing.validation_run r ON r.run_id = c.run_id
	 WHERE c.run_id = _validation_chunk.run_id AND c.done_at IS NULL
	 ORDER BY c.attempts, c.chunk_no LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	-- at each chunk anew: a right may have gone since the run began
	IF NOT (billing.can_write(chunk.org_id, 'reading') AND billing.can_read(chunk.org_id, 'account')) THEN
		RAISE EXCEPTION 'this needs the rights to write reading and to read account at the run''s org'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF chunk.attempts >= 2 THEN
		-- others were busy with some of these accounts twice: now wait for them
		PERFORM FROM billing.account_head h
		  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account ORDER BY h.account_id FOR NO KEY UPDATE;
	END IF;
	SELECT q.accounts, q.profiles, q.readings, q.findings, q.changed, q.failed INTO done
	  FROM billing._work_safely(chunk.stage, chunk.run_id, chunk.org_id, chunk.from_on, chunk.until_on, chunk.again, chunk.first_account, chunk.last_account) q;
	UPDATE billing.validation_chunk c
	   SET attempts = c.attempts + 1, profiles = c.profiles + done.profiles, readings = c.readings + done.readings, findings = c.findings + done.findings,
		   changed = c.changed + done.changed, failed = c.failed + done.failed,
		   -- passed over were those that somebody else works on; an account that has moved away is its new org's
		   done_at = CASE WHEN chunk.attempts >= 2 OR done.accounts + c.failed >= (
				SELECT count(*) FROM billing.account_head h WHERE h.org_id = c.org_id AND h.account_id BETWEEN c.first_account AND c.last_account) THEN clock_timestamp() END
	 WHERE c.run_id = chunk.run_id AND c.chunk_no = chunk.chunk_no;
	RETURN done.profiles + done.failed;
END $$;
COMMENT ON FUNCTION billing._validation_chunk(bigint) IS 'does one chunk of a run that nobody else has; returns how many profiles it settled; null: none is left';

CREATE FUNCTION billing._start_validation(stage text, org_no text, from_on date, until_on date, again boolean, chunk_size integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes down the run and its chunks, for who may write readings there.
DECLARE
	at_org	bigint := billing._org_of(_start_validation.org_no, 'write', 'reading');
	run		bigint;
BEGIN
	IF NOT billing.can_read(at_org, 'account') THEN
		RAISE EXCEPTION 'this needs the right to read account too' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF NOT isfinite(_start_validation.from_on) OR NOT isfinite(_start_validation.until_on) OR _start_validation.until_on <= _start_validation.from_on
	   OR _start_validation.until_on - _start_validation.from_on > 366 THEN
		RAISE EXCEPTION 'a run is of some days, at most a year' USING ERRCODE = 'invalid_parameter_value', HINT = 'The day until which it goes comes after the first.';
	END IF;
	IF _start_validation.chunk_size NOT BETWEEN 1 AND 100000 THEN
		RAISE EXCEPTION 'a chunk has 1 to 100000 accounts' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- who comes second takes part in the first one's run
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_validation %s %s %s %s', _start_validation.stage, at_org,
		_start_validation.from_on - date '2000-01-01', _start_validation.until_on - date '2000-01-01'), 0));
	SELECT r.run_id INTO run FROM billing.validation_run r
	 WHERE r.org_id = at_org AND r.stage = _start_validation.stage AND r.from_on = _start_validation.from_on AND r.until_on = _start_validation.until_on
	   AND r.finished_at IS NULL;
	IF FOUND THEN
		RETURN run;
	END IF;
	INSERT INTO billing.validation_run AS r (org_id, stage, from_on, until_on, again)
	VALUES (at_org, _start_validation.stage, _start_validation.from_on, _start_validation.until_on, _start_validation.again) RETURNING r.run_id INTO run;
	INSERT INTO billing.validation_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, row_number() OVER (ORDER BY q.org_id, q.part), q.org_id, min(q.account_id), max(q.account_id), count(*)
	  FROM (SELECT h.org_id, h.account_id, (row_number() OVER (PARTITION BY h.org_id ORDER BY h.account_id) - 1) / _start_validation.chunk_size AS part
			  FROM billing.account_head h
			 WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[])) q
	 GROUP BY q.org_id, q.part;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_validation(text, text, date, date, boolean, integer) IS 'the open run of an org over these days, or a new one cut into chunks';

CREATE FUNCTION billing._counted(n numeric, noun text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT _counted.n || ' ' || _counted.noun || CASE _counted.n WHEN 1 THEN '' ELSE 's' END;
END;
COMMENT ON FUNCTION billing._counted(numeric, text) IS 'a number of things in words: 1 row, 2 rows';

CREATE FUNCTION billing._finish_validation(run_id bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: closes the run when its last chunk is done.
DECLARE
	run	record;
BEGIN
	SELECT r.stage, count(*) FILTER (WHERE c.run_id IS NOT NULL AND c.done_at IS NULL) AS waiting, coalesce(sum(c.profiles), 0) AS profiles, coalesce(sum(c.readings), 0) AS readings,
		   coalesce(sum(c.findings), 0) AS findings, coalesce(sum(c.changed), 0) AS changed, coalesce(sum(c.failed), 0) AS failed INTO run
	  FROM billing.validation_run r LEFT JOIN billing.validation_chunk c ON c.run_id = r.run_id WHERE r.run_id = _finish_validation.run_id GROUP BY r.run_id;
	IF run.waiting = 0 THEN
		UPDATE billing.validation_run r SET finished_at = clock_timestamp() WHERE r.run_id = _finish_validation.run_id AND r.finished_at IS NULL;
	END IF;
	RETURN format('Run %s: %s in %s, %s, %s changed, %s%s.', _finish_validation.run_id, billing._counted(run.readings, 'reading'), billing._counted(run.profiles, 'profile'),
		CASE run.stage WHEN 'validation' THEN billing._counted(run.findings, 'finding') ELSE billing._counted(run.findings, 'span') || ' left missing' END,
		billing._counted(run.changed, 'row'), billing._counted(run.failed, 'exception'),
		CASE WHEN run.waiting > 0 THEN format('; %s with other sessions', billing._counted(run.waiting, 'chunk')) ELSE '' END);
END $$;
COMMENT ON FUNCTION billing._finish_validation(bigint) IS 'closes a run of which nothing is left, and says what it did';

-- The drivers only call and commit, as run_bills().
CREATE PROCEDURE billing.validate_readings(org_no text, from_on date, until_on date, again boolean DEFAULT false, chunk_size integer DEFAULT 1000,
										   INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run		bigint;
	settled	integer;
BEGIN
	PERFORM billing._given('validate_readings', org_no, from_on, until_on, again, chunk_size);
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.validate_readings(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	run := billing._start_validation('validation', org_no, from_on, until_on, again, chunk_size);
	COMMIT;
	LOOP
		settled := billing._validation_chunk(run);
		COMMIT;
		EXIT WHEN settled IS NULL;
	END LOOP;
	result := billing._finish_validation(run);
END $$;
COMMENT ON PROCEDURE billing.validate_readings(text, date, date, boolean, integer, text) IS
'checks the readings of an org, and of all below it, that touch these days, by the rules that hold for each, in chunks that commit: what they reject is '
'missing from then on, what they suspect is marked; days that are billed stay. What was validated as it is, by the same rules, is passed over, unless again. '
'Stopped or killed, the same call goes on where it was; called in several sessions, they share the work';

CREATE PROCEDURE billing.estimate_readings(org_no text, from_on date, until_on date, again boolean DEFAULT false, chunk_size integer DEFAULT 1000,
										   INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run		bigint;
	settled	integer;
BEGIN
	PERFORM billing._given('estimate_readings', org_no, from_on, until_on, again, chunk_size);
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.estimate_readings(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	run := billing._start_validation('estimation', org_no, from_on, until_on, again, chunk_size);
	COMMIT;
	LOOP
		settled := billing._validation_chunk(run);
		COMMIT;
		EXIT WHEN settled IS NULL;
	END LOOP;
	result := billing._finish_validation(run);
END $$;
COMMENT ON PROCEDURE billing.estimate_readings(text, date, date, boolean, integer, text) IS
'estimates what is missing in readings of an org, and of all below it, that touch these days and were validated, also whole days that did not come: by a line, or like days on both sides, '
'scaled to the register; each estimate with its method in validation_action. With again also what was estimated before, as when a register was read later';
