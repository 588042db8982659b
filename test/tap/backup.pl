# Backups are brought back: the drill on a scratch server, to now and to a moment;
# what it finds when the backup, the journal or the rows are not right; archives of
# closed periods, read back, changed, and found.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $tool = $0 =~ s{[^/]*$}{}r . '../contrib/backup';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(has_archiving => 1, allows_streaming => 1, extra => ['--data-checksums']);
my $place = $node->basedir;
for my $name (qw(seal sign))
{
	append_to_file("$place/$name.key", 'k1 ' . ($name eq 'seal' ? '5a' : '6b') x 32 . "\n");
	chmod 0600, "$place/$name.key";
}
$node->append_conf('postgresql.conf', "billing.seal_key_file = '$place/seal.key'\nbilling.sign_key_file = '$place/sign.key'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('S', 'x');
SELECT billing.add_contact(1, 'mobile', '13812345678', '2026-01-01');
SELECT billing.add_account('S', n::text, 1, '2026-01-01'), billing.set_plan(n::text, 'home', '2026-01-01') FROM generate_series(1, 20) n;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '1 day', array_fill(1000 * a.account_id, ARRAY[28])) FROM billing.account a, generate_series('2026-01-01 00:00+00'::timestamptz, '2026-04-01', interval '28 days') m;
END
$node->safe_psql('power', "CALL billing.run_bills('S', '2026-02-01')");
$node->safe_psql('power', "SELECT billing.close_period('C', '2026-02-01')");
my $wal = $node->archive_dir;
$ENV{PGHOST} = $node->host;
$ENV{PGPORT} = $node->port;
$ENV{PGDATABASE} = 'power';
sub said { my ($what) = @_; return $node->safe_psql('power', "SELECT state FROM billing.health() WHERE check_name = '$what'"); }

# ---- the drill ----

is(said('backup'), 'warning', 'never backed up');
is(said('archiving'), 'ok', 'the journal is archived');
# the journal goes to another place as well, by the replication protocol
mkdir "$place/received";
my $receiver = IPC::Run::start([ 'pg_receivewal', '-D', "$place/received", '-S', 'drill', '--create-slot', '--if-not-exists', '-d', $node->connstr ], '>', \my $o, '2>', \my $e);
$receiver->finish;
$receiver = IPC::Run::start([ 'pg_receivewal', '-D', "$place/received", '-S', 'drill', '--no-password', '-d', $node->connstr ], '>', \$o, '2>', \$e);
$node->poll_query_until('power', "SELECT active FROM pg_replication_slots WHERE slot_name = 'drill'");
$node->command_like([ $tool, 'base', "$place/base" ], qr/good: a base backup/, 'a base backup');
is(said('backup'), 'ok', 'is on record');
$node->safe_psql('power', "CALL billing.run_bills('S', '2026-03-01')");
my $moment = $node->safe_psql('power', 'SELECT clock_timestamp()');
sleep 1;
$node->safe_psql('power', 'SELECT billing.post_payment(n::text, 5, \'k\') FROM generate_series(1, 20) n');
$node->command_like([ $tool, 'drill', "$place/base", $wal ], qr/good: brought back in \d+ s: \{"accounts" : 20, "bills" : 40, "links" : 100/, 'brought back, with all that came after the backup');
is(said('recovery'), 'ok', 'on record');
$node->command_like([ $tool, 'drill', "$place/base", $wal, '--until', $moment ], qr/"bills" : 40, "links" : 80/, 'brought back to a moment: without the payments');
is($node->safe_psql('power', "SELECT count(*), bool_and(detail ? 'seconds') FROM billing.upkeep WHERE kind = 'recovery' AND good"), '2|t', 'each with how long it took');

$node->command_like([ $tool, 'drill', "$place/base", "$place/received" ], qr/good: brought back in \d+ s: \{"accounts" : 20, "bills" : 40, "links" : 100/, 'likewise from what pg_receivewal took');
$receiver->kill_kill;
$node->safe_psql('power', "SELECT pg_drop_replication_slot('drill') WHERE pg_sleep(0.5) IS NOT NULL") if $node->poll_query_until('power', "SELECT NOT active FROM pg_replication_slots WHERE slot_name = 'drill'");

# ---- what is not right ----

# a row that somebody changed is found there, too
$node->safe_psql('power', "SET session_replication_role = replica; UPDATE billing.transfer SET amount = amount + 1 WHERE account_id = 7 AND seq = 2");
$node->command_fails_like([ $tool, 'drill', "$place/base", $wal ], qr/verify\(\) finds \d+ things wrong/, 'a changed row is found where it was brought back');
is(said('recovery'), 'critical', 'and calls for somebody');
$node->safe_psql('power', "SET session_replication_role = replica; UPDATE billing.transfer SET amount = amount - 1 WHERE account_id = 7 AND seq = 2");
# a piece of the journal is gone
mkdir "$place/holes";
system_or_bail('cp', '-r', "$wal/.", "$place/holes");
$node->safe_psql('power', 'SELECT pg_switch_wal()');
my $late = $node->safe_psql('power', 'SELECT pg_current_xact_id() IS NULL; SELECT clock_timestamp()') =~ s/^.*\n//r;
$node->command_fails_like([ $tool, 'drill', "$place/base", "$place/holes", '--until', $late ], qr/does not come back/, 'with a hole in the journal it does not come back');
# a damaged backup is no backup
{
	open my $file, '+<', "$place/base/PG_VERSION" or die;
	print $file "99\n";
	close $file;
}
$node->command_fails([ 'pg_verifybackup', '-q', "$place/base" ], 'a changed file of a backup is found');
$node->command_fails_like([ $tool, 'base', "$place/base" ], qr/is there already/, 'nothing is overwritten');

# ---- archives ----

# a second period: registers, and readings that were corrected after they were billed
$node->safe_psql('power', <<'END');
SELECT billing.add_account('S', 'R', 1, '2026-01-01'), billing.set_plan('R', 'home', '2026-01-01');
SELECT billing.set_usage_from('register', '{R}');
SELECT billing.record_register('R', d::date, 'total', v, k, digits => 6, multiplier => 1) FROM (VALUES ('2026-01-01', 100, 'opening'), ('2026-02-01', 220, 'regular'), ('2026-03-01', 350, 'regular')) r(d, v, k);
END
$node->safe_psql('power', "CALL billing.run_bills('S', '2026-03-01')");
$node->safe_psql('power', <<'END');
CREATE ROLE another LOGIN SUPERUSER;
SELECT billing.edit_reading('3', '2026-02-02 00:00+00', '{6000}', 'the factor was wrong') AS edit \gset
SET SESSION AUTHORIZATION another;
SELECT billing.decide_edit(:edit, true, 'seen');
END
# and files, as they were received
$node->safe_psql('power', <<'END');
SELECT billing.add_account('S', 'N1', 1, '2026-03-01');
SELECT taken FROM (SELECT billing.receive('meter' || d, convert_to(format(E'100,NEM12,202601010000,M,R\n200,N1,E1,1,E1,N1,M1,kWh,360,\n300,2026030%s,1,2,3,4,A,,,20260305000000,\n900', d), 'UTF8'), 'nem12', 'S') AS batch
	FROM generate_series(1, 2) d) b, billing.land(b.batch);
END
is($node->safe_psql('power', 'SELECT count(*) > 0 FROM billing.reading_superseded'), 't', 'a reading was replaced after it was billed');
$node->safe_psql('power', "SELECT billing.close_period('C', '2026-03-01')");

my ($first, $second) = ("$place/archive/C-2026-02-01", "$place/archive/C-2026-03-01");
$node->command_like([ $tool, 'archive', 'C', '2026-02-01', "$place/archive" ], qr/good: 20 chains with 40 links, anchor 1 of C.*restored and verified, 20 bills with 40 links rest on \d+ rows/s,
	'a closed period is written away, restored into a fresh database and verified there');
is($node->safe_psql('power', "SELECT good, detail ->> 'org_no', detail ->> 'until_on' FROM billing.upkeep WHERE kind = 'archive'"), 't|C|2026-02-01', 'on record');
$node->command_fails_like([ $tool, 'archive', 'C', '2026-04-01', "$place/archive" ], qr/is not closed up to 2026-04-01/, 'only what is closed');
$node->command_like([ $tool, 'archive', 'C', '2026-03-01', "$place/archive" ], qr/restored and verified, 42 bills/, 'the next, with registers and what was replaced');
my $held = slurp_file("$second/manifest.json");
like($held, qr/"from": "2026-02-01".*"register_reading": 3/s, 'of its own days, and of registers what it takes');
like($held, qr/"batch": 2\b/, 'and the files that were received');
cmp_ok(($held =~ /"reading_superseded": (\d+)/)[0], '>', 0, 'and what was replaced');
is($node->safe_psql('power', "SELECT state FROM billing.health() WHERE check_name = 'archive'"), 'ok', 'all closed periods are archived');
$node->command_like([ $tool, 'check', $first ], qr/good/, 'read back later');
$node->command_like([ $tool, 'restore', $first ], qr/restored and verified, 20 bills/, 'and restored');

# with a manifest made to fit, as who writes the archive could
sub change
{
	my ($dir, $name, $sed) = @_;
	my $file = "$dir/$name";
	system_or_bail('bash', '-c', "cp $file $file.was && cp $dir/manifest.json $dir/manifest.was && gzip -dc $file.was | sed '$sed' | gzip -9n >$file");
	die "nothing was changed in $name" if `gzip -dc $file` eq `gzip -dc $file.was`;
	my $digest = `sha256sum <$file.was` =~ s/ .*\n//r;
	my ($size, $new) = (-s $file, `sha256sum <$file` =~ s/ .*\n//r);
	my $manifest = slurp_file("$dir/manifest.json") =~ s/"bytes": \d+,(\s+)"sha256": "$digest"/"bytes": $size,$1"sha256": "$new"/r;
	unlink "$dir/manifest.json";
	append_to_file("$dir/manifest.json", $manifest);
}
sub undo { my ($dir, $name) = @_; rename "$dir/$name.was", "$dir/$name"; rename "$dir/manifest.was", "$dir/manifest.json"; }

change($first, 'chains.json.gz', '0,/"seq": 2,/s//"seq": 3,/');
rename "$first/manifest.json", "$first/manifest.new";
system_or_bail('cp', "$first/manifest.was", "$first/manifest.json");
$node->command_fails_like([ $tool, 'check', $first ], qr/is not what the manifest says/, 'a changed archive is found by its manifest');
rename "$first/manifest.new", "$first/manifest.json";
$node->command_fails_like([ $tool, 'check', $first ], qr/does not hold/, 'and with a manifest made to fit, by the anchor');
undo($first, 'chains.json.gz');
for my $case ([ 'bill', '2s/\t15\.50\t/\t14.50\t/', qr/what went back does not hold/ ], [ 'transfer', '2s/\t15\.50\t/\t15.40\t/', qr/what went back does not hold/ ],
	[ 'reading', '2s/1000/1001/', qr/what went back does not hold|does not go back/ ], [ 'account_head', '2s/\\\\\\\\x[0-9a-f]\{6\}/\\\\\\\\x000000/', qr/does not hold|does not go back/ ],
	[ 'transfer', '2d', qr/not all rows went back/ ])
{
	change($first, "$case->[0].copy.gz", $case->[1]);
	$node->command_fails_like([ $tool, 'restore', $first ], $case->[2], "a changed row of $case->[0] is found when it is restored");
	undo($first, "$case->[0].copy.gz");
}
$node->command_like([ $tool, 'restore', $first ], qr/restored and verified/, 'as it was it holds');
for my $case ([ '2s/4e454d3132/4e454d3133/', 'a changed byte of a file' ], [ '2s/meter1/meter3/', 'its name' ], [ '3d', 'the last one' ])
{
	change($second, 'batch.copy.gz', $case->[0]);
	$node->command_fails_like([ $tool, 'restore', $second ], qr/does not hold|not all rows went back/, "$case->[1] is found");
	undo($second, 'batch.copy.gz');
}

$node->stop;
done_testing();
