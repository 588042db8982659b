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
	may	text[] := '{org_id,state,until_on,voltage_v,metered_at,area_id,feeder_id,placed_on,point_code}';
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

-- ---- the grid ----

CREATE FUNCTION billing.add_station(org_no text, station_no text, name text, voltage_v integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the org.
DECLARE
	at_org	bigint := billing._org_of(add_station.org_no, 'write', 'supply');
	made	bigint;
BEGIN
	INSERT INTO billing.station AS s (org_id, station_no, name, voltage_v)
	VALUES (at_org, add_station.station_no, add_station.name, add_station.voltage_v) RETURNING s.station_id INTO made;
	PERFORM billing._audit(at_org, 'add_station', format('station %s', add_station.station_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_station(text, text, text, integer) IS 'a substation 变电站 that an org runs; returns station_id';

-- Rows of the grid by their number; what is closed carries nothing new.
CREATE FUNCTION billing._station_of(station_no text, action text, day date DEFAULT '-infinity')
RETURNS billing.station
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_row	billing.station;
BEGIN
	SELECT s.* INTO found_row FROM billing.station s
	 WHERE s.station_no = _station_of.station_no AND billing.can_do(_station_of.action, 'supply', s.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('station %s', _station_of.station_no));
	ELSIF found_row.closed_on <= _station_of.day THEN
		RAISE EXCEPTION 'station % is closed', _station_of.station_no USING ERRCODE = 'UB705', DETAIL = format('Since %s.', to_char(found_row.closed_on, 'YYYY-MM-DD'));
	END IF;
	RETURN found_row;
END $$;
COMMENT ON FUNCTION billing._station_of(text, text, date) IS 'the station of this number where the actor has the right, open on the day';

CREATE FUNCTION billing._feeder_of(feeder_no text, action text, day date DEFAULT '-infinity')
RETURNS billing.feeder
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_row	billing.feeder;
BEGIN
	IF _feeder_of.feeder_no IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT f.* INTO found_row FROM billing.feeder f
	 WHERE f.feeder_no = _feeder_of.feeder_no AND billing.can_do(_feeder_of.action, 'supply', f.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('feeder %s', _feeder_of.feeder_no));
	ELSIF found_row.closed_on <= _feeder_of.day THEN
		RAISE EXCEPTION 'feeder % is closed', _feeder_of.feeder_no USING ERRCODE = 'UB705', DETAIL = format('Since %s.', to_char(found_row.closed_on, 'YYYY-MM-DD'));
	END IF;
	RETURN found_row;
END $$;
COMMENT ON FUNCTION billing._feeder_of(text, text, date) IS 'the feeder of this number where the actor has the right, open on the day; null: none';

CREATE FUNCTION billing._area_of(area_no text, action text, day date DEFAULT '-infinity')
RETURNS billing.transformer_area
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_row	billing.transformer_area;
BEGIN
	IF _area_of.area_no IS NULL THEN
		RETURN NULL;
	END IF;
	SELECT a.* INTO found_row FROM billing.transformer_area a
	 WHERE a.area_no = _area_of.area_no AND billing.can_do(_area_of.action, 'supply', a.org_id);
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('transformer area %s', _area_of.area_no));
	ELSIF found_row.closed_on <= _area_of.day THEN
		RAISE EXCEPTION 'transformer area % is closed', _area_of.area_no USING ERRCODE = 'UB705', DETAIL = format('Since %s.', to_char(found_row.closed_on, 'YYYY-MM-DD'));
	END IF;
	RETURN found_row;
END $$;
COMMENT ON FUNCTION billing._area_of(text, text, date) IS 'the transformer area of this number where the actor has the right, open on the day; null: none';

CREATE FUNCTION billing._check_after(what text, placed_on date, day date)
RETURNS void
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF NOT coalesce(isfinite(day), false) THEN
		RAISE EXCEPTION 'a change happens on a day' USING ERRCODE = 'invalid_parameter_value';
	ELSIF day <= placed_on THEN
		RAISE EXCEPTION '% is where it is since %', what, to_char(placed_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB705', DETAIL = format('The change is for %s.', to_char(day, 'YYYY-MM-DD')), HINT = 'Changes are entered in their order.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_after(text, date, date) IS 'raises where a change would be before the last one';

CREATE FUNCTION billing.add_feeder(org_no text, feeder_no text, name text, voltage_v integer, station_no text, placed_on date)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station(); the station must be one the caller may read.
DECLARE
	at_org	bigint := billing._org_of(add_feeder.org_no, 'write', 'supply');
	station	billing.station := billing._station_of(add_feeder.station_no, 'read', add_feeder.placed_on);
	made	bigint;
BEGIN
	INSERT INTO billing.feeder AS f (org_id, feeder_no, name, voltage_v, station_id, placed_on)
	VALUES (at_org, add_feeder.feeder_no, add_feeder.name, add_feeder.voltage_v, station.station_id, add_feeder.placed_on) RETURNING f.feeder_id INTO made;
	PERFORM billing._audit(at_org, 'add_feeder', format('feeder %s', add_feeder.feeder_no), jsonb_build_object('station_no', add_feeder.station_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_feeder(text, text, text, integer, text, date) IS 'a line 线路, fed by a station from placed_on on; returns feeder_id';

CREATE FUNCTION billing.move_feeder(feeder_no text, station_no text, moved_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	feeder	billing.feeder := billing._feeder_of(move_feeder.feeder_no, 'write', move_feeder.moved_on);
	station	billing.station := billing._station_of(move_feeder.station_no, 'read', move_feeder.moved_on);
BEGIN
	SELECT f.* INTO feeder FROM billing.feeder f WHERE f.feeder_id = feeder.feeder_id FOR NO KEY UPDATE;
	PERFORM billing._check_after(format('feeder %s', move_feeder.feeder_no), feeder.placed_on, move_feeder.moved_on);
	INSERT INTO billing.feeder_place (feeder_id, from_on, until_on, org_id, station_id)
	VALUES (feeder.feeder_id, feeder.placed_on, move_feeder.moved_on, feeder.org_id, feeder.station_id);
	UPDATE billing.feeder f SET station_id = station.station_id, placed_on = move_feeder.moved_on WHERE f.feeder_id = feeder.feeder_id;
	PERFORM billing._audit(feeder.org_id, 'move_feeder', format('feeder %s', move_feeder.feeder_no),
		jsonb_build_object('station_no', move_feeder.station_no, 'moved_on', move_feeder.moved_on));
END $$;
COMMENT ON FUNCTION billing.move_feeder(text, text, date) IS 'from a day on the feeder is fed by another station; where it was stays known';

CREATE FUNCTION billing.add_transformer_area(org_no text, area_no text, name text, rating_kva numeric, feeder_no text, placed_on date, kind text DEFAULT 'public')
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	at_org	bigint := billing._org_of(add_transformer_area.org_no, 'write', 'supply');
	feeder	billing.feeder := billing._feeder_of(add_transformer_area.feeder_no, 'read', add_transformer_area.placed_on);
	made	bigint;
BEGIN
	INSERT INTO billing.transformer_area AS a (org_id, area_no, name, kind, rating_kva, feeder_id, placed_on)
	VALUES (at_org, add_transformer_area.area_no, add_transformer_area.name, add_transformer_area.kind, add_transformer_area.rating_kva, feeder.feeder_id,
			add_transformer_area.placed_on)
	RETURNING a.area_id INTO made;
	PERFORM billing._audit(at_org, 'add_transformer_area', format('transformer area %s', add_transformer_area.area_no),
		jsonb_build_object('feeder_no', add_transformer_area.feeder_no, 'rating_kva', add_transformer_area.rating_kva));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_transformer_area(text, text, text, numeric, text, date, text) IS
'a transformer and its area 台区, public or dedicated to one customer, on a feeder from placed_on on; returns area_id';

CREATE FUNCTION billing.move_area(area_no text, moved_on date, feeder_no text DEFAULT NULL, rating_kva numeric DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_transformer_area().
DECLARE
	area	billing.transformer_area := billing._area_of(move_area.area_no, 'write', move_area.moved_on);
	feeder	billing.feeder := billing._feeder_of(move_area.feeder_no, 'read', move_area.moved_on);
BEGIN
	IF area.area_id IS NULL OR (move_area.feeder_no IS NULL AND move_area.rating_kva IS NULL) THEN
		RAISE EXCEPTION 'it lacks which transformer area is to change, and how' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give another feeder, another rating, or both.';
	END IF;
	SELECT a.* INTO area FROM billing.transformer_area a WHERE a.area_id = area.area_id FOR NO KEY UPDATE;
	PERFORM billing._check_after(format('transformer area %s', move_area.area_no), area.placed_on, move_area.moved_on);
	INSERT INTO billing.area_place (area_id, from_on, until_on, org_id, feeder_id, rating_kva)
	VALUES (area.area_id, area.placed_on, move_area.moved_on, area.org_id, area.feeder_id, area.rating_kva);
	UPDATE billing.transformer_area a
	   SET feeder_id = coalesce(feeder.feeder_id, a.feeder_id), rating_kva = coalesce(move_area.rating_kva, a.rating_kva), placed_on = move_area.moved_on
	 WHERE a.area_id = area.area_id;
	PERFORM billing._audit(area.org_id, 'move_area', format('transformer area %s', move_area.area_no),
		jsonb_strip_nulls(jsonb_build_object('moved_on', move_area.moved_on, 'feeder_no', move_area.feeder_no, 'rating_kva', move_area.rating_kva)));
END $$;
COMMENT ON FUNCTION billing.move_area(text, date, text, numeric) IS
'from a day on a transformer area is on another feeder, or has another rating; what was before stays known';

CREATE FUNCTION billing._refuse_close(what text, holds text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	IF holds IS NOT NULL THEN
		RAISE EXCEPTION '% still carries something', what
			USING ERRCODE = 'UB705', DETAIL = format('Such as %s.', holds), HINT = 'Move it elsewhere first, or end it.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._refuse_close(text, text) IS 'raises where a part of the grid is in use';

CREATE FUNCTION billing.close_station(station_no text, closed_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	station	billing.station := billing._station_of(close_station.station_no, 'write', close_station.closed_on);
BEGIN
	-- whoever puts a feeder there holds its key
	PERFORM FROM billing.station s WHERE s.station_id = station.station_id FOR UPDATE;
	PERFORM billing._refuse_close(format('station %s', close_station.station_no),
		(SELECT format('feeder %s', f.feeder_no) FROM billing.feeder f WHERE f.station_id = station.station_id AND f.closed_on IS NULL LIMIT 1));
	UPDATE billing.station s SET closed_on = close_station.closed_on WHERE s.station_id = station.station_id;
	PERFORM billing._audit(station.org_id, 'close_station', format('station %s', close_station.station_no), jsonb_build_object('closed_on', close_station.closed_on));
END $$;
COMMENT ON FUNCTION billing.close_station(text, date) IS 'a station that feeds nothing any more';

CREATE FUNCTION billing.close_feeder(feeder_no text, closed_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	feeder	billing.feeder := billing._feeder_of(close_feeder.feeder_no, 'write', close_feeder.closed_on);
BEGIN
	PERFORM FROM billing.feeder f WHERE f.feeder_id = feeder.feeder_id FOR UPDATE;
	PERFORM billing._refuse_close(format('feeder %s', close_feeder.feeder_no), coalesce(
		(SELECT format('transformer area %s', a.area_no) FROM billing.transformer_area a WHERE a.feeder_id = feeder.feeder_id AND a.closed_on IS NULL LIMIT 1),
		(SELECT format('gateway meter %s', g.meter_no) FROM billing.gateway_meter g WHERE g.feeder_id = feeder.feeder_id AND g.until_at IS NULL LIMIT 1),
		(SELECT format('a service point of account %s', a.account_no) FROM billing.service_point p JOIN billing.account a ON a.account_id = p.account_id
		  WHERE p.feeder_id = feeder.feeder_id AND p.until_on IS NULL LIMIT 1)));
	UPDATE billing.feeder f SET closed_on = close_feeder.closed_on WHERE f.feeder_id = feeder.feeder_id;
	PERFORM billing._audit(feeder.org_id, 'close_feeder', format('feeder %s', close_feeder.feeder_no), jsonb_build_object('closed_on', close_feeder.closed_on));
END $$;
COMMENT ON FUNCTION billing.close_feeder(text, date) IS 'a feeder that carries nothing any more';

CREATE FUNCTION billing.close_area(area_no text, closed_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_transformer_area().
DECLARE
	area	billing.transformer_area := billing._area_of(close_area.area_no, 'write', close_area.closed_on);
BEGIN
	PERFORM FROM billing.transformer_area a WHERE a.area_id = area.area_id FOR UPDATE;
	PERFORM billing._refuse_close(format('transformer area %s', close_area.area_no), coalesce(
		(SELECT format('gateway meter %s', g.meter_no) FROM billing.gateway_meter g WHERE g.area_id = area.area_id AND g.until_at IS NULL LIMIT 1),
		(SELECT format('a service point of account %s', a.account_no) FROM billing.service_point p JOIN billing.account a ON a.account_id = p.account_id
		  WHERE p.area_id = area.area_id AND p.until_on IS NULL LIMIT 1)));
	UPDATE billing.transformer_area a SET closed_on = close_area.closed_on WHERE a.area_id = area.area_id;
	PERFORM billing._audit(area.org_id, 'close_area', format('transformer area %s', close_area.area_no), jsonb_build_object('closed_on', close_area.closed_on));
END $$;
COMMENT ON FUNCTION billing.close_area(text, date) IS 'a transformer area that supplies nobody any more';

-- ---- service points ----

CREATE FUNCTION billing._point_of(account_no text, part text)
RETURNS billing.service_point
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	found_id	bigint := billing._account_of(_point_of.account_no, 'write', 'supply');
	point		billing.service_point;
BEGIN
	-- the head first: the order in which everybody locks
	PERFORM FROM billing.account_head h WHERE h.account_id = found_id FOR NO KEY UPDATE;
	SELECT p.* INTO point FROM billing.service_point p WHERE p.account_id = found_id AND p.part = _point_of.part FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'account % has no service point "%"', _point_of.account_no, _point_of.part
			USING ERRCODE = 'no_data_found', HINT = 'add_service_point() adds it.';
	ELSIF point.state = 'ended' THEN
		RAISE EXCEPTION 'service point "%" of account % has ended', _point_of.part, _point_of.account_no
			USING ERRCODE = 'UB705', DETAIL = format('On %s.', to_char(point.until_on, 'YYYY-MM-DD'));
	END IF;
	RETURN point;
END $$;
COMMENT ON FUNCTION billing._point_of(text, text) IS 'a service point, locked with its account, where the actor may write supply';

CREATE FUNCTION billing.add_service_point(account_no text, part text DEFAULT 'main', point_code text DEFAULT NULL, area_no text DEFAULT NULL,
	feeder_no text DEFAULT NULL, from_on date DEFAULT NULL, voltage_v integer DEFAULT NULL, metered_at text DEFAULT 'low', purpose text DEFAULT 'billing')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the account's org; area or feeder must be such as the caller may read.
DECLARE
	found_id	bigint := billing._account_of(add_service_point.account_no, 'write', 'supply');
	account		record;
	begin_on	date;
	area		billing.transformer_area;
	feeder		billing.feeder;
BEGIN
	SELECT h.org_id, a.opened_on INTO account FROM billing.account a JOIN billing.account_head h ON h.account_id = a.account_id
	 WHERE a.account_id = found_id FOR NO KEY UPDATE OF h;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('account %s', add_service_point.account_no));
	END IF;
	begin_on := coalesce(add_service_point.from_on, account.opened_on);
	IF begin_on < account.opened_on THEN
		RAISE EXCEPTION 'account % is there from % on', add_service_point.account_no, to_char(account.opened_on, 'YYYY-MM-DD')
			USING ERRCODE = 'UB705', DETAIL = format('The service point would be from %s.', to_char(begin_on, 'YYYY-MM-DD'));
	END IF;
	area := billing._area_of(add_service_point.area_no, 'read', begin_on);
	feeder := billing._feeder_of(add_service_point.feeder_no, 'read', begin_on);
	INSERT INTO billing.service_point (account_id, part, org_id, point_code, purpose, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on)
	VALUES (found_id, add_service_point.part, account.org_id, add_service_point.point_code, add_service_point.purpose, add_service_point.voltage_v,
			add_service_point.metered_at, area.area_id, feeder.feeder_id, begin_on, begin_on);
	PERFORM billing._audit(account.org_id, 'add_service_point', format('account %s', add_service_point.account_no),
		jsonb_strip_nulls(jsonb_build_object('part', add_service_point.part, 'point_code', add_service_point.point_code, 'area_no', add_service_point.area_no,
			'feeder_no', add_service_point.feeder_no, 'from_on', begin_on)));
END $$;
COMMENT ON FUNCTION billing.add_service_point(text, text, text, text, text, date, integer, text, text) IS
'where an account is supplied and metered 计量点: part is the name that its readings carry, point_code the number by which others know it; '
'in a transformer area, or on a feeder; from a day on, else from the account''s first; metered_at high or low voltage; purpose billing or check';

CREATE FUNCTION billing.move_service_point(account_no text, moved_on date, area_no text DEFAULT NULL, feeder_no text DEFAULT NULL, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(move_service_point.account_no, move_service_point.part);
	area	billing.transformer_area := billing._area_of(move_service_point.area_no, 'read', move_service_point.moved_on);
	feeder	billing.feeder := billing._feeder_of(move_service_point.feeder_no, 'read', move_service_point.moved_on);
BEGIN
	IF (area.area_id IS NULL) = (feeder.feeder_id IS NULL) THEN
		RAISE EXCEPTION 'a service point hangs in an area or on a feeder' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give one of the two.';
	END IF;
	PERFORM billing._check_after(format('service point "%s"', point.part), point.placed_on, move_service_point.moved_on);
	INSERT INTO billing.service_point_place (account_id, part, from_on, until_on, org_id, area_id, feeder_id)
	VALUES (point.account_id, point.part, point.placed_on, move_service_point.moved_on, point.org_id, point.area_id, point.feeder_id);
	UPDATE billing.service_point p SET area_id = area.area_id, feeder_id = feeder.feeder_id, placed_on = move_service_point.moved_on
	 WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'move_service_point', format('account %s', move_service_point.account_no),
		jsonb_strip_nulls(jsonb_build_object('part', point.part, 'moved_on', move_service_point.moved_on, 'area_no', move_service_point.area_no, 'feeder_no', move_service_point.feeder_no)));
END $$;
COMMENT ON FUNCTION billing.move_service_point(text, date, text, text, text) IS
'from a day on a service point hangs in another area, or on another feeder; where it was stays known, so that the losses of a month are those of its grid';

CREATE FUNCTION billing.number_service_point(account_no text, point_code text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(number_service_point.account_no, number_service_point.part);
BEGIN
	UPDATE billing.service_point p SET point_code = number_service_point.point_code WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'number_service_point', format('account %s', number_service_point.account_no),
		jsonb_build_object('part', point.part, 'point_code', number_service_point.point_code, 'was', point.point_code));
END $$;
COMMENT ON FUNCTION billing.number_service_point(text, text, text) IS 'the number by which others know a service point, where it was not known or is another; the one before is in the audit trail';

CREATE FUNCTION billing.disconnect_service_point(account_no text, reason text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(disconnect_service_point.account_no, disconnect_service_point.part);
BEGIN
	UPDATE billing.service_point p SET state = 'disconnected' WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'disconnect_service_point', format('account %s', disconnect_service_point.account_no),
		jsonb_build_object('part', point.part, 'reason', disconnect_service_point.reason));
END $$;
COMMENT ON FUNCTION billing.disconnect_service_point(text, text, text) IS 'the supply of a point is cut 停电, for a reason; it and its meter stay';

CREATE FUNCTION billing.reconnect_service_point(account_no text, reason text, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(reconnect_service_point.account_no, reconnect_service_point.part);
BEGIN
	UPDATE billing.service_point p SET state = 'active' WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'reconnect_service_point', format('account %s', reconnect_service_point.account_no),
		jsonb_build_object('part', point.part, 'reason', reconnect_service_point.reason));
END $$;
COMMENT ON FUNCTION billing.reconnect_service_point(text, text, text) IS 'a point is supplied again 复电';

CREATE FUNCTION billing.end_service_point(account_no text, until_on date, part text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_service_point().
DECLARE
	point	billing.service_point := billing._point_of(end_service_point.account_no, end_service_point.part);
BEGIN
	PERFORM billing._check_after(format('service point "%s"', point.part), point.placed_on, end_service_point.until_on);
	UPDATE billing.service_point p SET state = 'ended', until_on = end_service_point.until_on WHERE p.account_id = point.account_id AND p.part = point.part;
	PERFORM billing._audit(point.org_id, 'end_service_point', format('account %s', end_service_point.account_no),
		jsonb_build_object('part', point.part, 'until_on', end_service_point.until_on));
END $$;
COMMENT ON FUNCTION billing.end_service_point(text, date, text) IS 'a service point is given up; its meters are removed before';

-- ---- assets ----

CREATE FUNCTION billing.add_meter_type(type_code text, maker text, model text, phases integer, voltage_v integer, basic_current_a numeric, max_current_a numeric,
	accuracy text, registers jsonb, reactive_accuracy text DEFAULT NULL, pulses_per_kwh integer DEFAULT NULL, verify_months integer DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: types are everybody's, so who writes them may do so everywhere.
DECLARE
	made	bigint;
BEGIN
	PERFORM billing._check_everywhere('write', 'supply');
	IF jsonb_typeof(add_meter_type.registers) IS DISTINCT FROM 'object' OR add_meter_type.registers = '{}' THEN
		RAISE EXCEPTION 'a meter type has registers'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"total": {"digits": 6, "decimals": 2, "unit": "kWh"}}.';
	END IF;
	INSERT INTO billing.meter_type AS t (type_code, maker, model, phases, voltage_v, basic_current_a, max_current_a, accuracy, reactive_accuracy, pulses_per_kwh, verify_months)
	VALUES (add_meter_type.type_code, add_meter_type.maker, add_meter_type.model, add_meter_type.phases::smallint, add_meter_type.voltage_v, add_meter_type.basic_current_a,
			add_meter_type.max_current_a, add_meter_type.accuracy, add_meter_type.reactive_accuracy, add_meter_type.pulses_per_kwh, add_meter_type.verify_months)
	RETURNING t.meter_type_id INTO made;
	INSERT INTO billing.meter_type_register (meter_type_id, register, digits, decimals, unit)
	SELECT made, e.key, (e.value ->> 'digits')::smallint, coalesce((e.value ->> 'decimals')::smallint, 0::smallint), coalesce(e.value ->> 'unit', 'kWh')
	  FROM jsonb_each(add_meter_type.registers) e;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_meter_type(text, text, text, integer, integer, numeric, numeric, text, jsonb, text, integer, integer) IS
'a type of meters with its registers, as {"total": {"digits": 6, "decimals": 2, "unit": "kWh"}}; verify_months: so long a verification holds; '
'needs write on supply everywhere; returns meter_type_id';

CREATE FUNCTION billing.add_meter(org_no text, meter_no text, type_code text, verified_on date DEFAULT NULL, due_on date DEFAULT NULL,
	made_on date DEFAULT NULL, seals text[] DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	at_org	bigint := billing._org_of(add_meter.org_no, 'write', 'supply');
	type	record;
	made	bigint;
BEGIN
	SELECT t.meter_type_id, t.verify_months INTO type FROM billing.meter_type t WHERE t.type_code = add_meter.type_code;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('meter type %s', add_meter.type_code));
	END IF;
	INSERT INTO billing.meter AS m (org_id, meter_no, meter_type_id, made_on, verified_on, due_on, seals)
	VALUES (at_org, add_meter.meter_no, type.meter_type_id, add_meter.made_on, add_meter.verified_on,
			coalesce(add_meter.due_on, (add_meter.verified_on + make_interval(months => type.verify_months))::date), coalesce(add_meter.seals, '{}'))
	RETURNING m.meter_id INTO made;
	PERFORM billing._audit(at_org, 'add_meter', format('meter %s', add_meter.meter_no), jsonb_build_object('type_code', add_meter.type_code));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_meter(text, text, text, date, date, date, text[]) IS
'a meter into the stock of an org; due_on is by default as long after verified_on as its type says; returns meter_id';

CREATE FUNCTION billing.add_instrument_transformer(org_no text, transformer_no text, kind text, rated_primary numeric, rated_secondary numeric, accuracy text,
	maker text DEFAULT '', model text DEFAULT '', verified_on date DEFAULT NULL, due_on date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	at_org	bigint := billing._org_of(add_instrument_transformer.org_no, 'write', 'supply');
	made	bigint;
BEGIN
	INSERT INTO billing.instrument_transformer AS t (org_id, transformer_no, kind, maker, model, rated_primary, rated_secondary, accuracy, verified_on, due_on)
	VALUES (at_org, add_instrument_transformer.transformer_no, add_instrument_transformer.kind, add_instrument_transformer.maker, add_instrument_transformer.model,
			add_instrument_transformer.rated_primary, add_instrument_transformer.rated_secondary, add_instrument_transformer.accuracy,
			add_instrument_transformer.verified_on, add_instrument_transformer.due_on)
	RETURNING t.transformer_id INTO made;
	PERFORM billing._audit(at_org, 'add_instrument_transformer', format('instrument transformer %s', add_instrument_transformer.transformer_no),
		jsonb_build_object('kind', add_instrument_transformer.kind));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_instrument_transformer(text, text, text, numeric, numeric, text, text, text, date, date) IS
'a current (ct) or voltage (pt) transformer 互感器 into the stock of an org, with its ratio as 400 and 5, or 10000 and 100; returns transformer_id';

CREATE FUNCTION billing._meter_of(meter_no text, action text)
RETURNS billing.meter
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	meter	billing.meter;
BEGIN
	SELECT m.* INTO meter FROM billing.meter m
	 WHERE m.meter_no = _meter_of.meter_no AND (_meter_of.action = 'any' OR billing.can_do(_meter_of.action, 'supply', m.org_id)) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('meter %s', _meter_of.meter_no));
	END IF;
	RETURN meter;
END $$;
COMMENT ON FUNCTION billing._meter_of(text, text) IS 'the meter of this number, locked, where the actor has the right; any: where the policies show it to him';

CREATE FUNCTION billing._transformer_of(transformer_no text, action text)
RETURNS billing.instrument_transformer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	transformer	billing.instrument_transformer;
BEGIN
	SELECT t.* INTO transformer FROM billing.instrument_transformer t
	 WHERE t.transformer_no = _transformer_of.transformer_no AND (_transformer_of.action = 'any' OR billing.can_do(_transformer_of.action, 'supply', t.org_id)) FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('instrument transformer %s', _transformer_of.transformer_no));
	END IF;
	RETURN transformer;
END $$;
COMMENT ON FUNCTION billing._transformer_of(text, text) IS 'the instrument transformer of this number, locked, where the actor has the right, or any';

CREATE FUNCTION billing._step_of(what text, state text, step text, org_id bigint)
RETURNS text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	rule	record;
BEGIN
	SELECT s.to_state, s.action INTO rule FROM billing.equipment_steps() s WHERE s.from_state = _step_of.state AND s.step = _step_of.step;
	IF NOT FOUND THEN
		RAISE EXCEPTION '% is %: it cannot take the step "%"', _step_of.what, _step_of.state, _step_of.step
			USING ERRCODE = 'UB701', HINT = billing._possible_steps(_step_of.state);
	ELSIF _step_of.step IN ('install', 'remove', 'pass') THEN
		RAISE EXCEPTION 'the step "%" is not taken by itself', _step_of.step
			USING ERRCODE = 'UB701', HINT = CASE WHEN _step_of.step = 'pass' THEN 'record_meter_test(), pass_transformer() take it.' ELSE 'install_meter(), exchange_meter() and remove_meter() take it.' END;
	ELSIF NOT billing.can_do(rule.action, 'supply', _step_of.org_id) THEN
		RAISE EXCEPTION 'the step "%" needs the right to % supply', _step_of.step, rule.action
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor());
	END IF;
	RETURN rule.to_state;
END $$;
COMMENT ON FUNCTION billing._step_of(text, text, text, bigint) IS 'the state to which a step leads, where it is possible and the actor has the right';

CREATE FUNCTION billing.step_meter(meter_no text, step text, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who has the right that the step needs.
DECLARE
	meter	billing.meter := billing._meter_of(step_meter.meter_no, 'read');
	becomes	text := billing._step_of(format('meter %s', meter.meter_no), meter.state, step_meter.step, meter.org_id);
BEGIN
	UPDATE billing.meter m SET state = becomes WHERE m.meter_id = meter.meter_id;
	INSERT INTO billing.equipment_event (org_id, meter_id, step, from_state, to_state, note)
	VALUES (meter.org_id, meter.meter_id, step_meter.step, meter.state, becomes, step_meter.note);
	PERFORM billing._audit(meter.org_id, 'step_meter', format('meter %s', meter.meter_no), jsonb_build_object('step', step_meter.step, 'note', step_meter.note));
	RETURN becomes;
END $$;
COMMENT ON FUNCTION billing.step_meter(text, text, text) IS
'takes a meter one step on in its life: test, repair, scrap (needs approve on supply); which is possible when is in equipment_steps(); returns the new state';

CREATE FUNCTION billing.step_transformer(transformer_no text, step text, note text DEFAULT '')
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	transformer	billing.instrument_transformer := billing._transformer_of(step_transformer.transformer_no, 'read');
	becomes	text := billing._step_of(format('instrument transformer %s', transformer.transformer_no), transformer.state, step_transformer.step, transformer.org_id);
BEGIN
	UPDATE billing.instrument_transformer t SET state = becomes WHERE t.transformer_id = transformer.transformer_id;
	INSERT INTO billing.equipment_event (org_id, transformer_id, step, from_state, to_state, note)
	VALUES (transformer.org_id, transformer.transformer_id, step_transformer.step, transformer.state, becomes, step_transformer.note);
	PERFORM billing._audit(transformer.org_id, 'step_transformer', format('instrument transformer %s', transformer.transformer_no),
		jsonb_build_object('step', step_transformer.step, 'note', step_transformer.note));
	RETURN becomes;
END $$;
COMMENT ON FUNCTION billing.step_transformer(text, text, text) IS 'takes an instrument transformer one step on in its life, as step_meter()';

CREATE FUNCTION billing.pass_transformer(transformer_no text, verified_on date, due_on date, certificate_no text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	transformer	billing.instrument_transformer := billing._transformer_of(pass_transformer.transformer_no, 'write');
BEGIN
	IF transformer.state IS DISTINCT FROM 'in_test' OR NOT coalesce(isfinite(pass_transformer.verified_on), false) THEN
		RAISE EXCEPTION 'instrument transformer % is %, not in_test', transformer.transformer_no, transformer.state
			USING ERRCODE = 'UB701', HINT = billing._possible_steps(transformer.state);
	END IF;
	UPDATE billing.instrument_transformer t SET state = 'in_stock', verified_on = pass_transformer.verified_on, due_on = pass_transformer.due_on
	 WHERE t.transformer_id = transformer.transformer_id;
	INSERT INTO billing.equipment_event (org_id, transformer_id, step, from_state, to_state, note)
	VALUES (transformer.org_id, transformer.transformer_id, 'pass', 'in_test', 'in_stock', coalesce(pass_transformer.certificate_no, ''));
	PERFORM billing._audit(transformer.org_id, 'pass_transformer', format('instrument transformer %s', transformer.transformer_no),
		jsonb_build_object('verified_on', pass_transformer.verified_on, 'certificate_no', pass_transformer.certificate_no));
END $$;
COMMENT ON FUNCTION billing.pass_transformer(text, date, date, text) IS 'an instrument transformer in test has passed: it goes to stock, verified until due_on';

CREATE FUNCTION billing.move_meters(meter_nos text[], org_no text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply where the meters are and where they go.
DECLARE
	to_org	bigint := billing._org_of(move_meters.org_no, 'write', 'supply');
	missing	text;
	stuck	record;
	moved	bigint;
BEGIN
	SELECT n INTO missing FROM unnest(move_meters.meter_nos) n
	 WHERE NOT EXISTS (SELECT FROM billing.meter m WHERE m.meter_no = n AND billing.can_write(m.org_id, 'supply')) LIMIT 1;
	IF FOUND THEN
		PERFORM billing._not_found(format('meter %s', missing));
	END IF;
	PERFORM FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) ORDER BY m.meter_id FOR NO KEY UPDATE;
	SELECT m.meter_no, m.state INTO stuck FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) AND m.state IN ('installed', 'scrapped') LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'meter % is %', stuck.meter_no, stuck.state USING ERRCODE = 'UB701', HINT = 'An installed meter goes with its account: transfer_account().';
	END IF;
	PERFORM billing._audit(o, 'move_meters', format('%s meters', cardinality(move_meters.meter_nos)), jsonb_build_object('org_no', move_meters.org_no, 'meter_nos', move_meters.meter_nos))
	   FROM (SELECT DISTINCT m.org_id AS o FROM billing.meter m WHERE m.meter_no = ANY (move_meters.meter_nos) UNION SELECT to_org) q;
	UPDATE billing.meter m SET org_id = to_org WHERE m.meter_no = ANY (move_meters.meter_nos);
	GET DIAGNOSTICS moved = ROW_COUNT;
	RETURN moved;
END $$;
COMMENT ON FUNCTION billing.move_meters(text[], text) IS 'gives meters to the stock of another org 调拨; returns how many';

CREATE FUNCTION billing.seal_meter(meter_no text, seals text[])
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	meter	billing.meter := billing._meter_of(seal_meter.meter_no, 'write');
BEGIN
	UPDATE billing.meter m SET seals = seal_meter.seals WHERE m.meter_id = meter.meter_id;
	PERFORM billing._audit(meter.org_id, 'seal_meter', format('meter %s', meter.meter_no), jsonb_build_object('seals', seal_meter.seals, 'were', meter.seals));
END $$;
COMMENT ON FUNCTION billing.seal_meter(text, text[]) IS 'the numbers of the seals that are on a meter now; the ones before are in the audit trail';

CREATE FUNCTION billing.record_meter_test(meter_no text, kind text, tested_on date, limit_percent numeric, points jsonb, defect text DEFAULT '',
	valid_until date DEFAULT NULL, certificate_no text DEFAULT '')
RETURNS boolean
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as step_meter().
DECLARE
	meter	billing.meter := billing._meter_of(record_meter_test.meter_no, 'write');
	row		billing.meter_test;
	holds	integer;
BEGIN
	IF jsonb_typeof(record_meter_test.points) IS DISTINCT FROM 'array' OR EXISTS (SELECT FROM jsonb_array_elements(record_meter_test.points) p
			WHERE jsonb_typeof(p) <> 'object' OR NOT (p ? 'load' AND p ? 'error')) THEN
		RAISE EXCEPTION 'the points of a test are a list'
			USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as [{"load": 100, "power_factor": 1, "error": 0.12}, …]: load and error in percent.';
	END IF;
	IF meter.state = 'scrapped' THEN
		RAISE EXCEPTION 'meter % is scrapped', meter.meter_no USING ERRCODE = 'UB701', HINT = billing._possible_steps(meter.state);
	END IF;
	SELECT array_agg((p ->> 'load')::numeric ORDER BY n), array_agg(coalesce((p ->> 'power_factor')::numeric, 1) ORDER BY n), array_agg((p ->> 'error')::numeric ORDER BY n),
		   coalesce(bool_and(abs((p ->> 'error')::numeric) <= record_meter_test.limit_percent), false)
	  INTO row.loads, row.power_factors, row.errors_percent, row.passed
	  FROM jsonb_array_elements(record_meter_test.points) WITH ORDINALITY q(p, n);
	row.passed := row.passed AND coalesce(record_meter_test.defect, '') = '';
	SELECT t.verify_months INTO holds FROM billing.meter_type t WHERE t.meter_type_id = meter.meter_type_id;
	IF row.passed AND record_meter_test.kind IN ('initial', 'periodic', 'after_repair') THEN
		row.valid_until := coalesce(record_meter_test.valid_until, (record_meter_test.tested_on + make_interval(months => holds))::date);
	END IF;
	INSERT INTO billing.meter_test (meter_id, test_no, org_id, kind, tested_on, limit_percent, loads, power_factors, errors_percent, passed, valid_until, certificate_no, note)
	SELECT meter.meter_id, 1 + count(t.test_no), meter.org_id, record_meter_test.kind, record_meter_test.tested_on, record_meter_test.limit_percent, row.loads, row.power_factors,
		   row.errors_percent, row.passed, row.valid_until, coalesce(record_meter_test.certificate_no, ''), coalesce(record_meter_test.defect, '')
	  FROM billing.meter_test t WHERE t.meter_id = meter.meter_id;
	IF row.passed AND record_meter_test.kind IN ('initial', 'periodic', 'after_repair') THEN
		UPDATE billing.meter m SET verified_on = record_meter_test.tested_on, due_on = row.valid_until,
			   state = CASE m.state WHEN 'in_test' THEN 'in_stock' ELSE m.state END
		 WHERE m.meter_id = meter.meter_id;
		IF meter.state = 'in_test' THEN
			INSERT INTO billing.equipment_event (org_id, meter_id, step, from_state, to_state, note)
			VALUES (meter.org_id, meter.meter_id, 'pass', 'in_test', 'in_stock', coalesce(record_meter_test.certificate_no, ''));
		END IF;
	END IF;
	PERFORM billing._audit(meter.org_id, 'record_meter_test', format('meter %s', meter.meter_no),
		jsonb_build_object('kind', record_meter_test.kind, 'tested_on', record_meter_test.tested_on, 'passed', row.passed));
	RETURN row.passed;
END $$;
COMMENT ON FUNCTION billing.record_meter_test(text, text, date, numeric, jsonb, text, date, text) IS
'keeps a test of a meter: initial, periodic, after_repair (verifications: who passes one is verified anew, and goes from test to stock), '
'on_request, field, after_fault; points is [{"load": 100, "power_factor": 1, "error": 0.12}, …], load and error in percent; it has passed when no '
'error is beyond limit_percent and no defect is named; returns whether';

-- ---- faults ----

CREATE FUNCTION billing._guard_fault()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- it goes with its meter to another org
	IF TG_OP = 'UPDATE' AND (to_jsonb(OLD) - 'org_id' = to_jsonb(NEW) - 'org_id' OR (OLD.closed_at IS NULL
	   AND to_jsonb(OLD) - '{remedy,note,closed_by,closed_at}'::text[] = to_jsonb(NEW) - '{remedy,note,closed_by,closed_at}'::text[])) THEN
		RETURN NEW;
	END IF;
	RAISE EXCEPTION 'a fault that was reported is closed once, else it stays as it is'
		USING ERRCODE = 'restrict_violation', DETAIL = format('%s is refused to everybody.', TG_OP), HINT = 'close_fault() closes it; what comes after is a new one.';
END $$;
COMMENT ON FUNCTION billing._guard_fault() IS 'trigger: a fault is reported, then closed';

CREATE FUNCTION billing.report_fault(equipment text, number text, kind text, description text DEFAULT '', due_on date DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the equipment's org.
DECLARE
	fault	billing.equipment_fault;
BEGIN
	CASE report_fault.equipment
		WHEN 'meter' THEN
			SELECT m.meter_id, m.org_id INTO fault.meter_id, fault.org_id FROM billing._meter_of(coalesce(report_fault.number, ''), 'write') m;
		WHEN 'transformer' THEN
			SELECT t.transformer_id, t.org_id INTO fault.transformer_id, fault.org_id FROM billing._transformer_of(coalesce(report_fault.number, ''), 'write') t;
		WHEN 'area' THEN
			SELECT a.area_id, a.org_id INTO fault.area_id, fault.org_id FROM billing._area_of(coalesce(report_fault.number, ''), 'write') a;
		WHEN 'feeder' THEN
			SELECT f.feeder_id, f.org_id INTO fault.feeder_id, fault.org_id FROM billing._feeder_of(coalesce(report_fault.number, ''), 'write') f;
		ELSE
			RAISE EXCEPTION 'there is no equipment "%"', report_fault.equipment
				USING ERRCODE = 'invalid_parameter_value', HINT = 'It is a meter, transformer, area or feeder.';
	END CASE;
	INSERT INTO billing.equipment_fault AS f (org_id, meter_id, transformer_id, area_id, feeder_id, kind, description, due_on)
	VALUES (fault.org_id, fault.meter_id, fault.transformer_id, fault.area_id, fault.feeder_id, report_fault.kind, coalesce(report_fault.description, ''), report_fault.due_on)
	RETURNING f.fault_id INTO fault.fault_id;
	PERFORM billing._audit(fault.org_id, 'report_fault', format('%s %s', report_fault.equipment, report_fault.number), jsonb_build_object('kind', report_fault.kind));
	RETURN fault.fault_id;
END $$;
COMMENT ON FUNCTION billing.report_fault(text, text, text, text, date) IS
'something is wrong with a meter, transformer, area or feeder of this number: stopped, wrong, display, burnt, seal, wiring, communication, outage, other; '
'due_on: by when it is to be seen to; returns fault_id';

CREATE FUNCTION billing.close_fault(fault_id bigint, remedy text, note text DEFAULT '')
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as report_fault().
DECLARE
	fault	billing.equipment_fault;
BEGIN
	SELECT f.* INTO fault FROM billing.equipment_fault f WHERE f.fault_id = close_fault.fault_id AND billing.can_write(f.org_id, 'supply') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('fault %s', close_fault.fault_id));
	ELSIF fault.closed_at IS NOT NULL THEN
		RAISE EXCEPTION 'fault % is closed', fault.fault_id USING ERRCODE = 'UB701', DETAIL = format('As %s, by %s.', fault.remedy, fault.closed_by);
	END IF;
	UPDATE billing.equipment_fault f SET remedy = close_fault.remedy, note = close_fault.note, closed_by = billing.actor(), closed_at = clock_timestamp()
	 WHERE f.fault_id = fault.fault_id;
	PERFORM billing._audit(fault.org_id, 'close_fault', format('fault %s', fault.fault_id), jsonb_build_object('remedy', close_fault.remedy, 'note', close_fault.note));
END $$;
COMMENT ON FUNCTION billing.close_fault(bigint, text, text) IS 'a fault was seen to: repaired, exchanged, no_fault, scrapped; the exchange of a meter closes its faults by itself';

-- ---- installing, exchanging, removing ----

CREATE FUNCTION billing._zone_on(account_id bigint, day date)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT coalesce((SELECT billing.jsonb(v.tariff) ->> 'time_zone'
					   FROM (SELECT a.plan_id FROM billing.account_plan a
							  WHERE a.account_id = _zone_on.account_id AND a.from_on <= _zone_on.day ORDER BY a.from_on DESC LIMIT 1) p
					   JOIN billing.plan_version v ON v.plan_id = p.plan_id
					  ORDER BY v.from_on <= _zone_on.day DESC, abs(v.from_on - _zone_on.day) LIMIT 1), current_setting('TimeZone'));
END;
COMMENT ON FUNCTION billing._zone_on(bigint, date) IS 'the time zone in which an account''s days are: its tariff''s, else the session''s';

CREATE FUNCTION billing._register_values(meter_no text, meter_type_id bigint, readings jsonb, OUT register text, OUT value numeric, OUT digits smallint)
RETURNS SETOF record
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 4
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	IF jsonb_typeof(readings) IS DISTINCT FROM 'object' THEN
		RAISE EXCEPTION 'readings are an object' USING ERRCODE = 'invalid_parameter_value', HINT = 'Such as {"total": 1234.56}: what each register shows.';
	END IF;
	SELECT e.key, e.value, t.register, t.digits, t.decimals INTO bad
	  FROM (SELECT k.* FROM billing.meter_type_register k WHERE k.meter_type_id = _register_values.meter_type_id) t
	  FULL JOIN jsonb_each(readings) e ON e.key = t.register
	 WHERE e.key IS NULL OR t.register IS NULL OR jsonb_typeof(e.value) NOT IN ('number', 'string') OR e.value #>> '{}' !~ '^[0-9]{1,18}([.][0-9]{1,12})?$' LIMIT 1;
	IF FOUND THEN
		IF bad.key IS NULL THEN
			RAISE EXCEPTION 'register "%" of meter % is not read', bad.register, meter_no
				USING ERRCODE = 'UB703', HINT = 'Each register is read when a meter comes or goes: what is used up to then is billed by it.';
		ELSIF bad.register IS NULL THEN
			PERFORM billing._refuse_value(meter_no, bad.key, NULL, NULL, NULL);
		END IF;
		RAISE EXCEPTION 'register "%" of meter % shows a number', bad.register, meter_no
			USING ERRCODE = 'UB703', DETAIL = format('It says: %s.', left(bad.value #>> '{}', 40));
	END IF;
	FOR register, value, digits IN
		SELECT e.key, (e.value #>> '{}')::numeric, t.digits FROM jsonb_each(readings) e
		  JOIN billing.meter_type_register t ON t.meter_type_id = _register_values.meter_type_id AND t.register = e.key
	LOOP
		RETURN NEXT;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._register_values(text, bigint, jsonb) IS 'what the registers of a meter show, each of its type''s once; an error says which is missing';

CREATE FUNCTION billing._put_transformers(point billing.service_point, at timestamptz, transformers text[], action text DEFAULT 'write')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number		text;
	transformer	billing.instrument_transformer;
BEGIN
	-- in the order of their numbers, so that two who want the same ones wait for each other
	FOR number IN SELECT DISTINCT n FROM unnest(transformers) n
				   WHERE NOT EXISTS (SELECT FROM billing.transformer_install i JOIN billing.instrument_transformer t ON t.transformer_id = i.transformer_id
									  WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL AND t.transformer_no = n)
				   ORDER BY n
	LOOP
		transformer := billing._transformer_of(coalesce(number, ''), action);
		IF transformer.state <> 'in_stock' THEN
			RAISE EXCEPTION 'instrument transformer % is %, not in_stock', transformer.transformer_no, transformer.state
				USING ERRCODE = 'UB701', HINT = billing._possible_steps(transformer.state);
		ELSIF at < transformer.free_from THEN
			RAISE EXCEPTION 'instrument transformer % is somewhere else at that time', transformer.transformer_no
				USING ERRCODE = 'UB702', DETAIL = format('It is free from %s.', billing._moment(transformer.free_from));
		ELSIF transformer.due_on <= (at AT TIME ZONE 'UTC')::date THEN
			RAISE EXCEPTION 'the verification of instrument transformer % has run out', transformer.transformer_no
				USING ERRCODE = 'UB704', DETAIL = format('It was due on %s.', to_char(transformer.due_on, 'YYYY-MM-DD')), HINT = 'pass_transformer() keeps a new one.';
		END IF;
		INSERT INTO billing.transformer_install (account_id, part, from_at, transformer_id, org_id)
		VALUES (point.account_id, point.part, at, transformer.transformer_id, point.org_id);
		UPDATE billing.instrument_transformer t SET state = 'installed', org_id = point.org_id WHERE t.transformer_id = transformer.transformer_id;
	END LOOP;
END $$;
COMMENT ON FUNCTION billing._put_transformers(billing.service_point, timestamptz, text[], text) IS 'instrument transformers out of stock, before the meters of a point; those that stand there stay';

CREATE FUNCTION billing._take_transformers(point billing.service_point, at timestamptz, but text[] DEFAULT '{}')
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	WITH ended AS (
		UPDATE billing.transformer_install i SET until_at = at, ended_by = 'remove'
		  FROM billing.instrument_transformer t
		 WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL AND t.transformer_id = i.transformer_id AND NOT t.transformer_no = ANY (but)
		RETURNING i.transformer_id)
	UPDATE billing.instrument_transformer t SET state = 'removed', free_from = at FROM ended e WHERE t.transformer_id = e.transformer_id;
END $$;
COMMENT ON FUNCTION billing._take_transformers(billing.service_point, timestamptz, text[]) IS 'the instrument transformers of a point are removed, but for some';

CREATE FUNCTION billing._ratio_of(point billing.service_point, OUT ct_primary numeric, OUT ct_secondary numeric, OUT pt_primary numeric, OUT pt_secondary numeric)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	SELECT t.kind, string_agg(DISTINCT format('%s/%s', trim_scale(t.rated_primary), trim_scale(t.rated_secondary)), ', ') AS ratios INTO bad
	  FROM billing.transformer_install i JOIN billing.instrument_transformer t ON t.transformer_id = i.transformer_id
	 WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL
	 GROUP BY t.kind HAVING count(DISTINCT t.rated_primary / t.rated_secondary) > 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'the %s of a point have one ratio', upper(bad.kind)
			USING ERRCODE = 'UB706', DETAIL = format('These would be there: %s.', bad.ratios), HINT = 'A meter behind unlike transformers measures wrongly.';
	END IF;
	SELECT coalesce(min(t.rated_primary) FILTER (WHERE t.kind = 'ct'), 1), coalesce(min(t.rated_secondary) FILTER (WHERE t.kind = 'ct'), 1),
		   coalesce(min(t.rated_primary) FILTER (WHERE t.kind = 'pt'), 1), coalesce(min(t.rated_secondary) FILTER (WHERE t.kind = 'pt'), 1)
	  INTO ct_primary, ct_secondary, pt_primary, pt_secondary
	  FROM (SELECT DISTINCT ON (o.kind) o.kind, o.rated_primary, o.rated_secondary FROM billing.transformer_install i
			  JOIN billing.instrument_transformer o ON o.transformer_id = i.transformer_id
			 WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL ORDER BY o.kind, o.transformer_id) t;
END $$;
COMMENT ON FUNCTION billing._ratio_of(billing.service_point) IS 'the ratio of the instrument transformers that stand at a point; one each for CT and PT';

CREATE FUNCTION billing._check_billed(point billing.service_point, at timestamptz)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- Profiles say themselves what was used; what registers say rests on which meter counted when.
DECLARE
	head	record;
BEGIN
	SELECT h.billed_to INTO head FROM billing.account_head h WHERE h.account_id = point.account_id AND h.usage_from <> 'reading';
	IF FOUND AND isfinite(at) AND (at AT TIME ZONE billing._zone_on(point.account_id, head.billed_to))::date < head.billed_to THEN
		RAISE EXCEPTION 'the account is billed up to % already, by its registers', to_char(head.billed_to, 'YYYY-MM-DD')
			USING ERRCODE = 'UB301', DETAIL = format('The change would be at %s.', billing._moment(at)), HINT = 'Void the bills back to that day first; the next run makes them again.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_billed(billing.service_point, timestamptz) IS 'raises where a meter would come or go in days that are billed by registers';

CREATE FUNCTION billing._begin_install(point billing.service_point, meter billing.meter, at timestamptz, readings jsonb, role text, own_factor numeric, begun_by text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	other	record;
BEGIN
	IF NOT coalesce(isfinite(at), false) THEN
		RAISE EXCEPTION 'a meter comes and goes at a moment' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT i.meter_no, i.from_at INTO other FROM billing.meter_install i
	 WHERE i.account_id = point.account_id AND i.part = point.part AND i.role = 'main' AND i.until_at IS NULL AND _begin_install.role = 'main';
	IF FOUND THEN
		RAISE EXCEPTION 'meter % counts there already', other.meter_no
			USING ERRCODE = 'UB702', DETAIL = format('Since %s.', billing._moment(other.from_at)),
				  HINT = 'exchange_meter() puts another in its place; a second one is installed with role "check".';
	END IF;
	INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, role, ct_primary, ct_secondary, pt_primary, pt_secondary, own_factor, begun_by)
	SELECT point.account_id, point.part, at, meter.meter_id, point.org_id, meter.meter_no, meter.meter_type_id, _begin_install.role,
		   r.ct_primary, r.ct_secondary, r.pt_primary, r.pt_secondary, _begin_install.own_factor, _begin_install.begun_by
	  FROM billing._ratio_of(point) r;
	INSERT INTO billing.meter_install_register (account_id, part, from_at, meter_id, register, org_id, start_value)
	SELECT point.account_id, point.part, at, meter.meter_id, v.register, point.org_id, v.value
	  FROM billing._register_values(meter.meter_no, meter.meter_type_id, readings) v;
END $$;
COMMENT ON FUNCTION billing._begin_install(billing.service_point, billing.meter, timestamptz, jsonb, text, numeric, text) IS 'a meter begins to count at a point';

CREATE FUNCTION billing._open_install(point billing.service_point, role text, meter_no text)
RETURNS billing.meter_install
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	open_row	billing.meter_install;
BEGIN
	SELECT i.* INTO open_row FROM billing.meter_install i
	 WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL AND i.role = _open_install.role
	   AND (_open_install.meter_no IS NULL OR i.meter_no = _open_install.meter_no) ORDER BY i.from_at DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no such meter is installed at part "%"', point.part
			USING ERRCODE = 'no_data_found', DETAIL = coalesce('There is: ' || (SELECT string_agg(format('%s (%s)', i.meter_no, i.role), ', ' ORDER BY i.meter_no) FROM billing.meter_install i
				WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL) || '.', 'There is none.');
	END IF;
	RETURN open_row;
END $$;
COMMENT ON FUNCTION billing._open_install(billing.service_point, text, text) IS 'the meter that counts at a point now';

CREATE FUNCTION billing._end_install(install billing.meter_install, at timestamptz, readings jsonb, rolled_over text[], ended_by text)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	IF NOT coalesce(isfinite(at), false) THEN
		RAISE EXCEPTION 'a meter comes and goes at a moment' USING ERRCODE = 'invalid_parameter_value';
	ELSIF at <= install.from_at THEN
		RAISE EXCEPTION 'meter % is there since %', install.meter_no, billing._moment(install.from_at)
			USING ERRCODE = 'UB702', DETAIL = format('It would go at %s.', billing._moment(at));
	END IF;
	SELECT r.register, r.start_value, v.value, v.digits INTO bad
	  FROM billing._register_values(install.meter_no, install.meter_type_id, readings) v
	  JOIN billing.meter_install_register r ON r.account_id = install.account_id AND r.part = install.part AND r.from_at = install.from_at
	   AND r.meter_id = install.meter_id AND r.register = v.register
	 WHERE v.value < r.start_value AND NOT r.register = ANY (coalesce(_end_install.rolled_over, '{}')) LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'register "%" of meter % shows less than when it came', bad.register, install.meter_no
			USING ERRCODE = 'UB703', DETAIL = format('It showed %s, and shows %s.', trim_scale(bad.start_value), trim_scale(bad.value)),
				  HINT = format('If it ran over its %s digits, name it in rolled_over; else read it again.', bad.digits);
	END IF;
	UPDATE billing.meter_install i SET until_at = at, ended_by = _end_install.ended_by
	 WHERE i.account_id = install.account_id AND i.part = install.part AND i.from_at = install.from_at AND i.meter_id = install.meter_id;
	-- a meter that came in bulk may have no first readings
	UPDATE billing.meter_install_register r SET end_value = v.value, rolled_over = r.register = ANY (coalesce(_end_install.rolled_over, '{}'))
	  FROM billing._register_values(install.meter_no, install.meter_type_id, readings) v
	 WHERE r.account_id = install.account_id AND r.part = install.part AND r.from_at = install.from_at AND r.meter_id = install.meter_id AND r.register = v.register;
END $$;
COMMENT ON FUNCTION billing._end_install(billing.meter_install, timestamptz, jsonb, text[], text) IS 'a meter ceases to count at a point';

CREATE FUNCTION billing.install_meter(account_no text, meter_no text, at timestamptz, readings jsonb, part text DEFAULT 'main', transformers text[] DEFAULT '{}',
	role text DEFAULT 'main', own_factor numeric DEFAULT 1)
RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the account and at the meter.
DECLARE
	point	billing.service_point := billing._point_of(install_meter.account_no, install_meter.part);
	meter	billing.meter := billing._meter_of(install_meter.meter_no, 'write');
BEGIN
	PERFORM billing._check_billed(point, install_meter.at);
	PERFORM billing._put_transformers(point, install_meter.at, install_meter.transformers);
	PERFORM billing._begin_install(point, meter, install_meter.at, install_meter.readings, install_meter.role, install_meter.own_factor, 'install');
	PERFORM billing._audit(point.org_id, 'install_meter', format('account %s', install_meter.account_no),
		jsonb_build_object('part', point.part, 'meter_no', meter.meter_no, 'at', install_meter.at, 'readings', install_meter.readings, 'transformers', install_meter.transformers));
	RETURN (billing._open_install(point, install_meter.role, install_meter.meter_no)).multiplier;
END $$;
COMMENT ON FUNCTION billing.install_meter(text, text, timestamptz, jsonb, text, text[], text, numeric) IS
'a meter out of stock begins to count at a service point, with what each of its registers shows, as {"total": 0.35}; transformers: numbers of the '
'instrument transformers that come with it; role main, or check beside a main one; returns the multiplier 倍率';

CREATE FUNCTION billing.exchange_meter(account_no text, meter_no text, at timestamptz, end_readings jsonb, start_readings jsonb, part text DEFAULT 'main',
	role text DEFAULT 'main', own_factor numeric DEFAULT 1, rolled_over text[] DEFAULT '{}')
RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(exchange_meter.account_no, exchange_meter.part);
	old		billing.meter_install := billing._open_install(point, exchange_meter.role, NULL);
	meter	billing.meter;
BEGIN
	PERFORM billing._check_billed(point, exchange_meter.at);
	-- in the order of their numbers, as everybody locks
	PERFORM FROM billing.meter m WHERE m.meter_no IN (old.meter_no, exchange_meter.meter_no) ORDER BY m.meter_id FOR NO KEY UPDATE;
	meter := billing._meter_of(exchange_meter.meter_no, 'write');
	PERFORM billing._end_install(old, exchange_meter.at, exchange_meter.end_readings, exchange_meter.rolled_over, 'exchange');
	PERFORM billing._begin_install(point, meter, exchange_meter.at, exchange_meter.start_readings, exchange_meter.role, exchange_meter.own_factor, 'exchange');
	UPDATE billing.equipment_fault f SET remedy = 'exchanged', note = format('by meter %s', meter.meter_no), closed_by = billing.actor(), closed_at = clock_timestamp()
	 WHERE f.meter_id = old.meter_id AND f.closed_at IS NULL;
	PERFORM billing._audit(point.org_id, 'exchange_meter', format('account %s', exchange_meter.account_no),
		jsonb_build_object('part', point.part, 'meter_no', meter.meter_no, 'was', old.meter_no, 'at', exchange_meter.at,
			'end_readings', exchange_meter.end_readings, 'start_readings', exchange_meter.start_readings));
	RETURN (billing._open_install(point, exchange_meter.role, exchange_meter.meter_no)).multiplier;
END $$;
COMMENT ON FUNCTION billing.exchange_meter(text, text, timestamptz, jsonb, jsonb, text, text, numeric, text[]) IS
'another meter takes the place of the one at a service point 换表: the last readings of the old one, the first of the new; the instrument transformers '
'stay; rolled_over names registers that ran over their digits; returns the multiplier';

CREATE FUNCTION billing.exchange_transformers(account_no text, at timestamptz, readings jsonb, transformers text[], part text DEFAULT 'main', rolled_over text[] DEFAULT '{}')
RETURNS numeric
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(exchange_transformers.account_no, exchange_transformers.part);
	old		billing.meter_install := billing._open_install(point, 'main', NULL);
	meter	billing.meter := billing._meter_of(old.meter_no, 'write');
BEGIN
	IF EXISTS (SELECT FROM billing.meter_install i WHERE i.account_id = point.account_id AND i.part = point.part AND i.role = 'check' AND i.until_at IS NULL) THEN
		RAISE EXCEPTION 'a check meter is installed behind these transformers, too' USING ERRCODE = 'UB702', HINT = 'remove_meter() with role "check" first.';
	END IF;
	PERFORM billing._check_billed(point, exchange_transformers.at);
	PERFORM billing._take_transformers(point, exchange_transformers.at, exchange_transformers.transformers);
	PERFORM billing._put_transformers(point, exchange_transformers.at, exchange_transformers.transformers);
	-- the same meter, which goes on with another multiplier
	PERFORM billing._end_install(old, exchange_transformers.at, exchange_transformers.readings, exchange_transformers.rolled_over, 'ratio');
	PERFORM billing._begin_install(point, meter, exchange_transformers.at, exchange_transformers.readings, 'main', old.own_factor, 'ratio');
	PERFORM billing._audit(point.org_id, 'exchange_transformers', format('account %s', exchange_transformers.account_no),
		jsonb_build_object('part', point.part, 'meter_no', meter.meter_no, 'at', exchange_transformers.at, 'readings', exchange_transformers.readings,
			'transformers', exchange_transformers.transformers));
	RETURN (billing._open_install(point, 'main', NULL)).multiplier;
END $$;
COMMENT ON FUNCTION billing.exchange_transformers(text, timestamptz, jsonb, text[], text, text[]) IS
'these instrument transformers, and no others, stand before the meter of a point from then on: those that are there already stay; the meter goes on '
'from what it shows with another multiplier, which this returns';

CREATE FUNCTION billing.remove_meter(account_no text, at timestamptz, readings jsonb, part text DEFAULT 'main', role text DEFAULT 'main', rolled_over text[] DEFAULT '{}')
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(remove_meter.account_no, remove_meter.part);
	old		billing.meter_install := billing._open_install(point, remove_meter.role, NULL);
BEGIN
	PERFORM billing._meter_of(old.meter_no, 'write');
	PERFORM billing._check_billed(point, remove_meter.at);
	PERFORM billing._end_install(old, remove_meter.at, remove_meter.readings, remove_meter.rolled_over, 'remove');
	-- the transformers go with the last meter
	PERFORM FROM billing.meter_install i WHERE i.account_id = point.account_id AND i.part = point.part AND i.until_at IS NULL;
	IF NOT FOUND THEN
		PERFORM billing._take_transformers(point, remove_meter.at);
		IF (SELECT f.phase FROM billing._phase_of(point.account_id) f) = 'closed' THEN
			PERFORM billing._end_points(point.account_id, (remove_meter.at AT TIME ZONE billing._zone_on(point.account_id, remove_meter.at::date))::date);
		END IF;
	END IF;
	PERFORM billing._audit(point.org_id, 'remove_meter', format('account %s', remove_meter.account_no),
		jsonb_build_object('part', point.part, 'meter_no', old.meter_no, 'at', remove_meter.at, 'readings', remove_meter.readings));
	RETURN old.meter_no;
END $$;
COMMENT ON FUNCTION billing.remove_meter(text, timestamptz, jsonb, text, text, text[]) IS
'the meter of a service point is taken away, with what each of its registers shows last; with the last meter the instrument transformers go; returns its number';

-- ---- gateway meters ----

CREATE FUNCTION billing.install_gateway_meter(meter_no text, at timestamptz, readings jsonb, area_no text DEFAULT NULL, feeder_no text DEFAULT NULL, multiplier numeric DEFAULT 1)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the area or feeder, and at the meter.
DECLARE
	area	billing.transformer_area := billing._area_of(install_gateway_meter.area_no, 'write');
	feeder	billing.feeder := billing._feeder_of(install_gateway_meter.feeder_no, 'write');
	meter	billing.meter := billing._meter_of(install_gateway_meter.meter_no, 'write');
	at_org	bigint := coalesce(area.org_id, feeder.org_id);
	other	text;
BEGIN
	IF (area.area_id IS NULL) = (feeder.feeder_id IS NULL) OR meter.meter_id IS NULL OR NOT coalesce(isfinite(install_gateway_meter.at), false) THEN
		RAISE EXCEPTION 'a gateway meter stands at the head of an area or of a feeder, since a moment' USING ERRCODE = 'invalid_parameter_value', HINT = 'Give one of area_no and feeder_no.';
	END IF;
	SELECT g.meter_no INTO other FROM billing.gateway_meter g
	 WHERE g.until_at IS NULL AND (g.area_id = area.area_id OR g.feeder_id = feeder.feeder_id);
	IF FOUND THEN
		RAISE EXCEPTION 'meter % counts there already', other USING ERRCODE = 'UB702', HINT = 'remove_gateway_meter() first.';
	END IF;
	INSERT INTO billing.gateway_meter (meter_id, from_at, org_id, meter_no, meter_type_id, area_id, feeder_id, multiplier)
	VALUES (meter.meter_id, install_gateway_meter.at, at_org, meter.meter_no, meter.meter_type_id, area.area_id, feeder.feeder_id, install_gateway_meter.multiplier);
	PERFORM billing._read_gateway(meter.meter_id, install_gateway_meter.at, install_gateway_meter.at, at_org, meter.meter_no, meter.meter_type_id, install_gateway_meter.readings);
	PERFORM billing._audit(at_org, 'install_gateway_meter', coalesce('transformer area ' || area.area_no, 'feeder ' || feeder.feeder_no),
		jsonb_build_object('meter_no', meter.meter_no, 'at', install_gateway_meter.at, 'multiplier', install_gateway_meter.multiplier));
END $$;
COMMENT ON FUNCTION billing.install_gateway_meter(text, timestamptz, jsonb, text, text, numeric) IS
'a meter at the head of a transformer area 台区考核表 or of a feeder 关口表, with what its registers show';

CREATE FUNCTION billing._check_gateway_readings()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	bad		record;
BEGIN
	SELECT n.register, g.meter_no, n.value, t.digits, t.decimals INTO bad
	  FROM new_rows n JOIN billing.gateway_meter g ON g.meter_id = n.meter_id AND g.from_at = n.from_at
	  LEFT JOIN billing.meter_type_register t ON t.meter_type_id = g.meter_type_id AND t.register = n.register
	 WHERE t.register IS NULL OR n.value >= 10::numeric ^ t.digits OR n.value <> round(n.value, t.decimals) LIMIT 1;
	IF FOUND THEN
		PERFORM billing._refuse_value(bad.meter_no, bad.register, bad.value, bad.digits, bad.decimals);
	END IF;
	SELECT g.meter_no, n.read_at INTO bad FROM new_rows n JOIN billing.gateway_meter g ON g.meter_id = n.meter_id AND g.from_at = n.from_at
	 WHERE n.read_at > g.until_at LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION 'gateway meter % was not there any more', bad.meter_no USING ERRCODE = 'UB702', DETAIL = format('At %s.', billing._moment(bad.read_at));
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._check_gateway_readings() IS 'trigger: a gateway meter shows what it can, while it is there';

CREATE FUNCTION billing._read_gateway(meter_id bigint, from_at timestamptz, read_at timestamptz, org_id bigint, meter_no text, meter_type_id bigint, readings jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
	INSERT INTO billing.gateway_reading (meter_id, register, read_at, from_at, org_id, value)
	SELECT meter_id, v.register, read_at, from_at, org_id, v.value FROM billing._register_values(meter_no, meter_type_id, readings) v;
END $$;
COMMENT ON FUNCTION billing._read_gateway(bigint, timestamptz, timestamptz, bigint, text, bigint, jsonb) IS 'keeps what a gateway meter shows';

CREATE FUNCTION billing._gateway_of(meter_no text, at timestamptz)
RETURNS billing.gateway_meter
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	gateway	billing.gateway_meter;
BEGIN
	SELECT g.* INTO gateway FROM billing.gateway_meter g
	 WHERE g.meter_no = _gateway_of.meter_no AND g.until_at IS NULL AND billing.can_write(g.org_id, 'supply') FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('gateway meter %s', _gateway_of.meter_no));
	ELSIF NOT isfinite(_gateway_of.at) OR EXISTS (SELECT FROM billing.gateway_reading r WHERE r.meter_id = gateway.meter_id AND r.read_at >= _gateway_of.at) THEN
		RAISE EXCEPTION 'meter % has been read later already', _gateway_of.meter_no USING ERRCODE = 'UB702', DETAIL = format('Not at %s.', billing._moment(_gateway_of.at)), HINT = 'Readings are entered in their order.';
	END IF;
	RETURN gateway;
END $$;
COMMENT ON FUNCTION billing._gateway_of(text, timestamptz) IS 'a gateway meter that stands somewhere, locked, where it was not read later';

CREATE FUNCTION billing.record_gateway_reading(meter_no text, read_at timestamptz, readings jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_gateway_meter().
DECLARE
	gateway	billing.gateway_meter := billing._gateway_of(record_gateway_reading.meter_no, record_gateway_reading.read_at);
BEGIN
	PERFORM billing._read_gateway(gateway.meter_id, gateway.from_at, record_gateway_reading.read_at, gateway.org_id, gateway.meter_no, gateway.meter_type_id, record_gateway_reading.readings);
	PERFORM billing._audit(gateway.org_id, 'record_gateway_reading', format('meter %s', gateway.meter_no),
		jsonb_build_object('read_at', record_gateway_reading.read_at, 'readings', record_gateway_reading.readings));
END $$;
COMMENT ON FUNCTION billing.record_gateway_reading(text, timestamptz, jsonb) IS 'what a gateway meter shows at a moment, later than what was read before';

CREATE FUNCTION billing.remove_gateway_meter(meter_no text, at timestamptz, readings jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_gateway_meter().
DECLARE
	gateway	billing.gateway_meter := billing._gateway_of(remove_gateway_meter.meter_no, remove_gateway_meter.at);
BEGIN
	PERFORM billing._read_gateway(gateway.meter_id, gateway.from_at, remove_gateway_meter.at, gateway.org_id, gateway.meter_no, gateway.meter_type_id, remove_gateway_meter.readings);
	UPDATE billing.gateway_meter g SET until_at = remove_gateway_meter.at, ended_by = 'remove' WHERE g.meter_id = gateway.meter_id AND g.from_at = gateway.from_at;
	PERFORM billing._audit(gateway.org_id, 'remove_gateway_meter', format('meter %s', gateway.meter_no), jsonb_build_object('at', remove_gateway_meter.at));
END $$;
COMMENT ON FUNCTION billing.remove_gateway_meter(text, timestamptz, jsonb) IS 'a gateway meter is taken away, with its last readings';

-- ---- what requests do to points ----

CREATE FUNCTION billing._continue_points(from_account_id bigint, to_account_id bigint, to_org_id bigint, day date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
-- A new account goes on with the points of another from a day on; what is installed there is not touched.
DECLARE
	at		timestamptz := day::timestamp AT TIME ZONE billing._zone_on(to_account_id, day);
	late	record;
	moved	billing.service_point[];
BEGIN
	SELECT q.what, q.since INTO late FROM (
		SELECT format('meter %s', i.meter_no) AS what, billing._moment(i.from_at) AS since FROM billing.meter_install i
		 WHERE i.account_id = from_account_id AND i.until_at IS NULL AND i.from_at >= at
		UNION ALL
		SELECT format('service point "%s"', p.part), to_char(p.placed_on, 'YYYY-MM-DD') FROM billing.service_point p
		 WHERE p.account_id = from_account_id AND p.until_on IS NULL AND p.placed_on > day) q LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION '% has come later than the request takes effect', late.what
			USING ERRCODE = 'UB705', DETAIL = format('On %s; the request is for %s.', late.since, to_char(day, 'YYYY-MM-DD')), HINT = 'Let the request be for a later day.';
	END IF;
	UPDATE billing.meter_install i SET until_at = at, ended_by = 'transfer' WHERE i.account_id = from_account_id AND i.until_at IS NULL;
	UPDATE billing.transformer_install i SET until_at = at, ended_by = 'transfer' WHERE i.account_id = from_account_id AND i.until_at IS NULL;
	-- the number of a point is another's only when it has been given up
	SELECT array_agg(p) INTO moved FROM billing.service_point p WHERE p.account_id = from_account_id AND p.until_on IS NULL;
	UPDATE billing.service_point p SET state = 'ended', until_on = day WHERE p.account_id = from_account_id AND p.until_on IS NULL;
	INSERT INTO billing.service_point (account_id, part, org_id, point_code, purpose, state, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on)
	SELECT to_account_id, m.part, to_org_id, m.point_code, m.purpose, m.state, m.voltage_v, m.metered_at, m.area_id, m.feeder_id, day, day FROM unnest(moved) m;
	INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, role, ct_primary, ct_secondary, pt_primary, pt_secondary, own_factor, begun_by)
	SELECT to_account_id, i.part, at, i.meter_id, to_org_id, i.meter_no, i.meter_type_id, i.role, i.ct_primary, i.ct_secondary, i.pt_primary, i.pt_secondary, i.own_factor, 'transfer'
	  FROM billing.meter_install i WHERE i.account_id = from_account_id AND i.ended_by = 'transfer' AND i.until_at = at;
	INSERT INTO billing.transformer_install (account_id, part, from_at, transformer_id, org_id, begun_by)
	SELECT to_account_id, i.part, at, i.transformer_id, to_org_id, 'transfer'
	  FROM billing.transformer_install i WHERE i.account_id = from_account_id AND i.ended_by = 'transfer' AND i.until_at = at;
END $$;
COMMENT ON FUNCTION billing._continue_points(bigint, bigint, bigint, date) IS
'service points, and the meters and transformers at them, go on with another account from a day on';

CREATE FUNCTION billing._end_points(account_id bigint, day date)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE billing.service_point p SET state = 'ended', until_on = greatest(day, p.placed_on)
	 WHERE p.account_id = _end_points.account_id AND p.until_on IS NULL
	   AND NOT EXISTS (SELECT FROM billing.meter_install i WHERE i.account_id = p.account_id AND i.part = p.part AND i.until_at IS NULL);
END $$;
COMMENT ON FUNCTION billing._end_points(bigint, date) IS 'the points of an account that is closed end; where a meter still hangs, when that is removed';

CREATE FUNCTION billing.record_transfer_readings(account_no text, readings jsonb, part text DEFAULT 'main')
RETURNS timestamptz
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter(); also ends the registers of the account before, at the same meter.
DECLARE
	point	billing.service_point := billing._point_of(record_transfer_readings.account_no, record_transfer_readings.part);
	install	billing.meter_install;
	before	billing.meter_install;
BEGIN
	SELECT i.* INTO install FROM billing.meter_install i
	 WHERE i.account_id = point.account_id AND i.part = point.part AND i.role = 'main' AND i.begun_by = 'transfer'
	   AND NOT EXISTS (SELECT FROM billing.meter_install_register r WHERE r.account_id = i.account_id AND r.part = i.part AND r.from_at = i.from_at AND r.meter_id = i.meter_id);
	IF NOT FOUND THEN
		RAISE EXCEPTION 'no meter of account % at part "%" waits for what it showed at a transfer', record_transfer_readings.account_no, point.part
			USING ERRCODE = 'no_data_found', HINT = 'It is given once, for a meter that has come with a transfer or a move.';
	END IF;
	INSERT INTO billing.meter_install_register (account_id, part, from_at, meter_id, register, org_id, start_value)
	SELECT install.account_id, install.part, install.from_at, install.meter_id, v.register, install.org_id, v.value
	  FROM billing._register_values(install.meter_no, install.meter_type_id, record_transfer_readings.readings) v;
	-- the customer before has used up to there
	SELECT i.* INTO before FROM billing.meter_install i
	 WHERE i.meter_id = install.meter_id AND i.ended_by = 'transfer' AND i.until_at = install.from_at AND billing.can_write(i.org_id, 'supply');
	UPDATE billing.meter_install_register r SET end_value = v.value
	  FROM billing._register_values(install.meter_no, install.meter_type_id, record_transfer_readings.readings) v
	 WHERE r.account_id = before.account_id AND r.part = before.part AND r.from_at = before.from_at AND r.meter_id = before.meter_id
	   AND r.register = v.register AND r.end_value IS NULL;
	PERFORM billing._audit(install.org_id, 'record_transfer_readings', format('account %s', record_transfer_readings.account_no),
		jsonb_build_object('part', point.part, 'meter_no', install.meter_no, 'readings', record_transfer_readings.readings));
	RETURN install.from_at;
END $$;
COMMENT ON FUNCTION billing.record_transfer_readings(text, jsonb, text) IS
'what the meter of a point showed when the point went on with this account: the last count of the one before, the first of this one; returns that moment';

CREATE FUNCTION billing.meters_due(org_no text, until_on date)
RETURNS TABLE (meter_no text, type_code text, account_no text, address text, part text, verified_on date, due_on date, days_overdue integer)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	RETURN QUERY
	SELECT m.meter_no, t.type_code, a.account_no, a.address, i.part, m.verified_on, m.due_on, (current_date - m.due_on)
	  FROM billing.meter m
	  JOIN billing.meter_type t ON t.meter_type_id = m.meter_type_id
	  LEFT JOIN billing.meter_install i ON i.meter_id = m.meter_id AND i.until_at IS NULL
	  LEFT JOIN billing.account a ON a.account_id = i.account_id
	 WHERE m.state = 'installed' AND m.due_on <= meters_due.until_on AND m.org_id = ANY (billing._orgs_below((SELECT o.org_id FROM billing.org o WHERE o.org_no = meters_due.org_no)))
	 ORDER BY m.due_on, m.meter_no;
END $$;
COMMENT ON FUNCTION billing.meters_due(text, date) IS
'worklist of an org and those below it: installed meters whose verification runs out up to a day 周期轮换, the longest overdue first';
