/*
 * outliers.c - readings and runs of readings that stand out
 *
 * The measure of a single reading is its ratio to the week's largest daily
 * third (a household's own peaks come more than twice in a week, a fault does
 * not) and to its neighbours, since loads last.  Runs are held against a geometric distribution of the meter's other
 * runs: how many of that length would chance alone have made?
 */
#include "outliers.h"

#include <math.h>
#include <stdlib.h>

enum
{
	WEEK_REACH = 3,				/* days on either side */
	THIRD_LEAST = 6,			/* readings a day must have for its third largest to mean something */
	NEIGHBOURS = 2,				/* on either side */
	HAMPEL = 6,					/* likewise */
	ZEROS_BEFORE = 4,			/* of a catch-up */
	RUN_CAP = 4,				/* how far beyond two slots a run counts for what is usual, where runs are few */
	RUNS_MANY = 10,
	STRENGTH_SLOPE = 4			/* with strength_usual */
};

/* runs of which chance alone would make more than this many are not told of */
static const double run_chance = 0.1;
/* a reading below this part of the week's third stands out in nothing but what is before it */
static const double ratio_least = 0.5;
/* a lump after zeros needs to be only so much less high */
static const double lump_bonus = 3;
/* from strength to score: a logistic curve through 618,240 readings of 140 households, 560 of them spikes or lumps */
static const double strength_usual = 12.8;
static const double lump_score = 0.5;
/* of the spread of a time of day, so that a flat load has one: parts of the median reading */
static const double spread_least = 0.1;

const char *const bl_outlier_name[BL_OUTLIER_KINDS] = {"spike", "negative", "catch_up", "stuck", "zero_run"};

const char *const bl_outlier_feature[BL_OUTLIER_FEATURES] = {
	"slot z", "hampel", "day third ratio", "week third ratio", "high ratio", "median ratio", "neighbour ratio", "slot high ratio",
	"day maximum", "negative", "zeros before", "zero before"
};

/* ------------------------------------------------------------------- order */

static int
by_size(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

/* of sorted values, between two of them in proportion; NaN of none */
static double
quantile(const double *sorted, int n, double part)
{
	double		at = (n - 1) * part;
	int			below = (int) at;

	if (n == 0)
		return NAN;
	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (at - below) * (sorted[below + 1] - sorted[below]);
}

/* by multiplying, which gives the same on every machine */
static double
power(double base, int exponent)
{
	double		result = 1;

	while (exponent-- > 0 && result > 1e-30)
		result *= base;
	return result;
}

/* turns sorted values into distances from their middle; returns the distances' middle */
static double
median_distance(double *sorted, int n, double middle)
{
	for (int i = 0; i < n; i++)
		sorted[i] = fabs(sorted[i] - middle);
	qsort(sorted, (size_t) n, sizeof *sorted, by_size);
	return quantile(sorted, n, 0.5);
}

/* ---------------------------------------------------------------- learning */

static int
day_slots(const BlOutliers *o)
{
	return o->readings->series.shape.day_slots;
}

/* where the clock changes, a slot is that of its local time */
static void
place_slots(BlOutliers *o)
{
	const BlReadings *r = o->readings;
	int			step = r->series.shape.slot_minutes;

	for (int d = 0; d < r->days; d++)
		for (int i = 0; i < r->day[d].slots; i++)
		{
			int			slot = r->day[d].first + i;
			int32_t		at;

			if (slot < 0 || slot >= r->series.shape.slots)
				continue;
			o->day[slot] = d;
			at = bl_readings_at(r, slot);
			o->clock[slot] = r->day[d].whole_clock ? i :
				(int) ((at + bl_zone_offset(r->zone, at) - (int64_t) (r->day0 + d) * BL_MINUTES_PER_DAY) / step);
		}
}

static BlStatus
learn_times_of_day(BlOutliers *o, BlArena *arena)
{
	int			n = o->readings->series.shape.slots;
	int			clocks = day_slots(o);
	double	   *sorted = bl_arena_room(arena, (size_t) n * sizeof *sorted);
	int		   *from = bl_arena_get(arena, (size_t) (clocks + 1) * sizeof *from);
	int		   *filled = bl_arena_get(arena, (size_t) clocks * sizeof *filled);

	if (sorted == NULL || from == NULL || filled == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n; i++)
		if (!isnan(o->value[i]))
			from[o->clock[i] + 1]++;
	for (int c = 0; c < clocks; c++)
		from[c + 1] += from[c];
	for (int i = 0; i < n; i++)
		if (!isnan(o->value[i]))
			sorted[from[o->clock[i]] + filled[o->clock[i]]++] = o->value[i];
	for (int c = 0; c < clocks; c++)
	{
		double	   *own = sorted + from[c];

		qsort(own, (size_t) filled[c], sizeof *own, by_size);
		o->slot_median[c] = quantile(own, filled[c], 0.5);
		o->slot_high[c] = quantile(own, filled[c], 0.99);
		o->slot_spread[c] = 1.4826 * median_distance(own, filled[c], o->slot_median[c]);
	}
	return BL_OK;
}

static BlStatus
learn_sizes(BlOutliers *o, BlArena *arena)
{
	int			n = o->readings->series.shape.slots;
	double	   *sorted = bl_arena_room(arena, (size_t) n * sizeof *sorted);
	int			known = 0,
				above,
				below = 0;

	if (sorted == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n; i++)
		if (!isnan(o->value[i]))
			sorted[known++] = o->value[i];
	qsort(sorted, (size_t) known, sizeof *sorted, by_size);
	while (below < known && sorted[below] < 0)
		below++;
	above = below;
	while (above < known && sorted[above] == 0)
		above++;
	o->high = quantile(sorted, known, 0.995);
	o->median = quantile(sorted + above, known - above, 0.5);
	if (isnan(o->median))
		o->median = 0;
	o->net = below > known / 100 && below > 3;
	return BL_OK;
}

static void
learn_days(BlOutliers *o)
{
	const BlReadings *r = o->readings;

	for (int d = 0; d < r->days; d++)
	{
		double		top[3] = {-INFINITY, -INFINITY, -INFINITY};
		int			known = 0;

		for (int i = r->day[d].first; i < r->day[d].first + r->day[d].slots; i++)
		{
			if (i < 0 || i >= r->series.shape.slots || isnan(o->value[i]))
				continue;
			known++;
			if (o->value[i] > top[0])
				top[2] = top[1], top[1] = top[0], top[0] = o->value[i];
			else if (o->value[i] > top[1])
				top[2] = top[1], top[1] = o->value[i];
			else if (o->value[i] > top[2])
				top[2] = o->value[i];
		}
		o->day_third[d] = known < THIRD_LEAST ? NAN : top[2];
	}
	for (int d = 0; d < r->days; d++)
	{
		o->week_third[d] = NAN;
		for (int i = d - WEEK_REACH; i <= d + WEEK_REACH; i++)
			if (i >= 0 && i < r->days && !isnan(o->day_third[i]) && !(o->day_third[i] <= o->week_third[d]))
				o->week_third[d] = o->day_third[i];
	}
}

BlStatus
bl_outliers_learn(const BlReadings *readings, BlArena *arena, BlOutliers *o)
{
	size_t		n = (size_t) readings->series.shape.slots;
	size_t		clocks = (size_t) readings->series.shape.day_slots;
	size_t		days = (size_t) readings->days;
	BlStatus	status;

	*o = (BlOutliers)
	{
		.readings = readings,
			.value = bl_arena_room(arena, n * sizeof *o->value),
			.day = bl_arena_get(arena, n * sizeof *o->day),
			.clock = bl_arena_get(arena, n * sizeof *o->clock),
			.slot_median = bl_arena_room(arena, clocks * sizeof *o->slot_median),
			.slot_spread = bl_arena_room(arena, clocks * sizeof *o->slot_spread),
			.slot_high = bl_arena_room(arena, clocks * sizeof *o->slot_high),
			.day_third = bl_arena_room(arena, days * sizeof *o->day_third),
			.week_third = bl_arena_room(arena, days * sizeof *o->week_third)
	};
	if (o->value == NULL || o->day == NULL || o->clock == NULL || o->slot_median == NULL || o->slot_spread == NULL ||
		o->slot_high == NULL || o->day_third == NULL || o->week_third == NULL)
		return BL_NO_SPACE;
	for (size_t i = 0; i < n; i++)
		o->value[i] = readings->series.qualities[i] == BL_MISSING ? NAN : (double) readings->series.values[i];
	place_slots(o);
	learn_days(o);
	status = learn_sizes(o, arena);
	return status == BL_OK ? learn_times_of_day(o, arena) : status;
}

/* ---------------------------------------------------------------- features */

/* the value of a slot of the series; NaN outside */
static double
at(const BlOutliers *o, int slot)
{
	return slot < 0 || slot >= o->readings->series.shape.slots ? NAN : o->value[slot];
}

/* to something that is zero: as if it were one step of the meter */
static double
ratio(double value, double to)
{
	return value / fmax(to, 1);
}

/* how many slots of zero lie right before, at most `most` */
static int
zeros_before(const BlOutliers *o, int slot, int most)
{
	int			zeros = 0;

	while (zeros < most && at(o, slot - zeros - 1) == 0)
		zeros++;
	return zeros;
}

/* the distance from the middle of the readings around, in their own spread */
static double
hampel(const BlOutliers *o, int slot)
{
	double		around[2 * HAMPEL + 1];
	int			n = 0;
	double		middle;

	for (int i = slot - HAMPEL; i <= slot + HAMPEL; i++)
		if (!isnan(at(o, i)))
			around[n++] = at(o, i);
	qsort(around, (size_t) n, sizeof *around, by_size);
	middle = quantile(around, n, 0.5);
	return (o->value[slot] - middle) / fmax(1.4826 * median_distance(around, n, middle), fmax(spread_least * o->median, 1));
}

static double
neighbour_most(const BlOutliers *o, int slot)
{
	double		most = 0;

	for (int i = 1; i <= NEIGHBOURS; i++)
		most = fmax(most, fmax(at(o, slot - i), at(o, slot + i)));	/* fmax passes over NaN */
	return most;
}

static bool
is_day_maximum(const BlOutliers *o, int slot)
{
	const BlReadingDay *d = &o->readings->day[o->day[slot]];

	for (int i = d->first; i < d->first + d->slots; i++)
		if (at(o, i) > o->value[slot])
			return false;
	return true;
}

static double
week_ratio(const BlOutliers *o, int slot)
{
	double		third = o->week_third[o->day[slot]];

	return isnan(third) ? 0 : ratio(o->value[slot], third);
}

bool
bl_outlier_features(const BlOutliers *o, int slot, double *f)
{
	double		value = o->value[slot];
	int			clock = o->clock[slot];
	double		week = week_ratio(o, slot);

	if (isnan(value) || value == 0 || !(value < 0 || week >= ratio_least || at(o, slot - 1) == 0))
		return false;
	f[0] = (value - o->slot_median[clock]) / fmax(o->slot_spread[clock], fmax(spread_least * o->median, 1));
	f[1] = hampel(o, slot);
	f[2] = isnan(o->day_third[o->day[slot]]) ? NAN : ratio(value, o->day_third[o->day[slot]]);
	f[3] = week;
	f[4] = ratio(value, o->high);
	f[5] = ratio(value, o->median);
	f[6] = ratio(value, fmax(neighbour_most(o, slot), spread_least * o->median));
	f[7] = ratio(value, o->slot_high[clock]);
	f[8] = is_day_maximum(o, slot);
	f[9] = value < 0;
	f[10] = zeros_before(o, slot, ZEROS_BEFORE) == ZEROS_BEFORE;
	f[11] = at(o, slot - 1) == 0;
	return true;
}

/* ----------------------------------------------------------------- readings */

static double
untrained(const BlOutliers *o, const double *features)
{
	double		strength = features[3] * sqrt(fmax(features[6], 0)) * (features[10] > 0 ? lump_bonus : 1);

	if (features[9] > 0)
		return o->net ? 0 : 1;
	return 1 / (1 + power(strength_usual / fmax(strength, 1e-9), STRENGTH_SLOPE));
}

static void
find_readings(const BlOutliers *o, BlOutlierKind kind, double least, BlOutlierJudge judge, void *judge_context,
			  BlOutlierSink sink, void *context)
{
	const BlReadings *r = o->readings;
	double		features[BL_OUTLIER_FEATURES];

	for (int i = r->first; i < r->first + r->slots; i++)
	{
		BlOutlier	found = {.from = i,.until = i + 1};

		if (!bl_outlier_features(o, i, features))
			continue;
		found.kind = features[9] > 0 ? BL_OUTLIER_NEGATIVE : features[10] > 0 ? BL_OUTLIER_CATCH_UP : BL_OUTLIER_SPIKE;
		if (found.kind != kind)
			continue;
		found.score = judge != NULL ? judge(judge_context, features) : untrained(o, features);
		if (found.score < least)
			continue;
		if (kind == BL_OUTLIER_CATCH_UP)
			found.from = i - zeros_before(o, i, i - r->first);
		sink(context, &found);
	}
}

/* --------------------------------------------------------------------- runs */

typedef struct Run
{
	int			from;
	int			slots;
} Run;

/* runs of two slots or more, of zeros or of the same value above it, in the whole series */
static int
runs_of(const BlOutliers *o, bool zeros, Run *run)
{
	int			slots = o->readings->series.shape.slots;
	int			n = 0;

	for (int i = 0, next; i < slots; i = next)
	{
		next = i + 1;
		if (isnan(o->value[i]) || (zeros ? o->value[i] != 0 : o->value[i] <= 0))
			continue;
		while (next < slots && o->value[next] == o->value[i])
			next++;
		if (next - i >= 2)
			run[n++] = (Run) {i, next - i};
	}
	return n;
}

static int
by_slots(const void *a, const void *b)
{
	const Run  *x = a,
			   *y = b;

	return (x->slots > y->slots) - (x->slots < y->slots);
}

static int
by_time(const void *a, const void *b)
{
	const Run  *x = a,
			   *y = b;

	return (x->from > y->from) - (x->from < y->from);
}

/* zeros that a lump ends are told of as that */
static bool
ends_in_lump(const BlOutliers *o, int end)
{
	double		features[BL_OUTLIER_FEATURES];

	return end < o->readings->series.shape.slots && bl_outlier_features(o, end, features) && untrained(o, features) >= lump_score;
}

/*
 * Of all runs but the one at hand, what share goes on for another slot: from
 * that, how many of at least its length chance would have made.  Where runs are
 * many their middle length is usual, and longer ones count no more than that.
 */
static void
find_runs(const BlOutliers *o, BlOutlierKind kind, double least, Run *run, BlOutlierSink sink, void *context)
{
	const BlReadings *r = o->readings;
	int			n = runs_of(o, kind == BL_OUTLIER_ZERO, run);
	int			cap = RUN_CAP;
	double		beyond = 0;

	qsort(run, (size_t) n, sizeof *run, by_slots);
	if (n >= RUNS_MANY && run[n / 2].slots > cap)
		cap = run[n / 2].slots;
	for (int i = 0; i < n; i++)
		beyond += run[i].slots - 2 < cap ? run[i].slots - 2 : cap;
	qsort(run, (size_t) n, sizeof *run, by_time);
	for (int i = 0; i < n; i++)
	{
		double		others = beyond - (run[i].slots - 2 < cap ? run[i].slots - 2 : cap);
		double		goes_on = (others + 1) / (others + n + 1);
		double		chance = (n + 1) * power(goes_on, run[i].slots - 2);
		BlOutlier	found = {kind, run[i].from, run[i].from + run[i].slots, 1 - chance};

		if (run[i].slots < BL_OUTLIER_RUN_LEAST || chance > run_chance || found.score < least ||
			found.until <= r->first || found.from >= r->first + r->slots)
			continue;
		if (kind == BL_OUTLIER_ZERO && ends_in_lump(o, found.until))
			continue;
		found.from = found.from < r->first ? r->first : found.from;
		found.until = found.until > r->first + r->slots ? r->first + r->slots : found.until;
		sink(context, &found);
	}
}

BlStatus
bl_outliers_find(const BlOutliers *o, double least, BlOutlierJudge judge, void *judge_context,
				 BlOutlierSink sink, void *context)
{
	BlArena    *arena = o->readings->arena;
	Run		   *run = bl_arena_room(arena, ((size_t) o->readings->series.shape.slots / 2 + 1) * sizeof *run);

	if (run == NULL)
		return BL_NO_SPACE;
	for (int kind = BL_OUTLIER_SPIKE; kind <= BL_OUTLIER_CATCH_UP; kind++)
		find_readings(o, (BlOutlierKind) kind, least, judge, judge_context, sink, context);
	find_runs(o, BL_OUTLIER_STUCK, least, run, sink, context);
	/* of a meter that has never counted nothing stands out */
	if (o->median > 0)
		find_runs(o, BL_OUTLIER_ZERO, least, run, sink, context);
	return BL_OK;
}
