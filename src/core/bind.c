/*
 * bind.c - a tariff meets its market and a span: days, maps of periods, cuts
 */
#include "rate_work.h"

int32_t
bl_year_start(const BlTariff *t, int32_t day)
{
	BlDate		date = bl_date_of(day);
	int32_t		start = bl_day_of(date.year, t->year_month, t->year_day);

	return start <= day ? start : bl_day_of(date.year - 1, t->year_month, t->year_day);
}

static BlStatus
no_space(BlProblem *problem)
{
	return bl_problem(problem, BL_NO_SPACE, "not enough memory to rate");
}

static BlStatus
no_market(BlProblem *problem, const char *what, BlText name, const char *hint)
{
	bl_problem(problem, BL_NO_MARKET, "the market value has no %s%s%.*s%s", what, name.length ? " \"" : "",
			   name.length, name.text, name.length ? "\"" : "");
	return bl_problem_hint(problem, "%s", hint);
}

/* ---- days and their maps ------------------------------------------------- */

/* bits of BL_DAYS_ of a local day */
static unsigned
kind_of(const BlBound *b, int32_t day)
{
	int			weekday = bl_weekday(day);
	unsigned	kind = 1u << weekday;
	bool		known = b->tariff->says_holiday && b->market != NULL;

	if (known && bl_day_listed(b->market->holiday, b->market->holidays, day))
		return kind | BL_DAYS_HOLIDAY;
	if (weekday < 5 || (known && bl_day_listed(b->market->workday, b->market->workdays, day)))
		return kind | BL_DAYS_WEEKDAY;
	return kind | BL_DAYS_WEEKEND;
}

static bool
window_holds(const BlWindow *w, const BlDay *d, unsigned kind)
{
	return (w->months == 0 || (w->months & 1u << d->month)) && (w->season < 0 || w->season == d->season) &&
		(w->days == 0 || (w->days & kind));
}

static void
paint(int8_t *minutes, int from, int to, int period)
{
	if (from < 0)
		from = 0;
	if (to > BL_MINUTES_PER_DAY)
		to = BL_MINUTES_PER_DAY;
	if (from < to)
		memset(minutes + from, period, (size_t) (to - from));
}

/* the wall-clock minute of the day at a moment of it */
static int
wall_minute(const BlBound *b, int32_t day_number, int32_t minute)
{
	return (int) ((int64_t) minute + bl_zone_offset(b->zone, minute) - (int64_t) day_number * BL_MINUTES_PER_DAY);
}

/* the first of some events that goes on beyond a moment (or day) */
static int
event_beyond(const BlEvent *event, int n, int32_t at)
{
	int			lo = 0,
				hi = n;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;

		if (event[mid].until > at)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* marks the wall-clock minutes of a day that lie inside events of a list */
static void
mark_events(const BlBound *b, const BlEvents *events, int32_t number, const BlDay *d, int8_t *inside)
{
	int			i = event_beyond(events->event, events->whole_days, number);
	int32_t		end = d->start + d->minutes;

	memset(inside, 0, BL_MINUTES_PER_DAY);
	if (i < events->whole_days && events->event[i].from <= number)
		memset(inside, 1, BL_MINUTES_PER_DAY);
	for (i = events->whole_days + event_beyond(events->event + events->whole_days, events->n - events->whole_days, d->start);
		 i < events->n && events->event[i].from < end; i++)
	{
		int32_t		from = events->event[i].from > d->start ? events->event[i].from : d->start;
		int32_t		until = events->event[i].until < end ? events->event[i].until : end;

		/* minute by minute, since on some days the clock does not run on */
		for (int32_t at = from; at < until; at++)
		{
			int			m = d->minutes == BL_MINUTES_PER_DAY ? at - d->start : wall_minute(b, number, at);

			if (m >= 0 && m < BL_MINUTES_PER_DAY)
				inside[m] = 1;
		}
	}
}

/* an event's window on one day, painted where nothing of an earlier event is; true if it meets the day */
static bool
paint_event(const BlWindow *w, const int8_t *inside, int8_t *minutes)
{
	int			at[2] = {w->from, 0},
				end[2] = {w->to, 0};
	bool		met = false;

	if (w->to <= w->from)
	{
		end[0] = BL_MINUTES_PER_DAY;
		end[1] = w->to;
	}
	for (int k = 0; k < 2; k++)
		for (int m = at[k]; m < end[k]; m++)
		{
			bool		paints = inside[m] && minutes[m] < 0;

			minutes[m] = paints ? (int8_t) w->period : minutes[m];
			met |= paints;
		}
	return met;
}

/* fills minutes[] with the day's periods; *events: some event had a part in it */
static BlStatus
day_periods(const BlBound *b, const BlSchedule *s, int32_t number, const BlDay *d,
			unsigned kind, int8_t *minutes, bool *events, BlProblem *problem)
{
	int8_t		plain[BL_MINUTES_PER_DAY];
	int8_t		inside[BL_MINUTES_PER_DAY];
	const BlEvents *marked = NULL;

	memset(minutes, -1, BL_MINUTES_PER_DAY);
	memset(plain, s->rest, sizeof plain);
	*events = false;
	for (int i = 0; i < s->windows; i++)
	{
		const BlWindow *w = &s->window[i];

		if (!window_holds(w, d, kind))
			continue;
		if (w->event.length > 0)
		{
			const BlEvents *list = bl_market_events(b->market, w->event);

			if (list != marked)
				mark_events(b, list, number, d, inside);
			marked = list;
			if (paint_event(w, inside, minutes))
				*events = true;
		}
		else if (w->to <= w->from)
		{
			paint(plain, 0, w->to, w->period);
			paint(plain, w->from, BL_MINUTES_PER_DAY, w->period);
		}
		else
			paint(plain, w->from, w->to, w->period);
	}
	for (int m = 0; m < BL_MINUTES_PER_DAY; m++)
	{
		if (minutes[m] < 0)
			minutes[m] = plain[m];
		if (minutes[m] < 0)
		{
			char		text[16];

			bl_day_text(number, text);
			bl_problem(problem, BL_TARIFF_GAP, "no period of the tariff covers %s %02d:%02d", text, m / 60, m % 60);
			return BL_TARIFF_GAP;
		}
	}
	return BL_OK;
}

static BlStatus
map_of(const int8_t *minutes, BlDayMap *map, BlProblem *problem)
{
	map->hourly = true;
	for (int m = 0; m < BL_MINUTES_PER_DAY; m++)
	{
		if (m > 0 && minutes[m] == minutes[m - 1])
			continue;
		if (map->runs == BL_MAP_RUNS_MAX)
			return bl_problem(problem, BL_LIMIT, "a day changes its period more than %d times", BL_MAP_RUNS_MAX);
		if (map->runs > 0)
			map->run[map->runs - 1].to = (int16_t) m;
		map->run[map->runs].from = (int16_t) m;
		map->run[map->runs].period = minutes[m];
		map->runs++;
		if (m % 60 != 0)
			map->hourly = false;
	}
	map->run[map->runs - 1].to = BL_MINUTES_PER_DAY;
	if (map->hourly)
		for (int h = 0; h < 24; h++)
		{
			int			period = minutes[h * 60];
			int			lane = h / 3;
			BlMask	   *mask = &map->mask[period];

			(lane % 2 ? mask->odd : mask->even)[h % 3][lane / 2] = UINT32_MAX;
			mask->lanes[h % 3] |= (uint8_t) (1 << lane);
			map->hour[h] = (int8_t) period;
			map->hours[period]++;
		}
	return BL_OK;
}

/* equal days of a schedule share a map, so that rating adds them up together */
static const BlDayMap *
shared_map(BlBound *b, int schedule, int days, BlDayMap *map)
{
	for (int i = days - 1; i >= 0 && i >= days - 62; i--)
		if (b->day[i].map[schedule] != NULL && memcmp(b->day[i].map[schedule]->run, map->run, sizeof map->run) == 0)
			return b->day[i].map[schedule];
	map->place = b->maps++ % BL_MAPS_AT_ONCE;
	return map;
}

/* of a schedule of one period */
#define ALL {UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX}
const BlDayMap bl_whole_day = {
	.runs = 1, .run = {{0, BL_MINUTES_PER_DAY, 0}}, .hourly = true, .hours = {24},
	.mask = {{.even = {ALL, ALL, ALL}, .odd = {ALL, ALL, ALL}, .lanes = {0xff, 0xff, 0xff}}}
};

typedef struct MapKey
{
	int			schedule;
	int			month;
	int			season;
	unsigned	kind;
	const BlDayMap *map;
} MapKey;

static BlStatus
bind_days(BlBound *b, BlArena *arena, BlProblem *problem)
{
	const BlTariff *t = b->tariff;
	MapKey	   *keys = bl_arena_room(arena, sizeof *keys * 2048);
	int			known = 0;
	int8_t		minutes[BL_MINUTES_PER_DAY];

	if (keys == NULL)
		return no_space(problem);
	for (int i = 0; i <= b->days; i++)
	{
		BlDay	   *d = &b->day[i];
		int32_t		number = b->from + i;
		BlDate		date = bl_date_of(number);
		int			leap_day = bl_day_of(2000, date.month, date.day) + 1;
		unsigned	kind = kind_of(b, number);

		d->start = bl_zone_midnight(b->zone, number);
		d->month = date.month;
		d->season = -1;
		for (int s = 0; s < t->seasons; s++)
			if (t->season[s].day[leap_day])
				d->season = s;
		if (i > 0)
			b->day[i - 1].minutes = d->start - b->day[i - 1].start;
		d->minutes = bl_zone_midnight(b->zone, number + 1) - d->start;
		/* a day that a zone skips has no minutes; more than two days' clock changes make no sense of any day */
		if (d->minutes < 0 || d->minutes > 3 * BL_MINUTES_PER_DAY || (i > 0 && b->day[i - 1].minutes < 0))
		{
			char		text[16];

			bl_day_text(number, text);
			bl_problem(problem, BL_BAD_ZONE, "the days of time zone \"%.*s\" do not follow each other on %s",
					   t->zone.length, t->zone.text, text);
			return bl_problem_hint(problem, "Check its offsets in the market value's \"zones\".");
		}
		if (i == b->days)
			break;
		bl_arena_poll(arena);
		for (int s = 0; s < t->schedules; s++)
		{
			BlDayMap   *map = NULL;
			bool		events;
			int			k;

			if (t->schedule[s].periods == 1 && t->schedule[s].windows == 0)
				continue;
			for (k = 0; k < known; k++)
				if (keys[k].schedule == s && keys[k].month == d->month &&
					keys[k].season == d->season && keys[k].kind == kind)
					break;
			/* a day of events is told apart only by looking */
			events = false;
			for (int w = 0; w < t->schedule[s].windows; w++)
				events = events || t->schedule[s].window[w].event.length > 0;
			if (k < known && !events)
			{
				d->map[s] = keys[k].map;
				continue;
			}
			BL_TRY(day_periods(b, &t->schedule[s], number, d, kind, minutes, &events, problem));
			if (k < known && !events)
			{
				d->map[s] = keys[k].map;
				continue;
			}
			map = bl_arena_get(arena, sizeof *map);
			if (map == NULL)
				return no_space(problem);
			BL_TRY(map_of(minutes, map, problem));
			d->map[s] = shared_map(b, s, i, map);
			if (!events && known < 2048)
				keys[known++] = (MapKey) {s, d->month, d->season, kind, d->map[s]};
		}
	}
	return BL_OK;
}

/* the days that can be added up hour by hour */
static BlStatus
bind_whole_days(BlBound *b, BlArena *arena, BlProblem *problem)
{
	const BlDayMap **map = bl_arena_get(arena, sizeof *map * (size_t) ((b->tariff->schedules + 1) * b->days));

	b->whole = map;
	if (map == NULL)
		return no_space(problem);
	for (int s = BL_SCHEDULE_TOTAL; s < b->tariff->schedules; s++)
		for (int i = 0; i < b->days; i++, map++)
		{
			const BlDay *d = &b->day[i];

			*map = s < 0 || d->map[s] == NULL ? &bl_whole_day : d->map[s];
			if (d->minutes != BL_MINUTES_PER_DAY || !(*map)->hourly)
				*map = NULL;
		}
	return BL_OK;
}

/* ---- cuts ------------------------------------------------------------------ */

static void
cut_at(const BlBound *b, bool *cut, int32_t day)
{
	if (day > b->from && day < b->until)
		cut[day - b->from] = true;
}

static void
cut_price(BlBound *b, bool *cut, const BlPrice *p, int depth)
{
	if (p == NULL || depth > 2 * BL_JSON_DEPTH)
		return;
	if (p->kind == BL_PRICE_VERSIONS)
		for (int i = 0; i < p->n; i++)
			cut_at(b, cut, p->day[i]);
	if (p->kind == BL_PRICE_PUBLISHED)
	{
		const BlPublished *list = bl_market_prices(b->market, p->name);

		for (int i = 0; list != NULL && i < list->n; i++)
			cut_at(b, cut, list->day[i]);
	}
	if (p->kind == BL_PRICE_COMPONENTS)
	{
		/* of a component that has been here once, every cut is known */
		for (int i = 0; i < p->n; i++)
			if (!b->component_cut[p->component[i]])
			{
				b->component_cut[p->component[i]] = true;
				cut_price(b, cut, b->tariff->component[p->component[i]].price, depth + 1);
			}
		for (int i = 0; i < p->multipliers; i++)
			cut_price(b, cut, p->multiplier[i], depth + 1);
	}
	if (p->item != NULL)
		for (int i = 0; i < p->n; i++)
			cut_price(b, cut, p->item[i], depth + 1);
}

static void
cut_dates(BlBound *b, bool *cut, const BlCharge *q)
{
	if (q->has_from)
		cut_at(b, cut, q->from);
	if (q->has_until)
		cut_at(b, cut, q->until);
	for (int i = 1; i < b->days && q->months != 0; i++)
		cut[i] = cut[i] || !(q->months & 1u << b->day[i].month) != !(q->months & 1u << b->day[i - 1].month);
}

static void
cut_charge(BlBound *b, bool *cut, const BlCharge *q)
{
	cut_dates(b, cut, q);
	cut_price(b, cut, q->price, 0);
	for (int i = 0; i < q->of_which; i++)
		cut_price(b, cut, q->of_which_price[i], 0);
	for (int s = 0; q->steps != NULL && s < bl_step_lists(q); s++)
		for (int i = 0; i < q->steps[s].n; i++)
		{
			cut_price(b, cut, q->steps[s].step[i].price, 0);
			cut_price(b, cut, q->steps[s].step[i].flat, 0);
		}
	if ((q->kind == BL_CHARGE_TIERS && q->per == BL_PER_YEAR) || bl_is_year_bound(q))
		for (int32_t day = bl_year_start(b->tariff, b->until - 1); day > b->from; day = bl_year_start(b->tariff, day - 1))
			cut_at(b, cut, day);
	if (q->kind == BL_CHARGE_TIERS && q->per == BL_PER_MONTH && q->month == BL_MONTH_EACH)
		for (int i = 1; i < b->days; i++)
			if (bl_date_of(b->from + i).day == 1)
				cut[i] = true;
}

/* does a price go by season, or (with t) a component that it names? */
static bool
season_price(const BlTariff *t, const BlPrice *p, int depth)
{
	if (p == NULL || depth > 2 * BL_JSON_DEPTH)
		return false;
	if (p->kind == BL_PRICE_BY_SEASON)
		return true;
	for (int i = 0; t != NULL && p->kind == BL_PRICE_COMPONENTS && i < p->n; i++)
		if (season_price(NULL, t->component[p->component[i]].price, depth + 1))
			return true;
	for (int i = 0; i < p->multipliers; i++)
		if (season_price(t, p->multiplier[i], depth + 1))
			return true;
	for (int i = 0; p->item != NULL && i < p->n; i++)
		if (season_price(t, p->item[i], depth + 1))
			return true;
	return false;
}

/* does anything but windows depend on the season? */
static bool
seasons_matter(const BlTariff *t)
{
	for (int i = 0; i < t->components; i++)
		if (season_price(NULL, t->component[i].price, 0))
			return true;
	for (int i = 0; i < t->charges; i++)
	{
		const BlCharge *q = &t->charge[i];

		if (q->season_steps > 0 || (q->kind == BL_CHARGE_TIERS && q->per == BL_PER_SEASON) || season_price(NULL, q->price, 0))
			return true;
		for (int k = 0; k < q->of_which; k++)
			if (season_price(NULL, q->of_which_price[k], 0))
				return true;
		for (int s = 0; q->steps != NULL && s < bl_step_lists(q); s++)
			for (int k = 0; k < q->steps[s].n; k++)
				if (season_price(NULL, q->steps[s].step[k].price, 0) || season_price(NULL, q->steps[s].step[k].flat, 0))
					return true;
	}
	return false;
}

static BlStatus
bind_cuts(BlBound *b, BlArena *arena, BlProblem *problem)
{
	const BlTariff *t = b->tariff;
	bool	   *cut = bl_arena_get(arena, (size_t) b->days + 1);
	bool		seasons,
				money_seasons = false;

	b->money_cut = bl_arena_get(arena, (size_t) b->days + 1);
	if (cut == NULL || b->money_cut == NULL)
		return no_space(problem);
	for (int i = 0; i < t->charges; i++)
	{
		cut_charge(b, cut, &t->charge[i]);
		/* a charge on money changes: no line it could look at may lie across; a pay-out looks at none */
		if (t->charge[i].kind == BL_CHARGE_PAY_OUT)
		{
			cut_dates(b, b->money_cut, &t->charge[i]);
			b->cuts_money = true;
		}
		else if (t->charge[i].kind >= BL_CHARGE_PERCENT)
		{
			memset(b->component_cut, 0, sizeof b->component_cut);
			cut_charge(b, b->money_cut, &t->charge[i]);
			memset(b->component_cut, 0, sizeof b->component_cut);
			b->cuts_money = true;
			money_seasons = money_seasons || season_price(t, t->charge[i].price, 0);
		}
	}
	for (int i = 0; i < t->parts; i++)
		cut_price(b, cut, t->part[i].share, 0);
	seasons = seasons_matter(t);
	for (int i = 1; i < b->days && seasons; i++)
		if (b->day[i].season != b->day[i - 1].season)
		{
			cut[i] = true;
			b->money_cut[i] = b->money_cut[i] || money_seasons;
		}
	for (int i = 1; i < b->days; i++)
		b->cuts += cut[i];
	if (b->cuts >= BL_RATE_PIECES_MAX)
		return bl_problem(problem, BL_LIMIT, "the billed span is cut into more than %d pieces", BL_RATE_PIECES_MAX);
	b->cut = bl_arena_get(arena, sizeof *b->cut * (size_t) (b->cuts + 1));
	if (b->cut == NULL)
		return no_space(problem);
	b->cuts = 0;
	for (int i = 1; i < b->days; i++)
		if (cut[i])
			b->cut[b->cuts++] = i;
	return BL_OK;
}

/* ---- what to measure --------------------------------------------------------- */

/* the index of a scan, entered on first use; -1 when there is no room */
static int
scan_index(BlBound *b, int part, BlChannel channel, int schedule, BlNet net, int bank)
{
	BlScan	   *s;

	for (int i = 0; i < b->scans; i++)
		if (b->scan[i].part == part && b->scan[i].channel == channel && b->scan[i].schedule == schedule &&
			b->scan[i].net == net && b->scan[i].bank == bank)
			return i;
	if (b->scans == BL_RATE_SCANS_MAX)
		return -1;
	s = &b->scan[b->scans];
	s->part = part;
	s->channel = channel;
	s->net = net;
	s->bank = bank;
	s->schedule = schedule;
	s->periods = schedule < 0 ? 1 : b->tariff->schedule[schedule].periods;
	return b->scans++;
}

/* must the energy of this charge be told apart by period? */
static bool
needs_periods(const BlCharge *q)
{
	if (q->net == BL_NET_MONTH)
		return true;			/* each period is netted by itself */
	switch (q->kind)
	{
		case BL_CHARGE_ENERGY:
			return q->by_period || q->periods != 0;
		case BL_CHARGE_TIERS:
			return q->step_by_period || q->split == BL_SPLIT_COUNTERS;
		default:
			return q->each_period || q->periods != 0 || q->weights > 0;
	}
}

static bool
keeps_energy(const BlTariff *t, const BlCharge *q)
{
	return q->bank > 0 && !t->bank[q->bank - 1].money;
}

/* is a part made of another, or another of it? */
static bool
is_shared(const BlTariff *t, int part)
{
	for (int i = 0; i < t->parts; i++)
		if (t->part[i].of == part)
			return true;
	return t->part[part].of >= 0;
}

static BlStatus
too_many_scans(BlProblem *problem)
{
	return bl_problem(problem, BL_LIMIT, "the tariff measures more than %d parts, channels and schedules", BL_RATE_SCANS_MAX);
}

static BlStatus
bind_scans(BlBound *b, BlProblem *problem)
{
	const BlTariff *t = b->tariff;
	static const BlChannel totals[3] = {BL_IMPORT, BL_REACTIVE_IMPORT, BL_REACTIVE_EXPORT};

	for (int i = 0; i < t->charges; i++)
	{
		const BlCharge *q = &t->charge[i];
		int			n,
					schedule;

		b->scan_of[i] = -1;
		b->keeps_exact = b->keeps_exact || q->exact || q->rounding.group.set;
		if (q->kind == BL_CHARGE_POWER_FACTOR && !t->part[q->part].whole)
		{
			if (is_shared(t, q->part))
			{
				bl_problem(problem, BL_BAD_TARIFF, "charge \"%.*s\" asks for the power factor of a part that shares are taken of",
						   q->code.length, q->code.text);
				return bl_problem_hint(problem, "Give it the part \"whole\", or one with a meter of its own.");
			}
			for (int k = 0; k < 3; k++)
				if (scan_index(b, q->part, totals[k], BL_SCHEDULE_TOTAL, BL_NET_NONE, 0) < 0)
					return too_many_scans(problem);
		}
		if (q->kind != BL_CHARGE_ENERGY && q->kind != BL_CHARGE_TIERS && q->kind != BL_CHARGE_DEMAND)
			continue;
		schedule = needs_periods(q) ? q->schedule : BL_SCHEDULE_TOTAL;
		n = scan_index(b, q->part, q->channel, schedule, q->net, keeps_energy(t, q) ? q->bank : 0);
		if (q->net != BL_NET_NONE)
		{
			if (is_shared(t, q->part))
			{
				bl_problem(problem, BL_BAD_TARIFF, "charge \"%.*s\" nets a part that shares are taken of", q->code.length, q->code.text);
				return bl_problem_hint(problem, "Netting needs a part with a meter of its own.");
			}
			if (scan_index(b, q->part, BL_IMPORT, schedule, BL_NET_NONE, 0) < 0 ||
				scan_index(b, q->part, BL_EXPORT, schedule, BL_NET_NONE, 0) < 0)
				n = -1;
		}
		if (q->limit_energy && is_shared(t, q->part))
		{
			bl_problem(problem, BL_BAD_TARIFF, "charge \"%.*s\" has limits by the energy of a part that shares are taken of",
					   q->code.length, q->code.text);
			return bl_problem_hint(problem, "Give it the part \"whole\", or one with a meter of its own.");
		}
		if (q->limit_energy && scan_index(b, q->part, BL_IMPORT, BL_SCHEDULE_TOTAL, BL_NET_NONE, 0) < 0)
			n = -1;
		/* a made part comes out of its original, so both are measured */
		if (n >= 0 && t->part[q->part].of >= 0)
		{
			if (q->kind == BL_CHARGE_DEMAND || q->channel != BL_IMPORT || q->series)
			{
				bl_problem(problem, BL_BAD_TARIFF, "charge \"%.*s\" measures what a share of energy does not have",
						   q->code.length, q->code.text);
				return bl_problem_hint(problem, "Demand, other channels and price series need a part with a meter of its own.");
			}
			if (scan_index(b, t->part[q->part].of, q->channel, schedule, BL_NET_NONE, 0) < 0)
				n = -1;
		}
		for (int p = 0; n >= 0 && p < t->parts && q->channel == BL_IMPORT; p++)
			if (t->part[p].of == q->part && scan_index(b, p, q->channel, schedule, BL_NET_NONE, 0) < 0)
				n = -1;
		if (n < 0)
			return too_many_scans(problem);
		b->scan_of[i] = n;
		/* a window that slides, and what goes by days, look at the slots themselves */
		if (q->kind == BL_CHARGE_DEMAND && !q->sliding && !q->sum_of_days && (q->mean_of <= 1 || q->of_months > 0))
		{
			bool		periods = schedule >= 0;

			if (b->scan[n].peaks < (periods ? BL_PEAK_PERIODS : BL_PEAK_SPAN))
				b->scan[n].peaks = periods ? BL_PEAK_PERIODS : BL_PEAK_SPAN;
		}
	}
	/* a total is summed from the periods where those are measured anyway: let them look for its peak */
	for (int i = 0; i < b->scans; i++)
	{
		BlScan	   *total = &b->scan[i];

		for (int k = 0; k < b->scans && total->schedule < 0; k++)
			if (b->scan[k].schedule >= 0 && b->scan[k].part == total->part &&
				b->scan[k].channel == total->channel && b->scan[k].net == total->net && b->scan[k].peaks < total->peaks)
				b->scan[k].peaks = total->peaks;
	}
	for (int i = 0; i < 3; i++)
		b->total[i] = (BlScan) {.part = 1, .channel = totals[i], .schedule = BL_SCHEDULE_TOTAL, .periods = 1};
	return BL_OK;
}

/* the first holiday from a day on; INT32_MAX: there is none */
static int32_t
holiday_from(const BlMarket *m, int32_t day)
{
	int			lo = 0,
				hi = m->holidays;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;

		if (m->holiday[mid] < day)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->holidays ? m->holiday[lo] : INT32_MAX;
}

/* a list of holidays that leaves out a whole year has not been brought up to date; an empty one says that there are none */
static BlStatus
check_holidays(const BlBound *b, BlProblem *problem)
{
	const BlMarket *m = b->market;

	for (int year = bl_date_of(b->from).year; m->holidays > 0 && year <= bl_date_of(b->until - 1).year; year++)
		if (holiday_from(m, bl_day_of(year, 1, 1)) >= bl_day_of(year + 1, 1, 1))
		{
			char		text[16];

			bl_day_text(m->holiday[m->holidays - 1], text);
			bl_problem(problem, BL_NO_MARKET, "the market value's calendar has no holidays of %d", year);
			bl_problem_detail(problem, "The tariff speaks of holidays; the calendar's last one is %s.", text);
			return bl_problem_hint(problem, "Add the holidays of that year; an empty list says that there are none at all.");
		}
	return BL_OK;
}

static BlStatus
check_market(const BlBound *b, BlProblem *problem)
{
	const BlTariff *t = b->tariff;

	if (t->says_holiday && (b->market == NULL || !b->market->has_calendar))
		return no_market(problem, "calendar", (BlText) {"", 0},
						 "The tariff speaks of holidays: give a market value with {\"calendar\": {\"holidays\": [...]}}.");
	if (t->says_holiday)
		BL_TRY(check_holidays(b, problem));
	for (int s = 0; s < t->schedules; s++)
		for (int i = 0; i < t->schedule[s].windows; i++)
		{
			BlText		event = t->schedule[s].window[i].event;

			if (event.length > 0 && bl_market_events(b->market, event) == NULL)
				return no_market(problem, "events", event,
								 "Give a market value with that list of events; it may be empty.");
		}
	return BL_OK;
}

static BlStatus
check_span(const BlTariff *t, int32_t from, int32_t until, BlProblem *problem)
{
	char		a[16],
				z[16];

	if (until <= from)
		return bl_problem(problem, BL_BAD_VALUE, "the billed span is empty");
	if (from <= BL_DAY_MIN + 400 || until >= BL_DAY_MAX - 400)
		return bl_problem(problem, BL_BAD_VALUE, "the billed span is beyond the calendar");
	if (until - from > BL_RATE_DAYS_MAX)
	{
		bl_problem(problem, BL_LIMIT, "the billed span has %d days, more than %d", until - from, BL_RATE_DAYS_MAX);
		return bl_problem_hint(problem, "Bill shorter spans, or use rate_months().");
	}
	if ((t->has_from && from < t->from) || (t->has_until && until > t->until))
	{
		bl_problem(problem, BL_TARIFF_GAP, "the tariff is not valid for the whole billed span");
		bl_day_text(t->has_from ? t->from : BL_DAY_MIN - 1, a);
		bl_day_text(t->has_until ? t->until : BL_DAY_MAX + 1, z);
		bl_problem_detail(problem, "It is valid from %s until %s.", a, z);
		return bl_problem_hint(problem, "Bill the days on either side with the tariff valid there.");
	}
	return BL_OK;
}

/* ---- what can be kept from bill to bill ---- */

static bool
constant_tiers(const BlTariff *t, const BlCharge *q)
{
	if (q->season_steps > 0 || q->period_steps > 0 || q->volume || q->all || q->blocks || q->step_by_period || q->split == BL_SPLIT_COUNTERS ||
		q->limit_term >= 0 || q->limit_charge >= 0 || q->limit_energy || q->allowances > 0 || q->prorate_months)
		return false;
	for (int i = 0; i < q->steps[0].n; i++)
	{
		const BlStep *step = &q->steps[0].step[i];

		if (step->has_flat || (step->price != NULL && !bl_price_constant(t, step->price)))
			return false;
	}
	return true;
}

static bool
is_constant(const BlTariff *t, const BlCharge *q)
{
	if (q->when.n > 0 || (q->price != NULL && !bl_price_constant(t, q->price)))
		return false;
	/* what goes into a bank counts or not, as the amounts are */
	if (q->bank > 0 && !keeps_energy(t, q))
		return false;
	switch (q->kind)
	{
		case BL_CHARGE_ENERGY:
			return !q->series && !q->has_first && q->of_which == 0 && q->price->kind != BL_PRICE_COMPONENTS;
		case BL_CHARGE_TIERS:
			return constant_tiers(t, q);
		case BL_CHARGE_DEMAND:
			return !q->each_period && q->contract_term < 0 && (!q->has_floor || q->floor_term < 0) &&
				q->discount_term < 0 && q->memory == 0 && q->steps == NULL && !q->ratio_form && !q->optional;
		case BL_CHARGE_CAPACITY:
		case BL_CHARGE_FIXED:
			return q->quantity_term < 0;
		default:
			return false;
	}
}

static BlStatus
bind_kept(BlBound *b, BlArena *arena, BlProblem *problem)
{
	const BlTariff *t = b->tariff;

	b->kept = bl_arena_get(arena, sizeof *b->kept * (size_t) (t->charges + 1));
	b->kept_work = bl_arena_room(arena, sizeof *b->kept_work * BL_KEPT_LINES_MAX);
	b->kept_bytes = bl_arena_room(arena, (size_t) BL_LINE_SIZE_MAX * BL_KEPT_LINES_MAX);
	if (b->kept == NULL || b->kept_work == NULL || b->kept_bytes == NULL)
		return no_space(problem);
	for (int i = 0; i < t->charges; i++)
	{
		b->kept[i].constant = is_constant(t, &t->charge[i]);
		b->kept[i].ladder_scale = -1;
		if (!b->kept[i].constant || t->charge[i].kind != BL_CHARGE_TIERS)
			continue;
		b->kept[i].ladder = bl_arena_get(arena, sizeof *b->kept[i].ladder);
		if (b->kept[i].ladder == NULL)
			return no_space(problem);
	}
	/* limits look at the pieces of such a demand */
	for (int i = 0; i < t->charges; i++)
		if (t->charge[i].kind == BL_CHARGE_TIERS && t->charge[i].limit_charge >= 0)
			b->kept[t->charge[i].limit_charge].constant = false;
	return BL_OK;
}

BlStatus
bl_bind(const BlTariff *tariff, const BlMarket *market, const BlZone *zone,
		int32_t from, int32_t until, BlArena *arena, BlBound **bound, BlProblem *problem)
{
	BlBound    *b;
	int			cells = 0;

	BL_TRY(check_span(tariff, from, until, problem));
	*bound = b = bl_arena_get(arena, sizeof *b);
	if (b == NULL)
		return no_space(problem);
	b->tariff = tariff;
	b->market = market;
	b->zone = zone;
	b->from = from;
	b->until = until;
	b->days = until - from;
	b->uses_terms = tariff->terms > 0;
	for (int i = 0; i < tariff->parts; i++)
		b->makes_parts = b->makes_parts || tariff->part[i].of >= 0;
	b->day = bl_arena_get(arena, sizeof *b->day * (size_t) (b->days + 1));
	if (b->day == NULL)
		return no_space(problem);
	BL_TRY(check_market(b, problem));
	BL_TRY(bind_days(b, arena, problem));
	BL_TRY(bind_whole_days(b, arena, problem));
	BL_TRY(bind_cuts(b, arena, problem));
	BL_TRY(bind_scans(b, problem));
	for (int i = 0; i < b->scans; i++)
		cells += b->scan[i].periods;
	cells += 3;
	b->piece = bl_arena_get(arena, sizeof *b->piece * (size_t) (b->cuts + 1));
	b->cells = bl_arena_get(arena, sizeof *b->cells * (size_t) (cells * (b->cuts + 1)));
	for (int i = 0; i < tariff->charges; i++)
		b->counts_years = b->counts_years || bl_is_year_bound(&tariff->charge[i]) ||
			(tariff->charge[i].kind == BL_CHARGE_TIERS && tariff->charge[i].per == BL_PER_YEAR);
	b->prices = bl_arena_get(arena, sizeof *b->prices);
	b->span_months = bl_arena_get(arena, sizeof *b->span_months * (size_t) (tariff->charges + 1));
	if (b->prices == NULL || b->span_months == NULL)
		return no_space(problem);
	BL_TRY(bind_kept(b, arena, problem));
	if (bl_bind_series(b, arena) != BL_OK || bl_bind_replay(b, arena) != BL_OK)
		return no_space(problem);
	b->work = bl_arena_room(arena, sizeof *b->work * BL_CHARGES_LINES_MAX);
	for (int i = 0; b->work != NULL && i < BL_KEPT_LINES_MAX; i++)
		b->work[i].kept = NULL;
	if (b->piece == NULL || b->cells == NULL || b->work == NULL)
		return no_space(problem);
	return BL_OK;
}
