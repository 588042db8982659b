/*
 * outliers_test.c - strange readings, runs and changes of level: told apart from what a meter does anyway
 *
 * How well on real households, test/bench/evaluation/faults and shifts measure.
 */
#include <math.h>

#include "document.h"
#include "core/level_shift.h"
#include "core/outliers.h"

enum
{
	DAY = 48,					/* slots of half an hour */
	DAYS = 60,
	SLOTS = DAYS * DAY
};

static const BlZoneStep fixed[] = {{INT32_MIN, 0}};
static const BlZone utc = {1, fixed};
static const int64_t gone = INT64_MIN;

/* a household of small numbers that never repeat for long: 100 to 199 Wh, 400 to 599 in the evening */
static void
household(int64_t *values)
{
	uint32_t	chance = 1;

	for (int i = 0; i < SLOTS; i++)
	{
		chance = chance * 1664525 + 1013904223;
		values[i] = i % DAY >= 36 && i % DAY < 44 ? 400 + (int64_t) (chance >> 16) % 200 : 100 + (int64_t) (chance >> 16) % 100;
	}
}

static BlReadings
readings_of(const int64_t *values, int n, BlArena *arena)
{
	BlProfile	shape = {
		.slot_minutes = 30,.start = bl_day_of(2026, 1, 1) * BL_MINUTES_PER_DAY,.slots = n,.zone = ""
	};
	uint8_t    *qualities = bl_arena_get(arena, (size_t) n);
	size_t		room = bl_profile_bound(&shape);
	uint8_t    *bytes = bl_arena_get(arena, room);
	BlProfile	opened = {0};
	BlReadings	r = {0};
	size_t		size = 0;

	for (int i = 0; i < n; i++)
		qualities[i] = values[i] == gone ? BL_MISSING : BL_ACTUAL;
	CHECK_EQ(bl_profile_pack(&shape, &utc, values, qualities, bytes, room, &size), BL_OK);
	CHECK_EQ(bl_profile_open(&opened, bytes, size), BL_OK);
	CHECK_EQ(bl_readings_make(&opened, NULL, &utc, NULL, arena, &r, &problem), BL_OK);
	return r;
}

/* ----------------------------------------------------------------- outliers */

typedef struct Told
{
	int			n;
	BlOutlier	outlier[16];
} Told;

static void
hear(void *context, const BlOutlier *outlier)
{
	Told	   *told = context;

	CHECK(outlier->score >= 0 && outlier->score <= 1);
	if (told->n < 16)
		told->outlier[told->n] = *outlier;
	told->n++;
}

static Told
told_of(const int64_t *values, int n, BlOutlierJudge judge)
{
	BlArena		arena = new_arena();
	BlReadings	r = readings_of(values, n, &arena);
	BlOutliers	o;
	Told		told = {0};

	CHECK_EQ(bl_outliers_learn(&r, &arena, &o), BL_OK);
	CHECK_EQ(bl_outliers_find(&o, 0.5, judge, NULL, hear, &told), BL_OK);
	release();
	return told;
}

static void
check_told(const Told *told, int i, BlOutlierKind kind, int from, int until)
{
	if (!CHECK(i < told->n))
		return;
	CHECK_EQ(told->outlier[i].kind, kind);
	CHECK_EQ(told->outlier[i].from, from);
	CHECK_EQ(told->outlier[i].until, until);
}

static void
each_kind_is_told(void)
{
	static int64_t values[SLOTS];
	Told		told;

	household(values);
	told = told_of(values, SLOTS, NULL);
	CHECK_EQ(told.n, 0);
	values[500] = 6000;
	values[700] = -20;
	for (int i = 1000; i < 1020; i++)
		values[i] = 0;
	values[1020] = 4000;
	for (int i = 1500; i < 1512; i++)
		values[i] = 77;
	for (int i = 2000; i < 2030; i++)
		values[i] = 0;
	told = told_of(values, SLOTS, NULL);
	CHECK_EQ(told.n, 5);
	check_told(&told, 0, BL_OUTLIER_SPIKE, 500, 501);
	check_told(&told, 1, BL_OUTLIER_NEGATIVE, 700, 701);
	check_told(&told, 2, BL_OUTLIER_CATCH_UP, 1000, 1021);
	check_told(&told, 3, BL_OUTLIER_STUCK, 1500, 1512);
	check_told(&told, 4, BL_OUTLIER_ZERO, 2000, 2030);
}

static void
a_meter_s_own_ways_are_usual(void)
{
	static int64_t values[SLOTS];

	/* a coarse meter repeats itself: eight equal readings are nothing there, sixty are */
	for (int i = 0; i < SLOTS; i++)
		values[i] = 100 + i / 8 % 3 * 100;
	CHECK_EQ(told_of(values, SLOTS, NULL).n, 0);
	for (int i = 960; i < 1060; i++)
		values[i] = 200;
	CHECK_EQ(told_of(values, SLOTS, NULL).n, 1);
	/* zeros every night, and a meter that counts both ways */
	household(values);
	for (int i = 0; i < SLOTS; i++)
		if (i % DAY < 16)
			values[i] = 0;
	CHECK_EQ(told_of(values, SLOTS, NULL).n, 0);
	household(values);
	for (int i = 0; i < SLOTS; i += 5)
		values[i] = -values[i];
	CHECK_EQ(told_of(values, SLOTS, NULL).n, 0);
}

static double
all(void *context, const double *features)
{
	(void) context;
	for (int i = 0; i < BL_OUTLIER_FEATURES; i++)
		CHECK(isnan(features[i]) || fabs(features[i]) < 1e30);
	return 1;
}

static void
little_is_enough(void)
{
	const int64_t one[] = {5};
	const int64_t none[] = {gone, gone, gone};
	int64_t		large[DAY];

	for (int i = 0; i < DAY; i++)
		large[i] = i % 2 == 0 ? INT64_MAX / 2 : -INT64_MAX / 2;
	CHECK_EQ(told_of(one, 1, NULL).n, 0);
	CHECK_EQ(told_of(none, 3, NULL).n, 0);
	told_of(large, DAY, all);
	told_of(one, 1, all);
}

/* -------------------------------------------------------------- level shift */

static BlLevelShift
shift_of(const int64_t *values, int n)
{
	BlArena		arena = new_arena();
	BlReadings	r = readings_of(values, n, &arena);
	BlLevelShift shift;

	CHECK_EQ(bl_level_shift(&r, &arena, &shift), BL_OK);
	release();
	return shift;
}

static void
a_change_is_dated(void)
{
	static int64_t values[SLOTS];
	BlLevelShift shift;

	household(values);
	CHECK(shift_of(values, SLOTS).score < 0.1);
	for (int i = 37 * DAY; i < SLOTS; i++)
		values[i] = values[i] * 2 / 3;
	/* neither a day away nor a hole beside the change moves it */
	for (int i = 30 * DAY; i < 31 * DAY; i++)
		values[i] = 0;
	for (int i = 40 * DAY; i < 42 * DAY; i++)
		values[i] = gone;
	shift = shift_of(values, SLOTS);
	CHECK_EQ(shift.at, 37);
	CHECK(fabs(shift.factor - 2.0 / 3) < 0.03);
	CHECK(shift.score > 0.9);
	CHECK_EQ(shift.before, 37);
	CHECK_EQ(shift.after, DAYS - 37 - 2);
}

static void
too_little_has_no_change(void)
{
	static int64_t values[SLOTS];

	household(values);
	CHECK_EQ(shift_of(values, 13 * DAY).at, 0);
	CHECK_EQ(shift_of(values, 1).at, 0);
	CHECK(shift_of(values, 14 * DAY).at > 0);
	for (int i = 0; i < SLOTS; i++)
		values[i] = 0;
	CHECK(shift_of(values, SLOTS).score < 0.01);
	for (int i = 0; i < SLOTS; i++)
		values[i] = gone;
	CHECK_EQ(shift_of(values, SLOTS).at, 0);
}

static void
memory_can_end_anywhere(void)
{
	static int64_t values[SLOTS];
	BlArena		whole = new_arena();
	BlReadings	r;

	household(values);
	r = readings_of(values, SLOTS, &whole);
	for (size_t ceiling = 0; ceiling < 400000; ceiling += 20000)
	{
		BlArena		arena = new_arena();
		BlOutliers	o;
		BlLevelShift shift;
		BlStatus	status;

		arena.ceiling = ceiling;
		status = bl_outliers_learn(&r, &arena, &o);
		CHECK(status == BL_OK || status == BL_NO_SPACE);
		status = bl_level_shift(&r, &arena, &shift);
		CHECK(status == BL_OK || status == BL_NO_SPACE);
	}
	release();
}

int
main(void)
{
	RUN(each_kind_is_told);
	RUN(a_meter_s_own_ways_are_usual);
	RUN(little_is_enough);
	RUN(a_change_is_dated);
	RUN(too_little_has_no_change);
	RUN(memory_can_end_anywhere);
	return DONE();
}
