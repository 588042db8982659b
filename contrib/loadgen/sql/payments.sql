-- What customers paid: a file like any other; a key that was posted before posts nothing again.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_billing;
\set content `base64 -w0 payments.csv`
SELECT billing.receive('payments.csv', decode(:'content', 'base64'), 'payments', 'C', 'loadgen', 'county-payments') AS batch \gset
SELECT format('%s payments taken, %s unchanged, %s rejected', l.taken, l.unchanged, l.rejected) FROM billing.land(:batch) l;
