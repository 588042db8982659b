/*
 * readings.h - a profile within its history: what validation and estimation look at
 *
 * Both are unpacked into one series on one grid.  Where they overlap the
 * profile's slot counts, also where it is missing: a value that was rejected
 * does not come back from the history.  Time that neither covers is missing.
 */
#ifndef BL_READINGS_H
#define BL_READINGS_H

#include "market.h"
#include "resample.h"

/* a local day */
typedef struct BlReadingDay
{
	int			first;			/* its first slot; may lie before the series, and its end behind it */
	int			slots;
	bool		whole_clock;	/* of 24 hours under one offset: every local time once */
	bool		rest;			/* a weekend or holiday that is not worked */
	uint8_t		weekday;		/* Monday is 0; a rest day in the week counts as Sunday, a worked one as Friday */
} BlReadingDay;

/* the energy of a register over a span; slots as of the series, and not only within it */
typedef struct BlRegisterSpan
{
	bool		aligned;		/* both readings lie between slots; else the slots that hold them */
	int			from;
	int			until;
	BlDec		kwh;
} BlRegisterSpan;

typedef struct BlReadings
{
	BlSeries	series;			/* at the finer scale of the two */
	int			first;			/* the profile's slots within the series */
	int			slots;
	const BlZone *zone;
	int32_t		day0;			/* of day[0] */
	int			days;
	BlReadingDay *day;
	int			registers;
	BlRegisterSpan *reg;		/* by time, none meets the next */
	BlArena    *arena;
} BlReadings;

/*
 * history and market may be NULL.  zone is the profile's, for the span of both.
 * BL_BAD_UNIT, BL_UNALIGNED where the two do not go together.
 */
extern BlStatus bl_readings_make(const BlProfile *profile, const BlProfile *history, const BlZone *zone,
								 const BlMarket *market, BlArena *arena, BlReadings *readings, BlProblem *problem);

/*
 * The register readings that bracket its slots: energies of one channel, each
 * with its span, none of a tariff period.  BL_OVERLAP, BL_BAD_UNIT, BL_BAD_VALUE.
 */
extern BlStatus bl_readings_registers(BlReadings *readings, const BlRegister *reg, int n, BlProblem *problem);

/* the slots of both; where both have one, `by` counts unless it is missing there */
extern BlStatus bl_series_overlay(const BlProfile *profile, const BlProfile *by, BlArena *arena,
								  BlSeries *result, BlProblem *problem);

/*
 * The same, but where both have one the better quality counts (corrected, actual, substituted, estimated,
 * suspect), and of two of one quality `by`.
 */
extern BlStatus bl_series_merge(const BlProfile *profile, const BlProfile *by, BlArena *arena,
								BlSeries *result, BlProblem *problem);

/* the slots that the span takes, for bl_readings_make and bl_series_overlay: both, and what is between */
extern void bl_readings_span(const BlProfile *profile, const BlProfile *other, int32_t *from, int32_t *until);

static inline int32_t
bl_readings_at(const BlReadings *r, int slot)
{
	return (int32_t) (r->series.shape.start + (int64_t) slot * r->series.shape.slot_minutes);
}

/* the day of a slot, as an index of day[] */
static inline int
bl_readings_day(const BlReadings *r, int slot)
{
	int			lo = 0,
				hi = r->days - 1;

	while (lo < hi)
	{
		int			mid = (lo + hi + 1) / 2;

		if (r->day[mid].first <= slot)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

#endif							/* BL_READINGS_H */
