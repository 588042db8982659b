/*
 * One file of intervals (variable file, with its kind): read as it is, days
 * put together to months, the rest said.
 */
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_readings;
\set content `cat "$LOAD_FILE"`
BEGIN;
CREATE TEMP TABLE given_day AS
SELECT r.line, r.meter AS point_code, r.channel, r.day, r.profile, r.rejected
\if :nem12
  FROM (SELECT n.line, n.nmi AS meter, CASE n.suffix WHEN 'E1' THEN 'import' WHEN 'B1' THEN 'export' WHEN 'Q1' THEN 'reactive_import' END AS channel,
			   n.day, n.profile, n.rejected FROM billing.read_nem12(:'content', time_zone => '+08:00') n) r;
\else
  FROM billing.read_csv(:'content', '{"meter": "meter", "channel": "channel", "unit_column": "unit", "time": "day", "time_zone": "Asia/Shanghai",
	"columns": {"first": "00:00", "count": 96}}') r;
\endif
INSERT INTO billing.reading (account_id, part, channel, org_id, source, profile)
SELECT a.account_id, 'main', d.channel, a.org_id, :'file', billing.concat_agg(d.profile ORDER BY d.day)
  FROM given_day d JOIN billing.account a ON a.account_no = '42' || substr(d.point_code, 3)
 WHERE d.rejected IS NULL
 GROUP BY a.account_id, d.channel, date_trunc('month', d.day::timestamp);
COMMIT;
SELECT format('%s: %s days, %s rejected', :'file', count(*) FILTER (WHERE rejected IS NULL), count(*) FILTER (WHERE rejected IS NOT NULL)) FROM given_day;
