/*
 * load.h - the load of many meters: profiles of any spans summed slot by slot
 *
 * A slot that no profile covers is not there; one that all who cover it miss
 * is missing; one that some miss and others have is the sum of those and
 * suspect, since it is too low.  Otherwise the worst quality counts.
 * Sums are integers, so any order and any grouping gives the same load.
 */
#ifndef BL_LOAD_H
#define BL_LOAD_H

#include "resample.h"

enum
{
	BL_UNCOVERED = 255			/* in a load's qualities only */
};

/*
 * The span that holds both, as start and slots; BL_UNALIGNED where slots do
 * not fit each other, BL_BAD_UNIT, BL_LIMIT.
 */
extern BlStatus bl_load_union(const BlProfile *a, const BlProfile *b, int32_t *start, int *slots);

/* moves a load into memory for a larger span that holds it; the rest is uncovered */
extern void bl_load_widen(const BlSeries *load, BlSeries *wider, int32_t start, int slots);

/* adds a profile, or another load, within the load's span; `from` may be rescaled.  BL_OVERFLOW */
extern BlStatus bl_load_add(BlSeries *load, BlSeries *from);

/* what is uncovered between becomes missing */
extern void bl_load_finish(BlSeries *load);

#endif							/* BL_LOAD_H */
