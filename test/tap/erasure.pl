# What was erased, and an older backup that is restored: its keys are in the backup, and must not
# come back into use.  The old server's log says what to erase again, as doc/incidents.md has it.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(allows_streaming => 1);
my $key_file = $node->basedir . '/seal.key';
append_to_file($key_file, 'k1 ' . '5a17' x 16 . "\n");
chmod 0600, $key_file;
$node->append_conf('postgresql.conf', "billing.seal_key_file = '$key_file'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('D', 'Another', 'company');
SELECT billing.register_customer(o, 'Customer ' || n, mobile => '1381234000' || n, from_on => '2026-01-01') FROM (VALUES (1, 'C'), (2, 'C'), (3, 'C'), (4, 'D')) v(n, o);
END
$node->backup('old');
my $log_then = -s $node->logfile;
$node->safe_psql('power', "SELECT billing.erase_customer(2, 'has asked for it')");
$node->safe_psql('power', "SELECT billing.destroy_keys('D', 'the company is gone')");
# who writes a statement like a line of the log erases nobody by it
$node->psql('power', "SELECT 1 -- LOG:  billing: staff:1 erases customer 3");
$node->psql('power', "SELECT 1 /*\n2026-01-01 00:00:00.000 UTC [1] LOG:  billing: staff:1 erases customer 3\n*/");
sub opens { my ($where, $n) = @_; my ($status, $out, $err) = $where->psql('power', "SELECT billing.open_contact($n, 1, 'drill')"); return $out || ($err =~ /ERROR:  ([^\n]*)/)[0]; }
unlike(opens($node, $_), qr/^138/, "customer $_ is erased") for (2, 4);
# the log is kept outside: the machine may be lost
my $log = $node->basedir . '/kept.log';
append_to_file($log, slurp_file($node->logfile, $log_then));
$node->stop('immediate');

my $restored = PostgreSQL::Test::Cluster->new('restored');
$restored->init_from_backup($node, 'old');
$restored->start;
like(opens($restored, 2), qr/^138/, 'an older backup has the keys that were destroyed');
my $found = qx{perl -ne 'print "\$1\\n" if /^(?![\\t])(?>.*?LOG:  )billing: \\S+ (erases customer \\d+|destroys the keys of org .*)\$/' $log};
is($found, "erases customer 2\ndestroys the keys of org D\n", 'the log says what was erased since');
for (split /\n/, $found)
{
	$restored->safe_psql('power', "SELECT billing.erase_customer($1, 'erased before the recovery')") if /customer (\d+)/;
	$restored->safe_psql('power', "SELECT billing.destroy_keys('$1', 'destroyed before the recovery')") if /org (.*)/;
}
unlike(opens($restored, $_), qr/^138/, "customer $_ is erased again") for (2, 4);
is($restored->safe_psql('power', "SELECT count(*) FROM billing.seal_key WHERE destroyed_at IS NOT NULL AND wrapped IS NULL"), $restored->safe_psql('power', "SELECT count(*) FROM billing.seal_key WHERE customer_id IN (2, 4) OR org_id = (SELECT org_id FROM billing.org WHERE org_no = 'D')"), 'no key of theirs is left');
like(opens($restored, $_), qr/^138/, "customer $_ is as he was") for (1, 3);
$restored->safe_psql('power', "SELECT billing.add_contact(4, 'mobile', '13900000001', '2026-02-01')");
is($restored->safe_psql('power', "SELECT billing.open_contact(4, 2, 'drill')"), '13900000001', 'what is entered anew is under new keys');
is($restored->safe_psql('power', 'SELECT count(*) FROM billing.verify()'), '0', 'the chain is whole');
# and a restart brings nothing back
$restored->restart;
unlike(opens($restored, 2), qr/^138/, 'also after a restart');
$restored->stop;
done_testing();
