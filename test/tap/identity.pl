# Who one is through a pool: PgBouncer in transaction mode with a single server
# connection; names and passwords, with every way to guess more often than five
# times; assertions of a checker outside, byte by byte; what needs two steps.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my ($pgbouncer) = grep { -x $_ } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin', '/usr/local/sbin';
plan skip_all => 'there is no pgbouncer' unless $pgbouncer;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $dir = $node->basedir;
my $keys = "$dir/keys";
umask 077;
append_to_file($keys, "k1 " . '5a' x 32 . "\n");
$node->append_conf('postgresql.conf', "billing.token_key_file = '$keys'\nshared_preload_libraries = 'billing'\nlog_statement = all\n"
	. "log_parameter_max_length = 0\nlog_parameter_max_length_on_error = 0\nlog_min_duration_statement = 0\n");
$node->start;
$node->safe_psql('postgres', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles(), billing.install();
CREATE ROLE pool LOGIN IN ROLE billing_clerk, billing_customer, billing_login;
CREATE ROLE gate LOGIN IN ROLE billing_gateway;
CREATE ROLE anna LOGIN IN ROLE billing_admin, billing_clerk;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('D', 'Another', 'company');
SELECT billing.add_org('S1', 'Station 1', 'station', 'C');
SELECT billing.add_org('S2', 'Station 2', 'station', 'C');
SELECT billing.add_staff('C', 'A', 'Anna', 'administrator', 'anna'), billing.add_staff('S1', 'B', 'Bob', 'billing clerk'), billing.add_staff('S2', 'E', 'Eve', 'billing clerk'),
	billing.add_staff('D', 'F', 'Far', 'billing clerk');
SELECT billing.grant_access('A', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');
SELECT billing.grant_post('B', 'S1'), billing.grant_post('E', 'S2'), billing.grant_access('E', 'C', '{org,bill,money}', '{read,approve}');
SELECT billing.add_customer('S1', 'Wang'), billing.add_customer('S2', 'Li');
SELECT billing.add_account('S1', 'W1', 1, '2026-01-01'), billing.add_account('S2', 'L1', 2, '2026-01-01');
END

# ---- the pool ----

my $port = PostgreSQL::Test::Cluster::get_free_port();
append_to_file("$dir/users", qq{"pool" ""\n"anna" ""\n"gate" ""\n});
append_to_file("$dir/pgbouncer.ini", "[databases]\npostgres = host=" . $node->host . " port=" . $node->port . "\n[pgbouncer]\nlisten_port = $port\n"
	. "unix_socket_dir = $dir\nauth_type = trust\nauth_file = $dir/users\npool_mode = transaction\ndefault_pool_size = 1\nmax_db_connections = 1\n"
	. "ignore_startup_parameters = extra_float_digits,options\nlogfile = $dir/pgbouncer.log\npidfile = $dir/pgbouncer.pid\n");
system_or_bail($pgbouncer, '-q', '-d', "$dir/pgbouncer.ini");
# it goes into the background before it listens
for (my $waited = 0; !-S "$dir/.s.PGSQL.$port"; usleep(50_000)) { BAIL_OUT('pgbouncer does not listen') if $waited++ > 3600 }
END { if ($dir && -f "$dir/pgbouncer.pid") { my $status = $?; chomp(my $pid = slurp_file("$dir/pgbouncer.pid")); kill 'INT', $pid; $? = $status } }
my $pooled = "host=$dir port=$port dbname=postgres user=pool";

# what psql prints for a script of one client, errors among it
sub client
{
	my ($sql) = @_;
	my $out = '';
	IPC::Run::run([ 'psql', '-XAtq', '-v', 'VERBOSITY=verbose', '-d', $pooled ], '<', \$sql, '>', \$out, '2>&1');
	$out =~ s/^psql:<stdin>:\d+: //mg;
	return $out =~ s/^(LOCATION|HINT|DETAIL|CONTEXT|PL\/pgSQL|SQL ).*\n//mgr =~ s/\n\z//r;
}
sub token { return $node->safe_psql('postgres', "SELECT billing.issue_token('$_[0]', $_[1])", extra_params => [ '-U', 'gate' ]) }

my $backend = client('SELECT pg_backend_pid()');
is(client('SELECT billing.actor(), (SELECT count(*) FROM billing.account)'), 'nobody|0', 'the pool itself is nobody');
my $bob = token('staff', 2);
is(client("BEGIN; SELECT billing.identify('$bob'); SELECT account_no FROM billing.account; COMMIT; SELECT billing.actor(), count(*) FROM billing.account"),
	"staff:2\nW1\nnobody|0", 'a token holds for its transaction');
is(client('SELECT billing.actor(), (SELECT count(*) FROM billing.account)'), 'nobody|0', 'the next client is nobody');
is(client("BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); SELECT 1/0; COMMIT; SELECT billing.actor()"),
	"staff:2\nERROR:  22012: division by zero\nnobody", 'after an error, too');
is(client("BEGIN; SELECT billing.identify('" . token('customer', 2) . "'); SELECT account_no FROM billing.account; ROLLBACK; SELECT billing.actor()"),
	"customer:2\nL1\nnobody", 'a customer sees his own');

# a client that vanishes in mid-transaction
my $victim = IPC::Run::start([ 'psql', '-XAtq', '-d', $pooled, '-c', "BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); SELECT pg_sleep(30)" ], '>', \my $lost, '2>&1');
$node->poll_query_until('postgres', "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND usename = 'pool')");
$victim->kill_kill;
is(client('SELECT billing.actor(), (SELECT count(*) FROM billing.account)'), 'nobody|0', 'what a vanished client was goes with him');

# what one client leaves in the session shows the next one nothing
client("PREPARE mine AS SELECT count(*) FROM billing.account; SET plan_cache_mode = force_generic_plan; BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); EXECUTE mine; COMMIT");
is(client('EXECUTE mine'), '0', 'a statement that another has prepared reads as who runs it')
	if client('SELECT count(*) FROM pg_prepared_statements') ne '0';
$backend = client('SELECT pg_backend_pid()');
my @two = map { client("BEGIN; SELECT billing.identify('" . token('staff', $_) . "'); SELECT account_no FROM billing.account ORDER BY 1; SELECT pg_backend_pid(); COMMIT") } (2, 3);
is($two[0], "staff:2\nW1\n$backend", 'two clients, one connection: the first');
is($two[1], "staff:3\nL1\n$backend", 'and the second');
like(client("SET billing.actor = 'staff:2'"), qr/^ERROR/, 'nobody says himself who he is');
like(client('BEGIN; SELECT billing.identify(\'' . token('staff', 2) . "'); SELECT billing.identify('" . token('staff', 3) . "'); COMMIT"), qr/UB403/, 'one actor a transaction');

# ---- names and passwords ----

$node->safe_psql('postgres', "SELECT billing.set_login('customer', 1, 'wang', 'correct horse'), billing.set_login('customer', 2, 'lee', 'battery staple')", extra_params => [ '-U', 'anna' ]);
my $denied = 'ERROR:  UB408: name or password is not accepted';
my $key = client("CALL billing.login('wang', 'correct horse')");
like($key, qr/^[0-9a-f]{64}$/, 'a session for name and password');
is(client("BEGIN; SELECT billing.identify_session('$key'), billing.actor_methods(); SELECT account_no FROM billing.account; COMMIT; SELECT billing.actor()"),
	"customer:1|{password}\nW1\nnobody", 'which is the customer, for a transaction');
is(client("CALL billing.login('$_->[0]', '$_->[1]')"), $denied, "refused: $_->[2]")
	for [ 'wang', 'wrong password', 'a wrong password' ], [ 'nobody', 'correct horse', 'no such name' ], [ 'wang', '', 'no password' ], [ 'lee', 'correct horse', 'the password of another' ];
like(client("CALL billing.login(NULL, NULL)"), qr/22004/, 'nothing at all');
(my $changed = $key) =~ tr/0-9a-f/1-9a-f0/;
like(client("SELECT billing.identify_session('$_')"), qr/UB401/, 'no such session') for $changed, '', 'x', substr($key, 1);
ok(client("SELECT billing.logout('$key')") eq 't', 'logged out');
like(client("SELECT billing.identify_session('$key')"), qr/UB401/, 'the session is over');
$key = client("CALL billing.login('wang', 'correct horse')");
like(client("CALL billing.change_password('wang', 'wrong', 'another horse')"), qr/UB408/, 'a new password takes the old one');
like(client("CALL billing.change_password('wang', 'correct horse', 'short')"), qr/22023/, 'and a good new one');
is(client("CALL billing.change_password('wang', 'correct horse', 'another horse')"), '', 'changed');
like(client("SELECT billing.identify_session('$key')"), qr/UB401/, 'sessions of the old one are over');
is(client("CALL billing.login('wang', 'correct horse')"), $denied, 'the old one is none');
like(client("CALL billing.login('wang', 'another horse')"), qr/^[0-9a-f]{64}$/, 'the new one is');
$node->safe_psql('postgres', "UPDATE billing.credential SET expires_at = now() WHERE login_name = 'wang'");
like(client("CALL billing.login('wang', 'another horse')"), qr/UB409/, 'an expired one says so');
like(client("CALL billing.login('wang', 'wrong one here')"), qr/UB408/, 'to who knows it');
is(client("CALL billing.change_password('wang', 'another horse', 'a third horse')"), '', 'and is changed');

# guessing more often than five times
like(client("BEGIN; CALL billing.login('lee', 'battery staple')"), qr/2D000/, 'not where a rollback could hide the attempt');
like(client("DO \$\$ DECLARE k text; BEGIN CALL billing.login('lee', 'battery staple', k); EXCEPTION WHEN OTHERS THEN RAISE EXCEPTION '% %', SQLSTATE, SQLERRM; END \$\$"), qr/2D000/, 'nor in a block with a handler');
is(client("SELECT billing._end_login('lee', 'battery staple', 1)"), $denied, 'nor without one');
is(client("SELECT billing._begin_login('lee') AS a \\gset\nBEGIN;\nSELECT billing._end_login('lee', 'wrong', :a);\nROLLBACK;\nSELECT billing._end_login('lee', 'battery staple', :a)"), "$denied\n$denied",
	'an attempt is looked at once, whatever is rolled back');
is(client("BEGIN;\nSELECT billing._begin_login('lee') AS a \\gset\nSELECT billing._end_login('lee', 'battery staple', :a);\nROLLBACK"), $denied, 'and is committed before');
my $attempt = client("SELECT billing._begin_login('lee')");
is($node->safe_psql('postgres', "SELECT coalesce((SELECT 'in' FROM billing.credential WHERE login_name = 'lee' AND attempt = $attempt), 'gone')"), 'in', 'an attempt of one backend');
my (undef, undef, $stolen) = $node->psql('postgres', "SELECT billing._end_login('lee', 'battery staple', $attempt)", extra_params => [ '-U', 'pool' ]);
like($stolen, qr/not accepted/, 'is not that of another');
$node->safe_psql('postgres', "UPDATE billing.credential SET failures = 0, locked_until = NULL");
client("CALL billing.login('lee', 'guess number $_')") for 1 .. 5;
is(client("CALL billing.login('lee', 'battery staple')"), $denied, 'after five failures the right one does not help');
is($node->safe_psql('postgres', "SELECT failures, locked_until > now() + interval '10 min' FROM billing.credential WHERE login_name = 'lee'"), '5|t', 'for a quarter of an hour');
$node->safe_psql('postgres', "UPDATE billing.credential SET locked_until = now()");
like(client("CALL billing.login('lee', 'battery staple')"), qr/^[0-9a-f]{64}$/, 'after which it does');
is($node->safe_psql('postgres', "SELECT failures FROM billing.credential WHERE login_name = 'lee'"), '0', 'and the count begins again');
like(client('SELECT * FROM billing.credential'), qr/42501/, 'nobody reads passwords, even hashed');
like(client('SELECT * FROM billing.login_session'), qr/42501/, 'or sessions');
like(client("SELECT billing._bind_actor('staff', 1, 'password')"), qr/42501/, 'or is somebody by asking');
like(client("BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); SELECT billing.set_login('customer', 2, 'lee', 'taken over!'); COMMIT"), qr/P0002/, 'a clerk of another station sets no password');
like(client("BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); SELECT billing.set_login('staff', 1, 'boss', 'taken over!'); COMMIT"), qr/P0002|42501/, 'nor that of an administrator');
# as a parameter a password reaches no log
my $script = "$dir/login.pgbench";
append_to_file($script, "CALL billing.login(:name, :password);\n");
$node->run_log([ 'pgbench', '-n', '-M', 'extended', '-t', 1, '-D', 'name=lee', '-D', 'password=batteryparameter', '-f', $script, '-U', 'pool', '-h', $node->host, '-p', $node->port, 'postgres' ]);
my $log = slurp_file($node->logfile);
like($log, qr/CALL billing.login\(\$1, \$2\)/, 'the log has the call');
unlike($log, qr/batteryparameter/, 'not the password');
unlike($log, qr/5a5a5a5a/, 'nor a key');

# ---- checkers outside ----

sub sign
{
	my ($text, $database, $keyfile) = @_;
	append_to_file(my $file = "$dir/text" . int(rand(1e9)), "$text.$database");
	my ($out, $err) = run_command([ 'openssl', 'pkeyutl', '-sign', '-rawin', '-inkey', $keyfile // "$dir/checker.pem", '-in', $file, '-out', "$file.sig" ]);
	return "$text." . unpack('H*', slurp_file("$file.sig"));
}
run_command([ 'openssl', 'genpkey', '-algorithm', 'ed25519', '-out', "$dir/$_.pem" ]) for qw(checker stranger);
run_command([ 'openssl', 'pkey', '-in', "$dir/checker.pem", '-pubout', '-outform', 'DER', '-out', "$dir/checker.pub" ]);
my $public = unpack('H*', substr(slurp_file("$dir/checker.pub"), -32));
$node->safe_psql('postgres', "SELECT billing.set_identity_checker('gatehouse', 'C', '\\x$public', '{fingerprint}')", extra_params => [ '-U', 'anna' ]);
sub assertion { my ($method, $who, $seconds, $database, $file) = @_; return sign("a1.gatehouse.$method.$who." . (time + $seconds) . '.0123456789abcdef', $database, $file) }
my $seen = assertion('fingerprint', 'staff.2', 50, 'postgres');
is(client("BEGIN; SELECT billing.identify_by('$seen'), billing.actor_methods(); COMMIT; SELECT billing.actor()"), "staff:2|{fingerprint}\nnobody", 'who was seen outside is who he is');
is(client("BEGIN; SELECT billing.identify('" . token('staff', 2) . "'); SAVEPOINT s; SELECT billing.identify_by('$seen'), billing.actor_methods(); ROLLBACK TO s; SELECT billing.actor_methods(); COMMIT"),
	"staff:2\nstaff:2|{token,fingerprint}\n{token}", 'with a token these are two steps, which go with their savepoint');
is($node->safe_psql('postgres', "SELECT actor, detail ->> 'method' FROM billing.audit WHERE act = 'identify_by' ORDER BY audit_id LIMIT 1"), 'staff:2|fingerprint', 'it is on record with its method');
my %refused = ('another method' => assertion('sso', 'staff.2', 50, 'postgres'), 'of another database' => assertion('fingerprint', 'staff.2', 50, 'other'),
	'expired' => assertion('fingerprint', 'staff.2', -1, 'postgres'), 'too long' => assertion('fingerprint', 'staff.2', 3600, 'postgres'),
	'signed by a stranger' => assertion('fingerprint', 'staff.2', 50, 'postgres', "$dir/stranger.pem"), 'of another company' => assertion('fingerprint', 'staff.4', 50, 'postgres'),
	'nobody' => assertion('fingerprint', 'staff.99', 50, 'postgres'), 'no kind' => assertion('fingerprint', 'robot.2', 50, 'postgres'));
like(client("BEGIN; SELECT billing.identify_by('$refused{$_}')"), qr/^ERROR:  UB401: the token is not accepted$/, "refused: $_") for sort keys %refused;
my $each = $seen;
my $tries = join '', map { my $one = $each; substr($one, $_, 1) = substr($one, $_, 1) eq '3' ? '4' : '3'; "SELECT billing.identify_by('$one');\n" } 0 .. length($each) - 1;
my %answers = map { $_ => 1 } split /\n/, client($tries . join('', map { "SELECT billing.identify_by('" . substr($each, 0, $_) . "');\n" } 0 .. length($each) - 1));
is(join("\n", keys %answers), 'ERROR:  UB401: the token is not accepted', 'each byte counts, and each length');
$node->safe_psql('postgres', "SELECT billing.end_identity_checker('gatehouse')", extra_params => [ '-U', 'anna' ]);
like(client("BEGIN; SELECT billing.identify_by('" . assertion('fingerprint', 'staff.2', 50, 'postgres') . "')"), qr/UB401/, 'believed no more');
$node->safe_psql('postgres', "SELECT billing.set_identity_checker('gatehouse', 'C', '\\x$public', '{fingerprint}')", extra_params => [ '-U', 'anna' ]);

# ---- what needs two steps ----

$node->safe_psql('postgres', <<'END');
CREATE FUNCTION public.ask() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS $$ SELECT billing._ask_approval('refund', 3, 'account W1', '{}', 100) $$;
ALTER FUNCTION public.ask() OWNER TO billing_owner;
SELECT billing.set_approval_rule('C', 'refund', two_steps => true);
END
my $asked = client("BEGIN; SELECT billing.identify('" . token('staff', 2) . "') \\g /dev/null\nSELECT public.ask(); COMMIT");
like($asked, qr/^\d+$/, 'a refund is asked for');
like(client("BEGIN; SELECT billing.identify('" . token('staff', 3) . "'); SELECT billing.approve($asked); COMMIT"), qr/UB407/, 'a token alone does not approve it');
is(client("BEGIN; SELECT billing.identify('" . token('staff', 3) . "'); SELECT billing.identify_by('" . assertion('fingerprint', 'staff.3', 50, 'postgres') . "'); SELECT billing.approve($asked); COMMIT"),
	"staff:3\nstaff:3\naccount W1", 'with a finger it does');
is($node->safe_psql('postgres', "SELECT detail ->> 'methods' FROM billing.audit WHERE act = 'approved'"), '["token", "fingerprint"]', 'and both are on record');

unlike(slurp_file($node->logfile), qr/XX000|PANIC|TRAP/, 'no internal error');
$node->stop;
done_testing();
