/*
 * digits.h - plain decimals of a line of values, eight bytes at a time
 *
 * Nearly every value of a file is some digits, perhaps with a point among them, and
 * then the delimiter.  Its bytes are classified, the point taken out and the digits
 * added up in whole words, without a branch that the next value could mispredict:
 * about 5 ns a value.  Whatever else a value may be is left to the general readers.
 */
#ifndef BL_DIGITS_H
#define BL_DIGITS_H

#include "bytes.h"
#include "intake.h"

/* eight digits, each a byte 0 to 9, the first in the lowest byte */
static inline uint64_t
bl_digits_value(uint64_t digits)
{
	digits = digits * 2561 >> 8;
	digits = (digits & UINT64_C(0x00ff00ff00ff00ff)) * 6553601 >> 16;
	return (digits & UINT64_C(0x0000ffff0000ffff)) * UINT64_C(42949672960001) >> 32;
}

/* the high bit of every byte that is no digit, for bytes from which '0' was taken; exact up to the first that is no ASCII */
static inline uint64_t
bl_digits_stops(uint64_t bytes)
{
	return ((bytes + UINT64_C(0x7676767676767676)) | bytes) & UINT64_C(0x8080808080808080);
}

/* digit by digit, up to end; NULL where it is anything but a plain decimal */
static inline const char *
bl_plain_long(const char *p, const char *end, char point, char delimiter, int64_t *mantissa, uint8_t *decimals)
{
	const char *begin = p;
	const char *fraction = NULL;
	int64_t		v = 0;

	for (; p < end && *p != delimiter; p++)
	{
		if (*p == point && fraction == NULL)
			fraction = p + 1;
		else if (*p < '0' || *p > '9' || p - begin >= BL_NUMBER_DIGITS + (fraction != NULL))
			return NULL;
		else
			v = v * 10 + (*p - '0');
	}
	if (p - begin <= (fraction != NULL))
		return NULL;
	*mantissa = v;
	*decimals = (uint8_t) (fraction != NULL ? p - fraction : 0);
	return p;
}

/*
 * The plain decimal at p: digits with or without a point, up to the delimiter or end,
 * which is the result.  NULL where it is anything else; neither byte is a digit.
 */
static inline const char *
bl_plain_decimal(const char *p, const char *end, char point, char delimiter, int64_t *mantissa, uint8_t *decimals)
{
	uint64_t	digits;
	uint64_t	stops;
	int			n;

	if (end - p < 8)
		return bl_plain_long(p, end, point, delimiter, mantissa, decimals);
	digits = bl_le64((const uint8_t *) p) ^ UINT64_C(0x3030303030303030);
	stops = bl_digits_stops(digits);
	if (stops == 0)
		return bl_plain_long(p, end, point, delimiter, mantissa, decimals);
	n = __builtin_ctzll(stops) / 8;
	*decimals = 0;
	if (p[n] == point)
	{
		uint64_t	whole = (UINT64_C(1) << 8 * n) - 1;
		int			before = n;

		stops &= stops - 1;
		if (stops == 0)
			return bl_plain_long(p, end, point, delimiter, mantissa, decimals);
		n = __builtin_ctzll(stops) / 8;
		p++;
		n--;
		digits = (digits & whole) | (digits >> 8 & ~whole);
		*decimals = (uint8_t) (n - before);
	}
	if (p[n] != delimiter || n == 0)
		return NULL;
	*mantissa = (int64_t) bl_digits_value(digits << 8 * (8 - n));
	return p + n;
}

#endif							/* BL_DIGITS_H */
