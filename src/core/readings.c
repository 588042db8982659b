/*
 * readings.c - a profile within its history, its days and its registers
 */
#include "readings.h"

#include <stdlib.h>

/* ----------------------------------------------------------------- series */

static BlStatus
kin(const BlProfile *a, const BlProfile *b, BlProblem *problem)
{
	bool		same_zone = a->zone_length == b->zone_length &&
		(a->zone_length > 0 ? memcmp(a->zone, b->zone, (size_t) a->zone_length) == 0 : a->offset == b->offset);

	if (a->unit != b->unit)
	{
		bl_problem(problem, BL_BAD_UNIT, "profiles of %s and %s do not go together", bl_unit_name(a->unit), bl_unit_name(b->unit));
		bl_problem_hint(problem, "Give the history of the same channel.");
		return BL_BAD_UNIT;
	}
	if (a->slot_minutes != b->slot_minutes || ((int64_t) b->start - a->start) % a->slot_minutes != 0)
	{
		bl_problem(problem, BL_UNALIGNED, "profiles have different slots");
		bl_problem_detail(problem, "One has slots of %d minutes, the other of %d%s.", a->slot_minutes, b->slot_minutes,
						  a->slot_minutes == b->slot_minutes ? ", on another grid" : "");
		bl_problem_hint(problem, "Use resample() first.");
		return BL_UNALIGNED;
	}
	if (!same_zone)
	{
		bl_problem(problem, BL_UNALIGNED, "profiles are of different time zones");
		bl_problem_detail(problem, "Days of a profile begin at the midnights of its zone.");
		bl_problem_hint(problem, "Use in_zone() first.");
		return BL_UNALIGNED;
	}
	return BL_OK;
}

void
bl_readings_span(const BlProfile *profile, const BlProfile *other, int32_t *from, int32_t *until)
{
	*from = profile->start;
	*until = bl_profile_until(profile);
	if (other == NULL)
		return;
	*from = other->start < *from ? other->start : *from;
	*until = bl_profile_until(other) > *until ? bl_profile_until(other) : *until;
}

static BlStatus
no_space(BlProblem *problem)
{
	return bl_problem(problem, BL_NO_SPACE, "the profiles are too large");
}

/* room for all slots of both, each missing where neither is decoded over it */
static BlStatus
series_room(const BlProfile *profile, const BlProfile *other, BlArena *arena, BlSeries *s, BlProblem *problem)
{
	int32_t		from,
				until;
	int64_t		slots;
	BlStatus	status = other != NULL ? kin(profile, other, problem) : BL_OK;

	if (status != BL_OK)
		return status;
	bl_readings_span(profile, other, &from, &until);
	slots = ((int64_t) until - from) / profile->slot_minutes;
	if (slots > BL_PROFILE_SLOTS_MAX)
	{
		bl_problem(problem, BL_LIMIT, "the profiles together are too long");
		bl_problem_detail(problem, "They span %d slots; %d are the most.", (int) slots, BL_PROFILE_SLOTS_MAX);
		bl_problem_hint(problem, "Give less history.");
		return BL_LIMIT;
	}
	s->shape = *profile;
	s->shape.start = from;
	s->shape.slots = (int) slots;
	if (other != NULL && other->scale < profile->scale)
		s->shape.scale = other->scale;
	s->values = bl_arena_room(arena, (size_t) slots * sizeof *s->values);
	s->qualities = bl_arena_room(arena, (size_t) slots);
	if (s->values == NULL || s->qualities == NULL)
		return no_space(problem);
	if (slots > profile->slots)
	{
		memset(s->values, 0, (size_t) slots * sizeof *s->values);
		memset(s->qualities, BL_MISSING, (size_t) slots);
	}
	return BL_OK;
}

static BlStatus
damaged(BlStatus status, BlProblem *problem)
{
	return bl_problem(problem, status, "profile: %s", bl_status_text(status));
}

/* a profile's slots to where they belong */
static BlStatus
decode_into(const BlProfile *p, BlSeries *into, BlProblem *problem)
{
	int			at = (p->start - into->shape.start) / p->slot_minutes;
	BlSeries	part = {*p, into->values + at, into->qualities + at};
	BlStatus	status = bl_profile_decode(p, part.values, part.qualities, NULL);

	if (status == BL_OK)
		status = bl_series_rescale(&part, into->shape.scale);
	return status == BL_OK ? BL_OK : damaged(status, problem);
}

/* ------------------------------------------------------------------- days */

static bool
is_rest(const BlMarket *market, int32_t day)
{
	bool		weekend = bl_weekday(day) >= 5;

	if (market == NULL || !market->has_calendar)
		return weekend;
	if (bl_day_listed(market->holiday, market->holidays, day))
		return true;
	return weekend && !bl_day_listed(market->workday, market->workdays, day);
}

static BlStatus
make_days(BlReadings *r, const BlMarket *market, BlProblem *problem)
{
	const BlProfile *shape = &r->series.shape;
	int32_t		last = bl_zone_day(r->zone, bl_profile_until(shape) - 1);
	int32_t		midnight;

	r->day0 = bl_zone_day(r->zone, shape->start);
	r->days = last - r->day0 + 1;
	r->day = bl_arena_room(r->arena, (size_t) r->days * sizeof *r->day);
	if (r->day == NULL)
		return no_space(problem);
	midnight = bl_zone_midnight(r->zone, r->day0);
	for (int i = 0; i < r->days; i++)
	{
		BlReadingDay *d = &r->day[i];
		int32_t		next = bl_zone_midnight(r->zone, r->day0 + i + 1);
		int64_t		away = (int64_t) midnight - shape->start;

		if (away % shape->slot_minutes != 0 || (next - midnight) % shape->slot_minutes != 0)
		{
			bl_problem(problem, BL_UNALIGNED, "a slot straddles a local midnight between the profile and its history");
			bl_problem_hint(problem, "Give a history whose days follow each other to the profile.");
			return BL_UNALIGNED;
		}
		d->first = (int) (away / shape->slot_minutes);
		d->slots = (next - midnight) / shape->slot_minutes;
		d->whole_clock = next - midnight == BL_MINUTES_PER_DAY &&
			bl_zone_offset(r->zone, midnight) == bl_zone_offset(r->zone, next - 1);
		d->rest = is_rest(market, r->day0 + i);
		d->weekday = (uint8_t) bl_weekday(r->day0 + i);
		if (d->rest && d->weekday < 5)
			d->weekday = 6;
		else if (!d->rest && d->weekday >= 5)
			d->weekday = 4;
		midnight = next;
	}
	return BL_OK;
}

BlStatus
bl_readings_make(const BlProfile *profile, const BlProfile *history, const BlZone *zone,
				 const BlMarket *market, BlArena *arena, BlReadings *r, BlProblem *problem)
{
	BlStatus	status;

	*r = (BlReadings) {.zone = zone,.arena = arena};
	status = series_room(profile, history, arena, &r->series, problem);
	if (status == BL_OK && history != NULL)
		status = decode_into(history, &r->series, problem);
	if (status == BL_OK)
		status = decode_into(profile, &r->series, problem);
	if (status != BL_OK)
		return status;
	r->first = (profile->start - r->series.shape.start) / profile->slot_minutes;
	r->slots = profile->slots;
	return make_days(r, market, problem);
}

/* how much a slot is worth where two deliveries have it */
static int
worth(uint8_t quality)
{
	static const uint8_t worths[BL_QUALITY_COUNT] = {
		[BL_SUSPECT] = 1,[BL_ESTIMATED] = 2,[BL_SUBSTITUTED] = 3,[BL_ACTUAL] = 4,[BL_CORRECTED] = 5
	};

	return worths[quality];
}

static BlStatus
lay_over(const BlProfile *profile, const BlProfile *by, bool better, BlArena *arena, BlSeries *result, BlProblem *problem)
{
	BlSeries	over = {*by, bl_arena_room(arena, (size_t) by->slots * sizeof *over.values),
	bl_arena_room(arena, (size_t) by->slots)};
	BlStatus	status;
	int			at;

	if (over.values == NULL || over.qualities == NULL)
		return no_space(problem);
	status = series_room(profile, by, arena, result, problem);
	if (status == BL_OK)
		status = decode_into(profile, result, problem);
	if (status != BL_OK)
		return status;
	status = bl_profile_decode(by, over.values, over.qualities, NULL);
	if (status == BL_OK)
		status = bl_series_rescale(&over, result->shape.scale);
	if (status != BL_OK)
		return damaged(status, problem);
	at = (by->start - result->shape.start) / by->slot_minutes;
	for (int i = 0; i < by->slots; i++)
		if (over.qualities[i] != BL_MISSING && !(better && worth(over.qualities[i]) < worth(result->qualities[at + i])))
		{
			result->values[at + i] = over.values[i];
			result->qualities[at + i] = over.qualities[i];
		}
	return BL_OK;
}

BlStatus
bl_series_overlay(const BlProfile *profile, const BlProfile *by, BlArena *arena, BlSeries *result, BlProblem *problem)
{
	return lay_over(profile, by, false, arena, result, problem);
}

BlStatus
bl_series_merge(const BlProfile *profile, const BlProfile *by, BlArena *arena, BlSeries *result, BlProblem *problem)
{
	return lay_over(profile, by, true, arena, result, problem);
}

/* -------------------------------------------------------------- registers */

static int
by_from(const void *a, const void *b)
{
	const BlRegisterSpan *x = a,
			   *y = b;

	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	return (x->until > y->until) - (x->until < y->until);
}

static BlStatus
refuse(BlProblem *problem, BlStatus status, int n, const char *what, const char *hint)
{
	bl_problem(problem, status, "registers[%d]: %s", n, what);
	bl_problem_hint(problem, "%s", hint);
	return status;
}

/* slots far beyond the series need not be told apart */
static int
near(int64_t slot)
{
	const int	far = 1 << 30;

	return slot < -far ? -far : slot > far ? far : (int) slot;
}

static BlStatus
resolve(const BlReadings *r, const BlRegister *reg, int n, BlRegisterSpan *out, BlProblem *problem)
{
	const BlProfile *shape = &r->series.shape;
	int64_t		from = reg->from,
				until = reg->until;

	if (reg->kind == BL_SPAN_NONE)
		return refuse(problem, BL_BAD_VALUE, n, "no span", "Give from and until: the moments of the two readings, or two dates.");
	if (reg->period.length > 0)
		return refuse(problem, BL_BAD_VALUE, n, "a register of a tariff period", "Give the total of the span, of all periods together.");
	if (bl_channel_unit(reg->channel) != shape->unit)
		return refuse(problem, BL_BAD_UNIT, n, "not an energy of the profile's unit",
					  "Name its channel, such as reactive_import for varh; levels have no registers.");
	if (reg->kind == BL_SPAN_DAYS)
	{
		if (from < BL_DAY_MIN + 3 || until > BL_DAY_MAX - 3)
			return refuse(problem, BL_BAD_VALUE, n, "a date out of range", "Check its year.");
		from = bl_zone_midnight(r->zone, reg->from);
		until = bl_zone_midnight(r->zone, reg->until);
	}
	from -= shape->start;
	until -= shape->start;
	out->aligned = from % shape->slot_minutes == 0 && until % shape->slot_minutes == 0;
	out->from = near(bl_floor_div(from, shape->slot_minutes));
	out->until = near(bl_floor_div(until + shape->slot_minutes - 1, shape->slot_minutes));
	out->kwh = reg->kwh;
	return BL_OK;
}

BlStatus
bl_readings_registers(BlReadings *r, const BlRegister *reg, int n, BlProblem *problem)
{
	r->reg = bl_arena_room(r->arena, (size_t) (n + 1) * sizeof *r->reg);
	if (r->reg == NULL)
		return no_space(problem);
	for (int i = 0; i < n; i++)
	{
		BlStatus	status = resolve(r, &reg[i], i, &r->reg[i], problem);

		if (status != BL_OK)
			return status;
	}
	qsort(r->reg, (size_t) n, sizeof *r->reg, by_from);
	for (int i = 1; i < n; i++)
		/* readings within one slot: the slot belongs to both */
		if (r->reg[i].from < r->reg[i - 1].until - (r->reg[i].aligned && r->reg[i - 1].aligned ? 0 : 1))
		{
			char		at[32];

			bl_zone_text(bl_readings_at(r, r->reg[i].from), r->zone, at);
			bl_problem(problem, BL_OVERLAP, "two registers cover the same time");
			bl_problem_detail(problem, "Both count what flowed from %s on.", at);
			bl_problem_hint(problem, "Give the registers of one channel, each span once.");
			return BL_OVERLAP;
		}
	r->registers = n;
	return BL_OK;
}
