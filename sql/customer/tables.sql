-- Customers, and the accounts that are billed.
CREATE TABLE billing.customer (
	customer_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	name			text NOT NULL,
	kind			text NOT NULL DEFAULT 'person',
	login_role		name UNIQUE,
	valid_during	tstzrange NOT NULL DEFAULT tstzrange(now(), NULL),
	name_key		text GENERATED ALWAYS AS (billing.name_key(name)) STORED,
	pinyin_key		text GENERATED ALWAYS AS (billing.pinyin_key(name)) STORED,
	merged_into		bigint REFERENCES billing.customer,
	-- what rows of a customer refer to, so that their org is the customer's
	CONSTRAINT customer_customer_id_org_id_key UNIQUE (customer_id, org_id),
	CONSTRAINT customer_name_bounded CHECK (length(name) <= 200),
	CONSTRAINT customer_merged_into_another CHECK (merged_into <> customer_id),
	CONSTRAINT customer_kind_known CHECK (kind IN ('person', 'firm')),
	CONSTRAINT customer_login_role_not_ours CHECK (login_role::text !~ '^(billing|pg)_'),
	CONSTRAINT customer_valid_during_some CHECK (NOT isempty(valid_during))
);
COMMENT ON TABLE billing.customer IS 'persons and firms 客户; each may have several accounts';
COMMENT ON COLUMN billing.customer.org_id IS 'the org that keeps the record';
COMMENT ON COLUMN billing.customer.login_role IS 'the database role by which the customer logs in; null for those who only come through an application';
COMMENT ON COLUMN billing.customer.pinyin_key IS 'the name for comparing: plain columns, since a policy lets an index of an expression rest';
COMMENT ON COLUMN billing.customer.merged_into IS 'the record of the same customer that is used instead';
CREATE INDEX customer_pinyin_key_idx ON billing.customer (pinyin_key);
-- the whole of what rows refer to: before statistics are there, the check of a key may go by either index
CREATE INDEX customer_org_id_idx ON billing.customer (org_id, customer_id);

CREATE TABLE billing.account (
	account_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	customer_id		bigint NOT NULL REFERENCES billing.customer,
	account_no		text NOT NULL,
	address			text NOT NULL DEFAULT '',
	opened_on		date NOT NULL,
	address_key		text GENERATED ALWAYS AS (billing.address_key(address)) STORED,
	CONSTRAINT account_address_bounded CHECK (length(address) <= 300),
	CONSTRAINT account_account_no_key UNIQUE (account_no),
	-- what rows of an account refer to, so that their org is the account's, also after it has moved
	CONSTRAINT account_account_id_org_id_key UNIQUE (account_id, org_id),
	CONSTRAINT account_account_no_plain CHECK (account_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT account_opened_on_finite CHECK (isfinite(opened_on))
);
COMMENT ON TABLE billing.account IS 'what is billed 用电户; account_id never changes, account_no is the number the customer knows 户号';
CREATE INDEX account_org_id_idx ON billing.account (org_id, account_id);
CREATE INDEX account_customer_id_idx ON billing.account (customer_id);
CREATE INDEX account_address_key_idx ON billing.account (address_key);

CREATE TABLE billing.bill_cycle (
	cycle_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	cycle_code	text NOT NULL,
	name		text NOT NULL,
	cycle_day	smallint NOT NULL DEFAULT 1,
	months		smallint NOT NULL DEFAULT 1,
	first_month	smallint NOT NULL DEFAULT 1,
	CONSTRAINT bill_cycle_cycle_code_key UNIQUE (cycle_code),
	CONSTRAINT bill_cycle_cycle_code_plain CHECK (cycle_code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT bill_cycle_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
	CONSTRAINT bill_cycle_cycle_day_bounded CHECK (cycle_day BETWEEN 1 AND 28),
	CONSTRAINT bill_cycle_months_divide CHECK (months IN (1, 2, 3, 4, 6, 12)),
	CONSTRAINT bill_cycle_first_month_bounded CHECK (first_month BETWEEN 1 AND 12)
);
COMMENT ON TABLE billing.bill_cycle IS 'cycles 抄表周期: accounts that are read on the same day and billed for the same periods; never changed: accounts go to another cycle';
COMMENT ON COLUMN billing.bill_cycle.cycle_day IS 'the day of the month on which a period begins and the one before ends 抄表例日';
COMMENT ON COLUMN billing.bill_cycle.months IS 'how many months a period has; a divisor of the year, so that each year has the same periods';
COMMENT ON COLUMN billing.bill_cycle.first_month IS 'a month in which a period begins: of two months 1 for odd, 2 for even ones';
CREATE INDEX bill_cycle_org_id_idx ON billing.bill_cycle (org_id);

/*
 * What a run and a posting lock and change, apart from the rest so that it is
 * narrow, and with room on its pages so that a change stays there (HOT).
 */
CREATE TABLE billing.account_head (
	account_id	bigint NOT NULL,
	org_id		bigint NOT NULL,
	billed_to	date NOT NULL,
	seq			bigint NOT NULL DEFAULT 0,
	link		bytea NOT NULL DEFAULT '',
	balance		numeric(20,2) NOT NULL DEFAULT 0,
	currency	text,
	voided		boolean NOT NULL DEFAULT false,
	carry		billing.carry,
	plan_changes date[],
	stops_on	date,
	usage_from	text NOT NULL DEFAULT 'reading',
	cycle_day	smallint NOT NULL DEFAULT 1,
	cycle_id	bigint REFERENCES billing.bill_cycle,
	cycle_months smallint NOT NULL DEFAULT 1,
	cycle_first	smallint NOT NULL DEFAULT 1,
	PRIMARY KEY (account_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_head_usage_from_known CHECK (usage_from IN ('reading', 'register', 'formed')),
	CONSTRAINT account_head_cycle_day_bounded CHECK (cycle_day BETWEEN 1 AND 28),
	CONSTRAINT account_head_cycle_months_divide CHECK (cycle_months IN (1, 2, 3, 4, 6, 12)),
	CONSTRAINT account_head_cycle_first_bounded CHECK (cycle_first BETWEEN 1 AND 12)
-- room for two of each row, half as long again after its first bill: a run changes all rows of a page at once, and no index with them
) WITH (fillfactor = 33);
-- a run goes through one org after the other
CREATE INDEX account_head_org_id_idx ON billing.account_head (org_id, account_id);
COMMENT ON TABLE billing.account_head IS 'where an account stands: billed up to a day, last link of its chain, balance, carry';
COMMENT ON COLUMN billing.account_head.seq IS 'number of the last link of the chain';
COMMENT ON COLUMN billing.account_head.link IS 'SHA-256 of the last link; empty before the first';
COMMENT ON COLUMN billing.account_head.balance IS 'what the customer owes: the sum of the transfers of book receivable';
COMMENT ON COLUMN billing.account_head.currency IS 'of the first bill, and so of all';
COMMENT ON COLUMN billing.account_head.voided IS 'some bill was voided: the next of its days is a later revision';
COMMENT ON COLUMN billing.account_head.carry IS 'what the last bill leaves for the next';
COMMENT ON COLUMN billing.account_head.plan_changes IS 'days on which requests change plan or terms: a bill ends there; here, since a run reads the head as it is when it locks it';
COMMENT ON COLUMN billing.account_head.stops_on IS 'the day from which it is not billed any more: its last bill ends there';
COMMENT ON COLUMN billing.account_head.usage_from IS 'what is billed: reading: load profiles; register: readings of registers; formed: what form_usage() made of these and of other accounts';
COMMENT ON COLUMN billing.account_head.cycle_day IS 'the day of the month on which it is read and its bills begin 抄表例日';
COMMENT ON COLUMN billing.account_head.cycle_id IS 'its cycle: of one it is billed whole periods only; null: each month, up to the day of the run';
COMMENT ON COLUMN billing.account_head.cycle_months IS 'of the cycle, as cycle_day and cycle_first: here, so that a run need not look it up';

CREATE TABLE billing.account_phase (
	account_id	bigint NOT NULL,
	request_id	bigint NOT NULL,
	from_on		date NOT NULL,
	org_id		bigint NOT NULL,
	phase		text NOT NULL,
	PRIMARY KEY (account_id, request_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT account_phase_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT account_phase_known CHECK (phase IN ('active', 'suspended', 'vacant', 'transferred', 'vacated', 'succeeded', 'disconnected', 'closed'))
);
COMMENT ON TABLE billing.account_phase IS 'what an account is from a day on, and by which request; an account without a row is active since it was opened';
COMMENT ON COLUMN billing.account_phase.phase IS
'active; suspended 暂停; vacant: its customer is away; vacated: its customer moved out, the supply stays; succeeded: and another moved in; '
'transferred 过户: to another customer''s account; disconnected 欠费停电: supply is stopped for arrears; closed 销户';
