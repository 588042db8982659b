/*
 * reference.h - how customers usually use: the median day by day and the median shape of a day
 *
 * Each customer counts with his days as shares of his own mean, so that large ones weigh as small
 * ones.  Shares are counted in bins of 1/64 of a power of two, whose median is known to 1 % or
 * better: memory does not grow with customers, and any order of them gives the same.
 */
#ifndef BL_REFERENCE_H
#define BL_REFERENCE_H

#include "daygrid.h"

enum
{
	BL_REFERENCE_BINS = 1024	/* 2^-8 to 2^8; what is outside counts in the first or last */
};

typedef struct BlReferenceCounts
{
	uint32_t	customers;
	int			slots;
	int32_t		first;
	int			days;
	uint32_t   *day;			/* days * BINS */
	uint32_t   *shape;			/* slots * BINS */
} BlReferenceCounts;

/* What they come to: 1 is the mean of a customer.  NaN: nobody has readings there. */
typedef struct BlReference
{
	int32_t		first;
	int			days;
	const double *day;
	int			slots;
	const double *shape;
} BlReference;

/* the days of both; BL_LIMIT: more than BL_GRID_DAYS_MAX */
extern BlStatus bl_reference_union(const BlReferenceCounts *counts, int32_t first, int days, int32_t *union_first, int *union_days);
/* counts one customer, whose days lie within; one that used nothing is passed over.  BL_UNALIGNED: other slots */
extern BlStatus bl_reference_add(BlReferenceCounts *counts, const BlDayGrid *grid);
/* adds what another counted, whose days lie within; BL_UNALIGNED: other slots */
extern BlStatus bl_reference_merge(BlReferenceCounts *counts, const BlReferenceCounts *other);
/* the medians; room for counts->days and counts->slots */
extern void bl_reference_medians(const BlReferenceCounts *counts, double *day, double *shape);

#endif							/* BL_REFERENCE_H */
