/*
 * edit_fn.c - readings changed by hand, or by a later delivery
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

#include "jsontext.h"
#include "numeric.h"
#include "profile_type.h"
#include "vee.h"

/* the slot of a profile that begins at a moment; slots where it is the end.  Errors are raised. */
static int
slot_at(const BlProfile *profile, TimestampTz at, bool end)
{
	int64		minutes;

	if (TIMESTAMP_NOT_FINITE(at) && end)
		return at > 0 ? profile->slots : 0;
	minutes = (int64) bl_minute_of(at, "the moment") - profile->start;
	if (minutes % profile->slot_minutes != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("no slot of the profile begins at the moment"),
				 errdetail("Slots are %d minutes long and begin at %s.", profile->slot_minutes,
						   bl_local_text(profile->start, profile->offset)),
				 errhint("Give the start of a slot.")));
	if (minutes < 0 || minutes > (int64) profile->slots * profile->slot_minutes - (end ? 0 : profile->slot_minutes))
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the moment is outside the profile"),
				 errdetail("It spans %s to %s.", bl_local_text(profile->start, profile->offset),
						   bl_local_text(bl_profile_until(profile), profile->offset)),
				 errhint("overlay() adds slots beyond it.")));
	return (int) (minutes / profile->slot_minutes);
}

static BlQuality
quality_arg(FunctionCallInfo fcinfo, int n)
{
	text	   *given = PG_GETARG_TEXT_PP(n);

	return bl_quality_of(VARDATA_ANY(given), VARSIZE_ANY_EXHDR(given));
}

/* the new values as a series of their own */
static BlSeries
new_values(FunctionCallInfo fcinfo, const BlProfile *profile, BlQuality quality)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(2);
	BlSeries	series = {.shape = *profile};
	int			unit_scale = 0;
	BlDec	   *decimals;
	Datum	   *elements;
	bool	   *nulls;
	int			n;

	if (!PG_ARGISNULL(4))
	{
		text	   *unit = PG_GETARG_TEXT_PP(4);
		BlUnit		given;

		bl_unit_of(VARDATA_ANY(unit), VARSIZE_ANY_EXHDR(unit), &given, &unit_scale);
		if (given != profile->unit)
			ereport(ERROR,
					(errcode(ERRCODE_BILLING_BAD_UNIT),
					 errmsg("the profile is of %s", bl_unit_name(profile->unit)),
					 errhint("Give the values in its unit, with any prefix.")));
	}
	if (ARR_NDIM(array) != 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("values must be one list"),
				 errhint("Give one value for each slot from the moment on, null for one that is missing.")));
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &elements, &nulls, &n);
	series.shape.slots = n;
	bl_series_room(&series, n);
	decimals = bl_decimals_room(n);
	for (int i = 0; i < n; i++)
	{
		series.qualities[i] = nulls[i] ? BL_MISSING : quality;
		decimals[i] = nulls[i] ? BL_ZERO : bl_dec_from_numeric(DatumGetNumeric(elements[i]), BL_SCALE_MAX, "a value");
	}
	bl_profile_check(bl_series_from_decimals(&series, decimals, unit_scale), &series.shape);
	return series;
}

/* edit(profile, timestamptz, numeric[], text, text) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_edit);
Datum
billing_profile_edit(PG_FUNCTION_ARGS)
{
	BlProfile	profile;
	BlSeries	series;
	BlSeries	part;
	BlQuality	quality;
	int			at;
	int			finest;

	for (int i = 0; i < 4; i++)
		if (PG_ARGISNULL(i))
			PG_RETURN_NULL();
	profile = BL_GETARG_PROFILE(0);
	quality = quality_arg(fcinfo, 3);
	if (quality == BL_MISSING)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a value cannot be missing"),
				 errhint("Give null for a slot that is missing, or use set_quality().")));
	at = slot_at(&profile, PG_GETARG_TIMESTAMPTZ(1), false);
	part = new_values(fcinfo, &profile, quality);
	if (part.shape.slots > profile.slots - at)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("there are more values than slots"),
				 errdetail("%d values for %d slots up to the profile's end.", part.shape.slots, profile.slots - at),
				 errhint("overlay() adds slots beyond it.")));
	series = bl_series_of(&profile);
	finest = Min(series.shape.scale, part.shape.scale);
	bl_profile_check(bl_series_rescale(&series, finest), &profile);
	bl_profile_check(bl_series_rescale(&part, finest), &profile);
	memcpy(series.values + at, part.values, (size_t) part.shape.slots * sizeof *part.values);
	memcpy(series.qualities + at, part.qualities, (size_t) part.shape.slots);
	bl_series_coarsen(&series);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* set_quality(profile, timestamptz, timestamptz, text) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_set_quality);
Datum
billing_profile_set_quality(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	int			from = slot_at(&profile, PG_GETARG_TIMESTAMPTZ(1), true);
	int			until = slot_at(&profile, PG_GETARG_TIMESTAMPTZ(2), true);
	BlQuality	quality = quality_arg(fcinfo, 3);
	BlSeries	series = bl_series_of(&profile);

	for (int i = from; i < until; i++)
	{
		if (series.qualities[i] == BL_MISSING)
			continue;
		series.qualities[i] = quality;
		if (quality == BL_MISSING)
			series.values[i] = 0;
	}
	PG_RETURN_POINTER(bl_series_packed(&series));
}

static Datum
laid_over(FunctionCallInfo fcinfo, bool better)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlProfile	by = BL_GETARG_PROFILE(1);
	BlProblem	problem = {0};
	BlSeries	series;
	BlArena		arena;
	BlStatus	status;

	bl_arena_init(&arena, BL_VEE_CEILING);
	status = better ? bl_series_merge(&profile, &by, &arena, &series, &problem)
		: bl_series_overlay(&profile, &by, &arena, &series, &problem);
	if (status != BL_OK)
		bl_raise(&problem);
	bl_series_coarsen(&series);
	PG_RETURN_POINTER(bl_series_packed(&series));
}

/* overlay(profile, profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_overlay);
Datum
billing_profile_overlay(PG_FUNCTION_ARGS)
{
	return laid_over(fcinfo, false);
}

/* merge(profile, profile) returns profile */
PG_FUNCTION_INFO_V1(billing_profile_merge);
Datum
billing_profile_merge(PG_FUNCTION_ARGS)
{
	return laid_over(fcinfo, true);
}
