/*
 * elementary.h - exp, log and cosine made of the four operations: the same bits on every machine
 *
 * A C library may round these functions as it likes, and forecasts must not
 * differ between machines.  Errors are a few units in the last place.
 */
#ifndef BL_ELEMENTARY_H
#define BL_ELEMENTARY_H

#include <math.h>

#define BL_LN2_HIGH	6.93147180369123816490e-01	/* the last 32 bits are zero: k times it is exact */
#define BL_LN2_LOW	1.90821492927058770002e-10
#define BL_PI		3.14159265358979323846

/* e^x; 0 below -700, e^700 above 700: far beyond any load, and never an infinity */
static inline double
bl_exp(double x)
{
	double		k,
				r,
				sum = 1,
				term = 1;

	if (x < -700)
		return 0;
	if (x > 700)
		x = 700;
	k = floor(x / BL_LN2_HIGH + 0.5);
	r = (x - k * BL_LN2_HIGH) - k * BL_LN2_LOW;
	for (int i = 1; i <= 14; i++)
		sum += term *= r / i;
	return ldexp(sum, (int) k);
}

/* the natural logarithm of x > 0 */
static inline double
bl_log(double x)
{
	int			k;
	double		m = frexp(x, &k),
				s,
				square,
				sum = 0;

	if (m < 0.70710678118654752440)
	{
		m *= 2;
		k--;
	}
	s = (m - 1) / (m + 1);
	square = s * s;
	for (int i = 21; i >= 1; i -= 2)
		sum = sum * square + 1.0 / i;
	return k * BL_LN2_HIGH + (2 * s * sum + k * BL_LN2_LOW);
}

/* the cosine of part / whole turns; whole > 0 */
static inline double
bl_cosine(long part, long whole)
{
	double		angle,
				square,
				sum = 1,
				term = 1;
	int			sign = 1;

	part %= whole;
	if (part < 0)
		part += whole;
	if (2 * part > whole)
		part = whole - part;
	if (4 * part > whole)
	{
		/* cos(pi - a) = -cos a; a half turn may be no whole part, so doubled */
		angle = BL_PI * (double) (whole - 2 * part) / (double) whole;
		sign = -1;
	}
	else
		angle = 2 * BL_PI * (double) part / (double) whole;
	square = angle * angle;
	for (int i = 1; i <= 11; i++)
		sum += term *= -square / ((2 * i - 1) * (2 * i));
	return sign * sum;
}

static inline double
bl_sine(long part, long whole)
{
	return bl_cosine(4 * part - whole, 4 * whole);
}

#endif							/* BL_ELEMENTARY_H */
