# Sums under sessions that bill, pay, void, move and fold at once; after dump and
# restore; and a simulation on a standby, which writes nothing.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
$node->start;
my $wrong = q{SELECT format('%s %s %s %s: %s, not %s', sums, org_no, month_on, about, kept, made) FROM billing.check_sums()};

$node->safe_psql('postgres', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S1', 'x', 'station', 'C'), billing.add_org('S2', 'x', 'station', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}, {"code": "base", "fixed": "month", "price": "5"}]}');
SELECT billing.add_plan('other', 'Others', '2026-01-01', '{"name": "y", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.6"}]}');
SELECT billing.add_customer('C', 'x');
SELECT count(billing.add_account(CASE n % 2 WHEN 0 THEN 'S1' ELSE 'S2' END, n::text, 1, '2026-01-01')) FROM generate_series(1, 60) n;
SELECT billing.set_plans('C', 'home', '2026-01-01');
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000 * a.account_id + 7, ARRAY[28])) FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-11-01', interval '28 days') m;
CREATE SEQUENCE payment;
END

my %script = (
	run => q{CALL billing.run_bills('C', (date '2026-02-01' + 30 * (1 + floor(random() * 8))::integer), 10);},
	pay => q{SELECT billing.post_payment((1 + floor(random() * 60))::integer::text, round((random() * 900)::numeric, 2) + 0.01, nextval('payment')::text);},
	void => q{DO $$
DECLARE
	no	text := (1 + floor(random() * 60))::integer;
BEGIN
	PERFORM billing.void_bill(no, (SELECT max(b.from_on) FROM billing_report.bill b WHERE b.account_no = no AND b.kind = 'normal' AND NOT b.reversed), 'x');
EXCEPTION WHEN no_data_found OR null_value_not_allowed OR SQLSTATE 'UB303' THEN NULL;
END $$;},
	move => q{SELECT billing.transfer_account((1 + floor(random() * 60))::integer::text, (ARRAY['S1', 'S2'])[1 + floor(random() * 2)], 'x');},
	fold => q{CALL billing.fold_sums('C');});
my @files;
foreach my $name (sort keys %script)
{
	my $file = $node->basedir . "/$name.sql";
	append_to_file($file, $script{$name} . "\n");
	push @files, '-f', $file . '@' . ($name eq 'pay' ? 4 : 1);
}
my $each = $ENV{SOAK} ? 2000 : 40;
$node->command_ok([ 'pgbench', '-n', '-c', '6', '-j', '2', '-t', $each, @files, 'postgres' ], 'six sessions bill, pay, void, move and fold');
cmp_ok($node->safe_psql('postgres', 'SELECT count(*) FROM billing.bill'), '>', 60, 'with many bills');
is($node->safe_psql('postgres', $wrong), '', 'the sums are what they made');
is($node->safe_psql('postgres', 'SELECT count(*) FROM billing.verify()'), '0', 'and every chain is whole');
is($node->safe_psql('postgres', 'SELECT sum(charged - settled) = (SELECT sum(balance) FROM billing.account_head) FROM billing.receivable_sum'), 't', 'what is open is what is owed');

my $dump = $node->basedir . '/dump.sql';
$node->safe_psql('postgres', 'CREATE DATABASE again');
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('postgres') ], 'dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('again') ], 'restore');
is($node->safe_psql('again', $wrong), '', 'the sums are right in the restored store');

$node->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'base', has_streaming => 1);
$standby->start;
$node->wait_for_catchup($standby);
my $simulated = q{SELECT count(*), sum(simulated) FROM billing.simulate('[2026-01-01,2026-06-01)', org_no => 'C', plan_code => 'other')};
my $here = $node->safe_psql('postgres', $simulated);
like($here, qr/^[1-9]\d*\|\d/, 'a simulation of the company');
is($node->safe_psql('postgres', "BEGIN; $simulated; SELECT pg_current_xact_id_if_assigned() IS NULL; COMMIT"), "$here\nt", 'takes no transaction number');
is($standby->safe_psql('postgres', $simulated), $here, 'and gives the same on a standby');
my $bill = $node->safe_psql('postgres', q{SELECT account_id || ', ' || max(seq) FROM billing.bill WHERE kind = 'normal' GROUP BY account_id LIMIT 1});
is($standby->safe_psql('postgres', "SELECT detail ->> 'same' FROM billing.explain_bill($bill) WHERE level = 'bill'"), 'true', 'where a bill is explained, too');

$standby->stop;
$node->stop;
done_testing();
