/*
 * measure.c - profiles and registers become energy by piece and period
 *
 * Whole local days in narrow blocks are summed by their hours (days.h), never
 * slot by slot; everything else (part days, days of 23 or 25 hours, wide or gappy
 * blocks, periods that change within the hour, another zone's midnights) is
 * decoded and classified slot by slot.  Both ways add the same integers.
 */
#include "rate_work.h"

/* ---- who is measured --------------------------------------------------------- */

static const BlUsagePart *
usage_part(const BlRate *r, BlText name)
{
	for (int i = 0; i < r->usage->parts; i++)
		if (bl_text_equal(r->usage->part[i].name, name))
			return &r->usage->part[i];
	return NULL;
}

static BlUnit
unit_of(BlChannel channel)
{
	return channel == BL_APPARENT ? BL_VAH : channel >= BL_REACTIVE_IMPORT ? BL_VARH : BL_WH;
}

static BlStatus
refuse(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what, const char *hint)
{
	bl_problem(r->problem, status, "the %s of part \"%.*s\" %s", bl_channel_name[channel],
			   part->name.length, part->name.text, what);
	return bl_problem_hint(r->problem, "%s", hint);
}

static BlStatus
refuse_at(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what,
		  int32_t minute, const char *hint)
{
	char		text[32];

	refuse(r, status, part, channel, what, hint);
	bl_zone_text(minute, r->b->zone, text);
	return bl_problem_detail(r->problem, "At %s.", text);
}

/* ---- one profile -------------------------------------------------------------- */

static const BlDayMap *
map_of(const BlDay *day, int schedule)
{
	return schedule < 0 || day->map[schedule] == NULL ? &bl_whole_day : day->map[schedule];
}

/* the period at a wall-clock minute, or -1 when the slot goes on beyond it */
static int
period_at(const BlDayMap *map, int *run, int minute, int slot)
{
	/* another day may have another map */
	if (*run >= map->runs || minute < map->run[*run].from)
		*run = 0;
	while (*run < map->runs - 1 && minute >= map->run[*run].to)
		(*run)++;
	return minute + slot <= map->run[*run].to ? map->run[*run].period : -1;
}

/* a plant takes a little at night: where its meter nets that, what it gives is less than nothing */
static bool
may_be_negative(BlChannel channel)
{
	return channel == BL_EXPORT || channel == BL_GENERATION;
}

static BlStatus
below_zero(BlRate *r, const BlUsagePart *part, BlChannel channel, int32_t minute)
{
	return refuse_at(r, BL_BAD_VALUE, part, channel, "has a value below zero", minute,
					 "What flows back has a channel of its own: of a profile of both, positive() is the import and negative() the export.");
}

/* one block slot by slot; *day is the first day it can lie on, *have counts its slots inside the span */
static BlStatus
slow_block(BlRate *r, const BlScan *s, const BlUsagePart *part, const BlProfile *p, const BlBlock *block,
		   BlSums *sums, int day, int piece, int *have)
{
	const BlBound *b = r->b;
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	int			missing,
				run = 0;

	bl_arena_poll(r->arena);
	BL_TRY(bl_block_decode(p, block, values, qualities, &missing));
	for (int i = 0; i < block->slots; i++)
	{
		int32_t		at = block->start + i * p->slot_minutes;
		const BlDay *d;
		int			wall,
					period;

		if (at < b->day[0].start)
			continue;
		if (at >= b->day[b->days].start)
			break;
		while (at >= b->day[day + 1].start)
			day++;
		while (day >= r->piece[piece].end)
			piece++;
		d = &b->day[day];
		if (at + p->slot_minutes > b->day[day + 1].start)
			return refuse_at(r, BL_UNALIGNED, part, s->channel, "has a slot across a midnight of the tariff's zone",
							 at, "Resample it to slots that divide the day there.");
		wall = d->minutes == BL_MINUTES_PER_DAY ? at - d->start :
			(int) (at + bl_zone_offset(b->zone, at) - (int64_t) (b->from + day) * BL_MINUTES_PER_DAY);
		period = period_at(map_of(d, s->schedule), &run, wall, p->slot_minutes);
		if (period < 0)
			return refuse_at(r, BL_UNALIGNED, part, s->channel, "has a slot across a change of period",
							 at, "Use slots that divide the tariff's periods.");
		if (qualities[i] == BL_MISSING)
		{
			if (!r->t->missing_zero)
				return refuse_at(r, BL_GAP, part, s->channel, "has no reading for part of the billed span",
								 at, "Estimate the missing slots first, or let the tariff say \"missing\": \"zero\".");
			sums->estimated = true;
			continue;
		}
		if (values[i] < 0 && !may_be_negative(s->channel))
			return below_zero(r, part, s->channel, at);
		(*have)++;
		if (qualities[i] != BL_ACTUAL)
			sums->estimated = true;
		sums->cell[piece * sums->periods + period] += values[i];
		if (sums->peaks != BL_PEAK_NONE)
			bl_peak_of(sums, sums->peaks == BL_PEAK_SPAN ? 0 : period, values[i]);
	}
	return BL_OK;
}

/* a day's base is below zero, and mostly so is a value of it: where? */
static BlStatus
check_signs(BlRate *r, const BlUsagePart *part, BlChannel channel, const BlProfile *p)
{
	int32_t		from = r->b->day[0].start,
				until = r->b->day[r->b->days].start;
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	BlCursor	cursor = {0};
	BlBlock		block;

	for (;;)
	{
		bl_arena_poll(r->arena);
		BL_TRY(bl_profile_next(p, &cursor, &block));
		if (block.slots == 0 || block.start >= until)
			return BL_OK;
		if (block.base >= 0)
			continue;
		BL_TRY(bl_block_decode(p, &block, values, NULL, NULL));
		for (int i = 0; i < block.slots; i++)
		{
			int32_t		at = block.start + i * p->slot_minutes;

			if (values[i] < 0 && at >= from && at < until)
				return below_zero(r, part, channel, at);
		}
	}
}

/* opens a profile and checks that it can be billed over the span */
static BlStatus
open_profile(BlRate *r, const BlUsagePart *part, BlChannel channel, BlProfile *p)
{
	const BlBound *b = r->b;
	int32_t		from = b->day[0].start,
				until = b->day[b->days].start;

	BL_TRY(bl_profile_open(p, part->profile[channel], part->profile_size[channel]));
	if (p->unit != unit_of(channel))
		return refuse(r, BL_BAD_UNIT, part, channel, "is in another unit than its channel's",
					  "Energy comes in Wh, reactive energy in varh, apparent energy in VAh.");
	if (bl_floor_div((int64_t) from - p->start, p->slot_minutes) * p->slot_minutes != (int64_t) from - p->start)
		return refuse_at(r, BL_UNALIGNED, part, channel, "has slots across the start of the billed span", from,
						 "The span begins at local midnight of the tariff's time zone.");
	if ((p->start > from || bl_profile_until(p) < until) && !r->t->missing_zero)
		return refuse_at(r, BL_GAP, part, channel, "does not cover the billed span",
						 p->start > from ? from : bl_profile_until(p),
						 "Bill a span that is metered, or let the tariff say \"missing\": \"zero\".");
	return BL_OK;
}

static int
least(int a, int b)
{
	return a < b ? a : b;
}

static BlStatus
sum_profile(BlRate *r, const BlScan *s, const BlUsagePart *part, const BlProfile *p, BlSums *sums)
{
	const BlBound *b = r->b;
	const BlDayMap *const *maps = b->whole + (s->schedule + 1) * b->days;
	int32_t		from = b->day[0].start,
				until = b->day[b->days].start;
	int			day = 0,
				piece = 0,
				have = 0;
	bool		fast = false;
	BlCursor	cursor = {.next = p->first};
	BlBlock		block;
	BlDays		days;

	bl_days_kernels(&r->b->kernels, p->slot_minutes, bl_days_wide_here());
	bl_days_open(&days, &r->b->kernels, sums->peaks);
	for (;;)
	{
		int			n = 0;

		if (p->start + cursor.slot * p->slot_minutes == b->day[day].start && day < b->days && p->quality != BL_MISSING)
			n = bl_days_add(&days, sums, p, &cursor, maps + day,
							least(least(p->blocks - cursor.block, (p->slots - cursor.slot) / p->day_slots),
								  r->piece[piece].end - day), piece);
		if (n == 0)
		{
			BL_TRY(bl_profile_next(p, &cursor, &block));
			if (block.slots == 0 || block.start >= until)
				break;
			if (block.start + block.slots * p->slot_minutes <= from)
				continue;
			while (day < b->days - 1 && b->day[day + 1].start <= block.start)
				day++;
		}
		day += n;
		have += n * p->day_slots;
		fast |= n > 0;
		if (day >= r->piece[piece].end && day < b->days)
		{
			bl_days_settle(&days, sums, piece);
			while (day >= r->piece[piece].end)
				piece++;
		}
		if (n == 0)
			BL_TRY(slow_block(r, s, part, p, &block, sums, day, piece, &have));
	}
	bl_days_settle(&days, sums, piece);
	bl_days_peak(&days, sums);
	if (days.bases < 0 && !may_be_negative(s->channel))
		BL_TRY(check_signs(r, part, s->channel, p));
	if (fast && p->quality != BL_ACTUAL)
		sums->estimated = true;
	/* slots that are not there at all, where that is allowed */
	if ((int64_t) have * p->slot_minutes < (int64_t) until - from)
		sums->estimated = true;
	return BL_OK;
}

/* adds 10^-scale * value of a profile's unit to a cell, as kWh */
static BlStatus
add_raw(BlDec *cell, BlInt128 value, int scale)
{
	BlDec		kwh = {value, 3 - scale};

	if (value == 0)
		return BL_OK;
	while (kwh.scale < 0)
	{
		if (__builtin_mul_overflow(kwh.coefficient, (BlInt128) 10, &kwh.coefficient))
			return BL_OVERFLOW;
		kwh.scale++;
	}
	return cell->coefficient == 0 ? (*cell = kwh, BL_OK) : bl_dec_add(*cell, kwh, cell);
}

BlStatus
bl_measure_profile(BlRate *r, const BlScan *s, const BlUsagePart *part, BlProfile *p, BlSums *sums)
{
	BL_TRY(open_profile(r, part, s->channel, p));
	return sum_profile(r, s, part, p, sums);
}

static BlStatus
measure_profile(BlRate *r, BlScan *s, const BlUsagePart *part, BlDec *cells)
{
	int			n = r->pieces * s->periods;
	BlInt128	few[64];
	BlSums		sums;
	BlProfile	p;

	/* its arrays have room for more periods than there mostly are */
	sums.cell = few;
	sums.periods = s->periods;
	sums.peaks = s->peaks;
	sums.estimated = false;
	memset(sums.has_peak, 0, (size_t) s->periods);
	if (n > 64)
		sums.cell = bl_arena_get(r->arena, sizeof *sums.cell * (size_t) n);
	else
		memset(few, 0, sizeof *few * (size_t) n);
	if (sums.cell == NULL)
		return BL_NO_SPACE;
	BL_TRY(bl_measure_profile(r, s, part, &p, &sums));
	for (int i = 0; i < n; i++)
		BL_TRY(add_raw(&cells[i], sums.cell[i], p.scale));
	s->estimated |= sums.estimated;
	s->peak_scale = 3 - p.scale;
	s->peak_minutes = p.slot_minutes;
	for (int i = 0; i < s->periods && s->peaks; i++)
	{
		s->has_peak[i] = sums.has_peak[i];
		s->peak[i] = sums.peak[i];
	}
	return BL_OK;
}

/* ---- registers ------------------------------------------------------------------ */

static bool
in_span(const BlBound *b, const BlRegister *reg)
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
			return refuse_at(r, BL_UNALIGNED, part, reg->channel, "has a register read inside a day", reg->from,
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

		refuse(r, BL_UNALIGNED, part, reg->channel, "has a register that reaches beyond the billed span",
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

static int
period_index(const BlRate *r, const BlScan *s, BlText name)
{
	return s->schedule < 0 ? 0 : period_of(&r->t->schedule[s->schedule], name);
}

/* ---- what the registers cover ---- */

/* the periods of a schedule that a day has, as bits */
static uint32_t
periods_of_day(const BlRate *r, int schedule, int day)
{
	const BlDay *d = &r->b->day[day];
	const BlDayMap *map = map_of(d, schedule);
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
		if (reg.channel != s->channel || reg.period.length == 0 || !in_span(r->b, &reg))
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

	refuse(r, BL_GAP, part, s->channel, "has no register for part of the billed span",
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
		if (reg.channel != s->channel || !in_span(r->b, &reg))
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
	period = period_index(r, s, reg->period);
	if (period < 0)
	{
		if (reg->period.length == 0)
			return refuse(r, BL_NO_USAGE, part, reg->channel, "has a register without a period, but the tariff has several",
						  "Give a register for each time-of-use period of the tariff.");
		refuse(r, BL_NO_USAGE, part, reg->channel, "has a register of a period that the tariff does not have", "Use the tariff's names of periods.");
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
static BlStatus
measure_registers(BlRate *r, BlScan *s, const BlUsagePart *part, BlDec *cells)
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

/* ---- one part --------------------------------------------------------------------- */

/* rounds the sum of the cells and lets them share it in whole steps */
static BlStatus
round_cells(BlRate *r, BlDec *cells, int n)
{
	const BlRounding *rounding = &r->t->rounding.quantity;

	if (!rounding->set)
		return BL_OK;
	return bl_share(r->arena, cells, n, rounding);
}

/* a part's channel: its profile, or its registers, added to cells (rounded by itself) */
static BlStatus
measure_part(BlRate *r, BlScan *s, const BlUsagePart *part, BlDec *cells)
{
	bool		profile = part->profile[s->channel] != NULL;
	bool		registers = part->registers > 0 && bl_has_registers(part, s->channel);
	BlDec		few[128],
			   *own = few;
	int			n = r->pieces * s->periods;
	bool		first = !s->found;

	if (!profile && !registers)
		return BL_OK;
	if (profile && registers && !r->t->bills_set)
		return refuse(r, BL_NO_USAGE, part, s->channel, "has both a profile and registers",
					  "Let the tariff say which one bills: \"bills\": \"profile\" or \"registers\".");
	if (first)
		own = cells;			/* still zero */
	else if (n > 128)
		own = bl_arena_get(r->arena, sizeof *own * (size_t) n);
	if (own == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < n && !first; i++)
		own[i] = BL_ZERO;
	s->found = true;
	if (profile && !(registers && r->t->bills_registers))
		BL_TRY(measure_profile(r, s, part, own));
	else
		BL_TRY(measure_registers(r, s, part, own));
	BL_TRY(round_cells(r, own, n));
	for (int i = 0; i < n && !first; i++)
		BL_TRY(bl_dec_add(cells[i], own[i], &cells[i]));
	return BL_OK;
}

/* ---- shares ------------------------------------------------------------------------ */

static BlStatus
share_at(BlRate *r, const BlPartRule *rule, int piece, BlDec *share)
{
	bool		built;

	BL_TRY(bl_price_at(r, rule->share, piece, 0, share, &built));
	if (share->coefficient < 0 || bl_dec_cmp(*share, bl_dec(1, 0)) > 0)
	{
		bl_problem(r->problem, BL_NO_TERM, "the share of part \"%.*s\" is not between 0 and 1", rule->name.length, rule->name.text);
		return BL_NO_TERM;
	}
	return BL_OK;
}

/* moves one part's share of the original's cells [first, end) into taken; left shrinks */
static BlStatus
take_share(BlRate *r, BlScan *s, const BlPartRule *rule, const BlDec *original, BlDec *left, BlDec *taken, int first, int end)
{
	BlDec		step = r->t->rounding.quantity.set ? r->t->rounding.quantity.step : bl_dec(1, 6);
	BlRounding	rounding = {true, BL_HALF_UP, step};
	BlDec		total = BL_ZERO,
				share;
	BlInt128	weight[1024];
	int			scale = 0,
				from = first * s->periods,
				n = (end - first) * s->periods;

	if (n > 1024)
		return BL_LIMIT;
	BL_TRY(share_at(r, rule, first, &share));
	for (int i = 0; i < n; i++)
	{
		BL_TRY(bl_dec_add(total, original[from + i], &total));
		scale = original[from + i].scale > scale ? original[from + i].scale : scale;
	}
	BL_TRY(bl_dec_mul_ratio(total, share, 1, 1, &rounding, &share));
	for (int i = 0; i < n; i++)
	{
		BlDec		c = original[from + i];

		weight[i] = c.coefficient;
		if (weight[i] < 0)
			return BL_BAD_VALUE;
		for (int k = c.scale; k < scale; k++)
			if (__builtin_mul_overflow(weight[i], (BlInt128) 10, &weight[i]))
				return BL_OVERFLOW;
	}
	if (share.coefficient == 0 || total.coefficient == 0)
	{
		for (int i = 0; i < n; i++)
			taken[from + i] = BL_ZERO;
		return BL_OK;
	}
	BL_TRY(bl_split(share, step, weight, n, taken + from));
	for (int i = 0; i < n; i++)
	{
		BL_TRY(bl_dec_sub(left[from + i], taken[from + i], &left[from + i]));
		if (left[from + i].coefficient < 0)
		{
			bl_problem(r->problem, BL_NO_TERM, "the shares of a part are more than the whole of it");
			return BL_NO_TERM;
		}
	}
	return BL_OK;
}

/* the original's scan is done: fill the scans of the parts made from it */
static BlStatus
make_parts(BlRate *r, BlScan *s)
{
	BlBound    *b = r->b;
	int			n = r->pieces * s->periods;
	BlDec	   *original = NULL;

	for (int i = 0; i < b->scans; i++)
	{
		BlScan	   *made = &b->scan[i];
		const BlPartRule *rule = &r->t->part[made->part];

		if (rule->of != s->part || made->net != BL_NET_NONE || made->channel != s->channel || made->schedule != s->schedule)
			continue;
		if (original == NULL)
		{
			original = bl_arena_get(r->arena, sizeof *original * (size_t) n);
			if (original == NULL)
				return BL_NO_SPACE;
			memcpy(original, s->cell, sizeof *original * (size_t) n);
		}
		made->done = true;
		made->found = s->found;
		made->estimated = s->estimated;
		memcpy(made->spread, s->spread, (size_t) (r->pieces * s->periods));
		for (int a = 0, z; a < r->pieces; a = z)
		{
			for (z = a + 1; z < r->pieces && r->piece[z].epoch == r->piece[a].epoch; z++)
				;
			BL_TRY(take_share(r, s, rule, original, s->cell, made->cell, a, z));
		}
	}
	return BL_OK;
}

/* ---- scans ------------------------------------------------------------------------- */

/* would this schedule understand every register of the span that a part (or the whole) has on a channel? */
static bool
all_periods_known(const BlRate *r, const BlScan *s, BlText part_name, bool whole)
{
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *part = &r->usage->part[i];
		const uint8_t *next = part->register_bytes;

		if (!whole && !bl_text_equal(part->name, part_name))
			continue;
		for (int k = 0; k < part->registers; k++)
		{
			BlRegister	reg;

			bl_usage_register(part, &next, &reg);
			if (reg.channel == s->channel && in_span(r->b, &reg) && period_index(r, s, reg.period) < 0)
				return false;
		}
	}
	return true;
}

/*
 * The total of a part as the sum of its periods, where those are measured
 * anyway: the profile is read once, and the kWh of a line over all periods are those of the
 * lines by period.  *done false: there is no such scan.
 */
static BlStatus
sum_of_periods(BlRate *r, BlScan *s, bool *done)
{
	const BlPartRule *rule = &r->t->part[s->part];
	BlText		name = rule->of >= 0 ? r->t->part[rule->of].name : rule->name;

	*done = false;
	for (int i = 0; i < r->b->scans && !*done; i++)
	{
		BlScan	   *o = &r->b->scan[i];

		if (o->schedule < 0 || o->part != s->part || o->channel != s->channel || o->net != s->net || !all_periods_known(r, o, name, rule->whole))
			continue;
		BL_TRY(bl_measure(r, o));
		*done = s->done = true;
		s->found = o->found;
		s->estimated = o->estimated;
		for (int k = 0; k < r->pieces; k++)
		{
			BlDec		sum = BL_ZERO;
			bool		spread = false;

			for (int p = 0; p < o->periods; p++)
			{
				BL_TRY(bl_dec_add(sum, o->cell[k * o->periods + p], &sum));
				spread |= o->spread[k * o->periods + p];
			}
			s->cell[k] = sum;
			s->spread[k] |= spread;
		}
		s->slots = o->slots;
		s->peak_minutes = o->peak_minutes;
		s->peak_scale = o->peak_scale;
		s->has_peak[0] = false;
		for (int p = 0; p < (o->peaks == BL_PEAK_SPAN ? 1 : o->periods) && o->peaks != BL_PEAK_NONE; p++)
			if (o->has_peak[p] && (!s->has_peak[0] || o->peak[p] > s->peak[0]))
			{
				s->has_peak[0] = true;
				s->peak[0] = o->peak[p];
			}
	}
	return BL_OK;
}

BlStatus
bl_measure(BlRate *r, BlScan *s)
{
	const BlPartRule *rule = &r->t->part[s->part];
	int			n = r->pieces * s->periods;
	bool		done = false;

	if (s->done)
		return BL_OK;
	/* over the month each period is netted by itself: its total is another */
	if (s->schedule < 0 && s->net != BL_NET_MONTH)
		BL_TRY(sum_of_periods(r, s, &done));
	if (done)
		return BL_OK;
	if (s->net != BL_NET_NONE)
		return bl_measure_net(r, s);
	if (rule->of >= 0)
	{
		for (int i = 0; i < r->b->scans; i++)
			if (r->b->scan[i].part == rule->of && r->b->scan[i].channel == s->channel &&
				r->b->scan[i].net == BL_NET_NONE && r->b->scan[i].schedule == s->schedule)
				return bl_measure(r, &r->b->scan[i]);
		return BL_CORRUPT;
	}
	for (int i = 0; i < n; i++)
		s->cell[i] = BL_ZERO;
	s->done = true;
	if (rule->whole)
	{
		for (int i = 0; i < r->usage->parts; i++)
			BL_TRY(measure_part(r, s, &r->usage->part[i], s->cell));
		if (r->usage->parts > 1)
			s->peak_minutes = 0;	/* the peaks of parts do not add up */
	}
	else
	{
		const BlUsagePart *part = usage_part(r, rule->name);

		if (part != NULL)
			BL_TRY(measure_part(r, s, part, s->cell));
	}
	return s->channel == BL_IMPORT && r->b->makes_parts ? make_parts(r, s) : BL_OK;
}

static BlStatus
total_of(const BlRate *r, const BlScan *s, BlDec *sum, bool *found)
{
	*found = s->found;
	*sum = BL_ZERO;
	for (int i = 0; i < r->pieces; i++)
		BL_TRY(bl_dec_add(*sum, s->cell[i], sum));
	return BL_OK;
}

BlStatus
bl_measure_total(BlRate *r, int which, BlDec *sum, bool *found)
{
	BlScan	   *s = &r->b->total[which];

	if (!s->done)
	{
		/* with one part, a scan that was done anyway has the same energy */
		BlScan	   *same = NULL;

		for (int i = 0; i < r->b->scans && r->usage->parts == 1; i++)
		{
			BlScan	   *o = &r->b->scan[i];

			if (o->done && o->found && o->channel == s->channel && o->net == BL_NET_NONE && r->t->part[o->part].of < 0 && r->t->parts == 2)
				same = o;
		}
		if (same != NULL)
		{
			s->done = s->found = true;
			for (int i = 0; i < r->pieces; i++)
			{
				s->cell[i] = BL_ZERO;
				for (int p = 0; p < same->periods; p++)
					BL_TRY(bl_dec_add(s->cell[i], same->cell[i * same->periods + p], &s->cell[i]));
			}
		}
		else
			BL_TRY(bl_measure(r, s));
	}
	return total_of(r, s, sum, found);
}

BlStatus
bl_measure_total_of(BlRate *r, const BlCharge *q, int which, BlDec *sum, bool *found)
{
	if (q->kind != BL_CHARGE_POWER_FACTOR || r->t->part[q->part].whole)
		return bl_measure_total(r, which, sum, found);
	for (int i = 0; i < r->b->scans; i++)
	{
		BlScan	   *s = &r->b->scan[i];

		if (s->part != q->part || s->channel != r->b->total[which].channel || s->schedule >= 0 || s->net != BL_NET_NONE)
			continue;
		BL_TRY(bl_measure(r, s));
		return total_of(r, s, sum, found);
	}
	return BL_CORRUPT;
}

/* a register spread over a cut that separates lines is only allowed where the tariff says so */
BlStatus
bl_check_spread(BlRate *r, const BlCharge *q, const BlScan *s, int end_piece, int period)
{
	bool		spread = false;
	char		text[16];

	if (r->t->split_days || end_piece >= r->pieces || end_piece == 0)
		return BL_OK;
	for (int k = 0; k < s->periods; k++)
		spread |= s->spread[(end_piece - 1) * s->periods + k] && (period < 0 || k == period);
	if (!spread)
		return BL_OK;
	bl_day_text(r->b->from + r->piece[end_piece].first, text);
	bl_problem(r->problem, BL_UNALIGNED, "a register of part \"%.*s\" spans the change on %s",
			   r->t->part[s->part].name.length, r->t->part[s->part].name.text, text);
	bl_problem_detail(r->problem, "Charge \"%.*s\" has another price or condition from then on.", q->code.length, q->code.text);
	return bl_problem_hint(r->problem, "Give a reading at the change, split the register with split_register(), or let the tariff say \"split\": \"days\".");
}

BlStatus
bl_check_line_spread(BlRate *r, const BlCharge *q, const BlScan *s, const BlWork *w)
{
	BL_TRY(bl_check_spread(r, q, s, w->piece, w->cell));
	return bl_check_spread(r, q, s, w->end, w->cell);
}

/* ---- slots one by one ---------------------------------------------------------------- */

static BlStatus
no_slots(BlRate *r, BlChannel channel, BlText part)
{
	bl_problem(r->problem, BL_NO_USAGE, "the tariff needs the %s profile of part \"%.*s\"", bl_channel_name[channel],
			   part.length, part.text);
	return bl_problem_hint(r->problem, "Registers have no slots to look at.");
}

/* the slots of the span of one profile as one array, missing ones zero */
static BlStatus
read_slots(BlRate *r, const BlUsagePart *part, BlChannel channel, BlSlots *slots)
{
	const BlBound *b = r->b;
	int32_t		from = b->day[0].start,
				until = b->day[b->days].start;
	int64_t		block_values[BL_BLOCK_SLOTS_MAX];
	int64_t    *value;
	bool		signs = false;
	BlProfile	p;
	BlCursor	cursor = {0};
	BlBlock		block;

	BL_TRY(open_profile(r, part, channel, &p));
	slots->n = (until - from) / p.slot_minutes;
	slots->minutes = p.slot_minutes;
	slots->scale = 3 - p.scale;
	slots->start = from;
	slots->small = false;
	slots->value = value = bl_arena_get(r->arena, sizeof *value * (size_t) (slots->n + 1));
	if (value == NULL)
		return BL_NO_SPACE;
	for (;;)
	{
		bl_arena_poll(r->arena);
		BL_TRY(bl_profile_next(&p, &cursor, &block));
		if (block.slots == 0 || block.start >= until)
			return signs ? check_signs(r, part, channel, &p) : BL_OK;
		if (block.start + block.slots * p.slot_minutes <= from)
			continue;
		signs |= block.base < 0 && !may_be_negative(channel);
		if (block.start >= from && (block.start - from) / p.slot_minutes + block.slots <= slots->n)
		{
			BL_TRY(bl_block_decode(&p, &block, value + (block.start - from) / p.slot_minutes, NULL, NULL));
			continue;
		}
		BL_TRY(bl_block_decode(&p, &block, block_values, NULL, NULL));
		for (int i = 0; i < block.slots; i++)
		{
			int32_t		at = block.start + i * p.slot_minutes;

			if (at >= from && at < until && (at - from) / p.slot_minutes < slots->n)
				value[(at - from) / p.slot_minutes] = block_values[i];
		}
	}
}

/* adds the slots of another part, at the finer scale of both */
static BlStatus
add_part_slots(BlRate *r, const BlUsagePart *part, BlChannel channel, BlSlots *sum)
{
	BlSlots		more;
	int64_t    *value;
	int			scale;

	BL_TRY(read_slots(r, part, channel, &more));
	if (more.minutes != sum->minutes)
	{
		bl_problem(r->problem, BL_UNALIGNED, "the %s profiles of the parts have slots of different length", bl_channel_name[channel]);
		bl_problem_detail(r->problem, "That of part \"%.*s\" has slots of %d minutes, another of %d.",
						  part->name.length, part->name.text, more.minutes, sum->minutes);
		return bl_problem_hint(r->problem, "Resample them to one length.");
	}
	scale = more.scale > sum->scale ? more.scale : sum->scale;
	value = bl_arena_get(r->arena, sizeof *value * (size_t) (sum->n + 1));
	if (value == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < sum->n; i++)
	{
		BlInt128	one = sum->value[i] * bl_pow10(scale - sum->scale) + more.value[i] * bl_pow10(scale - more.scale);

		if (i % 4096 == 0)
			bl_arena_poll(r->arena);
		if (one > INT64_MAX || one < INT64_MIN)
			return BL_OVERFLOW;
		value[i] = (int64_t) one;
	}
	sum->value = value;
	sum->scale = scale;
	return BL_OK;
}

/*
 * The slots of the span of a part's channel as one array, missing ones zero;
 * of the whole the profiles of all parts added slot by slot.
 */
BlStatus
bl_slots_of(BlRate *r, BlScan *s, BlSlots *slots)
{
	const BlPartRule *rule = &r->t->part[s->part];

	*slots = s->slots;
	if (slots->minutes != 0)
		return BL_OK;
	/* in another schedule they are the same */
	for (int i = 0; i < r->b->scans; i++)
		if (r->b->scan[i].part == s->part && r->b->scan[i].channel == s->channel && r->b->scan[i].net == s->net &&
			r->b->scan[i].slots.minutes != 0)
		{
			*slots = s->slots = r->b->scan[i].slots;
			return BL_OK;
		}
	for (int i = 0; i < r->usage->parts; i++)
	{
		const BlUsagePart *part = &r->usage->part[i];

		if (!rule->whole && !bl_text_equal(part->name, rule->name))
			continue;
		if (part->profile[s->channel] == NULL)
		{
			/* a part without the channel adds nothing to the whole */
			if (bl_has_registers(part, s->channel))
				return no_slots(r, s->channel, part->name);
			continue;
		}
		BL_TRY(slots->minutes == 0 ? read_slots(r, part, s->channel, slots) : add_part_slots(r, part, s->channel, slots));
	}
	if (slots->minutes == 0)
		return no_slots(r, s->channel, rule->name);
	s->slots = *slots;
	return BL_OK;
}

/* the same of what bills: registers have no slots, whatever profile stands beside them */
BlStatus
bl_billed_slots(BlRate *r, BlScan *s, BlSlots *slots)
{
	const BlPartRule *rule = &r->t->part[s->part];
	bool		several = rule->whole && r->usage->parts > 1;

	for (int i = 0; several && s->net == BL_NET_NONE && r->t->bills_registers && i < r->usage->parts; i++)
		if (bl_has_registers(&r->usage->part[i], s->channel))
			return no_slots(r, s->channel, r->usage->part[i].name);
	if (s->found && s->peak_minutes == 0 && !several)
		return no_slots(r, s->channel, rule->name);
	return bl_slots_of(r, s, slots);
}

int
bl_period_run(const BlRate *r, int schedule, const BlSlots *slots, int i, int *day, int *period)
{
	const BlBound *b = r->b;
	int32_t		at = slots->start + i * slots->minutes;
	const BlDay *d;
	const BlDayMap *map;
	int			run = 0;

	while (*day < b->days - 1 && at >= b->day[*day + 1].start)
		(*day)++;
	d = &b->day[*day];
	map = map_of(d, schedule);
	if (d->minutes != BL_MINUTES_PER_DAY || at < d->start)
	{
		*period = bl_slot_period(r, schedule, at, slots->minutes);
		return i + 1;
	}
	*period = period_at(map, &run, at - d->start, slots->minutes);
	return *period < 0 ? i + 1 : i + (map->run[run].to - (at - d->start)) / slots->minutes;
}

int
bl_slot_period(const BlRate *r, int schedule, int32_t minute, int slot_minutes)
{
	const BlBound *b = r->b;
	int64_t		local = (int64_t) minute + bl_zone_offset(b->zone, minute);
	int32_t		number = (int32_t) bl_floor_div(local, BL_MINUTES_PER_DAY);
	const BlDay *d;
	int			run = 0,
				wall;

	/* where the clock falls back across midnight, an hour of the day before comes again */
	number = number < b->from ? b->from : number >= b->until ? b->until - 1 : number;
	d = &b->day[number - b->from];
	wall = (int) (local - (int64_t) number * BL_MINUTES_PER_DAY);
	return period_at(map_of(d, schedule), &run, wall, slot_minutes);
}
