CREATE FUNCTION billing.jsonb(billing.tariff)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_tariff_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.tariff) IS 'the tariff as jsonb';
CREATE CAST (billing.tariff AS jsonb) WITH FUNCTION billing.jsonb(billing.tariff);
COMMENT ON CAST (billing.tariff AS jsonb) IS 'the tariff as jsonb';

CREATE FUNCTION billing.tariff(jsonb)
RETURNS billing.tariff
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_tariff_from_jsonb';
COMMENT ON FUNCTION billing.tariff(jsonb) IS 'a tariff from jsonb, checked whole';
CREATE CAST (jsonb AS billing.tariff) WITH FUNCTION billing.tariff(jsonb);
COMMENT ON CAST (jsonb AS billing.tariff) IS 'a tariff from jsonb, checked whole';

CREATE FUNCTION billing.digest(tariff billing.tariff)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_tariff_digest';
COMMENT ON FUNCTION billing.digest(billing.tariff) IS 'SHA-256 of the canonical JSON: the identity of a tariff on bills';

CREATE FUNCTION billing.tariff_eq(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_eq';
COMMENT ON FUNCTION billing.tariff_eq(billing.tariff, billing.tariff) IS 'the same tariff?';

CREATE FUNCTION billing.tariff_ne(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ne';
COMMENT ON FUNCTION billing.tariff_ne(billing.tariff, billing.tariff) IS 'another tariff?';

CREATE FUNCTION billing.tariff_hash(billing.tariff)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash';
COMMENT ON FUNCTION billing.tariff_hash(billing.tariff) IS 'hash of a tariff';

CREATE FUNCTION billing.tariff_hash_extended(billing.tariff, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash_extended';
COMMENT ON FUNCTION billing.tariff_hash_extended(billing.tariff, bigint) IS 'hash of a tariff, seeded';

CREATE OPERATOR billing.= (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_eq,
	COMMUTATOR = OPERATOR(billing.=), NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR billing.= (billing.tariff, billing.tariff) IS 'the same tariff?';

CREATE OPERATOR billing.<> (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_ne,
	COMMUTATOR = OPERATOR(billing.<>), NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.tariff, billing.tariff) IS 'another tariff?';

CREATE OPERATOR CLASS billing.tariff_hash_ops
DEFAULT FOR TYPE billing.tariff USING hash AS
	OPERATOR 1 billing.= (billing.tariff, billing.tariff),
	FUNCTION 1 billing.tariff_hash(billing.tariff),
	FUNCTION 2 billing.tariff_hash_extended(billing.tariff, bigint);
COMMENT ON OPERATOR CLASS billing.tariff_hash_ops USING hash IS 'hashing of tariff';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.tariff_lt(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_lt';
COMMENT ON FUNCTION billing.tariff_lt(billing.tariff, billing.tariff) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.tariff_le(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_le';
COMMENT ON FUNCTION billing.tariff_le(billing.tariff, billing.tariff) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.tariff_ge(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ge';
COMMENT ON FUNCTION billing.tariff_ge(billing.tariff, billing.tariff) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.tariff_gt(billing.tariff, billing.tariff)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_gt';
COMMENT ON FUNCTION billing.tariff_gt(billing.tariff, billing.tariff) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.tariff_cmp(billing.tariff, billing.tariff)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_cmp';
COMMENT ON FUNCTION billing.tariff_cmp(billing.tariff, billing.tariff) IS '-1, 0 or 1: before, equal, after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.< (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.tariff, billing.tariff) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.tariff, billing.tariff) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.tariff, billing.tariff) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.> (
	LEFTARG = billing.tariff, RIGHTARG = billing.tariff, FUNCTION = billing.tariff_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.tariff, billing.tariff) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR FAMILY billing.tariff_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.tariff_ops USING btree IS 'the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR CLASS billing.tariff_ops
DEFAULT FOR TYPE billing.tariff USING btree FAMILY billing.tariff_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.tariff_cmp(billing.tariff, billing.tariff);
COMMENT ON OPERATOR CLASS billing.tariff_ops USING btree IS 'sorting, DISTINCT and indexes of tariff, consistent with =';

CREATE FUNCTION billing.tariff_check(tariff json)
RETURNS TABLE (path text, problem text, hint text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000 ROWS 5
AS 'MODULE_PATHNAME', 'billing_tariff_check';
COMMENT ON FUNCTION billing.tariff_check(json) IS
'all problems of a tariff at once, each with its JSON path and what would be right; no row: the tariff is good';

CREATE FUNCTION billing.market_asked(tariff billing.tariff)
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000
BEGIN ATOMIC
	-- notes are free text; a name asked for too much does no harm
	WITH rules AS (
		SELECT billing.jsonb(market_asked.tariff) - '{notes,source,name,code}'::text[] AS d),
	asked AS (
		SELECT CASE WHEN jsonb_path_exists(r.d, 'strict $.**.days ? (@ == "holiday" || @[*] == "holiday")') THEN 'true'::jsonb END AS calendar,
			   (SELECT jsonb_agg(DISTINCT v ORDER BY v) FROM jsonb_path_query(r.d, 'strict $.**.event ? (@.type() == "string")') v) AS events,
			   (SELECT jsonb_agg(DISTINCT v ORDER BY v) FROM jsonb_path_query(r.d, 'strict $.**.published ? (@.type() == "string")') v) AS prices,
			   (SELECT jsonb_agg(DISTINCT v ORDER BY v) FROM jsonb_path_query(r.d, 'strict $.**.series ? (@.type() == "string")') v) AS series
		  FROM rules r)
	SELECT nullif(jsonb_strip_nulls(to_jsonb(a)), '{}'::jsonb) FROM asked a;
END;
COMMENT ON FUNCTION billing.market_asked(billing.tariff) IS
'which market facts a tariff asks for: calendar (true: it says "holiday"), and the names of its events, published prices and series; null: none';
