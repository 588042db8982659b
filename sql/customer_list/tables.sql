/*
 * Lists of customers with their accounts, as a county brings them in.  The file
 * itself is not kept, since what is personal in it would lie there unsealed:
 * its digest is, so that the same list twice is one.
 */
CREATE TABLE billing.customer_list (
	list_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	file_name	text NOT NULL,
	source		text NOT NULL DEFAULT '',
	digest		bytea NOT NULL,
	mapping		jsonb NOT NULL,
	taken		bigint NOT NULL,
	unchanged	bigint NOT NULL,
	rejected	bigint NOT NULL,
	imported_at	timestamptz NOT NULL DEFAULT now(),
	imported_by	text NOT NULL DEFAULT billing.actor(),
	CONSTRAINT customer_list_org_id_key UNIQUE (list_id, org_id),
	CONSTRAINT customer_list_digest_key UNIQUE (digest, org_id, mapping),
	CONSTRAINT customer_list_file_name_bounded CHECK (length(file_name) BETWEEN 1 AND 300),
	CONSTRAINT customer_list_source_bounded CHECK (length(source) <= 100)
);
COMMENT ON TABLE billing.customer_list IS 'lists of customers that were brought in, and how many of their rows were taken; only added to';
COMMENT ON COLUMN billing.customer_list.digest IS 'SHA-256 of the file: the same file again, read alike, changes nothing';

CREATE TABLE billing.customer_list_reject (
	list_id		bigint NOT NULL,
	line		bigint NOT NULL,
	org_id		bigint NOT NULL,
	account_no	text,
	sqlstate	text NOT NULL,
	message		text NOT NULL,
	detail		text,
	hint		text,
	PRIMARY KEY (list_id, line),
	FOREIGN KEY (list_id, org_id) REFERENCES billing.customer_list (list_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.customer_list_reject IS 'lines of lists that were not taken, and why; what is personal in them is not kept';

CREATE TYPE billing._listed_customer AS (line bigint, account_no text, org_id bigint, plan_id bigint, opened_on date, name text, kind text, identity_kind text,
	identity_number text, mobile text, email text, address text, different boolean, who text, customer_id bigint, is_new boolean, sqlstate text, message text, detail text, hint text);
COMMENT ON TYPE billing._listed_customer IS 'a line of a list: an account with its customer; who: what makes several lines one customer; with sqlstate it is rejected, and 00000 is there already';
