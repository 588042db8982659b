/*
 * tariff_steps.c - what a tariff document says in steps: limits, allowances, packages, tiers
 */
#include "tariff_parse.h"

static const char *const limit_names[] = {
	"kWh", "kWh/kVA", "kWh/kW", "kWh/day", "kWh/kVA/day", "kWh/kW/day", "kvarh/kWh", NULL
};

/* reactive energy above a share of the active energy of the same part, within the bill */
static void
share_of_energy(BlCompile *c, const BlJson *node, const BlCharge *q)
{
	if (q->channel < BL_REACTIVE_IMPORT || q->channel > BL_REACTIVE_Q4)
		bl_compile_error(c, node, "Add \"channel\": \"reactive_import\", or another reactive one.", "limits in kvarh/kWh of energy that is not reactive");
	if (q->per != BL_PER_PERIOD && (q->per != BL_PER_MONTH || q->month != BL_MONTH_PERIOD))
		bl_compile_error(c, node, "Use per period, or per month without \"month\".", "limits in kvarh/kWh beyond one bill");
}

/* what a limit is in: its own unit, else the charge's */
static void
limit_unit(BlCompile *c, BlJson *node, const BlCharge *q, BlStep *step)
{
	int			unit = bl_compile_choice(c, node, limit_names, "a unit of limits");

	step->of_energy = unit == 6;
	step->multiplied = unit % 3 != 0 || step->of_energy;
	step->daily = unit >= 3 && !step->of_energy;
	if (step->of_energy)
		share_of_energy(c, node, q);
	else if (step->multiplied && q->limit_term < 0 && q->limit_charge < 0)
		bl_compile_error(c, node, "Add \"of\" to the charge: a term, or an earlier demand charge, that multiplies the limits.",
						 "limits per kVA or kW need a term or a demand charge");
	if (step->daily && q->per != BL_PER_MONTH && q->per != BL_PER_PERIOD)
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
		limit_unit(c, m, q, step);
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
											  below->of_energy == step->of_energy && below->daily == step->daily && bl_dec_cmp(step->to, below->to) <= 0))
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
		bl_compile_refuse(c, list, "At most 64.", "too many allowances");
		return;
	}
	q->allowance = bl_compile_get(c, sizeof *q->allowance * (size_t) (list->count + 1));
	for (BlJson *e = list->first; e && !c->stop; e = e->next)
	{
		BlAllowance *a = &q->allowance[q->allowances++];
		BlJson	   *kwh = bl_json_member(e, "kwh");
		BlJson	   *m;

		a->per = BL_PER_MONTH;
		a->since_term = a->until_term = -1;
		if (!bl_compile_is(c, e, BL_JSON_OBJECT, "an allowance"))
			continue;
		if (kwh == NULL)
			bl_compile_error(c, e, "Add \"kwh\".", "an allowance without kwh");
		else
			a->kwh = bl_compile_quantity(c, kwh, BL_ENERGY_SCALE, "an allowance");
		if ((m = bl_json_member(e, "when")) != NULL)
			bl_compile_condition(c, m, &a->when);
		if ((m = bl_json_member(e, "per")) != NULL)
		{
			a->per = bl_compile_per(c, m);
			if (a->per != BL_PER_MONTH && (a->per != BL_PER_YEAR || q->per != BL_PER_YEAR))
				bl_compile_error(c, m, NULL, "an allowance is per month, or of yearly tiers per year");
		}
		if ((m = bl_json_member(e, "to")) != NULL)
		{
			static const char *const to_names[] = {"each", "first", NULL};

			a->first_only = bl_compile_choice(c, m, to_names, "what an allowance raises") == 1;
		}
		if ((m = bl_json_member(e, "since")) != NULL)
			a->since_term = bl_compile_term(c, m);
		if (m == NULL && (m = bl_json_member(e, "until")) != NULL)
			bl_compile_error(c, m, "Add \"since\".", "an allowance that ends, but does not begin");
		else if ((m = bl_json_member(e, "until")) != NULL)
			a->until_term = bl_compile_term(c, m);
		if (a->since_term >= 0 && (q->per != BL_PER_YEAR || a->per != BL_PER_MONTH))
			bl_compile_error(c, e, "Let \"when\" say when it holds.", "months of an allowance that no year adds up");
	}
}

/* "counter/period" must fit where names are kept */
void
bl_compile_joined_names(BlCompile *c, const BlJson *at, BlText name, const BlSchedule *s)
{
	for (int i = 0; i < s->periods; i++)
		if (name.length + 1 + s->period[i].length > BL_NAME_MAX)
		{
			bl_compile_error(c, at, "Shorten one of them.", "the counter's and the period's name are too long together");
			return;
		}
}

/* a list of steps, or one for each season, or for each period */
void
bl_compile_steps(BlCompile *c, BlJson *steps, BlCharge *q, const BlStep *defaults)
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
	if (q->limit_charge >= 0)
		return;
	q->limit_term = bl_compile_quantity_term(c, of);
	/* a term that the tariff declares may have the name of a charge; one that it does not is a demand that comes too late */
	for (int i = 0; i < c->declared_terms; i++)
		if (i == q->limit_term)
			return;
	for (BlJson *later = q->at->next; later; later = later->next)
	{
		BlJson	   *code = bl_json_member(later, "code");

		if (code != NULL && bl_json_member(later, "demand") != NULL && code->type == BL_JSON_STRING &&
			bl_text_equal((BlText) {code->text, (int) code->length}, name))
			bl_compile_error(c, of, "Put that charge before this one.", "charge \"%.*s\", which limits go by, comes later",
							 name.length, name.text);
	}
}

void
bl_compile_tiers(BlCompile *c, BlJson *node, BlJson *steps, BlCharge *q)
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
		q->per = bl_compile_per(c, m);
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
		limit_unit(c, m, q, &defaults);
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
		bl_compile_joined_names(c, node, q->counter, &c->t->schedule[q->schedule]);
	if ((m = bl_json_member(node, "beyond")) != NULL)
	{
		static const char *const beyond_names[] = {"last", NULL};

		bl_compile_choice(c, m, beyond_names, "what lies beyond the last step");
		q->beyond_last = true;
	}
	if ((m = bl_json_member(node, "sign")) != NULL)
		q->credit = bl_compile_credit(c, m);
	bl_compile_steps(c, steps, q, &defaults);
	if (q->season_steps > 0 && q->per == BL_PER_YEAR)
		bl_compile_error(c, steps, "Use per month, season or period.", "steps by season cannot count by the year");
	for (int s = 0; s < bl_step_lists(q); s++)
		for (int i = 0; i < q->steps[s].n; i++)
		{
			const BlStep *step = &q->steps[s].step[i];

			q->step_by_period = q->step_by_period || bl_price_by_period(c, step->price, 0);
			q->all = q->all || step->all;
			q->limit_energy = q->limit_energy || (step->limited && step->of_energy);
			q->blocks = q->blocks || step->block.coefficient > 0;
		}
	if (q->limit_energy && q->season_steps > 0)
		bl_compile_error(c, steps, "Write one list of steps.", "limits in kvarh/kWh by season");
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
