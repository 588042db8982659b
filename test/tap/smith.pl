# Statements nobody thought of: sqlsmith makes thousands of them, from all tables,
# views, operators and functions that it finds, as a clerk, a customer and nobody.  Errors are
# theirs; a crash, an internal error of ours or a word of another tenant is ours.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my ($sqlsmith) = grep { -x $_ } map { "$_/sqlsmith" } split(/:/, $ENV{PATH});
plan skip_all => 'there is no sqlsmith' unless $sqlsmith;
my $statements = $ENV{SOAK} ? 20000 : 300;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "log_line_prefix = '%e %p '\nlog_min_error_statement = error\nrestart_after_crash = on\nautovacuum = off\njit = off\nwork_mem = '4MB'\ntemp_file_limit = '200MB'\n");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles(), billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk, billing_analyst;
CREATE ROLE home LOGIN IN ROLE billing_customer;
CREATE ROLE nobody LOGIN IN ROLE billing_clerk, billing_analyst, billing_auditor, billing_customer, billing_admin;
ALTER ROLE clerk SET statement_timeout = '2s'; ALTER ROLE home SET statement_timeout = '2s'; ALTER ROLE nobody SET statement_timeout = '2s';
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('A', 'Station A', 'station', 'C'), billing.add_org('B', 'SECRET station', 'station', 'C');
SELECT billing.add_staff('A', 'A1', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_post('A1', 'A'), billing.grant_access('A1', 'A', '{reading,customer,account}', '{read,write}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('A', 'Mine', 'person', 'home'), billing.add_customer('B', 'SECRET customer');
INSERT INTO billing.account (org_id, customer_id, account_no, address, opened_on)
SELECT c.org_id, c.customer_id, replace(c.name, ' ', '-') || n, c.name || ' street', '2026-01-01' FROM billing.customer c, generate_series(1, 5) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id, terms) SELECT account_id, opened_on, org_id, 1, '{}' FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, source, profile)
SELECT account_id, org_id, address, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(account_id * 1000, ARRAY[31])) FROM billing.account;
CALL billing.run_bills('C', '2026-02-01');
END

# internal errors of PostgreSQL's that sqlsmith has found, each with a statement that needs nothing of ours
my %servers_own = ('^invalid INTERVAL typmod: ' => 'SELECT pg_catalog.format_type(1186, 42)');
$node->safe_psql('postgres', 'CREATE DATABASE plain TEMPLATE template0');
for my $said (sort keys %servers_own)
{
	my ($status, $out, $err) = $node->psql('plain', $servers_own{$said}, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
	$said =~ s/^\^//;
	like($err, qr/ERROR:  XX000: $said/, "the server's own: $servers_own{\"^$said\"}");
}

my $sums = 'SELECT count(*), sum(total), (SELECT count(*) FROM billing.verify()) FROM billing.bill';
my $before = $node->safe_psql('postgres', $sums);
$node->safe_psql('postgres', 'CHECKPOINT');

# each statement of sqlsmith is a transaction
my $count = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'postgres'";
for my $role (qw(clerk home nobody))
{
	my $log = -s $node->logfile;
	my $asked_before = $node->safe_psql('postgres', $count);
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ $sqlsmith, '--target=' . $node->connstr('postgres') . " user=$role", "--max-queries=$statements", '--seed=' . ($ENV{SOAK} ? time : 7), '--verbose' ],
		'>', \$out, '2>', \$err, IPC::Run::timeout($ENV{SOAK} ? 7200 : 240));
	eval { $run->finish; 1 } or $run->kill_kill;
	my $asked = $node->safe_psql('postgres', $count) - $asked_before;
	cmp_ok($asked, '>', $statements / 2, "$role: so many statements, at least");
	note("$asked statements");
	my $said = slurp_file($node->logfile, $log);
	# errors as the server wrote them, with what they were about
	my %internal = map { $_ => 1 } $said =~ /^XX\d\d\d \d+ (?:ERROR|FATAL|PANIC):\s+(.*)$/mg;
	# what PostgreSQL itself says when its own functions are asked for things that are not
	delete @internal{ grep { /^(cache lookup failed|could not open relation with OID|could not find|failed to find conversion function|unrecognized|unexpected|invalid (memory alloc|page)|missing chunk|relation \d+|bogus|no owned sequence)/ } keys %internal };
	delete @internal{ grep { my $said = $_; grep { $said =~ $_ } keys %servers_own } keys %internal };
	is(join("\n", sort keys %internal), '', "$role: no internal error");
	unlike($said, qr/terminated by signal|server process .* was terminated|TRAP:/, "$role: no crash");
	my @words = grep { /SECRET/ && !/ STATEMENT: / } split /\n/, $said;
	is(join("\n", @words[ 0 .. ($#words > 4 ? 4 : $#words) ]), '', "$role: no word of another tenant in what errors say");
}
is($node->safe_psql('postgres', $sums), $before, 'the bills are what they were');
$node->stop;
done_testing();
