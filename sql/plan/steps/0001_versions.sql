-- Versions have a name and a source, and take their market from rows; which market they had in which month is kept.
ALTER TABLE billing.plan_version
	ADD COLUMN name text,
	ADD COLUMN source text,
	ADD COLUMN calendar_id bigint REFERENCES billing.calendar,
	ADD COLUMN asked jsonb GENERATED ALWAYS AS (billing.market_asked(tariff)) STORED,
	ADD CONSTRAINT plan_version_name_bounded CHECK (length(name) <= 200);
COMMENT ON COLUMN billing.plan_version.market IS 'market facts of its own; null: made from the rows of calendars and published prices, month by month';
COMMENT ON COLUMN billing.plan_version.name IS 'of the version, such as the notice that brought it';
COMMENT ON COLUMN billing.plan_version.calendar_id IS 'whose holidays and events the tariff means';
COMMENT ON COLUMN billing.plan_version.asked IS 'market facts that the tariff asks for; null: none';

CREATE TABLE billing.plan_market (
	plan_id		bigint NOT NULL,
	from_on		date NOT NULL,
	month_on	date NOT NULL,
	digest		bytea NOT NULL REFERENCES billing.market_value,
	as_of		bigint NOT NULL,
	made_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (plan_id, from_on, month_on, digest),
	FOREIGN KEY (plan_id, from_on) REFERENCES billing.plan_version (plan_id, from_on)
);
COMMENT ON TABLE billing.plan_market IS 'the markets that a version of a plan had for a month: the one of the last as_of holds';
COMMENT ON COLUMN billing.plan_market.as_of IS 'after so many changes of the market''s rows it was still the same';
