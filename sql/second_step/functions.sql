/*
 * A second step of identification.  Every command writes down what it does by
 * _audit(), so the trail is the one place where risky acts are stopped: what is
 * on record was proved, and what was not leaves with its record.
 */
CREATE FUNCTION billing._check_two_steps()
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF cardinality(billing.actor_methods()) < 2 THEN
		RAISE EXCEPTION 'this needs a second step of identification'
			USING ERRCODE = 'UB407', DETAIL = format('You are %s by %s alone.', billing.actor(), array_to_string(billing.actor_methods(), ', ')),
				  HINT = 'identify_by() with what a checker has signed, in the same transaction.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_two_steps() IS 'raises where the actor has proved who he is in one way only';

CREATE FUNCTION billing._check_risky_act()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: goes by rules, and by the actor's own part of the trail, which he need not be able to read.
DECLARE
	rule	billing.second_step_rule;
BEGIN
	-- a superuser is nobody that a checker knows; what he may no rule can keep from him
	IF NEW.actor LIKE 'role:%' OR NOT EXISTS (SELECT FROM billing.second_step_rule r WHERE r.act = NEW.act) THEN
		RETURN NEW;
	END IF;
	-- who acts at an org where he has no right at all, as on an account that is assigned to him, does not see whose rule it is: the strictest
	SELECT r.* INTO rule
	  FROM billing.second_step_rule r
	  LEFT JOIN unnest(billing._orgs_over(NEW.org_id)) WITH ORDINALITY o(org_id, distance) ON o.org_id = r.org_id
	 WHERE r.act = NEW.act AND (o.org_id IS NOT NULL OR billing._orgs_over(NEW.org_id) = '{}')
	 ORDER BY o.distance, r.above LIMIT 1;
	IF FOUND AND rule.above <= (SELECT count(*) FROM (SELECT FROM billing.audit a WHERE a.org_id = NEW.org_id AND a.at > now() - interval '1 hour'
			AND a.act = NEW.act AND a.actor = NEW.actor LIMIT rule.above) q) THEN
		PERFORM billing._check_two_steps();
	END IF;
	RETURN NEW;
END $$;
COMMENT ON FUNCTION billing._check_risky_act() IS 'trigger: what an organisation requires a second step for is not written down, and so not done, without one';

CREATE FUNCTION billing.require_second_step(org_no text, acts text[] DEFAULT NULL, above integer DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the rules of an org that the caller administers.
DECLARE
	at_org	bigint := billing._org_of(require_second_step.org_no, 'write', 'org');
	changed	integer;
BEGIN
	IF NOT require_second_step.acts <@ ARRAY(SELECT a.act FROM billing.risky_act a) THEN
		RAISE EXCEPTION 'there is no risky act of this name'
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Asked for: %s.', array_to_string(require_second_step.acts, ', ', 'NULL')),
				  HINT = format('Acts: %s.', (SELECT string_agg(a.act, ', ' ORDER BY a.act) FROM billing.risky_act a));
	END IF;
	-- by two steps oneself, so that nobody locks himself and all others out
	PERFORM billing._check_two_steps() WHERE billing.actor() NOT LIKE 'role:%';
	-- a rule is only loosened by lift_second_step(), which is a risky act itself
	IF EXISTS (SELECT FROM billing.second_step_rule r JOIN billing.risky_act a ON a.act = r.act
				WHERE r.org_id = at_org AND r.act = ANY (coalesce(require_second_step.acts, ARRAY[r.act])) AND r.above < coalesce(require_second_step.above, a.above)) THEN
		PERFORM billing._audit(at_org, 'lift_second_step', format('org %s', require_second_step.org_no), jsonb_build_object('acts', require_second_step.acts));
	END IF;
	INSERT INTO billing.second_step_rule AS r (org_id, act, above)
	SELECT at_org, a.act, coalesce(require_second_step.above, a.above) FROM billing.risky_act a
	 WHERE require_second_step.acts IS NULL OR a.act = ANY (require_second_step.acts)
	    ON CONFLICT ON CONSTRAINT second_step_rule_pkey DO UPDATE SET above = excluded.above;
	GET DIAGNOSTICS changed = ROW_COUNT;
	PERFORM billing._audit(at_org, 'require_second_step', format('org %s', require_second_step.org_no),
		jsonb_build_object('acts', require_second_step.acts, 'above', require_second_step.above));
	RETURN changed;
END $$;
COMMENT ON FUNCTION billing.require_second_step(text, text[], integer) IS
'at an org and all below it these acts (billing.risky_act; without names all of them) need an actor who has proved who he is in two ways, or only when one '
'person does more than so many of them within an hour; needs write on org, and two steps oneself; returns how many acts';

CREATE FUNCTION billing.lift_second_step(org_no text, acts text[])
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as require_second_step().
DECLARE
	at_org	bigint := billing._org_of(lift_second_step.org_no, 'write', 'org');
	gone	integer;
BEGIN
	PERFORM billing._given('lift_second_step', org_no, acts);
	-- while the rule for this act itself still stands
	PERFORM billing._audit(at_org, 'lift_second_step', format('org %s', lift_second_step.org_no), jsonb_build_object('acts', lift_second_step.acts));
	DELETE FROM billing.second_step_rule r WHERE r.org_id = at_org AND r.act = ANY (lift_second_step.acts);
	GET DIAGNOSTICS gone = ROW_COUNT;
	RETURN gone;
END $$;
COMMENT ON FUNCTION billing.lift_second_step(text, text[]) IS
'takes back what require_second_step() laid down at this org for these acts; is a risky act itself; needs write on org; returns how many rules are gone';
