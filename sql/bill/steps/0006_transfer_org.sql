-- payments only: what a bill brings is found by its bill
DROP INDEX billing.transfer_org_id_idx;
CREATE INDEX transfer_org_id_idx ON billing.transfer (org_id) WHERE debit = 'cash' OR credit = 'cash';
