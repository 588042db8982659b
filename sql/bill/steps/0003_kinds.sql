-- All kinds of bills, not only those of the run and their reversals.
ALTER TABLE billing.bill DROP CONSTRAINT bill_kind_known, DROP CONSTRAINT bill_reversal_whole,
	ADD CONSTRAINT bill_kind_known CHECK (kind IN ('normal', 'reversal', 'correction', 'adjustment', 'credit', 'penalty', 'theft', 'purchase', 'temporary', 'sundry')),
	ADD CONSTRAINT bill_reversal_whole CHECK ((kind = 'reversal') = (reverses_seq IS NOT NULL)),
	ADD CONSTRAINT bill_reason_given CHECK (reason IS NOT NULL OR kind = 'normal');
COMMENT ON COLUMN billing.bill.kind IS
'normal: a period as the run rates it; reversal 红冲; correction: what a period that was rated again comes to more or less; adjustment 退补: back-bill or refund by formula; '
'credit; penalty 违约使用电费; theft 窃电; purchase 购电: what the customer delivers; temporary 临时用电; sundry: entered by hand';
COMMENT ON COLUMN billing.bill.revision IS 'counts the bills that begin on this day, of all kinds but reversals, which have the number of what they reverse';
