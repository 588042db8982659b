/*
 * What the registers of meters show 示数, as it was read and as it was judged:
 * what is entered is kept, what counts has the state valid, and a value that
 * replaces another leaves it in its row.  A reading counts for the beginning of
 * its day, so that no time zone comes in.
 */
CREATE TABLE billing.register (
	register	text PRIMARY KEY,
	measures	text NOT NULL DEFAULT 'energy',
	channel		text,
	period		text NOT NULL DEFAULT '',
	CONSTRAINT register_register_plain CHECK (register ~ '^[a-z][a-z0-9_]{0,31}$'),
	CONSTRAINT register_measures_known CHECK (measures IN ('energy', 'demand')),
	CONSTRAINT register_channel_known CHECK (channel IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export',
		'reactive_q1', 'reactive_q2', 'reactive_q3', 'reactive_q4', 'apparent')),
	CONSTRAINT register_channel_of_energy CHECK ((measures = 'energy') = (channel IS NOT NULL)),
	CONSTRAINT register_period_bounded CHECK (length(period) <= 63)
);
COMMENT ON TABLE billing.register IS 'what registers of meters are called, and what each counts; everybody may read them';
COMMENT ON COLUMN billing.register.measures IS 'energy: counts up; demand: shows the highest kW since the reading before';
COMMENT ON COLUMN billing.register.period IS 'the tariff''s time-of-use period; empty: all together';
INSERT INTO billing.register (register, measures, channel, period)
SELECT c.prefix || CASE WHEN c.prefix = '' OR p.period = '' THEN '' ELSE '_' END || CASE WHEN c.prefix = '' AND p.period = '' THEN 'total' ELSE p.period END,
	   c.measures, c.channel, p.period
  FROM (VALUES ('', 'energy', 'import'), ('export', 'energy', 'export'), ('generation', 'energy', 'generation'), ('demand', 'demand', NULL)) c(prefix, measures, channel),
	   (VALUES (''), ('sharp'), ('peak'), ('flat'), ('valley'), ('deep_valley')) p(period)
 UNION ALL
SELECT r, 'energy', r, '' FROM unnest('{reactive_import,reactive_export,reactive_q1,reactive_q2,reactive_q3,reactive_q4,apparent}'::text[]) r;

CREATE TABLE billing.register_limit (
	limit_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	plan_id		bigint REFERENCES billing.plan,
	high_ratio	numeric(8,3) NOT NULL DEFAULT 3,
	low_ratio	numeric(8,3) NOT NULL DEFAULT 0.1,
	least_kwh	numeric(18,3) NOT NULL DEFAULT 100,
	most_kwh	numeric(18,3),
	sum_ratio	numeric(8,6) NOT NULL DEFAULT 0.005,
	sum_least	numeric(18,6) NOT NULL DEFAULT 1,
	CONSTRAINT register_limit_class_key UNIQUE NULLS NOT DISTINCT (org_id, plan_id),
	CONSTRAINT register_limit_high_ratio_above CHECK (high_ratio > 1),
	CONSTRAINT register_limit_low_ratio_below CHECK (low_ratio >= 0 AND low_ratio < 1),
	CONSTRAINT register_limit_least_kwh_nonnegative CHECK (least_kwh >= 0),
	CONSTRAINT register_limit_most_kwh_positive CHECK (most_kwh > 0),
	CONSTRAINT register_limit_sum_nonnegative CHECK (sum_ratio >= 0 AND sum_least >= 0),
	-- a NaN is above every number
	CONSTRAINT register_limit_numbers CHECK ('NaN'::numeric <> ALL (ARRAY[high_ratio, low_ratio, least_kwh, most_kwh, sum_ratio, sum_least]))
);
COMMENT ON TABLE billing.register_limit IS 'from where on a reading waits for a second person; the row of the account''s plan and the nearest org counts, else the defaults';
COMMENT ON COLUMN billing.register_limit.plan_id IS 'for accounts of this plan; null: for all others';
COMMENT ON COLUMN billing.register_limit.high_ratio IS 'usage a day above so many times what is usual';
COMMENT ON COLUMN billing.register_limit.low_ratio IS 'usage a day below such a part of what is usual';
COMMENT ON COLUMN billing.register_limit.least_kwh IS 'a usage, or a change of a reading, of so much energy is never large';
COMMENT ON COLUMN billing.register_limit.most_kwh IS 'a usage above it waits also where nothing is known of before';
COMMENT ON COLUMN billing.register_limit.sum_ratio IS 'so far the time-of-use registers may be from the total, of the total';
COMMENT ON COLUMN billing.register_limit.sum_least IS 'or so many units of the register, where that is more';

CREATE TABLE billing.register_reading (
	account_id	bigint NOT NULL,
	part		text NOT NULL DEFAULT 'main',
	register	text NOT NULL REFERENCES billing.register,
	read_on		date NOT NULL,
	kind		text NOT NULL DEFAULT 'regular',
	entry_no	bigint GENERATED ALWAYS AS IDENTITY,
	org_id		bigint NOT NULL,
	value		numeric(18,6) NOT NULL,
	digits		smallint,
	multiplier	numeric(18,6),
	estimated	boolean NOT NULL DEFAULT false,
	state		text NOT NULL DEFAULT 'entered',
	place		smallint NOT NULL GENERATED ALWAYS AS (CASE kind WHEN 'closing' THEN 1 WHEN 'opening' THEN 2 WHEN 'check' THEN 3 ELSE 0 END) STORED,
	read_at		timestamptz,
	source		text NOT NULL DEFAULT '',
	author		text NOT NULL DEFAULT billing.actor(),
	entered_at	timestamptz NOT NULL DEFAULT now(),
	finding		text,
	detail		text,
	approved_by	text,
	decided_at	timestamptz,
	reason		text,
	valid_after	bigint,
	superseded_after bigint,
	batch_id	bigint,
	decision_batch_id bigint,
	PRIMARY KEY (account_id, read_on, part, register, entry_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT register_reading_part_bounded CHECK (length(part) BETWEEN 1 AND 63),
	CONSTRAINT register_reading_read_on_finite CHECK (isfinite(read_on)),
	CONSTRAINT register_reading_kind_known CHECK (kind IN ('regular', 'opening', 'closing', 'check', 'special')),
	CONSTRAINT register_reading_digits_bounded CHECK (digits BETWEEN 1 AND 12),
	CONSTRAINT register_reading_multiplier_positive CHECK (multiplier > 0),
	CONSTRAINT register_reading_numbers CHECK ('NaN'::numeric <> ALL (ARRAY[value, multiplier])),
	CONSTRAINT register_reading_state_known CHECK (state IN ('entered', 'pending', 'valid', 'rejected', 'superseded')),
	-- nobody approves what he has entered himself
	CONSTRAINT register_reading_approved_by_another CHECK (approved_by <> author)
);
COMMENT ON TABLE billing.register_reading IS 'readings of registers 抄表示数; state valid counts, the others are kept as they came';
COMMENT ON COLUMN billing.register_reading.read_on IS 'the day at whose beginning the reading counts';
COMMENT ON COLUMN billing.register_reading.kind IS 'regular, special (for a change of price or a move), opening and closing (of a meter, or of its multiplier), check (never billed)';
COMMENT ON COLUMN billing.register_reading.entry_no IS 'a later entry of the same reading has a higher one';
COMMENT ON COLUMN billing.register_reading.value IS 'as the meter shows it';
COMMENT ON COLUMN billing.register_reading.digits IS 'before the point: where the register rolls over; null: not known';
COMMENT ON COLUMN billing.register_reading.multiplier IS 'CT × PT 倍率, as it was';
COMMENT ON COLUMN billing.register_reading.state IS 'entered: not judged yet; pending: a second person decides; valid; rejected; superseded: a later entry counts';
COMMENT ON COLUMN billing.register_reading.place IS 'of one day''s readings: regular or special, closing, opening, check';
COMMENT ON COLUMN billing.register_reading.read_at IS 'when it was really read, where that is known';
COMMENT ON COLUMN billing.register_reading.finding IS 'what the checks found: digits, multiplier, billed, order, fell back, rolled over, high, low, sum, changed, again, below estimate';
COMMENT ON COLUMN billing.register_reading.approved_by IS 'who decided, another than the author';
COMMENT ON COLUMN billing.register_reading.valid_after IS 'the last link of the account''s chain when it became valid, and when it was superseded: what a bill was made of, later on too; null: from the first on';
COMMENT ON COLUMN billing.register_reading.batch_id IS 'the batch whose tree has it, of its file or of close_readings(); null: not yet, and while it waits for a second person';
COMMENT ON COLUMN billing.register_reading.decision_batch_id IS 'the batch whose tree has what a second person decided';
CREATE UNIQUE INDEX register_reading_valid_key ON billing.register_reading (account_id, read_on, part, register, place) WHERE state = 'valid';
CREATE INDEX register_reading_open_idx ON billing.register_reading (org_id, state) WHERE state IN ('entered', 'pending');
CREATE INDEX register_reading_unchained_idx ON billing.register_reading (org_id) WHERE batch_id IS NULL OR decided_at IS NOT NULL AND decision_batch_id IS NULL;
CREATE INDEX register_reading_batch_id_idx ON billing.register_reading (batch_id);
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('register_reading', 'reading', 'a reading of a register that is in doubt', '_decide_reading');
