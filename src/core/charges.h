/*
 * charges.h - the lines of a bill and its closing carry, one value
 *
 * charges, version 1 (after the varlena length word; integers little-endian)
 *
 *	 0	 1	version
 *	 1	 1	flags: bit 0 some line rests on estimated or missing slots; others zero
 *	 2	 2	number of lines
 *	 4	 4	first billed day, days since 2000-01-01
 *	 8	 4	first day not billed
 *	12	 3	currency, three letters
 *	15	 1	reserved, zero
 *	16	32	digest of the tariff
 *	48	32	digest of the market facts it was bound to
 *	80	 2	length of the dictionary
 *	82	 4	length of the carry
 *	86	 .	dictionary
 *	 .	 .	lines
 *	 .	 .	carry (carry.h; length 0: empty)
 *
 * The dictionary makes the value readable without its tariff:
 *	1	number of charges; each: code (1+n), tax class (1+n, may be empty), number of tags (1), tags (1+n)
 *	1	number of periods; each a name (1+n)
 *	1	number of components; each: name (1+n), number of tags (1), tags (1+n)
 *
 * A line:
 *	 0	2	flags (BL_LINE_...)
 *	 2	1	charge, index into the dictionary; 255: the line "rounding"
 *	 3	1	period, index; 255: none
 *	 4	1	component, index; 255: none
 *	 5	1	tier, from 1; 0: none
 *	 6	1	unit (BlChargeUnit)
 *	 7	1	scale of the quantity
 *	 8	1	scale of the price
 *	 9	1	scale of the amount
 *	10	8	quantity (16 with BL_LINE_WIDE, as are the next two)
 *	18	8	price, 0 without BL_LINE_PRICED
 *	26	8	amount
 *	 .	8	first day and first day after of the piece, with BL_LINE_SPAN
 *
 * The total is the sum of the amounts of the lines with BL_LINE_COUNTED.
 *
 * At most one of COUNTED, INCLUDED and OF_WHICH is set, and neither of the last two on the line "rounding"; what
 * a line does not have (quantity, price) is 0 with scale 0; WIDE only where needed.  Names are plain UTF-8 of 1 to
 * BL_NAME_MAX bytes (a tax class may be empty), scales at most BL_SCALE_MAX.
 *
 * As JSON, from which the same bytes come back:
 *	{"currency": "CNY", "from": "2026-01-01", "until": "2026-02-01", "estimated": true,
 *	 "tariff": "64 hexadecimal digits", "market": "the same",
 *	 "charges": [{"code": "energy", "tax_class": "goods", "tags": ["residential"]}],
 *	 "periods": ["peak", "valley"], "components": [{"name": "funds", "tags": ["funds"]}],
 *	 "lines": [{"charge": 0, "code": "energy", "period": "peak", "component": "funds", "tier": 1,
 *				"quantity": "350", "unit": "kWh", "price": "0.568", "amount": "198.80",
 *				"kind": "included", "counted": false, "estimated": true, "from": "2026-01-01", "until": "2026-01-16"},
 *			   {"kind": "rounding", "amount": "-0.03"}],
 *	 "carry": {}}
 * Required are currency, from, until, lines, and of a line its amount, and charge (the index that "charges[0]"
 * means) or code.  kind is "charge" unless it says otherwise; a line of kind charge or rounding counts unless it
 * says not.  A digest that is missing is all zeros.  Decimals keep their zeros: "198.80" has two.  A period or component
 * is its name, or its index where an earlier entry has the same name.
 */
#ifndef BL_CHARGES_H
#define BL_CHARGES_H

#include "carry.h"

enum
{
	BL_CHARGES_VERSION = 1,
	BL_CHARGES_HEADER = 86,
	BL_CHARGES_LINES_MAX = 4096,
	BL_LINE_SCALES = 7,			/* where the three scales of a line begin */
	BL_LINE_NUMBERS = 10,		/* and the three numbers */
	BL_LINE_SIZE = 34,
	BL_LINE_SIZE_SPAN = 8,
	BL_LINE_SIZE_MAX = 66,		/* wide, with a span */
	BL_NONE = 255,
	BL_TAGS_MAX = 32,			/* of a charge, of a component */
	BL_DIGEST = 32,

	BL_LINE_COUNTED = 1,		/* part of the total */
	BL_LINE_INCLUDED = 2,		/* a tax split out of other lines: not counted */
	BL_LINE_OF_WHICH = 4,		/* a component of the period lines before it: not counted */
	BL_LINE_PRICED = 8,			/* there is one price */
	BL_LINE_MEASURED = 16,		/* there is a quantity */
	BL_LINE_ESTIMATED = 32,		/* rests on slots that are not actual */
	BL_LINE_WIDE = 64,
	BL_LINE_SPAN = 128,
	BL_LINE_FLAGS = 255,

	BL_CHARGES_ESTIMATED = 1	/* of the header */
};

typedef enum BlChargeUnit
{
	BL_UNIT_NONE,
	BL_UNIT_KWH,
	BL_UNIT_KVARH,
	BL_UNIT_KVAH,
	BL_UNIT_KW,
	BL_UNIT_KVA,
	BL_UNIT_HP,
	BL_UNIT_DAY,
	BL_UNIT_MONTH,
	BL_UNIT_YEAR,
	BL_UNIT_PERCENT,			/* the price is a percentage, the quantity money */
	BL_UNIT_COUNT_OF,			/* pieces: meters, bills, steps reached, packages */
	BL_UNIT_KVAR,
	BL_CHARGE_UNITS
} BlChargeUnit;

typedef struct BlLine
{
	int			flags;
	int			charge;
	int			period;
	int			component;
	int			tier;
	BlChargeUnit unit;
	BlDec		quantity;
	BlDec		price;
	BlDec		amount;
	int32_t		from;			/* with BL_LINE_SPAN */
	int32_t		until;
} BlLine;

typedef struct BlCharges
{
	int			flags;
	int			lines;
	int32_t		from;
	int32_t		until;
	char		currency[4];
	const uint8_t *tariff_digest;	/* 32 bytes */
	const uint8_t *market_digest;
	const uint8_t *dictionary;
	size_t		dictionary_size;
	int			codes;			/* entries of the dictionary */
	int			periods;
	int			components;
	const uint8_t *code_list;	/* their first bytes */
	const uint8_t *period_list;
	const uint8_t *component_list;
	const uint8_t *first_line;
	const uint8_t *carry;
	size_t		carry_size;
	const uint8_t *end;
} BlCharges;

/* The names that a line's indices mean.  Text points into the charges. */
typedef struct BlLineNames
{
	BlText		code;
	BlText		tax_class;
	BlText		period;
	BlText		component;
	int			tags;			/* of the charge, then of the component */
	BlText		tag[2 * BL_TAGS_MAX];
} BlLineNames;

/* An entry of the dictionary: of a charge, or of a component, which has no tax class. */
typedef struct BlEntry
{
	BlText		name;
	BlText		tax_class;
	int			tags;
	BlText		tag[BL_TAGS_MAX];
} BlEntry;

/* "" for none; "%" for a percentage, "piece" for a count */
extern const char *const bl_charge_unit_name[BL_CHARGE_UNITS];

/*
 * Checks all that reading needs, in one pass over the lines: not that names
 * are UTF-8, nor the inside of the carry.
 */
extern BlStatus bl_charges_open(BlCharges *charges, const uint8_t *bytes, size_t size);
/* the same and the rest */
extern BlStatus bl_charges_validate(const uint8_t *bytes, size_t size, BlArena *arena);

/* start at first_line and call once for each line */
extern void bl_charges_line(const BlCharges *charges, const uint8_t **next, BlLine *line);
extern void bl_charges_names(const BlCharges *charges, const BlLine *line, BlLineNames *names);
extern BlStatus bl_charges_total(const BlCharges *charges, BlDec *total);
/* the same of bytes, with only the checks that this needs: what was made is not checked whole for each sum */
extern BlStatus bl_charges_total_of(const uint8_t *bytes, size_t size, BlDec *total);
/* the counted lines whose code, or a tag of whose charge or component, is one of the texts */
extern BlStatus bl_charges_amount(const BlCharges *charges, const BlText *texts, int n, BlDec *amount);

/* walk: start at code_list or component_list */
extern void bl_charges_code(const uint8_t **next, BlEntry *entry);
extern void bl_charges_component(const uint8_t **next, BlEntry *entry);
extern void bl_charges_period(const uint8_t **next, BlText *name);

/*
 * Writing, in this order: the header (lines, from, until, currency, flags,
 * digests (NULL: zeros), dictionary_size and carry_size of charges), the
 * dictionary, lines, the carry.
 */
extern void bl_charges_write_header(BlWriter *w, const BlCharges *charges);
extern void bl_charges_write_name(BlWriter *w, BlText name);
extern void bl_charges_write_code(BlWriter *w, const BlEntry *entry);
extern void bl_charges_write_component(BlWriter *w, const BlEntry *entry);
/* sets or clears BL_LINE_WIDE itself; what a line does not have becomes zero */
extern void bl_line_write(BlWriter *w, const BlLine *line);
/*
 * The same in two steps, for a line of which only quantity, amount and whether it is
 * estimated will differ: its bytes once (BL_LINE_SIZE_MAX; false: this cannot be done), then each line.
 */
extern bool bl_line_prepare(uint8_t *bytes, const BlLine *line);

/* at p, where there is room for the largest line; quantity and amount fit 64 bits; returns the size */
static inline size_t
bl_line_put(uint8_t *p, const uint8_t *bytes, const BlLine *line)
{
	memcpy(p, bytes, BL_LINE_SIZE + BL_LINE_SIZE_SPAN);
	p[0] = (uint8_t) line->flags;
	p[BL_LINE_SCALES] = (uint8_t) line->quantity.scale;
	p[BL_LINE_SCALES + 2] = (uint8_t) line->amount.scale;
	bl_put_le64(p + BL_LINE_NUMBERS, (uint64_t) line->quantity.coefficient);
	bl_put_le64(p + BL_LINE_NUMBERS + 16, (uint64_t) line->amount.coefficient);
	return BL_LINE_SIZE + (line->flags & BL_LINE_SPAN ? BL_LINE_SIZE_SPAN : 0);
}

/*
 * charges_json.c.  Reading writes the bytes; with an empty writer it only
 * counts them.
 */
extern BlStatus bl_charges_from_json(BlJson *json, BlArena *arena, BlWriter *w, BlProblem *problem);
extern BlStatus bl_charges_to_json(const BlCharges *charges, BlArena *arena, BlWriter *out);

#endif							/* BL_CHARGES_H */
