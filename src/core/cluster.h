/*
 * cluster.h - the course of a customer's day, and customers grouped by it
 *
 * Clusters by Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28 (1982), begun as in
 * Arthur, Vassilvitskii, "k-means++", SODA 2007, eight times, of which the closest stays.  A medoid is a
 * row: of its cluster that with the least sum of squared distances to the others, which is the one nearest to the mean.
 *
 * The same rows in any order with the same seed give the same centres, to the bit, on every machine: the rows
 * are sorted first, sums go in that order, random numbers are SplitMix64's.
 */
#ifndef BL_CLUSTER_H
#define BL_CLUSTER_H

#include "arena.h"
#include "profile.h"
#include "status.h"

enum
{
	BL_CLUSTER_POINTS_MAX = 1440,
	BL_CLUSTERS_MAX = 64,
	BL_CLUSTER_ROWS_MAX = 1 << 24,
	BL_CLUSTER_STARTS = 8,
	BL_CLUSTER_ROUNDS = 100
};

typedef struct BlClustering
{
	int			points;			/* numbers of a row */
	uint32_t	rows;			/* at least as many as clusters */
	const double *value;		/* rows * points, finite */
	int			clusters;
	bool		medoids;
	uint64_t	seed;
} BlClustering;

/* clusters * points numbers, the cluster with most rows first; BL_BAD_VALUE where there are fewer different rows than clusters */
extern BlStatus bl_cluster(const BlClustering *clustering, BlArena *arena, double *centers);

/* the centre that a row is nearest to, from 0, and how far */
extern int	bl_cluster_nearest(const double *centers, int clusters, int points, const double *row, double *distance);

/*
 * The mean of each part of the day over its whole days of 24 hours, such that all are 1 together.
 * false: there is none: no whole day, a part without any reading, slots longer than a part, or nothing above zero.
 */
extern BlStatus bl_day_shape(const BlProfile *profile, int points, double *shape, bool *there);

#endif							/* BL_CLUSTER_H */
