CREATE VIEW billing_report.tariff_plan WITH (security_invoker = true) AS
SELECT DISTINCT ON (v.digest) v.digest AS tariff_digest, p.plan_code, p.name AS plan_name, coalesce(c.class, 'other') AS class
  FROM billing.plan_version v
  JOIN billing.plan p ON p.plan_id = v.plan_id
  LEFT JOIN billing.plan_class c ON c.plan_id = v.plan_id
 ORDER BY v.digest, v.plan_id, v.from_on;
COMMENT ON VIEW billing_report.tariff_plan IS 'to which plan and class of customers a tariff belongs that bills were made by; of several plans with the same tariff the first';

CREATE VIEW billing_report.revenue WITH (security_invoker = true) AS
SELECT s.month_on, o.org_no, t.class, t.plan_code, s.currency, sum(s.bills)::bigint AS bills,
	   round(sum(s.days)::numeric / extract(day FROM s.month_on + interval '1 month' - interval '1 day'), 1)::numeric(14,1) AS customers,
	   sum(s.kwh)::numeric(24,3) AS kwh, sum(s.amount)::numeric(20,2) AS amount, round(sum(s.amount) / nullif(sum(s.kwh), 0), 6)::numeric(14,6) AS price_per_kwh
  FROM billing.bill_sum s
  LEFT JOIN billing.org o ON o.org_id = s.org_id
  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
 GROUP BY s.month_on, o.org_no, t.class, t.plan_code, s.currency;
COMMENT ON VIEW billing_report.revenue IS
'what was billed, by the month in which the days begin, the org that issued the bills, class and plan; customers: days of supply by the days of the month; price_per_kwh: the average price 均价';

CREATE VIEW billing_report.revenue_by_code WITH (security_invoker = true) AS
SELECT s.month_on, o.org_no, t.class, t.plan_code, s.currency, s.code, sum(s.kwh)::numeric(24,3) AS kwh, sum(s.amount)::numeric(28,10) AS amount
  FROM billing.charge_sum s
  LEFT JOIN billing.org o ON o.org_id = s.org_id
  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
 GROUP BY s.month_on, o.org_no, t.class, t.plan_code, s.currency, s.code;
COMMENT ON VIEW billing_report.revenue_by_code IS 'the same by code of charge: the codes add up to what was billed; kwh: what the charge itself counts, so that energy under two codes is there twice';

CREATE VIEW billing_report.revenue_trend WITH (security_invoker = true) AS
WITH m AS (
	SELECT s.month_on, s.org_id, s.currency, sum(s.kwh) AS kwh, sum(s.amount) AS amount FROM billing.bill_sum s GROUP BY s.month_on, s.org_id, s.currency)
SELECT m.month_on, o.org_no, m.currency, m.kwh::numeric(24,3) AS kwh, m.amount::numeric(20,2) AS amount,
	   p.amount::numeric(20,2) AS month_before, round(100 * (m.amount - p.amount) / nullif(p.amount, 0), 2)::numeric(14,2) AS month_on_month_percent,
	   y.amount::numeric(20,2) AS year_before, round(100 * (m.amount - y.amount) / nullif(y.amount, 0), 2)::numeric(14,2) AS year_on_year_percent,
	   round(100 * (m.kwh - p.kwh) / nullif(p.kwh, 0), 2)::numeric(14,2) AS kwh_month_on_month_percent,
	   round(100 * (m.kwh - y.kwh) / nullif(y.kwh, 0), 2)::numeric(14,2) AS kwh_year_on_year_percent
  FROM m
  LEFT JOIN m p ON p.org_id = m.org_id AND p.currency = m.currency AND p.month_on = (m.month_on - interval '1 month')::date
  LEFT JOIN m y ON y.org_id = m.org_id AND y.currency = m.currency AND y.month_on = (m.month_on - interval '1 year')::date
  LEFT JOIN billing.org o ON o.org_id = m.org_id;
COMMENT ON VIEW billing_report.revenue_trend IS 'each month beside the month before 环比 and the same month of the year before 同比, by org';

CREATE VIEW billing_report.collection WITH (security_invoker = true) AS
SELECT s.month_on, o.org_no, t.class, t.plan_code, sum(s.charged)::numeric(20,2) AS charged, sum(s.settled)::numeric(20,2) AS settled,
	   sum(s.charged - s.settled)::numeric(20,2) AS open, round(100 * sum(s.settled) / nullif(sum(s.charged), 0), 2)::numeric(14,2) AS collection_percent
  FROM billing.receivable_sum s
  LEFT JOIN billing.org o ON o.org_id = s.org_id
  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
 WHERE s.month_on IS NOT NULL
 GROUP BY s.month_on, o.org_no, t.class, t.plan_code;
COMMENT ON VIEW billing_report.collection IS
'how much of the bills of a month is settled by now 电费回收率, payments settling the oldest debt first; by the org that has the accounts';

CREATE VIEW billing_report.arrears WITH (security_invoker = true) AS
SELECT o.org_no, q.class, q.plan_code, q.month_on, q.due_on, greatest(d.today - q.due_on, 0) AS days_overdue,
	   CASE WHEN q.due_on >= d.today THEN 'not due' WHEN q.due_on >= d.today - 30 THEN '1-30' WHEN q.due_on >= d.today - 60 THEN '31-60' WHEN q.due_on >= d.today - 90 THEN '61-90'
			WHEN q.due_on >= d.today - 180 THEN '91-180' WHEN q.due_on >= d.today - 365 THEN '181-365' ELSE 'over 365' END AS age,
	   q.open::numeric(20,2) AS open
  FROM (SELECT s.org_id, t.class, t.plan_code, s.month_on, billing._due_on(s.org_id, t.class, s.issued_on) AS due_on, sum(s.charged - s.settled) AS open
		  FROM (SELECT r.org_id, r.month_on, r.issued_on, r.tariff_digest, sum(r.charged) AS charged, sum(r.settled) AS settled
				  FROM billing.receivable_sum r WHERE r.month_on IS NOT NULL
				 GROUP BY r.org_id, r.month_on, r.issued_on, r.tariff_digest HAVING sum(r.charged) <> sum(r.settled)) s
		  LEFT JOIN billing_report.tariff_plan t ON t.tariff_digest = s.tariff_digest
		 GROUP BY s.org_id, t.class, t.plan_code, s.month_on, s.issued_on) q
 CROSS JOIN (SELECT billing._sum_day(now()) AS today) d
  LEFT JOIN billing.org o ON o.org_id = q.org_id
 WHERE q.open <> 0;
COMMENT ON VIEW billing_report.arrears IS 'what is open of the bills, by the day on which it was due, and its age 欠费账龄 today';

CREATE VIEW billing_report.cash WITH (security_invoker = true) AS
SELECT s.month_on, o.org_no, s.debit, s.credit, sum(s.transfers)::bigint AS transfers, sum(s.amount)::numeric(20,2) AS amount
  FROM billing.transfer_sum s
  LEFT JOIN billing.org o ON o.org_id = s.org_id
 GROUP BY s.month_on, o.org_no, s.debit, s.credit;
COMMENT ON VIEW billing_report.cash IS 'money that moved, by the month in which it did, the org that posted it, and its books: cash from receivable is what customers have paid 实收';

CREATE VIEW billing_report.org_below WITH (security_invoker = true) AS
WITH RECURSIVE below AS (
	SELECT o.org_id AS top_id, o.org_id, o.org_no AS top_no, o.org_no, 0 AS depth FROM billing.org o
	 UNION ALL
	SELECT b.top_id, o.org_id, b.top_no, o.org_no, b.depth + 1 FROM below b JOIN billing.org o ON o.parent_id = b.org_id WHERE b.depth < 64)
SELECT b.top_no AS org_no, b.org_no AS below_no, b.depth FROM below b;
COMMENT ON VIEW billing_report.org_below IS 'every org with itself and all below it, as far as the reader may see them: joined to a report, it makes the sums of a company of those of its stations';
