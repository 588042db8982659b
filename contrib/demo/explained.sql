/*
 * One line of a bill down to its readings: what the line says, how the rater
 * came to it, and the quarter-hours that make up its energy.
 */
CREATE TEMP VIEW featured AS
SELECT b.charges, b.from_on, b.until_on, v.tariff, p.terms, r.import, r.reactive_import
  FROM billing.account a
  JOIN billing.bill b USING (account_id)
  JOIN billing.account_plan p USING (account_id)
  JOIN billing.plan_version v USING (plan_id)
 CROSS JOIN LATERAL (SELECT max(r.profile::text) FILTER (WHERE r.channel = 'import')::billing.profile AS import,
							max(r.profile::text) FILTER (WHERE r.channel = 'reactive_import')::billing.profile AS reactive_import
					   FROM billing.reading r WHERE r.account_id = a.account_id) r
 WHERE a.account_no = :'account';
CREATE TEMP VIEW sharp AS
SELECT s.* FROM featured, billing.slots(import) s WHERE extract(hour FROM s.at AT TIME ZONE 'Asia/Shanghai') IN (18, 19);

SELECT concat_ws(E'\n', format('  第 %s 行 line %s  %s: %s %s, 金额 amount %s', e.line, e.line, e.code, e.quantity, e.unit, e.amount),
				 '    measured  ' || e.measured, '    how       ' || e.how, '    exact     ' || e.exact, '    rounding  ' || e.rounding,
				 '    rule      ' || left(e.rule::text, 100) || ' …')
  FROM featured f
 CROSS JOIN LATERAL billing.explain_charges(f.tariff, billing.usage(import => f.import, reactive_import => f.reactive_import),
											daterange(f.from_on, f.until_on), f.terms) e
 WHERE e.line = 1;
SELECT format(E'    readings  %s quarter-hours from 18:00 to 20:00, %s Wh together; the largest %s Wh, on %s', count(*), sum(value), max(value),
			  (SELECT to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI') FROM sharp ORDER BY value DESC, at LIMIT 1))
  FROM sharp;
SELECT format('              %s  %s', to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD'),
			  string_agg(value::text, ' ' ORDER BY at)) FROM sharp
 GROUP BY to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') ORDER BY to_char(at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD') LIMIT 3;
