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
		 WHERE i.number_key = billing.number_key(likely_duplicates.identity_number)
		UNION
		SELECT k.customer_id, 'telephone' AS reason, 40 FROM billing.customer_contact k
		 WHERE k.value_key = billing.number_key(likely_duplicates.mobile) AND k.kind IN ('mobile', 'phone')
		UNION
		SELECT k.customer_id, 'email' AS reason, 40 FROM billing.customer_contact k
		 WHERE k.value_key = billing.name_key(likely_duplicates.email) AND k.kind = 'email'
		UNION
		SELECT k.customer_id, 'address' AS reason, 30 FROM billing.customer_contact k
		 WHERE k.value_key = billing.address_key(likely_duplicates.address) AND k.kind = 'post'
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
		INSERT INTO billing.customer_identity (customer_id, kind, number, org_id)
		VALUES (made, register_customer.identity_kind, register_customer.identity_number, at_org);
	END IF;
	INSERT INTO billing.customer_contact (customer_id, contact_no, org_id, kind, value, valid_during)
	SELECT made, row_number() OVER (ORDER BY v.place), at_org, v.kind, v.value, daterange(since, NULL)
	  FROM (VALUES (1, 'mobile', register_customer.mobile), (2, 'email', register_customer.email), (3, 'post', register_customer.address)) v(place, kind, value)
	 WHERE v.value IS NOT NULL;
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
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write the customer.
DECLARE
	at_org	bigint := billing._customer_of(add_contact.customer_id, 'write');
	made	integer;
BEGIN
	PERFORM FROM billing.customer c WHERE c.customer_id = add_contact.customer_id FOR NO KEY UPDATE;
	INSERT INTO billing.customer_contact AS k (customer_id, contact_no, org_id, kind, value, valid_during, consent, consent_at)
	SELECT add_contact.customer_id, 1 + coalesce(max(o.contact_no), 0), at_org, add_contact.kind, add_contact.value, daterange(add_contact.from_on, NULL),
		   add_contact.consent, CASE WHEN add_contact.consent <> '{}' THEN now() END
	  FROM billing.customer_contact o WHERE o.customer_id = add_contact.customer_id
	RETURNING k.contact_no INTO made;
	PERFORM billing._audit(at_org, 'add_contact', format('customer %s', add_contact.customer_id), jsonb_build_object('contact_no', made, 'kind', add_contact.kind, 'consent', add_contact.consent));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_contact(bigint, text, text, date, text[]) IS
'a way to reach a customer from a day on: mobile, phone, email, post, wechat; consent: for bill, outage, dunning, advertising; returns its number';

CREATE FUNCTION billing.end_contact(customer_id bigint, contact_no integer, until_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(end_contact.customer_id, 'write');
	changed	bigint;
BEGIN
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
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(add_identity.customer_id, 'write');
	other	bigint;
BEGIN
	SELECT i.customer_id INTO other FROM billing.customer_identity i JOIN billing.customer c ON c.customer_id = i.customer_id
	 WHERE i.number_key = billing.number_key(add_identity.number) AND i.customer_id <> add_identity.customer_id AND c.merged_into IS NULL LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'this number is another customer''s'
			USING ERRCODE = 'UB601', DETAIL = format('Of customer %s.', other), HINT = 'Where two records are one customer, merge_customers().';
	END IF;
	INSERT INTO billing.customer_identity (customer_id, kind, number, org_id)
	VALUES (add_identity.customer_id, add_identity.kind, add_identity.number, at_org);
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
	place AS (
		SELECT k.customer_id, k.value_key AS address_key FROM billing.customer_contact k WHERE k.kind = 'post' AND k.value_key IS NOT NULL
		UNION
		SELECT a.customer_id, a.address_key FROM billing.account a WHERE a.address_key IS NOT NULL),
	-- what names alone have in common is no evidence: there would be a pair for each two of a common name
	evidence AS (
		SELECT i.customer_id, j.customer_id AS other_id, 'identity number' AS reason, 100 AS score
		  FROM billing.customer_identity i JOIN billing.customer_identity j ON j.number_key = i.number_key AND j.customer_id <> i.customer_id
		UNION
		SELECT k.customer_id, l.customer_id, CASE k.kind WHEN 'email' THEN 'email' ELSE 'telephone' END AS reason, 40
		  FROM billing.customer_contact k JOIN billing.customer_contact l ON l.value_key = k.value_key AND l.customer_id <> k.customer_id
		   AND ((k.kind = 'email' AND l.kind = 'email') OR (k.kind IN ('mobile', 'phone') AND l.kind IN ('mobile', 'phone')))
		UNION
		SELECT p.customer_id, q.customer_id, 'address' AS reason, 30 FROM place p JOIN place q ON q.address_key = p.address_key AND q.customer_id <> p.customer_id),
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
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_contact().
DECLARE
	at_org	bigint := billing._customer_of(decide_duplicate.customer_id, 'write');
BEGIN
	PERFORM billing._customer_of(decide_duplicate.other_id, 'read');
	INSERT INTO billing.customer_duplicate AS d (customer_id, other_id, org_id, score, reasons, state, decided_by, decided_at)
	VALUES (decide_duplicate.customer_id, decide_duplicate.other_id, at_org, 0, '{}', 'different', billing.actor(), now())
	    ON CONFLICT ON CONSTRAINT customer_duplicate_pkey DO UPDATE SET state = 'different', decided_by = billing.actor(), decided_at = now();
	PERFORM billing._audit(at_org, 'decide_duplicate', format('customer %s', decide_duplicate.customer_id), jsonb_build_object('other_id', decide_duplicate.other_id));
END $$;
COMMENT ON FUNCTION billing.decide_duplicate(bigint, bigint) IS 'these two are different customers: they are not listed as duplicates any more';

CREATE FUNCTION billing.merge_customers(kept_id bigint, merged_id bigint, reason text)
RETURNS text[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
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
	INSERT INTO billing.customer_contact (customer_id, contact_no, org_id, kind, value, valid_during, consent, consent_at)
	SELECT merge_customers.kept_id, row_number() OVER (ORDER BY k.contact_no) + (SELECT coalesce(max(o.contact_no), 0) FROM billing.customer_contact o WHERE o.customer_id = merge_customers.kept_id),
		   kept_org, k.kind, k.value, k.valid_during, k.consent, k.consent_at
	  FROM billing.customer_contact k
	 WHERE k.customer_id = merge_customers.merged_id
	   AND NOT EXISTS (SELECT FROM billing.customer_contact o WHERE o.customer_id = merge_customers.kept_id AND o.kind = k.kind AND o.value_key = k.value_key);
	INSERT INTO billing.customer_identity (customer_id, kind, number, org_id)
	SELECT merge_customers.kept_id, i.kind, i.number, kept_org FROM billing.customer_identity i
	 WHERE i.customer_id = merge_customers.merged_id
	   AND NOT EXISTS (SELECT FROM billing.customer_identity o WHERE o.customer_id = merge_customers.kept_id AND o.number_key = i.number_key);
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
