# Runs of validation and estimation, killed in the middle and called again, shared
# by sessions, beside edits and bills: the same readings, findings and actions as
# undisturbed, each once, and nobody in a deadlock.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $accounts = $ENV{SOAK} ? 4000 : 400;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "deadlock_timeout = 100ms\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<"END");
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S1', 'Station 1', 'station', 'C'), billing.add_org('S2', 'Station 2', 'station', 'C');
SELECT billing.add_staff('C', 'V', 'Vera', 'meter reader', 'clerk'), billing.grant_post('V', 'C'), billing.grant_access('V', 'C', '{bill,money,plan}', '{read,write,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('S1', 'x'), billing.add_customer('S2', 'y');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 2, 1 + n % 2, n, '2026-03-01' FROM generate_series(1, $accounts) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-03-01 00:00+00', '1 hour', p.v, time_zone => 'UTC')
  FROM billing.account a
 CROSS JOIN LATERAL (SELECT array_agg(CASE WHEN i = 100 + a.account_id % 300 THEN 50000 WHEN i BETWEEN 500 + a.account_id % 100 AND 503 + a.account_id % 100 THEN NULL
	WHEN i = 50 AND a.account_id % 3 = 0 THEN -5 ELSE 200 + (i * 37 + a.account_id) % 97 + CASE WHEN i % 24 > 17 THEN 400 ELSE 0 END END ORDER BY i)::int[] AS v FROM generate_series(0, 743) i) p;
END
$node->stop;
$node->backup_fs_cold('cold');
my $facts = q{SELECT (SELECT md5(string_agg(encode(digest, 'hex'), '' ORDER BY account_id, from_on)) FROM billing.reading),
	(SELECT count(*) || md5(string_agg(account_id || rule || from_at || verdict || measured, '' ORDER BY account_id, from_at, rule)) FROM billing.validation_finding),
	(SELECT count(*) || md5(string_agg(account_id || kind || encode(digest_before, 'hex') || encode(digest_after, 'hex'), '' ORDER BY account_id, action_id)) FROM billing.validation_action),
	(SELECT count(*) || md5(string_agg(account_id || encode(digest, 'hex'), '' ORDER BY account_id)) FROM billing.validation_result),
	(SELECT count(*) FROM billing.reading_superseded)};
my $both = "SET TimeZone = 'UTC'; ";

# undisturbed
my $calm = PostgreSQL::Test::Cluster->new('calm');
$calm->init_from_backup($node, 'cold');
$calm->start;
my @calls = map { "CALL billing.${_}_readings('C', '2026-03-01', '2026-04-01', chunk_size => 2)" } qw(validate estimate);
like($calm->safe_psql('one', $_, extra_params => [ '-U', 'clerk' ]), qr/ 0 exceptions/, 'undisturbed') for @calls;
my $expected = $calm->safe_psql('one', $both . $facts);
$calm->stop;

# killed
$node->start;
my $killed = 0;
for my $call (@calls)
{
	for my $round (1 .. ($ENV{SOAK} ? 10 : 2))
	{
		my $done = 'SELECT count(*) FROM billing.validation_chunk WHERE done_at IS NOT NULL';
		my $before = $node->safe_psql('one', $done);
		my $run = IPC::Run::start([ 'psql', '-XAtq', '-U', 'clerk', '-d', $node->connstr('one'), '-c', $call ], '>', \my $out, '2>', \my $err);
		$node->poll_query_until('one', "SELECT ($done) > $before + 2");
		$node->stop('immediate');
		$killed++ if $node->start;
		$run->finish;
	}
	like($node->safe_psql('one', $call, extra_params => [ '-U', 'clerk' ]), qr/ 0 exceptions/, 'the same call goes on');
}
cmp_ok($killed, '>', 3, 'killed in mid-run');
is($node->safe_psql('one', 'SELECT stage, phase, accounts_done FROM billing.stat_validation ORDER BY run_id'), "validation|finished|$accounts\nestimation|finished|$accounts", 'each was one run');
is($node->safe_psql('one', $both . $facts), $expected, 'and it is as undisturbed');

# shared, beside edits and bills
my $shared = PostgreSQL::Test::Cluster->new('shared');
$shared->init_from_backup($node, 'cold');
$shared->start;
my @sessions;
sub session
{
	my ($sql) = @_;
	my ($out, $err) = ('', '');
	push @sessions, { run => IPC::Run::start([ 'psql', '-XAtq', '-U', 'clerk', '-d', $shared->connstr('one') ], '<', \$sql, '>', \$out, '2>', \$err), out => \$out, err => \$err };
}
session("$calls[0];") for 1 .. 3;
session(join '', map { "SELECT billing.edit_reading('$_', '2026-03-20 10:00+00', '{300}', 'seen');\n" } map { 1 + ($_ * 7) % $accounts } 1 .. 150);
session(join '', map { "SELECT billing.edit_reading('$_', '2026-03-20 10:00+00', '{310}', 'seen');\n" } map { 1 + ($_ * 11) % $accounts } 1 .. 150);
session("CALL billing.run_bills('C', '2026-04-01', 50);");
$_->{run}->finish for @sessions;
is(join('', map { ${ $_->{err} } } @sessions), '', 'nobody was in the way of another');
like($shared->safe_psql('one', $calls[0], extra_params => [ '-U', 'clerk' ]), qr/ 0 exceptions/, 'what was changed meanwhile is validated');
is($shared->safe_psql('one', q{SELECT count(*) FROM billing.reading r JOIN billing.account_head h USING (account_id) LEFT JOIN billing.validation_result v USING (account_id, from_on, part, channel)
	WHERE v.digest IS DISTINCT FROM r.digest}), '0', 'all of it');
is($shared->safe_psql('one', q{SELECT count(*) FROM billing.reading r WHERE NOT EXISTS (SELECT FROM billing.validation_action c
	WHERE c.account_id = r.account_id AND c.digest_after = r.digest) AND EXISTS (SELECT FROM billing.validation_action c WHERE c.account_id = r.account_id)}), '0', 'no action was lost');
is($shared->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and every chain is whole');
$shared->stop;
$node->stop;
done_testing();
