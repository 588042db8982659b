/*
 * The life of an asset is a list, so that the trigger that guards it, the
 * commands, their hints and the manual all say the same.
 */
CREATE FUNCTION billing.equipment_steps(OUT from_state text, OUT step text, OUT to_state text, OUT action text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 15
BEGIN ATOMIC
	SELECT v.* FROM (VALUES
		('in_stock',	'install',	'installed',	'write'),
		('in_stock',	'test',		'in_test',		'write'),
		('in_stock',	'scrap',	'scrapped',		'approve'),
		('installed',	'remove',	'removed',		'write'),
		('removed',		'test',		'in_test',		'write'),
		('removed',		'repair',	'in_repair',	'write'),
		('removed',		'scrap',	'scrapped',		'approve'),
		('in_test',		'pass',		'in_stock',		'write'),
		('in_test',		'repair',	'in_repair',	'write'),
		('in_test',		'scrap',	'scrapped',		'approve'),
		('in_repair',	'test',		'in_test',		'write'),
		('in_repair',	'scrap',	'scrapped',		'approve')
	) v(from_state, step, to_state, action);
END;
COMMENT ON FUNCTION billing.equipment_steps() IS
'the steps in the life of a meter or instrument transformer: from which state to which, and which right on supply it needs; what is not '
'here is refused. install and remove are taken by installing and removing, pass by a test that it passes';

CREATE FUNCTION billing._moment(at timestamptz)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT to_char(_moment.at, 'YYYY-MM-DD HH24:MI OF');
END;
COMMENT ON FUNCTION billing._moment(timestamptz) IS 'a moment for a message, whatever the session''s DateStyle';

CREATE FUNCTION billing._possible_steps(state text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce('Possible now: ' || string_agg(s.step, ', ' ORDER BY s.step) || '.', 'Its life has ended.')
	  FROM billing.equipment_steps() s WHERE s.from_state = _possible_steps.state;
END;
COMMENT ON FUNCTION billing._possible_steps(text) IS 'a hint: what can be done with equipment in this state';

CREATE FUNCTION billing._guard_equipment()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	name	text := CASE TG_TABLE_NAME WHEN 'meter' THEN 'meter_no' ELSE 'transformer_no' END;
BEGIN
	IF TG_OP = 'INSERT' THEN
		IF NEW.state = 'in_stock' THEN
			RETURN NEW;
		END IF;
	ELSIF TG_OP = 'UPDATE' THEN
		-- where it stands may change, what it is may not
		IF to_jsonb(OLD) - '{org_id,state,free_from,verified_on,due_on,seals}'::text[] <> to_jsonb(NEW) - '{org_id,state,free_from,verified_on,due_on,seals}'::text[] THEN
			RAISE EXCEPTION 'what % % is stays as it is', TG_TABLE_NAME, to_jsonb(OLD) ->> name
				USING ERRCODE = 'restrict_violation', HINT = 'One that was entered wrongly is scrapped, and entered anew under its right number.';
		ELSIF NEW.state = OLD.state OR EXISTS (SELECT FROM billing.equipment_steps() s WHERE s.from_state = OLD.state AND s.to_state = NEW.state) THEN
			RETURN NEW;
		END IF;
		RAISE EXCEPTION '% % is %: it cannot become %', TG_TABLE_NAME, to_jsonb(OLD) ->> name, OLD.state, NEW.state
			USING ERRCODE = 'UB701', HINT = billing._possible_steps(OLD.state);
	END IF;
	RAISE EXCEPTION 'equipment goes from state to state by its steps only'
		USING ERRCODE = 'UB701', DETAIL = format('%s of a %s is refused to everybody.', TG_OP, TG_TABLE_NAME),
			  HINT = 'SELECT * FROM billing.equipment_steps() lists them; what is not used any more is scrapped.';
END $$;
COMMENT ON FUNCTION billing._guard_equipment() IS 'trigger: the state machine of meters and instrument transformers, for everybody';

CREATE FUNCTION billing._guard_install()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	-- what is computed from the rest is not known yet in a new row
	may	text[] := '{org_id,multiplier}';
BEGIN
	IF TG_OP = 'UPDATE' THEN
		IF TG_TABLE_NAME = 'meter_install_register' THEN
			IF OLD.end_value IS NULL THEN
				may := '{org_id,end_value,rolled_over}';
			END IF;
		ELSIF OLD.until_at IS NULL THEN
			may := '{org_id,multiplier,until_at,ended_by}';
		END IF;
		IF to_jsonb(OLD) - may = to_jsonb(NEW) - may THEN
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'rows of billing.% are ended, not changed', TG_TABLE_NAME
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'remove_meter() and exchange_meter() end an installation.';
END $$;
COMMENT ON FUNCTION billing._guard_install() IS 'trigger: an installation ends once, else it stays as it is';

CREATE FUNCTION billing._begin_installs()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: meters become installed by this alone, for who may write them and what they are put into.
DECLARE
	bad		record;
	moved	bigint;
	wanted	bigint;
BEGIN
	IF TG_TABLE_NAME = 'meter_install' THEN
		-- two sessions at one point: the second waits, then finds what the first has done
		PERFORM FROM billing.service_point p WHERE (p.account_id, p.part) IN (SELECT n.account_id, n.part FROM new_rows n)
		  ORDER BY p.account_id, p.part FOR NO KEY UPDATE;
		SELECT n.part, n.from_at, n.meter_no, o.meter_no AS other_no, o.from_at AS other_from, o.until_at AS other_until INTO bad
		  FROM new_rows n
		 -- point by point, by the key: a table that is being filled seems small
		 CROSS JOIN LATERAL (SELECT i.meter_no, i.from_at, i.until_at FROM billing.meter_install i
							  WHERE i.account_id = n.account_id AND i.part = n.part AND i.role = 'main' AND (i.from_at, i.meter_id) <> (n.from_at, n.meter_id)
								AND tstzrange(i.from_at, i.until_at) && tstzrange(n.from_at, n.until_at) OFFSET 0) o
		 WHERE n.role = 'main' LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'meter % counts there already', bad.other_no
				USING ERRCODE = 'UB702', DETAIL = format('At part "%s" from %s%s; meter %s would from %s.', bad.part, billing._moment(bad.other_from), coalesce(' to ' || billing._moment(bad.other_until), ''), bad.meter_no, billing._moment(bad.from_at)),
					  HINT = 'exchange_meter() puts another in its place; a second one is installed with role "check".';
		END IF;
		SELECT p.part, n.meter_no, p.from_on, p.until_on INTO bad FROM new_rows n JOIN billing.service_point p ON p.account_id = n.account_id AND p.part = n.part
		 -- by days, and a day to spare for the time zone
		 WHERE (n.from_at AT TIME ZONE 'UTC')::date < p.from_on - 1 OR (coalesce(n.until_at, 'infinity') AT TIME ZONE 'UTC')::date > p.until_on + 1 LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'the service point is not there all the time'
				USING ERRCODE = 'UB705', DETAIL = format('Part "%s" is there from %s%s; it is about meter %s.', bad.part, to_char(bad.from_on, 'YYYY-MM-DD'), coalesce(' to ' || to_char(bad.until_on, 'YYYY-MM-DD'), ''), bad.meter_no);
		END IF;
	END IF;
	PERFORM FROM billing.meter m WHERE m.meter_id IN (SELECT n.meter_id FROM new_rows n) ORDER BY m.meter_id FOR NO KEY UPDATE;
	/*
	 * Where a meter has been stands in its own row, since its other places may
	 * be nobody's business here: it is free from a moment on.
	 */
	SELECT o.* INTO bad FROM (
		SELECT n.meter_no, n.from_at, n.begun_by, m.meter_id AS found, m.due_on, n.until_at, lag(n.meter_id) OVER w IS NULL AS is_first,
			   lag(coalesce(n.until_at, 'infinity'), 1, m.free_from) OVER w AS free_from,
			   lag(CASE WHEN n.until_at IS NULL OR n.ended_by IN ('ratio', 'transfer') THEN 'installed' ELSE 'in_stock' END, 1, m.state) OVER w AS state
		  FROM new_rows n LEFT JOIN billing.meter m ON m.meter_id = n.meter_id
		WINDOW w AS (PARTITION BY n.meter_id ORDER BY n.from_at)) o
	 WHERE o.found IS NULL OR o.from_at < o.free_from OR o.state <> CASE WHEN o.begun_by IN ('ratio', 'transfer') THEN 'installed' ELSE 'in_stock' END
		OR (o.begun_by IN ('ratio', 'transfer') AND o.from_at <> o.free_from)
		OR (o.begun_by IN ('install', 'exchange') AND o.until_at IS NULL AND o.due_on <= (o.from_at AT TIME ZONE 'UTC')::date) LIMIT 1;
	IF FOUND THEN
		IF bad.found IS NULL THEN
			PERFORM billing._not_found(format('meter %s', bad.meter_no));
		ELSIF bad.state <> (CASE WHEN bad.begun_by IN ('ratio', 'transfer') THEN 'installed' ELSE 'in_stock' END) THEN
			RAISE EXCEPTION 'meter % is %, not in_stock', bad.meter_no, bad.state
				USING ERRCODE = 'UB701', HINT = billing._possible_steps(bad.state);
		ELSIF bad.from_at < bad.free_from OR bad.begun_by IN ('ratio', 'transfer') THEN
			RAISE EXCEPTION 'meter % is somewhere else at that time', bad.meter_no
				USING ERRCODE = 'UB702', DETAIL = format('It is free from %s; it would be installed from %s.', billing._moment(bad.free_from), billing._moment(bad.from_at));
		END IF;
		RAISE EXCEPTION 'the verification of meter % has run out', bad.meter_no
			USING ERRCODE = 'UB704', DETAIL = format('It was due on %s.', to_char(bad.due_on, 'YYYY-MM-DD')), HINT = 'record_meter_test() keeps a new one.';
	END IF;
	UPDATE billing.meter m SET state = l.state, free_from = greatest(m.free_from, l.free_from), org_id = l.org_id
	  FROM (SELECT DISTINCT ON (n.meter_id) n.meter_id, n.org_id, max(n.until_at) OVER (PARTITION BY n.meter_id) AS free_from,
				   CASE WHEN n.until_at IS NULL OR n.ended_by IN ('ratio', 'transfer') THEN 'installed' ELSE 'in_stock' END AS state
			  FROM new_rows n ORDER BY n.meter_id, n.from_at DESC) l
	 WHERE m.meter_id = l.meter_id;
	GET DIAGNOSTICS moved = ROW_COUNT;
	SELECT count(DISTINCT n.meter_id) INTO wanted FROM new_rows n;
	IF moved <> wanted THEN
		PERFORM billing._not_found('one of the meters');
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._begin_installs() IS
'trigger: what is installed was in stock, is in one place at a time, and goes to the org of that place; a point has one main meter at a time';

CREATE FUNCTION billing._end_installs()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as _begin_installs().
BEGIN
	UPDATE billing.meter m SET state = CASE WHEN n.ended_by IN ('ratio', 'transfer') THEN 'installed' ELSE 'removed' END, free_from = n.until_at
	  FROM new_rows n JOIN old_rows o ON o.meter_id = n.meter_id AND o.from_at = n.from_at
	 WHERE o.until_at IS NULL AND n.until_at IS NOT NULL AND m.meter_id = n.meter_id;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._end_installs() IS 'trigger: a meter whose installation ends is removed, unless it stays where it is';

CREATE FUNCTION billing._check_install_registers()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	SELECT n.register, i.meter_no, t.digits, t.decimals, v.value INTO bad
	  FROM new_rows n
	  JOIN billing.meter_install i ON i.account_id = n.account_id AND i.part = n.part AND i.from_at = n.from_at AND i.meter_id = n.meter_id
	  LEFT JOIN billing.meter_type_register t ON t.meter_type_id = i.meter_type_id AND t.register = n.register
	 CROSS JOIN LATERAL (VALUES (n.start_value), (n.end_value)) v(value)
	 WHERE t.register IS NULL OR v.value >= 10::numeric ^ t.digits OR v.value <> round(v.value, t.decimals) LIMIT 1;
	IF FOUND THEN
		PERFORM billing._refuse_value(bad.meter_no, bad.register, bad.value, bad.digits, bad.decimals);
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._check_install_registers() IS 'trigger: a register is one of the meter''s type, and shows what it can';

CREATE FUNCTION billing._refuse_value(meter_no text, register text, value numeric, digits smallint, decimals smallint)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF digits IS NULL THEN
		RAISE EXCEPTION 'meter % has no register "%"', meter_no, register
			USING ERRCODE = 'UB703', HINT = 'billing.meter_type_register has those of its type.';
	END IF;
	RAISE EXCEPTION 'meter % cannot show % in register "%"', meter_no, trim_scale(value), register
		USING ERRCODE = 'UB703', DETAIL = format('It has %s digits and %s decimals.', digits, decimals), HINT = 'A reading is what the meter shows, before the multiplier.';
END $$;
COMMENT ON FUNCTION billing._refuse_value(text, text, numeric, smallint, smallint) IS 'raises: a register that is not there, or cannot show this';

CREATE FUNCTION billing._guard_service_point()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	may	text[] := '{org_id,state,disconnected_for,until_on,voltage_v,metered_at,area_id,feeder_id,placed_on,point_code}';
BEGIN
	IF TG_OP = 'UPDATE' THEN
		IF OLD.state = 'ended' THEN
			may := '{org_id}';
		END IF;
		IF to_jsonb(OLD) - may = to_jsonb(NEW) - may THEN
			IF NEW.state = 'ended' AND OLD.state <> 'ended' AND EXISTS (SELECT FROM billing.meter_install i
					WHERE i.account_id = NEW.account_id AND i.part = NEW.part AND i.until_at IS NULL) THEN
				RAISE EXCEPTION 'a meter is installed at part "%"', NEW.part
					USING ERRCODE = 'UB705', HINT = 'remove_meter() first.';
			END IF;
			RETURN NEW;
		END IF;
	END IF;
	RAISE EXCEPTION 'a service point that has ended stays as it is, and none is deleted'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'A new account goes on with the point, under the same point_code.';
END $$;
COMMENT ON FUNCTION billing._guard_service_point() IS 'trigger: the life of service points, for everybody';

CREATE FUNCTION billing._move_equipment()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: what is installed follows its account to another org, for who may write at both.
BEGIN
	UPDATE billing.meter m SET org_id = NEW.org_id
	 WHERE m.meter_id IN (SELECT i.meter_id FROM billing.meter_install i WHERE i.account_id = NEW.account_id AND i.until_at IS NULL);
	UPDATE billing.instrument_transformer t SET org_id = NEW.org_id
	 WHERE t.transformer_id IN (SELECT i.transformer_id FROM billing.transformer_install i WHERE i.account_id = NEW.account_id AND i.until_at IS NULL);
	UPDATE billing.equipment_fault f SET org_id = NEW.org_id
	 WHERE f.meter_id IN (SELECT i.meter_id FROM billing.meter_install i WHERE i.account_id = NEW.account_id AND i.until_at IS NULL)
		OR f.transformer_id IN (SELECT i.transformer_id FROM billing.transformer_install i WHERE i.account_id = NEW.account_id AND i.until_at IS NULL);
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._move_equipment() IS 'trigger: the org of what is installed at an account is the account''s';
