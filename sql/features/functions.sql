-- What a customer's readings look like: numbers for models, and what customers usually use.

CREATE FUNCTION billing.usage_feature_names()
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_usage_feature_names';
COMMENT ON FUNCTION billing.usage_feature_names() IS 'the names of usage_features(), in their order; doc/theft.md has units and formulas';

-- a year of half-hours takes some 0.5 ms
CREATE FUNCTION billing.usage_features(profile billing.profile, reference jsonb DEFAULT NULL, area_loss billing.profile DEFAULT NULL)
RETURNS double precision[]
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 10000
AS 'MODULE_PATHNAME', 'billing_usage_features';
COMMENT ON FUNCTION billing.usage_features(billing.profile, jsonb, billing.profile) IS
'what a customer''s readings look like, as numbers named by usage_feature_names(): levels, zeros, repetitions, gaps, the largest change of each of '
'eleven daily series, the first third beside the last, the shape of a day, months. reference, of usage_reference(), is how customers like him '
'use; area_loss is what his transformer area lost, supplied less metered. NaN: his readings do not say, or nothing was given to compare with';

CREATE FUNCTION billing._reference_step(internal, billing.profile)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 1000
AS 'MODULE_PATHNAME', 'billing_reference_step';
COMMENT ON FUNCTION billing._reference_step(internal, billing.profile) IS 'step of usage_reference()';
REVOKE ALL ON FUNCTION billing._reference_step(internal, billing.profile) FROM PUBLIC;

CREATE FUNCTION billing._reference_combine(internal, internal)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_reference_combine';
COMMENT ON FUNCTION billing._reference_combine(internal, internal) IS 'what two workers counted, together';
REVOKE ALL ON FUNCTION billing._reference_combine(internal, internal) FROM PUBLIC;

CREATE FUNCTION billing._reference_serialize(internal)
RETURNS bytea
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_reference_serialize';
COMMENT ON FUNCTION billing._reference_serialize(internal) IS 'what a worker counted, as bytes';
REVOKE ALL ON FUNCTION billing._reference_serialize(internal) FROM PUBLIC;

CREATE FUNCTION billing._reference_deserialize(bytea, internal)
RETURNS internal
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_reference_deserialize';
COMMENT ON FUNCTION billing._reference_deserialize(bytea, internal) IS 'what a worker counted, again';
REVOKE ALL ON FUNCTION billing._reference_deserialize(bytea, internal) FROM PUBLIC;

CREATE FUNCTION billing._reference_final(internal)
RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_reference_final';
COMMENT ON FUNCTION billing._reference_final(internal) IS 'the medians of usage_reference()';
REVOKE ALL ON FUNCTION billing._reference_final(internal) FROM PUBLIC;

CREATE AGGREGATE billing.usage_reference(profile billing.profile) (
	SFUNC = billing._reference_step,
	STYPE = internal,
	COMBINEFUNC = billing._reference_combine,
	SERIALFUNC = billing._reference_serialize,
	DESERIALFUNC = billing._reference_deserialize,
	FINALFUNC = billing._reference_final,
	PARALLEL = SAFE
);
COMMENT ON AGGREGATE billing.usage_reference(billing.profile) IS
'how customers usually use, for usage_features(): the median of their days, each as a share of the customer''s own mean, and the median shape of a day; '
'{"customers", "from", "day": […], "shape": […]}. The same in any order; medians are exact to 1 %; memory grows with days, not with customers';
