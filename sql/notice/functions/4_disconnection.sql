-- ---- stopping supply for arrears, and giving it back ----

CREATE FUNCTION billing._check_disconnection(request billing.supply_request)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	today	CONSTANT date := billing._sum_day(now());
	rule	billing.disconnection_rule := billing._disconnection_rule(request.account_id, request.effective_on);
	number	text := (SELECT a.account_no FROM billing.account a WHERE a.account_id = request.account_id);
	oldest	date;
	told	record;
	lacks	text;
BEGIN
	SELECT min(d.due_on) INTO oldest FROM billing._open_debts(ARRAY[request.org_id], request.account_id) d;
	-- about a debt that is open still
	SELECT max(n.sent_at) FILTER (WHERE n.kind = 'disconnection') AS at, max(n.sent_at) FILTER (WHERE n.kind = 'disconnection_reminder') AS again_at INTO told
	  FROM billing.notice n JOIN billing._open_debts(ARRAY[request.org_id], request.account_id) d ON d.seq = n.about::bigint
	 WHERE n.account_id = request.account_id AND n.kind IN ('disconnection', 'disconnection_reminder') AND n.state IN ('sent', 'delivered');
	lacks := CASE
		WHEN oldest IS NULL THEN 'Nothing is owed, or what is owed is disputed.'
		WHEN oldest + rule.overdue_days >= least(request.effective_on, today) THEN format('The oldest debt was due on %s; it must be more than %s days overdue.', to_char(oldest, 'YYYY-MM-DD'), rule.overdue_days)
		WHEN told.at IS NULL THEN 'No notice of disconnection was sent about what is owed.'
		WHEN billing._sum_day(told.at) + rule.notice_days > request.effective_on THEN
			format('The notice was sent on %s; there must be %s days after it.', to_char(billing._sum_day(told.at), 'YYYY-MM-DD'), rule.notice_days)
		WHEN request.state <> 'completed' THEN NULL
		WHEN request.effective_on > today THEN format('The day is %s.', to_char(request.effective_on, 'YYYY-MM-DD'))
		WHEN coalesce(told.again_at < told.at, true) AND rule.reminder_minutes IS NOT NULL THEN 'The second warning was not sent.'
		WHEN told.again_at + make_interval(mins => rule.reminder_minutes) > now() THEN format('The second warning was sent at %s; there must be %s minutes after it.',
			to_char(told.again_at AT TIME ZONE (SELECT s.time_zone FROM billing.sum_setting s), 'YYYY-MM-DD HH24:MI'), rule.reminder_minutes) END;
	IF lacks IS NOT NULL THEN
		RAISE EXCEPTION 'account % cannot be disconnected for arrears on %', number, to_char(request.effective_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB608', DETAIL = lacks, HINT = 'queue_notices() queues what is to be told, senders send it; billing.disconnection_rule has what is asked.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_disconnection(billing.supply_request) IS 'raises where arrears are not old enough, or the customer was not told long enough before';

CREATE FUNCTION billing._guard_disconnection()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM billing._check_disconnection(NEW);
	IF NEW.state = 'approved' AND (billing._disconnection_rule(NEW.account_id, NEW.effective_on)).reminder_minutes IS NOT NULL THEN
		-- said once more on the day itself, by the way of the notice
		INSERT INTO billing.notice (account_id, org_id, kind, about, channel, locale, next_at)
		SELECT n.account_id, n.org_id, 'disconnection_reminder', n.about, n.channel, n.locale, NEW.effective_on::timestamp AT TIME ZONE (SELECT s.time_zone FROM billing.sum_setting s)
		  FROM billing.notice n WHERE n.account_id = NEW.account_id AND n.kind = 'disconnection' AND n.state IN ('sent', 'delivered') ORDER BY n.sent_at DESC LIMIT 1
		    ON CONFLICT DO NOTHING;
	END IF;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION billing._guard_disconnection() IS 'trigger: a disconnection for arrears is asked for, approved and done only when the law''s days are over; approved, it queues the second warning';

CREATE FUNCTION billing._reconnections(orgs bigint[] DEFAULT NULL)
RETURNS TABLE (account_id bigint, org_id bigint, disconnected_on date, paid_at timestamptz, due_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT p.account_id, p.org_id, p.from_on, t.at, t.at + make_interval(hours => (billing._disconnection_rule(p.account_id, billing._sum_day(t.at))).reconnect_hours)
	  FROM billing.account_phase p
	 CROSS JOIN LATERAL (SELECT max(m.posted_at) AS at FROM billing.transfer m WHERE m.account_id = p.account_id AND m.credit = 'receivable') t
	 WHERE p.phase = 'disconnected' AND (_reconnections.orgs IS NULL OR p.org_id = ANY (_reconnections.orgs)) AND t.at IS NOT NULL
	   AND NOT EXISTS (SELECT FROM billing.account_phase l WHERE l.account_id = p.account_id AND l.request_id > p.request_id)
	   AND NOT EXISTS (SELECT FROM billing._open_debts(ARRAY[p.org_id], p.account_id) d WHERE d.due_on < billing._sum_day(now()));
END $$;
COMMENT ON FUNCTION billing._reconnections(bigint[]) IS 'accounts that are disconnected for arrears and have none any more, and by when they are to be connected again';

CREATE FUNCTION billing.reconnections(org_no text)
RETURNS TABLE (account_no text, disconnected_on date, paid_at timestamptz, due_at timestamptz)
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER ROWS 10
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: looks at the debts of accounts, for who may read accounts there.
DECLARE
	orgs	bigint[] := billing._orgs_below(billing._org_of(reconnections.org_no, 'read', 'account'));
BEGIN
	RETURN QUERY SELECT a.account_no, r.disconnected_on, r.paid_at, r.due_at FROM billing._reconnections(orgs) r JOIN billing.account a ON a.account_id = r.account_id ORDER BY r.due_at, a.account_no;
END $$;
COMMENT ON FUNCTION billing.reconnections(text) IS
'what is open: accounts of an org and all below it that are disconnected for arrears and have paid, and by when their supply is to be back; a request of kind reconnection ends it';
