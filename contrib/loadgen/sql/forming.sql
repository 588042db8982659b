-- Usage that is formed: rules by the account clerk, collective statements; then the usage of the months that the registers close.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_accounts;
BEGIN;
CREATE TEMP TABLE given_rule (account_no text, kind text, from_on date, settings jsonb, other_account_no text, line bigserial);
CREATE TEMP TABLE given_collective (collective_no text, org_no text, name text, account_no text, from_on date);
\copy given_rule (account_no, kind, from_on, settings, other_account_no) FROM 'forming.csv' (FORMAT csv, HEADER)
\copy given_collective FROM 'collectives.csv' (FORMAT csv, HEADER)
ANALYZE given_rule, given_collective;
SELECT count(billing.add_forming_rule(g.account_no, g.kind, g.from_on, g.settings, other_account_no => g.other_account_no))
  FROM (SELECT * FROM given_rule ORDER BY line) g JOIN billing.account a USING (account_no)
 WHERE NOT EXISTS (SELECT FROM billing.forming_rule r WHERE r.account_id = a.account_id) \g /dev/null
SELECT count(billing.add_collective(g.org_no, g.collective_no, g.name)) FROM (SELECT DISTINCT collective_no, org_no, name FROM given_collective) g
 WHERE NOT EXISTS (SELECT FROM billing.collective c WHERE c.collective_no = g.collective_no) \g /dev/null
SELECT count(billing.join_collective(g.collective_no, g.account_no, g.from_on)) FROM given_collective g JOIN billing.account a USING (account_no)
 WHERE NOT EXISTS (SELECT FROM billing.collective_member m WHERE m.account_id = a.account_id) \g /dev/null
COMMIT;
SELECT format('%s rules of forming, %s collective statements', (SELECT count(*) FROM billing.forming_rule), (SELECT count(*) FROM billing.collective));
