/*
 * cluster.c - customers grouped by the course of their day; see cluster.h
 */
#include "cluster.h"

typedef struct Work
{
	const BlClustering *c;
	const double **row;			/* in the order of their numbers */
	int		   *place;			/* the cluster of each */
	double	   *near;			/* squared distance to the nearest centre */
	uint32_t   *count;			/* of each cluster */
	double	   *center;
	uint64_t	random;
} Work;

static double
fraction(uint64_t *state)
{
	uint64_t	z = (*state += UINT64_C(0x9E3779B97F4A7C15));

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	return (double) ((z ^ z >> 31) >> 11) * 0x1p-53;
}

static double
squared(const double *a, const double *b, int n)
{
	double		sum = 0;

	for (int i = 0; i < n; i++)
		sum += (a[i] - b[i]) * (a[i] - b[i]);
	return sum;
}

static int
compare(const double *a, const double *b, int n)
{
	for (int i = 0; i < n; i++)
		if (a[i] != b[i])
			return a[i] < b[i] ? -1 : 1;
	return 0;
}

/* a merge sort from below */
static bool
sort_rows(Work *w, BlArena *arena)
{
	const double **from = w->row;
	const double **to = bl_arena_room(arena, sizeof *to * w->c->rows);
	const double **sorted = from;
	uint32_t	n = w->c->rows;

	if (to == NULL)
		return false;
	for (uint32_t run = 1; run < n; run *= 2)
	{
		for (uint32_t low = 0; low < n; low += 2 * run)
		{
			uint32_t	middle = low + run < n ? low + run : n;
			uint32_t	high = middle + run < n ? middle + run : n;
			uint32_t	a = low,
						b = middle;

			for (uint32_t i = low; i < high; i++)
				to[i] = b >= high || (a < middle && compare(from[a], from[b], w->c->points) <= 0) ? from[a++] : from[b++];
		}
		sorted = to;
		to = from;
		from = sorted;
	}
	w->row = sorted;
	return true;
}

static double *
center_of(Work *w, int cluster)
{
	return w->center + (size_t) cluster * (size_t) w->c->points;
}

static void
put_center(Work *w, int cluster, const double *row)
{
	memcpy(center_of(w, cluster), row, sizeof *row * (size_t) w->c->points);
}

/* k-means++: each next centre is a row, the more likely the further it is from those before */
static BlStatus
begin(Work *w)
{
	uint32_t	rows = w->c->rows;

	put_center(w, 0, w->row[(uint32_t) (fraction(&w->random) * rows)]);
	for (int k = 1; k < w->c->clusters; k++)
	{
		double		sum = 0,
					drawn;
		uint32_t	chosen = rows;

		for (uint32_t i = 0; i < rows; i++)
		{
			double		d = squared(w->row[i], center_of(w, k - 1), w->c->points);

			w->near[i] = k == 1 || d < w->near[i] ? d : w->near[i];
			sum += w->near[i];
		}
		if (!(sum > 0))
			return BL_BAD_VALUE;
		drawn = fraction(&w->random) * sum;
		for (uint32_t i = 0; i < rows; i++)
		{
			if (w->near[i] == 0)
				continue;
			chosen = i;
			drawn -= w->near[i];
			if (drawn < 0)
				break;
		}
		put_center(w, k, w->row[chosen]);
	}
	return BL_OK;
}

/* each row to its nearest centre; how many have changed */
static uint32_t
assign(Work *w, double *inertia)
{
	uint32_t	changed = 0;

	*inertia = 0;
	memset(w->count, 0, sizeof *w->count * (size_t) w->c->clusters);
	for (uint32_t i = 0; i < w->c->rows; i++)
	{
		int			best = 0;

		for (int k = 0; k < w->c->clusters; k++)
		{
			double		d = squared(w->row[i], center_of(w, k), w->c->points);

			if (k == 0 || d < w->near[i])
			{
				best = k;
				w->near[i] = d;
			}
		}
		changed += w->place[i] != best;
		w->place[i] = best;
		w->count[best]++;
		*inertia += w->near[i];
	}
	return changed;
}

static void
take_means(Work *w)
{
	int			points = w->c->points;

	for (int k = 0; k < w->c->clusters; k++)
		if (w->count[k] > 0)
			memset(center_of(w, k), 0, sizeof(double) * (size_t) points);
	for (uint32_t i = 0; i < w->c->rows; i++)
	{
		double	   *center = center_of(w, w->place[i]);

		for (int p = 0; p < points; p++)
			center[p] += w->row[i][p];
	}
	for (int k = 0; k < w->c->clusters; k++)
		for (int p = 0; w->count[k] > 0 && p < points; p++)
			center_of(w, k)[p] /= w->count[k];
}

/* the row nearest to each mean */
static void
take_medoids(Work *w)
{
	for (int k = 0; k < w->c->clusters; k++)
	{
		uint32_t	best = w->c->rows;
		double		least = 0;

		for (uint32_t i = 0; i < w->c->rows; i++)
		{
			double		d;

			if (w->place[i] != k)
				continue;
			d = squared(w->row[i], center_of(w, k), w->c->points);
			if (best == w->c->rows || d < least)
			{
				best = i;
				least = d;
			}
		}
		if (best < w->c->rows)
			put_center(w, k, w->row[best]);
	}
}

/* a centre that no row is nearest to goes to the row that is furthest from its own */
static bool
fill_empty(Work *w)
{
	bool		filled = false;

	for (int k = 0; k < w->c->clusters; k++)
	{
		uint32_t	furthest = 0;

		if (w->count[k] > 0)
			continue;
		for (uint32_t i = 1; i < w->c->rows; i++)
			if (w->near[i] > w->near[furthest])
				furthest = i;
		if (!(w->near[furthest] > 0))
			continue;
		put_center(w, k, w->row[furthest]);
		w->near[furthest] = 0;
		filled = true;
	}
	return filled;
}

static BlStatus
run(Work *w, const BlArena *arena, double *inertia)
{
	BlStatus	status = begin(w);

	if (status != BL_OK)
		return status;
	for (uint32_t i = 0; i < w->c->rows; i++)
		w->place[i] = -1;
	for (int round = 0; round < BL_CLUSTER_ROUNDS; round++)
	{
		uint32_t	changed = assign(w, inertia);

		bl_arena_poll(arena);
		if (fill_empty(w))
			continue;
		if (changed == 0)
			break;
		take_means(w);
		if (w->c->medoids)
			take_medoids(w);
	}
	assign(w, inertia);
	return BL_OK;
}

/* most rows first; of as many the lower numbers */
static void
order_centers(Work *w, double *centers)
{
	int			points = w->c->points;

	for (int k = 0; k < w->c->clusters; k++)
	{
		int			place = 0;

		for (int o = 0; o < w->c->clusters; o++)
		{
			int			order = compare(center_of(w, o), center_of(w, k), points);

			place += w->count[o] > w->count[k] || (w->count[o] == w->count[k] && (order < 0 || (order == 0 && o < k)));
		}
		memcpy(centers + (size_t) place * (size_t) points, center_of(w, k), sizeof *centers * (size_t) points);
	}
}

BlStatus
bl_cluster(const BlClustering *c, BlArena *arena, double *centers)
{
	Work		w = {.c = c};
	double		best = 0;

	if (c->clusters < 1 || c->clusters > BL_CLUSTERS_MAX || c->points < 1 || c->points > BL_CLUSTER_POINTS_MAX ||
		c->rows < (uint32_t) c->clusters || c->rows > BL_CLUSTER_ROWS_MAX)
		return BL_BAD_VALUE;
	w.row = bl_arena_room(arena, sizeof *w.row * c->rows);
	w.place = bl_arena_room(arena, sizeof *w.place * c->rows);
	w.near = bl_arena_room(arena, sizeof *w.near * c->rows);
	w.count = bl_arena_room(arena, sizeof *w.count * (size_t) c->clusters);
	w.center = bl_arena_room(arena, sizeof *w.center * (size_t) c->clusters * (size_t) c->points);
	if (w.row == NULL || w.place == NULL || w.near == NULL || w.count == NULL || w.center == NULL)
		return BL_NO_SPACE;
	for (uint32_t i = 0; i < c->rows; i++)
		w.row[i] = c->value + (size_t) i * (size_t) c->points;
	if (!sort_rows(&w, arena))
		return BL_NO_SPACE;
	for (int start = 0; start < BL_CLUSTER_STARTS; start++)
	{
		double		inertia;
		BlStatus	status;

		w.random = c->seed + (uint64_t) start * UINT64_C(0xD1342543DE82EF95);
		status = run(&w, arena, &inertia);
		if (status != BL_OK)
			return status;
		if (start > 0 && !(inertia < best))
			continue;
		best = inertia;
		order_centers(&w, centers);
	}
	return BL_OK;
}

int
bl_cluster_nearest(const double *centers, int clusters, int points, const double *row, double *distance)
{
	int			best = 0;
	double		least = 0;

	for (int k = 0; k < clusters; k++)
	{
		double		d = squared(row, centers + (size_t) k * (size_t) points, points);

		if (k == 0 || d < least)
		{
			best = k;
			least = d;
		}
	}
	*distance = least;
	return best;
}

BlStatus
bl_day_shape(const BlProfile *profile, int points, double *shape, bool *there)
{
	BlInt128	sum[BL_CLUSTER_POINTS_MAX] = {0};
	uint32_t	count[BL_CLUSTER_POINTS_MAX] = {0};
	int64_t		value[BL_BLOCK_SLOTS_MAX];
	uint8_t		quality[BL_BLOCK_SLOTS_MAX];
	BlCursor	cursor = {0};
	double		total = 0;

	*there = false;
	if (points < 1 || points > BL_CLUSTER_POINTS_MAX || 1440 % points != 0)
		return BL_BAD_VALUE;
	if (1440 / points % profile->slot_minutes != 0)
		return BL_OK;
	for (;;)
	{
		BlBlock		block;
		int			per;
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status != BL_OK)
			return status;
		if (block.slots == 0)
			break;
		/* a day of 23 or 25 hours has no hour that is always the same */
		if (block.slots != profile->day_slots)
			continue;
		status = bl_block_decode(profile, &block, value, quality, NULL);
		if (status != BL_OK)
			return status;
		per = profile->day_slots / points;
		for (int i = 0; i < block.slots; i++)
			if (quality[i] != BL_MISSING)
			{
				sum[i / per] += value[i];
				count[i / per]++;
			}
	}
	for (int p = 0; p < points; p++)
	{
		if (count[p] == 0)
			return BL_OK;
		shape[p] = (double) sum[p] / count[p];
		total += shape[p];
	}
	if (!(total > 0))
		return BL_OK;
	for (int p = 0; p < points; p++)
		shape[p] /= total;
	*there = true;
	return BL_OK;
}
