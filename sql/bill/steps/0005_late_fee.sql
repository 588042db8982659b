-- Bills for paying late.
ALTER TABLE billing.bill DROP CONSTRAINT bill_kind_known,
	ADD CONSTRAINT bill_kind_known CHECK (kind IN ('normal', 'reversal', 'correction', 'adjustment', 'credit', 'penalty', 'theft', 'purchase', 'temporary', 'sundry', 'late_fee'));
COMMENT ON COLUMN billing.bill.kind IS
'normal: a period as the run rates it; reversal 红冲; correction: what a period that was rated again comes to more or less; adjustment 退补: back-bill or refund by formula; '
'credit; penalty 违约使用电费; theft 窃电; purchase 购电: what the customer delivers; temporary 临时用电; sundry: entered by hand; late_fee 电费违约金: for paying late';
