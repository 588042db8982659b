/*
 * Four eyes.  A command that needs a second person asks by _ask_approval(),
 * somebody else approves, and the command takes the approval as it does its
 * work, with just the detail that was approved.  What waits as it is, such as
 * a reading or a draft, is carried out by the approval itself.
 */
CREATE FUNCTION billing._guard_approval()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		billing.approval := OLD;
BEGIN
	IF TG_OP = 'INSERT' AND (NEW.state, NEW.asked_by) = ('open', billing.actor()) THEN
		RETURN NEW;
	ELSIF TG_OP = 'UPDATE' THEN
		was.org_id := NEW.org_id;
		was.state := NEW.state;
		IF (OLD.state, NEW.state) IN (('open', 'approved'), ('open', 'declined')) THEN
			was.decided_by := billing.actor();
			was.decided_at := NEW.decided_at;
			was.reason := NEW.reason;
		ELSIF (OLD.state, NEW.state) = ('approved', 'used') THEN
			was.used_by := billing.actor();
			was.used_at := NEW.used_at;
		ELSIF (OLD.state, NEW.state) = ('open', 'used') AND EXISTS (SELECT FROM billing.approval_act a WHERE a.act = NEW.act AND a.carried_out_by IS NOT NULL) THEN
			was.decided_by := billing.actor();
			was.decided_at := NEW.decided_at;
			was.reason := NEW.reason;
			was.used_by := OLD.asked_by;
			was.used_at := NEW.decided_at;
		ELSIF (OLD.state, NEW.state) NOT IN (('open', 'withdrawn'), ('approved', 'withdrawn'), ('open', 'expired'), ('approved', 'expired')) THEN
			was.state := OLD.state;
		END IF;
		-- NEW as a whole: nothing but this has changed
		IF NEW OPERATOR(pg_catalog.*=) was AND (NEW.state, NEW.org_id) <> (OLD.state, OLD.org_id) THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'what was asked and decided is not changed'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'Ask anew.';
END $$;
COMMENT ON FUNCTION billing._guard_approval() IS 'trigger: a request is asked, decided, used, withdrawn or expires, each by the actor of the moment; it moves with its account';

CREATE FUNCTION billing._check_second_person(first text, subject text)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _check_second_person.first = billing.actor() THEN
		RAISE EXCEPTION '% needs a second person', _check_second_person.subject
			USING ERRCODE = 'UB603', DETAIL = format('You are %s, and have asked for it, or prepared it.', billing.actor()), HINT = 'Somebody else with the right decides.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_second_person(text, text) IS 'raises where who decides is the one who has asked';

CREATE FUNCTION billing._approval_rule(org_id bigint, act text)
RETURNS billing.approval_rule
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	billing.approval_rule;
BEGIN
	SELECT r.* INTO rule FROM unnest(billing._orgs_over(_approval_rule.org_id)) WITH ORDINALITY o(org_id, distance)
	  JOIN billing.approval_rule r ON r.org_id = o.org_id AND r.act = _approval_rule.act
	 ORDER BY o.distance LIMIT 1;
	IF NOT FOUND THEN
		rule := ROW (_approval_rule.org_id, _approval_rule.act, (SELECT 0 FROM billing.approval_act a WHERE a.act = _approval_rule.act AND a.always),
			interval '7 days', false)::billing.approval_rule;
	END IF;
	RETURN rule;
END $$;
COMMENT ON FUNCTION billing._approval_rule(bigint, text) IS 'the nearest rule for an act at an org; without one every amount needs a second person within seven days, or none (above is null)';

CREATE FUNCTION billing._needs_approval(act text, org_id bigint, amount numeric DEFAULT NULL)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT r.above IS NOT NULL AND coalesce(abs(_needs_approval.amount) > r.above, true)
	  FROM billing._approval_rule(_needs_approval.org_id, _needs_approval.act) r;
END;
COMMENT ON FUNCTION billing._needs_approval(text, bigint, numeric) IS 'does an act of this amount need a second person at an org?';

CREATE FUNCTION billing._ask_approval(act text, org_id bigint, subject text, detail jsonb, amount numeric DEFAULT NULL, account_id bigint DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	needs	billing.approval_act;
	rule	billing.approval_rule := billing._approval_rule(_ask_approval.org_id, _ask_approval.act);
	request	billing.approval;
	made	bigint;
BEGIN
	SELECT a.* INTO STRICT needs FROM billing.approval_act a WHERE a.act = _ask_approval.act;
	-- two who ask at once: the second finds what the first has asked
	PERFORM pg_advisory_xact_lock(hashtextextended(format('billing.approval %s %s %s', _ask_approval.org_id, _ask_approval.act, _ask_approval.subject), 0));
	SELECT a.* INTO request FROM billing.approval a
	 WHERE a.org_id = _ask_approval.org_id AND a.act = _ask_approval.act AND a.subject = _ask_approval.subject AND a.state IN ('open', 'approved')
	   FOR NO KEY UPDATE;
	IF FOUND AND request.expires_at <= now() THEN
		UPDATE billing.approval a SET state = 'expired' WHERE a.approval_id = request.approval_id;
	ELSIF FOUND THEN
		IF (request.detail, request.amount) IS DISTINCT FROM (_ask_approval.detail, _ask_approval.amount) THEN
			RAISE EXCEPTION 'something else is asked for %', _ask_approval.subject
				USING ERRCODE = 'UB405', DETAIL = format('Approval %s is %s.', request.approval_id, request.state),
					  HINT = 'withdraw_approval() takes it back.';
		END IF;
		RETURN request.approval_id;
	END IF;
	INSERT INTO billing.approval AS a (org_id, act, kind, subject, amount, detail, two_steps, expires_at, account_id)
	VALUES (_ask_approval.org_id, needs.act, needs.kind, _ask_approval.subject, _ask_approval.amount, _ask_approval.detail, rule.two_steps, now() + rule.valid_for, _ask_approval.account_id)
	RETURNING a.approval_id INTO made;
	PERFORM billing._audit(_ask_approval.org_id, 'ask_approval', format('approval %s', made),
		jsonb_build_object('act', needs.act, 'subject', _ask_approval.subject, 'amount', _ask_approval.amount));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._ask_approval(text, bigint, text, jsonb, numeric, bigint) IS
'asks for the approval of an act: what exactly is to be done to what; the same again returns the request that is there';

CREATE FUNCTION billing._take_approval(act text, org_id bigint, subject text, detail jsonb, amount numeric DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	request	billing.approval;
BEGIN
	SELECT a.* INTO request FROM billing.approval a
	 WHERE a.org_id = _take_approval.org_id AND a.act = _take_approval.act AND a.subject = _take_approval.subject AND a.state = 'approved'
	   AND a.expires_at > now()
	   FOR NO KEY UPDATE;
	IF FOUND AND request.detail = _take_approval.detail AND request.amount IS NOT DISTINCT FROM _take_approval.amount THEN
		IF request.decided_by = billing.actor() THEN
			RAISE EXCEPTION 'who approves does not do it'
				USING ERRCODE = 'UB603', DETAIL = format('You are %s, and have approved %s.', billing.actor(), request.approval_id), HINT = 'Whoever asked does it.';
		END IF;
		UPDATE billing.approval a SET state = 'used', used_by = billing.actor(), used_at = now() WHERE a.approval_id = request.approval_id;
		PERFORM billing._audit(request.org_id, 'used_approval', format('approval %s', request.approval_id), jsonb_build_object('act', request.act, 'subject', request.subject));
		RETURN request.approval_id;
	END IF;
	IF NOT billing._needs_approval(_take_approval.act, _take_approval.org_id, _take_approval.amount) THEN
		RETURN NULL;
	END IF;
	RAISE EXCEPTION '% needs the approval of a second person', _take_approval.subject
		USING ERRCODE = 'UB603',
			  DETAIL = CASE WHEN request.approval_id IS NULL THEN 'None is there that is not used or expired.'
							ELSE format('Approval %s is for something else.', request.approval_id) END,
			  HINT = 'Ask for it; somebody else calls approve().';
END $$;
COMMENT ON FUNCTION billing._take_approval(text, bigint, text, jsonb, numeric) IS
'uses the approval of just this act, once; null where the rules ask for none; UB603 where there is none, or where who does it has approved it himself';

CREATE FUNCTION billing._price_org()
RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- prices are everybody's: the first company's word, or that of the first which has one
	SELECT coalesce(min(o.org_id) FILTER (WHERE EXISTS (SELECT FROM billing.approval_rule r WHERE r.org_id = o.org_id AND r.act = 'price')), min(o.org_id))
	  FROM billing.org o WHERE o.parent_id IS NULL;
END;
COMMENT ON FUNCTION billing._price_org() IS 'the org whose rule says whether prices, which are no org''s, need a second person; null: there is none yet';

CREATE FUNCTION billing._decide_approval(approval_id bigint, verdict text, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	request	billing.approval;
	doer	text;
	done	boolean;
BEGIN
	-- the account's head first, as everywhere
	PERFORM FROM billing.account_head h JOIN billing.approval a ON a.account_id = h.account_id WHERE a.approval_id = _decide_approval.approval_id FOR NO KEY UPDATE OF h;
	SELECT a.* INTO request FROM billing.approval a
	 WHERE a.approval_id = _decide_approval.approval_id
	   AND (billing.can_do('approve', a.kind, a.org_id) OR billing.is_assigned(a.account_id, 'approve', a.kind)) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('approval %s', _decide_approval.approval_id));
	END IF;
	PERFORM billing._check_second_person(request.asked_by, format('approval %s', request.approval_id));
	IF request.state <> 'open' OR request.expires_at <= now() THEN
		RAISE EXCEPTION 'approval % is not open', request.approval_id
			USING ERRCODE = 'UB405', DETAIL = format('It is %s.', CASE WHEN request.state = 'open' THEN 'expired' ELSE request.state END), HINT = 'Let it be asked anew: ask_again().';
	END IF;
	IF request.two_steps AND verdict = 'approved' THEN
		PERFORM billing._check_two_steps();
	END IF;
	SELECT n.carried_out_by INTO doer FROM billing.approval_act n WHERE n.act = request.act;
	done := verdict = 'approved' AND doer IS NOT NULL;
	UPDATE billing.approval a
	   SET state = CASE WHEN done THEN 'used' ELSE verdict END, decided_by = billing.actor(), decided_at = now(), reason = _decide_approval.reason,
		   used_by = CASE WHEN done THEN a.asked_by END, used_at = CASE WHEN done THEN now() END
	 WHERE a.approval_id = request.approval_id;
	PERFORM billing._audit(request.org_id, verdict, format('approval %s', request.approval_id),
		jsonb_build_object('act', request.act, 'subject', request.subject, 'amount', request.amount, 'asked_by', request.asked_by, 'reason', _decide_approval.reason,
			'methods', to_jsonb(billing.actor_methods())));
	IF doer IS NOT NULL THEN
		EXECUTE format('SELECT billing.%I($1, $2, $3)', doer) USING request.detail, done, _decide_approval.reason;
	END IF;
	RETURN request.subject;
END $$;
COMMENT ON FUNCTION billing._decide_approval(bigint, text, text) IS 'the second person''s word: approved or declined; what waits as it is, is carried out by it';

CREATE FUNCTION billing._decide_pending(act text, org_id bigint, subject text, verdict text, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN billing._decide_approval((SELECT a.approval_id FROM billing.approval a WHERE a.org_id = _decide_pending.org_id AND a.act = _decide_pending.act
		AND a.subject = _decide_pending.subject AND a.state = 'open'), _decide_pending.verdict, _decide_pending.reason);
END $$;
COMMENT ON FUNCTION billing._decide_pending(text, bigint, text, text, text) IS 'the second person''s word about what waits, by its name';

CREATE FUNCTION billing._lay_aside(act text, org_id bigint, subject text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	UPDATE billing.approval a SET state = 'withdrawn'
	 WHERE a.org_id = _lay_aside.org_id AND a.act = _lay_aside.act AND a.subject = _lay_aside.subject AND a.state = 'open';
END;
COMMENT ON FUNCTION billing._lay_aside(text, bigint, text) IS 'what waited waits no more: nothing is left to be decided';

CREATE FUNCTION billing._lock_pending(act text, org_id bigint, subject text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM FROM billing.approval a WHERE a.org_id = _lock_pending.org_id AND a.act = _lock_pending.act AND a.subject = _lock_pending.subject AND a.state = 'open'
	   FOR NO KEY UPDATE;
END $$;
COMMENT ON FUNCTION billing._lock_pending(text, bigint, text) IS
'locks what waits about something that has no account''s head to lock first, before the thing itself, as approve() does';

CREATE FUNCTION billing.approve(approval_id bigint, reason text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may approve this kind of object there, and has not asked himself.
BEGIN
	RETURN billing._decide_approval(approve.approval_id, 'approved', approve.reason);
END $$;
COMMENT ON FUNCTION billing.approve(bigint, text) IS
'approves what another has asked for, so that it can be done; needs approve on the kind of the act; returns what it is about';

CREATE FUNCTION billing.decline(approval_id bigint, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as approve().
BEGIN
	IF coalesce(decline.reason, '') = '' THEN
		RAISE EXCEPTION 'who declines gives a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN billing._decide_approval(decline.approval_id, 'declined', decline.reason);
END $$;
COMMENT ON FUNCTION billing.decline(bigint, text) IS 'refuses what another has asked for, with a reason; needs approve on the kind of the act; returns what it is about';

CREATE FUNCTION billing.withdraw_approval(approval_id bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: takes back what the caller has asked for himself.
DECLARE
	request	billing.approval;
BEGIN
	PERFORM billing._given('withdraw_approval', approval_id);
	SELECT a.* INTO request FROM billing.approval a
	 WHERE a.approval_id = withdraw_approval.approval_id AND a.asked_by = billing.actor() FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('approval %s', withdraw_approval.approval_id));
	END IF;
	IF EXISTS (SELECT FROM billing.approval_act n WHERE n.act = request.act AND n.carried_out_by IS NOT NULL) THEN
		RAISE EXCEPTION '% waits as long as it is there', request.subject
			USING ERRCODE = 'UB405', DETAIL = format('Approval %s belongs to it.', request.approval_id),
				  HINT = 'Withdraw the draft, the request, the import itself; of readings a later entry counts.';
	END IF;
	IF request.state NOT IN ('open', 'approved') THEN
		RAISE EXCEPTION 'approval % is not open', request.approval_id USING ERRCODE = 'UB405', DETAIL = format('It is %s.', request.state);
	END IF;
	UPDATE billing.approval a SET state = 'withdrawn' WHERE a.approval_id = request.approval_id;
	PERFORM billing._audit(request.org_id, 'withdraw_approval', format('approval %s', request.approval_id), jsonb_build_object('act', request.act, 'subject', request.subject));
	RETURN request.subject;
END $$;
COMMENT ON FUNCTION billing.withdraw_approval(bigint) IS 'takes back what one has asked for oneself and has not done yet; returns what it is about';

CREATE FUNCTION billing.ask_again(approval_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a request again, as the caller's, who may write there what it is about.
DECLARE
	request	billing.approval;
BEGIN
	PERFORM billing._given('ask_again', approval_id);
	SELECT a.* INTO request FROM billing.approval a WHERE a.approval_id = ask_again.approval_id
	   AND (billing.can_do('write', a.kind, a.org_id) OR billing.is_assigned(a.account_id, 'write', a.kind));
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('approval %s', ask_again.approval_id));
	END IF;
	IF request.state NOT IN ('open', 'approved', 'expired') OR request.state <> 'expired' AND request.expires_at > now() THEN
		RAISE EXCEPTION 'approval % has not expired', request.approval_id
			USING ERRCODE = 'UB405', DETAIL = format('It is %s.', request.state), HINT = 'What was decided, withdrawn or done is asked for by its own command, as something new.';
	END IF;
	RETURN billing._ask_approval(request.act, request.org_id, request.subject, request.detail, request.amount, request.account_id);
END $$;
COMMENT ON FUNCTION billing.ask_again(bigint) IS
'asks anew, in one''s own name, for what has expired; needs write on the kind of the act; returns the number of the new request';

CREATE FUNCTION billing.set_approval_rule(org_no text, act text, above numeric DEFAULT 0, valid_for interval DEFAULT '7 days', two_steps boolean DEFAULT false)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the rule of an org that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(set_approval_rule.org_no, 'write', 'org');
BEGIN
	PERFORM billing._given('set_approval_rule', org_no, act, above, valid_for, two_steps);
	PERFORM FROM billing.approval_act a WHERE a.act = set_approval_rule.act;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no act of this name'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Asked for: %s.', set_approval_rule.act),
				  HINT = format('Acts: %s.', (SELECT string_agg(a.act, ', ' ORDER BY a.act) FROM billing.approval_act a));
	END IF;
	INSERT INTO billing.approval_rule (org_id, act, above, valid_for, two_steps)
	VALUES (at_org, set_approval_rule.act, set_approval_rule.above, set_approval_rule.valid_for, set_approval_rule.two_steps)
	ON CONFLICT ON CONSTRAINT approval_rule_pkey DO UPDATE SET above = excluded.above, valid_for = excluded.valid_for, two_steps = excluded.two_steps;
	PERFORM billing._audit(at_org, 'set_approval_rule', format('act %s', set_approval_rule.act),
		jsonb_build_object('above', set_approval_rule.above, 'valid_for', set_approval_rule.valid_for, 'two_steps', set_approval_rule.two_steps));
END $$;
COMMENT ON FUNCTION billing.set_approval_rule(text, text, numeric, interval, boolean) IS
'from which amount on an act needs a second person at an org and all below it, within which span, and whether who approves must have '
'proved who he is in two ways; what was asked before keeps its rule; needs write on org';
