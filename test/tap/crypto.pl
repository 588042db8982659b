# OpenSSL fails, and what is in memory: each call of it that the extension makes fails once,
# in each thing that uses one: a clear error, nothing of what was to be sealed, and the session goes
# on.  Keys are in memory while a transaction needs them, never in a core dump, and afterwards nowhere.
use strict;
use warnings;
use Fcntl ':seek';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use Fault;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
my $place = $node->basedir;
my $shim = Fault::build('crypto_fault', $place);
# nothing that a table of some library has by chance
sub random_key { open my $from, '<:raw', '/dev/urandom' or die; read $from, my $bytes, 32; return unpack 'H*', $bytes; }
my %key = map { $_ => random_key() } qw(seal sign token next);
for (keys %key)
{
	append_to_file("$place/$_.key", "k1 $key{$_}\n");
	chmod 0600, "$place/$_.key";
	$node->append_conf('postgresql.conf', "billing.${_}_key_file = '$place/$_.key'\n") unless $_ eq 'next';
}
$node->append_conf('postgresql.conf', "restart_after_crash = on\nautovacuum = off\n");
{
	local $ENV{LD_PRELOAD} = $shim;
	local $ENV{CRYPTO_FAULT_KEYS} = "$place/keys";
	# as large as it is; a process of the server's inherits it
	system('prlimit', '--pid', $$, '--core=unlimited:');
	$node->start;
}
$node->safe_psql('postgres', 'CREATE DATABASE power');
$node->safe_psql('power', <<"END");
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE FUNCTION crypto_fail(integer) RETURNS void AS '$shim' LANGUAGE C;
CREATE FUNCTION crypto_failed() RETURNS text AS '$shim' LANGUAGE C;
CREATE FUNCTION crypto_calls() RETURNS integer AS '$shim' LANGUAGE C;
SELECT billing.add_org('C', 'Company', 'company'), billing.add_org('S', 'Station', 'station', 'C');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.register_customer('S', 'Wei', mobile => '13812345678', from_on => '2026-01-01');
SELECT billing.add_account('S', 'A1', 1, '2026-01-01'), billing.set_plan('A1', 'home', '2026-01-01');
SELECT billing.record_profile('A1', billing.profile('2026-01-01 00:00+00', '1 day', array_fill(8000::bigint, '{31}')));
CALL billing.run_bills('C', '2026-02-01');
SELECT billing.anchor_heads('C');
SELECT billing.set_login('customer', 1, 'wei', 'correct horse');
END

# ---- every call fails once ----

# a new master key, so that there is something to wrap
unlink "$place/seal.key";
append_to_file("$place/seal.key", "k2 $key{next}\nk1 $key{seal}\n");
chmod 0600, "$place/seal.key";

my @cases = (
	[ 'sealing', "SELECT billing.register_customer('S', 'Li', mobile => '13900000123') > 0", 't' ],
	[ 'opening', "SELECT billing.open_contact(1, 1, 'x')", '13812345678' ],
	[ 'searching', "SELECT customer_id FROM billing.likely_duplicates('Q', mobile => '13812345678')", '1' ],
	[ 'new keys', "SELECT billing.rotate_keys('C') IS NOT NULL", 't' ],
	[ 'a new master key', 'SELECT billing.rewrap_keys()', '1' ],
	[ 'signing', "SELECT billing.anchor_heads('C') > 0", 't' ],
	[ 'making a token', "SELECT billing.issue_token('customer', 1) LIKE 'b1.%'", 't' ],
	[ 'taking a token', "SELECT billing.issue_token('customer', 1) AS token \\gset\nSELECT crypto_fail(:n);\nSELECT billing.identify(:'token')", 'customer:1' ],
	[ 'a password', "SELECT billing.set_login('customer', 1, 'wei', 'battery staple') IS NOT NULL", 't' ],
	[ 'a payment', "SELECT billing.post_payment('A1', 5, 'k') IS NOT NULL", 't' ],
	[ 'verifying', 'SELECT count(*) FROM billing.verify()', '0' ],
	[ 'a signature', "SELECT billing._signature_good(document, public_key, signature) FROM billing.anchor WHERE anchor_no = 1", 't' ],
);
my (%met, $calls);
for my $case (@cases)
{
	my ($name, $sql, $good) = @$case;
	my $try = sub { my ($n) = @_; "\\set n $n\nBEGIN;\nSELECT crypto_fail($n);\n$sql;\nROLLBACK;\nSELECT 'failed', crypto_failed(), crypto_calls();" };
	my ($whole) = Fault::session($node, 'power', '', $try->(0));
	my ($result, $n) = $whole->[1] =~ /^\n?(?:.*\n)*?(.*)\nfailed\|\|(\d+)\n$/;
	is($result, $good, "$name: done by $n calls") or diag(@$whole);
	# of hundreds alike, the first and some of the others
	my @which = grep { $_ <= 60 || $_ % 17 == 0 || $_ > $n - 10 } 1 .. $n;
	my @said = Fault::session($node, 'power', '', (map { $try->($_) } @which), $try->(0));
	my $last = pop @said;
	is($last->[1] =~ s/\d+\n$//r, $whole->[1] =~ s/\d+\n$//r, "$name: and afterwards in the same session as before") or diag($last->[2]);
	my @wrong;
	for (@said)
	{
		my ($at, $out, $err) = @$_;
		my ($failed, $made) = $out =~ /^failed\|(\w*)\|(\d+)/m;
		# a session looks for SHA-256 once
		next if $failed eq '' && $made < $which[$at];
		$met{$failed}++;
		# a signature that cannot be checked is not good
		my $refused = $name eq 'a signature' ? $out =~ /^f$/m && $err eq '' : $err =~ /^ERROR:  (?:XX000|UB411|53200): /m;
		push @wrong, "call $which[$at], $failed: $out$err" if !$refused || $failed eq '' || $out =~ /^\Q$good\E$/m || $err =~ /13[89]\d{8}|battery|correct horse|invalid memory/;
	}
	is(join("\n", @wrong[ 0 .. ($#wrong > 2 ? 2 : $#wrong) ]), '', "$name: each that fails is an error that says so, with nothing in it");
	$calls += @which;
}
note("$calls calls");
my $library = `$ENV{PG_CONFIG} --pkglibdir`;
chomp $library;
# what says nothing of success or is not to fail
my @used = grep { !/_free$|^OPENSSL_cleanse$|^CRYPTO_memcmp$/ } `nm -D --undefined-only $library/billing.so` =~ /(\w+)\@OPENSSL/g;
is(join(' ', grep { !$met{$_} } @used), '', 'every function of OpenSSL that the library calls has failed: ' . @used);
is(join(' ', grep { !$met{$_} } qw(RAND_bytes HMAC_CTX_new HMAC_Init_ex HMAC_Update HMAC_Final)), '', 'and those that the server calls for it');
is($node->safe_psql('power', 'SELECT count(*) FROM billing.verify()'), '0', 'the chain is whole');
unlike(slurp_file($node->logfile), qr/PANIC|TRAP|terminated by signal|WARNING:.*leak/, 'nothing else happened');

# ---- where keys are ----

# where one of some keys is in a process: [all of its memory, what a core dump would have of it]
sub in_memory
{
	my ($pid, @keys) = @_;
	my ($all, $dumped) = (0, 0);
	open my $maps, '<', "/proc/$pid/smaps" or return;
	open my $memory, '<:raw', "/proc/$pid/mem" or return;
	my @area;
	while (my $line = <$maps>)
	{
		if ($line =~ /^([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \d+ *(.*)$/) { @area = (hex $1, hex $2, $3, $4); }
		next unless $line =~ /^VmFlags:/ && $area[2] =~ /^r/ && $area[3] !~ /^\[v/;
		my ($left_out, $at, $before) = (scalar($line =~ / dd\b/), $area[0], '');
		while ($at < $area[1])
		{
			my $size = $area[1] - $at > 1 << 22 ? 1 << 22 : $area[1] - $at;
			sysseek($memory, $at, SEEK_SET) && sysread($memory, my $piece, $size) or last;
			for my $key (@keys) { if (index($before . $piece, $key) >= 0) { $all++; $dumped++ unless $left_out; } }
			($before, $at) = (substr($piece, -64), $at + $size);
		}
	}
	return [ $all, $dumped ];
}

# in bytes and digits; as HMAC has them, too
sub forms { return map { my $key = $_; ($key, unpack('H*', $key), $key ^ "\x36" x length $key, $key ^ "\x5c" x length $key) } @_; }
unlink "$place/keys";
my @master = map { pack 'H*', $_ } values %key;
my $worker = "SELECT billing.open_contact(1, 1, 'calls'), billing.register_customer('S', 'Zhao', mobile => '13700000321') > 0, (SELECT count(*) FROM billing.likely_duplicates('Q', mobile => '13812345678')), "
	. "billing.rewrap_keys() > 0, billing.anchor_heads('C') > 0, length(billing.issue_token('customer', 1)) > 0, billing.identify(billing.issue_token('customer', 1)) <> ''";
my $session = $node->background_psql('power', on_error_stop => 0);
my $pid = $session->query('SELECT pg_backend_pid()') =~ s/\D//gr;
$session->query("BEGIN; $worker;");
my %seen = map { $_ => 1 } unpack('(a32)*', slurp_file("$place/keys"));
my @keys = forms(@master, keys %seen);
cmp_ok(scalar keys %seen, '>=', 6, 'keys are used: master, company, index, customer, signature: ' . scalar keys %seen);
my $during = in_memory($pid, @keys);
SKIP:
{
	skip "the memory of another process cannot be read here (kernel.yama.ptrace_scope?)", 4 unless $during;
	cmp_ok($during->[0], '>', 0, 'in the transaction keys are in memory');
	is($during->[1], 0, 'but nowhere that a core dump would have');
	$session->query('ROLLBACK;');
	is(in_memory($pid, @keys)->[0], 0, 'afterwards nowhere');
	# one that fails after each call of OpenSSL leaves none behind
	my $left = 0;
	for my $n (1, 8, 15, 22, 33, 47, 60, 68, 75, 81)
	{
		$session->query("BEGIN; SELECT crypto_fail($n); $worker; ROLLBACK;");
		$left += in_memory($pid, @keys)->[0];
	}
	is($left, 0, 'nor where it failed in between');
}
$session->query("BEGIN; SELECT crypto_fail(0); $worker;");
SKIP:
{
	my $pattern = slurp_file('/proc/sys/kernel/core_pattern');
	skip "core dumps go to another place here: $pattern", 2 if $pattern =~ m{[|/]};
	kill 'ABRT', $pid;
	my @cores;
	for (1 .. 300) { @cores = glob($node->data_dir . '/core*'); last if @cores; select(undef, undef, undef, 0.1); }
	is(scalar @cores, 1, 'a backend that is aborted in the transaction dumps its core');
	$node->poll_query_until('postgres', 'SELECT true');
	my $core = slurp_file($cores[0]);
	ok(length($core) > 1 << 20 && index($core, '13812345678') >= 0, 'with what it was doing: ' . length $core);
	is(scalar(grep { index($core, $_) >= 0 } @keys), 0, 'but no key');
}
eval { $session->quit };

$node->stop;
done_testing();
