/*
 * demand_fn.c - what a profile shows: peaks, load factor, statistics, gaps, rows
 */
#include "postgres.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/rangetypes.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"

#include "billing.h"
#include "core/demand.h"
#include "numeric.h"
#include "profile_type.h"

static Datum
record_of(FunctionCallInfo fcinfo, Datum *values, bool *nulls)
{
	TupleDesc	desc;

	if (get_call_result_type(fcinfo, NULL, &desc) != TYPEFUNC_COMPOSITE)
		elog(ERROR, "return type must be a row type");
	return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}

/* ------------------------------------------------------------------ peaks */

/* the peak of argument 0 by windows of argument 1 (null: the slot) in kW */
static bool
peak_of(FunctionCallInfo fcinfo, bool sliding, BlDec *kw, int32_t *at)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	int			window = PG_ARGISNULL(1) ? profile.slot_minutes :
		bl_minutes_of(PG_GETARG_INTERVAL_P(1), BL_MINUTES_PER_DAY, "a window");
	BlPeak		peak;
	BlStatus	status = bl_profile_peak(&profile, window, sliding, &peak);

	if (status == BL_BAD_VALUE)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("a window of %d minutes does not fit the profile", window),
				 errdetail("Its slots are %d minutes long; a window is a whole number of slots, up to a day%s.",
						   profile.slot_minutes, sliding ? "" : " that it divides"),
				 errhint("Use resample() first, or another window.")));
	bl_check(status, "peak");
	if (!peak.found)
		peak.value = 0;
	if (bl_peak_kw(&profile, window, &peak, kw) != BL_OK)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_BAD_UNIT),
				 errmsg("a profile of %s has no power", bl_unit_name(profile.unit)),
				 errhint("Use statistics() for its extremes.")));
	*at = peak.at;
	return peak.found;
}

/* peak(profile, interval, boolean) returns record */
PG_FUNCTION_INFO_V1(billing_profile_peak);
Datum
billing_profile_peak(PG_FUNCTION_ARGS)
{
	Datum		values[2];
	bool		nulls[2] = {false, false};
	BlDec		kw;
	int32_t		at;

	if (PG_ARGISNULL(0))
		PG_RETURN_NULL();
	if (!peak_of(fcinfo, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2), &kw, &at))
		PG_RETURN_NULL();
	values[0] = bl_numeric(kw);
	values[1] = TimestampTzGetDatum(bl_timestamp_of(at));
	return record_of(fcinfo, values, nulls);
}

/* peak_kw(profile, interval) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_peak_kw);
Datum
billing_profile_peak_kw(PG_FUNCTION_ARGS)
{
	BlDec		kw;
	int32_t		at;

	if (PG_ARGISNULL(0) || !peak_of(fcinfo, false, &kw, &at))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(bl_numeric(kw));
}

/* sliding_peak_kw(profile, interval) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_sliding_peak_kw);
Datum
billing_profile_sliding_peak_kw(PG_FUNCTION_ARGS)
{
	BlDec		kw;
	int32_t		at;

	if (PG_ARGISNULL(0) || !peak_of(fcinfo, true, &kw, &at))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(bl_numeric(kw));
}

/* ------------------------------------------------------------- statistics */

enum
{
	RATIO_DECIMALS = 6
};

static int
present(const BlStatistics *s)
{
	return s->slots - s->quality[BL_MISSING];
}

/* mean over highest slot; false where nothing is above zero */
static bool
load_factor(const BlStatistics *s, BlDec *factor)
{
	if (present(s) == 0 || s->max <= 0)
		return false;
	*factor = (BlDec) {
		bl_div_round(s->sum * bl_pow10(RATIO_DECIMALS), (BlInt128) s->max * present(s), BL_HALF_UP),
		RATIO_DECIMALS
	};
	return true;
}

/* load_factor(profile) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_load_factor);
Datum
billing_profile_load_factor(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlStatistics s;
	BlDec		factor;

	bl_check(bl_profile_statistics(&profile, &s), "statistics");
	if (!load_factor(&s, &factor))
		PG_RETURN_NULL();
	PG_RETURN_DATUM(bl_numeric(factor));
}

/* statistics(profile) returns record */
PG_FUNCTION_INFO_V1(billing_profile_statistics);
Datum
billing_profile_statistics(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	Datum		values[11] = {0};
	bool		nulls[11] = {false};
	BlStatistics s;
	BlDec		mean;
	BlDec		factor;
	int			here;

	bl_check(bl_profile_statistics(&profile, &s), "statistics");
	here = present(&s);
	values[0] = Int32GetDatum(s.slots);
	values[1] = Int32GetDatum(s.quality[BL_MISSING]);
	values[2] = Int32GetDatum(s.slots - s.quality[BL_MISSING] - s.quality[BL_ACTUAL]);
	values[3] = Int32GetDatum(s.zeros);
	if (here == 0)
		for (int i = 4; i <= 9; i++)
			nulls[i] = true;
	else
	{
		/* divided first, so that large scales cannot overflow */
		mean = bl_scaled(bl_div_round(s.sum * bl_pow10(RATIO_DECIMALS), here, BL_HALF_UP), profile.scale);
		mean.scale += RATIO_DECIMALS;
		values[4] = bl_numeric(bl_scaled(s.min, profile.scale));
		values[5] = TimestampTzGetDatum(bl_timestamp_of(s.min_at));
		values[6] = bl_numeric(bl_scaled(s.max, profile.scale));
		values[7] = TimestampTzGetDatum(bl_timestamp_of(s.max_at));
		values[8] = bl_numeric(bl_dec_trim(mean));
		values[9] = bl_numeric(bl_scaled(s.sum, profile.scale));
		nulls[9] = !bl_unit_is_energy(profile.unit);
	}
	nulls[10] = !load_factor(&s, &factor);
	if (!nulls[10])
		values[10] = bl_numeric(factor);
	return record_of(fcinfo, values, nulls);
}

/* storage(profile) returns record */
PG_FUNCTION_INFO_V1(billing_profile_storage);
Datum
billing_profile_storage(PG_FUNCTION_ARGS)
{
	BlBytes		stored = BL_GETARG_BYTES(0);
	BlProfile	profile;
	BlCursor	cursor = {0};
	BlBlock		block;
	Datum		values[7];
	bool		nulls[7] = {false};
	int			wide = 0;
	int			marked = 0;
	int			low = 64;
	int			high = 0;

	bl_check(bl_profile_open(&profile, stored.bytes, stored.size), "profile");
	for (;;)
	{
		bl_check(bl_profile_next(&profile, &cursor, &block), "profile");
		if (block.slots == 0)
			break;
		wide += block.wide;
		marked += block.runs != NULL;
		low = Min(low, block.width);
		high = Max(high, block.width);
	}
	values[0] = Int32GetDatum((int32) stored.size);
	values[1] = bl_numeric((BlDec) {bl_div_round((BlInt128) stored.size * 1000, profile.slots, BL_HALF_UP), 3});
	values[2] = Int32GetDatum(profile.blocks);
	values[3] = Int32GetDatum(wide);
	values[4] = Int32GetDatum(marked);
	values[5] = Int32GetDatum(low);
	values[6] = Int32GetDatum(high);
	return record_of(fcinfo, values, nulls);
}

/* ------------------------------------------------------------------- rows */

static void
put_row(FunctionCallInfo fcinfo, Datum *values)
{
	bool		nulls[2] = {false, false};
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;

	tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
}

/* slots(profile) returns setof record */
PG_FUNCTION_INFO_V1(billing_profile_slots);
Datum
billing_profile_slots(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlSeries	series = bl_series_of(&profile);
	Datum		names[BL_QUALITY_COUNT];
	MemoryContext row;

	InitMaterializedSRF(fcinfo, 0);
	for (int q = 0; q < BL_QUALITY_COUNT; q++)
		names[q] = CStringGetTextDatum(bl_quality_name((BlQuality) q));
	row = AllocSetContextCreate(CurrentMemoryContext, "billing slots", ALLOCSET_SMALL_SIZES);
	for (int i = 0; i < profile.slots; i++)
	{
		MemoryContext old = MemoryContextSwitchTo(row);
		Datum		values[3] = {0};
		bool		nulls[3] = {false, false, false};

		CHECK_FOR_INTERRUPTS();
		values[0] = TimestampTzGetDatum(bl_timestamp_of(profile.start + i * profile.slot_minutes));
		nulls[1] = series.qualities[i] == BL_MISSING;
		if (!nulls[1])
			values[1] = bl_numeric(bl_scaled(series.values[i], profile.scale));
		values[2] = names[series.qualities[i]];
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
		MemoryContextSwitchTo(old);
		MemoryContextReset(row);
	}
	MemoryContextDelete(row);
	PG_RETURN_NULL();
}

/* the block that a minute lies in; false: none does */
static bool
block_at(const BlProfile *profile, int64 minute, BlBlock *block)
{
	BlCursor	cursor = {0};

	if (minute < profile->start || minute >= bl_profile_until(profile))
		return false;
	do
		bl_check(bl_profile_next(profile, &cursor, block), "profile");
	while (block->slots > 0 && block->start + (int64) block->slots * profile->slot_minutes <= minute);
	return block->slots > 0;
}

/* value_at(profile, timestamptz) returns numeric */
PG_FUNCTION_INFO_V1(billing_profile_value_at);
Datum
billing_profile_value_at(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	TimestampTz at = PG_GETARG_TIMESTAMPTZ(1);
	int64		minute = at / USECS_PER_MINUTE - (at % USECS_PER_MINUTE < 0);
	int64		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	BlBlock		block;
	int			i;

	if (!block_at(&profile, minute, &block))
		PG_RETURN_NULL();
	bl_check(bl_block_decode(&profile, &block, values, qualities, NULL), "profile");
	i = (int) (minute - block.start) / profile.slot_minutes;
	if (qualities[i] == BL_MISSING)
		PG_RETURN_NULL();
	PG_RETURN_DATUM(bl_numeric(bl_scaled(values[i], profile.scale)));
}

/* daily(profile) returns table (day, energy_kwh, quality) */
PG_FUNCTION_INFO_V1(billing_profile_daily);
Datum
billing_profile_daily(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *rsinfo = (ReturnSetInfo *) fcinfo->resultinfo;
	BlProfile	profile = BL_GETARG_PROFILE(0);
	int64		slots[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	BlCursor	cursor = {0};
	BlZone		zone;
	BlBlock		block;

	bl_profile_need_energy(&profile);
	zone = bl_calendar_of(&profile);
	InitMaterializedSRF(fcinfo, 0);
	for (;;)
	{
		Datum		values[3];
		bool		nulls[3] = {false, false, false};
		BlQuality	worst = BL_ACTUAL;
		BlInt128	sum = 0;
		BlDec		kwh;
		int			missing;

		CHECK_FOR_INTERRUPTS();
		bl_check(bl_profile_next(&profile, &cursor, &block), "profile");
		if (block.slots == 0)
			break;
		bl_check(bl_block_decode(&profile, &block, slots, qualities, &missing), "profile");
		for (int i = 0; i < block.slots; i++)
		{
			sum += slots[i];
			worst = bl_quality_worse(worst, (BlQuality) qualities[i]);
		}
		kwh = bl_scaled(sum, profile.scale);
		kwh.scale += 3;
		values[0] = DateADTGetDatum(bl_zone_day(&zone, block.start));
		values[1] = bl_numeric(kwh);
		nulls[1] = missing == block.slots;
		values[2] = CStringGetTextDatum(bl_quality_name(worst));
		tuplestore_putvalues(rsinfo->setResult, rsinfo->setDesc, values, nulls);
	}
	PG_RETURN_NULL();
}

/* gaps(profile) returns setof tstzrange */
PG_FUNCTION_INFO_V1(billing_profile_gaps);
Datum
billing_profile_gaps(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlSeries	series = bl_series_of(&profile);
	TypeCacheEntry *cache = lookup_type_cache(TSTZRANGEOID, TYPECACHE_RANGE_INFO);

	InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
	for (int i = 0, from = 0; i < profile.slots; i++)
	{
		RangeBound	lower = {.inclusive = true, .lower = true};
		RangeBound	upper = {.inclusive = false, .lower = false};
		Datum		value;

		CHECK_FOR_INTERRUPTS();
		if (series.qualities[i] != BL_MISSING)
		{
			from = i + 1;
			continue;
		}
		if (i + 1 < profile.slots && series.qualities[i + 1] == BL_MISSING)
			continue;
		lower.val = TimestampTzGetDatum(bl_timestamp_of(profile.start + from * profile.slot_minutes));
		upper.val = TimestampTzGetDatum(bl_timestamp_of(profile.start + (i + 1) * profile.slot_minutes));
		value = RangeTypePGetDatum(make_range(cache, &lower, &upper, false));
		put_row(fcinfo, &value);
	}
	PG_RETURN_NULL();
}

/* during(profile) returns tstzrange */
PG_FUNCTION_INFO_V1(billing_profile_during);
Datum
billing_profile_during(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	TypeCacheEntry *cache = range_get_typcache(fcinfo, TSTZRANGEOID);
	RangeBound	lower = {.inclusive = true, .lower = true};
	RangeBound	upper = {.inclusive = false, .lower = false};

	lower.val = TimestampTzGetDatum(bl_timestamp_of(profile.start));
	upper.val = TimestampTzGetDatum(bl_timestamp_of(bl_profile_until(&profile)));
	PG_RETURN_RANGE_P(make_range(cache, &lower, &upper, false));
}

/* qualities(profile) returns setof record */
PG_FUNCTION_INFO_V1(billing_profile_qualities);
Datum
billing_profile_qualities(PG_FUNCTION_ARGS)
{
	BlProfile	profile = BL_GETARG_PROFILE(0);
	BlStatistics s;

	bl_check(bl_profile_statistics(&profile, &s), "statistics");
	InitMaterializedSRF(fcinfo, 0);
	for (int q = 0; q < BL_QUALITY_COUNT; q++)
		if (s.quality[q] > 0)
		{
			Datum		values[2];

			values[0] = CStringGetTextDatum(bl_quality_name((BlQuality) q));
			values[1] = Int32GetDatum(s.quality[q]);
			put_row(fcinfo, values);
		}
	PG_RETURN_NULL();
}
