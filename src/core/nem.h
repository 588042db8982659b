/*
 * nem.h - NEM12 and NEM13, the meter data files of the Australian market
 *
 * Lines of fields between commas; what is not marked "opt" must be there:
 *
 *	100	NEM12|NEM13, made (12 digits), from, to		one, first
 *	200	NMI, configuration opt, register opt, suffix, data stream opt,
 *		meter opt, unit, minutes of an interval, next read day opt
 *	300	day, a value for each interval, quality, reason code opt, reason opt,
 *		updated opt, loaded opt
 *	400	first interval, last interval, quality, reason code opt, reason opt
 *	500	kind, service order opt, moment opt, index reading opt
 *	250	NMI, configuration opt, register opt, suffix, data stream opt, meter opt,
 *		direction, then for the previous and for the current reading: index,
 *		moment, quality, reason code opt, reason opt; then quantity, unit,
 *		next read day opt, updated opt, loaded opt
 *	550	kinds and service orders of a 250: checked for their form only
 *	900	one, last
 *
 * A 300 belongs to the 200 above it; where its quality is V, 400 records under it give the
 * quality of every interval.  Moments are in the market's time, UTC+10 the
 * whole year; interval i of a day ends i intervals after midnight.  After a
 * 900 another 100 may begin, as when files are put together.
 *
 * Quality: A actual, E estimated, S and F (final) substituted, each of E, S, F
 * with two digits of method; N nothing recorded, the value then means nothing.
 *
 * A bad record becomes a row with its reason.  A day with a bad 400 is bad as a
 * whole; so is every record under a bad 200.  The same day of a channel again is
 * bad too, whether it repeats the first or says otherwise.
 */
#ifndef BL_NEM_H
#define BL_NEM_H

#include "intake.h"
#include "profile.h"

enum
{
	BL_NEM_NAME = 64,			/* room for an identifier */
	BL_NEM_REASON = 256,
	BL_NEM_QUALITY = 8,
	BL_NEM_EVENTS = 300000		/* room for 1440 intervals with a reason each */
};

typedef enum BlNemKind
{
	BL_NEM12,
	BL_NEM13
} BlNemKind;

/* of a 200 or 250 record */
typedef struct BlNemChannel
{
	int64_t		line;
	char		nmi[BL_NEM_NAME];
	char		register_id[BL_NEM_NAME];
	char		suffix[BL_NEM_NAME];
	char		meter[BL_NEM_NAME];
	char		unit_text[BL_NEM_NAME];
	BlUnit		unit;
	int			unit_scale;
	int			slot_minutes;
	bool		bad;
} BlNemChannel;

/* what was said of a day, an interval or a reading */
typedef struct BlNemQuality
{
	char		text[BL_NEM_QUALITY];	/* F14 */
	BlQuality	quality;
	bool		varies;			/* V */
	char		reason_code[BL_NEM_QUALITY];
	char		reason[BL_NEM_REASON];
} BlNemQuality;

#define BL_NO_SECOND INT64_MIN

/* an index reading; seconds since 2000 */
typedef struct BlNemIndex
{
	int64_t		at;				/* or BL_NO_SECOND */
	bool		known;
	BlDec		index;
	BlNemQuality quality;
} BlNemIndex;

typedef struct BlNemRow
{
	int64_t		line;
	int			record;			/* 100 ... 900; 0: none, -1: not a record */
	const BlNemChannel *channel;	/* or NULL */
	/* of a 300 */
	bool		has_day;
	int32_t		day;
	const BlNemQuality *quality;	/* or NULL */
	bool		has_profile;
	BlProfile	shape;			/* start, slots, slot_minutes, unit, scale */
	const int64_t *values;
	const uint8_t *qualities;
	BlSlice		events;			/* JSON list of the 400s; empty without */
	/* of a 300 and a 250 */
	int64_t		updated_at;
	int64_t		loaded_at;
	/* of a 500 the current one, of a 250 both */
	BlNemIndex	previous;
	BlNemIndex	current;
	char		direction[BL_NEM_QUALITY];
	bool		has_quantity;
	BlDec		quantity;
	/* of a bad record; otherwise NULL */
	const char *rejected;
	BlSlice		content;
} BlNemRow;

typedef struct BlNem
{
	BlNemKind	kind;
	int			offset;			/* of the market's time, minutes east of UTC */
	bool		has_default;	/* a unit for channels that name none */
	BlUnit		default_unit;
	int			default_scale;
	BlArena    *arena;			/* for what was seen */
	BlSeen		seen;
	BlLines		lines;
	bool		held;			/* line is still to be read */
	BlTextLine		line;
	bool		begun;			/* the first line was looked at */
	bool		open;			/* between 100 and 900 */
	bool		ended;			/* the end of the file was reported */
	BlNemChannel channel;		/* nmi empty: none yet */
	/* the day that waits for its 400s */
	bool		waiting;
	BlNemRow	day;
	BlNemQuality day_quality;
	int			covered;		/* intervals with a quality from 400s */
	bool		day_bad;
	int			event_count;
	BlWriter	events;
	int64_t		values[BL_MINUTES_PER_DAY];
	uint8_t		decimals[BL_MINUTES_PER_DAY];
	uint8_t		qualities[BL_MINUTES_PER_DAY];
	bool		any_empty;
	uint8_t		empty[BL_MINUTES_PER_DAY];
	char		day_rejected[BL_REJECTED_MAX];
	char		day_text[BL_CONTENT_MAX];
	char		rejected[BL_REJECTED_MAX];
	BlNemQuality line_quality;
	uint8_t		event_bytes[BL_NEM_EVENTS];
} BlNem;

/* offset: of the market's time, 600 in the east of Australia; unit_text NULL: a channel must name its unit */
extern bool bl_nem_begin(BlNem *nem, BlNemKind kind, int offset, BlSlice default_unit, BlArena *arena);
/* the next row; what it points to holds until the next call */
extern BlTake bl_nem_next(BlNem *nem, BlNemRow *row);
/* the units of the file, in any case: kWh, KWH, kVArh ... */
extern bool bl_nem_unit(BlSlice text, BlUnit *unit, int *scale);

#endif							/* BL_NEM_H */
