-- What has become of late readings.
ALTER TABLE billing.late_reading ADD COLUMN settled_seq bigint, ADD COLUMN decided_at timestamptz, ADD COLUMN decided_by text, ADD COLUMN note text;
COMMENT ON COLUMN billing.late_reading.settled_seq IS 'the last link of the account''s chain once the bills said it';
COMMENT ON COLUMN billing.late_reading.note IS 'why it was left, or could not be settled when it was last tried';
