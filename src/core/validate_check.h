/*
 * validate_check.h - what the checks of validation share: a rule on its way through a profile, and how its findings are told
 *
 * Limits are turned into whole numbers of the profile's own step once, so
 * that a check is a comparison a slot: v is above a limit just where it is
 * above the limit's floor.  Only validate.c and its checks include this.
 */
#ifndef BL_VALIDATE_CHECK_H
#define BL_VALIDATE_CHECK_H

#include <stdarg.h>
#include <stdio.h>

#include "validate.h"

typedef struct BlCheck
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
} BlCheck;

/* a rule each; those that need memory may not get it */
extern void bl_check_gap(const BlCheck *c);
extern void bl_check_span(const BlCheck *c);
extern void bl_check_channel(const BlCheck *c);
extern void bl_check_quality(const BlCheck *c);
extern void bl_check_negative(const BlCheck *c);
extern void bl_check_capacity(const BlCheck *c);
extern void bl_check_range(const BlCheck *c);
extern void bl_check_step(const BlCheck *c);
extern void bl_check_zero(const BlCheck *c);
extern void bl_check_repeated(const BlCheck *c);
extern void bl_check_estimated(const BlCheck *c);
extern void bl_check_clock_change(const BlCheck *c);
extern BlStatus bl_check_spike(BlCheck *c, bool after_zeros);
extern void bl_check_peak(const BlCheck *c);
extern void bl_check_high_low(const BlCheck *c);
extern void bl_check_sum(const BlCheck *c);

/* ------------------------------------------------------------------ telling */

static inline void begin(const BlCheck *c, BlFinding *f, int from, int until, const char *detail,...)
			__attribute__((format(printf, 5, 6)));

/* the finding of a run of slots, as far as the profile goes */
static inline void
begin(const BlCheck *c, BlFinding *f, int from, int until, const char *detail,...)
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

static inline void
tell(const BlCheck *c, const BlFinding *f)
{
	c->sink(c->context, f);
}

static inline void
measure(BlFinding *f, BlDec measured, const char *unit)
{
	f->measured = measured;
	f->has_measured = true;
	f->unit = unit;
}

static inline void
limit(BlFinding *f, BlDec bound)
{
	f->bound = bound;
	f->has_bound = true;
}

static inline void
unchecked(const BlCheck *c, const char *why)
{
	BlFinding	f;

	begin(c, &f, c->from, c->until, "%s", why);
	f.severity = BL_UNCHECKED;
	tell(c, &f);
}

static inline void
count(BlFinding *f, int measured, int bound, const char *unit)
{
	measure(f, bl_dec(measured, 0), unit);
	limit(f, bl_dec(bound, 0));
}

/* ------------------------------------------------------------------- limits */

static inline int64_t
saturated(BlInt128 value)
{
	return value > INT64_MAX ? INT64_MAX : value < INT64_MIN ? INT64_MIN : (int64_t) value;
}

static inline BlInt128
floor_div(BlInt128 a, BlInt128 b)
{
	BlInt128	q = a / b;

	return q - (a % b < 0);
}

/* the largest whole value of the profile not above a decimal in its plain unit times num / den */
static inline int64_t
floor_of(const BlCheck *c, BlDec limit, int num, int den)
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

static inline bool
has_power(const BlCheck *c)
{
	return c->unit <= BL_VA;
}

/* a power in kW (kvar, kVA) as a slot's value: its floor */
static inline int64_t
floor_of_kw(const BlCheck *c, BlDec kw)
{
	return bl_unit_is_energy(c->unit) ? floor_of(c, kw, 1000 * c->step, 60) : floor_of(c, kw, 1000, 1);
}

static inline const char *
kw_name(const BlCheck *c)
{
	static const char *const name[] = {"kW", "kvar", "kVA", "kW", "kvar", "kVA"};

	return name[c->unit];
}

static inline const char *
kwh_name(const BlCheck *c)
{
	static const char *const name[] = {"kWh", "kvarh", "kVAh"};

	return name[c->unit];
}

/* a slot's value as mean power */
static inline BlDec
kw_of(const BlCheck *c, BlInt128 value)
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
static inline void
beyond(const BlCheck *c, int64_t low, int64_t high, bool power, const char *detail, bool has_bound, BlDec bound)
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
typedef bool (*InRun) (const BlCheck *c, int i);

static inline bool
is_missing(const BlCheck *c, int i)
{
	return c->q[i] == BL_MISSING;
}

static inline bool
is_zero(const BlCheck *c, int i)
{
	return c->v[i] == 0 && open_to_question(c->q[i]);
}

static inline bool
is_estimated(const BlCheck *c, int i)
{
	return c->q[i] == BL_ESTIMATED || c->q[i] == BL_SUBSTITUTED;
}

static inline bool
is_marked(const BlCheck *c, int i)
{
	return (c->rule->qualities & 1u << c->q[i]) != 0;
}

/* runs of the profile that begin before it are counted whole */
static inline void
long_runs(const BlCheck *c, InRun in, int64_t least_minutes, bool above, const char *detail)
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

#endif							/* BL_VALIDATE_CHECK_H */
