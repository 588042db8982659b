/*
 * shift.h - where the mean of a series changes most, if it changes once
 *
 * Every place is tried that leaves `margin` values on both sides; the one is taken where the
 * two means explain most of the squares, which is also where Student's t with pooled
 * variance is largest.  NaN is a missing value: it is passed over, but keeps its place.
 */
#ifndef BL_SHIFT_H
#define BL_SHIFT_H

/* beyond that t says nothing more: a step without any noise has no finite one */
#define BL_SHIFT_T_MAX 1000.0

typedef struct BlShift
{
	int			at;				/* the first place of the new mean; 0: too few values to try */
	double		t;				/* signed as the size, at most BL_SHIFT_T_MAX either way */
	double		size;			/* mean from there on less mean before */
} BlShift;

/* margin: fewest values on either side, at least 1; of equals the earliest */
extern BlShift bl_shift_find(const double *x, int n, int margin);

#endif							/* BL_SHIFT_H */
