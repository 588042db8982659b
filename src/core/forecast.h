/*
 * forecast.h - loads foreseen: a family of methods, back-tests, weights with a guard, intervals
 *
 * A history is a series of equal slots with a season (the slots of a day; of
 * months 12) and a cycle (those of a week; where there is none, the season).
 * A missing slot is NaN.  Everything is double precision by the four
 * operations in fixed order, so the same history gives the same forecast on
 * every machine.  Formulas, sources and limits: doc/forecast.md.
 */
#ifndef BL_FORECAST_H
#define BL_FORECAST_H

#include "arena.h"
#include "status.h"

enum
{
	BL_FORECAST_SLOTS_MAX = 1 << 20,	/* of a history */
	BL_FORECAST_HORIZON_MAX = 1 << 16,
	BL_FORECAST_SEASON_MAX = 1440,
	BL_FORECAST_DAYS_MAX = 14,	/* seasons in a cycle */
	BL_FORECAST_ORIGINS = 4,	/* of a back-test, unless said otherwise */
	BL_FORECAST_ORIGINS_MAX = 12
};

typedef enum BlForecastMethod
{
	/* methods of their own */
	BL_FORECAST_NAIVE_SEASON,
	BL_FORECAST_NAIVE_CYCLE,
	BL_FORECAST_MEAN,
	BL_FORECAST_MEDIAN,
	BL_FORECAST_SMOOTHED_MEDIAN,
	BL_FORECAST_PROFILE_LEVEL,
	BL_FORECAST_RIDGE,
	BL_FORECAST_RIDGE_LAGS,
	BL_FORECAST_LAGS,
	BL_FORECAST_HOLT_WINTERS,
	BL_FORECAST_INDEX_LEVEL,
	BL_FORECAST_THETA,
	BL_FORECAST_SINGLES,		/* how many these are */
	/* fixed combinations of them */
	BL_FORECAST_MEDIAN_RIDGE = BL_FORECAST_SINGLES,	/* C1 */
	BL_FORECAST_SMOOTHED_RIDGE, /* C2 */
	BL_FORECAST_MEDIAN_OF_FOUR, /* C3 */
	/* weighted by a back-test */
	BL_FORECAST_WEIGHTED,
	BL_FORECAST_METHODS
} BlForecastMethod;

/* Which methods are weighted: single customers are noise around a habit, sums of many are shape and weather. */
typedef enum BlForecastKind
{
	BL_FORECAST_BY_NOISE,		/* the history tells */
	BL_FORECAST_CUSTOMER,
	BL_FORECAST_AGGREGATE,
	BL_FORECAST_PERIODS			/* a cycle without seasons: months of years */
} BlForecastKind;

typedef struct BlForecastTask
{
	const double *value;		/* n; NaN: missing */
	int			n;
	int			season;			/* 1: none */
	int			cycle;			/* a multiple of the season */
	int			horizon;
	const double *temperature;	/* n + horizon, degrees Celsius, NaN: unknown; NULL: none */
	const uint8_t *holiday;		/* n + horizon, 1: a holiday; NULL: none */
} BlForecastTask;

typedef struct BlForecastOptions
{
	BlForecastMethod method;
	BlForecastKind kind;
	int			origins;		/* of the back-test, 1 to BL_FORECAST_ORIGINS_MAX */
	double		coverage;		/* of the interval, between 0 and 1 */
} BlForecastOptions;

typedef struct BlForecast
{
	double	   *value;			/* horizon of each, in the arena */
	double	   *lower;			/* NaN: too short a history to tell */
	double	   *upper;
	BlForecastKind kind;
	int			origins;		/* those there was history for; 0: no back-test */
	double		weight[BL_FORECAST_SINGLES];
} BlForecast;

/* How a method did from earlier origins, each over the horizon, with the history before it only. */
typedef struct BlBacktest
{
	int			origins;
	int			horizon;		/* shorter than the task's where its history is short */
	double		scale;			/* mean |y(t) - y(t - cycle)|: MASE is error / scale; 0: none */
	double		error[BL_FORECAST_METHODS]; /* mean absolute */
	double		smape[BL_FORECAST_METHODS]; /* percent, 0 to 200 */
	double		bias[BL_FORECAST_METHODS];	/* mean of forecast less what came */
} BlBacktest;

extern const char *bl_forecast_method_name(BlForecastMethod method);
extern const char *bl_forecast_kind_name(BlForecastKind kind);
/* false: there is none of that name */
extern bool bl_forecast_method_parse(const char *text, size_t length, BlForecastMethod *method);
extern bool bl_forecast_kind_parse(const char *text, size_t length, BlForecastKind *kind);

/*
 * BL_BAD_VALUE with the reason for a task outside the bounds above or with a value beyond 10^15; BL_GAP for one
 * without any value.
 */
extern BlStatus bl_forecast_check(const BlForecastTask *task, BlProblem *problem);

/* Of a checked task, whose last 104 cycles (10,000 slots, if that is more) count.  BL_NO_SPACE. */
extern BlStatus bl_forecast(const BlForecastTask *task, const BlForecastOptions *options, BlForecast *forecast, BlArena *arena);
/* every method; backtest->origins 0: the history is too short */
extern BlStatus bl_forecast_backtest(const BlForecastTask *task, const BlForecastOptions *options, BlBacktest *backtest, BlArena *arena);

#endif							/* BL_FORECAST_H */
