CREATE TYPE billing.forest;

CREATE FUNCTION billing.forest_in(cstring)
RETURNS billing.forest
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_in';
COMMENT ON FUNCTION billing.forest_in(cstring) IS 'text form of a forest: its bytes in hexadecimal';

CREATE FUNCTION billing.forest_out(billing.forest)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_out';
COMMENT ON FUNCTION billing.forest_out(billing.forest) IS 'text form of a forest: its bytes in hexadecimal';

CREATE FUNCTION billing.forest_recv(internal)
RETURNS billing.forest
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_forest_recv';
COMMENT ON FUNCTION billing.forest_recv(internal) IS 'binary form of a forest, checked whole';

CREATE FUNCTION billing.forest_send(billing.forest)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_send';
COMMENT ON FUNCTION billing.forest_send(billing.forest) IS 'binary form of a forest: the stored bytes';

CREATE TYPE billing.forest (
	INPUT = billing.forest_in,
	OUTPUT = billing.forest_out,
	RECEIVE = billing.forest_recv,
	SEND = billing.forest_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);
COMMENT ON TYPE billing.forest IS
'trees grown by train_forest() or train_isolation_forest(), with the names of their features, seed, and the digest of the rows '
'they were grown on; text form: the bytes in hexadecimal; jsonb says what it is, without the trees';
