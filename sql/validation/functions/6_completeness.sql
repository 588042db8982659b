-- What has not come.
CREATE FUNCTION billing._unbilled(account_id bigint, OUT from_on date, OUT until_on date, OUT stops_on date, OUT usage_from text)
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
-- Definer: of the head, which is for who may read money, only the days, for who may read readings there.
BEGIN
	SELECT h.billed_to, least(current_date, h.stops_on), h.stops_on, h.usage_from INTO from_on, until_on, stops_on, usage_from
	  FROM billing.account_head h WHERE h.account_id = _unbilled.account_id AND billing.can_read(h.org_id, 'reading');
END $$;
COMMENT ON FUNCTION billing._unbilled(bigint) IS 'the days of an account, up to yesterday, that are not billed yet, the day from which it is not billed any more, and what it is billed by';

CREATE FUNCTION billing.hourly_readings(org_no text, from_on date, until_on date)
RETURNS TABLE (at timestamptz, expected bigint, actual bigint, estimated bigint, suspect bigint, missing bigint)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT c.at, sum(c.expected)::bigint, sum(c.actual)::bigint, sum(c.estimated)::bigint, sum(c.suspect)::bigint, sum(c.missing)::bigint
	  FROM billing.org o
	  JOIN billing.reading r ON r.org_id = o.org_id AND r.from_on > hourly_readings.from_on - 31 AND r.from_on < hourly_readings.until_on AND r.until_on > hourly_readings.from_on
	 CROSS JOIN LATERAL billing.hourly_completeness(billing.slice(r.profile, daterange(hourly_readings.from_on, hourly_readings.until_on))) c
	 WHERE o.org_no = hourly_readings.org_no
	 GROUP BY c.at ORDER BY c.at;
END;
COMMENT ON FUNCTION billing.hourly_readings(text, date, date) IS 'which hours of some days came in, of the readings of an org (without those below it): all its meters together';
