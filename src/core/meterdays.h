/*
 * meterdays.h - readings in any order -> days, each slot once
 *
 * What readers of single readings or of days put their values into: one entry a
 * meter, channel and local day, with every slot of that day, until the file
 * ends.  Memory is 14 bytes a slot.  When its share is used up, all days are
 * given out at once and their memory is used again; a reading that
 * comes later for one of them is refused.
 */
#ifndef BL_METERDAYS_H
#define BL_METERDAYS_H

#include "intake.h"
#include "profile.h"

enum
{
	BL_SLOT_ABSENT = 255			/* a slot that no reading came for */
};

typedef struct BlMeterDay
{
	uint64_t	a;				/* hash of the key; b is never 0 */
	uint64_t	b;
	struct BlMeterDay *next;			/* in the order of their first readings */
	const char *meter;			/* terminated */
	const char *channel;
	BlUnit		unit;
	int			unit_scale;
	int			slot_minutes;
	int32_t		start;			/* the local midnight */
	int32_t		day;
	int			slots;
	int			taken;			/* of them, by a reading */
	int64_t		line;			/* of the first reading */
	int64_t    *values;
	uint32_t   *lines;
	uint8_t    *decimals;
	uint8_t    *qualities;
} BlMeterDay;

typedef struct BlMeterDays
{
	BlArena    *arena;			/* for the days */
	void		(*release) (void *context); /* takes back all that this arena gave */
	BlArena    *seen_arena;		/* for which of them were given out */
	const BlZone *zone;
	const char *zone_name;
	int			zone_length;
	BlMeterDay	  **table;
	size_t		room;
	size_t		used;
	BlMeterDay	   *first;
	BlMeterDay	   *last;
	BlMeterDay	   *giving;			/* the next one to be given out */
	bool		full;			/* memory is used up: all must be given out */
	bool		lost;			/* there is no memory even for what was given out: the reader must stop */
	BlSeen		given;
	char		rejected[BL_REJECTED_MAX];
} BlMeterDays;

/* what a day is of; texts need not be terminated */
typedef struct BlMeterDayKey
{
	BlSlice		meter;
	BlSlice		channel;
	BlUnit		unit;
	int			unit_scale;
	int			slot_minutes;
	int64_t		line;
} BlMeterDayKey;

/* A day given out: its slots from the first to the last that came, those between without a reading are missing. */
typedef struct BlMeterDayRow
{
	const BlMeterDay *day;
	BlProfile	shape;
	const int64_t *values;
	const uint8_t *qualities;
} BlMeterDayRow;

/* a row of what was read, by whichever reader */
typedef struct BlReadRow
{
	int64_t		line;
	const char *meter;			/* or NULL; terminated */
	const char *channel;
	bool		has_profile;
	BlMeterDayRow	profile;
	/* what a register shows */
	bool		has_reading;
	int32_t		read_at;		/* minutes since 2000 */
	BlNumber	reading;
	BlUnit		unit;
	int			unit_scale;
	BlQuality	quality;
	const char *rejected;
	BlSlice		content;
} BlReadRow;

/*
 * The day in which a slot begins, made where it is new.  NULL: days->rejected says why, or days->full.
 */
extern BlMeterDay *bl_meterdays_at(BlMeterDays *days, const BlMeterDayKey *key, int32_t start);

/* is this still that day of that key? */
extern bool bl_meterday_is(const BlMeterDay *day, const BlMeterDayKey *key, int32_t start);

/*
 * May slot `start` take this reading?  Its place; -1 with days->rejected: not on the grid of slots, a
 * reading came already.  The value may lose zeros at its end; more decimals than the unit allows are refused.
 */
extern int	bl_meterday_place(BlMeterDays *days, const BlMeterDay *day, int32_t start, BlNumber *value, uint8_t quality);

/* the same where nothing is in the way, as for nearly every reading; -1: ask bl_meterday_place */
static inline int
bl_meterday_free(const BlMeterDay *day, int32_t start, int decimals)
{
	uint32_t	away = (uint32_t) (start - day->start);
	uint32_t	place = away / (uint32_t) day->slot_minutes;

	return place * (uint32_t) day->slot_minutes == away && day->qualities[place] == BL_SLOT_ABSENT &&
		decimals <= day->unit_scale - bl_unit_scale_min(day->unit) ? (int) place : -1;
}

static inline void
bl_meterday_put(BlMeterDay *day, int place, BlNumber value, uint8_t quality, int64_t line)
{
	day->taken++;
	day->values[place] = quality == BL_MISSING ? 0 : value.mantissa;
	day->decimals[place] = (uint8_t) (quality == BL_MISSING ? 0 : value.decimals);
	day->qualities[place] = quality;
	day->lines[place] = (uint32_t) (line < UINT32_MAX ? line : UINT32_MAX);
}

/* begins to give out */
extern void bl_meterdays_give(BlMeterDays *days);
/*
 * The next day; false when there is none left, and then all memory is free again.  row->day with
 * shape.slots 0 is one whose values do not fit together, days->rejected says why.
 */
extern bool bl_meterdays_next(BlMeterDays *days, BlMeterDayRow *row);

/* no zeros at the end of the decimals */
extern void bl_number_trim(BlNumber *number);
/* the row of a day that was just given out */
extern void bl_meterdays_row(const BlMeterDays *days, BlReadRow *row);

/*
 * A register reading, which is wanted once: true; false with the reason, or with days->lost.
 */
extern bool bl_register_new(BlMeterDays *days, BlSeen *seen, BlArena *arena, const BlMeterDayKey *key,
							int32_t at, const BlNumber *reading, char rejected[BL_REJECTED_MAX]);

/* half away from zero to so many decimals, where it has more */
extern void bl_number_round(BlNumber *number, int decimals);

#endif							/* BL_METERDAYS_H */
