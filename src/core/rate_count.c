/*
 * rate_count.c - the counts that tiers go by: their windows, where they stand, what the carry keeps
 */
#include "rate_tiers.h"

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
int32_t
bl_tiers_window(const BlRate *r, const BlTiers *tiers, int piece)
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
int
bl_tiers_window_days(const BlRate *r, const BlTiers *tiers, int32_t window)
{
	int			days = 0;

	for (int i = 0; i < r->pieces; i++)
		if (bl_tiers_window(r, tiers, i) == window)
			days += r->piece[i].end - r->piece[i].first;
	return days;
}

/* the steps that hold in a piece; a calendar month with its own count has those of its first day */
const BlSteps *
bl_tiers_steps(const BlRate *r, const BlTiers *tiers, int piece)
{
	if (tiers->season_steps == 0)
		return tiers->steps;
	if (tiers->q->per == BL_PER_MONTH && tiers->q->month == BL_MONTH_EACH)
		return &tiers->steps[season_of(r->t, bl_tiers_window(r, tiers, piece))];
	return &tiers->steps[r->piece[piece].season];
}

BlCount *
bl_find_count(BlRate *r, BlText name)
{
	for (int i = 0; i < r->counts; i++)
		if (bl_text_equal(r->count[i].name, name))
			return &r->count[i];
	return NULL;
}

BlText
bl_count_name(BlRate *r, const BlCharge *q, int period)
{
	if (period < 0)
		return q->counter;
	return bl_joined_name(r->arena, q->counter, r->t->schedule[q->schedule].period[period]);
}

bool
bl_counts_by_period(const BlCharge *q)
{
	return q->kind == BL_CHARGE_TIERS && q->split == BL_SPLIT_COUNTERS;
}

/* the energy of the pieces [piece, end), of one period or (-1) of all */
BlStatus
bl_stretch_energy(const BlRate *r, const BlScan *s, int piece, int end, int period, BlDec *energy)
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

BlStatus
bl_holds_somewhere(BlRate *r, const BlCharge *q, bool *holds)
{
	*holds = false;
	for (int i = 0; i < r->pieces && !*holds; i++)
		BL_TRY(bl_charge_holds(r, q, i, holds));
	return BL_OK;
}

/* enters what a charge counts; of charges that share a counter the first that holds counts a piece */
BlStatus
bl_prepare_count(BlRate *r, const BlCharge *q, BlScan *s, int period)
{
	BlText		name = bl_count_name(r, q, period);
	BlCount    *c = bl_find_count(r, name);
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
		BL_TRY(bl_stretch_energy(r, s, i, i + 1, period, &c->counted[i]));
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

static int32_t
months_later(int32_t day, int months)
{
	BlDate		d = bl_date_of(day);

	return bl_day_of(d.year, d.month + months, d.day);
}

/*
 * A count of the same name by another span, which meets this one: it holds
 * some of the same energy, and nobody could say how much.
 */
static BlStatus
check_kind(const BlRate *r, const BlCount *c, int32_t window)
{
	static const char *const kinds[] = {"year", "month", "from"};
	int32_t		end = c->kind == BL_COUNTER_FROM ? r->b->until : months_later(window, c->kind == BL_COUNTER_YEAR ? 12 : 1);

	for (int i = 0; c->carried && r->opening != NULL && i < r->opening->counters; i++)
	{
		const BlCounter *o = &r->opening->counter[i];
		int32_t		from = o->first_day;

		if (o->kind == c->kind || !bl_text_equal(o->name, c->name))
			continue;
		/* the tariff knows the first day of its year */
		if (o->kind == BL_COUNTER_YEAR)
			from = bl_day_of(bl_date_of(from).year, r->t->year_month, r->t->year_day);
		if (from >= end || window >= months_later(from, o->kind == BL_COUNTER_MONTH ? 1 : 12))
			continue;
		bl_problem(r->problem, BL_BAD_CARRY, "the carry's counter \"%.*s\" goes by another span than the tariff's",
				   c->name.length, c->name.text);
		bl_problem_detail(r->problem, "It has \"%s\"; the tariff counts by \"%s\".", kinds[o->kind], kinds[c->kind]);
		return bl_problem_hint(r->problem, "Give the charge another \"counter\", or take the old one out of the carry.");
	}
	return BL_OK;
}

/* the count at the start of a piece (or, with end, at its end) */
BlStatus
bl_count_at(BlRate *r, const BlTiers *tiers, const BlCount *c, int piece, bool end, BlDec *at)
{
	int32_t		window = bl_tiers_window(r, tiers, piece);

	BL_TRY(check_kind(r, c, window));
	*at = carried_in(r, c, window);
	for (int i = 0; i < piece + end; i++)
		if (c->set[i] && bl_tiers_window(r, tiers, i) == window)
			BL_TRY(bl_dec_add(*at, c->counted[i], at));
	return BL_OK;
}

/* the closing carry of every carried count that moved */
BlStatus
bl_close_counts(BlRate *r, const BlTiers *tiers, BlCount *c)
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
	BL_TRY(bl_count_at(r, tiers, c, last, true, &entry.kwh));
	entry.kwh = bl_dec_trim(entry.kwh);
	entry.first_day = bl_tiers_window(r, tiers, last);
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

void
bl_tiers_of(BlRate *r, const BlCharge *q, BlTiers *tiers)
{
	*tiers = (BlTiers) {.q = q, .scan = &r->b->scan[r->b->scan_of[q - r->t->charge]],
	.steps = q->steps, .season_steps = q->season_steps,
	.by_period = q->step_by_period || bl_counts_by_period(q)};
}
