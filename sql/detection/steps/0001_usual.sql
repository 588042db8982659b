-- what a run holds accounts against
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
