/*
 * Loads foreseen, kept beside what came; the weather they were foreseen with;
 * plans of supply made of them.
 */
CREATE TABLE billing.temperature_day (
	org_id		bigint NOT NULL REFERENCES billing.org,
	day			date NOT NULL,
	profile		billing.profile NOT NULL,
	source		text NOT NULL DEFAULT '',
	recorded_by	text NOT NULL DEFAULT billing.actor(),
	recorded_at	timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (org_id, day),
	CONSTRAINT temperature_day_profile_celsius CHECK (billing.unit(profile) = 'degC'),
	CONSTRAINT temperature_day_profile_whole CHECK (billing.days(profile) = daterange(day, day + 1)),
	CONSTRAINT temperature_day_source_bounded CHECK (length(source) <= 200)
);
COMMENT ON TABLE billing.temperature_day IS 'temperatures of an org and all below it, a local day a row: as it was, or as the weather forecast says; what is recorded later replaces';

CREATE TABLE billing.load_forecast_run (
	run_id		bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	history_from date NOT NULL,
	from_on		date NOT NULL,
	until_on	date NOT NULL,
	slot		interval NOT NULL,
	options		jsonb NOT NULL,
	calendar_code text,
	with_temperature boolean NOT NULL,
	made_by		text NOT NULL DEFAULT billing.actor(),
	made_at		timestamptz NOT NULL DEFAULT now(),
	CONSTRAINT load_forecast_run_ordered CHECK (isfinite(history_from) AND isfinite(until_on) AND history_from < from_on AND from_on < until_on),
	CONSTRAINT load_forecast_run_options_object CHECK (jsonb_typeof(options) = 'object')
);
COMMENT ON TABLE billing.load_forecast_run IS 'versions of load forecasts 负荷预测: of an org and all below it, from which history until when, made by whom; only added to';
COMMENT ON COLUMN billing.load_forecast_run.from_on IS 'the first day that is foreseen; the history is the days before it';
COMMENT ON COLUMN billing.load_forecast_run.options IS 'as forecast() takes them';
COMMENT ON COLUMN billing.load_forecast_run.calendar_code IS 'the calendar whose holidays were known; null: none';
CREATE INDEX load_forecast_run_org_id_idx ON billing.load_forecast_run (org_id, from_on);

CREATE TABLE billing.load_forecast (
	run_id		bigint NOT NULL REFERENCES billing.load_forecast_run,
	line_no		integer NOT NULL,
	level		text NOT NULL,
	org_id		bigint NOT NULL REFERENCES billing.org,
	feeder_id	bigint REFERENCES billing.feeder,
	plan_id		bigint REFERENCES billing.plan,
	forecast	billing.profile NOT NULL,
	lower		billing.profile,
	upper		billing.profile,
	kind		text NOT NULL,
	weights		jsonb NOT NULL,
	PRIMARY KEY (run_id, line_no),
	CONSTRAINT load_forecast_place_key UNIQUE NULLS NOT DISTINCT (run_id, level, feeder_id, plan_id),
	CONSTRAINT load_forecast_level_known CHECK (level IN ('org', 'feeder', 'plan')),
	CONSTRAINT load_forecast_place_of_level CHECK ((feeder_id IS NULL OR level = 'feeder') AND (plan_id IS NULL OR level = 'plan'))
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE billing.load_forecast IS 'what was foreseen of the org, of each feeder and of each price plan: feeders and plans each add up to the org in every slot; only added to';
COMMENT ON COLUMN billing.load_forecast.feeder_id IS 'null at level feeder: of points that hang on no feeder';
COMMENT ON COLUMN billing.load_forecast.lower IS 'with upper: the interval, see forecast(); null: the history is too short to tell';

CREATE TABLE billing.account_forecast (
	account_id	bigint NOT NULL,
	run_id		bigint NOT NULL REFERENCES billing.load_forecast_run,
	org_id		bigint NOT NULL,
	feeder_id	bigint REFERENCES billing.feeder,
	forecast	billing.profile NOT NULL,
	lower		billing.profile,
	upper		billing.profile,
	kind		text NOT NULL,
	weights		jsonb NOT NULL,
	PRIMARY KEY (account_id, run_id),
	FOREIGN KEY (account_id, org_id) REFERENCES billing.account (account_id, org_id) ON UPDATE CASCADE
) WITH (toast_tuple_target = 8160);
COMMENT ON TABLE billing.account_forecast IS 'what was foreseen of single accounts, where asked: those of a feeder add up to it in every slot; only added to';
CREATE INDEX account_forecast_run_id_idx ON billing.account_forecast (run_id);

CREATE TABLE billing.feeder_capacity (
	feeder_id	bigint NOT NULL,
	from_on		date NOT NULL,
	org_id		bigint NOT NULL,
	capacity_kw	numeric(12,3) NOT NULL,
	set_by		text NOT NULL DEFAULT billing.actor(),
	set_at		timestamptz NOT NULL DEFAULT now(),
	PRIMARY KEY (feeder_id, from_on),
	FOREIGN KEY (feeder_id, org_id) REFERENCES billing.feeder (feeder_id, org_id) ON UPDATE CASCADE,
	CONSTRAINT feeder_capacity_from_on_finite CHECK (isfinite(from_on)),
	CONSTRAINT feeder_capacity_capacity_kw_positive CHECK (capacity_kw > 0 AND capacity_kw < 100000000)
);
COMMENT ON TABLE billing.feeder_capacity IS 'what a line may carry 线路限额, from a day on until its next row; without one what its transformers together may, where nothing hangs on the line itself';

CREATE TABLE billing.supply_plan (
	supply_plan_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	org_id		bigint NOT NULL REFERENCES billing.org,
	from_month	date NOT NULL,
	months		integer NOT NULL,
	version		integer NOT NULL,
	state		text NOT NULL DEFAULT 'draft',
	history_from date NOT NULL,
	power_factor numeric(4,3) NOT NULL,
	note		text NOT NULL DEFAULT '',
	made_by		text NOT NULL DEFAULT billing.actor(),
	made_at		timestamptz NOT NULL DEFAULT now(),
	adopted_by	text,
	adopted_at	timestamptz,
	CONSTRAINT supply_plan_version_key UNIQUE (from_month, org_id, version),
	CONSTRAINT supply_plan_org_id_key UNIQUE (supply_plan_id, org_id),
	CONSTRAINT supply_plan_from_month_first CHECK (extract(day FROM from_month) = 1),
	CONSTRAINT supply_plan_months_bounded CHECK (months BETWEEN 1 AND 36),
	CONSTRAINT supply_plan_state_known CHECK (state IN ('draft', 'adopted', 'superseded', 'withdrawn')),
	CONSTRAINT supply_plan_power_factor_bounded CHECK (power_factor > 0 AND power_factor <= 1),
	CONSTRAINT supply_plan_note_bounded CHECK (length(note) <= 1000),
	CONSTRAINT supply_plan_adopted_whole CHECK ((adopted_by IS NULL) = (adopted_at IS NULL) AND (state IN ('adopted', 'superseded')) = (adopted_by IS NOT NULL))
);
COMMENT ON TABLE billing.supply_plan IS 'plans of supply 供电计划 by month, in versions: made of a forecast, adopted with the approval of a second person, superseded by the next that is adopted';
COMMENT ON COLUMN billing.supply_plan.power_factor IS 'by which ratings in kVA become kW';
CREATE INDEX supply_plan_state_idx ON billing.supply_plan (org_id, state, supply_plan_id);

CREATE TABLE billing.supply_plan_line (
	supply_plan_id bigint NOT NULL,
	line_no		integer NOT NULL,
	org_id		bigint NOT NULL,
	feeder_id	bigint REFERENCES billing.feeder,
	area_id		bigint REFERENCES billing.transformer_area,
	level		text NOT NULL,
	month		date NOT NULL,
	energy_kwh	numeric(16,3) NOT NULL,
	lower_kwh	numeric(16,3),
	upper_kwh	numeric(16,3),
	peak_kw		numeric(14,3),
	capacity_kw	numeric(14,3),
	load_percent numeric(8,2) GENERATED ALWAYS AS (round(100 * peak_kw / capacity_kw, 2)) STORED,
	PRIMARY KEY (supply_plan_id, line_no),
	FOREIGN KEY (supply_plan_id, org_id) REFERENCES billing.supply_plan (supply_plan_id, org_id),
	CONSTRAINT supply_plan_line_place_key UNIQUE NULLS NOT DISTINCT (supply_plan_id, level, feeder_id, area_id, month),
	CONSTRAINT supply_plan_line_level_known CHECK (level IN ('feeder', 'area', 'direct')),
	CONSTRAINT supply_plan_line_area_of_level CHECK ((area_id IS NOT NULL) = (level = 'area')),
	CONSTRAINT supply_plan_line_capacity_kw_positive CHECK (capacity_kw > 0)
);
COMMENT ON TABLE billing.supply_plan_line IS 'a month of a feeder, of its areas, and of what hangs on the line itself (direct): areas and direct add up to the feeder; only added to';
COMMENT ON COLUMN billing.supply_plan_line.peak_kw IS 'the month''s mean by the load factor of the last three months; null: nothing was read in them';
COMMENT ON COLUMN billing.supply_plan_line.capacity_kw IS 'as it was when the plan was made; null: not known';
COMMENT ON COLUMN billing.supply_plan_line.load_percent IS 'of the capacity; above 100 is an overload 过载';

INSERT INTO billing.approval_act (act, kind, always, meaning) VALUES ('supply_plan', 'supply', true, 'adopting a plan of supply');
