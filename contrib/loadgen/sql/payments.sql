-- What customers paid; a key that was posted before posts nothing again.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_billing;
BEGIN;
CREATE TEMP TABLE given_payment (account_no text, amount numeric, paid_on date, way text, key text, line bigserial);
\copy given_payment (account_no, amount, paid_on, way, key) FROM 'payments.csv' (FORMAT csv, HEADER)
SELECT count(billing.post_payment(g.account_no, g.amount, g.key)) FROM (SELECT * FROM given_payment ORDER BY account_no, line) g \g /dev/null
COMMIT;
SELECT format('%s payments', count(*)) FROM billing.transfer WHERE key IS NOT NULL;
