# Charts are the same bytes as the reference pictures in test/golden/chart, in any zone of
# the session and by any plan; and where rsvg-convert is there, they are pictures.
# WRITE_CHARTS=DIRECTORY writes them there: look at them before they become references.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;
use File::Basename;

my $golden = dirname(__FILE__) . '/../golden/chart';
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION billing');
# a week of half hours with a hole and a stretch that is too high, two months, weeks of hours
$node->safe_psql('postgres', <<'SQL');
CREATE FUNCTION load(from_on text, slot_minutes integer, n integer, missing int4range DEFAULT 'empty', high int4range DEFAULT 'empty') RETURNS billing.profile LANGUAGE sql STABLE AS $$
	SELECT billing.profile((from_on || ' 00:00+08')::timestamptz, make_interval(mins => slot_minutes), ARRAY(
		SELECT CASE WHEN NOT i <@ missing THEN round((400 + 300 * sin(i * 0.1309 * slot_minutes / 30 - 1.8) + i * 7919 % 130 + CASE WHEN i <@ high THEN 1500 ELSE 0 END
			- CASE WHEN i * slot_minutes / 1440 % 7 > 4 THEN 80 ELSE 0 END)::numeric * slot_minutes / 30)::bigint END
		  FROM generate_series(0, n - 1) i), time_zone => 'Asia/Shanghai') $$;
SQL
my %chart = (
	load => q{billing.chart_load(load('2026-03-02', 30, 336, '[150,190)', '[240,252)'), ARRAY[tstzrange('2026-03-07 00:00+08', '2026-03-07 06:00+08')], ARRAY['尖峰'], lang => 'zh')},
	load_year => q{billing.chart_load(load('2026-01-01', 60, 8760), title => 'A year of <hours> & "more"')},
	forecast => q{billing.chart_forecast(load('2026-03-02', 60, 96), load('2026-03-06', 60, 72), billing.scale(load('2026-03-06', 60, 72), 0.8), billing.scale(load('2026-03-06', 60, 72), 1.25))},
	duration => q{billing.chart_duration(load('2026-03-02', 30, 2880), lang => 'zh')},
	heatmap => q{billing.chart_heatmap(load('2026-03-02', 60, 1344, '[475,495)'), lang => 'zh')},
	losses => q{billing.chart_losses('{东关一号台区,东关二号台区,T103,T104,"南街<箱变>"}', '{3.21,9.87,NULL,-1.2,5.5}', 8, lang => 'zh')},
);

sub picture
{
	my ($settings, $chart) = @_;
	my $svg = $node->safe_psql('postgres', "$settings; SELECT $chart");

	return $svg =~ s/\n*\z/\n/r;
}

for my $name (sort keys %chart)
{
	my $svg = picture("SET timezone = 'America/New_York'", $chart{$name});

	if ($ENV{WRITE_CHARTS})
	{
		open my $out, '>', "$ENV{WRITE_CHARTS}/$name.svg" or die "$name: $!";
		print $out $svg;
		close $out;
		pass("$name is written");
		next;
	}
	ok($svg eq slurp_file("$golden/$name.svg"), "$name is the reference picture");
}
if ($ENV{WRITE_CHARTS})
{
	done_testing();
	exit;
}
ok(picture('SET force_parallel_mode = on; SET work_mem = 64', $chart{load}) eq slurp_file("$golden/load.svg"), 'by a worker, too');

SKIP:
{
	skip 'rsvg-convert is not there', scalar keys %chart if system('command -v rsvg-convert >/dev/null') != 0;
	my $directory = PostgreSQL::Test::Utils::tempdir();
	for my $name (sort keys %chart)
	{
		system('rsvg-convert', '-o', "$directory/$name.png", "$golden/$name.svg");
		ok($? == 0 && -s "$directory/$name.png" > 4000, "$name is a picture");
	}
}
done_testing();
