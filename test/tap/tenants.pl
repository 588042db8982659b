# Two tenants: whatever B has, nothing that A does gives another result, and no
# word of B's ever reaches A.  Two databases that are the same but for B's data;
# the same statements in both, as clerk, analyst, auditor, customer and nobody;
# the transcripts are compared byte for byte.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "log_statement = all\nautovacuum = off\n");
$node->start;

sub fill
{
	my ($database, $station, $from, $accounts, $word) = @_;
	$node->safe_psql($database, <<"END");
SELECT billing.add_customer('$station', '$word', 'firm') AS customer \\gset
INSERT INTO billing.account (org_id, customer_id, account_no, address, opened_on)
SELECT o.org_id, :customer, '$word-' || n, '$word street', '2026-01-01' FROM billing.org o, generate_series($from, $from + $accounts - 1) n WHERE o.org_no = '$station';
INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id, terms) SELECT account_id, opened_on, org_id, 1, '{"note": "$word"}' FROM billing.account WHERE account_no LIKE '$word%';
INSERT INTO billing.reading (account_id, org_id, source, profile)
SELECT account_id, org_id, '$word file', billing.profile('2026-01-01 00:00+00', '1 day', array_fill(account_id * 1000, ARRAY[31])) FROM billing.account WHERE account_no LIKE '$word%' AND account_no NOT LIKE '%3';
CALL billing.run_bills('$station', '2026-02-01');
SELECT billing.post_payment('$word-1', 7, '$word key');
SELECT billing.void_bill('$word-2', '2026-01-01', '$word reason');
CALL billing.validate_readings('$station', '2026-01-01', '2026-02-01');
SELECT billing.edit_reading('$word-1', '2026-01-05 00:00+00', '{1}', '$word reason');
SELECT billing.set_validation_rule('$station', '{"rule": "capacity", "name": "$word", "kw": 9}', '2026-01-01');
SELECT billing.record_register('$word-3', d, 'total', v, k, source => '$word route') FROM (VALUES (date '2026-01-01', 5, 'opening'), ('2026-02-01', 105, 'regular'), ('2026-03-01', 99, 'regular')) x(d, v, k);
SELECT billing.add_forming_rule('$word-3', 'fixed_ratio', '2026-01-01', '{"ratio": 0.5}', other_account_no => '$word-2', other_part => '$word part');
SELECT billing.form_usage('$station', '2026-02-01');
SELECT billing.add_collective('$station', '$word', '$word'), billing.join_collective('$word', '$word-1', '2026-01-01');
SELECT billing.set_register_limit('$station', most_kwh => 77);
SELECT billing.add_group('$station', '$word-group', '$word'), billing.grant_group_access('$word-group', '$station', '{bill}', '{read}'), billing.add_post('$station', 'auditor');
SELECT billing.set_login('customer', :customer, lower('$word'), '$word password'), billing.add_staff('$station', '$word-staff', '$word', 'inspector') > 0;
SELECT billing.assign_accounts('$word-staff', ARRAY['$word-1']);
SELECT billing._ask_approval('refund', org_id, '$word account', '{"note": "$word"}', 100), billing.set_approval_rule('$station', 'refund', 1) FROM billing.org WHERE org_no = '$station';
END
}

$node->safe_psql('postgres', 'CREATE DATABASE one');
$node->safe_psql('one', <<'END');
CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install();
CREATE ROLE clerk LOGIN IN ROLE billing_clerk; CREATE ROLE analyst LOGIN IN ROLE billing_analyst; CREATE ROLE auditor LOGIN IN ROLE billing_auditor;
CREATE ROLE home LOGIN IN ROLE billing_customer; CREATE ROLE pool LOGIN IN ROLE billing_clerk, billing_analyst, billing_auditor, billing_customer, billing_admin;
GRANT CREATE ON DATABASE one TO clerk, analyst, auditor, home, pool;
SELECT billing.add_org('C', 'Company', 'company');
SELECT billing.add_org('A', 'Station A', 'station', 'C');
SELECT billing.add_org('B', 'Station B', 'station', 'C');
SELECT billing.add_staff('A', 'A1', 'Clerk', 'billing clerk', 'clerk'), billing.add_staff('A', 'A2', 'Analyst', 'analyst', 'analyst'), billing.add_staff('A', 'A3', 'Auditor', 'auditor', 'auditor');
SELECT billing.grant_post('A1', 'A'), billing.grant_post('A2', 'A'), billing.grant_post('A3', 'A');
SELECT billing.grant_access('A1', 'A', '{reading,customer,account}', '{read,write}');
SELECT billing.add_plan('home', 'Homes', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
SELECT billing.add_plan('note', 'note', '2026-01-01', '{"name": "x", "currency": "CNY", "time_zone": "UTC", "rounding": {"line": 2}, "charges": [{"code": "energy", "price": "0.5"}]}');
END
fill('one', 'A', 1, 6, 'mine');
$node->safe_psql('one', "SELECT billing.add_customer('A', 'Home', 'person', 'home'); UPDATE billing.account SET customer_id = (SELECT customer_id FROM billing.customer WHERE login_role = 'home') WHERE account_no IN ('mine-4', 'mine-5')");
$node->safe_psql('postgres', 'CREATE DATABASE two TEMPLATE one');
# a template takes no privileges along
$node->safe_psql('two', 'GRANT CREATE ON DATABASE two TO clerk, analyst, auditor, home, pool');
fill('one', 'B', 1, 5, 'SECRET');
fill('two', 'B', 1, 60, 'SECRET2');
$node->safe_psql('two', "SELECT billing.add_org('B2', 'SECRET team', 'team', 'B'); SELECT billing.add_staff('B', 'B9', 'SECRET person', 'analyst'); SELECT billing.grant_post('B9', 'B')");
$node->safe_psql($_, 'VACUUM ANALYZE') for qw(one two);

my @tables = split /\n/, $node->safe_psql('one', q{SELECT c.oid::regclass FROM pg_class c WHERE relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND relkind IN ('r', 'v') ORDER BY 1});
cmp_ok(scalar(@tables), '>', 15, 'these are the tables and views');

# what is printed must not tell the time, or a number that was just drawn
my @statements = ('SELECT billing.actor()', 'SELECT * FROM billing.verify()', 'SET client_min_messages = notice',
	'CREATE FUNCTION pg_temp.leak(text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$ BEGIN RAISE NOTICE \'saw %\', $1; RETURN true; END $$',
	'CREATE FUNCTION pg_temp.definer() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS \'SELECT count(*) FROM billing.bill\'', 'SELECT pg_temp.definer()',
	'CREATE VIEW pg_temp.mine AS SELECT b.* FROM billing.bill b', 'SELECT count(*) FROM pg_temp.mine',
	'SET plan_cache_mode = force_generic_plan');
my $n = 0;
for my $t (@tables)
{
	$n++;
	push @statements,
		"SELECT * FROM $t t ORDER BY t::text",
		"SELECT count(*) FROM $t",
		"SELECT count(*) FROM $t t WHERE pg_temp.leak(length(t::text)::text)",
		"SELECT count(*) FROM $t t WHERE t::text LIKE '%SECRET%'",
		"SELECT count(*) FROM $t t GROUP BY t::text HAVING count(*) > 1",
		"PREPARE p$n AS SELECT count(*) FROM $t WHERE \$1", "EXECUTE p$n (true)", "EXECUTE p$n (false)",
		"BEGIN; DECLARE c SCROLL CURSOR FOR SELECT count(*) FROM $t; FETCH c; MOVE BACKWARD ALL FROM c; FETCH c; COMMIT",
		"BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT count(*) FROM $t; COMMIT; FETCH h; CLOSE h",
		"COPY (SELECT count(*) FROM $t) TO STDOUT",
		"CREATE TEMPORARY TABLE copy$n AS TABLE $t", "SELECT count(*) FROM copy$n",
		"SELECT count(*) FROM (TABLE $t UNION TABLE $t) q", "WITH w AS MATERIALIZED (TABLE $t) SELECT count(*) FROM w",
		"SELECT count(*) FROM $t FOR SHARE", "SELECT 1 FROM $t FOR UPDATE LIMIT 1", "LOCK TABLE $t IN ACCESS EXCLUSIVE MODE",
		"DELETE FROM $t", "DELETE FROM $t WHERE true RETURNING 1", "TRUNCATE $t CASCADE", "ALTER TABLE $t DISABLE ROW LEVEL SECURITY", "DROP TABLE $t",
		"CREATE POLICY mine ON $t USING (true)", "CREATE TRIGGER mine BEFORE INSERT ON $t FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
		"CREATE RULE mine AS ON SELECT TO $t DO INSTEAD SELECT 1", "GRANT SELECT ON $t TO PUBLIC", "COMMENT ON TABLE $t IS 'x'", "CREATE STATISTICS pg_temp.s$n ON org_id, account_id FROM $t",
		"CREATE INDEX ON $t ((1))", "CREATE SCHEMA own$n", "CREATE TABLE own$n.r (account_id bigint REFERENCES $t)", "CREATE TABLE own$n.i () INHERITS ($t)", "CREATE MATERIALIZED VIEW own$n.m AS SELECT count(*) FROM $t",
		"SET force_parallel_mode = on; SELECT count(*) FROM $t; RESET force_parallel_mode",
		"SET row_security = off; SELECT count(*) FROM $t; RESET row_security",
		"UPDATE $t SET org_id = org_id", "UPDATE $t SET org_id = 3 WHERE org_id = 2 RETURNING 1", "INSERT INTO $t SELECT * FROM $t ON CONFLICT DO NOTHING",
		"MERGE INTO $t USING (SELECT 1) q ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
		"EXPLAIN (COSTS OFF, ANALYZE OFF) DELETE FROM $t";
}
for my $role (qw(billing_owner billing_admin billing_auditor postgres pg_read_all_data))
{
	push @statements, "SET ROLE $role; SELECT count(*) FROM billing.bill; RESET ROLE", "SET SESSION AUTHORIZATION $role; SELECT count(*) FROM billing.bill; RESET SESSION AUTHORIZATION";
}
push @statements, "SELECT pg_create_logical_replication_slot('mine', 'test_decoding')", "SELECT * FROM pg_logical_slot_peek_changes('mine', NULL, NULL)", 'CREATE PUBLICATION mine FOR ALL TABLES', "COPY billing.bill TO PROGRAM 'cat'",
	"COPY billing.bill TO 'bills.copy'", "SELECT lo_export(1, 'object.copy')", "SELECT lo_get(1)", "SELECT count(*) FROM pg_largeobject", "SELECT query FROM pg_stat_activity WHERE query LIKE '%SEC' || 'RET%' AND pid <> pg_backend_pid()", 'CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION billing._guard_drop()',
	'SELECT pg_read_file(\'postgresql.conf\')', 'SELECT count(*) FROM pg_statistic', "SELECT pg_current_logfile()", 'SHOW billing.seal_key_file', "SET billing.actor = 'staff:1'", "SET session_replication_role = replica";
push @statements, 'SELECT count(*) FROM pg_stats WHERE schemaname = \'billing\' AND tablename IN (\'bill\', \'account\', \'reading\')',
	'SELECT count(*) FROM pg_stats_ext', 'SELECT last_value FROM billing.account_account_id_seq', "SELECT nextval('billing.account_account_id_seq')",
	'SELECT pg_get_viewdef(\'billing.stat_progress\'::regclass) IS NOT NULL', "SELECT lo_import('/etc/passwd')", "SELECT billing._bill_accounts(1, 3, '2027-01-01', 1, 1000)",
	"SELECT billing._content('bill', 1)", "SELECT billing._store_code()", "SELECT * FROM billing._store_objects()";
# commands at what is B's (in both databases, or in one, or in none): the same answer
for my $account ('SECRET-1', 'SECRET2-1', 'NONE-1')
{
	push @statements, map { sprintf $_, $account } "SELECT billing.post_payment('%s', 1, 'k')", "SELECT billing.void_bill('%s', '2026-01-01', 'r')",
		"SELECT billing.set_plan('%s', 'home', '2026-03-01')", "SELECT billing.record_profile('%s', billing.profile('2026-05-01 00:00+00', '1 day', array_fill(1::bigint, ARRAY[3])))",
		"SELECT billing.record_register('%s', '2026-05-01', 'total', 1)", "SELECT billing.register_usage('%s', '[2026-01-01,2026-02-01)')", "SELECT * FROM billing.explain_usage('%s')",
		"SELECT billing.approve_reading('%s', '2026-03-01', 'approve', 'r')", "SELECT billing.estimate_register('%s', '2026-04-01')", "SELECT billing.set_usage_from('register', ARRAY['%s'])",
		"SELECT billing.add_forming_rule('mine-1', 'deduct', '2026-03-01', other_account_no => '%s')", "SELECT billing.join_collective('mine', '%s', '2026-01-01')",
		"SELECT billing.transfer_account('%s', 'A', 'r')", "SELECT * FROM billing.verify('%s')", "SELECT * FROM billing.validation_rules_of('%s', '2026-03-01')",
		"SELECT billing.edit_reading('%s', '2026-01-05 00:00+00', '{1}', 'r')", "SELECT billing.undo_action('%s', 1, 'r')";
}
# people, groups, passwords, approvals of B's
for my $word (qw(SECRET SECRET2 NONE))
{
	push @statements, map { s/%s/$word/gr } "SELECT billing.join_group('%s-group', 'A1')", "SELECT billing.leave_group('%s-group', 'A1')",
		"SELECT billing.nest_group('mine-group', '%s-group')", "SELECT billing.nest_group('%s-group', 'mine-group')", "SELECT billing.grant_group_access('%s-group', 'A', '{bill}', '{read}')",
		"SELECT billing.end_group('%s-group')", "SELECT billing.assign_accounts('A1', '{%s-1}')", "SELECT billing.unassign_accounts('A1', '{%s-1}')",
		"CALL billing.login(lower('%s'), '%s password')", "SELECT billing._begin_login(lower('%s'))", "SELECT billing._end_login(lower('%s'), '%s password', 1)", "SELECT billing.end_identity_checker('%s')";
}
push @statements, map { ("SELECT billing.approve($_)", "SELECT billing.decline($_, 'no')", "SELECT billing.withdraw_approval($_)", "SELECT billing.set_login('customer', $_, 'mine$_', 'long enough')") } (3, 4, 999999);
push @statements, "SELECT billing.identify_session(repeat('0', 64))", "SELECT billing.identify_by('a1.x.x.staff.1.1.1.1')", "SELECT billing._bind_actor('staff', 1, 'login')", "SELECT billing._needs_approval('refund', 3, 50)",
	'SELECT billing._groups_over(1)', "SELECT billing._orgs_above(3)", "SELECT billing.actor_methods()";
push @statements, map { "SELECT billing.transfer_account('mine-1', '$_', 'r')" } qw(B B2 NONE);
push @statements, map { ("CALL billing.run_bills('$_', '2026-03-01')", "CALL billing.validate_readings('$_', '2026-01-01', '2026-02-01')",
	"SELECT * FROM billing.hourly_readings('$_', '2026-01-01', '2026-01-02')", "SELECT billing.set_validation_rule('$_', '{\"rule\": \"gap\"}', '2026-01-01')") } qw(C B B2 NONE);
push @statements, map { "SELECT billing.decide_edit($_, true)" } (1 .. 3);
push @statements, map { "INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id) VALUES ($_, '2026-09-01', 2, 1)" } (8, 20, 60, 999999);
push @statements, map { "INSERT INTO billing.reading (account_id, org_id, profile) VALUES ($_, 2, billing.profile('2026-06-01 00:00+00', '1 day', '{1}'::bigint[]))" } (8, 20, 60, 999999);
push @statements, map { "INSERT INTO billing.account (org_id, customer_id, account_no, opened_on) VALUES (2, $_, 'new$_', '2026-01-01')" } (3, 4, 999999);
push @statements, map { "SELECT billing.add_account('A', 'other$_', $_, '2026-01-01')" } (3, 4, 999999);
push @statements, map { "SELECT billing.$_" } "can_read(3, 'bill')", "can_read(4, 'bill')", "is_own(8)", "is_own(60)", "_visible_orgs('bill')", "_own_accounts()";
cmp_ok(scalar(@statements), '>', 700, 'so many statements');

# every function that an application's role may call, also one that was added yesterday: with A's names,
# with B's in place of each, and with names that nobody has
my %value = (
	text => "'x'", 'text[]' => "'{x}'", date => "'2026-03-01'", daterange => "'[2026-01-01,2026-02-01)'", timestamptz => "'2026-01-05 00:00+00'", tstzrange => "'[2026-01-01 00:00+00,2026-02-01 00:00+00)'",
	integer => '1', smallint => '1', bigint => '1', 'bigint[]' => "'{1}'", 'integer[]' => "'{1}'", numeric => '1', 'numeric[]' => "'{1}'", boolean => 'true', interval => "'1 day'", jsonb => "'{}'", json => "'{}'", bytea => "'\\x00'",
	'billing.profile' => "billing.profile('2026-05-01 00:00+00', '1 day', array_fill(1::bigint, ARRAY[3]))", 'billing.tariff' => "'{\"name\": \"x\", \"currency\": \"CNY\", \"time_zone\": \"UTC\", \"charges\": [{\"code\": \"energy\", \"price\": \"0.5\"}]}'",
	'billing.usage' => "'{}'", 'billing.market' => "'{}'", 'billing.carry' => "'{}'");
# by the name of the argument: A's, and B's of the one database, of the other, and nobody's
my @named = (
	[ qr/account_nos$/, "'{mine-1}'", "'{SECRET-1}'", "'{SECRET2-1}'", "'{NONE}'" ], [ qr/account_no$/, "'mine-1'", "'SECRET-1'", "'SECRET2-1'", "'NONE'" ],
	[ qr/(org|parent)_no$/, "'A'", "'B'", "'B2'", "'NONE'" ], [ qr/staff_no$/, "'A1'", "'SECRET-staff'", "'SECRET2-staff'", "'NONE'" ],
	[ qr/(group|member)_no$/, "'mine-group'", "'SECRET-group'", "'SECRET2-group'", "'NONE'" ], [ qr/login_name$/, "'mine'", "'secret'", "'secret2'", "'none'" ],
	[ qr/collective_no$/, "'mine'", "'SECRET'", "'SECRET2'", "'NONE'" ], [ qr/plan_code$/, "'home'" ], [ qr/_id$/, '1', '3', '8', '60', '999999' ]);
# what tells the time, the size, or the server's own state, to whomever it is
my $counted_only = qr/^(health|metrics|stat_|issue_token|build_|version)/;
sub calls
{
	my ($role) = @_;
	my @calls;
	foreach my $line (split /\n/, $node->safe_psql('one', <<"END"))
SELECT concat_ws('|', p.proname, p.prokind, p.provolatile, p.proretset, has_function_privilege('$role', p.oid, 'EXECUTE'),
	(SELECT string_agg(coalesce(nullif(a.name, ''), 'x') || ' ' || format_type(a.type, NULL), ';' ORDER BY a.n)
	   FROM unnest(coalesce(p.proargnames, array_fill(''::text, ARRAY[p.pronargs])), coalesce(p.proallargtypes, p.proargtypes::oid[]), coalesce(p.proargmodes, array_fill('i'::"char", ARRAY[p.pronargs])))
			WITH ORDINALITY a(name, type, mode, n)
	  WHERE a.mode IN ('i', 'b') AND a.n <= p.pronargs AND (a.n <= p.pronargs - p.pronargdefaults OR a.name ~ '_nos?\$')))
  FROM pg_proc p
 WHERE p.pronamespace = 'billing'::regnamespace AND p.prokind IN ('f', 'p') AND (p.provolatile <> 'i' OR p.prokind = 'p') AND p.proowner = 'billing_owner'::regrole
   AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype) AND NOT 'internal'::regtype = ANY (p.proargtypes)
 ORDER BY p.oid::regprocedure::text
END
	{
		my ($name, $kind, $volatile, $set, $may, $wants) = split /\|/, $line;
		my @arguments = map { [ split / /, $_, 2 ] } split /;/, $wants // '';
		# those with a name of ours can be the other tenant's
		my @choice;
		foreach my $n (0 .. $#arguments)
		{
			my ($argument, $type) = @{ $arguments[$n] };
			my ($known) = grep { $argument =~ $_->[0] && ($_->[1] =~ /^'/ ? $type =~ /^text/ : $type =~ /^(bigint|integer)$/) } @named;
			# what is in no list of ours is a value, and then one that would end a string, a statement and a comment
			$choice[$n] = $known ? [ @$known[ 1 .. $#$known ] ] : [ $value{$type} // "NULL::$type", $type eq 'text' ? "E'\\'\"\$\$;--%s%I/*城'" : () ];
		}
		my @variants = ([ map { $_->[0] } @choice ]);
		if ($may eq 't')
		{
			foreach my $n (0 .. $#choice)
			{
				push @variants, map { my $other = $_; [ map { $_ == $n ? $choice[$n][$other] : $choice[$_][0] } 0 .. $#choice ] } 1 .. $#{ $choice[$n] };
			}
			push @variants, [ map { $_->[ @$_ > 1 ? 1 : 0 ] } @choice ] if grep { @$_ > 1 } @choice;
		}
		foreach my $given (@variants)
		{
			my $call = "billing.$name(" . join(', ', map { "$arguments[$_][0] => $given->[$_]" } 0 .. $#arguments) . ')';
			push @calls, $kind eq 'p' ? "CALL $call"
				: $volatile eq 'v' ? "BEGIN; SELECT count(*) FROM (SELECT $call) q; ROLLBACK"
				: $name =~ $counted_only ? "SELECT count(*) FROM $call"
				: "SELECT * FROM $call q ORDER BY q::text";
		}
	}
	return @calls;
}

my %expected = (clerk => qr/^6$/m, analyst => qr/^6$/m, auditor => qr/^6$/m, home => qr/^2$/m, pool => qr/^nobody$/m);
# the same statements in both databases, by one role; what they said of it, statement by statement
sub transcripts
{
	my ($role, @asked) = @_;
	my %said;
	for my $database (qw(one two))
	{
		my $script = join '', map { "\\echo > $_\n$_;\n" } @asked;
		my ($out) = ('');
		IPC::Run::run([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=0', '-U', $role, '-d', $node->connstr($database) ], '<', \$script, '>', \$out, '2>&1');
		$out =~ s/^psql:<stdin>:\d+: //mg;
		# the size of the database is told to everybody
		$out =~ s/^billing_database_bytes\|.*\n//mg;
		$said{$database} = $out;
	}
	return %said;
}

my $public_numbers = join '|', qw(account_account_no_key collective_collective_no_key staff_staff_no_key org_org_no_key access_group_group_no_key);
sub compare
{
	my ($name, %said) = @_;
	# in which order a filter sees rows is the plan's choice, which rests on sizes
	my ($one, $two) = map { [ map { /pg_temp\.leak/ ? join("\n", sort split /\n/) . "\n" : $_ } split /^> /m, $_ ] } @said{qw(one two)};
	my @one = @$one;
	my @two = @$two;
	my @differ = grep { ($one[$_] // '') ne ($two[$_] // '') } 0 .. ($#one > $#two ? $#one : $#two);
	# a number that is one in the whole store is taken or is not, and whoever may give such numbers is told: of no others
	@differ = grep { ($one[$_] . $two[$_]) !~ /\nERROR:  duplicate key value violates unique constraint "($public_numbers)"\n/ } @differ;
	is(join("----\n", map { "$one[$_]====\n$two[$_]" } @differ[ 0 .. ($#differ > 4 ? 4 : $#differ) ]), '', "$name: the same, whatever the other tenant has");
	(my $answers = $said{two}) =~ s/^> .*//mg;
	# names that A himself typed come back in "does not exist, or not for you"
	my @words = grep { /SECRET/ && !/does not exist, or not for you|^(LINE|CONTEXT|QUERY|PL\/pgSQL|SQL )/ } split /\n/, $answers;
	is(join("\n", @words[ 0 .. ($#words > 4 ? 4 : $#words) ]), '', "$name: no word of the other tenant");
	unlike($said{two}, qr/XX000|server closed|internal error/, "$name: no internal error, no crash");
}

for my $role (qw(clerk analyst auditor home pool))
{
	my %said = transcripts($role, map { (my $own = $_) =~ s/\bown(\d+)/${role}_own$1/g; $own } @statements);
	compare($role, %said);
	like($said{one}, $expected{$role}, "$role: and it is about something");
}
for my $role (qw(clerk analyst auditor home pool))
{
	my @calls = calls($role);
	my %said = transcripts($role, "SET statement_timeout = '30s'", @calls);
	# what is called here writes, so that it tells when, and what hashes and numbers over that say
	s/\b20\d\d-\d\d-\d\d[ T]\d\d:\d\d:\d\d\.\d+/WHEN/g, s/\b[0-9a-f]{64}\b/DIGEST/g for values %said;
	compare("$role, functions", %said);
	my $answered = () = $said{one} =~ /^> (?!SET)(?:.*\n)(?!.*ERROR)/mg;
	cmp_ok(scalar(@calls), '>', 300, "$role: " . scalar(@calls) . " calls of functions, $answered answered");
}
is($node->safe_psql($_, 'SELECT count(*) FROM billing.verify()'), '0', "$_: every chain is whole") for qw(one two);
unlike(slurp_file($node->logfile), qr/^.*(PANIC|XX000|TRAP)/m, 'nothing of that in the log');

$node->stop;
done_testing();
