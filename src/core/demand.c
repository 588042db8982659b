/*
 * demand.c - peaks and extremes of a profile
 */
#include "demand.h"

enum
{
	KW_DECIMALS = 6				/* of what no decimal gives exactly */
};

static inline void
peak_take(BlPeak *peak, BlInt128 value, int32_t at)
{
	if (!peak->found || value > peak->value)
	{
		peak->found = true;
		peak->value = value;
		peak->at = at;
	}
}

/* no slot of a narrow block is above this, so most blocks need not be unpacked */
static bool
block_may_beat(const BlBlock *block, const BlPeak *peak)
{
	uint32_t	sum;
	uint16_t	top;

	if (!peak->found || block->wide)
		return true;
	bl_lanes_total(block->offsets, block->width, bl_lanes_rows(block->slots), &sum, &top);
	return block->base + top > peak->value;
}

/* the windows of k slots on the grid, of which the first begins at slot `first` */
static void
block_windows(const BlProfile *profile, const BlBlock *block, const int64_t *values,
			  const uint8_t *qualities, int first, int k, BlPeak *peak)
{
	for (int from = first; from + k <= block->slots; from += k)
	{
		BlInt128	sum = 0;
		bool		whole = true;

		for (int i = from; i < from + k; i++)
		{
			whole &= qualities[i] != BL_MISSING;
			sum += values[i];
		}
		if (whole)
			peak_take(peak, sum, block->start + from * profile->slot_minutes);
	}
}

static BlStatus
peak_by_block(const BlProfile *profile, int window, BlPeak *peak)
{
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	BlCursor	cursor = {0};
	BlBlock		block;
	int			k = window / profile->slot_minutes;
	int			phase = (int) ((profile->start + profile->offset) -
							   bl_floor_div(profile->start + profile->offset, window) * window);

	for (;;)
	{
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status != BL_OK || block.slots == 0)
			return status;
		if (k > 1 || block_may_beat(&block, peak))
		{
			/* only the first day may begin after its midnight */
			int			first = cursor.block > 1 || phase == 0 ? 0 :
				(window - phase + profile->slot_minutes - 1) / profile->slot_minutes;

			status = bl_block_decode(profile, &block, values, qualities, NULL);
			if (status != BL_OK)
				return status;
			block_windows(profile, &block, values, qualities, first, k, peak);
		}
	}
}

static BlStatus
peak_by_sliding(const BlProfile *profile, int window, BlPeak *peak)
{
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	int64_t		ring[BL_MINUTES_PER_DAY];
	BlCursor	cursor = {0};
	BlBlock		block;
	BlInt128	sum = 0;
	int			k = window / profile->slot_minutes;
	int			run = 0;		/* present slots since the last missing one */
	int			next = 0;		/* place in the ring */

	for (;;)
	{
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status == BL_OK && block.slots > 0)
			status = bl_block_decode(profile, &block, values, qualities, NULL);
		if (status != BL_OK || block.slots == 0)
			return status;
		for (int i = 0; i < block.slots; i++)
		{
			if (qualities[i] == BL_MISSING)
			{
				run = 0;
				sum = 0;
				continue;
			}
			if (run >= k)
				sum -= ring[next];
			ring[next] = values[i];
			next = next + 1 == k ? 0 : next + 1;
			sum += values[i];
			if (++run >= k)
			{
				run = k;
				peak_take(peak, sum, block.start + (i + 1 - k) * profile->slot_minutes);
			}
		}
	}
}

BlStatus
bl_profile_peak(const BlProfile *profile, int window, bool sliding, BlPeak *peak)
{
	*peak = (BlPeak) {0};
	if (window < profile->slot_minutes || window > BL_MINUTES_PER_DAY ||
		window % profile->slot_minutes != 0 || (!sliding && BL_MINUTES_PER_DAY % window != 0))
		return BL_BAD_VALUE;
	return sliding ? peak_by_sliding(profile, window, peak) : peak_by_block(profile, window, peak);
}

BlStatus
bl_peak_kw(const BlProfile *profile, int window, const BlPeak *peak, BlDec *kw)
{
	bool		energy = bl_unit_is_energy(profile->unit);
	BlInt128	value = peak->value * (energy ? 60 : 1);
	int			parts = energy ? window : window / profile->slot_minutes;
	int			scale = 3 - profile->scale;	/* decimals of a kW that value has */

	if (profile->unit > BL_VA)
		return BL_BAD_UNIT;
	if (scale < 0)
	{
		value *= bl_pow10(-scale);
		scale = 0;
	}
	/* at most ten more decimals: 1440 = 2^5 * 45 */
	for (int p = 2; p <= 5; p++)
		while (parts % p == 0 && value % p == 0)
		{
			parts /= p;
			value /= p;
		}
	for (; parts > 1 && (parts % 2 == 0 || parts % 5 == 0); scale++)
	{
		int			even = parts % 2 == 0 ? 2 : 5;

		value *= 10 / even;
		parts /= even;
	}
	if (parts > 1)
	{
		/* one rounding: bring the value to exactly KW_DECIMALS by the one division */
		BlInt128	divisor = parts;

		for (; scale < KW_DECIMALS; scale++)
			value *= 10;
		for (; scale > KW_DECIMALS; scale--)
			divisor *= 10;
		value = bl_div_round(value, divisor, BL_HALF_UP);
	}
	*kw = bl_dec_trim((BlDec) {value, scale});
	return BL_OK;
}

BlStatus
bl_profile_statistics(const BlProfile *profile, BlStatistics *s)
{
	int64_t		values[BL_BLOCK_SLOTS_MAX];
	uint8_t		qualities[BL_BLOCK_SLOTS_MAX];
	BlCursor	cursor = {0};
	BlBlock		block;
	bool		any = false;

	memset(s, 0, sizeof *s);
	for (;;)
	{
		BlStatus	status = bl_profile_next(profile, &cursor, &block);

		if (status == BL_OK && block.slots > 0)
			status = bl_block_decode(profile, &block, values, qualities, NULL);
		if (status != BL_OK || block.slots == 0)
			return status;
		for (int i = 0; i < block.slots; i++)
		{
			int32_t		at = block.start + i * profile->slot_minutes;

			s->slots++;
			s->quality[qualities[i]]++;
			if (qualities[i] == BL_MISSING)
				continue;
			s->sum += values[i];
			s->zeros += values[i] == 0;
			if (!any || values[i] < s->min)
			{
				s->min = values[i];
				s->min_at = at;
			}
			if (!any || values[i] > s->max)
			{
				s->max = values[i];
				s->max_at = at;
			}
			any = true;
		}
	}
}
