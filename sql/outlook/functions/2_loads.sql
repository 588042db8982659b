-- What accounts, feeders, price plans and the org took by slots, for who may see all of it.
CREATE FUNCTION billing._check_outlook(org_id bigint)
RETURNS void
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	-- what cannot be seen would be missing in every sum
	IF (billing.can_write(_check_outlook.org_id, 'supply') AND billing.can_read(_check_outlook.org_id, 'account') AND billing.can_read(_check_outlook.org_id, 'reading')) IS NOT TRUE THEN
		RAISE EXCEPTION 'loads are foreseen by who sees all of them'
			USING ERRCODE = 'insufficient_privilege', DETAIL = format('You are %s.', billing.actor()), HINT = 'It needs write on supply, read on account and reading at the org.';
	END IF;
END $$;
COMMENT ON FUNCTION billing._check_outlook(bigint) IS 'raises where the actor may not foresee the loads of an org, or not any more';

CREATE FUNCTION billing._outlook_org(org_no text)
RETURNS bigint
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	at_org	bigint := billing._org_of(_outlook_org.org_no, 'write', 'supply');
BEGIN
	PERFORM billing._check_outlook(at_org);
	RETURN at_org;
END $$;
COMMENT ON FUNCTION billing._outlook_org(text) IS 'the org for which the actor may foresee and plan';

CREATE FUNCTION billing._common_zone(org_id bigint, from_on date, until_on date)
RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT mode() WITHIN GROUP (ORDER BY billing.time_zone(r.profile))
	  FROM billing.reading r
	 WHERE r.org_id = ANY ((SELECT billing._orgs_below(_common_zone.org_id))::bigint[]) AND r.channel IN ('import', 'export') AND r.from_on < _common_zone.until_on AND r.until_on > _common_zone.from_on;
END;
COMMENT ON FUNCTION billing._common_zone(bigint, date, date) IS
'the zone of most readings of an org and those below it: meters and head-ends name the same hours by zone or by offset';

CREATE FUNCTION billing._in_zone(profile billing.profile, zone text)
RETURNS billing.profile
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT CASE billing.time_zone(_in_zone.profile) WHEN _in_zone.zone THEN _in_zone.profile ELSE billing.in_zone(_in_zone.profile, _in_zone.zone) END;
END;
COMMENT ON FUNCTION billing._in_zone(billing.profile, text) IS 'the profile by this zone, most of which have it already';

CREATE FUNCTION billing._account_feeder(account_id bigint)
RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT max(coalesce(s.feeder_id, t.feeder_id)) FROM billing.service_point s LEFT JOIN billing.transformer_area t ON t.area_id = s.area_id
	 WHERE s.account_id = _account_feeder.account_id AND s.purpose = 'billing';
END;
COMMENT ON FUNCTION billing._account_feeder(bigint) IS 'the feeder on which an account hangs now, of several the last; null: on none';

CREATE FUNCTION billing._account_loads(org_id bigint, from_on date, until_on date, slot interval, accounts bigint[] DEFAULT NULL)
RETURNS TABLE (account_id bigint, org_id bigint, feeder_id bigint, plan_id bigint, load billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 10000
BEGIN ATOMIC
	-- materialized: looked up once, not for each reading
	WITH zone AS MATERIALIZED (SELECT billing._common_zone(_account_loads.org_id, _account_loads.from_on, _account_loads.until_on) AS name)
	SELECT a.account_id, a.org_id, billing._account_feeder(a.account_id),
		   (SELECT p.plan_id FROM billing.account_plan p WHERE p.account_id = a.account_id AND p.from_on < _account_loads.until_on ORDER BY p.from_on DESC LIMIT 1),
		   l.load
	  FROM billing.account a
	 CROSS JOIN zone z
	 CROSS JOIN LATERAL (
		-- what is fed in is taken off
		SELECT billing.sum(billing.resample(CASE r.channel WHEN 'import' THEN d.profile ELSE billing.negate(d.profile) END, _account_loads.slot)) AS load
		  FROM billing.reading r
		 CROSS JOIN LATERAL (SELECT billing._in_zone(billing.slice(r.profile, daterange(_account_loads.from_on, _account_loads.until_on)), z.name) AS profile) d
		  LEFT JOIN billing.service_point s ON s.account_id = r.account_id AND s.part = r.part
		 WHERE r.account_id = a.account_id AND r.channel IN ('import', 'export') AND coalesce(s.purpose, 'billing') = 'billing'
		   AND r.from_on > _account_loads.from_on - 31 AND r.from_on < _account_loads.until_on AND r.until_on > _account_loads.from_on) l
	 WHERE a.org_id = ANY ((SELECT billing._orgs_below(_account_loads.org_id))::bigint[]) AND (_account_loads.accounts IS NULL OR a.account_id = ANY (_account_loads.accounts)) AND l.load IS NOT NULL;
END;
COMMENT ON FUNCTION billing._account_loads(bigint, date, date, interval, bigint[]) IS
'what the accounts of an org and those below it, or these of them, took by slots within [from_on, until_on), with the feeder on which they hang now and their plan';

CREATE FUNCTION billing._place_loads(org_id bigint, from_on date, until_on date, slot interval)
RETURNS TABLE (level text, feeder_id bigint, plan_id bigint, load billing.profile)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 100
BEGIN ATOMIC
	WITH part AS MATERIALIZED (
		SELECT l.feeder_id, l.plan_id, billing.sum(l.load) AS load
		  FROM billing._account_loads(_place_loads.org_id, _place_loads.from_on, _place_loads.until_on, _place_loads.slot) l GROUP BY 1, 2)
	SELECT CASE grouping(p.feeder_id, p.plan_id) WHEN 3 THEN 'org' WHEN 1 THEN 'feeder' ELSE 'plan' END, p.feeder_id, p.plan_id, billing.sum(p.load)
	  FROM part p GROUP BY GROUPING SETS ((), (p.feeder_id), (p.plan_id))
	-- of nobody, and where nothing was read, there is no sum
	HAVING billing.missing_count(billing.sum(p.load)) < billing.slot_count(billing.sum(p.load));
END;
COMMENT ON FUNCTION billing._place_loads(bigint, date, date, interval) IS 'the load of an org, of each of its feeders and of each price plan within [from_on, until_on)';

CREATE FUNCTION billing._midnight(time_zone text, day date)
RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- a profile's offset is ISO's, east of Greenwich above zero; AT TIME ZONE takes it for POSIX's
	SELECT CASE WHEN _midnight.time_zone ~ '^[+-][0-9]{2}:[0-9]{2}$' THEN _midnight.day::timestamp AT TIME ZONE 'UTC' - _midnight.time_zone::interval
				ELSE _midnight.day::timestamp AT TIME ZONE _midnight.time_zone END;
END;
COMMENT ON FUNCTION billing._midnight(text, date) IS 'the begin of a day in a profile''s zone';
