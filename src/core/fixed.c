/*
 * fixed.c - exact decimals and the one place where anything is rounded
 *
 * Everything that divides comes down to quotient(): a product over a product,
 * rounded once.  It works in 128 bits while these hold both, and otherwise in
 * WIDE_LIMBS * 64 bits, which hold every case the bounds allow; that path is
 * slow (bit by bit), and no ordinary bill takes it.
 */
#include "fixed.h"

#define INT128_MAX ((BlInt128) (~(BlUint128) 0 >> 1))

/* 127 (a) + 127 (b) + 63 (num) + 94 (10^28) bits fit; so does any divisor */
enum
{
	WIDE_LIMBS = 7
};

typedef struct Wide
{
	uint64_t	limb[WIDE_LIMBS];	/* least first */
} Wide;

const uint64_t bl_half_pow10[19] = {
	0,
	UINT64_C(5),
	UINT64_C(50),
	UINT64_C(500),
	UINT64_C(5000),
	UINT64_C(50000),
	UINT64_C(500000),
	UINT64_C(5000000),
	UINT64_C(50000000),
	UINT64_C(500000000),
	UINT64_C(5000000000),
	UINT64_C(50000000000),
	UINT64_C(500000000000),
	UINT64_C(5000000000000),
	UINT64_C(50000000000000),
	UINT64_C(500000000000000),
	UINT64_C(5000000000000000),
	UINT64_C(50000000000000000),
	UINT64_C(500000000000000000),
};

BlInt128
bl_pow10(int n)
{
	static const uint64_t power[20] = {
		UINT64_C(1),
		UINT64_C(10),
		UINT64_C(100),
		UINT64_C(1000),
		UINT64_C(10000),
		UINT64_C(100000),
		UINT64_C(1000000),
		UINT64_C(10000000),
		UINT64_C(100000000),
		UINT64_C(1000000000),
		UINT64_C(10000000000),
		UINT64_C(100000000000),
		UINT64_C(1000000000000),
		UINT64_C(10000000000000),
		UINT64_C(100000000000000),
		UINT64_C(1000000000000000),
		UINT64_C(10000000000000000),
		UINT64_C(100000000000000000),
		UINT64_C(1000000000000000000),
		UINT64_C(10000000000000000000),
	};

	if (n <= 19)
		return power[n];
	return (BlInt128) power[19] * power[n - 19];
}

static BlUint128
magnitude(BlInt128 a)
{
	return a < 0 ? 0 - (BlUint128) a : (BlUint128) a;
}

/* false where the magnitude is beyond the sign's range */
static bool
with_sign(BlUint128 size, bool negative, BlInt128 *value)
{
	if (size > (BlUint128) INT128_MAX + negative)
		return false;
	*value = (BlInt128) (negative ? 0 - size : size);
	return true;
}

static bool
scale_up(BlInt128 a, int n, BlInt128 *scaled)
{
	if (n == 0 || a == 0)
	{
		*scaled = a;
		return true;
	}
	return n <= 38 && !__builtin_mul_overflow(a, bl_pow10(n), scaled);
}

/* Does an inexact quotient go one away from zero?  against_half: remainder <=> half. */
static bool
rounds_away(BlRoundingMode mode, bool negative, bool odd, int against_half)
{
	switch (mode)
	{
		case BL_HALF_UP:
			return against_half >= 0;
		case BL_HALF_EVEN:
			return against_half > 0 || (against_half == 0 && odd);
		case BL_HALF_DOWN:
			return against_half > 0;
		case BL_DOWN:
			return false;
		case BL_UP:
			return true;
		case BL_FLOOR:
			return negative;
		case BL_CEILING:
			return !negative;
	}
	return false;
}

static BlUint128
div_round_size(BlUint128 a, BlUint128 b, BlRoundingMode mode, bool negative)
{
	BlUint128	whole;
	BlUint128	rest;

	if (((a | b) >> 64) == 0)
	{
		whole = (uint64_t) a / (uint64_t) b;
		rest = (uint64_t) a % (uint64_t) b;
	}
	else
	{
		whole = a / b;
		rest = a - whole * b;
	}
	if (rest != 0 &&
		rounds_away(mode, negative, whole & 1, rest < b - rest ? -1 : rest > b - rest))
		whole++;
	return whole;
}

BlInt128
bl_div_round(BlInt128 a, BlInt128 b, BlRoundingMode mode)
{
	BlUint128	size = div_round_size(magnitude(a), (BlUint128) b, mode, a < 0);

	return (BlInt128) (a < 0 ? 0 - size : size);
}

static Wide
wide_product(const BlUint128 *factors, int n)
{
	Wide		product = {{1}};

	/* two 64-bit halves a factor; the bounds above rule out a carry at the top */
	for (int i = 0; i < n; i++)
	{
		Wide		sum = {{0}};

		for (int half = 0; half < 2; half++)
		{
			uint64_t	by = (uint64_t) (factors[i] >> (64 * half));
			uint64_t	carry = 0;

			for (int j = 0; j + half < WIDE_LIMBS; j++)
			{
				BlUint128	part = (BlUint128) product.limb[j] * by + sum.limb[j + half] + carry;

				sum.limb[j + half] = (uint64_t) part;
				carry = (uint64_t) (part >> 64);
			}
		}
		product = sum;
	}
	return product;
}

static int
wide_cmp(const Wide *a, const Wide *b)
{
	for (int i = WIDE_LIMBS - 1; i >= 0; i--)
	{
		if (a->limb[i] != b->limb[i])
			return a->limb[i] < b->limb[i] ? -1 : 1;
	}
	return 0;
}

static void
wide_sub(Wide *a, const Wide *b)
{
	uint64_t	borrow = 0;

	for (int i = 0; i < WIDE_LIMBS; i++)
	{
		BlUint128	rest = (BlUint128) a->limb[i] - b->limb[i] - borrow;

		a->limb[i] = (uint64_t) rest;
		borrow = (uint64_t) (rest >> 64) & 1;
	}
}

/* a * 2 + bit; the bit that leaves is lost */
static void
wide_double(Wide *a, unsigned bit)
{
	for (int i = WIDE_LIMBS - 1; i > 0; i--)
		a->limb[i] = a->limb[i] << 1 | a->limb[i - 1] >> 63;
	a->limb[0] = a->limb[0] << 1 | bit;
}

/* the schoolbook's long division, in binary */
static bool
wide_div_round(const Wide *a, const Wide *b, BlRoundingMode mode, bool negative, BlUint128 *quotient)
{
	Wide		whole = {{0}};
	Wide		rest = {{0}};

	for (int i = WIDE_LIMBS * 64 - 1; i >= 0; i--)
	{
		bool		fits;

		wide_double(&rest, a->limb[i / 64] >> (i % 64) & 1);
		fits = wide_cmp(&rest, b) >= 0;
		if (fits)
			wide_sub(&rest, b);
		wide_double(&whole, fits);
	}
	for (int i = 2; i < WIDE_LIMBS; i++)
	{
		if (whole.limb[i] != 0)
			return false;
	}
	*quotient = (BlUint128) whole.limb[1] << 64 | whole.limb[0];
	if (wide_cmp(&rest, &(Wide) {{0}}) == 0)
		return true;
	wide_double(&rest, 0);
	if (rounds_away(mode, negative, whole.limb[0] & 1, wide_cmp(&rest, b)))
		return ++*quotient != 0;
	return true;
}

static bool
product_fits(const BlUint128 *factors, int n, BlUint128 *product)
{
	*product = 1;
	for (int i = 0; i < n; i++)
	{
		if (__builtin_mul_overflow(*product, factors[i], product))
			return false;
	}
	return true;
}

/* product of over / product of under, rounded once; under has no zero */
static BlStatus
quotient(bool negative, const BlUint128 *over, int overs, const BlUint128 *under, int unders,
		 BlRoundingMode mode, BlInt128 *result)
{
	BlUint128	a,
				b,
				size;

	for (int i = 0; i < overs; i++)
	{
		/* keeps a zero from hiding among factors whose product overflows */
		if (over[i] == 0)
		{
			*result = 0;
			return BL_OK;
		}
	}
	if (product_fits(over, overs, &a) && product_fits(under, unders, &b))
		size = div_round_size(a, b, mode, negative);
	else
	{
		Wide		wide_over = wide_product(over, overs);
		Wide		wide_under = wide_product(under, unders);

		if (!wide_div_round(&wide_over, &wide_under, mode, negative, &size))
			return BL_OVERFLOW;
	}
	return with_sign(size, negative, result) ? BL_OK : BL_OVERFLOW;
}

BlDec
bl_dec_trim_any(BlDec a)
{
	if (a.coefficient == 0)
		return BL_ZERO;
	while (a.scale > 0 && (int64_t) a.coefficient != a.coefficient && a.coefficient % 10 == 0)
	{
		a.coefficient /= 10;
		a.scale--;
	}
	while (a.scale > 0 && (int64_t) a.coefficient == a.coefficient && (int64_t) a.coefficient % 10 == 0)
	{
		a.coefficient = (int64_t) a.coefficient / 10;
		a.scale--;
	}
	return a;
}

static bool
add_aligned(BlDec a, BlDec b, BlDec *sum)
{
	int			scale = a.scale > b.scale ? a.scale : b.scale;

	if (!scale_up(a.coefficient, scale - a.scale, &a.coefficient) ||
		!scale_up(b.coefficient, scale - b.scale, &b.coefficient) ||
		__builtin_add_overflow(a.coefficient, b.coefficient, &sum->coefficient))
		return false;
	sum->scale = scale;
	return true;
}

BlStatus
bl_dec_add_any(BlDec a, BlDec b, BlDec *sum)
{
	if (add_aligned(a, b, sum) || add_aligned(bl_dec_trim(a), bl_dec_trim(b), sum))
		return BL_OK;
	return BL_OVERFLOW;
}

BlStatus
bl_dec_sub(BlDec a, BlDec b, BlDec *difference)
{
	if (__builtin_sub_overflow((BlInt128) 0, b.coefficient, &b.coefficient))
		return BL_OVERFLOW;
	return bl_dec_add(a, b, difference);
}

BlStatus
bl_dec_mul(BlDec a, BlDec b, BlDec *product)
{
	BlDec		whole;

	if (__builtin_mul_overflow(a.coefficient, b.coefficient, &whole.coefficient))
	{
		a = bl_dec_trim(a);
		b = bl_dec_trim(b);
		if (__builtin_mul_overflow(a.coefficient, b.coefficient, &whole.coefficient))
			return BL_OVERFLOW;
	}
	whole.scale = a.scale + b.scale;
	if (whole.scale > BL_SCALE_MAX)
		whole = bl_dec_trim(whole);
	if (whole.scale > BL_SCALE_MAX)
		return BL_OVERFLOW;
	*product = whole;
	return BL_OK;
}

int
bl_dec_cmp(BlDec a, BlDec b)
{
	if (a.scale != b.scale)
	{
		/* whole parts first: aligning the numbers themselves could overflow */
		BlInt128	unit_a = bl_pow10(a.scale);
		BlInt128	unit_b = bl_pow10(b.scale);
		BlInt128	whole_a = a.coefficient / unit_a;
		BlInt128	whole_b = b.coefficient / unit_b;
		int			scale = a.scale > b.scale ? a.scale : b.scale;

		if (whole_a != whole_b)
			return whole_a < whole_b ? -1 : 1;
		a.coefficient = a.coefficient % unit_a * bl_pow10(scale - a.scale);
		b.coefficient = b.coefficient % unit_b * bl_pow10(scale - b.scale);
	}
	return a.coefficient < b.coefficient ? -1 : a.coefficient > b.coefficient;
}

/* a factor of 10^shift, shift in -2 * BL_SCALE_MAX .. BL_SCALE_MAX, on its side */
static void
shift_factors(int shift, BlUint128 *over, BlUint128 under[2])
{
	*over = under[0] = under[1] = 1;
	if (shift >= 0)
		*over = (BlUint128) bl_pow10(shift);
	else if (shift >= -BL_SCALE_MAX)
		under[0] = (BlUint128) bl_pow10(-shift);
	else
	{
		under[0] = (BlUint128) bl_pow10(BL_SCALE_MAX);
		under[1] = (BlUint128) bl_pow10(-shift - BL_SCALE_MAX);
	}
}

BlStatus
bl_dec_div(BlDec a, BlDec b, int scale, BlRoundingMode mode, BlDec *result)
{
	BlUint128	over[3];
	BlUint128	under[2];
	bool		negative = (a.coefficient < 0) != (b.coefficient < 0);

	if (b.coefficient == 0 || scale < 0 || scale > BL_SCALE_MAX)
		return BL_BAD_VALUE;
	over[0] = magnitude(a.coefficient);
	under[0] = magnitude(b.coefficient);
	/* a negative shift goes to the divisor, so the sides change places */
	shift_factors(a.scale - b.scale - scale, &under[1], &over[1]);
	result->scale = scale;
	return quotient(negative, over, 3, under, 2, mode, &result->coefficient);
}

static const BlRounding amount_rounding = {true, BL_HALF_UP, {1, BL_AMOUNT_SCALE}};

BlStatus
bl_dec_mul_ratio_any(BlDec a, BlDec b, int64_t num, int64_t den,
					 const BlRounding *rounding, BlDec *result)
{
	BlUint128	over[4];
	BlUint128	under[4];
	BlInt128	steps;
	BlStatus	status;
	bool		negative = (a.coefficient < 0) ^ (b.coefficient < 0) ^ (num < 0);

	if (rounding == NULL || !rounding->set)
		rounding = &amount_rounding;
	if (den <= 0 || rounding->step.coefficient <= 0)
		return BL_BAD_VALUE;

	over[0] = magnitude(a.coefficient);
	over[1] = magnitude(b.coefficient);
	over[2] = magnitude(num);
	under[0] = (BlUint128) den;
	under[1] = (BlUint128) rounding->step.coefficient;
	shift_factors(rounding->step.scale - a.scale - b.scale, &over[3], &under[2]);

	status = quotient(negative, over, 4, under, 4, rounding->mode, &steps);
	if (status != BL_OK)
		return status;
	if (__builtin_mul_overflow(steps, rounding->step.coefficient, &result->coefficient))
		return BL_OVERFLOW;
	result->scale = rounding->step.scale;
	return BL_OK;
}

BlStatus
bl_dec_round(BlDec a, const BlRounding *rounding, BlDec *result)
{
	if (rounding == NULL || !rounding->set)
	{
		*result = a;
		return BL_OK;
	}
	return bl_dec_mul_ratio(a, bl_dec(1, 0), 1, 1, rounding, result);
}

BlRounding
bl_round_places(int places, BlRoundingMode mode)
{
	BlRounding	rounding = {true, mode, {1, 0}};

	if (places >= 0)
		rounding.step.scale = places < BL_SCALE_MAX ? places : BL_SCALE_MAX;
	else
		rounding.step.coefficient = bl_pow10(places > -18 ? -places : 18);
	return rounding;
}

BlUint128
bl_isqrt(BlUint128 a)
{
	BlUint128	root = 0;

	/* binary digits of the root from the highest; bit is a power of four */
	for (BlUint128 bit = (BlUint128) 1 << 126; bit != 0; bit >>= 2)
	{
		if (a >= root + bit)
		{
			a -= root + bit;
			root = (root >> 1) + bit;
		}
		else
			root >>= 1;
	}
	return root;
}

static bool
append_digit(BlUint128 *size, unsigned digit)
{
	return !__builtin_mul_overflow(*size, (BlUint128) 10, size) &&
		!__builtin_add_overflow(*size, (BlUint128) digit, size);
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

BlStatus
bl_dec_parse(const char *text, size_t length, int max_scale, BlDec *value)
{
	const char *end = text + length;
	bool		negative = false;
	BlUint128	size = 0;
	size_t		decimals = 0;	/* seen */
	size_t		kept = 0;		/* up to the last one that is not zero */
	bool		fits = true;

	if (max_scale > BL_SCALE_MAX)
		max_scale = BL_SCALE_MAX;
	if (text < end && (*text == '-' || *text == '+'))
		negative = *text++ == '-';

	if (text == end || !is_digit(*text))
		return BL_BAD_TEXT;
	for (; text < end && is_digit(*text); text++)
		fits = fits && append_digit(&size, (unsigned) (*text - '0'));
	if (text < end && *text == '.')
	{
		if (++text == end || !is_digit(*text))
			return BL_BAD_TEXT;
		for (; text < end && is_digit(*text); text++)
		{
			decimals++;
			if (*text == '0' || decimals > (size_t) max_scale)
			{
				if (*text != '0')
					kept = decimals;
				continue;
			}
			/* zeros before this digit count after all */
			for (; kept + 1 < decimals; kept++)
				fits = fits && append_digit(&size, 0);
			fits = fits && append_digit(&size, (unsigned) (*text - '0'));
			kept = decimals;
		}
	}
	if (text != end)
		return BL_BAD_TEXT;
	if (kept > (size_t) (max_scale > 0 ? max_scale : 0))
		return BL_BAD_VALUE;
	value->scale = (int) kept;
	return fits && with_sign(size, negative, &value->coefficient) ? BL_OK : BL_OVERFLOW;
}

int
bl_dec_text(BlDec a, char out[BL_DEC_TEXT])
{
	return bl_dec_text_scaled(bl_dec_trim(a), out);
}

int
bl_dec_text_scaled(BlDec a, char out[BL_DEC_TEXT])
{
	char		digits[BL_DEC_TEXT];
	int			count = 0;
	int			at = 0;
	BlUint128	size = magnitude(a.coefficient);

	while (size != 0 || count <= a.scale)
	{
		digits[count++] = (char) ('0' + (int) (size % 10));
		size /= 10;
	}
	if (a.coefficient < 0)
		out[at++] = '-';
	while (count > 0)
	{
		out[at++] = digits[--count];
		if (count == a.scale && count > 0)
			out[at++] = '.';
	}
	out[at] = '\0';
	return at;
}

enum
{
	SPLIT_MAX = 1024
};

/* hands out what the whole shares left over: one step each, largest remainder first */
static void
split_leftover(BlUint128 leftover, BlUint128 *remainders, int n, BlDec *parts)
{
	for (; leftover > 0; leftover--)
	{
		int			first = 0;

		for (int i = 1; i < n; i++)
		{
			if (remainders[i] > remainders[first])
				first = i;
		}
		parts[first].coefficient++;
		remainders[first] = 0;
	}
}

BlStatus
bl_split(BlDec total, BlDec step, const BlInt128 *weights, int n, BlDec *parts)
{
	BlUint128	remainders[SPLIT_MAX];
	BlInt128	weight_sum = 0;
	int			heaviest = 0;
	int			scale = total.scale > step.scale ? total.scale : step.scale;
	bool		negative = total.coefficient < 0;
	BlUint128	steps,
				leftover;
	BlInt128	below;

	if (n < 1 || n > SPLIT_MAX || step.coefficient <= 0)
		return BL_BAD_VALUE;
	for (int i = 0; i < n; i++)
	{
		if (weights[i] < 0)
			return BL_BAD_VALUE;
		if (__builtin_add_overflow(weight_sum, weights[i], &weight_sum))
			return BL_OVERFLOW;
		if (weights[i] > weights[heaviest])
			heaviest = i;
	}
	if (weight_sum == 0)
		return BL_BAD_VALUE;
	if (!scale_up(total.coefficient, scale - total.scale, &total.coefficient) ||
		!scale_up(step.coefficient, scale - step.scale, &step.coefficient))
		return BL_OVERFLOW;

	steps = magnitude(total.coefficient / step.coefficient);
	below = total.coefficient % step.coefficient;
	leftover = steps;
	for (int i = 0; i < n; i++)
	{
		BlUint128	over[2] = {steps, (BlUint128) weights[i]};
		BlUint128	under = (BlUint128) weight_sum;
		BlStatus	status = quotient(false, over, 2, &under, 1, BL_DOWN, &parts[i].coefficient);

		if (status != BL_OK)
			return status;
		/* below weight_sum, so what wraps in between does not matter */
		remainders[i] = steps * over[1] - (BlUint128) parts[i].coefficient * under;
		leftover -= (BlUint128) parts[i].coefficient;
	}
	split_leftover(leftover, remainders, n, parts);

	for (int i = 0; i < n; i++)
	{
		/* never more than total, so it fits */
		parts[i].coefficient *= negative ? -step.coefficient : step.coefficient;
		parts[i].scale = scale;
	}
	parts[heaviest].coefficient += below;
	return BL_OK;
}
