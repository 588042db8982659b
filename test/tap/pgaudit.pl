# pgaudit beside the store: who read what is personal is in the server's log, by object,
# with no value of it; what is not watched is not; the store works on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $library = $ENV{PG_CONFIG} ? `$ENV{PG_CONFIG} --pkglibdir` : `pg_config --pkglibdir`;
chomp $library;
# contrib/setup installs it for Debian's server; who tests a copy of that copies it, too
BAIL_OUT("there is no pgaudit.so in $library: it comes with Debian's postgresql-15-pgaudit, with its control file and scripts") unless -e "$library/pgaudit.so";

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
append_to_file($node->basedir . '/seal.key', 'k1 ' . '5a' x 32 . "\n");
chmod 0600, $node->basedir . '/seal.key';
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'pgaudit'\npgaudit.role = 'watched'\npgaudit.log_catalog = off\n"
	. "log_line_prefix = '%m [%p] %u %a '\nbilling.seal_key_file = '" . $node->basedir . "/seal.key'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<'END');
CREATE EXTENSION pgaudit; CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE ROLE watched NOLOGIN;
GRANT SELECT ON billing.customer_contact, billing.customer_identity TO watched;
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_staff('C', 'K', 'Clerk', 'account clerk', 'clerk');
SELECT billing.grant_post('K', 'C'), billing.grant_access('K', 'C', '{personal}', '{read}');
END
my @as_clerk = (extra_params => [ '-U', 'clerk' ]);
$node->safe_psql('power', 'SELECT billing.register_customer(\'C\', \'Wei\', mobile => \'139\' || \'55501234\')', @as_clerk);
my $before = -s $node->logfile;
is($node->safe_psql('power', 'SELECT billing.mask(value) FROM billing.customer_contact', @as_clerk), '139****1234', 'the clerk reads contacts');
my $log = slurp_file($node->logfile, $before);
like($log, qr/ clerk .*LOG:  AUDIT: OBJECT,\d+,\d+,READ,SELECT,TABLE,billing\.customer_contact,/, 'which is in the log, with the login');
$before = -s $node->logfile;
is($node->safe_psql('power', 'SELECT name FROM billing.customer', @as_clerk), 'Wei', 'he reads names');
unlike(slurp_file($node->logfile, $before), qr/AUDIT/, 'which nobody watches');
$before = -s $node->logfile;
is($node->safe_psql('power', "SELECT billing.open_contact(1, 1, 'calls')", @as_clerk), '13955501234', 'he opens one');
$log = slurp_file($node->logfile, $before);
like($log, qr/LOG:  billing: staff:1 opens customer_contact 1 of customer 1/, 'which the store says itself');
unlike($log, qr/13955501234/, 'and not what was opened');

# ---- what it sees and what not: as doc/watch.md has it ----

# what the log says of a statement of the clerk's: READ lines, by their object
sub reads
{
	my ($sql, @more) = @_;
	my $from = -s $node->logfile;
	$node->safe_psql('power', $sql, @more ? @more : @as_clerk);
	return join ' ', sort { $a cmp $b } slurp_file($node->logfile, $from) =~ / (\w+) \S+ LOG:  AUDIT: OBJECT,\d+,\d+,READ,SELECT,\w*,([\w.]*)/g;
}
my $contact = 'billing.customer_contact clerk';
is(reads("SELECT billing.open_contact(1, 1, 'again')"), '', 'what a function that runs as the owner reads it does not see: that is why the store says it itself');
is(reads('COPY billing.customer_contact (customer_id) TO STDOUT'), 'billing.customer_contact billing.customer_contact clerk clerk', 'COPY, twice');
is(reads('PREPARE p AS SELECT count(*) FROM billing.customer_contact; SET plan_cache_mode = force_generic_plan; EXECUTE p; EXECUTE p'), "billing.customer_contact billing.customer_contact clerk clerk", 'a prepared statement, each time');
is(reads('BEGIN; DECLARE c CURSOR FOR SELECT * FROM billing.customer_contact; FETCH c; FETCH c; END'), $contact, 'a cursor, once');
$node->safe_psql('power', "CREATE VIEW public.reachable WITH (security_invoker = true) AS SELECT customer_id, billing.mask(value) FROM billing.customer_contact; GRANT SELECT ON public.reachable TO clerk; GRANT ALL ON SCHEMA public TO PUBLIC");
is(reads('SELECT * FROM public.reachable'), $contact, 'a view, by its table');
is(reads("EXPLAIN SELECT * FROM billing.customer_contact"), $contact, 'EXPLAIN, though it reads nothing');
is(reads("SELECT customer_id FROM billing.likely_duplicates('Wei', mobile => '13955501234')") =~ s/ .*//r, 'billing.customer_contact', 'a search by number');
is(reads('SELECT count(*) FROM billing.customer_contact WHERE false'), $contact, 'a statement that finds nothing is one that looked');
is(reads("SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'customer_contact'"), '', 'not how many rows there are, by the statistics');
my ($status, $out, $err) = $node->psql('power', "SET pgaudit.role = ''", @as_clerk);
like($err, qr/permission denied/, 'the clerk does not switch it off');
is(reads("SET pgaudit.role = ''; SELECT count(*) FROM billing.customer_contact", extra_params => []), '', 'a superuser does: his reading is not proved by it');

is($node->safe_psql('power', "SELECT DISTINCT actor, act, count(*) OVER () FROM billing.audit WHERE act = 'open_sealed'"), 'staff:1|open_sealed|2', 'the trail of the store is as ever');
is($node->safe_psql('power', 'SELECT count(*) FROM billing.verify()'), '0', 'and the store works');
unlike(slurp_file($node->logfile), qr/PANIC|XX000/, 'nothing breaks');
$node->stop;
done_testing();
