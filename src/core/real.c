/*
 * real.c - correlation, sorting, quantiles; see real.h
 */
#include "real.h"

#include <math.h>
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

enum
{
	CUT = 10,					/* low bits of a float's fraction that do not count */
	BITS = 11					/* of a pass; two are the rest of a float */
};

/* the order of a float's bits is that of floats, once the negative ones are turned round */
static uint32_t
key_of(float x)
{
	uint32_t	bits;

	memcpy(&bits, &x, sizeof bits);
	bits = (bits + (1 << (CUT - 1))) >> CUT << CUT;
	return bits >> 31 != 0 ? ~bits : bits | UINT32_C(1) << 31;
}

static float
value_of(uint32_t key)
{
	uint32_t	bits = key >> 31 != 0 ? key & ~(UINT32_C(1) << 31) : ~key;
	float		x;

	memcpy(&x, &bits, sizeof x);
	return x;
}

/* counts become the places where what they count begins */
static void
places(uint32_t *count)
{
	uint32_t	before = 0;

	for (int k = 0; k < 1 << BITS; k++)
	{
		uint32_t	here = count[k];

		count[k] = before;
		before += here;
	}
}

void
bl_real_sort(float *value, uint32_t *room, int n)
{
	uint32_t	low[1 << BITS] = {0},
				high[1 << BITS] = {0},
				odd[1 << BITS] = {0},
			   *key = room,
			   *by_low = room + n;

	for (int i = 0; i < n; i++)
	{
		key[i] = key_of(value[i]);
		low[key[i] >> CUT & ((1 << BITS) - 1)]++;
		/* neighbours are often in one bin: two counts need not wait for each other */
		(i % 2 == 0 ? high : odd)[key[i] >> (CUT + BITS)]++;
	}
	for (int k = 0; k < 1 << BITS; k++)
		high[k] += odd[k];
	places(low);
	places(high);
	for (int i = 0; i < n; i++)
		by_low[low[key[i] >> CUT & ((1 << BITS) - 1)]++] = key[i];
	for (int i = 0; i < n; i++)
		value[high[by_low[i] >> (CUT + BITS)]++] = value_of(by_low[i]);
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
