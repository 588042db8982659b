/*
 * validate_history.c - checks against what else is known: the days around, the history, the registers
 */
#include "validate_check.h"

enum
{
	WEEKS_MINUTES = 364 * BL_MINUTES_PER_DAY,	/* a year ago, on the same weekday */
	DECIMALS = 3				/* of a mean that is shown */
};

/* ------------------------------------------------------------------- spikes */

/* the third largest of a day, or its least where it has fewer; false where it has none */
static bool
third_largest(const BlCheck *c, const BlReadingDay *day, int64_t *third)
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
find_thirds(BlCheck *c, int from, int until)
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
find_spikes(BlCheck *c, Spikes *s)
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
day_slots(const BlCheck *c, int day, int *from, int *until)
{
	const BlReadingDay *d = &c->r->day[day];

	*from = d->first < c->from ? c->from : d->first;
	*until = d->first + d->slots > c->until ? c->until : d->first + d->slots;
}

BlStatus
bl_check_spike(BlCheck *c, bool after_zeros)
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

void
bl_check_peak(const BlCheck *c)
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
use_of(const BlCheck *c, int from, int until)
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
mean_of(const BlCheck *c, Use use, BlDec ratio, BlDec *mean)
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

void
bl_check_high_low(const BlCheck *c)
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
sum_unchecked(const BlCheck *c, const BlRegisterSpan *reg, const char *why)
{
	BlFinding	f;

	begin(c, &f, reg->from, reg->until, "%s", why);
	f.severity = BL_UNCHECKED;
	tell(c, &f);
}

/* a value that another rule rejects is estimated, to the register: its month is not to be doubted too */
static bool
rejects_some(const BlCheck *c, int from, int until)
{
	from = from < c->from ? c->from : from;
	until = until > c->until ? c->until : until;
	for (int i = from; i < until && c->rejected != NULL; i++)
		if (c->rejected[i - c->from])
			return true;
	return false;
}

void
bl_check_sum(const BlCheck *c)
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
