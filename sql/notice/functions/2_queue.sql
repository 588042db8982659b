-- ---- the queue: what is to be told, and what no longer ----

CREATE FUNCTION billing._open_debts(orgs bigint[], of_account bigint DEFAULT NULL)
RETURNS TABLE (account_id bigint, org_id bigint, seq bigint, is_bill boolean, class text, due_on date, open numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	WITH head AS MATERIALIZED (
		-- what is disputed is not asked for meanwhile
		SELECT h.account_id, h.org_id, h.balance - coalesce((SELECT sum(d.amount) FROM billing.dispute d WHERE d.account_id = h.account_id AND d.closed_on IS NULL), 0) AS owed
		  FROM billing.account_head h
		 WHERE h.org_id = ANY (_open_debts.orgs) AND h.balance > 0 AND (_open_debts.of_account IS NULL OR h.account_id = _open_debts.of_account)),
	debt AS (
		SELECT h.account_id, h.org_id, h.owed, b.seq, b.from_on, b.revision, b.kind, billing._sum_day(b.issued_at) AS issued_on, b.total AS amount
		  FROM head h JOIN billing.bill b ON b.account_id = h.account_id
		  LEFT JOIN billing.bill r ON r.account_id = b.account_id AND r.from_on = b.from_on AND r.reverses_seq = b.seq
		 WHERE b.total > 0 AND b.kind <> 'reversal' AND r.account_id IS NULL
		 UNION ALL
		SELECT h.account_id, h.org_id, h.owed, t.seq, NULL::date AS from_on, NULL::smallint AS revision, NULL::text AS kind, billing._sum_day(t.posted_at) AS issued_on, t.amount
		  FROM head h JOIN billing.transfer t ON t.account_id = h.account_id WHERE t.debit = 'receivable' AND t.bill_seq IS NULL),
	-- money settles the oldest debt first, so what is owed is of the last debts
	judged AS MATERIALIZED (
		SELECT q.* FROM (
			SELECT d.*, least(d.amount, d.owed - coalesce(sum(d.amount) OVER (PARTITION BY d.account_id ORDER BY d.seq DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)) AS open FROM debt d) q
		 WHERE q.open > 0),
	-- which tariff a bill was made by stands in its charges: looked at only where it is open
	made AS MATERIALIZED (
		SELECT j.*, billing.tariff_digest(b.charges) AS tariff_digest FROM judged j
		  LEFT JOIN billing.bill b ON b.account_id = j.account_id AND b.from_on = j.from_on AND b.revision = j.revision AND b.kind = j.kind),
	due AS MATERIALIZED (
		SELECT q.*, t.class, billing._due_on(q.org_id, t.class, q.issued_on) AS due_on
		  FROM (SELECT DISTINCT m.org_id, m.tariff_digest, m.issued_on FROM made m) q LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = q.tariff_digest)
	SELECT m.account_id, m.org_id, m.seq, m.kind IS NOT NULL, d.class, d.due_on, m.open
	  FROM made m JOIN due d ON d.org_id = m.org_id AND d.issued_on = m.issued_on AND d.tariff_digest IS NOT DISTINCT FROM m.tariff_digest;
END $$;
COMMENT ON FUNCTION billing._open_debts(bigint[], bigint) IS 'what customers of these orgs, or one account there, owe now, debt by debt, and when each is due; disputes set aside';

CREATE FUNCTION billing._tell_of_bills(org_id bigint, first_account bigint, last_account bigint, run_id bigint, seq bigint DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- most runs: nobody wants to be told, and no bill is looked at
	PERFORM FROM billing.notice_rule r WHERE r.kind = 'bill_ready' AND r.channel IS NOT NULL AND r.org_id = ANY (billing._orgs_over(_tell_of_bills.org_id));
	IF NOT FOUND THEN
		RETURN;
	END IF;
	WITH made AS MATERIALIZED (
		SELECT b.account_id, b.seq, billing.tariff_digest(b.charges) AS tariff_digest FROM billing.bill b
		 WHERE b.account_id BETWEEN _tell_of_bills.first_account AND _tell_of_bills.last_account AND b.org_id = _tell_of_bills.org_id AND b.kind <> 'reversal'
		   AND (b.run_id = _tell_of_bills.run_id OR b.seq = _tell_of_bills.seq)),
	-- a run has few tariffs
	wanted AS MATERIALIZED (
		SELECT q.tariff_digest, r.channel, r.locale
		  FROM (SELECT DISTINCT m.tariff_digest FROM made m) q
		  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = q.tariff_digest
		 CROSS JOIN LATERAL billing._notice_rule(_tell_of_bills.org_id, t.class, 'bill_ready', billing._sum_day(now())) r
		 WHERE r.channel IS NOT NULL)
	INSERT INTO billing.notice (account_id, org_id, kind, about, channel, locale)
	SELECT m.account_id, _tell_of_bills.org_id, 'bill_ready', m.seq::text, w.channel, w.locale
	  FROM made m JOIN wanted w ON w.tariff_digest IS NOT DISTINCT FROM m.tariff_digest
	    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION billing._tell_of_bills(bigint, bigint, bigint, bigint, bigint) IS
'queues the notices of bills of an org''s accounts that a run has made, or of one bill, in the transaction that made them, where they are wanted';

CREATE FUNCTION billing._move_notices()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: notices follow their account to another org, for who may write at both.
BEGIN
	UPDATE billing.notice n SET org_id = NEW.org_id WHERE n.account_id = NEW.account_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._move_notices() IS 'trigger: the org of an account''s notices is the account''s';

CREATE FUNCTION billing._withdraw_paid(orgs bigint[], of_account bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	gone	bigint;
	request	billing.supply_request;
BEGIN
	-- of most accounts nothing waits
	PERFORM FROM billing.notice n
	  WHERE n.account_id = _withdraw_paid.of_account AND n.state = 'queued' AND n.kind <> 'bill_ready'
	 UNION ALL
	SELECT FROM billing.supply_request r WHERE r.account_id = _withdraw_paid.of_account AND r.kind = 'disconnection' AND r.state NOT IN ('completed', 'rejected', 'withdrawn');
	IF NOT FOUND AND _withdraw_paid.of_account IS NOT NULL THEN
		RETURN 0;
	END IF;
	UPDATE billing.notice n SET state = 'withdrawn', reason = 'paid'
	 WHERE n.org_id = ANY (_withdraw_paid.orgs) AND (_withdraw_paid.of_account IS NULL OR n.account_id = _withdraw_paid.of_account)
	   AND n.state = 'queued' AND n.kind IN ('due_soon', 'overdue', 'disconnection', 'disconnection_reminder')
	   AND NOT EXISTS (SELECT FROM billing._open_debts(_withdraw_paid.orgs, _withdraw_paid.of_account) d WHERE d.account_id = n.account_id AND d.seq = n.about::bigint);
	GET DIAGNOSTICS gone = ROW_COUNT;
	FOR request IN
		UPDATE billing.supply_request r SET state = 'withdrawn'
		 WHERE r.org_id = ANY (_withdraw_paid.orgs) AND (_withdraw_paid.of_account IS NULL OR r.account_id = _withdraw_paid.of_account)
		   AND r.kind = 'disconnection' AND r.state NOT IN ('completed', 'rejected', 'withdrawn')
		   AND NOT EXISTS (SELECT FROM billing._open_debts(_withdraw_paid.orgs, _withdraw_paid.of_account) d WHERE d.account_id = r.account_id AND d.due_on < billing._sum_day(now()))
		RETURNING r.*
	LOOP
		PERFORM billing._log_step(request, 'withdraw', NULL, 'paid');
		PERFORM billing._audit(request.org_id, 'step_supply_request', format('request %s', request.request_id), '{"step": "withdraw", "note": "paid"}');
	END LOOP;
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing._withdraw_paid(bigint[], bigint) IS
'takes back what waits to be sent about debts that are settled, and requests to disconnect accounts without arrears, of orgs or of one account there; returns how many notices';

CREATE FUNCTION billing._queue_open(orgs bigint[], on_day date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	made	bigint;
BEGIN
	WITH debt AS MATERIALIZED (
		SELECT d.*, row_number() OVER (PARTITION BY d.account_id ORDER BY d.seq) = 1 AS oldest FROM billing._open_debts(_queue_open.orgs) d WHERE d.is_bill),
	rule AS MATERIALIZED (
		SELECT q.org_id, q.class, k.kind, r.channel, r.locale, r.days
		  FROM (SELECT DISTINCT d.org_id, d.class FROM debt d) q
		 CROSS JOIN unnest('{due_soon,overdue,disconnection}'::text[]) k(kind)
		 CROSS JOIN LATERAL billing._notice_rule(q.org_id, q.class, k.kind, _queue_open.on_day) r
		 WHERE r.channel IS NOT NULL)
	INSERT INTO billing.notice (account_id, org_id, kind, about, channel, locale)
	SELECT d.account_id, d.org_id, r.kind, d.seq::text, r.channel, r.locale
	  FROM debt d JOIN rule r ON r.org_id = d.org_id AND r.class IS NOT DISTINCT FROM d.class
	 WHERE CASE r.kind WHEN 'due_soon' THEN _queue_open.on_day BETWEEN d.due_on - r.days AND d.due_on
					   WHEN 'overdue' THEN _queue_open.on_day >= d.due_on + greatest(r.days, 1)
					   -- one for the account, about the debt that is oldest
					   ELSE d.oldest AND _queue_open.on_day > d.due_on AND _queue_open.on_day > d.due_on + (billing._disconnection_rule(d.account_id, _queue_open.on_day)).overdue_days
							AND (billing._phase_of(d.account_id)).phase = 'active' END
	 ORDER BY d.account_id, d.seq
	    ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS made = ROW_COUNT;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._queue_open(bigint[], date) IS 'queues what is to be said on a day about what is open';

CREATE FUNCTION billing.queue_notices(org_no text, on_day date DEFAULT NULL, OUT queued bigint, OUT withdrawn bigint)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
-- Definer: notices of an org and all below it, for who may run bills there.
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(queue_notices.org_no, 'run', 'bill'));
	today	CONSTANT date := billing._sum_day(now());
BEGIN
	PERFORM billing._given('queue_notices', org_no);
	IF NOT coalesce(queue_notices.on_day BETWEEN today - 31 AND today, queue_notices.on_day IS NULL) THEN
		RAISE EXCEPTION 'notices are of today, or of a day up to a month ago' USING ERRCODE = 'invalid_parameter_value', HINT = 'Without on_day: today.';
	END IF;
	withdrawn := billing._withdraw_paid(orgs);
	queued := billing._queue_open(orgs, coalesce(queue_notices.on_day, today));
	PERFORM billing._audit(o.org_id, 'queue_notices', format('org %s', o.org_no), jsonb_build_object('queued', queued, 'withdrawn', withdrawn))
	   FROM billing.org o WHERE o.org_no = queue_notices.org_no;
END $$;
COMMENT ON FUNCTION billing.queue_notices(text, date) IS
'queues what customers of an org, and of all below it, are to be told today of open bills: due soon, overdue, disconnection; each once, however often it is called; withdraws what was paid meanwhile; '
'for every morning; needs run on bill';

CREATE FUNCTION billing.queue_price_change(org_no text, plan_code text, from_on date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as queue_notices().
DECLARE
	at_org	bigint := billing._org_of(queue_price_change.org_no, 'run', 'bill');
	plan	bigint := billing._plan_of(queue_price_change.plan_code);
	made	bigint;
BEGIN
	PERFORM billing._given('queue_price_change', org_no, plan_code, from_on);
	PERFORM FROM billing.plan_version v WHERE v.plan_id = plan AND v.from_on = queue_price_change.from_on;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a version of plan %s from %s', queue_price_change.plan_code, queue_price_change.from_on));
	END IF;
	WITH told AS (
		SELECT a.account_id, a.org_id FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id
		 WHERE a.org_id = ANY ((SELECT billing._orgs_below(at_org))::bigint[]) AND (billing._plan_on(a.account_id, queue_price_change.from_on)).plan_id = plan
		   AND (h.stops_on IS NULL OR h.stops_on > queue_price_change.from_on)),
	rule AS MATERIALIZED (
		SELECT q.org_id, r.channel, r.locale FROM (SELECT DISTINCT t.org_id FROM told t) q
		  LEFT JOIN billing.plan_class c ON c.plan_id = plan
		 CROSS JOIN LATERAL billing._notice_rule(q.org_id, c.class, 'price_change', billing._sum_day(now())) r WHERE r.channel IS NOT NULL)
	INSERT INTO billing.notice (account_id, org_id, kind, about, channel, locale)
	SELECT t.account_id, t.org_id, 'price_change', format('%s %s', queue_price_change.plan_code, to_char(queue_price_change.from_on, 'YYYY-MM-DD')), r.channel, r.locale
	  FROM told t JOIN rule r ON r.org_id = t.org_id
	 ORDER BY t.account_id
	    ON CONFLICT DO NOTHING;
	GET DIAGNOSTICS made = ROW_COUNT;
	PERFORM billing._audit(at_org, 'queue_price_change', format('plan %s', queue_price_change.plan_code), jsonb_build_object('from_on', queue_price_change.from_on, 'queued', made));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.queue_price_change(text, text, date) IS
'queues for each customer of an org, and of all below it, who is billed by a plan that it has a version from a day on; where that is wanted; needs run on bill; returns how many';

CREATE FUNCTION billing.queue_notice(account_no text, kind text, about text, channel text, locale text DEFAULT 'zh', at timestamptz DEFAULT now())
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: one notice, for who may write bills there.
DECLARE
	account	bigint := billing._account_of(queue_notice.account_no, 'write', 'bill');
	of_kind	billing.notice_kind;
	made	bigint;
BEGIN
	PERFORM billing._given('queue_notice', account_no, kind, about, channel, locale, at);
	of_kind := billing._notice_kind(queue_notice.kind);
	IF of_kind.about = 'bill' THEN
		PERFORM FROM billing.bill b WHERE b.account_id = account AND b.seq::text = queue_notice.about AND b.kind <> 'reversal';
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('bill %s of account %s', queue_notice.about, queue_notice.account_no));
		END IF;
	END IF;
	IF of_kind.about = 'plan' THEN
		RAISE EXCEPTION 'notices of this kind are queued for all that have a plan' USING ERRCODE = 'invalid_parameter_value', HINT = 'queue_price_change() does it.';
	END IF;
	INSERT INTO billing.notice AS n (account_id, org_id, kind, about, channel, locale, next_at)
	SELECT a.account_id, a.org_id, queue_notice.kind, queue_notice.about, queue_notice.channel, queue_notice.locale, queue_notice.at FROM billing.account a WHERE a.account_id = account
	    ON CONFLICT ON CONSTRAINT notice_pkey DO NOTHING RETURNING n.notice_id INTO made;
	RETURN coalesce(made, (SELECT n.notice_id FROM billing.notice n WHERE n.account_id = account AND n.kind = queue_notice.kind AND n.about = queue_notice.about));
END $$;
COMMENT ON FUNCTION billing.queue_notice(text, text, text, text, text, timestamptz) IS
'queues one notice to a customer, to go at a moment: about a bill (its bill_id) or a matter in words; the same again gives the same notice; needs write on bill; returns notice_id';

CREATE FUNCTION billing._notice_of(notice_id bigint, action text, kind text)
RETURNS billing.notice
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	notice	billing.notice;
BEGIN
	SELECT n.* INTO notice FROM billing.notice n
	 WHERE n.notice_id = _notice_of.notice_id AND billing.can_do(_notice_of.action, _notice_of.kind, n.org_id) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('notice %s', _notice_of.notice_id));
	END IF;
	RETURN notice;
END $$;
COMMENT ON FUNCTION billing._notice_of(bigint, text, text) IS 'the notice of this number, locked, where the actor has the right';

CREATE FUNCTION billing.requeue_notice(notice_id bigint, channel text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as queue_notice().
DECLARE
	notice	billing.notice;
BEGIN
	PERFORM billing._given('requeue_notice', notice_id);
	notice := billing._notice_of(requeue_notice.notice_id, 'write', 'bill');
	IF notice.state NOT IN ('failed', 'refused') THEN
		RAISE EXCEPTION 'notice % is %', notice.notice_id, notice.state USING ERRCODE = 'UB609', HINT = 'Those that failed or were refused are queued again.';
	END IF;
	UPDATE billing.notice n SET state = 'queued', next_at = now(), attempts = 0, channel = coalesce(requeue_notice.channel, n.channel), reason = n.reason,
		   sent_at = NULL, answered_at = NULL, message_id = NULL
	 WHERE n.account_id = notice.account_id AND n.notice_id = notice.notice_id;
	PERFORM billing._audit(notice.org_id, 'requeue_notice', format('notice %s', notice.notice_id), jsonb_build_object('was', notice.state, 'reason', notice.reason, 'message_id', notice.message_id, 'channel', requeue_notice.channel));
END $$;
COMMENT ON FUNCTION billing.requeue_notice(bigint, text) IS 'a notice that failed or was refused goes again, also by another channel; needs write on bill';
