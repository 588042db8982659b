/*
 * The grid as far as billing needs it, and what measures in it: substations,
 * feeders, transformer areas; meters and instrument transformers as assets with
 * a life of their own; service points of accounts, and what is installed there.
 *
 * What belongs to the grid is an org's, what hangs at a point is an account's.
 * Where a thing is now stands in its own row, since a day; where it was before,
 * in a row of its …_place table.
 */
CREATE TABLE billing.station (
	station_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	station_no	text NOT NULL UNIQUE,
	name		text NOT NULL,
	voltage_v	integer NOT NULL,
	closed_on	date,
	CONSTRAINT station_station_no_plain CHECK (station_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT station_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
	CONSTRAINT station_voltage_v_bounded CHECK (voltage_v BETWEEN 1 AND 1500000),
	CONSTRAINT station_closed_on_finite CHECK (isfinite(closed_on))
);
COMMENT ON TABLE billing.station IS 'substations 变电站';
COMMENT ON COLUMN billing.station.org_id IS 'the org that runs it';
COMMENT ON COLUMN billing.station.voltage_v IS 'its highest voltage';
CREATE INDEX station_org_id_idx ON billing.station (org_id);

CREATE TABLE billing.feeder (
	feeder_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	feeder_no	text NOT NULL UNIQUE,
	name		text NOT NULL,
	voltage_v	integer NOT NULL,
	station_id	bigint NOT NULL REFERENCES billing.station,
	placed_on	date NOT NULL,
	closed_on	date,
	-- what rows of a feeder refer to, so that their org is the feeder's
	CONSTRAINT feeder_feeder_id_org_id_key UNIQUE (feeder_id, org_id),
	CONSTRAINT feeder_feeder_no_plain CHECK (feeder_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT feeder_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
	CONSTRAINT feeder_voltage_v_bounded CHECK (voltage_v BETWEEN 1 AND 1500000),
	CONSTRAINT feeder_placed_on_finite CHECK (isfinite(placed_on)),
	CONSTRAINT feeder_closed_on_later CHECK (isfinite(closed_on) AND closed_on >= placed_on)
);
COMMENT ON TABLE billing.feeder IS 'lines 线路 from a substation to transformers and to those supplied at their voltage';
COMMENT ON COLUMN billing.feeder.placed_on IS 'the day since which it is fed from this station';
CREATE INDEX feeder_org_id_idx ON billing.feeder (org_id, feeder_id);
CREATE INDEX feeder_station_id_idx ON billing.feeder (station_id);

CREATE TABLE billing.feeder_place (
	feeder_id	bigint NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	station_id	bigint NOT NULL REFERENCES billing.station,
	PRIMARY KEY (feeder_id, from_on),
	FOREIGN KEY (feeder_id, org_id) REFERENCES billing.feeder (feeder_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT feeder_place_until_on_later CHECK (until_on > from_on)
);
COMMENT ON TABLE billing.feeder_place IS 'from which station a feeder was fed before; only added to';

CREATE TABLE billing.transformer_area (
	area_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	area_no		text NOT NULL UNIQUE,
	name		text NOT NULL,
	kind		text NOT NULL DEFAULT 'public',
	rating_kva	numeric(10,2) NOT NULL,
	feeder_id	bigint NOT NULL REFERENCES billing.feeder,
	placed_on	date NOT NULL,
	closed_on	date,
	CONSTRAINT transformer_area_area_id_org_id_key UNIQUE (area_id, org_id),
	CONSTRAINT transformer_area_area_no_plain CHECK (area_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT transformer_area_name_bounded CHECK (length(name) BETWEEN 1 AND 200),
	CONSTRAINT transformer_area_kind_known CHECK (kind IN ('public', 'dedicated')),
	CONSTRAINT transformer_area_rating_kva_positive CHECK (rating_kva > 0 AND rating_kva < 10000000),
	CONSTRAINT transformer_area_placed_on_finite CHECK (isfinite(placed_on)),
	CONSTRAINT transformer_area_closed_on_later CHECK (isfinite(closed_on) AND closed_on >= placed_on)
);
COMMENT ON TABLE billing.transformer_area IS 'transformers and the area each supplies 台区';
COMMENT ON COLUMN billing.transformer_area.kind IS 'public 公变, or dedicated to one customer 专变';
COMMENT ON COLUMN billing.transformer_area.rating_kva IS 'of its transformers together, since placed_on';
COMMENT ON COLUMN billing.transformer_area.placed_on IS 'the day since which it is on this feeder with this rating';
CREATE INDEX transformer_area_org_id_idx ON billing.transformer_area (org_id, area_id);
CREATE INDEX transformer_area_feeder_id_idx ON billing.transformer_area (feeder_id);

CREATE TABLE billing.area_place (
	area_id		bigint NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	feeder_id	bigint NOT NULL REFERENCES billing.feeder,
	rating_kva	numeric(10,2) NOT NULL,
	PRIMARY KEY (area_id, from_on),
	FOREIGN KEY (area_id, org_id) REFERENCES billing.transformer_area (area_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT area_place_until_on_later CHECK (until_on > from_on)
);
COMMENT ON TABLE billing.area_place IS 'on which feeder a transformer area was before, and with which rating; only added to';

-- ---- assets ----

CREATE TABLE billing.meter_type (
	meter_type_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	type_code		text NOT NULL UNIQUE,
	maker			text NOT NULL,
	model			text NOT NULL,
	phases			smallint NOT NULL,
	voltage_v		integer NOT NULL,
	basic_current_a	numeric(8,3) NOT NULL,
	max_current_a	numeric(8,3) NOT NULL,
	accuracy		text NOT NULL,
	reactive_accuracy text,
	pulses_per_kwh	integer,
	verify_months	integer,
	CONSTRAINT meter_type_type_code_plain CHECK (type_code ~ '^[0-9A-Za-z_.-]{1,64}$'),
	CONSTRAINT meter_type_phases_known CHECK (phases IN (1, 3)),
	CONSTRAINT meter_type_voltage_v_bounded CHECK (voltage_v BETWEEN 1 AND 1500000),
	CONSTRAINT meter_type_current_ordered CHECK (basic_current_a > 0 AND max_current_a >= basic_current_a AND max_current_a < 100000),
	CONSTRAINT meter_type_accuracy_known CHECK (accuracy IN ('0.2S', '0.2', '0.5S', '0.5', '1', '1.0', '2', '2.0', '3', 'A', 'B', 'C', 'D', 'E')),
	CONSTRAINT meter_type_reactive_accuracy_known CHECK (reactive_accuracy IN ('0.5S', '1', '1.0', '2', '2.0', '3', '3.0')),
	CONSTRAINT meter_type_pulses_per_kwh_positive CHECK (pulses_per_kwh > 0),
	CONSTRAINT meter_type_verify_months_bounded CHECK (verify_months BETWEEN 1 AND 600)
);
COMMENT ON TABLE billing.meter_type IS 'types of meters 电能表型号; everybody may read them';
COMMENT ON COLUMN billing.meter_type.accuracy IS 'class of active energy 准确度等级: 0.2S, 0.5S, 1, 2 (IEC, GB), A to E (MID, GB/T 17215)';
COMMENT ON COLUMN billing.meter_type.pulses_per_kwh IS 'the meter constant 表常数, imp/kWh';
COMMENT ON COLUMN billing.meter_type.verify_months IS 'so long a verification holds 检定周期; null: it does not run out';

CREATE TABLE billing.meter_type_register (
	meter_type_id	bigint NOT NULL REFERENCES billing.meter_type,
	register		text NOT NULL,
	digits			smallint NOT NULL,
	decimals		smallint NOT NULL,
	unit			text NOT NULL,
	PRIMARY KEY (meter_type_id, register),
	CONSTRAINT meter_type_register_register_plain CHECK (register ~ '^[a-z][a-z0-9_]{0,31}$'),
	CONSTRAINT meter_type_register_digits_bounded CHECK (digits BETWEEN 1 AND 12),
	CONSTRAINT meter_type_register_decimals_bounded CHECK (decimals BETWEEN 0 AND 6),
	CONSTRAINT meter_type_register_unit_known CHECK (unit IN ('kWh', 'kvarh', 'kVAh', 'kW', 'kvar', 'kVA'))
);
COMMENT ON TABLE billing.meter_type_register IS 'what a meter of a type counts or records, as total, peak, reactive_import, demand';
COMMENT ON COLUMN billing.meter_type_register.digits IS 'before the point: the register runs over at 10 to the power of it';

CREATE TABLE billing.meter (
	meter_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	meter_no		text NOT NULL,
	meter_type_id	bigint NOT NULL REFERENCES billing.meter_type,
	made_on			date,
	state			text NOT NULL DEFAULT 'in_stock',
	free_from		timestamptz NOT NULL DEFAULT '-infinity',
	verified_on		date,
	due_on			date,
	seals			text[] NOT NULL DEFAULT '{}',
	CONSTRAINT meter_meter_no_key UNIQUE (meter_no),
	-- what an installation says of its meter is the meter's
	CONSTRAINT meter_installed_key UNIQUE (meter_id, meter_no, meter_type_id),
	CONSTRAINT meter_meter_no_plain CHECK (meter_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT meter_state_known CHECK (state IN ('in_stock', 'installed', 'removed', 'in_test', 'in_repair', 'scrapped')),
	CONSTRAINT meter_due_on_later CHECK (due_on > verified_on),
	CONSTRAINT meter_seals_bounded CHECK (cardinality(seals) <= 16 AND array_position(seals, NULL) IS NULL)
);
COMMENT ON TABLE billing.meter IS 'meters as assets 电能表资产; the steps of their life are those of equipment_steps()';
COMMENT ON COLUMN billing.meter.org_id IS 'who has it: the org of its stock, or of the account where it hangs';
COMMENT ON COLUMN billing.meter.free_from IS 'the end of its last installation: the next begins there or later';
COMMENT ON COLUMN billing.meter.due_on IS 'the day on which it is to be verified again; null: not fixed';
COMMENT ON COLUMN billing.meter.seals IS 'numbers of the seals on it 封印';
CREATE INDEX meter_org_id_idx ON billing.meter (org_id, state);
CREATE INDEX meter_due_on_idx ON billing.meter (due_on) WHERE state <> 'scrapped';

CREATE TABLE billing.instrument_transformer (
	transformer_id	bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	transformer_no	text NOT NULL,
	kind			text NOT NULL,
	maker			text NOT NULL DEFAULT '',
	model			text NOT NULL DEFAULT '',
	rated_primary	numeric(12,3) NOT NULL,
	rated_secondary	numeric(12,3) NOT NULL,
	accuracy		text NOT NULL,
	state			text NOT NULL DEFAULT 'in_stock',
	free_from		timestamptz NOT NULL DEFAULT '-infinity',
	verified_on		date,
	due_on			date,
	CONSTRAINT instrument_transformer_transformer_no_key UNIQUE (transformer_no),
	CONSTRAINT instrument_transformer_transformer_no_plain CHECK (transformer_no ~ '^[0-9A-Za-z_-]{1,32}$'),
	CONSTRAINT instrument_transformer_kind_known CHECK (kind IN ('ct', 'pt')),
	CONSTRAINT instrument_transformer_ratio_ordered CHECK (rated_secondary > 0 AND rated_primary >= rated_secondary AND rated_primary < 1000000000),
	CONSTRAINT instrument_transformer_accuracy_known CHECK (accuracy IN ('0.1', '0.2S', '0.2', '0.5S', '0.5', '1', '1.0', '3')),
	CONSTRAINT instrument_transformer_state_known CHECK (state IN ('in_stock', 'installed', 'removed', 'in_test', 'in_repair', 'scrapped')),
	CONSTRAINT instrument_transformer_due_on_later CHECK (due_on > verified_on)
);
COMMENT ON TABLE billing.instrument_transformer IS 'current and voltage transformers as assets 互感器 (CT, PT); their life is that of meters';
COMMENT ON COLUMN billing.instrument_transformer.rated_primary IS 'amperes of a CT, volts of a PT: 400 / 5, 10000 / 100';
CREATE INDEX instrument_transformer_org_id_idx ON billing.instrument_transformer (org_id, state);

CREATE TABLE billing.equipment_event (
	event_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL,
	meter_id		bigint REFERENCES billing.meter,
	transformer_id	bigint REFERENCES billing.instrument_transformer,
	step			text NOT NULL,
	from_state		text NOT NULL,
	to_state		text NOT NULL,
	actor			text NOT NULL DEFAULT billing.actor(),
	at				timestamptz NOT NULL DEFAULT clock_timestamp(),
	note			text NOT NULL DEFAULT '',
	CONSTRAINT equipment_event_of_one CHECK ((meter_id IS NULL) <> (transformer_id IS NULL))
);
COMMENT ON TABLE billing.equipment_event IS 'steps in the life of meters and instrument transformers but for their installations, which stand for themselves; only added to';
CREATE INDEX equipment_event_meter_id_idx ON billing.equipment_event (meter_id) WHERE meter_id IS NOT NULL;
CREATE INDEX equipment_event_transformer_id_idx ON billing.equipment_event (transformer_id) WHERE transformer_id IS NOT NULL;
CREATE INDEX equipment_event_org_id_idx ON billing.equipment_event (org_id);

CREATE TABLE billing.meter_test (
	meter_id		bigint NOT NULL REFERENCES billing.meter,
	test_no			integer NOT NULL,
	org_id			bigint NOT NULL,
	kind			text NOT NULL,
	tested_on		date NOT NULL,
	limit_percent	numeric(6,3) NOT NULL,
	loads			numeric(7,2)[] NOT NULL,
	power_factors	numeric(4,3)[] NOT NULL,
	errors_percent	numeric(8,4)[] NOT NULL,
	passed			boolean NOT NULL,
	valid_until		date,
	certificate_no	text NOT NULL DEFAULT '',
	note			text NOT NULL DEFAULT '',
	recorded_by		text NOT NULL DEFAULT billing.actor(),
	recorded_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	PRIMARY KEY (meter_id, test_no),
	CONSTRAINT meter_test_kind_known CHECK (kind IN ('initial', 'periodic', 'on_request', 'field', 'after_repair', 'after_fault')),
	CONSTRAINT meter_test_tested_on_finite CHECK (isfinite(tested_on)),
	CONSTRAINT meter_test_limit_percent_bounded CHECK (limit_percent > 0 AND limit_percent <= 100),
	CONSTRAINT meter_test_loads_some CHECK (cardinality(loads) BETWEEN 1 AND 64),
	CONSTRAINT meter_test_loads_whole CHECK (array_ndims(loads) = 1 AND cardinality(power_factors) = cardinality(loads) AND cardinality(errors_percent) = cardinality(loads)
		AND array_position(loads, NULL) IS NULL AND array_position(power_factors, NULL) IS NULL AND array_position(errors_percent, NULL) IS NULL),
	CONSTRAINT meter_test_valid_until_later CHECK (valid_until > tested_on)
);
COMMENT ON TABLE billing.meter_test IS 'tests and verifications of meters 检定, 现场校验; only added to';
COMMENT ON COLUMN billing.meter_test.org_id IS 'who had the meter then';
COMMENT ON COLUMN billing.meter_test.limit_percent IS 'how far the meter may err';
COMMENT ON COLUMN billing.meter_test.loads IS 'of each point: the load in percent of the basic current; with its power factor and the error found, in percent';
COMMENT ON COLUMN billing.meter_test.passed IS 'no error beyond the limit, and nothing else wrong with it';
CREATE INDEX meter_test_org_id_idx ON billing.meter_test (org_id);

-- ---- points of supply, and what is installed there ----

CREATE TABLE billing.service_point (
	account_id		bigint NOT NULL,
	part			text NOT NULL DEFAULT 'main',
	org_id			bigint NOT NULL,
	point_code		text,
	purpose			text NOT NULL DEFAULT 'billing',
	state			text NOT NULL DEFAULT 'active',
	voltage_v		integer,
	metered_at		text NOT NULL DEFAULT 'low',
	area_id			bigint REFERENCES billing.transformer_area,
	feeder_id		bigint REFERENCES billing.feeder,
	placed_on		date NOT NULL,
	from_on			date NOT NULL,
	until_on		date,
	disconnected_for text,
	PRIMARY KEY (account_id, part),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE,
	-- what rows of a point refer to, so that their org is the account's
	CONSTRAINT service_point_org_id_key UNIQUE (account_id, part, org_id),
	CONSTRAINT service_point_part_plain CHECK (part ~ '^[0-9A-Za-z_.-]{1,32}$'),
	CONSTRAINT service_point_point_code_plain CHECK (point_code ~ '^[0-9A-Za-z_-]{1,64}$'),
	CONSTRAINT service_point_purpose_known CHECK (purpose IN ('billing', 'check')),
	CONSTRAINT service_point_state_known CHECK (state IN ('active', 'disconnected', 'ended')),
	CONSTRAINT service_point_ended_whole CHECK ((state = 'ended') = (until_on IS NOT NULL)),
	CONSTRAINT service_point_disconnected_for_known CHECK (disconnected_for IN ('danger', 'theft', 'breach', 'order', 'customer', 'arrears')),
	CONSTRAINT service_point_disconnected_for_cut CHECK (disconnected_for IS NULL OR state <> 'active'),
	CONSTRAINT service_point_voltage_v_bounded CHECK (voltage_v BETWEEN 1 AND 1500000),
	CONSTRAINT service_point_metered_at_known CHECK (metered_at IN ('high', 'low')),
	CONSTRAINT service_point_one_parent CHECK (area_id IS NULL OR feeder_id IS NULL),
	CONSTRAINT service_point_from_on_finite CHECK (isfinite(from_on) AND isfinite(placed_on)),
	CONSTRAINT service_point_placed_on_later CHECK (placed_on >= from_on),
	CONSTRAINT service_point_until_on_later CHECK (isfinite(until_on) AND until_on >= from_on)
);
COMMENT ON TABLE billing.service_point IS 'where an account is supplied and metered 计量点; part is the name that its readings carry';
COMMENT ON COLUMN billing.service_point.part IS 'as in billing.reading: main, lighting, pv';
COMMENT ON COLUMN billing.service_point.point_code IS 'the number by which others know it 计量点编号, NMI; of one point at a time';
COMMENT ON COLUMN billing.service_point.purpose IS 'what it measures is billed, or only checks another point';
COMMENT ON COLUMN billing.service_point.metered_at IS 'which side of the transformer: high 高供高计, or low 低计, where its losses are added';
COMMENT ON COLUMN billing.service_point.area_id IS 'the transformer area it hangs on, or feeder_id for a supply from the line; neither: not known';
COMMENT ON COLUMN billing.service_point.placed_on IS 'the day since which it hangs there';
COMMENT ON COLUMN billing.service_point.until_on IS 'the day from which this account has it no more; with a transfer it goes on as the next account''s';
COMMENT ON COLUMN billing.service_point.disconnected_for IS
'why its supply is cut: danger to people or the grid, theft, breach of contract, an authority''s order, the customer''s wish; arrears, by a request only; null: not cut, or not known';
CREATE UNIQUE INDEX service_point_point_code_key ON billing.service_point (point_code) WHERE until_on IS NULL;
CREATE INDEX service_point_point_code_idx ON billing.service_point (point_code, from_on);
CREATE INDEX service_point_area_id_idx ON billing.service_point (area_id);
CREATE INDEX service_point_feeder_id_idx ON billing.service_point (feeder_id) WHERE feeder_id IS NOT NULL;
CREATE INDEX service_point_org_id_idx ON billing.service_point (org_id, account_id, part);

CREATE TABLE billing.service_point_place (
	account_id	bigint NOT NULL,
	part		text NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	org_id		bigint NOT NULL,
	area_id		bigint REFERENCES billing.transformer_area,
	feeder_id	bigint REFERENCES billing.feeder,
	PRIMARY KEY (account_id, part, from_on),
	FOREIGN KEY (account_id, part, org_id) REFERENCES billing.service_point (account_id, part, org_id) ON UPDATE CASCADE,
	CONSTRAINT service_point_place_until_on_later CHECK (until_on > from_on)
);
COMMENT ON TABLE billing.service_point_place IS 'where a service point hung before; only added to';
CREATE INDEX service_point_place_area_id_idx ON billing.service_point_place (area_id);

CREATE TABLE billing.meter_install (
	account_id		bigint NOT NULL,
	part			text NOT NULL DEFAULT 'main',
	from_at			timestamptz NOT NULL,
	meter_id		bigint NOT NULL,
	org_id			bigint NOT NULL,
	meter_no		text NOT NULL,
	meter_type_id	bigint NOT NULL REFERENCES billing.meter_type,
	role			text NOT NULL DEFAULT 'main',
	until_at		timestamptz,
	ct_primary		numeric(12,3) NOT NULL DEFAULT 1,
	ct_secondary	numeric(12,3) NOT NULL DEFAULT 1,
	pt_primary		numeric(12,3) NOT NULL DEFAULT 1,
	pt_secondary	numeric(12,3) NOT NULL DEFAULT 1,
	own_factor		numeric(12,6) NOT NULL DEFAULT 1,
	multiplier		numeric NOT NULL GENERATED ALWAYS AS (trim_scale(round(ct_primary * pt_primary * own_factor / (ct_secondary * pt_secondary), 6))) STORED,
	begun_by		text NOT NULL DEFAULT 'install',
	ended_by		text,
	recorded_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, part, from_at, meter_id),
	FOREIGN KEY (account_id, part, org_id) REFERENCES billing.service_point (account_id, part, org_id) ON UPDATE CASCADE,
	CONSTRAINT meter_install_meter_fkey FOREIGN KEY (meter_id, meter_no, meter_type_id) REFERENCES billing.meter (meter_id, meter_no, meter_type_id),
	CONSTRAINT meter_install_org_id_key UNIQUE (account_id, part, from_at, meter_id, org_id),
	CONSTRAINT meter_install_role_known CHECK (role IN ('main', 'check')),
	CONSTRAINT meter_install_from_at_finite CHECK (isfinite(from_at)),
	CONSTRAINT meter_install_until_at_later CHECK (isfinite(until_at) AND until_at > from_at),
	CONSTRAINT meter_install_ratio_positive CHECK (ct_primary > 0 AND ct_secondary > 0 AND pt_primary > 0 AND pt_secondary > 0 AND own_factor > 0
		-- and numbers: NaN is above all of them
		AND ct_primary < 1000000000 AND ct_secondary < 1000000000 AND pt_primary < 1000000000 AND pt_secondary < 1000000000 AND own_factor < 1000000),
	CONSTRAINT meter_install_multiplier_exact CHECK (multiplier * ct_secondary * pt_secondary = ct_primary * pt_primary * own_factor),
	CONSTRAINT meter_install_begun_by_known CHECK (begun_by IN ('install', 'exchange', 'ratio', 'transfer')),
	CONSTRAINT meter_install_ended_by_known CHECK (ended_by IN ('remove', 'exchange', 'ratio', 'transfer')),
	CONSTRAINT meter_install_ended_whole CHECK ((until_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE billing.meter_install IS 'which meter counts at a point from when until when, and by what its counts are multiplied';
COMMENT ON COLUMN billing.meter_install.meter_no IS 'the meter''s own number and type, here too: a bill needs them also when the meter has gone to another org';
COMMENT ON COLUMN billing.meter_install.role IS 'main: its counts are billed, one at a time; check: it is compared with the main one';
COMMENT ON COLUMN billing.meter_install.own_factor IS 'of the meter itself, where its registers do not count in their unit';
COMMENT ON COLUMN billing.meter_install.multiplier IS 'CT × PT × own: what a count is multiplied by 倍率; exact';
COMMENT ON COLUMN billing.meter_install.begun_by IS 'install, exchange 换表; ratio: other CT or PT at the same meter; transfer: the point goes on with another account';
CREATE UNIQUE INDEX meter_install_open_key ON billing.meter_install (account_id, part) WHERE until_at IS NULL AND role = 'main';
CREATE INDEX meter_install_meter_id_idx ON billing.meter_install (meter_id, from_at);
CREATE INDEX meter_install_meter_no_idx ON billing.meter_install (meter_no, from_at);
CREATE INDEX meter_install_org_id_idx ON billing.meter_install (org_id, account_id, part, from_at, meter_id);

CREATE TABLE billing.meter_install_register (
	account_id	bigint NOT NULL,
	part		text NOT NULL DEFAULT 'main',
	from_at		timestamptz NOT NULL,
	meter_id	bigint NOT NULL,
	register	text NOT NULL,
	org_id		bigint NOT NULL,
	start_value	numeric(18,6) NOT NULL,
	end_value	numeric(18,6),
	rolled_over	boolean NOT NULL DEFAULT false,
	PRIMARY KEY (account_id, part, from_at, meter_id, register),
	FOREIGN KEY (account_id, part, from_at, meter_id, org_id)
		REFERENCES billing.meter_install (account_id, part, from_at, meter_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT meter_install_register_start_value_nonnegative CHECK (start_value >= 0 AND start_value < 1000000000000),
	CONSTRAINT meter_install_register_end_value_nonnegative CHECK (end_value >= 0 AND end_value < 1000000000000),
	CONSTRAINT meter_install_register_end_value_later CHECK (rolled_over OR end_value >= start_value)
);
COMMENT ON TABLE billing.meter_install_register IS 'what the registers of a meter showed when it was installed, and when it was removed 起止示数';
COMMENT ON COLUMN billing.meter_install_register.start_value IS 'as the meter shows it, before the multiplier';
COMMENT ON COLUMN billing.meter_install_register.rolled_over IS 'it ran over its digits in between, so the end may be below the start';

CREATE TABLE billing.transformer_install (
	account_id		bigint NOT NULL,
	part			text NOT NULL DEFAULT 'main',
	from_at			timestamptz NOT NULL,
	transformer_id	bigint NOT NULL REFERENCES billing.instrument_transformer,
	org_id			bigint NOT NULL,
	until_at		timestamptz,
	begun_by		text NOT NULL DEFAULT 'install',
	ended_by		text,
	recorded_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (account_id, part, from_at, transformer_id),
	FOREIGN KEY (account_id, part, org_id) REFERENCES billing.service_point (account_id, part, org_id) ON UPDATE CASCADE,
	CONSTRAINT transformer_install_from_at_finite CHECK (isfinite(from_at)),
	CONSTRAINT transformer_install_until_at_later CHECK (isfinite(until_at) AND until_at > from_at),
	CONSTRAINT transformer_install_begun_by_known CHECK (begun_by IN ('install', 'transfer')),
	CONSTRAINT transformer_install_ended_by_known CHECK (ended_by IN ('remove', 'transfer')),
	CONSTRAINT transformer_install_ended_whole CHECK ((until_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE billing.transformer_install IS 'which instrument transformers stand before the meters of a point';
CREATE INDEX transformer_install_transformer_id_idx ON billing.transformer_install (transformer_id, from_at);
CREATE INDEX transformer_install_org_id_idx ON billing.transformer_install (org_id);

/*
 * Gateway meters measure what goes into an area or a feeder, for its losses;
 * they belong to nobody's account.
 */
CREATE TABLE billing.gateway_meter (
	meter_id		bigint NOT NULL,
	from_at			timestamptz NOT NULL,
	org_id			bigint NOT NULL REFERENCES billing.org,
	meter_no		text NOT NULL,
	meter_type_id	bigint NOT NULL REFERENCES billing.meter_type,
	area_id			bigint REFERENCES billing.transformer_area,
	feeder_id		bigint REFERENCES billing.feeder,
	until_at		timestamptz,
	multiplier		numeric(18,6) NOT NULL DEFAULT 1,
	begun_by		text NOT NULL DEFAULT 'install',
	ended_by		text,
	recorded_by		text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (meter_id, from_at),
	CONSTRAINT gateway_meter_meter_fkey FOREIGN KEY (meter_id, meter_no, meter_type_id) REFERENCES billing.meter (meter_id, meter_no, meter_type_id),
	CONSTRAINT gateway_meter_org_id_key UNIQUE (meter_id, from_at, org_id),
	CONSTRAINT gateway_meter_one_place CHECK ((area_id IS NULL) <> (feeder_id IS NULL)),
	CONSTRAINT gateway_meter_from_at_finite CHECK (isfinite(from_at)),
	CONSTRAINT gateway_meter_until_at_later CHECK (isfinite(until_at) AND until_at > from_at),
	CONSTRAINT gateway_meter_multiplier_positive CHECK (multiplier > 0 AND multiplier < 1000000000),
	CONSTRAINT gateway_meter_begun_by_known CHECK (begun_by = 'install'),
	CONSTRAINT gateway_meter_ended_by_known CHECK (ended_by = 'remove'),
	CONSTRAINT gateway_meter_ended_whole CHECK ((until_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE billing.gateway_meter IS 'meters at the head of an area or feeder 台区考核表, 关口表, one at a time';
CREATE UNIQUE INDEX gateway_meter_area_id_key ON billing.gateway_meter (area_id) WHERE until_at IS NULL;
CREATE UNIQUE INDEX gateway_meter_feeder_id_key ON billing.gateway_meter (feeder_id) WHERE until_at IS NULL;
CREATE INDEX gateway_meter_org_id_idx ON billing.gateway_meter (org_id, meter_id, from_at);

CREATE TABLE billing.gateway_reading (
	meter_id	bigint NOT NULL,
	register	text NOT NULL DEFAULT 'total',
	read_at		timestamptz NOT NULL,
	from_at		timestamptz NOT NULL,
	org_id		bigint NOT NULL,
	value		numeric(18,6) NOT NULL,
	recorded_by	text NOT NULL DEFAULT billing.actor(),
	PRIMARY KEY (meter_id, register, read_at),
	FOREIGN KEY (meter_id, from_at, org_id) REFERENCES billing.gateway_meter (meter_id, from_at, org_id) ON UPDATE CASCADE,
	CONSTRAINT gateway_reading_read_at_later CHECK (isfinite(read_at) AND read_at >= from_at),
	CONSTRAINT gateway_reading_value_nonnegative CHECK (value >= 0 AND value < 1000000000000)
);
COMMENT ON TABLE billing.gateway_reading IS 'what gateway meters show; only added to';
COMMENT ON COLUMN billing.gateway_reading.from_at IS 'the installation that it belongs to';
CREATE INDEX gateway_reading_org_id_idx ON billing.gateway_reading (org_id);

CREATE TABLE billing.equipment_fault (
	fault_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id			bigint NOT NULL REFERENCES billing.org,
	meter_id		bigint REFERENCES billing.meter,
	transformer_id	bigint REFERENCES billing.instrument_transformer,
	area_id			bigint REFERENCES billing.transformer_area,
	feeder_id		bigint REFERENCES billing.feeder,
	kind			text NOT NULL,
	description		text NOT NULL DEFAULT '',
	reported_by		text NOT NULL DEFAULT billing.actor(),
	reported_at		timestamptz NOT NULL DEFAULT clock_timestamp(),
	due_on			date,
	remedy			text,
	note			text,
	closed_by		text,
	closed_at		timestamptz,
	CONSTRAINT equipment_fault_of_one CHECK (num_nonnulls(meter_id, transformer_id, area_id, feeder_id) = 1),
	CONSTRAINT equipment_fault_kind_known CHECK (kind IN ('stopped', 'wrong', 'display', 'burnt', 'seal', 'wiring', 'communication', 'outage', 'other')),
	CONSTRAINT equipment_fault_description_bounded CHECK (length(description) <= 2000 AND length(note) <= 2000),
	CONSTRAINT equipment_fault_remedy_known CHECK (remedy IN ('repaired', 'exchanged', 'no_fault', 'scrapped')),
	CONSTRAINT equipment_fault_closed_whole CHECK (num_nulls(remedy, closed_by, closed_at) IN (0, 3))
);
COMMENT ON TABLE billing.equipment_fault IS 'faults of equipment 故障: reported, and closed with what was done; a meter''s exchange closes its faults';
COMMENT ON COLUMN billing.equipment_fault.kind IS
'stopped: counts nothing; wrong: counts wrongly; display, burnt, seal (broken or missing), wiring, communication, outage of an area or feeder, other';
COMMENT ON COLUMN billing.equipment_fault.due_on IS 'by when it is to be seen to';
CREATE INDEX equipment_fault_org_id_idx ON billing.equipment_fault (org_id);
CREATE INDEX equipment_fault_meter_id_idx ON billing.equipment_fault (meter_id) WHERE meter_id IS NOT NULL;
CREATE INDEX equipment_fault_transformer_id_idx ON billing.equipment_fault (transformer_id) WHERE transformer_id IS NOT NULL;

INSERT INTO billing.approval_act (act, kind, meaning) VALUES ('disconnection', 'supply', 'cutting the supply of an account that owes, for another cause that can wait');
