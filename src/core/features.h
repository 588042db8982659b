/*
 * features.h - what a customer's readings look like: numbers that models learn from
 *
 * One pass over his days (daygrid.h): levels, zeros, repetitions, gaps, the largest change of each
 * of eleven daily series (shift.h), the first third beside the last, the shape of a day, and months.
 * All but the level are relative, so that customers of any size compare; shares and t are logarithms.  NaN: his readings do not
 * say, or what it compares with was not given.  doc/theft.md has the list with formulas.
 */
#ifndef BL_FEATURES_H
#define BL_FEATURES_H

#include "daygrid.h"
#include "reference.h"

enum
{
	BL_FEATURES = 155,
	BL_FEATURE_MONTHS = 36,		/* of 30 days, back from the last one */
	BL_FEATURE_BANDS = 8		/* of a day */
};

extern const char *const bl_feature_name[BL_FEATURES];

/*
 * reference: of customers like him, or NULL.  area: days of what his transformer area lost, supplied
 * less metered, or NULL.  BL_UNALIGNED: the reference is of other slots; BL_NO_SPACE.
 */
extern BlStatus bl_features(const BlDayGrid *grid, const BlReference *reference, const BlDayGrid *area,
							BlArena *arena, double *feature);

#endif							/* BL_FEATURES_H */
