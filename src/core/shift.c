/*
 * shift.c - the largest change of mean; see shift.h
 */
#include "shift.h"

#include <math.h>

/* squares that two means explain and that remain; a residue of rounding counts as none */
static double
t_of(double explained, double all, int values)
{
	double		rest = all - explained,
				t;

	if (explained <= 0)
		return 0;
	if (rest <= all * 1e-12 || values < 3)
		return BL_SHIFT_T_MAX;
	t = sqrt(explained * (values - 2) / rest);
	return t < BL_SHIFT_T_MAX ? t : BL_SHIFT_T_MAX;
}

BlShift
bl_shift_find(const double *x, int n, int margin)
{
	BlShift		best = {0, 0, 0};
	double		mean = 0,
				all = 0,
				before = 0,
				most = -1;
	int			values = 0,
				seen = 0;

	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
		{
			mean += x[i];
			values++;
		}
	if (margin < 1)
		margin = 1;
	if (values / 2 < margin)
		return best;
	mean /= values;

	/* around the mean, so that squares do not swallow what differs */
	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
			all += (x[i] - mean) * (x[i] - mean);
	for (int i = 0; i < n; i++)
	{
		if (isnan(x[i]))
			continue;
		if (seen >= margin && values - seen >= margin)
		{
			/* both sides together are around zero; the squares that two means explain, without a factor that is always the same */
			double		sides = (double) seen * (values - seen),
						explained = before * before / sides;

			if (explained > most)
			{
				most = explained;
				best.at = i;
				best.size = -before * values / sides;
			}
		}
		before += x[i] - mean;
		seen++;
	}
	best.t = t_of(most * values, all, values);
	if (best.t == 0)
		best.size = 0;
	if (best.size < 0)
		best.t = -best.t;
	return best;
}
