/*
 * What happens to a supply between its first day and its last 业扩: requests,
 * the steps each takes, its documents, and the phases that an account has been
 * through.  A request names an account before it exists, so account_id is no
 * foreign key here; a trigger of the account keeps org_id right.
 */
CREATE TABLE billing.supply_request (
	account_id		bigint NOT NULL,
	request_id		bigint GENERATED ALWAYS AS IDENTITY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	kind			text NOT NULL,
	state			text NOT NULL DEFAULT 'draft',
	customer_id		bigint NOT NULL REFERENCES billing.customer,
	effective_on	date NOT NULL,
	made_account_id	bigint,
	made_account_no	text,
	address			text,
	plan_id			bigint REFERENCES billing.plan,
	terms			jsonb,
	reason			text NOT NULL DEFAULT '',
	requested_by	text NOT NULL DEFAULT billing.actor(),
	requested_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, request_id),
	-- what rows of a request refer to, so that their org is the request's
	CONSTRAINT supply_request_org_id_key UNIQUE (account_id, request_id, org_id),
	CONSTRAINT supply_request_kind_known CHECK (kind IN ('new_supply', 'capacity_change', 'price_class_change', 'suspension', 'vacancy',
		'resumption', 'transfer', 'move_out', 'move_in', 'close', 'disconnection', 'reconnection')),
	CONSTRAINT supply_request_state_known CHECK (state IN ('draft', 'submitted', 'surveyed', 'approved', 'installed', 'completed', 'rejected', 'withdrawn')),
	CONSTRAINT supply_request_effective_on_finite CHECK (isfinite(effective_on)),
	CONSTRAINT supply_request_terms_object CHECK (jsonb_typeof(terms) = 'object'),
	CONSTRAINT supply_request_made_account_whole CHECK ((kind IN ('new_supply', 'transfer', 'move_in')) = (made_account_id IS NOT NULL)
		AND (made_account_id IS NULL) = (made_account_no IS NULL)),
	CONSTRAINT supply_request_made_account_no_plain CHECK (made_account_no ~ '^[0-9A-Za-z_-]{1,32}$')
);
COMMENT ON TABLE billing.supply_request IS 'requests that begin, change or end a supply 业扩申请; one open at a time for each account';
COMMENT ON COLUMN billing.supply_request.account_id IS 'the account it is about; of a new supply the one it will make';
COMMENT ON COLUMN billing.supply_request.customer_id IS 'who asks; of a transfer or a move in, who comes';
COMMENT ON COLUMN billing.supply_request.effective_on IS 'the day from which it holds, for the supply and for the bill';
COMMENT ON COLUMN billing.supply_request.made_account_id IS 'the account that its completion makes';
COMMENT ON COLUMN billing.supply_request.plan_id IS 'the price plan from effective_on on; null: as before';
COMMENT ON COLUMN billing.supply_request.terms IS 'put over the terms as before, null takes a term away';
CREATE UNIQUE INDEX supply_request_open_key ON billing.supply_request (account_id) WHERE state NOT IN ('completed', 'rejected', 'withdrawn');
CREATE INDEX supply_request_request_id_idx ON billing.supply_request (request_id);
CREATE INDEX supply_request_org_id_idx ON billing.supply_request (org_id, state);
CREATE INDEX supply_request_customer_id_idx ON billing.supply_request (customer_id);

CREATE TABLE billing.supply_request_event (
	account_id	bigint NOT NULL,
	request_id	bigint NOT NULL,
	event_no	integer NOT NULL,
	org_id		bigint NOT NULL,
	step		text NOT NULL,
	from_state	text,
	to_state	text NOT NULL,
	actor		text NOT NULL DEFAULT billing.actor(),
	at			timestamptz NOT NULL DEFAULT clock_timestamp(),
	note		text NOT NULL DEFAULT '',
	PRIMARY KEY (account_id, request_id, event_no),
	FOREIGN KEY (account_id, request_id, org_id) REFERENCES billing.supply_request (account_id, request_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.supply_request_event IS 'every step of every request: who, when, from which state to which; only added to';
COMMENT ON COLUMN billing.supply_request_event.actor IS 'as the server knows it: who approves must not be among those who prepared';

CREATE TABLE billing.supply_request_document (
	account_id	bigint NOT NULL,
	request_id	bigint NOT NULL,
	document_no	integer NOT NULL,
	org_id		bigint NOT NULL,
	name		text NOT NULL,
	media_type	text NOT NULL,
	digest		bytea NOT NULL,
	attached_by	text NOT NULL DEFAULT billing.actor(),
	attached_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (account_id, request_id, document_no),
	FOREIGN KEY (account_id, request_id, org_id) REFERENCES billing.supply_request (account_id, request_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT supply_request_document_name_some CHECK (length(name) BETWEEN 1 AND 255),
	CONSTRAINT supply_request_document_media_type_plain CHECK (media_type ~ '^[a-z0-9.+-]{1,64}/[a-z0-9.+-]{1,64}$'),
	CONSTRAINT supply_request_document_digest_whole CHECK (length(digest) = 32)
);
COMMENT ON TABLE billing.supply_request_document IS 'papers of a request: name, media type and SHA-256; the paper itself is kept in an archive of files; only added to';

CREATE TABLE billing.supply_request_install (
	account_id		bigint NOT NULL,
	request_id		bigint NOT NULL,
	part			text NOT NULL DEFAULT 'main',
	org_id			bigint NOT NULL,
	meter_no		text NOT NULL,
	at				timestamptz NOT NULL,
	readings		jsonb NOT NULL,
	end_readings	jsonb,
	transformers	text[] NOT NULL DEFAULT '{}',
	point_code		text,
	area_id			bigint,
	feeder_id		bigint,
	voltage_v		integer,
	metered_at		text NOT NULL DEFAULT 'low',
	installed_by	text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, request_id, part),
	FOREIGN KEY (account_id, request_id, org_id) REFERENCES billing.supply_request (account_id, request_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT supply_request_install_at_finite CHECK (isfinite(at)),
	CONSTRAINT supply_request_install_readings_object CHECK (jsonb_typeof(readings) = 'object' AND jsonb_typeof(end_readings) = 'object')
);
COMMENT ON TABLE billing.supply_request_install IS 'meters that were hung for a request; with its completion they count at its account';
COMMENT ON COLUMN billing.supply_request_install.end_readings IS 'of the meter that was there before';
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('supply_request', 'account', 'a request that begins, changes or ends a supply', '_decide_request');
