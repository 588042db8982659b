/*
 * forecast_profile.c - methods that look at the same slot of earlier cycles
 */
#include "forecast_work.h"

enum
{
	MEAN_CYCLES = 4,
	MEDIAN_CYCLES = 8,
	MEAN_YEARS = 3
};

/* Hoare's selection: the k-th smallest comes to its place, none greater before it */
static void
select_kth(double *v, int n, int k)
{
	int			low = 0,
				high = n - 1;

	while (low < high)
	{
		double		pivot = v[(low + high) / 2];
		int			i = low,
					j = high;

		while (i <= j)
		{
			while (v[i] < pivot)
				i++;
			while (v[j] > pivot)
				j--;
			if (i <= j)
			{
				double		t = v[i];

				v[i++] = v[j];
				v[j--] = t;
			}
		}
		if (k <= j)
			high = j;
		else if (k >= i)
			low = i;
		else
			return;
	}
}

double
bl_median(double *value, int n)
{
	double		high,
				low;

	select_kth(value, n, n / 2);
	high = value[n / 2];
	if (n % 2 == 1)
		return high;
	low = value[0];
	for (int i = 1; i < n / 2; i++)
		if (value[i] > low)
			low = value[i];
	return low + (high - low) / 2;
}

static void
sort(double *v, int n)
{
	/* in place by Shell's gaps: the core allocates nothing, and qsort may */
	static const int gaps[] = {29524, 9841, 3280, 1093, 364, 121, 40, 13, 4, 1};

	for (size_t g = 0; g < sizeof gaps / sizeof *gaps; g++)
		for (int i = gaps[g]; i < n; i++)
		{
			double		x = v[i];
			int			j = i;

			for (; j >= gaps[g] && v[j - gaps[g]] > x; j -= gaps[g])
				v[j] = v[j - gaps[g]];
			v[j] = x;
		}
}

double
bl_quantile(double *value, int n, double q)
{
	double		at = q * (n - 1);
	int			i = (int) at;

	sort(value, n);
	return i + 1 < n ? value[i] + (at - i) * (value[i + 1] - value[i]) : value[n - 1];
}

/* values of a slot in the last `most` periods before the end; how many there are */
static int
gather(const BlForecastTask *t, int slot, int period, int most, double *into)
{
	int			found = 0;

	for (int i = t->n - period + slot; i >= 0 && i >= t->n - most * period; i -= period)
		if (!isnan(t->value[i]))
			into[found++] = t->value[i];
	return found;
}

typedef double (*Middle) (double *value, int n);

static double
mean(double *value, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += value[i];
	return sum / n;
}

static BlStatus
whole_median(const BlForecastTask *t, double *middle, BlArena *arena)
{
	double	   *v = bl_arena_room(arena, sizeof *v * (size_t) t->n);
	int			found = 0;

	if (v == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < t->n; i++)
		if (!isnan(t->value[i]))
			v[found++] = t->value[i];
	if (found == 0)
		return BL_GAP;
	*middle = bl_median(v, found);
	return BL_OK;
}

/*
 * One value for each slot of the cycle that begins at the end of the history: where its cycles have none, of
 * the season; where that has none, of all.
 */
static BlStatus
middle_profile(const BlForecastTask *t, int cycles, Middle middle, double *profile, BlArena *arena)
{
	double		value[64];
	double		whole;
	int			seasons = cycles * (t->cycle / t->season);
	BlStatus	status = whole_median(t, &whole, arena);

	if (status != BL_OK)
		return status;
	if (seasons > 64)
		seasons = 64;
	for (int s = 0; s < t->cycle; s++)
	{
		int			found = gather(t, s, t->cycle, cycles, value);

		if (found == 0)
			found = gather(t, s % t->season, t->season, seasons, value);
		profile[s] = found == 0 ? whole : middle(value, found);
	}
	return BL_OK;
}

static void
repeat(const BlForecastTask *t, const double *profile, double *out)
{
	for (int k = 0; k < t->horizon; k++)
		out[k] = profile[k % t->cycle];
}

BlStatus
bl_forecast_naive(const BlForecastTask *t, int lag, double *out, BlArena *arena)
{
	double		whole;
	BlStatus	status = whole_median(t, &whole, arena);

	if (status != BL_OK)
		return status;
	for (int k = 0; k < t->horizon; k++)
	{
		int			i = t->n - lag + k % lag;

		while (i >= 0 && isnan(t->value[i]))
			i -= lag;
		out[k] = i >= 0 ? t->value[i] : whole;
	}
	return BL_OK;
}

static BlStatus
by_middle(const BlForecastTask *t, int cycles, Middle middle, double *out, BlArena *arena)
{
	double	   *profile = bl_arena_room(arena, sizeof *profile * (size_t) t->cycle);
	BlStatus	status;

	if (profile == NULL)
		return BL_NO_SPACE;
	status = middle_profile(t, cycles, middle, profile, arena);
	if (status == BL_OK)
		repeat(t, profile, out);
	return status;
}

BlStatus
bl_forecast_mean(const BlForecastTask *t, double *out, BlArena *arena)
{
	/* of years fewer: they drift */
	return by_middle(t, t->cycle == t->season ? MEAN_YEARS : MEAN_CYCLES, mean, out, arena);
}

BlStatus
bl_forecast_median(const BlForecastTask *t, double *out, BlArena *arena)
{
	return by_middle(t, MEDIAN_CYCLES, bl_median, out, arena);
}

/*
 * The median of eight weeks jumps from slot to slot with the habits of a house; what is
 * left after a mean of neighbours is the part that comes again.
 */
BlStatus
bl_forecast_smoothed_median(const BlForecastTask *t, double *out, BlArena *arena)
{
	double	   *profile = bl_arena_room(arena, sizeof *profile * (size_t) t->cycle);
	double	   *smooth = bl_arena_room(arena, sizeof *smooth * (size_t) t->cycle);
	int			half = t->season / 24;
	BlStatus	status;

	if (profile == NULL || smooth == NULL)
		return BL_NO_SPACE;
	status = middle_profile(t, MEDIAN_CYCLES, bl_median, profile, arena);
	if (status != BL_OK)
		return status;
	for (int s = 0; s < t->cycle; s++)
	{
		double		sum = 0,
					weight = 0;

		for (int d = -half; d <= half; d++)
		{
			double		w = half + 1 - (d < 0 ? -d : d);

			sum += w * profile[(s + d + t->cycle) % t->cycle];
			weight += w;
		}
		smooth[s] = sum / weight;
	}
	repeat(t, smooth, out);
	return BL_OK;
}

/* the mean of the values left when a quarter at each end is put aside */
static double
trimmed_mean(double *value, int n)
{
	int			cut = n / 4;
	double		sum = 0;

	sort(value, n);
	for (int i = cut; i < n - cut; i++)
		sum += value[i];
	return sum / (n - 2 * cut);
}

/* shape of a cycle as shares of its mean, times the smoothed mean of the cycles */
BlStatus
bl_forecast_profile_level(const BlForecastTask *t, double *out, BlArena *arena)
{
	int			cycles = t->n / t->cycle < MEDIAN_CYCLES ? t->n / t->cycle : MEDIAN_CYCLES;
	int			start = t->n - cycles * t->cycle;
	double		level = 0,
				shape[MEDIAN_CYCLES],
				mean_of[MEDIAN_CYCLES];
	double	   *filled = bl_arena_room(arena, sizeof *filled * (size_t) t->n);
	BlStatus	status;

	if (filled == NULL)
		return BL_NO_SPACE;
	if (cycles < 2)
		return bl_forecast_median(t, out, arena);
	status = bl_forecast_fill(t, filled, arena);
	if (status != BL_OK)
		return status;
	for (int c = 0; c < cycles; c++)
	{
		mean_of[c] = mean(filled + start + c * t->cycle, t->cycle);
		level = c == 0 ? mean_of[c] : level + 0.3 * (mean_of[c] - level);
		/* nothing to take shares of: net loads, houses that stand empty */
		if (mean_of[c] <= 0)
			return bl_forecast_median(t, out, arena);
	}
	for (int k = 0; k < t->horizon; k++)
	{
		if (k >= t->cycle)
		{
			out[k] = out[k - t->cycle];
			continue;
		}
		for (int c = 0; c < cycles; c++)
			shape[c] = filled[start + c * t->cycle + k] / mean_of[c];
		out[k] = level * trimmed_mean(shape, cycles);
	}
	return BL_OK;
}

BlStatus
bl_forecast_fill(const BlForecastTask *t, double *filled, BlArena *arena)
{
	double		whole,
				last;
	BlStatus	status = whole_median(t, &whole, arena);

	if (status != BL_OK)
		return status;
	last = whole;
	for (int i = 0; i < t->n; i++)
	{
		double		sum = 0;
		int			found = 0;

		filled[i] = t->value[i];
		for (int round = 0; round < 2 && isnan(filled[i]); round++)
		{
			int			period = round == 0 ? t->cycle : t->season;

			for (int away = 1; away <= 3 && found < 2; away++)
				for (int side = -1; side <= 1; side += 2)
				{
					long		j = i + (long) side * away * period;

					if (j >= 0 && j < t->n && !isnan(t->value[j]))
					{
						sum += t->value[j];
						found++;
					}
				}
			if (found > 0)
				filled[i] = sum / found;
		}
		if (isnan(filled[i]))
			filled[i] = last;
		last = filled[i];
	}
	return BL_OK;
}
