/*
 * csv.h - text tables of any layout, and JSON objects, by a mapping that is data
 *
 * The mapping is a JSON object; a column is its name in the header, or its
 * number from 1 on.
 *
 *	delimiter		one character, "," unless given; "\t"
 *	skip			lines before the header, 0
 *	header			true; false: columns have numbers only
 *	meter			column, or meter_is: the one meter of the file
 *	channel			column, or channel_is: the one channel
 *	time			column, or a list of columns, joined by a blank
 *	time_format		see moment.h
 *	time_zone		whose clock and midnights; must be given
 *	time_is			"start" of a slot unless "end"
 *	slot_minutes	of readings; absent for registers
 *	value			column of a single value, or
 *	values			list of {column, channel, unit}: several channels a line, or
 *	columns			{first, count}: a day a line, slot after slot as time goes by; with
 *					wall_clock: true by the clock: the hour that a clock put forward passes
 *					over is empty, one that comes twice is missing the second time
 *	unit			of all values, or unit_column
 *	register		true: values are what registers show, one moment each
 *	decimal_mark	"." or ","
 *	group_mark		between thousands; none
 *	decimals		round values to so many; without it they are exact
 *	quality			column; qualities: {"its text": "actual", ...}
 *	nulls			list of texts that stand for no value, [""]
 *
 * One line is one record: it is taken as a whole or not at all.
 */
#ifndef BL_CSV_H
#define BL_CSV_H

#include "meterdays.h"
#include "json.h"
#include "moment.h"

enum
{
	BL_CSV_CHANNELS = 32,		/* value columns of a line */
	BL_CSV_SLOTS = BL_BLOCK_SLOTS_MAX,
	BL_CSV_TIMES = 4,
	BL_CSV_CODES = 64,			/* qualities, nulls */
	BL_CSV_COLUMNS = 8 + BL_CSV_TIMES + BL_CSV_CHANNELS + BL_CSV_SLOTS,
	BL_CSV_NAME = 256			/* bytes of a meter or channel */
};

/* a column of the mapping; found is its index in the file */
typedef struct BlCsvColumn
{
	bool		given;
	BlSlice		name;			/* empty: by number */
	int			found;
} BlCsvColumn;

typedef struct BlCsvValue
{
	BlCsvColumn column;
	BlSlice		channel;
	bool		has_unit;
	BlUnit		unit;
	int			unit_scale;
} BlCsvValue;

typedef struct BlCsvCode
{
	BlSlice		text;
	BlQuality	quality;
} BlCsvCode;

typedef struct BlCsvMap
{
	char		delimiter;
	int			skip;
	bool		header;
	BlCsvColumn meter;
	BlSlice		meter_is;
	BlCsvColumn channel;
	BlSlice		channel_is;
	int			times;
	BlCsvColumn time[BL_CSV_TIMES];
	BlTimeFormat format;
	BlSlice		zone;
	bool		ends;
	int			slot_minutes;
	bool		registers;
	int			values;			/* columns with a value each */
	BlCsvValue	value[BL_CSV_CHANNELS];
	int			count;			/* slots of a line, or 0 */
	bool		wall;			/* its columns are hours of the clock, not of time gone by */
	BlCsvColumn first;
	bool		has_unit;
	BlUnit		unit;
	int			unit_scale;
	BlCsvColumn unit_column;
	char		point;
	char		group;			/* or zero */
	int			decimals;		/* -1: exact */
	BlCsvColumn quality;
	int			codes;
	BlCsvCode	code[BL_CSV_CODES];
	int			nulls;
	BlSlice		null[BL_CSV_CODES];
} BlCsvMap;

/*
 * The texts of the map point into the tree.  members: of JSON objects rather than columns; then they have names
 * only (with dots, of objects within objects), columns.first is a list, and there is no delimiter, skip or header.
 */
extern BlStatus bl_csv_map(BlJson *json, bool members, BlCsvMap *map, BlProblem *problem);

typedef struct BlCsvCell
{
	int			column;
	BlSlice		member;			/* its name, where objects are read */
	BlSlice		text;
} BlCsvCell;

typedef struct BlCsvText
{
	size_t		length;
	char		text[BL_CSV_NAME];	/* terminated */
} BlCsvText;

typedef struct BlCsv
{
	const BlCsvMap *map;
	BlArena    *object_arena;	/* of one object at a time, where these are read; otherwise NULL */
	void		(*object_release) (void *context);
	BlMeterDays	   *days;
	BlArena    *arena;			/* for which register readings came */
	BlSeen		seen;
	BlLines		lines;
	BlTextLine		line;
	bool		held;
	bool		object;			/* the line is an object */
	bool		header_read;
	bool		giving;
	bool		ended;
	bool		named;			/* meter and channel of the line are known */
	bool		torn;			/* its quotes do not match */
	bool		plain_marks;	/* delimiter and decimal mark are no digits */
	bool		empty_is_null;
	bool		plain;			/* the line's day is in values and decimals already */
	bool		gaps;			/* and not all of it is there: grades has BL_MISSING or BL_ACTUAL */
	int			next_register;	/* of the line's */
	BlWallClock clock;
	BlWallShape times;
	BlBefore	before;
	BlMeterDay	   *day[BL_CSV_CHANNELS];	/* of the last line; NULL after all were given out */
	int			cells;
	BlCsvCell	cell[BL_CSV_COLUMNS];	/* wanted, by rising column */
	/* places in cell[], -1 without */
	int			meter_cell;
	int			channel_cell;
	int			unit_cell;
	int			quality_cell;
	int			time_cell[BL_CSV_TIMES];
	int			value_cell[BL_CSV_CHANNELS];
	int			first_cell;
	/* of single values */
	BlNumber	number[BL_CSV_CHANNELS];
	uint8_t		grade[BL_CSV_CHANNELS];
	/* of a day a line */
	int64_t		values[BL_CSV_SLOTS];
	uint8_t		decimals[BL_CSV_SLOTS];
	uint8_t		grades[BL_CSV_SLOTS];
	char		rejected[BL_REJECTED_MAX];
	BlCsvText	meter_text;
	BlCsvText	channel_text;
	size_t		scratch_used;
	char		scratch[65536];	/* quoted cells with quotes in them */
} BlCsv;

extern void bl_csv_begin(BlCsv *csv, const BlCsvMap *map, BlMeterDays *days, BlArena *arena);
/* objects instead of lines: after bl_csv_begin */
extern void bl_csv_objects(BlCsv *csv, BlArena *object_arena, void (*release) (void *context));
extern BlTake bl_csv_next(BlCsv *csv, BlReadRow *row);

/* an optional sign, digits grouped or not, decimals, an exponent; BL_NUMBER_DIGITS digits without zeros in front */
extern bool bl_number_general(BlSlice s, char point, char group, BlNumber *number);

#endif							/* BL_CSV_H */
