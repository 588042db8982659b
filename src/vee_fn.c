/*
 * vee_fn.c - validation and estimation of profiles
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "core/estimate.h"
#include "core/validate.h"
#include "intake_rows.h"
#include "jsontext.h"
#include "numeric.h"
#include "profile_type.h"
#include "vee.h"

/* ---------------------------------------------------------- checking rules */

static bool
put_problem(void *context, const char *path, const char *message, const char *hint)
{
	BlRowMaker *rows = context;

	bl_row_begin(rows);
	bl_put_text(rows, path);
	bl_put_text(rows, message);
	bl_put_text(rows, hint);
	bl_row_end(rows);
	return true;
}

static Datum
check_rules(FunctionCallInfo fcinfo, bool estimation)
{
	char	   *given = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *utf8 = pg_server_to_any(given, (int) strlen(given), PG_UTF8);
	BlEstimationRules estimating;
	BlRowMaker	rows;
	BlRules		rules;
	BlArena		arena;
	BlProblem	problem = {0};
	BlStatus	status;
	BlJson	   *root;

	bl_rows_init(&rows, fcinfo);
	bl_arena_init(&arena, (size_t) 64 << 20);
	if (bl_json_parse(utf8, strlen(utf8), &arena, &root, &problem) != BL_OK)
	{
		put_problem(&rows, "$", psprintf("%s. %s", problem.message, problem.detail), "");
		return (Datum) 0;
	}
	status = estimation ? bl_estimation_rules_compile(root, &estimating, put_problem, &rows) :
		bl_rules_compile(root, &arena, &rules, put_problem, &rows);
	if (status != BL_BAD_RULES)
		bl_check(status, "rules");
	return (Datum) 0;
}

/* validation_check(json) returns table (path, problem, hint) */
PG_FUNCTION_INFO_V1(billing_validation_check);
Datum
billing_validation_check(PG_FUNCTION_ARGS)
{
	return check_rules(fcinfo, false);
}

/* estimation_check(json) returns table (path, problem, hint) */
PG_FUNCTION_INFO_V1(billing_estimation_check);
Datum
billing_estimation_check(PG_FUNCTION_ARGS)
{
	return check_rules(fcinfo, true);
}

/* validation_rules() returns jsonb */
PG_FUNCTION_INFO_V1(billing_validation_rules);
Datum
billing_validation_rules(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_DATUM(bl_jsonb_of_text(bl_validation_rules));
}

/* estimation_rules() returns jsonb */
PG_FUNCTION_INFO_V1(billing_estimation_rules);
Datum
billing_estimation_rules(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_DATUM(bl_jsonb_of_text(bl_estimation_rules));
}

/* -------------------------------------------------------------- validation */

static void
put_finding(void *context, const BlFinding *f)
{
	BlRowMaker *rows = context;

	bl_row_begin(rows);
	bl_put(rows, bl_text_datum(f->rule->name));
	bl_put_text(rows, bl_severity_name[f->severity]);
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(f->from)));
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(f->until)));
	bl_put(rows, Int32GetDatum(f->slots));
	bl_put_dec(rows, f->has_measured, f->measured);
	bl_put_dec(rows, f->has_bound, f->bound);
	bl_put_text(rows, f->unit);
	bl_put_text(rows, f->detail);
	bl_row_end(rows);
}

/* validate(profile, jsonb, profile, jsonb, market) returns setof record */
PG_FUNCTION_INFO_V1(billing_validate);
Datum
billing_validate(PG_FUNCTION_ARGS)
{
	BlRowMaker	rows;
	BlReadings	readings;
	BlArena		arena;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(BL_VEE_PROFILE))
		return (Datum) 0;
	bl_vee_readings(fcinfo, &arena, &readings);
	bl_check(bl_validate(&readings, bl_vee_rules(fcinfo), put_finding, &rows), "validation");
	return (Datum) 0;
}

/* validated(profile, jsonb, profile, jsonb, market) returns profile */
PG_FUNCTION_INFO_V1(billing_validated);
Datum
billing_validated(PG_FUNCTION_ARGS)
{
	BlReadings	readings;
	BlSeries	marked;
	BlArena		arena;

	if (PG_ARGISNULL(BL_VEE_PROFILE))
		PG_RETURN_NULL();
	bl_vee_readings(fcinfo, &arena, &readings);
	marked.shape = readings.series.shape;
	marked.shape.start = bl_readings_at(&readings, readings.first);
	marked.shape.slots = readings.slots;
	bl_series_room(&marked, readings.slots);
	bl_check(bl_validate_mark(&readings, bl_vee_rules(fcinfo), marked.values, marked.qualities), "validation");
	bl_series_coarsen(&marked);
	PG_RETURN_POINTER(bl_series_packed(&marked));
}

/* -------------------------------------------------------------- estimation */

typedef struct EstimateRows
{
	BlRowMaker	rows;
	const BlReadings *readings;
	TypeCacheEntry *range;
} EstimateRows;

static void
put_span(EstimateRows *e, int from, int until)
{
	RangeBound	lower = {
		.val = TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(e->readings, from))),.inclusive = true,.lower = true
	};
	RangeBound	upper = {.val = TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(e->readings, until)))};

	bl_put(&e->rows, RangeTypePGetDatum(make_range(e->range, &lower, &upper, false)));
}

/* kWh; null for levels, which are not summed, and where nothing was estimated */
static void
put_kwh(EstimateRows *e, const BlEstimate *estimate, BlInt128 sum)
{
	BlDec		kwh = bl_scaled(sum, e->readings->series.shape.scale);

	kwh.scale += 3;
	bl_put_dec(&e->rows, estimate->method != BL_NOT_ESTIMATED && bl_unit_is_energy(e->readings->series.shape.unit), bl_dec_trim(kwh));
}

static void
put_estimate(void *context, const BlEstimate *estimate)
{
	EstimateRows *e = context;
	BlRowMaker *rows = &e->rows;
	Datum		days[BL_LIKE_DAYS_MAX];

	bl_row_begin(rows);
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(e->readings, estimate->from))));
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(bl_readings_at(e->readings, estimate->until))));
	bl_put(rows, Int32GetDatum(estimate->until - estimate->from));
	bl_put_text(rows, bl_method_name[estimate->method]);
	put_kwh(e, estimate, estimate->sum);
	put_kwh(e, estimate, estimate->unscaled);
	for (int i = 0; i < estimate->days; i++)
		days[i] = DateADTGetDatum((DateADT) estimate->day[i]);
	if (estimate->days > 0)
		bl_put(rows, PointerGetDatum(construct_array(days, estimate->days, DATEOID, sizeof(DateADT), true, TYPALIGN_INT)));
	else
		bl_put_null(rows);
	if (estimate->reg >= 0)
		put_span(e, e->readings->reg[estimate->reg].from, e->readings->reg[estimate->reg].until);
	else
		bl_put_null(rows);
	bl_put_text(rows, estimate->reason);
	bl_row_end(rows);
}

static void
estimate(FunctionCallInfo fcinfo, BlReadings *readings, BlEstimateSink sink, void *context)
{
	BlProblem	problem = {0};

	if (bl_estimate(readings, bl_vee_estimation_rules(fcinfo), sink, context, &problem) != BL_OK)
		bl_raise(&problem);
}

/* estimate(profile, jsonb, profile, jsonb, market) returns profile */
PG_FUNCTION_INFO_V1(billing_estimate);
Datum
billing_estimate(PG_FUNCTION_ARGS)
{
	BlReadings	readings;
	BlSeries	filled;
	BlArena		arena;

	if (PG_ARGISNULL(BL_VEE_PROFILE))
		PG_RETURN_NULL();
	bl_vee_readings(fcinfo, &arena, &readings);
	estimate(fcinfo, &readings, NULL, NULL);
	filled = readings.series;
	filled.values += readings.first;
	filled.qualities += readings.first;
	filled.shape.start = bl_readings_at(&readings, readings.first);
	filled.shape.slots = readings.slots;
	bl_series_coarsen(&filled);
	PG_RETURN_POINTER(bl_series_packed(&filled));
}

/* estimation(profile, jsonb, profile, jsonb, market) returns setof record */
PG_FUNCTION_INFO_V1(billing_estimation);
Datum
billing_estimation(PG_FUNCTION_ARGS)
{
	EstimateRows rows;
	BlReadings	readings;
	BlArena		arena;

	bl_rows_init(&rows.rows, fcinfo);
	if (PG_ARGISNULL(BL_VEE_PROFILE))
		return (Datum) 0;
	bl_vee_readings(fcinfo, &arena, &readings);
	rows.readings = &readings;
	rows.range = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);
	estimate(fcinfo, &readings, put_estimate, &rows);
	return (Datum) 0;
}
