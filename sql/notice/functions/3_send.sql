-- ---- sending: take, send, say how it went ----

CREATE FUNCTION billing._notice_values(notice billing.notice)
RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	who		jsonb;
	bill	billing.bill;
	open	numeric;
	overdue	numeric;
	due_on	date;
	today	CONSTANT date := billing._sum_day(now());
BEGIN
	SELECT jsonb_build_object('account_no', a.account_no, 'customer', coalesce(c.name, ''), 'address', a.address, 'org', o.name) INTO who
	  FROM billing.account a LEFT JOIN billing.customer c ON c.customer_id = a.customer_id LEFT JOIN billing.org o ON o.org_id = a.org_id WHERE a.account_id = notice.account_id;
	IF notice.kind = 'price_change' THEN
		RETURN who || jsonb_build_object('plan', (SELECT p.name FROM billing.plan p WHERE p.plan_code = split_part(notice.about, ' ', 1)), 'from_on', split_part(notice.about, ' ', 2));
	ELSIF notice.kind = 'reply_wanted' THEN
		RETURN who || jsonb_build_object('matter', notice.about);
	END IF;
	SELECT b.* INTO bill FROM billing.bill b WHERE b.account_id = notice.account_id AND b.seq = notice.about::bigint AND NOT billing._is_reversed(b);
	IF NOT FOUND THEN
		RETURN NULL;
	END IF;
	SELECT max(d.open) FILTER (WHERE d.seq = bill.seq), sum(d.open) FILTER (WHERE d.due_on < today), max(d.due_on) FILTER (WHERE d.seq = bill.seq) INTO open, overdue, due_on
	  FROM billing._open_debts(ARRAY[notice.org_id], notice.account_id) d;
	IF open IS NULL AND notice.kind <> 'bill_ready' THEN
		RETURN NULL;
	END IF;
	due_on := coalesce(due_on, billing._due_on(notice.org_id, (SELECT t.class FROM billing_report.tariff_plan t WHERE t.tariff_digest = billing.tariff_digest(bill.charges)),
		billing._sum_day(bill.issued_at)));
	RETURN who || jsonb_build_object('bill_no', format('%s-%s', who ->> 'account_no', bill.seq), 'from_on', to_char(bill.from_on, 'YYYY-MM-DD'), 'last_on', to_char(bill.until_on - 1, 'YYYY-MM-DD'),
		'total', bill.total::text, 'currency', billing.currency(bill.charges), 'due_on', to_char(due_on, 'YYYY-MM-DD'), 'open', coalesce(open, 0)::numeric(20,2)::text,
		'overdue', coalesce(overdue, 0)::numeric(20,2)::text)
		|| CASE WHEN notice.kind = 'disconnection'
				THEN jsonb_build_object('stops_on', to_char(today + (billing._disconnection_rule(notice.account_id, today)).notice_days, 'YYYY-MM-DD')) ELSE '{}' END;
END $$;
COMMENT ON FUNCTION billing._notice_values(billing.notice) IS 'what stands for the placeholders of a notice now; null: it is not to be sent any more';

CREATE FUNCTION billing._notice_contact(account_id bigint, channel text, consent text, OUT customer_id bigint, OUT contact_no integer)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT k.customer_id, k.contact_no FROM billing.account a JOIN billing.customer_contact k ON k.customer_id = a.customer_id
	 WHERE a.account_id = _notice_contact.account_id AND k.kind = CASE _notice_contact.channel WHEN 'sms' THEN 'mobile' WHEN 'hand' THEN 'post' ELSE _notice_contact.channel END
	   AND k.valid_during @> current_date AND k.value IS NOT NULL AND (_notice_contact.consent IS NULL OR _notice_contact.consent = ANY (k.consent))
	 ORDER BY k.contact_no DESC LIMIT 1;
END;
COMMENT ON FUNCTION billing._notice_contact(bigint, text, text) IS 'the last contact of the account''s customer that a channel may use for this';

CREATE FUNCTION billing._prepare_notice(notice billing.notice)
RETURNS billing.notice
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- What is sent is settled when it is taken: the words, the amounts of now, the contact.
DECLARE
	of_kind		billing.notice_kind := billing._notice_kind(notice.kind);
	template	billing.notice_template;
BEGIN
	notice.said := billing._notice_values(notice);
	IF notice.said IS NULL THEN
		notice.state := 'withdrawn';
		notice.reason := 'paid or reversed';
		RETURN notice;
	END IF;
	SELECT t.* INTO template FROM (SELECT billing._orgs_over(notice.org_id) AS orgs) o JOIN billing.notice_template t ON t.org_id = ANY (o.orgs)
	 WHERE t.kind = notice.kind AND t.channel = notice.channel AND t.locale = notice.locale
	 ORDER BY array_position(o.orgs, t.org_id), t.template_id DESC LIMIT 1;
	notice.contact_no := (billing._notice_contact(notice.account_id, notice.channel, of_kind.consent)).contact_no;
	IF template.template_id IS NULL OR (notice.contact_no IS NULL AND notice.channel <> 'hand') THEN
		notice.state := 'failed';
		notice.reason := CASE WHEN template.template_id IS NULL THEN format('there is no template for %s by %s in %s', notice.kind, notice.channel, notice.locale)
							  ELSE format('the customer has no contact that %s may use for this', notice.channel) END;
		RETURN notice;
	END IF;
	notice.template_id := template.template_id;
	notice.digest := sha256(convert_to(billing._filled(template.subject, notice.said) || E'\n\n' || billing._filled(template.body, notice.said), 'UTF8'));
	notice.message_id := format('notice-%s-%s@billing', notice.notice_id, encode(substr(notice.digest, 1, 8), 'hex'));
	RETURN notice;
END $$;
COMMENT ON FUNCTION billing._prepare_notice(billing.notice) IS 'a notice with what is to be sent, or with the reason why nothing is';

CREATE FUNCTION billing._most_attempts()
RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT 12;
END;
COMMENT ON FUNCTION billing._most_attempts() IS 'how often a notice is tried: within about three days, as the pauses grow';

CREATE FUNCTION billing.take_notices(channel text, most integer DEFAULT 10, lease interval DEFAULT '5 minutes')
RETURNS TABLE (notice_id bigint, account_no text, kind text, address text, subject text, body text, message_id text)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: notices for who sends them: run on customer; the address is opened, and written down, by his own right to read what is personal.
DECLARE
	notice	billing.notice;
	given	integer := 0;
	seen	integer;
BEGIN
	PERFORM billing._given('take_notices', channel, most, lease);
	IF take_notices.most NOT BETWEEN 1 AND 1000 OR take_notices.lease NOT BETWEEN '1 second' AND '1 day' THEN
		RAISE EXCEPTION 'a sender takes 1 to 1000 notices, for a second to a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- what fails or is withdrawn gives place to the next
	LOOP
		seen := 0;
		FOR notice IN
			SELECT n.* FROM billing.notice n
			 WHERE n.channel = take_notices.channel AND n.state IN ('queued', 'taken') AND n.next_at <= clock_timestamp() AND billing.can_do('run', 'customer', n.org_id)
			   -- who does not see all that a notice speaks of would send another
			   AND billing.can_read(n.org_id, 'org') AND billing.can_read(n.org_id, 'customer') AND billing.can_read(n.org_id, 'bill') AND billing.can_read(n.org_id, 'personal')
			 ORDER BY n.next_at, n.notice_id LIMIT take_notices.most - given FOR NO KEY UPDATE SKIP LOCKED
		LOOP
			seen := seen + 1;
			notice.taken_by := billing.actor();
			notice.next_at := clock_timestamp() + take_notices.lease;
			-- what a sender died with may have gone: it is given again as it was, unless they all die with it
			IF notice.attempts >= billing._most_attempts() THEN
				notice.state := 'failed';
				notice.reason := format('taken %s times, and no sender said how it went', notice.attempts);
			ELSIF notice.state = 'queued' THEN
				notice.state := 'taken';
				notice := billing._prepare_notice(notice);
			END IF;
			UPDATE billing.notice n SET state = notice.state, taken_by = notice.taken_by, next_at = notice.next_at, attempts = n.attempts + 1, said = notice.said, template_id = notice.template_id,
				   digest = notice.digest, contact_no = notice.contact_no, message_id = notice.message_id, reason = notice.reason
			 WHERE n.account_id = notice.account_id AND n.notice_id = notice.notice_id;
			CONTINUE WHEN notice.state <> 'taken';
			given := given + 1;
			RETURN QUERY
			SELECT notice.notice_id, a.account_no, notice.kind,
				   CASE WHEN notice.contact_no IS NULL THEN a.address ELSE billing.open_contact(a.customer_id, notice.contact_no, format('notice %s', notice.notice_id)) END,
				   regexp_replace(billing._filled(t.subject, notice.said), '[[:cntrl:]]+', ' ', 'g'), billing._filled(t.body, notice.said), notice.message_id
			  FROM billing.account a, billing.notice_template t WHERE a.account_id = notice.account_id AND t.template_id = notice.template_id;
		END LOOP;
		EXIT WHEN seen = 0 OR given = take_notices.most;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing.take_notices(text, integer, interval) IS
'the next notices of a channel that nobody else has, to be sent within the lease; then they may be taken anew, so that what a sender that dies has taken goes nonetheless: '
'at least once, with the same message_id, by which a relay or reader tells that it is one. What was paid or reversed is withdrawn, what has no contact or template fails. '
'Needs run on customer and read on org, account, customer, bill and personal';

CREATE FUNCTION billing.notice_sent(notice_id bigint, message_id text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as take_notices().
DECLARE
	notice	billing.notice;
BEGIN
	PERFORM billing._given('notice_sent', notice_id, message_id);
	notice := billing._notice_of(notice_sent.notice_id, 'run', 'customer');
	IF notice.state = 'taken' AND notice.message_id = notice_sent.message_id THEN
		UPDATE billing.notice n SET state = 'sent', sent_at = clock_timestamp(), reason = NULL WHERE n.account_id = notice.account_id AND n.notice_id = notice.notice_id;
		RETURN true;
	ELSIF notice.sent_at IS NOT NULL THEN
		RETURN false;
	END IF;
	RAISE EXCEPTION 'notice % was not taken to be sent so', notice.notice_id
		USING ERRCODE = 'UB609', DETAIL = format('It is %s.', notice.state), HINT = 'take_notices() gives it with its message_id.';
END $$;
COMMENT ON FUNCTION billing.notice_sent(bigint, text) IS 'the relay has accepted a notice: from now on there is proof of what was sent and when; false: that was known';

CREATE FUNCTION billing.notice_failed(notice_id bigint, reason text, permanent boolean DEFAULT false)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as take_notices().
DECLARE
	notice	billing.notice;
BEGIN
	PERFORM billing._given('notice_failed', notice_id, reason, permanent);
	notice := billing._notice_of(notice_failed.notice_id, 'run', 'customer');
	IF notice.state = 'taken' THEN
		notice.state := CASE WHEN notice_failed.permanent THEN 'refused' WHEN notice.attempts >= billing._most_attempts() THEN 'failed' ELSE 'queued' END;
		UPDATE billing.notice n SET state = notice.state, reason = left(notice_failed.reason, 1000), next_at = clock_timestamp() + least(interval '1 minute' * 2 ^ least(n.attempts, 10), '12 hours')
		 WHERE n.account_id = notice.account_id AND n.notice_id = notice.notice_id;
	END IF;
	RETURN notice.state;
END $$;
COMMENT ON FUNCTION billing.notice_failed(bigint, text, boolean) IS
'a notice could not be sent: permanent: it is refused and not tried again; else it is queued again, after 2, 4, 8 … minutes, 12 times at most; returns its state';

CREATE FUNCTION billing.notice_text(notice_id bigint, OUT subject text, OUT body text, OUT digest bytea, OUT is_as_sent boolean)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_digest	bytea;
BEGIN
	SELECT billing._filled(t.subject, n.said), billing._filled(t.body, n.said), n.digest INTO subject, body, found_digest
	  FROM billing.notice n JOIN billing.notice_template t ON t.template_id = n.template_id WHERE n.notice_id = notice_text.notice_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('a text of notice %s', notice_text.notice_id));
	END IF;
	digest := sha256(convert_to(subject || E'\n\n' || body, 'UTF8'));
	is_as_sent := digest = found_digest;
END $$;
COMMENT ON FUNCTION billing.notice_text(bigint) IS 'what a notice that was taken or sent says, made again of its template and values, and whether that is what the digest of the sending says';

CREATE FUNCTION billing._guard_notice()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' AND (NEW.notice_id, NEW.kind, NEW.about, NEW.queued_by, NEW.queued_at) = (OLD.notice_id, OLD.kind, OLD.about, OLD.queued_by, OLD.queued_at)
	   AND (OLD.state NOT IN ('sent', 'delivered')
			-- what was sent stays; only what the other side says comes to it
			OR (NEW.said, NEW.template_id, NEW.digest, NEW.message_id, NEW.sent_at, NEW.contact_no, NEW.channel)
			   IS NOT DISTINCT FROM (OLD.said, OLD.template_id, OLD.digest, OLD.message_id, OLD.sent_at, OLD.contact_no, OLD.channel)
			   AND NEW.state IN ('sent', 'delivered', 'refused')) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'what was sent stays on record' USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'requeue_notice() sends what was refused again.';
END $$;
COMMENT ON FUNCTION billing._guard_notice() IS 'trigger: notices are never removed, and what was sent is not changed';

CREATE FUNCTION billing._take_receipt(fields jsonb)
RETURNS boolean
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	notice	billing.notice;
BEGIN
	IF coalesce(fields ->> 'state' NOT IN ('delivered', 'refused'), true) THEN
		RAISE EXCEPTION 'a receipt says delivered or refused' USING ERRCODE = 'UB107', HINT = 'Correct the record and send it again.';
	END IF;
	SELECT n.* INTO notice FROM billing.notice n WHERE n.message_id = fields ->> 'message_id' AND billing.can_write(n.org_id, 'bill') FOR NO KEY UPDATE;
	IF NOT FOUND OR notice.sent_at IS NULL THEN
		PERFORM billing._not_found(format('a notice that was sent as %s', fields ->> 'message_id'));
	END IF;
	IF notice.state = fields ->> 'state' THEN
		RETURN false;
	END IF;
	-- a refusal may come after the relay has accepted, and counts
	UPDATE billing.notice n SET state = fields ->> 'state', answered_at = now(), reason = left(fields ->> 'reason', 1000)
	 WHERE n.account_id = notice.account_id AND n.notice_id = notice.notice_id AND n.state <> 'refused';
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION billing._take_receipt(jsonb) IS 'what a file of receipts says of one notice; false: it was known';
