/*
 * clock_test.c - dates, moments and zone tables
 */
#include "check.h"
#include "core/clock.h"

static void
days_and_dates(void)
{
	BlDate		d;
	int32_t		day = BL_DAY_MIN;

	CHECK_EQ(bl_day_of(2000, 1, 1), 0);
	CHECK_EQ(bl_day_of(1, 1, 1), BL_DAY_MIN);
	CHECK_EQ(bl_day_of(1970, 1, 1), -10957);
	CHECK_EQ(bl_day_of(2026, 2, 29), bl_day_of(2026, 3, 1));
	CHECK_EQ(bl_day_of(2026, 13, 1), bl_day_of(2027, 1, 1));
	CHECK_EQ(bl_day_of(2026, 0, 1), bl_day_of(2025, 12, 1));
	CHECK_EQ(bl_day_of(2026, -11, 1), bl_day_of(2025, 1, 1));

	/* every day follows the one before, from the first year to the last */
	for (int y = 1; y <= 4998 && day <= BL_DAY_MAX; y++)
		for (int m = 1; m <= 12; m++)
			for (int n = 1; n <= bl_days_in_month(y, m); n++, day++)
				if (bl_day_of(y, m, n) != day ||
					(d = bl_date_of(day), d.year != y || d.month != m || d.day != n))
				{
					CHECK(!"a day is out of order");
					return;
				}
	CHECK_EQ(bl_days_in_month(2024, 2), 29);
	CHECK_EQ(bl_days_in_month(2100, 2), 28);
	CHECK_EQ(bl_days_in_month(2000, 2), 29);
	CHECK_EQ(bl_weekday(0), 5);	/* a Saturday */
	CHECK_EQ(bl_weekday(bl_day_of(2026, 11, 23)), 0);
	CHECK_EQ(bl_weekday(bl_day_of(1999, 12, 26)), 6);
	CHECK_EQ(bl_weekday(BL_DAY_MIN), 0);
	CHECK(bl_date_valid(2024, 2, 29));
	CHECK(!bl_date_valid(2023, 2, 29));
	CHECK(!bl_date_valid(2023, 0, 1));
	CHECK(!bl_date_valid(2023, 13, 1));
	CHECK(!bl_date_valid(2023, 4, 31));
	CHECK(!bl_date_valid(0, 1, 1));
	CHECK(!bl_date_valid(4999, 1, 1));
}

static void
day_texts(void)
{
	static const char *const refused[] = {
		"", "2026", "2026-1-01", "2026-01-1", "2026-02-29", "2026/01/01", "2026-13-01", "2026-00-10",
		"2026-01-32", " 2026-01-01", "2026-01-01 ", "+026-01-01", "0000-01-01", "5000-01-01"
	};
	char		out[16];
	int32_t		day;

	CHECK(bl_day_parse("2026-01-31", 10, &day) == BL_OK && day == bl_day_of(2026, 1, 31));
	CHECK(bl_day_parse("0001-01-01", 10, &day) == BL_OK && day == BL_DAY_MIN);
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (!CHECK(bl_day_parse(refused[i], strlen(refused[i]), &day) != BL_OK))
			printf("# accepted: %s\n", refused[i]);
	bl_day_text(bl_day_of(2024, 2, 29), out);
	CHECK_TEXT(out, "2024-02-29");
	bl_day_text(BL_DAY_MIN, out);
	CHECK_TEXT(out, "0001-01-01");
	bl_day_text(INT32_MAX, out);
	CHECK_TEXT(out, "infinity");
	bl_day_text(INT32_MIN, out);
	CHECK_TEXT(out, "-infinity");
}

static const BlZoneStep UTC_STEP = {INT32_MIN, 0};
static const BlZone UTC = {1, &UTC_STEP};

/* London 2026: forward on 29 March at 01:00 UTC, back on 25 October at 01:00 UTC */
static BlZone
london(void)
{
	static BlZoneStep steps[3];

	steps[0] = (BlZoneStep) {INT32_MIN, 0};
	steps[1] = (BlZoneStep) {bl_day_of(2026, 3, 29) * 1440 + 60, 60};
	steps[2] = (BlZoneStep) {bl_day_of(2026, 10, 25) * 1440 + 60, 0};
	return (BlZone) {3, steps};
}

static void
moment_texts(void)
{
	static const char *const refused[] = {
		"", "2026-01-01", "2026-01-01 8:00", "2026-01-01 08:00:01", "2026-01-01 24:01", "2026-01-01 25:00",
		"2026-01-01 08:60", "2026-01-01_08:00", "2026-01-01 08:00+8", "2026-01-01 08:00+08:",
		"2026-01-01 08:00+08:0", "2026-01-01 08:00 +08", "2026-01-01 08:00+16:00", "2026-01-01 08:00+08:60",
		"2026-01-01 08:00ZZ", "2026-02-30 08:00", "2026-01-01 08:00:00.5", "2026-01-01 -8:00"
	};
	int32_t		day = bl_day_of(2026, 1, 1);
	int32_t		at;
	BlZone		zone = london();
	char		out[24];

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		if (!CHECK(bl_moment_parse(refused[i], strlen(refused[i]), &UTC, &at) != BL_OK))
			printf("# accepted: %s\n", refused[i]);
#define MOMENT(text, zone, want) \
	CHECK(bl_moment_parse(text, strlen(text), zone, &at) == BL_OK && at == (want))
	MOMENT("2026-01-01 08:00", &UTC, day * 1440 + 480);
	MOMENT("2026-01-01T08:00:00", &UTC, day * 1440 + 480);
	MOMENT("2026-01-01T08:00Z", NULL, day * 1440 + 480);
	MOMENT("2026-01-01T08:00+08", NULL, day * 1440);
	MOMENT("2026-01-01T08:00+08:00", NULL, day * 1440);
	MOMENT("2026-01-01T08:00-0330", NULL, day * 1440 + 690);
	MOMENT("2026-01-01 24:00", &UTC, (day + 1) * 1440);
	CHECK_EQ(bl_moment_parse("2026-01-01 08:00", 16, NULL, &at), BL_BAD_TEXT);

	/* summer; the hour that is skipped; the hour lived twice, whose first is meant */
	MOMENT("2026-07-01 12:00", &zone, bl_day_of(2026, 7, 1) * 1440 + 660);
	CHECK_EQ(bl_moment_parse("2026-03-29 01:30", 16, &zone, &at), BL_BAD_VALUE);
	MOMENT("2026-03-29 02:00", &zone, bl_day_of(2026, 3, 29) * 1440 + 60);
	MOMENT("2026-10-25 01:30", &zone, bl_day_of(2026, 10, 25) * 1440 + 30);
	MOMENT("2026-10-25 02:30", &zone, bl_day_of(2026, 10, 25) * 1440 + 150);
#undef MOMENT
	bl_moment_text(day * 1440 + 61, out);
	CHECK_TEXT(out, "2026-01-01T01:01Z");
	bl_moment_text(-1, out);
	CHECK_TEXT(out, "1999-12-31T23:59Z");
}

static void
zones(void)
{
	BlZone		zone = london();
	int32_t		spring = bl_day_of(2026, 3, 29);
	int32_t		autumn = bl_day_of(2026, 10, 25);

	CHECK_EQ(bl_zone_offset(&UTC, INT32_MIN), 0);
	CHECK_EQ(bl_zone_offset(&UTC, INT32_MAX), 0);
	CHECK_EQ(bl_zone_offset(&zone, spring * 1440 + 59), 0);
	CHECK_EQ(bl_zone_offset(&zone, spring * 1440 + 60), 60);
	CHECK_EQ(bl_zone_offset(&zone, autumn * 1440 + 59), 60);
	CHECK_EQ(bl_zone_offset(&zone, autumn * 1440 + 60), 0);
	CHECK_EQ(bl_zone_midnight(&zone, spring), spring * 1440);
	CHECK_EQ(bl_zone_midnight(&zone, spring + 1), (spring + 1) * 1440 - 60);
	CHECK_EQ(bl_zone_midnight(&zone, autumn), autumn * 1440 - 60);
	CHECK_EQ(bl_zone_midnight(&zone, autumn + 1), (autumn + 1) * 1440);

	/* every minute of the year falls between the midnights of its day */
	for (int32_t at = bl_day_of(2026, 1, 1) * 1440; at < bl_day_of(2027, 1, 1) * 1440; at++)
	{
		int32_t		day = bl_zone_day(&zone, at);

		if (bl_zone_midnight(&zone, day) > at || bl_zone_midnight(&zone, day + 1) <= at)
		{
			CHECK(!"a moment lies outside its day");
			return;
		}
	}
}

/* zones that change at midnight, in both directions, and one that skips a day */
static void
odd_midnights(void)
{
	int32_t		day = bl_day_of(2018, 11, 4);
	BlZoneStep	forward[2] = {{INT32_MIN, -180}, {day * 1440 + 180, -120}};	/* 00:00 becomes 01:00 */
	BlZoneStep	back[2] = {{INT32_MIN, -120}, {day * 1440 + 120, -180}};	/* 24:00 becomes 23:00 */
	BlZoneStep	skip[2] = {{INT32_MIN, -600}, {day * 1440 + 600, 840}};		/* a whole day */
	BlZone		zone = {2, forward};

	CHECK_EQ(bl_zone_midnight(&zone, day), day * 1440 + 180);
	CHECK_EQ(bl_zone_day(&zone, day * 1440 + 180), day);
	CHECK_EQ(bl_zone_day(&zone, day * 1440 + 179), day - 1);
	CHECK_EQ(bl_zone_midnight(&zone, day + 1), (day + 1) * 1440 + 120);

	zone.step = back;
	CHECK_EQ(bl_zone_midnight(&zone, day), day * 1440 + 180);
	CHECK_EQ(bl_zone_midnight(&zone, day - 1), (day - 1) * 1440 + 120);

	/* the day that never was begins where the next one does */
	zone.step = skip;
	CHECK_EQ(bl_zone_midnight(&zone, day - 1), (day - 1) * 1440 + 600);
	CHECK_EQ(bl_zone_midnight(&zone, day), day * 1440 + 600);
	CHECK_EQ(bl_zone_midnight(&zone, day + 1), day * 1440 + 600);
	CHECK_EQ(bl_zone_day(&zone, day * 1440 + 600), day + 1);
}

int
main(void)
{
	RUN(days_and_dates);
	RUN(day_texts);
	RUN(moment_texts);
	RUN(zones);
	RUN(odd_midnights);
	return DONE();
}
