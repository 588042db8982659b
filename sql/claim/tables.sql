-- What claims and refunds are reckoned with.
CREATE TABLE billing.claim_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	name		text NOT NULL,
	value		numeric(12,4) NOT NULL,
	source		text NOT NULL DEFAULT '',
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (org_id, name),
	CONSTRAINT claim_rule_name_known CHECK (name IN ('error_part', 'theft_days', 'theft_hours_power', 'theft_hours_lighting', 'theft_times', 'price_class_times', 'price_class_months',
		'excess_times', 'excess_per_kw', 'sealed_times', 'sealed_per_kw', 'unpermitted_source_per_kw', 'tampering_home', 'tampering_other')),
	CONSTRAINT claim_rule_value_bounded CHECK (value >= 0 AND value < 1e8),
	CONSTRAINT claim_rule_source_bounded CHECK (length(source) <= 200)
);
COMMENT ON TABLE billing.claim_rule IS 'what an org, and all below it, reckons claims with, instead of claim_defaults(); the nearest org counts';
COMMENT ON COLUMN billing.claim_rule.source IS 'the rule that says so, such as a provincial code';
