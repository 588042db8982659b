-- What looks wrong with accounts and transformer areas: found by detectors, worked on by people, whose outcomes are the labels that models learn from.
CREATE TABLE billing.detector_rule (
	org_id		bigint NOT NULL REFERENCES billing.org,
	kind		text NOT NULL,
	enabled		boolean NOT NULL DEFAULT true,
	least_score	double precision,
	bound		numeric(18,6),
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (org_id, kind),
	CONSTRAINT detector_rule_least_score_share CHECK (least_score >= 0 AND least_score <= 1),
	CONSTRAINT detector_rule_bound_positive CHECK (bound > 0 AND bound <> 'NaN')
);
COMMENT ON TABLE billing.detector_rule IS 'what an org, and all below it, has detectors do instead of what detectors() says; the nearest org counts';
COMMENT ON COLUMN billing.detector_rule.least_score IS 'what scores less is not told of; null: as usual';
COMMENT ON COLUMN billing.detector_rule.bound IS 'the limit of a detector that has one; null: as usual';

CREATE TABLE billing.anomaly (
	account_id	bigint,
	anomaly_id	bigint GENERATED ALWAYS AS IDENTITY,
	area_id		bigint,
	org_id		bigint NOT NULL,
	part		text NOT NULL DEFAULT 'main',
	kind		text NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	score		double precision NOT NULL,
	probability	double precision NOT NULL,
	measured	numeric,
	bound		numeric,
	unit		text,
	evidence	jsonb NOT NULL DEFAULT '{}',
	kwh			numeric(18,3),
	amount		numeric(20,2),
	currency	text,
	action		text NOT NULL DEFAULT '',
	looked_from	date NOT NULL,
	looked_until date NOT NULL,
	run_id		bigint REFERENCES billing.bill_run,
	found_at	timestamptz NOT NULL DEFAULT now(),
	seen_at		timestamptz NOT NULL DEFAULT now(),
	seen		integer NOT NULL DEFAULT 1,
	state		text NOT NULL DEFAULT 'open',
	owner		text,
	due_on		date NOT NULL,
	outcome		text,
	note		text NOT NULL DEFAULT '',
	closed_by	text,
	closed_at	timestamptz,
	-- of an area account_id is null, which a primary key may not be
	CONSTRAINT anomaly_anomaly_id_key UNIQUE NULLS NOT DISTINCT (account_id, anomaly_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	FOREIGN KEY (area_id, org_id) REFERENCES billing.transformer_area (area_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT anomaly_of_one CHECK ((account_id IS NULL) <> (area_id IS NULL)),
	CONSTRAINT anomaly_kind_plain CHECK (kind ~ '^[a-z][a-z_]{1,31}$'),
	CONSTRAINT anomaly_days_some CHECK (isfinite(from_on) AND isfinite(until_on) AND until_on > from_on AND looked_until > looked_from),
	CONSTRAINT anomaly_score_share CHECK (score >= 0 AND score <= 1 AND probability >= 0 AND probability <= 1),
	CONSTRAINT anomaly_numbers CHECK ('NaN'::numeric <> ALL (ARRAY[measured, bound, kwh, amount])),
	CONSTRAINT anomaly_evidence_object CHECK (jsonb_typeof(evidence) = 'object'),
	CONSTRAINT anomaly_state_known CHECK (state IN ('open', 'assigned', 'in_work', 'closed')),
	CONSTRAINT anomaly_assigned_whole CHECK (state NOT IN ('assigned', 'in_work') OR owner IS NOT NULL),
	CONSTRAINT anomaly_closed_whole CHECK ((state = 'closed') = (outcome IS NOT NULL) AND (state = 'closed') = (closed_at IS NOT NULL) AND (state = 'closed') = (closed_by IS NOT NULL)),
	CONSTRAINT anomaly_outcome_known CHECK (outcome IN ('theft', 'meter_fault', 'wiring_fault', 'transformer_fault', 'reading_fault', 'master_data', 'changed_use', 'vacant', 'false_alarm', 'unresolved')),
	CONSTRAINT anomaly_owner_bounded CHECK (length(owner) BETWEEN 1 AND 100),
	CONSTRAINT anomaly_note_bounded CHECK (length(note) <= 2000)
);
COMMENT ON TABLE billing.anomaly IS 'the work list: what detectors found at an account or a transformer area, who sees to it until when, and what it was';
COMMENT ON COLUMN billing.anomaly.kind IS 'the detector, see detectors()';
COMMENT ON COLUMN billing.anomaly.from_on IS 'the days in which it shows';
COMMENT ON COLUMN billing.anomaly.score IS 'of the detector, 0 to 1';
COMMENT ON COLUMN billing.anomaly.probability IS 'that something is wrong, by the score and by what became of earlier hits of this kind with about this score';
COMMENT ON COLUMN billing.anomaly.evidence IS 'what the detector saw; anomaly_evidence() looks again';
COMMENT ON COLUMN billing.anomaly.kwh IS 'energy that is too little (above zero) or too much in these days, estimated; amount at the mean price of the last twelve months of bills of the account, or of those of the area';
COMMENT ON COLUMN billing.anomaly.action IS 'the call that would see to it, to be completed';
COMMENT ON COLUMN billing.anomaly.looked_from IS 'the days that the detector was asked about';
COMMENT ON COLUMN billing.anomaly.seen IS 'how many runs have found it while it was open';
COMMENT ON COLUMN billing.anomaly.outcome IS
'theft; meter_fault, wiring_fault, transformer_fault; reading_fault: the readings were wrong, not the meter; master_data: a wrong ratio, address, state on record; changed_use, vacant, false_alarm: nothing '
'was wrong; unresolved: nobody knows, which teaches nothing';
CREATE UNIQUE INDEX anomaly_open_key ON billing.anomaly (account_id, area_id, kind, part) NULLS NOT DISTINCT WHERE state <> 'closed';
CREATE INDEX anomaly_anomaly_id_idx ON billing.anomaly (anomaly_id);
CREATE INDEX anomaly_org_id_idx ON billing.anomaly (org_id, state);
CREATE INDEX anomaly_judged_idx ON billing.anomaly (kind, score) WHERE state = 'closed' AND outcome <> 'unresolved';

CREATE TABLE billing.detection_usual (
	run_id		bigint PRIMARY KEY REFERENCES billing.bill_run,
	org_id		bigint NOT NULL REFERENCES billing.org,
	peers		jsonb NOT NULL,
	model_id	bigint,
	version		integer,
	reference	jsonb,
	FOREIGN KEY (model_id, version) REFERENCES billing.model_version
);
COMMENT ON TABLE billing.detection_usual IS 'what a run of detectors holds accounts against, made once before its first chunk, so that what is found depends on no chunk and no worker';
COMMENT ON COLUMN billing.detection_usual.peers IS 'by org_id, of the accounts of each plan_id and of all: the middle ratio of their use a day to that of the 92 days before';
COMMENT ON COLUMN billing.detection_usual.version IS 'of the model with the code theft, where it learnt from labels';
COMMENT ON COLUMN billing.detection_usual.reference IS 'how accounts of the org of the model use, for usage_features()';
CREATE INDEX detection_usual_org_id_idx ON billing.detection_usual (org_id);
