-- ---- what is written straight into tables ----

CREATE FUNCTION billing._audit_rows()
RETURNS trigger
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: writes the trail for who may not; what the store's functions write they say themselves.
BEGIN
	IF TG_ARGV[0] = 'said' THEN
		PERFORM billing._audit(coalesce((SELECT s.org_id FROM billing.staff s WHERE format('staff:%s', s.staff_id) = billing.actor()),
			(SELECT min(o.org_id) FROM billing.org o), 0), lower(TG_OP) || ' rows', TG_TABLE_NAME);
	ELSIF TG_TABLE_NAME = 'reading' THEN
		PERFORM billing._audit(n.org_id, lower(TG_OP) || ' rows', TG_TABLE_NAME, jsonb_build_object('rows', n.rows, 'root', n.root))
		   FROM (SELECT r.org_id, count(*) AS rows, encode(billing._merkle_root(array_agg(billing._reading_leaf(r.account_id, r.part, r.channel, r.from_on, r.until_on, r.digest)
							ORDER BY r.account_id, r.part COLLATE "C", r.channel COLLATE "C", r.from_on)), 'hex') AS root
				   FROM new_rows r GROUP BY r.org_id) n;
	ELSIF TG_TABLE_NAME = 'register_reading' THEN
		PERFORM billing._audit(n.org_id, lower(TG_OP) || ' rows', TG_TABLE_NAME, jsonb_build_object('rows', n.rows, 'from', n.first, 'to', n.last))
		   FROM (SELECT r.org_id, count(*) AS rows, min(r.entry_no) AS first, max(r.entry_no) AS last FROM new_rows r GROUP BY r.org_id) n;
	ELSE
		PERFORM billing._audit(n.org_id, lower(TG_OP) || ' rows', TG_TABLE_NAME, jsonb_build_object('rows', n.rows))
		   FROM (SELECT r.org_id, count(*) AS rows FROM new_rows r GROUP BY r.org_id) n;
	END IF;
	RETURN NULL;
END $$;
COMMENT ON FUNCTION billing._audit_rows() IS
'trigger of tables that clerks write straight into, by INSERT, COPY or UPDATE: who, when, how many rows of which org; of readings also the root of the hash tree over them, of '
'readings of registers their first and last entry_no';

-- ---- upkeep ----

CREATE FUNCTION billing.record_upkeep(kind text, good boolean, detail jsonb DEFAULT '{}')
RETURNS bigint
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: one row of upkeep, for who may run what concerns the whole store.
DECLARE
	made	bigint;
BEGIN
	PERFORM billing._given('record_upkeep', kind, good, detail);
	PERFORM billing._check_everywhere('run', 'audit');
	INSERT INTO billing.upkeep AS u (kind, good, detail) VALUES (record_upkeep.kind, record_upkeep.good, record_upkeep.detail) RETURNING u.upkeep_id INTO made;
	PERFORM billing._audit(coalesce((SELECT min(o.org_id) FROM billing.org o), 0), 'record_upkeep', record_upkeep.kind,
		jsonb_build_object('good', record_upkeep.good) || record_upkeep.detail);
	RETURN made;
END $$;
COMMENT ON FUNCTION billing.record_upkeep(text, boolean, jsonb) IS
'a backup, recovery or archive was made and was good, or was not; for the programs that make them; needs run on audit everywhere';

CREATE FUNCTION billing.check_chains()
RETURNS bigint
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as record_upkeep(); reads what the caller may read, which is all.
DECLARE
	wrong	bigint;
	first	text;
	links	bigint;
BEGIN
	PERFORM billing._check_everywhere('run', 'audit');
	-- the chains of batches are of four kinds
	PERFORM billing._check_everywhere('read', k) FROM unnest('{account,reading,money,org,bill}'::text[]) k;
	SELECT count(*), min(v.subject) INTO wrong, first
	  FROM (SELECT v.account_no AS subject FROM billing.verify() v
			UNION ALL
			SELECT coalesce(v.account_no, format('batch %s', v.batch_id)) FROM billing.verify_batches() v) v;
	SELECT (SELECT coalesce(sum(h.seq), 0) FROM billing.account_head h) + (SELECT coalesce(sum(h.seq), 0) FROM billing.batch_head h) INTO links;
	PERFORM billing.record_upkeep('verify', wrong = 0, jsonb_strip_nulls(jsonb_build_object('links', links, 'wrong', wrong, 'first', first)));
	RETURN wrong;
END $$;
COMMENT ON FUNCTION billing.check_chains() IS
'verify() over all accounts and verify_batches() over all that was received, with their result recorded for health(); needs run on audit and read on account, reading, '
'money, org and bill everywhere; returns how much is wrong';

-- ---- health ----

CREATE FUNCTION billing._finding(check_name text, critical boolean, warning boolean, meaning text, remedy text, otherwise text)
RETURNS TABLE (check_name text, state text, meaning text, remedy text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
	SELECT _finding.check_name, CASE WHEN _finding.critical IS NULL AND _finding.warning IS NULL THEN 'unknown' WHEN _finding.critical THEN 'critical' WHEN _finding.warning THEN 'warning' ELSE 'ok' END,
		CASE WHEN _finding.critical IS NULL AND _finding.warning IS NULL OR coalesce(_finding.critical, false) OR coalesce(_finding.warning, false) THEN _finding.meaning ELSE _finding.otherwise END,
		CASE WHEN _finding.critical IS NULL AND _finding.warning IS NULL OR coalesce(_finding.critical, false) OR coalesce(_finding.warning, false) THEN _finding.remedy ELSE '' END;
END;
COMMENT ON FUNCTION billing._finding(text, boolean, boolean, text, text, text) IS 'a row of health(): critical, warning, both null: unknown, or else ok';

CREATE FUNCTION billing._health_server()
RETURNS TABLE (check_name text, state text, meaning text, remedy text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	-- tables whose rows are somebody's, without policies
	SELECT f.* FROM (SELECT count(*) AS n, min(c.relname) AS first FROM pg_class c
		 WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
		   AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname IN ('org_id', 'account_id') AND NOT a.attisdropped)) t,
		 billing._finding('row security', t.n > 0, false, format('%s tables show all rows to everybody, first %s', t.n, t.first),
			'ALTER TABLE … ENABLE and FORCE ROW LEVEL SECURITY, or billing.install() of the right release', 'every table with rows of orgs has policies, for its owner too') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(v.oid::regclass::text) AS first FROM pg_class v
		 WHERE v.relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND v.relkind IN ('v', 'm')
		   AND NOT coalesce(v.reloptions @> '{security_invoker=true}', false)) t,
		 billing._finding('views', t.n > 0, false, format('%s views show what their owner sees, first %s', t.n, t.first),
			'ALTER VIEW … SET (security_invoker = true)', 'every view shows what its reader may see') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(g.relname || '.' || g.tgname) AS first FROM (
			SELECT c.relname::text, t.tgname::text FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
			 WHERE c.relnamespace = 'billing'::regnamespace AND NOT t.tgisinternal AND t.tgenabled IN ('D', 'R')
			UNION ALL
			SELECT 'database', e.evtname FROM pg_event_trigger e WHERE e.evtname LIKE 'billing\_%' AND e.evtenabled IN ('D', 'R')
			UNION ALL
			SELECT 'database', v.n FROM (VALUES ('billing_guard_start'), ('billing_guard_end')) v(n) WHERE NOT EXISTS (SELECT FROM pg_event_trigger e WHERE e.evtname = v.n)) g) t,
		 billing._finding('guards', t.n > 0, false, format('%s triggers that guard rows are off or gone, first %s', t.n, t.first),
			'ALTER TABLE … ENABLE TRIGGER, ALTER EVENT TRIGGER … ENABLE; then billing.check_chains()', 'triggers that guard rows are on') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(r.rolname) AS first FROM pg_roles r
		 WHERE (r.rolname ~ '^billing_' AND (r.rolcanlogin OR r.rolsuper OR r.rolbypassrls OR r.rolcreaterole))
			OR (r.rolbypassrls AND NOT r.rolsuper AND pg_has_role(r.oid, 'billing_owner', 'MEMBER'))
			OR (r.rolcanlogin AND NOT r.rolsuper AND pg_has_role(r.oid, 'billing_owner', 'MEMBER'))) t,
		 billing._finding('roles', t.n > 0, false, format('%s roles are more than they may be, first %s', t.n, t.first),
			'billing_* are groups without LOGIN; nobody who logs in is a member of billing_owner', 'the roles of the store are plain groups, and nobody is its owner') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(s.login_role) AS first FROM (SELECT s.login_role::text FROM billing.staff s WHERE s.valid_during @> now()
			UNION ALL SELECT c.login_role::text FROM billing.customer c WHERE c.valid_during @> now()) s
		 WHERE s.login_role IS NOT NULL AND to_regrole(quote_ident(s.login_role)) IS NULL) t,
		 billing._finding('identity', false, t.n > 0, format('%s persons have a login that does not exist, first %s', t.n, t.first),
			'CREATE ROLE, or correct the person''s login_role', 'every login of a person exists') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(r.rolname) AS first FROM pg_roles r
		 WHERE r.rolcanlogin AND NOT r.rolsuper AND EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid WHERE m.member = r.oid AND g.rolname ~ '^billing_(admin|clerk|analyst|auditor|customer)$')
		   AND NOT EXISTS (SELECT FROM billing.staff s WHERE s.login_role = r.rolname) AND NOT EXISTS (SELECT FROM billing.customer c WHERE c.login_role = r.rolname)) t,
		 billing._finding('logins', false, t.n > 0, format('%s logins with a role of the store are nobody, first %s', t.n, t.first),
			'right for the login of a pool, which says who asks by identify(); others: name them as login_role, or take the role away', 'every login with a role of the store is a person') f
	UNION ALL
	SELECT f.* FROM (SELECT string_agg(s.name, ', ' ORDER BY s.name) AS names FROM pg_settings s
		 WHERE (s.name IN ('fsync', 'full_page_writes', 'data_checksums') AND s.setting = 'off') OR (s.name = 'synchronous_commit' AND s.setting = 'off')) t,
		 billing._finding('durability', t.names ~ 'fsync|full_page', t.names IS NOT NULL, format('off: %s', t.names), 'switch on; data_checksums by pg_checksums --enable while stopped', 'what is committed is on disk, and damage is seen') f
	UNION ALL
	SELECT f.* FROM (SELECT string_agg(s.what, '; ' ORDER BY s.what COLLATE "C") AS said, bool_or(s.opens) AS opens FROM (
			SELECT format('others may set %s', a.parname) AS what, true AS opens FROM pg_parameter_acl a
			 WHERE (a.parname = 'session_replication_role' OR a.parname LIKE 'billing.%')
			   AND EXISTS (SELECT FROM aclexplode(a.paracl) g WHERE g.grantee = 0 OR NOT (SELECT r.rolsuper FROM pg_roles r WHERE r.oid = g.grantee))
			UNION ALL
			SELECT format('triggers are off for sessions of %s', coalesce(nullif(d.setrole, 0)::regrole::text, 'everybody')), true FROM pg_db_role_setting d
			 WHERE d.setdatabase IN (0, (SELECT b.oid FROM pg_database b WHERE b.datname = current_database())) AND d.setconfig && '{session_replication_role=replica,session_replication_role=local}'
			UNION ALL
			SELECT 'passwords are kept as ' || current_setting('password_encryption'), false WHERE current_setting('password_encryption') <> 'scram-sha-256'
			UNION ALL
			SELECT 'values of parameters are logged', false
			 WHERE current_setting('log_parameter_max_length_on_error') <> '0'
				OR (current_setting('log_parameter_max_length') <> '0'
					AND (current_setting('log_statement') <> 'none' OR current_setting('log_min_duration_statement') <> '-1'
						 OR current_setting('log_min_duration_sample') <> '-1' OR current_setting('log_transaction_sample_rate') <> '0'))
			UNION ALL
			SELECT 'the network is not encrypted', false WHERE current_setting('ssl') = 'off' AND current_setting('listen_addresses') !~ '^((localhost|127[0-9.]*|::1)( *, *)?)*$') s) t,
		 billing._finding('settings', t.opens, t.said IS NOT NULL, t.said,
			'REVOKE SET ON PARAMETER …, ALTER ROLE … RESET …; password_encryption = scram-sha-256, log_parameter_max_length = 0, ssl = on', 'nobody may loosen what guards, and no secret goes to the log or over the network in the clear') f
	UNION ALL
	SELECT f.* FROM (SELECT current_setting('archive_mode') AS mode, a.last_failed_time > coalesce(a.last_archived_time, '-infinity') AS failing, a.last_archived_time FROM pg_stat_archiver a) t,
		 billing._finding('archiving', t.failing, t.mode = 'off', CASE WHEN t.failing THEN 'the journal is not archived any more' ELSE 'the journal is not archived: a recovery ends at the last backup' END,
			'archive_mode = on and an archive_command that works; see the server''s log', 'the journal is archived') f
	UNION ALL
	SELECT f.* FROM (SELECT max(age(d.datfrozenxid)) AS age FROM pg_database d) t,
		 billing._finding('transaction numbers', t.age > 1500000000, t.age > 1000000000, format('%s transactions are not frozen', t.age), 'VACUUM (FREEZE); look for old transactions and slots', 'transactions are frozen in time') f
	UNION ALL
	SELECT f.* FROM (SELECT s.release, s.digest = billing._store_digest() AS same FROM billing.store s) t,
		 billing._finding('release', false, NOT t.same, format('the store is of release %s as it was, the library of %s', t.release, billing.version()), 'SELECT billing.install()', 'store and library are of one release') f
$$;
COMMENT ON FUNCTION billing._health_server() IS 'checks of health() that are about the server and the store''s objects';

CREATE FUNCTION billing._health_keys()
RETURNS TABLE (check_name text, state text, meaning text, remedy text)
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	first_key	text;
	first_key_of_tokens text;
	said		text;
	everywhere	boolean := billing.can_everywhere('read', 'customer');
	keys		record;
BEGIN
	BEGIN
		first_key := billing._master_key_name();
	EXCEPTION WHEN SQLSTATE 'UB402' THEN
		GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	END;
	RETURN QUERY SELECT f.* FROM billing._finding('master key', first_key IS NULL, false, coalesce(said, ''), 'billing.seal_key_file, see doc/keys.md; without it nothing sealed opens', format('the first is %s', first_key)) f;
	BEGIN
		PERFORM billing._sign_document('');
		said := NULL;
	EXCEPTION WHEN SQLSTATE 'UB402' THEN
		GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	END;
	RETURN QUERY SELECT f.* FROM billing._finding('signing key', said IS NOT NULL, false, said, 'billing.sign_key_file, see doc/proof.md', 'anchors can be signed') f;
	BEGIN
		first_key_of_tokens := billing._token_key_name();
		said := NULL;
	EXCEPTION WHEN SQLSTATE 'UB402' THEN
		GET STACKED DIAGNOSTICS said = PG_EXCEPTION_DETAIL;
	END;
	-- who has no pool needs none
	RETURN QUERY SELECT f.* FROM billing._finding('token key', said NOT LIKE '% is not set.', false, said, 'billing.token_key_file, see doc/store.md; until then nobody gets in by a pool',
		CASE WHEN said IS NULL THEN format('the first is %s', first_key_of_tokens) ELSE 'there is none: nobody comes by a pool' END) f;
	SELECT count(*) FILTER (WHERE k.master <> first_key AND k.destroyed_at IS NULL) AS older, min(k.made_at) FILTER (WHERE k.kind = 'company' AND k.retired_at IS NULL) AS oldest,
		   count(*) FILTER (WHERE k.kind <> 'customer' AND k.retired_at < now() - interval '7 days' AND k.destroyed_at IS NULL) AS unfinished INTO keys FROM billing.seal_key k;
	RETURN QUERY SELECT f.* FROM billing._finding('data keys', CASE WHEN everywhere THEN false END, CASE WHEN everywhere THEN keys.older > 0 OR keys.unfinished > 0 OR keys.oldest < now() - interval '3 years' END,
		CASE WHEN NOT everywhere THEN 'you do not see all customers' WHEN keys.older > 0 THEN format('%s keys are under an older master key', keys.older)
			WHEN keys.unfinished > 0 THEN 'a rotation was not finished' ELSE format('the oldest is of %s', keys.oldest::date) END,
		CASE WHEN NOT everywhere THEN '' WHEN keys.older > 0 THEN 'SELECT billing.rewrap_keys()' WHEN keys.unfinished > 0 THEN 'CALL billing.reseal(…)' ELSE 'SELECT billing.rotate_keys(…); CALL billing.reseal(…)' END,
		'under the first master key, none older than three years') f;
	SELECT count(*) AS n INTO keys FROM billing.unsealed_value;
	everywhere := billing.can_everywhere('write', 'personal');
	RETURN QUERY SELECT f.* FROM billing._finding('plain values', CASE WHEN everywhere THEN keys.n > 0 END, CASE WHEN everywhere THEN false END,
		CASE WHEN everywhere THEN format('%s numbers and contacts are in plain text', keys.n) ELSE 'you do not see what is personal' END, 'CALL billing.reseal(…)', 'what is personal is sealed') f;
END $$;
COMMENT ON FUNCTION billing._health_keys() IS 'checks of health() that are about keys';

CREATE FUNCTION billing._health_work()
RETURNS TABLE (check_name text, state text, meaning text, remedy text)
LANGUAGE sql STABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
	WITH may AS MATERIALIZED (SELECT billing.can_everywhere('read', 'bill') AS bills, billing.can_everywhere('read', 'reading') AS readings, billing.can_everywhere('read', 'account') AS accounts),
	last AS (
		SELECT DISTINCT ON (u.kind) u.kind, u.good, u.at FROM billing.upkeep u ORDER BY u.kind, u.at DESC, u.upkeep_id DESC)
	-- what was to be done, and how old it may be
	SELECT f.* FROM (VALUES ('backup', interval '2 days', interval '7 days', 'contrib/backup base'), ('recovery', interval '100 days', interval '1 year', 'contrib/backup drill'),
			('verify', interval '8 days', interval '35 days', 'SELECT billing.check_chains()')) v(kind, warning, critical, remedy)
	  LEFT JOIN last l ON l.kind = v.kind,
		 billing._finding(v.kind, NOT coalesce(l.good, true) OR l.at < now() - v.critical, l.at IS NULL OR l.at < now() - v.warning,
			CASE WHEN l.at IS NULL THEN 'never done' WHEN NOT l.good THEN format('went wrong on %s', l.at::date) ELSE format('last on %s', l.at::date) END, v.remedy, format('last on %s, good', l.at::date)) f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(p.until_on) AS first FROM billing.period_close p WHERE NOT EXISTS (SELECT FROM billing.upkeep u JOIN billing.org o ON o.org_no = u.detail ->> 'org_no'
			 WHERE u.kind = 'archive' AND u.good AND o.org_id = p.org_id AND u.detail ->> 'until_on' = p.until_on::text) AND p.closed_at < now() - interval '7 days') t,
		 billing._finding('archive', CASE WHEN m.bills THEN false END, CASE WHEN m.bills THEN t.n > 0 END, CASE WHEN m.bills THEN format('%s closed periods are not archived, first that until %s', t.n, t.first) ELSE 'you do not see all bills' END,
			'contrib/backup archive', 'closed periods are archived') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT max(a.anchored_at) AS at FROM billing.anchor a) t,
		 billing._finding('anchor', CASE WHEN m.bills THEN false END, CASE WHEN m.bills THEN t.at IS NULL OR t.at < now() - interval '35 days' END,
			CASE WHEN m.bills THEN CASE WHEN t.at IS NULL THEN 'there is none' ELSE format('the last is of %s', t.at::date) END ELSE 'you do not see all bills' END, 'SELECT billing.close_period(…) or anchor_heads(…); then contrib/proof keep', format('the last is of %s', t.at::date)) f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(r.requested_at)::date AS first FROM billing.bill_run r
		 WHERE r.finished_at IS NULL AND (r.failed_at IS NOT NULL OR r.requested_at < now() - interval '1 day')) t,
		 billing._finding('bill runs', CASE WHEN m.bills THEN false END, CASE WHEN m.bills THEN t.n > 0 END, CASE WHEN m.bills THEN format('%s runs have failed or are not finished, first of %s', t.n, t.first) ELSE 'you do not see all bills' END,
			'call run_bills() again with the same arguments: it goes on where it was', 'none is overdue') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(h.billed_to) AS first FROM billing.account_head h
		 WHERE h.billed_to < least(current_date - 70, h.stops_on)) t,
		 billing._finding('unbilled accounts', CASE WHEN m.accounts THEN false END, CASE WHEN m.accounts THEN t.n > 0 END, CASE WHEN m.accounts THEN format('%s accounts have no bill for 70 days, the oldest since %s', t.n, t.first) ELSE 'you do not see all accounts' END,
			'billing_report.run_exception has the reasons', 'every account is billed in time') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(b.received_at)::date AS first FROM billing.batch b WHERE b.landed_at IS NULL AND b.received_at < now() - interval '1 day') t,
		 billing._finding('batches', CASE WHEN m.readings THEN false END, CASE WHEN m.readings THEN t.n > 0 END, CASE WHEN m.readings THEN format('%s files were received and not landed, first of %s', t.n, t.first) ELSE 'you do not see all readings' END,
			'CALL billing.land_batches(…); land() of one says why it fails', 'every file is landed within a day') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) FILTER (WHERE b.rejected > b.taken + b.unchanged) AS n, count(*) AS all_of FROM billing.batch b
		 WHERE b.landed_at > now() - interval '7 days'
		   -- of a file that was read again the last time counts
		   AND NOT EXISTS (SELECT FROM billing.batch l WHERE l.again_of = coalesce(b.again_of, b.batch_id) AND l.batch_id > b.batch_id)) t,
		 billing._finding('rejects', CASE WHEN m.readings THEN false END, CASE WHEN m.readings THEN t.n > 0 END, CASE WHEN m.readings THEN format('of %s files of the last week %s were rejected for the most part', t.all_of, t.n) ELSE 'you do not see all readings' END,
			'billing_report.batch_reject has the reasons; land_again() once the mapping is right', 'files are taken') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(v.requested_at)::date AS first FROM billing.validation_run v WHERE v.finished_at IS NULL AND v.requested_at < now() - interval '1 day') t,
		 billing._finding('validation', CASE WHEN m.readings THEN false END, CASE WHEN m.readings THEN t.n > 0 END, CASE WHEN m.readings THEN format('%s runs of validation or estimation are not finished, first of %s', t.n, t.first) ELSE 'you do not see all readings' END,
			'call validate_readings() or estimate_readings() again with the same arguments', 'none is overdue') f
	UNION ALL
	-- what was entered by hand is under the chain of batches from close_readings() on
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(coalesce(r.decided_at, r.entered_at))::date AS first FROM billing.register_reading r
		 WHERE (r.batch_id IS NULL OR r.decided_at IS NOT NULL AND r.decision_batch_id IS NULL) AND r.state IN ('valid', 'rejected', 'superseded')
		   AND coalesce(r.decided_at, r.entered_at) < now() - interval '1 day') t,
		 billing._finding('register readings', CASE WHEN m.readings THEN false END, CASE WHEN m.readings THEN t.n > 0 END,
			CASE WHEN m.readings THEN format('%s readings of registers are not under the chain of batches for more than a day, first of %s', t.n, t.first) ELSE 'you do not see all readings' END,
			'SELECT billing.close_readings(…), every evening', 'all are under the chain of batches within a day') f
	UNION ALL
	-- the newest complete month must be there, of those whose profiles are billed
	SELECT f.* FROM may m, (SELECT count(*) AS n, count(*) FILTER (WHERE NOT EXISTS (SELECT FROM billing.reading r WHERE r.account_id = h.account_id AND r.until_on > current_date - 35)) AS silent
		  FROM billing.account_head h WHERE h.usage_from = 'reading' AND (h.stops_on IS NULL OR h.stops_on > current_date)) t,
		 billing._finding('completeness', CASE WHEN m.readings THEN t.silent > t.n * 0.2 END, CASE WHEN m.readings THEN t.silent > t.n * 0.01 END,
			CASE WHEN m.readings THEN format('%s of %s accounts have no reading of the last 35 days', t.silent, t.n) ELSE 'you do not see all readings' END,
			'billing_report.missing_read; ask the head end for them', format('%s of %s accounts have readings of the last 35 days', t.n - t.silent, t.n)) f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(c.at)::date AS first FROM billing.late_change c WHERE c.state = 'open' AND c.at < now() - interval '7 days') t,
		 billing._finding('late changes', CASE WHEN m.bills THEN false END, CASE WHEN m.bills THEN t.n > 0 END, CASE WHEN m.bills THEN format('%s changes of billed days wait, first of %s', t.n, t.first) ELSE 'you do not see all bills' END,
			'CALL billing.settle_late(…)', 'none waits for more than a week') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(r.due_at) AS first FROM billing._reconnections() r WHERE r.due_at < now()) t,
		 billing._finding('reconnections', CASE WHEN m.accounts THEN t.n > 0 END, CASE WHEN m.accounts THEN false END,
			CASE WHEN m.accounts THEN format('%s accounts have paid their arrears and are not connected again in time, first due %s', t.n, t.first) ELSE 'you do not see all accounts' END,
			'SELECT * FROM billing.reconnections(…); a request of kind reconnection ends it', 'who has paid is connected again in time') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(q.queued_at)::date AS first FROM billing.notice q WHERE q.state IN ('queued', 'taken') AND q.next_at < now() - interval '1 day') t,
		 billing._finding('notices', CASE WHEN m.accounts THEN false END, CASE WHEN m.accounts THEN t.n > 0 END,
			CASE WHEN m.accounts THEN format('%s notices wait for a sender for more than a day, first of %s', t.n, t.first) ELSE 'you do not see all accounts' END,
			'contrib/notices sends them', 'none waits for more than a day') f
	UNION ALL
	SELECT f.* FROM may m, (SELECT count(*) AS n, min(a.due_on) AS first FROM billing.anomaly a WHERE a.state <> 'closed' AND a.due_on < billing._sum_day(now())) t,
		 billing._finding('anomalies', CASE WHEN m.readings THEN false END, CASE WHEN m.readings THEN t.n > 0 END,
			CASE WHEN m.readings THEN format('%s anomalies are past their day, first since %s', t.n, t.first) ELSE 'you do not see all readings' END,
			'billing_report.anomaly_count has them by org; assign_anomaly(), close_anomaly()', 'none is past its day') f
	UNION ALL
	SELECT f.* FROM (SELECT count(*) AS n, min(a.due_at) AS first FROM billing.alert a WHERE a.closed_at IS NULL AND a.due_at < now()) t,
		 billing._finding('alerts', false, t.n > 0, format('%s alerts are overdue, first since %s', t.n, t.first::date), 'billing.alert says whose they are', 'none is overdue') f
$$;
COMMENT ON FUNCTION billing._health_work() IS 'checks of health() that are about what is to be done, and when it was done';

CREATE FUNCTION billing.health()
RETURNS TABLE (check_name text, state text, meaning text, remedy text)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
	-- Definer: counts, and says whether keys are there; what the caller may not see it calls unknown.
	SELECT h.* FROM (SELECT * FROM billing._health_server() UNION ALL SELECT * FROM billing._health_keys() UNION ALL SELECT * FROM billing._health_work()) h
	 ORDER BY array_position('{critical,unknown,warning,ok}', h.state), h.check_name COLLATE "C"
$$;
COMMENT ON FUNCTION billing.health() IS
'one row for each check: state (ok, warning, critical; unknown: the caller does not see all that it is about), what it means, what to do; the worst first';

CREATE FUNCTION billing.metrics()
RETURNS TABLE (name text, value numeric)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
	-- Definer: numbers of what the caller may read.
	SELECT v.name, v.value FROM (
		SELECT 'billing_checks_' || s.state, count(h.state)::numeric FROM (VALUES ('ok'), ('warning'), ('critical'), ('unknown')) s(state) LEFT JOIN billing.health() h ON h.state = s.state GROUP BY s.state
		UNION ALL SELECT 'billing_accounts', count(*) FROM billing.account_head
		UNION ALL SELECT 'billing_chain_links', coalesce(sum(h.seq), 0) FROM billing.account_head h
		UNION ALL SELECT 'billing_receivable', coalesce(sum(h.balance), 0) FROM billing.account_head h
		UNION ALL SELECT 'billing_runs_open', count(*) FROM billing.bill_run r WHERE r.finished_at IS NULL
		UNION ALL SELECT 'billing_run_accounts_failed', coalesce(sum(c.failed), 0) FROM billing.run_chunk c JOIN billing.bill_run r ON r.run_id = c.run_id WHERE r.requested_at > now() - interval '35 days'
		UNION ALL SELECT 'billing_batches_waiting', count(*) FROM billing.batch b WHERE b.landed_at IS NULL
		UNION ALL SELECT 'billing_late_changes_open', count(*) FROM billing.late_change c WHERE c.state = 'open'
		UNION ALL SELECT 'billing_supply_overloads', count(*) FROM billing.supply_plan_line l JOIN billing.supply_plan p ON p.supply_plan_id = l.supply_plan_id
			WHERE p.state = 'adopted' AND l.load_percent > 100 AND l.month >= date_trunc('month', now())
		UNION ALL SELECT 'billing_alerts_open', count(*) FROM billing.alert a WHERE a.closed_at IS NULL
		UNION ALL SELECT 'billing_unsealed_values', count(*) FROM billing.unsealed_value
		UNION ALL SELECT 'billing_openings_last_day', count(*) FROM billing.audit a WHERE a.act = 'open_sealed' AND a.at > now() - interval '1 day'
		UNION ALL SELECT 'billing_seconds_since_anchor', round(extract(epoch FROM now() - max(a.anchored_at))) FROM billing.anchor a
		UNION ALL SELECT 'billing_seconds_since_' || k, (SELECT round(extract(epoch FROM now() - max(u.at))) FROM billing.upkeep u WHERE u.kind = k AND u.good) FROM unnest('{backup,recovery,verify}'::text[]) k
		UNION ALL SELECT 'billing_database_bytes', pg_database_size(current_database())) v(name, value)
	 ORDER BY v.name COLLATE "C"
$$;
COMMENT ON FUNCTION billing.metrics() IS 'numbers for a scraper, by name; of what the caller may read; null: never';

-- ---- alerts ----

CREATE FUNCTION billing.set_alert_rule(name text, owner text, within interval, check_name text DEFAULT NULL, state text DEFAULT NULL, metric text DEFAULT NULL, above numeric DEFAULT NULL,
	channel text DEFAULT 'billing_alert', enabled boolean DEFAULT true)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: as record_upkeep().
BEGIN
	PERFORM billing._check_everywhere('run', 'audit');
	IF set_alert_rule.metric IS NOT NULL AND NOT EXISTS (SELECT FROM billing.metrics() m WHERE m.name = set_alert_rule.metric) THEN
		RAISE EXCEPTION 'there is no metric "%"', set_alert_rule.metric USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT name FROM billing.metrics().';
	END IF;
	IF set_alert_rule.check_name IS NOT NULL AND NOT EXISTS (SELECT FROM billing.health() h WHERE h.check_name LIKE set_alert_rule.check_name) THEN
		RAISE EXCEPTION 'there is no check "%"', set_alert_rule.check_name USING ERRCODE = 'invalid_parameter_value', HINT = 'SELECT check_name FROM billing.health().';
	END IF;
	INSERT INTO billing.alert_rule AS r (name, check_name, state, metric, above, owner, within, channel, enabled)
	VALUES (set_alert_rule.name, set_alert_rule.check_name, set_alert_rule.state, set_alert_rule.metric, set_alert_rule.above, set_alert_rule.owner,
			set_alert_rule.within, set_alert_rule.channel, set_alert_rule.enabled)
	    ON CONFLICT ON CONSTRAINT alert_rule_pkey DO UPDATE SET check_name = excluded.check_name, state = excluded.state, metric = excluded.metric, above = excluded.above,
			owner = excluded.owner, within = excluded.within, channel = excluded.channel, enabled = excluded.enabled, set_by = excluded.set_by, set_at = excluded.set_at;
	PERFORM billing._audit(coalesce((SELECT min(o.org_id) FROM billing.org o), 0), 'set_alert_rule', set_alert_rule.name,
		jsonb_build_object('check', set_alert_rule.check_name, 'state', set_alert_rule.state, 'metric', set_alert_rule.metric, 'above', set_alert_rule.above,
						   'owner', set_alert_rule.owner, 'within', set_alert_rule.within, 'enabled', set_alert_rule.enabled));
END $$;
COMMENT ON FUNCTION billing.set_alert_rule(text, text, interval, text, text, text, numeric, text, boolean) IS
'who is called, and by when he is to have seen to it: where a check of health() (a pattern of LIKE) is in this state or worse, or a metric is above a threshold; needs run on audit everywhere';

CREATE FUNCTION billing.check_alerts()
RETURNS integer
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: opens and closes alerts, for who may run what concerns the whole store.
DECLARE
	called	jsonb;
	opened	integer;
BEGIN
	PERFORM billing._check_everywhere('run', 'audit');
	PERFORM pg_advisory_xact_lock(hashtextextended('billing.check_alerts', 0));
	SELECT coalesce(jsonb_agg(q), '[]') INTO called FROM (
		SELECT r.name AS rule, h.check_name AS subject, h.meaning, h.remedy, r.owner, now() + r.within AS due_at, r.channel
		  FROM billing.alert_rule r JOIN billing.health() h ON h.check_name LIKE r.check_name
		 WHERE r.enabled AND array_position('{warning,unknown,critical}', h.state) >= array_position('{warning,unknown,critical}', r.state)
		UNION ALL
		SELECT r.name, r.metric, format('%s is %s, above %s', m.name, m.value, r.above), 'see doc/watch.md', r.owner, now() + r.within, r.channel
		  FROM billing.alert_rule r JOIN billing.metrics() m ON m.name = r.metric
		 WHERE r.enabled AND m.value > r.above) q;
	UPDATE billing.alert a SET closed_at = now()
	 WHERE a.closed_at IS NULL AND NOT EXISTS (SELECT FROM jsonb_to_recordset(called) n(rule text, subject text) WHERE n.rule = a.rule AND n.subject = a.subject);
	WITH made AS (
		INSERT INTO billing.alert (rule, subject, meaning, remedy, owner, due_at)
		SELECT n.rule, n.subject, n.meaning, n.remedy, n.owner, n.due_at
		  FROM jsonb_to_recordset(called) n(rule text, subject text, meaning text, remedy text, owner text, due_at timestamptz)
		    ON CONFLICT (rule, subject) WHERE closed_at IS NULL DO NOTHING RETURNING alert.rule, alert.subject, alert.meaning, alert.owner, alert.due_at)
	SELECT count(pg_notify(n.channel, (to_jsonb(m)::text))) INTO opened
	  FROM made m JOIN jsonb_to_recordset(called) n(rule text, subject text, channel text) ON n.rule = m.rule AND n.subject = m.subject;
	RETURN opened;
END $$;
COMMENT ON FUNCTION billing.check_alerts() IS
'opens an alert for each rule whose check or metric calls for it, tells it by NOTIFY, and closes those that are well again; to be called every few minutes; returns how many are new';

CREATE FUNCTION billing.take_alert(alert_id bigint)
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
-- Definer: notes who sees to an alert, for who may read the whole trail.
BEGIN
	PERFORM billing._given('take_alert', alert_id);
	PERFORM billing._check_everywhere('read', 'audit');
	UPDATE billing.alert a SET taken_by = billing.actor(), taken_at = now() WHERE a.alert_id = take_alert.alert_id AND a.closed_at IS NULL AND a.taken_by IS NULL;
	IF NOT FOUND THEN
		PERFORM billing._not_found(format('open alert %s that nobody has taken', take_alert.alert_id));
	END IF;
	PERFORM billing._audit(coalesce((SELECT min(o.org_id) FROM billing.org o), 0), 'take_alert', format('alert %s', take_alert.alert_id));
END $$;
COMMENT ON FUNCTION billing.take_alert(bigint) IS 'the caller sees to an alert';
