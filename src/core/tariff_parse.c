/*
 * tariff_parse.c - a tariff document: its head and its charges
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

/* ---- pieces of charges --------------------------------------------------- */

static const char *const per_names[] = {"day", "month", "year", "season", "period", NULL};
static const char *const sign_names[] = {"charge", "credit", NULL};
static const char *const unit_names[] = {"kW", "kVA", "hp", NULL};
static const BlChargeUnit units[] = {BL_UNIT_KW, BL_UNIT_KVA, BL_UNIT_HP};

static void
selection(BlCompile *c, BlJson *node, BlSelection *s)
{
	BlJson	   *of = bl_json_member(node, "of");
	BlJson	   *except = bl_json_member(node, "except");

	s->all = of == NULL;
	for (int side = 0; side < 2; side++)
	{
		BlJson	   *list = side ? except : of;
		BlText	   *names;
		int			n = 0;

		if (list == NULL || !bl_compile_is(c, list, BL_JSON_ARRAY, "a selection"))
			continue;
		if (list->count > BL_TARIFF_LIST_MAX)
		{
			bl_compile_error(c, list, "At most 64; a tag can stand for many charges.", "too many names in a selection");
			continue;
		}
		names = bl_compile_get(c, sizeof *names * (size_t) (list->count + 1));
		for (BlJson *e = list->first; e && !c->stop; e = e->next)
		{
			BlText		name = bl_compile_name(c, e, "a charge, tag or component");
			bool		known = bl_compile_find_component(c, name) >= 0;

			for (int i = 0; i < c->t->components; i++)
				for (int k = 0; k < c->t->component[i].tags.n; k++)
					known = known || bl_text_equal(c->t->component[i].tags.tag[k], name);
			for (int i = 0; i < c->t->charges; i++)
			{
				BlCharge   *q = &c->t->charge[i];

				known = known || bl_text_equal(q->code, name);
				for (int k = 0; k < q->tags.n; k++)
					known = known || bl_text_equal(q->tags.tag[k], name);
			}
			if (!known)
				bl_compile_error(c, e, "Name the code or a tag of an earlier charge, or a component.",
								 "nothing before this charge is called \"%.*s\"", name.length, name.text);
			names[n++] = name;
		}
		if (side)
			s->except = names, s->except_count = n;
		else
			s->of = names, s->of_count = n;
	}
}

static unsigned
periods_of(BlCompile *c, BlJson *list, const BlSchedule *s)
{
	unsigned	bits = 0;

	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "periods"))
		return 0;
	for (BlJson *e = list->first; e; e = e->next)
	{
		BlText		name = bl_compile_name(c, e, "a period");
		int			i;

		for (i = s->periods - 1; i >= 0 && !bl_text_equal(s->period[i], name); i--)
			;
		if (i < 0)
			bl_compile_error(c, e, "Name periods of the charge's schedule.", "period \"%.*s\" is not known", name.length, name.text);
		else
			bits |= 1u << i;
	}
	if (bits == 0)
		bl_compile_error(c, list, NULL, "an empty list of periods");
	return bits;
}

static const char *const limit_names[] = {
	"kWh", "kWh/kVA", "kWh/kW", "kWh/day", "kWh/kVA/day", "kWh/kW/day", NULL
};

/* what a limit is in: its own unit, else the charge's */
static void
limit_unit(BlCompile *c, BlJson *node, const BlCharge *q, bool *multiplied, bool *daily)
{
	int			unit = bl_compile_choice(c, node, limit_names, "a unit of limits");

	*multiplied = unit % 3 != 0;
	*daily = unit >= 3;
	if (*multiplied && q->limit_term < 0 && q->limit_charge < 0)
		bl_compile_error(c, node, "Add \"of\" to the charge: a term, or an earlier demand charge, that multiplies the limits.",
						 "limits per kVA or kW need a term or a demand charge");
	if (*daily && q->per != BL_PER_MONTH && q->per != BL_PER_PERIOD)
		bl_compile_error(c, node, "Use per month or period.", "limits by the day in such a span");
}

static BlDec
block_of(BlCompile *c, BlJson *node)
{
	BlDec		block = bl_compile_decimal(c, node, BL_ENERGY_SCALE, "a block");

	if (block.coefficient <= 0)
		bl_compile_error(c, node, "Write its kWh.", "a block of nothing");
	return block;
}

/* what a step of energy has besides limit and price */
static void
step_extras(BlCompile *c, BlJson *e, const BlCharge *q, BlStep *step)
{
	BlJson	   *m;

	if ((m = bl_json_member(e, "unit")) != NULL)
		limit_unit(c, m, q, &step->multiplied, &step->daily);
	if ((m = bl_json_member(e, "block")) != NULL)
		step->block = block_of(c, m);
	if ((m = bl_json_member(e, "all")) != NULL)
		step->all = bl_compile_bool(c, m);
	if (step->all && q->volume)
		bl_compile_error(c, m, "Take one of them away.", "all in a step by volume");
	if (step->block.coefficient > 0 && q->split == BL_SPLIT_CHRONOLOGICAL)
		bl_compile_error(c, e, "Use a price for all periods.", "packages in the order of time");
}

/* defaults: what a step of energy has unless it says otherwise; NULL: steps of demand */
static BlSteps
steps_list(BlCompile *c, BlJson *list, const BlCharge *q, const BlStep *defaults)
{
	BlSteps		s = {0, NULL};

	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "steps"))
		return s;
	if (list->count < 1 || list->count > BL_TARIFF_STEPS_MAX)
	{
		bl_compile_refuse(c, list, "Give 1 to 64 steps.", "%d steps", list->count);
		return s;
	}
	s.step = bl_compile_get(c, sizeof *s.step * (size_t) list->count);
	for (BlJson *e = list->first; e && !c->stop; e = e->next)
	{
		BlStep	   *step = &s.step[s.n];
		BlJson	   *to = bl_json_member(e, "to");
		BlJson	   *price = bl_json_member(e, "price");
		BlJson	   *add = bl_json_member(e, "add");
		BlJson	   *flat = bl_json_member(e, "flat");
		BlJson	   *name = bl_json_member(e, "name");

		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "a step"))
			continue;
		if (defaults != NULL)
		{
			*step = *defaults;
			step_extras(c, e, q, step);
		}
		if (to != NULL)
		{
			const BlStep *below = s.n > 0 ? &s.step[s.n - 1] : NULL;

			step->limited = true;
			step->to = bl_compile_decimal(c, to, BL_ENERGY_SCALE, "a limit");
			/* those in another unit are put in order when they are known */
			if (step->to.coefficient <= 0 || (below != NULL && below->limited && below->multiplied == step->multiplied &&
											  below->daily == step->daily && bl_dec_cmp(step->to, below->to) <= 0))
				bl_compile_error(c, to, "Put the steps in order of their limits.", "limits must rise from above zero");
		}
		else if (e->next != NULL)
			bl_compile_error(c, e, "Add \"to\".", "only the last step may have no limit");
		if (price != NULL && add != NULL)
			bl_compile_error(c, e, "A step has one of them.", "both price and add");
		if (price != NULL || add != NULL)
			step->price = bl_compile_price(c, price ? price : add, q->schedule);
		if (bl_price_has(step->price, BL_PRICE_SERIES, 0))
			bl_compile_error(c, e, "A series is the whole price of a charge on energy.", "a series in a step");
		if (flat != NULL && defaults == NULL)
			bl_compile_error(c, flat, "Put it into a fixed charge.", "a flat in a step of demand");
		else if (flat != NULL)
		{
			step->has_flat = true;
			step->flat = bl_compile_plain_price(c, flat, 0);
			if (bl_price_by_period(c, step->flat, 0))
				bl_compile_error(c, flat, "It is due once.", "a flat amount by period");
		}
		if (name != NULL)
			bl_compile_names(c, name);
		s.n++;
	}
	return s;
}

static void
allowances(BlCompile *c, BlJson *list, BlCharge *q)
{
	if (!bl_compile_is(c, list, BL_JSON_ARRAY, "allowance"))
		return;
	if (list->count > BL_TARIFF_LIST_MAX)
	{
		bl_compile_refuse(c, list, NULL, "too many allowances");
		return;
	}
	q->allowance = bl_compile_get(c, sizeof *q->allowance * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e && !c->stop; e = e->next)
	{
		BlAllowance *a = &q->allowance[q->allowances++];
		BlJson	   *kwh = bl_json_member(e, "kwh");
		BlJson	   *m;

		a->per = BL_PER_MONTH;
		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "an allowance"))
			continue;
		if (kwh == NULL)
			bl_compile_error(c, e, "Add \"kwh\".", "an allowance without kwh");
		else
			a->kwh = bl_compile_decimal(c, kwh, BL_ENERGY_SCALE, "an allowance");
		if ((m = bl_json_member(e, "when")) != NULL)
			bl_compile_condition(c, m, &a->when);
		if ((m = bl_json_member(e, "per")) != NULL)
		{
			a->per = (BlPer) bl_compile_choice(c, m, per_names, "a span");
			if (a->per != BL_PER_MONTH && (a->per != BL_PER_YEAR || q->per != BL_PER_YEAR))
				bl_compile_error(c, m, NULL, "an allowance is per month, or of yearly tiers per year");
		}
		if ((m = bl_json_member(e, "to")) != NULL)
		{
			static const char *const to_names[] = {"each", "first", NULL};

			a->first_only = bl_compile_choice(c, m, to_names, "what an allowance raises") == 1;
		}
	}
}

/* "counter/period" must fit where names are kept */
static void
joined_names(BlCompile *c, const BlJson *at, BlText name, const BlSchedule *s)
{
	for (int i = 0; i < s->periods; i++)
		if (name.length + 1 + s->period[i].length > BL_NAME_MAX)
		{
			bl_compile_error(c, at, "Shorten one of them.", "the counter's and the period's name are too long together");
			return;
		}
}

/* a list of steps, or one for each season, or for each period */
static void
step_lists(BlCompile *c, BlJson *steps, BlCharge *q, const BlStep *defaults)
{
	const BlSchedule *s = &c->t->schedule[q->schedule];
	bool		by_period = false;
	int			n;

	if (steps->type != BL_JSON_OBJECT)
	{
		q->steps = bl_compile_get(c, sizeof *q->steps);
		q->steps[0] = steps_list(c, steps, q, defaults);
		return;
	}
	steps->seen = true;
	for (const BlJson *e = steps->first; e; e = e->next)
		for (int i = 0; i < s->periods && s->period[i].length > 0; i++)
			by_period = by_period || bl_text_equal(s->period[i], (BlText) {e->key, (int) e->key_length});
	n = by_period ? s->periods : c->t->seasons;
	if (by_period)
		q->period_steps = n;
	else
		q->season_steps = n;
	q->steps = bl_compile_get(c, sizeof *q->steps * (size_t) (n + 1));
	for (BlJson *e = steps->first; e && !c->stop; e = e->next)
	{
		BlText		name = {e->key, (int) e->key_length};
		int			i = by_period ? s->periods - 1 : bl_compile_find_season(c, name);

		while (by_period && i >= 0 && !bl_text_equal(s->period[i], name))
			i--;
		e->seen = true;
		if (i < 0)
			bl_compile_error(c, e, "Steps are a list, or a list for each season or period.", by_period ? "not a period" : "not a season");
		else
			q->steps[i] = steps_list(c, e, q, defaults);
	}
	for (int i = 0; i < n; i++)
	{
		BlText		name = by_period ? s->period[i] : c->t->season[i].name;

		if (q->steps[i].n == 0 && (!by_period || q->periods == 0 || (q->periods & 1u << i)))
			bl_compile_error(c, steps, by_period ? "Give steps for each period." : "Give steps for each season.",
							 "no steps for %s \"%.*s\"", by_period ? "period" : "season", name.length, name.text);
	}
	if (n == 0)
		bl_compile_error(c, steps, "Write a list of steps.", "steps by season in a tariff without seasons");
}

/* what limits go by: an earlier demand charge of that code, else a term */
static void
limits_of(BlCompile *c, BlJson *of, BlCharge *q)
{
	BlText		name = bl_compile_name(c, of, "a term or a demand charge");

	for (int i = 0; i < c->t->charges; i++)
		if (c->t->charge[i].kind == BL_CHARGE_DEMAND && bl_text_equal(c->t->charge[i].code, name))
			q->limit_charge = i;
	if (q->limit_charge < 0)
		q->limit_term = bl_compile_term(c, of);
}

static void
tiers(BlCompile *c, BlJson *node, BlJson *steps, BlCharge *q)
{
	static const char *const month_names[] = {"period", "prorated", "thirty", "each", NULL};
	static const char *const split_names[] = {"proportional", "chronological", "counters", NULL};
	static const char *const mode_names[] = {"graduated", "volume", NULL};
	static const char *const prorate_names[] = {"months", NULL};
	BlStep		defaults = {0};
	BlJson	   *m;

	q->kind = BL_CHARGE_TIERS;
	q->unit = BL_UNIT_KWH;
	if ((m = bl_json_member(node, "per")) == NULL)
		bl_compile_error(c, node, "Add \"per\": \"day\", \"month\", \"year\", \"season\" or \"period\".", "tiers without per");
	else
		q->per = (BlPer) bl_compile_choice(c, m, per_names, "a span");
	if (q->per == BL_PER_SEASON && c->t->seasons == 0)
		bl_compile_error(c, m, "Declare seasons.", "tiers by season in a tariff without seasons");
	if ((m = bl_json_member(node, "mode")) != NULL)
		q->volume = bl_compile_choice(c, m, mode_names, "a mode of tiers") == 1;
	if ((m = bl_json_member(node, "month")) != NULL)
	{
		q->month = (BlMonthRule) bl_compile_choice(c, m, month_names, "a rule for months");
		if (q->per != BL_PER_MONTH)
			bl_compile_error(c, m, NULL, "month goes with per month");
	}
	if ((m = bl_json_member(node, "of")) != NULL)
		limits_of(c, m, q);
	if ((m = bl_json_member(node, "unit")) != NULL)
		limit_unit(c, m, q, &defaults.multiplied, &defaults.daily);
	if ((m = bl_json_member(node, "block")) != NULL)
		defaults.block = block_of(c, m);
	if ((m = bl_json_member(node, "allowance")) != NULL)
		allowances(c, m, q);
	if ((m = bl_json_member(node, "prorate")) != NULL)
	{
		bl_compile_choice(c, m, prorate_names, "a proration of limits");
		q->prorate_months = true;
		q->service_term = bl_compile_term_named(c, bl_text_of("service_from"), m);
		if (q->per != BL_PER_YEAR)
			bl_compile_error(c, m, NULL, "limits are prorated by months of service only per year");
	}
	if ((m = bl_json_member(node, "split")) != NULL)
		q->split = (BlTierSplit) bl_compile_choice(c, m, split_names, "a way to split tiers");
	if ((m = bl_json_member(node, "counter")) != NULL)
		q->counter = bl_compile_name(c, m, "a counter");
	if (q->split == BL_SPLIT_COUNTERS)
		joined_names(c, node, q->counter, &c->t->schedule[q->schedule]);
	if ((m = bl_json_member(node, "beyond")) != NULL)
	{
		static const char *const beyond_names[] = {"last", NULL};

		bl_compile_choice(c, m, beyond_names, "what lies beyond the last step");
		q->beyond_last = true;
	}
	if ((m = bl_json_member(node, "sign")) != NULL)
		q->credit = bl_compile_choice(c, m, sign_names, "a sign") == 1;
	step_lists(c, steps, q, &defaults);
	if (q->season_steps > 0 && q->per == BL_PER_YEAR)
		bl_compile_error(c, steps, "Use per month, season or period.", "steps by season cannot count by the year");
	for (int s = 0; s < bl_step_lists(q); s++)
		for (int i = 0; i < q->steps[s].n; i++)
		{
			const BlStep *step = &q->steps[s].step[i];

			q->step_by_period = q->step_by_period || bl_price_by_period(c, step->price, 0);
			q->all = q->all || step->all;
			q->blocks = q->blocks || step->block.coefficient > 0;
		}
	if (q->blocks && (q->step_by_period || q->period_steps || q->split == BL_SPLIT_COUNTERS))
		bl_compile_error(c, steps, "Use a price for all periods.", "packages by period");
	if (q->all && q->split == BL_SPLIT_CHRONOLOGICAL)
		bl_compile_error(c, steps, "Use another split.", "steps for all in the order of time");
	if (q->period_steps > 0)
	{
		q->step_by_period = true;
		for (int s = 0; s < q->period_steps; s++)
			for (int i = 0; i < q->steps[s].n; i++)
				if (q->steps[s].step[i].has_flat)
					bl_compile_error(c, steps, "Put it into a fixed charge.", "a flat in steps by period");
		if (q->split != BL_SPLIT_PROPORTIONAL || q->volume || q->all)
			bl_compile_error(c, steps, "Leave split, mode and all away.", "steps by period share the count in proportion, graduated");
	}
}

static void
one_ratchet(BlCompile *c, BlJson *node, BlRatchet *ratchet)
{
	static const char *const mean_names[] = {"highest", "mean", NULL};
	BlJson	   *share = bl_json_member(node, "share");
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "a ratchet"))
		return;
	if (share == NULL || (bl_json_member(node, "months") == NULL && bl_json_member(node, "in") == NULL))
	{
		bl_compile_error(c, node, "Write {\"share\": \"0.8\", \"months\": 11} or {\"share\": \"0.75\", \"in\": [1, 4, 12]}.",
						 "a ratchet needs share, and months or in");
		return;
	}
	ratchet->share = bl_compile_decimal(c, share, BL_RATIO_SCALE, "a share");
	if ((m = bl_json_member(node, "months")) != NULL)
		ratchet->months = bl_compile_int(c, m, 1, 60, "months");
	if ((m = bl_json_member(node, "in")) != NULL)
		ratchet->in = bl_compile_months(c, m);
	if ((m = bl_json_member(node, "during")) != NULL)
		ratchet->during = bl_compile_months(c, m);
	if ((m = bl_json_member(node, "by")) != NULL)
		ratchet->mean = bl_compile_choice(c, m, mean_names, "what a ratchet goes by") == 1;
}

/* a ratchet, or several */
static void
ratchets(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *e = node;

	if (node->type == BL_JSON_ARRAY)
	{
		node->seen = true;
		e = node->first;
		if (node->count < 1 || node->count > 12)
		{
			bl_compile_refuse(c, node, "Give 1 to 12.", "%d ratchets", node->count);
			return;
		}
	}
	q->ratchet = bl_compile_get(c, sizeof *q->ratchet * (size_t) (node->type == BL_JSON_ARRAY ? node->count : 1));
	for (; e && !c->stop; e = node->type == BL_JSON_ARRAY ? e->next : NULL)
	{
		BlRatchet  *r = &q->ratchet[q->ratchets++];

		one_ratchet(c, e, r);
		/* the calendar year from its January on */
		if (q->memory < (r->months ? r->months : 11))
			q->memory = r->months ? r->months : 11;
	}
}

/* a weight for each period */
static void
weights(BlCompile *c, BlJson *node, BlCharge *q)
{
	const BlSchedule *s = &c->t->schedule[q->schedule];

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "weights"))
		return;
	q->weights = s->periods;
	q->weight = bl_compile_get(c, sizeof *q->weight * (size_t) s->periods);
	for (int i = 0; i < s->periods; i++)
	{
		BlJson	   *m = NULL;

		for (BlJson *e = node->first; e && m == NULL; e = e->next)
			if (bl_text_equal((BlText) {e->key, (int) e->key_length}, s->period[i]))
				m = e;
		if (m == NULL)
			bl_compile_error(c, node, "Give each period a weight; 0 leaves it out.", "no weight for period \"%.*s\"",
							 s->period[i].length, s->period[i].text);
		else
			q->weight[i] = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a weight");
		if (q->weight[i].coefficient < 0)
			bl_compile_error(c, m, NULL, "a weight below zero");
	}
	if (q->each_period || q->periods != 0 || q->mean_of > 1)
		bl_compile_error(c, node, "Take one of them away.", "weights beside periods or the mean of several days");
}

/* the share of the measured demand that counts: one, or twelve from January on */
static void
own_shares(BlCompile *c, BlJson *node, BlCharge *q)
{
	int			i = 1;

	if (node->type != BL_JSON_ARRAY)
	{
		BlDec		share = bl_compile_decimal(c, node, BL_RATIO_SCALE, "a share");

		for (; i <= 12; i++)
			q->own_share[i] = share;
		return;
	}
	node->seen = true;
	if (node->count != 12)
	{
		bl_compile_refuse(c, node, "Give twelve, from January on.", "%d shares", node->count);
		return;
	}
	for (BlJson *e = node->first; e; e = e->next)
		q->own_share[i++] = bl_compile_decimal(c, e, BL_RATIO_SCALE, "a share");
}

static void
overruns(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const overrun_names[] = {"none", "contract_105", "band_95_105", "contract_105_literal", NULL};
	BlJson	   *m;

	if ((m = bl_json_member(node, "contract")) != NULL)
		q->contract_term = bl_compile_term(c, m);
	if ((m = bl_json_member(node, "overrun")) != NULL)
	{
		q->overrun = (BlOverrun) bl_compile_choice(c, m, overrun_names, "an overrun rule");
		if (q->contract_term < 0)
			bl_compile_error(c, m, "Add \"contract\": the term with the contract demand.", "an overrun rule without a contract");
	}
	else if (q->contract_term >= 0)
		q->overrun = BL_OVERRUN_CONTRACT_105;
	if ((m = bl_json_member(node, "at_least")) != NULL)
	{
		BlJson	   *share = bl_json_member(m, "share");
		BlJson	   *of = bl_json_member(m, "of");

		q->has_floor = true;
		m->seen = true;
		if (share != NULL && of != NULL)
		{
			q->floor_share = bl_compile_decimal(c, share, BL_RATIO_SCALE, "a share");
			q->floor_term = bl_compile_term(c, of);
		}
		else if (m->type == BL_JSON_OBJECT)
			bl_compile_error(c, m, "Write {\"share\": \"0.4\", \"of\": \"capacity_kva\"} or a number of kW.", "a floor needs share and of");
		else
			q->floor_share = bl_compile_decimal(c, m, BL_ENERGY_SCALE, "a floor");
	}
	if ((m = bl_json_member(node, "ratchet")) != NULL)
		ratchets(c, m, q);
}

/* kW times required / actual where the actual power factor is lower */
static void
demand_factor(BlCompile *c, BlJson *p, BlCharge *q)
{
	BlJson	   *m = bl_json_member(p, "required");

	if (!bl_compile_is(c, p, BL_JSON_OBJECT, "power_factor"))
		return;
	q->places = 2;
	if (m == NULL)
	{
		bl_compile_error(c, p, "Write {\"required\": \"0.93\"}.", "a power factor of demand needs a required value");
		return;
	}
	q->ratio_form = true;
	q->required = bl_compile_decimal(c, m, 4, "the required power factor");
	if (q->required.coefficient <= 0 || bl_dec_cmp(q->required, bl_dec(1, 0)) > 0)
		bl_compile_error(c, m, NULL, "the required power factor lies between 0 and 1");
	if ((q->has_most = (m = bl_json_member(p, "at_most")) != NULL))
		q->most = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a cap");
	if ((m = bl_json_member(p, "places")) != NULL)
		q->places = bl_compile_int(c, m, 1, 4, "places");
	if ((m = bl_json_member(p, "actual")) != NULL)
		q->standard_term = bl_compile_term(c, m);
}

/* kW, or hp of it; kVA and kvar are those of their channels */
static void
demand_unit(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *m = bl_json_member(node, "unit");
	bool		kw = q->channel <= BL_GENERATION;

	q->unit = kw ? BL_UNIT_KW : q->channel == BL_APPARENT ? BL_UNIT_KVA : BL_UNIT_KVAR;
	if (m == NULL)
		return;
	m->seen = true;
	if (kw && bl_json_is(m, "hp"))
		q->unit = BL_UNIT_HP;
	else if (!bl_json_is(m, bl_charge_unit_name[q->unit]))
		bl_compile_error(c, m, "Use kW or hp; kVA comes with the channel apparent, kvar with the reactive ones.", "not the unit of such a demand");
}

static void
demand(BlCompile *c, BlJson *node, BlJson *d, BlCharge *q)
{
	const BlSchedule *s = &c->t->schedule[q->schedule];
	BlJson	   *m,
			   *discount;

	q->kind = BL_CHARGE_DEMAND;
	q->unit = BL_UNIT_KW;
	if (!bl_compile_is(c, d, BL_JSON_OBJECT, "demand"))
		return;
	if ((m = bl_json_member(d, "minutes")) != NULL)
		q->window_minutes = bl_compile_int(c, m, 1, 1440, "minutes");
	if ((m = bl_json_member(d, "sliding")) != NULL)
		q->sliding = bl_compile_bool(c, m);
	if ((m = bl_json_member(d, "periods")) != NULL)
	{
		if (bl_json_is(m, "each"))
			q->each_period = true;
		else
			q->periods = periods_of(c, m, s);
	}
	if ((m = bl_json_member(d, "highest")) != NULL && bl_compile_is(c, m, BL_JSON_OBJECT, "highest"))
	{
		static const char *const on_names[] = {"days", "months", NULL};
		BlJson	   *mean = bl_json_member(m, "mean_of");
		BlJson	   *on = bl_json_member(m, "on");
		BlJson	   *of = bl_json_member(m, "of");

		if (mean == NULL || on == NULL)
			bl_compile_error(c, m, "Write {\"mean_of\": 3, \"on\": \"days\"}.", "highest needs mean_of and on");
		else
		{
			q->mean_of = bl_compile_int(c, mean, 1, 31, "mean_of");
			if (bl_compile_choice(c, on, on_names, "what the highest lie on") == 1)
			{
				if (of == NULL)
					bl_compile_error(c, m, "Add \"of\": 12, the months looked at, this one among them.", "months without of");
				else
					q->of_months = bl_compile_int(c, of, 2, 60, "months");
				q->memory = q->of_months - 1;
			}
			else if (of != NULL)
				bl_compile_error(c, of, "It goes with months.", "of beside days");
		}
	}
	if ((m = bl_json_member(d, "weights")) != NULL)
		weights(c, m, q);
	if ((m = bl_json_member(d, "share")) != NULL)
		own_shares(c, m, q);
	if ((m = bl_json_member(d, "coarser")) != NULL)
		q->any_slot = bl_compile_bool(c, m);
	if ((m = bl_json_member(d, "optional")) != NULL)
		q->optional = bl_compile_bool(c, m);
	if ((m = bl_json_member(d, "counter")) != NULL)
		q->counter = bl_compile_name(c, m, "the memory of demand");
	if ((m = bl_json_member(d, "power_factor")) != NULL)
		demand_factor(c, m, q);
	demand_unit(c, node, q);
	overruns(c, d, q);
	if (q->memory > 0 && q->each_period)
		joined_names(c, d, q->counter, s);
	if ((m = bl_json_member(d, "rounding")) != NULL)
		bl_compile_one_rounding(c, m, BL_HALF_UP, &q->rounding.demand);
	if ((discount = bl_json_member(node, "discount")) == NULL ||
		!bl_compile_is(c, discount, BL_JSON_OBJECT, "discount"))
		return;
	if ((m = bl_json_member(discount, "kwh_per")) == NULL || bl_json_member(discount, "at_least") == NULL ||
		bl_json_member(discount, "times") == NULL)
	{
		bl_compile_error(c, discount, "Write {\"kwh_per\": \"capacity_kva\", \"at_least\": \"260\", \"times\": \"0.9\"}.",
						 "a discount needs kwh_per, at_least and times");
		return;
	}
	q->discount_term = bl_compile_term(c, m);
	q->discount_at = bl_compile_decimal(c, bl_json_member(discount, "at_least"), BL_ENERGY_SCALE, "a bound");
	q->discount_times = bl_compile_decimal(c, bl_json_member(discount, "times"), BL_RATIO_SCALE, "a factor");
}

/* the proration of monthly charges */
static void
proration(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const names[] = {"calendar", "thirty", "period", "year", "daily", NULL};
	BlJson	   *m;

	if ((m = bl_json_member(node, "proration")) != NULL)
	{
		q->proration = (BlProration) bl_compile_choice(c, m, names, "a proration");
		if (q->proration == BL_PRORATE_DAILY && q->kind != BL_CHARGE_DEMAND && q->kind != BL_CHARGE_CAPACITY)
			bl_compile_error(c, m, "Say so by \"fixed\": \"day\" or \"per\": \"day\".", "daily prices are those of demand and capacity");
	}
	q->year_days = bl_dec(365, 0);
	if ((m = bl_json_member(node, "year_days")) != NULL)
	{
		q->year_days = bl_compile_decimal(c, m, 4, "days of a year");
		if (bl_dec_cmp(q->year_days, bl_dec(360, 0)) < 0 || bl_dec_cmp(q->year_days, bl_dec(366, 0)) > 0)
		{
			bl_compile_error(c, m, NULL, "a year has 360 to 366 days");
			q->year_days = bl_dec(365, 0);
		}
	}
}

static void
fixed(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q)
{
	BlJson	   *m;

	q->kind = BL_CHARGE_FIXED;
	q->per = (BlPer) bl_compile_choice(c, what, per_names, "a span");
	if (q->per == BL_PER_SEASON)
		bl_compile_error(c, what, "Use day, month, year or period.", "fixed charges do not go by season");
	q->unit = q->per == BL_PER_DAY ? BL_UNIT_DAY : q->per == BL_PER_MONTH ? BL_UNIT_MONTH :
		q->per == BL_PER_YEAR ? BL_UNIT_YEAR : BL_UNIT_COUNT_OF;
	if ((m = bl_json_member(node, "times")) != NULL)
		q->quantity_term = bl_compile_term(c, m);
	proration(c, node, q);
}

static void
power_factor(BlCompile *c, BlJson *node, BlJson *p, BlCharge *q)
{
	BlJson	   *m,
			   *standard;

	q->kind = BL_CHARGE_POWER_FACTOR;
	q->unit = BL_UNIT_PERCENT;
	q->places = 2;
	if (!bl_compile_is(c, p, BL_JSON_OBJECT, "power_factor"))
		return;
	if ((m = bl_json_member(p, "places")) != NULL)
		q->places = bl_compile_int(c, m, 1, 4, "places");
	selection(c, node, &q->of);
	standard = bl_json_member(p, "standard");
	m = bl_json_member(p, "required");
	if ((standard == NULL) == (m == NULL))
		bl_compile_error(c, p, "Write {\"standard\": \"0.90\"} or {\"required\": \"0.93\"}.", "a power factor needs a standard or a required value");
	else if (m != NULL)
	{
		q->ratio_form = true;
		q->required = bl_compile_decimal(c, m, 4, "the required power factor");
		if (q->required.coefficient <= 0 || bl_dec_cmp(q->required, bl_dec(1, 0)) > 0)
			bl_compile_error(c, m, NULL, "the required power factor lies between 0 and 1");
		if ((q->has_most = (m = bl_json_member(p, "at_most")) != NULL))
			q->most = bl_compile_decimal(c, m, BL_RATIO_SCALE, "a cap");
	}
	else if (q->places != 2)
		bl_compile_error(c, p, "The tables go by 0.01.", "a table of power factors needs 2 places");
	else if (standard->type == BL_JSON_OBJECT)
	{
		standard->seen = true;
		if ((m = bl_json_member(standard, "term")) == NULL)
			bl_compile_error(c, standard, "Write {\"term\": \"pf_standard\"}.", "a standard by contract needs a term");
		else
			q->standard_term = bl_compile_term(c, m);
	}
	else
	{
		BlText		name = bl_compile_name(c, standard, "a table");

		for (q->standard = c->t->tables - 1; q->standard >= 0; q->standard--)
			if (bl_text_equal(c->t->table[q->standard].name, name))
				break;
		if (q->standard < 0)
		{
			bl_compile_error(c, standard, "Use a name of power_factor_tables (by default \"0.90\", \"0.85\", \"0.80\").",
							 "table \"%.*s\" is not known", name.length, name.text);
			q->standard = 0;
		}
	}
}

/* a part's index, entered on first use */
static int
part_index(BlCompile *c, BlText name, const BlJson *at)
{
	BlTariff   *t = c->t;

	for (int i = 0; i < t->parts; i++)
		if (bl_text_equal(t->part[i].name, name))
			return i;
	if (t->parts == BL_TARIFF_PARTS_MAX)
	{
		bl_compile_error(c, at, "At most 14 besides main and whole.", "too many parts");
		return 0;
	}
	t->part[t->parts].name = name;
	t->part[t->parts].of = -1;
	return t->parts++;
}

/* an absolute price that says what it is made of */
static void
of_which(BlCompile *c, BlJson *node, BlJson *list, BlCharge *q)
{
	BlJson	   *rest = bl_json_member(node, "rest");

	if (!bl_compile_is(c, list, BL_JSON_OBJECT, "of_which"))
		return;
	if (list->count > BL_TARIFF_COMPONENTS_MAX)
	{
		bl_compile_refuse(c, list, "At most 64.", "too many components");
		return;
	}
	q->of_which_component = bl_compile_get(c, sizeof(int) * (size_t) (list->count + 1));
	q->of_which_price = bl_compile_get(c, sizeof(BlPrice *) * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e; e = e->next)
	{
		BlText		name = {e->key, (int) e->key_length};
		int			k = bl_compile_find_component(c, name);

		e->seen = true;
		if (k < 0)
			bl_compile_error(c, e, "Declare it in components.", "component \"%.*s\" is not known",
							 bl_json_cut(name.text, (size_t) name.length, 63), name.text);
		q->of_which_component[q->of_which] = k < 0 ? 0 : k;
		q->of_which_price[q->of_which++] = bl_compile_plain_price(c, e, q->schedule);
	}
	q->rest_component = BL_NONE;
	if (rest == NULL)
		bl_compile_error(c, node, "Add \"rest\": the component that the remainder belongs to.", "of_which without rest");
	else
	{
		BlText		name = bl_compile_name(c, rest, "a component");
		int			k = bl_compile_find_component(c, name);

		if (k < 0)
			bl_compile_error(c, rest, "Declare it in components.", "component \"%.*s\" is not known", name.length, name.text);
		else
			q->rest_component = k;
	}
}

static void
energy(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const line_names[] = {"period", "component", NULL};
	BlJson	   *m;

	q->kind = BL_CHARGE_ENERGY;
	q->unit = BL_UNIT_KWH;
	if ((m = bl_json_member(node, "lines")) != NULL)
		q->by_component = bl_compile_choice(c, m, line_names, "a kind of lines") == 1;
	if ((m = bl_json_member(node, "sign")) != NULL)
		q->credit = bl_compile_choice(c, m, sign_names, "a sign") == 1;
	if ((m = bl_json_member(node, "periods")) != NULL)
		q->periods = periods_of(c, m, &c->t->schedule[q->schedule]);
	if ((m = bl_json_member(node, "of_which")) != NULL)
		of_which(c, node, m, q);
	if ((m = bl_json_member(node, "first")) != NULL && bl_compile_is(c, m, BL_JSON_OBJECT, "first"))
	{
		BlJson	   *kwh = bl_json_member(m, "kwh");
		BlJson	   *per = bl_json_member(m, "per");

		if (kwh == NULL || per == NULL)
			bl_compile_error(c, m, "Write {\"kwh\": \"15\", \"per\": \"month\"}.", "first needs kwh and per");
		else
		{
			q->has_first = true;
			q->first_kwh = bl_compile_decimal(c, kwh, BL_ENERGY_SCALE, "kWh");
			q->per = (BlPer) bl_compile_choice(c, per, per_names, "a span");
			if (q->per != BL_PER_MONTH && q->per != BL_PER_DAY && q->per != BL_PER_PERIOD)
				bl_compile_error(c, per, "Use day, month or period.", "the first kWh count per day, month or period");
		}
	}
	q->by_period = bl_price_by_period(c, q->price, 0);
	for (int i = 0; i < q->of_which; i++)
		q->by_period = q->by_period || bl_price_by_period(c, q->of_which_price[i], 0);
	q->series = bl_price_has(q->price, BL_PRICE_SERIES, 0);
	if (q->series && (q->price->kind != BL_PRICE_SERIES || q->of_which || q->has_first || q->by_component))
		bl_compile_error(c, node, "Give the charge {\"series\": …} as its whole price.", "a series stands alone in its price");
	if (q->by_component && !bl_price_has(q->price, BL_PRICE_COMPONENTS, 0) && q->of_which == 0)
		bl_compile_error(c, node, "Give it components or of_which.", "lines by component of a price without components");
	if (q->by_component && q->of_which == 0 && q->price != NULL && q->price->kind != BL_PRICE_COMPONENTS)
		bl_compile_error(c, node, "Let components (with their versions and seasons inside) be the whole price.",
						 "lines by component of a price with components deeper inside");
	if (q->of_which > 0 && q->price != NULL && q->price->kind == BL_PRICE_COMPONENTS)
		bl_compile_error(c, node, "A price built from components says by itself what it is made of.", "of_which on a built price");
}

/* the price by steps of kW */
static void
demand_steps(BlCompile *c, BlJson *steps, BlCharge *q)
{
	step_lists(c, steps, q, NULL);
	if (q->period_steps > 0 && !q->each_period)
		bl_compile_error(c, steps, "Write a list of steps, or let demand say \"periods\": \"each\".", "steps by period of one demand");
	for (int s = 0; s < bl_step_lists(q); s++)
		for (int i = 0; i < q->steps[s].n; i++)
			if (!q->each_period && bl_price_by_period(c, q->steps[s].step[i].price, 0))
				bl_compile_error(c, steps, "Let demand say \"periods\": \"each\".", "a price by period of one demand");
}

/* what a bound by the year counts, and what is due of it for a part of one */
static void
year_bound(BlCompile *c, BlJson *node, BlJson *what, BlCharge *q)
{
	static const char *const names[] = {"calendar", "thirty", "none", NULL};
	BlJson	   *m;
	int			choice;

	if ((m = bl_json_member(node, "proration")) != NULL)
	{
		choice = bl_compile_choice(c, m, names, "a proration of a year");
		q->proration = choice == 1 ? BL_PRORATE_THIRTY : BL_PRORATE_CALENDAR;
		q->undivided = choice == 2;
	}
	if ((m = bl_json_member(node, "counter")) != NULL)
		q->counter = bl_compile_name(c, m, "a counter");
	for (int i = 0; i < c->t->banks; i++)
		if (bl_text_equal(c->t->bank[i].name, q->counter))
			bl_compile_error(c, what, "Give it another \"counter\".", "the count \"%.*s\" has the name of a bank", q->counter.length, q->counter.text);
	if (bl_text_equal(q->counter, bl_text_of("rounding")))
		bl_compile_error(c, what, "Give it another \"counter\".", "\"rounding\" is the bank of what rounding of the total leaves");
	for (int i = 0; i < c->t->charges; i++)
		if (bl_is_year_bound(&c->t->charge[i]) && bl_text_equal(c->t->charge[i].counter, q->counter))
			bl_compile_error(c, what, "Give each its own \"counter\".", "two bounds by the year count in \"%.*s\"", q->counter.length, q->counter.text);
	q->service_term = bl_compile_term_named(c, bl_text_of("service_until"), what);
}

static const char *const kind_fields[] = {"steps", "demand", "capacity", "fixed", "percent", "power_factor", "minimum", "maximum",
	"use", "pay_out"};

static void
charge_kind(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *what[10],
			   *m;
	int			kind = -1;

	for (int i = 0; i < 10; i++)
	{
		what[i] = bl_json_member(node, kind_fields[i]);
		if (what[i] == NULL)
			continue;
		if (kind >= 0 && i != 1)
			bl_compile_error(c, what[i], "A charge measures one thing: split it in two.", "both %s and %s", kind_fields[kind], kind_fields[i]);
		kind = i;
	}
	m = bl_json_member(node, "price");
	if (m != NULL)
		q->price = bl_compile_price(c, m, q->schedule);
	if (m == NULL && (kind < 0 || (kind >= 1 && kind <= 3)) && !(kind == 1 && what[0] != NULL))
		bl_compile_error(c, node, "Add \"price\".", "charge \"%.*s\" has no price", q->code.length, q->code.text);
	if (m != NULL && (kind == 0 || (kind > 3 && kind < 9) || (kind == 1 && what[0] != NULL)))
		bl_compile_error(c, m, "Put the price into the steps, or take it away.", "a price beside %s", kind_fields[kind]);
	if (m != NULL && kind > 0 && (bl_price_has(q->price, BL_PRICE_SERIES, 0) ||
								  (!q->each_period && kind != 1 && bl_price_by_period(c, q->price, 0))))
		bl_compile_error(c, m, "Only energy, tiers and demand by period can have it.", "a price by period or series for a charge without periods");
	switch (kind)
	{
		case 0:
			tiers(c, node, what[0], q);
			break;
		case 1:
			demand(c, node, what[1], q);
			proration(c, node, q);
			if (what[0] != NULL)
				demand_steps(c, what[0], q);
			break;
		case 2:
			q->kind = BL_CHARGE_CAPACITY;
			q->unit = BL_UNIT_KVA;
			q->quantity_term = bl_compile_term(c, what[2]);
			if ((m = bl_json_member(node, "unit")) != NULL)
				q->unit = units[bl_compile_choice(c, m, unit_names, "a unit of capacity")];
			proration(c, node, q);
			break;
		case 3:
			fixed(c, node, what[3], q);
			break;
		case 4:
			q->kind = BL_CHARGE_PERCENT;
			q->unit = BL_UNIT_PERCENT;
			q->price = bl_compile_price(c, what[4], 0);
			selection(c, node, &q->of);
			if ((m = bl_json_member(node, "included")) != NULL)
				q->included = bl_compile_bool(c, m);
			if ((m = bl_json_member(node, "on")) != NULL)
			{
				static const char *const on_names[] = {"rounded", "exact", NULL};

				q->exact = bl_compile_choice(c, m, on_names, "a kind of amounts") == 1;
			}
			if (bl_price_by_period(c, q->price, 0) || bl_price_has(q->price, BL_PRICE_SERIES, 0))
				bl_compile_error(c, what[4], NULL, "a percentage by period");
			break;
		case 5:
			power_factor(c, node, what[5], q);
			break;
		case 6:
		case 7:
			q->kind = kind == 6 ? BL_CHARGE_MINIMUM : BL_CHARGE_MAXIMUM;
			q->price = bl_compile_price(c, what[kind], 0);
			q->per = BL_PER_PERIOD;
			if ((m = bl_json_member(node, "per")) != NULL)
				q->per = (BlPer) bl_compile_choice(c, m, per_names, "a span");
			if (q->per == BL_PER_SEASON)
				bl_compile_error(c, m, "Use day, month, year or period.", "a bound by that span");
			if (bl_price_by_period(c, q->price, 0) || bl_price_has(q->price, BL_PRICE_SERIES, 0))
				bl_compile_error(c, what[kind], NULL, "a bound by period");
			selection(c, node, &q->of);
			if (q->per == BL_PER_YEAR)
				year_bound(c, node, what[kind], q);
			else
				proration(c, node, q);
			break;
		case 8:
			bl_compile_use(c, what[8], q);
			selection(c, node, &q->of);
			break;
		case 9:
			bl_compile_pay_out(c, node, what[9], q);
			break;
		default:
			energy(c, node, q);
	}
}

static void
charge(BlCompile *c, BlJson *node, BlCharge *q)
{
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "a charge"))
		return;
	q->at = node;
	for (int i = 0; i <= 12; i++)
		q->own_share[i] = (BlDec) {0, -1};
	q->limit_charge = -1;
	q->limit_term = q->service_term = q->contract_term = q->floor_term = -1;
	q->discount_term = q->quantity_term = q->standard = q->standard_term = q->true_up_term = -1;
	q->rest_component = BL_NONE;
	q->rounding = c->t->rounding;
	if ((m = bl_json_member(node, "code")) == NULL)
		bl_compile_error(c, node, "Add \"code\".", "a charge without a code");
	else
		q->code = bl_compile_name(c, m, "a charge");
	for (int i = 0; i < c->t->charges; i++)
		if (bl_text_equal(c->t->charge[i].code, q->code))
			bl_compile_error(c, m, "Codes are unique in a tariff.", "code \"%.*s\" stands twice", q->code.length, q->code.text);
	if (bl_text_equal(q->code, bl_text_of("rounding")))
		bl_compile_error(c, m, "Choose another code.", "\"rounding\" is the line that rounding of the total makes");
	q->counter = q->code;
	if ((m = bl_json_member(node, "name")) != NULL)
		bl_compile_names(c, m);
	if ((m = bl_json_member(node, "notes")) != NULL)
		bl_json_see_all(m);
	if ((m = bl_json_member(node, "tags")) != NULL)
		bl_compile_tags(c, m, &q->tags);
	if ((m = bl_json_member(node, "tax_class")) != NULL)
		q->tax_class = bl_compile_name(c, m, "a tax class");
	if ((m = bl_json_member(node, "when")) != NULL)
		bl_compile_condition(c, m, &q->when);
	if ((q->has_from = (m = bl_json_member(node, "from")) != NULL))
		q->from = bl_compile_day(c, m);
	if ((q->has_until = (m = bl_json_member(node, "until")) != NULL))
		q->until = bl_compile_day(c, m);
	if ((m = bl_json_member(node, "months")) != NULL)
		q->months = bl_compile_months(c, m);
	if ((m = bl_json_member(node, "schedule")) != NULL)
	{
		BlText		name = bl_compile_name(c, m, "a schedule");

		q->schedule = bl_compile_find_schedule(c, name);
		if (q->schedule < 0)
		{
			bl_compile_error(c, m, "Declare it in schedules.", "schedule \"%.*s\" is not known", name.length, name.text);
			q->schedule = 0;
		}
	}
	if ((m = bl_json_member(node, "rounding")) != NULL)
	{
		if (bl_json_member(m, "total") != NULL)
			bl_compile_error(c, m, "Put it into the tariff's rounding.", "the total is not one charge's to round");
		if (bl_json_member(m, "quantity") != NULL)
			bl_compile_error(c, m, "Put it into the tariff's rounding.", "the quantities are rounded once for all charges");
		bl_compile_rounding(c, m, &q->rounding);
	}
	if ((m = bl_json_member(node, "channel")) != NULL)
	{
		m->seen = true;
		if (m->type != BL_JSON_STRING || !bl_channel_find(m->text, m->length, &q->channel))
			bl_compile_error(c, m, "Use import, export, generation, reactive_import, reactive_export, reactive_q1 … q4 or apparent.", "not a channel");
	}
	/* power factor and demand discount look at the whole; all else at main */
	q->part = bl_json_member(node, "power_factor") != NULL ? 1 : 0;
	if ((m = bl_json_member(node, "part")) != NULL)
		q->part = part_index(c, bl_compile_name(c, m, "a part"), m);
	/* demand by period may have prices by period */
	m = bl_json_member(node, "demand");
	q->each_period = m != NULL && bl_json_is(bl_json_member(m, "periods"), "each");
	charge_kind(c, node, q);
	bl_compile_net(c, node, q);
	if (q->unit == BL_UNIT_KWH)
		q->unit = q->channel == BL_APPARENT ? BL_UNIT_KVAH : q->channel >= BL_REACTIVE_IMPORT ? BL_UNIT_KVARH : BL_UNIT_KWH;
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
		from = part_index(c, bl_compile_name(c, of, "a part"), of);
		i = part_index(c, name, e);
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
		charge(c, e, &c->t->charge[c->t->charges]);
		c->t->charges++;
	}
}

/* every field of the language, for whoever mistypes one */
static const char *const fields[] = {
	"actual", "add", "all", "allowance", "at", "at_least", "at_most", "bank", "banks", "base", "best", "beyond", "bills", "block", "by",
	"capacity", "channel", "charges", "coarser", "code", "component", "components", "contract", "counter", "currency", "days", "default", "demand",
	"discount", "during", "event", "except", "first", "fixed", "flat", "fraction", "from", "group", "highest", "in", "included", "kwh",
	"kwh_per", "line", "lines", "maximum", "mean_of", "minimum", "minutes", "missing", "mode", "month", "months",
	"moves", "multipliers", "name", "net", "notes", "of", "of_which", "on", "one_of", "optional", "overrun", "part", "parts", "pay_out", "per", "percent",
	"periods", "places", "plus", "power_factor", "power_factor_tables", "price", "prorate", "proration", "published",
	"quantity", "ratchet", "required", "rest", "rise", "rounding", "schedule", "schedules", "season", "seasons",
	"series", "share", "sign", "sliding", "source", "split", "standard", "step", "steps", "tags", "tax_class", "term",
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
