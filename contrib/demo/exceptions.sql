-- One bad account never stops the others: what the rater said, and what to do.
SELECT format('  %s  %s  %s', b.account_no, b.sqlstate, b.message) || coalesce(E'\n' || repeat(' ', 21) || b.detail, '')
	|| coalesce(E'\n' || repeat(' ', 21) || b.hint, '')
  FROM county.bill b
 WHERE b.charges IS NULL
 ORDER BY b.account_no;
