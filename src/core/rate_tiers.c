/*
 * rate_tiers.c - tiers and the counts they go by
 *
 * Time runs on: a count goes through the pieces of the span in order, from
 * the opening carry into the closing one, and each piece is divided at the
 * limits in force there.  Within a window (tier year, season, calendar month,
 * or the billed span) the count rises; the next window begins at zero.
 */
#include "rate_work.h"

#include <stdio.h>

/* What a charge by steps is, for tiers and for "first so many kWh" alike. */
typedef struct Tiers
{
	const BlCharge *q;
	BlScan	   *scan;
	const BlSteps *steps;
	int			season_steps;
	bool		open_end;		/* what lies beyond the last limit costs nothing */
	bool		by_period;
	BlSteps		own;
	BlStep		own_step;
} Tiers;

/* "name/period": what a period has of its own in the carry */
BlText
bl_joined_name(BlArena *arena, BlText name, BlText period)
{
	char	   *text = bl_arena_get(arena, (size_t) (name.length + period.length + 1));

	if (text == NULL)
		return name;
	memcpy(text, name.text, (size_t) name.length);
	text[name.length] = '/';
	memcpy(text + name.length + 1, period.text, (size_t) period.length);
	return (BlText) {text, name.length + 1 + period.length};
}

/* ---- windows ------------------------------------------------------------------- */

static int
season_of(const BlTariff *t, int32_t day)
{
	BlDate		d = bl_date_of(day);
	int			leap = bl_day_of(2000, d.month, d.day) + 1;

	for (int s = 0; s < t->seasons; s++)
		if (t->season[s].day[leap])
			return s;
	return 0;
}

/* first day of the season's run that a day lies in */
static int32_t
season_start(const BlRate *r, int32_t day)
{
	const BlTariff *t = r->t;
	int			season = -1;

	for (int n = 0; n < 367; n++, day--)
	{
		if (season < 0)
			season = season_of(t, day);
		if (season_of(t, day) != season)
			break;
	}
	return day + 1;
}

static bool
is_carried(const BlCharge *q)
{
	return q->kind == BL_CHARGE_TIERS &&
		(q->per == BL_PER_YEAR || q->per == BL_PER_SEASON || (q->per == BL_PER_MONTH && q->month == BL_MONTH_EACH));
}

/* first day of the window a piece lies in, as a day of the calendar */
static int32_t
window_of(const BlRate *r, const Tiers *tiers, int piece)
{
	const BlCharge *q = tiers->q;
	int32_t		day = r->b->from + r->piece[piece].first;
	BlDate		d;

	if (q->per == BL_PER_YEAR && is_carried(q))
		return r->piece[piece].year_from;
	if (q->per == BL_PER_SEASON && is_carried(q))
		return season_start(r, day);
	if (is_carried(q))
	{
		d = bl_date_of(day);
		return bl_day_of(d.year, d.month, 1);
	}
	if (tiers->season_steps > 0)
		while (piece > 0 && r->piece[piece - 1].season == r->piece[piece].season)
			piece--;
	else
		piece = 0;
	return r->b->from + r->piece[piece].first;
}

/* days of the span inside a window */
static int
window_days(const BlRate *r, const Tiers *tiers, int32_t window)
{
	int			days = 0;

	for (int i = 0; i < r->pieces; i++)
		if (window_of(r, tiers, i) == window)
			days += r->piece[i].end - r->piece[i].first;
	return days;
}

/* the steps that hold in a piece; a calendar month with its own count has those of its first day */
static const BlSteps *
steps_of(const BlRate *r, const Tiers *tiers, int piece)
{
	if (tiers->season_steps == 0)
		return tiers->steps;
	if (tiers->q->per == BL_PER_MONTH && tiers->q->month == BL_MONTH_EACH)
		return &tiers->steps[season_of(r->t, window_of(r, tiers, piece))];
	return &tiers->steps[r->piece[piece].season];
}

/* ---- counts --------------------------------------------------------------------- */

static BlCount *
find_count(BlRate *r, BlText name)
{
	for (int i = 0; i < r->counts; i++)
		if (bl_text_equal(r->count[i].name, name))
			return &r->count[i];
	return NULL;
}

static BlText
count_name(BlRate *r, const BlCharge *q, int period)
{
	if (period < 0)
		return q->counter;
	return bl_joined_name(r->arena, q->counter, r->t->schedule[q->schedule].period[period]);
}

static bool
counts_by_period(const BlCharge *q)
{
	return q->kind == BL_CHARGE_TIERS && q->split == BL_SPLIT_COUNTERS;
}

/* the energy of the pieces [piece, end), of one period or (-1) of all */
static BlStatus
stretch_energy(const BlRate *r, const BlScan *s, int piece, int end, int period, BlDec *energy)
{
	*energy = BL_ZERO;
	for (int i = piece; i < end; i++)
		for (int k = 0; k < s->periods; k++)
			if (period < 0 || k == period)
				BL_TRY(bl_dec_add(*energy, s->cell[i * s->periods + k], energy));
	if (energy->coefficient < 0)
	{
		bl_problem(r->problem, BL_BAD_VALUE, "tiers cannot count negative energy");
		return bl_problem_hint(r->problem, "Split the profile with positive() and negative().");
	}
	return BL_OK;
}

static BlStatus
holds_somewhere(BlRate *r, const BlCharge *q, bool *holds)
{
	*holds = false;
	for (int i = 0; i < r->pieces && !*holds; i++)
		BL_TRY(bl_charge_holds(r, q, i, holds));
	return BL_OK;
}

/* enters what a charge counts; of charges that share a counter the first that holds counts a piece */
static BlStatus
prepare_count(BlRate *r, const BlCharge *q, BlScan *s, int period)
{
	BlText		name = count_name(r, q, period);
	BlCount    *c = find_count(r, name);
	bool		holds;

	if (c == NULL)
	{
		c = &r->count[r->counts++];
		c->name = name;
		c->counted = bl_arena_get(r->arena, sizeof *c->counted * (size_t) r->pieces);
		c->set = bl_arena_get(r->arena, (size_t) r->pieces);
		c->kind = q->per == BL_PER_YEAR ? BL_COUNTER_YEAR : q->per == BL_PER_SEASON ? BL_COUNTER_FROM : BL_COUNTER_MONTH;
		c->carried = is_carried(q);
		if (c->counted == NULL || c->set == NULL)
			return BL_NO_SPACE;
	}
	for (int i = 0; i < r->pieces; i++)
	{
		BL_TRY(bl_charge_holds(r, q, i, &holds));
		if (!holds || c->set[i])
			continue;
		c->set[i] = c->touched = true;
		BL_TRY(stretch_energy(r, s, i, i + 1, period, &c->counted[i]));
	}
	return BL_OK;
}

/* the carry's count, when it is of this window */
static BlDec
carried_in(const BlRate *r, const BlCount *c, int32_t window)
{
	if (c->carried && r->opening != NULL)
		for (int i = 0; i < r->opening->counters; i++)
		{
			const BlCounter *o = &r->opening->counter[i];

			if (bl_text_equal(o->name, c->name) && o->kind == c->kind &&
				(c->kind == BL_COUNTER_YEAR ? bl_date_of(o->first_day).year == bl_date_of(window).year : o->first_day == window))
				return o->kwh;
		}
	return BL_ZERO;
}

/* the count at the start of a piece (or, with end, at its end) */
static BlStatus
position(BlRate *r, const Tiers *tiers, const BlCount *c, int piece, bool end, BlDec *at)
{
	int32_t		window = window_of(r, tiers, piece);

	*at = carried_in(r, c, window);
	for (int i = 0; i < piece + end; i++)
		if (c->set[i] && window_of(r, tiers, i) == window)
			BL_TRY(bl_dec_add(*at, c->counted[i], at));
	return BL_OK;
}

/* the closing carry of every carried count that moved */
static BlStatus
close_counts(BlRate *r, const Tiers *tiers, BlCount *c)
{
	BlCarry    *carry = &r->closing;
	BlCounter  *list;
	BlCounter	entry = {.name = c->name, .kind = c->kind};
	int			last = r->pieces - 1,
				n = 0;

	if (!c->carried || !c->touched)
		return BL_OK;
	while (!c->set[last])
		last--;
	BL_TRY(position(r, tiers, c, last, true, &entry.kwh));
	entry.kwh = bl_dec_trim(entry.kwh);
	entry.first_day = window_of(r, tiers, last);
	if (c->kind == BL_COUNTER_YEAR)
		entry.first_day = bl_day_of(bl_date_of(entry.first_day).year, 1, 1);
	list = bl_arena_get(r->arena, sizeof *list * (size_t) (carry->counters + 1));
	if (list == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < carry->counters; i++)
		if (!bl_text_equal(carry->counter[i].name, c->name))
			list[n++] = carry->counter[i];
	list[n++] = entry;
	carry->counter = list;
	carry->counters = n;
	c->touched = false;			/* once */
	return BL_OK;
}

static void
tiers_of(BlRate *r, const BlCharge *q, Tiers *tiers)
{
	*tiers = (Tiers) {.q = q, .scan = &r->b->scan[r->b->scan_of[q - r->t->charge]],
	.steps = q->steps, .season_steps = q->season_steps,
	.by_period = q->step_by_period || counts_by_period(q)};
}

BlStatus
bl_rate_tiers_prepare(BlRate *r)
{
	int			n = 0;

	BL_TRY(bl_open_billed(r));
	for (int i = 0; i < r->t->charges; i++)
		if (r->t->charge[i].kind == BL_CHARGE_TIERS)
			n += counts_by_period(&r->t->charge[i]) ? r->t->schedule[r->t->charge[i].schedule].periods : 1;
	if (n == 0)
		return BL_OK;
	r->count = bl_arena_get(r->arena, sizeof *r->count * (size_t) n);
	if (r->count == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < r->t->charges; i++)
	{
		const BlCharge *q = &r->t->charge[i];
		BlStatus	status;
		Tiers		tiers;
		bool		takes_part,
					holds;

		if (q->kind != BL_CHARGE_TIERS)
			continue;
		BL_TRY(bl_takes_part(r, q, &takes_part));
		if (!takes_part)
			continue;
		tiers_of(r, q, &tiers);
		/* one that does not hold looks at no meter */
		status = holds_somewhere(r, q, &holds);
		if (status == BL_OK && holds)
			status = bl_measure(r, tiers.scan);
		for (int k = counts_by_period(q) ? 0 : -1; status == BL_OK && k < (counts_by_period(q) ? tiers.scan->periods : 0); k++)
			status = prepare_count(r, q, tiers.scan, k);
		if (status != BL_OK)
			return bl_rate_problem(r, status, q);
	}
	return BL_OK;
}

/* ---- limits ------------------------------------------------------------------------ */

/* the fraction of its limits that a window has */
static BlStatus
limit_scale(BlRate *r, const Tiers *tiers, int piece, int64_t *num, int64_t *den)
{
	const BlCharge *q = tiers->q;
	int32_t		window = window_of(r, tiers, piece);
	const BlJson *service;
	int32_t		since;
	BlDate		a,
				z;

	*num = *den = 1;
	switch (q->per)
	{
		case BL_PER_DAY:
			*num = window_days(r, tiers, window);
			return BL_OK;
		case BL_PER_YEAR:
			if (!q->prorate_months)
				return BL_OK;
			service = bl_term_value(r, q->service_term, piece);
			if (service == NULL || service->type != BL_JSON_STRING ||
				bl_day_parse(service->text, service->length, &since) != BL_OK)
			{
				bl_problem(r->problem, BL_NO_TERM, "term \"service_from\" is not a date");
				return bl_problem_hint(r->problem, "Give the day on which supply began, as \"YYYY-MM-DD\".");
			}
			a = bl_date_of(since);
			z = bl_date_of(window);
			/* the month of the start counts; the year ends twelve months after the window began */
			*num = since <= window ? 12 : 12 - ((a.year - z.year) * 12 + a.month - z.month);
			*num = *num < 0 ? 0 : *num;
			*den = 12;
			return BL_OK;
		case BL_PER_MONTH:
			if (q->kind != BL_CHARGE_TIERS || q->month == BL_MONTH_EACH)
				return BL_OK;
			if (q->month == BL_MONTH_THIRTY)
			{
				*num = window_days(r, tiers, window);
				*den = 30;
				return BL_OK;
			}
			if (q->month == BL_MONTH_PRORATED)
			{
				/* months of the window's days, each by its own calendar month */
				*num = 0;
				for (int i = 0; i < r->pieces; i++)
					if (window_of(r, tiers, i) == window)
					{
						BlCharge	calendar = {.proration = BL_PRORATE_CALENDAR};
						int64_t		n,
									d;

						BL_TRY(bl_months(r, &calendar, r->piece[i].first, r->piece[i].end, &n, &d));
						bl_add_fraction(num, den, n, d);
					}
				return BL_OK;
			}
			/* fall through */
		case BL_PER_PERIOD:
			if (tiers->season_steps > 0)
			{
				*num = window_days(r, tiers, window);
				*den = r->b->days;
			}
			return BL_OK;
		case BL_PER_SEASON:
			return BL_OK;
	}
	return BL_CORRUPT;
}

/* the kW or kVA that limits go by */
static BlStatus
limit_factor(BlRate *r, const BlCharge *q, int piece, BlDec *factor)
{
	if (q->limit_charge < 0)
		return bl_term_decimal(r, q->limit_term, piece, factor);
	*factor = r->billed[q->limit_charge * r->pieces + piece];
	if (factor->coefficient < 0)
	{
		const BlCharge *of = &r->t->charge[q->limit_charge];

		bl_problem(r->problem, BL_NO_USAGE, "charge \"%.*s\" bills no demand that the limits of \"%.*s\" could go by",
				   of->code.length, of->code.text, q->code.length, q->code.text);
		return bl_problem_hint(r->problem, "Let it hold wherever the tiers do.");
	}
	return BL_OK;
}

/* one limit before scaling: times the term or demand, times the days, plus allowances */
static BlStatus
one_limit(BlRate *r, const Tiers *tiers, int piece, int step, const BlStep *of, BlDec *limit)
{
	const BlCharge *q = tiers->q;
	BlDec		factor;

	if (of->multiplied)
	{
		BL_TRY(limit_factor(r, q, piece, &factor));
		BL_TRY(bl_dec_mul(*limit, factor, limit));
	}
	if (of->daily)
		BL_TRY(bl_dec_mul(*limit, bl_dec(window_days(r, tiers, window_of(r, tiers, piece)), 0), limit));
	for (int i = 0; i < q->allowances; i++)
	{
		const BlAllowance *a = &q->allowance[i];
		BlDec		kwh = a->kwh;
		bool		holds;

		if (a->first_only && step > 0)
			continue;
		BL_TRY(bl_condition_holds(r, &a->when, piece, &holds));
		if (!holds)
			continue;
		if (q->per == BL_PER_YEAR && a->per == BL_PER_MONTH)
			BL_TRY(bl_dec_mul(kwh, bl_dec(12, 0), &kwh));
		BL_TRY(bl_dec_add(*limit, kwh, limit));
	}
	return BL_OK;
}

/* value as a whole number of 1 / (den * 10^scale) kWh */
static BlStatus
on_ladder(const BlLadder *l, BlDec value, int64_t num, BlInt128 *out)
{
	*out = value.coefficient;
	for (int k = value.scale; k < l->scale; k++)
		if (__builtin_mul_overflow(*out, (BlInt128) 10, out))
			return BL_OVERFLOW;
	return __builtin_mul_overflow(*out, (BlInt128) num, out) ? BL_OVERFLOW : BL_OK;
}

/* a step in kWh that is followed by limits in kWh per kW lies inside the first of them */
static void
steps_inside(BlLadder *l)
{
	const BlStep *step = l->steps->step;

	for (int k = l->steps->n - 2; k >= 0; k--)
		if (step[k].limited && step[k + 1].limited && !step[k].multiplied && l->limit[k] > l->limit[k + 1])
			for (int j = k + 1; j < l->steps->n && step[j].limited; j++)
				if (step[j].multiplied)
				{
					l->limit[k] = l->limit[k] < l->limit[j] ? l->limit[k] : l->limit[j];
					break;
				}
}

static BlStatus
make_ladder(BlRate *r, const Tiers *tiers, int piece, int scale, int period, BlLadder *l)
{
	BlDec		limit[BL_TARIFF_STEPS_MAX];
	int64_t		num;

	l->steps = period >= 0 ? &tiers->steps[period] : steps_of(r, tiers, piece);
	l->scale = scale;
	BL_TRY(limit_scale(r, tiers, piece, &num, &l->den));
	for (int k = 0; k < l->steps->n; k++)
	{
		if (!l->steps->step[k].limited)
			continue;
		limit[k] = l->steps->step[k].to;
		BL_TRY(one_limit(r, tiers, piece, k, &l->steps->step[k], &limit[k]));
		limit[k] = bl_dec_trim(limit[k]);
		l->scale = limit[k].scale > l->scale ? limit[k].scale : l->scale;
	}
	for (int k = 0; k < l->steps->n && tiers->q->blocks; k++)
	{
		BlDec		block = bl_dec_trim(l->steps->step[k].block);

		l->scale = block.scale > l->scale ? block.scale : l->scale;
	}
	for (int k = 0; k < l->steps->n; k++)
		if (l->steps->step[k].limited)
			BL_TRY(on_ladder(l, limit[k], num, &l->limit[k]));
	steps_inside(l);
	/* an allowance on the first step may lift it above the second */
	for (int k = 1; k < l->steps->n; k++)
		if (l->steps->step[k].limited && l->steps->step[k - 1].limited && l->limit[k] < l->limit[k - 1])
			l->limit[k] = l->limit[k - 1];
	for (int k = 0; k < l->steps->n && tiers->q->blocks; k++)
		BL_TRY(on_ladder(l, bl_dec_trim(l->steps->step[k].block), l->den, &l->block[k]));
	return BL_OK;
}

static BlStatus
beyond(BlRate *r, const BlCharge *q)
{
	bl_problem(r->problem, BL_TARIFF_GAP, "the energy goes beyond the last tier of charge \"%.*s\"", q->code.length, q->code.text);
	return bl_problem_hint(r->problem, "Add a step without a limit, or \"beyond\": \"last\".");
}

/* how much of (from, to] lies in each step; a last place takes what lies beyond and is free */
static BlStatus
climb(BlRate *r, const Tiers *tiers, const BlLadder *l, BlInt128 from, BlInt128 to, BlInt128 *part)
{
	BlInt128	lower = 0;
	int			n = l->steps->n;

	for (int k = 0; k <= n; k++)
	{
		bool		last = k == n || !l->steps->step[k].limited;
		BlInt128	upper = last ? to : l->limit[k];
		BlInt128	a = from > lower ? from : lower;
		BlInt128	z = to < upper ? to : upper;

		part[k] = z > a ? z - a : 0;
		if (last && k < n)
		{
			part[n] = 0;
			return BL_OK;
		}
		lower = upper > lower ? upper : lower;
	}
	if (part[n] == 0 || tiers->open_end)
		return BL_OK;
	if (!tiers->q->beyond_last)
		return beyond(r, tiers->q);
	part[n - 1] += part[n];
	part[n] = 0;
	return BL_OK;
}

/* the step that a position has reached: limits are inclusive */
static BlStatus
reached(BlRate *r, const Tiers *tiers, const BlLadder *l, BlInt128 at, int *step)
{
	for (*step = 0; *step < l->steps->n; (*step)++)
		if (!l->steps->step[*step].limited || at <= l->limit[*step])
			return BL_OK;
	if (tiers->q->beyond_last)
	{
		*step = l->steps->n - 1;
		return BL_OK;
	}
	return beyond(r, tiers->q);
}

/*
 * What lies below a step that is for all goes to it: *all is that step, the
 * highest reached at the end of the window, or -1.
 */
static BlStatus
all_below(BlRate *r, const Tiers *tiers, const BlLadder *l, BlInt128 end, BlInt128 *part, int *all)
{
	int			step;

	*all = -1;
	BL_TRY(reached(r, tiers, l, end, &step));
	while (step >= 0 && !l->steps->step[step].all)
		step--;
	*all = step;
	for (int k = 0; k < step; k++)
	{
		part[step] += part[k];
		part[k] = 0;
	}
	return BL_OK;
}

/* the packages of a step that its first `energy` begins */
static BlInt128
packages(BlInt128 energy, BlInt128 block)
{
	return energy <= 0 ? 0 : (energy + block - 1) / block;
}

/* steps sold by the package: how many more are begun between two positions; a step for all begins at zero */
static void
count_packages(const BlLadder *l, bool volume, int all, const BlInt128 *part, BlInt128 from, BlDec *tier)
{
	int			n = l->steps->n;

	for (int k = 0; k < n; k++)
	{
		bool		alone = volume || k == all;
		BlInt128	lower = alone || k == 0 ? 0 : l->limit[k - 1];
		BlInt128	before = from > lower ? from - lower : 0;

		if (l->block[k] == 0)
			continue;
		tier[k] = BL_ZERO;
		if (part[k] == 0)
			continue;
		/* what the step has at the end: what it had, and this stretch's part */
		if (!alone && l->steps->step[k].limited && k < n - 1 && before > l->limit[k] - lower)
			before = l->limit[k] - lower;
		tier[k] = (BlDec) {packages(before + part[k], l->block[k]) - packages(before, l->block[k]), 0};
	}
}

/* ---- dividing a piece ------------------------------------------------------------------ */

static BlDec
quantity_step(const BlRate *r)
{
	return r->t->rounding.quantity.set ? r->t->rounding.quantity.step : bl_dec(1, 6);
}

/* energy in parts proportional to weights: exactly where decimals can say it, else in whole steps */
static BlStatus
divide(const BlRate *r, const BlLadder *l, BlDec energy, const BlInt128 *weight, int n, BlDec *part)
{
	int			last = n - 1;
	BlDec		whole,
				rest;

	if (energy.coefficient == 0)
	{
		for (int i = 0; i < n; i++)
			part[i] = BL_ZERO;
		return BL_OK;
	}
	if (l->den == 1 && !r->t->rounding.quantity.set)
	{
		for (int i = 0; i < n; i++)
			part[i] = (BlDec) {weight[i], l->scale};
		return BL_OK;
	}
	/* limits are whole steps: less than a step of the energy itself lies in the last part reached */
	BL_TRY(bl_dec_round(energy, &(BlRounding) {true, BL_DOWN, quantity_step(r)}, &whole));
	BL_TRY(bl_dec_sub(energy, whole, &rest));
	BL_TRY(bl_split(whole, quantity_step(r), weight, n, part));
	while (last > 0 && weight[last] == 0)
		last--;
	return bl_dec_add(part[last], rest, &part[last]);
}

/* each step's energy over the periods, by what the periods have left */
static BlStatus
over_periods(const BlRate *r, const BlScan *s, int piece, int end, const BlDec *tier, int steps, BlDec *out)
{
	BlDec		left[BL_TARIFF_PERIODS_MAX],
				share[BL_TARIFF_PERIODS_MAX];
	BlInt128	weight[BL_TARIFF_PERIODS_MAX];

	for (int p = 0; p < s->periods; p++)
		BL_TRY(stretch_energy(r, s, piece, end, p, &left[p]));
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
			BL_TRY(bl_split(tier[k], quantity_step(r), weight, s->periods, share));
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
chronological(BlRate *r, const Tiers *tiers, const BlLadder *l, int piece, int end, BlInt128 at, BlDec energy, BlDec *out)
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
	BL_TRY(bl_billed_slots(r, tiers->scan, &slots));
	from = (r->b->day[r->piece[piece].first].start - slots.start) / slots.minutes;
	until = (r->b->day[r->piece[end - 1].end].start - slots.start) / slots.minutes;
	if (slots.scale > l->scale)
		return BL_CORRUPT;		/* the ladder was made for them */
	BL_TRY(on_ladder(l, (BlDec) {1, slots.scale}, l->den, &unit));
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
		BL_TRY(climb(r, tiers, l, at, next, part));
		at = next;
		for (int k = 0; k <= n; k++)
			weight[k * s->periods + p] += part[k];
		for (step = 0; step < n && l->steps->step[step].limited && at > l->limit[step];)
			step++;
	}
	return divide(r, l, energy, weight, (n + 1) * s->periods, out);
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

/* the amounts of the lines of a run */
static BlStatus
close_run(BlRate *r, const Tiers *tiers, Run *run)
{
	for (int i = run->line; run->first >= 0 && i < r->works; i++)
		BL_TRY(bl_close_line(r, tiers->q, tiers->scan, &r->work[i]));
	run->first = -1;
	return BL_OK;
}

/* step k of a period, NULL where it has fewer */
static const BlStep *
step_of(const Tiers *tiers, const BlSteps *steps, int period, int k)
{
	if (tiers->q->kind == BL_CHARGE_TIERS && tiers->q->period_steps > 0)
		steps = &tiers->steps[period];
	return k < steps->n ? &steps->step[k] : NULL;
}

static int
most_steps(const Tiers *tiers, const BlSteps *steps)
{
	int			most = steps->n;

	for (int i = 0; tiers->q->kind == BL_CHARGE_TIERS && i < tiers->q->period_steps; i++)
		most = tiers->steps[i].n > most ? tiers->steps[i].n : most;
	return most;
}

/* the quantities of the pieces [piece, end) into the lines */
static BlStatus
add_stretch(BlRate *r, const Tiers *tiers, const BlSteps *steps, int piece, int end, Run *run)
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
flats_due(BlRate *r, const Tiers *tiers, const BlCount *c, const BlLadder *l, int piece, BlInt128 from, BlInt128 to,
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
		BL_TRY(reached(r, tiers, l, to, &step));
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
share_periods(BlRate *r, const Tiers *tiers, const BlCount *c, int piece, int last, Run *run)
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

	BL_TRY(position(r, tiers, c, piece, false, &at));
	BL_TRY(stretch_energy(r, s, piece, last, -1, &energy));
	for (int p = 0; p < s->periods; p++)
	{
		int			n;

		if (tiers->steps[p].n == 0)
			continue;
		BL_TRY(stretch_energy(r, s, piece, last, p, &own));
		BL_TRY(make_ladder(r, tiers, piece, at.scale > energy.scale ? at.scale : energy.scale, p, &l));
		n = l.steps->n;
		BL_TRY(on_ladder(&l, at, l.den, &from));
		BL_TRY(on_ladder(&l, energy, l.den, &to));
		if (__builtin_add_overflow(to, from, &to))
			return BL_OVERFLOW;
		if (own.coefficient == 0)
			continue;
		BL_TRY(climb(r, tiers, &l, from, to, part));
		BL_TRY(bl_split(own, quantity_step(r), part, n + 1, tier));
		for (int k = 0; k < n; k++)
			BL_TRY(bl_dec_add(run->quantity[k * run->places + p], tier[k], &run->quantity[k * run->places + p]));
	}
	return BL_OK;
}

/* what one count adds to the quantities of the pieces [piece, last); period -1: all periods count together */
static BlStatus
count_stretch(BlRate *r, const Tiers *tiers, const BlCount *c, int period, int piece, int last, bool first_of_window,
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
	BL_TRY(position(r, tiers, c, piece, false, &at));
	BL_TRY(stretch_energy(r, s, piece, last, period, &energy));
	scale = at.scale > energy.scale ? at.scale : energy.scale;
	if (q->kind == BL_CHARGE_TIERS && q->split == BL_SPLIT_CHRONOLOGICAL && tiers->by_period)
	{
		BlSlots		slots;

		/* slots may be finer than the piece's energy, which was rounded */
		BL_TRY(bl_billed_slots(r, tiers->scan, &slots));
		scale = slots.scale > scale ? slots.scale : scale;
	}
	BL_TRY(make_ladder(r, tiers, piece, scale > volume_at.scale ? scale : volume_at.scale, -1, &l));
	n = l.steps->n;
	BL_TRY(on_ladder(&l, at, l.den, &from));
	BL_TRY(on_ladder(&l, energy, l.den, &to));
	if (__builtin_add_overflow(to, from, &to))
		return BL_OVERFLOW;
	if (q->volume)
	{
		BL_TRY(on_ladder(&l, volume_at, l.den, &end));
		BL_TRY(reached(r, tiers, &l, end, &step));
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
		BL_TRY(climb(r, tiers, &l, from, to, part));
	if (q->all && q->kind == BL_CHARGE_TIERS)
	{
		BL_TRY(on_ladder(&l, volume_at, l.den, &end));
		BL_TRY(all_below(r, tiers, &l, end, part, &all));
	}
	BL_TRY(divide(r, &l, energy, part, n + 1, tier));
	if (q->blocks && q->kind == BL_CHARGE_TIERS)
		count_packages(&l, q->volume, all, part, from, tier);
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
new_run(BlRate *r, const Tiers *tiers, Run *run, int *most)
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
volume_position(BlRate *r, const Tiers *tiers, const BlCount *c, int piece, BlDec *at)
{
	int32_t		window = window_of(r, tiers, piece);
	int			last = piece;

	for (int i = piece; i < r->pieces; i++)
		if (c->set[i] && window_of(r, tiers, i) == window)
			last = i;
	return position(r, tiers, c, last, true, at);
}

/* is there an earlier (or, backwards, a later) piece of the same window in which the charge holds? */
static BlStatus
is_edge(BlRate *r, const Tiers *tiers, int piece, int direction, bool *edge)
{
	int32_t		window = window_of(r, tiers, piece);
	bool		holds;

	*edge = true;
	for (int i = piece + direction; i >= 0 && i < r->pieces && *edge; i += direction)
		if (window_of(r, tiers, i) == window)
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
stretch_end(BlRate *r, const Tiers *tiers, const BlSteps *steps, int places, int piece, int *end)
{
	int32_t		window = window_of(r, tiers, piece);

	for (*end = piece + 1; *end < r->pieces; (*end)++)
	{
		bool		holds;

		if (r->piece[*end].epoch != r->piece[piece].epoch || window_of(r, tiers, *end) != window)
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
has_flats(const Tiers *tiers)
{
	for (int i = 0; i < (tiers->q->steps == tiers->steps ? bl_step_lists(tiers->q) : 1); i++)
		for (int k = 0; k < tiers->steps[i].n; k++)
			if (tiers->steps[i].step[k].has_flat)
				return true;
	return false;
}

/* the lines of a charge whose pieces are one stretch, as in the last bill, with this bill's energy */
static BlStatus
repeat_lines(BlRate *r, const Tiers *tiers, BlKept *kept)
{
	const BlCharge *q = tiers->q;
	BlCount    *c = find_count(r, q->counter);
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
	BL_TRY(position(r, tiers, c, 0, false, &at));
	BL_TRY(stretch_energy(r, tiers->scan, 0, r->pieces, -1, &energy));
	scale = at.scale > energy.scale ? at.scale : energy.scale;
	if (kept->ladder_scale != scale)
	{
		kept->ladder_scale = -1;
		BL_TRY(make_ladder(r, tiers, 0, scale, -1, l));
		kept->ladder_scale = scale;
	}
	BL_TRY(on_ladder(l, at, l->den, &from));
	BL_TRY(on_ladder(l, energy, l->den, &to));
	if (__builtin_add_overflow(to, from, &to))
		return BL_OVERFLOW;
	BL_TRY(climb(r, tiers, l, from, to, part));
	BL_TRY(divide(r, l, energy, part, l->steps->n + 1, tier));
	for (int i = 0; i < kept->lines; i++)
		BL_TRY(bl_repeat_energy(r, q, tiers->scan, kept, i, tier[kept->line[i].line.tier - 1]));
	return close_counts(r, tiers, c);
}

static BlStatus
rate_steps(BlRate *r, const Tiers *tiers)
{
	const BlCharge *q = tiers->q;
	int			counts = counts_by_period(q) ? tiers->scan->periods : 1;
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
		const BlSteps *steps = steps_of(r, tiers, piece);
		bool		first_of_window = false,
					last_of_window = false;

		end = piece + 1;
		BL_TRY(bl_charge_holds(r, q, piece, &holds));
		if (run.first >= 0 && (!holds || r->piece[piece].epoch != r->piece[piece - 1].epoch))
			BL_TRY(close_run(r, tiers, &run));
		if (!holds)
			continue;
		BL_TRY(stretch_end(r, tiers, steps, run.places, piece, &end));
		/* what each window counts must be known, also where the price stays */
		if (end < r->pieces && window_of(r, tiers, end) != window_of(r, tiers, piece))
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
			int			period = counts_by_period(q) ? k : -1;
			BlCount    *c = find_count(r, count_name(r, q, period));
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
	BL_TRY(close_run(r, tiers, &run));
	if (whole)
		bl_keep_lines(r, q, line);
	for (int i = 0; i < flat_count; i++)
		BL_TRY(flat_line(r, q, &flats[i]));
	for (int k = 0; k < counts; k++)
		BL_TRY(close_counts(r, tiers, find_count(r, count_name(r, q, counts_by_period(q) ? k : -1))));
	return BL_OK;
}

BlStatus
bl_rate_tiers(BlRate *r, const BlCharge *q)
{
	Tiers		tiers;

	tiers_of(r, q, &tiers);
	if (bl_kept_lines(r, q) != NULL)
		return repeat_lines(r, &tiers, &r->b->kept[q - r->t->charge]);
	return rate_steps(r, &tiers);
}

/* an energy charge on only the first so many kWh of the span: one step whose beyond is free */
BlStatus
bl_rate_first(BlRate *r, const BlCharge *q)
{
	Tiers		tiers;
	BlCount		own;
	BlCount    *counts = r->count;
	int			n = r->counts;
	BlStatus	status;

	tiers_of(r, q, &tiers);
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
	status = prepare_count(r, q, tiers.scan, -1);
	if (status == BL_OK)
		status = rate_steps(r, &tiers);
	r->count = counts;
	r->counts = n;
	return status;
}
