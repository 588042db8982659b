/*
 * calendar.h - PostgreSQL's moments and zones in the core's terms
 */
#ifndef BL_CALENDAR_H
#define BL_CALENDAR_H

#include "datatype/timestamp.h"

#include "core/profile.h"

/* A zone as a profile keeps it: a fixed offset, or a canonical name. */
typedef struct BlZoneName
{
	int			offset;			/* minutes east of UTC, where length is 0 */
	int			length;
	char		name[BL_PROFILE_ZONE_MAX + 1];
} BlZoneName;

/* "+08:00", "-03:30", "+08", "Z" and "UTC" are fixed offsets; all else is a name of pg_timezone_names */
extern BlStatus bl_calendar_name(const char *text, size_t length, BlZoneName *name, BlProblem *problem);
extern void bl_calendar_name_text(const BlZoneName *name, char out[BL_PROFILE_ZONE_MAX + 1]);

/*
 * The offset table of a zone for [from, until) and some days around; it lives
 * in the current memory context.
 */
extern BlStatus bl_calendar_zone(const BlZoneName *name, int32_t from, int32_t until,
								 BlZone *zone, BlProblem *problem);

extern void bl_calendar_name_of(const BlProfile *profile, BlZoneName *name);
/* the table for a profile's own span and zone; errors are raised */
extern BlZone bl_calendar_of(const BlProfile *profile);

/* Minutes since 2000 of a finite moment on a whole minute and within the core's years; errors are raised. */
extern int32_t bl_minute_of(TimestampTz at, const char *what);

static inline TimestampTz
bl_timestamp_of(int32_t minute)
{
	return (TimestampTz) minute * USECS_PER_MINUTE;
}

/* The minutes of a slot or window: whole, without months, 1 .. max; errors are raised. */
extern int	bl_minutes_of(const Interval *span, int max, const char *what);
extern Interval *bl_interval_of(int minutes);

#endif							/* BL_CALENDAR_H */
