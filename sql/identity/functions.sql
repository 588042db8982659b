/*
 * Identity and rights, as members of the extension: C functions that read the
 * store.  billing.install() grants them to the store's roles.
 */
CREATE FUNCTION billing.actor()
RETURNS text
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_actor';
COMMENT ON FUNCTION billing.actor() IS
'who acts: staff:12 or customer:7 as identify() found or as the session''s role is known to the store; role:NAME of a '
'superuser who is neither; else nobody';

CREATE FUNCTION billing.actor_customer_id()
RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_actor_customer_id';
COMMENT ON FUNCTION billing.actor_customer_id() IS 'the customer who acts; null for who is none';

CREATE FUNCTION billing.identify(token text)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_identify';
COMMENT ON FUNCTION billing.identify(text) IS
'binds the actor of a signed token to this transaction, for applications that share a login; ends with the transaction, '
'and with the savepoint it was called in; returns actor(); UB401 for any token that is not accepted';
REVOKE ALL ON FUNCTION billing.identify(text) FROM PUBLIC;

CREATE FUNCTION billing.actor_methods()
RETURNS text[]
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_actor_methods';
COMMENT ON FUNCTION billing.actor_methods() IS
'how the actor has proved who he is in this transaction: login (the session''s role), token, password, or what a checker outside says, such as '
'fingerprint; two of them are two steps';

CREATE FUNCTION billing._identify_by(assertion text, public_key bytea, org_id bigint)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_identify_by';
COMMENT ON FUNCTION billing._identify_by(text, bytea, bigint) IS
'binds the actor that an assertion names, if this key has signed it and the person is of this org or below';
REVOKE ALL ON FUNCTION billing._identify_by(text, bytea, bigint) FROM PUBLIC;

CREATE FUNCTION billing._bind_actor(kind text, id bigint, method text)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_bind_actor';
COMMENT ON FUNCTION billing._bind_actor(text, bigint, text) IS 'binds an actor whom the caller has checked';
REVOKE ALL ON FUNCTION billing._bind_actor(text, bigint, text) FROM PUBLIC;

CREATE FUNCTION billing._password_hash(password text, salt bytea, cost integer)
RETURNS bytea
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_password_hash';
COMMENT ON FUNCTION billing._password_hash(text, bytea, integer) IS 'scrypt with N = 2^cost, r = 8, p = 1; 32 bytes';
REVOKE ALL ON FUNCTION billing._password_hash(text, bytea, integer) FROM PUBLIC;

CREATE FUNCTION billing._password_matches(password text, salt bytea, cost integer, hash bytea)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_password_matches';
COMMENT ON FUNCTION billing._password_matches(text, bytea, integer, bytea) IS 'is it the hash of this password? Compared in constant time';
REVOKE ALL ON FUNCTION billing._password_matches(text, bytea, integer, bytea) FROM PUBLIC;

CREATE FUNCTION billing._backend_name()
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'billing_backend_name';
COMMENT ON FUNCTION billing._backend_name() IS 'this backend and no other, ever';
REVOKE ALL ON FUNCTION billing._backend_name() FROM PUBLIC;

CREATE FUNCTION billing._spend_login(attempt bigint)
RETURNS boolean
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_spend_login';
COMMENT ON FUNCTION billing._spend_login(bigint) IS 'true for the first time, in this backend, whatever is rolled back';
REVOKE ALL ON FUNCTION billing._spend_login(bigint) FROM PUBLIC;

CREATE FUNCTION billing._token_key_name()
RETURNS text
LANGUAGE c STABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_token_key_name';
COMMENT ON FUNCTION billing._token_key_name() IS 'the name of the first key of tokens, which signs; UB402 where there is none';
REVOKE ALL ON FUNCTION billing._token_key_name() FROM PUBLIC;

CREATE FUNCTION billing.issue_token(kind text, id bigint, seconds integer DEFAULT 60)
RETURNS text
LANGUAGE c VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'billing_issue_token';
COMMENT ON FUNCTION billing.issue_token(text, bigint, integer) IS
'a token for identify(): kind is staff or customer, id its number; signed by the first key of billing.token_key_file, for '
'this database, good for at most a minute. Whoever may call it may be anybody';
REVOKE ALL ON FUNCTION billing.issue_token(text, bigint, integer) FROM PUBLIC;

CREATE FUNCTION billing._can_read_support(internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_can_read_support';
COMMENT ON FUNCTION billing._can_read_support(internal) IS
'planner support of can_read(): share of rows, index condition, and no check for who sees every org';
REVOKE ALL ON FUNCTION billing._can_read_support(internal) FROM PUBLIC;

CREATE FUNCTION billing.can_read(org_id bigint, kind text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
SUPPORT billing._can_read_support
AS 'MODULE_PATHNAME', 'billing_can_read';
COMMENT ON FUNCTION billing.can_read(bigint, text) IS
'may the actor read what this org has of a kind: org, customer, account, reading, plan, bill, money, audit, supply, personal? Policies call it for each row';
REVOKE ALL ON FUNCTION billing.can_read(bigint, text) FROM PUBLIC;

CREATE FUNCTION billing.can_write(org_id bigint, kind text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_can_write';
COMMENT ON FUNCTION billing.can_write(bigint, text) IS 'may the actor enter and change what this org has of a kind?';
REVOKE ALL ON FUNCTION billing.can_write(bigint, text) FROM PUBLIC;

CREATE FUNCTION billing.can_do(action text, kind text, org_id bigint)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_can_do';
COMMENT ON FUNCTION billing.can_do(text, text, bigint) IS
'may the actor do this to what this org has of a kind? Actions: read, write, approve, run';
REVOKE ALL ON FUNCTION billing.can_do(text, text, bigint) FROM PUBLIC;

CREATE FUNCTION billing._can_grant(action text, kind text, org_id bigint)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_can_grant';
COMMENT ON FUNCTION billing._can_grant(text, text, bigint) IS
'does the actor hold this right at this org, so that he may give it to others? Also where duties are separate, and he may not use it himself';
REVOKE ALL ON FUNCTION billing._can_grant(text, text, bigint) FROM PUBLIC;

CREATE FUNCTION billing.can_everywhere(action text, kind text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_can_everywhere';
COMMENT ON FUNCTION billing.can_everywhere(text, text) IS 'may the actor do this at every org? For what belongs to no org, such as price plans';
REVOKE ALL ON FUNCTION billing.can_everywhere(text, text) FROM PUBLIC;

CREATE FUNCTION billing.can_inherit(org_id bigint, kind text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_can_inherit';
COMMENT ON FUNCTION billing.can_inherit(bigint, text) IS
'may the actor read what this org, or some org below it, has of a kind? For what an org lays down for all below it';
REVOKE ALL ON FUNCTION billing.can_inherit(bigint, text) FROM PUBLIC;

CREATE FUNCTION billing._orgs_over(org_id bigint)
RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_orgs_over';
COMMENT ON FUNCTION billing._orgs_over(bigint) IS
'an org where the actor has some right, and those above it, the nearest first, whether he sees them or not: what they lay down holds for it';
REVOKE ALL ON FUNCTION billing._orgs_over(bigint) FROM PUBLIC;

CREATE FUNCTION billing._is_own_support(internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_is_own_support';
COMMENT ON FUNCTION billing._is_own_support(internal) IS 'planner support of is_own(): index condition';
REVOKE ALL ON FUNCTION billing._is_own_support(internal) FROM PUBLIC;

CREATE FUNCTION billing.is_own(account_id bigint)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
SUPPORT billing._is_own_support
AS 'MODULE_PATHNAME', 'billing_is_own';
COMMENT ON FUNCTION billing.is_own(bigint) IS 'is the actor the customer of this account, or is it assigned to him? Customers'' policies call it for each row';
REVOKE ALL ON FUNCTION billing.is_own(bigint) FROM PUBLIC;

CREATE FUNCTION billing._is_assigned_support(internal)
RETURNS internal
LANGUAGE c STABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_is_assigned_support';
COMMENT ON FUNCTION billing._is_assigned_support(internal) IS 'planner support of is_assigned(): selectivity';
REVOKE ALL ON FUNCTION billing._is_assigned_support(internal) FROM PUBLIC;

CREATE FUNCTION billing.is_assigned(account_id bigint, action text, kind text)
RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 1
SUPPORT billing._is_assigned_support
AS 'MODULE_PATHNAME', 'billing_is_assigned';
COMMENT ON FUNCTION billing.is_assigned(bigint, text, text) IS
'may the actor do this to this account because it is assigned to him, whatever he may at its org? Policies of the store''s own functions call it';
REVOKE ALL ON FUNCTION billing.is_assigned(bigint, text, text) FROM PUBLIC;

CREATE FUNCTION billing._visible_orgs(kind text)
RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_visible_orgs';
COMMENT ON FUNCTION billing._visible_orgs(text) IS 'the orgs of which the actor may read a kind: what can_read() gives to an index, at run time';
REVOKE ALL ON FUNCTION billing._visible_orgs(text) FROM PUBLIC;

CREATE FUNCTION billing._own_accounts()
RETURNS bigint[]
LANGUAGE c STABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_own_accounts';
COMMENT ON FUNCTION billing._own_accounts() IS 'the accounts of the actor as a customer, or assigned to him: what is_own() gives to an index, at run time';
REVOKE ALL ON FUNCTION billing._own_accounts() FROM PUBLIC;

CREATE FUNCTION billing._access_changed()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_access_changed';
COMMENT ON FUNCTION billing._access_changed() IS 'tells every session that rights have changed, when this transaction commits';
REVOKE ALL ON FUNCTION billing._access_changed() FROM PUBLIC;

CREATE FUNCTION billing._guard_drop()
RETURNS event_trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_guard_drop';
COMMENT ON FUNCTION billing._guard_drop() IS 'refuses to drop tables, schema or extension while the store has accounts, readings or bills';
REVOKE ALL ON FUNCTION billing._guard_drop() FROM PUBLIC;
