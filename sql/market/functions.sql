CREATE FUNCTION billing.jsonb(billing.market)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_market_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.market) IS 'the market as jsonb';
CREATE CAST (billing.market AS jsonb) WITH FUNCTION billing.jsonb(billing.market);
COMMENT ON CAST (billing.market AS jsonb) IS 'the market as jsonb';

CREATE FUNCTION billing.market_of(jsonb)
RETURNS billing.market
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_market_from_jsonb';
COMMENT ON FUNCTION billing.market_of(jsonb) IS 'a market from jsonb, checked whole';
CREATE CAST (jsonb AS billing.market) WITH FUNCTION billing.market_of(jsonb);
COMMENT ON CAST (jsonb AS billing.market) IS 'a market from jsonb, checked whole';

CREATE FUNCTION billing.digest(market billing.market)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_market_digest';
COMMENT ON FUNCTION billing.digest(billing.market) IS 'SHA-256 of the canonical JSON: the identity of a market on bills';

CREATE FUNCTION billing.market_eq(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_eq';
COMMENT ON FUNCTION billing.market_eq(billing.market, billing.market) IS 'the same market?';

CREATE FUNCTION billing.market_ne(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ne';
COMMENT ON FUNCTION billing.market_ne(billing.market, billing.market) IS 'another market?';

CREATE FUNCTION billing.market_hash(billing.market)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash';
COMMENT ON FUNCTION billing.market_hash(billing.market) IS 'hash of a market';

CREATE FUNCTION billing.market_hash_extended(billing.market, bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_hash_extended';
COMMENT ON FUNCTION billing.market_hash_extended(billing.market, bigint) IS 'hash of a market, seeded';

CREATE OPERATOR billing.= (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_eq,
	COMMUTATOR = OPERATOR(billing.=), NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR billing.= (billing.market, billing.market) IS 'the same market?';

CREATE OPERATOR billing.<> (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_ne,
	COMMUTATOR = OPERATOR(billing.<>), NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.market, billing.market) IS 'another market?';

CREATE OPERATOR CLASS billing.market_hash_ops
DEFAULT FOR TYPE billing.market USING hash AS
	OPERATOR 1 billing.= (billing.market, billing.market),
	FUNCTION 1 billing.market_hash(billing.market),
	FUNCTION 2 billing.market_hash_extended(billing.market, bigint);
COMMENT ON OPERATOR CLASS billing.market_hash_ops USING hash IS 'hashing of market';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.market_lt(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_lt';
COMMENT ON FUNCTION billing.market_lt(billing.market, billing.market) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.market_le(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_le';
COMMENT ON FUNCTION billing.market_le(billing.market, billing.market) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.market_ge(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_ge';
COMMENT ON FUNCTION billing.market_ge(billing.market, billing.market) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.market_gt(billing.market, billing.market)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_gt';
COMMENT ON FUNCTION billing.market_gt(billing.market, billing.market) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE FUNCTION billing.market_cmp(billing.market, billing.market)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_value_cmp';
COMMENT ON FUNCTION billing.market_cmp(billing.market, billing.market) IS '-1, 0 or 1: before, equal, after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.< (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.market, billing.market) IS 'before in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.market, billing.market) IS 'before, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.market, billing.market) IS 'after, or equal in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR billing.> (
	LEFTARG = billing.market, RIGHTARG = billing.market, FUNCTION = billing.market_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.market, billing.market) IS 'after in the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR FAMILY billing.market_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.market_ops USING btree IS 'the order of their bytes, which says nothing but equal or not';

CREATE OPERATOR CLASS billing.market_ops
DEFAULT FOR TYPE billing.market USING btree FAMILY billing.market_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.market_cmp(billing.market, billing.market);
COMMENT ON OPERATOR CLASS billing.market_ops USING btree IS 'sorting, DISTINCT and indexes of market, consistent with =';

CREATE FUNCTION billing.market(calendar jsonb DEFAULT NULL, events jsonb DEFAULT NULL, prices jsonb DEFAULT NULL,
							   series jsonb DEFAULT NULL, zones jsonb DEFAULT NULL)
RETURNS billing.market
LANGUAGE sql IMMUTABLE PARALLEL SAFE COST 10000
BEGIN ATOMIC
	SELECT billing.market_of(jsonb_strip_nulls(jsonb_build_object('calendar', calendar, 'events', events, 'prices', prices,
		'zones', zones)) || CASE WHEN series IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('series', series) END);
END;
COMMENT ON FUNCTION billing.market(jsonb, jsonb, jsonb, jsonb, jsonb) IS
'market facts from their parts: calendar {"holidays": [date], "workdays": [date]}; events {"critical": [{"from", "until"}]}; '
'prices {"purchase": [{"from": date, "price"}]}; series {"spot": {"from": moment, "slot_minutes", "values": []}}; '
'zones {"Asia/Shanghai": [{"offset": 480}]}';

-- Parts from plain tables, by way of array_agg().
CREATE FUNCTION billing.calendar(holidays date[], workdays date[] DEFAULT '{}')
RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object(
		'holidays', (SELECT coalesce(jsonb_agg(to_char(d, 'YYYY-MM-DD') ORDER BY d), '[]') FROM unnest(holidays) d WHERE d IS NOT NULL),
		'workdays', (SELECT coalesce(jsonb_agg(to_char(d, 'YYYY-MM-DD') ORDER BY d), '[]') FROM unnest(workdays) d WHERE d IS NOT NULL));
END;
COMMENT ON FUNCTION billing.calendar(date[], date[]) IS
'the calendar of market(): holidays, and weekend days worked in exchange (调休)';

CREATE FUNCTION billing.published(name text, from_on date[], price numeric[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object(name, coalesce(jsonb_agg(jsonb_build_object(
		'from', to_char(p.day, 'YYYY-MM-DD'), 'price', p.price) ORDER BY p.day), '[]'))
	  FROM ROWS FROM (unnest(from_on), unnest(price)) p(day, price);
END;
COMMENT ON FUNCTION billing.published(text, date[], numeric[]) IS
'one of the prices of market(): each holds from its date until the next. Join prices of several names with ||; of one name the later list replaces the earlier, so give all its dates at once, by array_agg()';

CREATE FUNCTION billing.price_series(name text, from_at timestamptz, slot interval, price numeric[])
RETURNS jsonb
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	SELECT jsonb_build_object(name, jsonb_build_object(
		'from', to_char(from_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
		'slot_minutes', trim_scale(extract(epoch FROM slot) / 60), 'values', to_jsonb(price)));
END;
COMMENT ON FUNCTION billing.price_series(text, timestamptz, interval, numeric[]) IS
'one of the series of market(): a price for each slot from a moment on, null where there is none. Join series of several names with ||; of one name the later replaces the earlier';
