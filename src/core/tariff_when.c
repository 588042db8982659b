/*
 * tariff_when.c - seasons and periods of a tariff document
 *
 * The invariant kept here: on any day of any kind, every minute belongs to
 * exactly one period of a schedule (windows of events apart, which go first).
 */
#include "tariff_parse.h"

#include <stdlib.h>

int
bl_compile_find_schedule(BlCompile *c, BlText name)
{
	for (int i = 0; i < c->t->schedules; i++)
		if (bl_text_equal(c->t->schedule[i].name, name))
			return i;
	return -1;
}

int
bl_compile_find_season(BlCompile *c, BlText name)
{
	for (int i = 0; i < c->t->seasons; i++)
		if (bl_text_equal(c->t->season[i].name, name))
			return i;
	return -1;
}

/* "MM-DD" as the number of a day of a leap year, 1 .. 366; 0 on error */
static int
year_day(BlCompile *c, BlJson *node)
{
	char		text[11] = "2000-";
	int32_t		day;

	if (node != NULL && node->type == BL_JSON_STRING && node->length == 5)
	{
		memcpy(text + 5, node->text, 5);
		if (bl_day_parse(text, 10, &day) == BL_OK)
			return day + 1;
	}
	bl_compile_error(c, node, "Write a day of the year as \"MM-DD\".", "a day of the year was expected");
	return 0;
}

/* one span of a season */
static void
season_span(BlCompile *c, BlJson *node, BlSeason *season)
{
	BlJson	   *months = bl_json_member(node, "months");
	BlJson	   *from = bl_json_member(node, "from");
	BlJson	   *until = bl_json_member(node, "until");

	if (months != NULL && from == NULL && until == NULL)
	{
		unsigned	bits = bl_compile_months(c, months);

		for (int d = 1; d <= 366; d++)
			if (bits & 1u << bl_date_of(d - 1).month)
				season->day[d] = true;
	}
	else if (months == NULL && from != NULL && until != NULL)
	{
		int			a = year_day(c, from),
					b = year_day(c, until);

		if (a == 0 || b == 0)
			return;
		for (int d = a, n = 0; n < 366 && (d != b || (n == 0 && a == b)); d = d % 366 + 1, n++)
			season->day[d] = true;
	}
	else
		bl_compile_error(c, node, "Write {\"months\": [6, 7, 8]} or {\"from\": \"MM-DD\", \"until\": \"MM-DD\"}.",
						 "a season needs months, or from and until");
}

void
bl_compile_seasons(BlCompile *c, BlJson *node)
{
	int			owner[367];
	int			rest = -1;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "seasons"))
		return;
	if (node->count > BL_TARIFF_SEASONS_MAX)
	{
		bl_compile_refuse(c, node, "At most 12.", "too many seasons");
		return;
	}
	c->t->season = bl_compile_get(c, sizeof *c->t->season * (size_t) (node->count + 1));
	for (int d = 0; d < 367; d++)
		owner[d] = -1;
	for (BlJson *m = node->first; m && !c->stop; m = m->next)
	{
		BlSeason   *s = &c->t->season[c->t->seasons];

		s->name = bl_compile_key(c, m, "a season");
		if (bl_json_is(m, "else"))
		{
			if (rest >= 0)
				bl_compile_error(c, m, NULL, "only one season can be \"else\"");
			rest = c->t->seasons;
		}
		else if (m->type == BL_JSON_ARRAY)
		{
			for (BlJson *e = m->first; e; e = e->next)
				season_span(c, e, s);
		}
		else if (bl_compile_is(c, m, BL_JSON_OBJECT, "a season"))
			season_span(c, m, s);
		for (int d = 1; d <= 366; d++)
			if (s->day[d])
			{
				if (owner[d] >= 0)
				{
					bl_compile_error(c, m, "Every day of the year belongs to one season.",
									 "season \"%.*s\" overlaps season \"%.*s\"", s->name.length, s->name.text,
									 c->t->season[owner[d]].name.length, c->t->season[owner[d]].name.text);
					break;
				}
				owner[d] = c->t->seasons;
			}
		c->t->seasons++;
	}
	for (int d = 1; d <= 366; d++)
		if (owner[d] < 0)
		{
			if (rest < 0)
			{
				BlDate		date = bl_date_of(d - 1);

				if (!c->failed)
					bl_compile_error(c, node, "Let one season be \"else\".", "no season covers %02d-%02d",
									 date.month, date.day);
				return;
			}
			c->t->season[rest].day[d] = true;
		}
}

/* "HH:MM" as a minute of the day, 0 .. 1440; -1 on error */
static int
minute_of_day(BlCompile *c, BlJson *node)
{
	const char *s = node->text;
	int			h,
				m;

	if (node->type == BL_JSON_STRING && node->length == 5 && s[2] == ':' &&
		s[0] >= '0' && s[0] <= '2' && s[1] >= '0' && s[1] <= '9' &&
		s[3] >= '0' && s[3] <= '5' && s[4] >= '0' && s[4] <= '9')
	{
		h = (s[0] - '0') * 10 + s[1] - '0';
		m = (s[3] - '0') * 10 + s[4] - '0';
		if (h < 24 || (h == 24 && m == 0))
			return h * 60 + m;
	}
	bl_compile_error(c, node, "Write a time of the day as \"HH:MM\".", "a time of the day was expected");
	return -1;
}

static const char *const day_names[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun",
	"weekday", "weekend", "holiday", NULL};

static unsigned
days_of(BlCompile *c, BlJson *node)
{
	unsigned	bits = 0;

	if (node->type == BL_JSON_ARRAY)
	{
		for (BlJson *e = node->first; e; e = e->next)
			bits |= days_of(c, e);
		if (node->first == NULL)
			bl_compile_error(c, node, NULL, "an empty list of days");
		return bits;
	}
	bits = 1u << bl_compile_choice(c, node, day_names, "a kind of day");
	if (bits & BL_DAYS_HOLIDAY)
		c->t->says_holiday = true;
	return bits;
}

static void
window(BlCompile *c, BlJson *node, int period, BlSchedule *s)
{
	BlWindow   *w = &s->window[s->windows];
	BlJson	   *m;

	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "a window"))
		return;
	w->period = period;
	w->season = -1;
	w->from = 0;
	w->to = BL_MINUTES_PER_DAY;
	w->at = node;
	if ((m = bl_json_member(node, "from")) != NULL)
		w->from = minute_of_day(c, m);
	if ((m = bl_json_member(node, "to")) != NULL)
		w->to = minute_of_day(c, m);
	if (w->from < 0 || w->to < 0)
		return;
	if (w->from == BL_MINUTES_PER_DAY || w->to == w->from)
	{
		bl_compile_error(c, node, "Leave out both for the whole day.", "an empty window");
		return;
	}
	if (w->to == 0)
		w->to = BL_MINUTES_PER_DAY;
	if ((m = bl_json_member(node, "months")) != NULL)
		w->months = bl_compile_months(c, m);
	if ((m = bl_json_member(node, "season")) != NULL)
	{
		BlText		name = bl_compile_name(c, m, "a season");

		w->season = bl_compile_find_season(c, name);
		if (w->season < 0)
			bl_compile_error(c, m, "Declare it in seasons.", "season \"%.*s\" is not known", name.length, name.text);
	}
	if ((m = bl_json_member(node, "days")) != NULL)
		w->days = days_of(c, m);
	if ((m = bl_json_member(node, "event")) != NULL)
		w->event = bl_compile_name(c, m, "an event");
	s->windows++;
}

/* sharp, peak, shoulder, flat, valley, deep_valley, then by alphabet */
static int
rank(BlText name)
{
	static const char *const known[] = {"sharp", "peak", "shoulder", "flat", "valley", "deep_valley"};

	for (int i = 0; i < 6; i++)
		if (bl_text_equal(name, bl_text_of(known[i])))
			return i;
	return 6;
}

static int
in_line_order(const void *a, const void *b)
{
	BlText		x = {(*(BlJson *const *) a)->key, (int) (*(BlJson *const *) a)->key_length};
	BlText		y = {(*(BlJson *const *) b)->key, (int) (*(BlJson *const *) b)->key_length};
	int			r = rank(x) - rank(y);
	int			n = x.length < y.length ? x.length : y.length;

	if (r == 0)
		r = memcmp(x.text, y.text, (size_t) n);
	return r != 0 ? r : x.length - y.length;
}

static bool
window_holds(const BlWindow *w, int month, int season, unsigned kind)
{
	return (w->months == 0 || (w->months & 1u << month)) && (w->season < 0 || w->season == season) &&
		(w->days == 0 || (w->days & kind));
}

/* A plain window on the line of a day, or one of the two halves of one that wraps. */
typedef struct Stretch
{
	int			from;
	int			to;
	const BlWindow *window;
} Stretch;

static int
by_start(const void *a, const void *b)
{
	const Stretch *x = a,
			   *y = b;

	return x->from != y->from ? x->from - y->from : (x->window > y->window) - (x->window < y->window);
}

/* all stretches of a schedule in the order of their starts; two places for each window */
static int
stretches(const BlSchedule *s, Stretch *out)
{
	int			n = 0;

	for (int i = 0; i < s->windows; i++)
	{
		const BlWindow *w = &s->window[i];
		bool		wraps = w->to <= w->from;

		if (w->event.length > 0)
			continue;
		out[n++] = (Stretch) {w->from, wraps ? BL_MINUTES_PER_DAY : w->to, w};
		if (wraps)
			out[n++] = (Stretch) {0, w->to, w};
	}
	qsort(out, (size_t) n, sizeof *out, by_start);
	return n;
}

static void
overlapping(BlCompile *c, const BlSchedule *s, const BlWindow *a, const BlWindow *b, int month)
{
	const BlWindow *later = a > b ? a : b;
	const BlWindow *earlier = a > b ? b : a;

	bl_compile_error(c, later->at, "Every minute belongs to one period; only windows with an event go before others.",
					 "periods \"%.*s\" and \"%.*s\" overlap in month %d",
					 s->period[later->period].length, s->period[later->period].text,
					 s->period[earlier->period].length, s->period[earlier->period].text, month);
}

/* What one walk along all kinds of day has to say, each once. */
typedef struct Found
{
	bool		overlap;
	bool		gap;
} Found;

/*
 * One kind of day, from its first minute to its last.  As long as nothing
 * overlaps, all that goes on beyond a minute is of one period, so the stretch
 * that goes furthest speaks for all.
 */
static void
check_day(BlCompile *c, const BlSchedule *s, const BlJson *at, const Stretch *stretch, int n,
		  int month, int season, unsigned kind, Found *found)
{
	const Stretch *furthest = NULL;
	int			covered = 0;

	for (int i = 0; i <= n; i++)
	{
		const Stretch *t = &stretch[i];
		int			from = i < n ? t->from : BL_MINUTES_PER_DAY;

		if (i < n && !window_holds(t->window, month, season, kind))
			continue;
		if (from > covered && !found->gap)
		{
			found->gap = true;
			bl_compile_error(c, at, "Let one period be \"else\".", "no period covers %02d:%02d in month %d",
							 covered / 60, covered % 60, month);
		}
		if (i == n)
			return;
		if (furthest != NULL && from < covered && furthest->window->period != t->window->period && !found->overlap)
		{
			found->overlap = true;
			overlapping(c, s, furthest->window, t->window, month);
		}
		if (t->to > covered)
		{
			covered = t->to;
			furthest = t;
		}
	}
}

/* the kinds of day that can be told apart: a plain day, a holiday, a swapped working day, by weekday */
static unsigned
kind_of_day(int weekday, int class)
{
	unsigned	bit = 1u << weekday;

	if (class == 1)
		return bit | BL_DAYS_HOLIDAY;
	if (class == 2 || weekday < 5)
		return bit | BL_DAYS_WEEKDAY;
	return bit | BL_DAYS_WEEKEND;
}

static void
check_schedule(BlCompile *c, const BlSchedule *s, const BlJson *at)
{
	Stretch    *stretch = bl_compile_get(c, sizeof *stretch * (size_t) (2 * s->windows + 1));
	int			n = stretches(s, stretch);
	Found		found = {.gap = s->rest >= 0};
	int			done_month = 0,
				done_season = -2;

	for (int d = 1; d <= 366 && !(found.overlap && found.gap); d++)
	{
		int			month = bl_date_of(d - 1).month;
		int			season = -1;

		for (int i = 0; i < c->t->seasons; i++)
			if (c->t->season[i].day[d])
				season = i;
		if (month == done_month && season == done_season)
			continue;
		done_month = month;
		done_season = season;
		for (int class = 0; class < (c->t->says_holiday ? 3 : 1); class++)
			for (int weekday = 0; weekday < 7; weekday++)
				check_day(c, s, at, stretch, n, month, season, kind_of_day(weekday, class), &found);
	}
}

/* enters a period's name in the dictionary of the charges */
static int
dictionary_index(BlCompile *c, BlText name)
{
	for (int i = 0; i < c->names; i++)
		if (bl_text_equal(c->name[i], name))
			return i;
	if (c->names == BL_PERIOD_NAMES_MAX)
	{
		bl_compile_error(c, c->t->root, NULL, "too many names of periods");
		return 0;
	}
	c->name[c->names] = name;
	return c->names++;
}

void
bl_compile_schedule(BlCompile *c, BlJson *node, BlText name)
{
	BlSchedule *s;
	BlJson	   *member[BL_TARIFF_PERIODS_MAX];
	int			n = 0,
				windows = 0;

	if (c->t->schedules == BL_TARIFF_SCHEDULES_MAX)
	{
		bl_compile_refuse(c, node, "At most 7 besides periods.", "too many schedules");
		return;
	}
	s = &c->t->schedule[c->t->schedules++];
	s->name = name;
	s->rest = -1;
	s->periods = 1;
	s->name_index[0] = BL_NONE;
	if (node == NULL)
	{
		s->rest = 0;
		return;
	}
	if (!bl_compile_is(c, node, BL_JSON_OBJECT, "periods"))
		return;
	if (node->count < 1 || node->count > BL_TARIFF_PERIODS_MAX)
	{
		bl_compile_refuse(c, node, "Give 1 to 32 periods.", "periods: %d of them", node->count);
		return;
	}
	for (BlJson *m = node->first; m; m = m->next)
	{
		bl_compile_key(c, m, "a period");
		if (bl_compile_find_season(c, (BlText) {m->key, (int) m->key_length}) >= 0)
			bl_compile_error(c, m, "Prices could not tell them apart.", "a period and a season have the same name");
		member[n++] = m;
		windows += m->count + 1;
	}
	if (windows > 512)
	{
		bl_compile_refuse(c, node, "At most 512.", "too many windows");
		return;
	}
	qsort(member, (size_t) n, sizeof *member, in_line_order);
	s->periods = n;
	s->window = bl_compile_get(c, sizeof *s->window * (size_t) windows);
	for (int i = 0; i < n && !c->stop; i++)
	{
		BlJson	   *m = member[i];

		s->period[i] = (BlText) {m->key, (int) m->key_length};
		s->name_index[i] = dictionary_index(c, s->period[i]);
		if (bl_json_is(m, "else"))
		{
			if (s->rest >= 0)
				bl_compile_error(c, m, NULL, "only one period can be \"else\"");
			s->rest = i;
		}
		else if (m->type == BL_JSON_OBJECT)
			window(c, m, i, s);
		else if (bl_compile_is(c, m, BL_JSON_ARRAY, "a period"))
			for (BlJson *e = m->first; e; e = e->next)
				window(c, e, i, s);
	}
	if (!c->failed)
		check_schedule(c, s, node);
}
