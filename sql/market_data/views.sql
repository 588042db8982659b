CREATE VIEW billing_report.calendar_day WITH (security_invoker = true) AS
SELECT DISTINCT ON (c.calendar_code, d.day) c.calendar_code, d.day, d.kind, d.name, d.source, d.revision, d.made_at
  FROM billing.calendar c JOIN billing.calendar_day d ON d.calendar_id = c.calendar_id
 ORDER BY c.calendar_code, d.day, d.revision DESC;
COMMENT ON VIEW billing_report.calendar_day IS 'the days of each calendar, as they are said to be now';

CREATE VIEW billing_report.published_price WITH (security_invoker = true) AS
SELECT DISTINCT ON (c.component_code, p.from_on) c.component_code, c.name, c.holds, p.from_on, p.price, p.source, p.revision, p.made_at
  FROM billing.price_component c JOIN billing.component_price p ON p.component_id = c.component_id
 ORDER BY c.component_code, p.from_on, p.revision DESC;
COMMENT ON VIEW billing_report.published_price IS 'published prices as they hold now; what they were before is in component_price';
