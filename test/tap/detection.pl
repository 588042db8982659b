# Detection as a run: begun by one session, ended by another, done by background workers in the name of who asked; one account that cannot be
# looked at stands alone; what is found in a generated street, loosely (test/bench/detection measures a county).
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
CREATE ROLE clerk LOGIN IN ROLE billing_clerk;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S1', 'Station', 'station', 'C'), billing.add_org('S2', 'Station', 'station', 'C');
SELECT billing.add_staff('C', 'K1', 'Clerk', 'billing clerk', 'clerk');
SELECT billing.grant_access('K1', 'C', '{org,supply,account,reading}', '{read}'), billing.grant_access('K1', 'C', '{bill}', '{read,write,run}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_customer('C', 'x');
INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) SELECT 2 + n % 2, 1, n, '2026-01-01' FROM generate_series(1, 200) n;
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
-- each tenth account has a fault in March, of one of five kinds
CREATE TABLE fault AS SELECT account_no, (ARRAY['spike', 'zero_run', 'stuck', 'negative', 'level_shift'])[account_no::integer / 10 % 5 + 1] AS kind FROM billing.account WHERE account_no::integer % 10 = 0;
INSERT INTO billing.reading (account_id, org_id, profile)
SELECT a.account_id, a.org_id, billing.profile(m, '30 min', ARRAY(
		SELECT CASE WHEN f.kind = 'spike' AND t = '2026-03-10 12:00+00' THEN 90000
					WHEN f.kind = 'zero_run' AND t >= '2026-03-10' AND t < '2026-03-12' THEN 0
					WHEN f.kind = 'stuck' AND t >= '2026-03-10' AND t < '2026-03-11' THEN 333
					WHEN f.kind = 'negative' AND t = '2026-03-10 12:00+00' THEN -100
					WHEN f.kind = 'level_shift' AND t >= '2026-03-12' THEN g.wh * 4 / 10 ELSE g.wh END
		  FROM generate_series(m, m + interval '1 month' - interval '30 min', '30 min') t
		 CROSS JOIN LATERAL (SELECT CASE WHEN extract(hour FROM t) BETWEEN 7 AND 21 THEN 500 ELSE 150 END + abs(hashint8(a.account_id * 1000003 + extract(epoch FROM t)::bigint / 1800)) % 200 AS wh) g ORDER BY t)::bigint[], time_zone => 'UTC')
  FROM billing.account a LEFT JOIN fault f USING (account_no), generate_series('2026-01-01 00:00+00'::timestamptz, '2026-03-01', '1 month') m;
-- one account changes the length of its slots in the middle
INSERT INTO billing.reading (account_id, org_id, part, profile)
SELECT account_id, org_id, 'odd', billing.profile(p.at, p.slot, p.wh, time_zone => 'UTC') FROM billing.account,
	(VALUES ('2026-03-01 00:00+00'::timestamptz, interval '1 day', array_fill(1000::bigint, '{10}')), ('2026-03-11 00:00+00', '1 hour', array_fill(1000::bigint, '{24}'))) p(at, slot, wh) WHERE account_no = '77';
END

my $call = "CALL billing.run_detection('C', '2026-03-01', '2026-04-01', 30)";
# one chunk by a session that goes away
is($node->safe_psql('one', "SET SESSION AUTHORIZATION clerk; SELECT billing._start_detection('C', '2026-03-01', '2026-04-01', 30)"), '1', 'a run is begun');
$node->safe_psql('one', 'SET SESSION AUTHORIZATION clerk; SELECT billing._run_chunk(1)');
is($node->safe_psql('one', 'SELECT chunks_done || $$ of $$ || chunks_total || $$ $$ || kind FROM billing.stat_progress'), '1 of 8 detection', 'and left; its progress can be seen');
my ($status, $out, $err) = $node->psql('one', "BEGIN; $call");
like($err, qr/cannot run inside a transaction/, 'not inside a transaction');
$out = $node->safe_psql('one', "SET SESSION AUTHORIZATION clerk; $call");
like($out, qr/^Detection 1: \d+ new anomalies, 1 exceptions\.$/m, 'the same call ends it');
is($node->safe_psql('one', 'SELECT account_no FROM billing_report.run_exception'), '77', 'who cannot be looked at stands alone');
is($node->safe_psql('one', 'SELECT count(*) FROM billing_report.open_exception'), '0', 'and is no account that could not be billed');
($status, $out, $err) = $node->psql('one', 'CALL billing.retry_bills(1)');
like($err, qr/made no bills/, 'nor to be billed again');
is($node->safe_psql('one', 'SELECT string_agg(DISTINCT kind, $$,$$ ORDER BY kind) FROM fault f WHERE NOT EXISTS (SELECT FROM billing_report.anomaly n WHERE n.account_no = f.account_no AND n.kind = f.kind)'), '',
	'every fault is found by its detector');
cmp_ok($node->safe_psql('one', 'SELECT count(*) FROM billing_report.anomaly n WHERE NOT EXISTS (SELECT FROM fault f WHERE f.account_no = n.account_no)'), '<=', 4, 'and little else');
my $list = 'SELECT md5(string_agg(format($$%s %s %s %s %s %s %s$$, account_no, kind, part, score, kwh, measured, evidence), $$;$$ ORDER BY account_no, kind, part)) FROM billing_report.anomaly';
my $said = $node->safe_psql('one', $list);
my $found = $node->safe_psql('one', 'SELECT count(*) FROM billing.anomaly');
$out = $node->safe_psql('one', "SET SESSION AUTHORIZATION clerk; CALL billing.run_detection('C', '2026-03-01', '2026-04-01', 50, 2)");
like($out, qr/^Detection 2: 0 new anomalies, 1 exceptions\.$/m, 'background workers look again');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.anomaly'), $found, 'and nothing is on the list twice');
is($node->safe_psql('one', $list), $said, 'two workers and chunks of 50 say the same of each as one session and chunks of 30');
$node->safe_psql('one', "SET SESSION AUTHORIZATION clerk; CALL billing.run_detection('C', '2026-03-01', '2026-04-01', 500)");
is($node->safe_psql('one', $list), $said, 'and one chunk of all');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.anomaly WHERE seen = 3'), $found, 'which have all been seen three times');
($status, $out, $err) = $node->psql('one', 'SET SESSION AUTHORIZATION clerk; SELECT billing.close_anomaly(1, $$theft$$)');
like($err, qr/does not exist, or not for you/, 'to run is not to judge');
$node->stop;
done_testing();
