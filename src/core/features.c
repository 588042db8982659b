/*
 * features.c - the features of a customer's days; see features.h
 */
#include "features.h"

#include "elementary.h"
#include "real.h"
#include "shift.h"

enum
{
	SERIES_COUNT = 11,
	OF_SERIES = 5,				/* t, place, size of the largest change; mean, standard deviation */
	SHAPE_SLOTS = 4,			/* a day of fewer has no shape */
	/* where each family begins */
	LEVELS = 0,
	RUNS = 15,
	MISSING = 21,
	SERIES = 25,
	THIRDS = SERIES + SERIES_COUNT * OF_SERIES,
	SHAPES = THIRDS + 3,
	DAYS = SHAPES + 9,
	BANDS = DAYS + 5,
	MONTHS = BANDS + 2 * BL_FEATURE_BANDS,
	AREA = MONTHS + 4 + BL_FEATURE_MONTHS
};

_Static_assert(AREA + 2 == BL_FEATURES, "families and names go together");

#define SERIES_NAMES(s) s "_t", s "_at", s "_size", s "_mean", s "_sd"

const char *const bl_feature_name[BL_FEATURES] = {
	"mean_kwh_log", "q05", "q10", "q25", "q50", "q75", "q90", "q99", "max", "sd",
	"day_sd", "day_min", "day_q10", "day_q90", "day_max",
	"zero_share", "zero_run_h", "zero_runs", "equal_share", "equal_run_h", "flat_days",
	"missing_run_h", "missing_first", "missing_middle", "missing_last",
	SERIES_NAMES("level"), SERIES_NAMES("minimum"), SERIES_NAMES("maximum"), SERIES_NAMES("zeros"),
	SERIES_NAMES("variation"), SERIES_NAMES("roughness"), SERIES_NAMES("autocorrelation"),
	SERIES_NAMES("night"), SERIES_NAMES("evening"), SERIES_NAMES("relative"), SERIES_NAMES("likeness"),
	"last_first", "last_first_variation", "last_first_relative",
	"shape_first_last", "shape_first_last_reversed", "shape_first_last_turned",
	"shape_first_usual", "shape_last_usual", "shape_last_usual_reversed", "shape_last_usual_turned",
	"shape_usual", "shape_usual_reversed",
	"day_lag_1", "day_lag_7", "day_usual", "slope", "weekend",
	"band_1", "band_2", "band_3", "band_4", "band_5", "band_6", "band_7", "band_8",
	"band_1_change", "band_2_change", "band_3_change", "band_4_change",
	"band_5_change", "band_6_change", "band_7_change", "band_8_change",
	"last_30", "last_90", "last_180", "year_on_year",
	"month_1", "month_2", "month_3", "month_4", "month_5", "month_6", "month_7", "month_8", "month_9",
	"month_10", "month_11", "month_12", "month_13", "month_14", "month_15", "month_16", "month_17", "month_18",
	"month_19", "month_20", "month_21", "month_22", "month_23", "month_24", "month_25", "month_26", "month_27",
	"month_28", "month_29", "month_30", "month_31", "month_32", "month_33", "month_34", "month_35", "month_36",
	"area_correlation", "area_change"
};

enum
{
	LEVEL, MINIMUM, MAXIMUM, ZEROS, VARIATION, ROUGHNESS, AUTOCORRELATION, NIGHT, EVENING, RELATIVE, LIKENESS
};

/* What the families share. */
typedef struct Work
{
	const BlDayGrid *g;
	BlArena    *arena;
	double		mean;			/* of a slot */
	int			values;
	double	   *day;			/* mean of a slot relative to the mean; NaN: fewer than half of its slots */
	uint8_t    *have;			/* slots of the day with a reading */
	double	   *series[SERIES_COUNT];
	int			flat_days;		/* that hardly vary */
	int			shape_days;		/* that could */
	const double *usual;		/* shape of the reference's day, or NULL */
	double		usual_apart[BL_GRID_SLOTS_MAX]; /* of it, from its mean; all of it known */
	double		usual_squares;	/* 0: it is not */
	double	   *usual_day;		/* logarithms of the reference's days that are his; NaN: none */
	/* shapes of the thirds of his days, then of all: the mean of a slot */
	double		shape[4][BL_GRID_SLOTS_MAX];
	double	   *feature;
} Work;

static const double *
day_of(const BlDayGrid *g, int d)
{
	return g->value + (size_t) d * (size_t) g->slots;
}

/*
 * Most days are whole.  Theirs are loops without tests, and sums in lanes that the machine adds up at once: always the
 * same lanes in the same order, so that sums are the same on every machine.
 */
enum
{
	LANES = 4
};

static double
lanes_sum(const double *lane)
{
	return (lane[0] + lane[1]) + (lane[2] + lane[3]);
}

/* NaN: one of them is */
static double
sum_of(const double *x, int n)
{
	double		lane[LANES] = {0};
	int			k = 0;

	for (; k + LANES <= n; k += LANES)
		for (int j = 0; j < LANES; j++)
			lane[j] += x[k + j];
	for (; k < n; k++)
		lane[0] += x[k];
	return lanes_sum(lane);
}

static double
sum_squares(const double *x, int n, double mean)
{
	double		lane[LANES] = {0};
	int			k = 0;

	for (; k + LANES <= n; k += LANES)
		for (int j = 0; j < LANES; j++)
			lane[j] += (x[k + j] - mean) * (x[k + j] - mean);
	for (; k < n; k++)
		lane[0] += (x[k] - mean) * (x[k] - mean);
	return lanes_sum(lane);
}

/* a day's product with another's, both from their means */
static double
sum_products(const double *x, double x_mean, const double *y, double y_mean, int n)
{
	double		lane[LANES] = {0};
	int			k = 0;

	for (; k + LANES <= n; k += LANES)
		for (int j = 0; j < LANES; j++)
			lane[j] += (x[k + j] - x_mean) * (y[k + j] - y_mean);
	for (; k < n; k++)
		lane[0] += (x[k] - x_mean) * (y[k] - y_mean);
	return lanes_sum(lane);
}

static double
sum_changes(const double *x, int n)
{
	double		lane[LANES] = {0};
	int			k = 0;

	for (; k + LANES <= n - 1; k += LANES)
		for (int j = 0; j < LANES; j++)
			lane[j] += fabs(x[k + j + 1] - x[k + j]);
	for (; k < n - 1; k++)
		lane[0] += fabs(x[k + 1] - x[k]);
	return lanes_sum(lane);
}

static void
least_and_most(const double *x, int n, double *least, double *most)
{
	double		low[LANES] = {x[0], x[0], x[0], x[0]},
				high[LANES] = {x[0], x[0], x[0], x[0]};
	int			k = 0;

	for (; k + LANES <= n; k += LANES)
		for (int j = 0; j < LANES; j++)
		{
			low[j] = x[k + j] < low[j] ? x[k + j] : low[j];
			high[j] = x[k + j] > high[j] ? x[k + j] : high[j];
		}
	for (; k < n; k++)
	{
		low[0] = x[k] < low[0] ? x[k] : low[0];
		high[0] = x[k] > high[0] ? x[k] : high[0];
	}
	*least = low[0];
	*most = high[0];
	for (int j = 1; j < LANES; j++)
	{
		*least = low[j] < *least ? low[j] : *least;
		*most = high[j] > *most ? high[j] : *most;
	}
}

static double
mean_of(const double *x, int n)
{
	double		sum = 0;
	int			values = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
		{
			sum += x[i];
			values++;
		}
	return values > 0 ? sum / values : NAN;
}

static double
deviation_of(const double *x, int n, double mean)
{
	double		sum = 0;
	int			values = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
		{
			sum += (x[i] - mean) * (x[i] - mean);
			values++;
		}
	return values > 0 ? sqrt(sum / values) : NAN;
}

/* his days in thirds; the middle one takes what is left over */
static int
third_from(int third, int days)
{
	return third == 0 ? 0 : third == 1 ? days / 3 : third == 2 ? days - days / 3 : days;
}

/*
 * Shares are taken as logarithms, with a little added so that nothing stays finite: a tree that cuts at random
 * between the least and the greatest value would waste its cuts on a few large ones.
 */
static double
log_share(double share, double least)
{
	return isnan(share) ? NAN : bl_log((share > 0 ? share : 0) + least);
}

static double
log_of(double share)
{
	return log_share(share, 0.02);
}

/* ---- levels, zeros, repetitions, gaps ---- */

static void
pack(const double *x, int slots, double factor, float *out)
{
	for (int k = 0; k < slots; k++)
		if (!isnan(x[k]))
			*out++ = (float) (x[k] * factor);
}

static double
squares_around(const Work *w, double mean)
{
	double		all = 0;

	for (int d = 0; d < w->g->days; d++)
	{
		const double *x = day_of(w->g, d);

		if (w->have[d] == w->g->slots)
			all += sum_squares(x, w->g->slots, mean);
		else
			for (int k = 0; k < w->g->slots; k++)
				all += isnan(x[k]) ? 0 : (x[k] - mean) * (x[k] - mean);
	}
	return all;
}

static BlStatus
levels(Work *w)
{
	static const double share[] = {0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.99};
	const BlDayGrid *g = w->g;
	int			n = g->days * g->slots,
				values = 0;
	float	   *sorted = bl_arena_room(w->arena, sizeof *sorted * (size_t) n);
	uint32_t   *spare = bl_arena_room(w->arena, sizeof *spare * 2 * (size_t) n);
	double	   *f = w->feature + LEVELS,
				share_of_mean = 1 / w->mean;

	if (sorted == NULL || spare == NULL)
		return BL_NO_SPACE;
	for (int d = 0; d < g->days; d++)
	{
		const double *x = day_of(g, d);

		if (w->have[d] == g->slots)
			for (int k = 0; k < g->slots; k++)
				sorted[values + k] = (float) (x[k] * share_of_mean);
		else
			pack(x, g->slots, share_of_mean, sorted + values);
		values += w->have[d];
	}
	bl_real_sort(sorted, spare, values);
	for (int i = 0; i < 7; i++)
		f[1 + i] = log_of(bl_real_quantile(sorted, values, share[i]));
	f[8] = log_of(sorted[values - 1]);
	f[9] = log_of(sqrt(squares_around(w, w->mean) / values) / w->mean);
	values = 0;
	for (int d = 0; d < g->days; d++)
		if (!isnan(w->day[d]))
			sorted[values++] = (float) w->day[d];
	if (values == 0)
		return BL_OK;
	bl_real_sort(sorted, spare, values);
	f[10] = log_of(deviation_of(w->day, g->days, mean_of(w->day, g->days)));
	f[11] = log_of(sorted[0]);
	f[12] = log_of(bl_real_quantile(sorted, values, 0.1));
	f[13] = log_of(bl_real_quantile(sorted, values, 0.9));
	f[14] = log_of(sorted[values - 1]);
	return BL_OK;
}

/* few days have any, so that the slots of most need not be looked at one by one */
static bool
repeats_or_zeros(const BlDayGrid *g, int d)
{
	const double *x = day_of(g, d);
	double		lane[LANES] = {x[0] == 0 || (d > 0 && x[0] == x[-1]) ? 1 : 0};
	int			k = 1;

	for (; k + LANES <= g->slots; k += LANES)
		for (int j = 0; j < LANES; j++)
			lane[j] += (x[k + j] == 0 ? 1.0 : 0.0) + (x[k + j] == x[k + j - 1] ? 1.0 : 0.0);
	for (; k < g->slots; k++)
		lane[0] += (x[k] == 0 ? 1 : 0) + (x[k] == x[k - 1] ? 1 : 0);
	return lanes_sum(lane) > 0;
}

static void
runs(Work *w)
{
	const BlDayGrid *g = w->g;
	double		hours = 24.0 / g->slots,
			   *f = w->feature + RUNS;
	int			zeros = 0,
				zero_run = 0,
				zero_longest = 0,
				zero_runs = 0,
				equal = 0,
				equal_run = 0,
				equal_longest = 0;

	for (int d = 0; d < g->days; d++)
	{
		if (!repeats_or_zeros(g, d))
		{
			zero_run = equal_run = 0;
			continue;
		}
		for (int i = d * g->slots; i < (d + 1) * g->slots; i++)
		{
			double		x = g->value[i];
			bool		repeats = i > 0 && x == g->value[i - 1] && x != 0;

			/* NaN equals nothing */
			zero_run = x == 0 ? zero_run + 1 : 0;
			zeros += x == 0;
			zero_runs += zero_run == 1;
			zero_longest = zero_run > zero_longest ? zero_run : zero_longest;
			equal += repeats;
			equal_run = repeats ? equal_run + 1 : 0;
			equal_longest = equal_run > equal_longest ? equal_run : equal_longest;
		}
	}
	f[0] = (double) zeros / w->values;
	f[1] = log_of(zero_longest * hours);
	f[2] = (double) zero_runs / g->days;
	f[3] = (double) equal / w->values;
	f[4] = log_of(equal_longest * hours);
}

static void
missing(Work *w)
{
	const BlDayGrid *g = w->g;
	double	   *f = w->feature + MISSING;
	int			run = 0,
				longest = 0;

	for (int d = 0; d < g->days; d++)
	{
		if (w->have[d] == g->slots)
		{
			run = 0;
			continue;
		}
		for (int i = d * g->slots; i < (d + 1) * g->slots; i++)
		{
			run = isnan(g->value[i]) ? run + 1 : 0;
			longest = run > longest ? run : longest;
		}
	}
	f[0] = log_of(longest * 24.0 / g->slots);
	for (int third = 0; third < 3; third++)
	{
		int			from = third_from(third, g->days),
					until = third_from(third + 1, g->days),
					there = 0;

		for (int d = from; d < until; d++)
			there += w->have[d];
		f[1 + third] = until > from ? 1 - (double) there / ((until - from) * g->slots) : NAN;
	}
}

/* ---- daily series ---- */

/* What one pass over a day finds. */
typedef struct Day
{
	double		low;
	double		high;
	double		squares;		/* around its mean */
	double		lagged;			/* of neighbours, around the mean */
	double		change;			/* between neighbours, without sign */
	double		usual;			/* products with what is usual */
	int			steps;			/* neighbours */
	int			zeros;
} Day;

static Day
whole_day(const double *x, int slots, double mean, const double *usual_apart)
{
	Day			day = {.steps = slots - 1};

	least_and_most(x, slots, &day.low, &day.high);
	for (int k = 0; k < slots && day.low <= 0; k++)
		day.zeros += x[k] == 0;
	day.squares = sum_squares(x, slots, mean);
	day.lagged = sum_products(x, mean, x + 1, mean, slots - 1);
	day.change = sum_changes(x, slots);
	day.usual = sum_products(x, mean, usual_apart, 0, slots);
	return day;
}

static Day
part_day(const double *x, int slots, double mean)
{
	Day			day = {.low = INFINITY, .high = -INFINITY};

	for (int k = 0; k < slots; k++)
	{
		double		a = x[k] - mean;

		if (isnan(x[k]))
			continue;
		day.zeros += x[k] == 0;
		day.low = x[k] < day.low ? x[k] : day.low;
		day.high = x[k] > day.high ? x[k] : day.high;
		day.squares += a * a;
		if (k > 0 && !isnan(x[k - 1]))
		{
			day.lagged += a * (x[k - 1] - mean);
			day.change += fabs(x[k] - x[k - 1]);
			day.steps++;
		}
	}
	return day;
}

/* the sum of slots that begin in hours of the day */
static double
sum_hours(const double *x, int slots, int from, int until)
{
	int			first = (from * slots + 23) / 24,
				last = (until * slots + 23) / 24;
	double		sum = sum_of(x + first, last - first);

	if (!isnan(sum))
		return sum;
	sum = 0;
	for (int k = first; k < last; k++)
		sum += isnan(x[k]) ? 0 : x[k];
	return sum;
}

/* one day that has at least half of its slots */
static void
day_series(Work *w, int d)
{
	const double *x = day_of(w->g, d);
	int			slots = w->g->slots,
				have = w->have[d];
	double		mean = w->day[d] * w->mean;
	bool		whole = have == slots;
	Day			day;

	w->series[LEVEL][d] = log_share(w->day[d], 0.05);
	w->series[RELATIVE][d] = w->series[LEVEL][d] - w->usual_day[d];
	if (slots < SHAPE_SLOTS)
		return;
	day = whole ? whole_day(x, slots, mean, w->usual_apart) : part_day(x, slots, mean);
	w->shape_days++;
	w->flat_days += day.high - day.low <= 0.1 * mean;
	w->series[MINIMUM][d] = log_share(day.low / w->mean, 0.02);
	w->series[MAXIMUM][d] = log_share(day.high / w->mean, 0.02);
	w->series[ZEROS][d] = (double) day.zeros / have;
	if (mean > 0)
	{
		w->series[VARIATION][d] = sqrt(day.squares / have) / mean;
		w->series[ROUGHNESS][d] = day.steps > 0 ? day.change / day.steps / mean : NAN;
		w->series[NIGHT][d] = sum_hours(x, slots, 0, 5) / (mean * have);
		w->series[EVENING][d] = sum_hours(x, slots, 17, 22) / (mean * have);
	}
	/* rounding alone is no variation */
	if (day.squares > have * mean * mean * 1e-24)
	{
		w->series[AUTOCORRELATION][d] = day.lagged / day.squares;
		if (whole && w->usual_squares > 0)
			w->series[LIKENESS][d] = day.usual / sqrt(day.squares * w->usual_squares);
	}
	if (w->usual != NULL && !(whole && w->usual_squares > 0))
		w->series[LIKENESS][d] = bl_real_correlation(x, w->usual, slots);
}

static void
all_series(Work *w)
{
	int			days = w->g->days,
				margin = days / 10 > 3 ? days / 10 : 3;

	for (int s = 0; s < SERIES_COUNT; s++)
		for (int d = 0; d < days; d++)
			w->series[s][d] = NAN;
	for (int d = 0; d < days; d++)
		if (!isnan(w->day[d]))
			day_series(w, d);
	if (w->shape_days > 0)
		w->feature[RUNS + 5] = (double) w->flat_days / w->shape_days;
	for (int s = 0; s < SERIES_COUNT; s++)
	{
		double	   *f = w->feature + SERIES + s * OF_SERIES;
		BlShift		shift = bl_shift_find(w->series[s], days, margin);

		if (shift.at > 0)
		{
			f[0] = shift.t < 0 ? -bl_log(1 - shift.t) : bl_log(1 + shift.t);
			f[1] = (double) shift.at / days;
			f[2] = shift.size;
		}
		f[3] = mean_of(w->series[s], days);
		f[4] = deviation_of(w->series[s], days, f[3]);
		if (s == VARIATION || s == ROUGHNESS)
			f[3] = log_of(f[3]);
	}
}

/* ---- the first third beside the last, the shape of a day ---- */

static void
fill_shapes(Work *w)
{
	const BlDayGrid *g = w->g;
	int			have[4][BL_GRID_SLOTS_MAX] = {{0}},
				whole[3] = {0};

	memset(w->shape, 0, sizeof w->shape);
	for (int third = 0; third < 3; third++)
		for (int d = third_from(third, g->days); d < third_from(third + 1, g->days); d++)
		{
			const double *x = day_of(g, d);

			if (w->have[d] == g->slots)
			{
				for (int k = 0; k < g->slots; k++)
					w->shape[third][k] += x[k];
				whole[third]++;
			}
			else
				for (int k = 0; k < g->slots && !isnan(w->day[d]); k++)
				{
					bool		there = !isnan(x[k]);

					w->shape[third][k] += there ? x[k] : 0;
					have[third][k] += there;
				}
		}
	for (int third = 0; third < 3; third++)
		for (int k = 0; k < g->slots; k++)
		{
			have[third][k] += whole[third];
			w->shape[3][k] += w->shape[third][k];
			have[3][k] += have[third][k];
		}
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < g->slots; k++)
			w->shape[i][k] = have[i][k] > 0 ? w->shape[i][k] / have[i][k] : NAN;
}

static void
shapes(Work *w)
{
	int			slots = w->g->slots;
	double		reversed[4][BL_GRID_SLOTS_MAX],
			   *f = w->feature + SHAPES;

	fill_shapes(w);
	if (slots < SHAPE_SLOTS)
		return;
	for (int i = 0; i < 4; i++)
		for (int k = 0; k < slots; k++)
			reversed[i][k] = w->shape[i][slots - 1 - k];
	f[0] = bl_real_correlation(w->shape[0], w->shape[2], slots);
	f[1] = bl_real_correlation(w->shape[0], reversed[2], slots);
	f[2] = f[0] - f[1];
	if (w->usual == NULL)
		return;
	f[3] = bl_real_correlation(w->shape[0], w->usual, slots);
	f[4] = bl_real_correlation(w->shape[2], w->usual, slots);
	f[5] = bl_real_correlation(reversed[2], w->usual, slots);
	f[6] = f[4] - f[5];
	f[7] = bl_real_correlation(w->shape[3], w->usual, slots);
	f[8] = bl_real_correlation(reversed[3], w->usual, slots);
}

/* the mean of a band of the day, relative to the mean of the shape */
static double
band(const double *shape, int slots, int number)
{
	int			from = number * slots / BL_FEATURE_BANDS,
				until = (number + 1) * slots / BL_FEATURE_BANDS;
	double		mean = mean_of(shape, slots);

	return mean > 0 ? mean_of(shape + from, until - from) / mean : NAN;
}

static void
bands(Work *w)
{
	double	   *f = w->feature + BANDS;
	int			slots = w->g->slots;

	for (int i = 0; i < BL_FEATURE_BANDS && slots >= BL_FEATURE_BANDS; i++)
	{
		f[i] = band(w->shape[3], slots, i);
		f[BL_FEATURE_BANDS + i] = band(w->shape[2], slots, i) - band(w->shape[0], slots, i);
	}
}

static double
third_mean(const double *x, int third, int days)
{
	int			from = third_from(third, days);

	return mean_of(x + from, third_from(third + 1, days) - from);
}

static void
thirds(Work *w)
{
	double	   *f = w->feature + THIRDS;
	int			days = w->g->days;
	double		first = third_mean(w->day, 0, days),
				last = third_mean(w->day, 2, days);

	if (!isnan(first) && !isnan(last))
		f[0] = log_share(last, 0.05) - log_share(first, 0.05);
	f[1] = third_mean(w->series[VARIATION], 2, days) - third_mean(w->series[VARIATION], 0, days);
	f[2] = third_mean(w->series[RELATIVE], 2, days) - third_mean(w->series[RELATIVE], 0, days);
}

/* ---- days and months ---- */

/* how much a straight line through the days rises from the first to the last */
static double
slope(const double *day, int days)
{
	double		x_mean = 0,
				y_mean = mean_of(day, days),
				xx = 0,
				xy = 0;
	int			values = 0;

	for (int d = 0; d < days; d++)
		if (!isnan(day[d]))
		{
			x_mean += (double) d / days;
			values++;
		}
	x_mean /= values;
	for (int d = 0; d < days; d++)
		if (!isnan(day[d]))
		{
			double		x = (double) d / days - x_mean;

			xx += x * x;
			xy += x * (day[d] - y_mean);
		}
	return xx > 0 ? xy / xx : NAN;
}

static void
days_family(Work *w)
{
	double	   *f = w->feature + DAYS,
				sum[2] = {0, 0};
	const double *level = w->series[LEVEL];
	int			days = w->g->days,
				count[2] = {0, 0};

	f[0] = days > 1 ? bl_real_correlation(level, level + 1, days - 1) : NAN;
	f[1] = days > 7 ? bl_real_correlation(level, level + 7, days - 7) : NAN;
	f[2] = bl_real_correlation(level, w->usual_day, days);
	f[3] = slope(w->day, days);
	for (int d = 0; d < days; d++)
		if (!isnan(w->day[d]))
		{
			bool		weekend = bl_weekday(w->g->first + d) >= 5;

			sum[weekend] += w->day[d];
			count[weekend]++;
		}
	if (count[0] > 0 && count[1] > 0 && sum[0] > 0)
		f[4] = log_of((sum[1] / count[1]) / (sum[0] / count[0]));
}

static void
months(Work *w)
{
	double	   *f = w->feature + MONTHS;
	int			days = w->g->days,
				last[3] = {30, 90, 180};

	/* a part of his days beside all of them, not all beside all */
	for (int i = 0; i < 3; i++)
		if (days > last[i])
			f[i] = log_of(mean_of(w->day + days - last[i], last[i]));
	if (days >= 365 + 30)
	{
		int			both = days - 365 < 365 ? days - 365 : 365;
		double		before = mean_of(w->day + days - 365 - both, both);

		if (before > 0)
			f[3] = log_of(mean_of(w->day + days - both, both) / before);
	}
	for (int i = 0; i < BL_FEATURE_MONTHS && days >= 30 * (i + 1); i++)
		f[4 + i] = log_of(mean_of(w->day + days - 30 * (i + 1), 30));
}

/*
 * What the area loses beside what he is metered: a by-pass makes losses rise where his level falls.  Both in
 * energy of the day, over the days of both.
 */
static BlStatus
area_family(Work *w, const BlDayGrid *area)
{
	double	   *f = w->feature + AREA,
			   *loss = bl_arena_room(w->arena, sizeof *loss * (size_t) w->g->days);
	int			days = w->g->days,
				at = bl_shift_find(w->series[LEVEL], days, days / 10 > 3 ? days / 10 : 3).at;

	if (loss == NULL)
		return BL_NO_SPACE;
	for (int d = 0; d < days; d++)
	{
		int64_t		there = (int64_t) w->g->first + d - area->first;

		loss[d] = there >= 0 && there < area->days ?
			mean_of(area->value + there * area->slots, area->slots) * area->slots / (w->mean * w->g->slots) : NAN;
	}
	f[0] = bl_real_correlation(loss, w->day, days);
	if (at > 0)
		f[1] = mean_of(loss + at, days - at) - mean_of(loss, at);
	return BL_OK;
}

/* ---- all of them ---- */

static void
fill_days(Work *w)
{
	const BlDayGrid *g = w->g;
	double		all = 0;

	w->values = 0;
	for (int d = 0; d < g->days; d++)
	{
		const double *x = day_of(g, d);
		double		energy = sum_of(x, g->slots);
		int			have = g->slots;

		if (isnan(energy))
		{
			energy = 0;
			have = 0;
			for (int k = 0; k < g->slots; k++)
				if (!isnan(x[k]))
				{
					energy += x[k];
					have++;
				}
		}
		all += energy;
		w->values += have;
		w->have[d] = (uint8_t) have;
		w->day[d] = 2 * have >= g->slots ? energy / have : NAN;
	}
	w->mean = w->values > 0 ? all / w->values : 0;
	for (int d = 0; d < g->days && w->mean > 0; d++)
		w->day[d] /= w->mean;
}

static void
fill_usual(Work *w, const BlReference *reference)
{
	double		mean;

	for (int d = 0; d < w->g->days; d++)
	{
		int64_t		there = reference != NULL ? (int64_t) w->g->first + d - reference->first : -1;

		w->usual_day[d] = there >= 0 && there < reference->days && !isnan(reference->day[there]) ?
			log_share(reference->day[there], 0.05) : NAN;
	}
	w->usual = reference != NULL ? reference->shape : NULL;
	mean = w->usual != NULL ? mean_of(w->usual, w->g->slots) : 0;
	for (int k = 0; k < w->g->slots && w->usual != NULL; k++)
	{
		w->usual_apart[k] = w->usual[k] - mean;
		w->usual_squares += w->usual_apart[k] * w->usual_apart[k];
	}
	/* where some of it is not known each day has its own mean of the rest */
	if (isnan(w->usual_squares))
		w->usual_squares = 0;
}

/* what readings of absurd size make of sums and quotients */
static void
bound(double *feature)
{
	for (int i = 0; i < BL_FEATURES; i++)
		if (fabs(feature[i]) > 1e9)
			feature[i] = feature[i] > 0 ? 1e9 : -1e9;
}

static BlStatus
families(Work *w, const BlDayGrid *area)
{
	BlStatus	status;

	missing(w);
	if (w->values == 0)
		return BL_OK;
	runs(w);
	w->feature[LEVELS] = log_share(w->mean * w->g->slots, 0.001);
	/* who used nothing has no shares of a mean */
	if (!(w->mean > 0))
		return BL_OK;
	status = levels(w);
	if (status != BL_OK)
		return status;
	all_series(w);
	shapes(w);
	bands(w);
	thirds(w);
	days_family(w);
	months(w);
	return area != NULL ? area_family(w, area) : BL_OK;
}

BlStatus
bl_features(const BlDayGrid *grid, const BlReference *reference, const BlDayGrid *area, BlArena *arena, double *feature)
{
	Work	   *w = bl_arena_get(arena, sizeof *w);
	double	   *room = bl_arena_room(arena, sizeof *room * (size_t) grid->days * (SERIES_COUNT + 2));
	BlStatus	status;

	if (w == NULL || room == NULL)
		return BL_NO_SPACE;
	w->have = bl_arena_room(arena, (size_t) grid->days);
	if (w->have == NULL)
		return BL_NO_SPACE;
	if (reference != NULL && reference->slots != grid->slots)
		return BL_UNALIGNED;
	w->g = grid;
	w->arena = arena;
	w->feature = feature;
	for (int s = 0; s < SERIES_COUNT; s++)
		w->series[s] = room + (size_t) s * (size_t) grid->days;
	w->day = room + (size_t) SERIES_COUNT * (size_t) grid->days;
	w->usual_day = w->day + grid->days;
	for (int i = 0; i < BL_FEATURES; i++)
		feature[i] = NAN;
	fill_days(w);
	fill_usual(w, reference);
	status = families(w, area);
	bound(feature);
	return status;
}
