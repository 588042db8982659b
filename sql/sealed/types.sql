CREATE TYPE billing.sealed;

CREATE FUNCTION billing.sealed_in(cstring)
RETURNS billing.sealed
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sealed_in';
COMMENT ON FUNCTION billing.sealed_in(cstring) IS 'text form of a sealed value: its bytes in hexadecimal';

CREATE FUNCTION billing.sealed_out(billing.sealed)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sealed_out';
COMMENT ON FUNCTION billing.sealed_out(billing.sealed) IS 'text form of a sealed value: its bytes in hexadecimal';

CREATE FUNCTION billing.sealed_recv(internal)
RETURNS billing.sealed
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sealed_recv';
COMMENT ON FUNCTION billing.sealed_recv(internal) IS 'binary form of a sealed value, its form checked';

CREATE FUNCTION billing.sealed_send(billing.sealed)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_send';
COMMENT ON FUNCTION billing.sealed_send(billing.sealed) IS 'binary form of a sealed value: the stored bytes';

CREATE TYPE billing.sealed (
	INPUT = billing.sealed_in,
	OUTPUT = billing.sealed_out,
	RECEIVE = billing.sealed_recv,
	SEND = billing.sealed_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE billing.sealed IS
'a text under AES-256-GCM, bound to the row it belongs to, with a mask that everybody may see; has no equality, no order and so no '
'statistics; opened by the store''s functions, which ask who may and write it down';
