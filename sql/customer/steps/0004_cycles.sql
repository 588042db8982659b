-- Cycles: what they are, which one an account is in, and how many months its periods have.
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

ALTER TABLE billing.account_head
	ADD COLUMN cycle_id bigint REFERENCES billing.bill_cycle,
	ADD COLUMN cycle_months smallint NOT NULL DEFAULT 1,
	ADD COLUMN cycle_first smallint NOT NULL DEFAULT 1,
	ADD CONSTRAINT account_head_cycle_months_divide CHECK (cycle_months IN (1, 2, 3, 4, 6, 12)),
	ADD CONSTRAINT account_head_cycle_first_bounded CHECK (cycle_first BETWEEN 1 AND 12);
COMMENT ON COLUMN billing.account_head.cycle_id IS 'its cycle: of one it is billed whole periods only; null: each month, up to the day of the run';
COMMENT ON COLUMN billing.account_head.cycle_months IS 'of the cycle, as cycle_day and cycle_first: here, so that a run need not look it up';
