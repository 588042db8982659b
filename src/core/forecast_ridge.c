/*
 * forecast_ridge.c - regressions: the shape of the week by waves and weekdays, the run of the series by its lags
 *
 * Both are least squares with a penalty (Hoerl and Kennard, Technometrics 12,
 * 1970), solved by one Cholesky factorisation, on the logarithm of the load
 * where it has one: what disturbs a load does so in proportion to it.
 */
#include "forecast_work.h"

enum
{
	WAVES = 10,					/* of the season, for all days */
	DAY_WAVES = 6,				/* for each day of the cycle but the first */
	WEATHER_WAVES = 2,
	WEATHER_TERMS = 8,
	NEAR_LAGS = 6,				/* beside the calendar */
	LAGS_MAX = 15,
	COLUMNS_MAX = 1 + 2 * WAVES + (BL_FORECAST_DAYS_MAX - 1) * (1 + 2 * DAY_WAVES) +
		(WEATHER_TERMS + 1) * (1 + 2 * WEATHER_WAVES) + NEAR_LAGS,
	HALF_LIFE_CYCLES = 4
};

_Static_assert((int) COLUMNS_MAX <= (int) BL_FORECAST_COLUMNS_MAX, "room for a regression's inputs");

static const double PENALTY = 0.1;
static const double FADING = 0.8;	/* of the last day's residual, a day */

/* ---- least squares ---- */

BlStatus
bl_solve(double *a, double *b, int n)
{
	for (int i = 0; i < n; i++)
	{
		double	   *row = a + (size_t) i * n;

		for (int j = 0; j <= i; j++)
		{
			const double *other = a + (size_t) j * n;
			double		sum = row[j];

			for (int k = 0; k < j; k++)
				sum -= row[k] * other[k];
			if (j < i)
				row[j] = sum / other[j];
			else if (!(sum > 0))
				return BL_BAD_VALUE;
			else
				row[i] = sqrt(sum);
		}
	}
	for (int i = 0; i < n; i++)
	{
		for (int k = 0; k < i; k++)
			b[i] -= a[(size_t) i * n + k] * b[k];
		b[i] /= a[(size_t) i * n + i];
	}
	for (int i = n - 1; i >= 0; i--)
	{
		for (int k = i + 1; k < n; k++)
			b[i] -= a[(size_t) k * n + i] * b[k];
		b[i] /= a[(size_t) i * n + i];
	}
	return BL_OK;
}

/* One row of inputs: those that are not zero, in the order of their columns. */
typedef struct Row
{
	int			n;
	int			column[COLUMNS_MAX];
	double		x[COLUMNS_MAX];
} Row;

typedef struct Squares
{
	int			columns;
	double	   *a;				/* columns * columns, the lower triangle */
	double	   *b;				/* then the coefficients */
} Squares;

static inline void
put(Row *row, int column, double x)
{
	row->column[row->n] = column;
	row->x[row->n++] = x;
}

static BlStatus
squares_begin(Squares *s, int columns, BlArena *arena)
{
	s->columns = columns;
	s->a = bl_arena_get(arena, sizeof *s->a * (size_t) columns * columns);
	s->b = bl_arena_get(arena, sizeof *s->b * (size_t) columns);
	return s->a == NULL || s->b == NULL ? BL_NO_SPACE : BL_OK;
}

/* weight times the row's squares; product: weight times what the row should give */
static void
squares_add(Squares *s, const Row *row, double weight, double product)
{
	for (int p = 0; p < row->n; p++)
	{
		double	   *a = s->a + (size_t) row->column[p] * s->columns;
		double		w = weight * row->x[p];

		for (int q = 0; q <= p; q++)
			a[row->column[q]] += w * row->x[q];
		s->b[row->column[p]] += product * row->x[p];
	}
}

/* the penalty spares the first column, the constant */
static BlStatus
squares_solve(Squares *s, double penalty)
{
	for (int i = 0; i < s->columns; i++)
		s->a[(size_t) i * s->columns + i] += i == 0 ? 1e-9 : penalty;
	return bl_solve(s->a, s->b, s->columns);
}

static double
fitted(const Squares *s, const Row *row)
{
	double		sum = 0;

	for (int p = 0; p < row->n; p++)
		sum += s->b[row->column[p]] * row->x[p];
	return sum;
}

/* ---- the logarithm and back ---- */

typedef struct Scale
{
	bool		logarithm;
	double		offset;			/* added before it; otherwise a divisor */
	double		ceiling;		/* what comes back is not above: a blow-up is no forecast */
	double		floor;
} Scale;

static BlStatus
choose_scale(const BlForecastTask *t, Scale *scale, BlArena *arena)
{
	double	   *v = bl_arena_room(arena, sizeof *v * (size_t) t->n);
	double		low = INFINITY,
				high = -INFINITY,
				middle;
	int			found = 0;

	if (v == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < t->n; i++)
		if (!isnan(t->value[i]))
		{
			v[found++] = t->value[i];
			low = fmin(low, t->value[i]);
			high = fmax(high, t->value[i]);
		}
	if (found == 0)
		return BL_GAP;
	middle = bl_median(v, found);
	scale->logarithm = low >= 0 && middle > 0;
	scale->offset = scale->logarithm ? 0.1 * middle : fmax(high - low, 1e-9);
	/* half the range seen beyond it, and no load below zero that never was */
	scale->ceiling = high + 0.5 * (high - low);
	scale->floor = low >= 0 ? 0 : low - 0.5 * (high - low);
	return BL_OK;
}

static inline double
scaled(const Scale *scale, double y)
{
	return scale->logarithm ? bl_log(y + scale->offset) : y / scale->offset;
}

static inline double
unscaled(const Scale *scale, double z)
{
	double		y = scale->logarithm ? bl_exp(z) - scale->offset : z * scale->offset;

	return fmin(fmax(y, scale->floor), scale->ceiling);
}

/* ---- waves and weekdays ---- */

typedef struct Calendar
{
	const BlForecastTask *t;
	int			waves;
	int			day_waves;
	int			weather_waves;
	int			days;			/* of the cycle */
	int			columns;
	double	   *wave;			/* season * 2 * waves: sines and cosines */
	double	   *degrees;		/* n + horizon; NULL: no temperature */
	double	   *day_mean;
} Calendar;

static int
at_most(int a, int b)
{
	return a < b ? a : b;
}

/* the temperature, where unknown as it was last, and the mean of the day up to each slot: walls and people remember */
static BlStatus
prepare_temperature(Calendar *c, BlArena *arena)
{
	const BlForecastTask *t = c->t;
	int			n = t->n + t->horizon;
	double		last = NAN,
				sum = 0;

	c->degrees = bl_arena_room(arena, sizeof *c->degrees * (size_t) n);
	c->day_mean = bl_arena_room(arena, sizeof *c->day_mean * (size_t) n);
	if (c->degrees == NULL || c->day_mean == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n && isnan(last); i++)
		last = t->temperature[i];
	if (isnan(last))
		return BL_GAP;
	for (int i = 0; i < n; i++)
	{
		if (!isnan(t->temperature[i]))
			last = t->temperature[i];
		c->degrees[i] = last;
		sum += last;
		if (i >= t->season)
			sum -= c->degrees[i - t->season];
		c->day_mean[i] = sum / (i < t->season ? i + 1 : t->season);
	}
	return BL_OK;
}

static BlStatus
calendar_begin(Calendar *c, const BlForecastTask *t, BlArena *arena)
{
	BlStatus	status = BL_OK;

	c->t = t;
	c->waves = at_most(WAVES, (t->season - 1) / 2);
	c->day_waves = at_most(DAY_WAVES, c->waves);
	c->weather_waves = at_most(WEATHER_WAVES, c->waves);
	c->days = t->cycle / t->season;
	c->columns = 1 + 2 * c->waves + (c->days - 1) * (1 + 2 * c->day_waves);
	if (t->temperature != NULL)
	{
		c->columns += WEATHER_TERMS * (1 + 2 * c->weather_waves);
		status = prepare_temperature(c, arena);
	}
	if (t->holiday != NULL)
		c->columns += 1 + 2 * c->weather_waves;
	c->wave = bl_arena_room(arena, sizeof *c->wave * (size_t) t->season * (2 * (size_t) c->waves + 1));
	if (c->wave == NULL)
		return BL_NO_SPACE;
	for (int s = 0; s < t->season; s++)
		for (int w = 0; w < c->waves; w++)
		{
			c->wave[s * 2 * c->waves + 2 * w] = bl_sine((long) (w + 1) * s, t->season);
			c->wave[s * 2 * c->waves + 2 * w + 1] = bl_cosine((long) (w + 1) * s, t->season);
		}
	return status;
}

/* x and its product with the first waves of the season; the next free column */
static int
put_waves(Row *row, int column, double x, const double *wave, int waves)
{
	if (x != 0)
	{
		put(row, column, x);
		for (int w = 0; w < 2 * waves; w++)
			put(row, column + 1 + w, x * wave[w]);
	}
	return column + 1 + 2 * waves;
}

static void
calendar_row(const Calendar *c, int i, Row *row)
{
	const BlForecastTask *t = c->t;
	const double *wave = c->wave + i % t->season * 2 * c->waves;
	int			day = i / t->season % c->days;
	int			column;

	row->n = 0;
	column = put_waves(row, 0, 1, wave, c->waves);
	if (day > 0)
		put_waves(row, column + (day - 1) * (1 + 2 * c->day_waves), 1, wave, c->day_waves);
	column += (c->days - 1) * (1 + 2 * c->day_waves);
	if (t->temperature != NULL)
		for (int k = 0; k < 2; k++)
		{
			double		degrees = k == 0 ? c->degrees[i] : c->day_mean[i];

			/* heating below 18, cooling above it, stronger from 25 and 30 on */
			column = put_waves(row, column, fmax(18 - degrees, 0) / 10, wave, c->weather_waves);
			column = put_waves(row, column, fmax(degrees - 18, 0) / 10, wave, c->weather_waves);
			column = put_waves(row, column, fmax(degrees - 25, 0) / 10, wave, c->weather_waves);
			column = put_waves(row, column, fmax(degrees - 30, 0) / 10, wave, c->weather_waves);
		}
	if (t->holiday != NULL)
		put_waves(row, column, t->holiday[i] != 0, wave, c->weather_waves);
}

/* the loads a row looks back on; a row without them has lags 0 */
typedef struct Lags
{
	int			lags;
	int			lag[LAGS_MAX];	/* rising */
	int			column;			/* of the first */
	const double *z;			/* without gaps */
} Lags;

static void
put_lags(Row *row, const Lags *lags, int i)
{
	for (int l = 0; l < lags->lags; l++)
		put(row, lags->column + l, lags->z[i - lags->lag[l]]);
}

static int
first_row(const Lags *lags)
{
	return lags->lags > 0 ? lags->lag[lags->lags - 1] : 0;
}

/* Rows that look at nothing but the slot of the cycle are equal cycle after cycle, and are added at once. */
static BlStatus
calendar_fit(const Calendar *c, const Lags *lags, const double *z, const double *weight, Squares *squares, BlArena *arena)
{
	const BlForecastTask *t = c->t;
	Row		   *row = bl_arena_room(arena, sizeof *row);
	bool		plain = t->temperature == NULL && t->holiday == NULL && lags->lags == 0;

	if (row == NULL)
		return BL_NO_SPACE;
	for (int i = first_row(lags); i < (plain ? at_most(t->cycle, t->n) : t->n); i++)
	{
		double		w = 0,
					product = 0;

		for (int j = i; j < (plain ? t->n : i + 1); j += t->cycle)
			if (!isnan(z[j]))
			{
				w += weight[j];
				product += weight[j] * z[j];
			}
		if (w > 0)
		{
			calendar_row(c, i, row);
			put_lags(row, lags, i);
			squares_add(squares, row, w, product);
		}
	}
	return squares_solve(squares, PENALTY);
}

static double
last_residual(const Calendar *c, const double *z, const Squares *squares, Row *row)
{
	const BlForecastTask *t = c->t;
	double		sum = 0;
	int			found = 0;

	for (int i = t->n - at_most(t->season, t->n); i < t->n; i++)
		if (!isnan(z[i]))
		{
			calendar_row(c, i, row);
			sum += z[i] - fitted(squares, row);
			found++;
		}
	return found > 0 ? sum / found : 0;
}

/* the history scaled, around its mean: as it is with its gaps, and without them, with room for the horizon */
typedef struct Scaled
{
	Scale		scale;
	double		mean;
	double		least;			/* of what is foreseen */
	double		most;
	double	   *z;
	double	   *whole;
} Scaled;

static BlStatus
scale_history(const BlForecastTask *t, Scaled *s, BlArena *arena)
{
	BlStatus	status = choose_scale(t, &s->scale, arena);

	if (status != BL_OK)
		return status;
	s->z = bl_arena_room(arena, sizeof *s->z * (size_t) t->n);
	s->whole = bl_arena_room(arena, sizeof *s->whole * ((size_t) t->n + t->horizon));
	if (s->z == NULL || s->whole == NULL)
		return BL_NO_SPACE;
	if ((status = bl_forecast_fill(t, s->whole, arena)) != BL_OK)
		return status;
	s->mean = 0;
	for (int i = 0; i < t->n; i++)
		s->mean += s->whole[i] = scaled(&s->scale, s->whole[i]);
	s->mean /= t->n;
	for (int i = 0; i < t->n; i++)
	{
		s->whole[i] -= s->mean;
		s->z[i] = isnan(t->value[i]) ? NAN : s->whole[i];
	}
	s->least = scaled(&s->scale, s->scale.floor) - s->mean;
	s->most = scaled(&s->scale, s->scale.ceiling) - s->mean;
	return BL_OK;
}

/* the next slot, which later ones look back on */
static void
foresee(Scaled *s, int n, int k, double z, double *out)
{
	s->whole[n + k] = fmin(fmax(z, s->least), s->most);
	out[k] = unscaled(&s->scale, s->whole[n + k] + s->mean);
}

/* the half-life of a row's weight: four cycles */
static BlStatus
cycle_weights(const BlForecastTask *t, double **weight, BlArena *arena)
{
	double		forget = bl_exp(-BL_LN2_HIGH / ((double) HALF_LIFE_CYCLES * t->cycle));

	*weight = bl_arena_room(arena, sizeof **weight * (size_t) t->n);
	if (*weight == NULL)
		return BL_NO_SPACE;
	(*weight)[t->n - 1] = 1;
	for (int i = t->n - 1; i > 0; i--)
		(*weight)[i - 1] = (*weight)[i] * forget;
	return BL_OK;
}

static BlStatus
by_calendar(const BlForecastTask *t, Lags *lags, double *out, BlArena *arena)
{
	Calendar	c;
	Scaled		s;
	Squares		squares;
	Row		   *row = bl_arena_room(arena, sizeof *row);
	double	   *weight,
				residual = 0;
	BlStatus	status;

	if (row == NULL)
		return BL_NO_SPACE;
	if ((status = scale_history(t, &s, arena)) != BL_OK ||
		(status = cycle_weights(t, &weight, arena)) != BL_OK ||
		(status = calendar_begin(&c, t, arena)) != BL_OK ||
		(status = squares_begin(&squares, c.columns + lags->lags, arena)) != BL_OK)
		return status;
	lags->column = c.columns;
	lags->z = s.whole;
	if ((status = calendar_fit(&c, lags, s.z, weight, &squares, arena)) != BL_OK)
		return status;
	if (lags->lags == 0)
		residual = last_residual(&c, s.z, &squares, row);
	for (int k = 0; k < t->horizon; k++)
	{
		if (k % t->season == 0)
			residual *= FADING;
		calendar_row(&c, t->n + k, row);
		put_lags(row, lags, t->n + k);
		foresee(&s, t->n, k, fitted(&squares, row) + residual, out);
	}
	return BL_OK;
}

BlStatus
bl_forecast_ridge(const BlForecastTask *t, double *out, BlArena *arena)
{
	Lags		none = {0};

	return by_calendar(t, &none, out, arena);
}

/* ---- lags ---- */

/* of which at least as many rows as the longest are left to learn from */
static void
add_lags(const BlForecastTask *t, Lags *lags, int around)
{
	for (int l = around - 1; l <= around + 1; l++)
		if (l > (lags->lags > 0 ? lags->lag[lags->lags - 1] : 0) && 2 * l <= t->n)
			lags->lag[lags->lags++] = l;
}

/* the last hours carry the level, the same hour of the day before the shape; weather and weekday are in the calendar */
BlStatus
bl_forecast_ridge_lags(const BlForecastTask *t, double *out, BlArena *arena)
{
	Lags		lags = {0};

	add_lags(t, &lags, 2);
	add_lags(t, &lags, t->season);
	return by_calendar(t, &lags, out, arena);
}

/* nothing but lags: around the last slots, one and two seasons, one and two cycles */
BlStatus
bl_forecast_lags(const BlForecastTask *t, double *out, BlArena *arena)
{
	Lags		lags = {.column = 1};
	Scaled		s;
	Squares		squares;
	Row		   *row = bl_arena_room(arena, sizeof *row);
	BlStatus	status;

	if (row == NULL)
		return BL_NO_SPACE;
	add_lags(t, &lags, 2);
	for (int m = 1; m <= 2; m++)
		add_lags(t, &lags, m * t->season);
	for (int m = 1; m <= 2; m++)
		add_lags(t, &lags, m * t->cycle);
	if (lags.lags == 0)
		return bl_forecast_naive(t, t->season, out, arena);
	if ((status = scale_history(t, &s, arena)) != BL_OK ||
		(status = squares_begin(&squares, 1 + lags.lags, arena)) != BL_OK)
		return status;
	lags.z = s.whole;
	for (int i = first_row(&lags); i < t->n; i++)
	{
		row->n = 0;
		put(row, 0, 1);
		put_lags(row, &lags, i);
		squares_add(&squares, row, 1, s.whole[i]);
	}
	if ((status = squares_solve(&squares, PENALTY)) != BL_OK)
		return status;
	for (int k = 0; k < t->horizon; k++)
	{
		row->n = 0;
		put(row, 0, 1);
		put_lags(row, &lags, t->n + k);
		foresee(&s, t->n, k, fitted(&squares, row), out);
	}
	return BL_OK;
}
