/*
 * Profiles: making, looking at, cutting, reckoning with them.  Costs are in
 * units of about 40 ns, measured on a month of quarter-hours.
 */
-- making

CREATE FUNCTION billing.profile(start_at timestamptz, slot interval, energy_wh bigint[],
	unit text DEFAULT 'Wh', time_zone text DEFAULT NULL,
	quality text[] DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_profile_from_int8';
COMMENT ON FUNCTION billing.profile(timestamptz, interval, bigint[], text, text, text[])
	IS 'a profile of whole numbers of unit (watt-hours): slots follow each other from start_at on; null is a missing slot. unit may carry a prefix (kWh, MWh, kvarh, W, V ...). time_zone is a name or a fixed offset such as +08:00 and says where days begin; without it UTC does. quality is one word for all slots or one for each: actual, estimated, substituted, corrected, suspect, missing';

CREATE FUNCTION billing.profile(start_at timestamptz, slot interval, energy_wh integer[],
	unit text DEFAULT 'Wh', time_zone text DEFAULT NULL,
	quality text[] DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_profile_from_int4';
COMMENT ON FUNCTION billing.profile(timestamptz, interval, integer[], text, text, text[])
	IS 'a profile of whole numbers of unit (watt-hours): slots follow each other from start_at on; null is a missing slot. unit may carry a prefix (kWh, MWh, kvarh, W, V ...). time_zone is a name or a fixed offset such as +08:00 and says where days begin; without it UTC does. quality is one word for all slots or one for each: actual, estimated, substituted, corrected, suspect, missing';

CREATE FUNCTION billing.profile(start_at timestamptz, slot interval, energy_kwh numeric[],
	unit text DEFAULT 'kWh', time_zone text DEFAULT NULL,
	quality text[] DEFAULT NULL)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'billing_profile_from_numeric';
COMMENT ON FUNCTION billing.profile(timestamptz, interval, numeric[], text, text, text[])
	IS 'a profile of decimals of unit (kWh), exact down to 10^-9 kWh; finer input is rounded half up there. Slots follow each other from start_at on; null is a missing slot. unit may carry a prefix (kWh, MWh, kvarh, W, V ...). time_zone is a name or a fixed offset such as +08:00 and says where days begin; without it UTC does. quality is one word for all slots or one for each: actual, estimated, substituted, corrected, suspect, missing';

CREATE FUNCTION billing.profile(form jsonb)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'billing_profile_from_jsonb';
COMMENT ON FUNCTION billing.profile(jsonb)
	IS 'a profile from its jsonb form, which is its text form';

CREATE FUNCTION billing.jsonb(profile billing.profile)
RETURNS jsonb
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5000
AS 'MODULE_PATHNAME', 'billing_profile_to_jsonb';
COMMENT ON FUNCTION billing.jsonb(billing.profile)
	IS 'jsonb form of a profile, which is its text form';

CREATE CAST (billing.profile AS jsonb) WITH FUNCTION billing.jsonb(billing.profile);
COMMENT ON CAST (billing.profile AS jsonb) IS 'the text form of a profile as jsonb';

CREATE CAST (jsonb AS billing.profile) WITH FUNCTION billing.profile(jsonb);
COMMENT ON CAST (jsonb AS billing.profile) IS 'a profile from its jsonb form';

-- what it says of itself

CREATE FUNCTION billing.start_at(profile billing.profile)
RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_start_at';
COMMENT ON FUNCTION billing.start_at(billing.profile)
	IS 'start of the first slot';

CREATE FUNCTION billing.until_at(profile billing.profile)
RETURNS timestamptz
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_until_at';
COMMENT ON FUNCTION billing.until_at(billing.profile)
	IS 'end of the last slot';

CREATE FUNCTION billing.during(profile billing.profile)
RETURNS tstzrange
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_during';
COMMENT ON FUNCTION billing.during(billing.profile)
	IS 'the span of a profile, from the start of its first slot to the end of its last';

CREATE FUNCTION billing.days(profile billing.profile)
RETURNS daterange
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_profile_days';
COMMENT ON FUNCTION billing.days(billing.profile)
	IS 'the local days, in its time zone, on which a profile has slots, from the first to the last';

CREATE FUNCTION billing.slot(profile billing.profile)
RETURNS interval
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_slot';
COMMENT ON FUNCTION billing.slot(billing.profile)
	IS 'length of a slot';

CREATE FUNCTION billing.slot_count(profile billing.profile)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_slot_count';
COMMENT ON FUNCTION billing.slot_count(billing.profile)
	IS 'number of slots, those that are missing too';

CREATE FUNCTION billing.missing_count(profile billing.profile)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_profile_missing_count';
COMMENT ON FUNCTION billing.missing_count(billing.profile)
	IS 'number of missing slots';

CREATE FUNCTION billing.unit(profile billing.profile)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_unit';
COMMENT ON FUNCTION billing.unit(billing.profile)
	IS 'unit of the values: Wh, varh, VAh (energies), W, var, VA, V, A, Hz, PF, degC (levels)';

CREATE FUNCTION billing.time_zone(profile billing.profile)
RETURNS text
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 1
AS 'MODULE_PATHNAME', 'billing_profile_time_zone';
COMMENT ON FUNCTION billing.time_zone(billing.profile)
	IS 'the zone whose midnights begin the days of a profile: a name, or a fixed offset';

CREATE FUNCTION billing.qualities(profile billing.profile, OUT quality text, OUT slots integer)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200 ROWS 2
AS 'MODULE_PATHNAME', 'billing_profile_qualities';
COMMENT ON FUNCTION billing.qualities(billing.profile)
	IS 'how many slots there are of each quality';

CREATE FUNCTION billing.slots(profile billing.profile, OUT at timestamptz, OUT value numeric, OUT quality text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 8000 ROWS 2976
AS 'MODULE_PATHNAME', 'billing_profile_slots';
COMMENT ON FUNCTION billing.slots(billing.profile)
	IS 'the slots of a profile as rows: at is the start, value is in the plain unit (Wh, not kWh), null where missing';

CREATE FUNCTION billing.value_at(profile billing.profile, at timestamptz)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 30
AS 'MODULE_PATHNAME', 'billing_profile_value_at';
COMMENT ON FUNCTION billing.value_at(billing.profile, timestamptz)
	IS 'the value of the slot that a moment lies in, in the plain unit (Wh, not kWh); null where the slot is missing, and outside the profile';

CREATE FUNCTION billing.daily(profile billing.profile, OUT day date, OUT energy_kwh numeric, OUT quality text)
RETURNS SETOF record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 300 ROWS 31
AS 'MODULE_PATHNAME', 'billing_profile_daily';
COMMENT ON FUNCTION billing.daily(billing.profile)
	IS 'the energy of each local day of its time zone in kWh (kvarh, kVAh), with the worst quality of the day; missing slots count as nothing, a day of nothing else is null. An error for levels such as V';

CREATE FUNCTION billing.gaps(profile billing.profile)
RETURNS SETOF tstzrange
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 150 ROWS 2
AS 'MODULE_PATHNAME', 'billing_profile_gaps';
COMMENT ON FUNCTION billing.gaps(billing.profile)
	IS 'the spans in which slots are missing';

-- energy and demand

CREATE FUNCTION billing.energy_wh(profile billing.profile)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_energy_wh';
COMMENT ON FUNCTION billing.energy_wh(billing.profile)
	IS 'energy of all slots in Wh (varh, VAh); missing slots count as nothing, see missing_count(). An error for levels such as V';

CREATE FUNCTION billing.energy_kwh(profile billing.profile)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_energy_kwh';
COMMENT ON FUNCTION billing.energy_kwh(billing.profile)
	IS 'energy of all slots in kWh (kvarh, kVAh); missing slots count as nothing, see missing_count(). An error for levels such as V';

CREATE FUNCTION billing.peak(profile billing.profile, window_length interval DEFAULT NULL, sliding boolean DEFAULT false,
	OUT kw numeric, OUT at timestamptz)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 40
AS 'MODULE_PATHNAME', 'billing_profile_peak';
COMMENT ON FUNCTION billing.peak(billing.profile, interval, boolean)
	IS 'the highest mean power in kW (kvar, kVA) over windows of the given length (default: one slot), and the start of that window; of equal ones the first. By block the windows lie on the grid of the local day, sliding ones begin at any slot. Windows with a missing slot do not count; null where none is whole';

CREATE FUNCTION billing.peak_kw(profile billing.profile, window_length interval DEFAULT NULL)
RETURNS numeric
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 40
AS 'MODULE_PATHNAME', 'billing_profile_peak_kw';
COMMENT ON FUNCTION billing.peak_kw(billing.profile, interval)
	IS 'the highest mean power in kW (kvar, kVA) over windows on the grid of the local day (default: one slot); see peak() for the moment';

CREATE FUNCTION billing.sliding_peak_kw(profile billing.profile, window_length interval)
RETURNS numeric
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 250
AS 'MODULE_PATHNAME', 'billing_profile_sliding_peak_kw';
COMMENT ON FUNCTION billing.sliding_peak_kw(billing.profile, interval)
	IS 'the highest mean power in kW (kvar, kVA) over windows that begin at any slot; see peak() for the moment';

CREATE FUNCTION billing.load_factor(profile billing.profile)
RETURNS numeric
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_profile_load_factor';
COMMENT ON FUNCTION billing.load_factor(billing.profile)
	IS 'mean slot over highest slot, to six decimals; null where nothing is above zero. Missing slots do not count';

CREATE FUNCTION billing.statistics(profile billing.profile,
	OUT slots integer, OUT missing integer, OUT not_actual integer, OUT zeros integer,
	OUT min numeric, OUT min_at timestamptz, OUT max numeric, OUT max_at timestamptz,
	OUT mean numeric, OUT sum numeric, OUT load_factor numeric)
RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_profile_statistics';
COMMENT ON FUNCTION billing.statistics(billing.profile)
	IS 'counts and extremes of the slots, in the plain unit; the mean to six decimals of the last one kept; no sum for levels. not_actual counts the slots that are there but estimated, substituted, corrected or suspect';

CREATE FUNCTION billing.storage(profile billing.profile,
	OUT bytes integer, OUT bytes_per_slot numeric, OUT blocks integer, OUT wide_blocks integer,
	OUT quality_blocks integer, OUT min_width integer, OUT max_width integer)
RETURNS record
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 30
AS 'MODULE_PATHNAME', 'billing_profile_storage';
COMMENT ON FUNCTION billing.storage(billing.profile)
	IS 'how a profile is packed: its bytes, blocks (days), those with values beyond 16 bits, those with qualities of their own, and the bits a slot takes';

-- cutting and reckoning

CREATE FUNCTION billing.slice(profile billing.profile, from_at timestamptz, until_at timestamptz)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_profile_slice';
COMMENT ON FUNCTION billing.slice(billing.profile, timestamptz, timestamptz)
	IS 'the slots of a profile from from_at on and before until_at; null where none is in the span. A border within a slot is an error';

CREATE FUNCTION billing.slice(profile billing.profile, during daterange)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 150
AS 'MODULE_PATHNAME', 'billing_profile_slice_days';
COMMENT ON FUNCTION billing.slice(billing.profile, daterange)
	IS 'the slots of a profile on these local days of its time zone; null where it has none of them';

CREATE FUNCTION billing.concat(profile billing.profile, other billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
AS 'MODULE_PATHNAME', 'billing_profile_concat';
COMMENT ON FUNCTION billing.concat(billing.profile, billing.profile)
	IS 'the slots of two profiles that do not overlap, whichever is first; slots between them are missing';

CREATE FUNCTION billing.add(profile billing.profile, other billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_add';
COMMENT ON FUNCTION billing.add(billing.profile, billing.profile)
	IS 'sum of two profiles of the same slots; a slot that either misses is missing, the worse quality counts';

CREATE FUNCTION billing.subtract(profile billing.profile, other billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_subtract';
COMMENT ON FUNCTION billing.subtract(billing.profile, billing.profile)
	IS 'difference of two profiles of the same slots; a slot that either misses is missing, the worse quality counts';

CREATE FUNCTION billing.negate(profile billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 300
AS 'MODULE_PATHNAME', 'billing_profile_negate';
COMMENT ON FUNCTION billing.negate(billing.profile)
	IS 'every value with its sign turned';

CREATE FUNCTION billing.apparent(active billing.profile, reactive billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 2000
AS 'MODULE_PATHNAME', 'billing_profile_apparent';
COMMENT ON FUNCTION billing.apparent(billing.profile, billing.profile)
	IS 'apparent energy (VAh) of active (Wh) and reactive energy (varh) of the same slots: in each slot the root of both squares, half up at the finer of both scales; a slot that either misses is missing, the worse quality counts. W and var give VA';

CREATE FUNCTION billing.positive(profile billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 300
AS 'MODULE_PATHNAME', 'billing_profile_positive';
COMMENT ON FUNCTION billing.positive(billing.profile)
	IS 'what is above zero; negative slots become zero';

CREATE FUNCTION billing.negative(profile billing.profile)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 300
AS 'MODULE_PATHNAME', 'billing_profile_negative';
COMMENT ON FUNCTION billing.negative(billing.profile)
	IS 'what is below zero, as positive numbers; positive slots become zero';

CREATE FUNCTION billing.scale(profile billing.profile, factor numeric)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_profile_scale';
COMMENT ON FUNCTION billing.scale(billing.profile, numeric)
	IS 'every value times a factor, exact; what is finer than 10^-9 kWh is rounded half up there';

CREATE FUNCTION billing.portion(profile billing.profile, energy_kwh numeric)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_profile_portion';
COMMENT ON FUNCTION billing.portion(billing.profile, numeric)
	IS 'the part of a profile that has this energy in all, each slot in proportion, in steps of 10^-6 kWh; the slots add up to it exactly, so that profile - portion(profile, kwh) is the rest';

CREATE FUNCTION billing.resample(profile billing.profile, slot interval)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_profile_resample';
COMMENT ON FUNCTION billing.resample(billing.profile, interval)
	IS 'a profile with slots of another length. Energy is kept exactly: longer slots are sums, shorter ones split evenly, in steps of 10^-6 kWh at the finest, by largest remainder. Levels: means, and repeats. A longer slot of which a part is missing is missing';

CREATE FUNCTION billing.in_zone(profile billing.profile, time_zone text)
RETURNS billing.profile
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 250
AS 'MODULE_PATHNAME', 'billing_profile_in_zone';
COMMENT ON FUNCTION billing.in_zone(billing.profile, text)
	IS 'the same slots with days that begin at the midnights of another time zone';

-- comparing

CREATE FUNCTION billing.equal(profile billing.profile, other billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_equal';
COMMENT ON FUNCTION billing.equal(billing.profile, billing.profile)
	IS 'same span, slots, unit, values and qualities; zone and scale do not count';

CREATE FUNCTION billing.not_equal(profile billing.profile, other billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_not_equal';
COMMENT ON FUNCTION billing.not_equal(billing.profile, billing.profile)
	IS 'not the same span, slots, unit, values and qualities';

CREATE FUNCTION billing.hash(profile billing.profile)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_hash';
COMMENT ON FUNCTION billing.hash(billing.profile)
	IS 'hash of the logical content, for hash joins and grouping';

CREATE FUNCTION billing.hash_extended(profile billing.profile, seed bigint)
RETURNS bigint
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 400
AS 'MODULE_PATHNAME', 'billing_profile_hash_extended';
COMMENT ON FUNCTION billing.hash_extended(billing.profile, bigint)
	IS '64-bit hash of the logical content';

CREATE FUNCTION billing.digest(profile billing.profile)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_profile_digest';
COMMENT ON FUNCTION billing.digest(billing.profile)
	IS 'SHA-256 of the logical content: span, slot, unit, values and qualities; the same however the profile was made, scaled or packed';

CREATE OPERATOR billing.= (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.equal,
	COMMUTATOR = OPERATOR(billing.=), NEGATOR = OPERATOR(billing.<>),
	RESTRICT = eqsel, JOIN = eqjoinsel, HASHES
);
COMMENT ON OPERATOR billing.= (billing.profile, billing.profile) IS 'same span, slots, unit, values and qualities';

CREATE OPERATOR billing.<> (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.not_equal,
	COMMUTATOR = OPERATOR(billing.<>), NEGATOR = OPERATOR(billing.=),
	RESTRICT = neqsel, JOIN = neqjoinsel
);
COMMENT ON OPERATOR billing.<> (billing.profile, billing.profile) IS 'not the same span, slots, unit, values and qualities';

CREATE OPERATOR billing.|| (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.concat,
	COMMUTATOR = OPERATOR(billing.||)
);
COMMENT ON OPERATOR billing.|| (billing.profile, billing.profile) IS 'the slots of two profiles that do not overlap';

CREATE OPERATOR billing.+ (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.add,
	COMMUTATOR = OPERATOR(billing.+)
);
COMMENT ON OPERATOR billing.+ (billing.profile, billing.profile) IS 'sum of two profiles of the same slots';

CREATE OPERATOR billing.- (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.subtract
);
COMMENT ON OPERATOR billing.- (billing.profile, billing.profile) IS 'difference of two profiles of the same slots';

CREATE OPERATOR billing.- (
	RIGHTARG = billing.profile, FUNCTION = billing.negate
);
COMMENT ON OPERATOR billing.- (NONE, billing.profile) IS 'every value with its sign turned';

CREATE OPERATOR billing.* (
	LEFTARG = billing.profile, RIGHTARG = numeric, FUNCTION = billing.scale
);
COMMENT ON OPERATOR billing.* (billing.profile, numeric) IS 'every value times a factor';

CREATE OPERATOR CLASS billing.profile_hash_ops
	DEFAULT FOR TYPE billing.profile USING hash AS
	OPERATOR 1 billing.=,
	FUNCTION 1 billing.hash(billing.profile),
	FUNCTION 2 billing.hash_extended(billing.profile, bigint);
COMMENT ON OPERATOR CLASS billing.profile_hash_ops USING hash IS 'grouping and joining by the logical content of profiles';
COMMENT ON OPERATOR FAMILY billing.profile_hash_ops USING hash IS 'grouping and joining by the logical content of profiles';

-- an order: for sorting, DISTINCT and indexes

CREATE FUNCTION billing.profile_lt(billing.profile, billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_lt';
COMMENT ON FUNCTION billing.profile_lt(billing.profile, billing.profile) IS 'before in the order of start, number of slots, slot, unit, then values and qualities';

CREATE FUNCTION billing.profile_le(billing.profile, billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_le';
COMMENT ON FUNCTION billing.profile_le(billing.profile, billing.profile) IS 'before, or equal in the order of start, number of slots, slot, unit, then values and qualities';

CREATE FUNCTION billing.profile_ge(billing.profile, billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_ge';
COMMENT ON FUNCTION billing.profile_ge(billing.profile, billing.profile) IS 'after, or equal in the order of start, number of slots, slot, unit, then values and qualities';

CREATE FUNCTION billing.profile_gt(billing.profile, billing.profile)
RETURNS boolean
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_gt';
COMMENT ON FUNCTION billing.profile_gt(billing.profile, billing.profile) IS 'after in the order of start, number of slots, slot, unit, then values and qualities';

CREATE FUNCTION billing.profile_cmp(billing.profile, billing.profile)
RETURNS integer
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 25
AS 'MODULE_PATHNAME', 'billing_profile_cmp';
COMMENT ON FUNCTION billing.profile_cmp(billing.profile, billing.profile) IS '-1, 0 or 1: before, equal, after in the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR billing.< (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.profile_lt,
	COMMUTATOR = OPERATOR(billing.>), NEGATOR = OPERATOR(billing.>=),
	RESTRICT = scalarltsel, JOIN = scalarltjoinsel
);
COMMENT ON OPERATOR billing.< (billing.profile, billing.profile) IS 'before in the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR billing.<= (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.profile_le,
	COMMUTATOR = OPERATOR(billing.>=), NEGATOR = OPERATOR(billing.>),
	RESTRICT = scalarlesel, JOIN = scalarlejoinsel
);
COMMENT ON OPERATOR billing.<= (billing.profile, billing.profile) IS 'before, or equal in the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR billing.>= (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.profile_ge,
	COMMUTATOR = OPERATOR(billing.<=), NEGATOR = OPERATOR(billing.<),
	RESTRICT = scalargesel, JOIN = scalargejoinsel
);
COMMENT ON OPERATOR billing.>= (billing.profile, billing.profile) IS 'after, or equal in the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR billing.> (
	LEFTARG = billing.profile, RIGHTARG = billing.profile, FUNCTION = billing.profile_gt,
	COMMUTATOR = OPERATOR(billing.<), NEGATOR = OPERATOR(billing.<=),
	RESTRICT = scalargtsel, JOIN = scalargtjoinsel
);
COMMENT ON OPERATOR billing.> (billing.profile, billing.profile) IS 'after in the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR FAMILY billing.profile_ops USING btree;
COMMENT ON OPERATOR FAMILY billing.profile_ops USING btree IS 'the order of start, number of slots, slot, unit, then values and qualities';

CREATE OPERATOR CLASS billing.profile_ops
DEFAULT FOR TYPE billing.profile USING btree FAMILY billing.profile_ops AS
	OPERATOR 1 billing.<,
	OPERATOR 2 billing.<=,
	OPERATOR 3 billing.=,
	OPERATOR 4 billing.>=,
	OPERATOR 5 billing.>,
	FUNCTION 1 billing.profile_cmp(billing.profile, billing.profile);
COMMENT ON OPERATOR CLASS billing.profile_ops USING btree IS 'sorting, DISTINCT and indexes of profile, consistent with =';

-- aggregates: their parts are internal, and called by them only

CREATE FUNCTION billing._readings_add(internal, timestamptz, bigint, interval)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, bigint, interval, text, text, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'billing_readings_combine';
COMMENT ON FUNCTION billing._readings_combine(internal, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._readings_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'billing_readings_serialize';
COMMENT ON FUNCTION billing._readings_serialize(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._readings_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 50
AS 'MODULE_PATHNAME', 'billing_readings_deserialize';
COMMENT ON FUNCTION billing._readings_deserialize(bytea, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._readings_final(internal)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_readings_final';
COMMENT ON FUNCTION billing._readings_final(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh bigint, slot interval) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, bigint, interval)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh bigint, slot interval, quality text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, bigint, interval, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh bigint, slot interval, quality text, time_zone text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, bigint, interval, text, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh bigint, slot interval, quality text, time_zone text, unit text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, bigint, interval, text, text, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin. unit: Wh, kWh, varh, W, V ...';

CREATE FUNCTION billing._readings_add(internal, timestamptz, integer, interval)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add_int4';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add_int4';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add_int4';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 5
AS 'MODULE_PATHNAME', 'billing_readings_add_int4';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, integer, interval, text, text, text) FROM PUBLIC;

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh integer, slot interval) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, integer, interval)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh integer, slot interval, quality text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, integer, interval, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh integer, slot interval, quality text, time_zone text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, integer, interval, text, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_wh integer, slot interval, quality text, time_zone text, unit text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, integer, interval, text, text, text)
	IS 'a profile from readings in any order: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin. unit: Wh, kWh, varh, W, V ...';

CREATE FUNCTION billing._readings_add(internal, timestamptz, numeric, interval)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_readings_add_numeric';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_readings_add_numeric';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_readings_add_numeric';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text) FROM PUBLIC;

CREATE FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text, text)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10
AS 'MODULE_PATHNAME', 'billing_readings_add_numeric';
COMMENT ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text, text) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._readings_add(internal, timestamptz, numeric, interval, text, text, text) FROM PUBLIC;

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_kwh numeric, slot interval) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, numeric, interval)
	IS 'a profile from decimal readings in kWh in any order, exact down to 10^-9 kWh, finer ones rounded half up there: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_kwh numeric, slot interval, quality text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, numeric, interval, text)
	IS 'a profile from decimal readings in kWh in any order, exact down to 10^-9 kWh, finer ones rounded half up there: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_kwh numeric, slot interval, quality text, time_zone text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, numeric, interval, text, text)
	IS 'a profile from decimal readings in kWh in any order, exact down to 10^-9 kWh, finer ones rounded half up there: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin';

CREATE AGGREGATE billing.profile_agg(at timestamptz, energy_kwh numeric, slot interval, quality text, time_zone text, unit text) (
	SFUNC = billing._readings_add, STYPE = internal, SSPACE = 40000,
	FINALFUNC = billing._readings_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._readings_combine,
	SERIALFUNC = billing._readings_serialize, DESERIALFUNC = billing._readings_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.profile_agg(timestamptz, numeric, interval, text, text, text)
	IS 'a profile from decimal readings in kWh in any order, exact down to 10^-9 kWh, finer ones rounded half up there: at is the start of a slot; times between readings are missing, and so is a null energy; two readings of one moment are an error. quality: actual, estimated, substituted, corrected, suspect, missing. time_zone: where days begin. unit: kWh, Wh, kvarh, kW, V ...';

CREATE FUNCTION billing._pieces_add(internal, billing.profile)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_pieces_add';
COMMENT ON FUNCTION billing._pieces_add(internal, billing.profile) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._pieces_add(internal, billing.profile) FROM PUBLIC;

CREATE FUNCTION billing._pieces_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_pieces_combine';
COMMENT ON FUNCTION billing._pieces_combine(internal, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._pieces_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._pieces_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_pieces_serialize';
COMMENT ON FUNCTION billing._pieces_serialize(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._pieces_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._pieces_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_pieces_deserialize';
COMMENT ON FUNCTION billing._pieces_deserialize(bytea, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._pieces_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._pieces_final(internal)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_pieces_final';
COMMENT ON FUNCTION billing._pieces_final(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._pieces_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.concat_agg(profile billing.profile) (
	SFUNC = billing._pieces_add, STYPE = internal, SSPACE = 32000,
	FINALFUNC = billing._pieces_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._pieces_combine,
	SERIALFUNC = billing._pieces_serialize, DESERIALFUNC = billing._pieces_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.concat_agg(billing.profile)
	IS 'one profile from pieces that do not overlap, in any order; times between them are missing';

CREATE FUNCTION billing._load_add(internal, billing.profile)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_load_add';
COMMENT ON FUNCTION billing._load_add(internal, billing.profile) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._load_add(internal, billing.profile) FROM PUBLIC;

CREATE FUNCTION billing._load_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 200
AS 'MODULE_PATHNAME', 'billing_load_combine';
COMMENT ON FUNCTION billing._load_combine(internal, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._load_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._load_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_load_serialize';
COMMENT ON FUNCTION billing._load_serialize(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._load_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._load_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 500
AS 'MODULE_PATHNAME', 'billing_load_deserialize';
COMMENT ON FUNCTION billing._load_deserialize(bytea, internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._load_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._load_final(internal)
RETURNS billing.profile
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_load_final';
COMMENT ON FUNCTION billing._load_final(internal) IS 'part of an aggregate';
REVOKE ALL ON FUNCTION billing._load_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.sum(profile billing.profile) (
	SFUNC = billing._load_add, STYPE = internal, SSPACE = 32000,
	FINALFUNC = billing._load_final, FINALFUNC_MODIFY = READ_ONLY,
	COMBINEFUNC = billing._load_combine,
	SERIALFUNC = billing._load_serialize, DESERIALFUNC = billing._load_deserialize,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.sum(billing.profile)
	IS 'the load of many meters: profiles of any spans and one slot length summed slot by slot. A slot that some miss and others have is the sum of those and suspect; one that all miss is missing; else the worst quality counts';
