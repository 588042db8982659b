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
	batch_id	bigint,
	version_at	timestamptz,
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
COMMENT ON COLUMN billing.reading.batch_id IS 'the batch that brought it, or the last of several; null: recorded by hand, or copied in bulk';
COMMENT ON COLUMN billing.reading.version_at IS 'as of when its content is, where the file says so; null: as of received_at';
COMMENT ON COLUMN billing.reading.source IS 'where it came from: a file, a head-end';

CREATE TABLE billing.reading_piece (
	account_id	bigint NOT NULL,
	part		text NOT NULL,
	channel		text NOT NULL,
	from_on		date NOT NULL,
	org_id		bigint NOT NULL,
	days		date[] NOT NULL,
	batches		bigint[] NOT NULL,
	versions	timestamptz[] NOT NULL,
	PRIMARY KEY (account_id, from_on, part, channel),
	FOREIGN KEY (account_id, from_on, part, channel) REFERENCES billing.reading (account_id, from_on, part, channel) ON DELETE CASCADE,
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT reading_piece_lists_alike CHECK (cardinality(days) = cardinality(batches) AND cardinality(days) = cardinality(versions))
);
COMMENT ON TABLE billing.reading_piece IS 'of readings that several batches or versions made: which days come from which; without a row all days of a reading are of one';
COMMENT ON COLUMN billing.reading_piece.days IS 'the first day of each piece, rising';

CREATE TABLE billing.reading_superseded (
	account_id		bigint NOT NULL,
	superseded_id	bigint GENERATED ALWAYS AS IDENTITY,
	part			text NOT NULL,
	channel			text NOT NULL,
	from_on			date NOT NULL,
	until_on		date NOT NULL,
	org_id			bigint NOT NULL,
	batch_id		bigint,
	version_at		timestamptz,
	after_seq		bigint NOT NULL,
	replaced_by_batch bigint,
	replaced_by		text NOT NULL DEFAULT billing.actor(),
	replaced_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	reason			text NOT NULL DEFAULT '',
	profile			billing.profile,
	PRIMARY KEY (account_id, superseded_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE billing.reading_superseded IS 'days of readings as they were before a later delivery or a correction replaced them; never changed';
COMMENT ON COLUMN billing.reading_superseded.batch_id IS 'the batch that had brought them; null: by hand or in bulk';
COMMENT ON COLUMN billing.reading_superseded.after_seq IS 'the last link of the account''s chain at that moment: bills up to it were made of these';
COMMENT ON COLUMN billing.reading_superseded.profile IS 'null: billed days of which there was nothing until then';
CREATE INDEX reading_superseded_from_on_idx ON billing.reading_superseded (account_id, from_on);
CREATE INDEX reading_superseded_batch_id_idx ON billing.reading_superseded (batch_id);

CREATE TABLE billing.late_reading (
	account_id	bigint NOT NULL,
	late_id		bigint GENERATED ALWAYS AS IDENTITY,
	part		text NOT NULL,
	channel		text NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	batch_id	bigint,
	change_kwh	numeric NOT NULL,
	state		text NOT NULL DEFAULT 'open',
	at			timestamptz NOT NULL DEFAULT now(),
	settled_seq	bigint,
	decided_at	timestamptz,
	decided_by	text,
	note		text,
	PRIMARY KEY (account_id, late_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT late_reading_state_known CHECK (state IN ('open', 'settled', 'left'))
);
COMMENT ON TABLE billing.late_reading IS 'readings that changed after their days were billed, for whoever corrects bills';
COMMENT ON COLUMN billing.late_reading.change_kwh IS 'how much more energy these days have now';
COMMENT ON COLUMN billing.late_reading.settled_seq IS 'the last link of the account''s chain once the bills said it';
COMMENT ON COLUMN billing.late_reading.note IS 'why it was left, or could not be settled when it was last tried';
CREATE INDEX late_reading_open_idx ON billing.late_reading (org_id, account_id) WHERE state = 'open';

CREATE TYPE billing._merged_day AS (
	account_id	bigint,
	part		text,
	channel		text,
	day			date,
	profile		billing.profile,
	batch_id	bigint,
	version_at	timestamptz,
	received_at	timestamptz,
	source		text,
	changed		boolean,
	was			billing.profile,
	was_batch	bigint,
	was_version	timestamptz
);
COMMENT ON TYPE billing._merged_day IS 'a day of readings as it is to be stored, and as it was, see _put_days()';
