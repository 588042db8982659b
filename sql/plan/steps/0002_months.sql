-- A bill of an account that is read in mid-month spans two months: their market is made of both.
ALTER TABLE billing.plan_market
	ADD COLUMN months smallint NOT NULL DEFAULT 1,
	DROP CONSTRAINT plan_market_pkey,
	ADD CONSTRAINT plan_market_pkey PRIMARY KEY (plan_id, from_on, month_on, months, digest),
	ADD CONSTRAINT plan_market_months_bounded CHECK (months BETWEEN 1 AND 2);
COMMENT ON TABLE billing.plan_market IS 'the markets that a version of a plan had for a month, or for two in one: the one of the last as_of holds';
