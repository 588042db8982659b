-- What loads depend on beside habit: temperatures of an org and of those above it, holidays of a calendar.
CREATE FUNCTION billing.record_temperature(org_no text, profile billing.profile, source text DEFAULT '')
RETURNS integer
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes temperatures of an org for who may write what concerns its supply.
DECLARE
	at_org	bigint := billing._org_of(record_temperature.org_no, 'write', 'supply');
	days	integer;
BEGIN
	PERFORM billing._given('record_temperature', record_temperature.org_no, record_temperature.profile, record_temperature.source);
	IF billing.unit(record_temperature.profile) <> 'degC' OR upper(billing.days(record_temperature.profile)) - lower(billing.days(record_temperature.profile)) > 1500 THEN
		RAISE EXCEPTION 'temperatures are a profile in degC of at most 1500 days' USING ERRCODE = 'invalid_parameter_value',
			DETAIL = format('This one is in %s.', billing.unit(record_temperature.profile));
	END IF;
	INSERT INTO billing.temperature_day (org_id, day, profile, source)
	SELECT at_org, d, billing.slice(record_temperature.profile, daterange(d, d + 1)), record_temperature.source
	  FROM generate_series(0, upper(billing.days(record_temperature.profile)) - lower(billing.days(record_temperature.profile)) - 1) i
	 CROSS JOIN LATERAL (SELECT lower(billing.days(record_temperature.profile)) + i AS d) q
	    ON CONFLICT ON CONSTRAINT temperature_day_pkey DO UPDATE
	   SET profile = excluded.profile, source = excluded.source, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at;
	GET DIAGNOSTICS days = ROW_COUNT;
	PERFORM billing._audit(at_org, 'record_temperature', format('temperature from %s', lower(billing.days(record_temperature.profile))),
		jsonb_build_object('days', days, 'source', record_temperature.source));
	RETURN days;
END $$;
COMMENT ON FUNCTION billing.record_temperature(text, billing.profile, text) IS
'records temperatures of an org, for all below it, too: measured ones, and those of the weather forecast, which measured ones replace later; returns how many days; needs write on supply';

CREATE FUNCTION billing._temperature(org_id bigint, from_on date, until_on date)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- the nearest org that has all of the days ahead; days before them may be missing
	SELECT billing.concat_agg(t.profile ORDER BY t.day)
	  FROM unnest(billing._orgs_over(_temperature.org_id)) WITH ORDINALITY o(org_id, distance)
	  JOIN billing.temperature_day t ON t.org_id = o.org_id AND t.day >= _temperature.from_on AND t.day < _temperature.until_on
	 GROUP BY o.org_id, o.distance
	HAVING max(t.day) = _temperature.until_on - 1
	 ORDER BY o.distance LIMIT 1;
END;
COMMENT ON FUNCTION billing._temperature(bigint, date, date) IS 'temperatures of an org, or of the nearest above it that has them until the end; null: none has';

CREATE FUNCTION billing._holidays(calendar_code text, from_on date, until_on date)
RETURNS date[]
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT array_agg(q.day ORDER BY q.day)
	  FROM (SELECT DISTINCT ON (d.day) d.day, d.kind FROM billing.calendar c JOIN billing.calendar_day d ON d.calendar_id = c.calendar_id
			 WHERE c.calendar_code = _holidays.calendar_code AND d.day >= _holidays.from_on AND d.day < _holidays.until_on
			 ORDER BY d.day, d.revision DESC) q
	 WHERE q.kind = 'holiday';
END;
COMMENT ON FUNCTION billing._holidays(text, date, date) IS 'holidays of a calendar as they are known now; null: none';
