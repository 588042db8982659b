/*
 * Every check of health() is made to fail, and mended by the remedy that it names.
 * Those that are about the server's own settings are in test/tap/watch.pl.
 */
SET client_min_messages = warning;
SELECT billing.create_roles() \g /dev/null
SELECT billing.install() \g /dev/null
DROP ROLE IF EXISTS tap_clerk, tap_late;
SELECT plan(69);
CREATE TEMPORARY TABLE tried (check_name text, state text);
-- bodies as text: install() drops and makes health() anew
CREATE FUNCTION pg_temp.said(check_name text) RETURNS text LANGUAGE sql AS
'INSERT INTO tried SELECT h.check_name, h.state FROM billing.health() h WHERE h.check_name = $1 RETURNING state';
CREATE FUNCTION pg_temp.meaning(check_name text) RETURNS text LANGUAGE sql AS
'SELECT h.meaning FROM billing.health() h WHERE h.check_name = $1';

-- an empty store: what is to be done and was never done is a warning, and nothing is wrong
SELECT results_eq($$SELECT check_name, meaning FROM billing.health() WHERE state <> 'ok' AND check_name NOT IN ('durability', 'archiving', 'logins') ORDER BY 1$$,
	$$VALUES ('anchor', 'there is none'), ('backup', 'never done'), ('recovery', 'never done'), ('verify', 'never done')$$, 'of an empty store');
SELECT is_empty($$SELECT check_name, meaning FROM billing.health() WHERE meaning ~ '(of|is|since|until|first) *$' OR meaning ~ 'off: *$'$$, 'no sentence lacks its end');

SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C') \g /dev/null
SELECT billing.add_customer('S', 'x') AS customer \gset

-- rows that others might see
ALTER TABLE billing.bill NO FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.said('row security'), 'critical', 'a table that its owner sees whole');
ALTER TABLE billing.bill FORCE ROW LEVEL SECURITY;
SELECT is(pg_temp.said('row security'), 'ok', 'mended');
CREATE VIEW billing_report.leak AS SELECT * FROM billing.bill;
SELECT is(pg_temp.said('views'), 'critical', 'a view that shows what its owner sees');
ALTER VIEW billing_report.leak SET (security_invoker = true);
SELECT is(pg_temp.said('views'), 'ok', 'mended');
DROP VIEW billing_report.leak;
ALTER TABLE billing.bill DISABLE TRIGGER bill_refuse_change;
SELECT is(pg_temp.said('guards'), 'critical', 'a trigger that is off');
ALTER TABLE billing.bill ENABLE TRIGGER bill_refuse_change;
SELECT is(pg_temp.said('guards'), 'ok', 'mended');
ALTER EVENT TRIGGER billing_guard_end DISABLE;
SELECT is(pg_temp.said('guards'), 'critical', 'the guard of the database is off');
ALTER EVENT TRIGGER billing_guard_end ENABLE;
SELECT is(pg_temp.said('guards'), 'ok', 'mended');

-- who may be whom
-- the server may have logins of others that are nobody here
SELECT pg_temp.meaning('logins') AS others \gset
CREATE ROLE tap_clerk LOGIN IN ROLE billing_clerk;
SELECT is(pg_temp.said('logins'), 'warning', 'a login that is nobody');
SELECT billing.add_staff('S', 'K', 'Kim', 'account clerk', 'tap_clerk') \g /dev/null
SELECT is(pg_temp.meaning('logins'), :'others', 'mended');
INSERT INTO tried VALUES ('logins', 'ok');
GRANT billing_owner TO tap_clerk;
SELECT is(pg_temp.said('roles'), 'critical', 'somebody logs in as the owner');
REVOKE billing_owner FROM tap_clerk;
SELECT is(pg_temp.said('roles'), 'ok', 'mended');
SELECT billing.add_staff('S', 'L', 'Li', 'account clerk', 'tap_late') \g /dev/null
SELECT is(pg_temp.said('identity'), 'warning', 'a person whose login is not there');
CREATE ROLE tap_late LOGIN IN ROLE billing_clerk;
SELECT is(pg_temp.said('identity'), 'ok', 'mended');

-- settings that loosen what guards
GRANT SET ON PARAMETER session_replication_role TO tap_clerk;
SELECT is(pg_temp.said('settings') || ': ' || pg_temp.meaning('settings'), 'critical: others may set session_replication_role', 'somebody may switch triggers off');
REVOKE SET ON PARAMETER session_replication_role FROM tap_clerk;
ALTER ROLE tap_clerk SET session_replication_role = replica;
SELECT is(pg_temp.said('settings') || ': ' || pg_temp.meaning('settings'), 'critical: triggers are off for sessions of tap_clerk', 'somebody has switched them off');
ALTER ROLE tap_clerk RESET session_replication_role;
SET log_statement = 'mod';
SELECT is(pg_temp.said('settings') || ': ' || pg_temp.meaning('settings'), 'warning: values of parameters are logged', 'parameters go to the log');
SET log_parameter_max_length = 0;
SELECT is(pg_temp.said('settings'), 'ok', 'mended');
RESET log_statement;
RESET log_parameter_max_length;
SET password_encryption = 'md5';
SELECT is(pg_temp.said('settings') || ': ' || pg_temp.meaning('settings'), 'warning: passwords are kept as md5', 'weak passwords');
RESET password_encryption;

-- the server (of this database alone, and never committed: it is not so)
BEGIN;
SET LOCAL allow_system_table_mods = on;
UPDATE pg_database SET datfrozenxid = ((txid_current() + 4294967296 - 1200000000) % 4294967296)::text::xid WHERE datname = current_database();
SELECT is(pg_temp.said('transaction numbers'), 'warning', 'old transaction numbers');
UPDATE pg_database SET datfrozenxid = ((txid_current() + 4294967296 - 1600000000) % 4294967296)::text::xid WHERE datname = current_database();
SELECT is(pg_temp.said('transaction numbers'), 'critical', 'very old ones');
ROLLBACK;
INSERT INTO tried VALUES ('transaction numbers', 'critical');
SELECT is(pg_temp.said('transaction numbers'), 'ok', 'mended');
UPDATE billing.store SET digest = '';
SELECT is(pg_temp.said('release'), 'warning', 'a store of another build');
SELECT billing.install() \g /dev/null
SELECT is(pg_temp.said('release'), 'ok', 'mended');

-- keys
SELECT billing.add_contact(:customer, 'mobile', '13812345678', '2026-01-01') \g /dev/null
UPDATE billing.seal_key SET made_at = now() - interval '4 years';
SELECT is(pg_temp.said('data keys'), 'warning', 'old keys');
SELECT billing.rotate_keys('C') \g /dev/null
CALL billing.reseal('C') \g /dev/null
SELECT is(pg_temp.said('data keys'), 'ok', 'mended');
SELECT billing.rotate_keys('C') \g /dev/null
UPDATE billing.seal_key SET retired_at = now() - interval '8 days' WHERE retired_at IS NOT NULL AND destroyed_at IS NULL;
SELECT is(pg_temp.said('data keys') || ': ' || pg_temp.meaning('data keys'), 'warning: a rotation was not finished', 'a rotation that stopped');
CALL billing.reseal('C') \g /dev/null
SELECT is(pg_temp.said('data keys'), 'ok', 'mended');
INSERT INTO billing.unsealed_value SELECT customer_id, 'customer_contact', contact_no, org_id, '13812345678' FROM billing.customer_contact;
SELECT is(pg_temp.said('plain values'), 'critical', 'values in plain text');
CALL billing.reseal('C') \g /dev/null
SELECT is(pg_temp.said('plain values'), 'ok', 'mended');

-- what is to be done
SELECT billing.record_upkeep(k, false, '{"why": "tried"}') FROM unnest('{backup,recovery}'::text[]) k \g /dev/null
SELECT is(array_agg(pg_temp.said(k)), '{critical,critical}', 'a backup that failed, and one that did not come back') FROM unnest('{backup,recovery}'::text[]) k;
SELECT billing.record_upkeep(k, true) FROM unnest('{backup,recovery}'::text[]) k \g /dev/null
SELECT is(array_agg(pg_temp.said(k)), '{ok,ok}', 'mended') FROM unnest('{backup,recovery}'::text[]) k;
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') \g /dev/null
SELECT date_trunc('month', now() AT TIME ZONE 'UTC')::date - 93 AS opened, date_trunc('month', now() AT TIME ZONE 'UTC')::date AS month \gset
SELECT billing.add_account('S', 'A', :customer, :'opened'), billing.set_plan('A', 'home', :'opened') \g /dev/null
SELECT is(pg_temp.said('completeness'), 'critical', 'no readings');
SELECT billing.record_profile('A', billing.profile((:'opened'::date + n)::timestamp AT TIME ZONE 'UTC', '1 day', array_fill(1000::bigint, ARRAY[31]))) FROM unnest('{0,31,62}'::integer[]) n \g /dev/null
SELECT is(pg_temp.said('completeness'), 'ok', 'mended');
SELECT is(pg_temp.said('unbilled accounts'), 'warning', 'an account that was not billed');
SELECT billing._start_run('C', :'month', 10) AS run \gset
UPDATE billing.bill_run SET requested_at = now() - interval '2 days' WHERE run_id = :run;
SELECT is(pg_temp.said('bill runs'), 'warning', 'a run that stands still');
CALL billing.run_bills('C', :'month') \g /dev/null
SELECT is(array_agg(pg_temp.said(k)), '{ok,ok}', 'mended, both') FROM unnest('{bill runs,unbilled accounts}'::text[]) k;
SELECT billing.request_correction('A', :'opened', 'asked for') \g /dev/null
UPDATE billing.late_change SET at = now() - interval '8 days';
SELECT is(pg_temp.said('late changes'), 'warning', 'a change that waits');
CALL billing.settle_late('C') \g /dev/null
SELECT is(pg_temp.said('late changes'), 'ok', 'mended');
SELECT billing.queue_notice('A', 'reply_wanted', 'x', 'hand', at => now() - interval '2 days') \g /dev/null
SELECT is(pg_temp.said('notices'), 'warning', 'a notice that nobody sends');
UPDATE billing.notice SET state = 'failed', reason = 'x';
SELECT is(pg_temp.said('notices'), 'ok', 'mended');
-- arrears that are paid, and no supply
INSERT INTO billing.account_phase (account_id, request_id, from_on, org_id, phase) SELECT account_id, 999999, :'month', org_id, 'disconnected' FROM billing.account WHERE account_no = 'A';
SELECT billing.post_payment('A', 1000000, 'all of it') \g /dev/null
ALTER TABLE billing.transfer DISABLE TRIGGER transfer_refuse_change;
UPDATE billing.transfer SET posted_at = posted_at - interval '3 days' WHERE key = 'all of it';
SELECT is(pg_temp.said('reconnections'), 'critical', 'who has paid is still without supply');
UPDATE billing.transfer SET posted_at = posted_at + interval '3 days' WHERE key = 'all of it';
ALTER TABLE billing.transfer ENABLE TRIGGER transfer_refuse_change;
SELECT is(pg_temp.said('reconnections'), 'ok', 'mended');
SELECT billing._start_validation('validation', 'C', :'opened', :'month', false, 10) AS validation \gset
UPDATE billing.validation_run SET requested_at = now() - interval '2 days';
SELECT is(pg_temp.said('validation'), 'warning', 'a validation that stands still');
CALL billing.validate_readings('C', :'opened', :'month') \g /dev/null
SELECT is(pg_temp.said('validation'), 'ok', 'mended');

-- what is received
SELECT billing.receive('pay.csv', E'account_no,amount,key,day\nNEW,5,k1,2026-01-05\n', 'payments', 'S') AS payments \gset
SET session_replication_role = replica;
UPDATE billing.batch SET received_at = now() - interval '2 days' WHERE batch_id = :payments;
SET session_replication_role = origin;
SELECT is(pg_temp.said('batches'), 'warning', 'a file that lies');
CALL billing.land_batches('C') \g /dev/null
SELECT is(pg_temp.said('batches'), 'ok', 'mended');
SELECT is(pg_temp.said('rejects'), 'warning', 'of which nothing could be taken');
SELECT billing.add_account('S', 'NEW', :customer, :'opened') \g /dev/null
SELECT billing.land_again(:payments) \g /dev/null
SELECT is(pg_temp.said('rejects'), 'ok', 'mended');
SELECT billing.set_usage_from('register', '{NEW}') \g /dev/null
SELECT billing.record_register('NEW', :'opened', 'total', 100, 'opening', digits => 5, multiplier => 1) \g /dev/null
SELECT is(pg_temp.said('register readings'), 'ok', 'a reading of today is entered');
SET session_replication_role = replica;
UPDATE billing.register_reading SET entered_at = now() - interval '2 days';
SET session_replication_role = origin;
SELECT is(pg_temp.said('register readings'), 'warning', 'one that is under no chain');
SELECT billing.close_readings('C') \g /dev/null
SELECT is(pg_temp.said('register readings'), 'ok', 'mended');

-- proof
SELECT is(billing.check_chains(), 0::bigint, 'the chains are whole');
SELECT is(pg_temp.said('verify'), 'ok', 'which is on record');
SET session_replication_role = replica;
UPDATE billing.bill SET total = total + 1 WHERE seq = 1;
UPDATE billing.batch SET content = 'forged' WHERE batch_id = :payments;
SET session_replication_role = origin;
SELECT cmp_ok(billing.check_chains(), '>=', 2::bigint, 'a bill and a file were changed');
SELECT is(pg_temp.said('verify'), 'critical', 'which calls for somebody');
SELECT is((SELECT detail ->> 'first' FROM billing.upkeep WHERE kind = 'verify' ORDER BY upkeep_id DESC LIMIT 1), 'A', 'and it says where to begin');
SET session_replication_role = replica;
UPDATE billing.bill SET total = total - 1 WHERE seq = 1;
UPDATE billing.batch SET content = E'account_no,amount,key,day\nNEW,5,k1,2026-01-05\n' WHERE batch_id = :payments;
SET session_replication_role = origin;
SELECT billing.check_chains() \g /dev/null
SELECT is(pg_temp.said('verify'), 'ok', 'mended');
SELECT is(pg_temp.said('anchor'), 'warning', 'no anchor');
SELECT billing.close_period('C', :'month', accept_unbilled => true) AS anchor \gset
SELECT is(pg_temp.said('anchor'), 'ok', 'mended');
SET session_replication_role = replica;
UPDATE billing.period_close SET closed_at = now() - interval '8 days';
SET session_replication_role = origin;
SELECT is(pg_temp.said('archive'), 'warning', 'a closed period that is not archived');
SELECT billing.record_upkeep('archive', true, jsonb_build_object('org_no', 'C', 'until_on', :'month'::date)) \g /dev/null
SELECT is(pg_temp.said('archive'), 'ok', 'mended');

-- anomalies
INSERT INTO billing.anomaly (account_id, org_id, kind, from_on, until_on, score, probability, looked_from, looked_until, due_on)
SELECT account_id, org_id, 'spike', '2026-01-01', '2026-01-02', 1, 1, '2026-01-01', '2026-01-02', '2026-01-10' FROM billing.account ORDER BY account_id LIMIT 1;
SELECT is(pg_temp.said('anomalies'), 'warning', 'an anomaly that nobody has closed');
SELECT billing.close_anomaly(anomaly_id, 'false_alarm') FROM billing.anomaly \g /dev/null
SELECT is(pg_temp.said('anomalies'), 'ok', 'mended');

-- alerts
SELECT billing.set_alert_rule('files', 'operations', '1 hour', 'backup', 'warning') \g /dev/null
SELECT billing.record_upkeep('backup', false) \g /dev/null
SELECT billing.check_alerts() \g /dev/null
UPDATE billing.alert SET due_at = now() - interval '1 minute';
SELECT is(pg_temp.said('alerts'), 'warning', 'an alert that nobody has seen to');
SELECT billing.record_upkeep('backup', true) \g /dev/null
SELECT billing.check_alerts() \g /dev/null
SELECT is(pg_temp.said('alerts'), 'ok', 'mended');

SELECT is_empty($$SELECT check_name FROM billing.health() WHERE check_name NOT IN ('durability', 'archiving', 'master key', 'signing key', 'token key')
	EXCEPT (SELECT check_name FROM tried WHERE state <> 'ok' INTERSECT SELECT check_name FROM tried WHERE state = 'ok')$$, 'each check has failed, and was mended');
SELECT * FROM finish();
DROP OWNED BY tap_clerk, tap_late;
DROP ROLE tap_clerk, tap_late;
