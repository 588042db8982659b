-- As with accounts: the check of a key by the org's index finds the row at once.
DROP INDEX billing.contract_org_id_idx;
CREATE INDEX contract_org_id_idx ON billing.contract (org_id, account_id, contract_no);
