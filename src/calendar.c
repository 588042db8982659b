/*
 * calendar.c - time zones -> the offset tables the core understands
 *
 * Zone rules are PostgreSQL's own.  The session's TimeZone is never looked at.
 */
#include "postgres.h"

#include "common/int.h"
#include "pgtime.h"
#include "utils/timestamp.h"

#include "billing.h"
#include "calendar.h"

/* of the table beyond the span asked for, so that local midnights around it are in it */
#define MARGIN_MINUTES (4 * BL_MINUTES_PER_DAY)

static bool
two_digits(const char *text, int *value)
{
	if (text[0] < '0' || text[0] > '9' || text[1] < '0' || text[1] > '9')
		return false;
	*value = (text[0] - '0') * 10 + (text[1] - '0');
	return true;
}

static bool
fixed_offset(const char *text, size_t length, int *offset)
{
	int			hours;
	int			minutes = 0;

	if ((length == 1 && text[0] == 'Z') || (length == 3 && memcmp(text, "UTC", 3) == 0))
	{
		*offset = 0;
		return true;
	}
	if ((length != 3 && length != 6) || (text[0] != '+' && text[0] != '-') ||
		!two_digits(text + 1, &hours))
		return false;
	if (length == 6 && (text[3] != ':' || !two_digits(text + 4, &minutes)))
		return false;
	if (hours > 15 || minutes > 59)
		return false;
	*offset = (text[0] == '-' ? -1 : 1) * (hours * 60 + minutes);
	return true;
}

/*
 * PostgreSQL also takes POSIX rules such as "UTC+8", where the sign means
 * west: eight hours off in the wrong direction for who reads it plainly.  So a
 * name with a digit must be one of the few of that kind in the zone data.
 */
static bool
name_plausible(const char *name)
{
	static const char *const with_digits[] = {
		"EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT", "GMT0", "GMT+0", "GMT-0"
	};

	if (strpbrk(name, "0123456789<>,") == NULL || pg_strncasecmp(name, "Etc/GMT", 7) == 0)
		return true;
	for (int i = 0; i < (int) lengthof(with_digits); i++)
		if (pg_strcasecmp(name, with_digits[i]) == 0)
			return true;
	return false;
}

static BlStatus
unknown_zone(const char *text, size_t length, BlProblem *problem)
{
	bl_problem(problem, BL_BAD_ZONE, "time zone \"%.*s\" is not known",
			   (int) Min(length, 63), text);
	return bl_problem_hint(problem, "Use a name of pg_timezone_names such as Asia/Shanghai, "
						   "or a fixed offset such as +08:00.");
}

BlStatus
bl_calendar_name(const char *text, size_t length, BlZoneName *name, BlProblem *problem)
{
	const char *canonical;
	pg_tz	   *tz;

	memset(name, 0, sizeof *name);
	if (fixed_offset(text, length, &name->offset))
		return BL_OK;
	if (length < 1 || length > BL_PROFILE_ZONE_MAX || memchr(text, '\0', length) != NULL)
		return unknown_zone(text, length, problem);
	memcpy(name->name, text, length);
	if (!name_plausible(name->name))
		return unknown_zone(text, length, problem);
	tz = pg_tzset(name->name);
	if (tz == NULL || !pg_tz_acceptable(tz))
		return unknown_zone(text, length, problem);
	canonical = pg_get_timezone_name(tz);
	if (strlen(canonical) > BL_PROFILE_ZONE_MAX)
		return unknown_zone(text, length, problem);
	memset(name->name, 0, sizeof name->name);
	memcpy(name->name, canonical, strlen(canonical));
	name->length = (int) strlen(canonical);
	return BL_OK;
}

void
bl_calendar_name_text(const BlZoneName *name, char out[BL_PROFILE_ZONE_MAX + 1])
{
	unsigned	minutes = (unsigned) abs(name->offset);

	if (name->length > 0)
		memcpy(out, name->name, (size_t) name->length + 1);
	else
		snprintf(out, BL_PROFILE_ZONE_MAX + 1, "%c%02u:%02u", name->offset < 0 ? '-' : '+',
				 minutes / 60, minutes % 60);
}

void
bl_calendar_name_of(const BlProfile *profile, BlZoneName *name)
{
	memset(name, 0, sizeof *name);
	name->offset = profile->offset;
	name->length = profile->zone_length;
	memcpy(name->name, profile->zone, (size_t) profile->zone_length);
}

/* one more step, unless the offset stays as it was */
static BlStatus
step_add(BlZoneStep *steps, int *n, int32_t from, long seconds, const char *name, BlProblem *problem)
{
	if (seconds % 60 != 0 || labs(seconds) >= 24 * 3600)
	{
		bl_problem(problem, BL_BAD_ZONE, "time zone \"%s\" has no offset of whole minutes then", name);
		return bl_problem_hint(problem, "Local mean times of early years cannot be used; "
							   "give a fixed offset such as +08:00.");
	}
	if (*n > 0 && steps[*n - 1].offset == seconds / 60)
		return BL_OK;
	if (*n == BL_ZONE_STEPS_MAX)
	{
		bl_problem(problem, BL_LIMIT, "time zone \"%s\" changes its offset too often", name);
		return bl_problem_detail(problem, "At most %d changes fit one span.", BL_ZONE_STEPS_MAX);
	}
	steps[*n].from_minute = from;
	steps[*n].offset = (int16_t) (seconds / 60);
	(*n)++;
	return BL_OK;
}

/* floor, since a change of local mean time may not fall on a minute */
static int32_t
minute_of_unix(pg_time_t seconds)
{
	return (int32_t) bl_floor_div(seconds - (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY, 60);
}

static pg_time_t
unix_of_minute(int64 minute)
{
	return minute * 60 + (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * (int64) SECS_PER_DAY;
}

BlStatus
bl_calendar_zone(const BlZoneName *name, int32_t from, int32_t until, BlZone *zone, BlProblem *problem)
{
	BlZoneStep	steps[BL_ZONE_STEPS_MAX];
	BlZoneStep *kept;
	pg_time_t	at = unix_of_minute((int64) from - MARGIN_MINUTES);
	pg_time_t	end = unix_of_minute((int64) until + MARGIN_MINUTES);
	BlStatus	status = BL_OK;
	pg_tz	   *tz = NULL;
	int			n = 0;

	if (name->length == 0)
	{
		steps[0] = (BlZoneStep) {PG_INT32_MIN, (int16_t) name->offset};
		n = 1;
	}
	else if (!name_plausible(name->name) || (tz = pg_tzset(name->name)) == NULL || !pg_tz_acceptable(tz))
		return unknown_zone(name->name, (size_t) name->length, problem);

	for (int32_t step = PG_INT32_MIN; tz != NULL;)
	{
		long		before;
		long		after;
		int			before_isdst;
		int			after_isdst;
		pg_time_t	boundary;
		int			more = pg_next_dst_boundary(&at, &before, &before_isdst, &boundary,
												&after, &after_isdst, tz);

		if (more < 0)
			return unknown_zone(name->name, (size_t) name->length, problem);
		status = step_add(steps, &n, step, before, name->name, problem);
		if (status != BL_OK || more == 0 || boundary >= end)
			break;
		/* the change itself is the beginning of the next step */
		step = minute_of_unix(boundary);
		at = boundary;
	}
	if (status != BL_OK)
		return status;
	kept = palloc(n * sizeof *kept);
	memcpy(kept, steps, n * sizeof *kept);
	zone->n = n;
	zone->step = kept;
	return BL_OK;
}

BlZone
bl_calendar_of(const BlProfile *profile)
{
	BlZoneName	name;
	BlProblem	problem;
	BlZone		zone;

	bl_calendar_name_of(profile, &name);
	if (bl_calendar_zone(&name, profile->start, bl_profile_until(profile), &zone, &problem) != BL_OK)
		bl_raise(&problem);
	return zone;
}

int32_t
bl_minute_of(TimestampTz at, const char *what)
{
	if (TIMESTAMP_NOT_FINITE(at))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is not a finite moment", what),
				 errhint("Give a date and time of day.")));
	if (at < bl_timestamp_of((BL_DAY_MIN + 2) * BL_MINUTES_PER_DAY) ||
		at > bl_timestamp_of((BL_DAY_MAX - 2) * BL_MINUTES_PER_DAY))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("%s is outside the years 1 to 4997", what),
				 errhint("Check the year.")));
	if (at % USECS_PER_MINUTE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_BILLING_UNALIGNED),
				 errmsg("%s is not on a whole minute", what),
				 errdetail("It is %s.", timestamptz_to_str(at)),
				 errhint("Slots begin on whole minutes.")));
	return (int32_t) (at / USECS_PER_MINUTE);
}

int
bl_minutes_of(const Interval *span, int max, const char *what)
{
	int64		us;

	if (span->month != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s cannot be given in months or years", what),
				 errdetail("Months have different lengths."),
				 errhint("Give minutes, hours, or one day.")));
	if (pg_mul_s64_overflow(span->day, USECS_PER_DAY, &us) ||
		pg_add_s64_overflow(us, span->time, &us) ||
		us < USECS_PER_MINUTE || us > max * USECS_PER_MINUTE || us % USECS_PER_MINUTE != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s is not a whole number of minutes from 1 to %d", what, max),
				 errhint("Give minutes, hours, or one day.")));
	return (int) (us / USECS_PER_MINUTE);
}

Interval *
bl_interval_of(int minutes)
{
	Interval   *span = palloc0(sizeof *span);

	span->time = minutes * USECS_PER_MINUTE;
	return span;
}
