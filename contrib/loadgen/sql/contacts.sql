-- How customers are reached, and by which paper they are known: one by one, since each is looked for among the others.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_accounts;
BEGIN;
CREATE TEMP TABLE given_customer (customer_no text, org_no text, name text, kind text, paper_kind text, paper_no text, mobile text);
CREATE TEMP TABLE given_account (account_no text, org_no text, customer_no text, address text, opened_on date, supplied_since date, class text, usage_from text);
\copy given_customer FROM 'customers.csv' (FORMAT csv, HEADER)
\copy given_account FROM 'accounts.csv' (FORMAT csv, HEADER)
ANALYZE given_customer, given_account;
SELECT count(billing.add_contact(q.customer_id, 'mobile', q.mobile, q.opened_on, '{bill}')), count(billing.add_identity(q.customer_id, q.paper_kind, q.paper_no))
  FROM (SELECT DISTINCT ON (a.customer_id) a.customer_id, c.mobile, c.paper_kind, c.paper_no, a.opened_on
		  FROM given_customer c JOIN given_account g USING (customer_no) JOIN billing.account a USING (account_no) ORDER BY a.customer_id) q
 WHERE NOT EXISTS (SELECT FROM billing.customer_identity i WHERE i.customer_id = q.customer_id) \g /dev/null
COMMIT;
SELECT format('%s papers, %s contacts', (SELECT count(*) FROM billing.customer_identity), (SELECT count(*) FROM billing.customer_contact));
