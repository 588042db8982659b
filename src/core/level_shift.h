/*
 * level_shift.h - the day from which on a meter reads a lasting share more or less
 *
 * A wrong ratio, a lost phase, a bypass all multiply every reading by a factor.
 * So each day is described by the logarithms of the medians of its parts, which
 * all move by the same step, and which single strange readings do not move.
 */
#ifndef BL_LEVEL_SHIFT_H
#define BL_LEVEL_SHIFT_H

#include "readings.h"

enum
{
	BL_LEVEL_PARTS = 6,			/* of a day */
	BL_LEVEL_MARGIN = 7			/* days on either side */
};

typedef struct BlLevelShift
{
	int			at;				/* the first day of the new level, an index of readings->day */
	double		factor;			/* of the level after to that before */
	double		strength;		/* the change in its own spread and in logarithms, multiplied */
	double		score;			/* 0 to 1 */
	int			before;			/* days with readings on either side */
	int			after;
} BlLevelShift;

/* the largest change of the profile and its history; at 0: too few days to tell.  BL_NO_SPACE */
extern BlStatus bl_level_shift(const BlReadings *readings, BlArena *arena, BlLevelShift *shift);

#endif							/* BL_LEVEL_SHIFT_H */
