-- Bill runs: what is to be done, what was done, and what could not be.
CREATE TABLE billing.bill_run (
	run_id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	until_on		date NOT NULL,
	requested_by	text NOT NULL DEFAULT billing.actor(),
	requested_at	timestamptz NOT NULL DEFAULT now(),
	finished_at		timestamptz,
	CONSTRAINT bill_run_until_on_finite CHECK (isfinite(until_on))
);
COMMENT ON TABLE billing.bill_run IS 'a run bills the accounts of an org, and of all below it, up to a day';
CREATE UNIQUE INDEX bill_run_open_key ON billing.bill_run (org_id, until_on) WHERE finished_at IS NULL;

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
	PRIMARY KEY (run_id, chunk_no)
);
COMMENT ON TABLE billing.run_chunk IS 'accounts of one org that are billed in one transaction; whoever locks the row does it';
COMMENT ON COLUMN billing.run_chunk.billed IS 'how many bills it has made; an account that is months behind gets several';

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
