-- What the registers showed, entered in bulk and then judged; what a meter is comes with its installation.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_readings;
BEGIN;
CREATE TEMP TABLE given_register (account_no text, part text, meter_no text, register text, read_on date, value numeric, line bigserial);
CREATE TEMP TABLE given_install (account_no text, part text, meter_no text, from_on date, ct_primary numeric, ct_secondary numeric, pt_primary numeric, pt_secondary numeric);
\copy given_register (account_no, part, meter_no, register, read_on, value) FROM 'registers.csv' (FORMAT csv, HEADER)
\copy given_install FROM 'installs.csv' (FORMAT csv, HEADER)
ANALYZE given_register, given_install;
INSERT INTO billing.register_reading (account_id, part, register, read_on, org_id, value, digits, multiplier, source)
SELECT a.account_id, g.part, g.register, g.read_on, a.org_id, g.value, CASE g.register WHEN 'demand' THEN 4 ELSE 6 END,
	   i.ct_primary * i.pt_primary / (i.ct_secondary * i.pt_secondary), 'registers.csv'
  FROM given_register g JOIN given_install i USING (account_no, part, meter_no) JOIN billing.account a USING (account_no)
 WHERE NOT EXISTS (SELECT FROM billing.register_reading r WHERE r.account_id = a.account_id AND r.read_on = g.read_on AND r.part = g.part AND r.register = g.register)
 ORDER BY g.line;
COMMIT;
SELECT format('%s register readings %s%s', readings, state, ': ' || finding) FROM billing.check_registers('C');
SELECT format('%s of them under the chain of batches', billing.close_readings('C'));
