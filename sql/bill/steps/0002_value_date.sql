-- The value date of a payment beside the day of its posting.
ALTER TABLE billing.transfer ADD COLUMN value_on date, ADD CONSTRAINT transfer_value_on_finite CHECK (isfinite(value_on));
COMMENT ON COLUMN billing.transfer.value_on IS 'value date 起息日: the day as of which the money is there, as the bank says; null: the day of posting';
