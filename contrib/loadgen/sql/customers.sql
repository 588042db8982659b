-- Customers, accounts and their price plans: in bulk, into the tables that clerks may insert into.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_accounts;
BEGIN;
CREATE TEMP TABLE given_customer (customer_no text, org_no text, name text, kind text, paper_kind text, paper_no text, mobile text, line bigserial);
CREATE TEMP TABLE given_account (account_no text, org_no text, customer_no text, address text, opened_on date, supplied_since date, class text, usage_from text, line bigserial);
CREATE TEMP TABLE given_plan (account_no text, plan_code text, from_on date, terms jsonb, line bigserial);
\copy given_customer (customer_no, org_no, name, kind, paper_kind, paper_no, mobile) FROM 'customers.csv' (FORMAT csv, HEADER)
\copy given_account (account_no, org_no, customer_no, address, opened_on, supplied_since, class, usage_from) FROM 'accounts.csv' (FORMAT csv, HEADER)
\copy given_plan (account_no, plan_code, from_on, terms) FROM 'account_plans.csv' (FORMAT csv, HEADER)
DELETE FROM given_account g USING billing.account a WHERE a.account_no = g.account_no;
DELETE FROM given_customer c WHERE NOT EXISTS (SELECT FROM given_account a WHERE a.customer_no = c.customer_no);
ANALYZE given_customer, given_account, given_plan;

-- customers have no number of their own in the store: they get theirs in the order in which they come
CREATE TEMP TABLE customer_of AS
WITH made AS (
	INSERT INTO billing.customer (org_id, name, kind)
	SELECT o.org_id, g.name, g.kind FROM given_customer g JOIN billing.org o USING (org_no) ORDER BY g.line
	RETURNING customer_id)
SELECT g.*, m.customer_id, o.org_id
  FROM (SELECT customer_id, row_number() OVER (ORDER BY customer_id) AS place FROM made) m
  JOIN (SELECT *, row_number() OVER (ORDER BY line) AS place FROM given_customer) g USING (place)
  JOIN billing.org o USING (org_no);
ANALYZE customer_of;

INSERT INTO billing.account (org_id, customer_id, account_no, address, opened_on)
SELECT o.org_id, c.customer_id, g.account_no, g.address, g.opened_on
  FROM given_account g JOIN customer_of c USING (customer_no) JOIN billing.org o ON o.org_no = g.org_no ORDER BY g.line;

INSERT INTO billing.account_plan (account_id, from_on, org_id, plan_id, terms)
SELECT a.account_id, g.from_on, a.org_id, p.plan_id, g.terms
  FROM given_plan g JOIN billing.account a USING (account_no) JOIN billing.plan p USING (plan_code)
 WHERE NOT EXISTS (SELECT FROM billing.account_plan t WHERE t.account_id = a.account_id AND t.from_on = g.from_on);

SELECT billing.set_usage_from(g.usage_from, array_agg(g.account_no)) FROM given_account g WHERE g.usage_from <> 'reading' GROUP BY g.usage_from \g /dev/null
COMMIT;
SELECT format('%s customers, %s accounts', (SELECT count(*) FROM billing.customer), (SELECT count(*) FROM billing.account));
