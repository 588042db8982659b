# Faults on demand: libraries beside the tests, built for the server that is tested.
package Fault;
use strict;
use warnings;
use PostgreSQL::Test::Utils;

# the library made of NAME.c, in a directory
sub build
{
	my ($name, $dir, @more) = @_;
	my $include = `$ENV{PG_CONFIG} --includedir-server`;
	chomp $include;
	my $source = $0 =~ s{[^/]*$}{$name.c}r;
	# bound as called: what is preloaded into psql finds no server there
	PostgreSQL::Test::Utils::system_or_bail('cc', split(' ', '-shared -fPIC -g -O1 -Wall -fno-omit-frame-pointer -Wl,-z,lazy -D_GNU_SOURCE -isystem'),
		$include, @more, '-o', "$dir/$name.so", $source);
	return "$dir/$name.so";
}

# a session that says what each of many transactions came to: rows of [which, output, error]
sub session
{
	my ($node, $database, $first, @transactions) = @_;
	my $script = "\\set VERBOSITY verbose\n\\set SHOW_CONTEXT never\n$first\n";
	for my $which (0 .. $#transactions)
	{
		$script .= "\\echo == $which\n\\warn == $which\n$transactions[$which]\n";
	}
	my ($out, $err) = ('', '');
	IPC::Run::run([ 'psql', '-XAtq', '-d', $node->connstr($database) ], '<', \$script, '>', \$out, '2>', \$err);
	my @out = split /^== \d+\n/m, $out, -1;
	my @err = split /^== \d+\n/m, $err, -1;
	die "the session ended: $err" if @out != @transactions + 1 || @err != @transactions + 1;
	return map { [ $_, $out[ $_ + 1 ], $err[ $_ + 1 ] ] } 0 .. $#transactions;
}

1;
