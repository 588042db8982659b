/*
 * forecast_days.h - a profile as days of equal length, as people live them, and back
 *
 * Forecasts look at the same slot of the day by local time.  Each local day
 * becomes 1440 / slot places: of an hour that clocks pass twice the mean, of
 * one they pass over nothing.  The first place is the first of the local day
 * on which the history begins; a slot of nights that is no whole part of a
 * shift of the clocks takes the place it begins in.
 */
#ifndef BL_FORECAST_DAYS_H
#define BL_FORECAST_DAYS_H

#include "forecast.h"
#include "resample.h"

typedef struct BlForecastDays
{
	BlZone		zone;			/* for the history and the horizon */
	int			slot_minutes;
	int32_t		day;			/* the first */
	int32_t		end;			/* of the history, minutes */
	int			slots;			/* of the horizon */
	int			n;				/* places of the history */
	int			horizon;		/* places of the horizon */
} BlForecastDays;

/* BL_UNALIGNED unless until is a whole number of slots after the history's end; BL_LIMIT beyond the bounds of forecast.h */
extern BlStatus bl_forecast_days(BlForecastDays *days, const BlProfile *history, const BlZone *zone, int32_t until);

/* the place of a moment; may be before the first */
extern int	bl_forecast_place(const BlForecastDays *days, int32_t minute);

/* the values, in units, by place; NaN where there is none.  days->n of them. */
extern void bl_forecast_spread(const BlForecastDays *days, const BlSeries *history, double *value);
/* those of another profile, perhaps of other slots, at the time of each place; n + horizon of them */
extern void bl_forecast_sample(const BlForecastDays *days, const BlSeries *other, double *value);
/* 1 at places of these local days, which are sorted; n + horizon of them */
extern void bl_forecast_mark(const BlForecastDays *days, const int32_t *day, int count, uint8_t *mark);

/* what was foreseen by place, as whole numbers of 10^scale for each slot; BL_OVERFLOW */
extern BlStatus bl_forecast_gather(const BlForecastDays *days, const double *foreseen, int scale, int64_t *values);

/*
 * Changes parts so that they add up to total: what is lacking is shared out in proportion to their sizes, as
 * the differences of the rounded running sum, so that no part is off by a whole step.  All parts zero: equal
 * shares.  BL_OVERFLOW.
 */
extern BlStatus bl_apportion(int64_t total, int64_t *part, int n);

#endif							/* BL_FORECAST_DAYS_H */
