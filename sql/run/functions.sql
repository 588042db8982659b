/*
 * The usage of an account that is not billed by its profiles alone.  What is
 * missing is a value, so that it becomes an exception of its account.
 */
CREATE FUNCTION billing._stored_usage(account_id bigint, usage_from text, from_on date, until_on date, OUT usage billing.usage, OUT digest bytea,
									  OUT sqlstate text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing	text;
BEGIN
	IF _stored_usage.usage_from = 'register' THEN
		SELECT q.usage, q.digest, q.missing INTO usage, digest, missing
		  FROM billing._register_usage(_stored_usage.account_id, _stored_usage.from_on, _stored_usage.until_on) q;
		IF missing IS NOT NULL OR usage IS NULL THEN
			sqlstate := 'UB122';
			message := 'a register was not read';
			detail := CASE WHEN missing IS NOT NULL THEN format('Missing: %s.', missing) ELSE 'There is no reading at all.' END;
			hint := 'record_register() enters it, estimate_register() estimates it.';
		END IF;
	ELSE
		SELECT q.* INTO usage, digest, sqlstate, message, detail, hint
		  FROM billing._formed_usage(_stored_usage.account_id, _stored_usage.from_on, _stored_usage.until_on) q;
	END IF;
	usage := coalesce(usage, billing.usage());
END $$;
COMMENT ON FUNCTION billing._stored_usage(bigint, text, date, date) IS 'the usage of an account that is billed by registers, or what is missing of it';

CREATE FUNCTION billing._bill_range(run_id bigint, org_id bigint, until_on date, first_account bigint, last_account bigint,
									OUT billed integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- One statement bills the next month of each account that is due: rate, link, write.
DECLARE
	acting	text := billing.actor();
	locked	bigint[];
BEGIN
	-- locked by a statement before, so that this one sees whatever was brought until then by who had the lock
	SELECT array_agg(q.account_id) INTO locked
	  FROM (SELECT h.account_id FROM billing.account_head h
			 WHERE h.org_id = _bill_range.org_id AND h.account_id BETWEEN _bill_range.first_account AND _bill_range.last_account
			   AND billing._is_due(h, _bill_range.until_on)
			   AND NOT EXISTS (SELECT FROM billing.run_exception x WHERE x.account_id = h.account_id AND x.run_id = _bill_range.run_id)
			 ORDER BY h.account_id
			   FOR NO KEY UPDATE OF h SKIP LOCKED) q;
	WITH due AS MATERIALIZED (
		SELECT h.account_id, h.org_id, h.billed_to AS from_on, h.seq, h.link, h.carry, h.currency, h.voided, h.usage_from,
			   -- a month, or what is left of it before a request changes plan or terms, or ends the account
			   least(_bill_range.until_on, h.stops_on, billing._period_end(h.billed_to, h.cycle_day, h.cycle_months, h.cycle_first),
					 CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT min(c) FROM unnest(h.plan_changes) c WHERE c > h.billed_to) END) AS until_on,
			   CASE WHEN h.plan_changes IS NOT NULL THEN (SELECT max(c) FROM unnest(h.plan_changes) c WHERE c <= h.billed_to) END AS changed_on
		  FROM billing.account_head h
		 WHERE h.account_id = ANY (locked) AND h.org_id = _bill_range.org_id AND billing._is_due(h, _bill_range.until_on)
		 ORDER BY h.account_id),
	judged AS MATERIALIZED (
		SELECT d.account_id, d.org_id, d.from_on, d.until_on, d.seq, d.link, d.voided, coalesce(f.digest, u.digest) AS usage_digest, r.*, t.total,
			   d.market_asked, f.sqlstate AS missing, f.message AS missing_message, f.detail AS missing_detail, f.hint AS missing_hint,
			   CASE WHEN f.sqlstate IS NOT NULL THEN f.sqlstate
					WHEN d.tariff IS NULL THEN 'UB305'
					WHEN r.sqlstate IS NOT NULL THEN r.sqlstate
					WHEN t.total <> round(t.total, 2) THEN 'UB307'
					WHEN billing.currency(r.charges) <> d.currency THEN 'UB308' END AS failure
		  FROM (SELECT e.*, e.own IS NULL AND e.asked IS NOT NULL AS market_asked,
					   -- its own, or that of the months it is in, which the run has prepared
					   CASE WHEN e.asked IS NULL OR e.own IS NOT NULL THEN e.own
							ELSE coalesce((SELECT m.market FROM billing.plan_market k JOIN billing.market_value m ON m.digest = k.digest
											WHERE k.plan_id = e.plan_id AND k.from_on = e.version_from_on AND k.month_on = date_trunc('month', e.from_on::timestamp)::date
											  AND k.months = CASE WHEN e.until_on <= date_trunc('month', e.from_on::timestamp) + interval '1 month' THEN 1
															  WHEN e.until_on <= date_trunc('month', e.from_on::timestamp) + interval '2 months' THEN 2 END
											ORDER BY k.as_of DESC LIMIT 1),
								billing._market(e.tariff, e.asked, e.calendar_id, e.from_on, e.until_on)) END AS market
				  FROM (
				SELECT q.account_id, q.org_id, q.from_on, coalesce(c.ends_on, q.until_on) AS until_on, q.seq, q.link, q.carry, q.currency, q.voided, q.changed_on, q.usage_from,
					   CASE WHEN c.ends_on IS NULL THEN p.plan_id ELSE c.plan_id END AS plan_id, CASE WHEN c.ends_on IS NULL THEN p.from_on ELSE c.plan_from_on END AS plan_from_on,
					   CASE WHEN c.ends_on IS NULL THEN p.terms ELSE c.terms END AS terms, CASE WHEN c.ends_on IS NULL THEN v.from_on ELSE c.version_from_on END AS version_from_on,
					   CASE WHEN c.ends_on IS NULL THEN v.tariff ELSE c.tariff END AS tariff, CASE WHEN c.ends_on IS NULL THEN v.market ELSE c.market END AS own,
					   CASE WHEN c.ends_on IS NULL THEN v.asked ELSE c.asked END AS asked, CASE WHEN c.ends_on IS NULL THEN v.calendar_id ELSE c.calendar_id END AS calendar_id
				  FROM due q
				  -- the last before the end: it is also that of the beginning, or else it changes within
				  LEFT JOIN LATERAL (SELECT a.plan_id, a.terms, a.from_on FROM billing.account_plan a
									  WHERE a.account_id = q.account_id AND a.from_on < q.until_on ORDER BY a.from_on DESC LIMIT 1) p ON true
				  LEFT JOIN LATERAL (SELECT n.tariff, n.market, n.from_on, n.asked, n.calendar_id FROM billing.plan_version n
									  WHERE n.plan_id = p.plan_id AND n.from_on < q.until_on ORDER BY n.from_on DESC LIMIT 1) v ON true
				  -- then this bill ends where it changes, and the next begins there; OFFSET: asked only then
				  LEFT JOIN LATERAL (SELECT f.* FROM billing._piece_of(q.account_id, q.from_on, q.until_on) f
									  WHERE p.from_on > q.from_on OR v.from_on > q.from_on OFFSET 0) c ON true) e) d
		 CROSS JOIN LATERAL (
			-- most have one profile of just these days, which needs no sorting and joining
			SELECT CASE WHEN count(*) = 1 AND min(r.channel) = 'import' AND min(r.part) = 'main' AND min(r.from_on) >= d.from_on AND max(r.until_on) <= d.until_on
						THEN billing.usage(import => (array_agg(r.profile))[1])
						WHEN count(*) > 0 THEN billing._usage_of(d.account_id, daterange(d.from_on, d.until_on))
						ELSE billing.usage() END AS usage,
				   CASE WHEN count(*) = 1 AND min(r.from_on) >= d.from_on AND max(r.until_on) <= d.until_on THEN sha256((array_agg(r.digest))[1])
						WHEN count(*) > 0 THEN billing._usage_digest_at(d.account_id, d.from_on, d.until_on, d.seq + 1) END AS digest
			  FROM billing.reading r
			 WHERE r.account_id = d.account_id AND r.from_on > d.from_on - 31 AND r.from_on < d.until_on AND r.until_on > d.from_on AND d.usage_from = 'reading') u
		  -- the others; not called for those that have just profiles: OFFSET keeps the question before the call
		  LEFT JOIN LATERAL (SELECT s.* FROM billing._stored_usage(d.account_id, d.usage_from, d.from_on, d.until_on) s WHERE d.usage_from <> 'reading' OFFSET 0) f ON true
		 CROSS JOIN LATERAL billing.try_rate(d.tariff, coalesce(f.usage, u.usage), daterange(d.from_on, d.until_on), d.terms, d.market, d.carry) r
		 CROSS JOIN LATERAL (SELECT billing.total(r.charges) AS total) t
		 -- a change that was made since this statement began is in the head, and its plan not to be seen yet: the next turn sees both
		 WHERE d.changed_on IS NULL OR d.plan_from_on >= d.changed_on),
	-- a bill and the transfer it brings, if it is not of zero, side by side: joining them again would cost more
	pair AS MATERIALIZED (
		SELECT b.*, CASE WHEN b.total > 0 THEN 'receivable' ELSE 'billed' END AS debit, CASE WHEN b.total > 0 THEN 'billed' ELSE 'receivable' END AS credit,
			   CASE WHEN b.total <> 0 THEN sha256(b.link || billing._content('transfer', b.account_id, b.seq + 1, b.org_id,
				 CASE WHEN b.total > 0 THEN 'receivable'::text ELSE 'billed' END, CASE WHEN b.total > 0 THEN 'billed'::text ELSE 'receivable' END,
				 abs(b.total), now(), acting, b.seq, NULL::text)) END AS transfer_link
		  FROM (SELECT c.*, sha256(c.link_before || billing._content('bill', c.account_id, c.seq, c.from_on, c.until_on, 'normal'::text, c.revision::bigint,
						 c.org_id, _bill_range.run_id, NULL::bigint, c.total, now(), acting, NULL::text, c.usage_digest, c.charges)) AS link
				  FROM (SELECT j.account_id, j.from_on, j.until_on, j.org_id, j.seq + 1 AS seq, j.link AS link_before, j.charges, j.usage_digest,
							   j.total::numeric(20,2) AS total,
							   CASE WHEN j.voided THEN coalesce((SELECT max(o.revision) FROM billing.bill o
																  WHERE o.account_id = j.account_id AND o.from_on = j.from_on), 0) + 1
									ELSE 1 END::smallint AS revision
						  FROM judged j WHERE j.failure IS NULL) c
				-- the link is made once, however often it is named
				OFFSET 0) b),
	issued AS (
		INSERT INTO billing.bill (account_id, from_on, revision, until_on, org_id, issued_org_id, seq, run_id, total, issued_at, issued_by, usage_digest, link, charges)
		SELECT p.account_id, p.from_on, p.revision, p.until_on, p.org_id, p.org_id, p.seq, _bill_range.run_id, p.total, now(), acting, p.usage_digest, p.link, p.charges
		  FROM pair p),
	posted AS (
		INSERT INTO billing.transfer (account_id, seq, org_id, issued_org_id, debit, credit, amount, posted_at, posted_by, bill_seq, link)
		SELECT p.account_id, p.seq + 1, p.org_id, p.org_id, p.debit, p.credit, abs(p.total), now(), acting, p.seq, p.transfer_link
		  FROM pair p WHERE p.transfer_link IS NOT NULL),
	moved AS (
		UPDATE billing.account_head h SET seq = CASE WHEN p.transfer_link IS NULL THEN p.seq ELSE p.seq + 1 END, link = coalesce(p.transfer_link, p.link),
			   billed_to = p.until_on, balance = h.balance + p.total, currency = billing.currency(p.charges), carry = billing.carry(p.charges)
		  FROM pair p
		 WHERE h.account_id = p.account_id),
	excepted AS (
		INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)
		SELECT j.account_id, _bill_range.run_id, j.org_id, j.from_on, j.until_on, j.failure, m.message, m.detail, m.hint
		  FROM judged j
		 CROSS JOIN LATERAL (
			SELECT q.message, q.detail, q.hint FROM (VALUES
				('UB305', 'the account has no price plan on the first day', NULL, 'set_plan() gives it one.'),
				('UB203', j.message, j.detail, CASE WHEN j.market_asked THEN 'publish_component(), publish_prices() and add_calendar_days() publish it, add_plan() names the calendar; the next run bills the account.' ELSE j.hint END),
				('UB307', 'the total is not in whole cents', format('It is %s.', trim_scale(j.total)), 'Let the tariff round its lines or the total.'),
				('UB308', 'the currency is not that of the bills before', NULL, NULL),
				(j.missing, j.missing_message, j.missing_detail, j.missing_hint),
				(j.failure, j.message, j.detail, j.hint)) q(failure, message, detail, hint)
			 WHERE q.failure = j.failure LIMIT 1) m
		 WHERE j.failure IS NOT NULL)
	SELECT count(*) FILTER (WHERE j.failure IS NULL), count(*) FILTER (WHERE j.failure IS NOT NULL) INTO billed, failed FROM judged j;
END $$;
COMMENT ON FUNCTION billing._bill_range(bigint, bigint, date, bigint, bigint) IS
'bills the next month of the due accounts of a range; those that cannot be rated become exceptions';

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
		  FROM billing._bill_range(_bill_safely.run_id, _bill_safely.org_id, _bill_safely.until_on, _bill_safely.first_account, _bill_safely.last_account) r;
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

CREATE FUNCTION billing._run_chunk(run_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
-- a chunk is small beside its tables: always by their keys, whatever the statistics say
SET enable_hashjoin = off
SET enable_mergejoin = off
SET enable_seqscan = off
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
	waiting	boolean;
BEGIN
	SELECT c.run_id, c.chunk_no, c.org_id, c.first_account, c.last_account, c.attempts, c.billed, c.failed, r.until_on INTO chunk
	  FROM billing.run_chunk c JOIN billing.bill_run r ON r.run_id = c.run_id
	 WHERE c.run_id = _run_chunk.run_id AND c.done_at IS NULL
	 ORDER BY c.attempts, c.chunk_no LIMIT 1 FOR UPDATE OF c SKIP LOCKED;
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	-- at each chunk anew: a right may have gone since the run began
	IF NOT billing.can_do('run', 'bill', chunk.org_id) THEN
		RAISE EXCEPTION 'this needs the right to run bill at the run''s org' USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	-- of a plan that came since the run began
	PERFORM billing._prepare_markets(greatest(min(h.billed_to), (chunk.until_on - interval '6 months')::date), chunk.until_on, bool_or(h.cycle_day <> 1), true)
	   FROM billing.account_head h
	  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account AND h.billed_to < least(chunk.until_on, h.stops_on);
	IF chunk.attempts >= 2 THEN
		-- others were busy with some of these accounts twice: now wait for them
		PERFORM FROM billing.account_head h
		  WHERE h.org_id = chunk.org_id AND h.account_id BETWEEN chunk.first_account AND chunk.last_account AND billing._is_due(h, chunk.until_on)
		  ORDER BY h.account_id FOR NO KEY UPDATE;
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
	UPDATE billing.run_chunk c SET attempts = c.attempts + 1, billed = chunk.billed, failed = chunk.failed, done_at = CASE WHEN NOT waiting THEN clock_timestamp() END
	 WHERE c.run_id = chunk.run_id AND c.chunk_no = chunk.chunk_no;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing._run_chunk(bigint) IS 'does one chunk of a run that nobody else has; returns how many accounts it settled; null: none is left';

CREATE FUNCTION billing._start_run(org_no text, until_on date, chunk_size integer)
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
			  WHERE h.org_id = ANY (billing._orgs_below(at_org)) AND billing._is_due(h, _start_run.until_on)) q
	  WHERE EXISTS (SELECT FROM billing.plan_version v WHERE v.asked IS NOT NULL AND v.market IS NULL);
	-- who comes second takes part in the first one's run
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_run %s %s', at_org, _start_run.until_on - date '2000-01-01'), 0));
	SELECT r.run_id INTO run FROM billing.bill_run r WHERE r.org_id = at_org AND r.until_on = _start_run.until_on AND r.finished_at IS NULL;
	IF FOUND THEN
		RETURN run;
	END IF;
	INSERT INTO billing.bill_run AS r (org_id, until_on) VALUES (at_org, _start_run.until_on) RETURNING r.run_id INTO run;
	INSERT INTO billing.run_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, row_number() OVER (ORDER BY q.org_id, q.part), q.org_id, min(q.account_id), max(q.account_id), count(*)
	  FROM (SELECT h.org_id, h.account_id, (row_number() OVER (PARTITION BY h.org_id ORDER BY h.account_id) - 1) / _start_run.chunk_size AS part
			  FROM billing.account_head h
			 WHERE h.org_id = ANY (billing._orgs_below(at_org)) AND billing._is_due(h, _start_run.until_on)) q
	 GROUP BY q.org_id, q.part;
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_run(text, date, integer) IS 'the open run of an org up to a day, or a new one cut into chunks';

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
	RETURN format('Run %s: %s bills, %s exceptions%s.', _finish_run.run_id, run.billed, run.failed,
		CASE WHEN run.waiting > 0 THEN format('; %s chunks are with other sessions', run.waiting) ELSE '' END);
END $$;
COMMENT ON FUNCTION billing._finish_run(bigint) IS 'closes a run of which nothing is left, and says what it did';

-- The driver only calls and commits; all else is pinned functions (a SET clause would forbid COMMIT).
CREATE PROCEDURE billing.run_bills(org_no text, until_on date, chunk_size integer DEFAULT 2000, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run		bigint;
	settled	integer;
BEGIN
	IF billing._in_transaction_block() THEN
		RAISE EXCEPTION 'a bill run commits as it goes, and cannot run inside a transaction'
			USING ERRCODE = 'active_sql_transaction', HINT = 'CALL billing.run_bills(...) outside BEGIN and COMMIT, and not from a function.';
	END IF;
	run := billing._start_run(org_no, until_on, chunk_size);
	COMMIT;
	LOOP
		settled := billing._run_chunk(run);
		COMMIT;
		EXIT WHEN settled IS NULL;
	END LOOP;
	result := billing._finish_run(run);
END $$;
COMMENT ON PROCEDURE billing.run_bills(text, date, integer, text) IS
'bills every account of an org, and of all below it, month by month up to a day, in chunks that commit; what cannot be billed is kept '
'in run_exception with its reason. Stopped or killed, the same call goes on where it was; called in several sessions, they share the work';
