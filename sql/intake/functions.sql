/*
 * Reading files of meter data: each function takes a file's bytes, or its
 * text, and gives rows; bad records are rows too.  Costs are of a file of
 * some hundred days.
 */
-- NEM12

CREATE FUNCTION billing.read_nem12(document bytea, default_unit text DEFAULT NULL, time_zone text DEFAULT '+10:00',
	OUT line bigint, OUT record integer,
	OUT nmi text, OUT suffix text, OUT register text, OUT meter text, OUT unit text,
	OUT day date, OUT profile billing.profile, OUT quality text, OUT reason_code text, OUT reason text,
	OUT events jsonb, OUT updated_at timestamptz, OUT loaded_at timestamptz,
	OUT read_at timestamptz, OUT reading numeric, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_nem12';
COMMENT ON FUNCTION billing.read_nem12(bytea, text, text)
	IS 'a NEM12 file: a row for each channel and day with its profile, for each index reading (record 500), and for each bad record with the reason and its text; nothing is lost and no day comes twice. quality and events are as in the file (A, F14 ...), the profile has them as actual, estimated, substituted, missing. The file is UTF-8; others by convert(document, ''LATIN1'', ''UTF8''). default_unit is for channels that name none; time_zone is the market''s fixed offset, +10:00';

CREATE FUNCTION billing.read_nem12(document text, default_unit text DEFAULT NULL, time_zone text DEFAULT '+10:00',
	OUT line bigint, OUT record integer,
	OUT nmi text, OUT suffix text, OUT register text, OUT meter text, OUT unit text,
	OUT day date, OUT profile billing.profile, OUT quality text, OUT reason_code text, OUT reason text,
	OUT events jsonb, OUT updated_at timestamptz, OUT loaded_at timestamptz,
	OUT read_at timestamptz, OUT reading numeric, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_nem12_text';
COMMENT ON FUNCTION billing.read_nem12(text, text, text)
	IS 'a NEM12 file: a row for each channel and day with its profile, for each index reading (record 500), and for each bad record with the reason and its text; nothing is lost and no day comes twice. quality and events are as in the file (A, F14 ...), the profile has them as actual, estimated, substituted, missing. default_unit is for channels that name none; time_zone is the market''s fixed offset, +10:00';

-- NEM13

CREATE FUNCTION billing.read_nem13(document bytea, default_unit text DEFAULT NULL, time_zone text DEFAULT '+10:00',
	OUT line bigint,
	OUT nmi text, OUT suffix text, OUT register text, OUT meter text, OUT unit text, OUT direction text,
	OUT previous_at timestamptz, OUT previous_reading numeric, OUT previous_quality text,
	OUT previous_reason_code text, OUT previous_reason text,
	OUT current_at timestamptz, OUT current_reading numeric, OUT current_quality text,
	OUT current_reason_code text, OUT current_reason text,
	OUT quantity numeric, OUT updated_at timestamptz, OUT loaded_at timestamptz,
	OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_nem13';
COMMENT ON FUNCTION billing.read_nem13(bytea, text, text)
	IS 'a NEM13 file: a row for each register with its previous and current reading, and for each bad record with the reason and its text. The file is UTF-8; others by convert(document, ''LATIN1'', ''UTF8''). default_unit is for registers that name none; time_zone is the market''s fixed offset, +10:00';

CREATE FUNCTION billing.read_nem13(document text, default_unit text DEFAULT NULL, time_zone text DEFAULT '+10:00',
	OUT line bigint,
	OUT nmi text, OUT suffix text, OUT register text, OUT meter text, OUT unit text, OUT direction text,
	OUT previous_at timestamptz, OUT previous_reading numeric, OUT previous_quality text,
	OUT previous_reason_code text, OUT previous_reason text,
	OUT current_at timestamptz, OUT current_reading numeric, OUT current_quality text,
	OUT current_reason_code text, OUT current_reason text,
	OUT quantity numeric, OUT updated_at timestamptz, OUT loaded_at timestamptz,
	OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_nem13_text';
COMMENT ON FUNCTION billing.read_nem13(text, text, text)
	IS 'a NEM13 file: a row for each register with its previous and current reading, and for each bad record with the reason and its text. default_unit is for registers that name none; time_zone is the market''s fixed offset, +10:00';

-- text tables

CREATE FUNCTION billing.read_csv(document bytea, mapping jsonb,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_csv';
COMMENT ON FUNCTION billing.read_csv(bytea, jsonb)
	IS 'a text table of readings: a row for each meter, channel and local day with its profile, or for each register reading, and for each bad line with the reason and its text; nothing is lost and no slot comes twice. mapping says what the columns are: {"meter": "Meter", "time": "Time", "time_zone": "Europe/Berlin", "slot_minutes": 15, "value": "kWh", "unit": "kWh"} and more (doc/reading.md). The file is UTF-8; others by convert(document, ''GBK'', ''UTF8'')';

CREATE FUNCTION billing.read_csv(document text, mapping jsonb,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_csv_text';
COMMENT ON FUNCTION billing.read_csv(text, jsonb)
	IS 'a text table of readings: a row for each meter, channel and local day with its profile, or for each register reading, and for each bad line with the reason and its text; nothing is lost and no slot comes twice. mapping says what the columns are: {"meter": "Meter", "time": "Time", "time_zone": "Europe/Berlin", "slot_minutes": 15, "value": "kWh", "unit": "kWh"} and more (doc/reading.md)';

CREATE FUNCTION billing.read_cells(document bytea, delimiter text DEFAULT ',',
	OUT line bigint, OUT cells text[], OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 1000
AS 'MODULE_PATHNAME', 'billing_read_cells';
COMMENT ON FUNCTION billing.read_cells(bytea, text)
	IS 'a text table of anything (payments, lists of staff): a row for each line with its cells, at most 1600, without blanks and quotes around them, or with the reason why it has none. The file is UTF-8; others by convert(document, ''GBK'', ''UTF8'')';

CREATE FUNCTION billing.read_cells(document text, delimiter text DEFAULT ',',
	OUT line bigint, OUT cells text[], OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 1000
AS 'MODULE_PATHNAME', 'billing_read_cells_text';
COMMENT ON FUNCTION billing.read_cells(text, text)
	IS 'a text table of anything (payments, lists of staff): a row for each line with its cells, at most 1600, without blanks and quotes around them, or with the reason why it has none';

-- MSCONS

CREATE FUNCTION billing.read_mscons(document bytea, time_zone text DEFAULT 'Europe/Berlin', default_unit text DEFAULT NULL,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_mscons';
COMMENT ON FUNCTION billing.read_mscons(bytea, text, text)
	IS 'an MSCONS file (EDIFACT): a row for each metering point, OBIS code and local day with its profile, for each register reading, and for each bad value or message with the reason and its text; line counts segments. time_zone is where days begin and what times without an offset are in; default_unit is for codes that tell none';

CREATE FUNCTION billing.read_mscons(document text, time_zone text DEFAULT 'Europe/Berlin', default_unit text DEFAULT NULL,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_mscons_text';
COMMENT ON FUNCTION billing.read_mscons(text, text, text)
	IS 'an MSCONS file (EDIFACT): a row for each metering point, OBIS code and local day with its profile, for each register reading, and for each bad value or message with the reason and its text; line counts segments. time_zone is where days begin and what times without an offset are in; default_unit is for codes that tell none';

-- Green Button

CREATE FUNCTION billing.read_espi(document bytea, time_zone text DEFAULT NULL,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_espi';
COMMENT ON FUNCTION billing.read_espi(bytea, text)
	IS 'a Green Button file (ESPI in an Atom feed): a row for each usage point, meter reading and local day with its profile, for each register reading, and for each bad reading or block with the reason. time_zone is where days begin; without it the standard time that the file tells, the whole year';

CREATE FUNCTION billing.read_espi(document text, time_zone text DEFAULT NULL,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_espi_text';
COMMENT ON FUNCTION billing.read_espi(text, text)
	IS 'a Green Button file (ESPI in an Atom feed): a row for each usage point, meter reading and local day with its profile, for each register reading, and for each bad reading or block with the reason. time_zone is where days begin; without it the standard time that the file tells, the whole year';

-- JSON

CREATE FUNCTION billing.read_json(document bytea, mapping jsonb,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_json';
COMMENT ON FUNCTION billing.read_json(bytea, jsonb)
	IS 'JSON objects of readings, in a list or one behind the other: rows as from read_csv(), by the same mapping with the names of members instead of columns (a.b is b of a; columns.first is a list of a day''s values)';

CREATE FUNCTION billing.read_json(document text, mapping jsonb,
	OUT line bigint, OUT meter text, OUT channel text, OUT day date, OUT profile billing.profile,
	OUT read_at timestamptz, OUT reading numeric, OUT unit text, OUT quality text, OUT rejected text, OUT content text)
RETURNS SETOF record
LANGUAGE c STABLE PARALLEL SAFE COST 20000 ROWS 300
AS 'MODULE_PATHNAME', 'billing_read_json_text';
COMMENT ON FUNCTION billing.read_json(text, jsonb)
	IS 'JSON objects of readings, in a list or one behind the other: rows as from read_csv(), by the same mapping with the names of members instead of columns (a.b is b of a; columns.first is a list of a day''s values)';

-- Lines that come by COPY

CREATE FUNCTION billing._take_line()
RETURNS trigger
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_take_line';
COMMENT ON FUNCTION billing._take_line() IS 'trigger of an inbox, before insert: keeps its lines in memory, stores no row';
REVOKE ALL ON FUNCTION billing._take_line() FROM PUBLIC;

CREATE FUNCTION billing._taken_lines(inbox regclass)
RETURNS bytea
LANGUAGE c VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'billing_taken_lines';
COMMENT ON FUNCTION billing._taken_lines(regclass) IS 'the lines that the statement at hand put into an inbox, in UTF-8; null: none';
REVOKE ALL ON FUNCTION billing._taken_lines(regclass) FROM PUBLIC;
