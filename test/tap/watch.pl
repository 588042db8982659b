# Watching, from outside: a client that listens is called, once, and in time; a scraper
# reads the metrics, by text and by postgres_exporter; the checks of health() that are
# about the server fail and are mended by their remedies.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init(extra => ['--data-checksums']);
my $place = $node->basedir;
my %key = (seal => '5a' x 32, sign => '6b' x 32, token => '7c' x 32);
sub write_key
{
	my ($name, $text, $mode) = @_;
	unlink "$place/$name.key";
	append_to_file("$place/$name.key", $text);
	chmod $mode // 0600, "$place/$name.key";
}
write_key($_, "k1 $key{$_}\n") for keys %key;
$node->append_conf('postgresql.conf', "fsync = on\nfull_page_writes = on\nwal_level = replica\narchive_mode = on\narchive_command = 'true'\nlog_parameter_max_length = 0\n"
	. join('', map { "billing.${_}_key_file = '$place/$_.key'\n" } keys %key));
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company');
CREATE ROLE scraper LOGIN IN ROLE billing_auditor; CREATE ROLE watchman LOGIN IN ROLE billing_admin; CREATE ROLE listener LOGIN;
SELECT billing.add_staff('C', 'S', 'Scraper', 'x', 'scraper'), billing.add_staff('C', 'W', 'Watchman', 'x', 'watchman');
SELECT billing.grant_access('S', 'C', '{org,customer,account,reading,bill,money,audit}', '{read}'), billing.grant_access('W', 'C', '{audit}', '{read,run}'),
	billing.grant_access('W', 'C', '{org,customer,account,reading,bill,money}', '{read}');
SELECT billing.add_customer('C', 'x'), billing.add_account('C', 'A', 1, '2026-01-01');
END
sub said { my ($what) = @_; return $node->safe_psql('power', "SELECT state || ': ' || meaning FROM billing.health() WHERE check_name = '$what'"); }

# ---- the server ----

sub set { my ($line) = @_; $node->append_conf('postgresql.conf', $line); $node->reload; $node->poll_query_until('power', 'SELECT pg_conf_load_time() > now() - interval \'1 minute\''); }
like(said($_), qr/^ok/, "$_ is well") for ('durability', 'archiving', 'master key', 'signing key', 'token key', 'settings');
set('fsync = off');
is(said('durability'), 'critical: off: fsync', 'fsync is off');
set("fsync = on\nsynchronous_commit = off");
is(said('durability'), 'warning: off: synchronous_commit', 'commits are not waited for');
set('synchronous_commit = on');
like(said('durability'), qr/^ok/, 'mended');
set("archive_command = 'false'");
$node->safe_psql('power', 'SELECT pg_switch_wal()');
$node->poll_query_until('power', 'SELECT failed_count > 0 FROM pg_stat_archiver');
is(said('archiving'), 'critical: the journal is not archived any more', 'archiving fails');
set("archive_command = 'true'");
$node->poll_query_until('power', 'SELECT last_archived_time > last_failed_time FROM pg_stat_archiver');
like(said('archiving'), qr/^ok/, 'mended');
for my $case ([ 'seal', 'master key' ], [ 'sign', 'signing key' ], [ 'token', 'token key' ])
{
	my ($name, $check) = @$case;
	write_key($name, "k1 $key{$name}\n", 0640);
	like(said($check), qr/^critical: .* can be read or written by others/, "$check: open to others");
	write_key($name, "k1 00ff\n");
	like(said($check), qr/^critical: .* has a line that is no key/, "$check: not of the form");
	unlink "$place/$name.key";
	like(said($check), qr/^critical: .* cannot be opened/, "$check: gone");
	write_key($name, "k1 $key{$name}\n");
	like(said($check), qr/^ok/, "$check: mended");
}
unlike(slurp_file($node->logfile), qr/$key{seal}|$key{sign}|$key{token}/, 'no key is in the log');

# ---- a client that listens ----

my ($in, $heard, $problems) = ("LISTEN billing_alert;\n", '', '');
my $timer = IPC::Run::timeout(60);
my $listener = IPC::Run::start([ 'psql', '-XAtq', '-U', 'listener', '-d', $node->connstr('power') ], '<', \$in, '>', \$heard, '2>', \$problems, $timer);
$listener->pump_nb for 1 .. 3;
$node->poll_query_until('power', "SELECT count(*) = 1 FROM pg_stat_activity WHERE usename = 'listener' AND state = 'idle'");
# psql tells what it has heard with its next statement
sub listen_for { my ($what) = @_; for (1 .. 100) { $in .= "SELECT 'tick';\n"; $listener->pump; last if $heard =~ $what; select(undef, undef, undef, 0.1); } return $heard; }
my @as_watchman = (extra_params => [ '-U', 'watchman' ]);
$node->safe_psql('power', "SELECT billing.set_alert_rule('disk', 'database team', '2 hours', 'durability', 'warning'), billing.set_alert_rule('money', 'sales', '1 day', metric => 'billing_accounts', above => 5)", @as_watchman);
is($node->safe_psql('power', 'SELECT billing.check_alerts()', @as_watchman), '0', 'all is well: nobody is called');
set('synchronous_commit = off');
is($node->safe_psql('power', 'SELECT billing.check_alerts()', @as_watchman), '1', 'a check turns bad');
like(listen_for(qr/billing_alert/), qr/notification "billing_alert" with payload "\{.*"owner": "database team".*\}"/, 'and the listener is called, with whose it is');
my ($payload) = $heard =~ /payload "(\{.*\})" received/;
is($node->safe_psql('power', "SELECT p ->> 'rule', p ->> 'subject', p ->> 'meaning', (p ->> 'due_at')::timestamptz - now() BETWEEN '1 hour 50 minutes' AND '2 hours' FROM (SELECT '$payload'::jsonb) q(p)"),
	'disk|durability|off: synchronous_commit|t', 'what for, and by when');
$heard = '';
is($node->safe_psql('power', 'SELECT billing.check_alerts()', @as_watchman), '0', 'once');
$node->safe_psql('power', 'SELECT billing.take_alert(alert_id) FROM billing.alert', @as_watchman);
set('synchronous_commit = on');
$node->safe_psql('power', 'SELECT billing.check_alerts()', @as_watchman);
is($node->safe_psql('power', "SELECT taken_by = 'staff:2', closed_at IS NOT NULL FROM billing.alert"), 't|t', 'somebody took it, and it is closed when it is well again');
$node->safe_psql('power', "SELECT billing.add_account('C', 'B' || n, 1, '2026-01-01') FROM generate_series(1, 5) n");
is($node->safe_psql('power', 'SELECT billing.check_alerts()', @as_watchman), '1', 'a metric goes above its threshold');
like(listen_for(qr/money/), qr/"meaning": "billing_accounts is 6, above 5"/, 'and is told, with its value');
$in .= "\\q\n";
$listener->finish;

# ---- a scraper ----

my @as_scraper = (extra_params => [ '-U', 'scraper' ]);
my $text = $node->safe_psql('power', q{SELECT format(E'# TYPE %1$s gauge\n%1$s %2$s', name, value) FROM billing_report.metric WHERE value IS NOT NULL}, @as_scraper);
my ($type, $value, %metric) = (0, 0);
for my $line (split /\n/, $text)
{
	if ($line =~ /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) gauge$/) { $type++; }
	elsif ($line =~ /^([a-zA-Z_:][a-zA-Z0-9_:]*) (-?\d+(?:\.\d+)?)$/) { $metric{$1} = $2; $value++; }
	else { fail("a line that no scraper reads: $line"); }
}
is($type, $value, 'the text form of Prometheus: each number with its type');
is($value, scalar keys %metric, 'and each once');
is($metric{billing_accounts}, 6, 'with what is there');
is($node->safe_psql('power', 'SELECT count(*) FROM billing_report.metric WHERE value IS NULL', @as_scraper) + $value, $node->safe_psql('power', 'SELECT count(*) FROM billing.metrics()'), 'all of them, but what never was');
is($metric{billing_checks_unknown}, 1, 'of what is not for the scraper it says so');

{
	my ($exporter) = grep { -x $_ } map { "$_/prometheus-postgres-exporter" } split(/:/, $ENV{PATH}), '/usr/bin';
	BAIL_OUT('there is no prometheus-postgres-exporter: contrib/setup installs it') unless $exporter;
	append_to_file("$place/queries.yaml", <<'END');
billing:
  query: "SELECT name, value FROM billing_report.metric WHERE value IS NOT NULL"
  metrics:
    - name: {usage: "LABEL", description: "name of the metric"}
    - value: {usage: "GAUGE", description: "its value"}
END
	my $port = PostgreSQL::Test::Cluster::get_free_port();
	local $ENV{DATA_SOURCE_NAME} = 'host=' . $node->host . ' port=' . $node->port . ' user=scraper dbname=power sslmode=disable';
	my ($o, $e) = ('', '');
	my $process = IPC::Run::start([ $exporter, "--web.listen-address=127.0.0.1:$port", "--extend.query-path=$place/queries.yaml", '--disable-default-metrics', '--disable-settings-metrics' ], '>', \$o, '2>', \$e);
	my $page = '';
	for (1 .. 100) { $page = `python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:$port/metrics").read().decode())' 2>/dev/null`; last if $page =~ /billing_value/; select(undef, undef, undef, 0.2); }
	$process->kill_kill;
	like($page, qr/^billing_value\{.*name="billing_accounts".*\} 6$/m, 'a real exporter reads them');
	is(scalar(() = $page =~ /^billing_value\{/mg), $value, 'all of them');
}
$node->stop;
done_testing();
