/*
 * charges.c - the lines of a bill: bytes
 *
 * bl_charges_open() is on the way of every report, once a bill, so it checks
 * with few branches a line; all later reading trusts what it has checked.
 */
#include "charges.h"

#include "clock.h"
#include "utf8.h"

enum
{
	LINE_NUMBERS = BL_LINE_NUMBERS,
	LINE_AMOUNT = LINE_NUMBERS + 2 * 8,
	LINE_SIZE_WIDE = LINE_NUMBERS + 3 * 16,
	SPAN_SIZE = BL_LINE_SIZE_SPAN
};

const char *const bl_charge_unit_name[BL_CHARGE_UNITS] = {
	[BL_UNIT_NONE] = "",
	[BL_UNIT_KWH] = "kWh",
	[BL_UNIT_KVARH] = "kvarh",
	[BL_UNIT_KVAH] = "kVAh",
	[BL_UNIT_KW] = "kW",
	[BL_UNIT_KVA] = "kVA",
	[BL_UNIT_HP] = "hp",
	[BL_UNIT_DAY] = "day",
	[BL_UNIT_MONTH] = "month",
	[BL_UNIT_YEAR] = "year",
	[BL_UNIT_PERCENT] = "%",
	[BL_UNIT_COUNT_OF] = "piece",
	[BL_UNIT_KVAR] = "kvar",
};

/* ---- opening ---- */

static void
skip_name(BlReader *r, int min)
{
	int			length = bl_read_u8(r);

	if (length < min || length > BL_NAME_MAX)
		r->bad = true;
	bl_read_bytes(r, (size_t) length);
}

static void
skip_tags(BlReader *r)
{
	int			n = bl_read_u8(r);

	if (n > BL_TAGS_MAX)
		r->bad = true;
	for (int i = 0; i < n && !r->bad; i++)
		skip_name(r, 1);
}

/* a count of entries, whose indices end below BL_NONE */
static int
read_entries(BlReader *r, const uint8_t **list)
{
	int			n = bl_read_u8(r);

	*list = r->next;
	return n;
}

static bool
open_dictionary(BlCharges *charges)
{
	BlReader	r = {charges->dictionary, charges->dictionary + charges->dictionary_size, false};

	charges->codes = read_entries(&r, &charges->code_list);
	for (int i = 0; i < charges->codes && !r.bad; i++)
	{
		skip_name(&r, 1);
		skip_name(&r, 0);
		skip_tags(&r);
	}
	charges->periods = read_entries(&r, &charges->period_list);
	for (int i = 0; i < charges->periods && !r.bad; i++)
		skip_name(&r, 1);
	charges->components = read_entries(&r, &charges->component_list);
	for (int i = 0; i < charges->components && !r.bad; i++)
	{
		skip_name(&r, 1);
		skip_tags(&r);
	}
	return !r.bad && r.next == r.end;
}

static size_t
line_size(int flags)
{
	return (size_t) (flags & BL_LINE_WIDE ? LINE_SIZE_WIDE : BL_LINE_SIZE) +
		(flags & BL_LINE_SPAN ? SPAN_SIZE : 0);
}

static BlInt128
number(const uint8_t *p, int flags, int which)
{
	p += LINE_NUMBERS;
	if (!(flags & BL_LINE_WIDE))
		return (int64_t) bl_le64(p + 8 * which);
	p += 16 * which;
	return (BlInt128) ((BlUint128) bl_le64(p + 8) << 64 | bl_le64(p));
}

static bool
fits_64(BlInt128 value)
{
	return (int64_t) value == value;
}

static bool
day_valid(int32_t day)
{
	return day >= BL_DAY_MIN && day <= BL_DAY_MAX;
}

static bool
span_valid(int32_t from, int32_t until)
{
	return day_valid(from) && day_valid(until) && from < until;
}

static bool
index_valid(int index, int n)
{
	return index < n || index == BL_NONE;
}

static bool
kind_valid(int flags, int charge)
{
	int			kind = flags & (BL_LINE_COUNTED | BL_LINE_INCLUDED | BL_LINE_OF_WHICH);

	return (kind & (kind - 1)) == 0 && (charge != BL_NONE || (kind & ~BL_LINE_COUNTED) == 0);
}

/* is there a whole line at p, and does it hold together? */
static bool
line_valid(const BlCharges *charges, const uint8_t *p, const uint8_t *end)
{
	int			flags;

	if (end - p < BL_LINE_SIZE)
		return false;
	flags = bl_le16(p);
	if (flags > BL_LINE_FLAGS || (size_t) (end - p) < line_size(flags) ||
		!kind_valid(flags, p[2]) ||
		!index_valid(p[2], charges->codes) || !index_valid(p[3], charges->periods) ||
		!index_valid(p[4], charges->components) || p[6] >= BL_CHARGE_UNITS ||
		p[7] > BL_SCALE_MAX || p[8] > BL_SCALE_MAX || p[9] > BL_SCALE_MAX)
		return false;
	if (!(flags & BL_LINE_MEASURED) && (p[7] != 0 || number(p, flags, 0) != 0))
		return false;
	if (!(flags & BL_LINE_PRICED) && (p[8] != 0 || number(p, flags, 1) != 0))
		return false;
	if (flags & BL_LINE_WIDE && fits_64(number(p, flags, 0)) && fits_64(number(p, flags, 1)) &&
		fits_64(number(p, flags, 2)))
		return false;
	if (flags & BL_LINE_SPAN)
	{
		p += line_size(flags) - SPAN_SIZE;
		return span_valid((int32_t) bl_le32(p), (int32_t) bl_le32(p + 4));
	}
	return true;
}

static bool
currency_valid(const char *currency)
{
	for (int i = 0; i < 3; i++)
	{
		if (currency[i] < 'A' || currency[i] > 'Z')
			return false;
	}
	return true;
}

BlStatus
bl_charges_open(BlCharges *charges, const uint8_t *bytes, size_t size)
{
	const uint8_t *end = bytes + size;
	const uint8_t *p;

	if (size < BL_CHARGES_HEADER)
		return BL_TRUNCATED;
	if (bytes[0] != BL_CHARGES_VERSION)
		return BL_BAD_VERSION;
	charges->flags = bytes[1];
	charges->lines = bl_le16(bytes + 2);
	charges->from = (int32_t) bl_le32(bytes + 4);
	charges->until = (int32_t) bl_le32(bytes + 8);
	memcpy(charges->currency, bytes + 12, 3);
	charges->currency[3] = '\0';
	charges->tariff_digest = bytes + 16;
	charges->market_digest = bytes + 48;
	charges->dictionary = bytes + BL_CHARGES_HEADER;
	charges->dictionary_size = bl_le16(bytes + 80);
	charges->carry_size = bl_le32(bytes + 82);
	charges->end = end;
	if (charges->flags > BL_CHARGES_ESTIMATED || charges->lines > BL_CHARGES_LINES_MAX ||
		!span_valid(charges->from, charges->until) || !currency_valid(charges->currency) ||
		bytes[15] != 0)
		return BL_CORRUPT;

	if (charges->dictionary_size + charges->carry_size > size - BL_CHARGES_HEADER)
		return BL_TRUNCATED;
	charges->first_line = charges->dictionary + charges->dictionary_size;
	charges->carry = end - charges->carry_size;
	if (!open_dictionary(charges))
		return BL_CORRUPT;

	p = charges->first_line;
	for (int i = 0; i < charges->lines; i++)
	{
		if (!line_valid(charges, p, charges->carry))
			return BL_CORRUPT;
		p += line_size(bl_le16(p));
	}
	return p == charges->carry ? BL_OK : BL_CORRUPT;
}

static bool
entry_plain(const BlEntry *entry)
{
	if (!bl_name_valid(entry->name) ||
		!bl_utf8_plain(entry->tax_class.text, (size_t) entry->tax_class.length))
		return false;
	for (int i = 0; i < entry->tags; i++)
	{
		if (!bl_name_valid(entry->tag[i]))
			return false;
	}
	return true;
}

BlStatus
bl_charges_validate(const uint8_t *bytes, size_t size, BlArena *arena)
{
	BlCharges	charges;
	BlCarry		carry;
	BlEntry		entry;
	BlText		period;
	const uint8_t *next;
	BlStatus	status = bl_charges_open(&charges, bytes, size);

	if (status != BL_OK)
		return status;
	next = charges.code_list;
	for (int i = 0; i < charges.codes; i++)
	{
		bl_charges_code(&next, &entry);
		if (!entry_plain(&entry))
			return BL_CORRUPT;
	}
	next = charges.period_list;
	for (int i = 0; i < charges.periods; i++)
	{
		bl_charges_period(&next, &period);
		if (!bl_name_valid(period))
			return BL_CORRUPT;
	}
	next = charges.component_list;
	for (int i = 0; i < charges.components; i++)
	{
		bl_charges_component(&next, &entry);
		if (!entry_plain(&entry))
			return BL_CORRUPT;
	}
	if (charges.carry_size == 0)
		return BL_OK;
	return bl_carry_open(&carry, charges.carry, charges.carry_size, arena);
}

/* ---- the dictionary of opened charges ---- */

static BlText
take_name(const uint8_t **next)
{
	BlText		name = {(const char *) *next + 1, **next};

	*next += 1 + name.length;
	return name;
}

static void
take_tags(const uint8_t **next, BlEntry *entry)
{
	entry->tags = *(*next)++;
	for (int i = 0; i < entry->tags; i++)
		entry->tag[i] = take_name(next);
}

void
bl_charges_code(const uint8_t **next, BlEntry *entry)
{
	entry->name = take_name(next);
	entry->tax_class = take_name(next);
	take_tags(next, entry);
}

void
bl_charges_component(const uint8_t **next, BlEntry *entry)
{
	entry->name = take_name(next);
	entry->tax_class = (BlText) {"", 0};
	take_tags(next, entry);
}

void
bl_charges_period(const uint8_t **next, BlText *name)
{
	*name = take_name(next);
}

static void
add_tags(BlLineNames *names, const BlEntry *entry)
{
	for (int i = 0; i < entry->tags; i++)
		names->tag[names->tags++] = entry->tag[i];
}

void
bl_charges_names(const BlCharges *charges, const BlLine *line, BlLineNames *names)
{
	BlText		none = {"", 0};
	BlEntry		entry;
	const uint8_t *next;

	names->code = (BlText) {"rounding", 8};
	names->tax_class = names->period = names->component = none;
	names->tags = 0;
	if (line->charge != BL_NONE)
	{
		next = charges->code_list;
		bl_charges_code(&next, &entry);
		for (int i = 0; i < line->charge; i++)
			bl_charges_code(&next, &entry);
		names->code = entry.name;
		names->tax_class = entry.tax_class;
		add_tags(names, &entry);
	}
	if (line->period != BL_NONE)
	{
		next = charges->period_list;
		for (int i = 0; i <= line->period; i++)
			bl_charges_period(&next, &names->period);
	}
	if (line->component != BL_NONE)
	{
		next = charges->component_list;
		bl_charges_component(&next, &entry);
		for (int i = 0; i < line->component; i++)
			bl_charges_component(&next, &entry);
		names->component = entry.name;
		add_tags(names, &entry);
	}
}

/* ---- the lines of opened charges ---- */

void
bl_charges_line(const BlCharges *charges, const uint8_t **next, BlLine *line)
{
	const uint8_t *p = *next;
	int			flags = bl_le16(p);

	(void) charges;
	line->flags = flags;
	line->charge = p[2];
	line->period = p[3];
	line->component = p[4];
	line->tier = p[5];
	line->unit = (BlChargeUnit) p[6];
	line->quantity = (BlDec) {number(p, flags, 0), p[7]};
	line->price = (BlDec) {number(p, flags, 1), p[8]};
	line->amount = (BlDec) {number(p, flags, 2), p[9]};
	line->from = line->until = 0;
	p += line_size(flags);
	if (flags & BL_LINE_SPAN)
	{
		line->from = (int32_t) bl_le32(p - SPAN_SIZE);
		line->until = (int32_t) bl_le32(p - SPAN_SIZE + 4);
	}
	*next = p;
}

/* adds up the counted lines; chosen and of_component: which indices, NULL for all */
static BlStatus
sum_lines(const BlCharges *charges, const bool *chosen, const bool *of_component, BlDec *sum)
{
	const uint8_t *p = charges->first_line;
	bool		any = false;

	*sum = BL_ZERO;
	for (int i = 0; i < charges->lines; i++)
	{
		int			flags = bl_le16(p);

		if (flags & BL_LINE_COUNTED && (chosen == NULL || chosen[p[2]] || of_component[p[4]]))
		{
			BlDec		amount = {number(p, flags, 2), p[9]};
			BlStatus	status = any ? bl_dec_add(*sum, amount, sum) : BL_OK;

			if (status != BL_OK)
				return status;
			if (!any)
				*sum = amount;
			any = true;
		}
		p += line_size(flags);
	}
	return BL_OK;
}

BlStatus
bl_charges_total(const BlCharges *charges, BlDec *total)
{
	return sum_lines(charges, NULL, NULL, total);
}

/* the total where all counted amounts are narrow and of one scale */
static bool
total_of_lines(const uint8_t *p, const uint8_t *end, int lines, BlDec *total)
{
	int64_t		sum = 0;
	int			scale = -1;

	for (int i = 0; i < lines; i++)
	{
		int			flags;

		if (end - p < BL_LINE_SIZE)
			return false;
		flags = bl_le16(p);
		if (flags & BL_LINE_COUNTED)
		{
			if (flags & BL_LINE_WIDE || (scale >= 0 && p[9] != scale) ||
				__builtin_add_overflow(sum, (int64_t) bl_le64(p + LINE_AMOUNT), &sum))
				return false;
			scale = p[9];
		}
		p += line_size(flags);
	}
	*total = scale < 0 ? BL_ZERO : bl_dec(sum, scale);
	return p == end && scale <= BL_SCALE_MAX;
}

BlStatus
bl_charges_total_of(const uint8_t *bytes, size_t size, BlDec *total)
{
	BlCharges	charges;
	BlStatus	status;

	if (size >= BL_CHARGES_HEADER && bytes[0] == BL_CHARGES_VERSION)
	{
		size_t		before = BL_CHARGES_HEADER + (size_t) bl_le16(bytes + 80),
					after = bl_le32(bytes + 82);

		if (before + after <= size &&
			total_of_lines(bytes + before, bytes + (size - after), bl_le16(bytes + 2), total))
			return BL_OK;
	}
	status = bl_charges_open(&charges, bytes, size);
	return status == BL_OK ? bl_charges_total(&charges, total) : status;
}

static bool
one_of(BlText text, const BlText *texts, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (bl_text_cmp(text, texts[i]) == 0)
			return true;
	}
	return false;
}

static bool
has_tag(const BlEntry *entry, const BlText *texts, int n)
{
	for (int i = 0; i < entry->tags; i++)
	{
		if (one_of(entry->tag[i], texts, n))
			return true;
	}
	return false;
}

BlStatus
bl_charges_amount(const BlCharges *charges, const BlText *texts, int n, BlDec *amount)
{
	bool		chosen[BL_NONE + 1] = {false};
	bool		of_component[BL_NONE + 1] = {false};
	const uint8_t *next;
	BlEntry		entry;

	next = charges->code_list;
	for (int i = 0; i < charges->codes; i++)
	{
		bl_charges_code(&next, &entry);
		chosen[i] = one_of(entry.name, texts, n) || has_tag(&entry, texts, n);
	}
	chosen[BL_NONE] = one_of((BlText) {"rounding", 8}, texts, n);
	next = charges->component_list;
	for (int i = 0; i < charges->components; i++)
	{
		bl_charges_component(&next, &entry);
		of_component[i] = has_tag(&entry, texts, n);
	}
	return sum_lines(charges, chosen, of_component, amount);
}

/* ---- writing ---- */

void
bl_charges_write_header(BlWriter *w, const BlCharges *charges)
{
	uint8_t		bytes[BL_CHARGES_HEADER] = {0};

	bytes[0] = BL_CHARGES_VERSION;
	bytes[1] = (uint8_t) charges->flags;
	bl_put_le16(bytes + 2, (uint16_t) charges->lines);
	bl_put_le32(bytes + 4, (uint32_t) charges->from);
	bl_put_le32(bytes + 8, (uint32_t) charges->until);
	memcpy(bytes + 12, charges->currency, 3);
	if (charges->tariff_digest != NULL)
		memcpy(bytes + 16, charges->tariff_digest, BL_DIGEST);
	if (charges->market_digest != NULL)
		memcpy(bytes + 48, charges->market_digest, BL_DIGEST);
	bl_put_le16(bytes + 80, (uint16_t) charges->dictionary_size);
	bl_put_le32(bytes + 82, (uint32_t) charges->carry_size);
	bl_write_bytes(w, bytes, sizeof bytes);
}

void
bl_charges_write_name(BlWriter *w, BlText name)
{
	bl_write_u8(w, (uint8_t) name.length);
	bl_write_bytes(w, name.text, (size_t) name.length);
}

static void
write_tags(BlWriter *w, const BlEntry *entry)
{
	bl_write_u8(w, (uint8_t) entry->tags);
	for (int i = 0; i < entry->tags; i++)
		bl_charges_write_name(w, entry->tag[i]);
}

void
bl_charges_write_code(BlWriter *w, const BlEntry *entry)
{
	bl_charges_write_name(w, entry->name);
	bl_charges_write_name(w, entry->tax_class);
	write_tags(w, entry);
}

void
bl_charges_write_component(BlWriter *w, const BlEntry *entry)
{
	bl_charges_write_name(w, entry->name);
	write_tags(w, entry);
}

static inline void
put_number(uint8_t *p, bool wide, int which, BlInt128 value)
{
	p += LINE_NUMBERS + (wide ? 16 : 8) * which;
	bl_put_le64(p, (uint64_t) value);
	if (wide)
		bl_put_le64(p + 8, (uint64_t) (value >> 64));
}

/* a line at p, where there is room for the largest; returns its size */
static inline size_t
put_line(uint8_t *p, const BlLine *line)
{
	int			flags = line->flags & ~BL_LINE_WIDE;
	const BlDec *quantity = flags & BL_LINE_MEASURED ? &line->quantity : &BL_ZERO;
	const BlDec *price = flags & BL_LINE_PRICED ? &line->price : &BL_ZERO;
	const BlDec *amount = &line->amount;
	bool		wide = !fits_64(quantity->coefficient) || !fits_64(price->coefficient) || !fits_64(amount->coefficient);

	if (wide)
		flags |= BL_LINE_WIDE;
	/* the first eight bytes at once */
	bl_put_le64(p, (uint64_t) flags | (uint64_t) line->charge << 16 | (uint64_t) line->period << 24 |
				(uint64_t) line->component << 32 | (uint64_t) line->tier << 40 | (uint64_t) line->unit << 48 |
				(uint64_t) quantity->scale << 56);
	p[8] = (uint8_t) price->scale;
	p[9] = (uint8_t) amount->scale;
	put_number(p, wide, 0, quantity->coefficient);
	put_number(p, wide, 1, price->coefficient);
	put_number(p, wide, 2, amount->coefficient);
	if (flags & BL_LINE_SPAN)
	{
		bl_put_le32(p + line_size(flags) - SPAN_SIZE, (uint32_t) line->from);
		bl_put_le32(p + line_size(flags) - SPAN_SIZE + 4, (uint32_t) line->until);
	}
	return line_size(flags);
}

void
bl_line_write(BlWriter *w, const BlLine *line)
{
	uint8_t		bytes[BL_LINE_SIZE_MAX];

	if (w->used <= w->size && w->size - w->used >= BL_LINE_SIZE_MAX)
		w->used += put_line(w->bytes + w->used, line);
	else
		bl_write_bytes(w, bytes, put_line(bytes, line));
}

bool
bl_line_prepare(uint8_t *bytes, const BlLine *line)
{
	BlLine		bare = *line;

	bare.quantity = bare.amount = BL_ZERO;
	put_line(bytes, &bare);
	return (line->flags & BL_LINE_MEASURED) && !(bl_le16(bytes) & BL_LINE_WIDE);
}
