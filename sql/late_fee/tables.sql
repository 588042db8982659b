-- Late fees 电费违约金: what is laid down for paying late.  What is charged are bills.
CREATE TABLE billing.late_fee_rule (
	org_id			bigint NOT NULL REFERENCES billing.org,
	class			text,
	from_on			date NOT NULL,
	rate_per_day	numeric(10,8) NOT NULL,
	rate_after_year	numeric(10,8),
	minimum			numeric(20,2) NOT NULL DEFAULT 0,
	decimals		integer NOT NULL DEFAULT 2,
	grace_days		integer NOT NULL DEFAULT 0,
	set_by			text NOT NULL DEFAULT billing.actor(),
	set_at			timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT late_fee_rule_key UNIQUE NULLS NOT DISTINCT (org_id, class, from_on),
	CONSTRAINT late_fee_rule_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT late_fee_rule_rate_per_day_bounded CHECK (rate_per_day BETWEEN 0 AND 1),
	CONSTRAINT late_fee_rule_rate_after_year_bounded CHECK (rate_after_year BETWEEN 0 AND 1),
	CONSTRAINT late_fee_rule_minimum_bounded CHECK (minimum BETWEEN 0 AND 1e15),
	CONSTRAINT late_fee_rule_decimals_bounded CHECK (decimals BETWEEN 0 AND 2),
	-- the minimum too is what the rounding allows
	CONSTRAINT late_fee_rule_minimum_rounded CHECK (minimum = round(minimum, decimals)),
	CONSTRAINT late_fee_rule_grace_days_bounded CHECK (grace_days BETWEEN 0 AND 365)
);
COMMENT ON TABLE billing.late_fee_rule IS
'what late payment costs 电费违约金, for bills issued from a day on: of the nearest org the row of the class of the account''s plan, else that of all others; without one, nothing';
COMMENT ON COLUMN billing.late_fee_rule.class IS 'of the plan; null: of all that have no rule of their own';
COMMENT ON COLUMN billing.late_fee_rule.rate_per_day IS 'as a part of what is open, for each day: 0.001 is 1‰; the rate of a contract goes before';
COMMENT ON COLUMN billing.late_fee_rule.rate_after_year IS 'the rate from the first of January after the bill was due 跨年度欠费; null: the same';
COMMENT ON COLUMN billing.late_fee_rule.minimum IS 'of each bill that was paid late';
COMMENT ON COLUMN billing.late_fee_rule.decimals IS 'places to which the fee of each bill is rounded, half up';
COMMENT ON COLUMN billing.late_fee_rule.grace_days IS 'days after the due day that bear no fee 宽限';
