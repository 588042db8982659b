/*
 * tariff_parse.c - a tariff document: its head, its parts and tables, and what all its readers use
 *
 * The schema is doc/tariff.md, section by section.  What no reader asked for
 * is an unknown field; the last step finds it.
 */
#include "tariff_parse.h"

#include <stdarg.h>
#include <stdio.h>

/* ---- what all readers use ---------------------------------------------- */

void
bl_compile_error(BlCompile *c, const BlJson *at, const char *hint, const char *message,...)
{
	char		path[BL_JSON_PATH] = "$";
	char		text[200];
	va_list		args;

	c->failed = true;
	bl_arena_poll(c->arena);
	if (c->stop)
		return;
	if (at != NULL)
		bl_json_path(at, path);
	va_start(args, message);
	vsnprintf(text, sizeof text, message, args);
	va_end(args);
	if (c->report != NULL && !c->report(c->context, path, text, hint ? hint : ""))
		c->stop = true;
}

void
bl_compile_refuse(BlCompile *c, BlJson *node, const char *hint, const char *message,...)
{
	char		text[200];
	va_list		args;

	va_start(args, message);
	vsnprintf(text, sizeof text, message, args);
	va_end(args);
	bl_compile_error(c, node, hint, "%s", text);
	bl_json_see_all(node);
}

void *
bl_compile_get(BlCompile *c, size_t size)
{
	void	   *got = bl_arena_get(c->arena, size);

	if (got == NULL)
		longjmp(c->no_space, 1);
	return got;
}

bool
bl_compile_is(BlCompile *c, BlJson *node, BlJsonType type, const char *what)
{
	static const char *const names[] = {"null", "false", "true", "a number", "a text", "a list", "an object"};

	node->seen = true;
	if (node->type == type)
		return true;
	bl_compile_refuse(c, node, NULL, "%s should be %s, not %s", what, names[type], names[node->type]);
	return false;
}

BlText
bl_compile_name(BlCompile *c, BlJson *node, const char *what)
{
	node->seen = true;
	if (node->type != BL_JSON_STRING || node->length > BL_NAME_MAX ||
		!bl_name_valid((BlText) {node->text, (int) node->length}))
	{
		bl_compile_error(c, node, "Write a text of 1 to 63 bytes.", "not the name of %s", what);
		return (BlText) {"?", 1};
	}
	return (BlText) {node->text, (int) node->length};
}

BlText
bl_compile_key(BlCompile *c, BlJson *member, const char *what)
{
	member->seen = true;
	if (member->key_length > BL_NAME_MAX || !bl_name_valid((BlText) {member->key, (int) member->key_length}))
	{
		bl_compile_error(c, member, "Use 1 to 63 bytes.", "bad name of %s", what);
		return (BlText) {"?", 1};
	}
	return (BlText) {member->key, (int) member->key_length};
}

void
bl_compile_names(BlCompile *c, BlJson *node)
{
	node->seen = true;
	if (node->type == BL_JSON_STRING && node->length > 0 && node->length <= 500)
		return;
	if (node->type == BL_JSON_OBJECT && node->first != NULL)
	{
		for (BlJson *m = node->first; m; m = m->next)
		{
			m->seen = true;
			if (m->key_length < 2 || m->key_length > 35 || m->type != BL_JSON_STRING || m->length < 1 || m->length > 500)
				bl_compile_error(c, m, "Write {\"zh\": \"…\", \"en\": \"…\"}.", "not a name in a language");
		}
		return;
	}
	bl_compile_error(c, node, "Write a text, or {\"zh\": \"…\", \"en\": \"…\"}.", "not a name");
}

BlDec
bl_compile_decimal(BlCompile *c, BlJson *node, int scale, const char *what)
{
	BlDec		value = BL_ZERO;
	BlStatus	status;

	node->seen = true;
	status = bl_json_decimal(node, scale, &value);
	if (status == BL_OK && value.coefficient > -((BlInt128) 1 << 62) && value.coefficient < (BlInt128) 1 << 62)
		return value;
	if (status == BL_OK || status == BL_OVERFLOW)
		bl_compile_error(c, node, NULL, "%s beyond its range (at most %d decimals and 18 digits)", what, scale);
	else
		bl_compile_error(c, node, "Write a decimal such as \"0.538\".", "%s should be a decimal", what);
	return BL_ZERO;
}

BlDec
bl_compile_quantity(BlCompile *c, BlJson *node, int scale, const char *what)
{
	BlDec		value = bl_compile_decimal(c, node, scale, what);

	if (value.coefficient >= 0)
		return value;
	bl_compile_error(c, node, "Write 0 or more.", "%s below zero", what);
	return BL_ZERO;
}

int
bl_compile_choice(BlCompile *c, BlJson *node, const char *const *choices, const char *what)
{
	char		hint[200] = "Write one of ";
	size_t		used = strlen(hint);

	node->seen = true;
	for (int i = 0; choices[i] != NULL; i++)
	{
		if (bl_json_is(node, choices[i]))
			return i;
		if (used < sizeof hint)
			used += (size_t) snprintf(hint + used, sizeof hint - used, "%s\"%s\"", i ? ", " : "", choices[i]);
	}
	if (used < sizeof hint)
		snprintf(hint + used, sizeof hint - used, ".");
	bl_compile_error(c, node, hint, "not %s", what);
	return 0;
}

int
bl_compile_int(BlCompile *c, BlJson *node, int least, int most, const char *what)
{
	BlDec		value;

	node->seen = true;
	if (bl_json_decimal(node, 0, &value) == BL_OK && value.coefficient >= least && value.coefficient <= most)
		return (int) value.coefficient;
	bl_compile_error(c, node, NULL, "%s should be a whole number from %d to %d", what, least, most);
	return least;
}

bool
bl_compile_bool(BlCompile *c, BlJson *node)
{
	node->seen = true;
	if (node->type != BL_JSON_TRUE && node->type != BL_JSON_FALSE)
		bl_compile_error(c, node, NULL, "true or false was expected");
	return node->type == BL_JSON_TRUE;
}

int32_t
bl_compile_day(BlCompile *c, BlJson *node)
{
	int32_t		day = 0;

	node->seen = true;
	if (node->type != BL_JSON_STRING || bl_day_parse(node->text, node->length, &day) != BL_OK)
		bl_compile_error(c, node, "Write a date as \"YYYY-MM-DD\".", "a date was expected");
	return day;
}

unsigned
bl_compile_months(BlCompile *c, BlJson *node)
{
	unsigned	bits = 0;

	if (!bl_compile_is(c, node, BL_JSON_ARRAY, "months"))
		return 0;
	for (BlJson *e = node->first; e; e = e->next)
		bits |= 1u << bl_compile_int(c, e, 1, 12, "a month");
	if (bits == 0)
		bl_compile_error(c, node, "List months from 1 to 12.", "an empty list of months");
	return bits;
}

/* ---- the document --------------------------------------------------------- */

static void
parts(BlCompile *c, BlJson *node)
{
	BlTariff   *t = c->t;

	t->part[0] = (BlPartRule) {bl_text_of("main"), false, -1, NULL};
	t->part[1] = (BlPartRule) {bl_text_of("whole"), true, -1, NULL};
	t->parts = 2;
	if (node == NULL || !bl_compile_is(c, node, BL_JSON_OBJECT, "parts"))
		return;
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlText		name = bl_compile_key(c, e, "a part");
		BlJson	   *of = bl_json_member(e, "of");
		BlJson	   *share = bl_json_member(e, "share");
		int			i,
					from;

		if (of == NULL || share == NULL)
		{
			bl_compile_error(c, e, "Write {\"of\": \"main\", \"share\": \"0.03\"}.", "a part needs of and share");
			continue;
		}
		from = bl_compile_part(c, bl_compile_name(c, of, "a part"), of);
		i = bl_compile_part(c, name, e);
		/* whichever of the two comes first in the document, none is made of a made one */
		for (int k = 2; k < t->parts && i != from; k++)
			if (t->part[k].of == i)
				from = i;
		if (i < 2 || from == 1 || i == from || t->part[i].of >= 0 || t->part[from].of >= 0)
		{
			bl_compile_error(c, e, "Take a share of main or of a part of the usage.", "not a part that a share can make");
			continue;
		}
		t->part[i].of = from;
		t->part[i].share = bl_compile_price(c, share, 0);
		if (t->part[i].share->kind != BL_PRICE_VALUE && t->part[i].share->kind != BL_PRICE_TERM)
			bl_compile_error(c, share, "Write a number from 0 to 1, or {\"term\": \"…\"}.", "not a share");
		else if (t->part[i].share->kind == BL_PRICE_VALUE &&
				 (t->part[i].share->value.coefficient < 0 || bl_dec_cmp(t->part[i].share->value, bl_dec(1, 0)) > 0))
			bl_compile_error(c, share, NULL, "a share lies between 0 and 1");
	}
}

/*
 * The tables of 功率因数调整电费办法, (83)水电财字第215号: percent at the best factor, then the rise for each 0.01 below.
 */
static const BlPowerTable tables_1983[] = {
	{{"0.90", 4}, {-75, 2}, {95, 2}, 4, {{{90, 2}, {15, 2}}, {{70, 2}, {5, 1}}, {{65, 2}, {1, 0}}, {{0, 0}, {2, 0}}}},
	{{"0.85", 4}, {-110, 2}, {94, 2}, 5, {{{90, 2}, {15, 2}}, {{85, 2}, {1, 1}}, {{65, 2}, {5, 1}}, {{60, 2}, {1, 0}}, {{0, 0}, {2, 0}}}},
	{{"0.80", 4}, {-130, 2}, {92, 2}, 5, {{{90, 2}, {15, 2}}, {{80, 2}, {1, 1}}, {{60, 2}, {5, 1}}, {{55, 2}, {1, 0}}, {{0, 0}, {2, 0}}}},
};

static void
power_tables(BlCompile *c, BlJson *node)
{
	if (node == NULL)
	{
		c->t->table = bl_compile_get(c, sizeof tables_1983);
		memcpy(c->t->table, tables_1983, sizeof tables_1983);
		c->t->tables = 3;
		return;
	}
	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "power_factor_tables"))
		return;
	if (node->count > BL_TARIFF_LIST_MAX)
	{
		bl_compile_refuse(c, node, "At most 64.", "too many tables");
		return;
	}
	c->t->table = bl_compile_get(c, sizeof *c->t->table * (size_t) (node->count + 1));
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlPowerTable *p = &c->t->table[c->t->tables++];
		BlJson	   *best = bl_json_member(e, "best");
		BlJson	   *at = bl_json_member(e, "at");
		BlJson	   *rise = bl_json_member(e, "rise");
		BlDec		last;

		p->name = bl_compile_key(c, e, "a table");
		if (best == NULL || at == NULL || rise == NULL || rise->type != BL_JSON_ARRAY || rise->count < 1 || rise->count > 8)
		{
			bl_compile_error(c, e, "Write {\"best\": \"-0.75\", \"at\": \"0.95\", \"rise\": [{\"to\": \"0.90\", \"by\": \"0.15\"}]}.",
							 "a table needs best, at and 1 to 8 rises");
			continue;
		}
		p->best = bl_compile_decimal(c, best, BL_RATIO_SCALE, "a percentage");
		p->at = last = bl_compile_decimal(c, at, 4, "a power factor");
		for (BlJson *r = rise->first; r; r = r->next)
		{
			BlJson	   *to = bl_json_member(r, "to");
			BlJson	   *by = bl_json_member(r, "by");
			BlTableRise *out = &p->rise[p->rises++];

			if (to == NULL || by == NULL)
			{
				bl_compile_error(c, r, "Write {\"to\": \"0.90\", \"by\": \"0.15\"}.", "a rise needs to and by");
				continue;
			}
			out->to = bl_compile_decimal(c, to, 2, "a power factor");
			out->by = bl_compile_decimal(c, by, BL_RATIO_SCALE, "a percentage");
			if (out->to.coefficient < 0 || bl_dec_cmp(out->to, last) >= 0)
				bl_compile_error(c, to, NULL, "the rises must go down");
			last = out->to;
		}
	}
}

/* the dictionary of charges.h */
static void
dictionary(BlCompile *c)
{
	BlTariff   *t = c->t;
	BlWriter	w = {NULL, 0, 0};

	for (int pass = 0; pass < 2; pass++)
	{
		w.used = 0;
		bl_write_u8(&w, (uint8_t) t->charges);
		for (int i = 0; i < t->charges; i++)
		{
			const BlCharge *q = &t->charge[i];

			bl_write_u8(&w, (uint8_t) q->code.length);
			bl_write_bytes(&w, q->code.text, (size_t) q->code.length);
			bl_write_u8(&w, (uint8_t) q->tax_class.length);
			bl_write_bytes(&w, q->tax_class.text, (size_t) q->tax_class.length);
			bl_write_u8(&w, (uint8_t) q->tags.n);
			for (int k = 0; k < q->tags.n; k++)
			{
				bl_write_u8(&w, (uint8_t) q->tags.tag[k].length);
				bl_write_bytes(&w, q->tags.tag[k].text, (size_t) q->tags.tag[k].length);
			}
		}
		bl_write_u8(&w, (uint8_t) c->names);
		for (int i = 0; i < c->names; i++)
		{
			bl_write_u8(&w, (uint8_t) c->name[i].length);
			bl_write_bytes(&w, c->name[i].text, (size_t) c->name[i].length);
		}
		bl_write_u8(&w, (uint8_t) t->components);
		for (int i = 0; i < t->components; i++)
		{
			const BlComponent *k = &t->component[i];

			bl_write_u8(&w, (uint8_t) k->name.length);
			bl_write_bytes(&w, k->name.text, (size_t) k->name.length);
			bl_write_u8(&w, (uint8_t) k->tags.n);
			for (int j = 0; j < k->tags.n; j++)
			{
				bl_write_u8(&w, (uint8_t) k->tags.tag[j].length);
				bl_write_bytes(&w, k->tags.tag[j].text, (size_t) k->tags.tag[j].length);
			}
		}
		if (pass == 0)
		{
			if (w.used > 65535)
			{
				bl_compile_error(c, t->root, "Shorten the codes, tags and names.", "the names of this tariff are too long together");
				return;
			}
			w.bytes = t->dictionary = bl_compile_get(c, w.used);
			w.size = c->stop ? 0 : w.used;
		}
	}
	t->dictionary_size = w.used;
}

static void
valid(BlCompile *c, BlJson *node)
{
	BlTariff   *t = c->t;
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "valid"))
		return;
	if ((t->has_from = (m = bl_json_member(node, "from")) != NULL))
		t->from = bl_compile_day(c, m);
	if ((t->has_until = (m = bl_json_member(node, "until")) != NULL))
		t->until = bl_compile_day(c, m);
	if (t->has_from && t->has_until && t->until <= t->from)
		bl_compile_error(c, node, NULL, "valid ends before it begins");
}

static void
head(BlCompile *c, BlJson *root)
{
	static const char *const bills_names[] = {"profile", "registers", NULL};
	static const char *const split_names[] = {"error", "days", NULL};
	static const char *const missing_names[] = {"error", "zero", NULL};
	static const char *const kept[] = {"code", "notes", "source"};
	BlTariff   *t = c->t;
	BlJson	   *m;

	if ((m = bl_json_member(root, "name")) == NULL)
		bl_compile_error(c, root, "Add \"name\".", "a tariff without a name");
	else
		bl_compile_names(c, m);
	if ((m = bl_json_member(root, "currency")) == NULL)
		bl_compile_error(c, root, "Add \"currency\", such as \"CNY\".", "a tariff without a currency");
	else
	{
		t->currency = bl_compile_name(c, m, "a currency");
		for (int i = 0; i < t->currency.length; i++)
			if (t->currency.length != 3 || t->currency.text[i] < 'A' || t->currency.text[i] > 'Z')
			{
				bl_compile_error(c, m, "Write its three letters of ISO 4217, such as \"CNY\".", "not a currency");
				break;
			}
	}
	if ((m = bl_json_member(root, "time_zone")) == NULL)
		bl_compile_error(c, root, "Add \"time_zone\", such as \"Asia/Shanghai\".", "a tariff without a time zone");
	else
		t->zone = bl_compile_name(c, m, "a time zone");
	if ((m = bl_json_member(root, "valid")) != NULL)
		valid(c, m);
	if ((m = bl_json_member(root, "rounding")) != NULL)
		bl_compile_rounding(c, m, &t->rounding);
	if ((m = bl_json_member(root, "bills")) != NULL)
	{
		t->bills_set = true;
		t->bills_registers = bl_compile_choice(c, m, bills_names, "what bills") == 1;
	}
	if ((m = bl_json_member(root, "split")) != NULL)
		t->split_days = bl_compile_choice(c, m, split_names, "a way to split registers") == 1;
	if ((m = bl_json_member(root, "missing")) != NULL)
		t->missing_zero = bl_compile_choice(c, m, missing_names, "what missing slots mean") == 1;
	t->year_month = t->year_day = 1;
	if ((m = bl_json_member(root, "year_start")) != NULL)
	{
		char		text[11] = "2001-";
		int32_t		day;

		m->seen = true;
		memset(text + 5, 0, 6);
		if (m->type == BL_JSON_STRING && m->length == 5)
			memcpy(text + 5, m->text, 5);
		if (bl_day_parse(text, 10, &day) != BL_OK)
			bl_compile_error(c, m, "Write it as \"MM-DD\", not 29 February.", "not the first day of a year");
		else
		{
			t->year_month = bl_date_of(day).month;
			t->year_day = bl_date_of(day).day;
		}
	}
	for (int i = 0; i < 3; i++)
		if ((m = bl_json_member(root, kept[i])) != NULL)
			bl_json_see_all(m);
}

static void
schedules(BlCompile *c, BlJson *node)
{
	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "schedules"))
		return;
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
		bl_compile_schedule(c, e, bl_compile_key(c, e, "a schedule"));
}

static void
charges(BlCompile *c, BlJson *list)
{
	if (list == NULL)
	{
		bl_compile_error(c, c->t->root, "Add \"charges\": the rules in the order of the bill.", "a tariff without charges");
		return;
	}
	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "charges"))
		return;
	if (list->count < 1 || list->count > BL_TARIFF_CHARGES_MAX)
	{
		bl_compile_refuse(c, list, "Give 1 to 200 charges.", "%d charges", list->count);
		return;
	}
	c->t->charge = bl_compile_get(c, sizeof *c->t->charge * (size_t) list->count);
	for (BlJson *e = list->first; e && !c->stop; e = e->next)
	{
		bl_compile_charge(c, e, &c->t->charge[c->t->charges]);
		c->t->charges++;
	}
}

/* every field of the language, for whoever mistypes one */
static const char *const fields[] = {
	"actual", "add", "all", "allowance", "at", "at_least", "at_most", "bank", "banks", "base", "best", "beyond", "bills", "block", "by",
	"capacity", "channel", "charges", "coarser", "code", "component", "components", "contract", "counter", "currency", "days", "default", "demand",
	"discount", "during", "event", "except", "first", "fixed", "flat", "for", "fraction", "from", "group", "highest", "in", "included", "kwh",
	"kwh_per", "line", "lines", "maximum", "mean_of", "minimum", "minutes", "missing", "mode", "month", "months",
	"moves", "multipliers", "name", "net", "notes", "of", "of_which", "on", "one_of", "optional", "overrun", "part", "parts", "pay_out", "per", "percent",
	"periods", "places", "plus", "power_factor", "power_factor_tables", "price", "prorate", "proration", "published",
	"quantity", "ratchet", "required", "rest", "rise", "rounding", "schedule", "schedules", "season", "seasons",
	"series", "share", "sign", "sliding", "source", "split", "standard", "step", "steps", "sum_of", "tags", "tax_class", "term",
	"terms", "time_zone", "times", "to", "total", "true_up", "unit", "until", "usable", "use", "valid", "versions", "weights", "when", "year_days", "year_start"
};

/* letters to change, add, leave out or swap with the next between two short words */
static int
distance(const char *a, int n, const char *b, int m)
{
	int			d[32][32];

	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++)
		{
			int			best;

			if (i == 0 || j == 0)
			{
				d[i][j] = i + j;
				continue;
			}
			best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
			best = d[i - 1][j] + 1 < best ? d[i - 1][j] + 1 : best;
			best = d[i][j - 1] + 1 < best ? d[i][j - 1] + 1 : best;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] && d[i - 2][j - 2] + 1 < best)
				best = d[i - 2][j - 2] + 1;
			d[i][j] = best;
		}
	return d[n][m];
}

/* the field that was meant, or NULL: one letter away, two in a long word */
static const char *
meant(const BlJson *e)
{
	const char *found = NULL;
	int			least = e->key_length > 5 ? 3 : 2;

	if (e->key_length < 2 || e->key_length > 24)
		return NULL;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
	{
		int			d = distance(e->key, (int) e->key_length, fields[i], (int) strlen(fields[i]));

		if (d > 0 && d < least)
		{
			least = d;
			found = fields[i];
		}
	}
	return found;
}

/* what no reader asked for; below an unknown field nothing more is said */
static void
unknown_fields(BlCompile *c, const BlJson *node)
{
	for (const BlJson *e = node->first; e && !c->stop; e = e->next)
		if (node->type == BL_JSON_OBJECT && !e->seen)
		{
			/* a guess takes some time: none where nobody reads on */
			const char *field = c->unknown++ < 50 ? meant(e) : NULL;
			char		hint[160] = "Take it out, or look for its spelling in doc/tariff.md; \"notes\" holds free text.";

			if (field != NULL)
				snprintf(hint, sizeof hint, "Perhaps you meant \"%s\".", field);
			bl_compile_error(c, e, hint, "unknown field \"%.*s\"", bl_json_cut(e->key, e->key_length, 60), e->key);
		}
		else
			unknown_fields(c, e);
}

BlStatus
bl_tariff_compile(BlJson *root, BlArena *arena, BlTariff **tariff, BlTariffReport report, void *context)
{
	BlCompile	c = {.arena = arena, .report = report, .context = context};
	BlJson	   *m;

	*tariff = c.t = bl_arena_get(arena, sizeof **tariff);
	if (c.t == NULL)
		return BL_NO_SPACE;
	c.t->root = root;
	if (setjmp(c.no_space) != 0)
		return BL_NO_SPACE;
	if (!bl_compile_is(&c, root, BL_JSON_OBJECT, "a tariff"))
		return BL_BAD_TARIFF;
	head(&c, root);
	if ((m = bl_json_member(root, "terms")) != NULL)
		bl_compile_terms(&c, m);
	c.declared_terms = c.t->terms;
	if ((m = bl_json_member(root, "seasons")) != NULL)
		bl_compile_seasons(&c, m);
	bl_compile_schedule(&c, bl_json_member(root, "periods"), (BlText) {"", 0});
	if ((m = bl_json_member(root, "schedules")) != NULL)
		schedules(&c, m);
	if ((m = bl_json_member(root, "components")) != NULL)
		bl_compile_components(&c, m);
	parts(&c, bl_json_member(root, "parts"));
	power_tables(&c, bl_json_member(root, "power_factor_tables"));
	if ((m = bl_json_member(root, "banks")) != NULL)
		bl_compile_banks(&c, m);
	charges(&c, bl_json_member(root, "charges"));
	bl_compile_banks_end(&c);
	unknown_fields(&c, root);
	if (!c.failed)
		dictionary(&c);
	return c.failed ? BL_BAD_TARIFF : BL_OK;
}
