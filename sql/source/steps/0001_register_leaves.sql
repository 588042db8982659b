-- Readings of registers in the lists of batches, beside days.
ALTER TABLE billing.batch_manifest ADD COLUMN entries bigint[];
COMMENT ON TABLE billing.batch_manifest IS
'what a batch stored, a leaf for each span of days of a month, each reading of a register and each decision about one: so that verify_batches() can say where something is wrong';
COMMENT ON COLUMN billing.batch_manifest.entries IS 'entry_no of readings of registers, whose register stands in channels, negative for decisions about them; null for days, and where there are only days';
ALTER TYPE billing._leaf ADD ATTRIBUTE entry_no bigint;
