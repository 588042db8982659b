/*
 * clock.h - the core's time: minutes and days since 2000-01-01, zones as tables
 *
 * A moment is a whole minute since 2000-01-01 00:00 UTC (int32: years -2083 to
 * 6083, far beyond what PostgreSQL hands in).  A day is a local date as days
 * since 2000-01-01.  A zone is a table of offsets that the caller made for the
 * span at hand (../calendar.c, from PostgreSQL's own zone data), so the core
 * never knows a zone's name or rules.
 */
#ifndef BL_CLOCK_H
#define BL_CLOCK_H

#include "status.h"

enum
{
	BL_MINUTES_PER_DAY = 1440,
	BL_DAY_MIN = -730119,		/* 0001-01-01 */
	BL_DAY_MAX = 1095000,		/* near the end of 4998 */
	BL_ZONE_STEPS_MAX = 1024
};

/* From this moment on, local time is UTC + offset minutes. */
typedef struct BlZoneStep
{
	int32_t		from_minute;
	int16_t		offset;			/* minutes east of UTC, -1440 < offset < 1440 */
} BlZoneStep;

/* Steps rise; the first holds for all earlier moments too.  n >= 1. */
typedef struct BlZone
{
	int			n;
	const BlZoneStep *step;
} BlZone;

typedef struct BlDate
{
	int			year;
	int			month;			/* 1 .. 12 */
	int			day;			/* 1 .. 31 */
} BlDate;

/* Monday is 0 */
static inline int
bl_weekday(int32_t day)
{
	int			w = (int) ((day + 5) % 7);	/* 2000-01-01 was a Saturday */

	return w < 0 ? w + 7 : w;
}

extern int32_t bl_day_of(int year, int month, int day); /* no checks: month and day may overflow into the next */
extern BlDate bl_date_of(int32_t day);
extern int	bl_days_in_month(int year, int month);
extern bool bl_date_valid(int year, int month, int day);
/* "YYYY-MM-DD" exactly */
extern BlStatus bl_day_parse(const char *text, size_t length, int32_t *day);
extern int	bl_day_text(int32_t day, char out[16]);
/*
 * "YYYY-MM-DD[ T]HH:MM[:00][Z|+HH[:MM]|-HH[:MM]]"; without a zone part, local in zone.
 * A local time that does not exist is an error; one that exists twice is the first.
 */
extern BlStatus bl_moment_parse(const char *text, size_t length, const BlZone *zone, int32_t *minute);
extern int	bl_moment_text(int32_t minute, char out[24]);	/* YYYY-MM-DDTHH:MMZ */
extern int	bl_zone_text(int32_t minute, const BlZone *zone, char out[32]);	/* YYYY-MM-DDTHH:MM+HH:MM */

extern int	bl_zone_offset(const BlZone *zone, int32_t minute);
/* the moment at which a local day begins: the first minute whose local date is that day */
extern int32_t bl_zone_midnight(const BlZone *zone, int32_t day);
/* the local day a moment falls on */
extern int32_t bl_zone_day(const BlZone *zone, int32_t minute);

/* floor division, b > 0 */
static inline int64_t
bl_floor_div(int64_t a, int64_t b)
{
	int64_t		q = a / b;

	return q - (a % b < 0);
}

#endif							/* BL_CLOCK_H */
