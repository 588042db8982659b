/*
 * Validation, estimation, editing of readings.  Costs are in units of about
 * 40 ns, measured on a month of quarter-hours.
 */
-- rules

CREATE FUNCTION billing.validation_rules()
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_validation_rules';
COMMENT ON FUNCTION billing.validation_rules() IS
'the rules that validate() and validated() go by where none are given; a list to start from';

CREATE FUNCTION billing.estimation_rules()
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100
AS 'MODULE_PATHNAME', 'billing_estimation_rules';
COMMENT ON FUNCTION billing.estimation_rules() IS
'the rules that estimate() and estimation() go by where none are given; every member may be left out';

CREATE FUNCTION billing.validation_check(rules json)
RETURNS TABLE (path text, problem text, hint text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 ROWS 5
AS 'MODULE_PATHNAME', 'billing_validation_check';
COMMENT ON FUNCTION billing.validation_check(json) IS
'all problems of a list of validation rules at once, each with its JSON path and what would be right; no row: the rules are good';

CREATE FUNCTION billing.estimation_check(rules json)
RETURNS TABLE (path text, problem text, hint text)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500 ROWS 5
AS 'MODULE_PATHNAME', 'billing_estimation_check';
COMMENT ON FUNCTION billing.estimation_check(json) IS
'all problems of estimation rules at once, each with its JSON path and what would be right; no row: the rules are good';

-- validation

CREATE FUNCTION billing.validate(profile billing.profile, rules jsonb DEFAULT NULL,
	history billing.profile DEFAULT NULL, registers jsonb DEFAULT NULL, market billing.market DEFAULT NULL,
	OUT rule text, OUT severity text, OUT from_at timestamptz, OUT until_at timestamptz, OUT slots integer,
	OUT measured numeric, OUT bound numeric, OUT unit text, OUT detail text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 10
AS 'MODULE_PATHNAME', 'billing_validate';
COMMENT ON FUNCTION billing.validate(billing.profile, jsonb, billing.profile, jsonb, billing.market) IS
'what is wrong with the readings of a profile, rule by rule: the span, what was measured and the limit it breaks. severity is reject, suspect or notice, as the rule says, or unchecked where a rule lacks what it needs (history, registers). rules is a list such as [{"rule": "capacity", "kw": 80}], by default validation_rules(); history has the channel''s other readings, before or after; registers are energies between readings of the meter''s register, as in usage(); market has the holidays. Values that were corrected, substituted or estimated are not questioned again';

CREATE FUNCTION billing.validated(profile billing.profile, rules jsonb DEFAULT NULL,
	history billing.profile DEFAULT NULL, registers jsonb DEFAULT NULL, market billing.market DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_validated';
COMMENT ON FUNCTION billing.validated(billing.profile, jsonb, billing.profile, jsonb, billing.market) IS
'a profile as validate() finds it: rejected slots are missing, so that estimate() can fill them, suspected ones that were actual are suspect';

-- estimation

CREATE FUNCTION billing.estimate(profile billing.profile, rules jsonb DEFAULT NULL,
	history billing.profile DEFAULT NULL, registers jsonb DEFAULT NULL, market billing.market DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_estimate';
COMMENT ON FUNCTION billing.estimate(billing.profile, jsonb, billing.profile, jsonb, billing.market) IS
'a profile with its missing slots estimated: a gap of up to two hours by a line between its neighbours, a longer one by the mean of ten like days on both sides, both scaled so that the slots of a register''s span add up to it exactly. Estimated slots have the quality estimated; what cannot be estimated stays missing, and estimation() says why. rules are by default estimation_rules(); history has the channel''s other readings, before or after; registers are energies between readings, as in usage(); market has the holidays';

CREATE FUNCTION billing.estimation(profile billing.profile, rules jsonb DEFAULT NULL,
	history billing.profile DEFAULT NULL, registers jsonb DEFAULT NULL, market billing.market DEFAULT NULL,
	OUT from_at timestamptz, OUT until_at timestamptz, OUT slots integer, OUT method text,
	OUT energy_kwh numeric, OUT unscaled_kwh numeric, OUT like_days date[], OUT register_during tstzrange, OUT reason text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000 ROWS 5
AS 'MODULE_PATHNAME', 'billing_estimation';
COMMENT ON FUNCTION billing.estimation(billing.profile, jsonb, billing.profile, jsonb, billing.market) IS
'what estimate() with the same arguments does, span by span: the method (linear, flat, like days, even, or none), the energy estimated and what it was before scaling, the days it is the mean of, the register it was scaled to, and why something was not done';

-- editing

CREATE FUNCTION billing.edit(profile billing.profile, from_at timestamptz, "values" numeric[],
	quality text DEFAULT 'corrected', unit text DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_edit';
COMMENT ON FUNCTION billing.edit(billing.profile, timestamptz, numeric[], text, text) IS
'a profile with other values from a moment on, one a slot, null for missing; in the profile''s plain unit (Wh), or in the unit named, such as kWh. They get the quality corrected, or the one named';

CREATE FUNCTION billing.set_quality(profile billing.profile, from_at timestamptz, until_at timestamptz, quality text)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
AS 'MODULE_PATHNAME', 'billing_profile_set_quality';
COMMENT ON FUNCTION billing.set_quality(billing.profile, timestamptz, timestamptz, text) IS
'a profile whose slots in [from_at, until_at) have that quality: corrected confirms what validation suspected, missing rejects the values. Missing slots stay missing';

CREATE FUNCTION billing.overlay(profile billing.profile, by billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_overlay';
COMMENT ON FUNCTION billing.overlay(billing.profile, billing.profile) IS
'the slots of two deliveries of one channel: where both have a slot, that of "by" counts unless it is missing there; slots of neither are missing';

CREATE FUNCTION billing.merge(profile billing.profile, by billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_merge';
COMMENT ON FUNCTION billing.merge(billing.profile, billing.profile) IS
'the slots of two deliveries of one channel: where both have a slot, the better quality counts (corrected, actual, substituted, estimated, suspect), of two of one quality that of "by"; a missing slot takes nothing away';

-- completeness

CREATE FUNCTION billing.completeness(profile billing.profile, during tstzrange DEFAULT NULL,
	OUT expected bigint, OUT actual bigint, OUT estimated bigint, OUT suspect bigint, OUT missing bigint, OUT percent numeric)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_completeness';
COMMENT ON FUNCTION billing.completeness(billing.profile, tstzrange) IS
'how many slots of a span (default: the profile''s own) were to be read, and how many were: actual (or corrected), estimated (or substituted), suspect, missing; percent is the share that was read, actual and suspect, cut off at two decimals';

CREATE FUNCTION billing.hourly_completeness(profile billing.profile, during tstzrange DEFAULT NULL,
	OUT at timestamptz, OUT expected bigint, OUT actual bigint, OUT estimated bigint, OUT suspect bigint, OUT missing bigint)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 2000 ROWS 744
AS 'MODULE_PATHNAME', 'billing_hourly_completeness';
COMMENT ON FUNCTION billing.hourly_completeness(billing.profile, tstzrange) IS
'the same for each local hour of the span: sum the rows of many meters by "at" to see which hours came in';

CREATE FUNCTION billing.missing_reads(profile billing.profile, during tstzrange DEFAULT NULL,
	OUT from_at timestamptz, OUT until_at timestamptz, OUT slots bigint)
RETURNS SETOF record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200 ROWS 3
AS 'MODULE_PATHNAME', 'billing_missing_reads';
COMMENT ON FUNCTION billing.missing_reads(billing.profile, tstzrange) IS
'the spans without readings within a span (default: the profile''s own), those outside the profile too; of a profile that is null the whole span, slots not known';
