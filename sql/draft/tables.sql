-- Bills that no run made, before they are issued.
CREATE TABLE billing.bill_draft (
	account_id	bigint NOT NULL,
	draft_no	integer NOT NULL,
	org_id		bigint NOT NULL,
	kind		text NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	version		integer NOT NULL DEFAULT 1,
	state		text NOT NULL DEFAULT 'draft',
	total		numeric(20,2) NOT NULL,
	reason		text NOT NULL,
	explanation	text[] NOT NULL DEFAULT '{}',
	charges		billing.charges NOT NULL,
	usage_digest bytea,
	after_seq	bigint NOT NULL,
	made_by		text NOT NULL DEFAULT billing.actor(),
	made_at		timestamptz NOT NULL DEFAULT now(),
	edited_by	text,
	edited_at	timestamptz,
	ended_by	text,
	ended_at	timestamptz,
	bill_seq	bigint,
	PRIMARY KEY (account_id, draft_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT bill_draft_kind_known CHECK (kind IN ('normal', 'adjustment', 'credit', 'penalty', 'theft', 'purchase', 'temporary', 'sundry')),
	CONSTRAINT bill_draft_days_some CHECK (isfinite(from_on) AND isfinite(until_on) AND until_on > from_on),
	CONSTRAINT bill_draft_version_positive CHECK (version > 0),
	CONSTRAINT bill_draft_state_known CHECK (state IN ('draft', 'issued', 'discarded')),
	CONSTRAINT bill_draft_reason_bounded CHECK (length(reason) BETWEEN 1 AND 2000),
	CONSTRAINT bill_draft_ended_whole CHECK ((state = 'draft') = (ended_by IS NULL) AND (ended_by IS NULL) = (ended_at IS NULL) AND (state = 'issued') = (bill_seq IS NOT NULL)),
	-- a credit and a purchase are owed to the customer, what is claimed by him
	CONSTRAINT bill_draft_total_signed CHECK (CASE kind WHEN 'credit' THEN total < 0 WHEN 'purchase' THEN total <= 0 WHEN 'penalty' THEN total > 0 WHEN 'theft' THEN total > 0 ELSE true END)
);
COMMENT ON TABLE billing.bill_draft IS 'drafts of bills 草稿: edited or discarded until they are issued; what was issued or discarded stays';
COMMENT ON COLUMN billing.bill_draft.version IS 'one more with each edit: what is approved is one version';
COMMENT ON COLUMN billing.bill_draft.explanation IS 'how its lines came about, in words, as the bill will have it behind its reason';
COMMENT ON COLUMN billing.bill_draft.after_seq IS 'the last link of the account''s chain when it was made';
COMMENT ON COLUMN billing.bill_draft.bill_seq IS 'the link of the bill that it became';
CREATE INDEX bill_draft_org_id_idx ON billing.bill_draft (org_id) WHERE state = 'draft';
