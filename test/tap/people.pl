# People come, move, are revoked and leave while their sessions are open: plans that are
# cached there, also parallel ones, sessions of a pool, tokens and passwords that are still
# good, accounts that were assigned, requests and drafts that they leave to others.  And no
# policy keeps a clerk from the index of what he searches by.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $dir = $node->basedir;
umask 077;
append_to_file("$dir/keys", "k1 " . '5a' x 32 . "\n");
$node->append_conf('postgresql.conf', "billing.token_key_file = '$dir/keys'\nautovacuum = off\nmax_worker_processes = 8\nmax_parallel_workers = 4\n");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles(), billing.install();
CREATE ROLE chief LOGIN IN ROLE billing_admin, billing_clerk; CREATE ROLE boss LOGIN IN ROLE billing_clerk;
CREATE ROLE ann LOGIN IN ROLE billing_clerk, billing_customer; CREATE ROLE ben LOGIN IN ROLE billing_clerk, billing_customer; CREATE ROLE cat LOGIN IN ROLE billing_clerk;
CREATE ROLE pool LOGIN IN ROLE billing_clerk, billing_customer, billing_login;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S' || n, 'Station', 'station', 'C') FROM generate_series(1, 30) n;
SELECT billing.add_staff('C', 'CHIEF', 'Chief', 'chief', 'chief'), billing.add_staff('C', 'BOSS', 'Boss', 'boss', 'boss'), billing.add_staff('S1', 'ANN', 'Ann', 'clerk', 'ann'),
	billing.add_staff('S1', 'BEN', 'Ben', 'clerk', 'ben'), billing.add_staff('S1', 'CAT', 'Cat', 'clerk', 'cat');
SELECT billing.grant_access('CHIEF', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');
SELECT billing.grant_access(s, 'C', '{org,customer,account,reading,plan,bill,money,supply}', '{read,write,approve}') FROM unnest('{BOSS,ANN,BEN}'::text[]) s;
SELECT billing.grant_access('CAT', 'S1', '{org,customer,account,reading,plan,bill,money,supply}', '{read,write}');
SELECT billing.add_customer('S' || n, 'Customer ' || n) FROM generate_series(1, 30) n;
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 30, 1 + n % 30, 'A' || n, '2026-01-01' FROM generate_series(0, 5999) n;
INSERT INTO billing.customer (org_id, name) SELECT 2 + n % 30, 'Person ' || n FROM generate_series(1, 6000) n;
ANALYZE;
END

# what a session of somebody says, in which others act by  \! as ROLE "SQL"
append_to_file("$dir/as", "#!/bin/sh\nexec psql -XAtq -v ON_ERROR_STOP=1 -U \"\$1\" -d '" . $node->connstr('postgres') . "' -c \"\$2\"\n");
chmod 0700, "$dir/as";
sub session
{
	my ($role, $sql) = @_;
	$sql =~ s/^as (\w+) (.*)$/\\! $dir\/as $1 "$2" >\/dev\/null/mg;
	my $out = '';
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=sqlstate', '-U', $role, '-d', $node->connstr('postgres') ], '<', \$sql, '>', \$out, '2>&1');
	return $out =~ s/^psql:<stdin>:\d+: //mgr =~ s/\n\z//r;
}
my $parallel = "SET max_parallel_workers_per_gather = 2; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET enable_indexscan = off; "
	. "SET enable_indexonlyscan = off; SET enable_bitmapscan = off; SET parallel_leader_participation = off; SET plan_cache_mode = force_generic_plan;\n";

# ---- revoked while a parallel plan is cached ----

my $plan = session('ann', "$parallel PREPARE q AS SELECT count(*) FROM billing.account WHERE \$1; EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) EXECUTE q (true)");
like($plan, qr/Workers Launched: [12]/, 'the plan has workers');
unlike($plan, qr/can_read/, 'and no check, since she sees every org');
is(session('ann', <<"END"), "6000\n200\nt\n0\n6000", 'a revoke reaches the plan in each worker, at the next statement; and so does a grant');
$parallel
PREPARE q AS SELECT count(*) FROM billing.account WHERE \$1;
EXECUTE q (true);
as chief SELECT billing.revoke_access('ANN', 'C', '{account}'), billing.grant_access('ANN', 'S1', '{account}', '{read}')
EXECUTE q (true);
SELECT (SELECT count(*) FROM billing.account) = 200;
as chief SELECT billing.revoke_access('ANN', 'S1')
EXECUTE q (true);
as chief SELECT billing.grant_access('ANN', 'C', '{account}', '{read,write}')
EXECUTE q (true);
END
is(session('ann', <<"END"), "6000\n6000\nERROR:  40001", 'within a transaction, which holds its locks, the statement is refused');
$parallel
PREPARE q AS SELECT count(*) FROM billing.account WHERE \$1;
BEGIN ISOLATION LEVEL REPEATABLE READ;
EXECUTE q (true);
SELECT count(*) FROM billing.account;
as chief SELECT billing.revoke_access('ANN', 'C', '{account}')
EXECUTE q (true);
COMMIT;
END
# by the group, by the tree of orgs, by the post
is(session('ben', <<"END"), "6000\n6000\n0\n200\n0", 'by group and by tree, the same');
$parallel
PREPARE q AS SELECT count(*) FROM billing.account WHERE \$1;
EXECUTE q (true);
as chief SELECT billing.add_group('C', 'g', 'g'), billing.grant_group_access('g', 'C', '{account}', '{read}'), billing.join_group('g', 'BEN'), billing.revoke_access('BEN', 'C', '{account}')
EXECUTE q (true);
as chief SELECT billing.end_group('g')
EXECUTE q (true);
as chief SELECT billing.grant_access('BEN', 'S2', '{account}', '{read}')
EXECUTE q (true);
as chief SELECT billing.revoke_access('BEN', 'S2')
EXECUTE q (true);
END

# by the clock alone: nothing is written when it begins and ends
is(session('ben', <<"END"), "0\n200\n0\n0\n200\n0", 'what begins later begins and ends in plans that are cached, in workers too; and so does standing in');
$parallel
PREPARE q AS SELECT count(*) FROM billing.account WHERE \$1;
as chief SELECT billing.grant_access('BEN', 'S2', '{account}', '{read}', from_at => now() + '4 s', until => now() + '8 s')
EXECUTE q (true);
DO 'BEGIN PERFORM pg_sleep(4.2); END';
EXECUTE q (true);
DO 'BEGIN PERFORM pg_sleep(4); END';
EXECUTE q (true);
as chief SELECT billing.stand_in('BEN', 'CAT', from_at => now() + '4 s', until => now() + '8 s')
EXECUTE q (true);
DO 'BEGIN PERFORM pg_sleep(4.2); END';
EXECUTE q (true);
DO 'BEGIN PERFORM pg_sleep(4); END';
EXECUTE q (true);
END

# ---- who leaves ----

my ($ann, $ben) = map { $node->safe_psql('postgres', "SELECT staff_id FROM billing.staff WHERE staff_no = '$_'") } qw(ANN BEN);
$node->safe_psql('postgres', "SELECT billing.grant_access('ANN', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write}')");
$node->safe_psql('postgres', "SELECT billing.set_login('staff', $ann, 'ann', 'her own words')");
my $token = $node->safe_psql('postgres', "SELECT billing.issue_token('staff', $ann)");
my $key = session('pool', "CALL billing.login('ann', 'her own words')");
like(session('pool', "BEGIN; SELECT billing.identify('$token'); SELECT count(*) FROM billing.account; COMMIT"), qr/^staff:$ann\n6000$/, 'a token of hers');
like(session('pool', "BEGIN; SELECT billing.identify_session('$key'); COMMIT"), qr/^staff:$ann$/, 'a session of hers');
$node->safe_psql('postgres', "SELECT billing.assign_accounts('ANN', '{A1,A2}')");
# what she leaves to others
$node->safe_psql('postgres', "SELECT billing.post_payment('A0', 50, 'p')");
$node->safe_psql('postgres', "SELECT billing.add_plan('home', 'x', '2026-01-01', '{\"name\": \"x\", \"currency\": \"XTS\", \"time_zone\": \"UTC\", \"rounding\": {\"line\": 2}, \"charges\": [{\"code\": \"energy\", \"price\": \"0.5\"}]}'), billing.set_plan('A0', 'home', '2026-01-01')");
is(session('ann', "SELECT billing.request_refund('A0', 20, 'r', 'x'), billing.request_refund('A0', 10, 'r2', 'x')"), '1|2', 'she asks');
is(session('boss', 'SELECT billing.approve(1)'), 'account A0, r', 'it is approved');
is(session('ann', q{SELECT billing.draft_bill('A0', 'sundry', '2026-01-01', '2026-02-01', '[{"code": "fee", "quantity": 1, "price": 5}]', 'x')}), '1', 'she drafts');
is(session('ann', <<"END"), "staff:$ann|6000\n2\nnobody|0\n0\nERROR:  P0002\nnobody|0", 'in the middle of a transaction she is nobody, from the next statement on');
$parallel
PREPARE q AS SELECT billing.actor(), count(*) FROM billing.account WHERE \$1;
EXECUTE q (true);
SELECT count(*) FROM billing.account WHERE billing.is_own(account_id);
BEGIN;
as chief SELECT billing.end_staff('ANN')
EXECUTE q (true);
SELECT count(*) FROM billing.account WHERE billing.is_own(account_id);
SELECT billing.post_payment('A1', 1, 'k');
ROLLBACK;
EXECUTE q (true);
END
like(session('pool', "BEGIN; SELECT billing.identify('$token')"), qr/UB401/, 'her token is none');
like(session('pool', "BEGIN; SELECT billing.identify_session('$key')"), qr/UB401/, 'nor her session');
unlike(session('pool', "CALL billing.login('ann', 'her own words')"), qr/^[0-9a-f]{64}$/m, 'nor her password');
is($node->safe_psql('postgres', "SELECT (SELECT count(*) FROM billing.access_grant WHERE staff_id = $ann) + (SELECT count(*) FROM billing.group_staff WHERE staff_id = $ann) + (SELECT count(*) FROM billing.account_grant WHERE staff_id = $ann)"),
	'0', 'nothing is left of what she held');
like(session('cat', "SELECT billing.post_refund('A0', 20, 'r', 'x')"), qr/^\d+$/, 'what she asked for and was approved, a colleague does');
is(session('boss', "SELECT billing.decline(2, 'she has left')"), 'account A0, r2', 'what was not, can be declined');
is(session('cat', q{SELECT billing.edit_draft('A0', 1, '[{"code": "fee", "quantity": 2, "price": 5}]')}), '2', 'and her draft goes on');
is($node->safe_psql('postgres', "SELECT string_agg(act || ' ' || actor, ', ' ORDER BY audit_id) FROM billing.audit WHERE act IN ('end_staff', 'declined', 'edit_draft')"),
	'end_staff staff:1, declined staff:2, edit_draft staff:5', 'all of it is on record');
# known beforehand: by itself, without a statement of anybody
is(session('chief', "SELECT billing.grant_access('BEN', 'C', '{account}', '{read}')"), '1', 'somebody else');
is(session('ben', <<"END"), "6000\n6000\n\n0|nobody", 'who leaves later has his rights until then, and not a moment longer');
PREPARE q AS SELECT count(*) FROM billing.account;
EXECUTE q;
as chief SELECT billing.end_staff('BEN', now() + interval '2 s')
EXECUTE q;
SELECT pg_sleep(2.2);
SELECT count(*), billing.actor() FROM billing.account;
END
like(session('chief', "SELECT billing.end_staff('CAT', now() - interval '1 day')"), qr/22023/, 'nobody has left before');

# ---- the personnel list ----

my $list = sub {
	my ($rows) = @_;
	return session('chief', "SELECT taken, unchanged, rejected FROM billing.land((SELECT billing.receive('hr', convert_to(E'staff_no,name,post,org_no,login_role,left_on\\n$rows', 'UTF8'), 'staff', 'C', mapping => 'hr')))");
};
session('chief', q{SELECT billing.set_mapping('hr', 'staff', '{"columns": {"staff_no": "staff_no", "name": "name", "post": "post", "org_no": "org_no", "login_role": "login_role", "left_on": "left_on"}}')});
session('chief', "SELECT billing.add_post('C', 'meter reader'), billing.add_post('C', 'cashier')");
$node->safe_psql('postgres', 'CREATE ROLE dan LOGIN IN ROLE billing_clerk');
is($list->('D1,Dan,meter reader,S3,dan,'), '1|0|0', 'a person comes by the list');
my $may = "SELECT concat_ws(' ', o.org_no, billing.can_do('write', 'reading', o.org_id), billing.can_do('write', 'money', o.org_id)) FROM unnest('{4,5}'::bigint[], '{S3,S4}'::text[]) o(org_id, org_no);\n";
is(session('dan', $may), "S3 t f\nS4 f f", 'and has what the post has at his station');
my $feed = sub { my ($rows) = @_; return "as chief SELECT billing.land((SELECT billing.receive('hr', convert_to(E'staff_no,name,post,org_no,login_role,left_on\\\\n$rows', 'UTF8'), 'staff', 'C', mapping => 'hr')))\n" };
is(session('dan', $may . $feed->('D1,Dan,cashier,S4,dan,') . $may . $feed->('D1,Dan,cashier,S4,dan,2099-01-01') . $may . $feed->('D1,Dan,cashier,S4,dan,2020-01-01') . $may),
	"S3 t f\nS4 f f\nS3 f f\nS4 f t\nS3 f f\nS4 f t\nS3 f f\nS4 f f", 'moved to another post and station, then gone, each in his open session');
is($node->safe_psql('postgres', "SELECT count(*) FILTER (WHERE detail ->> 'at' LIKE '2099%'), count(*) FROM billing.audit WHERE act = 'end_staff' AND subject = 'staff D1'"), '1|2', 'the day known beforehand is on record');

# ---- searching ----

my @missed = split /\n/, $node->safe_psql('postgres', <<'END');
SELECT DISTINCT i.indexrelid::regclass || ' ' || a.attname
  FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid AND t.relrowsecurity
  JOIN pg_opclass c ON c.oid = i.indclass[0] JOIN pg_am m ON m.oid = c.opcmethod AND m.amname IN ('btree', 'hash')
  LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
 WHERE NOT EXISTS (SELECT FROM pg_amop o JOIN pg_operator p ON p.oid = o.amopopr JOIN pg_proc f ON f.oid = p.oprcode
	WHERE o.amopfamily = c.opcfamily AND o.amoplefttype = c.opcintype AND o.amoprighttype = c.opcintype AND o.amopstrategy = 3 AND f.proleakproof)
END
is("@missed", '', 'the equality of each index of a table with policies may be asked before the policy');
foreach my $search ([ 'account', "account_no = 'A30'" ], [ 'account', 'customer_id = 1' ], [ 'account', "address_key = billing.address_key('x')" ], [ 'customer', "pinyin_key = billing.pinyin_key('Person 7')" ], [ 'customer', 'customer_id = 7' ], [ 'bill', "account_id = 31 AND from_on = '2026-01-01'" ], [ 'reading', 'account_id = 31' ],
	[ 'transfer', "account_id = 31 AND key = 'k'" ], [ 'meter', "meter_no = 'M1'" ], [ 'service_point', "point_code = 'P1'" ], [ 'meter_install', "meter_no = 'M1'" ],
	[ 'customer_contact', "value_index = '\\x00'" ], [ 'customer_identity', "number_index = '\\x00'" ], [ 'customer_bank_account', "number_index = '\\x00'" ], [ 'contract', "account_id = 31" ])
{
	my ($table, $condition) = @$search;
	my ($column) = $condition =~ /^(\w+)/;
	my $said = session('cat', "SET enable_seqscan = off; EXPLAIN (COSTS OFF) SELECT * FROM billing.$table WHERE $condition");
	like($said, qr/Index Cond: \(+$column = /, "a clerk of one station of thirty finds by the index: $table, $condition");
}

$node->stop;
done_testing();
