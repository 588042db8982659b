/*
 * The store: billing.install() runs what the modules of the store say, as
 * ordinary objects of billing_owner, not as members of the extension.
 */
CREATE FUNCTION billing.create_roles()
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
	role	record;
	made	text[] := '{}';
BEGIN
	FOR role IN
		SELECT v.name, v.about FROM (VALUES
			('billing_owner', 'billing: owns the store; for nobody to log in'),
			('billing_admin', 'billing: orgs, staff and grants'),
			('billing_clerk', 'billing: accounts, readings, bills, within the grants of each'),
			('billing_analyst', 'billing: reads for reports, within the grants of each'),
			('billing_auditor', 'billing: reads all kinds and the audit trail, within the grants of each'),
			('billing_customer', 'billing: a customer''s own accounts'),
			('billing_login', 'billing: asks for names and passwords, for those who have no role of their own'),
			('billing_gateway', 'billing: issues tokens, that is may speak for anybody')) v(name, about)
		 WHERE NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = v.name)
	LOOP
		EXECUTE format('CREATE ROLE %I NOLOGIN', role.name);
		EXECUTE format('COMMENT ON ROLE %I IS %L', role.name, role.about);
		made := made || role.name;
	END LOOP;
	-- a role of this name that can log in, or is more than a group, is not ours
	IF EXISTS (SELECT FROM pg_roles r WHERE r.rolname = 'billing_owner' AND (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls)) THEN
		RAISE EXCEPTION 'role billing_owner exists and is not a plain group'
			USING ERRCODE = 'duplicate_object', DETAIL = 'It can log in, or is a superuser, or bypasses row security.',
				  HINT = 'ALTER ROLE billing_owner NOLOGIN NOSUPERUSER NOBYPASSRLS, if it is meant to own the store.';
	END IF;
	RETURN CASE WHEN made = '{}' THEN 'The roles exist.' ELSE 'Made: ' || array_to_string(made, ', ') || '.' END;
END
$function$;
COMMENT ON FUNCTION billing.create_roles() IS
'makes the group roles of the store, once for the server: billing_owner, _admin, _clerk, _analyst, _auditor, _customer, _login, _gateway; '
'GRANT them to the roles that log in';
REVOKE ALL ON FUNCTION billing.create_roles() FROM PUBLIC;

CREATE FUNCTION billing._given(command text, VARIADIC arguments "any")
RETURNS void
LANGUAGE c STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_given';

COMMENT ON FUNCTION billing._given(text, "any") IS
'Error where an argument of a command of the store is null: what was asked for is done or refused, never passed over. Commands are therefore not STRICT.';
REVOKE ALL ON FUNCTION billing._given(text, "any") FROM PUBLIC;

CREATE FUNCTION billing._store_state()
RETURNS TABLE (place bigint, module text, step integer, command text)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$ SELECT row_number() OVER (), v.* FROM (VALUES
@STORE_STATE@
) v(module, step, command) $function$;
COMMENT ON FUNCTION billing._store_state() IS
'SQL of the store''s tables, in order: of each module its tables as they are now (step null), and the steps that bring older ones there';
REVOKE ALL ON FUNCTION billing._store_state() FROM PUBLIC;

CREATE FUNCTION billing._store_code()
RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$ SELECT $store$
@STORE_CODE@
$store$ $function$;
COMMENT ON FUNCTION billing._store_code() IS 'SQL that makes the store''s functions, triggers, views, policies and grants, anew at every upgrade';
REVOKE ALL ON FUNCTION billing._store_code() FROM PUBLIC;

-- All of the store's schemas that is neither a member of an extension nor made along with a table.
CREATE FUNCTION billing._store_objects()
RETURNS TABLE (class oid, object oid, kind text, identity text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
	SELECT o.classid, o.objid, i.type, i.identity
	  FROM (SELECT 'pg_proc'::regclass::oid AS classid, p.oid AS objid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
			 WHERE n.nspname IN ('billing', 'billing_report')
			UNION ALL
			SELECT 'pg_class'::regclass, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			 WHERE n.nspname IN ('billing', 'billing_report') AND c.relkind IN ('r', 'v', 'm', 'p', 'S', 'f')
			UNION ALL
			SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			  JOIN pg_namespace n ON n.oid = c.relnamespace
			 WHERE n.nspname IN ('billing', 'billing_report') AND NOT t.tgisinternal
			UNION ALL
			SELECT 'pg_policy'::regclass, y.oid FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid
			  JOIN pg_namespace n ON n.oid = c.relnamespace
			 WHERE n.nspname IN ('billing', 'billing_report')) o,
		   LATERAL pg_identify_object(o.classid, o.objid, 0) i
	 WHERE NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = o.classid AND d.objid = o.objid AND d.deptype = 'e')
$function$;
COMMENT ON FUNCTION billing._store_objects() IS 'what is in the store''s schemas beside the extension';
REVOKE ALL ON FUNCTION billing._store_objects() FROM PUBLIC;

-- Code goes before what it rests on.  Tables and their sequences stay: they are state.
CREATE FUNCTION billing._drop_store_code()
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
	object	record;
BEGIN
	FOR object IN
		SELECT m.kind, m.identity FROM billing.store_object m
		  JOIN billing._store_objects() o ON o.kind = m.kind AND o.identity = m.identity
		 WHERE m.kind IN ('policy', 'trigger', 'view', 'function', 'procedure')
		 ORDER BY array_position('{policy,trigger,view,procedure,function}', m.kind), m.place DESC
	LOOP
		-- identities are as the server wrote them, quoted where they need it
		EXECUTE format('DROP %s %s', object.kind, object.identity);
	END LOOP;
	DELETE FROM billing.store_object WHERE kind IN ('policy', 'trigger', 'view', 'function', 'procedure');
END
$function$;
COMMENT ON FUNCTION billing._drop_store_code() IS 'drops what install() made, but for the tables, before it makes it anew';
REVOKE ALL ON FUNCTION billing._drop_store_code() FROM PUBLIC;

CREATE FUNCTION billing._store_digest()
RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $function$
	SELECT sha256(convert_to(string_agg(s.module || ' ' || coalesce(s.step, 0) || s.command, '' ORDER BY s.place) || billing._store_code(), 'UTF8'))
	  FROM billing._store_state() s
$function$;
COMMENT ON FUNCTION billing._store_digest() IS 'of the SQL that makes a store';
REVOKE ALL ON FUNCTION billing._store_digest() FROM PUBLIC;

CREATE FUNCTION billing._run_store()
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
	caller		text := current_setting('role');
	before		oid[];
	part		record;
	-- the last step of each module that is there; a store older than that table has the module store
	there		jsonb := '{}';
BEGIN
	PERFORM set_config('role', 'billing_owner', true);
	IF to_regclass('billing.store') IS NOT NULL THEN
		PERFORM billing._drop_store_code();
		there := '{"store": 0}';
		IF to_regclass('billing.store_module') IS NOT NULL THEN
			there := (SELECT jsonb_object_agg(m.module, m.step) FROM billing.store_module m);
		END IF;
	END IF;
	SELECT coalesce(array_agg(o.object), '{}') INTO before FROM billing._store_objects() o;
	FOR part IN SELECT s.module, s.step, s.command, max(s.step) OVER (PARTITION BY s.module) AS last FROM billing._store_state() s ORDER BY s.place
	LOOP
		IF part.step IS NULL AND NOT there ? part.module THEN
			EXECUTE part.command;
			there := there || jsonb_build_object(part.module, coalesce(part.last, 0));
		ELSIF part.step > (there ->> part.module)::integer THEN
			EXECUTE part.command;
			there := there || jsonb_build_object(part.module, part.step);
			IF part.module = 'store' AND part.step = 1 THEN
				there := there || (SELECT jsonb_object_agg(m.module, m.step) FROM billing.store_module m);
			END IF;
		END IF;
	END LOOP;
	INSERT INTO billing.store_module AS m (module, step) SELECT t.key, t.value::integer FROM jsonb_each_text(there) t
		ON CONFLICT ON CONSTRAINT store_module_pkey DO UPDATE SET step = excluded.step WHERE m.step <> excluded.step;
	EXECUTE billing._store_code();
	INSERT INTO billing.store_object (kind, identity, owner, release)
	SELECT o.kind, o.identity, 'billing_owner', billing.version() FROM billing._store_objects() o
	 WHERE NOT o.object = ANY (before)
	 ORDER BY o.object;
	UPDATE billing.store SET release = billing.version(), made_at = now(), digest = billing._store_digest();
	PERFORM set_config('role', caller, true);
END
$function$;
COMMENT ON FUNCTION billing._run_store() IS
'makes the tables that are missing, takes older ones through their steps, makes the code anew, all as billing_owner, and writes down what it made';
REVOKE ALL ON FUNCTION billing._run_store() FROM PUBLIC;

/*
 * What store and clerks call of the extension.  Policies are checked with the
 * rights of whoever asks, so everybody who reads needs can_read().
 */
CREATE FUNCTION billing._grant_members()
RETURNS void
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
	GRANT USAGE, CREATE ON SCHEMA billing TO billing_owner;
	GRANT EXECUTE ON FUNCTION billing._store_state(), billing._store_code(), billing._store_digest(),
		billing._store_objects(), billing._drop_store_code(), billing._access_changed(), billing._can_grant(text, text, bigint),
		billing._sum_bills(), billing._sum_transfers(), billing._bill_accounts(bigint, bigint, date, bigint, bigint)
		TO billing_owner;
	GRANT EXECUTE ON FUNCTION billing.can_read(bigint, text), billing.can_write(bigint, text),
		billing.can_do(text, text, bigint), billing.can_everywhere(text, text), billing._visible_orgs(text),
		billing.is_own(bigint), billing._own_accounts(), billing.identify(text), billing.can_inherit(bigint, text),
		billing._orgs_over(bigint), billing.is_assigned(bigint, text, text), billing._given(text, "any")
		TO billing_owner, billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
	GRANT EXECUTE ON FUNCTION billing.actor_customer_id(), billing._chain_end(bigint, bytea, bytea), billing._content(text, "any"), billing._row_content(text, record), billing._in_transaction_block(), billing._merkle_root(bytea[])
		TO billing_owner, billing_clerk, billing_analyst, billing_auditor, billing_customer;
	GRANT EXECUTE ON FUNCTION billing._start_workers(bigint, integer, boolean), billing._workers_busy() TO billing_owner, billing_clerk;
	GRANT EXECUTE ON FUNCTION billing._works_for(bigint) TO billing_owner;
	GRANT EXECUTE ON FUNCTION billing._take_line(), billing._taken_lines(regclass) TO billing_owner, billing_admin, billing_clerk;
	GRANT EXECUTE ON FUNCTION billing._mask_of(text, text), billing._seal(text, text, bigint, bytea), billing._open(billing.sealed, bytea),
		billing._blind(text, bigint, text), billing._make_key(bigint, text, bigint), billing._rewrap_key(bigint, bigint), billing._master_key_name(), billing._token_key_name(),
		billing._sign_document(text)
		TO billing_owner;
	GRANT EXECUTE ON FUNCTION billing._row_encoding(text, record), billing._signature_good(text, bytea, bytea)
		TO billing_owner, billing_clerk, billing_analyst, billing_auditor, billing_customer;
	GRANT EXECUTE ON FUNCTION billing._identify_by(text, bytea, bigint), billing._bind_actor(text, bigint, text),
		billing._password_hash(text, bytea, integer), billing._password_matches(text, bytea, integer, bytea), billing._backend_name(), billing._spend_login(bigint)
		TO billing_owner;
	GRANT EXECUTE ON FUNCTION billing.issue_token(text, bigint, integer) TO billing_gateway;
END
$function$;
COMMENT ON FUNCTION billing._grant_members() IS 'grants functions of the extension to the store''s roles';
REVOKE ALL ON FUNCTION billing._grant_members() FROM PUBLIC;

CREATE FUNCTION billing.install()
RETURNS text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
SET search_path = pg_catalog, pg_temp
SET check_function_bodies = on
SET client_min_messages = warning
AS $function$
DECLARE
	found_release	text;
	found_digest	bytea;
	stray			text;
BEGIN
	IF to_regrole('billing_owner') IS NULL OR to_regrole('billing_login') IS NULL THEN
		RAISE EXCEPTION 'the roles of the store do not exist'
			USING ERRCODE = 'undefined_object', HINT = 'First: SELECT billing.create_roles();';
	END IF;
	IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
		RAISE EXCEPTION 'install() needs a superuser'
			USING ERRCODE = 'insufficient_privilege', DETAIL = 'It makes event triggers; the store itself belongs to billing_owner.';
	END IF;
	-- two sessions: the second waits, then finds it done
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.install', 0));

	IF to_regclass('billing.store') IS NULL THEN
		SELECT identity INTO stray FROM billing._store_objects() LIMIT 1;
		IF FOUND THEN
			RAISE EXCEPTION 'the schema billing already holds objects that are not ours'
				USING ERRCODE = 'duplicate_object', DETAIL = format('One of them: %s.', stray), HINT = 'Move them to another schema.';
		END IF;
		CREATE SCHEMA billing_report AUTHORIZATION billing_owner;
		PERFORM billing._grant_members();
		PERFORM billing._run_store();
		CREATE EVENT TRIGGER billing_guard_start ON ddl_command_start
			WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED', 'DROP TABLE')
			EXECUTE FUNCTION billing._guard_drop();
		CREATE EVENT TRIGGER billing_guard_end ON sql_drop
			WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED', 'DROP TABLE')
			EXECUTE FUNCTION billing._guard_drop();
		RETURN 'The store is made.';
	END IF;

	SELECT release, digest INTO found_release, found_digest FROM billing.store;
	IF found_digest = billing._store_digest() THEN
		RETURN 'The store is up to date.';
	END IF;
	-- members may have come with an update of the extension
	PERFORM billing._grant_members();
	PERFORM billing._run_store();
	RETURN format('The store of release %s is brought up to %s.', found_release, billing.version());
END
$function$;
COMMENT ON FUNCTION billing.install()
	IS 'makes the store, or brings it up to date; says what it did; for a superuser, after create_roles()';
REVOKE ALL ON FUNCTION billing.install() FROM PUBLIC;
