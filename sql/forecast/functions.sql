-- Loads foreseen: arrays of anything that comes again, profiles by local time; methods tested on the past;
-- parts that add up.

CREATE FUNCTION billing.forecast(history double precision[], season integer, horizon integer, options jsonb DEFAULT NULL,
	temperature double precision[] DEFAULT NULL, holiday boolean[] DEFAULT NULL)
RETURNS TABLE (step integer, value double precision, lower double precision, upper double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 100
AS 'MODULE_PATHNAME', 'billing_forecast_array';
COMMENT ON FUNCTION billing.forecast(double precision[], integer, integer, jsonb, double precision[], boolean[]) IS
'what comes after a series of equal slots whose shape comes again after season slots (24 for hours of days, 12 for months; 1: not at all), with '
'an interval that holds the stated share. A slot without a value is NULL. temperature (°C) and holiday have an element for each slot of the history and of the horizon. '
'Options: method (weighted), kind (auto, customer, aggregate, periods), origins (4, of the back-test), coverage (0.9), cycle (a longer season, whole times season: 168 for weeks of hours)';

CREATE FUNCTION billing.forecast_backtest(history double precision[], season integer, horizon integer, options jsonb DEFAULT NULL,
	temperature double precision[] DEFAULT NULL, holiday boolean[] DEFAULT NULL)
RETURNS TABLE (method text, mae double precision, mase double precision, smape double precision, bias double precision, origins integer, steps integer)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000000 ROWS 16
AS 'MODULE_PATHNAME', 'billing_forecast_backtest_array';
COMMENT ON FUNCTION billing.forecast_backtest(double precision[], integer, integer, jsonb, double precision[], boolean[]) IS
'how every method would have done from earlier origins, each with the history before it: mean absolute error, the same over that of the value '
'a cycle ago (MASE), sMAPE in percent (0 to 200), mean of forecast less what came; no row where the history is shorter than two cycles and a horizon';

CREATE FUNCTION billing.forecast(history billing.profile, until_at timestamptz, options jsonb DEFAULT NULL,
	temperature billing.profile DEFAULT NULL, holidays date[] DEFAULT NULL,
	OUT forecast billing.profile, OUT lower billing.profile, OUT upper billing.profile, OUT kind text, OUT origins integer, OUT weights jsonb)
LANGUAGE c STABLE PARALLEL SAFE COST 1000000
AS 'MODULE_PATHNAME', 'billing_forecast_profile';
COMMENT ON FUNCTION billing.forecast(billing.profile, timestamptz, jsonb, billing.profile, date[]) IS
'the profile from the end of the history until a moment, by the local days and weeks of its zone, in whole Wh of quality estimated, with an interval that holds '
'the stated share (NULL: the history is too short to tell), and which methods had which weight. temperature: in °C, over the history and the forecast. '
'Options: method (weighted), kind (auto, customer, aggregate), origins (4, of the back-test), coverage (0.9)';

CREATE FUNCTION billing.forecast(history billing.profile, horizon interval, options jsonb DEFAULT NULL,
	temperature billing.profile DEFAULT NULL, holidays date[] DEFAULT NULL,
	OUT forecast billing.profile, OUT lower billing.profile, OUT upper billing.profile, OUT kind text, OUT origins integer, OUT weights jsonb)
LANGUAGE c STABLE PARALLEL SAFE COST 1000000
AS 'MODULE_PATHNAME', 'billing_forecast_profile';
COMMENT ON FUNCTION billing.forecast(billing.profile, interval, jsonb, billing.profile, date[]) IS
'forecast() until so many months, days and minutes by local time after the end of the history';

CREATE FUNCTION billing.forecast_backtest(history billing.profile, horizon interval, options jsonb DEFAULT NULL,
	temperature billing.profile DEFAULT NULL, holidays date[] DEFAULT NULL)
RETURNS TABLE (method text, mae double precision, mase double precision, smape double precision, bias double precision, origins integer, steps integer)
LANGUAGE c STABLE PARALLEL SAFE COST 1000000 ROWS 16
AS 'MODULE_PATHNAME', 'billing_forecast_backtest_profile';
COMMENT ON FUNCTION billing.forecast_backtest(billing.profile, interval, jsonb, billing.profile, date[]) IS
'how every method would have done on a profile from earlier origins over the horizon; errors in Wh a slot';

CREATE FUNCTION billing.apportion(total billing.profile, parts billing.profile[])
RETURNS billing.profile[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_profile_apportion';
COMMENT ON FUNCTION billing.apportion(billing.profile, billing.profile[]) IS
'the parts, changed so that they add up to the total in every slot, exactly: what is lacking is shared out in proportion to their sizes, rounded on the running sum';
