CREATE FUNCTION billing._day_of(written text)
RETURNS date
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN CASE WHEN _day_of.written ~ '^[0-9]{4}-?[0-9]{2}-?[0-9]{2}$'
				THEN _day_of.written::date END;
EXCEPTION WHEN datetime_field_overflow OR invalid_text_representation THEN
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._day_of(text) IS 'a day written 2026-01-31 or 20260131; null: it is none';

CREATE FUNCTION billing._listed_customers(at_org bigint, content bytea, mapping jsonb)
RETURNS billing._listed_customer[]
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- The lines by themselves: what is not right about each, in the order in which it is looked for.
BEGIN
	RETURN (
	WITH line AS (
		SELECT r.line, r.rejected, f.*, coalesce(nullif(f.kind, ''), 'person') AS of_kind, billing._day_of(f.opened_on) AS day,
			   row_number() OVER (PARTITION BY f.account_no ORDER BY r.line) AS place
		  FROM billing._read_fields('customers', _listed_customers.content, _listed_customers.mapping) r
		 CROSS JOIN LATERAL jsonb_to_record(coalesce(r.fields, '{}')) f(account_no text, name text, opened_on text, kind text, identity_kind text, identity_number text,
			mobile text, email text, address text, plan_code text, org_no text, different text))
	SELECT array_agg(ROW (l.line, l.account_no, o.org_id, p.plan_id, l.day, l.name, l.of_kind, l.identity_kind, l.identity_number, l.mobile, l.email, l.address,
				lower(l.different) IN ('yes', 'true', 't', '1', '是'),
				-- several lines of one paper, or of one name and telephone, are one customer
				coalesce('paper ' || billing.number_key(l.identity_number), 'name ' || billing.name_key(l.name) || ' ' || billing.number_key(l.mobile), 'line ' || l.line),
				NULL, true, CASE WHEN w.wrong IS NOT NULL THEN 'UB107' END, w.wrong, NULL, CASE WHEN w.wrong IS NOT NULL THEN 'Correct the line and import it again.' END
			)::billing._listed_customer ORDER BY l.line)
	  FROM line l
	  -- small, and the same for many lines
	  LEFT JOIN billing.org o ON o.org_no = l.org_no OR (l.org_no IS NULL AND o.org_id = _listed_customers.at_org)
	  LEFT JOIN billing.plan p ON p.plan_code = l.plan_code
	 CROSS JOIN LATERAL (SELECT CASE
			WHEN l.rejected IS NOT NULL THEN l.rejected
			WHEN coalesce(l.account_no !~ '^[0-9A-Za-z_-]{1,32}$', true) THEN 'an account has a number of at most 32 letters and digits'
			WHEN l.place > 1 THEN 'the list has this account twice'
			WHEN billing.name_key(l.name) IS NULL OR length(l.name) > 200 THEN 'a customer has a name of at most 200 characters'
			WHEN l.day IS NULL OR l.day NOT BETWEEN '1900-01-01' AND '2200-01-01' THEN 'opened_on is a day, written 2026-01-31'
			WHEN l.of_kind NOT IN ('person', 'firm') THEN 'a customer is a person or a firm'
			WHEN (l.identity_kind IS NULL) <> (l.identity_number IS NULL) THEN 'a number has its kind'
			WHEN l.identity_kind NOT IN ('resident', 'credit_code', 'passport', 'other') THEN 'identity_kind is resident, credit_code, passport or other'
			WHEN l.identity_kind IN ('resident', 'credit_code') AND NOT coalesce(billing.id_number_valid(l.identity_number, l.identity_kind), false) THEN 'this is no number of its kind'
			WHEN length(l.identity_number) > 100 OR length(l.mobile) > 500 OR length(l.email) > 500 OR length(l.address) > 300
				OR concat(l.identity_number, l.mobile, l.email, l.address) ~ '[[:cntrl:]]' THEN 'a number, a contact or an address is too long, or has control characters'
			WHEN o.org_id IS NULL OR NOT (billing.can_write(o.org_id, 'customer') AND billing.can_write(o.org_id, 'account')) THEN format('org %s does not exist, or not for you', l.org_no)
			WHEN l.plan_code IS NOT NULL AND p.plan_id IS NULL THEN format('plan %s does not exist', l.plan_code) END AS wrong) w);
END $$;
COMMENT ON FUNCTION billing._listed_customers(bigint, bytea, jsonb) IS 'the lines of a list of customers, each with what is wrong about it by itself';

CREATE FUNCTION billing._match_customers(listed billing._listed_customer[])
RETURNS billing._listed_customer[]
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- The lines beside what is there: accounts, papers, and whoever is likely the same.
BEGIN
	RETURN (
	WITH line AS MATERIALIZED (
		SELECT l AS row, l.*, billing.name_key(l.name) AS name_key, first_value(billing.name_key(l.name)) OVER (PARTITION BY l.who ORDER BY l.line) AS first_key
		  FROM unnest(_match_customers.listed) l WHERE l.sqlstate IS NULL),
	-- each blind index is made once, and then looked up
	blind AS MATERIALIZED (
		SELECT l.line, l.name_key, billing._blinds(billing.number_key(l.identity_number), 'customer_identity') AS papers,
			   billing._blinds(billing.number_key(l.mobile), 'customer_contact') AS telephones, billing._blinds(billing.name_key(l.email), 'customer_contact') AS emails,
			   billing.address_key(l.address) AS address_key, billing.pinyin_key(l.name) AS pinyin_key
		  FROM line l),
	known AS MATERIALIZED (
		SELECT DISTINCT ON (b.line) b.line, c.customer_id, c.name_key = b.name_key AS same
		  FROM blind b CROSS JOIN LATERAL unnest(b.papers) v(value)
		  JOIN billing.customer_identity i ON i.number_index = v.value
		  JOIN billing.customer c ON c.customer_id = i.customer_id AND c.merged_into IS NULL
		 ORDER BY b.line, c.name_key = b.name_key DESC, c.customer_id),
	evidence AS (
		-- as likely_duplicates() has it, for all lines at once
		SELECT b.line, k.customer_id, 'telephone' AS reason, 40 AS score
		  FROM blind b CROSS JOIN LATERAL unnest(b.telephones) v(value) JOIN billing.customer_contact k ON k.value_index = v.value AND k.kind IN ('mobile', 'phone')
		UNION
		SELECT b.line, k.customer_id, 'email', 40
		  FROM blind b CROSS JOIN LATERAL unnest(b.emails) v(value) JOIN billing.customer_contact k ON k.value_index = v.value AND k.kind = 'email'
		UNION
		SELECT b.line, a.customer_id, 'address', 30 FROM blind b JOIN billing.account a ON a.address_key = b.address_key
		UNION
		SELECT b.line, c.customer_id, CASE WHEN c.name_key = b.name_key THEN 'name' ELSE 'name as said' END, CASE WHEN c.name_key = b.name_key THEN 40 ELSE 25 END
		  FROM blind b JOIN billing.customer c ON c.pinyin_key = b.pinyin_key),
	alike AS MATERIALIZED (
		SELECT DISTINCT ON (q.line) q.line, q.customer_id, q.score, q.reasons
		  FROM (SELECT e.line, e.customer_id, least(sum(e.score), 100)::integer AS score, array_agg(e.reason ORDER BY e.score DESC, e.reason) AS reasons
				  FROM evidence e JOIN billing.customer c ON c.customer_id = e.customer_id AND c.merged_into IS NULL
				 WHERE NOT EXISTS (SELECT FROM known k WHERE k.line = e.line)
				 GROUP BY e.line, e.customer_id) q
		 WHERE q.score >= 60 ORDER BY q.line, q.score DESC, q.customer_id)
	SELECT array_agg(q.row ORDER BY q.line)
	  FROM (SELECT l.line, ROW (l.line, l.account_no, l.org_id, l.plan_id, l.opened_on, l.name, l.kind, l.identity_kind, l.identity_number, l.mobile, l.email, l.address, l.different,
						 l.who, k.customer_id, k.customer_id IS NULL, f.sqlstate, f.message, f.detail, f.hint)::billing._listed_customer AS row
			  FROM line l
			  LEFT JOIN billing.account a ON a.account_no = l.account_no
			  LEFT JOIN billing.customer c ON c.customer_id = a.customer_id
			  LEFT JOIN known k ON k.line = l.line
			  LEFT JOIN alike d ON d.line = l.line
			  LEFT JOIN LATERAL (
				SELECT v.* FROM (VALUES
					(a.account_id IS NOT NULL AND c.name_key = l.name_key, '00000', 'the account is there', NULL, NULL),
					(a.account_id IS NOT NULL, 'UB601', format('account %s is another customer''s', l.account_no), NULL, 'An account changes its customer by a request: open_supply_request(''transfer'', …).'),
					(k.same IS FALSE, 'UB601', 'this number is another customer''s', format('Of customer %s.', k.customer_id), 'Where two records are one customer, merge_customers().'),
					(l.name_key <> l.first_key, 'UB601', 'this number is in the list with another name', NULL, 'Correct the line and import it again.'),
					(d.score IS NOT NULL AND NOT coalesce(l.different, false), 'UB601', 'this customer is likely there already',
						format('Customer %s: %s (%s).', d.customer_id, array_to_string(d.reasons, ', '), d.score),
						'Give the paper''s number, or say "yes" in the column different: then both are listed by duplicate_customers() until somebody decides.')
				) v(holds, sqlstate, message, detail, hint) WHERE v.holds LIMIT 1) f ON true
			UNION ALL
			SELECT l.line, l FROM unnest(_match_customers.listed) l WHERE l.sqlstate IS NOT NULL) q);
END $$;
COMMENT ON FUNCTION billing._match_customers(billing._listed_customer[]) IS 'lines of a list with the customers that they are of, or why they are not taken';

CREATE FUNCTION billing._put_customers(listed billing._listed_customer[])
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	mine	billing._listed_customer[];
	taken	bigint;
BEGIN
	-- a customer for each paper, or name and telephone, that is new
	WITH line AS (
		SELECT l.* FROM unnest(_put_customers.listed) l WHERE l.sqlstate IS NULL),
	-- numbered once
	number AS MATERIALIZED (
		SELECT q.who, q.line, nextval('billing.customer_customer_id_seq') AS customer_id
		  FROM (SELECT DISTINCT ON (l.who) l.who, l.line FROM line l WHERE l.is_new ORDER BY l.who, l.line) q)
	SELECT array_agg(ROW (l.line, l.account_no, l.org_id, l.plan_id, l.opened_on, l.name, l.kind, l.identity_kind, l.identity_number, l.mobile, l.email, l.address, l.different, l.who,
						  coalesce(l.customer_id, n.customer_id), l.is_new AND l.line = n.line, NULL, NULL, NULL, NULL)::billing._listed_customer ORDER BY l.line) INTO mine
	  FROM line l LEFT JOIN number n ON n.who = l.who;
	INSERT INTO billing.customer (customer_id, org_id, name, kind) OVERRIDING SYSTEM VALUE
	SELECT m.customer_id, m.org_id, m.name, m.kind FROM unnest(mine) m WHERE m.is_new ORDER BY m.customer_id;
	INSERT INTO billing.account (org_id, customer_id, account_no, opened_on, address)
	SELECT m.org_id, m.customer_id, m.account_no, m.opened_on, coalesce(m.address, '') FROM unnest(mine) m ORDER BY m.line;
	GET DIAGNOSTICS taken = ROW_COUNT;
	INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id)
	SELECT a.account_id, m.opened_on, m.org_id, m.plan_id FROM unnest(mine) m JOIN billing.account a ON a.account_no = m.account_no WHERE m.plan_id IS NOT NULL;
	PERFORM billing._put_identity(m.customer_id, m.org_id, m.identity_kind, m.identity_number) FROM unnest(mine) m WHERE m.is_new AND m.identity_number IS NOT NULL;
	PERFORM billing._put_contact(m.customer_id, m.org_id, v.kind, v.value, daterange(m.opened_on, NULL))
	   FROM unnest(mine) m CROSS JOIN LATERAL (VALUES ('mobile', m.mobile), ('email', m.email)) v(kind, value) WHERE m.is_new AND v.value IS NOT NULL;
	RETURN taken;
END $$;
COMMENT ON FUNCTION billing._put_customers(billing._listed_customer[]) IS 'enters customers with papers and contacts, accounts and plans of a list; returns how many accounts';

CREATE FUNCTION billing.import_customers(org_no text, file_name text, content bytea, mapping jsonb DEFAULT '{}', source text DEFAULT '',
										 OUT list_id bigint, OUT taken bigint, OUT unchanged bigint, OUT rejected bigint)
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET jit = off
SET work_mem = '64MB'
AS $$
#variable_conflict use_column
-- Definer: customers with what is personal of them, and accounts, for who may write both at each org of the list.
DECLARE
	at_org	bigint := billing._org_of(import_customers.org_no, 'write', 'customer');
	hash	bytea := sha256(import_customers.content);
	listed	billing._listed_customer[];
BEGIN
	PERFORM billing._given('import_customers', org_no, file_name, content, mapping, source);
	-- one list at a time: persons are not in the order of anything
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.import_customers', 0));
	SELECT l.list_id, l.taken, l.unchanged, l.rejected INTO list_id, taken, unchanged, rejected FROM billing.customer_list l
	 WHERE l.org_id = at_org AND l.digest = hash AND l.mapping = import_customers.mapping;
	IF FOUND THEN
		RETURN;
	END IF;
	listed := coalesce(billing._match_customers(billing._listed_customers(at_org, import_customers.content, import_customers.mapping)), '{}');
	BEGIN
		taken := coalesce(billing._put_customers(listed), 0);
	EXCEPTION WHEN unique_violation THEN
		RAISE EXCEPTION 'an account of this list is there already, and not for you'
			USING ERRCODE = 'unique_violation', HINT = 'Ask who may see all orgs to import the list, or give the accounts other numbers.';
	END;
	SELECT count(*) FILTER (WHERE l.sqlstate = '00000'), count(*) FILTER (WHERE l.sqlstate <> '00000') INTO unchanged, rejected FROM unnest(listed) l;
	list_id := nextval('billing.customer_list_list_id_seq');
	INSERT INTO billing.customer_list (list_id, org_id, file_name, source, digest, mapping, taken, unchanged, rejected) OVERRIDING SYSTEM VALUE
	VALUES (list_id, at_org, import_customers.file_name, import_customers.source, hash, import_customers.mapping, taken, unchanged, rejected);
	INSERT INTO billing.customer_list_reject (list_id, line, org_id, account_no, sqlstate, message, detail, hint)
	SELECT import_customers.list_id, l.line, at_org, left(l.account_no, 100), l.sqlstate, l.message, l.detail, l.hint FROM unnest(listed) l WHERE l.sqlstate <> '00000';
	PERFORM billing._audit(at_org, 'import_customers', format('list %s', list_id),
		jsonb_build_object('file_name', import_customers.file_name, 'digest', encode(hash, 'hex'), 'taken', taken, 'unchanged', unchanged, 'rejected', rejected));
END $$;
COMMENT ON FUNCTION billing.import_customers(text, text, bytea, jsonb, text) IS
'brings in a list of accounts with their customers, papers and contacts, as CSV with the columns account_no, name, opened_on, and if they are there kind, identity_kind, identity_number, '
'mobile, email, address, plan_code, org_no, different; mapping as of payments. Lines of one paper, or of one name and telephone, are one customer; accounts that are there are unchanged; '
'who is likely there already is rejected, like every line that is not right, into customer_list_reject with the reason. The same file again changes nothing. Needs write on customer and account';
