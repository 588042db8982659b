# The store survives what happens to servers: killed in mid-run, dumped and
# restored, dumped by the wrong role.  No bill twice, none missing, the chain whole.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('postgres', 'CREATE DATABASE two');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
CREATE ROLE outsider LOGIN;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S1', 'Station 1', 'station', 'C');
SELECT billing.add_org('S2', 'Station 2', 'station', 'C');
SELECT billing.add_staff('S1', 'K1', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_post('K1', 'S1');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.5"}, {"code": "tier", "per": "year", "steps": [{"to": "1000"}, {"add": "0.1"}]}]}');
SELECT billing.add_customer('S1', 'x'), billing.add_customer('S2', 'y');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 2, 1 + n % 2, n, '2026-01-01' FROM generate_series(1, 9000) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT account_id, org_id, p FROM billing.account, (SELECT billing.profile(m, '1 hour', array_fill(1000::bigint, ARRAY[24 * d])) FROM (VALUES
	('2026-01-01 00:00+00'::timestamptz, 31), ('2026-02-01 00:00+00', 28), ('2026-03-01 00:00+00', 31)) v(m, d)) q(p);
CREATE INDEX mine ON billing.bill (total);
ALTER TABLE billing.account ADD COLUMN mine text;
CREATE POLICY mine ON billing.account AS RESTRICTIVE FOR SELECT TO outsider USING (false);
END

# ---- killed ----

my $killed = 0;
for my $round (1 .. 4)
{
	my $pid_file = $node->basedir . "/run$round";
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('one'), '-c', "CALL billing.run_bills('C', '2026-04-01', 50)" ],
		'>', \my $out, '2>', \my $err);
	my $before = $node->safe_psql('one', 'SELECT count(*) FROM billing.bill');
	$node->poll_query_until('one', "SELECT count(*) > $before + 200 * $round FROM billing.bill");
	$node->stop('immediate');
	$killed++ if $node->start;
	$run->finish;
	is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', "round $round: every chain is whole after a crash");
}
is($killed, 4, 'killed in mid-run');
cmp_ok($node->safe_psql('one', 'SELECT count(*) FROM billing.bill'), '<', 27000, 'and that was before the end');
like($node->safe_psql('one', "CALL billing.run_bills('C', '2026-04-01', 50)"), qr/ 0 exceptions/, 'the same call goes on');
is($node->safe_psql('one', 'SELECT count(*), count(DISTINCT (account_id, from_on)), sum(total), count(DISTINCT run_id) FROM billing.bill'),
	'27000|27000|10764000.00|1', 'each month of each account once, in one run');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and every chain is whole');
is($node->safe_psql('one', "SELECT phase, accounts_done, bills FROM billing.stat_progress"), 'finished|9000|27000', 'progress says so');

# ---- dumped ----

my $dump = $node->basedir . '/dump';
$node->command_ok([ 'pg_dump', '-Fd', '-j2', '--file', $dump, $node->connstr('one') ], 'dump');
$node->command_ok([ 'pg_restore', '-j2', '--exit-on-error', '-d', $node->connstr('two'), $dump ], 'restore');
$node->safe_psql('postgres', 'CREATE DATABASE single');
$node->command_ok([ 'pg_restore', '-1', '-d', $node->connstr('single'), $dump ], 'restore in one transaction');
is($node->safe_psql('single', 'SELECT count(*), sum(total) FROM billing.bill'), $node->safe_psql('one', 'SELECT count(*), sum(total) FROM billing.bill'), 'the same bills');
is($node->safe_psql('single', 'SELECT count(*) FROM billing.verify()'), '0', 'and whole chains');
$node->safe_psql('postgres', 'DROP DATABASE single');
my $facts = q{SELECT (SELECT count(*) FROM billing.bill), (SELECT md5(string_agg(b::text, '' ORDER BY account_id, from_on)) FROM billing.bill b),
	(SELECT md5(string_agg(h::text, '' ORDER BY account_id)) FROM billing.account_head h), (SELECT count(*) FROM billing.audit),
	(SELECT md5(string_agg(polname || polrelid::regclass || coalesce(pg_get_expr(polqual, polrelid), '') || coalesce(pg_get_expr(polwithcheck, polrelid), ''), '' ORDER BY polrelid::regclass::text, polname)) FROM pg_policy),
	(SELECT md5(string_agg(oid::regprocedure || coalesce(array_to_string(ARRAY(SELECT unnest(proacl)::text ORDER BY 1), ' '), ''), '' ORDER BY oid::regprocedure::text)) FROM pg_proc WHERE pronamespace = 'billing'::regnamespace),
	(SELECT count(*) FROM pg_event_trigger), to_regclass('billing.mine'), (SELECT count(*) FROM billing.store_object)};
is($node->safe_psql('two', $facts), $node->safe_psql('one', $facts), 'rows, policies, grants, guards and what users added are the same');
is($node->safe_psql('two', 'SELECT count(*) FROM billing.verify()'), '0', 'the chains are whole, hashes as they were');
is($node->safe_psql('two', 'SELECT billing.install()'), 'The store is up to date.', 'and install() has nothing to do');
my $as_clerk = 'SELECT count(*), sum(total) FROM billing.bill';
is($node->safe_psql('two', $as_clerk, extra_params => [ '-U', 'clerk' ]), $node->safe_psql('one', $as_clerk, extra_params => [ '-U', 'clerk' ]),
	'the clerk sees the same there');
is($node->safe_psql('two', $as_clerk, extra_params => [ '-U', 'clerk' ]), '13500|5382000.00', 'which is his station');
# a file changed on its way is found
my $text = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--file', $text, $node->connstr('one') ], 'dump as text');
my $sql = slurp_file($text);
# from where the transfers begin: a search line by line through all the readings would take minutes
my $transfers = index($sql, 'COPY billing.transfer ');
ok(substr($sql, $transfers, 100000) =~ s/^(\d+\t2\t\d+\t\d+\treceivable\tbilled\t)\d/${1}9/m, 'an amount is changed');
append_to_file("$text.forged", $sql);
$node->safe_psql('postgres', 'CREATE DATABASE three');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', "$text.forged", $node->connstr('three') ], 'restored');
cmp_ok($node->safe_psql('three', 'SELECT count(*) FROM billing.verify()'), '>', 0, 'verify() finds it');

# a clerk's dump is refused, or holds what he sees
$node->command_fails_like([ 'pg_dump', '-U', 'clerk', '-t', 'billing.bill', '-d', $node->connstr('one') ], qr/row-level security/, 'who does not see all makes no dump by mistake');
my ($out, $err) = run_command([ 'pg_dump', '-U', 'clerk', '--enable-row-security', '--data-only', '-t', 'billing.transfer', '-d', $node->connstr('one') ]);
is(scalar(() = $out =~ /\treceivable\tbilled\t/g), 13500, 'or one of what he sees');

# ---- copied whole ----

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
is($standby->safe_psql('one', $as_clerk, extra_params => [ '-U', 'clerk' ]), '13500|5382000.00', 'a standby shows the clerk the same');
my ($result, $stdout, $stderr) = $standby->psql('one', "SELECT billing.post_payment('2', 1, 'k')", extra_params => [ '-U', 'clerk', '-v', 'VERBOSITY=verbose' ]);
like($stderr, qr/25006/, 'and changes nothing');
# a right that goes while the standby has it in its cache
my $session = $standby->background_psql('one', extra_params => [ '-U', 'clerk' ]);
is($session->query('SELECT count(*) FROM billing.bill'), '13500', 'a session there');
$node->safe_psql('one', "SELECT billing.revoke_access('K1', 'S1', '{bill}')");
$node->wait_for_catchup($standby);
is($session->query('SELECT count(*) FROM billing.bill'), '0', 'learns of a revoke');
$session->quit;
my $there = $node->safe_psql('one', $facts);
$node->wait_for_catchup($standby);
$node->stop;
$standby->promote;
is($standby->safe_psql('one', $facts), $there, 'promoted, it has the same rows, policies, grants and what users added');
is($standby->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'promoted, its chains are whole');
like($standby->safe_psql('one', "CALL billing.run_bills('C', '2026-05-01', 1000)"), qr/: 0 bills, 9000 exceptions/, 'and it goes on billing');
$standby->stop;
done_testing();
