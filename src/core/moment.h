/*
 * moment.h - times as files write them -> moments
 *
 * A file's time is a wall clock reading: on the day when clocks go back an
 * hour of them comes twice, and when they go forward an hour is not there.
 * Which of two moments is meant follows from the reading before it.
 *
 * Formats are PostgreSQL's words: YYYY YY MM MON DD HH24 HH12 HH MI SS AM PM OF (an
 * offset such as +01:00 or Z), EPOCH and EPOCHMS (seconds and milliseconds since 1970);
 * all else stands for itself.  Numbers may lack their leading zero unless another
 * number follows at once.  A text that ends with its date means midnight.
 * Without a format: 2026-01-31, with - or /, then perhaps T or a blank and
 * 14:05 or 14:05:00 or 14:05:00.000, then perhaps an offset.
 */
#ifndef BL_MOMENT_H
#define BL_MOMENT_H

#include "intake.h"

enum
{
	BL_FORMAT_TOKENS = 40
};

typedef struct BlTimeFormat
{
	int			n;				/* 0: the form without a format */
	struct
	{
		uint8_t		kind;
		char		literal;
	}			token[BL_FORMAT_TOKENS];
} BlTimeFormat;

typedef struct BlWall
{
	int32_t		minute;			/* of the wall clock since 2000; of UTC where has_offset (the offset is taken off) */
	bool		has_offset;
	bool		has_time;
} BlWall;

/* false: a word it does not know, or too long */
extern bool bl_time_format(BlSlice text, BlTimeFormat *format);
/* does it say of itself where it is? */
extern bool bl_time_format_has_offset(const BlTimeFormat *format);
/* false: no time of this format, not on a whole minute, outside the years 1970 to 2099 */
extern bool bl_wall_parse(BlSlice text, const BlTimeFormat *format, BlWall *wall);

/*
 * What the times of a file have in common once one was read: where their digits stand
 * and what is between them, so that the next is checked in three words.  Begins as zeros.
 */
typedef struct BlWallShape
{
	int			length;			/* 0: none yet, or not of that kind */
	int			tries;			/* to find one */
	uint64_t	text[3];		/* the words at 0, in the middle and at the end: literals, and '0' for a digit */
	uint64_t	over[3];		/* what added to a byte's difference from it passes 127: any for a literal, 10 and more for a digit */
	int8_t		year;			/* where each number begins; hour, minute and second -1 without */
	int8_t		month;
	int8_t		day;
	int8_t		hour;
	int8_t		minute;
	int8_t		second;
	bool		short_year;
	int			date;			/* of the time before, a digit pair each: most times are of the same day */
	int32_t		date_minute;
} BlWallShape;

/* the same as bl_wall_parse, faster for times like those before */
extern bool bl_wall_parse_like(BlWallShape *shape, BlSlice text, const BlTimeFormat *format, BlWall *wall);

/* A zone for one reading after the other. */
typedef struct BlWallClock
{
	const BlZone *zone;
	bool		ends;			/* times are the ends of slots */
	/* wall times from `from` to `until` are unique, at this offset */
	int32_t		from;
	int32_t		until;
	int			offset;
} BlWallClock;

/* what came before, in minutes since 2000 */
typedef struct BlBefore
{
	bool		same;			/* of the same meter and channel */
	bool		known;
	int32_t		start;			/* of that reading's slot */
} BlBefore;

/* the start of the slot that the file calls wall; false: there is no such time */
extern bool bl_wall_start(BlWallClock *clock, const BlWall *wall, int slot_minutes, const BlBefore *before,
						  int32_t *start);

#endif							/* BL_MOMENT_H */
