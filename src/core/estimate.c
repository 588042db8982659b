/*
 * estimate.c - lines, like days, and the scaling to registers
 *
 * Measured on households with injected gaps (doc/validation.md): a line is
 * best up to two hours, beyond that the mean of ten like days on both sides;
 * scaling to readings that bracket the gap makes the energy right whatever
 * the customer did.
 *
 * Estimates go through three passes over pieces, each the part of a gap that
 * lies within one register's span or none (and, for like days, one local day): a
 * first value for every slot, scaling by register, telling.
 */
#include "estimate.h"

#include <stdlib.h>

const char *const bl_method_name[BL_EVEN + 1] = {"none", "linear", "flat", "like days", "even"};

static const char too_few_days[] = "too few like days with good readings at these times";
static const char no_kin[] = "not scaled: other readings of the register's span are missing";

typedef struct Work
{
	BlReadings *r;
	const BlEstimationRules *rules;
	int64_t    *v;
	uint8_t    *q;
	int			slots;			/* of the series */
	int			lo;				/* the slots that matter: the profile's, */
	int			hi;				/* and those of registers that reach into it */
	BlEstimate *piece;
	int			pieces;
	int			room;
	BlProblem  *problem;
} Work;

static inline bool
is_source(const Work *w, int i)
{
	return (w->rules->sources & 1u << w->q[i]) != 0;
}

static inline bool
is_target(const Work *w, int i)
{
	return (w->rules->fill & 1u << w->q[i]) != 0;
}

static BlStatus
no_space(const Work *w)
{
	return bl_problem(w->problem, BL_NO_SPACE, "the profiles are too large");
}

static BlStatus
too_large(const Work *w)
{
	bl_problem(w->problem, BL_OVERFLOW, "an estimated value is out of range");
	bl_problem_detail(w->problem, "Values are kept as 64-bit integers at one decimal scale.");
	bl_problem_hint(w->problem, "Look for a wrong unit or decimals too many among the registers.");
	return BL_OVERFLOW;
}

/* ------------------------------------------------------------------- pieces */

static BlStatus
add_piece(Work *w, int from, int until, BlMethod method, BlEstimate **out)
{
	if (w->pieces == w->room)
	{
		int			room = w->room > 0 ? w->room * 2 : 16;
		BlEstimate *more = bl_arena_room(w->r->arena, (size_t) room * sizeof *more);

		if (more == NULL)
			return no_space(w);
		if (w->pieces > 0)
			memcpy(more, w->piece, (size_t) w->pieces * sizeof *more);
		w->piece = more;
		w->room = room;
	}
	*out = &w->piece[w->pieces++];
	memset(*out, 0, sizeof **out);
	(*out)->from = from;
	(*out)->until = until;
	(*out)->method = method;
	(*out)->reg = -1;
	return BL_OK;
}

/* the register whose span ends behind slot i, by halving; registers where there is none */
static int
register_behind(const BlReadings *r, int i)
{
	int			lo = 0,
				hi = r->registers;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;

		if (r->reg[mid].until > i)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* where the borders of the profile and of registers' spans cut a piece that begins at `from` */
static int
cut(const Work *w, int from, int until)
{
	int			n = register_behind(w->r, from);
	int			border = from < w->r->first ? w->r->first : w->r->first + w->r->slots;

	until = from < border && border < until ? border : until;
	if (n < w->r->registers)
	{
		const BlRegisterSpan *reg = &w->r->reg[n];

		border = reg->from > from ? reg->from : reg->until;
		if (border < until)
			return border;
	}
	return until;
}

/* ---------------------------------------------------------------- like days */

static bool
alike(const Work *w, const BlReadingDay *a, const BlReadingDay *b)
{
	switch ((BlDayType) w->rules->day_type)
	{
		case BL_WORKDAY:
			return a->rest == b->rest;
		case BL_WEEKDAY:
			return a->weekday == b->weekday;
		case BL_ANY_DAY:
			break;
	}
	return true;
}

/* slots [at, at + n) of the day have good readings, all of them */
static bool
serves(const Work *w, const BlReadingDay *day, int at, int n)
{
	int			from = day->first + at;

	if (!day->whole_clock || from < 0 || from + n > w->slots)
		return false;
	for (int i = from; i < from + n; i++)
		if (!is_source(w, i))
			return false;
	return true;
}

static int
by_day(const void *a, const void *b)
{
	int32_t		x = *(const int32_t *) a,
				y = *(const int32_t *) b;

	return (x > y) - (x < y);
}

static int
by_value(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a,
				y = *(const int64_t *) b;

	return (x > y) - (x < y);
}

/* the days nearest to d that serve, of equally near ones the earlier first; how many */
static int
find_days(const Work *w, int d, int at, int n, int days[BL_LIKE_DAYS_MAX])
{
	const BlReadings *r = w->r;
	int			found = 0;

	for (int away = 1; away <= w->rules->within_days && found < w->rules->days; away++)
		for (int side = -1; side <= 1 && found < w->rules->days; side += 2)
		{
			int			e = d + side * away;

			if (e >= 0 && e < r->days && alike(w, &r->day[d], &r->day[e]) && serves(w, &r->day[e], at, n))
				days[found++] = e;
		}
	return found;
}

static int64_t
average(const Work *w, const int *days, int n, int at)
{
	BlInt128	sum = 0;
	int64_t		value[BL_LIKE_DAYS_MAX];

	for (int i = 0; i < n; i++)
		sum += value[i] = w->v[w->r->day[days[i]].first + at];
	if (!w->rules->median)
		return (int64_t) bl_div_round(sum, n, BL_HALF_UP);
	qsort(value, (size_t) n, sizeof *value, by_value);
	return n % 2 == 1 ? value[n / 2] :
		(int64_t) bl_div_round((BlInt128) value[n / 2 - 1] + value[n / 2], 2, BL_HALF_UP);
}

/* the local time of a slot as a slot of a 24-hour day; where the clock repeats an hour, both times are that hour */
static int
slot_of_day(const Work *w, int i)
{
	int32_t		at = bl_readings_at(w->r, i);
	int64_t		local = (int64_t) at + bl_zone_offset(w->r->zone, at);

	return (int) (local - bl_floor_div(local, BL_MINUTES_PER_DAY) * BL_MINUTES_PER_DAY) / w->r->series.shape.slot_minutes;
}

/* the part of [from, until) on one day without a change of clock */
static int
cut_by_day(const Work *w, int from, int until, int *day)
{
	const BlReadingDay *d;

	*day = bl_readings_day(w->r, from);
	d = &w->r->day[*day];
	until = d->first + d->slots < until ? d->first + d->slots : until;
	if (!d->whole_clock)
	{
		int			at = slot_of_day(w, from);

		for (int i = from + 1; i < until; i++)
			if (slot_of_day(w, i) != at + (i - from))
				return i;
	}
	return until;
}

/* a gap from like days, piece by piece; values are put in by fill(), so that no estimate is made of one */
static BlStatus
like_days(Work *w, int from, int until)
{
	while (from < until)
	{
		int			day;
		int			end = cut(w, from, cut_by_day(w, from, until, &day));
		int			days[BL_LIKE_DAYS_MAX];
		BlEstimate *piece;
		BlStatus	status = add_piece(w, from, end, BL_LIKE_DAYS, &piece);

		if (status != BL_OK)
			return status;
		bl_arena_poll(w->r->arena);
		piece->days = find_days(w, day, slot_of_day(w, from), end - from, days);
		if (piece->days < w->rules->least_days)
		{
			piece->method = BL_NOT_ESTIMATED;
			piece->reason = too_few_days;
			piece->days = 0;
		}
		for (int i = 0; i < piece->days; i++)
			piece->day[i] = days[i];
		from = end;
	}
	return BL_OK;
}

/* ------------------------------------------------------------ first estimates */

/* a line from the value before the gap to the one behind it */
static int64_t
on_line(int64_t before, int64_t behind, int n, int slots)
{
	BlInt128	rise = ((BlInt128) behind - before) * n;

	return (int64_t) (before + bl_div_round(rise, slots + 1, BL_HALF_UP));
}

/* the pieces of one gap */
static BlStatus
gap(Work *w, int from, int until)
{
	bool		before = from > 0 && is_source(w, from - 1);
	bool		behind = until < w->slots && is_source(w, until);
	bool		is_short = (int64_t) (until - from) * w->r->series.shape.slot_minutes <= w->rules->linear_minutes;
	BlStatus	status = BL_OK;

	if (!is_short || (!before && !behind))
		return like_days(w, from, until);
	for (int at = from, end; at < until && status == BL_OK; at = end)
	{
		BlEstimate *piece;

		end = cut(w, at, until);
		status = add_piece(w, at, end, before && behind ? BL_LINEAR : BL_FLAT, &piece);
	}
	return status;
}

/* the value that a slot of a piece gets at first */
static int64_t
first_value(const Work *w, const BlEstimate *p, int i, int gap_from, int gap_until)
{
	switch (p->method)
	{
		case BL_LINEAR:
			return on_line(w->v[gap_from - 1], w->v[gap_until], i - gap_from + 1, gap_until - gap_from);
		case BL_FLAT:
			return gap_from > 0 && is_source(w, gap_from - 1) ? w->v[gap_from - 1] : w->v[gap_until];
		case BL_LIKE_DAYS:
			{
				int			at = slot_of_day(w, p->from) + (i - p->from);

				return average(w, p->day, p->days, at);
			}
		case BL_NOT_ESTIMATED:
		case BL_EVEN:
			break;
	}
	return 0;
}

/* finds all gaps, then puts their first values into `made` */
static BlStatus
first_estimates(Work *w, int64_t *made)
{
	BlStatus	status = BL_OK;

	for (int i = 0; i < w->slots && status == BL_OK; i++)
	{
		int			from = i;
		int			piece = w->pieces;

		/* most slots are good */
		if (!is_target(w, i))
			continue;
		while (i < w->slots && is_target(w, i))
			i++;
		if (i <= w->lo || from >= w->hi)
			continue;
		status = gap(w, from, i);
		for (; status == BL_OK && piece < w->pieces; piece++)
		{
			BlEstimate *p = &w->piece[piece];

			for (int s = p->from; s < p->until; s++)
			{
				made[s] = first_value(w, p, s, from, i);
				p->unscaled += made[s];
			}
			p->sum = p->unscaled;
			/* slots become dates */
			for (int d = 0; d < p->days; d++)
				p->day[d] += w->r->day0;
			qsort(p->day, (size_t) p->days, sizeof *p->day, by_day);
		}
	}
	return status;
}

/* ------------------------------------------------------------------ scaling */

/* the pieces of a register's span */
static void
pieces_of(const Work *w, const BlRegisterSpan *reg, int *from, int *until)
{
	int			lo = 0,
				hi = w->pieces;

	while (lo < hi)
	{
		int			mid = (lo + hi) / 2;

		if (w->piece[mid].from >= reg->from)
			hi = mid;
		else
			lo = mid + 1;
	}
	*from = lo;
	while (lo < w->pieces && w->piece[lo].from < reg->until)
		lo++;
	*until = lo;
}

static void
give_reason(Work *w, int from, int until, const char *reason)
{
	for (int i = from; i < until; i++)
		if (w->piece[i].reason == NULL)
			w->piece[i].reason = reason;
}

/* what the register leaves for the estimated slots, in the series' step; its finer decimals fit (see refine) */
static BlStatus
residual(Work *w, const BlRegisterSpan *reg, BlInt128 *left, bool *whole)
{
	BlDec		wh = bl_dec_trim(reg->kwh);
	int			scale = w->r->series.shape.scale;
	BlInt128	measured = 0;
	BlInt128	total;

	*whole = true;
	for (int i = reg->from; i < reg->until; i++)
	{
		if (is_target(w, i))
			continue;
		*whole &= w->q[i] != BL_MISSING;
		measured += w->v[i];
	}
	/* kWh of wh.scale decimals in steps of 10^scale Wh: refine() made it whole */
	if (3 - wh.scale - scale < 0 || 3 - wh.scale - scale > 30 ||
		__builtin_mul_overflow(wh.coefficient, bl_pow10(3 - wh.scale - scale), &total))
		return too_large(w);
	*left = total - measured;
	return BL_OK;
}

/* kWh in the series' step, cut off */
static BlInt128
steps_of(const Work *w, BlDec kwh)
{
	int			tens = 3 - kwh.scale - w->r->series.shape.scale;

	return tens >= 0 ? kwh.coefficient * bl_pow10(tens) : kwh.coefficient / bl_pow10(-tens);
}

typedef struct Share
{
	BlUint128	rest;
	int			slot;
} Share;

static int
by_rest(const void *a, const void *b)
{
	const Share *x = a,
			   *y = b;

	if (x->rest != y->rest)
		return x->rest > y->rest ? -1 : 1;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

/*
 * Shares total over the slots of pieces by their first values, in whole steps
 * by largest remainder; without any weight evenly.
 */
static BlStatus
share(Work *w, int from, int until, int64_t total, int64_t *made)
{
	BlUint128	weights = 0;
	int64_t		left = total;
	Share	   *rest;
	bool		even;
	int			slots = 0;
	int			n = 0;

	for (int p = from; p < until; p++)
		for (int i = w->piece[p].from; i < w->piece[p].until; i++, slots++)
			weights += made[i] > 0 ? (uint64_t) made[i] : 0;
	even = weights == 0;
	rest = bl_arena_room(w->r->arena, (size_t) slots * sizeof *rest);
	if (rest == NULL)
		return no_space(w);
	if (even)
		weights = (BlUint128) slots;
	for (int p = from; p < until; p++)
	{
		if (even && (total > 0 || w->piece[p].method == BL_NOT_ESTIMATED))
			w->piece[p].method = BL_EVEN;
		for (int i = w->piece[p].from; i < w->piece[p].until; i++)
		{
			BlUint128	weight = even ? 1 : made[i] > 0 ? (uint64_t) made[i] : 0;
			BlUint128	product = (uint64_t) total * weight;

			rest[n++] = (Share) {product % weights, i};
			made[i] = (int64_t) (product / weights);
			left -= made[i];
		}
	}
	qsort(rest, (size_t) n, sizeof *rest, by_rest);
	for (int i = 0; left > 0; i = (i + 1) % n, left--)
		made[rest[i].slot]++;
	return BL_OK;
}

static BlStatus
scale_to(Work *w, int reg_no, int64_t *made)
{
	const BlRegisterSpan *reg = &w->r->reg[reg_no];
	BlInt128	left;
	BlStatus	status;
	bool		whole;
	int			from,
				until;
	int			unserved = 0;

	pieces_of(w, reg, &from, &until);
	if (from == until)
		return BL_OK;
	for (int i = from; i < until; i++)
		unserved += w->piece[i].method == BL_NOT_ESTIMATED;
	if (!reg->aligned || reg->from < 0 || reg->until > w->slots)
	{
		give_reason(w, from, until, !reg->aligned ? "not scaled: a register was read within a slot" :
					"not scaled: the register's span reaches beyond the readings");
		return BL_OK;
	}
	status = residual(w, reg, &left, &whole);
	if (status != BL_OK)
		return status;
	if (!whole || (unserved > 0 && !w->rules->even))
	{
		give_reason(w, from, until, no_kin);
		return BL_OK;
	}
	if (left < -steps_of(w, w->rules->tolerance_kwh))
	{
		for (int i = from; i < until; i++)
		{
			w->piece[i].method = BL_NOT_ESTIMATED;
			w->piece[i].reason = "the readings around exceed the register";
			w->piece[i].days = 0;
		}
		return BL_OK;
	}
	left = left < 0 ? 0 : left;
	if (left > INT64_MAX)
		return too_large(w);
	if (unserved > 0)
		/* some have no shape of their own, so all take an even share */
		for (int p = from; p < until; p++)
			memset(made + w->piece[p].from, 0, (size_t) (w->piece[p].until - w->piece[p].from) * sizeof *made);
	status = share(w, from, until, (int64_t) left, made);
	for (int p = from; p < until && status == BL_OK; p++)
	{
		BlEstimate *piece = &w->piece[p];

		piece->reg = reg_no;
		piece->reason = NULL;
		if (piece->method == BL_EVEN)
			piece->days = 0;
		piece->sum = 0;
		for (int i = piece->from; i < piece->until; i++)
			piece->sum += made[i];
	}
	return status;
}

/* the series at a step that every register near a gap is a whole number of */
static BlStatus
refine(Work *w)
{
	int			scale = w->r->series.shape.scale;

	for (int i = 0; i < w->r->registers; i++)
	{
		BlDec		kwh = bl_dec_trim(w->r->reg[i].kwh);

		/* kWh of n decimals are steps of 10^(3 - n) Wh */
		scale = 3 - kwh.scale < scale ? 3 - kwh.scale : scale;
	}
	return bl_series_rescale(&w->r->series, scale) == BL_OK ? BL_OK : too_large(w);
}

/* --------------------------------------------------------------------- all */

/* the estimated slots into the series, and the sink told of what is the profile's */
static void
finish(Work *w, const int64_t *made, BlEstimateSink sink, void *context)
{
	for (const BlEstimate *piece = w->piece; piece < w->piece + w->pieces; piece++)
		if (piece->method != BL_NOT_ESTIMATED)
			for (int i = piece->from; i < piece->until; i++)
			{
				w->v[i] = made[i];
				w->q[i] = BL_ESTIMATED;
			}
	for (const BlEstimate *piece = w->piece; sink != NULL && piece < w->piece + w->pieces; piece++)
		if (piece->from >= w->r->first && piece->until <= w->r->first + w->r->slots)
			sink(context, piece);
}

BlStatus
bl_estimate(BlReadings *r, const BlEstimationRules *rules, BlEstimateSink sink, void *context, BlProblem *problem)
{
	Work		w = {.r = r,.rules = rules,.slots = r->series.shape.slots,.problem = problem};
	int64_t    *made;
	BlStatus	status = rules->scale && r->registers > 0 ? refine(&w) : BL_OK;
	bool		any = false;

	if (status != BL_OK)
		return status;
	w.v = r->series.values;
	w.q = r->series.qualities;
	for (int i = r->first; i < r->first + r->slots && !any; i++)
		any = is_target(&w, i);
	if (!any)
		return BL_OK;
	w.lo = r->first;
	w.hi = r->first + r->slots;
	for (int i = 0; i < r->registers; i++)
		if (r->reg[i].from < r->first + r->slots && r->reg[i].until > r->first)
		{
			w.lo = r->reg[i].from < w.lo ? r->reg[i].from : w.lo;
			w.hi = r->reg[i].until > w.hi ? r->reg[i].until : w.hi;
		}
	made = bl_arena_room(r->arena, (size_t) w.slots * sizeof *made);
	if (made == NULL)
		return no_space(&w);
	status = first_estimates(&w, made);
	for (int i = 0; rules->scale && i < r->registers && status == BL_OK; i++)
		status = scale_to(&w, i, made);
	if (status == BL_OK)
		finish(&w, made, sink, context);
	return status;
}
