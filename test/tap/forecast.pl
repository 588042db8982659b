# Forecasts as a run: begun by one session, ended by another, done by background workers in the name of who asked; the accounts of each feeder
# add up to it, whoever foresaw them; what one may no longer see ends the run.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', 'max_worker_processes = 8');
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
CREATE ROLE planner LOGIN IN ROLE billing_clerk;
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_staff('C', 'P', 'Planner', 'planner', 'planner'), billing.add_staff('C', 'K', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_access('P', 'C', '{org,supply,account,reading}', '{read,write}'), billing.grant_access('P', 'C', '{bill}', '{read,run}'),
	billing.grant_access('K', 'C', '{bill}', '{read,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('C', 'x');
SELECT count(billing.add_account('S', 'A' || n, 1, '2025-01-01')) FROM generate_series(1, 40) n;
SELECT count(*) FROM (SELECT billing.set_plan('A' || n, 'home', '2026-01-01') FROM generate_series(1, 40) n) q;
SELECT billing.add_station('C', 'B', 'Main', 110000);
SELECT count(*) FROM (SELECT billing.add_feeder('C', 'L' || n, 'Line', 10000, 'B', '2020-01-01') FROM generate_series(1, 4) n) q;
-- eight on each of four lines, eight on none
SELECT count(*) FROM (SELECT billing.add_service_point('A' || n, feeder_no => 'L' || 1 + n % 5) FROM generate_series(1, 40) n WHERE n % 5 < 4) q;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(timestamptz '2026-01-05 00:00+00' + k * interval '28 days', '1 hour', ARRAY(
		SELECT CASE WHEN i % 24 BETWEEN 7 AND 21 THEN 500 ELSE 150 END + abs(hashint8(a.account_id * 1000003 + 672 * k + i)) % 200 FROM generate_series(0, 671) i)::bigint[], time_zone => 'UTC')
  FROM billing.account a, generate_series(0, 1) k;
END

my $call = "CALL billing.run_forecast('C', '2026-03-02', '2026-03-09', 8)";
my $adds_up = <<'END';
SELECT count(*) FROM (
	SELECT run_id, feeder_id, s.at FROM (SELECT run_id, feeder_id, 1 AS sign, forecast FROM billing.load_forecast WHERE level = 'feeder'
		UNION ALL SELECT run_id, feeder_id, -1, forecast FROM billing.account_forecast) f, billing.slots(f.forecast) s
	 GROUP BY run_id, feeder_id, s.at HAVING sum(sign * s.value) <> 0) q
END

my ($status, $out, $err) = $node->psql('one', "BEGIN; $call");
like($err, qr/cannot run inside a transaction/, 'not inside a transaction');
($status, $out, $err) = $node->psql('one', "SET SESSION AUTHORIZATION clerk; $call");
like($err, qr/org C does not exist, or not for you/, 'who may run bills only foresees nothing');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.bill_run'), '0', 'and leaves nothing behind');

# one chunk by a session that goes away
is($node->safe_psql('one', "SET SESSION AUTHORIZATION planner; SELECT billing._start_forecast('C', '2026-03-02', '2026-03-09', 8, '1 hour', NULL, NULL)"), '1', 'a run is begun');
$node->safe_psql('one', 'SET SESSION AUTHORIZATION planner; SELECT billing._run_chunk(1)');
is($node->safe_psql('one', 'SELECT chunks_done || $$ of $$ || chunks_total || $$ $$ || accounts_done || $$ $$ || kind FROM billing.stat_progress'), '1 of 5 8 forecast', 'and left; its progress can be seen');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.load_forecast'), '7', 'org, lines and plan are foreseen first');
$out = $node->safe_psql('one', "SET SESSION AUTHORIZATION planner; $call");
like($out, qr/^Forecast 1: 40 accounts foreseen, 0 exceptions\.$/m, 'the same call ends it');
is($node->safe_psql('one', 'SELECT count(DISTINCT run_id) || $$ $$ || count(*) FROM billing.account_forecast'), '1 40', 'in the same forecast, each account once');
is($node->safe_psql('one', $adds_up), '0', 'which adds up');
($status, $out, $err) = $node->psql('one', 'CALL billing.retry_bills(1)');
like($err, qr/made no bills/, 'nothing to be billed again');

# the next version, by workers; the same as in one statement
$out = $node->safe_psql('one', "SET SESSION AUTHORIZATION planner; CALL billing.run_forecast('C', '2026-03-02', '2026-03-09', 8, workers => 2)");
like($out, qr/^Forecast 2: 40 accounts foreseen, 0 exceptions\.$/m, 'background workers make the next');
is($node->safe_psql('one', "SET SESSION AUTHORIZATION planner; SELECT billing.make_forecast('C', '2026-03-02', '2026-03-09', 8, accounts => true)"), '3', 'and one statement the next');
is($node->safe_psql('one', 'SELECT count(*) FROM (SELECT account_id FROM billing.account_forecast GROUP BY account_id HAVING count(DISTINCT (forecast::text, lower::text, upper::text, weights)) <> 1) q'), '0', 'all three alike');
is($node->safe_psql('one', $adds_up), '0', 'all adding up');

# a meter of which no slot was read
$node->safe_psql('one', <<'END');
SELECT billing.add_account('S', 'M', 1, '2025-01-01');
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT account_id, org_id, billing.profile('2026-02-01 00:00+00', '1 hour', array_fill(NULL::bigint, '{672}'), time_zone => 'UTC') FROM billing.account WHERE account_no = 'M';
END
$out = $node->safe_psql('one', "SET SESSION AUTHORIZATION planner; CALL billing.run_forecast('C', '2026-03-02', '2026-03-09', 6)");
like($out, qr/^Forecast 3: 40 accounts foreseen, 1 exceptions\.$/m, 'who cannot be foreseen stands alone');
is($node->safe_psql('one', 'SELECT account_no || $$ $$ || sqlstate FROM billing_report.run_exception'), 'M UB103', 'with the reason');
is($node->safe_psql('one', $adds_up), '0', 'the others add up');

# a right that goes on the way
is($node->safe_psql('one', "SET SESSION AUTHORIZATION planner; SELECT billing._start_forecast('C', '2026-03-02', '2026-03-09', 7, '1 hour', NULL, NULL)"), '4', 'another run');
$node->safe_psql('one', "SELECT billing.revoke_access('P', 'C', '{reading}', '{read,write}')");
($status, $out, $err) = $node->psql('one', 'SET SESSION AUTHORIZATION planner; SELECT billing._run_chunk(4)');
like($err, qr/loads are foreseen by who sees all of them/, 'does not go on without it');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.account_forecast WHERE run_id = 5'), '0', 'and foresees nothing');

$node->stop;
done_testing();
