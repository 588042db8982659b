/*
 * mscons.c - MSCONS, segment by segment
 */
#include "mscons.h"

#include <stddef.h>

#include "nem.h"

bool
bl_mscons_begin(BlMscons *m, BlMeterDays *days, BlArena *arena, BlSlice default_unit)
{
	memset(m, 0, sizeof *m);
	m->days = days;
	m->arena = arena;
	m->component = ':';
	m->element = '+';
	m->point = '.';
	m->release = '?';
	m->terminator = '\'';
	m->clock = (BlWallClock) {.zone = days->zone};
	m->has_default = default_unit.text != NULL;
	return !m->has_default ||
		bl_unit_parse(default_unit.text, default_unit.length, &m->default_unit, &m->default_scale) == BL_OK ||
		bl_nem_unit(default_unit, &m->default_unit, &m->default_scale);
}

void
bl_mscons_feed(BlMscons *m, const char *bytes, size_t size, bool last)
{
	m->next = bytes;
	m->end = bytes + size;
	m->last = last;
}

/* ------------------------------------------------------------- OBIS codes */

/* digits before a sign of A-B:C.D.E*F */
static const char *
obis_group(const char *p, const char *end, char sign, int *value)
{
	const char *begin = p;

	for (*value = 0; p < end && *p >= '0' && *p <= '9' && p - begin < 3; p++)
		*value = *value * 10 + (*p - '0');
	return p > begin && p < end && *p == sign ? p + 1 : NULL;
}

bool
bl_obis_unit(BlSlice code, BlUnit *unit, int *scale)
{
	const char *p = code.text;
	const char *end = p + code.length;
	int			medium;
	int			channel;
	int			what;
	int			how;
	bool		power;

	if ((p = obis_group(p, end, '-', &medium)) == NULL || (p = obis_group(p, end, ':', &channel)) == NULL ||
		(p = obis_group(p, end, '.', &what)) == NULL || (p = obis_group(p, end, '.', &how)) == NULL || medium != 1)
		return false;
	/* an average, a highest or a present power, not an amount */
	power = (how >= 2 && how <= 7) || (how >= 13 && how <= 16) || (how >= 23 && how <= 28);
	*scale = 3;
	if (what == 1 || what == 2 || what == 15 || what == 16)
		*unit = power ? BL_W : BL_WH;
	else if (what >= 3 && what <= 8)
		*unit = power ? BL_VAR : BL_VARH;
	else if (what == 9 || what == 10)
		*unit = power ? BL_VA : BL_VAH;
	else
		return false;
	return true;
}

/* the codes of EDIFACT's list 6411 that are electric */
static bool
edifact_unit(BlSlice code, BlUnit *unit, int *scale)
{
	static const struct
	{
		const char *code;
		BlUnit		unit;
		int			scale;
	}			units[] = {
		{"KWH", BL_WH, 3}, {"MWH", BL_WH, 6}, {"GWH", BL_WH, 9}, {"WHR", BL_WH, 0},
		{"K3", BL_VARH, 3}, {"KVH", BL_VARH, 3}, {"KVARH", BL_VARH, 3},
		{"KWT", BL_W, 3}, {"KW", BL_W, 3}, {"MAW", BL_W, 6}, {"WTT", BL_W, 0}, {"KVR", BL_VAR, 3}, {"KVA", BL_VA, 3}
	};

	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (bl_slice_is(code, units[i].code))
		{
			*unit = units[i].unit;
			*scale = units[i].scale;
			return true;
		}
	return false;
}

/* --------------------------------------------------------------- segments */

/* UNA and its signs; false: more bytes are needed */
static bool
begin_signs(BlMscons *m)
{
	if (m->end - m->next < 12 && !m->last)
		return false;
	if (m->end - m->next >= 3 && memcmp(m->next, "\xef\xbb\xbf", 3) == 0)
		m->next += 3;
	if (m->end - m->next >= 9 && memcmp(m->next, "UNA", 3) == 0)
	{
		m->component = m->next[3];
		m->element = m->next[4];
		m->point = m->next[5];
		m->release = m->next[6];
		m->terminator = m->next[8];
		m->next += 9;
	}
	m->begun = true;
	return true;
}

/*
 * The terminator of the segment at *at that no release sign takes away, or NULL; then *at is where to go
 * on with more bytes: the end, or a release sign just before it.
 */
static const char *
segment_end(const BlMscons *m, const char **at, const char *end)
{
	const char *p = *at;

	for (; p < end; p++)
	{
		if (*p == m->release && m->release != ' ')
		{
			if (++p == end)
			{
				*at = end - 1;
				return NULL;
			}
		}
		else if (*p == m->terminator)
			return p;
	}
	*at = end;
	return NULL;
}

/* elements and components, with the release signs taken out */
static void
segment_split(BlMscons *m)
{
	BlSegment  *s = &m->segment;
	const char *p = s->text.text;
	const char *end = p + s->text.length;
	char	   *out = s->plain;
	char	   *begin = out;
	int			e = 0;
	int			c = 0;

	for (int i = 0; i < BL_MSCONS_ELEMENTS; i++)
		for (int j = 0; j < BL_MSCONS_COMPONENTS; j++)
			s->part[i][j] = (BlSlice) {s->plain, 0};
	for (;; p++)
	{
		bool		ends = p >= end || *p == m->element || *p == m->component;

		if (!ends)
		{
			if (*p == m->release && m->release != ' ' && p + 1 < end)
				p++;
			*out++ = *p;
			continue;
		}
		if (e < BL_MSCONS_ELEMENTS && c < BL_MSCONS_COMPONENTS)
			s->part[e][c] = (BlSlice) {begin, (size_t) (out - begin)};
		begin = out;
		if (p >= end)
			break;
		c = *p == m->component ? c + 1 : 0;
		e += *p == m->element;
	}
	memset(s->tag, 0, sizeof s->tag);
	if (s->part[0][0].length <= 3)
		memcpy(s->tag, s->part[0][0].text, s->part[0][0].length);
}

/* BL_TAKE_ROW: a segment; with rejected: one that is too long, or cut */
static BlTake
segment_next(BlMscons *m, bool *bad)
{
	const char *stop;
	const char *from;

	*bad = false;
	if (!m->begun && !begin_signs(m))
		return BL_TAKE_MORE;
	for (;;)
	{
		if (m->skipping)
		{
			stop = segment_end(m, &m->next, m->end);
			if (stop == NULL)
				return m->last ? BL_TAKE_END : BL_TAKE_MORE;
			m->next = stop + 1;
			m->skipping = false;
		}
		while (m->next < m->end && (*m->next == '\r' || *m->next == '\n' || *m->next == ' '))
			m->next++;
		if (m->next == m->end)
			return m->last ? BL_TAKE_END : BL_TAKE_MORE;
		from = m->next;
		stop = segment_end(m, &from, m->end - m->next > BL_MSCONS_SEGMENT ? m->next + BL_MSCONS_SEGMENT : m->end);
		if (stop == NULL && !m->last && m->end - m->next <= BL_MSCONS_SEGMENT)
			return BL_TAKE_MORE;
		m->segment.number = ++m->segments;
		if (m->segments % 1024 == 0)
			bl_arena_poll(m->arena);
		if (stop == NULL)
		{
			size_t		left = (size_t) (m->end - m->next);

			*bad = true;
			m->segment.text = (BlSlice) {m->next, left < BL_MSCONS_SEGMENT ? left : BL_MSCONS_SEGMENT};
			bl_reason(m->rejected, left <= BL_MSCONS_SEGMENT ? "the file ends within a segment" :
					  "the segment is longer than %d bytes", BL_MSCONS_SEGMENT);
			m->skipping = true;
			return BL_TAKE_ROW;
		}
		m->segment.text = (BlSlice) {m->next, (size_t) (stop - m->next)};
		m->next = stop + 1;
		segment_split(m);
		return BL_TAKE_ROW;
	}
}

/* ------------------------------------------------------------------- rows */

static void
row_clear(BlReadRow *row)
{
	memset(row, 0, sizeof *row);
	row->content = (BlSlice) {"", 0};
}

static BlTake
reject(BlMscons *m, BlReadRow *row, int64_t number, BlSlice content)
{
	row_clear(row);
	row->line = number;
	row->meter = m->meter;
	row->channel = m->channel;
	row->rejected = m->rejected;
	row->content = content;
	return BL_TAKE_ROW;
}

/* ----------------------------------------------------------------- values */

/* keeps the text of the value's segments */
static void
value_append(BlMscons *m)
{
	size_t		n = m->segment.text.length;

	if (n + 1 > sizeof m->value_text - m->value_length)
		return;
	memcpy(m->value_text + m->value_length, m->segment.text.text, n);
	m->value_length += n;
	m->value_text[m->value_length++] = m->terminator;
}

static bool
kind_quality(BlSlice kind, uint8_t *quality)
{
	if (bl_slice_is(kind, "220"))
		*quality = BL_ACTUAL;
	else if (bl_slice_is(kind, "67") || bl_slice_is(kind, "Z18"))
		*quality = BL_SUBSTITUTED;
	else if (bl_slice_is(kind, "201") || bl_slice_is(kind, "187"))
		*quality = BL_ESTIMATED;
	else if (bl_slice_is(kind, "20"))
		*quality = BL_MISSING;
	else
		return false;
	return true;
}

static int
shown_length(BlSlice s)
{
	return s.length < 40 ? (int) s.length : 40;
}

static void
value_begin(BlMscons *m)
{
	const BlSlice *part = m->segment.part[1];
	BlSlice		unit = part[2];

	m->waiting = true;
	m->has_from = m->has_until = m->has_at = false;
	m->value_length = 0;
	value_append(m);
	m->key = (BlMeterDayKey) {
		.meter = {m->meter, strlen(m->meter)},.channel = {m->channel, strlen(m->channel)},
		.unit = m->has_unit ? m->unit : m->default_unit,
		.unit_scale = m->has_unit ? m->unit_scale : m->default_scale,
		.line = m->segment.number
	};
	m->value_bad = true;
	if (m->meter[0] == '\0')
		bl_reason(m->value_rejected, "no metering point, LOC+172, is above it");
	else if (!kind_quality(part[0], &m->quality))
		bl_reason(m->value_rejected, "kind \"%.*s\" of a value is not known", shown_length(part[0]), part[0].text);
	else if (m->quality != BL_MISSING && !bl_number_parse(part[1], m->point, &m->value) &&
			 !bl_number_parse(part[1], m->point == ',' ? '.' : ',', &m->value))
		bl_reason(m->value_rejected, "value \"%.*s\" is no number", shown_length(part[1]), part[1].text);
	else if (unit.length > 0 && !edifact_unit(unit, &m->key.unit, &m->key.unit_scale))
		bl_reason(m->value_rejected, "unit \"%.*s\" is not known", shown_length(unit), unit.text);
	else if (unit.length == 0 && !m->has_unit && !m->has_default)
		bl_reason(m->value_rejected, "neither the value nor its code \"%s\" tells the unit", m->channel);
	else
		m->value_bad = false;
	if (m->value_bad || m->quality == BL_MISSING)
		m->value = (BlNumber) {0, 0};
}

static bool
time_parse(const BlSlice *part, BlWall *wall)
{
	static const struct
	{
		const char *code;
		const char *format;
		size_t		least;
		size_t		most;
	}			forms[] = {
		{"203", "YYYYMMDDHH24MI", 12, 12}, {"303", "YYYYMMDDHH24MIOF", 13, 18}, {"102", "YYYYMMDD", 8, 8}
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (bl_slice_is(part[2], forms[i].code))
		{
			BlTimeFormat format;

			return part[1].length >= forms[i].least && part[1].length <= forms[i].most &&
				bl_time_format((BlSlice) {forms[i].format, strlen(forms[i].format)}, &format) &&
				bl_wall_parse(part[1], &format, wall);
		}
	return false;
}

/* DTM behind a QTY */
static void
value_time(BlMscons *m)
{
	const BlSlice *part = m->segment.part[1];
	bool		from = bl_slice_is(part[0], "163");
	bool		until = bl_slice_is(part[0], "164");
	bool		at = bl_slice_is(part[0], "9") || (bl_slice_is(part[0], "7") && !m->has_at);
	BlWall		wall = {0};

	value_append(m);
	if (!from && !until && !at)
		return;
	if (!time_parse(part, &wall))
	{
		if (!m->value_bad)
			bl_reason(m->value_rejected, "time \"%.*s\" is not of the form %.*s", shown_length(part[1]), part[1].text,
					  shown_length(part[2]), part[2].text);
		m->value_bad = true;
		return;
	}
	if (from)
		m->from = wall;
	else if (until)
		m->until = wall;
	else
		m->at = wall;
	m->has_from |= from;
	m->has_until |= until;
	m->has_at |= at;
}

/* false: m->value_rejected, or days->full */
static bool
slot_put(BlMscons *m)
{
	int32_t		start;
	int32_t		until;
	int			place;
	BlBefore	before = {true, true, 0};

	if (!bl_wall_start(&m->clock, &m->from, 0, &m->before, &start))
	{
		bl_reason(m->value_rejected, "the clock never shows its beginning");
		return false;
	}
	before.start = start;
	if (!bl_wall_start(&m->clock, &m->until, 0, &before, &until) || until <= start ||
		until - start > BL_MINUTES_PER_DAY || BL_MINUTES_PER_DAY % (until - start) != 0)
	{
		bl_reason(m->value_rejected, "its times are no slot that divides a day");
		return false;
	}
	m->key.slot_minutes = until - start;
	/* the next one follows this one's end */
	m->before = (BlBefore) {true, true, until};
	if (m->day == NULL || !bl_meterday_is(m->day, &m->key, start))
		m->day = bl_meterdays_at(m->days, &m->key, start);
	place = m->day ? bl_meterday_place(m->days, m->day, start, &m->value, m->quality) : -1;
	if (place < 0)
	{
		memcpy(m->value_rejected, m->days->rejected, sizeof m->value_rejected);
		return false;
	}
	bl_meterday_put(m->day, place, m->value, m->quality, m->key.line);
	return true;
}

static bool
register_put(BlMscons *m, BlReadRow *row)
{
	int32_t		at;
	BlBefore	before = {0};

	if (!bl_wall_start(&m->clock, &m->at, 0, &before, &at))
	{
		bl_reason(m->value_rejected, "the clock never shows its time");
		return false;
	}
	if (m->quality == BL_MISSING)
	{
		bl_reason(m->value_rejected, "the reading cannot be used");
		return false;
	}
	if (!bl_register_new(m->days, &m->seen, m->arena, &m->key, at, &m->value, m->value_rejected))
		return false;
	row->meter = m->meter;
	row->channel = m->channel;
	row->has_reading = true;
	row->read_at = at;
	row->reading = m->value;
	row->unit = m->key.unit;
	row->unit_scale = m->key.unit_scale;
	row->quality = (BlQuality) m->quality;
	return true;
}

/* the value that waits, with all its times.  BL_TAKE_MORE: nothing to say; BL_TAKE_NO_SPACE: days->full or lost */
static BlTake
value_end(BlMscons *m, BlReadRow *row)
{
	bool		good = false;

	row_clear(row);
	row->line = m->key.line;
	if (!m->value_bad)
	{
		if (m->has_from && m->has_until)
			good = slot_put(m);
		else if (m->has_at)
			good = register_put(m, row);
		else
			bl_reason(m->value_rejected, "the value has neither a slot nor a moment");
		if (m->days->full || m->days->lost)
			return BL_TAKE_NO_SPACE;
	}
	m->waiting = false;
	if (good)
		return row->has_reading ? BL_TAKE_ROW : BL_TAKE_MORE;
	memcpy(m->rejected, m->value_rejected, sizeof m->rejected);
	return reject(m, row, m->key.line, (BlSlice) {m->value_text, m->value_length});
}

/* ---------------------------------------------------------------- segments */

static bool
whole_parse(BlSlice s, int64_t *value)
{
	BlNumber	number;

	if (!bl_number_parse(s, '.', &number) || number.decimals > 0)
		return false;
	*value = number.mantissa;
	return true;
}

static BlTake
segment_take(BlMscons *m, BlReadRow *row)
{
	const BlSegment *s = &m->segment;
	const char *tag = s->tag;
	int64_t		count;

#define REJECT(...) (bl_reason(m->rejected, __VA_ARGS__), reject(m, row, s->number, s->text))
	if (strcmp(tag, "UNH") == 0)
	{
		m->message_from = s->number;
		m->meter[0] = m->channel[0] = '\0';
		m->has_unit = false;
		m->message_bad = !bl_slice_is(s->part[2][0], "MSCONS");
		return m->message_bad ? REJECT("the message is %.*s, not MSCONS: it is left out",
									   shown_length(s->part[2][0]), s->part[2][0].text) : BL_TAKE_MORE;
	}
	if (strcmp(tag, "UNT") == 0)
	{
		int64_t		from = m->message_from;

		m->message_from = 0;
		if (from > 0 && whole_parse(s->part[1][0], &count) && count != s->number - from + 1)
			return REJECT("the message says that it has %lld segments, but has %lld",
						  (long long) count, (long long) (s->number - from + 1));
		return BL_TAKE_MORE;
	}
	if (strcmp(tag, "UNZ") == 0)
	{
		m->closed = true;
		return BL_TAKE_MORE;
	}
	if (strcmp(tag, "UNB") == 0)
	{
		m->closed = false;
		return BL_TAKE_MORE;
	}
	if (m->message_from == 0)
		return REJECT("the segment is outside a message");
	if (m->message_bad)
		return BL_TAKE_MORE;
	if (strcmp(tag, "BGM") == 0 && bl_slice_is(s->part[3][0], "1"))
	{
		m->message_bad = true;
		return REJECT("the message cancels an earlier one: it is left out");
	}
	if (strcmp(tag, "LOC") == 0 && bl_slice_is(s->part[1][0], "172"))
	{
		m->channel[0] = '\0';
		m->has_unit = false;
		if (!bl_slice_copy(s->part[2][0], m->meter, sizeof m->meter) || m->meter[0] == '\0')
			return REJECT("the metering point is empty, too long, or no text");
	}
	else if (strcmp(tag, "PIA") == 0 && bl_slice_is(s->part[1][0], "5"))
	{
		if (!bl_slice_copy(s->part[2][0], m->channel, sizeof m->channel))
			return REJECT("the code is too long, or no text");
		m->has_unit = bl_obis_unit(s->part[2][0], &m->unit, &m->unit_scale);
		m->before = (BlBefore) {0};
	}
	else if (strcmp(tag, "QTY") == 0)
		value_begin(m);
	return BL_TAKE_MORE;
#undef REJECT
}

static BlTake
give_all(BlMscons *m)
{
	m->giving = true;
	bl_meterdays_give(m->days);
	return BL_TAKE_MORE;
}

static BlTake
day_row(BlMscons *m, BlReadRow *row)
{
	row_clear(row);
	if (bl_meterdays_next(m->days, &row->profile))
	{
		bl_meterdays_row(m->days, row);
		return BL_TAKE_ROW;
	}
	m->giving = false;
	m->day = NULL;
	return BL_TAKE_END;
}

/* what a value waits for, or what may stand between */
static bool
belongs_to_value(const char *tag)
{
	return strcmp(tag, "DTM") == 0 || strcmp(tag, "STS") == 0;
}

BlTake
bl_mscons_next(BlMscons *m, BlReadRow *row)
{
	for (;;)
	{
		BlTake		take = BL_TAKE_ROW;
		bool		bad = false;

		if (m->giving && day_row(m, row) == BL_TAKE_ROW)
			return BL_TAKE_ROW;
		if (m->days->lost)
			return BL_TAKE_NO_SPACE;
		if (!m->held)
		{
			take = segment_next(m, &bad);
			if (take == BL_TAKE_MORE)
				return take;
			if (bad)
				return reject(m, row, m->segment.number, m->segment.text);
			m->held = take == BL_TAKE_ROW;
		}
		if (m->waiting && (take == BL_TAKE_END || !belongs_to_value(m->segment.tag)))
		{
			BlTake		value = value_end(m, row);

			if (value == BL_TAKE_NO_SPACE && (m->days->lost || m->days->first == NULL))
				return value;
			if (value == BL_TAKE_NO_SPACE)
				(void) give_all(m);
			else if (value == BL_TAKE_ROW)
				return value;
			continue;
		}
		if (take == BL_TAKE_END)
		{
			if (!m->ended)
			{
				m->ended = true;
				if (!m->closed)
				{
					bl_reason(m->rejected, m->segments == 0 ? "the file is empty" :
							  "the file ends without its UNZ segment; it may be cut");
					m->meter[0] = m->channel[0] = '\0';
					return reject(m, row, m->segments, (BlSlice) {"", 0});
				}
			}
			if (m->days->first == NULL)
				return BL_TAKE_END;
			(void) give_all(m);
			continue;
		}
		m->held = false;
		if (m->waiting)
		{
			if (strcmp(m->segment.tag, "DTM") == 0)
				value_time(m);
			continue;
		}
		take = segment_take(m, row);
		if (take != BL_TAKE_MORE)
			return take;
	}
}
