/*
 * tariff_demand.c - what a tariff document says about power: the statistic, ratchets, overruns, steps of kW
 */
#include "tariff_parse.h"

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
	ratchet->share = bl_compile_quantity(c, share, BL_RATIO_SCALE, "a share");
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
	if (s->period[0].length == 0)
	{
		bl_compile_refuse(c, node, "Declare periods, or take the weights away.", "weights by period where there are no periods");
		return;
	}
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
	if (q->each_period || q->periods != 0)
		bl_compile_error(c, node, "Give the periods that do not count the weight 0.", "weights beside periods");
}

/* the share of the measured demand that counts: one, or twelve from January on */
static void
own_shares(BlCompile *c, BlJson *node, BlCharge *q)
{
	int			i = 1;

	if (node->type != BL_JSON_ARRAY)
	{
		BlDec		share = bl_compile_quantity(c, node, BL_RATIO_SCALE, "a share");

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
		q->own_share[i++] = bl_compile_quantity(c, e, BL_RATIO_SCALE, "a share");
}

static void
overruns(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const overrun_names[] = {"none", "contract_105", "band_95_105", "contract_105_literal", NULL};
	BlJson	   *m;

	if ((m = bl_json_member(node, "contract")) != NULL)
		q->contract_term = bl_compile_quantity_term(c, m);
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
			q->floor_share = bl_compile_quantity(c, share, BL_RATIO_SCALE, "a share");
			q->floor_term = bl_compile_quantity_term(c, of);
		}
		else if (m->type == BL_JSON_OBJECT)
			bl_compile_error(c, m, "Write {\"share\": \"0.4\", \"of\": \"capacity_kva\"} or a number of kW.", "a floor needs share and of");
		else
			q->floor_share = bl_compile_quantity(c, m, BL_ENERGY_SCALE, "a floor");
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
		q->most = bl_compile_quantity(c, m, BL_RATIO_SCALE, "a cap");
	if ((m = bl_json_member(p, "places")) != NULL)
		q->places = bl_compile_int(c, m, 1, 4, "places");
	if ((m = bl_json_member(p, "mode")) != NULL)
		q->factor_mode = bl_compile_mode(c, m);
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

/* the price by steps of kW */
void
bl_compile_demand_steps(BlCompile *c, BlJson *steps, BlCharge *q)
{
	bl_compile_steps(c, steps, q, NULL);
	if (q->period_steps > 0 && !q->each_period)
		bl_compile_error(c, steps, "Write a list of steps, or let demand say \"periods\": \"each\".", "steps by period of one demand");
	for (int s = 0; s < bl_step_lists(q); s++)
		for (int i = 0; i < q->steps[s].n; i++)
			if (!q->each_period && bl_price_by_period(c, q->steps[s].step[i].price, 0))
				bl_compile_error(c, steps, "Let demand say \"periods\": \"each\".", "a price by period of one demand");
}

/* the mean of the highest days or months, or the sum of all days */
static void
highest(BlCompile *c, BlJson *node, BlCharge *q)
{
	static const char *const on_names[] = {"days", "months", NULL};
	static const char *const sum_names[] = {"days", NULL};
	BlJson	   *mean = bl_json_member(node, "mean_of");
	BlJson	   *sum = bl_json_member(node, "sum_of");
	BlJson	   *on = bl_json_member(node, "on");
	BlJson	   *of = bl_json_member(node, "of");

	if (sum != NULL && mean == NULL && on == NULL && of == NULL)
	{
		bl_compile_choice(c, sum, sum_names, "what is added up");
		q->sum_of_days = true;
		return;
	}
	if (mean == NULL || on == NULL || sum != NULL)
	{
		bl_compile_error(c, node, "Write {\"mean_of\": 3, \"on\": \"days\"}, or {\"sum_of\": \"days\"} alone.", "highest needs mean_of and on");
		return;
	}
	q->mean_of = bl_compile_int(c, mean, 1, 31, "mean_of");
	if (bl_compile_choice(c, on, on_names, "what the highest lie on") == 1)
	{
		if (of == NULL)
			bl_compile_error(c, node, "Add \"of\": 12, the months looked at, this one among them.", "months without of");
		else
			q->of_months = bl_compile_int(c, of, 2, 60, "months");
		q->memory = q->of_months - 1;
	}
	else if (of != NULL)
		bl_compile_error(c, of, "It goes with months.", "of beside days");
}

void
bl_compile_demand(BlCompile *c, BlJson *node, BlJson *d, BlCharge *q)
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
			q->periods = bl_compile_periods(c, m, s);
	}
	if ((m = bl_json_member(d, "highest")) != NULL && bl_compile_is(c, m, BL_JSON_OBJECT, "highest"))
		highest(c, m, q);
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
		bl_compile_joined_names(c, d, q->counter, s);
	if (q->sum_of_days && (q->ratchets > 0 || q->contract_term >= 0 || q->has_floor))
		bl_compile_error(c, d, "They are of one demand: give them a charge of their own.", "a sum of days with a ratchet, contract or floor");
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
	q->discount_term = bl_compile_quantity_term(c, m);
	q->discount_at = bl_compile_quantity(c, bl_json_member(discount, "at_least"), BL_ENERGY_SCALE, "a bound");
	q->discount_times = bl_compile_quantity(c, bl_json_member(discount, "times"), BL_RATIO_SCALE, "a factor");
}
