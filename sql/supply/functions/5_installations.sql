-- Meters and transformers at service points: installed, exchanged, removed, with their readings.
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: for who may write supply at the account and at the meter.
DECLARE
	point	billing.service_point := billing._point_of(install_meter.account_no, install_meter.part);
	meter	billing.meter := billing._meter_of(install_meter.meter_no, 'write');
BEGIN
	PERFORM billing._given('install_meter', account_no, meter_no, at, readings, part, transformers, role, own_factor);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(exchange_meter.account_no, exchange_meter.part);
	old		billing.meter_install := billing._open_install(point, exchange_meter.role, NULL);
	meter	billing.meter;
BEGIN
	PERFORM billing._given('exchange_meter', account_no, meter_no, at, end_readings, start_readings, part, role, own_factor, rolled_over);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(exchange_transformers.account_no, exchange_transformers.part);
	old		billing.meter_install := billing._open_install(point, 'main', NULL);
	meter	billing.meter := billing._meter_of(old.meter_no, 'write');
BEGIN
	PERFORM billing._given('exchange_transformers', account_no, at, readings, transformers, part, rolled_over);
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter().
DECLARE
	point	billing.service_point := billing._point_of(remove_meter.account_no, remove_meter.part);
	old		billing.meter_install := billing._open_install(point, remove_meter.role, NULL);
BEGIN
	PERFORM billing._given('remove_meter', account_no, at, readings, part, role, rolled_over);
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
