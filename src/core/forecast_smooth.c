/*
 * forecast_smooth.c - exponential smoothing: double-seasonal Holt-Winters, month index times level, Theta
 */
#include "forecast_work.h"

/* ---- double-seasonal Holt-Winters ---- */

/*
 * After Taylor, "Short-term electricity demand forecasting using double seasonal exponential
 * smoothing", J. Oper. Res. Soc. 54 (2003), in the form of errors: level, damped trend, a season
 * and a cycle, each corrected by its share of the error; what is left of an error fades by
 * itself.  On logarithms where the load is positive.
 */
enum
{
	SHARES = 5,					/* level, trend, season, cycle, and how much of an error lasts */
	STEPS = 160,				/* of the search */
	FIRST_CYCLES = 3
};

static const double DAMPING = 0.9;
static const double SHARE_MOST[SHARES] = {0.3, 0.02, 0.6, 0.6, 0.99};

typedef struct Smoother
{
	const double *z;
	int			n;
	int			season;
	int			cycle;
	int			first;			/* slots the start was made of */
	double	   *by_season;		/* season: where the walk begins */
	double	   *by_cycle;
	double		level;
	double	   *season_now;		/* where it is */
	double	   *cycle_now;
	double		level_now;
	double		trend_now;
	double		error_now;
} Smoother;

static void
begin_shapes(Smoother *s)
{
	int			cycles = s->first / s->cycle;

	s->level = 0;
	for (int i = 0; i < s->first; i++)
		s->level += s->z[i];
	s->level /= s->first;
	for (int k = 0; k < s->season; k++)
	{
		double		sum = 0;

		for (int i = k; i < s->first; i += s->season)
			sum += s->z[i] - s->level;
		s->by_season[k] = sum / (s->first / s->season);
	}
	for (int k = 0; k < s->cycle; k++)
	{
		double		sum = 0;

		for (int c = 0; c < cycles; c++)
			sum += s->z[c * s->cycle + k] - s->level - s->by_season[k % s->season];
		s->by_cycle[k] = s->cycle > s->season ? sum / cycles : 0;
	}
}

/* through the history once; the mean square of the errors of one step */
static double
walk(Smoother *s, const double *share)
{
	double		sum = 0,
				level = s->level,
				trend = 0,
				last = 0;
	int			a = 0,
				b = 0;

	memcpy(s->season_now, s->by_season, sizeof *s->by_season * (size_t) s->season);
	memcpy(s->cycle_now, s->by_cycle, sizeof *s->by_cycle * (size_t) s->cycle);
	for (int i = 0; i < s->n; i++)
	{
		double		base = level + DAMPING * trend + s->season_now[a] + s->cycle_now[b];
		double		error = s->z[i] - base - share[4] * last;

		sum += error * error;
		last = s->z[i] - base;
		level += DAMPING * trend + share[0] * error;
		trend = DAMPING * trend + share[1] * error;
		s->season_now[a] += share[2] * error;
		s->cycle_now[b] += share[3] * error;
		if (++a == s->season)
			a = 0;
		if (++b == s->cycle)
			b = 0;
	}
	s->level_now = level;
	s->trend_now = trend;
	s->error_now = last;
	return sum / s->n;
}

typedef struct Point
{
	double		share[SHARES];
	double		cost;
} Point;

static double
cost_of(Smoother *s, double *share)
{
	for (int i = 0; i < SHARES; i++)
		share[i] = fmin(fmax(share[i], 0), SHARE_MOST[i]);
	if (s->cycle == s->season)
		share[3] = 0;
	return walk(s, share);
}

static Point
between(Smoother *s, const Point *centre, const Point *worst, double step)
{
	Point		p;

	for (int i = 0; i < SHARES; i++)
		p.share[i] = centre->share[i] + step * (centre->share[i] - worst->share[i]);
	p.cost = cost_of(s, p.share);
	return p;
}

static void
insert(Point *simplex, Point p)
{
	int			i = SHARES;

	for (; i > 0 && simplex[i - 1].cost > p.cost; i--)
		simplex[i] = simplex[i - 1];
	simplex[i] = p;
}

/* Nelder and Mead, Computer Journal 7 (1965), a fixed number of steps */
static void
search(Smoother *s, const BlArena *arena, double *best)
{
	static const double start[SHARES] = {0.02, 0.0005, 0.1, 0.1, 0.8};
	Point		simplex[SHARES + 1],
				centre,
				p,
				q;

	for (int i = 0; i <= SHARES; i++)
	{
		memcpy(p.share, start, sizeof p.share);
		if (i > 0)
			p.share[i - 1] += 0.3 * SHARE_MOST[i - 1] * (start[i - 1] > 0.5 ? -1 : 1);
		p.cost = cost_of(s, p.share);
		simplex[i].cost = INFINITY;
		for (int j = i; j <= SHARES; j++)
			simplex[j].cost = INFINITY;
		insert(simplex, p);
	}
	for (int step = 0; step < STEPS; step++)
	{
		if (step % 16 == 0)
			bl_arena_poll(arena);
		memset(&centre, 0, sizeof centre);
		for (int i = 0; i < SHARES; i++)
			for (int j = 0; j < SHARES; j++)
				centre.share[j] += simplex[i].share[j] / SHARES;
		p = between(s, &centre, &simplex[SHARES], 1);
		if (p.cost < simplex[0].cost && (q = between(s, &centre, &simplex[SHARES], 2)).cost < p.cost)
			p = q;
		else if (p.cost >= simplex[SHARES - 1].cost)
			p = between(s, &centre, &simplex[SHARES], p.cost < simplex[SHARES].cost ? 0.5 : -0.5);
		if (p.cost < simplex[SHARES].cost)
			insert(simplex, p);
		else
		{
			Point		old[SHARES + 1];

			memcpy(old, simplex, sizeof old);
			for (int i = 1; i <= SHARES; i++)
			{
				for (int j = 0; j < SHARES; j++)
					p.share[j] = (old[0].share[j] + old[i].share[j]) / 2;
				p.cost = cost_of(s, p.share);
				for (int j = i; j <= SHARES; j++)
					simplex[j].cost = INFINITY;
				insert(simplex, p);
			}
		}
	}
	memcpy(best, simplex[0].share, sizeof simplex[0].share);
}

BlStatus
bl_forecast_holt_winters(const BlForecastTask *t, double *out, BlArena *arena)
{
	Smoother	s = {.n = t->n, .season = t->season, .cycle = t->cycle};
	double	   *z = bl_arena_room(arena, sizeof *z * (size_t) t->n);
	double		share[SHARES],
				fading = 1,
				trend = 0,
				low = INFINITY,
				high = -INFINITY;
	int			cycles = t->n / t->cycle;
	bool		logarithm;
	BlStatus	status;

	s.by_season = bl_arena_room(arena, sizeof *z * (size_t) t->season);
	s.season_now = bl_arena_room(arena, sizeof *z * (size_t) t->season);
	s.by_cycle = bl_arena_room(arena, sizeof *z * (size_t) t->cycle);
	s.cycle_now = bl_arena_room(arena, sizeof *z * (size_t) t->cycle);
	if (z == NULL || s.by_season == NULL || s.season_now == NULL || s.by_cycle == NULL || s.cycle_now == NULL)
		return BL_NO_SPACE;
	if (cycles < 2)
		return bl_forecast_naive(t, t->season, out, arena);
	if ((status = bl_forecast_fill(t, z, arena)) != BL_OK)
		return status;
	for (int i = 0; i < t->n; i++)
	{
		low = fmin(low, z[i]);
		high = fmax(high, z[i]);
	}
	/* logarithms of what comes near to zero would be led by it */
	logarithm = low > 0.01 * high;
	for (int i = 0; i < t->n && logarithm; i++)
		z[i] = bl_log(z[i]);
	s.z = z;
	s.first = (cycles > FIRST_CYCLES ? FIRST_CYCLES : cycles) * t->cycle;
	begin_shapes(&s);
	search(&s, arena, share);
	walk(&s, share);
	for (int k = 0; k < t->horizon; k++)
	{
		double		y;

		fading *= share[4];
		s.trend_now *= DAMPING;
		trend += s.trend_now;
		y = s.level_now + trend + s.season_now[(t->n + k) % t->season] + s.cycle_now[(t->n + k) % t->cycle] + fading * s.error_now;
		out[k] = logarithm ? bl_exp(y) : y;
		out[k] = fmin(fmax(out[k], low >= 0 ? 0 : low - 0.5 * (high - low)), high + 0.5 * (high - low));
	}
	return BL_OK;
}

/* ---- index times level, Theta ---- */

/* the usual ratio of each slot of the cycle to the mean of the cycle around it, together on average 1 */
static BlStatus
cycle_index(const double *y, int n, int cycle, double *index, BlArena *arena)
{
	double	   *ratio = bl_arena_room(arena, sizeof *ratio * ((size_t) n / cycle + 1));
	double		sum = 0;

	if (ratio == NULL)
		return BL_NO_SPACE;
	for (int k = 0; k < cycle; k++)
	{
		int			found = 0;

		for (int i = k; i < n; i += cycle)
		{
			double		around = 0;

			if (i - cycle / 2 < 0 || i + cycle / 2 >= n)
				continue;
			for (int j = i - cycle / 2; j <= i + cycle / 2; j++)
				around += cycle % 2 == 0 && (j == i - cycle / 2 || j == i + cycle / 2) ? y[j] / 2 : y[j];
			around /= cycle;
			if (around > 0)
				ratio[found++] = y[i] / around;
		}
		index[k] = found > 0 ? bl_median(ratio, found) : 1;
		sum += index[k];
	}
	for (int k = 0; k < cycle; k++)
		index[k] = sum > 0 ? fmax(index[k] * cycle / sum, 1e-6) : 1;
	return BL_OK;
}

/* the series without its index; BL_OK and *index NULL: it has none (too short, or not positive) */
static BlStatus
without_index(const BlForecastTask *t, double **y, double **index, BlArena *arena)
{
	bool		positive = true;
	BlStatus	status;

	*y = bl_arena_room(arena, sizeof **y * (size_t) t->n);
	*index = bl_arena_room(arena, sizeof **index * (size_t) t->cycle);
	if (*y == NULL || *index == NULL)
		return BL_NO_SPACE;
	if ((status = bl_forecast_fill(t, *y, arena)) != BL_OK)
		return status;
	for (int i = 0; i < t->n; i++)
		positive = positive && (*y)[i] >= 0;
	if (!positive || t->cycle == 1 || t->n < 2 * t->cycle)
	{
		*index = NULL;
		return BL_OK;
	}
	if ((status = cycle_index(*y, t->n, t->cycle, *index, arena)) != BL_OK)
		return status;
	for (int i = 0; i < t->n; i++)
		(*y)[i] /= (*index)[i % t->cycle];
	return BL_OK;
}

static double
level_of(const double *y, int n, double share, double *cost)
{
	double		level = y[0],
				sum = 0;

	for (int i = 1; i < n; i++)
	{
		double		error = y[i] - level;

		sum += error * error;
		level += share * error;
	}
	if (cost != NULL)
		*cost = sum;
	return level;
}

BlStatus
bl_forecast_index_level(const BlForecastTask *t, double *out, BlArena *arena)
{
	double	   *y,
			   *index,
				level;
	BlStatus	status = without_index(t, &y, &index, arena);

	if (status != BL_OK)
		return status;
	if (index == NULL)
		return bl_forecast_naive(t, t->cycle, out, arena);
	level = level_of(y, t->n, 0.3, NULL);
	for (int k = 0; k < t->horizon; k++)
		out[k] = level * index[(t->n + k) % t->cycle];
	return BL_OK;
}

/*
 * Assimakopoulos and Nikolopoulos, Int. J. Forecasting 16 (2000), as Hyndman and Billah (19, 2003)
 * have it: the level of simple exponential smoothing, and half the slope of the line through all.
 */
BlStatus
bl_forecast_theta(const BlForecastTask *t, double *out, BlArena *arena)
{
	double	   *y,
			   *index,
				level,
				slope = 0,
				squares = 0,
				best = INFINITY,
				share = 0.5;
	BlStatus	status = without_index(t, &y, &index, arena);

	if (status != BL_OK)
		return status;
	for (int step = 1; step <= 99; step++)
	{
		double		cost;

		level_of(y, t->n, step / 100.0, &cost);
		if (cost < best)
		{
			best = cost;
			share = step / 100.0;
		}
	}
	level = level_of(y, t->n, share, NULL);
	for (int i = 0; i < t->n; i++)
	{
		double		x = i - (t->n - 1) / 2.0;

		slope += x * y[i];
		squares += x * x;
	}
	slope = squares > 0 ? slope / squares / 2 : 0;
	for (int k = 0; k < t->horizon; k++)
	{
		double		line = level + slope * (k + 1);

		if (index != NULL)
			line = fmax(line, 0) * index[(t->n + k) % t->cycle];
		out[k] = line;
	}
	return BL_OK;
}
