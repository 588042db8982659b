CREATE VIEW billing_report.dim_org WITH (security_invoker = true) AS
SELECT o.org_id, o.org_no, o.name, o.kind, p.org_no AS parent_no
  FROM billing.org o
  LEFT JOIN billing.org p ON p.org_id = o.parent_id;
COMMENT ON VIEW billing_report.dim_org IS 'dimension: organisations; parent_no as far as the reader may see it';

CREATE VIEW billing_report.dim_account WITH (security_invoker = true) AS
SELECT a.account_id, a.account_no, a.org_id, a.customer_id, c.kind AS customer_kind, a.opened_on, h.stops_on AS closed_on, p.plan_code, k.class, i.industry
  FROM billing.account a
  LEFT JOIN billing.customer c ON c.customer_id = a.customer_id
  LEFT JOIN billing.account_head h ON h.account_id = a.account_id
  LEFT JOIN LATERAL (SELECT n.plan_id FROM billing.account_plan n WHERE n.account_id = a.account_id AND n.from_on <= current_date ORDER BY n.from_on DESC LIMIT 1) n ON true
  LEFT JOIN billing.plan p ON p.plan_id = n.plan_id
  LEFT JOIN billing.plan_class k ON k.plan_id = n.plan_id
  LEFT JOIN LATERAL (SELECT y.industry FROM billing.account_industry y WHERE y.account_id = a.account_id AND y.from_on <= current_date ORDER BY y.from_on DESC LIMIT 1) i ON true;
COMMENT ON VIEW billing_report.dim_account IS 'dimension: accounts with their customer, and plan, class and industry as of today; what a bill was made by is its tariff';

CREATE VIEW billing_report.dim_tariff WITH (security_invoker = true) AS
SELECT encode(t.tariff_digest, 'hex') AS tariff_key, t.plan_code, t.plan_name, t.class
  FROM billing_report.tariff_plan t;
COMMENT ON VIEW billing_report.dim_tariff IS 'dimension: tariffs that bills were made by, with plan and class of customers';

CREATE VIEW billing_report.dim_day WITH (security_invoker = true) AS
SELECT d.day::date AS day_on, date_trunc('month', d.day)::date AS month_on, extract(year FROM d.day)::integer AS year, extract(quarter FROM d.day)::integer AS quarter,
	   extract(month FROM d.day)::integer AS month, extract(isoyear FROM d.day)::integer AS iso_year, extract(week FROM d.day)::integer AS iso_week,
	   extract(isodow FROM d.day)::integer AS iso_weekday
  FROM generate_series('2000-01-01'::timestamp, date_trunc('year', now()::timestamp) + interval '2 years -1 day', interval '1 day') d(day);
COMMENT ON VIEW billing_report.dim_day IS 'dimension: days from 2000 to the end of next year; iso_weekday: Monday is 1';

CREATE VIEW billing_report.fact_usage WITH (security_invoker = true) AS
SELECT b.account_id, b.issued_org_id AS org_id, encode(billing.tariff_digest(b.charges), 'hex') AS tariff_key, b.from_on AS day_on, b.seq AS bill_id, b.kind,
	   (billing._sign(b.kind) * billing._days_of_supply(b.*))::integer AS days, (billing._sign(b.kind) * e.kwh)::numeric(24,6) AS kwh,
	   (billing._sign(b.kind) * billing.total(b.charges))::numeric(20,2) AS amount, billing.currency(b.charges) AS currency
  FROM billing.bill b
 CROSS JOIN LATERAL (SELECT coalesce(sum(s.kwh) FILTER (WHERE s.is_energy), 0) AS kwh FROM billing._code_sums(b.charges) s) e;
COMMENT ON VIEW billing_report.fact_usage IS
'facts, a row a bill, reversals with the other sign: days of supply, energy once, amount; adds up to billing_report.revenue. day_on: the first billed day; org_id: who issued it';

CREATE VIEW billing_report.fact_charge WITH (security_invoker = true) AS
SELECT b.account_id, b.issued_org_id AS org_id, encode(billing.tariff_digest(b.charges), 'hex') AS tariff_key, b.from_on AS day_on, b.seq AS bill_id, b.kind,
	   l.line, l.code, l.period, l.component, l.tier, (billing._sign(b.kind) * l.quantity)::numeric(30,10) AS quantity, l.unit, l.price::numeric(30,10) AS price,
	   (billing._sign(b.kind) * l.amount)::numeric(28,10) AS amount, billing.currency(b.charges) AS currency, l.estimated
  FROM billing.bill b
 CROSS JOIN LATERAL billing.lines(b.charges) l
 WHERE l.counted;
COMMENT ON VIEW billing_report.fact_charge IS
'facts, a row a line that counts, reversals with the other sign: adds up to fact_usage, to billing_report.revenue_by_code and to what the books say was charged';

CREATE VIEW billing_report.fact_payment WITH (security_invoker = true) AS
SELECT t.account_id, t.issued_org_id AS org_id, billing._sum_day(t.posted_at) AS day_on, t.seq AS transfer_id, t.value_on,
	   CASE WHEN t.debit = 'cash' THEN t.credit ELSE t.debit END AS book, (CASE WHEN t.debit = 'cash' THEN t.amount ELSE -t.amount END)::numeric(20,2) AS amount
  FROM billing.transfer t
 WHERE t.debit = 'cash' OR t.credit = 'cash';
COMMENT ON VIEW billing_report.fact_payment IS
'facts, a row a payment, what was paid back with the other sign; book: what was settled by it; day_on: when it was posted; adds up to cash in billing_report.cash';
