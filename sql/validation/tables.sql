-- Validation, estimation and editing of what the meters said: rules, runs, findings, and what was done.
CREATE TABLE billing.validation_rule (
	rule_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	stage		text NOT NULL,
	plan_id		bigint REFERENCES billing.plan,
	part		text,
	channel		text,
	name		text NOT NULL,
	from_on		date NOT NULL,
	rule		jsonb,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT validation_rule_scope_key UNIQUE NULLS NOT DISTINCT (org_id, stage, plan_id, part, channel, name, from_on),
	CONSTRAINT validation_rule_stage_known CHECK (stage IN ('validation', 'estimation', 'editing')),
	CONSTRAINT validation_rule_channel_known CHECK (channel IN ('import', 'export', 'generation', 'reactive_import', 'reactive_export')),
	CONSTRAINT validation_rule_name_bounded CHECK (length(name) BETWEEN 1 AND 100),
	CONSTRAINT validation_rule_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT validation_rule_rule_object CHECK (jsonb_typeof(rule) = 'object')
);
COMMENT ON TABLE billing.validation_rule IS
'what an org lays down, from a day on, for itself and all below it: rules of validation by name, how to estimate, and which edits need a second person';
COMMENT ON COLUMN billing.validation_rule.plan_id IS 'for accounts of this plan; null: of any. part and channel likewise';
COMMENT ON COLUMN billing.validation_rule.name IS 'of a rule of validation: the nearest org''s rule of this name holds';
COMMENT ON COLUMN billing.validation_rule.rule IS 'null: the rule of this name does not hold here';

-- Rules as runs applied them, each set once, so that every finding can be traced to its limits.
CREATE TABLE billing.validation_rule_set (
	rule_set_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	digest		bytea NOT NULL,
	rules		jsonb NOT NULL,
	made_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT validation_rule_set_digest_key UNIQUE (org_id, digest)
);
COMMENT ON TABLE billing.validation_rule_set IS 'the rules that held for some accounts of an org when a run applied them; never changed';
COMMENT ON COLUMN billing.validation_rule_set.digest IS 'SHA-256 of the rules'' text';

CREATE TABLE billing.validation_run (
	run_id			bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	stage			text NOT NULL,
	from_on			date NOT NULL,
	until_on		date NOT NULL,
	again			boolean NOT NULL,
	requested_by	text NOT NULL DEFAULT billing.actor(),
	requested_at	timestamptz NOT NULL DEFAULT now(),
	finished_at		timestamptz,
	CONSTRAINT validation_run_stage_known CHECK (stage IN ('validation', 'estimation')),
	CONSTRAINT validation_run_days_some CHECK (isfinite(from_on) AND isfinite(until_on) AND until_on > from_on AND until_on - from_on <= 366)
);
COMMENT ON TABLE billing.validation_run IS 'a run validates, or estimates, the readings of an org, and of all below it, of some days';
COMMENT ON COLUMN billing.validation_run.again IS 'also what was validated as it is, or estimated, before';
CREATE UNIQUE INDEX validation_run_open_key ON billing.validation_run (org_id, stage, from_on, until_on) WHERE finished_at IS NULL;

CREATE TABLE billing.validation_chunk (
	run_id			bigint NOT NULL REFERENCES billing.validation_run,
	chunk_no		integer NOT NULL,
	org_id			bigint NOT NULL REFERENCES billing.org,
	first_account	bigint NOT NULL,
	last_account	bigint NOT NULL,
	accounts		integer NOT NULL,
	attempts		integer NOT NULL DEFAULT 0,
	profiles		integer NOT NULL DEFAULT 0,
	readings		bigint NOT NULL DEFAULT 0,
	findings		integer NOT NULL DEFAULT 0,
	changed			integer NOT NULL DEFAULT 0,
	failed			integer NOT NULL DEFAULT 0,
	done_at			timestamptz,
	PRIMARY KEY (run_id, chunk_no)
);
COMMENT ON TABLE billing.validation_chunk IS 'accounts of one org whose readings are looked at in one transaction; whoever locks the row does it';
COMMENT ON COLUMN billing.validation_chunk.findings IS 'of validation; of estimation the spans that could not be estimated';
COMMENT ON COLUMN billing.validation_chunk.changed IS 'rows of readings that got another version';

CREATE TABLE billing.validation_exception (
	account_id	bigint NOT NULL REFERENCES billing.account,
	run_id		bigint NOT NULL REFERENCES billing.validation_run,
	org_id		bigint NOT NULL,
	sqlstate	text NOT NULL,
	message		text NOT NULL,
	detail		text,
	hint		text,
	at			timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (account_id, run_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.validation_exception IS 'accounts whose readings a run could not work on, and why; the next run tries them again';
CREATE INDEX validation_exception_run_id_idx ON billing.validation_exception (run_id);

CREATE TABLE billing.validation_result (
	account_id	bigint NOT NULL,
	from_on		date NOT NULL,
	part		text NOT NULL,
	channel		text NOT NULL,
	org_id		bigint NOT NULL,
	digest		bytea NOT NULL,
	rule_set_id	bigint NOT NULL REFERENCES billing.validation_rule_set,
	run_id		bigint NOT NULL REFERENCES billing.validation_run,
	findings	integer NOT NULL,
	PRIMARY KEY (account_id, from_on, part, channel),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
);
COMMENT ON TABLE billing.validation_result IS 'which readings were validated, by which rules; a row of readings without one, or of another digest, was not';
COMMENT ON COLUMN billing.validation_result.digest IS 'of the profile as validation left it; estimation and editing of it move on with it';

CREATE TABLE billing.validation_finding (
	account_id	bigint NOT NULL,
	run_id		bigint NOT NULL REFERENCES billing.validation_run,
	finding_no	integer NOT NULL,
	org_id		bigint NOT NULL,
	part		text NOT NULL,
	channel		text NOT NULL,
	rule		text NOT NULL,
	severity	text NOT NULL,
	verdict		text NOT NULL,
	from_at		timestamptz NOT NULL,
	until_at	timestamptz NOT NULL,
	slots		integer NOT NULL,
	measured	numeric,
	bound		numeric,
	unit		text,
	detail		text NOT NULL,
	PRIMARY KEY (account_id, run_id, finding_no),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT validation_finding_verdict_known CHECK (verdict IN ('rejected', 'suspected', 'noticed', 'missing', 'billed'))
);
COMMENT ON TABLE billing.validation_finding IS 'what rules found in readings, and what became of the values; only added to';
COMMENT ON COLUMN billing.validation_finding.verdict IS
'rejected: missing from then on; suspected: they count, marked; noticed: nothing; missing: they had not come; billed: the days are billed, nothing was changed';

CREATE TABLE billing.validation_action (
	account_id		bigint NOT NULL,
	action_id		bigint GENERATED ALWAYS AS IDENTITY,
	org_id			bigint NOT NULL,
	part			text NOT NULL,
	channel			text NOT NULL,
	from_on			date NOT NULL,
	kind			text NOT NULL,
	run_id			bigint REFERENCES billing.validation_run,
	rule_set_id		bigint REFERENCES billing.validation_rule_set,
	edit_id			bigint,
	spans			jsonb NOT NULL DEFAULT '[]',
	reason			text NOT NULL DEFAULT '',
	author			text NOT NULL DEFAULT billing.actor(),
	approved_by		text,
	at				timestamptz NOT NULL DEFAULT clock_timestamp(),
	change_kwh		numeric,
	digest_before	bytea NOT NULL,
	digest_after	bytea NOT NULL,
	PRIMARY KEY (account_id, action_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT validation_action_kind_known CHECK (kind IN ('validation', 'estimation', 'edit', 'undo'))
);
COMMENT ON TABLE billing.validation_action IS 'every other version that validation, estimation or a person made of a row of readings, by which rules or for which reason; only added to';
COMMENT ON COLUMN billing.validation_action.spans IS 'what was done, span by span: the rules that rejected or suspected, or the methods of estimation with their days and registers';
COMMENT ON COLUMN billing.validation_action.change_kwh IS 'energy after less energy before; null for levels';
CREATE INDEX validation_action_reading_idx ON billing.validation_action (account_id, from_on, part, channel);

CREATE TABLE billing.reading_edit (
	account_id	bigint NOT NULL,
	edit_id		bigint GENERATED ALWAYS AS IDENTITY,
	org_id		bigint NOT NULL,
	part		text NOT NULL,
	channel		text NOT NULL,
	kind		text NOT NULL,
	from_at		timestamptz NOT NULL,
	until_at	timestamptz NOT NULL,
	"values"	numeric[],
	unit		text,
	quality		text,
	undoes		bigint,
	reason		text NOT NULL,
	change_kwh	numeric,
	digest_before bytea NOT NULL,
	state		text NOT NULL,
	author		text NOT NULL DEFAULT billing.actor(),
	proposed_at	timestamptz NOT NULL DEFAULT clock_timestamp(),
	decided_by	text,
	decided_at	timestamptz,
	note		text NOT NULL DEFAULT '',
	PRIMARY KEY (account_id, edit_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT reading_edit_kind_known CHECK (kind IN ('values', 'quality', 'undo')),
	CONSTRAINT reading_edit_kind_whole CHECK ((kind = 'values') = ("values" IS NOT NULL) AND (kind = 'undo') = (undoes IS NOT NULL)
		AND (kind = 'undo') = (quality IS NULL)),
	CONSTRAINT reading_edit_values_bounded CHECK (cardinality("values") >= 1 AND cardinality("values") <= 50000 AND array_ndims("values") = 1),
	CONSTRAINT reading_edit_span_some CHECK (isfinite(from_at) AND isfinite(until_at) AND until_at > from_at),
	CONSTRAINT reading_edit_reason_some CHECK (length(reason) BETWEEN 1 AND 1000),
	CONSTRAINT reading_edit_state_known CHECK (state IN ('pending', 'applied', 'refused')),
	CONSTRAINT reading_edit_decided_by_another CHECK (decided_by <> author)
);
COMMENT ON TABLE billing.reading_edit IS 'what persons changed, or ask to change, of readings; a large change waits for a second person';
COMMENT ON COLUMN billing.reading_edit.kind IS 'values: others from from_at on; quality: of the span, confirmed, suspected or rejected; undo: as it was before an action';
COMMENT ON COLUMN billing.reading_edit.undoes IS 'the action that it takes back';
COMMENT ON COLUMN billing.reading_edit.digest_before IS 'SHA-256 over the digests of the readings it was meant for: on others it is not applied';
COMMENT ON COLUMN billing.reading_edit.decided_by IS 'who approved or refused it; null: small enough, or still to be decided';
CREATE INDEX reading_edit_pending_idx ON billing.reading_edit (org_id) WHERE state = 'pending';
CREATE INDEX reading_edit_edit_id_idx ON billing.reading_edit (edit_id);
INSERT INTO billing.approval_act (act, kind, meaning, carried_out_by) VALUES ('reading_edit', 'reading', 'a large change of a load profile, or one of billed days', '_decide_edit');
