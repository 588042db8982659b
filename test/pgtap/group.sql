-- groups, posts, assigned accounts, separate duties: what each gives and takes, who may give it, and
-- that what the C code loads is what the view tells.
BEGIN;
SET LOCAL client_min_messages = warning;
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_adm LOGIN IN ROLE billing_admin;
CREATE ROLE tap_sub LOGIN IN ROLE billing_admin;
CREATE ROLE tap_ann LOGIN IN ROLE billing_clerk, billing_customer;
CREATE ROLE tap_ben LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_lat LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('C', 'Company', 'company') AS c, billing.add_org('S1', 'Station 1', 'station', 'C') AS s1 \gset
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') AS s2, billing.add_org('T1', 'Team', 'team', 'S1') AS t1 \gset
SELECT billing.add_staff('C', 'ADM', 'Adm', 'chief', 'tap_adm') AS adm, billing.add_staff('S1', 'SUB', 'Sub', 'chief', 'tap_sub') AS sub,
	billing.add_staff('S1', 'ANN', 'Ann', 'meter reader', 'tap_ann') AS ann, billing.add_staff('T1', 'BEN', 'Ben', 'billing clerk', 'tap_ben') AS ben \gset
SELECT billing.grant_access('ADM', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}') AS x,
	billing.grant_access('SUB', 'S1', '{org}', '{read,write}') AS y \gset
SELECT billing.add_customer('S2', 'x') AS cu \gset
SELECT billing.add_account('S2', '1', :cu, '2026-01-01') AS one, billing.add_account('S2', '2', :cu, '2026-01-01') AS two \gset

CREATE FUNCTION public.said(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	got		text;
BEGIN
	EXECUTE 'SELECT ' || call INTO got;
	RETURN coalesce(got, 'null');
EXCEPTION WHEN OTHERS THEN
	RETURN SQLSTATE || ' ' || SQLERRM;
END $$;
-- what somebody may, as policies ask
CREATE FUNCTION public.may(login name, org bigint, kind text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	before	name := session_user;
	got		text;
BEGIN
	EXECUTE format('SET SESSION AUTHORIZATION %I', login);
	got := (SELECT string_agg(a, ',' ORDER BY a) FROM unnest('{read,write,approve,run}'::text[]) a WHERE billing.can_do(a, kind, org));
	EXECUTE format('SET SESSION AUTHORIZATION %I', before);
	RETURN coalesce(got, '');
END $$;

SELECT plan(109);

-- ---- groups in groups ----
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.add_group('C', 'all', 'everybody') AS a, billing.add_group('C', 'readers', 'readers') AS b, billing.add_group('S1', 'deep', 'deep') AS d \gset
SELECT is(billing.grant_group_access('all', 'S2', '{account}', '{read}'), 1, 'a right for a group');
SELECT is(billing.grant_group_access('deep', 'S1', '{reading}', '{read,write}'), 2, 'two for another');
SELECT billing.nest_group('all', 'readers') \gset
SELECT billing.nest_group('readers', 'deep') \gset
SELECT is(said('billing.nest_group(''deep'', ''all'')'), '23514 a group cannot be in itself', 'no circles');
SELECT is(said('billing.nest_group(''all'', ''all'')'), '23514 a group cannot be in itself', 'not the shortest either');
SELECT billing.join_group('deep', 'ANN') \gset
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ann', :s2, 'account'), 'read', 'three levels up: one grant reaches all members');
SELECT is(may('tap_ann', :s1, 'reading'), 'read,write', 'and the group''s own');
SELECT is(may('tap_ann', :t1, 'reading'), 'read,write', 'and below');
SELECT is(may('tap_ann', :s1, 'account'), '', 'and nothing else');
SELECT is(may('tap_ben', :s1, 'reading'), '', 'for members only');
SELECT set_eq('SELECT staff_no, org_no, kind, action, group_no FROM billing_report.staff_right WHERE staff_no = ''ANN''',
	$$VALUES ('ANN', 'S2', 'account', 'read', 'all'), ('ANN', 'S1', 'reading', 'read', 'deep'), ('ANN', 'S1', 'reading', 'write', 'deep')$$, 'the view tells it, and by which group');
-- even where a circle has been made behind the functions
SET session_replication_role = replica;
INSERT INTO billing.group_group (member_id, group_id, org_id) SELECT a.group_id, d.group_id, d.org_id FROM billing.access_group a, billing.access_group d WHERE a.group_no = 'all' AND d.group_no = 'deep';
RESET session_replication_role;
SELECT is(may('tap_ann', :s2, 'account'), 'read', 'a circle in the table ends, too');
SELECT is((SELECT count(*) FROM billing_report.staff_right WHERE staff_no = 'ANN'), 3::bigint, 'in the view as well');
DELETE FROM billing.group_group g USING billing.access_group d WHERE d.group_no = 'deep' AND g.group_id = d.group_id;

-- ---- who may give what ----
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said('billing.join_group(''deep'', ''BEN'')'), '42501 only what one holds can be granted', 'what comes with a group one must hold, also of groups above that one does not see');
SELECT is(said('billing.join_group(''all'', ''BEN'')'), 'P0002 group all does not exist, or not for you', 'other orgs'' groups are not there');
SELECT is(said('billing.grant_group_access(''deep'', ''S1'', ''{bill}'', ''{read}'')'), '42501 only what one holds can be granted', 'a group is given only what one holds');
SELECT is(said('billing.grant_group_access(''deep'', ''S1'', ''{org}'', ''{read}'')'), '1', 'such as this');
SELECT is(said('billing.add_group(''S2'', ''mine'', ''x'')'), 'P0002 org S2 does not exist, or not for you', 'no groups at other orgs');
SELECT billing.add_group('S1', 'own', 'own') AS o \gset
SELECT billing.grant_group_access('own', 'S1', '{org}', '{read,write}') AS g \gset
SELECT is(said('billing.join_group(''own'', ''SUB'')'), '42501 nobody grants to himself', 'nobody joins by his own hand');
RESET SESSION AUTHORIZATION;
SELECT billing.join_group('own', 'SUB') \gset
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said('billing.grant_group_access(''own'', ''S1'', ''{org}'', ''{read}'')'), '42501 nobody grants to himself', 'nor grants to his own group');
SELECT billing.add_group('S1', 'outer', 'outer') AS ou \gset
SELECT is(said('billing.nest_group(''outer'', ''own'')'), '42501 nobody grants to himself', 'nor nests it');
SELECT is(said('billing.change_staff(''SUB'', ''Sub'', ''manager'')'), '42501 nobody grants to himself', 'nor takes another post');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.join_group(''deep'', ''BEN'')'), '42501 permission denied for function join_group', 'a clerk does nothing of it');
SELECT is(said('(SELECT count(*) FROM billing.group_grant)'), '42501 permission denied for table group_grant', 'and reads nothing of it');

-- ---- taken away, at once ----
SET SESSION AUTHORIZATION tap_adm;
SELECT ok(billing.unnest_group('readers', 'deep'), 'unnested');
SELECT is(billing.unnest_group('readers', 'deep'), false, 'once');
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ann', :s2, 'account'), '', 'what came from above is gone');
SELECT is(may('tap_ann', :s1, 'reading'), 'read,write', 'the rest is not');
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.revoke_group_access('deep', 'S1', '{reading}', '{write}'), 1, 'one right revoked');
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ann', :s1, 'reading'), 'read', 'gone for each member');
SELECT ok(billing.leave_group('deep', 'ANN'), 'left');
SELECT is(may('tap_ann', :s1, 'reading'), '', 'nothing any more');
SELECT billing.join_group('deep', 'ANN', now() + interval '1 hour') \gset
SELECT is(may('tap_ann', :s1, 'reading'), 'read', 'for an hour');
UPDATE billing.group_staff SET valid_during = tstzmultirange(tstzrange(now() - interval '2 hours', now() - interval '1 hour'));
SELECT is(may('tap_ann', :s1, 'reading'), '', 'which is over');
SELECT billing.join_group('deep', 'ANN') \gset
SELECT billing.change_staff('ANN', 'Ann', 'cashier') \gset
SELECT is(may('tap_ann', :s1, 'reading'), '', 'who changes the post leaves the groups');
SELECT billing.end_group('deep') \gset
SELECT is((SELECT count(*) FROM billing.group_grant g JOIN billing.access_group a USING (group_id) WHERE a.group_no = 'deep'), 0::bigint, 'a group goes whole');

-- ---- posts: the personnel list drives the rights ----
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.add_post('C', 'meter reader'), 4, 'a post for the whole company');
SELECT is(billing.add_post('C', 'meter reader'), 4, 'twice is once');
SELECT is(said('billing.add_post(''C'', ''astronaut'')'), '22023 nothing is laid down for post "astronaut"', 'a post that is none');
SELECT is(said('billing.join_group(''C-meter-reader'', ''BEN'')'), '22023 who is in the group of a post is who holds it', 'nobody joins a post');
SELECT is(billing.change_staff('ANN', 'Ann', 'meter reader'), true, 'Ann reads meters');
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ann', :s1, 'reading'), 'read,write', 'so she may at her own station');
SELECT is(may('tap_ann', :t1, 'reading'), 'read,write', 'and below');
SELECT is(may('tap_ann', :s2, 'reading'), '', 'not at others');
SELECT is((SELECT string_agg(DISTINCT org_no, ' ') FROM billing_report.staff_right WHERE staff_no = 'ANN'), 'S1', 'as the view tells');
SELECT billing.change_staff('ANN', 'Ann', 'meter reader', 'S2') \gset
SELECT is(may('tap_ann', :s1, 'reading') || '|' || may('tap_ann', :s2, 'reading'), '|read,write', 'she moves, her rights with her');
SELECT billing.end_staff('ANN') \gset
SELECT is(may('tap_ann', :s2, 'reading'), '', 'she leaves, and they are gone');

-- ---- who enters does not approve ----
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.grant_access('BEN', 'C', '{money,bill}', '{read,write,approve}') AS g \gset
SELECT is(billing.separate_duties('S1', '{money}'), 1, 'money is entered and approved by two');
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ben', :s1, 'money') || '|' || may('tap_ben', :t1, 'money'), 'read,write|read,write', 'at the station and below');
SELECT is(may('tap_ben', :s2, 'money') || '|' || may('tap_ben', :s1, 'bill'), 'approve,read,write|approve,read,write', 'not elsewhere, and not of bills');
SELECT is(may('tap_adm', :s1, 'money'), 'read,run,write', 'for administrators too');
SET SESSION AUTHORIZATION tap_adm;
SELECT is(said('billing.grant_access(''BEN'', ''S1'', ''{money}'', ''{approve}'')'), '1', 'who may still grant both');
SELECT is(said('billing.unite_duties(''S1'', ''{money}'')'), '42501 nobody grants to himself', 'but not lift the rule that holds them');
RESET SESSION AUTHORIZATION;
SELECT is(billing.unite_duties('S1', '{money}') || may('tap_ben', :s1, 'money'), '1approve,read,write', 'somebody else may');

-- ---- assigned accounts ----
SELECT billing.add_staff('S1', 'ANN2', 'Ann', 'reader', NULL) AS ann2 \gset
UPDATE billing.staff SET login_role = NULL WHERE staff_no = 'ANN';
UPDATE billing.staff SET login_role = 'tap_ann' WHERE staff_no = 'ANN2';
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.assign_accounts('ANN2', '{1,7}'), 1, 'an account of another station, and one that is not there');
SET SESSION AUTHORIZATION tap_ann;
SELECT is((SELECT string_agg(account_no, ' ') FROM billing.account), '1', 'is read, and no other');
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.change_staff('ANN2', 'Ann', 'driver') \gset
SET SESSION AUTHORIZATION tap_ann;
SELECT is_empty('SELECT * FROM billing.account', 'until she has another post');
-- what may be written there
RESET SESSION AUTHORIZATION;
SELECT billing.add_plan('home', 'x', '2026-01-01', '{"name": "x", "currency": "XTS", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}') AS p \gset
SELECT billing.set_plan('1', 'home', '2026-01-01'), billing.set_plan('2', 'home', '2026-01-01') \gset
SELECT billing.set_usage_from('register', '{1,2}') AS n \gset
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.assign_accounts('ANN2', '{1}'), 1, 'to read');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.record_register(''1'', ''2026-01-01'', ''total'', 5, ''opening'')'), 'P0002 account 1 does not exist, or not for you', 'reading it is not writing');
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said('billing.assign_accounts(''ANN2'', ''{1}'', NULL, ''{reading}'', ''{write}'')'), '0', 'of an org that one does not administer nothing is assigned');
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.assign_accounts('ANN2', '{1}', now() + interval '1 day', '{reading}', '{write}'), 1, 'to write its readings for a day');
SELECT matches(said('billing.assign_accounts(''ANN2'', ''{1}'', NULL, ''{reading}'', ''{run}'')'), '^22023', 'running stays with the org');
SELECT matches(said('billing.assign_accounts(''ANN2'', ''{1}'', NULL, ''{personal}'', ''{read}'')'), '^22023', 'and what is personal');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.record_register(''1'', ''2026-01-01'', ''total'', 5, ''opening'')'), 'valid', 'now she enters them');
SELECT is(said('billing.record_register(''1'', ''2026-02-01'', ''total'', 105)'), 'valid', 'again and again');
SELECT matches(said('billing.record_profile(''1'', billing.profile(''2026-01-01 00:00+00'', ''1 day'', array_fill(10000::bigint, ARRAY[31])))'), '^\[2026', 'also a profile');
SELECT matches(said('billing.edit_reading(''1'', ''2026-01-05 00:00+00'', ''{10001}'', ''misread'')'), '^\d+$', 'and edits it');
SELECT is((SELECT count(*) FROM billing.register_reading), 2::bigint, 'and sees them');
SELECT is(said('billing.record_register(''2'', ''2026-01-01'', ''total'', 5, ''opening'')'), 'P0002 account 2 does not exist, or not for you', 'no other account of that org');
SELECT is(said('billing.approve_reading(''1'', ''2026-02-01'', ''approve'', ''x'')'), 'P0002 account 1 does not exist, or not for you', 'what needs approval somebody else approves');
SELECT is(said('billing.post_payment(''1'', 5, ''k'')'), 'P0002 account 1 does not exist, or not for you', 'nothing of another kind');
SELECT is(said('billing.set_plan(''1'', ''home'', ''2026-05-01'')'), 'P0002 account 1 does not exist, or not for you', 'nor its plan');
SELECT is(said('billing.transfer_account(''1'', ''S1'', ''x'')'), 'P0002 org S1 does not exist, or not for you', 'nor where it belongs');
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_ann', :s2, 'reading'), '', 'nor anything of the org');
SET SESSION AUTHORIZATION tap_adm;
SELECT matches(said('billing.assign_accounts(''ANN2'', ''{1}'', NULL, ''{money}'', ''{write}'')'), '^22023', 'money stays with the org, too');
SELECT is(billing.assign_accounts('ANN2', '{1}', NULL, '{account,supply}', '{write}'), 1, 'other kinds');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.set_plan(''1'', ''home'', ''2026-05-01'')'), '', 'then she changes its plan');
SELECT is(said('billing.add_service_point(''1'', ''roof'')'), '', 'and where it is supplied');
RESET SESSION AUTHORIZATION;
UPDATE billing.account_grant SET valid_during = tstzmultirange(tstzrange(now() - interval '2 days', now() - interval '1 day')) WHERE kind = 'reading';
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.record_register(''1'', ''2026-03-01'', ''total'', 205)'), 'P0002 account 1 does not exist, or not for you', 'until the day is over');
SET SESSION AUTHORIZATION tap_adm;
SELECT is(billing.unassign_accounts('ANN2'), 1, 'taken back');
SET SESSION AUTHORIZATION tap_ann;
SELECT is(said('billing.set_plan(''1'', ''home'', ''2026-06-01'')'), 'P0002 account 1 does not exist, or not for you', 'at once');
RESET SESSION AUTHORIZATION;
SELECT is_empty('SELECT * FROM billing.verify()', 'and the chain is whole');
SELECT is_empty($$SELECT p.polname FROM pg_policy p JOIN pg_attribute a ON a.attrelid = p.polrelid AND a.attname = 'account_id'
	 WHERE to_regrole('billing_owner') = ANY (p.polroles) AND p.polname NOT LIKE '%\_assigned' AND p.polrelid <> 'billing.account_grant'::regclass
	   AND coalesce(pg_get_expr(p.polqual, p.polrelid), '') || coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') ~ 'can_(read|write|do)\('
	   AND NOT EXISTS (SELECT FROM pg_policy q WHERE q.polrelid = p.polrelid AND q.polname = left(p.polname, 54) || '_assigned')$$, 'every policy by a right at the org has its like by a right on the account');
-- ---- what begins later, and who stands in ----
RESET SESSION AUTHORIZATION;
SELECT billing.add_staff('S1', 'LAT', 'Later', 'x', 'tap_lat') AS lat, billing.add_staff('S1', 'AWY', 'Away', 'billing clerk') AS awy \gset
SET SESSION AUTHORIZATION tap_adm;
SELECT billing.grant_access('LAT', 'S2', '{account}', '{read}', until => now() + interval '1 day') \gset
SELECT billing.grant_access('LAT', 'S2', '{account}', '{read}', from_at => now() + interval '2 days', until => now() + interval '3 days') \gset
SELECT billing.grant_access('LAT', 'S2', '{bill}', '{read}', from_at => now() + interval '1 day') \gset
SELECT is((SELECT array_agg(round(extract(epoch FROM u - now()) / 86400) ORDER BY u) FROM billing.access_grant g, unnest(g.valid_during) v, unnest(ARRAY[lower(v), upper(v)]) u WHERE g.staff_id = :lat AND g.kind = 'account'),
	'{0,1,2,3}', 'what one has until tomorrow stays beside what one has from the day after');
SELECT is(said('billing.grant_access(''LAT'', ''S2'', ''{bill}'', ''{read}'', from_at => now() - interval ''1 hour'')'), '22023 a right begins now or later, and ends after that', 'nothing begins in the past');
SELECT is(said('billing.grant_access(''LAT'', ''S2'', ''{bill}'', ''{read}'', until => now() + interval ''1 day'', from_at => now() + interval ''1 day'')'), '22023 a right begins now or later, and ends after that', 'nor ends before');
SELECT billing.add_post('C', 'billing clerk') \gset
SELECT billing.stand_in('LAT', 'AWY', until => now() + interval '14 days', from_at => now() + interval '1 day') \gset
RESET SESSION AUTHORIZATION;
SELECT is(may('tap_lat', :s2, 'account') || ' ' || may('tap_lat', :s2, 'bill') || ' ' || may('tap_lat', :s1, 'money'), 'read  ', 'until it begins there is nothing of it');
UPDATE billing.access_grant SET valid_during = tstzmultirange(tstzrange(now() - interval '2 days', now() - interval '1 day'), tstzrange(now() - interval '1 hour', NULL)) WHERE staff_id = :lat;
UPDATE billing.stand_in SET valid_during = tstzmultirange(tstzrange(now() - interval '1 hour', now() + interval '1 hour'));
SELECT is(may('tap_lat', :s2, 'account') || ' ' || may('tap_lat', :s2, 'bill') || ' ' || may('tap_lat', :s1, 'money') || ' ' || may('tap_lat', :s1, 'bill'), 'read read read,write read,run,write', 'then all of it, for whom he stands in as well');
SELECT is(may('tap_lat', :s2, 'money'), '', 'where the other has it, at his own org');
SELECT set_eq($$SELECT org_no, kind, action, group_no, stands_in_for FROM billing_report.staff_right WHERE staff_no = 'LAT' AND kind = 'money'$$,
	$$VALUES ('S1', 'money', 'read', 'C-billing-clerk', 'AWY'), ('S1', 'money', 'write', 'C-billing-clerk', 'AWY')$$, 'the view says for whom');
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said('billing.stand_in(''SUB'', ''AWY'', now() + interval ''1 day'')'), '42501 nobody grants to himself', 'nobody lets himself stand in');
SELECT is(said('billing.stand_in(''ANN2'', ''AWY'', now() + interval ''1 day'')'), '42501 only what one holds can be granted', 'nor another for more than he has');
SELECT is(said(format('billing.set_login(''staff'', %s, ''later1'', ''long enough'')', :lat)), '42501 only what one holds can be granted', 'nor a password to who stands in');
RESET SESSION AUTHORIZATION;
SELECT billing.stand_in('SUB', 'AWY', now() + interval '1 day') \gset
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said('billing.grant_access(''AWY'', ''S1'', ''{org}'', ''{read}'')'), '42501 nobody grants to himself', 'nor to whom he stands in for');
RESET SESSION AUTHORIZATION;
SELECT is(billing.end_stand_in('SUB', 'AWY')::text || billing.end_stand_in('SUB', 'AWY')::text, 'truefalse', 'the other is back');
SELECT billing.end_staff('AWY') \gset
SELECT is(may('tap_lat', :s1, 'money') || (SELECT count(*) FROM billing.stand_in), '0', 'with the other''s leaving it is over');

-- ---- single accounts: approving, too ----
SELECT billing.revoke_access('LAT', 'S2') \gset
SELECT string_agg(billing.record_register(n, d::date, 'total', v, digits => 6), ' ') AS r FROM unnest('{1,2}'::text[]) n, (VALUES ('2026-01-01', 1000), ('2026-02-01', 1300), ('2026-03-01', 9000)) q(d, v) \gset
SET SESSION AUTHORIZATION tap_adm;
SELECT is(said('billing.assign_accounts(''LAT'', ''{1}'', kinds => ''{money}'', actions => ''{write}'')'),
	'22023 of single accounts only readings, supplies and the accounts themselves are assigned, to be read, written or approved', 'money stays with the organisation');
SELECT is(said('billing.assign_accounts(''LAT'', ''{1}'', kinds => ''{reading}'', actions => ''{approve}'', until => now() + interval ''1 day'')'), '1', 'approving readings of one account');
SET SESSION AUTHORIZATION tap_lat;
SELECT results_eq('SELECT DISTINCT subject ~ ''account 1'', for_me FROM billing_report.approval', 'VALUES (true, true)', 'she sees what waits for her, and nothing of others');
SELECT is(said('billing.approve_reading(''2'', ''2026-03-01'', ''approve'', ''seen'')'), 'P0002 account 2 does not exist, or not for you', 'not of another');
SELECT is(said('billing.approve_reading(''1'', ''2026-03-01'', ''approve'', ''seen'')'), '1', 'of this one');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(format('%s %s', a.account_no, r.state), ', ' ORDER BY a.account_no) FROM billing.register_reading r JOIN billing.account a USING (account_id) WHERE r.read_on = '2026-03-01'), '1 valid, 2 pending', 'which counts then');

-- ---- a password, or another post, by an administrator who holds less than the person ----
RESET SESSION AUTHORIZATION;
SELECT billing.add_staff('S1', 'PST', 'Post', 'auditor') AS pst, billing.add_staff('S1', 'GRT', 'Granted', 'x') AS grt, billing.add_staff('S1', 'GRP', 'Grouped', 'x') AS grp,
	billing.add_staff('S1', 'NON', 'None', 'x') AS non \gset
SELECT billing.add_post('C', 'auditor') AS x, billing.grant_access('GRT', 'S2', '{money}', '{read}') AS y, billing.add_group('C', 'far', 'far') AS z \gset
SELECT billing.grant_group_access('far', 'S2', '{money}', '{read}') AS x, billing.join_group('far', 'GRP') AS y \gset
SET SESSION AUTHORIZATION tap_sub;
SELECT is(said(format('billing.set_login(''staff'', %s, ''nobody1'', ''long enough'')', :pst)), '42501 only what one holds can be granted', 'no password for whom his post lets do more');
SELECT is(said(format('billing.set_login(''staff'', %s, ''nobody2'', ''long enough'')', :grt)), '42501 only what one holds can be granted', 'nor for whom another org has granted something');
SELECT is(said(format('billing.set_login(''staff'', %s, ''nobody3'', ''long enough'')', :grp)), '42501 only what one holds can be granted', 'nor for who is in a group of theirs');
SELECT is(said(format('billing.set_login(''staff'', %s, ''nobody4'', ''long enough'')', :non)), '', 'for one who may nothing, yes');
SELECT is(said('billing.change_staff(''GRT'', ''Granted'', ''y'')') || said('billing.change_staff(''GRP'', ''Grouped'', ''y'')'), 'truetrue', 'they get another post');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT count(*) FROM billing.access_grant WHERE staff_id = :grt), 0::bigint, 'and with it goes what another org has granted');
SELECT is((SELECT count(*) FROM billing.group_staff WHERE staff_id = :grp), 0::bigint, 'and their groups');
RESET SESSION AUTHORIZATION;
SELECT is((SELECT string_agg(DISTINCT act, ' ' ORDER BY act) FROM billing.audit WHERE act ~ 'group|post|duties|assign|stand'),
	'add_group add_post assign_accounts end_group end_stand_in grant_group_access join_group leave_group nest_group revoke_group_access separate_duties stand_in unassign_accounts unite_duties unnest_group', 'all of it is written down');
SELECT * FROM finish();
ROLLBACK;
