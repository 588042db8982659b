/*
 * demand.h - the shape of a load: peaks by block and by sliding window, totals, extremes
 *
 * Block windows lie on the grid of the local day (00:00, 00:15, ...) and never
 * cross midnight; sliding windows begin at any slot.  A window with a missing
 * slot, or not wholly within the profile, has no demand.  The moment of a peak is
 * the start of its window; of equal peaks the first counts.
 */
#ifndef BL_DEMAND_H
#define BL_DEMAND_H

#include "profile.h"

typedef struct BlPeak
{
	bool		found;			/* false: no whole window */
	int32_t		at;				/* minutes */
	BlInt128	value;			/* the sum of the window's slots, at the profile's scale */
} BlPeak;

/* window: minutes, a multiple of the slot, up to 1440; for blocks a divisor of 1440.  BL_BAD_VALUE */
extern BlStatus bl_profile_peak(const BlProfile *profile, int window, bool sliding, BlPeak *peak);

/*
 * The mean power of a peak's window in kW (kvar, kVA); exact, or where no decimal is,
 * rounded half up at 10^-6.  BL_BAD_UNIT for what is neither energy nor power.
 */
extern BlStatus bl_peak_kw(const BlProfile *profile, int window, const BlPeak *peak, BlDec *kw);

typedef struct BlStatistics
{
	int			slots;
	int			quality[BL_QUALITY_COUNT];	/* slots of each */
	int			zeros;
	int64_t		min;			/* of present slots, at the profile's scale */
	int64_t		max;
	int32_t		min_at;			/* the first of that value */
	int32_t		max_at;
	BlInt128	sum;
} BlStatistics;

extern BlStatus bl_profile_statistics(const BlProfile *profile, BlStatistics *statistics);

#endif							/* BL_DEMAND_H */
