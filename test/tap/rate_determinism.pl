# A bill is a function of what it is made from: not of the plan, the session's
# settings, the server's age, a dump, or the way its inputs are stored.  And
# rating takes no more memory for many bills than for few, and can be stopped.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Time::HiRes qw(time);

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "max_parallel_workers = 4\nmax_worker_processes = 8\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('postgres', 'CREATE DATABASE two');

# 150 accounts on a dozen tariffs: periods, seasons, tiers by year and by month, demand with a ratchet, power factor,
# events, holidays, a price series, made parts, registers, gaps, carried rounding; some cannot be rated.
$node->safe_psql('one', <<'SQL');
CREATE EXTENSION billing;
CREATE TABLE account (
	n integer PRIMARY KEY,
	tariff billing.tariff,
	usage billing.usage,
	profile billing.profile,
	during daterange,
	terms jsonb,
	market billing.market,
	carry billing.carry,
	charges billing.charges
) WITH (parallel_workers = 3);
ALTER TABLE account ALTER usage SET STORAGE EXTERNAL;

CREATE FUNCTION tariff_of(k integer) RETURNS billing.tariff LANGUAGE sql IMMUTABLE AS $$
	SELECT format('{"name": {"en": "tariff %s", "zh": "电价"}, "currency": "CNY", "time_zone": "%s", "rounding": {"line": 2, "quantity": %s, "total": {"places": 1, "carry": true}},
	"notes": "%s", "missing": "%s",
	"seasons": {"summer": {"months": [6, 7, 8]}, "mild": "else"},
	"periods": {"critical": [{"event": "critical"}], "peak": [{"from": "08:00", "to": "22:00", "days": ["weekday", "weekend"]}], "valley": "else", "rest": [{"days": "holiday", "from": "08:00", "to": "22:00"}]},
	"components": {"purchase": {"published": "purchase"}, "funds": "0.0271"},
	"terms": {"class": {"default": "home"}, "light": {"default": "0.1"}, "kva": {"default": 100}},
	"parts": {"light": {"of": "main", "share": {"term": "light"}}},
	"charges": [
		{"code": "energy", "price": {"components": ["purchase", "funds"], "multipliers": {"on": ["purchase"], "critical": "2.5", "peak": "1.6", "valley": "0.5", "rest": 1}}, "rounding": {"group": 2}},
		{"code": "season", "price": {"summer": {"critical": 4, "peak": 3, "valley": 2, "rest": 1}, "mild": "0.01"}},
		{"code": "light", "part": "light", "price": "0.7%s"},
		{"code": "tier", "per": "year", "split": "%s", "steps": [{"to": 300, "price": {"critical": 4, "peak": 3, "valley": 2, "rest": 1}}, {"to": 700, "price": "0.2"}, {"price": "0.3", "flat": 5}]},
		{"code": "slab", "per": "month", "month": "each", "steps": [{"to": "100.5"}, {"add": "0.03"}]},
		{"code": "spot", "price": {"series": "spot", "times": "1.05", "plus": "0.01", "at_most": "0.5"}},
		{"code": "demand", "demand": {"minutes": 60, "sliding": true, "ratchet": {"share": "0.8", "months": 11}}, "price": 12},
		{"code": "capacity", "capacity": "kva", "price": "26.3", "proration": "thirty", "when": {"class": ["shop", 3]}},
		{"code": "vat", "percent": 13, "included": true}, {"code": "minimum", "minimum": 50, "per": "month", "of": ["energy", "tier"]}]}',
		k, (ARRAY['Asia/Shanghai', 'Europe/London', 'Australia/Lord_Howe', '+05:30'])[k % 4 + 1], k % 3, repeat('x', k * 300), (ARRAY['zero', 'error'])[k % 2 + 1], k,
		(ARRAY['proportional', 'chronological'])[k % 2 + 1])::billing.tariff
$$;
INSERT INTO account
SELECT n, tariff_of(k), billing.usage(import => p), p, daterange(start, start + 31 + n % 5),
	   CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '{"class": "shop", "kva": 250}'
		WHEN 2 THEN jsonb_build_object('light', json_build_array(json_build_object('from', '2020-01-01', 'value', 0.25), json_build_object('from', start + 9, 'value', '0.3')))
		ELSE '{"class": 3, "light": 0}' END::jsonb,
	   CASE WHEN n % 29 = 0 THEN NULL ELSE m END,
	   CASE WHEN n % 3 = 0 THEN '{"counters": {"tier": {"year": 2026, "kwh": "299.5"}}, "demand": [{"name": "demand", "month": "2026-01", "kw": 30}], "banks": [{"name": "rounding", "from": "2026-01-01", "amount": "0.04"}]}'::billing.carry END
  FROM (SELECT n, n % 12 AS k, date '2026-03-01' + n % 40 * 5 AS start FROM generate_series(1, 150) n) a,
	   LATERAL (SELECT billing.profile((start - 2)::timestamp AT TIME ZONE (ARRAY['Asia/Shanghai', 'Europe/London', 'Australia/Lord_Howe', '+05:30'])[k % 4 + 1], interval '30 minutes',
			(SELECT array_agg(CASE WHEN n % 2 = 1 AND i = 500 THEN NULL ELSE (i * 37 + n * 11) % 700 + CASE WHEN i % 97 = n % 97 THEN 40000 ELSE 0 END END ORDER BY i) FROM generate_series(1, 48 * 42) i),
			'Wh', (ARRAY['Asia/Shanghai', 'Europe/London', 'Australia/Lord_Howe', 'UTC'])[k % 4 + 1]) AS p) b,
	   (SELECT billing.market(
			calendar => billing.calendar('{2026-04-04, 2026-04-06, 2026-05-01, 2026-10-01}', '{2026-05-09}'),
			events => '{"critical": [{"from": "2026-03-28T22:00Z", "until": "2026-03-29T06:00Z"}, {"from": "2026-07-05", "until": "2026-07-07"}]}',
			prices => billing.published('purchase', '{2026-01-01, 2026-04-01, 2026-06-15}', '{0.38447, 0.4, 0.39}'),
			series => billing.price_series('spot', '2026-02-20 00:00+00', '1 hour', (SELECT array_agg((i * 13 % 101) / 100.0 - 0.2) FROM generate_series(1, 24 * 280) i))) AS m) c;
UPDATE account SET charges = (billing.try_rate(tariff, usage, during, terms, market, carry)).charges;
ANALYZE account;
SQL

# what is asked all the time: every bill and every error, as one number that no order changes
my $digest = <<'SQL';
SELECT sum(hashtextextended(coalesce(r.sqlstate || r.message || coalesce(r.detail, ''), md5(billing.charges_send(r.charges))), n)) || ' ' ||
	   count(*) || ' ' || count(*) FILTER (WHERE r.sqlstate LIKE 'UB%')
  FROM account, LATERAL billing.try_rate(tariff, usage, during, terms, market, carry) r
SQL
my $expected = $node->safe_psql('one', $digest);
like($expected, qr/^-?\d+ 150 \d+$/, 'every account has an answer');
my ($bad) = $expected =~ /(\d+)$/;
cmp_ok($bad, '>', 0, 'some cannot be rated');
cmp_ok($bad, '<', 100, 'most can be rated') or diag($node->safe_psql('one', <<'SQL'));
SELECT sqlstate, message, count(*) FROM account, billing.try_rate(tariff, usage, during, terms, market, carry) GROUP BY 1, 2
SQL
is($node->safe_psql('one', $digest), $expected, 'asked again');
is($node->safe_psql('one', <<'SQL'), 't', 'the stored charges are what try_rate() gives');
SELECT bool_and(charges OPERATOR(billing.=) (billing.try_rate(tariff, usage, during, terms, market, carry)).charges) FROM account WHERE charges IS NOT NULL
SQL

# ---- plans ----

my $parallel = "SET min_parallel_table_scan_size = 0; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET max_parallel_workers_per_gather = 3;";
like($node->safe_psql('one', "$parallel EXPLAIN (COSTS OFF, VERBOSE) $digest"), qr/Gather.*Partial Aggregate.*try_rate/s, 'workers rate');
is($node->safe_psql('one', "$parallel $digest"), $expected, 'rated by workers');
is($node->safe_psql('one', "SET force_parallel_mode = regress; $digest"), $expected, 'rated by one worker');
is($node->safe_psql('one', "$parallel SELECT sum(billing.total(billing.rate(tariff, usage, during, terms, market, carry))) FROM account WHERE charges IS NOT NULL"),
	$node->safe_psql('one', "SET max_parallel_workers_per_gather = 0; SELECT sum(billing.total(charges)) FROM account"), 'sums by workers');
is($node->safe_psql('one', "SET enable_seqscan = off; SET enable_bitmapscan = off; SET jit = on; SET jit_above_cost = 0; $digest"), $expected, 'by the index');
is($node->safe_psql('one', <<'SQL'), 't', 'a profile alone is the usage of that profile');
SELECT bool_and(billing.rate(tariff, billing.usage(import => profile), during, terms, market, carry) OPERATOR(billing.=) charges) FROM account WHERE charges IS NOT NULL
SQL
(my $backwards = $digest) =~ s/FROM account/FROM (SELECT * FROM account ORDER BY n DESC OFFSET 0) account/;
is($node->safe_psql('one', $backwards), $expected, 'in another order');
(my $by_tariff = $digest) =~ s/FROM account/FROM (SELECT * FROM account ORDER BY n % 12, during, n OFFSET 0) account/;
is($node->safe_psql('one', $by_tariff), $expected, 'tariff after tariff');

# ---- sessions ----

for my $settings (
	"SET timezone = 'Pacific/Apia'", "SET timezone = 'America/St_Johns'", "SET datestyle = 'SQL, DMY'", "SET datestyle = 'German'",
	"SET extra_float_digits = -15", "SET intervalstyle = 'sql_standard'", "SET bytea_output = 'escape'", "SET lc_numeric = 'C'; SET lc_messages = 'C'; SET lc_time = 'C'",
	"SET default_toast_compression = 'pglz'; SET work_mem = '64kB'", "SET search_path = ''; SET client_encoding = 'LATIN1'", "SET standard_conforming_strings = off; SET quote_all_identifiers = on")
{
	(my $query = $digest) =~ s/FROM account/FROM public.account/;
	is($node->safe_psql('one', "$settings; $query"), $expected, $settings);
}
my $german = $node->safe_psql('postgres', q{SELECT collname FROM pg_collation WHERE collname IN ('de_DE.utf8', 'de_DE') LIMIT 1});
SKIP:
{
	skip 'no German locale', 1 if $german eq '';
	is($node->safe_psql('one', "SET lc_numeric = '$german'; SET lc_time = '$german'; SET lc_monetary = '$german'; $digest"), $expected, 'a decimal comma');
}

# ---- time and place ----

$node->restart;
is($node->safe_psql('one', $digest), $expected, 'after a restart');

my $file = $node->basedir . '/account.bin';
$node->safe_psql('one', "COPY account TO '$file' (FORMAT binary); CREATE TABLE copied (LIKE account); COPY copied FROM '$file' (FORMAT binary)");
(my $of_copy = $digest) =~ s/FROM account/FROM copied/;
is($node->safe_psql('one', $of_copy), $expected, 'through a binary copy');
is($node->safe_psql('one', <<'SQL'), '0', 'not a byte of it differs');
SELECT count(*) FROM account a JOIN copied c USING (n)
 WHERE (billing.tariff_send(a.tariff), billing.usage_send(a.usage), billing.profile_send(a.profile), billing.market_send(a.market), billing.carry_send(a.carry), billing.charges_send(a.charges))
	   IS DISTINCT FROM (billing.tariff_send(c.tariff), billing.usage_send(c.usage), billing.profile_send(c.profile), billing.market_send(c.market), billing.carry_send(c.carry), billing.charges_send(c.charges))
SQL
$node->safe_psql('one', 'DROP TABLE copied');

my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('one') ], 'dump');
$node->command_ok([ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('two') ], 'restore');
is($node->safe_psql('two', $digest), $expected, 'after dump and restore');
is($node->safe_psql('two', 'SELECT md5(string_agg(md5(billing.charges_send(charges)), NULL ORDER BY n)) FROM account'),
	$node->safe_psql('one', 'SELECT md5(string_agg(md5(billing.charges_send(charges)), NULL ORDER BY n)) FROM account'), 'stored charges too');

# both in a row as they are would not fit a page
for my $storage ([ 'PLAIN', 'tariff' ], [ 'PLAIN', 'usage' ], [ 'EXTENDED', 'tariff', 'usage', 'carry' ], [ 'EXTERNAL', 'tariff', 'usage', 'carry' ], [ 'MAIN', 'tariff', 'usage', 'carry' ])
{
	my ($kind, @columns) = @$storage;
	my $alter = join ', ', map { "ALTER $_ SET STORAGE $kind" } @columns;
	(my $query = $digest) =~ s/FROM account/FROM stored/;
	$node->safe_psql('two', "DROP TABLE IF EXISTS stored; CREATE TABLE stored (LIKE account); ALTER TABLE stored ALTER tariff SET STORAGE EXTERNAL, ALTER usage SET STORAGE EXTERNAL;
		ALTER TABLE stored $alter; INSERT INTO stored (n, tariff, usage, during, terms, market, carry) SELECT n, tariff, usage, during, terms, market, carry FROM account");
	is($node->safe_psql('two', $query), $expected, "stored $kind: @columns");
}

# ---- memory and time ----

# by how many kB the backend's highest use grows
$node->safe_psql('one', <<'SQL');
CREATE TABLE few AS
SELECT tariff_of(k) AS tariff, usage, during, terms, market, carry FROM (SELECT *, n % 12 AS k FROM account WHERE charges IS NOT NULL LIMIT 40) a;
CREATE FUNCTION cost(query text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	before integer;
	result numeric;
BEGIN
	-- until the session's bindings are all there and the heap has found its shape
	FOR i IN 1 .. 12 LOOP
		EXECUTE format(query, 500) INTO result;
	END LOOP;
	before := substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::integer;
	EXECUTE format(query, 2500) INTO result;
	RETURN substring(pg_read_file('/proc/self/status') FROM 'VmHWM:\s+(\d+)')::integer - before;
END
$$;
SQL
my %query = (
	'rate() of one tariff' => q{SELECT sum(billing.total(billing.rate('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [{"code": "e", "price": 1}]}', billing.usage(registers => '[{"channel": "import", "kwh": 1}]'), '[2026-01-01,2026-02-01)', jsonb_build_object('k', i))))
		FROM generate_series(1, %s * 40) i},
	'try_rate() of errors' => q{SELECT count((billing.try_rate('{"name": "t", "currency": "EUR", "time_zone": "UTC", "charges": [{"code": "e", "price": {"term": "p"}}]}', billing.usage(registers => '[{"channel": "import", "kwh": 1}]'), '[2026-01-01,2026-02-01)', jsonb_build_object('p', 'x' || i))).message)
		FROM generate_series(1, %s * 40) i},
	'try_rate() of spans that cannot be bound' => q{SELECT count((billing.try_rate('{"name": "t", "currency": "EUR", "time_zone": "UTC", "valid": {"from": "2030-01-01"}, "charges": [{"code": "e", "price": 1}]}', billing.usage(), daterange('2026-01-01', date '2026-01-02' + i %% 500))).message)
		FROM generate_series(1, %s * 8) i},
	'tariffs in turns, some toasted' => q{SELECT sum(billing.total(billing.rate(tariff, usage, during, terms, market, carry))) FROM generate_series(1, %s / 10) i, few});
for my $name (sort keys %query)
{
	my $grown = $node->safe_psql('one', "SET max_parallel_workers_per_gather = 0; SET work_mem = '64kB'; SELECT cost(\$q\$$query{$name}\$q\$)");
	note("$name: $grown kB more");
	cmp_ok($grown, '<', 8192, "memory stays flat: $name");
}

# fifteen hundred days by the minute, and hundreds of charges that look at each
$node->safe_psql('one', <<'SQL');
CREATE TABLE long AS SELECT
	billing.usage(import => billing.profile('2022-01-01 00:00+00'::timestamptz, interval '1 minute', (SELECT array_agg(i * 7 % 50) FROM generate_series(1, 1440 * 1500) i), 'Wh', 'UTC')) AS usage,
	format('{"name": "t", "currency": "EUR", "time_zone": "UTC", "periods": {"a": [{"from": "00:00", "to": "12:30"}], "b": "else"}, "charges": [%s]}', (SELECT string_agg(format(
		CASE i % 3 WHEN 0 THEN '{"code": "c%1$s", "price": {"series": "s"}}'
				   WHEN 1 THEN '{"code": "c%1$s", "per": "period", "split": "chronological", "steps": [{"to": 5, "price": {"a": 1, "b": 2}}, {"price": {"a": 2, "b": 3}}]}'
				   ELSE '{"code": "c%1$s", "price": 1, "demand": {"minutes": 1440, "sliding": true, "periods": ["a"], "at_least": 0}}' END, i), ',') FROM generate_series(1, 150) i))::billing.tariff AS tariff,
	billing.market(series => billing.price_series('s', '2022-01-01 00:00+00', '1 day', array_fill(0.1, '{1500}'))) AS market;
SQL
my $long = "SELECT billing.total(billing.rate(tariff, usage, daterange('2022-01-01', date '2022-01-01' + 1500), market => market)) FROM long";
# the first long piece of work may be anywhere: try several moments
for my $ms (20, 50, 150, 400)
{
	my ($out, $err);
	my $started = time;
	my $status = $node->psql('one', "SET statement_timeout = $ms; $long", stdout => \$out, stderr => \$err);
	my $late = (time - $started) * 1000 - $ms;
	note(sprintf 'stopped %.0f ms after %d ms', $late, $ms);
	like($err, qr/statement timeout/, "rating stops after $ms ms");
	# psql's own start is in it
	cmp_ok($late, '<', 500, '... soon');
}

$node->stop;
done_testing();
