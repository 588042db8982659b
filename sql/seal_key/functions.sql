-- The company of an org is the root of its tree: its keys are a company's.
CREATE FUNCTION billing._company_key(org_id bigint, kind text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	company	bigint := (SELECT o FROM unnest(billing._orgs_over(_company_key.org_id)) WITH ORDINALITY u(o, place) ORDER BY place DESC LIMIT 1);
	key	bigint;
	over	bigint;
BEGIN
	-- who makes a key under this one holds the lock, too: the end of a rotation waits for it
	PERFORM pg_advisory_xact_lock_shared(hashtextextended('billing.seal_key ' || company, 0));
	SELECT k.key_id INTO key FROM billing.seal_key k
	 WHERE k.org_id = company AND k.kind = _company_key.kind AND k.customer_id IS NULL AND k.retired_at IS NULL;
	IF key IS NULL THEN
		PERFORM pg_advisory_xact_lock(hashtextextended('billing.seal_key first ' || company, 0));
		SELECT k.key_id INTO key FROM billing.seal_key k
		 WHERE k.org_id = company AND k.kind = _company_key.kind AND k.customer_id IS NULL AND k.retired_at IS NULL;
	END IF;
	IF key IS NULL THEN
		over := CASE WHEN _company_key.kind <> 'company' THEN billing._company_key(_company_key.org_id, 'company') END;
		key := nextval('billing.seal_key_key_id_seq');
		INSERT INTO billing.seal_key (key_id, org_id, kind, wrapped_by, master, wrapped) OVERRIDING SYSTEM VALUE
		VALUES (key, company, _company_key.kind, over, CASE WHEN over IS NULL THEN billing._master_key_name() END,
				billing._make_key(key, _company_key.kind, over));
	END IF;
	RETURN key;
END $$;
COMMENT ON FUNCTION billing._company_key(bigint, text) IS 'the key of an org''s company of this kind, made where there is none; UB402 where there is no master key';

CREATE FUNCTION billing._customer_key(customer_id bigint)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint;
	key	bigint;
	over	bigint;
BEGIN
	-- locked: one key for each, also where two clerks enter something at one time
	SELECT c.org_id INTO at_org FROM billing.customer c WHERE c.customer_id = _customer_key.customer_id FOR NO KEY UPDATE;
	SELECT k.key_id INTO key FROM billing.seal_key k WHERE k.customer_id = _customer_key.customer_id AND k.retired_at IS NULL;
	IF key IS NULL THEN
		over := billing._company_key(at_org, 'company');
		key := nextval('billing.seal_key_key_id_seq');
		INSERT INTO billing.seal_key (key_id, org_id, customer_id, kind, wrapped_by, wrapped) OVERRIDING SYSTEM VALUE
		VALUES (key, at_org, _customer_key.customer_id, 'customer', over, billing._make_key(key, 'customer', over));
	END IF;
	RETURN key;
END $$;
COMMENT ON FUNCTION billing._customer_key(bigint) IS 'the key of a customer, made where there is none';

CREATE FUNCTION billing._seal_of(customer_id bigint, value text, kind text, place text, no integer)
RETURNS billing.sealed
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT billing._seal(_seal_of.value, billing._mask_of(_seal_of.value, _seal_of.kind), billing._customer_key(_seal_of.customer_id),
		billing._content('sealed', _seal_of.place, _seal_of.customer_id, _seal_of.no));
END;
COMMENT ON FUNCTION billing._seal_of(bigint, text, text, text, integer) IS 'seals what is a customer''s, for one row of one table';

CREATE FUNCTION billing._blind_of(customer_id bigint, value_key text, place text)
RETURNS bytea
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT billing._blind(_blind_of.value_key, billing._company_key(c.org_id, 'index'), _blind_of.place)
	  FROM billing.customer c WHERE c.customer_id = _blind_of.customer_id;
END;
COMMENT ON FUNCTION billing._blind_of(bigint, text, text) IS 'the blind index of a customer''s value, normalised as its column is compared';

CREATE FUNCTION billing._blinds(value_key text, place text)
RETURNS bytea[]
LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: keys are not for clerks; it uses those of the companies of which the caller may read customers.
BEGIN
	IF _blinds.value_key IS NULL THEN
		RETURN NULL;
	END IF;
	-- during a rotation a company has two
	RETURN ARRAY(SELECT billing._blind(_blinds.value_key, k.key_id, _blinds.place) FROM billing.seal_key k
				  WHERE k.kind = 'index' AND k.destroyed_at IS NULL AND billing.can_inherit(k.org_id, 'customer'));
END $$;
COMMENT ON FUNCTION billing._blinds(text, text) IS 'the blind indexes by which this value is key, among the companies of which one may read customers; it must be known already';

CREATE FUNCTION billing._open_of(customer_id bigint, value billing.sealed, place text, no integer, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint;
	subject	text := format('%s %s of customer %s', _open_of.place, _open_of.no, _open_of.customer_id);
BEGIN
	SELECT c.org_id INTO at_org FROM billing.customer c
	 WHERE c.customer_id = _open_of.customer_id AND (billing.can_read(c.org_id, 'personal') OR c.customer_id = billing.actor_customer_id());
	IF NOT FOUND THEN
		RAISE EXCEPTION 'opening this needs the right to read what is personal'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()),
				  HINT = 'What may be shown to you: billing.mask().';
	END IF;
	IF btrim(_open_of.reason) = '' THEN
		RAISE EXCEPTION 'an opening has a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- a transaction that is rolled back takes its audit row along, but not this line of the server's log
	RAISE LOG 'billing: % opens %', billing.actor(), subject;
	PERFORM billing._audit(at_org, 'open_sealed', subject, jsonb_build_object('reason', _open_of.reason));
	RETURN billing._open(_open_of.value, billing._content('sealed', _open_of.place, _open_of.customer_id, _open_of.no));
END $$;
COMMENT ON FUNCTION billing._open_of(bigint, billing.sealed, text, integer, text) IS
'opens a customer''s value for who may read what is personal, or is the customer; written down first, in the same transaction';

-- ---- rotation ----

CREATE FUNCTION billing.rewrap_keys()
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes keys, wrapped by another master key, of companies where the caller may.
DECLARE
	first	text := billing._master_key_name();
	row		record;
	done	integer := 0;
BEGIN
	FOR row IN SELECT k.key_id, k.org_id, k.master FROM billing.seal_key k
		 WHERE k.kind = 'company' AND k.destroyed_at IS NULL AND k.master <> first AND billing.can_write(k.org_id, 'personal')
		 ORDER BY k.key_id FOR NO KEY UPDATE
	LOOP
		UPDATE billing.seal_key k SET wrapped = billing._rewrap_key(row.key_id, NULL), master = first WHERE k.key_id = row.key_id;
		PERFORM billing._audit(row.org_id, 'rewrap_keys', format('key %s', row.key_id), jsonb_build_object('master', first, 'master_before', row.master));
		done := done + 1;
	END LOOP;
	RETURN done;
END $$;
COMMENT ON FUNCTION billing.rewrap_keys() IS
'a new master key is the first of the file: wraps the keys of companies by it, so that the old one can go; values stay as they are; '
'needs write on personal; returns how many keys';

CREATE FUNCTION billing.rotate_keys(org_no text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as rewrap_keys().
DECLARE
	company	bigint := billing._org_of(rotate_keys.org_no, 'write', 'personal');
	retired	bigint[];
BEGIN
	PERFORM billing._given('rotate_keys', org_no);
	IF (SELECT o.parent_id FROM billing.org o WHERE o.org_id = company) IS NOT NULL THEN
		RAISE EXCEPTION 'keys are a company''s' USING ERRCODE = 'invalid_parameter_value', HINT = 'Name the org at the top of the tree.';
	END IF;
	-- against who is making keys under the present ones
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.seal_key ' || company, 0));
	WITH old AS (
		UPDATE billing.seal_key k SET retired_at = now()
		 WHERE k.org_id = company AND k.customer_id IS NULL AND k.retired_at IS NULL RETURNING k.key_id)
	SELECT array_agg(o.key_id) INTO retired FROM old o;
	PERFORM billing._company_key(company, 'company'), billing._company_key(company, 'index');
	PERFORM billing._audit(company, 'rotate_keys', format('org %s', rotate_keys.org_no), jsonb_build_object('retired', retired));
END $$;
COMMENT ON FUNCTION billing.rotate_keys(text) IS
'new keys for a company: what is sealed from now on is under them; CALL reseal() takes along what is there; needs write on personal';

CREATE FUNCTION billing._end_rotation(org_no text)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as rewrap_keys().
DECLARE
	company	bigint := billing._org_of(_end_rotation.org_no, 'write', 'personal');
	gone	integer;
BEGIN
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.seal_key ' || company, 0));
	-- while a customer is under a retired key, both indexes are searched
	IF EXISTS (SELECT FROM billing.seal_key u JOIN billing.seal_key k ON k.key_id = u.wrapped_by
				WHERE k.org_id = company AND k.kind = 'company' AND k.retired_at IS NOT NULL AND u.kind = 'customer' AND u.destroyed_at IS NULL) THEN
		RETURN 0;
	END IF;
	UPDATE billing.seal_key k SET wrapped = NULL, destroyed_at = now(), destroyed_by = billing.actor()
	 WHERE k.org_id = company AND k.customer_id IS NULL AND k.retired_at IS NOT NULL AND k.destroyed_at IS NULL;
	GET DIAGNOSTICS gone = ROW_COUNT;
	IF gone > 0 THEN
		PERFORM billing._audit(company, 'end_rotation', format('org %s', _end_rotation.org_no), jsonb_build_object('destroyed', gone));
	END IF;
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing._end_rotation(text) IS 'destroys a company''s retired keys under which no customer''s is left; for reseal()';

CREATE FUNCTION billing.destroy_keys(org_no text, reason text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as rewrap_keys(), for who may approve what is personal there.
DECLARE
	company	bigint := billing._org_of(destroy_keys.org_no, 'approve', 'personal');
	gone	integer;
BEGIN
	PERFORM billing._given('destroy_keys', org_no, reason);
	IF btrim(destroy_keys.reason) = '' THEN
		RAISE EXCEPTION 'destroying keys has a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- after whoever is making keys under these
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.seal_key ' || company, 0));
	-- those of the customers, too: under another key of the company they may be entered anew
	UPDATE billing.seal_key k SET wrapped = NULL, retired_at = coalesce(k.retired_at, now()), destroyed_at = now(), destroyed_by = billing.actor()
	 WHERE k.destroyed_at IS NULL
	   AND (k.org_id = company AND k.customer_id IS NULL
			OR k.wrapped_by IN (SELECT c.key_id FROM billing.seal_key c WHERE c.org_id = company AND c.kind = 'company'));
	GET DIAGNOSTICS gone = ROW_COUNT;
	-- as of a customer that is erased: a recovery takes the trail along
	RAISE LOG 'billing: % destroys the keys of org %', billing.actor(), destroy_keys.org_no;
	PERFORM billing._audit(company, 'destroy_keys', format('org %s', destroy_keys.org_no), jsonb_build_object('reason', destroy_keys.reason, 'keys', gone));
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.destroy_keys(text, text) IS
'destroys the keys of a company and of its customers: nothing that is sealed of them until now opens ever again, and what is entered later is under new keys; needs approve on '
'personal there; returns how many';

CREATE FUNCTION billing._destroy_customer_key(customer_id bigint, older_than bigint DEFAULT NULL)
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	UPDATE billing.seal_key k SET wrapped = NULL, retired_at = coalesce(k.retired_at, now()), destroyed_at = now(), destroyed_by = billing.actor()
	 WHERE k.customer_id = _destroy_customer_key.customer_id AND k.destroyed_at IS NULL
	   AND (_destroy_customer_key.older_than IS NULL OR k.key_id < _destroy_customer_key.older_than);
END;
COMMENT ON FUNCTION billing._destroy_customer_key(bigint, bigint) IS 'destroys a customer''s keys, all or those before one';
