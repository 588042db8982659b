-- What the month came to, by class.
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off

WITH line AS (
	SELECT k.class, b.account_no, b.amount, b.quantity,
		   -- a price built from components has a line for each: count its energy once
		   'energy' = ANY (b.tags) AND coalesce(b.component, 'purchase') = 'purchase' AS is_energy
	  FROM billing_report.bill_line b
	  JOIN county.account_class k USING (account_no)
	 WHERE b.counted AND b.bill_kind = 'normal'
), class AS (
	SELECT class, count(DISTINCT account_no) AS accounts, sum(amount) AS amount, sum(quantity) FILTER (WHERE is_energy) AS kwh
	  FROM line GROUP BY class
)
SELECT coalesce(c.name_zh, '合计') AS "类别", coalesce(c.name_en, 'total') AS "class",
	   to_char(sum(accounts), '99,999') AS "户数 bills", to_char(sum(kwh), '999,999,990') AS "电量 kWh",
	   to_char(sum(amount), '999,999,990.99') AS "电费 CNY", to_char(sum(amount) / sum(kwh), '0.0000') AS "均价/kWh"
  FROM class JOIN county.class c USING (class)
 GROUP BY GROUPING SETS ((c.place, c.class, c.name_zh, c.name_en), ())
 ORDER BY c.place NULLS LAST;
