/*
 * rate_demand.c - charges on power: what is billed of the measured peak, its memory in the carry
 *
 * The kW is measured once over the billed span (rate_peak.c); contract, floor and
 * price may differ between its pieces.
 */
#include "rate_work.h"

static BlStatus
max_of(BlDec a, BlDec *b)
{
	if (bl_dec_cmp(a, *b) > 0)
		*b = a;
	return BL_OK;
}

/* the three published readings of what is above (or below) the contract */
static BlStatus
overrun(const BlCharge *q, BlDec contract, BlDec *kw)
{
	BlDec		upper,
				lower,
				over;

	BL_TRY(bl_dec_mul(contract, bl_dec(105, 2), &upper));
	BL_TRY(bl_dec_mul(contract, bl_dec(95, 2), &lower));
	switch (q->overrun)
	{
		case BL_OVERRUN_NONE:
			return max_of(contract, kw);
		case BL_OVERRUN_CONTRACT_105:
			if (bl_dec_cmp(*kw, upper) <= 0)
			{
				*kw = contract;
				return BL_OK;
			}
			/* all up to 105 % once, the part above it twice */
			BL_TRY(bl_dec_sub(*kw, upper, &over));
			return bl_dec_add(*kw, over, kw);
		case BL_OVERRUN_CONTRACT_105_LITERAL:
			if (bl_dec_cmp(*kw, upper) <= 0)
			{
				*kw = contract;
				return BL_OK;
			}
			BL_TRY(bl_dec_sub(*kw, upper, &over));
			BL_TRY(bl_dec_add(over, over, &over));
			return bl_dec_add(contract, over, kw);
		case BL_OVERRUN_BAND_95_105:
			if (bl_dec_cmp(*kw, lower) < 0)
				*kw = lower;
			else if (bl_dec_cmp(*kw, upper) > 0)
			{
				BL_TRY(bl_dec_sub(*kw, contract, &over));
				BL_TRY(bl_dec_add(over, over, &over));
				return bl_dec_add(contract, over, kw);
			}
			return BL_OK;
	}
	return BL_CORRUPT;
}

static int32_t
month_of(int32_t day)
{
	BlDate		d = bl_date_of(day);

	return bl_day_of(d.year, d.month, 1);
}

/* a share of what the months looked back at have, the highest or the mean */
static BlStatus
ratchet_demand(const BlRate *r, const BlRatchet *ratchet, BlText name, const BlRounding *rounding, bool *found, BlDec *kw)
{
	BlDate		d = bl_date_of(r->b->from);
	int32_t		month = month_of(r->b->from);
	int32_t		since = ratchet->months > 0 ? bl_day_of(d.year, d.month - ratchet->months, 1) : bl_day_of(d.year, 1, 1);
	BlDec		sum = BL_ZERO;
	int			n = 0;

	*found = false;
	if (ratchet->during != 0 && !(ratchet->during & 1u << d.month))
		return BL_OK;
	for (int i = 0; i < r->closing.demands; i++)
	{
		const BlPastDemand *p = &r->closing.demand[i];
		BlDate		then = bl_date_of(p->first_day);

		if (!bl_text_equal(p->name, name) || p->first_day < since || p->first_day == month ||
			(ratchet->months > 0 ? p->first_day > month : then.year != d.year) ||
			(ratchet->in != 0 && !(ratchet->in & 1u << then.month)))
			continue;
		BL_TRY(bl_dec_add(sum, p->kw, &sum));
		if (n++ == 0 || bl_dec_cmp(p->kw, *kw) > 0)
			*kw = p->kw;
	}
	*found = n > 0;
	return n == 0 ? BL_OK : bl_dec_mul_ratio(ratchet->mean ? sum : *kw, ratchet->share, 1, ratchet->mean ? n : 1, rounding, kw);
}

/* the mean of the n highest months, this one among them */
static BlStatus
mean_of_months(BlRate *r, const BlCharge *q, BlText name, const BlRounding *rounding, BlDec *kw)
{
	BlDate		d = bl_date_of(r->b->from);
	int32_t		month = month_of(r->b->from);
	int32_t		since = bl_day_of(d.year, d.month - q->of_months + 1, 1);
	BlDec		value[64],
				sum = BL_ZERO;
	int			n = 1,
				used;

	value[0] = *kw;
	for (int i = 0; i < r->closing.demands && n < 64; i++)
	{
		const BlPastDemand *p = &r->closing.demand[i];

		if (bl_text_equal(p->name, name) && p->first_day >= since && p->first_day < month)
			value[n++] = p->kw;
	}
	for (used = 0; used < q->mean_of && used < n; used++)
	{
		int			best = used;

		for (int i = used + 1; i < n; i++)
			if (bl_dec_cmp(value[i], value[best]) > 0)
				best = i;
		*kw = value[best];
		value[best] = value[used];
		BL_TRY(bl_dec_add(sum, *kw, &sum));
	}
	return bl_dec_mul_ratio(sum, bl_dec(1, 0), 1, used, rounding, kw);
}

/* kW at the power factor that is required, where the actual one is lower */
static BlStatus
at_required_factor(BlRate *r, const BlCharge *q, int piece, BlDec *kw)
{
	BlRounding	fine = bl_round_places(BL_ENERGY_SCALE + 3, BL_HALF_UP);
	BlDec		factor,
				most;
	bool		none = false;

	if (q->standard_term >= 0)
	{
		BL_TRY(bl_term_decimal(r, q->standard_term, piece, &factor));
		if (factor.coefficient <= 0 || bl_dec_cmp(factor, bl_dec(1, 0)) > 0)
		{
			bl_problem(r->problem, BL_NO_TERM, "the actual power factor is not above 0 and at most 1");
			return bl_problem_hint(r->problem, "Write \"0.871\".");
		}
	}
	else
		BL_TRY(bl_measure_factor(r, q, &factor, &none));
	if (none || bl_dec_cmp(factor, q->required) >= 0)
		return BL_OK;
	if (q->has_most)
	{
		BL_TRY(bl_dec_mul(q->most, factor, &most));
		if (bl_dec_cmp(q->required, most) > 0)
			return bl_dec_mul_ratio(*kw, q->most, 1, 1, &fine, kw);
	}
	if (factor.coefficient <= 0)
	{
		bl_problem(r->problem, BL_BAD_VALUE, "a power factor of zero has no ratio");
		return bl_problem_hint(r->problem, "Let the tariff say \"at_most\".");
	}
	return bl_dec_mul_ratio(*kw, (BlDec) {q->required.coefficient, 0}, (int64_t) bl_pow10(factor.scale),
							(int64_t) factor.coefficient * (int64_t) bl_pow10(q->required.scale), &fine, kw);
}

/* notes this month's measured demand and forgets what no look-back reaches */
static BlStatus
keep_demand(BlRate *r, const BlCharge *q, BlText name, BlDec kw)
{
	BlCarry    *c = &r->closing;
	BlDate		d = bl_date_of(r->b->from);
	int32_t		month = month_of(r->b->from);
	int32_t		since = bl_day_of(d.year, d.month - q->memory + 1, 1);
	BlPastDemand *list = bl_arena_get(r->arena, sizeof *list * (size_t) (c->demands + 1));
	int			n = 0;

	if (list == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < c->demands; i++)
	{
		BlPastDemand *p = &c->demand[i];

		if (bl_text_equal(p->name, name))
		{
			if (p->first_day == month)
			{
				max_of(p->kw, &kw);
				continue;
			}
			if (p->first_day < since)
				continue;
		}
		list[n++] = *p;
	}
	list[n++] = (BlPastDemand) {name, month, bl_dec_trim(kw)};
	c->demand = list;
	c->demands = n;
	return BL_OK;
}

/* billed kW of one piece */
static BlStatus
billed_kw(BlRate *r, const BlCharge *q, BlText name, BlDec measured, int piece, BlDec *kw)
{
	BlRounding	six = bl_round_places(6, BL_HALF_UP);
	const BlRounding *rounding = q->rounding.demand.set ? &q->rounding.demand : &six;
	BlDec		share = q->own_share[r->b->day[0].month];
	BlDec		other;
	bool		found;

	*kw = measured;
	if (q->ratio_form)
		BL_TRY(at_required_factor(r, q, piece, kw));
	if (q->unit == BL_UNIT_HP)
		BL_TRY(bl_dec_div(*kw, bl_dec(7457, 4), 6, BL_HALF_UP, kw));
	if (q->rounding.demand.set || q->ratio_form)
		BL_TRY(bl_dec_round(*kw, rounding, kw));
	if (q->of_months > 0)
		BL_TRY(mean_of_months(r, q, name, rounding, kw));
	if (share.scale >= 0)
		BL_TRY(bl_dec_mul_ratio(*kw, share, 1, 1, rounding, kw));
	for (int i = 0; i < q->ratchets; i++)
	{
		BL_TRY(ratchet_demand(r, &q->ratchet[i], name, rounding, &found, &other));
		if (found)
			max_of(other, kw);
	}
	if (q->contract_term >= 0)
	{
		BL_TRY(bl_term_quantity(r, q->contract_term, piece, &other));
		BL_TRY(overrun(q, other, kw));
	}
	if (q->has_floor)
	{
		other = q->floor_share;
		if (q->floor_term >= 0)
		{
			BL_TRY(bl_term_quantity(r, q->floor_term, piece, &other));
			BL_TRY(bl_dec_mul_ratio(other, q->floor_share, 1, 1, rounding, &other));
		}
		max_of(other, kw);
	}
	*kw = bl_dec_trim(*kw);
	return BL_OK;
}

static BlStatus
demand_price(BlRate *r, const BlCharge *q, const BlPrice *from, int piece, int period, BlDec *price)
{
	bool		built = false,
				found;
	BlDec		kwh,
				need;

	BL_TRY(bl_price_at(r, from, piece, period, price, &built));
	if (q->discount_term >= 0)
	{
		BL_TRY(bl_measure_total(r, 0, &kwh, &found));
		BL_TRY(bl_term_quantity(r, q->discount_term, piece, &need));
		BL_TRY(bl_dec_mul(need, q->discount_at, &need));
		if (need.coefficient > 0 && bl_dec_cmp(kwh, need) >= 0)
		{
			BL_TRY(bl_dec_mul(*price, q->discount_times, price));
			built = true;
		}
	}
	if (built)
		BL_TRY(bl_dec_round(*price, &q->rounding.price, price));
	*price = bl_dec_trim(*price);
	return BL_OK;
}

BlStatus
bl_open_billed(BlRate *r)
{
	bool		wanted = false;

	for (int i = 0; i < r->t->charges && !wanted; i++)
		wanted = r->t->charge[i].kind == BL_CHARGE_TIERS && r->t->charge[i].limit_charge >= 0;
	if (!wanted)
		return BL_OK;
	r->billed = bl_arena_get(r->arena, sizeof *r->billed * (size_t) (r->t->charges * r->pieces));
	if (r->billed == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < r->t->charges * r->pieces; i++)
		r->billed[i] = bl_dec(-1, 0);
	return BL_OK;
}

/* a line for the kW at a price; step -1: there are none */
static BlStatus
demand_line(BlRate *r, const BlCharge *q, BlDec kw, BlDec price, int period, int step, int first, int end)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	BlWork	   *w = bl_emit(r, q);
	int64_t		num,
				den;

	if (w == NULL)
		return bl_too_many_lines(r);
	bl_set_span(r, w, first, end);
	w->line.tier = step + 1;
	if (period >= 0)
		w->line.period = r->t->schedule[q->schedule].name_index[period];
	if (s->done && s->estimated)
		w->line.flags |= BL_LINE_ESTIMATED;
	BL_TRY(bl_months(r, q, r->piece[first].first, r->piece[end - 1].end, &num, &den));
	return bl_amount(r, q, w, kw, price, num, den);
}

/* What is billed of a piece: kW, and a price, or one for each step. */
typedef struct Billed
{
	BlDec		kw;
	int			n;				/* prices */
	BlDec		price[BL_TARIFF_STEPS_MAX];
} Billed;

/* the steps that hold in a piece; NULL: there are none */
static const BlSteps *
steps_of(const BlRate *r, const BlCharge *q, int piece, int period)
{
	if (q->steps == NULL)
		return NULL;
	return &q->steps[q->season_steps > 0 ? r->piece[piece].season : q->period_steps > 0 ? period : 0];
}

static BlStatus
bill_of(BlRate *r, const BlCharge *q, BlText name, BlDec measured, int piece, int period, Billed *billed)
{
	const BlSteps *steps = steps_of(r, q, piece, period);

	BL_TRY(billed_kw(r, q, name, measured, piece, &billed->kw));
	if (period < 0)
		period = 0;
	if (steps == NULL)
	{
		billed->n = 1;
		return demand_price(r, q, q->price, piece, period, &billed->price[0]);
	}
	billed->n = steps->n;
	for (int k = 0; k < steps->n; k++)
	{
		billed->price[k] = BL_ZERO;
		if (steps->step[k].price != NULL)
			BL_TRY(demand_price(r, q, steps->step[k].price, piece, period, &billed->price[k]));
	}
	return BL_OK;
}

static bool
same_bill(const BlRate *r, const BlCharge *q, int period, int a, int b, const Billed *x, const Billed *y)
{
	if (bl_dec_cmp(x->kw, y->kw) != 0 || steps_of(r, q, a, period) != steps_of(r, q, b, period))
		return false;
	for (int k = 0; k < x->n; k++)
		if (bl_dec_cmp(x->price[k], y->price[k]) != 0)
			return false;
	return true;
}

static BlStatus
demand_lines(BlRate *r, const BlCharge *q, const Billed *billed, int period, int first, int end)
{
	const BlSteps *steps = steps_of(r, q, first, period);
	BlDec		lower = BL_ZERO;

	for (int i = first; i < end && r->billed != NULL; i++)
		max_of(billed->kw, &r->billed[(q - r->t->charge) * r->pieces + i]);
	if (steps == NULL)
		return demand_line(r, q, billed->kw, billed->price[0], period, -1, first, end);
	for (int k = 0; k < steps->n; k++)
	{
		bool		last = !steps->step[k].limited;
		BlDec		upper = billed->kw,
					kw = BL_ZERO;

		if (!last && bl_dec_cmp(steps->step[k].to, upper) < 0)
			upper = steps->step[k].to;
		if (bl_dec_cmp(upper, lower) > 0)
			BL_TRY(bl_dec_sub(upper, lower, &kw));
		if (steps->step[k].price != NULL)
			BL_TRY(demand_line(r, q, bl_dec_trim(kw), billed->price[k], period, k, first, end));
		lower = last ? upper : steps->step[k].to;
	}
	if (bl_dec_cmp(billed->kw, lower) > 0)
	{
		bl_problem(r->problem, BL_TARIFF_GAP, "the demand goes beyond the last step of charge \"%.*s\"", q->code.length, q->code.text);
		return bl_problem_hint(r->problem, "Add a step without a limit.");
	}
	return BL_OK;
}

static BlStatus
no_demand(BlRate *r, const BlCharge *q)
{
	bool		apparent = q->channel == BL_APPARENT,
				other = false;
	BlDec		kw;

	bl_problem(r->problem, BL_NO_USAGE, "the usage has no demand for charge \"%.*s\"", q->code.length, q->code.text);
	if (q->channel != BL_IMPORT && !apparent)
		return bl_problem_hint(r->problem, "Give a profile of the channel %s.", bl_channel_name[q->channel]);
	if (bl_recorded(r, q->part, (BlText) {"", 0}, !apparent, &other, &kw) == BL_OK && other)
		bl_problem_detail(r->problem, "It has a recorded demand in %s; the charge is on %s.", apparent ? "kW" : "kVA", apparent ? "kVA" : "kW");
	return bl_problem_hint(r->problem, apparent ? "Give a profile of the channel apparent, or the recorded demand in kVA." :
						   "Give an import profile, or the recorded demand.");
}

/* the lines of a charge as in the last bill, with this bill's kW */
static BlStatus
repeat_lines(BlRate *r, const BlCharge *q, const BlKept *kept, BlText name, BlDec measured)
{
	const BlScan *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	BlDec		kw;

	BL_TRY(billed_kw(r, q, name, measured, 0, &kw));
	for (int i = 0; i < kept->lines; i++)
	{
		BlWork	   *w = bl_repeat_line(r, kept, i);

		if (w == NULL)
			return bl_too_many_lines(r);
		if (s->done && s->estimated)
			w->line.flags |= BL_LINE_ESTIMATED;
		BL_TRY(bl_reckon(r, q, w, kw));
	}
	return BL_OK;
}

/* slot by slot; of what is netted, one of both channels will do */
static bool
was_metered(const BlRate *r, const BlScan *s)
{
	return bl_has_profile(r, s) || (s->net != BL_NET_NONE && s->slots.minutes != 0);
}

/* the demand of one period (-1: of the charge's periods together) */
static BlStatus
rate_demand_of(BlRate *r, const BlCharge *q, int period, bool *found_any)
{
	BlText		count = q->counter;	/* its name in the carry */
	Billed		now,
				run;
	BlDec		measured = BL_ZERO;
	const BlKept *kept = bl_kept_lines(r, q);
	bool		found = false,
				holds,
				ever = kept != NULL && kept->lines > 0;
	int			first = -1,
				line = r->works;

	for (int piece = 0; piece < r->pieces && kept == NULL && !ever; piece++)
		BL_TRY(bl_charge_holds(r, q, piece, &ever));
	if (!ever)
	{
		*found_any = true;		/* nothing is asked for */
		return BL_OK;
	}
	if (period >= 0 && q->memory > 0)
		count = bl_joined_name(r->arena, q->counter, r->t->schedule[q->schedule].period[period]);
	BL_TRY(bl_demand_kw(r, q, period, &found, &measured));
	*found_any |= found;
	if (!found && period >= 0)
		return BL_OK;			/* a period that did not occur; the caller asks whether any did */
	if (!found && (q->periods != 0 || q->weights > 0) && was_metered(r, &r->b->scan[r->b->scan_of[q - r->t->charge]]))
	{
		found = true;			/* it was metered, but its periods did not occur */
		measured = BL_ZERO;
	}
	if (!found)
		return q->optional ? BL_OK : no_demand(r, q);
	if (kept != NULL)
		return repeat_lines(r, q, kept, count, measured);
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
			BL_TRY(bill_of(r, q, count, measured, piece, period, &now));
		if (first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch ||
						   !same_bill(r, q, period, piece - 1, piece, &now, &run)))
		{
			BL_TRY(demand_lines(r, q, &run, period, first, piece));
			first = -1;
		}
		if (holds && first < 0)
		{
			first = piece;
			run = now;
		}
	}
	if (first >= 0)
		BL_TRY(demand_lines(r, q, &run, period, first, r->pieces));
	bl_keep_lines(r, q, line);
	return q->memory > 0 ? keep_demand(r, q, count, measured) : BL_OK;
}

BlStatus
bl_rate_demand(BlRate *r, const BlCharge *q)
{
	bool		found = false;

	if (!q->each_period)
		return rate_demand_of(r, q, -1, &found);
	for (int k = 0; k < r->t->schedule[q->schedule].periods; k++)
		BL_TRY(rate_demand_of(r, q, k, &found));
	return found || q->optional ? BL_OK : no_demand(r, q);
}
