-- Four eyes: what one person asks for and another approves, before it is done.
CREATE TABLE billing.approval_act (
	act			text PRIMARY KEY,
	kind		text NOT NULL,
	always		boolean NOT NULL DEFAULT true,
	meaning		text NOT NULL,
	carried_out_by text,
	CONSTRAINT approval_act_act_plain CHECK (act ~ '^[a-z][a-z0-9_]{0,39}$'),
	CONSTRAINT approval_act_kind_known CHECK (kind IN ('org', 'customer', 'account', 'reading', 'plan', 'bill', 'money', 'audit', 'supply'))
);
COMMENT ON TABLE billing.approval_act IS 'what can need a second person; who approves it needs approve on this kind';
COMMENT ON COLUMN billing.approval_act.always IS 'false: only where an organisation has a rule for it';
COMMENT ON COLUMN billing.approval_act.carried_out_by IS
'the function that carries it out as it is approved, or lays it aside as it is declined; null: whoever asked does it afterwards';
INSERT INTO billing.approval_act (act, kind, always, meaning) VALUES
	('refund', 'money', true, 'paying money back, or crediting an account without a bill'),
	('write_off', 'money', true, 'giving up a debt'),
	('late_fee_waiver', 'money', true, 'giving up late fees'),
	('price', 'plan', false, 'a new or changed price'),
	('large_reading', 'reading', true, 'a change of readings beyond what is usual'),
	('manual_bill', 'bill', true, 'a bill that no run made'),
	('bill_correction', 'bill', false, 'taking issued bills back, or rating them again');

CREATE TABLE billing.approval_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	act			text NOT NULL REFERENCES billing.approval_act,
	above		numeric(20,2) NOT NULL DEFAULT 0,
	valid_for	interval NOT NULL DEFAULT '7 days',
	two_steps	boolean NOT NULL DEFAULT false,
	PRIMARY KEY (org_id, act),
	CONSTRAINT approval_rule_above_nonnegative CHECK (above >= 0 AND above <> 'NaN'),
	CONSTRAINT approval_rule_valid_for_bounded CHECK (valid_for BETWEEN '1 minute' AND '1 year')
);
COMMENT ON TABLE billing.approval_rule IS 'what an organisation, and all below it, lays down for an act; the nearest rule counts';
COMMENT ON COLUMN billing.approval_rule.above IS 'amounts up to this need no second person; what has no amount always does';
COMMENT ON COLUMN billing.approval_rule.valid_for IS 'a request that is neither approved nor used within this span has expired';
COMMENT ON COLUMN billing.approval_rule.two_steps IS 'who approves must have proved who he is in two ways';

CREATE TABLE billing.approval (
	approval_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	act			text NOT NULL REFERENCES billing.approval_act,
	kind		text NOT NULL,
	subject		text NOT NULL,
	amount		numeric(20,2),
	detail		jsonb NOT NULL DEFAULT '{}',
	two_steps	boolean NOT NULL DEFAULT false,
	state		text NOT NULL DEFAULT 'open',
	asked_by	text NOT NULL DEFAULT billing.actor(),
	asked_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL,
	decided_by	text,
	decided_at	timestamptz,
	reason		text,
	used_by		text,
	used_at		timestamptz,
	account_id	bigint,
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT approval_state_known CHECK (state IN ('open', 'approved', 'declined', 'withdrawn', 'used', 'expired')),
	CONSTRAINT approval_subject_bounded CHECK (length(subject) BETWEEN 1 AND 200),
	CONSTRAINT approval_detail_object CHECK (jsonb_typeof(detail) = 'object'),
	CONSTRAINT approval_amount_number CHECK (amount <> 'NaN'),
	CONSTRAINT approval_expires_at_later CHECK (expires_at > asked_at),
	-- the rule itself: three that are two persons at least
	CONSTRAINT approval_decided_by_another CHECK (decided_by <> asked_by),
	CONSTRAINT approval_used_by_another CHECK (used_by <> decided_by),
	CONSTRAINT approval_decided_whole CHECK ((decided_by IS NULL) = (decided_at IS NULL) AND (state NOT IN ('approved', 'declined', 'used') OR decided_by IS NOT NULL)),
	CONSTRAINT approval_used_whole CHECK ((state = 'used') = (used_by IS NOT NULL AND used_at IS NOT NULL))
);
COMMENT ON TABLE billing.approval IS 'requests for the approval of a second person: what exactly is to be done, who asked, who decided, who did it';
COMMENT ON COLUMN billing.approval.detail IS 'what is to be done, whole: only just this can be done with the approval';
COMMENT ON COLUMN billing.approval.account_id IS 'the account it is about, with which it moves; null: it is about no account, or one that is not there yet';
COMMENT ON COLUMN billing.approval.kind IS 'the kind of object of the act: who reads it sees the request, who approves it decides';
-- one request for one thing at a time
CREATE UNIQUE INDEX approval_pending_key ON billing.approval (org_id, act, subject) WHERE state IN ('open', 'approved');
CREATE INDEX approval_org_id_idx ON billing.approval (org_id, asked_at);
CREATE INDEX approval_account_id_idx ON billing.approval (account_id, org_id) WHERE account_id IS NOT NULL;
