-- How the files are read.
SET client_min_messages = warning;
SET SESSION AUTHORIZATION county_readings;
SELECT billing.set_mapping('county-wide', 'csv', '{"meter": "meter", "channel": "channel", "unit_column": "unit", "time": "day", "time_zone": "Asia/Shanghai",
	"columns": {"first": "00:00", "count": 96}}') \g /dev/null
SELECT billing.set_mapping('county-nem12', 'nem12', '{"time_zone": "+08:00"}', '{"E1": "import", "B1": "export", "Q1": "reactive_import"}') \g /dev/null
SELECT billing.set_mapping('county-payments', 'payments', '{"columns": {"day": "paid_on"}}') \g /dev/null
