-- What the store's functions seal and open with; none is for users but mask().
CREATE FUNCTION billing.mask(value billing.sealed)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sealed_mask';
COMMENT ON FUNCTION billing.mask(billing.sealed) IS 'what everybody may see of a sealed value, such as 138****5678; needs no key';

CREATE FUNCTION billing.seal_key_id(value billing.sealed)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_sealed_key_id';
COMMENT ON FUNCTION billing.seal_key_id(billing.sealed) IS 'the key under which a value is sealed, of billing.seal_key';

CREATE FUNCTION billing._mask_of(value text, kind text)
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
	-- as the trade has it: 138****5678; of what is short, less
	SELECT CASE
		WHEN length(_mask_of.value) < 4 THEN '***'
		WHEN _mask_of.kind = 'email' AND strpos(_mask_of.value, '@') > 1
			THEN left(left(_mask_of.value, 1) || '***' || right(substr(_mask_of.value, strpos(_mask_of.value, '@')), 20), 24)
		WHEN _mask_of.kind = 'post' THEN left(_mask_of.value, least(6, length(_mask_of.value) / 3)) || '***'
		WHEN _mask_of.kind = 'wechat' THEN left(_mask_of.value, 1) || '***'
		ELSE left(_mask_of.value, least(3, (length(_mask_of.value) + 1) / 4))
			|| repeat('*', least(16, length(_mask_of.value) - least(3, (length(_mask_of.value) + 1) / 4) - least(4, (length(_mask_of.value) + 1) / 3)))
			|| right(_mask_of.value, least(4, (length(_mask_of.value) + 1) / 3))
		END;
END;
COMMENT ON FUNCTION billing._mask_of(text, text) IS
'what may be shown: of numbers the first three and the last characters, of e-mail the domain, of addresses the beginning';
REVOKE ALL ON FUNCTION billing._mask_of(text, text) FROM PUBLIC;

CREATE FUNCTION billing._seal(value text, mask text, key_id bigint, context bytea)
RETURNS billing.sealed
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_seal';
COMMENT ON FUNCTION billing._seal(text, text, bigint, bytea) IS 'seals a text under a key of seal_key; context: what it belongs to, without which it does not open';
REVOKE ALL ON FUNCTION billing._seal(text, text, bigint, bytea) FROM PUBLIC;

CREATE FUNCTION billing._open(value billing.sealed, context bytea)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_open';
COMMENT ON FUNCTION billing._open(billing.sealed, bytea) IS
'the text of a sealed value; 25006 in a read-only transaction, UB411 where it does not open; who calls it has asked who may, and writes it down';
REVOKE ALL ON FUNCTION billing._open(billing.sealed, bytea) FROM PUBLIC;

CREATE FUNCTION billing._blind(value text, key_id bigint, place text)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_blind';
COMMENT ON FUNCTION billing._blind(text, bigint, text) IS 'blind index: HMAC-SHA-256 of the column''s name and a normalised value, by an index key';
REVOKE ALL ON FUNCTION billing._blind(text, bigint, text) FROM PUBLIC;

CREATE FUNCTION billing._make_key(key_id bigint, kind text, wrapped_by bigint)
RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_make_key';
COMMENT ON FUNCTION billing._make_key(bigint, text, bigint) IS 'a new key, wrapped by another of seal_key, or by the first master key';
REVOKE ALL ON FUNCTION billing._make_key(bigint, text, bigint) FROM PUBLIC;

CREATE FUNCTION billing._rewrap_key(key_id bigint, wrapped_by bigint)
RETURNS bytea
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_rewrap_key';
COMMENT ON FUNCTION billing._rewrap_key(bigint, bigint) IS 'the same key, wrapped by another, or by the first master key';
REVOKE ALL ON FUNCTION billing._rewrap_key(bigint, bigint) FROM PUBLIC;

CREATE FUNCTION billing._master_key_name()
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_master_key_name';
COMMENT ON FUNCTION billing._master_key_name() IS 'the name of the first master key, which wraps new keys';
REVOKE ALL ON FUNCTION billing._master_key_name() FROM PUBLIC;
