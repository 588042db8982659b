-- What may follow changes what markets are made of: those made before are looked at again.
CREATE FUNCTION billing._market_changed()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
	UPDATE billing.market_change SET changes = changes + 1;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._market_changed() IS 'trigger of the rows that markets are made of';

CREATE FUNCTION billing.add_calendar(calendar_code text, name text, events text[] DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: calendars are everybody's, so who writes them may write plans everywhere.
DECLARE
	calendar	bigint;
BEGIN
	PERFORM billing._given('add_calendar', calendar_code, name, events);
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.calendar AS c (calendar_code, name, events) VALUES (add_calendar.calendar_code, add_calendar.name, add_calendar.events)
	    ON CONFLICT ON CONSTRAINT calendar_calendar_code_key DO UPDATE SET name = excluded.name,
		   events = ARRAY(SELECT DISTINCT e FROM unnest(c.events || excluded.events) e ORDER BY e)
	RETURNING c.calendar_id INTO calendar;
	RETURN calendar;
END $$;
COMMENT ON FUNCTION billing.add_calendar(text, text, text[]) IS
'a calendar, or more events for one that is there; events: the names by which tariffs ask for them; needs write on plan everywhere; returns calendar_id';

CREATE FUNCTION billing._calendar_of(calendar_code text)
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	calendar	bigint;
BEGIN
	-- one after the other, so that revisions have their order
	SELECT c.calendar_id INTO calendar FROM billing.calendar c WHERE c.calendar_code = _calendar_of.calendar_code FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no calendar "%"', left(_calendar_of.calendar_code, 64)
			USING ERRCODE = 'no_data_found', HINT = 'add_calendar() makes one.';
	END IF;
	RETURN calendar;
END $$;
COMMENT ON FUNCTION billing._calendar_of(text) IS 'the calendar of this code, locked for who adds to it';

CREATE FUNCTION billing.add_calendar_days(calendar_code text, days date[], kind text DEFAULT 'holiday', name text DEFAULT NULL, source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	calendar	bigint;
	added		integer;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	calendar := billing._calendar_of(coalesce(add_calendar_days.calendar_code, ''));
	IF coalesce(cardinality(add_calendar_days.days), 0) NOT BETWEEN 1 AND 20000 OR array_position(add_calendar_days.days, NULL) IS NOT NULL THEN
		RAISE EXCEPTION 'the days are a list of 1 to 20000 dates' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	INSERT INTO billing.calendar_day (calendar_id, day, revision, kind, name, source)
	SELECT calendar, d.day, coalesce(l.revision, 0) + 1, add_calendar_days.kind, add_calendar_days.name, add_calendar_days.source
	  FROM (SELECT DISTINCT u.day FROM unnest(add_calendar_days.days) u(day)) d
	  LEFT JOIN LATERAL (SELECT c.revision, c.kind, c.name FROM billing.calendar_day c
						  WHERE c.calendar_id = calendar AND c.day = d.day ORDER BY c.revision DESC LIMIT 1) l ON true
	 WHERE (l.kind, l.name) IS DISTINCT FROM (add_calendar_days.kind, add_calendar_days.name);
	GET DIAGNOSTICS added = ROW_COUNT;
	RETURN added;
END $$;
COMMENT ON FUNCTION billing.add_calendar_days(text, date[], text, text, text) IS
'holidays, weekend days worked in exchange (workday 调休), or days that are as the week says after all (ordinary); what a calendar said of a day '
'before is kept as an earlier revision; needs write on plan everywhere; returns how many days are new or other than before';

CREATE FUNCTION billing._add_event(calendar_code text, name text, days daterange, hours tstzrange, source text)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	calendar	bigint;
	made		integer;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	calendar := billing._calendar_of(coalesce(_add_event.calendar_code, ''));
	IF num_nonnulls(_add_event.days, _add_event.hours) <> 1 OR coalesce(isempty(_add_event.days), isempty(_add_event.hours)) THEN
		RAISE EXCEPTION 'an event has a span' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	IF (SELECT NOT _add_event.name = ANY (c.events) FROM billing.calendar c WHERE c.calendar_id = calendar) IS NOT FALSE THEN
		RAISE EXCEPTION 'calendar "%" keeps no events "%"', _add_event.calendar_code, left(coalesce(_add_event.name, ''), 64)
			USING ERRCODE = 'no_data_found', HINT = 'add_calendar(code, name, ''{…}'') says which events it keeps, by the names that tariffs give them.';
	END IF;
	-- a repeated call is the same event
	SELECT e.event_no INTO made
	  FROM (SELECT DISTINCT ON (v.event_no) v.event_no, v.during_days, v.during_hours, v.cancelled FROM billing.calendar_event v
			 WHERE v.calendar_id = calendar AND v.name = _add_event.name ORDER BY v.event_no, v.revision DESC) e
	 WHERE NOT e.cancelled AND (e.during_days = _add_event.days OR e.during_hours = _add_event.hours) LIMIT 1;
	IF FOUND THEN
		RETURN made;
	END IF;
	INSERT INTO billing.calendar_event AS e (calendar_id, name, event_no, revision, during_days, during_hours, source)
	SELECT calendar, _add_event.name, coalesce(max(v.event_no), 0) + 1, 1, _add_event.days, _add_event.hours, _add_event.source
	  FROM billing.calendar_event v WHERE v.calendar_id = calendar AND v.name = _add_event.name
	RETURNING e.event_no INTO made;
	RETURN made;
END $$;
COMMENT ON FUNCTION billing._add_event(text, text, daterange, tstzrange, text) IS 'calls an event, of days or of hours';

CREATE FUNCTION billing.add_event(calendar_code text, name text, from_at timestamptz, until_at timestamptz, source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
BEGIN
	IF NOT coalesce(add_event.from_at < add_event.until_at, false) THEN
		RAISE EXCEPTION 'an event ends after it begins' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN billing._add_event(add_event.calendar_code, add_event.name, NULL, tstzrange(add_event.from_at, add_event.until_at), add_event.source);
END $$;
COMMENT ON FUNCTION billing.add_event(text, text, timestamptz, timestamptz, text) IS
'an event of hours, such as an afternoon of critical peak prices, in a calendar that keeps events of this name; needs write on plan everywhere; returns its number';

CREATE FUNCTION billing.add_event_days(calendar_code text, name text, from_on date, until_on date, source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
BEGIN
	IF NOT coalesce(add_event_days.from_on < add_event_days.until_on, false) THEN
		RAISE EXCEPTION 'an event ends after it begins' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN billing._add_event(add_event_days.calendar_code, add_event_days.name, daterange(add_event_days.from_on, add_event_days.until_on), NULL, add_event_days.source);
END $$;
COMMENT ON FUNCTION billing.add_event_days(text, text, date, date, text) IS
'an event of whole days, until_on not included, otherwise as add_event(); returns its number';

CREATE FUNCTION billing.cancel_event(calendar_code text, name text, event_no integer, source text DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	calendar	bigint;
	event		billing.calendar_event;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	calendar := billing._calendar_of(coalesce(cancel_event.calendar_code, ''));
	SELECT e.* INTO event FROM billing.calendar_event e
	 WHERE e.calendar_id = calendar AND e.name = cancel_event.name AND e.event_no = cancel_event.event_no ORDER BY e.revision DESC LIMIT 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'calendar "%" has no such event', cancel_event.calendar_code USING ERRCODE = 'no_data_found';
	END IF;
	IF NOT event.cancelled THEN
		INSERT INTO billing.calendar_event (calendar_id, name, event_no, revision, during_days, during_hours, cancelled, source)
		VALUES (calendar, event.name, event.event_no, event.revision + 1, event.during_days, event.during_hours, true, cancel_event.source);
	END IF;
END $$;
COMMENT ON FUNCTION billing.cancel_event(text, text, integer, text) IS
'calls an event off: bills made from now on know nothing of it; needs write on plan everywhere';

CREATE FUNCTION billing.add_component(component_code text, name text, holds text DEFAULT 'month')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	component	bigint;
BEGIN
	PERFORM billing._given('add_component', component_code, name, holds);
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.price_component AS c (component_code, name, holds) VALUES (add_component.component_code, add_component.name, add_component.holds)
	    ON CONFLICT ON CONSTRAINT price_component_component_code_key DO UPDATE SET name = excluded.name, holds = excluded.holds
	RETURNING c.component_id INTO component;
	RETURN component;
END $$;
COMMENT ON FUNCTION billing.add_component(text, text, text) IS
'a price that is published from time to time, under the name that tariffs give it; month: each price is for its month only, so that a month that '
'was forgotten makes no bill; next: each holds until the next; needs write on plan everywhere; returns component_id';

CREATE FUNCTION billing._component_detail(component_code text, from_on date, price numeric, source text)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object('component_code', _component_detail.component_code, 'from_on', _component_detail.from_on,
		'price', trim_scale(_component_detail.price)::text, 'source', _component_detail.source);
END;
COMMENT ON FUNCTION billing._component_detail(text, date, numeric, text) IS 'what exactly is approved of a published price';

CREATE FUNCTION billing.request_component(component_code text, from_on date, price numeric, source text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write prices.
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	RETURN billing._ask_approval('price', billing._price_org(), format('component %s from %s', left(request_component.component_code, 64), request_component.from_on),
		billing._component_detail(request_component.component_code, request_component.from_on, request_component.price, request_component.source));
END $$;
COMMENT ON FUNCTION billing.request_component(text, date, numeric, text) IS
'asks for the approval of a price as publish_component() takes it, where a rule wants a second person for prices (set_approval_rule(…, ''price'')); returns approval_id';

CREATE FUNCTION billing.publish_component(component_code text, from_on date, price numeric, source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	component	record;
	last		record;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	SELECT c.component_id, c.holds INTO component FROM billing.price_component c
	 WHERE c.component_code = publish_component.component_code FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no price component "%"', left(coalesce(publish_component.component_code, ''), 64)
			USING ERRCODE = 'no_data_found', HINT = 'add_component() makes one, under the name that the tariff gives it.';
	END IF;
	IF NOT coalesce(isfinite(publish_component.from_on), false)
		OR (component.holds = 'month' AND publish_component.from_on <> date_trunc('month', publish_component.from_on::timestamp)::date) THEN
		RAISE EXCEPTION 'a price of component "%" is for a month', publish_component.component_code
			USING ERRCODE = 'invalid_parameter_value', DETAIL = format('Given: %s.', publish_component.from_on), HINT = 'Give the first day of the month.';
	END IF;
	-- the constraint would take it for null
	IF publish_component.price IN ('NaN', 'Infinity', '-Infinity') THEN
		RAISE EXCEPTION 'a price is a number' USING ERRCODE = 'invalid_parameter_value';
	END IF;
	SELECT p.revision, p.price INTO last FROM billing.component_price p
	 WHERE p.component_id = component.component_id AND p.from_on = publish_component.from_on ORDER BY p.revision DESC LIMIT 1;
	IF FOUND AND last.price IS NOT DISTINCT FROM publish_component.price THEN
		RETURN last.revision;
	END IF;
	PERFORM billing._take_approval('price', billing._price_org(), format('component %s from %s', publish_component.component_code, publish_component.from_on),
		billing._component_detail(publish_component.component_code, publish_component.from_on, publish_component.price, publish_component.source));
	INSERT INTO billing.component_price (component_id, from_on, revision, price, source)
	VALUES (component.component_id, publish_component.from_on, coalesce(last.revision, 0) + 1, publish_component.price, publish_component.source);
	PERFORM billing._audit(coalesce(billing._price_org(), 0), 'publish_component', format('component %s', publish_component.component_code),
		jsonb_build_object('from_on', publish_component.from_on, 'price', publish_component.price, 'source', publish_component.source));
	RETURN coalesce(last.revision, 0) + 1;
END $$;
COMMENT ON FUNCTION billing.publish_component(text, date, numeric, text) IS
'the price of a component for a month, or from a day on; null withdraws it; another price than before is a later revision: bills that are made keep '
'theirs, and are voided where they are to be made again; needs write on plan everywhere, and, where a rule wants it, a second person (request_component()); returns the revision';

CREATE FUNCTION billing.add_series(series_code text, name text, slot_minutes integer)
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	series	record;
BEGIN
	PERFORM billing._given('add_series', series_code, name, slot_minutes);
	PERFORM billing._check_everywhere('write', 'plan');
	INSERT INTO billing.price_series AS s (series_code, name, slot_minutes) VALUES (add_series.series_code, add_series.name, add_series.slot_minutes)
	    ON CONFLICT ON CONSTRAINT price_series_series_code_key DO UPDATE SET name = excluded.name
	RETURNING s.series_id, s.slot_minutes INTO series;
	IF series.slot_minutes <> add_series.slot_minutes THEN
		RAISE EXCEPTION 'series "%" has slots of % minutes', add_series.series_code, series.slot_minutes USING ERRCODE = 'invalid_parameter_value';
	END IF;
	RETURN series.series_id;
END $$;
COMMENT ON FUNCTION billing.add_series(text, text, integer) IS
'a series of prices slot by slot, under the name that tariffs give it; slots of 5, 10, 15, 30 or 60 minutes; needs write on plan everywhere; returns series_id';

CREATE FUNCTION billing._prices_detail(series_code text, from_at timestamptz, prices numeric[], source text)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	-- by their digest: a year of quarters of an hour is too long to be looked at in a list
	SELECT jsonb_build_object('series_code', _prices_detail.series_code, 'from_at', _prices_detail.from_at AT TIME ZONE 'UTC', 'slots', cardinality(_prices_detail.prices),
			'lowest', trim_scale(min(p))::text, 'highest', trim_scale(max(p))::text, 'source', _prices_detail.source,
			'digest', encode(sha256(convert_to(coalesce(string_agg(coalesce(trim_scale(p)::text, '-'), ' ' ORDER BY n), ''), 'UTF8')), 'hex'))
	  FROM unnest(_prices_detail.prices) WITH ORDINALITY q(p, n);
END;
COMMENT ON FUNCTION billing._prices_detail(text, timestamptz, numeric[], text) IS 'what exactly is approved of the prices of a series';

CREATE FUNCTION billing.request_prices(series_code text, from_at timestamptz, prices numeric[], source text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: asks, for who may write prices.
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	PERFORM billing._given('request_prices', series_code, from_at, prices);
	RETURN billing._ask_approval('price', billing._price_org(), format('series %s from %s', left(request_prices.series_code, 64), request_prices.from_at AT TIME ZONE 'UTC'),
		billing._prices_detail(request_prices.series_code, request_prices.from_at, request_prices.prices, request_prices.source));
END $$;
COMMENT ON FUNCTION billing.request_prices(text, timestamptz, numeric[], text) IS
'asks for the approval of prices as publish_prices() takes them, where a rule wants a second person for prices (set_approval_rule(…, ''price'')); returns approval_id';

CREATE FUNCTION billing.publish_prices(series_code text, from_at timestamptz, prices numeric[], source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	series	record;
	made	integer;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	SELECT s.series_id, s.slot_minutes INTO series FROM billing.price_series s WHERE s.series_code = publish_prices.series_code FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'there is no price series "%"', left(coalesce(publish_prices.series_code, ''), 64)
			USING ERRCODE = 'no_data_found', HINT = 'add_series() makes one, under the name that the tariff gives it.';
	END IF;
	IF coalesce(cardinality(publish_prices.prices), 0) NOT BETWEEN 1 AND 110000 OR array_ndims(publish_prices.prices) <> 1
		OR NOT coalesce(isfinite(publish_prices.from_at), false) OR publish_prices.from_at NOT BETWEEN '1900-01-01 00:00+00' AND '2200-01-01 00:00+00'
		OR extract(epoch FROM publish_prices.from_at) % (series.slot_minutes * 60) <> 0 THEN
		RAISE EXCEPTION 'prices of series "%" are a list of slots of % minutes, from the beginning of one on', publish_prices.series_code, series.slot_minutes
			USING ERRCODE = 'invalid_parameter_value';
	END IF;
	-- a repeated call is the same publication, as long as it is the last of its beginning
	SELECT p.publication_no INTO made
	  FROM (SELECT v.publication_no, v.prices FROM billing.series_price v
			 WHERE v.series_id = series.series_id AND v.from_at = publish_prices.from_at ORDER BY v.publication_no DESC LIMIT 1) p
	 WHERE p.prices = publish_prices.prices;
	IF FOUND THEN
		RETURN made;
	END IF;
	PERFORM billing._take_approval('price', billing._price_org(), format('series %s from %s', left(publish_prices.series_code, 64), publish_prices.from_at AT TIME ZONE 'UTC'),
		billing._prices_detail(publish_prices.series_code, publish_prices.from_at, publish_prices.prices, publish_prices.source));
	SELECT coalesce(max(p.publication_no), 0) + 1 INTO made FROM billing.series_price p WHERE p.series_id = series.series_id;
	INSERT INTO billing.series_price (series_id, from_at, publication_no, until_at, prices, source)
	VALUES (series.series_id, publish_prices.from_at, made,
		publish_prices.from_at + cardinality(publish_prices.prices) * make_interval(mins => series.slot_minutes), publish_prices.prices, publish_prices.source);
	PERFORM billing._audit(coalesce(billing._price_org(), 0), 'publish_prices', format('series %s', publish_prices.series_code),
		billing._prices_detail(publish_prices.series_code, publish_prices.from_at, publish_prices.prices, publish_prices.source));
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.publish_prices(text, timestamptz, numeric[], text) IS
'prices of a series, one a slot from a moment on, null where there is none; of two for a slot the later publication holds, and bills that are made keep '
'theirs; needs write on plan everywhere, and, where a rule wants it, a second person (request_prices()); returns the number of the publication';

CREATE FUNCTION billing.publish_market(market billing.market, calendar_code text DEFAULT NULL, source text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	facts	jsonb := billing.jsonb(publish_market.market);
	item	record;
	n		integer := 0;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	IF publish_market.market IS NULL OR (publish_market.calendar_code IS NULL AND facts ?| '{calendar,events}') THEN
		RAISE EXCEPTION 'a market with holidays or events goes into a calendar' USING ERRCODE = 'invalid_parameter_value',
			HINT = 'Give a market, and the code of the calendar; add_calendar() makes one.';
	END IF;
	IF facts ? 'calendar' THEN
		FOR item IN SELECT k.kind, array_agg(d.day::date) AS days FROM (VALUES ('holidays', 'holiday'), ('workdays', 'workday')) k(member, kind),
						   jsonb_array_elements_text(facts -> 'calendar' -> k.member) d(day) GROUP BY k.kind
		LOOP
			n := n + billing.add_calendar_days(publish_market.calendar_code, item.days, item.kind, NULL, publish_market.source);
		END LOOP;
	END IF;
	FOR item IN SELECT e.key AS name, v.value ->> 'from' AS from, v.value ->> 'until' AS until
				  FROM jsonb_each(facts -> 'events') e, jsonb_array_elements(e.value) v
	LOOP
		PERFORM billing.add_calendar(publish_market.calendar_code, c.name, ARRAY[item.name]) FROM billing.calendar c
		  WHERE c.calendar_code = publish_market.calendar_code AND NOT item.name = ANY (c.events);
		IF item.from ~ 'T' THEN
			PERFORM billing.add_event(publish_market.calendar_code, item.name, item.from::timestamptz, item.until::timestamptz, publish_market.source);
		ELSE
			PERFORM billing.add_event_days(publish_market.calendar_code, item.name, item.from::date, item.until::date, publish_market.source);
		END IF;
		n := n + 1;
	END LOOP;
	FOR item IN SELECT p.key AS name, bool_and(v.value ->> 'from' LIKE '%-01') AS monthly FROM jsonb_each(facts -> 'prices') p, jsonb_array_elements(p.value) v
				 WHERE NOT EXISTS (SELECT FROM billing.price_component c WHERE c.component_code = p.key)
				 GROUP BY p.key
	LOOP
		PERFORM billing.add_component(item.name, item.name, CASE WHEN item.monthly THEN 'month' ELSE 'next' END);
	END LOOP;
	FOR item IN SELECT p.key AS name, (v.value ->> 'from')::date AS from_on, (v.value ->> 'price')::numeric AS price
				  FROM jsonb_each(facts -> 'prices') p, jsonb_array_elements(p.value) v
	LOOP
		PERFORM billing.publish_component(item.name, item.from_on, item.price, publish_market.source);
		n := n + 1;
	END LOOP;
	FOR item IN SELECT s.key AS name, (s.value ->> 'from')::timestamptz AS from_at, (s.value ->> 'slot_minutes')::integer AS slot_minutes,
					   ARRAY(SELECT v.value::numeric FROM jsonb_array_elements_text(s.value -> 'values') WITH ORDINALITY v(value, place) ORDER BY v.place) AS prices
				  FROM jsonb_each(facts -> 'series') s
	LOOP
		PERFORM billing.add_series(item.name, item.name, item.slot_minutes) WHERE NOT EXISTS (SELECT FROM billing.price_series s WHERE s.series_code = item.name);
		PERFORM billing.publish_prices(item.name, item.from_at, item.prices, publish_market.source);
		n := n + 1;
	END LOOP;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing.publish_market(billing.market, text, text) IS
'puts what a market value holds into rows: holidays and events into the calendar of this code, prices and series under their names, new ones made '
'as needed (a component whose prices all begin with a month is for months); needs write on plan everywhere; returns how many facts';

CREATE FUNCTION billing.add_calendar_from_library(region text, calendar_code text DEFAULT NULL)
RETURNS integer
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as add_calendar().
DECLARE
	code	text := coalesce(add_calendar_from_library.calendar_code, add_calendar_from_library.region);
	item	record;
	n		integer := 0;
BEGIN
	PERFORM billing._check_everywhere('write', 'plan');
	PERFORM FROM billing.published_holidays() h WHERE h.region = add_calendar_from_library.region;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'the library has no holidays of "%"', left(coalesce(add_calendar_from_library.region, ''), 64)
			USING ERRCODE = 'no_data_found', HINT = 'SELECT DISTINCT region FROM billing.published_holidays() lists those it has.';
	END IF;
	PERFORM billing.add_calendar(code, code) WHERE NOT EXISTS (SELECT FROM billing.calendar c WHERE c.calendar_code = code);
	FOR item IN SELECT h.kind, h.name, h.source, array_agg(h.day) AS days FROM billing.published_holidays() h
				 WHERE h.region = add_calendar_from_library.region GROUP BY h.kind, h.name, h.source
	LOOP
		n := n + billing.add_calendar_days(code, item.days, item.kind, item.name, item.source);
	END LOOP;
	RETURN n;
END $$;
COMMENT ON FUNCTION billing.add_calendar_from_library(text, text) IS
'a calendar of the holidays in published_holidays(), or what is new there for one; needs write on plan everywhere; returns how many days are new';

/*
 * The market of a span: no more than the tariff asks for, so that it stays the
 * same when another month is published.  What is not there is left out, and
 * rating says what it misses.
 */
CREATE FUNCTION billing._market_days(calendar_id bigint, from_on date, until_on date)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- whole years; one of which nothing is known has no calendar yet
	WITH day AS (
		SELECT DISTINCT ON (d.day) d.day, d.kind FROM billing.calendar_day d
		 WHERE d.calendar_id = _market_days.calendar_id AND d.day >= date_trunc('year', _market_days.from_on::timestamp)::date
		   AND d.day < (date_trunc('year', (_market_days.until_on - 1)::timestamp) + interval '1 year')::date
		 ORDER BY d.day, d.revision DESC)
	SELECT CASE WHEN count(DISTINCT date_trunc('year', d.day::timestamp)) > extract(year FROM _market_days.until_on - 1) - extract(year FROM _market_days.from_on)
		THEN billing.calendar(array_agg(d.day) FILTER (WHERE d.kind = 'holiday'), array_agg(d.day) FILTER (WHERE d.kind = 'workday')) END
	  FROM day d;
END;
COMMENT ON FUNCTION billing._market_days(bigint, date, date) IS 'the days of a calendar for the years of a span, as a market has them';

CREATE FUNCTION billing._market_events(calendar_id bigint, asked jsonb, from_at timestamptz, until_at timestamptz)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH event AS (
		SELECT DISTINCT ON (e.name, e.event_no) e.name, e.during_days, e.during_hours, e.cancelled FROM billing.calendar_event e
		 WHERE e.calendar_id = _market_events.calendar_id
		 ORDER BY e.name, e.event_no, e.revision DESC),
	-- two that meet are one
	span AS (
		SELECT q.name, to_char(lower(r.days), 'YYYY-MM-DD') AS "from", to_char(upper(r.days), 'YYYY-MM-DD') AS until
		  FROM (SELECT e.name, range_agg(e.during_days) AS ranges FROM event e
				 WHERE NOT e.cancelled AND e.during_days && daterange((_market_events.from_at AT TIME ZONE 'UTC')::date - 1, (_market_events.until_at AT TIME ZONE 'UTC')::date + 2)
				 GROUP BY e.name) q
		 CROSS JOIN LATERAL unnest(q.ranges) r(days)
		UNION ALL
		SELECT q.name, to_char(lower(r.hours) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), to_char(upper(r.hours) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"')
		  FROM (SELECT e.name, range_agg(e.during_hours) AS ranges FROM event e
				 WHERE NOT e.cancelled AND e.during_hours && tstzrange(_market_events.from_at, _market_events.until_at)
				 GROUP BY e.name) q
		 CROSS JOIN LATERAL unnest(q.ranges) r(hours))
	SELECT jsonb_object_agg(a.name, coalesce((SELECT jsonb_agg(jsonb_build_object('from', s."from", 'until', s.until) ORDER BY s."from")
												FROM span s WHERE s.name = a.name), '[]'::jsonb))
	  FROM jsonb_array_elements_text(_market_events.asked) a(name)
	  JOIN billing.calendar c ON c.calendar_id = _market_events.calendar_id AND a.name = ANY (c.events);
END;
COMMENT ON FUNCTION billing._market_events(bigint, jsonb, timestamptz, timestamptz) IS 'the events of a span that a tariff asks for, as a market has them';

CREATE FUNCTION billing._market_prices(asked jsonb, from_on date, until_on date)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	WITH component AS (
		SELECT c.component_id, c.component_code, c.holds,
			   CASE c.holds WHEN 'month' THEN date_trunc('month', _market_prices.from_on::timestamp)::date
					ELSE (SELECT max(p.from_on) FROM billing.component_price p
						   WHERE p.component_id = c.component_id AND p.from_on <= _market_prices.from_on AND p.price IS NOT NULL
							 AND NOT EXISTS (SELECT FROM billing.component_price l WHERE l.component_id = p.component_id AND l.from_on = p.from_on AND l.revision > p.revision)) END AS first_on
		  FROM jsonb_array_elements_text(_market_prices.asked) a(name)
		  JOIN billing.price_component c ON c.component_code = a.name),
	price AS (
		SELECT DISTINCT ON (c.component_code, p.from_on) c.component_code, c.holds, p.from_on, p.price
		  FROM component c JOIN billing.component_price p ON p.component_id = c.component_id
		 WHERE p.from_on >= coalesce(c.first_on, _market_prices.from_on) AND p.from_on < _market_prices.until_on
		 ORDER BY c.component_code, p.from_on, p.revision DESC)
	SELECT jsonb_object_agg(q.component_code, q.list)
	  FROM (SELECT p.component_code, jsonb_agg(jsonb_build_object('from', to_char(p.from_on, 'YYYY-MM-DD'), 'price', p.price) ORDER BY p.from_on) AS list
			  FROM price p WHERE p.price IS NOT NULL
			 GROUP BY p.component_code, p.holds
			-- a month without its price would be billed by the one before
			HAVING p.holds = 'next' OR count(*) = (extract(year FROM _market_prices.until_on - 1) - extract(year FROM _market_prices.from_on)) * 12
				   + extract(month FROM _market_prices.until_on - 1) - extract(month FROM _market_prices.from_on) + 1) q;
END;
COMMENT ON FUNCTION billing._market_prices(jsonb, date, date) IS 'the published prices of a span that a tariff asks for, as a market has them';

CREATE FUNCTION billing._market_series(asked jsonb, from_at timestamptz, until_at timestamptz)
RETURNS jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_object_agg(s.series_code, billing.price_series(s.series_code, q.first_at, make_interval(mins => s.slot_minutes), q.prices) -> s.series_code)
	  FROM jsonb_array_elements_text(_market_series.asked) a(name)
	  JOIN billing.price_series s ON s.series_code = a.name
	 CROSS JOIN LATERAL (
		SELECT min(g.at) AS first_at, array_agg(p.price ORDER BY g.at) AS prices, count(p.price) AS known
		  FROM generate_series(date_bin(make_interval(mins => s.slot_minutes), _market_series.from_at, '2000-01-01 00:00+00'::timestamptz),
							   _market_series.until_at - interval '1 minute', make_interval(mins => s.slot_minutes)) g(at)
		  LEFT JOIN (
			SELECT DISTINCT ON (w.at) w.at, w.price
			  FROM (SELECT v.publication_no, v.from_at + (u.place - 1) * make_interval(mins => s.slot_minutes) AS at, u.price
					  FROM billing.series_price v
					 CROSS JOIN LATERAL unnest(v.prices) WITH ORDINALITY u(price, place)
					 WHERE v.series_id = s.series_id AND v.from_at < _market_series.until_at AND v.until_at > _market_series.from_at) w
			 ORDER BY w.at, w.publication_no DESC) p ON p.at = g.at) q
	 WHERE q.known > 0;
END;
COMMENT ON FUNCTION billing._market_series(jsonb, timestamptz, timestamptz) IS 'the price series of a span that a tariff asks for, as a market has them';

CREATE FUNCTION billing._market(tariff billing.tariff, asked jsonb, calendar_id bigint, from_on date, until_on date)
RETURNS billing.market
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT billing.market(
			calendar => CASE WHEN (_market.asked ->> 'calendar')::boolean THEN billing._market_days(_market.calendar_id, _market.from_on, _market.until_on) END,
			events => billing._market_events(_market.calendar_id, _market.asked -> 'events', s.from_at, s.until_at),
			prices => billing._market_prices(_market.asked -> 'prices', _market.from_on, _market.until_on),
			series => billing._market_series(_market.asked -> 'series', s.from_at, s.until_at))
	  FROM (SELECT _market.from_on::timestamp AT TIME ZONE z.name AS from_at, _market.until_on::timestamp AT TIME ZONE z.name AS until_at
			  FROM (SELECT billing.jsonb(_market.tariff) ->> 'time_zone' AS name) z) s;
END;
COMMENT ON FUNCTION billing._market(billing.tariff, jsonb, bigint, date, date) IS 'the market that a tariff asks for over a span, made of the rows';
