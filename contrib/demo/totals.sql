-- What the month came to, and who could not be billed.
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off

WITH line AS (
	SELECT a.class, b.account_no, l.*, billing.currency(b.charges) AS currency
	  FROM county.bill b
	  JOIN county.account a USING (account_no)
	 CROSS JOIN billing.lines(b.charges) l
	 WHERE l.counted
), class AS (
	SELECT class, currency, count(DISTINCT account_no) AS accounts, sum(amount) AS amount,
		   -- a price built from components has a line for each: count its energy once
		   sum(quantity) FILTER (WHERE 'energy' = ANY (tags) AND coalesce(component, 'purchase') = 'purchase') AS kwh
	  FROM line GROUP BY class, currency
)
SELECT name_zh AS "类别", name_en AS "class", to_char(accounts, '99,999') AS "户数",
	   to_char(kwh, '999,999,990') AS "电量 kWh", to_char(amount, '999,999,990.99') AS "电费 amount", currency AS "币种",
	   to_char(amount / kwh, '0.0000') AS "均价/kWh"
  FROM class JOIN county.class c USING (class)
 ORDER BY c.place;
