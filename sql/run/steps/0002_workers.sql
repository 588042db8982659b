-- runs have kinds, background workers, an end by cancelling, and errors of their own
ALTER TABLE billing.bill_run ADD kind text NOT NULL DEFAULT 'bill', ADD requested_role name NOT NULL DEFAULT session_user,
	ADD workers integer NOT NULL DEFAULT 0, ADD cancelled_by text, ADD failed_at timestamptz, ADD sqlstate text, ADD message text, ADD detail text, ADD hint text,
	ADD CONSTRAINT bill_run_kind_known CHECK (kind IN ('bill', 'retry', 'dry run')), ADD CONSTRAINT bill_run_workers_nonnegative CHECK (workers >= 0),
	ADD CONSTRAINT bill_run_failed_said CHECK ((failed_at IS NULL) = (sqlstate IS NULL));
COMMENT ON COLUMN billing.bill_run.kind IS 'bill: all that are due; retry: chosen accounts that could not be billed; dry run: as bill, with nothing stored but what would come of it';
COMMENT ON COLUMN billing.bill_run.requested_role IS 'as which background workers log in';
COMMENT ON COLUMN billing.bill_run.workers IS 'how many background workers it was given to; 0: done by the sessions that call';
COMMENT ON COLUMN billing.bill_run.failed_at IS 'when a background worker met an error that is of the run, not of an account; going on clears it';
DROP INDEX billing.bill_run_open_key;
CREATE UNIQUE INDEX bill_run_open_key ON billing.bill_run (org_id, until_on) WHERE finished_at IS NULL AND kind = 'bill';
ALTER TABLE billing.run_chunk ADD began_at timestamptz;
COMMENT ON COLUMN billing.run_chunk.began_at IS 'when the transaction began that did it, or last tried';
CREATE TABLE billing.run_total (
	run_id		bigint NOT NULL,
	chunk_no	integer NOT NULL,
	currency	text NOT NULL,
	org_id		bigint NOT NULL REFERENCES billing.org,
	bills		integer NOT NULL,
	total		numeric(20,2) NOT NULL,
	PRIMARY KEY (run_id, chunk_no, currency),
	FOREIGN KEY (run_id, chunk_no) REFERENCES billing.run_chunk
);
COMMENT ON TABLE billing.run_total IS 'what the bills of a dry run''s chunk would come to';
