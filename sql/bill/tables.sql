-- Bills, the money that moves, and the chain through both.
CREATE TABLE billing.bill (
	account_id		bigint NOT NULL,
	from_on			date NOT NULL,
	revision		smallint NOT NULL DEFAULT 1,
	kind			text NOT NULL DEFAULT 'normal',
	until_on		date NOT NULL,
	org_id			bigint NOT NULL,
	issued_org_id	bigint NOT NULL,
	seq				bigint NOT NULL,
	run_id			bigint,
	reverses_seq	bigint,
	total			numeric(20,2) NOT NULL,
	issued_at		timestamptz NOT NULL,
	issued_by		text NOT NULL,
	reason			text,
	usage_digest	bytea,
	link			bytea NOT NULL,
	charges			billing.charges NOT NULL,
	PRIMARY KEY (account_id, from_on, revision, kind),
	CONSTRAINT bill_until_on_later CHECK (until_on > from_on),
	CONSTRAINT bill_kind_known CHECK (kind IN ('normal', 'reversal', 'correction', 'adjustment', 'credit', 'penalty', 'theft', 'purchase', 'temporary', 'sundry', 'late_fee')),
	CONSTRAINT bill_reversal_whole CHECK ((kind = 'reversal') = (reverses_seq IS NOT NULL)),
	CONSTRAINT bill_reason_given CHECK (reason IS NOT NULL OR kind = 'normal')
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE billing.bill IS 'issued bills, lines and all in charges; never changed: a correction is a reversal and a later revision';
COMMENT ON COLUMN billing.bill.kind IS
'normal: a period as the run rates it; reversal 红冲; correction: what a period that was rated again comes to more or less; adjustment 退补: back-bill or refund by formula; '
'credit; penalty 违约使用电费; theft 窃电; purchase 购电: what the customer delivers; temporary 临时用电; sundry: entered by hand; late_fee 电费违约金: for paying late';
COMMENT ON COLUMN billing.bill.revision IS 'counts the bills that begin on this day, of all kinds but reversals, which have the number of what they reverse';
COMMENT ON COLUMN billing.bill.org_id IS 'whose account it is now: says who may see the bill, and moves with the account';
COMMENT ON COLUMN billing.bill.issued_org_id IS 'whose account it was when it was issued: for the statistics of orgs';
COMMENT ON COLUMN billing.bill.seq IS 'number of its link in the account''s chain';
COMMENT ON COLUMN billing.bill.total IS 'what is to be paid; of a reversal what the bill said, with the other sign';
COMMENT ON COLUMN billing.bill.usage_digest IS 'SHA-256 over the digests of the readings it was made of';
COMMENT ON COLUMN billing.bill.link IS 'SHA-256 of the link before and this row''s content';
CREATE INDEX bill_org_id_idx ON billing.bill (org_id);

CREATE TABLE billing.transfer (
	account_id		bigint NOT NULL,
	seq				bigint NOT NULL,
	org_id			bigint NOT NULL,
	issued_org_id	bigint NOT NULL,
	debit			text NOT NULL,
	credit			text NOT NULL,
	amount			numeric(20,2) NOT NULL,
	posted_at		timestamptz NOT NULL,
	posted_by		text NOT NULL,
	bill_seq		bigint,
	key				text,
	link			bytea NOT NULL,
	value_on		date,
	PRIMARY KEY (account_id, seq),
	CONSTRAINT transfer_books_known CHECK (debit IN ('receivable', 'billed', 'cash', 'opening', 'deposit', 'advance', 'written_off')
		AND credit IN ('receivable', 'billed', 'cash', 'opening', 'deposit', 'advance')),
	CONSTRAINT transfer_books_two CHECK (debit <> credit),
	CONSTRAINT transfer_amount_positive CHECK (amount > 0),
	CONSTRAINT transfer_value_on_finite CHECK (isfinite(value_on))
);
COMMENT ON TABLE billing.transfer IS 'money from one book to another 分录; never changed. A balance is the sum of transfers';
COMMENT ON COLUMN billing.transfer.debit IS
'book that the amount goes to: receivable 应收, billed, cash, opening (what came from an old system), deposit 押金, advance 预收, written_off 核销';
COMMENT ON COLUMN billing.transfer.value_on IS 'value date 起息日: the day as of which the money is there, as the bank says; null: the day of posting';
COMMENT ON COLUMN billing.transfer.key IS 'of whoever posts: the same key again posts nothing';
CREATE UNIQUE INDEX transfer_key_key ON billing.transfer (account_id, key) WHERE key IS NOT NULL;
-- of payments only: what a bill brings is found by its bill, and a run writes one entry less
CREATE INDEX transfer_org_id_idx ON billing.transfer (org_id) WHERE debit = 'cash' OR credit = 'cash';
