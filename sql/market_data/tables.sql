/*
 * Facts with dates that many tariffs share, and that arrive after the tariff:
 * calendars, prices published by month, price series.  Rows are only ever added;
 * of two for the same day or month the later revision holds, so that what a bill
 * was made of is still there.
 */
CREATE TABLE billing.calendar (
	calendar_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	calendar_code	text NOT NULL,
	name			text NOT NULL,
	events			text[] NOT NULL DEFAULT '{}',
	CONSTRAINT calendar_calendar_code_key UNIQUE (calendar_code),
	CONSTRAINT calendar_calendar_code_plain CHECK (calendar_code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT calendar_name_bounded CHECK (length(name) <= 200),
	CONSTRAINT calendar_events_bounded CHECK (cardinality(events) <= 256 AND array_position(events, NULL) IS NULL)
);
COMMENT ON TABLE billing.calendar IS 'calendars 日历: the holidays, swapped working days and events that a tariff asks for; everybody may read them';
COMMENT ON COLUMN billing.calendar.events IS 'names of the events that it keeps, as tariffs name them; of one without a row there was none';

CREATE TABLE billing.calendar_day (
	calendar_id	bigint NOT NULL REFERENCES billing.calendar,
	day			date NOT NULL,
	revision	integer NOT NULL,
	kind		text NOT NULL,
	name		text,
	source		text,
	made_at		timestamptz NOT NULL DEFAULT now(),
	made_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (calendar_id, day, revision),
	CONSTRAINT calendar_day_day_finite CHECK (isfinite(day)),
	CONSTRAINT calendar_day_kind_known CHECK (kind IN ('holiday', 'workday', 'ordinary')),
	CONSTRAINT calendar_day_name_bounded CHECK (length(name) <= 200)
);
COMMENT ON TABLE billing.calendar_day IS 'days that are not what the week says; the last revision of a day holds';
COMMENT ON COLUMN billing.calendar_day.kind IS 'holiday 节假日; workday: worked in exchange 调休; ordinary: as the week says, after all';
COMMENT ON COLUMN billing.calendar_day.source IS 'the notice that says so';

CREATE TABLE billing.calendar_event (
	calendar_id		bigint NOT NULL REFERENCES billing.calendar,
	name			text NOT NULL,
	event_no		integer NOT NULL,
	revision		integer NOT NULL,
	during_days		daterange,
	during_hours	tstzrange,
	cancelled		boolean NOT NULL DEFAULT false,
	source			text,
	made_at			timestamptz NOT NULL DEFAULT now(),
	made_by			text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (calendar_id, name, event_no, revision),
	CONSTRAINT calendar_event_during_either CHECK (num_nonnulls(during_days, during_hours) = 1),
	CONSTRAINT calendar_event_during_days_finite CHECK (NOT isempty(during_days) AND isfinite(lower(during_days)) AND isfinite(upper(during_days))
		AND NOT lower_inf(during_days) AND NOT upper_inf(during_days)),
	CONSTRAINT calendar_event_during_hours_finite CHECK (NOT isempty(during_hours) AND isfinite(lower(during_hours)) AND isfinite(upper(during_hours))
		AND NOT lower_inf(during_hours) AND NOT upper_inf(during_hours)),
	CONSTRAINT calendar_event_during_hours_minutes CHECK (date_trunc('minute', lower(during_hours), 'UTC') = lower(during_hours)
		AND date_trunc('minute', upper(during_hours), 'UTC') = upper(during_hours) AND lower_inc(during_hours) AND NOT upper_inc(during_hours))
);
COMMENT ON TABLE billing.calendar_event IS 'when events were called: whole days, or hours; the last revision of an event holds';
COMMENT ON COLUMN billing.calendar_event.cancelled IS 'called off';

CREATE TABLE billing.price_component (
	component_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	component_code	text NOT NULL,
	name			text NOT NULL,
	holds			text NOT NULL DEFAULT 'month',
	CONSTRAINT price_component_component_code_key UNIQUE (component_code),
	CONSTRAINT price_component_component_code_bounded CHECK (octet_length(component_code) BETWEEN 1 AND 63),
	CONSTRAINT price_component_name_bounded CHECK (length(name) <= 200),
	CONSTRAINT price_component_holds_known CHECK (holds IN ('month', 'next'))
);
COMMENT ON TABLE billing.price_component IS 'prices published by month or by date 公布电价, under the names that tariffs give them; everybody may read them';
COMMENT ON COLUMN billing.price_component.holds IS
'month: a price is for its own month only, and a bill of a month without one is not made; next: it holds until the next';

CREATE TABLE billing.component_price (
	component_id	bigint NOT NULL REFERENCES billing.price_component,
	from_on			date NOT NULL,
	revision		integer NOT NULL,
	price			numeric,
	source			text,
	made_at			timestamptz NOT NULL DEFAULT now(),
	made_by			text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (component_id, from_on, revision),
	CONSTRAINT component_price_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT component_price_price_bounded CHECK (price > -1e6 AND price < 1e6 AND scale(price) <= 12)
);
COMMENT ON TABLE billing.component_price IS 'a published price from a day on; the last revision of a day holds, what was there before stays';
COMMENT ON COLUMN billing.component_price.price IS 'null: withdrawn';

CREATE TABLE billing.price_series (
	series_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	series_code		text NOT NULL,
	name			text NOT NULL,
	slot_minutes	integer NOT NULL,
	CONSTRAINT price_series_series_code_key UNIQUE (series_code),
	CONSTRAINT price_series_series_code_bounded CHECK (octet_length(series_code) BETWEEN 1 AND 63),
	CONSTRAINT price_series_name_bounded CHECK (length(name) <= 200),
	CONSTRAINT price_series_slot_minutes_known CHECK (slot_minutes IN (5, 10, 15, 30, 60))
);
COMMENT ON TABLE billing.price_series IS 'prices slot by slot (spot, locational), under the names that tariffs give them; everybody may read them';

CREATE TABLE billing.series_price (
	series_id		bigint NOT NULL REFERENCES billing.price_series,
	from_at			timestamptz NOT NULL,
	publication_no	integer NOT NULL,
	until_at		timestamptz NOT NULL,
	prices			numeric[] NOT NULL,
	source			text,
	made_at			timestamptz NOT NULL DEFAULT now(),
	made_by			text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (series_id, from_at, publication_no),
	CONSTRAINT series_price_until_at_later CHECK (until_at > from_at AND isfinite(from_at) AND isfinite(until_at) AND until_at - from_at <= interval '400 days'),
	CONSTRAINT series_price_prices_finite CHECK (NOT prices && '{NaN,Infinity,-Infinity}'::numeric[] AND array_ndims(prices) = 1)
);
COMMENT ON TABLE billing.series_price IS 'prices of a series as they were published, a list of slots; of two for a slot the later publication holds';
COMMENT ON COLUMN billing.series_price.prices IS 'of each slot from from_at to until_at; null: none';

CREATE TABLE billing.market_value (
	digest	bytea NOT NULL GENERATED ALWAYS AS (billing.digest(market)) STORED PRIMARY KEY,
	market	billing.market NOT NULL,
	made_at	timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE billing.market_value IS 'markets that were made of these rows for bills, each once, under its digest';

CREATE TABLE billing.market_change (
	only_row	boolean PRIMARY KEY DEFAULT true,
	changes		bigint NOT NULL DEFAULT 0,
	CONSTRAINT market_change_only_row_true CHECK (only_row)
);
COMMENT ON TABLE billing.market_change IS 'counts changes of the market''s rows: what was made of them is looked at again after the next; one row';
INSERT INTO billing.market_change DEFAULT VALUES;
