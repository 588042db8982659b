-- Bill runs: what is to be done, what was done, and what could not be.
CREATE TABLE billing.bill_run (
	run_id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	until_on		date NOT NULL,
	requested_by	text NOT NULL DEFAULT billing.actor(),
	requested_at	timestamptz NOT NULL DEFAULT now(),
	finished_at		timestamptz,
	kind			text NOT NULL DEFAULT 'bill',
	requested_role	name NOT NULL DEFAULT session_user,
	workers			integer NOT NULL DEFAULT 0,
	cancelled_by	text,
	failed_at		timestamptz,
	sqlstate		text,
	message			text,
	detail			text,
	hint			text,
	from_on			date,
	forecast_id		bigint REFERENCES billing.load_forecast_run,
	CONSTRAINT bill_run_until_on_finite CHECK (isfinite(until_on)),
	CONSTRAINT bill_run_kind_known CHECK (kind IN ('bill', 'retry', 'dry run', 'detection', 'forecast')),
	CONSTRAINT bill_run_from_on_of_detection CHECK ((kind = 'detection') = (from_on IS NOT NULL) AND from_on < until_on),
	CONSTRAINT bill_run_forecast_id_of_forecast CHECK ((kind = 'forecast') = (forecast_id IS NOT NULL)),
	CONSTRAINT bill_run_workers_nonnegative CHECK (workers >= 0),
	CONSTRAINT bill_run_failed_said CHECK ((failed_at IS NULL) = (sqlstate IS NULL))
);
COMMENT ON TABLE billing.bill_run IS 'a run bills the accounts of an org, and of all below it, up to a day';
COMMENT ON COLUMN billing.bill_run.kind IS 'bill: all that are due; retry: chosen accounts that could not be billed; dry run: as bill, with nothing stored but what would come of it; detection: nothing is billed, detectors look at days of all accounts; forecast: nothing is billed, the loads of accounts are foreseen';
COMMENT ON COLUMN billing.bill_run.from_on IS 'of detection: the first of its days';
COMMENT ON COLUMN billing.bill_run.forecast_id IS 'of a forecast: that whose accounts are foreseen; the number of a chunk is the line of its feeder there';
COMMENT ON COLUMN billing.bill_run.requested_role IS 'as which background workers log in';
COMMENT ON COLUMN billing.bill_run.workers IS 'how many background workers it was given to; 0: done by the sessions that call';
COMMENT ON COLUMN billing.bill_run.failed_at IS 'when a background worker met an error that is of the run, not of an account; going on clears it';
CREATE UNIQUE INDEX bill_run_open_key ON billing.bill_run (org_id, until_on) WHERE finished_at IS NULL AND kind = 'bill';
CREATE UNIQUE INDEX bill_run_open_detection_key ON billing.bill_run (org_id, from_on, until_on) WHERE finished_at IS NULL AND kind = 'detection';
CREATE UNIQUE INDEX bill_run_forecast_id_key ON billing.bill_run (forecast_id);

CREATE TABLE billing.run_chunk (
	run_id			bigint NOT NULL REFERENCES billing.bill_run,
	chunk_no		integer NOT NULL,
	org_id			bigint NOT NULL REFERENCES billing.org,
	first_account	bigint NOT NULL,
	last_account	bigint NOT NULL,
	accounts		integer NOT NULL,
	attempts		integer NOT NULL DEFAULT 0,
	billed			integer NOT NULL DEFAULT 0,
	failed			integer NOT NULL DEFAULT 0,
	done_at			timestamptz,
	began_at		timestamptz,
	PRIMARY KEY (run_id, chunk_no)
);
COMMENT ON TABLE billing.run_chunk IS 'accounts of one org that are billed in one transaction; whoever locks the row does it';
COMMENT ON COLUMN billing.run_chunk.began_at IS 'when the transaction began that did it, or last tried';
COMMENT ON COLUMN billing.run_chunk.billed IS 'how many bills it has made; an account that is months behind gets several; of detection how many anomalies are new, of a forecast how many accounts are foreseen';

CREATE TABLE billing.run_exception (
	account_id	bigint NOT NULL,
	run_id		bigint NOT NULL REFERENCES billing.bill_run,
	org_id		bigint NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	sqlstate	text NOT NULL,
	message		text NOT NULL,
	detail		text,
	hint		text,
	at			timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (account_id, run_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.run_exception IS 'accounts that a run could not bill, and why; the next run tries them again';
CREATE INDEX run_exception_run_id_idx ON billing.run_exception (run_id);

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
