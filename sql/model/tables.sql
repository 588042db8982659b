-- Models that are learnt from judged accounts: what they are for, their labels, each version as it was trained, and how well it tells.
CREATE TABLE billing.model (
	model_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	code		text NOT NULL,
	name		text NOT NULL,
	made_by		text NOT NULL DEFAULT billing.actor(),
	made_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT model_code_key UNIQUE (code),
	CONSTRAINT model_code_plain CHECK (code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT model_name_bounded CHECK (length(name) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.model IS 'what accounts of an org and those below it are told apart by: suspected theft, heat pumps; its versions are trained from labels';
CREATE INDEX model_org_id_idx ON billing.model (org_id);

CREATE TABLE billing.model_label (
	account_id	bigint NOT NULL,
	model_id	bigint NOT NULL REFERENCES billing.model,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	label		boolean NOT NULL,
	source		text NOT NULL,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (account_id, model_id, until_on),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT model_label_until_on_finite CHECK (isfinite(until_on)),
	CONSTRAINT model_label_source_bounded CHECK (length(source) BETWEEN 1 AND 200)
);
COMMENT ON TABLE billing.model_label IS 'what an account was found to be: confirmed or not by an inspection, a survey, a court';
COMMENT ON COLUMN billing.model_label.until_on IS 'the readings before this day show it: the day on which it was found, or ended';
COMMENT ON COLUMN billing.model_label.source IS 'who found it, how: an inspection''s number';
CREATE INDEX model_label_model_id_idx ON billing.model_label (model_id);
CREATE INDEX model_label_org_id_idx ON billing.model_label (org_id);

CREATE TABLE billing.model_version (
	model_id		bigint NOT NULL REFERENCES billing.model,
	version			integer NOT NULL,
	org_id			bigint NOT NULL REFERENCES billing.org,
	grade			text NOT NULL,
	until_on		date NOT NULL,
	months			integer NOT NULL,
	options			jsonb NOT NULL,
	rows			integer NOT NULL,
	positive		integer NOT NULL,
	training_digest	bytea NOT NULL,
	forest			billing.forest NOT NULL,
	trained_by		text NOT NULL DEFAULT billing.actor(),
	trained_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (model_id, version),
	CONSTRAINT model_version_grade_known CHECK (grade IN ('trained', 'cold'))
);
COMMENT ON TABLE billing.model_version IS 'a model as it was trained: never changed, so that what it said can be said again';
COMMENT ON COLUMN billing.model_version.grade IS 'trained: from labels; cold: there were too few, it only finds what stands apart';
COMMENT ON COLUMN billing.model_version.training_digest IS 'SHA-256 of the rows it was trained on, as the forest has it';
CREATE INDEX model_version_org_id_idx ON billing.model_version (org_id);

CREATE TABLE billing.model_backtest (
	model_id	bigint NOT NULL,
	version		integer NOT NULL,
	fold		integer NOT NULL,
	rows		integer NOT NULL,
	positive	integer NOT NULL,
	auc			double precision,
	average_precision double precision,
	map_100		double precision,
	PRIMARY KEY (model_id, version, fold),
	FOREIGN KEY (model_id, version) REFERENCES billing.model_version
);
COMMENT ON TABLE billing.model_backtest IS 'how well a version tells accounts that its trees have not seen: by fold, a fifth of the accounts each';
COMMENT ON COLUMN billing.model_backtest.map_100 IS 'the mean of precision@k over those with label true among the hundred highest scores';
