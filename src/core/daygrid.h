/*
 * daygrid.h - a profile as days of equal slots by local time, in doubles, for analytics
 *
 * Slots finer than half an hour are added up to at least that, so that a day has 48 slots or fewer; a
 * slot of which a part is missing is missing (NaN).  An hour that a clock change repeats counts
 * as the mean of both, one that it skips is missing.
 */
#ifndef BL_DAYGRID_H
#define BL_DAYGRID_H

#include "arena.h"
#include "profile.h"

enum
{
	BL_GRID_SLOTS_MAX = 48,
	BL_GRID_DAYS_MAX = 4096		/* eleven years */
};

typedef struct BlDayGrid
{
	int32_t		first;			/* day, see clock.h */
	int			days;
	int			slots;			/* of a day */
	double	   *value;			/* days * slots; energies in k-units, as kWh, levels in units */
} BlDayGrid;

/* zone is the profile's, for its span.  BL_LIMIT: more than BL_GRID_DAYS_MAX days */
extern BlStatus bl_day_grid(const BlProfile *profile, const BlZone *zone, BlArena *arena, BlDayGrid *grid);

#endif							/* BL_DAYGRID_H */
