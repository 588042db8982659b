-- What the meters say: profiles of whole days, each a packed value in its row.
CREATE TABLE billing.reading (
	account_id	bigint NOT NULL,
	part		text NOT NULL DEFAULT 'main',
	channel		text NOT NULL DEFAULT 'import',
	from_on		date NOT NULL GENERATED ALWAYS AS (lower(billing.days(profile))) STORED,
	until_on	date NOT NULL GENERATED ALWAYS AS (upper(billing.days(profile))) STORED,
	org_id		bigint NOT NULL,
	received_at	timestamptz NOT NULL DEFAULT now(),
	source		text NOT NULL DEFAULT '',
	digest		bytea NOT NULL GENERATED ALWAYS AS (billing.digest(profile)) STORED,
	profile		billing.profile NOT NULL,
	PRIMARY KEY (account_id, from_on, part, channel),
	-- also the guard against an org_id that is the writer's and not the account's
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	-- so that whoever looks for the readings of a month need not look through years
	CONSTRAINT reading_until_on_near CHECK (until_on - from_on <= 31),
	CONSTRAINT reading_channel_known CHECK (channel IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export'))
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE billing.reading IS 'load profiles of an account, by part and channel, some days or a month a row';
COMMENT ON COLUMN billing.reading.from_on IS 'the profile''s own first local day; until_on the day after its last';
COMMENT ON COLUMN billing.reading.digest IS 'of the logical content: a bill''s link in the chain has it';
COMMENT ON COLUMN billing.reading.source IS 'where it came from: a file, a head-end';
