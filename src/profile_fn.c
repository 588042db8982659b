/*
 * profile_fn.c - functions and operators on profiles: making, cutting,
 * reckoning
 *
 * What a profile is like, and what it equals, is in profile_value.c; peaks,
 * statistics and rows are in demand_fn.c.
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "billing.h"
#include "numeric.h"
#include "profile_type.h"
#include "sha256.h"

/* ----------------------------------------------------------------- making */

/* one dimension, a sane length; the number of elements */
static int
array_slots(ArrayType *array, const char *what)
{
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("%s has %d dimensions", what, ARR_NDIM(array)),
				 errhint("Give one list of values, one for each slot.")));
	if (n < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is empty", what),
				 errhint("A profile has at least one slot.")));
	if (n > BL_PROFILE_SLOTS_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s has too many values", what),
				 errdetail("It has %d; a profile has at most %d slots.", n, BL_PROFILE_SLOTS_MAX),
				 errhint("Split it into shorter spans.")));
	return n;
}

/*
 * Arguments 0, 1, 3, 4, 5 of every constructor: start, slot, unit, zone,
 * quality.  series->shape gets everything but scale; slots are set already.
 */
static BlZone
constructor_shape(FunctionCallInfo fcinfo, BlProfile *shape, int *unit_scale)
{
	text	   *unit = PG_GETARG_TEXT_PP(3);
	text	   *given = PG_ARGISNULL(4) ? NULL : PG_GETARG_TEXT_PP(4);
	BlZoneName *name = palloc0(sizeof *name);
	BlProblem	problem;
	BlZone		zone;

	shape->start = bl_minute_of(PG_GETARG_TIMESTAMPTZ(0), "the start of a profile");
	shape->slot_minutes = bl_minutes_of(PG_GETARG_INTERVAL_P(1), BL_MINUTES_PER_DAY, "a slot");
	if (BL_MINUTES_PER_DAY % shape->slot_minutes != 0)
		bl_profile_refuse(BL_BAD_VALUE, shape);
	bl_unit_of(VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit), &shape->unit, unit_scale);
	if (given != NULL &&
		bl_calendar_name(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), name, &problem) != BL_OK)
		bl_raise(&problem);
	if (bl_calendar_zone(name, shape->start, bl_shape_until(shape), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	bl_profile_set_zone(shape, name, &zone);
	return zone;
}

/* qualities of a text[] of one element or one a slot; slots without a value stay missing */
static void
apply_qualities(ArrayType *array, BlSeries *series)
{
	int			n = array_slots(array, "quality");
	Datum	   *elements;
	bool	   *nulls;
	BlQuality	last = BL_ACTUAL;
	const char *last_text = NULL;
	int			last_length = 0;

	if (n != 1 && n != series->shape.slots)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("quality has %d elements for %d slots", n, series->shape.slots),
				 errhint("Give one quality for all slots, or one for each.")));
	deconstruct_array(array, TEXTOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	for (int i = 0; i < series->shape.slots; i++)
	{
		int			e = n == 1 ? 0 : i;

		if (!nulls[e] && (i == 0 || n > 1))
		{
			const char *text = VARDATA_ANY(DatumGetPointer(elements[e]));
			int			length = (int) VARSIZE_ANY_EXHDR(DatumGetPointer(elements[e]));

			/* most elements are as the one before */
			if (last_text == NULL || length != last_length || memcmp(text, last_text, length) != 0)
				last = bl_quality_of(text, length);
			last_text = text;
			last_length = length;
		}
		if (series->qualities[i] != BL_MISSING)
			series->qualities[i] = (uint8_t) (nulls[e] ? BL_ACTUAL : last);
	}
}

/* the coarsest scale a header holds is 10^9; "TWh" needs more */
static void
finish_unit_scale(BlSeries *series, int unit_scale)
{
	series->shape.scale = unit_scale;
	if (unit_scale > BL_PROFILE_SCALE_MAX)
		bl_profile_check(bl_series_rescale(series, BL_PROFILE_SCALE_MAX), &series->shape);
}

static Datum
construct(FunctionCallInfo fcinfo, BlSeries *series, bool missing, int unit_scale, const BlZone *zone)
{
	if (unit_scale > BL_PROFILE_SCALE_MAX)
		finish_unit_scale(series, unit_scale);
	else if (unit_scale != INT_MIN)
		series->shape.scale = unit_scale;
	if (!PG_ARGISNULL(5))
		apply_qualities(PG_GETARG_ARRAYTYPE_P(5), series);
	else if (!missing)
		PG_RETURN_POINTER(bl_profile_packed(&series->shape, zone, series->values, NULL));
	PG_RETURN_POINTER(bl_profile_packed(&series->shape, zone, series->values, series->qualities));
}

#define CONSTRUCTOR_NULLS() \
	do { \
		if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(2) || PG_ARGISNULL(3)) \
			PG_RETURN_NULL(); \
	} while (0)

/* profile(timestamptz, interval, bigint[], text, text, text[]) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_from_int8);
Datum
billing_profile_from_int8(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	BlSeries	series = {0};
	BlZone		zone;
	bool		missing;
	int			unit_scale;

	CONSTRUCTOR_NULLS();
	array = PG_GETARG_ARRAYTYPE_P(2);
	series.shape.slots = array_slots(array, "energy_wh");
	zone = constructor_shape(fcinfo, &series.shape, &unit_scale);
	missing = array_contains_nulls(array);
	if (!missing && PG_ARGISNULL(5) && unit_scale <= BL_PROFILE_SCALE_MAX)
	{
		/* nothing to change: packed from the array itself */
		series.values = (int64_t *) ARR_DATA_PTR(array);
		return construct(fcinfo, &series, false, unit_scale, &zone);
	}
	bl_series_room(&series, series.shape.slots);
	{
		const int64 *next = (const int64 *) ARR_DATA_PTR(array);
		const bits8 *present = ARR_NULLBITMAP(array);

		for (int i = 0; i < series.shape.slots; i++)
		{
			bool		here = present == NULL || present[i / 8] >> i % 8 & 1;

			series.values[i] = here ? *next++ : 0;
			series.qualities[i] = here ? BL_ACTUAL : BL_MISSING;
		}
	}
	return construct(fcinfo, &series, missing, unit_scale, &zone);
}

/* profile(timestamptz, interval, integer[], text, text, text[]) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_from_int4);
Datum
billing_profile_from_int4(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	BlSeries	series = {0};
	BlZone		zone;
	const int32 *next;
	const bits8 *present;
	int			unit_scale;

	CONSTRUCTOR_NULLS();
	array = PG_GETARG_ARRAYTYPE_P(2);
	series.shape.slots = array_slots(array, "energy_wh");
	zone = constructor_shape(fcinfo, &series.shape, &unit_scale);
	bl_series_room(&series, series.shape.slots);
	next = (const int32 *) ARR_DATA_PTR(array);
	present = ARR_NULLBITMAP(array);
	for (int i = 0; i < series.shape.slots; i++)
	{
		bool		here = present == NULL || present[i / 8] >> i % 8 & 1;

		series.values[i] = here ? *next++ : 0;
		series.qualities[i] = here ? BL_ACTUAL : BL_MISSING;
	}
	return construct(fcinfo, &series, array_contains_nulls(array), unit_scale, &zone);
}

/*
 * A numeric as a decimal; what is finer than ten decimals below the last one
 * kept cannot change half-up rounding there and is cut off.
 */
BlDec
bl_profile_decimal(Numeric value, int most)
{
	char	   *text;
	char	   *point;
	BlDec		d;

	if (numeric_is_nan(value) || numeric_is_inf(value))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value of a profile must be a finite number"),
				 errdetail("NaN and infinities cannot be billed."),
				 errhint("Use null for a missing slot.")));
	text = DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value)));
	point = strchr(text, '.');
	if (point != NULL && strlen(point + 1) > (size_t) most + 1)
		point[most + 2] = '\0';
	if (bl_dec_parse(text, strlen(text), BL_SCALE_MAX, &d) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a value of the profile is out of range"),
				 errdetail("%.60s is too large.", text),
				 errhint("Give the values in a coarser unit.")));
	pfree(text);
	return d;
}

/* profile(timestamptz, interval, numeric[], text, text, text[]) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_from_numeric);
Datum
billing_profile_from_numeric(PG_FUNCTION_ARGS)
{
	ArrayType  *array;
	BlSeries	series = {0};
	BlZone		zone;
	BlStatus	status;
	BlDec	   *decimals;
	Datum	   *elements;
	bool	   *nulls;
	int			unit_scale;
	int			most;
	int			n;

	CONSTRUCTOR_NULLS();
	array = PG_GETARG_ARRAYTYPE_P(2);
	series.shape.slots = array_slots(array, "energy_kwh");
	zone = constructor_shape(fcinfo, &series.shape, &unit_scale);
	bl_series_room(&series, series.shape.slots);
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	decimals = bl_decimals_room(n);
	most = unit_scale - bl_unit_scale_min(series.shape.unit);
	if (most < 0)
	{
		series.shape.scale = unit_scale;
		bl_profile_refuse(BL_BAD_UNIT, &series.shape);
	}
	for (int i = 0; i < n; i++)
	{
		series.qualities[i] = nulls[i] ? BL_MISSING : BL_ACTUAL;
		decimals[i] = nulls[i] ? BL_ZERO : bl_profile_decimal(DatumGetNumeric(elements[i]), most);
	}
	status = bl_series_from_decimals(&series, decimals, unit_scale);
	if (status != BL_OK)
		bl_profile_refuse(status, &series.shape);
	return construct(fcinfo, &series, array_contains_nulls(array), INT_MIN, &zone);
}

/* -------------------------------------------------------------- reckoning */

static void
different_spans(const BlProfile *a, const BlProfile *b) pg_attribute_noreturn();
static void
different_spans(const BlProfile *a, const BlProfile *b)
{
	ereport(ERROR,
			(errcode(ERRCODE_BILLING_UNALIGNED),
			 errmsg("profiles do not cover the same slots"),
			 errdetail("One has %d slots of %d minutes from %s, the other %d of %d from %s.",
					   a->slots, a->slot_minutes, bl_local_text(a->start, a->offset),
					   b->slots, b->slot_minutes, bl_local_text(b->start, b->offset)),
			 errhint("Use slice() and resample() first, or sum(), which takes any spans.")));
}

/* what two profiles must share to become one */
static void
check_kin(const BlProfile *a, const BlProfile *b)
{
	if (a->unit != b->unit)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("profiles of %s and %s do not go together",
						bl_unit_name(a->unit), bl_unit_name(b->unit)),
				 errhint("Group them by channel, so that each result is of one unit.")));
	if (a->slot_minutes != b->slot_minutes)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profiles have different slots"),
				 errdetail("One has slots of %d minutes, the other of %d.", a->slot_minutes, b->slot_minutes),
				 errhint("Use resample() first.")));
	if (!bl_profile_same_zone(a, b))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("profiles are of different time zones"),
				 errdetail("Days of a profile begin at the midnights of its zone."),
				 errhint("Use in_zone() first.")));
}

static Datum
sum_of(FunctionCallInfo fcinfo, int sign)
{
	BlProfile	a = BL_GETARG_PROFILE(0);
	BlProfile	b = BL_GETARG_PROFILE(1);
	BlSeries	into;
	BlSeries	other;

	check_kin(&a, &b);
	if (a.start != b.start || a.slots != b.slots)
		different_spans(&a, &b);
	into = bl_series_of(&a);
	other = bl_series_of(&b);
	bl_profile_check(bl_series_add(&into, &other, sign), &a);
	PG_RETURN_POINTER(bl_series_packed(&into));
}

/* add(profile, profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_add);
Datum
billing_profile_add(PG_FUNCTION_ARGS)
{
	return sum_of(fcinfo, 1);
}

/* subtract(profile, profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_subtract);
Datum
billing_profile_subtract(PG_FUNCTION_ARGS)
{
	return sum_of(fcinfo, -1);
}

/* negate(profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_negate);
Datum
billing_profile_negate(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlSeries	series = bl_series_of(&profile);

	bl_profile_check(bl_series_negate(&series), &profile);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* apparent(profile, profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_apparent);
Datum
billing_profile_apparent(PG_FUNCTION_ARGS)
{
	BlProfile	a = BL_GETARG_PROFILE(0);
	BlProfile	b = BL_GETARG_PROFILE(1);
	BlProfile	kin = b;
	BlSeries	into;
	BlSeries	reactive;

	if (!(a.unit == BL_WH && b.unit == BL_VARH) && !(a.unit == BL_W && b.unit == BL_VAR))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("apparent energy is not made of %s and %s", bl_unit_name(a.unit), bl_unit_name(b.unit)),
				 errhint("Give the active profile (Wh) first, then the reactive one (varh).")));
	kin.unit = a.unit;
	check_kin(&a, &kin);
	if (a.start != b.start || a.slots != b.slots)
		different_spans(&a, &b);
	into = bl_series_of(&a);
	reactive = bl_series_of(&b);
	bl_profile_check(bl_series_apparent(&into, &reactive), &a);
	PG_RETURN_POINTER(bl_series_packed(&into));
}

/* positive(profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_positive);
Datum
billing_profile_positive(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlSeries	series = bl_series_of(&profile);

	bl_series_positive(&series);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* negative(profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_negative);
Datum
billing_profile_negative(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlSeries	series = bl_series_of(&profile);

	bl_profile_check(bl_series_negative(&series), &profile);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* scale(profile, numeric) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_scale);
Datum
billing_profile_scale(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlDec		factor = bl_dec_from_numeric(PG_GETARG_NUMERIC(1), BL_SCALE_MAX, "factor");
	BlSeries	series = bl_series_of(&profile);

	if (bl_series_multiply(&series, factor) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("a scaled value is out of range"),
				 errdetail("Values are kept as 64-bit integers at one decimal scale."),
				 errhint("Round the factor to fewer decimals.")));
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* portion(profile, numeric) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_portion);
Datum
billing_profile_portion(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlDec		energy = bl_dec_from_numeric(PG_GETARG_NUMERIC(1), 9, "energy");
	BlSeries	series = bl_series_of(&profile);

	if (!bl_unit_is_energy(profile.unit))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("a profile of %s has no energy to divide", bl_unit_name(profile.unit))));
	switch (bl_series_portion(&series, energy))
	{
		case BL_OK:
			break;
		case BL_BAD_VALUE:
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("no portion of this profile has that energy"),
					 errdetail("The energy or a slot is below zero, or the profile has no energy at all.")));
		default:
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("a portion of a profile is out of range"),
					 errdetail("Both are kept in steps of 10^-6 kWh, 64 bits in all.")));
	}
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* concat(profile, profile) returns profile: the slots of both, whichever is first */
PG_FUNCTION_INFO_V1(billing_profile_concat);
Datum
billing_profile_concat(PG_FUNCTION_ARGS)
{
	BlProfile	parts[2];

	parts[0] = BL_GETARG_PROFILE(0);
	parts[1] = BL_GETARG_PROFILE(1);
	PG_RETURN_POINTER(bl_profiles_joined(parts, 2));
}

static int
by_start(const void *a, const void *b)
{
	int32_t		x = ((const BlProfile *) a)->start;
	int32_t		y = ((const BlProfile *) b)->start;

	return (x > y) - (x < y);
}

/* whole days that follow each other, their blocks copied; NULL where slots must be looked at */
static struct varlena *
days_joined(const BlProfile *parts, int n)
{
	BlProfile	whole = parts[0];
	BlZone		zone;
	size_t		room = 0;
	size_t		size;
	struct varlena *value;

	for (int i = 0; i < n; i++)
		room += BL_PROFILE_HEADER + parts[i].zone_length + (parts[i].end - parts[i].first);
	whole.slots = (bl_profile_until(&parts[n - 1]) - whole.start) / whole.slot_minutes;
	zone = bl_calendar_of(&whole);
	value = bl_new_value(room);
	if (bl_profile_join(parts, n, &zone, bl_new_bytes(value), room, &size) != BL_OK)
	{
		pfree(value);
		return NULL;
	}
	SET_VARSIZE(value, VARHDRSZ + size);
	return value;
}

struct varlena *
bl_profiles_joined(BlProfile *parts, int n)
{
	struct varlena *joined;
	BlSeries	whole;
	int64		minutes;
	int			slot = 0;

	qsort(parts, n, sizeof *parts, by_start);
	whole.shape = parts[0];
	for (int i = 1; i < n; i++)
	{
		check_kin(&parts[0], &parts[i]);
		if (parts[i].start < bl_profile_until(&parts[i - 1]))
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_OVERLAP),
					 errmsg("profiles overlap"),
					 errdetail("One ends at %s, the next begins at %s.",
							   bl_local_text(bl_profile_until(&parts[i - 1]), parts[0].offset),
							   bl_local_text(parts[i].start, parts[0].offset)),
					 errhint("Cut one with slice(), or add them with sum().")));
		whole.shape.scale = Min(whole.shape.scale, parts[i].scale);
	}
	minutes = (int64) bl_profile_until(&parts[n - 1]) - parts[0].start;
	if (minutes % whole.shape.slot_minutes != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the slots of the profiles lie on different grids"),
				 errdetail("The time from the first to the end of the last is not a whole number of slots."),
				 errhint("Use resample() to a slot that fits both.")));
	if (minutes / whole.shape.slot_minutes > BL_PROFILE_SLOTS_MAX)
		bl_profile_refuse(BL_LIMIT, &whole.shape);
	joined = days_joined(parts, n);
	if (joined != NULL)
		return joined;
	whole.shape.slots = (int) (minutes / whole.shape.slot_minutes);
	bl_series_room(&whole, whole.shape.slots);
	for (int i = 0; i < n; i++)
	{
		BlSeries	part;
		int			at = (parts[i].start - whole.shape.start) / whole.shape.slot_minutes;

		if ((parts[i].start - whole.shape.start) % whole.shape.slot_minutes != 0)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_UNALIGNED),
					 errmsg("the slots of the profiles lie on different grids"),
					 errdetail("%s is not a whole number of slots after %s.",
							   bl_local_text(parts[i].start, parts[0].offset),
							   bl_local_text(whole.shape.start, parts[0].offset)),
					 errhint("Use resample() to a slot that fits both.")));
		/* the time between two profiles is missing */
		for (; slot < at; slot++)
		{
			whole.values[slot] = 0;
			whole.qualities[slot] = BL_MISSING;
		}
		part = (BlSeries) {parts[i], whole.values + at, whole.qualities + at};
		bl_check(bl_profile_decode(&parts[i], part.values, part.qualities, NULL), "profile");
		bl_profile_check(bl_series_rescale(&part, whole.shape.scale), &whole.shape);
		slot += parts[i].slots;
	}
	return bl_series_packed(&whole);
}

/* the slots of [from, until); NULL where none is in it.  from and until lie on the grid, or outside */
static struct varlena *
sliced(const BlProfile *profile, int64 from, int64 until)
{
	int64		end = bl_profile_until(profile);
	BlSeries	series;
	int			skip;

	from = Max(from, profile->start);
	until = Min(until, end);
	if (from >= until)
		return NULL;
	if ((from - profile->start) % profile->slot_minutes != 0 ||
		(until - profile->start) % profile->slot_minutes != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the span cuts through a slot of the profile"),
				 errdetail("Slots are %d minutes long and begin at %s.", profile->slot_minutes,
						   bl_local_text(profile->start, profile->offset)),
				 errhint("Cut between slots, or use resample() first.")));
	series = bl_series_of(profile);
	skip = (int) ((from - profile->start) / profile->slot_minutes);
	series.values += skip;
	series.qualities += skip;
	series.shape.start = (int32_t) from;
	series.shape.slots = (int) ((until - from) / profile->slot_minutes);
	return bl_series_packed(&series);
}

/* the minute of a border, where infinities and far moments are simply beyond; never within a minute */
static int64
border_minute(TimestampTz at)
{
	if (TIMESTAMP_IS_NOBEGIN(at))
		return PG_INT32_MIN;
	if (TIMESTAMP_IS_NOEND(at))
		return PG_INT32_MAX;
	if (at % USECS_PER_MINUTE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the border of a span is not on a whole minute"),
				 errhint("Slots begin on whole minutes.")));
	return at / USECS_PER_MINUTE;
}

/* slice(profile, timestamptz, timestamptz) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_slice);
Datum
billing_profile_slice(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	int64		from = border_minute(PG_GETARG_TIMESTAMPTZ(1));
	int64		until = border_minute(PG_GETARG_TIMESTAMPTZ(2));
	struct varlena *slice = sliced(&profile, from, until);

	if (slice == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(slice);
}

/* the moment a day begins in a profile's zone; far days are simply beyond */
static int64
day_minute(const BlZone *zone, DateADT day)
{
	if (DATE_IS_NOBEGIN(day) || day < BL_DAY_MIN + 3)
		return PG_INT32_MIN;
	if (DATE_IS_NOEND(day) || day > BL_DAY_MAX - 3)
		return PG_INT32_MAX;
	return bl_zone_midnight(zone, day);
}

/* days(profile) returns daterange */
PG_FUNCTION_INFO_V1(billing_profile_days);
Datum
billing_profile_days(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlZone		zone = bl_calendar_of(&profile);
	TypeCacheEntry *type = lookup_type_cache(DATERANGEOID, TYPECACHE_RANGE_INFO);
	RangeBound	lower = {.val = DateADTGetDatum(bl_zone_day(&zone, profile.start)), .inclusive = true, .lower = true};
	RangeBound	upper = {.val = DateADTGetDatum(bl_zone_day(&zone, bl_profile_until(&profile) - 1) + 1)};

	PG_RETURN_RANGE_P(make_range(type, &lower, &upper, false));
}

/* slice(profile, daterange) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_slice_days);
Datum
billing_profile_slice_days(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	RangeType  *during = PG_GETARG_RANGE_P(1);
	TypeCacheEntry *cache = range_get_typcache(fcinfo, RangeTypeGetOid(during));
	RangeBound	lower;
	RangeBound	upper;
	struct varlena *slice;
	BlZone		zone;
	bool		empty;

	range_deserialize(cache, during, &lower, &upper, &empty);
	if (empty)
		PG_RETURN_NULL();
	zone = bl_calendar_of(&profile);
	/* a daterange is canonical: [from, until) */
	slice = sliced(&profile,
				   lower.infinite ? PG_INT32_MIN : day_minute(&zone, DatumGetDateADT(lower.val)),
				   upper.infinite ? PG_INT32_MAX : day_minute(&zone, DatumGetDateADT(upper.val)));
	if (slice == NULL)
		PG_RETURN_NULL();
	PG_RETURN_POINTER(slice);
}

/* resample(profile, interval) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_resample);
Datum
billing_profile_resample(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	int			slot_minutes = bl_minutes_of(PG_GETARG_INTERVAL_P(1), BL_MINUTES_PER_DAY, "a slot");
	BlStatus	status;
	BlSeries	from;
	BlSeries	to;
	int			slots;
	int			room;

	status = bl_resample_slots(&profile, slot_minutes, &slots, &room);
	if (status == BL_UNALIGNED)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the profile is not a whole number of slots of %d minutes", slot_minutes),
				 errdetail("It has %d slots of %d minutes.", profile.slots, profile.slot_minutes),
				 errhint("Cut it to whole slots with slice() first.")));
	if (status != BL_OK)
	{
		profile.slot_minutes = slot_minutes;
		bl_profile_refuse(status, &profile);
	}
	from = bl_series_of(&profile);
	bl_series_room(&to, room);
	bl_profile_check(bl_series_resample(&from, slot_minutes, &to, room), &profile);
	PG_RETURN_POINTER(bl_series_packed(&to));
}

/* in_zone(profile, text) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_in_zone);
Datum
billing_profile_in_zone(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	text	   *given = PG_GETARG_TEXT_PP(1);
	BlSeries	series = bl_series_of(&profile);
	BlZoneName	name;
	BlProblem	problem;
	BlZone		zone;

	if (bl_calendar_name(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given), &name, &problem) != BL_OK ||
		bl_calendar_zone(&name, profile.start, bl_profile_until(&profile), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	bl_profile_set_zone(&series.shape, &name, &zone);
	PG_RETURN_POINTER(bl_profile_packed(&series.shape, &zone, series.values, series.qualities));
}
