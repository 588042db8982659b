/*
 * measure_slots.c - the slots of the span one after another, and their periods, for what cannot work on sums
 */
#include "measure.h"

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

	BL_TRY(bl_open_channel(r, part, channel, &p));
	slots->n = (until - from) / p.slot_minutes;
	slots->minutes = p.slot_minutes;
	slots->scale = 3 - p.scale;
	slots->start = from;
	slots->small = false;
	/* a profile over the whole span fills it */
	slots->value = value = p.start <= from && bl_profile_until(&p) >= until ? bl_arena_room(r->arena, sizeof *value * (size_t) (slots->n + 1)) :
		bl_arena_get(r->arena, sizeof *value * (size_t) (slots->n + 1));
	if (value == NULL)
		return BL_NO_SPACE;
	for (;;)
	{
		bl_arena_poll(r->arena);
		BL_TRY(bl_profile_next(&p, &cursor, &block));
		if (block.slots == 0 || block.start >= until)
			return signs ? bl_check_signs(r, part, channel, &p) : BL_OK;
		if (block.start + block.slots * p.slot_minutes <= from)
			continue;
		signs |= block.base < 0 && !bl_may_be_negative(channel);
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
	map = bl_map_of_day(d, schedule);
	if (d->minutes != BL_MINUTES_PER_DAY || at < d->start)
	{
		*period = bl_slot_period(r, schedule, at, slots->minutes);
		return i + 1;
	}
	*period = bl_period_at(map, &run, at - d->start, slots->minutes);
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
	return bl_period_at(bl_map_of_day(d, schedule), &run, wall, slot_minutes);
}

bool
bl_bound_period(const BlBound *bound, BlText schedule, int32_t minute, BlText *period)
{
	BlRate		r = {.b = (BlBound *) bound};
	int			k = 0,
				found;

	if (minute < bound->day[0].start || minute >= bound->day[bound->days].start)
		return false;
	while (k < bound->tariff->schedules && !bl_text_equal(bound->tariff->schedule[k].name, schedule))
		k++;
	if (k == bound->tariff->schedules || bound->tariff->schedule[k].period[0].length == 0)
		return false;
	found = bound->tariff->schedule[k].periods == 1 ? 0 : bl_slot_period(&r, k, minute, 1);
	if (found < 0)
		return false;
	*period = bound->tariff->schedule[k].period[found];
	return true;
}
