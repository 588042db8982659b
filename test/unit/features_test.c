/*
 * features_test.c - what the features of made-up days must be, whatever else they are
 */
#include <math.h>

#include "check.h"
#include "core/features.h"
#include "core/real.h"

enum
{
	DAYS = 120,
	SLOTS = 48
};

static uint8_t memory[64 << 20];
static size_t memory_used;

static void *
more(void *context, size_t size)
{
	void	   *at = memory + memory_used;

	(void) context;
	if (size > sizeof memory - memory_used)
		return NULL;
	memory_used += size;
	return at;
}

static double value[DAYS * SLOTS];
static double feature[BL_FEATURES];

/* a household: less at night, more in the evening, noise */
static void
make_days(uint64_t seed)
{
	for (int i = 0; i < DAYS * SLOTS; i++)
	{
		int			k = i % SLOTS;

		value[i] = 0.05 + 0.2 * (k >= 14) + 0.4 * (k >= 34 && k < 44) + (double) (check_random(&seed) % 1000) / 5000;
	}
}

static int
number(const char *name)
{
	for (int i = 0; i < BL_FEATURES; i++)
		if (strcmp(bl_feature_name[i], name) == 0)
			return i;
	CHECK_TEXT(name, "a feature");
	return 0;
}

static double
get(const char *name)
{
	return feature[number(name)];
}

static void
take(int days, int slots, const BlReference *reference, const BlDayGrid *area)
{
	BlArena		arena = {.more = more, .ceiling = sizeof memory};
	BlDayGrid	grid = {.first = 9000, .days = days, .slots = slots, .value = value};

	memory_used = 0;
	CHECK_EQ(bl_features(&grid, reference, area, &arena, feature), BL_OK);
}

static BlReference
reference_of_value(double *day, double *shape)
{
	for (int d = 0; d < DAYS; d++)
		day[d] = 1;
	for (int k = 0; k < SLOTS; k++)
		shape[k] = k >= 34 && k < 44 ? 2 : k >= 14 ? 1 : 0.2;
	return (BlReference) {.first = 9000, .days = DAYS, .day = day, .slots = SLOTS, .shape = shape};
}

static bool
near(double a, double b)
{
	return fabs(a - b) < 1e-6;
}

static void
names(void)
{
	for (int i = 0; i < BL_FEATURES; i++)
		for (int j = 0; j < i; j++)
			CHECK(strcmp(bl_feature_name[i], bl_feature_name[j]) != 0);
}

/* a larger customer of the same ways has the same features but one */
static void
relative(void)
{
	double		before[BL_FEATURES];

	make_days(1);
	take(DAYS, SLOTS, NULL, NULL);
	memcpy(before, feature, sizeof before);
	for (int i = 0; i < DAYS * SLOTS; i++)
		value[i] *= 1024;
	take(DAYS, SLOTS, NULL, NULL);
	CHECK(near(exp(get("mean_kwh_log")), 1024 * (exp(before[0]) - 0.001) + 0.001));
	for (int i = 1; i < BL_FEATURES; i++)
		CHECK(isnan(before[i]) ? isnan(feature[i]) : near(before[i], feature[i]));
}

static void
known(void)
{
	double		day[DAYS],
				shape[SLOTS];
	BlReference r = reference_of_value(day, shape);

	make_days(2);
	/* from day 70 on a third is metered */
	for (int i = 70 * SLOTS; i < DAYS * SLOTS; i++)
		value[i] /= 3;
	take(DAYS, SLOTS, &r, NULL);
	CHECK(near(get("level_at"), 70.0 / DAYS));
	CHECK(get("level_t") < -log(50));
	/* shares of the mean are 1.38 before and a third of it after, the logarithms of both with 0.05 added */
	CHECK(fabs(get("level_size") + 1.04) < 0.03);
	CHECK(near(get("relative_t"), get("level_t")));
	CHECK(get("shape_first_last") > 0.98 && get("shape_last_usual") > 0.95);
	CHECK(get("zero_share") == 0 && near(get("missing_run_h"), log(0.02)));
	CHECK(near(get("last_30"), get("month_1")));

	/* turned round from day 60 on */
	make_days(3);
	for (int d = 60; d < DAYS; d++)
		for (int k = 0; k < SLOTS / 2; k++)
		{
			double	   *x = value + d * SLOTS;
			double		swap = x[k];

			x[k] = x[SLOTS - 1 - k];
			x[SLOTS - 1 - k] = swap;
		}
	take(DAYS, SLOTS, &r, NULL);
	CHECK(near(get("likeness_at"), 0.5) && get("likeness_t") < -log(20));
	CHECK(get("shape_first_last_reversed") > 0.98 && get("shape_first_last") < 0.9);
	CHECK(get("shape_last_usual_turned") < -0.05 && fabs(get("level_size")) < 0.2);
}

static void
gaps_and_zeros(void)
{
	make_days(4);
	for (int i = 10 * SLOTS; i < 12 * SLOTS + 5; i++)
		value[i] = NAN;
	for (int i = 90 * SLOTS + 3; i < 90 * SLOTS + 23; i++)
		value[i] = 0;
	for (int i = 91 * SLOTS; i < 91 * SLOTS + 11; i++)
		value[i] = 0.75;
	take(DAYS, SLOTS, NULL, NULL);
	CHECK(near(get("missing_run_h"), log(2 * 24 + 2.5 + 0.02)));
	CHECK(near(get("missing_first"), (2.0 * SLOTS + 5) / (40 * SLOTS)));
	CHECK(get("missing_last") == 0);
	CHECK(near(get("zero_run_h"), log(10.02)));
	CHECK(near(get("zero_runs"), 1.0 / DAYS));
	CHECK(near(get("equal_run_h"), log(5.02)));
	CHECK(isnan(get("relative_t")) && isnan(get("area_change")));
}

/* losses that rise when his level falls */
static void
area(void)
{
	static double loss[DAYS * SLOTS];
	BlDayGrid	lost = {.first = 9000, .days = DAYS, .slots = SLOTS, .value = loss};

	make_days(5);
	for (int i = 0; i < DAYS * SLOTS; i++)
		loss[i] = 0.1;
	for (int i = 60 * SLOTS; i < DAYS * SLOTS; i++)
	{
		loss[i] += value[i] / 2;
		value[i] /= 2;
	}
	take(DAYS, SLOTS, NULL, &lost);
	CHECK(get("area_change") > 0.6 && get("area_correlation") < -0.9);
	/* an area of other days says nothing */
	lost.first = 1000;
	take(DAYS, SLOTS, NULL, &lost);
	CHECK(isnan(get("area_change")) && isnan(get("area_correlation")));
}

/* whatever there is, features are finite or NaN */
static void
edges(void)
{
	static const double odd[] = {0, -1, 1, NAN, 1e-300, -1e12, 1e18};
	uint64_t	seed = 6;
	double		day[DAYS],
				shape[SLOTS];
	BlReference r = reference_of_value(day, shape);

	for (int round = 0; round < check_rounds(3000); round++)
	{
		int			days = 1 + (int) (check_random(&seed) % (round % 9 == 0 ? DAYS : 5)),
					slots = round % 3 == 0 ? SLOTS : round % 3 == 1 ? 1 : 24;
		uint64_t	kinds = 1 + check_random(&seed) % (sizeof odd / sizeof odd[0]);

		for (int i = 0; i < days * slots; i++)
			value[i] = odd[check_random(&seed) % kinds];
		if (round % 4 == 0)
			shape[check_random(&seed) % SLOTS] = NAN;
		take(days, slots, slots == SLOTS ? &r : NULL, NULL);
		for (int i = 0; i < BL_FEATURES; i++)
			if (!CHECK(!isinf(feature[i])))
				printf("# %s of %d days of %d slots\n", bl_feature_name[i], days, slots);
	}
	take(3, 24, NULL, NULL);
	CHECK_EQ(bl_features(&(BlDayGrid) {.days = 1, .slots = 24, .value = value}, &r, NULL,
						 &(BlArena) {.more = more, .ceiling = 1 << 20}, feature), BL_UNALIGNED);
}

/* medians of what is usual, to 1 %; the same in parts */
static void
usual(void)
{
	static uint32_t counts[2][(DAYS + SLOTS) * BL_REFERENCE_BINS];
	BlReferenceCounts all = {.slots = SLOTS, .first = 9000, .days = DAYS, .day = counts[0], .shape = counts[0] + DAYS * BL_REFERENCE_BINS},
				half = {.slots = SLOTS, .first = 9000, .days = DAYS, .day = counts[1], .shape = counts[1] + DAYS * BL_REFERENCE_BINS};
	double		day[DAYS],
				shape[SLOTS];

	for (int c = 0; c < 11; c++)
	{
		BlDayGrid	grid = {.first = 9000, .days = DAYS, .slots = SLOTS, .value = value};

		/* half as much on day 7, of different sizes; the odd one out is another by far */
		for (int i = 0; i < DAYS * SLOTS; i++)
			value[i] = (c + 1) * (i % SLOTS < 24 ? 0.5 : 1.5) * (i / SLOTS == 7 ? 0.5 : 1) * (c == 10 && i % 7 == 0 ? 9 : 1);
		CHECK_EQ(bl_reference_add(c % 2 == 0 ? &all : &half, &grid), BL_OK);
	}
	CHECK_EQ(bl_reference_merge(&all, &half), BL_OK);
	CHECK_EQ(all.customers, 11);
	bl_reference_medians(&all, day, shape);
	CHECK(fabs(day[7] - 0.5) < 0.01 && fabs(day[8] - 1) < 0.012);
	CHECK(fabs(shape[3] - 0.5) < 0.01 && fabs(shape[40] - 1.5) < 0.02);
	CHECK_EQ(bl_reference_add(&all, &(BlDayGrid) {.days = 1, .slots = 24, .value = value}), BL_UNALIGNED);
}

static void
sorts(void)
{
	float		x[500];
	uint32_t	room[1000];
	uint64_t	seed = 9;

	double		before = 0,
				after = 0;

	for (int i = 0; i < 500; i++)
	{
		x[i] = (float) ((double) (int64_t) check_random(&seed) * (i % 2 == 0 ? 1e-18 : 1));
		before += x[i];
	}
	bl_real_sort(x, room, 500);
	for (int i = 0; i < 500; i++)
	{
		after += x[i];
		CHECK(i == 0 || x[i - 1] <= x[i]);
	}
	CHECK(fabs(after - before) < 500 * 1e19 / 16000);
	CHECK(bl_real_quantile(x, 500, 0) == x[0] && bl_real_quantile(x, 500, 1) == x[499]);
	x[0] = 1;
	x[1] = 3;
	CHECK(bl_real_quantile(x, 2, 0.25) == 1.5);
}

int
main(void)
{
	RUN(names);
	RUN(relative);
	RUN(known);
	RUN(gaps_and_zeros);
	RUN(area);
	RUN(edges);
	RUN(usual);
	RUN(sorts);
	return DONE();
}
