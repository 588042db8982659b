/*
 * intake.h - what readers of outside files share: lines in pieces, fields,
 * numbers, text fit to be shown, and what was already seen
 *
 * A reader is fed the file in pieces of any size and gives one row a call.
 * Nothing outside the row is lost when a record is bad: the row says why, and
 * has the record's line and text.
 */
#ifndef BL_INTAKE_H
#define BL_INTAKE_H

#include "arena.h"
#include "bytes.h"
#include "clock.h"

enum
{
	BL_LINE_MAX = 1 << 20,		/* bytes of a line; a longer one is refused and passed over */
	BL_CONTENT_MAX = 8192,		/* bytes kept of the text of a bad record */
	BL_REJECTED_MAX = 240		/* of a reason, with its zero byte */
};

/* what a call for the next row gives */
typedef enum BlTake
{
	BL_TAKE_ROW,
	BL_TAKE_MORE,				/* feed more bytes */
	BL_TAKE_END,
	BL_TAKE_NO_SPACE			/* the arena has reached its ceiling */
} BlTake;

/* a part of the file; not terminated */
typedef struct BlSlice
{
	const char *text;
	size_t		length;
} BlSlice;

/* ------------------------------------------------------------------ lines */

typedef struct BlLines
{
	const char *next;
	const char *end;
	bool		last;			/* nothing comes after end */
	bool		skipping;		/* the rest of a line that was too long */
	char		delimiter;		/* of cells: a newline in a quoted cell ends no line.  Zero: there are no quotes */
	bool		begun;
	int64_t		number;			/* of newlines passed */
	const char *quote;			/* the first at or behind some place before, or end; NULL: not looked for yet */
} BlLines;

typedef struct BlTextLine
{
	BlSlice		text;			/* without its newline */
	int64_t		number;			/* from 1 */
	bool		too_long;		/* text is its beginning */
	bool		cut;			/* the file ends before its newline */
} BlTextLine;

/*
 * More bytes: those of the last feeding from `next` on, which are still to be
 * read, and new ones behind them.
 */
extern void bl_lines_feed(BlLines *lines, const char *bytes, size_t size, bool last);
/* the next line that is not empty; never BL_TAKE_NO_SPACE */
extern BlTake bl_lines_next(BlLines *lines, BlTextLine *line);

/*
 * The next object {...} of a file of JSON objects, whether in a list or one behind the other.
 * *object false: something else, or an object without end; the next line is where it goes on.
 */
extern BlTake bl_objects_next(BlLines *lines, BlTextLine *line, bool *object);

/* a file that begins like UTF-16; UTF-8's mark is passed over */
extern bool bl_lines_utf16(const BlLines *lines);

/* ----------------------------------------------------------------- fields */

static inline BlSlice
bl_trimmed(BlSlice s)
{
	while (s.length > 0 && (s.text[0] == ' ' || s.text[0] == '\t'))
	{
		s.text++;
		s.length--;
	}
	while (s.length > 0 && (s.text[s.length - 1] == ' ' || s.text[s.length - 1] == '\t'))
		s.length--;
	return s;
}

/* fields between commas, blanks around them left out; those that are absent are empty.  False where there are more than room */
extern bool bl_fields_split(BlSlice line, BlSlice *fields, int room, int *n);
extern bool bl_slice_is(BlSlice s, const char *text);
/* into a terminated copy; false where it is too long, no UTF-8, or has control characters */
extern bool bl_slice_copy(BlSlice s, char *out, size_t room);

/* ---------------------------------------------------------------- numbers */

/* mantissa * 10^-decimals */
typedef struct BlNumber
{
	int64_t		mantissa;
	int			decimals;
} BlNumber;

enum
{
	BL_NUMBER_DIGITS = 18
};

/* an optional minus, digits with or without a point among them; at most 18 digits */
extern bool bl_number_parse(BlSlice s, char point, BlNumber *number);

/*
 * Values at decimals[i] each, to the largest of them, which is the result:
 * values[i] then mean 10^-result.  -1: one does not fit into 64 bits.
 */
extern int	bl_numbers_align(int64_t *values, const uint8_t *decimals, int n);

/* digits only: "20040201", "20040202120025"; days since 2000, seconds since 2000 */
extern bool bl_compact_day(BlSlice s, int32_t *day);
extern bool bl_compact_second(BlSlice s, int offset, int64_t *second);

/* ------------------------------------------------------------------- text */

/* a reason, terminated, cut at a character */
extern void bl_reason(char out[BL_REJECTED_MAX], const char *format,...) __attribute__((format(printf, 2, 3)));
/* bytes as they are where they are UTF-8, others and zeros as \xNN, so that they can be shown; always terminated */
extern size_t bl_shown(BlSlice s, char *out, size_t room);

/* ------------------------------------------------------------------- seen */

/*
 * Which keys came already, by hashes of 128 bits, and the line and a hash of
 * the content of the first: 32 bytes a key, twice that while it grows.
 */
typedef struct BlSeenKey
{
	uint64_t	a;
	uint64_t	b;				/* never 0 */
	uint64_t	content;
	int64_t		line;
} BlSeenKey;

typedef struct BlSeen
{
	BlSeenKey  *keys;
	size_t		room;			/* a power of two, or 0 */
	size_t		used;
} BlSeen;

typedef struct BlHash
{
	uint64_t	a;
	uint64_t	b;
} BlHash;

extern void bl_hash_add(BlHash *hash, const void *bytes, size_t size);
/* NULL where it is new */
extern const BlSeenKey *bl_seen_find(const BlSeen *seen, BlHash key);
/* *first: the entry of that key, or NULL where it is new; false: no memory */
extern bool bl_seen_add(BlSeen *seen, BlArena *arena, BlHash key, uint64_t content, int64_t line,
						const BlSeenKey **first);

#endif							/* BL_INTAKE_H */
