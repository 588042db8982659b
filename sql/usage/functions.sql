-- ---- building ----

CREATE FUNCTION billing.usage(
	part				text DEFAULT 'main',
	import				billing.profile DEFAULT NULL,
	export				billing.profile DEFAULT NULL,
	generation			billing.profile DEFAULT NULL,
	reactive_import		billing.profile DEFAULT NULL,
	reactive_export		billing.profile DEFAULT NULL,
	reactive_q1			billing.profile DEFAULT NULL,
	reactive_q2			billing.profile DEFAULT NULL,
	reactive_q3			billing.profile DEFAULT NULL,
	reactive_q4			billing.profile DEFAULT NULL,
	apparent			billing.profile DEFAULT NULL,
	registers			jsonb DEFAULT NULL,
	demand_kw			numeric DEFAULT NULL,
	demands				jsonb DEFAULT NULL,
	demand_kva			numeric DEFAULT NULL)
RETURNS billing.usage
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_usage_make';
COMMENT ON FUNCTION billing.usage(text, billing.profile, billing.profile, billing.profile, billing.profile,
	billing.profile, billing.profile, billing.profile, billing.profile, billing.profile, billing.profile,
	jsonb, numeric, jsonb, numeric) IS
'a usage of one part; registers: [{"channel": "import", "from": ..., "until": ..., "period": "peak", "kwh": "120.5"}, ...], '
'or readings in place of kwh: "start", "end", "digits" (of a register that rolls over), "multiplier"; '
'"estimated": true where a reading behind it is; from and until are days, or moments with their zone; without them a register counts the whole billed span; '
'demand_kw, demand_kva: one recorded demand; demands: [{"kw": "81.5", "period": "peak", "at": ...}, {"kva": "90"}, ...]';

CREATE FUNCTION billing.concat(a billing.usage, b billing.usage)
RETURNS billing.usage
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_usage_concat';
COMMENT ON FUNCTION billing.concat(billing.usage, billing.usage) IS
'both usages as one: parts of one name become one part; the same energy twice is an error (UB102)';

CREATE OPERATOR billing.|| (
	FUNCTION = billing.concat,
	LEFTARG = billing.usage,
	RIGHTARG = billing.usage,
	COMMUTATOR = OPERATOR(billing.||)
);
COMMENT ON OPERATOR billing.|| (billing.usage, billing.usage) IS 'both usages as one';

CREATE AGGREGATE billing.usage_agg(billing.usage) (
	SFUNC = billing.concat,
	STYPE = billing.usage,
	COMBINEFUNC = billing.concat,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.usage_agg(billing.usage) IS
'all usages as one, in whatever order; the same energy twice is an error (UB102)';

-- ---- taking apart ----

CREATE FUNCTION billing.parts(
	usage billing.usage,
	OUT part text, OUT channels text[], OUT registers integer, OUT recorded_demands integer)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 2
AS 'MODULE_PATHNAME', 'billing_usage_parts';
COMMENT ON FUNCTION billing.parts(billing.usage) IS
'the parts of a usage: the channels that have a profile, how many registers and recorded demands';

CREATE FUNCTION billing.channels(
	usage billing.usage,
	OUT part text, OUT channel text, OUT profile billing.profile)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 3
AS 'MODULE_PATHNAME', 'billing_usage_channels';
COMMENT ON FUNCTION billing.channels(billing.usage) IS 'the profiles of a usage by part and channel';

CREATE FUNCTION billing.channel_profile(usage billing.usage, part text, channel text)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_usage_channel_profile';
COMMENT ON FUNCTION billing.channel_profile(billing.usage, text, text) IS
'the profile of a part and channel; null where the usage has none';

CREATE FUNCTION billing.registers(
	usage billing.usage,
	OUT part text, OUT channel text, OUT from_on date, OUT until_on date,
	OUT from_at timestamptz, OUT until_at timestamptz, OUT period text, OUT kwh numeric, OUT estimated boolean)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 8
AS 'MODULE_PATHNAME', 'billing_usage_registers';
COMMENT ON FUNCTION billing.registers(billing.usage) IS
'the registers of a usage; a span is of days, or of moments, or the whole billed span (all null); '
'period null: all periods together; kwh in the channel''s own unit: kvarh, kVAh; estimated: it rests on a reading that was';

CREATE FUNCTION billing.recorded_demands(
	usage billing.usage,
	OUT part text, OUT period text, OUT at timestamptz, OUT kw numeric, OUT kva numeric)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10 ROWS 4
AS 'MODULE_PATHNAME', 'billing_usage_recorded_demands';
COMMENT ON FUNCTION billing.recorded_demands(billing.usage) IS
'the demands that the meters recorded, each in kW or in kVA; period null: whatever the period';

-- ---- registers ----

CREATE FUNCTION billing.register_kwh(
	start_reading numeric, end_reading numeric, digits integer DEFAULT NULL, multiplier numeric DEFAULT 1)
RETURNS numeric
LANGUAGE c IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_usage_register_kwh';
COMMENT ON FUNCTION billing.register_kwh(numeric, numeric, integer, numeric) IS
'(end_reading - start_reading) * multiplier, exact; a register of so many whole digits may have rolled over once; '
'null where a reading or the multiplier is null';

CREATE FUNCTION billing.split_register(
	kwh numeric, from_at timestamptz, until_at timestamptz, split_at timestamptz, standard billing.profile)
RETURNS TABLE (from_at timestamptz, until_at timestamptz, kwh numeric)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200 ROWS 2
AS 'MODULE_PATHNAME', 'billing_usage_split_register';
COMMENT ON FUNCTION billing.split_register(numeric, timestamptz, timestamptz, timestamptz, billing.profile) IS
'the energy of a register over [from_at, until_at) divided at split_at in proportion to a standard load profile, '
'in whole steps of 10^-6 kWh; both rows add up to kwh';

-- ---- casts ----

CREATE FUNCTION billing.jsonb(billing.usage)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'billing_usage_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.usage) IS 'a usage as jsonb, see type usage';

CREATE FUNCTION billing.usage(jsonb)
RETURNS billing.usage
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'billing_usage_from_jsonb';
COMMENT ON FUNCTION billing.usage(jsonb) IS 'a usage from jsonb, see type usage';

CREATE CAST (billing.usage AS jsonb) WITH FUNCTION billing.jsonb(billing.usage);
COMMENT ON CAST (billing.usage AS jsonb) IS 'a usage as jsonb, see type usage';

CREATE CAST (jsonb AS billing.usage) WITH FUNCTION billing.usage(jsonb);
COMMENT ON CAST (jsonb AS billing.usage) IS 'a usage from jsonb, see type usage';

-- ---- equality ----

CREATE FUNCTION billing.usage_eq(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_eq';
COMMENT ON FUNCTION billing.usage_eq(billing.usage, billing.usage) IS 'the same bytes';

CREATE FUNCTION billing.usage_ne(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ne';
COMMENT ON FUNCTION billing.usage_ne(billing.usage, billing.usage) IS 'other bytes';

CREATE FUNCTION billing.usage_hash(billing.usage)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash';
COMMENT ON FUNCTION billing.usage_hash(billing.usage) IS 'hash for indexes, joins and grouping';

CREATE FUNCTION billing.usage_hash_extended(billing.usage, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash_extended';
COMMENT ON FUNCTION billing.usage_hash_extended(billing.usage, bigint) IS 'hash with a seed, for partitions';

CREATE OPERATOR billing.= (
	FUNCTION = billing.usage_eq,
	LEFTARG = billing.usage,
	RIGHTARG = billing.usage,
	COMMUTATOR = OPERATOR(billing.=),
	NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel,
	JOIN = eqjoinsel,
	HASHES
);
COMMENT ON OPERATOR billing.= (billing.usage, billing.usage) IS 'the same usage, packed the same';

CREATE OPERATOR billing.<> (
	FUNCTION = billing.usage_ne,
	LEFTARG = billing.usage,
	RIGHTARG = billing.usage,
	COMMUTATOR = OPERATOR(billing.<>),
	NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel,
	JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.usage, billing.usage) IS 'another usage, or packed otherwise';

CREATE OPERATOR FAMILY billing.usage_hash_ops USING hash;
COMMENT ON OPERATOR FAMILY billing.usage_hash_ops USING hash IS 'equality of usages';

CREATE OPERATOR CLASS billing.usage_hash_ops
DEFAULT FOR TYPE billing.usage USING hash FAMILY billing.usage_hash_ops AS
	OPERATOR 1 billing.=,
	FUNCTION 1 billing.usage_hash(billing.usage),
	FUNCTION 2 billing.usage_hash_extended(billing.usage, bigint);
COMMENT ON OPERATOR CLASS billing.usage_hash_ops USING hash IS 'equality of usages';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.usage_lt(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_lt';
COMMENT ON FUNCTION billing.usage_lt(billing.usage, billing.usage) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.usage_le(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_le';
COMMENT ON FUNCTION billing.usage_le(billing.usage, billing.usage) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.usage_ge(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ge';
COMMENT ON FUNCTION billing.usage_ge(billing.usage, billing.usage) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.usage_gt(billing.usage, billing.usage)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_gt';
COMMENT ON FUNCTION billing.usage_gt(billing.usage, billing.usage) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.usage_cmp(billing.usage, billing.usage)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_cmp';
COMMENT ON FUNCTION billing.usage_cmp(billing.usage, billing.usage) IS '-1, 0 or 1: before, equal, after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.< (
	LEFTARG = billing.usage, RIGHTARG = billing.usage, FUNCTION = billing.usage_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.usage, billing.usage) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.usage, RIGHTARG = billing.usage, FUNCTION = billing.usage_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.usage, billing.usage) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.usage, RIGHTARG = billing.usage, FUNCTION = billing.usage_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.usage, billing.usage) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.> (
	LEFTARG = billing.usage, RIGHTARG = billing.usage, FUNCTION = billing.usage_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.usage, billing.usage) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR FAMILY billing.usage_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.usage_ops USING btree IS 'the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR CLASS billing.usage_ops
DEFAULT FOR TYPE billing.usage USING btree FAMILY billing.usage_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.usage_cmp(billing.usage, billing.usage);
COMMENT ON OPERATOR CLASS billing.usage_ops USING btree IS 'sorting, DISTINCT and indexes of usage, consistent with =';
