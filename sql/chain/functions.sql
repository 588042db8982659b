-- The chain's encoding, as a member of the extension: C, since it must not depend on any setting.
CREATE FUNCTION billing._content(domain text, VARIADIC "any")
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_content';
COMMENT ON FUNCTION billing._content(text, "any") IS
'SHA-256 over the values in an encoding of its own: version, domain, and each value with its type and length; no setting changes it';
REVOKE ALL ON FUNCTION billing._content(text, "any") FROM PUBLIC;

CREATE FUNCTION billing._chain_add(internal, seq bigint, link bytea, content bytea)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_chain_add';
COMMENT ON FUNCTION billing._chain_add(internal, bigint, bytea, bytea) IS 'the chain with one link more';
REVOKE ALL ON FUNCTION billing._chain_add(internal, bigint, bytea, bytea) FROM PUBLIC;

CREATE FUNCTION billing._chain_end(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_chain_end';
COMMENT ON FUNCTION billing._chain_end(internal) IS 'the last link';
REVOKE ALL ON FUNCTION billing._chain_end(internal) FROM PUBLIC;

CREATE AGGREGATE billing._chain_end(seq bigint, link bytea, content bytea) (
	SFUNC = billing._chain_add, STYPE = internal, FINALFUNC = billing._chain_end, PARALLEL = SAFE);
COMMENT ON AGGREGATE billing._chain_end(bigint, bytea, bytea) IS
'the last link of a chain whose links come in their order; null where a number, a link or a content does not follow from those before; empty of none';
REVOKE ALL ON FUNCTION billing._chain_end(bigint, bytea, bytea) FROM PUBLIC;

CREATE FUNCTION billing._merkle_root(leaves bytea[])
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_merkle_root';
COMMENT ON FUNCTION billing._merkle_root(bytea[]) IS 'root of the hash tree of RFC 6962 over these leaves, in their order, by SHA-256';
REVOKE ALL ON FUNCTION billing._merkle_root(bytea[]) FROM PUBLIC;

CREATE FUNCTION billing._in_transaction_block()
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_in_transaction_block';
COMMENT ON FUNCTION billing._in_transaction_block() IS 'did the client begin a transaction, so that nothing can be committed within?';
REVOKE ALL ON FUNCTION billing._in_transaction_block() FROM PUBLIC;

CREATE FUNCTION billing._row_content(domain text, "row" record)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_row_content';
COMMENT ON FUNCTION billing._row_content(text, record) IS
'what the chain says of a row of bill or transfer: _content() over all its columns but the org that may see it';
REVOKE ALL ON FUNCTION billing._row_content(text, record) FROM PUBLIC;

CREATE FUNCTION billing._row_encoding(domain text, "row" record)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_row_encoding';
COMMENT ON FUNCTION billing._row_encoding(text, record) IS 'the bytes of which _row_content() is the SHA-256, for who checks them elsewhere';
REVOKE ALL ON FUNCTION billing._row_encoding(text, record) FROM PUBLIC;

CREATE FUNCTION billing._sign_document(document text, OUT key_name text, OUT public_key bytea, OUT signature bytea)
RETURNS record
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_sign_document';
COMMENT ON FUNCTION billing._sign_document(text) IS 'signature of a text by Ed25519, with the first key of billing.sign_key_file; UB402 where there is none';
REVOKE ALL ON FUNCTION billing._sign_document(text) FROM PUBLIC;

CREATE FUNCTION billing._signature_good(document text, public_key bytea, signature bytea)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_signature_good';
COMMENT ON FUNCTION billing._signature_good(text, bytea, bytea) IS 'is this a signature of the text by the holder of the key?';
REVOKE ALL ON FUNCTION billing._signature_good(text, bytea, bytea) FROM PUBLIC;
