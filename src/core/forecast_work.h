/*
 * forecast_work.h - what the methods of forecasting share
 */
#ifndef BL_FORECAST_WORK_H
#define BL_FORECAST_WORK_H

#include <math.h>

#include "elementary.h"
#include "forecast.h"

enum
{
	/* of a regression: inputs of all kinds, see forecast_ridge.c */
	BL_FORECAST_COLUMNS_MAX = 256
};

/* Memory that is enough for any one method; what it holds is done with when the method returns. */
static inline size_t
bl_forecast_scratch(const BlForecastTask *task)
{
	return sizeof(double) * (12 * ((size_t) task->n + task->horizon) + 32 * (size_t) task->cycle +
							 (BL_FORECAST_COLUMNS_MAX + 8) * (size_t) BL_FORECAST_COLUMNS_MAX);
}

/* the methods; each writes task->horizon values */
extern BlStatus bl_forecast_naive(const BlForecastTask *task, int lag, double *out, BlArena *arena);
extern BlStatus bl_forecast_mean(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_median(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_smoothed_median(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_profile_level(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_ridge(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_ridge_lags(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_holt_winters(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_lags(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_index_level(const BlForecastTask *task, double *out, BlArena *arena);
extern BlStatus bl_forecast_theta(const BlForecastTask *task, double *out, BlArena *arena);

/* the median of n > 0 values, which it reorders */
extern double bl_median(double *value, int n);
/* the quantile 0 <= q <= 1 of n > 0 values, which it sorts; between two of them linearly */
extern double bl_quantile(double *value, int n, double q);

/*
 * The history with its gaps filled: by the same slot of the cycles around, else of the seasons
 * around, else by the last value before.  BL_GAP: there is no value.
 */
extern BlStatus bl_forecast_fill(const BlForecastTask *task, double *filled, BlArena *arena);

/*
 * Solves A x = b for a symmetric positive A of n * n, of which the lower triangle is given and
 * destroyed; b becomes x.  BL_BAD_VALUE where A is not positive.
 */
extern BlStatus bl_solve(double *a, double *b, int n);

#endif							/* BL_FORECAST_WORK_H */
