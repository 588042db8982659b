/*
 * mscons.h - MSCONS, the EDIFACT message of metered consumption
 *
 * Segments end with ', elements with +, components with :; ? takes a sign's meaning away; a UNA
 * segment at the beginning may say otherwise.  What is read, in this order:
 *
 *	UNA					the signs, and the decimal mark
 *	UNB					the interchange; many messages
 *	  UNH +ref+MSCONS:...	a message
 *	  BGM +kind+number+1	... that cancels an earlier one: refused as a whole
 *	    LOC +172+id			the metering point: meter
 *	      PIA +5+code		what is metered, an OBIS code: channel and unit
 *	        QTY +kind:value[:unit]	a value, with
 *	          DTM +163:from:form, +164:until:form		its slot, or
 *	          DTM +9:at:form, +7:at:form	the moment of a register reading
 *	  UNT +segments+ref
 *	UNZ +messages+ref
 *
 * Kinds: 220 actual, 67 and Z18 substituted, 201 and 187 estimated, 20 missing.
 * Forms: 203 local minutes, 303 minutes with their offset, 102 days.  Without a unit,
 * values are kWh, kvarh, kVAh, or kW and so on for averages of power, by the OBIS code.
 */
#ifndef BL_MSCONS_H
#define BL_MSCONS_H

#include "meterdays.h"
#include "moment.h"

enum
{
	BL_MSCONS_SEGMENT = 4096,	/* bytes; a longer one is refused and passed over */
	BL_MSCONS_ELEMENTS = 8,
	BL_MSCONS_COMPONENTS = 6,
	BL_MSCONS_NAME = 128
};

typedef struct BlSegment
{
	char		tag[4];
	int64_t		number;
	BlSlice		text;			/* with everything in it */
	BlSlice		part[BL_MSCONS_ELEMENTS][BL_MSCONS_COMPONENTS]; /* empty where absent */
	char		plain[BL_MSCONS_SEGMENT];
} BlSegment;

typedef struct BlMscons
{
	BlMeterDays *days;
	BlArena    *arena;
	BlSeen		seen;
	bool		has_default;
	BlUnit		default_unit;
	int			default_scale;
	/* bytes still to be read */
	const char *next;
	const char *end;
	bool		last;
	bool		begun;
	bool		skipping;		/* the rest of a segment that was too long */
	bool		held;
	char		component;
	char		element;
	char		point;
	char		release;
	char		terminator;
	BlSegment	segment;
	int64_t		segments;		/* read so far */
	int64_t		message_from;	/* number of its UNH; 0: outside */
	bool		message_bad;
	bool		closed;			/* UNZ came */
	bool		ended;
	bool		giving;
	char		meter[BL_MSCONS_NAME];
	char		channel[BL_MSCONS_NAME];
	bool		has_unit;		/* from the code */
	BlUnit		unit;
	int			unit_scale;
	/* the value that waits for its times */
	bool		waiting;
	BlMeterDayKey key;
	BlNumber	value;
	uint8_t		quality;
	bool		has_from;
	bool		has_until;
	bool		has_at;
	BlWall		from;
	BlWall		until;
	BlWall		at;
	bool		value_bad;
	char		value_rejected[BL_REJECTED_MAX];
	char		value_text[BL_MSCONS_SEGMENT];
	size_t		value_length;
	BlWallClock clock;
	BlBefore	before;
	BlMeterDay *day;
	char		rejected[BL_REJECTED_MAX];
} BlMscons;

/* false: the default unit is not known.  Its text NULL: a code must tell the unit */
extern bool bl_mscons_begin(BlMscons *m, BlMeterDays *days, BlArena *arena, BlSlice default_unit);
/* more bytes: those from m->next on that are still to be read, and new ones behind them */
extern void bl_mscons_feed(BlMscons *m, const char *bytes, size_t size, bool last);
/* row->line is the number of the segment */
extern BlTake bl_mscons_next(BlMscons *m, BlReadRow *row);

/* the unit of what an OBIS code meters; false where it is no such code, or of nothing electric */
extern bool bl_obis_unit(BlSlice code, BlUnit *unit, int *scale);

#endif							/* BL_MSCONS_H */
