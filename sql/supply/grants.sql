GRANT SELECT ON billing.meter_type, billing.meter_type_register TO billing_admin, billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing.station, billing.feeder, billing.feeder_place, billing.transformer_area, billing.area_place, billing.meter,
	billing.instrument_transformer, billing.equipment_event, billing.meter_test, billing.gateway_meter, billing.gateway_reading, billing.equipment_fault
	TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing.service_point, billing.service_point_place, billing.meter_install, billing.meter_install_register, billing.transformer_install
	TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
-- a customer sees nothing of the grid, but may ask: a view names it
GRANT SELECT ON billing.transformer_area, billing.feeder TO billing_customer;
-- in bulk, by COPY or INSERT … SELECT
GRANT INSERT (org_id, station_no, name, voltage_v) ON billing.station TO billing_clerk;
GRANT INSERT (org_id, feeder_no, name, voltage_v, station_id, placed_on) ON billing.feeder TO billing_clerk;
GRANT INSERT (org_id, area_no, name, kind, rating_kva, feeder_id, placed_on) ON billing.transformer_area TO billing_clerk;
GRANT INSERT (org_id, meter_no, meter_type_id, made_on, verified_on, due_on, seals) ON billing.meter TO billing_clerk;
GRANT INSERT (org_id, transformer_no, kind, maker, model, rated_primary, rated_secondary, accuracy, verified_on, due_on)
	ON billing.instrument_transformer TO billing_clerk;
GRANT INSERT (account_id, part, org_id, point_code, purpose, voltage_v, metered_at, area_id, feeder_id, placed_on, from_on) ON billing.service_point TO billing_clerk;
GRANT INSERT (account_id, part, from_at, meter_id, org_id, meter_no, meter_type_id, role, until_at, ended_by, ct_primary, ct_secondary,
	pt_primary, pt_secondary, own_factor) ON billing.meter_install TO billing_clerk;
GRANT INSERT (account_id, part, from_at, meter_id, register, org_id, start_value, end_value, rolled_over) ON billing.meter_install_register TO billing_clerk;
GRANT INSERT (meter_id, from_at, org_id, meter_no, meter_type_id, area_id, feeder_id, multiplier) ON billing.gateway_meter TO billing_clerk;
GRANT INSERT (meter_id, register, read_at, from_at, org_id, value) ON billing.gateway_reading TO billing_clerk;
-- a trigger of what clerks write calls it
GRANT EXECUTE ON FUNCTION billing._refuse_value(text, text, numeric, smallint, smallint) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.equipment_steps() TO billing_clerk, billing_analyst, billing_auditor;
GRANT EXECUTE ON FUNCTION billing.add_station(text, text, text, integer), billing.add_feeder(text, text, text, integer, text, date),
	billing.move_feeder(text, text, date), billing.add_transformer_area(text, text, text, numeric, text, date, text),
	billing.move_area(text, date, text, numeric), billing.close_station(text, date), billing.close_feeder(text, date), billing.close_area(text, date),
	billing.add_service_point(text, text, text, text, text, date, integer, text, text), billing.move_service_point(text, date, text, text, text),
	billing.request_disconnection(text, text, text, text), billing.disconnect_service_point(text, text, text, text), billing.reconnect_service_point(text, text, text), billing.end_service_point(text, date, text),
	billing.add_meter_type(text, text, text, integer, integer, numeric, numeric, text, jsonb, text, integer, integer),
	billing.add_meter(text, text, text, date, date, date, text[]),
	billing.add_instrument_transformer(text, text, text, numeric, numeric, text, text, text, date, date),
	billing.step_meter(text, text, text), billing.step_transformer(text, text, text), billing.pass_transformer(text, date, date, text),
	billing.move_meters(text[], text), billing.seal_meter(text, text[]),
	billing.record_meter_test(text, text, date, numeric, jsonb, text, date, text),
	billing.install_meter(text, text, timestamptz, jsonb, text, text[], text, numeric),
	billing.exchange_meter(text, text, timestamptz, jsonb, jsonb, text, text, numeric, text[]),
	billing.exchange_transformers(text, timestamptz, jsonb, text[], text, text[]), billing.remove_meter(text, timestamptz, jsonb, text, text, text[]),
	billing.install_gateway_meter(text, timestamptz, jsonb, text, text, numeric), billing.record_gateway_reading(text, timestamptz, jsonb),
	billing.remove_gateway_meter(text, timestamptz, jsonb), billing.record_transfer_readings(text, jsonb, text),
	billing.report_fault(text, text, text, text, date), billing.close_fault(bigint, text, text), billing.number_service_point(text, text, text) TO billing_clerk;
GRANT EXECUTE ON FUNCTION billing.meters_due(text, date) TO billing_clerk, billing_analyst, billing_auditor;
GRANT SELECT ON billing_report.service_point, billing_report.meter_install TO billing_clerk, billing_analyst, billing_auditor, billing_customer;
GRANT SELECT ON billing_report.grid, billing_report.meter, billing_report.meter_test, billing_report.meter_life, billing_report.meter_to_remove, billing_report.open_fault
	TO billing_clerk, billing_analyst, billing_auditor;
