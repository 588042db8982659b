/*
 * charges_json.c - the lines of a bill as JSON, and back to the same bytes
 *
 * The text form is what a dump holds, so nothing may be lost on the way: not
 * the decimals of 198.80, not the entries of the dictionary without a line.
 */
#include "charges.h"

#include "clock.h"
#include "utf8.h"

/* ---- JSON in ---- */

/* What is known of the dictionary while lines are read. */
typedef struct Reader
{
	BlProblem  *problem;
	int			codes;
	int			periods;
	int			components;
	BlText	   *code;
	BlText	   *period;
	BlText	   *component;
} Reader;

static BlStatus
refuse(Reader *r, const BlJson *at, const char *field, const char *hint)
{
	char		path[BL_JSON_PATH];

	bl_json_path(at, path);
	if (field != NULL)
		bl_problem(r->problem, BL_BAD_TEXT, "the charges lack %s.%s", path, field);
	else
		bl_problem(r->problem, BL_BAD_TEXT, "the charges are not valid at %s", path);
	bl_problem_hint(r->problem, "%s", hint);
	return BL_BAD_TEXT;
}

static const char name_hint[] = "A name is a text of 1 to 63 bytes without control characters.";
static const char day_hint[] = "It is a day, such as \"2026-01-01\", and from is before until.";
static const char digest_hint[] = "A digest is a text of 64 hexadecimal digits.";
static const char kind_hint[] =
"The kind is \"charge\", \"included\", \"of_which\" or \"rounding\"; included and of_which never count, and rounding "
"belongs to no charge.";

static bool
text_of(const BlJson *value, int min, BlText *text)
{
	if (value->type != BL_JSON_STRING || value->length > BL_NAME_MAX || (int) value->length < min)
		return false;
	*text = (BlText) {value->text, (int) value->length};
	return bl_utf8_plain(value->text, value->length);
}

/* a whole number from 0 to max */
static bool
whole_number(BlJson *value, int max, int *number)
{
	BlDec		d;

	if (value->type != BL_JSON_NUMBER || bl_json_decimal(value, 0, &d) != BL_OK ||
		d.coefficient < 0 || d.coefficient > max)
		return false;
	*number = (int) d.coefficient;
	return true;
}

/* a flag that defaults to what it holds */
static BlStatus
take_flag(Reader *r, BlJson *object, const char *field, bool *flag)
{
	BlJson	   *value = bl_json_member(object, field);

	if (value == NULL)
		return BL_OK;
	if (value->type != BL_JSON_TRUE && value->type != BL_JSON_FALSE)
		return refuse(r, value, NULL, "It is true or false.");
	*flag = value->type == BL_JSON_TRUE;
	return BL_OK;
}

static BlStatus
take_span(Reader *r, BlJson *object, int32_t *from, int32_t *until)
{
	BlJson	   *first = bl_json_member(object, "from");
	BlJson	   *end = bl_json_member(object, "until");

	if (first == NULL || end == NULL)
		return refuse(r, object, first == NULL ? "from" : "until", day_hint);
	if (first->type != BL_JSON_STRING || bl_day_parse(first->text, first->length, from) != BL_OK ||
		*from < BL_DAY_MIN || *from > BL_DAY_MAX)
		return refuse(r, first, NULL, day_hint);
	if (end->type != BL_JSON_STRING || bl_day_parse(end->text, end->length, until) != BL_OK ||
		*until > BL_DAY_MAX || *until <= *from)
		return refuse(r, end, NULL, day_hint);
	return BL_OK;
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' :
		c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static BlStatus
take_digest(Reader *r, BlJson *root, const char *field, uint8_t digest[BL_DIGEST])
{
	BlJson	   *value = bl_json_member(root, field);

	memset(digest, 0, BL_DIGEST);
	if (value == NULL)
		return BL_OK;
	if (value->type != BL_JSON_STRING || value->length != 2 * BL_DIGEST)
		return refuse(r, value, NULL, digest_hint);
	for (int i = 0; i < BL_DIGEST; i++)
	{
		int			high = hex_digit(value->text[2 * i]);
		int			low = hex_digit(value->text[2 * i + 1]);

		if (high < 0 || low < 0)
			return refuse(r, value, NULL, digest_hint);
		digest[i] = (uint8_t) (high << 4 | low);
	}
	return BL_OK;
}

static BlStatus
take_currency(Reader *r, BlJson *root, char currency[4])
{
	BlJson	   *value = bl_json_member(root, "currency");
	static const char hint[] = "It is three capital letters, such as \"CNY\".";

	if (value == NULL)
		return refuse(r, root, "currency", hint);
	if (value->type != BL_JSON_STRING || value->length != 3)
		return refuse(r, value, NULL, hint);
	for (int i = 0; i < 3; i++)
	{
		if (value->text[i] < 'A' || value->text[i] > 'Z')
			return refuse(r, value, NULL, hint);
	}
	memcpy(currency, value->text, 3);
	currency[3] = '\0';
	return BL_OK;
}

/* the decimals as written: "198.80" has two */
static bool
shown_decimal(BlJson *value, BlDec *d)
{
	const char *point;
	int			decimals;

	if (bl_json_decimal(value, BL_SCALE_MAX, d) != BL_OK)
		return false;
	if (memchr(value->text, 'e', value->length) || memchr(value->text, 'E', value->length))
		return true;
	point = memchr(value->text, '.', value->length);
	if (point == NULL)
		return true;
	if (value->text + value->length - point - 1 > BL_SCALE_MAX)
		return false;
	decimals = (int) (value->text + value->length - point - 1);
	if (__builtin_mul_overflow(d->coefficient, bl_pow10(decimals - d->scale), &d->coefficient))
		return false;
	d->scale = decimals;
	return true;
}

/* flag is set where the member is there; without a flag it is required */
static BlStatus
take_decimal(Reader *r, BlJson *object, const char *field, int flag, int *flags, BlDec *d)
{
	static const char hint[] = "It is a decimal, such as \"198.80\", of at most 28 decimals and 38 digits.";
	BlJson	   *value = bl_json_member(object, field);

	*d = BL_ZERO;
	if (value == NULL)
		return flag != 0 ? BL_OK : refuse(r, object, field, hint);
	if (!shown_decimal(value, d))
		return refuse(r, value, NULL, hint);
	*flags |= flag;
	return BL_OK;
}

/* ---- the dictionary ---- */

static BlStatus
take_list(Reader *r, BlJson *root, const char *field, int max, BlJson **list, int *count)
{
	static BlJson none;
	char		path[BL_JSON_PATH];

	*list = bl_json_member(root, field);
	*count = 0;
	if (*list == NULL)
	{
		*list = &none;
		return BL_OK;
	}
	if ((*list)->type != BL_JSON_ARRAY)
		return refuse(r, *list, NULL, "It is a list.");
	if ((*list)->count > max)
	{
		bl_json_path(*list, path);
		bl_problem(r->problem, BL_LIMIT, "the charges have too many entries at %s", path);
		bl_problem_detail(r->problem, "There are %d, and at most %d are kept.", (*list)->count, max);
		return BL_LIMIT;
	}
	*count = (*list)->count;
	return BL_OK;
}

static BlStatus
take_tags(Reader *r, BlJson *object, BlEntry *entry)
{
	BlJson	   *list;
	BlStatus	status = take_list(r, object, "tags", BL_TAGS_MAX, &list, &entry->tags);
	int			n = 0;

	if (status != BL_OK)
		return status;
	for (BlJson *tag = list->first; tag != NULL; tag = tag->next)
	{
		if (!text_of(tag, 1, &entry->tag[n++]))
			return refuse(r, tag, NULL, name_hint);
	}
	return BL_OK;
}

static BlStatus
take_entry(Reader *r, BlJson *object, const char *name_field, BlEntry *entry)
{
	BlJson	   *name = bl_json_member(object, name_field);

	if (object->type != BL_JSON_OBJECT)
		return refuse(r, object, NULL, "It is an object with a name and perhaps tags.");
	if (name == NULL)
		return refuse(r, object, name_field, name_hint);
	if (!text_of(name, 1, &entry->name))
		return refuse(r, name, NULL, name_hint);
	return take_tags(r, object, entry);
}

static BlStatus
take_code(Reader *r, BlJson *object, BlEntry *entry)
{
	BlStatus	status = take_entry(r, object, "code", entry);
	BlJson	   *tax_class;

	entry->tax_class = (BlText) {"", 0};
	if (status != BL_OK)
		return status;
	tax_class = bl_json_member(object, "tax_class");
	if (tax_class != NULL && !text_of(tax_class, 0, &entry->tax_class))
		return refuse(r, tax_class, NULL, "A tax class is a text of at most 63 bytes.");
	return BL_OK;
}

static BlText *
get_names(BlArena *arena, int n)
{
	return bl_arena_get(arena, (size_t) (n > 0 ? n : 1) * sizeof(BlText));
}

/* writes the dictionary and keeps its names */
static BlStatus
take_dictionary(Reader *r, BlJson *root, BlArena *arena, BlWriter *w)
{
	BlJson	   *list;
	BlEntry		entry;
	BlStatus	status;
	int			n = 0;

	status = take_list(r, root, "charges", BL_NONE, &list, &r->codes);
	if (status != BL_OK)
		return status;
	r->code = get_names(arena, r->codes);
	if (r->code == NULL)
		return bl_problem(r->problem, BL_NO_SPACE, "the charges are too large");
	bl_write_u8(w, (uint8_t) r->codes);
	for (BlJson *c = list->first; c != NULL; c = c->next)
	{
		status = take_code(r, c, &entry);
		if (status != BL_OK)
			return status;
		bl_charges_write_code(w, &entry);
		r->code[n++] = entry.name;
	}

	status = take_list(r, root, "periods", BL_NONE, &list, &r->periods);
	if (status != BL_OK)
		return status;
	r->period = get_names(arena, r->periods);
	if (r->period == NULL)
		return bl_problem(r->problem, BL_NO_SPACE, "the charges are too large");
	bl_write_u8(w, (uint8_t) r->periods);
	n = 0;
	for (BlJson *p = list->first; p != NULL; p = p->next)
	{
		if (!text_of(p, 1, &r->period[n]))
			return refuse(r, p, NULL, name_hint);
		bl_charges_write_name(w, r->period[n++]);
	}

	status = take_list(r, root, "components", BL_NONE, &list, &r->components);
	if (status != BL_OK)
		return status;
	r->component = get_names(arena, r->components);
	if (r->component == NULL)
		return bl_problem(r->problem, BL_NO_SPACE, "the charges are too large");
	bl_write_u8(w, (uint8_t) r->components);
	n = 0;
	for (BlJson *c = list->first; c != NULL; c = c->next)
	{
		status = take_entry(r, c, "name", &entry);
		if (status != BL_OK)
			return status;
		bl_charges_write_component(w, &entry);
		r->component[n++] = entry.name;
	}
	return BL_OK;
}

/* ---- a line ---- */

static int
find_name(const BlText *names, int n, BlText name)
{
	for (int i = 0; i < n; i++)
	{
		if (bl_text_cmp(names[i], name) == 0)
			return i;
	}
	return BL_NONE;
}

static BlStatus
take_index(Reader *r, BlJson *line, const char *field, const BlText *names, int n, int *index)
{
	BlJson	   *value = bl_json_member(line, field);
	BlText		name;

	*index = BL_NONE;
	if (value == NULL)
		return BL_OK;
	if (text_of(value, 1, &name))
		*index = find_name(names, n, name);
	else if (!whole_number(value, n - 1, index))
		*index = BL_NONE;
	if (*index == BL_NONE)
		return refuse(r, value, NULL, "It is a name of the charges' own list of periods or components.");
	return BL_OK;
}

static BlStatus
take_charge(Reader *r, BlJson *line, int *index)
{
	static const char hint[] = "A line has a charge (an index of the list charges), a code of that list, or both agreeing.";
	BlJson	   *charge = bl_json_member(line, "charge");
	BlJson	   *code = bl_json_member(line, "code");
	BlText		name;

	*index = BL_NONE;
	if (charge == NULL && code == NULL)
		return refuse(r, line, "charge", hint);
	if (charge != NULL && !whole_number(charge, r->codes - 1, index))
		return refuse(r, charge, NULL, hint);
	if (code == NULL)
		return BL_OK;
	if (!text_of(code, 1, &name))
		return refuse(r, code, NULL, hint);
	if (charge == NULL)
		*index = find_name(r->code, r->codes, name);
	if (*index == BL_NONE || bl_text_cmp(r->code[*index], name) != 0)
		return refuse(r, code, NULL, hint);
	return BL_OK;
}

static BlStatus
take_kind(Reader *r, BlJson *line, BlLine *out)
{
	BlJson	   *kind = bl_json_member(line, "kind");
	bool		rounding = bl_json_is(kind, "rounding");
	bool		counted = true;
	BlStatus	status;

	out->charge = BL_NONE;
	if (bl_json_is(kind, "included") || bl_json_is(kind, "of_which"))
	{
		out->flags |= bl_json_is(kind, "included") ? BL_LINE_INCLUDED : BL_LINE_OF_WHICH;
		counted = false;
	}
	else if (kind != NULL && !rounding && !bl_json_is(kind, "charge"))
		return refuse(r, kind, NULL, kind_hint);
	status = take_flag(r, line, "counted", &counted);
	if (status != BL_OK)
		return status;
	if (counted && out->flags != 0)
		return refuse(r, kind, NULL, kind_hint);
	if (counted)
		out->flags |= BL_LINE_COUNTED;
	return rounding ? BL_OK : take_charge(r, line, &out->charge);
}

static BlStatus
take_unit(Reader *r, BlJson *line, BlChargeUnit *unit)
{
	BlJson	   *value = bl_json_member(line, "unit");

	*unit = BL_UNIT_NONE;
	if (value == NULL)
		return BL_OK;
	for (int i = BL_UNIT_NONE + 1; i < BL_CHARGE_UNITS; i++)
	{
		if (bl_json_is(value, bl_charge_unit_name[i]))
		{
			*unit = (BlChargeUnit) i;
			return BL_OK;
		}
	}
	return refuse(r, value, NULL, "The units are kWh, kvarh, kVAh, kW, kVA, kvar, hp, day, month, year, % and piece.");
}

static BlStatus
take_line(Reader *r, BlJson *json, BlLine *line)
{
	BlJson	   *tier;
	bool		estimated = false;
	BlStatus	status;

	memset(line, 0, sizeof *line);
	if (json->type != BL_JSON_OBJECT)
		return refuse(r, json, NULL, "A line is an object with at least charge and amount.");
	status = take_kind(r, json, line);
	if (status == BL_OK)
		status = take_index(r, json, "period", r->period, r->periods, &line->period);
	if (status == BL_OK)
		status = take_index(r, json, "component", r->component, r->components, &line->component);
	if (status == BL_OK)
		status = take_unit(r, json, &line->unit);
	if (status == BL_OK)
		status = take_decimal(r, json, "quantity", BL_LINE_MEASURED, &line->flags, &line->quantity);
	if (status == BL_OK)
		status = take_decimal(r, json, "price", BL_LINE_PRICED, &line->flags, &line->price);
	if (status == BL_OK)
		status = take_decimal(r, json, "amount", 0, &line->flags, &line->amount);
	if (status == BL_OK)
		status = take_flag(r, json, "estimated", &estimated);
	if (status != BL_OK)
		return status;
	if (estimated)
		line->flags |= BL_LINE_ESTIMATED;

	tier = bl_json_member(json, "tier");
	if (tier != NULL && (!whole_number(tier, 255, &line->tier) || line->tier == 0))
		return refuse(r, tier, NULL, "A tier is a number from 1 to 255.");
	if (bl_json_member(json, "from") == NULL && bl_json_member(json, "until") == NULL)
		return BL_OK;
	line->flags |= BL_LINE_SPAN;
	return take_span(r, json, &line->from, &line->until);
}

/* ---- the whole ---- */

static BlStatus
refuse_unknown(Reader *r, BlJson *root)
{
	BlJson	   *unknown = bl_json_unseen(root);
	char		path[BL_JSON_PATH];

	if (unknown == NULL)
		return BL_OK;
	bl_json_path(unknown, path);
	bl_problem(r->problem, BL_BAD_TEXT, "the charges have an unknown field %s", path);
	bl_problem_hint(r->problem,
					"Their fields are currency, from, until, estimated, tariff, market, charges, periods, components, "
					"lines and carry; compare with the text of other charges.");
	return BL_BAD_TEXT;
}

static BlStatus
take_carry(Reader *r, BlJson *root, BlArena *arena, BlWriter *w)
{
	BlJson	   *json = bl_json_member(root, "carry");
	BlCarry		carry;
	BlStatus	status;

	if (json == NULL)
		return BL_OK;
	status = bl_carry_from_json(&carry, json, arena, r->problem);
	if (status != BL_OK)
		return status;
	status = bl_carry_write(&carry, w);
	return status == BL_OK ? BL_OK : bl_problem(r->problem, status, "the carry is not valid");
}

BlStatus
bl_charges_from_json(BlJson *json, BlArena *arena, BlWriter *w, BlProblem *problem)
{
	Reader		r = {.problem = problem};
	uint8_t		tariff[BL_DIGEST];
	uint8_t		market[BL_DIGEST];
	BlCharges	head = {.tariff_digest = tariff, .market_digest = market};
	BlWriter	measure = {NULL, 0, 0};
	BlJson	   *lines;
	bool		estimated = false;
	BlStatus	status;

	if (json->type != BL_JSON_OBJECT)
		return refuse(&r, json, NULL, "Charges are a JSON object with currency, from, until and lines.");
	status = take_currency(&r, json, head.currency);
	if (status == BL_OK)
		status = take_span(&r, json, &head.from, &head.until);
	if (status == BL_OK)
		status = take_flag(&r, json, "estimated", &estimated);
	if (status == BL_OK)
		status = take_digest(&r, json, "tariff", tariff);
	if (status == BL_OK)
		status = take_digest(&r, json, "market", market);
	if (status == BL_OK)
		status = take_list(&r, json, "lines", BL_CHARGES_LINES_MAX, &lines, &head.lines);
	if (status != BL_OK)
		return status;
	if (bl_json_member(json, "lines") == NULL)
		return refuse(&r, json, "lines", "It is a list of lines, perhaps an empty one.");
	head.flags = estimated ? BL_CHARGES_ESTIMATED : 0;

	/* the header has the sizes of what follows */
	status = take_dictionary(&r, json, arena, &measure);
	if (status != BL_OK)
		return status;
	head.dictionary_size = measure.used;
	if (head.dictionary_size > UINT16_MAX)
	{
		bl_problem(problem, BL_LIMIT, "the charges' codes, periods, components and tags are too long");
		return bl_problem_detail(problem, "They take %zu bytes, and at most %d are kept.",
								 head.dictionary_size, UINT16_MAX);
	}
	measure.used = 0;
	status = take_carry(&r, json, arena, &measure);
	if (status != BL_OK)
		return status;
	head.carry_size = measure.used;

	bl_charges_write_header(w, &head);
	status = take_dictionary(&r, json, arena, w);
	for (BlJson *l = lines->first; l != NULL && status == BL_OK; l = l->next)
	{
		BlLine		line;

		status = take_line(&r, l, &line);
		if (status == BL_OK)
			bl_line_write(w, &line);
	}
	if (status == BL_OK)
		status = take_carry(&r, json, arena, w);
	if (status == BL_OK)
		status = refuse_unknown(&r, json);
	return status;
}

/* ---- JSON out ---- */

static void
put(BlWriter *out, const char *text)
{
	bl_write_bytes(out, text, strlen(text));
}

static void
put_text(BlWriter *out, const char *label, BlText text)
{
	put(out, label);
	bl_json_write_string(out, text.text, (size_t) text.length);
}

static void
put_decimal(BlWriter *out, const char *label, BlDec d)
{
	char		text[BL_DEC_TEXT];

	put(out, label);
	put(out, "\"");
	bl_dec_text_scaled(d, text);
	put(out, text);
	put(out, "\"");
}

static void
put_number(BlWriter *out, const char *label, int number)
{
	char		text[BL_DEC_TEXT];

	put(out, label);
	bl_dec_text(bl_dec(number, 0), text);
	put(out, text);
}

static void
put_span(BlWriter *out, int32_t from, int32_t until)
{
	char		text[16];

	put(out, ", \"from\": \"");
	bl_day_text(from, text);
	put(out, text);
	put(out, "\", \"until\": \"");
	bl_day_text(until, text);
	put(out, text);
	put(out, "\"");
}

static void
put_digest(BlWriter *out, const char *label, const uint8_t *digest)
{
	static const char digits[] = "0123456789abcdef";
	static const uint8_t zeros[BL_DIGEST];

	if (memcmp(digest, zeros, BL_DIGEST) == 0)
		return;
	put(out, label);
	put(out, "\"");
	for (int i = 0; i < BL_DIGEST; i++)
	{
		bl_write_u8(out, (uint8_t) digits[digest[i] >> 4]);
		bl_write_u8(out, (uint8_t) digits[digest[i] & 15]);
	}
	put(out, "\"");
}

static void
put_entry(BlWriter *out, const char *label, const BlEntry *entry)
{
	put_text(out, label, entry->name);
	if (entry->tax_class.length > 0)
		put_text(out, ", \"tax_class\": ", entry->tax_class);
	for (int i = 0; i < entry->tags; i++)
		put_text(out, i == 0 ? ", \"tags\": [" : ", ", entry->tag[i]);
	put(out, entry->tags > 0 ? "]}" : "}");
}

/* Where a name stands first in its list, so that lines know when it is enough. */
typedef struct Names
{
	BlText		name[BL_NONE + 1];
	bool		first[BL_NONE + 1];
} Names;

static void
keep_name(Names *names, int i, BlText name)
{
	names->name[i] = name;
	names->first[i] = find_name(names->name, i, name) == BL_NONE;
}

/* the three lists; keeps the names that lines need */
static void
put_dictionary(BlWriter *out, const BlCharges *charges, Names *codes, Names *periods, Names *components)
{
	const uint8_t *next = charges->code_list;
	BlEntry		entry;
	BlText		name;

	for (int i = 0; i < charges->codes; i++)
	{
		bl_charges_code(&next, &entry);
		put_entry(out, i == 0 ? ", \"charges\": [{\"code\": " : ", {\"code\": ", &entry);
		codes->name[i] = entry.name;
	}
	put(out, charges->codes > 0 ? "]" : "");
	next = charges->period_list;
	for (int i = 0; i < charges->periods; i++)
	{
		bl_charges_period(&next, &name);
		put_text(out, i == 0 ? ", \"periods\": [" : ", ", name);
		keep_name(periods, i, name);
	}
	put(out, charges->periods > 0 ? "]" : "");
	next = charges->component_list;
	for (int i = 0; i < charges->components; i++)
	{
		bl_charges_component(&next, &entry);
		put_entry(out, i == 0 ? ", \"components\": [{\"name\": " : ", {\"name\": ", &entry);
		keep_name(components, i, entry.name);
	}
	put(out, charges->components > 0 ? "]" : "");
}

static void
put_index(BlWriter *out, const char *label, const Names *names, int index)
{
	if (index == BL_NONE)
		return;
	if (names->first[index])
		put_text(out, label, names->name[index]);
	else
		put_number(out, label, index);
}

static void
put_line(BlWriter *out, const BlLine *line, const Names *codes, const Names *periods, const Names *components)
{
	if (line->charge == BL_NONE)
		put(out, "{\"kind\": \"rounding\"");
	else
	{
		put_number(out, "{\"charge\": ", line->charge);
		put_text(out, ", \"code\": ", codes->name[line->charge]);
	}
	if (line->flags & BL_LINE_INCLUDED)
		put(out, ", \"kind\": \"included\"");
	else if (line->flags & BL_LINE_OF_WHICH)
		put(out, ", \"kind\": \"of_which\"");
	else if (!(line->flags & BL_LINE_COUNTED))
		put(out, ", \"counted\": false");
	put_index(out, ", \"period\": ", periods, line->period);
	put_index(out, ", \"component\": ", components, line->component);
	if (line->tier != 0)
		put_number(out, ", \"tier\": ", line->tier);
	if (line->flags & BL_LINE_MEASURED)
		put_decimal(out, ", \"quantity\": ", line->quantity);
	if (line->unit != BL_UNIT_NONE)
	{
		put(out, ", \"unit\": \"");
		put(out, bl_charge_unit_name[line->unit]);
		put(out, "\"");
	}
	if (line->flags & BL_LINE_PRICED)
		put_decimal(out, ", \"price\": ", line->price);
	put_decimal(out, ", \"amount\": ", line->amount);
	if (line->flags & BL_LINE_ESTIMATED)
		put(out, ", \"estimated\": true");
	if (line->flags & BL_LINE_SPAN)
		put_span(out, line->from, line->until);
	put(out, "}");
}

BlStatus
bl_charges_to_json(const BlCharges *charges, BlArena *arena, BlWriter *out)
{
	Names	   *names = bl_arena_get(arena, 3 * sizeof *names);
	const uint8_t *next = charges->first_line;
	BlCarry		carry;
	BlStatus	status;

	if (names == NULL)
		return BL_NO_SPACE;
	put_text(out, "{\"currency\": ", (BlText) {charges->currency, 3});
	put_span(out, charges->from, charges->until);
	put(out, charges->flags & BL_CHARGES_ESTIMATED ? ", \"estimated\": true" : "");
	put_digest(out, ", \"tariff\": ", charges->tariff_digest);
	put_digest(out, ", \"market\": ", charges->market_digest);
	put_dictionary(out, charges, &names[0], &names[1], &names[2]);
	put(out, ", \"lines\": [");
	for (int i = 0; i < charges->lines; i++)
	{
		BlLine		line;

		bl_charges_line(charges, &next, &line);
		put(out, i == 0 ? "" : ", ");
		put_line(out, &line, &names[0], &names[1], &names[2]);
	}
	put(out, "]");
	if (charges->carry_size > 0)
	{
		status = bl_carry_open(&carry, charges->carry, charges->carry_size, arena);
		if (status != BL_OK)
			return status;
		put(out, ", \"carry\": ");
		bl_carry_to_json(&carry, out);
	}
	put(out, "}");
	return BL_OK;
}
