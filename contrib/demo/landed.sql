-- What came in, and what of it could not be read.
SET SESSION AUTHORIZATION county_readings;
SELECT format('  %s profiles of %s accounts, %s readings', to_char(count(*), 'FM999,999'), to_char(count(DISTINCT account_id), 'FM999,999'),
			  to_char(sum(q.slots), 'FM999,999,999'))
  FROM billing.reading r CROSS JOIN LATERAL (SELECT sum(slots) AS slots FROM billing.qualities(r.profile)) q;
