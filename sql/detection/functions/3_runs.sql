-- What was found becomes the work list: runs of kind detection, which the run module drives.
CREATE FUNCTION billing._anomaly_probability(kind text, score double precision)
RETURNS double precision
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- the score counts as ten judged hits
	SELECT (10 * _anomaly_probability.score + count(*) FILTER (WHERE a.outcome NOT IN ('changed_use', 'vacant', 'false_alarm'))) / (10 + count(*))
	  FROM (SELECT q.outcome FROM billing.anomaly q
			 WHERE q.kind = _anomaly_probability.kind AND q.state = 'closed' AND q.outcome <> 'unresolved' AND q.score BETWEEN _anomaly_probability.score - 0.1 AND _anomaly_probability.score + 0.1
			 ORDER BY q.closed_at DESC LIMIT 200) a;
END;
COMMENT ON FUNCTION billing._anomaly_probability(text, double precision) IS
'that something is wrong: of n judged hits of the kind whose score is within 0.1, the last 200, of which c were right, (10 score + c) / (10 + n)';

CREATE FUNCTION billing._mean_price(accounts bigint[], day date, OUT price numeric, OUT currency text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN min(q.currency) = max(q.currency) THEN sum(q.amount) / nullif(sum(q.kwh), 0) END, CASE WHEN min(q.currency) = max(q.currency) THEN min(q.currency) END
	  FROM (SELECT c.amount, c.kwh, billing.currency(b.charges) AS currency FROM billing.bill b CROSS JOIN LATERAL billing._code_sums(b.charges) c
			 WHERE b.account_id = ANY (_mean_price.accounts) AND b.from_on >= _mean_price.day - 366 AND b.from_on < _mean_price.day AND c.is_energy AND b.kind <> 'reversal') q;
END;
COMMENT ON FUNCTION billing._mean_price(bigint[], date) IS 'what a kWh cost accounts on the bills of the last year, charges of energy only; null: they have none, or in more than one currency';

CREATE FUNCTION billing._anomaly_action(kind text, account_id bigint, area_id bigint, org_id bigint, part text, during daterange, evidence jsonb)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT replace(replace(replace(replace(replace(replace(replace(replace(d.action,
			'{account}', coalesce(quote_literal((SELECT a.account_no FROM billing.account a WHERE a.account_id = _anomaly_action.account_id)), '')),
			'{org}', coalesce(quote_literal((SELECT o.org_no FROM billing.org o WHERE o.org_id = _anomaly_action.org_id)), '')),
			'{meter}', coalesce((SELECT quote_literal(i.meter_no) FROM billing.meter_install i WHERE i.account_id = _anomaly_action.account_id AND i.part = _anomaly_action.part AND i.until_at IS NULL
								  ORDER BY i.from_at DESC LIMIT 1), '…')),
			'{from_at}', coalesce(quote_literal(_anomaly_action.evidence #>> '{spans,0,from_at}'), '…')),
			'{until_at}', coalesce(quote_literal(_anomaly_action.evidence #>> '{spans,0,until_at}'), '…')),
			'{from}', quote_literal(to_char(lower(_anomaly_action.during), 'YYYY-MM-DD'))),
			'{until}', quote_literal(to_char(upper(_anomaly_action.during), 'YYYY-MM-DD'))),
			'{days}', quote_literal(format('[%s,%s)', to_char(lower(_anomaly_action.during), 'YYYY-MM-DD'), to_char(upper(_anomaly_action.during), 'YYYY-MM-DD'))))
	  FROM billing.detectors() d WHERE d.kind = _anomaly_action.kind;
END;
COMMENT ON FUNCTION billing._anomaly_action(text, bigint, bigint, bigint, text, daterange, jsonb) IS 'the call that would see to an anomaly; … is for who makes it';

CREATE FUNCTION billing._put_anomaly(account_id bigint, area_id bigint, org_id bigint, run_id bigint, looked daterange, kind text, part text, from_on date, until_on date,
	score double precision, kwh numeric, measured numeric, bound numeric, unit text, evidence jsonb)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	chance	double precision := least(greatest(billing._anomaly_probability(_put_anomaly.kind, _put_anomaly.score), 0), 1);
	price	record;
	act		text := coalesce(billing._anomaly_action(_put_anomaly.kind, _put_anomaly.account_id, _put_anomaly.area_id, _put_anomaly.org_id, _put_anomaly.part,
								 daterange(_put_anomaly.from_on, _put_anomaly.until_on), _put_anomaly.evidence), '');
BEGIN
	SELECT p.price, p.currency INTO price
	  FROM billing._mean_price(CASE WHEN _put_anomaly.area_id IS NULL THEN ARRAY[_put_anomaly.account_id]
									ELSE ARRAY(SELECT s.account_id FROM billing.service_point s WHERE s.area_id = _put_anomaly.area_id AND s.purpose = 'billing') END, upper(_put_anomaly.looked)) p;
	-- the same case, still open: as it is seen now
	UPDATE billing.anomaly a
	   SET score = _put_anomaly.score, probability = chance, from_on = _put_anomaly.from_on, until_on = _put_anomaly.until_on, measured = _put_anomaly.measured, bound = _put_anomaly.bound,
		   unit = _put_anomaly.unit, evidence = _put_anomaly.evidence, kwh = _put_anomaly.kwh, amount = round(_put_anomaly.kwh * price.price, 2), currency = price.currency, action = act,
		   looked_from = lower(_put_anomaly.looked), looked_until = upper(_put_anomaly.looked), run_id = _put_anomaly.run_id, seen_at = now(), seen = a.seen + 1
	 WHERE a.kind = _put_anomaly.kind AND a.state <> 'closed' AND a.part = _put_anomaly.part
	   AND (a.account_id = _put_anomaly.account_id OR a.area_id = _put_anomaly.area_id);
	IF FOUND THEN
		RETURN false;
	END IF;
	-- somebody has judged these days already
	IF EXISTS (SELECT FROM billing.anomaly a
				WHERE a.kind = _put_anomaly.kind AND a.state = 'closed' AND a.part = _put_anomaly.part AND (a.account_id = _put_anomaly.account_id OR a.area_id = _put_anomaly.area_id)
				  AND a.looked_until > _put_anomaly.from_on AND a.looked_from < _put_anomaly.until_on AND a.until_on >= _put_anomaly.until_on) THEN
		RETURN false;
	END IF;
	INSERT INTO billing.anomaly (account_id, area_id, org_id, part, kind, from_on, until_on, score, probability, measured, bound, unit, evidence, kwh, amount, currency, action,
								 looked_from, looked_until, run_id, due_on)
	SELECT _put_anomaly.account_id, _put_anomaly.area_id, _put_anomaly.org_id, _put_anomaly.part, _put_anomaly.kind, _put_anomaly.from_on, _put_anomaly.until_on, _put_anomaly.score, chance,
		   _put_anomaly.measured, _put_anomaly.bound, _put_anomaly.unit, _put_anomaly.evidence, _put_anomaly.kwh, round(_put_anomaly.kwh * price.price, 2), price.currency, act,
		   lower(_put_anomaly.looked), upper(_put_anomaly.looked), _put_anomaly.run_id, billing._sum_day(now()) + d.within_days
	  FROM billing.detectors() d WHERE d.kind = _put_anomaly.kind
	    ON CONFLICT DO NOTHING;
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION billing._put_anomaly(bigint, bigint, bigint, bigint, daterange, text, text, date, date, double precision, numeric, numeric, numeric, text, jsonb) IS
'puts a case on the work list: a new one, or as the open one is seen now; what somebody has closed for these days does not come again; true: it is new';

CREATE FUNCTION billing._peer_ratios(org_id bigint, during daterange)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- a thousand of a plan are plenty; which ones does not depend on how they lie in the table, nor on chunks
	WITH chosen AS MATERIALIZED (
		SELECT q.account_id, q.plan_id
		  FROM (SELECT h.account_id, p.plan_id, row_number() OVER (PARTITION BY p.plan_id ORDER BY hashint8extended(h.account_id, 0), h.account_id) AS place
				  FROM billing.account_head h CROSS JOIN LATERAL (SELECT (billing._plan_on(h.account_id, lower(_peer_ratios.during))).plan_id) p
				 WHERE h.org_id = _peer_ratios.org_id) q
		 WHERE q.place <= 1000),
	-- by rows that begin in either span
	used AS (
		SELECT c.plan_id, sum(e.kwh) FILTER (WHERE r.from_on >= lower(_peer_ratios.during)) AS now_kwh, sum(r.until_on - r.from_on) FILTER (WHERE r.from_on >= lower(_peer_ratios.during)) AS now_days,
			   sum(e.kwh) FILTER (WHERE r.from_on < lower(_peer_ratios.during)) AS kwh, sum(r.until_on - r.from_on) FILTER (WHERE r.from_on < lower(_peer_ratios.during)) AS days
		  FROM chosen c JOIN billing.reading r ON r.account_id = c.account_id CROSS JOIN LATERAL (SELECT billing.energy_kwh(r.profile) AS kwh) e
		 WHERE r.org_id = _peer_ratios.org_id AND r.part = 'main' AND r.channel = 'import' AND r.from_on >= lower(_peer_ratios.during) - 92 AND r.from_on < upper(_peer_ratios.during)
		 GROUP BY c.plan_id, c.account_id),
	middle AS (
		SELECT CASE WHEN grouping(u.plan_id) = 1 THEN 'all' ELSE u.plan_id::text END AS peers, round((percentile_cont(0.5) WITHIN GROUP (ORDER BY (u.now_kwh / u.now_days / (u.kwh / u.days))::double precision))::numeric, 6) AS ratio
		  FROM used u WHERE u.now_kwh > 0 AND u.kwh > 0 GROUP BY GROUPING SETS ((u.plan_id), ()) HAVING count(*) >= 10)
	SELECT coalesce(jsonb_object_agg(m.peers, m.ratio), '{}') FROM middle m WHERE m.peers IS NOT NULL;
END;
COMMENT ON FUNCTION billing._peer_ratios(bigint, daterange) IS
'of the accounts of an org, by plan_id and of all, where there are ten: the middle ratio of their use a day on some days to that of the 92 before: season and weather, which are nobody''s fault';

CREATE FUNCTION billing._detect_safely(run_id bigint, org_id bigint, looked daterange, first_account bigint, last_account bigint, rules jsonb, OUT hits integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- As _bill_safely(): an error takes the statement with it; halve the range until the culprit is alone.
DECLARE
	part	record;
	range	record;
	code	text;
	message	text;
	detail	text;
	hint	text;
BEGIN
	BEGIN
		SELECT count(*) FILTER (WHERE billing._put_anomaly(q.account_id, NULL, _detect_safely.org_id, _detect_safely.run_id, _detect_safely.looked, q.kind, q.part, q.from_on, q.until_on, q.score, q.kwh,
															q.measured, q.bound, q.unit, q.evidence))
		  INTO hits
		  -- in one order, as everybody who locks more than one
		  FROM (SELECT d.* FROM billing._detect(_detect_safely.org_id, _detect_safely.first_account, _detect_safely.last_account, _detect_safely.looked, _detect_safely.rules) d
				 ORDER BY d.account_id, d.kind, d.part, d.from_on) q;
		failed := 0;
		RETURN;
	EXCEPTION
		-- these are of the run, not of an account
		WHEN query_canceled OR admin_shutdown OR insufficient_privilege OR insufficient_resources OR serialization_failure OR deadlock_detected THEN
			RAISE;
		WHEN OTHERS THEN
			GET STACKED DIAGNOSTICS code = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	SELECT count(*) AS accounts, min(h.account_id) AS first, max(h.account_id) AS last, percentile_disc(0.5) WITHIN GROUP (ORDER BY h.account_id) AS middle INTO range
	  FROM billing.account_head h WHERE h.org_id = _detect_safely.org_id AND h.account_id BETWEEN _detect_safely.first_account AND _detect_safely.last_account;
	hits := 0;
	failed := 0;
	IF range.accounts = 1 THEN
		INSERT INTO billing.run_exception (account_id, run_id, org_id, from_on, until_on, sqlstate, message, detail, hint)
		VALUES (range.first, _detect_safely.run_id, _detect_safely.org_id, lower(_detect_safely.looked), upper(_detect_safely.looked), code, message, nullif(detail, ''), nullif(hint, ''));
		failed := 1;
	ELSIF range.accounts > 1 THEN
		FOR part IN SELECT q.* FROM (VALUES (range.first, range.middle), (range.middle + 1, range.last)) v(first, last),
							LATERAL billing._detect_safely(_detect_safely.run_id, _detect_safely.org_id, _detect_safely.looked, v.first, v.last, _detect_safely.rules) q
		LOOP
			hits := hits + part.hits;
			failed := failed + part.failed;
		END LOOP;
	END IF;
END $$;
COMMENT ON FUNCTION billing._detect_safely(bigint, bigint, daterange, bigint, bigint, jsonb) IS 'looks at a range of accounts; who cannot be looked at stands alone as an exception in the end';

CREATE FUNCTION billing._detect_accounts(run_id bigint, org_id bigint, from_on date, until_on date, first_account bigint, last_account bigint, OUT hits integer, OUT failed integer)
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	looked	daterange := daterange(_detect_accounts.from_on, _detect_accounts.until_on);
	usual	billing.detection_usual;
	rules	jsonb := coalesce(billing._detector_rules(_detect_accounts.org_id), '{}');
BEGIN
	SELECT u.* INTO usual FROM billing.detection_usual u WHERE u.run_id = _detect_accounts.run_id;
	SELECT q.hits, q.failed INTO hits, failed
	  FROM billing._detect_safely(_detect_accounts.run_id, _detect_accounts.org_id, looked, _detect_accounts.first_account, _detect_accounts.last_account,
			rules || jsonb_build_object('peers', usual.peers -> _detect_accounts.org_id::text)) q;
	IF rules ? 'suspected_theft' THEN
		hits := hits + billing._detect_theft(_detect_accounts.org_id, _detect_accounts.first_account, _detect_accounts.last_account, looked, usual, (rules #>> '{suspected_theft,least}')::double precision);
	END IF;
	IF hits > 0 THEN
		PERFORM pg_notify('billing_anomaly', jsonb_build_object('run', _detect_accounts.run_id, 'org', (SELECT o.org_no FROM billing.org o WHERE o.org_id = _detect_accounts.org_id), 'found', hits)::text);
	END IF;
END $$;
COMMENT ON FUNCTION billing._detect_accounts(bigint, bigint, date, date, bigint, bigint) IS 'a chunk of a run of kind detection: how many anomalies are new, which accounts could not be looked at; tells who LISTENs on billing_anomaly';

CREATE FUNCTION billing._detect_areas(run_id bigint, at_org bigint, looked daterange)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	-- what cannot be seen would be lost: without these rights areas are passed over
	IF NOT (billing.can_read(_detect_areas.at_org, 'supply') AND billing.can_read(_detect_areas.at_org, 'account') AND billing.can_read(_detect_areas.at_org, 'reading')) THEN
		RETURN 0;
	END IF;
	RETURN (
		SELECT count(*) FILTER (WHERE billing._put_anomaly(NULL, a.area_id, a.org_id, _detect_areas.run_id, _detect_areas.looked, 'area_balance', 'main', lower(_detect_areas.looked), upper(_detect_areas.looked), s.score,
			l.loss_kwh - round(l.supplied_kwh * (r.rules #>> '{area_balance,bound}')::numeric / 100, 3), l.loss_percent, (r.rules #>> '{area_balance,bound}')::numeric, '%',
			jsonb_build_object('supplied_kwh', l.supplied_kwh, 'sold_kwh', l.sold_kwh, 'loss_kwh', l.loss_kwh, 'loss_percent', l.loss_percent, 'points', l.points,
				-- whose midnights the days begin at
				'time_zone', current_setting('TimeZone'))))
		  FROM billing.area_losses((SELECT o.org_no FROM billing.org o WHERE o.org_id = _detect_areas.at_org), _detect_areas.looked) l
		  JOIN billing.transformer_area a ON a.area_no = l.area_no
		 CROSS JOIN LATERAL (SELECT billing._detector_rules(a.org_id) AS rules) r
		 -- less than nothing is lost by a wrong ratio or a point on the wrong area: one in a hundred is the meters' own
		 CROSS JOIN LATERAL (SELECT billing._exceeds(abs(l.loss_percent)::double precision, CASE WHEN l.loss_percent < 0 THEN 1 ELSE (r.rules #>> '{area_balance,bound}')::double precision END) AS score) s
		 WHERE r.rules ? 'area_balance' AND s.score >= (r.rules #>> '{area_balance,least}')::double precision);
END $$;
COMMENT ON FUNCTION billing._detect_areas(bigint, bigint, daterange) IS 'the balances of transformer areas, where every reading is there; how many anomalies are new';

CREATE FUNCTION billing._suspected(version billing.model_version, reference jsonb, org_id bigint, first_account bigint, last_account bigint, looked daterange)
RETURNS TABLE (account_id bigint, probability double precision, from_on date, kwh numeric, evidence jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 500
BEGIN ATOMIC
	-- what would have been used since the level fell, had it not: no more than a guess, and none where it is the shape that tells
	SELECT s.account_id, s.probability, q.from_on,
		   CASE WHEN s.level < 1 THEN round(billing.energy_kwh(billing._looked_at(s.account_id, 'main', 'import', daterange(q.from_on, upper(_suspected.looked)))) * (1 / s.level - 1)::numeric, 3) END,
		   jsonb_build_object('model', 'theft', 'version', (_suspected.version).version, 'until_on', upper(_suspected.looked), 'score', s.score, 'level', round(s.level::numeric, 4), 'since', s.since)
	  FROM billing._trained_scores(_suspected.version, _suspected.reference, _suspected.org_id, _suspected.first_account, _suspected.last_account, upper(_suspected.looked)) s
	 CROSS JOIN LATERAL (SELECT CASE WHEN s.level < 1 AND s.since < upper(_suspected.looked) THEN greatest(s.since, lower(_suspected.looked)) ELSE lower(_suspected.looked) END AS from_on) q;
END;
COMMENT ON FUNCTION billing._suspected(billing.model_version, jsonb, bigint, bigint, bigint, daterange) IS 'how likely theft is at a chunk of accounts, from which of the days looked at on, and the energy that is lacking in them';

CREATE FUNCTION billing._detect_theft(org_id bigint, first_account bigint, last_account bigint, looked daterange, usual billing.detection_usual, least_score double precision)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	version	billing.model_version;
BEGIN
	SELECT v.* INTO version FROM billing.model_version v WHERE v.model_id = (usual).model_id AND v.version = (usual).version;
	IF NOT FOUND OR NOT billing.can_read(_detect_theft.org_id, 'reading') THEN
		RETURN 0;
	END IF;
	RETURN (
		SELECT count(*) FILTER (WHERE billing._put_anomaly(s.account_id, NULL, _detect_theft.org_id, (usual).run_id, _detect_theft.looked, 'suspected_theft', 'main', s.from_on, upper(_detect_theft.looked),
			s.probability, s.kwh, NULL, NULL, NULL, s.evidence))
		  FROM (SELECT q.* FROM billing._suspected(version, (usual).reference, _detect_theft.org_id, _detect_theft.first_account, _detect_theft.last_account, _detect_theft.looked) q
				 WHERE q.probability >= _detect_theft.least_score ORDER BY q.account_id) s);
END $$;
COMMENT ON FUNCTION billing._detect_theft(bigint, bigint, bigint, daterange, billing.detection_usual, double precision) IS
'what the model of a run suspects in a chunk of accounts; how many anomalies are new';

CREATE FUNCTION billing._put_usual(run_id bigint, at_org bigint, looked daterange)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	version	billing.model_version;
BEGIN
	-- only what learnt from labels speaks of probability; a cold model ranks
	SELECT v.* INTO version FROM billing.model m JOIN billing.model_version v ON v.model_id = m.model_id
	 WHERE m.code = 'theft' AND m.org_id = ANY (billing._orgs_over(_put_usual.at_org)) AND v.grade = 'trained' ORDER BY v.version DESC LIMIT 1;
	INSERT INTO billing.detection_usual (run_id, org_id, peers, model_id, version, reference)
	SELECT _put_usual.run_id, _put_usual.at_org, (SELECT jsonb_object_agg(o.org_id, billing._peer_ratios(o.org_id, _put_usual.looked)) FROM unnest(billing._orgs_below(_put_usual.at_org)) o(org_id)),
		   version.model_id, version.version,
		   CASE WHEN version.version IS NOT NULL THEN billing._model_reference(billing._orgs_below(version.org_id), billing._months_before(upper(_put_usual.looked), version.months)) END;
END $$;
COMMENT ON FUNCTION billing._put_usual(bigint, bigint, daterange) IS 'writes down what a run holds accounts against, before its first chunk';

CREATE FUNCTION billing._start_detection(org_no text, from_on date, until_on date, chunk_size integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: writes down the run and its chunks, for who may run bills there.
DECLARE
	at_org	bigint := billing._org_of(_start_detection.org_no, 'run', 'bill');
	run		bigint;
BEGIN
	IF NOT (isfinite(_start_detection.from_on) AND isfinite(_start_detection.until_on)) OR _start_detection.until_on - _start_detection.from_on NOT BETWEEN 1 AND 366
	   OR _start_detection.chunk_size NOT BETWEEN 1 AND 100000 THEN
		RAISE EXCEPTION 'detection looks at 1 to 366 days, and a chunk has 1 to 100000 accounts' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- who comes second takes part in the first one's run
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.start_detection %s %s %s', at_org, _start_detection.from_on - date '2000-01-01', _start_detection.until_on - date '2000-01-01'), 0));
	UPDATE billing.bill_run r SET failed_at = NULL, sqlstate = NULL, message = NULL, detail = NULL, hint = NULL
	 WHERE r.org_id = at_org AND r.from_on = _start_detection.from_on AND r.until_on = _start_detection.until_on AND r.finished_at IS NULL AND r.kind = 'detection' RETURNING r.run_id INTO run;
	IF FOUND THEN
		RETURN run;
	END IF;
	INSERT INTO billing.bill_run AS r (org_id, from_on, until_on, kind) VALUES (at_org, _start_detection.from_on, _start_detection.until_on, 'detection')
	RETURNING r.run_id INTO run;
	INSERT INTO billing.run_chunk (run_id, chunk_no, org_id, first_account, last_account, accounts)
	SELECT run, row_number() OVER (ORDER BY q.org_id, q.part), q.org_id, min(q.account_id), max(q.account_id), count(*)
	  FROM (SELECT h.org_id, h.account_id, (row_number() OVER (PARTITION BY h.org_id ORDER BY h.account_id) - 1) / _start_detection.chunk_size AS part
			  FROM billing.account_head h WHERE h.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[])) q
	 GROUP BY q.org_id, q.part;
	PERFORM billing._put_usual(run, at_org, daterange(_start_detection.from_on, _start_detection.until_on)), billing._detect_areas(run, at_org, daterange(_start_detection.from_on, _start_detection.until_on));
	RETURN run;
END $$;
COMMENT ON FUNCTION billing._start_detection(text, date, date, integer) IS 'the open detection of an org over these days, or a new one cut into chunks; a new one looks at the areas, and at what is usual, at once';

CREATE PROCEDURE billing.run_detection(org_no text, from_on date, until_on date, chunk_size integer DEFAULT 500, workers integer DEFAULT 0, INOUT result text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	run	bigint;
BEGIN
	PERFORM billing._given('run_detection', org_no, from_on, until_on, chunk_size, workers), billing._check_no_transaction();
	run := billing._start_detection(org_no, from_on, until_on, chunk_size);
	COMMIT;
	CALL billing._work(run, workers, result);
END $$;
COMMENT ON PROCEDURE billing.run_detection(text, date, date, integer, integer, text) IS
'has all detectors look at some days of every account of an org, and of all below it, and of their transformer areas, in chunks that commit, as run_bills() does: stopped or killed, the same call goes on '
'where it was, several sessions share the work, workers do it in the background, stat_progress says how far it is. What it finds is on the work list, billing_report.anomaly; '
'what is there already is brought up to date, and what somebody has closed for these days does not come again';
