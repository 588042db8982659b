-- Readings of registers are in batches, too.
ALTER TABLE billing.register_reading ADD COLUMN batch_id bigint, ADD COLUMN decision_batch_id bigint;
COMMENT ON COLUMN billing.register_reading.batch_id IS 'the batch whose tree has it, of its file or of close_readings(); null: not yet, and while it waits for a second person';
COMMENT ON COLUMN billing.register_reading.decision_batch_id IS 'the batch whose tree has what a second person decided';
CREATE INDEX register_reading_unchained_idx ON billing.register_reading (org_id) WHERE batch_id IS NULL OR decided_at IS NOT NULL AND decision_batch_id IS NULL;
CREATE INDEX register_reading_batch_id_idx ON billing.register_reading (batch_id);
