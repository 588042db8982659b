/*
 * measure_registers.c - registers of meters become energy by piece and period, and what they do not cover is found
 */
#include "measure.h"

bool
bl_register_in_span(const BlBound *b, const BlRegister *reg)
{
	int32_t		from = reg->kind == BL_SPAN_DAYS ? b->from : b->day[0].start,
				until = reg->kind == BL_SPAN_DAYS ? b->until : b->day[b->days].start;

	return reg->kind == BL_SPAN_NONE || (reg->from < until && reg->until > from);
}

/* the register's span as day indices into the billed span; *whole: it is that span */
static BlStatus
register_days(BlRate *r, const BlUsagePart *part, const BlRegister *reg, int *first, int *end)
{
	const BlBound *b = r->b;
	int32_t		from = reg->from,
				until = reg->until;

	*first = 0;
	*end = b->days;
	if (reg->kind == BL_SPAN_NONE)
		return BL_OK;
	if (reg->kind == BL_SPAN_MOMENTS)
	{
		from = bl_zone_day(b->zone, reg->from);
		until = bl_zone_day(b->zone, reg->until);
		if ((reg->from > b->day[0].start && reg->from < b->day[b->days].start &&
			 bl_zone_midnight(b->zone, from) != reg->from) ||
			(reg->until > b->day[0].start && reg->until < b->day[b->days].start &&
			 bl_zone_midnight(b->zone, until) != reg->until))
			return bl_refuse_at(r, BL_UNALIGNED, part, reg->channel, "has a register read inside a day", reg->from,
							 "Read registers at midnight of the tariff's time zone, or split them with split_register().");
		if (bl_zone_midnight(b->zone, until) != reg->until)
			until++;
	}
	if (until <= b->from || from >= b->until)
	{
		*end = 0;				/* of another span */
		return BL_OK;
	}
	if (from < b->from || until > b->until)
	{
		char		a[16],
					z[16];

		bl_refuse_channel(r, BL_UNALIGNED, part, reg->channel, "has a register that reaches beyond the billed span",
			   "Split it at the span's edge with split_register(), or bill the span of the readings.");
		bl_day_text(from, a);
		bl_day_text(until, z);
		return bl_problem_detail(r->problem, "It runs from %s until %s.", a, z);
	}
	*first = from - b->from;
	*end = until - b->from;
	return BL_OK;
}

/* the place of a register's period in a schedule; -1: it is not there */
static int
period_of(const BlSchedule *schedule, BlText name)
{
	if (schedule->periods == 1 && schedule->period[0].length == 0)
		return 0;
	for (int i = 0; i < schedule->periods; i++)
		if (bl_text_equal(schedule->period[i], name))
			return i;
	return schedule->periods == 1 && name.length == 0 ? 0 : -1;
}

int
bl_register_period(const BlRate *r, const BlScan *s, BlText name)
{
	return s->schedule < 0 ? 0 : period_of(&r->t->schedule[s->schedule], name);
}

/* ---- what the registers cover ---- */

/* the periods of a schedule that a day has, as bits */
static uint32_t
periods_of_day(const BlRate *r, int schedule, int day)
{
	const BlDay *d = &r->b->day[day];
	const BlDayMap *map = bl_map_of_day(d, schedule);
	uint32_t	bits = 0;

	/* the hour that a clock leaves out has no period, however the day is divided */
	for (int m = 0; d->minutes != BL_MINUTES_PER_DAY && m < d->minutes; m++)
	{
		int			period = bl_slot_period(r, schedule, d->start + m, 1);

		if (period >= 0)
			bits |= UINT32_C(1) << period;
	}
	for (int k = 0; d->minutes == BL_MINUTES_PER_DAY && k < map->runs; k++)
		bits |= UINT32_C(1) << map->run[k].period;
	return bits;
}

/*
 * The schedule by whose periods registers have to be complete: the scan's, and
 * of a total that of the tariff, where it has all their names.  -1: they are
 * only asked for days.
 */
static int
covering_schedule(const BlRate *r, const BlScan *s, const BlUsagePart *part)
{
	const BlSchedule *schedule = &r->t->schedule[s->schedule < 0 ? 0 : s->schedule];
	const uint8_t *next = part->register_bytes;
	bool		named = false;

	if (schedule->periods == 1)
		return -1;
	for (int i = 0; i < part->registers && s->schedule < 0; i++)
	{
		BlRegister	reg;

		bl_usage_register(part, &next, &reg);
		if (reg.channel != s->channel || reg.period.length == 0 || !bl_register_in_span(r->b, &reg))
			continue;
		if (period_of(schedule, reg.period) < 0)
			return -1;
		named = true;
	}
	return s->schedule >= 0 ? s->schedule : named ? 0 : -1;
}

static BlStatus
not_covered(BlRate *r, const BlScan *s, const BlUsagePart *part, int schedule, int day, uint32_t lacking)
{
	char		text[16];
	int			period = 0;

	bl_refuse_channel(r, BL_GAP, part, s->channel, "has no register for part of the billed span",
		   "Read the registers over the whole span, or let the tariff say \"missing\": \"zero\".");
	bl_day_text(r->b->from + day, text);
	if (schedule < 0)
		return bl_problem_detail(r->problem, "Nothing covers the days from %s on.", text);
	while (!(lacking & UINT32_C(1) << period))
		period++;
	return bl_problem_detail(r->problem, "Nothing covers period \"%.*s\" from %s on.",
							 r->t->schedule[schedule].period[period].length, r->t->schedule[schedule].period[period].text, text);
}

/* every day of the span has its registers, and by period each period that the day has */
static BlStatus
check_covered(BlRate *r, BlScan *s, const BlUsagePart *part)
{
	uint32_t	covered[BL_RATE_DAYS_MAX],
				always = 0;
	int			schedule = covering_schedule(r, s, part);
	uint32_t	all = schedule < 0 ? 1 : UINT32_MAX >> (32 - r->t->schedule[schedule].periods);
	const uint8_t *next = part->register_bytes;

	memset(covered, 0, sizeof *covered * (size_t) r->b->days);
	for (int i = 0; i < part->registers; i++)
	{
		BlRegister	reg;
		uint32_t	bits;
		int			first,
					end;

		bl_usage_register(part, &next, &reg);
		if (reg.channel != s->channel || !bl_register_in_span(r->b, &reg))
			continue;
		BL_TRY(register_days(r, part, &reg, &first, &end));
		bits = schedule < 0 || reg.period.length == 0 ? all : UINT32_C(1) << period_of(&r->t->schedule[schedule], reg.period);
		if (first == 0 && end == r->b->days)
			always |= bits;
		for (int day = first; day < end; day++)
			covered[day] |= bits;
	}
	for (int day = 0; day < r->b->days && always != all; day++)
	{
		uint32_t	lacking = all & ~covered[day];

		if (lacking != 0 && schedule >= 0)
			lacking &= periods_of_day(r, schedule, day);
		if (lacking != 0 && !r->t->missing_zero)
			return not_covered(r, s, part, schedule, day, lacking);
		s->estimated |= lacking != 0;
	}
	return BL_OK;
}

/* one register into the cells, spread by days where it lies across cuts */
static BlStatus
add_register(BlRate *r, BlScan *s, const BlUsagePart *part, const BlRegister *reg, BlDec *cells)
{
	int			first,
				end,
				period,
				k = 0,
				piece[BL_RATE_PIECES_MAX];
	BlInt128	weight[BL_RATE_PIECES_MAX];
	BlDec		share[BL_RATE_PIECES_MAX];

	BL_TRY(register_days(r, part, reg, &first, &end));
	if (end == 0)
		return BL_OK;
	period = bl_register_period(r, s, reg->period);
	if (period < 0)
	{
		if (reg->period.length == 0)
			return bl_refuse_channel(r, BL_NO_USAGE, part, reg->channel, "has a register without a period, but the tariff has several",
						  "Give a register for each time-of-use period of the tariff.");
		bl_refuse_channel(r, BL_NO_USAGE, part, reg->channel, "has a register of a period that the tariff does not have", "Use the tariff's names of periods.");
		return bl_problem_detail(r->problem, "The register's period is \"%.*s\".", reg->period.length, reg->period.text);
	}
	for (int i = 0; i < r->pieces; i++)
	{
		int			a = r->piece[i].first > first ? r->piece[i].first : first;
		int			z = r->piece[i].end < end ? r->piece[i].end : end;

		if (a >= z)
			continue;
		piece[k] = i;
		weight[k++] = z - a;
	}
	s->found = true;
	s->estimated |= reg->estimated && k > 0;
	if (k == 1)
		return bl_dec_add(cells[piece[0] * s->periods + period], reg->kwh, &cells[piece[0] * s->periods + period]);
	BL_TRY(bl_split(reg->kwh, r->t->rounding.quantity.set ? r->t->rounding.quantity.step : bl_dec(1, 6), weight, k, share));
	for (int i = 0; i < k; i++)
	{
		BL_TRY(bl_dec_add(cells[piece[i] * s->periods + period], share[i], &cells[piece[i] * s->periods + period]));
		if (i < k - 1)
			s->spread[piece[i] * s->periods + period] = true;
	}
	return BL_OK;
}

/* all registers of one channel */
BlStatus
bl_measure_registers(BlRate *r, BlScan *s, const BlUsagePart *part, BlDec *cells)
{
	const uint8_t *next = part->register_bytes;

	for (int i = 0; i < part->registers; i++)
	{
		BlRegister	reg;

		bl_usage_register(part, &next, &reg);
		if (reg.channel == s->channel)
			BL_TRY(add_register(r, s, part, &reg, cells));
	}
	return check_covered(r, s, part);
}

bool
bl_has_registers(const BlUsagePart *part, BlChannel channel)
{
	const uint8_t *next = part->register_bytes;

	for (int i = 0; i < part->registers; i++)
	{
		BlRegister	reg;

		bl_usage_register(part, &next, &reg);
		if (reg.channel == channel)
			return true;
	}
	return false;
}
