/*
 * cluster_test.c - clusters: the same from rows in any order, what lies together together, safe at the edges
 */
#include "check.h"
#include "core/cluster.h"

enum
{
	ROWS = 300,
	POINTS = 3
};

static double value[ROWS][POINTS];

static uint8_t memory[1 << 20];
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
arena(void)
{
	memory_used = 0;
	return (BlArena) {.more = more, .ceiling = sizeof memory};
}

static BlClustering
clustering(int clusters)
{
	return (BlClustering) {.points = POINTS, .rows = ROWS, .value = &value[0][0], .clusters = clusters, .seed = 42};
}

/* three heaps */
static void
make_rows(void)
{
	uint64_t	seed = 7;

	for (int i = 0; i < ROWS; i++)
		for (int p = 0; p < POINTS; p++)
			value[i][p] = (i % 3) * 10 + (double) (check_random(&seed) % 1000) / 1000;
}

static void
turn_rows(void)
{
	for (int i = 0; i < ROWS / 2; i++)
		for (int p = 0; p < POINTS; p++)
		{
			double		x = value[i][p];

			value[i][p] = value[ROWS - 1 - i][p];
			value[ROWS - 1 - i][p] = x;
		}
}

static void
groups(void)
{
	double		a[3 * POINTS],
				b[3 * POINTS],
				distance;
	BlClustering c = clustering(3);
	BlArena		m = arena();

	make_rows();
	CHECK_EQ(bl_cluster(&c, &m, a), BL_OK);
	turn_rows();
	CHECK_EQ(bl_cluster(&c, &m, b), BL_OK);
	CHECK(memcmp(a, b, sizeof a) == 0);
	for (int i = 0; i < ROWS; i++)
		for (int k = 0; k < i; k++)
		{
			bool		together = bl_cluster_nearest(a, 3, POINTS, value[i], &distance) == bl_cluster_nearest(a, 3, POINTS, value[k], &distance);

			CHECK(together == ((int) value[i][0] / 10 == (int) value[k][0] / 10));
		}
}

static void
medoids(void)
{
	double		centers[3 * POINTS];
	BlClustering c = clustering(3);
	BlArena		m = arena();

	make_rows();
	c.medoids = true;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_OK);
	for (int k = 0; k < 3; k++)
	{
		bool		is_row = false;

		for (int i = 0; i < ROWS; i++)
			is_row = is_row || memcmp(centers + k * POINTS, value[i], sizeof value[i]) == 0;
		CHECK(is_row);
	}
}

/* as many clusters as there are different rows, and more */
static void
edges(void)
{
	double		centers[(BL_CLUSTERS_MAX + 1) * POINTS];
	BlClustering c = clustering(2);
	BlArena		m = arena();

	memset(value, 0, sizeof value);
	value[5][0] = 1;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_OK);
	CHECK(centers[0] == 0 && centers[POINTS] == 1);
	c.clusters = 3;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_BAD_VALUE);
	c.clusters = 0;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_BAD_VALUE);
	c.clusters = BL_CLUSTERS_MAX + 1;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_BAD_VALUE);
	c.clusters = 1;
	c.rows = 0;
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_BAD_VALUE);
	c = clustering(2);
	m = (BlArena) {.more = more};
	CHECK_EQ(bl_cluster(&c, &m, centers), BL_NO_SPACE);
}

int
main(void)
{
	RUN(groups);
	RUN(medoids);
	RUN(edges);
	return DONE();
}
