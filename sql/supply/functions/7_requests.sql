-- What requests do to points and their meters.
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
	INSERT INTO billing.service_point (account_id, part, org_id, point_code, purpose, state, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on, disconnected_for)
	SELECT to_account_id, m.part, to_org_id, m.point_code, m.purpose, m.state, m.voltage_v, m.metered_at, m.area_id, m.feeder_id, day, day, m.disconnected_for FROM unnest(moved) m;
	INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, role, ct_primary, ct_secondary, pt_primary, pt_secondary, own_factor, begun_by)
	SELECT to_account_id, i.part, at, i.meter_id, to_org_id, i.meter_no, i.meter_type_id, i.role, i.ct_primary, i.ct_secondary, i.pt_primary, i.pt_secondary, i.own_factor, 'transfer'
	  FROM billing.meter_install i WHERE i.account_id = from_account_id AND i.ended_by = 'transfer' AND i.until_at = at;
	INSERT INTO billing.transformer_install (account_id, part, from_at, transformer_id, org_id, begun_by)
	SELECT to_account_id, i.part, at, i.transformer_id, to_org_id, 'transfer'
	  FROM billing.transformer_install i WHERE i.account_id = from_account_id AND i.ended_by = 'transfer' AND i.until_at = at;
END $$;
COMMENT ON FUNCTION billing._continue_points(bigint, bigint, bigint, date) IS
'service points, and the meters and transformers at them, go on with another account from a day on';

CREATE FUNCTION billing._switch_points(account_id bigint, supplied boolean)
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- what is cut for something else stays so, before and after
	UPDATE billing.service_point p SET state = CASE WHEN supplied THEN 'active' ELSE 'disconnected' END, disconnected_for = CASE WHEN NOT supplied THEN 'arrears' END
	 WHERE p.account_id = _switch_points.account_id AND CASE WHEN supplied THEN p.state = 'disconnected' AND p.disconnected_for = 'arrears' ELSE p.state = 'active' END;
END $$;
COMMENT ON FUNCTION billing._switch_points(bigint, boolean) IS 'the points of an account are cut for arrears, or those that were are supplied again';

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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_meter(); also ends the registers of the account before, at the same meter.
DECLARE
	point	billing.service_point := billing._point_of(record_transfer_readings.account_no, record_transfer_readings.part);
	install	billing.meter_install;
	before	billing.meter_install;
BEGIN
	PERFORM billing._given('record_transfer_readings', account_no, readings, part);
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
