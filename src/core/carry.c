/*
 * carry.c - what earlier periods leave behind: bytes, JSON, one canonical form
 *
 * bl_carry_open() accepts exactly what bl_carry_write() produces, so that
 * equality, hash and the digest of a bill can go by bytes.
 */
#include "carry.h"

#include <stdlib.h>

#include "clock.h"
#include "utf8.h"

enum
{
	KWH_SCALE = BL_ENERGY_SCALE,
	KW_SCALE = BL_ENERGY_SCALE,
	BANK_SCALE = BL_AMOUNT_SCALE,
	YEAR_MAX = 4998
};

static bool
plain_text(BlText text, int min)
{
	return text.length >= min && text.length <= BL_NAME_MAX &&
		bl_utf8_plain(text.text, (size_t) text.length);
}

static int
day_cmp(int32_t a, int32_t b)
{
	return (a > b) - (a < b);
}

static int
counter_cmp(const void *a, const void *b)
{
	return bl_text_cmp(((const BlCounter *) a)->name, ((const BlCounter *) b)->name);
}

static int
demand_cmp(const void *a, const void *b)
{
	const BlPastDemand *x = a;
	const BlPastDemand *y = b;
	int			c = bl_text_cmp(x->name, y->name);

	return c != 0 ? c : day_cmp(x->first_day, y->first_day);
}

static int
bank_cmp(const void *a, const void *b)
{
	const BlBank *x = a;
	const BlBank *y = b;
	int			c = bl_text_cmp(x->name, y->name);

	if (c == 0)
		c = bl_text_cmp(x->period, y->period);
	return c != 0 ? c : day_cmp(x->first_day, y->first_day);
}

/* what the formats can say, and so what both of them accept */
static bool
day_valid(int32_t day)
{
	return day >= BL_DAY_MIN && day <= BL_DAY_MAX && bl_date_of(day).year <= YEAR_MAX;
}

static int32_t
window_start(BlCounterKind kind, int32_t day)
{
	BlDate		date = bl_date_of(day);

	switch (kind)
	{
		case BL_COUNTER_YEAR:
			return bl_day_of(date.year, 1, 1);
		case BL_COUNTER_MONTH:
			return bl_day_of(date.year, date.month, 1);
		case BL_COUNTER_FROM:
			break;
	}
	return day;
}

/* ---- bytes ---- */

static BlText
read_text(BlReader *r)
{
	BlText		text = {NULL, bl_read_u8(r)};

	text.text = (const char *) bl_read_bytes(r, (size_t) text.length);
	return text.text != NULL ? text : (BlText) {"", 0};
}

/* a count that the remaining bytes can hold at all, so that nobody asks for memory in vain */
static int
read_count(BlReader *r, int max, size_t least_size)
{
	int			n = bl_read_le16(r);

	if (n > max || (size_t) n * least_size > (size_t) (r->end - r->next))
		r->bad = true;
	return r->bad ? 0 : n;
}

static BlDec
read_decimal(BlReader *r, int max_scale)
{
	BlDec		d = bl_read_decimal(r);

	if (d.scale > max_scale || bl_dec_trim(d).scale != d.scale)
		r->bad = true;
	return d;
}

static void
read_counters(BlReader *r, BlCarry *carry)
{
	for (int i = 0; i < carry->counters && !r->bad; i++)
	{
		BlCounter  *c = &carry->counter[i];
		int			kind;

		c->name = read_text(r);
		kind = bl_read_u8(r);
		c->kind = (BlCounterKind) kind;
		c->first_day = (int32_t) bl_read_le32(r);
		c->kwh = read_decimal(r, KWH_SCALE);
		/* counts begin at zero and rise */
		if (kind > BL_COUNTER_FROM || c->kwh.coefficient < 0 || !bl_name_valid(c->name) || !day_valid(c->first_day) ||
			window_start(c->kind, c->first_day) != c->first_day ||
			(i > 0 && counter_cmp(c - 1, c) >= 0))
			r->bad = true;
	}
}

static void
read_demands(BlReader *r, BlCarry *carry)
{
	for (int i = 0; i < carry->demands && !r->bad; i++)
	{
		BlPastDemand *d = &carry->demand[i];

		d->name = read_text(r);
		d->first_day = (int32_t) bl_read_le32(r);
		d->kw = read_decimal(r, KW_SCALE);
		/* what flows back has a demand of its own */
		if (d->kw.coefficient < 0 || !bl_name_valid(d->name) || !day_valid(d->first_day) ||
			window_start(BL_COUNTER_MONTH, d->first_day) != d->first_day ||
			(i > 0 && demand_cmp(d - 1, d) >= 0))
			r->bad = true;
	}
}

static void
read_banks(BlReader *r, BlCarry *carry)
{
	for (int i = 0; i < carry->banks && !r->bad; i++)
	{
		BlBank	   *b = &carry->bank[i];

		b->name = read_text(r);
		b->period = read_text(r);
		b->first_day = (int32_t) bl_read_le32(r);
		b->amount = read_decimal(r, BANK_SCALE);
		if (!bl_name_valid(b->name) || !plain_text(b->period, 0) || !day_valid(b->first_day) ||
			(i > 0 && bank_cmp(b - 1, b) >= 0))
			r->bad = true;
	}
}

/* an array of n, not NULL even when empty */
static bool
get_array(BlArena *arena, int n, size_t size, void *array)
{
	void	   *at = bl_arena_get(arena, (size_t) (n > 0 ? n : 1) * size);

	memcpy(array, &at, sizeof at);
	return at != NULL;
}

BlStatus
bl_carry_open(BlCarry *carry, const uint8_t *bytes, size_t size, BlArena *arena)
{
	BlReader	r = {bytes, bytes + size, false};

	memset(carry, 0, sizeof *carry);
	if (size < BL_CARRY_EMPTY)
		return BL_TRUNCATED;
	if (bl_read_u8(&r) != BL_CARRY_VERSION)
		return BL_BAD_VERSION;
	if (bl_read_u8(&r) != 0)
		return BL_CORRUPT;

	/* the smallest entry: a name of one byte, the fixed fields, a decimal of two */
	carry->counters = read_count(&r, BL_CARRY_COUNTERS_MAX, 2 + 1 + 4 + 2);
	if (!get_array(arena, carry->counters, sizeof *carry->counter, &carry->counter))
		return BL_NO_SPACE;
	read_counters(&r, carry);
	carry->demands = read_count(&r, BL_CARRY_DEMANDS_MAX, 2 + 4 + 2);
	if (!get_array(arena, carry->demands, sizeof *carry->demand, &carry->demand))
		return BL_NO_SPACE;
	read_demands(&r, carry);
	carry->banks = read_count(&r, BL_CARRY_BANKS_MAX, 2 + 1 + 4 + 2);
	if (!get_array(arena, carry->banks, sizeof *carry->bank, &carry->bank))
		return BL_NO_SPACE;
	read_banks(&r, carry);
	return r.bad || r.next != r.end ? BL_CORRUPT : BL_OK;
}

static void
write_text(BlWriter *w, BlText text)
{
	bl_write_u8(w, (uint8_t) text.length);
	bl_write_bytes(w, text.text, (size_t) text.length);
}

/* trims, and refuses what bl_carry_open() would */
static BlStatus
fit_decimal(BlDec *d, int max_scale)
{
	*d = bl_dec_trim(*d);
	if (!bl_decimal_fits(*d) || d->scale > max_scale)
		return BL_OVERFLOW;
	return BL_OK;
}

static void
sort(void *array, int n, size_t size, int (*compare) (const void *, const void *))
{
	if (n > 1)
		qsort(array, (size_t) n, size, compare);
}

/* brings all entries into the canonical form */
static BlStatus
tidy(BlCarry *carry)
{
	BlStatus	status = BL_OK;

	if (carry->counters > BL_CARRY_COUNTERS_MAX || carry->demands > BL_CARRY_DEMANDS_MAX ||
		carry->banks > BL_CARRY_BANKS_MAX)
		return BL_LIMIT;
	for (int i = 0; i < carry->counters && status == BL_OK; i++)
	{
		BlCounter  *c = &carry->counter[i];

		if (c->kwh.coefficient < 0 || !bl_name_valid(c->name) || !day_valid(c->first_day))
			return BL_BAD_CARRY;
		c->first_day = window_start(c->kind, c->first_day);
		status = fit_decimal(&c->kwh, KWH_SCALE);
	}
	for (int i = 0; i < carry->demands && status == BL_OK; i++)
	{
		BlPastDemand *d = &carry->demand[i];

		if (d->kw.coefficient < 0 || !bl_name_valid(d->name) || !day_valid(d->first_day))
			return BL_BAD_CARRY;
		d->first_day = window_start(BL_COUNTER_MONTH, d->first_day);
		status = fit_decimal(&d->kw, KW_SCALE);
	}
	for (int i = 0; i < carry->banks && status == BL_OK; i++)
	{
		BlBank	   *b = &carry->bank[i];

		if (!bl_name_valid(b->name) || !plain_text(b->period, 0) || !day_valid(b->first_day))
			return BL_BAD_CARRY;
		status = fit_decimal(&b->amount, BANK_SCALE);
	}
	sort(carry->counter, carry->counters, sizeof *carry->counter, counter_cmp);
	sort(carry->demand, carry->demands, sizeof *carry->demand, demand_cmp);
	sort(carry->bank, carry->banks, sizeof *carry->bank, bank_cmp);
	return status;
}

BlStatus
bl_carry_write(BlCarry *carry, BlWriter *w)
{
	BlStatus	status = tidy(carry);

	if (status != BL_OK)
		return status;
	bl_write_u8(w, BL_CARRY_VERSION);
	bl_write_u8(w, 0);

	bl_write_le16(w, (uint16_t) carry->counters);
	for (int i = 0; i < carry->counters; i++)
	{
		const BlCounter *c = &carry->counter[i];

		if (i > 0 && counter_cmp(c - 1, c) == 0)
			return BL_BAD_CARRY;
		write_text(w, c->name);
		bl_write_u8(w, (uint8_t) c->kind);
		bl_write_le32(w, (uint32_t) c->first_day);
		bl_write_decimal(w, c->kwh);
	}

	bl_write_le16(w, (uint16_t) carry->demands);
	for (int i = 0; i < carry->demands; i++)
	{
		const BlPastDemand *d = &carry->demand[i];

		if (i > 0 && demand_cmp(d - 1, d) == 0)
			return BL_BAD_CARRY;
		write_text(w, d->name);
		bl_write_le32(w, (uint32_t) d->first_day);
		bl_write_decimal(w, d->kw);
	}

	bl_write_le16(w, (uint16_t) carry->banks);
	for (int i = 0; i < carry->banks; i++)
	{
		const BlBank *b = &carry->bank[i];

		if (i > 0 && bank_cmp(b - 1, b) == 0)
			return BL_BAD_CARRY;
		write_text(w, b->name);
		write_text(w, b->period);
		bl_write_le32(w, (uint32_t) b->first_day);
		bl_write_decimal(w, b->amount);
	}
	return BL_OK;
}

/* ---- JSON in ---- */

typedef struct Form
{
	BlArena    *arena;
	BlProblem  *problem;
} Form;

/* at: what is wrong, or the object that lacks field */
static BlStatus
refuse(Form *form, const BlJson *at, const char *field, const char *hint)
{
	char		path[BL_JSON_PATH];

	bl_json_path(at, path);
	if (field != NULL)
		bl_problem(form->problem, BL_BAD_CARRY, "the carry lacks %s.%s", path, field);
	else
		bl_problem(form->problem, BL_BAD_CARRY, "the carry is not valid at %s", path);
	bl_problem_hint(form->problem, "%s", hint);
	return BL_BAD_CARRY;
}

static const char name_hint[] = "A name is a text of 1 to 63 bytes without control characters.";
static const char year_hint[] = "It is a year, such as 2026.";
static const char month_hint[] = "It is a month, such as \"2026-01\".";
static const char day_hint[] = "It is a day, such as \"2026-01-01\".";
static const char member_hint[] =
"A carry has counters (an object: name to year, month or from, with kwh), demand (a list of name, month, kw) "
"and banks (a list of name, period, from, amount).";

static BlStatus
take_decimal(Form *form, BlJson *object, const char *field, int max_scale, BlDec *d)
{
	BlJson	   *value = bl_json_member(object, field);
	BlStatus	status;

	if (value == NULL)
		return refuse(form, object, field, "It is a decimal, such as \"12.5\".");
	status = bl_json_decimal(value, max_scale, d);
	if (status == BL_OK)
		status = fit_decimal(d, max_scale);
	if (status == BL_OK)
		return BL_OK;
	refuse(form, value, NULL, "It is a decimal, such as \"12.5\".");
	bl_problem_detail(form->problem, "At most %d decimals and 18 digits in all are kept.", max_scale);
	return BL_BAD_CARRY;
}

static BlStatus
take_text(Form *form, BlJson *object, const char *field, int min, BlText *text)
{
	BlJson	   *value = bl_json_member(object, field);

	*text = (BlText) {"", 0};
	if (value == NULL)
		return min == 0 ? BL_OK : refuse(form, object, field, name_hint);
	if (value->type == BL_JSON_STRING && value->length <= BL_NAME_MAX)
	{
		*text = (BlText) {value->text, (int) value->length};
		if (plain_text(*text, min))
			return BL_OK;
	}
	return refuse(form, value, NULL, name_hint);
}

static bool
parse_day(const char *text, size_t length, int32_t *day)
{
	return bl_day_parse(text, length, day) == BL_OK && day_valid(*day);
}

static BlStatus
take_day(Form *form, BlJson *object, const char *field, int32_t *day)
{
	BlJson	   *value = bl_json_member(object, field);

	if (value == NULL)
		return refuse(form, object, field, day_hint);
	if (value->type != BL_JSON_STRING || !parse_day(value->text, value->length, day))
		return refuse(form, value, NULL, day_hint);
	return BL_OK;
}

static BlStatus
take_month(Form *form, BlJson *object, const char *field, int32_t *day)
{
	BlJson	   *value = bl_json_member(object, field);
	char		first[11] = "YYYY-MM-01";

	if (value == NULL)
		return refuse(form, object, field, month_hint);
	if (value->type != BL_JSON_STRING || value->length != 7)
		return refuse(form, value, NULL, month_hint);
	memcpy(first, value->text, 7);
	if (!parse_day(first, 10, day))
		return refuse(form, value, NULL, month_hint);
	return BL_OK;
}

static BlStatus
take_year(Form *form, BlJson *object, int32_t *day)
{
	BlJson	   *value = bl_json_member(object, "year");
	BlDec		year;

	if (bl_json_decimal(value, 0, &year) != BL_OK || year.coefficient < 1 || year.coefficient > YEAR_MAX)
		return refuse(form, value, NULL, year_hint);
	*day = bl_day_of((int) year.coefficient, 1, 1);
	return BL_OK;
}

static BlStatus
take_counter(Form *form, BlJson *member, BlCounter *c)
{
	static const char window_hint[] =
	"A counter has one of \"year\": 2026, \"month\": \"2026-03\" and \"from\": \"2026-06-01\", and its \"kwh\".";
	bool		year,
				month,
				from;
	BlStatus	status;

	c->name = (BlText) {member->key, member->key_length > BL_NAME_MAX ? BL_NAME_MAX + 1 : (int) member->key_length};
	if (!bl_name_valid(c->name))
		return refuse(form, member, NULL, name_hint);
	if (member->type != BL_JSON_OBJECT)
		return refuse(form, member, NULL, window_hint);
	year = bl_json_member(member, "year") != NULL;
	month = bl_json_member(member, "month") != NULL;
	from = bl_json_member(member, "from") != NULL;
	if (year + month + from != 1)
		return refuse(form, member, NULL, window_hint);
	c->kind = year ? BL_COUNTER_YEAR : month ? BL_COUNTER_MONTH : BL_COUNTER_FROM;
	status = year ? take_year(form, member, &c->first_day) :
		month ? take_month(form, member, "month", &c->first_day) :
		take_day(form, member, "from", &c->first_day);
	if (status != BL_OK)
		return status;
	status = take_decimal(form, member, "kwh", KWH_SCALE, &c->kwh);
	if (status == BL_OK && c->kwh.coefficient < 0)
		return refuse(form, bl_json_member(member, "kwh"), NULL, "Counters count from 0 on; what is owed in energy is a bank's.");
	return status;
}

static BlStatus
take_demand(Form *form, BlJson *element, BlPastDemand *d)
{
	BlStatus	status;

	if (element->type != BL_JSON_OBJECT)
		return refuse(form, element, NULL,
					  "It is an object such as {\"name\": \"demand\", \"month\": \"2026-01\", \"kw\": \"123.4\"}.");
	status = take_text(form, element, "name", 1, &d->name);
	if (status == BL_OK)
		status = take_month(form, element, "month", &d->first_day);
	if (status == BL_OK)
		status = take_decimal(form, element, "kw", KW_SCALE, &d->kw);
	if (status == BL_OK && d->kw.coefficient < 0)
		return refuse(form, bl_json_member(element, "kw"), NULL, "A demand is a highest mean power, never below zero.");
	return status;
}

static BlStatus
take_bank(Form *form, BlJson *element, BlBank *b)
{
	BlStatus	status;

	if (element->type != BL_JSON_OBJECT)
		return refuse(form, element, NULL,
					  "It is an object such as {\"name\": \"export\", \"from\": \"2026-01-01\", \"amount\": \"12.25\"}.");
	status = take_text(form, element, "name", 1, &b->name);
	if (status == BL_OK)
		status = take_text(form, element, "period", 0, &b->period);
	if (status == BL_OK)
		status = take_day(form, element, "from", &b->first_day);
	if (status == BL_OK)
		status = take_decimal(form, element, "amount", BANK_SCALE, &b->amount);
	return status;
}

/* the list of that name, its length within bounds; none is an empty one */
static BlStatus
take_list(Form *form, BlJson *root, const char *field, BlJsonType type, int max,
		  BlJson **first, int *count)
{
	BlJson	   *list = bl_json_member(root, field);
	char		path[BL_JSON_PATH];

	*first = NULL;
	*count = 0;
	if (list == NULL)
		return BL_OK;
	if (list->type != type)
		return refuse(form, list, NULL, member_hint);
	if (list->count > max)
	{
		bl_json_path(list, path);
		bl_problem(form->problem, BL_LIMIT, "the carry has too many entries at %s", path);
		bl_problem_detail(form->problem, "There are %d, and at most %d are kept.", list->count, max);
		bl_problem_hint(form->problem, "Leave out what no later bill can need.");
		return BL_LIMIT;
	}
	*first = list->first;
	*count = list->count;
	return BL_OK;
}

static BlStatus
take_all(Form *form, BlCarry *carry, BlJson *root)
{
	BlJson	   *counters,
			   *demands,
			   *banks;
	BlStatus	status;

	status = take_list(form, root, "counters", BL_JSON_OBJECT, BL_CARRY_COUNTERS_MAX, &counters, &carry->counters);
	if (status == BL_OK)
		status = take_list(form, root, "demand", BL_JSON_ARRAY, BL_CARRY_DEMANDS_MAX, &demands, &carry->demands);
	if (status == BL_OK)
		status = take_list(form, root, "banks", BL_JSON_ARRAY, BL_CARRY_BANKS_MAX, &banks, &carry->banks);
	if (status != BL_OK)
		return status;
	if (!get_array(form->arena, carry->counters, sizeof *carry->counter, &carry->counter) ||
		!get_array(form->arena, carry->demands, sizeof *carry->demand, &carry->demand) ||
		!get_array(form->arena, carry->banks, sizeof *carry->bank, &carry->bank))
		return bl_problem(form->problem, BL_NO_SPACE, "the carry is too large");

	for (BlCounter *c = carry->counter; counters != NULL && status == BL_OK; counters = counters->next)
	{
		counters->seen = true;
		status = take_counter(form, counters, c++);
	}
	for (BlPastDemand *d = carry->demand; demands != NULL && status == BL_OK; demands = demands->next)
		status = take_demand(form, demands, d++);
	for (BlBank *b = carry->bank; banks != NULL && status == BL_OK; banks = banks->next)
		status = take_bank(form, banks, b++);
	return status;
}

/* what bl_carry_write() would refuse without saying where */
static BlStatus
refuse_twins(Form *form, BlCarry *carry)
{
	sort(carry->demand, carry->demands, sizeof *carry->demand, demand_cmp);
	for (int i = 1; i < carry->demands; i++)
	{
		const BlPastDemand *d = &carry->demand[i];

		if (demand_cmp(d - 1, d) == 0)
		{
			bl_problem(form->problem, BL_BAD_CARRY, "the carry has two demands \"%.*s\" for one month",
					   d->name.length, d->name.text);
			bl_problem_hint(form->problem, "Keep the higher one.");
			return BL_BAD_CARRY;
		}
	}
	sort(carry->bank, carry->banks, sizeof *carry->bank, bank_cmp);
	for (int i = 1; i < carry->banks; i++)
	{
		const BlBank *b = &carry->bank[i];

		if (bank_cmp(b - 1, b) == 0)
		{
			bl_problem(form->problem, BL_BAD_CARRY, "the carry has two banks \"%.*s\" of one period and day",
					   b->name.length, b->name.text);
			bl_problem_hint(form->problem, "Add their amounts into one.");
			return BL_BAD_CARRY;
		}
	}
	return BL_OK;
}

BlStatus
bl_carry_from_json(BlCarry *carry, BlJson *json, BlArena *arena, BlProblem *problem)
{
	Form		form = {arena, problem};
	BlJson	   *unknown;
	BlStatus	status;

	memset(carry, 0, sizeof *carry);
	if (json->type != BL_JSON_OBJECT)
		return refuse(&form, json, NULL, member_hint);
	status = take_all(&form, carry, json);
	if (status != BL_OK)
		return status;
	unknown = bl_json_unseen(json);
	if (unknown != NULL)
	{
		char		path[BL_JSON_PATH];

		bl_json_path(unknown, path);
		bl_problem(problem, BL_BAD_CARRY, "the carry has an unknown field %s", path);
		bl_problem_hint(problem, "%s", member_hint);
		return BL_BAD_CARRY;
	}
	return refuse_twins(&form, carry);
}

/* ---- JSON out ---- */

static void
put(BlWriter *out, const char *text)
{
	bl_write_bytes(out, text, strlen(text));
}

static void
put_text(BlWriter *out, BlText text)
{
	bl_json_write_string(out, text.text, (size_t) text.length);
}

static void
put_decimal(BlWriter *out, const char *label, BlDec d)
{
	char		text[BL_DEC_TEXT];

	put(out, label);
	bl_dec_text(d, text);
	put(out, text);
	put(out, "\"}");
}

/* the first length characters of the day: 10 a day, 7 a month */
static void
put_day(BlWriter *out, const char *label, int32_t day, size_t length)
{
	char		text[16];

	bl_day_text(day, text);
	put(out, label);
	put(out, "\"");
	bl_write_bytes(out, text, length);
	put(out, "\", ");
}

static void
put_counter(BlWriter *out, const BlCounter *c)
{
	char		year[BL_DEC_TEXT];

	put_text(out, c->name);
	put(out, ": {");
	switch (c->kind)
	{
		case BL_COUNTER_YEAR:
			bl_dec_text(bl_dec(bl_date_of(c->first_day).year, 0), year);
			put(out, "\"year\": ");
			put(out, year);
			put(out, ", ");
			break;
		case BL_COUNTER_MONTH:
			put_day(out, "\"month\": ", c->first_day, 7);
			break;
		case BL_COUNTER_FROM:
			put_day(out, "\"from\": ", c->first_day, 10);
			break;
	}
	put_decimal(out, "\"kwh\": \"", c->kwh);
}

void
bl_carry_to_json(const BlCarry *carry, BlWriter *out)
{
	const char *between = "";

	put(out, "{");
	for (int i = 0; i < carry->counters; i++)
	{
		put(out, i == 0 ? "\"counters\": {" : ", ");
		put_counter(out, &carry->counter[i]);
		between = "}, ";
	}
	if (carry->counters > 0 && carry->demands + carry->banks == 0)
		put(out, "}");
	for (int i = 0; i < carry->demands; i++)
	{
		const BlPastDemand *d = &carry->demand[i];

		put(out, i == 0 ? between : ", ");
		put(out, i == 0 ? "\"demand\": [{\"name\": " : "{\"name\": ");
		put_text(out, d->name);
		put_day(out, ", \"month\": ", d->first_day, 7);
		put_decimal(out, "\"kw\": \"", d->kw);
		between = "], ";
	}
	if (carry->demands > 0 && carry->banks == 0)
		put(out, "]");
	for (int i = 0; i < carry->banks; i++)
	{
		const BlBank *b = &carry->bank[i];

		put(out, i == 0 ? between : ", ");
		put(out, i == 0 ? "\"banks\": [{\"name\": " : "{\"name\": ");
		put_text(out, b->name);
		if (b->period.length > 0)
		{
			put(out, ", \"period\": ");
			put_text(out, b->period);
		}
		put_day(out, ", \"from\": ", b->first_day, 10);
		put_decimal(out, "\"amount\": \"", b->amount);
	}
	if (carry->banks > 0)
		put(out, "]");
	put(out, "}");
}
