/*
 * shift_test.c - the largest change of mean: found, signed, as the definition says
 */
#include <math.h>

#include "check.h"
#include "core/shift.h"

enum
{
	MOST = 200
};

static bool
near(double a, double b)
{
	return fabs(a - b) <= 1e-9 * (1 + fabs(b));
}

static void
known(void)
{
	const double step[] = {1, 1, 1, 1, 4, 4, 4, 4};
	const double fall[] = {5, 3, 5, 3, 1, -1, 1, -1};
	const double gaps[] = {NAN, 2, NAN, 2, 3, NAN, NAN, 9, 8, NAN};
	const double flat[] = {7, 7, 7, 7};
	BlShift		s;

	s = bl_shift_find(step, 8, 1);
	CHECK_EQ(s.at, 4);
	CHECK(s.size == 3 && s.t == BL_SHIFT_T_MAX);
	s = bl_shift_find(fall, 8, 2);
	CHECK_EQ(s.at, 4);
	/* the variance is 8/6 around means 4 and 0 */
	CHECK(near(s.size, -4) && near(s.t, -4 / sqrt(8.0 / 6 * 2 / 4)));
	/* a missing value keeps its place */
	s = bl_shift_find(gaps, 10, 2);
	CHECK_EQ(s.at, 7);
	CHECK(near(s.size, 8.5 - 7.0 / 3));
	s = bl_shift_find(flat, 4, 1);
	CHECK(s.t == 0 && s.size == 0);
}

static void
too_few(void)
{
	const double x[] = {1, 2, NAN, NAN, 3};

	CHECK_EQ(bl_shift_find(x, 0, 1).at, 0);
	CHECK_EQ(bl_shift_find(x, 1, 1).at, 0);
	CHECK_EQ(bl_shift_find(x, 5, 2).at, 0);
	CHECK_EQ(bl_shift_find(x, 2, 1).at, 1);
	CHECK(isfinite(bl_shift_find(x, 2, 1).t));
	CHECK_EQ(bl_shift_find(x + 2, 2, 1).at, 0);
	/* a margin that is none is one */
	CHECK_EQ(bl_shift_find(x, 2, -7).at, 1);
}

/* Student's t with pooled variance at one place, as it is defined */
static double
plain_t(const double *x, int n, int at)
{
	double		mean[2] = {0, 0},
				squares = 0;
	int			count[2] = {0, 0};

	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
		{
			mean[i >= at] += x[i];
			count[i >= at]++;
		}
	for (int k = 0; k < 2; k++)
		mean[k] /= count[k];
	for (int i = 0; i < n; i++)
		if (!isnan(x[i]))
			squares += (x[i] - mean[i >= at]) * (x[i] - mean[i >= at]);
	return (mean[1] - mean[0]) / sqrt(squares / (count[0] + count[1] - 2) * (1.0 / count[0] + 1.0 / count[1]));
}

static void
as_defined(void)
{
	uint64_t	seed = 11;

	for (int round = 0; round < 300; round++)
	{
		double		x[MOST],
					most = 0;
		int			n = 12 + (int) (check_random(&seed) % (MOST - 12)),
					at = (int) (check_random(&seed) % (uint64_t) n),
					values = 0,
					seen = 0;
		BlShift		s;

		for (int i = 0; i < n; i++)
		{
			x[i] = 1e6 + (double) (check_random(&seed) % 1000) + (i >= at ? 300 : 0);
			if (check_random(&seed) % 7 == 0)
				x[i] = NAN;
			values += !isnan(x[i]);
		}
		s = bl_shift_find(x, n, 3);
		if (values < 6)
			continue;
		for (int i = 0; i < n; i++)
		{
			if (isnan(x[i]))
				continue;
			if (seen >= 3 && values - seen >= 3)
				most = fmax(most, fabs(plain_t(x, n, i)));
			seen++;
		}
		CHECK(fabs(fabs(s.t) - most) < 1e-6 * most);
		CHECK(fabs(s.t - plain_t(x, n, s.at)) < 1e-6 * most);
	}
}

int
main(void)
{
	RUN(known);
	RUN(too_few);
	RUN(as_defined);
	return DONE();
}
