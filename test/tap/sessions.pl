# Eight sessions bill, void, pay, move the same few accounts, land files for them, settle
# what came late, make drafts, issue and claim, all at once: nobody is told of a deadlock, nothing is lost, chains and books are whole.
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
SELECT billing.set_approval_rule('C', 'manual_bill', 1000000);
SELECT billing.set_mapping('days', 'csv', '{"meter": "meter", "time": "time", "time_zone": "UTC", "slot_minutes": 1440, "value": "kwh", "unit": "kWh"}');
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
	IF sqlstate !~ '^(UB|P0002|22004|23514)' THEN
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
	# two accounts, in either order
	land => q{SELECT * FROM billing.land(billing.receive('f' || :k, convert_to(format(E'meter,time,kwh\n%s,2026-%3$s-05 00:00,%4$s\n%2$s,2026-%3$s-06 00:00,%4$s', :a, 1 + (:a * 7 + :m) % 40, to_char(:m + 1, 'FM00'), :v * 0.001), 'UTF8'), 'csv', 'C', mapping => 'days'))},
	settle => q{CALL billing.settle_late('C', 7)},
	next => q{CALL attempt(format('SELECT billing.issue_draft(%L, billing.draft_next_bill(%1$L))', :a))},
	fee => q{CALL attempt(format('SELECT billing.issue_draft(%L, billing.draft_bill(%1$L, ''sundry'', ''2026-01-01'', ''2026-02-01'', ''[{"code": "fee", "amount": "3.00"}]'', ''fee''))', :a))},
	claim => q{CALL attempt(format('SELECT billing.draft_rated_claim(%L, ''wiring'', ''2026-01-01'', ''2026-03-01'', ''{"coefficient": 3}'', ''x'')', :a))},
	move => q{CALL attempt(format('SELECT billing.transfer_account(%L, %L, ''x'')', :a, 'S' || :s))},
	verify => q{SELECT count(*) / 0 FROM (SELECT 1 FROM billing.verify() LIMIT 1) q HAVING count(*) > 0});
my %weight = (run => 6, workers => 1, pay => 25, void => 12, read => 6, land => 12, settle => 3, next => 6, fee => 6, claim => 3, move => 6, verify => 1);
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
is($node->safe_psql('one', 'SELECT (SELECT count(*) FROM billing.verify()) + (SELECT count(*) FROM billing.verify_batches())'), '0', 'every chain is whole');
like($node->safe_psql('one', "CALL billing.run_bills('C', '2027-01-01')", extra_params => [ '-U', 'clerk' ]), qr/ bills, 0 exceptions\.$/, 'what is voided is billed in the end');
is($node->safe_psql('one', "SELECT count(*) FROM billing.account_head WHERE billed_to <> '2027-01-01'"), '0', 'all of it');
is($node->safe_psql('one', q{SELECT count(*), count(DISTINCT (account_id, from_on)) FROM billing_report.bill WHERE kind = 'normal' AND NOT reversed}), '480|480', 'each month of each account once');
like($node->safe_psql('one', "CALL billing.settle_late('C')", extra_params => [ '-U', 'clerk' ]), qr/ 0 changes left to a person, 0 accounts failed\.$/, 'what came late is settled in the end');
is($node->safe_psql('one', q{SELECT count(*) FROM (
	SELECT a.account_id, sum(b.total) AS billed, (SELECT billing.energy_kwh(billing.concat_agg(r.profile)) * 0.5 + greatest(billing.energy_kwh(billing.concat_agg(r.profile)) - 1000, 0) * 0.1 FROM billing.reading r WHERE r.account_id = a.account_id) AS due
	  FROM billing.account a JOIN billing.bill b USING (account_id) WHERE b.reason IS DISTINCT FROM 'fee' GROUP BY 1) q WHERE abs(billed - due) > 0.12}), '0', 'and the bills of the year come to what the readings say');
is($node->safe_psql('one', q{SELECT sum(h.balance) = (SELECT sum(total) FROM billing.bill) - (SELECT sum(amount) FROM billing.transfer WHERE key ~ '^k') FROM billing.account_head h}),
	't', 'books balance');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and chains are whole');
$node->stop;
done_testing();
