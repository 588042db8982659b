/*
 * tariff_price.c - prices, components, terms, conditions and rounding of a tariff document
 */
#include "tariff_parse.h"

int
bl_compile_find_component(BlCompile *c, BlText name)
{
	for (int i = 0; i < c->t->components; i++)
		if (bl_text_equal(c->t->component[i].name, name))
			return i;
	return -1;
}

/* ---- prices ----------------------------------------------------------- */

static BlPrice *price_tree(BlCompile *c, BlJson *node, int schedule);

static BlPrice *
new_price(BlCompile *c, BlPriceKind kind, int items, const BlJson *at)
{
	BlPrice    *p = bl_compile_get(c, sizeof *p);

	p->kind = kind;
	p->at = at;
	p->times = bl_dec(1, 0);
	if (items > 0)
		p->item = bl_compile_get(c, sizeof *p->item * (size_t) items);
	return p;
}

static BlPrice *
value_price(BlCompile *c, BlJson *node)
{
	BlPrice    *p = new_price(c, BL_PRICE_VALUE, 0, node);

	p->value = bl_compile_decimal(c, node, BL_PRICE_SCALE, "a price");
	return p;
}

/* an object whose members are the n names, one price each */
static BlPrice *
by_name(BlCompile *c, BlJson *node, BlPriceKind kind, int n, int schedule)
{
	BlPrice    *p = new_price(c, kind, n, node);
	const char *what = kind == BL_PRICE_BY_SEASON ? "season" : "period";

	p->n = n;
	if (kind == BL_PRICE_BY_PERIOD && c->t->schedule[schedule].period[0].length == 0)
	{
		bl_compile_refuse(c, node, "Declare periods, or write one decimal, or one of the forms of the tariff language.",
						  "a price by period where there are no periods");
		return new_price(c, BL_PRICE_VALUE, 0, node);
	}
	for (BlJson *m = node->first; m; m = m->next)
	{
		BlText		name = {m->key, (int) m->key_length};
		int			i;

		m->seen = true;
		if (kind == BL_PRICE_BY_SEASON)
			i = bl_compile_find_season(c, name);
		else
			for (i = n - 1; i >= 0; i--)
				if (bl_text_equal(c->t->schedule[schedule].period[i], name))
					break;
		if (i < 0)
			bl_compile_error(c, m, "A price is a decimal, an object by period or by season, or one of the forms of the tariff language.",
							 "\"%.*s\" is no %s here", bl_json_cut(name.text, (size_t) name.length, 63), name.text, what);
		else
			p->item[i] = price_tree(c, m, schedule);
	}
	for (int i = 0; i < n; i++)
		if (p->item[i] == NULL)
		{
			BlText		name = kind == BL_PRICE_BY_SEASON ? c->t->season[i].name : c->t->schedule[schedule].period[i];

			bl_compile_error(c, node, "Give a price for each.", "no price for %s \"%.*s\"", what, name.length, name.text);
			p->item[i] = new_price(c, BL_PRICE_VALUE, 0, node);
		}
	return p;
}

static BlPrice *
versions(BlCompile *c, BlJson *node, int schedule)
{
	BlPrice    *p;

	if (!bl_compile_is(c, node, BL_JSON_ARRAY, "versions"))
		return new_price(c, BL_PRICE_VALUE, 0, node);
	if (node->count < 1 || node->count > BL_TARIFF_VERSIONS_MAX)
	{
		bl_compile_refuse(c, node, "Give 1 to 1200 versions.", "%d versions", node->count);
		return new_price(c, BL_PRICE_VALUE, 0, node);
	}
	p = new_price(c, BL_PRICE_VERSIONS, node->count, node);
	p->day = bl_compile_get(c, sizeof *p->day * (size_t) (node->count + 1));
	for (BlJson *e = node->first; e; e = e->next)
	{
		BlJson	   *from = bl_json_member(e, "from");
		BlJson	   *price = bl_json_member(e, "price");

		p->day[p->n] = from ? bl_compile_day(c, from) : INT32_MIN;
		if (from == NULL && p->n > 0)
			bl_compile_error(c, e, "Only the first version may have no from.", "a version without from");
		if (p->n > 0 && p->day[p->n] <= p->day[p->n - 1])
			bl_compile_error(c, e, "Put the versions in order of their dates.", "the dates of versions do not rise");
		if (price == NULL)
		{
			bl_compile_error(c, e, "Add \"price\".", "a version without a price");
			p->item[p->n++] = new_price(c, BL_PRICE_VALUE, 0, e);
		}
		else
			p->item[p->n++] = price_tree(c, price, schedule);
	}
	return p;
}

static int
component_of(BlCompile *c, BlJson *node, int schedule)
{
	BlText		name = bl_compile_name(c, node, "a component");
	int			i = bl_compile_find_component(c, name);

	if (i >= 0 && c->t->component[i].by_period && schedule != 0)
	{
		bl_compile_error(c, node, "Give it a price of its own, by the periods of that schedule.",
						 "component \"%.*s\" has a price by other periods than the charge's", name.length, name.text);
		return i;
	}
	if (i >= 0 && c->t->component[i].price != NULL)
		return i;
	bl_compile_error(c, node, i < 0 ? "Declare it in components." : "Give it a price in components.",
					 "component \"%.*s\" %s", name.length, name.text, i < 0 ? "is not known" : "has no price");
	return 0;
}

/* a list of components with, perhaps, multipliers by period on some of them */
static BlPrice *
components(BlCompile *c, BlJson *node, BlJson *list, int schedule)
{
	BlPrice    *p = new_price(c, BL_PRICE_COMPONENTS, 0, node);
	BlJson	   *multipliers = bl_json_member(node, "multipliers");
	const BlSchedule *s = &c->t->schedule[schedule];

	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "components") || c->t->components == 0)
	{
		if (c->t->components == 0)
			bl_compile_error(c, list, "Declare them in components.", "the tariff has no components");
		return p;
	}
	if (list->count < 1 || list->count > BL_TARIFF_COMPONENTS_MAX)
	{
		bl_compile_refuse(c, list, "Give 1 to 64 components.", "%d components", list->count);
		return p;
	}
	p->component = bl_compile_get(c, sizeof *p->component * (size_t) (list->count + 1));
	p->multiplied = bl_compile_get(c, sizeof *p->multiplied * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e; e = e->next)
	{
		p->component[p->n] = component_of(c, e, schedule);
		for (int i = 0; i < p->n; i++)
			if (p->component[i] == p->component[p->n])
				bl_compile_error(c, e, NULL, "a component is named twice");
		p->n++;
	}
	if (multipliers == NULL || !bl_compile_is(c, multipliers, BL_JSON_OBJECT, "multipliers"))
		return p;
	p->multiplier = bl_compile_get(c, sizeof *p->multiplier * (size_t) s->periods);
	p->multipliers = s->periods;
	for (BlJson *m = multipliers->first; m; m = m->next)
	{
		BlText		name = {m->key, (int) m->key_length};
		int			i;

		m->seen = true;
		if (bl_json_key_is(m, "on"))
		{
			if (bl_compile_is(c, m, BL_JSON_ARRAY, "on"))
				for (BlJson *e = m->first; e; e = e->next)
				{
					int			k = component_of(c, e, 0);

					for (i = p->n - 1; i >= 0 && p->component[i] != k; i--)
						;
					if (i < 0)
						bl_compile_error(c, e, "Name only those of the list components.", "a multiplier on a component that is not summed");
					else
						p->multiplied[i] = true;
				}
			continue;
		}
		for (i = s->periods - 1; i >= 0 && !bl_text_equal(s->period[i], name); i--)
			;
		if (i < 0)
			bl_compile_error(c, m, "Use \"on\" and the names of the periods.", "\"%.*s\" is no period here",
							 bl_json_cut(name.text, (size_t) name.length, 63), name.text);
		else
			p->multiplier[i] = bl_compile_plain_price(c, m, schedule);
	}
	for (int i = 0; i < s->periods; i++)
		if (p->multiplier[i] == NULL)
		{
			bl_compile_error(c, multipliers, "Give each period its multiplier.", "no multiplier for period \"%.*s\"",
							 s->period[i].length, s->period[i].text);
			p->multiplier[i] = new_price(c, BL_PRICE_VALUE, 0, multipliers);
		}
	if (bl_json_member(multipliers, "on") == NULL)
		bl_compile_error(c, multipliers, "Add \"on\": the list of components they apply to.", "multipliers on nothing");
	return p;
}

/* {"base": P, "times" | "percent" | "plus": decimal} */
static BlPrice *
based(BlCompile *c, BlJson *node, BlJson *base, int schedule)
{
	BlPrice    *p = new_price(c, BL_PRICE_BASE, 1, node);
	BlJson	   *m;
	int			given = 0;

	p->n = 1;
	p->item[0] = price_tree(c, base, schedule);
	if ((m = bl_json_member(node, "times")) != NULL)
	{
		p->times = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a factor");
		given++;
	}
	if ((m = bl_json_member(node, "percent")) != NULL)
	{
		BlDec		percent = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a percentage");

		/* 1 + percent / 100, exactly */
		percent.scale += 2;
		if (bl_dec_add(bl_dec(1, 0), percent, &p->times) != BL_OK)
			bl_compile_error(c, m, NULL, "the percentage is out of range");
		given++;
	}
	if ((m = bl_json_member(node, "plus")) != NULL)
	{
		p->plus = bl_compile_decimal(c, m, BL_PRICE_SCALE, "an addition");
		given++;
	}
	if (given != 1)
		bl_compile_error(c, node, "Add one of times, percent, plus.", "a price from a base needs one change");
	return p;
}

static BlPrice *
series(BlCompile *c, BlJson *node, BlJson *name)
{
	BlPrice    *p = new_price(c, BL_PRICE_SERIES, 0, node);
	BlJson	   *m;

	p->name = bl_compile_name(c, name, "a series");
	if ((p->changed = (m = bl_json_member(node, "times")) != NULL))
		p->times = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a factor");
	if ((m = bl_json_member(node, "plus")) != NULL)
		p->plus = bl_compile_decimal(c, m, BL_PRICE_SCALE, "an addition");
	p->changed = p->changed || m != NULL;
	if ((p->has_floor = (m = bl_json_member(node, "at_least")) != NULL))
		p->floor = bl_compile_decimal(c, m, BL_PRICE_SCALE, "a floor");
	if ((p->has_cap = (m = bl_json_member(node, "at_most")) != NULL))
		p->cap = bl_compile_decimal(c, m, BL_PRICE_SCALE, "a cap");
	p->changed = p->changed || p->has_floor || p->has_cap;
	if (p->has_floor && p->has_cap && bl_dec_cmp(p->floor, p->cap) > 0)
		bl_compile_error(c, m, "Let at_most be the higher one.", "at_least lies above at_most");
	return p;
}

static BlPrice *
price_tree(BlCompile *c, BlJson *node, int schedule)
{
	BlJson	   *m;
	BlPrice    *p;

	if (node->type == BL_JSON_NUMBER || node->type == BL_JSON_STRING)
		return value_price(c, node);
	if (node->type != BL_JSON_OBJECT)
	{
		bl_compile_refuse(c, node, "Write a decimal such as \"0.538\", an object by period or season, or one of the forms of the tariff language.",
						  "a price should be a decimal or an object");
		return new_price(c, BL_PRICE_VALUE, 0, node);
	}
	node->seen = true;
	if ((m = bl_json_member(node, "versions")) != NULL)
		return versions(c, m, schedule);
	if ((m = bl_json_member(node, "components")) != NULL)
		return components(c, node, m, schedule);
	if ((m = bl_json_member(node, "base")) != NULL)
		return based(c, node, m, schedule);
	if ((m = bl_json_member(node, "series")) != NULL)
		return series(c, node, m);
	if ((m = bl_json_member(node, "component")) != NULL)
	{
		p = new_price(c, BL_PRICE_COMPONENTS, 0, node);
		p->component = bl_compile_get(c, sizeof *p->component);
		p->multiplied = bl_compile_get(c, sizeof *p->multiplied);
		if (c->t->components == 0)
			bl_compile_error(c, m, "Declare it in components.", "the tariff has no components");
		else
		{
			p->component[0] = component_of(c, m, schedule);
			p->n = 1;
		}
		return p;
	}
	if ((m = bl_json_member(node, "published")) != NULL)
	{
		p = new_price(c, BL_PRICE_PUBLISHED, 0, node);
		p->name = bl_compile_name(c, m, "a published component");
		if ((m = bl_json_member(node, "for")) != NULL)
		{
			static const char *const for_names[] = {"month", NULL};

			p->month_only = bl_compile_choice(c, m, for_names, "what a published price is for") == 0;
		}
		return p;
	}
	if ((m = bl_json_member(node, "term")) != NULL)
	{
		p = new_price(c, BL_PRICE_TERM, 0, node);
		p->term = bl_compile_term(c, m);
		return p;
	}
	if (node->first != NULL &&
		bl_compile_find_season(c, (BlText) {node->first->key, (int) node->first->key_length}) >= 0)
		return by_name(c, node, BL_PRICE_BY_SEASON, c->t->seasons, schedule);
	return by_name(c, node, BL_PRICE_BY_PERIOD, c->t->schedule[schedule].periods, schedule);
}

BlPrice *
bl_compile_price(BlCompile *c, BlJson *node, int schedule)
{
	return price_tree(c, node, schedule);
}

BlPrice *
bl_compile_plain_price(BlCompile *c, BlJson *node, int schedule)
{
	BlPrice    *p = price_tree(c, node, schedule);

	if (bl_price_has(p, BL_PRICE_SERIES, 0))
		bl_compile_error(c, node, "Only the price of a charge on energy can have it.", "a series where there are no slots");
	return p;
}

bool
bl_price_has(const BlPrice *price, BlPriceKind kind, int depth)
{
	if (price == NULL || depth > BL_JSON_DEPTH)
		return false;
	if (price->kind == kind)
		return true;
	if (price->item != NULL)
		for (int i = 0; i < price->n; i++)
			if (bl_price_has(price->item[i], kind, depth + 1))
				return true;
	return false;
}

/* does the price differ by period, in itself or in a component? */
bool
bl_price_by_period(BlCompile *c, const BlPrice *price, int depth)
{
	if (price == NULL || depth > BL_JSON_DEPTH)
		return false;
	if (price->kind == BL_PRICE_BY_PERIOD || price->multiplier != NULL)
		return true;
	if (price->kind == BL_PRICE_COMPONENTS)
		for (int i = 0; i < price->n; i++)
			if (c->t->component[price->component[i]].by_period)
				return true;
	if (price->item != NULL)
		for (int i = 0; i < price->n; i++)
			if (bl_price_by_period(c, price->item[i], depth + 1))
				return true;
	return false;
}

void
bl_compile_tags(BlCompile *c, BlJson *node, BlTags *tags)
{
	if (!bl_compile_is(c, node, BL_JSON_ARRAY, "tags"))
		return;
	if (node->count > BL_TARIFF_TAGS_MAX)
	{
		bl_compile_refuse(c, node, "At most 16.", "too many tags");
		return;
	}
	for (BlJson *e = node->first; e; e = e->next)
		tags->tag[tags->n++] = bl_compile_name(c, e, "a tag");
}

void
bl_compile_components(BlCompile *c, BlJson *node)
{
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "components"))
		return;
	if (node->count > BL_TARIFF_COMPONENTS_MAX)
	{
		bl_compile_refuse(c, node, "At most 64.", "too many components");
		return;
	}
	c->t->component = bl_compile_get(c, sizeof *c->t->component * (size_t) (node->count + 1));
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlComponent *k = &c->t->component[c->t->components];
		BlJson	   *price = NULL;

		k->name = bl_compile_key(c, e, "a component");
		if (e->type == BL_JSON_OBJECT)
		{
			price = bl_json_member(e, "price");
			if ((m = bl_json_member(e, "tags")) != NULL)
				bl_compile_tags(c, m, &k->tags);
			if ((m = bl_json_member(e, "name")) != NULL)
				bl_compile_names(c, m);
		}
		/* without a price it is a name and tags for of_which */
		if (price == NULL && e->type == BL_JSON_OBJECT &&
			(bl_json_member(e, "tags") != NULL || bl_json_member(e, "name") != NULL))
		{
			c->t->components++;
			continue;
		}
		k->price = price_tree(c, price ? price : e, 0);
		k->by_period = bl_price_by_period(c, k->price, 0);
		k->constant = !bl_price_has(k->price, BL_PRICE_TERM, 0);
		if (bl_price_has(k->price, BL_PRICE_COMPONENTS, 0) || bl_price_has(k->price, BL_PRICE_SERIES, 0))
			bl_compile_error(c, e, "Use values, versions, published prices, terms, or a base.",
							 "a component made of components or of a series");
		c->t->components++;
	}
}

/* ---- terms and conditions ---------------------------------------------- */

int
bl_compile_term_named(BlCompile *c, BlText name, const BlJson *at)
{
	BlTariff   *t = c->t;

	for (int i = 0; i < t->terms; i++)
		if (bl_text_equal(t->term[i].name, name))
			return i;
	if (t->terms == BL_TARIFF_TERMS_MAX)
	{
		bl_compile_error(c, at, "At most 64.", "too many terms");
		return 0;
	}
	t->term[t->terms].name = name;
	return t->terms++;
}

int
bl_compile_term(BlCompile *c, BlJson *node)
{
	return bl_compile_term_named(c, bl_compile_name(c, node, "a term"), node);
}

int
bl_compile_quantity_term(BlCompile *c, BlJson *node)
{
	int			i = bl_compile_term(c, node);
	BlDec		value;

	if (c->t->term[i].fallback != NULL)
	{
		BlJson		copy = *c->t->term[i].fallback;

		if (bl_json_decimal(&copy, BL_PRICE_SCALE, &value) == BL_OK && value.coefficient < 0)
			bl_compile_error(c, c->t->term[i].fallback, "Give 0 or more.", "the default of term \"%.*s\" is below zero",
							 c->t->term[i].name.length, c->t->term[i].name.text);
	}
	return i;
}

static bool
scalar(const BlJson *node)
{
	return node->type == BL_JSON_STRING || node->type == BL_JSON_NUMBER ||
		node->type == BL_JSON_TRUE || node->type == BL_JSON_FALSE;
}

/* marks a scalar, or a list of scalars, as read; numbers become decimals */
static bool
scalars(BlCompile *c, BlJson *node)
{
	BlDec		value;

	if (node->type == BL_JSON_ARRAY && node->first != NULL)
	{
		bool		ok = true;

		for (BlJson *e = node->first; e; e = e->next)
			ok = ok && e->type != BL_JSON_ARRAY && scalars(c, e);
		return ok;
	}
	if (!scalar(node))
		return false;
	if (node->type == BL_JSON_NUMBER && bl_json_decimal(node, BL_PRICE_SCALE, &value) != BL_OK)
		bl_compile_error(c, node, NULL, "the number is out of range");
	node->seen = true;
	return true;
}

void
bl_compile_terms(BlCompile *c, BlJson *node)
{
	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "terms"))
		return;
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlJson	   *m;
		BlText		name = {e->key, (int) e->key_length};
		int			i;

		e->seen = true;
		if (!bl_name_valid(name) || memchr(name.text, '.', (size_t) name.length))
			bl_compile_error(c, e, "Use 1 to 63 bytes, no dot.", "bad name of a term");
		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "a term"))
			continue;
		i = bl_compile_term_named(c, name, e);
		if ((m = bl_json_member(e, "default")) != NULL)
		{
			if (!scalar(m) || !scalars(c, m))
				bl_compile_error(c, m, NULL, "a default is a text, a number, true or false");
			else
				c->t->term[i].fallback = m;
		}
		if ((m = bl_json_member(e, "one_of")) != NULL)
		{
			if (m->type != BL_JSON_ARRAY || !scalars(c, m))
				bl_compile_error(c, m, NULL, "one_of is a list of texts, numbers, true or false");
			else
				c->t->term[i].one_of = m;
		}
	}
}

static const char *const bound_names[] = {"at_least", "above", "at_most", "below"};

void
bl_compile_condition(BlCompile *c, BlJson *node, BlCondition *condition)
{
	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "a condition"))
		return;
	if (node->count > BL_TARIFF_LIST_MAX)
	{
		bl_compile_refuse(c, node, "At most 64.", "too many tests");
		return;
	}
	condition->test = bl_compile_get(c, sizeof *condition->test * (size_t) (node->count + 1));
	for (BlJson *e = node->first; e && !c->stop; e = e->next)
	{
		BlTest	   *test = &condition->test[condition->n++];

		e->seen = true;
		test->subject = bl_json_key_is(e, "usage.kwh") ? BL_SUBJECT_KWH :
			bl_json_key_is(e, "usage.kwh_per_day") ? BL_SUBJECT_KWH_PER_DAY :
			bl_json_key_is(e, "usage.demand_kw") ? BL_SUBJECT_DEMAND_KW : BL_SUBJECT_TERM;
		if (test->subject == BL_SUBJECT_TERM)
		{
			BlText		name = {e->key, (int) e->key_length};

			if (!bl_name_valid(name) || memchr(name.text, '.', (size_t) name.length))
				bl_compile_error(c, e, "Use a term's name, usage.kwh, usage.kwh_per_day or usage.demand_kw.",
								 "\"%.*s\" cannot be tested", bl_json_cut(name.text, (size_t) name.length, 63), name.text);
			else
				test->term = bl_compile_term_named(c, name, e);
		}
		if (e->type == BL_JSON_OBJECT)
		{
			for (int i = 0; i < 4; i++)
			{
				BlJson	   *m = bl_json_member(e, bound_names[i]);

				if (m == NULL)
					continue;
				test->bounds |= 1u << i;
				test->bound[i] = bl_compile_decimal(c, m, BL_PRICE_SCALE, "a bound");
			}
			if (test->bounds == 0)
				bl_compile_error(c, e, "Use at_least, above, at_most or below.", "a test without a bound");
		}
		else if (scalars(c, e))
			test->equal = e;
		else
			bl_compile_error(c, e, "Write a value, a list of values, or bounds.", "not a test");
	}
}

/* ---- rounding ----------------------------------------------------------- */

static const char *const mode_names[] = {"half_up", "half_even", "half_down", "down", "up", "floor", "ceiling", NULL};

BlRoundingMode
bl_compile_mode(BlCompile *c, BlJson *node)
{
	return (BlRoundingMode) bl_compile_choice(c, node, mode_names, "a way of rounding");
}

void
bl_compile_one_rounding(BlCompile *c, BlJson *node, BlRoundingMode mode, BlRounding *rounding)
{
	BlJson	   *places = node,
			   *step = NULL,
			   *m;

	*rounding = (BlRounding) {true, mode, {1, 0}};
	if (node->type == BL_JSON_NULL)
	{
		node->seen = true;
		rounding->set = false;
		return;
	}
	if (node->type == BL_JSON_OBJECT)
	{
		places = bl_json_member(node, "places");
		step = bl_json_member(node, "step");
		if ((m = bl_json_member(node, "mode")) != NULL)
			rounding->mode = bl_compile_mode(c, m);
		if ((places == NULL) == (step == NULL))
		{
			bl_compile_error(c, node, "Give one of them.", "rounding needs either places or step");
			return;
		}
	}
	if (step != NULL)
	{
		rounding->step = bl_dec_trim(bl_compile_decimal(c, step, BL_AMOUNT_SCALE, "a step"));
		if (rounding->step.coefficient <= 0 || rounding->step.coefficient > 1000000000000)
		{
			bl_compile_error(c, step, NULL, "a step must be above zero, and at most 10^12 of its last decimal");
			rounding->step = bl_dec(1, 0);
		}
	}
	else
	{
		int			n = bl_compile_int(c, places, -9, BL_AMOUNT_SCALE, "a number of decimals");

		*rounding = bl_round_places(n, rounding->mode);
	}
}

void
bl_compile_rounding(BlCompile *c, BlJson *node, BlRoundings *r)
{
	struct
	{
		const char *name;
		BlRounding *to;
	}			member[] = {{"line", &r->line}, {"group", &r->group}, {"total", &r->total},
	{"quantity", &r->quantity}, {"price", &r->price}, {"demand", &r->demand}, {"fraction", &r->fraction}};
	BlRoundingMode mode = BL_HALF_UP;
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "rounding"))
		return;
	if ((m = bl_json_member(node, "mode")) != NULL)
		mode = bl_compile_mode(c, m);
	for (size_t i = 0; i < sizeof member / sizeof *member; i++)
	{
		m = bl_json_member(node, member[i].name);
		if (m == NULL)
			continue;
		bl_compile_one_rounding(c, m, mode, member[i].to);
		if (i == 2 && m->type == BL_JSON_OBJECT)
		{
			BlJson	   *carry = bl_json_member(m, "carry");

			if (carry != NULL)
				r->carry = bl_compile_bool(c, carry);
		}
	}
}
