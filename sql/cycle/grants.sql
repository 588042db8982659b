GRANT EXECUTE ON FUNCTION billing._cycle_days(text, date), billing._files_left(text) TO billing_clerk;
GRANT EXECUTE ON PROCEDURE billing.run_cycle(text, date, boolean, integer, integer, text) TO billing_clerk;
