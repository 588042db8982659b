-- Gateway meters, at the heads of areas and feeders.
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
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_gateway_meter().
DECLARE
	gateway	billing.gateway_meter := billing._gateway_of(record_gateway_reading.meter_no, record_gateway_reading.read_at);
BEGIN
	PERFORM billing._given('record_gateway_reading', meter_no, read_at, readings);
	PERFORM billing._read_gateway(gateway.meter_id, gateway.from_at, record_gateway_reading.read_at, gateway.org_id, gateway.meter_no, gateway.meter_type_id, record_gateway_reading.readings);
	PERFORM billing._audit(gateway.org_id, 'record_gateway_reading', format('meter %s', gateway.meter_no),
		jsonb_build_object('read_at', record_gateway_reading.read_at, 'readings', record_gateway_reading.readings));
END $$;
COMMENT ON FUNCTION billing.record_gateway_reading(text, timestamptz, jsonb) IS 'what a gateway meter shows at a moment, later than what was read before';

CREATE FUNCTION billing.remove_gateway_meter(meter_no text, at timestamptz, readings jsonb)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as install_gateway_meter().
DECLARE
	gateway	billing.gateway_meter := billing._gateway_of(remove_gateway_meter.meter_no, remove_gateway_meter.at);
BEGIN
	PERFORM billing._given('remove_gateway_meter', meter_no, at, readings);
	PERFORM billing._read_gateway(gateway.meter_id, gateway.from_at, remove_gateway_meter.at, gateway.org_id, gateway.meter_no, gateway.meter_type_id, remove_gateway_meter.readings);
	UPDATE billing.gateway_meter g SET until_at = remove_gateway_meter.at, ended_by = 'remove' WHERE g.meter_id = gateway.meter_id AND g.from_at = gateway.from_at;
	PERFORM billing._audit(gateway.org_id, 'remove_gateway_meter', format('meter %s', gateway.meter_no), jsonb_build_object('at', remove_gateway_meter.at));
END $$;
COMMENT ON FUNCTION billing.remove_gateway_meter(text, timestamptz, jsonb) IS 'a gateway meter is taken away, with its last readings';
