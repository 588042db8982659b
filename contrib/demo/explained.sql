/*
 * One line of a bill down to its readings: what the line says, how the rater
 * came to it, and the quarter-hours that make up its energy; whether all that
 * gives the very same bill again.
 */
CREATE TEMP TABLE explained AS
SELECT e.* FROM billing_report.bill b CROSS JOIN LATERAL billing.explain_bill(b.account_id, b.bill_id, line => 1) e
 WHERE b.account_no = :'account' AND NOT b.reversed AND b.kind = 'normal';

SELECT format('  账单 bill  %s: %s', amount, note) FROM explained WHERE level = 'bill';
SELECT concat_ws(E'\n', format('  第 %s 行 line %s  %s: %s %s, 金额 amount %s  (%s)', l.path[2], l.path[2], l.code, l.quantity, l.unit, l.amount, l.note),
				 '    measured  ' || q.note, '    how       ' || r.note, '    exact     ' || r.amount, '    rule      ' || left(r.detail::text, 100) || ' …')
  FROM explained l JOIN explained r ON r.path = l.path || 1 JOIN explained q ON q.path = l.path || 2 WHERE cardinality(l.path) = 2;
SELECT format(E'    readings  %s quarter-hours, %s kWh together; the largest %s kWh, of %s', count(*), sum(quantity), max(quantity), (array_agg(note ORDER BY quantity DESC, path))[1])
  FROM explained WHERE level = 'slot';
SELECT format('              %s  %s', lower(days), string_agg(quantity::text, ' ' ORDER BY path)) FROM explained WHERE level = 'slot' GROUP BY days ORDER BY days LIMIT 3;
