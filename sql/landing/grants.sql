GRANT EXECUTE ON FUNCTION billing.set_mapping(text, text, jsonb, jsonb), billing.land(bigint), billing.close_readings(text), billing.land_again(bigint, text), billing._next_batch(text)
	TO billing_admin, billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.land_batches(text, text) TO billing_admin, billing_clerk;
