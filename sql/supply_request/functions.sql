/*
 * The rules of the requests are two lists, so that the trigger that guards the
 * states, the commands, their hints and the manual all say the same.
 */
CREATE FUNCTION billing.supply_request_kinds(OUT kind text, OUT from_phases text[], OUT to_phase text, OUT makes_account boolean,
	OUT ends_account boolean, OUT surveyed boolean, OUT second_person boolean, OUT documents integer)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10
BEGIN ATOMIC
	SELECT v.* FROM (VALUES
		('new_supply',			ARRAY[]::text[],							'active',		true,	false,	true,	true,	1),
		('capacity_change',		ARRAY['active'],							'active',		false,	false,	true,	true,	0),
		('price_class_change',	ARRAY['active'],							'active',		false,	false,	false,	true,	0),
		('suspension',			ARRAY['active'],							'suspended',	false,	false,	false,	true,	0),
		('vacancy',				ARRAY['active'],							'vacant',		false,	false,	false,	true,	0),
		('resumption',			ARRAY['suspended', 'vacant'],				'active',		false,	false,	false,	true,	0),
		('transfer',			ARRAY['active', 'suspended', 'vacant'],		'transferred',	true,	true,	false,	true,	1),
		('disconnection',		ARRAY['active'],							'disconnected',	false,	false,	false,	true,	0),
		('reconnection',		ARRAY['disconnected'],						'active',		false,	false,	false,	false,	0),
		('move_out',			ARRAY['active', 'suspended', 'vacant', 'disconnected'], 'vacated',		false,	true,	false,	false,	0),
		('move_in',				ARRAY['vacated'],							'succeeded',	true,	false,	false,	false,	0),
		('close',				ARRAY['active', 'suspended', 'vacant', 'vacated', 'disconnected'], 'closed',	false,	true,	false,	true,	0)
	) v(kind, from_phases, to_phase, makes_account, ends_account, surveyed, second_person, documents);
END;
COMMENT ON FUNCTION billing.supply_request_kinds() IS
'kinds of requests: from which phases of the account, to which; whether it makes an account, ends one, is surveyed and installed, '
'needs a second person''s approval, and how many documents';

CREATE FUNCTION billing.supply_request_steps(OUT kind text, OUT from_state text, OUT step text, OUT to_state text, OUT action text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 120
BEGIN ATOMIC
	SELECT k.kind, s.from_state, s.step, s.to_state, CASE WHEN s.step = 'approve' AND NOT k.second_person THEN 'write' ELSE s.action END
	  FROM billing.supply_request_kinds() k
	  JOIN (VALUES
		('draft',		'submit',	'submitted',	'write',	NULL::boolean),
		('submitted',	'survey',	'surveyed',		'write',	true),
		('submitted',	'approve',	'approved',		'approve',	false),
		('surveyed',	'approve',	'approved',		'approve',	true),
		('approved',	'install',	'installed',	'write',	true),
		('approved',	'complete',	'completed',	'write',	false),
		('installed',	'complete',	'completed',	'write',	true),
		('submitted',	'return',	'draft',		'approve',	NULL),
		('surveyed',	'return',	'draft',		'approve',	true),
		('submitted',	'reject',	'rejected',		'approve',	NULL),
		('surveyed',	'reject',	'rejected',		'approve',	true),
		('draft',		'withdraw',	'withdrawn',	'write',	NULL),
		('submitted',	'withdraw',	'withdrawn',	'write',	NULL),
		('surveyed',	'withdraw',	'withdrawn',	'write',	true),
		('approved',	'withdraw',	'withdrawn',	'write',	NULL),
		('installed',	'withdraw',	'withdrawn',	'write',	true)
	  ) s(from_state, step, to_state, action, surveyed) ON s.surveyed IS NULL OR s.surveyed = k.surveyed;
END;
COMMENT ON FUNCTION billing.supply_request_steps() IS
'the steps a request can take: of each kind, from which state to which, and which right on account it needs; what is not here is refused';

CREATE FUNCTION billing._guard_supply_request()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		billing.supply_request := OLD;
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.state = 'draft' THEN
			RETURN NEW;
		END IF;
	ELSIF TG_OP = 'UPDATE' AND NEW.state <> OLD.state THEN
		-- a step moves the state and nothing else
		was.state := NEW.state;
		IF NEW OPERATOR(pg_catalog.*=) was AND EXISTS (SELECT FROM billing.supply_request_steps() s
				WHERE s.kind = OLD.kind AND s.from_state = OLD.state AND s.to_state = NEW.state) THEN
			RETURN NEW;
		END IF;
	ELSIF TG_OP = 'UPDATE' THEN
		was.org_id := NEW.org_id;
		IF NEW OPERATOR(pg_catalog.*=) was THEN
			RETURN NEW;
		END IF;
		was.effective_on := NEW.effective_on;
		was.made_account_no := NEW.made_account_no;
		was.address := NEW.address;
		was.plan_id := NEW.plan_id;
		was.terms := NEW.terms;
		was.reason := NEW.reason;
		IF OLD.state = 'draft' AND NEW OPERATOR(pg_catalog.*=) was THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'a request goes from state to state by its steps only'
		USING ERRCODE = 'UB602', DETAIL = format('%s of request %s is refused to everybody.', TG_OP, CASE WHEN TG_OP = 'DELETE' THEN OLD.request_id ELSE NEW.request_id END),
			  HINT = 'step_supply_request() takes the next step; SELECT * FROM billing.supply_request_steps() lists them.';
END $$;
COMMENT ON FUNCTION billing._guard_supply_request() IS 'trigger: the state machine of requests, for everybody';

CREATE FUNCTION billing._move_requests()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: requests follow their account to another org, for who may write at both.
BEGIN
	UPDATE billing.supply_request r SET org_id = NEW.org_id WHERE r.account_id = NEW.account_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._move_requests() IS 'trigger: the org of an account''s requests is the account''s';

CREATE FUNCTION billing._plan_on(account_id bigint, day date, OUT plan_id bigint, OUT terms jsonb)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT a.plan_id, a.terms FROM billing.account_plan a
	 WHERE a.account_id = _plan_on.account_id AND a.from_on <= _plan_on.day ORDER BY a.from_on DESC LIMIT 1;
END;
COMMENT ON FUNCTION billing._plan_on(bigint, date) IS 'by which plan and on which terms an account is billed on a day';

CREATE FUNCTION billing._check_phase(kind text, account_id bigint, account_no text, effective_on date)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	record;
	now_is	record;
BEGIN
	SELECT k.from_phases INTO rule FROM billing.supply_request_kinds() k WHERE k.kind = _check_phase.kind;
	SELECT p.phase, p.from_on INTO now_is FROM billing._phase_of(_check_phase.account_id) p;
	IF NOT now_is.phase = ANY (rule.from_phases) THEN
		RAISE EXCEPTION 'account % is %', _check_phase.account_no, now_is.phase
			USING ERRCODE = 'UB606', DETAIL = format('Since %s. %s is for accounts that are: %s.', to_char(now_is.from_on, 'YYYY-MM-DD'), _check_phase.kind, array_to_string(rule.from_phases, ', ')),
				  HINT = format('Possible now: %s.', coalesce((SELECT string_agg(k.kind, ', ' ORDER BY k.kind) FROM billing.supply_request_kinds() k
																WHERE now_is.phase = ANY (k.from_phases)), 'nothing; a new_supply begins anew'));
	END IF;
	IF _check_phase.effective_on < now_is.from_on THEN
		RAISE EXCEPTION 'account % is % since %', _check_phase.account_no, now_is.phase, to_char(now_is.from_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB606', DETAIL = format('The request is for %s.', to_char(_check_phase.effective_on, 'YYYY-MM-DD')), HINT = 'Requests take effect one after the other.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_phase(text, bigint, text, date) IS 'raises where a request does not fit what the account is';

CREATE FUNCTION billing._plan_of(plan_code text)
RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	plan	bigint;
BEGIN
	SELECT p.plan_id INTO plan FROM billing.plan p WHERE p.plan_code = _plan_of.plan_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('plan %s', _plan_of.plan_code));
	END IF;
	RETURN plan;
END $$;
COMMENT ON FUNCTION billing._plan_of(text) IS 'the plan of this code';

CREATE FUNCTION billing._log_step(request billing.supply_request, step text, from_state text, note text)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO billing.supply_request_event (account_id, request_id, event_no, org_id, step, from_state, to_state, note)
	SELECT request.account_id, request.request_id, 1 + count(e.event_no), request.org_id, _log_step.step, _log_step.from_state, request.state, _log_step.note
	  FROM billing.supply_request_event e WHERE e.account_id = request.account_id AND e.request_id = request.request_id;
END;
COMMENT ON FUNCTION billing._log_step(billing.supply_request, text, text, text) IS 'writes down a step of a request, whose row is locked';

CREATE FUNCTION billing.open_supply_request(kind text, account_no text, effective_on date, customer_id bigint DEFAULT NULL,
	plan_code text DEFAULT NULL, terms jsonb DEFAULT NULL, new_account_no text DEFAULT NULL, org_no text DEFAULT NULL,
	address text DEFAULT NULL, reason text DEFAULT '')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a request for who may write the account, or at the org of a new one.
DECLARE
	rule	record;
	account	record;
	found_id bigint;
	made	billing.supply_request;
BEGIN
	SELECT k.* INTO rule FROM billing.supply_request_kinds() k WHERE k.kind = open_supply_request.kind;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no kind of request "%"', open_supply_request.kind
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = format('Kinds: %s.', (SELECT string_agg(k.kind, ', ') FROM billing.supply_request_kinds() k));
	END IF;
	IF NOT coalesce(isfinite(open_supply_request.effective_on), false) THEN
		RAISE EXCEPTION 'a request takes effect on a day' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF (CASE WHEN rule.kind = 'new_supply' THEN open_supply_request.new_account_no IS NOT NULL
			 ELSE rule.makes_account <> (open_supply_request.new_account_no IS NOT NULL) OR open_supply_request.org_no IS NOT NULL END)
	   OR (rule.makes_account <> (open_supply_request.customer_id IS NOT NULL)) THEN
		RAISE EXCEPTION 'a request of kind "%" has other arguments', rule.kind
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = CASE WHEN rule.kind = 'new_supply' THEN 'It takes org_no, customer_id, and as account_no the number that the account shall have.'
							  WHEN rule.makes_account THEN 'It takes the customer_id of who comes, and new_account_no.'
							  ELSE 'It takes no customer_id, org_no or new_account_no: these are the account''s.' END;
	END IF;
	IF rule.kind = 'new_supply' THEN
		made.org_id := billing._org_of(open_supply_request.org_no, 'write', 'account');
		made.account_id := nextval('billing.account_account_id_seq');
		made.made_account_id := made.account_id;
		made.made_account_no := open_supply_request.account_no;
	ELSE
		found_id := billing._account_of(open_supply_request.account_no, 'write', 'account');
		-- two clerks at one account: the second waits, then finds the first one's request
		SELECT h.account_id, h.org_id, a.customer_id INTO account FROM billing.account_head h JOIN billing.account a ON a.account_id = h.account_id
		 WHERE h.account_id = found_id FOR NO KEY UPDATE OF h;
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('account %s', open_supply_request.account_no));
		END IF;
		SELECT r.* INTO made FROM billing.supply_request r
		 WHERE r.account_id = found_id AND r.state NOT IN ('completed', 'rejected', 'withdrawn');
		IF FOUND THEN
			RAISE EXCEPTION 'account % has an open request', open_supply_request.account_no
				USING ERRCODE = 'UB604', DETAIL = format('Request %s: %s, %s.', made.request_id, made.kind, made.state),
					  HINT = 'Complete or withdraw it first.';
		END IF;
		PERFORM billing._check_phase(rule.kind, found_id, open_supply_request.account_no, open_supply_request.effective_on);
		made.account_id := found_id;
		made.org_id := account.org_id;
		made.customer_id := account.customer_id;
		IF rule.makes_account THEN
			made.made_account_id := nextval('billing.account_account_id_seq');
			made.made_account_no := open_supply_request.new_account_no;
		END IF;
	END IF;
	IF rule.makes_account THEN
		PERFORM FROM billing.customer c WHERE c.customer_id = open_supply_request.customer_id AND billing.can_read(c.org_id, 'customer');
		IF NOT FOUND THEN
			PERFORM billing._not_found(format('customer %s', open_supply_request.customer_id));
		END IF;
		made.customer_id := open_supply_request.customer_id;
	END IF;
	INSERT INTO billing.supply_request AS r (account_id, org_id, kind, customer_id, effective_on, made_account_id, made_account_no, address, plan_id, terms, reason)
	VALUES (made.account_id, made.org_id, rule.kind, made.customer_id, open_supply_request.effective_on, made.made_account_id, made.made_account_no,
			open_supply_request.address, billing._plan_of(open_supply_request.plan_code), open_supply_request.terms, coalesce(open_supply_request.reason, ''))
	RETURNING r.* INTO made;
	PERFORM billing._log_step(made, 'open', NULL, '');
	PERFORM billing._audit(made.org_id, 'open_supply_request', format('request %s', made.request_id),
		jsonb_build_object('kind', made.kind, 'account_no', open_supply_request.account_no, 'effective_on', made.effective_on));
	RETURN made.request_id;
END $$;
COMMENT ON FUNCTION billing.open_supply_request(text, text, date, bigint, text, jsonb, text, text, text, text) IS
'a request for an account, as a draft: kind is new_supply (needs org_no, customer_id; account_no is the number to be), capacity_change, '
'price_class_change, suspension, vacancy, resumption, transfer and move_in (need customer_id, new_account_no), move_out, close, disconnection (for arrears: when the law''s days are over), reconnection; '
'plan_code and terms hold from effective_on on; returns request_id';

CREATE FUNCTION billing._request_of(request_id bigint)
RETURNS billing.supply_request
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	request		billing.supply_request;
BEGIN
	SELECT r.* INTO request FROM billing.supply_request r
	 WHERE r.request_id = _request_of.request_id AND billing.can_read(r.org_id, 'account');
	IF FOUND THEN
		-- the head first, then the request: the order in which everybody locks
		PERFORM FROM billing.account_head h WHERE h.account_id = request.account_id FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			PERFORM billing._lock_pending('supply_request', request.org_id, format('request %s', request.request_id));
		END IF;
		SELECT r.* INTO request FROM billing.supply_request r
		 WHERE r.account_id = request.account_id AND r.request_id = request.request_id FOR NO KEY UPDATE;
	END IF;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('request %s', _request_of.request_id));
	END IF;
	RETURN request;
END $$;
COMMENT ON FUNCTION billing._request_of(bigint) IS 'the request of this number, locked with its account, where the actor may read it';

CREATE FUNCTION billing.change_supply_request(request_id bigint, effective_on date DEFAULT NULL, plan_code text DEFAULT NULL, terms jsonb DEFAULT NULL,
	new_account_no text DEFAULT NULL, address text DEFAULT NULL, reason text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as open_supply_request().
DECLARE
	request	billing.supply_request := billing._request_of(change_supply_request.request_id);
BEGIN
	IF NOT coalesce(billing.can_write(request.org_id, 'account'), false) THEN
		PERFORM billing._not_found(format('request %s', change_supply_request.request_id));
	END IF;
	IF request.state <> 'draft' THEN
		RAISE EXCEPTION 'request % is %', request.request_id, request.state
			USING ERRCODE = 'UB602', HINT = 'Only a draft is changed; the step "return" makes a submitted request a draft again.';
	END IF;
	UPDATE billing.supply_request r
	   SET effective_on = coalesce(change_supply_request.effective_on, r.effective_on),
		   plan_id = coalesce(billing._plan_of(change_supply_request.plan_code), r.plan_id),
		   terms = coalesce(change_supply_request.terms, r.terms),
		   made_account_no = CASE WHEN r.made_account_id IS NOT NULL THEN coalesce(change_supply_request.new_account_no, r.made_account_no) END,
		   address = coalesce(change_supply_request.address, r.address),
		   reason = coalesce(change_supply_request.reason, r.reason)
	 WHERE r.account_id = request.account_id AND r.request_id = request.request_id;
	PERFORM billing._log_step(request, 'change', request.state, '');
	PERFORM billing._audit(request.org_id, 'change_supply_request', format('request %s', request.request_id),
		jsonb_strip_nulls(jsonb_build_object('effective_on', change_supply_request.effective_on, 'plan_code', change_supply_request.plan_code,
			'terms', change_supply_request.terms, 'new_account_no', change_supply_request.new_account_no)));
END $$;
COMMENT ON FUNCTION billing.change_supply_request(bigint, date, text, jsonb, text, text, text) IS
'changes a draft: what is given, the rest stays';

CREATE FUNCTION billing.attach_document(request_id bigint, name text, media_type text, digest bytea)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as open_supply_request().
DECLARE
	request	billing.supply_request := billing._request_of(attach_document.request_id);
	made	integer;
BEGIN
	PERFORM billing._given('attach_document', request_id, name, media_type, digest);
	IF NOT coalesce(billing.can_write(request.org_id, 'account'), false) THEN
		PERFORM billing._not_found(format('request %s', attach_document.request_id));
	END IF;
	IF request.state IN ('completed', 'rejected', 'withdrawn') THEN
		RAISE EXCEPTION 'request % is %', request.request_id, request.state
			USING ERRCODE = 'UB602', HINT = 'Papers belong to open requests.';
	END IF;
	INSERT INTO billing.supply_request_document AS d (account_id, request_id, document_no, org_id, name, media_type, digest)
	SELECT request.account_id, request.request_id, 1 + count(o.document_no), request.org_id, attach_document.name, attach_document.media_type, attach_document.digest
	  FROM billing.supply_request_document o WHERE o.account_id = request.account_id AND o.request_id = request.request_id
	RETURNING d.document_no INTO made;
	PERFORM billing._audit(request.org_id, 'attach_document', format('request %s', request.request_id),
		jsonb_build_object('name', attach_document.name, 'digest', encode(attach_document.digest, 'hex')));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.attach_document(bigint, text, text, bytea) IS
'a paper of an open request: its name, media type and SHA-256; returns its number';

CREATE FUNCTION billing._over(terms jsonb, changes jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce(jsonb_object_agg(e.key, e.value) FILTER (WHERE e.value <> 'null'::jsonb), '{}')
	  FROM jsonb_each(coalesce(_over.terms, '{}') || coalesce(_over.changes, '{}')) e;
END;
COMMENT ON FUNCTION billing._over(jsonb, jsonb) IS 'terms with changes put over them; null takes a term away';

CREATE FUNCTION billing._check_complete(request billing.supply_request)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	record;
	missing	text;
BEGIN
	SELECT k.* INTO rule FROM billing.supply_request_kinds() k WHERE k.kind = request.kind;
	missing := CASE
		WHEN request.kind = 'new_supply' AND request.plan_id IS NULL THEN 'a price plan'
		WHEN request.kind = 'new_supply' AND coalesce(request.address, '') = '' THEN 'an address'
		WHEN request.kind IN ('capacity_change', 'suspension') AND coalesce(request.terms, '{}') = '{}' THEN 'the terms that change, such as the capacity'
		WHEN request.kind = 'price_class_change' AND request.plan_id IS NULL THEN 'a price plan'
		WHEN rule.documents > (SELECT count(*) FROM billing.supply_request_document d
								WHERE d.account_id = request.account_id AND d.request_id = request.request_id) THEN 'a document: who asks, and by what right' END;
	IF missing IS NOT NULL THEN
		RAISE EXCEPTION 'request % is not complete', request.request_id
			USING ERRCODE = 'UB605', DETAIL = format('It lacks %s.', missing), HINT = 'change_supply_request() and attach_document() add to it.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_complete(billing.supply_request) IS 'raises where a request lacks what its kind needs';

CREATE FUNCTION billing._set_plan(account_id bigint, org_id bigint, from_on date, plan_id bigint, terms jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	later	date;
BEGIN
	SELECT min(a.from_on) INTO later FROM billing.account_plan a WHERE a.account_id = _set_plan.account_id AND a.from_on > _set_plan.from_on;
	IF later IS NOT NULL THEN
		RAISE EXCEPTION 'the account has a later plan already'
			USING ERRCODE = 'UB606', DETAIL = format('From %s on.', to_char(later, 'YYYY-MM-DD')), HINT = 'Changes take effect one after the other.';
	END IF;
	INSERT INTO billing.account_plan AS a (account_id, from_on, org_id, plan_id, terms)
	VALUES (_set_plan.account_id, _set_plan.from_on, _set_plan.org_id, _set_plan.plan_id, _set_plan.terms)
	    ON CONFLICT ON CONSTRAINT account_plan_pkey DO UPDATE SET plan_id = excluded.plan_id, terms = excluded.terms;
END $$;
COMMENT ON FUNCTION billing._set_plan(bigint, bigint, date, bigint, jsonb) IS 'plan and terms of an account from a day on, after all others';

CREATE FUNCTION billing.install_for_request(request_id bigint, meter_no text, at timestamptz, readings jsonb, part text DEFAULT 'main', end_readings jsonb DEFAULT NULL,
	transformers text[] DEFAULT '{}', point_code text DEFAULT NULL, area_no text DEFAULT NULL, feeder_no text DEFAULT NULL, voltage_v integer DEFAULT NULL,
	metered_at text DEFAULT 'low')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the request's org and at the meter.
DECLARE
	request		billing.supply_request := billing._request_of(install_for_request.request_id);
	meter		billing.meter;
	area		billing.transformer_area;
	feeder		billing.feeder;
BEGIN
	IF request.request_id IS NULL OR NOT coalesce(billing.can_write(request.org_id, 'supply'), false) THEN
		PERFORM billing._not_found(format('request %s', install_for_request.request_id));
	END IF;
	PERFORM FROM billing.supply_request_kinds() k WHERE k.kind = request.kind AND k.surveyed;
	IF NOT FOUND OR request.state NOT IN ('approved', 'installed') THEN
		RAISE EXCEPTION 'request % is % and %: nothing is installed for it', request.request_id, request.kind, request.state
			USING ERRCODE = 'UB602', HINT = format('Meters are hung for an approved request of kind %s; otherwise install_meter() and exchange_meter() do it.',
				(SELECT string_agg(k.kind, ' or ') FROM billing.supply_request_kinds() k WHERE k.surveyed));
	END IF;
	meter := billing._meter_of(install_for_request.meter_no, 'write');
	IF meter.state IS DISTINCT FROM 'in_stock' THEN
		RAISE EXCEPTION 'meter % is %, not in_stock', meter.meter_no, meter.state USING ERRCODE = 'UB701', HINT = billing._possible_steps(meter.state);
	END IF;
	PERFORM billing._register_values(meter.meter_no, meter.meter_type_id, install_for_request.readings);
	area := billing._area_of(install_for_request.area_no, 'read', request.effective_on);
	feeder := billing._feeder_of(install_for_request.feeder_no, 'read', request.effective_on);
	PERFORM billing._transformer_of(coalesce(t, ''), 'write') FROM unnest(install_for_request.transformers) t;
	-- whoever completes the request may write accounts there, and needs to find them
	UPDATE billing.meter m SET org_id = request.org_id WHERE m.meter_id = meter.meter_id;
	UPDATE billing.instrument_transformer t SET org_id = request.org_id WHERE t.transformer_no = ANY (install_for_request.transformers);
	INSERT INTO billing.supply_request_install AS i (account_id, request_id, part, org_id, meter_no, at, readings, end_readings, transformers, point_code, area_id, feeder_id, voltage_v, metered_at)
	VALUES (request.account_id, request.request_id, install_for_request.part, request.org_id, meter.meter_no, install_for_request.at, install_for_request.readings,
			install_for_request.end_readings, coalesce(install_for_request.transformers, '{}'), install_for_request.point_code, area.area_id, feeder.feeder_id,
			install_for_request.voltage_v, install_for_request.metered_at)
	    ON CONFLICT ON CONSTRAINT supply_request_install_pkey DO UPDATE SET meter_no = excluded.meter_no, at = excluded.at, readings = excluded.readings,
			end_readings = excluded.end_readings, transformers = excluded.transformers, point_code = excluded.point_code, area_id = excluded.area_id,
			feeder_id = excluded.feeder_id, voltage_v = excluded.voltage_v, metered_at = excluded.metered_at, installed_by = excluded.installed_by;
	PERFORM billing._audit(request.org_id, 'install_for_request', format('request %s', request.request_id),
		jsonb_build_object('part', install_for_request.part, 'meter_no', meter.meter_no, 'at', install_for_request.at, 'readings', install_for_request.readings));
END $$;
COMMENT ON FUNCTION billing.install_for_request(bigint, text, timestamptz, jsonb, text, jsonb, text[], text, text, text, integer, text) IS
'a meter has been hung for an approved request for new supply or another capacity: its completion makes the service point, where there is none, and '
'lets the meter count there, from its moment or from the request''s day, whichever is later; end_readings: of the meter that was there before. '
'Given again for a part it replaces what was given';

CREATE FUNCTION billing._install_requested(request billing.supply_request)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	target	bigint := coalesce(request.made_account_id, request.account_id);
	hung	billing.supply_request_install;
	point	billing.service_point;
	meter	billing.meter;
	old		billing.meter_install;
	at		timestamptz;
BEGIN
	FOR hung IN SELECT i.* FROM billing.supply_request_install i WHERE i.account_id = request.account_id AND i.request_id = request.request_id ORDER BY i.part
	LOOP
		SELECT p.* INTO point FROM billing.service_point p WHERE p.account_id = target AND p.part = hung.part FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			INSERT INTO billing.service_point AS p (account_id, part, org_id, point_code, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on)
			VALUES (target, hung.part, request.org_id, hung.point_code, hung.voltage_v, hung.metered_at, hung.area_id, hung.feeder_id, request.effective_on, request.effective_on)
			RETURNING p.* INTO point;
		END IF;
		at := greatest(hung.at, request.effective_on::timestamp AT TIME ZONE billing._zone_on(target, request.effective_on));
		SELECT i.* INTO old FROM billing.meter_install i
		 WHERE i.account_id = target AND i.part = hung.part AND i.role = 'main' AND i.until_at IS NULL;
		IF FOUND THEN
			IF hung.end_readings IS NULL THEN
				RAISE EXCEPTION 'meter % counts at part "%" already', old.meter_no, hung.part
					USING ERRCODE = 'UB702', HINT = 'install_for_request() with end_readings says what it showed last.';
			END IF;
			PERFORM billing._end_install(old, at, hung.end_readings, '{}', 'exchange');
		END IF;
		meter := billing._meter_of(hung.meter_no, 'any');
		IF hung.transformers <> '{}' THEN
			PERFORM billing._take_transformers(point, at, hung.transformers);
			PERFORM billing._put_transformers(point, at, hung.transformers, 'any');
		END IF;
		PERFORM billing._begin_install(point, meter, at, hung.readings, 'main', 1, CASE WHEN old.meter_id IS NULL THEN 'install' ELSE 'exchange' END);
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._install_requested(billing.supply_request) IS 'what was hung for a request counts at its account';

CREATE FUNCTION billing._carry_out(request billing.supply_request)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- What a request means for the account, with the account's head locked.
DECLARE
	rule	record;
	at_org	bigint := request.org_id;
	number		text;
	street		text;
	billed_to	date;
	stops_on	date;
	plan		bigint;		-- by which the account is billed, and on which terms, but for this request
	terms		jsonb;
BEGIN
	SELECT k.* INTO rule FROM billing.supply_request_kinds() k WHERE k.kind = request.kind;
	IF request.kind <> 'new_supply' THEN
		SELECT a.account_no, a.address, h.billed_to, h.stops_on INTO number, street, billed_to, stops_on
		  FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id WHERE a.account_id = request.account_id;
		PERFORM billing._check_phase(request.kind, request.account_id, number, request.effective_on);
		IF request.effective_on < billed_to AND stops_on IS NULL THEN
			RAISE EXCEPTION 'account % is billed up to % already', number, to_char(billed_to, 'YYYY-MM-DD')
				USING ERRCODE = 'UB301', DETAIL = format('The request is for %s.', to_char(request.effective_on, 'YYYY-MM-DD')),
					  HINT = 'Void the bills back to that day first: they are made again as the request says.';
		END IF;
		-- a suspension or vacancy that ends gives back what was before it
		SELECT p.plan_id, p.terms INTO plan, terms
		  FROM billing._phase_of(request.account_id) f,
			   billing._plan_on(request.account_id, CASE WHEN request.kind = 'resumption' THEN f.from_on - 1 ELSE request.effective_on END) p;
		IF plan IS NULL AND request.kind = 'resumption' THEN
			SELECT p.plan_id, p.terms INTO plan, terms FROM billing._plan_on(request.account_id, request.effective_on) p;
		END IF;
		INSERT INTO billing.account_phase (account_id, request_id, from_on, org_id, phase)
		VALUES (request.account_id, request.request_id, request.effective_on, at_org, rule.to_phase);
	END IF;
	IF rule.ends_account AND stops_on IS NULL THEN
		UPDATE billing.account_head h SET stops_on = request.effective_on WHERE h.account_id = request.account_id;
	END IF;
	IF rule.makes_account THEN
		INSERT INTO billing.account (account_id, org_id, customer_id, account_no, address, opened_on) OVERRIDING SYSTEM VALUE
		VALUES (request.made_account_id, at_org, request.customer_id, request.made_account_no,
				CASE WHEN request.kind = 'new_supply' THEN request.address ELSE coalesce(request.address, street) END, request.effective_on);
		INSERT INTO billing.account_phase (account_id, request_id, from_on, org_id, phase)
		VALUES (request.made_account_id, request.request_id, request.effective_on, at_org, 'active');
	END IF;
	IF request.kind = 'close' THEN
		PERFORM billing._end_points(request.account_id, request.effective_on);
	ELSIF request.kind IN ('disconnection', 'reconnection') THEN
		PERFORM billing._switch_points(request.account_id, request.kind = 'reconnection');
	END IF;
	IF rule.makes_account OR NOT rule.ends_account THEN
		IF request.kind = 'new_supply' THEN
			PERFORM billing._set_plan(request.made_account_id, at_org, request.effective_on, request.plan_id, billing._over('{}', request.terms));
		ELSIF coalesce(request.plan_id, plan) IS NOT NULL
			  AND (rule.makes_account OR request.kind = 'resumption' OR request.plan_id IS NOT NULL OR request.terms IS NOT NULL) THEN
			PERFORM billing._set_plan(coalesce(request.made_account_id, request.account_id), at_org, request.effective_on,
				coalesce(request.plan_id, plan), billing._over(terms, request.terms));
			UPDATE billing.account_head h SET plan_changes = ARRAY(SELECT DISTINCT c FROM unnest(h.plan_changes || request.effective_on) c ORDER BY c)
			 WHERE h.account_id = request.account_id AND NOT rule.makes_account;
		END IF;
	END IF;
	-- after the plan, whose time zone says when the day begins
	IF rule.makes_account AND request.kind <> 'new_supply' THEN
		PERFORM billing._continue_points(request.account_id, request.made_account_id, at_org, request.effective_on);
	END IF;
	PERFORM billing._install_requested(request);
END $$;
COMMENT ON FUNCTION billing._carry_out(billing.supply_request) IS
'makes, changes or ends the account of a request from its day on: phase, plan and terms, and where bills stop';

CREATE FUNCTION billing._needs_second(request billing.supply_request)
RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- whoever moves in or out changes no money, unless the price or the terms are to be others
	SELECT k.second_person OR request.plan_id IS NOT NULL OR request.terms IS NOT NULL FROM billing.supply_request_kinds() k WHERE k.kind = request.kind;
END;
COMMENT ON FUNCTION billing._needs_second(billing.supply_request) IS 'is a request approved by another than who has prepared it?';

CREATE FUNCTION billing._take_step(request billing.supply_request, step text, to_state text, note text)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	was		text := request.state;
BEGIN
	IF _take_step.step = 'submit' THEN
		PERFORM billing._check_complete(request);
	ELSIF _take_step.step = 'complete' THEN
		PERFORM billing._carry_out(request);
	END IF;
	request.state := _take_step.to_state;
	UPDATE billing.supply_request r SET state = request.state WHERE r.account_id = request.account_id AND r.request_id = request.request_id;
	PERFORM billing._log_step(request, _take_step.step, was, _take_step.note);
	PERFORM billing._audit(request.org_id, 'step_supply_request', format('request %s', request.request_id),
		jsonb_build_object('step', _take_step.step, 'state', request.state, 'note', _take_step.note));
	PERFORM billing._lay_aside('supply_request', request.org_id, format('request %s', request.request_id));
	IF billing._needs_second(request) AND EXISTS (SELECT FROM billing.supply_request_steps() s WHERE s.kind = request.kind AND s.from_state = request.state AND s.step = 'approve') THEN
		PERFORM billing._ask_approval('supply_request', request.org_id, format('request %s', request.request_id), to_jsonb(request) - 'org_id', NULL,
			CASE WHEN request.kind <> 'new_supply' THEN request.account_id END);
	END IF;
	RETURN request.state;
END $$;
COMMENT ON FUNCTION billing._take_step(billing.supply_request, text, text, text) IS 'a request is one step further, and waits for a second person where that is the next step';

CREATE FUNCTION billing._decide_request(detail jsonb, approved boolean, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	request	billing.supply_request := billing._request_of((detail ->> 'request_id')::bigint);
BEGIN
	PERFORM billing._check_second_person(e.actor, format('request %s', request.request_id)) FROM billing.supply_request_event e
	  WHERE e.account_id = request.account_id AND e.request_id = request.request_id AND e.step IN ('open', 'change', 'submit', 'survey');
	PERFORM billing._take_step(request, s.step, s.to_state, coalesce(reason, '')) FROM billing.supply_request_steps() s
	  WHERE s.kind = request.kind AND s.from_state = request.state AND s.step = CASE WHEN approved THEN 'approve' ELSE 'reject' END;
END $$;
COMMENT ON FUNCTION billing._decide_request(jsonb, boolean, text) IS 'a request is approved, or rejected, by somebody who has not opened, changed, submitted or surveyed it';

CREATE FUNCTION billing.step_supply_request(request_id bigint, step text, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: the next state of a request, for who has the right that the step needs.
DECLARE
	request	billing.supply_request := billing._request_of(step_supply_request.request_id);
	rule	record;
	second	boolean;
BEGIN
	PERFORM billing._given('step_supply_request', request_id, step, note);
	SELECT s.to_state, s.action INTO rule FROM billing.supply_request_steps() s
	 WHERE s.kind = request.kind AND s.from_state = request.state AND s.step = step_supply_request.step;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'request % is %: it cannot take the step "%"', request.request_id, request.state, step_supply_request.step
			USING ERRCODE = 'UB602', DETAIL = format('It is of kind %s.', request.kind),
				  HINT = coalesce('Possible now: ' || (SELECT string_agg(s.step, ', ' ORDER BY s.step) FROM billing.supply_request_steps() s
														WHERE s.kind = request.kind AND s.from_state = request.state) || '.',
								  'It has ended; what is to happen now is a new request.');
	END IF;
	second := step_supply_request.step = 'approve' AND billing._needs_second(request);
	IF NOT coalesce(billing.can_do(CASE WHEN second THEN 'approve' ELSE rule.action END, 'account', request.org_id)
					-- who may approve everything may approve this
					OR (step_supply_request.step = 'approve' AND billing.can_do('approve', 'account', request.org_id)), false) THEN
		RAISE EXCEPTION 'the step "%" needs the right to % account', step_supply_request.step, CASE WHEN second THEN 'approve' ELSE rule.action END
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF step_supply_request.step IN ('return', 'reject', 'withdraw') AND step_supply_request.note = '' THEN
		RAISE EXCEPTION 'the step "%" needs a reason', step_supply_request.step USING ERRCODE = 'UB605', HINT = 'Give it as the note.';
	END IF;
	IF second THEN
		PERFORM billing._decide_pending('supply_request', request.org_id, format('request %s', request.request_id), 'approved', step_supply_request.note);
		RETURN rule.to_state;
	END IF;
	RETURN billing._take_step(request, step_supply_request.step, rule.to_state, step_supply_request.note);
END $$;
COMMENT ON FUNCTION billing.step_supply_request(bigint, text, text) IS
'takes a request one step on: submit, survey, approve, install, complete, return, reject, withdraw; which is possible when is in '
'supply_request_steps(). complete makes it true for the account and its bills; return, reject and withdraw need a note; returns the new state';

CREATE FUNCTION billing.record_move_reading(account_no text, until_on date, energy_kwh numeric DEFAULT NULL)
RETURNS daterange
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as record_profile(); the days between the last reading and a move.
DECLARE
	found_id	bigint := billing._account_of(record_move_reading.account_no, 'write', 'reading');
	org			bigint;
	latest		record;
	zone		text;
	slot		interval;
	start_at	timestamptz;
	until_at	timestamptz;
	load		bigint[];
BEGIN
	SELECT h.org_id INTO org FROM billing.account_head h WHERE h.account_id = found_id FOR NO KEY UPDATE;
	SELECT r.until_on, r.profile INTO latest FROM billing.reading r
	 WHERE r.account_id = found_id AND r.part = 'main' AND r.channel = 'import' ORDER BY r.from_on DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'account % has no readings to go by', record_move_reading.account_no
			USING ERRCODE = 'UB103', HINT = 'record_profile() keeps what was measured.';
	END IF;
	IF record_move_reading.until_on IS NULL OR record_move_reading.until_on <= latest.until_on OR record_move_reading.until_on > latest.until_on + 31 THEN
		RAISE EXCEPTION 'the move is to be 1 to 31 days after the last reading'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Readings are there up to %s.', to_char(latest.until_on, 'YYYY-MM-DD')),
				  HINT = 'record_profile() keeps longer ones.';
	END IF;
	IF record_move_reading.energy_kwh < 0 OR record_move_reading.energy_kwh <> round(record_move_reading.energy_kwh, 3) OR record_move_reading.energy_kwh >= 1e12 THEN
		RAISE EXCEPTION 'energy is in whole watt-hours, not less than zero' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	zone := billing.time_zone(latest.profile);
	SELECT min(s.next_at - s.at) INTO slot FROM (SELECT q.at, lead(q.at) OVER (ORDER BY q.at) AS next_at FROM billing.slots(latest.profile) q) s;
	slot := coalesce(slot, interval '1 day');
	-- a fixed offset is an interval: as a text its sign would count the other way round
	IF zone ~ '^[+-]' THEN
		start_at := latest.until_on::timestamp AT TIME ZONE zone::interval;
		until_at := record_move_reading.until_on::timestamp AT TIME ZONE zone::interval;
	ELSE
		start_at := latest.until_on::timestamp AT TIME ZONE zone;
		until_at := record_move_reading.until_on::timestamp AT TIME ZONE zone;
	END IF;
	/*
	 * The load of a day as it has been lately.  With a reading its energy is
	 * spread like that, in whole watt-hours by largest remainder.
	 */
	WITH usual AS (
		SELECT l.clock, avg(l.value) AS wh
		  FROM (SELECT q.value, (CASE WHEN zone ~ '^[+-]' THEN q.at AT TIME ZONE zone::interval ELSE q.at AT TIME ZONE zone END)::time AS clock
				  FROM billing.slots(latest.profile) q WHERE q.value IS NOT NULL) l GROUP BY l.clock),
	wanted AS (
		SELECT w.at, coalesce(u.wh, (SELECT avg(o.wh) FROM usual o), 0) AS wh
		  FROM (SELECT g AS at, (CASE WHEN zone ~ '^[+-]' THEN g AT TIME ZONE zone::interval ELSE g AT TIME ZONE zone END)::time AS clock
				  FROM generate_series(start_at, until_at - slot, slot) g) w
		  LEFT JOIN usual u ON u.clock = w.clock),
	share AS (
		SELECT w.at, CASE WHEN t.wh > 0 THEN w.wh / t.wh ELSE 1.0 / t.slots END * coalesce(record_move_reading.energy_kwh * 1000, round(t.wh)) AS wh,
			   coalesce(record_move_reading.energy_kwh * 1000, round(t.wh)) AS total
		  FROM wanted w CROSS JOIN (SELECT sum(o.wh) AS wh, count(*) AS slots FROM wanted o) t),
	ranked AS (
		SELECT s.at, floor(s.wh) AS wh, s.total - sum(floor(s.wh)) OVER () AS rest, row_number() OVER (ORDER BY s.wh - floor(s.wh) DESC, s.at) AS place FROM share s)
	SELECT array_agg((r.wh + CASE WHEN r.place <= r.rest THEN 1 ELSE 0 END)::bigint ORDER BY r.at) INTO load FROM ranked r;
	INSERT INTO billing.reading (account_id, org_id, source, profile)
	VALUES (found_id, org, CASE WHEN record_move_reading.energy_kwh IS NULL THEN 'estimated for a move' ELSE 'read at a move' END,
			billing.profile(start_at, slot, load, time_zone => zone,
				quality => ARRAY[CASE WHEN record_move_reading.energy_kwh IS NULL THEN 'estimated' ELSE 'substituted' END]));
	PERFORM billing._audit(org, 'record_move_reading', format('account %s', record_move_reading.account_no),
		jsonb_build_object('until_on', record_move_reading.until_on, 'energy_kwh', record_move_reading.energy_kwh));
	RETURN daterange(latest.until_on, record_move_reading.until_on);
END $$;
COMMENT ON FUNCTION billing.record_move_reading(text, date, numeric) IS
'fills the days from the last load profile to a move: energy_kwh is what the meter has counted since (slots are marked substituted); '
'without it the load is that of the last profile''s days (marked estimated); returns the days';
