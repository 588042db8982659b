CREATE VIEW billing_report.metric WITH (security_invoker = true) AS
SELECT m.name, m.value FROM billing.metrics() m;
COMMENT ON VIEW billing_report.metric IS 'numbers for a scraper: SELECT name, value';
