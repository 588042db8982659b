-- What came in, and what of it could not be read.
SET SESSION AUTHORIZATION county_readings;
SELECT format('  %s files kept as they came: %s days taken, %s unchanged, %s records refused', count(*), to_char(sum(taken), 'FM999,999'), sum(unchanged), sum(rejected))
  FROM billing_report.batch WHERE state = 'landed';
SELECT format('    %s line %s: %s %s', file_name, line, sqlstate, message) FROM billing_report.batch_reject ORDER BY batch_id, line LIMIT 4;
SELECT format('  %s profiles of %s accounts, %s readings', to_char(count(*), 'FM999,999'), to_char(count(DISTINCT account_id), 'FM999,999'),
			  to_char(sum(q.slots), 'FM999,999,999'))
  FROM billing.reading r CROSS JOIN LATERAL (SELECT sum(slots) AS slots FROM billing.qualities(r.profile)) q;
