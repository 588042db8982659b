/*
 * market.c - reading a market document and finding things in it
 */
#include "market.h"

#include <stdlib.h>

typedef struct Reader
{
	BlArena    *arena;
	BlProblem  *problem;
} Reader;

static BlStatus
bad(Reader *r, const BlJson *at, const char *message, const char *hint)
{
	char		path[BL_JSON_PATH] = "$";

	if (at != NULL)
		bl_json_path(at, path);
	bl_problem(r->problem, BL_BAD_MARKET, "market: %s", message);
	bl_problem_detail(r->problem, "At %s.", path);
	if (hint)
		bl_problem_hint(r->problem, "%s", hint);
	return BL_BAD_MARKET;
}

static BlStatus
no_space(Reader *r)
{
	return bl_problem(r->problem, BL_NO_SPACE, "the market value is too large");
}

static int
by_day(const void *a, const void *b)
{
	int32_t		x = *(const int32_t *) a,
				y = *(const int32_t *) b;

	return (x > y) - (x < y);
}

static BlStatus
day(Reader *r, BlJson *node, int32_t *out)
{
	if (node == NULL || node->type != BL_JSON_STRING || bl_day_parse(node->text, node->length, out) != BL_OK)
		return bad(r, node, "a date was expected", "Write a date as \"YYYY-MM-DD\".");
	node->seen = true;
	return BL_OK;
}

/* a list of dates, sorted; twice the same is harmless */
static BlStatus
days(Reader *r, BlJson *list, int *n, int32_t **out)
{
	if (list->type != BL_JSON_ARRAY || list->count > BL_MARKET_DAYS_MAX)
		return bad(r, list, "a list of dates was expected", "Write [\"2026-01-01\", ...].");
	*out = bl_arena_get(r->arena, sizeof **out * (size_t) (list->count + 1));
	if (*out == NULL)
		return no_space(r);
	for (BlJson *e = list->first; e; e = e->next)
	{
		BlStatus	status = day(r, e, &(*out)[*n]);

		if (status != BL_OK)
			return status;
		(*n)++;
	}
	qsort(*out, (size_t) *n, sizeof **out, by_day);
	return BL_OK;
}

/* an object of at most BL_MARKET_NAMES_MAX named things; room for them all */
static BlStatus
names(Reader *r, BlJson *node, size_t size, void *out)
{
	void	   *room;

	if (node->type != BL_JSON_OBJECT || node->count > BL_MARKET_NAMES_MAX)
		return bad(r, node, "an object of at most 256 names was expected", "Write {\"name\": [...], ...}.");
	for (BlJson *m = node->first; m; m = m->next)
		if (m->key_length < 1 || m->key_length > BL_NAME_MAX)
			return bad(r, m, "a name has 1 to 63 bytes", "Give another name.");
	room = bl_arena_get(r->arena, size * (size_t) (node->count + 1));
	if (room == NULL)
		return no_space(r);
	memcpy(out, &room, sizeof room);
	return BL_OK;
}

static BlStatus
event(Reader *r, BlJson *node, BlEvent *out)
{
	BlJson	   *from = bl_json_member(node, "from");
	BlJson	   *until = bl_json_member(node, "until");

	if (from == NULL || until == NULL || from->type != BL_JSON_STRING || until->type != BL_JSON_STRING)
		return bad(r, node, "an event needs from and until", "Write dates, or moments with their offset.");
	out->days = bl_day_parse(from->text, from->length, &out->from) == BL_OK &&
		bl_day_parse(until->text, until->length, &out->until) == BL_OK;
	if (!out->days &&
		(bl_moment_parse(from->text, from->length, NULL, &out->from) != BL_OK ||
		 bl_moment_parse(until->text, until->length, NULL, &out->until) != BL_OK))
		return bad(r, node, "not the span of an event", "Write two dates, or two moments such as \"2026-07-01T14:00+08:00\".");
	if (out->until <= out->from)
		return bad(r, node, "the event ends before it begins", "Its until is not included: put it after from.");
	return BL_OK;
}

/* days first, then by time */
static int
by_time(const void *a, const void *b)
{
	const BlEvent *x = a,
			   *y = b;

	if (x->days != y->days)
		return x->days ? -1 : 1;
	return (x->from > y->from) - (x->from < y->from);
}

/* sorted, and those that meet made one: all that is asked is whether a moment lies inside */
static void
merge_events(BlEvents *list)
{
	int			n = 0;

	qsort(list->event, (size_t) list->n, sizeof *list->event, by_time);
	for (int i = 0; i < list->n; i++)
	{
		const BlEvent *e = &list->event[i];
		BlEvent    *last = n > 0 ? &list->event[n - 1] : NULL;

		if (last == NULL || e->days != last->days || e->from > last->until)
			list->event[n++] = *e;
		else if (e->until > last->until)
			last->until = e->until;
	}
	list->n = n;
	for (int i = 0; i < n; i++)
		list->whole_days += list->event[i].days;
}

static BlStatus
events(Reader *r, BlJson *node, BlMarket *m)
{
	BlStatus	status = names(r, node, sizeof *m->events, &m->events);

	for (BlJson *e = node->first; e && status == BL_OK; e = e->next)
	{
		BlEvents   *list = &m->events[m->event_names++];

		e->seen = true;
		list->name = (BlText) {e->key, (int) e->key_length};
		if (e->type != BL_JSON_ARRAY || e->count > BL_MARKET_EVENTS_MAX)
			return bad(r, e, "a list of events was expected", "Write [{\"from\": \"2026-07-01\", \"until\": \"2026-07-02\"}, ...].");
		list->event = bl_arena_get(r->arena, sizeof *list->event * (size_t) (e->count + 1));
		if (list->event == NULL)
			return no_space(r);
		for (BlJson *one = e->first; one && status == BL_OK; one = one->next)
			status = event(r, one, &list->event[list->n++]);
		if (status == BL_OK)
			merge_events(list);
	}
	return status;
}

static BlStatus
prices(Reader *r, BlJson *node, BlMarket *m)
{
	BlStatus	status = names(r, node, sizeof *m->prices, &m->prices);

	for (BlJson *e = node->first; e && status == BL_OK; e = e->next)
	{
		BlPublished *p = &m->prices[m->price_names++];

		e->seen = true;
		p->name = (BlText) {e->key, (int) e->key_length};
		if (e->type != BL_JSON_ARRAY || e->count > BL_MARKET_DAYS_MAX)
			return bad(r, e, "a list of dated prices was expected", "Write [{\"from\": \"2026-01-01\", \"price\": \"0.39\"}, ...].");
		p->day = bl_arena_get(r->arena, sizeof *p->day * (size_t) (e->count + 1));
		p->price = bl_arena_get(r->arena, sizeof *p->price * (size_t) (e->count + 1));
		if (p->day == NULL || p->price == NULL)
			return no_space(r);
		for (BlJson *one = e->first; one && status == BL_OK; one = one->next)
		{
			BlJson	   *from = bl_json_member(one, "from");
			BlJson	   *price = bl_json_member(one, "price");

			if (from == NULL || price == NULL)
				return bad(r, one, "a published price needs from and price", "Write {\"from\": \"2026-01-01\", \"price\": \"0.39\"}.");
			status = day(r, from, &p->day[p->n]);
			if (status != BL_OK)
				return status;
			if (p->n > 0 && p->day[p->n] <= p->day[p->n - 1])
				return bad(r, one, "the dates of prices do not rise", "Put them in order, one price a date.");
			if (bl_json_decimal(price, BL_PRICE_SCALE, &p->price[p->n]) != BL_OK)
				return bad(r, price, "a price has at most 10 decimals", "Write a decimal such as \"0.39\".");
			p->n++;
		}
	}
	return status;
}

static BlStatus
series_values(Reader *r, BlJson *list, BlPriceSeries *s)
{
	if (list == NULL || list->type != BL_JSON_ARRAY || list->count > BL_MARKET_VALUES_MAX)
		return bad(r, list, "a series needs a list of values", "Write [\"0.25\", \"0.31\", null, ...], one for each slot.");
	s->value = bl_arena_get(r->arena, sizeof *s->value * (size_t) (list->count + 1));
	if (s->value == NULL)
		return no_space(r);
	for (BlJson *e = list->first; e; e = e->next)
	{
		if (e->type == BL_JSON_NULL)
			s->value[s->n].scale = -1;
		else if (bl_json_decimal(e, BL_PRICE_SCALE, &s->value[s->n]) != BL_OK)
			return bad(r, e, "a price has at most 10 decimals", "Write a decimal such as \"0.39\".");
		s->n++;
	}
	return BL_OK;
}

static BlStatus
series(Reader *r, BlJson *node, BlMarket *m)
{
	BlStatus	status = names(r, node, sizeof *m->series, &m->series);

	for (BlJson *e = node->first; e && status == BL_OK; e = e->next)
	{
		BlPriceSeries *s = &m->series[m->series_names++];
		BlJson	   *from = bl_json_member(e, "from");
		BlJson	   *slot = bl_json_member(e, "slot_minutes");
		BlDec		minutes;

		e->seen = true;
		s->name = (BlText) {e->key, (int) e->key_length};
		if (from == NULL || from->type != BL_JSON_STRING ||
			bl_moment_parse(from->text, from->length, NULL, &s->from) != BL_OK)
			return bad(r, e, "a series needs from", "Write a moment with its offset, such as \"2026-01-01T00:00+08:00\".");
		if (slot == NULL || bl_json_decimal(slot, 0, &minutes) != BL_OK || minutes.coefficient < 1 ||
			minutes.coefficient > BL_MINUTES_PER_DAY || BL_MINUTES_PER_DAY % (int) minutes.coefficient != 0)
			return bad(r, e, "a series needs slot_minutes that divide the day", "Write 15, 30 or 60.");
		s->slot_minutes = (int) minutes.coefficient;
		if (bl_json_member(e, "values") == NULL)
			return bad(r, e, "a series needs values", "Add \"values\": a list with one price for each slot.");
		status = series_values(r, bl_json_member(e, "values"), s);
		if (status == BL_OK && (int64_t) s->from + (int64_t) s->n * s->slot_minutes > (int64_t) BL_DAY_MAX * BL_MINUTES_PER_DAY)
			return bad(r, e, "the series runs beyond the calendar", "Check its from.");
	}
	return status;
}

static BlStatus
zones(Reader *r, BlJson *node, BlMarket *m)
{
	BlStatus	status = names(r, node, sizeof *m->zone, &m->zone);

	for (BlJson *e = node->first; e && status == BL_OK; e = e->next)
	{
		BlMarketZone *z = &m->zone[m->zones++];
		BlZoneStep *step;

		e->seen = true;
		z->name = (BlText) {e->key, (int) e->key_length};
		if (e->type != BL_JSON_ARRAY || e->count < 1 || e->count > BL_ZONE_STEPS_MAX)
			return bad(r, e, "a list of offsets was expected", "Write [{\"offset\": 480}], or one for each change of clocks.");
		z->zone.step = step = bl_arena_get(r->arena, sizeof *step * (size_t) e->count);
		if (step == NULL)
			return no_space(r);
		for (BlJson *one = e->first; one; one = one->next, step++)
		{
			BlJson	   *from = bl_json_member(one, "from");
			BlJson	   *offset = bl_json_member(one, "offset");
			BlDec		minutes;

			step->from_minute = INT32_MIN;
			if (from == NULL ? z->zone.n > 0 : from->type != BL_JSON_STRING ||
				bl_moment_parse(from->text, from->length, NULL, &step->from_minute) != BL_OK ||
				(z->zone.n > 0 && step->from_minute <= step[-1].from_minute))
				return bad(r, one, "offsets need rising moments", "Only the first may have no from.");
			if (offset == NULL || bl_json_decimal(offset, 0, &minutes) != BL_OK ||
				minutes.coefficient <= -BL_MINUTES_PER_DAY || minutes.coefficient >= BL_MINUTES_PER_DAY)
				return bad(r, one, "an offset is minutes east of UTC", "Write 480 for eight hours.");
			step->offset = (int16_t) minutes.coefficient;
			z->zone.n++;
		}
	}
	return status;
}

BlStatus
bl_market_compile(BlJson *root, BlArena *arena, BlMarket **market, BlProblem *problem)
{
	Reader		r = {arena, problem};
	BlMarket   *m = bl_arena_get(arena, sizeof *m);
	BlStatus	status = BL_OK;
	BlJson	   *node,
			   *unknown;

	*market = m;
	if (m == NULL)
		return no_space(&r);
	if (root->type != BL_JSON_OBJECT)
		return bad(&r, root, "an object was expected", "Its members are calendar, events, prices, series and zones.");
	if ((node = bl_json_member(root, "calendar")) != NULL)
	{
		BlJson	   *holidays = bl_json_member(node, "holidays");
		BlJson	   *workdays = bl_json_member(node, "workdays");

		m->has_calendar = true;
		if (node->type != BL_JSON_OBJECT)
			return bad(&r, node, "a calendar has holidays and workdays", "Write {\"holidays\": [\"2026-01-01\"], \"workdays\": [\"2026-01-04\"]}.");
		if (holidays != NULL)
			status = days(&r, holidays, &m->holidays, &m->holiday);
		if (status == BL_OK && workdays != NULL)
			status = days(&r, workdays, &m->workdays, &m->workday);
		for (int i = 0; status == BL_OK && i < m->holidays; i++)
			if (bl_day_listed(m->workday, m->workdays, m->holiday[i]))
				return bad(&r, node, "a day is both a holiday and a workday", "Take it out of one of the two lists.");
	}
	if (status == BL_OK && (node = bl_json_member(root, "events")) != NULL)
		status = events(&r, node, m);
	if (status == BL_OK && (node = bl_json_member(root, "prices")) != NULL)
		status = prices(&r, node, m);
	if (status == BL_OK && (node = bl_json_member(root, "series")) != NULL)
		status = series(&r, node, m);
	if (status == BL_OK && (node = bl_json_member(root, "zones")) != NULL)
		status = zones(&r, node, m);
	if (status == BL_OK && (unknown = bl_json_unseen(root)) != NULL)
	{
		/* below the names that a market gives itself, only its own forms have members */
		const BlJson *above = unknown;
		const char *hint = "The members are calendar, events, prices, series and zones.";

		while (above != NULL && above->parent != NULL && above->parent != root)
			above = above->parent;
		if (above != unknown && above != NULL)
			hint = bl_json_key_is(above, "calendar") ? "A calendar has holidays and workdays." :
				bl_json_key_is(above, "events") ? "An event has from and until." :
				bl_json_key_is(above, "prices") ? "A published price has from and price." :
				bl_json_key_is(above, "series") ? "A series has from, slot_minutes and values." : "An offset has from and offset.";
		return bad(&r, unknown, "an unknown field", hint);
	}
	return status;
}

bool
bl_day_listed(const int32_t *days, int n, int32_t day)
{
	return n > 0 && bsearch(&day, days, (size_t) n, sizeof *days, by_day) != NULL;
}

static bool
same(BlText a, BlText b)
{
	return a.length == b.length && memcmp(a.text, b.text, (size_t) a.length) == 0;
}

#define FIND(count, list) \
	for (int i = 0; market != NULL && i < market->count; i++) \
		if (same(market->list[i].name, name)) \
			return &market->list[i]; \
	return NULL

const BlEvents *
bl_market_events(const BlMarket *market, BlText name)
{
	FIND(event_names, events);
}

const BlPublished *
bl_market_prices(const BlMarket *market, BlText name)
{
	FIND(price_names, prices);
}

const BlPriceSeries *
bl_market_series(const BlMarket *market, BlText name)
{
	FIND(series_names, series);
}

const BlZone *
bl_market_zone(const BlMarket *market, BlText name)
{
	for (int i = 0; market != NULL && i < market->zones; i++)
		if (same(market->zone[i].name, name))
			return &market->zone[i].zone;
	return NULL;
}
