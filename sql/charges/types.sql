CREATE TYPE billing.charges;

CREATE FUNCTION billing.charges_in(cstring)
RETURNS billing.charges
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_in';
COMMENT ON FUNCTION billing.charges_in(cstring) IS 'text form of charges, see type charges';

CREATE FUNCTION billing.charges_out(billing.charges)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_out';
COMMENT ON FUNCTION billing.charges_out(billing.charges) IS 'text form of charges, see type charges';

CREATE FUNCTION billing.charges_recv(internal)
RETURNS billing.charges
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_recv';
COMMENT ON FUNCTION billing.charges_recv(internal) IS 'binary form of charges, checked whole';

CREATE FUNCTION billing.charges_send(billing.charges)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_send';
COMMENT ON FUNCTION billing.charges_send(billing.charges) IS 'binary form of charges: the stored bytes';

CREATE TYPE billing.charges (
	INPUT = billing.charges_in,
	OUTPUT = billing.charges_out,
	RECEIVE = billing.charges_recv,
	SEND = billing.charges_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = main
);
COMMENT ON TYPE billing.charges IS
'the lines of a bill and its closing carry, exact and whole; lines(), total() and amount() read it, sum() adds it up; '
'its text is JSON that gives the same bytes back';
