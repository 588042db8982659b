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
SELECT coalesce(c.name_zh, '合计') AS "类别", coalesce(c.name_en, 'total') AS "class",
	   to_char(sum(accounts), '99,999') AS "户数", to_char(sum(kwh), '999,999,990') AS "电量 kWh",
	   to_char(sum(amount), '999,999,990.99') AS "电费 amount", currency AS "币种",
	   -- what the solar homes sold is in their amount, not in their energy
	   CASE WHEN c.class = 'res_pv' THEN '' ELSE to_char(sum(amount) / sum(kwh), '0.0000') END AS "均价/kWh"
  FROM class JOIN county.class c USING (class)
 GROUP BY GROUPING SETS ((currency, c.place, c.class, c.name_zh, c.name_en), (currency))
HAVING c.place IS NOT NULL OR count(*) > 1
 ORDER BY currency <> 'CNY', currency, c.place NULLS LAST;
