/*
 * real.h - correlation, order and quantiles of doubles and floats
 */
#ifndef BL_REAL_H
#define BL_REAL_H

/* the correlation of two rows over the places where both have a value; NaN: fewer than three, or one does not vary */
extern double bl_real_correlation(const double *a, const double *b, int n);

/* puts n values into rising order, none of them NaN; spare has room for as many */
extern void bl_real_sort(float *value, float *spare, int n);

/* the value below which a share of n > 0 sorted values lies, between two of them in proportion */
extern double bl_real_quantile(const float *sorted, int n, double share);

#endif							/* BL_REAL_H */
