-- Records of the OpenEI U.S. Utility Rate Database as tariffs.

-- A record as it is read: out of its wrapper, one spelling of each field, nothing that has no value.
CREATE FUNCTION billing.urdb_record(record jsonb)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	spelling CONSTANT jsonb := '{"supercedes": "supersedes", "flatdemandunits": "flatdemandunit", "demandrateunits": "demandrateunit",
		"coincidentrateunits": "coincidentrateunit", "coincidentschedule": "coincidentrateschedule",
		"demandreactpwrcharge": "demandreactivepowercharge", "demandunit": "demandunits", "minchargeunit": "minchargeunits",
		"fixedchargeunit": "fixedchargeunits"}';
	result jsonb := '{}';
	field text;
	value jsonb;
BEGIN
	IF jsonb_typeof(record -> 'items') = 'array' THEN
		IF jsonb_array_length(record -> 'items') <> 1 THEN
			RAISE EXCEPTION 'the wrapper holds % records', jsonb_array_length(record -> 'items')
				USING ERRCODE = 'UB200', HINT = 'Import them one by one: jsonb_array_elements(document -> ''items'').';
		END IF;
		record := record -> 'items' -> 0;
	END IF;
	IF jsonb_typeof(record) <> 'object' THEN
		RAISE EXCEPTION 'not a URDB record' USING ERRCODE = 'UB200', HINT = 'Give the JSON object of one rate.';
	END IF;
	FOR field, value IN SELECT key, m.value FROM jsonb_each(record) m ORDER BY 1 LOOP
		field := coalesce(spelling ->> lower(field), lower(field));
		-- lists within texts
		IF jsonb_typeof(value) = 'string' AND (value #>> '{}') ~ '^\s*\[' AND field ~ '(schedule|structure|months|percentage|monthly)$' THEN
			value := (value #>> '{}')::jsonb;
		END IF;
		CONTINUE WHEN value IN ('null', '""', '[]', '{}');
		IF result ? field AND result -> field <> value THEN
			RAISE EXCEPTION 'the record says "%" twice, in two spellings', field
				USING ERRCODE = 'UB200', HINT = 'Leave one of them.';
		END IF;
		result := result || jsonb_build_object(field, value);
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION billing.urdb_record(jsonb)
	IS 'a URDB record out of its wrapper, in one spelling, without fields that have no value';

-- 12 x 24 indices of periods as windows: {"p00": [window, ...], "p01": "else"}; NULL where there is only one period.
CREATE FUNCTION billing.urdb_periods(weekday jsonb, weekend jsonb, prefix text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH cell AS (
		SELECT kind, month, hour - 1 AS hour, (c.value #>> '{}')::numeric::integer AS period
		  FROM (VALUES ('weekday', weekday), ('weekend', weekend)) k(kind, schedule),
		       jsonb_array_elements(schedule) WITH ORDINALITY r(value, month),
		       jsonb_array_elements(r.value) WITH ORDINALITY c(value, hour)
	), run AS (
		SELECT kind, month, period, hour - row_number() OVER (PARTITION BY kind, month, period ORDER BY hour) AS run, hour FROM cell
	), span AS (
		SELECT kind, month, period, min(hour) AS first, max(hour) + 1 AS past FROM run GROUP BY kind, month, period, run
	), part AS (
		SELECT kind, period, first, past, jsonb_agg(month ORDER BY month) AS months FROM span GROUP BY kind, period, first, past
	), both_kinds AS (
		SELECT period, first, past, months, CASE WHEN count(*) = 1 THEN min(kind) END AS days FROM part GROUP BY period, first, past, months
	), windows AS (
		SELECT period, count(*) AS n, jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
			'days', days,
			'from', CASE WHEN first > 0 OR past < 24 THEN to_char(first, 'FM00') || ':00' END,
			'to', CASE WHEN first > 0 OR past < 24 THEN to_char(past, 'FM00') || ':00' END,
			'months', CASE WHEN jsonb_array_length(months) < 12 THEN months END)) ORDER BY first, months, days) AS list
		  FROM both_kinds GROUP BY period
	)
	SELECT CASE WHEN count(*) > 1 THEN jsonb_object_agg(prefix || to_char(period, 'FM00'), CASE WHEN rest THEN '"else"' ELSE list END) END
	  FROM (SELECT *, row_number() OVER (ORDER BY n DESC, period) = 1 AS rest FROM windows) w;
END;
COMMENT ON FUNCTION billing.urdb_periods(jsonb, jsonb, text)
	IS 'two 12 x 24 schedules of a URDB record as periods of a tariff; null where they name only one';

-- One period's tiers, checked: [{"to", "price", "unit"}], limits in the units of the record's field.
CREATE FUNCTION billing.urdb_tiers(tiers jsonb, path text, default_unit text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	result jsonb := '[]';
	tier jsonb;
	stranger text;
	unit text;
	upper_limit numeric;
	last_limit numeric;
	last_unit text;
BEGIN
	IF tiers IS NULL OR jsonb_typeof(tiers) <> 'array' OR jsonb_array_length(tiers) = 0 THEN
		RAISE EXCEPTION '% has no tiers', path USING ERRCODE = 'UB200', HINT = 'A period needs a structure.';
	END IF;
	FOR i IN 0 .. jsonb_array_length(tiers) - 1 LOOP
		tier := tiers -> i;
		IF jsonb_typeof(tier) <> 'object' THEN
			RAISE EXCEPTION '%[%] is not a tier', path, i USING ERRCODE = 'UB200', HINT = 'A tier has rate, adj, max and unit.';
		END IF;
		SELECT min(key) INTO stranger FROM jsonb_each(tier) m
		 WHERE key NOT IN ('max', 'unit', 'rate', 'adj', 'sell') AND value NOT IN ('null', '""', '[]', '{}', '0', 'false');
		IF stranger IS NOT NULL THEN
			RAISE EXCEPTION '%[%] says "%", which cannot be honoured', path, i, stranger
				USING ERRCODE = 'UB200', HINT = 'Take it out if it does not enter the bill.';
		END IF;
		unit := coalesce(nullif(tier ->> 'unit', ''), default_unit);
		upper_limit := round((tier ->> 'max')::numeric, 6);
		IF upper_limit >= 1e15 THEN
			upper_limit := NULL;
		END IF;
		IF upper_limit <= 0 OR (lower(unit) = lower(last_unit) AND (last_limit IS NULL OR upper_limit <= last_limit)) THEN
			RAISE EXCEPTION '%[%].max does not rise', path, i USING ERRCODE = 'UB200', HINT = 'Limits are cumulative; only the last tier has none.';
		END IF;
		result := result || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('to', upper_limit, 'unit', unit,
			'price', trim_scale(round(coalesce((tier ->> 'rate')::numeric, 0) + coalesce((tier ->> 'adj')::numeric, 0), 10)))));
		last_limit := upper_limit;
		last_unit := unit;
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION billing.urdb_tiers(jsonb, text, text) IS 'the tiers of one period of a URDB structure, checked: to, unit, price';

-- Steps of energy.  A tier in kWh per kW that tiers in kWh follow is their frame: its limit ends them, its own price is not used.
CREATE FUNCTION billing.urdb_energy_steps(tiers jsonb, path text)
RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	units CONSTANT jsonb := '{"kwh": "kWh", "kwh daily": "kWh/day", "kwh/kw": "kWh/kW", "kwh/kw daily": "kWh/kW/day", "kwh/hp": "kWh/kW",
		"kwh/hp daily": "kWh/kW/day", "kwh/kva": "kWh/kVA", "kwh/kva daily": "kWh/kVA/day"}';
	result jsonb := '[]';
	frame jsonb;
	tier jsonb;
	next_unit text;
	unit text;
BEGIN
	FOR i IN 0 .. jsonb_array_length(tiers) - 1 LOOP
		tier := tiers -> i;
		unit := units ->> lower(tier ->> 'unit');
		next_unit := units ->> lower(tiers -> (i + 1) ->> 'unit');
		IF unit IS NULL THEN
			RAISE EXCEPTION '%[%].unit is "%"', path, i, tier ->> 'unit'
				USING ERRCODE = 'UB200', HINT = 'Known are kWh, kWh/kW, kWh/kVA and kWh/hp, each also "daily".';
		END IF;
		IF unit ~ '/k' AND next_unit !~ '/k' THEN
			IF i > 0 THEN
				RAISE EXCEPTION '%[%] frames tiers in kWh after others', path, i
					USING ERRCODE = 'UB200', HINT = 'Only the first block of hours of use may have steps in kWh.';
			END IF;
			frame := tier || jsonb_build_object('unit', unit);
			CONTINUE;
		END IF;
		-- the last one inside ends with its frame
		IF frame IS NOT NULL AND unit !~ '/k' AND (next_unit IS NULL OR next_unit ~ '/k') THEN
			IF tier ? 'to' THEN
				result := result || jsonb_build_array(tier || jsonb_build_object('unit', unit));
			END IF;
			tier := (tier - 'to') || (frame - 'price');
			unit := frame ->> 'unit';
		ELSIF NOT tier ? 'to' AND i < jsonb_array_length(tiers) - 1 THEN
			RAISE EXCEPTION '%[%] has no max', path, i USING ERRCODE = 'UB200', HINT = 'Only the last tier has none.';
		END IF;
		result := result || jsonb_build_array(CASE WHEN tier ? 'to' THEN tier || jsonb_build_object('unit', unit) ELSE tier - 'unit' END);
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION billing.urdb_energy_steps(jsonb, text) IS 'checked tiers of a URDB energy structure as steps of a charge';

CREATE FUNCTION billing.tariff_from_urdb(record jsonb, time_zone text DEFAULT 'UTC')
RETURNS billing.tariff
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	r CONSTANT jsonb := billing.urdb_record(record);
	honoured CONSTANT text[] := '{energyratestructure,energyweekdayschedule,energyweekendschedule,
		demandratestructure,demandrateunit,demandweekdayschedule,demandweekendschedule,demandunits,demandwindow,
		flatdemandstructure,flatdemandunit,flatdemandmonths,coincidentratestructure,coincidentrateunit,coincidentrateschedule,
		fixedchargefirstmeter,fixedchargeeaaddl,fixedchargeunits,fixedmonthlycharge,mincharge,minchargeunits,minmonthlycharge,annualmincharge,
		lookbackpercent,lookbackmonths,lookbackrange,demandratchetpercentage,demandreactivepowercharge,fueladjustmentsmonthly}';
	kept CONSTANT text := '^(_.*|label|utility|eiaid|name|uri|source|sourceparent|description|startdate|enddate|supersedes|approved|is_default|'
		'country|sector|servicetype|peakk.*|mindemand|maxdemand|voltage.*|phasewiring|.*comments|.*labels|.*attrs|dgrules)$';
	all_months CONSTANT jsonb := '[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]';
	demand_options jsonb := '{}';
	charges jsonb := '[]';
	schedules jsonb := '{}';
	ratchets jsonb := '[]';
	periods jsonb;
	used integer[];
	lists jsonb;
	steps jsonb;
	notes jsonb;
	energy jsonb;
	units text[];
	unit text;
	field text;
	weekday jsonb;
	weekend jsonb;
	part record;
	structure record;
	code text;
	sells boolean;
BEGIN
	-- nothing is dropped in silence
	SELECT min(key) INTO field FROM jsonb_each(r)
	 WHERE key <> ALL (honoured) AND key !~ kept AND value NOT IN ('0', 'false', '0.0');
	IF field IS NOT NULL THEN
		RAISE EXCEPTION 'field "%" of the record cannot be honoured', field
			USING ERRCODE = 'UB200', HINT = 'Take it out if it does not enter the bill.';
	END IF;
	SELECT coalesce(jsonb_object_agg(key, value), '{}') INTO notes FROM jsonb_each(r) WHERE key ~ kept AND key <> 'name';
	FOREACH field IN ARRAY '{energyweekdayschedule,energyweekendschedule,demandweekdayschedule,demandweekendschedule,coincidentrateschedule}'::text[] LOOP
		IF r ? field AND (jsonb_typeof(r -> field) <> 'array' OR jsonb_array_length(r -> field) <> 12 OR EXISTS (
			SELECT FROM jsonb_array_elements(r -> field) m
			 WHERE CASE WHEN jsonb_typeof(m) = 'array' THEN jsonb_array_length(m) <> 24 OR
					EXISTS (SELECT FROM jsonb_array_elements(m) h WHERE h #>> '{}' !~ '^\d{1,2}(\.0+)?$') ELSE true END)) THEN
			RAISE EXCEPTION '% is not a schedule of 12 months by 24 hours', field
				USING ERRCODE = 'UB200', HINT = 'Each hour has the index of a period, from 0.';
		END IF;
	END LOOP;
	FOREACH field IN ARRAY '{flatdemandmonths,lookbackmonths,demandratchetpercentage,fueladjustmentsmonthly}'::text[] LOOP
		IF r ? field AND (jsonb_typeof(r -> field) <> 'array' OR jsonb_array_length(r -> field) <> 12 OR EXISTS (
			SELECT FROM jsonb_array_elements(r -> field) m WHERE jsonb_typeof(m) <> 'number' AND m <> 'null')) THEN
			RAISE EXCEPTION '% does not have twelve numbers', field USING ERRCODE = 'UB200', HINT = 'One for each month, from January on.';
		END IF;
	END LOOP;
	FOREACH field IN ARRAY '{energyratestructure,demandratestructure,flatdemandstructure,coincidentratestructure}'::text[] LOOP
		IF r ? field AND jsonb_typeof(r -> field) <> 'array' THEN
			RAISE EXCEPTION '% is not a list of periods', field USING ERRCODE = 'UB200', HINT = 'Each period is a list of tiers.';
		END IF;
	END LOOP;

	-- what all demand has: its window, and what it may not fall below
	IF coalesce((r ->> 'demandwindow')::numeric, 0) > 0 THEN
		demand_options := jsonb_build_object('minutes', (r ->> 'demandwindow')::numeric, 'coarser', true);
	END IF;
	IF coalesce((r ->> 'lookbackpercent')::numeric, 0) > 0 THEN
		SELECT jsonb_agg(month) INTO lists FROM jsonb_array_elements(r -> 'lookbackmonths') WITH ORDINALITY m(value, month)
		 WHERE value NOT IN ('0', 'null', '0.0');
		IF lists IS NOT NULL AND coalesce((r ->> 'lookbackrange')::numeric, 0) > 0 THEN
			RAISE EXCEPTION 'lookbackmonths and lookbackrange exclude each other' USING ERRCODE = 'UB200', HINT = 'Leave one of them.';
		END IF;
		IF lists IS NULL AND coalesce((r ->> 'lookbackrange')::numeric, 0) = 0 THEN
			RAISE EXCEPTION 'lookbackpercent without lookbackmonths or lookbackrange'
				USING ERRCODE = 'UB200', HINT = 'Say which months are looked at.';
		END IF;
		ratchets := ratchets || jsonb_build_array(jsonb_build_object('share', (r ->> 'lookbackpercent')::numeric) ||
			CASE WHEN lists IS NULL THEN jsonb_build_object('months', (r ->> 'lookbackrange')::numeric::integer)
			ELSE jsonb_build_object('in', lists) END);
	END IF;
	FOR part IN SELECT (value #>> '{}')::numeric AS share, jsonb_agg(month ORDER BY month) AS months
				  FROM jsonb_array_elements(r -> 'demandratchetpercentage') WITH ORDINALITY m(value, month)
				 WHERE (value #>> '{}')::numeric > 0 GROUP BY 1 ORDER BY 1 LOOP
		-- written as 0.8 or as 80
		ratchets := ratchets || jsonb_build_array(jsonb_build_object('months', 11, 'during', part.months,
			'share', trim_scale(CASE WHEN part.share > 1 THEN part.share / 100 ELSE part.share END)));
	END LOOP;

	-- energy
	IF r ? 'energyratestructure' THEN
		weekday := coalesce(r -> 'energyweekdayschedule', r -> 'energyweekendschedule');
		weekend := coalesce(r -> 'energyweekendschedule', weekday);
		IF weekday IS NULL AND jsonb_array_length(r -> 'energyratestructure') > 1 THEN
			RAISE EXCEPTION 'energyratestructure has several periods, and energyweekdayschedule is missing'
				USING ERRCODE = 'UB200', HINT = 'Give the schedules.';
		END IF;
		SELECT coalesce(array_agg(DISTINCT (h #>> '{}')::numeric::integer ORDER BY (h #>> '{}')::numeric::integer), '{0}') INTO used
		  FROM jsonb_array_elements(coalesce(weekday, '[]') || coalesce(weekend, '[]')) m, jsonb_array_elements(m) h;
		energy := jsonb_build_object('code', 'energy');
		lists := '{}';
		FOR i IN 1 .. cardinality(used) LOOP
			steps := billing.urdb_tiers(r -> 'energyratestructure' -> used[i], format('energyratestructure[%s]', used[i]), 'kWh');
			SELECT array_cat(units, array_agg(lower(value ->> 'unit'))) INTO units FROM jsonb_array_elements(steps);
			lists := lists || jsonb_build_object('p' || to_char(used[i], 'FM00'),
				billing.urdb_energy_steps(steps, format('energyratestructure[%s]', used[i])));
		END LOOP;
		periods := billing.urdb_periods(weekday, weekend, 'p');
		IF EXISTS (SELECT FROM jsonb_each(lists) WHERE jsonb_array_length(value) > 1 OR value -> 0 ? 'to') THEN
			energy := energy || jsonb_build_object('per', 'month', 'steps', CASE WHEN periods IS NULL
				THEN (SELECT value FROM jsonb_each(lists)) ELSE lists END);
			IF EXISTS (SELECT FROM jsonb_each(lists) WHERE value -> -1 ? 'to') THEN
				energy := energy || '{"beyond": "last"}';
			END IF;
		ELSIF periods IS NULL THEN
			energy := energy || jsonb_build_object('price', (SELECT value -> 0 -> 'price' FROM jsonb_each(lists)));
		ELSE
			energy := energy || jsonb_build_object('price', (SELECT jsonb_object_agg(key, value -> 0 -> 'price') FROM jsonb_each(lists)));
		END IF;
		SELECT bool_or(coalesce((t ->> 'sell')::numeric, 0) <> 0) INTO sells
		  FROM jsonb_array_elements(r -> 'energyratestructure') p, jsonb_array_elements(p) t;
		IF sells THEN
			notes := notes || jsonb_build_object('energyratestructure', r -> 'energyratestructure');
		END IF;
		-- the demand that hours of use go by
		SELECT array_agg(DISTINCT substring(u FROM '/(kw|kva|hp)')) INTO units FROM unnest(units) u WHERE u ~ '/';
		IF cardinality(units) > 1 THEN
			RAISE EXCEPTION 'energyratestructure has limits by different units of demand'
				USING ERRCODE = 'UB200', HINT = 'Use one of kW, kVA and hp.';
		END IF;
		IF units IS NOT NULL THEN
			charges := charges || jsonb_build_array(jsonb_build_object('code', 'billing_demand', 'price', 0,
				'demand', demand_options || CASE WHEN ratchets <> '[]' THEN jsonb_build_object('ratchet', ratchets) ELSE '{}' END) ||
				CASE units[1] WHEN 'hp' THEN '{"unit": "hp"}'::jsonb WHEN 'kva' THEN '{"channel": "apparent"}' ELSE '{}' END);
			energy := energy || '{"of": "billing_demand"}';
		END IF;
		charges := charges || jsonb_build_array(energy);
	END IF;
	FOR part IN SELECT round((value #>> '{}')::numeric, 10) AS price, jsonb_agg(month ORDER BY month) AS months,
					   row_number() OVER (ORDER BY min(month)) AS n
				  FROM jsonb_array_elements(r -> 'fueladjustmentsmonthly') WITH ORDINALITY m(value, month)
				 WHERE (value #>> '{}')::numeric <> 0 GROUP BY 1 ORDER BY 3 LOOP
		charges := charges || jsonb_build_array(jsonb_build_object('code', 'fuel_adjustment_' || part.n, 'tags', '["fuel_adjustment"]'::jsonb,
			'months', part.months, 'price', trim_scale(part.price)));
	END LOOP;

	-- demand: by time of use, of the month, at the peaks of the system
	FOR structure IN SELECT * FROM (VALUES
			('demand', 'demandratestructure', 'demandrateunit', r -> 'demandweekdayschedule', r -> 'demandweekendschedule', 'd'),
			('flat_demand', 'flatdemandstructure', 'flatdemandunit', NULL, NULL, NULL),
			('coincident', 'coincidentratestructure', 'coincidentrateunit', r -> 'coincidentrateschedule', r -> 'coincidentrateschedule', 'c'))
			s(code, field, unit_field, weekday, weekend, prefix) WHERE r ? s.field LOOP
		unit := lower(coalesce(nullif(r ->> structure.unit_field, ''), nullif(r ->> 'demandunits', ''), 'kW'));
		weekday := coalesce(structure.weekday, structure.weekend);
		weekend := coalesce(structure.weekend, weekday);
		IF structure.prefix IS NULL THEN
			SELECT array_agg(DISTINCT (m #>> '{}')::numeric::integer ORDER BY (m #>> '{}')::numeric::integer) INTO used
			  FROM jsonb_array_elements(coalesce(r -> 'flatdemandmonths', '[0]')) m;
		ELSE
			SELECT coalesce(array_agg(DISTINCT (h #>> '{}')::numeric::integer ORDER BY (h #>> '{}')::numeric::integer), '{0}') INTO used
			  FROM jsonb_array_elements(coalesce(weekday, '[]') || coalesce(weekend, '[]')) m, jsonb_array_elements(m) h;
		END IF;
		IF jsonb_array_length(r -> structure.field) > 1 AND (CASE WHEN structure.prefix IS NULL THEN r -> 'flatdemandmonths' ELSE weekday END) IS NULL THEN
			RAISE EXCEPTION '% has several periods, and their schedule is missing', structure.field
				USING ERRCODE = 'UB200', HINT = 'Give the schedule.';
		END IF;
		lists := '{}';
		FOR i IN 1 .. cardinality(used) LOOP
			steps := billing.urdb_tiers(r -> structure.field -> used[i], format('%s[%s]', structure.field, used[i]), unit);
			IF EXISTS (SELECT FROM jsonb_array_elements(steps) s WHERE lower(s ->> 'unit') <> unit OR unit !~ '^(kw|hp|kva)( daily)?$') THEN
				RAISE EXCEPTION '% is "%"', structure.unit_field, coalesce((SELECT min(s ->> 'unit') FROM jsonb_array_elements(steps) s
						WHERE lower(s ->> 'unit') <> unit), unit)
					USING ERRCODE = 'UB200', HINT = 'Known are kW, hp and kVA, each also "daily", the same for all of a structure.';
			END IF;
			IF steps -> -1 ? 'to' THEN
				steps := steps || jsonb_build_array((steps -> -1) - 'to');
			END IF;
			SELECT jsonb_agg(s - 'unit' ORDER BY n) INTO steps FROM jsonb_array_elements(steps) WITH ORDINALITY t(s, n);
			lists := lists || jsonb_build_object(coalesce(structure.prefix, '') || to_char(used[i], 'FM00'), steps);
		END LOOP;
		CONTINUE WHEN NOT EXISTS (SELECT FROM jsonb_each(lists), jsonb_array_elements(value) s WHERE s -> 'price' <> '0');
		energy := jsonb_build_object('demand', demand_options ||
				CASE WHEN ratchets <> '[]' THEN jsonb_build_object('ratchet', ratchets) ELSE '{}' END) ||
			CASE WHEN unit ~ '^hp' THEN '{"unit": "hp"}'::jsonb WHEN unit ~ '^kva' THEN '{"channel": "apparent"}' ELSE '{}' END ||
			CASE WHEN unit ~ 'daily$' THEN '{"proration": "daily"}'::jsonb ELSE '{}' END;
		IF structure.prefix IS NULL THEN
			-- one charge for the months of each period, all with one memory
			FOR i IN 1 .. cardinality(used) LOOP
				steps := lists -> to_char(used[i], 'FM00');
				CONTINUE WHEN ratchets = '[]' AND NOT EXISTS (SELECT FROM jsonb_array_elements(steps) s WHERE s -> 'price' <> '0');
				code := 'flat_demand' || CASE WHEN cardinality(used) > 1 THEN '_' || used[i] ELSE '' END;
				charges := charges || jsonb_build_array(
					jsonb_set(energy, '{demand,counter}', '"flat_demand"') || jsonb_build_object('code', code, 'tags', '["flat_demand"]'::jsonb) ||
					CASE WHEN jsonb_array_length(steps) > 1 THEN jsonb_build_object('steps', steps)
						ELSE jsonb_build_object('price', steps -> 0 -> 'price') END ||
					CASE WHEN cardinality(used) = 1 THEN '{}' ELSE jsonb_build_object('months', (
						SELECT jsonb_agg(month ORDER BY month) FROM jsonb_array_elements(r -> 'flatdemandmonths') WITH ORDINALITY m(value, month)
						 WHERE (value #>> '{}')::numeric::integer = used[i])) END);
			END LOOP;
			CONTINUE;
		END IF;
		periods := billing.urdb_periods(weekday, weekend, structure.prefix);
		IF periods IS NOT NULL THEN
			schedules := schedules || jsonb_build_object(structure.code, periods);
			energy := jsonb_set(energy, '{demand,periods}', '"each"') || jsonb_build_object('schedule', structure.code);
		ELSE
			SELECT value INTO lists FROM jsonb_each(lists);
		END IF;
		charges := charges || jsonb_build_array(energy || jsonb_build_object('code', structure.code) || CASE
			WHEN periods IS NULL AND jsonb_array_length(lists) = 1 THEN jsonb_build_object('price', lists -> 0 -> 'price')
			WHEN periods IS NOT NULL AND NOT EXISTS (SELECT FROM jsonb_each(lists) WHERE jsonb_array_length(value) > 1)
				THEN jsonb_build_object('price', (SELECT jsonb_object_agg(key, value -> 0 -> 'price') FROM jsonb_each(lists)))
			ELSE jsonb_build_object('steps', lists) END);
	END LOOP;
	IF coalesce((r ->> 'demandreactivepowercharge')::numeric, 0) <> 0 THEN
		charges := charges || jsonb_build_array(jsonb_build_object('code', 'reactive', 'channel', 'reactive_import',
			'demand', demand_options || '{"optional": true}', 'price', r -> 'demandreactivepowercharge'));
	END IF;

	-- fixed and minimum
	FOR part IN SELECT * FROM (VALUES
			('fixed', CASE WHEN r ? 'fixedmonthlycharge' THEN r -> 'fixedmonthlycharge' ELSE r -> 'fixedchargefirstmeter' END,
			 CASE WHEN r ? 'fixedmonthlycharge' THEN '$/month' ELSE r ->> 'fixedchargeunits' END, 'fixedchargeunits'),
			('additional_meters', r -> 'fixedchargeeaaddl', r ->> 'fixedchargeunits', 'fixedchargeunits'),
			('minimum', r -> 'mincharge', r ->> 'minchargeunits', 'minchargeunits'),
			('minimum_month', r -> 'minmonthlycharge', '$/month', NULL),
			('minimum_year', r -> 'annualmincharge', '$/year', NULL)) f(code, price, unit, field)
			WHERE (price #>> '{}')::numeric <> 0 LOOP
		unit := substring(lower(coalesce(part.unit, '$/month')) FROM '^\$/(day|month|year)$');
		IF unit IS NULL THEN
			RAISE EXCEPTION '% is "%"', part.field, part.unit USING ERRCODE = 'UB200', HINT = 'Known are $/month, $/day and $/year.';
		END IF;
		charges := charges || jsonb_build_array(jsonb_build_object('code', part.code) || CASE
			WHEN part.code = 'fixed' THEN jsonb_build_object('fixed', unit, 'price', part.price)
			WHEN part.code = 'additional_meters' THEN jsonb_build_object('fixed', unit, 'price', part.price, 'times', 'additional_meters')
			ELSE jsonb_build_object('minimum', part.price, 'per', unit) END);
	END LOOP;
	IF charges = '[]' THEN
		RAISE EXCEPTION 'the record has no charges' USING ERRCODE = 'UB200', HINT = 'Give at least energyratestructure or fixedchargefirstmeter.';
	END IF;

	periods := billing.urdb_periods(coalesce(r -> 'energyweekdayschedule', r -> 'energyweekendschedule'),
		coalesce(r -> 'energyweekendschedule', r -> 'energyweekdayschedule'), 'p');
	RETURN (jsonb_build_object('name', coalesce(r ->> 'name', r ->> 'label', 'URDB'), 'currency', 'USD', 'time_zone', time_zone,
			'charges', charges, 'notes', notes) ||
		CASE WHEN periods IS NOT NULL AND r ? 'energyratestructure' THEN jsonb_build_object('periods', periods) ELSE '{}' END ||
		CASE WHEN schedules <> '{}' THEN jsonb_build_object('schedules', schedules) ELSE '{}' END ||
		CASE WHEN charges @> '[{"code": "additional_meters"}]' THEN '{"terms": {"additional_meters": {"default": 0}}}'::jsonb ELSE '{}' END
		)::billing.tariff;
END
$$;
COMMENT ON FUNCTION billing.tariff_from_urdb(jsonb, text)
	IS 'a record of the OpenEI U.S. Utility Rate Database as a tariff; what cannot be honoured is an error that names the field';
