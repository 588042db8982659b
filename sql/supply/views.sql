CREATE VIEW billing_report.grid WITH (security_invoker = true) AS
SELECT s.station_no, s.name AS station, f.feeder_no, f.name AS feeder, f.voltage_v, a.area_no, a.name AS area, a.kind, a.rating_kva, o.org_no,
	   (SELECT count(*) FROM billing.service_point p WHERE p.area_id = a.area_id AND p.until_on IS NULL) AS service_points,
	   (SELECT g.meter_no FROM billing.gateway_meter g WHERE g.area_id = a.area_id AND g.until_at IS NULL) AS gateway_meter_no
  FROM billing.feeder f
  LEFT JOIN billing.station s ON s.station_id = f.station_id
  LEFT JOIN billing.transformer_area a ON a.feeder_id = f.feeder_id AND a.closed_on IS NULL
  LEFT JOIN billing.org o ON o.org_id = coalesce(a.org_id, f.org_id)
 WHERE f.closed_on IS NULL;
COMMENT ON VIEW billing_report.grid IS 'stations, feeders and transformer areas as they are now, with how many points each area supplies, and its gateway meter';

CREATE VIEW billing_report.service_point WITH (security_invoker = true) AS
SELECT c.account_no, p.part, p.point_code, p.purpose, p.state, p.disconnected_for, p.voltage_v, p.metered_at, a.area_no, coalesce(f.feeder_no, g.feeder_no) AS feeder_no,
	   p.placed_on, p.from_on, p.until_on
  FROM billing.service_point p
  JOIN billing.account c ON c.account_id = p.account_id
  LEFT JOIN billing.transformer_area a ON a.area_id = p.area_id
  LEFT JOIN billing.feeder f ON f.feeder_id = p.feeder_id
  LEFT JOIN billing.feeder g ON g.feeder_id = a.feeder_id;
COMMENT ON VIEW billing_report.service_point IS 'service points with their numbers in words; area and feeder where the reader may see them';

CREATE VIEW billing_report.meter_install WITH (security_invoker = true) AS
SELECT c.account_no, i.part, i.meter_no, t.type_code, i.role, i.from_at, i.until_at, trim_scale(i.ct_primary) || '/' || trim_scale(i.ct_secondary) AS ct,
	   trim_scale(i.pt_primary) || '/' || trim_scale(i.pt_secondary) AS pt, i.multiplier, i.begun_by, i.ended_by, r.register, k.unit,
	   trim_scale(r.start_value) AS start_value, trim_scale(r.end_value) AS end_value, r.rolled_over
  FROM billing.meter_install i
  JOIN billing.account c ON c.account_id = i.account_id
  JOIN billing.meter_type t ON t.meter_type_id = i.meter_type_id
  LEFT JOIN billing.meter_install_register r ON r.account_id = i.account_id AND r.part = i.part AND r.from_at = i.from_at AND r.meter_id = i.meter_id
  LEFT JOIN billing.meter_type_register k ON k.meter_type_id = i.meter_type_id AND k.register = r.register;
COMMENT ON VIEW billing_report.meter_install IS 'which meters have counted at the points of accounts, with multiplier and first and last readings, a row a register';

CREATE VIEW billing_report.meter WITH (security_invoker = true) AS
SELECT m.meter_no, t.type_code, t.maker, t.model, o.org_no, m.state, c.account_no, i.part, i.from_at AS installed_at, m.verified_on, m.due_on,
	   array_to_string(m.seals, ', ') AS seals
  FROM billing.meter m
  JOIN billing.meter_type t ON t.meter_type_id = m.meter_type_id
  LEFT JOIN billing.org o ON o.org_id = m.org_id
  LEFT JOIN billing.meter_install i ON i.meter_id = m.meter_id AND i.until_at IS NULL
  LEFT JOIN billing.account c ON c.account_id = i.account_id;
COMMENT ON VIEW billing_report.meter IS 'meters: where each is, its state and verification';

CREATE VIEW billing_report.meter_test WITH (security_invoker = true) AS
SELECT m.meter_no, t.test_no, t.kind, t.tested_on, p.load AS load_percent, p.power_factor, p.error AS error_percent, t.limit_percent,
	   abs(p.error) <= t.limit_percent AS within, t.passed, t.valid_until, t.certificate_no, t.note, t.recorded_by
  FROM billing.meter_test t
  JOIN billing.meter m ON m.meter_id = t.meter_id
 CROSS JOIN LATERAL unnest(t.loads, t.power_factors, t.errors_percent) p(load, power_factor, error);
COMMENT ON VIEW billing_report.meter_test IS 'tests of meters, a row a point';

CREATE VIEW billing_report.meter_life WITH (security_invoker = true) AS
SELECT m.meter_no, e.at, e.step, NULL::text AS account_no, NULL::text AS part, e.actor, e.note
  FROM billing.equipment_event e JOIN billing.meter m ON m.meter_id = e.meter_id
UNION ALL
SELECT i.meter_no, v.at, v.step, c.account_no, i.part, CASE WHEN v.step = i.begun_by THEN i.recorded_by END, ''
  FROM billing.meter_install i
  LEFT JOIN billing.account c ON c.account_id = i.account_id
 CROSS JOIN LATERAL (VALUES (i.from_at, i.begun_by), (i.until_at, 'until ' || i.ended_by)) v(at, step) WHERE v.at IS NOT NULL
UNION ALL
SELECT g.meter_no, v.at, v.step, NULL, NULL, CASE WHEN v.step = 'gateway' THEN g.recorded_by END, ''
  FROM billing.gateway_meter g
 CROSS JOIN LATERAL (VALUES (g.from_at, 'gateway'), (g.until_at, 'until remove')) v(at, step) WHERE v.at IS NOT NULL
UNION ALL
SELECT m.meter_no, t.tested_on::timestamptz, t.kind || CASE WHEN t.passed THEN ' test passed' ELSE ' test failed' END, NULL, NULL, t.recorded_by, t.note
  FROM billing.meter_test t JOIN billing.meter m ON m.meter_id = t.meter_id;
COMMENT ON VIEW billing_report.meter_life IS 'what has happened to each meter: steps, installations, tests';

CREATE VIEW billing_report.meter_to_remove WITH (security_invoker = true) AS
SELECT c.account_no, c.address, i.part, i.meter_no, i.from_at AS installed_at, p.from_on AS closed_on
  FROM billing.meter_install i
  JOIN billing.account c ON c.account_id = i.account_id
  JOIN billing.account_phase p ON p.account_id = i.account_id AND p.phase = 'closed'
 WHERE i.until_at IS NULL;
COMMENT ON VIEW billing_report.meter_to_remove IS 'worklist: meters that still hang at accounts that are closed';

CREATE VIEW billing_report.open_fault WITH (security_invoker = true) AS
SELECT q.fault_id, q.equipment, q.kind, q.description, c.account_no, c.address, i.part, q.reported_by, q.reported_at, q.due_on, current_date - q.due_on AS days_overdue
  FROM (SELECT f.fault_id, f.meter_id, f.kind, f.description, f.reported_by, f.reported_at, f.due_on,
			   coalesce('meter ' || m.meter_no, 'instrument transformer ' || t.transformer_no, 'transformer area ' || a.area_no, 'feeder ' || l.feeder_no) AS equipment
		  FROM billing.equipment_fault f
		  LEFT JOIN billing.meter m ON m.meter_id = f.meter_id
		  LEFT JOIN billing.instrument_transformer t ON t.transformer_id = f.transformer_id
		  LEFT JOIN billing.transformer_area a ON a.area_id = f.area_id
		  LEFT JOIN billing.feeder l ON l.feeder_id = f.feeder_id
		 WHERE f.closed_at IS NULL) q
  LEFT JOIN billing.meter_install i ON i.meter_id = q.meter_id AND i.until_at IS NULL
  LEFT JOIN billing.account c ON c.account_id = i.account_id;
COMMENT ON VIEW billing_report.open_fault IS 'worklist: faults of equipment that are not closed, with where the meter hangs';
