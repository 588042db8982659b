-- An org is put into the tree, and staff into an org, by who may write there.
CREATE FUNCTION billing.add_org(org_no text, name text, kind text, parent_no text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: the caller has no right to the table, only to what this writes.
DECLARE
	parent	bigint;
	-- not RETURNING: nobody has a right at the new org before this statement is over
	made	bigint := nextval('billing.org_org_id_seq');
BEGIN
	IF add_org.parent_no IS NULL THEN
		PERFORM billing._check_everywhere('write', 'org');
	ELSE
		parent := billing._org_of(add_org.parent_no, 'write', 'org');
	END IF;
	INSERT INTO billing.org (org_id, parent_id, org_no, name, kind) OVERRIDING SYSTEM VALUE
	VALUES (made, parent, add_org.org_no, add_org.name, add_org.kind);
	PERFORM billing._audit(made, 'add_org', format('org %s', add_org.org_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_org(text, text, text, text) IS
'a new org under parent_no, or a company on its own; needs write on org there (a company: everywhere); returns org_id';

CREATE FUNCTION billing.move_org(org_no text, parent_no text)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_org().
DECLARE
	moved	bigint := billing._org_of(move_org.org_no, 'write', 'org');
	parent	bigint := billing._org_of(move_org.parent_no, 'write', 'org');
BEGIN
	PERFORM billing._given('move_org', org_no, parent_no);
	-- one move at a time: two that cross could close a circle
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.move_org', 0));
	-- with it the whole way from parent to moved is visible, if there is one
	PERFORM billing._org_of(move_org.org_no, 'read', 'org');
	IF moved = ANY (billing._orgs_above(parent)) THEN
		RAISE EXCEPTION 'an org cannot be put under itself'
			USING ERRCODE = 'check_violation', DETAIL = format('%s is %s or below it.', move_org.parent_no, move_org.org_no);
	END IF;
	UPDATE billing.org SET parent_id = parent WHERE org_id = moved;
	PERFORM billing._audit(moved, 'move_org', format('org %s', move_org.org_no), jsonb_build_object('parent_no', move_org.parent_no));
END $$;
COMMENT ON FUNCTION billing.move_org(text, text) IS 'puts an org with all below it under another; rights follow the tree at once';

CREATE FUNCTION billing.add_staff(org_no text, staff_no text, name text, post text, login_role name DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_org().
DECLARE
	at_org	bigint := billing._org_of(add_staff.org_no, 'write', 'org');
	made	bigint;
BEGIN
	INSERT INTO billing.staff (org_id, staff_no, name, post, login_role)
	VALUES (at_org, add_staff.staff_no, add_staff.name, add_staff.post, add_staff.login_role)
	RETURNING staff.staff_id INTO made;
	PERFORM billing._audit(at_org, 'add_staff', format('staff %s', add_staff.staff_no),
						   jsonb_build_object('post', add_staff.post, 'login_role', add_staff.login_role));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_staff(text, text, text, text, name) IS
'a person who works at an org, with the database role of the login if there is one; has no rights but those of the post (add_post()) before grant_access() or grant_post()';

CREATE FUNCTION billing.change_staff(staff_no text, name text, post text, org_no text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_org(), at the org that the person comes from and at the one he goes to.
DECLARE
	person	record;
	at_org	bigint;
BEGIN
	SELECT s.staff_id, s.org_id, s.name, s.post, s.valid_during INTO person FROM billing.staff s
	 WHERE s.staff_no = change_staff.staff_no AND billing.can_write(s.org_id, 'org') FOR NO KEY UPDATE;
	IF NOT FOUND OR NOT person.valid_during @> now() THEN
		PERFORM billing._not_found(format('staff %s', change_staff.staff_no));
	END IF;
	at_org := CASE WHEN change_staff.org_no IS NULL THEN person.org_id ELSE billing._org_of(change_staff.org_no, 'write', 'org') END;
	IF (person.name, person.post, person.org_id) = (change_staff.name, change_staff.post, at_org) THEN
		RETURN false;
	END IF;
	UPDATE billing.staff s SET name = change_staff.name, post = change_staff.post, org_id = at_org WHERE s.staff_id = person.staff_id;
	-- what the new post needs the group of the post gives, or somebody
	IF (person.post, person.org_id) <> (change_staff.post, at_org) THEN
		PERFORM billing._refuse_self(billing._is_actor(person.staff_id));
		DELETE FROM billing.access_grant g WHERE g.staff_id = person.staff_id;
		DELETE FROM billing.group_staff g WHERE g.staff_id = person.staff_id;
		DELETE FROM billing.stand_in i WHERE person.staff_id IN (i.staff_id, i.for_staff_id);
	END IF;
	PERFORM billing._audit(o, 'change_staff', format('staff %s', change_staff.staff_no),
		jsonb_build_object('post', change_staff.post, 'post_before', person.post, 'org_no', change_staff.org_no))
	   FROM unnest(ARRAY(SELECT DISTINCT u FROM unnest(ARRAY[person.org_id, at_org]) u)) o;
	RETURN true;
END $$;
COMMENT ON FUNCTION billing.change_staff(text, text, text, text) IS
'a member of staff has another name, post or org; with another post or org all rights are gone but those of the new post (add_post()) until they are granted anew; '
'needs write on org at both, and nobody gives himself another post; false: nothing is new';

CREATE FUNCTION billing.end_staff(staff_no text, at timestamptz DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_org().
DECLARE
	person	record;
	leaves	timestamptz := coalesce(end_staff.at, now());
BEGIN
	PERFORM billing._given('end_staff', staff_no);
	SELECT s.staff_id, s.org_id INTO person FROM billing.staff s
	 WHERE s.staff_no = end_staff.staff_no AND billing.can_write(s.org_id, 'org') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('staff %s', end_staff.staff_no));
	END IF;
	IF NOT isfinite(leaves) OR leaves < now() THEN
		RAISE EXCEPTION 'who leaves does so now or later' USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', leaves);
	END IF;
	UPDATE billing.staff s SET valid_during = tstzrange(least(lower(s.valid_during), leaves - interval '1 microsecond'), leaves)
	 WHERE s.staff_id = person.staff_id;
	-- what he holds until a later day counts only while he is here
	IF leaves <= now() THEN
		DELETE FROM billing.access_grant g WHERE g.staff_id = person.staff_id;
		DELETE FROM billing.group_staff g WHERE g.staff_id = person.staff_id;
		DELETE FROM billing.stand_in i WHERE person.staff_id IN (i.staff_id, i.for_staff_id);
	END IF;
	PERFORM billing._audit(person.org_id, 'end_staff', format('staff %s', end_staff.staff_no), jsonb_strip_nulls(jsonb_build_object('at', end_staff.at)));
END $$;
COMMENT ON FUNCTION billing.end_staff(text, timestamptz) IS
'who leaves loses every right with this transaction, or at a later moment, by itself; the person stays on record, what he asked for and drafted stays for others';
