-- Internal helpers first: what is not there and what may not be seen are reported alike.
CREATE FUNCTION billing._not_found(what text)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION '% does not exist, or not for you', what
		USING ERRCODE = 'no_data_found', HINT = 'Whoever administers the store can tell what you may see and do.';
END $$;
COMMENT ON FUNCTION billing._not_found(text) IS 'one error for what does not exist and for what the actor may not see';

CREATE FUNCTION billing._check_everywhere(action text, kind text)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT billing.can_everywhere(_check_everywhere.action, _check_everywhere.kind) THEN
		RAISE EXCEPTION 'this needs the right to % every %', _check_everywhere.action, _check_everywhere.kind
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_everywhere(text, text) IS 'raises where the actor lacks a right at any org';

CREATE FUNCTION billing._org_of(org_no text, action text, kind text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	org		bigint;
BEGIN
	SELECT o.org_id INTO org FROM billing.org o
	 WHERE o.org_no = _org_of.org_no AND billing.can_do(_org_of.action, _org_of.kind, o.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('org %s', _org_of.org_no));
	END IF;
	RETURN org;
END $$;
COMMENT ON FUNCTION billing._org_of(text, text, text) IS 'the org of this number where the actor has the right';

CREATE FUNCTION billing._orgs_above(org_id bigint)
RETURNS bigint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- itself included; at most as deep as the tree may be
	WITH RECURSIVE above AS (
		SELECT o.org_id, o.parent_id, 1 AS depth FROM billing.org o WHERE o.org_id = _orgs_above.org_id
		UNION ALL
		SELECT o.org_id, o.parent_id, a.depth + 1 FROM above a JOIN billing.org o ON o.org_id = a.parent_id WHERE a.depth < 64)
	SELECT coalesce(array_agg(a.org_id), '{}') FROM above a;
END;
COMMENT ON FUNCTION billing._orgs_above(bigint) IS 'an org and those above it, as far as they are visible';

CREATE FUNCTION billing._orgs_below(org_id bigint)
RETURNS bigint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE below AS (
		SELECT o.org_id, 1 AS depth FROM billing.org o WHERE o.org_id = _orgs_below.org_id
		UNION ALL
		SELECT o.org_id, b.depth + 1 FROM below b JOIN billing.org o ON o.parent_id = b.org_id WHERE b.depth < 64)
	SELECT coalesce(array_agg(b.org_id), '{}') FROM below b;
END;
COMMENT ON FUNCTION billing._orgs_below(bigint) IS 'an org and those below it, as far as they are visible';

CREATE FUNCTION billing._audit(org_id bigint, act text, subject text, detail jsonb DEFAULT '{}')
RETURNS void
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
	INSERT INTO billing.audit (org_id, act, subject, detail) VALUES (_audit.org_id, _audit.act, _audit.subject, _audit.detail);
END;
COMMENT ON FUNCTION billing._audit(bigint, text, text, jsonb) IS 'writes down what the actor does';

CREATE FUNCTION billing._refuse_change()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION 'rows of billing.% stay as they are', TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP),
			  HINT = 'A correction is a new row.';
END $$;
COMMENT ON FUNCTION billing._refuse_change() IS 'trigger of what is only ever added to';

CREATE FUNCTION billing._refuse_all_but_org()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF TG_OP = 'UPDATE' THEN
		OLD.org_id := NEW.org_id;
		-- byte by byte: not every type has an order
		IF NEW OPERATOR(pg_catalog.*=) OLD THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'rows of billing.% stay as they are', TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP),
			  HINT = 'A correction is a new row.';
END $$;
COMMENT ON FUNCTION billing._refuse_all_but_org() IS 'trigger of what is only ever added to, and moves with its account';

CREATE FUNCTION billing._check_grantable(org_id bigint, kinds text[], actions text[])
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	missing	text;
BEGIN
	SELECT format('%s on %s', a, k) INTO missing FROM unnest(_check_grantable.actions) a, unnest(_check_grantable.kinds) k
	 WHERE NOT billing._can_grant(a, k, _check_grantable.org_id) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'only what one holds can be granted'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You do not hold: %s.', missing);
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_grantable(bigint, text[], text[]) IS 'raises where the actor does not hold what he gives to others';

CREATE FUNCTION billing._refuse_self(themselves boolean)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF _refuse_self.themselves THEN
		RAISE EXCEPTION 'nobody grants to himself' USING ERRCODE = 'insufficient_privilege', HINT = 'Ask another administrator.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._refuse_self(boolean) IS 'raises where rights would come to the actor by his own hand';

CREATE FUNCTION billing._is_actor(staff_id bigint)
RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT format('staff:%s', _is_actor.staff_id) = billing.actor()
		OR EXISTS (SELECT FROM billing.stand_in i WHERE i.for_staff_id = _is_actor.staff_id AND format('staff:%s', i.staff_id) = billing.actor());
END;
COMMENT ON FUNCTION billing._is_actor(bigint) IS 'is the actor this person, or does he stand in for him, now or at some time?';

CREATE FUNCTION billing._valid_from(before tstzmultirange, from_at timestamptz, until timestamptz)
RETURNS tstzmultirange
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	begins	timestamptz := coalesce(from_at, now());
BEGIN
	IF NOT isfinite(begins) OR begins < now() OR until <= begins THEN
		RAISE EXCEPTION 'a right begins now or later, and ends after that'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: from %s until %s.', begins, coalesce(until::text, 'further notice'));
	END IF;
	RETURN coalesce(before * tstzmultirange(tstzrange(now(), begins)), '{}') + tstzmultirange(tstzrange(begins, until));
END $$;
COMMENT ON FUNCTION billing._valid_from(tstzmultirange, timestamptz, timestamptz) IS
'when a right holds that is given from a moment on (null: now) until another (null: for good): before that as it was';

CREATE FUNCTION billing.grant_access(staff_no text, org_no text, kinds text[], actions text[], until timestamptz DEFAULT NULL, from_at timestamptz DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes grants, and only such as the caller holds there.
DECLARE
	at_org	bigint := billing._org_of(grant_access.org_no, 'write', 'org');
	person	bigint;
	changed	integer;
BEGIN
	SELECT s.staff_id INTO person FROM billing.staff s
	 WHERE s.staff_no = grant_access.staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', grant_access.staff_no));
	END IF;
	PERFORM billing._refuse_self(billing._is_actor(person));
	PERFORM billing._check_grantable(at_org, grant_access.kinds, grant_access.actions);
	INSERT INTO billing.access_grant AS g (staff_id, org_id, kind, action, valid_during)
	SELECT person, at_org, k, a, billing._valid_from(NULL, grant_access.from_at, grant_access.until)
	  FROM (SELECT DISTINCT k, a FROM unnest(grant_access.kinds) k, unnest(grant_access.actions) a) r
	    ON CONFLICT (staff_id, org_id, kind, action) DO UPDATE
	   SET valid_during = billing._valid_from(g.valid_during, grant_access.from_at, grant_access.until), granted_by = excluded.granted_by;
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(at_org, 'grant_access', format('staff %s', grant_access.staff_no),
		jsonb_build_object('org_no', grant_access.org_no, 'kinds', grant_access.kinds, 'actions', grant_access.actions, 'until', grant_access.until,
			'from', grant_access.from_at));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.grant_access(text, text, text[], text[], timestamptz, timestamptz) IS
'lets a person do these actions (read, write, approve, run) to what an org and all below it have of these kinds (org, customer, '
'account, reading, plan, bill, money, audit, supply, personal), from a moment on (from_at; else now) until another or for good; holds in every session from its next statement after that on; '
'only what one holds oneself, never to oneself; returns how many rights';

CREATE FUNCTION billing.revoke_access(staff_no text, org_no text, kinds text[] DEFAULT NULL, actions text[] DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: removes grants at orgs that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(revoke_access.org_no, 'write', 'org');
	gone	integer;
BEGIN
	DELETE FROM billing.access_grant g USING billing.staff s
	 WHERE s.staff_id = g.staff_id AND s.staff_no = revoke_access.staff_no AND g.org_id = at_org
	   AND (revoke_access.kinds IS NULL OR g.kind = ANY (revoke_access.kinds))
	   AND (revoke_access.actions IS NULL OR g.action = ANY (revoke_access.actions));
	GET DIAGNOSTICS gone = ROW_COUNT;
	PERFORM billing._audit(at_org, 'revoke_access', format('staff %s', revoke_access.staff_no),
		jsonb_build_object('org_no', revoke_access.org_no, 'kinds', revoke_access.kinds, 'actions', revoke_access.actions, 'rights', gone));
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.revoke_access(text, text, text[], text[]) IS
'takes rights away that were granted at this org: of all kinds and actions, or of those named; at once, in every session; returns how many';

CREATE FUNCTION billing._post_rights(post text)
RETURNS TABLE (kinds text[], actions text[])
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE ROWS 3
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	RETURN QUERY SELECT v.kinds::text[], v.actions::text[] FROM (VALUES
		('manager', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read}'),
		('manager', '{account,reading,bill,money,supply}', '{approve}'),
		('administrator', '{org}', '{read,write}'),
		('administrator', '{audit}', '{read}'),
		('account clerk', '{customer,account}', '{read,write}'),
		('account clerk', '{org,reading,plan,bill}', '{read}'),
		('meter reader', '{reading}', '{read,write}'),
		('meter reader', '{org,account}', '{read}'),
		('billing clerk', '{bill,money}', '{read,write}'),
		('billing clerk', '{bill}', '{run}'),
		('billing clerk', '{org,customer,account,reading,plan}', '{read}'),
		('price clerk', '{plan}', '{read,write}'),
		('price clerk', '{org,account,reading,bill}', '{read}'),
		('cashier', '{money}', '{read,write}'),
		('cashier', '{org,customer,account,bill}', '{read}'),
		('accountant', '{org,customer,account,plan,bill,money}', '{read}'),
		('accountant', '{bill,money}', '{approve}'),
		('equipment clerk', '{supply}', '{read,write}'),
		('equipment clerk', '{org,account,reading}', '{read}'),
		('inspector', '{org,customer,account,reading,plan,bill,supply}', '{read}'),
		('inspector', '{reading}', '{approve}'),
		('customer service', '{customer}', '{read,write}'),
		('customer service', '{org,account,reading,plan,bill,money,supply}', '{read}'),
		('analyst', '{org,account,reading,plan,bill,money}', '{read}'),
		('auditor', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read}')) v(post, kinds, actions)
	 WHERE v.post = _post_rights.post;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'nothing is laid down for post "%"', _post_rights.post
			USING ERRCODE = 'invalid_parameter_value',
				  HINT = 'Posts: manager, administrator, account clerk, meter reader, billing clerk, price clerk, cashier, accountant, equipment clerk, '
					'inspector, customer service, analyst, auditor. Others: grant_access().';
	END IF;
END $$;
COMMENT ON FUNCTION billing._post_rights(text) IS 'what the usual posts of a county company need';

CREATE FUNCTION billing.grant_post(staff_no text, org_no text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	post	text;
BEGIN
	PERFORM billing._given('grant_post', staff_no, org_no);
	SELECT s.post INTO post FROM billing.staff s WHERE s.staff_no = grant_post.staff_no;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', grant_post.staff_no));
	END IF;
	RETURN (SELECT sum(billing.grant_access(grant_post.staff_no, grant_post.org_no, r.kinds, r.actions)) FROM billing._post_rights(post) r);
END $$;
COMMENT ON FUNCTION billing.grant_post(text, text) IS
'grants one person at an org what his post usually needs: manager, administrator, account clerk, meter reader, billing clerk, price clerk, '
'cashier, accountant, equipment clerk, inspector, customer service, analyst, auditor; add_post() does it for all who hold a post';
