-- Supply contracts in writing: one drafts, another approves, then they are signed.
SET client_min_messages = warning;
BEGIN;
CREATE TEMP TABLE given_contract (contract_no text, account_no text, plan_code text, from_on date, until_on date, renewal_months integer,
	late_fee_rate numeric, terms jsonb, signed_on date, signature_digest text, line bigserial);
GRANT SELECT ON given_contract TO PUBLIC;
\copy given_contract (contract_no, account_no, plan_code, from_on, until_on, renewal_months, late_fee_rate, terms, signed_on, signature_digest) FROM 'contracts.csv' (FORMAT csv, HEADER)
-- what is there already stays
DO $$BEGIN
	DELETE FROM given_contract g USING billing.account a, billing.contract c
	 WHERE a.account_no = g.account_no AND c.account_id = a.account_id AND c.contract_no = g.contract_no;
END$$;
ANALYZE given_contract;
SET SESSION AUTHORIZATION county_accounts;
SELECT count(billing.draft_contract(g.account_no, g.contract_no, daterange(g.from_on, g.until_on), g.plan_code, g.terms, '{}', g.late_fee_rate, g.renewal_months))
  FROM given_contract g \g /dev/null
SET SESSION AUTHORIZATION county_manager;
SELECT count(billing.approve_contract(g.account_no, g.contract_no)) FROM given_contract g \g /dev/null
SET SESSION AUTHORIZATION county_accounts;
SELECT count(billing.sign_contract(g.account_no, g.contract_no, g.signed_on, decode(g.signature_digest, 'hex'))) FROM given_contract g \g /dev/null
COMMIT;
SELECT format('%s contracts', count(*)) FROM billing.contract;
