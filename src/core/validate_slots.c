/*
 * validate_slots.c - checks of slots by themselves: gaps, borders, marks, limits, steps, zeros, repeats, clock changes
 */
#include "validate_check.h"

/* ------------------------------------------------------------------- checks */

void
bl_check_gap(const BlCheck *c)
{
	if (c->missing > 0)
		long_runs(c, is_missing, c->rule->minutes, true, "readings are missing");
}

static int32_t
border(const BlCheck *c, const BlRuleBorder *b)
{
	return b->day ? bl_zone_midnight(c->r->zone, b->at) : b->at;
}

/* readings of [from, until) of the profile, from the first that is there to the last */
static void
outside(const BlCheck *c, int from, int until, const char *detail)
{
	BlFinding	f;

	from = from < c->from ? c->from : from;
	until = until > c->until ? c->until : until;
	while (from < until && c->q[from] == BL_MISSING)
		from++;
	while (until > from && c->q[until - 1] == BL_MISSING)
		until--;
	if (from >= until)
		return;
	begin(c, &f, from, until, "%s", detail);
	tell(c, &f);
}

/* time of the span that the profile does not have */
static void
absent(const BlCheck *c, int32_t from, int32_t until, const char *detail)
{
	BlFinding	f;

	if (from >= until)
		return;
	begin(c, &f, c->from, c->from, "%s", detail);
	f.from = from;
	f.until = until;
	tell(c, &f);
}

void
bl_check_span(const BlCheck *c)
{
	int32_t		start = bl_readings_at(c->r, c->from);
	int32_t		end = bl_readings_at(c->r, c->until);

	if (c->rule->from.given)
	{
		int64_t		from = border(c, &c->rule->from);

		absent(c, (int32_t) from, start, "the profile begins late");
		if (from > start)
			outside(c, c->from, from >= end ? c->until : c->from + (int) ((from - start + c->step - 1) / c->step),
					"readings before the span");
	}
	if (c->rule->until.given)
	{
		int64_t		until = border(c, &c->rule->until);

		absent(c, end, (int32_t) until, "the profile ends early");
		if (until < end)
			outside(c, until <= start ? c->from : c->from + (int) ((until - start) / c->step), c->until,
					"readings after the span");
	}
}

void
bl_check_channel(const BlCheck *c)
{
	const BlProfile *shape = &c->r->series.shape;
	const BlRule *rule = c->rule;
	BlFinding	f;

	if (rule->unit >= 0 && rule->unit != (int) c->unit)
	{
		begin(c, &f, c->from, c->until, "the unit is %s, not %s", bl_unit_name(c->unit), bl_unit_name((BlUnit) rule->unit));
		tell(c, &f);
	}
	if (rule->slot_minutes > 0 && rule->slot_minutes != c->step)
	{
		begin(c, &f, c->from, c->until, "slots have another length");
		count(&f, c->step, rule->slot_minutes, "minutes");
		tell(c, &f);
	}
	if (rule->zone.length > 0)
	{
		char		fixed[16];
		BlText		zone = {shape->zone, shape->zone_length};
		unsigned	away = (unsigned) (shape->offset < 0 ? -shape->offset : shape->offset);

		if (zone.length == 0)
			zone = (BlText) {fixed, snprintf(fixed, sizeof fixed, "%c%02u:%02u", shape->offset < 0 ? '-' : '+',
											 away / 60 % 100, away % 60)};
		if (bl_text_cmp(zone, rule->zone) != 0)
		{
			begin(c, &f, c->from, c->until, "the time zone is %.*s, not %.*s", zone.length, zone.text,
				  rule->zone.length, rule->zone.text);
			tell(c, &f);
		}
	}
}

void
bl_check_quality(const BlCheck *c)
{
	for (int i = c->from; i < c->until; i++)
	{
		int			first = i;
		BlFinding	f;

		while (i < c->until && is_marked(c, i) && c->q[i] == c->q[first])
			i++;
		if (i == first)
			continue;
		begin(c, &f, first, i, "readings came as %s", bl_quality_name((BlQuality) c->q[first]));
		tell(c, &f);
		i--;
	}
}

void
bl_check_negative(const BlCheck *c)
{
	if (has_power(c))
		beyond(c, 0, INT64_MAX, false, "below zero", true, BL_ZERO);
	else
		unchecked(c, "levels of this unit may be below zero");
}

void
bl_check_capacity(const BlCheck *c)
{
	if (has_power(c))
		beyond(c, INT64_MIN, floor_of_kw(c, c->rule->kw), true, "more than can flow", true, c->rule->kw);
	else
		unchecked(c, "the profile's unit has no power");
}

void
bl_check_range(const BlCheck *c)
{
	const BlRule *rule = c->rule;

	if (rule->has_least)
	{
		BlDec		minus = {-rule->least.coefficient, rule->least.scale};
		int64_t		least = floor_of(c, minus, 1, 1);

		beyond(c, least == INT64_MIN ? INT64_MAX : -least, INT64_MAX, false, "below the range", true, rule->least);
	}
	if (rule->has_most)
		beyond(c, INT64_MIN, floor_of(c, rule->most, 1, 1), false, "above the range", true, rule->most);
}

void
bl_check_step(const BlCheck *c)
{
	int64_t		most;

	if (!has_power(c))
	{
		unchecked(c, "the profile's unit has no power");
		return;
	}
	most = floor_of_kw(c, c->rule->kw);
	for (int i = c->from > 0 ? c->from : 1; i < c->until; i++)
	{
		BlInt128	change = (BlInt128) c->v[i] - c->v[i - 1];
		BlFinding	f;

		if ((change <= most && change >= -(BlInt128) most) || !open_to_question(c->q[i]) || c->q[i - 1] == BL_MISSING)
			continue;
		begin(c, &f, i, i + 1, "a step from the reading before");
		measure(&f, kw_of(c, change), kw_name(c));
		limit(&f, c->rule->kw);
		tell(c, &f);
	}
}

void
bl_check_zero(const BlCheck *c)
{
	if (c->low <= 0 && c->high >= 0)
		long_runs(c, is_zero, c->rule->minutes, false, "nothing flowed");
}

/* the end of the run of equal values that begins at i */
static inline int
equal_until(const BlCheck *c, int i, int until)
{
	int64_t		value = c->v[i];

	while (++i < until && c->v[i] == value && open_to_question(c->q[i]))
		;
	return i;
}

/* of good values outside the profile: some meters count in steps so coarse that they repeat themselves */
static int
longest_repeat(const BlCheck *c)
{
	int			longest = 0;
	int			run = 0;

	for (int i = 0; i < c->r->series.shape.slots; i++)
	{
		bool		good = (i < c->from || i >= c->until) && c->v[i] != 0 && (c->q[i] == BL_ACTUAL || c->q[i] == BL_CORRECTED);

		run = !good ? 0 : run > 0 && c->v[i] == c->v[i - 1] ? run + 1 : 1;
		longest = run > longest ? run : longest;
	}
	return longest;
}

void
bl_check_repeated(const BlCheck *c)
{
	int			least = c->rule->slots;
	int			usual = c->until - c->from < c->r->series.shape.slots ? longest_repeat(c) : 0;
	int			next;

	least = usual >= least ? usual + 1 : least;
	for (int i = c->from; i < c->until; i = next)
	{
		BlFinding	f;

		next = i + 1;
		if (c->v[i] == 0 || !open_to_question(c->q[i]))
			continue;
		next = equal_until(c, i, c->until);
		if (next - i < least)
			continue;
		begin(c, &f, i, next, "the same value again and again");
		count(&f, next - i, least, "slots");
		tell(c, &f);
	}
}

void
bl_check_estimated(const BlCheck *c)
{
	if (c->estimated > 0)
		long_runs(c, is_estimated, (int64_t) c->rule->days * BL_MINUTES_PER_DAY, true, "estimated for long");
}

/* ----------------------------------------------------------- clock changes */

/* on the day the clocks go back: the hour that comes twice, [at - slots, at) and [at, at + slots) */
static void
repeated_hour(const BlCheck *c, int at, int slots)
{
	bool		same = true,
				nothing = true,
				around = true;
	BlFinding	f;

	if (at - slots < 0 || at < c->from || at + slots > c->until)
		return;
	for (int i = at; i < at + slots; i++)
	{
		if (!open_to_question(c->q[i]))
			return;
		same &= c->q[i - slots] != BL_MISSING && c->v[i] == c->v[i - slots];
		nothing &= c->v[i] == 0;
		around &= c->q[i - slots] != BL_MISSING && c->v[i - slots] > 0;
	}
	around &= at + slots < c->r->series.shape.slots && c->v[at + slots] > 0;
	if (nothing ? !around : !same)
		return;
	begin(c, &f, at, at + slots, nothing ? "nothing in the hour that came twice as clocks went back" :
		  "the hour that came twice as clocks went back has the same values twice");
	tell(c, &f);
}

void
bl_check_clock_change(const BlCheck *c)
{
	const BlZone *zone = c->r->zone;

	for (int i = 1; i < zone->n; i++)
	{
		int			back = zone->step[i - 1].offset - zone->step[i].offset;
		int64_t		at = (int64_t) zone->step[i].from_minute - c->r->series.shape.start;

		if (back > 0 && back <= 180 && back % c->step == 0 && at % c->step == 0 &&
			at >= 0 && at / c->step < c->r->series.shape.slots)
			repeated_hour(c, (int) (at / c->step), back / c->step);
	}
}
