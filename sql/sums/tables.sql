/*
 * What bills and transfers add up to.  Rows are only ever added, each the
 * change that one statement has made, so that nobody waits for anybody's total;
 * what counts is the sum over the rows of a key, and fold_sums() makes one row
 * of many.
 */
CREATE TABLE billing.sum_setting (
	only_row	boolean PRIMARY KEY DEFAULT true,
	time_zone	text NOT NULL DEFAULT 'Asia/Shanghai',
	CONSTRAINT sum_setting_only_row_true CHECK (only_row)
);
COMMENT ON TABLE billing.sum_setting IS 'how the sums are kept; one row, set by rebuild_sums()';
COMMENT ON COLUMN billing.sum_setting.time_zone IS 'whose days say on which day a bill was issued or money came';
INSERT INTO billing.sum_setting DEFAULT VALUES;

CREATE TABLE billing.bill_sum (
	org_id			bigint NOT NULL REFERENCES billing.org,
	month_on		date NOT NULL,
	tariff_digest	bytea,
	currency		text NOT NULL,
	bills			bigint NOT NULL,
	days			bigint NOT NULL,
	kwh				numeric NOT NULL,
	amount			numeric NOT NULL
);
COMMENT ON TABLE billing.bill_sum IS 'bills added up by the org that issued them, the month in which their days begin, and the tariff; several rows of a key add up';
COMMENT ON COLUMN billing.bill_sum.org_id IS 'who issued them: what an org has earned stays with it when an account moves';
COMMENT ON COLUMN billing.bill_sum.tariff_digest IS 'null: of no tariff, or of several';
COMMENT ON COLUMN billing.bill_sum.bills IS 'a reversal takes away what it reverses, here and in what follows';
COMMENT ON COLUMN billing.bill_sum.days IS 'days of supply: divided by the days of the month, so many accounts were billed';
COMMENT ON COLUMN billing.bill_sum.kwh IS 'energy of the charges with tag or code energy, which are counted once';
CREATE INDEX bill_sum_org_id_idx ON billing.bill_sum (org_id, month_on);

CREATE TABLE billing.charge_sum (
	-- refers to an org by the row of bill_sum that comes with it: a dozen look-ups less with every statement
	org_id			bigint NOT NULL,
	month_on		date NOT NULL,
	tariff_digest	bytea,
	currency		text NOT NULL,
	code			text NOT NULL,
	kwh				numeric NOT NULL,
	amount			numeric NOT NULL
);
COMMENT ON TABLE billing.charge_sum IS 'the charges of the same bills by code; the codes of a key add up to the amount of bill_sum';
COMMENT ON COLUMN billing.charge_sum.code IS 'of the charge; rounding: what the rounding of the total has made';
CREATE INDEX charge_sum_org_id_idx ON billing.charge_sum (org_id, month_on);

CREATE TABLE billing.receivable_sum (
	org_id			bigint NOT NULL REFERENCES billing.org,
	month_on		date,
	issued_on		date,
	tariff_digest	bytea,
	charged			numeric NOT NULL,
	settled			numeric NOT NULL
);
COMMENT ON TABLE billing.receivable_sum IS
'what customers were charged, and what of it is settled, the oldest debt first, by the org that has the account now, the month of the bill and the day of its issue; '
'charged less settled, over all rows of an org, are the balances of its accounts';
COMMENT ON COLUMN billing.receivable_sum.month_on IS 'null with issued_on: money that is ahead of the bills, which is settled and not charged yet';
COMMENT ON COLUMN billing.receivable_sum.charged IS 'bills and other debts that are not reversed';
COMMENT ON COLUMN billing.receivable_sum.settled IS 'by payments, credits and corrections';
CREATE INDEX receivable_sum_org_id_idx ON billing.receivable_sum (org_id, month_on);

CREATE TABLE billing.transfer_sum (
	org_id		bigint NOT NULL REFERENCES billing.org,
	month_on	date NOT NULL,
	debit		text NOT NULL,
	credit		text NOT NULL,
	transfers	bigint NOT NULL,
	amount		numeric NOT NULL
);
COMMENT ON TABLE billing.transfer_sum IS 'transfers added up by the org that posted them, the month in which it did, and their books';
CREATE INDEX transfer_sum_org_id_idx ON billing.transfer_sum (org_id, month_on);

CREATE TABLE billing.plan_class (
	plan_id		bigint PRIMARY KEY REFERENCES billing.plan,
	class		text NOT NULL,
	CONSTRAINT plan_class_class_plain CHECK (class ~ '^[a-z][a-z0-9_]{0,31}$')
);
COMMENT ON TABLE billing.plan_class IS 'classes of customers 用电类别, by price plan; everybody may read them';

CREATE TABLE billing.due_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	class		text,
	from_on		date NOT NULL,
	due_days	integer NOT NULL,
	set_by		text NOT NULL DEFAULT billing.actor(),
	CONSTRAINT due_rule_key UNIQUE NULLS NOT DISTINCT (org_id, class, from_on),
	CONSTRAINT due_rule_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT due_rule_due_days_bounded CHECK (due_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE billing.due_rule IS 'how many days after its issue a bill is due 缴费期限, from a day of issue on; without a rule, 15';
COMMENT ON COLUMN billing.due_rule.class IS 'of the plan; null: of all that have no rule of their own';
