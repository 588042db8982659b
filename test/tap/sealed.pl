# Sealed fields on a server: rotation under load and killed in the middle; no key
# and no plain text in dump, journal or log; no key, a wrong key, a new master
# key; shut on a standby; plain values of an older store sealed.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
my $key_file = $node->basedir . '/seal.key';
my ($one, $two) = ('11' x 16 . 'a7' x 16, '22' x 16 . 'b8' x 16);

sub write_keys
{
	my ($text, $mode) = @_;
	unlink $key_file;
	append_to_file($key_file, $text);
	chmod($mode // 0600, $key_file);
}

# parameters, not literals, are how an application enters what is personal; and these are not logged
$node->append_conf('postgresql.conf', "log_statement = all\nlog_parameter_max_length = 0\nlog_parameter_max_length_on_error = 0\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_staff('S', 'K', 'Clerk', 'account clerk', 'clerk');
SELECT billing.grant_post('K', 'S');
END

# ---- no key ----

my $register = "SELECT billing.register_customer('S', 'Wei', mobile => '13812345678')";
my ($status, $out, $err) = $node->psql('one', $register, extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/UB402.*no usable key for sealed fields/, 'without a key it is refused');
unlike($err, qr/13812345678.*DETAIL/s, 'and what it was is not repeated');
is($node->safe_psql('one', "SELECT billing.register_customer('S', 'Anna') > 0"), 't', 'but all else works');
$node->append_conf('postgresql.conf', "billing.seal_key_file = '$key_file'\n");
$node->reload;
for my $case ([ "k1 $one\n", 0644, qr/read or written by others/ ], [ "k1 abc\n", 0600, qr/line that is no key/ ], [ '', 0600, qr/has no key/ ], [ "k1 ${one}00\n", 0600, qr/no key/ ])
{
	write_keys($case->[0], $case->[1]);
	($status, $out, $err) = $node->psql('one', $register);
	like($err, $case->[2], 'a file that is ' . ($case->[1] == 0644 ? 'open to others' : 'not of the form'));
}
write_keys("k1 $one\n");
# by the protocol's parameters, as an application does
my $pgbench = $node->basedir . '/put.sql';
append_to_file($pgbench, "\\set n random(1000, 9999999)\nSELECT billing.register_customer('S', 'name' || :n, mobile => (139555::bigint * 100000 + :client_id * 10000 + :n % 10000)::text, different => true);\n");
$node->command_ok([ 'pgbench', '-n', '-M', 'prepared', '-c', '2', '-t', '60', '-f', $pgbench, $node->connstr('one') ], 'customers are entered');
my $customers = $node->safe_psql('one', 'SELECT count(*) FROM billing.customer_contact');
cmp_ok($customers, '>', 90, 'many');

# ---- rotation under load, killed ----

$node->safe_psql('one', "SELECT billing.rotate_keys('C')");
my $load = IPC::Run::start([ 'pgbench', '-n', '-M', 'prepared', '-c', '1', '-T', '6', '-f', $pgbench, $node->connstr('one') ], '>', \my $o1, '2>', \my $e1);
my $reseal = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('one'), '-c', "CALL billing.reseal('C', 1)" ], '>', \my $o2, '2>', \my $e2);
$node->poll_query_until('one', "SELECT count(*) > 20 FROM billing.seal_key WHERE kind = 'customer' AND destroyed_at IS NOT NULL");
$node->stop('immediate');
$node->start;
$_->finish for ($load, $reseal);
my $left = $node->safe_psql('one', "SELECT count(*) FROM billing.seal_key k JOIN billing.seal_key o ON o.key_id = k.wrapped_by WHERE k.kind = 'customer' AND k.destroyed_at IS NULL AND o.retired_at IS NOT NULL");
cmp_ok($left, '>', 0, 'killed in the middle');
my $all_open = "SELECT count(*), count(billing.open_contact(customer_id, contact_no, 'check')) FROM billing.customer_contact";
is((split /\|/, $node->safe_psql('one', $all_open))[0], (split /\|/, $node->safe_psql('one', $all_open))[1], 'everything opens, under old and new keys');
my $again = IPC::Run::start([ 'pgbench', '-n', '-M', 'prepared', '-c', '1', '-T', '3', '-f', $pgbench, $node->connstr('one') ], '>', \my $o3, '2>', \my $e3);
$node->safe_psql('one', "CALL billing.reseal('C', 10)");
$again->finish;
unlike($e3, qr/ERROR|abort/, 'nobody is disturbed');
is($node->safe_psql('one', "SELECT count(*) FROM billing.seal_key WHERE kind <> 'customer' AND retired_at IS NOT NULL AND destroyed_at IS NULL"), '0', 'the old keys are destroyed');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.customer_contact k JOIN billing.seal_key s ON s.key_id = billing.seal_key_id(k.value) WHERE s.retired_at IS NOT NULL'), '0', 'nothing is under them');
my ($n, $opened) = split /\|/, $node->safe_psql('one', $all_open);
is($opened, $n, 'and everything opens');

# ---- a new master key ----

write_keys("k2 $two\nk1 $one\n");
is($node->safe_psql('one', 'SELECT billing.rewrap_keys()'), '1', 'a new master key: one row');
write_keys("k2 $two\n");
is($node->safe_psql('one', "SELECT billing.open_contact(customer_id, contact_no, 'r') IS NOT NULL FROM billing.customer_contact LIMIT 1"), 't', 'the old one may go');
write_keys('k2 ' . '33' x 32 . "\n");
($status, $out, $err) = $node->psql('one', "SELECT billing.open_contact(customer_id, contact_no, 'r') FROM billing.customer_contact LIMIT 1", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/UB411/, 'another key of that name opens nothing');
write_keys("k2 $two\n");
$node->append_conf('postgresql.conf', "billing.seal_key_file = ''\nbilling.seal_key_command = 'cat $key_file'\n");
$node->reload;
is($node->safe_psql('one', "SELECT billing.open_contact(customer_id, contact_no, 'r') IS NOT NULL FROM billing.customer_contact LIMIT 1"), 't', 'from a command');
($status, $out, $err) = $node->psql('one', 'SELECT billing.version(); SHOW billing.seal_key_command', extra_params => [ '-U', 'clerk' ]);
like($err, qr/permission denied|must be superuser/, 'which only a superuser sees');

# ---- a standby ----

$node->backup('copy');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($node, 'copy', has_streaming => 1);
$standby->start;
is($standby->safe_psql('one', 'SELECT count(billing.mask(value)) FROM billing.customer_contact', extra_params => [ '-U', 'clerk' ]), $n, 'a standby shows masks');
($status, $out, $err) = $standby->psql('one', "SELECT billing.open_contact(customer_id, contact_no, 'r') FROM billing.customer_contact LIMIT 1", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/25006/, 'and opens nothing');
$standby->stop;

# ---- what is nowhere ----

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, $node->connstr('one') ], 'dump');
my $number = $node->safe_psql('one', "SELECT billing.open_contact(customer_id, contact_no, 'r') FROM billing.customer_contact ORDER BY 1 LIMIT 1");
like($number, qr/^139555\d{5}$/, 'a number');
my $bytes = pack('H*', $two);
for my $place ([ 'dump', $dump ], [ 'journal', glob($node->data_dir . '/pg_wal/0*') ], [ 'log', $node->logfile ], [ 'tables', glob($node->data_dir . '/base/*/[0-9]*') ])
{
	my ($name, @files) = @$place;
	my ($numbers, $keys) = (0, 0);
	for my $file (@files)
	{
		my $text = slurp_file($file);
		# what psql itself was told is in the log of statements; numbers went as parameters
		$numbers++ if index($text, $number) >= 0;
		$keys++ if index($text, $two) >= 0 || index($text, $bytes) >= 0 || index($text, $one) >= 0;
	}
	is($numbers, 0, "no number in $name");
	is($keys, 0, "no key in $name");
}
like(slurp_file($node->logfile), qr/LOG:  billing: role:\w+ opens customer_contact \d+ of customer \d+/, 'each opening is in the log');
unlike(slurp_file($node->logfile), qr/PANIC|XX000|TRAP/, 'nothing else is');

# ---- plain values of an older store ----

$node->safe_psql('one', <<'END');
SELECT billing.add_customer('S', 'Old') AS old \gset
SET session_replication_role = replica;
INSERT INTO billing.customer_contact (customer_id, contact_no, org_id, kind, valid_during) SELECT :old, 1, org_id, 'mobile', '[2026-01-01,)' FROM billing.org WHERE org_no = 'S';
INSERT INTO billing.customer_identity (customer_id, identity_no, org_id, kind) SELECT :old, 1, org_id, 'passport' FROM billing.org WHERE org_no = 'S';
INSERT INTO billing.unsealed_value (customer_id, place, no, org_id, value) SELECT :old, p, 1, org_id, v FROM billing.org, (VALUES ('customer_contact', '13700137000'), ('customer_identity', 'E1234567')) x(p, v) WHERE org_no = 'S';
END
$node->safe_psql('one', "CALL billing.reseal('C')");
is($node->safe_psql('one', "SELECT billing.open_contact(customer_id, 1, 'r'), billing.open_identity(customer_id, 1, 'r') FROM billing.customer_identity WHERE kind = 'passport'"), '13700137000|E1234567', 'sealed');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.unsealed_value'), '0', 'and plain no more');

$node->stop;
done_testing();
