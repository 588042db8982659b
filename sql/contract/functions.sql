CREATE FUNCTION billing._guard_contract_version()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		billing.contract_version := OLD;
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.state = 'draft' THEN
			RETURN NEW;
		END IF;
	ELSIF TG_OP = 'UPDATE' THEN
		was.org_id := NEW.org_id;
		IF (OLD.state, NEW.state) IN (('draft', 'approved'), ('draft', 'withdrawn'), ('approved', 'withdrawn')) THEN
			was.state := NEW.state;
			was.approved_by := NEW.approved_by;
		ELSIF OLD.state = 'approved' AND NEW.state = 'signed' THEN
			was.state := NEW.state;
			was.signed_on := NEW.signed_on;
			was.signature_digest := NEW.signature_digest;
			was.signed_by := NEW.signed_by;
		END IF;
		IF NEW OPERATOR(pg_catalog.*=) was THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'what a contract says is not changed'
		USING ERRCODE = 'UB607', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'amend_contract() drafts its next version.';
END $$;
COMMENT ON FUNCTION billing._guard_contract_version() IS 'trigger: versions of contracts are drafted, approved, signed, or withdrawn, and never changed';

CREATE FUNCTION billing._contract_of(account_no text, contract_no text, action text)
RETURNS billing.contract
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id	bigint := billing._account_of(_contract_of.account_no, _contract_of.action, 'account');
	contract	billing.contract;
BEGIN
	-- the head first: the order in which everybody locks
	PERFORM FROM billing.account_head h WHERE h.account_id = found_id FOR NO KEY UPDATE;
	SELECT c.* INTO contract FROM billing.contract c WHERE c.account_id = found_id AND c.contract_no = _contract_of.contract_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('contract %s of account %s', _contract_of.contract_no, _contract_of.account_no));
	END IF;
	RETURN contract;
END $$;
COMMENT ON FUNCTION billing._contract_of(text, text, text) IS 'a contract of an account, which is locked, where the actor has the right';

CREATE FUNCTION billing._contract_subject(draft billing.contract_version)
RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('version %s of contract %s of account %s', draft.version, draft.contract_no, a.account_no) FROM billing.account a WHERE a.account_id = draft.account_id;
END;
COMMENT ON FUNCTION billing._contract_subject(billing.contract_version) IS 'as what a draft waits for a second person';

CREATE FUNCTION billing._draft_version(contract billing.contract, valid_during daterange, plan_id bigint, terms jsonb, other_terms jsonb, late_fee_rate numeric)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	draft	billing.contract_version;
BEGIN
	IF EXISTS (SELECT FROM billing.contract_version v WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state IN ('draft', 'approved')) THEN
		RAISE EXCEPTION 'contract % has a draft', contract.contract_no USING ERRCODE = 'UB607', HINT = 'Sign or withdraw it first.';
	END IF;
	IF contract.terminated_on IS NOT NULL THEN
		RAISE EXCEPTION 'contract % was terminated', contract.contract_no
			USING ERRCODE = 'UB607', DETAIL = format('From %s on.', to_char(contract.terminated_on, 'YYYY-MM-DD')), HINT = 'A new contract has a new number.';
	END IF;
	IF EXISTS (SELECT FROM billing.contract_version v WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state = 'signed'
				AND lower(v.valid_during) >= lower(_draft_version.valid_during)) THEN
		RAISE EXCEPTION 'contract % has a version from that day on or later', contract.contract_no USING ERRCODE = 'UB607', HINT = 'Versions follow each other.';
	END IF;
	INSERT INTO billing.contract_version AS v (account_id, contract_no, version, org_id, valid_during, plan_id, terms, other_terms, late_fee_rate)
	SELECT contract.account_id, contract.contract_no, 1 + coalesce(max(o.version), 0), contract.org_id, _draft_version.valid_during, _draft_version.plan_id,
		   coalesce(_draft_version.terms, '{}'), coalesce(_draft_version.other_terms, '{}'), _draft_version.late_fee_rate
	  FROM billing.contract_version o WHERE o.account_id = contract.account_id AND o.contract_no = contract.contract_no
	RETURNING v.* INTO draft;
	PERFORM billing._audit(contract.org_id, 'draft_contract', format('contract %s', contract.contract_no),
		jsonb_build_object('account_id', contract.account_id, 'version', draft.version, 'valid_during', _draft_version.valid_during, 'terms', _draft_version.terms));
	PERFORM billing._ask_approval('contract', draft.org_id, billing._contract_subject(draft), to_jsonb(draft) - '{state,org_id,approved_by,signed_on,signature_digest,signed_by}'::text[],
		NULL, draft.account_id);
	RETURN draft.version;
END $$;
COMMENT ON FUNCTION billing._draft_version(billing.contract, daterange, bigint, jsonb, jsonb, numeric) IS 'the next version of a contract, as a draft';

CREATE FUNCTION billing.draft_contract(account_no text, contract_no text, valid_during daterange, plan_code text, terms jsonb DEFAULT '{}',
	other_terms jsonb DEFAULT '{}', late_fee_rate numeric DEFAULT NULL, renewal_months integer DEFAULT NULL, notice_days integer DEFAULT 30)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write the account.
DECLARE
	found_id	bigint := billing._account_of(draft_contract.account_no, 'write', 'account');
	contract	billing.contract;
BEGIN
	SELECT h.account_id, h.org_id INTO contract.account_id, contract.org_id FROM billing.account_head h WHERE h.account_id = found_id FOR NO KEY UPDATE;
	IF EXISTS (SELECT FROM billing.contract c WHERE c.account_id = found_id AND c.contract_no = draft_contract.contract_no) THEN
		RAISE EXCEPTION 'account % has a contract % already', draft_contract.account_no, draft_contract.contract_no
			USING ERRCODE = 'UB607', HINT = 'amend_contract() drafts its next version.';
	END IF;
	INSERT INTO billing.contract AS c (account_id, contract_no, org_id, renewal, renewal_months, notice_days)
	VALUES (contract.account_id, draft_contract.contract_no, contract.org_id, CASE WHEN draft_contract.renewal_months IS NULL THEN 'none' ELSE 'automatic' END,
			draft_contract.renewal_months, coalesce(draft_contract.notice_days, 30))
	RETURNING c.* INTO contract;
	RETURN billing._draft_version(contract, draft_contract.valid_during, billing._plan_of(draft_contract.plan_code), draft_contract.terms,
		draft_contract.other_terms, draft_contract.late_fee_rate);
END $$;
COMMENT ON FUNCTION billing.draft_contract(text, text, daterange, text, jsonb, jsonb, numeric, integer, integer) IS
'drafts a supply contract of an account: its term, price plan, terms for rating, other terms, late fee of a day; renewal_months: it goes on '
'by so many where nobody gives notice; returns the version, 1';

CREATE FUNCTION billing.amend_contract(account_no text, contract_no text, from_on date, plan_code text DEFAULT NULL, terms jsonb DEFAULT NULL,
	other_terms jsonb DEFAULT NULL, late_fee_rate numeric DEFAULT NULL, until_on date DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as draft_contract().
DECLARE
	contract	billing.contract := billing._contract_of(amend_contract.account_no, amend_contract.contract_no, 'write');
	latest		billing.contract_version;
BEGIN
	SELECT v.* INTO latest FROM billing.contract_version v
	 WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state = 'signed' ORDER BY v.version DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'contract % has no signed version', contract.contract_no USING ERRCODE = 'UB607', HINT = 'Withdraw the draft; draft_contract() with another number begins anew.';
	END IF;
	IF amend_contract.from_on > upper(latest.valid_during) THEN
		RAISE EXCEPTION 'contract % ends before that day', contract.contract_no
			USING ERRCODE = 'UB607', DETAIL = format('On %s.', to_char(upper(latest.valid_during), 'YYYY-MM-DD')), HINT = 'A renewal begins on the day on which it ends.';
	END IF;
	IF amend_contract.from_on = upper(latest.valid_during) AND amend_contract.until_on IS NULL THEN
		RAISE EXCEPTION 'a renewal has its own end' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give until_on.';
	END IF;
	RETURN billing._draft_version(contract, daterange(amend_contract.from_on, coalesce(amend_contract.until_on, upper(latest.valid_during))),
		coalesce(billing._plan_of(amend_contract.plan_code), latest.plan_id), billing._over(latest.terms, amend_contract.terms),
		billing._over(latest.other_terms, amend_contract.other_terms), coalesce(amend_contract.late_fee_rate, latest.late_fee_rate));
END $$;
COMMENT ON FUNCTION billing.amend_contract(text, text, date, text, jsonb, jsonb, numeric, date) IS
'drafts the next version of a signed contract from a day on, what is not given as before (null takes a term away); from its last day on, with '
'until_on, a renewal; returns the version';

CREATE FUNCTION billing.withdraw_contract_draft(account_no text, contract_no text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as draft_contract().
DECLARE
	contract	billing.contract := billing._contract_of(withdraw_contract_draft.account_no, withdraw_contract_draft.contract_no, 'write');
	draft		billing.contract_version;
BEGIN
	PERFORM billing._given('withdraw_contract_draft', account_no, contract_no);
	UPDATE billing.contract_version v SET state = 'withdrawn'
	 WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state IN ('draft', 'approved') RETURNING v.* INTO draft;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'contract % has no draft', contract.contract_no USING ERRCODE = 'UB607', HINT = 'terminate_contract() ends what was signed.';
	END IF;
	PERFORM billing._lay_aside('contract', contract.org_id, billing._contract_subject(draft));
	PERFORM billing._audit(contract.org_id, 'withdraw_contract_draft', format('contract %s', contract.contract_no));
END $$;
COMMENT ON FUNCTION billing.withdraw_contract_draft(text, text) IS 'a draft that will not be signed';

CREATE FUNCTION billing._decide_contract(detail jsonb, approved boolean, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	draft	billing.contract_version;
BEGIN
	PERFORM billing._check_second_person(detail ->> 'drafted_by', format('contract %s', detail ->> 'contract_no'));
	UPDATE billing.contract_version v SET state = CASE WHEN approved THEN 'approved' ELSE 'withdrawn' END, approved_by = CASE WHEN approved THEN billing.actor() END
	 WHERE v.account_id = (detail ->> 'account_id')::bigint AND v.contract_no = detail ->> 'contract_no' AND v.version = (detail ->> 'version')::integer
	RETURNING v.* INTO draft;
	IF approved THEN
		PERFORM billing._audit(draft.org_id, 'approve_contract', format('contract %s', draft.contract_no), jsonb_build_object('version', draft.version));
	END IF;
END $$;
COMMENT ON FUNCTION billing._decide_contract(jsonb, boolean, text) IS 'a draft can be signed, or will not be';

CREATE FUNCTION billing.approve_contract(account_no text, contract_no text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may approve accounts there and has not drafted it.
DECLARE
	contract	billing.contract := billing._contract_of(approve_contract.account_no, approve_contract.contract_no, 'approve');
	draft		billing.contract_version;
BEGIN
	PERFORM billing._given('approve_contract', account_no, contract_no);
	SELECT v.* INTO draft FROM billing.contract_version v WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state = 'draft';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'contract % has no draft', contract.contract_no USING ERRCODE = 'UB607', HINT = 'draft_contract() or amend_contract() makes one.';
	END IF;
	PERFORM billing._decide_pending('contract', contract.org_id, billing._contract_subject(draft), 'approved', NULL);
	RETURN draft.version;
END $$;
COMMENT ON FUNCTION billing.approve_contract(text, text) IS
'a second person, with approve on account, has looked at the draft of a contract: it can be signed; returns the version';

CREATE FUNCTION billing.sign_contract(account_no text, contract_no text, signed_on date, signature_digest bytea)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the account's plan and terms, as approved, for who may write accounts there.
DECLARE
	contract	billing.contract := billing._contract_of(sign_contract.account_no, sign_contract.contract_no, 'write');
	draft		billing.contract_version;
	head		record;
	current		record;
BEGIN
	PERFORM billing._given('sign_contract', account_no, contract_no, signed_on, signature_digest);
	SELECT v.* INTO draft FROM billing.contract_version v WHERE v.account_id = contract.account_id AND v.contract_no = contract.contract_no AND v.state = 'approved';
	IF NOT FOUND THEN
		RAISE EXCEPTION 'contract % has no approved draft', contract.contract_no USING ERRCODE = 'UB607', HINT = 'approve_contract() by a second person goes before.';
	END IF;
	SELECT h.billed_to, h.stops_on INTO head FROM billing.account_head h WHERE h.account_id = contract.account_id;
	IF head.stops_on <= lower(draft.valid_during) THEN
		RAISE EXCEPTION 'account % ends before the contract begins', sign_contract.account_no
			USING ERRCODE = 'UB606', DETAIL = format('On %s.', to_char(head.stops_on, 'YYYY-MM-DD')), HINT = 'Withdraw the draft.';
	END IF;
	SELECT p.plan_id, p.terms INTO current FROM billing._plan_on(contract.account_id, lower(draft.valid_during)) p;
	IF current.plan_id IS DISTINCT FROM draft.plan_id OR current.terms IS DISTINCT FROM draft.terms THEN
		IF lower(draft.valid_during) < head.billed_to THEN
			RAISE EXCEPTION 'account % is billed up to % already', sign_contract.account_no, to_char(head.billed_to, 'YYYY-MM-DD')
				USING ERRCODE = 'UB301', DETAIL = format('The contract begins on %s, with another plan or other terms.', to_char(lower(draft.valid_during), 'YYYY-MM-DD')),
					  HINT = 'Void the bills back to that day first: they are made again as the contract says.';
		END IF;
		PERFORM billing._set_plan(contract.account_id, contract.org_id, lower(draft.valid_during), draft.plan_id, draft.terms);
		UPDATE billing.account_head h SET plan_changes = ARRAY(SELECT DISTINCT c FROM unnest(h.plan_changes || lower(draft.valid_during)) c ORDER BY c)
		 WHERE h.account_id = contract.account_id;
	END IF;
	UPDATE billing.contract_version v SET state = 'signed', signed_on = sign_contract.signed_on, signature_digest = sign_contract.signature_digest, signed_by = billing.actor()
	 WHERE v.account_id = draft.account_id AND v.contract_no = draft.contract_no AND v.version = draft.version;
	PERFORM billing._audit(contract.org_id, 'sign_contract', format('contract %s', contract.contract_no),
		jsonb_build_object('version', draft.version, 'signed_on', sign_contract.signed_on, 'digest', encode(sign_contract.signature_digest, 'hex')));
	RETURN draft.version;
END $$;
COMMENT ON FUNCTION billing.sign_contract(text, text, date, bytea) IS
'the approved draft of a contract is signed: from its first day on the account is billed by its plan and terms; signature_digest is the SHA-256 of the signed paper; returns the version';

CREATE FUNCTION billing.terminate_contract(account_no text, contract_no text, terminated_on date, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as draft_contract(), with approve.
DECLARE
	contract	billing.contract := billing._contract_of(terminate_contract.account_no, terminate_contract.contract_no, 'approve');
BEGIN
	PERFORM billing._given('terminate_contract', account_no, contract_no, terminated_on, reason);
	IF contract.terminated_on IS NOT NULL OR NOT EXISTS (SELECT FROM billing.contract_version v WHERE v.account_id = contract.account_id
			AND v.contract_no = contract.contract_no AND v.state = 'signed' AND lower(v.valid_during) <= terminate_contract.terminated_on) THEN
		RAISE EXCEPTION 'contract % is not in force on that day', contract.contract_no
			USING ERRCODE = 'UB607', HINT = 'What is only drafted is withdrawn; what was terminated stays so.';
	END IF;
	UPDATE billing.contract c SET terminated_on = terminate_contract.terminated_on WHERE c.account_id = contract.account_id AND c.contract_no = contract.contract_no;
	PERFORM billing._audit(contract.org_id, 'terminate_contract', format('contract %s', contract.contract_no),
		jsonb_build_object('terminated_on', terminate_contract.terminated_on, 'reason', terminate_contract.reason));
END $$;
COMMENT ON FUNCTION billing.terminate_contract(text, text, date, text) IS
'ends a contract before its time; the supply itself ends by a request (close, move_out); needs approve on account';

CREATE FUNCTION billing.contract_ends_on(account_id bigint, contract_no text, on_day date)
RETURNS date
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(c.terminated_on,
		-- by so many months at a time, as often as it takes
		CASE WHEN c.renewal = 'automatic' AND v.until_on <= contract_ends_on.on_day AND contract_ends_on.on_day < date '3000-01-01'
			 THEN (v.until_on + make_interval(months => c.renewal_months
				 * (1 + (12 * (extract(year FROM contract_ends_on.on_day) - extract(year FROM v.until_on)) + extract(month FROM contract_ends_on.on_day)
						 - extract(month FROM v.until_on) - CASE WHEN extract(day FROM contract_ends_on.on_day) < extract(day FROM v.until_on) THEN 1 ELSE 0 END)::integer
					/ c.renewal_months)))::date
			 ELSE v.until_on END)
	  FROM billing.contract c
	  JOIN LATERAL (SELECT upper(o.valid_during) AS until_on FROM billing.contract_version o
					 WHERE o.account_id = c.account_id AND o.contract_no = c.contract_no AND o.state = 'signed' ORDER BY o.version DESC LIMIT 1) v ON true
	 WHERE c.account_id = contract_ends_on.account_id AND c.contract_no = contract_ends_on.contract_no;
END;
COMMENT ON FUNCTION billing.contract_ends_on(bigint, text, date) IS
'the day on which a contract ends as things stand on a day: of its last signed version, renewed where it renews itself; null: never, or not signed';

CREATE FUNCTION billing.ending_contracts(org_no text, on_day date)
RETURNS TABLE (account_no text, contract_no text, customer text, ends_on date, days_left integer, renewal text)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT a.account_no, c.contract_no, u.name, e.ends_on, e.ends_on - ending_contracts.on_day, c.renewal
	  FROM billing.contract c
	  JOIN billing.account a ON a.account_id = c.account_id
	  JOIN billing.org o ON o.org_id = a.org_id
	  LEFT JOIN billing.customer u ON u.customer_id = a.customer_id
	 CROSS JOIN LATERAL (SELECT billing.contract_ends_on(c.account_id, c.contract_no, ending_contracts.on_day) AS ends_on) e
	 WHERE o.org_id = ANY ((SELECT billing._orgs_below((SELECT q.org_id FROM billing.org q WHERE q.org_no = ending_contracts.org_no)))::bigint[])
	   AND e.ends_on >= ending_contracts.on_day AND e.ends_on - ending_contracts.on_day <= c.notice_days
	   AND NOT EXISTS (SELECT FROM billing.account_phase p WHERE p.account_id = c.account_id AND p.phase IN ('transferred', 'vacated', 'succeeded', 'closed'))
	 ORDER BY e.ends_on, a.account_no;
END;
COMMENT ON FUNCTION billing.ending_contracts(text, date) IS
'contracts of an org, and of all below it, that end within their notice_days as of a day, with what happens then (renewal)';

CREATE FUNCTION billing.contract_compliance(org_no text, during daterange)
RETURNS TABLE (account_no text, contract_no text, capacity_kva numeric, peak_kw numeric, over_capacity boolean, owed numeric)
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT a.account_no, v.contract_no, v.capacity_kva, p.peak_kw, p.peak_kw > v.capacity_kva, h.balance
	  FROM billing.account a
	  JOIN billing.org o ON o.org_id = a.org_id
	  LEFT JOIN billing.account_head h ON h.account_id = a.account_id
	  JOIN LATERAL (SELECT n.contract_no,
						   CASE WHEN jsonb_typeof(n.terms -> 'capacity_kva') IN ('number', 'string') AND n.terms ->> 'capacity_kva' ~ '^[0-9]{1,12}([.][0-9]{1,6})?$'
								THEN (n.terms ->> 'capacity_kva')::numeric END AS capacity_kva
					  FROM billing.contract_version n
					 WHERE n.account_id = a.account_id AND n.state = 'signed' AND n.valid_during && contract_compliance.during
					 ORDER BY lower(n.valid_during) DESC LIMIT 1) v ON true
	  LEFT JOIN LATERAL (SELECT max(billing.peak_kw(billing.slice(r.profile, contract_compliance.during * daterange(r.from_on, r.until_on)))) AS peak_kw
					   FROM billing.reading r
					  WHERE r.account_id = a.account_id AND r.channel = 'import' AND r.from_on > lower(contract_compliance.during) - 31
						AND r.from_on < upper(contract_compliance.during) AND r.until_on > lower(contract_compliance.during)) p ON true
 WHERE o.org_id = ANY ((SELECT billing._orgs_below((SELECT q.org_id FROM billing.org q WHERE q.org_no = contract_compliance.org_no)))::bigint[])
	 ORDER BY a.account_no;
END;
COMMENT ON FUNCTION billing.contract_compliance(text, daterange) IS
'what contracts of an org, and of all below it, say and what was used: capacity, highest load of a slot, and what is owed';
