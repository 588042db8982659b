/*
 * rate_demand.c - charges on power: the measured peak, what is billed of it, its memory in the carry
 *
 * The kW is measured once over the billed span; contract, floor and price may
 * differ between its pieces.
 */
#include "rate_work.h"

/* a moment outside the billed span is another bill's */
static bool
in_span(const BlRate *r, const BlRecordedDemand *d)
{
	return !d->has_moment || (d->moment >= r->b->day[0].start && d->moment < r->b->day[r->b->days].start);
}

static BlStatus
demand_of_part(BlRate *r, const BlUsagePart *part)
{
	bl_problem(r->problem, BL_NO_USAGE, "part \"%.*s\" has no recorded demand, but another part has",
			   part->name.length, part->name.text);
	return bl_problem_hint(r->problem, "Give the recorded demand of each part, 0 where there is none, or charge the parts apart.");
}

/* the highest recorded demand of a part and period, in kW or kVA; of the whole the highest of each part, added */
BlStatus
bl_recorded(BlRate *r, int part, BlText period, bool apparent, bool *found, BlDec *kw)
{
	const BlPartRule *rule = &r->t->part[part];
	const BlUsagePart *without = NULL;

	*found = false;
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *u = &r->usage->part[i];
		const uint8_t *next = u->demand_bytes;
		bool		any = false,
					has = false;
		BlDec		highest = BL_ZERO;

		if (!rule->whole && !bl_text_equal(u->name, rule->name))
			continue;
		for (int k = 0; k < u->demands; k++)
		{
			BlRecordedDemand d;

			bl_usage_demand(u, &next, &d);
			if (!in_span(r, &d) || d.apparent != apparent)
				continue;
			any = true;
			if (!bl_text_equal(d.period, period))
				continue;
			if (!has || bl_dec_cmp(d.kw, highest) > 0)
				highest = d.kw;
			has = true;
		}
		if (has && *found)
			BL_TRY(bl_dec_add(*kw, highest, kw));
		else if (has)
			*kw = highest;
		*found = *found || has;
		if (!any && (u->profile[BL_IMPORT] != NULL || bl_has_registers(u, BL_IMPORT) ||
					 (apparent && u->profile[BL_APPARENT] != NULL)))
			without = u;
	}
	return *found && without != NULL ? demand_of_part(r, without) : BL_OK;
}

/* a recorded demand of a period that the charge's schedule does not have would be left out in silence */
static BlStatus
check_recorded_periods(BlRate *r, const BlCharge *q)
{
	const BlPartRule *rule = &r->t->part[q->part];
	const BlSchedule *s = &r->t->schedule[q->schedule];

	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *u = &r->usage->part[i];
		const uint8_t *next = u->demand_bytes;

		for (int k = 0; k < u->demands && (rule->whole || bl_text_equal(u->name, rule->name)); k++)
		{
			BlRecordedDemand d;
			int			period = s->periods - 1;

			bl_usage_demand(u, &next, &d);
			while (period >= 0 && !bl_text_equal(s->period[period], d.period))
				period--;
			if (period >= 0 || d.period.length == 0 || !in_span(r, &d) || d.apparent != (q->channel == BL_APPARENT))
				continue;
			bl_problem(r->problem, BL_NO_USAGE, "part \"%.*s\" has a recorded demand of a period that the tariff does not have",
					   u->name.length, u->name.text);
			bl_problem_detail(r->problem, "The demand's period is \"%.*s\".", d.period.length, d.period.text);
			return bl_problem_hint(r->problem, "Use the tariff's names of periods.");
		}
	}
	return BL_OK;
}

/* energy of a window of minutes to kW: exact, else half-up at 10^-6 */
static BlStatus
power_of(BlInt128 value, int scale, int minutes, BlDec *kw)
{
	BlDec		kwh = {value, scale},
				back;

	/* a slot that divides the hour: no division */
	if (60 % minutes == 0 && scale >= 0 && value <= INT32_MAX && value >= -INT32_MAX)
	{
		*kw = bl_dec_trim(bl_dec((int64_t) value * (60 / minutes), scale));
		return BL_OK;
	}
	while (kwh.scale < 0)
	{
		if (__builtin_mul_overflow(kwh.coefficient, (BlInt128) 10, &kwh.coefficient))
			return BL_OVERFLOW;
		kwh.scale++;
	}
	if (__builtin_mul_overflow(kwh.coefficient, (BlInt128) 60, &kwh.coefficient))
		return BL_OVERFLOW;
	BL_TRY(bl_dec_div(kwh, bl_dec(minutes, 0), BL_ENERGY_SCALE + 3, BL_HALF_UP, kw));
	/* a quotient that ends is exact; one that does not is cut at 10^-6 */
	BL_TRY(bl_dec_mul(*kw, bl_dec(minutes, 0), &back));
	if (bl_dec_cmp(back, kwh) != 0)
		BL_TRY(bl_dec_div(kwh, bl_dec(minutes, 0), 6, BL_HALF_UP, kw));
	*kw = bl_dec_trim(*kw);
	return BL_OK;
}

static BlStatus
by_size(const BlInt128 *day_peak, const bool *has, int days, int n, BlInt128 *sum, int *used)
{
	bool		taken[BL_RATE_DAYS_MAX + 1];

	memset(taken, 0, sizeof taken);
	*sum = 0;
	for (*used = 0; *used < n; (*used)++)
	{
		int			best = -1;

		for (int d = 0; d < days; d++)
			if (has[d] && !taken[d] && (best < 0 || day_peak[d] > day_peak[best]))
				best = d;
		if (best < 0)
			break;
		taken[best] = true;
		*sum += day_peak[best];
	}
	return BL_OK;
}

/* of how many days the highest are taken */
static int
on_days(const BlCharge *q)
{
	return q->mean_of > 1 && q->of_months == 0 ? q->mean_of : 1;
}

/* Slots [from, to) under a window that only moves on. */
typedef struct Window
{
	const BlSlots *slots;
	const bool *outside;		/* of each slot: not in the wanted periods; NULL: all are wanted */
	int			from;
	int			to;
	int			strangers;		/* slots outside */
	BlInt128	sum;
} Window;

static void
move_window(Window *w, int from, int to)
{
	for (; w->to < to; w->to++)
	{
		w->sum += w->slots->value[w->to];
		w->strangers += w->outside != NULL && w->outside[w->to];
	}
	for (; w->from < from; w->from++)
	{
		w->sum -= w->slots->value[w->from];
		w->strangers -= w->outside != NULL && w->outside[w->from];
	}
}

static BlStatus
slots_outside(BlRate *r, const BlCharge *q, const BlSlots *slots, unsigned periods, const bool **outside)
{
	bool	   *out = bl_arena_get(r->arena, (size_t) slots->n + 1);

	*outside = out;
	if (out == NULL)
		return BL_NO_SPACE;
	for (int i = 0, day = 0, end; i < slots->n; i = end)
	{
		int			p;

		end = bl_period_run(r, q->schedule, slots, i, &day, &p);
		end = end < slots->n ? end : slots->n;
		memset(out + i, p < 0 || !(periods & 1u << p), (size_t) (end - i));
		bl_arena_poll(r->arena);
	}
	return BL_OK;
}

/*
 * The highest sum of a sliding window that begins in slots [from, to), where all the slots are
 * small enough for the sums; false: they are not.
 */
static bool
small_peak(const BlSlots *slots, int from, int to, int window, int64_t *best)
{
	const int64_t *value = slots->value;
	int64_t		sum = 0,
				top;

	if (!bl_slots_small(slots, from, to + window - 1))
		return false;
	for (int k = 0; k < window; k++)
		sum += value[from + k];
	top = sum;
	for (int i = from + 1; i < to; i++)
	{
		sum += value[i + window - 1] - value[i - 1];
		top = top > sum ? top : sum;
	}
	*best = top;
	return true;
}

/* the days' peaks of windows that slide over all slots; false: it takes the careful way */
static bool
slide_days(BlRate *r, const BlSlots *slots, int window, BlInt128 *day_peak, bool *has)
{
	int			last = slots->n - window + 1;

	for (int day = 0, from = 0, to; day < r->b->days && from < last; day++, from = to)
	{
		int64_t		best;

		/* windows that begin on the day */
		to = (r->b->day[day + 1].start - slots->start + slots->minutes - 1) / slots->minutes;
		to = to < last ? to : last;
		bl_arena_poll(r->arena);
		if (to <= from)
			to = from;
		else if (!small_peak(slots, from, to, window, &best))
			return false;
		else
		{
			has[day] = true;
			day_peak[day] = best;
		}
	}
	return true;
}

/* how many slots a window has */
static BlStatus
window_of(BlRate *r, const BlCharge *q, const BlSlots *slots, int *window)
{
	*window = q->window_minutes ? q->window_minutes / slots->minutes : 1;
	if (*window < 1 && q->any_slot)
		*window = 1;
	else if (*window < 1 || (q->window_minutes && q->window_minutes % slots->minutes != 0))
	{
		bl_problem(r->problem, BL_UNALIGNED, "demand over %d minutes needs slots that divide them", q->window_minutes);
		bl_problem_detail(r->problem, "The profile has slots of %d minutes.", slots->minutes);
		return bl_problem_hint(r->problem, "Resample the profile.");
	}
	return BL_OK;
}

/* the highest window of each day, of some periods (bits; 0: all); none where has is false */
static BlStatus
day_peaks(BlRate *r, const BlCharge *q, const BlSlots *slots, int window, unsigned periods, BlInt128 *day_peak, bool *has)
{
	Window		w = {.slots = slots};
	int			day = 0;

	memset(has, 0, (size_t) r->b->days + 1);
	if (periods != 0)
		BL_TRY(slots_outside(r, q, slots, periods, &w.outside));
	else if (q->sliding && slide_days(r, slots, window, day_peak, has))
		return BL_OK;
	for (int i = 0; i < slots->n; i += q->sliding ? 1 : 0)
	{
		int32_t		at = slots->start + i * slots->minutes;
		int			n = window;

		if (i % 4096 == 0)
			bl_arena_poll(r->arena);
		while (at >= r->b->day[day + 1].start)
			day++;
		if (!q->sliding)
		{
			/* blocks begin at midnight; the last of a day or of the span may be short */
			int			left = (r->b->day[day + 1].start - at) / slots->minutes;

			if (left < 1)
			{
				bl_problem(r->problem, BL_UNALIGNED, "demand needs slots that do not reach across midnight of the tariff's zone");
				return bl_problem_hint(r->problem, "Resample the profile to slots that divide the day there.");
			}
			n = n < left ? n : left;
		}
		else if (i + n > slots->n)
			break;
		move_window(&w, i, i + n);
		/* a window counts for the wanted periods only if all of it lies in them */
		if (w.strangers == 0 && (!has[day] || w.sum > day_peak[day]))
		{
			has[day] = true;
			day_peak[day] = w.sum;
		}
		if (!q->sliding)
			i += n;
	}
	return BL_OK;
}

/* peaks by windows of several slots, or the mean of several days */
static BlStatus
window_peak(BlRate *r, const BlCharge *q, BlScan *s, unsigned periods, bool *found, BlDec *kw)
{
	BlSlots		slots;
	BlInt128   *day_peak = bl_arena_get(r->arena, sizeof *day_peak * (size_t) (r->b->days + 1));
	bool	   *has = bl_arena_get(r->arena, (size_t) r->b->days + 1);
	BlInt128	sum;
	int			window,
				used;

	if (day_peak == NULL || has == NULL)
		return BL_NO_SPACE;
	BL_TRY(bl_slots_of(r, s, &slots));
	BL_TRY(window_of(r, q, &slots, &window));
	BL_TRY(day_peaks(r, q, &slots, window, periods, day_peak, has));
	BL_TRY(by_size(day_peak, has, r->b->days, on_days(q), &sum, &used));
	*found = used > 0;
	return *found ? power_of(sum, slots.scale, window * slots.minutes * used, kw) : BL_OK;
}

/* the mean of several days, of each the highest window times the weight of its period */
static BlStatus
weighted_days(BlRate *r, const BlCharge *q, BlScan *s, bool *found, BlDec *kw)
{
	BlSlots		slots;
	size_t		days = (size_t) r->b->days + 1;
	BlInt128   *day_peak = bl_arena_get(r->arena, sizeof *day_peak * days),
			   *highest = bl_arena_get(r->arena, sizeof *highest * days);
	bool	   *has = bl_arena_get(r->arena, days),
			   *any = bl_arena_get(r->arena, days);
	BlInt128	sum;
	int			scale = 0,
				window,
				used;

	if (day_peak == NULL || highest == NULL || has == NULL || any == NULL)
		return BL_NO_SPACE;
	BL_TRY(bl_slots_of(r, s, &slots));
	BL_TRY(window_of(r, q, &slots, &window));
	for (int k = 0; k < q->weights; k++)
		scale = q->weight[k].scale > scale ? q->weight[k].scale : scale;
	for (int k = 0; k < q->weights; k++)
	{
		BlInt128	weight = q->weight[k].coefficient * bl_pow10(scale - q->weight[k].scale);

		if (weight == 0)
			continue;
		BL_TRY(day_peaks(r, q, &slots, window, 1u << k, day_peak, has));
		for (int i = 0; i < r->b->days; i++)
		{
			BlInt128	one;

			if (!has[i])
				continue;
			if (__builtin_mul_overflow(day_peak[i], weight, &one))
				return BL_OVERFLOW;
			highest[i] = any[i] && highest[i] > one ? highest[i] : one;
			any[i] = true;
		}
	}
	BL_TRY(by_size(highest, any, r->b->days, on_days(q), &sum, &used));
	*found = used > 0;
	return *found ? power_of(sum, slots.scale + scale, window * slots.minutes * used, kw) : BL_OK;
}

static bool
has_profile(const BlRate *r, const BlScan *s)
{
	const BlPartRule *rule = &r->t->part[s->part];

	for (int i = 0; i < r->usage->parts; i++)
		if (r->usage->part[i].profile[s->channel] != NULL && (rule->whole || bl_text_equal(r->usage->part[i].name, rule->name)))
			return true;
	return false;
}

/* the measured kW of a charge, of the wanted periods (bits; 0: all) */
BlStatus
bl_measured_kw(BlRate *r, const BlCharge *q, unsigned periods, bool *found, BlDec *kw)
{
	BlScan	   *s = NULL;
	int64_t		best = 0;

	*found = false;
	if (q >= r->t->charge && q < r->t->charge + r->t->charges)
		s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	if (s == NULL)
	{
		BlScan		whole = {.part = 1, .channel = BL_IMPORT, .schedule = BL_SCHEDULE_TOTAL, .periods = 1};
		bool		any = false;

		for (int i = 0; i < r->usage->parts; i++)
			any = any || r->usage->part[i].profile[BL_IMPORT] != NULL;
		return any ? window_peak(r, q, &whole, 0, found, kw) : BL_OK;
	}
	BL_TRY(bl_measure(r, s));
	if (!s->found || s->peak_minutes == 0)
	{
		/* a profile that does not bill, or those of several parts: only slots can tell, if there are any */
		return has_profile(r, s) ? window_peak(r, q, s, periods, found, kw) : BL_OK;
	}
	if ((q->window_minutes != 0 && q->window_minutes != s->peak_minutes &&
		 !(q->any_slot && q->window_minutes < s->peak_minutes)) || on_days(q) > 1)
		return window_peak(r, q, s, periods, found, kw);
	for (int k = 0; k < (s->peaks == BL_PEAK_SPAN ? 1 : s->periods); k++)
		if (s->has_peak[k] && (s->peaks == BL_PEAK_SPAN || periods == 0 || (periods & 1u << k)) &&
			(!*found || s->peak[k] > best))
		{
			*found = true;
			best = s->peak[k];
		}
	return *found ? power_of(best, s->peak_scale, s->peak_minutes, kw) : BL_OK;
}

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

/* of some periods (bits; 0: all): what is recorded, else what the profile has */
static BlStatus
recorded_or_measured(BlRate *r, const BlCharge *q, unsigned periods, bool *found, BlDec *kw)
{
	/* meters record the demand of what is taken */
	bool		recorded = q->channel == BL_IMPORT || q->channel == BL_APPARENT,
				apparent = q->channel == BL_APPARENT;

	*found = false;
	if (periods != 0 && recorded)
		BL_TRY(check_recorded_periods(r, q));
	for (int k = 0; k < 32 && periods != 0 && recorded; k++)
		if (periods & 1u << k)
		{
			BlDec		one;
			bool		has;

			BL_TRY(bl_recorded(r, q->part, r->t->schedule[q->schedule].period[k], apparent, &has, &one));
			if (has && (!*found || bl_dec_cmp(one, *kw) > 0))
				*kw = one;
			*found = *found || has;
		}
	if (periods == 0 && recorded)
		BL_TRY(bl_recorded(r, q->part, (BlText) {"", 0}, apparent, found, kw));
	return *found ? BL_OK : bl_measured_kw(r, q, periods, found, kw);
}

/* is a demand of one of the charge's periods recorded? */
static BlStatus
any_recorded(BlRate *r, const BlCharge *q, bool *any)
{
	*any = false;
	for (int k = 0; k < q->weights && !*any && (q->channel == BL_IMPORT || q->channel == BL_APPARENT); k++)
	{
		BlDec		kw;

		if (q->weight[k].coefficient != 0)
			BL_TRY(bl_recorded(r, q->part, r->t->schedule[q->schedule].period[k], q->channel == BL_APPARENT, any, &kw));
	}
	return BL_OK;
}

/* the highest of the periods, each by its weight; of days, the mean of the highest */
static BlStatus
weighted(BlRate *r, const BlCharge *q, bool *found, BlDec *kw)
{
	BlScan	   *s = &r->b->scan[r->b->scan_of[q - r->t->charge]];
	bool		recorded;

	*found = false;
	BL_TRY(any_recorded(r, q, &recorded));
	if (on_days(q) > 1 && !recorded)
	{
		BL_TRY(bl_measure(r, s));
		return has_profile(r, s) ? weighted_days(r, q, s, found, kw) : BL_OK;
	}
	for (int k = 0; k < q->weights; k++)
	{
		BlDec		one;
		bool		has;

		if (q->weight[k].coefficient == 0)
			continue;
		BL_TRY(recorded_or_measured(r, q, 1u << k, &has, &one));
		if (!has)
			continue;
		BL_TRY(bl_dec_mul(one, q->weight[k], &one));
		if (!*found || bl_dec_cmp(one, *kw) > 0)
			*kw = one;
		*found = true;
	}
	return BL_OK;
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
	if (q->weights > 0)
		BL_TRY(weighted(r, q, &found, &measured));
	else
		BL_TRY(recorded_or_measured(r, q, period >= 0 ? 1u << period : q->periods, &found, &measured));
	*found_any |= found;
	if (!found && period >= 0)
		return BL_OK;			/* a period that did not occur; the caller asks whether any did */
	if (!found && (q->periods != 0 || q->weights > 0) && has_profile(r, &r->b->scan[r->b->scan_of[q - r->t->charge]]))
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
