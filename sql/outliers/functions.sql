-- What stands out in a profile by the meter's own measure, and lasting changes of its level.

CREATE FUNCTION billing.outlier_feature_names()
RETURNS text[]
LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'billing_outlier_feature_names';
COMMENT ON FUNCTION billing.outlier_feature_names() IS
'the names of the features that outlier_features() returns, in their order; for train_forest()';

CREATE FUNCTION billing.outlier_features(profile billing.profile, history billing.profile DEFAULT NULL)
RETURNS TABLE (at timestamptz, value double precision, features double precision[])
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 200
AS 'MODULE_PATHNAME', 'billing_outlier_features';
COMMENT ON FUNCTION billing.outlier_features(billing.profile, billing.profile) IS
'twelve numbers for each reading that stands out at least a little (negative, after a zero, or half as large as the week''s largest third): how it '
'stands beside its time of day, its neighbours, its day, its week and the meter''s own peaks. Train on them with train_forest(), and give the forest '
'to outliers(). history has the channel''s other readings';

CREATE FUNCTION billing.outliers(profile billing.profile, history billing.profile DEFAULT NULL, forest billing.forest DEFAULT NULL,
	least_score double precision DEFAULT 0.5)
RETURNS TABLE (kind text, from_at timestamptz, until_at timestamptz, slots integer, value double precision, expected double precision,
	score double precision)
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000 ROWS 5
AS 'MODULE_PATHNAME', 'billing_outliers';
COMMENT ON FUNCTION billing.outliers(billing.profile, billing.profile, billing.forest, double precision) IS
'readings and runs of readings that stand out by the meter''s own measure, with no limit to set: spike, negative, catch_up (zeros, then all of it in '
'one reading), stuck and zero_run (longer than chance and the meter''s other runs would make). value and expected are the mean reading of the span, '
'and the mean of what is usual at its times of day, in the profile''s plain unit; score, from 0 to 1, is at least least_score. With a forest '
'that was trained on outlier_features() it judges single readings, without one their ratio to the largest of the week''s daily third-largest. '
'history has the channel''s other readings, before or after, from which is learnt too what is usual';

CREATE FUNCTION billing.level_shift(profile billing.profile, history billing.profile DEFAULT NULL,
	OUT on_date date, OUT factor double precision, OUT score double precision, OUT days_before integer, OUT days_after integer)
RETURNS record
LANGUAGE c IMMUTABLE PARALLEL SAFE COST 20000
AS 'MODULE_PATHNAME', 'billing_level_shift';
COMMENT ON FUNCTION billing.level_shift(billing.profile, billing.profile) IS
'the largest lasting change of the level of a profile and its history: the first day of the new level, the factor of all readings from then on, and '
'a score from 0 to 1; at least seven days on either side. Weekdays and single strange readings or days do not matter. All null where there are '
'too few days';
