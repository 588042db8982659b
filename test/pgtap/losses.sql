-- Losses of areas, feeders and stations: exact where every reading is there, none where one is missing; formed usage, sub-meters, unmetered supply.
BEGIN;
SET LOCAL client_min_messages = warning;
SET LOCAL TimeZone = 'Asia/Shanghai';
SELECT billing.create_roles() \gset
SELECT billing.install() \gset
CREATE ROLE tap_emma LOGIN IN ROLE billing_clerk;
CREATE ROLE tap_otto LOGIN IN ROLE billing_clerk;
GRANT ALL ON SCHEMA public TO PUBLIC;
SELECT billing.add_org('S', 'Station', 'station') AS s, billing.add_staff('S', 'E', 'Emma', 'equipment clerk', 'tap_emma') AS e, billing.add_staff('S', 'O', 'Otto', 'equipment clerk', 'tap_otto') AS o,
	billing.grant_access('E', 'S', '{org,supply,account,reading}', '{read}') AS g, billing.grant_access('O', 'S', '{org,supply,account}', '{read}') AS h \gset
SELECT billing.add_plan('p', 'p', '2026-01-01', '{"name": "s", "currency": "CNY", "time_zone": "Asia/Shanghai", "rounding": {"line": 2}, "charges": [{"code": "e", "price": "1"}]}') AS p \gset
SELECT billing.add_customer('S', 'x') AS cu \gset
SELECT billing.add_account('S', a, :cu, '2026-01-01'), billing.set_plan(a, 'p', '2026-01-01') FROM unnest('{HOME,SUN,SHOP,KIOSK,LAMPS,MILL,PUMP}'::text[]) a \g /dev/null
SELECT billing.add_station('S', 'B1', 'East', 110000), billing.add_feeder('S', 'L1', 'Line 1', 10000, 'B1', '2020-01-01'), billing.add_feeder('S', 'L2', 'Line 2', 10000, 'B1', '2020-01-01'),
	billing.add_transformer_area('S', 'T1', 'Area 1', 400, 'L1', '2020-01-01'), billing.add_transformer_area('S', 'T2', 'Mill', 630, 'L1', '2020-01-01', 'dedicated') \g /dev/null
SELECT billing.add_service_point(a, area_no => 'T1') FROM unnest('{HOME,SUN,SHOP,KIOSK,LAMPS}'::text[]) a \g /dev/null
SELECT billing.add_service_point('MILL', area_no => 'T2'), billing.add_service_point('PUMP', feeder_no => 'L1') \g /dev/null
SELECT billing.add_meter_type('G', 'x', 'g', 3, 380, 1.5, 6, '0.5S', '{"total": {"digits": 6, "decimals": 2, "unit": "kWh"}, "export": {"digits": 6, "decimals": 2, "unit": "kWh"}}', verify_months => 96) AS t \gset
SELECT billing.add_meter('S', m, 'G', verified_on => '2025-12-01') FROM unnest('{GT1,GL1}'::text[]) m \g /dev/null
SELECT billing.install_gateway_meter('GT1', '2026-01-01 00:00', '{"total": 100, "export": 0}', area_no => 'T1', multiplier => 10),
	billing.install_gateway_meter('GL1', '2026-01-01 00:00', '{"total": 0, "export": 0}', feeder_no => 'L1', multiplier => 100) \g /dev/null

SELECT plan(15);

-- the home by slots, the sun by what it takes and feeds in, the shop has the kiosk's meter behind its own, lamps burn by agreement
SELECT billing.record_profile('HOME', billing.profile('2026-01-01 00:00+08', '1 day', array_fill(10000::bigint, '{31}'), time_zone => 'Asia/Shanghai')),
	billing.record_profile('SUN', billing.profile('2026-01-01 00:00+08', '1 day', array_fill(1000::bigint, '{31}'), time_zone => 'Asia/Shanghai')),
	billing.record_profile('SUN', billing.profile('2026-01-01 00:00+08', '1 day', array_fill(3000::bigint, '{31}'), time_zone => 'Asia/Shanghai'), 'export') \g /dev/null
SELECT billing.record_register(a, '2026-01-01', 'total', 0, 'opening', digits => 6), billing.record_register(a, '2026-02-01', 'total', v)
  FROM (VALUES ('SHOP', 500), ('KIOSK', 120.5), ('MILL', 9000), ('PUMP', 777.25)) q(a, v) \g /dev/null
SELECT billing.set_usage_from('register', '{KIOSK,MILL,PUMP}') \g /dev/null
SELECT billing.add_forming_rule('SHOP', 'deduct', '2026-01-01', other_account_no => 'KIOSK'), billing.add_forming_rule('SHOP', 'fixed_ratio', '2026-01-01', '{"ratio": 0.1}', other_part => 'lighting'),
	billing.add_forming_rule('LAMPS', 'unmetered', '2026-01-01', '{"kw": 0.5, "hours": [12]}') \g /dev/null

SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT is((SELECT missing FROM billing.area_losses('S', '[2026-01-01,2026-02-01)') WHERE area_no = 'T1'),
	'{"area T1: its gateway meter was not read at the beginning of 2026-01-01 and of 2026-02-01","account LAMPS: part main: usage is formed for 0 of 31 days","account SHOP: part main: usage is formed for 0 of 31 days"}',
	'what is not there is named');
SELECT is((SELECT loss_kwh FROM billing.area_losses('S', '[2026-01-01,2026-02-01)') WHERE area_no = 'T1'), NULL, 'and no loss is said');
RESET SESSION AUTHORIZATION;
SELECT sum(spans) FROM billing.form_usage('S', '2026-02-01') \g /dev/null
-- 310 + (31 - 93) + 379.5 + 120.5 + 186 = 934 sold; 980 supplied
SELECT billing.record_gateway_reading('GT1', '2026-02-01 00:00', '{"total": 208, "export": 10}'), billing.record_gateway_reading('GL1', '2026-02-01 00:00', '{"total": 110, "export": 0}') \g /dev/null
SET LOCAL SESSION AUTHORIZATION tap_emma;
SELECT results_eq($$SELECT area_no, supplied_kwh, sold_kwh, loss_kwh, loss_percent, points, missing FROM billing.area_losses('S', '[2026-01-01,2026-02-01)')$$,
	$$VALUES ('T1', 980::numeric, 934::numeric, 46::numeric, 4.69, 5::bigint, NULL::text[]), ('T2', NULL, 9000, NULL, NULL, 1, '{area T2: no gateway meter}')$$,
	'sub-meters once, unmetered supply as agreed, what is fed in taken off on both sides');
-- the line: 11000 in; 980 to the area, 9000 to the mill, 777.25 to the pump
SELECT results_eq($$SELECT feeder_no, supplied_kwh, delivered_kwh, sold_kwh, line_loss_kwh, line_loss_percent, loss_kwh, loss_percent, areas, points, missing FROM billing.feeder_losses('S', '[2026-01-01,2026-02-01)')$$,
	$$VALUES ('L1', 11000::numeric, 10757.25, 10711.25, 242.75, 2.21, 288.75, 2.63, 2::bigint, 7::bigint, NULL::text[])$$, 'the loss of the line, and of line and areas');
SELECT is((SELECT f.loss_kwh - f.line_loss_kwh FROM billing.feeder_losses('S', '[2026-01-01,2026-02-01)') f), (SELECT a.loss_kwh FROM billing.area_losses('S', '[2026-01-01,2026-02-01)') a WHERE area_no = 'T1'),
	'their difference is the loss of the areas');
SELECT results_eq($$SELECT station_no, feeders, supplied_kwh, sold_kwh, loss_kwh, missing FROM billing.station_losses('S', '[2026-01-01,2026-02-01)')$$,
	$$VALUES ('B1', 1::bigint, 11000::numeric, 10711.25, 288.75, NULL::text[])$$, 'the substation');
RESET SESSION AUTHORIZATION;

-- an area goes to another line within the month: each line has it for its days, and needs its meter's reading between
SELECT billing.move_area('T1', '2026-01-21', feeder_no => 'L2') \g /dev/null
SELECT is((SELECT array_agg(feeder_no || ' ' || areas || ' ' || coalesce(delivered_kwh::text, '-') ORDER BY feeder_no) FROM billing.feeder_losses('S', '[2026-01-01,2026-02-01)')), '{"L1 2 -","L2 1 -"}',
	'without the reading at the move neither line has a delivery');
SELECT ok((SELECT missing FROM billing.feeder_losses('S', '[2026-01-01,2026-02-01)') WHERE feeder_no = 'L2')
	@> '{"feeder L2: no gateway meter","area T1: its gateway meter was not read at the beginning of 2026-01-21 and of 2026-02-01","account KIOSK: total of part main on 2026-01-21 was not read"}', 'and says so');
SELECT is((SELECT line_loss_kwh FROM billing.feeder_losses('S', '[2026-01-01,2026-02-01)') WHERE feeder_no = 'L1'), NULL, 'no loss of the line');
-- slots that are missing, days that did not come
SELECT billing.record_profile('HOME', billing.profile('2026-02-01 00:00+08', '1 hour', array_fill(NULL::bigint, '{3}') || array_fill(1000::bigint, '{21}'), time_zone => 'Asia/Shanghai')) \g /dev/null
SELECT ok((SELECT missing FROM billing.area_losses('S', '[2026-02-01,2026-02-02)') WHERE area_no = 'T1') @> '{"account HOME: part main: 3 slots are missing","account SUN: part main: 1 of 1 days were not read"}', 'slots and days');
SELECT is((SELECT points FROM billing.area_losses('S', '[2025-06-01,2025-07-01)') WHERE area_no = 'T1'), NULL, 'before there was a point there is nothing');
SELECT throws_ok($$SELECT billing.area_losses('S', NULL)$$, '22023', NULL, 'no span');
SELECT throws_ok($$SELECT billing.feeder_losses('S', '[2020-01-01,2026-01-01)')$$, '22023', NULL, 'one that is too long');
SET LOCAL SESSION AUTHORIZATION tap_otto;
SELECT throws_ok($$SELECT billing.area_losses('S', '[2026-01-01,2026-02-01)')$$, '42501', NULL, 'who may not see the readings sees no loss');
SELECT is((SELECT count(*) FROM billing.gateway_reading) > 0, true, 'though he sees the gateway meters');
RESET SESSION AUTHORIZATION;
SELECT finish();
ROLLBACK;
