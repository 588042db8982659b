-- ---- checkers outside ----
CREATE FUNCTION billing.set_identity_checker(checker text, org_no text, public_key bytea, methods text[])
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes for an org whose people's rights the caller could all give.
DECLARE
	at_org	bigint := billing._org_of(set_identity_checker.org_no, 'write', 'org');
BEGIN
	PERFORM billing._given('set_identity_checker', checker, org_no, public_key, methods);
	-- who has the key may be anybody there
	PERFORM billing._check_grantable(at_org, '{org,customer,account,reading,plan,bill,money,supply}', '{read,write,approve,run}');
	INSERT INTO billing.identity_checker AS c (checker, org_id, public_key, methods)
	VALUES (set_identity_checker.checker, at_org, set_identity_checker.public_key, set_identity_checker.methods)
	ON CONFLICT ON CONSTRAINT identity_checker_pkey DO UPDATE
	   SET public_key = excluded.public_key, methods = excluded.methods, valid_during = tstzrange(now(), NULL) WHERE c.org_id = excluded.org_id;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('checker %s', set_identity_checker.checker));
	END IF;
	PERFORM billing._audit(at_org, 'set_identity_checker', format('checker %s', set_identity_checker.checker),
		jsonb_build_object('methods', set_identity_checker.methods, 'public_key', encode(set_identity_checker.public_key, 'hex')));
END $$;
COMMENT ON FUNCTION billing.set_identity_checker(text, text, bytea, text[]) IS
'believes a checker outside, by its Ed25519 public key, when it says that it has seen somebody of this org or below, and by which of these methods; '
'another key replaces the one before; needs every right at the org, since the checker may be anybody there';

CREATE FUNCTION billing.end_identity_checker(checker text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who administers the checker's org.
DECLARE
	of_org	bigint;
BEGIN
	PERFORM billing._given('end_identity_checker', checker);
	UPDATE billing.identity_checker c SET valid_during = tstzrange(least(lower(c.valid_during), now() - interval '1 microsecond'), now())
	 WHERE c.checker = end_identity_checker.checker AND billing.can_write(c.org_id, 'org') RETURNING c.org_id INTO of_org;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('checker %s', end_identity_checker.checker));
	END IF;
	PERFORM billing._audit(of_org, 'end_identity_checker', format('checker %s', end_identity_checker.checker));
END $$;
COMMENT ON FUNCTION billing.end_identity_checker(text) IS 'believes a checker no more';

CREATE FUNCTION billing.identify_by(assertion text)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: reads the checkers' keys for whoever brings what one of them has signed.
DECLARE
	checked	record;
	who		text;
BEGIN
	PERFORM billing._given('identify_by', assertion);
	SELECT c.checker, c.org_id, c.public_key INTO checked FROM billing.identity_checker c
	 WHERE c.checker = split_part(identify_by.assertion, '.', 2) AND split_part(identify_by.assertion, '.', 3) = ANY (c.methods)
	   AND c.valid_during @> now();
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the token is not accepted'
			USING ERRCODE = 'UB401', HINT = 'Ask for a new one: tokens live a minute, for one database.';
	END IF;
	who := billing._identify_by(identify_by.assertion, checked.public_key, checked.org_id);
	PERFORM billing._audit(checked.org_id, 'identify_by', format('checker %s', checked.checker),
		jsonb_build_object('method', split_part(identify_by.assertion, '.', 3), 'methods', to_jsonb(billing.actor_methods())));
	RETURN who;
END $$;
COMMENT ON FUNCTION billing.identify_by(text) IS
'binds to this transaction the actor whom a checker outside has seen and signed for, or adds its method as a second step where the actor is bound '
'already; on record with the method; returns actor(); UB401 for any assertion that is not accepted';

-- ---- names and passwords ----
CREATE FUNCTION billing._write_password(login_name text, password text, valid_for interval)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	new_salt	bytea := uuid_send(gen_random_uuid());
	new_cost	CONSTANT integer := 14;		-- 16 MB and some 50 ms
BEGIN
	IF length(_write_password.password) < 10 OR _write_password.password = _write_password.login_name THEN
		RAISE EXCEPTION 'a password has at least ten characters, and is not the name' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF NOT _write_password.valid_for BETWEEN '1 day' AND '5 years' THEN
		RAISE EXCEPTION 'a password is valid for a day to five years' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	UPDATE billing.credential c
	   SET salt = new_salt, cost = new_cost, hash = billing._password_hash(_write_password.password, new_salt, new_cost),
		   set_at = now(), expires_at = now() + _write_password.valid_for, failures = 0, locked_until = NULL
	 WHERE c.login_name = _write_password.login_name;
	-- who has the old one is out
	DELETE FROM billing.login_session s WHERE s.login_name = _write_password.login_name;
END $$;
COMMENT ON FUNCTION billing._write_password(text, text, interval) IS 'another password, with new salt; ends the sessions of the one before';

CREATE FUNCTION billing.set_login(kind text, id bigint, login_name text, password text, valid_for interval DEFAULT '1 year')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes what nobody reads, for who may write the customer, or administers the member of staff.
DECLARE
	of_org	bigint;
BEGIN
	PERFORM billing._given('set_login', kind, id, login_name, password, valid_for);
	IF set_login.kind = 'customer' THEN
		SELECT c.org_id INTO of_org FROM billing.customer c WHERE c.customer_id = set_login.id AND billing.can_write(c.org_id, 'customer');
	ELSIF set_login.kind = 'staff' THEN
		-- who sets a password could log in by it: only where he may do all that the person may
		SELECT s.org_id INTO of_org FROM billing.staff s WHERE s.staff_id = set_login.id AND billing.can_write(s.org_id, 'org');
		PERFORM billing._check_person_grantable(set_login.id || ARRAY(SELECT i.for_staff_id FROM billing.stand_in i WHERE i.staff_id = set_login.id)) WHERE of_org IS NOT NULL;
	END IF;
	IF of_org IS NULL THEN
		PERFORM billing._not_found(format('%s %s', set_login.kind, set_login.id));
	END IF;
	-- another name for the same person replaces the one before
	DELETE FROM billing.credential c
	 WHERE c.login_name <> set_login.login_name
	   AND ((set_login.kind = 'staff' AND c.staff_id = set_login.id) OR (set_login.kind = 'customer' AND c.customer_id = set_login.id));
	INSERT INTO billing.credential AS c (login_name, org_id, staff_id, customer_id, salt, cost, hash, expires_at)
	VALUES (set_login.login_name, of_org, CASE set_login.kind WHEN 'staff' THEN set_login.id END, CASE set_login.kind WHEN 'customer' THEN set_login.id END,
		uuid_send(gen_random_uuid()), 14, sha256(uuid_send(gen_random_uuid())), now())
	ON CONFLICT ON CONSTRAINT credential_pkey DO UPDATE SET org_id = excluded.org_id
	 WHERE (c.staff_id, c.customer_id) IS NOT DISTINCT FROM (excluded.staff_id, excluded.customer_id);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the name % is taken', set_login.login_name USING ERRCODE = 'unique_violation', HINT = 'Another name.';
	END IF;
	PERFORM billing._write_password(set_login.login_name, set_login.password, set_login.valid_for);
	PERFORM billing._audit(of_org, 'set_login', format('%s %s', set_login.kind, set_login.id), jsonb_build_object('login_name', set_login.login_name));
END $$;
COMMENT ON FUNCTION billing.set_login(text, bigint, text, text, interval) IS
'a name and password for a customer or member of staff (kind, id) who has no database role, or another password; ends the sessions of the one before. '
'Needs write on customer, or on org with all that the person may. Send the password as a parameter, with log_parameter_max_length = 0';

CREATE FUNCTION billing._begin_login(login_name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: counts an attempt before it is looked at.
DECLARE
	made	bigint := nextval('billing.login_attempt');
BEGIN
	UPDATE billing.credential c
	   SET attempt = made, attempt_by = billing._backend_name(), attempt_xid = pg_current_xact_id(),
		   attempt_allowed = coalesce(c.locked_until <= now(), true),
		   failures = c.failures + CASE WHEN c.locked_until > now() THEN 0 ELSE 1 END,
		   locked_until = CASE WHEN c.locked_until > now() THEN c.locked_until WHEN c.failures + 1 >= 5 THEN now() + interval '15 minutes' END
	 WHERE c.login_name = _begin_login.login_name;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._begin_login(text) IS 'counts an attempt, as failed; after five in a row the name is locked for a quarter of an hour';

CREATE FUNCTION billing._end_login(login_name text, password text, attempt bigint)
RETURNS text
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: compares a password, once for each attempt that was counted and committed, and only in its own backend.
DECLARE
	known	billing.credential;
	key		text := encode(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()), 'hex');
	good	boolean;
	who		text;
BEGIN
	SELECT c.* INTO known FROM billing.credential c WHERE c.login_name = _end_login.login_name FOR NO KEY UPDATE;
	-- the same work for a name that is none, so that the time does not tell
	good := billing._password_matches(coalesce(_end_login.password, ''), coalesce(known.salt, '\x00000000000000000000000000000000'), coalesce(known.cost, 14),
		coalesce(known.hash, '\x00'));
	IF NOT billing._spend_login(coalesce(_end_login.attempt, 0)) OR known.login_name IS NULL OR NOT good OR NOT known.attempt_allowed
	   OR (known.attempt, known.attempt_by) IS DISTINCT FROM (_end_login.attempt, billing._backend_name())
	   OR known.attempt_xid = pg_current_xact_id() THEN
		RAISE EXCEPTION 'name or password is not accepted'
			USING ERRCODE = 'UB408', DETAIL = 'After five failures in a row a name is locked for a quarter of an hour.';
	END IF;
	UPDATE billing.credential c SET failures = 0, locked_until = NULL, attempt_allowed = false WHERE c.login_name = known.login_name;
	IF known.expires_at <= now() THEN
		RAISE EXCEPTION 'the password has expired' USING ERRCODE = 'UB409', HINT = 'change_password() takes the old one and a new one.';
	END IF;
	who := CASE WHEN known.staff_id IS NOT NULL THEN billing._bind_actor('staff', known.staff_id, 'password')
				ELSE billing._bind_actor('customer', known.customer_id, 'password') END;
	INSERT INTO billing.login_session (digest, org_id, login_name, expires_at)
	VALUES (sha256(decode(key, 'hex')), known.org_id, known.login_name, now() + interval '8 hours');
	DELETE FROM billing.login_session s WHERE s.login_name = known.login_name AND s.expires_at <= now();
	PERFORM billing._audit(known.org_id, 'login', format('name %s', known.login_name));
	RETURN key;
END $$;
COMMENT ON FUNCTION billing._end_login(text, text, bigint) IS 'the key of a session for the right password; UB408 for everything else';

CREATE PROCEDURE billing.login(login_name text, password text, INOUT session_key text DEFAULT NULL)
LANGUAGE plpgsql
AS $$
DECLARE
	attempt	bigint := billing._begin_login(login_name);
BEGIN
	PERFORM billing._given('login', login_name, password);
	-- it counts, whatever the caller makes of the rest
	COMMIT;
	session_key := billing._end_login(login_name, password, attempt);
END $$;
COMMENT ON PROCEDURE billing.login(text, text, text) IS
'name and password for a session key, good for eight hours, which identify_session() takes; each attempt counts before it is looked at, so that no rollback '
'hides it: not within a transaction. Send the password as a parameter, with log_parameter_max_length = 0';

CREATE FUNCTION billing.identify_session(session_key text)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: looks up what nobody reads, for who has the key.
DECLARE
	known	record;
BEGIN
	PERFORM billing._given('identify_session', session_key);
	IF session_key ~ '^[0-9a-f]{64}$' THEN
		SELECT c.staff_id, c.customer_id INTO known FROM billing.login_session s JOIN billing.credential c ON c.login_name = s.login_name
		 WHERE s.digest = sha256(decode(identify_session.session_key, 'hex')) AND s.expires_at > now();
		IF FOUND THEN
			RETURN CASE WHEN known.staff_id IS NOT NULL THEN billing._bind_actor('staff', known.staff_id, 'password')
						ELSE billing._bind_actor('customer', known.customer_id, 'password') END;
		END IF;
	END IF;
	RAISE EXCEPTION 'the session is over' USING ERRCODE = 'UB401', HINT = 'Log in again.';
END $$;
COMMENT ON FUNCTION billing.identify_session(text) IS
'binds to this transaction the actor who logged in by name and password; UB401 where the session is over; returns actor()';

CREATE FUNCTION billing.logout(session_key text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as identify_session().
BEGIN
	PERFORM billing._given('logout', session_key);
	IF session_key !~ '^[0-9a-f]{64}$' THEN
		RETURN false;
	END IF;
	DELETE FROM billing.login_session s WHERE s.digest = sha256(decode(logout.session_key, 'hex'));
	RETURN FOUND;
END $$;
COMMENT ON FUNCTION billing.logout(text) IS 'ends a session at once; false: there was none';

CREATE FUNCTION billing._change_password(login_name text, old_password text, new_password text, attempt bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as _end_login(), for who knows the old password.
BEGIN
	IF _change_password.old_password = _change_password.new_password THEN
		RAISE EXCEPTION 'a new password is another one' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- an expired one may still be changed
	UPDATE billing.credential c SET expires_at = greatest(c.expires_at, now() + interval '1 minute') WHERE c.login_name = _change_password.login_name;
	PERFORM billing._end_login(_change_password.login_name, _change_password.old_password, _change_password.attempt);
	PERFORM billing._write_password(_change_password.login_name, _change_password.new_password, '1 year');
	PERFORM billing._audit(c.org_id, 'change_password', format('name %s', c.login_name))
	   FROM billing.credential c WHERE c.login_name = _change_password.login_name;
END $$;
COMMENT ON FUNCTION billing._change_password(text, text, text, bigint) IS 'a new password for the old one';

CREATE PROCEDURE billing.change_password(login_name text, old_password text, new_password text)
LANGUAGE plpgsql
AS $$
DECLARE
	attempt	bigint := billing._begin_login(login_name);
BEGIN
	PERFORM billing._given('change_password', login_name, old_password, new_password);
	COMMIT;
	PERFORM billing._change_password(login_name, old_password, new_password, attempt);
END $$;
COMMENT ON PROCEDURE billing.change_password(text, text, text) IS
'a new password for the old one, also where that has expired; good for a year; ends all sessions of the name; attempts count as in login()';
