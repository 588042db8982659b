/*
 * level_shift.c - the largest lasting change of a meter's level
 *
 * One scan (shift.h) over the days finds where; then the day is moved to where
 * the parts of the days fit the two levels best, by absolute distances, since
 * a scan over means is drawn away by a few odd days beside the change.
 */
#include "level_shift.h"

#include <math.h>
#include <stdlib.h>

#include "shift.h"

enum
{
	ROUNDS = 5
};

/* how far from its level a day may count, in spreads: first around one level, then around two */
static const double clip_one = 2.5;
static const double clip_two = 2;
static const double clip_parts = 3;
static const double spread_least = 0.001;	/* of logarithms: a per mille */
/* from strength to score: a logistic curve through 140 households, half of them with a change */
static const double strength_usual = 3.6;

typedef struct Levels
{
	int			days;
	int			parts;			/* of a day; of days with few slots 1 */
	double	   *part;			/* days * parts logarithms; NaN: no readings */
	double	   *day;			/* their mean beside what is usual, without weekdays */
	double	   *clipped;
	double	   *work;			/* room for the days, or a day's readings */
} Levels;

static int
by_size(const void *a, const void *b)
{
	double		x = *(const double *) a;
	double		y = *(const double *) b;

	return (x > y) - (x < y);
}

static double
median(double *x, int n)
{
	if (n == 0)
		return NAN;
	qsort(x, (size_t) n, sizeof *x, by_size);
	return n % 2 == 1 ? x[n / 2] : (x[n / 2 - 1] + x[n / 2]) / 2;
}

/* of every stride-th value in [from, until) that is known */
static double
median_of(const Levels *l, const double *x, int from, int until, int stride)
{
	int			n = 0;

	for (int i = from; i < until; i++)
		if (!isnan(x[i * stride]))
			l->work[n++] = x[i * stride];
	return median(l->work, n);
}

/* ------------------------------------------------------------------- levels */

static void
describe_days(const BlReadings *r, Levels *l)
{
	const BlSeries *s = &r->series;

	for (int d = 0; d < l->days; d++)
		for (int p = 0; p < l->parts; p++)
		{
			int			from = r->day[d].first + r->day[d].slots * p / l->parts;
			int			until = r->day[d].first + r->day[d].slots * (p + 1) / l->parts;
			int			n = 0;

			for (int i = from < 0 ? 0 : from; i < until && i < s->shape.slots; i++)
				if (s->qualities[i] != BL_MISSING)
					l->work[n++] = s->values[i] < 1 ? 1 : (double) s->values[i];
			l->part[d * l->parts + p] = n == 0 ? NAN : log(median(l->work, n));
		}
}

static void
level_days(const BlReadings *r, Levels *l)
{
	double		usual[BL_LEVEL_PARTS];

	for (int p = 0; p < l->parts; p++)
		usual[p] = median_of(l, l->part + p, 0, l->days, l->parts);
	for (int d = 0; d < l->days; d++)
	{
		double		sum = 0;
		int			n = 0;

		for (int p = 0; p < l->parts; p++)
			if (!isnan(l->part[d * l->parts + p]))
			{
				sum += l->part[d * l->parts + p] - usual[p];
				n++;
			}
		/* of a day of which much is missing the rest says little */
		l->day[d] = n * 2 < l->parts ? NAN : sum / n;
	}
	for (int w = 0; w < 7; w++)
	{
		int			n = 0;
		double		middle;

		for (int d = 0; d < l->days; d++)
			if (r->day[d].weekday == w && !isnan(l->day[d]))
				l->work[n++] = l->day[d];
		if (n < 3)
			continue;
		middle = median(l->work, n);
		for (int d = 0; d < l->days; d++)
			if (r->day[d].weekday == w)
				l->day[d] -= middle;
	}
}

/* --------------------------------------------------------------------- scan */

/* the days, none farther from its level than so many spreads; levels before and from `at` on, one where at is 0 */
static void
clip_days(Levels *l, int at, double spreads)
{
	double		before = median_of(l, l->day, 0, at, 1);
	double		after = median_of(l, l->day, at, l->days, 1);
	double		spread;

	for (int d = 0; d < l->days; d++)
		l->clipped[d] = fabs(l->day[d] - (d < at ? before : after));
	spread = fmax(1.4826 * median_of(l, l->clipped, 0, l->days, 1), spread_least) * spreads;
	for (int d = 0; d < l->days; d++)
	{
		double		level = d < at ? before : after;

		l->clipped[d] = isnan(l->day[d]) ? NAN : fmin(fmax(l->day[d], level - spread), level + spread);
	}
}

static int
scan_days(Levels *l)
{
	int			at;

	clip_days(l, 0, clip_one);
	at = bl_shift_find(l->clipped, l->days, BL_LEVEL_MARGIN).at;
	for (int i = 0; i < ROUNDS && at > 0; i++)
	{
		int			before = at;

		clip_days(l, at, clip_two);
		at = bl_shift_find(l->clipped, l->days, BL_LEVEL_MARGIN).at;
		if (at == before)
			break;
	}
	return at;
}

/* ------------------------------------------------------------------- dating */

/* to *gain[d]: how much nearer day d is to the levels from `at` on than to those before */
static void
compare_levels(Levels *l, int at, double *gain)
{
	memset(gain, 0, (size_t) l->days * sizeof *gain);
	for (int p = 0; p < l->parts; p++)
	{
		const double *x = l->part + p;
		double		before = median_of(l, x, 0, at, l->parts);
		double		after = median_of(l, x, at, l->days, l->parts);
		double		spread;

		for (int d = 0; d < l->days; d++)
			l->clipped[d] = fabs(x[d * l->parts] - (d < at ? before : after));
		spread = fmax(median_of(l, l->clipped, 0, l->days, 1), spread_least);
		for (int d = 0; d < l->days; d++)
			if (!isnan(x[d * l->parts]) && !isnan(before) && !isnan(after))
				gain[d] += fmin(fabs(x[d * l->parts] - before) / spread, clip_parts) -
					fmin(fabs(x[d * l->parts] - after) / spread, clip_parts);
	}
}

static int
date(Levels *l, int at, double *gain)
{
	for (int i = 0; i < ROUNDS; i++)
	{
		double		sum = 0,
					most = 0;
		int			best = -1;

		compare_levels(l, at, gain);
		/* all days from it on gain, none before it does */
		for (int d = l->days - 1; d >= BL_LEVEL_MARGIN; d--)
		{
			sum += gain[d];
			if (d <= l->days - BL_LEVEL_MARGIN && (best < 0 || sum >= most))
			{
				most = sum;
				best = d;
			}
		}
		if (best == at)
			break;
		at = best;
	}
	return at;
}

/* -------------------------------------------------------------------- result */

/* Student's t with pooled variance of the clipped days */
static double
t_at(const Levels *l, int at)
{
	double		sum[2] = {0, 0},
				squares = 0;
	int			n[2] = {0, 0};

	for (int d = 0; d < l->days; d++)
		if (!isnan(l->clipped[d]))
		{
			sum[d >= at] += l->clipped[d];
			n[d >= at]++;
		}
	if (n[0] < 2 || n[1] < 2)
		return 0;
	for (int d = 0; d < l->days; d++)
		if (!isnan(l->clipped[d]))
		{
			double		off = l->clipped[d] - sum[d >= at] / n[d >= at];

			squares += off * off;
		}
	return fabs(sum[1] / n[1] - sum[0] / n[0]) /
		fmax(sqrt(squares / (n[0] + n[1] - 2) * (1.0 / n[0] + 1.0 / n[1])), spread_least);
}

static void
judge(Levels *l, int at, BlLevelShift *shift)
{
	double		size = median_of(l, l->day, at, l->days, 1) - median_of(l, l->day, 0, at, 1);
	double		usual;

	if (isnan(size))
		return;
	clip_days(l, at, clip_two);
	shift->at = at;
	shift->factor = exp(size);
	shift->strength = t_at(l, at) * fabs(size);
	usual = strength_usual / fmax(shift->strength, 1e-9);
	shift->score = 1 / (1 + usual * usual * sqrt(usual));
	for (int d = 0; d < l->days; d++)
		if (!isnan(l->day[d]))
			*(d < at ? &shift->before : &shift->after) += 1;
}

BlStatus
bl_level_shift(const BlReadings *readings, BlArena *arena, BlLevelShift *shift)
{
	size_t		days = (size_t) readings->days;
	size_t		most = days > 1440 ? days : 1440;
	Levels		l = {
		.days = readings->days,
		.parts = readings->series.shape.day_slots < BL_LEVEL_PARTS ? 1 : BL_LEVEL_PARTS,
		.part = bl_arena_room(arena, days * BL_LEVEL_PARTS * sizeof *l.part),
		.day = bl_arena_room(arena, days * sizeof *l.day),
		.clipped = bl_arena_room(arena, days * sizeof *l.clipped),
		.work = bl_arena_room(arena, most * sizeof *l.work)
	};
	double	   *gain = bl_arena_room(arena, days * sizeof *gain);
	int			at;

	*shift = (BlLevelShift) {0};
	if (l.part == NULL || l.day == NULL || l.clipped == NULL || l.work == NULL || gain == NULL)
		return BL_NO_SPACE;
	describe_days(readings, &l);
	level_days(readings, &l);
	at = scan_days(&l);
	if (at > 0)
		judge(&l, date(&l, at, gain), shift);
	return BL_OK;
}
