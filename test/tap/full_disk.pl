# The disk is full, a real one of 64 MB that holds the database: a bill run and a file that lands in it stop with
# the server's own error (53100); once there is room both go on by the same call, nothing is lost
# and nothing is there twice.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $small = $ENV{SMALL_DISK};
plan skip_all => 'a small disk is mounted by root only (unshare --mount is not permitted here)' unless $small && (stat $small)[0] != (stat '/')[0];

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $place = $node->basedir;
append_to_file("$place/seal.key", 'k1 ' . '5a17' x 16 . "\n");
chmod 0600, "$place/seal.key";
$node->append_conf('postgresql.conf', "billing.seal_key_file = '$place/seal.key'\nautovacuum = off\nlog_statement = none\n");
$node->start;
mkdir "$small/space";
$node->safe_psql('postgres', "CREATE TABLESPACE small LOCATION '$small/space'");
$node->safe_psql('postgres', 'CREATE DATABASE power TEMPLATE template0 TABLESPACE small');
$node->safe_psql('power', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.register_customer('S', 'Wei', mobile => '13812345678', from_on => '2026-01-01');
SELECT count(billing.add_account('S', 'A' || n, 1, '2026-01-01')), count(billing.set_plan('A' || n, 'home', '2026-01-01')) FROM generate_series(1, 400) n;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(1000 * a.account_id, ARRAY[31])) FROM billing.account a;
END

sub fill_disk
{
	# what is written later is on disk first
	$node->safe_psql('postgres', 'CHECKPOINT');
	system('dd', 'if=/dev/zero', "of=$small/filler", 'bs=4k', 'status=none', 'count=20000');
	is((split ' ', (split /\n/, `df --output=avail $small`)[1])[0], '0', 'the disk is full');
}
sub make_room { unlink "$small/filler"; }
my $bills = 'SELECT count(*), count(DISTINCT account_id), (SELECT count(*) FROM billing.verify()) FROM billing.bill';

# ---- a bill run ----

fill_disk();
my ($status, $out, $err) = $node->psql('power', "CALL billing.run_bills('C', '2026-02-01', chunk_size => 50)", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  53100: could not extend file .*No space left on device/, 'a bill run stops, and says why');
my ($there) = split /\|/, $node->safe_psql('power', $bills);
cmp_ok($there, '<', 400, "not all bills are made: $there");
is($node->safe_psql('power', 'SELECT count(*) FROM billing.verify()'), '0', 'what there is holds');
make_room();
$node->safe_psql('power', "CALL billing.run_bills('C', '2026-02-01', chunk_size => 50)");
is($node->safe_psql('power', $bills), '400|400|0', 'with room again it goes on: each account has its bill, once');

# ---- a file ----

my $file = "SELECT convert_to(E'account_no,amount,key\\n' || string_agg(format(E'A%s,%s,k%s-%s\\n', n, n, n, repeat('x', 40)), ''), 'UTF8') FROM generate_series(1, 400) n";
my $batch = $node->safe_psql('power', "SELECT billing.receive('bank', ($file), 'payments', 'S')");
fill_disk();
($status, $out, $err) = $node->psql('power', "SELECT billing.land($batch)", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  53100: could not extend file/, 'a file does not land, and says why');
is($node->safe_psql('power', "SELECT landed_at IS NULL, (SELECT count(*) FROM billing.transfer WHERE key LIKE 'k%') FROM billing.batch WHERE batch_id = $batch"), 't|0', 'nothing of it is there');
($status, $out, $err) = $node->psql('power', "SELECT billing.receive('more', (SELECT convert_to(string_agg(md5(n::text), E'\\n'), 'UTF8') FROM generate_series(1, 100000) n), 'payments', 'S')", extra_params => [ '-v', 'VERBOSITY=verbose' ]);
like($err, qr/ERROR:  53100: /, 'nor is another received');
make_room();
is($node->safe_psql('power', "SELECT taken, rejected FROM billing.land($batch)"), '400|0', 'with room again it lands, whole');
is($node->safe_psql('power', "SELECT count(*), count(DISTINCT account_id) FROM billing.transfer WHERE key LIKE 'k%'"), '400|400', 'each payment once');
is($node->safe_psql('power', 'SELECT (SELECT count(*) FROM billing.verify()), (SELECT count(*) FROM billing.verify_batches())'), '0|0', 'the chains are whole');

$node->stop;
done_testing();
