# Bill runs in background workers: in the name of who asked, with his rights of
# the moment; cancelled with him, killed with the server, and begun again.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $key = '0123456789abcdef' x 4;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
append_to_file($node->basedir . '/keys', "k1 $key\n");
chmod 0600, $node->basedir . '/keys';
$node->append_conf('postgresql.conf', "billing.token_key_file = '" . $node->basedir . "/keys'\nmax_worker_processes = 12\nrestart_after_crash = on");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
CREATE ROLE pool LOGIN IN ROLE billing_clerk, billing_gateway;
CREATE ROLE silent NOLOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S' || n, 'Station', 'station', 'C') FROM generate_series(1, 3) n;
SELECT billing.add_staff('C', 'K1', 'Clerk', 'billing clerk', 'clerk'), billing.add_staff('C', 'K2', 'Another', 'billing clerk'), billing.add_staff('C', 'K3', 'Silent', 'x', 'silent');
SELECT billing.grant_post('K1', 'C'), billing.grant_post('K2', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.5"}, {"code": "tier", "per": "year", "steps": [{"to": "1000"}, {"add": "0.1"}]}]}');
SELECT billing.add_customer('C', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 3, 1, n, '2026-01-01' FROM generate_series(1, 3000) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, p FROM billing.account a, (SELECT billing.profile(m, '1 day', array_fill(10000::bigint, ARRAY[extract(day FROM m + interval '1 month' - interval '1 day')::integer]))
	FROM generate_series('2026-01-01 00:00+00'::timestamptz, '2026-12-01', interval '1 month') m) q(p)
 -- one account has no readings
 WHERE a.account_id <> 77;
END
my $bills = 'SELECT count(*) FROM billing.bill';
my $as_clerk = [ '-U', 'clerk' ];

sub clerk
{
	return $node->psql('one', $_[0], extra_params => [ @$as_clerk, '-v', 'VERBOSITY=verbose', '-v', 'SHOW_CONTEXT=never' ]);
}

# waits until the last run is in this phase
sub reach
{
	my ($phase) = @_;
	return $node->poll_query_until('one', "SELECT phase = '$phase' FROM billing.stat_progress ORDER BY run_id DESC LIMIT 1");
}

# ---- waited for ----

my ($result, $out, $err) = clerk("CALL billing.run_bills('C', '2026-02-01', 100, workers => 3)");
is($out, 'Run 1: 2999 bills, 1 exceptions.', 'workers do a run, and the call waits');
is($node->safe_psql('one', 'SELECT DISTINCT issued_by FROM billing.bill'), 'staff:1', 'in the name of who called');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'chains are whole');
(undef, undef, $err) = clerk("CALL billing.run_bills('C', '2026-03-01', workers => 65)");
like($err, qr/22023: a run has 1 to 64 workers/, 'not too many');
(undef, undef, $err) = $node->psql('one', "SET SESSION AUTHORIZATION silent; CALL billing.run_bills('C', '2026-03-01', workers => 1)");
like($err, qr/org C does not exist, or not for you/, 'who has no right starts nothing');
$node->safe_psql('one', "SELECT billing.grant_access('K3', 'C', '{org,bill,account}', '{read,write,run}')");
(undef, undef, $err) = $node->psql('one', "SET SESSION AUTHORIZATION silent; CALL billing.run_bills('C', '2026-03-01', workers => 1)");
like($err, qr/a worker logs in as the session's role, which may not/, 'who may not log in has no workers');

# ---- cancelled with who waits ----

# somebody works on two accounts: the run comes to its end but for them, and waits
my $busy = $node->background_psql('one');
sub hold_up
{
	my ($asked) = @_;
	$busy->query('BEGIN; SELECT account_id FROM billing.account_head WHERE account_id IN (50, 1000) FOR UPDATE');
	$asked->();
	$node->poll_query_until('one', "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'billing run' AND wait_event_type = 'Lock'");
}
my $session;
hold_up(sub {
	$session = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('one'), '-U', 'clerk', '-c', "CALL billing.run_bills('C', '2026-03-01', 10, workers => 2)" ],
		'>', \$out, '2>', \$err);
});
$node->safe_psql('one', "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'clerk' AND backend_type = 'client backend'");
$session->finish;
like($err, qr/canceling statement due to user request/, 'the caller is cancelled');
ok($node->poll_query_until('one', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'billing run'"), 'and his workers stop');
$busy->query('COMMIT');
ok(reach('waiting'), 'the run waits');
my $made = $node->safe_psql('one', $bills);
cmp_ok($made, '<', 5998, 'before its end');
($result, $out) = clerk("SELECT billing.progress_bar()");
like($out, qr/^run 2 (█)+(░)+ +\d+ %  waiting, \d+ bills, \d exceptions, \d+ accounts a second/, 'as the bar says');

# ---- left to workers, as somebody whom a token named ----

my $token = $node->safe_psql('one', "SELECT billing.issue_token('staff', 2)", extra_params => [ '-U', 'pool' ]);
is($node->safe_psql('one', "BEGIN; SELECT billing.identify('$token') <> ''; SELECT billing.start_bills('C', '2026-03-01', 10, 2); COMMIT", extra_params => [ '-U', 'pool' ]) =~ s/.*\n//r,
	'2', 'start_bills() takes the open run up');
ok(reach('finished'), 'which the workers finish');
is($node->safe_psql('one', $bills), 5998, 'each account once');
is($node->safe_psql('one', "SELECT string_agg(DISTINCT issued_by, ' ') FROM billing.bill WHERE from_on = '2026-02-01'"), 'staff:1 staff:2', 'by the one and by the other');

# with the transaction of who asked, or not at all
clerk("BEGIN; SELECT billing.start_bills('C', '2026-04-01'); ROLLBACK");
ok($node->poll_query_until('one', "SELECT count(*) = 0 FROM pg_stat_activity WHERE backend_type = 'billing run'"), 'rolled back, the worker goes');
is($node->safe_psql('one', $bills), 5998, 'and did nothing');

# ---- errors are on the run's row ----

hold_up(sub { clerk("SELECT billing.start_bills('C', '2026-04-01', 10)") });
$node->safe_psql('one', "SELECT billing.revoke_access('K1', 'C', '{bill}', '{run}')");
$busy->query('COMMIT');
ok(reach('failed'), 'a right that goes stops the worker');
is($node->safe_psql('one', "SELECT sqlstate FROM billing.bill_run ORDER BY run_id DESC LIMIT 1"), '42501', 'and the run says why');
my $run = $node->safe_psql('one', 'SELECT max(run_id) FROM billing.bill_run');
(undef, undef, $err) = clerk("CALL billing.resume_run($run)");
like($err, qr/P0002: run $run does not exist, or not for you/, 'nor does he go on himself');
$node->safe_psql('one', "SELECT billing.grant_access('K1', 'C', '{bill}', '{run}')");
($result, $out) = clerk("CALL billing.resume_run($run, workers => 1)");
like($out, qr/^Run $run: 2999 bills, 1 exceptions\.$/, 'with the right again, it goes on');

# a person who is not there any more
$token = $node->safe_psql('one', "SELECT billing.issue_token('staff', 2)", extra_params => [ '-U', 'pool' ]);
hold_up(sub { $node->safe_psql('one', "BEGIN; SELECT billing.identify('$token'); SELECT billing.start_bills('C', '2026-05-01', 10); COMMIT", extra_params => [ '-U', 'pool' ]) });
$node->safe_psql('one', "SELECT billing.end_staff('K2')");
$busy->query('COMMIT');
$busy->quit;
ok(reach('failed'), 'who leaves bills no more');
is($node->safe_psql('one', "SELECT sqlstate FROM billing.bill_run ORDER BY run_id DESC LIMIT 1"), '42501', 'as the run says');

# ---- ended ----

$run = $node->safe_psql('one', 'SELECT max(run_id) FROM billing.bill_run');
($result, $out) = clerk("SELECT billing.cancel_run($run), billing.cancel_run($run)");
is($out, 't|f', 'a run is ended once');
(undef, undef, $err) = clerk("CALL billing.resume_run($run)");
like($err, qr/UB501: run $run is at its end\nDETAIL:  It was cancelled by staff:1\./, 'and for good');
is($node->safe_psql('one', "SELECT act, subject FROM billing.audit WHERE act = 'cancel_run'"), "cancel_run|run $run", 'on record');

# ---- killed, and begun again by the launcher ----

$node->append_conf('postgresql.conf', "shared_preload_libraries = 'billing'\nbilling.worker_databases = 'one'\nbilling.worker_interval = 1s\n");
$node->restart;
clerk("SELECT billing.start_bills('C', '2027-01-01', 10, 2)");
my $rounds = $ENV{SOAK} ? 50 : 5;
my $months = 6;
my $goal = 2999 * 12;
my $interrupted = 0;
for my $round (1 .. $rounds)
{
	# what is billed to its end is begun anew
	my $made = $node->safe_psql('one', $bills);
	if ($made == $goal)
	{
		$goal += 2999 * $months;
		$node->safe_psql('one', "INSERT INTO billing.reading (account_id, org_id, profile)
			SELECT a.account_id, a.org_id, billing.profile(m AT TIME ZONE 'UTC', '1 day', array_fill(10000::bigint, ARRAY[(m + interval '1 month')::date - m::date]))
			  FROM billing.account a JOIN billing.account_head h USING (account_id), generate_series(h.billed_to::timestamp, h.billed_to + interval '1 month' * ($months - 1), interval '1 month') m WHERE a.account_id <> 77");
		clerk("SELECT billing.start_bills('C', (SELECT max(billed_to) + interval '$months months' FROM billing.account_head)::date, 10, 2)");
	}
	# at a random moment, most of them while workers bill
	$node->poll_query_until('one', "SELECT count(*) > $made FROM billing.bill");
	usleep(rand(300_000));
	if ($round % 3 == 1)
	{
		# one backend is killed: the server throws all out and begins anew
		my $pid = $node->safe_psql('one', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'billing run' LIMIT 1");
		$pid = $node->safe_psql('one', "SELECT pid FROM pg_stat_activity WHERE backend_type = 'billing launcher'") if $pid eq '';
		kill 'KILL', $pid if $pid ne '';
		$node->poll_query_until('one', "SELECT pg_postmaster_start_time() IS NOT NULL AND NOT pg_is_in_recovery()");
	}
	elsif ($round % 3 == 2)
	{
		# the server itself, with all its processes
		my @pids = split /\n/, $node->safe_psql('one', 'SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()');
		$node->kill9;
		kill 'KILL', @pids;
		my $tries = 0;
		until ($node->start(fail_ok => 1))
		{
			$node->{_pid} = undef;
			die 'the server does not start again' if ++$tries > 100;
			usleep(200_000);
		}
	}
	else
	{
		$node->stop('immediate');
		$node->start;
	}
	$interrupted++ if $node->safe_psql('one', $bills) < $goal;
	is($node->safe_psql('one', "SELECT count(*) FROM billing.verify(NULL, false)"), '0', "round $round: every chain is whole");
}
cmp_ok($interrupted, '>=', $rounds / 2, 'most of the time in mid-run');
note("$interrupted of $rounds in mid-run");
ok($node->poll_query_until('one', "SELECT bool_and(phase IN ('finished', 'cancelled')) FROM billing.stat_progress"), 'the launcher brings the run to its end');
is($node->safe_psql('one', 'SELECT count(*), count(DISTINCT (account_id, from_on)) FROM billing.bill'), "$goal|$goal", 'each month of each account once');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and every chain is whole');
is($node->safe_psql('one', "SELECT sum(h.balance) = (SELECT sum(total) FROM billing.bill), sum(h.seq) = (SELECT count(*) FROM billing.bill) + (SELECT count(*) FROM billing.transfer) FROM billing.account_head h"),
	't|t', 'and the books balance');
is($node->safe_psql('one', "SELECT string_agg(DISTINCT issued_by, ' ') FROM billing.bill WHERE from_on >= '2026-05-01'"), 'staff:1', 'all in the name of who asked last');

# ---- what could not be billed, once more ----

is($node->safe_psql('one', 'SELECT account_no, sqlstate FROM billing_report.open_exception'), '77|UB105', 'one account waits');
$node->safe_psql('one', "INSERT INTO billing.reading (account_id, org_id, profile) SELECT 77, a.org_id, r.profile FROM billing.account a, billing.reading r WHERE a.account_id = 77 AND r.account_id = 78");
$run = $node->safe_psql('one', 'SELECT max(run_id) FROM billing.run_exception');
($result, $out) = clerk("CALL billing.retry_bills($run, '{78}')");
like($out, qr/^Run \d+: 0 bills, 0 exceptions\.$/, 'others are not tried');
($result, $out) = clerk("CALL billing.retry_bills($run, sqlstate => 'UB105')");
like($out, qr/^Run \d+: [1-9]\d* bills, 0 exceptions\.$/, 'it is tried again, and billed');
is($node->safe_psql('one', 'SELECT count(*) FROM billing_report.open_exception'), '0', 'and waits no more');
$node->stop;
done_testing();
