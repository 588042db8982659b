/*
 * rate_peak.c - the demand of a span: what is recorded, the highest block or window, the mean of several days, weights
 */
#include "rate_slots.h"
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
	if (q->sum_of_days)
		return BL_RATE_DAYS_MAX;
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
	if (!bl_slots_small(slots, from, to + window - 1))
		return false;
	*best = bl_slots_window_top(slots->value + from, to - from, window, bl_days_wide_here());
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
	return *found ? power_of(sum, slots.scale, window * slots.minutes * (q->sum_of_days ? 1 : used), kw) : BL_OK;
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
	return *found ? power_of(sum, slots.scale + scale, window * slots.minutes * (q->sum_of_days ? 1 : used), kw) : BL_OK;
}

bool
bl_has_profile(const BlRate *r, const BlScan *s)
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
		return bl_has_profile(r, s) ? window_peak(r, q, s, periods, found, kw) : BL_OK;
	}
	/* for windows that slide no peaks were looked for (bind.c), or those that another charge wants */
	if (q->sliding || (q->window_minutes != 0 && q->window_minutes != s->peak_minutes &&
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

/* meters record the demand of what is taken, the highest of all days */
static bool
may_be_recorded(const BlCharge *q)
{
	return (q->channel == BL_IMPORT || q->channel == BL_APPARENT) && !q->sum_of_days;
}

/* of some periods (bits; 0: all): what is recorded, else what the profile has */
static BlStatus
recorded_or_measured(BlRate *r, const BlCharge *q, unsigned periods, bool *found, BlDec *kw)
{
	bool		recorded = may_be_recorded(q),
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
	for (int k = 0; k < q->weights && !*any && may_be_recorded(q); k++)
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
		if (may_be_recorded(q))
			BL_TRY(check_recorded_periods(r, q));
		BL_TRY(bl_measure(r, s));
		return bl_has_profile(r, s) ? weighted_days(r, q, s, found, kw) : BL_OK;
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

BlStatus
bl_demand_kw(BlRate *r, const BlCharge *q, int period, bool *found, BlDec *kw)
{
	if (q->weights > 0)
		return weighted(r, q, found, kw);
	return recorded_or_measured(r, q, period >= 0 ? 1u << period : q->periods, found, kw);
}
