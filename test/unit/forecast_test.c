/*
 * forecast_test.c - each method against a small series worked by hand, and what no series may do
 */
#include <math.h>

#include "check.h"
#include "core/elementary.h"
#include "core/forecast_days.h"
#include "core/forecast_work.h"

static uint8_t memory[256 << 20];
static size_t memory_used;

static void *
more(void *context, size_t size)
{
	void	   *at = memory + memory_used;

	(void) context;
	if (size > sizeof memory - memory_used)
		return NULL;
	memory_used += size;
	return at;
}

static BlArena
arena_of(size_t ceiling)
{
	memory_used = 0;
	return (BlArena) {.more = more, .ceiling = ceiling};
}

typedef BlStatus (*Method) (const BlForecastTask *task, double *out, BlArena *arena);

static double out[4096];

static BlStatus
ask(Method method, const double *value, int n, int season, int cycle, int horizon)
{
	BlArena		arena = arena_of(sizeof memory);
	BlForecastTask t = {.value = value, .n = n, .season = season, .cycle = cycle, .horizon = horizon};

	return method(&t, out, &arena);
}

#define NEAR(got, want) CHECK(fabs((got) - (double) (want)) < 1e-9 * (1 + fabs((double) (want))))

static BlForecast forecast;

static BlStatus
foresee(const double *value, int n, int season, int cycle, int horizon, BlForecastMethod method)
{
	BlArena		arena = arena_of(sizeof memory);
	BlForecastTask t = {.value = value, .n = n, .season = season, .cycle = cycle, .horizon = horizon};
	BlForecastOptions o = {method, BL_FORECAST_BY_NOISE, 4, 0.9};
	BlStatus	status = bl_forecast_check(&t, NULL);

	return status != BL_OK ? status : bl_forecast(&t, &o, &forecast, &arena);
}

/* ---- the four operations ---- */

static void
elementary(void)
{
	double		worst = 0;

	for (int i = -3000; i <= 3000; i++)
	{
		double		x = i / 7.0;

		worst = fmax(worst, fabs(bl_exp(x / 10) / exp(x / 10) - 1));
		if (i > 0)
			worst = fmax(worst, fabs(bl_log(x) - log(x)) / fmax(1, fabs(log(x))));
		worst = fmax(worst, fabs(bl_cosine(i, 336) - cos(2 * BL_PI * (i % 336) / 336)));
		worst = fmax(worst, fabs(bl_sine(i, 24) - sin(2 * BL_PI * (i % 24) / 24)));
	}
	CHECK(worst < 4e-15);
	CHECK(bl_exp(-1e9) == 0 && bl_exp(1e9) < INFINITY);
	CHECK(bl_log(1) == 0 && bl_exp(0) == 1 && bl_cosine(0, 5) == 1);
	NEAR(bl_log(1e-300), log(1e-300));
}

static void
quantiles(void)
{
	double		a[] = {5, 1, 4, 2, 3};
	double		b[] = {4, 1, 3, 2};

	NEAR(bl_median(a, 5), 3);
	NEAR(bl_median(b, 4), 2.5);
	NEAR(bl_quantile(a, 5, 0), 1);
	NEAR(bl_quantile(a, 5, 1), 5);
	NEAR(bl_quantile(b, 4, 0.5), 2.5);
	NEAR(bl_quantile(b, 4, 0.9), 3.7);
}

static void
solving(void)
{
	/* (4 2; 2 3) x = (10; 9): x = (1.5; 2) */
	double		a[] = {4, 0, 2, 3};
	double		b[] = {10, 9};
	double		singular[] = {1, 0, 1, 1};
	double		c[] = {1, 2};

	CHECK_EQ(bl_solve(a, b, 2), BL_OK);
	NEAR(b[0], 1.5);
	NEAR(b[1], 2);
	CHECK_EQ(bl_solve(singular, c, 2), BL_BAD_VALUE);
}

/* ---- methods by hand ---- */

static BlStatus
naive_season(const BlForecastTask *t, double *to, BlArena *arena)
{
	return bl_forecast_naive(t, t->season, to, arena);
}

static void
same_slots(void)
{
	/* seasons of 2, cycles of 4; the last slot but one is missing */
	static const double v[] = {1, 2, 3, 4, 3, 4, 5, 6, 8, 6, NAN, 8};

	CHECK_EQ(ask(naive_season, v, 12, 2, 4, 3), BL_OK);
	NEAR(out[0], 8);			/* two before the missing one */
	NEAR(out[1], 8);
	NEAR(out[2], 8);
	CHECK_EQ(ask(bl_forecast_mean, v, 12, 2, 4, 4), BL_OK);
	NEAR(out[0], 4);			/* of 1, 3, 8 */
	NEAR(out[1], 4);			/* of 2, 4, 6 */
	NEAR(out[2], 4);			/* of 3, 5 */
	NEAR(out[3], 6);
	CHECK_EQ(ask(bl_forecast_median, v, 12, 2, 4, 5), BL_OK);
	NEAR(out[0], 3);
	NEAR(out[2], 4);
	NEAR(out[4], 3);
}

static void
smoothed(void)
{
	double		v[48];

	/* seasons of 24: neighbours one to each side, weights 1 2 1 */
	for (int i = 0; i < 48; i++)
		v[i] = i % 24 == 10 ? 8 : 0;
	CHECK_EQ(ask(bl_forecast_smoothed_median, v, 48, 24, 24, 24), BL_OK);
	NEAR(out[9], 2);
	NEAR(out[10], 4);
	NEAR(out[11], 2);
	NEAR(out[12], 0);
}

static void
shape_times_level(void)
{
	/* shares 1/2 and 3/2 of levels 10, 20: the level is 10 + 0.3 * 10 = 13 */
	static const double v[] = {5, 15, 10, 30};

	CHECK_EQ(ask(bl_forecast_profile_level, v, 4, 1, 2, 3), BL_OK);
	NEAR(out[0], 6.5);
	NEAR(out[1], 19.5);
	NEAR(out[2], 6.5);
}

static void
index_times_level(void)
{
	/* around means of 2, index 1/2 and 3/2, level 2 */
	static const double v[] = {1, 3, 1, 3, 1, 3};

	CHECK_EQ(ask(bl_forecast_index_level, v, 6, 2, 2, 2), BL_OK);
	NEAR(out[0], 1);
	NEAR(out[1], 3);
}

static void
theta_of_a_line(void)
{
	/* without a season: half the slope of the line from the level, which follows at 0.99 */
	static const double v[] = {0, 2, 4, 6};

	CHECK_EQ(ask(bl_forecast_theta, v, 4, 1, 1, 2), BL_OK);
	NEAR(out[1] - out[0], 1);
	CHECK(out[0] > 6.9 && out[0] < 7);
}

/* what comes again exactly is foreseen: the smoothing by its start, the lags by their equation */
static void
exact_season(void)
{
	double		v[8 * 28];

	for (int i = 0; i < 8 * 28; i++)
		v[i] = 100 + 10 * (i % 4) + 7 * (i / 4 % 7);
	CHECK_EQ(ask(bl_forecast_holt_winters, v, 8 * 28, 4, 28, 28), BL_OK);
	for (int k = 0; k < 28; k++)
		NEAR(out[k], v[k]);
	CHECK_EQ(ask(bl_forecast_lags, v, 8 * 28, 4, 28, 28), BL_OK);
	for (int k = 0; k < 28; k++)
		CHECK(fabs(out[k] - v[k]) < 4);
	/* the weighted forecast finds out whom to believe, and its interval is narrow */
	CHECK_EQ(foresee(v, 8 * 28, 4, 28, 28, BL_FORECAST_WEIGHTED), BL_OK);
	CHECK_EQ(forecast.kind, BL_FORECAST_AGGREGATE);
	CHECK_EQ(forecast.origins, 4);
	for (int k = 0; k < 28; k++)
	{
		CHECK(fabs(forecast.value[k] - v[k]) < 1e-6);
		CHECK(forecast.lower[k] > v[k] - 1e-6 && forecast.upper[k] < v[k] + 1e-6);
	}
}

/* a wave of the day and a higher one on the seventh day lie within the regression's columns */
static void
waves(void)
{
	double		v[12 * 168];

	for (int i = 0; i < 12 * 168; i++)
		v[i] = exp(3 + 0.5 * sin(2 * BL_PI * (i % 24) / 24) + (i / 24 % 7 == 6 ? 0.4 : 0));
	CHECK_EQ(ask(bl_forecast_ridge, v, 12 * 168, 24, 168, 168), BL_OK);
	for (int k = 0; k < 168; k++)
		CHECK(fabs(out[k] / v[k] - 1) < 0.03);
	CHECK_EQ(ask(bl_forecast_ridge_lags, v, 12 * 168, 24, 168, 168), BL_OK);
	for (int k = 0; k < 168; k++)
		CHECK(fabs(out[k] / v[k] - 1) < 0.03);
}

/* heating below 18 degrees: a cold week needs more, a holiday less */
static void
regressors(void)
{
	enum {N = 8 * 56, HORIZON = 56};
	double		v[N],
				degrees[N + HORIZON],
				warm[2];
	uint8_t		holiday[N + HORIZON];
	BlForecastTask t = {.value = v, .n = N, .season = 8, .cycle = 56, .horizon = HORIZON, .temperature = degrees, .holiday = holiday};

	for (int i = 0; i < N + HORIZON; i++)
	{
		degrees[i] = i < N ? 10 + 8 * sin(i / 60.0) : 2;
		holiday[i] = i / 8 % 20 == 5 || i / 8 == N / 8 + 3;
		if (i < N)
			v[i] = (200 + 20 * (18 - degrees[i])) * (holiday[i] ? 0.7 : 1);
	}
	for (int round = 0; round < 2; round++)
	{
		BlArena		arena = arena_of(sizeof memory);

		CHECK_EQ(bl_forecast_ridge(&t, out, &arena), BL_OK);
		if (round == 0)
		{
			CHECK(fabs(out[16] / 520 - 1) < 0.1);
			CHECK(fabs(out[26] / (520 * 0.7) - 1) < 0.1);
			warm[0] = out[16];
		}
		else
		{
			warm[1] = out[16];
			CHECK(warm[1] < 0.8 * warm[0]);
		}
		for (int i = N; i < N + HORIZON; i++)
			degrees[i] = 16;
	}
}

static void
combinations(void)
{
	double		v[6 * 14],
				a,
				b;

	for (int i = 0; i < 6 * 14; i++)
		v[i] = 50 + (i * 37 % 11) + 5 * (i % 2);
	CHECK_EQ(foresee(v, 84, 2, 14, 3, BL_FORECAST_MEDIAN), BL_OK);
	a = forecast.value[2];
	CHECK_EQ(foresee(v, 84, 2, 14, 3, BL_FORECAST_RIDGE), BL_OK);
	b = forecast.value[2];
	CHECK_EQ(foresee(v, 84, 2, 14, 3, BL_FORECAST_MEDIAN_RIDGE), BL_OK);
	NEAR(forecast.value[2], (a + b) / 2);
	CHECK(forecast.lower[2] <= forecast.value[2] && forecast.value[2] <= forecast.upper[2]);
}

/* ---- what no series may do ---- */

static void
edges(void)
{
	static double v[1000];
	BlForecastMethod method;

	for (method = 0; method < BL_FORECAST_METHODS; method++)
	{
		/* nothing but zeros, a constant, one slot, gaps, net loads, a blow-up at the end */
		memset(v, 0, sizeof v);
		CHECK_EQ(foresee(v, 400, 4, 28, 60, method), BL_OK);
		for (int k = 0; k < 60; k++)
			CHECK(forecast.value[k] == 0);
		for (int i = 0; i < 1000; i++)
			v[i] = 7;
		CHECK_EQ(foresee(v, 400, 4, 28, 60, method), BL_OK);
		for (int k = 0; k < 60; k++)
			NEAR(forecast.value[k], 7);
		CHECK_EQ(foresee(v, 1, 4, 28, 60, method), BL_OK);
		NEAR(forecast.value[59], 7);
		CHECK(isnan(forecast.lower[0]));
		CHECK_EQ(forecast.origins, 0);
		for (int i = 0; i < 1000; i++)
			v[i] = i % 3 == 0 || (i > 100 && i < 300) ? NAN : 100 + i % 4;
		CHECK_EQ(foresee(v, 400, 4, 28, 60, method), BL_OK);
		for (int k = 0; k < 60; k++)
			CHECK(forecast.value[k] > 90 && forecast.value[k] < 115);
		for (int i = 0; i < 1000; i++)
			v[i] = -500 + i % 28 * 30;
		CHECK_EQ(foresee(v, 400, 4, 28, 60, method), BL_OK);
		for (int k = 0; k < 60; k++)
			CHECK(forecast.value[k] > -1000 && forecast.value[k] < 800);
		v[399] = 1e15;
		CHECK_EQ(foresee(v, 400, 4, 28, 60, method), BL_OK);
		for (int k = 0; k < 60; k++)
			CHECK(fabs(forecast.value[k]) <= 2e15);
	}
}

static void
refused(void)
{
	static double v[100];

	v[50] = INFINITY;
	CHECK_EQ(foresee(v, 100, 4, 28, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	v[50] = 1e16;
	CHECK_EQ(foresee(v, 100, 4, 28, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	v[50] = 0;
	CHECK_EQ(foresee(v, 100, 4, 30, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	CHECK_EQ(foresee(v, 100, 4, 60, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	CHECK_EQ(foresee(v, 100, 0, 0, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	CHECK_EQ(foresee(v, 0, 4, 28, 5, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	CHECK_EQ(foresee(v, 100, 4, 28, 0, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	CHECK_EQ(foresee(v, 100, 4, 28, BL_FORECAST_HORIZON_MAX + 1, BL_FORECAST_WEIGHTED), BL_BAD_VALUE);
	for (int i = 0; i < 100; i++)
		v[i] = NAN;
	CHECK_EQ(foresee(v, 100, 4, 28, 5, BL_FORECAST_WEIGHTED), BL_GAP);
}

/* the last 10,000 slots count, by the same day of the week; of longer histories no more memory is needed */
static void
long_history(void)
{
	enum {N = 300 * 48 + 13};
	static double v[N];
	double		last[60];

	for (int i = 0; i < N; i++)
		v[i] = i < N - 10000 - 96 ? 1e6 * (i % 7) : 100 + 10 * (i % 8) + 7 * (i / 8 % 12) + i * 7919 % 13;
	CHECK_EQ(foresee(v, N, 8, 96, 60, BL_FORECAST_WEIGHTED), BL_OK);
	for (int k = 0; k < 60; k++)
		last[k] = forecast.value[k];
	CHECK(last[0] > 90 && last[0] < 300);
	CHECK_EQ(foresee(v + (N - 10000) / 96 * 96, N - (N - 10000) / 96 * 96, 8, 96, 60, BL_FORECAST_WEIGHTED), BL_OK);
	for (int k = 0; k < 60; k++)
		CHECK(forecast.value[k] == last[k]);
}

/* whichever piece of memory is missing */
static void
memory_ends(void)
{
	static double v[300];
	BlForecastTask t = {.value = v, .n = 300, .season = 4, .cycle = 28, .horizon = 30};
	BlForecastOptions o = {BL_FORECAST_WEIGHTED, BL_FORECAST_AGGREGATE, 4, 0.9};
	BlForecast	f;
	BlStatus	status = BL_NO_SPACE;

	for (int i = 0; i < 300; i++)
		v[i] = 10 + i % 28;
	for (size_t ceiling = 0; status == BL_NO_SPACE && ceiling < sizeof memory; ceiling += 16384)
	{
		BlArena		arena = arena_of(ceiling);

		status = bl_forecast(&t, &o, &f, &arena);
	}
	CHECK_EQ(status, BL_OK);
}

/* ---- days ---- */

/* clocks go forward at 01:00 UTC on day 2 and back at 01:00 UTC on day 5 */
static void
days(void)
{
	static const BlZoneStep step[] = {{INT32_MIN, 0}, {2 * 1440 + 60, 60}, {5 * 1440 + 60, 0}};
	BlZone		zone = {3, step};
	int64_t		values[24 * 8];
	uint8_t		qualities[24 * 8] = {0};
	BlSeries	history = {{.slot_minutes = 60, .slots = 24 * 4 - 1}, values, qualities};
	BlForecastDays d;
	double		place[24 * 8];
	double		said[24 * 8];
	int32_t		holidays[] = {-7, 3, 5};
	uint8_t		mark[24 * 8];

	for (int i = 0; i < 24 * 4; i++)
		values[i] = i;
	/* four local days, of 24, 24, 23 and 24 hours, then four, the second of 25 */
	CHECK_EQ(bl_forecast_days(&d, &history.shape, &zone, 8 * 1440), BL_OK);
	CHECK_EQ(d.n, 96);
	CHECK_EQ(d.horizon, 96);
	CHECK_EQ(d.slots, 97);
	bl_forecast_spread(&d, &history, place);
	NEAR(place[48], 48);
	CHECK(isnan(place[49]));	/* the hour that was passed over */
	NEAR(place[50], 49);
	NEAR(place[95], 94);
	for (int k = 0; k < 96; k++)
		said[k] = k + 0.5;
	CHECK_EQ(bl_forecast_gather(&d, said, 0, values), BL_OK);
	CHECK_EQ(values[0], 1);
	CHECK_EQ(values[25], 26);	/* 01:00 for the first time */
	CHECK_EQ(values[26], 26);	/* and again */
	CHECK_EQ(values[96 - 1], 95);
	bl_forecast_mark(&d, holidays, 3, mark);
	CHECK(mark[71] == 0 && mark[72] == 1 && mark[95] == 1 && mark[96] == 0 && mark[120] == 1 && mark[144] == 0);
	said[3] = 1e19;
	CHECK_EQ(bl_forecast_gather(&d, said, 0, values), BL_OVERFLOW);
	CHECK_EQ(bl_forecast_days(&d, &history.shape, &zone, 8 * 1440 + 30), BL_UNALIGNED);
	CHECK_EQ(bl_forecast_days(&d, &history.shape, &zone, 4 * 1440 - 60), BL_UNALIGNED);
	CHECK_EQ(bl_forecast_days(&d, &history.shape, &zone, 5000 * 1440), BL_LIMIT);
}

static void
apportioning(void)
{
	int64_t		a[] = {1, 1, 1};
	int64_t		b[] = {0, 0};
	int64_t		c[] = {10, -4, 0};
	int64_t		huge[] = {INT64_MAX, INT64_MAX};

	CHECK_EQ(bl_apportion(10, a, 3), BL_OK);
	CHECK_EQ(a[0] + a[1] + a[2], 10);
	CHECK(a[0] >= 3 && a[0] <= 4 && a[1] >= 3 && a[1] <= 4 && a[2] >= 3 && a[2] <= 4);
	CHECK_EQ(bl_apportion(-7, b, 2), BL_OK);
	CHECK_EQ(b[0] + b[1], -7);
	/* 8 more on 10 and -4: 8 * 10/14 = 5.7, the rest to -4 */
	CHECK_EQ(bl_apportion(14, c, 3), BL_OK);
	CHECK_EQ(c[0], 16);
	CHECK_EQ(c[1], -2);
	CHECK_EQ(c[2], 0);
	CHECK_EQ(bl_apportion(0, huge, 2), BL_OVERFLOW);
}

int
main(void)
{
	RUN(elementary);
	RUN(quantiles);
	RUN(solving);
	RUN(same_slots);
	RUN(smoothed);
	RUN(shape_times_level);
	RUN(index_times_level);
	RUN(theta_of_a_line);
	RUN(exact_season);
	RUN(waves);
	RUN(regressors);
	RUN(combinations);
	RUN(edges);
	RUN(refused);
	RUN(long_history);
	RUN(memory_ends);
	RUN(days);
	RUN(apportioning);
	return DONE();
}
