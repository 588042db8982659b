-- The course of a customer's day, and customers grouped by it.

CREATE FUNCTION billing.day_shape(profile billing.profile, points integer DEFAULT 24)
RETURNS double precision[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 300
AS 'MODULE_PATHNAME', 'billing_day_shape';
COMMENT ON FUNCTION billing.day_shape(billing.profile, integer) IS
'the mean of each part of the day (24: hours) over the whole days of a profile, such that all are 1 together; days of 23 or 25 hours and missing slots do not count; null where '
'a part has no reading, slots are longer than a part, or nothing is above zero';

CREATE FUNCTION billing.cluster_centers(rows double precision[], clusters integer, seed bigint DEFAULT 1, method text DEFAULT 'means')
RETURNS double precision[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 100000
AS 'MODULE_PATHNAME', 'billing_cluster_centers';
COMMENT ON FUNCTION billing.cluster_centers(double precision[], integer, bigint, text) IS
'the centres of clusters of rows, a row each, the largest cluster first: SELECT cluster_centers(array_agg(day_shape(profile)), 4); method means (k-means) or medoids (rows of '
'the data). The same rows in any order with the same seed give the same centres';

CREATE FUNCTION billing.nearest_cluster(centers double precision[], features double precision[], OUT cluster integer, OUT distance double precision)
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE COST 20
AS 'MODULE_PATHNAME', 'billing_nearest_cluster';
COMMENT ON FUNCTION billing.nearest_cluster(double precision[], double precision[]) IS 'the centre that a row is nearest to, counted from 1, and how far it is';
