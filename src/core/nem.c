/*
 * nem.c - NEM12 and NEM13, line by line
 */
#include "nem.h"

#include "digits.h"
#include "json.h"

enum
{
	RECORD_FIELDS = 24			/* the most that a record has, and one */
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

bool
bl_nem_unit(BlSlice text, BlUnit *unit, int *scale)
{
	static const struct
	{
		const char *name;
		BlUnit		unit;
		int			scale;
	}			units[] = {
		{"kwh", BL_WH, 3}, {"mwh", BL_WH, 6}, {"wh", BL_WH, 0}, {"gwh", BL_WH, 9},
		{"kvarh", BL_VARH, 3}, {"mvarh", BL_VARH, 6}, {"varh", BL_VARH, 0},
		{"kvah", BL_VAH, 3}, {"mvah", BL_VAH, 6}, {"vah", BL_VAH, 0},
		{"kw", BL_W, 3}, {"mw", BL_W, 6}, {"w", BL_W, 0},
		{"kvar", BL_VAR, 3}, {"mvar", BL_VAR, 6}, {"var", BL_VAR, 0},
		{"kva", BL_VA, 3}, {"mva", BL_VA, 6}, {"va", BL_VA, 0},
		{"v", BL_V, 0}, {"kv", BL_V, 3}, {"a", BL_A, 0}, {"ka", BL_A, 3},
		{"hz", BL_HZ, 0}, {"pf", BL_PF, 0}
	};
	char		lower[8];

	if (text.length >= sizeof lower)
		return false;
	for (size_t i = 0; i < text.length; i++)
		lower[i] = (char) (text.text[i] | (text.text[i] >= 'A' && text.text[i] <= 'Z' ? 0x20 : 0));
	for (size_t i = 0; i < sizeof units / sizeof *units; i++)
		if (text.length == strlen(units[i].name) && memcmp(lower, units[i].name, text.length) == 0)
		{
			*unit = units[i].unit;
			*scale = units[i].scale;
			return true;
		}
	return false;
}

bool
bl_nem_begin(BlNem *nem, BlNemKind kind, int offset, BlSlice default_unit, BlArena *arena)
{
	/* not the large buffers */
	memset(nem, 0, offsetof(BlNem, values));
	nem->kind = kind;
	nem->offset = offset;
	nem->arena = arena;
	nem->has_default = default_unit.text != NULL;
	return !nem->has_default || bl_nem_unit(default_unit, &nem->default_unit, &nem->default_scale);
}

/* ------------------------------------------------------------ rows given out */

static void
row_clear(BlNemRow *row)
{
	memset(row, 0, sizeof *row);
	row->content = row->events = (BlSlice) {"", 0};
	row->updated_at = row->loaded_at = row->previous.at = row->current.at = BL_NO_SECOND;
}

/* the line at hand is bad for the reason in nem->rejected */
static BlTake
reject_line(BlNem *nem, BlNemRow *row)
{
	row->rejected = nem->rejected;
	row->content = nem->line.text;
	row->has_profile = false;
	return BL_TAKE_ROW;
}

#define REJECT(...) (bl_reason(nem->rejected, __VA_ARGS__), reject_line(nem, row))

/* something about the file rather than one of its records */
static BlTake
remark(BlNem *nem, BlNemRow *row, int64_t line, const char *text)
{
	row_clear(row);
	row->line = line;
	bl_reason(nem->rejected, "%s", text);
	row->rejected = nem->rejected;
	return BL_TAKE_ROW;
}

/* what of a field to show in a reason */
static int
shown_length(BlSlice s)
{
	return s.length < 40 ? (int) s.length : 40;
}

#define SHOWN(s) shown_length(s), (s).text

/* ------------------------------------------------------------ parts of records */

/* A, E, F14 ...; reason code and reason as given */
static bool
quality_parse(BlSlice text, BlSlice code, BlSlice reason, BlNemQuality *q, char rejected[BL_REJECTED_MAX])
{
	char		flag = text.length > 0 ? text.text[0] : '\0';
	bool		method = text.length == 3 && is_digit(text.text[1]) && is_digit(text.text[2]);

	memset(q, 0, sizeof *q);
	q->varies = flag == 'V';
	q->quality = flag == 'A' ? BL_ACTUAL : flag == 'E' ? BL_ESTIMATED : flag == 'N' ? BL_MISSING : BL_SUBSTITUTED;
	if (flag == '\0' || strchr("AEFNSV", flag) == NULL ||
		!(text.length == 1 || (method && strchr("EFS", flag) != NULL)))
	{
		bl_reason(rejected, "quality \"%.*s\" is none of A, E, F, N, S, V with a method of two digits", SHOWN(text));
		return false;
	}
	memcpy(q->text, text.text, text.length);
	if (!bl_slice_copy(code, q->reason_code, sizeof q->reason_code))
		bl_reason(rejected, "reason code \"%.*s\" is too long or no text", SHOWN(code));
	else if (!bl_slice_copy(reason, q->reason, sizeof q->reason))
		bl_reason(rejected, "the reason is too long, or no UTF-8 text");
	else
		return true;
	return false;
}

static bool
moment_parse(BlNem *nem, BlSlice text, const char *what, int64_t *second)
{
	*second = BL_NO_SECOND;
	if (text.length == 0 || bl_compact_second(text, nem->offset, second))
		return true;
	bl_reason(nem->rejected, "%s \"%.*s\" is no date and time", what, SHOWN(text));
	return false;
}

static bool
index_parse(BlNem *nem, BlSlice text, const char *what, bool *known, BlDec *index)
{
	BlNumber	number;

	*known = text.length > 0;
	if (!*known)
		return true;
	if (!bl_number_parse(text, '.', &number))
	{
		bl_reason(nem->rejected, "%s \"%.*s\" is no number", what, SHOWN(text));
		return false;
	}
	*index = bl_dec(number.mantissa, number.decimals);
	return true;
}

/* the fields that 200 and 250 share; unit and slot follow */
static bool
channel_parse(BlNem *nem, const BlSlice *field, BlSlice unit)
{
	BlNemChannel *c = &nem->channel;

	memset(c, 0, sizeof *c);
	c->line = nem->line.number;
	c->bad = true;
	if (!bl_slice_copy(field[1], c->nmi, sizeof c->nmi) || field[1].length == 0)
		bl_reason(nem->rejected, "NMI \"%.*s\" is empty, too long, or no text", SHOWN(field[1]));
	else if (!bl_slice_copy(field[4], c->suffix, sizeof c->suffix) || field[4].length == 0)
		bl_reason(nem->rejected, "suffix \"%.*s\" is empty, too long, or no text", SHOWN(field[4]));
	else if (!bl_slice_copy(field[3], c->register_id, sizeof c->register_id))
		bl_reason(nem->rejected, "register \"%.*s\" is too long, or no text", SHOWN(field[3]));
	else if (!bl_slice_copy(field[6], c->meter, sizeof c->meter))
		bl_reason(nem->rejected, "meter \"%.*s\" is too long, or no text", SHOWN(field[6]));
	else if (unit.length == 0 && !nem->has_default)
		bl_reason(nem->rejected, "the unit of measure is empty");
	else if (unit.length > 0 && !bl_nem_unit(unit, &c->unit, &c->unit_scale))
		bl_reason(nem->rejected, "unit of measure \"%.*s\" is not known", SHOWN(unit));
	else
	{
		if (unit.length == 0)
		{
			c->unit = nem->default_unit;
			c->unit_scale = nem->default_scale;
		}
		(void) bl_slice_copy(unit, c->unit_text, sizeof c->unit_text);
		return true;
	}
	return false;
}

static bool
whole_parse(BlSlice text, int most, int *value)
{
	*value = 0;
	if (text.length < 1 || text.length > 5)
		return false;
	for (size_t i = 0; i < text.length; i++)
	{
		if (!is_digit(text.text[i]))
			return false;
		*value = *value * 10 + (text.text[i] - '0');
	}
	return *value <= most;
}

/* ------------------------------------------------------------------- 300 */

static bool
cut_value(BlNem *nem, int at, BlSlice field)
{
	const BlNemChannel *c = &nem->channel;

	if (field.length > 0 && strchr("AEFNSV", field.text[0]) != NULL)
		bl_reason(nem->day_rejected, "%d of %d values, for intervals of %d minutes",
				  at, BL_MINUTES_PER_DAY / c->slot_minutes, c->slot_minutes);
	else
		bl_reason(nem->day_rejected, "value %d, \"%.*s\", is no number", at + 1, SHOWN(field));
	return false;
}

/* the general form of a value: blanks around it, or nothing at all */
static bool
value_parse(BlNem *nem, int at, BlSlice field)
{
	BlNumber	number;

	field = bl_trimmed(field);
	if (field.length == 0)
	{
		if (!nem->any_empty)
			memset(nem->empty, 0, sizeof nem->empty);
		nem->any_empty = true;
		nem->empty[at] = 1;
		nem->values[at] = nem->decimals[at] = 0;
		return true;
	}
	if (!bl_number_parse(field, '.', &number))
		return cut_value(nem, at, field);
	nem->values[at] = number.mantissa;
	nem->decimals[at] = (uint8_t) number.decimals;
	return true;
}

/* the values of a day from *at on, which ends behind the last one's comma, or at end + 1 where there is none */
static bool
values_parse(BlNem *nem, const char **at, const char *end)
{
	int			slots = BL_MINUTES_PER_DAY / nem->channel.slot_minutes;
	const char *p = *at;

	nem->any_empty = false;
	for (int i = 0; i < slots; i++)
	{
		const char *comma;

		if (p > end)
		{
			bl_reason(nem->day_rejected, "the line ends after %d of %d values", i, slots);
			return false;
		}
		comma = bl_plain_decimal(p, end, '.', ',', &nem->values[i], &nem->decimals[i]);
		if (comma == NULL)
		{
			comma = memchr(p, ',', (size_t) (end - p));
			if (comma == NULL)
				comma = end;
			if (!value_parse(nem, i, (BlSlice) {p, (size_t) (comma - p)}))
				return false;
		}
		p = comma + 1;
	}
	*at = p;
	return true;
}

/* quality, reason and moments behind the values */
static bool
day_rest(BlNem *nem, const char *at, const char *end)
{
	BlSlice		field[6];
	BlNumber	number;
	int			n;

	if (at > end)
	{
		bl_reason(nem->day_rejected, "the line ends before its quality");
		return false;
	}
	if (!bl_fields_split((BlSlice) {at, (size_t) (end - at)}, field, 6, &n) || field[5].length > 0 ||
		bl_number_parse(field[0], '.', &number))
	{
		if (bl_number_parse(field[0], '.', &number))
			bl_reason(nem->day_rejected, "more than %d values, for intervals of %d minutes",
					  BL_MINUTES_PER_DAY / nem->channel.slot_minutes, nem->channel.slot_minutes);
		else
			bl_reason(nem->day_rejected, "too many fields behind the quality");
		return false;
	}
	if (!quality_parse(field[0], field[1], field[2], &nem->day_quality, nem->day_rejected))
		return false;
	if (moment_parse(nem, field[3], "the update", &nem->day.updated_at) &&
		moment_parse(nem, field[4], "the load", &nem->day.loaded_at))
		return true;
	memcpy(nem->day_rejected, nem->rejected, sizeof nem->rejected);
	return false;
}

/* Reads a 300, which waits for its 400s; what is wrong with it is kept until then. */
static void
day_begin(BlNem *nem)
{
	BlSlice		text = nem->line.text;
	const char *end = text.text + text.length;
	const char *comma = memchr(text.text, ',', text.length);
	const char *p = comma ? comma + 1 : end;
	BlSlice		day;

	row_clear(&nem->day);
	memset(&nem->day_quality, 0, sizeof nem->day_quality);
	nem->day.line = nem->line.number;
	nem->day.record = 300;
	nem->day.channel = nem->channel.nmi[0] != '\0' ? &nem->channel : NULL;
	nem->waiting = true;
	nem->day_bad = true;
	nem->covered = nem->event_count = 0;
	nem->events = (BlWriter) {nem->event_bytes, sizeof nem->event_bytes, 0};
	nem->day.content = (BlSlice) {nem->day_text, text.length < BL_CONTENT_MAX ? text.length : BL_CONTENT_MAX};
	memcpy(nem->day_text, text.text, nem->day.content.length);
	comma = memchr(p, ',', (size_t) (end - p));
	day = bl_trimmed((BlSlice) {p, (size_t) ((comma ? comma : end) - p)});
	if (nem->channel.line == 0)
		bl_reason(nem->day_rejected, "no 200 record is above it");
	else if (nem->channel.bad)
		bl_reason(nem->day_rejected, "its 200 record on line %lld is rejected", (long long) nem->channel.line);
	else if (!bl_compact_day(day, &nem->day.day) || nem->day.day < BL_DAY_MIN + 3 || nem->day.day > BL_DAY_MAX - 3)
		bl_reason(nem->day_rejected, "day \"%.*s\" is no date", SHOWN(day));
	else
	{
		nem->day.has_day = true;
		p = comma ? comma + 1 : end + 1;
		nem->day_bad = !values_parse(nem, &p, end) || !day_rest(nem, p, end);
	}
	if (!nem->day_bad)
		memset(nem->qualities, nem->day_quality.quality,
			   (size_t) (BL_MINUTES_PER_DAY / nem->channel.slot_minutes));
	if (nem->day_quality.text[0] != '\0')
		nem->day.quality = &nem->day_quality;
}

static bool
any_below_zero(const int64_t *values, int n)
{
	int64_t		all = 0;

	for (int i = 0; i < n; i++)
		all |= values[i];
	return all < 0;
}

/* values fit to be packed, or the reason why they are not */
static bool
day_values(BlNem *nem)
{
	BlNemRow   *day = &nem->day;
	const BlNemChannel *c = &nem->channel;
	int			slots = BL_MINUTES_PER_DAY / c->slot_minutes;
	int			decimals;
	int			spare;

	/* a day of one quality without gaps needs no look at each value, unless one is wrong */
	if (nem->any_empty || nem->day_quality.varies || nem->day_quality.quality == BL_MISSING || any_below_zero(nem->values, slots))
		for (int i = 0; i < slots; i++)
		{
			if (nem->qualities[i] == BL_MISSING)
				nem->values[i] = nem->decimals[i] = 0;
			else if (nem->any_empty && nem->empty[i])
				return bl_reason(nem->day_rejected, "value %d is empty, and its quality is not N", i + 1), false;
			else if (nem->values[i] < 0 && bl_unit_is_energy(c->unit))
				return bl_reason(nem->day_rejected, "value %d is below zero", i + 1), false;
		}
	decimals = bl_numbers_align(nem->values, nem->decimals, slots);
	if (decimals < 0)
		return bl_reason(nem->day_rejected, "values of too many digits"), false;
	for (spare = decimals - (c->unit_scale - bl_unit_scale_min(c->unit)); spare > 0; spare--, decimals--)
		for (int i = 0; i < slots; i++)
		{
			if (nem->values[i] % 10 != 0)
				return bl_reason(nem->day_rejected, "value %d has more than %d decimals", i + 1, decimals - spare), false;
			nem->values[i] /= 10;
		}
	day->has_profile = true;
	day->shape.start = day->day * BL_MINUTES_PER_DAY - nem->offset;
	day->shape.offset = nem->offset;
	day->shape.slot_minutes = c->slot_minutes;
	day->shape.slots = slots;
	day->shape.unit = c->unit;
	day->shape.scale = c->unit_scale - decimals;
	day->values = nem->values;
	day->qualities = nem->qualities;
	return true;
}

/* false: no memory */
static bool
day_seen(BlNem *nem)
{
	const BlNemChannel *c = &nem->channel;
	BlNemRow   *day = &nem->day;
	BlHash		key = {1, 2};
	BlHash		content = {3, 4};
	const BlSeenKey *first;

	bl_hash_add(&key, c->nmi, strlen(c->nmi));
	bl_hash_add(&key, c->suffix, strlen(c->suffix));
	bl_hash_add(&key, &day->day, sizeof day->day);
	bl_hash_add(&content, nem->values, (size_t) day->shape.slots * sizeof *nem->values);
	bl_hash_add(&content, nem->qualities, (size_t) day->shape.slots);
	bl_hash_add(&content, &day->shape.scale, sizeof day->shape.scale);
	if (!bl_seen_add(&nem->seen, nem->arena, key, content.a, day->line, &first))
		return false;
	if (first != NULL)
	{
		nem->day_bad = true;
		bl_reason(nem->day_rejected, first->content == content.a ? "the same day as line %lld, again" :
				  "line %lld has other values for this day", (long long) first->line);
	}
	return true;
}

/* the waiting day as a row */
static BlTake
day_end(BlNem *nem, BlNemRow *row)
{
	int			slots = nem->day_bad ? 0 : BL_MINUTES_PER_DAY / nem->channel.slot_minutes;

	nem->waiting = false;
	if (!nem->day_bad && nem->day_quality.varies && nem->covered < slots)
	{
		nem->day_bad = true;
		bl_reason(nem->day_rejected, "quality V, but 400 records cover %d of %d intervals", nem->covered, slots);
	}
	if (!nem->day_bad && nem->event_count > 0)
	{
		bl_write_u8(&nem->events, ']');
		nem->day_bad = nem->events.used > nem->events.size;
		if (nem->day_bad)
			bl_reason(nem->day_rejected, "the reasons of its 400 records are too long");
		nem->day.events = (BlSlice) {(const char *) nem->event_bytes, nem->events.used};
	}
	if (!nem->day_bad)
		nem->day_bad = !day_values(nem);
	if (!nem->day_bad && !day_seen(nem))
		return BL_TAKE_NO_SPACE;
	if (nem->day_bad)
	{
		nem->day.has_profile = false;
		nem->day.events.length = 0;
		nem->day.rejected = nem->day_rejected;
	}
	*row = nem->day;
	return BL_TAKE_ROW;
}

/* ------------------------------------------------------------------- 400 */

static void
write_text(BlWriter *w, const char *text)
{
	bl_write_bytes(w, text, strlen(text));
}

static void
write_whole(BlWriter *w, int value)
{
	char		digits[12];
	int			n = 0;

	do
		digits[n++] = (char) ('0' + value % 10);
	while ((value /= 10) > 0);
	while (n > 0)
		bl_write_u8(w, (uint8_t) digits[--n]);
}

static void
event_write(BlNem *nem, int from, int to)
{
	BlWriter   *w = &nem->events;
	const BlNemQuality *q = &nem->line_quality;

	write_text(w, nem->event_count++ == 0 ? "[{\"from\": " : ", {\"from\": ");
	write_whole(w, from);
	write_text(w, ", \"to\": ");
	write_whole(w, to);
	write_text(w, ", \"quality\": \"");
	write_text(w, q->text);
	write_text(w, "\"");
	if (q->reason_code[0] != '\0')
	{
		write_text(w, ", \"reason_code\": ");
		bl_json_write_string(w, q->reason_code, strlen(q->reason_code));
	}
	if (q->reason[0] != '\0')
	{
		write_text(w, ", \"reason\": ");
		bl_json_write_string(w, q->reason, strlen(q->reason));
	}
	write_text(w, "}");
}

/* BL_TAKE_MORE: nothing to say */
static BlTake
event_take(BlNem *nem, BlNemRow *row)
{
	BlSlice		field[7];
	int			n;
	int			from;
	int			to;
	int			slots;
	int			covered = nem->covered;

	if (!nem->waiting)
		return REJECT("no 300 record is above it");
	if (nem->day_bad)
		return REJECT("its 300 record on line %lld is rejected", (long long) nem->day.line);
	slots = BL_MINUTES_PER_DAY / nem->channel.slot_minutes;
	if (!nem->day_quality.varies)
		bl_reason(nem->rejected, "its 300 record on line %lld has not quality V", (long long) nem->day.line);
	else if (!bl_fields_split(nem->line.text, field, 7, &n) || field[6].length > 0)
		bl_reason(nem->rejected, "too many fields");
	else if (!whole_parse(field[1], slots, &from) || !whole_parse(field[2], slots, &to) || from < 1 || from > to)
		bl_reason(nem->rejected, "\"%.*s\" to \"%.*s\" are no intervals of a day of %d",
				  SHOWN(field[1]), SHOWN(field[2]), slots);
	else if (from != covered + 1)
		bl_reason(nem->rejected, "it begins with interval %d where %d is next", from, covered + 1);
	else if (quality_parse(field[3], field[4], field[5], &nem->line_quality, nem->rejected))
	{
		if (!nem->line_quality.varies)
		{
			event_write(nem, from, to);
			memset(nem->qualities + from - 1, nem->line_quality.quality, (size_t) (to - from + 1));
			nem->covered = to;
			return BL_TAKE_MORE;
		}
		bl_reason(nem->rejected, "quality V is not for single intervals");
	}
	nem->day_bad = true;
	bl_reason(nem->day_rejected, "its 400 record on line %lld is rejected", (long long) nem->line.number);
	return reject_line(nem, row);
}

/* --------------------------------------------------------- other records */

static BlTake
header_take(BlNem *nem, BlNemRow *row, const BlSlice *field, int n)
{
	const char *wanted = nem->kind == BL_NEM12 ? "NEM12" : "NEM13";
	const char *other = nem->kind == BL_NEM12 ? "NEM13" : "NEM12";
	bool		open = nem->open;
	int64_t		second;

	nem->open = true;
	memset(&nem->channel, 0, sizeof nem->channel);
	if (n > 1 && bl_slice_is(field[1], other))
		return REJECT("the file is %s", other);
	if (n < 2 || !bl_slice_is(field[1], wanted))
		return REJECT("the header does not say %s", wanted);
	if (n > 2 && field[2].length > 0 && !bl_compact_second(field[2], nem->offset, &second))
		return REJECT("\"%.*s\" is no date and time", SHOWN(field[2]));
	if (open)
		return REJECT("the file before it ends without its 900 record");
	return BL_TAKE_MORE;
}

static BlTake
channel_take(BlNem *nem, BlNemRow *row, const BlSlice *field, int n)
{
	BlNemChannel *c = &nem->channel;

	/* what follows belongs to this record, also when it is bad */
	row->channel = c;
	if (!channel_parse(nem, field, field[7]))
		return reject_line(nem, row);
	if (n < 9 || !whole_parse(field[8], BL_MINUTES_PER_DAY, &c->slot_minutes) ||
		c->slot_minutes < 1 || BL_MINUTES_PER_DAY % c->slot_minutes != 0)
	{
		c->slot_minutes = 0;
		return REJECT("intervals of \"%.*s\" minutes do not divide the day", SHOWN(field[8]));
	}
	if (n > 10)
		return REJECT("too many fields");
	c->bad = false;
	return BL_TAKE_MORE;
}

/* a reading by hand under a day */
static BlTake
index_take(BlNem *nem, BlNemRow *row, const BlSlice *field, int n)
{
	row->channel = nem->channel.nmi[0] != '\0' ? &nem->channel : NULL;
	if (nem->channel.line == 0)
		return REJECT("no 200 record is above it");
	if (nem->channel.bad)
		return REJECT("its 200 record on line %lld is rejected", (long long) nem->channel.line);
	if (n > 5)
		return REJECT("too many fields");
	if (!moment_parse(nem, field[3], "the moment", &row->current.at) ||
		!index_parse(nem, field[4], "the index reading", &row->current.known, &row->current.index))
		return reject_line(nem, row);
	return row->current.known ? BL_TAKE_ROW : BL_TAKE_MORE;
}

static bool
reading_parse(BlNem *nem, const BlSlice *field, const char *what, BlNemIndex *index)
{
	if (!index_parse(nem, field[0], what, &index->known, &index->index) ||
		!moment_parse(nem, field[1], what, &index->at) ||
		!quality_parse(field[2], field[3], field[4], &index->quality, nem->rejected))
		return false;
	if (index->quality.varies)
		bl_reason(nem->rejected, "quality V is not for single readings");
	else if (index->at == BL_NO_SECOND)
		bl_reason(nem->rejected, "%s has no date and time", what);
	else if (!index->known && index->quality.quality != BL_MISSING)
		bl_reason(nem->rejected, "%s is empty, and its quality is not N", what);
	else
		return true;
	return false;
}

static BlTake
register_take(BlNem *nem, BlNemRow *row, const BlSlice *field, int n)
{
	BlHash		key = {5, 6};
	BlHash		content = {7, 8};
	const BlSeenKey *first;

	row->channel = &nem->channel;
	if (!channel_parse(nem, field, field[19]))
		return reject_line(nem, row);
	nem->channel.bad = false;
	if (n < 20)
		return REJECT("the line ends after %d of at least 20 fields", n);
	if (n > 23)
		return REJECT("too many fields");
	if (!bl_slice_copy(field[7], row->direction, sizeof row->direction))
		return REJECT("direction \"%.*s\" is too long, or no text", SHOWN(field[7]));
	if (!reading_parse(nem, field + 8, "the previous reading", &row->previous) ||
		!reading_parse(nem, field + 13, "the current reading", &row->current) ||
		!index_parse(nem, field[18], "the quantity", &row->has_quantity, &row->quantity) ||
		!moment_parse(nem, field[21], "the update", &row->updated_at) ||
		!moment_parse(nem, field[22], "the load", &row->loaded_at))
		return reject_line(nem, row);
	if (row->current.at <= row->previous.at)
		return REJECT("the current reading is not later than the previous");
	bl_hash_add(&key, nem->channel.nmi, strlen(nem->channel.nmi));
	bl_hash_add(&key, nem->channel.suffix, strlen(nem->channel.suffix));
	bl_hash_add(&key, nem->channel.register_id, strlen(nem->channel.register_id));
	bl_hash_add(&key, &row->previous.at, sizeof row->previous.at);
	bl_hash_add(&key, &row->current.at, sizeof row->current.at);
	for (int i = 8; i < 20; i++)
		bl_hash_add(&content, field[i].text, field[i].length);
	if (!bl_seen_add(&nem->seen, nem->arena, key, content.a, row->line, &first))
		return BL_TAKE_NO_SPACE;
	if (first != NULL)
		return REJECT(first->content == content.a ? "the same readings as line %lld, again" :
					  "line %lld has other readings of these moments", (long long) first->line);
	return BL_TAKE_ROW;
}

/* 200, 300, ... of the line, or -1 */
static int
record_of(BlSlice line)
{
	const char *p = line.text;

	line = bl_trimmed(line);
	p = line.text;
	if (line.length < 3 || !is_digit(p[0]) || p[1] < '0' || p[1] > '5' || p[2] != '0' ||
		(line.length > 3 && p[3] != ',' && p[3] != ' '))
		return -1;
	return (p[0] - '0') * 100 + (p[1] - '0') * 10;
}

static BlTake
record_take(BlNem *nem, BlNemRow *row, int record)
{
	BlSlice		field[RECORD_FIELDS];
	int			n;
	bool		nem13 = record == 250 || record == 550;

	if (record == 300)
	{
		day_begin(nem);
		return BL_TAKE_MORE;
	}
	if (record == 400)
		return event_take(nem, row);
	if (!bl_fields_split(nem->line.text, field, RECORD_FIELDS, &n))
		return REJECT("too many fields");
	if (record == 100)
		return header_take(nem, row, field, n);
	if (record == 900)
	{
		nem->open = false;
		memset(&nem->channel, 0, sizeof nem->channel);
		return BL_TAKE_MORE;
	}
	if (nem13 != (nem->kind == BL_NEM13))
		return REJECT("a %d record belongs to %s", record, nem13 ? "NEM13" : "NEM12");
	switch (record)
	{
		case 200:
			return channel_take(nem, row, field, n);
		case 500:
			return index_take(nem, row, field, n);
		case 250:
			return register_take(nem, row, field, n);
		default:
			return n > 5 ? REJECT("too many fields") : BL_TAKE_MORE;
	}
}

static BlTake
line_take(BlNem *nem, BlNemRow *row)
{
	int			record = nem->line.too_long ? -1 : record_of(nem->line.text);
	bool		ours = nem->kind == BL_NEM12 ? record == 200 || record == 300 || record == 400 || record == 500 :
		record == 250 || record == 550;
	bool		known = ours || record == 100 || record == 200 || record == 250 || record == 500 ||
		record == 550 || record == 900;

	row_clear(row);
	row->line = nem->line.number;
	row->record = record;
	if (nem->line.too_long)
		return REJECT("the line is longer than %d bytes", BL_LINE_MAX);
	if (record == 300 || record == 400)
		known = true;
	if (!known)
		return REJECT("it begins with no record number of NEM12 or NEM13");
	if (!ours && (record == 300 || record == 400))
		return REJECT("a %d record belongs to NEM12", record);
	if (!nem->open && record != 100)
		return REJECT("the record is behind the 900 record");
	return record_take(nem, row, record);
}

BlTake
bl_nem_next(BlNem *nem, BlNemRow *row)
{
	for (;;)
	{
		BlTake		take;

		if (!nem->held)
		{
			if (bl_lines_utf16(&nem->lines))
			{
				nem->lines.next = nem->lines.end;
				nem->ended = nem->lines.last = true;
				return remark(nem, row, 1, "the file is UTF-16; convert it to UTF-8");
			}
			take = bl_lines_next(&nem->lines, &nem->line);
			if (take == BL_TAKE_MORE)
				return take;
			if (take == BL_TAKE_END)
			{
				if (nem->waiting)
					return day_end(nem, row);
				if (nem->ended || (nem->begun && !nem->open))
					return BL_TAKE_END;
				nem->ended = true;
				if (!nem->begun)
					return remark(nem, row, 1, "the file is empty");
				return remark(nem, row, nem->line.number, "the file ends without its 900 record; it may be cut");
			}
			nem->held = true;
		}
		if (nem->waiting && (nem->line.too_long || record_of(nem->line.text) != 400))
			return day_end(nem, row);
		if (!nem->begun && (nem->line.too_long || record_of(nem->line.text) != 100))
		{
			nem->begun = nem->open = true;
			return remark(nem, row, nem->line.number, "the file does not begin with a 100 record");
		}
		nem->begun = true;
		nem->held = false;
		take = line_take(nem, row);
		if (take != BL_TAKE_MORE)
			return take;
	}
}
