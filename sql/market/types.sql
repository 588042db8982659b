CREATE TYPE billing.market;

CREATE FUNCTION billing.market_in(cstring)
RETURNS billing.market
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_market_in';
COMMENT ON FUNCTION billing.market_in(cstring) IS 'a market from its JSON, checked whole';

CREATE FUNCTION billing.market_out(billing.market)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_market_out';
COMMENT ON FUNCTION billing.market_out(billing.market) IS 'the canonical JSON of a market';

CREATE FUNCTION billing.market_recv(internal)
RETURNS billing.market
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_market_recv';
COMMENT ON FUNCTION billing.market_recv(internal) IS 'binary form of a market: its JSON, checked whole';

CREATE FUNCTION billing.market_send(billing.market)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_market_send';
COMMENT ON FUNCTION billing.market_send(billing.market) IS 'binary form of a market: its canonical JSON';

CREATE TYPE billing.market (
	INPUT = billing.market_in,
	OUTPUT = billing.market_out,
	RECEIVE = billing.market_recv,
	SEND = billing.market_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE billing.market IS
'dated facts that many tariffs share: calendar, events, published prices, price series, zone offsets; JSON, see billing.market()';
