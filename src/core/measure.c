/*
 * measure.c - profiles and registers become energy by piece and period
 *
 * Whole local days in narrow blocks are summed by their hours (days.h), never
 * slot by slot; everything else (part days, days of 23 or 25 hours, wide or gappy
 * blocks, periods that change within the hour, another zone's midnights) is
 * decoded and classified slot by slot.  Both ways add the same integers.  Registers
 * are measure_registers.c's, slots for what needs each of them measure_slots.c's.
 */
#include "measure.h"

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

BlStatus
bl_refuse_channel(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what, const char *hint)
{
	bl_problem(r->problem, status, "the %s of part \"%.*s\" %s", bl_channel_name[channel],
			   part->name.length, part->name.text, what);
	return bl_problem_hint(r->problem, "%s", hint);
}

BlStatus
bl_refuse_at(BlRate *r, BlStatus status, const BlUsagePart *part, BlChannel channel, const char *what,
		  int32_t minute, const char *hint)
{
	char		text[32];

	bl_refuse_channel(r, status, part, channel, what, hint);
	bl_zone_text(minute, r->b->zone, text);
	return bl_problem_detail(r->problem, "At %s.", text);
}

/* ---- one profile -------------------------------------------------------------- */

static BlStatus
below_zero(BlRate *r, const BlUsagePart *part, BlChannel channel, int32_t minute)
{
	return bl_refuse_at(r, BL_BAD_VALUE, part, channel, "has a value below zero", minute,
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
			return bl_refuse_at(r, BL_UNALIGNED, part, s->channel, "has a slot across a midnight of the tariff's zone",
							 at, "Resample it to slots that divide the day there.");
		wall = d->minutes == BL_MINUTES_PER_DAY ? at - d->start :
			(int) (at + bl_zone_offset(b->zone, at) - (int64_t) (b->from + day) * BL_MINUTES_PER_DAY);
		period = bl_period_at(bl_map_of_day(d, s->schedule), &run, wall, p->slot_minutes);
		if (period < 0)
			return bl_refuse_at(r, BL_UNALIGNED, part, s->channel, "has a slot across a change of period",
							 at, "Use slots that divide the tariff's periods.");
		if (qualities[i] == BL_MISSING)
		{
			if (!r->t->missing_zero)
				return bl_refuse_at(r, BL_GAP, part, s->channel, "has no reading for part of the billed span",
								 at, "Estimate the missing slots first, or let the tariff say \"missing\": \"zero\".");
			sums->estimated = true;
			continue;
		}
		if (values[i] < 0 && !bl_may_be_negative(s->channel))
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
BlStatus
bl_check_signs(BlRate *r, const BlUsagePart *part, BlChannel channel, const BlProfile *p)
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
BlStatus
bl_open_channel(BlRate *r, const BlUsagePart *part, BlChannel channel, BlProfile *p)
{
	const BlBound *b = r->b;
	int32_t		from = b->day[0].start,
				until = b->day[b->days].start;

	BL_TRY(bl_profile_open(p, part->profile[channel], part->profile_size[channel]));
	if (p->unit != unit_of(channel))
		return bl_refuse_channel(r, BL_BAD_UNIT, part, channel, "is in another unit than its channel's",
					  "Energy comes in Wh, reactive energy in varh, apparent energy in VAh.");
	if (bl_floor_div((int64_t) from - p->start, p->slot_minutes) * p->slot_minutes != (int64_t) from - p->start)
		return bl_refuse_at(r, BL_UNALIGNED, part, channel, "has slots across the start of the billed span", from,
						 "The span begins at local midnight of the tariff's time zone.");
	if ((p->start > from || bl_profile_until(p) < until) && !r->t->missing_zero)
		return bl_refuse_at(r, BL_GAP, part, channel, "does not cover the billed span",
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
	if (days.bases < 0 && !bl_may_be_negative(s->channel))
		BL_TRY(bl_check_signs(r, part, s->channel, p));
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
	BL_TRY(bl_open_channel(r, part, s->channel, p));
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
		return bl_refuse_channel(r, BL_NO_USAGE, part, s->channel, "has both a profile and registers",
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
		BL_TRY(bl_measure_registers(r, s, part, own));
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
			if (reg.channel == s->channel && bl_register_in_span(r->b, &reg) && bl_register_period(r, s, reg.period) < 0)
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
