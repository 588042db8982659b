-- ---- rows ----

CREATE FUNCTION billing.counters(carry billing.carry)
RETURNS TABLE (name text, kind text, from_on date, kwh numeric)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 2
AS 'MODULE_PATHNAME', 'billing_carry_counters';
COMMENT ON FUNCTION billing.counters(billing.carry) IS
'energy counted so far, one row a counter: its window is the year or the month of from_on (kind year, month), or begins on '
'from_on (kind from)';

CREATE FUNCTION billing.demands(carry billing.carry)
RETURNS TABLE (name text, month date, kw numeric)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 12
AS 'MODULE_PATHNAME', 'billing_carry_demands';
COMMENT ON FUNCTION billing.demands(billing.carry) IS
'demands of earlier months, one row each, for ratchets; month is its first day';

CREATE FUNCTION billing.banks(carry billing.carry)
RETURNS TABLE (name text, period text, from_on date, amount numeric)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 4
AS 'MODULE_PATHNAME', 'billing_carry_banks';
COMMENT ON FUNCTION billing.banks(billing.carry) IS
'energy or money kept for later bills, one row a bank, period and day of origin; the money counted so far for a minimum or '
'maximum by the year, from the day of from_on';

-- ---- casts ----

CREATE FUNCTION billing.jsonb(billing.carry)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_carry_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.carry) IS 'a carry as jsonb, see type carry';

CREATE FUNCTION billing.carry(jsonb)
RETURNS billing.carry
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_carry_from_jsonb';
COMMENT ON FUNCTION billing.carry(jsonb) IS 'a carry from jsonb, see type carry; an unknown field is an error';

CREATE CAST (billing.carry AS jsonb) WITH FUNCTION billing.jsonb(billing.carry);
COMMENT ON CAST (billing.carry AS jsonb) IS 'a carry as jsonb, see type carry';

CREATE CAST (jsonb AS billing.carry) WITH FUNCTION billing.carry(jsonb);
COMMENT ON CAST (jsonb AS billing.carry) IS 'a carry from jsonb, see type carry';

-- ---- equality ----

CREATE FUNCTION billing.carry_eq(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_eq';
COMMENT ON FUNCTION billing.carry_eq(billing.carry, billing.carry) IS 'the same bytes';

CREATE FUNCTION billing.carry_ne(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ne';
COMMENT ON FUNCTION billing.carry_ne(billing.carry, billing.carry) IS 'other bytes';

CREATE FUNCTION billing.carry_hash(billing.carry)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash';
COMMENT ON FUNCTION billing.carry_hash(billing.carry) IS 'hash for indexes, joins and grouping';

CREATE FUNCTION billing.carry_hash_extended(billing.carry, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash_extended';
COMMENT ON FUNCTION billing.carry_hash_extended(billing.carry, bigint) IS 'hash with a seed, for partitions';

CREATE OPERATOR billing.= (
	FUNCTION = billing.carry_eq,
	LEFTARG = billing.carry,
	RIGHTARG = billing.carry,
	COMMUTATOR = OPERATOR(billing.=),
	NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES
);
COMMENT ON OPERATOR billing.= (billing.carry, billing.carry) IS 'the same carry';

CREATE OPERATOR billing.<> (
	FUNCTION = billing.carry_ne,
	LEFTARG = billing.carry,
	RIGHTARG = billing.carry,
	COMMUTATOR = OPERATOR(billing.<>),
	NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.carry, billing.carry) IS 'another carry';

CREATE OPERATOR FAMILY billing.carry_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY billing.carry_hash_ops USING hash IS 'equality of carries';

CREATE OPERATOR CLASS billing.carry_hash_ops
DEFAULT FOR TYPE billing.carry USING hash FAMILY billing.carry_hash_ops AS
	OPERATOR 1 billing.=,
	FUNCTION 1 billing.carry_hash(billing.carry),
	FUNCTION 2 billing.carry_hash_extended(billing.carry, bigint);
COMMENT ON OPERATOR CLASS billing.carry_hash_ops USING hash IS 'equality of carries';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.carry_lt(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_lt';
COMMENT ON FUNCTION billing.carry_lt(billing.carry, billing.carry) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.carry_le(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_le';
COMMENT ON FUNCTION billing.carry_le(billing.carry, billing.carry) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.carry_ge(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ge';
COMMENT ON FUNCTION billing.carry_ge(billing.carry, billing.carry) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.carry_gt(billing.carry, billing.carry)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_gt';
COMMENT ON FUNCTION billing.carry_gt(billing.carry, billing.carry) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.carry_cmp(billing.carry, billing.carry)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_cmp';
COMMENT ON FUNCTION billing.carry_cmp(billing.carry, billing.carry) IS '-1, 0 or 1: before, equal, after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.< (
	LEFTARG = billing.carry, RIGHTARG = billing.carry, FUNCTION = billing.carry_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.carry, billing.carry) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.carry, RIGHTARG = billing.carry, FUNCTION = billing.carry_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.carry, billing.carry) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.carry, RIGHTARG = billing.carry, FUNCTION = billing.carry_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.carry, billing.carry) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.> (
	LEFTARG = billing.carry, RIGHTARG = billing.carry, FUNCTION = billing.carry_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.carry, billing.carry) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR FAMILY billing.carry_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.carry_ops USING btree IS 'the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR CLASS billing.carry_ops
DEFAULT FOR TYPE billing.carry USING btree FAMILY billing.carry_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.carry_cmp(billing.carry, billing.carry);
COMMENT ON OPERATOR CLASS billing.carry_ops USING btree IS 'sorting, DISTINCT and indexes of carry, consistent with =';
