/*
 * What changes after it was billed: what is laid down for it, and what there is
 * of it.  Late load profiles have a list of their own, late_reading, which is
 * written where they come in; all else is listed here.
 */
CREATE TABLE billing.late_policy (
	policy_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	plan_id		bigint REFERENCES billing.plan,
	policy		text NOT NULL,
	months_back	integer,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT late_policy_class_key UNIQUE NULLS NOT DISTINCT (org_id, plan_id),
	CONSTRAINT late_policy_policy_known CHECK (policy IN ('refuse', 'delta', 'rebill')),
	CONSTRAINT late_policy_months_back_bounded CHECK (months_back BETWEEN 1 AND 1200)
);
COMMENT ON TABLE billing.late_policy IS 'what is done with what changes after it was billed: of the nearest org the row of the account''s plan, else that of all others; without one, delta';
COMMENT ON COLUMN billing.late_policy.plan_id IS 'for accounts that had this plan then; null: for all others';
COMMENT ON COLUMN billing.late_policy.policy IS
'refuse: it is left to a person; delta: a correction for each period that now comes to something else; rebill: these bills are reversed and made anew';
COMMENT ON COLUMN billing.late_policy.months_back IS 'what is longer before the account''s last bill is left to a person; null: however long ago';

CREATE TABLE billing.late_change (
	account_id	bigint NOT NULL,
	change_id	bigint GENERATED ALWAYS AS IDENTITY,
	org_id		bigint NOT NULL,
	cause		text NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	reason		text NOT NULL DEFAULT '',
	state		text NOT NULL DEFAULT 'open',
	at			timestamptz NOT NULL DEFAULT now(),
	author		text NOT NULL DEFAULT billing.actor(),
	settled_seq	bigint,
	decided_at	timestamptz,
	decided_by	text,
	note		text,
	PRIMARY KEY (account_id, change_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT late_change_cause_known CHECK (cause IN ('plan', 'register', 'formed', 'price', 'request')),
	CONSTRAINT late_change_days_some CHECK (isfinite(from_on) AND isfinite(until_on) AND until_on > from_on),
	CONSTRAINT late_change_reason_bounded CHECK (length(reason) <= 2000),
	CONSTRAINT late_change_state_known CHECK (state IN ('open', 'settled', 'left')),
	CONSTRAINT late_change_decided_whole CHECK ((state = 'open') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL))
);
COMMENT ON TABLE billing.late_change IS 'what else has changed of days that are billed, for settle_late(): plans, readings of registers, formed usage, published prices, what a person asks for';
COMMENT ON COLUMN billing.late_change.state IS 'open; settled: the bills say it; left: they do not, and a person has to decide';
COMMENT ON COLUMN billing.late_change.settled_seq IS 'the last link of the account''s chain once it was settled';
COMMENT ON COLUMN billing.late_change.note IS 'why it was left, or could not be settled when it was last tried';
CREATE INDEX late_change_open_idx ON billing.late_change (org_id, account_id) WHERE state = 'open';
