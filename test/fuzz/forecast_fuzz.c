/*
 * forecast_fuzz.c - any series as a history: gaps, constants, tiny, huge and below zero; what is foreseen is a number within its
 * bounds, and the same again
 *
 * Ten bytes of options, then a value from each two: as the one before, missing, zero, or of a size between 10^-300 and 10^15.
 */
#include <math.h>

#include "core/forecast.h"
#include "memory.h"

extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum
{
	OPTIONS = 10,
	SLOTS_MAX = 240,
	HORIZON_MAX = 30,
	PLACES = SLOTS_MAX + HORIZON_MAX
};

static double
value_of(uint8_t kind, uint8_t size, double last)
{
	switch (kind % 8)
	{
		case 0:
			return last;
		case 1:
			return NAN;
		case 2:
			return 0;
		case 3:
			return 1e15;
		case 4:
			return -1e15 / (1 + size);
		case 5:
			return ldexp(1, -4 * size);
		case 6:
			return size * 1e10;
		default:
			return 100 + size;
	}
}

static bool
same(const double *a, const double *b, int n)
{
	return memcmp(a, b, sizeof *a * (size_t) n) == 0;
}

static void
check_forecast(const BlForecastTask *t, const BlForecastOptions *o)
{
	BlArena		arena = memory_arena();
	BlForecast	f,
				again;
	BlStatus	status = bl_forecast(t, o, &f, &arena);
	double		low = INFINITY;

	/* a history whose last two years are gaps */
	MUST(status == BL_OK || status == BL_GAP);
	if (status != BL_OK)
		return;
	for (int i = 0; i < t->n; i++)
		if (!isnan(t->value[i]))
			low = fmin(low, t->value[i]);
	for (int k = 0; k < t->horizon; k++)
	{
		MUST(isfinite(f.value[k]) && isnan(f.lower[k]) == isnan(f.upper[k]));
		MUST(isnan(f.lower[k]) || (isfinite(f.lower[k]) && f.lower[k] <= f.value[k] && f.value[k] <= f.upper[k] && isfinite(f.upper[k])));
		MUST(low < 0 || f.value[k] >= 0);
	}
	if (t->n % 8 == 0)
		MUST(bl_forecast(t, o, &again, &arena) == BL_OK && same(f.value, again.value, t->horizon) &&
			 same(f.weight, again.weight, BL_FORECAST_SINGLES));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static double value[SLOTS_MAX],
				temperature[PLACES];
	static uint8_t holiday[PLACES];
	BlForecastTask t = {.value = value};
	BlForecastOptions o;
	BlBacktest	b;
	BlArena		arena;
	BlProblem	problem;
	int			words = (int) (size < OPTIONS ? 0 : (size - OPTIONS) / 2);

	if (words == 0)
		return 0;
	t.season = 1 + data[0] % 12;
	t.cycle = t.season * (1 + data[1] % 4);
	t.horizon = 1 + data[2] % HORIZON_MAX;
	/* over and over: short inputs make long histories */
	t.n = words * (1 + data[3] % 16);
	t.n = t.n < SLOTS_MAX ? t.n : SLOTS_MAX;
	o.method = (BlForecastMethod) (data[4] % BL_FORECAST_METHODS);
	o.kind = (BlForecastKind) (data[5] % (BL_FORECAST_PERIODS + 1));
	o.origins = 1 + data[6] % 3;
	o.coverage = (1 + data[7]) / 257.0;
	for (int i = 0; i < t.n; i++)
	{
		const uint8_t *word = data + OPTIONS + 2 * (i % words);

		value[i] = value_of(word[0], word[1], i > 0 ? value[i - 1] : NAN);
	}
	for (int i = 0; i < t.n + t.horizon; i++)
	{
		const uint8_t *word = data + OPTIONS + 2 * (i % words);

		temperature[i] = word[1] % 16 == 0 ? NAN : word[1] % 201 - 100.0;
		holiday[i] = word[0] >> 7;
	}
	if (data[8] % 2 == 1)
		t.temperature = temperature;
	if (data[9] % 2 == 1)
		t.holiday = holiday;
	if (bl_forecast_check(&t, &problem) != BL_OK)
		return 0;
	check_forecast(&t, &o);
	arena = memory_arena();
	if (data[9] % 4 == 3 && bl_forecast_backtest(&t, &o, &b, &arena) == BL_OK)
		for (int m = 0; m < BL_FORECAST_METHODS && b.origins > 0; m++)
			MUST(isfinite(b.error[m]) && b.error[m] >= 0 && isfinite(b.bias[m]));
	memory_release();
	return 0;
}
