/*
 * forecast.c - the family of methods: asked, tested on the past, weighted, given intervals
 */
#include "forecast_work.h"

enum
{
	KINDS = BL_FORECAST_PERIODS + 1,
	HISTORY_CYCLES = 104,		/* two years of weeks */
	HISTORY_SLOTS = 10000		/* of short cycles */
};

static const double VALUE_MOST = 1e15;
/* of customers: |y(t) - y(t - cycle)| is more than this share of the load */
static const double NOISE_OF_CUSTOMERS = 0.25;
/* a method this many times worse than the best has no weight at all */
static const double BLOW_UP = 3;
static const double STRETCH_MOST = 5;

static const char *const method_name[BL_FORECAST_METHODS] = {
	[BL_FORECAST_NAIVE_SEASON] = "naive_season",
	[BL_FORECAST_NAIVE_CYCLE] = "naive_cycle",
	[BL_FORECAST_MEAN] = "mean",
	[BL_FORECAST_MEDIAN] = "median",
	[BL_FORECAST_SMOOTHED_MEDIAN] = "smoothed_median",
	[BL_FORECAST_PROFILE_LEVEL] = "profile_level",
	[BL_FORECAST_RIDGE] = "ridge",
	[BL_FORECAST_RIDGE_LAGS] = "ridge_lags",
	[BL_FORECAST_LAGS] = "lags",
	[BL_FORECAST_HOLT_WINTERS] = "holt_winters",
	[BL_FORECAST_INDEX_LEVEL] = "index_level",
	[BL_FORECAST_THETA] = "theta",
	[BL_FORECAST_MEDIAN_RIDGE] = "median_ridge",
	[BL_FORECAST_SMOOTHED_RIDGE] = "smoothed_ridge",
	[BL_FORECAST_MEDIAN_OF_FOUR] = "median_of_four",
	[BL_FORECAST_WEIGHTED] = "weighted",
};

static const char *const kind_name[KINDS] = {
	[BL_FORECAST_BY_NOISE] = "auto",
	[BL_FORECAST_CUSTOMER] = "customer",
	[BL_FORECAST_AGGREGATE] = "aggregate",
	[BL_FORECAST_PERIODS] = "periods",
};

/* What is weighted for each kind, and how sharply: a weight is 1 / error^(2^squarings). */
typedef struct Rule
{
	int			members;
	BlForecastMethod member[BL_FORECAST_SINGLES];
	int			squarings;
} Rule;

static const Rule rule_of[KINDS] = {
	[BL_FORECAST_CUSTOMER] = {4, {BL_FORECAST_SMOOTHED_MEDIAN, BL_FORECAST_PROFILE_LEVEL, BL_FORECAST_RIDGE, BL_FORECAST_LAGS}, 3},
	[BL_FORECAST_AGGREGATE] = {6, {BL_FORECAST_NAIVE_SEASON, BL_FORECAST_NAIVE_CYCLE, BL_FORECAST_RIDGE, BL_FORECAST_RIDGE_LAGS,
	BL_FORECAST_LAGS, BL_FORECAST_HOLT_WINTERS}, 2},
	[BL_FORECAST_PERIODS] = {4, {BL_FORECAST_MEDIAN, BL_FORECAST_PROFILE_LEVEL, BL_FORECAST_RIDGE, BL_FORECAST_HOLT_WINTERS}, 2},
};

const char *
bl_forecast_method_name(BlForecastMethod method)
{
	return method_name[method];
}

const char *
bl_forecast_kind_name(BlForecastKind kind)
{
	return kind_name[kind];
}

static int
find_name(const char *const *names, int n, const char *text, size_t length)
{
	for (int i = 0; i < n; i++)
		if (strlen(names[i]) == length && memcmp(names[i], text, length) == 0)
			return i;
	return -1;
}

bool
bl_forecast_method_parse(const char *text, size_t length, BlForecastMethod *method)
{
	int			found = find_name(method_name, BL_FORECAST_METHODS, text, length);

	if (found >= 0)
		*method = (BlForecastMethod) found;
	return found >= 0;
}

bool
bl_forecast_kind_parse(const char *text, size_t length, BlForecastKind *kind)
{
	int			found = find_name(kind_name, KINDS, text, length);

	if (found >= 0)
		*kind = (BlForecastKind) found;
	return found >= 0;
}

BlStatus
bl_forecast_check(const BlForecastTask *t, BlProblem *problem)
{
	int			found = 0;

	if (t->n < 1 || t->n > BL_FORECAST_SLOTS_MAX)
		return bl_problem(problem, BL_BAD_VALUE, "a history has 1 to %d slots, not %d", BL_FORECAST_SLOTS_MAX, t->n);
	if (t->horizon < 1 || t->horizon > BL_FORECAST_HORIZON_MAX)
		return bl_problem(problem, BL_BAD_VALUE, "a forecast reaches 1 to %d slots ahead, not %d", BL_FORECAST_HORIZON_MAX, t->horizon);
	if (t->season < 1 || t->season > BL_FORECAST_SEASON_MAX)
		return bl_problem(problem, BL_BAD_VALUE, "a season has 1 to %d slots, not %d", BL_FORECAST_SEASON_MAX, t->season);
	if (t->cycle < t->season || t->cycle % t->season != 0 || t->cycle / t->season > BL_FORECAST_DAYS_MAX)
		return bl_problem(problem, BL_BAD_VALUE, "a cycle has 1 to %d whole seasons; %d slots are not so of seasons of %d",
						  BL_FORECAST_DAYS_MAX, t->cycle, t->season);
	for (int i = 0; i < t->n; i++)
		if (!isnan(t->value[i]))
		{
			if (!(fabs(t->value[i]) <= VALUE_MOST))
				return bl_problem(problem, BL_BAD_VALUE, "slot %d of the history is infinite or beyond 10^15", i + 1);
			found++;
		}
	if (found == 0)
		return bl_problem(problem, BL_GAP, "the history has no value at all");
	found = t->temperature == NULL;
	for (int i = 0; i < t->n + t->horizon && t->temperature != NULL; i++)
		if (!isnan(t->temperature[i]))
		{
			if (!(fabs(t->temperature[i]) <= 100))
				return bl_problem(problem, BL_BAD_VALUE, "temperature %d is beyond 100 degrees Celsius", i + 1);
			found++;
		}
	return found > 0 ? BL_OK : bl_problem(problem, BL_GAP, "no temperature is known");
}

/* ---- the methods ---- */

static BlStatus
single(const BlForecastTask *t, BlForecastMethod method, double *out, BlArena *arena)
{
	bl_arena_poll(arena);
	switch (method)
	{
		case BL_FORECAST_NAIVE_SEASON:
			return bl_forecast_naive(t, t->season, out, arena);
		case BL_FORECAST_NAIVE_CYCLE:
			return bl_forecast_naive(t, t->cycle, out, arena);
		case BL_FORECAST_MEAN:
			return bl_forecast_mean(t, out, arena);
		case BL_FORECAST_MEDIAN:
			return bl_forecast_median(t, out, arena);
		case BL_FORECAST_SMOOTHED_MEDIAN:
			return bl_forecast_smoothed_median(t, out, arena);
		case BL_FORECAST_PROFILE_LEVEL:
			return bl_forecast_profile_level(t, out, arena);
		case BL_FORECAST_RIDGE:
			return bl_forecast_ridge(t, out, arena);
		case BL_FORECAST_RIDGE_LAGS:
			return bl_forecast_ridge_lags(t, out, arena);
		case BL_FORECAST_LAGS:
			return bl_forecast_lags(t, out, arena);
		case BL_FORECAST_HOLT_WINTERS:
			return bl_forecast_holt_winters(t, out, arena);
		case BL_FORECAST_INDEX_LEVEL:
			return bl_forecast_index_level(t, out, arena);
		default:
			return bl_forecast_theta(t, out, arena);
	}
}

/* the singles that are needed, each a row of `width` values, and how they become one */
typedef struct Panel
{
	bool		need[BL_FORECAST_SINGLES];
	double	   *row[BL_FORECAST_SINGLES];	/* NULL: not needed */
	const double *weight;		/* of singles, for BL_FORECAST_WEIGHTED */
} Panel;

static void
need_for(BlForecastMethod method, const Rule *rule, bool *need)
{
	static const BlForecastMethod four[] = {BL_FORECAST_NAIVE_CYCLE, BL_FORECAST_RIDGE, BL_FORECAST_PROFILE_LEVEL, BL_FORECAST_MEDIAN};

	if (method < BL_FORECAST_SINGLES)
		need[method] = true;
	else if (method == BL_FORECAST_MEDIAN_RIDGE)
		need[BL_FORECAST_MEDIAN] = need[BL_FORECAST_RIDGE] = true;
	else if (method == BL_FORECAST_SMOOTHED_RIDGE)
		need[BL_FORECAST_SMOOTHED_MEDIAN] = need[BL_FORECAST_RIDGE] = true;
	else if (method == BL_FORECAST_MEDIAN_OF_FOUR)
		for (int i = 0; i < 4; i++)
			need[four[i]] = true;
	else
		for (int i = 0; i < rule->members; i++)
			need[rule->member[i]] = true;
}

/* the memory of each method is used again by the next */
static BlStatus
panel_fill(Panel *panel, const BlForecastTask *t, uint8_t *scratch, BlArena *arena)
{
	for (int m = 0; m < BL_FORECAST_SINGLES; m++)
	{
		BlArena		own = {.poll = arena->poll, .next = scratch, .left = bl_forecast_scratch(t)};
		BlStatus	status;

		panel->row[m] = NULL;
		if (!panel->need[m])
			continue;
		panel->row[m] = bl_arena_room(arena, sizeof(double) * (size_t) t->horizon);
		if (panel->row[m] == NULL)
			return BL_NO_SPACE;
		status = single(t, (BlForecastMethod) m, panel->row[m], &own);
		if (status != BL_OK)
			return status;
	}
	return BL_OK;
}

static double
panel_value(const Panel *panel, BlForecastMethod method, int k)
{
	double	   *const *row = panel->row;

	if (method < BL_FORECAST_SINGLES)
		return row[method][k];
	if (method == BL_FORECAST_MEDIAN_RIDGE)
		return (row[BL_FORECAST_MEDIAN][k] + row[BL_FORECAST_RIDGE][k]) / 2;
	if (method == BL_FORECAST_SMOOTHED_RIDGE)
		return (row[BL_FORECAST_SMOOTHED_MEDIAN][k] + row[BL_FORECAST_RIDGE][k]) / 2;
	if (method == BL_FORECAST_MEDIAN_OF_FOUR)
	{
		double		four[] = {row[BL_FORECAST_NAIVE_CYCLE][k], row[BL_FORECAST_RIDGE][k],
		row[BL_FORECAST_PROFILE_LEVEL][k], row[BL_FORECAST_MEDIAN][k]};

		return bl_median(four, 4);
	}
	{
		double		sum = 0;

		for (int m = 0; m < BL_FORECAST_SINGLES; m++)
			if (panel->weight[m] > 0)
				sum += panel->weight[m] * row[m][k];
		return sum;
	}
}

/* ---- looking back ---- */

/* Earlier origins, the last first: what would have been foreseen there, and what came. */
typedef struct Past
{
	int			origins;
	int			horizon;
	int			origin[BL_FORECAST_ORIGINS_MAX];
	Panel		panel[BL_FORECAST_ORIGINS_MAX];
} Past;

/*
 * At least two cycles remain before each origin; whole seasons, but at most a cycle, lie between them, so that
 * each foresees the same slots of the season as the forecast does.
 */
static void
choose_origins(const BlForecastTask *t, int most, Past *past)
{
	int			room = t->n - 2 * t->cycle,
				seasons = room < t->season ? 0 : room / t->season * t->season,
				ahead = t->horizon < 4 * t->cycle ? t->horizon : 4 * t->cycle,
				step;

	past->origins = 0;
	past->horizon = ahead < seasons ? ahead : seasons;
	if (past->horizon == 0)
		return;
	ahead = (past->horizon + t->season - 1) / t->season * t->season;
	step = ahead < t->cycle ? ahead : t->cycle;
	for (int o = t->n - ahead; past->origins < most && o >= 2 * t->cycle; o -= step)
		past->origin[past->origins++] = o;
}

static BlStatus
look_back(const BlForecastTask *t, int most, const bool *need, Past *past, uint8_t *scratch, BlArena *arena)
{
	choose_origins(t, most, past);
	for (int j = 0; j < past->origins; j++)
	{
		BlForecastTask then = *t;
		BlStatus	status;

		then.n = past->origin[j];
		then.horizon = past->horizon;
		memcpy(past->panel[j].need, need, sizeof past->panel[j].need);
		past->panel[j].weight = NULL;
		/* an origin after nothing but gaps tells nothing */
		status = panel_fill(&past->panel[j], &then, scratch, arena);
		if (status == BL_GAP)
			past->origins = j;
		else if (status != BL_OK)
			return status;
	}
	return BL_OK;
}

typedef struct Score
{
	double		error;
	double		smape;
	double		bias;
	int			n;
} Score;

static Score
score(const BlForecastTask *t, const Past *past, BlForecastMethod method)
{
	Score		s = {0, 0, 0, 0};

	for (int j = 0; j < past->origins; j++)
		for (int k = 0; k < past->horizon; k++)
		{
			double		came = t->value[past->origin[j] + k],
						said,
						both;

			if (isnan(came))
				continue;
			said = panel_value(&past->panel[j], method, k);
			both = fabs(came) + fabs(said);
			s.error += fabs(said - came);
			s.bias += said - came;
			if (both > 0)
				s.smape += 200 * fabs(said - came) / both;
			s.n++;
		}
	if (s.n > 0)
	{
		s.error /= s.n;
		s.smape /= s.n;
		s.bias /= s.n;
	}
	return s;
}

/*
 * Weights of a rule's members, together 1: the sharper, the nearer to choosing the best.  Without a back-test
 * they are equal.
 */
static void
choose_weights(const BlForecastTask *t, const Past *past, const Rule *rule, double *weight)
{
	double		error[BL_FORECAST_SINGLES],
				best = INFINITY,
				sum = 0;
	int			n = 0;

	for (int m = 0; m < BL_FORECAST_SINGLES; m++)
		weight[m] = 0;
	for (int i = 0; i < rule->members; i++)
	{
		Score		s = score(t, past, rule->member[i]);

		error[i] = s.error;
		n = s.n;
		best = fmin(best, s.error);
	}
	for (int i = 0; i < rule->members; i++)
	{
		double		w = 1;

		if (n > 0 && error[i] > 0)
		{
			/* best 0: only what was exact counts */
			w = error[i] > BLOW_UP * best ? 0 : best / error[i];
			for (int square = 0; square < rule->squarings; square++)
				w *= w;
		}
		sum += weight[rule->member[i]] = w;
	}
	for (int i = 0; i < rule->members; i++)
		weight[rule->member[i]] /= sum;
}

/* mean |y(t) - y(t - cycle)| and mean |y| where both are there */
static double
cycle_scale(const BlForecastTask *t, double *size)
{
	double		change = 0,
				sum = 0;
	int			found = 0;

	for (int i = t->cycle; i < t->n; i++)
		if (!isnan(t->value[i]) && !isnan(t->value[i - t->cycle]))
		{
			change += fabs(t->value[i] - t->value[i - t->cycle]);
			sum += fabs(t->value[i]);
			found++;
		}
	*size = found > 0 ? sum / found : 0;
	return found > 0 ? change / found : 0;
}

static BlForecastKind
kind_of(const BlForecastTask *t, BlForecastKind asked)
{
	double		size,
				change;

	if (asked != BL_FORECAST_BY_NOISE)
		return asked;
	if (t->cycle == t->season)
		return BL_FORECAST_PERIODS;
	change = cycle_scale(t, &size);
	return change > NOISE_OF_CUSTOMERS * size ? BL_FORECAST_CUSTOMER : BL_FORECAST_AGGREGATE;
}

/* ---- intervals ---- */

/*
 * Quantiles of what came less what was said, at the same slot of the season and its neighbours, on whichever
 * day; left: an origin left out, -1: none.  false: fewer than two residuals.
 */
static bool
residual_range(const BlForecastTask *t, const Past *past, const double *residual, int slot, int left, double coverage,
			   double *room, double *low, double *high)
{
	int			around = t->cycle == t->season ? t->season / 2 : t->season / 24,
				found = 0;

	for (int j = 0; j < past->origins; j++)
		for (int d = -around; d <= around && j != left; d++)
		{
			/* the first slot of the horizon that is this slot of the season */
			int			k = (slot + d - past->origin[j]) % t->season;

			for (k += k < 0 ? t->season : 0; k < past->horizon; k += t->season)
				if (!isnan(residual[j * past->horizon + k]))
					room[found++] = residual[j * past->horizon + k];
		}
	if (found < 2)
		return false;
	*low = fmin(bl_quantile(room, found, (1 - coverage) / 2), 0);
	*high = fmax(bl_quantile(room, found, (1 + coverage) / 2), 0);
	return true;
}

/*
 * Errors of sums are more alike within a week than between two, so quantiles of few weeks are too narrow.  How
 * much: each origin is held against the quantiles of the others, and these are stretched until they hold the
 * share asked for.
 */
static double
stretch_of(const BlForecastTask *t, const Past *past, const double *residual, double coverage, double *room, double *ratio)
{
	int			found = 0;

	for (int j = 0; j < past->origins && past->origins > 1; j++)
		for (int s = 0; s < t->season && s < past->horizon; s++)
		{
			double		low,
						high;

			if (!residual_range(t, past, residual, past->origin[j] + s, j, coverage, room, &low, &high))
				continue;
			for (int k = s; k < past->horizon; k += t->season)
			{
				double		e = residual[j * past->horizon + k],
							bound = e < 0 ? low : high;

				if (!isnan(e))
					ratio[found++] = e == 0 ? 0 : bound == 0 ? STRETCH_MOST : fmin(e / bound, STRETCH_MOST);
			}
		}
	return found > 0 ? bl_quantile(ratio, found, coverage) : 1;
}

static BlStatus
intervals(const BlForecastTask *t, const Past *past, const BlForecastOptions *o, BlForecast *f, BlArena *arena)
{
	size_t		n = (size_t) past->origins * past->horizon + 1;
	double	   *residual = bl_arena_room(arena, sizeof *residual * n);
	double	   *room = bl_arena_room(arena, sizeof *room * n);
	double	   *ratio = bl_arena_room(arena, sizeof *ratio * n);
	double		stretch,
				low,
				high;

	if (residual == NULL || room == NULL || ratio == NULL)
		return BL_NO_SPACE;
	for (int j = 0; j < past->origins; j++)
		for (int k = 0; k < past->horizon; k++)
			residual[j * past->horizon + k] = t->value[past->origin[j] + k] - panel_value(&past->panel[j], o->method, k);
	/* those of single customers are noise, week or not */
	stretch = f->kind == BL_FORECAST_CUSTOMER ? 1 : stretch_of(t, past, residual, o->coverage, room, ratio);
	for (int k = 0; k < t->horizon; k++)
	{
		f->lower[k] = f->upper[k] = NAN;
		if (k >= t->season)
		{
			/* as the day before */
			f->lower[k] = f->value[k] + (f->lower[k - t->season] - f->value[k - t->season]);
			f->upper[k] = f->value[k] + (f->upper[k - t->season] - f->value[k - t->season]);
		}
		else if (residual_range(t, past, residual, t->n + k, -1, o->coverage, room, &low, &high))
		{
			f->lower[k] = f->value[k] + stretch * low;
			f->upper[k] = f->value[k] + stretch * high;
		}
	}
	return BL_OK;
}

/* no load below zero where there never was one */
static void
tidy(const BlForecastTask *t, BlForecast *f)
{
	double		low = INFINITY;

	for (int i = 0; i < t->n; i++)
		if (!isnan(t->value[i]))
			low = fmin(low, t->value[i]);
	for (int k = 0; k < t->horizon && low >= 0; k++)
	{
		f->value[k] = fmax(f->value[k], 0);
		if (!isnan(f->lower[k]))
		{
			f->lower[k] = fmax(f->lower[k], 0);
			f->upper[k] = fmax(f->upper[k], 0);
		}
	}
}

/* ---- the whole ---- */

/* What is long past tells nothing, and would take memory and time: whole cycles of it are left out. */
static BlForecastTask
recent(const BlForecastTask *t)
{
	BlForecastTask r = *t;
	int			most = HISTORY_CYCLES * t->cycle > HISTORY_SLOTS ? HISTORY_CYCLES * t->cycle : HISTORY_SLOTS;
	int			out = t->n > most ? (t->n - most) / t->cycle * t->cycle : 0;

	r.value += out;
	r.n -= out;
	if (t->temperature != NULL)
		r.temperature += out;
	if (t->holiday != NULL)
		r.holiday += out;
	return r;
}

BlStatus
bl_forecast(const BlForecastTask *whole, const BlForecastOptions *o, BlForecast *f, BlArena *arena)
{
	BlForecastTask task = recent(whole);
	const BlForecastTask *t = &task;
	uint8_t    *scratch = bl_arena_room(arena, bl_forecast_scratch(t));
	Past	   *past = bl_arena_room(arena, sizeof *past);
	Panel		panel = {.need = {false}};
	const Rule *rule;
	BlStatus	status;

	f->value = bl_arena_room(arena, sizeof *f->value * (size_t) t->horizon);
	f->lower = bl_arena_room(arena, sizeof *f->lower * (size_t) t->horizon);
	f->upper = bl_arena_room(arena, sizeof *f->upper * (size_t) t->horizon);
	if (scratch == NULL || past == NULL || f->value == NULL || f->lower == NULL || f->upper == NULL)
		return BL_NO_SPACE;
	f->kind = kind_of(t, o->kind);
	rule = &rule_of[f->kind];
	need_for(o->method, rule, panel.need);
	if ((status = look_back(t, o->origins, panel.need, past, scratch, arena)) != BL_OK ||
		(status = panel_fill(&panel, t, scratch, arena)) != BL_OK)
		return status;
	for (int m = 0; m < BL_FORECAST_SINGLES; m++)
		f->weight[m] = (BlForecastMethod) m == o->method;
	if (o->method == BL_FORECAST_WEIGHTED)
		choose_weights(t, past, rule, f->weight);
	for (int j = 0; j < past->origins; j++)
		past->panel[j].weight = f->weight;
	panel.weight = f->weight;
	f->origins = past->origins;
	for (int k = 0; k < t->horizon; k++)
		f->value[k] = panel_value(&panel, o->method, k);
	status = intervals(t, past, o, f, arena);
	tidy(t, f);
	return status;
}

BlStatus
bl_forecast_backtest(const BlForecastTask *whole, const BlForecastOptions *o, BlBacktest *b, BlArena *arena)
{
	BlForecastTask task = recent(whole);
	const BlForecastTask *t = &task;
	uint8_t    *scratch = bl_arena_room(arena, bl_forecast_scratch(t));
	Past	   *past = bl_arena_room(arena, sizeof *past);
	bool		need[BL_FORECAST_SINGLES];
	double		weight[BL_FORECAST_SINGLES],
				size;
	BlStatus	status;

	if (scratch == NULL || past == NULL)
		return BL_NO_SPACE;
	for (int m = 0; m < BL_FORECAST_SINGLES; m++)
		need[m] = true;
	status = look_back(t, o->origins, need, past, scratch, arena);
	if (status != BL_OK)
		return status;
	b->origins = past->origins;
	b->horizon = past->horizon;
	b->scale = cycle_scale(t, &size);
	choose_weights(t, past, &rule_of[kind_of(t, o->kind)], weight);
	for (int j = 0; j < past->origins; j++)
		past->panel[j].weight = weight;
	for (int m = 0; m < BL_FORECAST_METHODS; m++)
	{
		Score		s = score(t, past, (BlForecastMethod) m);

		b->error[m] = s.error;
		b->smape[m] = s.smape;
		b->bias[m] = s.bias;
	}
	return BL_OK;
}
