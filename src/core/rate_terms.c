/*
 * rate_terms.c - what the contract says, and the prices and conditions that depend on it
 *
 * A term holds one value in a piece: the span is cut where a term changes.
 */
#include "rate_work.h"

/* ---- terms ---- */

const BlJson *
bl_term_value(BlRate *r, int term, int piece)
{
	const BlTermSteps *s = &r->term[term];
	int32_t		day = r->b->from + r->piece[piece].first;
	int			i = s->n - 1;

	while (i > 0 && s->from[i] > day)
		i--;
	return s->n > 0 ? s->value[i] : r->t->term[term].fallback;
}

static BlStatus
no_term(BlRate *r, int term, const char *what, const char *hint)
{
	bl_problem(r->problem, BL_NO_TERM, "term \"%.*s\" %s", r->t->term[term].name.length, r->t->term[term].name.text, what);
	return bl_problem_hint(r->problem, "%s", hint);
}

static BlStatus
term_needed(BlRate *r, int term, int piece, const BlJson **value)
{
	*value = bl_term_value(r, term, piece);
	if (*value == NULL)
		return no_term(r, term, "is missing", "Give it in the terms, or let the tariff declare a default.");
	return BL_OK;
}

BlStatus
bl_term_decimal(BlRate *r, int term, int piece, BlDec *value)
{
	const BlJson *node;
	BlJson		copy;

	BL_TRY(term_needed(r, term, piece, &node));
	copy = *node;
	if (bl_json_decimal(&copy, BL_PRICE_SCALE, value) != BL_OK ||
		value->coefficient > (BlInt128) 1 << 62 || value->coefficient < -((BlInt128) 1 << 62))
		return no_term(r, term, "is not a number that can be used", "Give a decimal with at most 10 decimals.");
	return BL_OK;
}

/* of something that can be none, but not less */
BlStatus
bl_term_quantity(BlRate *r, int term, int piece, BlDec *value)
{
	BL_TRY(bl_term_decimal(r, term, piece, value));
	return value->coefficient < 0 ? no_term(r, term, "is below zero", "Give 0 or more.") : BL_OK;
}

/* a text such as "0320" is a code, not a number */
static bool
is_code(const BlJson *e)
{
	return e->type == BL_JSON_STRING && e->length > 1 && e->text[0] == '0' && e->text[1] >= '0' && e->text[1] <= '9';
}

/* numbers are the same by value, however they are written */
bool
bl_same_scalar(const BlJson *a, const BlJson *b)
{
	BlJson		x = *a,
				y = *b;
	BlDec		p,
				q;

	if (!is_code(a) && !is_code(b) && bl_json_decimal(&x, BL_SCALE_MAX, &p) == BL_OK && bl_json_decimal(&y, BL_SCALE_MAX, &q) == BL_OK)
		return bl_dec_cmp(p, q) == 0;
	return x.type == y.type && x.type != BL_JSON_NUMBER && (x.type != BL_JSON_STRING ||
								(x.length == y.length && memcmp(x.text, y.text, x.length) == 0));
}

/* one value of the terms: a scalar, allowed where the tariff says which are */
static BlStatus
check_term(BlRate *r, int term, const BlJson *value)
{
	const BlJson *one_of = r->t->term[term].one_of;
	bool		ok = one_of == NULL;

	if (value->type == BL_JSON_NULL || value->type == BL_JSON_ARRAY || value->type == BL_JSON_OBJECT)
		return no_term(r, term, "is not a text, a number, true or false", "A value that changes is a list of {\"from\": date, \"value\": ...}.");
	for (const BlJson *e = one_of ? one_of->first : NULL; e && !ok; e = e->next)
		ok = bl_same_scalar(e, value);
	return ok ? BL_OK : no_term(r, term, "has a value that the tariff does not know", "The tariff's terms list the values in one_of.");
}

/* a term's value or its dated steps */
static BlStatus
open_term(BlRate *r, int term, BlJson *node)
{
	BlTermSteps *s = &r->term[term];
	int			n = node->type == BL_JSON_ARRAY ? node->count : 1;

	if (n < 1 || n > 366)
		return no_term(r, term, "has no steps, or too many", "Give 1 to 366 dated steps.");
	s->from = bl_arena_get(r->arena, sizeof *s->from * (size_t) n);
	s->value = bl_arena_get(r->arena, sizeof *s->value * (size_t) n);
	if (s->from == NULL || s->value == NULL)
		return BL_NO_SPACE;
	if (node->type != BL_JSON_ARRAY)
	{
		s->n = 1;
		s->from[0] = INT32_MIN;
		s->value[0] = node;
		return check_term(r, term, node);
	}
	for (BlJson *e = node->first; e; e = e->next)
	{
		BlJson	   *from = bl_json_member(e, "from");
		BlJson	   *value = bl_json_member(e, "value");

		if (from == NULL || value == NULL || e->count != 2 || from->type != BL_JSON_STRING ||
			bl_day_parse(from->text, from->length, &s->from[s->n]) != BL_OK ||
			(s->n > 0 && s->from[s->n] <= s->from[s->n - 1]))
			return no_term(r, term, "has steps that are not dated in order", "Write [{\"from\": \"2026-07-24\", \"value\": 320}, ...].");
		BL_TRY(check_term(r, term, value));
		s->value[s->n++] = value;
	}
	if (s->from[0] > r->b->from)
		return no_term(r, term, "has no value at the start of the billed span", "Let the first step begin at or before the span.");
	return BL_OK;
}

BlStatus
bl_open_terms(BlRate *r, BlJson *terms)
{
	if (r->t->terms == 0)
		return BL_OK;
	r->term = bl_arena_get(r->arena, sizeof *r->term * (size_t) r->t->terms);
	if (r->term == NULL)
		return BL_NO_SPACE;
	if (terms != NULL && terms->type != BL_JSON_OBJECT)
	{
		bl_problem(r->problem, BL_NO_TERM, "the terms are not a JSON object");
		return bl_problem_hint(r->problem, "Write {\"capacity_kva\": 320}.");
	}
	for (int i = 0; i < r->t->terms && terms != NULL; i++)
		for (BlJson *m = terms->first; m; m = m->next)
			if (bl_text_equal((BlText) {m->key, (int) m->key_length}, r->t->term[i].name))
				BL_TRY(open_term(r, i, m));
	return BL_OK;
}

/* ---- prices ---- */

/* the last of rising days that is not after a day; -1: all are */
static int
last_until(const int32_t *days, int n, int32_t day)
{
	int			lo = -1,
				hi = n - 1;

	while (lo < hi)
	{
		int			mid = (lo + hi + 1) / 2;

		if (days[mid] <= day)
			lo = mid;
		else
			hi = mid - 1;
	}
	return lo;
}

/* the version is not of the month of the last day that it is asked for: a month was forgotten */
static BlStatus
check_month(BlRate *r, const BlPrice *p, int32_t version, int32_t last)
{
	BlDate		a = bl_date_of(version);
	BlDate		z = bl_date_of(last);
	char		text[16];

	if (a.year == z.year && a.month == z.month)
		return BL_OK;
	bl_problem(r->problem, BL_NO_MARKET, "price \"%.*s\" is not published for %04d-%02d",
			   p->name.length, p->name.text, z.year, z.month);
	bl_day_text(version, text);
	bl_problem_detail(r->problem, "The tariff takes it \"for\": \"month\"; the last one before is from %s.", text);
	return bl_problem_hint(r->problem, "Add that month's price to the market value.");
}

/* the price of the days [day, end), which no version cuts */
static BlStatus
published(BlRate *r, const BlPrice *p, int32_t day, int32_t end, BlDec *price)
{
	const BlPublished *list = bl_market_prices(r->b->market, p->name);
	char		text[16];
	int			i;

	if (list == NULL)
	{
		bl_problem(r->problem, BL_NO_MARKET, "the market value has no price \"%.*s\"", p->name.length, p->name.text);
		return bl_problem_hint(r->problem, "Give {\"prices\": {\"%.*s\": [{\"from\": ..., \"price\": ...}]}}.", p->name.length, p->name.text);
	}
	i = last_until(list->day, list->n, day);
	if (i < 0)
	{
		bl_day_text(day, text);
		bl_problem(r->problem, BL_NO_MARKET, "price \"%.*s\" is not published for %s", p->name.length, p->name.text, text);
		return BL_NO_MARKET;
	}
	*price = list->price[i];
	return p->month_only ? check_month(r, p, list->day[i], end - 1) : BL_OK;
}

bool
bl_price_constant(const BlTariff *t, const BlPrice *p)
{
	if (p->kind == BL_PRICE_TERM || p->kind == BL_PRICE_SERIES)
		return false;
	for (int i = 0; p->kind == BL_PRICE_COMPONENTS && i < p->n; i++)
		if (!t->component[p->component[i]].constant)
			return false;
	for (int i = 0; i < p->multipliers; i++)
		if (p->multiplier[i] != NULL && !bl_price_constant(t, p->multiplier[i]))
			return false;
	for (int i = 0; p->item != NULL && i < (p->kind == BL_PRICE_BASE ? 1 : p->n); i++)
		if (p->item[i] != NULL && !bl_price_constant(t, p->item[i]))
			return false;
	return true;
}

/* of a price by period, season or date: the one that holds */
BlStatus
bl_price_chosen(BlRate *r, const BlPrice *p, int piece, int period, const BlPrice **item)
{
	int32_t		day = r->b->from + r->piece[piece].first;
	char		text[16],
				path[BL_JSON_PATH];
	int			i = p->kind == BL_PRICE_BY_PERIOD ? period : p->kind == BL_PRICE_BY_SEASON ? r->piece[piece].season :
		last_until(p->day, p->n, day);

	if (i >= 0)
	{
		*item = p->item[i];
		return BL_OK;
	}
	bl_day_text(day, text);
	bl_json_path(p->at, path);
	bl_problem(r->problem, BL_TARIFF_GAP, "the tariff has no price for %s", text);
	bl_problem_detail(r->problem, "The versions at %s begin later.", path);
	return bl_problem_hint(r->problem, "Add the version that was in force then.");
}

BlStatus
bl_price_at(BlRate *r, const BlPrice *p, int piece, int period, BlDec *price, bool *built)
{
	const BlPrice *item;
	BlDec		part,
				factor;
	int			i;

	switch (p->kind)
	{
		case BL_PRICE_VALUE:
			*price = p->value;
			return BL_OK;
		case BL_PRICE_BY_PERIOD:
		case BL_PRICE_BY_SEASON:
		case BL_PRICE_VERSIONS:
			BL_TRY(bl_price_chosen(r, p, piece, period, &item));
			return bl_price_at(r, item, piece, period, price, built);
		case BL_PRICE_COMPONENTS:
			*price = BL_ZERO;
			for (i = 0; i < p->n; i++)
			{
				BL_TRY(bl_price_at(r, r->t->component[p->component[i]].price, piece, period, &part, built));
				if (p->multiplied[i] && p->multiplier != NULL)
				{
					BL_TRY(bl_price_at(r, p->multiplier[period], piece, period, &factor, built));
					BL_TRY(bl_dec_mul(part, factor, &part));
				}
				BL_TRY(bl_dec_add(*price, part, price));
			}
			/* one component by itself is as published */
			if (p->n > 1 || p->multiplier != NULL)
				*built = true;
			return BL_OK;
		case BL_PRICE_PUBLISHED:
			return published(r, p, r->b->from + r->piece[piece].first, r->b->from + r->piece[piece].end, price);
		case BL_PRICE_TERM:
			return bl_term_decimal(r, p->term, piece, price);
		case BL_PRICE_BASE:
			BL_TRY(bl_price_at(r, p->item[0], piece, period, price, built));
			BL_TRY(bl_dec_mul(*price, p->times, price));
			BL_TRY(bl_dec_add(*price, p->plus, price));
			*built = true;
			return BL_OK;
		default:
			return BL_CORRUPT;	/* series are not asked for here */
	}
}

BlStatus
bl_price_rounded(BlRate *r, const BlCharge *q, const BlPrice *p, int piece, int period, BlDec *price)
{
	bool		built = false;

	BL_TRY(bl_price_at(r, p, piece, period, price, &built));
	if (!built)
		return BL_OK;
	BL_TRY(bl_dec_round(*price, &q->rounding.price, price));
	*price = bl_dec_trim(*price);
	return BL_OK;
}

/* ---- conditions ---- */

static BlStatus
subject_value(BlRate *r, const BlTest *test, BlDec *value, int64_t *per)
{
	bool		found;

	*per = 1;
	if (test->subject == BL_SUBJECT_DEMAND_KW)
	{
		BlCharge	any = {.part = 1, .channel = BL_IMPORT};

		BL_TRY(bl_recorded(r, 1, (BlText) {"", 0}, false, &found, value));
		if (!found)
			BL_TRY(bl_measured_kw(r, &any, 0, &found, value));
		if (!found)
			return bl_problem(r->problem, BL_NO_USAGE, "a condition on demand needs a demand in the usage");
		return BL_OK;
	}
	BL_TRY(bl_measure_total(r, 0, value, &found));
	if (test->subject == BL_SUBJECT_KWH_PER_DAY)
		*per = r->b->days;
	return BL_OK;
}

/* value / per against a bound */
static BlStatus
in_bounds(const BlTest *test, BlDec value, int64_t per, bool *holds)
{
	for (int i = 0; i < 4 && *holds; i++)
	{
		BlDec		bound;
		int			c;

		if (!(test->bounds & 1u << i))
			continue;
		BL_TRY(bl_dec_mul(test->bound[i], bl_dec(per, 0), &bound));
		c = bl_dec_cmp(value, bound);
		*holds = i == 0 ? c >= 0 : i == 1 ? c > 0 : i == 2 ? c <= 0 : c < 0;
	}
	return BL_OK;
}

static BlStatus
test_holds(BlRate *r, const BlTest *test, int piece, bool *holds)
{
	const BlJson *value;
	BlDec		number;
	int64_t		per = 1;

	*holds = true;
	if (test->subject == BL_SUBJECT_TERM && test->equal != NULL)
	{
		BL_TRY(term_needed(r, test->term, piece, &value));
		if (test->equal->type != BL_JSON_ARRAY)
			*holds = bl_same_scalar(test->equal, value);
		else
		{
			*holds = false;
			for (const BlJson *e = test->equal->first; e && !*holds; e = e->next)
				*holds = bl_same_scalar(e, value);
		}
		return BL_OK;
	}
	if (test->subject == BL_SUBJECT_TERM)
		BL_TRY(bl_term_decimal(r, test->term, piece, &number));
	else
		BL_TRY(subject_value(r, test, &number, &per));
	if (test->equal != NULL)
	{
		const BlJson *e = test->equal->type == BL_JSON_ARRAY ? test->equal->first : test->equal;

		for (*holds = false; e && !*holds; e = test->equal->type == BL_JSON_ARRAY ? e->next : NULL)
		{
			BlJson		copy = *e;
			BlDec		wanted;

			if (bl_json_decimal(&copy, BL_PRICE_SCALE, &wanted) == BL_OK)
			{
				BL_TRY(bl_dec_mul(wanted, bl_dec(per, 0), &wanted));
				*holds = bl_dec_cmp(number, wanted) == 0;
			}
		}
		return BL_OK;
	}
	return in_bounds(test, number, per, holds);
}

BlStatus
bl_condition_holds(BlRate *r, const BlCondition *condition, int piece, bool *holds)
{
	*holds = true;
	for (int i = 0; i < condition->n && *holds; i++)
		BL_TRY(test_holds(r, &condition->test[i], piece, holds));
	return BL_OK;
}

BlStatus
bl_charge_holds(BlRate *r, const BlCharge *q, int piece, bool *holds)
{
	int32_t		day = r->b->from + r->piece[piece].first;

	*holds = !(q->has_from && day < q->from) && !(q->has_until && day >= q->until) &&
		!(q->months && !(q->months & 1u << r->b->day[r->piece[piece].first].month));
	if (*holds && q->when.n > 0)
		return bl_condition_holds(r, &q->when, piece, holds);
	return BL_OK;
}
