CREATE FUNCTION billing._customer_of(customer_id bigint, action text)
RETURNS bigint
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	org		bigint;
BEGIN
	SELECT c.org_id INTO org FROM billing.customer c
	 WHERE c.customer_id = _customer_of.customer_id AND billing.can_do(_customer_of.action, 'customer', c.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('customer %s', _customer_of.customer_id));
	END IF;
	RETURN org;
END $$;
COMMENT ON FUNCTION billing._customer_of(bigint, text) IS 'the org of this customer, where the actor has the right';

-- ---- sealed values: put, opened, sealed anew, erased ----

CREATE FUNCTION billing._contact_key(kind text, value text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE WHEN _contact_key.kind IN ('mobile', 'phone') THEN billing.number_key(_contact_key.value)
			WHEN _contact_key.kind = 'post' THEN billing.address_key(_contact_key.value) ELSE billing.name_key(_contact_key.value) END;
END;
COMMENT ON FUNCTION billing._contact_key(text, text) IS 'a contact for comparing: of telephone numbers the digits, of addresses and others the spelling that counts';

CREATE FUNCTION billing._check_personal(what text, value text, longest integer)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- what it was is not said: messages reach logs
	IF length(_check_personal.value) NOT BETWEEN 1 AND _check_personal.longest OR _check_personal.value ~ '[[:cntrl:]]' THEN
		RAISE EXCEPTION '% has 1 to % characters, and no control characters', _check_personal.what, _check_personal.longest USING ERRCODE = 'check_violation';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_personal(text, text, integer) IS 'a check of a text before it is sealed, that does not repeat it';

CREATE FUNCTION billing._put_contact(customer_id bigint, org_id bigint, kind text, value text, valid_during daterange, consent text[] DEFAULT '{}', consent_at timestamptz DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	integer;
BEGIN
	PERFORM billing._check_personal('a contact', _put_contact.value, 500);
	PERFORM FROM billing.customer c WHERE c.customer_id = _put_contact.customer_id FOR NO KEY UPDATE;
	made := 1 + coalesce((SELECT max(o.contact_no) FROM billing.customer_contact o WHERE o.customer_id = _put_contact.customer_id), 0);
	INSERT INTO billing.customer_contact (customer_id, contact_no, org_id, kind, value, value_index, valid_during, consent, consent_at)
	VALUES (_put_contact.customer_id, made, _put_contact.org_id, _put_contact.kind,
			billing._seal_of(_put_contact.customer_id, _put_contact.value, _put_contact.kind, 'customer_contact', made),
			billing._blind_of(_put_contact.customer_id, billing._contact_key(_put_contact.kind, _put_contact.value), 'customer_contact'),
			_put_contact.valid_during, _put_contact.consent, _put_contact.consent_at);
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._put_contact(bigint, bigint, text, text, daterange, text[], timestamptz) IS 'a contact, sealed; returns its number';

CREATE FUNCTION billing._put_identity(customer_id bigint, org_id bigint, kind text, number text)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	integer;
BEGIN
	PERFORM billing._check_personal('a number', _put_identity.number, 100);
	IF _put_identity.kind IN ('resident', 'credit_code') AND NOT coalesce(billing.id_number_valid(_put_identity.number, _put_identity.kind), false) THEN
		RAISE EXCEPTION 'this is no number of kind %', _put_identity.kind
			USING ERRCODE = 'check_violation', DETAIL = 'Its length, date or check digit is wrong.', HINT = 'Read it again from the paper.';
	END IF;
	PERFORM FROM billing.customer c WHERE c.customer_id = _put_identity.customer_id FOR NO KEY UPDATE;
	made := 1 + coalesce((SELECT max(o.identity_no) FROM billing.customer_identity o WHERE o.customer_id = _put_identity.customer_id), 0);
	INSERT INTO billing.customer_identity (customer_id, identity_no, kind, number, number_index, org_id)
	VALUES (_put_identity.customer_id, made, _put_identity.kind,
			billing._seal_of(_put_identity.customer_id, _put_identity.number, _put_identity.kind, 'customer_identity', made),
			billing._blind_of(_put_identity.customer_id, billing.number_key(_put_identity.number), 'customer_identity'), _put_identity.org_id);
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._put_identity(bigint, bigint, text, text) IS 'a paper''s number, checked and sealed; returns its number among the customer''s';

CREATE FUNCTION billing._put_bank_account(customer_id bigint, org_id bigint, bank text, number text, valid_during daterange)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	integer;
BEGIN
	IF coalesce(billing.number_key(_put_bank_account.number), '') !~ '^[0-9A-Z]{6,34}$' THEN
		RAISE EXCEPTION 'this is no number of a bank account' USING ERRCODE = 'check_violation', DETAIL = 'It has 6 to 34 digits and letters.';
	END IF;
	PERFORM billing._check_personal('a number', _put_bank_account.number, 100);
	PERFORM FROM billing.customer c WHERE c.customer_id = _put_bank_account.customer_id FOR NO KEY UPDATE;
	made := 1 + coalesce((SELECT max(o.bank_account_no) FROM billing.customer_bank_account o WHERE o.customer_id = _put_bank_account.customer_id), 0);
	INSERT INTO billing.customer_bank_account (customer_id, bank_account_no, org_id, bank, number, number_index, valid_during)
	VALUES (_put_bank_account.customer_id, made, _put_bank_account.org_id, _put_bank_account.bank,
			billing._seal_of(_put_bank_account.customer_id, _put_bank_account.number, 'bank', 'customer_bank_account', made),
			billing._blind_of(_put_bank_account.customer_id, billing.number_key(_put_bank_account.number), 'customer_bank_account'), _put_bank_account.valid_during);
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._put_bank_account(bigint, bigint, text, text, daterange) IS 'a bank account, sealed; returns its number among the customer''s';

CREATE FUNCTION billing._own_value(customer_id bigint, value billing.sealed, place text, no integer)
RETURNS text
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
	SELECT billing._open(_own_value.value, billing._content('sealed', _own_value.place, _own_value.customer_id, _own_value.no));
END;
COMMENT ON FUNCTION billing._own_value(bigint, billing.sealed, text, integer) IS 'a value on its way to be sealed anew: nobody sees it, so that nothing is written down';

CREATE FUNCTION billing.open_contact(customer_id bigint, contact_no integer, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: opens one value for who may read what is personal, or whose it is.
DECLARE
	value	billing.sealed;
BEGIN
	PERFORM billing._given('open_contact', customer_id, contact_no, reason);
	SELECT k.value INTO value FROM billing.customer_contact k WHERE k.customer_id = open_contact.customer_id AND k.contact_no = open_contact.contact_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('contact %s of customer %s', open_contact.contact_no, open_contact.customer_id));
	END IF;
	RETURN billing._open_of(open_contact.customer_id, value, 'customer_contact', open_contact.contact_no, open_contact.reason);
END $$;
COMMENT ON FUNCTION billing.open_contact(bigint, integer, text) IS
'the whole of a contact, for a reason; needs read on personal, or to be the customer; written down in billing.audit; null: erased; not in a read-only transaction (25006)';

CREATE FUNCTION billing.open_identity(customer_id bigint, identity_no integer, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as open_contact().
DECLARE
	value	billing.sealed;
BEGIN
	PERFORM billing._given('open_identity', customer_id, identity_no, reason);
	SELECT i.number INTO value FROM billing.customer_identity i WHERE i.customer_id = open_identity.customer_id AND i.identity_no = open_identity.identity_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('paper %s of customer %s', open_identity.identity_no, open_identity.customer_id));
	END IF;
	RETURN billing._open_of(open_identity.customer_id, value, 'customer_identity', open_identity.identity_no, open_identity.reason);
END $$;
COMMENT ON FUNCTION billing.open_identity(bigint, integer, text) IS 'the whole number of a paper; as open_contact()';

CREATE FUNCTION billing.open_bank_account(customer_id bigint, bank_account_no integer, reason text)
RETURNS text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as open_contact().
DECLARE
	value	billing.sealed;
BEGIN
	PERFORM billing._given('open_bank_account', customer_id, bank_account_no, reason);
	SELECT k.number INTO value FROM billing.customer_bank_account k
	 WHERE k.customer_id = open_bank_account.customer_id AND k.bank_account_no = open_bank_account.bank_account_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('bank account %s of customer %s', open_bank_account.bank_account_no, open_bank_account.customer_id));
	END IF;
	RETURN billing._open_of(open_bank_account.customer_id, value, 'customer_bank_account', open_bank_account.bank_account_no, open_bank_account.reason);
END $$;
COMMENT ON FUNCTION billing.open_bank_account(bigint, integer, text) IS 'the whole number of a bank account; as open_contact()';

CREATE FUNCTION billing._seal_plain(customer_id bigint)
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	done	integer;
BEGIN
	UPDATE billing.customer_contact k SET value = billing._seal_of(k.customer_id, u.value, k.kind, u.place, k.contact_no),
		   value_index = billing._blind_of(k.customer_id, billing._contact_key(k.kind, u.value), u.place)
	  FROM billing.unsealed_value u
	 WHERE u.customer_id = _seal_plain.customer_id AND u.place = 'customer_contact' AND k.customer_id = u.customer_id AND k.contact_no = u.no;
	UPDATE billing.customer_identity i SET number = billing._seal_of(i.customer_id, u.value, i.kind, u.place, i.identity_no),
		   number_index = billing._blind_of(i.customer_id, billing.number_key(u.value), u.place)
	  FROM billing.unsealed_value u
	 WHERE u.customer_id = _seal_plain.customer_id AND u.place = 'customer_identity' AND i.customer_id = u.customer_id AND i.identity_no = u.no;
	DELETE FROM billing.unsealed_value u WHERE u.customer_id = _seal_plain.customer_id;
	GET DIAGNOSTICS done = ROW_COUNT;
	RETURN done;
END $$;
COMMENT ON FUNCTION billing._seal_plain(bigint) IS 'seals what a customer has in plain text from before; returns how much';

CREATE FUNCTION billing._reseal_customer(customer_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	made	bigint;
BEGIN
	UPDATE billing.seal_key k SET retired_at = now() WHERE k.customer_id = _reseal_customer.customer_id AND k.retired_at IS NULL;
	made := billing._customer_key(_reseal_customer.customer_id);
	UPDATE billing.customer_contact k SET value = billing._seal_of(k.customer_id, o.plain, k.kind, 'customer_contact', k.contact_no),
		   value_index = billing._blind_of(k.customer_id, billing._contact_key(k.kind, o.plain), 'customer_contact')
	  FROM (SELECT c.contact_no, billing._own_value(c.customer_id, c.value, 'customer_contact', c.contact_no) AS plain
			  FROM billing.customer_contact c WHERE c.customer_id = _reseal_customer.customer_id AND c.value IS NOT NULL OFFSET 0) o
	 WHERE k.customer_id = _reseal_customer.customer_id AND k.contact_no = o.contact_no;
	UPDATE billing.customer_identity i SET number = billing._seal_of(i.customer_id, o.plain, i.kind, 'customer_identity', i.identity_no),
		   number_index = billing._blind_of(i.customer_id, billing.number_key(o.plain), 'customer_identity')
	  FROM (SELECT c.identity_no, billing._own_value(c.customer_id, c.number, 'customer_identity', c.identity_no) AS plain
			  FROM billing.customer_identity c WHERE c.customer_id = _reseal_customer.customer_id AND c.number IS NOT NULL OFFSET 0) o
	 WHERE i.customer_id = _reseal_customer.customer_id AND i.identity_no = o.identity_no;
	UPDATE billing.customer_bank_account k SET number = billing._seal_of(k.customer_id, o.plain, 'bank', 'customer_bank_account', k.bank_account_no),
		   number_index = billing._blind_of(k.customer_id, billing.number_key(o.plain), 'customer_bank_account')
	  FROM (SELECT c.bank_account_no, billing._own_value(c.customer_id, c.number, 'customer_bank_account', c.bank_account_no) AS plain
			  FROM billing.customer_bank_account c WHERE c.customer_id = _reseal_customer.customer_id AND c.number IS NOT NULL OFFSET 0) o
	 WHERE k.customer_id = _reseal_customer.customer_id AND k.bank_account_no = o.bank_account_no;
	PERFORM billing._destroy_customer_key(_reseal_customer.customer_id, made);
END $$;
COMMENT ON FUNCTION billing._reseal_customer(bigint) IS 'seals all of a customer''s values under a new key, and destroys the old one';

CREATE FUNCTION billing._reseal_chunk(org_no text, after_id bigint, size integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: keys and sealed values of a company, for who may write both there.
DECLARE
	company	bigint := billing._org_of(_reseal_chunk.org_no, 'write', 'personal');
	row		record;
	last	bigint;
BEGIN
	PERFORM billing._org_of(_reseal_chunk.org_no, 'write', 'customer');
	FOR row IN
		SELECT c.customer_id, q.plain, q.old FROM billing.customer c
		 CROSS JOIN LATERAL (SELECT EXISTS (SELECT FROM billing.unsealed_value u WHERE u.customer_id = c.customer_id) AS plain,
				EXISTS (SELECT FROM billing.seal_key k JOIN billing.seal_key o ON o.key_id = k.wrapped_by
						 WHERE k.customer_id = c.customer_id AND k.destroyed_at IS NULL AND o.retired_at IS NOT NULL AND o.destroyed_at IS NULL) AS old) q
		 WHERE c.org_id = ANY ((SELECT billing._orgs_below(company))::bigint[]) AND c.customer_id > _reseal_chunk.after_id AND (q.plain OR q.old)
		 ORDER BY c.customer_id LIMIT _reseal_chunk.size FOR NO KEY UPDATE OF c
	LOOP
		IF row.plain THEN
			PERFORM billing._seal_plain(row.customer_id);
		END IF;
		IF row.old THEN
			PERFORM billing._reseal_customer(row.customer_id);
		END IF;
		last := row.customer_id;
	END LOOP;
	RETURN last;
END $$;
COMMENT ON FUNCTION billing._reseal_chunk(text, bigint, integer) IS 'seals anew what the next customers have under retired keys or in plain text; returns the last of them, null: none was left';

CREATE PROCEDURE billing.reseal(org_no text, chunk integer DEFAULT 200)
LANGUAGE plpgsql
AS $$
DECLARE
	last	bigint := 0;
BEGIN
	PERFORM billing._given('reseal', org_no, chunk);
	IF reseal.chunk NOT BETWEEN 1 AND 10000 THEN
		RAISE EXCEPTION 'a chunk has 1 to 10000 customers' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	LOOP
		last := billing._reseal_chunk(reseal.org_no, last, reseal.chunk);
		COMMIT;
		EXIT WHEN last IS NULL;
	END LOOP;
	PERFORM billing._end_rotation(reseal.org_no);
END $$;
COMMENT ON PROCEDURE billing.reseal(text, integer) IS
'seals anew, a few customers a transaction, what a company has under keys that rotate_keys() retired, or in plain text from before there were sealed '
'fields; destroys those keys at the end; may be stopped and called again; needs write on customer and personal';

CREATE FUNCTION billing.erase_customer(customer_id bigint, reason text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: destroys keys, for who may write the customer and approve what is personal.
DECLARE
	at_org	bigint := billing._customer_of(erase_customer.customer_id, 'write');
BEGIN
	PERFORM billing._given('erase_customer', customer_id, reason);
	IF NOT billing.can_do('approve', 'personal', at_org) THEN
		RAISE EXCEPTION 'erasing needs the right to approve what is personal'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	IF btrim(erase_customer.reason) = '' THEN
		RAISE EXCEPTION 'erasing has a reason' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM billing.customer c WHERE c.customer_id = erase_customer.customer_id FOR NO KEY UPDATE;
	UPDATE billing.customer_contact k SET value = NULL, value_index = NULL WHERE k.customer_id = erase_customer.customer_id;
	UPDATE billing.customer_identity i SET number = NULL, number_index = NULL WHERE i.customer_id = erase_customer.customer_id;
	UPDATE billing.customer_bank_account k SET number = NULL, number_index = NULL WHERE k.customer_id = erase_customer.customer_id;
	DELETE FROM billing.unsealed_value u WHERE u.customer_id = erase_customer.customer_id;
	PERFORM billing._destroy_customer_key(erase_customer.customer_id);
	-- a recovery to an earlier moment brings the key back, and takes the trail along; the log says what is to be erased again
	RAISE LOG 'billing: % erases customer %', billing.actor(), erase_customer.customer_id;
	PERFORM billing._audit(at_org, 'erase_customer', format('customer %s', erase_customer.customer_id), jsonb_build_object('reason', erase_customer.reason));
END $$;
COMMENT ON FUNCTION billing.erase_customer(bigint, text) IS
'destroys the key of a customer, with masks and blind indexes: numbers, contacts and bank accounts are gone, also from every copy of the rows '
'that is without the key; name, accounts, bills and the chain stay; needs write on customer and approve on personal';

/*
 * What two records have in common, and how much it says.  One paper is one
 * person; a telephone may be a family's; thousands are called 张伟.
 */
CREATE FUNCTION billing.likely_duplicates(name text, identity_number text DEFAULT NULL, mobile text DEFAULT NULL, email text DEFAULT NULL,
	address text DEFAULT NULL, customer_id bigint DEFAULT NULL)
RETURNS TABLE (customer_id bigint, name text, score integer, reasons text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH evidence AS (
		SELECT i.customer_id, 'identity number' AS reason, 100 AS score FROM billing.customer_identity i
		 WHERE i.number_index = ANY ((SELECT billing._blinds(billing.number_key(likely_duplicates.identity_number), 'customer_identity'))::bytea[])
		UNION
		SELECT k.customer_id, 'telephone' AS reason, 40 FROM billing.customer_contact k
		 WHERE k.value_index = ANY ((SELECT billing._blinds(billing.number_key(likely_duplicates.mobile), 'customer_contact'))::bytea[]) AND k.kind IN ('mobile', 'phone')
		UNION
		SELECT k.customer_id, 'email' AS reason, 40 FROM billing.customer_contact k
		 WHERE k.value_index = ANY ((SELECT billing._blinds(billing.name_key(likely_duplicates.email), 'customer_contact'))::bytea[]) AND k.kind = 'email'
		UNION
		SELECT k.customer_id, 'address' AS reason, 30 FROM billing.customer_contact k
		 WHERE k.value_index = ANY ((SELECT billing._blinds(billing.address_key(likely_duplicates.address), 'customer_contact'))::bytea[]) AND k.kind = 'post'
		UNION
		SELECT a.customer_id, 'address' AS reason, 30 FROM billing.account a WHERE a.address_key = billing.address_key(likely_duplicates.address)
		UNION
		SELECT c.customer_id, CASE WHEN c.name_key = billing.name_key(likely_duplicates.name) THEN 'name' ELSE 'name as said' END,
			   CASE WHEN c.name_key = billing.name_key(likely_duplicates.name) THEN 40 ELSE 25 END
		  FROM billing.customer c WHERE c.pinyin_key = billing.pinyin_key(likely_duplicates.name)),
	judged AS (
		SELECT e.customer_id, least(sum(e.score), 100)::integer AS score, array_agg(e.reason ORDER BY e.score DESC, e.reason) AS reasons
		  FROM evidence e GROUP BY e.customer_id)
	SELECT c.customer_id, c.name, j.score, j.reasons
	  FROM judged j JOIN billing.customer c ON c.customer_id = j.customer_id
	 WHERE j.score >= 40 AND c.merged_into IS NULL AND c.customer_id IS DISTINCT FROM likely_duplicates.customer_id
	 ORDER BY j.score DESC, c.customer_id LIMIT 100;
END;
COMMENT ON FUNCTION billing.likely_duplicates(text, text, text, text, text, bigint) IS
'customers, of those one may read, who could be this one: score to 100 (identity number 100, telephone and e-mail 40 each, name 40, name as '
'said 25, address 30) and what is the same; from 40 on, at most 100. customer_id: not this one itself';

CREATE FUNCTION billing.register_customer(org_no text, name text, kind text DEFAULT 'person', identity_kind text DEFAULT NULL, identity_number text DEFAULT NULL,
	mobile text DEFAULT NULL, email text DEFAULT NULL, address text DEFAULT NULL, from_on date DEFAULT NULL, different boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes a customer with contacts and papers, for who may write customers there.
DECLARE
	at_org	bigint := billing._org_of(register_customer.org_no, 'write', 'customer');
	since	date := coalesce(register_customer.from_on, (now() AT TIME ZONE 'UTC')::date);
	made	bigint;
	alike	record;
BEGIN
	IF billing.name_key(register_customer.name) IS NULL THEN
		RAISE EXCEPTION 'a customer has a name' USING ERRCODE = 'invalid_parameter_value', DETAIL = 'There is no letter or digit in it.';
	END IF;
	IF (register_customer.identity_kind IS NULL) <> (register_customer.identity_number IS NULL) THEN
		RAISE EXCEPTION 'a number has its kind' USING ERRCODE = 'invalid_parameter_value', HINT = 'Kinds: resident, credit_code, passport, other.';
	END IF;
	-- two clerks who enter one person at one time: the second waits, then finds the first one's
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.register_customer ' || coalesce(billing.pinyin_key(register_customer.name), ''), 0));
	SELECT max(d.score) AS score, string_agg(format('customer %s %s: %s (%s)', d.customer_id, d.name, array_to_string(d.reasons, ', '), d.score), '; ') AS text INTO alike
	  FROM billing.likely_duplicates(register_customer.name, register_customer.identity_number, register_customer.mobile, register_customer.email, register_customer.address) d
	 WHERE d.score >= 60;
	IF alike.score >= 100 OR (alike.score >= 60 AND NOT register_customer.different) THEN
		RAISE EXCEPTION 'this customer is likely there already'
			USING ERRCODE = 'UB601', DETAIL = alike.text,
				  HINT = CASE WHEN alike.score >= 100 THEN 'Use that record; where two records are one customer, merge_customers().'
							  ELSE 'Use that record, or say different => true: then both are listed until somebody decides.' END;
	END IF;
	made := nextval('billing.customer_customer_id_seq');
	INSERT INTO billing.customer (customer_id, org_id, name, kind) OVERRIDING SYSTEM VALUE
	VALUES (made, at_org, register_customer.name, register_customer.kind);
	IF register_customer.identity_number IS NOT NULL THEN
		PERFORM billing._put_identity(made, at_org, register_customer.identity_kind, register_customer.identity_number);
	END IF;
	PERFORM billing._put_contact(made, at_org, v.kind, v.value, daterange(since, NULL))
	   FROM (VALUES (1, 'mobile', register_customer.mobile), (2, 'email', register_customer.email), (3, 'post', register_customer.address)) v(place, kind, value)
	  WHERE v.value IS NOT NULL ORDER BY v.place;
	INSERT INTO billing.customer_duplicate (customer_id, other_id, org_id, score, reasons)
	SELECT made, d.customer_id, at_org, d.score, d.reasons
	  FROM billing.likely_duplicates(register_customer.name, register_customer.identity_number, register_customer.mobile, register_customer.email,
									 register_customer.address, made) d
	 -- a name alone says nothing
	 WHERE d.reasons <> '{name}';
	PERFORM billing._audit(at_org, 'register_customer', format('customer %s', made), jsonb_build_object('different', register_customer.different));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.register_customer(text, text, text, text, text, text, text, text, date, boolean) IS
'a customer with paper, telephone, e-mail and address; refused where one of the same number is there (UB601), or one that is likely the same '
'unless different is said; those that only look alike are kept in customer_duplicate; returns customer_id';

CREATE FUNCTION billing.add_contact(customer_id bigint, kind text, value text, from_on date, consent text[] DEFAULT '{}')
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write the customer.
DECLARE
	at_org	bigint := billing._customer_of(add_contact.customer_id, 'write');
	made	integer;
BEGIN
	PERFORM billing._given('add_contact', customer_id, kind, value, from_on, consent);
	made := billing._put_contact(add_contact.customer_id, at_org, add_contact.kind, add_contact.value, daterange(add_contact.from_on, NULL),
		add_contact.consent, CASE WHEN add_contact.consent <> '{}' THEN now() END);
	PERFORM billing._audit(at_org, 'add_contact', format('customer %s', add_contact.customer_id), jsonb_build_object('contact_no', made, 'kind', add_contact.kind, 'consent', add_contact.consent));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_contact(bigint, text, text, date, text[]) IS
'a way to reach a customer from a day on: mobile, phone, email, post, wechat; consent: for bill, outage, dunning, advertising; returns its number';

CREATE FUNCTION billing.end_contact(customer_id bigint, contact_no integer, until_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(end_contact.customer_id, 'write');
	changed	bigint;
BEGIN
	PERFORM billing._given('end_contact', customer_id, contact_no, until_on);
	UPDATE billing.customer_contact k SET valid_during = daterange(lower(k.valid_during), end_contact.until_on)
	 WHERE k.customer_id = end_contact.customer_id AND k.contact_no = end_contact.contact_no;
	GET DIAGNOSTICS changed = ROW_COUNT;
	IF changed = 0 THEN
		PERFORM billing._not_found(format('contact %s of customer %s', end_contact.contact_no, end_contact.customer_id));
	END IF;
	PERFORM billing._audit(at_org, 'end_contact', format('customer %s', end_contact.customer_id), jsonb_build_object('contact_no', end_contact.contact_no, 'until_on', end_contact.until_on));
END $$;
COMMENT ON FUNCTION billing.end_contact(bigint, integer, date) IS 'a contact that holds until a day; it stays on record';

CREATE FUNCTION billing.add_identity(customer_id bigint, kind text, number text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(add_identity.customer_id, 'write');
	other	bigint;
BEGIN
	PERFORM billing._given('add_identity', customer_id, kind, number);
	-- the keys in a query of their own: asked once, not once a row
	SELECT i.customer_id INTO other FROM billing.customer_identity i JOIN billing.customer c ON c.customer_id = i.customer_id
	 WHERE i.number_index = ANY ((SELECT billing._blinds(billing.number_key(add_identity.number), 'customer_identity'))::bytea[]) AND i.customer_id <> add_identity.customer_id AND c.merged_into IS NULL LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'this number is another customer''s'
			USING ERRCODE = 'UB601', DETAIL = format('Of customer %s.', other), HINT = 'Where two records are one customer, merge_customers().';
	END IF;
	PERFORM billing._put_identity(add_identity.customer_id, at_org, add_identity.kind, add_identity.number);
	-- the number itself is not for the trail
	PERFORM billing._audit(at_org, 'add_identity', format('customer %s', add_identity.customer_id), jsonb_build_object('kind', add_identity.kind));
END $$;
COMMENT ON FUNCTION billing.add_identity(bigint, text, text) IS
'a paper of a customer: resident, credit_code (both checked), passport, other; one number is one customer''s (UB601)';

CREATE FUNCTION billing.duplicate_customers(org_no text, min_score integer DEFAULT 60)
RETURNS TABLE (customer_id bigint, name text, other_id bigint, other_name text, score integer, reasons text[])
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH mine AS (
		SELECT c.customer_id, c.name, c.name_key, c.pinyin_key FROM billing.customer c JOIN billing.org o ON o.org_id = c.org_id
		 WHERE o.org_no = duplicate_customers.org_no AND c.merged_into IS NULL),
	-- addresses of accounts are not sealed: those of this org are looked for among the contacts by their blind index
	supplied AS (
		SELECT a.customer_id, b.value_index FROM billing.account a JOIN mine m ON m.customer_id = a.customer_id
		 CROSS JOIN LATERAL unnest(billing._blinds(a.address_key, 'customer_contact')) b(value_index)),
	address AS (
		SELECT p.customer_id, q.customer_id AS other_id FROM billing.customer_contact p JOIN billing.customer_contact q ON q.value_index = p.value_index
		 WHERE p.kind = 'post' AND q.kind = 'post'
		UNION
		SELECT a.customer_id, b.customer_id FROM billing.account a JOIN billing.account b ON b.address_key = a.address_key
		UNION
		SELECT s.customer_id, k.customer_id FROM supplied s JOIN billing.customer_contact k ON k.value_index = s.value_index AND k.kind = 'post'
		UNION
		SELECT k.customer_id, s.customer_id FROM supplied s JOIN billing.customer_contact k ON k.value_index = s.value_index AND k.kind = 'post'),
	-- what names alone have in common is no evidence: there would be a pair for each two of a common name
	evidence AS (
		SELECT i.customer_id, j.customer_id AS other_id, 'identity number' AS reason, 100 AS score
		  FROM billing.customer_identity i JOIN billing.customer_identity j ON j.number_index = i.number_index AND j.customer_id <> i.customer_id
		UNION
		SELECT k.customer_id, l.customer_id, CASE k.kind WHEN 'email' THEN 'email' ELSE 'telephone' END AS reason, 40
		  FROM billing.customer_contact k JOIN billing.customer_contact l ON l.value_index = k.value_index AND l.customer_id <> k.customer_id
		   AND ((k.kind = 'email' AND l.kind = 'email') OR (k.kind IN ('mobile', 'phone') AND l.kind IN ('mobile', 'phone')))
		UNION
		SELECT p.customer_id, p.other_id, 'address' AS reason, 30 FROM address p WHERE p.other_id <> p.customer_id),
	pair AS (
		SELECT m.customer_id, m.name, c.customer_id AS other_id, c.name AS other_name,
			   CASE WHEN c.name_key = m.name_key THEN 'name' WHEN c.pinyin_key = m.pinyin_key THEN 'name as said' END AS named,
			   CASE WHEN c.name_key = m.name_key THEN 40 WHEN c.pinyin_key = m.pinyin_key THEN 25 ELSE 0 END AS name_score,
			   sum(e.score) AS score, array_agg(e.reason ORDER BY e.score DESC, e.reason) AS reasons
		  FROM mine m JOIN evidence e ON e.customer_id = m.customer_id JOIN billing.customer c ON c.customer_id = e.other_id AND c.merged_into IS NULL
		 GROUP BY m.customer_id, m.name, m.name_key, m.pinyin_key, c.customer_id, c.name, c.name_key, c.pinyin_key)
	SELECT p.customer_id, p.name, p.other_id, p.other_name, least(p.score + p.name_score, 100)::integer, array_remove(p.reasons || p.named, NULL)
	  FROM pair p
	 WHERE p.score + p.name_score >= duplicate_customers.min_score
	   -- each pair once, unless the other is another org's
	   AND (p.customer_id < p.other_id OR NOT EXISTS (SELECT FROM mine m WHERE m.customer_id = p.other_id))
	   AND NOT EXISTS (SELECT FROM billing.customer_duplicate d WHERE d.state = 'different'
						AND ((d.customer_id = p.customer_id AND d.other_id = p.other_id) OR (d.customer_id = p.other_id AND d.other_id = p.customer_id)))
	 ORDER BY 5 DESC, 1, 3;
END;
COMMENT ON FUNCTION billing.duplicate_customers(text, integer) IS
'pairs of customers of an org who are likely one, with score and what is the same; not those that somebody found different';

CREATE FUNCTION billing.decide_duplicate(customer_id bigint, other_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(decide_duplicate.customer_id, 'write');
BEGIN
	PERFORM billing._given('decide_duplicate', customer_id, other_id);
	PERFORM billing._customer_of(decide_duplicate.other_id, 'read');
	INSERT INTO billing.customer_duplicate AS d (customer_id, other_id, org_id, score, reasons, state, decided_by, decided_at)
	VALUES (decide_duplicate.customer_id, decide_duplicate.other_id, at_org, 0, '{}', 'different', billing.actor(), now())
	    ON CONFLICT ON CONSTRAINT customer_duplicate_pkey DO UPDATE SET state = 'different', decided_by = billing.actor(), decided_at = now();
	PERFORM billing._audit(at_org, 'decide_duplicate', format('customer %s', decide_duplicate.customer_id), jsonb_build_object('other_id', decide_duplicate.other_id));
END $$;
COMMENT ON FUNCTION billing.decide_duplicate(bigint, bigint) IS 'these two are different customers: they are not listed as duplicates any more';

CREATE FUNCTION billing.merge_customers(kept_id bigint, merged_id bigint, reason text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: accounts get another customer, for who may write both records and the accounts.
DECLARE
	kept_org	bigint := billing._customer_of(merge_customers.kept_id, 'write');
	merged_org	bigint := billing._customer_of(merge_customers.merged_id, 'write');
	kept		record;
	merged		record;
	moved		text[];
BEGIN
	PERFORM billing._given('merge_customers', kept_id, merged_id, reason);
	IF merge_customers.kept_id = merge_customers.merged_id THEN
		RAISE EXCEPTION 'a customer is not merged into itself' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	PERFORM FROM billing.customer c WHERE c.customer_id IN (merge_customers.kept_id, merge_customers.merged_id) ORDER BY c.customer_id FOR UPDATE;
	SELECT c.merged_into, c.kind INTO kept FROM billing.customer c WHERE c.customer_id = merge_customers.kept_id;
	SELECT c.merged_into, c.kind INTO merged FROM billing.customer c WHERE c.customer_id = merge_customers.merged_id;
	IF kept.merged_into IS NOT NULL OR coalesce(merged.merged_into, merge_customers.kept_id) <> merge_customers.kept_id THEN
		RAISE EXCEPTION 'customer % is merged already', CASE WHEN kept.merged_into IS NOT NULL THEN merge_customers.kept_id ELSE merge_customers.merged_id END
			USING ERRCODE = 'UB601', DETAIL = format('Into customer %s.', coalesce(kept.merged_into, merged.merged_into)), HINT = 'Name that one.';
	END IF;
	IF kept.kind <> merged.kind THEN
		RAISE EXCEPTION 'a person and a firm are two customers' USING ERRCODE = 'UB601', HINT = 'A change of owner is a transfer: open_supply_request(''transfer'', …).';
	END IF;
	WITH own AS (
		UPDATE billing.account a SET customer_id = merge_customers.kept_id
		 WHERE a.customer_id = merge_customers.merged_id AND billing.can_write(a.org_id, 'account') RETURNING a.account_no)
	SELECT coalesce(array_agg(o.account_no ORDER BY o.account_no), '{}') INTO moved FROM own o;
	-- what the merged record knows, the kept one knows; that one's own rows stay for the record
	PERFORM billing._put_contact(merge_customers.kept_id, kept_org, k.kind, billing._own_value(k.customer_id, k.value, 'customer_contact', k.contact_no),
			k.valid_during, k.consent, k.consent_at)
	   FROM billing.customer_contact k
	  WHERE k.customer_id = merge_customers.merged_id AND k.value IS NOT NULL
		AND NOT EXISTS (SELECT FROM billing.customer_contact o WHERE o.customer_id = merge_customers.kept_id AND o.kind = k.kind AND o.value_index = k.value_index)
	  ORDER BY k.contact_no;
	PERFORM billing._put_identity(merge_customers.kept_id, kept_org, i.kind, billing._own_value(i.customer_id, i.number, 'customer_identity', i.identity_no))
	   FROM billing.customer_identity i
	  WHERE i.customer_id = merge_customers.merged_id AND i.number IS NOT NULL
		AND NOT EXISTS (SELECT FROM billing.customer_identity o WHERE o.customer_id = merge_customers.kept_id AND o.number_index = i.number_index)
	  ORDER BY i.identity_no;
	PERFORM billing._put_bank_account(merge_customers.kept_id, kept_org, k.bank, billing._own_value(k.customer_id, k.number, 'customer_bank_account', k.bank_account_no), k.valid_during)
	   FROM billing.customer_bank_account k
	  WHERE k.customer_id = merge_customers.merged_id AND k.number IS NOT NULL
		AND NOT EXISTS (SELECT FROM billing.customer_bank_account o WHERE o.customer_id = merge_customers.kept_id AND o.number_index = k.number_index)
	  ORDER BY k.bank_account_no;
	-- no login is left to the merged record: its accounts are the other's
	UPDATE billing.customer c SET merged_into = merge_customers.kept_id, login_role = NULL,
		   valid_during = tstzrange(least(lower(c.valid_during), now() - interval '1 microsecond'), now())
	 WHERE c.customer_id = merge_customers.merged_id AND c.merged_into IS NULL;
	UPDATE billing.customer_duplicate d SET state = 'merged', decided_by = billing.actor(), decided_at = now()
	 WHERE d.customer_id IN (merge_customers.kept_id, merge_customers.merged_id) AND d.other_id IN (merge_customers.kept_id, merge_customers.merged_id);
	INSERT INTO billing.customer_merge (customer_id, kept_id, org_id, accounts, reason)
	VALUES (merge_customers.merged_id, merge_customers.kept_id, merged_org, moved, merge_customers.reason);
	PERFORM billing._audit(o, 'merge_customers', format('customer %s', merge_customers.kept_id),
		jsonb_build_object('merged_id', merge_customers.merged_id, 'accounts', moved, 'reason', merge_customers.reason))
	   FROM (SELECT DISTINCT u FROM unnest(ARRAY[kept_org, merged_org]) u) q(o);
	RETURN moved;
END $$;
COMMENT ON FUNCTION billing.merge_customers(bigint, bigint, text) IS
'two records are one customer: accounts, contacts and papers of merged_id become kept_id''s; the merged record stays, and says into which. '
'Accounts of orgs where the caller may not write stay until somebody there repeats the call; returns the accounts';

CREATE FUNCTION billing.add_bank_account(customer_id bigint, bank text, number text, from_on date)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(add_bank_account.customer_id, 'write');
	made	integer := billing._put_bank_account(add_bank_account.customer_id, at_org, add_bank_account.bank, add_bank_account.number, daterange(add_bank_account.from_on, NULL));
BEGIN
	PERFORM billing._given('add_bank_account', customer_id, bank, number, from_on);
	PERFORM billing._audit(at_org, 'add_bank_account', format('customer %s', add_bank_account.customer_id), jsonb_build_object('bank_account_no', made, 'bank', add_bank_account.bank));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_bank_account(bigint, text, text, date) IS 'a bank account of a customer from a day on, for direct debits and refunds; returns its number among the customer''s';

CREATE FUNCTION billing.end_bank_account(customer_id bigint, bank_account_no integer, until_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(end_bank_account.customer_id, 'write');
BEGIN
	PERFORM billing._given('end_bank_account', customer_id, bank_account_no, until_on);
	UPDATE billing.customer_bank_account k SET valid_during = daterange(lower(k.valid_during), end_bank_account.until_on)
	 WHERE k.customer_id = end_bank_account.customer_id AND k.bank_account_no = end_bank_account.bank_account_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('bank account %s of customer %s', end_bank_account.bank_account_no, end_bank_account.customer_id));
	END IF;
	PERFORM billing._audit(at_org, 'end_bank_account', format('customer %s', end_bank_account.customer_id),
		jsonb_build_object('bank_account_no', end_bank_account.bank_account_no, 'until_on', end_bank_account.until_on));
END $$;
COMMENT ON FUNCTION billing.end_bank_account(bigint, integer, date) IS 'a bank account that holds until a day; it stays on record';
