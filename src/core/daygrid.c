/*
 * daygrid.c - days of equal slots; see daygrid.h
 */
#include "daygrid.h"

#include <math.h>

/* the shortest slot of at least half an hour that both the profile's slots and a day fit */
static int
grid_minutes(int slot_minutes)
{
	int			minutes = slot_minutes;

	while (minutes < 30 || BL_MINUTES_PER_DAY % minutes != 0)
		minutes += slot_minutes;
	return minutes;
}

/* the factor that makes of stored integers k-units, or units where they are levels */
static double
unit_factor(const BlProfile *p)
{
	int			power = p->scale - (bl_unit_is_energy(p->unit) ? 3 : 0);
	double		ten = 1;

	for (int i = power < 0 ? -power : power; i > 0; i--)
		ten *= 10;
	return power < 0 ? 1 / ten : ten;
}

/* a day of as many slots as all, none of them missing, without a change of clocks */
static void
fill_whole_day(const int64_t *value, int slots, int parts, double factor, double *out)
{
	if (parts == 1)
		for (int k = 0; k < slots; k++)
			out[k] = (double) value[k] * factor;
	else
		for (int k = 0; k < slots; k++)
		{
			double		sum = 0;

			for (int i = 0; i < parts; i++)
				sum += (double) value[k * parts + i];
			out[k] = sum * factor;
		}
}

/* any day: sums and counts by local time, then what they say; even: clocks do not change */
static void
fill_day(const BlProfile *p, const BlZone *zone, const BlBlock *b, const int64_t *value, const uint8_t *quality,
		 bool even, double factor, int minutes, double *out)
{
	double		sum[BL_GRID_SLOTS_MAX] = {0};
	int			count[BL_GRID_SLOTS_MAX] = {0},
				slots = BL_MINUTES_PER_DAY / minutes,
				parts = minutes / p->slot_minutes;

	for (int i = 0; i < b->slots; i++)
	{
		int			slot;

		if (quality[i] == BL_MISSING)
			continue;
		if (even)
			slot = i / parts;
		else
		{
			int32_t		at = b->start + i * p->slot_minutes;

			slot = (int) (((int64_t) at + bl_zone_offset(zone, at)) % BL_MINUTES_PER_DAY + BL_MINUTES_PER_DAY) % BL_MINUTES_PER_DAY / minutes;
		}
		sum[slot] += (double) value[i];
		count[slot]++;
	}
	for (int k = 0; k < slots; k++)
		out[k] = count[k] < parts ? NAN : sum[k] * factor * parts / count[k];
}

BlStatus
bl_day_grid(const BlProfile *p, const BlZone *zone, BlArena *arena, BlDayGrid *grid)
{
	int			minutes = grid_minutes(p->slot_minutes),
				parts = minutes / p->slot_minutes;
	/* parts are added up, or of levels the mean is taken */
	double		factor = bl_unit_is_energy(p->unit) ? unit_factor(p) : unit_factor(p) / parts;
	int64_t    *value = bl_arena_room(arena, sizeof *value * BL_BLOCK_SLOTS_MAX);
	uint8_t    *quality = bl_arena_room(arena, BL_BLOCK_SLOTS_MAX);
	BlCursor	cursor = {0};
	BlBlock		block;
	BlStatus	status;

	*grid = (BlDayGrid) {.first = bl_zone_day(zone, p->start), .slots = BL_MINUTES_PER_DAY / minutes};
	grid->days = bl_zone_day(zone, bl_profile_until(p) - 1) - grid->first + 1;
	if (grid->days > BL_GRID_DAYS_MAX)
		return BL_LIMIT;
	grid->value = bl_arena_room(arena, sizeof *grid->value * (size_t) grid->days * (size_t) grid->slots);
	if (value == NULL || quality == NULL || grid->value == NULL)
		return BL_NO_SPACE;
	for (int i = 0; i < grid->days * grid->slots; i++)
		grid->value[i] = NAN;
	while ((status = bl_profile_next(p, &cursor, &block)) == BL_OK && block.slots > 0)
	{
		int			day = bl_zone_day(zone, block.start) - grid->first,
					missing;
		bool		even = block.slots == p->day_slots &&
			bl_zone_offset(zone, block.start) == bl_zone_offset(zone, block.start + BL_MINUTES_PER_DAY - 1);
		double	   *out;

		/* blocks made by another zone's table would not be days of this one */
		if (day < 0 || day >= grid->days)
			return BL_UNALIGNED;
		status = bl_block_decode(p, &block, value, quality, &missing);
		if (status != BL_OK)
			return status;
		out = grid->value + (size_t) day * (size_t) grid->slots;
		if (even && missing == 0)
			fill_whole_day(value, grid->slots, parts, factor, out);
		else
			fill_day(p, zone, &block, value, quality, even, factor, minutes, out);
	}
	return status;
}
