-- The grid: substations, feeders, transformer areas, and where they hang.
CREATE FUNCTION billing.add_station(org_no text, station_no text, name text, voltage_v integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the org.
DECLARE
	at_org	bigint := billing._org_of(add_station.org_no, 'write', 'supply');
	made	bigint;
BEGIN
	PERFORM billing._given('add_station', org_no, station_no, name, voltage_v);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station(); the station must be one the caller may read.
DECLARE
	at_org	bigint := billing._org_of(add_feeder.org_no, 'write', 'supply');
	station	billing.station := billing._station_of(add_feeder.station_no, 'read', add_feeder.placed_on);
	made	bigint;
BEGIN
	PERFORM billing._given('add_feeder', org_no, feeder_no, name, voltage_v, station_no, placed_on);
	INSERT INTO billing.feeder AS f (org_id, feeder_no, name, voltage_v, station_id, placed_on)
	VALUES (at_org, add_feeder.feeder_no, add_feeder.name, add_feeder.voltage_v, station.station_id, add_feeder.placed_on) RETURNING f.feeder_id INTO made;
	PERFORM billing._audit(at_org, 'add_feeder', format('feeder %s', add_feeder.feeder_no), jsonb_build_object('station_no', add_feeder.station_no));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.add_feeder(text, text, text, integer, text, date) IS 'a line 线路, fed by a station from placed_on on; returns feeder_id';

CREATE FUNCTION billing.move_feeder(feeder_no text, station_no text, moved_on date)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	feeder	billing.feeder := billing._feeder_of(move_feeder.feeder_no, 'write', move_feeder.moved_on);
	station	billing.station := billing._station_of(move_feeder.station_no, 'read', move_feeder.moved_on);
BEGIN
	PERFORM billing._given('move_feeder', feeder_no, station_no, moved_on);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	at_org	bigint := billing._org_of(add_transformer_area.org_no, 'write', 'supply');
	feeder	billing.feeder := billing._feeder_of(add_transformer_area.feeder_no, 'read', add_transformer_area.placed_on);
	made	bigint;
BEGIN
	PERFORM billing._given('add_transformer_area', org_no, area_no, name, rating_kva, feeder_no, placed_on, kind);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_station().
DECLARE
	station	billing.station := billing._station_of(close_station.station_no, 'write', close_station.closed_on);
BEGIN
	PERFORM billing._given('close_station', station_no, closed_on);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_feeder().
DECLARE
	feeder	billing.feeder := billing._feeder_of(close_feeder.feeder_no, 'write', close_feeder.closed_on);
BEGIN
	PERFORM billing._given('close_feeder', feeder_no, closed_on);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_transformer_area().
DECLARE
	area	billing.transformer_area := billing._area_of(close_area.area_no, 'write', close_area.closed_on);
BEGIN
	PERFORM billing._given('close_area', area_no, closed_on);
	PERFORM FROM billing.transformer_area a WHERE a.area_id = area.area_id FOR UPDATE;
	PERFORM billing._refuse_close(format('transformer area %s', close_area.area_no), coalesce(
		(SELECT format('gateway meter %s', g.meter_no) FROM billing.gateway_meter g WHERE g.area_id = area.area_id AND g.until_at IS NULL LIMIT 1),
		(SELECT format('a service point of account %s', a.account_no) FROM billing.service_point p JOIN billing.account a ON a.account_id = p.account_id
		  WHERE p.area_id = area.area_id AND p.until_on IS NULL LIMIT 1)));
	UPDATE billing.transformer_area a SET closed_on = close_area.closed_on WHERE a.area_id = area.area_id;
	PERFORM billing._audit(area.org_id, 'close_area', format('transformer area %s', close_area.area_no), jsonb_build_object('closed_on', close_area.closed_on));
END $$;
COMMENT ON FUNCTION billing.close_area(text, date) IS 'a transformer area that supplies nobody any more';
