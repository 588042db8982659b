/*
 * rate_energy.c - charges on energy: by period, by component, at a price series
 *
 * Neighbouring pieces with equal prices are one line, except across a change
 * of terms; every amount is rounded once, from the exact product.
 */
#include "rate_work.h"

/* ---- energy ---- */

static inline bool
wanted(unsigned mask, int period)
{
	return mask == 0 || (mask & 1u << period);
}

/* of the components of a built price */
static BlStatus
component_prices(BlRate *r, const BlCharge *q, int piece, BlPrices *p)
{
	const BlPrice *price = q->price;

	p->parts = price->n;
	p->rest = false;
	for (int i = 0; i < price->n; i++)
	{
		p->component[i] = price->component[i];
		for (int k = 0; k < p->n; k++)
		{
			BlDec	   *out = &p->part[i * p->n + k];
			BlDec		factor;
			bool		built = false;

			BL_TRY(bl_price_at(r, r->t->component[price->component[i]].price, piece, k, out, &built));
			if (price->multiplied[i] && price->multiplier != NULL)
			{
				BL_TRY(bl_price_at(r, price->multiplier[k], piece, k, &factor, &built));
				BL_TRY(bl_dec_mul(*out, factor, out));
				built = true;
			}
			if (built && q->by_component)
				BL_TRY(bl_dec_round(*out, &q->rounding.price, out));
			*out = bl_dec_trim(*out);
		}
	}
	return BL_OK;
}

/* of the parts an absolute price says it is made of */
static BlStatus
of_which_prices(BlRate *r, const BlCharge *q, int piece, BlPrices *p)
{
	p->parts = q->of_which + 1;
	p->rest = true;
	for (int k = 0; k < p->n; k++)
	{
		BlDec		left = p->price[k];

		for (int i = 0; i < q->of_which; i++)
		{
			p->component[i] = q->of_which_component[i];
			BL_TRY(bl_price_rounded(r, q, q->of_which_price[i], piece, k, &p->part[i * p->n + k]));
			BL_TRY(bl_dec_sub(left, p->part[i * p->n + k], &left));
		}
		p->component[q->of_which] = q->rest_component;
		p->part[q->of_which * p->n + k] = bl_dec_trim(left);
	}
	return BL_OK;
}

/* the energy of a piece by the periods that the price tells apart, added to energy */
static BlStatus
add_energy(const BlCharge *q, const BlScan *s, int piece, BlDec *energy)
{
	for (int k = 0; k < s->periods; k++)
		if (q->by_period || wanted(q->periods, k))
			BL_TRY(bl_dec_add(energy[q->by_period ? k : 0], s->cell[piece * s->periods + k], &energy[q->by_period ? k : 0]));
	return BL_OK;
}

/* the dictionary index of what a line for place k of the prices says of its period */
static int
line_period(const BlRate *r, const BlCharge *q, int k)
{
	const BlSchedule *s = &r->t->schedule[q->schedule];

	if (q->by_period)
		return s->name_index[k];
	/* all together, or the only one that is wanted */
	if (q->periods == 0 || (q->periods & (q->periods - 1)) != 0)
		return BL_NONE;
	return s->name_index[__builtin_ctz(q->periods)];
}

static BlStatus
prices_of(BlRate *r, const BlCharge *q, const BlScan *s, int piece, BlPrices *p)
{
	p->n = q->by_period ? s->periods : 1;
	p->mask = q->by_period ? q->periods : 0;
	p->parts = 0;
	for (int k = 0; k < p->n; k++)
		if (wanted(p->mask, k))
			BL_TRY(bl_price_rounded(r, q, q->price, piece, k, &p->price[k]));
		else
			p->price[k] = BL_ZERO;
	if (q->of_which > 0)
		return of_which_prices(r, q, piece, p);
	if (q->price->kind == BL_PRICE_COMPONENTS)
		return component_prices(r, q, piece, p);
	return BL_OK;
}

static bool
same_prices(const BlPrices *a, const BlPrices *b)
{
	for (int k = 0; k < a->n; k++)
		if (bl_dec_cmp(a->price[k], b->price[k]) != 0)
			return false;
	for (int i = 0; i < a->parts * a->n; i++)
		if (bl_dec_cmp(a->part[i], b->part[i]) != 0)
			return false;
	return true;
}

/* is the price of a component the same in all periods? */
static bool
even(const BlDec *price, int n, unsigned mask)
{
	int			first = -1;

	for (int k = 0; k < n; k++)
	{
		if (!wanted(mask, k))
			continue;
		if (first >= 0 && bl_dec_cmp(price[k], price[first]) != 0)
			return false;
		if (first < 0)
			first = k;
	}
	return true;
}

/* sum of energy * price over periods, rounded once */
static BlStatus
sum_product(const BlCharge *q, const BlPrices *p, const BlDec *energy, const BlDec *price, const BlRounding *rounding, BlDec *amount)
{
	BlDec		sum = BL_ZERO,
				one;

	for (int k = 0; k < p->n; k++)
	{
		if (!wanted(p->mask, k))
			continue;
		BL_TRY(bl_dec_mul(energy[k], price[k], &one));
		BL_TRY(bl_dec_add(sum, one, &sum));
	}
	return bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, rounding, amount);
}

static BlStatus
sum_energy(const BlPrices *p, const BlDec *energy, BlDec *sum)
{
	*sum = BL_ZERO;
	for (int k = 0; k < p->n; k++)
		if (wanted(p->mask, k))
			BL_TRY(bl_dec_add(*sum, energy[k], sum));
	return BL_OK;
}

/* one component over all periods of a run */
static BlStatus
component_line(BlRate *r, const BlCharge *q, const BlPrices *p, const BlDec *energy, int i, int flags, BlWork **out)
{
	const BlRounding *rounding = q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;
	const BlDec *price = &p->part[i * p->n];
	BlWork	   *w = *out = bl_emit(r, q);
	BlDec		sum;

	if (w == NULL)
		return bl_too_many_lines(r);
	w->line.flags = flags | BL_LINE_MEASURED;
	w->line.component = p->component[i];
	BL_TRY(sum_energy(p, energy, &sum));
	w->line.quantity = sum;
	if (even(price, p->n, p->mask))
	{
		w->line.flags |= BL_LINE_PRICED;
		for (int k = p->n - 1; k >= 0; k--)
			if (wanted(p->mask, k))
				w->line.price = price[k];
	}
	if (r->b->keeps_exact)
	{
		BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

		BL_TRY(sum_product(q, p, energy, price, &fine, &w->exact));
	}
	return sum_product(q, p, energy, price, rounding, &w->line.amount);
}

/*
 * The components of a run that was printed by period: lines that do not count.
 * The rest (of of_which), or the first component, takes the cents of rounding,
 * so that the parts add up to the printed lines.
 */
static BlStatus
of_which_lines(BlRate *r, const BlCharge *q, const BlPrices *p, const BlDec *energy, int first, int end, BlDec printed)
{
	int			slack = p->rest ? p->parts - 1 : 0;
	int			parent = r->works - 1;
	BlDec		others = BL_ZERO;
	BlWork	   *w,
			   *rest = NULL;

	for (int i = 0; i < p->parts; i++)
	{
		BL_TRY(component_line(r, q, p, energy, i, BL_LINE_OF_WHICH, &w));
		bl_set_span(r, w, first, end);
		if (i == slack)
			rest = w;
		else
			BL_TRY(bl_dec_add(others, w->line.amount, &others));
	}
	r->work[parent].parts = p->parts;
	return bl_dec_sub(printed, others, &rest->line.amount);
}

/* lines by component: a multiplied component has one for each period, any other one for all */
static BlStatus
by_component(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, const BlDec *energy, int first, int end)
{
	BlDec		whole = BL_ZERO,
				others = BL_ZERO;

	if (p->rest)
		BL_TRY(sum_product(q, p, energy, p->price, q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL, &whole));
	for (int i = 0; i < p->parts; i++)
	{
		BlWork	   *w;

		if (!p->rest && (q->price->multiplied[i] || !even(&p->part[i * p->n], p->n, p->mask)))
		{
			for (int k = 0; k < p->n; k++)
			{
				if (!wanted(p->mask, k))
					continue;
				if ((w = bl_emit(r, q)) == NULL)
					return bl_too_many_lines(r);
				w->line.component = p->component[i];
				w->line.period = line_period(r, q, k);
				bl_set_span(r, w, first, end);
				if (s->estimated)
					w->line.flags |= BL_LINE_ESTIMATED;
				BL_TRY(bl_amount(r, q, w, energy[k], p->part[i * p->n + k], 1, 1));
			}
			continue;
		}
		BL_TRY(component_line(r, q, p, energy, i, BL_LINE_COUNTED, &w));
		bl_set_span(r, w, first, end);
		if (s->estimated)
			w->line.flags |= BL_LINE_ESTIMATED;
		if (p->rest && i == p->parts - 1)
			return bl_dec_sub(whole, others, &w->line.amount);
		BL_TRY(bl_dec_add(others, w->line.amount, &others));
	}
	return BL_OK;
}

/* the lines of a run of pieces with one price */
static BlStatus
energy_lines(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, const BlDec *energy, int first, int end)
{
	BlDec		printed = BL_ZERO;

	BL_TRY(bl_check_spread(r, q, s, end));
	if (q->by_component)
		return by_component(r, q, s, p, energy, first, end);
	for (int k = 0; k < p->n; k++)
	{
		BlWork	   *w;

		if (!wanted(p->mask, k))
			continue;
		if ((w = bl_emit(r, q)) == NULL)
			return bl_too_many_lines(r);
		w->line.period = line_period(r, q, k);
		bl_set_span(r, w, first, end);
		if (s->estimated)
			w->line.flags |= BL_LINE_ESTIMATED;
		BL_TRY(bl_amount(r, q, w, energy[k], p->price[k], 1, 1));
		if (p->parts > 0)
			BL_TRY(bl_dec_add(printed, w->line.amount, &printed));
	}
	return p->parts > 0 ? of_which_lines(r, q, p, energy, first, end, printed) : BL_OK;
}

BlStatus
bl_rate_energy(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	BlDec		energy[BL_TARIFF_PERIODS_MAX];
	BlPrices   *now = r->b->prices[0],
			   *run = r->b->prices[1];
	int			first = -1;
	bool		holds;

	BL_TRY(bl_measure(r, s));
	if (q->of_which > 0 || q->price->kind == BL_PRICE_COMPONENTS)
		for (int i = 0; i < 2; i++)
		{
			int			parts = q->of_which > 0 ? q->of_which + 1 : q->price->n;

			r->b->prices[i]->part = bl_arena_get(r->arena, sizeof(BlDec) * (size_t) (parts * s->periods));
			if (r->b->prices[i]->part == NULL)
				return BL_NO_SPACE;
		}
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (holds)
			BL_TRY(prices_of(r, q, s, piece, now));
		if (first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch || !same_prices(now, run)))
		{
			BL_TRY(energy_lines(r, q, s, run, energy, first, piece));
			first = -1;
		}
		if (!holds)
		{
			if (piece > 0 && s->spread[piece - 1])
				BL_TRY(bl_check_spread(r, q, s, piece));
			continue;
		}
		if (first < 0)
		{
			BlPrices   *swap = run;

			first = piece;
			run = now;
			now = swap;
			/* the piece before held another price or none */
			if (piece > 0)
				BL_TRY(bl_check_spread(r, q, s, piece));
			for (int k = 0; k < run->n; k++)
				energy[k] = BL_ZERO;
		}
		BL_TRY(add_energy(q, s, piece, energy));
	}
	return first >= 0 ? energy_lines(r, q, s, run, energy, first, r->pieces) : BL_OK;
}

/* ---- energy at a price series ---- */

static BlStatus
series_price(BlRate *r, const BlCharge *q, const BlPriceSeries *series, int32_t at, int minutes, BlDec *price)
{
	const BlPrice *p = q->price;
	int64_t		i = bl_floor_div((int64_t) at - series->from, series->slot_minutes);
	char		text[24];

	bl_moment_text(at, text);
	if (i < 0 || i >= series->n || series->value[i].scale < 0)
	{
		bl_problem(r->problem, BL_NO_MARKET, "series \"%.*s\" has no price at %s", p->name.length, p->name.text, text);
		return BL_NO_MARKET;
	}
	if ((int64_t) at + minutes > series->from + (i + 1) * series->slot_minutes)
	{
		bl_problem(r->problem, BL_UNALIGNED, "a slot at %s reaches beyond its slot of series \"%.*s\"", text, p->name.length, p->name.text);
		return bl_problem_hint(r->problem, "Resample the profile to slots that divide those of the series.");
	}
	BL_TRY(bl_dec_mul(series->value[i], p->times, price));
	BL_TRY(bl_dec_add(*price, p->plus, price));
	if (p->has_floor && bl_dec_cmp(*price, p->floor) < 0)
		*price = p->floor;
	if (p->has_cap && bl_dec_cmp(*price, p->cap) > 0)
		*price = p->cap;
	return bl_dec_round(*price, &q->rounding.price, price);
}

BlStatus
bl_rate_series(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	const BlPriceSeries *series = bl_market_series(r->b->market, q->price->name);
	const BlRounding *rounding = q->rounding.line.set && !q->rounding.group.set ? &q->rounding.line : NULL;
	BlSlots		slots;
	bool		holds;
	int			first = -1;

	if (series == NULL)
	{
		bl_problem(r->problem, BL_NO_MARKET, "the market value has no series \"%.*s\"", q->price->name.length, q->price->name.text);
		return BL_NO_MARKET;
	}
	BL_TRY(bl_measure(r, s));
	BL_TRY(bl_slots_of(r, s, &slots));
	for (int piece = 0; piece <= r->pieces; piece++)
	{
		BlDec		sum = BL_ZERO,
					energy = BL_ZERO;
		BlWork	   *w;
		int			from,
					until;

		holds = false;
		if (piece < r->pieces)
			BL_TRY(bl_charge_holds(r, q, piece, &holds));
		/* a run goes on through pieces of one epoch: the series has its own prices */
		if (first >= 0 && holds && r->piece[piece].epoch == r->piece[first].epoch)
			continue;
		if (first >= 0)
		{
			from = (r->b->day[r->piece[first].first].start - slots.start) / slots.minutes;
			until = (r->b->day[r->piece[piece - 1].end].start - slots.start) / slots.minutes;
			for (int i = from; i < until; i++)
			{
				int32_t		at = slots.start + i * slots.minutes;
				BlDec		price,
							one;

				if (q->periods != 0)
				{
					int			k = bl_slot_period(r, q->schedule, at, slots.minutes);

					if (k < 0 || !wanted(q->periods, k))
						continue;
				}
				BL_TRY(series_price(r, q, series, at, slots.minutes, &price));
				BL_TRY(bl_dec_mul((BlDec) {slots.value[i], slots.scale}, price, &one));
				BL_TRY(bl_dec_add(sum, one, &sum));
			}
			for (int j = first; j < piece; j++)
				BL_TRY(add_energy(q, s, j, &energy));
			if ((w = bl_emit(r, q)) == NULL)
				return bl_too_many_lines(r);
			w->line.period = line_period(r, q, 0);
			w->line.flags |= BL_LINE_MEASURED | (s->estimated ? BL_LINE_ESTIMATED : 0);
			w->line.quantity = energy;
			bl_set_span(r, w, first, piece);
			if (r->b->keeps_exact)
			{
				BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

				BL_TRY(bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, &fine, &w->exact));
			}
			BL_TRY(bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, rounding, &w->line.amount));
			first = -1;
		}
		if (holds)
			first = piece;
	}
	return BL_OK;
}
