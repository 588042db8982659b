-- One bad account never stops the others: what the rater said, and what to do.
SELECT concat_ws(E'\n      ', format('  %s  %s  %s', b.account_no, b.sqlstate, c.name_en), b.message, b.detail, b.hint)
  FROM county.bill b
  JOIN county.account a USING (account_no)
  JOIN county.class c USING (class)
 WHERE b.charges IS NULL
 ORDER BY b.account_no;
