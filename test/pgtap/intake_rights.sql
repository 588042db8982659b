-- Who may receive, land and see what: by posts, at two stations.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
SELECT billing.add_org('C', 'Company', 'company') \gset
SELECT billing.add_org('A', 'Station', 'station', 'C') \gset
SELECT billing.add_org('B', 'Station', 'station', 'C') \gset
CREATE ROLE intake_reader LOGIN IN ROLE billing_clerk;
CREATE ROLE intake_other LOGIN IN ROLE billing_clerk;
CREATE ROLE intake_cashier LOGIN IN ROLE billing_clerk;
CREATE ROLE intake_analyst LOGIN IN ROLE billing_analyst;
CREATE ROLE intake_chief LOGIN IN ROLE billing_admin, billing_clerk;
CREATE ROLE intake_home LOGIN IN ROLE billing_customer;
CREATE ROLE intake_nobody LOGIN;
SELECT billing.add_staff('A', 'R', 'Reader', 'meter reader', 'intake_reader'), billing.add_staff('B', 'O', 'Other', 'meter reader', 'intake_other'),
	billing.add_staff('A', 'K', 'Cashier', 'billing clerk', 'intake_cashier'), billing.add_staff('A', 'N', 'Analyst', 'analyst', 'intake_analyst'),
	billing.add_staff('C', 'H', 'Chief', 'administrator', 'intake_chief') \g /dev/null
SELECT billing.grant_post('R', 'A'), billing.grant_post('O', 'B'), billing.grant_post('K', 'A'), billing.grant_post('N', 'A'), billing.grant_post('H', 'C'),
	billing.grant_access('H', 'C', '{reading,account}', '{read,write}') \g /dev/null
SELECT billing.add_customer('A', 'Home', 'person', 'intake_home') AS home \gset
SELECT billing.add_customer('B', 'x') AS customer \gset
SELECT billing.add_account('A', 'A1', :home, '2026-01-01'), billing.add_account('B', 'B1', :customer, '2026-01-01') \g /dev/null
CREATE FUNCTION public.intake_file(value integer, version text) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to(E'100,NEM12,202601010000,M,R\n' || string_agg(format(E'200,%s,E1,1,E1,N1,M,kWh,720,\n300,20260201,%s,%s,A,,,%s000000,\n', m, value, value, version), '' ORDER BY m) || '900', 'UTF8')
	  FROM unnest('{A1,B1}'::text[]) m $$;
GRANT EXECUTE ON FUNCTION public.intake_file(integer, text) TO PUBLIC;

SELECT plan(25);

SET LOCAL SESSION AUTHORIZATION intake_reader;
SELECT billing.receive('a', public.intake_file(1, '20260202'), 'nem12', 'A') AS batch \gset
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :batch), 'VALUES (1::bigint, 0::bigint, 1::bigint)', 'a meter reader lands what is his; a stranger''s meter does not exist');
SELECT is((SELECT content FROM billing.batch WHERE batch_id = :batch), public.intake_file(1, '20260202'), 'and sees the file as it came');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'nem12', 'B')$$, 'P0002', 'org B does not exist, or not for you', 'at the other station nothing is received');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'payments', 'A')$$, 'P0002', NULL, 'nor payments, nor staff');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'staff', 'A')$$, 'P0002', NULL, 'by who may not write these');
SELECT throws_ok($$SELECT billing.set_mapping('m', 'nem12')$$, '42501', NULL, 'mappings are for who may write readings everywhere');
SELECT throws_ok('UPDATE billing.reading SET source = ''x''', '42501', NULL, 'readings are replaced by landing only');
SELECT throws_ok('DELETE FROM billing.reading_superseded', '42501', NULL, 'what was replaced is nobody''s to remove');
SELECT throws_ok('INSERT INTO billing.batch_reject (batch_id, reject_no, org_id, kind, sqlstate, message) VALUES (1, 99, 2, ''reading'', '''', '''')', '42501', NULL, 'nor rejects to put in');
SELECT throws_ok($$SELECT * FROM billing._put_days(1, now(), '', '{}')$$, '42501', NULL, 'and what landing is made of is not called');
SELECT is_empty('SELECT * FROM billing.verify_batches()', 'he verifies what he may see');

SET LOCAL SESSION AUTHORIZATION intake_other;
SELECT is_empty('SELECT batch_id FROM billing.batch UNION ALL SELECT batch_id FROM billing.batch_reject UNION ALL SELECT batch_id FROM billing.batch_manifest UNION ALL SELECT org_id FROM billing.batch_head', 'the other station sees nothing of it');
SELECT throws_ok(format('SELECT * FROM billing.land(%s)', :batch), 'P0002', format('batch %s does not exist, or not for you', :batch), 'and cannot land it');
SELECT throws_ok(format('SELECT * FROM billing.land_again(%s)', :batch), 'P0002', NULL, 'nor once more');
SELECT isnt(billing.receive('b', public.intake_file(1, '20260202'), 'nem12', 'B'), :batch::bigint, 'the same bytes are its own batch');

SET LOCAL SESSION AUTHORIZATION intake_cashier;
SELECT billing.receive('bank', convert_to(E'account_no,amount,key\nA1,5,k\nB1,5,k', 'UTF8'), 'payments', 'A') AS bank \gset
SELECT results_eq(format('SELECT * FROM billing.land(%s)', :bank), 'VALUES (1::bigint, 0::bigint, 1::bigint)', 'a billing clerk lands payments, his own');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'nem12', 'A')$$, 'P0002', NULL, 'and no readings');

SET LOCAL SESSION AUTHORIZATION intake_reader;
SELECT is((SELECT count(*) FROM billing.batch), 1::bigint, 'of which the reader sees nothing');
SELECT billing.receive('a2', public.intake_file(2, '20260203'), 'nem12', 'A') AS second \gset
SELECT is((SELECT taken FROM billing.land(:second)), 1::bigint, 'a later version');

SET LOCAL SESSION AUTHORIZATION intake_analyst;
SELECT is((SELECT count(*) FROM billing.reading_superseded), 1::bigint, 'an analyst sees what was there');
SELECT throws_ok($$SELECT billing.receive('a', 'x', 'nem12', 'A')$$, '42501', NULL, 'and receives nothing');

SET LOCAL SESSION AUTHORIZATION intake_home;
SELECT is((SELECT sum(billing.energy_kwh(profile)) FROM billing.reading_superseded), 2.0, 'a customer sees what was there of his own');
SELECT throws_ok('SELECT * FROM billing.batch', '42501', NULL, 'and no files');

SET LOCAL SESSION AUTHORIZATION intake_nobody;
SELECT throws_ok('SELECT * FROM billing.batch', '42501', NULL, 'who is nobody sees nothing');

RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM billing.audit WHERE act IN ('receive', 'land') AND actor LIKE 'staff:%'), 7::bigint, 'all of it is in the audit trail, with who did it');
SELECT finish();
ROLLBACK;
