-- runs that foresee the loads of accounts
ALTER TABLE billing.bill_run ADD forecast_id bigint REFERENCES billing.load_forecast_run, DROP CONSTRAINT bill_run_kind_known,
	ADD CONSTRAINT bill_run_kind_known CHECK (kind IN ('bill', 'retry', 'dry run', 'detection', 'forecast')),
	ADD CONSTRAINT bill_run_forecast_id_of_forecast CHECK ((kind = 'forecast') = (forecast_id IS NOT NULL));
COMMENT ON COLUMN billing.bill_run.kind IS 'bill: all that are due; retry: chosen accounts that could not be billed; dry run: as bill, with nothing stored but what would come of it; detection: nothing is billed, detectors look at days of all accounts; forecast: nothing is billed, the loads of accounts are foreseen';
COMMENT ON COLUMN billing.bill_run.forecast_id IS 'of a forecast: that whose accounts are foreseen; the number of a chunk is the line of its feeder there';
CREATE UNIQUE INDEX bill_run_forecast_id_key ON billing.bill_run (forecast_id);
COMMENT ON COLUMN billing.run_chunk.billed IS 'how many bills it has made; an account that is months behind gets several; of detection how many anomalies are new, of a forecast how many accounts are foreseen';
