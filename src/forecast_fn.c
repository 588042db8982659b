/*
 * forecast_fn.c - forecasts of arrays and of profiles, their back-tests, parts that add up
 */
#include "postgres.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

#include "billing.h"
#include "core/forecast_days.h"
#include "jsontext.h"
#include "profile_type.h"

enum
{
	ARENA_CEILING = MaxAllocSize
};

/* ---- options ---- */

static void
bad_option(const char *name, const char *rule)
{
	ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("option \"%s\" of a forecast is %s", name, rule)));
}

/* a whole number from 1 to most; false: not given */
static bool
whole_option(BlJson *options, const char *name, int most, int *value)
{
	BlJson	   *j = bl_json_member(options, name);
	BlDec		d;

	if (j == NULL)
		return false;
	if (bl_json_decimal(j, 0, &d) != BL_OK || d.coefficient < 1 || d.coefficient > most)
		bad_option(name, psprintf("a whole number from 1 to %d", most));
	*value = (int) d.coefficient;
	return true;
}

static char *
names_of_methods(void)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int m = 0; m < BL_FORECAST_METHODS; m++)
		appendStringInfo(&names, "%s%s", m == 0 ? "one of " : ", ", bl_forecast_method_name((BlForecastMethod) m));
	return names.data;
}

/* cycle NULL: not an option here */
static BlForecastOptions
read_options(char *given, int *cycle, BlArena *arena)
{
	BlForecastOptions o = {BL_FORECAST_WEIGHTED, BL_FORECAST_BY_NOISE, BL_FORECAST_ORIGINS, 0.9};
	BlJson	   *options = bl_json_of_text(given != NULL ? given : "{}", arena);
	BlJson	   *j;

	if (options->type != BL_JSON_OBJECT)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("options of a forecast are a JSON object")));
	if ((j = bl_json_member(options, "method")) != NULL &&
		(j->type != BL_JSON_STRING || !bl_forecast_method_parse(j->text, j->length, &o.method)))
		bad_option("method", names_of_methods());
	if ((j = bl_json_member(options, "kind")) != NULL &&
		(j->type != BL_JSON_STRING || !bl_forecast_kind_parse(j->text, j->length, &o.kind)))
		bad_option("kind", "one of auto, customer, aggregate, periods");
	whole_option(options, "origins", BL_FORECAST_ORIGINS_MAX, &o.origins);
	if (cycle != NULL)
		whole_option(options, "cycle", BL_FORECAST_SEASON_MAX * BL_FORECAST_DAYS_MAX, cycle);
	if ((j = bl_json_member(options, "coverage")) != NULL)
	{
		BlDec		d;

		if (bl_json_decimal(j, 9, &d) != BL_OK || d.coefficient <= 0 || d.coefficient >= bl_pow10(d.scale))
			bad_option("coverage", "above 0 and below 1");
		o.coverage = (double) d.coefficient / (double) bl_pow10(d.scale);
	}
	if ((j = bl_json_unseen(options)) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a forecast has no option \"%s\"", pnstrdup(j->key, j->key_length)),
				 errhint("There are method, kind, origins, coverage%s.", cycle != NULL ? " and cycle" : "")));
	return o;
}

/* ---- arrays ---- */

/* one list of numbers; NaN where NULL */
static double *
numbers_of(FunctionCallInfo fcinfo, int argument, const char *what, int *n)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(argument);
	Datum	   *values;
	bool	   *nulls;
	double	   *numbers;

	if (ARR_NDIM(array) > 1)
		ereport(ERROR, (errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR), errmsg("%s has %d dimensions", what, ARR_NDIM(array))));
	deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, &nulls, n);
	numbers = palloc(sizeof *numbers * (Size) (*n + 1));
	for (int i = 0; i < *n; i++)
		numbers[i] = nulls[i] ? NAN : DatumGetFloat8(values[i]);
	return numbers;
}

static void
need_length(const char *what, int n, int needed)
{
	if (n != needed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s has %d elements instead of %d", what, n, needed),
				 errhint("Give one for each slot of the history and of the horizon.")));
}

/* arguments: history, season, horizon, options, temperature, holiday; none of the first four is NULL */
static BlForecastTask
array_task(FunctionCallInfo fcinfo, BlForecastOptions *options, BlArena *arena)
{
	BlForecastTask t = {0};
	BlProblem	problem = {0};
	int			n;

	t.value = numbers_of(fcinfo, 0, "the history", &t.n);
	t.season = PG_GETARG_INT32(1);
	t.horizon = PG_GETARG_INT32(2);
	t.cycle = t.season;
	*options = read_options(PG_ARGISNULL(3) ? NULL : bl_text_of_jsonb(PG_GETARG_DATUM(3)), &t.cycle, arena);
	if (t.horizon < 1 || t.horizon > BL_FORECAST_HORIZON_MAX || t.n > BL_FORECAST_SLOTS_MAX)
		bl_forecast_check(&t, &problem);
	else
	{
		if (!PG_ARGISNULL(4))
		{
			t.temperature = numbers_of(fcinfo, 4, "the temperature", &n);
			need_length("the temperature", n, t.n + t.horizon);
		}
		if (!PG_ARGISNULL(5))
		{
			Datum	   *values;
			bool	   *nulls;
			uint8_t    *holiday;

			deconstruct_array(PG_GETARG_ARRAYTYPE_P(5), BOOLOID, 1, true, TYPALIGN_CHAR, &values, &nulls, &n);
			need_length("the list of holidays", n, t.n + t.horizon);
			holiday = palloc(n);
			for (int i = 0; i < n; i++)
				holiday[i] = !nulls[i] && DatumGetBool(values[i]);
			t.holiday = holiday;
		}
		bl_forecast_check(&t, &problem);
	}
	if (problem.status != BL_OK)
		bl_raise(&problem);
	return t;
}

static void
put_number(double number, Datum *value, bool *null)
{
	*null = isnan(number);
	*value = Float8GetDatum(number);
}

/* forecast(double precision[], integer, integer, jsonb, double precision[], boolean[]) returns setof record */
PG_FUNCTION_INFO_V1(billing_forecast_array);
Datum
billing_forecast_array(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	BlForecastOptions options;
	BlForecastTask task;
	BlForecast	forecast;
	BlArena		arena;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	bl_arena_init(&arena, ARENA_CEILING);
	task = array_task(fcinfo, &options, &arena);
	bl_check(bl_forecast(&task, &options, &forecast, &arena), "forecast");
	for (int k = 0; k < task.horizon; k++)
	{
		Datum		values[4] = {Int32GetDatum(k + 1)};
		bool		nulls[4] = {false};

		put_number(forecast.value[k], &values[1], &nulls[1]);
		put_number(forecast.lower[k], &values[2], &nulls[2]);
		put_number(forecast.upper[k], &values[3], &nulls[3]);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

static void
put_backtest(FunctionCallInfo fcinfo, const BlForecastTask *task, const BlForecastOptions *options, BlArena *arena)
{
	ReturnSetInfo *rows = (ReturnSetInfo *) fcinfo->resultinfo;
	BlBacktest	b;

	bl_check(bl_forecast_backtest(task, options, &b, arena), "forecast");
	for (int m = 0; m < BL_FORECAST_METHODS && b.origins > 0; m++)
	{
		Datum		values[7] = {CStringGetTextDatum(bl_forecast_method_name((BlForecastMethod) m))};
		bool		nulls[7] = {false};

		put_number(b.error[m], &values[1], &nulls[1]);
		put_number(b.scale > 0 ? b.error[m] / b.scale : NAN, &values[2], &nulls[2]);
		put_number(b.smape[m], &values[3], &nulls[3]);
		put_number(b.bias[m], &values[4], &nulls[4]);
		values[5] = Int32GetDatum(b.origins);
		values[6] = Int32GetDatum(b.horizon);
		tuplestore_putvalues(rows->setResult, rows->setDesc, values, nulls);
	}
}

/* forecast_backtest(double precision[], integer, integer, jsonb, double precision[], boolean[]) returns setof record */
PG_FUNCTION_INFO_V1(billing_forecast_backtest_array);
Datum
billing_forecast_backtest_array(PG_FUNCTION_ARGS)
{
	BlForecastOptions options;
	BlForecastTask task;
	BlArena		arena;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2))
		PG_RETURN_NULL();
	bl_arena_init(&arena, ARENA_CEILING);
	task = array_task(fcinfo, &options, &arena);
	put_backtest(fcinfo, &task, &options, &arena);
	PG_RETURN_NULL();
}

/* ---- profiles ---- */

static int
by_day(const void *a, const void *b)
{
	int32_t		x = *(const int32_t *) a,
				y = *(const int32_t *) b;

	return (x > y) - (x < y);
}

/* a day of far off does not matter, whichever */
static int32_t *
days_of(ArrayType *array, int *n)
{
	Datum	   *values;
	bool	   *nulls;
	int32_t    *day;
	int			kept = 0;

	deconstruct_array(array, DATEOID, sizeof(DateADT), true, TYPALIGN_INT, &values, &nulls, n);
	day = palloc(sizeof *day * (Size) (*n + 1));
	for (int i = 0; i < *n; i++)
		if (!nulls[i])
			day[kept++] = DatumGetDateADT(values[i]);
	*n = kept;
	qsort(day, (Size) kept, sizeof *day, by_day);
	return day;
}

/* A profile, how far, and how it became a task. */
typedef struct Work
{
	BlProfile	history;
	BlZoneName	name;
	BlForecastDays days;
	BlForecastTask task;
	BlForecastOptions options;
	BlArena		arena;
} Work;

/* Arguments 3 and 4: temperature and holidays.  back: only the past is asked for. */
static void
add_regressors(FunctionCallInfo fcinfo, Work *w, bool back)
{
	Size		n = (Size) w->days.n + (Size) w->days.horizon;

	if (!PG_ARGISNULL(3))
	{
		BlProfile	profile = BL_GETARG_PROFILE(3);
		BlSeries	series;
		double	   *degrees;
		int32_t		until = w->days.end + w->days.slots * w->days.slot_minutes;

		if (profile.unit != BL_CELSIUS)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_BAD_UNIT),
					 errmsg("the temperature of a forecast is in %s, not %s", bl_unit_name(BL_CELSIUS), bl_unit_name(profile.unit))));
		if (!back && bl_profile_until(&profile) < until)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_GAP),
					 errmsg("the temperature ends before the forecast"),
					 errdetail("It ends at %s, the forecast at %s.", bl_local_text(bl_profile_until(&profile), w->history.offset),
							   bl_local_text(until, w->history.offset)),
					 errhint("Append the weather forecast, or leave the temperature out.")));
		series = bl_series_of(&profile);
		degrees = palloc(sizeof *degrees * n);
		bl_forecast_sample(&w->days, &series, degrees);
		w->task.temperature = degrees;
	}
	if (!PG_ARGISNULL(4))
	{
		int			count;
		int32_t    *day = days_of(PG_GETARG_ARRAYTYPE_P(4), &count);
		uint8_t    *mark = palloc(n);

		bl_forecast_mark(&w->days, day, count, mark);
		w->task.holiday = mark;
	}
}

/* a whole number of slots, on and on by local time: months, days, then minutes */
static int32_t
after(const BlProfile *history, const BlZoneName *name, const Interval *span)
{
	int32_t		end = bl_profile_until(history);
	int64		most = (int64) end + (int64) BL_FORECAST_HORIZON_MAX * history->slot_minutes;
	BlProblem	problem;
	BlZone		zone;
	BlDate		date;
	int32_t		day,
				of_day;

	if (span->month < 0 || span->month > 1200 || span->day < 0 || span->day > 36600 || span->time < 0 ||
		span->time > (int64) 36600 * USECS_PER_DAY || span->time % USECS_PER_MINUTE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the horizon of a forecast is above zero, whole minutes, and at most 100 years")));
	if (bl_calendar_zone(name, end, (int32_t) Min(most, PG_INT32_MAX), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	day = bl_zone_day(&zone, end);
	of_day = end + bl_zone_offset(&zone, end) - day * BL_MINUTES_PER_DAY;
	date = bl_date_of(day);
	date.month += span->month;
	date.year += (date.month - 1) / 12;
	date.month = (date.month - 1) % 12 + 1;
	day = bl_day_of(date.year, date.month, Min(date.day, bl_days_in_month(date.year, date.month))) + span->day;
	return bl_zone_midnight(&zone, day) + of_day + (int32_t) (span->time / USECS_PER_MINUTE);
}

/* of argument 1 */
static int32_t
until_of(FunctionCallInfo fcinfo, const Work *w)
{
	if (get_fn_expr_argtype(fcinfo->flinfo, 1) == INTERVALOID)
		return after(&w->history, &w->name, PG_GETARG_INTERVAL_P(1));
	return bl_minute_of(PG_GETARG_TIMESTAMPTZ(1), "the end of a forecast");
}

static void
profile_task(FunctionCallInfo fcinfo, Work *w, int32_t until, bool back)
{
	BlSeries	series = bl_series_of(&w->history);
	BlProblem	problem;
	BlZone		zone;
	double	   *value;
	BlStatus	status;

	bl_arena_init(&w->arena, ARENA_CEILING);
	w->options = read_options(PG_ARGISNULL(2) ? NULL : bl_text_of_jsonb(PG_GETARG_DATUM(2)), NULL, &w->arena);
	if (bl_calendar_zone(&w->name, w->history.start, Max(until, bl_profile_until(&w->history)), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	status = bl_forecast_days(&w->days, &w->history, &zone, until);
	if (status != BL_OK)
		ereport(ERROR,
				(errcode(bl_status_sqlstate(status)),
				 errmsg("a forecast reaches 1 to %d whole slots beyond its history", BL_FORECAST_HORIZON_MAX),
				 errdetail("The history ends at %s, its slots are %d minutes long, the forecast would end at %s.",
						   bl_local_text(w->days.end, w->history.offset), w->history.slot_minutes, bl_local_text(until, w->history.offset))));
	value = palloc(sizeof *value * (Size) w->days.n);
	bl_forecast_spread(&w->days, &series, value);
	w->task = (BlForecastTask) {
		.value = value, .n = w->days.n, .horizon = w->days.horizon,
		.season = w->history.day_slots, .cycle = 7 * w->history.day_slots
	};
	add_regressors(fcinfo, w, back);
	if (bl_forecast_check(&w->task, &problem) != BL_OK)
		bl_raise(&problem);
}

/* a profile of what is foreseen, in whole watt-hours or finer where the history is; NULL: not known */
static Datum
foreseen(const Work *w, const double *by_place, bool *null)
{
	BlProfile	shape = w->history;
	int64_t    *values;

	*null = isnan(by_place[0]);
	if (*null)
		return (Datum) 0;
	shape.start = w->days.end;
	shape.slots = w->days.slots;
	shape.scale = Min(shape.scale, 0);
	shape.quality = BL_ESTIMATED;
	values = palloc(sizeof *values * (Size) shape.slots);
	bl_check(bl_forecast_gather(&w->days, by_place, shape.scale, values), "forecast");
	bl_profile_set_zone(&shape, &w->name, &w->days.zone);
	return PointerGetDatum(bl_profile_packed(&shape, &w->days.zone, values, NULL));
}

static Datum
weights_of(const BlForecast *f)
{
	StringInfoData json;

	initStringInfo(&json);
	for (int m = 0; m < BL_FORECAST_SINGLES; m++)
		if (f->weight[m] > 0)
			appendStringInfo(&json, "%s\"%s\": %.3f", json.len == 0 ? "{" : ", ", bl_forecast_method_name((BlForecastMethod) m), f->weight[m]);
	appendStringInfoString(&json, json.len == 0 ? "{}" : "}");
	return bl_jsonb_of_text(json.data);
}

/* forecast(profile, timestamptz or interval, jsonb, profile, date[]) returns record */
PG_FUNCTION_INFO_V1(billing_forecast_profile);
Datum
billing_forecast_profile(PG_FUNCTION_ARGS)
{
	Work		w;
	BlForecast	f;
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	w.history = BL_GETARG_PROFILE(0);
	bl_calendar_name_of(&w.history, &w.name);
	profile_task(fcinfo, &w, until_of(fcinfo, &w), false);
	bl_check(bl_forecast(&w.task, &w.options, &f, &w.arena), "forecast");
	values[0] = foreseen(&w, f.value, &nulls[0]);
	values[1] = foreseen(&w, f.lower, &nulls[1]);
	values[2] = foreseen(&w, f.upper, &nulls[2]);
	values[3] = CStringGetTextDatum(bl_forecast_kind_name(f.kind));
	values[4] = Int32GetDatum(f.origins);
	values[5] = weights_of(&f);
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

/* forecast_backtest(profile, interval, jsonb, profile, date[]) returns setof record */
PG_FUNCTION_INFO_V1(billing_forecast_backtest_profile);
Datum
billing_forecast_backtest_profile(PG_FUNCTION_ARGS)
{
	Work		w;

	InitMaterializedSRF(fcinfo, 0);
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		PG_RETURN_NULL();
	w.history = BL_GETARG_PROFILE(0);
	bl_calendar_name_of(&w.history, &w.name);
	profile_task(fcinfo, &w, until_of(fcinfo, &w), true);
	put_backtest(fcinfo, &w.task, &w.options, &w.arena);
	PG_RETURN_NULL();
}

/* ---- parts ---- */

/* at least as fine as all the others */
static void
to_scale(BlSeries *series, int scale)
{
	if (series->shape.scale > scale)
		bl_profile_check(bl_series_rescale(series, scale), &series->shape);
}

/* apportion(profile, profile[]) returns profile[] */
PG_FUNCTION_INFO_V1(billing_profile_apportion);
Datum
billing_profile_apportion(PG_FUNCTION_ARGS)
{
	BlProfile	whole = BL_GETARG_PROFILE(0);
	BlSeries	total = bl_series_of(&whole);
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(1);
	Oid			type = ARR_ELEMTYPE(array);
	BlSeries   *part;
	int64_t    *slot;
	Datum	   *values;
	bool	   *nulls;
	int			n,
				scale = total.shape.scale;

	deconstruct_array(array, type, -1, false, TYPALIGN_INT, &values, &nulls, &n);
	if (ARR_NDIM(array) > 1 || n < 1)
		ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("what a total is apportioned to is a list of profiles")));
	part = palloc(sizeof *part * (Size) n);
	slot = palloc(sizeof *slot * (Size) n);
	for (int i = 0; i < n; i++)
	{
		BlProfile	p;

		if (nulls[i])
			ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("part %d of %d is null", i + 1, n)));
		p = bl_profile_of((struct varlena *) DatumGetPointer(values[i]));
		if (p.start != whole.start || p.slots != whole.slots || p.slot_minutes != whole.slot_minutes)
			bl_fail(BL_UNALIGNED, "part");
		if (p.unit != whole.unit)
			bl_fail(BL_BAD_UNIT, "part");
		part[i] = bl_series_of(&p);
		scale = Min(scale, p.scale);
	}
	to_scale(&total, scale);
	for (int i = 0; i < n; i++)
		to_scale(&part[i], scale);
	for (int s = 0; s < whole.slots; s++)
	{
		CHECK_FOR_INTERRUPTS();
		/* nothing is known that the parts could add up to */
		if (total.qualities[s] == BL_MISSING)
			continue;
		for (int i = 0; i < n; i++)
			slot[i] = part[i].values[s];
		bl_check(bl_apportion(total.values[s], slot, n), "part");
		for (int i = 0; i < n; i++)
		{
			part[i].values[s] = slot[i];
			part[i].qualities[s] = BL_ESTIMATED;
		}
	}
	for (int i = 0; i < n; i++)
		values[i] = PointerGetDatum(bl_series_packed(&part[i]));
	PG_RETURN_ARRAYTYPE_P(construct_array(values, n, type, -1, false, TYPALIGN_INT));
}
