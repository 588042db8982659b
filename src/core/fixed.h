/*
 * fixed.h - exact decimals: checked integers with a decimal scale, and the one
 * place where anything is rounded
 *
 * A BlDec is coefficient * 10^-scale.  Sums and products are exact or refused
 * (BL_OVERFLOW); a quotient always says how it rounds.
 *
 *	quantity		smallest step kept	largest
 *	energy			10^-9 kWh			10^18 kWh
 *	price			10^-10				10^9
 *	ratio, percent	10^-8				10^9
 *	amount			10^-10				10^18
 *	proration		a fraction, denominator below 2^31
 *
 * Amounts that no rule rounds keep BL_AMOUNT_SCALE decimals.
 */
#ifndef BL_FIXED_H
#define BL_FIXED_H

#include "status.h"

/*
 * Aligned to 8, as the server's int128 is: its memory is aligned no further,
 * and the compiler would use instructions that need 16.
 */
typedef __int128 BlInt128 __attribute__((aligned(8)));
typedef unsigned __int128 BlUint128 __attribute__((aligned(8)));

enum
{
	BL_ENERGY_SCALE = 9,		/* decimals of a kWh */
	BL_PRICE_SCALE = 10,
	BL_RATIO_SCALE = 8,
	BL_AMOUNT_SCALE = 10,
	BL_SCALE_MAX = 28,			/* of any BlDec */
	BL_DEC_TEXT = 64			/* room for the text of any BlDec */
};

typedef struct BlDec
{
	BlInt128	coefficient;
	int			scale;			/* 0 .. BL_SCALE_MAX */
} BlDec;

typedef enum BlRoundingMode
{
	BL_HALF_UP,					/* half away from zero, the default */
	BL_HALF_EVEN,
	BL_HALF_DOWN,				/* half towards zero */
	BL_DOWN,					/* towards zero */
	BL_UP,						/* away from zero */
	BL_FLOOR,					/* towards minus infinity */
	BL_CEILING					/* towards plus infinity */
} BlRoundingMode;

/* To a multiple of step (step.coefficient > 0), such as 0.01 or 0.05. */
typedef struct BlRounding
{
	bool		set;			/* false: no rounding asked */
	BlRoundingMode mode;
	BlDec		step;
} BlRounding;

static const BlDec BL_ZERO = {0, 0};

static inline BlDec
bl_dec(int64_t coefficient, int scale)
{
	return (BlDec) {coefficient, scale};
}

extern BlInt128 bl_pow10(int n);	/* 0 <= n <= 38 */

/*
 * Exact; BL_OVERFLOW beyond 128 bits or BL_SCALE_MAX after trimming zeros.
 * The scale of a sum is the larger one of its terms.
 */
extern BlStatus bl_dec_add_any(BlDec a, BlDec b, BlDec *sum);
extern BlStatus bl_dec_sub(BlDec a, BlDec b, BlDec *difference);
extern BlStatus bl_dec_mul(BlDec a, BlDec b, BlDec *product);

static inline BlStatus
bl_dec_add(BlDec a, BlDec b, BlDec *sum)
{
	/* sums of amounts are mostly of one scale */
	if (a.scale == b.scale &&
		!__builtin_add_overflow(a.coefficient, b.coefficient, &sum->coefficient))
	{
		sum->scale = a.scale;
		return BL_OK;
	}
	/* and begin at zero */
	if (a.coefficient == 0 && a.scale <= b.scale)
	{
		*sum = b;
		return BL_OK;
	}
	return bl_dec_add_any(a, b, sum);
}

extern int	bl_dec_cmp(BlDec a, BlDec b);
extern BlDec bl_dec_trim_any(BlDec a);

/* no trailing zero decimals */
static inline BlDec
bl_dec_trim(BlDec a)
{
	/* the bit test spares most numbers the division */
	return (a.coefficient & 1) != 0 || (a.scale == 0 && a.coefficient != 0) ? a : bl_dec_trim_any(a);
}


/* a / b to `scale` decimals; BL_BAD_VALUE where b is zero */
extern BlStatus bl_dec_div(BlDec a, BlDec b, int scale, BlRoundingMode mode, BlDec *quotient);

/*
 * To a multiple of the step, at the step's scale.  A rounding that is not set
 * (or NULL) changes nothing.
 */
extern BlStatus bl_dec_round(BlDec a, const BlRounding *rounding, BlDec *result);
/* a step of 10^-places; places from -18 (to whole 10^18) to BL_SCALE_MAX */
extern BlRounding bl_round_places(int places, BlRoundingMode mode);

/* integer division a / b rounded by mode; b > 0 */
extern BlInt128 bl_div_round(BlInt128 a, BlInt128 b, BlRoundingMode mode);

/* floor of the square root */
extern BlUint128 bl_isqrt(BlUint128 a);

/*
 * Text: an optional sign, digits, an optional point and digits; no exponent,
 * no blanks, no NaN.  At most max_scale decimals other than trailing zeros.
 * BL_BAD_TEXT for another form, BL_BAD_VALUE for more decimals, BL_OVERFLOW
 * for more digits than 128 bits hold.
 */
extern BlStatus bl_dec_parse(const char *text, size_t length, int max_scale, BlDec *value);
/* shortest exact text, no trailing zero decimals; returns its length */
extern int	bl_dec_text(BlDec a, char out[BL_DEC_TEXT]);
/* the same with all decimals of its scale: 198.80 */
extern int	bl_dec_text_scaled(BlDec a, char out[BL_DEC_TEXT]);

/*
 * Splits total into parts proportional to weights (none negative, sum above
 * zero) in whole steps by largest remainder; ties go to the earlier part.  The parts
 * add up to total, whose own remainder below a step goes to the part of
 * largest weight.  n <= 1024.
 */
extern BlStatus bl_split(BlDec total, BlDec step, const BlInt128 *weights, int n, BlDec *parts);

/*
 * value / 10^n for 0 <= n <= 18: a switch on constants lets the compiler
 * multiply and shift instead of dividing.
 */
static inline uint64_t
bl_u64_over_pow10(uint64_t value, int n)
{
	switch (n)
	{
		case 1:
			return value / UINT64_C(10);
		case 2:
			return value / UINT64_C(100);
		case 3:
			return value / UINT64_C(1000);
		case 4:
			return value / UINT64_C(10000);
		case 5:
			return value / UINT64_C(100000);
		case 6:
			return value / UINT64_C(1000000);
		case 7:
			return value / UINT64_C(10000000);
		case 8:
			return value / UINT64_C(100000000);
		case 9:
			return value / UINT64_C(1000000000);
		case 10:
			return value / UINT64_C(10000000000);
		case 11:
			return value / UINT64_C(100000000000);
		case 12:
			return value / UINT64_C(1000000000000);
		case 13:
			return value / UINT64_C(10000000000000);
		case 14:
			return value / UINT64_C(100000000000000);
		case 15:
			return value / UINT64_C(1000000000000000);
		case 16:
			return value / UINT64_C(10000000000000000);
		case 17:
			return value / UINT64_C(100000000000000000);
		case 18:
			return value / UINT64_C(1000000000000000000);
		default:
			return value;
	}
}

extern const uint64_t bl_half_pow10[19];	/* 10^n / 2, 0 for n = 0 */
extern BlStatus bl_dec_mul_ratio_any(BlDec a, BlDec b, int64_t num, int64_t den,
									 const BlRounding *rounding, BlDec *result);

/* a * b, half-up to so many decimals, where 64 bits hold the product; else false */
static inline bool
bl_dec_mul_narrow(BlDec a, BlDec b, int places, BlDec *result)
{
	int			drop = a.scale + b.scale - places;
	int64_t		product;
	uint64_t	size;
	int64_t		rounded;

	if (drop < 0 && drop >= -18)
	{
		/* nothing to round */
		*result = bl_dec(0, places);
		return (int64_t) a.coefficient == a.coefficient && (int64_t) b.coefficient == b.coefficient &&
			!__builtin_mul_overflow((int64_t) a.coefficient, (int64_t) b.coefficient, &product) &&
			!__builtin_mul_overflow((BlInt128) product, bl_pow10(-drop), &result->coefficient) &&
			(int64_t) result->coefficient == result->coefficient;
	}
	if ((int64_t) a.coefficient != a.coefficient || (int64_t) b.coefficient != b.coefficient ||
		__builtin_mul_overflow((int64_t) a.coefficient, (int64_t) b.coefficient, &product) ||
		drop < 0 || drop > 18)
		return false;
	size = product < 0 ? 0 - (uint64_t) product : (uint64_t) product;
	rounded = (int64_t) bl_u64_over_pow10(size + bl_half_pow10[drop], drop);
	/* only drop = 0 can leave 2^63, and then product is the answer */
	*result = bl_dec(drop == 0 ? product : product < 0 ? -rounded : rounded, places);
	return true;
}

/*
 * a * b * num / den, rounded once: the amount of a line.  den > 0, num may be
 * negative.  The product is held whole however long it grows, so only a result
 * beyond 128 bits overflows.  Without a rounding the result is half-up at
 * BL_AMOUNT_SCALE.  The inline part is the everyday case: plain quantity times
 * plain price, half-up to decimals.
 */
static inline BlStatus
bl_dec_mul_ratio(BlDec a, BlDec b, int64_t num, int64_t den,
				 const BlRounding *rounding, BlDec *result)
{
	if (num == 1 && den == 1 && rounding != NULL && rounding->set &&
		rounding->mode == BL_HALF_UP && rounding->step.coefficient == 1 &&
		bl_dec_mul_narrow(a, b, rounding->step.scale, result))
		return BL_OK;
	return bl_dec_mul_ratio_any(a, b, num, den, rounding, result);
}

#endif							/* BL_FIXED_H */
