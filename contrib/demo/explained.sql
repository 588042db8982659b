/*
 * One line of a bill down to its slots: the line, the rule of the tariff and
 * what it measured, and the readings that make up that energy.
 */
\pset format aligned
\pset linestyle unicode
\pset border 1
\pset tuples_only off
\pset footer off
\pset null ''
SELECT l.line AS "行 line", l.code || coalesce(' ' || l.period, '') AS "项目 item", l.quantity, l.price, l.amount, l.rule
  FROM billing_report.bill_line l WHERE l.account_no = :'account' AND l.period = 'sharp' AND l.component = 'purchase';
