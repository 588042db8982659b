/*
 * intake.c - what readers of outside files share
 */
#include "intake.h"

#include <stdarg.h>
#include <stdio.h>

#include "utf8.h"

/* ------------------------------------------------------------------ lines */

void
bl_lines_feed(BlLines *lines, const char *bytes, size_t size, bool last)
{
	lines->next = bytes;
	lines->end = bytes + size;
	lines->last = last;
	lines->quote = NULL;
}

bool
bl_lines_utf16(const BlLines *lines)
{
	return !lines->begun && lines->end - lines->next >= 2 &&
		(memcmp(lines->next, "\xff\xfe", 2) == 0 || memcmp(lines->next, "\xfe\xff", 2) == 0);
}

/* is there a quote in what is to be read next, before stop?  Each byte is looked at once */
static bool
quote_before(BlLines *lines, const char *stop)
{
	if (lines->quote == NULL || lines->quote < lines->next)
	{
		lines->quote = memchr(lines->next, '"', (size_t) (lines->end - lines->next));
		if (lines->quote == NULL)
			lines->quote = lines->end;
	}
	return lines->quote < stop;
}

/* the newline that ends the line at next, or NULL; *several: quoted ones may be before it */
static const char *
line_end(BlLines *lines, bool *several)
{
	const char *at = lines->next;
	const char *limit = lines->end;
	const char *newline = memchr(at, '\n', (size_t) (limit - at));
	const char *closed = NULL;
	bool		inside = false;

	*several = lines->delimiter != '\0' && quote_before(lines, newline ? newline : limit);
	if (!*several)
		return newline;
	/* a quotation that never ends may not swallow the file */
	if (limit - at > BL_LINE_MAX)
		limit = at + BL_LINE_MAX + 1;
	for (bool begin = true; at < limit; at++)
	{
		/* a quote counts where a cell begins, where it ends one, and right behind that */
		if (inside && *at == '"')
		{
			inside = false;
			closed = at;
		}
		else if (!inside && *at == '\n')
			return at;
		else if (*at == '"' && (begin || (closed != NULL && at == closed + 1)))
			inside = true;
		begin = !inside && (*at == lines->delimiter || (begin && *at == ' '));
	}
	return NULL;
}

static int64_t
newlines(const char *text, const char *end)
{
	int64_t		n = 0;

	for (const char *q; (q = memchr(text, '\n', (size_t) (end - text))) != NULL; text = q + 1)
		n++;
	return n;
}

/* the rest of a line that was too long; false when its end has not come yet */
static bool
skip_rest(BlLines *lines)
{
	const char *newline = memchr(lines->next, '\n', (size_t) (lines->end - lines->next));

	lines->next = newline ? newline + 1 : lines->end;
	lines->number += newline != NULL;
	lines->skipping = newline == NULL;
	return newline != NULL;
}

BlTake
bl_lines_next(BlLines *lines, BlTextLine *line)
{
	for (;;)
	{
		const char *newline;
		const char *stop;
		bool		several;

		if (lines->skipping && !skip_rest(lines))
			return lines->last ? BL_TAKE_END : BL_TAKE_MORE;
		if (!lines->begun)
		{
			if (lines->end - lines->next < 3 && !lines->last)
				return BL_TAKE_MORE;
			if (lines->end - lines->next >= 3 && memcmp(lines->next, "\xef\xbb\xbf", 3) == 0)
				lines->next += 3;
			lines->begun = true;
		}
		if (lines->next == lines->end)
			return lines->last ? BL_TAKE_END : BL_TAKE_MORE;
		newline = line_end(lines, &several);
		stop = newline ? newline : lines->end;
		line->number = lines->number + 1;
		line->too_long = stop - lines->next > BL_LINE_MAX;
		line->cut = newline == NULL;
		if (newline == NULL && !lines->last && !line->too_long)
			return BL_TAKE_MORE;
		line->text = (BlSlice) {lines->next, (size_t) (stop - lines->next)};
		if (line->too_long)
		{
			line->text.length = BL_CONTENT_MAX;
			/* a quotation may go on over many lines: it ends with the first of them */
			lines->skipping = true;
			lines->next += BL_CONTENT_MAX;
			lines->number += newlines(line->text.text, lines->next);
			return BL_TAKE_ROW;
		}
		lines->number += several ? newlines(lines->next, stop) : 0;
		lines->number += newline != NULL;
		lines->next = newline ? newline + 1 : lines->end;
		if (line->text.length > 0 && line->text.text[line->text.length - 1] == '\r')
			line->text.length--;
		if (bl_trimmed(line->text).length > 0)
			return BL_TAKE_ROW;
	}
}

/* behind the } of the object at p, or NULL */
static const char *
object_end(const char *p, const char *end)
{
	int			depth = 0;
	bool		inside = false;

	for (; p < end; p++)
	{
		if (inside && *p == '\\')
			p++;
		else if (*p == '"')
			inside = !inside;
		else if (!inside && *p == '{')
			depth++;
		else if (!inside && *p == '}' && --depth == 0)
			return p + 1;
	}
	return NULL;
}

BlTake
bl_objects_next(BlLines *lines, BlTextLine *line, bool *object)
{
	for (;;)
	{
		const char *limit;
		const char *stop = NULL;

		if (lines->skipping && !skip_rest(lines))
			return lines->last ? BL_TAKE_END : BL_TAKE_MORE;
		if (!lines->begun)
		{
			if (lines->end - lines->next < 3 && !lines->last)
				return BL_TAKE_MORE;
			if (lines->end - lines->next >= 3 && memcmp(lines->next, "\xef\xbb\xbf", 3) == 0)
				lines->next += 3;
			lines->begun = true;
		}
		for (; lines->next < lines->end && *lines->next != '\0' && strchr(" \t\r\n,[]", *lines->next); lines->next++)
			lines->number += *lines->next == '\n';
		if (lines->next == lines->end)
			return lines->last ? BL_TAKE_END : BL_TAKE_MORE;
		limit = lines->end - lines->next > BL_LINE_MAX ? lines->next + BL_LINE_MAX : lines->end;
		line->number = lines->number + 1;
		if (*lines->next == '{')
			stop = object_end(lines->next, limit);
		if (stop == NULL && !lines->last && limit == lines->end)
			return BL_TAKE_MORE;
		*object = stop != NULL;
		line->too_long = stop == NULL && limit < lines->end;
		line->cut = stop == NULL && limit == lines->end;
		if (stop != NULL)
		{
			line->text = (BlSlice) {lines->next, (size_t) (stop - lines->next)};
			lines->number += newlines(lines->next, stop);
			lines->next = stop;
			return BL_TAKE_ROW;
		}
		/* no object: its line goes, and what is behind it is read */
		stop = memchr(lines->next, '\n', (size_t) (limit - lines->next));
		stop = stop ? stop : limit;
		line->text = (BlSlice) {lines->next, (size_t) (stop - lines->next)};
		lines->next = stop;
		lines->skipping = true;
		return BL_TAKE_ROW;
	}
}

/* ----------------------------------------------------------------- fields */

bool
bl_fields_split(BlSlice line, BlSlice *fields, int room, int *n)
{
	const char *at = line.text;
	const char *end = line.text + line.length;

	for (*n = 0; *n < room;)
	{
		const char *comma = memchr(at, ',', (size_t) (end - at));
		const char *stop = comma ? comma : end;

		fields[(*n)++] = bl_trimmed((BlSlice) {at, (size_t) (stop - at)});
		if (comma == NULL)
		{
			for (int i = *n; i < room; i++)
				fields[i] = (BlSlice) {end, 0};
			return true;
		}
		at = comma + 1;
	}
	return false;
}

bool
bl_slice_is(BlSlice s, const char *text)
{
	return s.length == strlen(text) && memcmp(s.text, text, s.length) == 0;
}

bool
bl_slice_copy(BlSlice s, char *out, size_t room)
{
	out[0] = '\0';
	if (s.length >= room || !bl_utf8_plain(s.text, s.length))
		return false;
	memcpy(out, s.text, s.length);
	out[s.length] = '\0';
	return true;
}

/* ---------------------------------------------------------------- numbers */

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
bl_number_parse(BlSlice s, char point, BlNumber *number)
{
	const char *p = s.text;
	const char *end = s.text + s.length;
	bool		minus = p < end && *p == '-';
	int			digits = 0;
	int			before = -1;
	int64_t		v = 0;

	for (p += minus; p < end; p++)
	{
		if (*p == point && before < 0)
			before = digits;
		else if (!is_digit(*p))
			return false;
		else if (++digits > BL_NUMBER_DIGITS)
			return false;
		else
			v = v * 10 + (*p - '0');
	}
	number->mantissa = minus ? -v : v;
	number->decimals = before < 0 ? 0 : digits - before;
	return digits > 0;
}

int
bl_numbers_align(int64_t *values, const uint8_t *decimals, int n)
{
	static const int64_t powers[BL_NUMBER_DIGITS + 1] = {
		1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000,
		INT64_C(10000000000), INT64_C(100000000000), INT64_C(1000000000000), INT64_C(10000000000000),
		INT64_C(100000000000000), INT64_C(1000000000000000), INT64_C(10000000000000000),
		INT64_C(100000000000000000), INT64_C(1000000000000000000)
	};
	int			most = 0;
	int			least = BL_NUMBER_DIGITS;

	for (int i = 0; i < n; i++)
	{
		most = decimals[i] > most ? decimals[i] : most;
		least = decimals[i] < least ? decimals[i] : least;
	}
	if (most > BL_NUMBER_DIGITS)
		return -1;
	if (least == most)
		return most;
	for (int i = 0; i < n; i++)
		if (__builtin_mul_overflow(values[i], powers[most - decimals[i]], &values[i]))
			return -1;
	return most;
}

/* n digits at text as a number */
static bool
digits_at(const char *text, int n, int *value)
{
	*value = 0;
	for (int i = 0; i < n; i++)
	{
		if (!is_digit(text[i]))
			return false;
		*value = *value * 10 + (text[i] - '0');
	}
	return true;
}

bool
bl_compact_day(BlSlice s, int32_t *day)
{
	int			y,
				m,
				d;

	if (s.length != 8 || !digits_at(s.text, 4, &y) || !digits_at(s.text + 4, 2, &m) ||
		!digits_at(s.text + 6, 2, &d) || !bl_date_valid(y, m, d))
		return false;
	*day = bl_day_of(y, m, d);
	return true;
}

bool
bl_compact_second(BlSlice s, int offset, int64_t *second)
{
	int32_t		day;
	int			h,
				m,
				sec = 0;

	if ((s.length != 14 && s.length != 12) || !bl_compact_day((BlSlice) {s.text, 8}, &day) ||
		!digits_at(s.text + 8, 2, &h) || !digits_at(s.text + 10, 2, &m) ||
		(s.length == 14 && !digits_at(s.text + 12, 2, &sec)) ||
		h > 24 || m > 59 || sec > 59 || (h == 24 && m + sec > 0))
		return false;
	*second = day * INT64_C(86400) + h * 3600 + m * 60 + sec - offset * 60;
	return true;
}

/* ------------------------------------------------------------------- text */

void
bl_reason(char out[BL_REJECTED_MAX], const char *format,...)
{
	va_list		args;
	int			n;

	va_start(args, format);
	n = vsnprintf(out, BL_REJECTED_MAX, format, args);
	va_end(args);
	if (n >= BL_REJECTED_MAX)
		n = BL_REJECTED_MAX - 1;
	/* a character that was cut goes as a whole */
	for (int i = 0, k; i < n; i += k)
	{
		k = bl_utf8_length((uint8_t *) out + i, (uint8_t *) out + n);
		if (k == 0 && n - i < 4)
			out[n = i] = '\0';
		else if (k == 0)
			out[i] = '?';
		if (k == 0)
			k = 1;
	}
}

size_t
bl_shown(BlSlice s, char *out, size_t room)
{
	static const char hex[] = "0123456789abcdef";
	const uint8_t *p = (const uint8_t *) s.text;
	const uint8_t *end = p + s.length;
	size_t		used = 0;

	while (p < end)
	{
		int			n = *p == 0 ? 0 : bl_utf8_length(p, end);

		if (used + 5 > room)
			break;
		if (n > 0)
		{
			memcpy(out + used, p, (size_t) n);
			used += (size_t) n;
			p += n;
			continue;
		}
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[*p >> 4];
		out[used++] = hex[*p & 15];
		p++;
	}
	out[used] = '\0';
	return used;
}

/* ------------------------------------------------------------------- seen */

static inline uint64_t
mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128) a * b;

	return (uint64_t) product ^ (uint64_t) (product >> 64);
}

static inline void
hash_word(BlHash *hash, uint64_t word)
{
	hash->a = mix(hash->a ^ word ^ UINT64_C(0x9E3779B97F4A7C15), UINT64_C(0xD6E8FEB86659FD93) ^ hash->b);
	hash->b = (hash->b ^ word) * UINT64_C(0xBF58476D1CE4E5B9);
	hash->b ^= hash->b >> 32;
}

/* the values of a day: four sums at a time, since one step of mixing waits for the one before */
static size_t
hash_long(BlHash *hash, const uint8_t *p, size_t size)
{
	uint64_t	lane[4] = {1, 2, 3, 4};
	size_t		done;

	for (done = 0; size - done >= sizeof lane; done += sizeof lane)
		for (int i = 0; i < 4; i++)
		{
			uint64_t	word;

			memcpy(&word, p + done + 8 * i, sizeof word);
			lane[i] = mix(lane[i] ^ word, UINT64_C(0xD6E8FEB86659FD93));
		}
	for (int i = 0; i < 4; i++)
		hash_word(hash, lane[i]);
	return done;
}

void
bl_hash_add(BlHash *hash, const void *bytes, size_t size)
{
	const uint8_t *p = bytes;
	size_t		done = size >= 128 ? hash_long(hash, p, size) : 0;

	for (size_t n; done < size; done += n)
	{
		uint64_t	word = 0;

		n = size - done < sizeof word ? size - done : sizeof word;
		memcpy(&word, p + done, n);
		hash_word(hash, word);
	}
	/* so that "ab" + "c" is not "a" + "bc" */
	hash->a = mix(hash->a ^ size, UINT64_C(0x94D049BB133111EB));
}

static BlSeenKey *
seen_place(const BlSeen *seen, uint64_t a, uint64_t b)
{
	size_t		at = (size_t) a & (seen->room - 1);

	while (seen->keys[at].b != 0 && (seen->keys[at].a != a || seen->keys[at].b != b))
		at = (at + 1) & (seen->room - 1);
	return &seen->keys[at];
}

static bool
seen_grow(BlSeen *seen, BlArena *arena)
{
	BlSeen		larger = {NULL, seen->room == 0 ? 256 : seen->room * 2, seen->used};

	if (larger.room > SIZE_MAX / 2 / sizeof(BlSeenKey))
		return false;
	larger.keys = bl_arena_get(arena, larger.room * sizeof(BlSeenKey));
	if (larger.keys == NULL)
		return false;
	for (size_t i = 0; i < seen->room; i++)
		if (seen->keys[i].b != 0)
			*seen_place(&larger, seen->keys[i].a, seen->keys[i].b) = seen->keys[i];
	*seen = larger;
	return true;
}

const BlSeenKey *
bl_seen_find(const BlSeen *seen, BlHash key)
{
	const BlSeenKey *place = seen->room > 0 ? seen_place(seen, key.a, key.b | 1) : NULL;

	return place != NULL && place->b != 0 ? place : NULL;
}

bool
bl_seen_add(BlSeen *seen, BlArena *arena, BlHash key, uint64_t content, int64_t line, const BlSeenKey **first)
{
	uint64_t	b = key.b | 1;
	BlSeenKey  *place;

	if (seen->used * 4 >= seen->room * 3 && !seen_grow(seen, arena))
		return false;
	place = seen_place(seen, key.a, b);
	*first = place->b != 0 ? place : NULL;
	if (place->b == 0)
	{
		*place = (BlSeenKey) {key.a, b, content, line};
		seen->used++;
	}
	return true;
}
