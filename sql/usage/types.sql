CREATE TYPE billing.usage;

CREATE FUNCTION billing.usage_in(cstring)
RETURNS billing.usage
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'billing_usage_in';
COMMENT ON FUNCTION billing.usage_in(cstring) IS 'text form of a usage, see type usage';

CREATE FUNCTION billing.usage_out(billing.usage)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_usage_out';
COMMENT ON FUNCTION billing.usage_out(billing.usage) IS 'text form of a usage, see type usage';

CREATE FUNCTION billing.usage_recv(internal)
RETURNS billing.usage
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_usage_recv';
COMMENT ON FUNCTION billing.usage_recv(internal) IS 'binary form of a usage, checked whole';

CREATE FUNCTION billing.usage_send(billing.usage)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_value_send';
COMMENT ON FUNCTION billing.usage_send(billing.usage) IS 'binary form of a usage: the stored bytes';

CREATE TYPE billing.usage (
	INPUT = billing.usage_in,
	OUTPUT = billing.usage_out,
	RECEIVE = billing.usage_recv,
	SEND = billing.usage_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = main
);
COMMENT ON TYPE billing.usage IS
'what the meters say of one billed span: named parts, each with profiles by channel, registers and recorded demands; '
'text and jsonb: {"main": {"import": PROFILE, "registers": [{"channel": "import", "from": "2026-01-01", '
'"until": "2026-02-01", "period": "peak", "kwh": "120.5"}], "demands": [{"kw": "81.5"}]}}';
