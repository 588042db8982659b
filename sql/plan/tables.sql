-- Price plans: named, with dated versions; which account is billed by which.
CREATE TABLE billing.plan (
	plan_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	plan_code	text NOT NULL UNIQUE,
	name		text NOT NULL,
	CONSTRAINT plan_plan_code_plain CHECK (plan_code ~ '^[0-9A-Za-z_-]{1,64}$')
);
COMMENT ON TABLE billing.plan IS 'price plans 电价; everybody may read them';

CREATE TABLE billing.plan_version (
	plan_id		bigint NOT NULL REFERENCES billing.plan,
	from_on		date NOT NULL,
	tariff		billing.tariff NOT NULL,
	market		billing.market,
	digest		bytea NOT NULL GENERATED ALWAYS AS (billing.digest(tariff)) STORED,
	made_by		text NOT NULL DEFAULT billing.actor(),
	name		text,
	source		text,
	calendar_id	bigint REFERENCES billing.calendar,
	asked		jsonb GENERATED ALWAYS AS (billing.market_asked(tariff)) STORED,
	PRIMARY KEY (plan_id, from_on),
	CONSTRAINT plan_version_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT plan_version_name_bounded CHECK (length(name) <= 200)
) WITH (toast_tuple_target = 8160);
-- a run reads it for each account: not compressed, and not out of line while it fits a page
ALTER TABLE billing.plan_version ALTER tariff SET STORAGE EXTERNAL, ALTER market SET STORAGE EXTERNAL;
COMMENT ON TABLE billing.plan_version IS 'the tariff of a plan from a day on, until the next version; never changed, since bills say by its digest what they were made of';
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
	months		smallint NOT NULL DEFAULT 1,
	PRIMARY KEY (plan_id, from_on, month_on, months, digest),
	FOREIGN KEY (plan_id, from_on) REFERENCES billing.plan_version (plan_id, from_on),
	CONSTRAINT plan_market_months_bounded CHECK (months BETWEEN 1 AND 2)
);
COMMENT ON TABLE billing.plan_market IS 'the markets that a version of a plan had for a month, or for two in one: the one of the last as_of holds';
COMMENT ON COLUMN billing.plan_market.as_of IS 'after so many changes of the market''s rows it was still the same';

CREATE TABLE billing.account_plan (
	account_id	bigint NOT NULL,
	from_on		date NOT NULL,
	org_id		bigint NOT NULL,
	plan_id		bigint NOT NULL REFERENCES billing.plan,
	terms		jsonb NOT NULL DEFAULT '{}',
	reason		text,
	PRIMARY KEY (account_id, from_on),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_plan_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT account_plan_terms_object CHECK (jsonb_typeof(terms) = 'object')
);
COMMENT ON TABLE billing.account_plan IS 'by which plan, and on which terms, an account is billed from a day on, until its next row';
COMMENT ON COLUMN billing.account_plan.reason IS 'why days that were billed already got another plan, or other terms; null: it was there before the bills';
