/*
 * real.h - correlation, order and quantiles of doubles and floats
 */
#ifndef BL_REAL_H
#define BL_REAL_H

#include <stdint.h>

/* the correlation of two rows over the places where both have a value; NaN: fewer than three, or one does not vary */
extern double bl_real_correlation(const double *a, const double *b, int n);

/*
 * Puts n values, none of them NaN, into rising order, rounded to 14 significant bits (1 in 16,000): then two passes
 * are enough.  room is for 2 * n.
 */
extern void bl_real_sort(float *value, uint32_t *room, int n);

/* the value below which a share of n > 0 sorted values lies, between two of them in proportion */
extern double bl_real_quantile(const float *sorted, int n, double share);

#endif							/* BL_REAL_H */
