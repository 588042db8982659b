# A store of an older build, restored from its dump and brought up to date, is
# the same as a new one, with its rows, and with what its users had added.
use strict;
use warnings;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# What the tables are, whatever the order in which their columns came.
my $shape = <<'END';
SELECT v.said FROM (
SELECT format('%s.%s %s%s%s%s', c.oid::regclass, a.attname, format_type(a.atttypid, a.atttypmod), CASE WHEN a.attnotnull THEN ' not null' END,
		' identity ' || nullif(a.attidentity::text, ''), CASE a.attgenerated WHEN '' THEN ' default ' ELSE ' generated ' END || pg_get_expr(d.adbin, d.adrelid))
	|| ' storage ' || a.attstorage::text || coalesce(' ' || col_description(c.oid, a.attnum), '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
 WHERE c.relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND c.relkind IN ('r', 'p', 'v') AND a.attname !~ '^mine'
UNION ALL
SELECT format('%s %s %s', c.conrelid::regclass, c.conname, pg_get_constraintdef(c.oid)) FROM pg_constraint c
 WHERE c.connamespace = 'billing'::regnamespace AND c.conrelid <> 0
UNION ALL
SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 'billing'::regnamespace AND c.relname !~ '^mine'
UNION ALL
SELECT format('%s %s %s %s', c.oid::regclass, c.relowner::regrole, c.reloptions, obj_description(c.oid, 'pg_class')) FROM pg_class c
 WHERE c.relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND c.relname !~ '^mine'
UNION ALL
SELECT format('%s %s %s', p.polname, p.polrelid::regclass, pg_get_expr(p.polqual, p.polrelid)) FROM pg_policy p WHERE p.polname !~ '^mine'
UNION ALL
SELECT format('%s %s', p.oid::regprocedure, md5(pg_get_functiondef(p.oid))) FROM pg_proc p
 WHERE p.proowner = to_regrole('billing_owner')
UNION ALL
SELECT format('%s may %s %s', CASE a.grantee WHEN 0 THEN 'everybody' ELSE a.grantee::regrole::text END, a.privilege_type, c.oid::regclass) FROM pg_class c, aclexplode(c.relacl) a
 WHERE c.relnamespace IN ('billing'::regnamespace, 'billing_report'::regnamespace) AND c.relname !~ '^mine' AND a.grantee <> 'billing_owner'::regrole
   -- what a user has granted stays
   AND a.grantee <> 'pg_monitor'::regrole
UNION ALL
SELECT format('%s may %s %s', CASE a.grantee WHEN 0 THEN 'everybody' ELSE a.grantee::regrole::text END, a.privilege_type, p.oid::regprocedure) FROM pg_proc p, aclexplode(p.proacl) a
 WHERE p.proowner = to_regrole('billing_owner')
UNION ALL
SELECT format('module %s %s', module, step) FROM billing.store_module) v(said) ORDER BY v.said COLLATE "C"
END

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
append_to_file($node->basedir . '/seal.key', 'k1 ' . '5a' x 32 . "\n");
chmod 0600, $node->basedir . '/seal.key';
$node->append_conf('postgresql.conf', "billing.seal_key_file = '" . $node->basedir . "/seal.key'\n");
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE fresh');
$node->safe_psql('fresh', 'CREATE EXTENSION billing; SELECT billing.create_roles(); SELECT billing.install()');
my $expected = $node->safe_psql('fresh', $shape);

my $golden = $0 =~ s{[^/]*$}{}r . '../golden/store';
foreach my $dump (sort glob("$golden/*.sql.gz"))
{
	my ($name) = $dump =~ m{([^/]*)\.sql\.gz$};
	my $text = $node->basedir . "/$name.sql";
	system_or_bail("gzip -dc '$dump' >'$text'");
	$node->safe_psql('postgres', qq{CREATE DATABASE "$name"});
	$node->command_ok([ 'psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $node->connstr($name), '-f', $text ], "$name: restored");
	my $rows = $node->safe_psql($name, 'SELECT account_no, from_on, revision, kind, total FROM billing_report.bill ORDER BY 1, 2, 3, 4');
	isnt($rows, '', "$name: it has bills");
	# what waits for a second person there, by the columns of then
	my @waits = ('contract', 'supply_request');
	$node->safe_psql($name, <<'END');
SET session_replication_role = replica;
INSERT INTO billing.contract (account_id, contract_no, org_id) VALUES (3, 'K', 2);
INSERT INTO billing.contract_version (account_id, contract_no, version, org_id, valid_during, plan_id, drafted_by) VALUES (3, 'K', 1, 2, '[2026-06-01,2027-06-01)', 1, 'staff:1');
INSERT INTO billing.supply_request (account_id, org_id, kind, state, customer_id, effective_on, requested_by) VALUES (3, 2, 'close', 'submitted', 2, '2026-12-01', 'staff:1');
INSERT INTO billing.supply_request_event (account_id, request_id, event_no, org_id, step, to_state, actor) SELECT account_id, request_id, 1, org_id, 'submit', 'submitted', 'staff:1' FROM billing.supply_request;
END
	if ($name =~ /contacts/)
	{
		push @waits, 'register_reading', 'reading_edit', 'cutover';
		$node->safe_psql($name, <<'END');
SET session_replication_role = replica;
INSERT INTO billing.register_reading (account_id, register, read_on, org_id, value, state, finding, author) VALUES (3, 'total', '2026-06-01', 2, 5, 'pending', 'high', 'staff:1');
INSERT INTO billing.reading_edit (account_id, org_id, part, channel, kind, from_at, until_at, "values", quality, reason, digest_before, state, author)
	VALUES (3, 2, 'main', 'import', 'values', '2026-01-01', '2026-01-02', '{5}', 'corrected', 'x', '', 'pending', 'staff:1');
INSERT INTO billing.cutover (org_id, cutover_no, from_on, digest, made_by) VALUES (2, 'X', '2026-01-01', '', 'staff:1');
END
	}
	like($node->safe_psql($name, 'SELECT billing.install()'), qr/is brought up to/, "$name: brought up to date");
	is($node->safe_psql($name, "SELECT string_agg(act, ' ' ORDER BY act) FROM billing.approval WHERE state = 'open' AND asked_by = 'staff:1'"), join(' ', sort @waits), "$name: what waited waits as requests");
	like($node->safe_psql($name, "SELECT billing.approve(approval_id) FROM billing.approval WHERE act = 'contract'"), qr/contract K of account N3/, "$name: and can be approved");
	is($node->safe_psql($name, 'SELECT billing.install()'), 'The store is up to date.', "$name: once");
	is($node->safe_psql($name, $shape), $expected, "$name: the shape of a new store");
	is($node->safe_psql($name, 'SELECT account_no, from_on, revision, kind, total FROM billing_report.bill ORDER BY 1, 2, 3, 4'),
		$rows, "$name: the bills are there");
	is($node->safe_psql($name, 'SELECT count(*) FROM billing.verify()'), '0', "$name: every chain is whole");
	is($node->safe_psql($name, <<'END'), 't|t|1|t', "$name: what users added is there");
SELECT to_regclass('billing.mine') IS NOT NULL, has_table_privilege('pg_monitor', 'billing.reading', 'SELECT'),
	   (SELECT count(*) FROM pg_policy WHERE polname = 'mine'), EXISTS (SELECT FROM pg_attribute WHERE attrelid = 'billing.account'::regclass AND attname = 'mine')
END
	# what was plain waits for a key, and is sealed then
	my $plain = $node->safe_psql($name, 'SELECT count(*) FROM billing.unsealed_value');
	cmp_ok($plain, '>', 3, "$name: contacts and papers wait to be sealed") if $name =~ /contacts/;
	is($node->safe_psql($name, 'SELECT count(*) FROM billing.customer_contact k, billing.customer_identity i WHERE k.value IS NOT NULL OR i.number IS NOT NULL'), '0', "$name: none is there yet");
	$node->safe_psql($name, "CALL billing.reseal('C')");
	is($node->safe_psql($name, 'SELECT count(*) FROM billing.unsealed_value'), '0', "$name: none waits");
	is($node->safe_psql($name, "SELECT string_agg(billing.open_contact(customer_id, contact_no, 'check'), ',' ORDER BY contact_no) || (SELECT string_agg(billing.open_identity(customer_id, identity_no, 'check'), ',' ORDER BY identity_no) FROM billing.customer_identity) FROM billing.customer_contact"),
		$name =~ /contacts/ ? '13800138000,li@example.org,东关街 7 号E12345678,11010519491231002X' : '', "$name: they are what they were");
	# and it works: the corrected month and the next one
	like($node->safe_psql($name, "CALL billing.run_bills('C', '2026-03-01')"), qr/ 1 bills, 1 exceptions/, "$name: it bills on");
	is($node->safe_psql($name, 'SELECT count(*) FROM billing.verify()'), '0', "$name: and chains on");
}

$node->stop;
done_testing();
