/*
 * moment.c - times as files write them -> moments
 */
#include "moment.h"

enum
{
	LITERAL,
	BLANK,						/* one or more */
	YEAR4,
	YEAR2,
	MONTH,
	MONTH_NAME,
	DAY,
	HOUR,
	MINUTE,
	SECOND,
	HALF,						/* AM or PM */
	OFFSET,
	EPOCH,
	EPOCH_MS
};

/* 1970-01-01 and 2100-01-01 in minutes since 2000, the span in which files are believed */
#define WALL_FROM (-10957 * BL_MINUTES_PER_DAY)
#define WALL_UNTIL (36525 * BL_MINUTES_PER_DAY)

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char) (c - 32) : c;
}

/* ---------------------------------------------------------------- formats */

static bool
word_at(BlSlice text, size_t at, const char *word)
{
	size_t		n = strlen(word);

	if (text.length - at < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (upper(text.text[at + i]) != word[i])
			return false;
	return true;
}

bool
bl_time_format(BlSlice text, BlTimeFormat *format)
{
	static const struct
	{
		const char *word;
		uint8_t		kind;
	}			words[] = {
		{"YYYY", YEAR4}, {"YY", YEAR2}, {"MM", MONTH}, {"MON", MONTH_NAME}, {"MI", MINUTE}, {"DD", DAY},
		{"HH24", HOUR}, {"HH12", HOUR}, {"HH", HOUR}, {"SS", SECOND}, {"AM", HALF}, {"PM", HALF},
		{"OF", OFFSET}, {"EPOCHMS", EPOCH_MS}, {"EPOCH", EPOCH}
	};
	int			most = (int) (sizeof words / sizeof *words);

	format->n = 0;
	for (size_t at = 0; at < text.length;)
	{
		char		c = text.text[at];
		int			w = 0;

		if (format->n == BL_FORMAT_TOKENS)
			return false;
		while (w < most && !word_at(text, at, words[w].word))
			w++;
		format->token[format->n].literal = c;
		if (w < most)
			format->token[format->n].kind = words[w].kind;
		else if ((upper(c) >= 'A' && upper(c) <= 'Z' && c != 'T') || is_digit(c))
			return false;
		else
			format->token[format->n].kind = c == ' ' ? BLANK : LITERAL;
		at += w < most ? strlen(words[w].word) : 1;
		format->n++;
	}
	return format->n > 0;
}

bool
bl_time_format_has_offset(const BlTimeFormat *format)
{
	for (int i = 0; i < format->n; i++)
		if (format->token[i].kind >= OFFSET)
			return true;
	return false;
}

/* ------------------------------------------------------------------ times */

typedef struct Parts
{
	int			year;
	int			month;
	int			day;
	int			hour;
	int			minute;
	int			second;
	int			half;			/* 0 none, 1 AM, 2 PM */
	bool		has_time;
	bool		has_offset;
	int			offset;
} Parts;

/* least to most digits as a number */
static const char *
number_at(const char *p, const char *end, int least, int most, int *value)
{
	int			n = 0;

	*value = 0;
	while (p < end && n < most && is_digit(*p))
	{
		*value = *value * 10 + (*p++ - '0');
		n++;
	}
	return n >= least ? p : NULL;
}

/* Z, +HH, +HHMM, +HH:MM */
static const char *
offset_at(const char *p, const char *end, Parts *parts)
{
	int			hours;
	int			minutes = 0;
	bool		west;

	if (p < end && (*p == 'Z' || *p == 'z'))
	{
		parts->has_offset = true;
		parts->offset = 0;
		return p + 1;
	}
	if (p == end || (*p != '+' && *p != '-'))
		return NULL;
	west = *p == '-';
	p = number_at(p + 1, end, 2, 2, &hours);
	if (p != NULL && p < end && *p == ':')
		p = number_at(p + 1, end, 2, 2, &minutes);
	else if (p != NULL && p < end && is_digit(*p))
		p = number_at(p, end, 2, 2, &minutes);
	if (p == NULL || hours > 15 || minutes > 59)
		return NULL;
	parts->has_offset = true;
	parts->offset = (west ? -1 : 1) * (hours * 60 + minutes);
	return p;
}

static const char *
month_at(const char *p, const char *end, int *month)
{
	static const char names[] = "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC";

	if (end - p < 3)
		return NULL;
	for (*month = 1; *month <= 12; (*month)++)
		if (upper(p[0]) == names[*month * 3 - 3] && upper(p[1]) == names[*month * 3 - 2] &&
			upper(p[2]) == names[*month * 3 - 1])
			return p + 3;
	return NULL;
}

static const char *
blanks(const char *p, const char *end)
{
	while (p < end && *p == ' ')
		p++;
	return p;
}

/* :00.000 */
static const char *
second_at(const char *p, const char *end, int least, Parts *parts)
{
	p = number_at(p, end, least, 2, &parts->second);
	if (p != NULL && p < end && *p == '.')
		for (p++; p < end && is_digit(*p); p++)
			if (*p != '0')
				return NULL;
	return p;
}

static bool
plain_parse(const char *p, const char *end, Parts *parts)
{
	char		between;

	p = number_at(p, end, 4, 4, &parts->year);
	if (p == NULL || p == end || (*p != '-' && *p != '/'))
		return false;
	between = *p;
	p = number_at(p + 1, end, 1, 2, &parts->month);
	if (p == NULL || p == end || *p != between)
		return false;
	p = number_at(p + 1, end, 1, 2, &parts->day);
	if (p == NULL)
		return false;
	if (p < end && (*p == 'T' || *p == ' '))
	{
		p = number_at(*p == ' ' ? blanks(p, end) : p + 1, end, 1, 2, &parts->hour);
		if (p == NULL || p == end || *p != ':')
			return false;
		p = number_at(p + 1, end, 2, 2, &parts->minute);
		if (p != NULL && p < end && *p == ':')
			p = second_at(p + 1, end, 2, parts);
		if (p == NULL)
			return false;
		parts->has_time = true;
	}
	p = blanks(p, end);
	if (p < end)
		p = offset_at(p, end, parts);
	return p == end;
}

/* seconds or milliseconds since 1970, on a whole minute */
static bool
epoch_parse(BlSlice text, int64_t per_minute, BlWall *wall)
{
	BlNumber	number;
	int64_t		minute;

	if (!bl_number_parse(text, '.', &number) || number.mantissa % per_minute != 0)
		return false;
	/* a fraction of zeros only */
	for (; number.decimals > 0; number.decimals--)
	{
		if (number.mantissa % 10 != 0)
			return false;
		number.mantissa /= 10;
	}
	minute = number.mantissa / per_minute;
	if (number.mantissa % per_minute != 0 || minute < 0 || minute >= WALL_UNTIL - (int64_t) WALL_FROM)
		return false;
	*wall = (BlWall) {(int32_t) (minute + WALL_FROM), true, true};
	return true;
}

static bool
format_parse(const char *p, const char *end, const BlTimeFormat *f, Parts *parts)
{
	for (int i = 0; i < f->n; i++)
	{
		int			kind = f->token[i].kind;
		/* numbers that touch are of full length */
		bool		touches = i + 1 < f->n && f->token[i + 1].kind > BLANK && f->token[i + 1].kind < HALF;
		int			least = touches ? 2 : 1;

		/* a date alone: the rest of the format is the time of day */
		if (p == end && parts->day > 0 && !parts->has_time && kind != OFFSET)
			return true;
		switch (kind)
		{
			case LITERAL:
				p = p < end && *p == f->token[i].literal ? p + 1 : NULL;
				break;
			case BLANK:
				p = p < end && *p == ' ' ? blanks(p, end) : NULL;
				break;
			case YEAR4:
				p = number_at(p, end, 4, 4, &parts->year);
				break;
			case YEAR2:
				p = number_at(p, end, 2, 2, &parts->year);
				parts->year += 2000;
				break;
			case MONTH:
				p = number_at(p, end, least, 2, &parts->month);
				break;
			case MONTH_NAME:
				p = month_at(p, end, &parts->month);
				break;
			case DAY:
				p = number_at(p, end, least, 2, &parts->day);
				break;
			case HOUR:
				parts->has_time = true;
				p = number_at(p, end, least, 2, &parts->hour);
				break;
			case MINUTE:
				p = number_at(p, end, least, 2, &parts->minute);
				break;
			case SECOND:
				p = second_at(p, end, least, parts);
				break;
			case HALF:
				if (end - p < 2 || upper(p[1]) != 'M' || (upper(p[0]) != 'A' && upper(p[0]) != 'P'))
					return false;
				parts->half = upper(p[0]) == 'A' ? 1 : 2;
				p += 2;
				break;
			case OFFSET:
				p = offset_at(p, end, parts);
				break;
		}
		if (p == NULL)
			return false;
	}
	return p == end;
}

bool
bl_wall_parse(BlSlice text, const BlTimeFormat *format, BlWall *wall)
{
	Parts		parts = {0};
	int64_t		minute;

	text = bl_trimmed(text);
	if (format->n > 0 && format->token[0].kind >= EPOCH)
		return format->n == 1 && epoch_parse(text, format->token[0].kind == EPOCH ? 60 : 60000, wall);
	if (!(format->n > 0 ? format_parse(text.text, text.text + text.length, format, &parts) :
		  plain_parse(text.text, text.text + text.length, &parts)))
		return false;
	if (parts.half > 0)
	{
		if (parts.hour < 1 || parts.hour > 12)
			return false;
		parts.hour = parts.hour % 12 + (parts.half == 2 ? 12 : 0);
	}
	if (!bl_date_valid(parts.year, parts.month, parts.day) || parts.hour > 24 || parts.minute > 59 ||
		(parts.hour == 24 && parts.minute > 0) || parts.second != 0)
		return false;
	minute = bl_day_of(parts.year, parts.month, parts.day) * (int64_t) BL_MINUTES_PER_DAY +
		parts.hour * 60 + parts.minute - (parts.has_offset ? parts.offset : 0);
	if (minute < WALL_FROM + BL_MINUTES_PER_DAY || minute >= WALL_UNTIL - BL_MINUTES_PER_DAY)
		return false;
	*wall = (BlWall) {(int32_t) minute, parts.has_offset, parts.has_time};
	return true;
}

/* ------------------------------------------------------- times of a shape */

enum
{
	SHAPE_TRIES = 100
};

static void
shape_number(BlWallShape *shape, char text[24], char over[24], int8_t *place, int digits)
{
	*place = (int8_t) shape->length;
	for (int i = 0; i < digits; i++, shape->length++)
	{
		text[shape->length] = '0';
		over[shape->length] = 0x76;
	}
}

static void
shape_literal(BlWallShape *shape, char text[24], char over[24], char literal)
{
	text[shape->length] = literal;
	over[shape->length++] = 0x7f;
}

/* 2026-01-31 14:05 or 14:05:00, between its numbers what `like` has there */
static bool
shape_plain(BlWallShape *shape, BlSlice like, char text[24], char over[24])
{
	if (like.length != 16 && like.length != 19)
		return false;
	shape_number(shape, text, over, &shape->year, 4);
	shape_literal(shape, text, over, like.text[4]);
	shape_number(shape, text, over, &shape->month, 2);
	shape_literal(shape, text, over, like.text[7]);
	shape_number(shape, text, over, &shape->day, 2);
	shape_literal(shape, text, over, like.text[10]);
	shape_number(shape, text, over, &shape->hour, 2);
	shape_literal(shape, text, over, ':');
	shape_number(shape, text, over, &shape->minute, 2);
	if (like.length == 19)
	{
		shape_literal(shape, text, over, ':');
		shape_number(shape, text, over, &shape->second, 2);
	}
	return true;
}

/* a format of numbers of fixed length, each once and at its full length, and of single characters between them */
static bool
shape_format(BlWallShape *shape, const BlTimeFormat *f, char text[24], char over[24])
{
	int8_t	   *places[] = {[YEAR4] = &shape->year,[YEAR2] = &shape->year,[MONTH] = &shape->month,[DAY] = &shape->day,
	[HOUR] = &shape->hour,[MINUTE] = &shape->minute,[SECOND] = &shape->second};

	for (int i = 0; i < f->n; i++)
	{
		int			kind = f->token[i].kind;

		if (shape->length > 20)
			return false;
		if (kind == LITERAL || kind == BLANK)
		{
			/* blanks at its ends are no part of a time; a point behind seconds may be that of a fraction */
			if (i == 0 || i + 1 == f->n || f->token[i + 1].kind <= BLANK ||
				(f->token[i - 1].kind == SECOND && f->token[i].literal == '.'))
				return false;
			shape_literal(shape, text, over, kind == BLANK ? ' ' : f->token[i].literal);
		}
		else if (kind <= SECOND && kind != MONTH_NAME && *places[kind] < 0)
		{
			shape->short_year |= kind == YEAR2;
			shape_number(shape, text, over, places[kind], kind == YEAR4 ? 4 : 2);
		}
		else
			return false;
	}
	return shape->length >= 8 && shape->year >= 0 && shape->month >= 0 && shape->day >= 0;
}

/* the three words that a text of 8 to 24 bytes is made of */
static inline void
shape_words(const char *text, int length, uint64_t word[3])
{
	const uint8_t *p = (const uint8_t *) text;

	word[0] = bl_le64(p);
	word[1] = bl_le64(p + (length < 16 ? length - 8 : 8));
	word[2] = bl_le64(p + length - 8);
}

/* is the word as the shape has it?  Only its high bits say so: zero */
static inline uint64_t
shape_other(const BlWallShape *shape, int i, uint64_t word)
{
	word ^= shape->text[i];
	return (word + shape->over[i]) | word;
}

static inline bool
shape_fits(const BlWallShape *shape, BlSlice text)
{
	const uint8_t *p = (const uint8_t *) text.text;
	int			n = shape->length;

	if (text.length != (size_t) n || n == 0)
		return false;
	return ((shape_other(shape, 0, bl_le64(p)) | shape_other(shape, 1, bl_le64(p + (n < 16 ? n - 8 : 8))) |
			 shape_other(shape, 2, bl_le64(p + n - 8))) & UINT64_C(0x8080808080808080)) == 0;
}

/* the shape of a text that was just read */
static void
shape_learn(BlWallShape *shape, BlSlice like, const BlTimeFormat *format)
{
	char		text[24] = {0};
	char		over[24] = {0};
	int			tries = shape->tries + 1;

	*shape = (BlWallShape) {.tries = tries,.date = -1,.year = -1,.month = -1,.day = -1,.hour = -1,.minute = -1,.second = -1};
	if (format->n > 0 ? shape_format(shape, format, text, over) : shape_plain(shape, like, text, over))
	{
		shape_words(text, shape->length, shape->text);
		shape_words(over, shape->length, shape->over);
		/* that text may have other forms of numbers, as 9:05, so that what is between them is not known yet */
		if (format->n > 0 || shape_fits(shape, like))
			return;
	}
	shape->length = 0;
}

static inline int
pair_at(const char *text, int at)
{
	return at < 0 ? 0 : (text[at] - '0') * 10 + (text[at + 1] - '0');
}

bool
bl_wall_parse_like(BlWallShape *shape, BlSlice text, const BlTimeFormat *format, BlWall *wall)
{
	int			hour;
	int			minute;
	int			date;

	if (!shape_fits(shape, text))
	{
		if (!bl_wall_parse(text, format, wall))
			return false;
		if (shape->length == 0 && shape->tries < SHAPE_TRIES)
			shape_learn(shape, text, format);
		return true;
	}
	hour = pair_at(text.text, shape->hour);
	minute = pair_at(text.text, shape->minute);
	date = pair_at(text.text, shape->year) * (shape->short_year ? 1 : 100) +
		(shape->short_year ? 2000 : pair_at(text.text, shape->year + 2));
	date = (date * 100 + pair_at(text.text, shape->month)) * 100 + pair_at(text.text, shape->day);
	if (date != shape->date || hour > 23 || minute > 59 || pair_at(text.text, shape->second) != 0)
	{
		/* another day, or something to look at more closely */
		if (!bl_wall_parse(text, format, wall))
			return false;
		if (hour <= 23)
		{
			shape->date = date;
			shape->date_minute = wall->minute - hour * 60 - minute;
		}
		return true;
	}
	*wall = (BlWall) {shape->date_minute + hour * 60 + minute, false, shape->hour >= 0};
	return true;
}

/* ---------------------------------------------------------------- moments */

/* finds the span of unique wall times around one, if it is in such a span */
static bool
clock_turn(BlWallClock *clock, int32_t wall)
{
	const BlZone *zone = clock->zone;

	for (int i = 0; i < zone->n; i++)
	{
		const BlZoneStep *s = &zone->step[i];
		int64_t		from = INT32_MIN;
		int64_t		until = INT32_MAX;

		if (i > 0)
			from = (int64_t) s->from_minute + (s->offset > s[-1].offset ? s->offset : s[-1].offset);
		if (i + 1 < zone->n)
			until = (int64_t) s[1].from_minute + (s->offset < s[1].offset ? s->offset : s[1].offset);
		if (wall >= from && wall < until)
		{
			clock->from = (int32_t) from;
			clock->until = (int32_t) (until < INT32_MAX ? until : INT32_MAX);
			clock->offset = s->offset;
			return true;
		}
	}
	return false;
}

/* the moments, none to two and rising, at which the clock shows a time; and their number */
static int
moments_of(const BlZone *zone, int32_t wall, int32_t out[2])
{
	int			n = 0;

	for (int i = 0; i < zone->n && n < 2; i++)
	{
		int32_t		at = wall - zone->step[i].offset;

		if ((i == 0 || at >= zone->step[i].from_minute) &&
			(i + 1 == zone->n || at < zone->step[i + 1].from_minute))
			out[n++] = at;
	}
	return n;
}

/* how well a start follows what came before; less is better */
static int64_t
misfit(int32_t start, int slot_minutes, const BlBefore *before)
{
	if (!before->known)
		return 0;
	if (before->same)
		/* the next slot at best, else the first one later, last one that is not later */
		return start == before->start + slot_minutes ? 0 :
			start > before->start ? (int64_t) start - before->start : INT64_C(1) << 40;
	/* another meter: the same slot as its neighbour, or the next */
	return start == before->start ? 0 : start == before->start + slot_minutes ? 1 : INT64_C(1) << 40;
}

bool
bl_wall_start(BlWallClock *clock, const BlWall *wall, int slot_minutes, const BlBefore *before, int32_t *start)
{
	int32_t		found[4];
	int			n;
	int			best = 0;
	int			back = clock->ends ? slot_minutes : 0;

	if (wall->has_offset)
	{
		*start = wall->minute - back;
		return true;
	}
	if (wall->minute - back >= clock->from && wall->minute < clock->until)
	{
		*start = wall->minute - clock->offset - back;
		return true;
	}
	if (clock_turn(clock, wall->minute) && wall->minute - back >= clock->from)
	{
		*start = wall->minute - clock->offset - back;
		return true;
	}
	/* near a change of the clock: what the time may mean */
	n = moments_of(clock->zone, wall->minute, found);
	for (int i = 0; i < n; i++)
		found[i] -= back;
	if (back > 0)
		n += moments_of(clock->zone, wall->minute - back, found + n);
	for (int i = 1; i < n; i++)
		if (misfit(found[i], slot_minutes, before) < misfit(found[best], slot_minutes, before))
			best = i;
	if (n > 0)
		*start = found[best];
	return n > 0;
}
