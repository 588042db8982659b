-- Which acts one way of proving who one is does not suffice for.
CREATE TABLE billing.risky_act (
	act			text PRIMARY KEY,
	above		integer NOT NULL DEFAULT 0,
	meaning		text NOT NULL,
	CONSTRAINT risky_act_above_nonnegative CHECK (above >= 0)
);
COMMENT ON TABLE billing.risky_act IS 'acts, as the audit trail names them, for which an organisation can require a second step of identification';
COMMENT ON COLUMN billing.risky_act.above IS 'so many of them by one person within an hour need none, unless an organisation says another number';
INSERT INTO billing.risky_act (act, above, meaning) VALUES
	('grant_access', 0, 'a right for a person'),
	('revoke_access', 0, 'a right taken from a person'),
	('grant_group_access', 0, 'a right for a group'),
	('revoke_group_access', 0, 'a right taken from a group'),
	('join_group', 0, 'a person put into a group'),
	('nest_group', 0, 'a group put into another'),
	('add_staff', 0, 'a person entered, who has what the post has'),
	('change_staff', 0, 'another post, or another organisation'),
	('assign_accounts', 0, 'accounts shown to a person'),
	('stand_in', 0, 'somebody stands in for another'),
	('unite_duties', 0, 'entering and approving by one person'),
	('set_approval_rule', 0, 'what needs a second person'),
	('lift_second_step', 0, 'a second step required no more'),
	('set_login', 0, 'a name and password for somebody'),
	('set_identity_checker', 0, 'a checker outside that is believed'),
	('approved', 0, 'what another has asked for'),
	('approve_reading', 0, 'readings of registers that waited'),
	('decide_edit', 0, 'edits of readings that waited'),
	('approve_contract', 0, 'a contract'),
	('approve_cutover', 0, 'what comes from an old system'),
	('void_bill', 0, 'a bill taken back'),
	('reverse_bill', 0, 'a bill that no run made taken back'),
	('refund', 0, 'money paid back'),
	('write_off', 0, 'a debt given up'),
	('waive_late_fee', 0, 'a late fee given up'),
	('add_plan', 0, 'a price plan, or its next version'),
	('publish_component', 0, 'a published price'),
	('publish_prices', 0, 'published prices, slot by slot'),
	('correct_plan', 0, 'a price of what is billed'),
	('open_sealed', 20, 'sealed values opened, more than a few'),
	('rotate_keys', 0, 'new keys of sealed values'),
	('destroy_keys', 0, 'the keys of a company'),
	('erase_customer', 0, 'the keys of a customer');

CREATE TABLE billing.second_step_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	act			text NOT NULL REFERENCES billing.risky_act,
	above		integer NOT NULL DEFAULT 0,
	PRIMARY KEY (org_id, act),
	CONSTRAINT second_step_rule_above_nonnegative CHECK (above >= 0)
);
COMMENT ON TABLE billing.second_step_rule IS 'what an organisation, and all below it, requires a second step for; the nearest rule counts';
COMMENT ON COLUMN billing.second_step_rule.above IS 'so many of them by one person within an hour need none';
CREATE INDEX second_step_rule_act_idx ON billing.second_step_rule (act);
