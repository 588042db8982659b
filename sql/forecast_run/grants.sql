GRANT EXECUTE ON FUNCTION billing._start_forecast(text, date, date, integer, interval, text, jsonb, integer) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.run_forecast(text, date, date, integer, interval, text, jsonb, integer, text) TO billing_clerk;
