# Notices through a mail relay: each once by two senders, a refusal, a relay that is
# away, a sender that dies; a cycle that is killed and goes on.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Encode qw(decode encode);
use Time::HiRes qw(usleep);

my ($exim) = grep { -x $_ } map { "$_/exim4" } split(/:/, $ENV{PATH}), '/usr/sbin';
plan skip_all => 'there is no exim4' unless $exim;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
append_to_file($node->basedir . '/master', 'm1 ' . '0123456789abcdef' x 4 . "\n");
chmod 0600, $node->basedir . '/master';
$node->append_conf('postgresql.conf', "billing.seal_key_file = '" . $node->basedir . "/master'\nfsync = off");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE power');

# ---- a relay of our own: it keeps what it accepts in one mailbox ----

my $dir = $node->basedir . '/relay';
mkdir $dir;
my $port = PostgreSQL::Test::Cluster::get_free_port();
my $user = getpwuid($<);
my $group = getgrgid($();
append_to_file("$dir/exim.conf", <<"END");
primary_hostname = relay.test
local_interfaces = 127.0.0.1
daemon_smtp_ports = $port
spool_directory = $dir/spool
log_file_path = $dir/%slog
pid_file_path = $dir/pid
exim_user = $user
exim_group = $group
deliver_drop_privilege = true
never_users =
keep_environment =
tls_advertise_hosts =
smtp_accept_max = 0
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny local_parts = gone
       message = no such user
  defer local_parts = busy
       message = try later
  accept domains = example.com
  deny message = relay not permitted
begin routers
all:
  driver = accept
  transport = box
begin transports
box:
  driver = appendfile
  maildir_format
  directory = $dir/box
  create_directory
END
mkdir "$dir/spool";
sub relay_on { system_or_bail($exim, '-C', "$dir/exim.conf", '-bd'); usleep(100_000) until -s "$dir/pid"; return; }
sub relay_off { return unless -s "$dir/pid"; chomp(my $pid = slurp_file("$dir/pid")); kill 'TERM', $pid; unlink "$dir/pid"; usleep(100_000) while kill 0, $pid; return; }
END { my $status = $?; relay_off() if defined $dir; $? = $status }

sub sql { return $node->safe_psql('power', $_[0]); }
sub mails
{
	my ($at_least) = @_;
	my @found;
	for (1 .. 100)
	{
		@found = map { slurp_file($_) } glob("$dir/box/new/*");
		last if @found >= $at_least;
		usleep(100_000);
	}
	return @found;
}
my @sender = ($0 =~ s{[^/]*$}{}r . '../contrib/notices', '--from', 'bill@utility.example', '--relay', "127.0.0.1:$port", '--lease', '5');
my %as_sender = (PGHOST => $node->host, PGPORT => $node->port, PGDATABASE => 'power', PGUSER => 'sender');
sub start_sender
{
	local @ENV{keys %as_sender} = values %as_sender;
	my ($out, $err) = ('', '');
	return [ IPC::Run::start([ @sender, @_ ], '>', \$out, '2>', \$err), \$out, \$err ];
}
sub run_sender { my $s = start_sender(@_); $s->[0]->finish; diag(${ $s->[2] }) if ${ $s->[2] }; chomp(my $out = ${ $s->[1] }); return $out; }

sql(<<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
CREATE ROLE sender LOGIN IN ROLE billing_clerk;
CREATE ROLE night LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', '城关供电公司', 'company');
SELECT billing.add_staff('C', 'M', 'Mail', 'sender', 'sender'), billing.add_staff('C', 'N', 'Night', 'job', 'night');
SELECT billing.grant_access('M', 'C', '{org,account,customer,bill,personal}', '{read}'), billing.grant_access('M', 'C', '{customer}', '{run}');
SELECT billing.grant_access('N', 'C', '{org,customer,account,reading,plan,bill,money}', '{read,write}'), billing.grant_access('N', 'C', '{bill}', '{run}');
SELECT billing.add_plan('home', '居民', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.register_customer('C', '王芳' || n, email => CASE n WHEN 21 THEN 'gone@example.com' WHEN 22 THEN 'busy@example.com' ELSE 'c' || n || '@example.com' END) FROM generate_series(1, 22) n;
UPDATE billing.customer_contact SET consent = '{bill}', consent_at = now();
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 1, c.customer_id, substr(c.name, 3), '2026-01-01' FROM billing.customer c ORDER BY c.customer_id;
-- who has no address
SELECT billing.add_customer('C', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 1, 23, n, '2026-01-01' FROM generate_series(1001, 1600) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(10000::bigint, '{31}')) FROM billing.account a WHERE a.account_id <= 22;
SELECT billing.set_notice_rule('C', 'bill_ready', '2020-01-01', 'email');
SELECT billing.set_notice_template('C', 'bill_ready', 'email', 'zh', '{org}：{account_no}号电费账单', E'{customer}您好：\n本期电费{total}元。');
SET SESSION AUTHORIZATION night;
CALL billing.run_cycle('C', '2026-02-01');
END
is(sql("SELECT count(*) FROM billing.notice WHERE state = 'queued'"), '22', 'a cycle queues the notices of its bills');

# ---- away ----

is(run_sender('--most', '1'), '0 sent, 22 failed', 'a relay that is away');
is(sql("SELECT DISTINCT state || ' ' || (reason ~ 'away') FROM billing.notice"), 'queued true', 'all wait, and the reason is kept');
is(run_sender(), '0 sent, 0 failed', 'for some minutes');

# ---- two at once ----

relay_on();
sql('UPDATE billing.notice SET next_at = now()');
my @both = map { start_sender('--most', '3') } 1, 2;
$_->[0]->finish for @both;
my ($sent, $failed) = (0, 0);
for (@both) { ${ $_->[1] } =~ /^(\d+) sent, (\d+) failed/ or die ${ $_->[2] }; $sent += $1; $failed += $2; }
is("$sent $failed", '20 2', 'two senders send twenty');
my @mails = mails(20);
is(scalar @mails, 20, 'which arrive once');
my %ids = map { /^Message-ID: *\r?\n? *(<\S+>)/mi ? ($1 => 1) : () } @mails;
is(scalar keys %ids, 20, 'each a message of its own');
is(sql("SELECT count(*) FROM billing.notice WHERE state = 'sent' AND sent_at IS NOT NULL AND '<' || message_id || '>' = ANY ('{" . join(',', keys %ids) . "}')"), '20', 'as the store has it');
is(sql("SELECT state || ' ' || reason FROM billing.notice WHERE account_id = 21"), 'refused 550 no such user', 'a refusal is final');
is(sql("SELECT state || ' ' || reason FROM billing.notice WHERE account_id = 22"), 'queued 451 try later', 'a delay is not');
my ($mail) = grep { /^To: c7\@example.com/m } @mails;
my ($subject) = $mail =~ /^Subject: (.*?)\r?\n(?! )/ms;
is(decode('MIME-Header', $subject), decode('UTF-8', '城关供电公司：7号电费账单'), 'a subject in Chinese arrives');
my ($body) = $mail =~ /\r?\n\r?\n(.*)/s;
if ($mail =~ /^Content-Transfer-Encoding: base64/mi) { require MIME::Base64; $body = MIME::Base64::decode_base64($body); }
like($body, qr/王芳7您好：\r?\n本期电费155.00元。/, 'and what it says');

# ---- one that dies ----

sql("SELECT billing.register_customer('C', '李明', email => 'late\@example.com'); UPDATE billing.customer_contact SET consent = '{bill}', consent_at = now() WHERE customer_id = 24;
	SELECT billing.add_account('C', '24', 24, '2026-01-01'); SELECT billing.set_plan('24', 'home', '2026-01-01');");
my $id = sql("SET SESSION AUTHORIZATION night; SELECT billing.queue_notice('24', 'reply_wanted', '请确认地址', 'email')");
sql("SELECT billing.set_notice_template('C', 'reply_wanted', 'email', 'zh', '{matter}', '{customer}')");
my $first = sql("SET SESSION AUTHORIZATION sender; SELECT message_id FROM billing.take_notices('email', 1, '2 seconds') WHERE notice_id = $id");
is(run_sender(), '0 sent, 0 failed', 'what a sender has taken another does not get');
usleep(2_100_000);
is(run_sender(), '1 sent, 0 failed', 'until its lease is over');
is(sql("SELECT state || ' ' || message_id FROM billing.notice WHERE notice_id = $id"), "sent $first", 'as the same message');

# ---- a cycle that is killed ----

sql("INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile('2026-01-01 00:00+00', '1 day', array_fill(10000::bigint, '{31}')) FROM billing.account a WHERE a.account_no::integer > 1000");
my $kills = 0;
for my $wait (20, 60, 120, 250, 400)
{
	my ($out, $err) = ('', '');
	my $session = IPC::Run::start([ 'psql', '-XAtq', '-h', $node->host, '-p', $node->port, '-U', 'night', '-d', 'power', '-c', "CALL billing.run_cycle('C', '2026-02-01', chunk_size => 20)" ], '>', \$out, '2>', \$err);
	usleep($wait * 1000);
	$kills += sql("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'night'");
	$session->finish;
}
cmp_ok($kills, '>', 0, "killed $kills times");
my $end = sql("SET SESSION AUTHORIZATION night; CALL billing.run_cycle('C', '2026-02-01', chunk_size => 20)");
is(sql("SELECT count(*), count(DISTINCT account_id) FROM billing.bill"), '622|622', 'the same call goes on: each account has one bill');
is(sql("SELECT count(*) FROM billing.notice WHERE kind = 'bill_ready'"), '622', 'and one notice');
is(sql('SELECT count(*) FROM billing.verify()'), '0', 'the books are whole');
is(run_sender('--most', '500'), '0 sent, 0 failed', 'who has no address');
is(sql("SELECT DISTINCT state || ': ' || reason FROM billing.notice WHERE account_id > 22 AND kind = 'bill_ready'"), 'failed: the customer has no contact that email may use for this', 'is told of by the reason');
done_testing();
