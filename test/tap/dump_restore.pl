# The extension survives a restart and a dump: the restored database is the
# same, to the byte of its dump.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "shared_preload_libraries = 'billing'");
$node->start;

$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('postgres', 'CREATE DATABASE two');
$node->safe_psql('one', 'CREATE EXTENSION billing');
$node->safe_psql('one', 'SELECT billing.create_roles()');
$node->safe_psql('one', 'SELECT billing.install()');

my $release = $node->safe_psql('one', 'SELECT billing.version()');
like($release, qr/^\d+\.\d+$/, 'the library says its release');

$node->restart;
is($node->safe_psql('one', 'SELECT billing.version()'), $release, 'it loads again after a restart');

my $dump = $node->basedir . '/dump.sql';
my $again = $node->basedir . '/again.sql';
$node->command_ok([ 'pg_dump', '--file', $dump, $node->connstr('one') ], 'dump');
$node->command_ok(
	[ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-f', $dump, $node->connstr('two') ],
	'restore');
$node->command_ok([ 'pg_dump', '--file', $again, $node->connstr('two') ], 'dump once more');
# the keys of \restrict are made anew for each dump
my ($first, $second) =
  map { join '', grep { !/^\\(un)?restrict / } split /^/, slurp_file($_) } ($dump, $again);
is($second, $first, 'the restored database dumps to the same text');

$node->stop;
done_testing();
