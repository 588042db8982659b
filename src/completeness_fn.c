/*
 * completeness_fn.c - how much of what was to be read is there
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "intake_rows.h"
#include "numeric.h"
#include "profile_type.h"
#include "vee.h"

/* slots of the span, counted from the profile's start; they may lie outside it */
typedef struct Span
{
	int64		from;
	int64		until;
} Span;

typedef struct Count
{
	int64		expected;
	int64		actual;
	int64		estimated;
	int64		suspect;
} Count;

/* a border on the profile's grid; errors are raised */
static int64
border_slot(const BlProfile *profile, const RangeBound *bound)
{
	int64		minutes;

	if (bound->infinite || TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(bound->val)))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the span has no end"),
				 errhint("Give both borders.")));
	if (bound->lower != bound->inclusive)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the span is not of the form [from, until)"),
				 errhint("Write tstzrange(from, until).")));
	minutes = (int64) bl_minute_of(DatumGetTimestampTz(bound->val), "the span") - profile->start;
	if (minutes % profile->slot_minutes != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("the span cuts through a slot of the profile"),
				 errdetail("Slots are %d minutes long and begin at %s.", profile->slot_minutes,
						   bl_local_text(profile->start, profile->offset)),
				 errhint("Begin and end it between slots.")));
	return minutes / profile->slot_minutes;
}

/* argument 1, or the profile's own span */
static Span
span_arg(FunctionCallInfo fcinfo, const BlProfile *profile)
{
	RangeType  *during;
	RangeBound	lower;
	RangeBound	upper;
	bool		empty;

	if (PG_ARGISNULL(1))
		return (Span) {0, profile->slots};
	during = PG_GETARG_RANGE_P(1);
	range_deserialize(lookup_type_cache(RangeTypeGetOid(during), TYPECACHE_RANGE_INFO), during, &lower, &upper, &empty);
	if (empty)
		return (Span) {0, 0};
	return (Span) {border_slot(profile, &lower), border_slot(profile, &upper)};
}

static void
count_slot(Count *count, uint8_t quality)
{
	count->expected++;
	count->actual += quality == BL_ACTUAL || quality == BL_CORRECTED;
	count->estimated += quality == BL_ESTIMATED || quality == BL_SUBSTITUTED;
	count->suspect += quality == BL_SUSPECT;
}

static uint8_t
quality_of_slot(const BlSeries *series, int64 slot)
{
	return slot < 0 || slot >= series->shape.slots ? BL_MISSING : series->qualities[slot];
}

/* share of the slots that were read, in percent, cut off: 100 says that nothing is lacking */
static Datum
percent_of(const Count *count)
{
	return bl_numeric((BlDec) {(BlInt128) (count->actual + count->suspect) * 10000 / count->expected, 2});
}

/* completeness(profile, tstzrange) returns record */
PG_FUNCTION_INFO_V1(billing_completeness);
Datum
billing_completeness(PG_FUNCTION_ARGS)
{
	BlProfile	profile;
	BlSeries	series;
	Span		span;
	Count		count = {0};
	TupleDesc	desc;
	Datum		values[6];
	bool		nulls[6] = {false};
	int64		from;
	int64		until;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	profile = BL_GETARG_PROFILE(0);
	series = bl_series_of(&profile);
	span = span_arg(fcinfo, &profile);
	from = Max(span.from, 0);
	until = Min(span.until, profile.slots);
	for (int64 i = from; i < until; i++)
		count_slot(&count, series.qualities[i]);
	count.expected = span.until - span.from;
	values[0] = Int64GetDatum(count.expected);
	values[1] = Int64GetDatum(count.actual);
	values[2] = Int64GetDatum(count.estimated);
	values[3] = Int64GetDatum(count.suspect);
	values[4] = Int64GetDatum(count.expected - count.actual - count.estimated - count.suspect);
	nulls[5] = count.expected == 0;
	values[5] = nulls[5] ? (Datum) 0 : percent_of(&count);
	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls)));
}

static void
put_hour(BlRowMaker *rows, int32_t at, const Count *count)
{
	bl_row_begin(rows);
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of(at)));
	bl_put(rows, Int64GetDatum(count->expected));
	bl_put(rows, Int64GetDatum(count->actual));
	bl_put(rows, Int64GetDatum(count->estimated));
	bl_put(rows, Int64GetDatum(count->suspect));
	bl_put(rows, Int64GetDatum(count->expected - count->actual - count->estimated - count->suspect));
	bl_row_end(rows);
}

/* hourly_completeness(profile, tstzrange) returns setof record */
PG_FUNCTION_INFO_V1(billing_hourly_completeness);
Datum
billing_hourly_completeness(PG_FUNCTION_ARGS)
{
	BlRowMaker	rows;
	BlProfile	profile;
	BlSeries	series;
	Count		count = {0};
	BlZone		zone;
	Span		span;
	int32_t		at = 0;
	int64		hour = 0;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
		return (Datum) 0;
	profile = BL_GETARG_PROFILE(0);
	series = bl_series_of(&profile);
	span = span_arg(fcinfo, &profile);
	zone = bl_vee_zone(&profile, (int32_t) (profile.start + span.from * profile.slot_minutes),
					   (int32_t) (profile.start + span.until * profile.slot_minutes));
	for (int64 i = span.from; i < span.until; i++)
	{
		int32_t		moment = (int32_t) (profile.start + i * profile.slot_minutes);
		int			offset = bl_zone_offset(&zone, moment);
		/* the offset too, so that the hour that comes twice is two */
		int64		local = bl_floor_div((int64) moment + offset, 60) * 4096 + offset;

		if (count.expected > 0 && local != hour)
		{
			put_hour(&rows, at, &count);
			count = (Count) {0};
		}
		if (count.expected == 0)
			at = moment;
		hour = local;
		count_slot(&count, quality_of_slot(&series, i));
	}
	if (count.expected > 0)
		put_hour(&rows, at, &count);
	return (Datum) 0;
}

/* where the gap ends that begins at slot i; i where the slot is there.  What lies outside is one gap, however long. */
static int64
gap_until(const BlSeries *series, int64 i, int64 until)
{
	int			slots = series->shape.slots;

	if (i < 0)
		i = Min(until, 0);
	while (i < until && i < slots && series->qualities[i] == BL_MISSING)
		i++;
	return i >= slots ? until : i;
}

static void
put_gap(BlRowMaker *rows, const BlProfile *profile, int64 from, int64 until)
{
	bl_row_begin(rows);
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of((int32_t) (profile->start + from * profile->slot_minutes))));
	bl_put(rows, TimestampTzGetDatum(bl_timestamp_of((int32_t) (profile->start + until * profile->slot_minutes))));
	bl_put(rows, Int64GetDatum(until - from));
	bl_row_end(rows);
}

/* of a profile that is not there at all, the whole span is missing */
static void
put_all(FunctionCallInfo fcinfo, BlRowMaker *rows)
{
	RangeType  *during = PG_GETARG_RANGE_P(1);
	RangeBound	border[2];
	bool		empty;

	range_deserialize(lookup_type_cache(RangeTypeGetOid(during), TYPECACHE_RANGE_INFO), during, &border[0], &border[1], &empty);
	if (empty)
		return;
	bl_row_begin(rows);
	for (int i = 0; i < 2; i++)
		if (border[i].infinite)
			bl_put_null(rows);
		else
			bl_put(rows, border[i].val);
	bl_put_null(rows);
	bl_row_end(rows);
}

/* missing_reads(profile, tstzrange) returns setof record */
PG_FUNCTION_INFO_V1(billing_missing_reads);
Datum
billing_missing_reads(PG_FUNCTION_ARGS)
{
	BlRowMaker	rows;
	BlProfile	profile;
	BlSeries	series;
	Span		span;

	bl_rows_init(&rows, fcinfo);
	if (PG_ARGISNULL(0))
	{
		if (!PG_ARGISNULL(1))
			put_all(fcinfo, &rows);
		return (Datum) 0;
	}
	profile = BL_GETARG_PROFILE(0);
	series = bl_series_of(&profile);
	span = span_arg(fcinfo, &profile);
	for (int64 i = span.from; i < span.until; i++)
	{
		int64		until = gap_until(&series, i, span.until);

		if (until > i)
			put_gap(&rows, &profile, i, until);
		i = Max(until, i);
	}
	return (Datum) 0;
}
