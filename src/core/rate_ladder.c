/*
 * rate_ladder.c - the limits of tiers as whole numbers, and how much lies in each step
 */
#include "rate_tiers.h"

/* the day that a term says */
static BlStatus
term_day(BlRate *r, int term, int piece, const char *hint, int32_t *day)
{
	const BlJson *value = bl_term_value(r, term, piece);

	if (value != NULL && value->type == BL_JSON_STRING && bl_day_parse(value->text, value->length, day) == BL_OK)
		return BL_OK;
	bl_problem(r->problem, BL_NO_TERM, "term \"%.*s\" is not a date", r->t->term[term].name.length, r->t->term[term].name.text);
	return bl_problem_hint(r->problem, "%s", hint);
}

/* the month of a day in the year that begins with window: 0 to 12, the first where it lies before */
static int
month_in_year(int32_t window, int32_t day)
{
	BlDate		a = bl_date_of(day);
	BlDate		z = bl_date_of(window);
	int			months = (a.year - z.year) * 12 + a.month - z.month;

	return day <= window ? 0 : months < 12 ? months : 12;
}

/* the months of a tier year's service: the month of the start counts, if no other */
static BlStatus
months_of_service(BlRate *r, const BlCharge *q, int32_t window, int piece, int64_t *months)
{
	int32_t		since;

	*months = 12;
	if (!q->prorate_months)
		return BL_OK;
	BL_TRY(term_day(r, q->service_term, piece, "Give the day on which supply began, as \"YYYY-MM-DD\".", &since));
	*months = 12 - month_in_year(window, since);
	*months = *months < 1 ? 1 : *months;
	return BL_OK;
}

/* the months of a tier year for which an allowance was granted, its first and last day's counted whole */
static BlStatus
months_of_allowance(BlRate *r, const BlCharge *q, const BlAllowance *a, int32_t window, int piece, int64_t *months)
{
	static const char hint[] = "Give the first day with the allowance, or without it, as \"YYYY-MM-DD\".";
	int32_t		since,
				until;
	int64_t		first,
				end = 12;

	BL_TRY(months_of_service(r, q, window, piece, months));
	BL_TRY(term_day(r, a->since_term, piece, hint, &since));
	first = month_in_year(window, since);
	if (first < 12 - *months)
		first = 12 - *months;
	if (a->until_term >= 0)
	{
		BL_TRY(term_day(r, a->until_term, piece, hint, &until));
		end = until <= window || until <= since ? 0 : month_in_year(window, until - 1) + 1;
		end = end < 12 ? end : 12;
	}
	*months = end > first ? end - first : 0;
	return BL_OK;
}

/* the fraction of its limits that a window has */
static BlStatus
limit_scale(BlRate *r, const BlTiers *tiers, int piece, int64_t *num, int64_t *den)
{
	const BlCharge *q = tiers->q;
	int32_t		window = bl_tiers_window(r, tiers, piece);

	*num = *den = 1;
	switch (q->per)
	{
		case BL_PER_DAY:
			*num = bl_tiers_window_days(r, tiers, window);
			return BL_OK;
		case BL_PER_YEAR:
			if (!q->prorate_months)
				return BL_OK;
			BL_TRY(months_of_service(r, q, window, piece, num));
			*den = 12;
			return BL_OK;
		case BL_PER_MONTH:
			if (q->kind != BL_CHARGE_TIERS || q->month == BL_MONTH_EACH)
				return BL_OK;
			if (q->month == BL_MONTH_THIRTY)
			{
				*num = bl_tiers_window_days(r, tiers, window);
				*den = 30;
				return BL_OK;
			}
			if (q->month == BL_MONTH_PRORATED)
			{
				/* months of the window's days, each by its own calendar month */
				*num = 0;
				for (int i = 0; i < r->pieces; i++)
					if (bl_tiers_window(r, tiers, i) == window)
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
				*num = bl_tiers_window_days(r, tiers, window);
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
		return bl_term_quantity(r, q->limit_term, piece, factor);
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

/* the kWh that the charge's part has imported in the span */
static BlStatus
limit_energy(BlRate *r, const BlCharge *q, BlDec *kwh)
{
	BlScan	   *s = NULL;

	for (int i = 0; i < r->b->scans; i++)
		if (r->b->scan[i].part == q->part && r->b->scan[i].channel == BL_IMPORT &&
			r->b->scan[i].schedule == BL_SCHEDULE_TOTAL && r->b->scan[i].net == BL_NET_NONE)
			s = &r->b->scan[i];
	if (s == NULL)
		return BL_CORRUPT;
	BL_TRY(bl_measure(r, s));
	if (!s->found)
	{
		bl_problem(r->problem, BL_NO_USAGE, "charge \"%.*s\" has limits by an import that the usage does not have",
				   q->code.length, q->code.text);
		return bl_problem_hint(r->problem, "Where nothing was taken, a register of 0 kWh says so.");
	}
	*kwh = BL_ZERO;
	for (int i = 0; i < r->pieces; i++)
		BL_TRY(bl_dec_add(*kwh, s->cell[i], kwh));
	return BL_OK;
}

/* one limit before scaling: times the term or demand, times the days, plus allowances; *extra is not to be scaled */
static BlStatus
one_limit(BlRate *r, const BlTiers *tiers, int piece, int step, const BlStep *of, BlDec *limit, BlDec *extra)
{
	const BlCharge *q = tiers->q;
	BlDec		factor;

	*extra = BL_ZERO;
	if (of->multiplied)
	{
		BL_TRY(of->of_energy ? limit_energy(r, q, &factor) : limit_factor(r, q, piece, &factor));
		BL_TRY(bl_dec_mul(*limit, factor, limit));
	}
	if (of->daily)
		BL_TRY(bl_dec_mul(*limit, bl_dec(bl_tiers_window_days(r, tiers, bl_tiers_window(r, tiers, piece)), 0), limit));
	for (int i = 0; i < q->allowances; i++)
	{
		const BlAllowance *a = &q->allowance[i];
		BlDec		kwh = a->kwh;
		int64_t		months;
		bool		holds;

		if (a->first_only && step > 0)
			continue;
		BL_TRY(bl_condition_holds(r, &a->when, piece, &holds));
		if (!holds)
			continue;
		if (a->since_term >= 0)
		{
			BL_TRY(months_of_allowance(r, q, a, bl_tiers_window(r, tiers, piece), piece, &months));
			BL_TRY(bl_dec_mul(kwh, bl_dec(months, 0), &kwh));
			BL_TRY(bl_dec_add(*extra, kwh, extra));
			continue;
		}
		if (q->per == BL_PER_YEAR && a->per == BL_PER_MONTH)
			BL_TRY(bl_dec_mul(kwh, bl_dec(12, 0), &kwh));
		BL_TRY(bl_dec_add(*limit, kwh, limit));
	}
	return BL_OK;
}

/* value as a whole number of 1 / (den * 10^scale) kWh */
BlStatus
bl_on_ladder(const BlLadder *l, BlDec value, int64_t num, BlInt128 *out)
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

/*
 * The same limits as whole numbers of 1 / 10^scale kWh, where decimals can say
 * all of them: 300 kWh a month of thirty days are 310 in 31 days.
 */
static void
whole_limits(BlLadder *l)
{
	int64_t		divisor = l->den;	/* of all limits */
	int			scale = l->scale;
	BlInt128	times = 1,
				limit[BL_TARIFF_STEPS_MAX];

	for (int k = 0; k < l->steps->n && divisor > 1; k++)
		if (l->steps->step[k].limited)
		{
			BlInt128	a = l->limit[k];

			for (BlInt128 rest; (rest = a % divisor) != 0;)
			{
				a = divisor;
				divisor = (int64_t) (rest < 0 ? -rest : rest);
			}
		}
	/* what is left may still be tenths */
	for (; times % (l->den / divisor) != 0; times *= 10, scale++)
		if (scale == BL_SCALE_MAX || scale - l->scale == 18)
			return;
	times /= l->den / divisor;
	for (int k = 0; k < l->steps->n; k++)
		if (l->steps->step[k].limited && __builtin_mul_overflow(l->limit[k] / divisor, times, &limit[k]))
			return;
	for (int k = 0; k < l->steps->n; k++)
		if (l->steps->step[k].limited)
			l->limit[k] = limit[k];
	l->den = 1;
	l->scale = scale;
}

BlStatus
bl_make_ladder(BlRate *r, const BlTiers *tiers, int piece, int scale, int period, BlLadder *l)
{
	BlDec		limit[BL_TARIFF_STEPS_MAX],
				extra[BL_TARIFF_STEPS_MAX];
	int64_t		num;

	l->steps = period >= 0 ? &tiers->steps[period] : bl_tiers_steps(r, tiers, piece);
	l->scale = scale;
	BL_TRY(limit_scale(r, tiers, piece, &num, &l->den));
	for (int k = 0; k < l->steps->n; k++)
	{
		if (!l->steps->step[k].limited)
			continue;
		limit[k] = l->steps->step[k].to;
		BL_TRY(one_limit(r, tiers, piece, k, &l->steps->step[k], &limit[k], &extra[k]));
		limit[k] = bl_dec_trim(limit[k]);
		extra[k] = bl_dec_trim(extra[k]);
		l->scale = limit[k].scale > l->scale ? limit[k].scale : l->scale;
		l->scale = extra[k].scale > l->scale ? extra[k].scale : l->scale;
	}
	for (int k = 0; k < l->steps->n && tiers->q->blocks; k++)
	{
		BlDec		block = bl_dec_trim(l->steps->step[k].block);

		l->scale = block.scale > l->scale ? block.scale : l->scale;
	}
	for (int k = 0; k < l->steps->n; k++)
	{
		BlInt128	more;

		if (!l->steps->step[k].limited)
			continue;
		BL_TRY(bl_on_ladder(l, limit[k], num, &l->limit[k]));
		BL_TRY(bl_on_ladder(l, extra[k], l->den, &more));
		if (__builtin_add_overflow(l->limit[k], more, &l->limit[k]))
			return BL_OVERFLOW;
	}
	if (l->den != 1)
		whole_limits(l);
	steps_inside(l);
	/* an allowance on the first step may lift it above the second */
	for (int k = 1; k < l->steps->n; k++)
		if (l->steps->step[k].limited && l->steps->step[k - 1].limited && l->limit[k] < l->limit[k - 1])
			l->limit[k] = l->limit[k - 1];
	for (int k = 0; k < l->steps->n && tiers->q->blocks; k++)
		BL_TRY(bl_on_ladder(l, bl_dec_trim(l->steps->step[k].block), l->den, &l->block[k]));
	return BL_OK;
}

static BlStatus
beyond(BlRate *r, const BlCharge *q)
{
	bl_problem(r->problem, BL_TARIFF_GAP, "the energy goes beyond the last tier of charge \"%.*s\"", q->code.length, q->code.text);
	return bl_problem_hint(r->problem, "Add a step without a limit, or \"beyond\": \"last\".");
}

/* how much of (from, to] lies in each step; a last place takes what lies beyond and is free */
BlStatus
bl_climb(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 from, BlInt128 to, BlInt128 *part)
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
BlStatus
bl_ladder_reached(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 at, int *step)
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
BlStatus
bl_ladder_all_below(BlRate *r, const BlTiers *tiers, const BlLadder *l, BlInt128 end, BlInt128 *part, int *all)
{
	int			step;

	*all = -1;
	BL_TRY(bl_ladder_reached(r, tiers, l, end, &step));
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
void
bl_count_packages(const BlLadder *l, bool volume, int all, const BlInt128 *part, BlInt128 from, BlDec *tier)
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

BlDec
bl_quantity_step(const BlRate *r)
{
	return r->t->rounding.quantity.set ? r->t->rounding.quantity.step : bl_dec(1, 6);
}

/* energy in parts proportional to weights: exactly where decimals can say it, else in whole steps */
BlStatus
bl_divide_tiers(const BlRate *r, const BlLadder *l, BlDec energy, const BlInt128 *weight, int n, BlDec *part)
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
	BL_TRY(bl_dec_round(energy, &(BlRounding) {true, BL_DOWN, bl_quantity_step(r)}, &whole));
	BL_TRY(bl_dec_sub(energy, whole, &rest));
	BL_TRY(bl_split(whole, bl_quantity_step(r), weight, n, part));
	while (last > 0 && weight[last] == 0)
		last--;
	return bl_dec_add(part[last], rest, &part[last]);
}
