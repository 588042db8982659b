-- runs of detectors
ALTER TABLE billing.bill_run ADD from_on date, DROP CONSTRAINT bill_run_kind_known, ADD CONSTRAINT bill_run_kind_known CHECK (kind IN ('bill', 'retry', 'dry run', 'detection')),
	ADD CONSTRAINT bill_run_from_on_of_detection CHECK ((kind = 'detection') = (from_on IS NOT NULL) AND from_on < until_on);
COMMENT ON COLUMN billing.bill_run.kind IS 'bill: all that are due; retry: chosen accounts that could not be billed; dry run: as bill, with nothing stored but what would come of it; detection: nothing is billed, detectors look at days of all accounts';
COMMENT ON COLUMN billing.bill_run.from_on IS 'of detection: the first of its days';
CREATE UNIQUE INDEX bill_run_open_detection_key ON billing.bill_run (org_id, from_on, until_on) WHERE finished_at IS NULL AND kind = 'detection';
COMMENT ON COLUMN billing.run_chunk.billed IS 'how many bills it has made; an account that is months behind gets several; of detection how many anomalies are new';
