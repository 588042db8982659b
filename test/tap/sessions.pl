# Eight sessions bill, void, pay, read anew and move the same few accounts at
# once: nobody is told of a deadlock, nothing is lost, chains and books are whole.
# Seconds in a test, minutes with SOAK=1.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $seconds = $ENV{SOAK} ? 300 : 8;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "deadlock_timeout = 100ms\nmax_worker_processes = 12\nlog_statement = none");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S' || n, 'Station', 'station', 'C') FROM generate_series(1, 3) n;
SELECT billing.add_staff('C', 'K1', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_access('K1', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write,approve,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.5"}, {"code": "tier", "per": "year", "steps": [{"to": "1000"}, {"add": "0.1"}]}]}');
SELECT billing.add_customer('C', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 3, 1, n, '2026-01-01' FROM generate_series(1, 40) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, p FROM billing.account a, (SELECT billing.profile(m, '1 day', array_fill(10000::bigint, ARRAY[extract(day FROM m + interval '1 month' - interval '1 day')::integer]))
	FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-12-01', interval '1 month') m) q(p);

-- what may not be done at this moment is no fault; a deadlock is
CREATE PROCEDURE attempt(command text) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE command;
EXCEPTION WHEN OTHERS THEN
	IF sqlstate !~ '^(UB|P0002|23514)' THEN
		RAISE;
	END IF;
END $$;
END

my %scripts = (
	run => q{CALL billing.run_bills('C', '2027-01-01', 5)},
	workers => q{CALL billing.run_bills('C', '2027-01-01', 5, workers => 1)},
	pay => q{SELECT billing.post_payment(:a::text, 1, 'k' || :k)},
	void => q{CALL attempt(format('SELECT billing.void_bill(%L, (SELECT max(from_on) FROM billing_report.bill WHERE account_no = %1$L AND kind = ''normal'' AND NOT reversed), ''x'')', :a))},
	read => q{CALL attempt(format('SELECT billing.record_profile(%L, billing.profile((date ''2026-01-01'' + interval ''%s months'') AT TIME ZONE ''UTC'', ''1 day'', array_fill(%s::bigint, ARRAY[28])))', :a, :m, :v))},
	move => q{CALL attempt(format('SELECT billing.transfer_account(%L, %L, ''x'')', :a, 'S' || :s))},
	verify => q{SELECT count(*) / 0 FROM (SELECT 1 FROM billing.verify() LIMIT 1) q HAVING count(*) > 0});
my %weight = (run => 6, workers => 1, pay => 30, void => 12, read => 12, move => 6, verify => 1);
my @files;
foreach my $name (sort keys %scripts)
{
	my $file = $node->basedir . "/$name.sql";
	append_to_file($file, "\\set a random(1, 40)\n\\set m random(0, 11)\n\\set v random(5000, 15000)\n\\set s random(1, 3)\n\\set k random(1, 1000000000000000)\n$scripts{$name};\n");
	push @files, '-f', "$file\@$weight{$name}";
}
my ($out, $err);
# a move changes what rights rest on: whoever has just planned for others is told to ask again, and clients do
my $ended = IPC::Run::run([ 'pgbench', '-n', '-c', 8, '-j', 2, '-T', $seconds, '--max-tries=20', '-U', 'clerk', @files, $node->connstr('one') ], '>', \$out, '2>', \$err);
ok($ended, 'nobody is told of an error');
diag($err) unless $ended;
like($out, qr/number of failed transactions: 0 /, 'nor of a deadlock');
note($out);
my ($paid) = $out =~ m{/pay\.sql.*?- (\d+) transactions}s;
is($node->safe_psql('one', "SELECT count(*) FROM billing.transfer WHERE key ~ '^k'"), $paid, "each of $paid payments is posted once");
unlike(slurp_file($node->logfile), qr/deadlock detected/, 'nobody was even in one');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'every chain is whole');
like($node->safe_psql('one', "CALL billing.run_bills('C', '2027-01-01')", extra_params => [ '-U', 'clerk' ]), qr/ bills, 0 exceptions\.$/, 'what is voided is billed in the end');
is($node->safe_psql('one', "SELECT count(*) FROM billing.account_head WHERE billed_to <> '2027-01-01'"), '0', 'all of it');
is($node->safe_psql('one', q{SELECT count(*) FROM (SELECT account_id, from_on FROM billing.bill GROUP BY 1, 2
	HAVING count(*) FILTER (WHERE kind = 'normal') - count(*) FILTER (WHERE kind = 'reversal') <> 1) q}), '0', 'each month of each account once');
is($node->safe_psql('one', q{SELECT sum(h.balance) = (SELECT sum(total) FROM billing.bill) - (SELECT sum(amount) FROM billing.transfer WHERE key ~ '^k') FROM billing.account_head h}),
	't', 'books balance');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and chains are whole');
$node->stop;
done_testing();
