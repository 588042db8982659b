/*
 * validate.c - the checks of validation
 *
 * Limits are turned into whole numbers of the profile's own step once, so
 * that a check is a comparison a slot: v is above a limit just where it is
 * above the limit's floor.
 */
#include "validate.h"

#include <stdarg.h>
#include <stdio.h>

enum
{
	WEEKS_MINUTES = 364 * BL_MINUTES_PER_DAY,	/* a year ago, on the same weekday */
	DECIMALS = 3				/* of a mean that is shown */
};

typedef struct Check
{
	const BlReadings *r;
	const BlRule *rule;
	const int64_t *v;
	const uint8_t *q;
	int			from;			/* the profile's slots */
	int			until;
	int			step;			/* minutes of a slot */
	int			scale;
	BlUnit		unit;
	/* of the profile's slots that can be questioned */
	int64_t		low;
	int64_t		high;
	int			missing;
	int			estimated;
	/* the third largest values of the days that rules on spikes look at, found for the first of them */
	int			third_day;		/* index of the first */
	int			third_days;
	int64_t    *third;			/* NULL: not yet */
	bool	   *third_known;
	bool	   *rejected;		/* by the profile's slots: by rules of other kinds, for sums; NULL: none is */
	BlFindingSink sink;
	void	   *context;
} Check;

/* ------------------------------------------------------------------ telling */

static void begin(const Check *c, BlFinding *f, int from, int until, const char *detail,...)
			__attribute__((format(printf, 5, 6)));

/* the finding of a run of slots, as far as the profile goes */
static void
begin(const Check *c, BlFinding *f, int from, int until, const char *detail,...)
{
	va_list		args;

	from = from < c->from ? c->from : from;
	until = until > c->until ? c->until : until;
	*f = (BlFinding) {
		.rule = c->rule,
		.severity = (BlSeverity) c->rule->severity,
		.from = bl_readings_at(c->r, from),
		.until = bl_readings_at(c->r, until),
		.slots = until - from
	};
	va_start(args, detail);
	vsnprintf(f->detail, sizeof f->detail, detail, args);
	va_end(args);
}

static void
tell(const Check *c, const BlFinding *f)
{
	c->sink(c->context, f);
}

static void
measure(BlFinding *f, BlDec measured, const char *unit)
{
	f->measured = measured;
	f->has_measured = true;
	f->unit = unit;
}

static void
limit(BlFinding *f, BlDec bound)
{
	f->bound = bound;
	f->has_bound = true;
}

static void
unchecked(const Check *c, const char *why)
{
	BlFinding	f;

	begin(c, &f, c->from, c->until, "%s", why);
	f.severity = BL_UNCHECKED;
	tell(c, &f);
}

static void
count(BlFinding *f, int measured, int bound, const char *unit)
{
	measure(f, bl_dec(measured, 0), unit);
	limit(f, bl_dec(bound, 0));
}

/* ------------------------------------------------------------------- limits */

static int64_t
saturated(BlInt128 value)
{
	return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t) value;
}

static BlInt128
floor_div(BlInt128 a, BlInt128 b)
{
	BlInt128	q = a / b;

	return q - (a % b < 0);
}

/* the largest whole value of the profile not above a decimal in its plain unit times num / den */
static int64_t
floor_of(const Check *c, BlDec limit, int num, int den)
{
	BlInt128	n = limit.coefficient * num;
	BlInt128	d = bl_pow10(limit.scale) * den;

	/* decimals of rules are below 10^18, so this stays within 10^33 */
	if (c->scale < 0)
		n *= bl_pow10(-c->scale);
	else
		d *= bl_pow10(c->scale);
	return saturated(floor_div(n, d));
}

static bool
has_power(const Check *c)
{
	return c->unit <= BL_VA;
}

/* a power in kW (kvar, kVA) as a slot's value: its floor */
static int64_t
floor_of_kw(const Check *c, BlDec kw)
{
	return bl_unit_is_energy(c->unit) ? floor_of(c, kw, 1000 * c->step, 60) : floor_of(c, kw, 1000, 1);
}

static const char *
kw_name(const Check *c)
{
	static const char *const name[] = {"kW", "kvar", "kVA", "kW", "kvar", "kVA"};

	return name[c->unit];
}

static const char *
kwh_name(const Check *c)
{
	static const char *const name[] = {"kWh", "kvarh", "kVAh"};

	return name[c->unit];
}

/* a slot's value as mean power */
static BlDec
kw_of(const Check *c, BlInt128 value)
{
	BlDec		d = bl_scaled(value, c->scale);

	if (bl_unit_is_energy(c->unit) && bl_dec_div(bl_dec_trim((BlDec) {d.coefficient * 60, d.scale}), bl_dec(c->step, 0),
												 d.scale + 3, BL_HALF_UP, &d) != BL_OK)
		return BL_ZERO;
	d.scale += 3;
	return bl_dec_trim(d);
}

/* --------------------------------------------------------------------- runs */

static inline bool
open_to_question(uint8_t quality)
{
	return quality == BL_ACTUAL || quality == BL_SUSPECT;
}

/* slots whose value is below `low` or above `high`, run by run, each told with its extreme */
static void
beyond(const Check *c, int64_t low, int64_t high, bool power, const char *detail, bool has_bound, BlDec bound)
{
	if (c->low >= low && c->high <= high)
		return;
	for (int i = c->from; i < c->until; i++)
	{
		int			first = i;
		int64_t		most = 0;
		BlFinding	f;

		for (; i < c->until && open_to_question(c->q[i]) && (c->v[i] < low || c->v[i] > high); i++)
			if (i == first || (c->v[i] > high ? c->v[i] > most : most <= high && c->v[i] < most))
				most = c->v[i];
		if (i == first)
			continue;
		begin(c, &f, first, i, "%s", detail);
		measure(&f, power ? kw_of(c, most) : bl_dec_trim(bl_scaled(most, c->scale)), power ? kw_name(c) : bl_unit_name(c->unit));
		if (has_bound)
			limit(&f, bound);
		tell(c, &f);
	}
}

/* is the slot part of a run that minutes or slots are counted of? */
typedef bool (*InRun) (const Check *c, int i);

static bool
is_missing(const Check *c, int i)
{
	return c->q[i] == BL_MISSING;
}

static bool
is_zero(const Check *c, int i)
{
	return c->v[i] == 0 && open_to_question(c->q[i]);
}

static bool
is_estimated(const Check *c, int i)
{
	return c->q[i] == BL_ESTIMATED || c->q[i] == BL_SUBSTITUTED;
}

static bool
is_marked(const Check *c, int i)
{
	return (c->rule->qualities & 1u << c->q[i]) != 0;
}

/* runs of the profile that begin before it are counted whole */
static void
long_runs(const Check *c, InRun in, int64_t least_minutes, bool above, const char *detail)
{
	int			i = c->from;

	while (i > 0 && in(c, i) && in(c, i - 1))
		i--;
	for (; i < c->until; i++)
	{
		int			first = i;
		int64_t		minutes;
		BlFinding	f;

		while (i < c->r->series.shape.slots && in(c, i))
			i++;
		minutes = (int64_t) (i - first) * c->step;
		if (i == first || first >= c->until || (above ? minutes <= least_minutes : minutes < least_minutes))
			continue;
		begin(c, &f, first, i, "%s", detail);
		count(&f, (int) minutes, (int) least_minutes, "minutes");
		tell(c, &f);
	}
}

/* ------------------------------------------------------------------- checks */

static void
check_gap(const Check *c)
{
	if (c->missing > 0)
		long_runs(c, is_missing, c->rule->minutes, true, "readings are missing");
}

static int32_t
border(const Check *c, const BlRuleBorder *b)
{
	return b->day ? bl_zone_midnight(c->r->zone, b->at) : b->at;
}

/* readings of [from, until) of the profile, from the first that is there to the last */
static void
outside(const Check *c, int from, int until, const char *detail)
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
absent(const Check *c, int32_t from, int32_t until, const char *detail)
{
	BlFinding	f;

	if (from >= until)
		return;
	begin(c, &f, c->from, c->from, "%s", detail);
	f.from = from;
	f.until = until;
	tell(c, &f);
}

static void
check_span(const Check *c)
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

static void
check_channel(const Check *c)
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

static void
check_quality(const Check *c)
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

static void
check_negative(const Check *c)
{
	if (has_power(c))
		beyond(c, 0, INT64_MAX, false, "below zero", true, BL_ZERO);
	else
		unchecked(c, "levels of this unit may be below zero");
}

static void
check_capacity(const Check *c)
{
	if (has_power(c))
		beyond(c, INT64_MIN, floor_of_kw(c, c->rule->kw), true, "more than can flow", true, c->rule->kw);
	else
		unchecked(c, "the profile's unit has no power");
}

static void
check_range(const Check *c)
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

static void
check_step(const Check *c)
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

static void
check_zero(const Check *c)
{
	if (c->low <= 0 && c->high >= 0)
		long_runs(c, is_zero, c->rule->minutes, false, "nothing flowed");
}

/* the end of the run of equal values that begins at i */
static inline int
equal_until(const Check *c, int i, int until)
{
	int64_t		value = c->v[i];

	while (++i < until && c->v[i] == value && open_to_question(c->q[i]))
		;
	return i;
}

/* of good values outside the profile: some meters count in steps so coarse that they repeat themselves */
static int
longest_repeat(const Check *c)
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

static void
check_repeated(const Check *c)
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

/* ------------------------------------------------------------------- spikes */

/* the third largest of a day, or its least where it has fewer; false where it has none */
static bool
third_largest(const Check *c, const BlReadingDay *day, int64_t *third)
{
	int64_t		a = INT64_MIN,
				b = INT64_MIN,
				d = INT64_MIN;
	int			from = day->first < 0 ? 0 : day->first;
	int			until = day->first + day->slots;
	int			known = 0;

	until = until > c->r->series.shape.slots ? c->r->series.shape.slots : until;
	for (int i = from; i < until; i++)
	{
		int64_t		x = c->v[i];

		if (c->q[i] == BL_MISSING)
			continue;
		known++;
		if (x <= d)
			continue;
		if (x > a)
		{
			d = b;
			b = a;
			a = x;
		}
		else if (x > b)
		{
			d = b;
			b = x;
		}
		else
			d = x;
	}
	*third = known > 2 ? d : known == 2 ? b : a;
	return known > 0;
}

/* what no value of a day should be above; by day of the profile, first is the first one's index */
typedef struct Spikes
{
	int			first;
	int			days;
	int64_t    *most;
} Spikes;

/* those of the days [from, until), as far as there are days */
static BlStatus
find_thirds(Check *c, int from, int until)
{
	BlArena    *arena = c->r->arena;

	from = from < 0 ? 0 : from;
	until = until > c->r->days ? c->r->days : until;
	if (c->third != NULL && from >= c->third_day && until <= c->third_day + c->third_days)
		return BL_OK;
	c->third_day = from;
	c->third_days = until - from;
	c->third = bl_arena_room(arena, (size_t) c->third_days * sizeof *c->third);
	c->third_known = bl_arena_room(arena, (size_t) c->third_days * sizeof *c->third_known);
	if (c->third == NULL || c->third_known == NULL)
		return BL_NO_SPACE;
	for (int d = from; d < until; d++)
		c->third_known[d - from] = third_largest(c, &c->r->day[d], &c->third[d - from]);
	return BL_OK;
}

/*
 * (value - base) / base > over, where base is the largest of the third largest
 * values of the days around: two spikes in a day do not hide each other, and a
 * quiet day is not held against a household's usual peaks.
 */
static BlStatus
find_spikes(Check *c, Spikes *s)
{
	const BlReadings *r = c->r;
	BlDec		over = c->rule->over;
	BlInt128	one = bl_pow10(over.scale);
	int64_t		least = floor_of_kw(c, c->rule->least_kw);
	int			around = (c->rule->days - 1) / 2;
	int			last = bl_readings_day(r, c->until - 1);

	s->first = bl_readings_day(r, c->from);
	s->days = last - s->first + 1;
	s->most = bl_arena_room(r->arena, (size_t) s->days * sizeof *s->most);
	if (s->most == NULL || find_thirds(c, s->first - around, last + around + 1) != BL_OK)
		return BL_NO_SPACE;
	for (int d = s->first; d <= last; d++)
	{
		int64_t		base = 0;
		bool		any = false;
		int64_t		most;

		for (int e = d - around < 0 ? 0 : d - around; e <= d + around && e < r->days; e++)
			if (c->third_known[e - c->third_day])
			{
				any = true;
				base = c->third[e - c->third_day] > base ? c->third[e - c->third_day] : base;
			}
		most = saturated(floor_div((BlInt128) base * (one + over.coefficient), one));
		s->most[d - s->first] = !any ? INT64_MAX : most < least ? least : most;
	}
	return BL_OK;
}

/* the slots of a day that are the profile's */
static void
day_slots(const Check *c, int day, int *from, int *until)
{
	const BlReadingDay *d = &c->r->day[day];

	*from = d->first < c->from ? c->from : d->first;
	*until = d->first + d->slots > c->until ? c->until : d->first + d->slots;
}

static BlStatus
check_spike(Check *c, bool after_zeros)
{
	Spikes		s;
	BlStatus	status;

	if (!has_power(c))
	{
		unchecked(c, "the profile's unit has no power");
		return BL_OK;
	}
	status = find_spikes(c, &s);
	for (int d = 0; status == BL_OK && d < s.days; d++)
	{
		int64_t		most = s.most[d];
		int			from,
					until;

		day_slots(c, s.first + d, &from, &until);
		for (int i = from; i < until; i++)
		{
			int			first = i;
			BlFinding	f;

			if (c->v[i] <= most || !open_to_question(c->q[i]))
				continue;
			if (after_zeros)
			{
				while (first > 0 && (is_zero(c, first - 1) || is_missing(c, first - 1)))
					first--;
				if (i - first < c->rule->slots)
					continue;
				begin(c, &f, first, i + 1, "nothing for %d slots, then much at once", i - first);
			}
			else
				begin(c, &f, i, i + 1, "far above the peaks of the days around");
			measure(&f, kw_of(c, c->v[i]), kw_name(c));
			limit(&f, kw_of(c, most));
			tell(c, &f);
		}
	}
	return status;
}

/* ------------------------------------------------------------------ history */

static void
check_peak(const Check *c)
{
	BlDec		over = c->rule->over;
	BlInt128	one = bl_pow10(over.scale);
	int64_t		highest = 0;
	bool		any = false;
	int64_t		most;

	if (!has_power(c))
	{
		unchecked(c, "the profile's unit has no power");
		return;
	}
	for (int i = 0; i < c->r->series.shape.slots; i++)
		if ((i < c->from || i >= c->until) && c->q[i] != BL_MISSING && c->q[i] != BL_SUSPECT)
		{
			any = true;
			highest = c->v[i] > highest ? c->v[i] : highest;
		}
	if (!any)
	{
		unchecked(c, "there is no history");
		return;
	}
	most = saturated(floor_div((BlInt128) highest * (one + over.coefficient), one));
	beyond(c, INT64_MIN, most, true, "above the highest of the history", true, kw_of(c, most));
}

typedef struct Use
{
	BlInt128	sum;
	int			known;
} Use;

static Use
use_of(const Check *c, int from, int until)
{
	Use			use = {0, 0};

	from = from < 0 ? 0 : from;
	until = until > c->r->series.shape.slots ? c->r->series.shape.slots : until;
	for (int i = from; i < until; i++)
		if (c->q[i] != BL_MISSING)
		{
			use.sum += c->v[i];
			use.known++;
		}
	return use;
}

/* the mean of a day (energies, in kWh) or of a slot, times a ratio; false where numbers are too large */
static bool
mean_of(const Check *c, Use use, BlDec ratio, BlDec *mean)
{
	int			day = bl_unit_is_energy(c->unit) ? BL_MINUTES_PER_DAY / c->step : 1;
	BlDec		sum;

	if (bl_dec_mul(bl_dec_trim(bl_scaled(use.sum, c->scale)), ratio, &sum) != BL_OK ||
		bl_dec_mul(sum, bl_dec(day, 0), &sum) != BL_OK)
		return false;
	if (bl_unit_is_energy(c->unit))
		sum.scale += 3;
	return sum.scale + DECIMALS <= BL_SCALE_MAX &&
		bl_dec_div(sum, bl_dec(use.known, 0), DECIMALS, BL_HALF_UP, mean) == BL_OK;
}

static void
check_high_low(const Check *c)
{
	static const char *const day_name[] = {"kWh a day", "kvarh a day", "kVAh a day"};
	const BlRule *rule = c->rule;
	int			wanted = c->until - c->from;
	int			away = rule->against == BL_PREVIOUS ? wanted : WEEKS_MINUTES / c->step;
	Use			now = use_of(c, c->from, c->until);
	Use			then = use_of(c, c->from - away, rule->against == BL_PREVIOUS ? c->from : c->until - away);
	BlFinding	f;
	BlDec		mean,
				low,
				high;

	/* known < cover * wanted */
	if (now.known == 0 || then.known == 0 ||
		then.known * bl_pow10(rule->cover.scale) < rule->cover.coefficient * wanted)
		unchecked(c, now.known == 0 ? "there are no readings" : "there is not enough history to compare with");
	else if (!mean_of(c, now, bl_dec(1, 0), &mean) || !mean_of(c, then, rule->low, &low) || !mean_of(c, then, rule->high, &high))
		unchecked(c, "the numbers are too large");
	else
	{
		bool		below = bl_dec_cmp(mean, low) < 0;

		if (!below && bl_dec_cmp(mean, high) <= 0)
			return;
		begin(c, &f, c->from, c->until, "%s use on average than %s", below ? "less" : "more",
			  rule->against == BL_PREVIOUS ? "in the time before" : "a year ago");
		measure(&f, bl_dec_trim(mean), bl_unit_is_energy(c->unit) ? day_name[c->unit] : bl_unit_name(c->unit));
		limit(&f, bl_dec_trim(below ? low : high));
		tell(c, &f);
	}
}

/* ---------------------------------------------------------------- registers */

/* |a - b| and the larger of the two tolerances; false where numbers are too large */
static bool
compare_sum(const BlRule *rule, BlDec sum, BlDec kwh, BlDec *apart, BlDec *tolerance)
{
	BlDec		percent;

	if (bl_dec_sub(sum, kwh, apart) != BL_OK || bl_dec_mul(kwh, rule->percent, &percent) != BL_OK)
		return false;
	if (apart->coefficient < 0)
		apart->coefficient = -apart->coefficient;
	percent.scale += 2;
	if (percent.scale > BL_SCALE_MAX)
		return false;
	*tolerance = bl_dec_cmp(percent, rule->kwh) > 0 ? percent : rule->kwh;
	return true;
}

static void
sum_unchecked(const Check *c, const BlRegisterSpan *reg, const char *why)
{
	BlFinding	f;

	begin(c, &f, reg->from, reg->until, "%s", why);
	f.severity = BL_UNCHECKED;
	tell(c, &f);
}

/* a value that another rule rejects is estimated, to the register: its month is not to be doubted too */
static bool
rejects_some(const Check *c, int from, int until)
{
	from = from < c->from ? c->from : from;
	until = until > c->until ? c->until : until;
	for (int i = from; i < until && c->rejected != NULL; i++)
		if (c->rejected[i - c->from])
			return true;
	return false;
}

static void
check_sum(const Check *c)
{
	int			met = 0;

	for (int i = 0; i < c->r->registers; i++)
	{
		const BlRegisterSpan *reg = &c->r->reg[i];
		Use			use = use_of(c, reg->from, reg->until);
		BlDec		sum = bl_scaled(use.sum, c->scale);
		BlDec		apart,
					tolerance;
		BlFinding	f;

		if (reg->until <= c->from || reg->from >= c->until)
			continue;
		met++;
		sum.scale += 3;
		if (!reg->aligned)
			sum_unchecked(c, reg, "a register was read within a slot");
		else if (use.known < reg->until - reg->from)
			sum_unchecked(c, reg, "readings of the register's span are missing");
		else if (rejects_some(c, reg->from, reg->until))
			sum_unchecked(c, reg, "readings of the register's span are rejected");
		else if (!compare_sum(c->rule, sum, reg->kwh, &apart, &tolerance))
			sum_unchecked(c, reg, "the numbers are too large");
		else if (bl_dec_cmp(apart, tolerance) > 0)
		{
			begin(c, &f, reg->from, reg->until, "the readings do not add up to the register");
			measure(&f, bl_dec_trim(sum), kwh_name(c));
			limit(&f, bl_dec_trim(reg->kwh));
			tell(c, &f);
		}
	}
	if (met == 0)
		unchecked(c, "there are no registers");
}

static void
check_estimated(const Check *c)
{
	if (c->estimated > 0)
		long_runs(c, is_estimated, (int64_t) c->rule->days * BL_MINUTES_PER_DAY, true, "estimated for long");
}

/* ----------------------------------------------------------- clock changes */

/* on the day the clocks go back: the hour that comes twice, [at - slots, at) and [at, at + slots) */
static void
repeated_hour(const Check *c, int at, int slots)
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

static void
check_clock_change(const Check *c)
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

/* --------------------------------------------------------------------- all */

static BlStatus
check_rule(Check *c)
{
	switch (c->rule->kind)
	{
		case BL_RULE_GAP:
			check_gap(c);
			break;
		case BL_RULE_SPAN:
			check_span(c);
			break;
		case BL_RULE_CHANNEL:
			check_channel(c);
			break;
		case BL_RULE_QUALITY:
			check_quality(c);
			break;
		case BL_RULE_NEGATIVE:
			check_negative(c);
			break;
		case BL_RULE_CAPACITY:
			check_capacity(c);
			break;
		case BL_RULE_RANGE:
			check_range(c);
			break;
		case BL_RULE_STEP:
			check_step(c);
			break;
		case BL_RULE_ZERO:
			check_zero(c);
			break;
		case BL_RULE_REPEATED:
			check_repeated(c);
			break;
		case BL_RULE_SPIKE:
			return check_spike(c, false);
		case BL_RULE_CATCH_UP:
			return check_spike(c, true);
		case BL_RULE_PEAK:
			check_peak(c);
			break;
		case BL_RULE_HIGH_LOW:
			check_high_low(c);
			break;
		case BL_RULE_SUM:
			check_sum(c);
			break;
		case BL_RULE_ESTIMATED:
			check_estimated(c);
			break;
		case BL_RULE_CLOCK_CHANGE:
			check_clock_change(c);
			break;
		case BL_RULE_COUNT:
			break;
	}
	return BL_OK;
}

/* what spares most rules their walk */
static void
survey(Check *c)
{
	c->low = INT64_MAX;
	c->high = INT64_MIN;
	for (int i = c->from; i < c->until; i++)
	{
		int64_t		x = c->v[i];

		c->low = x < c->low ? x : c->low;
		c->high = x > c->high ? x : c->high;
	}
	for (int i = c->from; i < c->until; i++)
	{
		c->missing += c->q[i] == BL_MISSING;
		c->estimated += c->q[i] == BL_ESTIMATED || c->q[i] == BL_SUBSTITUTED;
	}
}

static void
reject(void *context, const BlFinding *f)
{
	Check	   *c = context;
	int64_t		from = ((int64_t) f->from - bl_readings_at(c->r, c->from)) / c->step;
	int64_t		until = from + f->slots;

	for (int64_t i = from < 0 ? 0 : from; i < until && i < c->until - c->from; i++)
		c->rejected[i] = f->severity == BL_REJECT;
}

/* what rules of other kinds reject, wherever they stand in the list; nothing where there is no sum to check */
static BlStatus
find_rejected(Check *all, const BlRules *rules)
{
	Check		c = *all;
	BlStatus	status = BL_OK;
	int			sums = 0;

	for (int i = 0; i < rules->n; i++)
		sums += rules->rule[i].kind == BL_RULE_SUM;
	if (sums == 0 || c.r->registers == 0)
		return BL_OK;
	c.rejected = bl_arena_get(c.r->arena, (size_t) (c.until - c.from) * sizeof *c.rejected);
	if (c.rejected == NULL)
		return BL_NO_SPACE;
	c.sink = reject;
	c.context = &c;
	for (int i = 0; i < rules->n && status == BL_OK; i++)
	{
		c.rule = &rules->rule[i];
		if (c.rule->severity == BL_REJECT && c.rule->kind != BL_RULE_SUM)
			status = check_rule(&c);
	}
	all->rejected = c.rejected;
	return status;
}

BlStatus
bl_validate(const BlReadings *r, const BlRules *rules, BlFindingSink sink, void *context)
{
	Check		c = {
		.r = r,.v = r->series.values,.q = r->series.qualities,.from = r->first,.until = r->first + r->slots,
		.step = r->series.shape.slot_minutes,.scale = r->series.shape.scale,.unit = r->series.shape.unit,
		.sink = sink,.context = context
	};
	BlStatus	status;

	survey(&c);
	status = find_rejected(&c, rules);
	for (int i = 0; i < rules->n && status == BL_OK; i++)
	{
		c.rule = &rules->rule[i];
		bl_arena_poll(r->arena);
		status = check_rule(&c);
	}
	return status;
}

/* ------------------------------------------------------------------ marking */

typedef struct Marks
{
	int32_t		start;			/* of the profile */
	int			slots;
	int			step;
	int64_t    *values;
	uint8_t    *qualities;
} Marks;

static void
mark(void *context, const BlFinding *f)
{
	Marks	   *m = context;
	int64_t		from = ((int64_t) f->from - m->start) / m->step;
	int64_t		until = from + f->slots;

	if (f->severity > BL_SUSPECTED)
		return;
	for (int64_t i = from < 0 ? 0 : from; i < until && i < m->slots; i++)
		if (f->severity == BL_REJECT)
		{
			m->values[i] = 0;
			m->qualities[i] = BL_MISSING;
		}
		else if (m->qualities[i] == BL_ACTUAL)
			m->qualities[i] = BL_SUSPECT;
}

BlStatus
bl_validate_mark(const BlReadings *r, const BlRules *rules, int64_t *values, uint8_t *qualities)
{
	Marks		m = {bl_readings_at(r, r->first), r->slots, r->series.shape.slot_minutes, values, qualities};

	memcpy(values, r->series.values + r->first, (size_t) r->slots * sizeof *values);
	memcpy(qualities, r->series.qualities + r->first, (size_t) r->slots);
	return bl_validate(r, rules, mark, &m);
}
