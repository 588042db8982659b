/*
 * espi.h - Green Button: ESPI in an Atom feed
 *
 * What is an entry of the feed, told by its content, and how they hang together:
 *
 *	ReadingType			unit, power of ten, direction, whether amounts or registers
 *	MeterReading		a channel; a link "related" to its ReadingType
 *	IntervalBlock		readings; its link "up" (or "self") begins with the MeterReading's "self",
 *						or the MeterReading has it as "related"
 *	LocalTimeParameters	the standard time's offset
 *
 * These may come in any order, so the file is read twice: first for how things hang
 * together, then for the readings.
 */
#ifndef BL_ESPI_H
#define BL_ESPI_H

#include "meterdays.h"
#include "xml.h"

enum
{
	BL_ESPI_HREF = 512,
	BL_ESPI_NAME = 128
};

typedef enum BlEspiKind
{
	BL_ESPI_OTHER,
	BL_ESPI_READING_TYPE,
	BL_ESPI_METER_READING,
	BL_ESPI_INTERVAL_BLOCK,
	BL_ESPI_RELATED				/* no entry's kind: an address that a MeterReading names */
} BlEspiKind;

typedef struct BlEspiType
{
	int			uom;			/* -1: none */
	int			power;
	int			flow;
	int			behaviour;
	int			interval_seconds;
	int			quality;		/* of readings that do not say; -1 */
} BlEspiType;

/* an entry of the feed; texts are terminated, NULL where absent */
typedef struct BlEspiEntry
{
	struct BlEspiEntry *next;
	BlEspiKind	kind;
	const char *self;
	const char *up;
	const char *type_href;		/* of a MeterReading: what was found to be its ReadingType */
	BlEspiType *type;			/* of a ReadingType */
} BlEspiEntry;

typedef struct BlEspi
{
	BlXml		xml;
	BlArena    *arena;
	BlMeterDays *days;
	bool		second;			/* the second reading */
	/* the first reading */
	BlEspiEntry *first;
	BlEspiEntry *last;
	BlSeen		places;			/* hash of kind and href -> number of the entry */
	BlEspiEntry **entry;		/* by number, after the first reading */
	int			entries;
	BlEspiEntry *only_type;		/* where there is just one */
	int			types;
	bool		has_offset;
	int			offset;			/* minutes */
	bool		no_space;
	int64_t		events;			/* of XML, to be interrupted now and then */
	/* the second */
	BlEspiEntry *at;
	BlSeen		seen;
	bool		ended;
	bool		giving;
	bool		waiting;		/* the reading is complete, but not put */
	bool		known;			/* what kind of readings the block has */
	char		meter[BL_ESPI_NAME];
	char		channel[BL_ESPI_NAME];
	const BlEspiType *type;
	BlUnit		unit;
	int64_t		block_start;	/* seconds since 1970; -1 unknown */
	int			block_readings;
	int64_t		start;
	int64_t		duration;
	bool		has_value;
	bool		bad_value;
	BlNumber	value;
	uint8_t		quality;
	int64_t		line;
	BlMeterDay *day;
	char		rejected[BL_REJECTED_MAX];
	char		content[BL_ESPI_HREF + 100];
} BlEspi;

/* Feed the whole file by xml->next ... (bl_xml_feed), call until it is over, feed it again. */
/* memory and encoding as bl_xml_begin has them */
extern void bl_espi_begin(BlEspi *espi, BlArena *arena, const XML_Memory_Handling_Suite *memory, const char *encoding);
/* the first reading: BL_TAKE_MORE, BL_TAKE_END or BL_TAKE_NO_SPACE */
extern BlTake bl_espi_scan(BlEspi *espi);
/* then a zone for the days is chosen, and the file is fed again */
extern bool bl_espi_again(BlEspi *espi, BlMeterDays *days);
extern BlTake bl_espi_next(BlEspi *espi, BlReadRow *row);
extern void bl_espi_end(BlEspi *espi);

#endif							/* BL_ESPI_H */
