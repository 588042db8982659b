-- Where an account's usage comes from, and on which day of the month its bills begin.
ALTER TABLE billing.account_head
	ADD COLUMN usage_from text NOT NULL DEFAULT 'reading',
	ADD COLUMN cycle_day smallint NOT NULL DEFAULT 1,
	ADD CONSTRAINT account_head_usage_from_known CHECK (usage_from IN ('reading', 'register', 'formed')),
	ADD CONSTRAINT account_head_cycle_day_bounded CHECK (cycle_day BETWEEN 1 AND 28);
COMMENT ON COLUMN billing.account_head.usage_from IS 'what is billed: reading: load profiles; register: readings of registers; formed: what form_usage() made of these and of other accounts';
COMMENT ON COLUMN billing.account_head.cycle_day IS 'the day of the month on which it is read and its bills begin 抄表例日';
