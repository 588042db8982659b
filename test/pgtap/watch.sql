-- watch: every check of health() says what it is there to say; alerts open, call and
-- close; what is written straight into tables is in the trail, and so is every act.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_adm LOGIN IN ROLE billing_admin;
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_pool LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S', 'Station', 'station', 'C') AS s \gset
SELECT billing.add_staff('S', 'A', 'Ann', 'account clerk', 'tap_ann') AS a, billing.add_staff('S', 'D', 'Adam', 'administrator', 'tap_adm') AS d \gset
SELECT billing.grant_post('A', 'S') AS g, billing.grant_access('D', 'S', '{org,audit}', '{read}') AS h \gset
SELECT billing.add_customer('S', 'x') AS customer \gset
SELECT plan(46);
CREATE FUNCTION pg_temp.state(check_name text) RETURNS text LANGUAGE sql AS 'SELECT h.state FROM billing.health() h WHERE h.check_name = $1';

SELECT cmp_ok((SELECT count(*) FROM billing.health()), '>', 24::bigint, 'so many checks');
SELECT is_empty($$SELECT check_name FROM billing.health() GROUP BY 1 HAVING count(*) > 1$$, 'each once');
SELECT is_empty($$SELECT * FROM billing.health() WHERE state NOT IN ('ok', 'warning', 'critical') OR meaning = '' OR meaning IS NULL OR (state <> 'ok') <> (remedy <> '')$$, 'each with its meaning, and a remedy where one is needed');

-- each of them, broken
SAVEPOINT s;
ALTER TABLE billing.bill NO FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.state('row security'), 'critical', 'a table that its owner sees whole');
ROLLBACK TO s;
CREATE VIEW billing.leak AS SELECT * FROM billing.bill;
SELECT is(pg_temp.state('views'), 'critical', 'a view that shows what its owner sees');
ROLLBACK TO s;
ALTER TABLE billing.bill DISABLE TRIGGER bill_refuse_change;
SELECT is(pg_temp.state('guards'), 'critical', 'a trigger that is off');
ROLLBACK TO s;
ALTER EVENT TRIGGER billing_guard_end DISABLE;
SELECT is(pg_temp.state('guards'), 'critical', 'the guard of the database, off');
ROLLBACK TO s;
GRANT billing_owner TO tap_ann;
SELECT is(pg_temp.state('roles'), 'critical', 'somebody who logs in as the owner');
ROLLBACK TO s;
UPDATE billing.staff SET login_role = 'nobody_there' WHERE staff_no = 'A';
SELECT is(pg_temp.state('identity'), 'warning', 'a person whose login is not there');
ROLLBACK TO s;
SELECT is(pg_temp.state('logins'), 'warning', 'a login that is nobody');
SELECT matches((SELECT meaning FROM billing.health() WHERE check_name = 'logins'), 'logins with a role of the store are nobody, first', 'and it says so');
SELECT is(pg_temp.state('durability'), (SELECT CASE WHEN current_setting('fsync') = 'off' THEN 'critical' WHEN current_setting('data_checksums') = 'off' THEN 'warning' ELSE 'ok' END), 'settings');
UPDATE billing.store SET digest = '';
SELECT is(pg_temp.state('release'), 'warning', 'a store of another build');
ROLLBACK TO s;
SELECT is(pg_temp.state('master key'), 'ok', 'a master key');
SELECT is(pg_temp.state('signing key'), 'ok', 'a signing key');
SELECT billing.add_contact(:customer, 'mobile', '13812345678', '2026-01-01') \gset
SELECT is(pg_temp.state('data keys'), 'ok', 'data keys');
UPDATE billing.seal_key SET made_at = now() - interval '4 years';
SELECT is(pg_temp.state('data keys'), 'warning', 'old ones');
UPDATE billing.seal_key SET made_at = now(), master = CASE WHEN master IS NOT NULL THEN 'k0' END;
SELECT is(pg_temp.state('data keys'), 'warning', 'under an old master key');
ROLLBACK TO s;
INSERT INTO billing.unsealed_value SELECT customer_id, 'customer_contact', 1, org_id, 'x' FROM billing.customer;
SELECT is(pg_temp.state('plain values'), 'critical', 'plain values');
ROLLBACK TO s;
SELECT is(array_agg(pg_temp.state(k)), '{warning,warning,warning}', 'never backed up, recovered, verified') FROM unnest('{backup,recovery,verify}'::text[]) k;
SELECT billing.record_upkeep(k, true) FROM unnest('{backup,recovery}'::text[]) k \g /dev/null
SELECT is(billing.check_chains(), 0::bigint, 'chains are checked');
SELECT is(array_agg(pg_temp.state(k)), '{ok,ok,ok}', 'done') FROM unnest('{backup,recovery,verify}'::text[]) k;
SELECT billing.record_upkeep('recovery', false, '{"why": "no journal"}') \gset
SELECT is(pg_temp.state('recovery'), 'critical', 'one that went wrong');
SELECT throws_ok($$SELECT billing.record_upkeep('lunch', true)$$, '23514', NULL, 'no other kind');
SELECT throws_ok($$UPDATE billing.upkeep SET good = true$$, '23001', NULL, 'what was recorded stays');
SELECT is(pg_temp.state('anchor'), 'warning', 'no anchor');
SELECT billing.anchor_heads('C') \gset
SELECT is(pg_temp.state('anchor'), 'ok', 'one');
INSERT INTO billing.bill_run (org_id, until_on, requested_at) VALUES (:s, '2026-02-01', now() - interval '2 days');
SELECT is(pg_temp.state('bill runs'), 'warning', 'a run that was not finished');
SELECT billing.receive('a.nem', '\x61', 'nem12', 'S') \gset
SELECT is(pg_temp.state('batches'), 'ok', 'a file that has just come');
SET LOCAL session_replication_role = replica;
UPDATE billing.batch SET received_at = now() - interval '2 days';
SET LOCAL session_replication_role = origin;
SELECT is(pg_temp.state('batches'), 'warning', 'and one that lies');
SELECT billing.add_account('S', 'A1', :customer, current_date - 100) AS account \gset
SELECT is(pg_temp.state('unbilled accounts'), 'warning', 'an account without a bill');
SELECT is(pg_temp.state('completeness'), 'critical', 'and without readings');

-- who does not see all is told so
SET LOCAL SESSION AUTHORIZATION tap_adm;
SELECT is(pg_temp.state('unbilled accounts'), 'unknown', 'who sees no accounts learns nothing of them');
SELECT is((SELECT value FROM billing_report.metric WHERE name = 'billing_accounts'), 0::numeric, 'nor by metrics');
SELECT throws_ok($$SELECT billing.record_upkeep('backup', true)$$, '42501', NULL, 'nor records backups');
SELECT throws_ok($$SELECT billing.check_alerts()$$, '42501', NULL, 'nor runs alerts');
RESET SESSION AUTHORIZATION;

-- alerts
SELECT throws_ok($$SELECT billing.set_alert_rule('x', 'ops', '1 hour', metric => 'nothing', above => 1)$$, '22023', 'there is no metric "nothing"', 'no such metric');
SELECT throws_ok($$SELECT billing.set_alert_rule('x', 'ops', '1 hour', 'batches')$$, '23514', NULL, 'a check without a state');
SELECT billing.set_alert_rule('files', 'ops', '2 hours', 'batches', 'warning'), billing.set_alert_rule('many', 'sales', '1 day', metric => 'billing_accounts', above => 0) \gset
SELECT is(billing.check_alerts(), 2, 'two alerts');
SELECT is(billing.check_alerts(), 0, 'once');
SELECT results_eq($$SELECT subject, owner, due_at - opened_at FROM billing.alert ORDER BY 1$$, $$VALUES ('batches', 'ops', interval '2 hours'), ('billing_accounts', 'sales', '1 day')$$, 'whose, and until when');
SET LOCAL session_replication_role = replica;
UPDATE billing.batch SET received_at = now();
SET LOCAL session_replication_role = origin;
SELECT billing.check_alerts() \gset
SELECT results_eq($$SELECT subject FROM billing.alert WHERE closed_at IS NULL$$, $$VALUES ('billing_accounts')$$, 'what is well again is closed');

-- the trail of what is written straight into tables
SET LOCAL SESSION AUTHORIZATION tap_ann;
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT org_id, customer_id, 'B' || n, '2026-01-01' FROM billing.customer, generate_series(1, 3) n;
UPDATE billing.account SET address = 'new' WHERE account_no LIKE 'B%';
RESET SESSION AUTHORIZATION;
SELECT results_eq($$SELECT act, subject, detail, actor FROM billing.audit WHERE act LIKE '% rows' AND subject = 'account' ORDER BY audit_id$$,
	format($$VALUES ('insert rows', 'account', '{"rows": 3}'::jsonb, 'staff:%1$s'), ('update rows', 'account', '{"rows": 3}', 'staff:%1$s')$$, :a), 'who wrote how many rows');
SELECT is_empty($$SELECT c.relname, v.event FROM pg_class c CROSS JOIN (VALUES ('INSERT', 4), ('UPDATE', 16), ('DELETE', 8)) v(event, bit)
	WHERE c.relnamespace = 'billing'::regnamespace AND c.relkind IN ('r', 'p')
	  AND EXISTS (SELECT FROM pg_roles r WHERE r.rolname ~ '^billing_' AND r.rolname <> 'billing_owner' AND (has_table_privilege(r.oid, c.oid, v.event) OR (v.event <> 'DELETE' AND has_any_column_privilege(r.oid, c.oid, v.event))))
	  AND NOT EXISTS (SELECT FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE t.tgrelid = c.oid AND p.proname = '_audit_rows' AND t.tgtype & v.bit <> 0)$$,
	'what others may write straight into has a trail');
SELECT billing.add_calendar('cn', 'China') AS calendar \gset
SELECT is((SELECT actor FROM billing.audit WHERE act = 'insert rows' AND subject = 'calendar'), billing.actor(), 'what has no author of its own has a trail, whoever writes it');
SELECT is_empty($$SELECT 1 FROM billing.audit WHERE actor = 'nobody' OR actor IS NULL$$, 'and each row an actor');
SELECT * FROM finish();
ROLLBACK;
