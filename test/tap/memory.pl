# A server without memory: each request for it that the extension makes, and many of those that
# the server makes for it, finds none once, in the main things that are done.  Each ends in the server's
# own error (53200), the session goes on, what it does next is right, and nothing is left held.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Fault;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $place = $node->basedir;
my $fault = Fault::build('memory_fault', $place, '-Wno-frame-address');
for my $name (qw(seal sign token))
{
	append_to_file("$place/$name.key", 'k1 ' . '5a17' x 16 . "\n");
	chmod 0600, "$place/$name.key";
	$node->append_conf('postgresql.conf', "billing.${name}_key_file = '$place/$name.key'\n");
}
$node->append_conf('postgresql.conf', "log_statement = none\nautovacuum = off\njit = off\nmax_parallel_workers_per_gather = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<"END");
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE FUNCTION memory_fail(integer, boolean) RETURNS void AS '$fault' LANGUAGE C;
CREATE FUNCTION memory_failed() RETURNS boolean AS '$fault' LANGUAGE C;
CREATE FUNCTION memory_requests() RETURNS integer AS '$fault' LANGUAGE C;
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_staff('S', 'K', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_post('K', 'S'), billing.grant_access('K', 'S', '{reading,customer,account,bill,money}', '{read,write,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"},
	{"code": "peak", "price": "0.3", "when": {"hours": ["08:00-11:00"]}}]}');
SELECT billing.register_customer('S', 'Wei', mobile => '13812345678', from_on => '2026-01-01');
SELECT billing.add_account('S', 'A' || n, 1, '2026-01-01'), billing.set_plan('A' || n, 'home', '2026-01-01') FROM generate_series(1, 2) n;
SELECT billing.record_profile('A' || n, billing.profile('2026-01-01 00:00+08', '1 hour', array_fill(800::bigint, '{744}'), time_zone => 'Asia/Shanghai')) FROM generate_series(1, 2) n;
CALL billing.run_bills('C', '2026-02-01');
SELECT billing.record_profile('A' || n, billing.profile('2026-02-01 00:00+08', '1 hour', array_fill(900::bigint, '{672}'), time_zone => 'Asia/Shanghai')) FROM generate_series(1, 2) n;
SELECT billing.anchor_heads('C');
END

my $tariff = '{"name": "x", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}';
my @cases = (
	[ 'rating', "SELECT billing.total(billing.rate('$tariff', billing.usage(import => profile), '[2026-01-01,2026-02-01)')) FROM billing.reading WHERE account_id = 1 AND from_on = '2026-01-01'" ],
	[ 'bills', "SELECT billed, failed FROM billing._bill_safely(1, 2, '2026-03-01', 1, 2)" ],
	[ 'a payment', "SELECT billing.post_payment('A1', 5, 'k')" ],
	[ 'readings', "SELECT billing.record_profile('A1', billing.profile('2026-03-01 00:00+08', '1 hour', array_fill(700::bigint, '{24}'), time_zone => 'Asia/Shanghai'))" ],
	[ 'a profile read and written', "SELECT length(profile::text), profile::text::billing.profile IS NOT NULL FROM billing.reading WHERE account_id = 1 ORDER BY from_on LIMIT 1" ],
	[ 'sealing', "SELECT billing.register_customer('S', 'Li', mobile => '13900000123') > 0" ],
	[ 'opening', "SELECT billing.open_contact(1, 1, 'x')" ],
	[ 'verifying', 'SELECT count(*) FROM billing.verify()' ],
	[ 'an anchor', "SELECT billing.anchor_heads('C')" ],
	[ 'what a clerk may see', 'SET LOCAL SESSION AUTHORIZATION clerk; SELECT count(*), sum(total) FROM billing_report.bill' ],
	[ 'a token', "SELECT billing.identify(billing.issue_token('customer', 1))" ],
);
my $first_of_all = "SET client_min_messages = error;\nSELECT billing.version() \\g $place/null";
my $samples = $ENV{SOAK} ? 1000 : 60;
my $all = 0;
for my $case (@cases)
{
	my ($name, $sql) = @$case;
	# where there is no memory for ROLLBACK it is said again
	my $try = sub { my ($n, $ours) = @_; "BEGIN;\nSELECT memory_fail($n, $ours);\n$sql;\nROLLBACK;\nROLLBACK;\nSELECT 'failed', memory_failed(), memory_requests();" };
	for my $ours ('true', 'false')
	{
		# a session's first time asks for more
		my ($first) = Fault::session($node, 'power', $first_of_all, $try->(0, $ours));
		my ($n) = $first->[1] =~ /failed\|f\|(\d+)/;
		unlike($first->[2], qr/ERROR/, "$name: done, with $n requests");
		my $good = $first->[1] =~ s/failed\|.*//r;
		# the server's own are many: the first, and some spread over the rest
		my @which = $ours eq 'true' ? (1 .. $n) : grep { $_ <= $samples || $_ % (int($n / $samples) + 1) == 0 } 1 .. $n;
		# in one session, and each in its first statement
		my @said = Fault::session($node, 'power', $first_of_all, (map { $try->($_, $ours) } @which), $try->(0, $ours));
		my $last = pop @said;
		is($last->[1] =~ s/failed\|.*//r, $good, "$name: right after all of that") or diag($last->[2]);
		my ($hit, @wrong) = (0);
		for (@said)
		{
			my ($at, $out, $err) = @$_;
			# also where it was the question that found no memory
			my $failed = $out !~ /^failed\|f\|/m;
			$hit += $failed;
			# one that was not reached is right; one that was, an error, or what the server does without
			my $result = $out =~ s/failed\|.*//r;
			next if $err =~ /^ERROR:  53200: out of memory\n/m && $failed;
			next if $err eq '' && $result eq $good;
			push @wrong, "request $which[$at]: $out$err";
		}
		is(join("\n", @wrong[ 0 .. ($#wrong > 2 ? 2 : $#wrong) ]), '', "$name: " . ($ours eq 'true' ? 'each' : 'many') . ' of ' . ($ours eq 'true' ? 'its own' : 'all') . " requests, $hit of $n, fail in order");
		cmp_ok($hit, '>', 0, "$name: some did") if $ours eq 'false';
		$all += $hit;
	}
}
note("$all requests failed");
cmp_ok($all, '>', 500, 'many requests found no memory');
is($node->safe_psql('power', 'SELECT count(*) FROM billing.verify()'), '0', 'the chain is whole');
my $log = slurp_file($node->logfile);
is(join("\n", grep { /PANIC|TRAP|terminated by signal|WARNING|XX000/ && !/there is no transaction in progress/ } split /\n/, $log), '', 'nothing is left held, nothing else broke');
$node->stop;
done_testing();
