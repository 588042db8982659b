-- Groups: rights for many at once.  Whoever gives rights by a group holds them, also those it has of the groups it is in.
CREATE FUNCTION billing._group_of(group_no text)
RETURNS billing.access_group
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_group	billing.access_group;
BEGIN
	SELECT g.* INTO found_group FROM billing.access_group g
	 WHERE g.group_no = _group_of.group_no AND billing.can_write(g.org_id, 'org') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('group %s', _group_of.group_no));
	END IF;
	RETURN found_group;
END $$;
COMMENT ON FUNCTION billing._group_of(text) IS 'the group of this number, locked, where the actor administers it';

CREATE FUNCTION billing._groups_over(group_id bigint)
RETURNS bigint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE over AS (
		SELECT _groups_over.group_id AS id
		UNION
		SELECT g.group_id FROM over o JOIN billing.group_group g ON g.member_id = o.id)
	SELECT array_agg(o.id) FROM over o;
END;
COMMENT ON FUNCTION billing._groups_over(bigint) IS 'a group and all that it is in, now or at some time';

CREATE FUNCTION billing._groups_under(group_id bigint)
RETURNS bigint[]
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH RECURSIVE under AS (
		SELECT _groups_under.group_id AS id
		UNION
		SELECT g.member_id FROM under u JOIN billing.group_group g ON g.group_id = u.id)
	SELECT array_agg(u.id) FROM under u;
END;
COMMENT ON FUNCTION billing._groups_under(bigint) IS 'a group and all that are in it, now or at some time';

CREATE FUNCTION billing._is_member(groups bigint[])
RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- who administers the org of a post's group sees the staff below it, himself too
	SELECT EXISTS (SELECT FROM billing.group_staff m WHERE m.group_id = ANY (_is_member.groups) AND billing._is_actor(m.staff_id))
		OR EXISTS (SELECT FROM billing.staff s JOIN billing.access_group g ON g.post = s.post AND g.org_id = ANY (billing._orgs_above(s.org_id))
					WHERE g.group_id = ANY (_is_member.groups) AND billing._is_actor(s.staff_id));
END;
COMMENT ON FUNCTION billing._is_member(bigint[]) IS 'is the actor in one of these groups?';

CREATE FUNCTION billing._check_group_grantable(group_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM billing._check_grantable(g.org_id, ARRAY[g.kind], ARRAY[g.action]) FROM billing.group_grant g
	  WHERE g.group_id = ANY (billing._groups_over(_check_group_grantable.group_id));
END $$;
COMMENT ON FUNCTION billing._check_group_grantable(bigint) IS 'raises where the actor does not hold all that comes with a group';

CREATE FUNCTION billing._check_person_grantable(persons bigint[])
RETURNS void
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	PERFORM billing._check_grantable(g.org_id, ARRAY[g.kind], ARRAY[g.action]) FROM billing.access_grant g WHERE g.staff_id = ANY (persons);
	PERFORM billing._check_group_grantable(m.group_id) FROM billing.group_staff m WHERE m.staff_id = ANY (persons);
	-- what his post may, he may at his own org; what the groups may that the post's is in, where they may
	PERFORM billing._check_grantable(CASE WHEN r.group_id = g.group_id AND r.org_id = ANY (o.over) THEN s.org_id ELSE r.org_id END, ARRAY[r.kind], ARRAY[r.action])
	   FROM billing.staff s
	  CROSS JOIN LATERAL (SELECT billing._orgs_over(s.org_id) AS over) o
	   JOIN billing.access_group g ON g.post = s.post AND g.org_id = ANY (o.over)
	   JOIN billing.group_grant r ON r.group_id = ANY (billing._groups_over(g.group_id))
	  WHERE s.staff_id = ANY (persons);
END $$;
COMMENT ON FUNCTION billing._check_person_grantable(bigint[]) IS 'raises where the actor does not hold all that these persons may, by grants to them, by groups, by their posts';

CREATE FUNCTION billing.add_group(org_no text, group_no text, name text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes groups of an org that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(add_group.org_no, 'write', 'org');
	made	bigint;
BEGIN
	PERFORM billing._given('add_group', org_no, group_no, name);
	INSERT INTO billing.access_group AS g (org_id, group_no, name) VALUES (at_org, add_group.group_no, add_group.name) RETURNING g.group_id INTO made;
	PERFORM billing._audit(at_org, 'add_group', format('group %s', add_group.group_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_group(text, text, text) IS 'a group of staff, administered by an org; without rights or members at first; returns group_id';

CREATE FUNCTION billing.end_group(group_no text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_group().
DECLARE
	gone	billing.access_group := billing._group_of(end_group.group_no);
BEGIN
	PERFORM billing._given('end_group', group_no);
	DELETE FROM billing.access_group g WHERE g.group_id = gone.group_id;
	PERFORM billing._audit(gone.org_id, 'end_group', format('group %s', gone.group_no));
END $$;
COMMENT ON FUNCTION billing.end_group(text) IS 'a group goes, and what its members had by it';

CREATE FUNCTION billing.join_group(group_no text, staff_no text, until timestamptz DEFAULT NULL, from_at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_group(); only what the caller holds comes to the person.
DECLARE
	into_group	billing.access_group := billing._group_of(join_group.group_no);
	person		bigint;
BEGIN
	IF into_group.post IS NOT NULL THEN
		RAISE EXCEPTION 'who is in the group of a post is who holds it'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'change_staff() gives a person another post.';
	END IF;
	SELECT s.staff_id INTO person FROM billing.staff s
	 WHERE s.staff_no = join_group.staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', join_group.staff_no));
	END IF;
	PERFORM billing._refuse_self(billing._is_actor(person));
	PERFORM billing._check_group_grantable(into_group.group_id);
	INSERT INTO billing.group_staff AS m (staff_id, group_id, org_id, valid_during)
	VALUES (person, into_group.group_id, into_group.org_id, billing._valid_from(NULL, join_group.from_at, join_group.until))
	ON CONFLICT ON CONSTRAINT group_staff_pkey DO UPDATE
	   SET valid_during = billing._valid_from(m.valid_during, join_group.from_at, join_group.until), added_by = excluded.added_by;
	PERFORM billing._audit(into_group.org_id, 'join_group', format('staff %s', join_group.staff_no),
		jsonb_build_object('group_no', into_group.group_no, 'until', join_group.until, 'from', join_group.from_at));
END $$;
COMMENT ON FUNCTION billing.join_group(text, text, timestamptz, timestamptz) IS
'puts a person into a group, from a moment on (from_at; else now) until another or for good: what the group and those it is in may, he may; only what one holds oneself, never oneself';

CREATE FUNCTION billing.leave_group(group_no text, staff_no text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_group().
DECLARE
	of_group	billing.access_group := billing._group_of(leave_group.group_no);
BEGIN
	PERFORM billing._given('leave_group', group_no, staff_no);
	DELETE FROM billing.group_staff m USING billing.staff s
	 WHERE m.group_id = of_group.group_id AND s.staff_id = m.staff_id AND s.staff_no = leave_group.staff_no;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM billing._audit(of_group.org_id, 'leave_group', format('staff %s', leave_group.staff_no), jsonb_build_object('group_no', of_group.group_no));
	RETURN true;
END $$;
COMMENT ON FUNCTION billing.leave_group(text, text) IS 'takes a person out of a group, at once, in every session; false: was not in it';

CREATE FUNCTION billing.nest_group(group_no text, member_no text, until timestamptz DEFAULT NULL, from_at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as join_group(), for all who are in the other group.
DECLARE
	into_group	billing.access_group;
	member		billing.access_group;
BEGIN
	-- one at a time: two that cross could close a circle
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.nest_group', 0));
	into_group := billing._group_of(nest_group.group_no);
	member := billing._group_of(nest_group.member_no);
	IF into_group.post IS NOT NULL THEN
		RAISE EXCEPTION 'who is in the group of a post is who holds it' USING ERRCODE = 'invalid_parameter_value', HINT = 'Nest it the other way round.';
	END IF;
	IF into_group.group_id = ANY (billing._groups_under(member.group_id)) THEN
		RAISE EXCEPTION 'a group cannot be in itself'
			USING ERRCODE = 'check_violation', DETAIL = format('%s is %s, or in it.', into_group.group_no, member.group_no);
	END IF;
	PERFORM billing._refuse_self(billing._is_member(billing._groups_under(member.group_id)));
	PERFORM billing._check_group_grantable(into_group.group_id);
	INSERT INTO billing.group_group AS m (member_id, group_id, org_id, valid_during)
	VALUES (member.group_id, into_group.group_id, into_group.org_id, billing._valid_from(NULL, nest_group.from_at, nest_group.until))
	ON CONFLICT ON CONSTRAINT group_group_pkey DO UPDATE
	   SET valid_during = billing._valid_from(m.valid_during, nest_group.from_at, nest_group.until), added_by = excluded.added_by;
	PERFORM billing._audit(into_group.org_id, 'nest_group', format('group %s', member.group_no),
		jsonb_build_object('group_no', into_group.group_no, 'until', nest_group.until, 'from', nest_group.from_at));
END $$;
COMMENT ON FUNCTION billing.nest_group(text, text, timestamptz, timestamptz) IS
'puts a group into another: all who are in member_no are in group_no; only what one holds oneself, never oneself, no circles';

CREATE FUNCTION billing.unnest_group(group_no text, member_no text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_group().
DECLARE
	of_group	billing.access_group := billing._group_of(unnest_group.group_no);
BEGIN
	PERFORM billing._given('unnest_group', group_no, member_no);
	DELETE FROM billing.group_group m USING billing.access_group g
	 WHERE m.group_id = of_group.group_id AND g.group_id = m.member_id AND g.group_no = unnest_group.member_no;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM billing._audit(of_group.org_id, 'unnest_group', format('group %s', unnest_group.member_no), jsonb_build_object('group_no', of_group.group_no));
	RETURN true;
END $$;
COMMENT ON FUNCTION billing.unnest_group(text, text) IS 'takes a group out of another, at once, in every session; false: was not in it';

CREATE FUNCTION billing._grant_to_group(into_group billing.access_group, org_id bigint, kinds text[], actions text[], until timestamptz, from_at timestamptz)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	changed		integer;
BEGIN
	PERFORM billing._refuse_self(billing._is_member(billing._groups_under(into_group.group_id)));
	PERFORM billing._check_grantable(_grant_to_group.org_id, _grant_to_group.kinds, _grant_to_group.actions);
	INSERT INTO billing.group_grant AS g (group_id, org_id, kind, action, valid_during)
	SELECT into_group.group_id, _grant_to_group.org_id, r.k, r.a, billing._valid_from(NULL, _grant_to_group.from_at, _grant_to_group.until)
	  FROM (SELECT DISTINCT k, a FROM unnest(_grant_to_group.kinds) k, unnest(_grant_to_group.actions) a) r
	    ON CONFLICT ON CONSTRAINT group_grant_pkey DO UPDATE
	   SET valid_during = billing._valid_from(g.valid_during, _grant_to_group.from_at, _grant_to_group.until), granted_by = excluded.granted_by;
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(_grant_to_group.org_id, 'grant_group_access', format('group %s', into_group.group_no),
		jsonb_build_object('kinds', _grant_to_group.kinds, 'actions', _grant_to_group.actions, 'until', _grant_to_group.until, 'from', _grant_to_group.from_at));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing._grant_to_group(billing.access_group, bigint, text[], text[], timestamptz, timestamptz) IS 'rights for a group';

CREATE FUNCTION billing.grant_group_access(group_no text, org_no text, kinds text[], actions text[], until timestamptz DEFAULT NULL, from_at timestamptz DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes grants, and only such as the caller holds there.
BEGIN
	RETURN billing._grant_to_group(billing._group_of(grant_group_access.group_no), billing._org_of(grant_group_access.org_no, 'write', 'org'),
		grant_group_access.kinds, grant_group_access.actions, grant_group_access.until, grant_group_access.from_at);
END $$;
COMMENT ON FUNCTION billing.grant_group_access(text, text, text[], text[], timestamptz, timestamptz) IS
'as grant_access(), for all who are in a group; only what one holds oneself, and not to a group that one is in; returns how many rights';

CREATE FUNCTION billing.revoke_group_access(group_no text, org_no text, kinds text[] DEFAULT NULL, actions text[] DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: removes grants at orgs that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(revoke_group_access.org_no, 'write', 'org');
	gone	integer;
BEGIN
	DELETE FROM billing.group_grant r USING billing.access_group g
	 WHERE g.group_id = r.group_id AND g.group_no = revoke_group_access.group_no AND r.org_id = at_org
	   AND (revoke_group_access.kinds IS NULL OR r.kind = ANY (revoke_group_access.kinds))
	   AND (revoke_group_access.actions IS NULL OR r.action = ANY (revoke_group_access.actions));
	GET DIAGNOSTICS gone = ROW_COUNT;
	PERFORM billing._audit(at_org, 'revoke_group_access', format('group %s', revoke_group_access.group_no),
		jsonb_build_object('kinds', revoke_group_access.kinds, 'actions', revoke_group_access.actions, 'rights', gone));
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.revoke_group_access(text, text, text[], text[]) IS
'takes rights away that a group was granted at this org: of all kinds and actions, or of those named; returns how many';

CREATE FUNCTION billing.stand_in(staff_no text, for_staff_no text, until timestamptz, from_at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as join_group(), for what one person may.
DECLARE
	person	bigint;
	away	record;
BEGIN
	PERFORM billing._given('stand_in', staff_no, for_staff_no, until);
	SELECT s.staff_id INTO person FROM billing.staff s
	 WHERE s.staff_no = stand_in.staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', stand_in.staff_no));
	END IF;
	SELECT s.staff_id, s.org_id INTO away FROM billing.staff s
	 WHERE s.staff_no = stand_in.for_staff_no AND billing.can_write(s.org_id, 'org') FOR KEY SHARE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', stand_in.for_staff_no));
	END IF;
	PERFORM billing._refuse_self(billing._is_actor(person));
	-- not what the other has by standing in himself: that does not go further
	PERFORM billing._check_person_grantable(ARRAY[away.staff_id]);
	INSERT INTO billing.stand_in AS i (staff_id, for_staff_id, org_id, valid_during)
	VALUES (person, away.staff_id, away.org_id, billing._valid_from(NULL, stand_in.from_at, stand_in.until))
	ON CONFLICT ON CONSTRAINT stand_in_pkey DO UPDATE
	   SET valid_during = billing._valid_from(i.valid_during, stand_in.from_at, stand_in.until), org_id = excluded.org_id, added_by = excluded.added_by;
	PERFORM billing._audit(away.org_id, 'stand_in', format('staff %s', stand_in.staff_no),
		jsonb_build_object('for', stand_in.for_staff_no, 'until', stand_in.until, 'from', stand_in.from_at));
END $$;
COMMENT ON FUNCTION billing.stand_in(text, text, timestamptz, timestamptz) IS
'one person stands in for another who is away, from a moment on (from_at; else now) until another: has what the other has by his post, by groups and by grants to him, '
'and acts in his own name, so that nobody approves what he has asked for himself; ends with the post of either; only what one holds oneself, never oneself';

CREATE FUNCTION billing.end_stand_in(staff_no text, for_staff_no text)
RETURNS boolean
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who administers the org of either.
DECLARE
	gone	bigint;
BEGIN
	PERFORM billing._given('end_stand_in', staff_no, for_staff_no);
	DELETE FROM billing.stand_in i USING billing.staff s, billing.staff a
	 WHERE i.staff_id = s.staff_id AND i.for_staff_id = a.staff_id AND s.staff_no = end_stand_in.staff_no AND a.staff_no = end_stand_in.for_staff_no
	RETURNING i.org_id INTO gone;
	IF NOT FOUND THEN
		RETURN false;
	END IF;
	PERFORM billing._audit(gone, 'end_stand_in', format('staff %s', end_stand_in.staff_no), jsonb_build_object('for', end_stand_in.for_staff_no));
	RETURN true;
END $$;
COMMENT ON FUNCTION billing.end_stand_in(text, text) IS 'the other is back: at once, in every session; false: nobody stood in';

CREATE FUNCTION billing.add_post(org_no text, post text)
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as grant_group_access().
DECLARE
	at_org	bigint := billing._org_of(add_post.org_no, 'write', 'org');
	made	billing.access_group;
BEGIN
	PERFORM billing._given('add_post', org_no, post);
	SELECT g.* INTO made FROM billing.access_group g WHERE g.org_id = at_org AND g.post = add_post.post;
	IF NOT FOUND THEN
		INSERT INTO billing.access_group AS g (org_id, group_no, name, post)
		VALUES (at_org, left(format('%s-%s', add_post.org_no, regexp_replace(add_post.post, '[^0-9A-Za-z_-]+', '-', 'g')), 64), add_post.post, add_post.post)
		RETURNING g.* INTO made;
		PERFORM billing._audit(at_org, 'add_post', format('group %s', made.group_no), jsonb_build_object('post', add_post.post));
	END IF;
	RETURN (SELECT sum(billing._grant_to_group(made, at_org, r.kinds, r.actions, NULL, NULL)) FROM billing._post_rights(add_post.post) r);
END $$;
COMMENT ON FUNCTION billing.add_post(text, text) IS
'whoever holds this post at an org or below it, now or later, has at his own org, and below, what the post usually needs (grant_post() lists the posts): '
'from then on the personnel list drives these rights; makes a group of the post, which can be granted more; returns how many rights';

CREATE FUNCTION billing.separate_duties(org_no text, kinds text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the rules of an org that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(separate_duties.org_no, 'write', 'org');
	changed	integer;
BEGIN
	PERFORM billing._given('separate_duties', org_no, kinds);
	INSERT INTO billing.duty_rule (org_id, kind) SELECT DISTINCT at_org, k FROM unnest(separate_duties.kinds) k
		ON CONFLICT ON CONSTRAINT duty_rule_pkey DO NOTHING;
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(at_org, 'separate_duties', format('org %s', separate_duties.org_no), jsonb_build_object('kinds', separate_duties.kinds));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.separate_duties(text, text[]) IS
'at an org and all below it, who may write one of these kinds may not approve it, however his rights came to him; '
'he may still grant both, to different people; returns how many kinds are new';

CREATE FUNCTION billing.unite_duties(org_no text, kinds text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as separate_duties().
DECLARE
	at_org	bigint := billing._org_of(unite_duties.org_no, 'write', 'org');
	gone	integer;
BEGIN
	PERFORM billing._given('unite_duties', org_no, kinds);
	-- the rule holds for its administrators too: one of them could let himself approve what he enters
	PERFORM billing._refuse_self(billing._can_grant('write', k, at_org) AND billing._can_grant('approve', k, at_org) AND NOT billing.can_do('approve', k, at_org))
	   FROM unnest(unite_duties.kinds) k;
	DELETE FROM billing.duty_rule r WHERE r.org_id = at_org AND r.kind = ANY (unite_duties.kinds);
	GET DIAGNOSTICS gone = ROW_COUNT;
	PERFORM billing._audit(at_org, 'unite_duties', format('org %s', unite_duties.org_no), jsonb_build_object('kinds', unite_duties.kinds));
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.unite_duties(text, text[]) IS
'takes back what separate_duties() laid down at this org; not by somebody who could then approve what he enters; returns how many rules are gone';
