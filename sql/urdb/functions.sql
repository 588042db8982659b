-- Records of the OpenEI U.S. Utility Rate Database as tariffs.

-- A number of the record, or an error that names where it stands; null where there is none.
CREATE FUNCTION billing.urdb_number(value jsonb, path text, low numeric DEFAULT -1e8, high numeric DEFAULT 1e8, whole boolean DEFAULT false)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	number numeric;
BEGIN
	IF value IS NULL OR value IN ('null', '""') THEN
		RETURN NULL;
	END IF;
	IF jsonb_typeof(value) NOT IN ('number', 'string') OR
		jsonb_typeof(value) = 'string' AND value #>> '{}' !~ '^\s*[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,2})?\s*$' THEN
		RAISE EXCEPTION '% is not a number', path USING ERRCODE = 'UB200', HINT = 'Write it without unit and separators, such as 0.1234.';
	END IF;
	number := (value #>> '{}')::numeric;
	IF number < low OR number > high OR whole AND number <> trunc(number) THEN
		RAISE EXCEPTION '% is out of range', path
			USING ERRCODE = 'UB200', HINT = format('Give %s from %s to %s.', CASE WHEN whole THEN 'a whole number' ELSE 'a number' END, low, high);
	END IF;
	RETURN number;
END
$$;
COMMENT ON FUNCTION billing.urdb_number(jsonb, text, numeric, numeric, boolean) IS 'a number of a URDB record, checked; the path is for the message';

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
	-- lists within texts: of numbers, or of lists of numbers or tiers
	number CONSTANT text := '-?(?:0|[1-9]\d{0,40})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,2})?';
	scalar CONSTANT text := format('(?:%s|"[^"\\\x01-\x1f]*"|true|false|null)', number);
	tier CONSTANT text := format('\{\s*(?:"\w+"\s*:\s*%1$s\s*(?:,\s*"\w+"\s*:\s*%1$s\s*)*)?\}', scalar);
	item CONSTANT text := format('(?:%s|%s)', number, tier);
	row_of CONSTANT text := format('(?:%1$s|\[\s*(?:%1$s\s*(?:,\s*%1$s\s*)*)?\])', item);
	list CONSTANT text := format('^\s*\[\s*(?:%1$s\s*(?:,\s*%1$s\s*)*)?\]\s*$', row_of);
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
		IF jsonb_typeof(value) = 'string' AND (value #>> '{}') ~ '^\s*\[' AND field ~ '(schedule|structure|months|percentage|monthly)$' THEN
			IF value #>> '{}' !~ list THEN
				RAISE EXCEPTION '% is a text that holds no list', field USING ERRCODE = 'UB200', HINT = 'Give the list itself.';
			END IF;
			value := (value #>> '{}')::jsonb;
		END IF;
		CONTINUE WHEN value IN ('null', '""', '[]', '{}');
		IF field ~ '^(fixedcharge(firstmeter|eaaddl)|fixedmonthlycharge|mincharge|minmonthlycharge|annualmincharge|demandreactivepowercharge)$' THEN
			value := to_jsonb(trim_scale(round(billing.urdb_number(value, field), 10)));
		ELSIF field = 'lookbackpercent' THEN
			value := to_jsonb(trim_scale(round(billing.urdb_number(value, field, 0, 1), 6)));
		ELSIF field IN ('lookbackrange', 'demandwindow') THEN
			value := to_jsonb(billing.urdb_number(value, field, 0, CASE field WHEN 'demandwindow' THEN 1440 ELSE 60 END, true));
		ELSIF field ~ 'units?$' OR field = 'dgrules' THEN
			IF jsonb_typeof(value) <> 'string' THEN
				RAISE EXCEPTION '% is not a text', field USING ERRCODE = 'UB200', HINT = 'Write it as the database does.';
			END IF;
			IF field ~ '^(demand|flat|coincident)' AND lower(value #>> '{}') !~ '^(kw|hp|kva)( daily)?$' THEN
				RAISE EXCEPTION '% is "%"', field, value #>> '{}' USING ERRCODE = 'UB200', HINT = 'Known are kW, hp and kVA, each also "daily".';
			END IF;
		END IF;
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

-- One period's tiers, checked: [{"to", "price", "sell", "unit"}], limits in the units of the record's field.
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
		upper_limit := round(billing.urdb_number(tier -> 'max', format('%s[%s].max', path, i), -1e38, 'infinity'), 6);
		IF upper_limit >= 1e15 THEN
			upper_limit := NULL;
		END IF;
		IF upper_limit <= 0 OR (lower(unit) = lower(last_unit) AND (last_limit IS NULL OR upper_limit <= last_limit)) THEN
			RAISE EXCEPTION '%[%].max does not rise', path, i USING ERRCODE = 'UB200', HINT = 'Limits are cumulative; only the last tier has none.';
		END IF;
		result := result || jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('to', upper_limit, 'unit', unit,
			'price', trim_scale(round(coalesce(billing.urdb_number(tier -> 'rate', format('%s[%s].rate', path, i)), 0) +
				coalesce(billing.urdb_number(tier -> 'adj', format('%s[%s].adj', path, i)), 0), 10)),
			'sell', trim_scale(round(coalesce(billing.urdb_number(tier -> 'sell', format('%s[%s].sell', path, i)), 0), 10)))));
		last_limit := upper_limit;
		last_unit := unit;
	END LOOP;
	RETURN result;
END
$$;
COMMENT ON FUNCTION billing.urdb_tiers(jsonb, text, text) IS 'the tiers of one period of a URDB structure, checked: to, unit, price, sell';

-- Steps of energy.  A tier in kWh per kW that tiers in kWh follow is their frame: its limit ends them, its own prices are not used.
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
			tier := (tier - 'to') || (frame - 'price' - 'sell');
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

-- Lists of steps by period as what a charge says of its price: with the prices for energy bought, or those for energy sold.
CREATE FUNCTION billing.urdb_priced(lists jsonb, by_period boolean, member text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH priced AS (
		SELECT key, (SELECT jsonb_agg((s - 'price' - 'sell') || jsonb_build_object('price', s -> member) ORDER BY n)
		               FROM jsonb_array_elements(value) WITH ORDINALITY t(s, n)) AS steps
		  FROM jsonb_each(lists)
	), form AS (
		SELECT bool_or(jsonb_array_length(steps) > 1 OR steps -> 0 ? 'to') AS tiers, bool_or(steps -> -1 ? 'to') AS beyond,
		       jsonb_object_agg(key, steps) AS all_steps, jsonb_object_agg(key, steps -> 0 -> 'price') AS prices FROM priced
	)
	SELECT CASE
		WHEN tiers THEN jsonb_build_object('per', 'month', 'steps', CASE WHEN by_period THEN all_steps ELSE (SELECT steps FROM priced) END) ||
			CASE WHEN beyond THEN '{"beyond": "last"}'::jsonb ELSE '{}' END
		ELSE jsonb_build_object('price', CASE WHEN by_period THEN prices ELSE (SELECT steps -> 0 -> 'price' FROM priced) END)
		END FROM form;
END;
COMMENT ON FUNCTION billing.urdb_priced(jsonb, boolean, text) IS 'steps by period of a URDB energy structure as the price or the steps of a charge';

-- A demand charge as it is metered, and of what is left after export where the metering option nets.  Both have one memory.
CREATE FUNCTION billing.urdb_demand(charge jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH tagged AS (
		SELECT charge || jsonb_build_object('tags', coalesce(charge -> 'tags', jsonb_build_array(charge -> 'code')), 'demand', charge -> 'demand' ||
			CASE WHEN charge -> 'demand' ? 'ratchet' AND NOT charge -> 'demand' ? 'counter'
				THEN jsonb_build_object('counter', charge -> 'code') ELSE '{}' END) AS t
	)
	SELECT CASE WHEN charge ? 'channel' THEN jsonb_build_array(charge) ELSE jsonb_build_array(
		t || '{"when": {"metering": ["As Metered", "Buy All Sell All"]}}',
		t || '{"net": "slot", "when": {"metering": ["Net Metering", "Net Billing Instantaneous", "Net Billing Hourly"]}}' ||
			jsonb_build_object('code', (t ->> 'code') || '_net', 'name', t -> 'code')) END FROM tagged;
END;
COMMENT ON FUNCTION billing.urdb_demand(jsonb) IS 'a demand charge for metering options that net import and export, and for those that do not';

-- Where energy kept in one period goes when a month begins.  A period is looked for at 0, 5, 11 and 17 o'clock of the
-- weekdays of the month before; what it kept goes to the period of the same hour.  Found at none of them, it is lost.
CREATE FUNCTION billing.urdb_moves(weekday jsonb, weekend jsonb, prefix text)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH kept AS (
		SELECT DISTINCT month, (h.value #>> '{}')::numeric::integer AS period
		  FROM (VALUES (weekday), (weekend)) s(schedule), jsonb_array_elements(schedule) WITH ORDINALITY r(value, month),
		       jsonb_array_elements(r.value) h
	), seen AS (
		SELECT month, ARRAY[(r.value ->> 0)::numeric, (r.value ->> 5)::numeric, (r.value ->> 11)::numeric, (r.value ->> 17)::numeric]::integer[] AS period
		  FROM jsonb_array_elements(weekday) WITH ORDINALITY r(value, month)
	), move AS (
		SELECT after.month, kept.period AS source, after.period[array_position(before.period, kept.period)] AS target
		  FROM kept JOIN seen before ON before.month = kept.month JOIN seen after ON after.month = kept.month % 12 + 1
	), part AS (
		SELECT source, target, jsonb_agg(month ORDER BY month) AS months FROM move
		 WHERE source IS DISTINCT FROM target GROUP BY source, target
	)
	SELECT jsonb_agg(jsonb_strip_nulls(jsonb_build_object('months', months, 'from', prefix || to_char(source, 'FM00'),
		'to', prefix || to_char(target, 'FM00'))) ORDER BY source, target) FROM part;
END;
COMMENT ON FUNCTION billing.urdb_moves(jsonb, jsonb, text)
	IS 'how kWh kept by period move where the periods of a URDB record change from month to month; null where they do not';

-- The charges on energy bought and sold, once for each metering option: what is netted, and where surplus goes.
CREATE FUNCTION billing.urdb_metered(buy jsonb, sell jsonb, fuel jsonb)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	WITH bought(n, suffix, netted, conditions, net) AS (VALUES
		(1, '', false, '{"metering": ["As Metered", "Buy All Sell All"]}'::jsonb, '{}'::jsonb),
		(2, '_net_slot', true, '{"metering": "Net Billing Instantaneous"}', '{"net": "slot"}'),
		(3, '_net_hour', true, '{"metering": "Net Billing Hourly"}', '{"net": "hour"}'),
		(4, '_net_kept', true, '{"metering": "Net Metering", "carry_over_money": false}', '{"net": "month", "bank": "kept"}'),
		(5, '_net_month', true, '{"metering": "Net Metering", "carry_over_money": true}', '{"net": "month"}')
	), sold(n, suffix, netted, conditions, net) AS (VALUES
		(1, '', false, '{"metering": "As Metered", "carry_over_money": false}'::jsonb, '{"channel": "export"}'::jsonb),
		(2, '_kept', false, '{"metering": "As Metered", "carry_over_money": true}', '{"channel": "export", "bank": "credit"}'),
		(3, '_generation', false, '{"metering": "Buy All Sell All"}', '{"channel": "generation"}'),
		(4, '_net_slot', true, '{"metering": "Net Billing Instantaneous", "carry_over_money": false}', '{"channel": "export", "net": "slot"}'),
		(5, '_net_slot_kept', true, '{"metering": "Net Billing Instantaneous", "carry_over_money": true}',
			'{"channel": "export", "net": "slot", "bank": "credit"}'),
		(6, '_net_hour', true, '{"metering": "Net Billing Hourly", "carry_over_money": false}', '{"channel": "export", "net": "hour"}'),
		(7, '_net_hour_kept', true, '{"metering": "Net Billing Hourly", "carry_over_money": true}',
			'{"channel": "export", "net": "hour", "bank": "credit"}'),
		(8, '_net_month_kept', true, '{"metering": "Net Metering", "carry_over_money": true}',
			'{"channel": "export", "net": "month", "bank": "credit"}')
	), charge(place, n, charge) AS (
		SELECT 1, n, buy || net || jsonb_build_object('code', 'energy' || suffix, 'name', 'energy', 'tags', '["energy"]'::jsonb, 'when', conditions) ||
		       CASE WHEN netted AND buy ? 'of' THEN '{"of": "billing_demand_net"}'::jsonb ELSE '{}' END
		  FROM bought WHERE buy IS NOT NULL
		UNION ALL
		SELECT 2, 10 * f.n + bought.n, f.value || net || jsonb_build_object('code', (f.value ->> 'code') || suffix, 'name', f.value -> 'code',
		       'tags', '["energy", "fuel_adjustment"]'::jsonb, 'when', conditions)
		  FROM bought, jsonb_array_elements(fuel) WITH ORDINALITY f(value, n)
		UNION ALL
		SELECT 3, 1, '{"code": "credit", "use": "credit", "of": ["energy"], "when": {"credit_at_once": false}}'::jsonb
		UNION ALL
		SELECT 4, n, sell || net || jsonb_build_object('code', 'sale' || suffix, 'name', 'sale', 'tags', '["sale"]'::jsonb, 'sign', 'credit', 'when', conditions) ||
		       CASE WHEN netted AND sell ? 'of' THEN '{"of": "billing_demand_net"}'::jsonb ELSE '{}' END
		  FROM sold WHERE sell IS NOT NULL
		UNION ALL
		SELECT 5, 1, '{"code": "credit_at_once", "name": "credit", "use": "credit", "of": ["energy"], "when": {"credit_at_once": true}}'
	)
	SELECT jsonb_agg(charge ORDER BY place, n) FROM charge;
END;
COMMENT ON FUNCTION billing.urdb_metered(jsonb, jsonb, jsonb)
	IS 'charges on energy bought, sold and adjusted for fuel, for each metering option that the terms may name';

-- What becomes of kept energy and money at the true-up.  The energy paid for is that of the whole year, whatever its period.
CREATE FUNCTION billing.urdb_true_up(by_period boolean)
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_agg(charge || '{"true_up": {"term": "true_up_month"}}' ||
			CASE WHEN charge ->> 'pay_out' = 'year' AND NOT by_period THEN '{"pay_out": "kept"}'::jsonb ELSE '{}' END ORDER BY n)
	  FROM (VALUES
		(1, '{"code": "true_up", "pay_out": "year", "price": {"term": "year_end_credit_rate"},
			"when": {"metering": "Net Metering", "carry_over_money": false, "true_up_as_credit": false}}'::jsonb),
		(2, '{"code": "true_up_credit", "name": "true_up", "pay_out": "year", "price": {"term": "year_end_credit_rate"}, "bank": "credit",
			"when": {"metering": "Net Metering", "carry_over_money": false, "true_up_as_credit": true}}'),
		(3, '{"code": "reset", "pay_out": "kept", "price": 0, "when": {"metering": "Net Metering", "carry_over_money": false}}'),
		(4, '{"code": "credit_paid", "pay_out": "credit", "when": {"carry_over_money": true, "credit_expires": false}}'),
		(5, '{"code": "credit_expired", "pay_out": "credit", "price": 0, "when": {"carry_over_money": true, "credit_expires": true}}'))
		c(n, charge)
	 WHERE by_period OR charge ->> 'code' <> 'reset';
END;
COMMENT ON FUNCTION billing.urdb_true_up(boolean) IS 'charges that pay out, or let lapse, what metering options have kept';

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
	buy jsonb;
	sell jsonb;
	fuel jsonb := '[]';
	terms jsonb := '{}';
	banks jsonb;
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
					EXISTS (SELECT FROM jsonb_array_elements(m) h WHERE coalesce(h #>> '{}', '') !~ '^\d{1,2}(\.0{1,20})?$') ELSE true END)) THEN
			RAISE EXCEPTION '% is not a schedule of 12 months by 24 hours', field
				USING ERRCODE = 'UB200', HINT = 'Each hour has the index of a period, from 0.';
		END IF;
	END LOOP;
	FOREACH field IN ARRAY '{flatdemandmonths,lookbackmonths,demandratchetpercentage,fueladjustmentsmonthly}'::text[] LOOP
		IF r ? field AND (jsonb_typeof(r -> field) <> 'array' OR jsonb_array_length(r -> field) <> 12 OR EXISTS (
			SELECT FROM jsonb_array_elements(r -> field) m WHERE jsonb_typeof(m) <> 'number' AND m <> 'null')) THEN
			RAISE EXCEPTION '% does not have twelve numbers', field USING ERRCODE = 'UB200', HINT = 'One for each month, from January on.';
		END IF;
		PERFORM billing.urdb_number(m, field, CASE WHEN field ~ '^fuel' THEN -1e8 ELSE 0 END, CASE WHEN field ~ '^fuel' THEN 1e8 WHEN field ~ '^look' THEN 1 ELSE 100 END,
			field ~ 'months$') FROM jsonb_array_elements(r -> field) m;
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
		lists := '{}';
		FOR i IN 1 .. cardinality(used) LOOP
			steps := billing.urdb_tiers(r -> 'energyratestructure' -> used[i], format('energyratestructure[%s]', used[i]), 'kWh');
			SELECT array_cat(units, array_agg(lower(value ->> 'unit'))) INTO units FROM jsonb_array_elements(steps);
			lists := lists || jsonb_build_object('p' || to_char(used[i], 'FM00'),
				billing.urdb_energy_steps(steps, format('energyratestructure[%s]', used[i])));
		END LOOP;
		periods := billing.urdb_periods(weekday, weekend, 'p');
		buy := billing.urdb_priced(lists, periods IS NOT NULL, 'price');
		IF EXISTS (SELECT FROM jsonb_each(lists), jsonb_array_elements(value) t WHERE t -> 'sell' <> '0') THEN
			sell := billing.urdb_priced(lists, periods IS NOT NULL, 'sell');
		END IF;
		-- the demand that hours of use go by
		SELECT array_agg(DISTINCT substring(u FROM '/(kw|kva|hp)')) INTO units FROM unnest(units) u WHERE u ~ '/';
		IF cardinality(units) > 1 THEN
			RAISE EXCEPTION 'energyratestructure has limits by different units of demand'
				USING ERRCODE = 'UB200', HINT = 'Use one of kW, kVA and hp.';
		END IF;
		IF units IS NOT NULL THEN
			energy := jsonb_build_object('code', 'billing_demand', 'price', 0,
				'demand', demand_options || CASE WHEN ratchets <> '[]' THEN jsonb_build_object('ratchet', ratchets) ELSE '{}' END) ||
				CASE units[1] WHEN 'hp' THEN '{"unit": "hp"}'::jsonb WHEN 'kva' THEN '{"channel": "apparent"}' ELSE '{}' END;
			charges := charges || billing.urdb_demand(energy);
			buy := buy || '{"of": "billing_demand"}';
			sell := sell || '{"of": "billing_demand"}';
		END IF;
	END IF;
	SELECT coalesce(jsonb_agg(jsonb_build_object('code', 'fuel_adjustment_' || n, 'months', months, 'price', trim_scale(price)) ORDER BY n), '[]') INTO fuel
	  FROM (SELECT round((value #>> '{}')::numeric, 10) AS price, jsonb_agg(month ORDER BY month) AS months, row_number() OVER (ORDER BY min(month)) AS n
	          FROM jsonb_array_elements(r -> 'fueladjustmentsmonthly') WITH ORDINALITY m(value, month)
	         WHERE (value #>> '{}')::numeric <> 0 GROUP BY 1) f;
	IF buy IS NOT NULL OR fuel <> '[]' THEN
		charges := charges || billing.urdb_metered(buy, sell, fuel);
	END IF;

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
			IF EXISTS (SELECT FROM jsonb_array_elements(steps) s WHERE lower(s ->> 'unit') <> unit) THEN
				RAISE EXCEPTION '% is "%", but % has a tier in "%"', structure.unit_field, unit, structure.field,
					(SELECT min(s ->> 'unit') FROM jsonb_array_elements(steps) s WHERE lower(s ->> 'unit') <> unit)
					USING ERRCODE = 'UB200', HINT = 'Known are kW, hp and kVA, each also "daily", the same for all of a structure.';
			END IF;
			IF EXISTS (SELECT FROM jsonb_array_elements(steps) s WHERE s -> 'sell' <> '0') THEN
				RAISE EXCEPTION '%[%] says "sell", which cannot be honoured', structure.field, used[i]
					USING ERRCODE = 'UB200', HINT = 'Only energy is sold.';
			END IF;
			IF steps -> -1 ? 'to' THEN
				steps := steps || jsonb_build_array((steps -> -1) - 'to');
			END IF;
			SELECT jsonb_agg(s - 'unit' - 'sell' ORDER BY n) INTO steps FROM jsonb_array_elements(steps) WITH ORDINALITY t(s, n);
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
				charges := charges || billing.urdb_demand(
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
		charges := charges || billing.urdb_demand(energy || jsonb_build_object('code', structure.code) || CASE
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

	IF charges @> '[{"code": "additional_meters"}]' THEN
		terms := '{"additional_meters": {"default": 0}}';
	END IF;
	weekday := coalesce(r -> 'energyweekdayschedule', r -> 'energyweekendschedule');
	weekend := coalesce(r -> 'energyweekendschedule', weekday);
	periods := CASE WHEN buy IS NOT NULL THEN billing.urdb_periods(weekday, weekend, 'p') END;
	IF charges @? '$[*].when.metering' THEN
		terms := terms || jsonb_build_object('metering', '{"one_of": ["As Metered", "Net Metering", "Net Billing Instantaneous",
				"Net Billing Hourly", "Buy All Sell All"]}'::jsonb ||
			CASE WHEN NOT r ? 'dgrules' THEN '{"default": "As Metered"}'
				ELSE coalesce((SELECT jsonb_build_object('default', o) FROM unnest('{Net Metering,Net Billing Instantaneous,Net Billing Hourly,
					Buy All Sell All}'::text[]) o WHERE lower(o) = lower(btrim(r ->> 'dgrules'))), '{}') END);
	END IF;
	IF buy IS NOT NULL OR fuel <> '[]' THEN
		terms := terms || '{"carry_over_money": {"default": false}, "credit_at_once": {"default": false}, "credit_expires": {"default": false},
			"true_up_month": {"default": 12}, "true_up_as_credit": {"default": false}, "year_end_credit_rate": {"default": 0}}';
		banks := '{"kept": {"unit": "kWh"}, "credit": {"unit": "money"}}';
		IF periods IS NOT NULL THEN
			-- the balance of the year, beside what each period keeps
			charges := charges || '[{"code": "balance", "schedule": "all_day", "net": "month", "bank": "year", "per": "month", "steps": [{}],
				"when": {"metering": "Net Metering", "carry_over_money": false}}]';
			schedules := schedules || '{"all_day": {"any": "else"}}';
			banks := jsonb_set(banks, '{kept}', jsonb_strip_nulls(banks -> 'kept' ||
				jsonb_build_object('moves', billing.urdb_moves(weekday, weekend, 'p')))) || '{"year": {"unit": "kWh"}}';
		END IF;
		charges := charges || billing.urdb_true_up(periods IS NOT NULL);
	END IF;
	RETURN (jsonb_strip_nulls(jsonb_build_object('periods', periods, 'banks', banks,
			'schedules', nullif(schedules, '{}'), 'terms', nullif(terms, '{}'))) ||
		jsonb_build_object('name', coalesce(r ->> 'name', r ->> 'label', 'URDB'), 'currency', 'USD', 'time_zone', time_zone,
			'charges', charges, 'notes', notes))::billing.tariff;
END
$$;
COMMENT ON FUNCTION billing.tariff_from_urdb(jsonb, text)
	IS 'a record of the OpenEI U.S. Utility Rate Database as a tariff; what cannot be honoured is an error that names the field';
