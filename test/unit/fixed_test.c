/*
 * fixed_test.c - decimals against hand-made tables and against a slow way of
 * doing the same
 */
#include "check.h"
#include "core/fixed.h"

#define MAX128 ((BlInt128) (~(BlUint128) 0 >> 1))
#define MIN128 (-MAX128 - 1)

static const BlRoundingMode every_mode[] = {
	BL_HALF_UP, BL_HALF_EVEN, BL_HALF_DOWN, BL_DOWN, BL_UP, BL_FLOOR, BL_CEILING
};

enum
{
	MODES = sizeof every_mode / sizeof every_mode[0]
};

static BlDec
dec(const char *text)
{
	BlDec		value = BL_ZERO;

	if (bl_dec_parse(text, strlen(text), BL_SCALE_MAX, &value) != BL_OK)
	{
		printf("# bad decimal in the test: %s\n", text);
		abort();
	}
	return value;
}

static const char *
text_of(BlDec a)
{
	static char text[4][BL_DEC_TEXT];
	static int	next;
	char	   *out = text[next++ % 4];
	int			length = bl_dec_text(a, out);

	CHECK_EQ(length, strlen(out));
	return out;
}

static BlInt128
random_int128(uint64_t *seed)
{
	int			bits = (int) (check_random(seed) % 128);
	BlUint128	a = (BlUint128) check_random(seed) << 64 | check_random(seed);

	a = bits == 0 ? 0 : a >> (128 - bits);
	return check_random(seed) & 1 ? (BlInt128) a : -(BlInt128) a;
}

static void
powers_of_ten(void)
{
	BlInt128	power = 1;

	for (int n = 0; n <= 38; n++, power *= n <= 38 ? 10 : 1)
	{
		CHECK_EQ(bl_pow10(n), power);
		if (n <= 18)
		{
			CHECK_EQ(bl_half_pow10[n], power / 2);
			CHECK_EQ(bl_u64_over_pow10(UINT64_MAX, n), (BlInt128) UINT64_MAX / power);
			CHECK_EQ(bl_u64_over_pow10((uint64_t) power, n), 1);
			CHECK_EQ(bl_u64_over_pow10((uint64_t) power - 1, n), n == 0 ? 0 : 0);
		}
	}
}

/* The row of each value, in the order of BlRoundingMode. */
static void
every_rounding_mode(void)
{
	static const struct
	{
		int			a,
					b;
		int			want[MODES];
	}			table[] = {
		{10, 10, {1, 1, 1, 1, 1, 1, 1}},
		{14, 10, {1, 1, 1, 1, 2, 1, 2}},
		{15, 10, {2, 2, 1, 1, 2, 1, 2}},
		{16, 10, {2, 2, 2, 1, 2, 1, 2}},
		{25, 10, {3, 2, 2, 2, 3, 2, 3}},
		{5, 10, {1, 0, 0, 0, 1, 0, 1}},
		{1, 10, {0, 0, 0, 0, 1, 0, 1}},
		{0, 10, {0, 0, 0, 0, 0, 0, 0}},
		{-1, 10, {0, 0, 0, 0, -1, -1, 0}},
		{-5, 10, {-1, 0, 0, 0, -1, -1, 0}},
		{-15, 10, {-2, -2, -1, -1, -2, -2, -1}},
		{-25, 10, {-3, -2, -2, -2, -3, -3, -2}},
		{-26, 10, {-3, -3, -3, -2, -3, -3, -2}},
		{-20, 10, {-2, -2, -2, -2, -2, -2, -2}},
		{1, 3, {0, 0, 0, 0, 1, 0, 1}},
		{2, 3, {1, 1, 1, 0, 1, 0, 1}},
		{7, 1, {7, 7, 7, 7, 7, 7, 7}},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
	{
		for (int m = 0; m < MODES; m++)
		{
			BlInt128	far = (BlInt128) 1 << 80;

			if (!CHECK_EQ(bl_div_round(table[i].a, table[i].b, every_mode[m]), table[i].want[m]))
				printf("# %d / %d, mode %d\n", table[i].a, table[i].b, m);
			/* the same beyond 64 bits */
			CHECK_EQ(bl_div_round(table[i].a * far, table[i].b * far, every_mode[m]),
					 table[i].want[m]);
		}
	}
	CHECK_EQ(bl_div_round(MIN128, 1, BL_HALF_UP), MIN128);
	CHECK_EQ(bl_div_round(MAX128, 1, BL_HALF_UP), MAX128);
	CHECK_EQ(bl_div_round(MAX128, MAX128, BL_UP), 1);
	CHECK_EQ(bl_div_round(MIN128, MAX128, BL_UP), -2);
	CHECK_EQ(bl_div_round(MAX128 - 1, MAX128, BL_HALF_UP), 1);
}

/* a = q * b + r tells what each mode must answer */
static void
rounding_obeys_its_law(void)
{
	uint64_t	seed = 1;

	for (long i = 0; i < check_rounds(100000); i++)
	{
		BlInt128	a = random_int128(&seed);
		BlInt128	b = random_int128(&seed);
		BlInt128	q,
					r;

		b = b < 0 ? -b : b;
		if (b == 0)
			b = 1;
		if (b > MAX128 / 2)
			b /= 4;
		q = a / b;
		r = a % b;
		CHECK(bl_div_round(a, b, BL_DOWN) == q);
		CHECK(bl_div_round(a, b, BL_UP) == q + (r > 0) - (r < 0));
		CHECK(bl_div_round(a, b, BL_FLOOR) == q - (r < 0));
		CHECK(bl_div_round(a, b, BL_CEILING) == q + (r > 0));
		r = r < 0 ? -r : r;
		CHECK(bl_div_round(a, b, BL_HALF_UP) == q + (2 * r >= b ? (a < 0 ? -1 : 1) : 0));
		CHECK(bl_div_round(a, b, BL_HALF_DOWN) == q + (2 * r > b ? (a < 0 ? -1 : 1) : 0));
		CHECK(bl_div_round(a, b, BL_HALF_EVEN) ==
			  q + (2 * r > b || (2 * r == b && q % 2 != 0) ? (a < 0 ? -1 : 1) : 0));
	}
}

static void
sums(void)
{
	BlDec		sum;

	CHECK_EQ(bl_dec_add(dec("1.5"), dec("0.25"), &sum), BL_OK);
	CHECK_TEXT(text_of(sum), "1.75");
	CHECK_EQ(sum.scale, 2);
	CHECK_EQ(bl_dec_sub(dec("1"), dec("1.0000000001"), &sum), BL_OK);
	CHECK_TEXT(text_of(sum), "-0.0000000001");
	CHECK_EQ(bl_dec_add((BlDec) {MAX128, 0}, bl_dec(1, 0), &sum), BL_OVERFLOW);
	CHECK_EQ(bl_dec_sub((BlDec) {MIN128, 0}, bl_dec(1, 0), &sum), BL_OVERFLOW);
	CHECK_EQ(bl_dec_sub(bl_dec(0, 0), (BlDec) {MIN128, 0}, &sum), BL_OVERFLOW);
	CHECK_EQ(bl_dec_add((BlDec) {MAX128, 0}, bl_dec(1, 1), &sum), BL_OVERFLOW);

	/* zeros that stand in the way go */
	CHECK_EQ(bl_dec_add((BlDec) {bl_pow10(38), 0}, bl_dec(1000, 3), &sum), BL_OK);
	CHECK_EQ(sum.coefficient, bl_pow10(38) + 1);
	CHECK_EQ(bl_dec_add((BlDec) {bl_pow10(38), 20}, (BlDec) {bl_pow10(38), 20}, &sum), BL_OK);
	CHECK_TEXT(text_of(sum), "2000000000000000000");
	CHECK_EQ(bl_dec_add(bl_dec(0, 0), bl_dec(5, 28), &sum), BL_OK);
	CHECK_TEXT(text_of(sum), "0.0000000000000000000000000005");
}

static void
products(void)
{
	BlDec		product;

	CHECK_EQ(bl_dec_mul(dec("0.568"), dec("350"), &product), BL_OK);
	CHECK_TEXT(text_of(product), "198.8");
	CHECK_EQ(bl_dec_mul(dec("-0.66286875"), dec("1000000000.000000001"), &product), BL_OK);
	CHECK_TEXT(text_of(product), "-662868750.00000000066286875");
	CHECK_EQ(bl_dec_mul(bl_dec(1, 20), bl_dec(1, 8), &product), BL_OK);
	CHECK_EQ(bl_dec_mul(bl_dec(1, 20), bl_dec(1, 9), &product), BL_OVERFLOW);
	CHECK_EQ(bl_dec_mul(bl_dec(2, 20), bl_dec(5, 9), &product), BL_OK);
	CHECK_TEXT(text_of(product), "0.0000000000000000000000000001");
	CHECK_EQ(bl_dec_mul((BlDec) {bl_pow10(20), 0}, (BlDec) {bl_pow10(20), 0}, &product), BL_OVERFLOW);
	CHECK_EQ(bl_dec_mul((BlDec) {bl_pow10(20), 5}, (BlDec) {bl_pow10(20), 0}, &product), BL_OK);
	CHECK_TEXT(text_of(product), "100000000000000000000000000000000000");
	CHECK_EQ(bl_dec_mul((BlDec) {MIN128, 0}, bl_dec(-1, 0), &product), BL_OVERFLOW);
}

static void
comparisons(void)
{
	static const char *const ascending[] = {
		"-100000000000000000000000000000", "-2", "-1.0000000001", "-1", "-0.5",
		"-0.0000000000000000000000000001", "0", "0.0000000000000000000000000001", "0.05",
		"0.5", "0.51", "1", "1.0000000001", "2", "99999999999999999999999999999",
		"170141183460469231731687303715884105727"
	};
	int			n = sizeof ascending / sizeof ascending[0];

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < n; j++)
			CHECK_EQ(bl_dec_cmp(dec(ascending[i]), dec(ascending[j])), (i > j) - (i < j));
	}
	CHECK_EQ(bl_dec_cmp(bl_dec(150, 2), bl_dec(15, 1)), 0);
	CHECK_EQ(bl_dec_cmp(bl_dec(-150, 2), bl_dec(-15, 1)), 0);
	CHECK_EQ(bl_dec_cmp((BlDec) {MIN128, 0}, (BlDec) {MAX128, 28}), -1);
}

static void
trimming(void)
{
	CHECK_EQ(bl_dec_trim(bl_dec(0, 9)).scale, 0);
	CHECK_EQ(bl_dec_trim(bl_dec(1500, 3)).scale, 1);
	CHECK_EQ(bl_dec_trim(bl_dec(1500, 3)).coefficient, 15);
	CHECK_EQ(bl_dec_trim(bl_dec(1500, 0)).coefficient, 1500);
	CHECK_EQ(bl_dec_trim(bl_dec(-1500, 2)).coefficient, -15);
	CHECK_EQ(bl_dec_trim((BlDec) {bl_pow10(38), 28}).coefficient, bl_pow10(10));
	CHECK_EQ(bl_dec_trim((BlDec) {bl_pow10(38) + 2, 28}).scale, 28);
}

static void
quotients(void)
{
	BlDec		q;

	CHECK_EQ(bl_dec_div(dec("1"), dec("3"), 6, BL_HALF_UP, &q), BL_OK);
	CHECK_TEXT(text_of(q), "0.333333");
	CHECK_EQ(bl_dec_div(dec("2"), dec("3"), 6, BL_HALF_UP, &q), BL_OK);
	CHECK_TEXT(text_of(q), "0.666667");
	CHECK_EQ(bl_dec_div(dec("-2"), dec("3"), 6, BL_DOWN, &q), BL_OK);
	CHECK_TEXT(text_of(q), "-0.666666");
	CHECK_EQ(bl_dec_div(dec("2"), dec("-3"), 0, BL_FLOOR, &q), BL_OK);
	CHECK_TEXT(text_of(q), "-1");
	CHECK_EQ(bl_dec_div(dec("-2"), dec("-3"), 0, BL_FLOOR, &q), BL_OK);
	CHECK_TEXT(text_of(q), "0");
	CHECK_EQ(bl_dec_div(dec("1.13"), dec("0.0000000001"), 0, BL_HALF_UP, &q), BL_OK);
	CHECK_TEXT(text_of(q), "11300000000");
	CHECK_EQ(bl_dec_div(dec("1"), BL_ZERO, 2, BL_HALF_UP, &q), BL_BAD_VALUE);
	CHECK_EQ(bl_dec_div(BL_ZERO, dec("7"), 2, BL_UP, &q), BL_OK);
	CHECK_EQ(q.coefficient, 0);

	/* beyond 128 bits in between */
	CHECK_EQ(bl_dec_div((BlDec) {bl_pow10(38), 0}, (BlDec) {bl_pow10(38), 0}, 28, BL_HALF_UP, &q),
			 BL_OK);
	CHECK_TEXT(text_of(q), "1");
	CHECK_EQ(bl_dec_div(bl_dec(1, 0), (BlDec) {MAX128, 28}, 28, BL_HALF_UP, &q), BL_OK);
	CHECK_TEXT(text_of(q), "0.0000000000587747175411143754");
	CHECK_EQ(bl_dec_div(bl_dec(1, 28), (BlDec) {MAX128, 0}, 28, BL_UP, &q), BL_OK);
	CHECK_TEXT(text_of(q), "0.0000000000000000000000000001");
	CHECK_EQ(bl_dec_div((BlDec) {MAX128, 0}, bl_dec(1, 28), 28, BL_UP, &q), BL_OVERFLOW);
	CHECK_EQ(bl_dec_div((BlDec) {MAX128, 0}, bl_dec(1, 0), 1, BL_UP, &q), BL_OVERFLOW);
}

static void
line_amounts(void)
{
	BlRounding	cents = bl_round_places(2, BL_HALF_UP);
	BlRounding	fives = {true, BL_HALF_UP, {5, 2}};
	BlRounding	even = bl_round_places(2, BL_HALF_EVEN);
	BlRounding	tens = bl_round_places(-1, BL_HALF_UP);
	BlDec		amount;

	CHECK_EQ(bl_dec_mul_ratio(dec("350"), dec("0.568"), 1, 1, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "198.8");
	CHECK_EQ(amount.scale, 2);
	CHECK_EQ(bl_dec_mul_ratio(dec("3.5"), dec("0.15"), 1, 1, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "0.53");
	CHECK_EQ(bl_dec_mul_ratio(dec("-3.5"), dec("0.15"), 1, 1, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "-0.53");
	CHECK_EQ(bl_dec_mul_ratio(dec("3.5"), dec("0.15"), 1, 1, &even, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "0.52");
	CHECK_EQ(bl_dec_mul_ratio(dec("3.5"), dec("0.15"), 1, 1, &fives, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "0.55");
	CHECK_EQ(bl_dec_mul_ratio(dec("3.5"), dec("10"), 1, 1, &tens, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "40");
	CHECK_EQ(bl_dec_mul_ratio(dec("7"), dec("3"), 1, 1, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "21");
	CHECK_EQ(amount.scale, 2);

	/* a demand charge for 11 of 30 days */
	CHECK_EQ(bl_dec_mul_ratio(dec("1250"), dec("38"), 11, 30, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "17416.67");
	CHECK_EQ(bl_dec_mul_ratio(dec("1250"), dec("38"), -11, 30, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "-17416.67");
	CHECK_EQ(bl_dec_mul_ratio(dec("1250"), dec("38"), 0, 30, &cents, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, 0);
	CHECK_EQ(bl_dec_mul_ratio(dec("1250"), dec("38"), 1, 0, &cents, &amount), BL_BAD_VALUE);
	CHECK_EQ(bl_dec_mul_ratio(dec("1250"), dec("38"), 1, -30, &cents, &amount), BL_BAD_VALUE);

	/* nothing asked: ten decimals */
	CHECK_EQ(bl_dec_mul_ratio(dec("1"), dec("1"), 1, 3, NULL, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "0.3333333333");
	CHECK_EQ(bl_dec_mul_ratio(dec("0.000000001"), dec("0.5"), 1, 1, &(BlRounding) {false, BL_DOWN, {0, 0}},
							  &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "0.0000000005");

	/* the largest energy at the largest price, to the smallest step of an amount */
	CHECK_EQ(bl_dec_mul_ratio(dec("999999999999999999.999999999"), dec("0.0000000001"), 1, 1, NULL,
							  &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "100000000");
	CHECK_EQ(bl_dec_mul_ratio(dec("999999999999999999.999999999"), dec("999999999.9999999999"),
							  2147483646, 2147483647, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "999999999534338712375420306.64");

	/* edges of the inline path */
	CHECK_EQ(bl_dec_mul_ratio(bl_dec(INT64_MIN, 2), bl_dec(1, 0), 1, 1, &cents, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, INT64_MIN);
	CHECK_EQ(bl_dec_mul_ratio(bl_dec(INT64_MIN, 3), bl_dec(1, 0), 1, 1, &cents, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, INT64_C(-922337203685477581));
	CHECK_EQ(bl_dec_mul_ratio(bl_dec(INT64_MIN, 20), bl_dec(1, 0), 1, 1, &cents, &amount), BL_OK);
	CHECK_TEXT(text_of(amount), "-0.09");
	CHECK_EQ(bl_dec_mul_ratio(bl_dec(INT64_MAX, 0), bl_dec(1, 0), 1, 1, &cents, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, (BlInt128) INT64_MAX * 100);
	CHECK_EQ(bl_dec_mul_ratio((BlDec) {MAX128, 0}, (BlDec) {MAX128, 0}, 1, 1, &cents, &amount),
			 BL_OVERFLOW);
	CHECK_EQ(bl_dec_mul_ratio((BlDec) {MIN128, 28}, (BlDec) {MAX128, 28}, INT64_MAX, INT64_MAX,
							  &(BlRounding) {true, BL_HALF_UP, {MAX128, 28}}, &amount), BL_OVERFLOW);
	CHECK_EQ(bl_dec_mul_ratio((BlDec) {MAX128, 28}, (BlDec) {MAX128, 28}, INT64_MAX, INT64_MAX,
							  &(BlRounding) {true, BL_DOWN, {MAX128, 18}}, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, MAX128);
	CHECK_EQ(bl_dec_mul_ratio(bl_dec(0, 28), (BlDec) {MAX128, 28}, INT64_MAX, 1,
							  &(BlRounding) {true, BL_UP, {1, 28}}, &amount), BL_OK);
	CHECK_EQ(amount.coefficient, 0);
}

/* The inline path, the 128-bit path and the wide path give one answer. */
static void
paths_agree(void)
{
	uint64_t	seed = 2;

	for (long i = 0; i < check_rounds(200000); i++)
	{
		BlDec		a = {random_int128(&seed) >> 70, (int) (check_random(&seed) % 13)};
		BlDec		b = {random_int128(&seed) >> 90, (int) (check_random(&seed) % 11)};
		BlRounding	rounding = bl_round_places((int) (check_random(&seed) % 7),
											   every_mode[check_random(&seed) % MODES]);
		int64_t		k = (int64_t) (check_random(&seed) % 1000000000 + 1);
		BlDec		fast,
					any,
					wide,
					slow;
		BlInt128	product = a.coefficient * b.coefficient;
		int			drop = a.scale + b.scale - rounding.step.scale;

		CHECK_EQ(bl_dec_mul_ratio(a, b, 1, 1, &rounding, &fast), BL_OK);
		CHECK_EQ(bl_dec_mul_ratio_any(a, b, 1, 1, &rounding, &any), BL_OK);
		/* the same numbers, blown up until no 128 bits hold them */
		CHECK_EQ(bl_dec_mul_ratio_any(a, (BlDec) {b.coefficient * bl_pow10(17), b.scale + 17},
									  k * 9, k * 9, &rounding, &wide), BL_OK);
		slow = (BlDec) {drop >= 0 ? bl_div_round(product, bl_pow10(drop), rounding.mode) :
			product * bl_pow10(-drop), rounding.step.scale};
		CHECK_EQ(fast.scale, slow.scale);
		CHECK(fast.coefficient == slow.coefficient);
		CHECK(any.coefficient == slow.coefficient && any.scale == slow.scale);
		CHECK(wide.coefficient == slow.coefficient && wide.scale == slow.scale);
	}
}

static void
rounding_of_a_number(void)
{
	BlRounding	none = {false, BL_HALF_UP, {0, 0}};
	BlRounding	cents = bl_round_places(2, BL_HALF_UP);
	BlRounding	whole = bl_round_places(0, BL_DOWN);
	BlDec		r;

	CHECK_EQ(bl_dec_round(dec("1.005"), &cents, &r), BL_OK);
	CHECK_TEXT(text_of(r), "1.01");
	CHECK_EQ(bl_dec_round(dec("-1.005"), &cents, &r), BL_OK);
	CHECK_TEXT(text_of(r), "-1.01");
	CHECK_EQ(bl_dec_round(dec("-1.999"), &whole, &r), BL_OK);
	CHECK_TEXT(text_of(r), "-1");
	CHECK_EQ(bl_dec_round(dec("1.23456"), &none, &r), BL_OK);
	CHECK_TEXT(text_of(r), "1.23456");
	CHECK_EQ(bl_dec_round(dec("1.23456"), NULL, &r), BL_OK);
	CHECK_TEXT(text_of(r), "1.23456");
	CHECK_EQ(bl_dec_round(dec("5"), &cents, &r), BL_OK);
	CHECK_EQ(r.scale, 2);
	CHECK_EQ(bl_dec_round(dec("5"), &(BlRounding) {true, BL_UP, {0, 2}}, &r), BL_BAD_VALUE);
	CHECK_EQ(bl_dec_round((BlDec) {MAX128, 0}, &cents, &r), BL_OVERFLOW);
	CHECK_EQ(bl_dec_round((BlDec) {MAX128, 28}, &whole, &r), BL_OK);
	CHECK_TEXT(text_of(r), "17014118346");
	CHECK_EQ(bl_round_places(-3, BL_UP).step.coefficient, 1000);
	CHECK_EQ(bl_round_places(-99, BL_UP).step.coefficient, bl_pow10(18));
	CHECK_EQ(bl_round_places(99, BL_UP).step.scale, BL_SCALE_MAX);
}

static void
square_roots(void)
{
	uint64_t	seed = 3;

	for (uint64_t i = 0; i < 1000; i++)
	{
		CHECK_EQ(bl_isqrt((BlUint128) i * i), i);
		CHECK_EQ(bl_isqrt((BlUint128) i * i + 2 * i), i);
	}
	CHECK(bl_isqrt(~(BlUint128) 0) == UINT64_MAX);
	for (long i = 0; i < check_rounds(20000); i++)
	{
		BlUint128	root = check_random(&seed) >> (check_random(&seed) % 64);

		CHECK(bl_isqrt(root * root) == root);
		CHECK(root == 0 || bl_isqrt(root * root - 1) == root - 1);
		CHECK(bl_isqrt(root * root + root) == root);
	}
}

static void
accepted_texts(void)
{
	static const struct
	{
		const char *text;
		const char *want;
		int			max_scale;
	}			table[] = {
		{"0", "0", 10},
		{"-0", "0", 10},
		{"-0.000", "0", 0},
		{"+1", "1", 0},
		{"1", "1", 0},
		{"007", "7", 0},
		{"-12.50", "-12.5", 1},
		{"0.66286875", "0.66286875", 10},
		{"100.0000000000000000000000000000000000000000000000000000000", "100", 0},
		{"0000000000000000000000000000000000000000000000000000000001.5", "1.5", 2},
		{"0.0000000001", "0.0000000001", 10},
		{"10.01", "10.01", 2},
		{"1.0203", "1.0203", 4},
		{"170141183460469231731687303715884105727", "170141183460469231731687303715884105727", 0},
		{"-170141183460469231731687303715884105728", "-170141183460469231731687303715884105728", 0},
		{"0.0000000000000000000000000001", "0.0000000000000000000000000001", 28},
	};

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
	{
		BlDec		value;

		if (!CHECK_EQ(bl_dec_parse(table[i].text, strlen(table[i].text), table[i].max_scale, &value),
					  BL_OK))
			printf("# %s\n", table[i].text);
		else
			CHECK_TEXT(text_of(value), table[i].want);
	}
}

static void
refused_texts(void)
{
	static const struct
	{
		const char *text;
		BlStatus	want;
	}			table[] = {
		{"", BL_BAD_TEXT}, {"-", BL_BAD_TEXT}, {"+", BL_BAD_TEXT}, {".", BL_BAD_TEXT},
		{".5", BL_BAD_TEXT}, {"5.", BL_BAD_TEXT}, {"-.5", BL_BAD_TEXT}, {"1e3", BL_BAD_TEXT},
		{"1E3", BL_BAD_TEXT}, {" 1", BL_BAD_TEXT}, {"1 ", BL_BAD_TEXT}, {"1,5", BL_BAD_TEXT},
		{"--1", BL_BAD_TEXT}, {"+-1", BL_BAD_TEXT}, {"1.2.3", BL_BAD_TEXT}, {"NaN", BL_BAD_TEXT},
		{"Infinity", BL_BAD_TEXT}, {"0x10", BL_BAD_TEXT}, {"1_000", BL_BAD_TEXT},
		{"\xEF\xBC\x91", BL_BAD_TEXT}, {"1.-5", BL_BAD_TEXT}, {"1\n", BL_BAD_TEXT},
		{"0.00000000001", BL_BAD_VALUE}, {"1.12345678901", BL_BAD_VALUE},
		{"1.000000000000000000000000000000000000000000000001", BL_BAD_VALUE},
		{"170141183460469231731687303715884105728", BL_OVERFLOW},
		{"-170141183460469231731687303715884105729", BL_OVERFLOW},
		{"999999999999999999999999999999999999999999999999999999", BL_OVERFLOW},
		{"170141183460469231731687303715884105727.1", BL_OVERFLOW},
		/* form is judged first */
		{"999999999999999999999999999999999999999999999999999999x", BL_BAD_TEXT},
	};
	BlDec		value;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
	{
		if (!CHECK_EQ(bl_dec_parse(table[i].text, strlen(table[i].text), 10, &value), table[i].want))
			printf("# %s\n", table[i].text);
	}
	/* the length rules, not a terminator */
	CHECK_EQ(bl_dec_parse("12x", 2, 10, &value), BL_OK);
	CHECK_EQ(value.coefficient, 12);
	CHECK_EQ(bl_dec_parse("1\0002", 3, 10, &value), BL_BAD_TEXT);
	CHECK_EQ(bl_dec_parse("1.5", 3, 0, &value), BL_BAD_VALUE);
	CHECK_EQ(bl_dec_parse("1.0", 3, -5, &value), BL_OK);
}

static void
text_round_trips(void)
{
	uint64_t	seed = 4;

	CHECK_TEXT(text_of(bl_dec(0, 28)), "0");
	CHECK_TEXT(text_of(bl_dec(5, 1)), "0.5");
	CHECK_TEXT(text_of(bl_dec(-5, 3)), "-0.005");
	CHECK_TEXT(text_of(bl_dec(100, 0)), "100");
	CHECK_TEXT(text_of((BlDec) {MIN128, 28}), "-17014118346.0469231731687303715884105728");
	for (long i = 0; i < check_rounds(50000); i++)
	{
		BlDec		a = {random_int128(&seed), (int) (check_random(&seed) % (BL_SCALE_MAX + 1))};
		BlDec		back;
		char		text[BL_DEC_TEXT];
		int			length = bl_dec_text(a, text);

		CHECK_EQ(bl_dec_parse(text, (size_t) length, BL_SCALE_MAX, &back), BL_OK);
		CHECK_EQ(bl_dec_cmp(a, back), 0);
		CHECK_EQ(bl_dec_trim(a).scale, back.scale);
	}
}

static void
splits(void)
{
	BlDec		parts[4];
	BlInt128	thirds[] = {1, 1, 1};
	BlInt128	uneven[] = {0, 5, 3, 2};
	BlInt128	none[] = {0, 0};
	BlInt128	minus[] = {1, -1};
	BlInt128	huge[] = {MAX128, MAX128};
	BlInt128	large[] = {MAX128 / 2, MAX128 / 2};

	CHECK_EQ(bl_split(dec("100"), dec("1"), thirds, 3, parts), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "34");
	CHECK_TEXT(text_of(parts[1]), "33");
	CHECK_TEXT(text_of(parts[2]), "33");
	CHECK_EQ(bl_split(dec("-100"), dec("1"), thirds, 3, parts), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "-34");
	CHECK_TEXT(text_of(parts[2]), "-33");
	CHECK_EQ(bl_split(dec("0.0000005"), dec("0.000001"), thirds, 3, parts), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "0.0000005");
	CHECK_TEXT(text_of(parts[1]), "0");
	CHECK_EQ(bl_split(dec("11.7"), dec("1"), uneven, 4, parts), BL_OK);
	CHECK_TEXT(text_of(parts[0]), "0");
	CHECK_TEXT(text_of(parts[1]), "6.7");	/* 5.5 and the rest below a step */
	CHECK_TEXT(text_of(parts[2]), "3");
	CHECK_TEXT(text_of(parts[3]), "2");
	CHECK_EQ(bl_split(dec("1"), dec("0.05"), uneven, 4, parts), BL_OK);
	CHECK_TEXT(text_of(parts[1]), "0.5");
	CHECK_TEXT(text_of(parts[2]), "0.3");
	CHECK_EQ(bl_split((BlDec) {MAX128, 0}, dec("1"), large, 2, parts), BL_OK);
	CHECK_EQ(parts[0].coefficient + parts[1].coefficient, MAX128);
	CHECK_EQ(bl_split((BlDec) {-MAX128, 0}, dec("1"), thirds, 1, parts), BL_OK);
	CHECK_EQ(parts[0].coefficient, -MAX128);
	CHECK_EQ(bl_split((BlDec) {MIN128, 0}, dec("1"), thirds, 1, parts), BL_OVERFLOW);

	CHECK_EQ(bl_split(dec("1"), dec("1"), none, 2, parts), BL_BAD_VALUE);
	CHECK_EQ(bl_split(dec("1"), dec("1"), minus, 2, parts), BL_BAD_VALUE);
	CHECK_EQ(bl_split(dec("1"), dec("1"), huge, 2, parts), BL_OVERFLOW);
	CHECK_EQ(bl_split(dec("1"), dec("1"), thirds, 0, parts), BL_BAD_VALUE);
	CHECK_EQ(bl_split(dec("1"), dec("1"), thirds, 1025, parts), BL_BAD_VALUE);
	CHECK_EQ(bl_split(dec("1"), dec("0"), thirds, 3, parts), BL_BAD_VALUE);
	CHECK_EQ(bl_split((BlDec) {MAX128, 0}, bl_dec(1, 1), thirds, 3, parts), BL_OVERFLOW);
}

/* Parts add up, and none but the heaviest is a step away from its share. */
static void
splits_obey_their_law(void)
{
	uint64_t	seed = 5;

	for (long i = 0; i < check_rounds(5000); i++)
	{
		BlInt128	weights[40];
		BlDec		parts[40];
		int			n = (int) (check_random(&seed) % 40 + 1);
		BlDec		total = {random_int128(&seed) >> 66, 6};
		BlDec		step = bl_dec((int64_t) (check_random(&seed) % 3 ? 1 : 5), (int) (check_random(&seed) % 7));
		BlInt128	unit = step.coefficient * bl_pow10(6 - step.scale);
		BlInt128	weight_sum = 0;
		BlInt128	sum = 0;
		int			odd_ones = 0;

		for (int j = 0; j < n; j++)
			weight_sum += weights[j] = check_random(&seed) % 4 ? check_random(&seed) % 1000000 : 0;
		if (weight_sum == 0)
			continue;
		CHECK_EQ(bl_split(total, step, weights, n, parts), BL_OK);
		for (int j = 0; j < n; j++)
		{
			BlInt128	apart = parts[j].coefficient * weight_sum - total.coefficient * weights[j];

			CHECK_EQ(parts[j].scale, 6);
			sum += parts[j].coefficient;
			odd_ones += parts[j].coefficient % unit != 0;
			CHECK(weights[j] != 0 || parts[j].coefficient == 0);
			CHECK(apart > -2 * unit * weight_sum && apart < 2 * unit * weight_sum);
		}
		CHECK(sum == total.coefficient);
		CHECK(odd_ones <= 1);
	}
}

int
main(void)
{
	RUN(powers_of_ten);
	RUN(every_rounding_mode);
	RUN(rounding_obeys_its_law);
	RUN(sums);
	RUN(products);
	RUN(comparisons);
	RUN(trimming);
	RUN(quotients);
	RUN(line_amounts);
	RUN(paths_agree);
	RUN(rounding_of_a_number);
	RUN(square_roots);
	RUN(accepted_texts);
	RUN(refused_texts);
	RUN(text_round_trips);
	RUN(splits);
	RUN(splits_obey_their_law);
	return DONE();
}
