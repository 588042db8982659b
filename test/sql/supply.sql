-- supply: the grid, service points, meters and transformers, from stock to scrap; what is refused on the way.
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SELECT billing.create_roles() IS NOT NULL AS roles;
SELECT billing.install() <> '' AS store;
CREATE ROLE regress_boss LOGIN IN ROLE billing_admin, billing_clerk;
CREATE ROLE regress_emma LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_max LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_otto LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_rita LOGIN IN ROLE billing_clerk;
CREATE ROLE regress_wang LOGIN IN ROLE billing_customer;
SELECT billing.add_org('C', 'Company', 'company') > 0 AS made;
SELECT billing.add_org('S1', 'Station 1', 'station', 'C') > 0 AS made;
SELECT billing.add_org('S2', 'Station 2', 'station', 'C') > 0 AS made;
SELECT count(billing.add_staff(v.org_no, v.staff_no, v.name, v.post, v.role)) AS staff FROM (VALUES
	('C', 'A1', 'Boss', 'administrator', 'regress_boss'), ('S1', 'E1', 'Emma', 'equipment clerk', 'regress_emma'), ('S1', 'M1', 'Max', 'manager', 'regress_max'),
	('S2', 'E2', 'Otto', 'equipment clerk', 'regress_otto'), ('S1', 'R1', 'Rita', 'account clerk', 'regress_rita')) v(org_no, staff_no, name, post, role);
SELECT billing.grant_access('A1', 'C', '{org,customer,account,reading,plan,bill,money,audit,supply}', '{read,write,approve,run}');

\c - regress_boss
\set SHOW_CONTEXT never
SELECT billing.grant_post('E1', 'S1') > 0 AND billing.grant_post('M1', 'S1') > 0 AND billing.grant_post('E2', 'S2') > 0 AND billing.grant_post('R1', 'S1') > 0 AS granted;
SELECT billing.add_plan('home', 'Home', '2026-01-01', '{"name": "Home", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2},
	"charges": [{"code": "energy", "price": "0.5"}]}') > 0 AS plan;
SELECT billing.add_customer('S1', 'Wang', 'person', 'regress_wang') AS wang \gset
SELECT billing.add_customer('S1', 'Li') AS li \gset
SELECT billing.add_account('S1', '0001', :wang, '2026-01-01', 'Street 1') > 0 AS account;
SELECT billing.add_account('S1', '0002', :li, '2026-01-01', 'Street 2') > 0 AS account;
SELECT billing.add_account('S2', '0009', :li, '2026-01-01', 'Street 9') > 0 AS account;
SELECT billing.set_plan('0001', 'home', '2026-01-01');
SELECT billing.add_meter_type('DDZY', 'Maker', 'DDZY-1', 1, 220, 5, 60, '2', '{"total": {"digits": 4, "decimals": 2, "unit": "kWh"}}', NULL, 1200, 96) > 0 AS type;
SELECT billing.add_meter_type('DTSD', 'Maker', 'DTSD-3', 3, 380, 1.5, 6, '0.5S', '{"total": {"digits": 6, "decimals": 2}, "reactive": {"digits": 6, "decimals": 2, "unit": "kvarh"}}', '2') > 0 AS type;
SELECT billing.add_meter_type('EMPTY', 'Maker', 'X', 1, 220, 5, 60, '2', '{}');

\c - regress_emma
\set SHOW_CONTEXT never
-- ---- the grid ----
SELECT billing.add_station('S1', 'B1', 'East', 110000) > 0 AS station, billing.add_station('S1', 'B2', 'West', 110000) > 0 AS station;
SELECT billing.add_feeder('S1', 'F1', 'Line 1', 10000, 'B1', '2026-01-01') > 0 AS feeder;
SELECT billing.add_feeder('S1', 'F2', 'Line 2', 10000, 'B2', '2026-01-01') > 0 AS feeder;
SELECT billing.add_transformer_area('S1', 'T1', 'Area 1', 200, 'F1', '2026-01-01') > 0 AS area;
SELECT billing.add_transformer_area('S1', 'T2', 'Area 2', 315, 'F1', '2026-01-01', 'dedicated') > 0 AS area;
SELECT billing.add_transformer_area('S1', 'T3', 'Area 3', 315, 'F9', '2026-01-01');
SELECT billing.add_transformer_area('S1', 'T3', 'Area 3', -1, 'F1', '2026-01-01');
SELECT billing.add_transformer_area('C', 'T3', 'Area 3', 315, 'F1', '2026-01-01');
SELECT billing.add_meter_type('MINE', 'Maker', 'X', 1, 220, 5, 60, '2', '{"total": {"digits": 6}}');
SELECT billing.move_area('T2', '2026-03-01', 'F2', 400);
SELECT billing.move_area('T2', '2026-02-01', 'F1');
SELECT billing.move_area('T2', '2026-04-01');
SELECT billing.move_feeder('F2', 'B1', '2026-03-01');
SELECT p.from_on, p.until_on, f.feeder_no, p.rating_kva FROM billing.area_place p JOIN billing.feeder f USING (feeder_id);
SELECT station_no, feeder_no, area_no, kind, rating_kva, org_no, service_points FROM billing_report.grid ORDER BY 2, 3;
SELECT billing.close_feeder('F1', '2026-06-01');
SELECT billing.close_station('B2', '2026-06-01');
SELECT billing.add_feeder('S1', 'F3', 'Line 3', 10000, 'B2', '2026-07-01');

-- ---- points ----
SELECT billing.add_service_point('0001', point_code => 'P001', area_no => 'T1', voltage_v => 220);
SELECT billing.add_service_point('0002', point_code => 'P001', area_no => 'T1');
SELECT billing.add_service_point('0002', point_code => 'P002', area_no => 'T1', feeder_no => 'F1');
SELECT billing.add_service_point('0002', point_code => 'P002', area_no => 'T2', from_on => '2025-12-31');
SELECT billing.add_service_point('0002', point_code => 'P002', area_no => 'T2', voltage_v => 10000, metered_at => 'high');
SELECT billing.add_service_point('0009', point_code => 'P009');
SELECT billing.move_service_point('0002', '2026-05-01', feeder_no => 'F2');
SELECT billing.move_service_point('0002', '2026-05-01', area_no => 'T1');
SELECT account_no, part, point_code, state, voltage_v, metered_at, area_no, feeder_no, placed_on, from_on, until_on FROM billing_report.service_point ORDER BY 1;
SELECT billing.close_area('T1', '2026-06-01');

-- ---- meters: from stock to a point ----
SELECT count(billing.add_meter('S1', 'M' || n, CASE WHEN n < 5 THEN 'DDZY' ELSE 'DTSD' END, '2025-12-01', seals => ARRAY['s' || n])) AS meters FROM generate_series(1, 6) n;
SELECT billing.add_meter('S1', 'M1', 'DDZY');
SELECT billing.add_meter('S1', 'M7', 'NONE');
SELECT billing.add_meter('S1', 'OLD', 'DDZY', '2017-12-01') > 0 AS old;
SELECT count(billing.add_instrument_transformer('S1', 'CT' || n, 'ct', CASE WHEN n > 3 THEN 600 ELSE 400 END, 5, '0.2S')) AS cts FROM generate_series(1, 6) n;
SELECT billing.add_instrument_transformer('S1', 'PT1', 'pt', 10000, 100, '0.2') > 0 AS pt;

SELECT billing.install_meter('0001', 'M1', '2026-01-01 09:00+08', '{"total": 0.35}');
SELECT billing.install_meter('0001', 'M2', '2026-01-02 09:00+08', '{"total": 0.10}');
SELECT billing.install_meter('0002', 'M1', '2026-01-02 09:00+08', '{"total": 0.10}');
SELECT billing.install_meter('0002', 'OLD', '2026-01-02 09:00+08', '{"total": 0.10}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 0.10}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 0.10, "reactive": "a lot"}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 0.105, "reactive": 0}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 1000000, "reactive": 0}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 1, "reactive": 0, "peak": 1}');
SELECT billing.install_meter('0002', 'M5', 'infinity', '{"total": 1, "reactive": 0}');
SELECT billing.install_meter('0002', 'M5', '2025-11-02 09:00+08', '{"total": 1, "reactive": 0}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 0.10, "reactive": 0}', transformers => '{CT1,CT4}');
SELECT billing.install_meter('0002', 'M5', '2026-01-02 09:00+08', '{"total": 0.10, "reactive": 0}', transformers => '{CT1,CT2,CT3,PT1}');
SELECT billing.install_meter('0002', 'M6', '2026-01-02 09:00+08', '{"total": 7, "reactive": 0}', role => 'check');
SELECT billing.install_meter('0001', 'M2', '2026-01-02 09:00+08', '{"total": 7}', transformers => '{CT1}', role => 'check');
SELECT meter_no, state FROM billing.meter ORDER BY 1;
SELECT transformer_no, state FROM billing.instrument_transformer ORDER BY 1;

-- what the machine refuses, whoever asks
SELECT billing.step_meter('M1', 'scrap');
SELECT billing.step_meter('M2', 'scrap');
SELECT billing.step_meter('M2', 'install');
SELECT billing.step_meter('M2', 'test'), billing.step_meter('M2', 'pass');
SELECT billing.end_service_point('0001', '2026-06-01');
\c - postgres
\set SHOW_CONTEXT never
UPDATE billing.meter SET state = 'in_stock' WHERE meter_no = 'M1';
UPDATE billing.meter SET meter_no = 'M99' WHERE meter_no = 'M1';
DELETE FROM billing.meter WHERE meter_no = 'M2';
UPDATE billing.meter_install SET from_at = from_at - interval '1 day';
DELETE FROM billing.meter_install;
UPDATE billing.meter_install_register SET start_value = 0;
UPDATE billing.service_point SET part = 'other' WHERE point_code = 'P001';
SET client_min_messages = warning;
TRUNCATE billing.meter_install CASCADE;

-- ---- exchange, other transformers, removal ----
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.exchange_meter('0001', 'M3', '2026-02-10 10:00+08', '{"total": 0.20}', '{"total": 0}');
SELECT billing.exchange_meter('0001', 'M3', '2025-02-10 10:00+08', '{"total": 812.20}', '{"total": 0}');
SELECT billing.exchange_meter('0001', 'M1', '2026-02-10 10:00+08', '{"total": 812.20}', '{"total": 0}');
SELECT billing.exchange_meter('0001', 'M3', '2026-02-10 10:00+08', '{"total": 0.20}', '{"total": 9000}', rolled_over => '{total}');
SELECT billing.exchange_transformers('0002', '2026-02-11 10:00+08', '{"total": 12.5, "reactive": 1}', '{CT4,CT5,CT6}');
SELECT billing.remove_meter('0002', '2026-02-11 09:00+08', '{"total": 19, "reactive": 0}', role => 'check');
SELECT billing.exchange_transformers('0002', '2026-02-11 10:00+08', '{"total": 12.5, "reactive": 1}', '{CT1,CT5,CT6,PT1}');
SELECT billing.exchange_transformers('0002', '2026-02-11 10:00+08', '{"total": 12.5, "reactive": 1}', '{CT4,CT5,CT6,PT1}');
SELECT account_no, meter_no, role, from_at AT TIME ZONE 'Asia/Shanghai' AS from_at, until_at AT TIME ZONE 'Asia/Shanghai' AS until_at, ct, pt, multiplier, begun_by, ended_by,
	   register, start_value, end_value, rolled_over
  FROM billing_report.meter_install ORDER BY account_no, from_at, meter_no, register;
SELECT billing.remove_meter('0002', '2026-02-20 09:00+08', '{"total": 13, "reactive": 1}', role => 'check');
SELECT billing.remove_meter('0002', '2026-02-20 09:00+08', '{"total": 13, "reactive": 1}');
SELECT transformer_no, state FROM billing.instrument_transformer ORDER BY 1;
SELECT meter_no, state FROM billing.meter WHERE state <> 'in_stock' ORDER BY 1;

-- ---- tests, and the way back to stock ----
SELECT billing.record_meter_test('M1', 'on_request', '2026-02-12', 2, '[{"load": 100, "error": 0.4}, {"load": 10, "power_factor": 0.5, "error": -2.6}]');
SELECT billing.step_meter('M1', 'test', 'customer asked'), billing.step_meter('M1', 'repair');
SELECT billing.step_meter('M1', 'install');
SELECT billing.step_meter('M1', 'test');
SELECT billing.record_meter_test('M1', 'after_repair', '2026-03-01', 2, '[{"load": 100, "error": 0.1}]', defect => 'creeps');
SELECT billing.record_meter_test('M1', 'after_repair', '2026-03-02', 2, '[{"load": 100, "error": 0.1}]', certificate_no => 'Z-1');
SELECT billing.record_meter_test('M1', 'after_repair', '2026-03-02', 2, '[{"load": 100}]');
SELECT billing.record_meter_test('M1', 'guess', '2026-03-02', 2, '[{"load": 100, "error": 0}]');
SELECT meter_no, test_no, kind, load_percent, power_factor, error_percent, within, passed, valid_until, note FROM billing_report.meter_test ORDER BY 1, 2, 4;
SELECT meter_no, state, verified_on, due_on FROM billing_report.meter WHERE meter_no = 'M1';
SELECT step, account_no, note FROM billing_report.meter_life WHERE meter_no = 'M1' ORDER BY at, step;
SELECT billing.step_transformer('CT1', 'test'), billing.pass_transformer('CT1', '2026-03-01', '2036-03-01', 'Z-2');
SELECT billing.pass_transformer('CT2', '2026-03-01', '2036-03-01');
SELECT billing.step_meter('M4', 'scrap');
SELECT meter_no, account_no, part, due_on FROM billing.meters_due('S1', '2034-12-31');
\c - regress_max
\set SHOW_CONTEXT never
SELECT billing.step_meter('M4', 'scrap', 'broken glass');
SELECT billing.step_meter('M4', 'test');
SELECT billing.install_meter('0001', 'M4', '2026-05-01 09:00+08', '{"total": 0}');

-- ---- faults ----
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.report_fault('meter', 'M3', 'stopped', 'the disc does not turn', '2026-03-03') AS fault, billing.report_fault('area', 'T1', 'outage') AS outage \gset
SELECT billing.report_fault('meter', 'M99', 'stopped');
SELECT billing.report_fault('meter', 'M3', 'angry');
SELECT billing.report_fault('pole', '1', 'other');
SELECT equipment, kind, account_no, part, due_on FROM billing_report.open_fault ORDER BY 1;
SELECT billing.close_fault(:outage, 'repaired', 'fuse');
SELECT billing.close_fault(:outage, 'repaired', 'fuse') IS NULL;
SELECT billing.close_fault(:fault, 'prayed');
SELECT billing.number_service_point('0001', 'P002');
SELECT billing.number_service_point('0001', 'P001');

-- ---- others see and touch nothing ----
\c - regress_otto
\set SHOW_CONTEXT never
SELECT (SELECT count(*) FROM billing.meter) AS meters, (SELECT count(*) FROM billing.service_point) AS points, (SELECT count(*) FROM billing.meter_install) AS installs,
	   (SELECT count(*) FROM billing.station) AS stations, (SELECT count(*) FROM billing.meter_test) AS tests;
SELECT billing.add_service_point('0009', point_code => 'P009', area_no => 'T1');
SELECT billing.add_service_point('0009', point_code => 'P009');
SELECT billing.install_meter('0009', 'M2', '2026-05-01 09:00+08', '{"total": 0}');
SELECT billing.move_meters('{M2}', 'S2');
SELECT billing.report_fault('meter', 'M3', 'stopped');
SELECT billing.close_fault(1, 'no_fault');
SELECT count(*) FROM billing_report.open_fault;
SELECT billing.exchange_meter('0001', 'M3', '2026-02-10 10:00+08', '{"total": 0.20}', '{"total": 0}');
INSERT INTO billing.service_point (account_id, org_id, placed_on, from_on) SELECT 1, org_id, '2026-01-01', '2026-01-01' FROM billing.org;
INSERT INTO billing.service_point (account_id, part, org_id, area_id, placed_on, from_on) SELECT account_id, 'x', org_id, 1, '2026-01-01', '2026-01-01' FROM billing.account;
INSERT INTO billing.meter_install (account_id, from_at, meter_id, org_id, meter_no, meter_type_id)
SELECT account_id, '2026-03-01', 2, org_id, 'M2', 1 FROM billing.account;
UPDATE billing.meter SET state = 'in_stock';

-- an account clerk reads the points of his accounts, and no asset; a customer his own
\c - regress_rita
\set SHOW_CONTEXT never
SELECT count(*) > 0 AS points FROM billing.service_point;
SELECT count(*) AS meters FROM billing.meter;
SELECT billing.add_service_point('0001', 'pv');
INSERT INTO billing.service_point (account_id, part, org_id, placed_on, from_on) SELECT account_id, 'pv', org_id, '2026-01-01', '2026-01-01' FROM billing.account WHERE account_no = '0001';
INSERT INTO billing.meter_install (account_id, from_at, meter_id, org_id, meter_no, meter_type_id)
SELECT account_id, '2026-03-01', 2, org_id, 'M2', 1 FROM billing.account WHERE account_no = '0002';
\c - regress_wang
\set SHOW_CONTEXT never
SELECT account_no, point_code, area_no FROM billing_report.service_point;
SELECT account_no, meter_no, multiplier, register, start_value, end_value FROM billing_report.meter_install ORDER BY from_at;
SELECT * FROM billing.meter;

-- ---- in bulk ----
\c - regress_emma
\set SHOW_CONTEXT never
INSERT INTO billing.meter (org_id, meter_no, meter_type_id)
SELECT o.org_id, 'N' || n, t.meter_type_id FROM billing.org o, billing.meter_type t, generate_series(1, 3) n WHERE o.org_no = 'S1' AND t.type_code = 'DDZY';
INSERT INTO billing.service_point (account_id, part, org_id, placed_on, from_on)
SELECT account_id, 'p' || n, org_id, opened_on, opened_on FROM billing.account, generate_series(1, 2) n WHERE account_no = '0001';
-- one meter at two points, overlapping
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id)
SELECT a.account_id, 'p' || n, '2026-01-01', m.meter_id, a.org_id, m.meter_no, m.meter_type_id FROM billing.account a, billing.meter m, generate_series(1, 2) n
 WHERE a.account_no = '0001' AND m.meter_no = 'N1';
-- its history: first here, then there, two meters at one point one after the other
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, until_at, ended_by)
SELECT a.account_id, v.part, v.from_at::timestamptz, m.meter_id, a.org_id, m.meter_no, m.meter_type_id, v.until_at::timestamptz, v.ended_by
  FROM billing.account a, (VALUES ('N1', 'p1', '2026-01-01', '2026-02-01', 'exchange'), ('N2', 'p1', '2026-02-01', NULL, NULL), ('N1', 'p2', '2026-02-03', NULL, NULL)) v(meter_no, part, from_at, until_at, ended_by)
  JOIN billing.meter m ON m.meter_no = v.meter_no WHERE a.account_no = '0001';
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, until_at, ended_by)
SELECT a.account_id, 'p1', '2025-12-31', m.meter_id, a.org_id, m.meter_no, m.meter_type_id, '2026-01-01', 'transfer' FROM billing.account a, billing.meter m WHERE a.account_no = '0001' AND m.meter_no = 'N3';
SELECT m.meter_no, m.state, m.free_from > '-infinity' AS was_elsewhere FROM billing.meter m WHERE m.meter_no LIKE 'N%' ORDER BY 1;
-- a second main meter, behind the back of the first
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, until_at, ended_by)
SELECT a.account_id, 'p1', '2026-01-15', m.meter_id, a.org_id, m.meter_no, m.meter_type_id, '2026-01-16', 'remove' FROM billing.account a, billing.meter m WHERE a.account_no = '0001' AND m.meter_no = 'N3';
-- where it says it is the meter it is not
INSERT INTO billing.meter_install (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, role)
SELECT a.account_id, 'p1', '2026-01-15', m.meter_id, a.org_id, 'N9', m.meter_type_id, 'check' FROM billing.account a, billing.meter m WHERE a.account_no = '0001' AND m.meter_no = 'N3';
INSERT INTO billing.meter_install_register (account_id, part, from_at, meter_id, register, org_id, start_value)
SELECT i.account_id, i.part, i.from_at, i.meter_id, 'total', i.org_id, 10000 FROM billing.meter_install i WHERE i.part = 'p2';

-- ---- gateway meters ----
SELECT billing.install_gateway_meter('M6', '2026-03-01 00:00+08', '{"total": 19, "reactive": 0}', area_no => 'T1', multiplier => 80);
SELECT billing.step_meter('M6', 'test');
SELECT billing.record_meter_test('M6', 'periodic', '2026-02-20', 0.5, '[{"load": 100, "error": 0.1}]', valid_until => '2030-01-01');
SELECT billing.install_gateway_meter('M6', '2026-03-01 00:00+08', '{"total": 19, "reactive": 0}', area_no => 'T1', multiplier => 80);
SELECT billing.install_gateway_meter('N3', '2026-03-01 00:00+08', '{"total": 19}', area_no => 'T1');
SELECT billing.record_gateway_reading('M6', '2026-04-01 00:00+08', '{"total": 25.5, "reactive": 1}');
SELECT billing.record_gateway_reading('M6', '2026-03-15 00:00+08', '{"total": 25.5, "reactive": 1}');
SELECT billing.record_gateway_reading('M6', '2026-04-02 00:00+08', '{"total": 25.555, "reactive": 1}');
INSERT INTO billing.gateway_reading (meter_id, register, read_at, from_at, org_id, value)
SELECT g.meter_id, 'total', '2026-04-02 00:00+08', g.from_at, g.org_id, 1e9 FROM billing.gateway_meter g;
SELECT billing.remove_gateway_meter('M6', '2026-05-01 00:00+08', '{"total": 30, "reactive": 1}');
SELECT register, read_at AT TIME ZONE 'Asia/Shanghai' AS read_at, value FROM billing.gateway_reading ORDER BY 1, 2;

-- ---- who may write accounts, and no supply, still lets a meter go on with the next customer ----
SELECT billing.install_meter('0002', 'N3', '2026-03-05 09:00+08', '{"total": 4.5}');
\c - regress_rita
\set SHOW_CONTEXT never
SELECT billing.open_supply_request('move_out', '0002', '2026-05-15') AS request \gset
SELECT billing.step_supply_request(:request, 'submit'), billing.step_supply_request(:request, 'approve'), billing.step_supply_request(:request, 'complete');
SELECT customer_id AS li FROM billing.customer WHERE name = 'Li' \gset
SELECT billing.open_supply_request('move_in', '0002', '2026-03-05', :li, new_account_no => '0012') AS request;
SELECT billing.open_supply_request('move_in', '0002', '2026-05-20', :li, new_account_no => '0012') AS request \gset
SELECT billing.step_supply_request(:request, 'submit'), billing.step_supply_request(:request, 'approve'), billing.step_supply_request(:request, 'complete');
SELECT account_no, part, point_code, state, from_on, until_on FROM billing_report.service_point WHERE account_no IN ('0002', '0012') ORDER BY 1, 2;
SELECT account_no, meter_no, begun_by, ended_by FROM billing_report.meter_install WHERE meter_no = 'N3' ORDER BY from_at;

-- ---- meters hung before the account is there ----
SELECT billing.open_supply_request('new_supply', '0020', '2026-04-01', :li, 'home', org_no => 'S1', address => 'Street 20') AS request \gset
SELECT billing.attach_document(:request, 'deed', 'application/pdf', sha256('x')), billing.step_supply_request(:request, 'submit'), billing.step_supply_request(:request, 'survey');
SELECT billing.install_for_request(:request, 'M2', '2026-03-28 10:00+08', '{"total": 0.1}');
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.step_meter('M2', 'test'), billing.record_meter_test('M2', 'periodic', '2026-03-01', 2, '[{"load": 100, "error": 0}]');
SELECT billing.install_for_request(:request, 'M2', '2026-03-28 10:00+08', '{"total": 0.1}');
\c - regress_max
SELECT billing.step_supply_request(:request, 'approve');
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.install_for_request(:request, 'M3', '2026-03-28 10:00+08', '{"total": 0.1}');
SELECT billing.install_for_request(:request, 'M2', '2026-03-28 10:00+08', '{}');
SELECT billing.install_for_request(:request, 'M2', '2026-03-28 10:00+08', '{"total": 0.1}', transformers => '{CT1}', point_code => 'P020', area_no => 'T1');
\c - regress_rita
\set SHOW_CONTEXT never
SELECT billing.step_supply_request(:request, 'install'), billing.step_supply_request(:request, 'complete');
SELECT account_no, point_code, from_on FROM billing_report.service_point WHERE account_no = '0020';
SELECT meter_no, from_at AT TIME ZONE 'Asia/Shanghai' AS from_at, multiplier, begun_by, start_value FROM billing_report.meter_install WHERE account_no = '0020';
-- another capacity, and another meter for it
SELECT billing.open_supply_request('capacity_change', '0020', '2026-05-01', terms => '{"capacity": 20}') AS request \gset
SELECT billing.step_supply_request(:request, 'submit'), billing.step_supply_request(:request, 'survey');
\c - regress_max
SELECT billing.step_supply_request(:request, 'approve');
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.add_meter('S1', 'M8', 'DDZY') > 0 AS meter;
SELECT billing.install_for_request(:request, 'M8', '2026-05-03 10:00+08', '{"total": 0.1}');
\c - regress_rita
\set SHOW_CONTEXT never
SELECT billing.step_supply_request(:request, 'install'), billing.step_supply_request(:request, 'complete');
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.install_for_request(:request, 'M8', '2026-05-03 10:00+08', '{"total": 0.1}', end_readings => '{"total": 55}');
\c - regress_rita
\set SHOW_CONTEXT never
SELECT billing.step_supply_request(:request, 'install'), billing.step_supply_request(:request, 'complete');
SELECT meter_no, from_at AT TIME ZONE 'Asia/Shanghai' AS from_at, multiplier, begun_by, ended_by, start_value, end_value FROM billing_report.meter_install
 WHERE account_no = '0020' ORDER BY from_at;

-- ---- in days that are billed by registers nothing comes or goes ----
\c - postgres
\set SHOW_CONTEXT never
UPDATE billing.account_head h SET usage_from = 'register', billed_to = '2026-06-01' FROM billing.account a WHERE a.account_id = h.account_id AND a.account_no = '0020';
\c - regress_emma
\set SHOW_CONTEXT never
SELECT billing.exchange_meter('0020', 'M2', '2026-05-31 10:00+08', '{"total": 60}', '{"total": 55}');
SELECT billing.remove_meter('0020', '2026-06-01 10:00+08', '{"total": 60}');

-- ---- losses of areas ----
\c - postgres
\set SHOW_CONTEXT never
SELECT billing.record_profile('0001', billing.profile('2026-03-01 00:00+08', interval '1 day', array_fill(15000::bigint, '{31}'), time_zone => 'Asia/Shanghai'));
SELECT billing.record_profile('0001', billing.profile('2026-03-01 00:00+08', interval '1 day', array_fill(1000::bigint, '{31}'), time_zone => 'Asia/Shanghai'), 'export');
\c - regress_emma
\set SHOW_CONTEXT never
SELECT * FROM billing.area_losses('S1', '[2026-03-01,2026-04-01)', 'Asia/Shanghai');
SELECT * FROM billing.area_losses('S1', '[2026-03-01,2026-05-01)', 'Asia/Shanghai');
-- read at another moment than the day begins: what went in is not known
SELECT * FROM billing.area_losses('S1', '[2026-03-01,2026-04-01)', 'UTC');
SELECT billing.area_losses('S1', 'empty');
SELECT billing.area_losses('S1', '[2026-03-01,)');
\c - regress_otto
SELECT billing.area_losses('S1', '[2026-03-01,2026-04-01)');
SELECT count(*) FROM billing.area_losses('S2', '[2026-03-01,2026-04-01)');

-- ---- an account goes to another org, and its meters with it; it is transferred, and they stay ----
\c - regress_boss
\set SHOW_CONTEXT never
SELECT billing.transfer_account('0001', 'S2', 'border');
SELECT meter_no, org_no FROM billing_report.meter WHERE account_no = '0001' ORDER BY 1;
SELECT o.org_no, f.kind FROM billing.equipment_fault f JOIN billing.org o USING (org_id) WHERE f.closed_at IS NULL;

SELECT billing.open_supply_request('transfer', '0001', '2026-06-01', :li, new_account_no => '0011') AS request \gset
SELECT billing.attach_document(:request, 'deed', 'application/pdf', sha256('x')), billing.step_supply_request(:request, 'submit');
\c - postgres
\set SHOW_CONTEXT never
SELECT billing.step_supply_request(:request, 'approve'), billing.step_supply_request(:request, 'complete');
SELECT account_no, part, point_code, state, from_on, until_on FROM billing_report.service_point WHERE account_no IN ('0001', '0011') ORDER BY 1, 2;
SELECT account_no, part, meter_no, from_at AT TIME ZONE 'Asia/Shanghai' AS from_at, until_at AT TIME ZONE 'Asia/Shanghai' AS until_at, multiplier, begun_by, ended_by
  FROM billing_report.meter_install WHERE account_no IN ('0001', '0011') ORDER BY account_no, part, from_at;
SELECT billing.record_transfer_readings('0011', '{"total": 9100}') AT TIME ZONE 'Asia/Shanghai' AS at;
SELECT billing.record_transfer_readings('0011', '{"total": 9100}');
SELECT account_no, meter_no, start_value, end_value FROM billing_report.meter_install WHERE meter_no = 'M3' ORDER BY from_at;
SELECT meter_no, state, account_no FROM billing_report.meter WHERE state = 'installed' ORDER BY 1;
-- closing: points without a meter end, the others are to be cleared
SELECT billing.open_supply_request('close', '0011', '2026-07-01') AS request \gset
SELECT billing.step_supply_request(:request, 'submit');
\c - regress_boss
\set SHOW_CONTEXT never
SELECT billing.step_supply_request(:request, 'approve'), billing.step_supply_request(:request, 'complete');
SELECT account_no, part, meter_no, closed_on FROM billing_report.meter_to_remove ORDER BY 1, 2;
SELECT billing.remove_meter('0011', '2026-07-02 09:00+08', '{"total": 9300}');
SELECT account_no, part, state, until_on FROM billing_report.service_point WHERE account_no = '0011' ORDER BY 2;
SELECT act, count(*) FROM billing.audit WHERE act ~ 'meter|point|area|feeder|station|transformer' GROUP BY 1 ORDER BY 1;

\c - postgres
SET client_min_messages = warning;
DROP EVENT TRIGGER billing_guard_start;
DROP EVENT TRIGGER billing_guard_end;
SET client_min_messages = error;
DROP SCHEMA billing_report CASCADE;
DROP EXTENSION billing CASCADE;
CREATE EXTENSION billing;
DROP ROLE regress_boss, regress_emma, regress_max, regress_otto, regress_rita, regress_wang;
