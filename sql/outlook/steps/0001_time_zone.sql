-- The days of a forecast are those of the loads' own zone; the zone of the session that made it was never read.
ALTER TABLE billing.load_forecast_run DROP COLUMN time_zone;
