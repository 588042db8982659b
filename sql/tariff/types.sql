CREATE TYPE billing.tariff;

CREATE FUNCTION billing.tariff_in(cstring)
RETURNS billing.tariff
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_tariff_in';
COMMENT ON FUNCTION billing.tariff_in(cstring) IS 'a tariff from its JSON, checked whole';

CREATE FUNCTION billing.tariff_out(billing.tariff)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_tariff_out';
COMMENT ON FUNCTION billing.tariff_out(billing.tariff) IS 'the canonical JSON of a tariff';

CREATE FUNCTION billing.tariff_recv(internal)
RETURNS billing.tariff
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_tariff_recv';
COMMENT ON FUNCTION billing.tariff_recv(internal) IS 'binary form of a tariff: its JSON, checked whole';

CREATE FUNCTION billing.tariff_send(billing.tariff)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_tariff_send';
COMMENT ON FUNCTION billing.tariff_send(billing.tariff) IS 'binary form of a tariff: its canonical JSON';

CREATE TYPE billing.tariff (
	INPUT = billing.tariff_in,
	OUTPUT = billing.tariff_out,
	RECEIVE = billing.tariff_recv,
	SEND = billing.tariff_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE billing.tariff IS
'a tariff: JSON in the language of doc/tariff.md, checked whole at input, canonical at output';
