CREATE TYPE billing.carry;

CREATE FUNCTION billing.carry_in(cstring)
RETURNS billing.carry
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_carry_in';
COMMENT ON FUNCTION billing.carry_in(cstring) IS 'text form of a carry, see type carry';

CREATE FUNCTION billing.carry_out(billing.carry)
RETURNS cstring
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_carry_out';
COMMENT ON FUNCTION billing.carry_out(billing.carry) IS 'text form of a carry, see type carry';

CREATE FUNCTION billing.carry_recv(internal)
RETURNS billing.carry
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_carry_recv';
COMMENT ON FUNCTION billing.carry_recv(internal) IS 'binary form of a carry, checked whole';

CREATE FUNCTION billing.carry_send(billing.carry)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_send';
COMMENT ON FUNCTION billing.carry_send(billing.carry) IS 'binary form of a carry: the stored bytes';

CREATE TYPE billing.carry (
	INPUT = billing.carry_in,
	OUTPUT = billing.carry_out,
	RECEIVE = billing.carry_recv,
	SEND = billing.carry_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = main
);
COMMENT ON TYPE billing.carry IS
'what earlier bills leave for later ones: energy counted so far in a tier year or month, past demands, banked energy or '
'money; text and jsonb: {"counters": {"tier": {"year": 2026, "kwh": "2700"}, "slab": {"month": "2026-03", "kwh": "12.5"}, '
'"block": {"from": "2026-06-01", "kwh": "9"}}, "demand": [{"name": "demand", "month": "2026-01", "kw": "123.4"}], '
'"banks": [{"name": "export", "period": "peak", "from": "2026-01-01", "amount": "12.25"}]}, every member of which may be '
'missing';
