-- What the sums of the store say, without reading a bill.
SELECT format('  %s  %s bills, %s customers, %s kWh, %s CNY, %s a kWh', rpad(r.class, 12), lpad(sum(r.bills)::text, 5), lpad(round(sum(r.customers))::text, 5),
			  to_char(sum(r.kwh), '999,999,990'), to_char(sum(r.amount), '999,999,990.99'), round(sum(r.amount) / sum(r.kwh), 4))
  FROM billing_report.revenue r GROUP BY r.class HAVING sum(r.kwh) > 0 ORDER BY sum(r.amount) DESC;
SELECT format('  charged %s, settled %s: %s %%', sum(charged), sum(settled), round(100 * sum(settled) / sum(charged), 1)) FROM billing_report.collection;
SELECT format('  the sums are those of the bills: %s', CASE WHEN (SELECT sum(r.amount) FROM billing_report.revenue r) = (SELECT sum(b.total) FROM billing_report.bill b) THEN 'yes' ELSE 'no' END);
