/*
 * What accounts bring from an old system: checked as one import against its
 * control totals, posted when a second person has approved it.
 */
CREATE TABLE billing.cutover (
	cutover_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	cutover_no	text NOT NULL,
	from_on		date NOT NULL,
	source		text NOT NULL DEFAULT '',
	control		jsonb NOT NULL DEFAULT '{}',
	digest		bytea NOT NULL,
	state		text NOT NULL DEFAULT 'checked',
	made_at		timestamptz NOT NULL DEFAULT now(),
	made_by		text NOT NULL DEFAULT billing.actor(),
	decided_at	timestamptz,
	decided_by	text,
	note		text,
	CONSTRAINT cutover_cutover_no_key UNIQUE (cutover_no),
	CONSTRAINT cutover_cutover_no_plain CHECK (cutover_no ~ '^[0-9A-Za-z_.-]{1,64}$'),
	CONSTRAINT cutover_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT cutover_control_object CHECK (jsonb_typeof(control) = 'object'),
	CONSTRAINT cutover_state_known CHECK (state IN ('checked', 'approved', 'withdrawn')),
	CONSTRAINT cutover_decided_whole CHECK ((state = 'checked') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)),
	-- nobody approves what he has brought in himself
	CONSTRAINT cutover_decided_by_another CHECK (state <> 'approved' OR decided_by <> made_by)
);
COMMENT ON TABLE billing.cutover IS 'imports from an old system 系统切换: where the accounts of an org stand when billing begins here';
COMMENT ON COLUMN billing.cutover.from_on IS 'the day from which its accounts are billed here';
COMMENT ON COLUMN billing.cutover.control IS 'what the old system says the sums are, by item of cutover_report()';
COMMENT ON COLUMN billing.cutover.digest IS 'SHA-256 of all that was given: the same again has no effect';

CREATE TABLE billing.cutover_item (
	account_id	bigint NOT NULL,
	cutover_id	bigint NOT NULL REFERENCES billing.cutover,
	org_id		bigint NOT NULL,
	row_no		integer NOT NULL,
	from_on		date NOT NULL,
	state		text NOT NULL DEFAULT 'staged',
	currency	text,
	receivable	numeric(20,2) NOT NULL DEFAULT 0,
	advance		numeric(20,2) NOT NULL DEFAULT 0,
	deposit		numeric(20,2) NOT NULL DEFAULT 0,
	carry		billing.carry,
	registers	jsonb NOT NULL DEFAULT '[]',
	disputes	jsonb NOT NULL DEFAULT '[]',
	PRIMARY KEY (account_id, cutover_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT cutover_item_state_known CHECK (state IN ('staged', 'posted', 'refused', 'withdrawn')),
	CONSTRAINT cutover_item_currency_plain CHECK (currency ~ '^[A-Z]{3}$'),
	CONSTRAINT cutover_item_advance_nonnegative CHECK (advance >= 0 AND advance <> 'NaN'::numeric),
	CONSTRAINT cutover_item_deposit_nonnegative CHECK (deposit >= 0 AND deposit <> 'NaN'::numeric)
);
COMMENT ON TABLE billing.cutover_item IS 'what one account brings';
COMMENT ON COLUMN billing.cutover_item.row_no IS 'its place in the import, from 1 on';
COMMENT ON COLUMN billing.cutover_item.state IS 'staged; posted; refused: it could not be posted any more when the import was approved; withdrawn with the import';
COMMENT ON COLUMN billing.cutover_item.receivable IS 'what the customer owes; below zero: what is owed to him';
COMMENT ON COLUMN billing.cutover_item.carry IS 'kWh of the tier year, demands of months before, what is banked: for the first bill';
COMMENT ON COLUMN billing.cutover_item.registers IS 'what the meters showed last';
CREATE UNIQUE INDEX cutover_item_once_key ON billing.cutover_item (account_id) WHERE state IN ('staged', 'posted');
CREATE INDEX cutover_item_cutover_id_idx ON billing.cutover_item (cutover_id);
CREATE INDEX cutover_item_org_id_idx ON billing.cutover_item (org_id);

CREATE TABLE billing.cutover_reject (
	cutover_id	bigint NOT NULL REFERENCES billing.cutover,
	row_no		integer NOT NULL,
	org_id		bigint NOT NULL REFERENCES billing.org,
	account_no	text,
	sqlstate	text NOT NULL,
	message		text NOT NULL,
	detail		text,
	hint		text,
	raw			jsonb NOT NULL,
	rejected_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (cutover_id, row_no)
);
COMMENT ON TABLE billing.cutover_reject IS 'rows of an import that were not taken, as they came, and why';
COMMENT ON COLUMN billing.cutover_reject.org_id IS 'of the import';
CREATE INDEX cutover_reject_org_id_idx ON billing.cutover_reject (org_id);

CREATE TABLE billing.dispute (
	account_id	bigint NOT NULL,
	dispute_no	integer NOT NULL,
	org_id		bigint NOT NULL,
	opened_on	date NOT NULL,
	amount		numeric(20,2) NOT NULL,
	about		text NOT NULL,
	reference	text,
	cutover_id	bigint REFERENCES billing.cutover,
	opened_by	text NOT NULL DEFAULT billing.actor(),
	closed_on	date,
	outcome		text,
	closed_by	text,
	PRIMARY KEY (account_id, dispute_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT dispute_opened_on_finite CHECK (isfinite(opened_on)),
	CONSTRAINT dispute_amount_positive CHECK (amount > 0 AND amount <> 'NaN'::numeric),
	CONSTRAINT dispute_about_bounded CHECK (length(about) BETWEEN 1 AND 2000),
	CONSTRAINT dispute_reference_bounded CHECK (length(reference) <= 200),
	CONSTRAINT dispute_closed_whole CHECK ((closed_on IS NULL) = (outcome IS NULL) AND (closed_on IS NULL) = (closed_by IS NULL)),
	CONSTRAINT dispute_closed_on_later CHECK (isfinite(closed_on) AND closed_on >= opened_on)
);
COMMENT ON TABLE billing.dispute IS 'amounts that a customer disputes 争议, open until they are closed with an outcome';
COMMENT ON COLUMN billing.dispute.amount IS 'how much of what is owed is disputed; the balance is not changed by it';
COMMENT ON COLUMN billing.dispute.reference IS 'the bill or letter that it is about';
COMMENT ON COLUMN billing.dispute.cutover_id IS 'the import that brought it; null: opened here';
CREATE INDEX dispute_org_id_idx ON billing.dispute (org_id) WHERE closed_on IS NULL;
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('cutover', 'money', 'posting what comes from an old system', '_decide_cutover');
