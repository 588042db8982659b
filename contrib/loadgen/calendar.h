/*
 * calendar.h - days as numbers since 1970-01-01, in a county whose clocks never
 * change (UTC+8)
 */
#ifndef LOADGEN_CALENDAR_H
#define LOADGEN_CALENDAR_H

#include <stdbool.h>
#include <stdint.h>

typedef struct CalendarDay
{
	int			year;
	int			month;			/* 1 .. 12 */
	int			day;
} CalendarDay;

/* by the rules of the Gregorian calendar; H. Hinnant, "chrono-compatible low-level date algorithms" */
static inline int64_t
calendar_number(int year, int month, int day)
{
	int64_t		y = month <= 2 ? year - 1 : year;
	int64_t		era = y / 400;
	int64_t		of_era = y - era * 400;
	int64_t		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static inline CalendarDay
calendar_day(int64_t number)
{
	int64_t		z = number + 719468;
	int64_t		era = z / 146097;
	int64_t		of_era = z - era * 146097;
	int64_t		years = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * years + years / 4 - years / 100);
	int			month = (int) ((5 * of_year + 2) / 153);
	CalendarDay day;

	day.day = (int) (of_year - (153 * month + 2) / 5 + 1);
	day.month = month < 10 ? month + 3 : month - 9;
	day.year = (int) (years + era * 400) + (day.month <= 2);
	return day;
}

/* the first day of the month so many months after that of the day */
static inline int64_t
calendar_month(int64_t number, int months)
{
	CalendarDay at = calendar_day(number);
	int			month = at.year * 12 + at.month - 1 + months;

	return calendar_number(month / 12, month % 12 + 1, 1);
}

/* 0 is Sunday */
static inline int
calendar_weekday(int64_t number)
{
	return (int) ((number + 4) % 7);
}

/* New Year, Labour Day, National Day; not the festivals of the moon */
static inline bool
calendar_is_holiday(int64_t number)
{
	CalendarDay at = calendar_day(number);

	return (at.month == 1 && at.day <= 3) || (at.month == 5 && at.day <= 5) || (at.month == 10 && at.day <= 7);
}

#endif
