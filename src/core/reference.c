/*
 * reference.c - counts of shares, and their medians; see reference.h
 */
#include "reference.h"

#include <math.h>

enum
{
	PER_POWER = 64,
	LOWEST = -8					/* the power of two at which the first bin begins */
};

static int
bin_of(double share)
{
	int			exponent,
				bin;
	double		m;

	if (!(share > 0))
		return 0;
	m = frexp(share, &exponent);	/* 0.5 to below 1 */
	if (exponent - 1 < LOWEST)
		return 0;
	if (exponent - 1 >= LOWEST + BL_REFERENCE_BINS / PER_POWER)
		return BL_REFERENCE_BINS - 1;
	bin = (exponent - 1 - LOWEST) * PER_POWER + (int) ((m - 0.5) * 2 * PER_POWER);
	return bin;
}

static double
bin_from(int bin)
{
	return ldexp(1 + (double) (bin % PER_POWER) / PER_POWER, bin / PER_POWER + LOWEST);
}

/* within its bin the median lies where its rank does; the first bin begins at nothing */
static double
median(const uint32_t *count)
{
	uint64_t	all = 0,
				below = 0;

	for (int i = 0; i < BL_REFERENCE_BINS; i++)
		all += count[i];
	for (int i = 0; i < BL_REFERENCE_BINS; i++)
	{
		if (2 * (below + count[i]) > all)
		{
			double		from = i > 0 ? bin_from(i) : 0;

			return from + (bin_from(i + 1) - from) * ((double) all / 2 - (double) below) / count[i];
		}
		below += count[i];
	}
	return NAN;
}

BlStatus
bl_reference_union(const BlReferenceCounts *c, int32_t first, int days, int32_t *union_first, int *union_days)
{
	int64_t		from = c->days > 0 && c->first < first ? c->first : first,
				until = c->days > 0 && (int64_t) c->first + c->days > (int64_t) first + days ? (int64_t) c->first + c->days : (int64_t) first + days;

	if (until - from > BL_GRID_DAYS_MAX)
		return BL_LIMIT;
	*union_first = (int32_t) from;
	*union_days = (int) (until - from);
	return BL_OK;
}

BlStatus
bl_reference_add(BlReferenceCounts *c, const BlDayGrid *g)
{
	double		sum = 0,
				slot_sum[BL_GRID_SLOTS_MAX] = {0};
	int			values = 0,
				slot_values[BL_GRID_SLOTS_MAX] = {0};

	if (g->slots != c->slots)
		return BL_UNALIGNED;
	for (int i = 0; i < g->days * g->slots; i++)
		if (!isnan(g->value[i]))
		{
			slot_sum[i % g->slots] += g->value[i];
			slot_values[i % g->slots]++;
		}
	for (int k = 0; k < g->slots; k++)
	{
		sum += slot_sum[k];
		values += slot_values[k];
	}
	if (!(sum > 0))
		return BL_OK;
	c->customers++;
	for (int k = 0; k < g->slots; k++)
		if (slot_values[k] > 0)
			c->shape[(size_t) k * BL_REFERENCE_BINS + (size_t) bin_of(slot_sum[k] / slot_values[k] * values / sum)]++;
	for (int d = 0; d < g->days; d++)
	{
		const double *x = g->value + (size_t) d * (size_t) g->slots;
		double		day = 0;
		int			have = 0;

		for (int k = 0; k < g->slots; k++)
			if (!isnan(x[k]))
			{
				day += x[k];
				have++;
			}
		/* as features take it: half of a day's slots are enough for its mean */
		if (2 * have >= g->slots)
			c->day[(size_t) (g->first - c->first + d) * BL_REFERENCE_BINS + (size_t) bin_of(day / have * values / sum)]++;
	}
	return BL_OK;
}

BlStatus
bl_reference_merge(BlReferenceCounts *c, const BlReferenceCounts *other)
{
	uint32_t   *into = c->day + (size_t) (other->first - c->first) * BL_REFERENCE_BINS;

	if (other->slots != c->slots)
		return BL_UNALIGNED;
	for (size_t i = 0; i < (size_t) other->days * BL_REFERENCE_BINS; i++)
		into[i] += other->day[i];
	for (size_t i = 0; i < (size_t) other->slots * BL_REFERENCE_BINS; i++)
		c->shape[i] += other->shape[i];
	c->customers += other->customers;
	return BL_OK;
}

void
bl_reference_medians(const BlReferenceCounts *c, double *day, double *shape)
{
	for (int i = 0; i < c->days; i++)
		day[i] = median(c->day + (size_t) i * BL_REFERENCE_BINS);
	for (int k = 0; k < c->slots; k++)
		shape[k] = median(c->shape + (size_t) k * BL_REFERENCE_BINS);
}
