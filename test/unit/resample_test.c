/*
 * resample_test.c - arithmetic on profiles: energy is kept, to the last step
 */
#include "check.h"
#include "core/load.h"

enum
{
	ROOM = 1 << 16
};

static int64_t values[3][ROOM];
static uint8_t qualities[3][ROOM];

static BlSeries
series(int which, int slot_minutes, int slots, int scale)
{
	BlSeries	s = {{.slot_minutes = slot_minutes, .slots = slots, .scale = scale, .zone = ""},
		values[which], qualities[which]};

	memset(values[which], 0, sizeof values[which]);
	memset(qualities[which], 0, sizeof qualities[which]);
	return s;
}

static BlInt128
total(const BlSeries *s)
{
	BlInt128	sum = 0;

	for (int i = 0; i < s->shape.slots; i++)
		sum += s->values[i];
	/* in 10^-6 units, the finest an energy has */
	return sum * bl_pow10(s->shape.scale + 6);
}

static void
energy_is_kept(void)
{
	static const int lengths[] = {1, 2, 3, 5, 6, 10, 12, 15, 20, 30, 45, 60, 90, 120, 480, 720, 1440};
	uint64_t	seed = 1;

	for (int a = 0; a < 17; a++)
		for (int b = 0; b < 17; b++)
		{
			BlSeries	from = series(0, lengths[a], 1440 * 2 / lengths[a], (int) (check_random(&seed) % 10) - 6);
			BlSeries	to = series(1, 1, 1, 0);
			BlInt128	before;

			for (int i = 0; i < from.shape.slots; i++)
				from.values[i] = (int64_t) (check_random(&seed) % 100000) - 30000;
			before = total(&from);
			CHECK_EQ(bl_series_resample(&from, lengths[b], &to, ROOM), BL_OK);
			CHECK_EQ(to.shape.slot_minutes, lengths[b]);
			CHECK_EQ(to.shape.slots, 1440 * 2 / lengths[b]);
			CHECK_EQ(total(&to), before);
			CHECK(to.shape.scale >= BL_PROFILE_ENERGY_SCALE_MIN);
		}
}

static void
splits_are_even(void)
{
	BlSeries	from = series(0, 60, 1, 0);
	BlSeries	to = series(1, 1, 1, 0);

	/* 100 Wh in four: 25 each */
	from.values[0] = 100;
	CHECK_EQ(bl_series_resample(&from, 15, &to, ROOM), BL_OK);
	CHECK(to.shape.scale == 0 && to.values[0] == 25 && to.values[3] == 25);

	/* 101 Wh in four: 25.25 each, two decimals more */
	from.values[0] = 101;
	CHECK_EQ(bl_series_resample(&from, 15, &to, ROOM), BL_OK);
	CHECK(to.shape.scale == -2 && to.values[0] == 2525 && to.values[3] == 2525);

	/* 100 Wh in three: steps of 10^-6 kWh, the largest remainder first */
	from.values[0] = 100;
	CHECK_EQ(bl_series_resample(&from, 20, &to, ROOM), BL_OK);
	CHECK(to.shape.scale == -3 && to.values[0] == 33334 && to.values[1] == 33333 && to.values[2] == 33333);
	from.values[0] = -100;
	CHECK_EQ(bl_series_resample(&from, 20, &to, ROOM), BL_OK);
	CHECK_EQ(to.values[0] + to.values[1] + to.values[2], -100000);
}

static void
levels_are_means(void)
{
	BlSeries	from = series(0, 15, 4, -1);
	BlSeries	to = series(1, 1, 1, 0);

	from.shape.unit = BL_V;
	from.values[0] = 2300;
	from.values[1] = 2301;
	from.values[2] = 2302;
	from.values[3] = 2304;
	CHECK_EQ(bl_series_resample(&from, 60, &to, ROOM), BL_OK);
	CHECK(to.shape.slots == 1 && to.shape.scale == -3 && to.values[0] == 230175);
	CHECK_EQ(bl_series_resample(&from, 5, &to, ROOM), BL_OK);
	CHECK(to.shape.slots == 12 && to.shape.scale == -1 && to.values[0] == 2300 && to.values[11] == 2304);

	/* a third of a volt is rounded at three decimals more */
	from.shape.slots = 3;
	from.values[0] = 1;
	from.values[1] = from.values[2] = 0;
	CHECK_EQ(bl_series_resample(&from, 45, &to, ROOM), BL_OK);
	CHECK(to.shape.scale == -4 && to.values[0] == 333);
}

static void
missing_stays_missing(void)
{
	BlSeries	from = series(0, 15, 8, 0);
	BlSeries	to = series(1, 1, 1, 0);

	from.qualities[2] = BL_MISSING;
	from.qualities[5] = BL_ESTIMATED;
	for (int i = 0; i < 8; i++)
		from.values[i] = i == 2 ? 0 : 10;
	CHECK_EQ(bl_series_resample(&from, 60, &to, ROOM), BL_OK);
	CHECK(to.qualities[0] == BL_MISSING && to.values[0] == 0);
	CHECK(to.qualities[1] == BL_ESTIMATED && to.values[1] == 40);
	CHECK_EQ(bl_series_resample(&from, 5, &to, ROOM), BL_OK);
	CHECK(to.qualities[6] == BL_MISSING && to.qualities[8] == BL_MISSING && to.qualities[9] == BL_ACTUAL);
}

static void
refused_lengths(void)
{
	BlSeries	from = series(0, 15, 5, 0);
	BlSeries	to = series(1, 1, 1, 0);

	CHECK_EQ(bl_series_resample(&from, 60, &to, ROOM), BL_UNALIGNED);
	CHECK_EQ(bl_series_resample(&from, 7, &to, ROOM), BL_BAD_VALUE);
	CHECK_EQ(bl_series_resample(&from, 0, &to, ROOM), BL_BAD_VALUE);
	CHECK_EQ(bl_series_resample(&from, -15, &to, ROOM), BL_BAD_VALUE);
	CHECK_EQ(bl_series_resample(&from, 5, &to, 14), BL_NO_SPACE);
	from.shape.slots = BL_PROFILE_SLOTS_MAX;
	CHECK_EQ(bl_series_resample(&from, 1, &to, ROOM), BL_LIMIT);
}

static void
sums_and_differences(void)
{
	BlSeries	a = series(0, 15, 4, 0);
	BlSeries	b = series(1, 15, 4, -3);

	a.values[0] = 5;
	b.values[0] = 250;
	b.qualities[1] = BL_MISSING;
	a.qualities[2] = BL_ESTIMATED;
	CHECK_EQ(bl_series_add(&a, &b, -1), BL_OK);
	CHECK(a.shape.scale == -3 && a.values[0] == 4750);
	CHECK(a.qualities[1] == BL_MISSING && a.qualities[2] == BL_ESTIMATED);
	a.values[0] = INT64_MAX;
	b.values[0] = 1;
	CHECK_EQ(bl_series_add(&a, &b, 1), BL_OVERFLOW);
	b.shape.start = 15;
	CHECK_EQ(bl_series_add(&a, &b, 1), BL_UNALIGNED);
	b.shape.unit = BL_VARH;
	CHECK_EQ(bl_series_add(&a, &b, 1), BL_BAD_UNIT);
	a = series(0, 15, 1, 9);
	b = series(1, 15, 1, -6);
	a.values[0] = INT64_MAX / 10;
	CHECK_EQ(bl_series_add(&a, &b, 1), BL_OVERFLOW);
}

static void
parts(void)
{
	BlSeries	a = series(0, 15, 3, 0);

	a.values[0] = -5;
	a.values[1] = 7;
	bl_series_positive(&a);
	CHECK(a.values[0] == 0 && a.values[1] == 7);
	a.values[0] = -5;
	CHECK_EQ(bl_series_negative(&a), BL_OK);
	CHECK(a.values[0] == 5 && a.values[1] == 0);
	a.values[2] = INT64_MIN;
	CHECK_EQ(bl_series_negative(&a), BL_OVERFLOW);
}

static void
times(int64_t value, int scale, BlDec factor, BlStatus status, int64_t want, int want_scale)
{
	BlSeries	a = series(0, 15, 2, scale);

	a.values[0] = value;
	if (CHECK_EQ(bl_series_multiply(&a, factor), status) && status == BL_OK)
	{
		CHECK_EQ(a.values[0], want);
		CHECK_EQ(a.shape.scale, want_scale);
	}
}

static void
factors(void)
{
	times(250, 0, bl_dec(5, 1), BL_OK, 125, 0);
	times(250, 0, bl_dec(1, 2), BL_OK, 25, -1);
	times(123, 0, bl_dec(1000, 0), BL_OK, 123, 3);
	times(1, -6, bl_dec(5, 1), BL_OK, 1, -6);	/* half a step: up */
	times(-1, -6, bl_dec(5, 1), BL_OK, -1, -6);
	times(1, -6, bl_dec(49, 2), BL_OK, 0, 0);
	times(7, 0, bl_dec(0, 0), BL_OK, 0, 0);
	times(1, 9, bl_dec(INT64_C(1000000000000000000), 0), BL_OK, INT64_C(1000000000000000000), 9);
	times(10, 9, bl_dec(INT64_C(1000000000000000000), 0), BL_OVERFLOW, 0, 0);
	times(INT64_MAX, 0, bl_dec(2, 0), BL_OVERFLOW, 0, 0);
	times(INT64_MAX, 0, bl_dec(-1, 0), BL_OK, -INT64_MAX, 0);
	times(INT64_MIN, 0, bl_dec(-1, 0), BL_OVERFLOW, 0, 0);
	times(INT64_MIN, 9, bl_dec(-1, 28), BL_OK, 922337, -6);
}

static void
from_decimals(void)
{
	BlSeries	a = series(0, 15, 3, 0);
	BlDec		d[3] = {{1234567890, 10}, {25, 2}, {3, 0}};

	/* kWh: the first has ten decimals but the last is zero */
	CHECK_EQ(bl_series_from_decimals(&a, d, 3), BL_OK);
	CHECK(a.shape.scale == -6 && a.values[0] == 123456789 && a.values[1] == 250000000 && a.values[2] == 3000000000);

	/* half up at the ninth decimal, away from zero */
	d[0] = (BlDec) {15, 10};
	d[1] = (BlDec) {-15, 10};
	d[2] = (BlDec) {14, 10};
	CHECK_EQ(bl_series_from_decimals(&a, d, 3), BL_OK);
	CHECK(a.shape.scale == -6 && a.values[0] == 2 && a.values[1] == -2 && a.values[2] == 1);

	/* whole numbers stay at the unit's own scale */
	d[0] = d[1] = d[2] = bl_dec(1000, 0);
	CHECK_EQ(bl_series_from_decimals(&a, d, 3), BL_OK);
	CHECK(a.shape.scale == 3 && a.values[0] == 1000);
	d[0] = (BlDec) {2500, 3};
	CHECK_EQ(bl_series_from_decimals(&a, d, 0), BL_OK);
	CHECK(a.shape.scale == -1 && a.values[0] == 25 && a.values[1] == 10000);

	/* a missing slot's number counts for nothing */
	a.qualities[0] = BL_MISSING;
	d[0] = (BlDec) {1, 9};
	CHECK_EQ(bl_series_from_decimals(&a, d, 0), BL_OK);
	CHECK(a.shape.scale == 0 && a.values[0] == 0);
	a.qualities[0] = BL_ACTUAL;

	/* too large beside too fine */
	d[0] = (BlDec) {1, 9};
	d[1] = bl_dec(INT64_C(1000000000000), 0);
	CHECK_EQ(bl_series_from_decimals(&a, d, 3), BL_OVERFLOW);
	CHECK_EQ(bl_series_from_decimals(&a, d, -9), BL_BAD_UNIT);
	d[0] = d[1] = bl_dec(1, 0);
	CHECK_EQ(bl_series_from_decimals(&a, d, 12), BL_OK);
	CHECK(a.shape.scale == 9 && a.values[0] == 1000);
}

/* meters with different spans, in any order and grouping */
static void
loads(void)
{
	uint64_t	seed = 5;

	for (int round = 0; round < 200; round++)
	{
		static int64_t sum_values[2][400];
		static uint8_t sum_qualities[2][400];
		int			n = 2 + (int) (check_random(&seed) % 5);
		BlSeries	sums[2];

		for (int order = 0; order < 2; order++)
		{
			sums[order] = (BlSeries) {{.slot_minutes = 15, .slots = 400, .zone = ""},
				sum_values[order], sum_qualities[order]};
			memset(sum_values[order], 0, sizeof sum_values[order]);
			memset(sum_qualities[order], BL_UNCOVERED, sizeof sum_qualities[order]);
		}
		for (int m = 0; m < n; m++)
			for (int order = 0; order < 2; order++)
			{
				/* the same meter each time, its order in the sum reversed */
				uint64_t	own = (uint64_t) (order == 0 ? m : n - 1 - m) + (uint64_t) round * 100;
				BlSeries	s = series(2, 15, 1 + (int) (check_random(&own) % 200), (int) (check_random(&own) % 4) - 3);

				s.shape.start = 15 * (int) (check_random(&own) % 200);
				for (int i = 0; i < s.shape.slots; i++)
				{
					s.qualities[i] = (uint8_t) (check_random(&own) % BL_QUALITY_COUNT);
					s.values[i] = s.qualities[i] == BL_MISSING ? 0 : (int64_t) (check_random(&own) % 1000);
				}
				CHECK_EQ(bl_load_add(&sums[order], &s), BL_OK);
			}
		for (int order = 0; order < 2; order++)
			bl_load_finish(&sums[order]);
		CHECK_EQ(sums[0].shape.scale, sums[1].shape.scale);
		CHECK(memcmp(sum_values[0], sum_values[1], sizeof sum_values[0]) == 0);
		CHECK(memcmp(sum_qualities[0], sum_qualities[1], sizeof sum_qualities[0]) == 0);
	}
}

static void
load_spans(void)
{
	BlSeries	a = series(0, 15, 4, 0);
	BlSeries	b = series(1, 15, 2, 0);
	BlSeries	wide = series(2, 15, 1, 0);
	int32_t		start;
	int			slots;

	b.shape.start = -60;
	CHECK_EQ(bl_load_union(&a.shape, &b.shape, &start, &slots), BL_OK);
	CHECK_EQ(start, -60);
	CHECK_EQ(slots, 8);
	a.values[0] = 9;
	bl_load_widen(&a, &wide, start, slots);
	CHECK(wide.values[4] == 9 && wide.qualities[4] == 0 && wide.qualities[3] == BL_UNCOVERED);
	b.shape.start = 7;
	CHECK_EQ(bl_load_union(&a.shape, &b.shape, &start, &slots), BL_UNALIGNED);
	b.shape.start = 15 * BL_PROFILE_SLOTS_MAX;
	CHECK_EQ(bl_load_union(&a.shape, &b.shape, &start, &slots), BL_LIMIT);
	b.shape.unit = BL_W;
	CHECK_EQ(bl_load_union(&a.shape, &b.shape, &start, &slots), BL_BAD_UNIT);
}

/* the root of both squares, half-up, by its own definition; signs turned */
static void
apparent(void)
{
	uint64_t	seed = 5;
	BlSeries	a = series(0, 15, 96, 0);
	BlSeries	b = series(1, 15, 96, -1);

	b.shape.unit = BL_VARH;
	for (int i = 0; i < 96; i++)
	{
		a.values[i] = (int64_t) (check_random(&seed) % 1000) - 300;
		b.values[i] = (int64_t) (check_random(&seed) % 10000) - 3000;
	}
	qualities[1][7] = BL_MISSING;
	qualities[0][8] = BL_ESTIMATED;
	CHECK_EQ(bl_series_apparent(&a, &b), BL_OK);
	CHECK_EQ(a.shape.unit, BL_VAH);
	CHECK_EQ(a.shape.scale, -1);
	CHECK_EQ(a.qualities[7], BL_MISSING);
	CHECK_EQ(a.values[7], 0);
	CHECK_EQ(a.qualities[8], BL_ESTIMATED);
	seed = 5;
	for (int i = 0; i < 96; i++)
	{
		int64_t		p = ((int64_t) (check_random(&seed) % 1000) - 300) * 10;
		int64_t		q = (int64_t) (check_random(&seed) % 10000) - 3000;
		int64_t		s = 2 * a.values[i];

		/* (2s - 1)^2 <= 4 (p^2 + q^2) < (2s + 1)^2 */
		if (i != 7)
			CHECK((s == 0 || (s - 1) * (s - 1) <= 4 * (p * p + q * q)) && 4 * (p * p + q * q) < (s + 1) * (s + 1));
	}
	a = series(0, 15, 1, 0);
	b = series(1, 15, 1, 0);
	CHECK_EQ(bl_series_apparent(&a, &b), BL_BAD_UNIT);
	b.shape.unit = BL_VARH;
	a.values[0] = b.values[0] = INT64_MIN;
	CHECK_EQ(bl_series_apparent(&a, &b), BL_OVERFLOW);
	a = series(0, 15, 1, 0);
	a.values[0] = INT64_MIN;
	CHECK_EQ(bl_series_negate(&a), BL_OVERFLOW);
	a.values[0] = 5;
	CHECK_EQ(bl_series_negate(&a), BL_OK);
	CHECK_EQ(a.values[0], -5);
	b.shape.slots = 2;
	b.shape.unit = BL_VARH;
	CHECK_EQ(bl_series_apparent(&a, &b), BL_UNALIGNED);
}

int
main(void)
{
	RUN(energy_is_kept);
	RUN(splits_are_even);
	RUN(levels_are_means);
	RUN(missing_stays_missing);
	RUN(refused_lengths);
	RUN(sums_and_differences);
	RUN(parts);
	RUN(apparent);
	RUN(factors);
	RUN(from_decimals);
	RUN(loads);
	RUN(load_spans);
	return DONE();
}
