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

/* the energy of a piece at place k of the prices: a period, or all that are wanted together */
static BlStatus
energy_at(const BlCharge *q, const BlScan *s, int piece, int k, BlDec *energy)
{
	const BlDec *cell = &s->cell[piece * s->periods];

	if (q->by_period || s->periods == 1)
	{
		*energy = cell[k];
		return BL_OK;
	}
	*energy = BL_ZERO;
	for (int p = 0; p < s->periods; p++)
		if (wanted(q->periods, p))
			BL_TRY(bl_dec_add(*energy, cell[p], energy));
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

/* ---- prices of a piece ---- */

/* of the components of a built price */
static BlStatus
component_prices(BlRate *r, const BlCharge *q, int piece, BlPrices *p)
{
	const BlPrice *price = q->price;

	p->parts = price->n;
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

/* ---- runs ---- */

/* A component's share of a run: what it is worth there, exactly. */
typedef struct Part
{
	BlDec		quantity;
	BlDec		sum;			/* energy * price over pieces and periods */
	BlDec		price;
	bool		any;
	bool		priced;			/* one price throughout */
} Part;

/* Neighbouring pieces in which the charge holds and no term changes. */
typedef struct Run
{
	int			first;			/* piece; -1: none */
	int			line;			/* first line */
	int			parts;
	int			component[BL_TARIFF_COMPONENTS_MAX + 1];
	Part		part[BL_TARIFF_COMPONENTS_MAX + 1];
	Part		whole;			/* what the printed prices make: of an absolute price by component */
	BlOpen	   *open;			/* [place of the prices], or [component * places] */
	BlDec	   *before;			/* printed only by component: the prices of the piece before, then of their parts */
} Run;

static BlStatus
add_part(const BlPrices *p, const BlDec *price, const BlDec *energy, Part *part)
{
	for (int k = 0; k < p->n; k++)
	{
		BlDec		one;

		if (!wanted(p->mask, k))
			continue;
		BL_TRY(bl_dec_mul(energy[k], price[k], &one));
		BL_TRY(bl_dec_add(part->sum, one, &part->sum));
		BL_TRY(bl_dec_add(part->quantity, energy[k], &part->quantity));
		if (part->any && bl_dec_cmp(part->price, price[k]) != 0)
			part->priced = false;
		part->any = true;
		part->price = price[k];
	}
	return BL_OK;
}

/* the line of a component over all the pieces of a run */
static BlStatus
part_line(BlRate *r, const BlCharge *q, const BlScan *s, const Run *run, int i, int flags, int end, BlWork **out)
{
	const Part *part = &run->part[i];
	BlWork	   *w = *out = bl_emit(r, q);
	BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

	if (w == NULL)
		return bl_too_many_lines(r);
	w->line.flags = flags | BL_LINE_MEASURED | (part->priced ? BL_LINE_PRICED : 0) | (s->estimated ? BL_LINE_ESTIMATED : 0);
	w->line.component = run->component[i];
	w->line.quantity = part->quantity;
	w->line.price = part->price;
	bl_set_span(r, w, run->first, end);
	if (r->b->keeps_exact)
		BL_TRY(bl_dec_mul_ratio(part->sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, &fine, &w->exact));
	/* what a line is made of is rounded as lines are, also where lines are rounded in groups */
	return bl_dec_mul_ratio(part->sum, bl_dec(1, 0), q->credit ? -1 : 1, 1,
							flags & BL_LINE_OF_WHICH ? &q->rounding.line : bl_line_rounding(q), &w->line.amount);
}

/*
 * The components of a run, so that they add up to the printed amount: the rest
 * of of_which, or the first component, takes the cents of rounding.
 */
static BlStatus
part_lines(BlRate *r, const BlCharge *q, const BlScan *s, const Run *run, int flags, int end, BlDec printed)
{
	int			slack = q->of_which > 0 ? run->parts - 1 : 0;
	BlDec		others = BL_ZERO;
	BlWork	   *w,
			   *rest = NULL;

	for (int i = 0; i < run->parts; i++)
	{
		BL_TRY(part_line(r, q, s, run, i, flags, end, &w));
		if (i == slack)
			rest = w;
		else
			BL_TRY(bl_dec_add(others, w->line.amount, &others));
	}
	return bl_dec_sub(printed, others, &rest->line.amount);
}

/* amounts of the lines of a run, then what they are made of */
static BlStatus
close_run(BlRate *r, const BlCharge *q, const BlScan *s, Run *run, int end)
{
	BlDec		printed = BL_ZERO;
	int			lines = r->works;

	if (run->first < 0)
		return BL_OK;
	for (int i = run->line; i < lines; i++)
	{
		BL_TRY(bl_close_line(r, q, s, &r->work[i]));
		if (run->parts > 0)
			BL_TRY(bl_dec_add(printed, r->work[i].line.amount, &printed));
	}
	if (run->parts > 0 && !q->by_component)
		BL_TRY(part_lines(r, q, s, run, BL_LINE_OF_WHICH, end, printed));
	else if (run->parts > 0 && q->of_which > 0)
	{
		BL_TRY(bl_check_spread(r, q, s, run->first, -1));
		BL_TRY(bl_check_spread(r, q, s, end, -1));
		BL_TRY(bl_dec_mul_ratio(run->whole.sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, bl_line_rounding(q), &printed));
		BL_TRY(part_lines(r, q, s, run, BL_LINE_COUNTED, end, printed));
	}
	run->first = -1;
	return BL_OK;
}

static void
open_run(BlRate *r, const BlCharge *q, const BlPrices *p, int piece, Run *run)
{
	int			places = q->by_component ? p->parts * p->n : p->n;

	run->first = piece;
	run->line = r->works;
	run->parts = p->parts;
	for (int i = 0; i < places; i++)
		run->open[i].line = -1;
	for (int i = 0; i <= p->parts; i++)
	{
		Part	   *part = i < p->parts ? &run->part[i] : &run->whole;

		*part = (Part) {.quantity = BL_ZERO, .sum = BL_ZERO, .price = BL_ZERO, .priced = true};
		if (i < p->parts)
			run->component[i] = p->component[i];
	}
}

/* lines by component: a multiplied component has one for each period, any other one for all */
static BlStatus
add_components(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, const BlDec *energy, int piece, Run *run)
{
	for (int i = 0; i < p->parts; i++)
	{
		const BlDec *price = &p->part[i * p->n];
		bool		together = !q->price->multiplied[i] && even(price, p->n, p->mask);
		BlDec		sum = BL_ZERO;
		int			last = 0;

		for (int k = 0; k < p->n; k++)
		{
			if (!wanted(p->mask, k))
				continue;
			last = k;
			BL_TRY(bl_dec_add(sum, energy[k], &sum));
			if (!together)
				BL_TRY(bl_extend_line(r, q, s, &run->open[i * p->n + k], piece, piece + 1, line_period(r, q, k), p->component[i], 0,
									  price[k], energy[k]));
		}
		if (together)
			BL_TRY(bl_extend_line(r, q, s, &run->open[i * p->n], piece, piece + 1, q->by_period ? BL_NONE : line_period(r, q, 0),
								  p->component[i], 0, price[last], sum));
	}
	return BL_OK;
}

/* an absolute price printed only by its parts has no line that would tell where a price changes */
static BlStatus
check_change(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, int piece, Run *run)
{
	bool		same = true;

	for (int i = 0; i < (p->parts + 1) * p->n; i++)
	{
		BlDec		price = i < p->n ? p->price[i] : p->part[i - p->n];

		if (piece > run->first && wanted(p->mask, i % p->n))
			same = same && bl_dec_cmp(run->before[i], price) == 0;
		run->before[i] = price;
	}
	return same ? BL_OK : bl_check_spread(r, q, s, piece, -1);
}

/* what one piece adds to its run */
static BlStatus
add_piece(BlRate *r, const BlCharge *q, const BlScan *s, const BlPrices *p, int piece, Run *run)
{
	BlDec		energy[BL_TARIFF_PERIODS_MAX];

	if (run->before != NULL)
		BL_TRY(check_change(r, q, s, p, piece, run));
	for (int k = 0; k < p->n; k++)
		BL_TRY(energy_at(q, s, piece, k, &energy[k]));
	for (int k = 0; k < p->n && !q->by_component; k++)
		if (wanted(p->mask, k))
			BL_TRY(bl_extend_line(r, q, s, &run->open[k], piece, piece + 1, line_period(r, q, k), BL_NONE, 0, p->price[k], energy[k]));
	if (p->parts == 0)
		return BL_OK;
	if (q->by_component && q->of_which == 0)
		return add_components(r, q, s, p, energy, piece, run);
	for (int i = 0; i < p->parts; i++)
		BL_TRY(add_part(p, &p->part[i * p->n], energy, &run->part[i]));
	return q->by_component ? add_part(p, p->price, energy, &run->whole) : BL_OK;
}

/* the energy of a line's pieces */
static inline BlStatus
line_energy(const BlCharge *q, const BlScan *s, const BlWork *w, BlDec *energy)
{
	if (w->cell >= 0 && w->end == w->piece + 1)
	{
		*energy = s->cell[w->piece * s->periods + w->cell];
		return BL_OK;
	}
	*energy = BL_ZERO;
	for (int piece = w->piece; piece < w->end; piece++)
	{
		const BlDec *cell = &s->cell[piece * s->periods];

		if (w->cell >= 0)
			BL_TRY(bl_dec_add(*energy, cell[w->cell], energy));
		for (int p = 0; p < s->periods && w->cell < 0; p++)
			if (wanted(q->periods, p))
				BL_TRY(bl_dec_add(*energy, cell[p], energy));
	}
	return BL_OK;
}

/* the lines of a charge as in the last bill, with this bill's energy */
static BlStatus
repeat_lines(BlRate *r, const BlCharge *q, const BlScan *s, const BlKept *kept)
{
	for (int i = 0; i < kept->lines; i++)
	{
		BlDec		energy;

		BL_TRY(line_energy(q, s, &kept->line[i], &energy));
		BL_TRY(bl_repeat_energy(r, q, s, kept, i, energy));
	}
	return BL_OK;
}

static __attribute__((noinline)) BlStatus
make_lines(BlRate *r, const BlCharge *q, const BlScan *s)
{
	BlPrices   *p = r->b->prices;
	BlOpen		few[BL_TARIFF_PERIODS_MAX];
	Run			run;
	bool		holds;

	run.first = -1;
	run.open = few;
	run.before = NULL;
	if (q->of_which > 0 || q->price->kind == BL_PRICE_COMPONENTS)
	{
		int			parts = q->of_which > 0 ? q->of_which + 1 : q->price->n;

		p->part = bl_arena_get(r->arena, sizeof *p->part * (size_t) (parts * s->periods));
		run.open = bl_arena_get(r->arena, sizeof *run.open * (size_t) (parts * s->periods));
		if (q->of_which > 0 && q->by_component)
			run.before = bl_arena_get(r->arena, sizeof *run.before * (size_t) ((parts + 1) * s->periods));
		if (p->part == NULL || run.open == NULL || (q->of_which > 0 && q->by_component && run.before == NULL))
			return BL_NO_SPACE;
	}
	for (int piece = 0; piece < r->pieces; piece++)
	{
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (run.first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch))
			BL_TRY(close_run(r, q, s, &run, piece));
		if (!holds)
			continue;
		BL_TRY(prices_of(r, q, s, piece, p));
		if (run.first < 0)
			open_run(r, q, p, piece, &run);
		BL_TRY(add_piece(r, q, s, p, piece, &run));
	}
	return close_run(r, q, s, &run, r->pieces);
}

BlStatus
bl_rate_energy(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	const BlKept *kept = bl_kept_lines(r, q);
	int			line = r->works;

	if (!s->done)
		BL_TRY(bl_measure(r, s));
	if (kept != NULL)
		return repeat_lines(r, q, s, kept);
	BL_TRY(make_lines(r, q, s));
	bl_keep_lines(r, q, line);
	return BL_OK;
}

/* ---- energy at a price series ---- */

/* the price of a slot: what the series makes of its value, * times + plus */
typedef struct Slope
{
	const BlPrice *series;		/* NULL: it is plus, whatever the slot */
	const BlPriceSeries *values;
	BlDec		times;
	BlDec		plus;
	bool		built;
} Slope;

static BlStatus
priced(const BlCharge *q, const Slope *slope, BlDec value, BlDec *price)
{
	const BlPrice *p = slope->series;

	*price = value;
	if (p->changed)
	{
		BL_TRY(bl_dec_mul(value, p->times, price));
		BL_TRY(bl_dec_add(*price, p->plus, price));
		if (p->has_floor && bl_dec_cmp(*price, p->floor) < 0)
			*price = p->floor;
		if (p->has_cap && bl_dec_cmp(*price, p->cap) > 0)
			*price = p->cap;
	}
	BL_TRY(bl_dec_mul(*price, slope->times, price));
	BL_TRY(bl_dec_add(*price, slope->plus, price));
	/* as it stands in the market it is not rounded */
	return slope->built ? bl_dec_round(*price, &q->rounding.price, price) : BL_OK;
}

static BlStatus
no_series(BlRate *r, const BlPrice *p)
{
	return bl_problem(r->problem, BL_NO_MARKET, "the market value has no series \"%.*s\"", p->name.length, p->name.text);
}

static Slope
plain_slope(const BlPrice *p, const BlPriceSeries *values)
{
	return (Slope) {p, values, bl_dec(1, 0), BL_ZERO, p->changed};
}

/* what a price is in a piece and period, its series left open */
static BlStatus
slope_of(BlRate *r, const BlPrice *p, int piece, int period, Slope *slope)
{
	const BlPrice *item;

	switch (p->kind)
	{
		case BL_PRICE_SERIES:
			*slope = plain_slope(p, bl_market_series(r->b->market, p->name));
			return slope->values != NULL ? BL_OK : no_series(r, p);
		case BL_PRICE_BY_PERIOD:
		case BL_PRICE_BY_SEASON:
		case BL_PRICE_VERSIONS:
			BL_TRY(bl_price_chosen(r, p, piece, period, &item));
			return slope_of(r, item, piece, period, slope);
		case BL_PRICE_BASE:
			BL_TRY(slope_of(r, p->item[0], piece, period, slope));
			slope->built = true;
			BL_TRY(bl_dec_mul(slope->times, p->times, &slope->times));
			BL_TRY(bl_dec_mul(slope->plus, p->times, &slope->plus));
			return bl_dec_add(slope->plus, p->plus, &slope->plus);
		default:
			*slope = (Slope) {NULL, NULL, bl_dec(1, 0), BL_ZERO, false};
			return bl_price_at(r, p, piece, period, &slope->plus, &slope->built);
	}
}

static BlStatus
series_price(BlRate *r, const BlCharge *q, const Slope *slope, int32_t at, int minutes, BlDec *price)
{
	const BlPrice *p = slope->series;
	const BlPriceSeries *series = slope->values;
	int64_t		i = bl_floor_div((int64_t) at - series->from, series->slot_minutes);
	char		text[32];

	if (i < 0 || i >= series->n || series->value[i].scale < 0)
	{
		bl_zone_text(at, r->b->zone, text);
		bl_problem(r->problem, BL_NO_MARKET, "series \"%.*s\" has no price at %s", p->name.length, p->name.text, text);
		return BL_NO_MARKET;
	}
	if ((int64_t) at + minutes > series->from + (i + 1) * series->slot_minutes)
	{
		bl_zone_text(at, r->b->zone, text);
		bl_problem(r->problem, BL_UNALIGNED, "a slot at %s reaches beyond its slot of series \"%.*s\"", text, p->name.length, p->name.text);
		return bl_problem_hint(r->problem, "Resample the profile to slots that divide those of the series.");
	}
	return priced(q, slope, series->value[i], price);
}

/* all the prices of a charge over the span, at one scale; none where one of them is missing or too long */
static BlStatus
span_prices(const BlBound *b, const BlCharge *q, const BlPriceSeries *series, BlArena *arena, BlSpanPrices *out)
{
	int64_t		first = bl_floor_div((int64_t) b->day[0].start - series->from, series->slot_minutes);
	int64_t		last = bl_floor_div((int64_t) b->day[b->days].start - 1 - series->from, series->slot_minutes);
	Slope		slope = plain_slope(q->price, series);
	BlDec		price;
	int			n = (int) (last - first + 1);

	if (first < 0 || last >= series->n)
		return BL_OK;
	out->scale = 0;
	for (int i = 0; i < n; i++)
	{
		if (series->value[first + i].scale < 0 || priced(q, &slope, series->value[first + i], &price) != BL_OK)
			return BL_OK;
		price = bl_dec_trim(price);
		out->scale = price.scale > out->scale ? price.scale : out->scale;
		if (i % 4096 == 0)
			bl_arena_poll(arena);
	}
	if (out->scale > BL_PRICE_SCALE)
		return BL_OK;
	out->price = bl_arena_room(arena, sizeof *out->price * (size_t) n);
	if (out->price == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n; i++)
	{
		BL_TRY(priced(q, &slope, series->value[first + i], &price));
		price = bl_dec_trim(price);
		price.coefficient *= bl_pow10(out->scale - price.scale);
		/* times the energy of a day, below 2^62, and in a sum of so many they stay below 2^127 */
		if (price.coefficient >= (int64_t) 1 << 40 || price.coefficient <= -((int64_t) 1 << 40))
			return BL_OK;
		out->price[i] = (int64_t) price.coefficient;
		if (i % 4096 == 0)
			bl_arena_poll(arena);
	}
	out->from = (int32_t) (series->from + first * series->slot_minutes);
	out->minutes = series->slot_minutes;
	out->n = n;
	return BL_OK;
}

BlStatus
bl_bind_series(BlBound *b, BlArena *arena)
{
	const BlTariff *t = b->tariff;

	for (int i = 0; i < t->charges; i++)
	{
		const BlPriceSeries *series;

		if (!t->charge[i].series || t->charge[i].price->kind != BL_PRICE_SERIES)
			continue;
		if (b->span_prices == NULL &&
			(b->span_prices = bl_arena_get(arena, sizeof *b->span_prices * (size_t) t->charges)) == NULL)
			return BL_NO_SPACE;
		series = bl_market_series(b->market, t->charge[i].price->name);
		if (series != NULL)
			BL_TRY(span_prices(b, &t->charge[i], series, arena, &b->span_prices[i]));
	}
	return BL_OK;
}

/* the slots [from, until) at their prices, one by one; *sum grows */
static BlStatus
sum_slots(BlRate *r, const BlCharge *q, const Slope *slope, const BlSlots *slots, int from, int until, BlDec *sum)
{
	BlInt128	energy = 0;
	BlDec		price,
				one;

	for (int i = from; i < until; i++)
	{
		if (i % 4096 == 0)
			bl_arena_poll(r->arena);
		energy += slots->value[i];
		if (slope->series == NULL)
			continue;
		BL_TRY(series_price(r, q, slope, slots->start + i * slots->minutes, slots->minutes, &price));
		BL_TRY(bl_dec_mul((BlDec) {slots->value[i], slots->scale}, price, &one));
		BL_TRY(bl_dec_add(*sum, one, sum));
	}
	if (slope->series != NULL)
		return BL_OK;
	price = slope->plus;
	if (slope->built)
		BL_TRY(bl_dec_round(price, &q->rounding.price, &price));
	BL_TRY(bl_dec_mul((BlDec) {energy, slots->scale}, price, &one));
	return bl_dec_add(*sum, one, sum);
}

/*
 * Groups of so many slots, each at its price.  Alone in its function, so that the sum stays in
 * registers.
 */
static __attribute__((noinline)) BlInt128
sum_groups(const int64_t *value, const int64_t *price, int groups, int together)
{
	BlInt128	sum = 0;

	for (int k = 0; k < groups && together == 4; k++, value += 4)
		sum += (BlInt128) (value[0] + value[1] + value[2] + value[3]) * price[k];
	for (int k = 0; k < groups && together != 4; k++, value += together)
	{
		int64_t		energy = 0;

		for (int i = 0; i < together; i++)
			energy += value[i];
		sum += (BlInt128) energy * price[k];
	}
	return sum;
}

/* the same by the prices of the span; false: it takes the careful way */
static bool
sum_spans(BlRate *r, const BlSpanPrices *p, const BlSlots *slots, int from, int until, BlDec *sum)
{
	BlInt128	all = 0;
	int			offset = slots->start - p->from;
	int			together;

	if (p->n == 0 || slots->scale > BL_SCALE_MAX - BL_PRICE_SCALE || p->minutes % slots->minutes != 0 || offset % slots->minutes != 0 ||
		!bl_slots_small(slots, from, until))
		return false;
	together = p->minutes / slots->minutes;
	offset /= slots->minutes;
	while (from < until)
	{
		int			k = (offset + from) / together;
		int			rest = (k + 1) * together - offset - from;	/* of the price's slots */
		int			groups = rest == together ? (until - from) / together : 0;

		/* a part of a price's slots, or whole ones */
		groups = groups < 1024 ? groups : 1024;
		rest = rest < until - from ? rest : until - from;
		if (groups > 0)
			all += sum_groups(slots->value + from, p->price + k, groups, together);
		else
			all += sum_groups(slots->value + from, p->price + k, 1, rest);
		from += groups > 0 ? groups * together : rest;
		bl_arena_poll(r->arena);
	}
	return bl_dec_add(*sum, bl_dec_trim((BlDec) {all, slots->scale + p->scale}), sum) == BL_OK;
}

/* the slots of a piece, of one period (-1: of all that are wanted) */
static BlStatus
sum_piece(BlRate *r, const BlCharge *q, const BlSlots *slots, int piece, int period, BlDec *sum)
{
	int			until = (r->b->day[r->piece[piece].end].start - slots->start) / slots->minutes;
	int			day = 0,
				end,
				k = 0;
	Slope		slope;

	for (int i = (r->b->day[r->piece[piece].first].start - slots->start) / slots->minutes; i < until; i = end)
	{
		end = until;
		if (q->periods != 0 || q->by_period)
		{
			end = bl_period_run(r, q->schedule, slots, i, &day, &k);
			end = end < until ? end : until;
			if (k < 0 || !wanted(q->periods, k) || (period >= 0 && k != period))
				continue;
		}
		if (q->price->kind == BL_PRICE_SERIES && sum_spans(r, &r->b->span_prices[q - r->t->charge], slots, i, end, sum))
			continue;
		BL_TRY(slope_of(r, q->price, piece, k, &slope));
		BL_TRY(sum_slots(r, q, &slope, slots, i, end, sum));
	}
	return BL_OK;
}

/* a line for the pieces [first, end), of one period (-1: of all that are wanted) */
static BlStatus
series_line(BlRate *r, const BlCharge *q, const BlScan *s, const BlSlots *slots, int first, int end, int period)
{
	BlDec		sum = BL_ZERO,
				energy = BL_ZERO,
				one;
	BlWork	   *w;

	for (int piece = first; piece < end; piece++)
	{
		if (slots != NULL)
			BL_TRY(sum_piece(r, q, slots, piece, period, &sum));
		BL_TRY(energy_at(q, s, piece, period < 0 ? 0 : period, &one));
		BL_TRY(bl_dec_add(energy, one, &energy));
	}
	if ((w = bl_emit(r, q)) == NULL)
		return bl_too_many_lines(r);
	w->line.period = line_period(r, q, period < 0 ? 0 : period);
	w->line.flags |= BL_LINE_MEASURED | (s->estimated ? BL_LINE_ESTIMATED : 0);
	w->line.quantity = energy;
	bl_set_span(r, w, first, end);
	if (r->b->keeps_exact)
	{
		BlRounding	fine = bl_round_places(BL_EXACT_SCALE, BL_HALF_UP);

		BL_TRY(bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, &fine, &w->exact));
	}
	return bl_dec_mul_ratio(sum, bl_dec(1, 0), q->credit ? -1 : 1, 1, bl_line_rounding(q), &w->line.amount);
}

BlStatus
bl_rate_series(BlRate *r, const BlCharge *q)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	int			periods = q->by_period ? r->t->schedule[q->schedule].periods : 0;
	BlSlots		slots;
	bool		holds;
	int			first = -1;

	if (q->price->kind == BL_PRICE_SERIES && bl_market_series(r->b->market, q->price->name) == NULL)
		return no_series(r, q->price);
	BL_TRY(bl_measure(r, s));
	/* a channel that is not there has no slots, and no energy */
	if (s->found)
		BL_TRY(bl_billed_slots(r, s, &slots));
	for (int piece = 0; piece <= r->pieces; piece++)
	{
		holds = false;
		if (piece < r->pieces)
			BL_TRY(bl_charge_holds(r, q, piece, &holds));
		/* a run goes on through pieces of one epoch: the series has its own prices */
		if (first >= 0 && holds && r->piece[piece].epoch == r->piece[first].epoch)
			continue;
		if (first >= 0 && periods == 0)
			BL_TRY(series_line(r, q, s, s->found ? &slots : NULL, first, piece, -1));
		for (int k = 0; first >= 0 && k < periods; k++)
			if (wanted(q->periods, k))
				BL_TRY(series_line(r, q, s, s->found ? &slots : NULL, first, piece, k));
		first = holds ? piece : -1;
	}
	return BL_OK;
}
