/*
 * clock.c - dates, moments and zone tables
 *
 * Calendar arithmetic after Howard Hinnant's days-from-civil: years begin in
 * March, so that the leap day is the last of its year.
 */
#include "clock.h"

#include <stdio.h>

enum
{
	EPOCH = 730425				/* days from 0000-03-01 to 2000-01-01 */
};

int32_t
bl_day_of(int year, int month, int day)
{
	int			y;
	int			yoe;
	int			mp;

	month -= 1;
	year += (int) bl_floor_div(month, 12);
	month -= (int) bl_floor_div(month, 12) * 12;
	month += 1;
	y = month <= 2 ? year - 1 : year;
	yoe = y - (int) bl_floor_div(y, 400) * 400;
	mp = (month + 9) % 12;
	return (int32_t) bl_floor_div(y, 400) * 146097 +
		yoe * 365 + yoe / 4 - yoe / 100 + (153 * mp + 2) / 5 + day - 1 - EPOCH;
}

BlDate
bl_date_of(int32_t day)
{
	int32_t		z = day + EPOCH;
	int			era = (int) bl_floor_div(z, 146097);
	int			doe = z - era * 146097;
	int			yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int			doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int			mp = (5 * doy + 2) / 153;
	BlDate		d;

	d.day = doy - (153 * mp + 2) / 5 + 1;
	d.month = mp < 10 ? mp + 3 : mp - 9;
	d.year = yoe + era * 400 + (d.month <= 2);
	return d;
}

int
bl_days_in_month(int year, int month)
{
	return bl_day_of(year, month + 1, 1) - bl_day_of(year, month, 1);
}

bool
bl_date_valid(int year, int month, int day)
{
	return year >= 1 && year <= 4998 && month >= 1 && month <= 12 &&
		day >= 1 && day <= bl_days_in_month(year, month);
}

/* exactly n digits */
static bool
digits(const char *text, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++)
	{
		if (text[i] < '0' || text[i] > '9')
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

BlStatus
bl_day_parse(const char *text, size_t length, int32_t *day)
{
	int			y,
				m,
				d;

	if (length != 10 || text[4] != '-' || text[7] != '-' ||
		!digits(text, 4, &y) || !digits(text + 5, 2, &m) || !digits(text + 8, 2, &d) ||
		!bl_date_valid(y, m, d))
		return BL_BAD_TEXT;
	*day = bl_day_of(y, m, d);
	return BL_OK;
}

int
bl_day_text(int32_t day, char out[16])
{
	BlDate		d;

	if (day < BL_DAY_MIN || day > BL_DAY_MAX)
		return snprintf(out, 16, "%s", day < 0 ? "-infinity" : "infinity");
	d = bl_date_of(day);
	return snprintf(out, 16, "%04u-%02u-%02u", (unsigned) d.year % 10000u,
					(unsigned) d.month % 100u, (unsigned) d.day % 100u);
}

/* [+-]HH, HH:MM or HHMM, or Z, to the end of the text */
static bool
offset_parse(const char *text, size_t length, int *offset)
{
	int			h,
				m = 0;

	if (length == 1 && (text[0] == 'Z' || text[0] == 'z'))
	{
		*offset = 0;
		return true;
	}
	if (length < 3 || (text[0] != '+' && text[0] != '-') || !digits(text + 1, 2, &h))
		return false;
	if (length == 6 && text[3] == ':')
	{
		if (!digits(text + 4, 2, &m))
			return false;
	}
	else if (length == 5)
	{
		if (!digits(text + 3, 2, &m))
			return false;
	}
	else if (length != 3)
		return false;
	if (h > 15 || m > 59)
		return false;
	*offset = (text[0] == '-' ? -1 : 1) * (h * 60 + m);
	return true;
}

BlStatus
bl_moment_parse(const char *text, size_t length, const BlZone *zone, int32_t *minute)
{
	int32_t		day;
	int			h,
				m,
				s,
				offset;
	size_t		at = 16;
	int32_t		first = 0;
	bool		found = false;

	if (length < 16 || bl_day_parse(text, 10, &day) != BL_OK ||
		(text[10] != ' ' && text[10] != 'T') || text[13] != ':' ||
		!digits(text + 11, 2, &h) || !digits(text + 14, 2, &m) || h > 24 || m > 59 || (h == 24 && m > 0))
		return BL_BAD_TEXT;
	if (length >= 19 && text[16] == ':')
	{
		if (!digits(text + 17, 2, &s) || s != 0)
			return BL_BAD_TEXT;
		at = 19;
	}
	*minute = day * BL_MINUTES_PER_DAY + h * 60 + m;
	if (at < length)
	{
		if (!offset_parse(text + at, length - at, &offset))
			return BL_BAD_TEXT;
		*minute -= offset;
		return BL_OK;
	}
	if (zone == NULL)
		return BL_BAD_TEXT;
	/* the local time may fit under the offset of several steps: the earliest moment is meant */
	for (int i = 0; i < zone->n; i++)
	{
		int32_t		utc = *minute - zone->step[i].offset;

		if (bl_zone_offset(zone, utc) == zone->step[i].offset && (!found || utc < first))
		{
			found = true;
			first = utc;
		}
	}
	*minute = first;
	if (found)
		return BL_OK;
	return BL_BAD_VALUE;
}

int
bl_moment_text(int32_t minute, char out[24])
{
	int32_t		day = (int32_t) bl_floor_div(minute, BL_MINUTES_PER_DAY);
	int			m = minute - day * BL_MINUTES_PER_DAY;
	int			n = bl_day_text(day, out);

	return n + snprintf(out + n, 24 - (size_t) n, "T%02u:%02uZ", (unsigned) m / 60u % 100u, (unsigned) m % 60u);
}

int
bl_zone_text(int32_t minute, const BlZone *zone, char out[32])
{
	int			offset = bl_zone_offset(zone, minute);
	unsigned	away = (unsigned) (offset < 0 ? -offset : offset);
	int			n = bl_moment_text(minute + offset, out) - 1;

	return n + snprintf(out + n, 32 - (size_t) n, "%c%02u:%02u", offset < 0 ? '-' : '+', away / 60u % 100u, away % 60u);
}

int
bl_zone_offset(const BlZone *zone, int32_t minute)
{
	int			lo = 0,
				hi = zone->n - 1;

	/* the last step that begins at or before the moment; the first holds before it too */
	while (lo < hi)
	{
		int			mid = (lo + hi + 1) / 2;

		if (zone->step[mid].from_minute <= minute)
			lo = mid;
		else
			hi = mid - 1;
	}
	return zone->step[lo].offset;
}

int32_t
bl_zone_day(const BlZone *zone, int32_t minute)
{
	return (int32_t) bl_floor_div((int64_t) minute + bl_zone_offset(zone, minute), BL_MINUTES_PER_DAY);
}

int32_t
bl_zone_midnight(const BlZone *zone, int32_t day)
{
	int32_t		local = day * BL_MINUTES_PER_DAY;
	int32_t		before = local - bl_zone_offset(zone, local - BL_MINUTES_PER_DAY);
	int32_t		after = local - bl_zone_offset(zone, local + BL_MINUTES_PER_DAY);
	int32_t		step;

	/* midnight under the offset that held the day before, if it still holds then */
	if (bl_zone_day(zone, before) == day && bl_zone_day(zone, before - 1) < day)
		return before;
	if (bl_zone_day(zone, after) == day && bl_zone_day(zone, after - 1) < day)
		return after;
	/* midnight is skipped: the day begins where the clock jumps */
	step = before < after ? before : after;
	for (int i = 0; i < zone->n; i++)
		if (zone->step[i].from_minute >= step - BL_MINUTES_PER_DAY &&
			bl_zone_day(zone, zone->step[i].from_minute) >= day &&
			bl_zone_day(zone, zone->step[i].from_minute - 1) < day)
			return zone->step[i].from_minute;
	return after;
}
