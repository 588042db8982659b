/*
 * rate_tiers.c - tiers and the counts they go by
 *
 * Time runs on: a count goes through the pieces of the span in order, from
 * the opening carry into the closing one, and each piece is divided at the
 * limits in force there.  Within a window (tier year, season, calendar month,
 * or the billed span) the count rises; the next window begins at zero.
 * rate_count.c keeps the counts, rate_ladder.c the limits.
 */
#include "rate_tiers.h"

/* "name/period": what a period has of its own in the carry; the only one, without a name, has that of the charge */
BlText
bl_joined_name(BlArena *arena, BlText name, BlText period)
{
	char	   *text;

	if (period.length == 0)
		return name;
	text = bl_arena_get(arena, (size_t) (name.length + period.length + 1));
	if (text == NULL)
		return name;
	memcpy(text, name.text, (size_t) name.length);
	text[name.length] = '/';
	memcpy(text + name.length + 1, period.text, (size_t) period.length);
	return (BlText) {text, name.length + 1 + period.length};
}

BlStatus
bl_rate_tiers_prepare(BlRate *r)
{
	int			n = 0;

	BL_TRY(bl_open_billed(r));
	for (int i = 0; i < r->t->charges; i++)
		if (r->t->charge[i].kind == BL_CHARGE_TIERS)
			n += bl_counts_by_period(&r->t->charge[i]) ? r->t->schedule[r->t->charge[i].schedule].periods : 1;
	if (n == 0)
		return BL_OK;
	r->count = bl_arena_get(r->arena, sizeof *r->count * (size_t) n);
	if (r->count == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < r->t->charges; i++)
	{
		const BlCharge *q = &r->t->charge[i];
		BlStatus	status;
		BlTiers		tiers;
		bool		takes_part;

		if (q->kind != BL_CHARGE_TIERS)
			continue;
		BL_TRY(bl_takes_part(r, q, &takes_part));
		if (!takes_part)
			continue;
		bl_tiers_of(r, q, &tiers);
		status = bl_measure(r, tiers.scan);
		for (int k = bl_counts_by_period(q) ? 0 : -1; status == BL_OK && k < (bl_counts_by_period(q) ? tiers.scan->periods : 0); k++)
			status = bl_prepare_count(r, q, tiers.scan, k);
		if (status != BL_OK)
			return bl_rate_problem(r, status, q);
	}
	return BL_OK;
}

/* each step's energy over the periods, by what the periods have left */
static BlStatus
over_periods(const BlRate *r, const BlScan *s, int piece, int end, const BlDec *tier, int steps, BlDec *out)
{
	BlDec		left[BL_TARIFF_PERIODS_MAX],
				share[BL_TARIFF_PERIODS_MAX];
	BlInt128	weight[BL_TARIFF_PERIODS_MAX];

	for (int p = 0; p < s->periods; p++)
		BL_TRY(bl_stretch_energy(r, s, piece, end, p, &left[p]));
	for (int k = 0; k < steps; k++)
	{
		int			scale = 0;
		BlInt128	sum = 0;

		for (int p = 0; p < s->periods; p++)
			scale = left[p].scale > scale ? left[p].scale : scale;
		for (int p = 0; p < s->periods; p++)
		{
			weight[p] = left[p].coefficient;
			for (int i = left[p].scale; i < scale; i++)
				if (__builtin_mul_overflow(weight[p], (BlInt128) 10, &weight[p]))
					return BL_OVERFLOW;
			sum += weight[p];
			share[p] = left[p];
			/* whole steps took a hair more than there was, of energy that is finer than they are */
			weight[p] = weight[p] < 0 ? 0 : weight[p];
		}
		if (sum == 0 || tier[k].coefficient == 0)
		{
			for (int p = 0; p < s->periods; p++)
				out[k * s->periods + p] = BL_ZERO;
			continue;
		}
		/* what is left is taken as it is */
		if (bl_dec_cmp(tier[k], (BlDec) {sum, scale}) != 0)
			BL_TRY(bl_split(tier[k], bl_quantity_step(r), weight, s->periods, share));
		for (int p = 0; p < s->periods; p++)
		{
			out[k * s->periods + p] = share[p];
			BL_TRY(bl_dec_sub(left[p], share[p], &left[p]));
		}
	}
	return BL_OK;
}

/* what slots count together; none may be negative */
static BlStatus
sum_of_slots(const BlSlots *slots, int from, int until, BlInt128 *sum)
{
	uint64_t	seen = 0,
				low = 0;

	/* several days may be one run */
	if (slots->small && until - from <= BL_MINUTES_PER_DAY)
	{
		for (int i = from; i < until; i++)
			low += (uint64_t) slots->value[i];
		*sum = low;
		return BL_OK;
	}
	*sum = 0;
	for (int i = from; i < until; i++)
	{
		seen |= (uint64_t) slots->value[i];
		*sum += slots->value[i];
	}
	return seen >> 63 ? BL_BAD_VALUE : BL_OK;
}

/* slot after slot, in the order of time */
static BlStatus
chronological(BlRate *r, const BlTiers *tiers, const BlLadder *l, int piece, int end, BlInt128 at, BlDec energy, BlDec *out)
{
	const BlScan *s = tiers->scan;
	int			n = l->steps->n;
	BlInt128	weight[1024],
				part[BL_TARIFF_STEPS_MAX + 1],
				unit;
	BlSlots		slots;
	int			from,
				until;

	if ((n + 1) * s->periods > 1024)
		return BL_LIMIT;
	memset(weight, 0, sizeof *weight * (size_t) ((n + 1) * s->periods));
	if (!s->found)				/* a channel that is not there has no slots, and no energy */
		return bl_divide_tiers(r, l, energy, weight, (n + 1) * s->periods, out);
	BL_TRY(bl_billed_slots(r, tiers->scan, &slots));
	from = (r->b->day[r->piece[piece].first].start - slots.start) / slots.minutes;
	until = (r->b->day[r->piece[end - 1].end].start - slots.start) / slots.minutes;
	if (slots.scale > l->scale)
		return BL_CORRUPT;		/* the ladder was made for them */
	BL_TRY(bl_on_ladder(l, (BlDec) {1, slots.scale}, l->den, &unit));
	/* neighbours of one period climb together: the parts of what they climb add up */
	for (int i = from, day = 0, step = n, next_run; i < until; i = next_run)
	{
		BlInt128	value,
					next;
		int			p = 0;

		next_run = s->periods == 1 ? until : bl_period_run(r, tiers->q->schedule, &slots, i, &day, &p);
		next_run = next_run < until ? next_run : until;
		bl_arena_poll(r->arena);
		if (p < 0)
			return BL_CORRUPT;	/* measuring refused it */
		BL_TRY(sum_of_slots(&slots, i, next_run, &value));
		if (__builtin_mul_overflow(value, unit, &value) || __builtin_add_overflow(at, value, &next))
			return BL_OVERFLOW;
		/* mostly it stays in its step */
		if (step < n && (!l->steps->step[step].limited || next <= l->limit[step]))
		{
			weight[step * s->periods + p] += value;
			at = next;
			continue;
		}
		BL_TRY(bl_climb(r, tiers, l, at, next, part));
		at = next;
		for (int k = 0; k <= n; k++)
			weight[k * s->periods + p] += part[k];
		for (step = 0; step < n && l->steps->step[step].limited && at > l->limit[step];)
			step++;
	}
	return bl_divide_tiers(r, l, energy, weight, (n + 1) * s->periods, out);
}

/* ---- runs and lines ---- */

/* Neighbouring pieces in which the charge holds and no term changes: a line for each step and period while its price stays. */
typedef struct Run
{
	int			first;			/* piece; -1: none */
	int			line;			/* first line */
	int			places;			/* 1, or the periods of the schedule where prices differ by period */
	BlOpen	   *open;			/* [step * places + place] */
	BlDec	   *quantity;		/* of one stretch of pieces, as open */
} Run;

typedef struct Flat
{
	int			step;
	int			piece;
	BlDec		price;
} Flat;

/* the amounts of the lines of a run, which ends before a piece */
static BlStatus
close_run(BlRate *r, const BlTiers *tiers, Run *run, int end)
{
	/* what is counted must be known, also where it makes no line */
	if (run->first >= 0)
	{
		BL_TRY(bl_check_spread(r, tiers->q, tiers->scan, run->first, -1));
		BL_TRY(bl_check_spread(r, tiers->q, tiers->scan, end, -1));
	}
	for (int i = run->line; run->first >= 0 && i < r->works; i++)
		BL_TRY(bl_close_line(r, tiers->q, tiers->scan, &r->work[i]));
	run->first = -1;
	return BL_OK;
}

/* step k of a period, NULL where it has fewer */
static const BlStep *
step_of(const BlTiers *tiers, const BlSteps *steps, int period, int k)
{
	if (tiers->q->kind == BL_CHARGE_TIERS && tiers->q->period_steps > 0)
		steps = &tiers->steps[period];
	return k < steps->n ? &steps->step[k] : NULL;
}

static int
most_steps(const BlTiers *tiers, const BlSteps *steps)
{
	int			most = steps->n;

	for (int i = 0; tiers->q->kind == BL_CHARGE_TIERS && i < tiers->q->period_steps; i++)
		most = tiers->steps[i].n > most ? tiers->steps[i].n : most;
	return most;
}

/* the quantities of the pieces [piece, end) into the lines */
static BlStatus
add_stretch(BlRate *r, const BlTiers *tiers, const BlSteps *steps, int piece, int end, Run *run)
{
	const BlCharge *q = tiers->q;

	for (int k = 0; k < most_steps(tiers, steps); k++)
		for (int p = 0; p < run->places; p++)
		{
			const BlStep *step = step_of(tiers, steps, p, k);
			BlOpen	   *open = &run->open[k * run->places + p];
			BlDec		price;

			if (step == NULL || step->price == NULL || (q->periods != 0 && run->places > 1 && !(q->periods & 1u << p)))
				continue;
			BL_TRY(bl_price_rounded(r, q, step->price, piece, p, &price));
			BL_TRY(bl_extend_line(r, q, tiers->scan, open, piece, end,
								  run->places > 1 ? r->t->schedule[q->schedule].name_index[p] : BL_NONE, BL_NONE, k + 1,
								  price, run->quantity[k * run->places + p]));
			if (step->block.coefficient > 0)
				r->work[open->line].line.unit = BL_UNIT_COUNT_OF;
		}
	return BL_OK;
}

static BlStatus
flat_line(BlRate *r, const BlCharge *q, const Flat *flat)
{
	BlWork	   *w = bl_emit(r, q);

	if (w == NULL)
		return bl_too_many_lines(r);
	w->line.tier = flat->step + 1;
	w->line.unit = BL_UNIT_COUNT_OF;
	w->piece = flat->piece;
	w->epoch = r->piece[flat->piece].epoch;
	return bl_amount(r, q, w, bl_dec(1, 0), flat->price, 1, 1);
}

/* flats that a piece of a count makes due */
static BlStatus
flats_due(BlRate *r, const BlTiers *tiers, const BlCount *c, const BlLadder *l, int piece, BlInt128 from, BlInt128 to,
		  bool first_of_window, bool last_of_window, Flat *flats, int *n)
{
	const BlCharge *q = tiers->q;
	BlInt128	lower = 0;
	int			step;

	if (flats == NULL)
		return BL_OK;
	if (q->volume)
	{
		if (!last_of_window)
			return BL_OK;
		BL_TRY(bl_ladder_reached(r, tiers, l, to, &step));
		if (l->steps->step[step].has_flat && *n < BL_RATE_PIECES_MAX)
		{
			flats[*n] = (Flat) {step, piece, BL_ZERO};
			BL_TRY(bl_price_rounded(r, q, l->steps->step[step].flat, piece, 0, &flats[(*n)++].price));
		}
		return BL_OK;
	}
	for (int k = 0; k < l->steps->n; k++)
	{
		bool		due = from <= lower && lower < to;

		if (k == 0)
			due = c->carried ? from == 0 && to > 0 : first_of_window;
		if (due && l->steps->step[k].has_flat && *n < BL_RATE_PIECES_MAX)
		{
			flats[*n] = (Flat) {k, piece, BL_ZERO};
			BL_TRY(bl_price_rounded(r, q, l->steps->step[k].flat, piece, 0, &flats[(*n)++].price));
		}
		if (!l->steps->step[k].limited)
			break;
		lower = l->limit[k];
	}
	return BL_OK;
}

/* each period by steps of its own: they go by the whole count, and the period's energy takes their shares */
static BlStatus
share_periods(BlRate *r, const BlTiers *tiers, const BlCount *c, int piece, int last, Run *run)
{
	const BlScan *s = tiers->scan;
	BlDec		at,
				energy,
				own,
				tier[BL_TARIFF_STEPS_MAX + 1];
	BlInt128	part[BL_TARIFF_STEPS_MAX + 1],
				from,
				to;
	BlLadder	l;

	BL_TRY(bl_count_at(r, tiers, c, piece, false, &at));
	BL_TRY(bl_stretch_energy(r, s, piece, last, -1, &energy));
	for (int p = 0; p < s->periods; p++)
	{
		int			n;

		if (tiers->steps[p].n == 0)
			continue;
		BL_TRY(bl_stretch_energy(r, s, piece, last, p, &own));
		BL_TRY(bl_make_ladder(r, tiers, piece, at.scale > energy.scale ? at.scale : energy.scale, p, &l));
		n = l.steps->n;
		BL_TRY(bl_on_ladder(&l, at, l.den, &from));
		BL_TRY(bl_on_ladder(&l, energy, l.den, &to));
		if (__builtin_add_overflow(to, from, &to))
			return BL_OVERFLOW;
		if (own.coefficient == 0)
			continue;
		BL_TRY(bl_climb(r, tiers, &l, from, to, part));
		BL_TRY(bl_split(own, bl_quantity_step(r), part, n + 1, tier));
		for (int k = 0; k < n; k++)
			BL_TRY(bl_dec_add(run->quantity[k * run->places + p], tier[k], &run->quantity[k * run->places + p]));
	}
	return BL_OK;
}

/* what one count adds to the quantities of the pieces [piece, last); period -1: all periods count together */
static BlStatus
count_stretch(BlRate *r, const BlTiers *tiers, const BlCount *c, int period, int piece, int last, bool first_of_window,
			bool last_of_window, BlDec volume_at, Run *run, Flat *flats, int *flat_count)
{
	const BlCharge *q = tiers->q;
	const BlScan *s = tiers->scan;
	BlInt128	part[BL_TARIFF_STEPS_MAX + 1],
				from,
				to,
				end = 0;
	BlDec		at,
				energy,
				tier[1024];
	BlLadder	l;
	int			n,
				step,
				scale,
				all = -1;

	if (q->kind == BL_CHARGE_TIERS && q->period_steps > 0)
		return share_periods(r, tiers, c, piece, last, run);
	BL_TRY(bl_count_at(r, tiers, c, piece, false, &at));
	BL_TRY(bl_stretch_energy(r, s, piece, last, period, &energy));
	scale = at.scale > energy.scale ? at.scale : energy.scale;
	if (q->kind == BL_CHARGE_TIERS && q->split == BL_SPLIT_CHRONOLOGICAL && tiers->by_period && s->found)
	{
		BlSlots		slots;

		/* slots may be finer than the piece's energy, which was rounded */
		BL_TRY(bl_billed_slots(r, tiers->scan, &slots));
		scale = slots.scale > scale ? slots.scale : scale;
	}
	BL_TRY(bl_make_ladder(r, tiers, piece, scale > volume_at.scale ? scale : volume_at.scale, -1, &l));
	n = l.steps->n;
	BL_TRY(bl_on_ladder(&l, at, l.den, &from));
	BL_TRY(bl_on_ladder(&l, energy, l.den, &to));
	if (__builtin_add_overflow(to, from, &to))
		return BL_OVERFLOW;
	if (q->volume)
	{
		BL_TRY(bl_on_ladder(&l, volume_at, l.den, &end));
		BL_TRY(bl_ladder_reached(r, tiers, &l, end, &step));
		for (int k = 0; k <= n; k++)
			part[k] = k == step ? to - from : 0;
	}
	else if (q->kind == BL_CHARGE_TIERS && q->split == BL_SPLIT_CHRONOLOGICAL && tiers->by_period)
	{
		BL_TRY(chronological(r, tiers, &l, piece, last, from, energy, tier));
		for (int i = 0; i < n * s->periods; i++)
			BL_TRY(bl_dec_add(run->quantity[i], tier[i], &run->quantity[i]));
		return flats_due(r, tiers, c, &l, piece, from, to, first_of_window, last_of_window, flats, flat_count);
	}
	else
		BL_TRY(bl_climb(r, tiers, &l, from, to, part));
	if (q->all && q->kind == BL_CHARGE_TIERS)
	{
		BL_TRY(bl_on_ladder(&l, volume_at, l.den, &end));
		BL_TRY(bl_ladder_all_below(r, tiers, &l, end, part, &all));
	}
	BL_TRY(bl_divide_tiers(r, &l, energy, part, n + 1, tier));
	if (q->blocks && q->kind == BL_CHARGE_TIERS)
		bl_count_packages(&l, q->volume, all, part, from, tier);
	if (run->places > 1 && period < 0)
	{
		BlDec		over[1024];

		if (n * s->periods > 1024)
			return BL_LIMIT;
		BL_TRY(over_periods(r, s, piece, last, tier, n, over));
		for (int i = 0; i < n * s->periods; i++)
			BL_TRY(bl_dec_add(run->quantity[i], over[i], &run->quantity[i]));
	}
	else
		for (int k = 0; k < n; k++)
		{
			int			i = run->places > 1 ? k * s->periods + period : k;

			BL_TRY(bl_dec_add(run->quantity[i], tier[k], &run->quantity[i]));
		}
	return flats_due(r, tiers, c, &l, piece, from, q->volume ? end : to, first_of_window, last_of_window, flats, flat_count);
}

static BlStatus
new_run(BlRate *r, const BlTiers *tiers, Run *run, int *most)
{
	run->first = -1;
	run->places = tiers->by_period ? tiers->scan->periods : 1;
	*most = 0;
	for (int i = 0; i < (tiers->q->steps == tiers->steps ? bl_step_lists(tiers->q) : 1); i++)
		if (tiers->steps[i].n > *most)
			*most = tiers->steps[i].n;
	*most *= run->places;
	run->open = bl_arena_get(r->arena, sizeof *run->open * (size_t) *most);
	run->quantity = bl_arena_get(r->arena, sizeof *run->quantity * (size_t) *most);
	return run->open == NULL || run->quantity == NULL ? BL_NO_SPACE : BL_OK;
}

/* the closing position of the window that a piece lies in: what volume pricing goes by */
static BlStatus
volume_position(BlRate *r, const BlTiers *tiers, const BlCount *c, int piece, BlDec *at)
{
	int32_t		window = bl_tiers_window(r, tiers, piece);
	int			last = piece;

	for (int i = piece; i < r->pieces; i++)
		if (c->set[i] && bl_tiers_window(r, tiers, i) == window)
			last = i;
	return bl_count_at(r, tiers, c, last, true, at);
}

/* is there an earlier (or, backwards, a later) piece of the same window in which the charge holds? */
static BlStatus
is_edge(BlRate *r, const BlTiers *tiers, int piece, int direction, bool *edge)
{
	int32_t		window = bl_tiers_window(r, tiers, piece);
	bool		holds;

	*edge = true;
	for (int i = piece + direction; i >= 0 && i < r->pieces && *edge; i += direction)
		if (bl_tiers_window(r, tiers, i) == window)
		{
			BL_TRY(bl_charge_holds(r, tiers->q, i, &holds));
			*edge = !holds;
		}
	return BL_OK;
}

/*
 * How far the pieces go on from one in which everything that this charge looks
 * at stays: terms, window, prices.  They are divided into tiers as one, so that what cuts the
 * span for other charges does not show here.
 */
static BlStatus
stretch_end(BlRate *r, const BlTiers *tiers, const BlSteps *steps, int places, int piece, int *end)
{
	int32_t		window = bl_tiers_window(r, tiers, piece);

	for (*end = piece + 1; *end < r->pieces; (*end)++)
	{
		bool		holds;

		if (r->piece[*end].epoch != r->piece[piece].epoch || bl_tiers_window(r, tiers, *end) != window)
			return BL_OK;
		BL_TRY(bl_charge_holds(r, tiers->q, *end, &holds));
		if (!holds)
			return BL_OK;
		for (int k = 0; k < most_steps(tiers, steps); k++)
			for (int p = 0; p < places; p++)
			{
				const BlStep *step = step_of(tiers, steps, p, k);
				BlDec		a,
							z;

				if (step == NULL || step->price == NULL)
					continue;
				BL_TRY(bl_price_rounded(r, tiers->q, step->price, piece, p, &a));
				BL_TRY(bl_price_rounded(r, tiers->q, step->price, *end, p, &z));
				if (bl_dec_cmp(a, z) != 0)
					return BL_OK;
			}
	}
	return BL_OK;
}

static bool
has_flats(const BlTiers *tiers)
{
	for (int i = 0; i < (tiers->q->steps == tiers->steps ? bl_step_lists(tiers->q) : 1); i++)
		for (int k = 0; k < tiers->steps[i].n; k++)
			if (tiers->steps[i].step[k].has_flat)
				return true;
	return false;
}

/* the lines of a charge whose pieces are one stretch, as in the last bill, with this bill's energy */
static BlStatus
repeat_lines(BlRate *r, const BlTiers *tiers, BlKept *kept)
{
	const BlCharge *q = tiers->q;
	BlCount    *c = bl_find_count(r, q->counter);
	BlLadder   *l = kept->ladder;
	BlInt128	part[BL_TARIFF_STEPS_MAX + 1],
				from,
				to;
	BlDec		at,
				energy,
				tier[BL_TARIFF_STEPS_MAX + 1];
	int			scale;

	if (c == NULL)
		return BL_CORRUPT;
	BL_TRY(bl_count_at(r, tiers, c, 0, false, &at));
	BL_TRY(bl_stretch_energy(r, tiers->scan, 0, r->pieces, -1, &energy));
	scale = at.scale > energy.scale ? at.scale : energy.scale;
	if (kept->ladder_scale != scale)
	{
		kept->ladder_scale = -1;
		BL_TRY(bl_make_ladder(r, tiers, 0, scale, -1, l));
		kept->ladder_scale = scale;
	}
	BL_TRY(bl_on_ladder(l, at, l->den, &from));
	BL_TRY(bl_on_ladder(l, energy, l->den, &to));
	if (__builtin_add_overflow(to, from, &to))
		return BL_OVERFLOW;
	BL_TRY(bl_climb(r, tiers, l, from, to, part));
	BL_TRY(bl_divide_tiers(r, l, energy, part, l->steps->n + 1, tier));
	for (int i = 0; i < kept->lines; i++)
		BL_TRY(bl_repeat_energy(r, q, tiers->scan, kept, i, tier[kept->line[i].line.tier - 1]));
	return bl_close_counts(r, tiers, c);
}

static BlStatus
rate_steps(BlRate *r, const BlTiers *tiers)
{
	const BlCharge *q = tiers->q;
	int			counts = bl_counts_by_period(q) ? tiers->scan->periods : 1;
	Flat	   *flats = NULL;
	int			flat_count = 0;
	Run			run;
	int			most,
				line = r->works;
	bool		holds,
				whole = false;	/* one stretch */

	if (has_flats(tiers))
	{
		flats = bl_arena_get(r->arena, sizeof *flats * BL_RATE_PIECES_MAX);
		if (flats == NULL)
			return BL_NO_SPACE;
	}
	BL_TRY(new_run(r, tiers, &run, &most));
	for (int piece = 0, end; piece < r->pieces; piece = end)
	{
		const BlSteps *steps = bl_tiers_steps(r, tiers, piece);
		bool		first_of_window = false,
					last_of_window = false;

		end = piece + 1;
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (run.first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch))
			BL_TRY(close_run(r, tiers, &run, piece));
		if (!holds)
			continue;
		BL_TRY(stretch_end(r, tiers, steps, run.places, piece, &end));
		/* what each window counts must be known, also where the price stays */
		if (end < r->pieces && bl_tiers_window(r, tiers, end) != bl_tiers_window(r, tiers, piece))
			BL_TRY(bl_check_spread(r, q, tiers->scan, end, -1));
		whole = piece == 0 && end == r->pieces;
		if (run.first < 0)
		{
			run.first = piece;
			run.line = r->works;
			for (int i = 0; i < most; i++)
				run.open[i].line = -1;
		}
		for (int i = 0; i < most_steps(tiers, steps) * run.places; i++)
			run.quantity[i] = BL_ZERO;
		if (flats != NULL)
		{
			BL_TRY(is_edge(r, tiers, piece, -1, &first_of_window));
			BL_TRY(is_edge(r, tiers, end - 1, 1, &last_of_window));
		}
		for (int k = 0; k < counts; k++)
		{
			int			period = bl_counts_by_period(q) ? k : -1;
			BlCount    *c = bl_find_count(r, bl_count_name(r, q, period));
			BlDec		volume_at = BL_ZERO;

			if (c == NULL)
				return BL_CORRUPT;
			if (q->volume || (q->all && q->kind == BL_CHARGE_TIERS))
				BL_TRY(volume_position(r, tiers, c, piece, &volume_at));
			BL_TRY(count_stretch(r, tiers, c, period, piece, end, first_of_window, last_of_window, volume_at,
								 &run, flats, &flat_count));
		}
		BL_TRY(add_stretch(r, tiers, steps, piece, end, &run));
	}
	BL_TRY(close_run(r, tiers, &run, r->pieces));
	if (whole)
		bl_keep_lines(r, q, line);
	for (int i = 0; i < flat_count; i++)
		BL_TRY(flat_line(r, q, &flats[i]));
	for (int k = 0; k < counts; k++)
		BL_TRY(bl_close_counts(r, tiers, bl_find_count(r, bl_count_name(r, q, bl_counts_by_period(q) ? k : -1))));
	return BL_OK;
}

BlStatus
bl_rate_tiers(BlRate *r, const BlCharge *q)
{
	BlTiers		tiers;

	bl_tiers_of(r, q, &tiers);
	if (bl_kept_lines(r, q) != NULL)
		return repeat_lines(r, &tiers, &r->b->kept[q - r->t->charge]);
	return rate_steps(r, &tiers);
}

/* an energy charge on only the first so many kWh of the span: one step whose beyond is free */
BlStatus
bl_rate_first(BlRate *r, const BlCharge *q)
{
	BlTiers		tiers;
	BlCount		own;
	BlCount    *counts = r->count;
	int			n = r->counts;
	BlStatus	status;

	bl_tiers_of(r, q, &tiers);
	tiers.own_step = (BlStep) {.limited = true, .to = q->first_kwh, .price = q->price};
	tiers.own = (BlSteps) {1, &tiers.own_step};
	tiers.steps = &tiers.own;
	tiers.season_steps = 0;
	tiers.open_end = true;
	tiers.by_period = q->by_period;
	BL_TRY(bl_measure(r, tiers.scan));
	/* a count of its own, seen by nobody else */
	memset(&own, 0, sizeof own);
	r->count = &own;
	r->counts = 0;
	status = bl_prepare_count(r, q, tiers.scan, -1);
	if (status == BL_OK)
		status = rate_steps(r, &tiers);
	r->count = counts;
	r->counts = n;
	return status;
}
