-- Rating: one step of the fold (tariff, usage, terms, market, carry) -> charges with their closing carry.

CREATE FUNCTION billing._rate_support(internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_rate_support';
COMMENT ON FUNCTION billing._rate_support(internal) IS 'planner support of rate(): a usage of one profile is not built';
REVOKE ALL ON FUNCTION billing._rate_support(internal) FROM PUBLIC;

CREATE FUNCTION billing.rate(tariff billing.tariff, usage billing.usage, during daterange, terms jsonb DEFAULT '{}',
							 market billing.market DEFAULT NULL, carry billing.carry DEFAULT NULL)
RETURNS billing.charges
LANGUAGE c STABLE PARALLEL SAFE COST 100
SUPPORT billing._rate_support
AS 'MODULE_PATHNAME', 'billing_rate';
COMMENT ON FUNCTION billing.rate(billing.tariff, billing.usage, daterange, jsonb, billing.market, billing.carry) IS
'the bill of a usage over a span of days by a tariff: terms is what the contract says, market the dated facts the tariff '
'names, carry what earlier periods left behind; errors UB1xx for usage, UB2xx for tariff, terms, market and carry';

CREATE FUNCTION billing._rate_import(tariff billing.tariff, import billing.profile, during daterange, terms jsonb,
									 market billing.market, carry billing.carry)
RETURNS billing.charges
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_rate_import';
COMMENT ON FUNCTION billing._rate_import(billing.tariff, billing.profile, daterange, jsonb, billing.market, billing.carry) IS
'rate() of usage(import => profile) in one call; the planner puts it in';

CREATE FUNCTION billing.try_rate(tariff billing.tariff, usage billing.usage, during daterange, terms jsonb DEFAULT '{}',
								 market billing.market DEFAULT NULL, carry billing.carry DEFAULT NULL,
								 OUT charges billing.charges, OUT sqlstate text, OUT message text, OUT detail text, OUT hint text)
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_try_rate';
COMMENT ON FUNCTION billing.try_rate(billing.tariff, billing.usage, daterange, jsonb, billing.market, billing.carry) IS
'rate(), with what is wrong as values in place of an error, so that one bad account never stops a statement; '
'without a tariff, a usage or a span the sqlstate says so';

CREATE FUNCTION billing.rate_months(tariff billing.tariff, usage billing.usage, from_on date, months integer,
									terms jsonb DEFAULT '{}', market billing.market DEFAULT NULL,
									carry billing.carry DEFAULT NULL)
RETURNS TABLE (during daterange, charges billing.charges)
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 12
AS 'MODULE_PATHNAME', 'billing_rate_months';
COMMENT ON FUNCTION billing.rate_months(billing.tariff, billing.usage, date, integer, jsonb, billing.market, billing.carry) IS
'month after month from a day on, each rated with the carry that the month before left';

CREATE FUNCTION billing.explain_charges(tariff billing.tariff, usage billing.usage, during daterange,
										terms jsonb DEFAULT '{}', market billing.market DEFAULT NULL,
										carry billing.carry DEFAULT NULL)
RETURNS TABLE (line integer, code text, days daterange, measured text, quantity numeric, unit text, price numeric,
			   how text, exact numeric, rounding text, amount numeric, rule jsonb)
LANGUAGE c STABLE PARALLEL SAFE COST 1000 ROWS 12
AS 'MODULE_PATHNAME', 'billing_explain_charges';
COMMENT ON FUNCTION billing.explain_charges(billing.tariff, billing.usage, daterange, jsonb, billing.market, billing.carry) IS
'why each line of the bill is what it is: the days it is for, what was measured, how quantity, price and fraction make the '
'exact amount, how that was rounded, and the rule of the tariff; a row for each row of lines(rate(...)), in the same order';

CREATE FUNCTION billing.market_digest(tariff billing.tariff, during daterange, market billing.market)
RETURNS bytea
LANGUAGE c STABLE PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_rate_market_digest';
COMMENT ON FUNCTION billing.market_digest(billing.tariff, daterange, billing.market) IS
'the market_digest() that a bill of these days has: of the market, null for none, and of the offsets of the tariff''s zone in force then';

CREATE FUNCTION billing.period_at(tariff billing.tariff, at timestamptz, during daterange, market billing.market DEFAULT NULL, schedule text DEFAULT '')
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_period_at';
COMMENT ON FUNCTION billing.period_at(billing.tariff, timestamptz, daterange, billing.market, text) IS
'the period of a tariff, or of one of its named schedules, in which a moment of a billed span is, with the holidays and events of a market; null: it has no periods, or the moment is outside';
