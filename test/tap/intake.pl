# Files that land while others land the same meters, and while the server is
# killed: no deadlock, no lost update, nothing twice, and in the end the same store.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(usleep);

my $soak = $ENV{SOAK} ? 1 : 0;
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\nmax_connections = 30\ndeadlock_timeout = 200ms\n");
$node->start;

sub make_store
{
	my ($database) = @_;
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, <<'END');
CREATE EXTENSION billing;
SELECT billing.create_roles();
SELECT billing.install();
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('S1', 'Station 1', 'station', 'C');
SELECT billing.add_org('S2', 'Station 2', 'station', 'C');
SELECT billing.add_customer('S1', 'x'), billing.add_customer('S2', 'y');
SELECT count(billing.add_account('S' || 1 + n % 2, 'N' || n, 1 + n % 2, '2026-01-01')) FROM generate_series(1, 40) n;
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "+10:00", "rounding": {"line": 2}, "missing": "zero", "charges": [{"code": "energy", "price": "0.5"}]}');
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) SELECT account_id, opened_on, org_id, 1 FROM billing.account;
-- a file of meters, days from one on, all of one value and as of one second
CREATE FUNCTION public.file(meters integer[], from_on date, days integer, value integer, version timestamp) RETURNS bytea LANGUAGE sql AS $$
	SELECT convert_to(E'100,NEM12,202601010000,M,R\n' || string_agg(format(E'200,N%s,E1,1,E1,N1,M%s,kWh,360,\n', a, a) ||
		(SELECT string_agg(format(E'300,%s,%s,A,,,%s,\n', to_char(from_on + d, 'YYYYMMDD'), concat_ws(',', value, value, value, value), to_char(version, 'YYYYMMDDHH24MISS')), '' ORDER BY d)
		   FROM generate_series(0, days - 1) d), '' ORDER BY n) || '900', 'UTF8') FROM unnest(meters) WITH ORDINALITY m(a, n) $$;
CREATE SEQUENCE public.version;
-- each call is another version of some days of some meters, in any order of meters
CREATE FUNCTION public.bring(seed integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n	bigint := nextval('public.version');
	b	bigint;
BEGIN
	b := billing.receive('f' || n, public.file(ARRAY(SELECT a FROM generate_series(1, 40) a ORDER BY random() LIMIT 1 + floor(random() * 12)), date '2026-01-01' + floor(random() * 50)::integer,
		1 + floor(random() * 9)::integer, (n % 1000)::integer, timestamp '2026-03-01' + n * interval '1 second'), 'nem12', 'S' || 1 + floor(random() * 2));
	PERFORM billing.land(b);
	RETURN b;
END $$;
-- a person sets a day of one meter to what he read, if there is something of that day
CREATE FUNCTION public.edit() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	n	text := 'N' || 1 + floor(random() * 40)::integer;
	d	date := date '2026-02-01' + floor(random() * 28)::integer;
	v	numeric := 1000 * (1 + floor(random() * 900)::integer) + 7;
BEGIN
	IF EXISTS (SELECT FROM billing.reading r JOIN billing.account a USING (account_id) WHERE a.account_no = n AND r.from_on <= d AND r.until_on > d) THEN
		PERFORM billing.edit_reading(n, (d || ' 00:00+10')::timestamptz, ARRAY[v, v, v, v], 'read anew');
	END IF;
END $$;
SELECT billing.set_editing_rules('C', 1000000, 100, '2026-01-01');
END
}

# ---- eight sessions, the same meters ----

make_store('one');
my $seconds = $soak ? 600 : 20;
my $script = $node->basedir . '/bring.sql';
append_to_file($script, "SELECT public.bring(:client_id);\n");
my $editing = $node->basedir . '/edit.sql';
append_to_file($editing, "SELECT public.edit();\n");
my ($out, $err) = ("", "");
my $bringing = IPC::Run::start([ 'pgbench', '-n', '-c', '8', '-j', '2', '-T', $seconds, '-f', "$script\@3", '-f', "$editing\@1", $node->connstr('one') ], '>', \$out, '2>', \$err);
# and one that folds, bills and voids, as clerks do; a bill that is not there to be voided is nothing
my $until = time + $seconds;
my $rounds = 0;
while (time < $until)
{
	my ($code, $said, $stderr) = $node->psql('one', "CALL billing.run_bills('C', '2026-02-01', 7)");
	is($code, 0, 'a run beside them') || diag($stderr) if $code;
	($code, $said, $stderr) = $node->psql('one', "CALL billing.fold_readings('C', '2026-02-01', '2026-01-01')");
	is($code, 0, 'folding beside them') || diag($stderr) if $code;
	$node->psql('one', "SELECT billing.void_bill('N' || 1 + floor(random() * 40)::integer, '2026-01-01', 'x')");
	$rounds++;
}
$bringing->finish;
unlike($err, qr/ERROR/, 'eight sessions bring and correct the same meters: no error reaches them') or diag($err);
my $done = $node->safe_psql('one', 'SELECT count(*) FROM billing.batch');
my $edits = $node->safe_psql('one', "SELECT count(*) FROM billing.reading_edit WHERE state = 'applied'");
cmp_ok($done, '>', 50, "and they brought a lot ($done files, $edits days edited by persons, beside $rounds rounds of billing)");
cmp_ok($edits, '>', 10, 'persons edited beside them');
my $log = slurp_file($node->logfile);
unlike($log, qr/deadlock detected/, 'no deadlock');
unlike($log, qr/XX000|internal error/i, 'nothing internal');
# what must be there: of each day the latest version that any file has, or, since a person's word is newer than these files, one that a person gave it
my $lost = q{
	WITH said AS (
		SELECT DISTINCT ON (n.nmi, n.day) n.nmi, n.day, n.profile FROM billing.batch b CROSS JOIN LATERAL billing.read_nem12(b.content) n
		 WHERE n.rejected IS NULL ORDER BY n.nmi, n.day, n.updated_at DESC),
	there AS (
		SELECT a.account_no, r.from_on + n AS day, billing.slice(r.profile, daterange(r.from_on + n, r.from_on + n + 1)) AS profile
		  FROM billing.reading r JOIN billing.account a USING (account_id) CROSS JOIN LATERAL generate_series(0, r.until_on - r.from_on - 1) n)
	SELECT count(*) FROM said s FULL JOIN there t ON t.account_no = s.nmi AND t.day = s.day
	 WHERE CASE WHEN NOT EXISTS (SELECT FROM billing.reading_edit e JOIN billing.account a USING (account_id) WHERE a.account_no = t.account_no AND (e.from_at AT TIME ZONE interval '10 hours')::date = t.day)
				THEN billing.digest(s.profile) IS DISTINCT FROM billing.digest(t.profile)
				ELSE NOT EXISTS (SELECT FROM billing.reading_edit e JOIN billing.account a USING (account_id)
								  WHERE a.account_no = t.account_no AND (e.from_at AT TIME ZONE interval '10 hours')::date = t.day AND billing.energy_wh(t.profile) = 4 * e.values[1]) END};
is($node->safe_psql('one', 'SELECT count(*), min(message) FROM billing.batch_reject'), '0|', 'nothing was rejected');
is($node->safe_psql('one', $lost), '0', 'of each day the latest version is there: no update was lost, nothing is twice');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify_batches()'), '0', 'every batch finds its own');
is($node->safe_psql('one', 'SELECT count(*) FROM billing.verify()'), '0', 'and every bill what it was made of');
is($node->safe_psql('one', 'SELECT count(*), count(*) FILTER (WHERE landed_at IS NULL) FROM billing.batch'), "$done|0", 'a batch a file');

# ---- killed ----

my $files = $soak ? 240 : 120;
my $fill = "SELECT setseed(0.7); SELECT count(billing.receive('f' || n, public.file(ARRAY(SELECT a FROM generate_series(1, 45) a ORDER BY md5(a::text || n) LIMIT 20), date '2026-01-01' + n % 37, 1 + n % 30, n, timestamp '2026-03-01' + (n * 7919) % 1000 * interval '1 hour'), 'nem12', 'S' || 1 + n % 2)) FROM generate_series(1, $files) n;
	SELECT billing.receive('bank', convert_to(E'account_no,amount,key\\n' || string_agg(format(E'N%s,%s,k%s\\n', n, n, n), ''), 'UTF8'), 'payments', 'S1') FROM generate_series(1, 45) n";
make_store($_) for qw(calm killed);
$node->safe_psql($_, $fill) for qw(calm killed);
$node->safe_psql('calm', "CALL billing.land_batches('C')");
my $kills = $soak ? 40 : 4;
my $killed = 0;
for my $round (1 .. $kills)
{
	my $landing = IPC::Run::start([ 'psql', '-XAtq', '-d', $node->connstr('killed'), '-c', "CALL billing.land_batches('C')" ], '>', \my $o, '2>', \my $e);
	# somewhere in the next few files
	my $there = $node->safe_psql('killed', 'SELECT count(*) FROM billing.batch WHERE landed_at IS NOT NULL');
	$node->poll_query_until('killed', sprintf('SELECT count(*) >= %d OR count(*) = %d FROM billing.batch WHERE landed_at IS NOT NULL', $there + 1 + int(rand(3)), $files + 1));
	usleep(int(rand(60000)));
	my $pid = $node->safe_psql('killed', "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CALL billing.land%' AND pid <> pg_backend_pid() LIMIT 1");
	if ($pid)
	{
		$killed += kill 'KILL', $pid;
	}
	$landing->finish;
	$node->poll_query_until('killed', 'SELECT true');
}
# a fast machine may be done before a kill
cmp_ok($killed, '>=', $kills / 4, "killed while it landed ($killed times)");
$node->safe_psql('killed', "CALL billing.land_batches('C')");
# all that does not tell the time
my $facts = q{SELECT (SELECT md5(string_agg(concat_ws('|', account_id, part, channel, from_on, until_on, org_id, batch_id, version_at, digest), ';' ORDER BY account_id, from_on, part, channel)) FROM billing.reading),
	(SELECT md5(string_agg(concat_ws('|', account_id, part, channel, from_on, days, batches, versions), ';' ORDER BY account_id, from_on, part, channel)) FROM billing.reading_piece),
	(SELECT md5(string_agg(concat_ws('|', account_id, from_on, until_on, batch_id, version_at, replaced_by_batch, billing.digest(profile)), ';' ORDER BY account_id, from_on, until_on, batch_id, replaced_by_batch)) FROM billing.reading_superseded),
	(SELECT md5(string_agg(concat_ws('|', batch_id, line, sqlstate, message, content), ';' ORDER BY batch_id, reject_no)) FROM billing.batch_reject),
	(SELECT md5(string_agg(concat_ws('|', batch_id, org_id, seq, root, taken, unchanged, rejected), ';' ORDER BY batch_id)) FROM billing.batch),
	(SELECT md5(string_agg(m::text, ';' ORDER BY batch_id)) FROM billing.batch_manifest m),
	(SELECT md5(string_agg(concat_ws('|', account_id, seq, amount, key), ';' ORDER BY account_id, seq)) FROM billing.transfer),
	(SELECT count(*) FROM billing.late_reading), (SELECT count(*) FROM billing.audit)};
is($node->safe_psql('killed', $facts), $node->safe_psql('calm', $facts), 'and run again: the same store as one that nobody disturbed, table by table');
is($node->safe_psql('killed', 'SELECT count(*) FROM billing.verify_batches()'), '0', 'its batches are whole');
is($node->safe_psql('killed', 'SELECT count(*) FROM billing.verify()'), '0', 'its accounts too');
my $before = $node->safe_psql('killed', $facts);
$node->safe_psql('killed', $fill);
$node->safe_psql('killed', "CALL billing.land_batches('C')");
is($node->safe_psql('killed', $facts), $before, 'and all files once more: nothing changes');
$node->stop;
done_testing();
