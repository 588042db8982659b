GRANT EXECUTE ON FUNCTION billing._fold_chunk(text, date, date, bigint) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.fold_readings(text, date, date, text) TO billing_clerk;
