-- The check of a key (account_id, org_id) went through all accounts of an org while there were no statistics.
DROP INDEX billing.customer_org_id_idx;
CREATE INDEX customer_org_id_idx ON billing.customer (org_id, customer_id);
DROP INDEX billing.account_org_id_idx;
CREATE INDEX account_org_id_idx ON billing.account (org_id, account_id);
