-- One bad account never stops the others: why some were not billed, and what to do.
SELECT format('  %3s accounts  %s  %s', count(*), x.sqlstate, x.said)
  FROM (SELECT sqlstate, regexp_replace(message, '"[^"]*"', '…', 'g') AS said FROM billing_report.open_exception) x
 GROUP BY x.sqlstate, x.said ORDER BY count(*) DESC, x.sqlstate, x.said;
SELECT '';
SELECT concat_ws(E'\n      ', format('  %s  %s  %s', x.account_no, x.sqlstate, c.name_en), x.message, x.detail, x.hint)
  FROM (SELECT DISTINCT ON (sqlstate, message) * FROM billing_report.open_exception ORDER BY sqlstate, message, account_no) x
  JOIN county.account_class k USING (account_no)
  JOIN county.class c USING (class)
 ORDER BY x.account_no LIMIT 5;
