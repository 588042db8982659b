-- ---- the bill ----

CREATE FUNCTION billing.total(charges billing.charges)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_total';
COMMENT ON FUNCTION billing.total(billing.charges) IS 'what is to be paid: the sum of the amounts of the lines that count';

CREATE FUNCTION billing.lines(charges billing.charges)
RETURNS TABLE (line integer, code text, period text, component text, tier integer, quantity numeric, unit text,
			   price numeric, amount numeric, counted boolean, kind text, estimated boolean, from_on date,
			   until_on date, tags text[], tax_class text, rule text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 12
AS 'MODULE_PATHNAME', 'billing_charges_lines';
COMMENT ON FUNCTION billing.lines(billing.charges) IS
'the lines of the bill: code of the charge, period, component and tier, quantity with its unit, price, amount; counted says '
'whether it is part of the total, kind is charge, included (a tax inside other lines), of_which (a component of lines '
'before it), kept (a credit that went into a bank) or rounding; estimated: rests on readings that are not actual; from_on and until_on: the days of a line that '
'is only for part of the billed span; rule: the place in the tariff, none after a sum over several tariffs';

CREATE FUNCTION billing.amount(charges billing.charges, VARIADIC codes_or_tags text[])
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_amount';
COMMENT ON FUNCTION billing.amount(billing.charges, text[]) IS
'the part of the total that has one of the codes or tags; a line counts once however many it has';

CREATE FUNCTION billing.carry(charges billing.charges)
RETURNS billing.carry
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_carry';
COMMENT ON FUNCTION billing.carry(billing.charges) IS 'the closing carry, with which the next period is rated';

CREATE FUNCTION billing.during(charges billing.charges)
RETURNS daterange
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_during';
COMMENT ON FUNCTION billing.during(billing.charges) IS 'the billed days; of a sum, from the first to the last';

CREATE FUNCTION billing.currency(charges billing.charges)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_currency';
COMMENT ON FUNCTION billing.currency(billing.charges) IS 'the currency of all amounts, an ISO 4217 code';

CREATE FUNCTION billing.tariff_digest(charges billing.charges)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_tariff_digest';
COMMENT ON FUNCTION billing.tariff_digest(billing.charges) IS
'digest of the tariff behind the lines; null for a sum over several tariffs';

CREATE FUNCTION billing.market_digest(charges billing.charges)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_market_digest';
COMMENT ON FUNCTION billing.market_digest(billing.charges) IS
'digest of the market facts behind the lines; null for a sum where they differ';

CREATE FUNCTION billing.digest(charges billing.charges)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_digest';
COMMENT ON FUNCTION billing.digest(billing.charges) IS
'SHA-256 of the bill: the same after a replay, in any plan, after dump and restore';

CREATE FUNCTION billing.amount_in_words(amount numeric, language text DEFAULT 'zh', currency text DEFAULT 'CNY')
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_amount_in_words';
COMMENT ON FUNCTION billing.amount_in_words(numeric, text, text) IS
'an amount as cheques and bills write it: 大写金额 in Chinese (zh…), or in English (en…); at most as many decimals as the currency has, see minor_unit()';

CREATE FUNCTION billing.minor_unit(currency text)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_minor_unit';
COMMENT ON FUNCTION billing.minor_unit(text) IS
'the decimals of a currency, by ISO 4217: CNY 2, JPY 0, KWD 3; 2 where that does not list it';

-- ---- sum ----

CREATE FUNCTION billing._sum_step(internal, billing.charges)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sum_step';
COMMENT ON FUNCTION billing._sum_step(internal, billing.charges) IS 'step of sum(charges)';
REVOKE ALL ON FUNCTION billing._sum_step(internal, billing.charges) FROM PUBLIC;

CREATE FUNCTION billing._sum_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sum_combine';
COMMENT ON FUNCTION billing._sum_combine(internal, internal) IS 'states of sum(charges) from several workers';
REVOKE ALL ON FUNCTION billing._sum_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._sum_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sum_serialize';
COMMENT ON FUNCTION billing._sum_serialize(internal) IS 'state of sum(charges) on its way from a worker';
REVOKE ALL ON FUNCTION billing._sum_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._sum_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sum_deserialize';
COMMENT ON FUNCTION billing._sum_deserialize(bytea, internal) IS 'state of sum(charges) received from a worker';
REVOKE ALL ON FUNCTION billing._sum_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._sum_final(internal)
RETURNS billing.charges
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sum_final';
COMMENT ON FUNCTION billing._sum_final(internal) IS 'result of sum(charges)';
REVOKE ALL ON FUNCTION billing._sum_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.sum(billing.charges) (
	SFUNC = billing._sum_step,
	STYPE = internal,
	SSPACE = 4096,
	COMBINEFUNC = billing._sum_combine,
	SERIALFUNC = billing._sum_serialize,
	DESERIALFUNC = billing._sum_deserialize,
	FINALFUNC = billing._sum_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.sum(billing.charges) IS
'bills added up line by line: lines of one code, kind, period, component, tier and unit become one, its price kept where '
'all agree; no carry; one currency only; the same whatever the order';

-- ---- cast ----

CREATE FUNCTION billing.jsonb(billing.charges)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_charges_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.charges) IS
'a bill as jsonb: currency, from, until, digests, charges with tags and tax class, lines, carry; decimals are strings';

CREATE CAST (billing.charges AS jsonb) WITH FUNCTION billing.jsonb(billing.charges);
COMMENT ON CAST (billing.charges AS jsonb) IS 'a bill as jsonb';

-- ---- equality ----

CREATE FUNCTION billing.charges_eq(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_eq';
COMMENT ON FUNCTION billing.charges_eq(billing.charges, billing.charges) IS 'the same bytes';

CREATE FUNCTION billing.charges_ne(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ne';
COMMENT ON FUNCTION billing.charges_ne(billing.charges, billing.charges) IS 'other bytes';

CREATE FUNCTION billing.charges_hash(billing.charges)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash';
COMMENT ON FUNCTION billing.charges_hash(billing.charges) IS 'hash for indexes, joins and grouping';

CREATE FUNCTION billing.charges_hash_extended(billing.charges, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash_extended';
COMMENT ON FUNCTION billing.charges_hash_extended(billing.charges, bigint) IS 'hash with a seed, for partitions';

CREATE OPERATOR billing.= (
	FUNCTION = billing.charges_eq,
	LEFTARG = billing.charges,
	RIGHTARG = billing.charges,
	COMMUTATOR = OPERATOR(billing.=),
	NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES
);
COMMENT ON OPERATOR billing.= (billing.charges, billing.charges) IS 'the same bill';

CREATE OPERATOR billing.<> (
	FUNCTION = billing.charges_ne,
	LEFTARG = billing.charges,
	RIGHTARG = billing.charges,
	COMMUTATOR = OPERATOR(billing.<>),
	NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.charges, billing.charges) IS 'another bill';

CREATE OPERATOR FAMILY billing.charges_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY billing.charges_hash_ops USING hash IS 'equality of bills';

CREATE OPERATOR CLASS billing.charges_hash_ops
DEFAULT FOR TYPE billing.charges USING hash FAMILY billing.charges_hash_ops AS
	OPERATOR 1 billing.=,
	FUNCTION 1 billing.charges_hash(billing.charges),
	FUNCTION 2 billing.charges_hash_extended(billing.charges, bigint);
COMMENT ON OPERATOR CLASS billing.charges_hash_ops USING hash IS 'equality of bills';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.charges_lt(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_lt';
COMMENT ON FUNCTION billing.charges_lt(billing.charges, billing.charges) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.charges_le(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_le';
COMMENT ON FUNCTION billing.charges_le(billing.charges, billing.charges) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.charges_ge(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ge';
COMMENT ON FUNCTION billing.charges_ge(billing.charges, billing.charges) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.charges_gt(billing.charges, billing.charges)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_gt';
COMMENT ON FUNCTION billing.charges_gt(billing.charges, billing.charges) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.charges_cmp(billing.charges, billing.charges)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_cmp';
COMMENT ON FUNCTION billing.charges_cmp(billing.charges, billing.charges) IS '-1, 0 or 1: before, equal, after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.< (
	LEFTARG = billing.charges, RIGHTARG = billing.charges, FUNCTION = billing.charges_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.charges, billing.charges) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.charges, RIGHTARG = billing.charges, FUNCTION = billing.charges_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.charges, billing.charges) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.charges, RIGHTARG = billing.charges, FUNCTION = billing.charges_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.charges, billing.charges) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.> (
	LEFTARG = billing.charges, RIGHTARG = billing.charges, FUNCTION = billing.charges_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.charges, billing.charges) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR FAMILY billing.charges_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.charges_ops USING btree IS 'the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR CLASS billing.charges_ops
DEFAULT FOR TYPE billing.charges USING btree FAMILY billing.charges_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.charges_cmp(billing.charges, billing.charges);
COMMENT ON OPERATOR CLASS billing.charges_ops USING btree IS 'sorting, DISTINCT and indexes of charges, consistent with =';

-- ---- what bills add up to in the store ----

CREATE FUNCTION billing._sum_bills()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_sum_bills';
COMMENT ON FUNCTION billing._sum_bills() IS 'trigger of bill: new bills are added to the sums, with what they change in what is owed';
REVOKE ALL ON FUNCTION billing._sum_bills() FROM PUBLIC;

CREATE FUNCTION billing._sum_transfers()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_sum_transfers';
COMMENT ON FUNCTION billing._sum_transfers() IS 'trigger of transfer: new transfers are added to the sums, with what they change in what is owed';
REVOKE ALL ON FUNCTION billing._sum_transfers() FROM PUBLIC;
