/*
 * outliers_fn.c - what stands out in a profile, and from which day on its level is another
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"

#include "core/level_shift.h"
#include "core/outliers.h"
#include "forest_fn.h"
#include "intake_rows.h"
#include "jsontext.h"
#include "profile_type.h"
#include "vee.h"

/* argument 0 within its history, argument 1; errors are raised */
static void
read_profile(FunctionCallInfo fcinfo, BlArena *arena, BlReadings *readings)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	bool		alone = PG_ARGISNULL(1);
	BlProfile	history;
	BlProblem	problem = {0};
	BlZone	   *zone = palloc(sizeof *zone);
	int32_t		from,
				until;

	if (!alone)
		history = BL_GETARG_PROFILE(1);
	bl_readings_span(&profile, alone ? NULL : &history, &from, &until);
	*zone = bl_vee_zone(&profile, from, until);
	bl_arena_init(arena, BL_VEE_CEILING);
	if (bl_readings_make(&profile, alone ? NULL : &history, zone, NULL, arena, readings, &problem) != BL_OK)
		bl_raise(&problem);
}

static void
learn(FunctionCallInfo fcinfo, BlArena *arena, BlReadings *readings, BlOutliers *outliers)
{
	read_profile(fcinfo, arena, readings);
	bl_check(bl_outliers_learn(readings, arena, outliers), "profile");
}

/* steps of the profile in its plain unit */
static double
step_of(const BlReadings *readings)
{
	int			scale = readings->series.shape.scale;
	double		step = 1;

	for (int i = 0; i < abs(scale); i++)
		step *= 10;
	return scale < 0 ? 1 / step : step;
}

static Datum
features_datum(const double *features)
{
	Datum		values[BL_OUTLIER_FEATURES];
	bool		nulls[BL_OUTLIER_FEATURES];
	int			dims[1] = {BL_OUTLIER_FEATURES};
	int			lower[1] = {1};

	for (int i = 0; i < BL_OUTLIER_FEATURES; i++)
	{
		nulls[i] = isnan(features[i]);
		values[i] = Float8GetDatum(features[i]);
	}
	return PointerGetDatum(construct_md_array(values, nulls, 1, dims, lower, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE));
}

/* ----------------------------------------------------------------- features */

/* outlier_feature_names() returns text[] */
PG_FUNCTION_INFO_V1(billing_outlier_feature_names);
Datum
billing_outlier_feature_names(PG_FUNCTION_ARGS)
{
	Datum		names[BL_OUTLIER_FEATURES];

	(void) fcinfo;
	for (int i = 0; i < BL_OUTLIER_FEATURES; i++)
		names[i] = CStringGetTextDatum(bl_outlier_feature[i]);
	PG_RETURN_ARRAYTYPE_P(construct_array(names, BL_OUTLIER_FEATURES, TEXTOID, -1, false, TYPALIGN_INT));
}

/* outlier_features(profile, profile) returns table (at, value, features) */
PG_FUNCTION_INFO_V1(billing_outlier_features);
Datum
billing_outlier_features(PG_FUNCTION_ARGS)
{
	double		features[BL_OUTLIER_FEATURES];
	BlRowMaker	rows;
	BlReadings	readings;
	BlOutliers	outliers;
	BlArena		arena;
	double		step;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	learn(fcinfo, &arena, &readings, &outliers);
	step = step_of(&readings);
	for (int i = readings.first; i < readings.first + readings.slots; i++)
	{
		if (!bl_outlier_features(&outliers, i, features))
			continue;
		bl_row_begin(&rows);
		bl_put(&rows, TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(&readings, i))));
		bl_put(&rows, Float8GetDatum(outliers.value[i] * step));
		bl_put(&rows, features_datum(features));
		bl_row_end(&rows);
	}
	return (Datum) 0;
}

/* ----------------------------------------------------------------- outliers */

typedef struct Judge
{
	const BlForest *forest;
	float	   *row;
} Judge;

static double
judge(void *context, const double *features)
{
	Judge	   *j = context;

	for (int i = 0; i < BL_OUTLIER_FEATURES; i++)
		j->row[i] = (float) features[i];
	return bl_forest_probability(j->forest, bl_forest_score(j->forest, j->row));
}

typedef struct OutlierRows
{
	BlRowMaker	rows;
	const BlOutliers *outliers;
	double		step;
} OutlierRows;

static void
put_outlier(void *context, const BlOutlier *found)
{
	OutlierRows *o = context;
	const BlOutliers *all = o->outliers;
	double		value = 0,
				usual = 0;
	int			slots = found->until - found->from;

	for (int i = found->from; i < found->until; i++)
	{
		value += all->value[i];
		usual += all->slot_median[all->clock[i]];
	}
	bl_row_begin(&o->rows);
	bl_put_text(&o->rows, bl_outlier_name[found->kind]);
	bl_put(&o->rows, TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(all->readings, found->from))));
	bl_put(&o->rows, TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(all->readings, found->until))));
	bl_put(&o->rows, Int32GetDatum(slots));
	bl_put(&o->rows, Float8GetDatum(value / slots * o->step));
	bl_put(&o->rows, Float8GetDatum(usual / slots * o->step));
	bl_put(&o->rows, Float8GetDatum(found->score));
	bl_row_end(&o->rows);
}

/* outliers(profile, profile, forest, double precision) returns table */
PG_FUNCTION_INFO_V1(billing_outliers);
Datum
billing_outliers(PG_FUNCTION_ARGS)
{
	OutlierRows rows;
	Judge		trees = {0};
	BlReadings	readings;
	BlOutliers	outliers;
	BlArena		arena;
	double		least = PG_ARGISNULL(3) ? 0.5 : PG_GETARG_FLOAT8(3);

	bl_rows_init(&rows.rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	if (!PG_ARGISNULL(2))
	{
		trees.forest = bl_forest_arg(fcinfo, 2, &trees.row);
		if (trees.forest->kind != BL_FOREST_CLASSES || trees.forest->features != BL_OUTLIER_FEATURES)
			ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
							errmsg("the forest was not trained on outlier_features()"),
							errdetail("It has %d features; a reading has %d.", trees.forest->features, BL_OUTLIER_FEATURES),
							errhint("Train it by train_forest(label, features) on the features that outlier_features() returns.")));
	}
	learn(fcinfo, &arena, &readings, &outliers);
	rows.outliers = &outliers;
	rows.step = step_of(&readings);
	bl_check(bl_outliers_find(&outliers, least, trees.forest != NULL ? judge : NULL, &trees, put_outlier, &rows), "profile");
	return (Datum) 0;
}

/* -------------------------------------------------------------- level shift */

/* level_shift(profile, profile) returns record */
PG_FUNCTION_INFO_V1(billing_level_shift);
Datum
billing_level_shift(PG_FUNCTION_ARGS)
{
	TupleDesc	shape;
	Datum		values[5];
	bool		nulls[5] = {false};
	BlReadings	readings;
	BlLevelShift shift;
	BlArena		arena;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &shape) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "level_shift returns a record");
	read_profile(fcinfo, &arena, &readings);
	bl_check(bl_level_shift(&readings, &arena, &shift), "profile");
	if (shift.at == 0)
		memset(nulls, true, sizeof nulls);
	values[0] = DateADTGetDatum((DateADT) (readings.day0 + shift.at));
	values[1] = Float8GetDatum(shift.factor);
	values[2] = Float8GetDatum(shift.score);
	values[3] = Int32GetDatum(shift.before);
	values[4] = Int32GetDatum(shift.after);
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(shape), values, nulls));
}
