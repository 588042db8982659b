/*
 * Usage that is not simply what an account's own meters say: what is taken off
 * for meters behind them, given to others, lost in transformers and lines, or
 * agreed.  Rules are rows; what they make of a span is stored, with every step.
 */
CREATE TABLE billing.forming_rule (
	account_id			bigint NOT NULL,
	rule_no				integer NOT NULL,
	org_id				bigint NOT NULL,
	kind				text NOT NULL,
	part				text NOT NULL DEFAULT 'main',
	from_on				date NOT NULL,
	until_on			date,
	other_id			bigint,
	other_part			text,
	ratio				numeric(14,10),
	weight				numeric(18,6),
	kwh					numeric(18,6),
	kw					numeric(18,6),
	hours				numeric[],
	period				text NOT NULL DEFAULT '',
	step_kwh			numeric(18,6) NOT NULL DEFAULT 0.000001,
	table_code			text,
	kva					numeric(12,3),
	iron_kw				numeric(18,6),
	copper_kw			numeric(18,6),
	no_load_percent		numeric(8,4),
	impedance_percent	numeric(8,4),
	ohm					numeric(18,8),
	kv					numeric(12,4),
	factor				numeric(10,6) NOT NULL DEFAULT 1,
	made_by				text NOT NULL DEFAULT billing.actor(),
	made_at				timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, rule_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT forming_rule_kind_known CHECK (kind IN ('unmetered', 'transformer_loss', 'line_loss', 'deduct', 'loss_share', 'fixed_quantity', 'fixed_ratio', 'share')),
	CONSTRAINT forming_rule_part_bounded CHECK (length(part) BETWEEN 1 AND 63),
	CONSTRAINT forming_rule_other_part_bounded CHECK (length(other_part) BETWEEN 1 AND 63),
	CONSTRAINT forming_rule_period_bounded CHECK (length(period) <= 63),
	CONSTRAINT forming_rule_until_on_later CHECK (until_on > from_on),
	CONSTRAINT forming_rule_days_finite CHECK (isfinite(from_on) AND isfinite(until_on)),
	CONSTRAINT forming_rule_step_kwh_positive CHECK (step_kwh > 0),
	CONSTRAINT forming_rule_other_whole CHECK (CASE kind WHEN 'deduct' THEN other_id IS NOT NULL AND other_id <> account_id AND other_part IS NOT NULL
		WHEN 'loss_share' THEN other_id IS NOT NULL AND other_id <> account_id AND other_part IS NOT NULL
		WHEN 'fixed_quantity' THEN other_part IS NOT NULL AND (other_id IS NOT NULL OR other_part <> part)
		WHEN 'fixed_ratio' THEN other_part IS NOT NULL AND (other_id IS NOT NULL OR other_part <> part)
		WHEN 'share' THEN (other_id IS NULL) = (other_part IS NULL)
		ELSE other_id IS NULL AND other_part IS NULL END),
	CONSTRAINT forming_rule_amounts_whole CHECK (CASE kind
		WHEN 'unmetered' THEN (kwh IS NOT NULL AND kwh >= 0 AND kw IS NULL) OR (kw IS NOT NULL AND kw >= 0 AND kwh IS NULL AND hours IS NOT NULL)
		WHEN 'fixed_quantity' THEN kwh IS NOT NULL AND kwh >= 0
		WHEN 'fixed_ratio' THEN ratio IS NOT NULL AND ratio BETWEEN 0 AND 1
		WHEN 'share' THEN weight IS NOT NULL AND weight >= 0
		WHEN 'transformer_loss' THEN kva IS NOT NULL AND kva > 0 AND (table_code IS NOT NULL OR (iron_kw IS NOT NULL AND iron_kw >= 0 AND copper_kw IS NOT NULL AND copper_kw >= 0))
		WHEN 'line_loss' THEN (ratio IS NOT NULL AND ratio BETWEEN 0 AND 1) OR (ohm IS NOT NULL AND ohm >= 0 AND kv IS NOT NULL AND kv > 0)
		ELSE true END),
	CONSTRAINT forming_rule_hours_monthly CHECK (cardinality(hours) IN (1, 12) AND array_position(hours, NULL) IS NULL AND 0 <= ALL (hours) AND 24 >= ALL (hours)),
	CONSTRAINT forming_rule_factor_positive CHECK (factor > 0),
	-- a NaN is above every number
	CONSTRAINT forming_rule_numbers CHECK ('NaN'::numeric <> ALL (ARRAY[ratio, weight, kwh, kw, step_kwh, kva, iron_kw, copper_kw,
		no_load_percent, impedance_percent, ohm, kv, factor]) AND 'NaN'::numeric <> ALL (hours))
);
COMMENT ON TABLE billing.forming_rule IS 'what is done to the energy of a part of an account, from a day on; see doc/forming.md';
COMMENT ON COLUMN billing.forming_rule.kind IS 'in the order in which they are applied: unmetered, transformer_loss 变损, line_loss 线损, deduct 套扣, loss_share, fixed_quantity 定量, fixed_ratio 定比, share (joint accounts)';
COMMENT ON COLUMN billing.forming_rule.other_id IS 'the account whose point is deducted, or that gets what this one gives; null: another part of the account itself; of share: what the account keeps';
COMMENT ON COLUMN billing.forming_rule.kwh IS 'a month; of a part of one, by thirtieths';
COMMENT ON COLUMN billing.forming_rule.hours IS 'a day: one number, or one for each month of the year';
COMMENT ON COLUMN billing.forming_rule.period IS 'the time-of-use period that the energy is in; empty: each in proportion';
COMMENT ON COLUMN billing.forming_rule.step_kwh IS 'quantities are in whole steps of it: 1 for whole kWh';
COMMENT ON COLUMN billing.forming_rule.factor IS 'of the load-dependent loss: the square of the form factor of the load curve';
CREATE INDEX forming_rule_other_id_idx ON billing.forming_rule (other_id) WHERE other_id IS NOT NULL;

CREATE TABLE billing.loss_table (
	table_code	text NOT NULL,
	kva			numeric(12,3) NOT NULL,
	kwh_from	numeric(18,3) NOT NULL,
	loss_kwh	numeric(18,6) NOT NULL,
	loss_kvarh	numeric(18,6) NOT NULL DEFAULT 0,
	PRIMARY KEY (table_code, kva, kwh_from),
	CONSTRAINT loss_table_table_code_plain CHECK (table_code ~ '^[0-9A-Za-z_.-]{1,64}$'),
	CONSTRAINT loss_table_values_nonnegative CHECK (kva > 0 AND kwh_from >= 0 AND loss_kwh >= 0 AND loss_kvarh >= 0),
	CONSTRAINT loss_table_numbers CHECK ('NaN'::numeric <> ALL (ARRAY[kva, kwh_from, loss_kwh, loss_kvarh]))
);
COMMENT ON TABLE billing.loss_table IS 'published losses of transformers 变损表: by capacity, and by the active energy of a month from a step on; everybody may read them';

CREATE TABLE billing.formed_usage (
	account_id	bigint NOT NULL,
	from_on		date NOT NULL,
	revision	integer NOT NULL,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	state		text NOT NULL DEFAULT 'current',
	usage		billing.usage,
	digest		bytea NOT NULL,
	inputs		bytea NOT NULL,
	sqlstate	text,
	message		text,
	detail		text,
	hint		text,
	made_at		timestamptz NOT NULL DEFAULT now(),
	made_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, from_on, revision),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT formed_usage_until_on_later CHECK (until_on > from_on),
	CONSTRAINT formed_usage_state_known CHECK (state IN ('current', 'superseded', 'late')),
	CONSTRAINT formed_usage_whole CHECK ((usage IS NULL) = (sqlstate IS NOT NULL))
);
COMMENT ON TABLE billing.formed_usage IS 'what form_usage() made of the days of an account; only added to';
COMMENT ON COLUMN billing.formed_usage.state IS 'current: is billed, or was; superseded: made anew before it was billed; late: its inputs have changed since it was billed, this is what it would be';
COMMENT ON COLUMN billing.formed_usage.digest IS 'SHA-256 of account, days and usage: a bill''s link in the chain has it';
COMMENT ON COLUMN billing.formed_usage.inputs IS 'SHA-256 of the readings and rules it was made of, also of other accounts';
COMMENT ON COLUMN billing.formed_usage.sqlstate IS 'why it could not be formed, with message, detail and hint; null: it was';
CREATE UNIQUE INDEX formed_usage_current_key ON billing.formed_usage (account_id, from_on) WHERE state = 'current';

CREATE TABLE billing.formed_line (
	account_id	bigint NOT NULL,
	from_on		date NOT NULL,
	revision	integer NOT NULL,
	line_no		integer NOT NULL,
	org_id		bigint NOT NULL,
	kind		text NOT NULL,
	rule_no		integer,
	part		text NOT NULL,
	channel		text NOT NULL,
	period		text NOT NULL,
	kwh			numeric NOT NULL,
	estimated	boolean NOT NULL,
	other_id	bigint,
	other_part	text,
	basis		text,
	profile		billing.profile,
	PRIMARY KEY (account_id, from_on, revision, line_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.formed_line IS 'the steps by which usage was formed: what they add up to, by part, channel and period, is the usage';
COMMENT ON COLUMN billing.formed_line.kind IS 'measured, received, or the kind of the rule';
COMMENT ON COLUMN billing.formed_line.kwh IS 'kWh or kvarh by its channel; kW of a recorded demand; below zero: taken away';
COMMENT ON COLUMN billing.formed_line.profile IS 'the same slot by slot; null: of registers';

CREATE TYPE billing._forming_span AS (account_id bigint, from_on date, until_on date, org_id bigint, gives boolean, billed boolean, revision integer, digest bytea,
	next_revision integer, inputs bytea, fresh boolean);
COMMENT ON TYPE billing._forming_span IS
'a span that is to be formed, or, where gives, that of an account which gives to one: what was formed of it before, what it depends on now, and whether that is still the same (fresh)';

CREATE TABLE billing.collective (
	collective_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	collective_no	text NOT NULL UNIQUE,
	name			text NOT NULL,
	CONSTRAINT collective_collective_no_plain CHECK (collective_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT collective_name_bounded CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.collective IS 'accounts that have their bills on one statement 合并账单';
CREATE INDEX collective_org_id_idx ON billing.collective (org_id);

CREATE TABLE billing.collective_member (
	account_id		bigint NOT NULL,
	from_on			date NOT NULL,
	org_id			bigint NOT NULL,
	collective_id	bigint NOT NULL REFERENCES billing.collective,
	until_on		date,
	PRIMARY KEY (account_id, from_on),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT collective_member_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT collective_member_until_on_later CHECK (isfinite(until_on) AND until_on > from_on)
);
COMMENT ON TABLE billing.collective_member IS 'which account is on which collective statement, for bills that begin in these days';
CREATE INDEX collective_member_collective_id_idx ON billing.collective_member (collective_id);
