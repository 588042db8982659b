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
$node->command_fails_like([ $tool, 'drill', "$place/base", "$place/holes" ], qr/does not come back/, 'with a hole in the journal it does not come back');
# a damaged backup is no backup
{
	open my $file, '+<', "$place/base/PG_VERSION" or die;
	print $file "99\n";
	close $file;
}
$node->command_fails([ 'pg_verifybackup', '-q', "$place/base" ], 'a changed file of a backup is found');
$node->command_fails_like([ $tool, 'base', "$place/base" ], qr/is there already/, 'nothing is overwritten');

# ---- archives ----

$node->command_like([ $tool, 'archive', 'C', '2026-02-01', "$place/archive" ], qr/good: 20 chains with 40 links, anchor 1 of C/, 'a closed period is written away and read back');
is($node->safe_psql('power', "SELECT good, detail ->> 'org_no', detail ->> 'until_on' FROM billing.upkeep WHERE kind = 'archive'"), 't|C|2026-02-01', 'on record');
$node->command_fails_like([ $tool, 'archive', 'C', '2026-03-01', "$place/archive" ], qr/is not closed up to 2026-03-01/, 'only what is closed');
$node->command_like([ $tool, 'check', "$place/archive/C-2026-02-01" ], qr/good/, 'read back later');
my $file = "$place/archive/C-2026-02-01/chains.json.gz";
system_or_bail('bash', '-c', "gzip -dc $file | sed '0,/\"seq\": 2,/s//\"seq\": 3,/' | gzip -9n >$file.new && mv $file.new $file");
$node->command_fails_like([ $tool, 'check', "$place/archive/C-2026-02-01" ], qr/is not what the manifest says/, 'a changed archive is found by its manifest');
my ($size, $digest) = (-s $file, `sha256sum <$file` =~ /^(\w+)/);
my $manifest = slurp_file("$place/archive/C-2026-02-01/manifest.json");
$manifest =~ s/"bytes": \d+/"bytes": $size/;
$manifest =~ s/"sha256": "\w+"/"sha256": "$digest"/;
unlink "$place/archive/C-2026-02-01/manifest.json";
append_to_file("$place/archive/C-2026-02-01/manifest.json", $manifest);
$node->command_fails_like([ $tool, 'check', "$place/archive/C-2026-02-01" ], qr/does not hold/, 'and with a manifest made to fit, by the anchor');

$node->stop;
done_testing();
