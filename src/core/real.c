/*
 * real.c - correlation, sorting, quantiles; see real.h
 */
#include "real.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

double
bl_real_correlation(const double *a, const double *b, int n)
{
	double		mean_a = 0,
				mean_b = 0,
				aa = 0,
				bb = 0,
				ab = 0;
	int			both = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
		{
			mean_a += a[i];
			mean_b += b[i];
			both++;
		}
	if (both < 3)
		return NAN;
	mean_a /= both;
	mean_b /= both;
	for (int i = 0; i < n; i++)
		if (!isnan(a[i]) && !isnan(b[i]))
		{
			aa += (a[i] - mean_a) * (a[i] - mean_a);
			bb += (b[i] - mean_b) * (b[i] - mean_b);
			ab += (a[i] - mean_a) * (b[i] - mean_b);
		}
	/* what is only rounding does not vary */
	if (aa <= both * mean_a * mean_a * 1e-24 || bb <= both * mean_b * mean_b * 1e-24)
		return NAN;
	return ab / sqrt(aa * bb);
}

/* the order of a float's bits is that of floats, once the negative ones are turned round */
static uint32_t
key_of(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof bits);
	return bits >> 31 != 0 ? ~bits : bits | UINT32_C(1) << 31;
}

void
bl_real_sort(float *value, float *spare, int n)
{
	enum
	{
		BITS = 11,
		PASSES = 3
	};
	uint32_t	start[PASSES][1 << BITS] = {0};
	float	   *from = value,
			   *to = spare;

	for (int i = 0; i < n; i++)
		for (int pass = 0; pass < PASSES; pass++)
			start[pass][key_of(value[i]) >> pass * BITS & ((1 << BITS) - 1)]++;
	for (int pass = 0; pass < PASSES; pass++)
	{
		uint32_t	before = 0;
		float	   *swap;

		for (int k = 0; k < 1 << BITS; k++)
		{
			uint32_t	count = start[pass][k];

			start[pass][k] = before;
			before += count;
		}
		for (int i = 0; i < n; i++)
			to[start[pass][key_of(from[i]) >> pass * BITS & ((1 << BITS) - 1)]++] = from[i];
		swap = from;
		from = to;
		to = swap;
	}
	/* the passes are odd in number */
	memcpy(value, from, sizeof *value * (size_t) n);
}

double
bl_real_quantile(const float *sorted, int n, double share)
{
	double		place = share * (n - 1);
	int			below = (int) place;

	if (below >= n - 1)
		return sorted[n - 1];
	return sorted[below] + (place - below) * ((double) sorted[below + 1] - sorted[below]);
}
