/*
 * The grid, service points, meters and where they are installed, with what
 * their registers showed on that day.
 */
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_equipment;
BEGIN;
CREATE TEMP TABLE given_type (type_code text, maker text, model text, phases integer, voltage_v integer, basic_current_a numeric, max_current_a numeric,
	accuracy text, reactive_accuracy text, pulses_per_kwh integer, verify_months integer);
CREATE TEMP TABLE given_type_register (type_code text, register text, digits integer, decimals integer, unit text);
CREATE TEMP TABLE given_station (station_no text, org_no text, name text, voltage_v integer);
CREATE TEMP TABLE given_feeder (feeder_no text, station_no text, org_no text, name text, voltage_v integer);
CREATE TEMP TABLE given_area (area_no text, feeder_no text, org_no text, name text, rating_kva numeric, kind text);
CREATE TEMP TABLE given_point (account_no text, part text, point_code text, area_no text, feeder_no text, voltage_v integer, metered_at text);
CREATE TEMP TABLE given_meter (meter_no text, org_no text, type_code text, made_on date, verified_on date);
CREATE TEMP TABLE given_install (account_no text, part text, meter_no text, from_on date, ct_primary numeric, ct_secondary numeric, pt_primary numeric, pt_secondary numeric);
CREATE TEMP TABLE given_register (account_no text, part text, meter_no text, register text, read_on date, value numeric);
\copy given_type FROM 'meter_types.csv' (FORMAT csv, HEADER)
\copy given_type_register FROM 'meter_type_registers.csv' (FORMAT csv, HEADER)
\copy given_station FROM 'stations.csv' (FORMAT csv, HEADER)
\copy given_feeder FROM 'feeders.csv' (FORMAT csv, HEADER)
\copy given_area FROM 'areas.csv' (FORMAT csv, HEADER)
\copy given_point FROM 'points.csv' (FORMAT csv, HEADER)
\copy given_meter FROM 'meters.csv' (FORMAT csv, HEADER)
\copy given_install FROM 'installs.csv' (FORMAT csv, HEADER)
\copy given_register FROM PROGRAM 'if [ -f registers.csv ]; then cat registers.csv; else echo; fi' (FORMAT csv, HEADER)
ANALYZE given_point, given_meter, given_install, given_register;

SELECT count(billing.add_meter_type(g.type_code, g.maker, g.model, g.phases, g.voltage_v, g.basic_current_a, g.max_current_a, g.accuracy,
		(SELECT jsonb_object_agg(r.register, jsonb_build_object('digits', r.digits, 'decimals', r.decimals, 'unit', r.unit))
		   FROM given_type_register r WHERE r.type_code = g.type_code), g.reactive_accuracy, g.pulses_per_kwh, g.verify_months))
  FROM given_type g WHERE NOT EXISTS (SELECT FROM billing.meter_type t WHERE t.type_code = g.type_code) \g /dev/null

INSERT INTO billing.station (org_id, station_no, name, voltage_v)
SELECT o.org_id, g.station_no, g.name, g.voltage_v FROM given_station g JOIN billing.org o USING (org_no)
 WHERE NOT EXISTS (SELECT FROM billing.station t WHERE t.station_no = g.station_no) ORDER BY g.station_no;
INSERT INTO billing.feeder (org_id, feeder_no, name, voltage_v, station_id, placed_on)
SELECT o.org_id, g.feeder_no, g.name, g.voltage_v, s.station_id, (SELECT min(from_on) FROM given_install)
  FROM given_feeder g JOIN billing.org o USING (org_no) JOIN billing.station s USING (station_no)
 WHERE NOT EXISTS (SELECT FROM billing.feeder t WHERE t.feeder_no = g.feeder_no) ORDER BY g.feeder_no;
INSERT INTO billing.transformer_area (org_id, area_no, name, kind, rating_kva, feeder_id, placed_on)
SELECT o.org_id, g.area_no, g.name, g.kind, g.rating_kva, f.feeder_id, f.placed_on
  FROM given_area g JOIN billing.org o USING (org_no) JOIN billing.feeder f USING (feeder_no)
 WHERE NOT EXISTS (SELECT FROM billing.transformer_area t WHERE t.area_no = g.area_no) ORDER BY g.area_no;

INSERT INTO billing.service_point (account_id, part, org_id, point_code, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on)
SELECT a.account_id, g.part, a.org_id, g.point_code, g.voltage_v, g.metered_at, t.area_id, f.feeder_id, a.opened_on, a.opened_on
  FROM given_point g JOIN billing.account a USING (account_no)
  LEFT JOIN billing.transformer_area t ON t.area_no = g.area_no
  LEFT JOIN billing.feeder f ON f.feeder_no = g.feeder_no
 WHERE NOT EXISTS (SELECT FROM billing.service_point p WHERE p.account_id = a.account_id AND p.part = g.part) ORDER BY a.account_id;
INSERT INTO billing.meter (org_id, meter_no, meter_type_id, made_on, verified_on, due_on)
SELECT o.org_id, g.meter_no, t.meter_type_id, g.made_on, g.verified_on, (g.verified_on + make_interval(months => t.verify_months))::date
  FROM given_meter g JOIN billing.org o USING (org_no) JOIN billing.meter_type t USING (type_code)
 WHERE NOT EXISTS (SELECT FROM billing.meter m WHERE m.meter_no = g.meter_no) ORDER BY g.meter_no;
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, ct_primary, ct_secondary, pt_primary, pt_secondary)
SELECT a.account_id, g.part, g.from_on::timestamp AT TIME ZONE 'Asia/Shanghai', m.meter_id, a.org_id, m.meter_no, m.meter_type_id,
	   g.ct_primary, g.ct_secondary, g.pt_primary, g.pt_secondary
  FROM given_install g JOIN billing.account a USING (account_no) JOIN billing.meter m USING (meter_no)
 WHERE NOT EXISTS (SELECT FROM billing.meter_install i WHERE i.account_id = a.account_id AND i.part = g.part) ORDER BY a.account_id;
INSERT INTO billing.meter_install_register (account_id, part, from_at, meter_id, register, org_id, start_value)
SELECT i.account_id, i.part, i.from_at, i.meter_id, r.register, i.org_id, r.value
  FROM given_install g JOIN billing.account a USING (account_no) JOIN billing.meter_install i USING (account_id, part)
  JOIN given_register r ON r.account_no = g.account_no AND r.part = g.part AND r.read_on = g.from_on
 WHERE NOT EXISTS (SELECT FROM billing.meter_install_register t WHERE t.account_id = i.account_id AND t.part = i.part AND t.register = r.register)
 ORDER BY i.account_id;
COMMIT;
SELECT format('%s substations, %s feeders, %s transformer areas, %s service points, %s meters installed', (SELECT count(*) FROM billing.station),
	(SELECT count(*) FROM billing.feeder), (SELECT count(*) FROM billing.transformer_area), (SELECT count(*) FROM billing.service_point),
	(SELECT count(*) FROM billing.meter WHERE state = 'installed'));
