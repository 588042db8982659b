/*
 * Files as they came in, what of them could not be taken, and the chain through
 * what they brought.
 */
CREATE TABLE billing.csv_mapping (
	name		text NOT NULL PRIMARY KEY,
	format		text NOT NULL,
	mapping		jsonb NOT NULL DEFAULT '{}',
	channels	jsonb NOT NULL DEFAULT '{}',
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT csv_mapping_name_plain CHECK (name ~ '^[0-9A-Za-z_.-]{1,64}$'),
	CONSTRAINT csv_mapping_format_known CHECK (format IN ('csv', 'json', 'nem12', 'nem13', 'espi', 'mscons', 'payments', 'staff', 'invoices', 'receipts')),
	CONSTRAINT csv_mapping_mapping_object CHECK (jsonb_typeof(mapping) = 'object'),
	CONSTRAINT csv_mapping_channels_object CHECK (jsonb_typeof(channels) = 'object')
);
COMMENT ON TABLE billing.csv_mapping IS 'how the files of a sender are read, by name; everybody may read it';
COMMENT ON COLUMN billing.csv_mapping.mapping IS 'what the reader of the format is told: columns, time zone, encoding';
COMMENT ON COLUMN billing.csv_mapping.channels IS 'what the file''s channels are: {"1.8.0": "import", "E2": "lighting/import", "Q1": null}; null: left out';

CREATE TABLE billing.batch (
	batch_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	format		text NOT NULL,
	kind		text NOT NULL GENERATED ALWAYS AS (CASE format WHEN 'payments' THEN 'money' WHEN 'staff' THEN 'org' WHEN 'invoices' THEN 'bill' WHEN 'receipts' THEN 'bill' ELSE 'reading' END) STORED,
	file_name	text NOT NULL,
	source		text NOT NULL DEFAULT '',
	mapping		text NOT NULL DEFAULT '',
	digest		bytea NOT NULL,
	again_of	bigint REFERENCES billing.batch,
	received_at	timestamptz NOT NULL DEFAULT now(),
	received_by	text NOT NULL DEFAULT billing.actor(),
	landed_at	timestamptz,
	landed_by	text,
	read_as		jsonb,
	taken		bigint,
	unchanged	bigint,
	rejected	bigint,
	seq			bigint,
	root		bytea,
	link		bytea,
	content		bytea NOT NULL,
	CONSTRAINT batch_format_known CHECK (format IN ('csv', 'json', 'nem12', 'nem13', 'espi', 'mscons', 'payments', 'staff', 'invoices', 'receipts', 'hand')),
	CONSTRAINT batch_file_name_bounded CHECK (length(file_name) BETWEEN 1 AND 300),
	CONSTRAINT batch_source_bounded CHECK (length(source) <= 100),
	CONSTRAINT batch_landed_whole CHECK ((landed_at IS NULL) = (link IS NULL) AND (landed_at IS NULL) = (seq IS NULL)
		AND (landed_at IS NULL) = (root IS NULL) AND (landed_at IS NULL) = (taken IS NULL))
);
COMMENT ON TABLE billing.batch IS 'files as they were received, byte for byte, and what became of them; never changed once landed';
COMMENT ON COLUMN billing.batch.kind IS 'whose right it takes to see it: reading, money (payments), org (staff), bill (replies about invoices, receipts of notices)';
COMMENT ON COLUMN billing.batch.digest IS 'SHA-256 of the content: the same file again is the same batch';
COMMENT ON COLUMN billing.batch.again_of IS 'the batch whose content is read again; this one has none of its own';
COMMENT ON COLUMN billing.batch.read_as IS 'the mapping and channels by which it was read';
COMMENT ON COLUMN billing.batch.taken IS 'days, payments, persons or replies that it brought; unchanged: those that said nothing new, or were older than what is there';
COMMENT ON COLUMN billing.batch.seq IS 'number of its link in the org''s chain of batches of this kind';
COMMENT ON COLUMN billing.batch.root IS 'root of the hash tree over the rows it stored, which batch_manifest lists';
COMMENT ON COLUMN billing.batch.link IS 'SHA-256 of the org''s link before and what this row says';
-- pglz would take ten times as long as reading the file
ALTER TABLE billing.batch ALTER content SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX batch_digest_key ON billing.batch (org_id, digest, format, mapping) WHERE again_of IS NULL AND format <> 'hand';
CREATE UNIQUE INDEX batch_seq_key ON billing.batch (org_id, kind, seq);
CREATE INDEX batch_waiting_idx ON billing.batch (org_id, batch_id) WHERE landed_at IS NULL;

CREATE TABLE billing.batch_head (
	org_id	bigint NOT NULL REFERENCES billing.org,
	kind	text NOT NULL,
	seq		bigint NOT NULL DEFAULT 0,
	link	bytea NOT NULL DEFAULT '',
	PRIMARY KEY (org_id, kind)
);
COMMENT ON TABLE billing.batch_head IS 'where an org''s chain of batches ends, of each kind one, so that whoever may see a kind sees the whole chain; locked last of all by who lands';

CREATE TABLE billing.batch_manifest (
	batch_id	bigint PRIMARY KEY REFERENCES billing.batch,
	org_id		bigint NOT NULL REFERENCES billing.org,
	accounts	bigint[] NOT NULL,
	parts		text[] NOT NULL,
	channels	text[] NOT NULL,
	from_days	date[] NOT NULL,
	until_days	date[] NOT NULL,
	leaves		bytea[] NOT NULL,
	entries		bigint[]
);
COMMENT ON TABLE billing.batch_manifest IS
'what a batch stored, a leaf for each span of days of a month, each reading of a register and each decision about one: so that verify_batches() can say where something is wrong';
COMMENT ON COLUMN billing.batch_manifest.entries IS 'entry_no of readings of registers, whose register stands in channels, negative for decisions about them; null for days, and where there are only days';

CREATE TABLE billing.batch_reject (
	batch_id	bigint NOT NULL REFERENCES billing.batch,
	reject_no	integer NOT NULL,
	org_id		bigint NOT NULL REFERENCES billing.org,
	kind		text NOT NULL,
	line		bigint,
	sqlstate	text NOT NULL,
	message		text NOT NULL,
	detail		text,
	hint		text,
	content		text,
	PRIMARY KEY (batch_id, reject_no)
);
COMMENT ON TABLE billing.batch_reject IS 'records of a file that were not taken: where, why, and their text';
CREATE INDEX batch_reject_org_id_idx ON billing.batch_reject (org_id);

-- a day of a file on its way into the store
CREATE TYPE billing._landed_day AS (
	line		bigint,
	account_id	bigint,
	part		text,
	channel		text,
	day			date,
	version_at	timestamptz,
	profile		billing.profile
);
COMMENT ON TYPE billing._landed_day IS 'a day of readings that is to be stored, see _put_days()';

CREATE TYPE billing._leaf AS (
	account_id	bigint,
	part		text,
	channel		text,
	from_on		date,
	until_on	date,
	leaf		bytea,
	entry_no	bigint
);
COMMENT ON TYPE billing._leaf IS 'a row of a batch''s manifest';
