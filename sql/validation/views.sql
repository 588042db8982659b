CREATE VIEW billing.stat_validation WITH (security_invoker = true) AS
SELECT r.run_id, o.org_no, r.stage, r.from_on, r.until_on, r.requested_by, CASE WHEN r.finished_at IS NULL THEN 'working' ELSE 'finished' END AS phase,
	   coalesce(c.done, 0) AS accounts_done, coalesce(c.total, 0) AS accounts_total, c.profiles, c.readings, c.findings, c.changed, c.failed AS exceptions,
	   round(c.readings / nullif(extract(epoch FROM c.last_at - r.requested_at), 0)) AS readings_per_second,
	   CASE WHEN r.finished_at IS NULL AND c.done > 0 THEN date_trunc('second', (c.last_at - r.requested_at) * ((c.total - c.done)::double precision / c.done)) END AS remaining
  FROM billing.validation_run r
  LEFT JOIN billing.org o ON o.org_id = r.org_id
  LEFT JOIN (SELECT h.run_id, sum(h.accounts) AS total, sum(h.accounts) FILTER (WHERE h.done_at IS NOT NULL) AS done, sum(h.profiles) AS profiles,
					sum(h.readings) AS readings, sum(h.findings) AS findings, sum(h.changed) AS changed, sum(h.failed) AS failed, max(h.done_at) AS last_at
			   FROM billing.validation_chunk h GROUP BY h.run_id) c ON c.run_id = r.run_id;
COMMENT ON VIEW billing.stat_validation IS 'how far each run of validation or estimation is, as of its last commit, at what rate, and how long it will take';

CREATE VIEW billing_report.validation_exception WITH (security_invoker = true) AS
SELECT x.run_id, a.account_no, x.sqlstate, x.message, x.detail, x.hint, x.at
  FROM billing.validation_exception x JOIN billing.account a ON a.account_id = x.account_id;
COMMENT ON VIEW billing_report.validation_exception IS 'accounts whose readings a run could not work on, and why';

CREATE VIEW billing_report.validation_finding WITH (security_invoker = true) AS
SELECT a.account_no, f.part, f.channel, f.rule, f.severity, f.verdict, f.from_at, f.until_at, f.slots, f.measured, f.bound, f.unit, f.detail, f.run_id, f.finding_no
  FROM billing.validation_finding f JOIN billing.account a ON a.account_id = f.account_id;
COMMENT ON VIEW billing_report.validation_finding IS 'what the rules found in the readings, and what became of the values';

CREATE VIEW billing_report.validation_action WITH (security_invoker = true) AS
SELECT a.account_no, c.part, c.channel, c.from_on, c.kind, c.action_id, c.run_id, c.author, c.approved_by, c.at, c.reason, c.change_kwh,
	   encode(c.digest_before, 'hex') AS digest_before, encode(c.digest_after, 'hex') AS digest_after
  FROM billing.validation_action c JOIN billing.account a ON a.account_id = c.account_id;
COMMENT ON VIEW billing_report.validation_action IS 'every other version that was made of readings: by whom, when, why, and how much energy it changed';

CREATE VIEW billing_report.estimated_span WITH (security_invoker = true) AS
SELECT a.account_no, c.part, c.channel, (s.value ->> 'from')::timestamptz AS from_at, (s.value ->> 'until')::timestamptz AS until_at, (s.value ->> 'slots')::integer AS slots,
	   s.value ->> 'method' AS method, (s.value ->> 'kwh')::numeric AS energy_kwh, (s.value ->> 'unscaled_kwh')::numeric AS unscaled_kwh,
	   round((s.value ->> 'kwh')::numeric / nullif((s.value ->> 'unscaled_kwh')::numeric, 0), 3) AS factor,
	   jsonb_array_length(s.value -> 'days') AS like_days, s.value ->> 'register' AS register, s.value ->> 'reason' AS reason, c.action_id, c.run_id, c.author, c.at
  FROM billing.validation_action c
  JOIN billing.account a ON a.account_id = c.account_id
 CROSS JOIN LATERAL jsonb_array_elements(c.spans) s
 WHERE c.kind = 'estimation';
COMMENT ON VIEW billing_report.estimated_span IS
'what was estimated, span by span: by which method, of how many like days, scaled to which register; a factor far from 1 says that other readings of the register''s span are wrong';

CREATE VIEW billing_report.reading_edit WITH (security_invoker = true) AS
SELECT e.edit_id, a.account_no, e.part, e.channel, e.kind, e.from_at, e.until_at, cardinality(e."values") AS slots, e.quality, e.undoes, e.change_kwh, e.state, e.reason, e.author,
	   e.proposed_at, e.decided_by, e.decided_at, e.note
  FROM billing.reading_edit e JOIN billing.account a ON a.account_id = e.account_id;
COMMENT ON VIEW billing_report.reading_edit IS 'edits of readings by persons; those that are pending wait for a second one';

-- ---- what has come ----

CREATE VIEW billing_report.meter_completeness WITH (security_invoker = true) AS
SELECT a.account_no, o.org_no, r.part, r.channel, date_trunc('month', r.from_on::timestamp)::date AS month,
	   min(r.from_on) AS from_on, max(r.until_on) AS until_on, sum(c.expected) AS expected, sum(c.actual) AS actual, sum(c.estimated) AS estimated, sum(c.suspect) AS suspect,
	   sum(c.missing) AS missing, trunc(100 * sum(c.actual + c.suspect) / nullif(sum(c.expected), 0), 2) AS percent
  FROM billing.reading r
  JOIN billing.account a ON a.account_id = r.account_id
  LEFT JOIN billing.org o ON o.org_id = r.org_id
 CROSS JOIN LATERAL billing.completeness(r.profile) c
 GROUP BY a.account_no, o.org_no, r.part, r.channel, date_trunc('month', r.from_on::timestamp);
COMMENT ON VIEW billing_report.meter_completeness IS
'by meter and month of the first day: how many slots of the days that came were to be read, and what they are; days that did not come at all are in missing_read';

CREATE VIEW billing_report.reading_rate WITH (security_invoker = true) AS
SELECT o.org_no, m.month, m.accounts, coalesce(g.accounts, 0) AS read_accounts, coalesce(g.whole, 0) AS whole_accounts,
	   trunc(100 * coalesce(g.whole, 0)::numeric / nullif(m.accounts, 0), 2) AS percent, g.expected, g.actual, g.estimated, g.suspect, g.missing
  FROM (SELECT a.org_id, s.month::date AS month, count(*) AS accounts
		  FROM generate_series(date_trunc('month', current_date::timestamp) - interval '23 months', date_trunc('month', current_date::timestamp), interval '1 month') s(month)
		  JOIN billing.account a ON a.opened_on < (s.month + interval '1 month')::date
		 CROSS JOIN LATERAL billing._unbilled(a.account_id) h
		 WHERE billing.can_read(a.org_id, 'reading') AND h.usage_from = 'reading' AND (h.stops_on IS NULL OR h.stops_on > s.month::date)
		 GROUP BY a.org_id, s.month) m
  JOIN billing.org o ON o.org_id = m.org_id
  LEFT JOIN (SELECT q.org_id, q.month, count(*) AS accounts, count(*) FILTER (WHERE q.days_from <= greatest(q.month, q.opened_on) AND q.missing = 0
					AND q.days >= least((q.month + interval '1 month')::date, q.stops_on) - greatest(q.month, q.opened_on)) AS whole,
					sum(q.expected) AS expected, sum(q.actual) AS actual, sum(q.estimated) AS estimated, sum(q.suspect) AS suspect, sum(q.missing) AS missing
			   FROM (SELECT r.org_id, r.account_id, date_trunc('month', r.from_on::timestamp)::date AS month, min(a.opened_on) AS opened_on, min(h.stops_on) AS stops_on,
							min(r.from_on) AS days_from, sum(r.until_on - r.from_on) FILTER (WHERE r.part = 'main' AND r.channel = 'import') AS days,
							sum(c.expected) AS expected, sum(c.actual) AS actual, sum(c.estimated) AS estimated, sum(c.suspect) AS suspect, sum(c.missing) AS missing
					   FROM billing.reading r
					   JOIN billing.account a ON a.account_id = r.account_id
					  CROSS JOIN LATERAL billing._unbilled(r.account_id) h
					  CROSS JOIN LATERAL billing.completeness(r.profile) c
					  WHERE h.usage_from = 'reading'
					  GROUP BY r.org_id, r.account_id, date_trunc('month', r.from_on::timestamp)) q
			  GROUP BY q.org_id, q.month) g ON g.org_id = m.org_id AND g.month = m.month;
COMMENT ON VIEW billing_report.reading_rate IS
'reading rate 抄表率 by org and month, the last two years: accounts that are billed by profiles, those with readings, those of which nothing is missing (their percent), and the slots';

CREATE VIEW billing_report.hourly_completeness WITH (security_invoker = true) AS
SELECT o.org_no, c.at, sum(c.expected) AS expected, sum(c.actual) AS actual, sum(c.estimated) AS estimated, sum(c.suspect) AS suspect, sum(c.missing) AS missing
  FROM billing.reading r
  LEFT JOIN billing.org o ON o.org_id = r.org_id
 CROSS JOIN LATERAL billing.hourly_completeness(billing.slice(r.profile, daterange(current_date - 7, NULL))) c
 WHERE r.until_on > current_date - 7
 GROUP BY o.org_no, c.at;
COMMENT ON VIEW billing_report.hourly_completeness IS 'which hours of the last seven days came in, by org; any other days: hourly_readings()';

CREATE VIEW billing_report.missing_read WITH (security_invoker = true) AS
SELECT a.account_no, o.org_no, w.part, w.channel, w.from_at, w.until_at, w.from_on, w.until_on, w.slots, current_date - w.from_on AS age_days
  FROM billing.account a
 CROSS JOIN LATERAL billing._unbilled(a.account_id) h
  LEFT JOIN billing.org o ON o.org_id = a.org_id
 CROSS JOIN LATERAL (
	-- slots that are missing in what came
	SELECT r.part, r.channel, m.from_at, m.until_at, lower(d.days) AS from_on, upper(d.days) AS until_on, m.slots
	  FROM billing.reading r
	 CROSS JOIN LATERAL billing.missing_reads(billing.slice(r.profile, daterange(h.from_on, NULL))) m
	 CROSS JOIN LATERAL billing.days(billing.slice(r.profile, m.from_at, m.until_at)) d(days)
	 WHERE r.account_id = a.account_id AND r.until_on > h.from_on AND billing.missing_count(r.profile) > 0
	UNION ALL
	-- days that did not come: between rows, and from the last one on; channels are those that came before, and import of the main part
	SELECT d.part, d.channel, NULL AS from_at, NULL AS until_at, d.from_on, d.until_on, NULL AS slots
	  FROM (SELECT q.part, q.channel, q.until_on AS from_on,
				   lead(q.from_on, 1, h.until_on) OVER (PARTITION BY q.part, q.channel ORDER BY q.from_on, q.until_on) AS until_on
			  FROM (SELECT r.part, r.channel, r.from_on, r.until_on FROM billing.reading r WHERE r.account_id = a.account_id AND r.until_on > h.from_on
					UNION ALL
					SELECT v.part, v.channel, h.from_on, h.from_on
					  FROM (SELECT r.part, r.channel FROM billing.reading r WHERE r.account_id = a.account_id AND r.from_on >= h.from_on - 62
							UNION SELECT 'main' AS part, 'import' AS channel
							 WHERE h.usage_from = 'reading') v) q) d
	 -- who is billed by registers need not have profiles: what he lacks is in missing_registers()
	 WHERE d.until_on > d.from_on AND h.usage_from <> 'register') w
 WHERE h.from_on < h.until_on;
COMMENT ON VIEW billing_report.missing_read IS
'work to be done: readings that have not come, of days that are not billed yet, up to yesterday, with their age; from_at, until_at and slots where some of the days came';

CREATE VIEW billing_report.inactive_use WITH (security_invoker = true) AS
SELECT a.account_no, a.address, p.phase, r.part, r.channel, greatest(p.from_on, r.from_on) AS from_on, least(p.until_on, r.until_on) AS until_on, u.energy_kwh
  FROM (SELECT q.account_id, q.phase, q.from_on, lead(q.from_on, 1, 'infinity'::date) OVER (PARTITION BY q.account_id ORDER BY q.request_id) AS until_on
		  FROM billing.account_phase q) p
  JOIN billing.account a ON a.account_id = p.account_id
  JOIN billing.reading r ON r.account_id = p.account_id AND r.from_on < p.until_on AND r.until_on > p.from_on
 CROSS JOIN LATERAL (SELECT billing._kwh(billing.slice(r.profile, daterange(greatest(p.from_on, r.from_on), least(p.until_on, r.until_on)))) AS energy_kwh) u
 WHERE p.phase IN ('suspended', 'vacant', 'vacated', 'closed') AND r.channel = 'import' AND u.energy_kwh > 0;
COMMENT ON VIEW billing_report.inactive_use IS 'energy that was used while a supply was suspended, vacant, moved out of or closed: to be looked into';

CREATE VIEW billing_report.reactive_alone WITH (security_invoker = true) AS
SELECT a.account_no, r.part, r.channel, r.from_on, r.until_on, q.first_at, q.last_at, q.slots, q.reactive_kvarh
  FROM billing.reading r
  JOIN billing.account a ON a.account_id = r.account_id
  JOIN billing.reading i ON i.account_id = r.account_id AND i.part = r.part AND i.channel = 'import' AND i.from_on > r.from_on - 31 AND i.from_on < r.until_on AND i.until_on > r.from_on
 CROSS JOIN LATERAL (SELECT min(v.at) AS first_at, max(v.at) AS last_at, count(*) AS slots, sum(v.value) / 1000 AS reactive_kvarh
					   FROM billing.slots(r.profile) v JOIN billing.slots(i.profile) w ON w.at = v.at WHERE v.value > 0 AND w.value = 0) q
 WHERE r.channel IN ('reactive_import', 'reactive_export') AND q.slots > 0;
COMMENT ON VIEW billing_report.reactive_alone IS
'slots with reactive energy and no active energy: a current coil or a channel that is not connected; looks at each slot, so ask for some accounts or days';
